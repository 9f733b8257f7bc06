"""What a report says, in order: sections of paragraphs, tables and pictures. Each says what its figures are of."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deploy.compare import plots, words
from deploy.compare.advice import FAILED_SHARE
from deploy.compare.plots import Picture
from deploy.compare.record import KINDS
from deploy.compare.summary import LOCAL, Bill, Deviation, Latency, Quantile, Summary, Target

#: Traffic of a month, for the tables of costs.
MONTHS = (1e6, 3e6, 1e7, 3e7, 1e8)


@dataclass(frozen=True)
class Table:
    """A table.

    Parameters
    ----------
    title : what it shows and what its figures are of.
    head : of its columns; rows : of texts, the first of which names the row.
    note : what to know when reading it.
    words : columns of words, from 0; the others hold figures.
    """

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    words: tuple[int, ...] = (0,)


@dataclass(frozen=True)
class Code:
    """A command, to be copied."""

    text: str


#: A paragraph, a list, a table, a picture or a command.
Block = str | tuple[str, ...] | Table | Picture | Code


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it; `name` is its address in the page."""

    name: str
    title: str
    blocks: Sequence[Block]


def sections(summary: Summary, drawn: Sequence[Picture]) -> list[Section]:
    """The whole report, in order; a section without figures says that there are none."""
    pictures = {one.name: one for one in drawn}
    parts: list[tuple[str, str, Iterator[Block]]] = [
        ("answer", "The answer", _answer(summary)),
        ("targets", "The targets", _targets(summary)),
        ("latency", "How long the answers take", _latency(summary, pictures)),
        ("cold", "Cold starts", _cold(summary)),
        ("burst", "A burst after idle", _regime(summary, "burst", pictures)),
        ("load", "Under load", _regime(summary, "load", pictures)),
        ("quality", "How good the loops are", _quality(summary)),
        ("memory", "A function by its memory", _memory(summary, pictures)),
        ("cost", "Cost", _cost(summary, pictures)),
        ("months", "A month, simulated", _months(summary, pictures)),
        ("deviation", "How far the simulation is off", _deviations(summary)),
        ("faults", "What went wrong", _faults(summary)),
        ("method", "Method", _method(summary)),
        ("limits", "What it does not show", _limits(summary)),
        ("again", "Run it again", _again(summary)),
    ]
    return [Section(name, title, tuple(blocks) or ("Not measured in this run.",)) for name, title, blocks in parts]


def _labelled(summary: Summary, title: str, how: str = "") -> str:
    """The title of a table or picture with what its figures are of."""
    return f"{title} ({how}{' from ' if how else ''}{summary.about.label})"


def _picture(summary: Summary, pictures: dict[str, Picture], name: str, how: str = "") -> Iterator[Picture]:
    if one := pictures.get(name):
        yield Picture(one.name, _labelled(summary, one.title, how), one.alt, one.wide, one.narrow)


def _answer(summary: Summary) -> Iterator[Block]:
    yield from summary.answer
    dead = [one.name for one in summary.targets if not one.alive]
    if dead:
        yield f"{' and '.join(dead)} did not answer: dead, and in none of the comparisons."
    yield f"All figures are of: {summary.about.label}."


def _targets(summary: Summary) -> Iterator[Block]:
    if summary.targets:
        yield Table(
            _labelled(summary, "What was measured, and what would be bought"),
            ("target", "would be bought", "held to", "memory taken, MB", "start of a unit", "commit", "region"),
            [
                (
                    one.name,
                    words.setup(one.setup),
                    one.caps or words.NOTHING,
                    _used(one),
                    _start(one) if one.alive else "dead",
                    one.commit[:12] or words.NOTHING,
                    one.region or words.NOTHING,
                )
                for one in summary.targets
            ],
            "Start of a unit: the median of an instance's boot, a sandbox's or a task's start, and how many were seen.",
            words=(0, 1, 2, 5, 6),
        )


def _used(target: Target) -> str:
    if target.memory_used_mb is None and target.memory_mb is None:
        return words.NOTHING
    return f"{words.number(target.memory_used_mb)} of {words.number(target.memory_mb)}"


def _start(target: Target) -> str:
    if not target.start_s:
        return words.NOTHING
    return f"{words.time(1000 * statistics.median(target.start_s))} ({len(target.start_s)})"


def _latency(summary: Summary, pictures: dict[str, Picture]) -> Iterator[Block]:
    yield from _picture(summary, pictures, "latency")
    yield from _table_of(summary, "warm", "One after the other, when it is warm")


def _regime(summary: Summary, regime: str, pictures: dict[str, Picture]) -> Iterator[Block]:
    titles = {"burst": "Many at once", "load": "By how much is asked"}
    yield from _picture(summary, pictures, regime)
    yield from _table_of(summary, regime, titles[regime])


def _table_of(summary: Summary, regime: str, title: str) -> Iterator[Table]:
    """One regime: warm by kind of trip, the others for the mix; rates only under load."""
    rows = [
        one
        for name in _names(summary)
        for kind in ("all", *(KINDS if regime == "warm" else ()))
        for one in summary.latencies
        if (one.target, one.regime, one.kind) == (name, regime, kind)
    ]
    dead = [one.name for one in summary.targets if not one.alive and one.name not in {row.target for row in rows}]
    if not rows:
        return
    loaded = regime == "load"
    none = words.NOTHING
    body = [
        (
            one.target,
            {"all": "the mix"}.get(one.kind, one.kind),
            *([words.number(one.rate)] if loaded else []),
            f"{one.count:,}",
            f"{one.failed:,} ({words.share(one.failed / one.count)})" if one.count else none,
            *(_quantile(quantile, one) for quantile in (one.p50, one.p95, one.p99)),
            *([words.number(one.per_s)] if loaded else []),
        )
        for one in rows
    ]
    body += [
        (name, "dead", *([none] if loaded else []), none, none, *["failed"] * 3, *([none] if loaded else []))
        for name in dead
    ]
    yield Table(
        _labelled(summary, title),
        (
            "target",
            "trips",
            *(["offered a second"] if loaded else []),
            "requests",
            "failed",
            "p50",
            "p95",
            "p99",
            *(["answered a second"] if loaded else []),
        ),
        body,
        "Quantiles are over all requests, a failed one counting as one that never ends. In brackets: where the true "
        "one lies with 95 % confidence. Of fewer than 100 requests the p99 is the slowest."
        + (" Answered are right answers only." if loaded else ""),
        words=(0, 1),
    )


def _quantile(quantile: Quantile, row: Latency) -> str:
    said = words.quantile(quantile.ms, row.failed)
    if quantile.low_ms is None:
        return said
    if quantile.high_ms is None:
        return f"{said} [{words.time(quantile.low_ms)} or more]"
    return f"{said} [{words.time(quantile.low_ms)} to {words.time(quantile.high_ms)}]"


def _cold(summary: Summary) -> Iterator[Block]:
    if summary.colds:
        yield Table(
            _labelled(summary, "First requests of a process, as it says itself"),
            ("target", "seen in", "requests", "failed", "median", "slowest", "of it the platform's start"),
            [
                (
                    one.target,
                    one.regime,
                    f"{one.count:,}",
                    f"{one.failed:,}",
                    words.quantile(one.p50_ms, one.failed),
                    words.quantile(one.max_ms, one.failed),
                    words.time(one.init_ms),
                )
                for one in summary.colds
            ],
            words=(0, 1),
        )


def _quality(summary: Summary) -> Iterator[Block]:
    if summary.quality:
        yield (
            "A search has a time limit: a slower processor does not answer later, it finds worse loops. The score of "
            "each loop over the best one that any target found for the same wish, on average:"
        )
        yield Table(
            _labelled(summary, "Score, in parts of the best"),
            ("target", "trips", "wishes", "score"),
            [
                (one.target, {"all": "the mix"}.get(one.kind, one.kind), f"{one.count:,}", words.share(one.score_share))
                for one in summary.quality
            ],
            words=(0, 1),
        )


def _memory(summary: Summary, pictures: dict[str, Picture]) -> Iterator[Block]:
    yield from _picture(summary, pictures, "memory")
    if summary.memory:
        yield Table(
            _labelled(summary, "The same trips at other sizes"),
            ("MB", "requests", "failed", "p50", "p95", "billed", "start", "USD a million", "score"),
            [
                (
                    f"{one.memory_mb:,}",
                    f"{one.count:,}",
                    f"{one.failed:,}",
                    words.quantile(one.p50_ms, one.failed),
                    words.quantile(one.p95_ms, one.failed),
                    words.time(one.duration_ms),
                    words.time(one.init_ms),
                    words.usd(one.usd_per_million),
                    words.share(one.score_share),
                )
                for one in sorted(summary.memory, key=lambda one: one.memory_mb)
            ],
        )


def _cost(summary: Summary, pictures: dict[str, Picture]) -> Iterator[Block]:
    how = "reckoned"
    yield from _picture(summary, pictures, "cost", how)
    if summary.bills:
        yield Table(
            _labelled(summary, "US dollars of a month with steady traffic", how),
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
                _labelled(summary, f"The bill of {one.target} for a million requests a month", how),
                ("line", "USD"),
                [*((line.what, words.usd(line.usd)) for line in one.lines), ("sum", words.usd(_sum(one)))],
            )


def _break_evens(summary: Summary, how: str) -> Iterator[Table]:
    if summary.break_evens:
        yield Table(
            _labelled(summary, "Where two cost the same", how),
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
        {(requests, _names(summary).index(name), name) for name, requests, _ in found if name in _names(summary)}
    )
    if rows:
        yield Table(
            _labelled(summary, "US dollars of a month where trips take longer or shorter", how),
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
        )


def _months(summary: Summary, pictures: dict[str, Picture]) -> Iterator[Block]:
    how = "simulated"
    yield from _picture(summary, pictures, "months", how)
    for trace in dict.fromkeys(one.trace for one in summary.months):
        said = summary.about.trace.get(trace, "")
        cells = sorted(
            (one for one in summary.months if one.trace == trace),
            key=lambda one: (one.requests, _names(summary).index(one.target) if one.target in _names(summary) else 99),
        )
        yield Table(
            _labelled(summary, f"A month of “{trace}”", how),
            ("requests a month", "target", "p50", "p95", "p99", "failed", "USD", "with free tier", "units at most"),
            [
                (
                    words.amount(one.requests),
                    one.target,
                    *(words.quantile(ms, one.failed_share) for ms in (one.p50_ms, one.p95_ms, one.p99_ms)),
                    words.share(one.failed_share)
                    + (f" ({', '.join(one.reasons)})" if one.failed_share and one.reasons else ""),
                    words.usd(one.usd),
                    words.usd(one.usd_free_tier),
                    words.number(one.peak_units),
                )
                for one in cells
            ],
            said,
            words=(0, 1),
        )


def _deviations(summary: Summary) -> Iterator[Block]:
    for rows, title, known, how in (
        (summary.theory, "One machine against queueing theory", "theory", "simulated, not"),
        (summary.measurement, "The measured arrivals, replayed", "measured", ""),
    ):
        if rows:
            yield f"{title}: {_off(rows)}"
            yield Table(
                _labelled(summary, title, how),
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


def _faults(summary: Summary) -> Iterator[Block]:
    if summary.faults:
        yield Table(
            _labelled(summary, "Requests without a right answer"),
            ("target", "regime", "what was wrong", "requests"),
            [
                (one.target, one.regime, one.text, f"{one.count:,}")
                for one in sorted(summary.faults, key=lambda one: -one.count)
            ],
            "They are in every quantile above as requests that never end, and in no mean.",
            words=(0, 1, 2),
        )
    else:
        yield "No request went without a right answer."


def _method(summary: Summary) -> Iterator[Block]:
    about = summary.about
    yield (
        "The same trips are asked of each target, one target after the other, by one client, which tells where it was "
        "late itself. What a user waits counts from when a request was due, not from when it could be sent: a target "
        "that stalls is not spared the requests that pile up meanwhile."
    )
    yield tuple(
        text
        for text in (
            f"Trips: {about.trips}" if about.trips else "",
            "Cold: each unit is made anew; that it was cold is what its answer says, not what is assumed.",
            "Warm: one request after the other. Burst: all at once, after idle. Load: an open loop, Poisson arrivals.",
            f"Prices: {about.prices}" if about.prices else "",
            "Costs follow from what was measured: billed seconds, bytes of answers and logs, units that run.",
            "Months are simulated, event by event, from the measured times and the platforms' rules of scaling.",
            "To take: the cheapest of those whose simulated p99 is within the patience and that fail at most "
            f"{words.share(FAILED_SHARE)} of the requests.",
            *(note[:1].upper() + note[1:] for note in about.notes),
        )
        if text
    )


def _limits(summary: Summary) -> Iterator[Block]:
    local = (
        "The platforms themselves: the start of a microVM, its network, the pull of an image; real load balancers, "
        "gateways and the way to a user. What has no stand-in is in the simulation as an assumption.",
        "Processors of AWS: a share of this machine's stands in for theirs, and Graviton is priced, not measured.",
        "What else runs on this machine shows in its figures.",
    )
    yield (
        *(
            local
            if summary.about.label == LOCAL
            else ("Other days, other regions, other neighbours of the same machines.",)
        ),
        "Real traffic: the shapes of the simulated months are assumptions, said at each table.",
        "What people cost: an instance of one's own wants somebody to look after it; no bill has that line.",
        "Prices change, and are of one region.",
    )


def _again(summary: Summary) -> Iterator[Block]:
    about = summary.about
    yield Code(about.command)
    facts = (
        ("date", about.date),
        ("commit", about.commit),
        ("machine", about.machine),
        ("took", words.time(1000 * about.took_s) if about.took_s else ""),
        ("seed", "" if about.seed is None else str(about.seed)),
    )
    yield tuple(f"{name}: {value}" for name, value in facts if value) or ("Where and when is not said.",)


def _names(summary: Summary) -> list[str]:
    return [one.name for one in summary.targets]
