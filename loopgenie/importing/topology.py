"""From lines to a network: noding, contracting, trailheads, heights, and the records that a store keeps."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import mul
from typing import TypedDict, overload

from loopgenie.importing.anchors import anchored, crossings
from loopgenie.importing.chains import (
    Chain,
    along_the_ground,
    contracted,
    metres,
    numbered,
    piece_lengths,
    without_lone_roads,
)
from loopgenie.importing.climbs import Climbs, Profile
from loopgenie.importing.connectivity import Streets, size_of_loops, walking_distances
from loopgenie.importing.noding import noded
from loopgenie.importing.scenery import Scenery
from loopgenie.importing.source import HeightAt, Line, Progress, Source, Way
from loopgenie.importing.trailheads import Start, place_trailheads
from loopgenie.store import Junction, Point, Position, Region, Segment, SegmentCore, Stretch, Trailhead
from loopgenie.ways import ROADS, WayKind

#: A trailhead has loops near if one can be walked that keeps to a part without dead ends of this length, in metres.
SHORTEST_LOOP_M = 2_000.0
#: A loop that begins farther from its trailhead than this, in metres, is not that trailhead's.
FARTHEST_LOOP_M = 10_000.0
#: So many segments are made at a time.
_BATCH = 1_000


def build_region(
    source: Source, *, name: str, height_at: HeightAt | None = None, progress: Progress | None = None
) -> Region:
    """Make the network of everything that was read.

    Segments are made only while somebody goes through them, so that a country needs no more memory than its lines;
    `progress` is told then, too. The ways are taken out of `source`.

    Parameters
    ----------
    name : what the region is to be called.
    height_at : the terrain; without it, heights that the ways bring along are used.
    progress : told how far the work is.
    """
    tell = progress or (lambda *_: None)
    tell("finding where ways meet", 0, 0)
    ways, source.ways = noded(source.ways), []
    chains = contracted(ways)
    for way in ways:
        way.node_ids = None  # a third of the memory; what meets where is known now
    del ways
    left_out = Counter(source.left_out)
    hikeable = without_lone_roads(chains)
    left_out["road that meets no trail"] += len(chains) - len(hikeable)
    tell("placing trailheads", 0, len(source.accesses))
    chains, starts = place_trailheads(source, hikeable)
    chains = along_the_ground(chains)
    numbers = numbered(chains)
    tell("measuring climbs", 0, len(chains))
    climbs = Climbs(chains, height_at=height_at)
    places = _places(chains)
    lengths, roads = (array("d", column.tobytes()) for column in metres(chains))
    return Region(
        name=name,
        junctions=_Junctions(places, climbs.junctions),
        segments=_Segments(chains, climbs, Scenery(source), places, tell),
        points=_points(source, chains, lengths, height_at),
        attribution=source.attribution,
        sources=tuple(source.files),
        synthetic=source.synthetic,
        data_date=source.data_date,
        left_out={reason: count for reason, count in left_out.items() if count},
        refused=[line._replace(id=i) for i, line in enumerate(source.refused)],
        **_on_foot(chains, starts, numbers, lengths, roads),
    )


def _points(
    source: Source, chains: Sequence[Chain], lengths: Sequence[float], height_at: HeightAt | None
) -> list[Point]:
    """The points of the source, where they are on the network, and last the open water that trails come to.

    A camp, hut or water of which no height is told has that of the terrain.
    """
    points = anchored(source.points, chains, lengths) + crossings(chains, source.streams)
    for i, point in enumerate(points):
        height = point.elevation_m
        if height is None and point.anchor is not None and height_at is not None:
            height = height_at(point.lon, point.lat)
        points[i] = point._replace(id=i, elevation_m=None if height is None else round(height, 1))
    return points


def _places(chains: Sequence[Chain]) -> Line:
    """Where each junction is, by number."""
    found = 0

    def new_places() -> Iterator[tuple[float, float]]:
        nonlocal found
        for chain in chains:
            for junction, place in chain.ends():
                if junction == found:  # they are numbered in the order of the chains
                    found += 1
                    yield place

    return Line(new_places())


class _Walks(TypedDict):
    """What of a region depends on which ways lead where."""

    trailheads: list[Trailhead]
    km: float
    road_km: float
    loop_km: float


def _on_foot(
    chains: Sequence[Chain],
    starts: Sequence[Start],
    numbers: Mapping[int, int],
    lengths: Sequence[float],
    roads: Sequence[float],
) -> _Walks:
    """How long everything is, what of it lies on loops, and how far those are from the trailheads."""
    streets = Streets((chain.start, chain.end) for chain in chains)
    loops = size_of_loops(streets, lengths)
    on_long_loops = (i for i, size_m in enumerate(loops) if size_m >= SHORTEST_LOOP_M)
    goals = (node for i in on_long_loops for node in (streets.start[i], streets.end[i]))
    to_loop = walking_distances(streets, lengths, goals, FARTHEST_LOOP_M)
    return {
        "trailheads": [_trailhead(i, start, numbers[start.node], to_loop) for i, start in enumerate(starts)],
        "km": sum(lengths) / 1000,
        "road_km": sum(roads) / 1000,
        "loop_km": sum(length_m for length_m, size_m in zip(lengths, loops, strict=True) if size_m) / 1000,
    }


@dataclass(frozen=True, eq=False)
class _Junctions(Sequence[Junction]):
    """The junctions of a network, by number, made when they are looked at."""

    places: Line
    heights: Sequence[int | None]

    def __len__(self) -> int:
        return len(self.heights)

    @overload
    def __getitem__(self, index: int) -> Junction: ...
    @overload
    def __getitem__(self, index: slice) -> list[Junction]: ...
    def __getitem__(self, index: int | slice) -> Junction | list[Junction]:
        numbers = range(len(self))[index]
        if isinstance(numbers, range):
            return [self[number] for number in numbers]
        return Junction(numbers, *self.places[numbers], self.heights[numbers])


@dataclass(frozen=True, eq=False)
class _Segments(Sequence[Segment]):
    """The segments of a network, made when they are looked at. `places` are those of the junctions, by number."""

    chains: Sequence[Chain]
    climbs: Climbs
    scenery: Scenery
    places: Line
    progress: Progress

    def __len__(self) -> int:
        return len(self.chains)

    @overload
    def __getitem__(self, index: int) -> Segment: ...
    @overload
    def __getitem__(self, index: slice) -> list[Segment]: ...
    def __getitem__(self, index: int | slice) -> Segment | list[Segment]:
        numbers = range(len(self))[index]
        if isinstance(numbers, range):
            return self._made(numbers)
        return self._made([numbers])[0]

    def __iter__(self) -> Iterator[Segment]:
        for begin in range(0, len(self), _BATCH):
            self.progress("measuring climbs", begin, len(self))
            yield from self._made(range(len(self))[begin : begin + _BATCH])
        self.progress("storing", 0, 0)

    def _made(self, numbers: Sequence[int]) -> list[Segment]:
        chains = [self.chains[number] for number in numbers]
        return [
            self._segment(*what)
            for what in zip(numbers, chains, piece_lengths(chains), self.scenery.worths(chains), strict=True)
        ]

    def _segment(self, number: int, chain: Chain, lengths: Sequence[float], worth: Sequence[float]) -> Segment:
        line = [self.places[chain.start], *chain.line()[1:-1], self.places[chain.end]]
        climb = self.climbs.profile(chain, lengths)
        stretches = tuple(_stretches(chain.ways, lengths, worth))
        core = self._core(number, chain, stretches, climb)
        heights: Sequence[float | None] = climb.heights
        positions: tuple[Position, ...] = tuple((*place, z) for place, z in zip(line, heights, strict=True))
        return Segment(core, positions, stretches)

    def _core(self, number: int, chain: Chain, stretches: Sequence[Stretch], climb: Profile) -> SegmentCore:
        return SegmentCore(
            id=number,
            start=chain.start,
            end=chain.end,
            length_m=sum(s.length_m for s in stretches),
            score=sum(s.score for s in stretches),
            ascent_m=climb.ascent_m,
            descent_m=climb.descent_m,
            road_m=sum(s.length_m for s in stretches if s.kind in ROADS),
            difficulty=max((s.difficulty for s in stretches if s.difficulty is not None), default=None),
            informal=any(s.informal for s in stretches),
        )


def _stretches(ways: Sequence[Way], lengths: Sequence[float], worth: Sequence[float]) -> Iterator[Stretch]:
    """Parts of a line along which nothing changes but what a metre is worth, in order: each given by its pieces."""
    pieces = zip(ways, lengths, worth, strict=True)
    for alike, group in groupby(pieces, key=lambda piece: _what(piece[0])):
        _, metres_of, points = zip(*group, strict=True)
        kind, name, surface, difficulty, source, informal, season, rule = alike
        worth_of_all = _mean(points, metres_of)
        yield Stretch(sum(metres_of), kind, name, surface, difficulty, source, worth_of_all, informal, season, rule)


def _mean(points: Sequence[float], lengths: Sequence[float]) -> float:
    """Points per metre over several pieces, to 4 decimals as they are kept."""
    length_m = sum(lengths)
    return round(sum(map(mul, points, lengths)) / length_m, 4) if length_m else points[0]


def _what(
    way: Way,
) -> tuple[WayKind, str | None, str | None, int | None, str | None, bool, str | None, str | None]:
    return way.kind, way.name, way.surface, way.difficulty, way.source, way.informal, way.season, way.rule


def _trailhead(number: int, start: Start, junction: int, to_loop: Sequence[float]) -> Trailhead:
    access, metres_away = start.access, to_loop[junction]
    to_loop_m = None if math.isinf(metres_away) else round(metres_away, 1)
    return Trailhead(number, junction, start.name, access.kind, access.lon, access.lat, start.snap_m, to_loop_m)
