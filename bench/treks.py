"""Choosing a loop so that its days work, against the best loop cut into days afterwards.

    python -m bench.treks run --data FOLDER --output bench/results/VERSION/treks/runs.jsonl [--seconds 2] [--seeds 2]
    python -m bench.treks report bench/results/VERSION/treks [--page docs/solver.md]
    python -m bench.treks write --data FOLDER --output FOLDER

`run` puts the requests of `treks.json` on the networks of their regions as the service does (`trek_instances`). Each
problem is then searched by three methods, for the same time of the wall:

split   one loop of the whole length (`solver.solve`), cut into days (`solver.split`) in ever more orders;
many    the same with up to five unlike loops and every better one that was met on the way, each of them cut;
joint   `solver.solve_trek`.

Whether an answer keeps all limits is for the referee to say (`solver.verify`). `report` makes the tables
(`trek_report`), and `write` writes the problems to files that `python -m solver trek` reads.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from bench.trek_instances import Asked, instances, make_databases, problem_of
from bench.trek_report import KM, write_report
from loopgenie.network import UNITS
from solver import Loop, LoopProblem, Network, Status, solve
from solver.measuring import about
from solver.solve_trek import solve_trek
from solver.split import splits_of
from solver.trek import POINTS, Trek, TrekProblem
from solver.trek_files import TrekInstance, write_trek_instance
from solver.verify import trek_violations

Line = dict[str, Any]


# --- the methods --------------------------------------------------------------------------------------------------


@dataclass
class Found:
    """What a method has found, and after how many seconds the first trek of all."""

    problem: TrekProblem
    began: float = field(default_factory=time.perf_counter)
    trek: Trek | None = None
    first_s: float | None = None
    seconds: float = 0.0
    status: Status = Status.UNKNOWN
    bound: int | None = None

    def keep(self, trek: Trek | None) -> None:
        """Take note of a trek."""
        if trek is None:
            return
        if self.first_s is None:
            self.first_s = time.perf_counter() - self.began
        if self.trek is None or self.problem.objective(trek) > self.problem.objective(self.trek):
            self.trek = trek

    def ended(self) -> Found:
        """The same, with the time that it took."""
        self.seconds = time.perf_counter() - self.began
        return self


def joint(problem: TrekProblem, seconds: float, seed: int) -> Found:
    """Days and trails chosen together."""
    found = Found(problem)
    result = solve_trek(problem, time_limit=seconds, seed=seed, improved=found.keep)
    found.keep(result.trek)
    found.status, found.bound = result.status, result.bound
    return found.ended()


#: Share of the time in which loops are searched, and, while that goes on, for cutting those that are met.
LOOPS_SHARE, MEANWHILE = 0.75, 0.25


def split(problem: TrekProblem, seconds: float, seed: int) -> Found:
    """The best loop, cut into days."""
    return _afterwards(problem, seconds, seed, alternatives=1)


def many(problem: TrekProblem, seconds: float, seed: int) -> Found:
    """Many good loops, each cut into days."""
    return _afterwards(problem, seconds, seed, alternatives=5)


def _afterwards(problem: TrekProblem, seconds: float, seed: int, *, alternatives: int) -> Found:
    found = Found(problem)
    deadline = found.began + seconds
    cutting = 0.0
    met: dict[tuple[tuple[int, int], ...], Counter[int]] = {}
    orders = count(1 + 1_000_000 * seed)

    def cut(times: Counter[int]) -> None:
        nonlocal cutting
        began = time.perf_counter()
        found.keep(splits_of(problem, times, orders=1, seed=next(orders)))
        cutting += time.perf_counter() - began

    def meet(loop: Loop) -> None:
        times = Counter(loop.walk)
        met[tuple(sorted(times.items()))] = times
        if cutting <= MEANWHILE * (time.perf_counter() - found.began):
            cut(times)

    result = solve(
        as_loops(problem),
        time_limit=LOOPS_SHARE * seconds,
        seed=seed,
        alternatives=alternatives,
        improved=meet if alternatives > 1 else None,
    )
    best = [Counter(loop.walk) for loop in result.loops]
    loops = [*best, *(times for times in reversed(met.values()) if times not in best)]
    turn = 0
    while loops and time.perf_counter() < deadline:
        cut(loops[turn % len(loops)])
        turn += 1
    return found.ended()


def as_loops(problem: TrekProblem) -> LoopProblem:
    """One loop of the whole length with the same worths and costs; of the days it knows the sums of their limits.

    Its scores are in hundredths of a point, or larger parts if all numbers allow it, as the kernel's sums are limited.

    Raises
    ------
    ValueError : the numbers are too large, or the limits leave no window.
    """
    days = problem.days
    low = max(sum(day.min_length for day in days), problem.min_length or 0)
    high = sum(day.max_length for day in days)
    high = high if problem.max_length is None else min(high, problem.max_length)
    targets = [day.target for day in days if day.target is not None]
    aimed = len(targets) == len(days) and low <= sum(targets) <= high
    climbs = [day.max_ascent for day in days if day.max_ascent is not None]
    ascents = [sum(climbs)] if len(climbs) == len(days) else []
    ascents += [] if problem.max_ascent is None else [problem.max_ascent]
    part = math.gcd(POINTS, problem.balance_cost, problem.repeat_cost)
    always_closed = frozenset.intersection(*(day.closed for day in days))
    assert not always_closed, "what is closed on all days is no part of a request's network"
    earnings = problem.earnings()
    edges = [
        (edge.u, edge.v, edge.length, POINTS // part * earned, edge.up, edge.down)
        for edge, earned in zip(problem.network.edges, earnings, strict=True)
    ]
    return LoopProblem(
        Network(edges, problem.network.node_count),
        problem.trailheads,
        min_length=low,
        max_length=high,
        max_ascent=min(ascents, default=None),
        target=sum(targets) if aimed else None,
        overlength_cost=problem.balance_cost // part if aimed else 0,
        repeat_costs=[problem.repeat_cost // part * edge[2] for edge in edges],
        via=problem.via,
        max_repeat_share=problem.max_repeat_share,
        roads=problem.roads,
        max_road_share=problem.max_road_share,
    )


METHODS: Mapping[str, Callable[[TrekProblem, float, int], Found]] = {"split": split, "many": many, "joint": joint}


# --- measuring ----------------------------------------------------------------------------------------------------


def measured(asked: Asked, databases: Path, *, seconds: float, seeds: int) -> list[Line]:
    """A line for each method and seed."""
    problem = problem_of(asked, databases)
    network = problem.network
    size = {
        "instance": asked.name,
        "region": asked.region,
        "request": asked.request,
        "days": len(problem.days),
        "edges": len(network.edges),
        "camps": len({camp.node for camp in problem.camps}),
        "trailheads": len(problem.trailheads),
        "limit_s": seconds,
    }
    return [
        {**size, "method": name, "seed": seed, **line_of(method(problem, seconds, seed))}
        for seed in range(seeds)
        for name, method in METHODS.items()
    ]


def line_of(found: Found) -> Line:
    """The figures of an answer; `wrong` is what the referee says of it."""
    problem, trek = found.problem, found.trek
    line: Line = {
        "found": trek is not None,
        "first_s": found.first_s,
        "seconds": found.seconds,
        "status": str(found.status),
        "bound": found.bound,
    }
    if trek is None:
        return line
    return line | {
        "wrong": trek_violations(problem, trek),
        "objective": problem.objective(trek),
        "score_km": trek.score / UNITS / 1000,
        "length_km": trek.length / UNITS / 1000,
        "repeated_km": trek.repeated / UNITS / 1000,
        "days_km": [day.length / UNITS / 1000 for day in trek.days],
        "balance": balance(problem, trek),
    }


def balance(problem: TrekProblem, trek: Trek) -> float | None:
    """1 less the mean share by which the days miss their targets; None where there are none."""
    missed = [
        abs(walked.length - day.target) / day.target
        for walked, day in zip(trek.days, problem.days, strict=True)
        if day.target
    ]
    return 1 - statistics.mean(missed) if missed else None


def run(options: argparse.Namespace) -> None:
    """Measure everything, a line of JSON each."""
    for name, value in (("--seconds", options.seconds), ("--seeds", options.seeds), ("--jobs", options.jobs)):
        if not value > 0:
            raise ValueError(f"{name} is {value}, want more than 0")
    options.output.parent.mkdir(parents=True, exist_ok=True)
    here = about()
    with _imported(options) as (chosen, databases):
        measure = partial(measured, databases=databases, seconds=options.seconds, seeds=options.seeds)
        with options.output.open("w", encoding="utf-8") as file:
            for lines in _all(measure, chosen, options.jobs):
                for line in lines:
                    print(json.dumps({**line, "jobs": options.jobs, **here}), file=file, flush=True)
                print(_short(lines), file=sys.stderr, flush=True)


def write(options: argparse.Namespace) -> None:
    """Write each problem to a file, for `python -m solver trek`."""
    options.output.mkdir(parents=True, exist_ok=True)
    with _imported(options) as (chosen, databases):
        for asked in chosen:
            instance = TrekInstance(asked.name, problem_of(asked, databases))
            write_trek_instance(instance, options.output / f"{asked.name}.json")


@contextmanager
def _imported(options: argparse.Namespace) -> Iterator[tuple[list[Asked], Path]]:
    """The instances that were chosen, and the folder of the databases of their regions."""
    chosen = instances(options.match)
    with tempfile.TemporaryDirectory() as scratch:
        databases = options.databases or Path(scratch)
        make_databases((asked.region for asked in chosen), options.data, databases)
        yield chosen, databases


def _all(measure: Callable[[Asked], list[Line]], chosen: Sequence[Asked], jobs: int) -> Iterator[list[Line]]:
    """The lines of each instance; so many instances are measured at once, each in a process of its own."""
    if jobs == 1:
        yield from map(measure, chosen)
    else:
        with ProcessPoolExecutor(jobs) as pool:
            yield from pool.map(measure, chosen)


def _short(lines: Sequence[Line]) -> str:
    told = []
    for method in METHODS:
        values = [line.get("objective") for line in lines if line["method"] == method]
        told.append(f"{method} {' '.join('–' if v is None else f'{v / KM:.2f}' for v in values)}")
    first = lines[0]
    size = f"{first['edges']} edges, {first['camps']} camps, {first['trailheads']} trailheads, {first['days']} days"
    return f"{first['instance']}: {size}: {'; '.join(told)}"


# --- the command --------------------------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0 fine, 2 wrong use."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "run":
            run(options)
        elif options.command == "write":
            write(options)
        else:
            text = (options.folder / "runs.jsonl").read_text("utf-8")
            write_report([json.loads(line) for line in text.splitlines()], options.folder, options.page)
    except (ValueError, OSError) as error:
        print(f"python -m bench.treks: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.treks", description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    measuring = commands.add_parser("run", help="measure, a line of JSON for each search")
    measuring.add_argument("--output", type=Path, required=True, metavar="FILE.jsonl")
    measuring.add_argument("--seconds", type=float, default=2.0, metavar="S", help="for each search (default 2)")
    measuring.add_argument("--seeds", type=int, default=2, metavar="N", help="seeds 0 to N - 1 (default 2)")
    measuring.add_argument("--jobs", type=int, default=1, metavar="N", help="instances at once (default 1)")
    writing = commands.add_parser("write", help="write each problem to a file, for python -m solver trek")
    writing.add_argument("--output", type=Path, required=True, metavar="FOLDER")
    for command in (measuring, writing):
        command.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="has a folder for each region")
        command.add_argument("--match", default="", metavar="TEXT", help="only instances with this in their name")
        command.add_argument(
            "--databases", type=Path, metavar="FOLDER", help="keep the imported regions here, and take those that are"
        )
    telling = commands.add_parser("report", help="make the tables")
    telling.add_argument("folder", type=Path, help="holds runs.jsonl; README.md is written there")
    telling.add_argument("--page", type=Path, metavar="FILE.md", help="put the main tables between its markers, too")
    return parser


if __name__ == "__main__":
    sys.exit(main())
