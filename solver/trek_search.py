"""The search for treks: many short annealing runs race, beside them what the best loop makes of itself when split."""

from __future__ import annotations

import math
import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from solver.exact import limit_in_parts
from solver.kernel import INFINITE, renumbered, within_reach
from solver.reach import columns_of, picked
from solver.trek import POINTS, Trek, TrekProblem, measured
from solver.trek_kernel import COMPILED, TrekKernel
from solver.verify import trek_violations

#: Most treks that race at first, and moves that a trek gets on average before there are more of them.
POPULATION, MOVES_PER_TREK = 192, 400
#: First treks that are tried for each that races, and the share of the time that may go into them.
TRIES_PER_TREK, BUILDING_SHARE = 6, 0.3
#: Share of the time that may go into the distances between the camps.
MEASURING_SHARE = 0.2
#: Temperatures at the start and at the end, as parts of the mean rewarding edge's worth.
HOT, COLD = 1.0, 0.04
#: How much cooler, and how much dearer the limits, are some races.
COOL = 8
#: Price of a metre outside the windows at the start and at the end, as a multiple of what a metre of the best trek
#: earns. Cheap at first: treks that break a window are the way from one good valley to the next.
CHEAP, DEAR = 0.7, 4.0
#: Most treks that a race tells of.
MOST_TREKS = 12
#: Prices are raised by this at most where limits are hard to keep.
MOST_PRESSURE = 64
#: Moves of a race for each edge before there is another race, and most races.
MOVES_PER_EDGE, MOST_HEATS = 400, 30
#: Seconds between two looks at the clock.
TICK_S = 0.01


@dataclass(frozen=True)
class TrekPart:
    """What some trek of a problem could use: edges, camps and trailheads by their numbers in the problem.

    `tails`, `heads` are the ends of the edges, numbered afresh; `number` is the new number of each node, -1: none.
    """

    edges: Sequence[int]
    tails: Sequence[int]
    heads: Sequence[int]
    number: Sequence[int]
    node_count: int
    camps: tuple[int, ...]
    trailheads: tuple[int, ...]


def part_of(problem: TrekProblem) -> TrekPart:
    """The edges within reach of the trailheads by the whole trek, and of places to begin a day by a day."""
    columns = columns_of(problem.network)
    count = problem.network.node_count
    closed = frozenset.intersection(*(day.closed for day in problem.days))
    kept: Sequence[int] = range(len(columns.tails))
    if closed:
        kept = array("i", (e for e in kept if e not in closed))
    most = sum(day.max_length for day in problem.days)
    if problem.max_length is not None:
        most = min(most, problem.max_length)
    day = max(day.max_length for day in problem.days)
    homes, begins = problem.trailheads, (*problem.trailheads, *(camp.node for camp in problem.camps))
    for places, limit in (((homes, *((v,) for v in problem.via)), most), ((begins,), day)):
        tails, heads = picked(columns.tails, kept), picked(columns.heads, kept)
        near = within_reach(count, tails, heads, picked(columns.lengths, kept), places, limit)
        kept = array("i", map(kept.__getitem__, near))
    # camps and trailheads at no such edge are places, too: days may stay where they are, and spurs lead from anywhere
    number, node_count, tails, heads = renumbered(count, picked(columns.tails, kept), picked(columns.heads, kept))
    for node in (*begins, *problem.via):
        if number[node] < 0:
            number[node] = node_count
            node_count += 1
    return TrekPart(kept, tails, heads, number, node_count, tuple(range(len(problem.camps))), tuple(sorted(set(homes))))


def kernel_of(problem: TrekProblem, part: TrekPart, seed: int) -> TrekKernel:
    """The problem as the kernel takes it."""
    edges = [problem.network.edges[e] for e in part.edges]
    worth = problem.earnings()
    position = {e: k for k, e in enumerate(part.edges)}
    closed = array("i", bytes(4 * len(edges)))
    banned = [0] * len(problem.camps)
    for d, day in enumerate(problem.days):
        for e in day.closed & position.keys():
            closed[position[e]] |= 1 << d
        for c in day.no_camps:
            if 0 <= c < len(banned):
                banned[c] |= 1 << d
    waters_first, waters = array("i", [0]), array("q")
    for e in part.edges:
        if problem.waters is not None and problem.max_dry is not None:
            waters.extend(problem.waters[e])
        waters_first.append(len(waters))
    return TrekKernel(
        part.node_count,
        part.tails,
        part.heads,
        [edge.length for edge in edges],
        [POINTS * worth[e] for e in part.edges],
        [edge.up for edge in edges],
        [edge.down for edge in edges],
        [0] * len(edges) if problem.roads is None else [problem.roads[e] for e in part.edges],
        closed,
        waters_first,
        waters,
        [part.number[t] for t in part.trailheads],
        [part.number[v] for v in sorted(set(problem.via))],
        [(part.number[c.node], c.spur, c.up, c.down, c.water, banned[i]) for i, c in enumerate(problem.camps)],
        [
            (
                day.min_length,
                day.max_length,
                _or_none(day.target),
                _or_none(day.max_ascent),
                _or_none(day.min_time),
                _or_none(day.max_time),
            )
            for day in problem.days
        ],
        pace=problem.pace,
        balance_cost=problem.balance_cost,
        repeat_cost=problem.repeat_cost,
        min_length=problem.min_length or 0,
        max_length=_or_none(problem.max_length),
        max_ascent=_or_none(problem.max_ascent),
        max_dry=_or_none(problem.max_dry),
        # rounded down, so that every trek is valid
        repeat_limit=limit_in_parts(problem.max_repeat_share, math.floor),
        road_limit=limit_in_parts(problem.max_road_share, math.floor),
        slots=POPULATION,
        seed=seed,
    )


def _or_none(value: int | None) -> int:
    return -1 if value is None else value


class TrekSearch:
    """Races of annealing runs over one kernel.

    Parameters
    ----------
    deadline : by `time.perf_counter`; None: the clock is not looked at.
    improved : told of each valid trek that is better than all before.
    """

    def __init__(
        self,
        problem: TrekProblem,
        part: TrekPart,
        seed: int,
        *,
        deadline: float | None,
        improved: Callable[[Trek], None] | None = None,
    ) -> None:
        self.problem = problem
        self.part = part
        self.improved = improved
        self.told: int | None = None
        self.pressure = 1  # all prices are so many times as high, where hardly a trek keeps the limits
        self.kernel = kernel_of(problem, part, seed)
        self.worths = [POINTS * w for w in picked(problem.earnings(), part.edges)]
        lengths = [problem.network.edges[e].length for e in part.edges]
        rewarding = [w for w in self.worths if w > 0] or [POINTS]
        self.unit = max(1, sum(rewarding) // len(rewarding))
        self.longest = max(1, sum(day.max_length for day in problem.days))
        worths = (w // x for x, w in zip(lengths, self.worths, strict=True) if x > 0)
        self.first_worth = max(max(worths, default=POINTS) // 2, 2)
        self.speed = 40_000.0 if COMPILED else 700.0  # moves a second, corrected as we go
        self._measure_camps(deadline)

    def _measure_camps(self, deadline: float | None) -> None:
        """Distances between the camps, of as many as there is time for, those first that the dice say."""
        began = time.perf_counter()
        order = list(range(len(self.problem.camps)))
        for k in range(len(order) - 1, 0, -1):
            other = self.kernel.draw(k + 1)
            order[k], order[other] = order[other], order[k]
        for c in order:
            if deadline is not None and time.perf_counter() > began + MEASURING_SHARE * (deadline - began):
                break
            self.kernel.measure_camp(c)

    def races(self, known: Sequence[Trek], deadline: float | None, iterations: int) -> list[Trek]:
        """Valid treks, the best first: of one race, or of several where the network is so small that one is short.

        `known` treks take part when it has cooled down.
        """
        found: dict[int, Trek] = {}
        heat = MOVES_PER_EDGE * max(20, len(self.part.edges))
        now = time.perf_counter()
        moves = iterations if deadline is None else int((deadline - now) * self.speed)
        heats = max(1, min(MOST_HEATS, moves // heat))
        for k in range(heats):
            end = None if deadline is None else now + (deadline - now) * (k + 1) / heats
            # every other one colder and with dearer limits: where windows are tight, first treks are near good ones
            for trek in self._race(known, end, iterations // heats, k % 2 == 1):
                found.setdefault(self.problem.objective(trek), trek)
        return [found[value] for value in sorted(found, reverse=True)]

    def _race(self, known: Sequence[Trek], deadline: float | None, iterations: int, cool: bool) -> list[Trek]:
        """Anneal many treks, the worse half dropping out again and again."""
        self.pressure = COOL if cool else 1
        slots = self._start(deadline, iterations)
        rounds = max(3, len(slots).bit_length())
        began = time.perf_counter()
        unit = max(1, self.unit // COOL) if cool else self.unit
        hot = int(unit * HOT)
        for r in range(rounds):
            cold = unit * _step(HOT, COLD, r + 1, rounds) // 1024
            self._set_prices(slots, r, rounds)
            if r == 2 * rounds // 3:
                slots += self._join(known, slots)
            end = None if deadline is None else began + (deadline - began) * (r + 1) / rounds
            for i, slot in enumerate(slots):
                if end is None:
                    self.kernel.anneal(slot, iterations // rounds // len(slots), hot, cold)
                elif not self._anneal_until(slot, end, len(slots) - i, hot, cold):
                    break
            valid = sum(self.kernel.is_valid(slot) for slot in slots)
            if 4 * valid < len(slots):
                self.pressure = min(MOST_PRESSURE, 2 * self.pressure)
            slots.sort(key=self._standing, reverse=True)
            slots = slots[: max(1, len(slots) // 2)]
            hot = cold
            self._tell_best()
        return [self._trek_of(slot) for slot in self._best_slots()]

    def _join(self, known: Sequence[Trek], slots: Sequence[int]) -> list[int]:
        """Give known treks slots of their own."""
        free = [slot for slot in range(POPULATION) if slot not in slots]
        joined = []
        for trek, slot in zip(known, free, strict=False):
            position = {e: k for k, e in enumerate(self.part.edges)}
            walks = [[position[e] for e in day.walk] for day in trek.days]
            if self.kernel.put(slot, self.part.number[trek.start], trek.camps, walks):
                joined.append(slot)
        return joined

    def _best_slots(self) -> list[int]:
        """The slots with the best valid treks, best first; of equal ones mostly one."""
        slots: dict[int, int] = {}
        for slot in range(POPULATION):
            slots.setdefault(self.kernel.best_value_of(slot), slot)
        return [slots[value] for value in sorted(slots, reverse=True) if value > -INFINITE][:MOST_TREKS]

    def nearest(self) -> Trek | None:
        """The trek that breaks the limits least, by the last race; None where there was none at all."""
        slot = max(range(POPULATION), key=self.kernel.objective_of)
        return None if self.kernel.objective_of(slot) <= -INFINITE else self._made(self.kernel.current_of(slot))

    def _trek_of(self, slot: int) -> Trek:
        return self._made(self.kernel.best_of(slot))

    def _made(self, record: tuple[int, tuple[int, ...], tuple[tuple[int, ...], ...]]) -> Trek:
        """A trek of the problem from one of the kernel's."""
        home, camps, walks = record
        start = next(t for t in self.part.trailheads if self.part.number[t] == home)
        return measured(self.problem, start, [[self.part.edges[e] for e in walk] for walk in walks], camps)

    def make_worthless(self, treks: Sequence[Trek]) -> None:
        """Let the next races earn nothing on what earlier treks walk."""
        walked = {e for trek in treks for e in trek.walk}
        self.kernel.set_worths(
            [min(0, w) if e in walked else w for e, w in zip(self.part.edges, self.worths, strict=True)]
        )

    def tell(self, trek: Trek) -> None:
        """Tell of a trek, if it is better than those told before."""
        value = self.problem.objective(trek)
        if self.improved is not None and (self.told is None or value > self.told):
            self.told = value
            self.improved(checked(self.problem, trek))

    def _tell_best(self) -> None:
        if self.improved is not None:
            slot = max(range(POPULATION), key=self.kernel.best_value_of)
            if self.kernel.best_value_of(slot) > (-INFINITE if self.told is None else self.told):
                self.tell(self._trek_of(slot))

    def _start(self, deadline: float | None, iterations: int) -> list[int]:
        """First treks: the best of many, as many as the time is good for."""
        began = time.perf_counter()
        moves = iterations if deadline is None else int((deadline - began) * self.speed)
        most = max(4, min(POPULATION, moves // MOVES_PER_TREK))
        for slot in range(POPULATION):
            self.kernel.forget(slot)
        self._set_prices([], 0, 1)
        tries = TRIES_PER_TREK * most
        built: list[int] = []
        free = list(range(POPULATION))
        for tried in range(tries):
            if deadline is not None and tried > 3 and time.perf_counter() > began + BUILDING_SHARE * (deadline - began):
                break
            if not free:
                built.sort(key=self._standing)
                free = built[: len(built) // 3]
                built = built[len(built) // 3 :]
            slot = free.pop()
            (built if self.kernel.start(slot) else free).append(slot)
        built.sort(key=self._standing, reverse=True)
        return built[:most]

    def _standing(self, slot: int) -> int:
        """What counts in the race: the best valid trek so far, or the one at hand where it is better still."""
        return max(self.kernel.best_value_of(slot), self.kernel.objective_of(slot))

    def _set_prices(self, slots: Sequence[int], r: int, rounds: int) -> None:
        problem = self.problem
        worth = self.first_worth
        if r > 0 and slots:
            best = max(map(self._standing, slots))
            worth = max(worth // 4, best // self.longest, 1)
        # to fill a day may cost repetition, and that has to be the lesser evil
        worth = max(worth, problem.repeat_cost + problem.balance_cost)
        step = _step(CHEAP, DEAR, r, rounds - 1) * self.pressure
        climbs = [day.max_ascent for day in problem.days if day.max_ascent]
        climb = worth * max(day.max_length for day in problem.days) // min(climbs) if climbs else worth
        if problem.max_ascent:
            climb = max(climb, worth * self.longest // problem.max_ascent)
        pace = problem.pace.level if problem.pace else 3600
        self.kernel.set_prices(
            worth * step // 1024 + 1,
            climb * step // 1024 + 1,
            worth * step // 1024 * pace // 3600 + 1,
            worth * step // 1024 + 1,
            worth * step // 1024 * max(day.max_length for day in problem.days) // 4 + 1,
            worth * step // 1024 + 1,
            self.unit * r // rounds,
        )

    def _anneal_until(self, slot: int, end: float, treks: int, hot: int, cold: int) -> bool:
        """Anneal a trek for its part of the time until `end`; False where there is none left."""
        began = now = time.perf_counter()
        until = now + (end - now) / treks
        if until <= now:
            return False
        warm = hot
        while now < until:
            moves = 1 + int(min(until - now, TICK_S) * self.speed)
            part = min(1.0, (now - began + moves / self.speed) / (until - began))
            cooler = hot - int((hot - cold) * part)
            before = time.thread_time()
            self.kernel.anneal(slot, moves, warm, cooler)
            warm = cooler
            # time of ours alone: where others run beside us, the kernel is not slower for it
            speed = moves / max(time.thread_time() - before, 1e-6)
            # believed at once where it is slow, because a deadline is at stake
            self.speed = min(speed, self.speed + 0.2 * (speed - self.speed))
            now = time.perf_counter()
        return True


def checked(problem: TrekProblem, trek: Trek) -> Trek:
    """The trek, if the referee finds nothing wrong with it."""
    wrong = trek_violations(problem, trek)
    if wrong:
        raise AssertionError(f"the solver made an invalid trek, please report this: {'; '.join(wrong)}")
    return trek


def _step(first: float, last: float, i: int, steps: int) -> int:
    """The i-th of `steps` + 1 values that lead in equal ratios from `first` to `last`, in units of 1/1024."""
    return int(1024 * first * math.pow(last / first, i / max(1, steps)) + 0.5)
