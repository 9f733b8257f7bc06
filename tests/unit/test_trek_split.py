"""Cutting a walk into days, against all ways to cut it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations_with_replacement, pairwise, product
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver import Network
from solver.split import best_split, splits_of
from solver.trek import Camp, Day, Trek, TrekProblem, measured
from solver.verify import trek_violations
from tests.unit.trek_oracle import TooLargeError, random_problem, truth, without_limits


def every_split(problem: TrekProblem, start: int, walk: tuple[int, ...]) -> Iterator[Trek]:
    """All ways to cut a walk at camps, each judged by the referee alone."""
    here, nodes = start, [start]
    for e in walk:
        edge = problem.network.edges[e]
        here = edge.v if here == edge.u else edge.u
        nodes.append(here)
    for cuts in combinations_with_replacement(range(len(nodes)), len(problem.days) - 1):
        camps = [[i for i, camp in enumerate(problem.camps) if camp.node == nodes[cut]] for cut in cuts]
        ends = (0, *cuts, len(walk))
        walks = [walk[a:b] for a, b in pairwise(ends)]
        for nights in product(*camps):
            trek = measured(problem, start, walks, nights)
            if not trek_violations(problem, trek):
                yield trek


def some_loop(problem: TrekProblem, draw: Random) -> tuple[int, tuple[int, ...]]:
    """A stroll that happens to come back to its trailhead, of 12 edges at most."""
    start = draw.choice(problem.trailheads)
    here, walk, closed = start, [], 0
    for _ in range(12):
        steps = [e for e, edge in enumerate(problem.network.edges) if here in (edge.u, edge.v)]
        if not steps:
            break
        e = draw.choice(steps)
        edge = problem.network.edges[e]
        here = edge.v if here == edge.u else edge.u
        walk.append(e)
        closed = len(walk) if here == start else closed
    return start, tuple(walk[:closed])


def split_is_best(problem: TrekProblem, start: int, walk: tuple[int, ...]) -> bool:
    """Compare; whether there is any split."""
    values = [problem.objective(trek) for trek in every_split(problem, start, walk)]
    found = best_split(problem, start, walk)
    assert (None if found is None else problem.objective(found)) == max(values, default=None)
    if found is not None:
        assert trek_violations(problem, found) == []
        assert (found.start, found.walk) == (start, walk)
    return bool(values)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_no_split_of_a_stroll_is_better(seed: int, stroll: int) -> None:
    problem = random_problem(seed)
    start, walk = some_loop(problem, Random(stroll))
    split_is_best(problem, start, walk)
    #  most strolls break a limit: the same with days that are wide, and whatever else is asked
    days = tuple(replace(day, min_length=0, max_length=40) for day in problem.days)
    split_is_best(replace(problem, days=days, min_length=None, max_length=None), start, walk)
    split_is_best(replace(without_limits(problem), days=days), start, walk)


def test_limits_of_the_whole_trek_may_need_the_longer_spurs() -> None:
    """Spurs of 1 to 6, limits around what they come to: ways to the same night must not drop out too early."""
    found = 0
    for seed in range(250):
        draw = Random(seed)
        problem = random_problem(seed)
        node = draw.choice([camp.node for camp in problem.camps])
        camps = tuple(
            Camp(draw.choice((node, draw.randrange(problem.network.node_count))), draw.randrange(7), draw.randrange(5))
            for _ in range(5)
        )
        start, walk = some_loop(problem, draw)
        length = sum(problem.network.edges[e].length for e in walk) + draw.randrange(2, 30)
        problem = replace(
            problem,
            camps=camps,
            days=tuple(
                replace(day, min_length=0, max_length=40, max_ascent=None, min_time=None, max_time=None)
                for day in problem.days[:3]
            ),
            min_length=length - draw.randrange(3) if draw.random() < 0.5 else None,
            max_length=length + draw.randrange(3) if draw.random() < 0.5 else None,
            max_repeat_share=draw.choice((None, 0.3, 0.5)),
            max_ascent=draw.choice((None, 60, 100)),
            max_dry=None,
            via=(),
            balance_cost=25,
        )
        found += split_is_best(problem, start, walk)
    assert found >= 40  # of 250: the test must not be about nothing


def test_the_walk_of_the_best_trek_is_split_as_the_best_trek() -> None:
    tried = 0
    for seed in range(200):
        problem = random_problem(seed)
        try:
            best = truth(problem)
        except TooLargeError:
            continue
        if best.trek is None:
            continue
        tried += 1
        assert problem.objective(best_split(problem, best.trek.start, best.trek.walk)) == best.objective, seed
        several = splits_of(problem, Counter(best.trek.walk), orders=3, seed=seed)
        if several is not None:
            assert trek_violations(problem, several) == []
            assert problem.objective(several) <= best.objective
            assert Counter(several.walk) == Counter(best.trek.walk)
    assert tried > 100


# 0 --3-- 1 --3-- 2 --3-- 3 --3-- 0: a square of 12, camps at its corners
SQUARE = Network([(0, 1, 3, 3), (1, 2, 3, 3), (2, 3, 3, 3), (3, 0, 3, 3)])


def test_days_come_near_their_targets() -> None:
    """Two nights on the way round: 3 + 3 + 6 is 4 astray from 4, 4, 4; by any other cut it is more, or no way."""
    problem = TrekProblem(SQUARE, (0,), (Camp(1), Camp(2), Camp(3)), (Day(1, 9, 4),) * 3, balance_cost=10)
    trek = best_split(problem, 0, (0, 1, 2, 3))
    assert trek is not None
    assert sorted(day.length for day in trek.days) == [3, 3, 6]
    assert problem.objective(trek) == 100 * 12 - 10 * (1 + 1 + 2)


def test_a_spur_is_worth_it_where_it_balances() -> None:
    """A camp at 2 with a spur of 1 makes the days 7 and 7."""
    problem = TrekProblem(SQUARE, (0,), (Camp(2), Camp(2, 1)), (Day(1, 9, 7),) * 2, balance_cost=10)
    trek = best_split(problem, 0, (0, 1, 2, 3))
    assert trek is not None
    assert trek.camps == (1,)
    assert [day.length for day in trek.days] == [7, 7]


def test_a_dearer_way_to_a_night_stays_where_bottles_need_it() -> None:
    """
    Days of 6, 3, 3 by the camps at 2 and 3 are as wished, but all 12 are dry. By the water at 1 they are 3, 6, 3, and
    9 are dry: 3 and 3 astray.
    """
    problem = TrekProblem(
        SQUARE,
        (0,),
        (Camp(1, water=True), Camp(2), Camp(3)),
        (Day(1, 9, 6), Day(1, 9, 3), Day(1, 5, 3)),
        balance_cost=1,
        waters=((),) * 4,
        max_dry=9,
    )
    trek = best_split(problem, 0, (0, 1, 2, 3))
    assert trek is not None
    assert trek.camps == (0, 2)
    assert problem.objective(trek) == 1200 - 6


def test_a_dearer_way_to_a_night_stays_where_the_climb_needs_it() -> None:
    """As above; here the camp at 2 is 50 above the trail, and 49 may be climbed in all."""
    problem = TrekProblem(
        SQUARE,
        (0,),
        (Camp(1), Camp(2, 0, 50), Camp(3)),
        (Day(1, 9, 6), Day(1, 9, 3), Day(1, 9, 3)),
        balance_cost=1,
        max_ascent=49,
    )
    trek = best_split(problem, 0, (0, 1, 2, 3))
    assert trek is not None
    assert trek.camps == (0, 2)
    assert problem.objective(trek) == 1200 - 6


@pytest.mark.parametrize(
    ("start", "walk", "why"),
    [(0, (0, 1), "ends at node 2"), (0, (1,), "edge 1 does not leave node 0"), (2, (0,), "does not leave node 2")],
)
def test_what_is_no_loop_is_refused(start: int, walk: tuple[int, ...], why: str) -> None:
    problem = TrekProblem(SQUARE, (0,), (Camp(2),), (Day(1, 9),) * 2)
    with pytest.raises(ValueError, match=why):
        best_split(problem, start, walk)


def test_a_start_that_is_no_trailhead_has_no_split() -> None:
    problem = TrekProblem(SQUARE, (0,), (Camp(2),), (Day(1, 9),) * 2)
    assert best_split(problem, 1, (1, 2, 3, 0)) is None
    assert best_split(replace(problem, trailheads=(1,)), 1, (1, 2, 3, 0)) is not None


@pytest.mark.parametrize(
    ("times", "why"),
    [({0: 1}, "odd number of passes at node 0"), ({0: 2, 2: 2}, "edge 2 does not hang together with edge 0")],
)
def test_edges_that_make_no_loop_are_refused(times: dict[int, int], why: str) -> None:
    problem = TrekProblem(SQUARE, (0,), (Camp(2),), (Day(1, 9),) * 2)
    with pytest.raises(ValueError, match=why):
        splits_of(problem, times)


def test_another_start_or_direction_is_found() -> None:
    """Only from 3 and by 0 first do the days 3 and 9 end at the camp at 0."""
    problem = TrekProblem(SQUARE, (1, 3), (Camp(0),), (Day(3, 3), Day(9, 9)))
    trek = splits_of(problem, {0: 1, 1: 1, 2: 1, 3: 1})
    assert trek is not None
    assert trek.days[0].length == 3
    assert splits_of(problem, {}) is None
    assert splits_of(problem, {0: 1, 1: 1, 2: 1, 3: 1}, seed=5) == splits_of(problem, {0: 1, 1: 1, 2: 1, 3: 1}, seed=5)
