"""The referee: is a loop a valid answer to a problem? Shares no code with the methods that find loops."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from solver.problem import Loop, LoopProblem


def violations(problem: LoopProblem, loop: Loop) -> list[str]:
    """Everything that is wrong with a loop, in words; an empty list when it is a valid answer.

    Climb is summed in the direction walked. Shares are taken as they are written: 0.29 allows 29 of 100.
    """
    edges = problem.network.edges
    wrong: list[str] = []
    if not loop.walk:
        return ["the walk is empty"]
    if loop.start not in problem.trailheads:
        wrong.append(f"start {loop.start} is no trailhead")
    here = loop.start
    visited = {here}
    length = ascent = road = 0
    times: Counter[int] = Counter()
    for step, number in enumerate(loop.walk):
        if not 0 <= number < len(edges):
            return [*wrong, f"step {step}: there is no edge {number}"]
        u, v, metres, _, up, down = edges[number]
        if here not in (u, v):
            return [*wrong, f"step {step}: edge {number} does not leave node {here}"]
        here, climbed = (v, up) if here == u else (u, down)
        visited.add(here)
        length += metres
        ascent += climbed
        road += problem.roads[number] if problem.roads is not None else 0
        times[number] += 1
    if here != loop.start:
        wrong.append(f"the walk ends at {here}, not at its start {loop.start}")
    wrong += [f"edge {number} is walked {n} times" for number, n in times.items() if n > 2]
    if not problem.min_length <= length <= problem.max_length:
        wrong.append(f"length {length} is outside {problem.min_length}..{problem.max_length}")
    if problem.max_ascent is not None and ascent > problem.max_ascent:
        wrong.append(f"ascent {ascent} is above {problem.max_ascent}")
    wrong += [f"via node {node} is missed" for node in problem.via if node not in visited]
    repeated = sum(edges[number].length * (n - 1) for number, n in times.items())
    if problem.max_repeat_share is not None and repeated > Decimal(str(problem.max_repeat_share)) * length:
        wrong.append(f"{repeated} of {length} are walked again, above a share of {problem.max_repeat_share}")
    if problem.max_road_share is not None and road > Decimal(str(problem.max_road_share)) * length:
        wrong.append(f"{road} of {length} are road, above a share of {problem.max_road_share}")
    score = sum(edges[number].score for number in times)
    said = {"score": loop.score, "length": loop.length, "ascent": loop.ascent, "repeated": loop.repeated}
    found = {"score": score, "length": length, "ascent": ascent, "repeated": repeated}
    wrong += [f"{name} is {found[name]}, the loop says {said[name]}" for name in said if said[name] != found[name]]
    return wrong
