"""How far is each trailhead by car."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from loopgenie.geometry import Box, LonLat, distance_m
from loopgenie.store import Trailhead, TrailStore


class Drive(NamedTuple):
    """A drive: how far (m) and how long (s)."""

    length_m: float
    time_s: float


class DriveEngine(Protocol):
    """Something that knows roads. `method` is told with every figure it gives."""

    method: str

    def farthest_m(self, drive_m: float | None, drive_s: float | None) -> float:
        """A straight-line distance (m) beyond which nothing can be reached within the limit that is given."""
        ...

    def drives(self, origin: LonLat, goals: Sequence[LonLat]) -> list[Drive | None]:
        """The drive to each goal, None where there is no road to it."""
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

    def drives(self, origin: LonLat, goals: Sequence[LonLat]) -> list[Drive | None]:
        """The estimated drive to each goal."""
        roads = (self.DETOUR * distance_m(origin, goal) for goal in goals)
        return [Drive(road_m, road_m / self.SPEED_M_PER_S) for road_m in roads]


STRAIGHT_LINE = StraightLine()


class Reached(NamedTuple):
    """A trailhead and the drive to it."""

    trailhead: Trailhead
    drive: Drive


def reachable(
    origin: LonLat, drive_m: float | None, drive_s: float | None, store: TrailStore, *, engine: DriveEngine
) -> list[Reached]:
    """The trailheads within a drive (m or s, one of them), nearest by car first."""
    return [
        reached
        for reached in _driven(origin, engine.farthest_m(drive_m, drive_s), store, engine)
        if (drive_m is None or reached.drive.length_m <= drive_m)
        and (drive_s is None or reached.drive.time_s <= drive_s)
    ]


def nearest(origin: LonLat, store: TrailStore, *, engine: DriveEngine, within_m: float) -> Reached | None:
    """The trailhead nearest by car of those at most `within_m` away in a straight line."""
    radius_m = min(5_000.0, within_m)
    while not (found := _driven(origin, radius_m, store, engine)) and radius_m < within_m:
        radius_m = min(2 * radius_m, within_m)
    return found[0] if found else None


def _driven(origin: LonLat, radius_m: float, store: TrailStore, engine: DriveEngine) -> list[Reached]:
    box = Box(*origin, *origin).grown(radius_m)
    trailheads = [t for t in store.trailheads_in(box) if distance_m(origin, (t.lon, t.lat)) <= radius_m]
    drives = engine.drives(origin, [LonLat(t.lon, t.lat) for t in trailheads])
    reached = [Reached(t, drive) for t, drive in zip(trailheads, drives, strict=True) if drive is not None]
    return sorted(reached, key=lambda r: (r.drive.length_m, r.trailhead.id))
