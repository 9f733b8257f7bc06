"""What an operator chooses, from the command line to what is wanted of a stack."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Mapping
from pathlib import Path

from deploy import command
from deploy.command import WrongUse
from deploy.swarm.stack import HANDED_ON, Wishes

_EVERY = re.compile(r"([1-9][0-9]*)([smh])")


def options(parser: argparse.ArgumentParser, verb: str) -> None:
    """Add the options of a verb."""
    parser.add_argument("host", metavar="HOST", help="local, user@machine, or a docker context")
    command.name_option(parser)
    if verb != "down":
        parser.add_argument("--url", metavar="URL", help="where it is reached (default: HOST and its port)")
    if verb in ("up", "update"):
        parser.add_argument(
            "--image", metavar="IMAGE", help="of the app, from a registry (default: built from this checkout)"
        )
        parser.add_argument(
            "--load", action="store_true", help="hand over --image from the engine here, without a registry"
        )
    if verb in ("up", "update", "rollback"):
        command.wait_option(parser, seconds=300)
    if verb == "up":
        _up_options(parser)
    if verb == "down":
        parser.add_argument(
            "--volumes", action="store_true", help="the database and its passwords, too: the data is lost"
        )


def wishes(arguments: argparse.Namespace, *, image: str, node: str, own_database: bool | None = None) -> Wishes:
    """What is asked for, with the image and the node that were found for it.

    Parameters
    ----------
    own_database : whether the stack has a database of its own; None: as the command line says.

    Raises
    ------
    WrongUse : it makes no sense; says what would be right.
    """
    every_s = _seconds(arguments.update_every)
    if every_s and (arguments.load or not arguments.image):
        raise WrongUse("--update-every looks at a tag in a registry: give one with --image, without --load")
    return Wishes(
        stack=arguments.name,
        image=image,
        replicas=arguments.replicas,
        port=arguments.port,
        node=node,
        own_database=not arguments.database_url_file if own_database is None else own_database,
        every_s=every_s,
        encrypted=not arguments.plain_network,
        nginx_image=arguments.nginx_image,
        redis_image=arguments.redis_image,
        database_image=arguments.database_image,
        updater_image=arguments.updater_image,
        settings=_settings(os.environ),
    )


def database_url(path: str | None) -> str:
    """The URL of a database that a file holds; empty where no file is named.

    Raises
    ------
    WrongUse : it cannot be read, or holds something else; never says what.
    """
    if not path:
        return ""
    try:
        text = Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}") from None
    if not re.fullmatch(r"postgres(ql)?://\S+", text):  # and never what is in it
        raise WrongUse(f"{path} holds something else than postgresql://USER:PASSWORD@HOST:PORT/DATABASE")
    return text


def _up_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=80, metavar="N", help="port of nginx on each node (default: 80)")
    parser.add_argument("--replicas", type=int, default=3, metavar="N", help="of the app (default: 3)")
    parser.add_argument(
        "--update-every", default="", metavar="15m", help="roll a newer image behind --image out by itself"
    )
    parser.add_argument(
        "--database-url-file", metavar="FILE", help="holds the URL of a database to use (default: one of its own)"
    )
    parser.add_argument(
        "--database-owner-url-file", metavar="FILE", help="the same for the user who may make the tables"
    )
    parser.add_argument("--advertise-addr", metavar="ADDRESS", help="where other machines would join a new swarm")
    parser.add_argument(
        "--importer-image", metavar="IMAGE", help="with --image: puts the sample region into an empty database"
    )
    parser.add_argument("--plain-network", action="store_true", help="do not encrypt what goes from node to node")
    for name, field in (
        ("nginx", "nginx"),
        ("redis", "redis"),
        ("database", "PostGIS"),
        ("updater", "Docker's command"),
    ):
        default = getattr(Wishes, f"{name}_image")
        parser.add_argument(
            f"--{name}-image", default=default, metavar="IMAGE", help=f"of {field} (default: {default})"
        )


def _settings(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: environment[name] for name in HANDED_ON if environment.get(name, "").strip()}


def _seconds(text: str) -> int:
    if not text:
        return 0
    found = _EVERY.fullmatch(text)
    if not found:
        raise WrongUse(f"--update-every is {text!r}, want a time such as 15m, 1h or 90s")
    return int(found[1]) * {"s": 1, "m": 60, "h": 3600}[found[2]]
