"""Places that are no points of the trail data, in answers: who is named, what was taken, what is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from loopgenie import api, create_app, openapi
from loopgenie.config import Settings
from loopgenie.geometry import LonLat
from loopgenie.places import GeocoderSilent, Located
from loopgenie.store import Town
from loopgenie.store.sqlite import SqliteStore

Asked = dict[str, Any]
CREDIT = "Towns: drawn by hand"

#: The first is in the middle of the square of the trail data, the others far away.
TOWNS = (
    Town("Centre", "Here", "HR", 10.007, 50.004, 5000),
    Town("Centre", "There", "TH", -10.0, 10.0, 4000),
    Town("Bärental", "There", "TH", -10.0, 10.0, 20_000),
    Town("Far", "There", "TH", -10.0, 10.0, 4000),
    Town("Far", "Yonder", "YO", -20.0, 10.0, 3000),
)


@pytest.fixture
def with_towns(square_store: SqliteStore) -> FlaskClient:
    square_store.replace_gazetteer(CREDIT, TOWNS)
    return create_app(Settings(), square_store).test_client()


# --- the gazetteer ------------------------------------------------------------------------------------------------


def test_a_trip_from_a_town_names_the_gazetteer(with_towns: FlaskClient, asked: Asked) -> None:
    answer = with_towns.post("/v1/trips", json=asked | {"location": "Centre"})
    openapi.TripAnswer.model_validate_json(answer.data, strict=True)
    assert answer.json["trip"]["location"] == {
        "name": "Centre",
        "lon": 10.007,
        "lat": 50.004,
        "region": "Here",
        "kind": "village",
        "source": "gazetteer",
        "also": ["Centre, There"],
    }
    assert answer.json["data"]["attribution"] == ["© the square's surveyors", CREDIT]
    for form in ("gpx", "kml"):
        assert CREDIT in with_towns.get(f"/v1/trips/{answer.json['id']}.{form}").text


def test_a_trip_from_a_point_names_the_trails_alone(with_towns: FlaskClient, asked: Asked) -> None:
    answer = with_towns.post("/v1/trips", json=asked).json
    assert answer["trip"]["location"]["source"] == "trails"
    assert answer["trip"]["location"]["also"] == ["Bärental, There"]
    assert answer["data"]["attribution"] == ["© the square's surveyors"]


def test_a_town_far_from_all_trails_is_named_in_the_refusal(with_towns: FlaskClient, asked: Asked) -> None:
    answer = with_towns.post("/v1/trips", json=asked | {"location": "Far"})
    assert answer.status_code == 409
    assert answer.json["detail"] == (
        "there is no trailhead within a drive of 5 km of Far (There), which is outside the trail data (it has "
        "square); other places of that name: Far, Yonder; none is within a drive of 500 km"
    )
    here = with_towns.post("/v1/trips", json=asked | {"location": "Centre, There", "drive_km": 0})
    assert here.json["detail"].startswith("no trail that may be walked is within 250 m of Centre (There), which is")


def test_a_new_gazetteer_makes_new_answers(with_towns: FlaskClient, square_store: SqliteStore, asked: Asked) -> None:
    request = asked | {"location": "Centre"}
    before = with_towns.post("/v1/trips", json=request).json
    square_store.replace_gazetteer("Towns: drawn anew", TOWNS[:1])
    after = with_towns.post("/v1/trips", json=request).json
    assert after["data"]["attribution"][-1] == "Towns: drawn anew"
    assert after["id"] != before["id"], "it is another snapshot"


def test_suggestions_say_where_they_are_from(with_towns: FlaskClient) -> None:
    answer = with_towns.get("/v1/places?q=b%C3%A4rent")
    openapi.Places.model_validate_json(answer.data, strict=True)
    point, town = answer.json["features"]
    assert (point["properties"]["source"], point["properties"]["region"]) == ("trails", "square")
    assert "id" in point
    assert "id" not in town
    assert town["geometry"] == {"type": "Point", "coordinates": [-10.0, 10.0]}
    assert town["properties"] == {
        "name": "Bärental",
        "kind": "town",
        "elevation_m": None,
        "population": 20_000,
        "region": "There",
        "source": "gazetteer",
        "location": "Bärental, There",
    }
    assert answer.json["numberMatched"] == 2
    assert answer.json["data"]["attribution"] == ["© the square's surveyors", CREDIT]


def test_suggestions_without_a_town_name_no_gazetteer(with_towns: FlaskClient) -> None:
    assert with_towns.get("/v1/places?q=b%C3%A4renk").json["data"]["attribution"] == ["© the square's surveyors"]
    first = with_towns.get("/v1/places?q=b%C3%A4rent&limit=1").json
    assert (first["numberMatched"], first["data"]["attribution"]) == (2, ["© the square's surveyors"])


def test_towns_are_in_the_box_if_there_is_one(with_towns: FlaskClient) -> None:
    found = with_towns.get("/v1/places?q=centre&bbox=9,49,11,51").json["features"]
    assert [place["properties"]["region"] for place in found] == ["Here"]
    everything = with_towns.get("/v1/places?bbox=-180,-90,180,90").json["features"]
    assert {place["properties"]["source"] for place in everything} == {"trails"}, "a map labels what it shows"


def test_what_is_suggested_is_understood(with_towns: FlaskClient, asked: Asked) -> None:
    for place in with_towns.get("/v1/places?q=centre&bbox=9,49,11,51").json["features"]:
        request = asked | {"location": place["properties"]["location"]}
        told = with_towns.post("/v1/trips", json=request).json["trip"]["location"]
        assert [told["lon"], told["lat"]] == place["geometry"]["coordinates"]


# --- the geocoder -------------------------------------------------------------------------------------------------


class Outside:
    """Knows the Inn, which may move, unless it is down."""

    def __init__(self) -> None:
        self.at, self.down = LonLat(10.007, 50.004), False

    def find(self, query: str) -> Located | None:
        if self.down:
            raise GeocoderSilent("nothing within 2 s")
        known = Located(self.at, "Inn", "By the Wood", None, "geocoder", (), ("© the mappers",))
        return known if query == "Inn" else None


@pytest.fixture
def outside() -> Outside:
    return Outside()


@pytest.fixture
def with_geocoder(square_store: SqliteStore, outside: Outside, monkeypatch: pytest.MonkeyPatch) -> Flask:
    monkeypatch.setattr(api, "geocoder_at", lambda url, timeout_s, workers: outside)
    return create_app(Settings(geocoder_url="http://names/search"), square_store)


@pytest.fixture
def solved(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A line for each trip that was planned rather than taken from where answers are kept."""
    planned: list[str] = []
    plan: Callable[..., Any] = api.plan_trip

    def noted(parameters: Any, *rest: Any, **more: Any) -> Any:
        planned.append(parameters.location)
        return plan(parameters, *rest, **more)

    monkeypatch.setattr(api, "plan_trip", noted)
    return planned


def test_a_trip_from_where_the_geocoder_says(with_geocoder: Flask, asked: Asked) -> None:
    answer = with_geocoder.test_client().post("/v1/trips", json=asked | {"location": "Inn"})
    openapi.TripAnswer.model_validate_json(answer.data, strict=True)
    told = answer.json["trip"]["location"]
    assert (told["name"], told["region"], told["source"], told["kind"]) == ("Inn", "By the Wood", "geocoder", None)
    assert answer.json["data"]["attribution"] == ["© the square's surveyors", "© the mappers"]


def test_an_answer_is_kept_for_as_long_as_the_place_stays(
    with_geocoder: Flask, outside: Outside, solved: list[str], asked: Asked
) -> None:
    client, request = with_geocoder.test_client(), asked | {"location": "Inn"}
    first = client.post("/v1/trips", json=request).json
    assert client.post("/v1/trips", json=request).json["features"] == first["features"]
    again = client.get(f"/v1/trips/{first['id']}").json
    assert (len(solved), again["features"]) == (1, first["features"]), "one search, so a file is of the loop shown"
    outside.at = LonLat(10.0, 50.0)
    moved = client.post("/v1/trips", json=request).json
    assert len(solved) == 2
    assert (moved["trip"]["location"]["lon"], moved["trip"]["location"]["lat"]) == (10.0, 50.0)
    outside.at = LonLat(10.007, 50.004)
    assert client.post("/v1/trips", json=request).json["timing"] == first["timing"], "the first answer is still there"


def test_own_places_do_not_wait_for_the_geocoder(with_geocoder: Flask, outside: Outside, asked: Asked) -> None:
    outside.down = True
    assert with_geocoder.test_client().post("/v1/trips", json=asked).status_code == 200


def test_a_geocoder_that_does_not_answer_is_told(with_geocoder: Flask, outside: Outside, asked: Asked) -> None:
    outside.down = True
    answer = with_geocoder.test_client().post("/v1/trips", json=asked | {"location": "Bärntal"})
    assert answer.status_code == 404
    assert answer.json["detail"] == (
        "no place named 'Bärntal' in the trail data, and the geocoder did not answer (nothing within 2 s); "
        "did you mean Bärental?"
    )
    assert answer.json["near_matches"] == ["Bärental"]


def test_settings_make_the_geocoder(square_store: SqliteStore) -> None:
    assert create_app(Settings(), square_store).extensions["loopgenie"].geocoder is None
    asked = create_app(Settings(geocoder_url="http://names/search", workers=3), square_store)
    assert asked.extensions["loopgenie"].geocoder is not None
