"""The search for treks: valid, deterministic, near the best there is, in time."""

from __future__ import annotations

import importlib.util
import sys
import time
import types
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import solver.trek_search
from solver import Camp, Day, Network, Pace, Status, Trek, TrekProblem, solve_trek, trek_violations
from solver.trek_search import TrekSearch, part_of
from solver.walks import MOST_SHARED, likeness

HERE = Path(__file__).parent
SOURCE = HERE.parents[1] / "solver" / "trek_kernel.py"


def module(name: str, path: Path) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[name] = made  # dataclasses look there for their module
    spec.loader.exec_module(made)
    return made


oracle = module("trek_oracle_for_search", HERE / "trek_oracle.py")


def grid(size: int) -> Network:
    """size x size junctions, 900 to 1100 m apart, each row climbing 50 m more than the last; a metre earns a point."""
    edges = []
    for row in range(size):
        for column in range(size):
            here = row * size + column
            for there, up in ((here + 1, 0), (here + size, 50)):
                if (there == here + 1 and column == size - 1) or there >= size * size:
                    continue
                length = 900 + (37 * here + 11 * there) % 200
                edges.append((here, there, length, length, up, 0))
    return Network(edges)


def triangles(**more: Any) -> TrekProblem:
    """Two days on two triangles with a camp between, all sides 1000 m.

        1       4          trailheads 0 and 4, camp at 2
       / \\     / \\
      0---2---3---5        2-3 is 1000 m, too
    """
    sides = ((0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 5), (5, 3))
    network = Network([(u, v, 1000, 1000, 100 if v in (1, 4) else 0, 100 if u in (1, 4) else 0) for u, v in sides])
    values: dict[str, Any] = {
        "trailheads": (0,),
        "camps": (Camp(2),),
        "days": (Day(1000, 3000), Day(1000, 3000)),
        "balance_cost": 0,
        "repeat_cost": 100,
    }
    return TrekProblem(network, **(values | more))


def best(problem: TrekProblem, **options: Any) -> Trek:
    result = solve_trek(problem, **({"iterations": 20_000} | options))
    assert result.trek is not None
    assert trek_violations(problem, result.trek) == []
    return result.trek


# --- small networks, answers derived


def test_the_trek_goes_round_the_near_triangle() -> None:
    """Out to the camp and back in 3 km a day: 0-1-2 and 2-0 are all of the triangle, 3000 m once each.

    Beyond it lies only 2-3, out and back 2000 m on one of the days with 2-0 or 0-2: 1000 m more, 1000 m twice: the
    repetition costs as much as the new trail earns. So 3000 points either way.
    """
    assert triangles().objective(best(triangles())) == 300_000


def test_longer_days_reach_the_far_triangle() -> None:
    """With 6 km on one day the stick 2-3 twice and the far triangle: 7000 m of trail, 1000 m twice."""
    problem = triangles(days=(Day(1000, 6000), Day(1000, 6000)))
    assert problem.objective(best(problem)) == 700_000 - 100_000


def test_the_days_are_balanced() -> None:
    """2 km and 1 km are 500 + 500 m astray from 1500; a kilometre each (0-2, 2-0) as much, and earns 1000 m only."""
    problem = triangles(days=(Day(1000, 3000, 1500), Day(1000, 3000, 1500)), balance_cost=25)
    assert problem.objective(best(problem)) == 300_000 - 25 * 1000


def test_what_is_closed_on_a_day_is_walked_on_another() -> None:
    """0-1 and 1-2 closed on day 1: the short side leads to the camp, and the other two back."""
    problem = triangles(days=(Day(1000, 3000, closed=frozenset({0, 1})), Day(1000, 3000)))
    trek = best(problem)
    assert not {0, 1} & set(trek.days[0].walk)
    assert problem.objective(trek) == 300_000


def test_a_camp_that_is_closed_on_a_night_is_not_used() -> None:
    """Of the camps at 2 and at 3, the first is closed: the night is at 3, two kilometres from home by 2."""
    problem = triangles(camps=(Camp(2), Camp(3)), days=(Day(0, 4000, no_camps=frozenset({0})), Day(0, 4000)))
    assert best(problem).camps == (1,)


def test_spurs_count_on_both_days() -> None:
    """Camp 400 m off the trail: 2000 + 400 m are more than 2300, so both days take the short side."""
    problem = triangles(camps=(Camp(2, spur=400),), days=(Day(1000, 2300), Day(1000, 2300)))
    assert [day.length for day in best(problem).days] == [1400, 1400]


def test_ascent_keeps_a_day_on_the_level() -> None:
    """Over node 1 a day climbs 100 m: with no climb allowed on either day, both take the side 0-2."""
    problem = triangles(days=(Day(1000, 3000, max_ascent=0), Day(1000, 3000, max_ascent=0)))
    trek = best(problem)
    assert trek.ascent == 0
    assert 0 not in trek.walk


def test_time_keeps_a_day_short() -> None:
    """4 km/h, 300 m up or 500 m down an hour: two sides are 1800 s along, 1200 s up and 720 s down.

    Half of the shorter one (DIN 33466) makes 1920 + 900 = 2820 s. One side is 900 s.
    """
    pace = Pace(4000, 300, 500)
    assert pace.seconds(2000, 100, 100) == 2820
    fits = triangles(pace=pace, days=(Day(0, 3000, max_time=2820), Day(0, 3000, max_time=900)))
    assert fits.objective(best(fits)) == 300_000
    short = triangles(pace=pace, days=(Day(0, 3000, max_time=2819), Day(0, 3000, max_time=900)))
    assert [day.length for day in best(short).days] == [1000, 1000]
    late = triangles(pace=pace, days=(Day(0, 3000, min_time=2820), Day(0, 3000)))
    assert trek_violations(late, best(late)) == []


def test_via_nodes_are_touched() -> None:
    """Via 4, the far side: 2-3 twice and, in 6 km, the far triangle, on one of the days."""
    problem = triangles(days=(Day(0, 6000), Day(0, 6000)), via=(4,))
    assert any(4 in problem.network.edges[e][:2] for e in best(problem).walk)


def test_the_total_window_holds() -> None:
    """Both days may be 3 km, the whole only 2: the side 0-2 out and back."""
    assert best(triangles(max_length=2000)).length == 2000
    assert best(triangles(min_length=5000)).length >= 5000


def test_shares_hold() -> None:
    """The far triangle repeats 1000 of 8000 m (an eighth); with a tenth allowed the near triangle has to do."""
    days = (Day(1000, 6000), Day(1000, 6000))
    assert best(triangles(days=days, max_repeat_share=0.125)).length == 8000
    assert best(triangles(days=days, max_repeat_share=0.1)).length == 3000
    # 2-3 is a road: walked twice that is 2000 m, more than 0.15 of even two full days, 12 km
    roads = (0, 0, 0, 1000, 0, 0, 0)
    assert best(triangles(days=days, roads=roads, max_road_share=0.15)).length == 3000
    # with a fifth 10 km are enough to hide it: 7000 m of trail, 3000 m of it again
    problem = triangles(days=days, roads=roads, max_road_share=0.2)
    assert problem.objective(best(problem)) == 700_000 - 300_000


def test_bottles_are_filled_in_time() -> None:
    """Water only in the middle of 1-2 and none at the camp: by 0-2 both ways there would be none at all for 2 km.

    By 1 there are 1500 m up to the water, and then 500 + 1000 m to the end.
    """
    waters = ((), (500,), (), (), (), (), ())
    problem = triangles(waters=waters, max_dry=1500)
    assert best(problem).length == 3000
    dry = solve_trek(replace(problem, max_dry=1499), iterations=4_000)
    assert dry.trek is None
    assert dry.status in (Status.UNKNOWN, Status.INFEASIBLE)


def test_the_trailhead_in_reach_is_taken() -> None:
    """A camp at 3, a kilometre from 4 and two from 0: a first day of 1 km can only begin at 4; 3-5-4 leads back."""
    problem = triangles(trailheads=(0, 4), camps=(Camp(3),), days=(Day(1000, 1000), Day(2000, 2000)))
    trek = best(problem)
    assert trek.start == 4
    assert problem.objective(trek) == 300_000


def test_a_bound_that_is_met_is_a_proof() -> None:
    """3 km at most in all, and 3 km of trail: nothing earns more than 3000 points."""
    result = solve_trek(triangles(days=(Day(0, 2000), Day(0, 1000))), iterations=4_000)
    assert result.status is Status.OPTIMAL
    assert result.bound == 300_000


def test_why_there_is_none() -> None:
    result = solve_trek(triangles(days=(Day(0, 900), Day(0, 900))), iterations=4_000)
    assert result.status is Status.INFEASIBLE
    assert result.obstacle is not None
    assert result.obstacle.night == 1
    assert result.treks == ()


# --- against everything there is


def test_near_the_best_there_is(record_property: Any) -> None:
    """Tiny problems with every kind of limit: no answer is wrong, hardly one is not the best.

    Their windows are much tighter than real ones: mostly less than ten treks of thousands keep all limits.
    """
    reached = possible = 0
    for seed in range(70):
        problem = oracle.random_problem(seed)
        truth = oracle.truth(problem)
        result = solve_trek(problem, iterations=120_000 if solver.trek_search.COMPILED else 1_500, seed=1)
        if result.trek is not None:
            assert truth.objective is not None
            assert trek_violations(problem, result.trek) == []
            value = problem.objective(result.trek)
            assert value <= truth.objective
            reached += value == truth.objective
        if result.status is Status.INFEASIBLE:
            assert truth.count == 0
        if result.bound is not None and truth.objective is not None:
            assert result.bound >= truth.objective
        possible += truth.count > 0
    record_property("reached", f"{reached} of {possible}")
    if solver.trek_search.COMPILED:
        assert reached >= 0.95 * possible


@settings(max_examples=40, deadline=None)
@given(st.integers(1_000, 10**6), st.integers(0, 5))
def test_no_answer_is_wrong(problem_seed: int, seed: int) -> None:
    problem = oracle.random_problem(problem_seed)
    result = solve_trek(problem, iterations=1_500, seed=seed, alternatives=1 + seed % 3)
    for trek in result.treks:
        assert trek_violations(problem, trek) == []
        assert result.bound is not None
        assert problem.objective(trek) <= result.bound
    if result.status is Status.OPTIMAL:
        assert problem.objective(result.treks[0]) == result.bound


# --- how it runs


def hills(**more: Any) -> TrekProblem:
    camps = (Camp(14), Camp(37, spur=150, up=20, water=True), Camp(60), Camp(82), Camp(55))
    days = tuple(Day(6_000, 10_000, 8_000) for _ in range(3))
    values: dict[str, Any] = {"days": days, "balance_cost": 25, "repeat_cost": 100}
    return TrekProblem(grid(10), (0, 9), camps, **(values | more))


def test_compiled_and_interpreted_find_the_same_treks(monkeypatch: pytest.MonkeyPatch) -> None:
    problems = [
        hills(),
        hills(max_ascent=900, max_repeat_share=0.3, via=(44,)),
        hills(
            days=tuple(Day(6_000, 10_000, 8_000, max_ascent=400, min_time=5_000, max_time=14_000) for _ in range(3)),
            pace=Pace(4000, 300, 500),
            waters=tuple((450,) if e % 3 == 0 else () for e in range(len(grid(10).edges))),
            max_dry=9_000,
        ),
    ]
    compiled = [solve_trek(problem, iterations=2_500, seed=3) for problem in problems]
    with monkeypatch.context() as patch:
        # as on a machine without Cython
        patch.setitem(sys.modules, "cython", None)
        plain = module("interpreted_trek_kernel", SOURCE)
        assert not plain.COMPILED
        patch.setattr(solver.trek_search, "TrekKernel", plain.TrekKernel)
        interpreted = [solve_trek(problem, iterations=2_500, seed=3) for problem in problems]
    for one, other in zip(compiled, interpreted, strict=True):
        assert one.treks
        assert one.treks == other.treks
        assert one.iterations == other.iterations


def test_the_same_seed_gives_the_same_treks() -> None:
    results = [solve_trek(hills(), iterations=5_000, seed=seed).treks for seed in (1, 1, 2)]
    assert results[0] == results[1]
    assert results[0] != results[2]


def test_the_time_limit_is_kept() -> None:
    solve_trek(hills(), time_limit=0.05)  # what is made once is not measured
    for limit in (0.1, 0.3):
        began = time.perf_counter()
        result = solve_trek(hills(), time_limit=limit)
        # others may run beside us, so not the 50 ms that it should be
        assert time.perf_counter() - began < limit + 0.5
        assert result.trek is not None


def test_alternatives_share_little() -> None:
    problem = hills()
    result = solve_trek(problem, iterations=30_000, alternatives=3)
    assert len(result.treks) >= 2
    values = [problem.objective(trek) for trek in result.treks]
    assert values == sorted(values, reverse=True)
    for i, one in enumerate(result.treks):
        for other in result.treks[:i]:
            assert likeness(problem, Counter(one.walk), Counter(other.walk)) <= MOST_SHARED


def test_better_treks_are_told_as_they_are_found() -> None:
    told: list[Trek] = []
    problem = hills()
    result = solve_trek(problem, iterations=20_000, improved=told.append)
    values = [problem.objective(trek) for trek in told]
    assert values == sorted(set(values))
    assert told[-1] == result.trek
    with pytest.raises(InterruptedError):
        solve_trek(problem, iterations=20_000, improved=_stop)


def _stop(_trek: Trek) -> None:
    raise InterruptedError


def test_what_is_out_of_reach_is_left_out() -> None:
    """A far triangle with a camp, joined by a trail of 50 km, is no part of a trek of two days of 10 km."""
    edges = [*grid(4).edges, (15, 16, 50_000, 0), (16, 17, 1000, 1000), (17, 18, 1000, 1000), (18, 16, 1000, 1000)]
    problem = TrekProblem(Network(edges), (0,), (Camp(5), Camp(17)), (Day(0, 10_000), Day(0, 10_000)))
    part = part_of(problem)
    assert set(part.edges) == set(range(len(grid(4).edges)))
    trek = solve_trek(problem, iterations=3_000).trek
    assert trek is not None
    assert trek.camps == (0,)


def test_a_trek_given_to_the_kernel_comes_back() -> None:
    problem = hills()
    trek = best(problem)
    part = part_of(problem)
    search = TrekSearch(problem, part, 0, deadline=None)
    position = {e: k for k, e in enumerate(part.edges)}
    walks = [[position[e] for e in day.walk] for day in trek.days]
    assert search.kernel.put(0, part.number[trek.start], trek.camps, walks)
    assert search.kernel.best_value_of(0) == problem.objective(trek)
    assert search.kernel.best_of(0) == (part.number[trek.start], trek.camps, tuple(map(tuple, walks)))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"time_limit": 0}, "time_limit is 0, want seconds above 0"),
        ({"iterations": -1}, "iterations is -1, want 0 or more"),
        ({"alternatives": 0}, "alternatives is 0, want 1 or more"),
        ({"seed": "x"}, "seed is 'x', want an integer"),
    ],
)
def test_nonsense_is_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        solve_trek(triangles(), **options)


def test_numbers_that_are_too_large_are_refused() -> None:
    network = Network([(0, 1, 10**9, 10**9)] * 40)
    with pytest.raises(ValueError, match="too much for 2 days in 64 bits"):
        solve_trek(
            TrekProblem(network, (0,), (Camp(1),), (Day(0, 10**9), Day(0, 10**9)), balance_cost=10**9), iterations=10
        )
