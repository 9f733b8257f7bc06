"""Where a fault is to be mended: the names, lines and source features of the segments that it was found at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from loopgenie.checking.faults import Found
from loopgenie.geometry import LonLat, between, distance_m, line_length_m, nearest_on_line
from loopgenie.store import Segment, Stretch, TrailStore
from loopgenie.ways import WayKind

#: So many segments are read at a time.
_BATCH = 1_000
#: So many source features are named of a line that is made of many.
_MOST_SOURCES = 3
#: What one of a kind of way is called, where that is not the kind itself.
_SINGULAR = {WayKind.STEPS: "flight of steps"}


class Fault(NamedTuple):
    """A fault to be shown: a place, the line where it has one, and the features of the source that it is about."""

    kind: str
    what: str
    at: LonLat
    line: tuple[LonLat, ...]
    sources: tuple[str, ...]
    metres: float | None


def segments_of(store: TrailStore, ids: Sequence[int]) -> Iterator[Segment]:
    """Segments whole, a batch at a time, in the order of their ids."""
    for begin in range(0, len(ids), _BATCH):
        whole = store.segments(ids[begin : begin + _BATCH])
        yield from (whole[number] for number in sorted(whole))


def looked_up(founds: Sequence[Found], store: TrailStore) -> list[Fault]:
    """The faults with everything that helps to find them; without those whose segments an import has just replaced."""
    faults = []
    for begin in range(0, len(founds), _BATCH):
        batch = founds[begin : begin + _BATCH]
        segments = store.segments({number for found in batch for number in found.segments})
        faults += [_fault(f, segments) for f in batch if all(number in segments for number in f.segments)]
    return faults


def _fault(found: Found, segments: Mapping[int, Segment]) -> Fault:
    whole = [segments[number] for number in found.segments]
    line = found.line or (() if found.at or not whole else tuple(LonLat(p[0], p[1]) for p in whole[0].line))
    at = found.at or _middle(line)
    here = [_stretches(segment, found.at) for segment in whole]
    sources = [found.source] if found.source else [s.source for part in here for s in part if s.source]
    what = found.what.format(*(_called(part) for part in here)) if here else found.what
    return Fault(found.kind, what, at, line, tuple(dict.fromkeys(sources))[:_MOST_SOURCES], found.metres)


def _stretches(segment: Segment, at: LonLat | None) -> Sequence[Stretch]:
    """The stretch of a segment that is nearest to a place; without a place all of them."""
    if at is None:
        return segment.stretches
    along = nearest_on_line(at, segment.line).along_m
    for stretch in segment.stretches:
        along -= stretch.length_m
        if along <= 0:
            return [stretch]
    return segment.stretches[-1:]


def _called(stretches: Sequence[Stretch]) -> str:
    """The name of the longest of some stretches that has one, else the kind of way."""
    named = [stretch for stretch in stretches if stretch.name]
    longest = max(named or stretches, key=lambda stretch: stretch.length_m)
    return f'"{longest.name}"' if longest.name else f"a {_SINGULAR.get(longest.kind, longest.kind)}"


def _middle(line: Sequence[LonLat]) -> LonLat:
    """The place half-way along a line."""
    left = line_length_m(line) / 2
    for a, b in pairwise(line):
        step = distance_m(a, b)
        if step >= left:
            return between(a, b, left / step if step else 0.0)
        left -= step
    return line[-1]


def names_missing(stretches: Iterable[Stretch]) -> float:
    """Metres without a name."""
    return sum(stretch.length_m for stretch in stretches if not stretch.name)
