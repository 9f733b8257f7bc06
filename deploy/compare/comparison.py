"""A comparison from beginning to end: measure each target, keep each request, and say what follows from all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from deploy.command import Failed
from deploy.compare import cost, deviation, figures, months, pairs, regimes, standins, words
from deploy.compare.advice import advise, simulated
from deploy.compare.plain import plain
from deploy.compare.progress import Steps
from deploy.compare.record import Record
from deploy.compare.simulation import Service, duration_ms, outside_ms, service_of
from deploy.compare.summary import About, Fault, Summary, Target, bars
from deploy.compare.traffic import TRACES
from deploy.compare.trips import MIX, WISHES, Trips, wishes
from deploy.prices import prices
from deploy.setup import Fargate, Lambda, Setup
from deploy.standin.lambda_service import MB_PER_PROCESSOR

#: Requests of the month of which the sensitivity to the length of trips is told.
SENSITIVE_AT = 1e6
#: The questions that the report answers: requests a month, and what the slowest 1 % may wait, in milliseconds.
QUESTIONS = ((1e4, 5000.0), (1e4, 1500.0), (1e6, 5000.0), (1e6, 1500.0), (1e7, 5000.0))
#: Files of a comparison's folder.
REQUESTS, SUMMARY = "requests.jsonl", "summary.json"
#: Seconds that a trip takes at most, about; for the bar.
_TRIP_S = 1.1


@dataclass(frozen=True)
class Depth:
    """How much is simulated.

    Parameters
    ----------
    months : requests of the months, for each target and shape of traffic.
    theory : so many times the requests with which the simulation is held to theory.
    """

    months: tuple[float, ...] = months.SIZES
    theory: float = 1.0


FULL, BRIEF = Depth(), Depth((1e4, 1e6), 0.02)


@dataclass(frozen=True)
class Candidate:
    """A target, and what can be done with it.

    Parameters
    ----------
    target : what is known of it.
    renew : starts it anew; None where that is nobody's to do.
    resize : gives a function another memory in MB and returns where it answers then; None where there is none, or it is
        nobody's to do.
    memory_used_mb : what one unit of it uses now, on average.
    """

    target: Target
    renew: regimes.Renew | None = None
    resize: Callable[[int], str] | None = None
    memory_used_mb: Callable[[], float] | None = None


@dataclass
class Measuring:
    """The measuring of one target after the other, all for the same trips.

    Parameters
    ----------
    file : where each request goes, as a line, when it is done.
    sizes : how much is asked.
    seed : of trips and arrivals.
    steps : is told how far it is.
    timeout_s : of a request.
    trips : to ask for; None: what the first target has.
    """

    file: Path
    sizes: regimes.Sizes
    seed: int
    steps: Steps
    timeout_s: float = 30.0
    trips: Trips | None = None
    records: list[Record] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def measure(self, candidate: Candidate) -> None:
        """Measure one; one that is dead is a dead target of the comparison, and the others go on.

        Raises
        ------
        Failed : it is dead and the first one, so that nobody has said what there is to ask for.
        """
        target = candidate.target
        about = {"memory_mb": int(target.memory_mb) if target.memory_mb else None, "commit": target.commit}
        trips = self._trips_at(target)
        before = len(self.records)
        regimes.measure(
            target.name,
            target.url,
            trips,
            self.sizes,
            renew=candidate.renew,
            about={**about, "region": target.region},
            on_record=self._note,
            progress=self._progress(target.name),
            timeout_s=self.timeout_s,
        )
        own = self.records[before:]
        used = max((one.platform["memory_mb"] for one in own if "memory_mb" in one.platform), default=None)
        if used is None and candidate.memory_used_mb:
            used = candidate.memory_used_mb()
        self.targets.append(replace(target, memory_used_mb=used, alive=any(not one.error for one in own)))

    def sweep(self, candidate: Candidate) -> None:
        """Measure a function at each size of its memory, and give it its own again."""
        target, resize, trips = candidate.target, candidate.resize, self.trips
        if resize is None or trips is None or not self.sizes.sweep:
            return
        for size in self.sizes.memory_mb:
            self.steps.begin(f"{target.name}: {size} MB")
            url = resize(size)
            regimes.measure_size(
                target.name,
                url,
                trips,
                self.sizes.sweep,
                about={"memory_mb": size, "commit": target.commit, "region": target.region},
                on_record=self._note,
                progress=lambda _, done, of: self.steps.part(done, of),
                timeout_s=self.timeout_s,
            )
        if target.memory_mb:
            resize(int(target.memory_mb))

    def lost(self, target: Target, why: str) -> None:
        """Note a target that did not even start."""
        self.targets.append(replace(target, alive=False))
        self.faults.append(Fault(target.name, "start", why))

    def _trips_at(self, target: Target) -> Trips:
        try:
            found = wishes(target.url, self.seed)
        except Failed:
            if self.trips is None:
                raise
            return self.trips
        if self.trips is None:
            self.trips = found
        elif found.data != self.trips.data:
            self.notes.append(
                f"{target.name} has other trails than the first target; the trips asked for are the first's"
            )
        return self.trips

    def _note(self, record: Record) -> None:
        self.records.append(record)
        with self.file.open("a", encoding="utf-8") as lines:
            lines.write(record.line())

    def _progress(self, name: str) -> regimes.Progress:
        now = [""]

        def tell(regime: str, done: int, of: int) -> None:
            if regime != now[0]:
                now[0] = regime
                self.steps.begin(f"{name}: {regime}")
            self.steps.part(done, of)

        return tell


def expected_s(
    names: Iterable[str], sizes: regimes.Sizes, *, local: bool, swept: Iterable[str] = ()
) -> dict[str, float]:
    """The steps of a comparison, with the seconds that they take, about."""
    found: dict[str, float] = {"build": 100.0} if local else {}
    for name in names:
        found |= {f"{name}: start": 30.0} if local else {}
        found |= {
            f"{name}: cold": sizes.cold * (_TRIP_S + 3.0),
            f"{name}: warm": sizes.warm * _TRIP_S,
            f"{name}: burst": sizes.bursts * (sizes.idle_s + sizes.burst * _TRIP_S / 2 + 4.0),
            f"{name}: load": len(sizes.rates) * (sizes.load_s + 8.0),
        }
        if name in swept and sizes.sweep:
            found |= {f"{name}: {size} MB": (sizes.sweep + 1) * _TRIP_S + 2.0 for size in sizes.memory_mb}
    return found | {"simulate": 100.0, "report": 5.0}


# --- the targets ----------------------------------------------------------------------------------------------------


def measure_local(run: Measuring, names: Sequence[str], caps: standins.Caps, folder: Path) -> None:
    """Build, start, measure and put away the stand-ins, one after the other."""
    run.steps.begin("build")
    with standins.built(names, caps, folder=folder, say=_quietly) as ready:
        for one in ready:
            run.steps.begin(f"{one.name}: start")
            try:
                with one.running() as running:
                    candidate = _candidate(running)
                    run.measure(candidate)
                    run.sweep(candidate)
                    run.notes += [f"{running.name}: {note}" for note in running.notes]
            except Failed as error:
                if any(known.name == one.name for known in run.targets):
                    run.faults.append(Fault(one.name, "stand-in", str(error)))
                else:
                    run.lost(Target(one.name, commit=one.commit), str(error))


def _quietly(_: str) -> None:
    """The bar tells enough."""


def _candidate(running: standins.Target) -> Candidate:
    target = Target(
        running.name,
        setup=running.setup,
        url=running.url,
        caps=_in_words(running),
        commit=running.commit,
        region=running.region,
        start_s=tuple(running.start_s),
        memory_mb=running.memory_mb,
    )
    resize = running.resize
    sized = (lambda memory_mb: resize(memory_mb).url) if resize else None
    units = running.setup.min_tasks if isinstance(running.setup, Fargate) else 1
    return Candidate(target, running.renew, sized, lambda: running.memory_used_mb() / units)


def _in_words(running: standins.Target) -> str:
    """What it is held to: `2 x 0.5 processor, 885 MB`."""
    limits = list(running.limits().values())
    each = {f"{words.number(one.cpus)} processor{'s' * (one.cpus > 1)}, {one.memory_mb} MB" for one in limits}
    return f"{len(limits)} x {each.pop()}" if len(each) == 1 and len(limits) > 1 else " + ".join(sorted(each))


def measure_urls(run: Measuring, candidates: Sequence[Candidate]) -> None:
    """Measure what runs elsewhere."""
    for candidate in candidates:
        try:
            run.measure(candidate)
            run.sweep(candidate)
        except Failed as error:
            run.lost(candidate.target, str(error))


# --- what follows ---------------------------------------------------------------------------------------------------


def summarise(
    about: About,
    targets: Iterable[Target],
    records: Sequence[Record],
    *,
    faults: Iterable[Fault] = (),
    depth: Depth = FULL,
    steps: Steps | None = None,
) -> Summary:
    """All that follows from the requests: statistics, costs, simulated months, and the answers.

    Parameters
    ----------
    about, targets : of the run.
    records : of all targets.
    faults : beside those of the requests.
    depth : how much is simulated.
    steps : is told how far it is.
    """
    targets = list(targets)
    own = {one.name: [record for record in records if record.target == one.name] for one in targets}
    services = {one.name: service for one in targets if (service := _service(one, own[one.name]))}
    targets = [replace(one, service=plain(services[one.name])) if one.name in services else one for one in targets]
    known = {one.name: one.setup for one in targets if one.name in services and one.setup}
    priced = {name: (setup, _measured(setup, own[name])) for name, setup in known.items()}
    simulated = {name: (setup, services[name]) for name, setup in known.items()}
    found = figures.figures(records)
    seed = about.seed or 0
    cells = months.months(simulated, sizes=depth.months, seed=seed, progress=steps.part if steps else None)
    summary = Summary(
        about=replace(about, notes=tuple(dict.fromkeys((*about.notes, *figures.warnings(found))))),
        targets=tuple(targets),
        latencies=tuple(one.latency for one in found),
        colds=figures.colds(records),
        burst=bars(records),
        quality=figures.quality(records),
        memory=tuple(_priced_sizes(records, targets)),
        bills=cost.bills(priced),
        break_evens=pairs.break_evens(priced),
        sensitivity=cost.sensitivity(priced, SENSITIVE_AT),
        months=tuple(cells) if simulated else (),
        theory=tuple(deviation.deviation_from_theory(seed, size=depth.theory)),
        measurement=tuple(
            row
            for name, (setup, service) in simulated.items()
            for row in deviation.deviation_from_measurement(setup, service, own[name], seed=seed)
        ),
        faults=(*faults, *figures.faults(records)),
    )
    return replace(summary, answer=tuple(_answers_of(summary)))


def _service(target: Target, records: Sequence[Record]) -> Service | None:
    """What the simulation needs of it, where that was measured."""
    try:
        return service_of(records, mix=MIX, start_s=target.start_s, outside_s=_outside_s(records))
    except ValueError:  # a kind of trip has no right answer: the report shows why
        return None


def _outside_s(records: Iterable[Record]) -> float:
    """What of a warm request passes outside of a sandbox; 0 where the platform does not tell."""
    warm = [one for one in records if one.regime == "warm" and not one.error and not one.cold]
    return max(outside_ms(warm, duration_ms) or 0.0, 0.0) / 1000


def _measured(setup: Setup, records: Iterable[Record]) -> cost.Measured:
    """For the costs: a search keeps busy what is bought for it, whatever it was held to here."""
    match setup:
        case Fargate():
            cpus = setup.cpu / 1024 / setup.searches
        case Lambda():
            cpus = setup.memory_mb / MB_PER_PROCESSOR
        case _:
            cpus = 1.0
    return cost.measured(records, MIX, cpus=cpus)


def _priced_sizes(records: Iterable[Record], targets: Iterable[Target]) -> Iterator[Any]:
    setups = {one.name: one.setup for one in targets}
    for row in figures.sizes(records):
        setup = setups.get(row.target)
        if isinstance(setup, Lambda) and row.duration_ms is not None:
            yield replace(row, usd_per_million=cost.memory_price(setup, row.memory_mb, row.duration_ms / 1000))
        else:
            yield row


def _answers_of(summary: Summary) -> Iterator[str]:
    if any(one.service for one in summary.targets):
        month = simulated(summary)
        for requests, p99_ms in QUESTIONS:
            yield advise(summary, requests, p99_ms, month=month).text


# --- about the run --------------------------------------------------------------------------------------------------


def about_run(label: str, *, command: str, seed: int) -> About:
    """Where and when, and what was asked for."""
    dates = sorted(one.date for one in prices().values())
    kinds = ", ".join(f"{100 * share:.0f} % {kind}" for kind, share in MIX.items())
    asked = "; ".join(
        f"{kind}: {wish['hike_km']:g} km within {wish['drive_km']:g} km of drive" for kind, wish in WISHES.items()
    )
    from solver.measuring import about

    origin = about()
    return About(
        label=label,
        date=origin["date"],
        commit=origin["commit"] or "",
        machine=f"{origin['cores']} cores of {origin['cpu']}, {origin['system']}, Python {origin['python']}",
        command=command,
        prices=f"us-east-1, {dates[0]} to {dates[-1]}",
        seed=seed,
        trips=f"{kinds} ({asked}; again: one of a few that were asked for before)",
        trace={name: make().about for name, make in TRACES.items()},
    )
