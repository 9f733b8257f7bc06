"""The other door: `solve_trek(problem)` finds the best loops of several days it can in the time it is given.

First it is asked whether something obvious is in the way (`trek_reach`). Then the best loops for the whole length are
cut into days (`split`), which is quick and mostly not the best; and treks are searched whole, days and nights at
once (`trek_search`), those from the loops among them. Every trek is checked by the referee (`verify`).
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Sequence

from solver.problem import LIMIT, LoopProblem, Network, Status
from solver.solve import solve
from solver.split import splits_of
from solver.trek import POINTS, Trek, TrekProblem, TrekResult
from solver.trek_kernel import COMPILED
from solver.trek_search import TrekPart, TrekSearch, checked, part_of
from solver.walks import MOST_SHARED, likeness

#: Share of the time, or of the moves, that goes into loops that are cut into days afterwards.
LOOPS_SHARE = 0.2
#: Loops that are cut, and orders that each is walked in.
LOOPS, ORDERS = 3, 4
#: Seconds kept back for checking the treks.
RESERVE_S = 0.01


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
    alternatives : how many treks are wanted; of any two, neither shares more than 60 % of its length with the other.
    improved : called with each valid trek that is better than all before, as soon as it is found, by the thread that
        solves; what it raises ends the search and is passed on.

    Returns
    -------
    The treks found, best first, with what is proven about them; or why there is none.

    Raises
    ------
    ValueError : `time_limit`, `iterations`, `seed` or `alternatives` is nonsense, or the problem's numbers add up to
        more than 64 bits hold.
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
    deadline = None if iterations is not None else began + time_limit - min(RESERVE_S, time_limit / 10)
    part = part_of(problem)
    bound = objective_bound(problem, part.edges)
    search = TrekSearch(problem, part, seed, deadline=deadline, improved=improved)
    treks: list[Trek] = []
    # the first race matters most: it gets as much as all the others together
    weights = [max(1, alternatives - 1)] + [1] * (alternatives - 1)
    for i, weight in enumerate(weights):
        if treks:
            search.make_worthless(treks)
        until, moves = None, 0
        if deadline is None:
            moves = (iterations or 0) * weight // sum(weights)
        else:
            now = time.perf_counter()
            until = now + max(0.0, deadline - now) * weight / sum(weights[i:])
        known = [] if treks else _split_loops(problem, part, seed, until, moves)
        found = search.races(known, until, moves)
        found = sorted([*known, *found], key=problem.objective, reverse=True)
        unlike = _unlike(problem, found, treks, 1 if i < len(weights) - 1 else alternatives - len(treks))
        if not unlike and not treks:
            break
        treks += unlike
    treks = sorted((checked(problem, trek) for trek in treks), key=problem.objective, reverse=True)
    for trek in treks[:1]:
        search.tell(trek)
    status = Status.UNKNOWN
    if treks:
        status = Status.OPTIMAL if problem.objective(treks[0]) == bound else Status.FEASIBLE
    return TrekResult(
        status,
        tuple(treks),
        bound=bound,
        iterations=search.kernel.move_count(),
        elapsed=time.perf_counter() - began,
        compiled=COMPILED,
    )


def _unlike(problem: TrekProblem, found: Sequence[Trek], treks: Sequence[Trek], most: int) -> list[Trek]:
    """Up to `most` of the treks found, the first ones that share little with the treks there are."""
    unlike: list[Trek] = []
    for trek in found:
        if all(likeness(problem, Counter(trek.walk), Counter(old.walk)) <= MOST_SHARED for old in (*treks, *unlike)):
            unlike.append(trek)
            if len(unlike) == most:
                break
    return unlike


def _split_loops(
    problem: TrekProblem, part: TrekPart, seed: int, deadline: float | None, iterations: int
) -> list[Trek]:
    """The best loops of the whole length, cut into days: the treks that come of those that can be cut."""
    loops = _as_loops(problem, part)
    if loops is None:
        return []
    if deadline is None:
        result = solve(loops, iterations=int(iterations * LOOPS_SHARE), seed=seed, alternatives=LOOPS)
    else:
        share = LOOPS_SHARE * (deadline - time.perf_counter())
        if share <= 0.005:
            return []
        result = solve(loops, time_limit=share, seed=seed, alternatives=LOOPS)
    treks = []
    for loop in result.loops:
        times = Counter(part.edges[e] for e in loop.walk)
        trek = splits_of(problem, times, orders=ORDERS, seed=seed)
        if trek is not None:
            treks.append(trek)
        if deadline is not None and time.perf_counter() > deadline:
            break
    return treks


def _as_loops(problem: TrekProblem, part: TrekPart) -> LoopProblem | None:
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


def objective_bound(problem: TrekProblem, edges: Sequence[int]) -> int:
    """An upper bound on the objective: fill the longest days with the best metres there are.

    The fractional knapsack over the edges in reach (Dantzig 1957), in hundredths of a point. Metres beyond the sum of
    the targets are charged, because days that are longer in sum than their targets are in sum are astray by as much.
    """
    most = sum(day.max_length for day in problem.days)
    if problem.max_length is not None:
        most = min(most, problem.max_length)
    free = min(most, sum(day.max_length if day.target is None else day.target for day in problem.days))
    room, extra = free, most - free
    worth = problem.earnings()
    bound = 0
    rewarding = [(POINTS * worth[e], problem.network.edges[e].length) for e in edges if worth[e] > 0]
    bound = sum(earned for earned, length in rewarding if length == 0)
    for earned, length in sorted((r for r in rewarding if r[1]), key=lambda r: -r[0] / r[1]):
        within = min(length, room)
        beyond = min(length - within, extra)
        room, extra = room - within, extra - beyond
        # parts are rounded up, so that the bound stays one
        bound += -(-earned * within // length)
        bound += max(0, -(-earned * beyond // length) - problem.balance_cost * beyond)
        if not room and not extra:
            break
    return bound
