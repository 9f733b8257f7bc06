"""The request: what is understood, what is refused and with which words."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgenie.errors import InvalidParameters
from loopgenie.geometry import LonLat
from loopgenie.parameters import TripParameters, TripRequest, trip_parameters, trip_request

LEAST = {"location": "Ordino", "hike_km": 15}


def refused(**values: Any) -> dict[str, str]:
    """What is said of each field of a request."""
    with pytest.raises(InvalidParameters) as caught:
        trip_parameters(values)
    return caught.value.errors


def test_the_least_request_has_defaults() -> None:
    assert trip_parameters(LEAST) == TripParameters(location="Ordino", hike_m=15_000, drive_m=50_000)


def test_everything_is_understood() -> None:
    asked = {
        "location": {"lat": 42.55, "lon": 1.53},
        "hike_miles": 10,
        "drive_minutes": 45,
        "tolerance": 0,
        "alternatives": 5,
        "seed": 7,
        "time_limit_s": 0.05,
        "max_ascent_m": 800,
        "max_road_share": 0.2,
        "max_repeat_share": 0,
        "max_difficulty": "T3",
        "via": [[1.5, 42.5], [1.6, 42.6]],
        "heading": "NE",
        "prove": True,
    }
    assert trip_parameters(asked) == TripParameters(
        location=LonLat(1.53, 42.55),
        hike_m=16_093.44,
        drive_m=None,
        drive_s=2700,
        tolerance=0,
        alternatives=5,
        seed=7,
        time_limit_s=0.05,
        max_ascent_m=800,
        max_road_share=0.2,
        max_repeat_share=0,
        max_difficulty=3,
        via=(LonLat(1.5, 42.5), LonLat(1.6, 42.6)),
        heading_deg=45,
        prove=True,
    )


@pytest.mark.parametrize(
    ("text", "location"),
    [
        ("Ordino", "Ordino"),
        ("  Sant  Julià de Lòria ", "Sant Julià de Lòria"),
        ("42.55,1.53", LonLat(1.53, 42.55)),
        (" -42.55 , +1 ", LonLat(1.0, -42.55)),
        (".5,-.5", LonLat(-0.5, 0.5)),
        ("90,180", LonLat(180.0, 90.0)),
        ("1 Main Street", "1 Main Street"),
        ("42.55", "42.55"),
    ],
)
def test_a_location_is_a_name_or_latitude_first(text: str, location: object) -> None:
    assert trip_parameters({"location": text, "hike_km": 5}).location == location


@pytest.mark.parametrize(
    ("location", "says"),
    [
        ("95,1", "lat is 95.0, want degrees from -90 to 90"),
        ("42,181", "lon is 181.0, want degrees from -180 to 180"),
        ("", "is empty"),
        (" \t", "is empty"),
        ("x" * 201, "has 201 characters, want at most 200"),
        ("a\x00b", "want a name of printable characters"),
        ("\ud800", "want a name of printable characters"),
        (None, "is null"),
        (17, "is 17"),
        (True, "is true"),
        (["Ordino"], 'is ["Ordino"]'),
        ({"lat": 1}, "latitude first"),
        ({"lat": 1, "lon": 2, "ele": 3}, "latitude first"),
        ({"lat": "1", "lon": 2}, 'lat is "1"'),
        ({"lat": True, "lon": 2}, "lat is true"),
        ({"lat": math.nan, "lon": 2}, "lat is NaN"),
        ({"lat": 1, "lon": math.inf}, "lon is Infinity"),
    ],
)
def test_a_location_that_is_none_is_named(location: object, says: str) -> None:
    assert says in refused(location=location, hike_km=5)["location"]


@pytest.mark.parametrize(
    ("drive", "metres", "seconds"),
    [
        ({}, 50_000, None),
        ({"drive_km": 30}, 30_000, None),
        ({"drive_miles": 20}, 32_186.88, None),
        ({"drive_minutes": 0.5}, None, 30),
        ({"drive_km": 0}, 0, None),
        ({"drive_miles": 0}, 0, None),
        ({"drive_minutes": 0}, 0, None),
        ({"drive_km": 500}, 500_000, None),
        ({"drive_km": None, "drive_minutes": None}, 50_000, None),
    ],
)
def test_one_way_to_say_how_far_to_drive(drive: dict[str, Any], metres: float | None, seconds: float | None) -> None:
    parameters = trip_parameters({**LEAST, **drive})
    assert (parameters.drive_m, parameters.drive_s) == (metres, seconds)
    assert parameters.start_here is (metres == 0)


def test_the_limits_are_inside() -> None:
    assert trip_parameters({"location": "x", "hike_miles": 500 / 1.609344}).hike_m == pytest.approx(500_000)
    assert trip_parameters({"location": "x", "hike_km": 0.5}).hike_m == 500
    assert trip_parameters({**LEAST, "drive_miles": 500 / 1.609344}).drive_m == pytest.approx(500_000)


BEYOND = [
    ("hike_km", 0.49, "is 0.49, want a number from 0.5 to 500"),
    ("hike_km", 500.1, "is 500.1, want a number from 0.5 to 500"),
    ("hike_km", 0, "is 0, want"),
    ("hike_km", -3, "is -3, want"),
    ("hike_miles", 0.31, "is 0.31, want a number from 0.3107 to 310.6855"),
    ("hike_miles", 311, "is 311, want a number from 0.3107 to 310.6855"),
    ("drive_km", -0.1, "is -0.1, want a number from 0 to 500"),
    ("drive_km", 501, "is 501, want a number from 0 to 500"),
    ("drive_miles", 311, "is 311, want a number from 0 to 310.6855"),
    ("drive_minutes", 601, "is 601, want a number from 0 to 600"),
    ("tolerance", 0.51, "is 0.51, want a number from 0 to 0.5"),
    ("tolerance", -0.1, "is -0.1, want"),
    ("alternatives", 0, "is 0, want a whole number from 1 to 5"),
    ("alternatives", 6, "is 6, want a whole number from 1 to 5"),
    ("alternatives", 1.5, "is 1.5, want a whole number"),
    ("seed", -1, "is -1, want a whole number from 0 to 9007199254740991"),
    ("time_limit_s", 0.04, "is 0.04, want a number from 0.05 to 10"),
    ("time_limit_s", 10.5, "is 10.5, want a number from 0.05 to 10"),
    ("max_ascent_m", -1, "is -1, want"),
    ("max_road_share", 1.01, "is 1.01, want a number from 0 to 1"),
    ("max_repeat_share", -0.5, "is -0.5, want a number from 0 to 1"),
    ("max_difficulty", 0, "is 0, want 1 to 6, T1 to T6"),
    ("max_difficulty", 7, "is 7, want 1 to 6"),
    ("max_difficulty", "T7", 'is "T7", want 1 to 6'),
    ("max_difficulty", "walking", "mountain_hiking"),
    ("via", "1,2", 'is "1,2", want a list of [lon, lat]'),
    ("via", [[0, 0]] * 11, "has 11 positions, want at most 10"),
    ("heading", -1, "is -1, want n, ne, e, se, s, sw, w, nw or degrees from 0 to 360"),
    ("heading", 360.5, "is 360.5, want n, ne"),
    ("heading", "north", 'is "north", want n, ne'),
    ("prove", "yes", 'is "yes", want true or false'),
    ("informal", 1, "is 1, want true or false"),
    ("prove", 1, "is 1, want true or false"),
]


@pytest.mark.parametrize(("name", "value", "says"), BEYOND)
def test_beyond_a_limit_is_refused_not_clamped(name: str, value: object, says: str) -> None:
    request = {"location": "x", name: value} if name.startswith("hike") else {**LEAST, name: value}
    assert says in refused(**request)[name]


NUMBERS = [n for n in TripRequest.model_fields if n not in ("location", "via", "informal", "prove", "max_difficulty")]


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [True, False, "5", [5], {}, math.nan, math.inf, -math.inf, 10**400])
def test_what_is_no_number_is_refused(name: str, value: object) -> None:
    request = {"location": "x", name: value} if name.startswith("hike") else {**LEAST, name: value}
    assert name in refused(**request)


@pytest.mark.parametrize("name", ["tolerance", "alternatives", "seed", "time_limit_s", "via", "informal", "prove"])
def test_null_is_no_value_where_there_is_a_default(name: str) -> None:
    assert name in refused(**LEAST, **{name: None})


def test_each_position_on_the_way_is_named() -> None:
    errors = refused(**LEAST, via=[[1.5, 42.5], [200, 42], [1], "x", [1, 2, 3], [True, 1]])
    assert list(errors) == ["via[1]", "via[2]", "via[3]", "via[4]", "via[5]"]
    assert errors["via[1]"] == "lon is 200, want degrees from -180 to 180"
    assert errors["via[2]"] == "is [1], want [lon, lat]"


@pytest.mark.parametrize(
    ("word", "grade"),
    [(1, 1), (6, 6), (3.0, 3), ("T1", 1), ("t6", 6), ("hiking", 1), ("demanding_mountain_hiking", 3), (None, None)],
)
def test_difficulty_in_three_languages(word: object, grade: int | None) -> None:
    assert trip_parameters({**LEAST, "max_difficulty": word}).max_difficulty == grade


def test_whole_numbers_may_be_written_with_a_point() -> None:
    assert trip_parameters({**LEAST, "seed": 3.0, "alternatives": 2.0}).seed == 3


def test_exactly_one_hike_at_most_one_drive() -> None:
    assert "want exactly one of hike_km and hike_miles" in refused(location="x")["hike_km"]
    assert "one too many beside hike_km" in refused(location="x", hike_km=5, hike_miles=3)["hike_miles"]
    errors = refused(location="x", hike_km=5, drive_km=1, drive_miles=1, drive_minutes=1)
    assert "one too many beside drive_km and drive_miles" in errors["drive_minutes"]


def test_unknown_names_come_with_the_right_one() -> None:
    errors = refused(location="x", hikekm=5)
    assert errors["hikekm"] == "is no parameter, did you mean hike_km?"
    assert "the parameters are location, hike_km" in refused(**LEAST, zzz=1)["zzz"]


def test_all_faults_are_told_at_once_in_one_sentence() -> None:
    with pytest.raises(InvalidParameters) as caught:
        trip_parameters({"hike_km": 900, "drive_km": "far", "colour": "red"})
    assert set(caught.value.errors) == {"location", "hike_km", "drive_km", "colour"}
    assert "hike_km: is 900, want a number from 0.5 to 500" in caught.value.detail


@pytest.mark.parametrize(
    ("heading", "degrees"),
    [("n", 0), (" SW ", 225), ("nw", 315), (0, 0), (-0.0, 0), (359.5, 359.5), (360, 0), (360.0, 0), (None, None)],
)
def test_a_heading_is_a_compass_point_or_degrees(heading: object, degrees: float | None) -> None:
    request = trip_request({**LEAST, "heading": heading})
    assert request.parameters().heading_deg == degrees
    assert request.canonical() == trip_request({**LEAST, "heading": degrees}).canonical()


@pytest.mark.parametrize("body", [None, [], "x", 3])
def test_what_is_no_object_is_refused(body: Any) -> None:
    with pytest.raises(InvalidParameters, match="want an object"):
        trip_parameters(body)


# --- one way to write a request -----------------------------------------------------------------------------------


def test_the_canonical_request_is_what_differs_from_the_defaults() -> None:
    asked = {
        "seed": 0,
        "tolerance": 0.1,
        "drive_km": 50.0,
        "hike_km": 15.0,
        "location": "42.55, 1.50",
        "alternatives": 3,
        "max_ascent_m": None,
    }
    written = '{"alternatives":3,"hike_km":15,"location":{"lat":42.55,"lon":1.5}}'
    assert trip_request(asked).canonical() == written
    assert trip_request(json.loads(written)).parameters() == trip_parameters(asked)


def test_start_here_is_not_the_default() -> None:
    assert trip_request({**LEAST, "drive_km": 0}).canonical() == '{"drive_km":0,"hike_km":15,"location":"Ordino"}'


def numbers(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False)


POSITIONS = st.builds(lambda lon, lat: [lon, lat], numbers(-180, 180), numbers(-90, 90))
REQUESTS = st.builds(
    lambda where, hike, drive, rest: {"location": where, **hike, **drive, **rest},
    st.one_of(
        st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=200).filter(lambda t: "," not in t),
        st.builds(lambda p: {"lat": p[1], "lon": p[0]}, POSITIONS),
    ),
    st.one_of(
        st.builds(lambda v: {"hike_km": v}, numbers(0.5, 500)),
        st.builds(lambda v: {"hike_miles": v}, numbers(0.4, 310)),
    ),
    st.one_of(
        st.just({}),
        st.builds(lambda v: {"drive_km": v}, numbers(0, 500)),
        st.builds(lambda v: {"drive_miles": v}, numbers(0, 310)),
        st.builds(lambda v: {"drive_minutes": v}, numbers(0, 600)),
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "tolerance": numbers(0, 0.5),
            "alternatives": st.integers(1, 5),
            "seed": st.integers(0, 2**53 - 1),
            "time_limit_s": numbers(0.05, 10),
            "max_ascent_m": numbers(0, 9000),
            "max_road_share": numbers(0, 1),
            "max_repeat_share": numbers(0, 1),
            "max_difficulty": st.integers(1, 6),
            "heading": numbers(0, 360) | st.sampled_from(["n", "se", "W"]),
            "via": st.lists(POSITIONS, max_size=10),
            "prove": st.booleans(),
        },
    ),
)


@given(REQUESTS)
def test_the_canonical_request_means_the_same(asked: dict[str, Any]) -> None:
    request = trip_request(asked)
    again = trip_request(json.loads(request.canonical()))
    assert again.parameters() == request.parameters()
    assert again.canonical() == request.canonical()


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
NAMES = st.sampled_from([*TripRequest.model_fields, "zzz", ""]) | st.text()


def outcome(mapping: dict[str, Any]) -> TripParameters | InvalidParameters:
    """What a request becomes; any other exception than the one that is promised fails the test."""
    try:
        return trip_parameters(mapping)
    except InvalidParameters as error:
        return error


@given(st.dictionaries(NAMES, ANYTHING, max_size=8))
def test_nothing_but_a_clear_refusal(mapping: dict[str, Any]) -> None:
    result = outcome(mapping)
    if isinstance(result, InvalidParameters):
        assert result.errors
        assert all(len(what) < 400 for what in result.errors.values())
        json.dumps(result.members(), ensure_ascii=False).encode()


@given(REQUESTS, st.sampled_from([*TripRequest.model_fields]), ANYTHING)
def test_one_wrong_value_in_a_good_request(asked: dict[str, Any], name: str, value: Any) -> None:
    result = outcome({**asked, name: value})
    if isinstance(result, InvalidParameters):
        assert all(e.partition("[")[0] in TripRequest.model_fields for e in result.errors)
    else:
        assert 500 <= result.hike_m <= 500_001
        assert result.drive_m is None or 0 <= result.drive_m <= 500_001


def test_every_field_says_what_it_is_and_gives_an_example() -> None:
    for name, field in TripRequest.model_fields.items():
        assert field.description, name
        assert field.examples, name
        # what is asked of each day needs several of them, and stands for the length of the whole
        of_treks = name.startswith(("day_", "max_day", "camps", "max_camp", "rest", "first", "last", "max_dry"))
        base = {"location": "x", "days": 4} if of_treks else {"location": "x"} if name.startswith("hike") else LEAST
        for example in field.examples:
            trip_parameters({**base, name: example})
