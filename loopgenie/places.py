"""Where is it: a place name or a position -> LonLat."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import NamedTuple

from loopgenie.errors import InvalidParameters, PlaceNotFound
from loopgenie.geometry import LonLat
from loopgenie.store import Point, TrailStore
from loopgenie.store.names import search_key

_LAT_LON = re.compile(r"\s*([+-]?\d+(?:\.\d*)?|[+-]?\.\d+)\s*,\s*([+-]?\d+(?:\.\d*)?|[+-]?\.\d+)\s*", re.ASCII)

NEAR_MATCHES = 5
_CANDIDATES = 100


class Located(NamedTuple):
    """A position, and the name of the place there where one was asked for."""

    at: LonLat
    name: str | None


def locate(location: str | LonLat, store: TrailStore) -> Located:
    """Find the position of a place.

    Parameters
    ----------
    location : a position, "lat,lon" in degrees, or the name of a place; of several of one name the most important.

    Raises
    ------
    PlaceNotFound : no place of that name; carries names that are near.
    InvalidParameters : the degrees are out of range.
    """
    if isinstance(location, LonLat):
        return Located(location, None)
    if match := _LAT_LON.fullmatch(location):
        return Located(_checked(LonLat(float(match[2]), float(match[1]))), None)
    for name in dict.fromkeys((location, location.split(",")[0])):  # "Ordino, Andorra"
        if (point := _meant(name, store)) is not None:
            return Located(LonLat(point.lon, point.lat), point.name)
    near = near_matches(location, store)
    hint = f"; did you mean {' or '.join(near[:3])}?" if near else ""
    raise PlaceNotFound(f"no place named {location!r} in the trail data{hint}", near)


def _checked(at: LonLat) -> LonLat:
    if abs(at.lat) > 90 or abs(at.lon) > 180:
        raise InvalidParameters(
            {"location": f"is {at.lat:g},{at.lon:g}, want latitude -90 to 90, then longitude -180 to 180"}
        )
    return at


def _meant(name: str, store: TrailStore) -> Point | None:
    """The place of exactly that name, or else the only one whose name has it as whole words."""
    key = search_key(name)
    found = [(search_key(p.name or ""), p) for p in store.find_places(name, _CANDIDATES)]
    exact = [p for k, p in found if k == key]
    if exact:
        return exact[0]
    inside = {k: p for k, p in reversed(found) if f" {key} " in f" {k} "}
    return next(iter(inside.values())) if len(inside) == 1 else None


def near_matches(name: str, store: TrailStore) -> list[str]:
    """At most five names that look like `name`, the most alike first."""
    key = search_key(name)
    names: dict[str, str] = {}
    for part in _parts(key):
        for point in store.find_places(part, _CANDIDATES):
            names.setdefault(search_key(point.name or ""), point.name or "")
    alike = get_close_matches(key, names, n=NEAR_MATCHES, cutoff=0.6)
    holding = [k for k in names if f" {key} " in f" {k} "]
    return [names[k] for k in dict.fromkeys((*holding, *alike))][:NEAR_MATCHES]


def _parts(key: str) -> list[str]:
    """What a misspelt name and the right one probably share: the whole, its words, starts, ends and middles of it."""
    words = [word for word in key.split() if len(word) > 2]
    pieces = [part for word in words for part in (word[:3], word[-3:], word[1:4])]
    return list(dict.fromkeys([key, *words, *pieces]))[:12]
