"""A month's bill: what a target is made of and what it was used for, times the prices.

The estimates of the targets and the comparison both come from here, so that the same thing has the same price in both.
`items` says how much of what is used; `priced` makes dollars of it; `bill` does both.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import assert_never

from deploy.prices import HOURS_A_MONTH, Cost, NoPrice, Price, amount, amounts
from deploy.prices import prices as _prices
from deploy.setup import Ec2, Fargate, Lambda, Setup

#: What every estimate takes a trip for, so that targets can be compared: seconds of search, which is the default limit;
#: kB of its answer, compressed, of three loops as the page asks for them (6 to 18 on the sample region); kB of log.
TRIP_S = 1.0
TRIP_KB = 16.0
TRIP_LOG_KB = 0.6
#: Of an instance: the disk of the system, of which there are no snapshots; GiB.
SYSTEM_DISK_GB = 8
#: What is free beyond `free_tier`, and is not reckoned with because it ends.
ENDING_FREE_TIERS = (
    "accounts from before 2025-07-15 have for 12 months: 750 hours of a t3.micro, 750 of a db.t4g.micro, 750 of a load "
    "balancer and 15 LCUs, 750 of a public IPv4 address, 1 M requests of an API, 30 GB of disk, 5 GB of S3",
    "newer ones have up to 200 USD of credits for 6 months instead",
)


@dataclass(frozen=True)
class Usage:
    """What a target was used for in one month. Nothing at all is an idle month.

    Parameters
    ----------
    requests : that were answered; those that Lambda's limit turns away are not paid for.
    busy_s : what Lambda bills: seconds of all sandboxes, starts (INIT) among them, each request rounded up to 1 ms.
    unit_hours : of all tasks; fewer than a setup's floor of tasks makes are taken for the floor.
    cpu_hours : processor time of an instance. Credits balance what is used within 24 hours; where busy days follow idle
        ones more is billed than this month's sum says.
    answer_gb : what goes out to the internet.
    log_gb : of logs, as they are written. An instance keeps its own, which costs nothing.
    connections : that are opened to a load balancer.
    connection_s : for how long they are open, all together.
    rule_evaluations : of a load balancer, beyond the ten per request that are free; our template has fewer.
    nat_gb : what passes a NAT gateway, both ways: what the function itself fetches, not its answers.

    Raises
    ------
    ValueError : one is negative or no number.
    """

    requests: float = 0.0
    busy_s: float = 0.0
    unit_hours: float = 0.0
    cpu_hours: float = 0.0
    answer_gb: float = 0.0
    log_gb: float = 0.0
    connections: float = 0.0
    connection_s: float = 0.0
    rule_evaluations: float = 0.0
    nat_gb: float = 0.0

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            if not (value >= 0 and math.isfinite(value)):
                raise ValueError(f"{one.name} is {value}, want 0 or more")


@dataclass(frozen=True)
class Item:
    """Something that is paid for: so many units of what the price is for.

    Parameters
    ----------
    part : as in `Cost`.
    price : its name in `prices.toml`.
    units : how many, in the price's unit.
    """

    part: str
    what: str
    price: str
    units: float


def bill(
    setup: Setup, usage: Usage, *, free_tier: bool = False, prices: Mapping[str, Price] | None = None
) -> list[Cost]:
    """The bill of a month, line by line; what is not used has no line.

    Parameters
    ----------
    free_tier : take off what is free in every month of every account (see `ENDING_FREE_TIERS` for the rest).
    prices : others than those of `prices.toml`.

    Raises
    ------
    NoPrice : one of them is not known.
    """
    return priced(items(setup, usage), free_tier=free_tier, prices=prices)


def priced(items: Iterable[Item], *, free_tier: bool = False, prices: Mapping[str, Price] | None = None) -> list[Cost]:
    """The same in dollars. Parameters and errors are those of `bill`."""
    table = _prices() if prices is None else prices
    free = {name.removeprefix("free."): one.amount for name, one in amounts().items()} if free_tier else {}
    costs = []
    for item in items:
        if item.price not in table:
            raise NoPrice(item.price)
        taken_off = min(item.units, free.get(item.price, 0.0))
        free[item.price] = free.get(item.price, 0.0) - taken_off
        units, one = item.units - taken_off, table[item.price]
        if units > 0:
            what = f"{item.what}: {_number(units)} x {_dollars(one.usd)} USD per {one.per}"
            costs.append(Cost(what, units * one.usd, item.part))
    return costs


def items(setup: Setup, usage: Usage) -> list[Item]:
    """How much of what a month takes.

    Raises
    ------
    NoPrice : how much processor time comes with the instance is not known, and it was used.
    """
    match setup:
        case Ec2():
            own = _of_an_instance(setup, usage)
        case Lambda():
            own = _of_a_function(setup, usage)
        case Fargate():
            own = _of_tasks(setup, usage)
        case _:
            assert_never(setup)
    every = [*own, *_of_a_database(setup), Item("answers", "answers", "network.egress", usage.answer_gb)]
    return [item for item in every if item.units > 0]


def beyond(setup: Setup, usage: Usage) -> list[Item]:
    """What this usage takes beyond an idle month."""
    idle = {(item.price, item.what): item.units for item in items(setup, Usage())}
    more = [(item, item.units - idle.get((item.price, item.what), 0.0)) for item in items(setup, usage)]
    return [Item(item.part, item.what, item.price, units) for item, units in more if units > 0]


def a_million_trips(*, task_hours: float = 0.0, cpu_s: float = TRIP_S) -> Usage:
    """What estimates take a million trips for, all new ones, each on a connection of its own.

    Parameters
    ----------
    task_hours : those of the floor of tasks, and those that the trips take beyond.
    cpu_s : processor time of a trip.
    """
    return Usage(
        requests=1e6,
        busy_s=TRIP_S * 1e6,
        unit_hours=task_hours,
        cpu_hours=cpu_s * 1e6 / 3600,
        answer_gb=TRIP_KB,
        log_gb=TRIP_LOG_KB,
        connections=1e6,
        connection_s=TRIP_S * 1e6,
    )


# --- the targets ----------------------------------------------------------------------------------------------------


def _of_an_instance(setup: Ec2, usage: Usage) -> list[Item]:
    return [
        Item("compute", f"instance {setup.instance}", f"ec2.{setup.instance}", HOURS_A_MONTH),
        *_credits(setup.instance, usage.cpu_hours),
        Item("addresses", "public IPv4 address", "network.public-ipv4", HOURS_A_MONTH),
        Item("disk", "disks", "ebs.gp3", setup.disk_gb),
        Item(
            "snapshots",
            "snapshots, at most, of what a full volume holds once",
            "ebs.snapshot",
            setup.disk_gb - SYSTEM_DISK_GB,
        ),
        Item("alarms", "alarms", "logs.alarm", 3),
        Item("packages", "releases and trails in the bucket", "s3.standard", 0.1),
    ]


def _credits(instance: str, cpu_hours: float) -> list[Item]:
    """Processor time beyond what comes with a T instance; others come with all of theirs."""
    family = instance.partition(".")[0]
    if not cpu_hours or not family.startswith("t"):
        return []
    beyond = cpu_hours - amount(f"baseline.{instance}") * HOURS_A_MONTH
    return [Item("credits", "processor time beyond the baseline", f"credits.{family}", beyond)]


def _of_a_function(setup: Lambda, usage: Usage) -> list[Item]:
    gb = setup.memory_mb / 1024
    found = [
        Item("compute", f"{gb:.2f} GB while it works", f"lambda.{setup.arch}", gb * usage.busy_s),
        Item("requests", "calls of the function", "lambda.request", usage.requests),
        *_logs(usage),
        Item("packages", "two packages of some 11 MB in S3", "s3.standard", 0.022),
    ]
    if setup.gateway != "url":
        what = f"requests of the {setup.gateway.upper()} API"
        found.append(Item("gateway", what, f"apigateway.{setup.gateway}", usage.requests))
    if setup.nat:
        found += [
            Item("NAT", "NAT gateway", "network.nat", HOURS_A_MONTH),
            Item("NAT", "its traffic", "network.nat-data", usage.nat_gb),
            Item("addresses", "public IPv4 address of the NAT gateway", "network.public-ipv4", HOURS_A_MONTH),
        ]
    elif setup.database:
        # in the database's network there is no other way to the secret with its password
        found.append(Item("NAT", "endpoint, to read the database's password", "network.vpc-endpoint", HOURS_A_MONTH))
    return found


def _of_tasks(setup: Fargate, usage: Usage) -> list[Item]:
    hours = max(usage.unit_hours, setup.min_tasks * HOURS_A_MONTH)
    return [
        Item("compute", "tasks, processors", f"fargate.vcpu-{setup.arch}", hours * setup.cpu / 1024),
        Item("compute", "tasks, memory", f"fargate.gb-{setup.arch}", hours * setup.memory_mb / 1024),
        Item("load balancer", "load balancer", "alb.balancer", HOURS_A_MONTH),
        Item("load balancer", "its load", "alb.lcu", lcu_hours(usage)),
        Item("addresses", "public IPv4 addresses of the tasks", "network.public-ipv4", hours),
        Item(
            "addresses",
            "public IPv4 addresses of the load balancer in 2 zones",
            "network.public-ipv4",
            2 * HOURS_A_MONTH,
        ),
        # scaling by two figures makes an alarm above and one below for each
        Item("alarms", "alarms of the scaling", "logs.alarm", 4),
        *_logs(usage),
        Item("packages", "images, about", "ecr.storage", 1),
    ]


def lcu_hours(usage: Usage) -> float:
    """Hours of capacity units of a load balancer: of four figures the one that makes most counts.

    AWS takes the largest of each hour, which this does as long as it is the same one all month.
    Source: https://aws.amazon.com/elasticloadbalancing/pricing/.
    """
    return max(
        usage.connections / 3600 / amount("lcu.new-connections"),
        usage.connection_s / 3600 / amount("lcu.open-connections"),
        usage.answer_gb / amount("lcu.gb"),
        usage.rule_evaluations / 3600 / amount("lcu.rule-evaluations"),
    )


def _logs(usage: Usage) -> list[Item]:
    return [
        Item("logs", "logs", "logs.ingest", usage.log_gb),
        Item("logs", "logs, compressed, kept for a month", "logs.storage", usage.log_gb * amount("logs.kept")),
    ]


def _of_a_database(setup: Setup) -> list[Item]:
    if not setup.database:
        return []
    return [
        Item("database", f"database {setup.database}", f"rds.{setup.database}", HOURS_A_MONTH),
        Item("database", "disk of the database", "rds.gp3", setup.database_gb),
        Item("database", "its password", "secrets.secret", 1),
    ]


# --- words ----------------------------------------------------------------------------------------------------------


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}" if value < 100 else f"{value:.4g}"


def _dollars(usd: float) -> str:
    """Never as 2e-07, which nobody reads."""
    return f"{usd:.10f}".rstrip("0").rstrip(".")
