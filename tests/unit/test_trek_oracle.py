"""The brute force for treks, against a cruder one: every walk, night by night, judged by the referee."""

from __future__ import annotations

from itertools import islice

from solver import Network
from solver.trek import Camp, Day, TrekProblem
from solver.verify import trek_violations
from tests.unit.trek_oracle import TooLargeError, every_trek, random_problem, truth

#: Problems with more walks than these are left out of the comparison.
MOST_WALKS = 1000


def test_counts_and_optimum_of_a_drawn_problem() -> None:
    """
    0 --a4-- 1 --b4-- 2     trailhead 0, camps at 1 and 2, two days of 4 to 12

    By camp 1: day 1 is a or abb, day 2 is a or bba (aaa would be a three times on one day): 4 treks.
    By camp 2: ab and ba: 1 trek.
    """
    problem = TrekProblem(
        Network([(0, 1, 4, 4), (1, 2, 4, 4)]), (0,), (Camp(1), Camp(2)), (Day(4, 12), Day(4, 12)), repeat_cost=10
    )
    found = truth(problem)
    # a and b earn 800; b on one day only, or the night at 2, repeats 8; b on both days repeats 16
    assert (found.count, found.objective) == (5, 720)


def test_counts_and_optimum_agree_with_the_referee() -> None:
    """A few dozen random problems, all features among them; about half of them have a trek."""
    compared = 0
    for seed in range(220):
        problem = random_problem(seed)
        treks = list(islice(every_trek(problem), MOST_WALKS + 1))
        if len(treks) > MOST_WALKS:
            continue
        valid = [problem.objective(trek) for trek in treks if not trek_violations(problem, trek)]
        found = truth(problem)
        assert (found.count, found.objective) == (len(valid), max(valid, default=None)), seed
        compared += bool(valid)
    assert compared >= 40


def test_the_best_trek_of_random_problems_is_valid_and_worth_what_is_said() -> None:
    features = set()
    for seed in range(300):
        problem = random_problem(seed)
        try:
            found = truth(problem)
        except TooLargeError:
            continue
        if found.trek is None:
            continue
        assert trek_violations(problem, found.trek) == [], seed
        assert problem.objective(found.trek) == found.objective, seed
        features |= {name for name in TrekProblem.__dataclass_fields__ if getattr(problem, name) not in (None, (), 0)}
        features |= {f"day {name}" for name in Day.__dataclass_fields__ for day in problem.days if getattr(day, name)}
    wanted = {*TrekProblem.__dataclass_fields__, *(f"day {name}" for name in Day.__dataclass_fields__)}
    assert features == wanted
