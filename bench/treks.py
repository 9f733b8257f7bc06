"""Choosing a loop so that its days work, against the best loop cut into days afterwards.

    python -m bench.treks run --data FOLDER --output bench/results/VERSION/treks/runs.jsonl [--seconds 2] [--seeds 2]
    python -m bench.treks report bench/results/VERSION/treks

`run` imports the regions that `bench/treks.json` names, from the folder of each in FOLDER, and puts its requests on
their networks as the service does. Each problem is then searched by three methods, for the same time of the wall:

split   one loop of the whole length (`solver.solve`), cut into days (`solver.split`) in ever more orders;
many    the same with up to five unlike loops and every better one that was met on the way, each of them cut;
joint   `solver.solve_trek`.

Whether an answer keeps all limits is for the referee to say (`solver.verify`). `report` makes the tables.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from bench.regions import READABLE, TERRAIN
from bench.trek_report import KM, write_report
from loopgenie import places, starts
from loopgenie.calendar import calendar_in
from loopgenie.drive import STRAIGHT_LINE, ByCar
from loopgenie.geometry import LonLat
from loopgenie.network import UNITS, Areas, box_around
from loopgenie.parameters import TripParameters, trip_parameters
from loopgenie.store import Notice, TrailStore, open_store
from loopgenie.task import Around, Home, at
from loopgenie.treks import TrekTask
from solver import Loop, LoopProblem, Network, Status, solve
from solver.measuring import about
from solver.solve_trek import solve_trek
from solver.split import splits_of
from solver.trek import POINTS, Trek, TrekProblem
from solver.verify import trek_violations

INSTANCES = Path(__file__).with_name("treks.json")
#: The region that is made up, not imported.
SAMPLE = "sample"

Line = dict[str, Any]


# --- the instances ------------------------------------------------------------------------------------------------


class Asked(NamedTuple):
    """One request of the benchmark, and the region it is made in."""

    name: str
    region: str
    request: Mapping[str, Any]


def instances(path: Path = INSTANCES) -> list[Asked]:
    """All requests of the benchmark."""
    rows = json.loads(path.read_text("utf-8"))["instances"]
    return [Asked(row["name"], row["region"], row["request"]) for row in rows]


def make_database(region: str, data: Path, database: Path) -> None:
    """Import a region from the files in its folder, or make it up, and load the notices that are thought up for it.

    Raises
    ------
    SystemExit : the import failed.
    """
    told = json.loads(INSTANCES.read_text("utf-8"))["regions"][region]
    command = [sys.executable, "-m", "loopgenie"]
    if region == SAMPLE:
        command += ["sample", "--seed", str(told["seed"]), "--size", str(told["size"])]
    else:
        files = [p for p in sorted((data / region).iterdir()) if p.name not in told["without"]]
        command += ["import", *(str(p) for p in files if p.suffix in READABLE), "--no-gazetteer", "--region", region]
        terrain = [str(p) for p in files if p.name.endswith(TERRAIN)]
        command += ["--elevation", *terrain] if terrain else []
    done = subprocess.run([*command, "--database", url_of(database)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{region}: the import ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    notices = [_notice(number, row) for number, row in enumerate(told["closures"])]
    open_store(url_of(database)).replace_notices("benchmark", notices)


def url_of(database: Path) -> str:
    """The address of a database file."""
    return f"sqlite:///{database}"


def _notice(number: int, row: Mapping[str, Any]) -> Notice:
    west, south, east, north = row["box"]
    ring = tuple(LonLat(x, y) for x, y in ((west, south), (east, south), (east, north), (west, north), (west, south)))
    return Notice(
        number, "closure", row["title"], None, "thought up for measuring", None, row["from"], row["to"], (ring,)
    )


def task_of(request: Mapping[str, Any], store: TrailStore) -> TrekTask:
    """A request on the network, as the service puts it there (`loopgenie.planner`)."""
    parameters = trip_parameters(request)
    snapshot = store.snapshot()
    place = places.locate(parameters.location, store)
    by_car = ByCar(STRAIGHT_LINE, patience_s=1.0)

    def homes_of(asked: TripParameters) -> Sequence[Home]:
        return starts.homes(place, asked, store, snapshot, by_car)

    homes = homes_of(parameters)
    box = box_around([at(home) for home in homes], parameters, snapshot)
    goals = starts.via_spots(parameters, store)
    calendar = calendar_in(store, snapshot, box)
    around = Around(place.at, homes, goals, store, snapshot, Areas(), calendar, homes_of)
    return TrekTask.of(parameters, around)


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
    problem = task_of(asked.request, open_store(url_of(databases / f"{asked.region}.db"))).problem
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
    chosen = [asked for asked in instances() if options.match in asked.name]
    for name, value in (("--seconds", options.seconds), ("--seeds", options.seeds), ("--jobs", options.jobs)):
        if not value > 0:
            raise ValueError(f"{name} is {value}, want more than 0")
    if not chosen:
        raise ValueError(f"--match is {options.match!r}, and no instance has that in its name")
    options.output.parent.mkdir(parents=True, exist_ok=True)
    here = about()
    with tempfile.TemporaryDirectory() as scratch:
        databases = options.databases or Path(scratch)
        databases.mkdir(parents=True, exist_ok=True)
        for region in dict.fromkeys(asked.region for asked in chosen):
            if not (databases / f"{region}.db").exists():
                _tell(f"importing {region}")
                make_database(region, options.data, databases / f"{region}.db")
        measure = partial(measured, databases=databases, seconds=options.seconds, seeds=options.seeds)
        with options.output.open("w", encoding="utf-8") as file:
            for lines in _all(measure, chosen, options.jobs):
                for line in lines:
                    print(json.dumps({**line, "jobs": options.jobs, **here}), file=file, flush=True)
                _tell(_short(lines))


def _all(measure: Callable[[Asked], list[Line]], chosen: Sequence[Asked], jobs: int) -> Iterator[list[Line]]:
    """The lines of each instance; so many instances are measured at once, each in a process of its own."""
    if jobs == 1:
        yield from map(measure, chosen)
    else:
        with ProcessPoolExecutor(jobs) as pool:
            yield from pool.map(measure, chosen)


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


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
    measuring.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="a folder for each region")
    measuring.add_argument("--output", type=Path, required=True, metavar="FILE.jsonl")
    measuring.add_argument("--seconds", type=float, default=2.0, metavar="S", help="for each search (default 2)")
    measuring.add_argument("--seeds", type=int, default=2, metavar="N", help="seeds 0 to N - 1 (default 2)")
    measuring.add_argument("--jobs", type=int, default=1, metavar="N", help="instances at once (default 1)")
    measuring.add_argument("--match", default="", metavar="TEXT", help="only instances with this in their name")
    measuring.add_argument(
        "--databases", type=Path, metavar="FOLDER", help="keep the imported regions here, and take those that are"
    )
    telling = commands.add_parser("report", help="make the tables")
    telling.add_argument("folder", type=Path, help="holds runs.jsonl; README.md is written there")
    telling.add_argument("--page", type=Path, metavar="FILE.md", help="put the main tables between its markers, too")
    return parser


if __name__ == "__main__":
    sys.exit(main())
