"""A small drawn country and an app on it."""

from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from loopgenie import api, create_app
from loopgenie.config import Settings
from loopgenie.geometry import LonLat, line_length_m
from loopgenie.parameters import TripParameters
from loopgenie.planner import Trip, plan_trip
from loopgenie.store import (
    Junction,
    LeftOut,
    Point,
    Region,
    Segment,
    SegmentCore,
    SourceFile,
    Stretch,
    Trailhead,
    TrailStore,
)
from loopgenie.store.sqlite import SqliteStore
from loopgenie.ways import WORTH, WayKind

#: (lon, lat, elevation in metres) of the corners of a square with sides of about 1 km.
CORNERS = ((10.0, 50.0, 100.0), (10.014, 50.0, 150.0), (10.014, 50.009, 200.0), (10.0, 50.009, 150.0))


def _segment(i: int, start: int, end: int, kind: WayKind, name: str | None) -> Segment:
    a, b = CORNERS[start], CORNERS[end]
    line = (a, ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2, (a[2] + b[2]) / 2), b)
    length = line_length_m(line)
    climb = round(b[2] - a[2])
    road_m = length if kind is WayKind.MINOR_ROAD else 0.0
    core = SegmentCore(i, start, end, length, length * WORTH[kind], max(climb, 0), max(-climb, 0), road_m, 2)
    return Segment(core, line, (Stretch(length, kind, name, None, 2, f"way {i}"),))


def _line(west: float, east: float, lat: float) -> tuple[LonLat, LonLat]:
    return LonLat(west, lat), LonLat(east, lat)


@pytest.fixture(scope="session")
def square() -> Region:
    """
    3 --High Path-- 2        sides: 1004 m east-west, 1001 m north-south; the diagonal: 1418 m
    |            /  |        loops: 0-1-2-0 and 0-2-3-0 of 3422 m, 0-1-2-3-0 of 4009 m
    Ridge  Diag-    East     the lane from 0 to 1 is a minor road
    |     onal      |
    | /             |
    0 ----lane----- 1
    """
    ways = (
        (0, 1, WayKind.MINOR_ROAD, "Lane"),
        (1, 2, WayKind.PATH, "East Path"),
        (2, 3, WayKind.PATH, "High Path"),
        (3, 0, WayKind.PATH, "Ridge Path"),
        (0, 2, WayKind.PATH, "Diagonal"),
    )
    return Region(
        name="square",
        junctions=[Junction(i, *corner) for i, corner in enumerate(CORNERS)],
        segments=[_segment(i, *way) for i, way in enumerate(ways)],
        trailheads=[
            Trailhead(0, 0, "Bärental Süd", "parking", 10.0, 50.0, 12.345, 0.0),
            Trailhead(1, 2, None, "road end", 10.014, 50.009, 0.0),
        ],
        points=[
            Point(0, "village", "Bärental", 10.001, 50.0, 100.0, 321),
            Point(1, "peak", "Bärenkopf", 10.014, 50.009, 200.0),
            Point(2, "water", None, 10.014, 50.0),
        ],
        attribution=("© the square's surveyors",),
        sources=(SourceFile("drawn.txt", "generic", "© Somebody"),),
        data_date="2026-01-01",
        left_out={"no way for walkers": 3},
        refused=[
            LeftOut(0, "no public access", "access=private", "Castle Drive", "way 77", _line(10.002, 10.003, 50.002)),
            LeftOut(1, "informal", None, None, None, _line(10.002, 10.003, 50.008)),
        ],
        loop_km=5.43,
    )


@pytest.fixture
def square_store(square: Region, tmp_path: Path) -> SqliteStore:
    """The square in a database of its own."""
    store = SqliteStore(str(tmp_path / "square.db"))
    store.replace_region(square)
    return store


@pytest.fixture
def app(square_store: SqliteStore) -> Flask:
    """The app on the square."""
    return create_app(Settings(patience_s=5), square_store)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Somebody who asks."""
    return app.test_client()


@pytest.fixture
def asked() -> dict[str, object]:
    """A request that the square has an answer to: its outer edge."""
    return {"location": "Bärental", "hike_km": 4, "drive_km": 5, "tolerance": 0.05, "time_limit_s": 0.25}


@pytest.fixture(scope="session")
def edge(square: Region, tmp_path_factory: pytest.TempPathFactory) -> Trip:
    """The answer to `asked`, planned once."""
    store = SqliteStore(str(tmp_path_factory.mktemp("edge") / "square.db"))
    store.replace_region(square)
    return plan_trip(
        TripParameters(location="Bärental", hike_m=4000, drive_m=5000, tolerance=0.05, time_limit_s=0.5), store
    )


@pytest.fixture
def plans(edge: Trip, monkeypatch: pytest.MonkeyPatch) -> list[TripParameters]:
    """Plan every trip at once, as `edge`; the list holds what was asked for."""
    planned: list[TripParameters] = []

    def at_once(parameters: TripParameters, store: TrailStore, **_: object) -> Trip:
        planned.append(parameters)
        return replace(edge, parameters=parameters, snapshot=store.snapshot())

    monkeypatch.setattr(api, "plan_trip", at_once)
    return planned
