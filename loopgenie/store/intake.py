"""A region on its way into a store: gone through once, whatever its size, and checked as it passes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from loopgenie.store import (
    NOTICE_KINDS,
    Anchor,
    Junction,
    LeftOut,
    Notice,
    Point,
    Region,
    RegionInfo,
    SegmentCore,
    Trailhead,
)
from loopgenie.store.name_index import NameIndex
from loopgenie.store.names import search_key
from loopgenie.store.packing import GridBox, grid_box, packed_line, packed_path, packed_seasons, packed_stretches


class PackedSegment(NamedTuple):
    """A segment as it is kept, under the id that the store gives it."""

    core: SegmentCore
    line: bytes
    box: GridBox
    stretches: str
    seasons: str | None


class Intake:
    """Gives every record of `region` once, with ids that begin at `first_id`, and then says what it was.

    A record that does not fit is a `ValueError` at the moment when it passes: the store has to take back what it
    has written. Ids in a region are positions in its lists, so those of a store are these plus `first_id`.
    """

    def __init__(self, region: Region, first_id: int) -> None:
        self.region = region
        self.first_id = first_id
        self.names = NameIndex()
        self._digest = hashlib.sha256()
        self._west = self._south = 2**31
        self._east = self._north = -(2**31)
        self._metres = 0.0
        self._segments = 0

    # -- what passes -------------------------------------------------------------------------------------------

    def junctions(self) -> Iterator[Junction]:
        """Every junction."""
        for number, junction in enumerate(self.region.junctions):
            self._seen("junction", number, junction)
            yield junction._replace(id=self.first_id + number)

    def segments(self) -> Iterator[PackedSegment]:
        """Every segment, packed; only one at a time is looked at."""
        junctions = len(self.region.junctions)
        for number, (core, line, stretches) in enumerate(self.region.segments):
            self._check_id("segment", number, core.id)
            if not (0 <= core.start < junctions and 0 <= core.end < junctions) or len(line) < 2:
                raise ValueError(f"segment {core.id} lacks a junction or a line: {core}")
            packed = PackedSegment(
                self._placed(core),
                packed_line(line),
                grid_box(line),
                packed_stretches(stretches),
                packed_seasons(stretches),
            )
            self._digest.update(repr(core).encode() + packed.line + packed.stretches.encode())
            self._grow(packed.box)
            self._metres += core.length_m
            self._segments += 1
            yield packed

    def _placed(self, core: SegmentCore) -> SegmentCore:
        base = self.first_id
        return SegmentCore(base + core.id, base + core.start, base + core.end, *core[3:])

    def trailheads(self) -> Iterator[tuple[Trailhead, GridBox]]:
        """Every trailhead and where the car stands."""
        for number, trailhead in enumerate(self.region.trailheads):
            self._seen("trailhead", number, trailhead)
            if not 0 <= trailhead.junction < len(self.region.junctions):
                raise ValueError(f"trailhead {number} is at junction {trailhead.junction}, which is not there")
            box = self._grow(grid_box([(trailhead.lon, trailhead.lat)]))
            base = self.first_id
            yield trailhead._replace(id=base + number, junction=base + trailhead.junction), box

    def points(self) -> Iterator[tuple[Point, GridBox, str | None]]:
        """Every point, where it is, and what its name is compared by."""
        for number, point in enumerate(self.region.points):
            self._seen("point", number, point)
            key = search_key(point.name) if point.name and point.is_place else None
            if key:
                self.names.add(number, key)
            box = self._grow(grid_box([(point.lon, point.lat)]))
            yield point._replace(id=self.first_id + number, anchor=self._anchor(point)), box, key

    def _anchor(self, point: Point) -> Anchor | None:
        if point.anchor is None:
            return None
        if not 0 <= point.anchor.segment < self._segments:
            raise ValueError(f"point {point.id} is at segment {point.anchor.segment}, which is not there")
        return point.anchor._replace(segment=self.first_id + point.anchor.segment)

    def refused(self) -> Iterator[tuple[LeftOut, GridBox, bytes]]:
        """Every line that is no part of the network, and its line packed."""
        for number, line in enumerate(self.region.refused):
            self._seen("line left out", number, line)
            if len(line.line) < 2:
                raise ValueError(f"line left out {number} has no line: {line}")
            yield line._replace(id=self.first_id + number), grid_box(line.line), packed_path(line.line)

    def _seen(self, kind: str, number: int, record: Junction | Trailhead | Point | LeftOut) -> None:
        self._check_id(kind, number, record.id)
        self._digest.update(repr(record).encode())

    def _check_id(self, kind: str, number: int, given: int) -> None:
        if given != number:
            raise ValueError(
                f"region {self.region.name!r}: the ids of a {kind} are its position in the list: 0, 1, 2, …; "
                f"the one at {number} has {given}"
            )

    def _grow(self, box: GridBox) -> GridBox:
        self._west, self._east = min(self._west, box.min_lon), max(self._east, box.max_lon)
        self._south, self._north = min(self._south, box.min_lat), max(self._north, box.max_lat)
        return box

    # -- what it was -------------------------------------------------------------------------------------------

    @property
    def last_id(self) -> int:
        """The last id that the region needs; an empty one has an id of its own, too."""
        lists: Sequence[Sequence[Any]] = (
            self.region.junctions,
            self.region.trailheads,
            self.region.points,
            self.region.refused,
        )
        return self.first_id + max(1, self._segments, *map(len, lists)) - 1

    def info(self) -> RegionInfo:
        """What is said of the region, once everything has passed."""
        region = self.region
        box = GridBox(self._west, self._east, self._south, self._north)
        return RegionInfo(
            name=region.name,
            attribution=region.attribution,
            sources=region.sources,
            synthetic=region.synthetic,
            data_date=region.data_date,
            imported_at=datetime.now(UTC).isoformat(timespec="seconds"),
            box=None if self._west > self._east else box.degrees(),
            segments=self._segments,
            junctions=len(region.junctions),
            trailheads=len(region.trailheads),
            points=len(region.points),
            trail_km=self._metres / 1000,
            left_out=region.left_out,
            loop_km=region.loop_km,
            ids=(self.first_id, self.last_id),
        )

    def fingerprint(self) -> str:
        """A text that differs for other content, once everything has passed."""
        return f"{self.region.name} {self.region.data_date} {self._digest.hexdigest()}"


class NoticeIntake:
    """Gives notices with ids that begin at `first_id`, and where they hold; says then how many and which they were."""

    def __init__(self, name: str, notices: Iterable[Notice], first_id: int) -> None:
        self.count = 0
        self._name, self._notices, self._first_id = name, notices, first_id
        self._digest = hashlib.sha256()

    def notices(self) -> Iterator[tuple[Notice, GridBox]]:
        """Every notice, under the id that the store gives it.

        Raises
        ------
        ValueError : it holds nowhere, or says what no notice can.
        """
        for notice in self._notices:
            places = [place for line in (*notice.rings, *notice.lines) for place in line]
            if not places or (notice.rings and notice.lines):
                raise ValueError(f"a notice holds in areas or along lines, one of the two: {notice}")
            if notice.kind not in NOTICE_KINDS or not notice.source:
                raise ValueError(f"a notice is of no known kind, or nobody says so: {notice}")
            self._digest.update(repr(notice._replace(id=self.count)).encode())
            yield notice._replace(id=self._first_id + self.count), grid_box(places)
            self.count += 1

    def fingerprint(self) -> str:
        """A text that differs for other notices, once all have passed."""
        return f"notices {self._name} {self.count} {self._digest.hexdigest()}"


def next_snapshot(old: str, change: str) -> str:
    """The name of the data after a change: made of the name before it and what has changed."""
    return hashlib.sha256(f"{old} {change}".encode()).hexdigest()[:12]
