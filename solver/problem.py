"""What is asked and what is answered: networks, loop problems, loops, results.

All numbers are integers. The solver does not care for their unit as long as `length` and the window
share one; the files and this documentation speak of metres.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Edge(NamedTuple):
    """A segment of trail between two junctions, walked in either direction.

    `u`, `v` are node numbers, equal for a self-loop; parallel edges are fine. `length` is in metres and
    not negative. `score` is what walking the edge once earns (negative: to be shunned). `up` and `down`
    are metres climbed and lost when walking from `u` to `v`; `up - down` should be the difference of the heights
    of the two ends, because then a closed walk climbs as much in either direction.
    """

    u: int
    v: int
    length: int
    score: int
    up: int = 0
    down: int = 0

    @property
    def climb(self) -> int:
        """What the edge adds to twice the ascent of a closed walk.

        The two directions of a self-loop cannot be told apart: it is walked as it is recorded.
        """
        return 2 * self.up if self.u == self.v else self.up + self.down


@dataclass(frozen=True)
class Network:
    """An undirected multigraph of trail. Edge ids are positions in `edges`, node ids are 0..node_count-1.

    Parameters
    ----------
    edges : anything that unpacks into an `Edge`.
    node_count : number of nodes; the default is one more than the largest node number in `edges`.

    Raises
    ------
    ValueError : a value is no integer, a length or climb is negative, a node number is out of range.
    """

    edges: tuple[Edge, ...]
    node_count: int = -1

    def __init__(self, edges: Iterable[Sequence[int]], node_count: int = -1) -> None:
        checked = tuple(_checked_edge(i, e) for i, e in enumerate(edges))
        needed = 1 + max((max(e.u, e.v) for e in checked), default=-1)
        if not _is_integer(node_count):
            raise ValueError(f"node_count is {node_count!r}, want an integer")
        if max(node_count, needed) > MOST_NODES:
            raise ValueError(f"there are {max(node_count, needed)} nodes, want at most {MOST_NODES}")
        if node_count < 0:
            node_count = needed
        elif needed > node_count:
            raise ValueError(f"an edge names node {needed - 1}, but there are only {node_count} nodes")
        object.__setattr__(self, "edges", checked)
        object.__setattr__(self, "node_count", node_count)


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


#: Largest magnitude of any length, score or climb: sums over 10^6 edges walked twice stay far inside 64 bits.
LIMIT = 10**9
#: Most nodes of a network; each takes memory, whether an edge leads to it or not.
MOST_NODES = 10**7
#: Most via nodes of a problem: the kernel keeps one bit of a 32-bit integer for each.
MOST_VIAS = 30


def _checked_edge(position: int, values: Sequence[int]) -> Edge:
    try:
        edge = Edge(*values)
    except TypeError:
        raise ValueError(f"edge {position}: want (u, v, length, score[, up, down]), got {values!r}") from None
    u, v, length, score, up, down = edge
    if type(u) is type(v) is type(length) is type(score) is type(up) is type(down) is int and (
        0 <= u <= LIMIT
        and 0 <= v <= LIMIT
        and 0 <= length <= LIMIT
        and -LIMIT <= score <= LIMIT
        and 0 <= up <= LIMIT
        and 0 <= down <= LIMIT
    ):
        return edge  # a network has tens of thousands of these
    for name, value in zip(edge._fields, edge, strict=True):
        if not _is_integer(value):
            raise ValueError(f"edge {position}: {name} is {value!r}, want an integer")
        if value < 0 and name != "score":
            raise ValueError(f"edge {position}: {name} is {value}, want 0 or more")
        if abs(value) > LIMIT:
            raise ValueError(f"edge {position}: {name} is {value}, want at most {LIMIT} in size")
    return edge


@dataclass(frozen=True)
class LoopProblem:
    """Find the best closed walk of a given length from one of some trailheads.

    maximise   the score of the DISTINCT edges walked, and their preferences
               - the repeat costs of the edges walked twice - overlength_cost * max(0, length - target)
    so that    the walk starts and ends at the same trailhead, no edge is walked more than twice,
               min_length <= length <= max_length, and the limits that are given hold

    Parameters
    ----------
    network : the trails.
    trailheads : node numbers where the walk may start and end; at least one.
    min_length, max_length : the window, in metres, both inclusive.
    max_ascent : metres, or None; a closed walk climbs sum((up + down) / 2) over its steps.
    target, overlength_cost : each metre beyond `target` costs `overlength_cost` score points; by default nothing.
    preferences : points that each edge earns beside its score (None: none do); they steer the choice, a heading say,
        and are no part of `Loop.score`. Negative: rather not.
    repeat_costs : points that walking each edge a second time costs, 0 or more (None: no edge costs any).
    via : node numbers that the walk has to touch, at most 30.
    max_repeat_share : at most this share (0..1) of the walk's length may be second passes over an edge, or None.
    roads, max_road_share : metres of road on each edge (None: no edge has any), and the largest share (0..1)
        of the walk's length that may be road, or None.

    Raises
    ------
    ValueError : nonsense; the message names the value and what would be right.
    """

    network: Network
    trailheads: tuple[int, ...]
    min_length: int
    max_length: int
    max_ascent: int | None = None
    target: int | None = None
    overlength_cost: int = 0
    preferences: tuple[int, ...] | None = field(default=None, repr=False)
    repeat_costs: tuple[int, ...] | None = field(default=None, repr=False)
    via: tuple[int, ...] = ()
    max_repeat_share: float | None = None
    roads: tuple[int, ...] | None = field(default=None, repr=False)
    max_road_share: float | None = None

    def __init__(
        self,
        network: Network,
        trailheads: Iterable[int],
        *,
        min_length: int,
        max_length: int,
        max_ascent: int | None = None,
        target: int | None = None,
        overlength_cost: int = 0,
        preferences: Sequence[int] | None = None,
        repeat_costs: Sequence[int] | None = None,
        via: Iterable[int] = (),
        max_repeat_share: float | None = None,
        roads: Sequence[int] | None = None,
        max_road_share: float | None = None,
    ) -> None:
        values = {
            "network": network,
            "trailheads": _sorted_nodes("trailheads", trailheads, network),
            "min_length": min_length,
            "max_length": max_length,
            "max_ascent": max_ascent,
            "target": target,
            "overlength_cost": overlength_cost,
            "preferences": None if preferences is None else tuple(preferences),
            "repeat_costs": None if repeat_costs is None else tuple(repeat_costs),
            "via": _sorted_nodes("via", via, network),
            "max_repeat_share": max_repeat_share,
            "roads": None if roads is None else tuple(roads),
            "max_road_share": max_road_share,
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)
        self._check()

    def _check(self) -> None:
        if not self.trailheads:
            raise ValueError("trailheads is empty, want at least one node number")
        if len(self.via) > MOST_VIAS:
            raise ValueError(f"via has {len(self.via)} nodes, want at most {MOST_VIAS}")
        for name in ("min_length", "max_length", "max_ascent", "target", "overlength_cost"):
            value = getattr(self, name)
            if value is None and name in ("max_ascent", "target"):
                continue
            if not _is_integer(value) or not 0 <= value <= LIMIT:
                raise ValueError(f"{name} is {value!r}, want an integer from 0 to {LIMIT}")
        if self.min_length > self.max_length:
            raise ValueError(
                f"the window {self.min_length}..{self.max_length} is empty: min_length is above max_length"
            )
        for name in ("max_repeat_share", "max_road_share"):
            share = getattr(self, name)
            if share is not None and not (isinstance(share, int | float) and 0 <= share <= 1):
                raise ValueError(f"{name} is {share!r}, want a share from 0 to 1")
        for name, least in (("roads", 0), ("repeat_costs", 0), ("preferences", -LIMIT)):
            values = getattr(self, name)
            if values is not None and len(values) != len(self.network.edges):
                raise ValueError(f"{name} has {len(values)} values for {len(self.network.edges)} edges")
            for number, value in enumerate(values or ()):
                if not _is_integer(value) or not least <= value <= LIMIT:
                    raise ValueError(f"{name}: edge {number} has {value!r}, want an integer from {least} to {LIMIT}")
        if self.max_road_share is not None and self.roads is None:
            raise ValueError("max_road_share is given, but roads is not")

    def earnings(self) -> list[int]:
        """What walking each edge adds to the objective: its score and its preference."""
        scores = [edge.score for edge in self.network.edges]
        return scores if self.preferences is None else [s + p for s, p in zip(scores, self.preferences, strict=True)]

    def value(self, earned: int, length: int) -> int:
        """The objective of a walk that earned so much: less what the metres beyond the target cost."""
        if self.target is None or length <= self.target:
            return earned
        return earned - self.overlength_cost * (length - self.target)

    def objective(self, loop: Loop) -> int:
        """What a loop is worth: its score and preferences, less what repetition and metres beyond the target cost."""
        earned = loop.score
        times = Counter(loop.walk)
        if self.preferences is not None:
            earned += sum(self.preferences[e] for e in times)
        if self.repeat_costs is not None:
            earned -= sum(self.repeat_costs[e] for e, y in times.items() if y > 1)
        return self.value(earned, loop.length)


def _sorted_nodes(name: str, nodes: Iterable[int], network: Network) -> tuple[int, ...]:
    """The nodes without doubles, in ascending order; ValueError where one is not in the network."""
    unique = set(nodes)
    for node in unique:
        if not _is_integer(node) or not 0 <= node < network.node_count:
            raise ValueError(f"{name}: {node!r} is no node, want 0..{network.node_count - 1}")
    return tuple(sorted(unique))


class Status(StrEnum):
    """What is known about the answer."""

    OPTIMAL = "optimal"  # proven: nothing better exists
    FEASIBLE = "feasible"  # a valid loop; better ones may exist
    INFEASIBLE = "infeasible"  # proven: no such loop exists
    UNKNOWN = "unknown"  # none found, none excluded


@dataclass(frozen=True)
class Loop:
    """A closed walk: edge ids in the order walked, from `start` back to `start`; metres and score points.

    `ascent` is the sum of the climbs in the direction walked.
    """

    start: int
    walk: tuple[int, ...]
    score: int
    length: int
    ascent: int
    repeated: int  # metres walked a second time


@dataclass(frozen=True)
class Result:
    """The answer to a `LoopProblem`.

    `loops` are best first and empty when none was found. `bound` is a proven upper bound on the objective of
    any loop, None where none is known. `reason` says in plain words why there is no loop; `nearest_lengths` are
    lengths (metres) of loops that do exist, one at most below the window and one above it.
    `iterations` counts the moves tried, `elapsed` is in seconds, `compiled` tells the kernel's mode.
    """

    status: Status
    loops: tuple[Loop, ...] = ()
    bound: int | None = None
    reason: str | None = None
    nearest_lengths: tuple[int, ...] = ()
    iterations: int = 0
    elapsed: float = 0.0
    compiled: bool = False

    @property
    def loop(self) -> Loop | None:
        """The best loop, or None."""
        return self.loops[0] if self.loops else None
