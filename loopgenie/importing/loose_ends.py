"""Ends of lines that stop a few metres short of the trail they belong to, and where each is to be joined."""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import shapely

from loopgenie.importing.plane import XY, Floats, Ints, foot

#: At the end of a piece within this many metres, the join is made to that end.
_AT_END_M = 0.5


class Join(NamedTuple):
    """A link to draw: from the loose node `end` to `node`, or to a new place `xy` at `share` (0..1) along `piece`."""

    end: int
    own_piece: int
    node: int | None
    piece: int
    share: float
    xy: XY


def joins(
    a: Ints, b: Ints, trusted: npt.NDArray[np.bool_], xy: Floats, *, trusted_nodes: int, within_m: float
) -> list[Join]:
    """Where loose ends are to be joined.

    Parameters
    ----------
    a, b, trusted : the pieces: node numbers of their ends, and whether they say themselves where they meet.
    xy : metres, one row a node.
    trusted_nodes : nodes with smaller numbers belong to trusted pieces and are not joined to other such pieces.
    within_m : metres; an end that has no other line this near stays loose.
    """
    search = _Search(a, b, xy, within_m)
    ends = np.array(search.loose(), dtype=np.int64)
    if not len(ends):
        return []
    tree = shapely.STRtree(shapely.linestrings(np.stack((xy[a], xy[b]), axis=1)))
    found, piece = tree.query(shapely.points(xy[ends]), predicate="dwithin", distance=within_m)
    may = (ends[found] >= trusted_nodes) | ~trusted[piece]
    candidates: dict[int, list[int]] = defaultdict(list)
    for end, index in zip(ends[found[may]].tolist(), piece[may].tolist(), strict=True):
        candidates[end].append(index)
    return list(search.joined(candidates))


class _Search:
    """The pieces as a street map that grows with every join, so that two ends do not both reach for one another."""

    def __init__(self, a: Ints, b: Ints, xy: Floats, within_m: float) -> None:
        self.a, self.b, self.within_m = a.tolist(), b.tolist(), within_m
        self.xy: list[XY] = [(x, y) for x, y in xy.tolist()]
        self.streets: dict[int, dict[int, float]] = defaultdict(dict)
        self.own_piece: dict[int, int] = {}
        for piece, (u, v) in enumerate(zip(self.a, self.b, strict=True)):
            self._connect(u, v)
            self.own_piece[u] = self.own_piece[v] = piece

    def _connect(self, u: int, v: int) -> None:
        self.streets[u][v] = self.streets[v][u] = math.dist(self.xy[u], self.xy[v])

    def loose(self) -> list[int]:
        return sorted(node for node, near in self.streets.items() if len(near) == 1)

    def joined(self, candidates: dict[int, list[int]]) -> Iterator[Join]:
        for end, pieces in candidates.items():
            if len(self.streets[end]) > 1:
                continue  # another end was joined to it meanwhile
            near = self._reachable(end, 3 * self.within_m)
            others = [p for p in pieces if self.a[p] not in near and self.b[p] not in near]
            if others:
                join = min((self._join(end, piece) for piece in others), key=lambda j: math.dist(self.xy[end], j.xy))
                self._draw(join)
                yield join

    def _reachable(self, start: int, limit_m: float) -> dict[int, float]:
        """What can be walked to from an end anyway: a line that overshoots a crossing is not joined once more."""
        reached: dict[int, float] = {}
        queue = [(0.0, start)]
        while queue:
            walked, node = heapq.heappop(queue)
            if node not in reached:
                reached[node] = walked
                for other, step in self.streets[node].items():
                    if walked + step <= limit_m:
                        heapq.heappush(queue, (walked + step, other))
        return reached

    def _join(self, end: int, piece: int) -> Join:
        u, v = self.a[piece], self.b[piece]
        here, start, stop = self.xy[end], self.xy[u], self.xy[v]
        for node in (u, v):  # an end prefers an end: one trail drawn as two lines that stop short of one another
            if len(self.streets[node]) == 1 and math.dist(here, self.xy[node]) <= self.within_m:
                return Join(end, self.own_piece[end], node, piece, 0.0, self.xy[node])
        _, share = foot(here, start, stop)
        at = (start[0] + share * (stop[0] - start[0]), start[1] + share * (stop[1] - start[1]))
        node = min((u, v), key=lambda n: math.dist(at, self.xy[n]))
        if math.dist(at, self.xy[node]) <= _AT_END_M:
            return Join(end, self.own_piece[end], node, piece, share, self.xy[node])
        return Join(end, self.own_piece[end], None, piece, share, at)

    def _draw(self, join: Join) -> None:
        node = join.node
        if node is None:
            node = len(self.xy)
            self.xy.append(join.xy)
            self._connect(self.a[join.piece], node)
            self._connect(node, self.b[join.piece])
        self._connect(join.end, node)
