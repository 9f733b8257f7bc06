"""Lines that only lie on top of one another become ways that meet: noded, joined, drawn once.

Lines of OpenStreetMap say where they meet (shared node ids) and are trusted: a bridge does not meet the path below it.
All others are brought together here, on a plane:

* positions within `SAME_M` of one another are one place;
* a position within `TOUCH_M` of a line lies on it;
* lines that cross meet there;
* a loose end within `JOIN_M` of another line is joined to it;
* a stretch that several lines share is kept once.

The plane only finds the meetings: positions that were in the source stay as they were, to 7 decimals.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import shapely

from loopgenie.geometry import distance_m
from loopgenie.importing import loose_ends
from loopgenie.importing.chains import nodes_of
from loopgenie.importing.doubles import without_doubles
from loopgenie.importing.plane import Floats, Ints, Plane, share_along, shares_at_crossing
from loopgenie.importing.source import Way

#: Two positions this near, in metres, are one place. Above the 0.11 m of a sixth decimal of a degree.
SAME_M = 0.2
#: A position this near to a line, in metres, is on it. Half of `SAME_M`, so that of three places never each lies on the
#: line of the others: a triangle with sides of `SAME_M` or more and half of that for a height is obtuse at its top.
TOUCH_M = 0.1
#: A loose end this near to another line, in metres, belongs to it: agencies' lines stop that short of one another.
JOIN_M = 10.0
#: Snapping bends lines by less than `SAME_M` and may bring up a new meeting; a few rounds find them all.
_ROUNDS = 25
#: An odd number that spreads small differences over all bits: 2**64 divided by the golden ratio (Knuth, TAOCP 3, 6.4).
_MIX = np.uint64(0x9E3779B97F4A7C15)
#: So many ways are looked at at a time.
_BATCH = 10_000
#: Up to so many changed pieces, it is quicker to look around them than to look at everything again.
_FEW = 64


def noded(ways: Sequence[Way]) -> list[Way]:
    """Ways that all have node ids and meet only where they share one; no piece of ground is drawn twice.

    Ways that have node ids keep them and are not noded with one another. A way of which a part was drawn before
    comes back in several parts. The ways given are not changed.
    """
    if all(way.node_ids is not None for way in ways):
        return drawn_once(ways)
    mesh = _Mesh(without_doubles(ways, within_m=JOIN_M))
    mesh.settle()
    mesh.settle(mesh.join_loose_ends())
    return list(_without_stubs(drawn_once(mesh.to_ways())))


def drawn_once(ways: Sequence[Way]) -> list[Way]:
    """Leave out every piece (two neighbouring nodes) that another way has too; one with a name goes before one without.

    Two pieces of the same two nodes are the same ground: as parallel segments they would make a loop of nothing.
    """
    twice = _drawn_twice(ways)
    if not twice:
        return list(ways)
    owner: dict[tuple[int, int], int] = {}
    for index in sorted(twice, key=lambda i: ways[i].name is None):
        for a, b in pairwise(ways[index].node_ids or ()):
            owner.setdefault((a, b) if a < b else (b, a), index)
    kept: list[Way] = []
    for index, way in enumerate(ways):
        kept += _parts(way, _owned(way.node_ids or (), index, owner)) if index in twice else [way]
    return kept


def _drawn_twice(ways: Sequence[Way]) -> set[int]:
    """The numbers of ways that share a piece with another or with themselves, or have one from a node to itself.

    Found by a number for each piece that equal pieces share (and, very rarely, others, which does no harm).
    """
    batches = range(0, len(ways), _BATCH)
    ordered = np.empty(sum(max(len(way.node_ids or ()) - 1, 0) for way in ways), np.uint64)
    filled = 0
    for begin in batches:
        keys, _ = _keys(ways[begin : begin + _BATCH])
        ordered[filled : filled + len(keys)] = keys
        filled += len(keys)
    ordered.sort()
    shared = np.unique(np.append(ordered[1:][ordered[1:] == ordered[:-1]], np.uint64(0)))
    del ordered
    twice: set[int] = set()
    for begin in batches:
        keys, owners = _keys(ways[begin : begin + _BATCH])
        places = np.searchsorted(shared, keys)
        hits = shared[np.minimum(places, len(shared) - 1)] == keys
        twice.update((owners[hits] + begin).tolist())
    return twice


def _keys(ways: Sequence[Way]) -> tuple[npt.NDArray[np.uint64], Ints]:
    """A number for each piece, the same in both directions, 0 where it has no length; and the way it is of."""
    nodes, first = nodes_of(ways)
    owners = np.repeat(np.arange(len(ways)), np.diff(first))
    inside = owners[1:] == owners[:-1]
    ends = np.stack((nodes[1:], nodes[:-1]))[:, inside].view(np.uint64)
    low, high = ends.min(axis=0), ends.max(axis=0)
    return (high - low) * (low * _MIX + high | np.uint64(1)), owners[1:][inside]


def _owned(nodes: Sequence[int], index: int, owner: dict[tuple[int, int], int]) -> Iterator[tuple[int, int]]:
    """The ranges of positions (first, last) that a way keeps; what it has taken, nobody owns any more."""
    first = 0
    for i, (a, b) in enumerate(pairwise(nodes)):
        key = (a, b) if a < b else (b, a)
        if a == b or owner[key] != index:
            if first < i:
                yield first, i
            first = i + 1
        else:
            owner[key] = -1
    if first < len(nodes) - 1:
        yield first, len(nodes) - 1


def _parts(way: Way, ranges: Iterable[tuple[int, int]]) -> Iterator[Way]:
    for first, last in ranges:
        cut = slice(first, last + 1)
        whole = last - first == len(way.line) - 1
        yield (
            way
            if whole
            else replace(
                way,
                line=way.line[cut],
                node_ids=way.node_ids and way.node_ids[cut],
                heights=way.heights and way.heights[cut],
            )
        )


def _without_stubs(ways: Sequence[Way]) -> Iterator[Way]:
    """Recorded ways without ends that overshoot the last meeting by less than `JOIN_M`: the receiver erred that far."""
    degree = Counter(node for way in ways for ends in pairwise(way.node_ids or ()) for node in ends)
    for way in ways:
        if way.recorded:
            nodes, last = way.node_ids or [], len(way.line) - 1
            first = _end_of_stub(way, range(last), nodes, degree)
            last = last - _end_of_stub(way, range(last, 0, -1), nodes, degree)
            yield from _parts(way, [(first, last)] if first < last else [])
        else:
            yield way


def _end_of_stub(way: Way, order: range, nodes: Sequence[int], degree: Counter[int]) -> int:
    """How many pieces, in this order of vertices, are a stub; 0 where the way does not end in one."""
    if degree[nodes[order[0]]] != 1:
        return 0
    metres = 0.0
    for count, vertex in enumerate(order, 1):
        metres += distance_m(way.line[vertex], way.line[vertex + order.step])
        if metres >= JOIN_M:
            return 0
        if degree[nodes[vertex + order.step]] > 2:
            return count
    return 0


class _Pieces(NamedTuple):
    """Every two neighbouring nodes of every path: node numbers, which path, which step of it, whether it is trusted."""

    a: Ints
    b: Ints
    path: Ints
    step: Ints
    trusted: npt.NDArray[np.bool_]

    def only(self, wanted: npt.NDArray[np.bool_]) -> _Pieces:
        """Those that are wanted."""
        return _Pieces(self.a[wanted], self.b[wanted], self.path[wanted], self.step[wanted], self.trusted[wanted])

    def tree(self, xy: Floats) -> Any:
        """An index of the pieces as lines."""
        return shapely.STRtree(shapely.linestrings(np.stack((xy[self.a], xy[self.b]), axis=1)))


#: What to put into a step of a path: (path, step) -> how far along it (0..1), which node.
_Insertions = dict[tuple[int, int], list[tuple[float, int]]]


class _Mesh:
    """Paths over numbered nodes on a plane, changed in place until they meet wherever they lie on one another.

    Trusted nodes have the numbers 0 … len(ids) - 1, so that they stay when places are united.
    """

    def __init__(self, ways: Sequence[Way]) -> None:
        self.ways = sorted(ways, key=lambda way: way.node_ids is None)
        self.plane = Plane.over(position for way in ways for position in way.line)
        self.at: list[tuple[float, float]] = []  # lon, lat of each node
        self.xy: list[tuple[float, float]] = []
        self.ids: list[int] = []
        self.paths: list[list[int]] = []
        self.heights: list[list[float | None] | None] = []
        numbers: dict[object, int] = {}
        for way in self.ways:
            self._read(way, numbers)

    def _read(self, way: Way, numbers: dict[object, int]) -> None:
        line = [(round(lon, 7), round(lat, 7)) for lon, lat in way.line]
        for key, position in zip(way.node_ids or line, line, strict=True):
            if key not in numbers:
                numbers[key] = self._add(*position)
                self.ids += [key] if isinstance(key, int) else []
        self.paths.append([numbers[key] for key in (way.node_ids or line)])
        self.heights.append(None if way.heights is None else list(way.heights))

    def _add(self, lon: float, lat: float) -> int:
        self.at.append((lon, lat))
        self.xy.append(self.plane.xy(lon, lat))
        return len(self.at) - 1

    def _pieces(self) -> _Pieces:
        steps = [range(len(path) - 1) for path in self.paths]
        a = np.array([node for path in self.paths for node in path[:-1]], dtype=np.int64)
        b = np.array([node for path in self.paths for node in path[1:]], dtype=np.int64)
        path = np.repeat(np.arange(len(steps)), [len(s) for s in steps])
        step = np.array([i for s in steps for i in s], dtype=np.int64)
        trusted = np.array([way.node_ids is not None for way in self.ways], dtype=bool)[path]
        real = a != b
        return _Pieces(a, b, path, step, trusted).only(real)

    def settle(self, news: set[int] | None = None) -> None:
        """Unite, insert and cut until nothing lies on anything without meeting it.

        `news` are the nodes that are not settled yet; None for all.
        """
        for _ in range(_ROUNDS):
            news = self._settle_touching(news)
            crossings = self._crossing(self._around(news))
            if not self._insert(crossings):
                return
            news = _nodes_of(crossings)

    def _settle_touching(self, news: set[int] | None) -> set[int] | None:
        """Unite and insert until no node lies on another or on a piece; the news with what has come to it."""
        fresh = news
        for _ in range(_ROUNDS):
            moved = self._unite(self._around(fresh))
            fresh = None if fresh is None else fresh | moved
            touching = self._touching(self._around(fresh))
            if not self._insert(touching):
                break
            fresh = _nodes_of(touching)
            news = None if news is None else news | moved | fresh
        return news

    def _around(self, news: set[int] | None) -> _Pieces:
        """The pieces that end in one of `news`, and all that come near those."""
        pieces = self._pieces()
        if news is None:
            return pieces
        nodes, xy = np.array(sorted(news), dtype=np.int64), np.array(self.xy)
        new = np.isin(pieces.a, nodes) | np.isin(pieces.b, nodes)
        if new.sum() > _FEW:
            return pieces
        low = np.minimum(xy[pieces.a], xy[pieces.b]) - 2 * SAME_M
        high = np.maximum(xy[pieces.a], xy[pieces.b]) + 2 * SAME_M
        near = np.zeros(len(new), dtype=bool)
        for piece in np.flatnonzero(new):
            near |= ((low <= high[piece]) & (high >= low[piece])).all(axis=1)
        return pieces.only(near)

    def _unite(self, pieces: _Pieces) -> set[int]:
        """Give nodes within `SAME_M` of a node the number of that one, the first; no chains, so no place wanders.

        Returns the nodes that stand for others now.
        """
        used = np.unique(np.concatenate((pieces.a, pieces.b)))
        points = shapely.points(np.array(self.xy)[used])
        i, j = (used[found] for found in shapely.STRtree(points).query(points, predicate="dwithin", distance=SAME_M))
        near = (i < j) & (j >= len(self.ids))  # trusted nodes are never united with one another
        leader: dict[int, int] = {}
        for first, second in sorted(zip(i[near].tolist(), j[near].tolist(), strict=True)):
            if first not in leader:
                leader.setdefault(second, first)
        if leader:
            self.paths = [[leader.get(node, node) for node in path] for path in self.paths]
        return set(leader.values())

    def _touching(self, pieces: _Pieces) -> _Insertions:
        """Nodes that lie on a piece without being one of its ends."""
        xy = np.array(self.xy)
        used = np.unique(np.concatenate((pieces.a, pieces.b)))
        found, piece = pieces.tree(xy).query(shapely.points(xy[used]), predicate="dwithin", distance=TOUCH_M)
        node = used[found]
        fits = (node >= len(self.ids)) | ~pieces.trusted[piece]
        for end in (pieces.a, pieces.b):  # what is as near to an end as only trusted nodes are is not put beside it
            fits &= np.hypot(*(xy[node] - xy[end[piece]]).T) > SAME_M
        node, piece = node[fits], piece[fits]
        share = share_along(xy[node], xy[pieces.a[piece]], xy[pieces.b[piece]])
        inner = (share > 0) & (share < 1)
        return _gathered(pieces, piece[inner], share[inner], node[inner])

    def _crossing(self, pieces: _Pieces) -> _Insertions:
        """New nodes where two pieces cross that share no end."""
        xy = np.array(self.xy)
        tree = pieces.tree(xy)
        i, j = tree.query(tree.geometries)
        apart = (i < j) & ~(pieces.trusted[i] & pieces.trusted[j])
        for one in (pieces.a, pieces.b):
            for other in (pieces.a, pieces.b):
                apart &= one[i] != other[j]
        i, j = i[apart], j[apart]
        s, t = shares_at_crossing(xy[pieces.a[i]], xy[pieces.b[i]], xy[pieces.a[j]], xy[pieces.b[j]])
        meet = (s >= 0) & (s <= 1) & (t >= 0) & (t <= 1)
        i, j, s, t = i[meet], j[meet], s[meet], t[meet]
        where = xy[pieces.a[i]] + s[:, None] * (xy[pieces.b[i]] - xy[pieces.a[i]])
        nodes = np.array([self._add(*self.plane.lonlat(x, y)) for x, y in where.tolist()], dtype=np.int64)
        return _gathered(pieces, np.concatenate((i, j)), np.concatenate((s, t)), np.concatenate((nodes, nodes)))

    def _insert(self, insertions: Mapping[tuple[int, int], Sequence[tuple[float, int]]]) -> bool:
        """Put nodes into steps of paths; whether there were any."""
        by_path: dict[int, dict[int, list[tuple[float, int]]]] = defaultdict(dict)
        for (path, step), nodes in insertions.items():
            by_path[path][step] = sorted(nodes)
        for index, by_step in by_path.items():
            old, heights = self.paths[index], self.heights[index]
            self.paths[index], new_heights = [], []
            for step, node in enumerate(old):
                inserted = by_step.get(step, ())
                self.paths[index] += [node, *(new for _, new in inserted)]
                if heights is not None:
                    new_heights += [heights[step], *(_between(heights, step, share) for share, _ in inserted)]
            self.heights[index] = None if heights is None else new_heights
        return bool(insertions)

    def join_loose_ends(self) -> set[int]:
        """Draw a short link from each loose end to the nearest other line, at most `JOIN_M` away; the nodes linked."""
        pieces, xy = self._pieces(), np.array(self.xy)
        joins = loose_ends.joins(pieces.a, pieces.b, pieces.trusted, xy, trusted_nodes=len(self.ids), within_m=JOIN_M)
        insertions: _Insertions = defaultdict(list)
        linked: set[int] = set()
        for join in joins:
            target = join.node
            if target is None:
                target = self._add(*self.plane.lonlat(*join.xy))
                piece = join.piece
                insertions[int(pieces.path[piece]), int(pieces.step[piece])].append((join.share, target))
            self.ways.append(replace(self.ways[int(pieces.path[join.own_piece])], node_ids=None))
            self.paths.append([join.end, target])
            self.heights.append(None)
            linked |= {join.end, target}
        self._insert(insertions)
        return linked

    def to_ways(self) -> list[Way]:
        """The paths as ways, each with node ids; places that had none get ids below all that are there."""
        below = min([*self.ids, 0])
        ids = [*self.ids, *(below - 1 - i for i in range(len(self.at) - len(self.ids)))]
        return [
            replace(way, line=[self.at[n] for n in path], node_ids=[ids[n] for n in path], heights=heights)
            for way, path, heights in zip(self.ways, self.paths, self.heights, strict=True)
        ]


def _nodes_of(insertions: _Insertions) -> set[int]:
    return {node for nodes in insertions.values() for _, node in nodes}


def _gathered(pieces: _Pieces, piece: Ints, share: Floats, node: Ints) -> _Insertions:
    insertions: _Insertions = defaultdict(list)
    for path, step, along, number in zip(
        pieces.path[piece].tolist(), pieces.step[piece].tolist(), share.tolist(), node.tolist(), strict=True
    ):
        insertions[path, step].append((along, number))
    return insertions


def _between(heights: Sequence[float | None], step: int, share: float) -> float | None:
    a, b = heights[step], heights[step + 1]
    return None if a is None or b is None else a + share * (b - a)
