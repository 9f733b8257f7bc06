"""GeoJSON geometries taken apart: points, lines and outer rings of areas, in degrees, and nothing that is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from reprlib import repr as short

from loopgenie.errors import BadInput

#: (lon, lat) or (lon, lat, height)
Place = tuple[float, ...]
Reproject = Callable[[Sequence[Place]], list[Place]]

KINDS = frozenset(
    {
        "Point",
        "MultiPoint",
        "LineString",
        "MultiLineString",
        "Polygon",
        "MultiPolygon",
        "GeometryCollection",
    }
)


def parts(geometry: object, to_degrees: Reproject | None) -> Iterator[tuple[str, list[Place]]]:
    """`Point`, `LineString` or `Polygon` and its positions, for each part; no position where a part is empty.

    Raises
    ------
    BadInput : what is wrong, without saying in which file.
    """
    waiting = [geometry]
    while waiting:
        this = waiting.pop()
        kind = this.get("type") if isinstance(this, dict) else None
        if not isinstance(this, dict) or not isinstance(kind, str) or kind not in KINDS:
            raise BadInput(f"a geometry that GeoJSON does not know: {short(this)}")
        if kind == "GeometryCollection":
            waiting += reversed(_list(this.get("geometries"), "geometries"))
            continue
        coordinates = _list(this.get("coordinates"), "coordinates")
        for part in coordinates if kind.startswith("Multi") else [coordinates]:
            single = kind.removeprefix("Multi")
            yield single, _in_degrees(_positions(single, _list(part, "coordinates")), to_degrees)


def _list(value: object, what: str) -> list[object]:
    if not isinstance(value, list | tuple):
        raise BadInput(f"{what} that are no list: {short(value)}")
    return list(value)


def _positions(kind: str, part: list[object]) -> list[Place]:
    """The positions of a single geometry; of an area, those of its outer ring."""
    if not part:
        return []
    if kind == "Point":
        return [_position(part)]
    ring = _list(part[0], "coordinates") if kind == "Polygon" else part
    return [_position(value) for value in ring]


def _position(value: object) -> Place:
    if isinstance(value, list | tuple) and len(value) >= 2 and all(map(_is_number, value[:2])):
        return tuple(value[:3])
    raise BadInput(f"the position {short(value)}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and -1e12 < value < 1e12  # so it is neither infinite nor nan


def _in_degrees(line: list[Place], to_degrees: Reproject | None) -> list[Place]:
    if to_degrees is not None:
        line = to_degrees(line)
    for place in line:
        if not (-180 <= place[0] <= 180 and -90 <= place[1] <= 90):
            raise BadInput(f"the position {short(list(place))}, which is not in degrees (lon, lat)")
    return line


def height(place: Place) -> float | None:
    """The third coordinate of a place, if it has one that is a height on earth."""
    return float(place[2]) if len(place) > 2 and _is_number(place[2]) and -500 <= place[2] <= 9000 else None
