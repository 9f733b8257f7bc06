"""Files of trips of several days over HTTP."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import gpxpy
import pytest
from flask.testing import FlaskClient

from loopgenie import exports
from tests.unit.trek_document import trek

KML = "{http://www.opengis.net/kml/2.2}"


@pytest.fixture
def trek_id(client: FlaskClient, plans: list[Any], asked: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> str:
    """The id of a trip whose answer is that of four days, whatever was asked."""
    monkeypatch.setattr(exports, "trip_geojson", lambda *_, **__: trek())
    return str(client.post("/v1/trips", json=asked).json["id"])


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
