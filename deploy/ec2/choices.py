"""What an operator chooses, from the command line to the template's parameters, and what it costs."""

from __future__ import annotations

import argparse
import re
from dataclasses import replace
from pathlib import Path

from deploy import trails
from deploy.bill import SYSTEM_DISK_GB, Usage, a_million_trips, beyond, items, priced
from deploy.command import WrongUse, name_option, region_option, wait_option
from deploy.ec2 import instance
from deploy.prices import Cost, prices
from deploy.setup import Ec2

DEFAULT_INSTANCE = "t4g.small"
DEFAULT_DATA_GIB = 20


def options(parser: argparse.ArgumentParser, verb: str) -> None:
    """The options of each verb; what is not said again stays as it is."""
    name_option(parser)
    region_option(parser)
    if verb in ("up", "update", "rollback"):
        wait_option(parser, seconds=900)
    if verb in ("up", "update"):
        add = parser.add_argument
        add("--data", type=Path, metavar="FILE.db", help="SQLite file with the trails (default: the sample region)")
        database = parser.add_mutually_exclusive_group()
        database.add_argument(
            "--postgres", action="store_true", help="PostgreSQL with PostGIS on the instance, and the importers"
        )
        database.add_argument(
            "--database-secret",
            metavar="ARN",
            help="secret or SSM parameter with the URL of a PostgreSQL server elsewhere, such as RDS",
        )
        add("--domain", metavar="NAME", help="host name to serve by TLS; its DNS entry is yours to make")
        add("--email", metavar="E", help="whom Let's Encrypt may write to about the certificate (with --domain)")
    if verb == "up":
        add("--instance", metavar="TYPE", help=f"instance type (default: {DEFAULT_INSTANCE})")
        add("--data-gib", type=int, metavar="N", help=f"size of the data volume (default: {DEFAULT_DATA_GIB})")
        add("--from-snapshot", metavar="snap-…", help="begin with the data of a snapshot (implies --replace)")
        add("--subnet", metavar="subnet-…", help="a public subnet of a network of yours (default: a new network)")
        add("--image", metavar="ami-…", help="a Debian 12 image of your own (default: Debian's newest)")
        add("--alarm-email", metavar="E", help="who hears when an alarm goes off")
        add(
            "--replace",
            action="store_true",
            help="make the instance anew from the newest image; minutes without service, the data is kept",
        )
    if verb == "down":
        parser.add_argument("--delete-data", action="store_true", help="delete the snapshots of the data, too")


def check(arguments: argparse.Namespace) -> None:
    """Find out what makes no sense before anything is done.

    Raises
    ------
    WrongUse : says what would be right.
    """
    if arguments.data:
        if arguments.postgres or arguments.database_secret:
            raise WrongUse(
                "--data is a file for the instance's own SQLite; a PostgreSQL server is filled by loopgenie import"
            )
        trails.check(arguments.data)
    if bool(arguments.domain) != bool(arguments.email):
        raise WrongUse("--domain and --email belong together: Let's Encrypt wants an address to write to")
    if arguments.domain and not re.fullmatch(
        r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", arguments.domain
    ):
        raise WrongUse(
            f"--domain is {arguments.domain!r}, want a host name in small letters such as trails.example.org"
        )
    if arguments.email and not re.fullmatch(r"[^@\s']+@[^@\s']+\.[^@\s']+", arguments.email):
        raise WrongUse(f"--email is {arguments.email!r}, want an address such as me@example.org")
    secret = arguments.database_secret
    if secret and not re.fullmatch(
        r"arn:[a-z-]+:(secretsmanager|ssm):[a-z0-9-]+:\d{12}:(secret:|parameter/)[^\s*?']+", secret
    ):
        # not repeated: whoever takes it for the URL itself has just typed a password
        raise WrongUse("--database-secret wants the ARN of a secret in Secrets Manager or of a parameter in SSM")
    if getattr(arguments, "instance", None):
        instance.architecture(arguments.instance)
    for option, pattern in (("from_snapshot", "snap"), ("subnet", "subnet"), ("image", "ami")):
        value = getattr(arguments, option, None)
        if value and not re.fullmatch(rf"{pattern}-[0-9a-f]{{8,17}}", value):
            raise WrongUse(f"--{option.replace('_', '-')} is {value!r}, want {pattern}-0123456789abcdef0 or the like")
    size = getattr(arguments, "data_gib", None)
    if size is not None and not 1 <= size <= 16384:
        raise WrongUse(f"--data-gib is {size}, want 1 to 16384")


def given(arguments: argparse.Namespace) -> dict[str, str]:
    """The template's parameters that the command line names."""
    named = {
        "InstanceType": arguments.instance,
        "Image": arguments.image,
        "DataGiB": arguments.data_gib,
        "DataSnapshot": arguments.from_snapshot,
        "Subnet": arguments.subnet,
        "DatabaseSecret": arguments.database_secret,
        "AlarmEmail": arguments.alarm_email,
    }
    return {name: str(value) for name, value in named.items() if value is not None}


def costs(kind: str, data_gib: int) -> tuple[list[Cost], list[Cost]]:
    """A month without traffic, and a million trips on top; without the instance where no price is known for it."""
    setup = Ec2(instance=kind, disk_gb=SYSTEM_DISK_GB + data_gib)
    if f"ec2.{kind}" in prices():
        return priced(items(setup, Usage())), priced(beyond(setup, a_million_trips()))
    idle = [item for item in items(setup, Usage()) if item.part != "compute"]
    return priced(idle), priced(beyond(setup, replace(a_million_trips(), cpu_hours=0)))


def notes(arguments: argparse.Namespace, kind: str) -> list[str]:
    """What the operator should know before saying yes."""
    found = []
    if f"ec2.{kind}" not in prices():
        found.append(f"no price is known for {kind}; the sum is without it")
    if not arguments.domain:
        found.append("without --domain it is served by plain HTTP, which everybody on the way can read")
    if not (arguments.data or arguments.postgres or arguments.database_secret):
        found.append("without --data a new one serves the synthetic sample region, which is nowhere")
    if arguments.replace or arguments.from_snapshot:
        found.append("the instance is made anew: some minutes without service")
    return found
