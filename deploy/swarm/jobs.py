"""The jobs that run once as the owner of the database: its tables brought up to date, and the sample region."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from deploy.command import WrongUse, say
from deploy.swarm import handover, rollout
from deploy.swarm.engine import Engine

_TIME_LIMIT_S = 300


def job(name: str, image: str, *words: str) -> list[str]:
    """What `docker service create` is told to run a command as the owner of the database."""
    secret = f"source={name}_database_owner_url,target=database_url,uid=10001,gid=10001,mode=0400"
    return [
        *("--mode", "replicated-job", "--restart-condition", "none", "--no-healthcheck", "--endpoint-mode", "dnsrr"),
        *("--label", f"com.docker.stack.namespace={name}", "--label", f"org.loopgenie.deployment={name}"),
        *("--container-label", f"com.docker.stack.namespace={name}"),
        *("--network", f"{name}_back", "--network", f"{name}_front", "--secret", secret),
        *("--env", "LOOPGENIE_DATABASE_URL=", "--env", "LOOPGENIE_DATABASE_URL_FILE=/run/secrets/database_url"),
        *("--user", "10001:10001", "--read-only", "--cap-drop", "ALL", "--mount", "type=tmpfs,target=/tmp"),
        *("--limit-memory", "1G", "--with-registry-auth", "--no-resolve-image", image, *words),
    ]


def bring_tables_up_to_date(host: Engine, name: str, image: str) -> str:
    """Run the job `setup` of a stack with an image; returns what it says of the trails.

    Raises
    ------
    Failed : it ended with an error, whose last line is told.
    """
    return rollout.run_job(host, f"{name}_setup", job(name, image, "info"), timeout_s=_TIME_LIMIT_S)


def fill(arguments: argparse.Namespace, host: Engine, swarm: Mapping[str, Any], image: str) -> None:
    """Bring the tables up to date; where there are no trails, put the sample region in.

    Raises
    ------
    WrongUse : there are no trails, and no image of the importer is named.
    Failed : a job ended with an error.
    """
    name = arguments.name
    if "No trails yet" not in bring_tables_up_to_date(host, name, image):
        return
    if arguments.image and not arguments.importer_image:
        raise WrongUse(
            "the database holds no trails: name the image of the importer with --importer-image, and it gets the "
            "sample region; or import your own, as README.md tells, and run this again"
        )
    importer, _ = handover.bring(arguments.importer_image, host, swarm, load=arguments.load, target="importer")
    say("no trails yet: putting the sample region in")
    rollout.run_job(host, f"{name}_sample", job(name, importer, "sample", "--if-empty"), timeout_s=_TIME_LIMIT_S)
    rollout.remove_job(host, f"{name}_sample")
