"""Draw the tables that trails are kept in, as the migrations make them: python tools/schema.py"""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from loopgenie.store import sqlite_file  # noqa: E402
from tools.svg import Drawing, Point  # noqa: E402

PICTURE = ROOT / "docs" / "pictures" / "schema.svg"

#: Where tables stand: column and row on the paper, in pixels; what they are for.
TABLES: dict[str, tuple[Point, str]] = {
    "region": ((20, 50), "an import; ids from first_id to last_id"),
    "segment": ((290, 50), "between two junctions: for the solver"),
    "junction": ((560, 50), "where segments meet or end"),
    "segment_shape": ((290, 292), "its line, read for loops that are told"),
    "trailhead": ((560, 178), "where a car stops"),
    "point": ((560, 376), "places, peaks, huts, camps, water"),
    "left_out": ((290, 404), "lines that may not be walked, and why"),
    "town": ((20, 292), "the gazetteer"),
    "name_gram": ((290, 562), "finds names of points and towns"),
    "answer": ((560, 594), "answers kept for one snapshot"),
    "season": ((290, 674), "when segments may be walked"),
    "notice": ((20, 502), "what an operator has loaded"),
}
WIDTH, HEIGHT, BOX, LINE = 820, 756, 240, 16
#: Columns that point to another table.
LINKS = (
    ("segment", "start_junction", "junction"),
    ("segment", "end_junction", "junction"),
    ("segment_shape", "id", "segment"),
    ("trailhead", "junction", "junction"),
)


def columns() -> dict[str, list[str]]:
    """The columns of each table, once all migrations have been applied."""
    with sqlite3.connect(":memory:") as database:
        for _, script in sqlite_file.migrations():
            database.executescript(script)
        found = {table: [row[1] for row in database.execute(f"PRAGMA table_info({table})")] for table in TABLES}
    database.close()
    return found


def drawing() -> str:
    """The picture."""
    paper, found = Drawing(WIDTH, HEIGHT, "The tables that trails are kept in"), columns()
    for table, column, goal in LINKS:
        (x, y), (goal_x, goal_y) = TABLES[table][0], TABLES[goal][0]
        row = y + 38 + LINE * found[table].index(column)
        if goal_x > x:
            middle = x + BOX + 15
            paper.line([(x + BOX, row), (middle, row), (middle, goal_y + 14), (goal_x, goal_y + 14)], "dashed")
        else:
            paper.line([(x, row), (x - 12, row), (x - 12, goal_y + 14), (goal_x, goal_y + 14)], "dashed")
    for table, ((x, y), about) in TABLES.items():
        lines = _lines(found[table])
        paper.box((x, y), BOX, height := 32 + LINE * len(lines), "paper")
        paper.line([(x, y), (x + BOX, y), (x + BOX, y + height), (x, y + height), (x, y)], "thin")
        paper.text((x + 8, y + 18), table, anchor="start")
        paper.text((x, y - 6), about, "small quiet", "start")
        for number, line in enumerate(lines):
            paper.text((x + 8, y + 38 + LINE * number), line, "small quiet", "start")
    return str(paper)


def _lines(names: list[str]) -> list[str]:
    """Columns that links begin at have a line of their own; the rest of long tables share lines."""
    if len(names) <= 12:
        return names
    return [", ".join(names[i : i + 2]) for i in range(0, len(names), 2)]


if __name__ == "__main__":
    PICTURE.write_text(drawing(), "utf-8")
