"""Where a walk may start and what it has to pass, and how such a place is told."""

from __future__ import annotations

from collections.abc import Sequence

from loopgenie import drive, no_loop
from loopgenie.drive import ByCar, Reached
from loopgenie.errors import InvalidParameters, NoLoopInReach
from loopgenie.geometry import Box, LonLat, distance_m
from loopgenie.itinerary import Start
from loopgenie.network import SNAP_M, Limits, Spot, spot_near
from loopgenie.parameters import TripParameters
from loopgenie.places import Located
from loopgenie.store import Snapshot, TrailStore
from loopgenie.task import Home, at

#: The nearest trailheads that one search takes; a city within a long drive has more.
MAX_TRAILHEADS = 3000


def homes(
    place: Located, parameters: TripParameters, store: TrailStore, snapshot: Snapshot, by_car: ByCar
) -> Sequence[Home]:
    """Every place in reach to start from.

    Raises
    ------
    NoLoopInReach : there is none.
    """
    if parameters.start_here:
        return [_here(place, parameters, store, snapshot)]
    return _trailheads(place, parameters, store, snapshot, by_car)


def _here(place: Located, parameters: TripParameters, store: TrailStore, snapshot: Snapshot) -> Spot:
    spot = spot_near(place.at, store, Limits.of(parameters))
    if spot is None:
        raise no_loop.no_trail_here(place, parameters, store, snapshot)
    return spot


def _trailheads(
    place: Located, parameters: TripParameters, store: TrailStore, snapshot: Snapshot, by_car: ByCar
) -> list[Reached]:
    """The trailheads in reach from which a loop can get to every via point, nearest by car first."""
    reached = drive.reachable(place.at, parameters.drive_m, parameters.drive_s, store, by_car=by_car)[:MAX_TRAILHEADS]
    if not reached:
        raise no_loop.no_trailhead(place, parameters, store, snapshot, by_car)
    radius_m = parameters.max_length_m / 2 + 2 * SNAP_M
    near = [r for r in reached if all(distance_m(at(r), via) <= radius_m for via in parameters.via)]
    if not near:
        raise NoLoopInReach(
            f"no trailhead in reach is within {radius_m / 1000:.1f} km of every via point, so no loop of at most "
            f"{parameters.max_length_m / 1000:g} km gets there",
            relax=[{"field": "via", "value": [], "why": "the via points are too far from the trailheads"}],
            proven=True,
        )
    return near


def via_spots(parameters: TripParameters, store: TrailStore) -> list[Spot]:
    """The points of the network that have to be passed.

    Raises
    ------
    InvalidParameters : no trail is near one of them.
    """
    spots = [spot_near(via, store, Limits.of(parameters)) for via in parameters.via]
    wrong = {}
    for i, (via, spot) in enumerate(zip(parameters.via, spots, strict=True)):
        if spot is None:
            near = store.nearest_segment(via, 20_000)
            away = f"the nearest is {near.distance_m:.0f} m away" if near else "none is within 20 km"
            wrong[f"via[{i}]"] = f"is [{via.lon:g}, {via.lat:g}], want a trail within {SNAP_M:g} m of it; {away}"
    if wrong:
        raise InvalidParameters(wrong)
    return [spot for spot in spots if spot is not None]


def only_trail_ends(homes: Sequence[Home]) -> bool:
    """Whether all that is known are the ends of lines: then the way from a start to the first junction may be long."""
    return all(isinstance(home, Reached) and home.trailhead.kind == "trail end" for home in homes)


def start_at(home: Home, place: Located, store: TrailStore) -> Start:
    """A start as a hiker is told of it."""
    if isinstance(home, Spot):
        name = place.name or place.label
        return Start(name, "here", *home.at, 0.0, 0.0, "no drive")
    trailhead, by_car, method = home
    name = trailhead.name or f"{trailhead.kind} {near(LonLat(trailhead.lon, trailhead.lat), store)}"
    return Start(name, trailhead.kind, trailhead.lon, trailhead.lat, *by_car, method)


_PLACE_KINDS = ("city", "town", "village", "hamlet", "locality", "peak", "pass", "hut", "camp", "viewpoint", "water")


def near(place: LonLat, store: TrailStore) -> str:
    """Where something without a name is: near the nearest thing that has one."""
    for radius_m in (1000.0, 5000.0):
        points = [p for p in store.points_in(Box(*place, *place).grown(radius_m), _PLACE_KINDS, 500) if p.is_place]
        if points:
            return f"near {min(points, key=lambda p: distance_m(place, (p.lon, p.lat))).name}"
    return f"at {place.lat:.4f},{place.lon:.4f}"
