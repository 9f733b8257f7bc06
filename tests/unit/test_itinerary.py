"""What a loop is told as: line, direction, figures, cues."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgenie.geometry import line_length_m
from loopgenie.itinerary import (
    Itinerary,
    Start,
    Step,
    Verdict,
    in_climbing_direction,
    itinerary,
    walking_time_s,
)
from loopgenie.ways import WayKind

HOME = Start("Car park", "parking", 10.0, 0.0, 5000.0, 360.0, "by test")
VERDICT = Verdict(1, 3500.0, "feasible", 4000.0, 0.125)


def walk(region, *numbers: int) -> list[Step]:  # type: ignore[no-untyped-def]
    """Steps over segments by number; -1 is segment 0 backward, -2 segment 1 backward, …"""
    steps = []
    for number in numbers:
        core = region.segments[number if number >= 0 else -number - 1].core
        step = Step(core.id, True, ascent_m=core.ascent_m, descent_m=core.descent_m)
        steps.append(step if number >= 0 else step.turned())
    return steps


def told(region, *numbers: int, ways_at=None, verdict: Verdict = VERDICT) -> Itinerary:  # type: ignore[no-untyped-def]
    segments = {s.core.id: s for s in region.segments}
    return itinerary(walk(region, *numbers), segments, start=HOME, verdict=verdict, ways_at=ways_at or {})


@pytest.fixture
def square(draw):
    """
    D 1200 --- C 1300     1 km sides; walked A B C D it climbs 100 to B, 200 to C and comes down 100 and 200
      |          |
    A 1000 --- B 1100
    """
    drawing = draw().junctions(A=(0, 0, 1000), B=(1, 0, 1100), C=(1, 1, 1300), D=(0, 1, 1200))
    drawing.way("A", "B", "Low Trail").way("B", "C", "East Trail", difficulty=3)
    drawing.way("C", "D", "High Trail", difficulty=2)
    drawing.way("D", "A", kind=WayKind.MINOR_ROAD)
    return drawing.region()


def test_the_figures_of_a_square(square) -> None:
    found = told(square, 0, 1, 2, 3)
    assert found.length_m == pytest.approx(4000, abs=1)
    assert (found.ascent_m, found.descent_m, found.max_elevation_m) == (300, 300, 1300.0)
    # level 4 km / 4 km/h = 1 h; 300 m up 1 h + 300 m down 0.6 h = 1.6 h; 1.6 + 1 / 2 = 2.1 h
    assert found.walking_time_s == pytest.approx(2.1 * 3600, rel=1e-3)
    assert "DIN 33466" in found.time_model
    assert found.repeat_share == 0
    assert found.road_share == pytest.approx(0.25, abs=1e-3)
    assert found.longest_road_m == pytest.approx(1000, abs=1)
    assert found.hardest_difficulty == "T3"
    assert (found.score, found.status, found.bound, found.gap, found.rank) == (3500.0, "feasible", 4000.0, 0.125, 1)
    assert found.start is HOME


def test_the_line_is_closed_and_as_long_as_told(square) -> None:
    found = told(square, 0, 1, 2, 3)
    assert found.line[0] == found.line[-1] == square.segments[0].line[0]
    assert len(found.line) == 5
    assert line_length_m(found.line) == pytest.approx(found.length_m, rel=1e-9)


def test_the_climb_comes_first(draw) -> None:
    """
    Up 300 m on the way A B C (2 km), down gently over C D E A (3 km): the other way round the climb comes later.
    """
    drawing = draw().junctions(A=(0, 0, 1000), B=(1, 0, 1200), C=(2, 0, 1300), D=(2, 1, 1200), E=(0, 1, 1100))
    region = drawing.way("A", "B").way("B", "C").way("C", "D").way("D", "E").way("E", "A").region()
    segments = {s.core.id: s for s in region.segments}
    up = walk(region, 0, 1, 2, 3, 4)
    down = walk(region, -5, -4, -3, -2, -1)
    assert in_climbing_direction(up, segments) == up
    assert in_climbing_direction(down, segments) == up


def test_without_heights_a_loop_goes_clockwise_and_says_so(draw) -> None:
    drawing = draw().junctions(A=(0, 0), B=(1, 0), C=(1, 1))
    region = drawing.way("A", "B").way("B", "C").way("C", "A").region()
    found = told(region, 0, 1, 2)  # drawn anticlockwise
    assert found.segments == (2, 1, 0)
    assert (found.ascent_m, found.descent_m, found.max_elevation_m) == (None, None, None)
    assert "heights are not known" in found.time_model
    # 3.414 km at 4 km/h
    assert found.walking_time_s == pytest.approx(3.414 / 4 * 3600, rel=1e-3)


@pytest.mark.parametrize(
    ("km", "up", "down", "hours"),
    [
        (8, 900, 0, 4.0),  # the Alpine clubs' own example: max(2, 3) + 2 / 2
        (10, 1200, 0, 5.25),  # 4 + 2.5 / 2
        (10, 0, 1200, 3.7),  # 2.5 + 2.4 / 2
        (10, 600, 600, 4.45),  # level 2.5, climbing 2 + 1.2 = 3.2: 3.2 + 1.25
        (4, 0, 0, 1.0),
    ],
)
def test_walking_times(km: float, up: float, down: float, hours: float) -> None:
    assert walking_time_s(km * 1000, up, down) == pytest.approx(hours * 3600)


@given(st.floats(0, 1e5), st.floats(0, 5e3), st.floats(0, 5e3), st.floats(0, 100))
def test_more_of_anything_never_takes_less_time(length: float, up: float, down: float, more: float) -> None:
    time = walking_time_s(length, up, down)
    assert walking_time_s(length + more, up, down) >= time
    assert walking_time_s(length, up + more, down) >= time
    assert walking_time_s(length, up, down + more) >= time


def test_a_stick_that_is_walked_twice_counts_as_repeated(draw) -> None:
    """
    A --1-- B, then a triangle B C D of 1 + 1.414 + 1 km: 1 of 5.414 km is walked a second time.
    """
    drawing = draw().junctions(A=(0, 0), B=(1, 0), C=(2, 0), D=(1, 1))
    region = drawing.way("A", "B").way("B", "C").way("C", "D").way("D", "B").region()
    found = told(region, 0, 1, 2, 3, -1)
    assert found.repeat_share == pytest.approx(1 / 5.414, rel=1e-3)
    assert found.segments[0] == found.segments[-1] == 0
    assert len(found.segments) == 5


def test_the_longest_road_goes_on_over_the_start(draw) -> None:
    """
    Roads: the last 300 m before the start and the first 200 m after it are one run of 500 m; 400 m in between.
    """
    drawing = draw().junctions(A=(0, 0), B=(1, 0), C=(1, 1), D=(0, 1))
    drawing.way("A", "B", stretches=[(0.2, WayKind.MINOR_ROAD, None), (0.8, WayKind.PATH, None)])
    drawing.way("B", "C", stretches=[(0.6, WayKind.TRACK, None), (0.4, WayKind.BUSY_ROAD, None)])
    drawing.way("C", "D").way("D", "A", stretches=[(0.7, WayKind.PATH, None), (0.3, WayKind.CONNECTING_ROAD, None)])
    found = told(drawing.region(), 0, 1, 2, 3)
    assert found.longest_road_m == pytest.approx(500, abs=1)
    assert found.road_share == pytest.approx(0.9 / 4, abs=1e-3)


def test_a_loop_of_nothing_but_road(draw) -> None:
    drawing = draw().junctions(A=(0, 0), B=(1, 0), C=(1, 1))
    for ends in ("AB", "BC", "CA"):
        drawing.way(*ends, kind=WayKind.MINOR_ROAD)
    found = told(drawing.region(), 0, 1, 2)
    assert found.road_share == pytest.approx(1)
    assert found.road_share <= 1
    assert found.longest_road_m == pytest.approx(found.length_m)


def test_trails_are_named_once_in_the_order_walked_and_roads_are_none(draw) -> None:
    drawing = draw().junctions(A=(0, 0, 10), B=(1, 0, 40), C=(1, 1, 30), D=(0, 1, 20))
    drawing.way("A", "B", stretches=[(0.5, WayKind.PATH, "First"), (0.5, WayKind.TRACK, "Second")])
    drawing.way("B", "C", "First").way("C", "D", "High Street", WayKind.BUSY_ROAD).way("D", "A", "Third")
    assert told(drawing.region(), 0, 1, 2, 3).trails == ("First", "Second", "Third")


def test_part_of_a_segment_is_cut_out_of_it(draw) -> None:
    """
    A loop B C A-half: the start lies in the middle of A B, whose line has a vertex at 0.25 of it.
    """
    drawing = draw().junctions(A=(0, 0, 1000), B=(1, 0, 1100), C=(1, 1, 1050))
    drawing.way("A", "B", through=[(0.25, 0, 1060)], stretches=[(0.5, WayKind.PATH, "A"), (0.5, WayKind.PATH, "B")])
    region = drawing.way("B", "C").way("C", "A").region()
    segments = {s.core.id: s for s in region.segments}
    steps = [
        Step(0, True, 0.75, 1.0, 20, 0),
        Step(1, True, ascent_m=0, descent_m=50),
        Step(2, True, ascent_m=0, descent_m=50),
        Step(0, True, 0.0, 0.75, 80, 0),
    ]
    found = itinerary(steps, segments, start=HOME, verdict=VERDICT, ways_at={})
    assert found.length_m == pytest.approx(3414.2, abs=1)
    assert line_length_m(found.line) == pytest.approx(found.length_m, rel=1e-5)
    # halfway between the vertex (1060 m at 0.25) and B (1100 m at 1) is 0.75: 1060 + 2/3 * 40
    assert found.line[0][2] == pytest.approx(1060 + 40 * 2 / 3)
    assert found.line[0] == found.line[-1]
    assert found.repeat_share == 0  # both parts are of one segment, but no metre is walked twice


def test_cues_name_turns_and_trails(square) -> None:
    """
    The square A B C D walked clockwise for its climbs (up the road, 200 m, then 100 m): A D C B A, with a crossing
    at C. From A north; at D the name changes; at C right (south); B has no other way, but another name begins.
    """
    found = told(square, 0, 1, 2, 3, ways_at={0: 2, 1: 2, 2: 4, 3: 2})
    assert [(round(cue.distance_m, -1), cue.text) for cue in found.cues] == [
        (0, "start at Car park, go north on a minor road, 1.0 km"),
        (1000, "continue on High Trail, 1.0 km"),
        (2000, "right onto East Trail, 1.0 km"),
        (3000, "continue on Low Trail, 1.0 km"),
        (4000, "back at Car park"),
    ]


def test_a_turn_needs_a_word_only_where_there_is_a_choice(draw) -> None:
    drawing = draw().junctions(A=(0, 0), B=(0, 1), C=(1, 1), D=(1, 0))
    region = drawing.way("A", "B", "X").way("B", "C", "X").way("C", "D", "X").way("D", "A", "X").region()
    quiet = told(region, 0, 1, 2, 3)
    assert [cue.text for cue in quiet.cues] == ["start at Car park, go north on X, 4.0 km", "back at Car park"]
    forks = told(region, 0, 1, 2, 3, ways_at={1: 3, 3: 5})
    assert [cue.text for cue in forks.cues[1:-1]] == ["right, still on X, 2.0 km", "right, still on X, 1.0 km"]


@pytest.mark.parametrize(
    ("x", "y", "text"),
    [
        (1, 1, "right onto a path"),
        (-1, 1, "left onto a path"),
        (0.5, 0.1, "sharp right onto a path"),
        (-0.5, 0.1, "sharp left onto a path"),
        (0.2, 2, None),  # straight on
    ],
)
def test_which_way_to_turn(draw, x: float, y: float, text: str | None) -> None:
    """
    North for 1 km from A to B, then on to C at (x, y), and back to A by the long way round through D.
    """
    drawing = draw().junctions(A=(0, 0, 0), B=(0, 1, 100), C=(x, y, 50))
    region = drawing.way("A", "B").way("B", "C").way("C", "A", through=[(x, -1, 20)]).region()
    cues = told(region, 0, 1, 2, ways_at={1: 3}).cues
    at_b = [cue.text.rpartition(",")[0] for cue in cues if abs(cue.distance_m - 1000) < 10]
    assert at_b == ([text] if text else [])


def test_turns_in_quick_succession_are_one_cue(draw) -> None:
    """
    A --1-- B 20 m along a lane to C, 16 m up a track to D, and on from there: one thing to do for a walker.
    """
    drawing = draw().junctions(A=(0, 0, 0), B=(0, 1, 50), C=(0.02, 1, 50), D=(0.02, 1.016, 50), E=(1, 1.016, 20))
    drawing.way("A", "B", "Ridge").way("B", "C", kind=WayKind.MINOR_ROAD).way("C", "D", kind=WayKind.TRACK)
    region = drawing.way("D", "E", "Vale").way("E", "A", "Vale").region()
    cues = told(region, 0, 1, 2, 3, 4, ways_at=dict.fromkeys(range(5), 3)).cues
    assert [(round(cue.distance_m, -1), cue.text) for cue in cues[1:3]] == [
        (1000, "right onto a minor road, after 20 m left onto a track, after 20 m right onto Vale, 1.0 km"),
        (2020, "right, still on Vale, 1.4 km"),
    ]


def test_a_row_of_quick_turns_is_cut_into_cues_that_one_can_keep_in_mind(draw) -> None:
    """
    Stairs of ten steps of 10 m each: no cue names more than three turns, and none is left out.
    """
    drawing = draw().junctions(A=(0, 0), **{f"N{i}": ((i // 2) * 0.01, 0.5 + ((i + 1) // 2) * 0.01) for i in range(10)})
    drawing.way("A", "N0")
    for i in range(9):
        drawing.way(f"N{i}", f"N{i + 1}")
    region = drawing.way("N9", "A", through=[(1, 0)]).region()
    cues = told(region, *range(11), ways_at=dict.fromkeys(range(11), 3)).cues
    turns = [cue.text.count("right onto") + cue.text.count("left onto") for cue in cues]
    assert max(turns) == 3
    assert sum(turns) >= 9


def test_a_dead_end_says_turn_back(draw) -> None:
    drawing = draw().junctions(A=(0, 0), B=(1, 0))
    cues = told(drawing.way("A", "B", "Pier").region(), 0, -1).cues
    assert [cue.text for cue in cues] == [
        "start at Car park, go east on Pier, 1.0 km",
        "turn back on Pier, 1.0 km",
        "back at Car park",
    ]


def test_a_short_gap_in_a_name_is_not_worth_a_cue(draw) -> None:
    stretches = [(0.48, WayKind.PATH, "X"), (0.04, WayKind.PATH, None), (0.48, WayKind.PATH, "X")]
    drawing = draw().junctions(A=(0, 0), B=(1, 0)).way("A", "B", stretches=stretches)
    assert told(drawing.region(), 0, -1).cues[0].text.endswith("on X, 1.0 km")
    longer = [(0.4, WayKind.PATH, "X"), (0.2, WayKind.STEPS, None), (0.4, WayKind.PATH, "X")]
    drawing = draw().junctions(A=(0, 0), B=(1, 0)).way("A", "B", stretches=longer)
    texts = [cue.text for cue in told(drawing.region(), 0, -1).cues]
    assert texts[:3] == ["start at Car park, go east on X, 400 m", "continue on steps, 200 m", "continue on X, 400 m"]
