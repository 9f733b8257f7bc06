"""Rows that every loop keeps, found where a fractional walk breaks them: the cuts of `relaxation.py`.

A walk passes edge e y_e times, 0, 1 or 2. Column 2 e stands for x_e, whether it is walked at all, column 2 e + 1 for
z_e, whether it is walked twice, so y_e = x_e + z_e. A row says that the sum of coefficients times columns is at most a
limit. Coefficients and limits are whole numbers and each kind of row is derived below, so a row holds exactly; only
the search for a row that is broken reckons in floating point.

For a set of nodes S, cut(S) are the edges with one end in S. Connectivity and capacity look at the network with all
trailheads made one node, the root: a walk that hangs together and touches any trailhead still does so afterwards.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

#: A row has to be broken by this much, reckoned in passes over an edge, to be worth adding.
WORTHWHILE = 0.02
#: Values below are taken for nothing.
NOTHING = 1e-7
#: No distance is as long.
FAR = 1 << 60
#: Capacity is looked at beyond so many distances.
LEVELS = 5
#: Cuts with more edges are not tried for parity.
WIDEST_PARITY = 40


class Row(NamedTuple):
    """The sum of coefficients times columns is at most the limit."""

    coefficients: dict[int, int]
    limit: int

    def broken_by(self, values: Sequence[float]) -> float:
        """By how much the columns' values exceed the limit."""
        return sum(a * values[column] for column, a in self.coefficients.items()) - self.limit


def passes_row(weights: Iterable[tuple[int, int]], limit: int) -> Row:
    """The sum of weight x y_e over (e, weight) is at most the limit."""
    coefficients = {}
    for e, weight in weights:
        if weight:
            coefficients[2 * e] = coefficients[2 * e + 1] = weight
    return Row(coefficients, limit)


@dataclass(frozen=True)
class Graph:
    """An undirected multigraph; `at` are the edges at each node, self-loops left out."""

    ends: Sequence[tuple[int, int]]
    at: Sequence[Sequence[int]]

    @classmethod
    def of(cls, ends: Sequence[tuple[int, int]]) -> Graph:
        """The graph of these edges."""
        at: list[list[int]] = [[] for _ in range(1 + max((max(pair) for pair in ends), default=0))]
        for e, (u, v) in enumerate(ends):
            if u != v:
                at[u].append(e)
                at[v].append(e)
        return cls(ends, at)

    def other(self, e: int, node: int) -> int:
        """The other end of an edge."""
        u, v = self.ends[e]
        return u + v - node

    def boundary(self, nodes: Iterable[int]) -> set[int]:
        """cut(S): the edges with one end among the nodes."""
        found: set[int] = set()
        for node in nodes:
            found.symmetric_difference_update(self.at[node])
        return found

    def parts(self, nodes: Iterable[int], used: Sequence[bool]) -> Iterator[list[int]]:
        """The nodes, by the parts in which the edges that are used hold them together."""
        left = set(nodes)
        while left:
            part = [left.pop()]
            for node in part:
                for e in self.at[node]:
                    if used[e] and (end := self.other(e, node)) in left:
                        left.discard(end)
                        part.append(end)
            yield part

    def merged(self, weights: Sequence[float]) -> Iterator[tuple[int, int, set[int]]]:
        """Sets of nodes that hang together by edges heavier than those around: (name, name before, its cut).

        First the single nodes, named by themselves; then the edges are merged one by one, the heaviest first, and the
        set called `name` takes in the one that was called `name before`.
        """
        nodes = [[node] for node in range(len(self.at))]
        cuts = [set(edges) for edges in self.at]
        name = list(range(len(self.at)))
        yield from ((node, node, cut) for node, cut in enumerate(cuts))
        for e in sorted((e for e, weight in enumerate(weights) if weight > NOTHING), key=lambda e: -weights[e]):
            u, v = (name[end] for end in self.ends[e])
            if u == v:
                continue
            if len(nodes[u]) + len(cuts[u]) < len(nodes[v]) + len(cuts[v]):
                u, v = v, u
            for node in nodes[v]:
                name[node] = u
            nodes[u] += nodes[v]
            cuts[u] ^= cuts[v]
            nodes[v], cuts[v] = [], set()
            yield u, v, cuts[u]


def distances(graph: Graph, lengths: Sequence[int], sources: Iterable[int], usable: Sequence[bool]) -> list[int]:
    """How far each node is from the nearest source over usable edges (Dijkstra 1959)."""
    found = [FAR] * len(graph.at)
    heap = [(0, source) for source in sources]
    for _, source in heap:
        found[source] = 0
    while heap:
        far, node = heapq.heappop(heap)
        if far > found[node]:
            continue
        for e in graph.at[node]:
            if usable[e]:
                end = graph.other(e, node)
                if far + lengths[e] < found[end]:
                    found[end] = far + lengths[e]
                    heapq.heappush(heap, (found[end], end))
    return found


# --- parity


def parity_rows(graph: Graph, values: Sequence[float]) -> Iterator[Row]:
    """A closed walk passes cut(S) an even number of times, so an even number of its edges are walked just once.

    With s_e = x_e - z_e, which is 1 where e is walked once, and any odd F within cut(S) (Padberg and Rao 1982):
        sum of s_e over F  -  sum of s_e over the rest of cut(S)  <=  |F| - 1
    because the left side reaches |F| only where the edges walked once are just those of F, an odd number.
    """
    once = [max(0.0, values[2 * e] - values[2 * e + 1]) for e in range(len(graph.ends))]
    doubt = [min(s, 1 - s) for s in once]
    for _, _, cut in graph.merged(doubt):
        if not cut or len(cut) > WIDEST_PARITY or sum(doubt[e] for e in cut) >= 1 - WORTHWHILE:
            continue
        odd = {e for e in cut if once[e] > 0.5}
        if len(odd) % 2 == 0:
            odd ^= {min(cut, key=lambda e: (abs(1 - 2 * once[e]), e))}
        row = parity_row(cut, odd)
        if row.broken_by(values) > WORTHWHILE:
            yield row


def parity_row(cut: Iterable[int], odd: set[int]) -> Row:
    """The row of `parity_rows` for one cut and one odd part of it."""
    coefficients = {}
    for e in cut:
        sign = 1 if e in odd else -1
        coefficients[2 * e], coefficients[2 * e + 1] = sign, -sign
    return Row(coefficients, len(odd) - 1)


# --- connectivity


def connectivity_row(cut: Iterable[int], e: int | None) -> Row:
    """If S is without the root and an edge e with an end in S is walked, cut(S) is passed twice at least.

    So 2 x_e - y(cut(S)) <= 0. Without an edge: S holds a node that has to be visited, so y(cut(S)) >= 2.
    """
    row = passes_row(((f, -1) for f in cut), -2 if e is None else 0)
    if e is not None:
        row.coefficients[2 * e] = row.coefficients.get(2 * e, 0) + 2
    return row


def connectivity_rows(
    graph: Graph, root: int, wanted: frozenset[int], values: Sequence[float], *, exactly: bool
) -> Iterator[Row]:
    """Rows of `connectivity_row` that are broken, the one with the smallest cut for each edge.

    `exactly`: by minimum cuts, so that none is missed; otherwise only sets that hang together by what is walked most.
    """
    passes = [values[2 * e] + values[2 * e + 1] for e in range(len(graph.ends))]
    wished = len(graph.ends)
    heaviest = [(0.0, -1) for _ in graph.at]
    for e, (u, v) in enumerate(graph.ends):
        for end in (u, v):
            heaviest[end] = max(heaviest[end], (min(1.0, values[2 * e]), e))
    for node in wanted:
        heaviest[node] = (1.0, wished)
    search = _smallest_cuts if exactly else _merged_cuts
    least: dict[int, tuple[float, frozenset[int]]] = {}
    for cut, e in search(graph, root, heaviest, passes):
        load = sum(passes[f] for f in cut)
        if e not in least or load < least[e][0]:
            least[e] = load, frozenset(cut)
    for e, (_, smallest) in least.items():
        yield connectivity_row(smallest, None if e == wished else e)


def _merged_cuts(
    graph: Graph, root: int, heaviest: list[tuple[float, int]], passes: list[float]
) -> Iterator[tuple[set[int], int]]:
    most = list(heaviest)
    rooted = root
    for name, before, cut in graph.merged(passes):
        most[name] = max(most[name], most[before])
        if rooted == before:
            rooted = name
        if name != rooted and 2 * most[name][0] - sum(passes[e] for e in cut) > WORTHWHILE:
            yield cut, most[name][1]


def _smallest_cuts(
    graph: Graph, root: int, heaviest: list[tuple[float, int]], passes: list[float]
) -> Iterator[tuple[set[int], int]]:
    """By minimum cuts between the root and each node, the most walked first.

    A node that is held to the root by twice what any node left needs is as good as the root from then on.
    """
    flow = Flow(len(graph.at))
    for e, (u, v) in enumerate(graph.ends):
        if u != v and passes[e] > NOTHING:
            flow.join(u, v, passes[e], passes[e])
    rooted = {root}
    for node in sorted(range(len(graph.at)), key=lambda n: (-heaviest[n][0], n)):
        share, e = heaviest[node]
        if share <= WORTHWHILE:
            break
        if node in rooted:
            continue
        flow.reset()
        if flow.push(node, rooted, 2 * share) < 2 * share - WORTHWHILE:
            yield graph.boundary(flow.side(node)), e
        rooted.add(node)


# --- capacity


@dataclass(frozen=True)
class Resource:
    """Something that each pass over an edge takes and of which a walk has a limited amount: length, or climb.

    `near` is what it takes at least to come from the root to each node.
    """

    costs: Sequence[int]
    limit: int
    near: Sequence[int]


def far_rows(graph: Graph, resource: Resource, steps: int, values: Sequence[float]) -> Iterator[Row]:
    """What is walked farther than d from the root is at most the limit less 2 d, the way there and back.

    The part of an edge that is farther: a point t along it is the nearer of a + t and b + l - t away.
    """

    def beyond(e: int, d: int) -> int:
        u, v = graph.ends[e]
        cost = resource.costs[e]
        return min(cost, max(0, cost - max(0, d - resource.near[u]) - max(0, d - resource.near[v])))

    passes = [(e, y) for e in range(len(graph.ends)) if (y := values[2 * e] + values[2 * e + 1]) > NOTHING]
    reach = resource.limit // 2
    for d in sorted({reach * i // steps for i in range(1, steps)} - {0}):
        limit = resource.limit - 2 * d
        if sum(beyond(e, d) * y for e, y in passes) > limit + WORTHWHILE * resource.limit:
            yield passes_row(((e, beyond(e, d)) for e in range(len(graph.ends))), limit)


def capacity_row(graph: Graph, resource: Resource, nodes: Iterable[int]) -> Row:
    """A set S without the root takes no more than what is left when a walk comes to it, and has to come back from it.

    Let a walk enter S for the first time over edge f from node w, and leave it for the last time over f' to w'. It
    takes near(w) to come to w without touching S, and near(w') to come back, so the passes over edges with an end in S
    take limit - near(w) - near(w') at most. Both f and f' are passes over cut(S) (two of them, even where f = f'), so
        sum of cost_e y_e over edges with an end in S  <=  sum of max(0, limit / 2 - near(w_f)) y_f over f in cut(S)
    with w_f the end of f outside S. A walk that does not enter S has 0 on both sides. Doubled, all numbers are whole.
    """
    inside = set(nodes)
    weights: dict[int, int] = {}
    for node in inside:
        for e in graph.at[node]:
            end = graph.other(e, node)
            weights[e] = 2 * resource.costs[e]
            if end not in inside:
                weights[e] -= max(0, resource.limit - 2 * resource.near[end])
    for e, (u, v) in enumerate(graph.ends):
        if u == v and u in inside:
            weights[e] = 2 * resource.costs[e]
    return passes_row(weights.items(), 0)


def capacity_rows(graph: Graph, root: int, resource: Resource, values: Sequence[float]) -> Iterator[Row]:
    """The rows of `capacity_row` that are broken most, by a minimum cut for each of some distances.

    Half of what the passes over an edge take is put to either end; the row of a set is broken where this is more than
    what can flow into it from the root. Only nodes beyond the distance are looked at.
    """
    passes = [values[2 * e] + values[2 * e + 1] for e in range(len(graph.ends))]
    used = [y > NOTHING for y in passes]
    source = len(graph.at)
    flow = Flow(source + 1)
    taken = [0.0] * len(graph.at)
    for e, (u, v) in enumerate(graph.ends):
        if not used[e]:
            continue
        half = passes[e] * resource.costs[e] / 2
        taken[u] += half
        taken[v] += half
        if u != v:
            room = passes[e] * resource.limit / 2 - half
            flow.join(
                u, v, max(0.0, room - passes[e] * resource.near[v]), max(0.0, room - passes[e] * resource.near[u])
            )
    for node, amount in enumerate(taken):
        if node != root and amount > NOTHING:
            flow.join(source, node, amount, 0.0)
    for level in range(LEVELS):
        sinks = {node for node, near in enumerate(resource.near) if near * 2 * LEVELS < resource.limit * level} | {root}
        flow.reset()
        flow.push(source, sinks, float(FAR))
        for part in graph.parts(flow.side(source) - {source}, used):
            row = capacity_row(graph, resource, part)
            if row.broken_by(values) > WORTHWHILE * resource.limit:
                yield row


class Flow:
    """A network of pipes; the largest flow and the smallest cut by Dinic's method (1970), in floating point."""

    def __init__(self, nodes: int) -> None:
        self.at: list[list[int]] = [[] for _ in range(nodes)]
        self.head: list[int] = []
        self.room: list[float] = []
        self.first_room: list[float] = []

    def join(self, u: int, v: int, there: float, back: float) -> None:
        """Join two nodes by a pipe that holds so much in either direction."""
        self.at[u].append(len(self.head))
        self.at[v].append(len(self.head) + 1)
        self.head += (v, u)
        self.room += (there, back)
        self.first_room += (there, back)

    def reset(self) -> None:
        """Let everything flow back."""
        self.room = list(self.first_room)

    def push(self, source: int, sinks: set[int], most: float) -> float:
        """Push as much as goes, up to `most`, and return it."""
        flowed = 0.0
        while flowed < most - NOTHING:
            levels = self._levels(source, sinks)
            if levels is None:
                break
            flowed += self._block(source, sinks, levels, most - flowed)
        return flowed

    def _levels(self, source: int, sinks: set[int]) -> dict[int, int] | None:
        levels = {source: 0}
        queue = [source]
        for node in queue:
            if node in sinks:
                return levels
            for pipe in self.at[node]:
                if self.room[pipe] > NOTHING and self.head[pipe] not in levels:
                    levels[self.head[pipe]] = levels[node] + 1
                    queue.append(self.head[pipe])
        return None

    def _block(self, source: int, sinks: set[int], levels: dict[int, int], most: float) -> float:
        """Fill the shortest ways, until none is left."""
        room, head, at = self.room, self.head, self.at
        following = dict.fromkeys(levels, 0)
        way: list[int] = []
        node, flowed = source, 0.0
        while True:
            if node in sinks:
                amount = min(most - flowed, min(room[pipe] for pipe in way))
                flowed += amount
                for pipe in way:
                    room[pipe] -= amount
                    room[pipe ^ 1] += amount
                if most - flowed <= NOTHING:
                    return flowed
                cut = next(i for i, pipe in enumerate(way) if room[pipe] <= NOTHING)
                node = head[way[cut] ^ 1]
                del way[cut:]
                continue
            pipes = at[node]
            i = following[node]
            while i < len(pipes) and not (
                room[pipes[i]] > NOTHING and levels.get(head[pipes[i]], -1) == levels[node] + 1
            ):
                i += 1
            following[node] = i
            if i < len(pipes):
                way.append(pipes[i])
                node = head[pipes[i]]
            elif way:
                pipe = way.pop()
                node = head[pipe ^ 1]
                following[node] += 1
            else:
                return flowed

    def side(self, source: int) -> set[int]:
        """The nodes that more could still flow to: the source's side of the smallest cut."""
        found = {source}
        queue = [source]
        for node in queue:
            for pipe in self.at[node]:
                if self.room[pipe] > NOTHING and self.head[pipe] not in found:
                    found.add(self.head[pipe])
                    queue.append(self.head[pipe])
        return found
