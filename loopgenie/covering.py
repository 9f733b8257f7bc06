"""What an area or a line covers: places inside it, trails that lead through it or along it.

Worked out on the plane of longitude and latitude, piece by piece; nothing may cross the 180th meridian.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from loopgenie.geometry import Box, LonLat, Place, distance_m, nearest_on_line

#: Metres: what has less than this inside an area only touches it, as a trail does that begins at its border.
TOUCH_M = 1.0
#: Metres: a line is drawn so far beside the trail that it means, at most.
BESIDE_M = 30.0
#: Metres along which a line has to follow a trail, if that is not shorter than twice as much.
ALONG_M = 30.0
_STEP_M = 5.0
_CELL_M = 100.0
#: Directions that differ by 45 degrees or less are the same way: one that branches off is another.
_SAME_WAY = math.cos(math.radians(45))
#: Metres: trails that lie on top of each other are all meant.
_AS_NEAR_M = 1.0

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
        total = 0.0
        for a, b in pairwise(line):
            if not Box.around((a, b)).touches(self.box):
                continue
            dx, dy = b[0] - a[0], b[1] - a[1]
            marks = sorted({0.0, *self._crossings(a, b), 1.0})
            share = sum(
                t - s for s, t in pairwise(marks) if self.holds((a[0] + (s + t) / 2 * dx, a[1] + (s + t) / 2 * dy))
            )
            total += share * distance_m(a, b) if share else 0.0
        return total

    def is_entered_by(self, line: Sequence[Place]) -> bool:
        """Whether a line comes inside, and does not just touch the border."""
        inside_m = self.inside_m(line)
        return inside_m >= TOUCH_M or inside_m > 0.5 * sum(distance_m(a, b) for a, b in pairwise(line))

    def _crossings(self, a: Place, b: Place) -> Iterable[float]:
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
    plane = _Plane(drawn[0][0][1])
    cells = _cells(plane, trails)
    meant: Counter[int] = Counter()
    for line in drawn:
        for a, b in pairwise(map(plane.flat, line)):
            long = math.dist(a, b)
            count = math.ceil(long / _STEP_M)
            for i in range(count):
                share = (i + 0.5) / count
                at = (a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1]))
                for trail in _meant(at, ((b[0] - a[0]) / long, (b[1] - a[1]) / long), cells):
                    meant[trail] += round(1000 * long / count)
    return {
        trail
        for trail, mm in meant.items()
        if mm / 1000 >= min(ALONG_M, 0.5 * sum(math.dist(a, b) for a, b in pairwise(map(plane.flat, trails[trail]))))
    }


class _Plane:
    """Metres on a plane, good enough for what is a few metres apart."""

    def __init__(self, lat: float) -> None:
        self._east = 111_320.0 * math.cos(math.radians(lat))

    def flat(self, place: Place) -> tuple[float, float]:
        return place[0] * self._east, place[1] * 111_132.0


_Cells = Mapping[tuple[int, int], Sequence[tuple[int, _Edge]]]


def _cells(plane: _Plane, trails: Mapping[int, Sequence[Place]]) -> _Cells:
    """The pieces of trails by the squares of the plane from which they can be seen."""
    cells: dict[tuple[int, int], list[tuple[int, _Edge]]] = defaultdict(list)
    for trail, line in trails.items():
        for a, b in pairwise(map(plane.flat, line)):
            parts = max(1, math.ceil(math.dist(a, b) / _CELL_M))  # else the box of a long piece has a lot of squares
            step = (b[0] - a[0]) / parts, (b[1] - a[1]) / parts
            for i in range(parts):
                edge = (a[0] + i * step[0], a[1] + i * step[1], a[0] + (i + 1) * step[0], a[1] + (i + 1) * step[1])
                for x in _squares(edge[0], edge[2]):
                    for y in _squares(edge[1], edge[3]):
                        cells[x, y].append((trail, edge))
    return cells


def _squares(a: float, b: float) -> range:
    return range(int((min(a, b) - BESIDE_M) // _CELL_M), int((max(a, b) + BESIDE_M) // _CELL_M) + 1)


def _meant(at: tuple[float, float], way: tuple[float, float], cells: _Cells) -> list[int]:
    """The nearest trails that lead the same way."""
    away: dict[int, float] = {}
    for trail, (ax, ay, bx, by) in cells.get((int(at[0] // _CELL_M), int(at[1] // _CELL_M)), ()):
        dx, dy = bx - ax, by - ay
        long = math.hypot(dx, dy)
        if long == 0 or abs(dx * way[0] + dy * way[1]) < _SAME_WAY * long:
            continue
        t = min(1.0, max(0.0, ((at[0] - ax) * dx + (at[1] - ay) * dy) / (long * long)))
        metres = math.hypot(ax + t * dx - at[0], ay + t * dy - at[1])
        if metres <= BESIDE_M:
            away[trail] = min(metres, away.get(trail, math.inf))
    nearest = min(away.values(), default=0.0)
    return [trail for trail, metres in away.items() if metres <= nearest + _AS_NEAR_M]
