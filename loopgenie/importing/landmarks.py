"""What a place is to a hiker: OpenStreetMap tags or a layer's own fields in, kind of point or car access out."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping

from loopgenie.importing.access import Tags
from loopgenie.store import DETAILS

#: Kinds of `store.Point` that are places people live in or name, largest first.
SETTLEMENTS = ("city", "town", "village", "hamlet", "locality")

#: https://wiki.openstreetmap.org/wiki/Key:place
_PLACES = {
    **{kind: kind for kind in SETTLEMENTS},
    **dict.fromkeys(("suburb", "quarter", "neighbourhood", "isolated_dwelling", "farm"), "locality"),
}
_NATURAL = {"peak": "peak", "volcano": "peak", "saddle": "pass", "spring": "water"}
_TOURISM = {
    "camp_site": "camp",
    "wilderness_hut": "hut",
    "alpine_hut": "hut",
    "lean_to": "hut",
    "viewpoint": "viewpoint",
}
#: Shelters to sit out bad weather; not bus stops and picnic roofs. https://wiki.openstreetmap.org/wiki/Key:shelter_type
_SHELTERS = frozenset({"basic_hut", "lean_to", "weather_shelter", "rock_shelter"})
#: Car parks that are not open to everybody, or hold no visitor's car.
_CLOSED_PARKING = frozenset(
    {"no", "private", "customers", "permit", "employees", "residents", "restricted", "delivery"}
)
_NO_CAR_PARK = frozenset({"garage_boxes", "carports", "sheds", "half_on_kerb", "on_kerb"})


def point_kind(tags: Tags) -> str | None:
    """Kind of `store.Point` for a place with these tags, None when it is nothing a hiker looks for."""
    amenity = tags.get("amenity")
    if _is_tap(tags):
        return "water"
    if amenity == "shelter" and (tags.get("shelter_type") in _SHELTERS or _is_named_shelter(tags)):
        return "hut"
    if tags.get("mountain_pass") == "yes":
        return "pass"
    return (
        _PLACES.get(tags.get("place", ""))
        or _NATURAL.get(tags.get("natural", ""))
        or (None if _has_no_pitch(tags) else _TOURISM.get(tags.get("tourism", "")))
    )


def _is_tap(tags: Tags) -> bool:
    """Whether people have made this for taking water: https://wiki.openstreetmap.org/wiki/Tag:man_made=water_tap"""
    amenity = tags.get("amenity")
    if amenity == "drinking_water" or (amenity == "fountain" and tags.get("drinking_water") == "yes"):
        return tags.get("drinking_water") != "no"
    return amenity == "water_point" or tags.get("man_made") in ("water_tap", "water_well")


def _has_no_pitch(tags: Tags) -> bool:
    """Whether this is a camp site for caravans only."""
    return tags.get("tourism") == "camp_site" and tags.get("tents") == "no"


#: Who may not come in, whatever else is said; a camper is a customer of a camp site.
_CLOSED = frozenset({"no", "private", "military", "members"})
_GONE = ("abandoned", "disused", "ruins")


def is_closed_point(kind: str, tags: Tags) -> bool:
    """Whether a camp, hut or water (as `point_kind` says) is not open to everybody, or in ruins."""
    if kind not in TOLD:
        return False
    return (
        tags.get("access") in _CLOSED or any(tags.get(key) == "yes" for key in _GONE) or tags.get("building") == "ruins"
    )


#: Kinds of point of which details are told.
TOLD = ("camp", "hut", "water")
#: What only water is told to be, and what water is not.
_OF_WATER = ("type", "drinkable", "seasonal", "operator", "users", "source", "date")
_NOT_OF_NIGHTS = ("drinkable", "seasonal")


def told(kind: str, details: Mapping[str, str], *, source: str | None, date: str | None) -> dict[str, str]:
    """The details of a point of this kind, and what tells them: the feature of a file, changed last on an ISO date."""
    if kind not in TOLD:
        return {}
    whole = {**details, "source": source, "date": date}
    fits = {name for name in DETAILS if (name in _OF_WATER if kind == "water" else name not in _NOT_OF_NIGHTS)}
    return {name: text for name in DETAILS if name in fits and (text := whole.get(name))}


def is_stream(tags: Tags) -> bool:
    """Whether this is water that runs in the open, from which bottles can be filled."""
    return tags.get("waterway") in ("stream", "river") and tags.get("tunnel", "no") == "no"


def is_lake(tags: Tags) -> bool:
    """Whether this is a lake: something drawn as water without more is one if it has a name, else it may be a basin."""
    return tags.get("natural") == "water" and (tags.get("water") == "lake" or ("water" not in tags and "name" in tags))


def is_ford(tags: Tags) -> bool:
    """Whether this is a place where a way goes through water."""
    return tags.get("ford", "no") != "no"


def runs_dry(tags: Tags) -> str | None:
    """ "yes" for water that is not always there, "no" where somebody says that it is, else None."""
    said = {tags.get("intermittent"), tags.get("seasonal")} - {None}
    return None if not said else "no" if said == {"no"} else "yes"


def _is_named_shelter(tags: Tags) -> bool:
    return "shelter_type" not in tags and "name" in tags


#: Open water with a shore; the others are basins, pools and sewage. https://wiki.openstreetmap.org/wiki/Key:water
_OPEN_WATER = frozenset({"lake", "reservoir", "pond", "river", "lagoon", "oxbow"})


def is_water(tags: Tags) -> bool:
    """Whether this is water to walk along: a river, waterfall or spring, or the shore of a lake or of the sea.

    Streams and ditches are not: hardly a valley road is without one.
    """
    if tags.get("tunnel", "no") != "no":
        return False
    natural = tags.get("natural")
    if natural == "water":
        return tags.get("water", "lake") in _OPEN_WATER
    return natural in ("spring", "coastline") or tags.get("waterway") in ("river", "waterfall")


def access_kind(tags: Tags) -> str | None:
    """`parking` or `trailhead` for a place where a car may stop; None for all else, closed car parks included."""
    if tags.get("highway") == "trailhead" or tags.get("information") == "trailhead":
        return "trailhead"
    return "parking" if tags.get("amenity") == "parking" and not is_closed_parking(tags) else None


def is_closed_parking(tags: Tags) -> bool:
    """Whether this is a car park that a hiker may not use."""
    return tags.get("amenity") == "parking" and (
        tags.get("access") in _CLOSED_PARKING or tags.get("parking") in _NO_CAR_PARK
    )


_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def metres(text: str | None) -> float | None:
    """An `ele` tag as metres: "2942", "2942.5 m", "9651 ft"; None when it is no height on earth."""
    found = _NUMBER.match((text or "").strip().replace(",", "."))
    if not found:
        return None
    value = float(found.group()) * (0.3048 if re.search(r"(ft|feet|')", text or "") else 1.0)
    return round(value, 1) if -500 <= value <= 9000 and math.isfinite(value) else None


def people(text: str | None) -> int | None:
    """A `population` tag as a number."""
    digits = re.sub(r"[\s.,']", "", text or "")
    return int(digits) if digits.isdecimal() and len(digits) < 10 else None


#: Words in the fields of a layer that tell what its points are, in the order in which they are looked for.
_WORDS: tuple[tuple[str, str], ...] = (
    ("trailhead", r"trail\W?heads?|trail access"),
    ("parking", r"parking|car park|parking lots?"),
    ("camp", r"\w*camp(?:sites?|grounds?|ing)\w*|camps?|tent sites?"),
    ("hut", r"huts?|shelters?|lean\W?tos?|cabins?|refuges?|bothy|bothies"),
    ("peak", r"peaks?|summits?|mountain ?tops?|high-peak"),
    ("pass", r"passe?s?|saddles?|cols?"),
    ("water", r"springs?|(drinking )?water|fountains?"),
    ("viewpoint", r"view ?points?|overlooks?|vistas?|lookouts?"),
    ("city", r"city|cities"),
    ("town", r"towns?"),
    ("village", r"villages?"),
    ("hamlet", r"hamlets?"),
    ("locality", r"locality|localities|place"),
)
_KINDS = tuple((kind, re.compile(rf"\b(?:{words})\b", re.I)) for kind, words in _WORDS)
_TYPE_FIELD = re.compile(r"(type|kind|class|category|feature|sym|symbol|amenity|natural|tourism)$", re.I)


#: Words for camps and huts that tell what they are.
_TYPES = re.compile(r"(camp)[ -]?(site|ground)|(shelter|hut|cabin|both)(?:s|y|ies)?(?![a-z])|(lean)[ -]?to", re.I)


def type_in_words(texts: Iterable[str]) -> str | None:
    """What sort of camp or hut the first of some texts that has such a word speaks of."""
    for text in texts:
        if found := _TYPES.search(re.sub(r"[_\d]+", " ", text)):
            word = "".join(filter(None, found.groups())).lower()
            return {"both": "bothy", "lean": "lean-to"}.get(word, word)
    return None


def kind_in_words(texts: list[str]) -> str | None:
    """The first kind (of `store.Point`, or `trailhead`, `parking`) that one of the texts speaks of."""
    for text in texts:
        spoken = re.sub(r"[_\d]+", " ", text)
        for kind, words in _KINDS:
            if words.search(spoken):
                return kind
    return None


def kind_of_fields(fields: Mapping[str, str], layer: str) -> str | None:
    """What a point of a layer is: by its type field or else its name; without a type field, first by the layer's title.

    The last resort are the names of the fields themselves.
    """
    types = [value for name, value in fields.items() if _TYPE_FIELD.search(name)]
    names = [value for name, value in fields.items() if name.lower() in ("name", "maplabel", "title")]
    return kind_in_words([*types, *names] if types else [layer, *names, *fields])
