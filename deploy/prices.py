"""What things cost, from `prices.toml`: each price with its unit, its date and where to look it up."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

#: Hours of a month, as AWS reckons them: 365 * 24 / 12.
HOURS_A_MONTH = 730

One = TypeVar("One")


class NoPrice(KeyError):
    """No price is known for something; it is never taken for nothing."""

    def __str__(self) -> str:
        return f"no price is known for {self.args[0]}: deploy/prices.toml has none of that name"


@dataclass(frozen=True)
class Price:
    """A price: US dollars for one unit."""

    usd: float
    per: str
    date: str
    source: str


@dataclass(frozen=True)
class Amount:
    """How much of something a price is for, or how much of it is free."""

    amount: float
    per: str
    date: str
    source: str


@dataclass(frozen=True)
class Cost:
    """A line of a bill: what, and how many US dollars.

    Parameters
    ----------
    part : of the bill, by which lines of different bills are compared: compute, requests, gateway, …
    """

    what: str
    usd: float
    part: str = ""


@cache
def prices() -> dict[str, Price]:
    """All prices by name, such as `ec2.t4g.small`."""
    return {
        f"{service}.{name}": Price(entry["usd"], entry["per"], entry["date"], entries["source"])
        for service, entries in _file().items()
        if service != "amounts" and isinstance(entries, dict)
        for name, entry in entries.items()
        if name != "source"
    }


@cache
def amounts() -> dict[str, Amount]:
    """What prices are for and what is free, by name, such as `lcu.gb` or `free.lambda.request`."""
    return {
        f"{group}.{name}": Amount(entry["amount"], entry["per"], entry["date"], entries["source"])
        for group, entries in _file()["amounts"].items()
        for name, entry in entries.items()
        if name != "source"
    }


def price(name: str) -> float:
    """US dollars for a unit of something.

    Raises
    ------
    NoPrice : none is known.
    """
    return _known(prices(), name).usd


def amount(name: str) -> float:
    """How much of something a price is for.

    Raises
    ------
    NoPrice : that is not known.
    """
    return _known(amounts(), name).amount


def total(costs: Iterable[Cost]) -> float:
    """The sum, in US dollars."""
    return sum(cost.usd for cost in costs)


@cache
def _file() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("prices.toml").read_text("utf-8"))


def _known(table: dict[str, One], name: str) -> One:
    if name not in table:
        raise NoPrice(name)
    return table[name]
