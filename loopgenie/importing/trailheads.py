"""Where a car can stop and a trail begins: places to park, brought onto the network and given a name."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, NamedTuple

import numpy as np
import shapely

from loopgenie.geometry import distance_m, line_length_m
from loopgenie.importing.chains import Chain, components, metres
from loopgenie.importing.landmarks import SETTLEMENTS
from loopgenie.importing.nearby import NearBy
from loopgenie.importing.plane import Floats
from loopgenie.importing.source import DEGREE, Access, Source
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


def place_trailheads(source: Source, chains: Sequence[Chain]) -> tuple[list[Chain], list[Start]]:
    """Trailheads of a network, and its chains cut where they touch it.

    From the accesses of the source; without any that is near a way, from where roads meet trails; without roads, from
    the outer ends of its trails.
    """
    if not chains:
        return [], []
    labels = components(chains)
    metres_of = _metres_of_parts(labels, chains)
    finders: tuple[Callable[[], list[Access]], ...] = (
        lambda: source.accesses,
        lambda: _road_ends(chains),
        lambda: _trail_ends(chains, labels, metres_of),
    )
    for find in finders:
        accesses = find()
        large = [metres_of[label] >= _SMALL_M for label in labels]
        snaps = _apart(_snapped(accesses, chains, large), labels) if accesses else []
        if snaps:
            cut, nodes = _cut(chains, snaps)
            names = _Names(source.points, [snap.access for snap in snaps], chains)
            starts = [
                Start(
                    snap.access,
                    node,
                    names.of(snap.access),
                    distance_m((snap.access.lon, snap.access.lat), snap.at),
                )
                for snap, node in zip(snaps, nodes, strict=True)
            ]
            return cut, starts
    return list(chains), []


# -- where accesses are, if the source has none ------------------------------------------------------------------------


def _road_ends(chains: Sequence[Chain]) -> list[Access]:
    """Every place where a road meets a trail; only where ways end or meet can that be."""
    beside: dict[tuple[float, float], set[bool]] = defaultdict(set)
    for chain in chains:
        for run in chain.runs:
            for place in (run.way.line[run.first], run.way.line[run.last]):
                beside[place].add(run.way.kind in ROADS)
    return [Access(*place, "road end") for place, kinds in beside.items() if len(kinds) == 2]


def _trail_ends(chains: Sequence[Chain], labels: Sequence[int], metres_of: Mapping[int, float]) -> list[Access]:
    """The outer ends of connected parts longer than a kilometre; of a part without ends, one of its junctions."""
    degree = Counter(node for chain in chains for node in (chain.start, chain.end))
    ends: dict[int, list[tuple[int, tuple[float, float], Chain]]] = defaultdict(list)
    for label, chain in zip(labels, chains, strict=True):
        if metres_of[label] > _SMALL_M:
            ends[label] += [(*end, chain) for end in chain.ends()]
    accesses = []
    for found in ends.values():
        outer = [end for end in found if degree[end[0]] == 1] or found[:1]
        accesses += [Access(*place, "trail end", _trail_name(chain)) for _, place, chain in outer]
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


def _metres_of_parts(labels: Sequence[int], chains: Sequence[Chain]) -> dict[int, float]:
    metres_of: dict[int, float] = defaultdict(float)
    for label, length_m in zip(labels, metres(chains)[0].tolist(), strict=True):
        metres_of[label] += length_m
    return metres_of


class _Hits(NamedTuple):
    """Pieces of chains within `SNAP_M` of accesses, a row each: where on which chain, how far away, what it is."""

    access: Any
    chain: Any
    vertex: Any
    share: Floats
    distance: Floats
    trail: Any
    large: Any


def _snapped(accesses: Sequence[Access], chains: Sequence[Chain], large: Sequence[bool]) -> list[_Snap]:
    """Each access at the nearest point of a way, if there is one within `SNAP_M`."""
    near = NearBy([(access.lon, access.lat) for access in accesses], SNAP_M)
    found = [_hits(near, batch, chains, large) for batch in near.chains(chains)]
    if not found:
        return []
    hits = _Hits(*(np.concatenate(column) for column in zip(*found, strict=True)))
    order = np.lexsort((hits.vertex, hits.chain, hits.distance, hits.access))
    snaps = []
    for rows in np.split(order, np.flatnonzero(np.diff(hits.access[order])) + 1):
        row = _best(rows, hits) if len(rows) else None
        if row is not None:
            snaps.append(_snap(accesses[hits.access[row]], chains, hits, row))
    return snaps


def _hits(near: NearBy, numbers: Sequence[int], chains: Sequence[Chain], large: Sequence[bool]) -> _Hits:
    """Of the pieces of some chains near an access, the nearest of each kind: one of them will be taken."""
    lines = [chains[number].steps() / DEGREE for number in numbers]
    counts = [len(line) - 1 for line in lines]
    start, end = np.concatenate([line[:-1] for line in lines]), np.concatenate([line[1:] for line in lines])
    owner = np.repeat(np.arange(len(numbers)), counts)
    vertex = np.concatenate([np.arange(count) for count in counts])
    ways = [way for number in numbers for way in chains[number].ways]
    walkable = np.array([not way.informal for way in ways])
    trail = np.array([way.kind not in ROADS for way in ways])
    piece, place, share, distance = near.feet(start, end)
    kept = (distance <= SNAP_M) & walkable[piece]
    piece, place, share, distance = piece[kept], place[kept], share[kept], distance[kept]
    kind = 2 * trail[piece] + np.array([large[number] for number in numbers])[owner[piece]]
    order = np.lexsort((piece, distance, kind, place))
    first = np.append(True, (np.diff(place[order]) != 0) | (np.diff(kind[order]) != 0))[: len(order)]
    rows = order[first]
    return _Hits(
        access=place[rows],
        chain=np.array(numbers)[owner[piece[rows]]],
        vertex=vertex[piece[rows]],
        share=share[rows],
        distance=distance[rows],
        trail=kind[rows] >= 2,
        large=kind[rows] % 2 == 1,
    )


def _best(rows: Any, hits: _Hits) -> Any:
    """The row to take of one access, nearest first: of a large part if possible, on a trail unless a road is nearer."""
    large = rows[hits.large[rows]]
    rows = large if len(large) else rows
    trails = rows[hits.trail[rows]]
    if len(trails) and hits.distance[trails[0]] <= hits.distance[rows[0]] + _TRAIL_BONUS_M:
        return trails[0]
    return rows[0]


def _snap(access: Access, chains: Sequence[Chain], hits: _Hits, row: int) -> _Snap:
    """The snap, moved to the end of the chain or the vertex that is near enough."""
    number, vertex, share = int(hits.chain[row]), int(hits.vertex[row]), float(hits.share[row])
    line = chains[number].line()
    (x, y), (to_x, to_y) = line[vertex], line[vertex + 1]
    here = (round(x + share * (to_x - x), 7), round(y + share * (to_y - y), 7))
    before = line_length_m(line[: vertex + 1]) + distance_m(line[vertex], here)
    after = line_length_m(line) - before
    if min(before, after) <= _JUNCTION_M:
        vertex, share = (0, 0.0) if before <= after else (len(line) - 1, 0.0)
    else:
        for corner in (vertex, vertex + 1):
            if distance_m(line[corner], here) <= 0.5:
                vertex, share = corner, 0.0
    return _Snap(access, number, vertex, share, here if share else line[vertex], float(hits.distance[row]))


def _apart(snaps: Sequence[_Snap], labels: Sequence[int]) -> list[_Snap]:
    """Snaps no two of which are within `_APART_M` in one connected part: the best named, then the nearest stays."""
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


def _cut(chains: Sequence[Chain], snaps: Sequence[_Snap]) -> tuple[list[Chain], list[int]]:
    """The chains with a junction at each snap, and the node of each snap."""
    by_chain: dict[int, list[int]] = defaultdict(list)
    for i in sorted(range(len(snaps)), key=lambda i: (snaps[i].vertex, snaps[i].share)):
        by_chain[snaps[i].chain].append(i)
    ends = Counter(node for chain in chains for node in (chain.start, chain.end))
    fresh = count(min(0, *ends) - 1, -1)
    nodes: dict[int, int] = {}
    cut: list[Chain] = []
    for number, chain in enumerate(chains):
        here = by_chain.get(number, ())
        cuts: dict[int, int] = {}  # node by number of the place
        inserted = 0
        for i in here:
            vertex = snaps[i].vertex + inserted
            if snaps[i].share:  # a new place on the piece that follows
                chain = chain.with_place(vertex, snaps[i].at)
                vertex, inserted = vertex + 1, inserted + 1
            node_of_end = {0: chain.start, chain.pieces: chain.end}.get(vertex)
            nodes[i] = cuts.setdefault(vertex, next(fresh)) if node_of_end is None else node_of_end
        is_start = any(nodes[i] == chain.start for i in here)
        cut += _cut_at(chain, list(cuts.items()), ends[chain.start] == 2 and not is_start)
    return cut, [nodes[i] for i in range(len(snaps))]


def _cut_at(chain: Chain, cuts: list[tuple[int, int]], may_turn: bool) -> list[Chain]:
    """A chain cut at some of its places; a ring whose start is nothing to anybody begins at the first of them."""
    if not cuts:
        return [chain]
    if chain.start == chain.end and may_turn:
        (first, node), *others = cuts
        chain, cuts = chain.turned(first, node), [(vertex - first, other) for vertex, other in others]
    return chain.split_at(cuts)


# -- names -------------------------------------------------------------------------------------------------------------


class _Names:
    """Names for accesses that have none, after the nearest place, else the nearest trail."""

    def __init__(self, points: Sequence[Point], accesses: Sequence[Access], chains: Sequence[Chain]) -> None:
        self.places = [p for p in points if p.name and p.kind in (*SETTLEMENTS, "pass")]
        self.place_tree = shapely.STRtree([shapely.Point(p.lon, p.lat) for p in self.places])
        nameless = [(access.lon, access.lat) for access in accesses if not access.name]
        near = NearBy(nameless, _NEAR_TRAIL_M)
        numbers = [number for batch in near.chains(chains) for number in batch]
        trails = [(name, chains[i].line()) for i in numbers if (name := _trail_name(chains[i])) is not None]
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


def _trail_name(chain: Chain) -> str | None:
    """The name of the first piece that is trail and has one."""
    ways = (run.way for run in chain.runs)
    return next((way.name for way in ways if way.name and way.kind not in ROADS), None)
