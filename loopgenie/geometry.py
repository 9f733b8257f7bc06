"""Positions, boxes and lengths on the ground. Positions are always (lon, lat) in degrees, lengths in metres."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple


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
        """The box with `metres` added on every side, clipped to the world."""
        d_lat = metres / 110_574
        widest = min(max(abs(self.min_lat), abs(self.max_lat)) + d_lat, 89.9)
        d_lon = metres / (111_320 * math.cos(math.radians(widest)))
        return Box(
            max(self.min_lon - d_lon, -180.0),
            max(self.min_lat - d_lat, -90.0),
            min(self.max_lon + d_lon, 180.0),
            min(self.max_lat + d_lat, 90.0),
        )

    @staticmethod
    def around(points: Iterable[Sequence[float]]) -> Box:
        """The smallest box that holds all points (at least one)."""
        lons, lats = zip(*((p[0], p[1]) for p in points), strict=True)
        return Box(min(lons), min(lats), max(lons), max(lats))


# WGS 84
_A = 6_378_137.0
_F = 1 / 298.257223563
_B = _A * (1 - _F)


def distance_m(a: Sequence[float], b: Sequence[float]) -> float:
    """Length of the geodesic between two positions, in metres.

    Below about 20 km the local radii of curvature of the ellipsoid at the middle latitude are used (error under
    1e-6 of the length up to 2 km, under 1e-4 at 20 km; Snyder, Map Projections, USGS 1395, p. 24f); beyond
    that, the great circle on the mean sphere (error up to 0.6 %).
    """
    d_lat = math.radians(b[1] - a[1])
    d_lon = math.radians((b[0] - a[0] + 180.0) % 360.0 - 180.0)
    if abs(d_lat) < 0.003 and abs(d_lon) < 0.006:
        mean = math.radians((a[1] + b[1]) / 2)
        e2 = _F * (2 - _F)
        w2 = 1 - e2 * math.sin(mean) ** 2
        meridian = _A * (1 - e2) / (w2 * math.sqrt(w2))
        normal = _A / math.sqrt(w2)
        return math.hypot(d_lat * meridian, d_lon * normal * math.cos(mean))
    lat_a, lat_b = math.radians(a[1]), math.radians(b[1])
    h = math.sin(d_lat / 2) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(d_lon / 2) ** 2
    return 2 * 6_371_008.8 * math.asin(min(1.0, math.sqrt(h)))


def line_length_m(line: Sequence[Sequence[float]]) -> float:
    """Length of a line of positions along the ground (heights ignored), in metres."""
    return sum(distance_m(a, b) for a, b in pairwise(line))


class Foot(NamedTuple):
    """The point of a line nearest to a position: how far away (m), how far along (m), where, after which vertex."""

    distance_m: float
    along_m: float
    at: LonLat
    vertex: int


def nearest_on_line(position: Sequence[float], line: Sequence[Sequence[float]]) -> Foot:
    """The point of `line` (two or more positions) nearest to `position`, on a plane through it."""
    k_lat = 111_132.0
    k_lon = 111_320.0 * math.cos(math.radians(position[1]))
    best = (math.inf, 0, 0.0)
    for i in range(len(line) - 1):
        ax, ay = (line[i][0] - position[0]) * k_lon, (line[i][1] - position[1]) * k_lat
        bx, by = (line[i + 1][0] - position[0]) * k_lon, (line[i + 1][1] - position[1]) * k_lat
        dx, dy = bx - ax, by - ay
        square = dx * dx + dy * dy
        t = 0.0 if square == 0 else min(1.0, max(0.0, -(ax * dx + ay * dy) / square))
        d = math.hypot(ax + t * dx, ay + t * dy)
        if d < best[0]:
            best = (d, i, t)
    _, i, t = best
    at = LonLat(line[i][0] + t * (line[i + 1][0] - line[i][0]), line[i][1] + t * (line[i + 1][1] - line[i][1]))
    return Foot(distance_m(position, at), line_length_m(line[: i + 1]) + distance_m(line[i], at), at, i)
