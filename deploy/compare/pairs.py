"""Which of two targets is cheaper, from how much traffic on: as they are bought, and both with the same processor."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from deploy.compare import cost
from deploy.compare.summary import BreakEven
from deploy.prices import total

ARCHITECTURES = ("x86_64", "arm64")
#: Bills closer than this are the same: a task, the least that a bill rises by at once, is thousands of times as much.
_SAME = 1e-4
#: So little before a point, as a share of it, nothing but a step makes bills differ.
_JUST_BEFORE = 1e-6


def break_evens(targets: cost.Targets) -> tuple[BreakEven, ...]:
    """Points of each pair: as measured, with what is always free taken off, and with shorter and longer trips.

    A pair of which one has another processor than the other has them as it is bought, and on each of both processors.
    """
    bought = (targets, *(_on(targets, arch) for arch in ARCHITECTURES))
    # what is bought with one processor already is among them twice
    return tuple(dict.fromkeys(row for each in bought for row in _rows(each)))


def _on(targets: cost.Targets, arch: str) -> cost.Targets:
    """All with this processor, but those that it is not made for."""
    return {
        name: (setup, measured)
        for name, (bought, measured) in targets.items()
        for setup in cost.both_processors(bought)
        if setup.arch == arch
    }


def _rows(targets: cost.Targets) -> Iterator[BreakEven]:
    free = cost.Terms(free_tier=True)
    every = [*cost.break_evens(targets), *cost.break_evens(targets, terms=free)]
    for factor in cost.TRIP_FACTORS:
        if factor != 1:
            every += cost.break_evens(targets, trip_factor=factor)
    for row in every:
        yield replace(row, usd=None) if _is_step(targets, row) else row


def _is_step(targets: cost.Targets, row: BreakEven) -> bool:
    """Whether the cheaper one changes because the other one gets a task, without both costing the same."""
    if row.requests is None:
        return False
    bills = []
    for name in (row.below, row.above):
        setup, measured = targets[name]
        found = cost.month(
            setup,
            measured.scaled(row.trip_factor),
            row.requests * (1 - _JUST_BEFORE),
            terms=cost.Terms(free_tier=row.free_tier),
        )
        bills.append(total(found or []))
    return not math.isclose(*bills, rel_tol=_SAME)
