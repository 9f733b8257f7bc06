"""Days of treks made better, against all ways to walk them."""

from __future__ import annotations

from dataclasses import replace

from solver import Network
from solver.solve_trek import solve_trek
from solver.trek import POINTS, Camp, Day, Trek, TrekProblem, measured
from solver.trek_days import DayImprover
from solver.verify import trek_violations
from tests.unit.trek_oracle import _orders, random_problem, without_limits


def improved(problem: TrekProblem, trek: Trek, tries: int = 40) -> Trek:
    edges = range(len(problem.network.edges))
    return DayImprover(problem, edges, 0, lambda: True).improve(trek, tries)


def test_a_day_takes_the_better_way_round() -> None:
    """
    0 --- 1 --- 2    day 1 goes from 0 to the camp at 2 by the edge 0-2 (4 long, worth 1), day 2 back by 2-3-0.
     \\         /     By 0-1-2 it is as long, worth 4: 3 more, and nothing else changes
      3 ------
    """
    network = Network([(0, 1, 2, 2), (1, 2, 2, 2), (0, 2, 4, 1), (2, 3, 2, 2), (3, 0, 2, 2)])
    day = Day(3, 5, target=4)
    problem = TrekProblem(network, (0,), (Camp(2),), (day, day), balance_cost=100, repeat_cost=100)
    trek = measured(problem, 0, [(2,), (3, 4)], [0])
    better = improved(problem, trek)
    assert problem.objective(better) == problem.objective(trek) + 3 * POINTS
    assert better.days[1] == trek.days[1]
    assert better.camps == trek.camps


def test_a_day_that_is_a_loop_from_one_camp_is_made_better_too() -> None:
    """
    Camp at 1, 1 from the start 0. Day 2 is a loop from the camp: 1-2-3-1 (6 long, worth 3) or 1-4-5-1 (6, worth 6).
    """
    network = Network(
        [(0, 1, 1, 1), (1, 2, 2, 1), (2, 3, 2, 1), (3, 1, 2, 1), (1, 4, 2, 2), (4, 5, 2, 2), (5, 1, 2, 2)]
    )
    problem = TrekProblem(network, (0,), (Camp(1),), (Day(1, 1), Day(5, 7), Day(1, 1)), repeat_cost=10)
    better = improved(problem, measured(problem, 0, [(0,), (1, 2, 3), (0,)], [0, 0]))
    assert set(better.days[1].walk) == {4, 5, 6}


def test_no_other_day_is_better() -> None:
    found = sum(map(_checked, range(60)))
    assert found > 30  # of the others some have no trek


def _checked(seed: int) -> bool:
    """Whether there is a trek; if so, no way to walk any one of its days that keeps all limits is better."""
    problem = without_limits(random_problem(seed))
    days = [
        replace(d, min_time=None, max_time=None, min_length=min(max(d.min_length, 1), d.max_length))
        for d in problem.days
    ]
    problem = replace(problem, days=tuple(days), repeat_cost=max(problem.repeat_cost, problem.balance_cost))
    trek = solve_trek(problem, iterations=200, seed=seed).trek
    if trek is None:
        return False
    better = improved(problem, trek)
    assert not trek_violations(problem, better)
    assert problem.objective(better) >= problem.objective(trek)
    assert better.camps == trek.camps
    nodes = [better.start, *(problem.camps[c].node for c in better.camps), better.start]
    for number in range(len(problem.days)):
        camps = [None, *better.camps, None]
        spurs = sum(problem.camps[c].spur for c in camps[number : number + 2] if c is not None)
        if problem.days[number].min_length <= spurs:
            continue  # a day that may be no walk at all is left as it is
        for walk, end in _orders(problem, number, nodes[number]):
            if end != nodes[number + 1]:
                continue
            walks = [walk if i == number else day.walk for i, day in enumerate(better.days)]
            other = measured(problem, better.start, walks, better.camps)
            if not trek_violations(problem, other):
                assert problem.objective(other) <= problem.objective(better), (number, walk)
    return True
