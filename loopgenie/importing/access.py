"""Which ways may be walked, and what they are to someone on foot: tags or fields in, a decision with its reason out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from loopgenie.ways import SAC_SCALE, WayKind

Tags = Mapping[str, str]


class Decision(NamedTuple):
    """`kind` of a way that may be walked; otherwise None, and `reason` says why it is left out."""

    kind: WayKind | None
    reason: str | None = None


#: https://wiki.openstreetmap.org/wiki/Key:highway
_KINDS: dict[str, WayKind] = {
    "path": WayKind.PATH,
    "track": WayKind.TRACK,
    "footway": WayKind.FOOTWAY,
    "bridleway": WayKind.BRIDLEWAY,
    "steps": WayKind.STEPS,
    "cycleway": WayKind.CYCLEWAY,
    **dict.fromkeys(
        ("residential", "unclassified", "service", "living_street", "pedestrian", "road"), WayKind.MINOR_ROAD
    ),
    **dict.fromkeys(("tertiary", "tertiary_link"), WayKind.CONNECTING_ROAD),
    **dict.fromkeys(("secondary", "secondary_link", "primary", "primary_link"), WayKind.BUSY_ROAD),
}
_MOTOR_ROADS = frozenset({"motorway", "motorway_link", "trunk", "trunk_link"})
_UNFINISHED = ("construction", "proposed", "planned", "abandoned", "disused", "razed", "dismantled")
#: Parts of a street that are mapped as ways of their own. https://wiki.openstreetmap.org/wiki/Key:footway
_BESIDE_ROADS = frozenset({"sidewalk", "crossing", "traffic_island", "access_aisle", "link"})
_CAR_PARK_SERVICE = frozenset({"parking_aisle", "driveway", "drive-through"})

#: https://wiki.openstreetmap.org/wiki/Key:access
_FORBIDDEN = frozenset({"no", "private", "military"})
_ALLOWED = frozenset({"yes", "designated", "permissive", "official"})


def judge(tags: Tags) -> Decision:
    """Decide on a way by its OpenStreetMap tags (it has to have `highway`)."""
    reason = _not_walkable(tags) or _forbidden(tags) or _unfit(tags)
    return Decision(None, reason) if reason else Decision(_kind(tags))


def _kind(tags: Tags) -> WayKind:
    highway = tags["highway"]
    if tags.get(highway) in _BESIDE_ROADS:  # footway=sidewalk, cycleway=crossing, path=link
        return WayKind.MINOR_ROAD
    return _KINDS[highway]


def _not_walkable(tags: Tags) -> str | None:
    highway = tags.get("highway", "")
    if highway in _MOTOR_ROADS or tags.get("motorroad") == "yes":
        return "motorway or trunk road"
    if highway in _UNFINISHED or any(tags.get(key) == "yes" for key in _UNFINISHED):
        return "not built yet, or given up"
    if highway == "via_ferrata" or tags.get("via_ferrata_scale", "0") != "0":
        return "via ferrata (needs climbing gear)"
    if highway not in _KINDS:
        return "no way for walkers"
    if tags.get("area") == "yes":
        return "area, not a line"
    if highway == "service" and tags.get("service") in _CAR_PARK_SERVICE:
        return "driveway or parking aisle"
    return None


def _forbidden(tags: Tags) -> str | None:
    foot, access = tags.get("foot", ""), tags.get("access", "")
    if foot in _FORBIDDEN:
        return "closed to walkers (foot=no or private)"
    if access in _FORBIDDEN and foot not in _ALLOWED:
        return "no public access (access=no or private)"
    if "customers" in (foot, access if foot not in _ALLOWED else ""):
        return "for customers only"
    return None


def _unfit(tags: Tags) -> str | None:
    if tags.get("trail_visibility") == "no":
        return "no trail to be seen (trail_visibility=no)"
    if tags.get("informal") == "yes":
        return "informal path"
    if tags.get("indoor") == "yes":
        return "inside a building"
    if tags.get("oneway:foot", "no") != "no" or tags.get("conveying", "no") != "no":
        return "one way for walkers"
    return None


def difficulty(tags: Tags) -> int | None:
    """Grade 1..6 of the SAC scale; None where it is not tagged, or with a word that is not of the scale."""
    return SAC_SCALE.get(tags.get("sac_scale", "").split(";")[0].strip())


#: Hard underfoot for sure; old mule tracks have stones set in them, too (sett, cobblestone), and are none of these.
#: https://wiki.openstreetmap.org/wiki/Key:surface
_PAVED = frozenset({"asphalt", "concrete", "concrete:plates", "paved", "paving_stones", "chipseal"})


def is_poor(tags: Tags) -> bool:
    """Whether the tags say for sure that a trail is paved or hardly to be seen."""
    if tags.get("trail_visibility") == "horrible":
        return True
    if "surface" in tags:
        return tags["surface"] in _PAVED
    return tags.get("tracktype") == "grade1"


def off_ground(tags: Tags) -> bool:
    """Whether the way leaves the terrain: on a bridge or in a tunnel."""
    return any(tags.get(key, "no") not in ("no", "building_passage") for key in ("bridge", "tunnel"))


_CLOSED = re.compile(
    r"\b(closed|proposed|planned|abandoned|decommissioned|obliterated|removed|private|do not use)\b", re.I
)
_STATUS_FIELD = re.compile(r"(status|condition|rdclass)$", re.I)
_FOOT_FIELD = re.compile(r"^(hike|hiking|foot|pedestrian|walking)$", re.I)
_REFUSED = re.compile(r"^(no|n|false|0|prohibited|not allowed)$", re.I)
_BIKES_ONLY = re.compile(r"\b(bikes?|bicycles?|mountain bikes?) only\b|\bdownhill mountain bike travel only\b", re.I)
_WATER = re.compile(r"\b(water (trail|craft)|canoe|portage route|ferry)\b", re.I)

_ROAD_FIELD = re.compile(r"^(rd|road|street)_?(class|name|type)$", re.I)
_BUSY = re.compile(r"\b(primary|secondary|arterial|highway|interstate)\b", re.I)
_CONNECTING = re.compile(r"\b(tertiary|collector)\b", re.I)


def judge_fields(fields: Mapping[str, str]) -> Decision:
    """Decide on a line of a trail authority's own layer, which has no OpenStreetMap tags.

    A trail unless its fields say otherwise: closed or planned, not for walkers, a line on water, or a road.
    """
    for name, value in fields.items():
        if _STATUS_FIELD.search(name) and _CLOSED.search(value):
            return Decision(None, "closed or not built")
        if _FOOT_FIELD.match(name) and _REFUSED.match(value):
            return Decision(None, "not for walkers")
        if _BIKES_ONLY.search(value):
            return Decision(None, "for bicycles only")
        if _WATER.search(value):
            return Decision(None, "on water")
    return Decision(_road_kind(fields) or WayKind.PATH)


def _road_kind(fields: Mapping[str, str]) -> WayKind | None:
    values = [value for name, value in fields.items() if _ROAD_FIELD.match(name)]
    if not values:
        return None
    if any(map(_BUSY.search, values)):
        return WayKind.BUSY_ROAD
    return WayKind.CONNECTING_ROAD if any(map(_CONNECTING.search, values)) else WayKind.MINOR_ROAD
