"""The same trail recorded twice: GPS tracks a few metres apart are one way, not two with a hundred tiny loops between.

A stretch of a line that runs along an earlier line (or along an earlier part of itself: there and back) is cut away.
The ends of the cut lie near the line that stays, so joining loose ends connects them.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np
import shapely
from shapely.ops import substring

from loopgenie.importing.plane import XY, Floats, Plane
from loopgenie.importing.source import Way

#: A line is looked at every so many metres.
_STEP_M = 5.0
#: Lines have to run side by side for this long, in metres, to be one: at crossings and hairpins they do not.
_RUN_M = 100.0
#: A run goes on over a bulge (a bad fix) of this length, in metres.
_BULGE_M = 25.0
#: Parts of one line this close along it, in metres, are neighbours, not doubles.
_NEIGHBOURS_M = 25.0


class _Beside(NamedTuple):
    """An earlier line next to a sample: how far away (m), which way, how far along it (m)."""

    distance_m: float
    way: int
    along_m: float


class _Line:
    """A way on the plane, measured along; `cuts` are the stretches (from, to, in metres along) that are to go."""

    def __init__(self, way: Way, plane: Plane) -> None:
        self.way = way
        self.shape = shapely.LineString([plane.xy(*position) for position in way.line])
        self.xy: Floats = shapely.get_coordinates(self.shape)
        steps = np.hypot(*np.diff(self.xy, axis=0).T)
        self.along: list[float] = [0.0, *accumulate(steps.tolist())]
        self.length_m = self.along[-1]
        self.samples: list[float] = [*np.arange(0.0, self.length_m, _STEP_M).tolist(), self.length_m]
        self.cuts: list[tuple[float, float]] = []

    def points_at(self, along: Sequence[float]) -> Floats:
        x, y = (np.interp(along, self.along, column) for column in self.xy.T)
        return np.stack((x, y), axis=1)

    def is_cut(self, along_m: float) -> bool:
        i = bisect_right(self.cuts, (along_m, math.inf)) - 1
        return i >= 0 and self.cuts[i][0] < along_m < self.cuts[i][1]


def without_doubles(ways: Sequence[Way], *, within_m: float) -> list[Way]:
    """Ways without the stretches of `recorded` ways that run within `within_m` metres of an earlier way.

    Ways with node ids count as earlier than all others. The ways given are not changed.
    """
    if not any(way.recorded for way in ways):
        return list(ways)
    plane = Plane.over(position for way in ways for position in way.line)
    lines = [_Line(way, plane) for way in sorted(ways, key=lambda way: way.node_ids is None)]
    beside = _neighbours(lines, within_m)
    links: list[Way] = []
    for index, line in enumerate(lines):
        if beside[index]:
            chosen = _chosen(index, lines, beside[index])
            runs = list(_runs(line, chosen))
            line.cuts = [
                (_border(line, lines, chosen, first, 1), _border(line, lines, chosen, last, -1)) for first, last in runs
            ]
            links += _links(line, lines, chosen, runs, plane)
    kept = [part for line in lines for part in (_kept(line, plane, within_m) if line.cuts else [line.way])]
    return kept + links


def _neighbours(lines: Sequence[_Line], within_m: float) -> list[dict[int, list[_Beside]]]:
    """For each line, by number of sample: earlier lines, and earlier parts of itself, within `within_m`."""
    ends = np.concatenate([np.stack((line.xy[:-1], line.xy[1:]), axis=1) for line in lines])
    owner = np.repeat(np.arange(len(lines)), [len(line.xy) - 1 for line in lines])
    before = np.concatenate([line.along[:-1] for line in lines])
    tree = shapely.STRtree(shapely.linestrings(ends))
    found: list[dict[int, list[_Beside]]] = []
    for index, line in enumerate(lines):
        found.append(defaultdict(list))
        if not line.way.recorded or line.way.node_ids is not None:
            continue
        points = shapely.points(line.points_at(line.samples))
        sample, piece = tree.query(points, predicate="dwithin", distance=within_m)
        sample, piece = sample[owner[piece] <= index], piece[owner[piece] <= index]
        segments = tree.geometries[piece]
        along = before[piece] + shapely.line_locate_point(segments, points[sample])
        apart = (owner[piece] < index) | (np.array(line.samples)[sample] - along > _NEIGHBOURS_M)
        distance = shapely.distance(segments, points[sample])
        columns = (column[apart].tolist() for column in (sample, distance, owner[piece], along))
        for number, *what in zip(*columns, strict=True):
            found[-1][number].append(_Beside(*what))
    return found


def _chosen(index: int, lines: Sequence[_Line], beside: dict[int, list[_Beside]]) -> list[_Beside | None]:
    """Which line each sample is beside: the same as the one before if that is still near, else the nearest."""
    chosen: list[_Beside | None] = []
    for sample in range(len(lines[index].samples)):
        there = [b for b in beside.get(sample, ()) if not _gone(b, index, lines, chosen)]
        last = chosen[-1] if chosen else None
        chosen.append(min(there, key=lambda b: (last is None or b.way != last.way, b), default=None))
    return chosen


def _gone(beside: _Beside, index: int, lines: Sequence[_Line], chosen: Sequence[_Beside | None]) -> bool:
    """Whether what lies beside is itself a double: nothing of it will be left to be joined to."""
    if beside.way == index:
        return chosen[int(beside.along_m / _STEP_M)] is not None
    return lines[beside.way].is_cut(beside.along_m)


def _runs(line: _Line, chosen: Sequence[_Beside | None]) -> Iterator[tuple[int, int]]:
    """Ranges of samples (first, last) that are long enough to be the same trail; bulges are bridged."""
    near = [i for i, beside in enumerate(chosen) if beside is not None]
    breaks = [i for i, (a, b) in enumerate(pairwise(near)) if line.samples[b] - line.samples[a] > _BULGE_M]
    for first, last in zip([0, *(i + 1 for i in breaks)], [*breaks, len(near) - 1], strict=True):
        start, stop = near[first], near[last]
        if line.samples[stop] - line.samples[start] >= _RUN_M:
            yield start, stop


def _border(line: _Line, lines: Sequence[_Line], chosen: Sequence[_Beside | None], sample: int, step: int) -> float:
    """Metres along a line at which to cut it, at the end of a run (a sample, and the step that leads into it).

    Where it meets the other line for the first time, coming from outside; if they only come near, where they come
    closest. Cut elsewhere, what is left would cross the other line and make a tiny loop. The ends of a line stay.
    """
    if sample in (0, len(chosen) - 1):
        return line.samples[sample]
    beside = chosen[sample]
    if beside is not None:
        start = max(0.0, line.samples[sample] - _BULGE_M)
        mine = substring(line.shape, start, line.samples[sample] + _BULGE_M)
        there = max(0.0, beside.along_m - 2 * _BULGE_M)
        theirs = substring(lines[beside.way].shape, there, beside.along_m + 2 * _BULGE_M)
        meetings = shapely.get_coordinates(mine.intersection(theirs))
        if len(meetings):
            along: Floats = start + shapely.line_locate_point(mine, shapely.points(meetings))
            return float(along.min() if step > 0 else along.max())
    while (near := chosen[sample]) and (ahead := chosen[sample + step]) and ahead.distance_m < near.distance_m:
        sample += step
    return line.samples[sample]


def _links(
    line: _Line,
    lines: Sequence[_Line],
    chosen: Sequence[_Beside | None],
    runs: Sequence[tuple[int, int]],
    plane: Plane,
) -> Iterator[Way]:
    """Short ways where a run changes from one line to another that the first does not meet there."""
    for first, last in runs:
        inside = [(i, b) for i, b in enumerate(chosen[first : last + 1], first) if b is not None]
        for (_, old), (i, new) in pairwise(inside):
            here: XY = tuple(line.points_at([line.samples[i]])[0].tolist())
            if old.way != new.way and not _meet(lines[old.way], lines[new.way], here):
                ends = [lines[b.way].points_at([b.along_m])[0].tolist() for b in (old, new)]
                path = [plane.lonlat(*xy) for xy in (ends[0], here, ends[1])]
                yield replace(line.way, line=path, heights=None, recorded=False)


def _meet(one: _Line, other: _Line, here: XY) -> bool:
    around = shapely.Point(here).buffer(3 * _STEP_M + _BULGE_M)
    parts = [shapely.intersection(shapely.linestrings(line.xy), around) for line in (one, other)]
    return bool(shapely.distance(*parts) < _STEP_M)


def _kept(line: _Line, plane: Plane, within_m: float) -> Iterator[Way]:
    """What is left of a line; not the stubs that reach over its cuts at either end by less than `within_m`."""
    borders = [0.0, *(metres for cut in line.cuts for metres in cut), line.length_m]
    for start, stop in zip(borders[::2], borders[1::2], strict=True):
        at_end = start == 0.0 or stop == line.length_m
        if stop - start > (within_m if at_end else 0.0):
            yield _part(line, start, stop, plane)


def _part(line: _Line, start: float, stop: float, plane: Plane) -> Way:
    inner = [i for i, along in enumerate(line.along) if start < along < stop]
    first, last = (plane.lonlat(*xy) for xy in line.points_at([start, stop]).tolist())
    heights = line.way.heights
    return replace(
        line.way,
        line=[first, *(line.way.line[i] for i in inner), last],
        heights=heights and [_height(line, start), *(heights[i] for i in inner), _height(line, stop)],
    )


def _height(line: _Line, along_m: float) -> float | None:
    heights = line.way.heights or []
    i = min(max(bisect_right(line.along, along_m) - 1, 0), len(line.along) - 2)
    a, b, step = heights[i], heights[i + 1], line.along[i + 1] - line.along[i]
    if a is None or b is None:
        return None
    return a if step == 0 else a + (b - a) * (along_m - line.along[i]) / step
