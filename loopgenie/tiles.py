"""A region in pieces that fit into memory: tiles of its box, each with the segments that touch it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from loopgenie.geometry import Box, Place
from loopgenie.store import RegionInfo, SegmentCore, TrailStore

#: A tile with more segments than this is cut into four, unless it is as small as _SMALLEST_DEG (some 100 m).
MOST_SEGMENTS = 5_000
_SMALLEST_DEG = 0.001
#: How far the tiles reach over the edge of the region, in metres, so that no record lies on their outer edge.
_EDGE_M = 10.0


class Tile(NamedTuple):
    """A part of a region's box, and every segment of the region whose own box touches it or comes near."""

    box: Box
    cores: list[SegmentCore]

    def holds(self, place: Place) -> bool:
        """Whether a place belongs to this tile; of tiles that share an edge just one holds what lies on it."""
        box = self.box
        return bool(box.min_lon <= place[0] < box.max_lon and box.min_lat <= place[1] < box.max_lat)


def belongs(record_id: int, region: RegionInfo) -> bool:
    """Whether a record is of a region; any is where the store does not tell which ids a region has."""
    return region.ids is None or region.ids[0] <= record_id <= region.ids[1]


def tiles(store: TrailStore, region: RegionInfo, *, most: int = MOST_SEGMENTS, beyond_m: float = 0.0) -> Iterator[Tile]:
    """The tiles of a region, which cover its box without overlap; none where it is empty.

    Parameters
    ----------
    most : segments that one tile may have; a busy tile is cut until it has no more.
    beyond_m : segments that come so near to a tile, in metres, are given with it, too.
    """
    if region.box is None:
        return
    side = math.ceil(math.sqrt(2 * region.segments / most)) or 1  # half full, were they spread evenly
    for box in _parts(region.box.grown(_EDGE_M), side):
        yield from _split(store, region, box, most, beyond_m)


def _split(store: TrailStore, region: RegionInfo, box: Box, most: int, beyond_m: float) -> Iterator[Tile]:
    around = box.grown(beyond_m) if beyond_m else box
    cores = [core for core in store.cores_in(around) if belongs(core.id, region)]
    if len(cores) <= most or box.max_lat - box.min_lat < _SMALLEST_DEG:
        yield Tile(box, cores)
        return
    del cores
    for part in _parts(box, 2):
        yield from _split(store, region, part, most, beyond_m)


def _parts(box: Box, side: int) -> Iterator[Box]:
    """The box in `side` times `side` parts, whose edges are the same numbers on both sides."""
    for west, east in pairwise(_marks(box.min_lon, box.max_lon, side)):
        for south, north in pairwise(_marks(box.min_lat, box.max_lat, side)):
            yield Box(west, south, east, north)


def _marks(low: float, high: float, parts: int) -> list[float]:
    return [low + (high - low) * i / parts for i in range(parts)] + [high]
