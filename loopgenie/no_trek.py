"""Why there is no loop of several days, and what to relax: only what was tried is said to help."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, NamedTuple, Protocol

from loopgenie.calendar import Calendar
from loopgenie.camps import CampSite
from loopgenie.drive import Reached
from loopgenie.errors import NoLoopInReach
from loopgenie.network import UNITS
from loopgenie.parameters import MAX_DRIVE_KM, MAX_TOLERANCE, SPREAD, TripParameters
from loopgenie.task import Home
from loopgenie.trek_parameters import (
    CAMPS,
    MAX_DAY_HOURS,
    MAX_DAY_KM,
    MAX_DAYS,
    MAX_DETOUR_M,
    TrekParameters,
)
from loopgenie.ways import difficulty_name
from solver import Status
from solver.trek import Obstacle, Trek, TrekProblem, TrekResult

#: A search for what to relax lasts so many seconds, all of them together so many, and so many answers are enough.
PROBE_S, ALL_PROBES_S, ENOUGH = 0.3, 3.0, 4
#: By how much days are made longer, and shorter, to see whether that helps.
LONGER, SHORTER = (1.25, 1.6), (0.7, 0.4)


class Task(Protocol):
    """A request for several days as the solver got it."""

    @property
    def parameters(self) -> TripParameters:
        """What was asked."""

    @property
    def starts(self) -> Mapping[int, Home]:
        """Where it may start, by node."""

    @property
    def sites(self) -> Sequence[CampSite]:
        """Where nights may be spent."""

    @property
    def calendar(self) -> Calendar:
        """What is closed when."""

    @property
    def problem(self) -> TrekProblem:
        """The same for the solver."""


#: Makes the task of other parameters; with other starts, where the drive is another one.
Again = Callable[[TripParameters], Task]
#: Searches a task for so many seconds.
Search = Callable[[Task, float], TrekResult]


def no_trek(task: Task, result: TrekResult, again: Again, search: Search) -> NoLoopInReach:
    """No loop of that many days from any start: says what is in the way, and what would help.

    Parameters
    ----------
    task, result : what was asked and answered.
    again : makes the task of other parameters.
    search : the solver.
    """
    parameters, obstacle = task.parameters, result.obstacle
    proven = result.status is Status.INFEASIBLE
    what = "there is no loop" if proven else "no loop was found"
    starts = len(task.problem.trailheads)
    where = "from here" if parameters.start_here else f"from {starts} trailhead{'s' if starts > 1 else ''}"
    found = list(_relaxations(task, obstacle if proven else None, again, search))
    hints = [*_in_the_way(task, obstacle, proven=proven), *(str(each["why"]) for each in found[:2])]
    return NoLoopInReach(
        "; ".join([f"{what} of {_days(parameters)} {where}{_limits(parameters)}", *hints]),
        relax=found,
        proven=proven,
        obstacle={
            "night": obstacle and _number(_trek(parameters), obstacle.night),
            "day": obstacle and _number(_trek(parameters), obstacle.day),
            "shortest_m": None if obstacle is None or obstacle.shortest is None else obstacle.shortest / UNITS,
        },
    )


def no_water_known() -> NoLoopInReach:
    """A limit on the way between two waters where the data has none."""
    why = "the trail data here does not tell where water is, so no limit on the way between two waters can be kept"
    return NoLoopInReach(why, relax=[{"field": "max_dry_km", "value": None, "why": why}], proven=True)


def too_much_trail(parameters: TripParameters) -> NoLoopInReach:
    """A trip that could lead over more trail than can be searched at once."""
    days = _trek(parameters).days
    why = f"there is more trail within {days} days of the starts than can be searched at once; want fewer days"
    return NoLoopInReach(why, relax=[{"field": "days", "value": max(2, days // 2), "why": "fewer days"}])


def _days(parameters: TripParameters) -> str:
    trek = _trek(parameters)
    if trek.day_s is not None:
        each = f"{trek.day_s[0] / 3600:g} to {trek.day_s[1] / 3600:g} hours"
    else:
        low, high = trek.day_m or (0.0, 0.0)
        each = f"{low / 1000:.4g} to {high / 1000:.4g} km"
    rests = f", {trek.rest_days} of them of rest," if trek.rest_days else ""
    if trek.whole:
        each = f"{parameters.min_length_m / 1000:.4g} to {parameters.max_length_m / 1000:.4g} km in all, {each}"
    return f"{trek.days} days{rests} of {each} each (the first and the last may be shorter)"


def _trek(parameters: TripParameters) -> TrekParameters:
    assert parameters.trek is not None  # noqa: S101 - only treks come here
    return parameters.trek


def _limits(parameters: TripParameters) -> str:
    trek = _trek(parameters)
    nights = {"designated": "campsites only", "huts": "camps and huts", "dispersed": "camps, huts and tents"}
    given = [f"nights at {nights[trek.camps]} within {trek.max_camp_detour_m:g} m of the trail"]
    if trek.max_ascent_m is not None:
        given.append(f"at most {trek.max_ascent_m:g} m of ascent a day")
    if trek.max_dry_m is not None:
        given.append(f"at most {trek.max_dry_m / 1000:g} km without water")
    if parameters.max_ascent_m is not None:
        given.append(f"at most {parameters.max_ascent_m:g} m of ascent in all")
    if parameters.max_road_share is not None:
        given.append(f"at most {parameters.max_road_share:.0%} road")
    if parameters.max_repeat_share is not None:
        given.append(f"at most {parameters.max_repeat_share:.0%} walked twice")
    if parameters.max_difficulty is not None:
        given.append(f"nothing harder than {difficulty_name(parameters.max_difficulty)}")
    if parameters.via:
        given.append(f"{len(parameters.via)} via points")
    if parameters.date is not None:
        given.append(f"on {parameters.date.isoformat()}")
    return f", {', '.join(given)}"


def _number(trek: TrekParameters, walking: int | None) -> int | None:
    """The number of a day of walking, or of the night after it, among all days."""
    return None if walking is None else trek.walking[min(walking, len(trek.walking)) - 1]


def _in_the_way(task: Task, obstacle: Obstacle | None, *, proven: bool) -> Iterator[str]:
    trek = _trek(task.parameters)
    if not task.sites:
        yield "no place to spend a night is known near the trails in reach"
        return
    if obstacle is None:
        return
    night, day = _number(trek, obstacle.night), _number(trek, obstacle.day)
    if not proven:
        if day is not None or night is not None:
            which = f"day {day}" if night is None else f"night {night}"
            yield f"the best try could not keep {which} within its limits"
    elif night is not None:
        need = "" if obstacle.shortest is None else f": the nearest is {_km(obstacle.shortest)} away"
        yield f"night {night}, after day {night}, has no camp in reach{need}"
    elif day is not None and obstacle.shortest is None:
        yield f"day {day} cannot be filled: no way between camps in reach has that length"
    elif day is not None and obstacle.shortest is not None:
        yield f"day {day} cannot be kept within its limits: it would be {_km(obstacle.shortest)} at least"


def _km(units: int) -> str:
    return f"{units / UNITS / 1000:.1f} km"


# --- what would help ----------------------------------------------------------------------------------------------


class _Change(NamedTuple):
    """A field of the request, its value there, and the same in words and in the parameters."""

    field: str
    value: Any
    words: str
    parameters: TripParameters


def _relaxations(task: Task, obstacle: Obstacle | None, again: Again, search: Search) -> Iterator[Mapping[str, object]]:
    """Change one thing at a time, and tell of the trip that this gives; of one field only the first that helps."""
    end = time.perf_counter() + ALL_PROBES_S
    helped: set[str] = set()
    for change in _changes(task, obstacle):
        if change.field in helped:
            continue
        if len(helped) == ENOUGH or time.perf_counter() > end:
            return
        try:
            other = again(change.parameters)
            trek = search(other, PROBE_S).trek
        except NoLoopInReach:
            continue
        if trek is not None:
            helped.add(change.field)
            trip = _told(other, trek)
            days = ", ".join(f"{_km(day.length)}" for day in trek.days)
            why = f"with {change.words}: {_km(trek.length)} ({days})"
            yield {"field": change.field, "value": change.value, "why": why, "trip": trip}


def _told(task: Task, trek: Trek) -> Mapping[str, object]:
    home = task.starts[trek.start]
    days = [
        {
            "length_m": round(day.length / UNITS, 1),
            "camp": None if day.camp is None else task.sites[day.camp].name,
        }
        for day in trek.days
    ]
    name = home.trailhead.name if isinstance(home, Reached) else None
    return {"length_m": round(trek.length / UNITS, 1), "days": days, "trailhead": name}


def _changes(task: Task, obstacle: Obstacle | None) -> Iterator[_Change]:
    """What could be changed: what is in the way first; where that is not known, the limits that were set by hand."""
    parameters, trek = task.parameters, _trek(task.parameters)
    nights, days, limits = _of_nights(parameters, trek), _of_days(parameters, trek), _of_limits(parameters, trek)
    if obstacle is None or (obstacle.night is None and obstacle.day is None):
        order = (limits, nights, days)
    else:
        order = (nights, days, limits) if obstacle.night is not None else (days, nights, limits)
    yield from chain.from_iterable(order)
    if parameters.date is not None:
        for better in task.calendar.better_dates(parameters.date, trek.days):
            on = better.date.isoformat()
            yield _Change("date", on, f"a start on {on}", replace(parameters, date=better.date))
    if parameters.start_here:
        yield _Change("drive_km", 20, "a drive of up to 20 km", replace(parameters, drive_m=20_000.0))
    elif parameters.drive_m is not None and parameters.drive_m < MAX_DRIVE_KM * 500:
        km = round(2 * parameters.drive_m / 1000, 1)
        yield _Change("drive_km", km, f"a drive of up to {km:g} km", replace(parameters, drive_m=km * 1000))


def _of_nights(parameters: TripParameters, trek: TrekParameters) -> Iterator[_Change]:
    for camps in CAMPS[CAMPS.index(trek.camps) + 1 :]:
        words = {"huts": "nights in huts, too", "dispersed": "a tent wherever the rules allow one"}[camps]
        yield _Change("camps", camps, words, replace(parameters, trek=replace(trek, camps=camps)))
    if trek.max_camp_detour_m < MAX_DETOUR_M:
        words = f"camps up to {MAX_DETOUR_M:g} m off the trail"
        wider = replace(trek, max_camp_detour_m=MAX_DETOUR_M)
        yield _Change("max_camp_detour_m", MAX_DETOUR_M, words, replace(parameters, trek=wider))
    for count in (trek.days + 1, trek.days - 1):
        if 2 + trek.rest_days <= count <= MAX_DAYS:
            words = "one more day" if count > trek.days else "one day less"
            other = replace(trek, days=count)
            yield _Change("days", count, words, _with_middle(parameters, other))


def _of_days(parameters: TripParameters, trek: TrekParameters) -> Iterator[_Change]:
    """Days that may be longer, then days that may be shorter; where the whole is asked for, another tolerance."""
    if trek.whole:
        for tolerance in (0.1, MAX_TOLERANCE):
            if parameters.tolerance < tolerance:
                words = f"a tolerance of {tolerance:g}"
                yield _Change("tolerance", tolerance, words, replace(parameters, tolerance=tolerance))
        return
    unit, most, field = (3600, MAX_DAY_HOURS, "day_hours") if trek.day_s else (1000, MAX_DAY_KM, "day_km")
    low, high = trek.day_s or trek.day_m or (0.0, 0.0)
    ends = [(low, min(high * more, most * unit)) for more in LONGER] + [(low * less, high) for less in SHORTER]
    for first, last in ends:
        value = [round(first / unit, 1), round(last / unit, 1)]
        window = (value[0] * unit, value[1] * unit)
        whole = replace(trek, whole=False)
        other = replace(whole, day_s=window) if trek.day_s else replace(whole, day_m=window)
        words = f"days of {value[0]:g} to {value[1]:g} {'hours' if trek.day_s else 'km'}"
        yield _Change(field, value, words, _with_middle(parameters, other))


def _with_middle(parameters: TripParameters, trek: TrekParameters) -> TripParameters:
    """The parameters with other days: shares of the whole where that is asked for, else the whole is their sum."""
    if trek.whole:
        mean_m = parameters.hike_m / (trek.days - trek.rest_days)
        return replace(parameters, trek=replace(trek, day_m=(mean_m * (1 - SPREAD), mean_m * (1 + SPREAD))))
    return replace(parameters, trek=trek, hike_m=sum(window.middle_m for window in trek.windows()))


def _of_limits(parameters: TripParameters, trek: TrekParameters) -> Iterator[_Change]:
    for field, value, words, other in (
        ("max_day_ascent_m", None, "any ascent", replace(trek, max_ascent_m=None)),
        ("max_dry_km", None, "water carried farther", replace(trek, max_dry_m=None)),
        ("first_day", 1, "a whole first day", replace(trek, first_day=1.0)),
        ("last_day", 1, "a whole last day", replace(trek, last_day=1.0)),
    ):
        if other != trek:
            yield _Change(field, value, words, _with_middle(parameters, other))
    for field, words, wide in (
        ("max_ascent_m", "any ascent in all", None),
        ("max_road_share", "any share of road", None),
        ("max_repeat_share", "more of it walked twice", None),
        ("max_difficulty", "trails of any difficulty", None),
        ("via", "no via points", ()),
    ):
        if getattr(parameters, field) not in (None, ()):
            none: Any = [] if field == "via" else None
            yield _Change(field, none, words, replace(parameters, **{field: wide}))  # type: ignore[arg-type]
