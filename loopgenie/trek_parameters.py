"""What is asked of a loop of several days, in metres and seconds."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from solver.trek import MOST_DAYS

MAX_DAYS = MOST_DAYS
MIN_DAY_KM, MAX_DAY_KM = 1.0, 80.0
MIN_DAY_HOURS, MAX_DAY_HOURS = 0.5, 16.0
MAX_REST_DAYS = 4
MIN_DAY_SHARE = 0.25
MAX_DETOUR_M = 1000.0

#: What a day is like where nothing is said of it: six hours with a pack.
DEFAULT_DAY_KM = (10.0, 20.0)
#: Where to sleep, each with what those before it have.
CAMPS = ("designated", "huts", "dispersed")
DEFAULT_CAMPS = "huts"
DEFAULT_DETOUR_M = 500.0
#: A day of about so much may be so much shorter or longer, as a share.
DAY_TOLERANCE = 0.25
#: The first and the last day may be as short as this share of the shortest day: one drives, too.
SHORT_DAY = 0.5

#: Where a day is asked for by its length it takes at most so many hours on foot, climbs included: with a pack that is
#: a long day. A length that takes longer on the level is let take a quarter more than that.
LONG_DAY_HOURS, MORE_THAN_LEVEL = 9.0, 1.25
#: On the level, in metres an hour (DIN 33466): who walks so many hours comes no farther than this.
LEVEL_M_PER_HOUR = 4000.0


class DayWindow(NamedTuple):
    """What one day of walking has to be like: metres, and seconds on foot. `timed`: the time was asked for."""

    min_m: float
    max_m: float
    min_s: float | None = None
    max_s: float | None = None
    timed: bool = False

    @property
    def middle_m(self) -> float:
        """The length that is best."""
        return (self.min_m + self.max_m) / 2


@dataclass(frozen=True)
class TrekParameters:
    """What is asked of a loop of several days.

    `days` counts all days, those of rest included. Of `day_m` (metres) and `day_s` (seconds on foot) exactly one is
    given: the least and the most of a full day. `whole`: the length of the whole trek is asked for. `first_day` and
    `last_day` are shares of a full day. `max_ascent_m` is for each day, `max_dry_m` for the way between two waters.
    """

    days: int
    rest_days: int = 0
    day_m: tuple[float, float] | None = None
    day_s: tuple[float, float] | None = None
    whole: bool = False
    max_ascent_m: float | None = None
    camps: str = DEFAULT_CAMPS
    max_camp_detour_m: float = DEFAULT_DETOUR_M
    first_day: float = 1.0
    last_day: float = 1.0
    max_dry_m: float | None = None

    @property
    def resting(self) -> tuple[int, ...]:
        """The numbers (1 for the first) of the days of rest: evenly spread, never the first or the last."""
        walking = self.days - self.rest_days
        # after so many days of walking each; of two rests after the same day both follow it
        after = [round(walking * (i + 1) / (self.rest_days + 1)) for i in range(self.rest_days)]
        return tuple(min(max(day, 1), walking - 1) + i + 1 for i, day in enumerate(after))

    @property
    def walking(self) -> tuple[int, ...]:
        """The numbers of the days of walking, two or more."""
        return tuple(day for day in range(1, self.days + 1) if day not in self.resting)

    def windows(self) -> list[DayWindow]:
        """The window of each day of walking.

        A day of so many hours is at most as long as one comes in them on the level, and a day of so many kilometres
        takes at most the hours of a long day.
        """
        low, high = self.day_s or self.day_m or (0.0, 0.0)
        count = self.days - self.rest_days
        shares = [self.first_day, *[1.0] * (count - 2), self.last_day]
        windows = []
        for number, share in enumerate(shares):
            least = low * min(share, SHORT_DAY) if number in (0, count - 1) else low
            most = high * share
            if self.day_s is None:
                hours = max(LONG_DAY_HOURS * share, MORE_THAN_LEVEL * most / LEVEL_M_PER_HOUR)
                hours = max(min(hours, MAX_DAY_HOURS), most / LEVEL_M_PER_HOUR)
                windows.append(DayWindow(least, most, None, 3600 * hours))
            else:
                windows.append(DayWindow(0.0, most / 3600 * LEVEL_M_PER_HOUR, least, most, timed=True))
        return windows


# --- windows as they are written ----------------------------------------------------------------------------------

_NUMBER = r"(?:\d+\.?\d*|\.\d+)"
_FROM_TO = re.compile(rf"\s*({_NUMBER})\s*(?:[-–]\s*({_NUMBER})\s*)?", re.ASCII)


def checked_window(value: object, within: tuple[float, float]) -> tuple[float, float]:
    """The two ends of a window, in order: of [12, 20], "12-20" or 16, which is met within `DAY_TOLERANCE`.

    Raises
    ------
    ValueError : says what it is, and what would be right.
    """
    low, high = within
    ends = _written(value)
    if ends is None or not all(_is_number(end) and low <= end <= high for end in ends):  # type: ignore[operator]
        raise ValueError(
            f'is {str(value)[:60]!r}, want [from, to], "from-to" or a number, from {low:.6g} to {high:.6g}'
        )
    if len(ends) == 1:
        middle = float(ends[0])  # type: ignore[arg-type]
        return max(low, middle * (1 - DAY_TOLERANCE)), min(high, middle * (1 + DAY_TOLERANCE))
    first, last = sorted(map(float, ends))  # type: ignore[arg-type]
    return first, last


def _written(value: object) -> Sequence[object] | None:
    """The ends of a window as they are written, or its middle."""
    if isinstance(value, str):
        found = _FROM_TO.fullmatch(value)
        return [float(end) for end in found.groups() if end is not None] if found else None
    if isinstance(value, list | tuple):
        return value if len(value) == 2 else None
    return [value]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def window_schema(within: tuple[float, float]) -> dict[str, Any]:
    """JSON Schema of what `checked_window` takes; of strings only those of whole numbers."""
    number = {"type": "number", "minimum": within[0], "maximum": within[1]}
    whole = "|".join(str(n) for n in range(math.ceil(within[0]), math.floor(within[1]) + 1))
    return {
        "anyOf": [
            number,
            {"type": "array", "prefixItems": [number, number], "items": number, "minItems": 2, "maxItems": 2},
            {"type": "string", "pattern": f"^({whole})-({whole})$"},
        ]
    }
