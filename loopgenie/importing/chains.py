"""Ways that share nodes become chains from junction to junction: what a segment is before it is measured.

A chain only says which parts of which ways it runs over, so that a million of them fit into memory; nodes and positions
are put together when they are asked for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from loopgenie.importing.hilbert import hilbert_order
from loopgenie.importing.plane import Floats, Ints, lengths_of_pieces
from loopgenie.importing.source import DEGREE, Line, Way
from loopgenie.ways import ROADS

T = TypeVar("T")

#: Positions in 1e-7 degrees, one row (lon, lat) a node.
Steps = npt.NDArray[np.int32]

#: So many chains are measured at a time.
_BATCH = 5_000


class Run(NamedTuple):
    """A part of a way, from one of its nodes to another, by their places in it; backwards where `last` < `first`."""

    way: Way
    first: int
    last: int

    @property
    def pieces(self) -> int:
        """How many pieces (between two neighbouring nodes) it has."""
        return abs(self.last - self.first)

    def taken(self, values: Sequence[T]) -> Sequence[T]:
        """What belongs to the nodes of this part, of values for all nodes of the way, in the run's direction."""
        if self.first <= self.last:
            return values[self.first : self.last + 1]
        return values[self.last : self.first + 1][::-1]

    def part(self, first: int, last: int) -> Run:
        """From its node number `first` to its node number `last`."""
        step = 1 if self.first <= self.last else -1
        return Run(self.way, self.first + step * first, self.first + step * last)

    def turned(self) -> Run:
        """The same, walked the other way."""
        return Run(self.way, self.last, self.first)

    def steps(self) -> Steps:
        """Positions in 1e-7 degrees, one row a node."""
        line = self.way.line
        assert isinstance(line, Line)  # noqa: S101 - Way sees to it
        rows = np.frombuffer(line.steps(), dtype=np.int32).reshape(-1, 2)
        low, high = sorted((self.first, self.last))
        part = rows[low : high + 1]
        return part if self.first <= self.last else part[::-1]


@dataclass(slots=True)
class Chain:
    """From junction to junction over parts of ways, each of which begins where the one before ends.

    `start` and `end` are the nodes there. What the nodes in between are called is of no use any more.
    """

    start: int
    end: int
    runs: list[Run]

    def ends(self) -> tuple[tuple[int, tuple[float, float]], tuple[int, tuple[float, float]]]:
        """The nodes it begins and ends at, and where they are."""
        first, last = self.runs[0], self.runs[-1]
        return (self.start, first.way.line[first.first]), (self.end, last.way.line[last.last])

    @property
    def pieces(self) -> int:
        """How many pieces (between two neighbouring nodes) it has."""
        return sum(run.pieces for run in self.runs)

    @property
    def ways(self) -> list[Way]:
        """For each piece between two nodes the way that it is part of."""
        return [run.way for run in self.runs for _ in range(run.pieces)]

    def line(self) -> list[tuple[float, float]]:
        """The positions of its nodes."""
        return self._of_nodes([run.taken(run.way.line) for run in self.runs])

    def heights(self) -> list[float | None]:
        """What the source recorded at its nodes, in metres."""
        return self._of_nodes(
            [run.taken(run.way.heights) if run.way.heights else [None] * (run.pieces + 1) for run in self.runs]
        )

    @staticmethod
    def _of_nodes(parts: Sequence[Sequence[T]]) -> list[T]:
        """Values of the nodes of all runs; that of a node where two runs meet once."""
        values = list(parts[0])
        for part in parts[1:]:
            values += part[1:]
        return values

    def steps(self) -> Steps:
        """The positions of its nodes in 1e-7 degrees, one row a node."""
        parts = [run.steps() for run in self.runs]
        return np.concatenate([parts[0], *(part[1:] for part in parts[1:])])

    def is_road(self) -> bool:
        """Whether no piece of it is trail."""
        return all(run.way.kind in ROADS for run in self.runs)

    def _runs(self, first: int, last: int) -> list[Run]:
        """From its node number `first` to its node number `last`."""
        runs, before = [], 0
        for run in self.runs:
            low, high = max(first - before, 0), min(last - before, run.pieces)
            if low < high:
                runs.append(run.part(low, high))
            before += run.pieces
        return runs

    def turned(self, vertex: int, node: int) -> Chain:
        """A ring that begins and ends at another of its places, given by its number, which becomes `node`."""
        return Chain(node, node, [*self._runs(vertex, self.pieces), *self._runs(0, vertex)])

    def split_at(self, cuts: Sequence[tuple[int, int]]) -> list[Chain]:
        """The chain cut at some of its inner places, each given by its number and the node that it becomes."""
        marks = [(0, self.start), *cuts, (self.pieces, self.end)]
        return [Chain(start, end, self._runs(first, last)) for (first, start), (last, end) in pairwise(marks)]

    def with_place(self, vertex: int, position: tuple[float, float]) -> Chain:
        """The chain with another place on its piece that follows the one of number `vertex`."""
        runs, before = list(self.runs), 0
        for number, run in enumerate(runs):
            if before <= vertex < before + run.pieces:
                runs[number] = _with_place(run, vertex - before, position)
                break
            before += run.pieces
        return Chain(self.start, self.end, runs)


def _with_place(run: Run, piece: int, position: tuple[float, float]) -> Run:
    """A run over a way of its own, which has another place on the piece of that number."""
    line = list(run.taken(run.way.line))
    heights = run.way.heights and list(run.taken(run.way.heights))
    line.insert(piece + 1, position)
    if heights:
        heights.insert(piece + 1, None)
    return Run(replace(run.way, line=line, node_ids=None, heights=heights), 0, len(line) - 1)


# -- from ways to chains -----------------------------------------------------------------------------------------------


def contracted(ways: Sequence[Way]) -> list[Chain]:
    """The chains of ways that all have node ids. Nodes where not exactly two pieces meet are junctions.

    A ring that meets nothing becomes a chain from one of its nodes to itself. Parallel chains stay.
    """
    junctions = _junctions(ways)
    runs = [run for way in ways for run in _runs(way, junctions)]
    by_end: dict[int, list[int]] = defaultdict(list)
    for index, run in enumerate(runs):
        for node in _ends(run):
            if node not in junctions:
                by_end[node].append(index)
    used = bytearray(len(runs))
    starts = [i for i, run in enumerate(runs) if any(node in junctions for node in _ends(run))]
    return [  # first the chains that begin at a junction; what is left then are rings
        _grown(index, runs, junctions, by_end, used) for index in (*starts, *range(len(runs))) if not used[index]
    ]


def _ends(run: Run) -> tuple[int, int]:
    nodes = run.way.node_ids or ()
    return nodes[run.first], nodes[run.last]


def _junctions(ways: Sequence[Way]) -> set[int]:
    """The nodes where not exactly two pieces meet.

    A node inside a way has two pieces there, one at its end has one. Only nodes that are an end or that occur more than
    once can be anything else than the inside of a chain, and those are few: the others are never touched one by one.
    """
    all_nodes, first = nodes_of(ways)
    if not len(all_nodes):
        return set()
    some = first[:-1] < first[1:]
    ends = all_nodes[np.concatenate((first[:-1][some], first[1:][some] - 1))]
    all_nodes.sort()
    shared = all_nodes[1:][all_nodes[1:] == all_nodes[:-1]]
    found = np.unique(np.concatenate((ends, shared)))
    ends.sort()
    as_end = np.searchsorted(ends, found, "right") - np.searchsorted(ends, found, "left")
    occurs = np.searchsorted(all_nodes, found, "right") - np.searchsorted(all_nodes, found, "left")
    return set(found[2 * occurs - as_end != 2].tolist())


def nodes_of(ways: Sequence[Way]) -> tuple[Ints, Ints]:
    """The nodes of all ways, one after the other, and where those of each way begin (and one more: where all end)."""
    first = np.concatenate(([0], np.cumsum([len(way.node_ids or ()) for way in ways], dtype=np.int64)))
    nodes = np.empty(first[-1], dtype=np.int64)
    for way, begin, end in zip(ways, first.tolist(), first[1:].tolist(), strict=False):
        if begin < end:
            nodes[begin:end] = way.node_ids
    return nodes, first


def _runs(way: Way, junctions: Collection[int]) -> Iterator[Run]:
    """The parts of a way between its ends and the junctions on it."""
    nodes = way.node_ids or ()
    if len(nodes) > 1:
        inner = [i for i in range(1, len(nodes) - 1) if nodes[i] in junctions]
        for first, last in pairwise([0, *inner, len(nodes) - 1]):
            yield Run(way, first, last)


def _grown(
    index: int, runs: Sequence[Run], junctions: Collection[int], by_end: Mapping[int, Sequence[int]], used: bytearray
) -> Chain:
    """A chain that begins with a run and goes on until the next junction, or around a ring."""
    used[index] = True
    run = runs[index]
    start, node = _ends(run)
    if start not in junctions:  # one of its ends may be a junction: begin there
        run, start, node = run.turned(), node, start
    chain = [run]
    while node not in junctions:
        following = next((i for i in by_end[node] if not used[i]), None)
        if following is None:
            break
        used[following] = True
        run = runs[following]
        begin, end = _ends(run)
        chain.append(run if begin == node else run.turned())
        node = end if begin == node else begin
    return Chain(start, node, chain)


# -- all chains at once ------------------------------------------------------------------------------------------------


def metres(chains: Sequence[Chain]) -> tuple[Floats, Floats]:
    """The length of each chain along the ground, and how much of it is road."""
    lengths, roads = np.zeros(len(chains)), np.zeros(len(chains))
    for begin in range(0, len(chains), _BATCH):
        batch = chains[begin : begin + _BATCH]
        owner = np.array([i for i, chain in enumerate(batch, begin) for _ in chain.runs], dtype=np.int64)
        runs = [run for chain in batch for run in chain.runs]
        along = [sum(lengths_of_run) for lengths_of_run in piece_lengths(runs)]
        np.add.at(lengths, owner, along)
        np.add.at(roads, owner, np.where([run.way.kind in ROADS for run in runs], along, 0.0))
    return lengths, roads


def piece_lengths(lines: Sequence[Chain] | Sequence[Run]) -> list[list[float]]:
    """The length in metres of each piece of each chain or run."""
    steps = [line.steps() for line in lines]
    if not steps:
        return []
    lengths = lengths_of_pieces(np.concatenate(steps) / DEGREE).tolist()
    first = [0, *accumulate(map(len, steps))]
    return [lengths[begin : end - 1] for begin, end in pairwise(first)]


def components(chains: Sequence[Chain]) -> list[int]:
    """For each chain the number of the connected part that it belongs to."""
    parent: dict[int, int] = {}

    def root(node: int) -> int:
        while (above := parent.setdefault(node, node)) != node:
            parent[node] = node = parent[above] = parent.setdefault(above, above)
        return node

    for chain in chains:
        parent[root(chain.start)] = root(chain.end)
    numbers: dict[int, int] = {}
    return [numbers.setdefault(root(chain.start), len(numbers)) for chain in chains]


def along_the_ground(chains: Sequence[Chain]) -> list[Chain]:
    """The chains in an order in which neighbours are neighbours: what a trip needs lies together on the disk then."""
    starts = np.fromiter(_starts(chains), dtype=np.int32, count=2 * len(chains)).reshape(-1, 2)
    return [chains[i] for i in hilbert_order(starts).tolist()]


def _starts(chains: Sequence[Chain]) -> Iterator[int]:
    """Where each chain begins, in 1e-7 degrees: lon, lat, lon, lat, …"""
    for chain in chains:
        way, first, _ = chain.runs[0]
        assert isinstance(way.line, Line)  # noqa: S101 - Way sees to it
        yield from way.line.steps()[2 * first : 2 * first + 2]


def numbered(chains: Sequence[Chain]) -> dict[int, int]:
    """Give the nodes that chains end at the numbers 0, 1, 2, … in the order of the chains; returns them by node."""
    numbers: dict[int, int] = {}
    for chain in chains:
        chain.start = numbers.setdefault(chain.start, len(numbers))
        chain.end = numbers.setdefault(chain.end, len(numbers))
    return numbers


def without_lone_roads(chains: Sequence[Chain]) -> list[Chain]:
    """Chains without those of connected parts that are nothing but road: no hike can begin or end there."""
    labels = components(chains)
    with_trail = {label for label, chain in zip(labels, chains, strict=True) if not chain.is_road()}
    return [chain for label, chain in zip(labels, chains, strict=True) if label in with_trail]
