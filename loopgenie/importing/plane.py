"""A flat map in metres, good enough to see what lies on what; lengths are never measured on it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from loopgenie.geometry import EQUATOR_M, FLATTENING, distance_m

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
XY = tuple[float, float]

#: Longer pieces than this, in metres, are measured by the formula for long lines.
_SHORT_M = 9_000.0


class Plane(NamedTuple):
    """Metres per degree. Straight lines stay straight; east-west is true at the middle latitude only."""

    lon_m: float
    lat_m: float = 111_132.0

    @staticmethod
    def over(positions: Iterable[tuple[float, float]]) -> Plane:
        """The plane for a region (at least one position)."""
        lats = [lat for _, lat in positions]
        return Plane(111_320.0 * max(0.01, math.cos(math.radians((min(lats) + max(lats)) / 2))))

    def xy(self, lon: float, lat: float) -> XY:
        """Metres east and north of 0, 0."""
        return lon * self.lon_m, lat * self.lat_m

    def lonlat(self, x: float, y: float) -> tuple[float, float]:
        """Degrees, rounded to the 7 decimals (1 cm) that everything here is kept with."""
        return round(x / self.lon_m, 7), round(y / self.lat_m, 7)


def share_along(point: Floats, start: Floats, end: Floats) -> Floats:
    """How far along the pieces start..end (0..1, beyond them less or more) the points' feet are, row by row."""
    along = end - start
    square = np.einsum("ij,ij->i", along, along)
    dots = np.einsum("ij,ij->i", point - start, along)
    shares: Floats = np.divide(dots, square, out=np.zeros_like(dots), where=square > 0)
    return shares


def shares_at_crossing(a: Floats, b: Floats, c: Floats, d: Floats) -> tuple[Floats, Floats]:
    """How far along a..b and c..d the lines cross, row by row; -1 where they are parallel."""
    u, v, w = b - a, d - c, c - a
    turn = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]
    crossed = turn != 0
    s, t = np.full(len(a), -1.0), np.full(len(a), -1.0)
    np.divide(w[:, 0] * v[:, 1] - w[:, 1] * v[:, 0], turn, out=s, where=crossed)
    np.divide(w[:, 0] * u[:, 1] - w[:, 1] * u[:, 0], turn, out=t, where=crossed)
    return s, t


def foot(point: XY, start: XY, end: XY) -> tuple[float, float]:
    """Distance from a point to a piece in metres, and how far along the piece its foot is (0..1)."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    square = dx * dx + dy * dy
    share = ((point[0] - start[0]) * dx + (point[1] - start[1]) * dy) / square if square else 0.0
    share = min(1.0, max(0.0, share))
    return math.hypot(start[0] + share * dx - point[0], start[1] + share * dy - point[1]), share


def lengths_of_pieces(degrees: Floats) -> Floats:
    """The geodesic length in metres from each row (lon, lat) to the next: `geometry.distance_m`, many at a time.

    That function's formula for short lines, which is what lines are drawn of; longer pieces are handed to it.
    """
    lon, lat = np.radians(degrees).T
    d_lat, mean = np.diff(lat), (lat[1:] + lat[:-1]) / 2
    d_lon = (np.diff(lon) + np.pi) % (2 * np.pi) - np.pi
    e2 = FLATTENING * (2 - FLATTENING)
    w2 = 1 - e2 * np.sin(mean) ** 2
    lengths: Floats = np.hypot(
        d_lat * EQUATOR_M * (1 - e2) / (w2 * np.sqrt(w2)), d_lon * np.cos(mean) * EQUATOR_M / np.sqrt(w2)
    )
    for i in np.flatnonzero(lengths > _SHORT_M).tolist():
        lengths[i] = distance_m(degrees[i].tolist(), degrees[i + 1].tolist())
    return lengths
