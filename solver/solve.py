"""The one door: `solve(problem)` finds the best loops it can in the time it is given.

The network is reduced to what a loop could use (`reach`). Where what is left is narrow, the best loop is found exactly
(`exact`); else a search finds good ones (`search`), and on request proofs tell how good they are (`prove`). Every
loop is checked by the referee (`verify`).
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from solver.exact import Exact, Outcome, Room
from solver.kernel import COMPILED
from solver.merging import FINE
from solver.problem import LIMIT, Loop, LoopProblem, Result, Status
from solver.prove import exists, nearest_lengths
from solver.prove import prove as prove_optimum
from solver.reach import Part, part_in_reach, score_bound, why_impossible
from solver.search import Search
from solver.verify import violations
from solver.walks import MOST_SHARED, checked, closed_walk, likeness

#: Networks of so many edges at most, with a frontier no wider than this, are tried to be solved exactly first, with
#: so much room and in this share of the time.
NARROW_EDGES, NARROW = 250, 9
NARROW_ROOM = Room(states=150_000, labels=5_000, prices=8, orders=40)
NARROW_SHARE = 0.4
#: Seconds that the search gets at most where a proof is to come.
LONGEST_SEARCH_S = 6.0
#: Seconds kept back for making and checking the closed walks.
RESERVE_S = 0.008


def solve(
    problem: LoopProblem,
    *,
    time_limit: float = 1.0,
    iterations: int | None = None,
    seed: int = 0,
    alternatives: int = 1,
    prove: bool = False,
    improved: Callable[[Loop], None] | None = None,
) -> Result:
    """Find the best loops.

    Parameters
    ----------
    problem : what is asked.
    time_limit : seconds of wall time, set-up included.
    iterations : number of moves to try; the clock is then not looked at, and the same seed gives the same loops
        on any machine, compiled or not.
    seed : of the random generator.
    alternatives : how many loops are wanted; of any two, neither shares more than 60 % of its length
        with the other.
    prove : spend two thirds of the time, or more, on proving how good the best loop can be at all.

    improved : called with each valid loop that is better than all before, as soon as it is found, by the thread that
        solves; what it raises ends the search and is passed on.

    Returns
    -------
    The loops found, best first, with what is proven about them; or why there is none.

    Raises
    ------
    ValueError : `time_limit`, `iterations`, `seed` or `alternatives` is nonsense, or the problem's numbers add up to
        more than 64 bits hold.
    """
    check_options(time_limit, iterations, seed, alternatives)
    began = time.perf_counter()
    part = part_in_reach(problem)
    impossible = why_impossible(problem, part)
    if impossible:
        return Result(Status.INFEASIBLE, reason=impossible, elapsed=time.perf_counter() - began, compiled=COMPILED)
    # with a proof to come, the search gets a third of the time, and no more than it makes good use of
    deadline = began + (
        min(time_limit / 3, LONGEST_SEARCH_S) if prove else time_limit - min(RESERVE_S, time_limit / 10)
    )
    # where the network is narrow, the best loop is found exactly at once
    proof = _settled(problem, part, None if iterations is not None else began + NARROW_SHARE * (deadline - began))
    first = [] if proof is None or proof.times is None else [checked(problem, closed_walk(problem, proof.times))]
    bound = score_bound(problem, part.edges)
    search = Search(problem, part, seed, enough=bound, improved=improved)
    for loop in first:
        search.tell(loop)
    if proof is None or (first and alternatives > 1):
        loops = search.loops(first, alternatives, None if iterations is not None else deadline, iterations or 0)
    else:
        loops = first
    best = problem.objective(loops[0]) if loops else None
    if proof is None and prove and best != bound:
        proof = prove_optimum(problem, part.edges, at_least=best, deadline=began + time_limit)
    if proof is not None:
        loops = _with_proven(problem, loops, proof)[:alternatives]
        for loop in loops[:1]:
            search.tell(loop)
    result = _result(problem, loops, bound, proof, search, began)
    return _explained(problem, result, began + time_limit) if result.status is Status.INFEASIBLE else result


def check_options(time_limit: float, iterations: int | None, seed: int, alternatives: int) -> None:
    """Refuse what no search can be asked for.

    Raises
    ------
    ValueError : the message names the value and what would be right.
    """
    if not 0 < time_limit < math.inf:
        raise ValueError(f"time_limit is {time_limit!r}, want seconds above 0")
    if iterations is not None and iterations < 0:
        raise ValueError(f"iterations is {iterations!r}, want 0 or more")
    if alternatives < 1:
        raise ValueError(f"alternatives is {alternatives!r}, want 1 or more")
    if not isinstance(seed, int):
        raise ValueError(f"seed is {seed!r}, want an integer")


def _settled(problem: LoopProblem, part: Part, deadline: float | None) -> Outcome | None:
    """The best loop, or the proof that there is none, where the network is small and narrow; else None."""
    if len(part.edges) > NARROW_EDGES:
        return None

    def keep_going() -> bool:
        return deadline is None or time.perf_counter() < deadline

    try:
        exact = Exact(problem, part.edges, NARROW_ROOM.orders)
        outcome = exact.solve(None, NARROW_ROOM, keep_going) if exact.width <= NARROW else None
        if outcome is None or outcome.bound != outcome.reached:
            return None
        if problem.target is not None and outcome.times is not None:
            # of loops that are worth the same, the one nearest to the length that was asked for
            exact = Exact(problem, part.edges, NARROW_ROOM.orders, fine=FINE)
            nearest = exact.solve(None, NARROW_ROOM, keep_going)
            if nearest is not None and nearest.times is not None:
                return Outcome(outcome.bound, outcome.reached, nearest.times)
    except OverflowError:
        return None
    return outcome


def _with_proven(problem: LoopProblem, loops: list[Loop], proof: Outcome) -> list[Loop]:
    """Put the loop that a proof came across first, if it is one the search did not find and all limits hold."""
    if proof.times is None:
        return loops
    loop = closed_walk(problem, proof.times)
    if violations(problem, loop):
        return loops
    return [loop, *(old for old in loops if likeness(problem, Counter(old.walk), proof.times) <= MOST_SHARED)]


def _result(
    problem: LoopProblem, loops: list[Loop], bound: int | None, proof: Outcome | None, search: Search, began: float
) -> Result:
    status, reason, lengths = Status.UNKNOWN, None, search.lengths_outside()
    if proof is not None:
        bound = proof.bound if bound is None or proof.bound is None else min(bound, proof.bound)
    if loops:
        proven = problem.objective(loops[0]) == bound
        status, lengths = Status.OPTIMAL if proven else Status.FEASIBLE, ()
    elif bound is None:
        status = Status.INFEASIBLE
        reason = f"no loop of {problem.min_length} to {problem.max_length} exists; all were looked at"
    else:
        reason = f"no loop of {problem.min_length} to {problem.max_length} was found"
    if not loops and lengths:
        reason = f"{reason}; loops of {' and '.join(map(str, lengths))} exist"
    return Result(
        status,
        tuple(loops),
        bound=bound,
        reason=reason,
        nearest_lengths=lengths,
        iterations=search.kernel.move_count(),
        elapsed=time.perf_counter() - began,
        compiled=COMPILED,
    )


def _explained(problem: LoopProblem, result: Result, deadline: float) -> Result:
    """The same result with the nearest lengths that there are, and the limits that alone are in the way."""

    def keep_going() -> bool:
        return time.perf_counter() < deadline

    longer = part_in_reach(replace(problem, max_length=min(LIMIT, 2 * problem.max_length)))
    lengths = tuple(x for x in nearest_lengths(problem, longer.edges, keep_going) if x is not None)
    reason = f"no loop of {problem.min_length} to {problem.max_length} exists"
    if lengths:
        reason += f"; the nearest are {' and '.join(map(str, lengths))} long"
    for name, limit in LIMITS.items():
        if getattr(problem, limit) not in (None, ()):
            without = replace(problem, **{limit: () if limit == "via" else None})  # type: ignore[arg-type]
            if exists(without, part_in_reach(without).edges, keep_going):
                reason += f"; without {name} there is one"
    return replace(result, reason=reason, nearest_lengths=lengths or result.nearest_lengths)


#: Limits beside the window, in words.
LIMITS = {
    "the limit on ascent": "max_ascent",
    "the limit on repetition": "max_repeat_share",
    "the limit on road": "max_road_share",
    "the via nodes": "via",
}
