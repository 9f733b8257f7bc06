"""The whole way of a request on the sample region: real store, real search."""

import io
import time
from itertools import pairwise

import gpxpy
import pytest
from flask.testing import FlaskClient

from loopgenie import create_app, openapi
from loopgenie.config import Settings
from loopgenie.geometry import distance_m, line_length_m
from loopgenie.importing.sample import sample_region
from loopgenie.store.sqlite import SqliteStore


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> SqliteStore:
    """The sample region."""
    sample = SqliteStore(str(tmp_path_factory.mktemp("sample") / "sample.db"))
    sample.replace_region(sample_region(seed=0, size=12))
    return sample


@pytest.fixture(scope="module")
def hikers(store: SqliteStore) -> FlaskClient:
    """Those who ask."""
    return create_app(Settings(), store).test_client()


@pytest.fixture(scope="module")
def centre(store: SqliteStore) -> str:
    """The middle of the region, latitude first."""
    [region] = store.snapshot().regions
    assert region.box is not None
    box = region.box
    return f"{(box.min_lat + box.max_lat) / 2:.4f},{(box.min_lon + box.max_lon) / 2:.4f}"


@pytest.mark.parametrize("hike_km", [5, 9, 14])
def test_loops_are_closed_and_as_long_as_asked(hikers: FlaskClient, centre: str, hike_km: float) -> None:
    asked = {"location": centre, "hike_km": hike_km, "drive_km": 15, "alternatives": 3, "time_limit_s": 0.5}
    began = time.perf_counter()
    response = hikers.post("/v1/trips", json=asked)
    assert time.perf_counter() - began < 0.5 + 0.5
    assert response.status_code == 200, response.text
    openapi.TripAnswer.model_validate(response.json)
    assert response.json["data"]["synthetic"] is True
    for feature in response.json["features"]:
        line, properties = feature["geometry"]["coordinates"], feature["properties"]
        assert line[0] == line[-1]
        assert line_length_m(line) == pytest.approx(properties["length_m"], rel=1e-3)
        assert 0.9 * hike_km <= properties["length_m"] / 1000 <= 1.1 * hike_km
        assert properties["trailhead"]["drive_km"] <= 15
        assert properties["cues"]
        assert distance_m(line[0], (properties["trailhead"]["lon"], properties["trailhead"]["lat"])) < 500
        heights = [p[2] for p in line]
        rough = sum(max(0.0, b - a) for a, b in pairwise(heights))
        assert 0 < properties["ascent_m"] <= rough + 1
        track = gpxpy.parse(io.StringIO(hikers.get(properties["links"]["gpx"]).text)).tracks[0].segments[0]
        assert [[p.longitude, p.latitude, p.elevation] for p in track.points] == line


def test_start_here(hikers: FlaskClient, store: SqliteStore) -> None:
    [region] = store.snapshot().regions
    assert region.box is not None
    junction = store.segments_in(region.box, 1)[0].line[0]
    asked = {
        "location": f"{junction[1]},{junction[0]}",
        "hike_km": 6,
        "drive_km": 0,
        "tolerance": 0.5,
        "time_limit_s": 0.5,
    }
    response = hikers.post("/v1/trips", json=asked)
    assert response.status_code == 200, response.text
    start = response.json["features"][0]["geometry"]["coordinates"][0]
    assert distance_m(start, junction) < 250
    assert response.json["features"][0]["properties"]["trailhead"]["drive_km"] == 0


def test_limits_hold(hikers: FlaskClient, centre: str) -> None:
    asked = {"location": centre, "hike_km": 8, "drive_km": 15, "time_limit_s": 0.5}
    free = hikers.post("/v1/trips", json=asked).json["features"][0]["properties"]
    ceiling = max(50, free["ascent_m"] - 50)
    response = hikers.post("/v1/trips", json={**asked, "max_ascent_m": ceiling, "max_repeat_share": 0.05})
    if response.status_code == 200:
        properties = response.json["features"][0]["properties"]
        assert properties["ascent_m"] <= ceiling
        assert properties["repeat_share"] <= 0.05
    else:
        assert response.status_code == 409
        assert response.json["detail"]


def test_longer_than_all_trails_together_names_what_exists(
    hikers: FlaskClient, store: SqliteStore, centre: str
) -> None:
    """Without walking anything twice no loop is longer than all trails; 0.9 x 1.2 of their length is."""
    [region] = store.snapshot().regions
    hike_km = 1.2 * region.trail_km
    assert hike_km < 500, "a request may not ask for more"
    asked = {"location": centre, "hike_km": hike_km, "max_repeat_share": 0, "time_limit_s": 0.3}
    response = hikers.post("/v1/trips", json=asked)
    assert response.status_code == 409, response.text
    assert response.json["detail"]
    for change in response.json["relax"]:
        assert set(change) >= {"field", "value", "why"}
