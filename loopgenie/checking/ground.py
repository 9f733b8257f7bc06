"""What can only be seen on the ground: the lines of one tile on a flat map, and what nearly or wrongly meets there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import shapely

from loopgenie.checking.faults import Found
from loopgenie.geometry import LonLat
from loopgenie.importing.plane import Plane, share_along
from loopgenie.store import Segment
from loopgenie.tiles import Tile

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

#: A dead end this near to another way, in metres, nearly meets it, unless a short walk leads there anyway.
GAP_M = 25.0
SHORT_WALK_M = 100.0
#: Trails this near to one another, in metres, are side by side, if they do not turn from one another by more.
BESIDE_M = 5.0
_SAME_WAY_SINE = np.sin(np.radians(20.0))
#: They are looked at every so many metres; shorter ones than this cannot run side by side for long.
SAMPLE_M = 10.0
LONG_M = 100.0
#: Heights that rise by more than the way that leads up, over this many metres or more, are wrong.
STEEP_OVER_M = 25.0
#: Ways that cross this near to a junction of both, in metres, meet there.
_AT_JUNCTION_M = 0.5

#: Where a trail runs beside another: ids of the two, and the marks along the first with their places.
Beside = tuple[tuple[int, int], list[tuple[int, LonLat]]]
#: How far it is on foot from a junction to others near it, by id.
Walk = Callable[[int], dict[int, float]]


class _Pieces(NamedTuple):
    """Straight pieces of lines: which segment each is of, where it begins and ends, how far along that is."""

    segment: Ints
    start: Floats
    end: Floats
    along: Floats


class Ground:
    """The segments of a tile, on a flat map in metres."""

    def __init__(self, tile: Tile, segments: Sequence[Segment]) -> None:
        self.tile = tile
        self.cores = [segment.core for segment in segments]
        self.ids = np.array([core.id for core in self.cores], dtype=np.int64)
        sizes = np.array([len(segment.line) for segment in segments], dtype=np.int64)
        rows = np.array([p for segment in segments for p in segment.line], dtype=np.float64).reshape(-1, 3)
        self.plane = Plane.over([(tile.box.min_lon, tile.box.min_lat), (tile.box.max_lon, tile.box.max_lat)])
        self.xy: Floats = rows[:, :2] * np.array(self.plane)
        self.z: Floats = rows[:, 2]
        self.of: Ints = np.repeat(np.arange(len(segments)), sizes)  # the segment of each vertex
        self.first: Ints = np.concatenate(([0], np.cumsum(sizes)))[:-1]
        self.last: Ints = self.first + sizes - 1
        self.along = self._along()
        self.length: Floats = self.along[self.last]

    def _along(self) -> Floats:
        """How far along its segment each vertex is, in metres."""
        steps = np.hypot(*np.diff(self.xy, axis=0, prepend=self.xy[:1]).T)
        total = np.cumsum(steps)
        along: Floats = total - total[self.first][self.of]
        return along

    def _pieces(self, segments: Bools, beyond_m: float) -> _Pieces:
        """The pieces of some segments that come within `beyond_m` of the tile."""
        begin = np.flatnonzero((self.of[:-1] == self.of[1:]) & segments[self.of[:-1]])
        a, b = self.xy[begin], self.xy[begin + 1]
        box = self.tile.box
        low = np.array(self.plane.xy(box.min_lon, box.min_lat)) - beyond_m
        high = np.array(self.plane.xy(box.max_lon, box.max_lat)) + beyond_m
        near = (np.maximum(a, b) >= low).all(axis=1) & (np.minimum(a, b) <= high).all(axis=1)
        begin = begin[near]
        return _Pieces(self.of[begin], a[near], b[near], self.along[begin])

    def _place(self, xy: Floats) -> LonLat:
        return LonLat(*self.plane.lonlat(float(xy[0]), float(xy[1])))

    def _inside(self, xy: Floats) -> Bools:
        """Which places belong to this tile."""
        box = self.tile.box
        lon, lat = (np.round(xy / np.array(self.plane), 7)).T
        inside: Bools = (box.min_lon <= lon) & (lon < box.max_lon) & (box.min_lat <= lat) & (lat < box.max_lat)
        return inside

    # -- heights -----------------------------------------------------------------------------------------------

    def steep(self) -> Iterator[Found]:
        """Segments that begin in this tile and whose heights jump, each with its worst place."""
        place, steepness, rise, over = self._rises()
        bad = np.flatnonzero((steepness > 1.0) & self._inside(self.xy[self.first])[place])
        for number in np.unique(place[bad]).tolist():
            here = bad[place[bad] == number]
            worst = here[np.argmax(steepness[here])]
            metres, up = float(over[worst, 1] - over[worst, 0]), float(rise[worst])
            middle = float(over[worst].mean())
            what = f"{{0}} rises or falls by {up:.0f} m over {metres:.0f} m"
            yield Found("steep", float(steepness[worst]), what, (int(self.ids[number]),), self._at(number, middle))

    def _rises(self) -> tuple[Ints, Floats, Floats, Floats]:
        """From vertex to vertex, and from mark to mark along the line: segment, steepness, metres of rise, where."""
        axis = self.along + (np.cumsum(self.length + 1.0) - self.length)[self.of]  # all segments on one axis
        counts = np.ceil(self.length / STEEP_OVER_M).astype(np.int64) + 1
        owner = np.repeat(np.arange(len(counts)), counts)
        step = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
        marks = np.minimum(step * STEEP_OVER_M, self.length[owner])
        heights = np.interp(marks + axis[self.first][owner], axis, self.z)
        found = []
        for segment, along, z in ((self.of, self.along, self.z), (owner, marks, heights)):
            same = segment[:-1] == segment[1:]
            over = np.stack((along[:-1], along[1:]), axis=1)[same]
            rise = np.abs(np.diff(z))[same]
            found.append((segment[:-1][same], rise / np.maximum(STEEP_OVER_M, over[:, 1] - over[:, 0]), rise, over))
        place, steepness, rise, over = (np.concatenate(column) for column in zip(*found, strict=True))
        return place, np.nan_to_num(steepness), rise, over

    def _at(self, number: int, along: float) -> LonLat:
        part = slice(self.first[number], self.last[number] + 1)
        x, y = (np.interp(along, self.along[part], column) for column in self.xy[part].T)
        return self._place(np.array([x, y]))

    # -- ends that nearly meet ---------------------------------------------------------------------------------

    def gaps(self, dead_ends: Ints, walk: Walk) -> Iterator[tuple[Found, tuple[int, int | None]]]:
        """Dead ends in this tile that stop short of another way, each with the junctions at both sides, if any."""
        ends, junctions = self._ends(dead_ends)
        if not len(ends):
            return
        pieces = self._pieces(np.ones(len(self.ids), dtype=bool), 2 * GAP_M)
        tree = shapely.STRtree(_lines(pieces.start, pieces.end))
        found, piece = tree.query(shapely.points(self.xy[ends]), predicate="dwithin", distance=GAP_M)
        share = np.clip(share_along(self.xy[ends[found]], pieces.start[piece], pieces.end[piece]), 0.0, 1.0)
        foot = pieces.start[piece] + share[:, None] * (pieces.end[piece] - pieces.start[piece])
        away = np.hypot(*(foot - self.xy[ends[found]]).T)
        along = pieces.along[piece] + share * np.hypot(*(pieces.end - pieces.start)[piece].T)
        for rows in _groups(found, away):
            vertex, junction = int(ends[found[rows[0]]]), int(junctions[found[rows[0]]])
            reached = walk(junction)
            for row in rows:
                other = int(pieces.segment[piece[row]])
                if not self._walked(vertex, reached, other, float(along[row])):
                    yield self._gap(vertex, junction, other, float(along[row]), float(away[row]))
                    break

    def _ends(self, dead_ends: Ints) -> tuple[Ints, Ints]:
        """The vertices in this tile that are dead ends, and their junctions."""
        vertices = np.concatenate((self.first, self.last))
        junctions = np.array([c.start for c in self.cores] + [c.end for c in self.cores], dtype=np.int64)
        kept = np.isin(junctions, dead_ends) & self._inside(self.xy[vertices])
        return vertices[kept], junctions[kept]

    def _walked(self, vertex: int, reached: dict[int, float], other: int, along: float) -> bool:
        """Whether a short walk leads from an end to a place on a segment anyway."""
        core, length = self.cores[other], float(self.length[other])
        ways = [
            reached.get(core.start, np.inf) + along,
            reached.get(core.end, np.inf) + length - along,
            abs(along - float(self.along[vertex])) if self.of[vertex] == other else np.inf,
        ]
        return min(ways) <= SHORT_WALK_M

    def _gap(
        self, vertex: int, junction: int, other: int, along: float, away: float
    ) -> tuple[Found, tuple[int, int | None]]:
        core, length = self.cores[other], float(self.length[other])
        there = core.start if along <= 0.01 else core.end if along >= length - 0.01 else None
        segments = (int(self.ids[self.of[vertex]]), core.id)
        what = f"{{0}} stops {away:.1f} m short of {{1}}"
        return Found("gap", -away, what, segments, self._place(self.xy[vertex])), (junction, there)

    # -- ways that cross, ways side by side --------------------------------------------------------------------

    def crossings(self) -> Iterator[Found]:
        """Places in this tile where two segments cross, and no junction of both is there."""
        pieces = self._pieces(np.ones(len(self.ids), dtype=bool), 0.0)
        lines = _lines(pieces.start, pieces.end)
        one, other = shapely.STRtree(lines).query(lines, predicate="intersects")
        pair = pieces.segment[one] < pieces.segment[other]
        one, other = one[pair], other[pair]
        points = shapely.intersection(lines[one], lines[other])
        is_point = shapely.get_type_id(points) == shapely.GeometryType.POINT
        a, b, xy = (
            pieces.segment[one[is_point]],
            pieces.segment[other[is_point]],
            shapely.get_coordinates(points[is_point]),
        )
        kept = self._inside(xy) & ~self._meet(a, b, xy)
        rows = np.column_stack((a[kept], b[kept], np.round(xy[kept], 1)))
        for row in np.unique(rows, axis=0):  # at a vertex of a line both its pieces are hit
            segments = (int(self.ids[int(row[0])]), int(self.ids[int(row[1])]))
            yield Found("crossing", 0.0, "{0} and {1} cross", segments, self._place(row[2:]))

    def _meet(self, a: Ints, b: Ints, xy: Floats) -> Bools:
        """Whether two segments have a junction in common at a place, row by row."""
        meet = np.zeros(len(a), dtype=bool)
        nodes = np.array([(core.start, core.end) for core in self.cores], dtype=np.int64)
        for end, vertices in enumerate((self.first, self.last)):
            near = np.hypot(*(self.xy[vertices[a]] - xy).T) <= _AT_JUNCTION_M
            meet |= near & (nodes[a, end][:, None] == nodes[b]).any(axis=1)
        return meet

    def beside(self) -> Iterator[Beside]:
        """Where trails run side by side in this tile, each pair once; not roads, which have footways beside them."""
        trails = np.array([c.road_m < c.length_m / 2 and c.length_m >= 0.8 * LONG_M for c in self.cores], dtype=bool)
        pieces = self._pieces(trails, 2 * BESIDE_M)
        owner, mark, xy, way = self._samples(pieces)
        if not len(owner):
            return
        tree = shapely.STRtree(_lines(pieces.start, pieces.end))
        sample, piece = tree.query(shapely.points(xy), predicate="dwithin", distance=BESIDE_M)
        other, there = pieces.segment[piece], _directions(pieces.start, pieces.end)[piece]
        turn = np.abs(way[sample, 0] * there[:, 1] - way[sample, 1] * there[:, 0])
        kept = (self.ids[owner[sample]] < self.ids[other]) & (turn <= _SAME_WAY_SINE)
        seen = np.unique(np.column_stack((owner[sample[kept]], other[kept], sample[kept])), axis=0)
        for rows in np.split(seen, np.flatnonzero(np.diff(seen[:, :2], axis=0).any(axis=1)) + 1) if len(seen) else ():
            pair = (int(self.ids[rows[0, 0]]), int(self.ids[rows[0, 1]]))
            yield pair, [(int(mark[row]), self._place(xy[row])) for row in rows[:, 2]]

    def _samples(self, pieces: _Pieces) -> tuple[Ints, Ints, Floats, Floats]:
        """Marks in this tile, every few metres along the pieces: segment, number, place and the direction there."""
        steps = np.hypot(*(pieces.end - pieces.start).T)
        before, after = (np.ceil((pieces.along + extra) / SAMPLE_M).astype(np.int64) for extra in (0.0, steps))
        counts = after - before
        piece = np.repeat(np.arange(len(counts)), counts)
        mark = np.arange(len(piece)) - np.repeat(np.cumsum(counts) - counts, counts) + before[piece]
        share = (mark * SAMPLE_M - pieces.along[piece]) / np.maximum(steps[piece], 1e-9)
        xy = pieces.start[piece] + share[:, None] * (pieces.end - pieces.start)[piece]
        inside = self._inside(xy)
        directions = _directions(pieces.start, pieces.end)[piece[inside]]
        return pieces.segment[piece[inside]], mark[inside], xy[inside], directions


def _lines(start: Floats, end: Floats) -> Any:
    return shapely.linestrings(np.stack((start, end), axis=1)) if len(start) else np.empty(0, dtype=object)


def _directions(start: Floats, end: Floats) -> Floats:
    step = end - start
    directions: Floats = step / np.maximum(np.hypot(*step.T), 1e-9)[:, None]
    return directions


def _groups(found: Ints, away: Floats) -> Iterator[list[int]]:
    """Rows of each thing found, the nearest first."""
    order = np.lexsort((away, found))
    for rows in np.split(order, np.flatnonzero(np.diff(found[order])) + 1):
        if len(rows):
            yield rows.tolist()
