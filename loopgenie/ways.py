"""The kinds of way, what a metre of each is worth to a hiker, and how hard it may be: the one table."""

from __future__ import annotations

from enum import StrEnum


class WayKind(StrEnum):
    """What a stretch of way is to someone on foot."""

    PATH = "path"
    TRACK = "track"
    FOOTWAY = "footway"
    BRIDLEWAY = "bridleway"
    STEPS = "steps"
    CYCLEWAY = "cycleway"
    MINOR_ROAD = "minor road"  # residential, unclassified, service, living street, sidewalks along them
    CONNECTING_ROAD = "connecting road"  # tertiary
    BUSY_ROAD = "busy road"  # secondary and above


#: Score points per metre, walked for the first time. The best trail earns 1; a busy road is shunned.
WORTH: dict[WayKind, float] = {
    WayKind.PATH: 1.0,
    WayKind.TRACK: 1.0,
    WayKind.FOOTWAY: 1.0,
    WayKind.BRIDLEWAY: 1.0,
    WayKind.STEPS: 1.0,
    WayKind.CYCLEWAY: 0.4,
    WayKind.MINOR_ROAD: 0.2,
    WayKind.CONNECTING_ROAD: 0.0,
    WayKind.BUSY_ROAD: -0.5,
}

#: Kinds that a hiker calls a road: they count for road_share and longest_road_m.
ROADS = frozenset({WayKind.MINOR_ROAD, WayKind.CONNECTING_ROAD, WayKind.BUSY_ROAD})

#: Swiss Alpine Club hiking scale as numbers 1..6, with OpenStreetMap's words for it.
#: https://wiki.openstreetmap.org/wiki/Key:sac_scale
SAC_SCALE: dict[str, int] = {
    "strolling": 1,
    "hiking": 1,
    "mountain_hiking": 2,
    "demanding_mountain_hiking": 3,
    "alpine_hiking": 4,
    "demanding_alpine_hiking": 5,
    "difficult_alpine_hiking": 6,
}


def difficulty_name(grade: int | None) -> str | None:
    """`T3` for 3; None where nothing is known."""
    return None if grade is None else f"T{grade}"
