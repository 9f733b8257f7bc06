"""Proofs: an upper bound that no loop can beat, and the best loop itself where the network is small or narrow enough.

Two methods take turns. A linear program with cuts (`relaxation.py`, needs the extra `prove`) bounds every loop and says
what each decision on an edge costs; edges that cannot be part of a better loop go. The exact program over a small
frontier (`frontier.py`) then settles the rest, and leaves states aside for which those costs are too high. Both
reckon in whole numbers, so what they prove needs no tolerance.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from solver.exact import Exact, Outcome, Room
from solver.problem import LIMIT, LoopProblem, Network

if TYPE_CHECKING:
    from solver.relaxation import Relaxation

#: First attempt without a linear program: enough for networks that are narrow, and over in a second for the others.
QUICK = Room(states=1_000_000, labels=50_000, prices=10, orders=2_000)
#: Then with its help, ever more room: some 50 MB, 200 MB, 700 MB.
ROOMS = tuple(Room(states=n, labels=n // 20, prices=14, orders=60_000) for n in (1_000_000, 4_000_000, 14_000_000))
#: Widest frontier for the quick attempt, and most edges; larger networks are hardly ever so narrow.
NARROW, NARROW_EDGES = 11, 3_000
#: Seconds that setting up takes for each edge; with less time than that there is no point in trying.
SETTING_UP_S = 1e-4
#: Share of the time that is left which one linear program may take.
RELAXING_SHARE = 0.4
#: Share of the time that may go into the order for the quick attempt.
QUICK_SHARE = 0.05
#: Share of the time by which an order of the edges has to be found.
ORDERING_SHARE = 0.6


def prove(problem: LoopProblem, edges: Sequence[int], *, at_least: int | None, deadline: float) -> Outcome:
    """Find the best loop, or prove that there is none, or bound it.

    Parameters
    ----------
    edges : the edge ids that a loop may use.
    at_least : an objective that is known to be reached, None for none.
    deadline : in the time of `time.perf_counter()`.

    Returns
    -------
    The bound is None where there is no loop, and an infinite one where nothing was proven in time.
    """

    def keep_going() -> bool:
        return time.perf_counter() < deadline

    began = time.perf_counter()
    best = Outcome(NOTHING_PROVEN)
    if len(edges) > NARROW_EDGES:
        return _in_rooms(problem, edges, at_least, best, deadline)
    try:
        exact = Exact(problem, edges, 1)
    except OverflowError:
        return best
    exact.rearrange(QUICK.orders, lambda: time.perf_counter() < began + QUICK_SHARE * (deadline - began))
    if 0 <= exact.width <= NARROW:
        best = _better(best, exact.solve(at_least, QUICK, keep_going))
    return _in_rooms(problem, edges, at_least, best, deadline)


def _in_rooms(
    problem: LoopProblem, edges: Sequence[int], at_least: int | None, best: Outcome, deadline: float
) -> Outcome:
    """Ever more room, until all is settled or time is up."""
    for room in ROOMS:
        if _is_settled(best, at_least) or time.perf_counter() + len(edges) * SETTING_UP_S >= deadline:
            break
        known = at_least if best.reached is None else best.reached
        edges, best = _in_room(problem, edges, known, best, room, deadline)
    return best


#: Stands for a bound where there is none.
NOTHING_PROVEN = 1 << 60


def _in_room(
    problem: LoopProblem, edges: Sequence[int], known: int | None, best: Outcome, room: Room, deadline: float
) -> tuple[Sequence[int], Outcome]:
    """One turn of both methods: the edges that are left, and what is known now."""

    def keep_going() -> bool:
        return time.perf_counter() < deadline

    charges = None
    now = time.perf_counter()
    relax = _relaxation()
    if relax is not None:
        relaxation = relax(problem, edges, deadline=now + RELAXING_SHARE * (deadline - now), at_least=known)
        # it speaks of the edges that are left, so of loops that are better than what is known
        bound = relaxation.bound if known is None or relaxation.bound is None else max(relaxation.bound, known)
        best = _better(best, Outcome(known if bound is None else bound))
        if _is_settled(best, known):
            return edges, best
        if known is not None:
            useful = relaxation.still_useful(known)
            edges = [e for e, wanted in zip(edges, useful, strict=True) if wanted]
            charges = [c for c, wanted in zip(relaxation.charges, useful, strict=True) if wanted]
    if not keep_going():
        return edges, best
    exact = Exact(problem, edges, 1)
    exact.rearrange(room.orders, lambda: time.perf_counter() < now + ORDERING_SHARE * (deadline - now))
    if charges is not None:
        exact.program.set_charges(relaxation.ceiling, relaxation.scale, charges)
    return edges, _better(best, exact.solve(known, room, keep_going))


def _relaxation() -> Callable[..., Relaxation] | None:
    """The linear program, where the extra `prove` is installed; imported when first needed."""
    from importlib.util import find_spec

    if find_spec("highspy") is None:
        return None
    from solver.relaxation import relax

    return relax


def _better(one: Outcome, other: Outcome | None) -> Outcome:
    """What both know together."""
    if other is None:
        return one
    reached, times = (one.reached, one.times) if other.reached is None else (other.reached, other.times)
    bound = other.bound if one.bound is None or other.bound is None else min(one.bound, other.bound)
    return Outcome(bound, reached, times)


def _is_settled(outcome: Outcome, known: int | None) -> bool:
    reached = known if outcome.reached is None else outcome.reached
    return outcome.bound is None or (reached is not None and outcome.bound <= reached)


# --- why there is none

#: Room for looking whether any loop exists.
SMALL = Room(states=1_000_000, labels=50_000, prices=4, orders=500)


def nearest_lengths(
    problem: LoopProblem, edges: Sequence[int], keep_going: Callable[[], bool]
) -> tuple[int | None, int | None]:
    """The length of the longest loop below the window and of the shortest above it, all other limits kept.

    None where there is none, or none was found in time. Loops up to twice as long as the window are looked at.
    """
    any_loop = _any_loop(problem)
    below = _nearest(any_loop, edges, 1, problem.min_length - 1, 1, keep_going)
    above = _nearest(any_loop, edges, problem.max_length + 1, min(LIMIT, 2 * problem.max_length), -1, keep_going)
    return below, above


def exists(problem: LoopProblem, edges: Sequence[int], keep_going: Callable[[], bool]) -> bool:
    """Whether there is a loop at all; False also where that could not be found out in time."""
    return _length_within(_any_loop(problem), edges, keep_going) is not None


def _any_loop(problem: LoopProblem) -> LoopProblem:
    """The same question, where all loops are worth the same."""
    network = Network([e._replace(score=0) for e in problem.network.edges], problem.network.node_count)
    return replace(problem, network=network, preferences=None, repeat_costs=None, target=None, overlength_cost=0)


def _length_within(problem: LoopProblem, edges: Sequence[int], keep_going: Callable[[], bool]) -> int | None:
    exact = Exact(problem, edges, 1)
    exact.rearrange(SMALL.orders, keep_going)
    outcome = exact.solve(None, SMALL, keep_going)
    if outcome is None or outcome.times is None:
        return None
    return sum(problem.network.edges[e].length * y for e, y in outcome.times.items())


def _nearest(
    problem: LoopProblem, edges: Sequence[int], low: int, high: int, up: int, keep_going: Callable[[], bool]
) -> int | None:
    """The largest length (`up` 1) or the smallest (-1) from `low` to `high` that a loop has; by halving the range."""
    found = None
    first, last = low, high
    while first <= last and keep_going():
        # the first look is at the whole range
        middle = (first + last + (up < 0)) // 2
        half = (middle, last) if up > 0 else (first, middle)
        window = (first, last) if found is None else half
        length = _length_within(replace(problem, min_length=window[0], max_length=window[1]), edges, keep_going)
        if length is not None:
            found = length
            first, last = (length + 1, last) if up > 0 else (first, length - 1)
        elif found is None:
            return None
        else:
            first, last = (first, middle - 1) if up > 0 else (middle + 1, last)
    return found
