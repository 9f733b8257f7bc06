"""From lines to a network: noding, contracting, trailheads, heights, and the records that a store keeps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from operator import mul

from loopgenie.geometry import distance_m
from loopgenie.importing.chains import Chain, Positions, contracted, positions, without_lone_roads
from loopgenie.importing.climbs import RECORDED_VOID_M, VOID_M, Profile, profiles
from loopgenie.importing.noding import noded
from loopgenie.importing.scenery import worths
from loopgenie.importing.source import HeightAt, Progress, Source, Way
from loopgenie.importing.trailheads import Start, place_trailheads
from loopgenie.store import Junction, Position, Region, Segment, SegmentCore, Stretch, Trailhead
from loopgenie.ways import ROADS, WayKind


def build_region(
    source: Source, *, name: str, height_at: HeightAt | None = None, progress: Progress | None = None
) -> Region:
    """Make the network of everything that was read.

    Parameters
    ----------
    name : what the region is to be called.
    height_at : the terrain; without it, heights that the ways bring along are used.
    progress : told how far the work is.
    """
    tell = progress or (lambda *_: None)
    tell("finding where ways meet", 0, 0)
    ways = noded(source.ways)
    at = positions(ways)
    chains = contracted(ways)
    left_out = Counter(source.left_out)
    hikeable = without_lone_roads(chains)
    left_out["road that meets no trail"] += len(chains) - len(hikeable)
    tell("placing trailheads", 0, len(source.accesses))
    chains, starts = place_trailheads(source, hikeable, at)
    tell("measuring climbs", 0, len(chains))
    junction_heights, climbs = profiles(
        chains,
        at,
        node_height=_node_height(ways, at, height_at),
        height_at=height_at,
        void_m=RECORDED_VOID_M if height_at is None else VOID_M,
        done=lambda number: tell("measuring climbs", number, len(chains)),
    )
    numbers = _numbers(chains)
    return Region(
        name=name,
        junctions=[Junction(i, *at[node], junction_heights[node]) for node, i in numbers.items()],
        segments=[
            _segment(i, chain, tuple(_stretches(chain, at, worth)), climb, at, numbers)
            for i, (chain, climb, worth) in enumerate(zip(chains, climbs, worths(chains, at, source), strict=True))
        ],
        trailheads=[_trailhead(i, start, numbers) for i, start in enumerate(starts)],
        points=[point._replace(id=i) for i, point in enumerate(source.points)],
        attribution=source.attribution,
        sources=tuple(source.files),
        synthetic=source.synthetic,
        data_date=source.data_date,
        left_out={reason: count for reason, count in left_out.items() if count},
        refused=[line._replace(id=i) for i, line in enumerate(source.refused)],
    )


def _numbers(chains: Sequence[Chain]) -> dict[int, int]:
    """Node id -> junction id, in the order of the chains."""
    numbers: dict[int, int] = {}
    for chain in chains:
        for node in (chain.nodes[0], chain.nodes[-1]):
            numbers.setdefault(node, len(numbers))
    return numbers


def _node_height(ways: Sequence[Way], at: Positions, height_at: HeightAt | None) -> Callable[[int], float | None]:
    if height_at is not None:
        terrain = height_at
        return lambda node: terrain(*at[node])
    recorded: dict[int, float] = {}
    for way in ways:
        for node, height in zip(way.node_ids or (), way.heights or (), strict=False):
            if height is not None:
                recorded.setdefault(node, height)
    return recorded.get


def _segment(
    number: int,
    chain: Chain,
    stretches: tuple[Stretch, ...],
    climb: Profile,
    at: Positions,
    numbers: dict[int, int],
) -> Segment:
    core = SegmentCore(
        id=number,
        start=numbers[chain.nodes[0]],
        end=numbers[chain.nodes[-1]],
        length_m=sum(s.length_m for s in stretches),
        score=sum(s.score for s in stretches),
        ascent_m=climb.ascent_m,
        descent_m=climb.descent_m,
        road_m=sum(s.length_m for s in stretches if s.kind in ROADS),
        difficulty=max((s.difficulty for s in stretches if s.difficulty is not None), default=None),
    )
    line: tuple[Position, ...] = tuple(
        (*at[node], height) for node, height in zip(chain.nodes, climb.heights, strict=True)
    )
    return Segment(core, line, stretches)


def _stretches(chain: Chain, at: Positions, worth: Sequence[float]) -> Iterator[Stretch]:
    """Parts of a chain along which nothing changes but what a metre is worth, in order."""
    line = chain.line(at)
    pieces = zip(chain.ways, map(distance_m, line, line[1:]), worth, strict=True)
    for alike, group in groupby(pieces, key=lambda piece: _what(piece[0])):
        _, metres, points = zip(*group, strict=True)
        yield Stretch(sum(metres), *alike, _mean(points, metres))


def _mean(points: Sequence[float], metres: Sequence[float]) -> float:
    """Points per metre over several pieces, to 4 decimals as they are kept."""
    length_m = sum(metres)
    return round(sum(map(mul, points, metres)) / length_m, 4) if length_m else points[0]


def _what(way: Way) -> tuple[WayKind, str | None, str | None, int | None, str | None]:
    return way.kind, way.name, way.surface, way.difficulty, way.source


def _trailhead(number: int, start: Start, numbers: dict[int, int]) -> Trailhead:
    access = start.access
    return Trailhead(number, numbers[start.node], start.name, access.kind, access.lon, access.lat, start.snap_m)
