"""Statistics against numbers worked out by hand, failures among them."""

from __future__ import annotations

import json
import math
import random
from dataclasses import replace

import pytest

from deploy.compare.figures import (
    colds,
    faults,
    figures,
    interval_ranks,
    quality,
    quantile,
    sizes,
    warnings,
)
from deploy.compare.record import NO_LOOP, Record
from deploy.compare.summary import Quantile


def record(client_ms: float = 100.0, error: str = "", **more: object) -> Record:
    """A request of `a`, warm, short, answered rightly after 100 ms."""
    one = Record("a", "warm", "short", 0.0, 0.0, client_ms, 0 if error else 200, error)
    return replace(one, **more)


def overall(records: list[Record]):
    return next(one for one in figures(records) if one.latency.kind == "all")


# --- percentiles ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "percent", "rank"),
    [
        (1, 50, 1),
        (2, 50, 1),
        (3, 50, 2),
        (10, 50, 5),
        (10, 90, 9),
        (10, 95, 10),
        (20, 95, 19),
        (19, 95, 19),
        (21, 95, 20),
    ],
)
def test_a_percentile_is_the_value_at_its_rank(count: int, percent: int, rank: int) -> None:
    """Rank ceil(n p / 100): of 21 values the p95 is at ceil(19.95) = 20."""
    times = [10.0 * value for value in range(1, count + 1)]
    random.Random(1).shuffle(times)
    assert quantile(times, percent).ms == 10 * rank


def test_below_100_requests_the_p99_is_the_slowest_and_from_100_on_it_is_not() -> None:
    assert quantile([float(n) for n in range(99)], 99).ms == 98
    assert quantile([float(n) for n in range(100)], 99).ms == 98


def test_the_interval_of_a_median_of_ten_is_the_one_of_the_tables() -> None:
    """
    How many of 10 values are below the median is B(10, 1/2): P(0) + P(1) = 11/1024 = 1.1 %, with P(2) it is 5.5 %. So
    the median is above the second and below the ninth with 97.9 %, and no nearer pair has 95 %.
    """
    assert interval_ranks(10, 50) == (2, 9)
    times = [1.0, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert quantile(times, 50) == Quantile(5, 2, 9)


def test_too_few_values_give_no_end_of_an_interval() -> None:
    """
    The slowest of n is above the p99 with 1 - 0.99^n, which is 97.5 % only from n = 368 on (0.99^367 = 0.02501,
    0.99^368 = 0.02476). The fastest of 5 is below the median with 1 - 1/32 = 96.9 % only, of 6 with 98.4 %.
    """
    assert interval_ranks(367, 99)[1] == 368
    assert interval_ranks(368, 99)[1] == 368
    assert quantile([float(n) for n in range(367)], 99).high_ms is None
    assert quantile([float(n) for n in range(368)], 99).high_ms == 367
    assert interval_ranks(5, 50)[0] == 0
    assert quantile([1.0, 2, 3, 4, 5], 50).low_ms is None
    assert interval_ranks(6, 50)[0] == 1


@pytest.mark.parametrize(("count", "percent"), [(30, 50), (100, 95), (400, 99), (5000, 99)])
def test_an_interval_covers_the_percentile_with_95_percent(count: int, percent: int) -> None:
    """Of 1000 samples of a uniform distribution, at least 95 %: 950 less three standard errors of 7 each."""
    low, high = interval_ranks(count, percent)
    trials, dice, covered = (1000 if count < 1000 else 200), random.Random(1), 0
    for _ in range(trials):
        below = sum(dice.random() < percent / 100 for _ in range(count))
        covered += low <= below < high
    assert covered / trials >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / trials)


# --- failures are never averaged away -------------------------------------------------------------------------------


def test_a_failure_is_slower_than_any_answer_however_soon_it_came() -> None:
    """
    19 answers and one refusal after 1 ms: rank 20 of 20 failed, rank 19 is the slowest answer. That at most 18 of 20
    are below the p99 has 1 - 20 × 0.99^19 × 0.01 - 0.99^20 = 1.7 %, so rank 19 is the lower end of its interval.
    """
    rows = [record(float(ms)) for ms in range(101, 120)] + [record(1.0, "connection refused")]
    found = overall(rows)
    assert (found.latency.count, found.latency.failed, found.failed_share) == (20, 1, 0.05)
    assert found.latency.p50.ms == 110
    assert found.latency.p95.ms == 119
    assert found.latency.p99 == Quantile(None, 119, None)
    assert found.slowest.ms is None
    assert found.mean_ms == 110  # of the 19 alone


def test_where_most_fail_there_is_no_median() -> None:
    found = overall([record(5.0)] * 4 + [record(1.0, "timeout")] * 6)
    assert found.latency.p50.ms is None
    assert found.latency.p50.high_ms is None
    assert found.latency.p50.low_ms == 5
    assert found.latency.curve == ((5.0, 0.1), (5.0, 0.2), (5.0, 0.3), (5.0, 0.4))


def test_errors_that_differ_in_a_number_are_the_same_and_statuses_are_not() -> None:
    rows = [record(error=f"500 Oops: request {n} went wrong", status=500) for n in range(3)]
    rows += [record(error="503 Busy: wait 2 s", status=503), record(), record(error=NO_LOOP, status=409)]
    found = overall(rows)
    others = (("503 Busy: wait 2 s", 1), (NO_LOOP, 1))
    assert found.errors == (("500 Oops: request 0 went wrong", 3), *others)
    assert found.statuses == {"200": 1, "409": 1, "500": 3, "503": 1}
    assert (found.no_loop, found.latency.failed) == (1, 5)
    assert [(one.target, one.regime, one.text, one.count) for one in faults(rows)] == [
        ("a", "warm", "500 Oops: request 0 went wrong", 3),
        *(("a", "warm", *other) for other in others),
    ]


def test_throughput_is_of_right_answers_and_lasts_until_the_last_came() -> None:
    """Due at 0, 1, 2 and 3 s, the last answered at 4 s; three right in 4 s are 0.75 a second, 3 gaps in 3 s one."""
    rows = [record(1000.0, due_s=float(n)) for n in range(4)]
    rows[1] = replace(rows[1], error="timeout", status=0)
    found = overall(rows)
    assert (found.latency.per_s, found.latency.offered_per_s) == (0.75, 1.0)


# --- groups ---------------------------------------------------------------------------------------------------------


def test_targets_regimes_rates_kinds_and_sizes_are_kept_apart() -> None:
    rows = [
        record(1.0),
        record(3.0, kind="long"),
        record(5.0, regime="load", rate=1.0),
        record(7.0, regime="load", rate=2.0),
        record(9.0, target="b"),
        record(15.0, regime="burst", burst=1),
        record(17.0, regime="burst", burst=2),
        record(11.0, regime="sweep", memory_mb=256),
        record(13.0, regime="sweep", memory_mb=512),
    ]
    found = [(one.latency, one.memory_mb) for one in figures(rows)]
    assert [
        (one.target, one.regime, one.rate or one.burst, one.kind, size, one.count, one.p50.ms) for one, size in found
    ] == [
        ("a", "warm", None, "all", None, 2, 1),
        ("a", "warm", None, "long", None, 1, 3),
        ("a", "warm", None, "short", None, 1, 1),
        ("a", "load", 1.0, "all", None, 1, 5),
        ("a", "load", 1.0, "short", None, 1, 5),
        ("a", "load", 2.0, "all", None, 1, 7),
        ("a", "load", 2.0, "short", None, 1, 7),
        ("b", "warm", None, "all", None, 1, 9),
        ("b", "warm", None, "short", None, 1, 9),
        ("a", "burst", 1, "all", None, 1, 15),
        ("a", "burst", 1, "short", None, 1, 15),
        ("a", "burst", 2, "all", None, 1, 17),
        ("a", "burst", 2, "short", None, 1, 17),
        ("a", "sweep", None, "all", 256, 1, 11),
        ("a", "sweep", None, "short", 256, 1, 11),
        ("a", "sweep", None, "all", 512, 1, 13),
        ("a", "sweep", None, "short", 512, 1, 13),
    ]  # fmt: skip


def test_what_was_not_sent_failed_and_says_nothing_of_the_client() -> None:
    """10 right answers in one burst, and a dead target before the next: 10 of 20 failed."""
    bursts = [record(regime="burst", burst=1)] * 10 + [record(0.0, "not sent: timeout", regime="burst", burst=2)] * 10
    found = [one for one in figures(bursts) if one.latency.kind == "all"]
    assert [(one.latency.count, one.latency.failed, one.latency.p50.ms, one.late_ms) for one in found] == [
        (10, 0, 100, 0),
        (10, 10, None, None),
    ]


def test_figures_of_platforms_and_bodies() -> None:
    rows = [
        record(platform={"init_ms": 800.0, "memory_mb": 90.0}, cold=True, bytes=3000, origin="solved"),
        record(platform={"memory_mb": 110.0}, cold=False, bytes=5000, origin="memory"),
        record(platform={"memory_mb": 100.0}, cold=False, bytes=4000, origin="solved"),
        record(),
    ]
    found = overall(rows)
    assert (found.init_ms, found.memory_used_mb, found.bytes) == (800, 110, 3500)  # bytes: of 0, 3, 4 and 5 thousand
    assert (found.cold, found.cold_known, found.cold_share) == (1, 3, pytest.approx(1 / 3))
    assert found.origins == {"memory": 1, "solved": 2}


def test_a_late_client_is_told_of() -> None:
    """98 of 100 in time: rank 99 is 6 ms late, more than 5 ms; or 4 ms late, more than 5 % of a median of 10 ms."""

    def with_late(ms: float, *, median_ms: float) -> str:
        late = [record(median_ms, sent_s=ms / 1000)] * 2
        return overall([record(median_ms)] * 98 + late).warning

    assert with_late(6.0, median_ms=1000) == "a, warm: the client itself sent 1 % more than 6.0 ms late"
    assert with_late(4.0, median_ms=1000) == ""
    assert "4.0 ms" in with_late(4.0, median_ms=10)
    assert overall([record()] * 99 + [record(sent_s=1.0)]).warning == ""  # just one of 100 is no p99


def test_the_reader_is_told_where_there_are_too_few_for_a_p99() -> None:
    assert warnings(figures([record()] * 100)) == ()
    assert warnings(figures([record()] * 30)) == (
        "of fewer than 100 requests the p99 is the slowest one; here there are as few as 30",
    )


def test_figures_are_json() -> None:
    rows = [record(), record(error="timeout"), record(regime="load", rate=2.0, sent_s=0.5)]
    text = json.dumps([one.as_json() for one in figures(rows)], allow_nan=False)
    warm = json.loads(text)[0]
    assert warm["latency"]["p99"]["ms"] is None
    assert warm["failed_share"] == 0.5
    assert "the client itself" in json.loads(text)[2]["warning"]


# --- cold starts ----------------------------------------------------------------------------------------------------


def test_cold_starts_are_those_that_say_so_wherever_they_are_seen() -> None:
    rows = [
        record(3000.0, regime="cold", cold=True, platform={"init_ms": 900.0}),
        record(2000.0, regime="cold", cold=True, platform={"init_ms": 700.0}),
        record(100.0, regime="cold", cold=False),  # was not the first, whatever was meant
        record(30000.0, "timeout", regime="cold"),
        record(2500.0, regime="burst", cold=True),
        record(100.0, regime="burst", cold=False),
        record(30000.0, "timeout", regime="burst"),  # nobody knows
        record(9000.0, regime="sweep", cold=True),
    ]
    cold, burst = colds(rows)
    assert (cold.regime, cold.count, cold.failed, cold.p50_ms, cold.max_ms, cold.init_ms) == (
        "cold",
        3,
        1,
        3000,
        None,
        800,
    )
    assert (burst.regime, burst.count, burst.failed, burst.p50_ms, burst.max_ms) == ("burst", 1, 0, 2500, 2500)


# --- how good the loops are -----------------------------------------------------------------------------------------


def test_quality_is_the_share_of_the_best_for_the_same_wish() -> None:
    """Wish 1: 80 and 100, so 0.8 and 1; wish 2: 50 and 40, so 1 and 0.8; means 0.9 each. Wish 3 only one answered."""
    rows = [
        record(target="a", wish=1, score=80.0),
        record(target="b", wish=1, score=100.0),
        record(target="a", wish=2, score=50.0, kind="long"),
        record(target="b", wish=2, score=40.0, kind="long"),
        record(target="a", wish=3, score=1.0),
        record(error="timeout", target="b", wish=3),
    ]
    found = {(one.target, one.kind): (one.count, one.score_share) for one in quality(rows)}
    assert found == {
        ("a", "all"): (2, 0.9),
        ("a", "long"): (1, 1.0),
        ("a", "short"): (1, 0.8),
        ("b", "all"): (2, 0.9),
        ("b", "long"): (1, 0.8),
        ("b", "short"): (1, 1.0),
    }


def test_a_dead_target_and_a_worthless_loop_spoil_no_quality() -> None:
    rows = [
        record(target="a", wish=1, score=-20.0),
        record(target="b", wish=1, score=100.0),
        record(target="a", wish=2, score=-5.0),
        record(target="b", wish=2, score=-1.0),  # none is worth anything: there is no share
        record(error="timeout", target="dead", wish=1),
    ]
    assert [(one.target, one.count, one.score_share) for one in quality(rows) if one.kind == "all"] == [
        ("a", 1, 0.0),
        ("b", 1, 1.0),
    ]


# --- the sweep ------------------------------------------------------------------------------------------------------


def test_each_size_of_a_sweep_has_its_durations_and_its_quality() -> None:
    def at(size: int, wish: int, duration_ms: float, score: float) -> Record:
        platform = {"duration_ms": duration_ms}
        return record(
            duration_ms + 10, regime="sweep", memory_mb=size, wish=wish, score=score, platform=platform, cold=False
        )

    rows = [
        record(3000.0, regime="sweep", memory_mb=512, cold=True, platform={"init_ms": 900.0, "duration_ms": 2000.0}),
        at(512, 1, 1000.0, 100.0),
        at(512, 2, 1100.0, 100.0),
        at(256, 1, 1500.0, 90.0),
        at(256, 2, 1600.0, 100.0),
        record(30000.0, "timeout", regime="sweep", memory_mb=256),
        record(1.0, memory_mb=256),  # another regime
    ]
    small, large = sizes(rows)
    assert (small.memory_mb, small.count, small.failed, small.p50_ms, small.p95_ms) == (256, 3, 1, 1610, None)
    assert (small.duration_ms, small.init_ms, small.score_share) == (1550, None, 0.95)
    assert (large.memory_mb, large.count, large.failed, large.p50_ms, large.p95_ms) == (512, 2, 0, 1010, 1110)
    assert (large.duration_ms, large.init_ms, large.score_share) == (1050, 900, 1.0)


def test_where_the_platform_tells_no_duration_the_apps_own_total_stands_for_it() -> None:
    rows = [record(regime="sweep", memory_mb=512, stages_ms={"total": 90.0}), record(regime="sweep", memory_mb=512)]
    assert sizes(rows)[0].duration_ms == 90
