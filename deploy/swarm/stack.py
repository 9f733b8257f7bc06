"""The stack as it is handed to Docker: the files of this folder with everything filled in."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from deploy.command import WrongUse

FOLDER = Path(__file__).parent
#: Settings of the app that are handed on from the environment of the operator, where they are set.
HANDED_ON = (
    "LOOPGENIE_WORKERS",
    "LOOPGENIE_THREADS",
    "LOOPGENIE_SEARCHES_AT_ONCE",
    "LOOPGENIE_PATIENCE_S",
    "LOOPGENIE_CORS_ORIGINS",
    "LOOPGENIE_DATABASE_CONNECTIONS",
    "LOOPGENIE_DATABASE_TIMEOUT_S",
    "LOOPGENIE_DRIVE_ENGINE_URL",
    "LOOPGENIE_DRIVE_TIMEOUT_S",
    "LOOPGENIE_GEOCODER_URL",
    "LOOPGENIE_GEOCODER_TIMEOUT_S",
    "LOOPGENIE_LOG_LEVEL",
)


@dataclass(frozen=True)
class Wishes:
    """What the operator wants of a stack.

    Parameters
    ----------
    image : of the app.
    node : the node that holds the database.
    every_s : seconds between two looks for a newer image; 0: nobody looks.
    settings : of the app, LOOPGENIE_… and its value.
    """

    stack: str
    image: str
    replicas: int
    port: int
    node: str
    own_database: bool = True
    every_s: int = 0
    encrypted: bool = True
    nginx_image: str = "nginx:stable"
    redis_image: str = "redis:7"
    database_image: str = "postgis/postgis:15-3.4"
    updater_image: str = "docker:cli"
    settings: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if name.endswith("image") and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._:/@-]*", value):
                raise WrongUse(
                    f"--{name.replace('_', '-')} is {value!r}, want a name such as ghcr.io/you/loopgenie:1.2"
                )
        if not 1 <= self.port <= 65535:
            raise WrongUse(f"--port is {self.port}, want 1 to 65535")
        if not 1 <= self.replicas <= 100:
            raise WrongUse(f"--replicas is {self.replicas}, want 1 to 100")


def document(wishes: Wishes) -> dict[str, Any]:
    """The whole stack, ready for `docker stack deploy`: every value filled in, each config named after its content."""
    files = ["stack.yaml"]
    files += ["database.yaml"] if wishes.own_database else []
    files += ["updater.yaml"] if wishes.every_s else []
    whole: dict[str, Any] = {"version": "3.9"}
    for file in files:
        part = yaml.safe_load(_filled_in((FOLDER / file).read_text("utf-8"), wishes))
        for section, entries in part.items():
            if section != "version":
                whole[section] = {**whole.get(section, {}), **entries}
    whole["services"]["app"]["environment"].update(wishes.settings or {})
    for name, config in whole["configs"].items():
        # Docker never changes a config: another content is another config, and a new name is what renews the service
        content = (FOLDER / config["file"]).resolve()
        digest = hashlib.sha256(content.read_bytes()).hexdigest()
        config.update(name=f"{wishes.stack}_{name}_{digest[:12]}", file=str(content))
    return whole


def text(whole: Mapping[str, Any]) -> str:
    """A stack as text."""
    return yaml.safe_dump(dict(whole), sort_keys=False, allow_unicode=True, width=120)


def secrets_of(whole: Mapping[str, Any]) -> Sequence[str]:
    """The names of the secrets that a stack wants to find."""
    return [entry["name"] for entry in whole["secrets"].values()]


def _filled_in(template: str, wishes: Wishes) -> str:
    values = {
        "STACK": wishes.stack,
        "IMAGE": wishes.image,
        "REPLICAS": wishes.replicas,
        "PORT": wishes.port,
        "NODE": wishes.node,
        "EVERY_S": wishes.every_s,
        "NGINX_IMAGE": wishes.nginx_image,
        "REDIS_IMAGE": wishes.redis_image,
        "DATABASE_IMAGE": wishes.database_image,
        "UPDATER_IMAGE": wishes.updater_image,
        "NETWORK_OPTIONS": '{encrypted: "true"}' if wishes.encrypted else "{}",
    }
    return re.sub(r"\$\{(\w+)\}", lambda found: str(values[found[1]]), template)
