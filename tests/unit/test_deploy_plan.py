"""What a command would do, as text, and what it would cost."""

from __future__ import annotations

import datetime
import re

import pytest

pytest.importorskip("yaml", reason="needs the extra `deploy`")

from deploy.plan import Plan, Resource
from deploy.prices import Cost, NoPrice, amounts, price, prices, total


def test_a_plan_says_everything() -> None:
    plan = Plan(
        "make a thing",
        resources=[Resource("A::B", "Thing", {"Size": 1, "Tags": [{"Key": "k"}]}), Resource("A::C", "Bare")],
        steps=["build it", "bring it out"],
        costs=[Cost("a server", 10.0), Cost("a disk", 2.5)],
        per_million=[Cost("traffic", 0.25)],
        notes=["mind the step"],
    )
    assert plan.text() == (
        "make a thing\n\nsteps:\n  1. build it\n  2. bring it out\n\n"
        "2 resources:\n  + A::B  Thing\n      Size: 1\n      Tags:\n      - Key: k\n  + A::C  Bare\n\n"
        "estimated cost of a month without traffic: 12.50 USD\n     10.00  a server\n      2.50  a disk\n"
        "and of a million trips: 0.25 USD\n      0.25  traffic\nnote: mind the step\n"
    )


def test_an_empty_plan_is_its_title() -> None:
    assert Plan("nothing to do").text() == "nothing to do\n"


def test_every_price_has_a_unit_a_date_and_a_source() -> None:
    assert len(prices()) > 20
    for name, one in prices().items():
        assert one.usd > 0, name
        datetime.date.fromisoformat(f"{one.date}-01")
        assert one.source.startswith("https://aws.amazon.com/"), name
        assert re.fullmatch(r"[A-Za-z-]+", one.per), name


def test_every_amount_has_a_date_and_a_source_and_what_is_free_a_price() -> None:
    for name, one in amounts().items():
        assert one.amount > 0, name
        datetime.date.fromisoformat(f"{one.date}-01")
        assert re.match(r"https://(docs\.)?aws\.amazon\.com/", one.source), name
        if name.startswith("free."):
            assert name.removeprefix("free.") in prices()


def test_a_bill_is_the_sum_of_its_lines() -> None:
    assert total([Cost("a", 1.5), Cost("b", 2.25)]) == 3.75


def test_a_price_that_nobody_knows() -> None:
    with pytest.raises(NoPrice, match=r"no price is known for moon\.cheese"):
        price("moon.cheese")
