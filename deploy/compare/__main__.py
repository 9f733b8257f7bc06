"""The comparison on the command line: `python -m deploy.compare`.

Progress goes to stderr, the answers and where the report is to stdout. Exit codes: 0 fine; 1 a target is dead, or none
will do (`advise`); 2 wrong use, with one line that says what would be right.
"""

from __future__ import annotations

import argparse
import json
import random
import shlex
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from deploy.command import Failed, WrongUse
from deploy.compare import comparison, elsewhere, progress, regimes, report, standins
from deploy.compare.advice import advise, newest
from deploy.compare.comparison import REQUESTS, SUMMARY, Measuring
from deploy.compare.record import REGIMES, read
from deploy.compare.summary import LOCAL, REAL, Summary
from deploy.compare.traffic import TRACES
from deploy.prices import NoPrice
from deploy.values import number, whole

_PROGRAM = "python -m deploy.compare"
_ROOT = Path(__file__).resolve().parents[2]
_EPILOG = f"""\
further commands:
  {_PROGRAM} report FOLDER     make the report of measured requests again, with the prices and the code of today
  {_PROGRAM} advise            say what to take for a month's traffic and a patience

what --set knows, by the kind of target:
{elsewhere.settable()}

examples:
  {_PROGRAM} --local
  {_PROGRAM} --url ec2=https://a.example --url lambda=https://b.example --set lambda.memory_mb=1024
  {_PROGRAM} advise --requests-per-month 1000000 --p99-ms 3000

exit codes: 0 fine; 1 a target is dead, or none will do; 2 wrong use
"""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        print(f"compare: {message} (see {self.prog} --help)", file=sys.stderr)
        raise SystemExit(2)


def main(argv: Sequence[str] | None = None) -> int:
    """Do what a command line says; returns the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    verb, options = split(words)
    arguments = options.parse_args(words[bool(verb) :])
    try:
        return {"": _measure, "report": _report, "advise": _advise}[verb](arguments, words)
    except (WrongUse, ValueError, NoPrice) as error:
        print(f"compare: {error}", file=sys.stderr)
        return 2
    except (Failed, OSError) as error:
        print(f"compare: {error}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        print(
            f"compare: needs the extra `compare`, there is no {error.name}: pip install '.[compare]'", file=sys.stderr
        )
        return 2
    except KeyboardInterrupt:
        print("compare: stopped; what was measured so far is kept", file=sys.stderr)
        return 1


def split(words: Sequence[str]) -> tuple[str, argparse.ArgumentParser]:
    """The verb that a command line begins with, empty for measuring, and the options of it."""
    verb = words[0] if words and words[0] in ("report", "advise") else ""
    return verb, {"": _measure_options, "report": _report_options, "advise": _advise_options}[verb]()


# --- measure --------------------------------------------------------------------------------------------------------


def _measure_options() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=_PROGRAM,
        description="Measure targets side by side with the same trips, price them, carry both to a month's traffic, "
        "and say which to take.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--local", action="store_true", help="build, start and measure stand-ins on this machine (needs an engine)"
    )
    parser.add_argument(
        "--url",
        action="append",
        default=[],
        metavar="NAME=URL",
        help=f"what runs there; NAME: {elsewhere.NAME}",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME.FIELD=VALUE",
        help="what a target is made of, for its costs and its scaling",
    )
    parser.add_argument(
        "--renew",
        action="append",
        default=[],
        metavar="NAME=COMMAND",
        help="a command that starts a target anew, for cold starts on purpose",
    )
    parser.add_argument(
        "--resize",
        action="append",
        default=[],
        metavar="NAME=COMMAND",
        help="a command that gives a function {memory_mb} of memory, for the sweep",
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=standins.NAMES,
        metavar="NAME",
        help="with --local: this stand-in and no other; may be given again",
    )
    parser.add_argument(
        "--output", type=Path, metavar="FOLDER", help="where requests and report go (default: comparison-DATE)"
    )
    parser.add_argument(
        "--size",
        choices=("quick", "local", "full"),
        help="how much is asked: seconds, minutes or half an hour a target (default: local with --local, else full)",
    )
    parser.add_argument(
        "--seed",
        type=whole(0, 2**32),
        metavar="N",
        help="of trips and arrivals (default: a new one, so that no answer is kept from before)",
    )
    parser.add_argument("--commit", default="", metavar="ID", help="with --url: what runs there")
    parser.add_argument("--region", default="", metavar="REGION", help="with --url: where")
    parser.add_argument("--timeout-s", type=whole(1, 600), default=30, metavar="S", help="of a request (default: 30)")
    return parser


def _measure(arguments: argparse.Namespace, given: Sequence[str]) -> int:
    candidates = elsewhere.candidates(arguments)
    local = bool(arguments.local)
    sizes = {"quick": regimes.QUICK, "local": regimes.LOCAL, "full": regimes.REMOTE}[
        arguments.size or ("local" if local else "full")
    ]
    names = tuple(arguments.only or standins.NAMES) if local else tuple(one.target.name for one in candidates)
    swept = [name for name in names if name == "lambda"] if local else [c.target.name for c in candidates if c.resize]
    seed = random.SystemRandom().randrange(2**32) if arguments.seed is None else arguments.seed
    folder = _unused(arguments.output)
    if local:
        standins.check(names)
    trips = None if local else elsewhere.trips(candidates, seed)
    folder.mkdir(parents=True, exist_ok=True)
    about = comparison.about_run(
        LOCAL if local else REAL, command=shlex.join(["python", "-m", "deploy.compare", *given]), seed=seed
    )
    with progress.shown(comparison.expected_s(names, sizes, local=local, swept=swept)) as steps:
        run = Measuring(folder / REQUESTS, sizes, seed, steps, arguments.timeout_s, trips)
        if local:
            with tempfile.TemporaryDirectory(prefix="loopgenie-compare-") as scratch:
                comparison.measure_local(run, names, standins.Caps(), Path(scratch))
        else:
            comparison.measure_urls(run, candidates)
        steps.begin("simulate")
        about = replace(about, notes=tuple(run.notes))
        depth = comparison.BRIEF if sizes is regimes.QUICK else comparison.FULL
        found = comparison.summarise(about, run.targets, run.records, faults=run.faults, depth=depth, steps=steps)
        steps.begin("report")
        return _tell(replace(found, about=replace(found.about, took_s=round(steps.took_s))), folder)


def _tell(summary: Summary, folder: Path) -> int:
    report.write(summary, folder)
    for answer in summary.answer:
        print(answer)
    dead = [one.name for one in summary.targets if not one.alive]
    for name in dead:
        why = next((one.text for one in summary.faults if one.target == name), "no right answer")
        print(f"compare: {name} is dead: {why}", file=sys.stderr)
    print(folder / "report.html")
    return 1 if dead else 0


def _unused(wanted: Path | None) -> Path:
    folder = wanted or Path(time.strftime("comparison-%Y-%m-%d-%H%M%S"))
    if (folder / REQUESTS).exists():
        raise WrongUse(f"--output is {folder}, which holds a comparison already; want another folder")
    return folder


# --- report ---------------------------------------------------------------------------------------------------------


def _report_options() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=f"{_PROGRAM} report", description="Make the report of measured requests again.", allow_abbrev=False
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="of a comparison")
    parser.add_argument(
        "--docs", type=Path, metavar="FILE.md", help="write the Markdown there, too, with its pictures beside it"
    )
    return parser


def _report(arguments: argparse.Namespace, _: Sequence[str]) -> int:
    folder = arguments.folder
    if not (folder / SUMMARY).is_file() or not (folder / REQUESTS).is_file():
        raise WrongUse(f"{folder} is no folder of a comparison: {SUMMARY} or {REQUESTS} is not there")
    before = Summary.read(folder / SUMMARY)
    records = list(read(folder / REQUESTS))
    kept = tuple(one for one in before.faults if one.regime not in REGIMES)
    with progress.shown({"simulate": 100.0, "report": 5.0}) as steps:
        steps.begin("simulate")
        found = comparison.summarise(before.about, before.targets, records, faults=kept, steps=steps)
        steps.begin("report")
        status = _tell(found, folder)
        if arguments.docs:
            report.write_docs(found, arguments.docs)
    return status


# --- advise ---------------------------------------------------------------------------------------------------------


def _advise_options() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=f"{_PROGRAM} advise",
        description="Say what to take for a month's traffic and a patience.",
        allow_abbrev=False,
    )
    parser.add_argument("--requests-per-month", type=number(1, 1e10, "1000000"), required=True, metavar="N")
    parser.add_argument(
        "--p99-ms", type=number(1, 600_000, "3000"), required=True, metavar="MS", help="what the slowest 1 %% may wait"
    )
    parser.add_argument("--traffic", choices=TRACES, default="hiking", help="shape of the traffic (default: hiking)")
    parser.add_argument(
        "--arch",
        choices=("x86_64", "arm64"),
        help="buy this processor, at the speed that was measured (default: as measured)",
    )
    parser.add_argument(
        "--free-tier", action="store_true", help="take off what is free in every month of every account"
    )
    parser.add_argument(
        "--from",
        type=Path,
        dest="summary",
        metavar="SUMMARY.json",
        help="of which comparison (default: the newest published one)",
    )
    parser.add_argument("--json", action="store_true", help="the answer as JSON")
    return parser


def _advise(arguments: argparse.Namespace, _: Sequence[str]) -> int:
    file = arguments.summary or newest(_ROOT)
    file = file / SUMMARY if file.is_dir() else file
    if not file.is_file():
        raise WrongUse(f"--from is {arguments.summary}, and there is no such file; want a {SUMMARY} or its folder")
    summary = Summary.read(file)
    found = advise(
        summary,
        arguments.requests_per_month,
        arguments.p99_ms,
        trace=arguments.traffic,
        free_tier=arguments.free_tier,
        arch=arguments.arch,
    )
    print(json.dumps(found.as_json(), indent=1, ensure_ascii=False) if arguments.json else found.table())
    return 0 if found.take else 1


if __name__ == "__main__":
    sys.exit(main())
