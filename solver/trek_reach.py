"""What can be said of treks before any is searched: which nights have a camp in reach, and whether days can be filled.

All of it rests on lower bounds of a single day: the shortest way from camp to camp over the trails that are open that
day, the way that climbs least, and the time that both together take at least. They ignore that one way has to be all
of that at once, so they prove that there is no trek, never that there is one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from solver.kernel import INFINITE, Graph
from solver.trek import Camp, Day, Obstacle, Trek, TrekProblem
from solver.verify import trek_violations

#: How many camps near the trailheads are looked at before all of them are.
NEAREST = 8

#: Camps of a night, each with the trailheads from which it is reached: bit i stands for `TrekProblem.trailheads[i]`.
_Night = Mapping[int, int]


def obstacle(problem: TrekProblem) -> Obstacle | None:
    """A proof that there is no trek, and what is in the way; None where there may be one.

    Night by night, the camps that can be reached are kept, each with the trailheads from which it can be: the trek has
    to come back to the one where it began. Takes a shortest-path search for each camp at most, mostly far less.
    """
    hindered = _days_against_whole(problem) or _via_too_far(problem)
    if hindered:
        return hindered
    grounds = _grounds(problem)
    return _no_way_round(problem, grounds) or _no_such_day(problem, grounds)


def likely_obstacle(problem: TrekProblem, broken: Trek | None = None) -> Obstacle | None:
    """What is probably in the way where a search found no trek and nothing is proven; None where nothing stands out.

    Parameters
    ----------
    broken : a trek that keeps most limits, the nearest that was found; what it breaks is told.
    """
    if broken is not None:
        worst = max(range(len(broken.days)), key=lambda i: _beyond(problem.days[i], broken.days[i].length))
        day, length = problem.days[worst], broken.days[worst].length
        if _beyond(day, length) > 0:
            words = (
                f"day {worst + 1}: the nearest trek found has {length} there, want {day.min_length}..{day.max_length}"
            )
            return Obstacle(words, day=worst + 1)
        wrong = trek_violations(problem, broken)
        if wrong:
            return Obstacle(f"the nearest trek found: {wrong[0]}")
    nights = _nights(problem, _grounds(problem))
    counts = [len(night) for night in nights]
    if not counts or min(counts) > 2:
        return None
    few = counts.index(min(counts))
    camps = "only one camp is" if counts[few] == 1 else f"only {counts[few]} camps are"
    return Obstacle(f"night {few + 1}: {camps} in reach", night=few + 1)


def _beyond(day: Day, length: int) -> float:
    """How far a length is outside of a day's window, as a share of the end it misses."""
    return max((length - day.max_length) / max(1, day.max_length), (day.min_length - length) / max(1, day.min_length))


# --- the whole against its days


def _days_against_whole(problem: TrekProblem) -> Obstacle | None:
    most, least = (sum(day.max_length for day in problem.days), sum(day.min_length for day in problem.days))
    if problem.min_length is not None and most < problem.min_length:
        return Obstacle(f"the longest days make {most} together, less than {problem.min_length}")
    if problem.max_length is not None and least > problem.max_length:
        return Obstacle(f"the shortest days make {least} together, more than {problem.max_length}")
    return None


def _via_too_far(problem: TrekProblem) -> Obstacle | None:
    if not problem.via:
        return None
    most = sum(day.max_length for day in problem.days)
    most = most if problem.max_length is None else min(most, problem.max_length)
    shut = frozenset.intersection(*(day.closed for day in problem.days))
    far = _Ground(problem, shut).graph.distances(problem.trailheads, INFINITE - 1)
    for node in problem.via:
        if 2 * far[node] > most:
            need = "no open trail leads there" if far[node] == INFINITE else f"there and back is {2 * far[node]}"
            return Obstacle(f"via node {node} cannot be reached: {need}, and the trek may have {most}")
    return None


# --- from camp to camp


@dataclass
class _Ground:
    """The trails that are open on a day, and how far places are apart on them at least.

    Where heights agree with each other, twice the ascent of a way from x to y is the sum of up + down over its edges,
    and height(y) - height(x). Otherwise the lesser climb of each edge is all that is sure.
    """

    problem: TrekProblem
    closed: frozenset[int]
    graph: Graph = field(init=False)
    heights: list[int] | None = field(init=False, default=None)
    _climbs: Graph | None = None
    _lengths_from: dict[int, Sequence[int]] = field(default_factory=dict)
    _climbs_from: dict[int, Sequence[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        network = self.problem.network
        edges = [edge for e, edge in enumerate(network.edges) if e not in self.closed]
        tails, heads = [edge.u for edge in edges], [edge.v for edge in edges]
        self.graph = Graph(network.node_count, tails, heads, [edge.length for edge in edges])
        if _climbs_matter(self.problem):
            self.heights = _heights(self.problem)
            steps = [edge.climb if self.heights else 2 * min(edge.up, edge.down) for edge in edges]
            self._climbs = Graph(network.node_count, tails, heads, steps)

    def length(self, start: int, end: int) -> int:
        """Metres between two nodes, INFINITE beyond the longest day."""
        longest = max(day.max_length for day in self.problem.days)
        return _between(self.graph, self._lengths_from, start, end, longest)

    def climb(self, start: int, end: int) -> int:
        """Metres climbed at least on the way from one node to another, where there is one."""
        if self._climbs is None:
            return 0
        risen = self.heights[end] - self.heights[start] if self.heights else 0
        return (_between(self._climbs, self._climbs_from, start, end, INFINITE - 1) + risen) // 2


def _between(graph: Graph, known: dict[int, Sequence[int]], start: int, end: int, limit: int) -> int:
    """The distance of two nodes; searches are kept, and one from either end will do."""
    if start in known:
        return known[start][end]
    if end not in known:
        known[end] = graph.distances([end], limit)
    return known[end][start]


def _climbs_matter(problem: TrekProblem) -> bool:
    return any(day.max_ascent is not None or day.max_time is not None for day in problem.days)


def _heights(problem: TrekProblem) -> list[int] | None:
    """Heights of all nodes such that every edge leads from the one to the other; None where the climbs contradict."""
    links: list[list[tuple[int, int]]] = [[] for _ in range(problem.network.node_count)]
    for edge in problem.network.edges:
        links[edge.u].append((edge.v, edge.up - edge.down))
        links[edge.v].append((edge.u, edge.down - edge.up))
    heights: list[int | None] = [None] * len(links)
    for root in range(len(links)):
        if heights[root] is None:
            heights[root] = 0
            stack = [root]
            while stack:
                here = stack.pop()
                for there, risen in links[here]:
                    if heights[there] is None:
                        heights[there] = (heights[here] or 0) + risen
                        stack.append(there)
    known = [height or 0 for height in heights]
    agree = all(known[edge.v] - known[edge.u] == edge.up - edge.down for edge in problem.network.edges)
    return known if agree else None


def _grounds(problem: TrekProblem) -> list[_Ground]:
    """The ground of each day; days on which the same trails are closed share it."""
    made = {closed: _Ground(problem, closed) for closed in {day.closed for day in problem.days}}
    return [made[day.closed] for day in problem.days]


def _may_be_walked(problem: TrekProblem, number: int, ground: _Ground, morning: Camp, evening: Camp) -> bool:
    """Whether a day may lead from one bed to another, as far as lower bounds tell."""
    day = problem.days[number]
    length = ground.length(morning.node, evening.node) + morning.spur + evening.spur
    if length > day.max_length:
        return False
    if day.max_ascent is None and day.max_time is None:
        return True
    ascent = morning.down + ground.climb(morning.node, evening.node) + evening.up
    if day.max_ascent is not None and ascent > day.max_ascent:
        return False
    if day.max_time is None or problem.pace is None:
        return True
    descent = morning.up + ground.climb(evening.node, morning.node) + evening.down
    return problem.pace.seconds(length, ascent, descent) <= day.max_time


def _open(problem: TrekProblem, night: int) -> list[int]:
    """Camps that are open in the night after a day."""
    shut = problem.days[night].no_camps
    return [c for c in range(len(problem.camps)) if c not in shut]


def _no_way_round(problem: TrekProblem, grounds: list[_Ground]) -> Obstacle | None:
    """A night without a camp in reach, or a last day without a way back."""
    if _one_camp_does(problem, grounds):
        return None
    nights = _nights(problem, grounds)
    if not nights[-1]:
        return _no_camp(problem, grounds, nights)
    return _no_way_back(problem, grounds, nights[-1])


def _one_camp_does(problem: TrekProblem, grounds: list[_Ground]) -> bool:
    """Whether all nights may be spent at one of the camps nearest to the trailheads: nothing else is looked at then."""
    near = grounds[0].graph.distances(problem.trailheads, problem.days[0].max_length)
    nights = range(len(problem.days) - 1)
    always = set.intersection(*(set(_open(problem, night)) for night in nights))
    last = len(problem.days) - 1
    for c in sorted(always, key=lambda c: near[problem.camps[c].node] + problem.camps[c].spur)[:NEAREST]:
        camp = problem.camps[c]
        if all(_may_be_walked(problem, i, grounds[i], camp, camp) for i in range(1, last)) and any(
            _may_be_walked(problem, 0, grounds[0], Camp(home), camp)
            and _may_be_walked(problem, last, grounds[last], camp, Camp(home))
            for home in problem.trailheads
        ):
            return True
    return False


def _nights(problem: TrekProblem, grounds: list[_Ground]) -> list[_Night]:
    """The camps in reach night by night, up to the first night that has none."""
    mornings = [(Camp(home), 1 << i) for i, home in enumerate(problem.trailheads)]
    nights: list[_Night] = []
    for number in range(len(problem.days) - 1):
        ground, day = grounds[number], problem.days[number]
        near = ground.graph.distances([camp.node for camp, _ in mornings], day.max_length)
        everywhere = 0
        for _, homes in mornings:
            everywhere |= homes
        night: dict[int, int] = {}
        for c in _open(problem, number):
            camp = problem.camps[c]
            if near[camp.node] + camp.spur <= day.max_length:
                homes = 0
                for morning, bits in mornings:
                    if bits & ~homes and _may_be_walked(problem, number, ground, morning, camp):
                        homes |= bits
                        if homes == everywhere:
                            break
                if homes:
                    night[c] = homes
        nights.append(night)
        if not night:
            break
        mornings = [(problem.camps[c], homes) for c, homes in night.items()]
    return nights


def _no_camp(problem: TrekProblem, grounds: list[_Ground], nights: list[_Night]) -> Obstacle:
    """What the day before the first night without a camp in reach would need."""
    number = len(nights) - 1
    day = problem.days[number]
    camps = [problem.camps[c] for c in _open(problem, number)]
    what = f"night {number + 1}"
    if not camps:
        return Obstacle(f"{what}: no camp is open", night=number + 1, day=number + 1)
    mornings = [problem.camps[c] for c in nights[-2]] if number else [Camp(home) for home in problem.trailheads]
    shortest = _shortest(problem, grounds[number], mornings, camps)
    return Obstacle(
        f"{what}: no camp that is open can be reached: {_need(day, number, shortest)}",
        night=number + 1,
        day=number + 1,
        shortest=shortest,
    )


def _no_way_back(problem: TrekProblem, grounds: list[_Ground], night: _Night) -> Obstacle | None:
    """What the last day would need to lead to where the first began; None where it can."""
    number = len(problem.days) - 1
    ground = grounds[number]
    pairs = [
        (problem.camps[c], Camp(home))
        for c, homes in night.items()
        for i, home in enumerate(problem.trailheads)
        if homes >> i & 1
    ]
    if any(_may_be_walked(problem, number, ground, camp, home) for camp, home in pairs):
        return None
    far: dict[int, Sequence[int]] = {}
    shortest = INFINITE
    #  from the fewer of both, for each takes a search of its own
    turned = len({camp.node for camp, _ in pairs}) > len({home.node for _, home in pairs})
    for camp, home in pairs:
        a, b = (home.node, camp.node) if turned else (camp.node, home.node)
        if a not in far:
            far[a] = ground.graph.distances([a], INFINITE - 1)
        shortest = min(shortest, far[a][b] + camp.spur)
    known = None if shortest >= INFINITE else shortest
    return Obstacle(
        f"day {number + 1}: no way back to where day 1 began: {_need(problem.days[number], number, known)}",
        day=number + 1,
        shortest=known,
    )


def _need(day: Day, number: int, shortest: int | None) -> str:
    if shortest is None:
        return "no open trail leads there"
    if shortest > day.max_length:
        return f"day {number + 1} would need {shortest}, and may have {day.max_length}"
    limits = [f"climb {day.max_ascent}"] if day.max_ascent is not None else []
    limits += [f"take {day.max_time} s"] if day.max_time is not None else []
    return f"in reach within {shortest}, but day {number + 1} may only {' and '.join(limits)}"


def _shortest(problem: TrekProblem, ground: _Ground, mornings: Sequence[Camp], evenings: Sequence[Camp]) -> int | None:
    """The shortest way from any of some beds to any of others, spurs included; None where there is none."""
    count = problem.network.node_count
    edges = [edge for e, edge in enumerate(problem.network.edges) if e not in ground.closed]
    #  one node more, from which the spurs lead to the trail
    graph = Graph(
        count + 1,
        [*(edge.u for edge in edges), *(count for _ in mornings)],
        [*(edge.v for edge in edges), *(camp.node for camp in mornings)],
        [*(edge.length for edge in edges), *(camp.spur for camp in mornings)],
    )
    far = graph.distances([count], INFINITE - 1)
    shortest = min(far[camp.node] + camp.spur for camp in evenings)
    return None if shortest >= INFINITE else shortest


# --- a day by itself


def _no_such_day(problem: TrekProblem, grounds: list[_Ground]) -> Obstacle | None:
    """A day that cannot be long enough, or finds no water; or a via node that is in reach on none."""
    homes = [Camp(home) for home in problem.trailheads]
    last = len(problem.days) - 1
    needs: dict[int, list[int]] = {node: [] for node in problem.via}
    for number, day in enumerate(problem.days):
        mornings = [problem.camps[c] for c in _open(problem, number - 1)] if number else homes
        evenings = [problem.camps[c] for c in _open(problem, number)] if number < last else homes
        limit = INFINITE - 1 if problem.via else day.max_length
        there = grounds[number].graph.distances([camp.node for camp in mornings], limit)
        back = grounds[number].graph.distances([camp.node for camp in evenings], limit)
        for node, ways in needs.items():
            ways.append(there[node] + back[node])
        spurs = max(camp.spur for camp in mornings) + max(camp.spur for camp in evenings)
        words = _too_short(problem, number, there, back, spurs) or _too_dry(problem, number, there, back)
        if words:
            return Obstacle(f"day {number + 1}: {words}", day=number + 1)
    for node, ways in needs.items():
        if all(way > day.max_length for way, day in zip(ways, problem.days, strict=True)):
            near = min(range(last + 1), key=lambda i: ways[i] - problem.days[i].max_length)
            known = None if ways[near] >= INFINITE else ways[near]
            return Obstacle(f"via node {node} is in reach on no day: {_need(problem.days[near], near, known)}")
    return None


def _too_short(problem: TrekProblem, number: int, there: Sequence[int], back: Sequence[int], spurs: int) -> str | None:
    """Whether walking all twice that lies in reach is too little for a day."""
    day, most = problem.days[number], spurs
    for e in _in_reach(problem, day, there, back):
        if most >= day.min_length:
            return None
        most += 2 * problem.network.edges[e].length
    if most >= day.min_length:
        return None
    return f"walking every trail in reach twice makes only {most}, less than {day.min_length}"


def _too_dry(problem: TrekProblem, number: int, there: Sequence[int], back: Sequence[int]) -> str | None:
    """Whether a day is longer than may be walked without water, and has none on any trail in reach."""
    day = problem.days[number]
    if problem.max_dry is None or problem.waters is None or day.min_length <= problem.max_dry:
        return None
    if any(problem.waters[e] for e in _in_reach(problem, day, there, back)):
        return None
    return f"no trail in reach has water, and at most {problem.max_dry} of at least {day.min_length} may be dry"


def _in_reach(problem: TrekProblem, day: Day, there: Sequence[int], back: Sequence[int]) -> Iterator[int]:
    """Edges that a day may walk, given the distances from where it may begin, and to where it may end."""
    for e, edge in enumerate(problem.network.edges):
        way = min(there[edge.u] + back[edge.v], there[edge.v] + back[edge.u])
        if way + edge.length <= day.max_length and e not in day.closed:
            yield e
