"""Trips of several days from the request to the days, on a drawn network, with the real solver."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from loopgenie import treks
from loopgenie.errors import NoLoopInReach
from loopgenie.exports import trip_geojson
from loopgenie.geometry import LonLat, line_length_m
from loopgenie.itinerary import DayPlan, Itinerary
from loopgenie.network import Areas
from loopgenie.parameters import trip_parameters
from loopgenie.planner import Trip, plan_trip
from loopgenie.store import Notice
from loopgenie.store.sqlite import SqliteStore

Make = Callable[..., SqliteStore]


@pytest.fixture
def drawing(draw: Any) -> Any:
    """
    W --4-- X --4-- Y    km; W is the only trailhead. Round the outside it is 24 km, and Y is half way, 12 km from W
    |       |       |    by the south and 8 km by the north. By X and U it is 16 km round the western half.
    4       4       4
    |       |       |
    V --4-- U --4-- Z
    """
    drawn = draw().junctions(W=(0, 4), X=(4, 4), Y=(8, 4), V=(0, 0), U=(4, 0), Z=(8, 0))
    drawn.way("W", "X", "North one").way("X", "Y", "North two").way("Y", "Z", "East").way("Z", "U", "South two")
    drawn.way("U", "V", "South one").way("V", "W", "West").way("X", "U", "Middle")
    return drawn.trailhead("W", "Home")


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[Make]:
    stores: list[SqliteStore] = []

    def make(drawn: Any, *notices: Notice) -> SqliteStore:
        store = SqliteStore(str(tmp_path / f"{len(stores)}.db"))
        store.replace_region(drawn.region())
        if notices:
            store.replace_notices("operator", notices)
        stores.append(store)
        return store

    yield make
    for store in stores:
        store.close()


def far_camp(drawn: Any) -> Any:
    """A camp at Z, 12 km from W both ways round the outside."""
    return drawn.stop(8, 0, "camp", "Far Camp", type="campsite")


def closure(drawn: Any, way: str, begins: str | None, ends: str | None) -> Notice:
    [line] = [s.line for s in drawn.segments if s.stretches[0].name == way]
    return Notice(
        0, "closure", "Bears", None, "the ranger", None, begins, ends, lines=(tuple(LonLat(*p[:2]) for p in line),)
    )


def plan(store: SqliteStore, **fields: object) -> Trip:
    [home] = store.trailheads_in(store.snapshot().regions[0].box)  # type: ignore[arg-type]
    asked = {"drive_km": 50, "days": 2, "day_km": [10, 14], "time_limit_s": 0.3, **fields}
    return plan_trip(trip_parameters({"location": {"lat": home.lat, "lon": home.lon}, **asked}), store, areas=Areas())


def refused(store: SqliteStore, **fields: object) -> NoLoopInReach:
    with pytest.raises(NoLoopInReach) as caught:
        plan(store, **fields)
    return caught.value


def only(trip: Trip) -> Itinerary:
    [itinerary] = trip.itineraries
    return itinerary


def km(days: tuple[DayPlan, ...]) -> list[float]:
    return [round(day.length_m / 1000, 1) for day in days]


def camps(itinerary: Itinerary) -> list[str | None]:
    return [day.lodging and day.lodging.name for day in itinerary.days]


# --- days and nights ----------------------------------------------------------------------------------------------


def test_two_days_with_a_night_half_way(drawing: Any, stored: Make) -> None:
    found = only(plan(stored(far_camp(drawing))))
    assert km(found.days) == [12.0, 12.0]
    assert camps(found) == ["Far Camp", None]
    assert found.repeat_share == 0
    # the first and the last day may be half as short, so that each should be (5 + 14) / 2 = 9.5 km: 2.5 km astray
    assert found.balance == pytest.approx(1 - 2.5 / 9.5, abs=0.002)


def test_the_days_make_up_the_whole(drawing: Any, stored: Make) -> None:
    found = only(plan(stored(far_camp(drawing))))
    assert found.line[0] == found.line[-1]
    assert sum(line_length_m(day.line) for day in found.days) == pytest.approx(line_length_m(found.line), abs=0.01)
    assert sum(day.length_m for day in found.days) == pytest.approx(found.length_m, abs=0.01)
    first, last = found.days
    assert first.line[-1][:2] == last.line[0][:2]
    assert (first.from_m, last.to_m) == (0, pytest.approx(found.length_m))
    assert first.to_m == last.from_m
    assert found.cues[0].text.startswith("day 1: start at Home")
    assert first.cues[-1].text == "arrive at Far Camp"
    assert last.cues[0].text.startswith("start at Far Camp")
    assert last.cues[-1].text == "arrive at Home, where the trip began"


def test_a_day_of_rest_is_spent_at_the_camp(drawing: Any, stored: Make) -> None:
    found = only(plan(stored(far_camp(drawing)), days=3, rest_days=1, date="2026-07-04"))
    assert [(day.number, day.rest, day.date) for day in found.days] == [
        (1, False, date(2026, 7, 4)),
        (2, True, date(2026, 7, 5)),
        (3, False, date(2026, 7, 6)),
    ]
    assert found.days[1].lodging == found.days[0].lodging
    assert (found.days[1].length_m, found.days[1].line) == (0.0, ())


def test_a_camp_off_the_trail_counts_in_both_days(drawing: Any, stored: Make) -> None:
    # 300 m south of Z, straight on
    store = stored(drawing.stop(8, -0.3, "camp", "Off Camp"))
    found = only(plan(store))
    assert [day.lodging and round(day.lodging.spur_m) for day in found.days] == [300, None]
    assert km(found.days) == [12.3, 12.3]
    assert found.repeat_share == 0  # the way to a camp is no repetition
    assert line_length_m(found.line) == pytest.approx(found.length_m, abs=0.01)
    assert any("the way to Off Camp (not mapped)" in cue.text for cue in found.cues)


def test_a_camp_too_far_off_the_trail_is_none(drawing: Any, stored: Make) -> None:
    store = stored(drawing.stop(8, -0.3, "camp", "Off Camp"))
    error = refused(store, max_camp_detour_m=200)
    assert "no place to spend a night is known near the trails in reach" in error.detail
    [relax] = [r for r in error.relax if r["field"] == "max_camp_detour_m"]
    assert relax["value"] == 1000
    assert relax["trip"]["days"][0] == {"length_m": pytest.approx(12_300, abs=5), "camp": "Off Camp"}  # type: ignore[index]


def test_a_length_of_the_whole_is_kept(drawing: Any, stored: Make) -> None:
    # 16 km in two days of 8 km, 30 % more or less, by the western half: a camp at U is 8 km from W both ways
    store = stored(drawing.stop(4, 0, "camp", "Near Camp"))
    found = only(plan(store, day_km=None, hike_km=16))
    assert km(found.days) == [8.0, 8.0]


def test_hours_on_foot(drawing: Any, stored: Make) -> None:
    # on the level 12 km take 3 h (DIN 33466: 4 km/h)
    store = stored(far_camp(drawing))
    assert km(only(plan(store, day_km=None, day_hours=[2.9, 3.1])).days) == [12.0, 12.0]
    assert "hours" in refused(store, day_km=None, day_hours=[1, 2]).detail


def test_both_directions_are_walked_alike_and_the_nearest_water_is_told(drawing: Any, stored: Make) -> None:
    drawing = far_camp(drawing)
    # springs 2 km before and 4 km after the camp, one of them only at times
    store = stored(drawing.stop(6, 0, "water", "Spring", type="spring").stop(8, 4, "water", "Brook", seasonal="yes"))
    found = only(plan(store))
    stops = [(day.number, round(stop.distance_m), stop.point.name) for day in found.days for stop in day.waters]
    # by the north first: 8 km to Y, then 4 km to the camp, and 2 km on day 2; or the other way round
    assert stops in ([(1, 8000, "Brook"), (2, 2000, "Spring")], [(1, 10_000, "Spring"), (2, 4000, "Brook")])
    # without the brook, which runs only at times, it is 14 km on one side of the spring and 10 km on the other
    assert sorted(round(day.longest_dry_m or 0) for day in found.days) in ([14_000, 14_000], [10_000, 14_000])


# --- what was asked of nights -------------------------------------------------------------------------------------


def test_huts_are_for_those_who_take_them(drawing: Any, stored: Make) -> None:
    store = stored(drawing.stop(8, 0, "hut", "Far Hut", type="shelter"))
    assert camps(only(plan(store))) == ["Far Hut", None]
    error = refused(store, camps="designated")
    assert [r["value"] for r in error.relax if r["field"] == "camps"] == ["huts"]


def test_a_camp_for_boats_is_no_camp(drawing: Any, stored: Make) -> None:
    store = stored(drawing.stop(8, 0, "camp", "Boat Camp", users="by boat only"))
    assert "no place to spend a night" in refused(store).detail


def test_tents_only_where_a_notice_allows_them(drawing: Any, stored: Make) -> None:
    ring = tuple(LonLat(*drawing_at(x, y)) for x, y in ((7, -1), (9, -1), (9, 1), (7, 1), (7, -1)))
    allowed = Notice(0, "dispersed camping", "Tents allowed", None, "the forest", None, None, None, rings=(ring,))
    store = stored(drawing, allowed)
    assert [r["value"] for r in refused(store).relax if r["field"] == "camps"] == ["dispersed"]
    [night, _] = only(plan(store, camps="dispersed")).days
    assert night.lodging is not None
    assert (night.lodging.kind, night.lodging.rule) == ("dispersed", "the forest")


def test_no_tent_stands_where_it_is_forbidden_that_night(drawing: Any, stored: Make) -> None:
    ring = tuple(LonLat(*drawing_at(x, y)) for x, y in ((7, -1), (9, -1), (9, 1), (7, 1), (7, -1)))
    allowed = Notice(0, "dispersed camping", "Tents allowed", None, "the forest", None, None, None, rings=(ring,))
    forbidden = Notice(1, "no camping", "No tents", None, "the forest", None, "2026-07-01", "2026-07-31", rings=(ring,))
    store = stored(drawing, allowed, forbidden)
    refused(store, camps="dispersed", date="2026-07-31")
    assert only(plan(store, camps="dispersed", date="2026-08-01")).days[0].lodging is not None
    # allowed in summer only
    summer = stored(drawing, allowed._replace(begins="06-01", ends="09-30"))
    assert only(plan(summer, camps="dispersed", date="2026-07-15")).days[0].lodging is not None
    refused(summer, camps="dispersed", date="2026-10-15")


def drawing_at(x_km: float, y_km: float) -> tuple[float, float]:
    return 10.0 + x_km / 111.31949, y_km / 110.57428


def test_a_night_without_a_camp_is_told_by_its_number(drawing: Any, stored: Make) -> None:
    error = refused(stored(far_camp(drawing)), day_km=[8, 11])
    assert error.obstacle == {"night": 1, "day": 1, "shortest_m": pytest.approx(12_000, abs=5)}
    assert "night 1, after day 1, has no camp in reach: the nearest is 12.0 km away" in error.detail
    assert error.proven


def test_a_day_that_no_way_fills_is_told_by_its_number(drawing: Any, stored: Make) -> None:
    # 4 km from W: from this camp, and back to it, the shortest way is 8 km
    store = stored(drawing.stop(4, 4, "camp", "Lone Camp"))
    error = refused(store, days=3, day_km=[2, 5])
    assert error.obstacle == {"night": None, "day": 2, "shortest_m": None}
    assert "day 2 cannot be filled: no way between camps in reach has that length" in error.detail


def test_more_trail_than_can_be_searched_is_told(drawing: Any, stored: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def too_large(*_: object, **__: object) -> None:
        raise ValueError("the lengths add up to 10^15, too much for 2 days in 64 bits")

    monkeypatch.setattr(treks, "solve_trek", too_large)
    assert "more trail within 2 days of the starts than can be searched" in refused(stored(far_camp(drawing))).detail


def test_one_day_more_or_longer_days_are_offered_with_the_trip_they_give(drawing: Any, stored: Make) -> None:
    error = refused(stored(far_camp(drawing)), day_km=[8, 11])
    longer = next(r for r in error.relax if r["field"] == "day_km")
    assert longer["value"] == [8, 13.8]  # a quarter more: 13.75
    assert longer["trip"] == {  # type: ignore[comparison-overlap]
        "length_m": pytest.approx(24_000, abs=20),
        "days": [
            {"length_m": pytest.approx(12_000, abs=20), "camp": "Far Camp"},
            {"length_m": pytest.approx(12_000, abs=20), "camp": None},
        ],
        "trailhead": "Home",
    }


# --- water as a limit ---------------------------------------------------------------------------------------------


def test_a_limit_on_dry_ways_is_kept(drawing: Any, stored: Make) -> None:
    drawing = far_camp(drawing).stop(6, 0, "water", "Spring", type="spring")
    store = stored(drawing)
    assert km(only(plan(store, max_dry_km=14.1)).days) == [12.0, 12.0]
    # it is 10 km to the spring by the nearest way
    error = refused(store, max_dry_km=9)
    assert "at most 9 km without water" in error.detail
    assert [r["field"] for r in error.relax if r["field"] == "max_dry_km"] == ["max_dry_km"]


def test_water_at_a_junction_is_on_all_ways_that_meet_there(drawing: Any, stored: Make) -> None:
    # at U: anchored on the way to the north, passed from the east to the west
    drawing = far_camp(drawing).stop(4, 0.01, "water", "Fountain", type="tap")
    assert drawing.points[-1].anchor.segment == 6
    found = only(plan(stored(drawing)))
    assert [stop.point.name for day in found.days for stop in day.waters] == ["Fountain"]


def test_no_limit_on_dry_ways_where_no_water_is_known(drawing: Any, stored: Make) -> None:
    store = stored(far_camp(drawing))
    assert "does not tell where water is" in refused(store, max_dry_km=14).detail
    assert [day.longest_dry_m for day in only(plan(store)).days] == [None, None]


# --- the season ---------------------------------------------------------------------------------------------------


def ways(itinerary: Itinerary) -> list[set[str]]:
    return [set(day.trails) for day in itinerary.days]


def test_a_closure_moves_the_route(drawing: Any, stored: Make) -> None:
    drawing = far_camp(drawing)
    store = stored(drawing, closure(drawing, "East", "2026-07-01", "2026-07-31"))
    open_ = only(plan(store, date="2026-08-01"))
    assert set(open_.trails) >= {"East", "North two"}
    # without it, Z is reached by the south alone: 12 km there and 12 km back, one way by the middle
    trip = plan(store, date="2026-07-04")
    shut = only(trip)
    assert "East" not in shut.trails
    assert km(shut.days) == [12.0, 12.0]
    [closed] = trip_geojson(trip)["calendar"]["closed"]
    assert (closed["name"], closed["from"], closed["to"], closed["days"]) == (
        "Bears",
        "2026-07-01",
        "2026-07-31",
        [1, 2],
    )
    assert closed["km"] == pytest.approx(4, abs=0.01)
    [better] = trip_geojson(trip)["calendar"]["better_dates"]
    assert (better["date"], better["opens"]) == ("2026-08-01", ["East"])


def test_a_closure_of_one_day_is_kept_on_that_day(drawing: Any, stored: Make) -> None:
    drawing = far_camp(drawing)
    store = stored(drawing, closure(drawing, "East", "2026-07-05", "2026-07-05"))
    # closed on the second day only: it is walked on the first
    found = only(plan(store, date="2026-07-04"))
    assert ["East" in day for day in ways(found)] == [True, False]
    # closed on the first day only: on the second
    found = only(plan(store, date="2026-07-05"))
    assert ["East" in day for day in ways(found)] == [False, True]


def test_a_camp_that_is_closed_in_that_night_is_no_camp(drawing: Any, stored: Make) -> None:
    store = stored(drawing.stop(8, 0, "camp", "Summer Camp", open="Jun 15-Sep 15"))
    assert camps(only(plan(store, date="2026-07-04"))) == ["Summer Camp", None]
    refused(store, date="2026-10-01")
    # without a date it has to be open all year
    refused(store)


def test_rules_of_a_day_of_rest_are_those_of_its_date(drawing: Any, stored: Make) -> None:
    drawing = far_camp(drawing)
    ring = tuple(LonLat(*drawing_at(x, y)) for x, y in ((7, -1), (9, -1), (9, 1), (7, 1), (7, -1)))
    one_day = ("2026-07-05", "2026-07-05")
    rule = Notice(0, "fire", "No fires", None, "the ranger", None, *one_day, rings=(ring,))
    found = only(plan(stored(drawing, rule), days=3, rest_days=1, date="2026-07-04"))
    # day 2 is the day of rest: the rule is of that day alone
    assert [any(note.kind == "fire" for note in day.notes) for day in found.days] == [False, True, False]


def test_where_all_is_closed_a_better_date_is_told(drawing: Any, stored: Make) -> None:
    drawing = far_camp(drawing)
    ring = tuple(LonLat(*drawing_at(x, y)) for x, y in ((-1, -1), (9, -1), (9, 5), (-1, 5), (-1, -1)))
    shut = Notice(0, "closure", "Fire", None, "the ranger", None, "2026-07-01", "2026-07-31", rings=(ring,))
    error = refused(stored(drawing, shut), date="2026-07-04")
    assert "what is closed then is not walked: Fire, closed 1 July 2026 to 31 July 2026" in error.detail
    assert [r["value"] for r in error.relax if r["field"] == "date"] == ["2026-08-01"]


def test_a_loop_of_one_day_keeps_out_of_what_is_closed_too(drawing: Any, stored: Make) -> None:
    store = stored(drawing, closure(drawing, "Middle", "2026-07-01", "2026-07-31"))
    fields: dict[str, object] = {"days": 1, "day_km": None, "hike_km": 16}
    assert "Middle" in only(plan(store, date="2026-08-01", **fields)).trails
    assert "Middle" not in only(plan(store, date="2026-07-01", tolerance=0.5, **fields)).trails
