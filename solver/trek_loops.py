"""Treks the short way: the best loops of the whole length, cut into days afterwards.

Where camps lie along the best loops that is all there is to do; where they do not, nothing comes of it.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace

from solver.problem import LIMIT, LoopProblem, Network
from solver.solve import solve
from solver.split import splits_of
from solver.trek import POINTS, Trek, TrekProblem
from solver.trek_search import TrekPart

#: Share of the time, or of the moves, that goes into loops that are cut into days afterwards.
LOOPS_SHARE = 0.2
#: Loops of at most these shares of the longest length are cut: a loop that fills all days to the brim would need its
#: camps just there, a shorter one leaves some choice.
LENGTHS = (0.95, 0.88, 0.8)
#: Orders that each loop is walked in.
ORDERS = 4
#: Seconds that setting up the loops takes for each edge, at most; where there is no time for that it is left out.
SETUP_S = 10e-6


def split_loops(problem: TrekProblem, part: TrekPart, seed: int, deadline: float | None, iterations: int) -> list[Trek]:
    """The best loops of about the whole length, cut into days: the treks that come of those that can be cut."""
    share = 1.0 if deadline is None else LOOPS_SHARE * (deadline - time.perf_counter())
    if share < 0.005 + SETUP_S * len(part.edges):
        return []
    began = time.perf_counter()
    loops = as_loops(problem, part)
    if loops is None:
        return []
    treks = []
    for k, length in enumerate(LENGTHS):
        most = max(loops.min_length, int(loops.max_length * length))
        shorter = replace(loops, max_length=most, target=None if loops.target is None else min(loops.target, most))
        if deadline is None:
            result = solve(shorter, iterations=int(iterations * LOOPS_SHARE) // len(LENGTHS), seed=seed)
        else:
            left = began + share - time.perf_counter()
            if left <= 0.005:
                break
            result = solve(shorter, time_limit=left / (len(LENGTHS) - k), seed=seed)
        for loop in result.loops:
            trek = splits_of(problem, Counter(part.edges[e] for e in loop.walk), orders=ORDERS, seed=seed)
            if trek is not None:
                treks.append(trek)
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
