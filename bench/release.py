"""Measure a release of the solver, and publish the figures.

    python -m bench.release run --instances FOLDER --large FOLDER --output bench/results/0.1.0/runs.jsonl
    python -m bench.release report bench/results/0.1.0

`run` solves one problem after the other on one core and appends a JSON line for each; what is there already is skipped,
so it may be stopped and started again. Figures of two commits, machines or Pythons do not come into one file.
`report` makes README.md and two plots of the lines and puts the main table into docs/solver.md.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.report import write_report
from solver.instances import read_instance
from solver.measuring import about, keep_if_better, measure

ROOT = Path(__file__).parents[1]

#: What has to be the same for all lines of a file.
SAME = ("commit", "cpu", "cores", "system", "python", "highspy", "compiled")
#: Seconds of the runs that a large instance's first answer is compared with, and of that answer.
LARGE_S, LARGE_LONG_S = 2.0, 60.0
#: Moves for the comparison of the compiled kernel with the interpreted one.
SAME_MOVES = 20_000
#: About how long the wheel, the imports and the interpreted runs take.
EXTRAS_S = 120.0


class WrongUse(Exception):
    """Told in one line."""


@dataclass(frozen=True)
class Task:
    """One solve of one instance; `iterations` 0 measures all but the search: set-up, first walks, check."""

    group: str
    path: Path
    time_limit: float
    seed: int = 0
    iterations: int | None = None

    @property
    def key(self) -> tuple[str, str, float, int]:
        """What tells it from other tasks, in this process and in a file."""
        return self.group, self.path.stem, self.time_limit, self.seed

    @property
    def seconds(self) -> float:
        """About how long it takes."""
        return 0.1 if self.iterations == 0 else self.time_limit

    def run(self, walks: Path | None) -> dict[str, Any]:
        """Measure; the values of the line."""
        instance = read_instance(self.path)
        row, result = measure(
            instance,
            time_limit=self.time_limit,
            iterations=self.iterations,
            seed=self.seed,
            prove=self.group == "prove",
        )
        if walks:
            keep_if_better(row, result, walks)
        return {"group": self.group, "file": self.path.stem, **json.loads(row.as_json(about()))}


def tasks(options: argparse.Namespace) -> list[Task]:
    """All that is to be measured, in order: a whole table of the first seed comes before the second seed."""
    small, large = _files(options.instances, options.match), _files(options.large, options.match)
    seeds = range(options.seeds)
    return [
        *(Task("set-up", path, 1.0, iterations=0) for path in [*small, *large]),
        *(Task("search", path, limit, seed) for seed in seeds for limit in options.limits for path in small),
        *(Task("large", path, LARGE_S, seed) for seed in seeds for path in large),
        *(Task("large", path, LARGE_LONG_S) for path in large),
        *(Task("prove", path, options.prove_limit) for path in small if options.prove_limit > 0),
    ]


def _files(folder: Path | None, match: str) -> list[Path]:
    if folder is None:
        return []
    paths = sorted(path for path in folder.glob("*.json") if match in path.stem)
    if not paths:
        raise WrongUse(f"{folder} holds no .json files whose name has {match!r} in it")
    return paths


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The lines of a file of measurements; none where there is no file."""
    if not path.exists():
        return []
    lines = []
    for number, text in enumerate(path.read_text("utf-8").splitlines(), 1):
        try:
            lines.append(json.loads(text))
        except json.JSONDecodeError:
            raise WrongUse(f"{path}:{number} is not JSON; remove the line to measure it again") from None
    return lines


def check_origin(lines: Sequence[dict[str, Any]], here: dict[str, Any], path: Path) -> None:
    """Refuse to put figures of this commit and machine beside others."""
    for line in lines:
        for name in SAME:
            if line[name] != here[name]:
                raise WrongUse(f"{path} was measured with {name} {line[name]}, this is {here[name]}: take another file")


def run(options: argparse.Namespace) -> None:
    """Measure what is not yet measured."""
    here = about()
    if not options.uncommitted and (here["commit"] is None or "+" in here["commit"]):
        raise WrongUse(f"commit is {here['commit']}: commit solver/ first, or figures cannot be traced (--uncommitted)")
    lines = read_lines(options.output)
    check_origin(lines, here, options.output)
    done = {(line["group"], line["file"], line["time_limit_s"], line["seed"]) for line in lines if "file" in line}
    left = [task for task in tasks(options) if task.key not in done]
    extras = not any(line["group"] == "package" for line in lines)
    minutes = (sum(task.seconds for task in left) + EXTRAS_S * extras) / 60
    print(f"{len(left)} solves to go, {len(done)} done; about {minutes:.0f} minutes", flush=True)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    with options.output.open("a", encoding="utf-8") as file:
        for number, task in enumerate(left, 1):
            print(
                f"{number}/{len(left)} {task.group} {task.path.stem} {task.time_limit:g} s seed {task.seed}", flush=True
            )
            print(json.dumps(task.run(options.walks)), file=file, flush=True)
        if extras:
            package = {"group": "package", **weight(), **likeness(_files(options.instances, options.match)), **about()}
            print(json.dumps(package), file=file, flush=True)


# --- the package: its weight, and whether the interpreted kernel gives the same loops


def weight() -> dict[str, Any]:
    """Bytes of the solver in a built wheel, unpacked, and the median seconds that importing it takes."""
    with tempfile.TemporaryDirectory() as folder:
        # of a clean copy: what earlier builds left behind would be packed, too
        tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
        for name in filter(None, tracked.split("\0")):
            target = Path(folder, "source", name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target)
        command = [sys.executable, "-m", "pip", "-q", "wheel", "--no-deps", "--wheel-dir", folder, f"{folder}/source"]
        subprocess.run(command, check=True)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            files = [entry for entry in archive.infolist() if entry.filename.startswith("solver/")]
    script = "import time; t = time.perf_counter(); import solver; print(time.perf_counter() - t)"
    imports = [float(_python(script, ROOT)) for _ in range(9)]
    return {
        "solver_bytes": sum(file.file_size for file in files),
        "compiled_bytes": sum(file.file_size for file in files if file.filename.endswith((".so", ".pyd"))),
        "import_s": round(statistics.median(imports), 5),
    }


LOOP = """
import json, sys, time
from pathlib import Path
from solver import solve
from solver.instances import read_instance
problem = read_instance(Path(sys.argv[1])).problem
began = time.perf_counter()
result = solve(problem, iterations=int(sys.argv[2]))
seconds = time.perf_counter() - began
print(json.dumps([result.compiled, seconds, result.iterations, result.loop and [result.loop.start, *result.loop.walk]]))
"""


def likeness(paths: Sequence[Path]) -> dict[str, Any]:
    """Solve a small, a middling and a large instance compiled and interpreted, with the same moves: same loops?"""
    by_size = sorted(paths, key=lambda path: (path.stat().st_size, path.name))
    same, speeds = [], []
    with tempfile.TemporaryDirectory() as folder:
        # without the compiled files beside it, Python takes the sources
        shutil.copytree(
            ROOT / "solver", Path(folder, "solver"), ignore=shutil.ignore_patterns("*.so", "*.pyd", "__pycache__")
        )
        for path in dict.fromkeys(by_size[i] for i in (0, len(by_size) // 2, -1)):
            arguments = [str(path.resolve()), str(SAME_MOVES)]
            _, _, _, fast = json.loads(_python(LOOP, ROOT, *arguments))
            compiled, seconds, moves, slow = json.loads(_python(LOOP, Path(folder), *arguments))
            if compiled:
                raise WrongUse("the kernel is compiled where it should run interpreted")
            same.append(fast == slow)
            speeds.append(moves / seconds)
    return {"same_loops": all(same), "compared": len(same), "interpreted_moves_per_s": round(statistics.median(speeds))}


def _python(script: str, folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], cwd=folder, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout


# --- command line


def _limits(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.release", description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    measuring = commands.add_parser("run", help="measure what is not yet measured")
    measuring.add_argument("--instances", type=Path, required=True, metavar="FOLDER")
    measuring.add_argument("--large", type=Path, metavar="FOLDER", help="large instances, 2 s and 60 s each")
    measuring.add_argument("--output", type=Path, required=True, metavar="FILE.jsonl")
    measuring.add_argument("--limits", type=_limits, default=[0.01, 0.1, 1.0, 10.0], help="default 0.01,0.1,1,10 s")
    measuring.add_argument("--seeds", type=int, default=3, metavar="N", help="seeds 0 to N - 1 (default 3)")
    measuring.add_argument(
        "--prove-limit", type=float, default=60.0, metavar="S", help="seconds (default 60; 0: no proofs)"
    )
    measuring.add_argument("--match", default="", metavar="TEXT", help="only instances with this in their name")
    measuring.add_argument("--walks", type=Path, metavar="FOLDER", help="keep loops that beat their reference here")
    measuring.add_argument("--uncommitted", action="store_true", help="measure even if solver/ has been edited")
    telling = commands.add_parser("report", help="make the tables and plots")
    telling.add_argument("folder", type=Path, help="holds runs.jsonl; README.md, loss.svg, gap.svg are written there")
    telling.add_argument("--page", type=Path, metavar="FILE.md", help="put the main table between its markers, too")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0 fine, 2 wrong use."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "run":
            run(options)
        else:
            write_report(read_lines(options.folder / "runs.jsonl"), options.folder, options.page)
    except (WrongUse, ValueError, OSError) as error:
        print(f"python -m bench.release: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
