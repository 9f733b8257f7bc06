"""What a solve took and gave, beside what is known of the problem: the figures that are published, and nothing else.

Each figure is computed here, once, so that the table on the screen and a published report cannot differ.
"""

from __future__ import annotations

import datetime
import json
import math
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from solver.instances import Instance, write_loop
from solver.kernel import COMPILED
from solver.problem import Result, Status
from solver.solve import solve
from solver.verify import violations


@dataclass(frozen=True)
class Measurement:
    """One solve of one instance.

    `iterations` is the limit on moves that was asked for (None: none), `moves` how many were tried, `seconds` the wall
    time of the whole solve. `best_known` and `proven` are what was known of the instance before.
    """

    instance: str
    edges: int
    trailheads: int
    time_limit_s: float
    iterations: int | None
    seed: int
    prove: bool
    status: str
    score: int | None
    length: int | None
    objective: int | None
    bound: int | None
    best_known: int | None
    proven: bool
    seconds: float
    moves: int
    valid: bool

    @property
    def loss_percent(self) -> float | None:
        """Per cent that the best known is better by; 100 without a loop, None without a reference."""
        if self.best_known is None or self.best_known <= 0:
            return None
        return 100.0 if self.score is None else 100 * (1 - self.score / self.best_known)

    @property
    def gap_percent(self) -> float | None:
        """Per cent of the bound that the loop may be below the best there is; None without both."""
        if self.bound is None or self.bound <= 0 or self.objective is None:
            return None
        return 100 * (self.bound - self.objective) / self.bound

    @property
    def overrun_s(self) -> float:
        """Seconds beyond the time limit."""
        return max(0.0, self.seconds - self.time_limit_s)

    @property
    def exact(self) -> bool:
        """Whether the best known was reached, or more."""
        return self.score is not None and self.best_known is not None and self.score >= self.best_known

    def as_json(self, about: Mapping[str, Any]) -> str:
        """One line for a file of measurements; `about` tells where it was made."""
        return json.dumps({**asdict(self), "loss_percent": self.loss_percent, "gap_percent": self.gap_percent, **about})

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Measurement:
        """Read what `as_json` wrote.

        Raises
        ------
        KeyError : a value is missing.
        """
        return cls(**{field.name: values[field.name] for field in fields(cls)})


def measure(
    instance: Instance, *, time_limit: float, iterations: int | None = None, seed: int = 0, prove: bool = False
) -> tuple[Measurement, Result]:
    """Solve an instance, check the answer with the referee, and write down what it took.

    Parameters
    ----------
    time_limit, iterations, seed, prove : as in `solve`.
    """
    problem, known = instance.problem, instance.reference
    began = time.perf_counter()
    result = solve(problem, time_limit=time_limit, iterations=iterations, seed=seed, prove=prove)
    seconds = time.perf_counter() - began
    loop = result.loop
    measurement = Measurement(
        instance=instance.name,
        edges=len(problem.network.edges),
        trailheads=len(problem.trailheads),
        time_limit_s=time_limit,
        iterations=iterations,
        seed=seed,
        prove=prove,
        status=str(result.status),
        score=loop.score if loop else None,
        length=loop.length if loop else None,
        objective=problem.objective(loop) if loop else None,
        bound=result.bound,
        best_known=known.best_known if known else None,
        proven=known is not None and known.proven_optimal,
        seconds=round(seconds, 5),
        moves=result.iterations,
        valid=loop is None or not violations(problem, loop),
    )
    return measurement, result


def keep_if_better(measurement: Measurement, result: Result, folder: Path) -> None:
    """Write a valid loop that beats the reference to the folder, unless a better one is there already."""
    if result.loop is None or not measurement.valid or (measurement.best_known or 0) >= result.loop.score:
        return
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{measurement.instance}.json"
    if not path.exists() or json.loads(path.read_text("utf-8"))["score"] < result.loop.score:
        write_loop(result, path)


# --- figures


@dataclass(frozen=True)
class Spread:
    """How values are spread; `p90` is the smallest that nine tenths of them do not exceed."""

    mean: float
    median: float
    p90: float
    worst: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread | None:
        """None of no values."""
        if not values:
            return None
        return cls(statistics.mean(values), statistics.median(values), percentile(values, 0.9), max(values))


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of the values that a share (0..1) of them does not exceed (nearest rank)."""
    # the product is rounded, because 0.9 * 10 may be a hair above 9
    rank = math.ceil(round(share * len(values), 9))
    return sorted(values)[max(1, rank) - 1]


@dataclass(frozen=True)
class Summary:
    """What several measurements say together.

    `loss` is in per cent of the best known, over all instances that have one; without an answer it is 100.
    `proven_loss` and `exact` are about the `proven` instances, whose best known was proven before. `optimal` counts
    the proofs made here, `median_gap` is over the answers that lack one.
    """

    count: int
    answered: int
    invalid: int
    loss: Spread | None
    proven: int
    proven_loss: Spread | None
    exact: int
    better: int
    optimal: int
    median_gap: float | None
    slowest_s: float
    overrun_s: float

    @classmethod
    def of(cls, rows: Sequence[Measurement]) -> Summary:
        """Count and average; at least one measurement."""
        known = [row for row in rows if row.proven]
        gaps = [row.gap_percent for row in rows if row.status != Status.OPTIMAL and row.gap_percent is not None]
        return cls(
            count=len(rows),
            answered=sum(row.score is not None for row in rows),
            invalid=sum(not row.valid for row in rows),
            loss=Spread.of([row.loss_percent for row in rows if row.loss_percent is not None]),
            proven=len(known),
            proven_loss=Spread.of([row.loss_percent for row in known if row.loss_percent is not None]),
            exact=sum(row.exact for row in known),
            better=sum(row.loss_percent is not None and row.loss_percent < 0 for row in rows),
            optimal=sum(row.status == Status.OPTIMAL for row in rows),
            median_gap=statistics.median(gaps) if gaps else None,
            slowest_s=max(row.seconds for row in rows),
            overrun_s=max(row.overrun_s for row in rows),
        )


# --- where it was measured


def about() -> dict[str, Any]:
    """When, where and with what: date (UTC), commit, processor, cores, system, Python, HiGHS, mode of the kernel."""
    return {"date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"), **_machine()}


@cache
def _machine() -> dict[str, Any]:
    return {
        "commit": _commit(Path(__file__).parent),
        "cpu": _processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "highspy": _version("highspy"),
        "compiled": COMPILED,
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _commit(folder: Path) -> str | None:
    """The commit of the source in a folder, with `+changes` where it was edited since; None outside a checkout."""
    # an installed package may lie inside a checkout of something else: only a file that is tracked counts
    if _git(folder, "ls-files", "--error-unmatch", "problem.py") is None:
        return None
    commit = _git(folder, "rev-parse", "--short=12", "HEAD")
    return f"{commit}+changes" if _git(folder, "status", "--porcelain", "--", ".") else commit


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 - fixed words
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - whichever git there is
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def _processor() -> str:
    """The processor's name, as Linux tells it, or what Python knows."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
