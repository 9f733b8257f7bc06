"""The segment nearest to a position: boxes say in which order to look at lines, and when to stop."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from loopgenie.geometry import Box, LonLat, distance_m, nearest_on_line
from loopgenie.store import NearSegment, Segment
from loopgenie.store.packing import GridBox

#: Lines are fetched so many at a time.
_AT_ONCE = 16


def ring(position: LonLat, radius_m: float) -> Box:
    """The box that holds everything within a distance (m) of a position."""
    return Box(*position, *position).grown(radius_m)


def nearest_of(
    position: LonLat,
    boxes: Iterable[tuple[int, GridBox]],
    segments: Callable[[Collection[int]], Mapping[int, Segment]],
) -> NearSegment | None:
    """The nearest of the segments with these ids and boxes; the lowest id of those that are equally near.

    Parameters
    ----------
    segments : fetches segments by id; those that an import has just replaced are missing.
    """
    waiting = sorted((_at_least_m(position, box), number) for number, box in boxes)
    best: NearSegment | None = None
    for begin in range(0, len(waiting), _AT_ONCE):
        batch = waiting[begin : begin + _AT_ONCE]
        if best is not None and batch[0][0] > best.distance_m:
            break
        for segment in segments([number for _, number in batch]).values():
            near = _near(position, segment)
            if best is None or _order(near) < _order(best):
                best = near
    return best


def _near(position: LonLat, segment: Segment) -> NearSegment:
    foot = nearest_on_line(position, segment.line)
    return NearSegment(segment, foot.distance_m, foot.along_m, foot.at)


def _order(near: NearSegment) -> tuple[float, int]:
    return near.distance_m, near.segment.core.id


def _at_least_m(position: LonLat, grid_box: GridBox) -> float:
    """At most the distance (m) from a position to anything inside a box that is kept."""
    box = grid_box.degrees()
    nearest = LonLat(min(max(position.lon, box.min_lon), box.max_lon), min(max(position.lat, box.min_lat), box.max_lat))
    return 0.99 * distance_m(position, nearest)  # the nearest point by degrees is not quite the nearest on the ground
