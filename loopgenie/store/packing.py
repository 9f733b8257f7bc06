"""Lines and stretches as compact bytes and text, for homes of the data that have no types of their own for them."""

from __future__ import annotations

import json
import sys
from array import array
from collections.abc import Iterable, Sequence

from loopgenie.geometry import Box, Place
from loopgenie.store import Position, Stretch
from loopgenie.ways import WayKind

#: Steps per degree: lines are kept to 1e-7 degrees, about a centimetre.
DEGREE = 10_000_000
_NO_HEIGHT = -(2**31)


def packed_line(line: Iterable[Position]) -> bytes:
    """A line as little-endian int32 triples: lon and lat in 1e-7 degrees, height in decimetres."""
    numbers = array("i")
    for lon, lat, height in line:
        numbers.extend((round(lon * DEGREE), round(lat * DEGREE), _NO_HEIGHT if height is None else round(height * 10)))
    return _little_endian(numbers).tobytes()


def unpacked_line(packed: bytes) -> tuple[Position, ...]:
    """The line of `packed_line`."""
    numbers = array("i")
    numbers.frombytes(packed)
    _little_endian(numbers)
    lons = [n / DEGREE for n in numbers[0::3]]
    lats = [n / DEGREE for n in numbers[1::3]]
    heights = [None if n == _NO_HEIGHT else n / 10 for n in numbers[2::3]]
    return tuple(zip(lons, lats, heights, strict=True))


def _little_endian(numbers: array[int]) -> array[int]:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def packed_stretches(stretches: Iterable[Stretch]) -> str:
    """Stretches as a JSON list of lists, each without the last fields that say nothing."""
    return json.dumps([_short(stretch) for stretch in stretches], ensure_ascii=False, separators=(",", ":"))


def _short(stretch: Stretch) -> list[object]:
    fields: list[object] = list(stretch)
    while fields[-1] is None or fields[-1] is False:
        fields.pop()
    return fields


def unpacked_stretches(packed: str) -> tuple[Stretch, ...]:
    """The stretches of `packed_stretches`."""
    return tuple(Stretch(length, WayKind(kind), *rest) for length, kind, *rest in json.loads(packed))


def grid_box(positions: Sequence[Place]) -> tuple[int, int, int, int]:
    """The box of positions as they are kept: (min_lon, max_lon, min_lat, max_lat) in 1e-7 degrees."""
    box = Box.around(positions)
    return (
        round(box.min_lon * DEGREE),
        round(box.max_lon * DEGREE),
        round(box.min_lat * DEGREE),
        round(box.max_lat * DEGREE),
    )
