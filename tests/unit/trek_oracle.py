"""All treks of tiny problems, counted, and the best of them. Shares nothing with the solver but the problem's form.

Each day's walks are listed step by step, all orders of all edges. Walks, and treks so far, that come to the same
figures are kept once, with their number: what can follow and what it is worth depends on the figures alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from math import ceil
from random import Random
from typing import NamedTuple

from solver.problem import Network
from solver.trek import Camp, Day, Pace, Trek, TrekProblem, measured

#: Treks so far that differ, after any day: more of them and the problem is too large for here.
MOST_STATES = 60_000


class TooLargeError(Exception):
    """The problem has too many treks to list."""


@dataclass(frozen=True)
class Truth:
    """How many treks keep all limits, what the best is worth (hundredths of a point), and one such; None where none."""

    count: int
    objective: int | None = None
    trek: Trek | None = None


class Walk(NamedTuple):
    """What a walk comes to. `dry`: metres up to the first water, the longest between two, those behind the last."""

    end: int
    edges: frozenset[int]
    nodes: frozenset[int]
    length: int
    up: int
    down: int
    road: int
    dry: tuple[int, int, int] | None


class SoFar(NamedTuple):
    """What the first days of a trek come to. `thirst`: metres since the last water."""

    start: int
    camp: int | None
    edges: frozenset[int]
    nodes: frozenset[int]
    length: int
    trail: int
    up: int
    road: int
    astray: int
    thirst: int


def truth(problem: TrekProblem) -> Truth:
    """The answer by trying everything.

    Raises
    ------
    TooLargeError : there are too many treks.
    """
    #  each kind of trek so far: how many there are, and the walks and camps of one
    kinds: dict[SoFar, tuple[int, tuple[tuple[int, ...], ...], tuple[int, ...]]] = {
        SoFar(start, None, frozenset(), frozenset({start}), 0, 0, 0, 0, 0, 0): (1, (), ())
        for start in set(problem.trailheads)
    }
    last = len(problem.days) - 1
    for number in range(last + 1):
        walks: dict[int, dict[Walk, tuple[int, tuple[int, ...]]]] = {}
        grown: dict[SoFar, tuple[int, tuple[tuple[int, ...], ...], tuple[int, ...]]] = {}
        for kind, (count, before, camps) in kinds.items():
            here = kind.start if kind.camp is None else problem.camps[kind.camp].node
            if here not in walks:
                walks[here] = _walks(problem, number, here)
            for walk, (ways, example) in walks[here].items():
                for goal in _ends(problem, number, kind, walk):
                    then = _after(problem, number, kind, walk, goal)
                    if then is not None:
                        known = grown.get(then)
                        more = count * ways + (known[0] if known else 0)
                        nights = camps if goal is None else (*camps, goal)
                        grown[then] = (more, *known[1:]) if known else (more, (*before, example), nights)
                        if len(grown) > MOST_STATES:
                            raise TooLargeError
        kinds = grown
    total, best, found = 0, None, None
    for kind, (count, before, camps) in kinds.items():
        if _kept(problem, kind):
            total += count
            worth = _worth(problem, kind)
            if best is None or worth > best:
                best, found = worth, (kind.start, before, camps)
    return Truth(total, best, measured(problem, *found) if found else None)


def every_trek(problem: TrekProblem) -> Iterator[Trek]:
    """Every trek that walks from camp to camp and back, its limits not looked at but the longest days. Very many."""

    def onwards(start: int, here: int, walks: tuple[tuple[int, ...], ...], camps: tuple[int, ...]) -> Iterator[Trek]:
        number = len(walks)
        if number == len(problem.days):
            yield measured(problem, start, walks, camps)
            return
        for walk, end in _orders(problem, number, here):
            if number == len(problem.days) - 1:
                if end == start:
                    yield from onwards(start, end, (*walks, walk), camps)
            else:
                for i, camp in enumerate(problem.camps):
                    if camp.node == end:
                        yield from onwards(start, end, (*walks, walk), (*camps, i))

    for start in sorted(set(problem.trailheads)):
        yield from onwards(start, start, (), ())


def _orders(problem: TrekProblem, number: int, start: int) -> Iterator[tuple[tuple[int, ...], int]]:
    """Every walk of a day from a node, no edge more than twice, no longer than the day: its edges, and its end."""
    edges, day = problem.network.edges, problem.days[number]

    def onwards(here: int, walk: tuple[int, ...], length: int) -> Iterator[tuple[tuple[int, ...], int]]:
        yield walk, here
        for e, edge in enumerate(edges):
            open_today = here in (edge.u, edge.v) and e not in day.closed and walk.count(e) < 2
            if open_today and length + edge.length <= day.max_length:
                yield from onwards(edge.v if here == edge.u else edge.u, (*walk, e), length + edge.length)

    yield from onwards(start, (), 0)


def _walks(problem: TrekProblem, number: int, start: int) -> dict[Walk, tuple[int, tuple[int, ...]]]:
    kinds: dict[Walk, list[tuple[int, ...]]] = defaultdict(list)
    for walk, _ in _orders(problem, number, start):
        kinds[_figures(problem, start, walk)].append(walk)
        if len(kinds) > MOST_STATES:
            raise TooLargeError
    return {kind: (len(same), same[0]) for kind, same in kinds.items()}


def _figures(problem: TrekProblem, start: int, walk: tuple[int, ...]) -> Walk:
    here, length, up, down, road = start, 0, 0, 0, 0
    nodes, wet = {start}, []
    for e in walk:
        edge = problem.network.edges[e]
        forward = here == edge.u
        if problem.waters is not None and problem.max_dry is not None:
            wet += [length + (at if forward else edge.length - at) for at in problem.waters[e]]
        here = edge.v if forward else edge.u
        nodes.add(here)
        length += edge.length
        up += edge.up if forward else edge.down
        down += edge.down if forward else edge.up
        road += problem.roads[e] if problem.roads is not None else 0
    wet.sort()
    gaps = [b - a for a, b in pairwise(wet)]
    dry = (wet[0], max(gaps, default=0), length - wet[-1]) if wet else None
    vias = frozenset(nodes) & frozenset(problem.via)
    return Walk(here, frozenset(walk), vias, length, up, down, road, dry)


def _ends(problem: TrekProblem, number: int, kind: SoFar, walk: Walk) -> list[int | None]:
    """Where the night after this walk may be spent; [None] where it is the last day and back at the start."""
    if number == len(problem.days) - 1:
        return [None] if walk.end == kind.start else []
    shut = problem.days[number].no_camps
    return [i for i, camp in enumerate(problem.camps) if camp.node == walk.end and i not in shut]


def _after(problem: TrekProblem, number: int, kind: SoFar, walk: Walk, goal: int | None) -> SoFar | None:
    """A trek so far with one day more; None where the day breaks a limit, or no water is reached in time."""
    day = problem.days[number]
    morning = Camp(0) if kind.camp is None else problem.camps[kind.camp]
    evening = Camp(0) if goal is None else problem.camps[goal]
    length = morning.spur + walk.length + evening.spur
    up = morning.down + walk.up + evening.up
    down = morning.up + walk.down + evening.down
    if not day.min_length <= length <= day.max_length or (day.max_ascent is not None and up > day.max_ascent):
        return None
    if problem.pace is not None:
        level = Fraction(length, problem.pace.level)
        climb = Fraction(up, problem.pace.up) + Fraction(down, problem.pace.down)
        seconds = ceil(3600 * (max(level, climb) + min(level, climb) / 2))
        if (day.min_time is not None and seconds < day.min_time) or (
            day.max_time is not None and seconds > day.max_time
        ):
            return None
    thirst = 0
    if problem.max_dry is not None:
        thirst = kind.thirst + morning.spur
        longest = 0
        if walk.dry is None:
            thirst += walk.length
        else:
            longest = max(thirst + walk.dry[0], walk.dry[1])
            thirst = walk.dry[2]
        thirst += evening.spur
        if max(longest, thirst) > problem.max_dry:
            return None
        if evening.water:
            thirst = 0
    astray = 0 if day.target is None else abs(length - day.target)
    return SoFar(
        kind.start,
        goal,
        kind.edges | walk.edges,
        (kind.nodes | walk.nodes) & frozenset(problem.via),
        kind.length + length,
        kind.trail + walk.length,
        kind.up + up,
        kind.road + walk.road,
        kind.astray + astray,
        thirst,
    )


def _repeated(problem: TrekProblem, kind: SoFar) -> int:
    return kind.trail - sum(problem.network.edges[e].length for e in kind.edges)


def _kept(problem: TrekProblem, kind: SoFar) -> bool:
    """Whether a whole trek keeps what it has to keep as a whole."""
    share, road = problem.max_repeat_share, problem.max_road_share
    return (
        (problem.min_length is None or kind.length >= problem.min_length)
        and (problem.max_length is None or kind.length <= problem.max_length)
        and (problem.max_ascent is None or kind.up <= problem.max_ascent)
        and kind.nodes >= set(problem.via)
        and (share is None or _repeated(problem, kind) <= Fraction(str(share)) * kind.length)
        and (road is None or kind.road <= Fraction(str(road)) * kind.length)
    )


def _worth(problem: TrekProblem, kind: SoFar) -> int:
    earned = sum(problem.network.edges[e].score for e in kind.edges)
    if problem.preferences is not None:
        earned += sum(problem.preferences[e] for e in kind.edges)
    return 100 * earned - problem.balance_cost * kind.astray - problem.repeat_cost * _repeated(problem, kind)


def without_limits(problem: TrekProblem) -> TrekProblem:
    """The same problem without what only the whole trek has to keep."""
    return replace(
        problem, min_length=None, max_length=None, max_ascent=None, via=(), max_road_share=None, max_repeat_share=None,
        max_dry=None,
    )  # fmt: skip


def random_problem(seed: int) -> TrekProblem:
    """A tiny problem: 4 to 7 nodes, at most 9 edges, 2 to 4 days, 1 to 4 camps, each kind of limit now and then.

    Most windows and limits are put around a random trek, so that they are tight and mostly can be kept.
    """
    draw = Random(seed)
    count = draw.randint(4, 7)
    heights = [draw.randrange(0, 40) for _ in range(count)]
    pairs = [(draw.randrange(i), i) for i in range(1, count)]
    while len(pairs) < draw.randint(count, 9):
        pairs.append((draw.randrange(count), draw.randrange(count)))
    edges = [_random_edge(draw, u, v, heights) for u, v in pairs]
    network = Network(edges, count)
    camps = tuple(
        Camp(draw.randrange(count), *_random_spur(draw), water=draw.random() < 0.5) for _ in range(draw.randint(1, 4))
    )
    problem = TrekProblem(
        network,
        tuple(draw.randrange(count) for _ in range(draw.randint(1, 3))),
        camps,
        tuple(Day(0, draw.randint(8, 24)) for _ in range(draw.choice((2, 2, 3, 3, 4)))),
        balance_cost=draw.choice((0, 25, 100)),
        repeat_cost=draw.choice((0, 50, 100)),
    )
    example = _random_trek(problem, draw)
    return _with_limits(problem, draw, example)


def _random_edge(draw: Random, u: int, v: int, heights: list[int]) -> tuple[int, ...]:
    length = 0 if draw.random() < 0.03 else draw.randint(2, 9)
    climb = heights[v] - heights[u]
    more = draw.choice((0, 0, draw.randrange(5)))
    #  now and then heights that contradict each other, as in real data: the climb then depends on the order
    crooked = draw.randrange(9) if draw.random() < 0.1 else 0
    score = draw.choice((length, length, draw.randint(-2, 12)))
    return u, v, length, score, max(climb, 0) + more + crooked, max(-climb, 0) + more


def _random_spur(draw: Random) -> tuple[int, int, int]:
    return (draw.randint(1, 2), draw.randrange(4), draw.randrange(4)) if draw.random() < 0.4 else (0, 0, 0)


def _random_trek(problem: TrekProblem, draw: Random) -> Trek | None:
    """Some trek that keeps the longest days, found by strolling; None where luck is out."""
    for _ in range(200):
        start = here = draw.choice(problem.trailheads)
        walks: list[tuple[int, ...]] = []
        camps: list[int] = []
        for number in range(len(problem.days)):
            ends = [
                (walk, i)
                for walk, end in _orders_some(problem, number, here, draw)
                for i in ([-1] if number == len(problem.days) - 1 else range(len(problem.camps)))
                if end == (start if i < 0 else problem.camps[i].node)
            ]
            if not ends:
                break
            walk, i = draw.choice(ends)
            walks.append(walk)
            if i >= 0:
                camps.append(i)
                here = problem.camps[i].node
        else:
            trek = measured(problem, start, walks, camps)
            if all(day.length <= limits.max_length for day, limits in zip(trek.days, problem.days, strict=True)):
                return trek
    return None


def _orders_some(problem: TrekProblem, number: int, start: int, draw: Random) -> Iterator[tuple[tuple[int, ...], int]]:
    """A few walks of a day, made by strolling on at random."""
    for _ in range(12):
        here, length = start, 0
        walk: tuple[int, ...] = ()
        while draw.random() < 0.93:
            steps = [
                e
                for e, edge in enumerate(problem.network.edges)
                if here in (edge.u, edge.v)
                and walk.count(e) < 2
                and length + edge.length <= problem.days[number].max_length
            ]
            if not steps:
                break
            e = draw.choice(steps)
            edge = problem.network.edges[e]
            here, length, walk = (edge.v if here == edge.u else edge.u), length + edge.length, (*walk, e)
            yield walk, here


def _with_limits(problem: TrekProblem, draw: Random, trek: Trek | None) -> TrekProblem:
    edges = range(len(problem.network.edges))
    lengths = [edge.length for edge in problem.network.edges]

    def sometimes(share: float) -> bool:
        return draw.random() < share

    pace = Pace(draw.randint(3, 6), draw.randint(2, 9), draw.randint(3, 9)) if sometimes(0.25) else None
    days = []
    for i, day in enumerate(problem.days):
        walked = trek.days[i] if trek else None
        length = walked.length if walked else draw.randint(4, 12)
        low, high = max(0, length - draw.randint(0, 4)), length + draw.randint(0, 4)
        seconds = pace.seconds(length, walked.ascent, walked.descent) if pace and walked else 7200
        days.append(
            replace(
                day,
                min_length=low,
                max_length=high,
                target=draw.choice((None, (low + high) // 2, draw.randint(low, high))),
                max_ascent=max(0, (walked.ascent if walked else 30) + draw.randint(-2, 9)) if sometimes(0.2) else None,
                min_time=max(0, seconds - draw.randint(0, 1800)) if pace and sometimes(0.5) else None,
                max_time=seconds + draw.randint(0, 1800) if pace and sometimes(0.7) else None,
                closed=frozenset(e for e in edges if sometimes(0.5) and not (walked and e in walked.walk))
                if sometimes(0.2)
                else frozenset(),
                no_camps=frozenset(
                    c for c in range(len(problem.camps)) if sometimes(0.5) and not (walked and c == walked.camp)
                )
                if sometimes(0.2)
                else frozenset(),
            )
        )
    whole = trek.length if trek else 30
    waters = tuple(tuple(sorted(draw.sample(range(m + 1), min(m, draw.choice((0, 0, 1, 2)))))) for m in lengths)
    dry = sometimes(0.3)
    roads = tuple(draw.randint(0, m) if sometimes(0.3) else 0 for m in lengths) if sometimes(0.3) else None
    return replace(
        problem,
        days=tuple(days),
        pace=pace,
        min_length=max(0, whole - draw.randint(0, 5)) if sometimes(0.15) else None,
        max_length=whole + draw.randint(0, 5) if sometimes(0.15) else None,
        max_ascent=(trek.ascent if trek else 60) + draw.randint(0, 15) if sometimes(0.15) else None,
        preferences=tuple(draw.randint(-3, 5) for _ in edges) if sometimes(0.2) else None,
        via=(draw.randrange(problem.network.node_count),) if sometimes(0.15) else (),
        roads=roads,
        max_road_share=draw.choice((0.05, 0.15, 0.3)) if roads and sometimes(0.6) else None,
        max_repeat_share=draw.choice((0.0, 0.2, 0.4)) if sometimes(0.15) else None,
        waters=waters if dry or sometimes(0.1) else None,
        max_dry=draw.randint(8, 24) if dry else None,
    )
