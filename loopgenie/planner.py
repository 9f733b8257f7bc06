"""The story of a request, top to bottom: read this file first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from loopgenie import places, starts
from loopgenie.clock import Clock
from loopgenie.drive import STRAIGHT_LINE, ByCar, DriveEngine
from loopgenie.errors import LoopGenieError, NoLoopInReach, TrailsUnavailable
from loopgenie.itinerary import Itinerary
from loopgenie.loops import plan_loops
from loopgenie.network import Areas
from loopgenie.parameters import TripParameters
from loopgenie.places import Geocoder, Located
from loopgenie.season_report import SeasonReport, season_report
from loopgenie.store import Snapshot, TrailStore
from loopgenie.task import Around, Home
from loopgenie.treks import plan_treks


@dataclass(frozen=True)
class Trip:
    """The answer to a request: loops best first, on which data, and where the time went (seconds by stage)."""

    parameters: TripParameters
    place: Located  # where it starts from
    itineraries: tuple[Itinerary, ...]
    snapshot: Snapshot
    timing: dict[str, float]
    trailheads: int = 0  # how many were searched
    lasting: bool = True  # whether asking again is to tell the same; not where drives stand in for better ones
    seasons: SeasonReport | None = None  # what is closed at the time of the trip


#: Networks of earlier requests. They save time and change no answer, so sharing them is harmless.
AREAS = Areas()


def plan_trip(
    parameters: TripParameters,
    store: TrailStore,
    *,
    engine: DriveEngine = STRAIGHT_LINE,
    geocoder: Geocoder | None = None,
    areas: Areas = AREAS,
) -> Trip:
    """Find the best loops within reach of a place.

    Parameters
    ----------
    parameters : what the hiker asks for.
    store : the trails.
    engine : tells how far trailheads are by car.
    geocoder : is asked for places that the store does not know.
    areas : networks of earlier requests.

    Raises
    ------
    PlaceNotFound, NoLoopInReach, InvalidParameters, TrailsUnavailable
    """
    clock = Clock(parameters.time_limit_s)
    by_car = ByCar(engine, patience_s=parameters.time_limit_s)
    for _ in range(_TRIES):
        snapshot = _filled(store.snapshot())
        try:
            trip = _plan(parameters, store, snapshot, geocoder, by_car, areas, clock)
        except LoopGenieError as error:
            if isinstance(error, NoLoopInReach):
                error.lasting = by_car.lasting
            if store.snapshot().id == snapshot.id:
                raise
        else:
            if store.snapshot().id == snapshot.id:
                return trip
    raise TrailsUnavailable("the trail data is being replaced; ask again")


#: How often a trip is planned when an import replaces the data meanwhile: half of what was read may be old, half new.
_TRIES = 2


def _plan(
    parameters: TripParameters,
    store: TrailStore,
    snapshot: Snapshot,
    geocoder: Geocoder | None,
    by_car: ByCar,
    areas: Areas,
    clock: Clock,
) -> Trip:
    with clock.stage("places"):
        place = places.locate(parameters.location, store, geocoder)
    with clock.stage("trailheads"):
        goals = starts.via_spots(parameters, store)

        def homes_of(asked: TripParameters) -> Sequence[Home]:
            return starts.homes(place, asked, store, snapshot, by_car)

        homes = homes_of(parameters)
        around = Around(place.at, homes, goals, store, snapshot, areas, homes_of)
    plan = plan_loops if parameters.trek is None else plan_treks
    found = plan(parameters, place, around, clock)
    with clock.stage("itinerary"):
        seasons = season_report(parameters, around, found)
    return Trip(parameters, place, found, snapshot, clock.timing(), len(homes), by_car.lasting, seasons)


def _filled(snapshot: Snapshot) -> Snapshot:
    if not any(region.segments for region in snapshot.regions):
        raise TrailsUnavailable("the trail database is empty; `loopgenie import` or `loopgenie sample` fills it")
    return snapshot
