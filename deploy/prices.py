"""What things cost, from `prices.toml`: each price with its unit, its date and where to look it up."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

#: Hours of a month, as AWS reckons them: 365 * 24 / 12.
HOURS_A_MONTH = 730
#: What every estimate takes a trip for, so that targets can be compared: seconds of search, which is the default limit;
#: kB of its answer, compressed, of three loops as the page asks for them (6 to 18 on the sample region); kB of log.
TRIP_S = 1.0
TRIP_KB = 16.0
TRIP_LOG_KB = 0.6


@dataclass(frozen=True)
class Price:
    """A price: US dollars for one unit."""

    usd: float
    per: str
    date: str
    source: str


@dataclass(frozen=True)
class Cost:
    """A line of a bill: what, and how many US dollars."""

    what: str
    usd: float


@cache
def prices() -> dict[str, Price]:
    """All prices by name, such as `ec2.t4g.small`."""
    tables = tomllib.loads(Path(__file__).with_name("prices.toml").read_text("utf-8"))
    return {
        f"{service}.{name}": Price(entry["usd"], entry["per"], entry["date"], tables[service]["source"])
        for service, entries in tables.items()
        if isinstance(entries, dict)
        for name, entry in entries.items()
        if name != "source"
    }


def price(name: str) -> float:
    """US dollars for a unit of something; raises `KeyError` where no price is known."""
    return prices()[name].usd


def monthly(what: str, name: str, amount: float = 1.0) -> Cost:
    """A month of so many of something that is paid by the hour or by the month."""
    one = prices()[name]
    hours = HOURS_A_MONTH if one.per.endswith("hour") else 1
    return Cost(f"{what}: {amount:g} x {one.usd:g} USD per {one.per}", one.usd * hours * amount)


def answers_of_a_million() -> Cost:
    """What leaves AWS with a million trips; the first 100 GB a month are free, which is not taken off."""
    return Cost(f"answers, {TRIP_KB:g} GB", TRIP_KB * price("network.egress"))


def logs_of_a_million() -> Cost:
    """A million trips in CloudWatch Logs."""
    return Cost(f"logs, {TRIP_LOG_KB:g} GB", TRIP_LOG_KB * price("logs.ingest"))


def total(costs: Iterable[Cost]) -> float:
    """The sum, in US dollars."""
    return sum(cost.usd for cost in costs)
