"""The embedded home of the data: one SQLite file with R*Trees, nothing but the standard library.

Several threads and processes may read while one imports. A file that cannot be written is read as it lies; answers
are then kept in memory only. An absent file is an empty store: reading never creates one.
"""

# ruff: noqa: S608 - statements are put together from the constants below, values are always parameters

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from loopgenie.geometry import Box, LonLat
from loopgenie.store import (
    EMPTY,
    Junction,
    LeftOut,
    NearSegment,
    Notice,
    Point,
    Region,
    Segment,
    SegmentCore,
    Snapshot,
    Town,
    Trailhead,
    kept,
)
from loopgenie.store.longest import look_at
from loopgenie.store.name_index import (
    SHORTEST,
    SIZES,
    Posting,
    grams,
    holding,
    most_alike,
    names_told,
    parts,
    text_after,
)
from loopgenie.store.names import search_key
from loopgenie.store.nearest import nearest_of, ring
from loopgenie.store.packing import (
    NOTICE_COLUMNS,
    POINT_COLUMNS,
    REGION_COLUMNS,
    GridBox,
    steps_inside,
    unpacked_line,
    unpacked_notice,
    unpacked_path,
    unpacked_point,
    unpacked_region,
    unpacked_stretches,
)
from loopgenie.store.sqlite_file import SqliteFile, transaction
from loopgenie.store.sqlite_import import (
    change_snapshot,
    delete_region,
    insert_region,
    replace_notices,
    replace_towns,
)
from loopgenie.store.steady import steady

# Boxes are asked for as (max_lon, min_lon, max_lat, min_lat). CROSS JOIN keeps the order of the tables: boxes first.
_TOUCHES = "box.min_lon <= ? AND box.max_lon >= ? AND box.min_lat <= ? AND box.max_lat >= ?"
_NOWHERE = (-(2**31), 2**31 - 1, -(2**31), 2**31 - 1)
_CORE = (
    "s.id, s.start_junction, s.end_junction, s.length_m, s.score, s.ascent_m, s.descent_m, s.road_m, s.difficulty, "
    "s.informal"
)
_POINT = ", ".join(f"p.{column}" for column in POINT_COLUMNS)
_TOWN = "name, region, codes, lon, lat, population"

_SNAPSHOT_ID = "SELECT value FROM meta WHERE key = 'snapshot'"
_REGIONS = f"""
    SELECT meta.value, {REGION_COLUMNS} FROM meta LEFT JOIN region WHERE meta.key = 'snapshot' ORDER BY name"""
_CORES_IN = f"""
    SELECT {_CORE} FROM segment_box AS box CROSS JOIN segment AS s ON s.id = box.id WHERE {_TOUCHES} ORDER BY s.id"""
_SEGMENTS = f"""
    SELECT {_CORE}, shape.line, shape.stretches
    FROM json_each(?) AS asked CROSS JOIN segment AS s ON s.id = asked.value
    CROSS JOIN segment_shape AS shape ON shape.id = s.id"""
_LONGEST_IN = f"""
    SELECT s.id FROM segment_box AS box CROSS JOIN segment AS s ON s.id = box.id WHERE {_TOUCHES}
    ORDER BY s.length_m DESC, s.id LIMIT ?"""
_IN_OF_THE_LONGEST = f"""
    SELECT longest.id FROM (SELECT id, length_m FROM segment ORDER BY length_m DESC, id LIMIT ?) AS longest
    CROSS JOIN segment_box AS box ON box.id = longest.id WHERE {_TOUCHES}
    ORDER BY longest.length_m DESC, longest.id LIMIT ?"""
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
_LEFT_OUT_IN = f"""
    SELECT l.id, l.reason, l.rule, l.name, l.source, l.line
    FROM left_out_box AS box CROSS JOIN left_out AS l ON l.id = box.id WHERE {_TOUCHES} ORDER BY l.id LIMIT ?"""
_SEASONS_IN = f"""
    SELECT s.id, s.seasons FROM season_box AS box CROSS JOIN season AS s ON s.id = box.id
    WHERE {_TOUCHES} ORDER BY s.id"""
_NOTICES_IN = f"""
    SELECT {NOTICE_COLUMNS} FROM notice WHERE id IN (SELECT box.id FROM notice_box AS box WHERE {_TOUCHES})
    ORDER BY id"""
_NOTICE_NAMES = "SELECT name, count(*) FROM notice GROUP BY name ORDER BY name"

# Names that begin with :key are those from :key up to :end, which is :key and the last character there is.
_RANKED = """
    ORDER BY CASE WHEN p.search_key = :key THEN 0 WHEN instr(p.search_key, :key) = 1 THEN 1 ELSE 2 END,
             p.importance, p.population DESC NULLS LAST, length(p.search_key), p.id
    LIMIT :limit"""
_PLACES_HOLDING = f"""
    SELECT {_POINT} FROM (
        SELECT DISTINCT named.search_key
        FROM json_each(:ids) AS asked CROSS JOIN point AS named ON named.id = asked.value
        WHERE instr(named.search_key, :key)
    ) AS name CROSS JOIN point AS p ON p.search_key = name.search_key {_RANKED}"""
_PLACES_STARTING = f"SELECT {_POINT} FROM point AS p WHERE p.search_key >= :key AND p.search_key < :end {_RANKED}"
# One or two letters have no group of three: all names are gone through, where too few begin with them.
_PLACES_ANYWHERE = f"SELECT {_POINT} FROM point AS p WHERE instr(p.search_key, :key) {_RANKED}"
_TOWNS = f"SELECT {_TOWN} FROM town WHERE search_key = :key ORDER BY population DESC, id LIMIT :limit"
_TOWNS_STARTING = f"""
    SELECT {_TOWN} FROM town WHERE search_key > :key AND search_key < :end ORDER BY population DESC, id LIMIT :limit"""
_POSTINGS = """
    SELECT g.gram, g.owner, g.numbers FROM json_each(?) AS asked CROSS JOIN name_gram AS g ON g.gram = asked.value"""
_POINT_NAMES = "SELECT p.id, p.name FROM json_each(?) AS asked CROSS JOIN point AS p ON p.id = asked.value"
_TOWN_NAMES = "SELECT t.id, t.name FROM json_each(?) AS asked CROSS JOIN town AS t ON t.id = asked.value"
_GAZETTEER = "SELECT value FROM meta WHERE key = 'gazetteer'"

_KEEP_ANSWER = """
    INSERT OR REPLACE INTO answer (key, snapshot, answer)
    VALUES (?, (SELECT value FROM meta WHERE key = 'snapshot'), ?)"""
_FORGET_ANSWERS = "DELETE FROM answer WHERE number <= (SELECT max(number) FROM answer) - ?"
_KEPT_ANSWER = """
    SELECT answer FROM answer JOIN meta ON meta.key = 'snapshot' AND meta.value = answer.snapshot
    WHERE answer.key = ?"""


class SqliteStore:
    """A `TrailStore` in one SQLite file at `path`, which need not exist before the first import."""

    def __init__(self, path: str) -> None:
        self._file = SqliteFile(path)
        self._known = EMPTY
        self._answers = kept.KeptAnswers()

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
        self._known = Snapshot(rows[0][0], tuple(unpacked_region(row[1:]) for row in rows if row[1] is not None))
        return self._known

    def cores_in(self, box: Box) -> list[SegmentCore]:
        """Every segment whose own box touches `box`, by id."""
        return list(map(_core, self._file.rows(_CORES_IN, _grid_query(box))))

    def segments(self, ids: Collection[int]) -> dict[int, Segment]:
        """Segments whole, by id."""
        return {s.core.id: s for s in map(_segment, self._file.rows(_SEGMENTS, (json.dumps(list(ids)),)))}

    @steady
    def segments_in(self, box: Box, limit: int) -> list[Segment]:
        """At most `limit` segments whose box touches `box`, longest first."""
        whole = self.segments(self._longest_in(box, limit))
        return sorted(whole.values(), key=lambda segment: (-segment.core.length_m, segment.core.id))

    def _longest_in(self, box: Box, limit: int) -> list[int]:
        depth = look_at(box, limit, self.snapshot())
        if depth is not None:
            rows = self._file.rows(_IN_OF_THE_LONGEST, (depth, *_grid_query(box), limit))
            if len(rows) == limit:
                return [number for (number,) in rows]
        return [number for (number,) in self._file.rows(_LONGEST_IN, (*_grid_query(box), limit))]

    @steady
    def nearest_segment(self, position: LonLat, within_m: float) -> NearSegment | None:
        """The segment nearest to a position, by its line.

        Rings of doubling radius around the position: when something is found inside a ring, nothing outside it is
        nearer.
        """
        radius = min(500.0, within_m)
        while True:
            boxes = self._file.rows(_BOXES_IN, _grid_query(ring(position, radius)))
            found = nearest_of(position, ((number, GridBox(*box)) for number, *box in boxes), self.segments)
            if found is not None and found.distance_m <= radius:
                return found
            if radius >= within_m:
                return None
            radius = min(2 * radius, within_m)

    def junctions(self, ids: Collection[int]) -> dict[int, Junction]:
        """Junctions by id."""
        return {j.id: j for j in map(Junction._make, self._file.rows(_JUNCTIONS, (json.dumps(list(ids)),)))}

    def trailheads_in(self, box: Box) -> list[Trailhead]:
        """Every trailhead whose car stands in `box`, by id."""
        return list(map(Trailhead._make, self._file.rows(_TRAILHEADS_IN, _grid_query(box))))

    @steady
    def find_places(self, query: str, limit: int) -> list[Point]:
        """Named points whose name resembles `query`, most likely first."""
        key = search_key(query)
        if not key:
            return []
        values: dict[str, object] = {"key": key, "end": text_after(key), "limit": limit}
        if len(key) >= SHORTEST:
            ids = holding(key, self._postings(parts(key)))
            return self._places(_PLACES_HOLDING, values | {"ids": json.dumps(ids)})
        starting = self._places(_PLACES_STARTING, values)
        return starting if len(starting) == limit else self._places(_PLACES_ANYWHERE, values)

    def _places(self, query: str, values: dict[str, object]) -> list[Point]:
        return list(map(unpacked_point, self._file.rows(query, values)))

    @steady
    def find_towns(self, name: str, limit: int) -> list[Town]:
        """Towns that are called `name`, then those whose name starts so; most people first."""
        key = search_key(name)
        if not key:
            return []
        exact = self._file.rows(_TOWNS, {"key": key, "limit": limit})
        more = {"key": key, "end": text_after(key), "limit": limit - len(exact)}
        return list(map(Town._make, exact + self._file.rows(_TOWNS_STARTING, more)))

    @steady
    def similar_names(self, query: str, limit: int) -> list[str]:
        """Names of points and towns that have most in common with a misspelt one, by groups of three letters."""
        key = search_key(query)
        if not key:
            return []
        alike = most_alike(key, self._postings({SIZES, *grams(key)}), 2 * limit)  # several may have one name
        points = self._file.rows(_POINT_NAMES, (json.dumps([a.owner + a.number for a in alike if a.owner]),))
        towns = self._file.rows(_TOWN_NAMES, (json.dumps([a.number for a in alike if not a.owner]),))
        return names_told(alike, dict(points), dict(towns), limit)

    def _postings(self, wanted: Collection[str]) -> list[Posting]:
        return list(map(Posting._make, self._file.rows(_POSTINGS, (json.dumps(sorted(wanted)),))))

    def gazetteer(self) -> str | None:
        """The `source` of the gazetteer, None where there is none."""
        return next((source for (source,) in self._file.rows(_GAZETTEER)), None)

    def left_out_in(self, box: Box, limit: int) -> list[LeftOut]:
        """At most `limit` lines that are no part of the network and whose box touches `box`, by id."""
        return list(map(_left_out, self._file.rows(_LEFT_OUT_IN, (*_grid_query(box), limit))))

    def points_in(self, box: Box, kinds: Collection[str], limit: int) -> list[Point]:
        """At most `limit` points of these kinds in `box`, by id."""
        values = (*_grid_query(box), json.dumps(sorted(kinds)), limit)
        return list(map(unpacked_point, self._file.rows(_POINTS_IN, values)))

    def seasons_in(self, box: Box) -> dict[int, tuple[str, ...]]:
        """The seasons of the segments in a box that have any, by id."""
        return {number: tuple(json.loads(told)) for number, told in self._file.rows(_SEASONS_IN, _grid_query(box))}

    def notices_in(self, box: Box) -> list[Notice]:
        """Every notice whose box touches `box`, by id."""
        return list(map(unpacked_notice, self._file.rows(_NOTICES_IN, _grid_query(box))))

    def notice_names(self) -> dict[str, int]:
        """Under which names notices are loaded, and how many."""
        return dict(self._file.rows(_NOTICE_NAMES))

    # -- writing -----------------------------------------------------------------------------------------------

    def replace_region(self, region: Region) -> None:
        """Put a region in the place of the one of that name, in one transaction."""
        with self._file.writing() as sqlite:
            delete_region(sqlite, region.name)
            insert_region(sqlite, region)
        self._file.tidy()

    def remove_region(self, name: str) -> bool:
        """Take a region out; False if there was none of that name."""
        if not any(region.name == name for region in self.snapshot().regions):
            return False
        with self._file.writing() as sqlite:
            removed = delete_region(sqlite, name)
            if removed:
                change_snapshot(sqlite, f"without {name}")
        return removed

    def replace_gazetteer(self, source: str, towns: Iterable[Town]) -> None:
        """Put a gazetteer in the place of the one that is there, in one transaction."""
        with self._file.writing() as sqlite:
            replace_towns(sqlite, source, towns)
        self._file.tidy()

    def replace_notices(self, name: str, notices: Iterable[Notice]) -> int:
        """Put notices in the place of those loaded under this name, in one transaction; how many there are now."""
        with self._file.writing() as sqlite:
            count = replace_notices(sqlite, name, notices)
        self._file.tidy()
        return count

    def keep_answer(self, key: str, answer: bytes) -> None:
        """Remember an answer under its key: in the file, or in memory where the file cannot be written just now."""
        connection = self._file.connection()
        if connection is None:
            return
        if not (connection.writable and _keep_in_file(connection.sqlite, key, answer)):
            self._answers.keep(self.snapshot().id, key, answer)

    def kept_answer(self, key: str) -> bytes | None:
        """The answer kept under this key since the last import."""
        for (answer,) in self._file.rows(_KEPT_ANSWER, (key,)):
            return bytes(answer)
        return self._answers.find(self.snapshot().id, key) if self._answers else None


def _keep_in_file(sqlite: sqlite3.Connection, key: str, answer: bytes) -> bool:
    sqlite.execute("PRAGMA busy_timeout = 50")  # ms: keeping an answer is not worth a long wait
    try:
        with transaction(sqlite):
            sqlite.execute(_KEEP_ANSWER, (key, answer))
            sqlite.execute(_FORGET_ANSWERS, (kept.IN_DATABASE,))
    except sqlite3.Error:  # locked by an import, disk full: an answer not kept in the file is no failure
        return False
    finally:
        sqlite.execute("PRAGMA busy_timeout = 10000")
    return True


def _grid_query(box: Box) -> tuple[int, int, int, int]:
    """The values of `_TOUCHES`."""
    steps = steps_inside(box)
    if steps is None:
        return _NOWHERE
    return steps.max_lon, steps.min_lon, steps.max_lat, steps.min_lat


def _segment(row: Sequence[Any]) -> Segment:
    *core, line, stretches = row
    return Segment(_core(core), unpacked_line(line), unpacked_stretches(stretches))


def _core(row: Sequence[Any]) -> SegmentCore:
    *core, informal = row
    return SegmentCore._make((*core, bool(informal)))


def _left_out(row: Sequence[Any]) -> LeftOut:
    *what, line = row
    return LeftOut._make((*what, unpacked_path(line)))
