"""How far is each trailhead by car."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from loopgenie.geometry import Box, LonLat, distance_m
from loopgenie.store import Trailhead, TrailStore


class Drive(NamedTuple):
    """A drive: how far (m) and how long (s)."""

    length_m: float
    time_s: float


class Drives(NamedTuple):
    """The drive to each goal that was asked for, None where there is no road to it.

    `method` says how the figures were made. They are `lasting` where asking again would tell the same; those that stand
    in for an engine that did not answer are not.
    """

    method: str
    found: Sequence[Drive | None]
    lasting: bool = True


class DriveEngine(Protocol):
    """Something that tells drives. Its methods may be called from several threads."""

    def farthest_m(self, drive_m: float | None, drive_s: float | None) -> float:
        """A straight-line distance (m) beyond which nothing can be reached within the limit that is given."""
        ...

    def drives(self, origin: LonLat, goals: Sequence[LonLat], *, patience_s: float) -> Drives:
        """The drive to each goal, told within `patience_s`. Goals come nearest first: the last are dispensable."""
        ...


class StraightLine:
    """An estimate without a road network: the straight line and what roads usually add to it."""

    method = "estimate: straight line x 1.3"

    #: Roads are about 1.2 to 1.4 times the straight line (Boscoe et al. 2012, doi:10.1080/00330124.2011.583586).
    DETOUR = 1.3
    #: 50 km/h.
    SPEED_M_PER_S = 50 / 3.6

    def farthest_m(self, drive_m: float | None, drive_s: float | None) -> float:
        """The straight-line distance that the limit stands for."""
        road_m = drive_m if drive_m is not None else (drive_s or 0.0) * self.SPEED_M_PER_S
        return road_m / self.DETOUR

    def drives(self, origin: LonLat, goals: Sequence[LonLat], *, patience_s: float = 0.0) -> Drives:  # noqa: ARG002
        """The estimated drive to each goal, at once."""
        roads = (self.DETOUR * distance_m(origin, goal) for goal in goals)
        return Drives(self.method, [Drive(road_m, road_m / self.SPEED_M_PER_S) for road_m in roads])


STRAIGHT_LINE = StraightLine()


def engine_at(url: str, *, timeout_s: float) -> DriveEngine:
    """The engine that answers at an address (see `Settings.drive_engine_url`); the estimate where there is none.

    Parameters
    ----------
    url : where it answers; it is not asked before the first drive.
    timeout_s : how long to wait for one answer of it.
    """
    if not url:
        return STRAIGHT_LINE
    from loopgenie.drive_engines import RoadEngine  # here, so that a start without an engine loads no HTTP client

    return RoadEngine(url, timeout_s=timeout_s)


class ByCar:
    """The drives of one request: waits for the engine no longer than the request allows.

    `lasting` is false once a figure has been told that stands in for an answer of the engine.
    """

    def __init__(
        self, engine: DriveEngine = STRAIGHT_LINE, *, patience_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._until = clock() + patience_s
        self.farthest_m = engine.farthest_m
        self.lasting = True

    def drives(self, origin: LonLat, goals: Sequence[LonLat]) -> Drives:
        """The drive to each goal; goals nearest first."""
        told = self._engine.drives(origin, goals, patience_s=max(self._until - self._clock(), 0.0))
        self.lasting = self.lasting and told.lasting
        return told


class Reached(NamedTuple):
    """A trailhead, the drive to it, and how that was worked out."""

    trailhead: Trailhead
    drive: Drive
    method: str


def reachable(
    origin: LonLat, drive_m: float | None, drive_s: float | None, store: TrailStore, *, by_car: ByCar
) -> list[Reached]:
    """The trailheads within a drive (m or s, one of them), nearest by car first."""
    return [
        reached
        for reached in _driven(origin, by_car.farthest_m(drive_m, drive_s), store, by_car)
        if (drive_m is None or reached.drive.length_m <= drive_m)
        and (drive_s is None or reached.drive.time_s <= drive_s)
    ]


def nearest(origin: LonLat, store: TrailStore, *, by_car: ByCar, within_m: float) -> Reached | None:
    """The trailhead nearest by car of those at most `within_m` away in a straight line."""
    radius_m = min(5_000.0, within_m)
    while True:
        found = _driven(origin, radius_m, store, by_car)
        drive_m = found[0].drive.length_m if found else 2 * radius_m
        # no road is shorter than the straight line: nothing outside of the radius can be nearer
        if radius_m >= within_m or drive_m <= radius_m:
            return found[0] if found else None
        radius_m = min(drive_m, within_m)


def _driven(origin: LonLat, radius_m: float, store: TrailStore, by_car: ByCar) -> list[Reached]:
    box = Box(*origin, *origin).grown(radius_m)
    away = ((distance_m(origin, (t.lon, t.lat)), t.id, t) for t in store.trailheads_in(box))
    trailheads = [t for metres, _, t in sorted(away, key=lambda a: a[:2]) if metres <= radius_m]
    told = by_car.drives(origin, [LonLat(t.lon, t.lat) for t in trailheads])
    reached = (Reached(t, d, told.method) for t, d in zip(trailheads, told.found, strict=True) if d is not None)
    return sorted(reached, key=lambda r: (r.drive.length_m, r.trailhead.id))
