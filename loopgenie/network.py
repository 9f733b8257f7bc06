"""Segments -> LoopProblem, and the solver's loop back to segments.

The solver counts in whole numbers: lengths, scores and roads are centimetres here, so that rounding is far below what
anyone can walk, and climbs are metres.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import NamedTuple

from loopgenie.geometry import Box, LonLat, bearing_deg, between, nearest_on_line, positions_at
from loopgenie.itinerary import Step
from loopgenie.parameters import TripParameters
from loopgenie.store import Segment, SegmentCore, Snapshot, Stretch, TrailStore
from loopgenie.ways import BEST, ROADS
from solver import Edge, Loop, LoopProblem, Network

#: Units of the solver in a metre.
UNITS = 100

#: What it costs, in metres of the best trail, to miss the asked length by a metre, and to walk each of the two passes
#: over a metre that is walked twice. So much because a hiker who asks for a loop of a length wants a loop, of that
#: length: rather some road than the same trail back. docs/peers.md tells how it was measured.
STRAY_COST = 3
#: What a metre that lies just where the heading points earns beside its score; one that lies opposite loses as much.
HEADING_WORTH = 0.5

#: How far from the network a start or a via point may lie, in metres.
SNAP_M = 250.0
#: A cut nearer than this (m) to a junction is the junction.
_SAME_M = 1.0
#: Turning points are no closer than this (m), and there are none where they would cut the network into more pieces.
_SHORTEST_PIECE_M = 100.0
_MOST_PIECES = 4_000


# --- areas --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Area:
    """The network in a box, as the solver takes it. Edge i is segment `cores[i]`."""

    cores: Sequence[SegmentCore]
    network: Network
    roads: tuple[int, ...]
    node_of: Mapping[int, int]  # by junction id
    edge_of: Mapping[int, int]  # by segment id
    junctions: Sequence[int]  # by node

    @staticmethod
    def of(cores: Iterable[SegmentCore]) -> Area:
        """Number the junctions and scale the segments."""
        cores = list(cores)
        node_of: dict[int, int] = {}
        for core in cores:
            node_of.setdefault(core.start, len(node_of))
            node_of.setdefault(core.end, len(node_of))
        edges = [
            (
                node_of[core.start],
                node_of[core.end],
                round(core.length_m * UNITS),
                round(core.score * UNITS),
                core.ascent_m or 0,
                core.descent_m or 0,
            )
            for core in cores
        ]
        return Area(
            cores,
            Network(edges, len(node_of)),
            tuple(min(round(core.road_m * UNITS), edge[2]) for core, edge in zip(cores, edges, strict=True)),
            node_of,
            {core.id: i for i, core in enumerate(cores)},
            list(node_of),
        )


class Limits(NamedTuple):
    """Which segments may be walked: none graded harder than `max_difficulty`; only those with `heights`; none that are
    `informal` unless those are asked for.
    """

    max_difficulty: int | None = None
    heights: bool = False
    informal: bool = False

    @staticmethod
    def of(parameters: TripParameters) -> Limits:
        """The limits of a request: a limit on ascent can only be kept where heights are known."""
        trek = parameters.trek
        climbs = parameters.max_ascent_m is not None or (trek is not None and trek.max_ascent_m is not None)
        return Limits(parameters.max_difficulty, climbs, parameters.informal)

    def allow(self, core: SegmentCore) -> bool:
        """Whether a segment may be walked; ungraded ones may."""
        if self.heights and (core.ascent_m is None or core.descent_m is None):
            return False
        if core.informal and not self.informal:
            return False
        return self.max_difficulty is None or core.difficulty is None or core.difficulty <= self.max_difficulty


class Areas:
    """The areas used last, so that a request like an earlier one reads nothing. For several threads.

    Parameters
    ----------
    capacity : how many segments all kept areas may have together; about 700 bytes each.
    """

    def __init__(self, capacity: int = 150_000) -> None:
        self._capacity = capacity
        self._kept: OrderedDict[tuple[str, Box, Limits, frozenset[int]], Area] = OrderedDict()
        self._lock = threading.Lock()

    def get(
        self, store: TrailStore, snapshot: Snapshot, box: Box, limits: Limits, closed: frozenset[int] = frozenset()
    ) -> Area:
        """The network of the segments that touch a box, are within the limits and are not closed."""
        key = (snapshot.id, box, limits, closed)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        area = Area.of(core for core in store.cores_in(box) if limits.allow(core) and core.id not in closed)
        with self._lock:
            self._kept[key] = area
            while len(self._kept) > 1 and sum(len(a.cores) for a in self._kept.values()) > self._capacity:
                self._kept.popitem(last=False)
        return area


def box_around(places: Iterable[Sequence[float]], parameters: TripParameters, snapshot: Snapshot) -> Box:
    """What a loop from one of these places can touch, made so that requests that are alike share an area.

    It is rounded up, and cut where the data ends: most long drives end up with all there is.
    """
    box = Box.around(places).grown(parameters.max_length_m / 2 + SNAP_M)
    widest = max(box.max_lon - box.min_lon, box.max_lat - box.min_lat)
    step = 2.0 ** math.ceil(math.log2(widest / 32))
    box = Box(
        math.floor(box.min_lon / step) * step,
        math.floor(box.min_lat / step) * step,
        math.ceil(box.max_lon / step) * step,
        math.ceil(box.max_lat / step) * step,
    )
    regions = [region.box for region in snapshot.regions if region.box is not None and region.box.touches(box)]
    return box.cut_to(Box.around(corner for r in regions for corner in (r[:2], r[2:]))) if regions else box


# --- places on the network ----------------------------------------------------------------------------------------


class Spot(NamedTuple):
    """The point of the network nearest to a position: a share (0..1) along a segment, `away_m` metres from it."""

    segment: Segment
    share: float
    away_m: float
    at: LonLat


def spot_near(position: LonLat, store: TrailStore, limits: Limits) -> Spot | None:
    """The nearest point on a segment within the limits, at most `SNAP_M` away."""
    box = Box(*position, *position).grown(SNAP_M)
    spots = [_spot(position, segment) for segment in store.segments_in(box, 10_000) if limits.allow(segment.core)]
    best = min(spots, key=lambda spot: (spot.away_m, spot.segment.core.id), default=None)
    return best if best is not None and best.away_m <= SNAP_M else None


def _spot(position: LonLat, segment: Segment) -> Spot:
    foot = nearest_on_line(position, segment.line)
    length_m = segment.core.length_m
    share = min(1.0, foot.along_m / length_m) if length_m else 0.0
    if share * length_m < _SAME_M:
        share = 0.0
    elif (1 - share) * length_m < _SAME_M:
        share = 1.0
    return Spot(segment, share, foot.distance_m, foot.at)


def turning_spots(area: Area, parameters: TripParameters, store: TrailStore) -> list[Spot]:
    """Where a walk may turn round on long dead ends, so that out and back over one more piece cannot miss the window.

    The solver walks edges as a whole. Where trails meet often that is no limit; but where the only way from a trailhead
    is 23 km long, a walk of 20 km has to turn round in its middle.
    """
    piece_m = max((parameters.max_length_m - parameters.min_length_m) / 2, _SHORTEST_PIECE_M)
    long = [core for core in _dead_ends(area) if piece_m < core.length_m]
    if sum(core.length_m for core in long) > _MOST_PIECES * piece_m:
        return []
    spots = []
    for segment in store.segments([core.id for core in long]).values():
        count = math.ceil(segment.core.length_m / piece_m)
        shares = [i / count for i in range(1, count)]
        for share, at in zip(shares, positions_at(segment.line, shares), strict=True):
            spots.append(Spot(segment, share, 0.0, LonLat(*at[:2])))
    return spots


def _dead_ends(area: Area) -> list[SegmentCore]:
    """The segments that lead to no loop: what comes off when loose ends are taken off again and again."""
    at: dict[int, set[int]] = {}
    for number, core in enumerate(area.cores):
        at.setdefault(core.start, set()).add(number)
        at.setdefault(core.end, set()).add(number)
    found = []
    loose = [junction for junction, numbers in at.items() if len(numbers) == 1]
    while loose:
        junction = loose.pop()
        for number in tuple(at[junction]):
            core = area.cores[number]
            if core.start == core.end:
                continue
            found.append(core)
            other = core.end if core.start == junction else core.start
            at[junction].discard(number)
            at[other].discard(number)
            if len(at[other]) == 1:
                loose.append(other)
    return found


# --- the problem --------------------------------------------------------------------------------------------------


class _Piece(NamedTuple):
    """The part of a segment between two shares of its length, as an edge."""

    begin: float
    end: float
    edge: Edge
    road: int


@dataclass
class TripNetwork:
    """The network of one request: an area, with segments cut where a walk has to start or pass in their middle."""

    area: Area
    edges: list[Edge] = field(init=False)
    roads: list[int] = field(init=False)
    node_count: int = field(init=False)
    _cuts: dict[int, LonLat] = field(default_factory=dict)  # where the nodes lie that are no junctions
    _pieces: dict[int, tuple[int, _Piece]] = field(default_factory=dict)  # edge -> original edge, piece

    def __post_init__(self) -> None:
        self.edges = list(self.area.network.edges)
        self.roads = list(self.area.roads)
        self.node_count = self.area.network.node_count

    def cut_at(self, spots: Sequence[Spot]) -> list[int]:
        """Cut segments of the area at spots, and tell the node of each spot."""
        nodes: dict[tuple[int, float], int] = {}
        for segment in {s.segment.core.id: s.segment for s in spots}.values():
            shares = sorted({s.share for s in spots if s.segment.core.id == segment.core.id and 0 < s.share < 1})
            nodes |= self._cut(segment, shares)
        places = {nodes[spot.segment.core.id, spot.share]: spot.at for spot in spots}
        self._cuts |= {node: place for node, place in places.items() if node >= self.area.network.node_count}
        return [nodes[spot.segment.core.id, spot.share] for spot in spots]

    def _cut(self, segment: Segment, shares: Sequence[float]) -> dict[tuple[int, float], int]:
        first = self.area.edge_of[segment.core.id]
        whole = self.edges[first]
        nodes = [whole.u, *range(self.node_count, self.node_count + len(shares)), whole.v]
        self.node_count += len(shares)
        pieces = _pieces(segment, whole, nodes, shares, self.roads[first]) if shares else []
        for i, piece in enumerate(pieces):
            edge = first if i == 0 else len(self.edges)  # the numbers of all other edges stay what they are
            self.edges[edge : edge + 1] = [piece.edge]
            self.roads[edge : edge + 1] = [piece.road]
            self._pieces[edge] = (first, piece)
        return {(segment.core.id, share): node for share, node in zip((0.0, *shares, 1.0), nodes, strict=True)}

    def towards(self, heading_deg: float, origin: LonLat, store: TrailStore) -> list[float]:
        """How well each edge lies in a direction from a place: 1 where it points, -1 opposite, by the edge's middle."""
        places: dict[int, Sequence[float]] = {**self._cuts}
        for junction in store.junctions(self.area.junctions).values():
            places[self.area.node_of[junction.id]] = (junction.lon, junction.lat)
        middles = [between(places[edge.u], places[edge.v], 0.5) for edge in self.edges]
        return [math.cos(math.radians(bearing_deg(origin, middle) - heading_deg)) for middle in middles]

    def leanings(self, towards: Sequence[float]) -> list[int]:
        """What each edge earns beside its score for how well it lies."""
        return [round(HEADING_WORTH * well * edge.length) for well, edge in zip(towards, self.edges, strict=True)]

    def network(self) -> Network:
        """The network for the solver."""
        return Network(self.edges, self.node_count) if self._pieces else self.area.network

    def problem(
        self,
        parameters: TripParameters,
        starts: Iterable[int],
        via: Iterable[int] = (),
        towards: Sequence[float] | None = None,
    ) -> LoopProblem:
        """What is asked of the solver. `starts` and `via` are nodes; `towards` is how well each edge lies.

        A metre beyond the asked length costs what the best trail earns, so that filling the window is no gain, and
        `STRAY_COST` more. One short of it costs as much, told to the solver as what each new metre earns: a second
        pass over a metre does without that, and pays once more for itself.
        """
        stray_costs = [STRAY_COST * edge.length for edge in self.edges]
        preferences = stray_costs
        if towards is not None:
            preferences = [stray + lean for stray, lean in zip(stray_costs, self.leanings(towards), strict=True)]
        low = math.ceil(parameters.min_length_m * UNITS - 1e-6)
        high = math.floor(parameters.max_length_m * UNITS + 1e-6)
        return LoopProblem(
            self.network(),
            starts,
            min_length=min(low, high),
            max_length=max(low, high),
            max_ascent=None if parameters.max_ascent_m is None else int(parameters.max_ascent_m),
            target=round(parameters.hike_m * UNITS),
            overlength_cost=round(BEST) + 2 * STRAY_COST,
            preferences=preferences,
            repeat_costs=stray_costs,
            via=via,
            max_repeat_share=parameters.max_repeat_share,
            roads=None if parameters.max_road_share is None else self.roads,
            max_road_share=parameters.max_road_share,
        )

    # -- back from the solver ----------------------------------------------------------------------------------

    def steps(self, walk: Iterable[int], node: int) -> list[Step]:
        """A walk, edge by edge from a node, as steps over segments."""
        steps = []
        for number in walk:
            edge = self.edges[number]
            forward = edge.u == node
            node = edge.v if forward else edge.u
            steps.append(self._step(number, edge, forward))
        return steps

    def segment(self, number: int) -> int:
        """The id of the segment that an edge lies on."""
        return self.area.cores[self._pieces[number][0] if number in self._pieces else number].id

    def step(self, number: int) -> Step:
        """An edge as a step, walked from its `u`."""
        return self._step(number, self.edges[number], True)

    def _step(self, number: int, edge: Edge, forward: bool) -> Step:
        original, piece = self._pieces.get(number, (number, None))
        core = self.area.cores[original]
        known = core.ascent_m is not None and core.descent_m is not None
        up, down = (edge.up, edge.down) if known else (None, None)
        step = Step(core.id, True, piece.begin if piece else 0.0, piece.end if piece else 1.0, up, down)
        return step if forward else step.turned()

    def nodes(self, loop: Loop) -> list[int]:
        """The node before each step of a loop."""
        nodes = [loop.start]
        for number in loop.walk[:-1]:
            edge = self.edges[number]
            nodes.append(edge.v if edge.u == nodes[-1] else edge.u)
        return nodes

    def length_m(self, walk: Iterable[int]) -> float:
        """The length of a walk, from lengths that are not rounded."""
        cores, edge_of = self.area.cores, self.area.edge_of
        return sum(cores[edge_of[s.segment]].length_m * (s.end - s.begin) for s in map(self.step, walk))

    def ways_at(self, junctions: Iterable[int]) -> dict[int, int]:
        """How many ways meet at each of some junctions."""
        count = dict.fromkeys(junctions, 0)
        for core in self.area.cores:
            for junction in (core.start, core.end):
                if junction in count:
                    count[junction] += 1
        return count


def _pieces(segment: Segment, whole: Edge, nodes: Sequence[int], shares: Sequence[float], road: int) -> list[_Piece]:
    """A segment cut at shares of its length: what the pieces have adds up to what the whole has.

    Only climbs may add up to a little more; but where heights are known, each cut has the height of the line there, so
    that a closed walk still comes down as far as it went up.
    """
    marks = (0.0, *shares, 1.0)
    lengths = _differences([round(whole.length * mark) for mark in marks])
    scores = _differences([round(whole.score * s) for s in _share_of(segment, marks, lambda s: s.score)])
    roads = _differences([round(road * s) for s in _share_of(segment, marks, _road_m)])
    climbs = _differences([round(c) for c in _climbs(segment, whole.up - whole.down, marks)])
    pieces = []
    for i, climb in enumerate(climbs):
        up = max(round(whole.up * (marks[i + 1] - marks[i])), climb, 0)
        edge = Edge(nodes[i], nodes[i + 1], lengths[i], scores[i], up, up - climb)
        pieces.append(_Piece(marks[i], marks[i + 1], edge, roads[i]))
    return pieces


def _differences(values: Sequence[int]) -> list[int]:
    return [b - a for a, b in pairwise(values)]


def _road_m(stretch: Stretch) -> float:
    return stretch.length_m if stretch.kind in ROADS else 0.0


def _share_of(segment: Segment, marks: Sequence[float], amount: Callable[[Stretch], float]) -> list[float]:
    """How much of what the stretches have, evenly along each, lies before each mark, as a share of all of it."""
    ends = [0.0, *accumulate(s.length_m for s in segment.stretches)]
    amounts = [amount(s) for s in segment.stretches]

    def before(metres: float) -> float:
        return sum(
            whole * (min(metres, end) - begin) / (end - begin)
            for whole, (begin, end) in zip(amounts, pairwise(ends), strict=True)
            if metres > begin and end > begin
        )

    total = before(ends[-1])
    return [before(mark * ends[-1]) / total if total else mark for mark in marks]


def _climbs(segment: Segment, whole: int, marks: Sequence[float]) -> list[float]:
    """How much higher than its start the segment is at each mark; evenly spread where heights are not known."""
    bottom, top = segment.line[0][2], segment.line[-1][2]
    heights = [position[2] for position in positions_at(segment.line, marks)]
    if bottom is None or top is None or None in heights:
        return [whole * mark for mark in marks]
    amiss = whole - (top - bottom)  # the whole's climbs are rounded, and may have been smoothed
    return [(height or 0.0) - bottom + amiss * mark for height, mark in zip(heights, marks, strict=True)]
