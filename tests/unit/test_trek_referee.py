"""The referee of treks: a faultless trek passes, and each single fault is named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from solver import Network
from solver.trek import Camp, Day, DayWalk, Pace, Trek, TrekProblem, measured
from solver.verify import trek_violations

# Metres on edges, climbs from left to right (or downwards) in brackets; camp 0 lies 100 m off node 1 and 10 m above it.
#
#   0 ----e0: 4000 (300/0)---- 1 ---e3: 2000 (0/50)--- 3
#    \                        /
#     e2: 6000 (0/100)    e1: 5000 (0/200)
#        (2 to 0)           /
#              \---- 2 ----/          camp 1 is at node 2
NETWORK = Network(
    [(0, 1, 4000, 40, 300, 0), (1, 2, 5000, 50, 0, 200), (2, 0, 6000, 60, 0, 100), (1, 3, 2000, 20, 0, 50)]
)
PROBLEM = TrekProblem(
    NETWORK,
    (0,),
    (Camp(1, 100, 10, 0, water=True), Camp(2)),
    (Day(4000, 7000, 5000), Day(5000, 9500, 9000), Day(6000, 6000)),
    balance_cost=3,
    repeat_cost=7,
    roads=(0, 500, 0, 0),
    waters=((), (1000, 4000), (), ()),
    pace=Pace(4000, 300, 500),
)
# day 1: e0 and the spur                     4100 m, up 310, down 0
# day 2: the spur, to 3 and back, then e1    100 + 2000 + 2000 + 5000 = 9100 m, up 0 + 0 + 50, down 10 + 50 + 200
# day 3: e2                                  6000 m, up 0, down 100
TREK = Trek(
    0,
    (DayWalk((0,), 0, 4100, 310, 0), DayWalk((3, 3, 1), 1, 9100, 50, 260), DayWalk((2,), None, 6000, 0, 100)),
    score=170,
    length=19200,
    repeated=2000,
)


def test_a_faultless_trek_passes_and_is_what_measuring_says() -> None:
    assert trek_violations(PROBLEM, TREK) == []
    assert measured(PROBLEM, 0, [(0,), (3, 3, 1), (2,)], [0, 1]) == TREK
    # 100 * 170 - 3 * (|4100 - 5000| + |9100 - 9000|) - 7 * 2000
    assert PROBLEM.objective(TREK) == 17_000 - 3_000 - 14_000


# Water is at 4100 (camp 0), at 4100 + 100 + 4000 + 1000 = 9200 and at 12200, and the end is at 19200: 7000 m at most.
# Times: day 1 takes l = 4100/4000 h = 1.025 and c = 310/300 = 1.0333 h, so 1.0333 + 1.025/2 = 1.54583 h = 5565 s.
@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"trailheads": (1,)}, "start 0 is no trailhead"),
        ({"days": {0: {"closed": frozenset({0})}}}, "day 1: edge 0 is closed"),
        ({"days": {1: {"no_camps": frozenset({1})}}}, "day 2: camp 1 is not open"),
        ({"days": {0: {"min_length": 4101}}}, "day 1: length 4100 is outside 4101..7000"),
        ({"days": {1: {"max_length": 9099}}}, "day 2: length 9100 is outside 5000..9099"),
        ({"days": {0: {"max_ascent": 309}}}, "day 1: ascent 310 is above 309"),
        ({"days": {0: {"max_time": 5564}}}, "day 1: 5565 s on foot are above 5564"),
        ({"days": {0: {"min_time": 5566}}}, "day 1: 5565 s on foot are below 5566"),
        ({"min_length": 19_201}, "length 19200 is below 19201"),
        ({"max_length": 19_199}, "length 19200 is above 19199"),
        ({"max_ascent": 359}, "ascent 360 is above 359"),
        ({"max_repeat_share": 0.104}, "2000 of 19200 are walked again, above a share of 0.104"),  # 2000 > 1996.8
        ({"max_road_share": 0.026}, "500 of 19200 are road, above a share of 0.026"),  # 500 > 499.2
        ({"max_dry": 6999}, "7000 are walked without water, above 6999"),
    ],
)
def test_each_limit_is_kept(change: dict[str, Any], fault: str) -> None:
    if "days" in change:
        days = list(PROBLEM.days)
        for i, fields in change["days"].items():
            days[i] = replace(days[i], **fields)
        change = {"days": tuple(days)}
    assert trek_violations(replace(PROBLEM, **change), TREK) == [fault]


@pytest.mark.parametrize(
    "limits",
    [
        {"min_length": 19_200, "max_length": 19_200, "max_ascent": 360, "max_dry": 7000, "via": (3,)},
        {"max_repeat_share": 0.105, "max_road_share": 0.027},  # 2016 and 518.4 metres
    ],
)
def test_limits_that_are_just_kept(limits: dict[str, Any]) -> None:
    days = (
        replace(PROBLEM.days[0], min_length=4100, max_length=4100, max_ascent=310, min_time=5565, max_time=5565),
        replace(PROBLEM.days[1], closed=frozenset({0, 2}), no_camps=frozenset({0})),
        PROBLEM.days[2],
    )
    assert trek_violations(replace(PROBLEM, days=days, **limits), TREK) == []


def test_waters_lie_where_the_direction_puts_them() -> None:
    """Backwards, the waters of e1 lie 500 and 4000 m behind node 2: dry are 6000 + 500, 3500, and 1100 to the camp."""
    problem = replace(PROBLEM, waters=((), (1000, 4500), (), ()), days=(Day(0, 99_999),) * 2, max_dry=6499)
    back = measured(problem, 0, [(2, 1), (0,)], [0])
    assert trek_violations(problem, back) == ["6500 are walked without water, above 6499"]
    assert trek_violations(replace(problem, max_dry=6500), back) == []


def test_a_missed_via_node_is_named() -> None:
    problem = replace(PROBLEM, via=(3,), days=(Day(0, 99_999),) * 2)
    trek = measured(problem, 0, [(0,), (1, 2)], [0])
    assert trek_violations(problem, trek) == ["via node 3 is missed"]


def test_three_passes_on_one_day_are_too_many_and_two_on_each_of_two_are_fine() -> None:
    problem = replace(PROBLEM, days=(Day(0, 99_999),) * 2)
    assert trek_violations(problem, measured(problem, 0, [(0, 0, 0), (0,)], [0])) == ["day 1: edge 0 is walked 3 times"]
    assert trek_violations(problem, measured(problem, 0, [(0, 3, 3), (3, 3, 0)], [0])) == []


@pytest.mark.parametrize(
    ("days", "fault"),
    [
        (TREK.days[:2], "there are 2 days, want 3"),
        ((TREK.days[0], replace(TREK.days[1], camp=None), TREK.days[2]), "day 2: there is no camp after it"),
        ((*TREK.days[:2], replace(TREK.days[2], camp=1)), "day 3: it ends at camp 1, not at the start"),
        ((replace(TREK.days[0], camp=2), *TREK.days[1:]), "day 1: there is no camp 2"),
        ((replace(TREK.days[0], camp=-1), *TREK.days[1:]), "day 1: there is no camp -1"),
        ((replace(TREK.days[0], walk=(0, 9)), *TREK.days[1:]), "day 1: step 1: there is no edge 9"),
        ((replace(TREK.days[0], walk=(1,)), *TREK.days[1:]), "day 1: step 0: edge 1 does not leave node 0"),
        ((replace(TREK.days[0], walk=(0, 3)), *TREK.days[1:]), "day 1: it ends at node 3, not at 1"),
        ((*TREK.days[:2], replace(TREK.days[2], walk=())), "day 3: it ends at node 2, not at 0"),
    ],
)
def test_a_broken_walk_is_named(days: tuple[DayWalk, ...], fault: str) -> None:
    assert trek_violations(PROBLEM, replace(TREK, days=days)) == [fault]


@pytest.mark.parametrize(
    ("trek", "fault"),
    [
        (replace(TREK, score=171), "score is 170, the trek says 171"),
        (replace(TREK, length=19_201), "length is 19200, the trek says 19201"),
        (replace(TREK, repeated=0), "repeated is 2000, the trek says 0"),
        (
            replace(TREK, days=(replace(TREK.days[0], length=4000), *TREK.days[1:])),
            "day 1: length is 4100, the day says 4000",
        ),
        (
            replace(TREK, days=(replace(TREK.days[0], ascent=300), *TREK.days[1:])),
            "day 1: ascent is 310, the day says 300",
        ),
        (replace(TREK, days=(replace(TREK.days[0], descent=5), *TREK.days[1:])), "day 1: descent is 0, the day says 5"),
    ],
)
def test_figures_must_be_the_ones_found(trek: Trek, fault: str) -> None:
    assert trek_violations(PROBLEM, trek) == [fault]
