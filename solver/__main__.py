"""python -m solver: solve one problem, or measure the solver on a folder of them."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NoReturn, TextIO

from solver.instances import Instance, loop_json, read_instance, write_loop
from solver.kernel import COMPILED
from solver.problem import Result, Status
from solver.solve import solve
from solver.verify import violations


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
    one.add_argument("--iterations", type=int, metavar="N", help="try N moves; the clock is not looked at")
    one.add_argument("--prove", action="store_true", help="spend time on a tighter upper bound")
    one.add_argument("--output", type=Path, metavar="LOOP.json", help="write the loop here, not to standard output")
    many = commands.add_parser("bench", help="solve every problem in a folder, compare with the stored references")
    many.add_argument("folder", type=Path)
    many.add_argument("--jsonl", type=Path, metavar="FILE", help="append one JSON line per instance")
    for command in (one, many):
        command.add_argument("--time-limit", type=float, default=1.0, metavar="S", help="seconds (default 1)")
        command.add_argument("--seed", type=int, default=0, metavar="N")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0 fine, 1 no loop or a failed check, 2 wrong use or bad input."""
    options = _parser().parse_args(arguments)
    try:
        return _solve(options) if options.command == "solve" else _bench(options)
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


@dataclass(frozen=True)
class _Row:
    instance: Instance
    result: Result
    seconds: float
    valid: bool

    @property
    def loss(self) -> float | None:
        """Per cent that the best known is better by; 100 without a loop, None without a reference."""
        known = self.instance.reference
        if known is None or known.best_known <= 0:
            return None
        return 100.0 if self.result.loop is None else 100 * (1 - self.result.loop.score / known.best_known)

    def as_json(self, options: argparse.Namespace) -> str:
        """One line for a file of measurements."""
        known, loop = self.instance.reference, self.result.loop
        values = {
            "instance": self.instance.name,
            "edges": len(self.instance.problem.network.edges),
            "trailheads": len(self.instance.problem.trailheads),
            "time_limit_s": options.time_limit,
            "seed": options.seed,
            "status": str(self.result.status),
            "score": loop.score if loop else None,
            "length": loop.length if loop else None,
            "bound": self.result.bound,
            "best_known": known.best_known if known else None,
            "proven": known.proven_optimal if known else None,
            "loss_percent": self.loss,
            "seconds": round(self.seconds, 4),
            "moves": self.result.iterations,
            "compiled": self.result.compiled,
            "valid": self.valid,
        }
        return json.dumps(values)


def _bench(options: argparse.Namespace) -> int:
    paths = sorted(options.folder.glob("*.json"))
    if not paths:
        raise ValueError(f"{options.folder} holds no .json files")
    print(version_text())
    print(f"{'instance':<42}{'edges':>7}{'best known':>11}{'score':>8}{'loss %':>8}{'bound':>8}{'s':>7}  status")
    rows = []
    file = options.jsonl.open("a", encoding="utf-8") if options.jsonl else None
    try:
        for path in paths:
            rows.append(_measured(read_instance(path), options, file))
    finally:
        if file:
            file.close()
    _print_summary(rows)
    return 0 if all(row.valid for row in rows) else 1


def _measured(instance: Instance, options: argparse.Namespace, file: TextIO | None) -> _Row:
    began = time.perf_counter()
    result = solve(instance.problem, time_limit=options.time_limit, seed=options.seed)
    seconds = time.perf_counter() - began
    wrong = violations(instance.problem, result.loop) if result.loop else []
    row = _Row(instance, result, seconds, not wrong)
    if file:
        print(row.as_json(options), file=file, flush=True)
    known = instance.reference
    best = f"{known.best_known}{'*' if known.proven_optimal else ' '}" if known else "-"
    loss = "-" if row.loss is None else f"{row.loss:.2f}"
    score = result.loop.score if result.loop else "none"
    print(
        f"{instance.name:<42}{len(instance.problem.network.edges):>7}{best:>11}{score:>8}{loss:>8}"
        f"{result.bound if result.bound is not None else '-':>8}{seconds:>7.2f}  {'; '.join(wrong) or result.status}",
        flush=True,
    )
    return row


def _print_summary(rows: Sequence[_Row]) -> None:
    losses = sorted(row.loss for row in rows if row.loss is not None)
    found = sum(row.result.loop is not None for row in rows)
    print(f"{len(rows)} instances, {found} answered, {sum(not row.valid for row in rows)} invalid answers")
    if losses:
        p90 = losses[min(len(losses) - 1, round(0.9 * (len(losses) - 1)))]
        print(
            f"loss against the best known: mean {statistics.mean(losses):.3f} %, "
            f"median {statistics.median(losses):.3f} %, 90th percentile {p90:.3f} %, worst {losses[-1]:.3f} %"
        )
    proven = [row for row in rows if row.instance.reference and row.instance.reference.proven_optimal]
    if proven:
        mean = statistics.mean(row.loss or 0.0 for row in proven)
        exact = sum((row.loss or 0.0) <= 0 for row in proven)
        print(f"proven ones (*): mean {mean:.3f} %, exact {exact} of {len(proven)}")
    optimal = sum(row.result.status is Status.OPTIMAL for row in rows)
    print(f"proven optimal here: {optimal}; slowest answer {max(row.seconds for row in rows):.3f} s")


if __name__ == "__main__":
    sys.exit(main())
