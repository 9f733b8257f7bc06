"""AWS Fargate on this machine: tasks as their definition has them, a load balancer, and how ECS replaces tasks.

A task is its containers in one network namespace, with the users, limits, volumes, health checks and times to stop of
the template; the load balancer asks nobody twice, as AWS's does not. What it does not show: real cold starts (a
microVM, its network interface, the pull of the image), AWS's own load balancer, scaling, and rights.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from deploy.command import Failed
from deploy.standin import limits

_POLL_S = 0.1
#: ECS gives a version up after so many tasks that did not come up, where few are wanted.
_PATIENCE = 3
_LONGEST_S = 60.0


class NotHealthy(Failed):
    """A task does not come up; says which container and how it ended."""


@dataclass
class Task:
    """One task: `start` it, then it answers at `address`; `stop` ends it as ECS does.

    Parameters
    ----------
    name : what its containers' names begin with.
    definition : the properties of an AWS::ECS::TaskDefinition, worked out.
    shared : whether its containers share the limit of the task, as on Fargate; else, where that cannot be done
        (`limits.can_be_shared`), each of them has all of it.
    """

    name: str
    definition: Mapping[str, Any]
    shared: bool = False
    address: str = ""
    ended: list[tuple[str, int, float]] = field(default_factory=list)  # container, exit code, seconds it took to end

    @property
    def limit(self) -> limits.Limit:
        """Of the whole task."""
        return limits.Limit(int(self.definition["Cpu"]) / 1024, int(self.definition["Memory"]))

    @property
    def running(self) -> list[str]:
        """The names of the containers that run as long as the task does."""
        return [f"{self.name}-{one['Name']}" for one in self._containers if one.get("Essential")]

    @property
    def _containers(self) -> list[Mapping[str, Any]]:
        return list(self.definition["ContainerDefinitions"])

    def start(self) -> float:
        """Start the containers in the order of their needs; returns the seconds until all are as they should be.

        Raises
        ------
        NotHealthy : one ended too early, or never became healthy.
        """
        began = time.monotonic()
        if self.shared:
            limits.share(self.name, self.limit)
        for volume in self.definition["Volumes"]:
            _docker("volume", "create", f"{self.name}-{volume['Name']}")
        port = _port_of(self._containers)
        # what holds the network of a task, as Fargate has it, too
        _docker(
            *("run", "-d", "--name", f"{self.name}-network", "-p", f"127.0.0.1::{port}", "--user", "nobody"),
            *("--read-only", "--cap-drop", "ALL", "--entrypoint", "sleep", self._containers[-1]["Image"], "infinity"),
        )
        self.address = _docker("port", f"{self.name}-network", str(port)).splitlines()[0]
        for one in _in_order(self._containers):
            for need in one.get("DependsOn", []):
                self._wait(need["ContainerName"], need["Condition"])
            _docker(*self._command(one))
        return time.monotonic() - began

    def _command(self, one: Mapping[str, Any]) -> list[str]:
        words = ["run", "-d", "--name", f"{self.name}-{one['Name']}", "--network", f"container:{self.name}-network"]
        words += ["--user", one["User"], "--stop-timeout", str(one.get("StopTimeout", 30))]
        words += ["--read-only"] if one.get("ReadonlyRootFilesystem") else []
        for right in one.get("LinuxParameters", {}).get("Capabilities", {}).get("Drop", []):
            words += ["--cap-drop", right]
        for setting in one.get("Environment", []):
            words += ["-e", f"{setting['Name']}={setting['Value']}"]
        for mount in one.get("MountPoints", []):
            # nocopy: a volume of Fargate is empty and root's, whatever the image has there
            source = f"{self.name}-{mount['SourceVolume']}"
            words += ["--mount", f"type=volume,source={source},target={mount['ContainerPath']},volume-nocopy"]
        if self.shared:
            words += ["--cgroup-parent", f"/{self.name}"]
        elif one.get("Essential"):  # what runs before them has ended
            words += self.limit.words()
        words += _health(one["HealthCheck"]) if "HealthCheck" in one else ["--no-healthcheck"]
        entry = one.get("EntryPoint", [])
        words += ["--entrypoint", entry[0]] if entry else []
        return [*words, one["Image"], *entry[1:], *one.get("Command", [])]

    def _wait(self, container: str, condition: str) -> None:
        began = time.monotonic()
        while time.monotonic() - began < 2 * _LONGEST_S:
            state = json.loads(_docker("inspect", "--format", "{{json .State}}", f"{self.name}-{container}"))
            health = state.get("Health", {}).get("Status")
            ended = state["Status"] == "exited"
            if condition == "SUCCESS" and ended and state["ExitCode"] == 0:
                return
            if condition == "HEALTHY" and health == "healthy" and not ended:
                return
            if health == "unhealthy" or ended:
                said = _docker("logs", "--tail", "1", f"{self.name}-{container}")
                raise NotHealthy(f"{container} ended with {state['ExitCode']}, {health or 'no health'}: {said}")
            time.sleep(_POLL_S)
        raise NotHealthy(f"{container} did not come to {condition}")

    def stop(self) -> None:
        """End the containers, those first that nobody needs; kept in `ended`."""
        for one in reversed(_in_order(self._containers)):
            name = f"{self.name}-{one['Name']}"
            if one.get("Essential") and _exists(name):
                began = time.monotonic()
                _docker("stop", "-t", str(one["StopTimeout"]), name)
                code = int(_docker("inspect", "--format", "{{.State.ExitCode}}", name))
                self.ended.append((one["Name"], code, time.monotonic() - began))
        self.remove()

    def kill(self, container: str) -> None:
        """End a container at once, as if it had crashed."""
        _docker("kill", f"{self.name}-{container}")

    def alive(self) -> bool:
        """Whether all essential containers run; ECS ends a task that has lost one."""
        running = _docker("inspect", "--format", "{{.State.Running}}", *self.running).split()
        return running == ["true"] * len(self.running)

    def logs(self, container: str) -> str:
        """What a container has said."""
        return _docker("logs", f"{self.name}-{container}")

    def remove(self) -> None:
        """Take all of it away, in whatever state it is."""
        names = [f"{self.name}-{one['Name']}" for one in self._containers]
        subprocess.run(["docker", "rm", "-f", *names, f"{self.name}-network"], capture_output=True)
        volumes = [f"{self.name}-{volume['Name']}" for volume in self.definition["Volumes"]]
        subprocess.run(["docker", "volume", "rm", "-f", *volumes], capture_output=True)
        if self.shared:
            limits.unshare(self.name)


def _health(check: Mapping[str, Any]) -> list[str]:
    times = (("interval", "Interval"), ("timeout", "Timeout"), ("start-period", "StartPeriod"))
    words = [f"--health-{ours}={check[theirs]}s" for ours, theirs in times]
    return [f"--health-cmd={' '.join(check['Command'][1:])}", f"--health-retries={check['Retries']}", *words]


def _in_order(containers: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Whoever is needed before whoever needs it."""
    left, done = list(containers), list[Mapping[str, Any]]()
    while left:
        names = {one["Name"] for one in done}
        ready = [c for c in left if all(need["ContainerName"] in names for need in c.get("DependsOn", []))]
        if not ready:
            raise Failed(f"{', '.join(c['Name'] for c in left)} need each other")
        done += ready
        left = [c for c in left if c not in ready]
    return done


def _port_of(containers: Sequence[Mapping[str, Any]]) -> int:
    return int(next(one["PortMappings"][0]["ContainerPort"] for one in containers if one.get("PortMappings")))


def _exists(name: str) -> bool:
    return subprocess.run(["docker", "inspect", name], capture_output=True).returncode == 0


def _docker(*words: str) -> str:
    done = subprocess.run(["docker", *words], capture_output=True, text=True, timeout=2 * _LONGEST_S)
    if done.returncode:
        raise Failed(f"docker {' '.join(words[:4])}: {done.stderr.strip()}")
    return (done.stdout + (done.stderr if words[0] == "logs" else "")).strip()


# --- the load balancer --------------------------------------------------------------------------------------------


@dataclass
class Balancer:
    """Gives each request to the target that has least to do, once: whatever goes wrong is a 502 for the client."""

    targets: list[str] = field(default_factory=list)
    in_flight: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> str | None:
        """The target for the next request."""
        with self.lock:
            if not self.targets:
                return None
            target = min(self.targets, key=lambda one: self.in_flight[one])
            # of equals the one whose turn was longest ago
            self.targets.remove(target)
            self.targets.append(target)
            self.in_flight[target] += 1
            return target

    def give_back(self, target: str) -> None:
        """The request has been answered."""
        with self.lock:
            self.in_flight[target] -= 1

    def register(self, target: str, *, checks: int, pause_s: float) -> None:
        """Take a target in, once it has been ready so many times in a row."""
        good = 0
        while good < checks:
            good = good + 1 if _answers(target) else 0
            time.sleep(pause_s)
        with self.lock:
            self.targets.append(target)

    def deregister(self, target: str, *, delay_s: float) -> None:
        """Send nothing more there, and wait until what was sent is answered, or the delay is over."""
        with self.lock:
            if target in self.targets:
                self.targets.remove(target)
        end = time.monotonic() + delay_s
        while self.in_flight[target] and time.monotonic() < end:
            time.sleep(_POLL_S)


def _answers(target: str) -> bool:
    try:
        connection = http.client.HTTPConnection(target, timeout=5)
        connection.request("GET", "/readyz", headers={"Connection": "close"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False


def _handler(balancer: Balancer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1  # headers and body in one go

        def do_GET(self) -> None:
            """Hand a request on."""
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            target = balancer.take()
            if target is None:
                self._say(503, {}, b"no target")
                return
            try:
                self._say(*self._asked(target, body))
            except (OSError, http.client.HTTPException) as error:
                self._say(502, {}, f"{target}: {error!r}".encode())
            finally:
                balancer.give_back(target)

        do_POST = do_GET  # noqa: N815

        def _asked(self, target: str, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
            connection = http.client.HTTPConnection(target, timeout=_LONGEST_S)
            given = {n: v for n, v in self.headers.items() if n.lower() not in ("connection", "content-length")}
            # as AWS's: it adds whom it speaks to, and overwrites how it was asked
            before = given.get("X-Forwarded-For")
            given["X-Forwarded-For"] = ", ".join(filter(None, [before, self.client_address[0]]))
            given["X-Forwarded-Proto"] = "https"
            connection.request(self.command, self.path, body or None, {**given, "Connection": "close"})
            answer = connection.getresponse()
            return answer.status, dict(answer.headers), answer.read()

        def _say(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
            self.send_response_only(status)
            for name, value in headers.items():
                if name.lower() not in ("connection", "content-length", "transfer-encoding", "keep-alive"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


@contextmanager
def balancer(*, port: int = 0) -> Iterator[tuple[Balancer, str]]:
    """A load balancer without targets, and its URL, as long as the block lasts."""
    made = Balancer()
    server = _Server(("127.0.0.1", port), _handler(made))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield made, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


# --- the service --------------------------------------------------------------------------------------------------


@dataclass
class Service:
    """So many tasks of one version behind a load balancer, and how ECS replaces them.

    Parameters
    ----------
    prefix : what names of containers begin with.
    targets : the properties of the template's target group.
    pause_s : between two health checks of the load balancer; AWS's least is 5 s.
    shared : as for `Task`.
    """

    prefix: str
    balancer: Balancer
    targets: Mapping[str, Any]
    desired: int = 2
    pause_s: float = 1.0
    shared: bool = False
    tasks: list[Task] = field(default_factory=list)
    started_s: list[float] = field(default_factory=list)
    _made: list[Task] = field(default_factory=list)  # all there ever were, so that none is left

    @property
    def delay_s(self) -> float:
        """How long a target that goes may take for what it has begun."""
        found = {one["Key"]: one["Value"] for one in self.targets["TargetGroupAttributes"]}
        return float(found["deregistration_delay.timeout_seconds"])

    def deploy(self, definition: Mapping[str, Any], *, say: Callable[[str], None] = lambda _: None) -> bool:
        """Replace all tasks: first the new ones, and when they are healthy the old ones go.

        Returns
        -------
        Whether the version is out; if not, the old one runs on, as ECS's circuit breaker has it.
        """
        old, failed = list(self.tasks), 0
        new: list[Task] = []
        while len(new) < self.desired:
            task = self._another(definition)
            try:
                self.started_s.append(self._start(task))
                new.append(task)
            except NotHealthy as error:
                say(str(error))
                task.remove()
                failed += 1
            if failed >= _PATIENCE:
                for one in new:
                    self._end(one)
                return False
        self.tasks = new
        for one in old:
            self._end(one)
        return True

    def renew(self, definition: Mapping[str, Any]) -> float:
        """End all tasks and start as many new ones, all at the same time; returns the seconds until they take requests.

        Raises
        ------
        NotHealthy : one does not come up.
        """
        with ThreadPoolExecutor(self.desired) as pool:
            list(pool.map(self._end, self.tasks))
            self.tasks = [self._another(definition) for _ in range(self.desired)]
            began = time.monotonic()
            self.started_s += pool.map(self._start, self.tasks)
            return time.monotonic() - began

    def _start(self, task: Task) -> float:
        """Start a task and send requests to it; returns the seconds until it was healthy."""
        took = task.start()
        self.balancer.register(task.address, checks=self.targets["HealthyThresholdCount"], pause_s=self.pause_s)
        return took

    def mend(self) -> int:
        """Replace tasks that have lost a container; returns how many."""
        lost = [task for task in self.tasks if not task.alive()]
        for task in lost:
            self.balancer.deregister(task.address, delay_s=0)
            self.tasks.remove(task)
            fresh = self._another(task.definition)
            self._start(fresh)
            self.tasks.append(fresh)
            task.stop()
        return len(lost)

    def _another(self, definition: Mapping[str, Any]) -> Task:
        self._made.append(Task(f"{self.prefix}-{len(self._made)}", definition, shared=self.shared))
        return self._made[-1]

    def _end(self, task: Task) -> None:
        self.balancer.deregister(task.address, delay_s=self.delay_s)
        task.stop()

    def remove(self) -> None:
        """Take all tasks away."""
        for task in self._made:
            task.remove()
        self.tasks = []
