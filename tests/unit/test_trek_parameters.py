"""What is asked of loops of several days."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgenie.errors import InvalidParameters
from loopgenie.parameters import METRES_PER_MILE, TripParameters, trip_parameters, trip_request
from loopgenie.trek_parameters import DayWindow, TrekParameters


def asked(**fields: object) -> TripParameters:
    return trip_parameters({"location": "Ordino", **fields})


def trek(**fields: object) -> TrekParameters:
    found = asked(**fields).trek
    assert found is not None
    return found


def refused(**fields: object) -> dict[str, str]:
    with pytest.raises(InvalidParameters) as caught:
        asked(**fields)
    return dict(caught.value.errors)


def test_one_day_is_no_trek() -> None:
    assert asked(hike_km=10).trek is None
    assert asked(hike_km=10, days=1).trek is None
    assert asked(hike_km=10, nights=0).trek is None


def test_three_days_of_twelve_to_twenty() -> None:
    # the first and the last day may be half as short: 6 km; none takes more than 9 hours
    assert trek(days=3, day_km=[12, 20]).windows() == [
        DayWindow(6000, 20000, None, 9 * 3600),
        DayWindow(12000, 20000, None, 9 * 3600),
        DayWindow(6000, 20000, None, 9 * 3600),
    ]
    assert trek(nights=2, day_km="12-20") == trek(days=3, day_km=[20, 12])


def test_the_whole_of_a_trek_is_the_sum_of_its_days() -> None:
    parameters = asked(days=3, day_km=[12, 20])
    # 6 + 12 + 6 and 3 times 20 km; in the middle 13 + 16 + 13
    assert (parameters.min_length_m, parameters.hike_m, parameters.max_length_m) == (24_000, 42_000, 60_000)


def test_without_any_window_a_day_is_ten_to_twenty_km() -> None:
    assert trek(days=2).day_m == (10_000, 20_000)
    assert not trek(days=2).whole


def test_about_so_much_is_within_a_quarter() -> None:
    assert trek(days=2, day_km=16).day_m == trek(days=2, day_km="16").day_m == (12_000, 20_000)
    assert trek(days=2, day_km=80).day_m == (60_000, 80_000)


def test_miles() -> None:
    assert trek(days=2, day_miles=[8, 10]).day_m == (8 * METRES_PER_MILE, 10 * METRES_PER_MILE)


def test_hours_bound_the_length_by_what_one_walks_on_the_level() -> None:
    # 6 h at 4 km/h are 24 km; half of 5 h is enough on the first day
    windows = trek(days=2, day_hours=[5, 6]).windows()
    assert windows == [DayWindow(0, 24_000, 9000, 21_600, timed=True)] * 2


def test_long_days_take_as_long_as_they_have_to() -> None:
    # 40 km are 10 h on the level, and a quarter more for the climbs
    assert trek(days=2, day_km=[30, 40]).windows()[0].max_s == 12.5 * 3600


def test_a_whole_length_is_shared_among_the_days_of_walking() -> None:
    parameters = asked(days=4, rest_days=1, hike_km=45)
    # 45 km in 3 days: 15 km each, 30 % less and more
    assert parameters.trek is not None
    assert parameters.trek.day_m == (pytest.approx(10_500), pytest.approx(19_500))
    assert (parameters.min_length_m, parameters.max_length_m) == (pytest.approx(40_500), pytest.approx(49_500))


def test_half_a_first_day() -> None:
    # the share of the longest day, and never more than half of the shortest
    windows = trek(days=3, day_km=[12, 20], first_day=0.5, last_day=0.25).windows()
    assert windows == [
        DayWindow(6000, 10_000, None, 4.5 * 3600),
        DayWindow(12_000, 20_000, None, 9 * 3600),
        DayWindow(3000, 5000, None, 2.25 * 3600),
    ]


@pytest.mark.parametrize(
    ("days", "rests", "resting"),
    [
        (3, 1, (2,)),  # walk, rest, walk
        (5, 1, (3,)),
        (7, 2, (3, 5)),  # five days of walking: rests after the second (5/3) and the third (10/3)
        (4, 2, (2, 3)),  # two days of walking: both rests lie between them
        (14, 0, ()),
    ],
)
def test_rests_are_spread(days: int, rests: int, resting: tuple[int, ...]) -> None:
    assert trek(days=days, rest_days=rests).resting == resting


@given(st.integers(2, 14), st.integers(0, 4))
def test_one_never_rests_on_the_first_or_the_last_day(days: int, rests: int) -> None:
    if rests > days - 2:
        assert "on the first and the last one walks" in refused(days=days, rest_days=rests)["rest_days"]
        return
    parameters = trek(days=days, rest_days=rests)
    assert len(parameters.resting) == len(set(parameters.resting)) == rests
    assert {1, days} <= set(parameters.walking)
    assert len(parameters.windows()) == len(parameters.walking) == days - rests


@pytest.mark.parametrize(
    ("fields", "name", "says"),
    [
        ({"days": 15}, "days", "is 15, want a whole number from 1 to 14"),
        ({"days": 2.5}, "days", "is 2.5, want a whole number from 1 to 14"),
        ({"days": 3, "nights": 2}, "nights", "is one too many beside days"),
        ({"days": 3, "day_km": "far"}, "day_km", "is 'far', want [from, to], \"from-to\" or a number, from 1 to 80"),
        ({"days": 3, "day_km": [12, 90]}, "day_km", "from 1 to 80"),
        ({"days": 3, "day_km": [12]}, "day_km", "want [from, to]"),
        ({"days": 3, "day_km": [True, 12]}, "day_km", "want [from, to]"),
        ({"days": 3, "day_km": 10**400}, "day_km", "want [from, to]"),
        ({"days": 3, "day_km": 12, "day_hours": 5}, "day_hours", "is one too many beside day_km"),
        ({"days": 3, "day_km": 12, "hike_km": 40}, "day_km", "is one too many beside hike_km"),
        ({"hike_km": 10, "day_km": 12}, "day_km", "is only for trips of several days; want days, too"),
        ({"hike_km": 10, "camps": "huts"}, "camps", "is only for trips of several days"),
        ({"days": 3, "camps": "hotel"}, "camps", 'is "hotel", want one of designated, huts, dispersed'),
        ({"days": 3, "date": "4 July"}, "date", 'is "4 July", want a date as YYYY-MM-DD'),
        ({"days": 3, "date": "2026-02-30"}, "date", "want a date as YYYY-MM-DD"),
        ({"days": 3, "date": "9999-12-30"}, "date", "want one before the end of the calendar"),
        ({"days": 3, "first_day": 0.1}, "first_day", "want a number from 0.25 to 1"),
        ({"days": 3, "max_dry_km": 5, "max_dry_miles": 3}, "max_dry_miles", "is one too many beside max_dry_km"),
        ({}, "hike_km", "is missing, want exactly one of hike_km and hike_miles"),
    ],
)
def test_what_is_refused(fields: dict[str, object], name: str, says: str) -> None:
    assert says in refused(**fields)[name]


def test_a_date_is_for_one_day_too() -> None:
    assert asked(hike_km=10, date="2026-07-04").date == date(2026, 7, 4)


def test_the_canonical_form_reads_back() -> None:
    request = trip_request({"location": "Ordino", "days": 3, "day_km": "12-20", "date": "2026-07-04"})
    assert request.canonical() == '{"date":"2026-07-04","day_km":[12,20],"days":3,"location":"Ordino"}'
