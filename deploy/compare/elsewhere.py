"""Targets that run elsewhere, as the command line names them: where, made of what, and what may be done with them."""

from __future__ import annotations

import argparse
import re
import subprocess
import time
from collections.abc import Sequence
from dataclasses import fields
from difflib import get_close_matches
from urllib.parse import SplitResult, urlsplit

from deploy.bill import Usage, bill
from deploy.command import Failed, WrongUse, last_line
from deploy.compare.comparison import Candidate
from deploy.compare.summary import Target
from deploy.compare.trips import Trips, wishes
from deploy.prices import NoPrice
from deploy.setup import SETUPS, Setup

#: What `--url` may call a target.
NAME = "a name that begins with ec2, lambda or fargate, such as lambda-arm"
_COMMAND_S = 1800
#: A use that needs every price that there is to know of a target.
_SOMETHING = Usage(requests=1, busy_s=1, unit_hours=1, cpu_hours=1, answer_gb=1, log_gb=1, connections=1, nat_gb=1)


def settable() -> str:
    """What `--set` knows of each kind, a line each."""
    return "\n".join(f"  {kind}: {', '.join(one.name for one in fields(cls))}" for kind, cls in SETUPS.items())


def candidates(arguments: argparse.Namespace) -> list[Candidate]:
    """What the options say; none with `--local`.

    Raises
    ------
    WrongUse : they make no sense; says which, and what would be right.
    """
    urls = _by_name(arguments.url, "--url", "NAME=URL")
    if arguments.local == bool(urls):
        raise WrongUse("want either --local or --url NAME=URL, once for each target")
    if arguments.local:
        if arguments.set or arguments.renew or arguments.resize or arguments.commit or arguments.region:
            raise WrongUse("--set, --renew, --resize, --commit and --region are for targets given by --url")
        return []
    if arguments.only:
        raise WrongUse("--only is for --local")
    settings = _settings(arguments.set, urls)
    renew = _by_name(arguments.renew, "--renew", "NAME=COMMAND", known=urls)
    resize = _by_name(arguments.resize, "--resize", "NAME=COMMAND", known=urls)
    return [_candidate(name, url, settings, renew, resize, arguments) for name, url in urls.items()]


def trips(candidates: Sequence[Candidate], seed: int) -> Trips:
    """What there is to ask for, as the first of them says that answers.

    Raises
    ------
    Failed : none does; says why of each.
    """
    why = []
    for one in candidates:
        try:
            return wishes(one.target.url, seed)
        except Failed as error:
            why.append(f"{one.target.name}: {error}")
    raise Failed("; ".join(why))


def _candidate(
    name: str,
    url: str,
    settings: dict[str, dict[str, str]],
    renew: dict[str, str],
    resize: dict[str, str],
    arguments: argparse.Namespace,
) -> Candidate:
    parts = _parts(url)
    if parts and parts.username:  # not repeated: there may be a password behind it
        raise WrongUse(f"--url {name} has a user in it, who would be in the report; want https://loops.example")
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise WrongUse(f"--url {name} is {url!r}, want an address such as https://loops.example")
    kind = next((kind for kind in SETUPS if name == kind or name.startswith(f"{kind}-")), None)
    if kind is None:
        raise WrongUse(f"--url has the name {name!r}, want {NAME}")
    setup = _setup(name, kind, settings.get(name, {}))
    memory_mb = getattr(setup, "memory_mb", None)
    if name in resize and kind != "lambda":
        raise WrongUse(f"--resize is for a function, and {name} is none")
    if name in resize and "{memory_mb}" not in resize[name]:
        raise WrongUse(f"--resize {name} is {resize[name]!r}, want a command with {{memory_mb}} in it")
    target = Target(name, setup, url.rstrip("/"), commit=arguments.commit, region=arguments.region, memory_mb=memory_mb)

    def sized(memory_mb: int) -> str:
        _run(resize[name].replace("{memory_mb}", str(memory_mb)))
        return target.url

    return Candidate(
        target,
        renew=(lambda: _run(renew[name])) if name in renew else None,
        resize=sized if name in resize else None,
    )


def _parts(url: str) -> SplitResult | None:
    """The parts of an address; None where it is none."""
    try:
        parts = urlsplit(url)
        return parts if re.fullmatch(r"[!-~]+", url) and parts.port != 0 else None
    except ValueError:  # a port beyond 65535, a broken address of IPv6
        return None


def _run(command: str) -> float:
    """Run an operator's own command; returns the seconds it took."""
    began = time.monotonic()
    try:
        done = subprocess.run(  # noqa: S602 - the operator's own words, on the operator's own machine
            command, shell=True, capture_output=True, text=True, timeout=_COMMAND_S, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"{command!r} takes more than {_COMMAND_S} s") from None
    if done.returncode:
        raise Failed(f"{command!r} ended with {done.returncode}: {last_line(done.stderr) or last_line(done.stdout)}")
    return time.monotonic() - began


def _by_name(given: Sequence[str], option: str, form: str, *, known: dict[str, str] | None = None) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise WrongUse(f"{option} is {text!r}, want {form}")
        if name in found:
            raise WrongUse(f"{option} names {name} twice")
        if known is not None and name not in known:
            raise WrongUse(f"{option} names {name!r}, want one of the targets: {', '.join(known)}")
        found[name] = value
    return found


def _settings(given: Sequence[str], urls: dict[str, str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for text in given:
        place, equals, value = text.partition("=")
        name, dot, field = place.rpartition(".")
        if not (name and dot and field and equals):
            raise WrongUse(f"--set is {text!r}, want NAME.FIELD=VALUE such as lambda.memory_mb=1024")
        if name not in urls:
            raise WrongUse(f"--set names {name!r}, want one of the targets: {', '.join(urls)}")
        found.setdefault(name, {})[field] = value
    return found


def _setup(name: str, kind: str, values: dict[str, str]) -> Setup:
    """The setup of a kind, with some fields as they were given."""
    cls = SETUPS[kind]
    types = {one.name: type(one.default) for one in fields(cls)}
    read: dict[str, object] = {}
    for field, text in values.items():
        if field not in types:
            near = get_close_matches(field, types, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise WrongUse(f"--set {name}.{field} is unknown, want one of {', '.join(types)}{hint}")
        read[field] = _value(f"--set {name}.{field}", text, types[field])
    try:
        setup = cls(**read)  # type: ignore[arg-type]
        bill(setup, _SOMETHING)
    except (ValueError, NoPrice) as error:
        raise WrongUse(f"--set {name}: {error}") from None
    return setup


def _value(what: str, text: str, kind: type) -> object:
    if kind is bool:
        if text not in ("yes", "no"):
            raise WrongUse(f"{what} is {text!r}, want yes or no")
        return text == "yes"
    if kind is str:
        return text
    try:
        number = kind(text)
    except ValueError:
        number = -1
    if not 0 <= number < 1e9:
        raise WrongUse(f"{what} is {text!r}, want {'a whole number' if kind is int else 'a number'} of 0 or more")
    return number
