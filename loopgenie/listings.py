"""Lists for maps and search boxes: places, trailheads and segments as GeoJSON FeatureCollections."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from loopgenie import places as known_places
from loopgenie.errors import InvalidParameters
from loopgenie.geometry import Box
from loopgenie.parameters import MAX_NAME
from loopgenie.store import LeftOut, Point, Position, RegionInfo, Segment, Snapshot, Town, Trailhead, TrailStore
from loopgenie.ways import difficulty_name

#: How many each list has by default, and at most.
PLACES = (20, 1000)
TRAILHEADS = (1000, 10_000)
SEGMENTS = (2000, 20_000)
LEFT_OUT = (1000, 10_000)
MAX_COARSENESS_M = 1000.0

#: Kinds of named points, the ones a map shows first in front.
KINDS = ("city", "town", "village", "peak", "hut", "pass", "camp", "hamlet", "locality", "viewpoint", "water")
_MOST_POINTS = 20_000
#: More left out lines than this are not counted.
_MOST_LEFT_OUT = 1_000_000

Query = Mapping[str, str]


def places(query: Query, store: TrailStore) -> dict[str, Any]:
    """Named points that `q` resembles or that lie in `bbox`, or both; after those that `q` resembles, towns."""
    box = _box(query) if "bbox" in query else None
    limit = _limit(query, PLACES)
    if "q" not in query and box is None:
        raise InvalidParameters({"q": "is missing, want part of a name (or a bbox)"})
    found: list[Point | Town] = []
    if "q" in query:
        found += known_places.suggestions(_name(query["q"]), store, _MOST_POINTS)
    else:
        found += _named_in(box, store)
    found = [place for place in found if box is None or _inside(place, box)]
    snapshot = store.snapshot()
    shown = [_place(place, snapshot.regions) for place in found[:limit]]
    listing = _listing(shown, len(found), limit, snapshot, box)
    if any(isinstance(place, Town) for place in found[:limit]):
        listing["data"]["attribution"] += filter(None, [store.gazetteer()])
    return listing


def trailheads(query: Query, store: TrailStore) -> dict[str, Any]:
    """Trailheads in `bbox`, by id."""
    box, limit = _box(query), _limit(query, TRAILHEADS)
    found = store.trailheads_in(box)
    return _listing([_trailhead(t) for t in found[:limit]], len(found), limit, store.snapshot(), box)


def network(query: Query, store: TrailStore) -> dict[str, Any]:
    """Segments that touch `bbox`, longest first; `coarseness_m` thins their lines."""
    box, limit = _box(query), _limit(query, SEGMENTS)
    coarseness_m = _number(query, "coarseness_m", 0.0, 0.0, MAX_COARSENESS_M)
    found = store.segments_in(box, limit)
    matched = len(found) if len(found) < limit else len(store.cores_in(box))
    return _listing([_segment(s, coarseness_m) for s in found], matched, limit, store.snapshot(), box)


def left_out(query: Query, store: TrailStore) -> dict[str, Any]:
    """Lines that touch `bbox` and are no part of the network, by id: why, and which field said so."""
    box, limit = _box(query), _limit(query, LEFT_OUT)
    found = store.left_out_in(box, limit)
    matched = len(found) if len(found) < limit else len(store.left_out_in(box, _MOST_LEFT_OUT))
    return _listing([_left_out(line) for line in found], matched, limit, store.snapshot(), box)


def data_note(snapshot: Snapshot, box: Box | None = None) -> dict[str, Any]:
    """Which data an answer shows, and whom to name with it: of all regions, or of those that touch `box`."""
    regions = [r for r in snapshot.regions if box is None or (r.box is not None and _touch(r.box, box))]
    return {
        "snapshot": snapshot.id,
        "regions": [r.name for r in regions],
        "attribution": list(dict.fromkeys(line for r in regions for line in r.attribution)),
        "synthetic": any(r.synthetic for r in regions),
    }


def _listing(
    features: list[dict[str, Any]], matched: int, limit: int, snapshot: Snapshot, box: Box | None
) -> dict[str, Any]:  # fmt: skip
    return {
        "type": "FeatureCollection",
        "numberMatched": matched,
        "numberReturned": len(features),
        "limit": limit,
        "data": data_note(snapshot, box),
        "features": features,
    }


# --- what is asked ------------------------------------------------------------------------------------------------


def _box(query: Query) -> Box:
    if "bbox" not in query:
        raise InvalidParameters({"bbox": "is missing, want min_lon,min_lat,max_lon,max_lat"})
    text = query["bbox"]
    try:
        box = Box(*(_finite(part) for part in text.split(",")))
    except (ValueError, TypeError):
        raise InvalidParameters(
            {"bbox": f"is {_quoted(text)}, want four numbers: min_lon,min_lat,max_lon,max_lat"}
        ) from None
    for name, value, limit in zip(Box._fields, box, (180, 90, 180, 90), strict=True):
        if not -limit <= value <= limit:
            raise InvalidParameters({"bbox": f"{name} is {value:g}, want degrees from -{limit} to {limit}"})
    for low, high in (("min_lon", "max_lon"), ("min_lat", "max_lat")):
        if getattr(box, low) > getattr(box, high):
            raise InvalidParameters(
                {"bbox": f"{low} {getattr(box, low):g} is above {high} {getattr(box, high):g}, want it below"}
            )
    return box


def _limit(query: Query, limits: tuple[int, int]) -> int:
    default, largest = limits
    text = query.get("limit", str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= largest):
        raise InvalidParameters({"limit": f"is {_quoted(text)}, want a whole number from 1 to {largest}"})
    return int(text)


def _number(query: Query, name: str, default: float, low: float, high: float) -> float:
    text = query.get(name)
    try:
        value = default if text is None else _finite(text)
        if not low <= value <= high:
            raise ValueError
    except ValueError:
        raise InvalidParameters({name: f"is {_quoted(text or '')}, want a number from {low:g} to {high:g}"}) from None
    return value


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value) or "_" in text:
        raise ValueError(text)
    return value


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise InvalidParameters({"q": f"is {_quoted(text)}, want part of a name, at most {MAX_NAME} characters"})
    return name


def _quoted(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:57]}…")


# --- what is answered ---------------------------------------------------------------------------------------------


def _named_in(box: Box | None, store: TrailStore) -> list[Point]:
    points = store.points_in(box, KINDS, _MOST_POINTS) if box else []
    return sorted((p for p in points if p.is_place), key=lambda p: (KINDS.index(p.kind), -(p.population or 0), p.id))


def _inside(place: Point | Town, box: Box) -> bool:
    return box.min_lon <= place.lon <= box.max_lon and box.min_lat <= place.lat <= box.max_lat


def _touch(a: Box, b: Box) -> bool:
    return a.min_lon <= b.max_lon and b.min_lon <= a.max_lon and a.min_lat <= b.max_lat and b.min_lat <= a.max_lat


def _at(lon: float, lat: float) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [round(lon, 6), round(lat, 6)]}


def _place(place: Point | Town, regions: Sequence[RegionInfo]) -> dict[str, Any]:
    """A point of the trail data, or a town, which has no id. `location` is the text that a trip finds it by."""
    identity: dict[str, Any] = {} if isinstance(place, Town) else {"id": place.id}
    properties = _town(place) if isinstance(place, Town) else _point(place, regions)
    return {"type": "Feature", **identity, "geometry": _at(place.lon, place.lat), "properties": properties}


def _point(point: Point, regions: Sequence[RegionInfo]) -> dict[str, Any]:
    return {
        "name": point.name,
        "kind": point.kind,
        "elevation_m": point.elevation_m,
        "population": point.population,
        "region": _region_of(point, regions),
        "source": "trails",
        "location": point.name,
    }


def _town(town: Town) -> dict[str, Any]:
    return {
        "name": town.name,
        "kind": known_places.kind_of(town),
        "elevation_m": None,
        "population": town.population or None,  # where it is not known the gazetteer has none
        "region": town.region,
        "source": "gazetteer",
        "location": known_places.address_of(town),
    }


def _region_of(point: Point, regions: Sequence[RegionInfo]) -> str | None:
    """The name of the region with the smallest box around the point."""
    around = [(_extent(region.box), region.name) for region in regions if region.box and _inside(point, region.box)]
    return min(around)[1] if around else None


def _extent(box: Box) -> float:
    return (box.max_lon - box.min_lon) * (box.max_lat - box.min_lat)


def _trailhead(trailhead: Trailhead) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": trailhead.id,
        "geometry": _at(trailhead.lon, trailhead.lat),
        "properties": {
            "name": trailhead.name,
            "kind": trailhead.kind,
            "snap_m": round(trailhead.snap_m, 1),
            "to_loop_m": None if trailhead.to_loop_m is None else round(trailhead.to_loop_m, 1),
        },
    }


def _left_out(line: LeftOut) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": line.id,
        "geometry": {"type": "LineString", "coordinates": [[round(lon, 6), round(lat, 6)] for lon, lat in line.line]},
        "properties": {"name": line.name, "reason": line.reason, "rule": line.rule, "source": line.source},
    }


def _segment(segment: Segment, coarseness_m: float) -> dict[str, Any]:
    core = segment.core
    kinds: dict[str, float] = defaultdict(float)
    names: dict[str, float] = defaultdict(float)
    for stretch in segment.stretches:
        kinds[stretch.kind] += stretch.length_m
        if stretch.name:
            names[stretch.name] += stretch.length_m
    properties = {
        "name": max(names, key=names.__getitem__, default=None),
        "kind": str(max(kinds, key=kinds.__getitem__)),
        "length_m": round(core.length_m, 1),
        "road_m": round(core.road_m, 1),
        "ascent_m": core.ascent_m,
        "descent_m": core.descent_m,
        "difficulty": difficulty_name(core.difficulty),
    }
    digits = 6 if coarseness_m < 5 else 5  # a decimetre, or a metre where the line is coarse anyway
    line = [_position(p, digits) for p in _thinned(segment.line, coarseness_m)]
    geometry = {"type": "LineString", "coordinates": line}
    return {"type": "Feature", "id": core.id, "geometry": geometry, "properties": properties}


def _position(position: Position, digits: int) -> list[float]:
    """Rounded degrees and whole metres of height; no third number where the height is not known."""
    lon, lat, height = position
    return [round(lon, digits), round(lat, digits)] + ([] if height is None else [round(height)])


def _thinned(line: Sequence[Position], coarseness_m: float) -> Sequence[Position]:
    """The line without the positions that are nearer than that to the one kept before; both ends stay."""
    if coarseness_m <= 0:
        return line
    k_lat, k_lon = 111_132.0, 111_320.0 * math.cos(math.radians(line[0][1]))
    nearest = coarseness_m * coarseness_m
    kept = [line[0]]
    for position in line[1:-1]:
        dx, dy = (position[0] - kept[-1][0]) * k_lon, (position[1] - kept[-1][1]) * k_lat
        if dx * dx + dy * dy >= nearest:
            kept.append(position)
    kept.append(line[-1])
    return kept
