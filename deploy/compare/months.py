"""Months of traffic at each target: how long users wait, how many are turned away, and what it costs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from statistics import median

from deploy.bill import bill
from deploy.compare.scaling import PERIOD_S
from deploy.compare.simulation import Outcome, Service, month_of, simulate
from deploy.compare.summary import Cell
from deploy.compare.traffic import TRACES, Arrivals, Trace, month
from deploy.prices import total
from deploy.setup import Fargate, Setup

#: Months that are simulated: so many requests each.
SIZES = (1e4, 1e5, 3e5, 1e6, 3e6, 1e7, 1e8)
#: Independent draws of each month that are pooled: where a target is nearly busy all the time, one says little.
SEEDS = 3
#: Requests of a draw of a month; of a very large one more, so that its spans are minutes at least.
_MOST, _MOST_OF_LARGE, _LARGE = 100_000, 200_000, 3e7

Draw = list[tuple[Arrivals, Outcome]]


def draws_of(setup: Setup, service: Service, trace: Trace, requests_per_month: float, *, seed: int = 0) -> list[Draw]:
    """Several draws of a month at a target: the spans of each, and what became of them.

    Parameters
    ----------
    setup, service : the target.
    trace, requests_per_month : the traffic.
    seed : of arrivals and of what is drawn; the same for each target, so that all get the same requests.
    """
    most = _MOST if requests_per_month < _LARGE else _MOST_OF_LARGE
    draws = []
    for draw in range(SEEDS):
        spans = month(trace, requests_per_month, seed=seed, mix=service.mix, draw=draw, draws=SEEDS, most=most)
        begins = [_tasks(setup, service, trace.per_s(span.begin_s, requests_per_month)) for span in spans]
        draws.append(
            [
                (span, simulate(setup, service, span, seed=(seed * SEEDS + draw) * 1000 + number, tasks=tasks))
                for number, (span, tasks) in enumerate(zip(spans, begins, strict=True))
            ]
        )
    return draws


def cell_of(name: str, setup: Setup, service: Service, *, trace: str, requests_per_month: float, seed: int = 0) -> Cell:
    """All of the draws, as one month in figures, with its bill; parameters as for `draws_of`.

    Raises
    ------
    ValueError : no trace has that name.
    deploy.prices.NoPrice : a price is not known.
    """
    if trace not in TRACES:
        raise ValueError(f"trace is {trace!r}, want one of {', '.join(TRACES)}")
    draws = draws_of(setup, service, TRACES[trace](), requests_per_month, seed=seed)
    spans = [one for draw in draws for one in draw]
    outcome = month_of(spans, requests_per_month)
    singles = [month_of(draw, requests_per_month) for draw in draws]
    p50, p95, p99 = (_ms(s) for s in outcome.quantiles_s((0.5, 0.95, 0.99)))
    p99s = sorted((one.quantile_s(0.99) for one in singles), key=lambda s: math.inf if s is None else s)
    return Cell(
        name,
        trace,
        requests_per_month,
        p50,
        p95,
        p99,
        outcome.failed_share,
        {reason: count / outcome.requests for reason, count in outcome.failed.items()},
        total(bill(setup, outcome.usage)),
        total(bill(setup, outcome.usage, free_tier=True)),
        outcome.peak_units,
        seeds=len(draws),
        failed_low=min(one.failed_share for one in singles),
        failed_high=max(one.failed_share for one in singles),
        p99_low_ms=_ms(p99s[0]),
        p99_high_ms=_ms(p99s[-1]),
        span_s=median(span.end_s - span.counted_s for span, _ in spans),
        run_in_s=median(span.counted_s - span.begin_s for span, _ in spans),
    )


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000


def months(
    targets: Mapping[str, tuple[Setup, Service]],
    *,
    traces: Sequence[str] = tuple(TRACES),
    sizes: Sequence[float] = SIZES,
    seed: int = 0,
    processes: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Cell]:
    """The grid: each target with each trace and each number of requests, in that order.

    Parameters
    ----------
    targets : by name.
    traces : names of `traffic.TRACES`.
    sizes : requests a month.
    seed : the same for each cell.
    processes : that share the cells; 1: this one alone.
    progress : told how many cells are done, and of how many.
    """
    asked = [
        (name, setup, service, trace, size)
        for name, (setup, service) in targets.items()
        for trace in traces
        for size in sizes
    ]
    if processes == 1:
        yield from _told(map(_cell, asked, [seed] * len(asked)), len(asked), progress)
        return
    # not forked: whoever measures has threads and an event loop
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield from _told(pool.map(_cell, asked, [seed] * len(asked)), len(asked), progress)


def _told(cells: Iterator[Cell], count: int, progress: Callable[[int, int], None] | None) -> Iterator[Cell]:
    for number, cell in enumerate(cells, 1):
        if progress:
            progress(number, count)
        yield cell


def _cell(asked: tuple[str, Setup, Service, str, float], seed: int) -> Cell:
    name, setup, service, trace, size = asked
    return cell_of(name, setup, service, trace=trace, requests_per_month=size, seed=seed)


def _tasks(setup: Setup, service: Service, per_s: float) -> int | None:
    """How many tasks the rules have made where there have been so many requests a second for long."""
    if not isinstance(setup, Fargate):
        return None
    by_requests = per_s * PERIOD_S / setup.requests_target
    by_load = 100 * service.load * per_s * service.mean_s() / setup.searches / setup.cpu_target_percent
    return min(max(math.ceil(max(by_requests, by_load)), setup.min_tasks), setup.max_tasks)
