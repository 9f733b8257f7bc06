"""From requests to statistics, without hiding a failure.

A percentile is by nearest rank: of n requests the p-th percentile is the value at rank ceil(n p / 100). All requests
are ranked, and one that failed was never answered, so it is slower than any that was: a percentile that falls among the
failed is None, which is shown as "failed", and no average hides them. With fewer than 100 requests the p99 is the
slowest of them, with fewer than 20 the p95 is, too.

The interval of 95 % around a percentile is made of two of the values measured (order statistics: Conover, "Practical
Nonparametric Statistics", 3.2); it supposes nothing of their distribution, but that they are independent, which
requests of a burst or in a queue are not quite. An end that is None is not known from so few, or failed.
"""

from __future__ import annotations

import math
import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from deploy.compare.plain import plain
from deploy.compare.record import NO_LOOP, REGIMES, Record
from deploy.compare.summary import Cold, Fault, Latency, Memory, Quality, Quantile, curve

Key = TypeVar("Key", bound=Hashable)

#: A client that sends later than this (its p99), in ms or as a share of the median, is part of what it measures.
LATE_MS = 5.0
LATE_SHARE = 0.05

_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Figures:
    """The requests of one target, regime, rate, burst and kind.

    Parameters
    ----------
    latency : what users waited, and how many requests failed.
    memory_mb : that the target had, where that is known.
    p90, slowest : further percentiles; the slowest is the 100th.
    mean_ms : of the right answers alone.
    statuses : how many answers of each; 0 is no answer.
    no_loop : of the failed ones, answers that say that there is no such loop.
    errors : each error with how many requests it befell; numbers in it are of the first one.
    origins : how many right answers were searched for, kept in memory, and so on.
    cold, cold_known : requests that were a process's first, of so many for which that is known.
    init_ms, memory_used_mb : median and most of what the platform tells.
    bytes : median of the right answers' bodies over the wire.
    late_ms : p99 of what the client was late in sending; it is part of what the users waited.
    """

    latency: Latency
    memory_mb: int | None = None
    p90: Quantile = field(default_factory=Quantile)
    slowest: Quantile = field(default_factory=Quantile)
    mean_ms: float | None = None
    statuses: Mapping[str, int] = field(default_factory=dict)
    no_loop: int = 0
    errors: tuple[tuple[str, int], ...] = ()
    origins: Mapping[str, int] = field(default_factory=dict)
    cold: int = 0
    cold_known: int = 0
    init_ms: float | None = None
    memory_used_mb: float | None = None
    bytes: float | None = None
    late_ms: float | None = None

    @property
    def failed_share(self) -> float:
        """Of all requests, 0 to 1."""
        return self.latency.failed / self.latency.count

    @property
    def cold_share(self) -> float | None:
        """Of the requests of which it is known."""
        return self.cold / self.cold_known if self.cold_known else None

    @property
    def warning(self) -> str:
        """That the client was late, where it was; else empty."""
        middle = self.latency.p50.ms
        if self.late_ms is None:
            return ""
        if self.late_ms <= LATE_MS and (middle is None or self.late_ms <= LATE_SHARE * middle):
            return ""
        one = self.latency
        rate = "" if one.rate is None else f" at {one.rate:g} a second"
        return f"{one.target}, {one.regime}{rate}: the client itself sent 1 % more than {self.late_ms:.1f} ms late"

    def as_json(self) -> dict[str, Any]:
        """As JSON values, the shares and the warning among them."""
        shares = {"failed_share": self.failed_share, "cold_share": self.cold_share, "warning": self.warning}
        return {**plain(self), **shares}


# --- by target, regime, rate and kind -------------------------------------------------------------------------------


def figures(records: Iterable[Record]) -> tuple[Figures, ...]:
    """Statistics of each target, regime, rate, burst and memory, over all kinds of trips ("all") and for each kind."""
    groups = _grouped(
        records,
        lambda one: (one.target, REGIMES.index(one.regime), one.rate or 0.0, one.burst or 0, one.memory_mb or 0),
    )
    found = []
    for rows in groups.values():
        kinds = _grouped((one for one in rows if one.kind), lambda one: one.kind)
        found += [_figures(rows, "all"), *(_figures(kinds[kind], kind) for kind in sorted(kinds))]
    return tuple(found)


def _figures(rows: Sequence[Record], kind: str) -> Figures:
    first, good = rows[0], [one for one in rows if not one.error]
    times = [math.inf if one.error else one.client_ms for one in rows]
    latency = Latency(
        first.target,
        first.regime,
        kind,
        first.rate,
        count=len(rows),
        failed=len(rows) - len(good),
        p50=quantile(times, 50),
        p95=quantile(times, 95),
        p99=quantile(times, 99),
        per_s=_rounded(_per_s(good, rows)),
        curve=curve(rows),
        burst=first.burst,
        offered_per_s=_rounded(_offered(rows)),
    )
    late = [1000 * (one.sent_s - one.due_s) for one in rows if one.sent]
    return Figures(
        latency,
        first.memory_mb,
        p90=quantile(times, 90),
        slowest=quantile(times, 100),
        mean_ms=_rounded(statistics.fmean(one.client_ms for one in good)) if good else None,
        statuses=dict(sorted(Counter(str(one.status) for one in rows).items())),
        no_loop=sum(one.error == NO_LOOP for one in rows),
        errors=_errors(rows),
        origins=dict(sorted(Counter(one.origin for one in good if one.origin).items())),
        cold=sum(one.cold is True for one in rows),
        cold_known=sum(one.cold is not None for one in rows),
        init_ms=_median(_told(rows, "init_ms")),
        memory_used_mb=max(_told(rows, "memory_mb"), default=None),
        bytes=_median([one.bytes for one in good]),
        late_ms=_rounded(_ranked(late, 99)) if late else None,
    )


def _per_s(good: Sequence[Record], rows: Sequence[Record]) -> float | None:
    """Right answers a second, from when the first request was due until the last answer was there."""
    span_s = max(one.due_s + one.client_ms / 1000 for one in rows) - min(one.due_s for one in rows)
    return len(good) / span_s if span_s > 0 else None


def _offered(rows: Sequence[Record]) -> float | None:
    span_s = max(one.due_s for one in rows) - min(one.due_s for one in rows)
    return (len(rows) - 1) / span_s if span_s > 0 else None


def _errors(rows: Iterable[Record]) -> tuple[tuple[str, int], ...]:
    """The most frequent one first; errors that differ in a number only are the same."""
    alike = _grouped((one for one in rows if one.error), lambda one: (one.status, re.sub(r"\d[\d.]*", "0", one.error)))
    counted = [(same[0].error, len(same)) for same in alike.values()]
    return tuple(sorted(counted, key=lambda one: (-one[1], one[0])))


# --- percentiles ----------------------------------------------------------------------------------------------------


def quantile(times: Sequence[float], percent: int) -> Quantile:
    """The percentile of some times (infinite: failed), and its interval; see the top of this module.

    Parameters
    ----------
    times : milliseconds, at least one.
    percent : 1 to 100; of the 100th, the slowest, there is no interval.
    """
    value = _finite(_ranked(times, percent))
    if percent == 100:
        return Quantile(value)
    low, high = interval_ranks(len(times), percent)
    ordered = sorted(times)
    return Quantile(
        value,
        _finite(ordered[low - 1]) if low >= 1 else None,
        _finite(ordered[high - 1]) if high <= len(ordered) else None,
    )


def interval_ranks(count: int, percent: int) -> tuple[int, int]:
    """Ranks, from 1, between whose values the percentile lies with 95 %; 0 or `count + 1`: there is no such value.

    So many of the values as are below the percentile are binomially distributed; each end is missed with 2.5 % at most.
    """
    share, tail = percent / 100, (1 - _CONFIDENCE) / 2
    low, high, below = 0, count + 1, 0.0
    for rank in range(1, count + 1):
        at_most = below + _binomial(count, rank - 1, share)  # P(fewer than `rank` values are below the percentile)
        if at_most <= tail:
            low = rank
        if at_most >= 1 - tail:
            high = rank
            break
        below = at_most
    return low, high


def _binomial(count: int, hits: int, share: float) -> float:
    ways = math.lgamma(count + 1) - math.lgamma(hits + 1) - math.lgamma(count - hits + 1)
    return math.exp(ways + hits * math.log(share) + (count - hits) * math.log1p(-share))


def _ranked(values: Sequence[float], percent: int) -> float:
    return sorted(values)[-(-len(values) * percent // 100) - 1]


def _finite(value: float) -> float | None:
    return _rounded(value) if math.isfinite(value) else None


# --- cold starts ----------------------------------------------------------------------------------------------------


def colds(records: Iterable[Record]) -> tuple[Cold, ...]:
    """First requests of processes, as they say themselves, by target and regime; the sweep has its own figures.

    In the regime `cold` a request that failed counts as one, too: nothing else was running.
    """
    seen = [
        one
        for one in records
        if one.regime != "sweep" and (one.cold or (one.error and one.regime == "cold" and one.cold is None))
    ]
    groups = _grouped(seen, lambda one: (one.target, REGIMES.index(one.regime)))
    return tuple(_cold(rows) for rows in groups.values())


def _cold(rows: Sequence[Record]) -> Cold:
    times = [math.inf if one.error else one.client_ms for one in rows]
    return Cold(
        rows[0].target,
        rows[0].regime,
        len(rows),
        sum(bool(one.error) for one in rows),
        _finite(_ranked(times, 50)),
        _finite(max(times)),
        _median(_told(rows, "init_ms")),
        _median(_told(rows, "renew_s")),
    )


# --- how good the loops are -----------------------------------------------------------------------------------------


def quality(
    records: Iterable[Record], regimes: Collection[str] = ("cold", "warm", "burst", "load")
) -> tuple[Quality, ...]:
    """How good the loops of each target are: the mean of worth over the best worth that any found for the same wish.

    A search has a time limit, so that on a slow processor it is not later but has looked at less: the loops are worse.
    Counted are the wishes that all targets answered which answered any.
    """
    return _quality([one for one in records if one.regime in regimes], lambda one: one.target)


def _quality(records: Iterable[Record], of: Callable[[Record], str]) -> tuple[Quality, ...]:
    shares = _shares(records, of)
    found = []
    for name, kinds in shares.items():
        every = [share for of_kind in kinds.values() for share in of_kind]
        found.append(Quality(name, "all", len(every), _mean(every)))
        found += [Quality(name, kind, len(kinds[kind]), _mean(kinds[kind])) for kind in sorted(kinds)]
    return tuple(found)


def _shares(records: Iterable[Record], of: Callable[[Record], Key]) -> dict[Key, dict[str, list[float]]]:
    """The shares of the best, by who answered and kind of wish."""
    worth: dict[int, dict[Key, float]] = defaultdict(dict)
    kinds: dict[int, str] = {}
    names: dict[Key, None] = {}  # a set that keeps the order in which they came
    for one in records:
        if one.score is not None and one.wish is not None and not one.error:
            worth[one.wish][of(one)] = one.score
            kinds[one.wish] = one.kind
            names[of(one)] = None
    shares: dict[Key, dict[str, list[float]]] = {name: defaultdict(list) for name in names}
    for wish, by_name in worth.items():
        best = max(by_name.values())
        if len(by_name) == len(names) and best > 0:
            for name, value in by_name.items():
                shares[name][kinds[wish]].append(max(0.0, value) / best)
    return shares


# --- the memory sweep -----------------------------------------------------------------------------------------------


def sizes(records: Iterable[Record]) -> tuple[Memory, ...]:
    """Each memory size of the sweep, smallest first; what it costs is for others to say.

    A cold request counts for `init_ms` only. `duration_ms` is the platform's, or the app's own total where the platform
    tells nothing.
    """
    rows = [one for one in records if one.regime == "sweep" and one.memory_mb]
    shares = {
        (target, size): [share for of_kind in kinds.values() for share in of_kind]
        for target, of_target in _grouped(rows, lambda one: one.target).items()
        for size, kinds in _shares((one for one in of_target if not one.cold), lambda one: one.memory_mb).items()
    }
    groups = _grouped(rows, lambda one: (one.target, one.memory_mb or 0))
    return tuple(_size(same, shares.get(name, [])) for name, same in sorted(groups.items()))


def _size(rows: Sequence[Record], shares: Sequence[float]) -> Memory:
    # a first one that failed is not known to be cold, and stays among those that users wait for
    warm = [one for one in rows if not one.cold]
    times = [math.inf if one.error else one.client_ms for one in warm]
    durations = [one.platform.get("duration_ms", one.stages_ms.get("total", math.nan)) for one in warm if not one.error]
    return Memory(
        rows[0].target,
        rows[0].memory_mb or 0,
        len(warm),
        sum(bool(one.error) for one in warm),
        _finite(_ranked(times, 50)) if times else None,
        _finite(_ranked(times, 95)) if times else None,
        _median([one for one in durations if math.isfinite(one)]),
        _median(_told([one for one in rows if one.cold], "init_ms")),
        score_share=_mean(shares),
    )


# --- faults, and what the reader should know ------------------------------------------------------------------------


def faults(records: Iterable[Record]) -> tuple[Fault, ...]:
    """What went wrong, by target and regime, the most frequent first in each."""
    groups = _grouped((one for one in records if one.error), lambda one: (one.target, REGIMES.index(one.regime)))
    return tuple(
        Fault(rows[0].target, rows[0].regime, text, count) for rows in groups.values() for text, count in _errors(rows)
    )


def warnings(found: Iterable[Figures]) -> tuple[str, ...]:
    """Where the client was so late that its figures are of itself, too; and where there are too few for a p99."""
    whole = [one for one in found if one.latency.kind == "all"]
    few = sorted({one.latency.count for one in whole if one.latency.count < 100})
    note = (f"of fewer than 100 requests the p99 is the slowest one; here there are as few as {few[0]}",) if few else ()
    return (*(one.warning for one in whole if one.warning), *note)


# --- small things ---------------------------------------------------------------------------------------------------


def _grouped(records: Iterable[Record], key: Callable[[Record], Key]) -> dict[Key, list[Record]]:
    """In the order in which they first came."""
    groups: dict[Key, list[Record]] = defaultdict(list)
    for one in records:
        groups[key(one)].append(one)
    return groups


def _told(rows: Iterable[Record], name: str) -> list[float]:
    return [one.platform[name] for one in rows if name in one.platform]


def _median(values: Sequence[float]) -> float | None:
    return _rounded(statistics.median(values)) if values else None


def _mean(values: Sequence[float]) -> float | None:
    return round(statistics.fmean(values), 5) if values else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
