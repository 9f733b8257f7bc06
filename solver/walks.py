"""From how often each edge is walked to the walk itself, and how alike two walks are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from solver.problem import Loop, LoopProblem
from solver.trek import TrekProblem
from solver.verify import violations

#: Loops of which either shares more of its length than this with the other are no alternatives.
MOST_SHARED = 0.6


def likeness(problem: LoopProblem | TrekProblem, one: Mapping[int, int], other: Mapping[int, int]) -> float:
    """The largest share of either walk, by length, that lies on the trails of the other (0..1).

    Walks are {edge: times walked}. Each edge is counted once, and as often as it is walked: the larger share tells.
    """
    common = one.keys() & other.keys()
    edges = problem.network.edges
    share = 0.0
    for walk in (one, other):
        for times in (dict.fromkeys(walk, 1), walk):
            shared = sum(edges[e].length * times[e] for e in common)
            total = sum(edges[e].length * y for e, y in times.items())
            share = max(share, shared / total if total else 1.0)
    return share


def closed_walk(problem: LoopProblem, times: dict[int, int]) -> Loop:
    """A closed walk over each edge as often as `times` says (Hierholzer 1873), in the direction that climbs less."""
    edges = problem.network.edges
    links: dict[int, list[int]] = {}
    for e in times:
        links.setdefault(edges[e].u, []).append(e)
        if edges[e].v != edges[e].u:
            links.setdefault(edges[e].v, []).append(e)
    left = dict(times)
    start = next(t for t in problem.trailheads if t in links)
    stack = [(start, -1)]
    walk: list[int] = []
    while stack:
        node, by = stack[-1]
        while links[node] and left[links[node][-1]] == 0:
            links[node].pop()
        if links[node]:
            e = links[node][-1]
            left[e] -= 1
            stack.append((edges[e].u + edges[e].v - node, e))
        else:
            stack.pop()
            if by >= 0:
                walk.append(by)
    ascent, other_way = _ascent(problem, start, walk), _ascent(problem, start, walk[::-1])
    if other_way < ascent:
        walk.reverse()
    return Loop(
        start,
        tuple(walk),
        score=sum(edges[e].score for e in times),
        length=sum(edges[e].length * y for e, y in times.items()),
        ascent=min(ascent, other_way),
        repeated=sum(edges[e].length for e, y in times.items() if y == 2),
    )


def _ascent(problem: LoopProblem, start: int, walk: Sequence[int]) -> int:
    here = start
    total = 0
    for e in walk:
        edge = problem.network.edges[e]
        here, climbed = (edge.v, edge.up) if here == edge.u else (edge.u, edge.down)
        total += climbed
    return total


def checked(problem: LoopProblem, loop: Loop) -> Loop:
    """The loop, if the referee finds nothing wrong with it."""
    wrong = violations(problem, loop)
    if wrong:
        raise AssertionError(f"the solver made an invalid loop, please report this: {'; '.join(wrong)}")
    return loop
