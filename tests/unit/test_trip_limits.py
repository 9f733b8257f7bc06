"""Limits and wishes steer the search: the best loop breaks each, and a poorer one that keeps it has to be found.

Whoever searches without the limit and filters afterwards has nothing left, for one loop is asked for.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from loopgenie.geometry import LonLat, distance_m
from loopgenie.itinerary import Itinerary
from loopgenie.network import Areas
from loopgenie.parameters import TripParameters
from loopgenie.planner import plan_trip
from loopgenie.store.sqlite import SqliteStore
from loopgenie.ways import WayKind


@pytest.fixture
def plan(tmp_path, on_map) -> Callable[..., Itinerary]:  # type: ignore[no-untyped-def]
    """Plan 4 km +- 10 % from the drawing's corner."""

    def plan(drawing, **more) -> Itinerary:  # type: ignore[no-untyped-def]
        store = SqliteStore(str(tmp_path / "trails.db"))
        store.replace_region(drawing.region())
        asked = {"location": LonLat(*on_map(0, 0)), "hike_m": 4000.0, "time_limit_s": 0.2, **more}
        [best] = plan_trip(TripParameters(**asked), store, areas=Areas()).itineraries
        store.close()
        return best

    return plan


@pytest.fixture
def rings(draw):  # type: ignore[no-untyped-def]
    """
      /\\  /\\      two rings of 4 km, each of four sides of 1 km, from the trailhead S; in the east all is path but
    W    S    E    hard and steep (E 300 m above S), in the west it is easy and level, and the upper half of `upper`
      \\/  \\/
    """

    def rings(upper: WayKind = WayKind.MINOR_ROAD, lower: WayKind = WayKind.PATH):  # type: ignore[no-untyped-def]
        drawing = draw().junctions(S=(0, 0, 1000), E=(1.5, 0, 1300), W=(-1.5, 0, 1000))
        drawing.way("S", "E", "East", through=[(0.75, 0.66, 1150)], difficulty=4)
        drawing.way("E", "S", "East", through=[(0.75, -0.66, 1150)], difficulty=4)
        drawing.way("S", "W", "Upper West", upper, through=[(-0.75, 0.66, 1000)])
        drawing.way("W", "S", "Lower West", lower, through=[(-0.75, -0.66, 1000)])
        return drawing.trailhead("S", "Start")

    return rings


def side(loop: Itinerary, on_map) -> str:  # type: ignore[no-untyped-def]
    """Where a loop lies, by its middle position."""
    west = on_map(0, 0)[0]
    return "east" if sum(p[0] - west for p in loop.line) > 0 else "west"


@pytest.mark.parametrize(
    "limit",
    [{"max_difficulty": 3}, {"max_ascent_m": 250.0}, {"max_difficulty": 3, "max_ascent_m": 0.0}],
)
def test_what_is_too_hard_or_too_steep_is_left_out(plan, rings, on_map, limit) -> None:
    """East: 4,000 points, T4, 300 m of ascent. West: 2,000 m of path and 2,000 m of minor road, 2,400 points."""
    best, kept = plan(rings()), plan(rings(), **limit)
    assert (side(best, on_map), best.hardest_difficulty, best.ascent_m) == ("east", "T4", 300)
    assert (side(kept, on_map), kept.hardest_difficulty, kept.ascent_m) == ("west", None, 0)
    assert best.score == pytest.approx(4000, abs=20)
    assert kept.score == pytest.approx(2400, abs=20)


def test_a_via_point_leads_to_the_poorer_ring(plan, rings, on_map) -> None:
    """It lies in the middle of a segment."""
    via = LonLat(*on_map(-0.75, 0.66))
    kept = plan(rings(), via=(via,))
    assert side(plan(rings()), on_map) == "east"
    assert side(kept, on_map) == "west"
    assert min(distance_m(via, p) for p in kept.line) < 1


def test_a_walk_that_starts_in_the_middle_of_a_segment_goes_round_the_poorer_ring(plan, rings, on_map) -> None:
    here = LonLat(*on_map(-0.6, 0.528))
    kept = plan(rings(), location=here, drive_m=0.0)
    assert side(plan(rings(), location=here), on_map) == "east"
    assert side(kept, on_map) == "west"
    assert distance_m(here, kept.line[0]) < 1
    assert kept.line[0] == kept.line[-1]
    assert kept.repeat_share == 0


def test_a_shorter_loop_has_less_road(plan, draw) -> None:
    """
    A ring of 4 km with 1 km of minor road, 3,200 points, and one of 3.7 km that is all path: 300 m short.
    """
    drawing = draw().junctions(S=(0, 0), A=(1, 0), B=(1, 1), C=(0, 1), D=(-0.925, 0), E=(-0.925, -0.925))
    drawing.way("S", "A", kind=WayKind.MINOR_ROAD).way("A", "B").way("B", "C").way("C", "S")
    drawing.way("S", "D").way("D", "E").way("E", "S", through=[(0, -0.925)]).trailhead("S", "Start")
    best, kept = plan(drawing), plan(drawing, max_road_share=0.1)
    assert (best.length_m, best.road_share) == (pytest.approx(4000, abs=5), pytest.approx(0.25, abs=0.01))
    assert (kept.length_m, kept.road_share) == (pytest.approx(3700, abs=5), 0)


def test_a_road_all_the_way_repeats_less(plan, draw) -> None:
    """
    At the end of a path of 250 m a ring of 3.5 km of path, 3,750 points, and right here a ring of 4 km of minor road.
    """
    drawing = draw().junctions(S=(0, 0), T=(0.25, 0), A=(1.125, 0), B=(1.125, 0.875), C=(-1, 0), D=(-1, -1))
    drawing.way("S", "T").way("T", "A").way("A", "B").way("B", "T", through=[(0.25, 0.875)])
    drawing.way("S", "C", kind=WayKind.MINOR_ROAD).way("C", "D", kind=WayKind.MINOR_ROAD)
    drawing.way("D", "S", kind=WayKind.MINOR_ROAD, through=[(0, -1)]).trailhead("S", "Start")
    best, kept = plan(drawing), plan(drawing, max_repeat_share=0.05)
    assert (best.road_share, best.repeat_share) == (0, pytest.approx(250 / 4000, abs=0.001))
    assert (kept.road_share, kept.repeat_share) == (1, 0)


# --- heading ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("start_here", [False, True])
@pytest.mark.parametrize(
    ("heading_deg", "goes"), [(None, "east"), (90.0, "east"), (0.0, "east"), (270.0, "west"), (240.0, "west")]
)
def test_the_loop_lies_where_the_heading_points(plan, rings, on_map, heading_deg, goes, start_here) -> None:
    """The west earns 2,400 points, the east 4,000: without the wish, and across it, the east is better."""
    more = {"drive_m": 0.0} if start_here else {}
    loop = plan(rings(), heading_deg=heading_deg, **more)
    assert side(loop, on_map) == goes
    assert loop.score == pytest.approx({"east": 4000, "west": 2400}[goes], abs=20)  # a wish is no part of it


def test_a_heading_is_no_limit(plan, rings, on_map) -> None:
    """Busy roads all the way are not worth it."""
    assert side(plan(rings(WayKind.BUSY_ROAD, WayKind.BUSY_ROAD), heading_deg=270.0), on_map) == "east"


def test_an_area_search_heads_from_the_asked_location(plan, draw, on_map) -> None:
    """Two rings 10 km apart, the western one of minor road; the one asked for lies west of where the hiker is."""
    drawing = draw()
    for name, x, kind in (("Far east", 5, WayKind.PATH), ("Far west", -5, WayKind.MINOR_ROAD)):
        a, b, c = (f"{name}{i}" for i in range(3))
        drawing.junctions(**{a: (x, 0), b: (x + 1, 0), c: (x + 1, 1)})
        drawing.way(a, b, kind=kind).way(b, c, kind=kind).way(c, a, kind=kind, through=[(x, 1)]).trailhead(a, name)
    names = [plan(drawing, heading_deg=heading).start.name for heading in (None, 90.0, 270.0)]
    assert names == ["Far east", "Far east", "Far west"]


@pytest.mark.parametrize("heading_deg", [None, 270.0])
def test_optimal_means_that_what_was_sought_is_proven_best(plan, rings, on_map, heading_deg) -> None:
    """The bound speaks of loops that stray, repeat and turn away no more; so it is not below the score."""
    loop = plan(rings(), heading_deg=heading_deg, prove=True)
    assert loop.status == "optimal"
    assert loop.bound == pytest.approx(loop.score)
    assert loop.gap == pytest.approx(0)
