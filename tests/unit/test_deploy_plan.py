"""What a command would do, as text, and what it would cost."""

from __future__ import annotations

import datetime
import re

import pytest

pytest.importorskip("yaml", reason="needs the extra `deploy`")

from deploy.plan import Plan, Resource
from deploy.prices import Cost, monthly, price, prices, total


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


def test_a_month_has_730_hours() -> None:
    # two of 0.005 USD an hour: 2 * 0.005 * 730
    assert monthly("addresses", "network.public-ipv4", 2).usd == pytest.approx(7.30)
    # 20 GB of 0.08 USD a month
    assert monthly("disk", "ebs.gp3", 20).usd == pytest.approx(1.60)
    assert total([Cost("a", 1.5), Cost("b", 2.25)]) == 3.75


def test_a_price_that_nobody_knows() -> None:
    with pytest.raises(KeyError, match="moon"):
        price("moon.cheese")


def test_the_estimate_of_a_small_instance_is_what_others_reckon() -> None:
    # t4g.small 0.0168 * 730 = 12.26, an address 3.65, 20 GB of gp3 1.60: 17.5 a month
    parts = [
        monthly("server", "ec2.t4g.small"),
        monthly("address", "network.public-ipv4"),
        monthly("disk", "ebs.gp3", 20),
    ]
    assert total(parts) == pytest.approx(17.5, abs=0.05)
