"""A trek made better a day at a time: what one day walks around some place is found exactly, all else left as it is.

A day from a to b is a closed walk with an edge from b to a that is walked once: it is so long that it must be walked,
and cannot be walked twice. So the exact program for loops (`exact`) finds the best day over some edges: those that the
day walks, and all around one place on its way, as in `merging.Merger.open_up`.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import chain

from solver.exact import Exact
from solver.merging import PLACE, SMALL, SMALLEST_PLACE, WIDEST
from solver.problem import LIMIT, Edge, LoopProblem, Network
from solver.trek import POINTS, DayWalk, Trek, TrekProblem, measured
from solver.verify import trek_violations


class DayImprover:
    """Improves the days of treks of one problem.

    Parameters
    ----------
    edges : edge ids that a trek may use.
    seed : of the random choice of places.
    keep_going : returns False when time is up.
    """

    def __init__(self, problem: TrekProblem, edges: Sequence[int], seed: int, keep_going: Callable[[], bool]) -> None:
        self.problem = problem
        self.keep_going = keep_going
        self.random = random.Random(seed)
        self.place = PLACE
        self.most_places = len(edges)
        self.links: dict[int, list[int]] = {}
        for e in edges:
            edge = problem.network.edges[e]
            self.links.setdefault(edge.u, []).append(e)
            if edge.v != edge.u:
                self.links.setdefault(edge.v, []).append(e)

    def improve(self, trek: Trek, tries: int | None = None) -> Trek:
        """The trek, or a better one with the same camps; ends after so many tries, or when time is up."""
        tried = 0
        while self.keep_going() and (tries is None or tried < tries):
            tried += 1
            better = self._with_better_day(trek, self.random.randrange(len(trek.days)))
            trek = trek if better is None else better
        return trek

    def _with_better_day(self, trek: Trek, number: int) -> Trek | None:
        """A better trek that differs around a random place on one day; None where none is found."""
        day = trek.days[number]
        if not day.walk:
            return None
        here = self.problem.network.edges[self.random.choice(day.walk)]
        barred = self.problem.days[number].closed
        around = self._edges_around(self.random.choice((here.u, here.v)), barred)
        loops = _Day.of(self.problem, trek, number, sorted(around.union(day.walk)))
        if loops is None:
            return None
        walk, fits = loops.better(day.walk, self.keep_going)
        if fits and self.place <= self.most_places:
            self.place += 1 + self.place // 32
        elif not fits:
            self.place = max(SMALLEST_PLACE, self.place * 7 // 8)
        if walk is None:
            return None
        walks = [walk if i == number else each.walk for i, each in enumerate(trek.days)]
        other = measured(self.problem, trek.start, walks, trek.camps)
        if self.problem.objective(other) <= self.problem.objective(trek) or trek_violations(self.problem, other):
            return None
        return other

    def _edges_around(self, node: int, barred: frozenset[int]) -> set[int]:
        """The edges among the nodes that are nearest to one."""
        edges = self.problem.network.edges
        heap, near = [(0, node)], set[int]()
        while heap and len(near) < self.place:
            far, at = heapq.heappop(heap)
            if at in near:
                continue
            near.add(at)
            for e in self.links.get(at, ()):
                if e not in barred:
                    heapq.heappush(heap, (far + edges[e].length, edges[e].u + edges[e].v - at))
        found = chain.from_iterable(self.links.get(at, ()) for at in near)
        return {e for e in found if e not in barred and edges[e].u in near and edges[e].v in near}


class _Day:
    """One day over some edges as a problem of loops: its edges are those, and last the way back, if there is one."""

    def __init__(self, problem: LoopProblem, edges: Sequence[int], start: int) -> None:
        self.problem = problem
        self.edges = edges
        self.start = start

    @staticmethod
    def of(problem: TrekProblem, trek: Trek, number: int, edges: Sequence[int]) -> _Day | None:
        """What one day of a trek may be, the other days as they are; None where it cannot be put as loops."""
        day, limits = trek.days[number], problem.days[number]
        network = problem.network.edges
        spurs = day.length - sum(network[e].length for e in day.walk)
        others = Counter(e for i, each in enumerate(trek.days) if i != number for e in each.walk)
        rest = trek.length - day.length
        low, high = limits.min_length, limits.max_length
        if problem.min_length is not None:
            low = max(low, problem.min_length - rest)
        if problem.max_length is not None:
            high = min(high, problem.max_length - rest)
        begin, end = _ends(problem, trek, number)
        nodes: dict[int, int] = {}
        for e in edges:
            nodes.setdefault(network[e].u, len(nodes))
            nodes.setdefault(network[e].v, len(nodes))
        if begin not in nodes or end not in nodes or max(low - spurs, 0) == 0:
            return None
        back = 0 if begin == end else 2 * sum(network[e].length for e in edges) + high + 1
        if 2 * back + high > LIMIT:
            return None
        astray = problem.balance_cost if limits.target is not None else 0
        worths = problem.earnings()
        scaled = []
        for e in edges:
            edge = network[e]
            worth = -problem.repeat_cost * edge.length if others[e] else POINTS * worths[e]
            scaled.append(Edge(nodes[edge.u], nodes[edge.v], edge.length, worth, edge.up, edge.down))
        again = [max(0, problem.repeat_cost - astray) * edge.length for edge in scaled]
        towards = [astray * edge.length for edge in scaled]
        ascent = _climb_of_loop(problem, day, limits.max_ascent)
        if back:
            scaled.append(Edge(nodes[end], nodes[begin], back, 0))
            again.append(0)
            towards.append(0)
        try:
            loops = LoopProblem(
                Network(scaled),
                [nodes[begin]],
                min_length=low - spurs + back,
                max_length=high - spurs + back,
                max_ascent=ascent,
                target=None if limits.target is None else max(0, limits.target - spurs) + back,
                overlength_cost=2 * astray,
                preferences=towards,
                repeat_costs=again,
            )
        except ValueError:  # windows that are empty, or numbers too large
            return None
        return _Day(loops, edges, nodes[begin])

    def better(self, walk: Sequence[int], keep_going: Callable[[], bool]) -> tuple[list[int] | None, bool]:
        """A better walk than this one from the beginning of the day to its end, and whether there was room for all."""
        try:
            exact = Exact(self.problem, range(len(self.problem.network.edges)), SMALL.orders)
        except OverflowError:
            return None, False
        if not 0 <= exact.width <= WIDEST:
            return None, False
        outcome = exact.solve(self._value(walk), SMALL, keep_going)
        if outcome is None:
            return None, False
        complete = exact.program.is_complete()
        if outcome.times is None:
            return None, complete
        return self._in_order(outcome.times), complete

    def _value(self, walk: Sequence[int]) -> int:
        """The objective of a walk of the day."""
        number = {e: k for k, e in enumerate(self.edges)}
        times = Counter(number[e] for e in walk)
        if len(self.problem.network.edges) > len(self.edges):
            times[len(self.edges)] = 1
        problem = self.problem
        earned = sum(problem.earnings()[k] for k in times)
        earned -= sum(problem.repeat_costs[k] for k, y in times.items() if y > 1 and problem.repeat_costs)
        return problem.value(earned, sum(problem.network.edges[k].length * y for k, y in times.items()))

    def _in_order(self, times: Mapping[int, int]) -> list[int]:
        """A walk over each edge so often, from the beginning of the day to its end (Hierholzer 1873)."""
        edges = self.problem.network.edges
        left = {k: y for k, y in times.items() if k < len(self.edges)}
        links: dict[int, list[int]] = {}
        for k in left:
            links.setdefault(edges[k].u, []).append(k)
            links.setdefault(edges[k].v, []).append(k)
        stack: list[tuple[int, int]] = [(self.start, -1)]
        walk: list[int] = []
        while stack:
            node, by = stack[-1]
            here = links.get(node, [])
            while here and left[here[-1]] == 0:
                here.pop()
            if here:
                k = here[-1]
                left[k] -= 1
                stack.append((edges[k].u + edges[k].v - node, k))
            else:
                stack.pop()
                if by >= 0:
                    walk.append(self.edges[by])
        return walk[::-1]


def _ends(problem: TrekProblem, trek: Trek, number: int) -> tuple[int, int]:
    """The nodes at which a day leaves the last camp's spur and takes the next one's."""
    places = [trek.start, *(problem.camps[camp].node for camp in trek.camps), trek.start]
    return places[number], places[number + 1]


def _climb_of_loop(problem: TrekProblem, day: DayWalk, max_ascent: int | None) -> int | None:
    """The limit on a day's climb as one on half of all ups and downs of its edges.

    Where heights are consistent, ups less downs are the same on every way from where it begins to where it ends.
    """
    if max_ascent is None:
        return None
    halves = sum(problem.network.edges[e].climb for e in day.walk)
    return max(0, (2 * (max_ascent - day.ascent) + halves) // 2)
