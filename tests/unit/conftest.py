"""What several of the tests beside this file stand on."""

from pathlib import Path

import pytest

from loopgenie.geometry import line_length_m
from loopgenie.store import Junction, Point, Region, Segment, SegmentCore, Stretch, Trailhead
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


@pytest.fixture(scope="session")
def square() -> Region:
    """
    3 --High Path-- 2        sides: 1003 m east-west, 1001 m north-south; the diagonal: 1417 m
    |            /  |        loops from 0: 0-1-2-0 and 0-2-3-0 of 3421 m, 0-1-2-3-0 of 4007 m
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
            Trailhead(0, 0, "Bärental Süd", "parking", 10.0, 50.0, 12.345),
            Trailhead(1, 2, None, "road end", 10.014, 50.009, 0.0),
        ],
        points=[
            Point(0, "village", "Bärental", 10.001, 50.0, 100.0, 321),
            Point(1, "peak", "Bärenkopf", 10.014, 50.009, 200.0),
            Point(2, "water", None, 10.014, 50.0),
        ],
        attribution=("© the square's surveyors",),
        sources=("drawn.txt",),
        data_date="2026-01-01",
        left_out={"no way for walkers": 3},
    )


@pytest.fixture
def square_store(square: Region, tmp_path: Path) -> SqliteStore:
    """The square in a database of its own."""
    store = SqliteStore(str(tmp_path / "square.db"))
    store.replace_region(square)
    return store
