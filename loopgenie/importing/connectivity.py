"""Which segments lie on some loop at all, and how far it is on foot to the nearest that do."""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Iterable, Iterator, Sequence


class Streets:
    """A multigraph as flat arrays: which edges begin or end at each node (0, 1, 2, …)."""

    def __init__(self, edges: Sequence[tuple[int, int]]) -> None:
        self.edges = edges
        self.node_count = max((max(edge) for edge in edges), default=-1) + 1
        first = array("i", bytes(4 * (self.node_count + 2)))
        for u, v in edges:
            first[u + 2] += 1
            first[v + 2] += 1
        for node in range(2, self.node_count + 2):
            first[node] += first[node - 1]
        self._at = array("i", bytes(8 * len(edges)))
        for number, edge in enumerate(edges):
            for node in edge:
                self._at[first[node + 1]] = number
                first[node + 1] += 1
        self._first = first

    def at(self, node: int) -> Iterator[tuple[int, int]]:
        """Each edge at a node, and the node it leads to; a loop edge twice."""
        for number in self._at[self._first[node] : self._first[node + 1]]:
            u, v = self.edges[number]
            yield number, v if u == node else u


def bridges(edges: Sequence[tuple[int, int]]) -> set[int]:
    """Numbers of the edges of a multigraph that lie on no cycle.

    Depth first, without recursion (Tarjan, A note on finding the bridges of a graph, 1974): an edge down to a node
    is a bridge if nothing below reaches the upper end or anything above it by another edge.
    """
    numbers: dict[int, int] = {}
    streets = Streets([(numbers.setdefault(u, len(numbers)), numbers.setdefault(v, len(numbers))) for u, v in edges])
    order = array("i", [-1]) * streets.node_count
    lowest = array("i", order)
    found: set[int] = set()
    count = 0
    for start in range(streets.node_count):
        if order[start] >= 0:
            continue
        order[start] = lowest[start] = count
        count += 1
        stack = [(start, -1, streets.at(start))]
        while stack:
            node, came_by, onward = stack[-1]
            for number, neighbour in onward:
                if number == came_by:
                    continue
                if order[neighbour] >= 0:
                    lowest[node] = min(lowest[node], order[neighbour])
                else:
                    order[neighbour] = lowest[neighbour] = count
                    count += 1
                    stack.append((neighbour, number, streets.at(neighbour)))
                    break
            else:
                stack.pop()
                if stack:
                    above = stack[-1][0]
                    lowest[above] = min(lowest[above], lowest[node])
                    if lowest[node] > order[above]:
                        found.add(came_by)
    return found


def walking_distances(
    edges: Sequence[tuple[int, int]], lengths: Sequence[float], goals: Iterable[int], within_m: float
) -> dict[int, float]:
    """How far it is on foot from each node to the nearest goal; without those farther away than `within_m` metres.

    Dijkstra from all goals at once.
    """
    streets = Streets(edges)
    reached: dict[int, float] = {}
    queue = [(0.0, goal) for goal in set(goals)]
    heapq.heapify(queue)
    while queue:
        walked, node = heapq.heappop(queue)
        if node in reached:
            continue
        reached[node] = walked
        for number, neighbour in streets.at(node):
            if neighbour not in reached and walked + lengths[number] <= within_m:
                heapq.heappush(queue, (walked + lengths[number], neighbour))
    return reached


def loops(edges: Sequence[tuple[int, int]], lengths: Sequence[float], shortest_m: float) -> tuple[set[int], set[int]]:
    """The edges that lie on some cycle, and of those the ones whose part without bridges is `shortest_m` long or more.

    Parts without bridges are what one loop can draw on; a ring of a few hundred metres round a car park is none that a
    hiker would drive to.
    """
    dead = bridges(edges)
    alive = [number for number in range(len(edges)) if number not in dead]
    parent: dict[int, int] = {}

    def root(node: int) -> int:
        while (above := parent.setdefault(node, node)) != node:
            parent[node] = node = parent.setdefault(above, above)
        return node

    for number in alive:
        u, v = edges[number]
        parent[root(u)] = root(v)
    size: dict[int, float] = {}
    for number in alive:
        part = root(edges[number][0])
        size[part] = size.get(part, 0.0) + lengths[number]
    return set(alive), {number for number in alive if size[root(edges[number][0])] >= shortest_m}
