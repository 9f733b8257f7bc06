"""Where on the network camps, huts and water are: the nearest point of a segment, and where trails meet open water."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import shapely

from loopgenie.geometry import distance_m
from loopgenie.importing.chains import Chain, components
from loopgenie.importing.landmarks import TOLD
from loopgenie.importing.plane import Floats, Plane, lengths_of_pieces
from loopgenie.importing.source import DEGREE, Line, Stream
from loopgenie.store import ANCHOR_M, Anchor, Point
from loopgenie.ways import ROADS

#: So many chains are looked at at a time. They lie together on the ground, so that one flat map is true for them.
_BATCH = 5_000
#: Connected parts of the network that are shorter than this (m) lead nowhere: the terrace of a hut, a footbridge.
_SHORT_PART_M = 200.0
#: Of the places where a trail crosses water, one on so many metres is told.
_APART_M = 100.0
#: Who comes so near to the shore of a lake (m) can fill bottles there.
_SHORE_M = 30.0
#: From a bridge that is longer than this (m), and from a tunnel, nobody reaches the water below or above.
_LONG_BRIDGE_M = 100.0


class _Foot(NamedTuple):
    """The point of a chain nearest to a place: metres away, metres along it, and after which of its nodes."""

    away_m: float
    along_m: float
    vertex: int


def anchored(points: Sequence[Point], chains: Sequence[Chain], lengths: Sequence[float]) -> list[Point]:
    """Points with their anchors: of camps, huts and water within `ANCHOR_M` of a chain, whose number is the segment.

    Chains with informal parts, and those of parts of the network that lead nowhere, count only where there is no other:
    most people never come there.

    Parameters
    ----------
    lengths : of the chains, in metres.
    """
    wanted = [i for i, point in enumerate(points) if point.kind in TOLD]
    if not wanted or not chains:
        return list(points)
    nearest = _nearest([points[i] for i in wanted], chains, _aside(chains, lengths))
    found = list(points)
    for i, anchor in zip(wanted, nearest, strict=True):
        found[i] = points[i]._replace(anchor=anchor)
    return found


def _aside(chains: Sequence[Chain], lengths: Sequence[float]) -> npt.NDArray[np.bool_]:
    """Whether each chain counts only where there is no other."""
    parts = np.array(components(chains))
    short = np.bincount(parts, lengths)[parts] < _SHORT_PART_M
    informal = np.array([any(run.way.informal for run in chain.runs) for chain in chains])
    found: npt.NDArray[np.bool_] = short | informal
    return found


def _nearest(points: Sequence[Point], chains: Sequence[Chain], aside: npt.NDArray[np.bool_]) -> list[Anchor | None]:
    best: list[tuple[bool, float, Anchor] | None] = [None] * len(points)
    places = np.array([(point.lon, point.lat) for point in points], dtype=float).reshape(-1, 2)
    for begin, batch in _batches(chains):
        off = aside[begin : begin + _BATCH]
        for i, number in _candidates(places, batch, off):
            foot, length_m = _foot(batch[number], places[i])
            if foot.away_m <= ANCHOR_M:
                share = foot.along_m / length_m if length_m else 0.0
                anchor = Anchor(begin + number, round(min(share, 1.0), 9), round(foot.away_m, 2))
                best[i] = min(filter(None, (best[i], (bool(off[number]), foot.away_m, anchor))))
    return [each and each[2] for each in best]


def _batches(chains: Sequence[Chain]) -> Iterator[tuple[int, Sequence[Chain]]]:
    for begin in range(0, len(chains), _BATCH):
        yield begin, chains[begin : begin + _BATCH]


def _candidates(places: Floats, chains: Sequence[Chain], aside: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Numbers of places and of the chains that are nearest to them, of those aside and of the others."""
    lines = _lines(chains)
    scale = _scale(lines)
    lines = shapely.transform(lines, lambda degrees: degrees * scale)
    west, south, east, north = shapely.total_bounds(lines)
    xy = places * scale
    reach = 1.05 * ANCHOR_M  # the map is not quite true everywhere
    inside = (xy >= (west - reach, south - reach)).all(axis=1) & (xy <= (east + reach, north + reach)).all(axis=1)
    here = np.flatnonzero(inside)
    for numbers in (np.flatnonzero(~aside), np.flatnonzero(aside)):
        tree = shapely.STRtree(lines[numbers])
        place, line = tree.query_nearest(shapely.points(xy[here]), max_distance=reach)
        yield from zip(here[place].tolist(), numbers[line].tolist(), strict=True)


def _lines(chains: Sequence[Chain]) -> Any:
    """The chains as lines in degrees."""
    steps = [chain.steps() for chain in chains]
    owner = np.repeat(np.arange(len(steps)), [len(each) for each in steps])
    return shapely.linestrings(np.concatenate(steps) / DEGREE, indices=owner)


def _scale(lines: Any) -> Floats:
    """Metres per degree, east and north, on a plane in the middle of lines."""
    west, south, east, north = shapely.total_bounds(lines).tolist()
    return np.array(Plane.over([(west, south), (east, north)]))


def _foot(chain: Chain, place: Floats) -> tuple[_Foot, float]:
    """The nearest point of a chain, on a plane that touches the earth at the place, and the length of the chain."""
    degrees = chain.steps() / DEGREE
    lengths = lengths_of_pieces(degrees)
    flat = (degrees - place) * (111_320.0 * np.cos(np.radians(place[1])), 111_132.0)
    start, along = flat[:-1], np.diff(flat, axis=0)
    square = (along * along).sum(axis=1)
    dots = -(start * along).sum(axis=1)
    share = np.clip(np.divide(dots, square, out=np.zeros_like(dots), where=square > 0), 0.0, 1.0)
    away = np.hypot(*(start + share[:, None] * along).T)
    piece = int(away.argmin())
    along_m = float(lengths[:piece].sum() + share[piece] * lengths[piece])
    return _Foot(float(away[piece]), along_m, piece), float(lengths.sum())


# --- streams and lakes --------------------------------------------------------------------------------------------


class _Meeting(NamedTuple):
    """Where a trail comes to water: the water, the place on the trail and that on the water (degrees)."""

    water: Stream
    on_trail: Floats
    at: Floats


def crossings(chains: Sequence[Chain], streams: Sequence[Stream]) -> list[Point]:
    """Where trails cross streams and rivers, or touch the shores of lakes: points with their anchors and the ids 0.

    Water with a name comes first; along each trail one is told every 100 m at most. Roads have none: what runs past
    them is nothing to drink.
    """
    if not streams:
        return []
    tree = shapely.STRtree([_water(stream) for stream in streams])
    lakes = np.array([stream.kind == "lake" for stream in streams])
    found: list[Point] = []
    told: set[tuple[float, float]] = set()
    for begin, batch in _batches(chains):
        trails = [number for number, chain in enumerate(batch) if not chain.is_road()]
        if not trails:
            continue
        lines = _lines([batch[number] for number in trails])
        met: dict[int, list[_Meeting]] = {}
        for number, water, on_trail, at in (*_crossed(lines, tree, lakes), *_touched(lines, tree, lakes)):
            met.setdefault(number, []).append(_Meeting(streams[water], on_trail, at))
        for number in sorted(met):
            for point in _told(begin + trails[number], batch[trails[number]], met[number]):
                if (spot := (point.lon, point.lat)) not in told:  # a junction is at the end of several chains
                    told.add(spot)
                    found.append(point)
    return found


def _water(stream: Stream) -> Any:
    line = stream.line
    assert isinstance(line, Line)  # noqa: S101 - Stream sees to it
    degrees = np.frombuffer(line.steps(), dtype=np.int32).reshape(-1, 2) / DEGREE
    return shapely.linestrings(degrees) if len(degrees) > 1 else shapely.points(degrees[0])


def _crossed(lines: Any, tree: Any, lakes: Any) -> Iterator[tuple[int, int, Floats, Floats]]:
    """Numbers of a line and of a stream that it crosses, and where."""
    line, water = tree.query(lines, predicate="intersects")
    line, water = line[~lakes[water]], water[~lakes[water]]
    shared = shapely.intersection(np.take(lines, line), tree.geometries[water])
    places, pair = shapely.get_coordinates(shared, return_index=True)
    for i, place in zip(pair.tolist(), places, strict=True):
        yield int(line[i]), int(water[i]), place, place


def _touched(lines: Any, tree: Any, lakes: Any) -> Iterator[tuple[int, int, Floats, Floats]]:
    """Numbers of a line and of a lake whose shore it comes near, and the nearest places of both."""
    scale = _scale(lines)
    west, south, east, north = shapely.bounds(lines).T
    margin = _SHORE_M / scale
    line, water = tree.query(shapely.box(west - margin[0], south - margin[1], east + margin[0], north + margin[1]))
    line, water = line[lakes[water]], water[lakes[water]]
    metric = [
        shapely.transform(each, lambda degrees: degrees * scale)
        for each in (np.take(lines, line), tree.geometries[water])
    ]
    for number, shore, way in zip(line.tolist(), water.tolist(), shapely.shortest_line(*metric), strict=True):
        if way.length <= _SHORE_M:
            on_trail, at = shapely.get_coordinates(way) / scale
            yield number, shore, on_trail, at


def _told(number: int, chain: Chain, meetings: Sequence[_Meeting]) -> Iterator[Point]:
    """One point for each `_APART_M` of a chain where it comes to water, from the start."""
    ways = chain.ways
    feet = [(*_foot(chain, meeting.on_trail), meeting) for meeting in meetings]
    kept: list[float] = []
    for foot, length_m, (water, on_trail, at) in sorted(feet, key=lambda e: (e[2].water.name is None, e[0].along_m)):
        way = ways[foot.vertex]
        high_up = way.off_ground and lengths_of_pieces(np.array(way.line)).sum() > _LONG_BRIDGE_M
        if way.kind in ROADS or high_up or any(abs(foot.along_m - other) < _APART_M for other in kept):
            continue
        kept.append(foot.along_m)
        told = {"type": water.kind, "seasonal": water.seasonal, "source": water.source, "date": water.date}
        lon, lat = np.round(at, 7).tolist()
        away_m = distance_m(on_trail.tolist(), at.tolist())
        yield Point(
            0, "water", water.name, lon, lat,
            details={name: text for name, text in told.items() if text},
            anchor=Anchor(number, round(min(foot.along_m / length_m, 1.0), 9), round(away_m, 2)),
        )  # fmt: skip
