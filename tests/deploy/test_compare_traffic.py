"""Shapes of traffic, and the requests that are drawn from them."""

from __future__ import annotations

from itertools import pairwise

import pytest

from deploy.compare import traffic
from deploy.compare.traffic import MONTH_S, SLICE_S, TRACES, Arrivals, Trace, arrivals, month

MIX = {"short": 0.75, "again": 0.25}
SLICES_AN_HOUR = 12


@pytest.fixture(scope="module")
def traces() -> dict[str, Trace]:
    return {name: make() for name, make in TRACES.items()}


@pytest.mark.parametrize("name", TRACES)
def test_the_hours_of_a_month_add_up(traces, name):
    hours = traces[name].hours()
    assert len(hours) == 730
    assert sum(hours) == pytest.approx(1)
    assert traces[name].share(0, MONTH_S) == pytest.approx(1)
    assert traces[name].name == name
    assert traces[name].about


def test_flat_is_flat(traces):
    assert max(traces["flat"].shares) == pytest.approx(min(traces["flat"].shares))
    # a million a month are 1e6 / 2,628,000 s
    assert traces["flat"].per_s(12345, 1e6) == pytest.approx(0.380518, rel=1e-5)


def test_hikers_plan_in_the_evening_before_the_weekend(traces):
    hours = traces["hiking"].hours()
    monday, friday, saturday = 0, 4 * 24, 5 * 24
    # the same hour of two weekdays has the same shape, so it differs as the days do: 1.6 / 0.7
    assert hours[friday + 20] / hours[monday + 20] == pytest.approx(1.6 / 0.7)
    assert max(hours) == pytest.approx(hours[friday + 20], rel=1e-9)
    # evening against the depth of night: 22 against 1 in the table, blunted a little by the straight lines
    assert 15 < hours[monday + 20] / hours[monday + 3] < 22
    # who decides at breakfast does so on Saturday
    assert hours[saturday + 8] > 2 * hours[monday + 8]
    # a week later it is the same
    assert hours[friday + 20] == pytest.approx(hours[friday + 7 * 24 + 20])


def test_a_front_page_brings_fifty_times_the_mean_for_an_hour(traces):
    front, hiking = traces["front_page"], traces["hiking"]
    usual = front.shares[0] / hiking.shares[0]  # what is left of a request of the month without it
    mean = usual / len(front.shares)

    def spike(after_s: float) -> float:
        at = int((traffic.SPIKE_BEGINS_S + after_s) // SLICE_S)
        return (front.shares[at] - usual * hiking.shares[at]) / mean

    assert spike(-SLICE_S) == pytest.approx(0, abs=1e-9)
    assert spike(0) == pytest.approx(12.5)  # the middle of the first of two slices of ten minutes' rise
    assert spike(600) == pytest.approx(50)
    assert spike(4199) == pytest.approx(50)
    # two hours after its end it is half, but for the slice's own middle of 150 s: 50 / 2 ** (1 + 150 / 7200)
    assert spike(4200 + 7200) == pytest.approx(24.64, abs=0.01)
    assert spike(24 * 3600) < 0.1 * 50


def test_as_many_come_as_are_expected(traces):
    drawn = arrivals(traces["hiking"], 40_000, seed=3, mix=MIX)
    # the number is Poisson: its standard deviation is the root of 40,000, 200
    assert len(drawn.due_s) == pytest.approx(40_000, abs=4 * 200)
    assert sorted(drawn.due_s) == list(drawn.due_s)
    assert 0 <= drawn.due_s[0] < drawn.due_s[-1] < MONTH_S
    # root of 40,000 x 0.25 x 0.75 is 87
    assert drawn.kinds.count("again") == pytest.approx(10_000, abs=4 * 87)
    for hour in (3, 20, 4 * 24 + 20):
        expected = traces["hiking"].hours()[hour] * 40_000
        found = sum(3600 * hour <= due_s < 3600 * (hour + 1) for due_s in drawn.due_s)
        assert abs(found - expected) <= 4 * expected**0.5 + 1


def test_gaps_are_exponential_where_the_rate_is_constant(traces):
    """Of an exponential distribution mean and standard deviation are the same; evenly spaced ones would have none."""
    due_s = arrivals(traces["flat"], 20_000, seed=1, mix=MIX).due_s
    gaps = [after - before for before, after in pairwise(due_s)]
    mean = sum(gaps) / len(gaps)
    deviation = (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5
    assert mean == pytest.approx(MONTH_S / 20_000, rel=0.03)
    assert deviation == pytest.approx(mean, rel=0.03)


def test_the_seed_decides(traces):
    assert arrivals(traces["flat"], 500, seed=1, mix=MIX) == arrivals(traces["flat"], 500, seed=1, mix=MIX)
    assert arrivals(traces["flat"], 500, seed=1, mix=MIX) != arrivals(traces["flat"], 500, seed=2, mix=MIX)
    assert month(traces["hiking"], 1e6, seed=1, mix=MIX) == month(traces["hiking"], 1e6, seed=1, mix=MIX)


def test_a_quiet_month_is_drawn_whole(traces):
    (only,) = month(traces["front_page"], 1000, seed=1, mix=MIX)
    assert (only.begin_s, only.counted_s, only.end_s, only.weight) == (0, 0, MONTH_S, 1)


@pytest.mark.parametrize("requests", [3e5, 1e6, 1e7, 1e8])
@pytest.mark.parametrize("name", TRACES)
def test_some_hours_stand_for_a_busy_month(traces, name, requests):
    spans = month(traces[name], requests, seed=5, mix=MIX)
    assert sum(len(span.due_s) for span in spans) <= 125_000  # "about" 100,000: a span may be busier than its stratum
    counted = [[due_s for due_s in span.due_s if due_s >= span.counted_s] for span in spans]
    stood_for = sum(span.weight * len(due) for span, due in zip(spans, counted, strict=True))
    assert stood_for == pytest.approx(requests, rel=0.02)
    # the busiest tenth of the hours may end within a stratum, which has about an eighth of all requests
    hours = traces[name].hours()
    busy = sorted(hours)[-73:]
    found = sum(
        span.weight * sum(hours[int(due_s // 3600)] >= busy[0] for due_s in due)
        for span, due in zip(spans, counted, strict=True)
    )
    if name != "flat":
        assert found / requests == pytest.approx(sum(busy), abs=0.13)


def test_draws_together_have_the_busy_hours_of_a_month(traces):
    """Which hours are drawn must not decide whether a target that is nearly busy all the time fails.

    Of a month of hikers, some part comes at more than a rate. Three draws together say which part within a fifth.
    """
    hiking = traces["hiking"]
    for seed in range(3):
        spans = [one for draw in range(3) for one in month(hiking, 2e6, seed=seed, mix=MIX, draw=draw, draws=3)]
        for threshold in (0.5, 0.6, 0.7):
            limit = threshold * max(hiking.shares)
            known = sum(share for share in hiking.shares if share > limit)
            busy = all_ = 0.0
            for span in spans:
                due = [due_s for due_s in span.due_s if due_s >= span.counted_s]
                all_ += span.weight * len(due)
                busy += span.weight * sum(hiking.per_s(due_s, 1.0) * SLICE_S > limit for due_s in due)
            assert busy / all_ == pytest.approx(known, rel=0.2), (threshold, seed)


def test_what_comes_before_a_span_is_long_enough_for_what_a_target_remembers(traces):
    """Three minutes until there are more tasks, five for which a sandbox is kept, fifteen until there are fewer."""
    for requests in (3e5, 1e6, 3e6):
        for span in month(traces["hiking"], requests, seed=1, mix=MIX):
            assert span.counted_s - span.begin_s >= 900
            assert span.end_s - span.counted_s >= 900
    # of the largest months minutes are all that can be paid for; what comes before is as long as the span
    for span in month(traces["hiking"], 1e8, seed=1, mix=MIX, most=200_000):
        assert span.counted_s - span.begin_s == pytest.approx(span.end_s - span.counted_s)
        assert span.counted_s - span.begin_s > 90
    # the rise of a spike is there whole, where it can be paid for, after a quiet time
    rise = next(
        span for span in month(traces["front_page"], 1e6, seed=1, mix=MIX) if span.counted_s == traffic.SPIKE_BEGINS_S
    )
    assert (rise.counted_s - rise.begin_s, rise.end_s - rise.counted_s, rise.weight) == (1200, 600, pytest.approx(1))


def test_an_hour_is_drawn_as_often_as_it_has_requests(traces):
    """Of a stratum of very unlike hours the quiet ones are many, and yet few requests come in them.

    The quietest of five strata of hikers has a fifth of the requests; a tenth of the month's hours, the quietest, have
    one in a hundred of all, and so one in twenty of those.
    """
    hours = traces["hiking"].hours()
    quiet = sorted(hours)[73]
    known = sum(hour for hour in hours if hour < quiet) * 5
    found = 0
    for seed in range(80):
        (span, *_) = month(traces["hiking"], 2e5, seed=seed, mix=MIX, most=1000)
        found += hours[int(span.counted_s // 3600)] < quiet
    assert known == pytest.approx(0.05, abs=0.02)
    # 4 of 80 are expected, with a standard deviation of 2; drawn alike they would be a fifth, 16
    assert found <= 4 + 3 * 2


def test_the_busiest_hour_and_the_beginning_of_a_spike_are_always_there(traces):
    for seed in range(5):
        spans = month(traces["front_page"], 1e7, seed=seed, mix=MIX)
        assert any(span.counted_s == traffic.SPIKE_BEGINS_S for span in spans)
        for name in ("front_page", "hiking"):
            hours = traces[name].hours()
            spans = month(traces[name], 1e7, seed=seed, mix=MIX)
            # each Friday has one of those of hikers
            assert max(hours[int(span.counted_s // 3600)] for span in spans) == pytest.approx(max(hours), rel=1e-9)


def test_what_comes_before_a_span_does_not_count_and_may_be_of_the_month_before(traces):
    span = arrivals(traces["hiking"], 1e6, seed=1, mix=MIX, begin_s=-600, end_s=600, counted_s=0)
    assert span.due_s[0] < 0
    expected = (traces["hiking"].share(MONTH_S - 600, MONTH_S) + traces["hiking"].share(0, 600)) * 1e6
    assert len(span.due_s) == pytest.approx(expected, abs=4 * expected**0.5)


def test_nonsense_is_refused(traces):
    with pytest.raises(ValueError, match="requests_per_month is 0, want more than 0"):
        arrivals(traces["flat"], 0, seed=1, mix=MIX)
    with pytest.raises(ValueError, match="shares of trace 'mine' want 8760 numbers that add up to 1"):
        Trace("mine", "", (1.0,))
    with pytest.raises(ValueError, match="2 times and 1 kinds"):
        Arrivals((1.0, 2.0), ("short",), 0, 10, 0)
