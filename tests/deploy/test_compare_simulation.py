"""The simulation: against theory, against rules worked out by hand, and against what cannot be otherwise."""

from __future__ import annotations

import heapq
import math
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.bill import Usage, bill
from deploy.compare import months, queueing
from deploy.compare.deviation import deviation_from_measurement, deviation_from_theory
from deploy.compare.record import Record
from deploy.compare.scaling import Scaling, Tracking
from deploy.compare.simulation import Outcome, Service, month_of, service_of, simulate
from deploy.compare.traffic import Arrivals
from deploy.prices import total
from deploy.setup import Ec2, Fargate, Lambda

simpy = pytest.importorskip("simpy", reason="needs the extra `compare`")
from deploy.compare import serving  # noqa: E402 - it needs simpy

TRIP = Service({"short": (1.0,), "again": (0.1,)}, {"short": 0.8, "again": 0.2})
ONE = Ec2(processes=1, searches=1)


def come(*due_s: float, kinds: str = "", until_s: float = 0.0, counted_s: float = 0.0) -> Arrivals:
    """Requests at these times; `kinds`: a for "again", all others are short trips."""
    named = tuple("again" if kind == "a" else "short" for kind in kinds.ljust(len(due_s), "s"))
    return Arrivals(tuple(due_s), named, 0.0, until_s or max(due_s) + 1, counted_s)


def outcome_of(setup, service, trace, requests_per_month: float, *, seed: int = 0) -> Outcome:
    """All draws of a month, as one."""
    draws = months.draws_of(setup, service, trace, requests_per_month, seed=seed)
    return month_of([one for draw in draws for one in draw], requests_per_month)


def patient(slots: int) -> Ec2:
    return Ec2(processes=1, searches=slots, threads=10**6, patience_s=math.inf, front_s=math.inf)


# --- theory -----------------------------------------------------------------------------------------------------------


def test_formulas_of_queueing_theory():
    # B(2, 1) = (1/2) / (1 + 1 + 1/2) = 0.2;  C = 2 x 0.2 / (2 - 1 x 0.8) = 1/3
    assert queueing.erlang_b(2, 1.0) == pytest.approx(0.2)
    assert queueing.erlang_c(2, 1.0) == pytest.approx(1 / 3)
    # with one server it waits as often as the server is busy, and r s / (1 - r) on average: 0.8 x 2 / 0.2
    assert queueing.erlang_c(1, 0.8) == pytest.approx(0.8)
    assert queueing.mean_wait_s(1, 0.8, service_s=2.0) == pytest.approx(8.0)
    # P(W > t) = 0.8 exp(-0.2 t / 2) = 0.05 for t = 10 ln 16
    assert queueing.wait_quantile_s(1, 0.8, service_s=2.0, share=0.95) == pytest.approx(10 * math.log(16))
    assert queueing.wait_quantile_s(1, 0.8, service_s=2.0, share=0.19) == 0
    # exponential work is the case of variation 1, work that is always the same waits half as long
    assert queueing.pollaczek_khinchine_s(0.8, service_s=2.0, variation=1.0) == pytest.approx(8.0)
    assert queueing.pollaczek_khinchine_s(0.8, service_s=2.0, variation=0.0) == pytest.approx(4.0)
    assert queueing.erlang_c(2, 2.0) == 1
    assert queueing.mean_wait_s(2, 2.0, service_s=1.0) == math.inf
    with pytest.raises(ValueError, match="servers is 0"):
        queueing.erlang_b(0, 1.0)


@pytest.mark.parametrize("slots", [1, 2, 4])
def test_each_wait_is_that_of_the_recursion(slots):
    """First come, first served with c servers: who comes takes the server that is free first (Kiefer and Wolfowitz)."""
    random = Random(slots)
    due_s, at_s = [], 0.0
    for _ in range(3000):
        at_s += random.expovariate(slots * 0.9)
        due_s.append(at_s)
    works_s = [random.expovariate(1.0) for _ in due_s]
    free_s = [0.0] * slots
    expected = []
    for at_s, work_s in zip(due_s, works_s, strict=True):
        begins_s = max(at_s, heapq.heappop(free_s))
        heapq.heappush(free_s, begins_s + work_s)
        expected.append(begins_s - at_s)
    found = simulate(patient(slots), TRIP, come(*due_s), seed=0, works_s=works_s)
    assert found.waits_s == pytest.approx(expected, abs=1e-6)


def test_it_agrees_with_theory():
    """Within five standard errors, which ten runs tell within a quarter; and standard errors are small."""
    rows = deviation_from_theory(seed=1, size=0.2)
    assert len(rows) == 3 * 4 * 3 + 3
    for row in rows:
        if row.spread is not None and row.known:
            assert abs(row.simulated - row.known) <= 5 * row.spread + 0.01 * row.known, row
            assert row.spread < 0.15 * row.known, row
            assert row.share == pytest.approx((row.simulated - row.known) / row.known)
        else:
            # at a load of 0.3 of four servers, 3.7 % wait
            assert row.known == 0
            assert row.simulated < 50


# --- one machine ------------------------------------------------------------------------------------------------------


def test_a_request_waits_for_its_turn_and_loses_patience():
    # 10 s each: the first is done at 10, the second at 20; the third has come at 2 and is turned away at 14, when
    # the second is being worked on
    found = simulate(replace(ONE, patience_s=12.0), TRIP, come(0, 1, 2, until_s=50), seed=0, works_s=[10.0, 10.0, 10.0])
    assert found.latencies_s == pytest.approx((10, 19))
    assert found.waits_s == pytest.approx((0, 9))
    assert found.failed == {serving.TURNED_AWAY: 1}
    assert found.failed_share == pytest.approx(1 / 3)
    assert found.ended_s == pytest.approx(20)
    # of two answers out of three requests, the median is the second one, and the 99th of 100 has failed
    assert found.quantiles_s((0.5, 0.99)) == [pytest.approx(19), None]


def test_what_was_asked_before_needs_no_search_but_a_thread():
    one_thread = simulate(replace(ONE, threads=1), TRIP, come(0, 1, kinds="sa"), seed=0, works_s=[10.0, 0.1])
    assert one_thread.latencies_s == pytest.approx((10, 9.1))
    two_threads = simulate(replace(ONE, threads=2), TRIP, come(0, 1, kinds="sa"), seed=0, works_s=[10.0, 0.1])
    assert two_threads.latencies_s == pytest.approx((10, 0.1))


def test_patience_begins_when_a_thread_is_free():
    """Two threads, one slot: the third has no thread until 10, and then waits 10 s more, not yet 12."""
    setup = replace(ONE, threads=2, patience_s=12.0)
    found = simulate(setup, TRIP, come(0, 0, 0, until_s=50), seed=0, works_s=[10.0, 10.0, 10.0])
    assert found.latencies_s == pytest.approx((10, 20, 30))


def test_what_is_in_front_gives_up_but_the_work_is_done():
    # the second is done at 8 + 8 = 16, 15 s after it came: given up after 12; the third, at 24, came at 13
    setup = replace(ONE, patience_s=60.0, front_s=12.0)
    found = simulate(setup, TRIP, come(0, 1, 13, until_s=50), seed=0, works_s=[8.0, 8.0, 8.0])
    assert found.failed == {serving.GIVEN_UP: 1}
    assert found.latencies_s == pytest.approx((8, 11))
    alone = simulate(setup, TRIP, come(0), seed=0, works_s=[20.0])
    assert alone.ended_s == pytest.approx(12)  # for who asked, it is over when it is given up
    # and its processor time is paid for: 24 s
    assert found.usage.cpu_hours == pytest.approx(24 / 3600)


def test_more_than_the_kernel_holds_are_refused():
    # one is worked on, 1000 + 2048 wait for the thread, the last 11 of 3060 are refused
    found = simulate(
        replace(ONE, threads=1, front_s=math.inf), TRIP, come(*[0.0] * 3060), seed=0, works_s=[0.001] * 3060
    )
    assert found.failed == {serving.REFUSED: 11}


def test_two_processes_share_the_requests():
    two = Ec2(processes=2, searches=2)
    assert simulate(two, TRIP, come(0, 0, 0), seed=0).latencies_s == pytest.approx((1, 1, 2))
    # the third goes where there is nobody since 0.5, and not to the one that is busy until 1
    found = simulate(two, TRIP, come(0, 0, 0.6), seed=0, works_s=[1.0, 0.5, 1.0])
    assert found.latencies_s == pytest.approx((1, 0.5, 1))


def test_who_comes_while_others_are_worked_on_takes_as_long_as_in_a_crowd():
    """Alone 1 s, in a crowd 2.5 s; whoever comes at 0.5 s finds one at work, and so does who comes at 1.2 s."""
    crowded = replace(TRIP, crowded_s={"short": (2.5,)})
    arrivals = come(0.0, 0.5, 1.2, 10.0)

    def took_s(setup):
        return simulate(setup, crowded, arrivals, seed=0).latencies_s

    # two processes on one machine; the third waits for a slot until 1 s have passed, that is not at all
    assert took_s(Ec2(searches=2)) == pytest.approx((1.0, 2.5, 2.5, 1.0))
    # each task has a machine of its own, and no more than one search at a time: the third comes when the first is done
    assert took_s(Fargate()) == pytest.approx((1.0, 1.0, 1.0, 1.0))
    # and so has a sandbox
    assert took_s(Lambda()) == pytest.approx((1.0, 1.0, 1.0, 1.0))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 4), st.floats(0.2, 3.0))
def test_one_more_slot_never_makes_anybody_wait_longer(seed, slots, per_s):
    """The same requests with the same work, first come, first served."""
    random = Random(seed)
    due_s = sorted(random.uniform(0, 60 / per_s) for _ in range(60))
    works_s = [random.expovariate(1.0) for _ in due_s]
    fewer, more = (
        simulate(patient(count), TRIP, come(*due_s, until_s=1000), seed=0, works_s=works_s)
        for count in (slots, slots + 1)
    )
    assert all(after <= before + 1e-9 for before, after in zip(fewer.latencies_s, more.latencies_s, strict=True))


def test_processor_time_is_that_of_the_time_that_counts_and_no_more_than_there_is(monkeypatch):
    # 10 s each, one at a time, for 25 s of which the last 20 count: of the first request 5 s, of the second 10 and of
    # the third 5; the last two, another 15 s, are worked on when the time is over
    setup = replace(patient(1), searches=1)
    found = simulate(setup, TRIP, come(0, 1, 6, 7, until_s=25, counted_s=5), seed=0, works_s=[10.0] * 4)
    assert found.usage.cpu_hours == pytest.approx(20 / 3600)
    # eight kept answers of 5 s beside one search of 10 s are 50 s of work, for a processor that has 10
    found = simulate(ONE, TRIP, come(*[0.0] * 8, kinds="saaaaaaa", until_s=10), seed=0, works_s=[10.0] + [5.0] * 7)
    assert found.usage.cpu_hours == pytest.approx(10 / 3600)
    # 3.8 a second for two processors: never more than both of them all month, 2 x 730 hours
    monkeypatch.setattr(months, "_MOST", 20_000)
    outcome = outcome_of(Ec2(), TRIP, months.TRACES["flat"](), 1e7)
    assert outcome.usage.cpu_hours == pytest.approx(1460, rel=0.01)


POPULAR = replace(TRIP, warm_s={"short": (1.0,), "again": (0.1,)}, cold_s=(2.0,), popular=("short",))


def test_who_is_new_searches_for_what_others_have_answered():
    # a sandbox searches the first time, 2 + 1 s, and has the answer the second time; so has each of two
    found = simulate(Lambda(), POPULAR, come(0, 10, 20, 20, 30, 30, kinds="aaaaaa"), seed=0)
    assert found.latencies_s == pytest.approx((3, 0.1, 0.1, 3, 0.1, 0.1))
    assert found.usage.busy_s == pytest.approx(2 * (1 + 2) + 4 * 0.1)
    # an instance has run for long
    assert simulate(Ec2(), POPULAR, come(0, 10, kinds="aa"), seed=0).latencies_s == pytest.approx((0.1, 0.1))
    # of two popular trips a sandbox knows each when it has searched for it, so two of them cost a second
    two = replace(POPULAR, popular=("short", "short"), cold_s=(0.0,))
    found = simulate(Lambda(), two, come(*range(0, 200, 10), kinds="a" * 20), seed=0)
    assert sorted(found.latencies_s)[-3:] == pytest.approx((0.1, 1, 1))
    with pytest.raises(ValueError, match="of a warm request of the kind 'long', which is popular, was"):
        replace(TRIP, popular=("long",))


def test_a_new_task_searches_for_what_others_have_answered():
    """Tasks that were there have the answers; the second one comes at 180 + 30 s and searches, once, for 1 s."""
    setup = Fargate(
        min_tasks=1, max_tasks=2, searches=1000, threads=1000, requests_target=60.0, cpu_target_percent=1000.0
    )
    due_s = [number / 2 for number in range(600)]
    found = simulate(setup, POPULAR, come(*due_s, kinds="a" * 600), seed=0)
    slow = [number for number, latency_s in enumerate(found.latencies_s) if latency_s > 0.5]
    assert found.peak_units == 2
    assert len(slow) >= 1
    # those that come within the second in which it searches may be searched for, too
    assert 420 <= slow[0] <= slow[-1] <= 423
    assert found.latencies_s[slow[0]] == pytest.approx(1)


# --- a function -------------------------------------------------------------------------------------------------------

COLD = replace(TRIP, cold_s=(2.0,), init_s=(1.5,))


def test_a_sandbox_for_each_request_at_a_time():
    # two at once are two cold starts, 1 + 2 s; then one of the two is warm
    found = simulate(Lambda(), COLD, come(0, 0.5, 10), seed=0)
    assert found.latencies_s == pytest.approx((3, 3, 1))
    # billed: the search of each, and of the starts the 1.5 s that are billed
    assert found.usage.busy_s == pytest.approx(1 + 1.5 + 1 + 1.5 + 1)
    assert found.usage.requests == 3
    assert found.peak_units == 2


def test_the_one_that_was_used_last_is_used_first_and_the_other_is_let_go():
    """Two sandboxes, idle since 3 and 3.5; one request every 100 s is only ever for one of them.

    At 400 the other one has been idle for longer than 300 s, so that of two at once one starts anew.
    """
    found = simulate(Lambda(keep_s=300), COLD, come(0, 0.5, 100, 200, 300, 400, 400), seed=0)
    assert found.latencies_s == pytest.approx((3, 3, 1, 1, 1, 1, 3))
    # idle since 601 and 603, both are let go in time: at 902.5 the later one is there, at 1300 none
    found = simulate(Lambda(keep_s=300), COLD, come(600, 600, 902.5, 1300), seed=0)
    assert found.latencies_s == pytest.approx((3, 3, 1, 3))


def test_beyond_its_limit_a_function_is_throttled():
    found = simulate(Lambda(concurrency=2), COLD, come(0, 0, 0, 5), seed=0)
    assert found.failed == {serving.THROTTLED: 1}
    assert len(found.latencies_s) == 3
    # who is turned away does not pay
    assert found.usage.requests == 3


def test_it_gets_a_thousand_sandboxes_in_ten_seconds():
    # of 1500 at once 1000 get one; 5 s later there are 500 more for 600
    due_s = [0.0] * 1500 + [5.0] * 600
    found = simulate(Lambda(concurrency=10_000), COLD, come(*due_s), seed=0, works_s=[20.0] * 2100)
    assert found.failed == {serving.THROTTLED: 500 + 100}
    # what was not used before is not kept for later
    late = simulate(Lambda(concurrency=10_000), COLD, come(*[100.0] * 1500), seed=0)
    assert late.failed == {serving.THROTTLED: 500}


def test_a_gateway_gives_up_and_the_function_is_billed():
    found = simulate(Lambda(gateway="rest"), COLD, come(0), seed=0, works_s=[29.5])
    assert found.failed == {serving.GIVEN_UP: 1}
    assert found.usage.busy_s == pytest.approx(31.0)
    assert not simulate(Lambda(gateway="url"), COLD, come(0), seed=0, works_s=[29.5]).failed


def test_each_request_is_billed_up_to_a_millisecond():
    found = simulate(Lambda(), TRIP, come(0, 10), seed=0, works_s=[0.0101, 0.02])
    assert found.usage.busy_s == pytest.approx(0.011 + 0.02)


def test_what_passes_outside_of_it_is_waited_for_and_not_billed():
    found = simulate(Lambda(), replace(TRIP, outside_s=0.25), come(0), seed=0)
    assert found.latencies_s == pytest.approx((1,))
    assert found.usage.busy_s == pytest.approx(0.75)


# --- tasks ------------------------------------------------------------------------------------------------------------


def test_a_rule_waits_three_minutes_for_more_and_fifteen_for_fewer():
    rule = Tracking(60.0)
    for value in (100.0, 90.0):
        rule.note(value)
        assert rule.more(2) == 0
    rule.note(75.0)
    assert rule.more(2) == 3  # 2 x 75 / 60 = 2.5
    rule.note(60.0)
    assert rule.more(2) == 0
    for _ in range(14):
        rule.note(30.0)
        assert rule.fewer(4) is None
    rule.note(30.0)
    assert rule.fewer(4) == 2  # 4 x 30 / 60
    rule.note(None)  # where nobody asks there is no figure, and without one nothing is done
    assert rule.fewer(4) is None
    rule.note(54.0)
    assert rule.fewer(4) is None  # 0.9 x 60 is not below


def test_one_rule_is_enough_for_more_and_both_must_agree_for_fewer():
    scaling = Scaling(Fargate(min_tasks=1, max_tasks=5, cpu_target_percent=50.0, requests_target=100.0))
    minutes = iter(range(60, 10_000, 60))

    def after(count: int, desired: int, cpu: float, requests: float) -> list[int]:
        found = [desired]
        for _ in range(count):
            tasks = found[-1]
            found.append(
                scaling.desired(next(minutes), desired=tasks, running=tasks, cpu_percent=cpu, requests=requests)
            )
        return found[1:]

    assert after(3, 2, 75.0, 10.0) == [2, 2, 3]  # ceil(2 x 75 / 50)
    assert after(3, 3, 100.0, 400.0)[-1] == 5  # of 6 and 12, and never more than 5
    assert after(20, 5, 10.0, 95.0) == [5] * 20  # one rule would have fewer
    # the highest of the last fifteen minutes counts: ceil(5 x 50 / 100) by requests, 1 by load
    assert after(15, 5, 10.0, 50.0) == [5] * 14 + [3]
    # 300 s must pass after that
    assert after(6, 3, 10.0, 20.0) == [3, 3, 3, 3, 2, 2]


def test_new_tasks_come_minutes_after_the_traffic():
    """180 requests a minute for one task that should have 60, worked on at once.

    After the third minute it is ceil(1 x 180 / 60) = 3 tasks, ordered at 180; they take 30 s and 5 s to start.
    """
    setup = Fargate(
        min_tasks=1, max_tasks=4, searches=1000, threads=1000, requests_target=60.0, cpu_target_percent=1000.0
    )
    service = Service({"short": (1.0,)}, {"short": 1.0}, start_s=(5.0,))
    due_s = [number / 3 for number in range(3 * 1200)]
    found = simulate(setup, service, come(*due_s, until_s=1200), seed=0)
    assert found.units == ((0, 1), (180, 3))
    assert found.peak_units == 3
    # paid for from when they are ordered: 1 x 180 + 3 x 1020 s
    assert found.usage.unit_hours == pytest.approx((180 + 3 * 1020) / 3600)
    # four times as much is 12 tasks, of which there are four at most
    crowd = simulate(setup, service, come(*[one / 4 for one in due_s] * 4, until_s=1200), seed=0)
    assert crowd.peak_units == 4


def test_new_tasks_take_requests_only_when_they_have_started():
    """A search of 1 s every 0.5 s, for one task with one slot: the queue grows until the second task comes at 215."""
    setup = Fargate(min_tasks=1, max_tasks=2, searches=1, threads=10**6, patience_s=math.inf, front_s=math.inf)
    service = Service({"short": (1.0,)}, {"short": 1.0}, start_s=(5.0,))
    found = simulate(setup, service, come(*[one / 2 for one in range(800)]), seed=0)
    before = [wait for number, wait in enumerate(found.waits_s) if number / 2 < 215]
    # the n-th has n s of work before it and comes after n / 2 s
    assert before == pytest.approx([number / 2 for number in range(430)], abs=1e-6)
    assert found.waits_s[430] == 0


def test_fewer_tasks_only_after_fifteen_quiet_minutes():
    """Three requests a second for 20 minutes, then one every 30 s.

    The minute that ends at 1260 is the first quiet one, that at 2100 the fifteenth. The busiest of the fifteen has 2
    requests for 3 tasks, and ceil(3 x 0.67 / 60) is 1; the two are paid for until they are drained, 45 s later.
    """
    setup = Fargate(
        min_tasks=1, max_tasks=4, searches=1000, threads=1000, requests_target=60.0, cpu_target_percent=1000.0
    )
    service = Service({"short": (1.0,)}, {"short": 1.0}, start_s=(5.0,))
    due_s = [number / 3 for number in range(3600)] + [1200 + 30 * number for number in range(61)]
    found = simulate(setup, service, come(*due_s, until_s=3000), seed=0)
    assert found.units == ((0, 1), (180, 3), (2145, 1))
    # where nobody asks at all, nobody can tell that there is little to do
    silent = simulate(setup, service, come(*due_s[:3600], until_s=3000), seed=0)
    assert silent.units == ((0, 1), (180, 3))


def test_a_task_that_goes_may_finish_but_not_for_ever():
    """The youngest goes at 2100, with a trip that came at 2090: one of 20 s is finished, one of 60 s lost at 2145."""
    setup = Fargate(
        min_tasks=1, max_tasks=2, searches=1000, threads=1000, requests_target=60.0, cpu_target_percent=1000.0
    )
    due_s = [2 * number / 3 for number in range(1800)] + [1200 + 30 * number for number in range(29)] + [2090.0, 2090.0]
    for long_s, lost in ((20.0, 0), (60.0, 1)):
        works_s = [0.1] * (len(due_s) - 2) + [long_s, long_s]
        found = simulate(setup, TRIP, come(*due_s, until_s=3000), seed=0, works_s=works_s)
        assert found.units[-1] == (2145, 1)
        assert found.failed.get(serving.LOST, 0) == lost


# --- what cannot be otherwise -----------------------------------------------------------------------------------------

SETUPS = st.sampled_from(
    [
        Ec2(patience_s=2.0, front_s=4.0),
        Ec2(processes=1, searches=1, threads=3, patience_s=1.0),
        Lambda(concurrency=3, keep_s=5.0),
        Fargate(max_tasks=3, patience_s=1.5, requests_target=20.0, provisioning_s=5.0),
    ]
)


@settings(max_examples=60, deadline=None)
@given(SETUPS, st.integers(0, 10**6), st.floats(0.1, 10.0))
def test_every_request_is_answered_or_has_failed_and_the_seed_decides(setup, seed, per_s):
    random = Random(seed)
    due_s = sorted(random.uniform(0, 400 / per_s) for _ in range(400))
    kinds = "".join(random.choice("sssa") for _ in due_s)
    arrivals = come(*due_s, kinds=kinds, counted_s=due_s[100])
    service = replace(COLD, warm_s={"short": (0.5, 1.0, 3.0), "again": (0.01, 0.1)}, start_s=(3.0, 8.0))
    found = simulate(setup, service, arrivals, seed=seed)
    assert found.requests == 300
    assert len(found.latencies_s) + sum(found.failed.values()) == found.requests
    assert found.simulated == 400
    assert all(latency >= wait >= 0 for latency, wait in zip(found.latencies_s, found.waits_s, strict=True))
    assert found == simulate(setup, service, arrivals, seed=seed)


def test_failures_are_the_slowest():
    outcome = Outcome(4.0, (3.0, 1.0), (0.0, 0.0), (1.0, 1.0), {"lost": 2.0}, Usage())
    assert outcome.quantiles_s((0.25, 0.5, 0.51, 1.0)) == [1.0, 3.0, None, None]
    # who stands for three counts three times
    outcome = Outcome(4.0, (1.0, 3.0), (0.0, 0.0), (3.0, 1.0), {}, Usage())
    assert outcome.quantiles_s((0.5, 0.75, 0.76)) == [1.0, 1.0, 3.0]
    assert Outcome(0.0, (), (), (), {}, Usage()).quantile_s(0.5) is None


def test_spans_stand_for_a_month():
    """A span of an hour for 600 hours, with 2 requests of which one fails; one for 130 hours, with 6 requests.

    600 x 2 + 130 x 6 = 1980 requests, of a month of 3960: all count twice. Units are hours by hours: 600 x 1 + 130 x 3.
    """
    quiet = Arrivals((), (), 0, 3600, 0, weight=600.0)
    busy = Arrivals((), (), 0, 3600, 0, weight=130.0)
    few = Outcome(2.0, (1.0,), (0.0,), (1.0,), {"lost": 1.0}, Usage(requests=1, busy_s=1, unit_hours=1), peak_units=1)
    many = Outcome(
        6.0, (2.0,) * 6, (0.0,) * 6, (1.0,) * 6, {}, Usage(requests=6, busy_s=12, unit_hours=3), peak_units=3
    )
    found = month_of([(quiet, few), (busy, many)], 3960.0)
    assert found.requests == 3960
    assert found.failed == {"lost": pytest.approx(1200)}
    assert found.usage.requests == pytest.approx(1200 + 1560)
    assert found.usage.busy_s == pytest.approx(2 * (600 * 1 + 130 * 12))
    assert found.usage.unit_hours == pytest.approx(990)
    assert found.peak_units == 3
    # 1200 at 1 s, 1560 at 2 s, 1200 failed
    assert found.quantiles_s((0.3, 0.31, 0.69, 0.7)) == [1.0, 2.0, 2.0, None]


def test_a_machine_that_is_busy_all_the_time_is_so_for_a_month():
    """An hour at work in each of two hours, of which one has as many requests as 400 such, and the other as 600.

    That is more than the 730 there are; what is idle half of the time works as long as its requests say.
    """
    spans = [Arrivals((), (), 0, 3600, 0, weight=weight) for weight in (400.0, 600.0)]
    for hours, known in ((1.0, 730), (0.5, 365)):
        busy = Outcome(1.0, (), (), (), {"lost": 1.0}, Usage(cpu_hours=hours))
        assert month_of([(span, busy) for span in spans], 1000.0).usage.cpu_hours == pytest.approx(known)
    idle = Outcome(1.0, (), (), (), {"lost": 1.0}, Usage(cpu_hours=0.0))
    found = month_of([(spans[0], busy), (spans[1], idle)], 1000.0)
    assert found.usage.cpu_hours == pytest.approx(400 * 0.5)


# --- months -----------------------------------------------------------------------------------------------------------


def test_a_month_is_priced_by_its_usage():
    setup = Lambda(memory_mb=1769)
    cell = months.cell_of("lambda", setup, COLD, trace="flat", requests_per_month=20_000, seed=1)
    outcome = outcome_of(setup, COLD, months.TRACES["flat"](), 20_000, seed=1)
    assert cell.usd == pytest.approx(total(bill(setup, outcome.usage)))
    assert cell.usd_free_tier < cell.usd
    assert (cell.target, cell.trace, cell.requests) == ("lambda", "flat", 20_000)
    # one every 131 s: few find one another, most are within 300 s of the one before
    assert cell.p50_ms == pytest.approx(1000)
    assert cell.p99_ms == pytest.approx(3000)
    assert cell.failed_share == 0
    assert (cell.seeds, cell.failed_low, cell.failed_high) == (3, 0, 0)
    assert (cell.span_s, cell.run_in_s) == (730 * 3600, 0)
    assert cell.p99_low_ms is not None
    assert cell.p99_high_ms is not None
    assert cell.p99_low_ms <= cell.p99_ms <= cell.p99_high_ms
    with pytest.raises(ValueError, match="trace is 'hikers', want one of flat, hiking, front_page"):
        months.cell_of("lambda", setup, COLD, trace="hikers", requests_per_month=1e4)


def test_a_machine_that_is_asked_too_much_fails_most(monkeypatch):
    monkeypatch.setattr(months, "_MOST", 20_000)
    # 3.8 requests a second, of which four fifths search for 1 s, two at a time: the queue grows until most are given up
    cell = months.cell_of("ec2", Ec2(), TRIP, trace="flat", requests_per_month=1e7, seed=1)
    assert cell.failed_share > 0.5
    assert cell.p99_ms is None
    assert sum(cell.reasons.values()) == pytest.approx(cell.failed_share)
    assert 0.5 < cell.failed_low <= cell.failed_share * (1 + 1e-9)
    assert cell.p99_low_ms is cell.p99_high_ms is None
    # at three quarters of what it can take, draws differ, and all together are between them
    cell = months.cell_of("ec2", Ec2(), TRIP, trace="flat", requests_per_month=5e6, seed=1)
    assert cell.p99_low_ms < cell.p99_ms < cell.p99_high_ms
    # 20,000 requests in six spans are 3333 each, which come in 1752 s, half of them before it counts
    assert cell.run_in_s == pytest.approx(876, rel=0.01)
    assert cell.span_s == pytest.approx(876, rel=0.01)


def test_a_span_begins_with_the_tasks_that_its_traffic_has_made(monkeypatch):
    """3.8 requests a second of 0.82 s are 3.12 slots, and at 60 % of each 5.2 tasks; by requests, 228 / 300 = 0.76."""
    assert TRIP.mean_s() == pytest.approx(0.82)
    assert months._tasks(Fargate(), TRIP, 3.8) == 6
    assert months._tasks(Fargate(max_tasks=4), TRIP, 3.8) == 4
    assert months._tasks(Fargate(), TRIP, 0.01) == 2
    # for 30 requests a minute and task it is 228 / 30 = 7.6
    assert months._tasks(Fargate(max_tasks=20, requests_target=30.0), TRIP, 3.8) == 8
    assert months._tasks(Ec2(), TRIP, 3.8) is None
    # of so many requests a span is minutes long, and too short for the rules to act in it
    monkeypatch.setattr(months, "_MOST_OF_LARGE", 20_000)
    found = outcome_of(Fargate(), TRIP, months.TRACES["flat"](), 1e8)
    assert found.units[0][1] == 6


def test_hours_of_a_busy_month_stand_for_all_of_it():
    """What is simulated in part has the figures of what is simulated whole."""
    trace = months.TRACES["hiking"]()
    spans = months.month(trace, 150_000, seed=2, mix=TRIP.mix, whole=0, most=30_000)
    sampled = month_of([(span, simulate(ONE, TRIP, span, seed=1)) for span in spans], 150_000)
    (all_,) = months.month(trace, 150_000, seed=3, mix=TRIP.mix, whole=200_000)
    whole = simulate(ONE, TRIP, all_, seed=1)
    assert sampled.simulated < 35_000
    assert sampled.usage.cpu_hours == pytest.approx(whole.usage.cpu_hours, rel=0.03)
    assert sampled.quantile_s(0.5) == pytest.approx(whole.quantile_s(0.5))
    assert sampled.quantile_s(0.99) == pytest.approx(whole.quantile_s(0.99), rel=0.1)
    waited = [
        sum(w for s, w in zip(one.waits_s, one.weights, strict=True) if s > 0) / one.requests
        for one in (sampled, whole)
    ]
    assert waited[0] == pytest.approx(waited[1], rel=0.15)


def test_the_grid_is_in_order_and_the_same_in_two_processes():
    targets = {"ec2": (Ec2(), TRIP), "lambda": (Lambda(), COLD)}
    told: list[tuple[int, int]] = []
    asked = {"traces": ("flat", "hiking"), "sizes": (500.0, 1000.0), "seed": 4}
    alone = list(months.months(targets, **asked, processes=1, progress=lambda *done: told.append(done)))
    assert [(one.target, one.trace, one.requests) for one in alone] == [
        (target, trace, size) for target in targets for trace in ("flat", "hiking") for size in (500.0, 1000.0)
    ]
    assert told == [(number, 8) for number in range(1, 9)]
    assert list(months.months(targets, **asked)) == alone


# --- what was measured ------------------------------------------------------------------------------------------------


def record(number: int, due_s: float, ms: float, **more: object) -> Record:
    fields = {"regime": "load", "kind": "short", "rate": 1.0, "status": 200} | more
    return Record("ec2", due_s=due_s, sent_s=due_s, client_ms=ms, wish=number, **fields)


def test_times_are_taken_from_warm_and_cold_requests_that_went_well():
    records = [
        record(1, 0, 1000, regime="warm", rate=None, bytes=4000),
        record(2, 2, 3000, regime="warm", rate=None, bytes=8000),
        record(3, 4, 9000, regime="warm", rate=None, error="500"),
        record(4, 5, 20, regime="warm", rate=None, kind="again", bytes=6000),
        record(5, 6, 7000, regime="warm", rate=None, cold=True),
        record(6, 7, 3500, regime="cold", rate=None, cold=True, platform={"init_ms": 1200.0}),
        record(7, 8, 8000, regime="load"),
    ]
    found = service_of(records, mix={"short": 3, "again": 1, "area": 0}, start_s=[4.0])
    assert found.warm_s == {"short": (1.0, 3.0), "again": (0.02,)}
    assert found.cold_s == (1.5,)  # 3.5 s, of which 2 s is the median of a warm one
    assert found.init_s == (1.2,)
    assert found.start_s == (4.0,)
    assert found.answer_kb == pytest.approx(6.0)
    assert found.crowded_s == {}
    assert found.mean_s() == pytest.approx((3 * 2.0 + 1 * 0.02) / 4)
    with pytest.raises(ValueError, match="no time of a warm request of the kind 'area' was measured"):
        service_of(records, mix={"area": 1.0})


def test_a_start_takes_what_passes_outside_of_the_work_of_a_request():
    """Short trips take 30 ms or 1 s, so their median says nothing of one of them: 912 ms with 200 of work are 712.

    Less the 10 ms that pass outside of a warm one, 0.702 s; and of the other 1712 - 1000 - 10 is as much.
    """
    warm = [
        record(number, 0, ms + 10, regime="warm", rate=None, stages_ms={"total": ms}, platform={"duration_ms": ms + 2})
        for number, ms in enumerate((30.0, 990.0, 995.0))
    ]
    cold = [
        record(4, 7, ms, regime="cold", cold=True, stages_ms={"total": total}, platform={"duration_ms": total + 50})
        for ms, total in ((912, 200.0), (1712, 1000.0))
    ]
    found = service_of([*warm, *cold], mix={"short": 1.0}, outside_s=0.01)
    assert found.cold_s == pytest.approx((0.702, 0.702))
    # without Server-Timing the platform tells: 912 - 250 are 662, of which 8 are usual
    bare = [replace(one, stages_ms={}) for one in (*warm, *cold)]
    assert service_of(bare, mix={"short": 1.0}).cold_s == pytest.approx((0.654, 0.654))
    # those of a burst count only where there are no others
    crowd = [replace(one, regime="burst", client_ms=one.client_ms + 1000) for one in cold]
    assert service_of([*warm, *cold, *crowd], mix={"short": 1.0}).cold_s == pytest.approx((0.702, 0.702))
    assert service_of([*warm, *crowd], mix={"short": 1.0}).cold_s == pytest.approx((1.702, 1.702))


def test_a_popular_trip_that_was_searched_for_is_no_kept_answer():
    warm = record(0, 0.0, 1000, regime="warm", rate=None)
    kept = record(1, 1.0, 4, regime="warm", rate=None, kind="again", origin="memory")
    solved = record(2, 2.0, 998, regime="warm", rate=None, kind="again", origin="solved")
    found = service_of([warm, kept, solved], mix={"short": 0.8, "again": 0.2})
    assert found.warm_s["again"] == (0.004,)
    assert found.popular == ("short",)  # of the kinds of popular trips, the others were not measured
    assert service_of([warm], mix={"short": 1.0}).popular == ()


def test_times_in_a_crowd_are_taken_from_bursts():
    warm = record(0, 0.0, 1010, regime="warm", stages_ms={"total": 1000.0})
    # of 3 s in the app 1.5 s were a wait for a slot; 10 ms pass outside of it
    crowd = record(1, 9.0, 3400, regime="burst", stages_ms={"total": 3000.0, "wait": 1500.0})
    cold = replace(crowd, cold=True)
    failed = replace(crowd, error="503")
    found = service_of([warm, crowd, cold, failed], mix={"short": 1.0})
    assert found.crowded_s == {"short": (pytest.approx(1.51),)}
    assert found.warm_s == {"short": (1.01,)}


def test_a_run_that_is_as_simulated_deviates_by_nothing_and_one_twice_as_slow_by_half():
    setup, service = replace(ONE, patience_s=3.0), Service({"short": (1.0,)}, {"short": 1.0})
    due_s = [5 + one for one in (0, 0.5, 1.2, 1.3, 1.4, 1.5, 8.0, 20.0)]
    # one after the other: done at 1, 2, 3, 4; those that came at 1.4 and 1.5 are turned away at 4.4 and 4.5 at the
    # earliest, and so done at 5 no more, for at 4 the first of them begins
    simulated = simulate(setup, service, come(*due_s), seed=0)
    assert simulated.failed == {serving.TURNED_AWAY: 1}
    waits_ms = iter(simulated.latencies_s)
    records = [
        record(number, due_s, 3000, error="503", status=503)
        if number == 5
        else record(number, due_s, 1000 * next(waits_ms))
        for number, due_s in enumerate(due_s)
    ]
    rows = {row.figure: row for row in deviation_from_measurement(setup, service, records)}
    assert [rows[figure].share for figure in ("p50", "right answers", "failed")] == [pytest.approx(0)] * 3
    assert rows["p99"].known is rows["p99"].simulated is None  # of 8 requests, the slowest has failed
    assert rows["p50"].case == "ec2 at 1 requests a second"
    slow = [replace(one, client_ms=2 * one.client_ms) for one in records]
    assert {row.figure: row for row in deviation_from_measurement(setup, service, slow)}["p50"].share == pytest.approx(
        -0.5
    )


def test_what_was_asked_before_is_warm_and_a_client_waits_for_thirty_seconds():
    before = [record(1, 0.0, 3000, regime="warm", rate=None)]
    (p50, *_) = deviation_from_measurement(Lambda(), COLD, [*before, record(2, 10, 1000)])
    assert (p50.known, p50.simulated) == (1000, pytest.approx(1000))
    slow = Service({"short": (33.0,)}, {"short": 1.0})
    rows = deviation_from_measurement(Ec2(), slow, [record(1, 0, 30_000, error="timeout", status=0)])
    assert rows[-1].figure == "failed"
    assert rows[-1].known == rows[-1].simulated == 100
