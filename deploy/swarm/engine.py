"""A Docker engine, here or on another machine, spoken to by the `docker` command."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from deploy.command import Failed, WrongUse, last_line
from deploy.interpreters import clean_environment

_HOSTS = "want local, user@machine, ssh://user@machine:port, or the name of a docker context"


@dataclass(frozen=True)
class Engine:
    """An engine.

    Parameters
    ----------
    host : what the operator called it.
    words : the command that reaches it, such as ("docker", "-H", "ssh://user@machine").
    address : where the ports that it publishes are reached.
    """

    host: str
    words: tuple[str, ...]
    address: str

    def run(self, *words: str, secret: str | None = None, timeout_s: float = 120) -> str:
        """What a command of this engine prints.

        Parameters
        ----------
        words : the command, without `docker`.
        secret : what it reads; the only way for a password, as a command line can be seen by all.

        Raises
        ------
        Failed : it did not work, or took too long; in the words of Docker, as one line.
        """
        done = self._done(words, secret, timeout_s)
        if done.returncode:
            raise Failed(
                f"docker {words[0]} {words[1] if len(words) > 1 else ''}: {last_line(done.stderr or done.stdout)}"
            )
        return done.stdout.strip()

    def tried(self, *words: str, timeout_s: float = 120) -> str | None:
        """The same for what may fail: None where it does."""
        done = self._done(words, None, timeout_s)
        return None if done.returncode else done.stdout.strip()

    def inspect(self, kind: str, *names: str) -> list[dict[str, Any]]:
        """What the engine knows about things of a kind, such as services; those that are not there are left out."""
        if not names:
            return []
        # what is there is printed even where something else is not
        found = json.loads(self._done(("inspect", "--type", kind, *names), None, 60).stdout or "[]")
        return list(found)

    def names(self, kind: str, stack: str) -> list[str]:
        """The names of all things of a kind that carry the label of a stack."""
        label = f"label=com.docker.stack.namespace={stack}"
        return sorted(self.run(kind, "ls", "--filter", label, "--format", "{{.Name}}").split())

    def _done(self, words: tuple[str, ...], secret: str | None, timeout_s: float) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                [*self.words, *words],
                input=secret,
                stdin=subprocess.DEVNULL if secret is None else None,
                capture_output=True,
                text=True,
                timeout=timeout_s,
                check=False,
                # `docker stack deploy` fills variables that the stack leaves empty from its own environment
                env=clean_environment(),
            )
        except FileNotFoundError:
            raise WrongUse(
                "there is no `docker` here: install the Docker command line (the engine may be elsewhere)"
            ) from None
        except subprocess.TimeoutExpired:
            raise Failed(f"docker {' '.join(words[:2])} on {self.host} has not ended after {timeout_s:g} s") from None


def engine(host: str) -> Engine:
    """The engine that the operator means.

    Raises
    ------
    WrongUse : there is no such engine; says what would be right.
    """
    if host == "local":
        return Engine(host, ("docker",), "127.0.0.1")
    if "@" in host or host.startswith("ssh://"):
        url = host if host.startswith("ssh://") else f"ssh://{host}"
        return Engine(host, ("docker", "-H", url), _machine(url, host))
    local = Engine("local", ("docker",), "127.0.0.1")
    endpoint = local.tried("context", "inspect", host, "--format", "{{.Endpoints.docker.Host}}")
    if host.startswith("-") or endpoint is None:
        raise WrongUse(f"HOST is {host!r}, {_HOSTS}")
    address = _machine(endpoint, host) if endpoint.startswith(("ssh:", "tcp:", "http")) else "127.0.0.1"
    return Engine(host, ("docker", "--context", host), address)


def _machine(url: str, host: str) -> str:
    try:
        parts = urlsplit(url)
        good = parts.hostname and parts.port != 0 and not re.search(r"[^!-~]", url)
    except ValueError:
        good = False
    if not good or str(parts.hostname).startswith("-") or parts.path not in ("", "/"):
        raise WrongUse(f"HOST is {host!r}, {_HOSTS}")
    name = str(parts.hostname)
    return f"[{name}]" if ":" in name else name


def manager(host: Engine, *, make: bool = False, advertise: str = "") -> dict[str, Any]:
    """The swarm that this engine is a manager of, as it tells: NodeID, Nodes and more.

    Parameters
    ----------
    make : make a swarm of this one machine where it is in none.
    advertise : the address at which other machines would join.

    Raises
    ------
    WrongUse : nobody answers there, or it is no manager.
    """
    told = host._done(("info", "--format", "{{json .}}"), None, 60)
    try:
        info = json.loads(told.stdout)
    except ValueError:
        info = {}
    if told.returncode or info.get("ServerErrors") or "Swarm" not in info:
        errors = info.get("ServerErrors") or [last_line(told.stderr) or "no answer"]
        raise WrongUse(f"no Docker engine answers at {host.host}: {last_line(errors[0])}")
    swarm = dict(info["Swarm"])
    state = swarm.get("LocalNodeState")
    if state == "inactive" and make:
        words = ("--advertise-addr", advertise) if advertise else ()
        host.run("swarm", "init", *words)
        return manager(host)
    if state == "inactive":
        raise WrongUse(f"the engine at {host.host} is in no swarm: `up` makes one")
    if state != "active":
        raise WrongUse(f"the swarm at {host.host} is {state}: {swarm.get('Error') or 'look at `docker info` there'}")
    if not swarm.get("ControlAvailable"):
        raise WrongUse(f"{host.host} is a worker of its swarm: name one of its managers")
    return swarm
