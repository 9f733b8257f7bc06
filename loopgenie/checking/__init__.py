"""What is wrong with a network: the faults of a region in the store, to be mended in the source of its data.

Everything is read tile by tile, so that a region need not fit into memory: first how segments hang together, then
their lines. Needs the extra `import`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import shapely

from loopgenie.checking.evidence import Fault, looked_up, names_missing, segments_of
from loopgenie.checking.faults import KINDS, Found, Tally
from loopgenie.checking.ground import GAP_M, LONG_M, SAMPLE_M, SHORT_WALK_M, Ground
from loopgenie.checking.links import Ints, Links
from loopgenie.geometry import LonLat, line_length_m
from loopgenie.importing.plane import Plane
from loopgenie.progress import Progress
from loopgenie.regions import counted
from loopgenie.store import LeftOut, RegionInfo, Segment, Trailhead, TrailStore
from loopgenie.tiles import MOST_SEGMENTS, Tile, belongs, tiles
from loopgenie.ways import ROADS

#: Lines of two segments no farther apart than this anywhere, in metres, are one way drawn twice.
SAME_LINE_M = 10.0
#: A segment shorter than this, in metres, leads nowhere.
TINY_M = 1.0
#: A trailhead farther from the network than this, in metres, is doubtful.
FAR_M = 100.0
#: A part of the network shorter than this, in metres, is small.
SMALL_PART_M = 1_000.0
#: Left out lines are asked for by tiles; no tile has as many.
_MOST_LEFT_OUT = 1_000_000
#: Two lines still run side by side where so many marks in a row are a little too far away.
_BULGE_MARKS = 2
#: So many pairs of segments are compared at a time.
_PAIRS = 500


@dataclass
class Report:
    """What a check of one region found, lengths in metres.

    `trail_m` is the length without roads, `unnamed_m` of that the length without a name. `left_out` tells by reason how
    many of the lines that were left out could be looked at, and how long they are.
    """

    region: RegionInfo
    tallies: dict[str, Tally] = field(default_factory=lambda: {name: Tally() for name in KINDS})
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    left_out: dict[str, tuple[int, float]] = field(default_factory=dict)
    parts: int = 0
    small_parts: int = 0
    small_parts_m: float = 0.0
    largest_part_m: float = 0.0
    length_m: float = 0.0
    loop_m: float = 0.0
    trail_m: float = 0.0
    unnamed_m: float = 0.0

    def add(self, found: Found) -> None:
        """Count a fault."""
        self.tallies[found.kind].add(found)

    @property
    def grave(self) -> list[str]:
        """The kinds of grave faults that there are."""
        return [name for name, kind in KINDS.items() if kind.grave and self.tallies[name].count]


def check(
    store: TrailStore, region: RegionInfo, *, progress: Progress | None = None, most: int = MOST_SEGMENTS
) -> Report:
    """Look for every kind of fault in a region.

    Parameters
    ----------
    progress : told how far the work is.
    most : segments to hold in memory at a time, whole.
    """
    tell = progress or (lambda *_: None)
    tell("reading how ways hang together", 0, 0)
    links = Links(tile.cores for tile in tiles(store, region, most=most))
    checked = _Check(store, links, Report(region))
    checked.links_as_a_whole()
    seen = 0
    for tile in tiles(store, region, most=most, beyond_m=GAP_M):
        tell("looking at the lines", min(seen, region.segments), region.segments)
        seen += len(tile.cores)  # some touch two tiles
        checked.tile(tile)
    checked.what_tiles_shared()
    report = checked.report
    report.faults = {name: looked_up(tally.worst(), store) for name, tally in report.tallies.items()}
    return report


class _Check:
    """A check under way: the report so far, and what one tile must know of the others."""

    def __init__(self, store: TrailStore, links: Links, report: Report) -> None:
        self.store, self.links, self.report = store, links, report
        self.dead_ends = links.dead_ends()
        self.doubled = set(_doubled(store, links))
        self.beside: dict[tuple[int, ...], list[tuple[int, LonLat]]] = defaultdict(list)
        self.crossings: list[Found] = []
        self.gaps: set[frozenset[int | None]] = set()
        self.left_out: set[int] = set()
        self.starts: set[int] = set()  # the parts that have a trailhead

    # -- the network as a whole --------------------------------------------------------------------------------

    def links_as_a_whole(self) -> None:
        """Figures of the parts, and segments drawn twice."""
        report, links = self.report, self.links
        metres = np.bincount(links.part, weights=links.lengths)
        small = metres[1:][metres[1:] < SMALL_PART_M]
        report.parts, report.small_parts, report.small_parts_m = len(metres), len(small), float(small.sum())
        report.largest_part_m, report.length_m = float(metres.max(initial=0.0)), float(metres.sum())
        report.loop_m = float(links.lengths[links.on_loops()].sum())
        for one, other in sorted(self.doubled):
            length_m = float(links.lengths[np.searchsorted(links.ids, one)])
            what = "{0} and {1} join the same two junctions along the same line"
            report.add(Found("duplicate", length_m, what, (one, other), metres=length_m))

    def what_tiles_shared(self) -> None:
        """What can be told only after all tiles: trails side by side for long, and parts without a trailhead."""
        along: set[tuple[int, ...]] = {*self.doubled}
        for pair, marks in self.beside.items():
            metres, at = _longest_run(marks)
            if metres >= LONG_M and pair not in self.doubled:
                along.add(pair)
                what = f"{{0}} and {{1}} run side by side for {metres:.0f} m"
                self.report.add(Found("double", metres, what, pair, at, metres))
        for found in self.crossings:
            if found.segments not in along:  # lines upon one another touch again and again
                self.report.add(found)
        starts = self.starts or {0}  # where no part has a trailhead the largest is not blamed
        for part, numbers in enumerate(self.links.by_part()):
            if part not in starts:
                self.report.add(self._island(numbers))

    def _island(self, numbers: Ints) -> Found:
        metres = float(self.links.lengths[numbers].sum())
        longest = int(self.links.ids[numbers[np.argmax(self.links.lengths[numbers])]])
        segments = f"{counted(len(numbers), 'segment')}, among them {{0}}" if len(numbers) > 1 else "{0}"
        what = f"{metres:,.0f} m that nothing joins to the rest: {segments}"
        return Found("island", metres, what, (longest,), metres=metres)

    # -- a tile ------------------------------------------------------------------------------------------------

    def tile(self, tile: Tile) -> None:
        """Look at the lines that touch a tile, and count what is in it."""
        segments = list(segments_of(self.store, [core.id for core in tile.cores]))
        if segments:
            for segment in segments:
                if tile.holds(segment.line[0]):
                    self._segment(segment)
            self._ground(Ground(tile, segments))
        for trailhead in self.store.trailheads_in(tile.box):
            if tile.holds((trailhead.lon, trailhead.lat)) and belongs(trailhead.id, self.report.region):
                self._trailhead(trailhead)
        for line in self.store.left_out_in(tile.box, _MOST_LEFT_OUT):
            if line.id not in self.left_out and belongs(line.id, self.report.region):
                self._left_out(line)

    def _segment(self, segment: Segment) -> None:
        core, add = segment.core, self.report.add
        if core.length_m < TINY_M:
            what = f"{{0}} is a segment of {core.length_m:.2f} m"
            add(Found("tiny", -core.length_m, what, (core.id,), metres=core.length_m))
        if core.ascent_m is None:
            add(Found("no-heights", core.length_m, "{0} has no heights", (core.id,), metres=core.length_m))
        trail = [stretch for stretch in segment.stretches if stretch.kind not in ROADS]
        unnamed_m = names_missing(trail)
        self.report.trail_m += sum(stretch.length_m for stretch in trail)
        self.report.unnamed_m += unnamed_m
        if unnamed_m > 0:
            what = f"{unnamed_m:,.0f} m of {{0}} have no name"
            add(Found("unnamed", unnamed_m, what, (core.id,), metres=unnamed_m))

    def _ground(self, ground: Ground) -> None:
        for found in ground.steep():
            self.report.add(found)
        for found, sides in ground.gaps(self.dead_ends, lambda junction: self.links.walk(junction, SHORT_WALK_M)):
            if frozenset(sides) not in self.gaps:  # two dead ends that face one another are one gap
                self.gaps.add(frozenset(sides))
                self.report.add(found)
        for pair, marks in ground.beside():
            self.beside[pair] += marks
        self.crossings += ground.crossings()

    def _trailhead(self, trailhead: Trailhead) -> None:
        self.starts.add(int(self.links.part_at(trailhead.junction)))
        name, at = trailhead.name or f"a {trailhead.kind}", LonLat(trailhead.lon, trailhead.lat)
        if trailhead.snap_m > FAR_M:
            what = f"{name} is {trailhead.snap_m:.0f} m from the nearest way"
            self.report.add(Found("far-trailhead", trailhead.snap_m, what, at=at))
        if trailhead.to_loop_m is None and self.report.region.loop_km is not None:  # else nobody has looked
            self.report.add(Found("no-loop", 0.0, f"{name} has no loop near", at=at))

    def _left_out(self, line: LeftOut) -> None:
        self.left_out.add(line.id)
        metres = line_length_m(line.line)
        count, before = self.report.left_out.get(line.reason, (0, 0.0))
        self.report.left_out[line.reason] = count + 1, before + metres
        what = f"{line.name or 'a line'}: {line.reason}{f' ({line.rule})' if line.rule else ''}"
        self.report.add(Found("left-out", metres, what, metres=metres, line=line.line, source=line.source))


def _longest_run(marks: Iterable[tuple[int, LonLat]]) -> tuple[float, LonLat]:
    """The longest run of marks along a line that follow one another: metres from first to last, and its middle."""
    runs: list[list[tuple[int, LonLat]]] = []
    for mark in sorted(marks):
        if runs and mark[0] <= runs[-1][-1][0] + 1 + _BULGE_MARKS:
            runs[-1].append(mark)
        else:
            runs.append([mark])
    longest = max(runs, key=lambda run: run[-1][0] - run[0][0])
    return (longest[-1][0] - longest[0][0]) * SAMPLE_M, longest[len(longest) // 2][1]


def _doubled(store: TrailStore, links: Links) -> Iterator[tuple[int, int]]:
    """Pairs of segments that join the same junctions along the same line."""
    pairs = list(links.alike())
    for begin in range(0, len(pairs), _PAIRS):
        batch = pairs[begin : begin + _PAIRS]
        whole = store.segments({number for pair in batch for number in pair})
        for one, other in batch:
            if one in whole and other in whole and _apart_m(whole[one], whole[other]) <= SAME_LINE_M:
                yield one, other


def _apart_m(one: Segment, other: Segment) -> float:
    """How far (m) the lines of two segments are from one another where they are farthest apart."""
    plane = Plane.over([(p[0], p[1]) for p in one.line])
    a, b = (shapely.linestrings([plane.xy(p[0], p[1]) for p in segment.line]) for segment in (one, other))
    return float(shapely.hausdorff_distance(a, b, densify=0.1))
