"""Treks the short way: the best loops of the whole length, cut into days afterwards.

Where camps lie along the best loops that is all there is to do; where they do not, nothing comes of it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from solver.problem import LIMIT, LoopProblem, Network
from solver.solve import solve
from solver.split import splits_of
from solver.trek import POINTS, Trek, TrekProblem
from solver.trek_search import TrekPart

#: Share of the time, or of the moves, that goes into loops that are cut into days afterwards: first to see whether
#: that comes to anything, then, where it does, to do it well.
FIRST_SHARE, SECOND_SHARE = 0.15, 0.35
#: Loops of at most these shares of the longest length are cut: a loop that fills all days to the brim would need its
#: camps just there, a shorter one leaves some choice.
LENGTHS = (0.97, 0.9, 0.8)
#: By how much the second loops are longer and shorter than the best ones of the first.
STEP = 0.03
#: Orders that each loop is walked in.
ORDERS = 4
#: Seconds that setting up the loops takes for each edge, at most; where there is no time for that it is left out.
SETUP_S = 10e-6


def split_loops(problem: TrekProblem, part: TrekPart, seed: int, deadline: float | None, iterations: int) -> list[Trek]:
    """The best loops of about the whole length, cut into days: the treks that come of those that can be cut."""
    began = time.perf_counter()
    time_left = 0.0 if deadline is None else max(0.0, deadline - began)
    if deadline is not None and FIRST_SHARE * time_left < 0.005 + SETUP_S * len(part.edges):
        return []
    loops = as_loops(problem, part)
    if loops is None:
        return []
    cut = _Cutter(problem, part, loops, seed)
    end = None if deadline is None else began + FIRST_SHARE * time_left
    first = cut.treks(LENGTHS, end, int(FIRST_SHARE * iterations))
    if not first:
        return []
    best = max(first, key=lambda length: problem.objective(first[length]))
    lengths = (min(1.0, best + STEP), best, best - STEP)
    end = None if deadline is None else began + (FIRST_SHARE + SECOND_SHARE) * time_left
    return [*first.values(), *cut.treks(lengths, end, int(SECOND_SHARE * iterations)).values()]


@dataclass(frozen=True)
class _Cutter:
    """Makes loops and cuts them."""

    problem: TrekProblem
    part: TrekPart
    loops: LoopProblem
    seed: int

    def treks(self, lengths: Sequence[float], end: float | None, iterations: int) -> dict[float, Trek]:
        """The treks that come of loops of at most some shares of the longest length, where one does."""
        treks = {}
        for k, length in enumerate(lengths):
            most = max(self.loops.min_length, int(self.loops.max_length * length))
            target = None if self.loops.target is None else min(self.loops.target, most)
            shorter = replace(self.loops, max_length=most, target=target)
            if end is None:
                result = solve(shorter, iterations=iterations // len(lengths), seed=self.seed)
            else:
                left = end - time.perf_counter()
                if left <= 0.003:
                    break
                result = solve(shorter, time_limit=left / (len(lengths) - k), seed=self.seed)
            if result.loop is not None:
                times = Counter(self.part.edges[e] for e in result.loop.walk)
                trek = splits_of(self.problem, times, orders=ORDERS, seed=self.seed)
                if trek is not None:
                    treks[length] = trek
        return treks


def as_loops(problem: TrekProblem, part: TrekPart) -> LoopProblem | None:
    """The problem of finding a loop of the whole length, the nights left out; None where it cannot be put that way.

    Its scores are in hundredths of a point.
    """
    days = problem.days
    least = max(sum(day.min_length for day in days), problem.min_length or 0)
    most = min(sum(day.max_length for day in days), LIMIT if problem.max_length is None else problem.max_length)
    homes = [t for t in part.trailheads if part.number[t] < part.node_count]
    earnings = problem.earnings()
    climbs = [day.max_ascent for day in days if day.max_ascent is not None]
    ascent = problem.max_ascent
    if len(climbs) == len(days):
        ascent = sum(climbs) if ascent is None else min(ascent, sum(climbs))
    targets = [day.target for day in days if day.target is not None]
    edges = []
    for e, u, v in zip(part.edges, part.tails, part.heads, strict=True):
        edge = problem.network.edges[e]
        edges.append((u, v, edge.length, POINTS * earnings[e], edge.up, edge.down))
    try:
        return LoopProblem(
            Network(edges, part.node_count),
            [part.number[t] for t in homes],
            min_length=least,
            max_length=most,
            max_ascent=ascent,
            target=sum(targets) if len(targets) == len(days) and least <= sum(targets) <= most else None,
            overlength_cost=problem.balance_cost if len(targets) == len(days) else 0,
            repeat_costs=[problem.repeat_cost * edge[2] for edge in edges] if problem.repeat_cost else None,
            via=[part.number[v] for v in problem.via],
            max_repeat_share=problem.max_repeat_share,
            roads=None if problem.roads is None else [problem.roads[e] for e in part.edges],
            max_road_share=problem.max_road_share,
        )
    except ValueError:
        # numbers too large, or too many via nodes, or limits that leave no window
        return None
