"""Drives by road in answers; an answer that had to do without the engine is told, but is not the answer for good."""

from collections.abc import Sequence
from typing import Any

import pytest
from flask import Flask

from loopgenie import api, create_app
from loopgenie.config import Settings
from loopgenie.drive import STRAIGHT_LINE, Drive, Drives
from loopgenie.geometry import LonLat
from loopgenie.store.sqlite import SqliteStore

Asked = dict[str, Any]
ESTIMATE = "estimate: straight line x 1.3 (the drive engine did not answer)"


class Engine:
    """Roads of 3 km and 4 minutes to everywhere, or nowhere; estimates while it is `down`."""

    def __init__(self) -> None:
        self.down = False
        self.drive: Drive | None = Drive(3000.0, 240.0)
        self.patience: list[float] = []

    def farthest_m(self, drive_m: float | None, drive_s: float | None) -> float:
        return drive_m or 100_000.0

    def drives(self, origin: LonLat, goals: Sequence[LonLat], *, patience_s: float) -> Drives:
        self.patience.append(patience_s)
        if self.down:
            return Drives(ESTIMATE, STRAIGHT_LINE.drives(origin, goals).found, lasting=False)
        return Drives("by road (Valhalla)", [self.drive] * len(goals))


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def by_road(square_store: SqliteStore, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Flask:
    monkeypatch.setattr(api, "engine_at", lambda url, timeout_s: engine)
    return create_app(Settings(drive_engine_url="http://roads:8002"), square_store)


def head(answer: Any) -> Any:
    return answer.json["features"][0]["properties"]["trailhead"]


def test_drives_are_those_of_the_engine(by_road: Flask, asked: Asked, engine: Engine) -> None:
    trailhead = head(by_road.test_client().post("/v1/trips", json=asked))
    told = trailhead["drive_km"], trailhead["drive_minutes"], trailhead["drive_method"]
    assert told == (3.0, 4.0, "by road (Valhalla)")
    assert engine.patience == [pytest.approx(asked["time_limit_s"], abs=0.2)], "no longer than the search may take"


def test_an_estimate_in_its_place_is_told_but_not_kept(by_road: Flask, asked: Asked, engine: Engine) -> None:
    client = by_road.test_client()
    engine.down = True
    first = client.post("/v1/trips", json=asked)
    assert head(first)["drive_method"] == ESTIMATE
    link = client.get(first.headers["Content-Location"])
    assert "max-age" not in link.headers["Cache-Control"], "a browser must not keep it either"
    engine.down = False
    second = client.post("/v1/trips", json=asked)
    assert head(second)["drive_method"] == "by road (Valhalla)"
    engine.down = True
    assert client.post("/v1/trips", json=asked).data == second.data, "this one is kept"
    assert "max-age=3600" in client.get(second.headers["Content-Location"]).headers["Cache-Control"]
    assert len(engine.patience) == 3


def test_another_process_does_not_find_it_in_the_store(
    by_road: Flask, square_store: SqliteStore, asked: Asked, engine: Engine
) -> None:
    engine.down = True
    by_road.test_client().post("/v1/trips", json=asked)
    engine.down = False
    other = create_app(Settings(drive_engine_url="http://roads:8002"), square_store).test_client()
    assert head(other.post("/v1/trips", json=asked))["drive_method"] == "by road (Valhalla)"


def test_what_was_estimated_before_there_was_an_engine_is_not_told_with_it(
    by_road: Flask, square_store: SqliteStore, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr(api, "engine_at", lambda url, timeout_s: STRAIGHT_LINE)
        without = create_app(Settings(), square_store).test_client()
    assert head(without.post("/v1/trips", json=asked))["drive_method"] == "estimate: straight line x 1.3"
    assert head(by_road.test_client().post("/v1/trips", json=asked))["drive_method"] == "by road (Valhalla)"


def test_where_no_road_leads_there_is_no_trailhead(by_road: Flask, asked: Asked, engine: Engine) -> None:
    engine.drive = None
    answer = by_road.test_client().post("/v1/trips", json=asked)
    assert answer.status_code == 409
    assert "no trailhead within a drive of 5 km of Bärental; none is within a drive of 500 km" in answer.json["detail"]


def test_that_there_is_none_within_an_estimate_is_not_kept(by_road: Flask, asked: Asked, engine: Engine) -> None:
    # the nearer trailhead is 0.041 degrees (4.56 km) to the south and 1 km to the east: 4.67 km x 1.3 = 6.07 km
    far = asked | {"location": {"lat": 50.05, "lon": 10.0}}
    client = by_road.test_client()
    engine.down = True
    none = client.post("/v1/trips", json=far)
    assert none.status_code == 409
    assert f"6.1 km or 7 minutes by car ({ESTIMATE})" in none.json["detail"]
    engine.down = False
    assert client.post("/v1/trips", json=far).status_code == 200
