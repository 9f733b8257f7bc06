"""The tables of a report that tell what was measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from deploy.compare import words
from deploy.compare.blocks import Block, Table, labelled, names, picture
from deploy.compare.plots import Picture
from deploy.compare.record import KINDS
from deploy.compare.summary import LOCAL, Latency, Quantile, Summary


def latency(summary: Summary, pictures: Mapping[str, Picture]) -> Iterator[Block]:
    """What users wait, one after the other."""
    yield from picture(summary, pictures, "latency")
    yield from _table_of(summary, "warm", "One after the other, when it is warm")


def regime_of(summary: Summary, regime: str, pictures: Mapping[str, Picture]) -> Iterator[Block]:
    """Bursts, or the load: picture and table."""
    titles = {"burst": "Many at once, each burst by itself", "load": "By how much is asked"}
    yield from picture(summary, pictures, regime)
    yield from _table_of(summary, regime, titles[regime])


#: Further columns of a regime, before those of all.
_MORE = {"burst": ("burst",), "load": ("offered, 1/s", "came, 1/s")}
#: What to know of a regime.
_NOTES = {
    "warm": " Most take a second, since a search is given that by default (`time_limit_s`) and ends sooner only where "
    "its loop is proven to be the best.",
    "burst": " Only the first burst finds a function that has to start sandboxes: it keeps them for minutes, and some "
    "quiet before the next burst is no idleness to it.",
    "load": " Came: from the first request to the last; chance makes it another rate than the one that was offered. "
    "Answered: right answers only, until the last of them.",
}


def _table_of(summary: Summary, regime: str, title: str) -> Iterator[Table]:
    """One regime: warm by kind of trip, the others for the mix; rates only under load."""
    rows = [
        one
        for name in names(summary)
        for kind in ("all", *(KINDS if regime == "warm" else ()))
        for one in summary.latencies
        if (one.target, one.regime, one.kind) == (name, regime, kind)
    ]
    dead = [one.name for one in summary.targets if not one.alive and one.name not in {row.target for row in rows}]
    if not rows:
        return
    none, more = words.NOTHING, _MORE.get(regime, ())
    last = ("answered, 1/s",) if regime == "load" else ()
    body = [
        (
            one.target,
            {"all": "the mix"}.get(one.kind, one.kind),
            *_more(one),
            f"{one.count:,}",
            f"{one.failed:,} ({words.share(one.failed / one.count)})" if one.count else none,
            *(_quantile(quantile, one) for quantile in (one.p50, one.p95, one.p99)),
            *([words.number(one.per_s)] if last else []),
        )
        for one in rows
    ]
    body += [(name, "dead", *[none] * len(more), none, none, *["failed"] * 3, *[none] * len(last)) for name in dead]
    yield Table(
        labelled(summary, title),
        ("target", "trips", *more, "requests", "failed", "p50", "p95", "p99", *last),
        body,
        "Quantiles are over all requests, a failed one counting as one that never ends. In brackets: where the true "
        "one lies with 95 % confidence. Of fewer than 100 requests the p99 is the slowest." + _NOTES.get(regime, ""),
        words=(0, 1),
    )


def _more(row: Latency) -> tuple[str, ...]:
    """What stands in the columns of `_MORE`."""
    if row.regime == "load":
        return words.number(row.rate), words.number(row.offered_per_s)
    if row.regime == "burst":
        return ("all" if row.burst is None else f"{row.burst}",)
    return ()


def _quantile(quantile: Quantile, row: Latency) -> str:
    said = words.quantile(quantile.ms, row.failed)
    if quantile.low_ms is None:
        return said
    if quantile.high_ms is None:
        return f"{said} [{words.time(quantile.low_ms)} or more]"
    return f"{said} [{words.time(quantile.low_ms)} to {words.time(quantile.high_ms)}]"


def cold(summary: Summary) -> Iterator[Block]:
    """First requests of a process."""
    if not summary.colds:
        return
    local = summary.about.label == LOCAL
    yield Table(
        labelled(summary, "First requests of a process, as it says itself"),
        ("target", "seen in", "requests", "failed", "median", "slowest", "of it the platform's start", "made anew in"),
        [
            (
                one.target,
                one.regime,
                f"{one.count:,}",
                f"{one.failed:,}",
                words.quantile(one.p50_ms, one.failed),
                words.quantile(one.max_ms, one.failed),
                words.time(one.init_ms),
                words.time(1000 * one.renew_s) if one.renew_s else words.NOTHING,
            )
            for one in summary.colds
        ],
        "A user of a function waits for its start, which is within the median. An instance and tasks are asked when "
        "they are ready: how long that takes is in the last column alone."
        + (
            " The tasks are made anew; at the instance the services of the app are restarted, it does not boot. In a "
            "burst sandboxes start side by side and share this machine's processors, as they would not at AWS."
            if local
            else ""
        ),
        words=(0, 1),
    )


def quality(summary: Summary) -> Iterator[Block]:
    """How good the loops are."""
    if summary.quality:
        yield (
            "A search ends when it has proven that no loop is better, as some short trips allow, sooner on a faster "
            "processor; all others end at their time limit, where a slower processor does not answer later, but finds "
            "worse loops. The score of each loop over the best one that any target found for the same wish, on average:"
        )
        yield Table(
            labelled(summary, "Score, in parts of the best"),
            ("target", "trips", "wishes", "score"),
            [
                (one.target, {"all": "the mix"}.get(one.kind, one.kind), f"{one.count:,}", words.share(one.score_share))
                for one in summary.quality
            ],
            words=(0, 1),
        )


def memory(summary: Summary, pictures: Mapping[str, Picture]) -> Iterator[Block]:
    """The sweep of a function's memory."""
    yield from picture(summary, pictures, "memory")
    if summary.memory:
        yield Table(
            labelled(summary, "The same trips at other sizes"),
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
            "USD a million: time, calls and gateway of a million new trips that find it warm and are all searched for. "
            "A bill also has starts, logs and answers, and trips that were asked for before and take no search.",
        )


def faults(summary: Summary) -> Iterator[Block]:
    """What went wrong, and how often."""
    if summary.faults:
        yield Table(
            labelled(summary, "Requests without a right answer"),
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
