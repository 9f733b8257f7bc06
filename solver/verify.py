"""The referee: is a loop, or a trek, a valid answer to a problem? Shares no code with the methods that find them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import ceil

from solver.problem import Loop, LoopProblem
from solver.trek import Camp, DayWalk, Pace, Trek, TrekProblem


def violations(problem: LoopProblem, loop: Loop) -> list[str]:
    """Everything that is wrong with a loop, in words; an empty list when it is a valid answer.

    Climb is summed in the direction walked. Shares are taken as they are written: 0.29 allows 29 of 100.
    """
    edges = problem.network.edges
    wrong: list[str] = []
    if not loop.walk:
        return ["the walk is empty"]
    if loop.start not in problem.trailheads:
        wrong.append(f"start {loop.start} is no trailhead")
    here = loop.start
    visited = {here}
    length = ascent = road = 0
    times: Counter[int] = Counter()
    for step, number in enumerate(loop.walk):
        if not 0 <= number < len(edges):
            return [*wrong, f"step {step}: there is no edge {number}"]
        u, v, metres, _, up, down = edges[number]
        if here not in (u, v):
            return [*wrong, f"step {step}: edge {number} does not leave node {here}"]
        here, climbed = (v, up) if here == u else (u, down)
        visited.add(here)
        length += metres
        ascent += climbed
        road += problem.roads[number] if problem.roads is not None else 0
        times[number] += 1
    if here != loop.start:
        wrong.append(f"the walk ends at {here}, not at its start {loop.start}")
    wrong += [f"edge {number} is walked {n} times" for number, n in times.items() if n > 2]
    if not problem.min_length <= length <= problem.max_length:
        wrong.append(f"length {length} is outside {problem.min_length}..{problem.max_length}")
    if problem.max_ascent is not None and ascent > problem.max_ascent:
        wrong.append(f"ascent {ascent} is above {problem.max_ascent}")
    wrong += [f"via node {node} is missed" for node in problem.via if node not in visited]
    repeated = sum(edges[number].length * (n - 1) for number, n in times.items())
    if problem.max_repeat_share is not None and repeated > Decimal(str(problem.max_repeat_share)) * length:
        wrong.append(f"{repeated} of {length} are walked again, above a share of {problem.max_repeat_share}")
    if problem.max_road_share is not None and road > Decimal(str(problem.max_road_share)) * length:
        wrong.append(f"{road} of {length} are road, above a share of {problem.max_road_share}")
    score = sum(edges[number].score for number in times)
    said = {"score": loop.score, "length": loop.length, "ascent": loop.ascent, "repeated": loop.repeated}
    found = {"score": score, "length": length, "ascent": ascent, "repeated": repeated}
    wrong += [f"{name} is {found[name]}, the loop says {said[name]}" for name in said if said[name] != found[name]]
    return wrong


def trek_violations(problem: TrekProblem, trek: Trek) -> list[str]:
    """Everything that is wrong with a trek, in words; an empty list when it is a valid answer.

    Days count from 1. Climb is summed in the direction walked, spurs to camps included. Shares are taken as they are
    written: 0.29 allows 29 of 100.
    """
    if len(trek.days) != len(problem.days):
        return [f"there are {len(trek.days)} days, want {len(problem.days)}"]
    steps = _Steps(problem, trek.start)
    for number, day in enumerate(trek.days, 1):
        fault = steps.fault_of(day, last=number == len(trek.days))
        if fault:
            return [f"day {number}: {fault}"]
    wrong = [f"start {trek.start} is no trailhead"] if trek.start not in problem.trailheads else []
    for number in range(1, len(trek.days) + 1):
        wrong += [f"day {number}: {fault}" for fault in _wrong_on_day(problem, trek, steps, number - 1)]
    return wrong + _wrong_in_all(problem, trek, steps)


@dataclass
class _Tally:
    """What one day comes to."""

    length: int = 0
    ascent: int = 0
    descent: int = 0
    passes: Counter[int] = field(default_factory=Counter)


@dataclass
class _Steps:
    """A trek walked step by step: where we are, and what was met on the way."""

    problem: TrekProblem
    start: int
    here: int = field(init=False)
    slept: Camp | None = None
    days: list[_Tally] = field(default_factory=list)
    visited: set[int] = field(default_factory=set)
    walked: int = 0  # metres since the start
    waters: list[int] = field(default_factory=list)  # where along the whole way bottles were filled

    def __post_init__(self) -> None:
        self.here = self.start
        self.visited.add(self.start)

    def fault_of(self, day: DayWalk, *, last: bool) -> str | None:
        """Walk a day; what makes it no walk from camp to camp, or None."""
        problem = self.problem
        if last != (day.camp is None):
            return f"it ends at camp {day.camp}, not at the start" if last else "there is no camp after it"
        if day.camp is not None and not 0 <= day.camp < len(problem.camps):
            return f"there is no camp {day.camp}"
        self.days.append(_Tally())
        if self.slept is not None:
            self._go(self.slept.spur, self.slept.down, self.slept.up)
        for step, number in enumerate(day.walk):
            if not 0 <= number < len(problem.network.edges):
                return f"step {step}: there is no edge {number}"
            if self.here not in problem.network.edges[number][:2]:
                return f"step {step}: edge {number} does not leave node {self.here}"
            self._pass(number)
        self.slept = None if day.camp is None else problem.camps[day.camp]
        goal = self.start if self.slept is None else self.slept.node
        if self.here != goal:
            return f"it ends at node {self.here}, not at {goal}"
        if self.slept is not None:
            self._go(self.slept.spur, self.slept.up, self.slept.down)
            if self.slept.water:
                self.waters.append(self.walked)
        return None

    def _pass(self, number: int) -> None:
        u, v, metres, _, up, down = self.problem.network.edges[number]
        waters = [] if self.problem.waters is None else list(self.problem.waters[number])
        if self.here == u:
            self.waters += [self.walked + at for at in waters]
            self._go(metres, up, down)
            self.here = v
        else:
            self.waters += [self.walked + metres - at for at in reversed(waters)]
            self._go(metres, down, up)
            self.here = u
        self.visited.add(self.here)
        self.days[-1].passes[number] += 1

    def _go(self, metres: int, up: int, down: int) -> None:
        self.walked += metres
        day = self.days[-1]
        day.length, day.ascent, day.descent = day.length + metres, day.ascent + up, day.descent + down


def _wrong_on_day(problem: TrekProblem, trek: Trek, steps: _Steps, index: int) -> list[str]:
    limits, day, tally = problem.days[index], trek.days[index], steps.days[index]
    wrong = [f"edge {e} is walked {n} times" for e, n in tally.passes.items() if n > 2]
    wrong += [f"edge {e} is closed" for e in tally.passes if e in limits.closed]
    if day.camp in limits.no_camps:
        wrong.append(f"camp {day.camp} is not open")
    if not limits.min_length <= tally.length <= limits.max_length:
        wrong.append(f"length {tally.length} is outside {limits.min_length}..{limits.max_length}")
    if limits.max_ascent is not None and tally.ascent > limits.max_ascent:
        wrong.append(f"ascent {tally.ascent} is above {limits.max_ascent}")
    if problem.pace is not None:
        time = _time_on_foot(problem.pace, tally)
        if limits.min_time is not None and time < limits.min_time:
            wrong.append(f"{time} s on foot are below {limits.min_time}")
        if limits.max_time is not None and time > limits.max_time:
            wrong.append(f"{time} s on foot are above {limits.max_time}")
    return wrong + [
        f"{name} is {getattr(tally, name)}, the day says {getattr(day, name)}"
        for name in ("length", "ascent", "descent")
        if getattr(tally, name) != getattr(day, name)
    ]


def _time_on_foot(pace: Pace, tally: _Tally) -> int:
    """Seconds by DIN 33466, rounded up."""
    level = Fraction(tally.length, pace.level)
    climb = Fraction(tally.ascent, pace.up) + Fraction(tally.descent, pace.down)
    return ceil(3600 * (max(level, climb) + min(level, climb) / 2))


def _wrong_in_all(problem: TrekProblem, trek: Trek, steps: _Steps) -> list[str]:
    edges, length = problem.network.edges, steps.walked
    ascent = sum(day.ascent for day in steps.days)
    passes = Counter(e for day in trek.days for e in day.walk)
    repeated = sum(edges[e].length * (n - 1) for e, n in passes.items())
    wrong: list[str] = []
    if problem.min_length is not None and length < problem.min_length:
        wrong.append(f"length {length} is below {problem.min_length}")
    if problem.max_length is not None and length > problem.max_length:
        wrong.append(f"length {length} is above {problem.max_length}")
    if problem.max_ascent is not None and ascent > problem.max_ascent:
        wrong.append(f"ascent {ascent} is above {problem.max_ascent}")
    wrong += [f"via node {node} is missed" for node in problem.via if node not in steps.visited]
    if problem.max_repeat_share is not None and repeated > Decimal(str(problem.max_repeat_share)) * length:
        wrong.append(f"{repeated} of {length} are walked again, above a share of {problem.max_repeat_share}")
    if problem.max_road_share is not None and problem.roads is not None:
        road = sum(problem.roads[e] * n for e, n in passes.items())
        if road > Decimal(str(problem.max_road_share)) * length:
            wrong.append(f"{road} of {length} are road, above a share of {problem.max_road_share}")
    if problem.max_dry is not None:
        dry = max(to - since for since, to in pairwise([0, *steps.waters, length]))
        if dry > problem.max_dry:
            wrong.append(f"{dry} are walked without water, above {problem.max_dry}")
    said = {"score": trek.score, "length": trek.length, "repeated": trek.repeated}
    found = {"score": sum(edges[e].score for e in passes), "length": length, "repeated": repeated}
    return wrong + [
        f"{name} is {found[name]}, the trek says {said[name]}" for name in said if said[name] != found[name]
    ]
