"""What areas and lines cover, against what shapely says, and on small drawings."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from loopgenie.covering import Area, followed, is_beside
from loopgenie.geometry import LonLat, line_length_m

#: A thousandth of a degree is 111 m at the equator, where these are drawn.
SCALE = 0.001
spots = st.tuples(st.integers(-50, 50), st.integers(-50, 50)).map(lambda at: LonLat(10 + at[0] * SCALE, at[1] * SCALE))
rings = st.lists(spots, min_size=3, max_size=12, unique=True)
lines = st.lists(spots, min_size=2, max_size=6)
short = st.lists(
    st.tuples(st.integers(-9, 9), st.integers(-9, 9)).map(lambda at: LonLat(10 + at[0] * SCALE, at[1] * SCALE)),
    min_size=2,
    max_size=4,
)


@settings(deadline=None)
@given(st.lists(rings, min_size=1, max_size=3), lines)
def test_metres_inside_are_those_of_shapely(given_rings, line):
    """Rings may cross themselves and others: even-odd is the symmetric difference of what is so inside each."""
    shapely = pytest.importorskip("shapely")
    inside = shapely.Polygon()
    for ring in given_rings:
        loop = shapely.LineString([*ring, ring[0]])
        odd = [
            face for face in shapely.get_parts(shapely.polygonize([shapely.unary_union(loop)]))
            if _crossings(face.representative_point(), ring) % 2
        ]  # fmt: skip
        inside = inside.symmetric_difference(shapely.unary_union(odd))
    path = shapely.LineString(line)
    assume(path.length > 0)
    border = shapely.unary_union([shapely.LineString([*ring, ring[0]]) for ring in given_rings])
    assume(path.intersection(border).length == 0)  # along the border it may be either way
    # each piece on its own: a line may go over its own track
    wanted = sum(shapely.LineString(piece).intersection(inside).length for piece in pairwise(line))
    assert Area(given_rings).inside_m(line) == pytest.approx(wanted * 111_000, rel=0.01, abs=0.01)


def _crossings(point, ring) -> int:
    """How often a ray to the north crosses a ring."""
    return sum(
        (a[0] > point.x) != (b[0] > point.x)
        and point.y < a[1] + (point.x - a[0]) / (b[0] - a[0]) * (b[1] - a[1])
        for a, b in zip(ring, [*ring[1:], ring[0]], strict=True)
    )  # fmt: skip


def test_an_area_of_many_corners():
    """A circle of 1 km around a place: what is nearer than that is in it, a way over it is 2 km long inside."""
    metre = 1 / 111_000
    circle = [
        LonLat(10 + 1000 * metre * math.cos(2 * math.pi * i / 5000), 1000 * metre * math.sin(2 * math.pi * i / 5000))
        for i in range(5000)
    ]
    area = Area([circle])
    for east, north, inside in [(0, 0, True), (700, 700, True), (710, 710, False), (-999, 0, True), (0, 1001, False)]:
        assert area.holds((10 + east * metre, north * metre)) == inside
    over = [LonLat(10 - 3000 * metre, 0.0), LonLat(10 + 3000 * metre, 0.0)]
    assert area.inside_m(over) == pytest.approx(2000, rel=0.005)
    assert not area.is_entered_by([LonLat(10 - 2000 * metre, 1001 * metre), LonLat(10 + 2000 * metre, 1001 * metre)])


@settings(max_examples=30, deadline=None)
@given(st.lists(short, min_size=1, max_size=3))
def test_a_line_follows_itself(given_lines):
    """Whatever it is drawn along is closed; a thing far away is not."""
    trails = {i: line for i, line in enumerate(given_lines) if line_length_m(line) > 0}
    far = {-1: [LonLat(lon + 1, lat) for lon, lat in given_lines[0]]}
    assert followed(trails.values(), {**trails, **far}) == set(trails)
    beside = [[LonLat(lon + 2e-6, lat - 1e-6) for lon, lat in line] for line in trails.values()]  # 0.2 m
    assert followed(beside, {**trails, **far}) >= set(trails)


@pytest.mark.parametrize(("degrees", "meant"), [(0, True), (10, True), (60, False), (90, False), (180, True)])
def test_direction_tells_what_is_meant(degrees, meant):
    """A line of 500 m that crosses a trail of 200 m in its middle at some angle.

    At 10 degrees it is within 30 m of it over the whole 200 m, as 100 m * sin(10 degrees) are 17 m.
    """
    metre = 1 / 111_320
    east, north = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    trail = [LonLat(10 - 100 * metre, 0.0), LonLat(10 + 100 * metre, 0.0)]
    line = [LonLat(10 + k * 250 * metre * east, k * 250 * metre * north) for k in (-1, 1)]
    assert followed([line], {7: trail}) == ({7} if meant else set())


def test_of_two_side_by_side_the_nearer_one_is_meant():
    """A line 5 m north of one trail and 20 m south of another."""
    metre = 1 / 111_132
    north, south, line = ([LonLat(10.0, y * metre), LonLat(10.01, y * metre)] for y in (25, 0, 5))
    assert followed([line], {1: north, 2: south}) == {2}
    assert followed([line], {1: north}) == {1}


def test_places_beside_lines():
    metre = 1 / 111_132
    line = (LonLat(10.0, 0.0), LonLat(10.01, 0.0))
    assert is_beside((10.005, 29 * metre), [line])
    assert not is_beside((10.005, 31 * metre), [line])
    assert not is_beside((10.005, 0.0), [])
