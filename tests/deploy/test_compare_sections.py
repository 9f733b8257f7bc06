"""What a report says beside its figures: what they are of, and what they are not. All figures are invented."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deploy.compare.advice import advise
from deploy.compare.blocks import Table
from deploy.compare.sections import sections
from deploy.compare.summary import (
    LOCAL,
    REAL,
    About,
    BreakEven,
    Cell,
    Cold,
    Deviation,
    Latency,
    Memory,
    Summary,
    Target,
)
from deploy.setup import Ec2, Lambda

BOTH = Summary(
    targets=(Target("ec2", Ec2("t3.small")), Target("lambda", Lambda(885))),
    break_evens=(
        BreakEven("lambda", "ec2", 3.9e6, 48.9, "x86_64"),
        BreakEven("lambda", "ec2", 4.1e6, 43.2, "arm64"),
        BreakEven("lambda", "ec2", 5.6e6, 27.7, "x86_64", trip_factor=0.25),
        BreakEven("lambda", "ec2", arch="x86_64", trip_factor=4),
    ),
)


def said(of: Summary, name: str) -> list[str]:
    """Paragraphs of a section."""
    return [block for one in sections(of, []) if one.name == name for block in one.blocks if isinstance(block, str)]


def tables(of: Summary) -> dict[str, Table]:
    """By title, without the label."""
    found = [block for one in sections(of, []) for block in one.blocks if isinstance(block, Table)]
    return {one.title.rsplit(" (", 1)[0]: one for one in found}


def test_the_answer_says_what_is_cheaper_by_price_alone_and_what_becomes_of_that() -> None:
    failed = {1e6: 0.001, 3e6: 0.13, 1e7: 0.8}
    months = tuple(Cell("ec2", "hiking", requests, failed_share=share) for requests, share in failed.items())
    (alone,) = [text for text in said(replace(BOTH, months=months), "answer") if "By price alone" in text]
    # as both are bought, on x86; and the first month of which more than 0.1 % fail
    assert "ec2 is cheaper than lambda from 3.9 million requests a month on" in alone
    assert "(it fails 13 % of the simulated month of 3 million)" in alone
    assert "4.1 million" not in alone
    assert "By price alone" not in " ".join(said(replace(BOTH, break_evens=BOTH.break_evens[2:]), "answer"))


@pytest.mark.parametrize(("mb", "told"), [(885, True), (512, False)])
def test_the_answer_says_where_the_memory_that_was_measured_is_not_the_one_to_buy(mb: int, told: bool) -> None:
    sizes = (
        Memory("lambda", 256, 6, usd_per_million=5.5, score_share=0.996),
        Memory("lambda", 512, 6, usd_per_million=9.5, score_share=0.9995),
        Memory("lambda", 1024, 6, usd_per_million=17.9, score_share=1.0),
    )
    of = replace(BOTH, targets=(Target("lambda", Lambda(mb)),), memory=sizes)
    # 256 MB lack 0.4 % of the score, which is more than nothing; 512 MB lack 0.05 %, which is nothing
    text = " ".join(said(of, "answer"))
    assert ("512 MB is the cheapest" in text) == told
    assert ("stand-in was held to" in text) == told
    assert "stand-in" not in " ".join(said(replace(of, about=About(REAL)), "answer")[:-1])


def test_where_two_cost_the_same_each_processor_has_its_row_and_lengths_of_trips_a_column() -> None:
    found = tables(BOTH)
    rows = found["Where two cost the same with steady traffic, however long the wait"].rows
    assert [row[:5] for row in rows] == [
        ("lambda", "ec2", "3.9 million", "48.90", "x86_64"),
        ("lambda", "ec2", "4.1 million", "43.20", "arm64"),
    ]
    lengths = found["The same, in requests a month, where trips take longer or shorter than measured"]
    assert lengths.head[3:] == ("× 0.25", "× 1", "× 4")
    assert lengths.rows == [
        ("lambda", "ec2", "x86_64", "5.6 million", "3.9 million", "never"),
        ("lambda", "ec2", "arm64", "–", "4.1 million", "–"),
    ]


def test_points_of_one_pair_are_one_row_and_a_step_is_called_one() -> None:
    several = (
        BreakEven("lambda", "fargate", 24e6, 122.0, "x86_64"),
        BreakEven("fargate", "lambda", 25e6, None, "x86_64"),
        BreakEven("lambda", "fargate", 30e6, 152.0, "x86_64"),
        BreakEven("ec2", "lambda", 2e6, None, ""),
    )
    rows = tables(replace(BOTH, break_evens=several))[
        "Where two cost the same with steady traffic, however long the wait"
    ].rows
    assert rows == [
        ("lambda", "fargate", "24 million to 30 million, 3 times", "122.00 to 152.00", "x86_64", "no"),
        ("ec2", "lambda", "2 million", "a step", "mixed", "no"),
    ]
    (twice,) = tables(replace(BOTH, targets=(), break_evens=several[:2])).values()
    assert twice.rows[0][:2] == ("lambda", "lambda again")


def test_each_burst_has_a_row_and_the_load_tells_which_rate_came() -> None:
    latencies = (
        Latency("lambda", "burst", count=10, burst=1),
        Latency("lambda", "burst", count=10, burst=2),
        Latency("lambda", "load", rate=3.0, count=90, per_s=3.24, offered_per_s=3.31),
    )
    found = tables(replace(BOTH, latencies=latencies))
    assert [row[2] for row in found["Many at once, each burst by itself"].rows] == ["1", "2"]
    load = found["By how much is asked"]
    assert (
        dict(zip(load.head, load.rows[0], strict=True)).items()
        >= {
            "offered, 1/s": "3",
            "came, 1/s": "3.31",
            "answered, 1/s": "3.24",
        }.items()
    )


def test_a_start_that_nobody_waits_for_stands_beside_the_wait() -> None:
    colds = (Cold("ec2", p50_ms=1000, renew_s=2.7), Cold("lambda", p50_ms=1720, init_ms=593, renew_s=0.0))
    rows = tables(replace(BOTH, colds=colds))["First requests of a process, as it says itself"].rows
    assert [row[4:8:3] for row in rows] == [("1 s", "2.7 s"), ("1.72 s", "–")]


def test_the_headline_of_deviations_is_of_waits_and_the_highest_rate_has_its_own() -> None:
    def deviation(rate: int, figure: str, share: float) -> Deviation:
        return Deviation(f"ec2 at {rate} requests a second", figure, 100, 100 * (1 + share), share)

    rows = (
        deviation(1, "p50", 0.01), deviation(1, "p99", 0.02), deviation(1, "right answers", 0.0),
        deviation(3, "p50", -0.2), deviation(3, "p99", -0.4), deviation(3, "right answers", 0.0),
    )  # fmt: skip
    loads = tuple(Latency("ec2", "load", rate=rate) for rate in (1.0, 3.0))
    texts = said(replace(BOTH, measurement=rows, latencies=loads), "deviation")
    # the middle of 1, 2, 20 and 40 % is 11 %, of the last two 30 %
    assert "half of 4 percentiles are within 11 %" in texts[0]
    assert texts[1].startswith("At the highest rate alone: half of 2 percentiles are within 30 %")


def test_what_was_assumed_is_not_called_measured() -> None:
    text = str(next(one for one in sections(BOTH, []) if one.name == "method").blocks)
    assert "a request logs 0.6 kB" in text
    assert "bytes of answers, which were measured" in text


@pytest.mark.parametrize("label", [LOCAL, REAL])
def test_only_stand_ins_are_said_to_be_restarted_by_us(label: str) -> None:
    text = str(next(one for one in sections(Summary(About(label)), []) if one.name == "method").blocks)
    assert ("services of the instance restarted" in text) == (label == LOCAL)


def test_a_share_just_above_the_limit_does_not_read_as_the_limit() -> None:
    # 0.101 % reads 0.1 %, of which the method says that it is good enough
    def month(target: Target, requests: float) -> Cell:
        return Cell(target.name, "hiking", requests, 1, 1, 1, 0.00101, usd=1)

    served = Summary(targets=(Target("ec2", Ec2(), service={"invented": True}),))
    assert advise(served, 1e6, 1000, month=month).verdicts[0].reason == "fails more than 0.1 %"


def test_draws_of_a_month_that_differ_are_told_and_cast_doubt_on_the_advice() -> None:
    def month(target: Target, requests: float) -> Cell:
        more = {"seeds": 3, "failed_low": 0.0, "failed_high": 0.13, "p99_low_ms": 2000.0, "p99_high_ms": None}
        return Cell(
            target.name, "hiking", requests, 1000, 1500, 2500, 0.0008, usd=1, span_s=3600.0, run_in_s=900.0, **more
        )  # type: ignore[arg-type]

    served = Summary(targets=(Target("ec2", Ec2(), service={"invented": True}),))
    found = advise(served, 1e6, 3000, month=month)
    assert found.verdicts[0].reason == "the cheapest that is fast enough; one of its 3 draws fails 13 %"
    assert "wait 2.5 s or more; one of its 3 draws fails 13 %." in found.text
    cell = month(served.targets[0], 1e6)
    table = tables(replace(served, months=(cell,)))["A month of “hiking”"]
    assert table.rows[0][4:6] == ("2.5 s [2 s to failed]", "0.08 % [0 % to 13 %]")
    assert "60 min and 15 min at 1 million" in table.note
    alone = replace(cell, seeds=1, failed_high=0.0, run_in_s=0.0)
    assert tables(replace(served, months=(alone,)))["A month of “hiking”"].rows[0][4] == "2.5 s"
