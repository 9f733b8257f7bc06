"""What of a large network lies near some places: found chain by chain, so that only what is near has to be in hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import shapely

from loopgenie.importing.chains import Chain
from loopgenie.importing.plane import Floats, Plane, share_along
from loopgenie.importing.source import DEGREE

#: So many chains are looked at at a time.
_BATCH = 5_000


class NearBy:
    """Places (lon, lat), and everything within `within_m` metres of one of them."""

    def __init__(self, places: Sequence[tuple[float, float]], within_m: float) -> None:
        self.places = np.array(places, dtype=float).reshape(-1, 2)
        plane = Plane.over(places or [(0.0, 0.0)])
        self._scale = np.array(plane)
        # a degree of longitude is shorter far north than on the plane: look further there, and measure again after
        north = np.abs(self.places[:, 1]).max(initial=0.0)
        self._reach_m = within_m * 1.02 * max(1.0, plane.lon_m / Plane.over([(0.0, float(north))]).lon_m)
        self._tree = shapely.STRtree(shapely.points(self.places * self._scale))

    def chains(self, chains: Sequence[Chain]) -> Iterator[list[int]]:
        """The numbers of the chains whose boxes come near a place, some at a time."""
        if not len(self.places):
            return
        for begin in range(0, len(chains), _BATCH):
            lines = [chain.steps() for chain in chains[begin : begin + _BATCH]]
            counts = np.array([len(line) for line in lines])
            rows, first = np.concatenate(lines) / DEGREE * self._scale, np.concatenate(([0], counts.cumsum()[:-1]))
            low, high = np.minimum.reduceat(rows, first), np.maximum.reduceat(rows, first)
            boxes = shapely.box(*(low - self._reach_m).T, *(high + self._reach_m).T)
            near = np.unique(self._tree.query(boxes)[0])
            if len(near):
                yield (near + begin).tolist()

    def feet(self, start: Floats, end: Floats) -> tuple[Any, Any, Floats, Floats]:
        """Pieces from `start` to `end` (degrees, one row a piece) that are near a place.

        Returns
        -------
        Number of the piece, number of the place, how far along the piece (0..1) the place's foot is, metres to it.
        """
        pieces = shapely.linestrings(np.stack((start, end), axis=1) * self._scale)
        piece, place = self._tree.query(pieces, predicate="dwithin", distance=self._reach_m)
        where = self.places[place]
        local = np.stack((111_320.0 * np.cos(np.radians(where[:, 1])), np.full(len(where), self._scale[1])), axis=1)
        a, b, point = start[piece] * local, end[piece] * local, where * local
        share = np.clip(share_along(point, a, b), 0.0, 1.0)
        return piece, place, share, np.hypot(*(a + share[:, None] * (b - a) - point).T)
