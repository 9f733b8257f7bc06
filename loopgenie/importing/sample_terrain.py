"""An invented mountain landscape: uplift, rivers that cut into it, lakes behind moraines.

Rivers carve with the stream power law, solved implicitly from the outlets upwards (Braun and Willett 2013,
doi:10.1016/j.geomorph.2012.10.008); water finds its way out of hollows by priority flood (Barnes et al. 2014,
doi:10.1016/j.cageo.2013.04.024). Heights start on a coarse grid, are carved, doubled, carved again.

The same seed has to give the same bytes everywhere, so only + - * / and square roots are used: IEEE 754 rounds
those alike on every machine, while sines, powers, `math.hypot` and `sum` of floats differ between C libraries and
versions of Python.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from random import Random

CELL_M = 100  # side of a cell of the finished height grid
_COARSEST_M = 4 * CELL_M  # carving begins at this cell size
_MARGIN_CELLS = 12  # carved around the region and cut off, so that its edge does not look like a coast

#: Metres climbed per metre beyond which a slope slides.
_TALUS = 0.75

_DAM_M = 14.0  # how high moraines dam lakes
_LAKE_TRIES = 24
_SHORE_CELLS = 3  # no lake nearer to the edge of the region
_LARGEST_LAKE = 90  # points
_DIAGONAL = math.sqrt(2.0)


@dataclass(frozen=True)
class Terrain:
    """A square grid of heights in metres, row by row from the south-west; `side` points `CELL_M` apart.

    `downhill` is the neighbour that a point's water runs to (-1: out of the region), `drained` the number of
    points whose water passes, `lakes` the points under water, lake by lake.
    """

    side: int
    heights: list[float]
    downhill: list[int]
    drained: list[int]
    lakes: list[list[int]]

    def height_at(self, x: float, y: float) -> float:
        """Height at a position inside the region, in metres from its south-west corner: bilinear between the points."""
        last = self.side - 2
        column, row = min(int(x / CELL_M), last), min(int(y / CELL_M), last)
        u, v, i = x / CELL_M - column, y / CELL_M - row, row * self.side + column
        south = self.heights[i] * (1.0 - u) + self.heights[i + 1] * u
        i += self.side
        north = self.heights[i] * (1.0 - u) + self.heights[i + 1] * u
        return south * (1.0 - v) + north * v


def make_terrain(rng: Random, size_km: int, progress: Callable[[int, int], None]) -> Terrain:
    """Raise mountains, let rivers carve them, and dam a few lakes.

    Parameters
    ----------
    rng : drawn from in a fixed order.
    size_km : side of the region, in km.
    progress : told how many of how many rounds of carving are done.
    """
    side = size_km * 1000 // CELL_M + 1
    heights, wide = _carved(rng, side + 2 * _MARGIN_CELLS, progress)
    inner = range(_MARGIN_CELLS, _MARGIN_CELLS + side)
    cut = [heights[row * wide + column] for row in inner for column in inner]
    flow = _Flow.over(cut, side)
    lakes = _lakes(rng, flow)
    return Terrain(side, flow.heights, flow.downhill, flow.drained(), lakes)


# --- fractal surfaces ---------------------------------------------------------------------------------------------


def _doubled(values: list[float], side: int) -> list[float]:
    """A grid of twice the side on the same ground: corner cutting, whose limit is a smooth biquadratic surface."""
    wide: list[list[float]] = []
    for start in range(0, side * side, side):
        row = values[start : start + side]
        left, right = [row[0], *row[:-1]], [*row[1:], row[-1]]
        out = [0.0] * (2 * side)
        out[::2] = [0.75 * a + 0.25 * b for a, b in zip(row, left, strict=True)]
        out[1::2] = [0.75 * a + 0.25 * b for a, b in zip(row, right, strict=True)]
        wide.append(out)
    result: list[float] = []
    for i, row in enumerate(wide):
        for other in (wide[max(i - 1, 0)], wide[min(i + 1, side - 1)]):
            result += [0.75 * a + 0.25 * b for a, b in zip(row, other, strict=True)]
    return result


def fractal(rng: Random, side: int, *, octaves: int, roughness: float) -> list[float]:
    """Smooth noise about 0..1 on `side` x `side` points; the longest waves span 2**(octaves + 1) points."""
    coarse = (side >> octaves) + 2
    values = [rng.random() for _ in range(coarse * coarse)]
    weight = 1.0
    for _ in range(octaves):
        values, coarse, weight = _doubled(values, coarse), coarse * 2, weight * roughness
        values = [v + weight * (rng.random() - 0.5) for v in values]
    return [v for row in range(side) for v in values[row * coarse : row * coarse + side]]


# --- carving ------------------------------------------------------------------------------------------------------


def _carved(rng: Random, needed: int, progress: Callable[[int, int], None]) -> tuple[list[float], int]:
    """Heights on a grid of at least `needed` points a side, and its side."""
    side = -(-needed * CELL_M // _COARSEST_M)
    broad = fractal(rng, side, octaves=4, roughness=0.55)
    uplift = [22.0 + 72.0 * min(max((b - 0.25) * 1.8, 0.0), 1.0) for b in broad]
    hardness = [0.6 + 0.8 * v for v in fractal(rng, side, octaves=2, roughness=0.9)]
    heights = [420.0 + 500.0 * b * b + 160.0 * rng.random() for b in broad]
    rounds = ((22, 1.0), (9, 0.25))
    total, done = rounds[0][0] + 4 * rounds[1][0], 0
    for level, (count, share) in enumerate(rounds):
        for _ in range(count):
            heights = _Flow.over(heights, side).worn(uplift, hardness, share, _COARSEST_M >> level)
            done += 4**level
            progress(done, total)
        heights = [h + (rng.random() - 0.5) * (40.0 if level == 0 else 14.0) for h in _doubled(heights, side)]
        uplift, hardness, side = _doubled(uplift, side), _doubled(hardness, side), side * 2
    return _mountainous(heights), side


def _mountainous(heights: list[float]) -> list[float]:
    """Shifted so that the lowest is 400 m, stretched where they would be mere hills, pressed together below 2600 m."""
    low, high = min(heights), max(heights)
    scale = min(2200.0, max(1600.0, high - low), 1.35 * (high - low)) / (high - low)
    return [400.0 + (h - low) * scale for h in heights]


@dataclass(frozen=True)
class _Flow:
    """Where water runs: every point's neighbour downhill, and the points in an order that never looks uphill."""

    side: int
    heights: list[float]  # hollows filled
    downhill: list[int]
    order: list[int]

    @staticmethod
    def over(heights: list[float], side: int) -> _Flow:
        """Priority flood from the rim; a point drains to the steepest of the neighbours flooded before it."""
        level, downhill, order = list(heights), [-1] * (side * side), []
        # 0 dry, 1 waiting in the queue, 2 flooded
        state = bytearray(side * side)
        queue = [(heights[i], i) for i in rim(side)]
        for _, i in queue:
            state[i] = 1
        heapify(queue)
        steps = [(1, 1.0), (-1, 1.0), (side, 1.0), (-side, 1.0)]
        steps += [(d, _DIAGONAL) for d in (side + 1, side - 1, -side + 1, -side - 1)]
        last = side - 1
        while queue:
            height, i = heappop(queue)
            state[i] = 2
            order.append(i)
            if i % side in (0, last) or i < side or i >= last * side:
                for step in _inward(i, side):
                    if not state[i + step]:
                        state[i + step] = 1
                        level[i + step] = max(heights[i + step], height + 0.01)
                        downhill[i + step] = i
                        heappush(queue, (level[i + step], i + step))
                continue
            steepest, to = -1.0, downhill[i]
            for step, length in steps:
                j = i + step
                if state[j] == 2:
                    slope = (height - level[j]) / length
                    if slope > steepest:
                        steepest, to = slope, j
                elif not state[j]:
                    state[j] = 1
                    h = heights[j]
                    if h <= height:
                        h = height + 0.01
                        level[j] = h
                    downhill[j] = i
                    heappush(queue, (h, j))
            downhill[i] = to
        return _Flow(side, level, downhill, order)

    def drained(self) -> list[int]:
        """How many points' water passes each point, itself counted."""
        area = [1] * len(self.order)
        downhill = self.downhill
        for i in reversed(self.order):
            if downhill[i] >= 0:
                area[downhill[i]] += area[i]
        return area

    def worn(self, uplift: list[float], hardness: list[float], share: float, cell_m: int) -> list[float]:
        """Heights after one round of uplift, river cutting and landslides; `share` scales the uplift of the round."""
        heights, downhill, root = list(self.heights), self.downhill, math.sqrt
        area = self.drained()
        side, steepest = self.side, _TALUS * cell_m
        for i in self.order:
            j = downhill[i]
            if j < 0:
                continue
            step = 1.0 if abs(j - i) in (1, side) else _DIAGONAL
            cut = 0.3 * share * root(area[i]) / (hardness[i] * step)
            below = heights[j]
            raised = (heights[i] + share * uplift[i] + cut * below) / (1.0 + cut)
            slide = below + steepest * step
            heights[i] = raised if raised < slide else slide
        return heights


def rim(side: int) -> list[int]:
    """The outermost points of a grid."""
    last = side - 1
    return [i for i in range(side * side) if i % side in (0, last) or i < side or i >= last * side]


def _inward(i: int, side: int) -> list[int]:
    """Steps from a point of the rim to its neighbours that are inside the grid."""
    row, column = divmod(i, side)
    return [
        dr * side + dc
        for dr in (-1, 0, 1)
        for dc in (-1, 0, 1)
        if (dr or dc) and 0 <= row + dr < side and 0 <= column + dc < side
    ]


# --- lakes --------------------------------------------------------------------------------------------------------


def _lakes(rng: Random, flow: _Flow) -> list[list[int]]:
    """At most one lake on each 2 x 2 km tile: dammed by a moraine in a valley, or a tarn in the hollow of a slope."""
    side, tile, area, lakes = flow.side, 2000 // CELL_M, flow.drained(), list[list[int]]()
    middle, near_water = sorted(flow.heights)[side * side // 2], bytearray(side * side)
    for corner in (
        row * side + column for row in range(0, side - tile, tile) for column in range(0, side - tile, tile)
    ):
        draws = [int(rng.random() * tile) for _ in range(2 * _LAKE_TRIES)]
        spots = [corner + a * side + b for a, b in zip(draws[::2], draws[1::2], strict=True)]
        dammed = [_flooded(flow, i, _DAM_M, _LARGEST_LAKE) for i in spots if area[i] > 12]
        tarns = [_flooded(flow, i, 90.0, 4 + i % 5) for i in spots if 5 < area[i] < 40 and flow.heights[i] > middle]
        choice = rng.random()
        kinds = [(dammed, _DAM_M), (tarns, 3.0)] if choice < 0.3 else [(tarns, 3.0), (dammed, _DAM_M)]
        for candidates, rise in kinds if choice < 0.55 else []:
            lake = max(candidates, key=len, default=[])
            if len(lake) >= 4 and not any(near_water[i] for i in lake):
                lakes.append(_filled(flow, lake, rise))
                for i in lake:
                    for j in _around(i, side):
                        near_water[j] = 1
                break
    return lakes


def _flooded(flow: _Flow, outlet: int, rise: float, most: int) -> list[int]:
    """The lowest points, about `most`, whose water passes `outlet` (the first of them) less than `rise` above it."""
    side, level, lake, shore = flow.side, flow.heights[outlet] + rise, [outlet], [(0.0, outlet)]
    while shore and len(lake) < most:
        _, i = heappop(shore)
        row, column = divmod(i, side)
        if not _SHORE_CELLS <= min(row, column) <= max(row, column) < side - _SHORE_CELLS:
            return []
        for j in _around(i, side):
            if flow.downhill[j] == i and flow.heights[j] < level:
                heappush(shore, (flow.heights[j], j))
                lake += [k for k in dict.fromkeys((_corner(flow, i, j), j)) if k not in lake]
    return lake


def _corner(flow: _Flow, i: int, j: int) -> int:
    """The higher corner beside diagonal neighbours, lest lakes become strings of beads; for others, one of them."""
    (row, column), (other_row, other_column) = divmod(i, flow.side), divmod(j, flow.side)
    corners = (row * flow.side + other_column, other_row * flow.side + column)
    return max(corners, key=flow.heights.__getitem__)


def _filled(flow: _Flow, lake: list[int], rise: float) -> list[int]:
    """The lake, levelled `rise` metres above its outlet."""
    level = flow.heights[lake[0]] + rise
    for i in lake:
        flow.heights[i] = level
    return lake


def _around(i: int, side: int) -> tuple[int, ...]:
    """The eight neighbours of a point that is not on the rim."""
    return (i + 1, i - 1, i + side, i - side, i + side + 1, i + side - 1, i - side + 1, i - side - 1)
