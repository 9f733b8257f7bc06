"""What each piece of way is worth: by its kind, and by what lies beside it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import shapely

from loopgenie.importing.chains import Chain, Positions
from loopgenie.importing.plane import XY, Plane
from loopgenie.importing.source import Source
from loopgenie.ways import BEST, NEAR_M, Merit, WayKind, worth

_Line = Sequence[XY]

#: Kinds of `store.Point` to look from.
_VIEWS = frozenset({"viewpoint", "peak"})


def worths(chains: Sequence[Chain], at: Positions, source: Source) -> list[list[float]]:
    """Score points per metre for each piece (between two neighbouring nodes) of each chain.

    A piece is where its middle is; drawn ways have pieces mostly much shorter than `NEAR_M`.
    """
    earned = [[_worth(way.kind, way.poor, way.on_route) for way in chain.ways] for chain in chains]
    raisable = [(c, i) for c, points in enumerate(earned) for i, each in enumerate(points) if each < BEST]
    middles = [_middle(*(at[node] for node in chains[c].nodes[i : i + 2])) for c, i in raisable]
    look_outs = [[(point.lon, point.lat)] for point in source.points if point.kind in _VIEWS]
    views, waters = _near(middles, look_outs, source.waters)
    for place in views | waters:
        c, i = raisable[place]
        way = chains[c].ways[i]
        earned[c][i] = _worth(way.kind, way.poor, way.on_route, place in views, place in waters)
    return earned


@cache  # there are some hundred thousand pieces, and a few dozen answers
def _worth(kind: WayKind, poor: bool, on_route: bool, view: bool = False, water: bool = False) -> float:
    there = {Merit.ROUTE: on_route, Merit.VIEW: view, Merit.WATER: water}
    return worth(kind, poor=poor, merits=[merit for merit, is_there in there.items() if is_there])


def _middle(start: XY, end: XY) -> XY:
    return (start[0] + end[0]) / 2, (start[1] + end[1]) / 2


def _near(places: Sequence[XY], *groups: Sequence[_Line]) -> list[set[int]]:
    """For each group of lines the indices of the places within `NEAR_M` of any; a line of one position is a point."""
    if not places:
        return [set() for _ in groups]
    plane = Plane.over(places)
    tree = shapely.STRtree(shapely.points(np.array(places) * plane))
    shapes = (np.array([_shape(line, plane) for line in lines], dtype=object) for lines in groups)
    return [set(tree.query(each, predicate="dwithin", distance=NEAR_M)[1].tolist()) for each in shapes]


def _shape(line: _Line, plane: Plane) -> shapely.Geometry:
    flat = np.array(line) * plane
    return shapely.LineString(flat) if len(line) > 1 else shapely.Point(flat[0])
