"""How the segments of a region hang together, without their lines: parts, dead ends, what lies on loops, pairs."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from loopgenie.importing.connectivity import Streets, bridges
from loopgenie.store import SegmentCore

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: Two segments between the same junctions may be one drawn twice when their lengths differ by no more than this.
_ALIKE_M = 5.0
_ALIKE_SHARE = 0.02


class Links:
    """The segments of a region as a multigraph: `ids` and `lengths` (metres) by number, junctions numbered, too."""

    def __init__(self, batches: Iterable[list[SegmentCore]]) -> None:
        rows = [_columns(cores) for cores in batches if cores]
        if rows:
            ids, ends, lengths = (np.concatenate(column) for column in zip(*rows, strict=True))
        else:
            ids, ends, lengths = np.empty(0, np.int64), np.empty((0, 2), np.int64), np.empty(0)
        self.ids, first = np.unique(ids, return_index=True)  # a segment may touch several tiles
        self.lengths: Floats = lengths[first]
        self.junctions, numbers = np.unique(ends[first], return_inverse=True)
        self.ends: Ints = numbers.reshape(-1, 2)
        self.edges: list[tuple[int, int]] = [(start, end) for start, end in self.ends.tolist()]
        self.degree: Ints = np.bincount(self.ends.ravel(), minlength=len(self.junctions))
        self._streets = Streets(self.edges)
        self.part = self._parts()  # of each segment
        self._part_of_node = np.zeros(len(self.junctions), dtype=np.int64)
        self._part_of_node[self.ends[:, 0]] = self._part_of_node[self.ends[:, 1]] = self.part

    def number_of(self, junction: int) -> int:
        """The number of a junction, by its id."""
        return int(np.searchsorted(self.junctions, junction))

    def part_at(self, junction: int) -> int:
        """The connected part that a junction belongs to; parts are numbered from 0, the longest first."""
        return int(self._part_of_node[self.number_of(junction)])

    def by_part(self) -> list[Ints]:
        """The numbers of the segments of each connected part, in the order of the parts."""
        order = np.argsort(self.part, kind="stable")
        return np.split(order, np.flatnonzero(np.diff(self.part[order])) + 1) if len(order) else []

    def dead_ends(self) -> Ints:
        """The ids of the junctions at which just one segment ends."""
        dead: Ints = self.junctions[self.degree == 1]
        return dead

    def on_loops(self) -> npt.NDArray[np.bool_]:
        """Of each segment whether it lies on some closed walk."""
        alive = np.ones(len(self.edges), dtype=bool)
        alive[list(bridges(self._streets))] = False
        return alive

    def walk(self, junction: int, within_m: float) -> dict[int, float]:
        """How far (m) it is on foot from a junction to those within reach, by their ids."""
        reached: dict[int, float] = {}
        queue = [(0.0, self.number_of(junction))]
        while queue:
            walked, node = heapq.heappop(queue)
            if node in reached:
                continue
            reached[node] = walked
            for number, neighbour in self._streets.at(node):
                farther = walked + float(self.lengths[number])
                if farther <= within_m:
                    heapq.heappush(queue, (farther, neighbour))
        return {int(self.junctions[node]): walked for node, walked in reached.items()}

    def alike(self) -> Iterator[tuple[int, int]]:
        """Pairs of segments between the same two junctions and of nearly one length, by their ids."""
        low, high = self.ends.min(axis=1, initial=np.iinfo(np.int64).max), self.ends.max(axis=1, initial=-1)
        order = np.lexsort((self.lengths, high, low))
        one, other = order[:-1], order[1:]
        slack = np.maximum(_ALIKE_M, _ALIKE_SHARE * self.lengths[one])
        same = (low[one] == low[other]) & (high[one] == high[other])
        same &= self.lengths[other] - self.lengths[one] <= slack
        for a, b in zip(self.ids[one[same]].tolist(), self.ids[other[same]].tolist(), strict=True):
            yield min(a, b), max(a, b)

    def _parts(self) -> Ints:
        """The connected part of each segment, numbered from 0, the longest first."""
        parent = list(range(len(self.junctions)))

        def root(node: int) -> int:
            while parent[node] != node:
                parent[node] = node = parent[parent[node]]
            return node

        for u, v in self.edges:
            parent[root(u)] = root(v)
        roots = np.array([root(u) for u, _ in self.edges], dtype=np.int64)
        _, labels = np.unique(roots, return_inverse=True)
        metres = np.bincount(labels, weights=self.lengths)
        rank = np.empty(len(metres), dtype=np.int64)
        rank[np.argsort(-metres, kind="stable")] = np.arange(len(metres))
        return rank[labels]


def _columns(cores: list[SegmentCore]) -> tuple[Ints, Ints, Floats]:
    """Ids, junctions at both ends and lengths of segments."""
    return (
        np.array([core.id for core in cores], dtype=np.int64),
        np.array([(core.start, core.end) for core in cores], dtype=np.int64),
        np.array([core.length_m for core in cores], dtype=np.float64),
    )
