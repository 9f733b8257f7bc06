"""Files of trips of several days over HTTP."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import gpxpy
import pytest
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator

from loopgenie import create_app, exports, openapi
from loopgenie.config import Settings
from loopgenie.store import Anchor, Point, Region
from loopgenie.store.sqlite import SqliteStore
from loopgenie.trip_text import trip_text
from tests.unit.trek_document import trek

KML = "{http://www.opengis.net/kml/2.2}"


@pytest.fixture
def trek_id(client: FlaskClient, plans: list[Any], asked: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> str:
    """The id of a trip whose answer is that of four days, whatever was asked."""
    monkeypatch.setattr(exports, "trip_geojson", lambda *_, **__: trek())
    return str(client.post("/v1/trips", json=asked).json["id"])


@pytest.fixture
def camp(square: Region, tmp_path: Path) -> FlaskClient:
    """Somebody who asks on the square, with a camp 100 m off its far corner and a spring on the way along the ridge."""
    told = {"type": "campsite", "capacity": "6", "source": "drawn 1", "date": "2020-02-02"}
    points = [
        Point(0, "camp", "Bärencamp", 10.0154, 50.009, 210.0, details=told, anchor=Anchor(1, 1.0, 100.0)),
        Point(1, "water", None, 10.0, 50.0045, details={"type": "spring"}, anchor=Anchor(3, 0.5, 0.0)),
    ]
    store = SqliteStore(str(tmp_path / "camp.db"))
    store.replace_region(replace(square, points=points))
    return create_app(Settings(patience_s=5), store).test_client()


def test_a_real_answer_is_as_it_is_described(camp: FlaskClient) -> None:
    """
    3 --------- 2 ..camp    from 0 to 2 it is 2.0 km by the high path and the ridge, 1.4 km by the diagonal, and 2.0 km
    |         / |           with the lane, which is a road and earns little; the way to the camp is 0.1 km more.
    | /         |           The first and the last day may be half as long as the others
    0 --------- 1
    """
    asked = {"location": "50.0,10.0", "drive_km": 0, "days": 3, "rest_days": 1, "day_km": [1.6, 2.6]}
    response = camp.post("/v1/trips", json={**asked, "date": "2026-07-04", "time_limit_s": 0.3})
    assert response.status_code == 200, response.text
    openapi.TripAnswer.model_validate_json(response.data, strict=True)
    schema = {**openapi.document(), "$ref": "#/components/schemas/TripAnswer"}
    Draft202012Validator(schema).validate(response.json)
    [feature] = response.json["features"]
    assert [day["camp"] and day["camp"]["name"] for day in days(feature)] == ["Bärencamp", "Bärencamp", None]
    assert [day["rest"] for day in days(feature)] == [False, True, False]
    assert sorted(round(day["length_m"], -2) for day in days(feature)) == [0, 1500, 2100]
    gpx = gpxpy.parse(camp.get(f"{feature['properties']['links']['gpx']}&tracks=days").text)
    assert [len(track.segments[0].points) for track in gpx.tracks] == [
        len(day["geometry"]["coordinates"]) for day in days(feature) if not day["rest"]
    ]
    assert [waypoint.name for waypoint in gpx.waypoints] == ["50.00000,10.00000", "Bärencamp"]
    assert "night 1: 2026-07-04; night 2: 2026-07-05; campsite" in (gpx.waypoints[1].description or "")
    assert "Bärencamp (campsite)" in trip_text(response.json)


def days(feature: dict[str, Any]) -> list[dict[str, Any]]:
    return list(feature["properties"]["days"])


def test_a_trip_of_several_days_that_is_none_is_a_problem_as_described(camp: FlaskClient) -> None:
    """The camp is 2.1 km away by either way round, 1.5 km by the diagonal: no day of 1.2 km comes there."""
    asked = {"location": "50.0,10.0", "drive_km": 0, "days": 2, "day_km": [1, 1.2], "time_limit_s": 0.3}
    response = camp.post("/v1/trips", json=asked)
    assert response.status_code == 409
    schema = {**openapi.document(), "$ref": "#/components/schemas/Problem"}
    Draft202012Validator(schema).validate(response.json)
    openapi.Problem.model_validate_json(response.data, strict=True)


def test_a_file_has_one_track_or_one_for_each_day(client: FlaskClient, trek_id: str) -> None:
    """Four days, one of rest."""
    for query, tracks in (("", 1), ("?tracks=one", 1), ("?tracks=days", 3), ("?rank=1&tracks=days", 3)):
        gpx = client.get(f"/v1/trips/{trek_id}.gpx{query}")
        assert gpx.mimetype == "application/gpx+xml"
        assert len(gpxpy.parse(gpx.text).tracks) == tracks
        kml = client.get(f"/v1/trips/{trek_id}.kml{query}")
        assert kml.mimetype == "application/vnd.google-earth.kml+xml"
        assert len([*ElementTree.fromstring(kml.data).iter(f"{KML}LineString")]) == tracks


def test_the_name_of_a_file_says_how_many_days(client: FlaskClient, trek_id: str) -> None:
    for form in ("gpx", "kml", "geojson"):
        disposition = client.get(f"/v1/trips/{trek_id}.{form}").headers["Content-Disposition"]
        assert disposition == f'attachment; filename="trek-pal-4days-30.5km-1.{form}"'


@pytest.mark.parametrize("given", ["", "two", "DAYS", "1", "x" * 5000])
def test_other_tracks_are_refused(client: FlaskClient, trek_id: str, given: str) -> None:
    for form in ("gpx", "kml"):
        response = client.get(f"/v1/trips/{trek_id}.{form}", query_string={"tracks": given})
        assert response.status_code == 422
        [error] = response.json["errors"]
        assert error == {"field": "tracks", "detail": f"is {given[:20]!r}, want one or days"}


def test_only_files_of_tracks_have_tracks(client: FlaskClient, trek_id: str) -> None:
    for form in ("", ".geojson"):
        response = client.get(f"/v1/trips/{trek_id}{form}?tracks=days")
        assert response.status_code == 422
        assert response.json["errors"] == [{"field": "tracks", "detail": "is no parameter here, want one of rank"}]
    twice = client.get(f"/v1/trips/{trek_id}.gpx?tracks=days&tracks=one")
    assert twice.json["errors"] == [{"field": "tracks", "detail": "stands 2 times, want it once"}]
