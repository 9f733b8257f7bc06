"""Bills against what a hand reckons from the price list of 2025 and 2026 (us-east-1)."""

from __future__ import annotations

import importlib
import math
from dataclasses import fields, replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.bill import Item, Usage, a_million_trips, beyond, bill, items, lcu_hours, priced
from deploy.compare import cost
from deploy.compare.cost import Measured, Terms
from deploy.compare.record import Record
from deploy.prices import Cost, NoPrice, prices, total
from deploy.setup import Ec2, Fargate, Lambda, Setup

#: A trip of half a second with 16 kB of answer and 0.6 kB of log.
HALF = Measured(service_s={"short": 0.5}, mix={"short": 1.0}, cpu_s=0.5, cold_share=0.0)
#: The same on half a processor: half the processor time.
HALF_OF_HALF = replace(HALF, cpu_s=0.25)
IDLE: list[tuple[Setup, float]] = [
    # 0.0168 x 730 + 0.005 x 730 + 28 x 0.08 + 20 x 0.05 + 3 x 0.10 + 0.1 x 0.023
    (Ec2(), 12.264 + 3.65 + 2.24 + 1.00 + 0.30 + 0.0023),
    # 0.022 GB of packages at 0.023
    (Lambda(), 0.000506),
    # two tasks of 0.5 x 0.04048 + 1 x 0.004445 (0.04937 an hour), 0.0225, 4 addresses of 0.005; 4 alarms, 1 GB image
    (Fargate(), 730 * (0.04937 + 0.0225 + 0.02) + 0.40 + 0.10),
]
SETUPS = [setup for setup, _ in IDLE]
ANSWERS, LOGS = 16 * 0.09, 0.6 * 0.50 + 0.6 * 0.15 * 0.03  # of a million


def part(costs: list[Cost], name: str) -> float:
    return total(one for one in costs if one.part == name)


def month(setup: Setup, measured: Measured, requests: float, **terms: Any) -> float:
    found = cost.month(setup, measured, requests, terms=Terms(**terms))
    assert found is not None
    return total(found)


# --- bills by hand --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("setup", "usd"), IDLE, ids=lambda one: getattr(one, "kind", ""))
def test_an_idle_month(setup: Setup, usd: float) -> None:
    assert total(bill(setup, Usage())) == pytest.approx(usd, abs=1e-9)


def test_a_month_of_an_instance() -> None:
    # 138.9 hours of processor time are within the 0.4 x 730 = 292 that come with it
    assert month(Ec2(), HALF, 1e6) == pytest.approx(19.4563 + ANSWERS)
    # 10 M: 1388.89 - 292 hours at 0.04; logs stay on it
    assert month(Ec2(), HALF, 1e7) == pytest.approx(19.4563 + 10 * ANSWERS + 1096.889 * 0.04, abs=1e-4)


def test_a_month_of_a_function() -> None:
    # 1769 / 1024 GB x 0.5 s x 0.0000166667 = 14.396 USD of a million; calls 0.20, HTTP API 1.00
    million = 1769 / 1024 * 0.5 * 16.6667 + 0.20 + 1.00 + ANSWERS + LOGS
    assert million == pytest.approx(17.339, abs=0.001)
    assert month(Lambda(), HALF, 1e6) == pytest.approx(0.000506 + million)
    assert month(Lambda(), HALF, 1e7) == pytest.approx(0.000506 + 10 * million)


def test_a_month_of_tasks() -> None:
    # a million is 0.381 a second, of which 0.32 tasks are at 60 % (0.25 s / 0.5 / 0.6 each): the floor of two;
    # the balancer: 16 GB are 16 LCU-hours, and a million connections at 25 a second are but 11.1
    assert month(Fargate(), HALF_OF_HALF, 1e6) == pytest.approx(67.5651 + ANSWERS + LOGS + 16 * 0.008)
    # ten million: 3.81 x 0.833 = 3.17, so four tasks: two more of 0.02024 + 0.004445 and an address each
    more = 2 * 730 * (0.02024 + 0.004445 + 0.005)
    assert month(Fargate(), HALF_OF_HALF, 1e7) == pytest.approx(67.5651 + more + 10 * (ANSWERS + LOGS + 16 * 0.008))


def test_a_function_of_a_gigabyte_costs_what_others_reckon() -> None:
    # 1 GB x 0.2 s x 0.0000166667 x 1 M = 3.333, + 0.20 + 1.00 = 4.53, without answers and logs
    setup = Lambda(memory_mb=1024)
    assert cost.memory_price(setup, 1024, 0.2) == pytest.approx(4.53334, abs=1e-5)
    # half the memory halves the time's part only; a REST API is 2.50 dearer; an address of its own is free
    assert cost.memory_price(setup, 512, 0.2) == pytest.approx(1.666670 + 1.20)
    assert cost.memory_price(replace(setup, gateway="rest"), 1024, 0.2) == pytest.approx(7.03334)
    assert cost.memory_price(replace(setup, gateway="url"), 1024, 0.2) == pytest.approx(3.53334)
    # 200.1 ms are billed as 201
    assert cost.memory_price(setup, 1024, 0.2001) == pytest.approx(0.201 * 16.6667 + 1.20)


def test_the_break_even_that_others_reckon() -> None:
    """t4g.small 12.264, an address 3.65, 20 GB 1.60 are 17.514; at 4.53334 USD a million that is 3.863 M requests."""
    known = {
        **prices(),
        **{
            name: replace(prices()[name], usd=0.0)
            for name in ("ebs.snapshot", "logs.alarm", "s3.standard", "logs.ingest", "logs.storage")
        },
    }
    fifth = Measured(service_s={"short": 0.2}, mix={"short": 1.0}, cpu_s=0.0, cold_share=0.0)
    targets = {"ec2": (Ec2(disk_gb=20), fifth), "lambda": (Lambda(memory_mb=1024), fifth)}
    (row,) = cost.break_evens(targets, terms=Terms(prices=known))
    assert (row.below, row.above) == ("lambda", "ec2")
    assert row.requests == pytest.approx(17.514 / 4.53334e-6, rel=1e-9)
    # both pay for what leaves AWS: 3.863 x 1.44
    assert row.usd == pytest.approx(17.514 + 3.86338 * ANSWERS, abs=1e-4)


def test_what_is_always_free() -> None:
    # 400,000 GB-s at 0.0000166667, a million calls, 5 GB of logs written (all 0.6 of them) and 100 GB of answers (16)
    off = month(Lambda(), HALF, 1e6) - month(Lambda(), HALF, 1e6, free_tier=True)
    assert off == pytest.approx(400_000 * 0.0000166667 + 0.20 + 0.6 * 0.50 + ANSWERS)
    # ten million: 6 GB of logs, of which 5 are free, and 160 of answers, of which 100 are
    off = month(Lambda(), HALF, 1e7) - month(Lambda(), HALF, 1e7, free_tier=True)
    assert off == pytest.approx(400_000 * 0.0000166667 + 0.20 + 5 * 0.50 + 100 * 0.09)
    # a small site pays for its gateway, which is free for a year only, its packages and the logs that it keeps
    small = cost.month(Lambda(), HALF, 1e5, terms=Terms(free_tier=True))
    assert {one.part for one in small or []} == {"gateway", "packages", "logs"}
    # alarms: ten are free
    assert month(Ec2(), HALF, 1e6) - month(Ec2(), HALF, 1e6, free_tier=True) == pytest.approx(0.30 + ANSWERS)
    million = [month(Fargate(), HALF_OF_HALF, 1e6, free_tier=free) for free in (False, True)]
    assert million[0] - million[1] == pytest.approx(0.40 + 0.30 + ANSWERS)


def test_what_is_free_is_taken_off_once() -> None:
    # 3 + 4 GB, of which 5 are free
    twice = [Item("logs", "some", "logs.ingest", 3), Item("logs", "others", "logs.ingest", 4)]
    assert [one.usd for one in priced(twice, free_tier=True)] == [2 * 0.50]


def test_arm() -> None:
    # a fifth less for the time of a function; tasks 0.5 x (0.04048 - 0.03238) + 0.004445 - 0.00356 each
    arm = cost.other_processor(Lambda())
    less = month(Lambda(), HALF, 1e6) - month(arm, HALF, 1e6)
    assert less == pytest.approx(1769 / 1024 * 0.5 * (16.6667 - 13.3334))
    less = total(bill(Fargate(), Usage())) - total(bill(cost.other_processor(Fargate()), Usage()))
    assert less == pytest.approx(2 * 730 * (0.5 * 0.0081 + 0.000885))
    # t4g is ARM; its twin costs 0.0208 an hour
    twin = cost.other_processor(Ec2())
    assert (Ec2().arch, twin.arch) == ("arm64", "x86_64")
    assert total(bill(twin, Usage())) - total(bill(Ec2(), Usage())) == pytest.approx(730 * 0.0040)
    with pytest.raises(ValueError, match=r"no twin of m7g\.large"):
        cost.other_processor(Ec2(instance="m7g.large"))


def test_nat() -> None:
    # the gateway 0.045 x 730 and its address 0.005 x 730 while nobody asks; 10 GB at 0.045
    nat = bill(Lambda(nat=True), Usage(nat_gb=10))
    assert total(nat) - total(bill(Lambda(), Usage())) == pytest.approx(32.85 + 3.65 + 0.45)
    assert part(nat, "NAT") == pytest.approx(33.30)
    # without one nothing passes it
    assert bill(Lambda(), Usage(nat_gb=10)) == bill(Lambda(), Usage())


@pytest.mark.parametrize("setup", SETUPS, ids=lambda one: one.kind)
def test_a_database(setup: Any) -> None:
    # 0.016 x 730, 20 GB at 0.115, a secret 0.40
    with_one = bill(replace(setup, database="db.t4g.micro"), Usage())
    assert part(with_one, "database") == pytest.approx(11.68 + 2.30 + 0.40)
    # a function reads its password through an endpoint, 0.01 x 730, where there is no NAT gateway
    way = 7.30 if setup.kind == "lambda" else 0.0
    assert total(with_one) - total(bill(setup, Usage())) == pytest.approx(14.38 + way)
    larger = bill(replace(setup, database="db.t4g.medium", database_gb=100), Usage())
    assert part(larger, "database") == pytest.approx(0.065 * 730 + 11.50 + 0.40)


@pytest.mark.parametrize(
    ("usage", "hours"),
    [
        # each is the largest once: 9 M connections / 3600 / 25; 108 M s / 3600 / 3000; 50 GB; 108 M / 3600 / 1000
        (Usage(connections=9e6, connection_s=9e6, answer_gb=50, rule_evaluations=9e6), 100.0),
        (Usage(connections=9e5, connection_s=1.08e8, answer_gb=9), 10.0),
        (Usage(connections=1e6, connection_s=1e6, answer_gb=50), 50.0),
        (Usage(connections=1e6, connection_s=1e6, answer_gb=20, rule_evaluations=1.08e8), 30.0),
    ],
    ids=["new connections", "open connections", "bytes", "rules"],
)
def test_the_largest_of_four_figures_counts(usage: Usage, hours: float) -> None:
    assert lcu_hours(usage) == pytest.approx(hours)
    load = part(bill(Fargate(), usage), "load balancer") - part(bill(Fargate(), Usage()), "load balancer")
    assert load == pytest.approx(hours * 0.008)


@pytest.mark.parametrize(
    # two processors all month are 1460 hours; 2 x 20 % or 2 x 10 % of 730 come with the instance
    ("instance", "usd"),
    [("t4g.small", (1460 - 292) * 0.04), ("t3.small", (1460 - 292) * 0.05), ("t4g.micro", (1460 - 146) * 0.04)],
)
def test_credits_of_an_instance_that_is_busy_all_month(instance: str, usd: float) -> None:
    busy = bill(Ec2(instance=instance), Usage(cpu_hours=1460))
    assert part(busy, "credits") == pytest.approx(usd)
    assert total(busy) - total(bill(Ec2(instance=instance), Usage())) == pytest.approx(usd)


def test_a_price_that_is_not_known_is_never_nothing() -> None:
    for setup in (Ec2(instance="m7g.large"), Lambda(database="db.x2.huge"), Fargate(database="db.r8g.large")):
        with pytest.raises(NoPrice, match="no price is known for"):
            bill(setup, Usage(busy_s=1))
    with pytest.raises(NoPrice, match=r"baseline\.t4g\.nano"):
        bill(Ec2(instance="t4g.nano"), Usage(cpu_hours=1))
    less = {name: one for name, one in prices().items() if name != "network.egress"}
    with pytest.raises(NoPrice, match=r"network\.egress"):
        bill(Ec2(), Usage(answer_gb=1), prices=less)


#: Where each price shows in a busy month.
SHOWS = {
    "ec2.t4g.small": ("ec2", "compute"),
    "credits.t4g": ("ec2", "credits"),
    "ebs.gp3": ("ec2", "disk"),
    "ebs.snapshot": ("ec2", "snapshots"),
    "lambda.x86_64": ("lambda", "compute"),
    "lambda.request": ("lambda", "requests"),
    "apigateway.http": ("lambda", "gateway"),
    "network.nat": ("lambda", "NAT"),
    "network.nat-data": ("lambda", "NAT"),
    "fargate.vcpu-x86_64": ("fargate", "compute"),
    "fargate.gb-x86_64": ("fargate", "compute"),
    "alb.balancer": ("fargate", "load balancer"),
    "alb.lcu": ("fargate", "load balancer"),
    "ecr.storage": ("fargate", "packages"),
    "logs.alarm": ("ec2 fargate", "alarms"),
    "logs.ingest": ("lambda fargate", "logs"),
    "logs.storage": ("lambda fargate", "logs"),
    "s3.standard": ("ec2 lambda", "packages"),
    "network.public-ipv4": ("ec2 lambda fargate", "addresses"),
    "network.egress": ("ec2 lambda fargate", "answers"),
    "rds.db.t4g.micro": ("ec2 lambda fargate", "database"),
    "rds.gp3": ("ec2 lambda fargate", "database"),
    "secrets.secret": ("ec2 lambda fargate", "database"),
    "efs.standard": ("", ""),
    "ec2.t3.small": ("", ""),
}


@pytest.mark.parametrize("name", SHOWS)
def test_a_price_changes_its_own_line_and_no_other(name: str) -> None:
    kinds, where = SHOWS[name]
    busy = replace(a_million_trips(task_hours=3000), cpu_hours=1000, nat_gb=5)
    dearer = {**prices(), name: replace(prices()[name], usd=2 * prices()[name].usd)}
    for setup in (Ec2(), Lambda(nat=True), Fargate()):
        whole = replace(setup, database="db.t4g.micro")
        before, after = bill(whole, busy), bill(whole, busy, prices=dearer)
        assert len(before) == len(after)
        changed = {new.part for old, new in zip(before, after, strict=True) if old.usd != new.usd}
        assert changed == ({where} if setup.kind in kinds.split() else set())


# --- one idea of a price --------------------------------------------------------------------------------------------


def test_a_dry_run_reckons_what_the_comparison_does() -> None:
    pytest.importorskip("yaml", reason="needs the extra `deploy`")
    ec2, fargate = (importlib.import_module(f"deploy.{name}.choices") for name in ("ec2", "fargate"))
    assert ec2.costs("t4g.small", 20) == (bill(Ec2(), Usage()), priced(beyond(Ec2(), a_million_trips())))
    chosen = {
        "Architecture": "X86_64",
        "Cpu": "512",
        "Memory": "1024",
        "MinTasks": "2",
        "Data": "image",
        "DatabaseClass": "db.t4g.micro",
        "DatabaseStorage": "20",
    }
    assert fargate.costs(chosen) == bill(Fargate(), Usage())
    # a million seconds of search are 277.8 task-hours, each 0.02024 + 0.004445 + 0.005 for an address
    usd = 1e6 / 3600 * 0.029685 + ANSWERS + LOGS + 16 * 0.008
    assert total(fargate.costs_per_million(chosen)) == pytest.approx(usd)


def test_an_instance_without_a_price_is_left_out_of_an_estimate() -> None:
    pytest.importorskip("yaml", reason="needs the extra `deploy`")
    ec2 = importlib.import_module("deploy.ec2.choices")
    idle, million = ec2.costs("m7g.large", 20)
    assert total(idle) == pytest.approx(19.4563 - 12.264)
    assert total(million) == pytest.approx(ANSWERS)


def test_a_smaller_instance_pays_for_the_processor_time_of_a_million_trips() -> None:
    pytest.importorskip("yaml", reason="needs the extra `deploy`")
    # 277.8 hours, of which 0.2 x 730 = 146 come with it; the rest at 0.04
    _, million = importlib.import_module("deploy.ec2.choices").costs("t4g.micro", 20)
    assert part(million, "credits") == pytest.approx((1e6 / 3600 - 146) * 0.04)


# --- properties -----------------------------------------------------------------------------------------------------

amounts = st.just(0.0) | st.floats(1e-6, 1e8)
usages = st.builds(Usage, **{one.name: amounts for one in fields(Usage)})
setups = st.one_of(
    st.builds(Ec2, instance=st.sampled_from(["t4g.small", "t3.micro"]), disk_gb=st.integers(8, 500)),
    st.builds(
        Lambda,
        memory_mb=st.integers(128, 10240),
        arch=st.sampled_from(["x86_64", "arm64"]),
        gateway=st.sampled_from(["http", "rest", "url"]),
        nat=st.booleans(),
        database=st.sampled_from(["", "db.t4g.micro"]),
    ),
    st.builds(Fargate, cpu=st.sampled_from([256, 1024]), arch=st.sampled_from(["x86_64", "arm64"])),
)


@settings(max_examples=100, deadline=None)
@given(setups, usages, st.sampled_from([one.name for one in fields(Usage)]), amounts, st.booleans())
def test_more_use_is_never_cheaper(setup: Setup, usage: Usage, name: str, more: float, free: bool) -> None:
    larger = replace(usage, **{name: getattr(usage, name) + more})
    assert total(bill(setup, larger, free_tier=free)) >= total(bill(setup, usage, free_tier=free)) * (1 - 1e-12)


@settings(max_examples=100, deadline=None)
@given(setups, usages)
def test_what_is_free_never_makes_it_dearer_and_every_line_is_paid(setup: Setup, usage: Usage) -> None:
    with_it, without = bill(setup, usage, free_tier=True), bill(setup, usage)
    assert total(with_it) <= total(without)
    assert all(one.usd > 0 and one.part and one.what for one in (*with_it, *without))


@settings(max_examples=100, deadline=None)
@given(setups, usages)
def test_idle_and_beyond_are_the_whole(setup: Setup, usage: Usage) -> None:
    assert total(bill(setup, Usage())) + total(priced(beyond(setup, usage))) == pytest.approx(total(bill(setup, usage)))
    assert len({(one.price, one.what) for one in items(setup, usage)}) == len(items(setup, usage))


@settings(max_examples=25, deadline=None)
@given(
    st.floats(0.01, 5),
    st.floats(0, 5),
    st.floats(0, 20_000),
    st.sampled_from(["url", "http", "rest"]),
    st.booleans(),
)
def test_at_a_break_even_the_cheaper_one_changes(
    service: float, init: float, answer: float, gateway: str, free: bool
) -> None:
    one = Measured(
        service_s={"short": service}, mix={"short": 1.0}, cpu_s=service / 2, init_s=init, answer_bytes=answer
    )
    targets: cost.Targets = {
        "ec2": (Ec2(), one),
        "lambda": (Lambda(memory_mb=885, gateway=gateway), one),
        "fargate": (Fargate(), one),
    }
    for row in cost.break_evens(targets, terms=Terms(free_tier=free)):
        pair = [targets[row.below], targets[row.above]]
        if row.requests is None:
            end = min(cost.MOST, *(cost.capacity(*each) * 730 * 3600 for each in pair))
            for many in (cost.LEAST, end):
                below, above = (month(*each, many, free_tier=free) for each in pair)
                assert below <= above * (1 + 1e-9)
            continue
        before, after = (
            [month(*each, row.requests * by, free_tier=free) for each in pair] for by in (1 - 1e-6, 1 + 1e-6)
        )
        assert before[0] <= before[1] * (1 + 1e-9)
        assert after[0] >= after[1] * (1 - 1e-9)
        jump = max(abs(late - early) for late, early in zip(after, before, strict=True))
        # both cost the same there, or a task is added there
        assert abs(before[0] - before[1]) <= jump + 1e-6


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="requests is -1, want 0 or more"):
        Usage(requests=-1)
    with pytest.raises(ValueError, match="busy_s is nan"):
        Usage(busy_s=math.nan)
    with pytest.raises(ValueError, match="no service time is known of long"):
        Measured(service_s={"short": 1.0}, mix={"short": 0.5, "long": 0.5}, cpu_s=1.0)
    with pytest.raises(ValueError, match=r"sum to 0\.9, want 1"):
        Measured(service_s={"short": 1.0}, mix={"short": 0.9}, cpu_s=1.0)
    with pytest.raises(ValueError, match="a measured figure is -1"):
        Measured(service_s={"short": 1.0}, mix={"short": 1.0}, cpu_s=-1.0)


# --- capacity, scaling and curves -----------------------------------------------------------------------------------

MONTH_S = 730 * 3600
#: Four fifths are searches of a second, one fifth was asked before.
MIXED = Measured(
    service_s={"short": 1.0, "again": 0.01}, mix={"short": 0.8, "again": 0.2}, cpu_s=0.4, init_s=0.5, answer_bytes=1e4
)


def test_what_a_target_can_take() -> None:
    # a request holds a search for 0.8 s on average: two searches take 2.5 a second
    assert cost.capacity(Ec2(searches=2), MIXED) == pytest.approx(2.5)
    # a sandbox is taken for 0.8 x 1 + 0.2 x 0.01 = 0.802 s
    assert cost.capacity(Lambda(concurrency=10), MIXED) == pytest.approx(10 / 0.802)
    # six tasks of one search, and of two on two processors
    assert cost.capacity(Fargate(), MIXED) == pytest.approx(6 / 0.8)
    assert cost.capacity(Fargate(cpu=2048, searches=2), replace(MIXED, cpu_s=0.8)) == pytest.approx(12 / 0.8)
    # who waits for a database instead of computing is not seen by the scaling: two tasks, busy at 1 / 8 of a processor
    # (0.05 / 0.5 / 0.6 = 0.17 tasks, and 60 / 300 by requests, for each request a second, which takes 0.8 searches)
    assert cost.capacity(Fargate(), replace(MIXED, cpu_s=0.05)) == pytest.approx(2 / 0.8)
    # unless it counts requests: one a second and task
    assert cost.capacity(Fargate(requests_target=60), replace(MIXED, cpu_s=0.05)) == pytest.approx(6 / 0.8)
    assert cost.capacity(Ec2(), Measured(service_s={"again": 0.01}, mix={"again": 1.0}, cpu_s=0.01)) == math.inf


def test_tasks_follow_the_figure_that_asks_for_more() -> None:
    # 0.4 s of half a processor at 60 %: 1.333 tasks for each request a second
    assert [cost.tasks(Fargate(), MIXED, rate) for rate in (0, 1.4, 1.5, 1.6, 3.1, 100)] == [2, 2, 2, 3, 5, 6]
    # 300 requests a minute are 5 a second
    light = replace(MIXED, cpu_s=0.001)
    assert [cost.tasks(Fargate(), light, rate) for rate in (10, 10.1, 15.1, 99)] == [2, 3, 4, 6]
    assert cost.tasks(Fargate(cpu_target_percent=30), MIXED, 1.5) == 4
    assert (cost.tasks(Ec2(), MIXED, 99), cost.tasks(Lambda(), MIXED, 99)) == (1, 0)


def test_a_curve_ends_where_the_target_does() -> None:
    points = cost.curve(Ec2(), MIXED)
    assert points[0][0] == 1000
    assert points[-1][0] == pytest.approx(2.5 * MONTH_S)  # 6.57 M
    assert all(low < high for (low, _), (high, _) in pairwise(points))
    assert all(low <= high for (_, low), (_, high) in pairwise(points))
    assert cost.month(Ec2(), MIXED, 6.6e6) is None
    assert cost.month(Ec2(), MIXED, 6.5e6) is not None
    assert cost.curve(Lambda(), MIXED)[-1][0] == 1e8
    shown = cost.bill_of("ec2", Ec2(), MIXED)
    assert shown.capacity == pytest.approx(6.57e6)
    assert cost.bill_of("lambda", Lambda(), MIXED).capacity is None
    assert total(Cost(one.what, one.usd) for one in shown.lines) == pytest.approx(month(Ec2(), MIXED, 1e6))
    assert cost.curve(Ec2(), MIXED.scaled(1e5)) == ()


def test_a_million_more_and_on_average() -> None:
    # tasks at one million: two before and after, so answers 0.9, logs and 11.1 LCU-hours (a million connections)
    more = 10 * 0.09 + LOGS + 1e6 / 3600 / 25 * 0.008
    assert cost.a_million_more(Fargate(), MIXED, 1e6) == pytest.approx(more)
    assert cost.average_of_a_million(Fargate(), MIXED, 2e6) == pytest.approx((67.5651 + 2 * more) / 2)
    assert cost.a_million_more(Ec2(), MIXED, 6e6) is None


def test_cold_starts_are_billed_and_are_rare_with_traffic() -> None:
    # 1000 a month: 0.000381 a second; in 300 s there is another with probability 1 - exp(-0.1142)
    used = cost.usage(Lambda(), MIXED, 1000)
    assert used.busy_s == pytest.approx(1000 * (0.802 + math.exp(-1000 / MONTH_S * 300) * 0.5))
    assert cost.usage(Lambda(), MIXED, 1e6).busy_s == pytest.approx(802_000)
    assert cost.usage(Lambda(), replace(MIXED, cold_share=0.1), 1e6).busy_s == pytest.approx(852_000)
    # each request is rounded up to a millisecond: 1.0001 s to 1.001
    odd = Measured(service_s={"short": 1.0001}, mix={"short": 1.0}, cpu_s=1.0, cold_share=0.0)
    assert cost.usage(Lambda(), odd, 1e6).busy_s == pytest.approx(1_001_000)
    assert cost.usage(Lambda(), replace(odd, billed_s=0.7), 1e6).busy_s == pytest.approx(700_000)


def test_longer_trips_cost_more_until_they_cannot_be_taken() -> None:
    rows = {(row.target, row.trip_factor): row.usd for row in cost.sensitivity({"ec2": (Ec2(), MIXED)}, 3e6)}
    # 3 M are 1.14 a second: of four times 0.8 s two searches take but 0.625. 3 M x 0.4 s x 2 = 666.7 hours, less 292
    assert rows["ec2", 4.0] is None
    assert rows["ec2", 2.0] == pytest.approx(19.4563 + 30 * 0.09 + (3e6 * 0.8 / 3600 - 292) * 0.04)
    assert rows["ec2", 0.25] == pytest.approx(19.4563 + 2.70)
    assert sorted(rows) == [("ec2", factor) for factor in cost.TRIP_FACTORS]


def test_a_step_of_tasks_may_be_where_the_cheaper_one_changes() -> None:
    # 0.7 s x 1.7275 GB are 20.15 USD a million, with calls, API, logs and answers 22.56; tasks 1.29 a million, and
    # 67.57 for two and 89.24 for three. Two cost the same at 67.57 / 21.27 = 3.18 M. The third comes at 2 / 1.333 = 1.5
    # a second, which is 3.942 M, where the function (88.9) is cheaper again, until 89.24 / 21.27 = 4.20 M
    targets: cost.Targets = {
        "lambda": (Lambda(), replace(MIXED, billed_s=0.7, cold_share=0.0)),
        "fargate": (Fargate(min_tasks=1), MIXED),
    }
    rows = cost.break_evens(targets)
    assert [(row.below, row.above) for row in rows] == [
        ("lambda", "fargate"),
        ("fargate", "lambda"),
        ("lambda", "fargate"),
    ]
    assert [row.requests for row in rows] == pytest.approx([3.177e6, 1.5 * MONTH_S, 4.196e6], rel=1e-3)
    assert rows[1].requests == pytest.approx(1.5 * MONTH_S, rel=1e-6)


def test_all_bills_side_by_side() -> None:
    targets: cost.Targets = {"ec2": (Ec2(), MIXED), "lambda": (Lambda(), MIXED)}
    rows = cost.bills(targets)
    assert [(row.target, row.arch, row.free_tier) for row in rows] == [
        (name, arch, free)
        for free in (False, True)
        for name, arch in (("ec2", "arm64"), ("ec2", "x86_64"), ("lambda", "x86_64"), ("lambda", "arm64"))
    ]
    (row,) = cost.break_evens(targets)
    assert (row.arch, row.trip_factor, row.free_tier) == ("", 1.0, False)
    # two that never change places
    (never,) = cost.break_evens({"fargate": (Fargate(), MIXED), "ec2": (Ec2(), MIXED)})
    assert (never.below, never.above, never.requests, never.usd) == ("ec2", "fargate", None, None)
    # trips of half the time: more of them before the instance is cheaper
    (shorter,) = cost.break_evens(targets, trip_factor=0.5)
    assert shorter.requests is not None
    assert row.requests is not None
    assert shorter.requests > row.requests


# --- from records ---------------------------------------------------------------------------------------------------


def record(kind: str, total_ms: float, **more: Any) -> Record:
    given = {"regime": "warm", "status": 200, "bytes": 10_000, "stages_ms": {"total": total_ms}, **more}
    return Record(target="t", kind=kind, due_s=0.0, sent_s=0.0, client_ms=total_ms + 50, **given)


def test_what_the_records_say() -> None:
    records = [
        record("short", 900, platform={"duration_ms": 910}),
        record("short", 1100, platform={"duration_ms": 1110.5}),
        record("again", 10, bytes=20_000, platform={"duration_ms": 11}),
        record("again", 3000, cold=True, platform={"duration_ms": 3000, "init_ms": 400}),  # a start, not a warm one
        record("short", 9000, regime="load"),  # it has waited
        record("short", 30_000, error="timeout"),
    ]
    found = cost.measured(records, {"short": 0.75, "again": 0.25}, cpus=0.5)
    assert found.service_s == {"short": 1.0, "again": 0.01}
    assert found.cpu_s == pytest.approx(0.5 * (0.75 + 0.0025))
    assert found.init_s == pytest.approx(0.4)
    # the mean of 910 and 1110.5 is 1010.25, rounded up 1011
    assert found.billed_s == pytest.approx(0.75 * 1.011 + 0.25 * 0.011)
    assert found.answer_bytes == pytest.approx(12_500)
    # where something starts it anew, that alone counts: no other size, and nothing that fights for the processors
    starts = [
        record("short", 900, regime="cold", cold=True, platform={"init_ms": 600}),
        record("short", 900, regime="cold", cold=True, platform={"init_ms": 620}),
        record("short", 900, regime="burst", cold=True, platform={"init_ms": 1900}),
        record("short", 900, regime="sweep", cold=True, platform={"init_ms": 3000}),
    ]
    found = cost.measured([*records, *starts], {"short": 0.75, "again": 0.25}, cpus=0.5)
    assert found.init_s == pytest.approx(0.61)
    with pytest.raises(ValueError, match="no good warm request was measured of the kind area, long"):
        cost.measured(records, {"short": 0.5, "long": 0.25, "area": 0.25}, cpus=0.5)
    without = cost.measured([record("short", 900)], {"short": 1.0}, cpus=2.0)
    assert (without.billed_s, without.cpu_s, without.init_s) == (None, 0.9, 0.0)
