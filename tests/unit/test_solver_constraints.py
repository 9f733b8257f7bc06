"""Limits and wishes belong into the search: the best loop without them breaks them, and so do the next best ones.

Lengths are in kilometres or tenths of them, whatever draws best. Every network is small enough to look at all its
closed walks, so each expected number is derived in words and counted out besides.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from runpy import run_path

import pytest

from solver import Edge, Loop, LoopProblem, Network, Result, Status, solve, violations

FUZZ = run_path(str(Path(__file__).parents[1] / "fuzz" / "run.py"))


def trail(u: int, v: int, length: int, up: int = 0, down: int = 0) -> Edge:
    """A segment whose every metre earns one point."""
    return Edge(u, v, length, length, up, down)


def ring(at: int, far: int, length: int, height: int = 0) -> list[Edge]:
    """Two segments from `at` to `far`, which lies `height` above."""
    return [trail(at, far, length // 2, height), trail(far, at, length - length // 2, 0, height)]


def solved(problem: LoopProblem, alternatives: int = 1) -> Result:
    return solve(problem, iterations=6_000, alternatives=alternatives, prove=True, time_limit=20)


def assert_optimum(problem: LoopProblem, value: int) -> Loop:
    """The solver reaches the objective that looking at all closed walks finds, and proves it."""
    assert FUZZ["best_value"](problem) == value
    result = solved(problem)
    assert result.loop is not None
    assert violations(problem, result.loop) == []
    assert problem.objective(result.loop) == value
    assert (result.status, result.bound) == (Status.OPTIMAL, value)
    return result.loop


def assert_no_filter_would_do(free: LoopProblem, limited: LoopProblem) -> None:
    """None of the three best loops of the problem without the limit keeps it."""
    loops = solved(free, alternatives=3).loops
    assert len(loops) == 3
    assert all(violations(limited, loop) for loop in loops)


def test_repeat_share() -> None:
    """
    A ring of 6 at the trailhead; rings of 8 at the ends of sticks of 2, 3 and 4, which repeat 17, 21 and 25 %.

    With a limit of 10 % only the ring of 6 is left: 2 at least of anything longer, 16 at most, would be walked again.
    """
    network = Network(
        [*ring(0, 1, 6), *(e for s in (2, 3, 4) for e in (trail(0, 2 * s, s), *ring(2 * s, 2 * s + 1, 8)))]
    )
    free = LoopProblem(network, {0}, min_length=6, max_length=16)
    limited = replace(free, max_repeat_share=0.1)
    assert_optimum(free, 12)
    assert_no_filter_would_do(free, limited)
    assert assert_optimum(limited, 6).repeated == 0


def test_road_share() -> None:
    """
    Rings of 10, 9, 8, 7 and 6 of which 4, 4, 3, 1 and 0 are road; the window takes one of them.

    At most 25 % may be road: the ring of 7 has 14 %, those before it 40, 44 and 37 %.
    """
    lengths, roads = (10, 9, 8, 7, 6), (4, 4, 3, 1, 0)
    network = Network([e for i, length in enumerate(lengths) for e in ring(0, i + 1, length)])
    free = LoopProblem(network, {0}, min_length=6, max_length=10, roads=[r for road in roads for r in (road, 0)])
    limited = replace(free, max_road_share=0.25)
    assert_optimum(free, 10)
    assert_no_filter_would_do(free, limited)
    assert set(assert_optimum(limited, 7).walk) == {6, 7}


def test_ascent() -> None:
    """Rings of 10, 9, 8 and 6 that climb 900, 800, 700 and 200 m: a limit of 300 m leaves the last."""
    climbs = ((10, 900), (9, 800), (8, 700), (6, 200))
    network = Network([e for i, (length, height) in enumerate(climbs) for e in ring(0, i + 1, length, height)])
    free = LoopProblem(network, {0}, min_length=6, max_length=10)
    limited = replace(free, max_ascent=300)
    assert_optimum(free, 10)
    assert_no_filter_would_do(free, limited)
    loop = assert_optimum(limited, 6)
    assert (set(loop.walk), loop.ascent) == ({6, 7}, 200)


def test_several_via_nodes() -> None:
    """
    Rings of 10, 9 and 8, and one of 6 with a via node opposite and a spur of 1 to another.

    Ring and spur make 8 km, 7 of them new. (By one half of the ring, out and back: also 8 km, 4 of them new.)
    """
    network = Network([*ring(0, 1, 10), *ring(0, 2, 9), *ring(0, 3, 8), *ring(0, 4, 6), trail(4, 5, 1)])
    free = LoopProblem(network, {0}, min_length=6, max_length=10)
    limited = replace(free, via=[4, 5])
    assert_optimum(free, 10)
    assert_no_filter_would_do(free, limited)
    assert sorted(assert_optimum(limited, 7).walk) == [6, 7, 8, 8]


def test_heading() -> None:
    """
    Rings of 100, 98 and 96 in the east, of 90 in the west; a metre in the west earns 0.3 more, in the east 0.3 less.

    So the west has 90 + 27 = 117, the east 100 - 30, 98 - 28 and 96 - 28.
    """
    network = Network([*ring(0, 1, 100), *ring(0, 2, 98), *ring(0, 3, 96), *ring(0, 4, 90)])
    free = LoopProblem(network, {0}, min_length=90, max_length=100)
    west = replace(free, preferences=[-15, -15, -14, -14, -14, -14, 14, 13])
    assert_optimum(free, 100)
    assert [loop.score for loop in solved(free, alternatives=3).loops] == [100, 98, 96]
    loop = assert_optimum(west, 117)
    assert (set(loop.walk), loop.score) == ({6, 7}, 90)


def test_filling_the_window_is_no_gain() -> None:
    """
    Rings of 140, 130, 80 and 70, the long ones not all trail (130 and 122 points); a window of 60 to 149.

    Beyond 80 each metre costs a point: 130 - 60 and 122 - 50 are less than the 80 of the ring of just that length.
    (Two rings do not fit the window.)
    """
    rings = [*ring(0, 1, 140), *ring(0, 2, 130), *ring(0, 3, 80), *ring(0, 4, 70)]
    rings[0], rings[2] = rings[0]._replace(score=60), rings[2]._replace(score=57)
    free = LoopProblem(Network(rings), {0}, min_length=60, max_length=149)
    asked = replace(free, target=80, overlength_cost=1)
    longest = assert_optimum(free, 130)
    loop = assert_optimum(asked, 80)
    assert asked.objective(longest) == 70
    assert (loop.length, loop.score) == (80, 80)


@pytest.mark.parametrize(
    ("worth", "window", "walk", "score"),
    [
        (-3, (8, 9), [0, 1, 2], 5),  # 4 + 4 - 3 is more than the 4 of the first segment out and back
        (-5, (8, 9), [0, 0], 4),  # 4 + 4 - 5 is less
        (-5, (9, 9), [0, 1, 2], 3),  # only the triangle has 9 km
        (-20, (9, 9), [0, 1, 2], -12),  # and is walked even where it earns less than nothing
    ],
)
def test_busy_road_is_walked_where_it_pays_or_is_the_only_way(
    worth: int, window: tuple[int, int], walk: list[int], score: int
) -> None:
    """
    0 --4-- 1 --4-- 2      trails, and a busy road of 1 from 2 back to 0
    +------- 1 -----+
    """
    network = Network([trail(0, 1, 4), trail(1, 2, 4), Edge(2, 0, 1, worth)])
    problem = LoopProblem(network, {0}, min_length=window[0], max_length=window[1])
    assert sorted(assert_optimum(problem, score).walk) == walk


def test_busy_road_is_shunned_though_the_loop_with_it_fits() -> None:
    """From 1 to 2 by trail (3, worth 2 points) or by a busy road (5, worth -2): the window would take either."""
    network = Network([trail(0, 1, 3), Edge(1, 2, 3, 2), Edge(1, 2, 5, -2), trail(2, 0, 3)])
    busy = LoopProblem(network, {0}, min_length=8, max_length=11)
    trails = LoopProblem(Network([e._replace(score=e.length) for e in network.edges]), {0}, min_length=8, max_length=11)
    assert set(assert_optimum(trails, 11).walk) == {0, 2, 3}
    assert set(assert_optimum(busy, 8).walk) == {0, 1, 3}


def test_start_is_chosen_where_it_is_free() -> None:
    """
    0 --2-- 1 --2-- 2 --2-- 3     rings of 6 at 0, of 7 at 1, of 8 at 2 and of 10 at 3; a window of 6 to 10.

    From anywhere: the ring of 10. From 0 the ring of 7 takes 2 + 7 + 2 = 11 km already, and those behind it more;
    what is left is the ring of 6 and 2 km out and back, 10 km with 8 points.
    """
    sticks = [trail(0, 1, 2), trail(1, 2, 2), trail(2, 3, 2)]
    rings = [e for node, length in enumerate((6, 7, 8, 10)) for e in ring(node, node + 4, length)]
    free = LoopProblem(Network(sticks + rings), range(4), min_length=6, max_length=10)
    singles = [replace(free, trailheads=[start]) for start in range(4)]
    assert sorted(assert_optimum(singles[0], 8).walk) == [0, 0, 3, 4]
    loop = assert_optimum(free, 10)
    assert (loop.start, set(loop.walk)) == (3, {9, 10})
    assert max(FUZZ["best_value"](single) for single in singles) == 10


def test_start_in_the_middle_of_a_segment() -> None:
    """
    0 --2-- m --4-- 1     a ring of 8 at 0, of 9 at 1, of 12 at 2, which a segment of 1 joins to 0

    From m, within 12 km: to the ring of 8 and back, 2 + 8 + 2 km with 10 points. (The ring of 9 would make 17 km,
    that of 12 would make 18.) From any junction it would be the ring of 12, which is nowhere near.
    """
    rings = [*ring(0, 3, 8), *ring(1, 4, 9), *ring(2, 5, 12)]
    whole = Network([trail(0, 1, 6), trail(0, 2, 1), *rings])
    cut = Network([trail(0, 6, 2), trail(6, 1, 4), trail(0, 2, 1), *rings])
    from_junctions = LoopProblem(whole, range(6), min_length=8, max_length=12)
    from_the_middle = LoopProblem(cut, [6], min_length=8, max_length=12)
    assert set(assert_optimum(from_junctions, 12).walk) == {6, 7}
    loop = assert_optimum(from_the_middle, 10)
    assert (loop.start, sorted(loop.walk)) == (6, [0, 0, 3, 4])


def test_alternative_is_found_behind_many_that_are_nearly_the_same() -> None:
    """
    0 --44-- 1 ==3,4,5== 2 ==3,4,5== 3 --44-- 0     and a ring of 80 at 0

    The ways over the three parallel segments make nine loops of 94 to 98, which share 88 at least. The tenth best,
    the ring of 80, is the only one that is different.
    """
    parallel = [trail(node, node + 1, length) for node in (1, 2) for length in (3, 4, 5)]
    network = Network([trail(0, 1, 44), *parallel, trail(3, 0, 44), *ring(0, 4, 80)])
    problem = LoopProblem(network, {0}, min_length=78, max_length=99)
    walks = [FUZZ["figures"](problem, times) for times in FUZZ["closed_walks"](network)]
    values = sorted((w.value for w in walks if 0 in w.nodes and 78 <= w.length <= 99), reverse=True)
    assert values[:10] == [98, 97, 97, 96, 96, 96, 95, 95, 94, 80]
    result = solved(problem, alternatives=3)
    assert [loop.score for loop in result.loops] == [98, 80]


def test_all_limits_at_once() -> None:
    """
    Rings at 0, a window of 6 to 12: each of the better ones breaks one limit.

    12 climbs 500 m, 11 is half road, 10 misses the via node; the ring of 8 with the via node opposite keeps all.
    A stick of 2 leads on from there: it would make 12 km with 10 points, but 2 of 12 are too much to be walked again.
    """
    edges = [*ring(0, 1, 12, 500), *ring(0, 2, 11), *ring(0, 3, 10), *ring(0, 4, 8, 100), trail(4, 5, 2)]
    free = LoopProblem(Network(edges), {0}, min_length=6, max_length=12, roads=[0, 0, 5, 0, 0, 0, 0, 0, 0])
    limits = {"max_ascent": 300, "max_road_share": 0.2, "via": [4], "max_repeat_share": 0.15}
    limited = replace(free, **limits)
    assert_optimum(free, 12)
    assert_no_filter_would_do(free, limited)
    assert set(assert_optimum(limited, 8).walk) == {6, 7}
    for name in limits:
        assert FUZZ["best_value"](replace(limited, **{name: getattr(free, name)})) >= 8
