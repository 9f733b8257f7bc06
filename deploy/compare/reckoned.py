"""The tables of a report that tell what follows from what was measured: costs and simulated months, and how far off."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence

from deploy.compare import plots, words
from deploy.compare.blocks import Block, Table, labelled, names, picture
from deploy.compare.plots import Picture
from deploy.compare.summary import Bill, Deviation, Summary

#: Traffic of a month, for the tables of costs.
MONTHS = (1e6, 3e6, 1e7, 3e7, 1e8)


def cost(summary: Summary, pictures: Mapping[str, Picture]) -> Iterator[Block]:
    """What months cost: by traffic, where two cost the same, and line by line."""
    how = "reckoned"
    yield from picture(summary, pictures, "cost", how)
    if summary.bills:
        yield Table(
            labelled(summary, "US dollars of a month with steady traffic", how),
            (
                "target",
                "processor",
                "free tier",
                "idle",
                "a million more",
                *(f"{words.amount(number)}" for number in MONTHS),
                "it can take",
            ),
            [
                (
                    one.target,
                    one.arch or words.NOTHING,
                    "taken off" if one.free_tier else "no",
                    words.usd(one.idle_usd),
                    words.usd(one.per_million_usd),
                    *(_at(one, number) for number in MONTHS),
                    _capacity(one),
                )
                for one in summary.bills
            ],
            "A million more: after the first million. “too many”: it cannot take that much, whatever is paid.",
            words=(0, 1, 2),
        )
    yield from _break_evens(summary, how)
    yield from _sensitivity(summary, how)
    for one in plots.standard(summary):
        if one.lines:
            yield Table(
                labelled(summary, f"The bill of {one.target} for a million requests a month", how),
                ("line", "USD"),
                [*((line.what, words.usd(line.usd)) for line in one.lines), ("sum", words.usd(_sum(one)))],
                folded=True,
            )


def _break_evens(summary: Summary, how: str) -> Iterator[Table]:
    if summary.break_evens:
        yield Table(
            labelled(summary, "Where two cost the same", how),
            (
                "cheaper below",
                "cheaper above",
                "requests a month",
                "USD",
                "processor",
                "free tier",
                "trips, × measured",
            ),
            [
                (
                    one.below,
                    one.above if one.requests else f"never {one.above}",
                    words.amount(one.requests),
                    words.usd(one.usd),
                    one.arch or "as measured",
                    "taken off" if one.free_tier else "no",
                    f"× {one.trip_factor:g}",
                )
                for one in summary.break_evens
            ],
            "As far as both can take the traffic.",
            words=(0, 1, 4, 5),
        )


def _capacity(bill: Bill) -> str:
    if bill.capacity is not None:
        return words.amount(bill.capacity)
    return f"over {words.amount(bill.curve[-1][0])}" if bill.curve else words.NOTHING


def _sum(bill: Bill) -> float:
    return sum(line.usd for line in bill.lines)


def _at(bill: Bill, requests: float) -> str:
    """The bill of so many requests: a point of the curve, or between the two that are nearest."""
    below = [point for point in bill.curve if point[0] <= requests * (1 + 1e-9)]
    above = [point for point in bill.curve if point[0] >= requests * (1 - 1e-9)]
    if not below or not above:
        return "too many" if bill.curve and not above else words.NOTHING
    (low, cheap), (high, dear) = below[-1], above[0]
    part = (requests - low) / (high - low) if high > low else 0.0
    return words.usd(cheap + part * (dear - cheap))


def _sensitivity(summary: Summary, how: str) -> Iterator[Table]:
    factors = sorted({one.trip_factor for one in summary.sensitivity})
    found = {(one.target, one.requests, one.trip_factor): one.usd for one in summary.sensitivity}
    rows = sorted(
        {(requests, names(summary).index(name), name) for name, requests, _ in found if name in names(summary)}
    )
    if rows:
        yield Table(
            labelled(summary, "US dollars of a month where trips take longer or shorter", how),
            ("target", "requests a month", *(f"× {factor:g}" for factor in factors)),
            [
                (
                    name,
                    words.amount(requests),
                    *(
                        words.usd(usd) if (usd := found.get((name, requests, factor))) is not None else "too many"
                        for factor in factors
                    ),
                )
                for requests, _, name in rows
            ],
            folded=True,
        )


def months(summary: Summary, pictures: Mapping[str, Picture]) -> Iterator[Block]:
    """The simulated months, a table for each trace."""
    how = "simulated"
    yield from picture(summary, pictures, "months", how)
    for trace in dict.fromkeys(one.trace for one in summary.months):
        said = summary.about.trace.get(trace, "")
        cells = sorted(
            (one for one in summary.months if one.trace == trace),
            key=lambda one: (one.requests, names(summary).index(one.target) if one.target in names(summary) else 99),
        )
        yield Table(
            labelled(summary, f"A month of “{trace}”", how),
            (
                "requests a month",
                "target",
                "p50",
                "p95",
                "p99",
                "failed",
                "USD",
                "with free tier",
                "units at most",
                "why they fail",
            ),
            [
                (
                    words.amount(one.requests),
                    one.target,
                    *(words.quantile(ms, one.failed_share) for ms in (one.p50_ms, one.p95_ms, one.p99_ms)),
                    words.share(one.failed_share),
                    words.usd(one.usd),
                    words.usd(one.usd_free_tier),
                    words.number(one.peak_units),
                    ", ".join(f"{why} {words.share(part)}" for why, part in one.reasons.items() if part),
                )
                for one in cells
            ],
            said,
            words=(0, 1, 9),
        )


def deviations(summary: Summary) -> Iterator[Block]:
    """How far the simulation is from theory and from measurement."""
    for rows, title, known, how in (
        (summary.theory, "One machine against queueing theory", "theory", "simulated, not"),
        (summary.measurement, "The measured arrivals, replayed", "measured", ""),
    ):
        if rows:
            yield f"{title}: {_off(rows)}"
            yield Table(
                labelled(summary, title, how),
                ("case", "figure", known, "simulated", "deviation", "standard error"),
                [
                    (
                        one.case,
                        one.figure,
                        _value(one, one.known, "failed"),
                        _value(one, one.simulated, "failed"),
                        words.deviation(one.share),
                        _value(one, one.spread),
                    )
                    for one in rows
                ],
                words=(0, 1),
                folded=rows is summary.theory,
            )


def _off(rows: Sequence[Deviation]) -> str:
    """How far they are off, in one sentence."""
    shares = sorted(abs(one.share) for one in rows if one.share is not None)
    if not shares:
        return "nothing to compare."
    said = f"half of {len(shares)} figures are within {words.share(round(statistics.median(shares), 3))}"
    farthest = next(one for one in rows if one.share is not None and abs(one.share) == shares[-1])
    said += f", and the farthest is off by {words.deviation(farthest.share)} ({farthest.figure}, {farthest.case})"
    only = sum((one.known is None) != (one.simulated is None) for one in rows)
    return f"{said}; {only} failed in one of both only." if only else f"{said}."


def _value(row: Deviation, value: float | None, missing: str = words.NOTHING) -> str:
    if value is None:
        return missing
    return words.time(value) if row.unit == "ms" else f"{words.number(value)} {row.unit}".strip()
