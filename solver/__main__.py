"""python -m solver: solve one problem, of a loop or of several days, or measure the solver on a folder of them."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NoReturn

from solver.instances import loop_json, read_instance, write_loop
from solver.kernel import COMPILED
from solver.measuring import Measurement, Summary, about, keep_if_better, measure
from solver.solve import solve
from solver.solve_trek import solve_trek
from solver.trek import TrekProblem, TrekResult
from solver.trek_files import read_trek_instance, trek_json

HEADING = (
    f"{'instance':<42}{'edges':>7}{'best known':>11}{'score':>8}{'loss %':>8}{'bound':>8}{'gap %':>7}{'s':>7}  status"
)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line, no usage text."""
        self.exit(2, f"{self.prog}: {message}\n")


def version_text() -> str:
    """Which solver this is, and how its kernel runs."""
    try:
        number = version("loopgenie")
    except PackageNotFoundError:
        number = "unknown"
    mode = "compiled" if COMPILED else "interpreted (slow)"
    return f"loopgenie solver {number}, kernel {mode}"


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m solver", description="Find the best closed walk of a given length on a network.")
    parser.add_argument("--version", action="version", version=version_text())
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)
    one = commands.add_parser("solve", help="solve a problem from a JSON file")
    one.add_argument("instance", type=Path, metavar="INSTANCE.json")
    one.add_argument("--output", type=Path, metavar="LOOP.json", help="write the loop here, not to standard output")
    days = commands.add_parser("trek", help="solve a problem of several days from a JSON file, and print the days")
    days.add_argument("instance", type=Path, metavar="INSTANCE.json")
    days.add_argument("--output", type=Path, metavar="TREK.json", help="write the trek here, too")
    many = commands.add_parser("bench", help="solve every problem in a folder, compare with the stored references")
    many.add_argument("folder", type=Path)
    many.add_argument("--jsonl", type=Path, metavar="FILE", help="append one JSON line per instance")
    many.add_argument("--walks", type=Path, metavar="FOLDER", help="write loops that beat their reference here")
    for command in (one, days, many):
        command.add_argument("--time-limit", type=float, default=1.0, metavar="S", help="seconds (default 1)")
        command.add_argument("--iterations", type=int, metavar="N", help="try N moves; the clock is not looked at")
        command.add_argument("--seed", type=int, default=0, metavar="N")
    for command in (one, many):
        command.add_argument("--prove", action="store_true", help="spend time on a tighter upper bound")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0 fine, 1 no loop, no trek or a failed check, 2 wrong use or bad input."""
    options = _parser().parse_args(arguments)
    try:
        return {"solve": _solve, "trek": _trek, "bench": _bench}[options.command](options)
    except (ValueError, OSError) as error:
        text = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and error.strerror else str(error)
        print(f"python -m solver: {text}", file=sys.stderr)
        return 2


def _solve(options: argparse.Namespace) -> int:
    instance = read_instance(options.instance)
    result = solve(
        instance.problem,
        time_limit=options.time_limit,
        iterations=options.iterations,
        seed=options.seed,
        prove=options.prove,
    )
    if options.output:
        write_loop(result, options.output)
    else:
        print(json.dumps(loop_json(result)))
    if result.reason:
        print(result.reason, file=sys.stderr)
    return 0 if result.loop else 1


def _trek(options: argparse.Namespace) -> int:
    problem = read_trek_instance(options.instance).problem
    result = solve_trek(problem, time_limit=options.time_limit, iterations=options.iterations, seed=options.seed)
    if options.output:
        options.output.write_text(json.dumps(trek_json(result, problem)) + "\n", encoding="utf-8")
    print(_days(result, problem))
    if result.obstacle:
        print(result.obstacle.words, file=sys.stderr)
    return 0 if result.trek else 1


def _days(result: TrekResult, problem: TrekProblem) -> str:
    """A trek as a table, a day a line."""
    trek = result.trek
    if trek is None:
        return f"{result.status}: no trek"
    lines = [
        f"{result.status}: score {trek.score}, length {trek.length}, repeated {trek.repeated}, "
        f"objective {problem.objective(trek)}, from node {trek.start}",
        f"{'day':>3}{'length':>9}{'ascent':>8}{'descent':>9}{'edges':>7}  night",
    ]
    for number, day in enumerate(trek.days, 1):
        night = "-"
        if day.camp is not None:
            camp = problem.camps[day.camp]
            night = f"camp {day.camp} at node {camp.node}" + (f", spur {camp.spur}" if camp.spur else "")
        lines.append(f"{number:>3}{day.length:>9}{day.ascent:>8}{day.descent:>9}{len(day.walk):>7}  {night}")
    return "\n".join(lines)


def _bench(options: argparse.Namespace) -> int:
    paths = sorted(options.folder.glob("*.json"))
    if not paths:
        raise ValueError(f"{options.folder} holds no .json files")
    print(version_text())
    print(HEADING)
    rows = []
    with ExitStack() as stack:
        file = stack.enter_context(options.jsonl.open("a", encoding="utf-8")) if options.jsonl else None
        for path in paths:
            row, result = measure(
                read_instance(path),
                time_limit=options.time_limit,
                iterations=options.iterations,
                seed=options.seed,
                prove=options.prove,
            )
            rows.append(row)
            print(_line(row), flush=True)
            if file:
                print(row.as_json(about()), file=file, flush=True)
            if options.walks:
                keep_if_better(row, result, options.walks)
    print(_told(Summary.of(rows)))
    return 0 if all(row.valid for row in rows) else 1


def _line(row: Measurement) -> str:
    best = "-" if row.best_known is None else f"{row.best_known}{'*' if row.proven else ' '}"
    return (
        f"{row.instance:<42}{row.edges:>7}{best:>11}{_shown(row.score, 'none'):>8}{_percent(row.loss_percent):>8}"
        f"{_shown(row.bound):>8}{_percent(row.gap_percent):>7}{row.seconds:>7.2f}"
        f"  {row.status if row.valid else 'INVALID'}"
    )


def _shown(value: int | None, instead: str = "-") -> str:
    return instead if value is None else str(value)


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _told(summary: Summary) -> str:
    """A summary in words."""
    lines = [f"{summary.count} instances, {summary.answered} answered, {summary.invalid} invalid answers"]
    if loss := summary.loss:
        lines.append(
            f"loss against the best known: mean {loss.mean:.3f} %, median {loss.median:.3f} %, "
            f"90th percentile {loss.p90:.3f} %, worst {loss.worst:.3f} %; {summary.better} better than the best known"
        )
    if loss := summary.proven_loss:
        exact = f"exact {summary.exact} of {summary.proven}"
        lines.append(f"proven ones (*): mean {loss.mean:.3f} %, worst {loss.worst:.3f} %, {exact}")
    gap = "" if summary.median_gap is None else f", median gap of the others {summary.median_gap:.2f} %"
    lines.append(f"proven optimal here: {summary.optimal}{gap}; slowest answer {summary.slowest_s:.3f} s")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
