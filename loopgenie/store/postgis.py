"""The home of the data for production: a PostgreSQL server with PostGIS, which many processes share.

Readers go on with what they see while another process imports. A user who may only read is served, too; answers are
then kept in memory. A database without our tables is an empty store.
"""

# ruff: noqa: S608 - statements are put together from the constants below, values are always parameters

from __future__ import annotations

import json
import struct
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from loopgenie.errors import DatabaseFault
from loopgenie.geometry import Box, LonLat, nearest_on_line
from loopgenie.store import (
    EMPTY,
    Junction,
    LeftOut,
    NearSegment,
    Notice,
    Point,
    Position,
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
    unpacked_notice,
    unpacked_point,
    unpacked_region,
    unpacked_stretches,
)
from loopgenie.store.postgis_import import (
    change_snapshot,
    delete_region,
    insert_region,
    replace_notices,
    replace_towns,
)
from loopgenie.store.postgis_pool import Pool
from loopgenie.store.postgis_schema import may_keep_answers, prepare
from loopgenie.store.steady import steady

_CORE = (
    "s.id, s.start_junction, s.end_junction, s.length_m, s.score, s.ascent_m, s.descent_m, s.road_m, s.difficulty, "
    "s.informal"
)
_SHAPE = "ST_AsBinary(shape.line, 'NDR'), shape.heights, shape.stretches"
_POINT = ", ".join(f"p.{column}" for column in POINT_COLUMNS)
_TOWN = "name, region, codes, lon, lat, population"

_SNAPSHOT_ID = "SELECT snapshot FROM loopgenie.state"
_REGIONS = f"""
    SELECT snapshot, {REGION_COLUMNS} FROM loopgenie.state LEFT JOIN loopgenie.region ON true ORDER BY name"""
_CORES_IN = f"SELECT {_CORE} FROM loopgenie.segment AS s WHERE s.box && %s::box ORDER BY s.id"
_SEGMENTS = f"""
    SELECT {_CORE}, {_SHAPE} FROM loopgenie.segment AS s JOIN loopgenie.segment_shape AS shape USING (id)
    WHERE s.id = ANY(%(ids)s) AND shape.id = ANY(%(ids)s)"""
_LONGEST_IN = """
    SELECT id FROM loopgenie.segment WHERE box && %(box)s::box ORDER BY length_m DESC, id LIMIT %(limit)s"""
_IN_OF_THE_LONGEST = """
    SELECT s.id
    FROM (SELECT id, length_m, box FROM loopgenie.segment ORDER BY length_m DESC, id LIMIT %(depth)s) AS s
    WHERE s.box && %(box)s::box ORDER BY s.length_m DESC, s.id LIMIT %(limit)s"""
_NEAREST_LINE = """
    SELECT ST_AsBinary(line, 'NDR') FROM loopgenie.segment_shape
    ORDER BY line <-> ST_SetSRID(ST_MakePoint(%s, %s), 4326)::geography LIMIT 1"""
_BOXES_IN = """
    SELECT id, (box[1])[0]::int, (box[0])[0]::int, (box[1])[1]::int, (box[0])[1]::int
    FROM loopgenie.segment WHERE box && %s::box"""
_JUNCTIONS = "SELECT id, lon, lat, elevation_m FROM loopgenie.junction WHERE id = ANY(%s)"
_TRAILHEADS_IN = """
    SELECT id, junction, name, kind, lon, lat, snap_m, to_loop_m
    FROM loopgenie.trailhead WHERE box && %s::box ORDER BY id"""

# What lies in the box is found first: for a small limit the server would rather go through all ids.
_POINTS_IN = f"""
    WITH p AS MATERIALIZED (SELECT * FROM loopgenie.point WHERE box && %s::box AND kind = ANY(%s))
    SELECT {_POINT} FROM p ORDER BY p.id LIMIT %s"""
_LEFT_OUT_IN = """
    WITH l AS MATERIALIZED (SELECT * FROM loopgenie.left_out WHERE box && %s::box)
    SELECT l.id, l.reason, l.rule, l.name, l.source, ST_AsBinary(l.line, 'NDR') FROM l ORDER BY l.id LIMIT %s"""
_SEASONS_IN = "SELECT id, seasons FROM loopgenie.season WHERE box && %s::box ORDER BY id"
_NOTICES_IN = f"SELECT {NOTICE_COLUMNS} FROM loopgenie.notice WHERE box && %s::box ORDER BY id"
_NOTICE_NAMES = "SELECT name, count(*) FROM loopgenie.notice GROUP BY name ORDER BY name"

# Names that begin with key are those from key up to end, which is key and the last character there is.
_RANKED = """
    ORDER BY CASE WHEN p.search_key = %(key)s THEN 0 WHEN starts_with(p.search_key, %(key)s) THEN 1 ELSE 2 END,
             p.importance, p.population DESC NULLS LAST, length(p.search_key), p.id
    LIMIT %(limit)s"""
_PLACES_HOLDING = f"""
    WITH name AS MATERIALIZED (
        SELECT DISTINCT search_key FROM loopgenie.point WHERE id = ANY(%(ids)s) AND strpos(search_key, %(key)s) > 0
    )
    SELECT {_POINT} FROM name JOIN loopgenie.point AS p USING (search_key) {_RANKED}"""
_PLACES_STARTING = f"""
    SELECT {_POINT} FROM loopgenie.point AS p WHERE p.search_key >= %(key)s AND p.search_key < %(end)s {_RANKED}"""
# One or two letters have no group of three: all names are gone through, where too few begin with them.
_PLACES_ANYWHERE = f"SELECT {_POINT} FROM loopgenie.point AS p WHERE strpos(p.search_key, %(key)s) > 0 {_RANKED}"
_TOWNS = f"""
    SELECT {_TOWN} FROM loopgenie.town WHERE search_key = %(key)s ORDER BY population DESC, id LIMIT %(limit)s"""
_TOWNS_STARTING = f"""
    WITH starting AS MATERIALIZED (
        SELECT * FROM loopgenie.town WHERE search_key > %(key)s AND search_key < %(end)s
    )
    SELECT {_TOWN} FROM starting ORDER BY population DESC, id LIMIT %(limit)s"""
_POSTINGS = "SELECT gram, owner, numbers FROM loopgenie.name_gram WHERE gram = ANY(%s)"
_POINT_NAMES = "SELECT id, name FROM loopgenie.point WHERE id = ANY(%s)"
_TOWN_NAMES = "SELECT id, name FROM loopgenie.town WHERE id = ANY(%s)"
_GAZETTEER = "SELECT gazetteer FROM loopgenie.state"

_KEEP_ANSWER = """
    INSERT INTO loopgenie.answer (key, snapshot, answer) VALUES (%s, (SELECT snapshot FROM loopgenie.state), %s)
    ON CONFLICT (key) DO UPDATE SET number = DEFAULT, snapshot = excluded.snapshot, answer = excluded.answer"""
_FORGET_ANSWERS = "DELETE FROM loopgenie.answer WHERE number <= (SELECT max(number) FROM loopgenie.answer) - %s"
_KEPT_ANSWER = "SELECT answer FROM loopgenie.answer JOIN loopgenie.state USING (snapshot) WHERE key = %s"

#: Keeping an answer is not worth a longer wait (ms) for an import.
_LOCK_WAIT_MS = 50


class PostgisStore:
    """A `TrailStore` in the schema `loopgenie` of a PostGIS database.

    Parameters
    ----------
    url : postgresql://USER:PASSWORD@HOST:PORT/DATABASE
    connections : at most so many are open for reading; threads that want more wait.
    timeout_s : a question that takes longer is given up, and so is the wait for a connection.
    """

    def __init__(self, url: str, *, connections: int = 8, timeout_s: float = 5.0) -> None:
        self._pool = Pool(url, most=connections, timeout_s=timeout_s)
        self._prepared = False
        self._may_keep = False
        self._known = EMPTY
        self._answers = kept.KeptAnswers()

    def close(self) -> None:
        """Close the connections; the next question opens new ones."""
        self._pool.close()

    def _is_there(self) -> bool:
        """Whether there are tables; made or brought up to date when first asked, where this user may."""
        if not self._prepared:
            with self._pool.preparing():
                if not self._prepared and prepare(self._pool):
                    self._may_keep = may_keep_answers(self._pool)
                    self._prepared = True
        return self._prepared

    def _rows(self, sql: str, values: object = None) -> list[tuple[Any, ...]]:
        return self._pool.rows(sql, values) if self._is_there() else []

    # -- reading -----------------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """What is in the store; the regions are read anew when its id has changed."""
        known = self._known  # whole snapshots are exchanged, so threads need no lock
        ids = self._rows(_SNAPSHOT_ID)
        if not ids:
            return EMPTY
        if ids[0][0] == known.id:
            return known
        rows = self._rows(_REGIONS)  # one statement: the id and the regions are of one moment
        self._known = Snapshot(rows[0][0], tuple(unpacked_region(row[1:]) for row in rows if row[1] is not None))
        return self._known

    def cores_in(self, box: Box) -> list[SegmentCore]:
        """Every segment whose own box touches `box`, by id."""
        return list(map(SegmentCore._make, self._in(box, _CORES_IN)))

    def _in(self, box: Box, query: str, *more: object) -> list[tuple[Any, ...]]:
        steps = steps_inside(box)
        return [] if steps is None else self._rows(query, (_touching(steps), *more))

    def segments(self, ids: Collection[int]) -> dict[int, Segment]:
        """Segments whole, by id."""
        found = {segment.core.id: segment for segment in map(_segment, self._rows(_SEGMENTS, {"ids": list(ids)}))}
        return {number: found[number] for number in ids if number in found}

    @steady
    def segments_in(self, box: Box, limit: int) -> list[Segment]:
        """At most `limit` segments whose box touches `box`, longest first."""
        whole = self.segments(self._longest_in(box, limit))
        return sorted(whole.values(), key=lambda segment: (-segment.core.length_m, segment.core.id))

    def _longest_in(self, box: Box, limit: int) -> list[int]:
        steps = steps_inside(box)
        if steps is None:
            return []
        depth = look_at(box, limit, self.snapshot())
        values = {"box": _touching(steps), "limit": limit, "depth": depth}
        if depth is not None:
            rows = self._rows(_IN_OF_THE_LONGEST, values)
            if len(rows) == limit:
                return [number for (number,) in rows]
        return [number for (number,) in self._rows(_LONGEST_IN, values)]

    @steady
    def nearest_segment(self, position: LonLat, within_m: float) -> NearSegment | None:
        """The segment nearest to a position, by its line.

        The server measures along geodesics and on a sphere, we measure as everywhere: what it finds only tells how far
        to look.
        """
        for (line,) in self._rows(_NEAREST_LINE, tuple(position)):
            radius = min(nearest_on_line(position, _places(line)).distance_m, within_m)
            boxes = self._in(ring(position, radius), _BOXES_IN)
            found = nearest_of(position, ((number, GridBox(*box)) for number, *box in boxes), self.segments)
            if found is not None and found.distance_m <= within_m:
                return found
        return None

    def junctions(self, ids: Collection[int]) -> dict[int, Junction]:
        """Junctions by id."""
        return {j.id: j for j in map(Junction._make, self._rows(_JUNCTIONS, (list(ids),)))}

    def trailheads_in(self, box: Box) -> list[Trailhead]:
        """Every trailhead whose car stands in `box`, by id."""
        return list(map(Trailhead._make, self._in(box, _TRAILHEADS_IN)))

    def points_in(self, box: Box, kinds: Collection[str], limit: int) -> list[Point]:
        """At most `limit` points of these kinds in `box`, by id."""
        return list(map(unpacked_point, self._in(box, _POINTS_IN, list(kinds), limit)))

    def seasons_in(self, box: Box) -> dict[int, tuple[str, ...]]:
        """The seasons of the segments in a box that have any, by id."""
        return {number: tuple(json.loads(told)) for number, told in self._in(box, _SEASONS_IN)}

    def notices_in(self, box: Box) -> list[Notice]:
        """Every notice whose box touches `box`, by id."""
        return list(map(unpacked_notice, self._in(box, _NOTICES_IN)))

    def notice_names(self) -> dict[str, int]:
        """Under which names notices are loaded, and how many."""
        return dict(self._rows(_NOTICE_NAMES))

    def left_out_in(self, box: Box, limit: int) -> list[LeftOut]:
        """At most `limit` lines that are no part of the network and whose box touches `box`, by id."""
        return list(map(_left_out, self._in(box, _LEFT_OUT_IN, limit)))

    @steady
    def find_places(self, query: str, limit: int) -> list[Point]:
        """Named points whose name resembles `query`, most likely first."""
        key = search_key(query)
        if not key:
            return []
        values: dict[str, object] = {"key": key, "end": text_after(key), "limit": limit}
        if len(key) >= SHORTEST:
            return self._found(_PLACES_HOLDING, values | {"ids": holding(key, self._postings(parts(key)))})
        starting = self._found(_PLACES_STARTING, values)
        return starting if len(starting) == limit else self._found(_PLACES_ANYWHERE, values)

    def _found(self, query: str, values: dict[str, object]) -> list[Point]:
        return list(map(unpacked_point, self._rows(query, values)))

    @steady
    def find_towns(self, name: str, limit: int) -> list[Town]:
        """Towns that are called `name`, then those whose name starts so; most people first."""
        key = search_key(name)
        if not key:
            return []
        exact = self._rows(_TOWNS, {"key": key, "limit": limit})
        more = {"key": key, "end": text_after(key), "limit": limit - len(exact)}
        return list(map(Town._make, exact + self._rows(_TOWNS_STARTING, more)))

    @steady
    def similar_names(self, query: str, limit: int) -> list[str]:
        """Names of points and towns that have most in common with a misspelt one, by groups of three letters."""
        key = search_key(query)
        if not key:
            return []
        alike = most_alike(key, self._postings({SIZES, *grams(key)}), 2 * limit)  # several may have one name
        points = self._rows(_POINT_NAMES, ([a.owner + a.number for a in alike if a.owner],))
        towns = self._rows(_TOWN_NAMES, ([a.number for a in alike if not a.owner],))
        return names_told(alike, dict(points), dict(towns), limit)

    def _postings(self, wanted: Collection[str]) -> list[Posting]:
        rows = self._rows(_POSTINGS, (sorted(wanted),))
        return [Posting(gram, owner, bytes(numbers)) for gram, owner, numbers in rows]

    def gazetteer(self) -> str | None:
        """The `source` of the gazetteer, None where there is none."""
        return next((source for (source,) in self._rows(_GAZETTEER)), None)

    # -- writing -----------------------------------------------------------------------------------------------

    def replace_region(self, region: Region) -> None:
        """Put a region in the place of the one of that name, in one transaction."""
        self._need_tables()
        with self._pool.writing() as cursor:
            delete_region(cursor, region.name)
            insert_region(cursor, region)

    def remove_region(self, name: str) -> bool:
        """Take a region out; False if there was none of that name."""
        if not any(region.name == name for region in self.snapshot().regions):
            return False
        with self._pool.writing() as cursor:
            removed = delete_region(cursor, name)
            if removed:
                change_snapshot(cursor, f"without {name}")
        return removed

    def replace_gazetteer(self, source: str, towns: Iterable[Town]) -> None:
        """Put a gazetteer in the place of the one that is there, in one transaction."""
        self._need_tables()
        with self._pool.writing() as cursor:
            replace_towns(cursor, source, towns)

    def replace_notices(self, name: str, notices: Iterable[Notice]) -> int:
        """Put notices in the place of those loaded under this name, in one transaction; how many there are now."""
        self._need_tables()
        with self._pool.writing() as cursor:
            return replace_notices(cursor, name, notices)

    def _need_tables(self) -> None:
        if not self._is_there():
            raise DatabaseFault(f"the trail database {self._pool.where} has no tables, and this user may not make them")

    def keep_answer(self, key: str, answer: bytes) -> None:
        """Remember an answer under its key: in the database, or in memory where it cannot be written just now."""
        if self._is_there() and not (self._may_keep and self._keep_in_database(key, answer)):
            self._answers.keep(self.snapshot().id, key, answer)

    def _keep_in_database(self, key: str, answer: bytes) -> bool:
        try:
            with self._pool.writing_shortly(_LOCK_WAIT_MS) as cursor:
                cursor.execute(_KEEP_ANSWER, (key, answer))
                cursor.execute(_FORGET_ANSWERS, (kept.IN_DATABASE,))
        except DatabaseFault:  # locked by an import, disk full: an answer not kept there is no failure
            return False
        return True

    def kept_answer(self, key: str) -> bytes | None:
        """The answer kept under this key since the last import."""
        for (answer,) in self._rows(_KEPT_ANSWER, (key,)):
            return bytes(answer)
        return self._answers.find(self.snapshot().id, key) if self._answers else None


def _touching(steps: GridBox) -> str:
    """A box as PostgreSQL reads it; it would turn round one between two steps, whose middle touches the same."""
    lons, lats = steps[:2], steps[2:]
    (west, east), (south, north) = ((sum(s) / 2,) * 2 if s[0] > s[1] else s for s in (lons, lats))
    return f"({east},{north}),({west},{south})"


def _segment(row: Sequence[Any]) -> Segment:
    *core, line, heights, stretches = row
    return Segment(SegmentCore._make(core), _positions(line, heights), unpacked_stretches(stretches))


def _positions(line: bytes, decimetres: Sequence[int | None] | None) -> tuple[Position, ...]:
    places = _places(line)
    heights = [None] * len(places) if decimetres is None else [None if h is None else h / 10 for h in decimetres]
    return tuple((lon, lat, height) for (lon, lat), height in zip(places, heights, strict=True))


def _left_out(row: Sequence[Any]) -> LeftOut:
    *what, line = row
    return LeftOut._make((*what, tuple(_places(line))))


def _places(wkb: bytes) -> list[LonLat]:
    """The line of little-endian well-known binary: a byte for the order, the type and the count, then the positions."""
    return [LonLat(*place) for place in struct.iter_unpack("<2d", bytes(wkb)[9:])]
