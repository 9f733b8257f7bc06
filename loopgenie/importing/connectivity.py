"""Which segments lie on some loop at all: those that are no bridge of the graph."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence


def bridges(edges: Sequence[tuple[int, int]]) -> set[int]:
    """Numbers of the edges of a multigraph that lie on no cycle.

    Depth first, without recursion (Tarjan, A note on finding the bridges of a graph, 1974): an edge down to a node
    is a bridge if nothing below reaches the upper end or anything above it by another edge.
    """
    streets: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for number, (u, v) in enumerate(edges):
        streets[u].append((v, number))
        streets[v].append((u, number))
    found: set[int] = set()
    order: dict[int, int] = {}
    lowest: dict[int, int] = {}
    for start in streets:
        if start not in order:
            _search(start, streets, order, lowest, found)
    return found


def _search(
    start: int,
    streets: dict[int, list[tuple[int, int]]],
    order: dict[int, int],
    lowest: dict[int, int],
    found: set[int],
) -> None:
    order[start] = lowest[start] = len(order)
    stack = [(start, -1, iter(streets[start]))]
    while stack:
        node, came_by, onward = stack[-1]
        for neighbour, number in onward:
            if number == came_by:
                continue
            if neighbour in order:
                lowest[node] = min(lowest[node], order[neighbour])
            else:
                order[neighbour] = lowest[neighbour] = len(order)
                stack.append((neighbour, number, iter(streets[neighbour])))
                break
        else:
            stack.pop()
            if stack:
                above = stack[-1][0]
                lowest[above] = min(lowest[above], lowest[node])
                if lowest[node] > order[above]:
                    found.add(came_by)
