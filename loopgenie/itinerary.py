"""A loop as a hiker needs it: line, profile, times, cues."""

from __future__ import annotations

from dataclasses import dataclass

from loopgenie.store import Position


@dataclass(frozen=True)
class Cue:
    """What to do `distance_m` metres from the start."""

    distance_m: float
    text: str


@dataclass(frozen=True)
class Start:
    """Where the loop starts and how to get there. `drive_method` says how drive figures were made."""

    name: str
    kind: str
    lon: float
    lat: float
    drive_m: float
    drive_s: float
    drive_method: str


@dataclass(frozen=True)
class Itinerary:
    """One loop, ready to be shown. Metres, seconds; None where heights are not known."""

    rank: int
    line: tuple[Position, ...]  # closed: first and last position are equal
    length_m: float
    ascent_m: int | None
    descent_m: int | None
    max_elevation_m: float | None
    walking_time_s: float
    time_model: str
    score: float
    status: str
    bound: float | None
    gap: float | None
    repeat_share: float
    road_share: float
    longest_road_m: float
    hardest_difficulty: str | None
    start: Start
    trails: tuple[str, ...]
    cues: tuple[Cue, ...]
    segments: tuple[int, ...]  # segment ids in the order walked
