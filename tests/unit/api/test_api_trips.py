"""Trips over HTTP: the answer, its other forms, its address, and that it stays the same."""

import dataclasses
import gzip
import io
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import gpxpy
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from loopgenie import api, create_app, openapi
from loopgenie.answers import MAX_ID, Answers, Made, TripId, short_name
from loopgenie.config import Settings
from loopgenie.errors import Busy, NoLoopInReach, NotFound, TrailsUnavailable
from loopgenie.geometry import line_length_m
from loopgenie.instance import Instance
from loopgenie.parameters import TripParameters, TripRequest, trip_request
from loopgenie.planner import Trip, plan_trip
from loopgenie.store import Region
from loopgenie.store.sqlite import SqliteStore

Asked = dict[str, object]
Plans = list[TripParameters]


def ask(client: FlaskClient, asked: Asked, **headers: str) -> TestResponse:
    return client.post("/v1/trips", json=asked, headers=headers)


# --- the answer ---------------------------------------------------------------------------------------------------


def test_the_best_loop_of_four_kilometres_is_the_edge_of_the_square(client: FlaskClient, asked: Asked) -> None:
    """0-1-2-3-0: 1003.7 + 1001.1 + 1003.6 + 1001.1 = 4009.4 m, a quarter of it road."""
    response = ask(client, asked)
    assert response.status_code == 200
    assert response.mimetype == "application/geo+json"
    [feature] = response.json["features"]
    properties = feature["properties"]
    assert properties["length_m"] == pytest.approx(4009.4, abs=0.2)
    assert properties["length_miles"] == pytest.approx(4009.4 / 1609.344, abs=0.001)
    assert properties["road_share"] == pytest.approx(1003.7 / 4009.4, abs=0.001)
    assert properties["ascent_m"] == 100
    assert properties["repeat_share"] == 0
    line = feature["geometry"]["coordinates"]
    assert line[0] == line[-1]
    assert line_length_m(line) == pytest.approx(properties["length_m"], abs=0.1)


def test_the_answer_is_as_it_is_described(client: FlaskClient, asked: Asked) -> None:
    document = ask(client, {**asked, "hike_km": 3.4, "alternatives": 5}).json
    openapi.TripAnswer.model_validate_json(json.dumps(document), strict=True)
    assert document["data"]["attribution"] == ["© the square's surveyors"]
    assert document["data"]["regions"] == ["square"]
    assert document["trip"]["hike_m"] == 3400
    assert document["trip"]["location"] == {
        "name": "Bärental",
        "lon": 10.001,
        "lat": 50.0,
        "region": None,
        "kind": "village",
        "source": "trails",
        "also": [],
    }
    assert "solve" in document["timing"]


def test_loops_come_best_first(client: FlaskClient, asked: Asked) -> None:
    """Two triangles of 3422 m; that with the ridge has no road, so it scores more than that with the lane."""
    features = ask(client, {**asked, "hike_km": 3.4, "alternatives": 2}).json["features"]
    assert [f["properties"]["rank"] for f in features] == list(range(1, len(features) + 1))
    scores = [f["properties"]["score"] for f in features]
    assert scores == sorted(scores, reverse=True)
    assert features[0]["properties"]["road_share"] == 0


def test_miles_and_minutes(client: FlaskClient) -> None:
    asked = {"location": "50.0,10.0", "hike_miles": 2.5, "drive_minutes": 10, "tolerance": 0.05, "time_limit_s": 0.05}
    document = ask(client, asked).json
    assert document["trip"]["hike_m"] == pytest.approx(2.5 * 1609.344)
    assert document["trip"]["drive_s"] == 600
    assert document["trip"]["location"]["name"] is None


def test_the_answer_comes_in_time(client: FlaskClient, asked: Asked) -> None:
    began = time.perf_counter()
    assert ask(client, {**asked, "time_limit_s": 0.3}).status_code == 200
    assert time.perf_counter() - began < 0.3 + 0.5


def test_server_timing_tells_the_stages(client: FlaskClient, asked: Asked) -> None:
    entries = [e.split(";")[0] for e in ask(client, asked).headers["Server-Timing"].split(", ")]
    assert {"network", "solve", "answer", "total"} <= set(entries)
    assert entries.count("total") == 1
    assert 'answer;desc="memory"' in ask(client, asked).headers["Server-Timing"]


def test_the_first_answer_of_a_process_is_told_from_the_rest(square_store: SqliteStore) -> None:
    apps = [create_app(Settings(), square_store) for _ in range(2)]
    told = [[app.test_client().get("/v1/info").headers["Server-Timing"] for _ in range(3)] for app in apps]
    names = [[re.search('app;desc="([0-9a-f]{8})"', timing)[1] for timing in timings] for timings in told]  # type: ignore[index]
    assert all(len(set(of_one)) == 1 for of_one in names)
    assert names[0] != names[1]
    for first, *rest in told:
        assert re.search(r'(^|, )cold;desc="first";dur=\d+\.\d(,|$)', first)
        assert not any("cold" in timing for timing in rest)


def test_a_health_check_is_no_first_request(square_store: SqliteStore) -> None:
    client = create_app(Settings(), square_store).test_client()
    paths = ("/healthz", "/readyz", "/metrics", "/v1/info", "/readyz", "/v1/info")
    told = [client.get(path).headers["Server-Timing"] for path in paths]
    assert ["cold" in timing for timing in told] == [False, False, False, True, False, False]
    assert len({re.search('app;desc="(.*?)"', timing)[1] for timing in told}) == 1  # type: ignore[index]


def test_a_process_is_cold_from_the_making_of_the_app_to_its_first_request() -> None:
    """Built at 100.0 s, first asked at 100.25 s."""
    times = iter([100.0, 100.25])
    instance = Instance(clock=lambda: next(times))
    first = instance.arrive()
    assert first.cold_s == 0.25
    assert instance.arrive() == (first.instance, None)


def test_clients_that_take_it_get_it_compressed(client: FlaskClient, asked: Asked, plans: Plans) -> None:
    plain = ask(client, asked)
    packed = ask(client, asked, **{"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    refused = ask(client, asked, **{"Accept-Encoding": "gzip;q=0"})
    assert refused.data == plain.data
    assert "Accept-Encoding" in packed.headers["Vary"]


# --- the same request, the same answer ----------------------------------------------------------------------------


def test_the_same_request_is_answered_with_the_same_bytes(client: FlaskClient, asked: Asked, plans: Plans) -> None:
    first = ask(client, asked)
    again = ask(client, dict(reversed({**asked, "seed": 0, "hike_km": 4.0, "via": []}.items())))
    assert again.data == first.data
    assert len(plans) == 1


def test_another_request_is_another_answer(client: FlaskClient, asked: Asked, plans: Plans) -> None:
    ids = {ask(client, {**asked, **change}).json["id"] for change in ({}, {"seed": 1}, {"drive_km": 4.9})}
    assert len(ids) == len(plans) == 3


def test_an_answer_survives_a_restart(square_store: SqliteStore, asked: Asked, plans: Plans) -> None:
    bodies = {ask(create_app(Settings(), square_store).test_client(), asked).data for _ in range(2)}
    assert len(bodies) == 1
    assert len(plans) == 1


def test_an_answer_of_another_process_is_the_one(
    square_store: SqliteStore, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = create_app(Settings(), square_store).test_client()
    here = create_app(Settings(), square_store).test_client()
    told: list[bytes] = []

    def slow(*arguments: Any, **more: Any) -> Trip:
        if not told:
            told.append(b"")
            told[0] = ask(other, asked).data  # the other one is done before this one is
        return plan_trip(*arguments, **more)

    monkeypatch.setattr(api, "plan_trip", slow)
    assert ask(here, asked).data == told[0]


def test_new_data_make_new_answers(
    client: FlaskClient, asked: Asked, square_store: SqliteStore, square: Region, plans: Plans
) -> None:
    first = ask(client, asked)
    square_store.replace_region(dataclasses.replace(square, data_date="2026-02-02"))
    second = ask(client, asked)
    assert len(plans) == 2
    assert first.json["data"]["snapshot"] != second.json["data"]["snapshot"]
    assert first.json["id"] != second.json["id"]
    old = client.get(f"/v1/trips/{first.json['id']}")
    assert old.json == second.json, "a link from before leads to the trip on the data of today"
    assert old.headers["Content-Location"] == f"/v1/trips/{second.json['id']}"
    assert len(plans) == 2


@pytest.fixture
def slow(edge: Trip, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], int]]:
    """Planning that waits until `release` is set; tells how many have begun."""
    release = threading.Event()
    begun: list[int] = []

    def planning(*_: Any, **__: Any) -> Trip:
        begun.append(1)
        assert release.wait(10)
        return edge

    monkeypatch.setattr(api, "plan_trip", planning)

    def free() -> int:
        release.set()
        return len(begun)

    yield free
    release.set()


def together(app: Flask, requests: list[Asked], free: Callable[[], int]) -> tuple[list[TestResponse], int]:
    answers: list[TestResponse] = []
    threads = [threading.Thread(target=lambda a=a: answers.append(ask(app.test_client(), a))) for a in requests]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    begun = free()
    for thread in threads:
        thread.join()
    return answers, begun


def test_identical_requests_at_the_same_time_are_worked_out_once(
    app: Flask, asked: Asked, slow: Callable[[], int]
) -> None:
    answers, begun = together(app, [asked] * 4, slow)
    assert begun == 1
    assert {a.status_code for a in answers} == {200}
    assert len({a.data for a in answers}) == 1
    assert sum('desc="shared"' in a.headers["Server-Timing"] for a in answers) == 3


def test_a_failure_is_shared_too_and_not_kept(
    app: Flask, asked: Asked, edge: Trip, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    def failing(*_: Any, **__: Any) -> Trip:
        calls.append(1)
        time.sleep(0.3)
        raise TrailsUnavailable("the disk is gone")

    monkeypatch.setattr(api, "plan_trip", failing)
    answers, _ = together(app, [asked] * 3, lambda: 0)
    assert [a.status_code for a in answers] == [503] * 3
    assert len(calls) == 1
    monkeypatch.setattr(api, "plan_trip", lambda *_, **__: edge)
    assert ask(app.test_client(), asked).status_code == 200


def test_who_waits_too_long_is_told_to_come_back(
    square_store: SqliteStore, asked: Asked, slow: Callable[[], int]
) -> None:
    app = create_app(Settings(searches_at_once=1, patience_s=0), square_store)
    answers, begun = together(app, [{**asked, "seed": seed} for seed in range(3)], slow)
    statuses = sorted(a.status_code for a in answers)
    assert statuses == [200, 503, 503]
    assert begun == 1
    busy = next(a for a in answers if a.status_code == 503)
    assert busy.json["type"] == "/docs/errors/busy"
    assert int(busy.headers["Retry-After"]) >= 1


def test_a_turn_comes_back_after_an_error(
    square_store: SqliteStore, asked: Asked, edge: Trip, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(Settings(searches_at_once=1, patience_s=1), square_store)
    client = app.test_client()

    def broken(*_: Any, **__: Any) -> Trip:
        raise RuntimeError("a fault")

    monkeypatch.setattr(api, "plan_trip", broken)
    assert [ask(client, {**asked, "seed": s}).status_code for s in range(3)] == [500] * 3
    monkeypatch.setattr(api, "plan_trip", lambda *_, **__: edge)
    assert ask(client, asked).status_code == 200


@pytest.mark.parametrize(("proven", "searches"), [(True, 1), (False, 2)])
def test_that_there_is_no_loop_is_remembered_where_it_is_certain(
    client: FlaskClient, asked: Asked, monkeypatch: pytest.MonkeyPatch, proven: bool, searches: int
) -> None:
    calls: list[int] = []

    def none(*_: Any, **__: Any) -> Trip:
        calls.append(1)
        raise NoLoopInReach("there is none", relax=[{"field": "hike_km", "value": 4.0, "why": "exists"}], proven=proven)

    monkeypatch.setattr(api, "plan_trip", none)
    answers = [ask(client, asked) for _ in range(2)]
    assert [a.status_code for a in answers] == [409, 409]
    assert answers[0].json == answers[1].json
    assert len(calls) == searches


def test_memory_holds_the_latest_answers(square_store: SqliteStore) -> None:
    answers = Answers(capacity=2)
    origins = [answers.get(key, square_store, partial(Made, key.encode())).origin for key in "ababcabb"]
    # a and b are worked out, then in memory; c drives a out, a comes back from the store and drives b out
    assert origins == ["solved", "solved", "memory", "memory", "solved", "store", "store", "memory"]


# --- addresses ----------------------------------------------------------------------------------------------------


def test_the_permalink_leads_to_the_same_answer(client: FlaskClient, asked: Asked, plans: Plans) -> None:
    first = ask(client, asked)
    links = first.json["features"][0]["properties"]["links"]
    assert first.headers["Content-Location"] == links["permalink"]
    again = client.get(links["permalink"])
    assert again.data == first.data
    assert again.mimetype == "application/geo+json"
    assert len(plans) == 1


def test_a_permalink_works_where_nothing_is_kept(
    client: FlaskClient, asked: Asked, square: Region, square_store: SqliteStore, plans: Plans, tmp_path: Any
) -> None:
    first = ask(client, asked).json
    store = SqliteStore(str(tmp_path / "another.db"))
    store.replace_region(square)
    elsewhere = create_app(Settings(), store).test_client()
    second = elsewhere.get(first["features"][0]["properties"]["links"]["permalink"]).json
    assert len(plans) == 2
    assert second["trip"] == first["trip"]
    assert second["features"][0]["geometry"] == first["features"][0]["geometry"]


def test_a_browser_that_follows_the_permalink_sees_the_page(client: FlaskClient, asked: Asked, plans: Plans) -> None:
    link = ask(client, asked).json["features"][0]["properties"]["links"]["permalink"]
    browser = client.get(link, headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert browser.status_code == 303
    assert browser.location == f"/?trip={link.rsplit('/', 1)[1]}"
    assert "Accept" in client.get(link).headers["Vary"]
    assert client.get(link, headers={"Accept": "application/json"}).status_code == 200


def test_an_answer_by_its_address_can_be_revalidated(client: FlaskClient, asked: Asked, plans: Plans) -> None:
    link = ask(client, asked).json["features"][0]["properties"]["links"]["permalink"]
    first = client.get(link)
    assert "max-age=3600" in first.headers["Cache-Control"]
    again = client.get(link, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize(
    "text",
    [
        "e30~12345678",  # {}
        "bnVsbA~12345678",  # null
        "W10~12345678",  # []
        "eyJsb2NhdGlvbiI6IngiLCJoaWtlX2ttIjo5MDB9~12345678",  # hike_km 900
        "_____~12345678",  # no UTF-8
        "x~12345678",  # no base64
        "e30",
        "e30~",
        "e30~XYZ",
        "A" * (MAX_ID + 1) + "~12345678",
        "W1tb" * 700 + "~12345678",  # nested
    ],
)
def test_an_id_that_stands_for_no_trip_is_not_found(client: FlaskClient, text: str, plans: Plans) -> None:
    for form in ("", ".gpx", ".geojson"):
        response = client.get(f"/v1/trips/{text}{form}")
        assert response.status_code == 404
        assert response.mimetype == "application/problem+json"


def test_the_longest_request_has_an_id() -> None:
    longest = TripRequest.model_validate(
        {
            "location": "\U0001f97e" * 200,  # four bytes each
            "hike_km": 123.12345678901234,
            "drive_minutes": 123.12345678901234,
            "tolerance": 0.12345678901234567,
            "alternatives": 5,
            "seed": 2**53 - 1,
            "time_limit_s": 1.2345678901234567,
            "max_ascent_m": 1234.1234567890123,
            "max_road_share": 0.12345678901234567,
            "max_repeat_share": 0.12345678901234567,
            "max_difficulty": 3,
            "via": [[-123.12345678901234, -12.123456789012345]] * 10,
            "heading": 123.12345678901234,
            "prove": True,
        }
    )
    trip_id = TripId(longest, "12345678")
    assert len(str(trip_id)) <= MAX_ID
    assert TripId.read(str(trip_id)) == trip_id


def test_an_id_reads_back() -> None:
    trip_id = TripId(trip_request({"location": "Bärental ~/?", "hike_km": 5, "via": [[10, 50]]}), short_name("abc"))
    assert TripId.read(str(trip_id)) == trip_id
    with pytest.raises(NotFound):
        TripId.read("nothing")


def test_links_know_where_the_app_is_mounted(client: FlaskClient, asked: Asked, plans: Plans) -> None:
    mounted = client.post("/v1/trips", json=asked, environ_overrides={"SCRIPT_NAME": "/prod"})
    links = mounted.json["features"][0]["properties"]["links"]
    assert all(link.startswith("/prod/v1/trips/") for link in links.values())
    assert ask(client, asked).json["features"][0]["properties"]["links"]["permalink"].startswith("/v1/trips/")


# --- other forms --------------------------------------------------------------------------------------------------


def test_gpx_reads_back_to_the_same_line(client: FlaskClient, asked: Asked, plans: Plans) -> None:
    [feature] = ask(client, asked).json["features"]
    response = client.get(feature["properties"]["links"]["gpx"])
    assert response.mimetype == "application/gpx+xml"
    assert response.headers["Content-Disposition"] == 'attachment; filename="loop-barental-sud-4.0km-1.gpx"'
    track = gpxpy.parse(io.StringIO(response.text)).tracks[0]
    points = [[p.longitude, p.latitude, p.elevation] for p in track.segments[0].points]
    assert points == feature["geometry"]["coordinates"]
    assert "the square's surveyors" in response.text


def test_kml_reads_back_to_the_same_line(client: FlaskClient, asked: Asked, plans: Plans) -> None:
    [feature] = ask(client, asked).json["features"]
    response = client.get(feature["properties"]["links"]["kml"])
    assert response.mimetype == "application/vnd.google-earth.kml+xml"
    assert response.headers["Content-Disposition"].endswith('.kml"')
    lines = ElementTree.fromstring(response.data).iter("{http://www.opengis.net/kml/2.2}LineString")
    [text] = [line.findtext("{http://www.opengis.net/kml/2.2}coordinates") for line in lines]
    assert [[float(v) for v in p.split(",")] for p in (text or "").split()] == feature["geometry"]["coordinates"]


def test_one_loop_of_several(client: FlaskClient, asked: Asked, edge: Trip, monkeypatch: pytest.MonkeyPatch) -> None:
    best = edge.itineraries[0]
    turned = dataclasses.replace(best, rank=2, line=best.line[::-1], length_m=best.length_m + 1)
    two = dataclasses.replace(edge, itineraries=(best, turned))
    monkeypatch.setattr(api, "plan_trip", lambda *_, **__: two)
    document = ask(client, asked).json
    assert len(document["features"]) == 2
    for feature in document["features"]:
        links, rank = feature["properties"]["links"], feature["properties"]["rank"]
        single = client.get(links["geojson"])
        assert single.json["features"] == [feature]
        assert single.headers["Content-Disposition"].endswith(f'-{rank}.geojson"')
        gpx = gpxpy.parse(client.get(links["gpx"]).text)
        assert [gpx.tracks[0].segments[0].points[1].latitude] == [feature["geometry"]["coordinates"][1][1]]
        assert len(gpx.tracks) == 1
    whole = client.get(f"/v1/trips/{document['id']}.geojson")
    assert whole.json == document
    best = client.get(f"/v1/trips/{document['id']}.gpx")
    assert best.data == client.get(document["features"][0]["properties"]["links"]["gpx"]).data


def test_a_rank_that_is_none(client: FlaskClient, asked: Asked, plans: Plans) -> None:
    trip_id = ask(client, asked).json["id"]
    for form in ("", ".gpx", ".kml", ".geojson"):
        for rank in ("0", "6", "x", "1.0", "-1", "", "9" * 5000, "١"):
            response = client.get(f"/v1/trips/{trip_id}{form}", query_string={"rank": rank})
            assert response.status_code == 422, (form, rank)
            assert response.json["errors"][0]["field"] == "rank"


def test_a_rank_that_this_trip_does_not_have(client: FlaskClient, asked: Asked, plans: Plans) -> None:
    trip_id = ask(client, asked).json["id"]
    response = client.get(f"/v1/trips/{trip_id}.gpx?rank=2")
    assert response.status_code == 404
    assert "this trip has 1" in response.json["detail"]


def test_lines_of_loops_have_no_gap(client: FlaskClient, asked: Asked, plans: Plans) -> None:
    for feature in ask(client, {**asked, "hike_km": 3.4, "alternatives": 2}).json["features"]:
        line = feature["geometry"]["coordinates"]
        assert max(line_length_m(pair) for pair in pairwise(line)) < 720  # half of the longest side


def test_busy_is_told_with_the_seconds_to_wait(
    client: FlaskClient, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: Any, **__: Any) -> Trip:
        raise Busy("later", retry_after_s=7)

    monkeypatch.setattr(api, "plan_trip", busy)
    response = ask(client, asked)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "7")
