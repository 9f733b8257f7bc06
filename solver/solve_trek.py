"""The other door: `solve_trek(problem)` finds the best loops of several days it can in the time it is given.

First it is asked whether something obvious is in the way (`trek_reach`). Then the best loops for the whole length are
cut into days (`trek_loops`), which is quick and mostly not the best; and treks are searched whole, days and nights at
once (`trek_search`), those from the loops among them. At last the days of the best are made better one by one
(`trek_days`). Every trek is checked by the referee (`verify`).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence

from solver.problem import Status
from solver.solve import check_options
from solver.trek import POINTS, Trek, TrekProblem, TrekResult
from solver.trek_days import DayImprover
from solver.trek_kernel import COMPILED
from solver.trek_loops import split_loops
from solver.trek_reach import likely_obstacle, obstacle
from solver.trek_search import TrekPart, TrekSearch, checked, part_of
from solver.walks import MOST_SHARED, likeness

#: Seconds kept back for checking the treks.
RESERVE_S = 0.01
#: Share of the time for making single days better, exactly, and moves that take about as long as one try of that.
DAYS_SHARE, MOVES_PER_DAY = 0.12, 500


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
    check_options(time_limit, iterations, seed, alternatives)
    began = time.perf_counter()
    deadline = None if iterations is not None else began + time_limit - min(RESERVE_S, time_limit / 10)
    in_the_way = obstacle(problem)
    if in_the_way is not None:
        return TrekResult(
            Status.INFEASIBLE, obstacle=in_the_way, elapsed=time.perf_counter() - began, compiled=COMPILED
        )
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
        # alternatives are not made better: that would lead them onto the trails of the best trek
        share = 0.0 if treks else DAYS_SHARE
        racing = until and until - share * (until - time.perf_counter())
        known = [] if treks else split_loops(problem, part, seed, racing, moves)
        found = search.races(known, racing, moves)
        found = sorted([*known, *found], key=problem.objective, reverse=True)
        if found and share:
            found[0] = _with_better_days(problem, part, found[0], seed, until, moves)
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
        obstacle=None if treks else likely_obstacle(problem, search.nearest()),
        iterations=search.kernel.move_count(),
        elapsed=time.perf_counter() - began,
        compiled=COMPILED,
    )


def _with_better_days(
    problem: TrekProblem, part: TrekPart, trek: Trek, seed: int, deadline: float | None, moves: int
) -> Trek:
    """The trek, its days made better one by one until the deadline, or for so long as so many moves take."""
    improver = DayImprover(problem, part.edges, seed, lambda: deadline is None or time.perf_counter() < deadline)
    return improver.improve(trek, None if deadline is not None else int(DAYS_SHARE * moves) // MOVES_PER_DAY)


def _unlike(problem: TrekProblem, found: Sequence[Trek], treks: Sequence[Trek], most: int) -> list[Trek]:
    """Up to `most` of the treks found, the first ones that share little with the treks there are."""
    unlike: list[Trek] = []
    for trek in found:
        if all(likeness(problem, Counter(trek.walk), Counter(old.walk)) <= MOST_SHARED for old in (*treks, *unlike)):
            unlike.append(trek)
            if len(unlike) == most:
                break
    return unlike


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
