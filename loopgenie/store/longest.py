"""The longest segments in a large box: whether looking at the longest of all is quicker than at all in the box."""

from __future__ import annotations

import math

from loopgenie.geometry import Box
from loopgenie.store import RegionInfo, Snapshot

#: So many segments in a box are sorted quickly enough.
FEW = 10_000


def look_at(box: Box, limit: int, snapshot: Snapshot) -> int | None:
    """How many of the longest segments of all probably have `limit` in the box; None to look at all in the box.

    It is a guess: where there are fewer than `limit` among them, all in the box have to be looked at after all.
    """
    inside = sum(_share(box, region) * region.segments for region in snapshot.regions)
    everywhere = sum(region.segments for region in snapshot.regions)
    if inside <= FEW:
        return None
    depth = math.ceil(2 * limit * everywhere / inside) + 100
    return depth if depth < inside else None


def _share(box: Box, region: RegionInfo) -> float:
    """Which share (0..1) of a region's box is in `box`."""
    if region.box is None or not box.touches(region.box):
        return 0.0
    whole, part = _area(region.box), _area(box.cut_to(region.box))
    return part / whole if whole > 0 else 1.0


def _area(box: Box) -> float:
    return (box.max_lon - box.min_lon) * (box.max_lat - box.min_lat)
