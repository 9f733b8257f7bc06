"""What an import does to an SQLite file, inside one transaction."""

# ruff: noqa: S608 - statements are put together from the constants below, values are always parameters

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator

from loopgenie.store import Notice, Region, Town
from loopgenie.store.chunks import chunks
from loopgenie.store.intake import Intake, NoticeIntake, PackedSegment, next_snapshot
from loopgenie.store.name_index import NameIndex
from loopgenie.store.names import importance, search_key
from loopgenie.store.packing import (
    NOTICE_COLUMNS,
    POINT_COLUMNS,
    REGION_COLUMNS,
    packed_notice,
    packed_point,
    packed_region,
)

#: So many records are in memory at the same time.
_CHUNK = 1000

_NEXT_ID = "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'next_id'"
_SNAPSHOT_ID = "SELECT value FROM meta WHERE key = 'snapshot'"
_SET = "INSERT OR REPLACE INTO meta VALUES (?, ?)"
_IDS_OF = "SELECT first_id, last_id FROM region WHERE name = ?"
_INSERT_JUNCTION = "INSERT INTO junction VALUES (?, ?, ?, ?)"
_INSERT_SEGMENT = "INSERT INTO segment VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_INSERT_SHAPE = "INSERT INTO segment_shape VALUES (?, ?, ?)"
_INSERT_TRAILHEAD = "INSERT INTO trailhead VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_INSERT_POINT = (
    f"INSERT INTO point ({', '.join(POINT_COLUMNS)}, search_key, importance) "
    f"VALUES ({', '.join((len(POINT_COLUMNS) + 2) * '?')})"
)
_INSERT_SEASON = "INSERT INTO season VALUES (?, ?)"
_INSERT_NOTICE = f"INSERT INTO notice ({NOTICE_COLUMNS}, name) VALUES ({', '.join(11 * '?')})"
_INSERT_LEFT_OUT = "INSERT INTO left_out VALUES (?, ?, ?, ?, ?, ?)"
_INSERT_TOWN = "INSERT INTO town VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_INSERT_BOX = {
    table: f"INSERT INTO {table}_box VALUES (?, ?, ?, ?, ?)"
    for table in ("segment", "trailhead", "point", "left_out", "season", "notice")
}
_INSERT_POSTING = "INSERT INTO name_gram VALUES (?, ?, ?)"
_INSERT_REGION = f"INSERT INTO region ({REGION_COLUMNS}) VALUES ({', '.join(19 * '?')})"
_BOXED = ("segment", "trailhead", "point", "left_out", "season")
_TABLES = (*_BOXED, "junction", "segment_shape")
_DELETE_RANGE = (
    *(f"DELETE FROM {table} WHERE id BETWEEN ? AND ?" for table in _TABLES),
    *(f"DELETE FROM {table}_box WHERE id BETWEEN ? AND ?" for table in _BOXED),
)
_DELETE_POSTINGS = "DELETE FROM name_gram WHERE owner = ?"
_NAMES = "SELECT id, search_key FROM point WHERE id BETWEEN ? AND ? AND search_key IS NOT NULL ORDER BY id"


def delete_region(sqlite: sqlite3.Connection, name: str) -> bool:
    """Take everything of a region out; False if there was none of that name."""
    for first, last in sqlite.execute(_IDS_OF, (name,)).fetchall():
        for statement in _DELETE_RANGE:
            sqlite.execute(statement, (first, last))
        sqlite.execute(_DELETE_POSTINGS, (first,))
        sqlite.execute("DELETE FROM region WHERE name = ?", (name,))
        return True
    return False


def insert_region(sqlite: sqlite3.Connection, region: Region) -> None:
    """Put a region in, record by record."""
    [(first_id,)] = sqlite.execute(_NEXT_ID)
    intake = Intake(region, first_id)
    _insert_network(sqlite, intake)
    _insert_places(sqlite, intake)
    sqlite.executemany(_INSERT_POSTING, intake.names.postings(first_id))
    sqlite.execute(_SET, ("next_id", intake.last_id + 1))
    sqlite.execute(_INSERT_REGION, packed_region(intake.info()))
    change_snapshot(sqlite, intake.fingerprint())


def _insert_network(sqlite: sqlite3.Connection, intake: Intake) -> None:
    sqlite.executemany(_INSERT_JUNCTION, intake.junctions())
    for chunk in chunks(intake.segments(), _CHUNK):
        _insert_segments(sqlite, chunk)
    for parked in chunks(intake.trailheads(), _CHUNK):
        sqlite.executemany(_INSERT_TRAILHEAD, (trailhead for trailhead, _ in parked))
        sqlite.executemany(_INSERT_BOX["trailhead"], ((trailhead.id, *box) for trailhead, box in parked))


def _insert_segments(sqlite: sqlite3.Connection, chunk: list[PackedSegment]) -> None:
    sqlite.executemany(_INSERT_SEGMENT, (segment.core for segment in chunk))
    sqlite.executemany(_INSERT_SHAPE, ((core.id, line, stretches) for core, line, _, stretches, _ in chunk))
    sqlite.executemany(_INSERT_BOX["segment"], ((segment.core.id, *segment.box) for segment in chunk))
    seasonal = [segment for segment in chunk if segment.seasons is not None]
    sqlite.executemany(_INSERT_SEASON, ((segment.core.id, segment.seasons) for segment in seasonal))
    sqlite.executemany(_INSERT_BOX["season"], ((segment.core.id, *segment.box) for segment in seasonal))


def _insert_places(sqlite: sqlite3.Connection, intake: Intake) -> None:
    for points in chunks(intake.points(), _CHUNK):
        sqlite.executemany(_INSERT_POINT, ((*packed_point(p), key, importance(p.kind)) for p, _, key in points))
        sqlite.executemany(_INSERT_BOX["point"], ((point.id, *box) for point, box, _ in points))
    for refused in chunks(intake.refused(), _CHUNK):
        sqlite.executemany(_INSERT_LEFT_OUT, ((*line[:-1], packed) for line, _, packed in refused))
        sqlite.executemany(_INSERT_BOX["left_out"], ((line.id, *box) for line, box, _ in refused))


_NEXT_NOTICE = "SELECT coalesce(max(id), 0) + 1 FROM notice"
_DELETE_NOTICE_BOXES = "DELETE FROM notice_box WHERE id IN (SELECT id FROM notice WHERE name = ?)"
_DELETE_NOTICES = "DELETE FROM notice WHERE name = ?"


def replace_notices(sqlite: sqlite3.Connection, name: str, notices: Iterable[Notice]) -> int:
    """Put notices in the place of those loaded under this name; how many there are now."""
    sqlite.execute(_DELETE_NOTICE_BOXES, (name,))
    gone = sqlite.execute(_DELETE_NOTICES, (name,)).rowcount
    [(first_id,)] = sqlite.execute(_NEXT_NOTICE)
    intake = NoticeIntake(name, notices, first_id)
    for notice, box in intake.notices():
        sqlite.execute(_INSERT_NOTICE, (*packed_notice(notice), name))
        sqlite.execute(_INSERT_BOX["notice"], (notice.id, *box))
    if gone or intake.count:
        change_snapshot(sqlite, intake.fingerprint())
    return intake.count


def replace_towns(sqlite: sqlite3.Connection, source: str, towns: Iterable[Town]) -> None:
    """Put a gazetteer in the place of the one that is there."""
    sqlite.execute("DELETE FROM town")
    sqlite.execute(_DELETE_POSTINGS, (0,))
    names = NameIndex()
    sqlite.executemany(_INSERT_TOWN, _town_rows(towns, names))
    sqlite.executemany(_INSERT_POSTING, names.postings(0))
    sqlite.execute(_SET, ("gazetteer", source))
    change_snapshot(sqlite, f"gazetteer {source}")


def _town_rows(towns: Iterable[Town], names: NameIndex) -> Iterator[tuple[object, ...]]:
    for number, town in enumerate(towns):
        key = search_key(town.name)
        names.add(number, key)
        yield (number, *town, key)


def change_snapshot(sqlite: sqlite3.Connection, change: str) -> None:
    """Give the data a new name, and forget answers from older data."""
    [(old,)] = sqlite.execute(_SNAPSHOT_ID)
    sqlite.execute(_SET, ("snapshot", next_snapshot(old, change)))
    sqlite.execute("DELETE FROM answer")


def index_old_names(sqlite: sqlite3.Connection) -> None:
    """Make the name index of the regions that were there before there was one; a part of migration 3."""
    for first, last in sqlite.execute("SELECT first_id, last_id FROM region").fetchall():
        names = NameIndex()
        for point, key in sqlite.execute(_NAMES, (first, last)):
            names.add(point - first, key)
        sqlite.executemany(_INSERT_POSTING, names.postings(first))
