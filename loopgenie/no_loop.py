"""Why there is no loop, and what to relax: only what was looked up or tried is said to help."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

from loopgenie.calendar import Calendar
from loopgenie.drive import ByCar, nearest
from loopgenie.errors import NoLoopInReach
from loopgenie.geometry import Box, LonLat, bearing_deg, compass_point
from loopgenie.network import SNAP_M, UNITS, TripNetwork
from loopgenie.parameters import MAX_DRIVE_KM, MAX_TOLERANCE, TripParameters
from loopgenie.places import Located
from loopgenie.store import Snapshot, TrailStore
from loopgenie.ways import difficulty_name
from solver import Loop, LoopProblem, Result, Status

Relax = Mapping[str, object]

#: How far from the window, as parts of its ends, other lengths are looked for: nearby first.
SHORTER, LONGER = (0.01, 0.05, 0.25, 0.8), (0.01, 0.05, 0.25, 3.0)

#: A search for what to relax lasts so many seconds; a limit that is in the way is halved towards so many times.
PROBE_S = 0.1
HALVINGS = 3


# --- nowhere to start ---------------------------------------------------------------------------------------------


def no_trailhead(
    place: Located, parameters: TripParameters, store: TrailStore, snapshot: Snapshot, by_car: ByCar
) -> NoLoopInReach:
    """No trailhead within the drive: says how far the nearest is, and which regions there are."""
    if parameters.drive_m is not None:
        limit, field = f"{parameters.drive_m / 1000:g} km", "drive_km"
    else:
        limit, field = f"{(parameters.drive_s or 0) / 60:g} minutes", "drive_minutes"
    why = f"there is no trailhead within a drive of {limit}{_of(place)}{_outside(place, snapshot)}"
    farthest_m = MAX_DRIVE_KM * 1000
    reached = nearest(place.at, store, by_car=by_car, within_m=by_car.farthest_m(farthest_m, None))
    if reached is None:
        return NoLoopInReach(f"{why}; none is within a drive of {MAX_DRIVE_KM:g} km", proven=True)
    drive, name = reached.drive, reached.trailhead.name or "without a name"
    value = math.ceil(drive.length_m / 1000) if field == "drive_km" else math.ceil(drive.time_s / 60)
    found = f"the nearest, {name}, is {drive.length_m / 1000:.1f} km or {drive.time_s / 60:.0f} minutes by car"
    if not by_car.lasting:
        found += f" ({reached.method})"
    return NoLoopInReach(f"{why}; {found}", relax=[{"field": field, "value": value, "why": found}], proven=True)


def _of(place: Located) -> str:
    return f" of {place.label}" if place.name else ""


def _outside(place: Located, snapshot: Snapshot) -> str:
    regions = [region for region in snapshot.regions if region.box is not None]
    if any(_holds(region.box, place.at) for region in regions if region.box):
        return ""
    names = ", ".join(sorted(region.name for region in regions)[:10])
    that = "which" if place.name else f"and {place.at.lat:.4f},{place.at.lon:.4f}"
    others = f"; other places of that name: {'; '.join(place.also)}" if place.also else ""
    return f", {that} is outside the trail data (it has {names}){others}"


def _holds(box: Box, at: LonLat) -> bool:
    return box.min_lon <= at.lon <= box.max_lon and box.min_lat <= at.lat <= box.max_lat


def no_trail_here(place: Located, parameters: TripParameters, store: TrailStore, snapshot: Snapshot) -> NoLoopInReach:
    """No trail to start on right here: says how far the nearest is, and in which direction."""
    why = f"no trail that may be walked is within {SNAP_M:g} m of {place.label}"
    near = store.nearest_segment(place.at, 100_000)
    if near is None:
        return NoLoopInReach(f"{why}{_outside(place, snapshot)}; none is within 100 km", proven=True)
    if near.distance_m <= SNAP_M:
        return NoLoopInReach(f"{why}: what is near exceeds the limits of the request", relax=_dropped(parameters))
    away = _metres(near.distance_m)
    found = f"the nearest trail is {away} to the {compass_point(bearing_deg(place.at, near.at))}"
    relax = {"field": "location", "value": {"lat": round(near.at.lat, 6), "lon": round(near.at.lon, 6)}, "why": found}
    return NoLoopInReach(f"{why}{_outside(place, snapshot)}; {found}", relax=[relax], proven=True)


def _dropped(parameters: TripParameters) -> list[Relax]:
    climbs = "heights are not known here, so that no limit on climbs can be kept"
    given: list[tuple[str, object, str]] = [
        ("max_difficulty", parameters.max_difficulty, "the trail here is harder than that")
    ]
    given += [("max_ascent_m", parameters.max_ascent_m, climbs)]
    given += [("max_day_ascent_m", parameters.trek and parameters.trek.max_ascent_m, climbs)]
    return [{"field": name, "value": None, "why": why} for name, value, why in given if value is not None]


def no_way_within_limits(parameters: TripParameters, calendar: Calendar) -> NoLoopInReach:
    """There are trailheads, but every segment at them exceeds the limits on what may be walked, or is closed."""
    why, relax = "no trail at the start or a via point is within the limits of the request", _dropped(parameters)
    why += "".join(f"; {each['why']}" for each in relax)
    closed = calendar.closed_trails([parameters.date])
    if closed:
        most = closed[0].closing
        why += f", and what is closed then is not walked: {most.name or 'a trail'}, {most.why}"
        if parameters.date is not None:
            days = 1 if parameters.trek is None else parameters.trek.days
            for better in calendar.better_dates(parameters.date, days):
                opens = ", ".join(better.opens[:2]) or "trails without a name"
                relax.append(
                    {"field": "date", "value": better.date.isoformat(), "why": f"{opens} are open from then on"}
                )
    return NoLoopInReach(why, relax=relax, proven=True)


# --- no loop ------------------------------------------------------------------------------------------------------


class Task(Protocol):
    """A request as the solver got it."""

    @property
    def parameters(self) -> TripParameters:
        """What was asked."""

    @property
    def network(self) -> TripNetwork:
        """Where."""

    @property
    def problem(self) -> LoopProblem:
        """The same for the solver."""


def no_loop(
    task: Task, result: Result, again: Callable[[TripParameters], Task], solve: Callable[..., Result]
) -> NoLoopInReach:
    """No loop of that length from any start: tries which limit is in the way, else tells which lengths there are.

    Parameters
    ----------
    task, result : what was asked and answered.
    again : makes the task of other parameters.
    solve : the solver.
    """
    parameters, starts = task.parameters, len(task.problem.trailheads)
    where = (
        "from here" if parameters.start_here else f"from {starts} trailheads" if starts > 1 else "from the trailhead"
    )
    proven = result.status is Status.INFEASIBLE
    what = "there is no loop" if proven else "no loop was found"
    lengths = [length / UNITS for length in result.nearest_lengths]
    unblocked = list(_unblocked(parameters, again, solve))
    if not lengths and not unblocked:
        lengths = list(_lengths_around(parameters, again, solve))
    relax = [*unblocked, *_other_lengths(parameters, lengths)]
    if not relax and not proven and parameters.time_limit_s < 10:
        relax = [{"field": "time_limit_s", "value": 10, "why": "a longer search may find one"}]
    hints = [*_too_little(task), *(str(r["why"]) for r in relax[:2])]
    return NoLoopInReach(
        "; ".join([f"{what} of {_window(parameters)} {where}{_limits(parameters)}", *hints]),
        nearest_lengths_m=[round(length, 2) for length in lengths],
        relax=relax,
        proven=proven,
    )


def _window(parameters: TripParameters) -> str:
    if parameters.min_length_m == parameters.max_length_m:
        return f"exactly {parameters.hike_m / 1000:g} km"
    return f"{parameters.min_length_m / 1000:g} to {parameters.max_length_m / 1000:g} km"


def _lengths_around(
    parameters: TripParameters, again: Callable[[TripParameters], Task], solve: Callable[..., Result]
) -> Iterator[float]:
    """A length below the window and one above it, for where the search has met none: looked for further and further."""

    def found(low_m: float, high_m: float) -> float | None:
        middle_m = (low_m + high_m) / 2
        task = again(replace(parameters, hike_m=middle_m, tolerance=high_m / middle_m - 1))
        loop = solve(task.problem, time_limit=PROBE_S, seed=parameters.seed).loop
        return None if loop is None else task.network.length_m(loop.walk)

    low_m, high_m = parameters.min_length_m, parameters.max_length_m
    shorter = (found(low_m * (1 - part), low_m) for part in SHORTER)
    longer = (found(high_m, high_m * (1 + part)) for part in LONGER)
    for lengths in (shorter, longer):
        length = next((length for length in lengths if length is not None), None)
        if length is not None:
            yield length


def _too_little(task: Task) -> Iterator[str]:
    """Says so where all trails that hang together with a start are too short, even when all are walked twice."""
    edges = task.problem.network.edges
    at: dict[int, list[int]] = {}
    for number, edge in enumerate(edges):
        at.setdefault(edge.u, []).append(number)
        at.setdefault(edge.v, []).append(number)
    nodes, seen, todo = set(task.problem.trailheads), set[int](), list(task.problem.trailheads)
    while todo:
        for number in at.get(todo.pop(), ()):
            if number not in seen:
                seen.add(number)
                new = {edges[number].u, edges[number].v} - nodes
                nodes |= new
                todo += new
    total = 2 * sum(edges[number].length for number in seen)
    if total < task.problem.min_length:
        yield f"all trails that can be reached on foot, walked twice, make only {total / UNITS / 1000:.1f} km"


def _limits(parameters: TripParameters) -> str:
    given = []
    if parameters.max_ascent_m is not None:
        given.append(f"at most {parameters.max_ascent_m:g} m of ascent")
    if parameters.max_road_share is not None:
        given.append(f"at most {parameters.max_road_share:.0%} road")
    if parameters.max_repeat_share is not None:
        given.append(f"at most {parameters.max_repeat_share:.0%} walked twice")
    if parameters.max_difficulty is not None:
        given.append(f"nothing harder than T{parameters.max_difficulty}")
    if parameters.via:
        given.append(f"{len(parameters.via)} via points")
    return f" with {', '.join(given)}" if given else ""


def _unblocked(
    parameters: TripParameters, again: Callable[[TripParameters], Task], solve: Callable[..., Result]
) -> Iterator[Relax]:
    """Drop one limit at a time, and tell what a loop that then exists needs."""

    def tried(field: str, value: Any) -> Needed | None:
        task = again(replace(parameters, **{field: value}))
        loop = solve(task.problem, time_limit=PROBE_S, seed=parameters.seed).loop
        return None if loop is None else _LIMITS[field][1](loop, task.network)

    for field, (wide, _) in _LIMITS.items():
        tight = getattr(parameters, field)
        needed = None if tight in (None, (), wide) else tried(field, wide)
        if needed is None:
            continue
        for _ in range(HALVINGS if isinstance(needed.value, int | float) else 0):
            middle = (tight + needed.value) / 2
            less = tried(field, middle)
            tight, needed = (middle, needed) if less is None else (tight, less)
        yield {"field": field, "value": needed.value, "why": f"{needed.km:.1f} km are possible {needed.words}"}


class Needed(NamedTuple):
    """What a loop that was found needs a limit to be: the value, its length (km), and the same in words."""

    value: Any
    km: float
    words: str


def _ascent(loop: Loop, _network: TripNetwork) -> Needed:
    value = math.ceil(loop.ascent / 10) * 10
    return Needed(value, _km(loop), f"with {value} m of ascent")


def _road(loop: Loop, network: TripNetwork) -> Needed:
    value = _share_up(sum(network.roads[edge] for edge in loop.walk), loop.length)
    return Needed(value, _km(loop), f"with {value:.0%} road")


def _repeat(loop: Loop, _network: TripNetwork) -> Needed:
    value = _share_up(loop.repeated, loop.length)
    return Needed(value, _km(loop), f"with {value:.0%} walked twice")


def _difficulty(loop: Loop, network: TripNetwork) -> Needed:
    cores, edge_of = network.area.cores, network.area.edge_of
    value = max(cores[edge_of[step.segment]].difficulty or 1 for step in map(network.step, loop.walk))
    return Needed(value, _km(loop), f"with trails up to {difficulty_name(value)}")


def _via(loop: Loop, _network: TripNetwork) -> Needed:
    return Needed([], _km(loop), "without the via points")


def _km(loop: Loop) -> float:
    return loop.length / UNITS / 1000


def _share_up(part: int, whole: int) -> float:
    return min(1.0, math.ceil(100 * part / whole) / 100)


#: Each limit a request may set: its value that is wide enough for anything, and what a loop found with that needs.
_LIMITS: dict[str, tuple[Any, Callable[[Loop, TripNetwork], Needed]]] = {
    "max_ascent_m": (100_000.0, _ascent),
    "max_road_share": (None, _road),
    "max_repeat_share": (None, _repeat),
    "max_difficulty": (6, _difficulty),
    "via": ((), _via),
}


def _other_lengths(parameters: TripParameters, lengths: list[float]) -> Iterator[Relax]:
    for length in lengths:
        side = "shorter" if length < parameters.hike_m else "longer"
        asked = replace(parameters, hike_m=round(length, -1))
        # lengths are known to about a metre here; a tolerance of 0 asks for them to the centimetre
        if asked.min_length_m + 0.5 <= length <= asked.max_length_m - 0.5:
            why = f"the nearest {side} loop has {length / 1000:.2f} km"
            yield {"field": "hike_km", "value": round(length / 1000, 2), "why": why}
    nearest_m = min(lengths, key=lambda length: abs(length - parameters.hike_m), default=0.0)
    value = math.ceil(100 * abs(nearest_m / parameters.hike_m - 1)) / 100
    if value <= MAX_TOLERANCE:
        why = f"a tolerance of {value:g} reaches the nearest loop, which has {nearest_m / 1000:.2f} km"
        yield {"field": "tolerance", "value": value, "why": why}


def _metres(metres: float) -> str:
    return f"{metres / 1000:.1f} km" if metres >= 1000 else f"{metres:.0f} m"
