"""All that is known after a comparison, in one piece: what the report shows, the advice rests on, and JSON keeps.

Every part may be missing: a target may be dead, a regime left out, a simulation not run. What is missing is empty or
None, never 0. Times are milliseconds unless a name says otherwise; money is US dollars of a month.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.compare.plain import plain, restored
from deploy.compare.record import Record
from deploy.setup import Setup

#: What a comparison can be of: the words that stand at every figure and table.
LOCAL = "local stand-ins"
REAL = "targets at the URLs given"


@dataclass(frozen=True)
class About:
    """Where the figures come from.

    Parameters
    ----------
    label : `LOCAL` or `REAL`.
    date : of the run, ISO 8601.
    commit : of the code that measured.
    machine : where it ran: processors, memory, system.
    command : that was given, to run it again.
    took_s : all of it, in seconds.
    prices : which prices: region, newest date.
    seed : of trips, arrivals and simulation.
    trips : the mix of trips, in words.
    trace : what the arrivals of a simulated month look like, by name of the trace, in words.
    notes : what the reader should know of this very run.
    """

    label: str = LOCAL
    date: str = ""
    commit: str = ""
    machine: str = ""
    command: str = "python -m deploy.compare --local"
    took_s: float | None = None
    prices: str = ""
    seed: int | None = None
    trips: str = ""
    trace: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Target:
    """One target, as it was measured and as it would be bought.

    Parameters
    ----------
    name : its name in this run.
    setup : what would be bought; None where that is not known, then there are no costs.
    url, commit, region : of what was measured.
    caps : what it was held to, in words, such as "1 processor, 1770 MB".
    start_s : measured starts of a unit: an instance, a sandbox, a task.
    memory_mb : what a unit had; memory_used_mb : what one took.
    alive : whether it answered at all.
    service : how long it takes for what, for the simulation: JSON of `simulation.Service`.
    """

    name: str
    setup: Setup | None = None
    url: str = ""
    caps: str = ""
    commit: str = ""
    region: str = ""
    start_s: tuple[float, ...] = ()
    memory_mb: float | None = None
    memory_used_mb: float | None = None
    alive: bool = True
    service: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Quantile:
    """A quantile over all requests, a failed one being infinitely slow: None is a quantile that failed.

    Parameters
    ----------
    ms : the value; low_ms, high_ms : ends of its confidence interval of 95 %, where that is known.
    """

    ms: float | None = None
    low_ms: float | None = None
    high_ms: float | None = None


@dataclass(frozen=True)
class Latency:
    """What the users of one target waited, in one regime.

    Parameters
    ----------
    kind : of trips; "all" for the mix.
    rate : requests a second offered, in the regime `load`.
    count, failed : requests, and those without a right answer.
    per_s : right answers a second.
    curve : milliseconds at rising shares of all requests, from 0 to 1; it ends where they fail.
    burst : which one, from 1, in the regime `burst`.
    offered_per_s : requests a second, from when the first was due to when the last was; None for less than two.
    """

    target: str
    regime: str
    kind: str = "all"
    rate: float | None = None
    count: int = 0
    failed: int = 0
    p50: Quantile = Quantile()
    p95: Quantile = Quantile()
    p99: Quantile = Quantile()
    per_s: float | None = None
    curve: tuple[tuple[float, float], ...] = ()
    burst: int | None = None
    offered_per_s: float | None = None


@dataclass(frozen=True)
class Cold:
    """First requests of a process, as it says itself.

    Parameters
    ----------
    regime : in which they were seen.
    count, failed : of them; p50_ms, max_ms : of what their users waited.
    init_ms : median of the platform's part, where it tells.
    renew_s : median of the seconds until what was started anew took requests, which none of them waited for.
    """

    target: str
    regime: str = "cold"
    count: int = 0
    failed: int = 0
    p50_ms: float | None = None
    max_ms: float | None = None
    init_ms: float | None = None
    renew_s: float | None = None


@dataclass(frozen=True)
class Bar:
    """A request in the picture of a burst: from when it was due until it was answered or given up."""

    target: str
    due_ms: float
    took_ms: float
    cold: bool = False
    failed: bool = False


@dataclass(frozen=True)
class Quality:
    """How good the loops are: the mean of score over the best score of any target for the same wish."""

    target: str
    kind: str = "all"
    count: int = 0
    score_share: float | None = None


@dataclass(frozen=True)
class Memory:
    """One size of a function in the sweep.

    Parameters
    ----------
    duration_ms : median of what is billed; init_ms : median of starts.
    usd_per_million : requests of that duration, all that is paid by request.
    score_share : as in `Quality`, against the best size.
    """

    target: str
    memory_mb: int
    count: int = 0
    failed: int = 0
    p50_ms: float | None = None
    p95_ms: float | None = None
    duration_ms: float | None = None
    init_ms: float | None = None
    usd_per_million: float | None = None
    score_share: float | None = None


@dataclass(frozen=True)
class Line:
    """A line of a bill."""

    what: str
    usd: float


@dataclass(frozen=True)
class Bill:
    """What one target costs, with flat traffic.

    Parameters
    ----------
    arch : "x86_64" or "arm64".
    free_tier : whether what is always free is taken off.
    idle_usd : a month without requests; per_million_usd : what a million more cost, at a million.
    capacity : requests a month that it can take; None: no end below the curve's.
    curve : requests a month and dollars, rising; it ends at the capacity.
    lines : the bill of a month of a million requests.
    """

    target: str
    arch: str = ""
    free_tier: bool = False
    idle_usd: float | None = None
    per_million_usd: float | None = None
    capacity: float | None = None
    curve: tuple[tuple[float, float], ...] = ()
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True)
class BreakEven:
    """Where two targets cost the same, with steady traffic.

    Parameters
    ----------
    below : the cheaper one with less traffic; above : the other.
    requests : a month; None: there is no such point within the curve, `below` is cheaper throughout.
    usd : what both cost there; None: the cheaper one changes as the other one gets a task, and costs differ.
    arch : the processor of both; empty: they differ.
    trip_factor : trips so many times as long as measured.
    """

    below: str
    above: str
    requests: float | None = None
    usd: float | None = None
    arch: str = ""
    free_tier: bool = False
    trip_factor: float = 1.0


@dataclass(frozen=True)
class Sensitivity:
    """What a month costs where trips take so many times as long; None: it cannot take them."""

    target: str
    trip_factor: float
    requests: float
    usd: float | None = None


@dataclass(frozen=True)
class Cell:
    """A simulated month.

    Parameters
    ----------
    trace : name of the traffic's shape; requests : of the month.
    p50_ms, p95_ms, p99_ms : over all requests; None: failed.
    failed_share : of all requests, 0 to 1; reasons : the share of each, in words.
    usd, usd_free_tier : of the month; peak_units : instances, sandboxes or tasks at most.
    seeds : independent draws of the month that are pooled in these figures; failed_low, failed_high, p99_low_ms,
        p99_high_ms : of single ones, the least and the most (None: failed).
    span_s, run_in_s : the median span that was simulated, and what came before it and does not count; the shortest ones
        are those of the busiest hours. Of a month that was simulated whole, all of it and 0.
    """

    target: str
    trace: str
    requests: float
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    failed_share: float = 0.0
    reasons: Mapping[str, float] = field(default_factory=dict)
    usd: float | None = None
    usd_free_tier: float | None = None
    peak_units: float | None = None
    seeds: int = 1
    failed_low: float | None = None
    failed_high: float | None = None
    p99_low_ms: float | None = None
    p99_high_ms: float | None = None
    span_s: float | None = None
    run_in_s: float | None = None


@dataclass(frozen=True)
class Deviation:
    """What the simulation says, beside what is known to be true.

    Parameters
    ----------
    case : what was compared, such as "M/M/2 at load 0.8" or "ec2 at 1.5 requests a second".
    figure : which figure, such as "p95" or "mean wait"; unit : of it.
    known : by theory or measurement; simulated : by the simulation.
    share : (simulated - known) / known, or None where that says nothing.
    spread : standard error of `simulated`, over seeds; None where there was one.
    """

    case: str
    figure: str
    known: float | None = None
    simulated: float | None = None
    share: float | None = None
    unit: str = "ms"
    spread: float | None = None


@dataclass(frozen=True)
class Fault:
    """Requests that got no right answer, by what was wrong."""

    target: str
    regime: str
    text: str
    count: int = 1


@dataclass(frozen=True)
class Summary:
    """A whole comparison. The order of `targets` is the order everywhere."""

    about: About = About()
    targets: tuple[Target, ...] = ()
    latencies: tuple[Latency, ...] = ()
    colds: tuple[Cold, ...] = ()
    burst: tuple[Bar, ...] = ()
    quality: tuple[Quality, ...] = ()
    memory: tuple[Memory, ...] = ()
    bills: tuple[Bill, ...] = ()
    break_evens: tuple[BreakEven, ...] = ()
    sensitivity: tuple[Sensitivity, ...] = ()
    months: tuple[Cell, ...] = ()
    theory: tuple[Deviation, ...] = ()
    measurement: tuple[Deviation, ...] = ()
    faults: tuple[Fault, ...] = ()
    answer: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As JSON values."""
        found: dict[str, Any] = plain(self)
        return found

    def write(self, file: Path) -> None:
        """Write it as a file of JSON."""
        file.write_text(json.dumps(self.as_json(), ensure_ascii=False, indent=1, allow_nan=False) + "\n", "utf-8")

    @classmethod
    def from_json(cls, found: object) -> Summary:
        """The same again; fields that are not known are left out.

        Raises
        ------
        ValueError : it is none; names the field and what it should be.
        """
        return restored(cls, found, "summary")

    @classmethod
    def read(cls, file: Path) -> Summary:
        """From a file.

        Raises
        ------
        OSError : it cannot be read.
        ValueError : it is none; says why.
        """
        try:
            return cls.from_json(json.loads(file.read_text("utf-8")))
        except ValueError as error:
            raise ValueError(f"{file} is no summary of a comparison: {error}") from None


def curve(records: Iterable[Record], points: int = 100) -> tuple[tuple[float, float], ...]:
    """Milliseconds at rising shares of the requests, by nearest rank; it ends where the failed ones begin."""
    all_ = list(records)
    good = sorted(one.client_ms for one in all_ if not one.error)
    # every value where they are few, so that a curve never says more than was measured
    steps = min(points, len(all_))
    ranks = sorted({math.ceil(len(all_) * step / steps) for step in range(1, steps + 1)})
    return tuple((round(good[rank - 1], 2), round(rank / len(all_), 5)) for rank in ranks if rank <= len(good))


def bars(records: Iterable[Record]) -> tuple[Bar, ...]:
    """The picture of a burst, of each target's first one: what was due within a second of its first request."""
    first: dict[str, float] = {}
    rows = sorted((one for one in records if one.regime == "burst"), key=lambda one: one.due_s)
    for one in rows:
        first.setdefault(one.target, one.due_s)
    return tuple(
        Bar(
            one.target,
            round((one.due_s - first[one.target]) * 1000, 1),
            round(one.client_ms, 1),
            bool(one.cold),
            bool(one.error),
        )
        for one in rows
        if one.due_s - first[one.target] < 1
    )
