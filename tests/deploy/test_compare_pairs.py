"""Where two cost the same: both with one processor, and steps told from crossings."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deploy.compare import pairs
from deploy.compare.cost import TRIP_FACTORS, Measured, Targets
from deploy.setup import Ec2, Fargate, Lambda

#: A fifth of a second, no processor credits, no cold starts.
FIFTH = Measured(service_s={"short": 0.2}, mix={"short": 1.0}, cpu_s=0.0, cold_share=0.0)


def test_a_pair_of_two_processors_has_points_on_each_of_them_too() -> None:
    rows = pairs.break_evens({"ec2": (Ec2(), FIFTH), "lambda": (Lambda(memory_mb=1024), FIFTH)})
    plain = {row.arch: row for row in rows if row.trip_factor == 1 and not row.free_tier}
    assert list(plain) == ["", "x86_64", "arm64"]  # a t4g.small with a function on x86 comes first: that is bought
    # address 3.65, disks 2.24, snapshots 1.00, alarms 0.30 are 7.19 with any instance; a million calls of 1 GB x 0.2 s
    # are 3.33334 (x86) or 2.66668 (arm) + 0.20 + 1.00, and logs 0.3027; answers cost both the same
    per_million = {"x86_64": 3.33334 + 1.5027, "arm64": 2.66668 + 1.5027}
    hour = {"x86_64": 0.0208, "arm64": 0.0168}
    for arch in pairs.ARCHITECTURES:
        found = plain[arch]
        assert (found.below, found.above) == ("lambda", "ec2")
        assert found.requests == pytest.approx((730 * hour[arch] + 7.19) / per_million[arch] * 1e6, rel=1e-3)


def test_a_pair_of_one_processor_has_each_point_once() -> None:
    rows = pairs.break_evens({"ec2": (Ec2("t3.small"), FIFTH), "lambda": (Lambda(), FIFTH)})
    assert {row.arch for row in rows} == {"x86_64", "arm64"}
    # for each processor: with and without what is free, and the other lengths of trips; each has at most one point here
    assert len(rows) == 2 * (2 + len(TRIP_FACTORS) - 1)


def test_a_step_is_no_point_of_equal_cost() -> None:
    # the function costs some 22.6 USD a million; two tasks 67.6 a month, from 3.94 M on three, 89.2: cheaper is the
    # service from 3.2 M on, the function again when the third task comes, though no two bills are the same there, and
    # the service from 4.2 M on
    half = Measured(service_s={"short": 0.8, "again": 0.0}, mix={"short": 0.5, "again": 0.5}, cpu_s=0.4)
    billed = replace(half, billed_s=0.7, cold_share=0.0)
    targets: Targets = {"lambda": (Lambda(), billed), "fargate": (Fargate(min_tasks=1), half)}
    rows = [row for row in pairs.break_evens(targets) if (row.trip_factor, row.free_tier) == (1, False)]
    x86 = [row for row in rows if row.arch == "x86_64"]
    assert [(row.below, row.usd is None) for row in x86] == [("lambda", False), ("fargate", True), ("lambda", False)]
