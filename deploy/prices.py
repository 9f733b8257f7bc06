"""What things cost, from `prices.toml`: each price with its unit, its date and where to look it up."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

#: Hours of a month, as AWS reckons them: 365 * 24 / 12.
HOURS_A_MONTH = 730


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


def total(costs: Iterable[Cost]) -> float:
    """The sum, in US dollars."""
    return sum(cost.usd for cost in costs)
