"""Proofs that there is no trek, and guesses at what is in the way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from solver import Network
from solver.trek import Camp, Day, Obstacle, Pace, TrekProblem, measured
from solver.trek_reach import likely_obstacle, obstacle
from tests.unit.trek_oracle import TooLargeError, random_problem, truth

# 0 --4-- 1 --4-- 2 --4-- 3     trailheads 0 and 3, climbs of 10 on each edge towards 3; a camp at 1 and at 2 (spur 1)
LINE = Network([(0, 1, 4, 4, 10, 0), (1, 2, 4, 4, 10, 0), (2, 3, 4, 4, 10, 0)])
PROBLEM = TrekProblem(LINE, (0,), (Camp(1), Camp(2, 1)), (Day(1, 9), Day(1, 9), Day(1, 9)))


def test_nothing_is_in_the_way() -> None:
    assert obstacle(PROBLEM) is None


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            {"camps": ()},
            Obstacle("night 1: no camp is open", night=1, day=1),
        ),
        (
            {"days": (Day(1, 9), Day(1, 9, no_camps=frozenset({0, 1})), Day(1, 9))},
            Obstacle("night 2: no camp is open", night=2, day=2),
        ),
        (  # from 0 to 1 it is 4
            {"days": (Day(1, 3), Day(1, 9), Day(1, 9))},
            Obstacle(
                "night 1: no camp that is open can be reached: day 1 would need 4, and may have 3",
                night=1,
                day=1,
                shortest=4,
            ),
        ),
        (  # from the camp at 1 (2 is too far on day 1) to the one at 2, and its spur: 4 + 1
            {"days": (Day(1, 4), Day(1, 4, no_camps=frozenset({0})), Day(1, 9))},
            Obstacle(
                "night 2: no camp that is open can be reached: day 2 would need 5, and may have 4",
                night=2,
                day=2,
                shortest=5,
            ),
        ),
        (  # the only way is closed on day 1
            {"days": (Day(1, 9, closed=frozenset({0})), Day(1, 9), Day(1, 9))},
            Obstacle("night 1: no camp that is open can be reached: no open trail leads there", night=1, day=1),
        ),
        (  # home from the camp at 1
            {"days": (Day(1, 9), Day(1, 9), Day(1, 3))},
            Obstacle("day 3: no way back to where day 1 began: day 3 would need 4, and may have 3", day=3, shortest=4),
        ),
        (  # 3 is near to 2, but who starts at 0 cannot end there: from the camp at 2 it is 8 + 1, spur included
            {"trailheads": (0, 3), "days": (Day(1, 4), Day(1, 5, no_camps=frozenset({0})), Day(1, 8))},
            Obstacle("day 3: no way back to where day 1 began: day 3 would need 9, and may have 8", day=3, shortest=9),
        ),
        (  # up to 1 are 10
            {"days": (Day(1, 9, max_ascent=9), Day(1, 9), Day(1, 9))},
            Obstacle(
                "night 1: no camp that is open can be reached: in reach within 4, but day 1 may only climb 9",
                night=1,
                day=1,
                shortest=4,
            ),
        ),
        (  # 4 m at 4 an hour are 1 h, 10 up at 20 an hour half an hour: 1.25 h = 4500 s
            {"pace": Pace(4, 20, 20), "days": (Day(1, 9, max_time=4499), Day(1, 9), Day(1, 9))},
            Obstacle(
                "night 1: no camp that is open can be reached: in reach within 4, but day 1 may only take 4499 s",
                night=1,
                day=1,
                shortest=4,
            ),
        ),
        (  # all three edges twice and the spur at 2: 24 + 1
            {"days": (Day(25, 29), Day(1, 9), Day(1, 9))},
            None,
        ),
        (
            {"days": (Day(26, 29), Day(1, 9), Day(1, 9))},
            Obstacle("day 1: walking every trail in reach twice makes only 25, less than 26", day=1),
        ),
        (
            {"max_length": 2},
            Obstacle("the shortest days make 3 together, more than 2"),
        ),
        (
            {"min_length": 28},
            Obstacle("the longest days make 27 together, less than 28"),
        ),
        (  # from 2 and back it is 8 on day 2; from 0 and on to 2 it is 12 + 4 on day 1
            {"via": (3,), "days": (Day(1, 9), Day(1, 7), Day(1, 9))},
            Obstacle("via node 3 is in reach on no day: day 2 would need 8, and may have 7"),
        ),
        (
            {"waters": ((), (), (2,)), "max_dry": 5, "days": (Day(1, 9), Day(6, 7), Day(1, 9))},
            Obstacle("day 2: no trail in reach has water, and at most 5 of at least 6 may be dry", day=2),
        ),
        (
            {"via": (3,), "max_length": 23},
            Obstacle("via node 3 cannot be reached: there and back is 24, and the trek may have 23"),
        ),
    ],
)
def test_what_is_in_the_way(change: dict[str, object], expected: Obstacle | None) -> None:
    assert obstacle(replace(PROBLEM, **change)) == expected  # type: ignore[arg-type]


def test_just_enough_is_no_obstacle() -> None:
    days = (Day(1, 4, max_ascent=10, max_time=4500), Day(1, 5, no_camps=frozenset({0})), Day(1, 9))
    assert obstacle(replace(PROBLEM, days=days, pace=Pace(4, 20, 20), via=(1,))) is None


def test_contradicting_heights_prove_less_but_nothing_wrong() -> None:
    """Round a triangle that only climbs: who walks it the other way climbs nothing."""
    uphill = Network([(0, 1, 4, 4, 10, 0), (1, 2, 4, 4, 10, 0), (2, 0, 4, 4, 10, 0)])
    problem = TrekProblem(uphill, (0,), (Camp(1),), (Day(1, 9, max_ascent=0), Day(1, 9)))
    assert obstacle(problem) is None
    assert truth(problem).count > 0


def test_no_trek_is_ever_proven_away_and_most_that_lack_one_are_explained() -> None:
    explained = hopeless = 0
    for seed in range(400):
        problem = random_problem(seed)
        try:
            count = truth(problem).count
        except TooLargeError:
            continue
        found = obstacle(problem)
        if count:
            assert found is None, (seed, found)
        else:
            hopeless += 1
            explained += found is not None
    assert hopeless > 90
    assert explained > hopeless * 0.3


def test_the_broken_day_of_the_nearest_trek_is_told() -> None:
    problem = replace(PROBLEM, days=(Day(4, 4), Day(8, 9), Day(5, 9)))
    near = measured(problem, 0, [(0,), (1, 1), (0,)], [0, 0])
    expected = Obstacle("day 3: the nearest trek found has 4 there, want 5..9", day=3)
    assert likely_obstacle(problem, near) == expected
    dry = replace(PROBLEM, waters=((),) * 3, max_dry=5)
    assert likely_obstacle(dry, near) == Obstacle("the nearest trek found: 16 are walked without water, above 5")


def test_a_night_with_few_camps_is_told() -> None:
    assert likely_obstacle(PROBLEM) == Obstacle("night 1: only 2 camps are in reach", night=1)
    camps = tuple(Camp(1) for _ in range(5))
    assert likely_obstacle(replace(PROBLEM, camps=camps)) is None
