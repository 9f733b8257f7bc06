"""What an operator chooses, from the command line to the template's parameters."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from deploy.bill import Usage, a_million_trips, beyond, bill, priced
from deploy.command import WrongUse
from deploy.plan import Resource
from deploy.prices import Cost, price, total
from deploy.setup import Lambda
from deploy.values import like, one_of, or_none, whole

from .gateway import GATEWAYS
from .packaging import HANDLERS, RUNTIMES, Recipe

_SECRET = re.compile(r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[^\s*]+")
_PARAMETER = re.compile(r"ssm:/?[A-Za-z0-9_./-]+")
_ACCESS_POINT = re.compile(r"arn:aws[a-z-]*:elasticfilesystem:[a-z0-9-]+:\d{12}:access-point/fsap-[0-9a-f]+")
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_.-]+")
#: What CloudWatch Logs takes.
_LOG_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
#: Option -> parameter of the template; an option that is not given keeps what runs, or the template's default.
PARAMETERS = {
    "gateway": "Gateway",
    "runtime": "Runtime",
    "arch": "Architecture",
    "memory_mb": "MemoryMb",
    "timeout_s": "TimeoutS",
    "concurrency": "Concurrency",
    "keep_warm": "KeepWarm",
    "log_days": "LogDays",
    "alarm_topic": "AlarmTopic",
    "database_secret": "SecretName",
    "efs": "EfsAccessPoint",
    "efs_file": "EfsFile",
    "subnets": "Subnets",
    "security_groups": "SecurityGroups",
}
DEFAULTS = {
    "Gateway": "http",
    "Handler": HANDLERS["zappa"],
    "Runtime": "python3.13",
    "Architecture": "x86_64",
    "MemoryMb": "1769",
}


@dataclass(frozen=True)
class Choices:
    """The template's parameters, and the file of trails to take along.

    Raises
    ------
    WrongUse : they do not go together.
    """

    parameters: Mapping[str, str]
    data: Path | None = None

    def __post_init__(self) -> None:
        chosen = self.parameters
        where = [
            word
            for word, name in (("--database-secret", "SecretName"), ("--efs", "EfsAccessPoint"))
            if chosen.get(name)
        ]
        if self.data:
            where.append("--data")
        if len(where) > 1:
            raise WrongUse(f"{' and '.join(where)} both say where the trails are: choose one")
        if bool(chosen.get("Subnets")) != bool(chosen.get("SecurityGroups")):
            raise WrongUse("--subnets and --security-groups belong together: give both or neither")
        if chosen.get("EfsAccessPoint") and not chosen.get("Subnets"):
            raise WrongUse("--efs needs --subnets and --security-groups that reach the file system")

    @property
    def elsewhere(self) -> bool:
        """Whether the trails are not in the package."""
        return bool(self.parameters.get("SecretName") or self.parameters.get("EfsAccessPoint"))

    def recipe(self, data: Path | None) -> Recipe:
        """What to pack, with these trails."""
        return Recipe(
            runtime=self.parameters["Runtime"],
            arch=self.parameters["Architecture"],
            data=data,
            bare=self.elsewhere,
        )


def options(parser: argparse.ArgumentParser, verb: str) -> None:
    """The options of `up`, `update` and `package`."""
    add = parser.add_argument
    running = " (default: the running Python)" if verb == "package" else " (default: python3.13)"
    add(
        "--data",
        type=Path,
        metavar="FILE.db",
        help="SQLite file with trails, to go into the package (default: a sample)",
    )
    add("--runtime", choices=RUNTIMES, help=f"Python of the function{running}")
    add("--arch", choices=("x86_64", "arm64"), help="processor (default: x86_64)")
    add("--handler", choices=HANDLERS, help="which of the two handlers in the package to use (default: zappa)")
    if verb == "package":
        return
    add(
        "--gateway",
        choices=GATEWAYS,
        help="what is in front: an HTTP API, a REST API or a function URL (default: http)",
    )
    add("--memory-mb", type=whole(128, 10240), metavar="MB", help="128 to 10240; 1769 is one processor (default: 1769)")
    add("--timeout-s", type=whole(12, 900), metavar="S", help="longest answer; an API gives up after 29 (default: 29)")
    add("--concurrency", type=or_none(whole(1, 10000)), metavar="N", help="at most N sandboxes; none: no limit")
    add("--keep-warm", choices=("yes", "no"), help="ask every 4 minutes, so that one sandbox stays (default: no)")
    add("--log-days", type=one_of(_LOG_DAYS), metavar="N", help="how long logs are kept (default: 30)")
    add(
        "--alarm-topic",
        type=or_none(like(_TOPIC, "arn:aws:sns:REGION:ACCOUNT:NAME")),
        metavar="ARN",
        help="SNS topic to alarm",
    )
    add(
        "--database-secret",
        type=or_none(_secret),
        metavar="ARN|ssm:NAME",
        help="where the database URL is kept: Secrets Manager or SSM Parameter Store; none: no database",
    )
    add(
        "--efs",
        type=or_none(like(_ACCESS_POINT, "arn:aws:elasticfilesystem:REGION:ACCOUNT:access-point/fsap-…")),
        metavar="ARN",
        help="EFS access point with the trails, mounted at /mnt/trails; none: no EFS",
    )
    add("--efs-file", type=_file, metavar="FILE.db", help="the file with trails on it (default: trails.db)")
    add(
        "--subnets",
        type=or_none(_ids("subnet")),
        metavar="ID,ID",
        help="run in these subnets; none: in no network of yours",
    )
    add("--security-groups", type=or_none(_ids("sg")), metavar="ID,ID", help="with these security groups")


def choose(arguments: argparse.Namespace, running: Mapping[str, str] | None = None) -> Choices:
    """What is asked for, on top of what runs already.

    Raises
    ------
    WrongUse : it does not go together.
    """
    given = {
        name: str(value) for option, name in PARAMETERS.items() if (value := getattr(arguments, option)) is not None
    }
    if arguments.handler:
        given["Handler"] = HANDLERS[arguments.handler]
    if secret := given.get("SecretName"):
        given["SecretArn"] = secret_arn(secret)
    elif secret == "":
        given["SecretArn"] = ""
    return Choices({**DEFAULTS, **(running or {}), **given}, arguments.data)


def secret_arn(name: str) -> str:
    """What the role may read, of what it is told to read. A parameter gets its region and account from the stack."""
    return name if name.startswith("arn:") else f"parameter/{name.removeprefix('ssm:').lstrip('/')}"


def costs(parameters: Mapping[str, str]) -> tuple[list[Cost], list[Cost]]:
    """A month without traffic, and a million trips of one second each."""
    setup = Lambda(
        memory_mb=int(parameters["MemoryMb"]), arch=parameters["Architecture"], gateway=parameters["Gateway"]
    )
    idle = bill(setup, Usage())
    if parameters.get("AlarmTopic"):
        idle.append(Cost("2 alarms", 2 * price("logs.alarm")))
    if parameters.get("KeepWarm") == "yes":
        calls = 30.4 * 24 * 15
        # they come from a rule, so that no gateway is in between
        warm = priced(beyond(replace(setup, gateway="url"), Usage(requests=calls, busy_s=calls * 0.01)))
        idle.append(Cost(f"{calls:.0f} calls to keep warm, 10 ms each", total(warm)))
    return idle, priced(beyond(setup, a_million_trips()))


def notes(choices: Choices) -> list[str]:
    """What an operator should know beforehand."""
    said = [
        "prices are of us-east-1, from deploy/prices.toml, without free tiers",
        "a trip is reckoned as a second of search; one that was asked before takes some 10 ms",
    ]
    if not choices.data and not choices.elsewhere:
        said.append("no --data: the synthetic sample region, which is nowhere, unless trails run there already")
    if choices.parameters.get("Subnets"):
        said.append(
            "in your subnets the function has no way to the internet, Secrets Manager and SSM included, without a NAT "
            "gateway (33 USD a month) or an endpoint (7 USD a month); `down` may take 20 minutes or more"
        )
    if choices.parameters.get("SecretName"):
        said.append("the secret is read at each cold start; after changing it, run update")
    return said


def bucket_resource(name: str) -> Resource:
    """The bucket, as a plan shows it."""
    return Resource(
        "AWS::S3::Bucket",
        f"{name}-lambda-<digest of the account and region>",
        {"access": "private", "encryption": "AES256", "holds": "the newest two packages"},
    )


def _secret(text: str) -> str:
    if "://" in text:  # do not repeat what may be a password
        raise argparse.ArgumentTypeError("is a database URL; put it into Secrets Manager or SSM and say its name here")
    if not (_SECRET.fullmatch(text) or _PARAMETER.fullmatch(text)):
        raise argparse.ArgumentTypeError(
            f"is {text!r}, want arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME or ssm:NAME"
        )
    return text


def _file(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_./-]*", text) or ".." in text:
        raise argparse.ArgumentTypeError(f"is {text!r}, want a file within the access point, such as alps.db")
    return text


def _ids(kind: str) -> Callable[[str], str]:
    return like(rf"{kind}-[0-9a-f]+(,{kind}-[0-9a-f]+)*", f"ids such as {kind}-0123abcd, separated by commas")
