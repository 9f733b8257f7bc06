"""Lines, stretches and what is said of a region as compact bytes and text, the same in every home of the data."""

from __future__ import annotations

import json
import math
import sys
from array import array
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from loopgenie.geometry import Box, LonLat, Place
from loopgenie.store import NOTHING_TOLD, Anchor, Notice, Point, Position, RegionInfo, SourceFile, Stretch
from loopgenie.ways import WayKind

#: Steps per degree: lines are kept to 1e-7 degrees, about a centimetre.
DEGREE = 10_000_000
NO_HEIGHT = -(2**31)


class GridBox(NamedTuple):
    """A box in steps of 1e-7 degrees, as lines are kept, so that whether two of them touch is exact."""

    min_lon: int
    max_lon: int
    min_lat: int
    max_lat: int

    def degrees(self) -> Box:
        """The same in degrees."""
        west, east, south, north = (side / DEGREE for side in self)
        return Box(west, south, east, north)


def packed_line(line: Iterable[Position]) -> bytes:
    """A line as little-endian int32 triples: lon and lat in 1e-7 degrees, height in decimetres."""
    numbers = array("i")
    for lon, lat, height in line:
        numbers.extend((round(lon * DEGREE), round(lat * DEGREE), NO_HEIGHT if height is None else round(height * 10)))
    return _little_endian(numbers).tobytes()


def unpacked_line(packed: bytes) -> tuple[Position, ...]:
    """The line of `packed_line`."""
    numbers = grid_numbers(packed)
    heights = [None if n == NO_HEIGHT else n / 10 for n in numbers[2::3]]
    return tuple(zip(_degrees(numbers[0::3]), _degrees(numbers[1::3]), heights, strict=True))


def packed_path(line: Iterable[LonLat]) -> bytes:
    """A line without heights as little-endian int32 pairs."""
    numbers = array("i", [round(degrees * DEGREE) for place in line for degrees in place])
    return _little_endian(numbers).tobytes()


def unpacked_path(packed: bytes) -> tuple[LonLat, ...]:
    """The line of `packed_path`."""
    numbers = grid_numbers(packed)
    return tuple(map(LonLat, _degrees(numbers[0::2]), _degrees(numbers[1::2])))


def grid_numbers(packed: bytes) -> array[int]:
    """The whole numbers of a packed line."""
    numbers = array("i")
    numbers.frombytes(packed)
    return _little_endian(numbers)


def packed_paths(lines: Iterable[Sequence[LonLat]]) -> bytes:
    """Several lines without heights: before the positions of each their number, as little-endian int32."""
    return b"".join(_little_endian(array("i", [len(line)])).tobytes() + packed_path(line) for line in lines)


def unpacked_paths(packed: bytes) -> tuple[tuple[LonLat, ...], ...]:
    """The lines of `packed_paths`."""
    numbers = grid_numbers(packed)
    lines: list[tuple[LonLat, ...]] = []
    at = 0
    while at < len(numbers):
        first, at = at + 1, at + 1 + 2 * numbers[at]
        lines.append(tuple(map(LonLat, _degrees(numbers[first:at:2]), _degrees(numbers[first + 1 : at : 2]))))
    return tuple(lines)


def _degrees(numbers: array[int]) -> list[float]:
    return [n / DEGREE for n in numbers]


def _little_endian(numbers: array[int]) -> array[int]:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def packed_stretches(stretches: Iterable[Stretch]) -> str:
    """Stretches as a JSON list of lists, each without the last fields that say nothing."""
    return packed_json([_short(stretch) for stretch in stretches])


def _short(stretch: Stretch) -> list[object]:
    fields: list[object] = list(stretch)
    while fields[-1] is None or fields[-1] is False:
        fields.pop()
    return fields


def unpacked_stretches(packed: str) -> tuple[Stretch, ...]:
    """The stretches of `packed_stretches`."""
    return tuple(Stretch(length, WayKind(kind), *rest) for length, kind, *rest in json.loads(packed))


def packed_seasons(stretches: Iterable[Stretch]) -> str | None:
    """The seasons of stretches, each once, as a JSON list; None where they have none."""
    seasons = sorted({stretch.season for stretch in stretches if stretch.season is not None})
    return packed_json(seasons) if seasons else None


#: The columns that tell about a point, in the order of `packed_point`.
POINT_COLUMNS = (
    *("id", "kind", "name", "lon", "lat", "elevation_m", "population", "details"),
    *("anchor_segment", "anchor_share", "anchor_away_m"),
)


def packed_point(point: Point) -> tuple[object, ...]:
    """A point, for `POINT_COLUMNS`."""
    details = packed_json(dict(point.details)) if point.details else None
    return (*point[:7], details, *(point.anchor or 3 * (None,)))


def unpacked_point(row: Sequence[Any]) -> Point:
    """The point of `packed_point`."""
    what, details, anchor = row[:7], row[7], row[8:]
    point = Point._make((*what, NOTHING_TOLD if details is None else json.loads(details), None))
    return point if anchor[0] is None else point._replace(anchor=Anchor(*anchor))


#: The columns of a notice, in the order of `packed_notice`.
NOTICE_COLUMNS = "id, kind, title, text, source, url, begins, ends, rings, lines"


def packed_notice(notice: Notice) -> tuple[object, ...]:
    """A notice, for `NOTICE_COLUMNS`."""
    return (*notice[:8], packed_paths(notice.rings), packed_paths(notice.lines))


def unpacked_notice(row: Sequence[Any]) -> Notice:
    """The notice of `packed_notice`."""
    *what, rings, lines = row
    return Notice._make((*what, unpacked_paths(bytes(rings)), unpacked_paths(bytes(lines))))


def packed_json(value: object) -> str:
    """Plain values as short JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def grid_box(positions: Sequence[Place]) -> GridBox:
    """The box of positions as they are kept."""
    box = Box.around(positions)
    return GridBox(
        round(box.min_lon * DEGREE),
        round(box.max_lon * DEGREE),
        round(box.min_lat * DEGREE),
        round(box.max_lat * DEGREE),
    )


def steps_inside(box: Box) -> GridBox | None:
    """The first and the last step between the sides of a box; None when it is inside out and touches nothing.

    A box between two steps has its last step before its first, and touches what reaches over both. A thousandth of a
    step makes up for the rounding of a degree to binary.
    """

    def below(degrees: float) -> int:
        return math.floor(degrees * DEGREE + 0.001)

    if box.min_lon > box.max_lon or box.min_lat > box.max_lat:
        return None
    return GridBox(-below(-box.min_lon), below(box.max_lon), -below(-box.min_lat), below(box.max_lat))


#: The columns that tell about a region, in the order of `packed_region`.
REGION_COLUMNS = (
    "first_id, last_id, name, attribution, sources, synthetic, data_date, imported_at, "
    "min_lon, min_lat, max_lon, max_lat, segments, junctions, trailheads, points, trail_km, left_out, loop_km"
)


def packed_region(info: RegionInfo) -> tuple[object, ...]:
    """What is said of a region, for `REGION_COLUMNS`."""
    return (
        *(info.ids or (None, None)),
        info.name,
        packed_json(info.attribution),
        packed_json(info.sources),
        info.synthetic,
        info.data_date,
        info.imported_at,
        *(info.box or 4 * (None,)),
        info.segments,
        info.junctions,
        info.trailheads,
        info.points,
        info.trail_km,
        packed_json(info.left_out),
        info.loop_km,
    )


def unpacked_region(row: Sequence[Any]) -> RegionInfo:
    """The region of `packed_region`."""
    ids, (name, attribution, sources, synthetic, data_date, imported_at) = row[:2], row[2:8]
    box, (segments, junctions, trailheads, points, trail_km, left_out, loop_km) = row[8:12], row[12:]
    return RegionInfo(
        name=name,
        attribution=tuple(json.loads(attribution)),
        sources=tuple(SourceFile(*file) for file in json.loads(sources)),
        synthetic=bool(synthetic),
        data_date=data_date,
        imported_at=imported_at,
        box=None if box[0] is None else Box(*box),
        segments=segments,
        junctions=junctions,
        trailheads=trailheads,
        points=points,
        trail_km=trail_km,
        left_out=json.loads(left_out),
        loop_km=loop_km,
        ids=(ids[0], ids[1]),
    )
