"""The same trips for every target, one after the other, so that their times can be compared."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable

from conftest import ask

#: From each of so many trailheads one loop of 10 km, searched for a second, unless it is proven sooner.
TRIPS = 20


def record_pace(url: str, target: str, record_property: Callable[[str, object], None]) -> None:
    """Ask for trips that nobody has asked for, then for the same again, and record how long that takes."""
    wishes = [_wish(place, seed=4711) for place in _trailheads(url)]
    found, again = ([_seconds(url, wish) for wish in wishes] for _ in range(2))
    # of 20 values the 19th is as slow as 95 % of them
    for figure, seconds in (
        ("warm_p50_ms", statistics.median(found)),
        ("warm_p95_ms", sorted(found)[-2]),
        ("again_p50_ms", statistics.median(again)),
    ):
        record_property(f"{target} {figure}", f"{1000 * seconds:.0f}")


def new_trip_s(url: str) -> float:
    """The seconds that a trip takes which nobody can have asked for before, a health check included."""
    return _seconds(url, _wish(_trailheads(url)[0], seed=1))


def _wish(place: tuple[float, float], *, seed: int) -> dict[str, object]:
    lon, lat = place
    return {"location": {"lon": lon, "lat": lat}, "drive_km": 20, "hike_km": 10, "tolerance": 0.3, "seed": seed}


def _trailheads(url: str) -> list[tuple[float, float]]:
    status, _, body = ask(f"{url}/v1/trailheads?bbox=-180,-90,180,90&limit={TRIPS}")
    assert status == 200
    places = [tuple(one["geometry"]["coordinates"][:2]) for one in json.loads(body)["features"]]
    assert len(places) == TRIPS
    return places


def _seconds(url: str, wish: dict[str, object]) -> float:
    began = time.monotonic()
    status, _, body = ask(f"{url}/v1/trips", wish)
    assert status == 200, body[:300]
    return time.monotonic() - began
