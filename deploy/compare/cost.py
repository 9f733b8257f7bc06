"""From what was measured of a target to what its months cost: flat traffic, worked out and not simulated.

`usage` says what so many requests a month use; `deploy.bill` makes dollars of it. A target that cannot take the traffic
has no cost there: a curve ends at its capacity. Uneven traffic is the simulation's matter.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from itertools import combinations, pairwise
from statistics import fmean

from deploy.bill import TRIP_LOG_KB, Usage, beyond, bill, priced
from deploy.compare.record import Record
from deploy.compare.summary import Bill, BreakEven, Line, Sensitivity
from deploy.prices import HOURS_A_MONTH, Cost, Price, total
from deploy.setup import Ec2, Fargate, Lambda, Setup

#: Requests a month between which costs are shown and compared.
LEAST, MOST = 1e3, 1e8
#: Trips may be longer on other machines, or with more trails, than those that were measured.
TRIP_FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)
#: Kinds of requests that need no search: they do not wait for one either.
KEPT = frozenset({"again"})
_MONTH_S = HOURS_A_MONTH * 3600
_A_DECADE = 20  # points of a curve


@dataclass(frozen=True)
class Measured:
    """What was measured of a target, as far as it makes costs.

    Parameters
    ----------
    service_s : seconds in the app that a request of each kind takes when nothing else does, on average.
    mix : share of each kind; they sum to 1.
    cpu_s : processor time of a request of the mix.
    init_s : what Lambda bills of a cold start beyond the request itself.
    cold_share : of requests; None: as flat traffic makes it, see `cold_share`.
    billed_s : seconds that Lambda bills of a warm request of the mix; None: what the service takes, rounded up to 1 ms.
    answer_bytes, log_bytes : of a request of the mix.

    Raises
    ------
    ValueError : they do not go together, or one is negative.
    """

    service_s: Mapping[str, float]
    mix: Mapping[str, float]
    cpu_s: float
    init_s: float = 0.0
    cold_share: float | None = None
    billed_s: float | None = None
    answer_bytes: float = 16_000.0
    log_bytes: float = TRIP_LOG_KB * 1000

    def __post_init__(self) -> None:
        if set(self.mix) - set(self.service_s):
            missing = ", ".join(sorted(set(self.mix) - set(self.service_s)))
            raise ValueError(f"no service time is known of {missing}, which the mix has")
        if not math.isclose(math.fsum(self.mix.values()), 1.0, rel_tol=1e-6):
            raise ValueError(f"the shares of the mix sum to {math.fsum(self.mix.values()):g}, want 1")
        plain = [getattr(self, one.name) for one in fields(self) if one.name not in ("service_s", "mix")]
        for value in (*self.service_s.values(), *self.mix.values(), *plain):
            if value is not None and not (value >= 0 and math.isfinite(value)):
                raise ValueError(f"a measured figure is {value}, want 0 or more")

    @property
    def mean_s(self) -> float:
        """Seconds of a request of the mix."""
        return math.fsum(share * self.service_s[kind] for kind, share in self.mix.items())

    @property
    def slot_s(self) -> float:
        """Seconds for which a request of the mix holds a search."""
        return math.fsum(share * self.service_s[kind] for kind, share in self.mix.items() if kind not in KEPT)

    @property
    def warm_billed_s(self) -> float:
        """Seconds that Lambda bills of a warm request of the mix."""
        if self.billed_s is not None:
            return self.billed_s
        return math.fsum(share * _up_to_ms(self.service_s[kind]) for kind, share in self.mix.items())

    def scaled(self, factor: float) -> Measured:
        """The same with trips so many times as long; starts take as long as before."""
        return replace(
            self,
            service_s={kind: seconds * factor for kind, seconds in self.service_s.items()},
            cpu_s=self.cpu_s * factor,
            billed_s=None if self.billed_s is None else self.billed_s * factor,
        )


Targets = Mapping[str, tuple[Setup, Measured]]


def measured(records: Iterable[Record], mix: Mapping[str, float], *, cpus: float) -> Measured:
    """What the records of one target say.

    Service times and sizes come from warm requests one after the other; a request that waits for others says more of
    them than of itself. Where a platform says what it bills (`duration_ms`, and `init_ms` of a start), that is taken.

    Parameters
    ----------
    records : of one target; failed ones are left out.
    mix : share of each kind of trip.
    cpus : processors that a search has and keeps busy, at most 1: its processor time is so many times its time.

    Raises
    ------
    ValueError : there is no good warm request of a kind that the mix has.
    """
    good = [one for one in records if not one.error]
    warm = [one for one in good if one.regime == "warm" and not one.cold]
    by_kind = {kind: [one for one in warm if one.kind == kind] for kind in mix}
    if missing := sorted(kind for kind, found in by_kind.items() if not found):
        raise ValueError(f"no good warm request was measured of the kind {', '.join(missing)}")
    service_s = {kind: fmean(_service_ms(one) for one in found) / 1000 for kind, found in by_kind.items()}
    # those of a sweep are of other sizes, and those of a burst may have fought for one machine's processors
    colds = [one for one in good if one.cold and one.regime != "sweep" and "init_ms" in one.platform]
    starts = [one.platform["init_ms"] for one in [one for one in colds if one.regime == "cold"] or colds]
    billed = {
        kind: [one.platform["duration_ms"] for one in found if "duration_ms" in one.platform]
        for kind, found in by_kind.items()
    }
    return Measured(
        service_s=service_s,
        mix=mix,
        cpu_s=min(cpus, 1.0) * math.fsum(share * service_s[kind] for kind, share in mix.items()),
        init_s=fmean(starts) / 1000 if starts else 0.0,
        billed_s=math.fsum(share * _up_to_ms(fmean(billed[kind]) / 1000) for kind, share in mix.items())
        if all(billed.values())
        else None,
        answer_bytes=math.fsum(share * fmean(one.bytes for one in by_kind[kind]) for kind, share in mix.items()),
    )


# --- what a month uses ----------------------------------------------------------------------------------------------


def usage(setup: Setup, measured: Measured, requests: float) -> Usage:
    """What so many requests a month use, where they come evenly; whether the target can take them is not asked here."""
    rate = requests / _MONTH_S
    cold = cold_share(setup, measured, rate)
    return Usage(
        requests=requests,
        busy_s=requests * (measured.warm_billed_s + cold * measured.init_s),
        unit_hours=tasks(setup, measured, rate) * HOURS_A_MONTH,
        cpu_hours=requests * measured.cpu_s / 3600,
        answer_gb=requests * measured.answer_bytes / 1e9,
        log_gb=requests * measured.log_bytes / 1e9,
        connections=requests,
        connection_s=requests * measured.mean_s,
    )


def cold_share(setup: Setup, measured: Measured, rate: float) -> float:
    """Share of requests that start a sandbox.

    With a Poisson process of `rate` a second a request finds none when there was no other in the time for which Lambda
    keeps one: exp(-rate * keep_s). Requests at the same time, which start more of them, are not in it.
    """
    if not isinstance(setup, Lambda):
        return 0.0
    return math.exp(-rate * setup.keep_s) if measured.cold_share is None else measured.cold_share


def tasks(setup: Setup, measured: Measured, rate: float) -> int:
    """Units that stand at this rate (a second): tasks as the scaling of ECS makes them, the instance, no sandbox."""
    match setup:
        case Fargate():
            wanted = math.ceil(rate * _tasks_a_rate(setup, measured) - 1e-9)
            return min(max(wanted, setup.min_tasks), setup.max_tasks)
        case Ec2():
            return 1
        case _:
            return 0


def capacity(setup: Setup, measured: Measured) -> float:
    """Requests a second with which a target is busy all the time, the end of what it can take; waits grow before that.

    Where tasks search for as many trips as they may, and the scaling does not see them busy, none is added: then the
    floor of tasks is the end.
    """
    match setup:
        case Ec2():
            return _rate(setup.searches, measured.slot_s)
        case Lambda():
            return _rate(setup.concurrency, measured.warm_billed_s)
        case Fargate():
            a_search = measured.slot_s / setup.searches
            seen = _tasks_a_rate(setup, measured) >= a_search * (1 - 1e-9)
            return _rate(setup.max_tasks if seen else setup.min_tasks, a_search)


def _tasks_a_rate(setup: Fargate, measured: Measured) -> float:
    """Tasks for each request a second, by the figure that asks for more of them."""
    by_processor = measured.cpu_s / (setup.cpu / 1024) / (setup.cpu_target_percent / 100)
    return max(by_processor, 60 / setup.requests_target)


def _rate(units: float, seconds: float) -> float:
    return units / seconds if seconds else math.inf


# --- what it costs --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Terms:
    """How it is paid: what is always free taken off or not, and which prices (None: those of `prices.toml`)."""

    free_tier: bool = False
    prices: Mapping[str, Price] | None = field(default=None, repr=False)


def month(setup: Setup, measured: Measured, requests: float, *, terms: Terms = Terms()) -> list[Cost] | None:
    """The bill of a month of flat traffic, or None where the target cannot take so much."""
    if requests > capacity(setup, measured) * _MONTH_S * (1 + 1e-9):
        return None
    return bill(setup, usage(setup, measured, requests), free_tier=terms.free_tier, prices=terms.prices)


def idle(setup: Setup, *, terms: Terms = Terms()) -> list[Cost]:
    """The bill of a month without requests."""
    return bill(setup, Usage(), free_tier=terms.free_tier, prices=terms.prices)


def a_million_more(setup: Setup, measured: Measured, requests: float, *, terms: Terms = Terms()) -> float | None:
    """What another million requests cost at so many, in dollars; None where the target cannot take them."""
    before, after = (month(setup, measured, many, terms=terms) for many in (requests, requests + 1e6))
    return None if before is None or after is None else total(after) - total(before)


def average_of_a_million(setup: Setup, measured: Measured, requests: float, *, terms: Terms = Terms()) -> float | None:
    """What a million requests cost on average at so many a month, idle costs and all; None as above."""
    found = month(setup, measured, requests, terms=terms)
    return None if found is None else total(found) / requests * 1e6


def curve(setup: Setup, measured: Measured, *, terms: Terms = Terms()) -> tuple[tuple[float, float], ...]:
    """Requests and dollars a month, evenly spaced by ratio; it ends at the capacity, and has it as its last point."""
    end = min(MOST, capacity(setup, measured) * _MONTH_S)
    steps = round(math.log10(MOST / LEAST) * _A_DECADE)
    many = [LEAST * 10 ** (step / _A_DECADE) for step in range(steps + 1)]
    many = [one for one in many if one < end * (1 - 1e-9)] + [end]
    return tuple((one, total(month(setup, measured, one, terms=terms) or [])) for one in many if one >= LEAST)


def bill_of(name: str, setup: Setup, measured: Measured, *, terms: Terms = Terms()) -> Bill:
    """All that a report shows of one target's costs."""
    end = capacity(setup, measured) * _MONTH_S
    return Bill(
        target=name,
        arch=setup.arch,
        free_tier=terms.free_tier,
        idle_usd=total(idle(setup, terms=terms)),
        per_million_usd=a_million_more(setup, measured, 1e6, terms=terms),
        capacity=end if end < MOST else None,
        curve=curve(setup, measured, terms=terms),
        lines=tuple(Line(one.what, one.usd) for one in month(setup, measured, 1e6, terms=terms) or []),
    )


def memory_price(setup: Lambda, memory_mb: int, billed_s: float) -> float:
    """Dollars for a million requests of a function with so much memory and of so many seconds: time, calls, gateway."""
    used = Usage(requests=1e6, busy_s=1e6 * _up_to_ms(billed_s))
    return total(priced(beyond(replace(setup, memory_mb=memory_mb), used)))


def other_processor(setup: Setup) -> Setup:
    """The same with the other architecture.

    That it is as fast is an assumption: no ARM was measured here.

    Raises
    ------
    ValueError : there is no such instance type.
    """
    if not isinstance(setup, Ec2):
        return replace(setup, arch="x86_64" if setup.arch == "arm64" else "arm64")
    family, dot, size = setup.instance.partition(".")
    twins = {"t4g": "t3", "t3": "t4g"}
    if family not in twins:
        raise ValueError(f"no twin of {setup.instance} with the other processor is known, want a t3 or a t4g")
    return replace(setup, instance=f"{twins[family]}{dot}{size}")


# --- side by side ---------------------------------------------------------------------------------------------------


def bills(targets: Targets) -> tuple[Bill, ...]:
    """The bills of all targets on both processors, with and without what is always free."""
    return tuple(
        bill_of(name, one, found, terms=Terms(free_tier=free))
        for free in (False, True)
        for name, (setup, found) in targets.items()
        for one in both_processors(setup)
    )


def both_processors(setup: Setup) -> list[Setup]:
    """A setup, and its twin where there is one."""
    try:
        return [setup, other_processor(setup)]
    except ValueError:
        return [setup]


def break_evens(targets: Targets, *, terms: Terms = Terms(), trip_factor: float = 1.0) -> tuple[BreakEven, ...]:
    """Where the cheaper one of two targets changes, for each two of them, as far as both can take the traffic.

    Costs rise in steps where tasks are added: at such a step the cheaper one may change without both costing the same.
    Several points of one pair are several rows; a pair without any has a row that says which is cheaper throughout.

    Parameters
    ----------
    trip_factor : with trips so many times as long as measured.
    """
    scaled = {name: (setup, found.scaled(trip_factor)) for name, (setup, found) in targets.items()}
    return tuple(
        replace(row, free_tier=terms.free_tier, trip_factor=trip_factor, arch=_arch(scaled, first, second))
        for first, second in combinations(scaled, 2)
        for row in _crossings(scaled, first, second, terms)
    )


def sensitivity(targets: Targets, requests: float, *, terms: Terms = Terms()) -> tuple[Sensitivity, ...]:
    """What a month of so many requests costs where trips take a quarter to four times as long."""
    return tuple(
        Sensitivity(name, factor, requests, None if found is None else total(found))
        for name, (setup, one) in targets.items()
        for factor in TRIP_FACTORS
        for found in (month(setup, one.scaled(factor), requests, terms=terms),)
    )


def _crossings(targets: Targets, first: str, second: str, terms: Terms) -> Iterator[BreakEven]:
    def dollars(name: str, requests: float) -> float:
        setup, found = targets[name]
        return total(bill(setup, usage(setup, found, requests), free_tier=terms.free_tier, prices=terms.prices))

    def first_is_dearer(requests: float) -> bool:
        return dollars(first, requests) > dollars(second, requests)

    end = min(MOST, *(capacity(*targets[name]) * _MONTH_S for name in (first, second)))
    if end < LEAST:
        return
    grid = sorted({*_grid(end), *(at for name in (first, second) for at in _steps(*targets[name], end))})
    turns = [(low, high) for low, high in pairwise(grid) if first_is_dearer(low) != first_is_dearer(high)]
    for low, high in turns:
        names = (second, first) if first_is_dearer(low) else (first, second)
        at = _turn(first_is_dearer, low, high)
        yield BreakEven(*names, requests=at, usd=dollars(names[0], at))
    if not turns:
        yield BreakEven(*((second, first) if first_is_dearer(end) else (first, second)))


def _grid(end: float) -> list[float]:
    steps = max(1, math.ceil(math.log10(end / LEAST) * _A_DECADE))
    return [LEAST * (end / LEAST) ** (step / steps) for step in range(steps)] + [end]


def _steps(setup: Setup, measured: Measured, end: float) -> Iterator[float]:
    """Requests a month at which a task is added: the last without it and the first with it."""
    if isinstance(setup, Fargate):
        for count in range(setup.min_tasks, setup.max_tasks):
            at = count / _tasks_a_rate(setup, measured) * _MONTH_S
            yield from (one for one in (at, at * (1 + 1e-6)) if LEAST < one < end)


def _turn(test: Callable[[float], bool], low: float, high: float) -> float:
    """Where a test turns over between two numbers, to a millionth of a request."""
    before = test(low)
    while high - low > max(1e-6, 1e-12 * high):
        middle = (low + high) / 2
        low, high = (middle, high) if test(middle) == before else (low, middle)
    return (low + high) / 2


def _arch(targets: Targets, *names: str) -> str:
    """The processor of all of them, or empty where they differ."""
    found = {targets[name][0].arch for name in names}
    return found.pop() if len(found) == 1 else ""


def _service_ms(record: Record) -> float:
    return record.stages_ms.get("total", record.client_ms)


def _up_to_ms(seconds: float) -> float:
    """Lambda bills whole milliseconds. What is a whole one but for rounding stays one."""
    return math.ceil(seconds * 1000 - 1e-6) / 1000
