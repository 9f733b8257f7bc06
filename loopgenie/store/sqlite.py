"""The embedded home of the data: one SQLite file with R*Trees, nothing but the standard library.

Several threads and processes may read while one imports. A file that cannot be written is read as it lies; answers
are then kept in memory only. An absent file is an empty store: reading never creates one.
"""

# ruff: noqa: S608 - statements are put together from the constants below, values are always parameters

from __future__ import annotations

import hashlib
import json
import math
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from loopgenie.geometry import Box, LonLat, distance_m, nearest_on_line
from loopgenie.store import (
    Junction,
    NearSegment,
    Point,
    Region,
    RegionInfo,
    Segment,
    SegmentCore,
    Snapshot,
    SourceFile,
    Trailhead,
    check_region,
)
from loopgenie.store.names import importance, search_key
from loopgenie.store.packing import (
    DEGREE,
    grid_box,
    packed_line,
    packed_stretches,
    unpacked_line,
    unpacked_stretches,
)
from loopgenie.store.sqlite_file import SqliteFile, transaction

#: Answers kept in the file, and in memory where the file cannot be written; the oldest go first.
ANSWERS_IN_FILE = 1000
ANSWERS_IN_MEMORY = 200

EMPTY = Snapshot("000000000000", ())

# Boxes are asked for as (max_lon, min_lon, max_lat, min_lat). CROSS JOIN keeps the order of the tables: boxes first.
_TOUCHES = "box.min_lon <= ? AND box.max_lon >= ? AND box.min_lat <= ? AND box.max_lat >= ?"
_CORE = "s.id, s.start_junction, s.end_junction, s.length_m, s.score, s.ascent_m, s.descent_m, s.road_m, s.difficulty, s.informal"
_POINT = "p.id, p.kind, p.name, p.lon, p.lat, p.elevation_m, p.population"

_SNAPSHOT_ID = "SELECT value FROM meta WHERE key = 'snapshot'"
_REGIONS = """
    SELECT meta.value, name, attribution, sources, synthetic, data_date, imported_at,
           min_lon, min_lat, max_lon, max_lat, segments, junctions, trailheads, points, trail_km, left_out, loop_km
    FROM meta LEFT JOIN region WHERE meta.key = 'snapshot' ORDER BY name"""
_CORES_IN = f"""
    SELECT {_CORE} FROM segment_box AS box CROSS JOIN segment AS s ON s.id = box.id WHERE {_TOUCHES} ORDER BY s.id"""
_SEGMENTS = f"""
    SELECT {_CORE}, shape.line, shape.stretches
    FROM json_each(?) AS asked CROSS JOIN segment AS s ON s.id = asked.value
    CROSS JOIN segment_shape AS shape ON shape.id = s.id"""
_SEGMENTS_IN = f"""
    SELECT {_CORE}, shape.line, shape.stretches
    FROM (
        SELECT s.* FROM segment_box AS box CROSS JOIN segment AS s ON s.id = box.id WHERE {_TOUCHES}
        ORDER BY s.length_m DESC, s.id LIMIT ?
    ) AS s CROSS JOIN segment_shape AS shape ON shape.id = s.id
    ORDER BY s.length_m DESC, s.id"""
_BOXES_IN = f"SELECT id, min_lon, max_lon, min_lat, max_lat FROM segment_box AS box WHERE {_TOUCHES}"
_JUNCTIONS = """
    SELECT j.id, j.lon, j.lat, j.elevation_m
    FROM json_each(?) AS asked CROSS JOIN junction AS j ON j.id = asked.value"""
_TRAILHEADS_IN = f"""
    SELECT t.id, t.junction, t.name, t.kind, t.lon, t.lat, t.snap_m, t.to_loop_m
    FROM trailhead_box AS box CROSS JOIN trailhead AS t ON t.id = box.id WHERE {_TOUCHES} ORDER BY t.id"""
_POINTS_IN = f"""
    SELECT {_POINT} FROM point_box AS box CROSS JOIN point AS p ON p.id = box.id
    WHERE {_TOUCHES} AND p.kind IN (SELECT value FROM json_each(?)) ORDER BY p.id LIMIT ?"""
_FIND_PLACES = f"""
    SELECT {_POINT} FROM point AS p WHERE instr(p.search_key, :key)
    ORDER BY CASE WHEN p.search_key = :key THEN 0 WHEN instr(p.search_key, :key) = 1 THEN 1 ELSE 2 END,
             p.importance, p.population DESC NULLS LAST, length(p.search_key), p.id
    LIMIT :limit"""
_KEEP_ANSWER = """
    INSERT OR REPLACE INTO answer (key, snapshot, answer)
    VALUES (?, (SELECT value FROM meta WHERE key = 'snapshot'), ?)"""
_FORGET_ANSWERS = "DELETE FROM answer WHERE number <= (SELECT max(number) FROM answer) - ?"
_KEPT_ANSWER = """
    SELECT answer FROM answer JOIN meta ON meta.key = 'snapshot' AND meta.value = answer.snapshot
    WHERE answer.key = ?"""
_INSERT_JUNCTION = "INSERT INTO junction VALUES (?, ?, ?, ?)"
_INSERT_SEGMENT = "INSERT INTO segment VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_INSERT_SHAPE = "INSERT INTO segment_shape VALUES (?, ?, ?)"
_INSERT_SEGMENT_BOX = "INSERT INTO segment_box VALUES (?, ?, ?, ?, ?)"
_INSERT_TRAILHEAD = "INSERT INTO trailhead VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_INSERT_TRAILHEAD_BOX = "INSERT INTO trailhead_box VALUES (?, ?, ?, ?, ?)"
_INSERT_POINT = "INSERT INTO point VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_INSERT_POINT_BOX = "INSERT INTO point_box VALUES (?, ?, ?, ?, ?)"
_INSERT_REGION = "INSERT INTO region VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_REGION_BOX = """
    SELECT min(min_lon), min(min_lat), max(max_lon), max(max_lat) FROM (
        SELECT * FROM segment_box WHERE id BETWEEN ? AND ?
        UNION ALL SELECT * FROM trailhead_box WHERE id BETWEEN ? AND ?
        UNION ALL SELECT * FROM point_box WHERE id BETWEEN ? AND ?
    )"""
_TABLES = ("segment_box", "segment_shape", "segment", "trailhead_box", "trailhead", "point_box", "point", "junction")
_DELETE_RANGE = tuple(f"DELETE FROM {table} WHERE id BETWEEN ? AND ?" for table in _TABLES)


class SqliteStore:
    """A `TrailStore` in one SQLite file at `path`, which need not exist before the first import."""

    def __init__(self, path: str) -> None:
        self._file = SqliteFile(path)
        self._known = EMPTY
        self._answers: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the connections of all threads; the next question opens new ones."""
        self._file.close()

    # -- reading -----------------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """What is in the store; read anew when the file says that it has changed."""
        known = self._known  # whole snapshots are exchanged, so threads need no lock
        ids = self._file.rows(_SNAPSHOT_ID)
        if not ids:
            return EMPTY
        if ids[0][0] == known.id:
            return known
        rows = self._file.rows(_REGIONS)  # one statement: the id and the regions are of one moment
        self._known = Snapshot(rows[0][0], tuple(_region_info(row[1:]) for row in rows if row[1] is not None))
        return self._known

    def cores_in(self, box: Box) -> list[SegmentCore]:
        """Every segment whose own box touches `box`, by id."""
        return list(map(_core, self._file.rows(_CORES_IN, _grid_query(box))))

    def segments(self, ids: Collection[int]) -> dict[int, Segment]:
        """Segments whole, by id."""
        return {s.core.id: s for s in map(_segment, self._file.rows(_SEGMENTS, (json.dumps(list(ids)),)))}

    def segments_in(self, box: Box, limit: int) -> list[Segment]:
        """At most `limit` segments whose box touches `box`, longest first."""
        return list(map(_segment, self._file.rows(_SEGMENTS_IN, (*_grid_query(box), limit))))

    def nearest_segment(self, position: LonLat, within_m: float) -> NearSegment | None:
        """The segment nearest to a position, by its line.

        Rings of doubling radius around the position: when something is found inside a ring, nothing outside it is
        nearer. Inside a ring the boxes say in which order to look at lines, and when to stop.
        """
        radius = min(500.0, within_m)
        while True:
            found = self._nearest_in_ring(position, radius)
            if found is not None and found.distance_m <= radius:
                return found
            if radius >= within_m:
                return None
            radius = min(2 * radius, within_m)

    def _nearest_in_ring(self, position: LonLat, radius: float) -> NearSegment | None:
        ring = Box(*position, *position).grown(radius)
        boxes = self._file.rows(_BOXES_IN, _grid_query(ring))
        best: NearSegment | None = None
        for away, segment_id in sorted((_box_distance_m(position, box), i) for i, *box in boxes):
            if best is not None and away > best.distance_m:
                break
            segment = self.segments([segment_id]).get(segment_id)
            if segment is None:  # an import has just replaced it
                continue
            foot = nearest_on_line(position, segment.line)
            if best is None or foot.distance_m < best.distance_m:
                best = NearSegment(segment, foot.distance_m, foot.along_m, foot.at)
        return best

    def junctions(self, ids: Collection[int]) -> dict[int, Junction]:
        """Junctions by id."""
        return {j.id: j for j in map(Junction._make, self._file.rows(_JUNCTIONS, (json.dumps(list(ids)),)))}

    def trailheads_in(self, box: Box) -> list[Trailhead]:
        """Every trailhead whose car stands in `box`, by id."""
        return list(map(Trailhead._make, self._file.rows(_TRAILHEADS_IN, _grid_query(box))))

    def find_places(self, query: str, limit: int) -> list[Point]:
        """Named points whose name resembles `query`, most likely first."""
        key = search_key(query)
        if not key:
            return []
        return list(map(Point._make, self._file.rows(_FIND_PLACES, {"key": key, "limit": limit})))

    def points_in(self, box: Box, kinds: Collection[str], limit: int) -> list[Point]:
        """At most `limit` points of these kinds in `box`, by id."""
        return list(
            map(Point._make, self._file.rows(_POINTS_IN, (*_grid_query(box), json.dumps(sorted(kinds)), limit)))
        )

    # -- writing -----------------------------------------------------------------------------------------------

    def replace_region(self, region: Region) -> None:
        """Put a region in the place of the one of that name, in one transaction."""
        check_region(region)
        with self._file.writing() as sqlite:
            _delete_region(sqlite, region.name)
            _insert_region(sqlite, region)
        self._file.tidy()

    def remove_region(self, name: str) -> bool:
        """Take a region out; False if there was none of that name."""
        if not any(region.name == name for region in self.snapshot().regions):
            return False
        with self._file.writing() as sqlite:
            removed = _delete_region(sqlite, name)
            if removed:
                _new_snapshot(sqlite, f"without {name}")
        return removed

    def keep_answer(self, key: str, answer: bytes) -> None:
        """Remember an answer under its key: in the file, or in memory where the file cannot be written just now."""
        connection = self._file.connection()
        if connection is None:
            return
        if not (connection.writable and _keep_in_file(connection.sqlite, key, answer)):
            self._keep_in_memory(key, answer)

    def _keep_in_memory(self, key: str, answer: bytes) -> None:
        place = (self.snapshot().id, key)
        with self._lock:
            self._answers[place] = answer
            self._answers.move_to_end(place)
            while len(self._answers) > ANSWERS_IN_MEMORY:
                self._answers.popitem(last=False)

    def kept_answer(self, key: str) -> bytes | None:
        """The answer kept under this key since the last import."""
        for (answer,) in self._file.rows(_KEPT_ANSWER, (key,)):
            return bytes(answer)
        if not self._answers:
            return None
        with self._lock:
            return self._answers.get((self.snapshot().id, key))


def _keep_in_file(sqlite: sqlite3.Connection, key: str, answer: bytes) -> bool:
    sqlite.execute("PRAGMA busy_timeout = 50")  # ms: keeping an answer is not worth a long wait
    try:
        with transaction(sqlite):
            sqlite.execute(_KEEP_ANSWER, (key, answer))
            sqlite.execute(_FORGET_ANSWERS, (ANSWERS_IN_FILE,))
    except sqlite3.Error:  # locked by an import, disk full: an answer not kept in the file is no failure
        return False
    finally:
        sqlite.execute("PRAGMA busy_timeout = 10000")
    return True


def _grid_query(box: Box) -> tuple[int, int, int, int]:
    """The values of `_TOUCHES`. A thousandth of a step makes up for the rounding of a degree to binary."""

    def below(degrees: float) -> int:
        return math.floor(degrees * DEGREE + 0.001)

    return below(box.max_lon), -below(-box.min_lon), below(box.max_lat), -below(-box.min_lat)


def _box_distance_m(position: LonLat, box: Sequence[int]) -> float:
    """At most the distance (m) from a position to anything inside a box that is kept."""
    min_lon, max_lon, min_lat, max_lat = (side / DEGREE for side in box)
    nearest = LonLat(min(max(position.lon, min_lon), max_lon), min(max(position.lat, min_lat), max_lat))
    return 0.99 * distance_m(position, nearest)  # the nearest point by degrees is not quite the nearest on the ground


def _segment(row: Sequence[Any]) -> Segment:
    *core, line, stretches = row
    return Segment(_core(core), unpacked_line(line), unpacked_stretches(stretches))


def _core(row: Sequence[Any]) -> SegmentCore:
    return SegmentCore(*row[:-1], informal=bool(row[-1]))


def _region_info(row: Sequence[Any]) -> RegionInfo:
    name, attribution, sources, synthetic, data_date, imported_at, *box = row[:10]
    segments, junctions, trailheads, points, trail_km, left_out, loop_km = row[10:]
    return RegionInfo(
        name,
        tuple(json.loads(attribution)),
        tuple(SourceFile(*file) for file in json.loads(sources)),
        bool(synthetic),
        data_date,
        imported_at,
        None if box[0] is None else Box(*box),
        segments,
        junctions,
        trailheads,
        points,
        trail_km,
        json.loads(left_out),
        loop_km,
    )


def _delete_region(sqlite: sqlite3.Connection, name: str) -> bool:
    for first, last in sqlite.execute("SELECT first_id, last_id FROM region WHERE name = ?", (name,)).fetchall():
        for statement in _DELETE_RANGE:
            sqlite.execute(statement, (first, last))
        sqlite.execute("DELETE FROM region WHERE name = ?", (name,))
        return True
    return False


def _insert_region(sqlite: sqlite3.Connection, region: Region) -> None:
    [(next_id,)] = sqlite.execute("SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'next_id'")
    digest = hashlib.sha256()
    for statement, rows in _rows_of(region, next_id):
        sqlite.executemany(statement, _digested(rows, digest))
    records = max(map(len, (region.junctions, region.segments, region.trailheads, region.points)))
    ids = (next_id, next_id + records - 1)
    sqlite.execute("UPDATE meta SET value = ? WHERE key = 'next_id'", (next_id + records,))
    sqlite.execute(_INSERT_REGION, _region_row(sqlite, region, ids))
    _new_snapshot(sqlite, f"{region.name} {region.data_date} {digest.hexdigest()}")


def _rows_of(region: Region, base: int) -> Iterator[tuple[str, Iterable[tuple[object, ...]]]]:
    """Every statement that puts a region in its tables, with its rows; `base` is added to all ids."""
    yield _INSERT_JUNCTION, ((base + j.id, *j[1:]) for j in region.junctions)
    yield _INSERT_SEGMENT, ((base + c.id, base + c.start, base + c.end, *c[3:]) for c, _, _ in region.segments)
    yield _INSERT_SHAPE, ((base + c.id, packed_line(line), packed_stretches(s)) for c, line, s in region.segments)
    yield _INSERT_SEGMENT_BOX, ((base + core.id, *grid_box(line)) for core, line, _ in region.segments)
    yield _INSERT_TRAILHEAD, ((base + t.id, base + t.junction, *t[2:]) for t in region.trailheads)
    yield _INSERT_TRAILHEAD_BOX, ((base + t.id, *grid_box([(t.lon, t.lat)])) for t in region.trailheads)
    yield (
        _INSERT_POINT,
        ((base + p.id, *p[1:], p.name and search_key(p.name), importance(p.kind)) for p in region.points),
    )
    yield _INSERT_POINT_BOX, ((base + p.id, *grid_box([(p.lon, p.lat)])) for p in region.points)


def _digested(rows: Iterable[tuple[object, ...]], digest: hashlib._Hash) -> Iterator[tuple[object, ...]]:
    for row in rows:
        digest.update(repr(row).encode())
        yield row


def _region_row(sqlite: sqlite3.Connection, region: Region, ids: tuple[int, int]) -> tuple[object, ...]:
    [(metres,)] = sqlite.execute("SELECT total(length_m) FROM segment WHERE id BETWEEN ? AND ?", ids)
    [box] = sqlite.execute(_REGION_BOX, 3 * ids)
    return (
        region.name,
        *ids,
        json.dumps(region.attribution, ensure_ascii=False),
        json.dumps(region.sources, ensure_ascii=False),
        region.synthetic,
        region.data_date,
        datetime.now(UTC).isoformat(timespec="seconds"),
        *(None if side is None else side / DEGREE for side in box),
        len(region.segments),
        len(region.junctions),
        len(region.trailheads),
        len(region.points),
        metres / 1000,
        json.dumps(dict(region.left_out), ensure_ascii=False),
        region.loop_km,
    )


def _new_snapshot(sqlite: sqlite3.Connection, change: str) -> None:
    """Give the data a new name, made of the old name and what has changed, and forget answers from older data."""
    [(old,)] = sqlite.execute(_SNAPSHOT_ID)
    new = hashlib.sha256(f"{old} {change}".encode()).hexdigest()[:12]
    sqlite.execute("UPDATE meta SET value = ? WHERE key = 'snapshot'", (new,))
    sqlite.execute("DELETE FROM answer")
