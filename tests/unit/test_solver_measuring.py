"""Losses, gaps and how they are spread, worked out by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from solver import Loop, Result, Status
from solver.measuring import Measurement, Spread, Summary, keep_if_better, percentile

ROW = Measurement(
    instance="valley",
    edges=40,
    trailheads=1,
    time_limit_s=1.0,
    iterations=None,
    seed=0,
    prove=False,
    status="feasible",
    score=950,
    length=2000,
    objective=950,
    bound=1250,
    best_known=1000,
    proven=False,
    seconds=0.9,
    moves=1000,
    valid=True,
)


def test_loss_is_in_parts_of_the_best_known_and_the_gap_in_parts_of_the_bound() -> None:
    assert ROW.loss_percent == pytest.approx(5)  # 50 of 1000
    assert ROW.gap_percent == pytest.approx(24)  # 300 of 1250
    assert not ROW.exact


def test_more_than_the_best_known_is_a_negative_loss() -> None:
    better = replace(ROW, score=1020)
    assert better.loss_percent == pytest.approx(-2)
    assert better.exact


def test_no_answer_loses_everything_and_has_no_gap() -> None:
    none = replace(ROW, score=None, objective=None, status="unknown")
    assert none.loss_percent == 100
    assert none.gap_percent is None


def test_without_a_reference_there_is_no_loss() -> None:
    assert replace(ROW, best_known=None).loss_percent is None
    assert replace(ROW, best_known=0).loss_percent is None


def test_overrun_is_what_goes_beyond_the_limit() -> None:
    assert ROW.overrun_s == 0
    assert replace(ROW, seconds=1.25).overrun_s == pytest.approx(0.25)


def test_a_line_can_be_read_back() -> None:
    line = json.loads(ROW.as_json({"commit": "0123"}))
    assert Measurement.from_json(line) == ROW
    assert (line["commit"], line["loss_percent"]) == ("0123", ROW.loss_percent)


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        (list(range(1, 11)), 0.9, 9),  # nine of ten are 9 or less
        (list(range(1, 12)), 0.9, 10),  # of eleven, nine are not nine tenths
        ([3, 1, 2], 0.5, 2),
        ([7], 0.9, 7),
        ([7, 8], 0.0, 7),
        ([7, 8], 1.0, 8),
    ],
)
def test_percentiles_are_values_that_occur(values: list[float], share: float, expected: float) -> None:
    assert percentile(values, share) == expected


def test_spread() -> None:
    assert Spread.of([0, 0, 1, 7]) == Spread(mean=2, median=0.5, p90=7, worst=7)
    assert Spread.of([]) is None


def test_summary_counts_all_and_the_proven_ones_by_themselves() -> None:
    rows = [
        ROW,
        replace(ROW, score=1000, objective=1000, bound=1000, status="optimal", proven=True),
        replace(ROW, score=990, objective=990, bound=1100, proven=True, seconds=1.5),
        replace(ROW, score=1100, objective=1100, bound=1250),
        replace(ROW, score=None, objective=None, status="unknown"),
    ]
    summary = Summary.of(rows)
    assert (summary.count, summary.answered, summary.invalid) == (5, 4, 0)
    assert summary.loss is not None
    assert summary.loss.mean == pytest.approx((5 + 0 + 1 - 10 + 100) / 5)
    assert summary.proven_loss == Spread.of([0.0, rows[2].loss_percent or 0.0])
    assert (summary.exact, summary.proven, summary.better, summary.optimal) == (1, 2, 1, 1)
    assert summary.median_gap == pytest.approx(12)  # of 24, 10 and 12
    assert (summary.slowest_s, summary.overrun_s) == (1.5, 0.5)


def test_only_better_walks_replace_a_kept_one(tmp_path: Path) -> None:
    def kept(score: int) -> int:
        loop = Loop(0, (0, 1, 2), score, 2000, 0, 0)
        keep_if_better(replace(ROW, score=score), Result(Status.FEASIBLE, (loop,)), tmp_path)
        return int(json.loads((tmp_path / "valley.json").read_text())["score"])

    assert [kept(1010), kept(1030), kept(1020)] == [1010, 1030, 1030]


def test_a_wrong_walk_is_not_kept(tmp_path: Path) -> None:
    loop = Loop(0, (0, 1, 2), 1010, 2000, 0, 0)
    keep_if_better(replace(ROW, valid=False), Result(Status.FEASIBLE, (loop,)), tmp_path)
    assert not list(tmp_path.iterdir())
