"""The search: many short annealing runs race, the best walks are merged exactly, and the best of all is sharpened."""

from __future__ import annotations

import math
import time
from array import array
from collections import Counter
from collections.abc import Callable, Sequence

from solver.exact import limit_in_parts
from solver.kernel import COMPILED, INFINITE, POINT, Kernel
from solver.merging import FINE, Merger, Walk
from solver.problem import Loop, LoopProblem
from solver.reach import Part, columns_of, picked
from solver.walks import MOST_SHARED, checked, closed_walk, likeness

#: Most walks that race at first.
POPULATION = 256
#: Moves that a walk gets on average, summed over the race, before there are more walks.
MOVES_PER_WALK = 250
#: First walks that are tried for each that races.
TRIES_PER_WALK = 8
#: Share of the time that may go into first walks.
BUILDING_SHARE = 0.2
#: Nodes looked at on the way to each goal of a first walk.
BUILDING_NODES = 3_000
#: Temperatures at the start and at the end, as parts of the mean rewarding edge's score.
HOT, COLD = 1.0, 0.05
#: Price of a metre outside the window at the start and at the end, as a multiple of what a metre of the best walk
#: earns. Cheap at first: walks that are too long are the way from one good valley to the next.
CHEAP, DEAR = 0.7, 3.0
#: Share of a race's time that is annealing; the rest goes into merging and sharpening.
ANNEALING_SHARE = 0.7
#: Most walks that are merged.
MOST_MERGED = 64
#: Moves that take about as long as opening up a place.
MOVES_PER_PLACE = 5_000
#: Seconds between two looks at the clock.
TICK_S = 0.01


class Search:
    """Races of annealing runs over one kernel."""

    def __init__(
        self,
        problem: LoopProblem,
        part: Part,
        seed: int,
        *,
        enough: int | None = None,
        improved: Callable[[Loop], None] | None = None,
    ) -> None:
        columns = columns_of(problem.network)
        lengths = picked(columns.lengths, part.edges)
        nothing = array("q", bytes(8 * len(part.edges)))
        self.scores = picked(columns.scores, part.edges)
        if problem.preferences is not None:
            self.scores = [s + problem.preferences[i] for s, i in zip(self.scores, part.edges, strict=True)]
        self.problem = problem
        self.part = part
        self.worthless: set[int] = set()
        self.improved = improved
        self.enough = enough
        self.told: int | None = None
        self.homes = [part.number[t] for t in problem.trailheads if part.holds(t)]
        self.kernel = Kernel(
            part.node_count,
            part.tails,
            part.heads,
            lengths,
            self.scores,
            nothing if problem.repeat_costs is None else picked(problem.repeat_costs, part.edges),
            # where there is no limit, climb does not matter
            nothing if problem.max_ascent is None else picked(columns.climbs, part.edges),
            nothing if problem.roads is None else picked(problem.roads, part.edges),
            self.homes,
            [part.number[v] for v in problem.via],
            min_length=problem.min_length,
            max_length=problem.max_length,
            target=problem.max_length if problem.target is None else problem.target,
            overlength_cost=problem.overlength_cost,
            max_climb=-1 if problem.max_ascent is None else 2 * problem.max_ascent,
            # rounded down, so that every walk is valid
            repeat_limit=limit_in_parts(problem.max_repeat_share, math.floor),
            road_limit=limit_in_parts(problem.max_road_share, math.floor),
            slots=POPULATION,
            seed=seed,
        )
        rewarding = [s for s in self.scores if s > 0] or [1]
        self.unit = max(1, sum(rewarding) // len(rewarding)) * POINT
        # the first guess of what a metre of a good walk earns, in objective units: half the best there is
        worths = (score * POINT // length for length, score in zip(lengths, self.scores, strict=True) if length > 0)
        densest = max(worths, default=POINT)
        self.first_worth = max(densest // 2, 2)
        self.speed = 300_000.0 if COMPILED else 5_000.0  # moves a second, corrected as we go

    def loops(self, first: Sequence[Loop], alternatives: int, deadline: float | None, iterations: int) -> list[Loop]:
        """The best loops, best first, none too like a better one; `first` is known to be the best, or empty."""
        loops = list(first)
        # the first race matters most: it gets as much as all the others together
        weights = [max(1, alternatives - 1)] + [1] * (alternatives - 1)
        weights = weights[len(first) :]
        for i, weight in enumerate(weights):
            if loops:
                self._make_worthless(loops)
            if deadline is None:
                walks = self._race(None, iterations * weight // sum(weights))
            else:
                now = time.perf_counter()
                walks = self._race(now + max(0.0, deadline - now) * weight / sum(weights[i:]), 0)
            found = self._best_unlike(walks, loops, 1 if i < len(weights) - 1 else alternatives - len(loops))
            if not found and not loops:
                break
            loops += found
        return sorted(loops[:alternatives], key=lambda x: (-self.problem.objective(x), x.length))

    def tell(self, loop: Loop) -> None:
        """Tell of a loop, if it is better than those told before."""
        value = self.problem.objective(loop)
        if self.improved is not None and (self.told is None or value > self.told):
            self.told = value
            self.improved(loop)

    def _tell_walk(self, walk: Walk) -> None:
        if self.improved is not None:
            times = {self.part.edges[e]: y for e, y in walk.items()}
            self.tell(checked(self.problem, closed_walk(self.problem, times)))

    def lengths_outside(self) -> tuple[int, ...]:
        """Lengths of closed walks seen just below and just above the window."""
        below, above = self.kernel.lengths_outside()
        return tuple(([below] if below > 0 else []) + ([above] if above < INFINITE else []))

    def _make_worthless(self, loops: Sequence[Loop]) -> None:
        """Let the next race earn nothing on what earlier loops walk."""
        self.worthless = {e for loop in loops for e in loop.walk}
        self.kernel.set_scores(
            [min(0, s) if e in self.worthless else s for e, s in zip(self.part.edges, self.scores, strict=True)]
        )

    def _race(self, deadline: float | None, iterations: int) -> list[Walk]:
        """Anneal, then merge and sharpen what came of it: good walks, best first."""
        began = time.perf_counter()

        def keep_going() -> bool:
            return deadline is None or time.perf_counter() < deadline

        merger = Merger(self.problem, self.kernel, self.part.edges, worthless=self.worthless, keep_going=keep_going)
        slots = self._start(began, deadline, iterations)
        now = time.perf_counter()
        self._anneal(slots, None if deadline is None else now + ANNEALING_SHARE * (deadline - now), iterations)
        walks = self._annealed()
        if not walks:
            return []
        best = merger.merge(walks)
        self._tell_walk(best)
        places = iterations // MOVES_PER_PLACE
        while (
            keep_going()
            and (deadline is not None or places > 0)
            and not self._is_best_possible(merger.value(best) * POINT // FINE)
        ):
            better = merger.open_up(best)
            if better is not best:
                self._tell_walk(better)
            best = better
            places -= 1
        return [best, *walks]

    def _is_best_possible(self, value: int) -> bool:
        """Whether a value, in the kernel's units, reaches the bound; never where edges are worthless for now."""
        return self.enough is not None and not self.worthless and value // POINT >= self.enough

    def _annealed(self) -> list[Walk]:
        """The best walks that raced, best first, each once."""
        slots = [s for s in range(POPULATION) if self.kernel.best_value_of(s) > -INFINITE]
        slots.sort(key=self.kernel.best_value_of, reverse=True)
        walks: list[Walk] = []
        for slot in slots[:MOST_MERGED]:
            walk = self.kernel.best_of(slot)
            if walk not in walks:
                walks.append(walk)
        return walks

    def _anneal(self, slots: list[int], deadline: float | None, iterations: int) -> None:
        """The race: each round anneals all walks a little, then the worse half drops out."""
        rounds = len(slots).bit_length()
        began = time.perf_counter()
        hot = self.unit
        for r in range(rounds):
            cold = self.unit * _step(HOT, COLD, r + 1, rounds) // 1024
            self._set_prices(slots, r, rounds)
            end = None if deadline is None else began + (deadline - began) * (r + 1) / rounds
            for i, slot in enumerate(slots):
                if end is None:
                    self.kernel.anneal(slot, iterations // rounds // len(slots), hot, cold)
                elif not self._anneal_until(slot, end, len(slots) - i, hot, cold):
                    break
            slots.sort(key=self._standing, reverse=True)
            slots = slots[: max(1, len(slots) // 2)]
            hot = cold
            if self.improved is not None:
                for walk in self._annealed()[:1]:
                    self._tell_walk(walk)
            if self._is_best_possible(max(map(self.kernel.best_value_of, slots))):
                break

    def _start(self, began: float, deadline: float | None, iterations: int) -> list[int]:
        """First walks: the best of many, as many as the time is good for."""
        most = (
            iterations // MOVES_PER_WALK if deadline is None else int((deadline - began) * self.speed) // MOVES_PER_WALK
        )
        most = max(4, min(POPULATION, most))
        for slot in range(POPULATION):
            self.kernel.forget(slot)
        self._set_prices([], 0, 1)
        built = 0
        while built < min(POPULATION, TRIES_PER_WALK * most):
            if deadline is not None and built > 0 and time.perf_counter() > began + BUILDING_SHARE * (deadline - began):
                break
            home = self.homes[self.kernel.draw(len(self.homes))]
            size = self.problem.max_length * (100 + self.kernel.draw(350)) // 1000
            self.kernel.start(built, home, 1 + built % 2, size, BUILDING_NODES)
            built += 1
        slots = sorted(range(built), key=self._standing, reverse=True)
        for slot in slots[most:]:
            self.kernel.forget(slot)
        return slots[:most]

    def _standing(self, slot: int) -> int:
        """What counts in the race: the best valid walk so far, or the one at hand where it is better still."""
        return max(self.kernel.best_value_of(slot), self.kernel.objective_of(slot))

    def _set_prices(self, slots: Sequence[int], r: int, rounds: int) -> None:
        worth = self.first_worth
        if r > 0:
            best = max(map(self._standing, slots))
            worth = max(worth // 10, best // max(1, self.problem.max_length), 1)
        climb = worth
        if self.problem.max_ascent:
            climb = worth * self.problem.max_length // (2 * self.problem.max_ascent)
        self.kernel.set_prices(worth * _step(CHEAP, DEAR, r, rounds - 1) // 1024 + 1, climb + 1, worth + 1)

    def _anneal_until(self, slot: int, end: float, walks: int, hot: int, cold: int) -> bool:
        """Anneal a walk for its part of the time until `end`; False where there is none left."""
        began = now = time.perf_counter()
        until = now + (end - now) / walks
        if until <= now:
            return False
        warm = hot
        while now < until:
            moves = 1 + int(min(until - now, TICK_S) * self.speed)
            part = min(1.0, (now - began + moves / self.speed) / (until - began))
            cooler = hot - int((hot - cold) * part)
            self.kernel.anneal(slot, moves, warm, cooler)
            warm = cooler
            before, now = now, time.perf_counter()
            measured = moves / max(now - before, 1e-6)
            # believed at once where it is slow, because a deadline is at stake
            self.speed = min(measured, self.speed + 0.2 * (measured - self.speed))
        return True

    def _best_unlike(self, walks: Sequence[Walk], loops: Sequence[Loop], most: int) -> list[Loop]:
        """Up to `most` of the walks, the first ones that share little with the loops there are."""
        found: list[Loop] = []
        for walk in walks:
            times = {self.part.edges[e]: y for e, y in walk.items()}
            if any(likeness(self.problem, times, Counter(loop.walk)) > MOST_SHARED for loop in (*loops, *found)):
                continue
            found.append(checked(self.problem, closed_walk(self.problem, times)))
            if len(found) == most:
                break
        return found


def _step(first: float, last: float, i: int, steps: int) -> int:
    """The i-th of `steps` + 1 values that lead in equal ratios from `first` to `last`, in units of 1/1024."""
    return int(1024 * first * math.pow(last / first, i / max(1, steps)) + 0.5)
