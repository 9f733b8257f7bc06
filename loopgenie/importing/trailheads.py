"""Where a car can stop and a trail begins: places to park, brought onto the network and given a name."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import shapely

from loopgenie.geometry import distance_m
from loopgenie.importing.chains import Chain, Positions, components
from loopgenie.importing.landmarks import SETTLEMENTS
from loopgenie.importing.plane import Floats, Plane, share_along
from loopgenie.importing.source import Access, Source
from loopgenie.store import Point
from loopgenie.ways import ROADS

#: A car park further from any way than this many metres is of no use.
SNAP_M = 250.0
#: A trail is preferred to a road that is nearer by up to so many metres.
_TRAIL_BONUS_M = 50.0
#: A junction within so many metres of where the car park meets the network stands for that place.
_JUNCTION_M = 15.0
#: Of several accesses this near to one another, in metres, one stands for all.
_APART_M = 100.0
#: A connected part shorter than this, in metres, is a poor place to start a hike from.
_SMALL_M = 1000.0
#: How far, in metres, a place or a trail may be that an access without a name is called after.
_NEAR_PLACE_M = 2000.0
_NEAR_TRAIL_M = 500.0


@dataclass(frozen=True, slots=True)
class Start:
    """An access and the junction that it starts from, `snap_m` metres away."""

    access: Access
    node: int
    name: str | None
    snap_m: float


class _Snap(NamedTuple):
    """Where an access meets the network: after which vertex of which chain, at which share (0..1) of the piece."""

    access: Access
    chain: int
    vertex: int
    share: float
    at: tuple[float, float]
    distance_m: float


def place_trailheads(source: Source, chains: Sequence[Chain], at: Positions) -> tuple[list[Chain], list[Start]]:
    """Trailheads of a network, and its chains cut where they touch it; `at` learns the new junctions.

    From the accesses of the source; without any that is near a way, from where roads meet trails; without roads, from
    the outer ends of its trails.
    """
    if not chains:
        return [], []
    finders: tuple[Callable[[], list[Access]], ...] = (
        lambda: source.accesses,
        lambda: _road_ends(chains, at),
        lambda: _trail_ends(chains, at),
    )
    for find in finders:
        accesses = find()
        snaps = _apart(_snapped(accesses, chains, at), chains) if accesses else []
        if snaps:
            cut, nodes = _cut(chains, snaps, at)
            names = _Names(source.points, chains, at)
            starts = [
                Start(
                    snap.access,
                    node,
                    names.of(snap.access),
                    distance_m((snap.access.lon, snap.access.lat), at[node]),
                )
                for snap, node in zip(snaps, nodes, strict=True)
            ]
            return cut, starts
    return list(chains), []


# -- where accesses are, if the source has none ------------------------------------------------------------------------


def _road_ends(chains: Sequence[Chain], at: Positions) -> list[Access]:
    """Every node where a road meets a trail."""
    beside: dict[int, set[bool]] = defaultdict(set)
    for chain in chains:
        for (a, b), way in zip(pairwise(chain.nodes), chain.ways, strict=True):
            beside[a].add(way.kind in ROADS)
            beside[b].add(way.kind in ROADS)
    return [Access(*at[node], "road end") for node, kinds in beside.items() if len(kinds) == 2]


def _trail_ends(chains: Sequence[Chain], at: Positions) -> list[Access]:
    """The outer ends of connected parts longer than a kilometre; of a part without ends, one of its junctions."""
    labels = components(chains)
    metres = _metres_of_parts(labels, chains, at)
    ends: dict[int, list[tuple[int, Chain]]] = defaultdict(list)
    degree: dict[int, int] = defaultdict(int)
    for label, chain in zip(labels, chains, strict=True):
        for node in (chain.nodes[0], chain.nodes[-1]):
            degree[node] += 1
            ends[label].append((node, chain))
    accesses = []
    for label, found in ends.items():
        if metres[label] > _SMALL_M:
            outer = [(node, chain) for node, chain in found if degree[node] == 1] or found[:1]
            accesses += [Access(*at[node], "trail end", _trail_name(chain)) for node, chain in outer]
    _name_by_direction(accesses)
    return accesses


def _name_by_direction(accesses: list[Access]) -> None:
    """Tell the ends of one trail apart: "West end of …", where the directions differ."""
    by_name: dict[str, list[Access]] = defaultdict(list)
    for access in accesses:
        if access.name:
            by_name[access.name].append(access)
    for name, ends in by_name.items():
        directions = [_direction(access, ends) for access in ends]
        if len(set(directions)) == len(ends) > 1:
            for access, direction in zip(ends, directions, strict=True):
                access.name = f"{direction} end of {name}"


def _direction(access: Access, ends: Sequence[Access]) -> str:
    east = (access.lon - sum(e.lon for e in ends) / len(ends)) * math.cos(math.radians(access.lat))
    north = access.lat - sum(e.lat for e in ends) / len(ends)
    if abs(east) > abs(north):
        return "East" if east > 0 else "West"
    return "North" if north > 0 else "South"


# -- onto the network --------------------------------------------------------------------------------------------------


def _metres_of_parts(labels: Sequence[int], chains: Sequence[Chain], at: Positions) -> dict[int, float]:
    metres: dict[int, float] = defaultdict(float)
    for label, chain in zip(labels, chains, strict=True):
        metres[label] += chain.length_m(at)
    return metres


class _Pieces(NamedTuple):
    """Every piece of every chain: its ends in degrees, chain, vertex, whether trail, whether of a part worth hiking."""

    start: Floats
    end: Floats
    chain: Any
    vertex: Any
    trail: Any
    large: Any


def _pieces(chains: Sequence[Chain], at: Positions) -> _Pieces:
    labels = components(chains)
    metres = _metres_of_parts(labels, chains, at)
    lines = [np.array(chain.line(at)) for chain in chains]
    counts = [len(chain.ways) for chain in chains]
    return _Pieces(
        start=np.concatenate([line[:-1] for line in lines]),
        end=np.concatenate([line[1:] for line in lines]),
        chain=np.repeat(np.arange(len(chains)), counts),
        vertex=np.concatenate([np.arange(count) for count in counts]),
        trail=np.array([way.kind not in ROADS for chain in chains for way in chain.ways]),
        large=np.repeat([metres[label] >= _SMALL_M for label in labels], counts),
    )


def _snapped(accesses: Sequence[Access], chains: Sequence[Chain], at: Positions) -> list[_Snap]:
    """Each access at the nearest point of a way, if there is one within `SNAP_M`."""
    pieces = _pieces(chains, at)
    plane = Plane.over(at.values())
    scale = np.array(plane)
    tree = shapely.STRtree(shapely.linestrings(np.stack((pieces.start, pieces.end), axis=1) * scale))
    where = np.array([(access.lon, access.lat) for access in accesses])
    # a degree of longitude is shorter far north than on the plane: look further there, and measure again below
    stretch = plane.lon_m / Plane.over([(0.0, float(lat)) for lat in [np.abs(where[:, 1]).max()]]).lon_m
    access, piece = tree.query(
        shapely.points(where * scale), predicate="dwithin", distance=SNAP_M * 1.02 * max(1.0, stretch)
    )
    local = np.stack((111_320.0 * np.cos(np.radians(where[access, 1])), np.full(len(access), plane.lat_m)), axis=1)
    start, end, point = (pieces.start[piece] * local, pieces.end[piece] * local, where[access] * local)
    share = np.clip(share_along(point, start, end), 0.0, 1.0)
    distance = np.hypot(*(start + share[:, None] * (end - start) - point).T)
    snaps = []
    order = np.lexsort((piece, distance, access))
    for rows in np.split(order, np.flatnonzero(np.diff(access[order])) + 1):
        row = _best(rows[distance[rows] <= SNAP_M], piece, distance, pieces)
        if row is not None:
            snaps.append(_snap(accesses[access[row]], chains, at, pieces, int(piece[row]), share[row], distance[row]))
    return snaps


def _best(rows: Any, piece: Any, distance: Floats, pieces: _Pieces) -> Any:
    """The row to take of one access, nearest first: of a large part if possible, on a trail unless a road is nearer."""
    large = rows[pieces.large[piece[rows]]]
    rows = large if len(large) else rows
    if not len(rows):
        return None
    trails = rows[pieces.trail[piece[rows]]]
    if len(trails) and distance[trails[0]] <= distance[rows[0]] + _TRAIL_BONUS_M:
        return trails[0]
    return rows[0]


def _snap(
    access: Access,
    chains: Sequence[Chain],
    at: Positions,
    pieces: _Pieces,
    piece: int,
    share: float,
    metres: float,
) -> _Snap:
    """The snap, moved to the end of the chain or the vertex that is near enough."""
    number, vertex, share = int(pieces.chain[piece]), int(pieces.vertex[piece]), float(share)
    start, end = pieces.start[piece], pieces.end[piece]
    here = (
        round(float(start[0] + share * (end[0] - start[0])), 7),
        round(float(start[1] + share * (end[1] - start[1])), 7),
    )
    line = chains[number].line(at)
    before = Chain([*chains[number].nodes[: vertex + 1]], []).length_m(at) + distance_m(line[vertex], here)
    after = chains[number].length_m(at) - before
    if min(before, after) <= _JUNCTION_M:
        vertex, share = (0, 0.0) if before <= after else (len(line) - 1, 0.0)
    else:
        for corner in (vertex, vertex + 1):
            if distance_m(line[corner], here) <= 0.5:
                vertex, share = corner, 0.0
    return _Snap(access, number, vertex, share, here if share else line[vertex], float(metres))


def _apart(snaps: Sequence[_Snap], chains: Sequence[Chain]) -> list[_Snap]:
    """Snaps no two of which are within `_APART_M` in one connected part: the best named, then the nearest stays."""
    labels = components(chains)
    ranked = sorted(
        range(len(snaps)),
        key=lambda i: (not snaps[i].access.name, snaps[i].access.kind != "trailhead", snaps[i].distance_m, i),
    )
    cells: dict[tuple[int, int, int], list[int]] = defaultdict(list)
    kept = []
    for i in ranked:
        snap, label = snaps[i], labels[snaps[i].chain]
        row = math.floor(snap.at[1] * 111_132.0 / _APART_M)
        column = math.floor(snap.at[0] * 111_320.0 * math.cos(math.radians(round(snap.at[1]))) / _APART_M)
        near = (j for r in (-1, 0, 1) for c in (-1, 0, 1) for j in cells.get((label, row + r, column + c), ()))
        if all(distance_m(snaps[j].at, snap.at) > _APART_M for j in near):
            cells[label, row, column].append(i)
            kept.append(i)
    return [snaps[i] for i in sorted(kept)]


def _cut(chains: Sequence[Chain], snaps: Sequence[_Snap], at: Positions) -> tuple[list[Chain], list[int]]:
    """The chains with a junction at each snap, and the node of each snap."""
    by_chain: dict[int, list[int]] = defaultdict(list)
    for i, snap in enumerate(snaps):
        by_chain[snap.chain].append(i)
    ends = Counter(node for chain in chains for node in (chain.nodes[0], chain.nodes[-1]))
    nodes: dict[int, int] = {}
    below = min(min(at), 0)
    cut: list[Chain] = []
    for number, chain in enumerate(chains):
        whole = Chain(list(chain.nodes), list(chain.ways))
        for i in sorted(by_chain.get(number, ()), key=lambda i: (snaps[i].vertex, snaps[i].share), reverse=True):
            vertex = snaps[i].vertex
            if snaps[i].share:  # a new node on the piece after the vertex; from the back, so that places stay right
                below -= 1
                at[below] = snaps[i].at
                whole.nodes.insert(vertex + 1, below)
                whole.ways.insert(vertex + 1, whole.ways[vertex])
                nodes[i] = below
            else:
                nodes[i] = whole.nodes[vertex]
        junctions = {nodes[i] for i in by_chain.get(number, ())}
        if junctions and whole.nodes[0] == whole.nodes[-1] and ends[whole.nodes[0]] == 2:
            whole = whole.turned(next(v for v, node in enumerate(whole.nodes) if node in junctions))
        cut += whole.split_at([v for v in range(1, len(whole.nodes) - 1) if whole.nodes[v] in junctions])
    return cut, [nodes[i] for i in range(len(snaps))]


# -- names -------------------------------------------------------------------------------------------------------------


class _Names:
    """Names for accesses that have none, after the nearest place, else the nearest trail."""

    def __init__(self, points: Sequence[Point], chains: Sequence[Chain], at: Positions) -> None:
        self.places = [p for p in points if p.name and p.kind in (*SETTLEMENTS, "pass")]
        self.place_tree = shapely.STRtree([shapely.Point(p.lon, p.lat) for p in self.places])
        trails = list(_named_trails(chains, at))
        self.trails = [name for name, _ in trails]
        self.trail_tree = shapely.STRtree([shapely.LineString(line) for _, line in trails])

    def of(self, access: Access) -> str | None:
        """The name of an access."""
        if access.name:
            return access.name
        what = {"parking": "Parking", "trailhead": "Trailhead"}.get(access.kind, access.kind.capitalize())
        here = shapely.Point(access.lon, access.lat)
        degree_m = 111_132.0 * max(0.01, math.cos(math.radians(access.lat)))
        place = min(self._places(access, here.buffer(_NEAR_PLACE_M / degree_m)), default=None)
        if place is not None:
            return f"{what} near {place[1]}"
        trail = self.trail_tree.query_nearest(here, max_distance=_NEAR_TRAIL_M / degree_m, all_matches=False)
        return f"{what} at {self.trails[trail[0]]}" if len(trail) else None

    def _places(self, access: Access, around: Any) -> Iterator[tuple[float, str]]:
        for index in self.place_tree.query(around):
            place = self.places[index]
            metres = distance_m((access.lon, access.lat), (place.lon, place.lat))
            if metres <= _NEAR_PLACE_M:
                yield metres, place.name or ""


def _named_trails(chains: Sequence[Chain], at: Positions) -> Iterator[tuple[str, list[tuple[float, float]]]]:
    for chain in chains:
        name = _trail_name(chain)
        if name is not None:
            yield name, chain.line(at)


def _trail_name(chain: Chain) -> str | None:
    """The name of the first piece that is trail and has one."""
    return next((way.name for way in chain.ways if way.name and way.kind not in ROADS), None)
