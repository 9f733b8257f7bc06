"""What is closed at the time of a trip where it might have gone, and which other dates would open more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from loopgenie.calendar import Better, Calendar, ClosedTrail
from loopgenie.geometry import Box
from loopgenie.itinerary import Itinerary
from loopgenie.parameters import TripParameters
from loopgenie.task import Around

#: At most so many closed trails are told, the longest first.
_MOST_CLOSED = 20


class SeasonReport(NamedTuple):
    """What is closed near the loops of an answer, a note on what that means, and dates on which more is open."""

    date: date | None
    note: str
    closed: tuple[ClosedTrail, ...]
    better: tuple[Better, ...]


def season_report(parameters: TripParameters, around: Around, found: Sequence[Itinerary]) -> SeasonReport:
    """What is closed within reach of the trailheads of the loops that were found."""
    days = 1 if parameters.trek is None else parameters.trek.days
    calendar = around.calendar(parameters)
    reach = Box.around((i.start.lon, i.start.lat) for i in found).grown(parameters.max_length_m / 2)
    near = (
        {core.id for core in around.store.cores_in(reach)} if _has_closings(parameters, calendar, days) else set[int]()
    )
    dates = _dates(parameters.date, days)
    closed = calendar.closed_trails(dates, near)[:_MOST_CLOSED]
    better = calendar.better_dates(parameters.date, days, near) if parameters.date and near else []
    return SeasonReport(parameters.date, _note(parameters.date, closed), tuple(closed), tuple(better))


def _dates(first: date | None, days: int) -> list[date | None]:
    return [None] if first is None else [first + timedelta(days=n) for n in range(days)]


def _has_closings(parameters: TripParameters, calendar: Calendar, days: int) -> bool:
    """Whether anything in the whole box is closed: mostly nothing is, and then nobody need look."""
    return any(calendar.closed_on(day) for day in _dates(parameters.date, days))


def _note(first: date | None, closed: Sequence[ClosedTrail]) -> str:
    if first is None:
        left_out = "; the trails below are not, and were left out" if closed else ""
        return f"No date was given: only what is open all year is walked, as far as the data tells{left_out}."
    if closed:
        return "The trails below are closed at that time, and not walked on those days."
    return "Nothing near is known to be closed at that time. Ask whoever keeps the trails before you go."
