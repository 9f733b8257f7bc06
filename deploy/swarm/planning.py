"""What a verb would do, as a dry run tells it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from deploy.plan import Plan, Resource
from deploy.swarm import choices, jobs, passwords, stack

_BUILT = "loopgenie:THIS-CHECKOUT"


def plan(arguments: argparse.Namespace, verb: str) -> Plan:
    """What a verb would do, as far as it can be told without asking the engine.

    Raises
    ------
    WrongUse : what is asked for makes no sense.
    """
    name, host = arguments.name, arguments.host
    title = f"swarm {verb}: the stack {name} at {host}"
    if verb == "down":
        kept = "and all volumes and secrets: the data is lost" if arguments.volumes else "and keep volumes and secrets"
        return Plan(title, steps=[f"remove all services, networks and configs of the stack {name}, {kept}"], sign="-")
    steps = _image_steps(arguments)
    if verb == "update":
        steps += [
            f"run {name}_setup with it: tables brought up to date",
            f"replace the replicas of {name}_app one by one, new before old; back to the old image if one fails",
            "wait until a trip is answered through nginx",
        ]
        return Plan(title, steps=steps)
    wishes = choices.wishes(arguments, image=arguments.image or _BUILT, node="ID-OF-THIS-MANAGER")
    whole = stack.document(wishes)
    steps = [
        "make a swarm of this one machine, if it is in none",
        *steps,
        f"make the secrets that are missing: {', '.join(passwords.names(name, own_database=wishes.own_database))}",
        f"docker stack deploy {name}",
        f"run {name}_setup: tables brought up to date; and where there are no trails the sample region",
        "wait until a trip is answered through nginx",
    ]
    return Plan(title, resources=_resources(name, whole, wishes.image), steps=steps, notes=_notes(wishes, whole))


def _image_steps(arguments: argparse.Namespace) -> list[str]:
    if not arguments.image:
        return [f"build the image of this checkout and hand it to {arguments.host}"]
    return [f"{'hand over' if arguments.load else 'pull'} {arguments.image}"]


def _resources(name: str, whole: Mapping[str, Any], image: str) -> list[Resource]:
    kinds = {
        "networks": "network",
        "volumes": "volume",
        "configs": "config",
        "secrets": "secret",
        "services": "service",
    }
    made = []
    for section, kind in kinds.items():
        for key, entry in whole[section].items():
            properties = {k: v for k, v in (entry or {}).items() if k not in ("name", "external", "file")}
            made.append(Resource(kind, (entry or {}).get("name", f"{name}_{key}"), properties))
    made.append(Resource("secret", f"{name}_database_owner_url"))
    made.append(
        Resource("service", f"{name}_setup", {"docker service create": " ".join(jobs.job(name, image, "info"))})
    )
    return made


def _notes(wishes: stack.Wishes, whole: Mapping[str, Any]) -> list[str]:
    notes = [
        f"it costs what the machines cost; on one node the stack reserves {_share(whole, 'reservations')}, and may use "
        f"{_share(whole, 'limits')}",
        f"port {wishes.port} speaks HTTP on every address of each node: a firewall, and TLS in front of it, are yours",
    ]
    if wishes.every_s:
        notes.append(
            "the updater has the Docker socket, which is root on the machine; README.md tells how to do without"
        )
    return notes


def _share(whole: Mapping[str, Any], kind: str) -> str:
    """What all services take of one machine together: their `limits`, or their `reservations`."""
    cpus = mib = 0.0
    for service in whole["services"].values():
        part, replicas = service["deploy"]["resources"][kind], service["deploy"].get("replicas", 1)
        cpus += replicas * float(part["cpus"])
        mib += replicas * int(part["memory"][:-1]) * {"M": 1, "G": 1024}[part["memory"][-1]]
    return f"{cpus:.1f} processors and {mib / 1024:.1f} GiB"
