"""Loops of one day: the search, the ranking, and what is proven of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from loopgenie import no_loop
from loopgenie.clock import Clock
from loopgenie.drive import Reached
from loopgenie.itinerary import Itinerary, Verdict, itinerary
from loopgenie.network import UNITS
from loopgenie.parameters import TripParameters
from loopgenie.places import Located
from loopgenie.starts import only_trail_ends, start_at
from loopgenie.task import Around, Home, LoopTask, segments_of
from solver import Loop, Result, Status
from solver.solve import solve

#: A shorter search that met no loop may have had no processor: another one of this time, in seconds, before we say no.
_ENOUGH_S = 1.0


def plan_loops(parameters: TripParameters, place: Located, around: Around, clock: Clock) -> tuple[Itinerary, ...]:
    """The best loops, best first.

    Raises
    ------
    NoLoopInReach : there is none, or none was found; says why.
    """
    task = partial(LoopTask.of, around=around)
    with clock.stage("network"):
        asked = task(parameters)
    with clock.stage("solve"):
        loops, result = _search(asked, clock)
        if not loops and result.status is Status.UNKNOWN and parameters.time_limit_s < _ENOUGH_S:
            loops, result = _search(asked, Clock(_ENOUGH_S))
        if not loops and only_trail_ends(around.homes):
            asked = task(parameters, turning=True)
            loops, result = _search(asked, clock)
        if not loops:
            raise no_loop.no_loop(asked, result, task, solve)
    with clock.stage("itinerary"):
        return tuple(_itineraries(_ranked(loops, asked), result, asked, place, around))


def _search(task: LoopTask, clock: Clock) -> tuple[list[Loop], Result]:
    """Loops whose length before rounding is inside the window, too, and what else the solver says."""
    parameters, problem = task.parameters, task.problem
    while True:
        result = solve(
            problem,
            time_limit=clock.left(),
            seed=parameters.seed,
            alternatives=parameters.alternatives,
            prove=parameters.prove,
        )
        loops = [loop for loop in result.loops if _is_inside(task.network.length_m(loop.walk), parameters)]
        narrower = problem.max_length - problem.min_length - 2 * _MARGIN
        if loops or not result.loops or problem is not task.problem or narrower < 0:
            return loops, result
        low, high = problem.min_length + _MARGIN, problem.max_length - _MARGIN
        problem = replace(problem, min_length=low, max_length=high)


#: Half a metre: more than the rounding of a few hundred segments to centimetres comes to.
_MARGIN = UNITS // 2


def _is_inside(length_m: float, parameters: TripParameters) -> bool:
    return parameters.min_length_m <= length_m <= parameters.max_length_m


def _ranked(loops: Sequence[Loop], task: LoopTask) -> list[tuple[Loop, Home]]:
    """The loops, best first, then by drive; each starts at the trailhead it passes that is nearest by car.

    To whole metres: what differs by less is as good.
    """
    ranked = [_from_nearest_home(loop, task) for loop in loops]
    return sorted(ranked, key=lambda r: (-round(task.problem.objective(r[0]) / UNITS), _drive_m(r[1])))


def _from_nearest_home(loop: Loop, task: LoopTask) -> tuple[Loop, Home]:
    homes = [task.starts.get(node) for node in task.network.nodes(loop)]
    _, first = min((_drive_m(home), i) for i, home in enumerate(homes) if home is not None)
    node = task.network.nodes(loop)[first]
    return replace(loop, start=node, walk=(*loop.walk[first:], *loop.walk[:first])), task.starts[node]


def _drive_m(home: Home) -> float:
    return home.drive.length_m if isinstance(home, Reached) else 0.0


def _itineraries(
    ranked: Sequence[tuple[Loop, Home]],
    result: Result,
    task: LoopTask,
    place: Located,
    around: Around,
) -> Iterator[Itinerary]:
    walks = [task.network.steps(loop.walk, loop.start) for loop, _ in ranked]
    segments = segments_of(walks, around.store)
    ways_at = task.network.ways_at(j for s in segments.values() for j in (s.core.start, s.core.end))
    for rank, ((loop, home), steps) in enumerate(zip(ranked, walks, strict=True), start=1):
        start = start_at(home, place, around.store)
        yield itinerary(steps, segments, start=start, verdict=_verdict(rank, loop, task, result), ways_at=ways_at)


def _verdict(rank: int, loop: Loop, task: LoopTask, result: Result) -> Verdict:
    """What is proven of a loop: none has a higher score than `bound`, unless it pays more than this one does.

    The solver bounds the objective: the score less what a loop pays for straying from the asked length, for walking
    ground twice and for lying off the heading. Adding what this loop pays makes it a bound on the scores of all that
    pay as much or less; and no score is above the longest length allowed. Only a loop that reaches the bound on the
    objective is optimal.
    """
    # no metre is worth more than one point, so a score above the length is rounding to centimetres
    score = min(loop.score / UNITS, task.network.length_m(loop.walk))
    if result.bound is None:
        return Verdict(rank, score, str(Status.FEASIBLE))
    paid = loop.score - task.problem.objective(loop)
    status = Status.OPTIMAL if loop.score >= result.bound + paid else Status.FEASIBLE
    bound = max(loop.score, min(result.bound + paid, task.problem.max_length))
    gap = (bound - loop.score) / bound if bound > 0 else None
    return Verdict(rank, score, str(status), score + (bound - loop.score) / UNITS, gap)
