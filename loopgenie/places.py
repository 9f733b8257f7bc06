"""Where is it: a place name or a position -> LonLat.

A name is looked for among the points of the trail data, then in the gazetteer, then by a geocoder, if there is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import NamedTuple, Protocol

from loopgenie.addresses import Address, readings, without_umlauts
from loopgenie.errors import InvalidParameters, PlaceNotFound
from loopgenie.geometry import Box, LonLat, distance_m
from loopgenie.store import Point, Town, TrailStore
from loopgenie.store.names import search_key

_LAT_LON = re.compile(r"\s*([+-]?\d+(?:\.\d*)?|[+-]?\.\d+)\s*,\s*([+-]?\d+(?:\.\d*)?|[+-]?\.\d+)\s*", re.ASCII)

NEAR_MATCHES = 5
ALSO = 3
_CANDIDATES = 100
#: More towns than share any one name, with room for those whose name only starts so.
_NAMESAKES = 500

#: A point of the trail data this near to a town of its name is that town, drawn more exactly.
SAME_PLACE_M = 30_000.0

#: A town of exactly the name goes before a point whose name only contains it, where so many people live.
WELL_KNOWN = 5000


class Located(NamedTuple):
    """A position, what was found there, and where that was looked up.

    `source` is "position", "trails", "gazetteer" or "geocoder"; `kind` is that of a `Point` or Town, None where it is
    not known. `also` are other places of that name, written so that `locate` takes them for just those;
    `attribution` are lines to show with the position. `lasting`: the same data will give the same position.
    """

    at: LonLat
    name: str | None = None
    region: str | None = None
    kind: str | None = None
    source: str = "position"
    also: tuple[str, ...] = ()
    attribution: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """For a sentence: "Paris (Texas, United States)", or the position of what has no name."""
        if self.name is None:
            return f"{self.at.lat:.5f},{self.at.lon:.5f}"
        return f"{self.name} ({self.region})" if self.region else self.name

    @property
    def lasting(self) -> bool:
        """Whether the same trail data gives the same position again; others may change theirs."""
        return self.source != "geocoder"


class Geocoder(Protocol):
    """Somebody outside who knows places."""

    def find(self, query: str) -> Located | None:
        """The place, or None where they know none; raises `GeocoderSilent` when they do not answer."""
        ...


class GeocoderSilent(Exception):
    """The geocoder did not answer; the message says why."""


def geocoder_at(url: str, *, timeout_s: float, workers: int = 1) -> Geocoder | None:
    """The geocoder at an address (see `Settings.geocoder_url`); None where there is no address.

    Parameters
    ----------
    url : where it answers; it is not asked before the first name that we do not know.
    timeout_s : how long to wait for one answer of it.
    workers : how many processes ask; together they ask once a second at most.
    """
    if not url:
        return None
    from loopgenie.geocoder import Nominatim  # here, so that a start without a geocoder loads no HTTP client

    return Nominatim(url, timeout_s=timeout_s, interval_s=float(workers))


def locate(location: str | LonLat, store: TrailStore, geocoder: Geocoder | None = None) -> Located:
    """Find the position of a place.

    Parameters
    ----------
    location : a position, "lat,lon" in degrees, or the name of a place, perhaps with its region: "Boulder, CO".
    store : the trails, whose points go first, and the gazetteer.
    geocoder : asked when neither knows the name.

    Raises
    ------
    PlaceNotFound : no place of that name; carries names that are near.
    InvalidParameters : the degrees are out of range.
    """
    if isinstance(location, LonLat):
        return Located(location)
    if match := _LAT_LON.fullmatch(location):
        return Located(_checked(LonLat(float(match[2]), float(match[1]))))
    found = _known(location, store)
    silence = ""
    if found is None and geocoder is not None:
        try:
            found = geocoder.find(location)
        except GeocoderSilent as why:
            silence = f", and the geocoder did not answer ({why})"
    if found is None:
        raise _not_found(location, store, silence)
    return found


def from_outside(location: str | LonLat, store: TrailStore, geocoder: Geocoder | None) -> Located | None:
    """The place where only the geocoder knows it: then an answer depends on more than the request and the data."""
    if geocoder is None or isinstance(location, LonLat):
        return None
    found = locate(location, store, geocoder)
    return None if found.lasting else found


def _checked(at: LonLat) -> LonLat:
    if abs(at.lat) > 90 or abs(at.lon) > 180:
        raise InvalidParameters(
            {"location": f"is {at.lat:g},{at.lon:g}, want latitude -90 to 90, then longitude -180 to 180"}
        )
    return at


# --- what we know ourselves ---------------------------------------------------------------------------------------


def _known(text: str, store: TrailStore) -> Located | None:
    """The place that is meant among the points and towns of the store."""
    plain = without_umlauts(text)
    for spelling in (text,) if plain is None else (text, plain):
        for address in readings(spelling):
            found = _meant(address, store) if address.key else None
            if found is not None:
                return found
    return None


def _meant(address: Address, store: TrailStore) -> Located | None:
    """A point of exactly that name, unless a region says otherwise; a well-known town; part of a point's name."""
    towns = [town for town in store.find_towns(address.name, _NAMESAKES) if _starts(town, address)]
    exact = [town for town in towns if address.means(town)]
    point, part = _points(address, store)
    if address.regions and exact:
        if point is None or not _is_there(point, exact):
            return _town(exact[0], exact[1:], store)
    elif not address.sure:
        return None  # "Boulder Colorado" may end in a region only where there is one of that name
    if point is not None:
        return _point(point, [town for town in exact if not _is_there(point, [town])])
    if exact and (part is None or exact[0].population >= max(WELL_KNOWN, part.population or 0)):
        return _town(exact[0], exact[1:], store)
    if part is not None:
        return _point(part, exact)
    places = {(town.lon, town.lat): town for town in reversed(towns) if address.holds(town)}
    return _town(next(iter(places.values())), [], store) if len(places) == 1 else None


def _starts(town: Town, address: Address) -> bool:
    """Whether the name of the town begins with the one asked for, as whole words."""
    return f"{search_key(town.name)} ".startswith(f"{address.key} ")


def _points(address: Address, store: TrailStore) -> tuple[Point | None, Point | None]:
    """The point of exactly that name, and the only one whose name has it as whole words.

    Where there are several of the latter, the only town that begins so: "Andorra" is Andorra la Vella.
    """
    key = address.key
    found = [(search_key(p.name or ""), p) for p in store.find_places(address.name, _CANDIDATES)]
    exact = next((p for k, p in found if k == key), None)
    inside = {k: p for k, p in reversed(found) if f" {key} " in f" {k} "}
    if len(inside) > 1:
        inside = {k: p for k, p in inside.items() if f"{k} ".startswith(f"{key} ") and p.kind in ("city", "town")}
    return exact, next(iter(inside.values())) if len(inside) == 1 else None


def _is_there(point: Point, towns: Sequence[Town]) -> bool:
    at = LonLat(point.lon, point.lat)
    return any(distance_m(at, LonLat(town.lon, town.lat)) <= SAME_PLACE_M for town in towns)


def _point(point: Point, others: Sequence[Town]) -> Located:
    also = tuple(map(address_of, _apart(others)))
    return Located(LonLat(point.lon, point.lat), point.name, None, point.kind, "trails", also)


def _town(town: Town, others: Sequence[Town], store: TrailStore) -> Located:
    also = tuple(map(address_of, _apart(others, town)))
    named = tuple(filter(None, [store.gazetteer()]))
    at = LonLat(town.lon, town.lat)
    return Located(at, town.name, town.region, kind_of(town), "gazetteer", also, named)


def _apart(towns: Sequence[Town], taken: Town | None = None) -> list[Town]:
    """The first few that their names tell from one another and from the one that was taken."""
    seen = set() if taken is None else {address_of(taken)}
    places = {address_of(town): town for town in reversed(towns)}
    return [town for town in reversed(places.values()) if address_of(town) not in seen][:ALSO]


def address_of(town: Town) -> str:
    """A town so that it is found again: "Paris, Texas, United States"."""
    return f"{town.name}, {town.region}"


def kind_of(town: Town) -> str:
    """What OpenStreetMap would rather call it, by the number of its people."""
    return "city" if town.population >= 100_000 else "town" if town.population >= 10_000 else "village"


# --- what we do not know ------------------------------------------------------------------------------------------


def _not_found(location: str, store: TrailStore, silence: str) -> PlaceNotFound:
    near = near_matches(location, store)
    where = "the trail data" if store.gazetteer() is None else "the trail data or the gazetteer"
    hint = f"; did you mean {' or '.join(near[:3])}?" if near else ""
    return PlaceNotFound(f"no place named {location!r} in {where}{silence}{hint}", near)


def near_matches(name: str, store: TrailStore) -> list[str]:
    """At most five names that look like `name`, the most alike first."""
    asked = list(readings(name))[-1] if "," in name else Address(name)
    near: dict[str, str] = {}
    for text in (*_elsewhere(asked, store), *_around(asked, store), *_holding(asked, store), *_alike(asked, store)):
        near.setdefault(search_key(text), text)
    return list(near.values())[:NEAR_MATCHES]


def _elsewhere(asked: Address, store: TrailStore) -> Iterator[str]:
    """Towns of that very name in other regions than the one asked for."""
    namesake = Address(asked.name)
    towns = store.find_towns(asked.name, _NAMESAKES) if asked.regions and asked.key else []
    yield from map(address_of, _apart([town for town in towns if namesake.means(town)]))


def _around(asked: Address, store: TrailStore) -> Iterator[str]:
    """The point that an address lies in: Ordino of "Carrer Major 3, Ordino"."""
    for region in asked.regions[:1]:
        yield from (p.name or "" for p in store.find_places(region, 1) if search_key(p.name or "") == region)


def _holding(asked: Address, store: TrailStore) -> Iterator[str]:
    """Points whose name has the one asked for as whole words."""
    for point in store.find_places(asked.name, _CANDIDATES) if asked.key else []:
        if f" {asked.key} " in f" {search_key(point.name or '')} ":
            yield point.name or ""


def _alike(asked: Address, store: TrailStore) -> list[str]:
    """Names that are misspelt so; first those that hold it but for the blanks, as Comapedrosa holds "Coma Pedrosa"."""
    similar = store.similar_names(asked.name, _CANDIDATES) if asked.key else []
    names = {search_key(name): name for name in reversed(similar)}
    names.pop(asked.key, None)  # spelt so, but not where it was asked for
    joined = asked.key.replace(" ", "")
    holding = [key for key in names if joined in key.replace(" ", "")]
    near = get_close_matches(asked.key, names, n=2 * NEAR_MATCHES, cutoff=0.6)
    return _one_for_each_town([names[key] for key in dict.fromkeys((*holding[:NEAR_MATCHES], *near))], store)


def _one_for_each_town(names: Sequence[str], store: TrailStore) -> list[str]:
    """Of several names of one town only its own, which is the one with the shortest region."""
    chosen: dict[object, Town | str] = {}
    for name in names:
        town = next((t for t in store.find_towns(name, 1) if t.name == name), None)
        if town is None:
            chosen[name] = name
            continue
        earlier = chosen.setdefault((town.lon, town.lat), town)
        if isinstance(earlier, Town) and len(town.region) < len(earlier.region):
            chosen[town.lon, town.lat] = town
    return [place.name if isinstance(place, Town) else place for place in chosen.values()]


# --- suggestions --------------------------------------------------------------------------------------------------


def suggestions(text: str, store: TrailStore, limit: int) -> list[Point | Town]:
    """Points that a text may be part of the name of, then towns that are called so or whose name starts so.

    A town that is there as a point of its name is not told twice, nor is one with several names.
    """
    points = store.find_places(text, limit)
    drawn: dict[str, list[Point]] = {}
    for point in points:
        drawn.setdefault(search_key(point.name or ""), []).append(point)
    box = Box.around((point.lon, point.lat) for point in points).grown(SAME_PLACE_M) if points else None
    towns = _towns(text, store, limit)
    return [*points, *(t for t in towns if box is None or not (_inside(t, box) and _is_drawn(t, drawn)))]


def _inside(town: Town, box: Box) -> bool:
    return box.min_lon <= town.lon <= box.max_lon and box.min_lat <= town.lat <= box.max_lat


def _is_drawn(town: Town, drawn: Mapping[str, Sequence[Point]]) -> bool:
    return any(_is_there(point, [town]) for point in drawn.get(search_key(town.name), ()))


def _towns(text: str, store: TrailStore, limit: int) -> Iterator[Town]:
    """Towns by the beginning of a name, each once, in the regions that follow a comma."""
    seen = set()
    for address in [address for address in readings(text) if address.sure and address.key]:
        for town in store.find_towns(address.name, limit):
            at = (town.lon, town.lat)
            if at not in seen and address.may_hold(town):
                seen.add(at)
                yield town
