"""The kinds of way, what a metre of each is worth to a hiker, and how hard it may be: the one table."""

from __future__ import annotations

from collections.abc import Collection
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


class Merit(StrEnum):
    """What makes a metre that is less than the best trail worth more."""

    ROUTE = "hiking route"  # signed: somebody who knows the country chose this way for walkers
    VIEW = "view"  # a viewpoint or peak within NEAR_M
    WATER = "water"  # a lake or sea shore, river, waterfall or spring within NEAR_M


#: Score points per metre, walked for the first time, before merits. The best trail earns 1; a busy road is shunned.
WORTH: dict[WayKind, float] = {
    WayKind.PATH: 1.0,
    WayKind.TRACK: 1.0,
    WayKind.FOOTWAY: 1.0,
    WayKind.BRIDLEWAY: 1.0,
    WayKind.STEPS: 1.0,
    WayKind.CYCLEWAY: 0.4,
    WayKind.MINOR_ROAD: 0.2,
    WayKind.CONNECTING_ROAD: 0.0,
    WayKind.BUSY_ROAD: -0.1,
}

#: No metre is worth more: the bounds of the solver, and what a metre too many costs, rest on it.
BEST = max(WORTH.values())

#: The most that a trail earns before merits when it is paved or hardly to be seen: free of cars, but no pleasure.
POOR_TRAIL = 0.6

#: What each merit adds. All three together lift a minor road to 0.55, still below any trail: they choose between roads.
BONUS: dict[Merit, float] = {Merit.ROUTE: 0.15, Merit.VIEW: 0.1, Merit.WATER: 0.1}

#: A view or water this near, in metres, belongs to the walk; across a valley it does not.
NEAR_M = 100.0


def worth(kind: WayKind, *, poor: bool = False, merits: Collection[Merit] = ()) -> float:
    """Score points for a metre of way, walked for the first time.

    Parameters
    ----------
    poor : whether it is known to be paved, or hardly to be seen.
    merits : what speaks for it, each once. Nothing does beside heavy traffic.
    """
    plain = min(WORTH[kind], POOR_TRAIL) if poor else WORTH[kind]
    if kind is WayKind.BUSY_ROAD:
        return plain
    return min(BEST, plain + sum(BONUS[merit] for merit in set(merits)))


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
