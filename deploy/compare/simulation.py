"""Carries what was measured of a target to traffic that was not: each request, event by event.

How long a request is worked on, and how long a start takes, are drawn from what was measured; what waits for what, who
is turned away and how many units there are follows from the target's rules (`serving`, `scaling`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import chain
from random import Random
from statistics import median
from typing import TYPE_CHECKING, Any, assert_never

from deploy.bill import Usage
from deploy.compare.record import Record
from deploy.compare.traffic import MONTH_S, Arrivals
from deploy.compare.trips import POPULAR, WISHES
from deploy.setup import Ec2, Fargate, Lambda, Setup

if TYPE_CHECKING:
    from deploy.compare.serving import Gauge, Ledger, Target


@dataclass(frozen=True)
class Service:
    """How long a target takes for what, as it was measured.

    Parameters
    ----------
    warm_s : by kind of trip, what a user waits who is alone, in seconds: samples.
    mix : share of each kind.
    crowded_s : the same while its machine works on others, too, without waiting for a slot: samples. A kind that is not
        there takes as long as alone.
    outside_s : part of each of them that passes outside of the unit (network, gateway): nothing is taken or billed.
    cold_s : what the first request of a sandbox takes longer: samples.
    init_s : what of that is billed; empty: all of it.
    start_s : of a unit, from its container to its first request: samples.
    slotless : kinds that need no search, as they were answered before.
    popular : kinds of the trips that are asked for again and again, one each. A unit that has not yet answered one of
        them, as it is new, searches for it like for others of its kind; empty: each unit has all the answers.
    load : share of its processors that a unit uses while it works on as many trips as it may.
    answer_kb, log_kb : of a request.

    Raises
    ------
    ValueError : a kind of the mix has no samples, or a time is negative; names it.
    """

    warm_s: Mapping[str, tuple[float, ...]]
    mix: Mapping[str, float]
    crowded_s: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    outside_s: float = 0.0
    cold_s: tuple[float, ...] = ()
    init_s: tuple[float, ...] = ()
    start_s: tuple[float, ...] = ()
    slotless: tuple[str, ...] = ("again",)
    popular: tuple[str, ...] = ()
    load: float = 1.0
    answer_kb: float = 16.0
    log_kb: float = 0.6

    def __post_init__(self) -> None:
        for kind, share in self.mix.items():
            if share > 0 and not self.warm_s.get(kind):
                raise ValueError(f"no time of a warm request of the kind {kind!r} was measured")
        for kind in self.popular:
            if not self.warm_s.get(kind):
                raise ValueError(f"no time of a warm request of the kind {kind!r}, which is popular, was measured")
        times = [self.outside_s, *self.cold_s, *self.init_s, *self.start_s]
        times += [*chain(*self.warm_s.values()), *chain(*self.crowded_s.values())]
        if any(not 0 <= one < math.inf for one in times):
            raise ValueError(f"a time of a service is {min(times)} s, want 0 or more")

    def mean_s(self) -> float:
        """Mean seconds of work of a request."""
        means = {kind: sum(map(self._works, times)) / len(times) for kind, times in self.warm_s.items() if times}
        return sum(share * means[kind] for kind, share in self.mix.items() if share) / sum(self.mix.values())

    def draw(self, arrivals: Arrivals, seed: int) -> list[float]:
        """How long each of the requests is worked on; the same for every target that has the same samples."""
        random = Random(f"{seed} service")
        return [self._works(random.choice(self.warm_s[kind])) for kind in arrivals.kinds]

    def draw_crowded(self, arrivals: Arrivals, seed: int) -> list[float]:
        """The same where others are worked on, too; empty where that is not known."""
        if not self.crowded_s:
            return []
        random = Random(f"{seed} crowded")
        known = {kind: self.crowded_s.get(kind) or self.warm_s[kind] for kind in set(arrivals.kinds)}
        return [self._works(random.choice(known[kind])) for kind in arrivals.kinds]

    def draw_popular(self, arrivals: Arrivals, seed: int) -> tuple[list[int], list[float]]:
        """Which popular trip each request is for, -1 for new ones, and how long a search for it takes."""
        random = Random(f"{seed} popular")
        trips = [
            random.randrange(len(self.popular)) if self.popular and kind in self.slotless else -1
            for kind in arrivals.kinds
        ]
        anew_s = [0.0 if trip < 0 else self._works(random.choice(self.warm_s[self.popular[trip]])) for trip in trips]
        return trips, anew_s

    def _works(self, warm_s: float) -> float:
        return max(warm_s - self.outside_s, 0.0)


@dataclass(frozen=True)
class Outcome:
    """What became of the requests that count.

    Parameters
    ----------
    requests : of them, and of those for which they stand.
    latencies_s : from when each was due until its answer came, of those that were answered, as they came.
    waits_s : part of it until work on it began.
    weights : how many requests each stands for.
    failed : how many failed, by reason.
    usage : what is to be paid for.
    units : time in seconds and number of units from then on.
    peak_units : at most.
    ended_s : when the last one was over.
    simulated : requests that were simulated for it.
    """

    requests: float
    latencies_s: tuple[float, ...]
    waits_s: tuple[float, ...]
    weights: tuple[float, ...]
    failed: Mapping[str, float]
    usage: Usage
    units: tuple[tuple[float, int], ...] = ()
    peak_units: int = 0
    ended_s: float = 0.0
    simulated: int = 0

    @property
    def failed_share(self) -> float:
        """Of all requests; 0 where there were none."""
        return sum(self.failed.values()) / self.requests if self.requests else 0.0

    def quantile_s(self, share: float) -> float | None:
        """So long waits at most this share of the requests, by nearest rank; None where that one failed."""
        return self.quantiles_s((share,))[0]

    def quantiles_s(self, shares: Sequence[float]) -> list[float | None]:
        """Several of them, rising."""
        rows = sorted(zip(self.latencies_s, self.weights, strict=True))
        found: list[float | None] = []
        below, at = 0.0, -1
        for share in shares:
            while at + 1 < len(rows) and (at < 0 or below < share * self.requests * (1 - 1e-12)):
                at += 1
                below += rows[at][1]
            enough = at >= 0 and below >= share * self.requests * (1 - 1e-12)
            found.append(rows[at][0] if enough else None)
        return found


def simulate(
    setup: Setup,
    service: Service,
    arrivals: Arrivals,
    *,
    seed: int,
    works_s: Sequence[float] | None = None,
    tasks: int | None = None,
) -> Outcome:
    """Let the requests come to a target.

    Parameters
    ----------
    setup : what it is made of.
    service : how long it takes for what.
    arrivals : when which requests come.
    seed : of what is drawn; the same seed gives the same outcome.
    works_s : how long each request is worked on, instead of a draw.
    tasks : that run at the beginning; default: as many as it has at least.
    """
    import simpy

    from deploy.compare.serving import Function, Gauge, Instance, Ledger, Tasks

    environment = simpy.Environment(initial_time=arrivals.begin_s)
    drawn = works_s is None
    trips, anew_s = service.draw_popular(arrivals, seed) if drawn else ([], [])
    known = range(len(service.popular))
    ledger = Ledger(
        environment,
        service.draw(arrivals, seed) if works_s is None else works_s,
        [kind not in service.slotless for kind in arrivals.kinds],
        service.draw_crowded(arrivals, seed) if drawn else (),
        trips,
        anew_s,
    )
    random = Random(f"{seed} starts")
    target: Target
    match setup:
        case Ec2():
            target = Instance(ledger, setup, Gauge(arrivals.counted_s, arrivals.end_s, 1), kept=known)
        case Lambda():
            gauge = Gauge(arrivals.counted_s, arrivals.end_s, 0)
            target = Function(ledger, setup, gauge, colds=_colds(service), random=random)
        case Fargate():
            first = setup.min_tasks if tasks is None else tasks
            target = Tasks(
                ledger,
                setup,
                Gauge(arrivals.counted_s, arrivals.end_s, first),
                tasks=first,
                kept=known,
                until_s=arrivals.end_s,
                load=service.load,
                starts=service.start_s,
                random=random,
            )
        case _:
            assert_never(setup)

    def come() -> Any:
        for number, due_s in enumerate(arrivals.due_s):
            yield environment.timeout(max(due_s - environment.now, 0.0))
            ledger.came_s[number] = environment.now
            target.take(number)

    environment.process(come())
    environment.run()
    most = setup.searches if isinstance(setup, Ec2) else math.inf
    return _outcome(service, arrivals, ledger, target.gauge, processors=most)


def _colds(service: Service) -> list[tuple[float, float]]:
    """Extra seconds of first requests, with what is billed of them."""
    billed = service.init_s or service.cold_s
    if len(billed) != len(service.cold_s):
        billed = (sum(billed) / len(billed),) * len(service.cold_s)
    return list(zip(service.cold_s, billed, strict=True)) or [(0.0, 0.0)]


def _outcome(service: Service, arrivals: Arrivals, ledger: Ledger, gauge: Gauge, *, processors: float) -> Outcome:
    counted = [number for number, due_s in enumerate(arrivals.due_s) if due_s >= arrivals.counted_s]
    answered = [number for number in counted if not ledger.failed[number]]
    failed: dict[str, float] = {}
    for number in counted:
        if reason := ledger.failed[number]:
            failed[reason] = failed.get(reason, 0.0) + 1
    latencies_s = tuple(ledger.ended_s[one] - ledger.came_s[one] + service.outside_s for one in answered)
    worked_s = min(_worked_s(arrivals, ledger), processors * (arrivals.end_s - arrivals.counted_s))
    seconds = gauge.total_s()
    return Outcome(
        float(len(counted)),
        latencies_s,
        tuple(ledger.began_s[one] - ledger.came_s[one] for one in answered),
        (1.0,) * len(answered),
        failed,
        Usage(
            requests=len(answered),
            busy_s=sum(ledger.billed_s[one] for one in counted),
            unit_hours=seconds / 3600,
            cpu_hours=worked_s * service.load / 3600,
            answer_gb=len(answered) * service.answer_kb / 1e6,
            log_gb=len(counted) * service.log_kb / 1e6,
            connections=len(counted),
            connection_s=sum(latencies_s),
        ),
        tuple(gauge.steps),
        gauge.peak,
        max((ledger.ended_s[one] for one in counted), default=arrivals.counted_s),
        len(arrivals.due_s),
    )


def _worked_s(arrivals: Arrivals, ledger: Ledger) -> float:
    """Work within the time that counts, whenever it was asked for; the run goes on until all are done, a month not."""
    from_s, until_s = arrivals.counted_s, arrivals.end_s
    spans = zip(ledger.began_s, ledger.spent_s, strict=True)
    within = (min(began_s + spent_s, until_s) - max(began_s, from_s) for began_s, spent_s in spans)
    return math.fsum(one for one in within if one > 0)  # what never began is no number, and not above 0


def month_of(outcomes: Sequence[tuple[Arrivals, Outcome]], requests_per_month: float) -> Outcome:
    """A month, of spans of it that stand for all: their requests times their weights, together as many as expected.

    Units are a mean over time, over the spans, each as long as it stands for.

    Parameters
    ----------
    outcomes : of the spans.
    requests_per_month : that are expected.
    """
    all_ = sum(span.weight * one.requests for span, one in outcomes)
    factor = requests_per_month / all_ if all_ else 0.0
    spans_s = sum(span.weight * (span.end_s - span.counted_s) for span, _ in outcomes)
    failed: dict[str, float] = {}
    for span, one in outcomes:
        for reason, count in one.failed.items():
            failed[reason] = failed.get(reason, 0.0) + count * span.weight * factor
    used = {
        name: sum(span.weight * getattr(one.usage, name) for span, one in outcomes)
        * (MONTH_S / spans_s if name == "unit_hours" else factor)
        for name in (one.name for one in fields(Usage))
    }
    # requests stand for requests, and where a machine is busy all the time that would be more than all of the time
    busiest = max(one.usage.cpu_hours / (span.end_s - span.counted_s) for span, one in outcomes)
    used["cpu_hours"] = min(used["cpu_hours"], busiest * MONTH_S)
    return Outcome(
        requests_per_month,
        tuple(latency_s for _, one in outcomes for latency_s in one.latencies_s),
        tuple(wait_s for _, one in outcomes for wait_s in one.waits_s),
        tuple(weight * span.weight * factor for span, one in outcomes for weight in one.weights),
        failed,
        Usage(**used),
        tuple(step for _, one in outcomes for step in one.units),
        max(one.peak_units for _, one in outcomes),
        max(one.ended_s for _, one in outcomes),
        sum(one.simulated for _, one in outcomes),
    )


def service_of(
    records: Iterable[Record],
    *,
    mix: Mapping[str, float],
    start_s: Sequence[float] = (),
    outside_s: float = 0.0,
    load: float = 1.0,
    log_kb: float = 0.6,
) -> Service:
    """What a target takes, of right answers that were measured of it, warm, cold and in bursts.

    In a burst a machine works on as many as it may at a time: what a request took then, less its wait for a slot, is
    what it takes where it shares the processors. A sandbox shares nothing.

    What a start takes is what passed outside of the request's own work, as Server-Timing or the platform has it, beyond
    what passes there when it is warm; trips of one kind differ too much to say it by their median. A popular trip that
    was searched for says what a search takes and not what a kept answer does: it is left out.

    Parameters
    ----------
    records : of one target.
    mix : share of each kind in what is to be simulated.
    start_s : measured starts of a unit.
    outside_s, load, log_kb : as in `Service`.

    Raises
    ------
    ValueError : a kind of the mix was not measured; names it.
    """
    good = [one for one in records if not one.error and not (one.kind == "again" and one.origin == "solved")]
    warm = [one for one in good if one.regime == "warm" and not one.cold]
    warm_s: dict[str, tuple[float, ...]] = {}
    for one in warm:
        warm_s[one.kind] = (*warm_s.get(one.kind, ()), one.client_ms / 1000)
    first = [one for one in good if one.cold and one.regime != "sweep"]
    # those of a burst may have fought for one machine's processors: only where nothing could start it anew
    first = [one for one in first if one.regime == "cold"] or first
    colds = [(one, extra_s) for one in first if (extra_s := _extra_s(one, warm)) is not None]
    return Service(
        warm_s,
        {kind: share for kind, share in mix.items() if share},
        crowded_s=_crowded_s(good, warm),
        outside_s=outside_s,
        cold_s=tuple(extra_s for _, extra_s in colds),
        init_s=tuple(one.platform["init_ms"] / 1000 for one, _ in colds if "init_ms" in one.platform),
        start_s=tuple(start_s),
        popular=tuple(kind for kind in tuple(WISHES)[:POPULAR] if kind in warm_s) if mix.get("again") else (),
        load=load,
        answer_kb=sum(one.bytes for one in warm) / len(warm) / 1000 if warm else Service.answer_kb,
        log_kb=log_kb,
    )


def _extra_s(cold: Record, warm: Sequence[Record]) -> float | None:
    """What a first request took beyond a warm one; None where nothing can be said."""
    for work_ms in (total_ms, duration_ms):
        usual_ms, own_ms = outside_ms(warm, work_ms), work_ms(cold)
        if usual_ms is not None and own_ms is not None:
            return max(cold.client_ms - own_ms - usual_ms, 0.0) / 1000
    alike = [one.client_ms for one in warm if one.kind == cold.kind]
    return max(cold.client_ms - median(alike), 0.0) / 1000 if alike else None


def outside_ms(warm: Iterable[Record], work_ms: Callable[[Record], float | None]) -> float | None:
    """What usually passes outside of a request's own work, in the median; None where nobody tells that work."""
    outside = [one.client_ms - ms for one in warm if (ms := work_ms(one)) is not None]
    return median(outside) if outside else None


def total_ms(record: Record) -> float | None:
    """A request's own work, as the app tells it."""
    return record.stages_ms.get("total")


def duration_ms(record: Record) -> float | None:
    """The same, as the platform tells it."""
    return record.platform.get("duration_ms")


def _crowded_s(good: Iterable[Record], warm: Iterable[Record]) -> dict[str, tuple[float, ...]]:
    """From Server-Timing, with what a request that is alone takes beyond it, in the median."""
    beyond_ms = outside_ms(warm, total_ms)
    crowded_s: dict[str, tuple[float, ...]] = {}
    for one in good:
        if one.regime == "burst" and not one.cold and "total" in one.stages_ms and beyond_ms is not None:
            took_ms = one.stages_ms["total"] - one.stages_ms.get("wait", 0.0) + beyond_ms
            crowded_s[one.kind] = (*crowded_s.get(one.kind, ()), max(took_ms, 0.0) / 1000)
    return crowded_s
