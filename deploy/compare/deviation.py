"""How far the simulation is from what is known: from queueing theory, and from what was measured under load."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import accumulate
from random import Random
from statistics import fmean as mean
from statistics import stdev

from deploy.compare import queueing
from deploy.compare.record import Record
from deploy.compare.simulation import Outcome, Service, simulate
from deploy.compare.summary import Deviation
from deploy.compare.traffic import Arrivals
from deploy.setup import Ec2, Lambda, Setup

#: Servers, and requests by load of each, that are checked against theory. The busier, the longer queues remember.
SERVERS = (1, 2, 4)
REQUESTS = {0.3: 100_000, 0.6: 100_000, 0.8: 200_000, 0.9: 400_000}
#: Independent runs of which each figure is the mean.
_RUNS = 10
#: Of each run so many requests do not count: it begins with nobody waiting.
_RUN_IN = 0.1
#: A client of the comparison waits so long (`client.TIMEOUT_S`, without its packages).
_CLIENT_S = 30.0

_TRIP = "short"
_ALIKE = Service({_TRIP: (1.0,)}, {_TRIP: 1.0})


def deviation_from_theory(seed: int = 0, *, size: float = 1.0) -> list[Deviation]:
    """The simulated wait where theory knows it: one process with c slots (M/M/c, M/G/1), and sandboxes (M/G/c/c).

    Work takes a second on average, nobody loses patience, no start takes time.

    Parameters
    ----------
    seed : of arrivals and work.
    size : so many times the requests of `REQUESTS`.
    """
    rows = []
    for servers in SERVERS:
        for load, requests in REQUESTS.items():
            rows += _queue(seed, servers, load, requests=int(requests * size))
    for name, variation, draw in (("D", 0.0, _always), ("H", math.sqrt(5.5), _mostly_short)):
        rows.append(_one_server(seed, f"M/{name}/1", draw, variation=variation, requests=int(REQUESTS[0.8] * size)))
    rows.append(_lost(seed, requests=int(REQUESTS[0.6] * size)))
    return rows


def deviation_from_measurement(
    setup: Setup, service: Service, records: Iterable[Record], *, seed: int = 0
) -> list[Deviation]:
    """The very requests that were measured under load, simulated.

    Each rate is simulated with all that was asked before it, so that what was warm is warm; the times of work are drawn
    anew in each of several runs.

    Parameters
    ----------
    setup, service : the target.
    records : of that target alone; those of the regimes `warm`, `burst` and `load` are replayed.
    seed : of the draws.
    """
    sent = (one for one in records if one.regime in ("warm", "burst", "load") and one.sent)
    asked = sorted(sent, key=lambda one: one.due_s)
    if not isinstance(setup, Lambda):
        setup = replace(setup, front_s=min(setup.front_s, _CLIENT_S))
    rows = []
    for rate in sorted({one.rate for one in asked if one.regime == "load" and one.rate}):
        measured = [one for one in asked if one.regime == "load" and one.rate == rate]
        replayed = _replayed([one for one in asked if one.due_s <= measured[-1].due_s], measured)
        runs = [simulate(setup, service, replayed, seed=seed + run) for run in range(_RUNS)]
        rows += _rate(f"{measured[0].target} at {rate:g} requests a second", measured, runs)
    return rows


# --- against theory -------------------------------------------------------------------------------------------------


def _queue(seed: int, servers: int, load: float, *, requests: int) -> list[Deviation]:
    setup = _patient(servers)
    runs = [
        _run(setup, f"{seed} {servers} {load} {run}", servers * load, requests // _RUNS, _exponential)
        for run in range(_RUNS)
    ]
    waits = [sorted(one.waits_s) for one in runs]
    offered = servers * load
    case = f"M/M/{servers} at load {load:g}"
    return [
        _deviation(
            case, "share that waits", 100 * queueing.erlang_c(servers, offered),
            [100 * sum(wait > 1e-9 for wait in one) / len(one) for one in waits], unit="%",
        ),
        _deviation(
            case, "mean wait", 1000 * queueing.mean_wait_s(servers, offered, service_s=1.0),
            [1000 * mean(one) for one in waits],
        ),
        _deviation(
            case, "p95 of the wait", 1000 * queueing.wait_quantile_s(servers, offered, service_s=1.0, share=0.95),
            [1000 * one[math.ceil(0.95 * len(one)) - 1] for one in waits],
        ),
    ]  # fmt: skip


def _one_server(seed: int, name: str, draw: Callable[[Random], float], *, variation: float, requests: int) -> Deviation:
    runs = [_run(_patient(1), f"{seed} {run}", 0.8, requests // _RUNS, draw) for run in range(_RUNS)]
    known = queueing.pollaczek_khinchine_s(0.8, service_s=1.0, variation=variation)
    return _deviation(f"{name} at load 0.8", "mean wait", 1000 * known, [1000 * mean(one.waits_s) for one in runs])


def _lost(seed: int, *, requests: int) -> Deviation:
    """Sandboxes at their limit: who finds none is turned away. The formula does not ask how work is distributed."""
    setup = Lambda(concurrency=10, gateway="url")
    runs = [_run(setup, f"{seed} {run}", 7.0, requests // _RUNS, _mostly_short) for run in range(_RUNS)]
    known = 100 * queueing.erlang_b(10, 7.0)
    return _deviation("M/G/10/10 at load 0.7", "turned away", known, [100 * one.failed_share for one in runs], unit="%")


def _patient(servers: int) -> Ec2:
    """One process with so many slots, and nobody who gives up."""
    return Ec2(processes=1, searches=servers, threads=10**9, patience_s=math.inf, front_s=math.inf)


def _run(setup: Setup, seed: str, per_s: float, requests: int, draw: Callable[[Random], float]) -> Outcome:
    random = Random(seed)
    due_s = list(accumulate(_with_mean(1 / per_s, [random.expovariate(per_s) for _ in range(requests)])))
    works_s = _with_mean(1.0, [draw(random) for _ in due_s])
    counted_s = due_s[int(_RUN_IN * requests)]
    arrivals = Arrivals(tuple(due_s), (_TRIP,) * requests, 0.0, due_s[-1] + 1, counted_s)
    return simulate(setup, _ALIKE, arrivals, seed=0, works_s=works_s)


def _with_mean(wanted: float, drawn: Sequence[float]) -> list[float]:
    """Scaled a little, so that the load is the one that theory is asked about; chance makes it another one."""
    factor = wanted / mean(drawn)
    return [one * factor for one in drawn]


def _exponential(random: Random) -> float:
    return random.expovariate(1.0)


def _always(_: Random) -> float:
    return 1.0


def _mostly_short(random: Random) -> float:
    """A mean of 0.9 x 0.5 + 0.1 x 5.5 = 1 and, both being exponential, a mean square of twice 0.9 x 0.25 + 0.1 x 30.25.

    That is 6.5, and the variance 6.5 - 1 = 5.5.
    """
    return random.expovariate(2.0) if random.random() < 0.9 else random.expovariate(1 / 5.5)


# --- against measurement --------------------------------------------------------------------------------------------


def _replayed(asked: Sequence[Record], measured: Sequence[Record]) -> Arrivals:
    return Arrivals(
        tuple(one.due_s for one in asked),
        tuple(one.kind for one in asked),
        asked[0].due_s,
        asked[-1].due_s + 1,
        measured[0].due_s,
    )


def _rate(case: str, measured: Sequence[Record], runs: Sequence[Outcome]) -> list[Deviation]:
    times_ms = sorted(one.client_ms for one in measured if not one.error)
    began_s = measured[0].due_s
    ended_s = max(one.due_s + one.client_ms / 1000 for one in measured)
    rows = []
    for percent in (50, 95, 99):
        known = _ranked(times_ms, percent, len(measured))
        found = [_ranked(sorted(s * 1000 for s in one.latencies_s), percent, len(measured)) for one in runs]
        rows.append(_deviation(case, f"p{percent}", known, found))
    per_s = [len(one.latencies_s) / (one.ended_s - began_s) for one in runs]
    rows.append(_deviation(case, "right answers", len(times_ms) / (ended_s - began_s), per_s, unit="1/s"))
    failed = 100 * (1 - len(times_ms) / len(measured))
    rows.append(_deviation(case, "failed", failed, [100 * one.failed_share for one in runs], unit="%"))
    return rows


def _ranked(times_ms: Sequence[float], percent: int, count: int) -> float | None:
    """By nearest rank, of so many of which those that are not there have failed."""
    rank = math.ceil(percent / 100 * count)
    return times_ms[rank - 1] if rank <= len(times_ms) else None


def _deviation(
    case: str, figure: str, known: float | None, runs: Sequence[float | None], *, unit: str = "ms"
) -> Deviation:
    good = [one for one in runs if one is not None]
    if len(good) < len(runs):  # a mean of those that did not fail would be no figure of all; the median run is one
        middle = _ranked(sorted(good), 50, len(runs))
        share = (middle - known) / known if known and middle is not None else None
        return Deviation(case, figure, known, middle, share, unit)
    simulated = mean(good)
    share = (simulated - known) / known if known else None
    return Deviation(case, figure, known, simulated, share, unit, stdev(good) / math.sqrt(len(good)))
