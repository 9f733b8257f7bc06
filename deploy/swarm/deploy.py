"""LoopGenie on any Docker host: `python -m deploy.swarm.deploy up HOST`.

HOST is `local`, `user@machine`, or a docker context. Another machine needs nothing but Docker and an SSH
account that may use it.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy import command
from deploy.command import Failed, WrongUse, say
from deploy.health import trip, wait_until_ready
from deploy.plan import Plan, Resource
from deploy.swarm import passwords, rollout, stack
from deploy.swarm.engine import Engine, engine, last_line, manager

ROOT = Path(__file__).parents[2]
_EVERY = re.compile(r"([1-9][0-9]*)([smh])")
_BUILT = "loopgenie:THIS-CHECKOUT"
_SERVICES = ("db", "redis", "app", "nginx", "updater")


class Swarm:
    """The target."""

    name = "swarm"
    about = "LoopGenie on any Docker host or swarm: nginx in front of replicas of the app, PostGIS and Redis."

    def options(self, parser: argparse.ArgumentParser, verb: str) -> None:
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

    def plan(self, arguments: argparse.Namespace, verb: str) -> Plan:
        """What a verb would do, as far as it can be told without asking the engine."""
        name, host = arguments.name, arguments.host
        title = f"swarm {verb}: the stack {name} at {host}"
        if verb == "down":
            kept = (
                "and all volumes and secrets: the data is lost" if arguments.volumes else "and keep volumes and secrets"
            )
            return Plan(
                title, steps=[f"remove all services, networks and configs of the stack {name}, {kept}"], sign="-"
            )
        steps = _image_steps(arguments)
        if verb == "update":
            steps += [
                f"run {name}_setup with it: tables brought up to date",
                f"replace the replicas of {name}_app one by one, new before old; back to the old image if one fails",
                "wait until a trip is answered through nginx",
            ]
            return Plan(title, steps=steps)
        wishes = self._wishes(arguments, image=arguments.image or _BUILT, node="ID-OF-THIS-MANAGER")
        whole = stack.document(wishes)
        steps = [
            "make a swarm of this one machine, if it is in none",
            *steps,
            f"make the secrets that are missing: {', '.join(passwords.names(name, own_database=wishes.own_database))}",
            f"docker stack deploy {name}",
            f"run {name}_setup: tables brought up to date; and where there are no trails the sample region",
            "wait until a trip is answered through nginx",
        ]
        return Plan(title, resources=_resources(name, whole, wishes.image), steps=steps, notes=_notes(wishes))

    def up(self, arguments: argparse.Namespace) -> str:
        """Make the stack, or bring it up to date."""
        began, name = time.monotonic(), arguments.name
        given = [_first_line(path) for path in (arguments.database_url_file, arguments.database_owner_url_file)]
        host = engine(arguments.host)
        swarm = manager(host, make=True, advertise=arguments.advertise_addr or "")
        own = passwords.has_own_database(host, name, wanted=not given[0])
        image, resolve = _image(arguments.image, host, swarm, load=arguments.load)
        wishes = self._wishes(
            arguments, image=image, node=_database_node(host, name) or swarm["NodeID"], own_database=own
        )
        whole = stack.document(wishes)
        if passwords.ensure(host, name, own_database=own, database_url=given[0], owner_url=given[1]):
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
        _fill(arguments, host, swarm, image)
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
        image, resolve = _image(arguments.image, host, swarm, load=arguments.load)
        rollout.run_job(host, f"{name}_setup", _job(name, image, "info"), timeout_s=300)
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

    def _wishes(
        self, arguments: argparse.Namespace, *, image: str, node: str, own_database: bool | None = None
    ) -> stack.Wishes:
        every_s = _seconds(arguments.update_every)
        if every_s and (arguments.load or not arguments.image):
            raise WrongUse("--update-every looks at a tag in a registry: give one with --image, without --load")
        return stack.Wishes(
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
        default = getattr(stack.Wishes, f"{name}_image")
        parser.add_argument(
            f"--{name}-image", default=default, metavar="IMAGE", help=f"of {field} (default: {default})"
        )


def _image_steps(arguments: argparse.Namespace) -> list[str]:
    if not arguments.image:
        return [f"build the image of this checkout and hand it to {arguments.host}"]
    return [f"{'hand over' if arguments.load else 'pull'} {arguments.image}"]


def _image(
    image: str | None, host: Engine, swarm: Mapping[str, Any], *, load: bool, target: str = "server"
) -> tuple[str, bool]:
    """The image to run, where the engine has it, and whether a registry knows it."""
    if image and not load:
        say(f"pulling {image}")
        host.run("pull", "-q", image, timeout_s=900)
        return image, True
    if int(swarm.get("Nodes", 1)) > 1:
        raise WrongUse(
            f"the swarm has {swarm['Nodes']} nodes, and each pulls for itself: push the image to a registry and name "
            "it with --image"
        )
    here = engine("local")
    if not image:
        say(f"building the image of this checkout ({target})")
        built = here.run("build", "-q", "--target", target, str(ROOT), timeout_s=1800).splitlines()[-1]
        # named after its content, so that another content is another image
        image = f"loopgenie{'' if target == 'server' else f'-{target}'}:{built.removeprefix('sha256:')[:12]}"
        here.run("tag", built, image)
    found = here.inspect("image", image)
    if not found:
        raise WrongUse(f"the engine here has no image {image}: build or pull it first")
    there = host.inspect("image", image)
    if not there or there[0]["Id"] != found[0]["Id"]:
        say(f"handing {image} to {host.host}, {found[0]['Size'] / 1e6:.0f} MB before packing")
        _hand_over(here, host, image)
    return image, False


def _fill(arguments: argparse.Namespace, host: Engine, swarm: Mapping[str, Any], image: str) -> None:
    """Bring the tables up to date; where there are no trails, put the sample region in."""
    name = arguments.name
    told = rollout.run_job(host, f"{name}_setup", _job(name, image, "info"), timeout_s=300)
    if "No trails yet" not in told:
        return
    if arguments.image and not arguments.importer_image:
        raise WrongUse(
            "the database holds no trails: name the image of the importer with --importer-image, and it gets the "
            "sample region; or import your own, as README.md tells, and run this again"
        )
    importer, _ = _image(arguments.importer_image, host, swarm, load=arguments.load, target="importer")
    say("no trails yet: putting the sample region in")
    rollout.run_job(host, f"{name}_sample", _job(name, importer, "sample", "--if-empty"), timeout_s=300)
    rollout.remove_job(host, f"{name}_sample")


def _hand_over(here: Engine, there: Engine, image: str) -> None:
    pipe = subprocess.PIPE
    with subprocess.Popen([*here.words, "save", image], stdout=pipe, stderr=pipe) as save:
        load = subprocess.run([*there.words, "load", "-q"], stdin=save.stdout, capture_output=True, check=False)
        _, told = save.communicate()
    if save.returncode or load.returncode:
        why = last_line((told if save.returncode else load.stderr).decode("utf-8", "replace"))
        raise Failed(f"{image} cannot be handed to {there.host}: {why}")


def _job(name: str, image: str, *words: str) -> list[str]:
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
    made.append(Resource("service", f"{name}_setup", {"docker service create": " ".join(_job(name, image, "info"))}))
    return made


def _notes(wishes: stack.Wishes) -> list[str]:
    notes = [
        "it costs what the machines cost; the stack reserves about 0.7 processors and 0.8 GB, and may use 7 and 3.5 GB"
    ]
    notes.append(
        f"port {wishes.port} speaks HTTP on every address of each node: a firewall, and TLS in front of it, are yours"
    )
    if wishes.every_s:
        notes.append(
            "the updater has the Docker socket, which is root on the machine; README.md tells how to do without"
        )
    return notes


def _settings(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: environment[name] for name in stack.HANDED_ON if environment.get(name, "").strip()}


def _seconds(text: str) -> int:
    if not text:
        return 0
    found = _EVERY.fullmatch(text)
    if not found:
        raise WrongUse(f"--update-every is {text!r}, want a time such as 15m, 1h or 90s")
    return int(found[1]) * {"s": 1, "m": 60, "h": 3600}[found[2]]


def _first_line(path: str | None) -> str:
    if not path:
        return ""
    try:
        text = Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}") from None
    if not re.fullmatch(r"postgres(ql)?://\S+", text):  # and never what is in it
        raise WrongUse(f"{path} holds something else than postgresql://USER:PASSWORD@HOST:PORT/DATABASE")
    return text


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


if __name__ == "__main__":
    sys.exit(command.run(Swarm(), more=[("rollback", "bring back the image that ran before the last update")]))
