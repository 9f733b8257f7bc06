"""Rolling out: waiting until the swarm is as it should be, and what went wrong where it will not be."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import Any

from deploy.command import Failed, WrongUse, last_line, say
from deploy.swarm.engine import Engine

_PAUSE_S = 1.0
#: A port may be taken for a moment while one that had it ends.
_PORT_S = 20.0
_PORT_TAKEN = re.compile(r"address already in use|port is already allocated|port already in use")
_UNDER_WAY = {"updating", "rollback_started"}
#: A task in one of these states will do nothing any more.
_OVER = {"complete", "shutdown", "failed", "rejected", "remove", "orphaned"}


def service(engine: Engine, name: str) -> dict[str, Any] | None:
    """A service as the swarm knows it, or None."""
    found = engine.inspect("service", name)
    return found[0] if found else None


def image_of(found: dict[str, Any]) -> str:
    """The image of a service."""
    return str(found["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"])


def wait_until_settled(engine: Engine, names: Sequence[str], *, timeout_s: float) -> None:
    """Wait until all tasks of some services run, and run what they should.

    Raises
    ------
    Failed : they do not in time; says which and why.
    """
    began, said = time.monotonic(), 0.0
    while True:
        waiting = [name for name in names if not _settled(engine, name)]
        if not waiting:
            return
        passed = time.monotonic() - began
        why = errors(engine, waiting[0])
        if passed > _PORT_S and why and _PORT_TAKEN.search(why[0]):
            raise Failed(f"the port of {waiting[0]} is taken on that machine: choose another --port ({why[0][-120:]})")
        if passed > timeout_s:
            raise Failed(
                f"{', '.join(waiting)} not up after {passed:.0f} s: {why[0] if why else 'look at `docker service ps`'}"
            )
        if passed > said + 30:
            said = passed
            say(f"waiting for {', '.join(waiting)}")
        time.sleep(_PAUSE_S)


def update(engine: Engine, name: str, image: str, *, resolve: bool, timeout_s: float) -> bool:
    """Roll another image out, one replica after the other; False where it is there already.

    Raises
    ------
    Failed : the swarm has taken it back, and runs what it ran before.
    """
    before = service(engine, name)
    if before is None:
        raise WrongUse(f"there is no service {name} at {engine.host}: `up` makes it")
    if image_of(before) == image:
        return False
    words = ["service", "update", "-q", "--detach=false", "--image", image, "--with-registry-auth"]
    words += ["--update-order", "start-first", "--update-failure-action", "rollback"]
    # where this fails the swarm goes on all the same; where it does not, the swarm may still be watching the last one
    engine.tried(*words, *([] if resolve else ["--no-resolve-image"]), name, timeout_s=timeout_s)
    wait_until_settled(engine, [name], timeout_s=timeout_s)
    check_not_rolled_back(engine, name)
    there = service(engine, name)
    if there is None or image_of(there).partition("@")[0] != image.partition("@")[0]:
        raise Failed(
            f"{name} does not run {image}: the swarm has not taken the change; look at `docker service ps {name}`"
        )
    return True


def roll_back(engine: Engine, name: str, *, timeout_s: float) -> str:
    """Bring back what a service ran before its last change; returns the image.

    Raises
    ------
    WrongUse : there is nothing before.
    """
    there = service(engine, name)
    if there is None or "PreviousSpec" not in there:
        raise WrongUse(
            f"{name} at {engine.host} has not been changed since it was made: there is nothing to go back to"
        )
    engine.run("service", "rollback", "-q", "--detach=false", name, timeout_s=timeout_s)
    wait_until_settled(engine, [name], timeout_s=60)
    return image_of(engine.inspect("service", name)[0])


def run_job(engine: Engine, name: str, create: Sequence[str], *, timeout_s: float) -> str:
    """Run something once to its end, as a service that stays to be run again; returns what it printed.

    Parameters
    ----------
    create : the words after `docker service create`.

    Raises
    ------
    Failed : it ended with an error, whose last line is told.
    """
    remove_job(engine, name)
    engine.run("service", "create", "-q", "--detach=true", "--name", name, *create)
    began = time.monotonic()
    while time.monotonic() - began < timeout_s:
        states = engine.run(
            "service", "ps", "--no-trunc", "--format", "{{.CurrentState}}|{{.Error}}", name
        ).splitlines()
        state, _, error = (states[0] if states else "|").partition("|")
        if state.startswith("Complete"):
            return engine.tried("service", "logs", "--raw", name) or ""
        if state.startswith(("Failed", "Rejected")):
            told = last_line(engine.tried("service", "logs", "--raw", "--tail", "5", name) or "")
            raise Failed(f"{name} failed: {told or error}")
        time.sleep(_PAUSE_S)
    raise Failed(f"{name} has not ended after {timeout_s:g} s: look at `docker service ps {name}`")


def remove_job(engine: Engine, name: str) -> None:
    """Remove a job, and the containers in which it ran on this node: Docker keeps those of a job that has ended."""
    engine.tried("service", "rm", name)
    over = ("--filter", f"label=com.docker.swarm.service.name={name}", "--filter", "status=exited")
    if left := engine.run("ps", "-aq", *over).split():
        engine.tried("rm", *left)


def errors(engine: Engine, name: str) -> list[str]:
    """What went wrong with the tasks of a service, newest first."""
    told = engine.tried("service", "ps", "--no-trunc", "--format", "{{.Error}}", name) or ""
    return [line.strip().strip('"') for line in told.splitlines() if line.strip()]


def _settled(engine: Engine, name: str) -> bool:
    found = service(engine, name)
    if found is None or found.get("UpdateStatus", {}).get("State") in _UNDER_WAY:
        return False
    wanted = _said(found)
    tasks = [
        task
        for task in engine.inspect("task", *(engine.run("service", "ps", "-q", "--no-trunc", name).split()))
        if task["DesiredState"] == "running" or task["Status"]["State"] not in _OVER
    ]
    replicas = found["Spec"]["Mode"].get("Replicated", {}).get("Replicas")
    right = [task for task in tasks if task["Status"]["State"] == "running" and _said(task) == wanted]
    # a global service has one on each node that suits
    return len(right) == len(tasks) and (len(right) == replicas if replicas is not None else bool(right))


def _said(found: dict[str, Any]) -> list[object]:
    """What tells one version of a service or a task from the next; engines fill other parts in as they see fit."""
    spec = found["Spec"].get("TaskTemplate", found["Spec"])["ContainerSpec"]
    return [spec.get(part) or None for part in ("Image", "Command", "Args", "Env", "Configs", "Secrets")]


def check_not_rolled_back(engine: Engine, name: str) -> None:
    """See that the swarm has not taken back the last change of a service.

    Raises
    ------
    Failed : it has, and runs what it ran before.
    """
    found = service(engine, name) or {}
    status = found.get("UpdateStatus", {})
    if status.get("State") not in ("rollback_completed", "rollback_paused", "paused"):
        return
    why = [*errors(engine, name), status.get("Message", "no reason given")][0]
    raise Failed(f"{name} was rolled back to {image_of(found)} ({status['State']}): {why}")
