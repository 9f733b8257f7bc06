"""Heights smoothed along a line: what must not change, what must go, and what must stay."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import accumulate, pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgenie.geometry import distance_m
from loopgenie.importing.climbs import turning_points
from loopgenie.importing.elevation import read_elevation
from loopgenie.importing.gpx import read_gpx
from loopgenie.importing.smoothing import WINDOW_M, smoothed

Profile = tuple[list[float], list[float]]


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    """Places that never go back, some of them the same, and any heights."""
    steps = draw(st.lists(st.floats(0, 120), max_size=40))
    heights = draw(st.lists(st.floats(-400, 8800), min_size=len(steps) + 1, max_size=len(steps) + 1))
    return list(accumulate(steps, initial=0.0)), heights


def ascent(heights: Sequence[float]) -> float:
    """Metres up as an import counts them."""
    return sum(max(0.0, b - a) for a, b in pairwise(turning_points(heights)))


def evenly(length_m: float, step_m: float) -> list[float]:
    return [i * step_m for i in range(round(length_m / step_m) + 1)]


def test_a_mean_is_taken_over_the_window():
    """
    A step of 8 m between 90 and 110 m, window 100 m. At 100 m the window is 50..150: 40 m at 0, 20 m at 4 on average,
    40 m at 8: (80 + 320) / 100 = 4. At 90 m it is 40..140: 50 m at 0, the same 20 m, 30 m at 8: 320 / 100 = 3.2.
    """
    along, heights = [0.0, 90.0, 100.0, 110.0, 200.0], [0.0, 0.0, 4.0, 8.0, 8.0]
    assert smoothed(along, heights, 100) == pytest.approx([0, 3.2, 4, 4.8, 8])


def test_the_window_shrinks_towards_the_ends():
    """At 10 m of 0..200 the window is 0..20: 10 m at 0 and 10 m that rise to 10, mean (0 + 50) / 20 = 2.5."""
    assert smoothed([0, 10, 20, 200], [0, 0, 10, 10], 100)[1] == pytest.approx(2.5)


@pytest.mark.parametrize("along", [[0.0], [0.0, 0.0], [0.0, 0.0, 0.0]])
def test_a_line_without_length_keeps_its_heights(along: list[float]):
    heights = [5.0, 7.0, 6.0][: len(along)]
    assert smoothed(along, heights) == heights


@given(profiles())
def test_ends_stay_and_no_height_leaves_the_range(profile: Profile):
    along, heights = profile
    smooth = smoothed(along, heights)
    assert len(smooth) == len(heights)
    assert (smooth[0], smooth[-1]) == (heights[0], heights[-1])
    assert min(heights) - 1e-3 <= min(smooth)  # 1e-3: rounding of sums of metres times metres
    assert max(smooth) <= max(heights) + 1e-3


@given(profiles(), st.floats(-400, 8800))
def test_level_ground_stays_level(profile: Profile, height: float):
    along, _ = profile
    assert smoothed(along, [height] * len(along)) == [height] * len(along)


@given(profiles(), st.floats(-1, 1))
def test_an_even_slope_stays_as_it_is(profile: Profile, slope: float):
    along, _ = profile
    heights = [slope * metres for metres in along]
    assert smoothed(along, heights) == pytest.approx(heights, abs=1e-3)


@given(profiles())
def test_the_way_back_has_the_same_heights(profile: Profile):
    along, heights = profile
    back = smoothed([along[-1] - metres for metres in reversed(along)], heights[::-1])
    assert back[::-1] == pytest.approx(smoothed(along, heights), abs=1e-3)


@given(profiles(), st.lists(st.tuples(st.integers(0, 38), st.floats(0, 1)), max_size=20))
def test_places_put_in_on_the_straights_change_nothing(profile: Profile, extra: list[tuple[int, float]]):
    along, heights = profile
    places = [(metres, height, True) for metres, height in zip(along, heights, strict=True)]
    for piece, share in sorted(extra, reverse=True):
        if piece + 1 < len(along):
            metres = along[piece] + share * (along[piece + 1] - along[piece])
            height = heights[piece] + share * (heights[piece + 1] - heights[piece])
            places.insert(piece + 1, (metres, height, False))
    places[1:-1] = sorted(places[1:-1], key=lambda place: place[0])  # stable: places that coincide keep their order
    if any(a[0] == b[0] for a, b in pairwise(places)):
        return  # where two places coincide, their order is anybody's guess
    more = smoothed([place[0] for place in places], [place[1] for place in places])
    kept = [height for height, place in zip(more, places, strict=True) if place[2]]
    assert kept == pytest.approx(smoothed(along, heights), abs=1e-3)


@pytest.mark.parametrize("step", [10, 20, 25])
def test_noise_on_level_ground_is_no_climb(step: int):
    """
    Heights that are off by anything up to 5 m, every 10 to 25 m, for 10 km. The mean of 4 to 10 of them is off by
    2.9 / sqrt(4..10) = 0.9 to 1.4 m (standard deviation), so two means rarely differ by the 5 m that count: less
    than 5 m a kilometre are left of 40 and more.
    """
    source = random.Random(7)
    along = evenly(10_000, step)
    noisy = [0.0, *(source.uniform(-5, 5) for _ in along[2:]), 0.0]
    assert ascent(noisy) > 400
    assert ascent(smoothed(along, noisy)) < 50


@pytest.mark.parametrize("step", [10, 25, 50])
def test_a_real_bump_stays(step: int):
    """30 m up and down within 400 m: a slope of 0.15, so the mean at the top is lower by 0.15 * 100 / 4 = 3.75 m."""
    along = evenly(2_000, step)
    heights = [100 + max(0.0, 30 - abs(metres - 1_000) * 0.15) for metres in along]
    assert ascent(smoothed(along, heights)) == pytest.approx(30 - 0.15 * WINDOW_M / 4, abs=0.2)


def test_a_ripple_of_half_a_window_goes():
    """4 m up and down every 50 m, which is what a model of posts 90 m apart cannot know: 400 m up in 5 km."""
    along = evenly(5_000, 25)
    heights = [4.0 * (i % 2) for i in range(len(along))]
    assert sum(max(0.0, b - a) for a, b in pairwise(heights)) == 400
    assert max(smoothed(along, heights)[3:-3]) - min(smoothed(along, heights)[3:-3]) == pytest.approx(0, abs=1e-6)


def test_cutting_a_line_changes_little():
    """A climb of 10 % with 2 m of noise, cut every 75 m: ends are not smoothed, yet its 500 m grow by less than 8 %."""
    source = random.Random(3)
    along = evenly(5_000, 12.5)
    heights = [0.1 * metres + source.uniform(-2, 2) for metres in along]
    whole = ascent(smoothed(along, heights))
    parts = [(along[i : i + 7], heights[i : i + 7]) for i in range(0, len(along) - 1, 6)]
    assert sum(ascent(smoothed(*part)) for part in parts) == pytest.approx(whole, rel=0.08)


@pytest.mark.data
def test_a_recorded_trail_climbs_about_the_same_however_densely_it_is_drawn(trail_data: Path):
    """The 100 km MacLehose Trail with each position, and with each second and third of them.

    They are 12, 24 and 37 m apart, and their heights are whole metres and noisy: unsmoothed, every second position is
    enough to lose a tenth of the climb, so most of that climb was never there.
    """
    way = max(read_gpx(trail_data / "hongkong" / "MacLehose-Trail-track.gpx").ways, key=lambda way: len(way.line))
    heights = [height for height in way.heights or [] if height is not None]
    assert len(heights) == len(way.line) > 5_000
    along = _along(list(way.line))
    whole, second, third = (ascent(smoothed(along[::n], heights[::n])) for n in (1, 2, 3))
    assert ascent(heights[::2]) < 0.9 * ascent(heights)
    assert second == pytest.approx(whole, rel=0.03)
    assert third == pytest.approx(whole, rel=0.05)


@pytest.mark.data
def test_four_trails_climb_what_their_races_say(trail_data: Path):
    """
    All four long trails of Hong Kong, 298 km, climb about 14,400 m, says the race that runs them in one go (South China
    Morning Post, scmp.com, article 2067185). Unsmoothed, the heights of the five tracks, 287 km, make 25,000 m of it.
    """
    total = 0.0
    for file in sorted((trail_data / "hongkong").glob("*-track.gpx")):
        for way in read_gpx(file).ways:
            heights = [height for height in way.heights or [] if height is not None]
            assert len(heights) == len(way.line)
            total += ascent(smoothed(_along(list(way.line)), heights))
    assert total == pytest.approx(14_400, rel=0.03)


@pytest.mark.data
def test_a_line_across_a_slope_loses_its_ripple(trail_data: Path):
    """A straight line across the slopes of Andorra, with a height every 10 m: less up, but never less than the net."""
    height_at = read_elevation([trail_data / "andorra" / "N42E001.hgt.zip"])
    places = [(1.55 + i * 0.000122, 42.575) for i in range(301)]  # 10 m apart
    heights = [height_at(*place) for place in places]
    known = [height for height in heights if height is not None]
    assert len(known) == 301
    raw = sum(max(0.0, b - a) for a, b in pairwise(known))
    smooth = smoothed(_along(places), known)
    net = max(0.0, known[-1] - known[0])
    assert net <= sum(max(0.0, b - a) for a, b in pairwise(smooth)) < raw


def _along(places: list[tuple[float, float]]) -> list[float]:
    return list(accumulate((distance_m(a, b) for a, b in pairwise(places)), initial=0.0))
