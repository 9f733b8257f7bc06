"""The request, checked and in metres. Miles live here and nowhere else inside."""

from __future__ import annotations

from dataclasses import dataclass

from loopgenie.geometry import LonLat

METRES_PER_MILE = 1609.344


@dataclass(frozen=True)
class TripParameters:
    """What a hiker asks for, in metres, seconds and degrees.

    Exactly one of `drive_m`, `drive_s` is set; `drive_m == 0` means "start here".
    `location` is a place name or a position. `max_difficulty` is 1..6 on the SAC scale.
    """

    location: str | LonLat
    hike_m: float
    drive_m: float | None = 50_000.0
    drive_s: float | None = None
    tolerance: float = 0.1
    alternatives: int = 1
    seed: int = 0
    time_limit_s: float = 1.0
    max_ascent_m: float | None = None
    max_road_share: float | None = None
    max_repeat_share: float | None = None
    max_difficulty: int | None = None
    via: tuple[LonLat, ...] = ()
    prove: bool = False

    @property
    def start_here(self) -> bool:
        """Whether the loop has to start at the location itself."""
        return self.drive_m == 0

    @property
    def min_length_m(self) -> float:
        """Shortest loop that is fine."""
        return self.hike_m * (1 - self.tolerance)

    @property
    def max_length_m(self) -> float:
        """Longest loop that is fine."""
        return self.hike_m * (1 + self.tolerance)
