"""What an import does to a PostGIS database, inside one transaction."""

# ruff: noqa: S608 - statements are put together from the constants below, values are always parameters

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from io import StringIO

from loopgenie.store import Notice, Region, Town
from loopgenie.store.chunks import chunks
from loopgenie.store.intake import Intake, NoticeIntake, PackedSegment, next_snapshot
from loopgenie.store.name_index import NameIndex
from loopgenie.store.names import importance, search_key
from loopgenie.store.packing import (
    DEGREE,
    NO_HEIGHT,
    NOTICE_COLUMNS,
    POINT_COLUMNS,
    REGION_COLUMNS,
    GridBox,
    grid_numbers,
    packed_notice,
    packed_point,
    packed_region,
)
from loopgenie.store.postgis_pool import Cursor

#: So many records are in memory at the same time.
_CHUNK = 2000

# The row of the state stays locked until the end: one import after the other.
_STATE = "SELECT snapshot, next_id FROM loopgenie.state FOR UPDATE"
_SET_SNAPSHOT = "UPDATE loopgenie.state SET snapshot = %s"
_SET_NEXT_ID = "UPDATE loopgenie.state SET next_id = %s"
_SET_GAZETTEER = "UPDATE loopgenie.state SET gazetteer = %s"
_IDS_OF = "SELECT first_id, last_id FROM loopgenie.region WHERE name = %s"
_INSERT_REGION = f"INSERT INTO loopgenie.region ({REGION_COLUMNS}) VALUES ({', '.join(19 * ['%s'])})"
_TABLES = ("segment", "segment_shape", "trailhead", "point", "left_out", "junction", "season")
_DELETE_RANGE = tuple(f"DELETE FROM loopgenie.{table} WHERE id BETWEEN %s AND %s" for table in _TABLES)
_DELETE_REGION = "DELETE FROM loopgenie.region WHERE name = %s"
_DELETE_POSTINGS = "DELETE FROM loopgenie.name_gram WHERE owner = %s"
_DELETE_TOWNS = "DELETE FROM loopgenie.town"
_DELETE_ANSWERS = "DELETE FROM loopgenie.answer"
_ANALYZE = "ANALYZE " + ", ".join(f"loopgenie.{table}" for table in (*_TABLES, "region", "name_gram"))
_NEXT_NOTICE = "SELECT coalesce(max(id), 0) + 1 FROM loopgenie.notice"
_DELETE_NOTICES = "DELETE FROM loopgenie.notice WHERE name = %s"
_ANALYZE_NOTICES = "ANALYZE loopgenie.notice"
_ANALYZE_TOWNS = "ANALYZE loopgenie.town, loopgenie.name_gram"

_COLUMNS = {
    "junction": "id, lon, lat, elevation_m",
    "segment": (
        "id, start_junction, end_junction, length_m, score, ascent_m, descent_m, road_m, difficulty, informal, box"
    ),
    "segment_shape": "id, line, heights, stretches",
    "trailhead": "id, junction, name, kind, lon, lat, snap_m, to_loop_m, box",
    "point": f"{', '.join(POINT_COLUMNS)}, search_key, importance, box",
    "left_out": "id, reason, rule, name, source, line, box",
    "season": "id, seasons, box",
    "notice": f"{NOTICE_COLUMNS}, name, box",
    "town": "id, name, region, codes, lon, lat, population, search_key",
    "name_gram": "gram, owner, numbers",
}
_COPY = {table: f"COPY loopgenie.{table} ({columns}) FROM STDIN" for table, columns in _COLUMNS.items()}

#: What means something in the text format of COPY; a zero byte is nothing that PostgreSQL could keep.
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": None})

Row = Sequence[object]


def delete_region(cursor: Cursor, name: str) -> bool:
    """Take everything of a region out; False if there was none of that name."""
    cursor.execute(_STATE)
    cursor.execute(_IDS_OF, (name,))
    ids = cursor.fetchone()
    if ids is None:
        return False
    for statement in _DELETE_RANGE:
        cursor.execute(statement, ids)
    cursor.execute(_DELETE_POSTINGS, ids[:1])
    cursor.execute(_DELETE_REGION, (name,))
    return True


def insert_region(cursor: Cursor, region: Region) -> None:
    """Put a region in, record by record."""
    cursor.execute(_STATE)
    intake = Intake(region, cursor.fetchone()[1])
    _copy(cursor, "junction", intake.junctions())
    for chunk in chunks(intake.segments(), _CHUNK):
        _copy(cursor, "segment", ((*segment.core, box_text(segment.box)) for segment in chunk))
        _copy(cursor, "segment_shape", map(_shape_row, chunk))
        seasonal = (segment for segment in chunk if segment.seasons is not None)
        _copy(cursor, "season", ((s.core.id, s.seasons, box_text(s.box)) for s in seasonal))
    _copy(cursor, "trailhead", ((*trailhead, box_text(box)) for trailhead, box in intake.trailheads()))
    _copy(
        cursor,
        "point",
        ((*packed_point(p), key, importance(p.kind), box_text(box)) for p, box, key in intake.points()),
    )
    _copy(
        cursor,
        "left_out",
        ((*line[:-1], _wkb(grid_numbers(packed)), box_text(box)) for line, box, packed in intake.refused()),
    )
    _copy(cursor, "name_gram", intake.names.postings(intake.first_id))
    cursor.execute(_SET_NEXT_ID, (intake.last_id + 1,))
    cursor.execute(_INSERT_REGION, packed_region(intake.info()))
    change_snapshot(cursor, intake.fingerprint())
    cursor.execute(_ANALYZE)


def replace_notices(cursor: Cursor, name: str, notices: Iterable[Notice]) -> int:
    """Put notices in the place of those loaded under this name; how many there are now."""
    cursor.execute(_STATE)
    cursor.execute(_DELETE_NOTICES, (name,))
    gone = cursor.rowcount
    cursor.execute(_NEXT_NOTICE)
    intake = NoticeIntake(name, notices, cursor.fetchone()[0])
    _copy(cursor, "notice", ((*packed_notice(notice), name, box_text(box)) for notice, box in intake.notices()))
    if gone or intake.count:
        change_snapshot(cursor, intake.fingerprint())
    cursor.execute(_ANALYZE_NOTICES)
    return intake.count


def replace_towns(cursor: Cursor, source: str, towns: Iterable[Town]) -> None:
    """Put a gazetteer in the place of the one that is there."""
    cursor.execute(_STATE)
    cursor.execute(_DELETE_TOWNS)
    cursor.execute(_DELETE_POSTINGS, (0,))
    names = NameIndex()
    _copy(cursor, "town", _town_rows(towns, names))
    _copy(cursor, "name_gram", names.postings(0))
    cursor.execute(_SET_GAZETTEER, (source,))
    change_snapshot(cursor, f"gazetteer {source}")
    cursor.execute(_ANALYZE_TOWNS)


def _town_rows(towns: Iterable[Town], names: NameIndex) -> Iterator[Row]:
    for number, town in enumerate(towns):
        key = search_key(town.name)
        names.add(number, key)
        yield (number, *town, key)


def change_snapshot(cursor: Cursor, change: str) -> None:
    """Give the data a new name, and forget answers from older data."""
    cursor.execute(_STATE)
    cursor.execute(_SET_SNAPSHOT, (next_snapshot(cursor.fetchone()[0], change),))
    cursor.execute(_DELETE_ANSWERS)


def _shape_row(segment: PackedSegment) -> Row:
    numbers = grid_numbers(segment.line)
    heights = numbers[2::3]
    known = any(height != NO_HEIGHT for height in heights)
    return (
        segment.core.id,
        _wkb([step for i, step in enumerate(numbers) if i % 3 != 2]),
        "{" + ",".join("NULL" if h == NO_HEIGHT else str(h) for h in heights) + "}" if known else None,
        segment.stretches,
    )


def _wkb(steps: Sequence[int]) -> str:
    """A line of lon, lat, lon, lat, … as hexadecimal well-known binary (OGC Simple Feature Access 1.2.1, section 8)."""
    return struct.pack(f"<BII{len(steps)}d", 1, 2, len(steps) // 2, *(step / DEGREE for step in steps)).hex()


def box_text(box: GridBox) -> str:
    """A box as PostgreSQL writes it."""
    return f"({box.max_lon},{box.max_lat}),({box.min_lon},{box.min_lat})"


def _copy(cursor: Cursor, table: str, rows: Iterable[Row]) -> None:
    for chunk in chunks(rows, _CHUNK):
        cursor.copy_expert(_COPY[table], StringIO("".join(map(_copy_line, chunk))))


def _copy_line(row: Row) -> str:
    return "\t".join(map(_copy_field, row)) + "\n"


def _copy_field(value: object) -> str:
    if value is None:
        return "\\N"
    write: Callable[..., str] | None = _WRITERS.get(type(value))
    return write(value) if write else str(value)


_WRITERS: dict[type, Callable[..., str]] = {
    str: lambda text: text.translate(_ESCAPES),
    bytes: lambda some: "\\\\x" + some.hex(),
    float: repr,
    int: repr,
    bool: lambda true: "t" if true else "f",
}
