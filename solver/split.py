"""The best way to cut a walk that is given into days, exactly; and a few walks over given trails to cut.

This is all that "find the best loop, then split it" can do. A night may be spent wherever the walk passes a camp, so
only the days' lengths are left to choose; which trails are walked, and in which order, is not.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import accumulate, pairwise
from random import Random
from typing import NamedTuple

from solver.trek import Camp, Day, Trek, TrekProblem, measured

#: Stands for the ends of a trek: no way to walk from the trail to the bed.
_HOME = Camp(0)


def best_split(problem: TrekProblem, start: int, walk: Sequence[int]) -> Trek | None:
    """The best way to cut a closed walk into the days of a problem, or None where no way keeps all limits.

    A dynamic program over (day, passing of a camp). Of two ways to the same night the one stays that is as good in all
    that still matters: what the days so far lost for being astray and, only where a limit asks for them, the metres
    since the last water, those of the spurs and their climb. So with p passings of camps and n days it takes
    O(n p^2 k) time, k being the most ways kept for one night: 1 where no limit but the days' own is given.

    Parameters
    ----------
    start : the node where the walk starts and ends.
    walk : edge ids in the order walked.

    Raises
    ------
    ValueError : the walk is not connected, or not closed.
    """
    line = _line(problem, start, walk)
    if start not in problem.trailheads or not set(problem.via).issubset(line.nodes):
        return None
    #  mostly the best split as far as the days go keeps what the whole trek has to keep, too
    ways = _ways(problem, line, _Asked())
    if ways and not _kept_in_all(problem, line, min(ways, key=_cost)):
        ways = [way for way in _ways(problem, line, _asked(problem)) if _kept_in_all(problem, line, way)]
    return _trek(problem, line, min(ways, key=_cost)) if ways else None


def splits_of(problem: TrekProblem, times: Mapping[int, int], *, orders: int = 6, seed: int = 0) -> Trek | None:
    """The best trek found that walks each edge as often as `times` says, or None.

    Of all the orders in which that can be done some are drawn at random; each is cut as well as it can be in both
    directions and from every passing of a trailhead.

    Parameters
    ----------
    times : how often each edge is walked; edges that are not walked may be left out.
    orders : how many orders to try.
    seed : the same seed draws the same orders.

    Raises
    ------
    ValueError : no closed walk does that: a degree is odd, or the edges do not hang together.
    """
    draw = Random(seed)
    times = {e: n for e, n in times.items() if n > 0}
    best: Trek | None = None
    tried: set[tuple[int, tuple[int, ...]]] = set()
    for _ in range(orders if times else 0):
        for start, walk in _starts(problem, *_closed_walk(problem, times, draw)):
            if (start, walk) in tried:
                continue
            tried.add((start, walk))
            trek = best_split(problem, start, walk)
            if trek and (best is None or problem.objective(trek) > problem.objective(best)):
                best = trek
    return best


class _Goal(NamedTuple):
    """Where a day may end: after so many edges of the walk, at a camp, or at home."""

    at: int
    camp: int | None


class _Way(NamedTuple):
    """The first days cut in one way. `thirst`: metres since the last water; `spurs`, `climb`: of all spurs so far."""

    cost: int
    thirst: int
    spurs: int
    climb: int
    goal: _Goal
    before: _Way | None


class _Asked(NamedTuple):
    """Whether the climb of the spurs, and having more or less of their length, may matter to a limit on the whole."""

    climb: bool = False
    most: bool = False
    least: bool = False


class _Line(NamedTuple):
    """A walk unrolled. Index i is after i edges: metres, climbs up and down, and number of waters passed until there.

    `waters` are metres along the walk, `droughts[i]` how many stretches between the first i of them are too long, and
    `free[i]` is the farthest index up to which no edge is walked more than twice, counted from i.
    """

    walk: Sequence[int]
    nodes: list[int]
    metres: list[int]
    ups: list[int]
    downs: list[int]
    waters: list[int]
    waters_until: list[int]
    droughts: list[int]
    free: list[int]


def _line(problem: TrekProblem, start: int, walk: Sequence[int]) -> _Line:
    nodes, metres, ups, downs = [start], [0], [0], [0]
    waters: list[int] = []
    waters_until = [0]
    for e in walk:
        edge = problem.network.edges[e]
        if nodes[-1] not in (edge.u, edge.v):
            raise ValueError(f"edge {e} does not leave node {nodes[-1]}")
        forward = nodes[-1] == edge.u
        if problem.max_dry is not None and problem.waters is not None:
            along = problem.waters[e] if forward else [edge.length - at for at in reversed(problem.waters[e])]
            waters += [metres[-1] + at for at in along]
        nodes.append(edge.v if forward else edge.u)
        metres.append(metres[-1] + edge.length)
        ups.append(ups[-1] + (edge.up if forward else edge.down))
        downs.append(downs[-1] + (edge.down if forward else edge.up))
        waters_until.append(len(waters))
    if nodes[-1] != start:
        raise ValueError(f"the walk ends at node {nodes[-1]}, not at its start {start}")
    longest = problem.max_dry or 0
    droughts = [0, *accumulate((int(to - since > longest) for since, to in pairwise(waters)), initial=0)]
    return _Line(walk, nodes, metres, ups, downs, waters, waters_until, droughts, _without_thirds(walk))


def _without_thirds(walk: Sequence[int]) -> list[int]:
    """For each index the farthest one up to which no edge is walked a third time."""
    passes: dict[int, list[int]] = {}
    for i, e in enumerate(walk):
        passes.setdefault(e, []).append(i)
    far = [len(walk)] * (len(walk) + 1)
    for same in passes.values():
        for first, third in zip(same, same[2:], strict=False):
            far[first] = third
    return _falling(far)


def _without(walk: Sequence[int], closed: frozenset[int]) -> list[int]:
    """For each index the farthest one up to which no closed edge is walked."""
    far = [len(walk)] * (len(walk) + 1)
    for i, e in enumerate(walk):
        if e in closed:
            far[i] = i
    return _falling(far)


def _falling(far: list[int]) -> list[int]:
    """What stops a later index stops an earlier one, too."""
    return list(accumulate(reversed(far), min))[::-1]


def _ways(problem: TrekProblem, line: _Line, asked: _Asked) -> list[_Way]:
    """Ways to cut the walk that keep all limits of the days, the best one among them if no more is asked than that."""
    camps_at: dict[int, list[int]] = {}
    for number, camp in enumerate(problem.camps):
        camps_at.setdefault(camp.node, []).append(number)
    passings = [_Goal(at, camp) for at, node in enumerate(line.nodes) for camp in camps_at.get(node, ())]
    ways = [_Way(0, 0, 0, 0, _Goal(0, None), None)]
    for number, day in enumerate(problem.days):
        if number < len(problem.days) - 1:
            goals = [goal for goal in passings if goal.camp not in day.no_camps]
        else:
            goals = [_Goal(len(line.walk), None)]
        ways = _one_day_more(problem, line, number, ways, goals, asked)
    return ways


def _one_day_more(
    problem: TrekProblem, line: _Line, number: int, ways: list[_Way], goals: list[_Goal], asked: _Asked
) -> list[_Way]:
    """The best ways to end a day, from those to end the day before. `goals` are in the order of the walk."""
    day = problem.days[number]
    far = list(map(min, line.free, _without(line.walk, day.closed))) if day.closed else line.free
    metres = [line.metres[goal.at] for goal in goals]
    longest_spur = max((_bed(problem, goal).spur for goal in goals), default=0)
    found: dict[_Goal, list[_Way]] = {}
    for way in ways:
        here = way.goal.at
        begun = line.metres[here] - _bed(problem, way.goal).spur
        first = bisect_left(metres, begun + day.min_length - longest_spur)
        beyond = bisect_right(metres, begun + day.max_length)
        for goal in goals[first:beyond]:
            if goal.at > far[here]:
                break
            longer = _longer(problem, line, number, way, goal) if goal.at >= here else None
            if longer:
                _keep(found.setdefault(goal, []), longer, asked)
    return [way for same in found.values() for way in same]


def _bed(problem: TrekProblem, goal: _Goal) -> Camp:
    return _HOME if goal.camp is None else problem.camps[goal.camp]


def _longer(problem: TrekProblem, line: _Line, number: int, way: _Way, goal: _Goal) -> _Way | None:
    """A way with one day more, or None where that breaks a limit of the day, or bottles run dry."""
    day, here, there = problem.days[number], way.goal.at, goal.at
    morning, evening = _bed(problem, way.goal), _bed(problem, goal)
    length = line.metres[there] - line.metres[here] + morning.spur + evening.spur
    if not day.min_length <= length <= day.max_length:
        return None
    ascent = line.ups[there] - line.ups[here] + morning.down + evening.up
    if day.max_ascent is not None and ascent > day.max_ascent:
        return None
    if day.min_time is not None or day.max_time is not None:
        descent = line.downs[there] - line.downs[here] + morning.up + evening.down
        if not _time_kept(problem, day, length, ascent, descent):
            return None
    thirst = 0
    if problem.max_dry is not None:
        since = _since_water(line, here, there, way.thirst + morning.spur, problem.max_dry)
        if since is None or since + evening.spur > problem.max_dry:
            return None
        thirst = 0 if evening.water else since + evening.spur
    cost = way.cost + problem.astray_cost(number, length)
    climb = way.climb + morning.down + evening.up
    return _Way(cost, thirst, way.spurs + morning.spur + evening.spur, climb, goal, way)


def _time_kept(problem: TrekProblem, day: Day, length: int, ascent: int, descent: int) -> bool:
    if problem.pace is None:
        return True
    seconds = problem.pace.seconds(length, ascent, descent)
    return (day.min_time is None or seconds >= day.min_time) and (day.max_time is None or seconds <= day.max_time)


def _since_water(line: _Line, here: int, there: int, thirst: int, longest: int) -> int | None:
    """Metres since the last water after a part of the walk; None where some stretch on it is too long."""
    first, beyond = line.waters_until[here], line.waters_until[there]
    if first == beyond:
        return thirst + line.metres[there] - line.metres[here]
    #  droughts before the first water of this part are none of it
    dry = line.droughts[beyond] > line.droughts[first + 1]
    if dry or thirst + line.waters[first] - line.metres[here] > longest:
        return None
    return line.metres[there] - line.waters[beyond - 1]


def _cost(way: _Way) -> int:
    return way.cost


def _keep(ways: list[_Way], new: _Way, asked: _Asked) -> None:
    """Add a way to the same night unless another is as good; drop those that it is as good as."""
    if any(_as_good(way, new, asked) for way in ways):
        return
    ways[:] = [way for way in ways if not _as_good(new, way, asked)]
    ways.append(new)


def _as_good(one: _Way, other: _Way, asked: _Asked) -> bool:
    """Whether whatever can follow on the other can follow on the one, at no greater cost."""
    return (
        one.cost <= other.cost
        and one.thirst <= other.thirst
        and (one.climb <= other.climb or not asked.climb)
        and (one.spurs <= other.spurs or not asked.most)
        and (one.spurs >= other.spurs or not asked.least)
    )


def _asked(problem: TrekProblem) -> _Asked:
    #  longer spurs may be what a trek needs to be long enough, and for its shares
    shares = (problem.max_repeat_share, problem.max_road_share)
    return _Asked(
        climb=problem.max_ascent is not None,
        most=problem.max_length is not None,
        least=problem.min_length is not None or any(share is not None for share in shares),
    )


def _kept_in_all(problem: TrekProblem, line: _Line, way: _Way) -> bool:
    """Whether a whole trek keeps the limits that only the whole has."""
    edges = problem.network.edges
    length = line.metres[-1] + way.spurs
    if problem.min_length is not None and length < problem.min_length:
        return False
    if problem.max_length is not None and length > problem.max_length:
        return False
    if problem.max_ascent is not None and line.ups[-1] + way.climb > problem.max_ascent:
        return False
    repeated = line.metres[-1] - sum(edges[e].length for e in set(line.walk))
    road = sum(problem.roads[e] for e in line.walk) if problem.roads is not None else 0
    return all(
        share is None or metres <= Decimal(str(share)) * length
        for metres, share in ((repeated, problem.max_repeat_share), (road, problem.max_road_share))
    )


def _trek(problem: TrekProblem, line: _Line, way: _Way) -> Trek:
    nights = []
    before: _Way | None = way
    while before is not None:
        nights.append(before.goal)
        before = before.before
    nights.reverse()
    walks = [line.walk[since.at : to.at] for since, to in pairwise(nights)]
    return measured(problem, line.nodes[0], walks, [night.camp for night in nights if night.camp is not None])


def _closed_walk(problem: TrekProblem, times: Mapping[int, int], draw: Random) -> tuple[int, list[int]]:
    """A start and a random closed walk over each edge as often as `times` says (Hierholzer 1873)."""
    edges = problem.network.edges
    links: dict[int, list[int]] = {}
    for e, n in times.items():
        for node in (edges[e].u, edges[e].v) if edges[e].u != edges[e].v else (edges[e].u,):
            links.setdefault(node, []).extend([e] * n)
    for node, there in links.items():
        if sum(edges[e].u != edges[e].v for e in there) % 2:
            raise ValueError(f"no closed walk: an odd number of passes at node {node}")
        draw.shuffle(there)
    left = dict(times)
    start = min(links)
    stack = [(start, -1)]
    walk: list[int] = []
    while stack:
        node, by = stack[-1]
        while links[node] and not left[links[node][-1]]:
            links[node].pop()
        if links[node]:
            e = links[node].pop()
            left[e] -= 1
            stack.append((edges[e].u + edges[e].v - node, e))
        else:
            stack.pop()
            if by >= 0:
                walk.append(by)
    if any(left.values()):
        missed = next(e for e, n in left.items() if n)
        raise ValueError(f"no closed walk: edge {missed} does not hang together with edge {walk[0]}")
    return start, walk


def _starts(problem: TrekProblem, start: int, walk: list[int]) -> Iterator[tuple[int, tuple[int, ...]]]:
    """A closed walk in both directions from every passing of a trailhead."""
    edges = problem.network.edges
    trailheads = set(problem.trailheads)
    for line in (walk, walk[::-1]):
        here = start
        for i, e in enumerate(line):
            if here in trailheads:
                yield here, (*line[i:], *line[:i])
            here = edges[e].u + edges[e].v - here
