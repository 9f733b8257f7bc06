"""Least-cost paths over invented ground: where roads and trails would be worn between places.

Paths run between the points of the height grid, which are moved about a little so that no line looks ruled. One
flood of costs from all places at once finds who is whose neighbour; then the best connections are traced one by
one, each drawn to the paths that exist, so that they merge, and kept from running close beside them.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import pairwise
from random import Random
from typing import TypeAlias

from loopgenie.importing.sample_terrain import CELL_M, Terrain, fractal

_INF = math.inf
#: The four directions that an edge can have, from its base point: east, north, north-east, north-west.
_EAST, _NORTH, _NORTH_EAST, _NORTH_WEST = range(4)

#: One number per point. The large regions have millions: an array takes a quarter of the room of a list.
Numbers: TypeAlias = "array[float]"

#: An edge as one number: 4 * base point + direction.
EdgeCode = int

#: What it costs to join two neighbouring places, and their numbers, the smaller first.
Link = tuple[float, int, int]


@dataclass(frozen=True)
class Ground:
    """Where one can walk: positions of the points in metres from the south-west corner, and the edges between them.

    `length` and `grade2` hold, by direction and base point, metres and the squared slope along the edge; the length
    is infinite where there is no edge (the rim, lakes). `steep` is the slope of the ground itself. `whim` is what
    makes people prefer one place to another for no reason that the map knows: 0.5 to 1.5 or so.
    """

    side: int
    x: Numbers
    y: Numbers
    z: Numbers
    steep: Numbers
    whim: Numbers
    length: tuple[Numbers, ...]
    grade2: tuple[Numbers, ...]

    @property
    def offsets(self) -> tuple[int, int, int, int]:
        """From the base point of an edge to its other end, by direction."""
        return 1, self.side, self.side + 1, self.side - 1

    def ends(self, edge: EdgeCode) -> tuple[int, int]:
        """The two points of an edge."""
        base, direction = divmod(edge, 4)
        return base, base + self.offsets[direction]

    def edge(self, a: int, b: int) -> EdgeCode:
        """The edge between two neighbouring points."""
        base, other = min(a, b), max(a, b)
        return 4 * base + self.offsets.index(other - base)

    def costs(self, *, easy_grade: float, side_slope: float) -> tuple[Numbers, ...]:
        """What an edge costs, in metres of flat good ground: the grade along it and the slope it lies on count.

        Parameters
        ----------
        easy_grade : metres climbed per metre at which the cost has doubled.
        side_slope : what a slope of 45 degrees adds, as a share.
        """
        grade_weight = 1.0 / (easy_grade * easy_grade)
        worth = [w * (1.0 + side_slope * s) for w, s in zip(self.whim, self.steep, strict=True)]
        return tuple(
            array("d", [c * (1.0 + g * grade_weight) * w for c, g, w in zip(lengths, grades, worth, strict=True)])
            for lengths, grades in zip(self.length, self.grade2, strict=True)
        )


def make_ground(rng: Random, terrain: Terrain) -> Ground:
    """The ground of a terrain, its points pushed about by up to half a cell in smooth waves."""
    side, wet = terrain.side, bytearray(terrain.side * terrain.side)
    for lake in terrain.lakes:
        for i in lake:
            wet[i] = 1
    east, north = (_push(rng, side, wet) for _ in "xy")
    x = array("d", [CELL_M * (i % side + e) for i, e in enumerate(east)])
    y = array("d", [CELL_M * (i // side + n) for i, n in enumerate(north)])
    z = array("d", [terrain.height_at(a, b) for a, b in zip(x, y, strict=True)])
    length, grade2 = zip(*(_edges(side, x, y, z, wet, d) for d in range(4)), strict=True)
    whim = array("d", [min(max(0.5 + 0.9 * v, 0.4), 2.0) for v in fractal(rng, side, octaves=2, roughness=1.0)])
    return Ground(side, x, y, z, _steepness(terrain.heights, side), whim, length, grade2)


def _push(rng: Random, side: int, wet: bytearray) -> list[float]:
    """How far each point is pushed in one direction, in cells; on the rim and by lakes, not at all."""
    push = [min(max(v - 0.5, -0.45), 0.45) for v in fractal(rng, side, octaves=2, roughness=0.6)]
    for i in range(side * side):
        if i % side in (0, side - 1) or i < side or i >= side * (side - 1):
            push[i] = 0.0
        elif wet[i]:
            for j in (i, i + 1, i - 1, i + side, i - side, i + side + 1, i + side - 1, i - side + 1, i - side - 1):
                push[j] = 0.0
    return push


def _edges(side: int, x: Numbers, y: Numbers, z: Numbers, wet: bytearray, direction: int) -> tuple[Numbers, Numbers]:
    """Lengths and squared slopes of all edges of one direction, by base point."""
    step = (1, side, side + 1, side - 1)[direction]
    first, last = (1 if direction == _NORTH_WEST else 0), (side if direction in (_NORTH, _NORTH_WEST) else side - 1)
    lengths, grades = array("d", [_INF]) * (side * side), array("d", [0.0]) * (side * side)
    for row in range(side if direction == _EAST else side - 1):
        for i in range(row * side + first, row * side + last):
            j = i + step
            if wet[i] or wet[j]:
                continue
            dx, dy, dz = x[j] - x[i], y[j] - y[i], z[j] - z[i]
            square = dx * dx + dy * dy
            lengths[i] = math.sqrt(square)
            grades[i] = dz * dz / square
    return lengths, grades


def _steepness(z: Sequence[float], side: int) -> Numbers:
    """Slope of the ground at each point: metres of height per metre."""
    result = array("d")
    for row in range(side):
        south, north = max(row - 1, 0) * side, min(row + 1, side - 1) * side
        for column in range(side):
            west, east = max(column - 1, 0), min(column + 1, side - 1)
            dx = (z[row * side + east] - z[row * side + west]) / (CELL_M * (east - west))
            dy = (z[north + column] - z[south + column]) * side / (CELL_M * (north - south))
            result.append(math.sqrt(dx * dx + dy * dy))
    return result


@dataclass(frozen=True)
class Neighbours:
    """Which place (by its number) each point is nearest to, and the links between neighbouring places."""

    owner: Sequence[int]
    links: list[Link]  # cheapest first


def neighbours(ground: Ground, costs: Sequence[Numbers], places: Sequence[int]) -> Neighbours:
    """Flood the ground from all places at once; places are neighbours where their floods meet."""
    size = ground.side * ground.side
    cost, owner, done = array("d", [_INF]) * size, array("q", [-1]) * size, bytearray(size)
    queue: list[tuple[float, int]] = []
    for number, i in enumerate(places):
        cost[i], owner[i] = 0.0, number
        heappush(queue, (0.0, i))
    moves = _moves(ground, costs)
    while queue:
        so_far, i = heappop(queue)
        if done[i]:
            continue
        done[i] = 1
        mine = owner[i]
        for step, base, charge in moves:
            c = so_far + charge[i + base]
            if c < _INF and c < cost[i + step]:
                cost[i + step] = c
                owner[i + step] = mine
                heappush(queue, (c, i + step))
    return Neighbours(owner, _meetings(ground, costs, cost, owner))


def _moves(ground: Ground, costs: Sequence[Numbers]) -> list[tuple[int, int, Numbers]]:
    """The eight ways to leave a point: step, where the base of that edge is, costs by base.

    No bounds need checking: a base that falls below 0 wraps to an edge of the last row, and those cost infinity.
    """
    forward = [(step, 0, charge) for step, charge in zip(ground.offsets, costs, strict=True)]
    return forward + [(-step, -step, charge) for step, charge in zip(ground.offsets, costs, strict=True)]


def _meetings(ground: Ground, costs: Sequence[Numbers], cost: Numbers, owner: Sequence[int]) -> list[Link]:
    """The links between neighbouring owners, cheapest first."""
    best: dict[tuple[int, int], float] = {}
    for step, charge in zip(ground.offsets, costs, strict=True):
        for i, c in enumerate(charge):
            if c < _INF and owner[i] != owner[i + step]:
                a, b = owner[i], owner[i + step]
                pair, total = (a, b) if a < b else (b, a), cost[i] + c + cost[i + step]
                if total < best.get(pair, _INF):
                    best[pair] = total
    return sorted((c, a, b) for (a, b), c in best.items())


class Plan:
    """Which places are to be joined: a plain graph of the links that were kept.

    Parameters
    ----------
    links : cost, place, place; cheapest first.
    count : how many places there are.
    detour : a link is left out where the kept ones lead there at no more than `detour` times its cost (the greedy
        spanner of Althöfer et al. 1993, doi:10.1007/BF02189308).
    """

    def __init__(self, links: Sequence[Link], count: int, detour: float) -> None:
        self._near: list[list[tuple[float, int]]] = [[] for _ in range(count)]
        self.pairs: list[tuple[int, int]] = []
        for cost, a, b in links:
            if not self.way(a, b, detour * cost):
                self._near[a].append((cost, b))
                self._near[b].append((cost, a))
                self.pairs.append((a, b))

    def way(self, start: int, end: int, limit: float = _INF) -> list[tuple[int, int]]:
        """The pairs of places on the cheapest way between two places; empty if it costs more than `limit`."""
        best, came, queue = {start: 0.0}, {start: start}, [(0.0, start)]
        while queue:
            so_far, i = heappop(queue)
            if i == end:
                return [(min(step), max(step)) for step in pairwise(_walked_back(came, end))]
            for cost, j in self._near[i]:
                c = so_far + cost
                if c <= limit and c < best.get(j, _INF):
                    best[j], came[j] = c, i
                    heappush(queue, (c, j))
        return []


def _walked_back(came: Mapping[int, int], end: int) -> list[int]:
    """From the start (which came from itself) to the end."""
    path = [end]
    while came[path[-1]] != path[-1]:
        path.append(came[path[-1]])
    return path[::-1]


class Web:
    """The paths laid so far, and what the ground costs now that they are there.

    Parameters
    ----------
    ground : where.
    costs : of the bare ground, by direction and base point; copied.
    """

    def __init__(self, ground: Ground, costs: Sequence[Numbers]) -> None:
        self.ground = ground
        self.laid: dict[EdgeCode, int] = {}  # edge -> number of the route that came first
        self.costs = [array(c.typecode, c) for c in costs]
        self._beside: dict[int, list[int]] = {}  # points that edges of paths lead to
        self._near = bytearray(ground.side * ground.side)  # 1 beside a path, 2 on it

    def trace(self, start: int, end: int, owner: Sequence[int], owners: tuple[int, ...]) -> list[int]:
        """The points of the cheapest path between two points over ground of these owners; empty if there is none."""
        came, cost, done = {start: start}, {start: 0.0}, set()
        queue, moves = [(0.0, start)], _moves(self.ground, self.costs)
        while queue:
            so_far, i = heappop(queue)
            if i == end:
                return self._uncrossed(_walked_back(came, end))
            if i in done:
                continue
            done.add(i)
            for step, base, charge in moves:
                c = so_far + charge[i + base]
                if c < _INF:
                    j = i + step
                    if c < cost.get(j, _INF) and owner[j] in owners:
                        cost[j], came[j] = c, i
                        heappush(queue, (c, j))
        return []

    def _uncrossed(self, path: Sequence[int]) -> list[int]:
        """Without turns that lead over one diagonal of a cell and back over the other, to save a steep step."""
        result, entered = [path[0]], dict[tuple[int, int], int]()
        for point in path[1:]:
            (row, column), (next_row, next_column) = (
                divmod(result[-1], self.ground.side),
                divmod(point, self.ground.side),
            )
            if row != next_row and column != next_column:
                first = entered.setdefault((min(row, next_row), min(column, next_column)), result[-1])
                if first in result[:-1]:
                    del result[result.index(first) + 1 :]
            result.append(point)
        return result

    def lay(self, path: Sequence[int], route: int, *, pull: float, shortcuts: bool = True) -> None:
        """Add a path; what of it is there already stays as it is.

        Parameters
        ----------
        path : points, each the neighbour of the one before.
        route : a number of the caller's, kept with each new edge.
        pull : what share of their cost the edges keep; beside them all becomes dearer, diagonals across are barred.
        shortcuts : whether to add stretches of a few edges, too, that save next to nothing over what is there.
        """
        for piece in self._fresh_pieces(path):
            if shortcuts or len(piece) > 5 or not self._joined(piece[0], piece[-1], len(piece) + 5):
                for a, b in pairwise(piece):
                    self._add(a, b, route, pull)
        for i in path:
            if i in self._beside:
                self._keep_clear(i)

    def _fresh_pieces(self, path: Sequence[int]) -> list[list[int]]:
        """The parts of a path whose edges are new, cut where they touch what is there."""
        pieces: list[list[int]] = []
        for a, b in pairwise(path):
            if self.ground.edge(a, b) in self.laid:
                continue
            if a in self._beside or not pieces or pieces[-1][-1] != a:
                pieces.append([a])
            pieces[-1].append(b)
        return pieces

    def _joined(self, start: int, end: int, most: int) -> bool:
        """Whether at most so many edges of paths lead from one point to another."""
        seen, front = {start}, [start]
        for _ in range(most):
            front = [j for i in front for j in self._beside.get(i, ()) if j not in seen]
            seen.update(front)
        return end in seen

    def _add(self, a: int, b: int, route: int, pull: float) -> None:
        edge = self.ground.edge(a, b)
        base, direction = divmod(edge, 4)
        self.laid[edge] = route
        self._beside.setdefault(a, []).append(b)
        self._beside.setdefault(b, []).append(a)
        self.costs[direction][base] *= pull
        if direction == _NORTH_EAST:
            self.costs[_NORTH_WEST][base + 1] = _INF
        elif direction == _NORTH_WEST:
            self.costs[_NORTH_EAST][base - 1] = _INF

    def _keep_clear(self, i: int) -> None:
        """Make the points beside a point of a path dear, so that no second path runs along there."""
        if self._near[i] == 2:
            return
        self._near[i] = 2
        moves = _moves(self.ground, self.costs)
        for step, base, charge in moves:
            j = i + step
            if charge[i + base] < _INF and not self._near[j]:
                self._near[j] = 1
                for _, base_there, charge_there in moves:
                    charge_there[j + base_there] *= 1.3
