"""How good is one search from many trailheads at once, against one search from each of them?

    python bench/area_search.py FOLDER --time-limit 1 --each 0.3 --sample 20 --jsonl area.jsonl

For each instance file of FOLDER with more than one trailhead, the whole problem is solved once, and then the problem
with each trailhead alone. All clocks are CPU clocks, so that other work on the machine does not matter.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import mean
from unittest import mock

from solver import LoopProblem, solve
from solver.instances import Instance, read_instance


@dataclass(frozen=True)
class Comparison:
    """One instance: the score of the search from all trailheads, and the best of the searches from one."""

    instance: str
    trailheads: int
    alone: int  # how many of the trailheads were searched alone
    seed: int
    time_limit: float
    each: float
    score: int | None
    best_alone: int | None
    seconds: float
    seconds_alone: float

    @property
    def percent(self) -> float | None:
        """The score in per cent of the best from one trailhead; None where there is nothing to compare with."""
        return 100 * (self.score or 0) / self.best_alone if self.best_alone else None


def compare(instance: Instance, *, time_limit: float, each: float, sample: int, seed: int) -> Comparison:
    """Search from all trailheads for `time_limit` seconds, and from at most `sample` of them for `each` seconds."""
    problem = instance.problem
    trailheads = problem.trailheads
    if len(trailheads) > sample:
        trailheads = tuple(random.Random(seed).sample(trailheads, sample))
    score, seconds = _measured(problem, time_limit, seed)
    alone = [_measured(replace(problem, trailheads=(t,)), each, seed) for t in trailheads]
    return Comparison(
        instance.name,
        len(problem.trailheads),
        len(alone),
        seed,
        time_limit,
        each,
        score,
        max((found for found, _ in alone if found is not None), default=None),
        round(seconds, 4),
        round(sum(took for _, took in alone), 4),
    )


def _measured(problem: LoopProblem, time_limit: float, seed: int) -> tuple[int | None, float]:
    """The score of the best loop, None where none was found, and the CPU time it took."""
    began = time.thread_time()
    loop = solve(problem, time_limit=time_limit, seed=seed).loop
    return loop.score if loop else None, time.thread_time() - began


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="instance files")
    parser.add_argument("--time-limit", type=float, default=1.0, metavar="S", help="for all trailheads together")
    parser.add_argument("--each", type=float, default=0.3, metavar="S", help="for each trailhead alone")
    parser.add_argument("--sample", type=int, default=20, metavar="N", help="most trailheads that are searched alone")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jsonl", type=Path, metavar="FILE", help="add a line for each instance to this file")
    options = parser.parse_args(arguments)
    instances = [read_instance(path) for path in sorted(options.folder.glob("*.json"))]
    rows = []
    print(f"{'instance':<42}{'trailheads':>11}{'alone':>7}{'score':>9}{'best alone':>12}{'per cent':>10}{'seconds':>9}")
    # the solver reads its deadline from this clock
    with mock.patch.object(time, "perf_counter", time.thread_time):
        for instance in instances:
            if len(instance.problem.trailheads) < 2:
                continue
            row = compare(
                instance, time_limit=options.time_limit, each=options.each, sample=options.sample, seed=options.seed
            )
            rows.append(row)
            percent = "-" if row.percent is None else f"{row.percent:.2f}"
            print(
                f"{row.instance:<42}{row.trailheads:>11}{row.alone:>7}{row.score or '-':>9}{row.best_alone or '-':>12}"
                f"{percent:>10}{row.seconds:>9.2f}",
                flush=True,
            )
            if options.jsonl:
                with options.jsonl.open("a", encoding="utf-8") as file:
                    print(json.dumps(asdict(row) | {"percent": row.percent}), file=file)
    shares = [row.percent for row in rows if row.percent is not None]
    if shares:
        print(f"{len(shares)} instances compared: mean {mean(shares):.2f} %, worst {min(shares):.2f} %")


if __name__ == "__main__":
    main()
