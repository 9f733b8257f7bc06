"""Ways that share nodes become chains from junction to junction: what a segment is before it is measured."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from loopgenie.geometry import line_length_m
from loopgenie.importing.source import Way
from loopgenie.ways import ROADS

#: Node id -> (lon, lat)
Positions = dict[int, tuple[float, float]]


@dataclass(slots=True)
class Chain:
    """Nodes from junction to junction, and for every piece between two of them the way it is part of."""

    nodes: list[int]
    ways: list[Way]

    def line(self, at: Mapping[int, tuple[float, float]]) -> list[tuple[float, float]]:
        """The positions of the nodes."""
        return [at[node] for node in self.nodes]

    def length_m(self, at: Mapping[int, tuple[float, float]]) -> float:
        """Length along the ground."""
        return line_length_m(self.line(at))

    def is_road(self) -> bool:
        """Whether no piece of it is trail."""
        return all(way.kind in ROADS for way in self.ways)

    def turned(self, vertex: int) -> Chain:
        """A ring that begins and ends at another of its nodes, given by its place in `nodes`."""
        return Chain([*self.nodes[vertex:-1], *self.nodes[: vertex + 1]], [*self.ways[vertex:], *self.ways[:vertex]])

    def split_at(self, vertices: Sequence[int]) -> Iterator[Chain]:
        """The chain cut at some of its inner nodes, given by their places in `nodes`, in order."""
        for first, last in pairwise([0, *vertices, len(self.nodes) - 1]):
            yield Chain(self.nodes[first : last + 1], self.ways[first:last])


def positions(ways: Sequence[Way]) -> Positions:
    """Where each node is, rounded to 7 decimals (1 cm)."""
    at: Positions = {}
    for way in ways:
        for node, (lon, lat) in zip(way.node_ids or (), way.line, strict=True):
            at[node] = (round(lon, 7), round(lat, 7))
    return at


def contracted(ways: Sequence[Way]) -> list[Chain]:
    """The chains of ways that all have node ids. Nodes where not exactly two pieces meet are junctions.

    A ring that meets nothing becomes a chain from one of its nodes to itself. Parallel chains stay.
    """
    degree = _degrees(ways)
    parts = [part for way in ways for part in _parts(way, degree)]
    by_end: dict[int, list[int]] = defaultdict(list)
    for index, part in enumerate(parts):
        for node in (part.nodes[0], part.nodes[-1]):
            if degree[node] == 2:
                by_end[node].append(index)
    used = [False] * len(parts)
    starts = [i for i, part in enumerate(parts) if degree[part.nodes[0]] != 2 or degree[part.nodes[-1]] != 2]
    return [  # first the chains that begin at a junction; what is left then are rings
        _grown(index, parts, degree, by_end, used) for index in (*starts, *range(len(parts))) if not used[index]
    ]


def _degrees(ways: Sequence[Way]) -> Counter[int]:
    degree: Counter[int] = Counter()
    for way in ways:
        nodes = way.node_ids or []
        degree.update(nodes[:-1])
        degree.update(nodes[1:])
    return degree


def _parts(way: Way, degree: Counter[int]) -> Iterator[Chain]:
    nodes = way.node_ids or []
    inner = [i for i in range(1, len(nodes) - 1) if degree[nodes[i]] != 2]
    return Chain(nodes, [way] * (len(nodes) - 1)).split_at(inner)


def _grown(
    index: int, parts: Sequence[Chain], degree: Counter[int], by_end: Mapping[int, Sequence[int]], used: list[bool]
) -> Chain:
    """A chain that begins with a part and goes on until the next junction, or around a ring."""
    used[index] = True
    chain = parts[index]
    nodes, ways = list(chain.nodes), list(chain.ways)
    if degree[nodes[0]] == 2:  # one of its ends may be a junction: begin there
        nodes.reverse()
        ways.reverse()
    while degree[nodes[-1]] == 2:
        following = next((i for i in by_end[nodes[-1]] if not used[i]), None)
        if following is None:
            break
        used[following] = True
        part = parts[following]
        forwards = part.nodes[0] == nodes[-1]
        nodes += part.nodes[1:] if forwards else part.nodes[-2::-1]
        ways += part.ways if forwards else reversed(part.ways)
    return Chain(nodes, ways)


def components(chains: Sequence[Chain]) -> list[int]:
    """For each chain the number of the connected part that it belongs to."""
    parent: dict[int, int] = {}

    def root(node: int) -> int:
        while (above := parent.setdefault(node, node)) != node:
            parent[node] = node = parent[above] = parent.setdefault(above, above)
        return node

    for chain in chains:
        parent[root(chain.nodes[0])] = root(chain.nodes[-1])
    numbers: dict[int, int] = {}
    return [numbers.setdefault(root(chain.nodes[0]), len(numbers)) for chain in chains]


def without_lone_roads(chains: Sequence[Chain]) -> list[Chain]:
    """Chains without those of connected parts that are nothing but road: no hike can begin or end there."""
    labels = components(chains)
    with_trail = {label for label, chain in zip(labels, chains, strict=True) if not chain.is_road()}
    return [chain for label, chain in zip(labels, chains, strict=True) if label in with_trail]
