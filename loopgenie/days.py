"""The days of a loop of several: lines, cues, nights, water and what has to be known."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

from loopgenie.calendar import Calendar
from loopgenie.camps import CampSite, Waters, is_reliable
from loopgenie.itinerary import (
    Cue,
    DayPlan,
    Itinerary,
    Lodging,
    Note,
    Part,
    Start,
    Step,
    Verdict,
    WaterStop,
    cues_of,
    line_of,
    part_of,
    spur_part,
    total,
    trails_of,
    walking_time_s,
    whole,
)
from loopgenie.store import Point, Segment

#: Where no limit was asked for, bottles are planned to last for this far (m), where there is water at all.
CARRY_M = 8000.0


#: Ends of lines stand in for trailheads where a source has neither roads nor car parks.
_END_OF_A_TRAIL = Note(
    "access",
    "the walk starts where a trail ends; the data has no roads and no car parks there, so find out how to get there",
    "LoopGenie",
)


class DayInput(NamedTuple):
    """A day as it comes from the solver: its steps, the camps before and after it, the length (m) it was to have."""

    steps: Sequence[Step]
    before: CampSite | None
    after: CampSite | None
    target_m: float | None = None


class _Fill(NamedTuple):
    """Water, so many metres from the start of the trek, on which day of walking (0 for the first)."""

    at_m: float
    day: int
    point: Point
    reliable: bool


def trek_itinerary(
    days: Sequence[DayInput],
    segments: Mapping[int, Segment],
    *,
    start: Start,
    verdict: Verdict,
    ways_at: Mapping[int, int],
    waters: Waters,
    calendar: Calendar,
    max_dry_m: float | None = None,
    resting: Sequence[int] = (),
    first: date | None = None,
) -> Itinerary:
    """Turn the walks of some days into one itinerary, in the order given.

    Parameters
    ----------
    days : of walking, from the start and back to it.
    segments : whole, by id; at least those of the steps.
    start, verdict, ways_at : as for loops of one day.
    waters : where along the segments bottles can be filled.
    calendar : what rules hold where and when.
    max_dry_m : the longest way without water that was asked for, if any.
    resting : numbers (1 for the first day) of the days of rest.
    first : the date of the first day.
    """
    parts = [_parts(day, segments, ways_at) for day in days]
    ends = [0.0]
    for walked in parts:
        ends.append(ends[-1] + sum(part.length_m for part in walked))
    fills = [fill for i, (day, walked) in enumerate(zip(days, parts, strict=True)) for fill in
             _fills(i, day, walked, ends[i], ends[i + 1], waters)]  # fmt: skip
    refills = _refills(fills, ends[-1], max_dry_m or CARRY_M) if waters.known else set()
    plans: list[DayPlan] = []
    numbers = [n for n in range(1, len(days) + len(resting) + 1) if n not in resting]
    for i, (number, day, walked) in enumerate(zip(numbers, days, parts, strict=True)):
        plan = _day(number, day, walked, start, ends[i], ends[i + 1], _date(first, number))
        mine = [(at, fill) for at, fill in enumerate(fills) if fill.day == i]
        notes = calendar.notes(plan.line, day.after.point if day.after else None, plan.date)
        if start.kind == "trail end" and i == 0:
            notes = [_END_OF_A_TRAIL, *notes]
        plan = replace(
            plan,
            waters=tuple(WaterStop(f.at_m - ends[i], f.point, _next_m(fills, at)) for at, f in mine),
            longest_dry_m=_longest_dry_m(fills, ends[i], ends[i + 1], ends[-1]) if waters.known else None,
            refills=tuple(j for j, (at, _) in enumerate(mine) if at in refills),
            notes=tuple(notes),
        )
        plans.append(plan)
        while number + 1 in resting and len(plans) == number:
            number += 1
            rest = _rest(plans[-1], number, _date(first, number))
            camp = None if rest.lodging is None else rest.lodging.point
            plans.append(replace(rest, notes=tuple(calendar.notes((), camp, rest.date))))
    cues = tuple(_all_cues(plans))
    time_s = sum(plan.walking_time_s for plan in plans)
    made = whole([part for walked in parts for part in walked], start=start, verdict=verdict, time_s=time_s, cues=cues)
    return replace(made, days=tuple(plans), balance=_balance(days, ends))


def _parts(day: DayInput, segments: Mapping[int, Segment], ways_at: Mapping[int, int]) -> list[Part]:
    """The parts of a day, with the ways from and to camps that lie off the trail."""
    parts = [part_of(step, segments[step.segment], ways_at) for step in day.steps]
    if day.before is not None and day.before.spur_m:
        parts.insert(0, _spur(day.before, there=False))
    if day.after is not None and day.after.spur_m:
        parts.append(_spur(day.after, there=True))
    return parts


def _spur(site: CampSite, *, there: bool) -> Part:
    return spur_part(site.foot, (*site.at, site.elevation_m), site.name, site.rise_m, there=there)


def _date(first: date | None, number: int) -> date | None:
    return None if first is None else first + timedelta(days=number - 1)


def _day(
    number: int, day: DayInput, parts: Sequence[Part], start: Start, from_m: float, to_m: float, on: date | None
) -> DayPlan:
    line = line_of(parts)
    ascent_m, descent_m = total(p.step.ascent_m for p in parts), total(p.step.descent_m for p in parts)
    begin = day.before.name if day.before else start.name
    end = day.after.name if day.after else None
    return DayPlan(
        number=number,
        date=on,
        rest=False,
        from_m=from_m,
        to_m=to_m,
        line=line,
        ascent_m=ascent_m,
        descent_m=descent_m,
        max_elevation_m=max((p[2] for p in line if p[2] is not None), default=None),
        walking_time_s=walking_time_s(to_m - from_m, ascent_m or 0, descent_m or 0),
        trails=trails_of(parts),
        cues=tuple(cues_of(parts, begin, end or f"{start.name}, where the trip began")),
        lodging=_lodging(day.after) if day.after else None,
    )


def _lodging(site: CampSite) -> Lodging:
    at = site.at
    return Lodging(
        site.kind, site.name, at.lon, at.lat, site.elevation_m, site.spur_m, site.water, site.point, site.rule
    )


def _rest(before: DayPlan, number: int, on: date | None) -> DayPlan:
    """A day spent where the last one ended."""
    return replace(
        before, number=number, date=on, rest=True, from_m=before.to_m, line=(), ascent_m=0, descent_m=0,
        max_elevation_m=None, walking_time_s=0.0, trails=(), cues=(), waters=(), longest_dry_m=None, refills=(),
    )  # fmt: skip


def _all_cues(plans: Sequence[DayPlan]) -> Iterator[Cue]:
    """The cues of all days as one list, from the start of the trek."""
    for plan in plans:
        for i, cue in enumerate(plan.cues):
            yield Cue(plan.from_m + cue.distance_m, f"day {plan.number}: {cue.text}" if i == 0 else cue.text)


def _balance(days: Sequence[DayInput], ends: Sequence[float]) -> float | None:
    shares = [
        abs(b - a - day.target_m) / day.target_m
        for day, (a, b) in zip(days, pairwise(ends), strict=True)
        if day.target_m
    ]
    return max(0.0, 1 - sum(shares) / len(shares)) if shares else None


# --- water --------------------------------------------------------------------------------------------------------

#: The same water within so many metres is told once.
_SAME_WATER_M = 50.0


def _fills(
    number: int, day: DayInput, parts: Sequence[Part], from_m: float, to_m: float, waters: Waters
) -> Iterator[_Fill]:
    """The waters of a day in the order in which they come."""
    walked, last = from_m, dict[int, float]()
    for part in parts:
        for share, point in waters.along(part.step):
            at_m = walked + share * part.length_m
            if at_m - last.get(point.id, -_SAME_WATER_M) >= _SAME_WATER_M:
                yield _Fill(at_m, number, point, is_reliable(point))
            last[point.id] = at_m
        walked += part.length_m
    slept = day.after.point if day.after else None
    if day.after and slept and day.after.water and to_m - last.get(slept.id, from_m - _SAME_WATER_M) >= _SAME_WATER_M:
        yield _Fill(to_m, number, slept, reliable=True)


def _next_m(fills: Sequence[_Fill], at: int) -> float | None:
    """How far it is on from one water to the next one that is somewhere else."""
    here = fills[at]
    return next((f.at_m - here.at_m for f in fills[at + 1 :] if f.point.id != here.point.id), None)


def _longest_dry_m(fills: Sequence[_Fill], from_m: float, to_m: float, end_m: float) -> float:
    """The longest way without water all year that touches a part of the walk; bottles are full at the start."""
    marks = [0.0, *(f.at_m for f in fills if f.reliable), end_m]
    first, last = max(1, bisect_right(marks, from_m)), bisect_left(marks, to_m)
    return max(b - a for a, b in pairwise(marks[first - 1 : max(last, first) + 1]))


def _refills(fills: Sequence[_Fill], end_m: float, carry_m: float) -> set[int]:
    """Where to fill bottles so that they last: as seldom as possible, none carried farther than `carry_m` if it can be.

    At each water, on to the last one that full bottles reach; where none is in reach, the next there is.
    """
    reliable = [(i, f.at_m) for i, f in enumerate(fills) if f.reliable]
    chosen: set[int] = set()
    here_m = 0.0
    while end_m - here_m > carry_m:
        ahead = [(i, at_m) for i, at_m in reliable if at_m > here_m]
        if not ahead:
            break
        reached = [each for each in ahead if each[1] <= here_m + carry_m]
        i, here_m = reached[-1] if reached else ahead[0]
        chosen.add(i)
    return chosen
