"""The other door: `solve_trek(problem)` finds the best loops of several days it can in the time it is given."""

from __future__ import annotations

import math
import random
import time
from array import array
from collections.abc import Callable, Sequence

from solver.kernel import COMPILED, INFINITE, Graph
from solver.problem import Status
from solver.reach import columns_of
from solver.trek import Trek, TrekProblem, TrekResult, measured
from solver.verify import trek_violations

#: Random treks for each unit of `iterations`, and places looked at for each day.
PLACES = 40


def solve_trek(
    problem: TrekProblem,
    *,
    time_limit: float = 1.0,
    iterations: int | None = None,
    seed: int = 0,
    alternatives: int = 1,
    improved: Callable[[Trek], None] | None = None,
) -> TrekResult:
    """Find the best treks.

    Parameters
    ----------
    problem : what is asked.
    time_limit : seconds of wall time, set-up included.
    iterations : number of moves to try; the clock is then not looked at, and the same seed gives the same treks
        on any machine, compiled or not.
    seed : of the random generator.
    alternatives : how many treks are wanted.
    improved : called with each valid trek that is better than all before, as soon as it is found.

    Returns
    -------
    The treks found, best first.

    Raises
    ------
    ValueError : `time_limit`, `iterations`, `seed` or `alternatives` is nonsense.
    """
    if not 0 < time_limit < math.inf:
        raise ValueError(f"time_limit is {time_limit!r}, want seconds above 0")
    if iterations is not None and iterations < 0:
        raise ValueError(f"iterations is {iterations!r}, want 0 or more")
    if alternatives < 1:
        raise ValueError(f"alternatives is {alternatives!r}, want 1 or more")
    if not isinstance(seed, int):
        raise ValueError(f"seed is {seed!r}, want an integer")
    began = time.perf_counter()
    draws = _Draws(problem, random.Random(seed))
    best: Trek | None = None
    tried = 0
    while (tried < iterations) if iterations is not None else (time.perf_counter() < began + time_limit):
        tried += 1
        trek = draws.draw()
        if trek is None or trek_violations(problem, trek):
            continue
        if best is None or problem.objective(trek) > problem.objective(best):
            best = trek
            if improved is not None:
                improved(trek)
    return TrekResult(
        Status.FEASIBLE if best else Status.UNKNOWN,
        (best,) if best else (),
        iterations=tried,
        elapsed=time.perf_counter() - began,
        compiled=COMPILED,
    )


class _Draws:
    """Random treks: each day leads by shortest paths over a place in between to a camp from which there is a way on."""

    def __init__(self, problem: TrekProblem, random: random.Random) -> None:
        self.problem = problem
        self.random = random
        self.graphs: dict[frozenset[int], tuple[Graph, list[int]]] = {}
        self.known: dict[tuple[frozenset[int], int], array[int]] = {}
        self.worth = problem.earnings()
        self.links: list[list[int]] = [[] for _ in range(problem.network.node_count)]
        for e, edge in enumerate(problem.network.edges):
            self.links[edge.u].append(e)
            self.links[edge.v].append(e)

    def distances(self, day: int, node: int) -> array[int]:
        """From a node to all others on what is open on a day."""
        closed = self.problem.days[day].closed
        if closed not in self.graphs:
            columns = columns_of(self.problem.network)
            opened = [e for e in range(len(columns.tails)) if e not in closed]
            graph = Graph(
                self.problem.network.node_count,
                *([column[e] for e in opened] for column in (columns.tails, columns.heads, columns.lengths)),
            )
            self.graphs[closed] = graph, opened
        if (closed, node) not in self.known:
            self.known[closed, node] = self.graphs[closed][0].distances([node], INFINITE - 1)
        return self.known[closed, node]

    def draw(self) -> Trek | None:
        """A random trek; None where the draw comes to nothing."""
        problem = self.problem
        start = self.random.choice(problem.trailheads)
        home = self.distances(len(problem.days) - 1, start)
        here, spur = start, 0
        walks: list[list[int]] = []
        camps: list[int] = []
        for number, day in enumerate(problem.days):
            goal, more = start, 0
            if number < len(problem.days) - 1:
                left = sum(d.max_length for d in problem.days[number + 1 :])
                near = self.distances(number, here)
                open_camps = [
                    c
                    for c, camp in enumerate(problem.camps)
                    if c not in day.no_camps
                    and near[camp.node] + spur + camp.spur <= day.max_length
                    and home[camp.node] + camp.spur <= left
                ]
                if not open_camps:
                    return None
                camps.append(self.random.choice(open_camps))
                goal, more = problem.camps[camps[-1]].node, problem.camps[camps[-1]].spur
            walk = self._day(number, here, goal, spur + more)
            if walk is None:
                return None
            walks.append(walk)
            here, spur = goal, more
        return measured(problem, start, walks, camps)

    def _day(self, number: int, here: int, goal: int, spurs: int) -> list[int] | None:
        day = self.problem.days[number]
        out, back = self.distances(number, here), self.distances(number, goal)
        aim = (day.min_length + day.max_length) // 2 if day.target is None else day.target
        best: tuple[int, int] | None = None
        for _ in range(PLACES):
            place = self.random.randrange(self.problem.network.node_count)
            length = out[place] + back[place] + spurs
            if day.min_length <= length <= day.max_length and (best is None or abs(length - aim) < best[0]):
                best = abs(length - aim), place
        if best is None:
            return None
        return self._path(number, out, best[1])[::-1] + self._path(number, back, best[1])

    def _path(self, number: int, distances: Sequence[int], node: int) -> list[int]:
        """The way from a node down to where the distances were taken from."""
        closed = self.problem.days[number].closed
        path: list[int] = []
        visited = {node}
        while distances[node] > 0 or len(visited) == 1:
            for e in self.links[node]:
                edge = self.problem.network.edges[e]
                other = edge.u + edge.v - node
                if e not in closed and other not in visited and distances[other] + edge.length == distances[node]:
                    path.append(e)
                    visited.add(other)
                    node = other
                    break
            else:
                break
        return path
