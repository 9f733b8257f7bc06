"""The methods that ascents are compared by."""

from __future__ import annotations

from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.ascent import (
    OFF_BY_M,
    TURN_M,
    Line,
    as_imported,
    evenly,
    every_rise,
    least_rise,
    on_smooth_terrain,
    rises_between_turns,
)
from loopgenie.importing.climbs import turning_points

heights = st.lists(st.floats(0, 60), min_size=2, max_size=40)


def test_only_turns_of_five_metres_count():
    """Up 20, down 4 (no turn), up 6, down 10 (a turn), up 3 (no turn): from 0 to 22, and from there to 15."""
    profile = [0, 20, 16, 22, 12, 15]
    assert every_rise((), profile) == 20 + 6 + 3
    assert rises_between_turns(profile, 5) == 22


@given(heights)
def test_turns_are_those_of_the_import(profile: list[float]):
    ends = turning_points(profile)
    assert rises_between_turns(profile, TURN_M) == pytest.approx(sum(max(0.0, b - a) for a, b in pairwise(ends)))


@given(st.lists(st.integers(0, 12), min_size=2, max_size=6))
def test_no_line_within_three_metres_rises_less(profile: list[int]):
    """Against every line of whole metres, which has the best: the bounds of the tube are whole metres, too."""
    off = int(OFF_BY_M)
    tube = [range(height - off, height + off + 1) for height in profile[1:-1]]
    lines = ([profile[0], *inner, profile[-1]] for inner in product(*tube))
    assert least_rise((), profile) == min(every_rise((), line) for line in lines)


def test_samples_are_even_or_at_what_is_drawn():
    """A line along the equator, 0.001 degrees (111.3 m) and then 0.0003 degrees (33.4 m) long."""
    line = Line("", [(0.0, 0.0), (0.001, 0.0), (0.0013, 0.0)], [0, 2])
    along, places = as_imported(line)
    assert along == pytest.approx([0, 37.1, 74.2, 111.3, 144.7], abs=0.1)  # at most 50 m apart: three of 37.1 m
    assert places[3] == pytest.approx((0.001, 0))
    along, places = evenly(line, 50)
    assert along == pytest.approx([0, 48.2, 96.5, 144.7], abs=0.1)
    assert places[-1] == pytest.approx((0.0013, 0))


def test_an_even_slope_is_the_same_on_smooth_terrain():
    smooth = on_smooth_terrain(lambda lon, lat: 1000 * lon + 500 * lat)
    assert smooth(1.5, 42.5) == pytest.approx(1000 * 1.5 + 500 * 42.5)
    assert on_smooth_terrain(lambda lon, lat: None)(1.5, 42.5) is None
