"""What an area or a line covers: places inside it, trails that lead through it or along it.

Worked out on the plane of longitude and latitude, piece by piece; nothing may cross the 180th meridian.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from loopgenie.geometry import Box, LonLat, Place, distance_m, line_length_m, nearest_on_line

#: Metres: what has less than this inside an area only touches it, as a trail does that begins at its border.
TOUCH_M = 1.0
#: Metres: a line is drawn so far beside the trail that it means, at most.
BESIDE_M = 30.0
#: Metres along which a line has to follow a trail, if that is not shorter than twice as much.
ALONG_M = 30.0
_STEP_M = 10.0
_CELL_M = 50.0
#: Directions that differ by 45 degrees or less are the same way: one that branches off is another.
_SAME_WAY = math.cos(math.radians(45))
#: Metres: trails that lie on top of each other are all meant.
_AS_NEAR_M = 0.1

_Edge = tuple[float, float, float, float]


class Area:
    """Polygons: closed rings, outer ones and holes alike, which the even-odd rule tells apart."""

    def __init__(self, rings: Iterable[Sequence[LonLat]]) -> None:
        edges: list[_Edge] = [(*a[:2], *b[:2]) for ring in rings for a, b in pairwise([*ring, ring[0]])]
        self.box = Box.around(edge[:2] for edge in edges)
        # bands of latitude, so that of a border of many thousand positions only some are looked at
        count = min(512, 1 + len(edges) // 8)
        self._height = max((self.box.max_lat - self.box.min_lat) / count, 1e-9)
        self._bands: dict[int, list[_Edge]] = defaultdict(list)
        for edge in edges:
            for band in self._range(edge[1], edge[3]):
                self._bands[band].append(edge)

    def holds(self, place: Place) -> bool:
        """Whether a place lies inside. On the border it may be either way."""
        lon, lat = place[0], place[1]
        inside = False
        for ax, ay, bx, by in self._bands.get(self._band(lat), ()):
            if (ay > lat) != (by > lat) and lon < ax + (lat - ay) / (by - ay) * (bx - ax):
                inside = not inside
        return inside

    def inside_m(self, line: Sequence[Place]) -> float:
        """How many metres of a line lie inside."""
        return sum(self._pieces_m(line))

    def is_entered_by(self, line: Sequence[Place]) -> bool:
        """Whether a line comes inside, and does not just touch the border."""
        total = 0.0
        for metres in self._pieces_m(line):
            total += metres
            if total >= TOUCH_M:
                return True
        return total > 0.5 * line_length_m(line)

    def _pieces_m(self, line: Sequence[Place]) -> Iterator[float]:
        """Metres inside, of each piece of a line that has any."""
        for a, b in pairwise(line):
            if not self._is_near(a, b):
                continue
            dx, dy = b[0] - a[0], b[1] - a[1]
            marks = sorted({0.0, *self._crossings(a, b), 1.0})
            middles = (((s + t) / 2, t - s) for s, t in pairwise(marks))
            share = sum(part for middle, part in middles if self.holds((a[0] + middle * dx, a[1] + middle * dy)))
            if share:
                yield share * distance_m(a, b)

    def _is_near(self, a: Place, b: Place) -> bool:
        west, south, east, north = self.box
        if max(a[0], b[0]) < west or min(a[0], b[0]) > east:
            return False
        return not (max(a[1], b[1]) < south or min(a[1], b[1]) > north)

    def _crossings(self, a: Place, b: Place) -> Iterator[float]:
        """Where the border crosses the piece from `a` to `b`, as shares of it."""
        px, py = a[0], a[1]
        dx, dy = b[0] - px, b[1] - py
        for band in self._range(a[1], b[1]):
            for ax, ay, bx, by in self._bands.get(band, ()):
                ex, ey = bx - ax, by - ay
                cross = dx * ey - dy * ex
                if cross:  # else they are parallel
                    t, u = ((ax - px) * ey - (ay - py) * ex) / cross, ((ax - px) * dy - (ay - py) * dx) / cross
                    if 0 < t < 1 and 0 <= u <= 1:
                        yield t

    def _band(self, lat: float) -> int:
        return int((lat - self.box.min_lat) // self._height)

    def _range(self, a: float, b: float) -> range:
        return range(self._band(min(a, b)), self._band(max(a, b)) + 1)


def is_beside(place: Place, lines: Iterable[Sequence[LonLat]]) -> bool:
    """Whether a place lies at one of some lines."""
    return any(nearest_on_line(place, line).distance_m <= BESIDE_M for line in lines if len(line) > 1)


def followed(lines: Iterable[Sequence[LonLat]], trails: Mapping[int, Sequence[Place]]) -> set[int]:
    """Which trails some lines mean: those they run along, and no others that are near.

    Each bit of a line means the nearest trail that leads the same way, at most `BESIDE_M` away. Trails that cross the
    line or branch off it lead another way, and of two side by side the nearer one is meant.

    Returns
    -------
    The keys of the trails that are meant for `ALONG_M`, or for half of their length.
    """
    drawn = [line for line in lines if len(line) > 1]
    if not drawn or not trails:
        return set()
    meant: Counter[int] = Counter()  # millimetres
    others = []
    pieces = _pieces(trails)
    for a, b in (piece for line in drawn for piece in pairwise(line)):
        for trail in pieces.get(_ends(a, b), ()):  # as it is where a closure was loaded for a trail by its name
            meant[trail] += round(1000 * distance_m(a, b))
        if _ends(a, b) not in pieces:
            others.append((a, b))
    plane = _Plane(drawn[0][0][1])
    bits = [bit for a, b in others for bit in _bits(plane.flat(a), plane.flat(b))]
    squares = {_square(bit.at) for bit in bits}
    cells = _cells(squares, {trail: list(map(plane.flat, line)) for trail, line in trails.items()}) if squares else {}
    for bit in bits:
        for trail in _meant(bit, cells.get(_square(bit.at), ())):
            meant[trail] += round(1000 * bit.long_m)
    return {trail for trail, mm in meant.items() if mm / 1000 >= min(ALONG_M, 0.5 * line_length_m(trails[trail]))}


def _pieces(trails: Mapping[int, Sequence[Place]]) -> Mapping[tuple[Place, Place], Sequence[int]]:
    """The trails that have a piece, by its two ends."""
    found: dict[tuple[Place, Place], list[int]] = defaultdict(list)
    for trail, line in trails.items():
        for ends in {_ends(a, b) for a, b in pairwise(line)}:
            found[ends].append(trail)
    return found


def _ends(a: Place, b: Place) -> tuple[Place, Place]:
    first, last = sorted(((a[0], a[1]), (b[0], b[1])))
    return first, last


class _Plane:
    """Metres on a plane, good enough for what is a few metres apart."""

    def __init__(self, lat: float) -> None:
        self._east = 111_320.0 * math.cos(math.radians(lat))

    def flat(self, place: Place) -> tuple[float, float]:
        return place[0] * self._east, place[1] * 111_132.0


_Flat = tuple[float, float]
_Square = tuple[int, int]
_Pieces = Sequence[tuple[int, _Edge]]


class _Bit(NamedTuple):
    """A short part of a line: its middle, the way it leads (of length 1) and how long it is."""

    at: _Flat
    way: _Flat
    long_m: float


def _bits(a: _Flat, b: _Flat) -> Iterator[_Bit]:
    """A piece of a line, bit by bit."""
    long = math.dist(a, b)
    count = math.ceil(long / _STEP_M)
    for i in range(count):
        share = (i + 0.5) / count
        at = (a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1]))
        yield _Bit(at, ((b[0] - a[0]) / long, (b[1] - a[1]) / long), long / count)


def _square(at: _Flat) -> _Square:
    return int(at[0] // _CELL_M), int(at[1] // _CELL_M)


def _cells(squares: Collection[_Square], trails: Mapping[int, Sequence[_Flat]]) -> Mapping[_Square, _Pieces]:
    """The pieces of trails that may be near something in each of some squares of the plane."""
    cells: dict[_Square, list[tuple[int, _Edge]]] = defaultdict(list)
    for trail, line in trails.items():
        for a, b in pairwise(line):
            parts = max(1, math.ceil(math.dist(a, b) / _CELL_M))  # else the box of a long piece has a lot of squares
            step = (b[0] - a[0]) / parts, (b[1] - a[1]) / parts
            for i in range(parts):
                edge = (a[0] + i * step[0], a[1] + i * step[1], a[0] + (i + 1) * step[0], a[1] + (i + 1) * step[1])
                for x in _range(edge[0], edge[2]):
                    for y in _range(edge[1], edge[3]):
                        if (x, y) in squares:
                            cells[x, y].append((trail, edge))
    return cells


def _range(a: float, b: float) -> range:
    return range(int((min(a, b) - BESIDE_M) // _CELL_M), int((max(a, b) + BESIDE_M) // _CELL_M) + 1)


def _meant(bit: _Bit, pieces: _Pieces) -> list[int]:
    """The nearest trails that lead the same way."""
    (x, y), way, _ = bit
    away: dict[int, float] = {}
    for trail, (ax, ay, bx, by) in pieces:
        dx, dy = bx - ax, by - ay
        long = math.hypot(dx, dy)
        if long == 0 or abs(dx * way[0] + dy * way[1]) < _SAME_WAY * long:
            continue
        t = min(1.0, max(0.0, ((x - ax) * dx + (y - ay) * dy) / (long * long)))
        metres = math.hypot(ax + t * dx - x, ay + t * dy - y)
        if metres <= BESIDE_M:
            away[trail] = min(metres, away.get(trail, math.inf))
    nearest = min(away.values(), default=0.0)
    return [trail for trail, metres in away.items() if metres <= nearest + _AS_NEAR_M]
