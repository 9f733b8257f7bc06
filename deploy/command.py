"""The one command line of all targets: `up`, `status`, `update` and `down`.

Progress goes to stderr. What was asked for goes to stdout: with `--dry-run` the plan, else, as the last line, the
base URL.
Exit codes: 0 fine; 1 it did not work (the cloud failed, the service does not answer); 2 wrong use, with one line that
says what would be right. Every verb may be run again after any failure, and goes on from what it finds.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from typing import NoReturn, Protocol

from deploy.plan import Plan
from deploy.values import like, whole

#: What stacks, functions, buckets and DNS names all allow.
_NAME = like(
    r"[a-z][a-z0-9-]{1,30}[a-z0-9]", "3 to 32 small letters, digits and hyphens, a letter first and no hyphen last"
)
VERBS = {
    "up": "make what is not there yet, and bring what is there up to date",
    "status": "say what there is and whether it answers",
    "update": "bring a new version out, without a failed request",
    "down": "take everything away again",
}


class WrongUse(Exception):
    """What was asked for makes no sense, or something it needs is not there; the text says what would be right."""


class Failed(Exception):
    """It was tried and did not work; the text says what happened and what to do."""


class Target(Protocol):
    """A platform. `deploy.TARGET.deploy` holds one and hands it to `run`."""

    name: str
    about: str

    def options(self, parser: argparse.ArgumentParser, verb: str) -> None:
        """Add this target's own options for a verb."""

    def plan(self, arguments: argparse.Namespace, verb: str) -> Plan:
        """What a verb would do, without asking the cloud; raises `WrongUse`."""

    def up(self, arguments: argparse.Namespace) -> str:
        """Make it, wait until it is healthy, and return its base URL."""

    def status(self, arguments: argparse.Namespace) -> str:
        """Say what there is, line by line, and return the base URL; raises `Failed` where it does not answer."""

    def update(self, arguments: argparse.Namespace) -> str:
        """Bring this version out and return the base URL."""

    def down(self, arguments: argparse.Namespace) -> None:
        """Take everything away; raises `Failed` where something is left."""


Command = Callable[[argparse.Namespace], "str | None"]


def run(target: Target, argv: Sequence[str] | None = None, *, more: Sequence[tuple[str, str]] = ()) -> int:
    """Do what a command line says; returns the exit code.

    Parameters
    ----------
    more : further verbs of this target, (name, what it does); each is a method of the target.
    """
    arguments = _parser(target, more).parse_args(argv)
    try:
        if getattr(arguments, "dry_run", False):
            print(target.plan(arguments, arguments.verb).text(), end="")
            return 0
        if arguments.verb in ("up", "update"):
            say(target.plan(arguments, arguments.verb).costs_text())
        command: Command = getattr(target, arguments.verb)
        answer = command(arguments)
    except (WrongUse, Failed) as error:
        print(f"{target.name} {arguments.verb}: {error}", file=sys.stderr)
        return 2 if isinstance(error, WrongUse) else 1
    except KeyboardInterrupt:
        print(f"{target.name} {arguments.verb}: stopped; run it again to go on from here", file=sys.stderr)
        return 1
    if answer:
        print(answer)
    return 0


def say(text: str) -> None:
    """A line of progress, with the time."""
    for line in text.splitlines():
        print(f"{time.strftime('%H:%M:%S')}  {line}", file=sys.stderr, flush=True)


def last_line(text: str) -> str:
    """The last line that says something, shortened: where most programs tell what is wrong. Empty where none does."""
    # Docker ends with where to find help
    lines = [line.strip() for line in text.splitlines() if line.strip() and "--help" not in line]
    return lines[-1][:400] if lines else ""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        target, _, verb = self.prog.removeprefix("python -m deploy.").partition(".deploy")
        print(f"{' '.join([target, *verb.split()])}: {message} (see {self.prog} --help)", file=sys.stderr)
        raise SystemExit(2)


def _parser(target: Target, more: Sequence[tuple[str, str]]) -> argparse.ArgumentParser:
    parser = _Parser(prog=f"python -m deploy.{target.name}.deploy", description=target.about, allow_abbrev=False)
    verbs = parser.add_subparsers(title="verbs", dest="verb", required=True, metavar="VERB")
    for verb, about in (*VERBS.items(), *more):
        options = verbs.add_parser(verb, help=about, description=about, allow_abbrev=False)
        if verb in ("up", "update", "down"):
            options.add_argument("--dry-run", action="store_true", help="print what would be done, and do nothing")
        target.options(options, verb)
    return parser


def name_option(parser: argparse.ArgumentParser) -> None:
    """The name of a deployment: one account may have several."""
    parser.add_argument(
        "--name", type=_NAME, default="loopgenie", metavar="NAME", help="name of this deployment (default: loopgenie)"
    )


def region_option(parser: argparse.ArgumentParser) -> None:
    """The region of AWS."""
    parser.add_argument("--region", metavar="REGION", help="AWS region (default: AWS_REGION or your AWS profile's)")


def wait_option(parser: argparse.ArgumentParser, *, seconds: int) -> None:
    """How long to wait until it answers."""
    parser.add_argument(
        "--wait-s",
        type=whole(0, 86_400),
        default=seconds,
        metavar="S",
        help=f"how long it may take to answer; 0: do not wait (default: {seconds})",
    )
