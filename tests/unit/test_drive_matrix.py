"""What Valhalla and OSRM are asked, and what their answers mean. Answers have the form that real servers gave."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgenie.drive import Drive
from loopgenie.drive_matrix import OSRM, VALHALLA, Refused, kind_of, polyline
from loopgenie.geometry import LonLat

ORIGIN = LonLat(1.533, 42.555)
GOALS = [LonLat(1.521, 42.507), LonLat(1.6, 42.6), LonLat(1.4, 42.3)]


def valhalla_answer() -> dict[str, Any]:
    """Of Valhalla 3.9: the second goal is 2.7 km from its road, to the third there is none."""
    cells = [(652, 8.85), (1730, 13.395), (None, None)]
    roads = [(42.506915, 1.520856), (42.577407, 1.587454), (42.3, 1.4)]
    return {
        "sources_to_targets": [
            [{"from_index": 0, "to_index": i, "time": t, "distance": km} for i, (t, km) in enumerate(cells)]
        ],
        "sources": [{"lat": 42.554998, "lon": 1.533}],
        "targets": [{"lat": lat, "lon": lon} for lat, lon in roads],
        "units": "kilometers",
        "algorithm": "costmatrix",
    }


def osrm_answer() -> dict[str, Any]:
    """Of OSRM 26.10, for the same places."""
    roads = [(1.533001, 42.554999), (1.520856, 42.506917), (1.602018, 42.572689), (1.4, 42.3)]
    return {
        "code": "Ok",
        "distances": [[0, 8940.4, 15012.4, None]],
        "durations": [[0, 825.5, 998.5, None]],
        "sources": [{"location": list(roads[0]), "name": "", "distance": 0.138}],
        "destinations": [{"location": list(road), "name": "", "distance": 0.0} for road in roads],
    }


# --- what is asked ------------------------------------------------------------------------------------------------


def test_valhalla_is_posted_one_source_and_all_targets() -> None:
    question = VALHALLA.question(ORIGIN, GOALS[:1])
    assert question.path == "/sources_to_targets"
    assert json.loads(question.body or b"") == {
        "sources": [{"lon": 1.533, "lat": 42.555}],
        "targets": [{"lon": 1.521, "lat": 42.507}],
        "costing": "auto",
        "units": "kilometers",
    }


def test_osrm_is_asked_in_the_address() -> None:
    path, body = OSRM.question(LonLat(-120.2, 38.5), [LonLat(-120.95, 40.7), LonLat(-126.453, 43.252)])
    assert body is None
    # _p~iF~ps|U_ulLnnqC_mqNvxq`@ is the example of the format's description; ~ and _ need no escaping, | and ` do
    assert path == (
        "/table/v1/driving/polyline(_p~iF~ps%7CU_ulLnnqC_mqNvxq%60%40)"
        "?sources=0&annotations=duration,distance&generate_hints=false"
    )


def _read_polyline(text: str) -> list[tuple[float, float]]:
    numbers, shift, rest = [0], 0, 0
    for c in text:
        rest |= (ord(c) - 63 & 31) << shift
        shift += 5
        if ord(c) - 63 < 32:
            numbers.append(~(rest >> 1) if rest & 1 else rest >> 1)
            shift = rest = 0
    lats, lons = [0], [0]
    for d_lat, d_lon in zip(numbers[1::2], numbers[2::2], strict=True):
        lats.append(lats[-1] + d_lat)
        lons.append(lons[-1] + d_lon)
    return [(lon / 1e5, lat / 1e5) for lon, lat in zip(lons[1:], lats[1:], strict=True)]


@given(st.lists(st.tuples(st.floats(-180, 180), st.floats(-90, 90)), max_size=20))
def test_a_polyline_reads_back_to_five_decimals(places: list[tuple[float, float]]) -> None:
    read = _read_polyline(polyline([LonLat(*place) for place in places]))
    assert read == [pytest.approx(place, abs=0.6e-5) for place in places]


# --- what an answer means -----------------------------------------------------------------------------------------


def test_valhalla_tells_kilometres_and_seconds() -> None:
    # the road of the second goal ends 2.7 km away from it, which no car park is; to the third there is no road
    assert VALHALLA.drives(valhalla_answer(), ORIGIN, GOALS) == [Drive(8850.0, 652.0), None, None]


def test_earlier_valhallas_do_not_tell_where_the_road_ends() -> None:
    answer = valhalla_answer()
    answer["sources"] = [[{"lon": place.lon, "lat": place.lat} for place in (ORIGIN,)]]
    answer["targets"] = [[{"lon": place.lon, "lat": place.lat} for place in GOALS]]
    assert VALHALLA.drives(answer, ORIGIN, GOALS) == [Drive(8850.0, 652.0), Drive(13395.0, 1730.0), None]


def test_osrm_tells_metres_and_seconds_for_the_origin_too() -> None:
    assert OSRM.drives(osrm_answer(), ORIGIN, GOALS) == [Drive(8940.4, 825.5), None, None]


def test_an_origin_far_from_any_road_is_on_another_map() -> None:
    away = LonLat(1.533, 42.655)  # 0.1 degrees, 11.1 km, from where the engine puts it
    for matrix, answer in ((VALHALLA, valhalla_answer()), (OSRM, osrm_answer())):
        with pytest.raises(Refused, match="knows no road here"):
            matrix.drives(answer, away, GOALS)


NONSENSE = ("far", -1, True, float("nan"), float("inf"), [], {}, 10**400)


@pytest.mark.parametrize("value", NONSENSE, ids=[repr(value)[:10] for value in NONSENSE])
def test_what_is_no_distance_is_not_taken_for_one(value: object) -> None:
    valhalla, osrm = valhalla_answer(), osrm_answer()
    valhalla["sources_to_targets"][0][0]["distance"] = value
    osrm["durations"][0][1] = value
    for matrix, answer in ((VALHALLA, valhalla), (OSRM, osrm)):
        with pytest.raises((ValueError, TypeError, OverflowError)):
            matrix.drives(answer, ORIGIN, GOALS)


@pytest.mark.parametrize("goals", [GOALS[:2], [*GOALS, ORIGIN]])
def test_an_answer_of_another_size_is_not_taken(goals: list[LonLat]) -> None:
    for matrix, answer in ((VALHALLA, valhalla_answer()), (OSRM, osrm_answer())):
        with pytest.raises(ValueError, match="zip"):
            matrix.drives(answer, ORIGIN, goals)


@pytest.mark.parametrize(
    ("matrix", "document", "why"),
    [
        (VALHALLA, {"error_code": 150, "error": "Exceeded max locations"}, "raise .*max_matrix_location_pairs"),
        (VALHALLA, {"error_code": 154}, "raise .*max_matrix_distance"),
        (VALHALLA, {"error_code": 171, "error": "No suitable edges near location"}, "knows no road here"),
        (VALHALLA, {"error_code": 170}, "knows no road here"),
        (VALHALLA, {"error_code": 124}, "refused the request with '124'"),
        (VALHALLA, {}, "refused"),
        (OSRM, {"code": "TooBig", "message": "Too many table coordinates"}, "raise --max-table-size"),
        (OSRM, {"code": "NoSegment"}, "knows no road here"),
        (OSRM, {"code": "InvalidQuery"}, "refused the request with 'InvalidQuery'"),
    ],
)
def test_a_refusal_says_what_to_do(matrix: Any, document: dict[str, object], why: str) -> None:
    with pytest.raises(Refused, match=why):
        matrix.refusal(document, GOALS)


def test_that_valhalla_finds_no_path_at_all_is_an_answer() -> None:
    assert VALHALLA.refusal({"error_code": 442}, GOALS) == [None, None, None]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ({"version": "3.9.1", "tileset_last_modified": 1795260643, "available_actions": ["status"]}, VALHALLA),
        ({"error_code": 106, "error": "Try any of: '/route'"}, VALHALLA),  # where /status is switched off
        ({"message": "URL string malformed close to position 7", "code": "InvalidUrl"}, OSRM),
        ({"status": "ok", "version": "0.1.0"}, None),
        ({"code": 404}, None),
        ({}, None),
        ([], None),
        (None, None),
    ],
)
def test_an_engine_is_known_by_how_it_answers(status: object, kind: object) -> None:
    assert kind_of(status) is kind
