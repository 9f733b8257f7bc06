"""Loops of several days: what is asked and what is answered.

The arc orienteering problem with hotel selection: which trails to walk, in which order, and where to spend the nights,
so that every day is neither too short nor too long. All numbers are integers in the units of `solver.problem`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from solver.problem import LIMIT, Network, Status

#: Most days of a trek: the kernel keeps one bit of a 16-bit integer for each.
MOST_DAYS = 14
#: Costs per unit of length, and objectives, are in hundredths of a score point, so that all stays whole numbers.
POINTS = 100


class Camp(NamedTuple):
    """Where a night may be spent: at `node`, or at the end of a spur of `spur` metres from it.

    The spur is no edge: it is walked to the camp in the evening and back in the morning, and counts in the length of
    both days, but not as a repetition. `up`, `down` are its climbs towards the camp. `water`: bottles are filled there.
    """

    node: int
    spur: int = 0
    up: int = 0
    down: int = 0
    water: bool = False


class Pace(NamedTuple):
    """How far one gets in an hour: along the level, up, down (units of length and of climb).

    A day takes the longer of the time for its length and the time for its climbs, and half of the shorter one
    (DIN 33466): with l = length / level and c = ascent / up + descent / down that is max(l + c / 2, c + l / 2).
    """

    level: int
    up: int
    down: int

    def seconds(self, length: int, ascent: int, descent: int) -> int:
        """Time on foot, rounded up to whole seconds; reckoned in whole numbers."""
        level = length * self.up * self.down
        climb = (ascent * self.down + descent * self.up) * self.level
        both = 2 * self.level * self.up * self.down
        return -(-3600 * (2 * max(level, climb) + min(level, climb)) // both)


@dataclass(frozen=True)
class Day:
    """What one day of walking may be like. The ends of windows are inclusive; None: no limit.

    Parameters
    ----------
    min_length, max_length : metres, the spurs to the camps included.
    target : the length that is best; each metre astray costs `TrekProblem.balance_cost`. None: all are as good.
    max_ascent : metres climbed.
    min_time, max_time : seconds on foot at the problem's pace.
    closed : edges that must not be walked on this day.
    no_camps : camps (positions in `TrekProblem.camps`) where the night after this day must not be spent.
    """

    min_length: int
    max_length: int
    target: int | None = None
    max_ascent: int | None = None
    min_time: int | None = None
    max_time: int | None = None
    closed: frozenset[int] = field(default=frozenset(), repr=False)
    no_camps: frozenset[int] = field(default=frozenset(), repr=False)


@dataclass(frozen=True)
class TrekProblem:
    """Find the best loop of several days.

    maximise   100 * (the score of the DISTINCT edges walked on the trek, and their preferences)
               - balance_cost * the sum over the days of |length - target|
               - repeat_cost * the sum over the edges of (times walked - 1) * length
    so that    the first day starts at a trailhead, each day but the last ends at a camp where the next one starts,
               and the last ends at the trailhead where the first began,
               no edge is walked more than twice on any one day,
               every day keeps its limits, and the whole trek those that are given below

    Two nights may be spent at one camp, in a row or not.

    Parameters
    ----------
    network : the trails.
    trailheads : node numbers where the trek may start and end; at least one.
    camps : where nights may be spent.
    days : one for each day of walking, 2 to 14.
    balance_cost, repeat_cost : hundredths of a score point per metre, 0 or more.
    min_length, max_length, max_ascent : of all days together, or None.
    preferences : points that each edge earns beside its score (None: none do).
    via : nodes that the trek has to touch.
    roads, max_road_share : metres of road on each edge, and the largest share (0..1) of the length that may be road.
    max_repeat_share : the largest share (0..1) of the length that may be further passes over an edge.
    pace : needed where a day has a limit on time.
    waters : for each edge where along it, in metres from its `u`, bottles can be filled, ascending; None: unknown.
    max_dry : the longest way between two places to fill bottles, nights included, or None. They are full at the
        start, and the way from the last water to the end counts, too.
    """

    network: Network
    trailheads: tuple[int, ...]
    camps: tuple[Camp, ...]
    days: tuple[Day, ...]
    balance_cost: int = 0
    repeat_cost: int = 0
    min_length: int | None = None
    max_length: int | None = None
    max_ascent: int | None = None
    preferences: tuple[int, ...] | None = field(default=None, repr=False)
    via: tuple[int, ...] = ()
    roads: tuple[int, ...] | None = field(default=None, repr=False)
    max_road_share: float | None = None
    max_repeat_share: float | None = None
    pace: Pace | None = None
    waters: tuple[tuple[int, ...], ...] | None = field(default=None, repr=False)
    max_dry: int | None = None

    def __post_init__(self) -> None:
        """Check all values.

        Raises
        ------
        ValueError : nonsense; the message names the value and what would be right.
        """
        count, edges = self.network.node_count, len(self.network.edges)
        if not 2 <= len(self.days) <= MOST_DAYS:
            raise ValueError(f"there are {len(self.days)} days, want 2 to {MOST_DAYS}")
        if not self.trailheads:
            raise ValueError("trailheads is empty, want at least one node number")
        for name, nodes in (
            ("trailheads", self.trailheads),
            ("via", self.via),
            ("camps", [camp.node for camp in self.camps]),
        ):
            for node in nodes:
                if not 0 <= node < count:
                    raise ValueError(f"{name}: {node!r} is no node, want 0..{count - 1}")
        for name, cost in (("balance_cost", self.balance_cost), ("repeat_cost", self.repeat_cost)):
            if not 0 <= cost <= LIMIT:
                raise ValueError(f"{name} is {cost!r}, want an integer from 0 to {LIMIT}")
        for number, day in enumerate(self.days, 1):
            if not 0 <= day.min_length <= day.max_length <= LIMIT:
                raise ValueError(
                    f"day {number}: the window {day.min_length}..{day.max_length} is empty, or beyond 0..{LIMIT}"
                )
            if self.pace is None and (day.min_time is not None or day.max_time is not None):
                raise ValueError(f"day {number} has a limit on time, but pace is not given")
        for name, values in (("preferences", self.preferences), ("roads", self.roads), ("waters", self.waters)):
            if values is not None and len(values) != edges:
                raise ValueError(f"{name} has {len(values)} values for {edges} edges")
        for name, share in (("max_road_share", self.max_road_share), ("max_repeat_share", self.max_repeat_share)):
            if share is not None and not 0 <= share <= 1:
                raise ValueError(f"{name} is {share!r}, want a share from 0 to 1")
        if self.max_road_share is not None and self.roads is None:
            raise ValueError("max_road_share is given, but roads is not")
        if self.max_dry is not None and self.waters is None:
            raise ValueError("max_dry is given, but waters is not")

    def earnings(self) -> list[int]:
        """What walking each edge earns once: its score and its preference, in points."""
        scores = [edge.score for edge in self.network.edges]
        return scores if self.preferences is None else [s + p for s, p in zip(scores, self.preferences, strict=True)]

    def astray_cost(self, day: int, length: int) -> int:
        """What a day of this length loses for not having its target length, in hundredths of a point."""
        target = self.days[day].target
        return 0 if target is None else self.balance_cost * abs(length - target)

    def objective(self, trek: Trek) -> int:
        """What a trek is worth, in hundredths of a point."""
        walked = {e for day in trek.days for e in day.walk}
        earned = sum(self.network.edges[e].score for e in walked)
        if self.preferences is not None:
            earned += sum(self.preferences[e] for e in walked)
        astray = sum(self.astray_cost(i, day.length) for i, day in enumerate(trek.days))
        return POINTS * earned - astray - self.repeat_cost * trek.repeated


@dataclass(frozen=True)
class DayWalk:
    """One day: edge ids in the order walked, and the camp after it: a position in `TrekProblem.camps`, None at the end.

    `length` includes the spurs from the last camp and to the next one, and so do `ascent` and `descent`.
    """

    walk: tuple[int, ...]
    camp: int | None
    length: int
    ascent: int
    descent: int


@dataclass(frozen=True)
class Trek:
    """A loop of several days from `start` back to it. `repeated`: metres of edges walked again, on whichever day."""

    start: int
    days: tuple[DayWalk, ...]
    score: int
    length: int
    repeated: int

    @property
    def walk(self) -> tuple[int, ...]:
        """All edges in the order walked."""
        return tuple(e for day in self.days for e in day.walk)

    @property
    def camps(self) -> tuple[int, ...]:
        """The camps, night by night."""
        return tuple(day.camp for day in self.days if day.camp is not None)

    @property
    def ascent(self) -> int:
        """Metres climbed."""
        return sum(day.ascent for day in self.days)


def measured(problem: TrekProblem, start: int, walks: Sequence[Iterable[int]], camps: Sequence[int]) -> Trek:
    """A trek with its figures, from the edges of each day and the camp of each night.

    Raises
    ------
    ValueError : a walk is not connected, or does not lead from camp to camp and back to the start.
    """
    edges = problem.network.edges
    nights: list[int | None] = [*camps, None]
    seen: set[int] = set()
    score = repeated = 0
    days: list[DayWalk] = []
    before: int | None = None
    here = start
    for number, (walk, camp) in enumerate(zip(walks, nights, strict=True), 1):
        walk = tuple(walk)
        length = ascent = descent = 0
        if before is not None:
            spur = problem.camps[before]
            length, ascent, descent = spur.spur, spur.down, spur.up
        for e in walk:
            edge = edges[e]
            if here not in (edge.u, edge.v):
                raise ValueError(f"day {number}: edge {e} does not leave node {here}")
            forward = here == edge.u
            here = edge.v if forward else edge.u
            length += edge.length
            ascent += edge.up if forward else edge.down
            descent += edge.down if forward else edge.up
            repeated += edge.length if e in seen else 0
            score += 0 if e in seen else edge.score
            seen.add(e)
        goal = start
        if camp is not None:
            spur = problem.camps[camp]
            length, ascent, descent, goal = length + spur.spur, ascent + spur.up, descent + spur.down, spur.node
        if here != goal:
            raise ValueError(f"day {number} ends at node {here}, not at {goal}")
        days.append(DayWalk(walk, camp, length, ascent, descent))
        before = camp
    return Trek(start, tuple(days), score, sum(day.length for day in days), repeated)


@dataclass(frozen=True)
class Obstacle:
    """What keeps a trek from existing, as far as it is known.

    `night` (1 for the first) is the first night for which no camp can be reached within the limits, None where every
    night has one. `day` is the day that cannot be kept within its window, None where that is not known. `shortest`
    is the length that this day would need at least, to the nearest camp that is open then, or on the last day to
    the trailhead; None where there is no way at all. `words` says it in plain words, in metres.
    """

    words: str
    night: int | None = None
    day: int | None = None
    shortest: int | None = None


@dataclass(frozen=True)
class TrekResult:
    """The answer to a `TrekProblem`: treks best first, empty when none was found.

    `bound` is a proven upper bound on the objective of any trek (hundredths of a point), None where none is known.
    `obstacle` says why there is none. `iterations` counts the moves tried, `elapsed` is in seconds, `compiled` tells
    the kernel's mode.
    """

    status: Status
    treks: tuple[Trek, ...] = ()
    bound: int | None = None
    obstacle: Obstacle | None = None
    iterations: int = 0
    elapsed: float = 0.0
    compiled: bool = False

    @property
    def trek(self) -> Trek | None:
        """The best trek, or None."""
        return self.treks[0] if self.treks else None
