"""LoopGenie on any Docker host: `python -m deploy.swarm.deploy up HOST`.

HOST is `local`, `user@machine`, or a docker context. Another machine needs nothing but Docker and an SSH
account that may use it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from deploy import command
from deploy.command import Failed, WrongUse, say
from deploy.health import trip, wait_until_ready
from deploy.plan import Plan
from deploy.swarm import choices, handover, jobs, passwords, planning, rollout, stack
from deploy.swarm.engine import Engine, engine, manager

_SERVICES = ("db", "redis", "app", "nginx", "updater")


class Swarm:
    """The target."""

    name = "swarm"
    about = "LoopGenie on any Docker host or swarm: nginx in front of replicas of the app, PostGIS and Redis."

    def options(self, parser: argparse.ArgumentParser, verb: str) -> None:
        """Add the options of a verb."""
        choices.options(parser, verb)

    def plan(self, arguments: argparse.Namespace, verb: str) -> Plan:
        """What a verb would do, as far as it can be told without asking the engine."""
        return planning.plan(arguments, verb)

    def up(self, arguments: argparse.Namespace) -> str:
        """Make the stack, or bring it up to date."""
        began, name = time.monotonic(), arguments.name
        files = (arguments.database_url_file, arguments.database_owner_url_file)
        database_url, owner_url = (choices.database_url(file) for file in files)
        host = engine(arguments.host)
        swarm = manager(host, make=True, advertise=arguments.advertise_addr or "")
        own = passwords.has_own_database(host, name, wanted=not database_url)
        image, resolve = handover.bring(arguments.image, host, swarm, load=arguments.load)
        wishes = choices.wishes(
            arguments, image=image, node=_database_node(host, name) or swarm["NodeID"], own_database=own
        )
        whole = stack.document(wishes)
        if passwords.ensure(host, name, own_database=own, database_url=database_url, owner_url=owner_url):
            say("made its secrets")
        say(f"deploying the stack {name} at {arguments.host}")
        before = set(host.names("service", name))
        # handed over as it is, the plan's own document; its files are named by their whole paths
        words = [
            "stack",
            "deploy",
            "-c",
            "-",
            "--resolve-image",
            "always" if resolve else "never",
            "--with-registry-auth",
        ]
        host.run(*words, name, secret=stack.text(whole), timeout_s=300)
        wanted = [f"{name}_{service}" for service in _SERVICES if service in whole["services"]]
        for service in sorted(before - {*wanted, f"{name}_setup"}):
            say(f"removing {service}")
            host.run("service", "rm", service)
        if own:
            rollout.wait_until_settled(host, [f"{name}_db"], timeout_s=arguments.wait_s or 300)
        jobs.fill(arguments, host, swarm, image)
        url = arguments.url or _url(host, wishes.port)
        if arguments.wait_s:
            rollout.wait_until_settled(host, wanted, timeout_s=arguments.wait_s)
            for service in wanted:
                rollout.check_not_rolled_back(host, service)
            wait_until_ready(url, timeout_s=arguments.wait_s, say=say)
        _remove_old_configs(host, name, whole)
        say(f"up after {time.monotonic() - began:.0f} s")
        return url

    def status(self, arguments: argparse.Namespace) -> str:
        """Say what runs, and ask it for a trip."""
        host = engine(arguments.host)
        manager(host)
        url = _url_of(arguments, host)
        for one in host.inspect("service", *host.names("service", arguments.name)):
            say(_told(host, one))
        try:
            answer = trip(url)
        except (OSError, ValueError) as error:
            raise Failed(f"{url} does not answer a trip: {error}") from None
        say(f"a trip of {answer['features'][0]['properties']['length_m'] / 1000:.1f} km is answered")
        return url

    def update(self, arguments: argparse.Namespace) -> str:
        """Roll another image out, without a failed request."""
        began, name = time.monotonic(), arguments.name
        host = engine(arguments.host)
        swarm = manager(host)
        url = _url_of(arguments, host)
        image, resolve = handover.bring(arguments.image, host, swarm, load=arguments.load)
        jobs.bring_tables_up_to_date(host, name, image)
        done = rollout.update(host, f"{name}_app", image, resolve=resolve, timeout_s=900)
        say(f"{image} {'rolled out' if done else 'is what runs'} after {time.monotonic() - began:.0f} s")
        wait_until_ready(url, timeout_s=arguments.wait_s, say=say)
        return url

    def rollback(self, arguments: argparse.Namespace) -> str:
        """Bring back the image that ran before."""
        host = engine(arguments.host)
        manager(host)
        url = _url_of(arguments, host)
        image = rollout.roll_back(host, f"{arguments.name}_app", timeout_s=900)
        say(f"back to {image}")
        wait_until_ready(url, timeout_s=arguments.wait_s, say=say)
        return url

    def down(self, arguments: argparse.Namespace) -> None:
        """Take the stack away; with --volumes the data, too."""
        name = arguments.name
        host = engine(arguments.host)
        manager(host)
        if host.names("service", name):
            say(f"removing the stack {name}")
        host.tried("stack", "rm", name)
        for job in ("setup", "sample"):
            rollout.remove_job(host, f"{name}_{job}")
        _wait_until_gone(host, name)
        volumes = host.names("volume", name)
        if not arguments.volumes:
            say(f"kept: {', '.join(volumes) or 'no volumes'}, and the secrets that go with them")
            return
        if volumes:
            host.run("volume", "rm", *volumes)
        say(f"removed: {', '.join([*volumes, *passwords.remove(host, name)]) or 'nothing more'}")


def _database_node(host: Engine, name: str) -> str:
    """The node that holds the database already: another one would begin with an empty volume."""
    found = rollout.service(host, f"{name}_db")
    constraints = found["Spec"]["TaskTemplate"].get("Placement", {}).get("Constraints", []) if found else []
    return next((one.partition("==")[2].strip() for one in constraints if one.startswith("node.id")), "")


def _url(host: Engine, port: int) -> str:
    return f"http://{host.address}" + ("" if port == 80 else f":{port}")


def _url_of(arguments: argparse.Namespace, host: Engine) -> str:
    """Where a stack that is there is reached."""
    found = rollout.service(host, f"{arguments.name}_nginx")
    if found is None:
        raise WrongUse(f"there is no stack {arguments.name} at {arguments.host}: `up` makes it")
    return arguments.url or _url(host, int(found["Spec"]["EndpointSpec"]["Ports"][0]["PublishedPort"]))


def _told(host: Engine, one: Mapping[str, Any]) -> str:
    """A line about a service."""
    name = one["Spec"]["Name"]
    running = host.run("service", "ps", "-q", "--filter", "desired-state=running", name).split()
    state = one.get("UpdateStatus", {}).get("State", "")
    wrong = rollout.errors(host, name)
    parts = [
        f"{name}: {len(running)} running, {rollout.image_of(dict(one))}",
        state,
        f"last trouble: {wrong[0]}" if wrong else "",
    ]
    return ", ".join(part for part in parts if part)


def _remove_old_configs(host: Engine, name: str, whole: Mapping[str, Any]) -> None:
    """Those whose content has changed; what was found bad may be tried again."""
    wanted = {entry["name"] for entry in whole["configs"].values()}
    for old in set(host.names("config", name)) - wanted:
        host.tried("config", "rm", old)  # refused where it is in use


def _wait_until_gone(host: Engine, name: str, timeout_s: float = 120) -> None:
    """Services are removed at once, their containers and networks when they have ended."""
    began = time.monotonic()
    label = ("--filter", f"label=com.docker.stack.namespace={name}")
    while left := [*host.run("ps", "-aq", *label).split(), *host.run("network", "ls", "-q", *label).split()]:
        if time.monotonic() - began > timeout_s:
            raise Failed(
                f"{len(left)} containers and networks of {name} are left after {timeout_s:g} s: run down again"
            )
        time.sleep(1)
        host.tried("stack", "rm", name)  # a network that was in use the first time


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    return command.run(Swarm(), argv, more=[("rollback", "bring back the image that ran before the last update")])


if __name__ == "__main__":
    sys.exit(main())
