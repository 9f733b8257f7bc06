"""Positions, boxes and lengths on the ground. Positions are always (lon, lat) in degrees, lengths in metres."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import Any, NamedTuple


class LonLat(NamedTuple):
    """A position in degrees, WGS 84."""

    lon: float
    lat: float


class Box(NamedTuple):
    """A box in degrees, all four sides inclusive."""

    min_lon: float
    min_lat: float
    max_lon: float
    max_lat: float

    def grown(self, metres: float) -> Box:
        """The box with at least `metres` added on every side, clipped to the world."""
        d_lat = metres / 110_574  # no degree on WGS 84 is shorter
        widest = min(max(abs(self.min_lat), abs(self.max_lat)) + d_lat, 89.9)
        d_lon = metres / (111_319 * math.cos(math.radians(widest)))
        return Box(
            max(self.min_lon - d_lon, -180.0),
            max(self.min_lat - d_lat, -90.0),
            min(self.max_lon + d_lon, 180.0),
            min(self.max_lat + d_lat, 90.0),
        )

    def touches(self, other: Box) -> bool:
        """Whether the two have a point in common."""
        return (
            self.min_lon <= other.max_lon
            and other.min_lon <= self.max_lon
            and self.min_lat <= other.max_lat
            and other.min_lat <= self.max_lat
        )

    def cut_to(self, other: Box) -> Box:
        """What the two have in common; they have to touch."""
        return Box(
            max(self.min_lon, other.min_lon),
            max(self.min_lat, other.min_lat),
            min(self.max_lon, other.max_lon),
            min(self.max_lat, other.max_lat),
        )

    @staticmethod
    def around(points: Iterable[Place]) -> Box:
        """The smallest box that holds all points (at least one)."""
        lons, lats = zip(*((p[0], p[1]) for p in points), strict=True)
        return Box(min(lons), min(lats), max(lons), max(lats))


#: (lon, lat, elevation in metres or None where the terrain model has no data)
Position = tuple[float, float, float | None]

#: Anything that starts with a longitude and a latitude in degrees; a height may follow.
Place = Sequence[Any]

#: WGS 84: radius of the equator in metres, and flattening.
EQUATOR_M = 6_378_137.0
FLATTENING = 1 / 298.257223563


def distance_m(a: Place, b: Place) -> float:
    """Length of the geodesic between two positions, in metres; off by at most 1.5 millionths of it.

    Below about 10 km from the local radii of curvature at the middle latitude (Snyder, Map Projections, USGS 1395,
    p. 24f; under 4e-8 up to 2 km), beyond that by Lambert's formula for long lines (Thomas, Spheroidal Geodesics,
    US Naval Oceanographic Office SP-138, p. 8).
    """
    d_lat = math.radians(b[1] - a[1])
    d_lon = math.radians((b[0] - a[0] + 180.0) % 360.0 - 180.0)
    mean = math.radians((a[1] + b[1]) / 2)
    east = d_lon * math.cos(mean)
    if abs(d_lat) < 0.0015 and abs(east) < 0.0015:
        e2 = FLATTENING * (2 - FLATTENING)
        w2 = 1 - e2 * math.sin(mean) ** 2
        w = math.sqrt(w2)
        return math.hypot(d_lat * EQUATOR_M * (1 - e2) / (w2 * w), east * EQUATOR_M / w)
    return _lambert_m(math.radians(a[1]), math.radians(b[1]), d_lon)


def _lambert_m(lat_a: float, lat_b: float, d_lon: float) -> float:
    beta_a, beta_b = math.atan((1 - FLATTENING) * math.tan(lat_a)), math.atan((1 - FLATTENING) * math.tan(lat_b))
    p, q = (beta_a + beta_b) / 2, (beta_b - beta_a) / 2
    h = math.sin(q) ** 2 + math.cos(beta_a) * math.cos(beta_b) * math.sin(d_lon / 2) ** 2
    sigma = 2 * math.asin(min(1.0, math.sqrt(h)))
    x = (sigma - math.sin(sigma)) * (math.sin(p) * math.cos(q)) ** 2 / max(1 - h, 1e-12)
    y = (sigma + math.sin(sigma)) * (math.cos(p) * math.sin(q)) ** 2 / h
    return EQUATOR_M * (sigma - FLATTENING / 2 * (x + y))


def line_length_m(line: Sequence[Place]) -> float:
    """Length of a line of positions along the ground (heights ignored), in metres."""
    return sum(distance_m(a, b) for a, b in pairwise(line))


def bearing_deg(a: Place, b: Place) -> float:
    """The direction in which `b` lies from `a`: 0 north, 90 east, up to 360 (great circle)."""
    lat_a, lat_b, d_lon = math.radians(a[1]), math.radians(b[1]), math.radians(b[0] - a[0])
    east = math.sin(d_lon) * math.cos(lat_b)
    north = math.cos(lat_a) * math.sin(lat_b) - math.sin(lat_a) * math.cos(lat_b) * math.cos(d_lon)
    return math.degrees(math.atan2(east, north)) % 360


#: The points of the compass, clockwise, 45 degrees apart.
COMPASS = ("north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west")


def compass_point(bearing: float) -> str:
    """The word for a direction in degrees: 0 is "north", 100 is "east"."""
    return COMPASS[round(bearing / 45) % 8]


class Foot(NamedTuple):
    """The point of a line nearest to a position: how far away (m), how far along (m), where, after which vertex."""

    distance_m: float
    along_m: float
    at: LonLat
    vertex: int


def nearest_on_line(position: Place, line: Sequence[Place]) -> Foot:
    """The point of `line` (two or more positions) nearest to `position`, on a plane that touches the earth there."""
    east = 111_320.0 * math.cos(math.radians(position[1]))
    flat = [(((p[0] - position[0] + 180.0) % 360.0 - 180.0) * east, (p[1] - position[1]) * 111_132.0) for p in line]
    best = (math.inf, 0, 0.0)
    for i, ((ax, ay), (bx, by)) in enumerate(pairwise(flat)):
        dx, dy = bx - ax, by - ay
        square = dx * dx + dy * dy
        t = 0.0 if square == 0 else min(1.0, max(0.0, -(ax * dx + ay * dy) / square))
        square_away = (ax + t * dx) ** 2 + (ay + t * dy) ** 2
        if square_away < best[0]:
            best = (square_away, i, t)
    _, i, t = best
    at = between(line[i], line[i + 1], t)
    return Foot(distance_m(position, at), line_length_m(line[: i + 1]) + distance_m(line[i], at), at, i)


def between(a: Place, b: Place, share: float) -> LonLat:
    """The position at `share` (0..1) of the short way from `a` to `b`."""
    lon = a[0] + share * ((b[0] - a[0] + 180.0) % 360.0 - 180.0)
    if not -180 <= lon <= 180:
        lon -= math.copysign(360.0, lon)
    return LonLat(lon, a[1] + share * (b[1] - a[1]))


def cut(line: Sequence[Position], begin: float, end: float) -> tuple[Position, ...]:
    """The part of a line between two shares (0..1, begin < end) of its length; heights at the cuts lie between."""
    marks = _marks(line)
    first, last = begin * marks[-1], end * marks[-1]
    inside = (position for position, mark in zip(line, marks, strict=True) if first < mark < last)
    return (_at_mark(line, marks, first), *inside, _at_mark(line, marks, last))


def positions_at(line: Sequence[Position], shares: Iterable[float]) -> list[Position]:
    """The positions at shares (0..1) of a line's length, in the order of the shares; heights as `cut` has them.

    The line is measured once for all of them.
    """
    marks = _marks(line)
    return [_at_mark(line, marks, share * marks[-1]) for share in shares]


def _marks(line: Sequence[Place]) -> list[float]:
    """How far along a line (m) each of its positions lies."""
    return [0.0, *accumulate(distance_m(a, b) for a, b in pairwise(line))]


def _at_mark(line: Sequence[Position], marks: Sequence[float], metres: float) -> Position:
    if metres <= 0 or metres >= marks[-1]:
        return line[0 if metres <= 0 else -1]
    i = bisect_right(marks, metres) - 1
    a, b = line[i], line[i + 1]
    share = (metres - marks[i]) / (marks[i + 1] - marks[i])
    if share <= 0:
        return a
    height = None if a[2] is None or b[2] is None else a[2] + share * (b[2] - a[2])
    return (*between(a, b, share), height)
