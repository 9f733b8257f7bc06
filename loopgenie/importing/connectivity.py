"""Which segments lie on some loop at all, and how far it is on foot to the nearest that do."""

from __future__ import annotations

import heapq
import math
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain


class Streets:
    """A multigraph in flat arrays, so that a million edges fit into memory. Edge i leads from `start[i]` to `end[i]`.

    Nodes are the numbers from 0 to `node_count` - 1.
    """

    def __init__(self, edges: Iterable[tuple[int, int]]) -> None:
        self.start, self.end = array("i"), array("i")
        for u, v in edges:
            self.start.append(u)
            self.end.append(v)
        self.node_count = 1 + max(max(self.start, default=-1), max(self.end, default=-1))
        self._first = array("i", [0]) * (self.node_count + 2)
        for node in chain(self.start, self.end):
            self._first[node + 2] += 1
        for node in range(2, self.node_count + 2):
            self._first[node] += self._first[node - 1]
        self._at = array("i", [0]) * (2 * len(self))
        for number in range(len(self)):
            for node in (self.start[number], self.end[number]):
                self._at[self._first[node + 1]] = number
                self._first[node + 1] += 1

    def __len__(self) -> int:
        return len(self.start)

    def at(self, node: int) -> Iterator[tuple[int, int]]:
        """Each edge at a node, and the node it leads to; a loop edge twice."""
        for number in self._at[self._first[node] : self._first[node + 1]]:
            yield number, self.start[number] + self.end[number] - node


def bridges(streets: Streets) -> set[int]:
    """Numbers of the edges that lie on no cycle.

    Depth first, without recursion (Tarjan, A note on finding the bridges of a graph, 1974): an edge down to a node
    is a bridge if nothing below reaches the upper end or anything above it by another edge.
    """
    order = array("i", [-1]) * streets.node_count
    lowest = array("i", order)
    found: set[int] = set()
    seen = 0
    for start in range(streets.node_count):
        if order[start] >= 0:
            continue
        order[start] = lowest[start] = seen
        seen += 1
        stack = [(start, -1, streets.at(start))]
        while stack:
            node, came_by, onward = stack[-1]
            for number, neighbour in onward:
                if number == came_by:
                    continue
                if order[neighbour] >= 0:
                    lowest[node] = min(lowest[node], order[neighbour])
                else:
                    order[neighbour] = lowest[neighbour] = seen
                    seen += 1
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
    streets: Streets, lengths: Sequence[float], goals: Iterable[int], within_m: float
) -> Sequence[float]:
    """How far it is on foot from each node to the nearest goal; infinite where it is farther than `within_m` metres.

    Dijkstra from all goals at once.
    """
    walked = array("d", [math.inf]) * streets.node_count
    queue = [(0.0, goal) for goal in sorted(set(goals))]
    for _, goal in queue:
        walked[goal] = 0.0
    while queue:
        metres, node = heapq.heappop(queue)
        if metres > walked[node]:
            continue
        for number, neighbour in streets.at(node):
            farther = metres + lengths[number]
            if farther <= within_m and farther < walked[neighbour]:
                walked[neighbour] = farther
                heapq.heappush(queue, (farther, neighbour))
    return walked


def size_of_loops(streets: Streets, lengths: Sequence[float]) -> Sequence[float]:
    """For each edge the length of the part without bridges that it is in: the most that one loop over it can draw on.

    0 for bridges, which no loop passes.
    """
    dead = bridges(streets)
    parent = array("i", range(streets.node_count))

    def root(node: int) -> int:
        while (above := parent[node]) != node:
            parent[node] = node = parent[above]
        return node

    for number in range(len(streets)):
        if number not in dead:
            parent[root(streets.start[number])] = root(streets.end[number])
    total = array("d", [0.0]) * streets.node_count
    for number in range(len(streets)):
        if number not in dead:
            total[root(streets.start[number])] += lengths[number]
    return array("d", (0.0 if n in dead else total[root(streets.start[n])] for n in range(len(streets))))
