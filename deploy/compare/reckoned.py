"""The tables of a report that tell what follows from what was measured: costs and simulated months, and how far off."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from deploy.compare import plots, words
from deploy.compare.blocks import Block, Table, labelled, names, picture
from deploy.compare.plots import Picture
from deploy.compare.summary import Bill, BreakEven, Cell, Deviation, Summary

#: Traffic of a month, for the tables of costs.
MONTHS = (1e6, 3e6, 1e7, 3e7, 1e8)
#: What the bills that are not simulated are of.
STEADY = "steady traffic, however long the wait"
#: What the headline of deviations counts. As many are answered as come, whatever is simulated: that says nothing.
WAITS = ("p50", "p95", "p99")


def cost(summary: Summary, pictures: Mapping[str, Picture]) -> Iterator[Block]:
    """What months cost: by traffic, where two cost the same, and line by line."""
    how = "reckoned"
    yield from picture(summary, pictures, "cost", how)
    if summary.bills:
        yield Table(
            labelled(summary, f"US dollars of a month with {STEADY}", how),
            (
                "target",
                "processor",
                "free tier",
                "idle",
                "a million more",
                *(f"{words.amount(number)}" for number in MONTHS),
                "busy all the time at",
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
            "A million more: after the first million. Busy all the time at: there waits have no end, and they are long "
            "before that. “too many”: more than that.",
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
    groups = _pairs(summary)
    plain = {pair: rows for pair, rows in groups.items() if pair.trip_factor == 1}
    if plain:
        yield Table(
            labelled(summary, f"Where two cost the same with {STEADY}", how),
            ("cheaper below", "cheaper above", "requests a month", "USD", "processor", "free tier"),
            [
                (
                    rows[0].below,
                    _above(rows) if rows[0].requests else f"never {rows[0].above}",
                    _points(rows) if rows[0].requests else words.NOTHING,
                    _there(rows),
                    pair.arch or "mixed",
                    "taken off" if pair.free_tier else "no",
                )
                for pair, rows in plain.items()
            ],
            "As far as both can take the traffic. A task more is a step in the bill: there the cheaper one may change "
            "though no two bills are the same, and change again. Of several points the first and the last are told.",
            words=(0, 1, 4, 5),
        )
    factors = sorted({pair.trip_factor for pair in groups})
    if len(factors) > 1:
        lengths: dict[tuple[str, str, str], dict[float, str]] = {}
        for pair, rows in groups.items():
            if not pair.free_tier:
                names = rows[0].below, _above(rows), pair.arch or "mixed"
                lengths.setdefault(names, {})[pair.trip_factor] = _points(rows)
        yield Table(
            labelled(summary, "The same, in requests a month, where trips take longer or shorter than measured", how),
            ("cheaper below", "cheaper above", "processor", *(f"× {factor:g}" for factor in factors)),
            [(*names, *(found.get(factor, words.NOTHING) for factor in factors)) for names, found in lengths.items()],
            words=(0, 1, 2),
            folded=True,
        )


def as_bought(summary: Summary) -> list[BreakEven]:
    """Where two cost the same as they are bought, without the free tier."""
    arch = {one.name: one.setup.arch for one in summary.targets if one.setup}
    found = []
    for one in summary.break_evens:
        both = {arch.get(one.below, ""), arch.get(one.above, "")}
        if (
            one.requests
            and one.trip_factor == 1
            and not one.free_tier
            and one.arch == ("" if len(both) > 1 else both.pop())
        ):
            found.append(one)
    return found


class _Pair(NamedTuple):
    """Two targets, whichever is the cheaper one, and for what they are compared."""

    names: frozenset[str]
    arch: str
    free_tier: bool
    trip_factor: float


def _pairs(summary: Summary) -> dict[_Pair, list[BreakEven]]:
    """The points of each pair, rising."""
    found: dict[_Pair, list[BreakEven]] = {}
    for one in summary.break_evens:
        pair = _Pair(frozenset((one.below, one.above)), one.arch, one.free_tier, one.trip_factor)
        found.setdefault(pair, []).append(one)
    return found


def _above(rows: Sequence[BreakEven]) -> str:
    """Who is cheaper above all points of a pair."""
    return rows[-1].above + " again" * (rows[-1].above == rows[0].below)


def _points(rows: Sequence[BreakEven]) -> str:
    if rows[0].requests is None:
        return "never"
    first, last = words.amount(rows[0].requests), words.amount(rows[-1].requests)
    return first if len(rows) == 1 else f"{first} to {last}, {len(rows)} times"


def _there(rows: Sequence[BreakEven]) -> str:
    """What both cost at the points where they cost the same."""
    usd = [words.usd(one.usd) for one in rows if one.usd is not None]
    if not usd:
        return "a step" if rows[0].requests else words.NOTHING
    return usd[0] if len(usd) == 1 else f"{usd[0]} to {usd[-1]}"


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
                    *(words.quantile(ms, one.failed_share) for ms in (one.p50_ms, one.p95_ms)),
                    words.quantile(one.p99_ms, one.failed_share) + _apart(one, _p99, one.p99_low_ms, one.p99_high_ms),
                    words.share(one.failed_share) + _apart(one, words.share, one.failed_low, one.failed_high),
                    words.usd(one.usd),
                    words.usd(one.usd_free_tier),
                    words.number(one.peak_units),
                    ", ".join(f"{why} {words.share(part)}" for why, part in one.reasons.items() if part),
                )
                for one in cells
            ],
            ". ".join(text for text in (said, _simulated(cells)) if text),
            words=(0, 1, 9),
        )


def _p99(ms: float | None) -> str:
    """Of one draw, where nothing else is a reason for its being unknown."""
    return words.quantile(ms, 1)


def _apart(cell: Cell, said: Callable[[float | None], str], low: float | None, high: float | None) -> str:
    """How far single draws of a month are apart, where that shows."""
    ends = said(low), said(high)
    return f" [{ends[0]} to {ends[1]}]" if cell.seeds > 1 and ends[0] != ends[1] else ""


def _simulated(cells: Sequence[Cell]) -> str:
    """How much of the months was simulated."""
    draws = max(one.seeds for one in cells)
    text = f"Each is {draws} draws, pooled; in brackets: the least and the most of one. " if draws > 1 else ""
    spans = {one.requests: one for one in cells if one.run_in_s and one.span_s}
    if spans:
        text += (
            "Of large months: spans that stand for all, and what comes before each and does not count, in the median: "
        )
        text += ", ".join(
            f"{words.time(1000 * (one.span_s or 0))} and {words.time(1000 * (one.run_in_s or 0))} "
            f"at {words.amount(requests)}"
            for requests, one in spans.items()
        )
    return text.strip()


def deviations(summary: Summary) -> Iterator[Block]:
    """How far the simulation is from theory and from measurement."""
    for rows, title, known, how in (
        (summary.theory, "One machine against queueing theory", "theory", "simulated, not"),
        (summary.measurement, "The measured arrivals, replayed", "measured", ""),
    ):
        if rows:
            yield f"{title}: {_off(rows)}"
            if (busiest := _busiest(summary, rows)) and len(busiest) < len(rows):
                yield f"At the highest rate alone: {_off(busiest)}"
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


def _busiest(summary: Summary, rows: Sequence[Deviation]) -> list[Deviation]:
    """Those of the highest rate that was measured: where requests wait for each other, and simulating is hardest."""
    rates = [one.rate for one in summary.latencies if one.rate is not None]
    return [one for one in rows if rates and one.case.endswith(f" at {max(rates):g} requests a second")]


def _off(rows: Sequence[Deviation]) -> str:
    """How far what users wait is off, in one sentence."""
    waits = [one for one in rows if one.figure in WAITS]
    what, waits = ("percentiles", waits) if waits else ("figures", list(rows))
    shares = sorted(abs(one.share) for one in waits if one.share is not None)
    if not shares:
        return "nothing to compare."
    said = f"half of {len(shares)} {what} are within {words.share(round(statistics.median(shares), 3))}"
    farthest = next(one for one in waits if one.share is not None and abs(one.share) == shares[-1])
    said += f", and the farthest is off by {words.deviation(farthest.share)} ({farthest.figure}, {farthest.case})"
    only = sum((one.known is None) != (one.simulated is None) for one in waits)
    return f"{said}; {only} failed in one of both only." if only else f"{said}."


def _value(row: Deviation, value: float | None, missing: str = words.NOTHING) -> str:
    if value is None:
        return missing
    return words.time(value) if row.unit == "ms" else f"{words.number(value)} {row.unit}".strip()
