"""What each piece of way is worth: by its kind, and by what lies beside it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import shapely

from loopgenie.importing.chains import Chain
from loopgenie.importing.plane import XY, Floats, Plane
from loopgenie.importing.source import DEGREE, Source
from loopgenie.ways import BEST, NEAR_M, Merit, WayKind, worth

#: Kinds of `store.Point` to look from.
_VIEWS = frozenset({"viewpoint", "peak"})


class Scenery:
    """What lies beside the ways: views, and water to walk along."""

    def __init__(self, source: Source) -> None:
        views = [[(point.lon, point.lat)] for point in source.points if point.kind in _VIEWS]
        lats = [lat for line in (*views, *source.waters) for _, lat in line]
        self._plane = Plane.over([(0.0, min(lats, default=0.0)), (0.0, max(lats, default=0.0))])
        self._views, self._waters = (self._tree(lines) for lines in (views, source.waters))

    def _tree(self, lines: Sequence[Sequence[XY]]) -> shapely.STRtree:
        """An index of lines; one of a single position is a point."""
        flat = (np.array(line) * self._plane for line in lines)
        return shapely.STRtree([shapely.LineString(xy) if len(xy) > 1 else shapely.Point(xy[0]) for xy in flat])

    def worths(self, chains: Sequence[Chain]) -> list[list[float]]:
        """Score points per metre for each piece (between two neighbouring nodes) of each chain.

        A piece is where its middle is; drawn ways have pieces mostly much shorter than `NEAR_M`.
        """
        ways = [chain.ways for chain in chains]
        earned = [[_worth(way.kind, way.poor, way.on_route) for way in each] for each in ways]
        raisable = [(c, i) for c, points in enumerate(earned) for i, each in enumerate(points) if each < BEST]
        if raisable:
            middles = self._middles(chains, raisable)
            views, waters = self._near(middles, self._views), self._near(middles, self._waters)
            for place in views | waters:
                c, i = raisable[place]
                way = ways[c][i]
                earned[c][i] = _worth(way.kind, way.poor, way.on_route, place in views, place in waters)
        return earned

    def _middles(self, chains: Sequence[Chain], pieces: Sequence[tuple[int, int]]) -> Floats:
        """The middle of each piece (number of the chain, number in it), on the plane."""
        lines = {c: chains[c].steps() / DEGREE for c in {c for c, _ in pieces}}
        ends = np.array([(lines[c][i], lines[c][i + 1]) for c, i in pieces])
        middles: Floats = ends.mean(axis=1) * np.array(self._plane)
        return middles

    @staticmethod
    def _near(places: Floats, lines: shapely.STRtree) -> set[int]:
        """The numbers of the places that are within `NEAR_M` of any line."""
        return set(lines.query(shapely.points(places), predicate="dwithin", distance=NEAR_M)[0].tolist())


@cache  # there are some hundred thousand pieces, and a few dozen answers
def _worth(kind: WayKind, poor: bool, on_route: bool, view: bool = False, water: bool = False) -> float:
    there = {Merit.ROUTE: on_route, Merit.VIEW: view, Merit.WATER: water}
    return worth(kind, poor=poor, merits=[merit for merit, is_there in there.items() if is_there])
