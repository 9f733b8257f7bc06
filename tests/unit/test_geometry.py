"""Lengths, directions and cuts on the ground."""

import math
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from loopgenie import geometry
from loopgenie.geometry import (
    Box,
    LonLat,
    bearing_deg,
    between,
    compass_point,
    cut,
    distance_m,
    line_length_m,
    nearest_on_line,
    positions_at,
)

LON = st.floats(-180, 180)
LAT = st.floats(-85, 85)
PLACE = st.builds(LonLat, LON, LAT)
NEAR = st.floats(-0.02, 0.02)


@given(PLACE, st.floats(-30, 30), st.floats(-30, 30))
def test_distances_agree_with_the_geodesic(a: LonLat, d_lon: float, d_lat: float) -> None:
    """Up to some 5,000 km: 30 degrees both ways."""
    geod = pytest.importorskip("pyproj").Geod(ellps="WGS84")
    b = LonLat(a.lon + d_lon, min(max(a.lat + d_lat, -85.0), 85.0))
    exact = geod.inv(*a, *b)[2]
    assert math.isclose(distance_m(a, b), exact, rel_tol=2e-6, abs_tol=1e-3)


@given(LON, st.floats(-80, 80), NEAR, NEAR)
def test_short_distances_agree_to_a_ten_millionth(lon: float, lat: float, d_lon: float, d_lat: float) -> None:
    geod = pytest.importorskip("pyproj").Geod(ellps="WGS84")
    a, b = (lon, lat), (lon + d_lon, lat + d_lat)
    assert math.isclose(distance_m(a, b), geod.inv(*a, *b)[2], rel_tol=2e-7, abs_tol=1e-4)


def test_a_degree_on_the_equator_and_along_a_meridian() -> None:
    # a * pi / 180 = 111,319.49 m; the first degree of a meridian has 110,574.39 m
    assert distance_m((10, 0), (11, 0)) == pytest.approx(111_319.49, abs=0.2)
    assert distance_m((10, 0), (10, 1)) == pytest.approx(110_574.39, abs=0.2)
    assert distance_m((10, 5), (10, 5)) == 0


def test_distances_go_the_short_way_over_the_date_line() -> None:
    assert distance_m((179.99, 0), (-179.99, 0)) == pytest.approx(0.02 * 111_319.49, abs=0.01)
    assert line_length_m([(179.99, 0), (-179.99, 0), (179.99, 0)]) == pytest.approx(0.04 * 111_319.49, abs=0.02)


@given(PLACE, st.floats(0, 100_000))
def test_a_grown_box_holds_everything_within_that_distance(at: LonLat, metres: float) -> None:
    box = Box(*at, *at).grown(metres)
    geod = pytest.importorskip("pyproj").Geod(ellps="WGS84")
    for direction in range(0, 360, 45):
        lon, lat, _ = geod.fwd(*at, direction, metres * (1 - 1e-9))
        if abs(lon - at.lon) < 180:  # boxes end at the date line
            assert box.min_lon - 1e-9 <= lon <= box.max_lon + 1e-9
            assert box.min_lat - 1e-9 <= lat <= box.max_lat + 1e-9


@pytest.mark.parametrize(
    ("to", "bearing", "word"),
    [
        ((0, 1), 0, "north"),
        ((1, 1), 45, "north-east"),
        ((1, 0), 90, "east"),
        ((1, -1), 135, "south-east"),
        ((0, -1), 180, "south"),
        ((-1, 0), 270, "west"),
        ((-1, 1), 315, "north-west"),
    ],
)
def test_directions(to: tuple[int, int], bearing: float, word: str) -> None:
    found = bearing_deg((10, 0), (10 + to[0] / 100, to[1] / 100))
    assert found == pytest.approx(bearing, abs=0.1)
    assert compass_point(found) == word
    assert compass_point(359) == "north"


def test_the_foot_of_a_perpendicular() -> None:
    # 1 km north of the middle of a line of 2 km along the equator
    line = [(10.0, 0.0), (10.0179663, 0.0)]
    foot = nearest_on_line((10.00898315, 0.0090437), line)
    assert foot.distance_m == pytest.approx(1000, abs=0.5)
    assert foot.along_m == pytest.approx(1000, abs=0.5)
    assert foot.at == pytest.approx((10.00898315, 0.0))
    assert foot.vertex == 0


def test_the_nearest_point_may_be_an_end_or_a_vertex() -> None:
    line = [(10.0, 0.0), (10.01, 0.0), (10.01, 0.01)]
    assert nearest_on_line((9.99, 0.0), line).along_m == 0
    assert nearest_on_line((10.02, -0.01), line).at == pytest.approx((10.01, 0.0))
    assert nearest_on_line((10.01, 0.02), line).along_m == pytest.approx(line_length_m(line))


def test_the_nearest_point_is_found_over_the_date_line() -> None:
    foot = nearest_on_line((179.9999, 0.0001), [(179.99, 0.0), (-179.99, 0.0)])
    assert foot.distance_m == pytest.approx(11.06, abs=0.05)
    assert foot.at == pytest.approx((179.9999, 0.0), abs=1e-6)
    assert between((179.9, 0), (-179.9, 0), 0.75) == pytest.approx((-179.95, 0))


@given(st.lists(st.tuples(st.floats(10, 10.1), st.floats(46, 46.1)), min_size=2, max_size=8))
def test_no_point_of_a_line_is_nearer_than_the_nearest(line: list[tuple[float, float]]) -> None:
    position = (10.05, 46.05)
    foot = nearest_on_line(position, line)
    for a, b in pairwise(line):
        for step in range(11):
            assert distance_m(position, between(a, b, step / 10)) >= foot.distance_m * 0.999 - 0.01


HEIGHTS = st.none() | st.floats(0, 4000)
LINE = st.lists(st.tuples(st.floats(10, 10.01), st.floats(46, 46.01), HEIGHTS), min_size=2, max_size=8)


@given(LINE, st.floats(0.01, 0.99))
def test_the_parts_of_a_cut_line_are_the_line(line: list[tuple[float, float, float | None]], share: float) -> None:
    assume(line_length_m(line) > 1)
    first, second = cut(line, 0.0, share), cut(line, share, 1.0)
    total = line_length_m(line)
    assert first[0] == line[0]
    assert second[-1] == line[-1]
    assert first[-1] == second[0]
    # Halves by degrees are halves on the ground to about 1e-5 of a kilometre; together they miss nothing.
    assert line_length_m(first) == pytest.approx(share * total, rel=5e-5, abs=0.01)
    assert line_length_m(first) + line_length_m(second) == pytest.approx(total, rel=1e-7)


def test_a_cut_has_the_height_between() -> None:
    line = [(10.0, 0.0, 100.0), (10.01, 0.0, 200.0), (10.02, 0.0, None)]
    assert cut(line, 0.0, 0.25)[-1] == pytest.approx((10.005, 0.0, 150.0))
    assert cut(line, 0.25, 0.5) == (pytest.approx((10.005, 0.0, 150.0)), pytest.approx((10.01, 0.0, 200.0)))
    assert cut(line, 0.0, 0.75)[-1][2] is None
    assert cut(line, 0.0, 1.0) == tuple(line)


@given(LINE, st.lists(st.floats(0, 1), max_size=5))
def test_positions_are_where_a_cut_would_be(line: list[tuple[float, float, float | None]], shares: list[float]) -> None:
    """To the last digit, in any order, and both ends included."""
    shares = [1.0, *shares, 0.0]
    assert positions_at(line, shares) == [cut(line, 0.0, share)[-1] for share in shares]


def test_a_line_is_measured_once_for_all_positions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two pieces: two distances, for however many positions."""
    measured = []
    monkeypatch.setattr(geometry, "distance_m", lambda a, b: measured.append((a, b)) or distance_m(a, b))
    line = [(10.0, 0.0, 100.0), (10.01, 0.0, 200.0), (10.02, 0.0, None)]
    found = positions_at(line, [0.25, 0.5, 0.75])
    assert found == [pytest.approx(p) for p in ((10.005, 0.0, 150.0), (10.01, 0.0, 200.0), (10.015, 0.0, None))]
    assert len(measured) == 2
