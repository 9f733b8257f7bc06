"""The story of a request, top to bottom: read this file first."""

from __future__ import annotations

from dataclasses import dataclass

from loopgenie.geometry import LonLat
from loopgenie.itinerary import Itinerary
from loopgenie.parameters import TripParameters
from loopgenie.store import Snapshot, TrailStore


@dataclass(frozen=True)
class Trip:
    """The answer to a request: loops best first, on which data, and where the time went (seconds by stage)."""

    parameters: TripParameters
    origin: LonLat
    origin_name: str | None
    itineraries: tuple[Itinerary, ...]
    snapshot: Snapshot
    timing: dict[str, float]


def plan_trip(parameters: TripParameters, store: TrailStore) -> Trip:
    """Find the best loops within reach of a place.

    Raises
    ------
    PlaceNotFound, NoLoopInReach, InvalidParameters, TrailsUnavailable
    """
    raise NotImplementedError
