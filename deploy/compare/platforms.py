"""What `standins` has done in processes of their own: a target packaged by its own command, started, renewed, stopped.

The targets are asked by their command lines and templates, as an operator would.
"""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from deploy import health, images, setup
from deploy.cloud import connect
from deploy.command import Failed, last_line
from deploy.standin import ec2 as machines
from deploy.standin import fargate as tasks
from deploy.standin import lambda_service
from deploy.standin.apart import Say
from deploy.standin.limits import Limit, can_be_shared, of, shared, used_mb
from deploy.template import Template

ROOT = Path(__file__).resolve().parents[2]
RUNTIME = "python3.13"
TRAILS = "trails.db"
_ARCH = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
#: Instances are of this machine's architecture, so that what is priced is what was measured.
_FAMILY = "t4g" if _ARCH == "arm64" else "t3"
_SLOTS = ("8001", "8002")
#: Sizes of tasks that Fargate has, in 1024ths of a processor.
_TASKS = (256, 512, 1024, 2048, 4096)
_COMMAND_S = 900


@dataclass(frozen=True)
class Order:
    """What to make.

    Parameters
    ----------
    name : what names of containers and networks begin with; nobody else's may.
    folder : for its files; trails lie in the one above.
    caps : for all of it.
    half : for a task or a sandbox.
    port : of the loopback, where it shall answer; 0 for any. The instance takes the next one, too.
    """

    name: str
    folder: Path
    caps: Limit
    half: Limit
    port: int = 0

    @property
    def trails(self) -> Path:
        """The trails, the same for all."""
        return self.folder.parent / TRAILS


@dataclass(frozen=True)
class Up:
    """What has been started: see `standins.Target`."""

    url: str
    setup: setup.Setup
    memory_mb: int
    start_s: list[float]
    notes: tuple[str, ...] = ()


class Platform(Protocol):
    """A target that is packaged."""

    def start(self) -> Up:
        """Start it and wait until it takes requests."""

    def stop(self) -> None:
        """End all that was started, if anything was."""

    def renew(self) -> float:
        """End what runs and start it anew; returns the seconds until it takes requests."""

    def used_mb(self) -> float:
        """MiB that it uses now."""

    def limits(self) -> dict[str, Limit]:
        """What each unit may use, by name."""


# --- EC2 ----------------------------------------------------------------------------------------------------------


@contextmanager
def instance(say: Say, order: Order) -> Iterator[Platform]:
    """An instance as `python -m deploy.ec2.deploy up` ships it, in a region of its own."""
    with machines.region(order.folder, name=order.name) as region:
        os.environ.update(region.environment)  # of this process, which is for nothing else
        cloud = connect()
        image = cloud.client("ec2").describe_images()["Images"][0]["ImageId"]
        kind, data = f"{_FAMILY}.small", str(order.trails)
        words = ["--name", order.name, "--instance", kind, "--image", image, "--data", data]
        _command("deploy.ec2.deploy", "up", *words, "--wait-s", "0")
        made = _Instance(order, region, machines.shipped(cloud, order.name), say)
        try:
            yield made
        finally:
            made.stop()


@dataclass
class _Instance:
    order: Order
    region: machines.Region
    shipped: machines.Shipped
    say: Say
    machine: machines.Instance | None = None
    running: ExitStack = field(default_factory=ExitStack)

    def start(self) -> Up:
        order = self.order
        self.say("ec2: the instance starts for the first time")
        # the instance has two processors, and the installation counts them
        seen = sorted(os.sched_getaffinity(0))[:2]
        port = order.port or machines.free_port()
        tls_port = order.port + 1 if order.port else machines.free_port()
        began = time.monotonic()
        booting = machines.boot(
            self.region, self.shipped, name=order.name, port=port, tls_port=tls_port, processors=seen
        )
        self.machine = machine = self.running.enter_context(booting)
        machine.wait()
        start_s = time.monotonic() - began
        # it is ready before all of its first start is done
        machine.run("cloud-init", "status", "--wait")
        _docker("update", *order.caps.words(), machine.name)
        size = "small" if order.caps.memory_mb <= 2048 else "medium"
        bought = setup.Ec2(f"{_FAMILY}.{size}", searches=self._searches())
        notes = ("the first start of the instance has no cap: it installs Debian's packages",)
        return Up(machine.url, bought, order.caps.memory_mb, [start_s], notes)

    def stop(self) -> None:
        self.running.close()

    def renew(self) -> float:
        began = time.monotonic()
        both = " ".join(f"loopgenie@{slot}" for slot in _SLOTS)
        ready = " && ".join(f"until curl -fso /dev/null 127.0.0.1:{slot}/readyz; do sleep 0.1; done" for slot in _SLOTS)
        self._machine.run("bash", "-c", f"systemctl restart {both} && {ready}", timeout_s=120)
        return time.monotonic() - began

    def used_mb(self) -> float:
        return used_mb([self._machine.name])

    def limits(self) -> dict[str, Limit]:
        return {"instance": of(self._machine.name)}

    @property
    def _machine(self) -> machines.Instance:
        if self.machine is None:
            raise Failed("the instance does not run")
        return self.machine

    def _searches(self) -> int:
        """How many trips the two of the app search for at the same time, as their settings say."""
        told = self._machine.run("sh", "-c", "cat /opt/loopgenie/slots/800[12]/environment")
        return sum(
            int(line.split("=")[1]) for line in told.splitlines() if line.startswith("LOOPGENIE_SEARCHES_AT_ONCE=")
        )


# --- Lambda -------------------------------------------------------------------------------------------------------


@contextmanager
def function(say: Say, order: Order) -> Iterator[Platform]:
    """A function of the package that `python -m deploy.lambda.deploy package` makes."""
    package, code = order.folder / "package.zip", order.folder / "task"
    words = ["--output", str(package), "--runtime", RUNTIME, "--data", str(order.trails)]
    _command("deploy.lambda.deploy", "package", *words)
    say(f"lambda: the package has {package.stat().st_size / 2**20:.1f} MiB")
    with zipfile.ZipFile(package) as archive:
        archive.extractall(code)
    code.chmod(0o755)  # who runs in a sandbox is somebody else
    environment = {"INSTANTIATE_LAMBDA_HANDLER_ON_IMPORT": "1", "LOOPGENIE_SEARCHES_AT_ONCE": "1"}
    made = _Function(
        order,
        lambda_service.Function(code, runtime=RUNTIME, memory_mb=order.half.memory_mb, environment=environment),
    )
    try:
        yield made
    finally:
        made.stop()


@dataclass
class _Function:
    order: Order
    function: lambda_service.Function
    running: ExitStack = field(default_factory=ExitStack)
    service: lambda_service.Service | None = None
    each: Limit | None = None  # what the engine gave the last sandbox

    def start(self) -> Up:
        serving = lambda_service.serving(self.function, port=self.order.port, prefix=f"{self.order.name}-")
        self.service = self.running.enter_context(serving)
        return self._up()

    def _up(self) -> Up:
        """As it is now, and how long a sandbox of this size takes; none is left of that."""
        service = self._service
        health.wait_until_ready(service.url, timeout_s=60, say=lambda _: None)
        start_s = [one.start_ms / 1000 for one in service.outcomes if one.start_ms]
        self.each = of(service.sandboxes()[0])
        service.outcomes.clear()
        service.forget()
        memory = self.function.memory_mb
        at_most = self.function.sandboxes
        notes = (
            f"{at_most} sandboxes at once, at most, and together they have no more than this machine's processors",
            "a sandbox has no more processor while it starts than later",
        )
        return Up(service.url, setup.Lambda(memory, arch=_ARCH), memory, start_s, notes)

    def resize(self, memory_mb: int) -> Up:
        """Give it another memory, and the share of a processor that comes with it."""
        self.function = replace(self.function, memory_mb=memory_mb)
        self._service.update(self.function)
        self._service.outcomes.clear()
        return self._up()

    def stop(self) -> None:
        self.running.close()

    def renew(self) -> float:
        self._service.forget()
        return 0.0

    def used_mb(self) -> float:
        return used_mb(self._service.sandboxes())

    def limits(self) -> dict[str, Limit]:
        """Of each sandbox; where there is none, of one that was."""
        found = {name: of(name) for name in self._service.sandboxes()}
        return found or ({"each sandbox": self.each} if self.each else {})

    @property
    def _service(self) -> lambda_service.Service:
        if self.service is None:
            raise Failed("the function does not run")
        return self.service


# --- Fargate ------------------------------------------------------------------------------------------------------


@contextmanager
def service(say: Say, order: Order) -> Iterator[Platform]:
    """Tasks as the template has them, of images that are built as `python -m deploy.fargate.deploy up` does."""
    names = {one: f"{order.name}-{one}" for one in ("server", "web", "app")}
    try:
        for one in ("server", "web"):
            images.build(one, names[one], arch=_ARCH)
        images.with_trails(names["server"], names["app"], arch=_ARCH, file=order.trails)
        say(f"fargate: the images have {images.size_mb(names['app']) + images.size_mb(names['web']):.0f} MB")
        made = _Tasks(order, names["app"], names["web"])
        try:
            yield made
        finally:
            made.stop()
    finally:
        images.forget(names.values())


@dataclass
class _Tasks:
    order: Order
    app: str
    web: str
    running: ExitStack = field(default_factory=ExitStack)
    made: tasks.Service | None = None

    def start(self) -> Up:
        balancer, url = self.running.enter_context(tasks.balancer(port=self.order.port))
        together = can_be_shared()
        self.made = tasks.Service(self.order.name, balancer, self._resource("Targets"), shared=together)
        self.running.callback(self.made.remove)
        self.made.renew(self._task())
        bought = setup.Fargate(
            self._cpu(), 1024 * -(-self.order.half.memory_mb // 1024), arch=_ARCH, searches=self._searches()
        )
        notes = () if together else ("each of a task's containers has the limit of the whole task",)
        return Up(url, bought, self.order.half.memory_mb, list(self.made.started_s), notes)

    def stop(self) -> None:
        self.running.close()

    def renew(self) -> float:
        return self._made.renew(self._task())

    def used_mb(self) -> float:
        return used_mb([name for task in self._made.tasks for name in task.running])

    def limits(self) -> dict[str, Limit]:
        if self._made.shared:
            return {task.name: shared(task.name) for task in self._made.tasks}
        return {name: of(name) for task in self._made.tasks for name in task.running}

    @property
    def _made(self) -> tasks.Service:
        if self.made is None:
            raise Failed("the service does not run")
        return self.made

    def _cpu(self) -> int:
        """What would be bought: the smallest task of that much processor."""
        return next(size for size in _TASKS if size >= round(1024 * self.order.half.cpus))

    def _task(self) -> dict[str, Any]:
        """The template's task, with our caps, which need not be a size that Fargate has."""
        half = self.order.half
        return {**self._resource("Task"), "Cpu": str(round(1024 * half.cpus)), "Memory": str(half.memory_mb)}

    def _resource(self, name: str) -> Mapping[str, Any]:
        chosen = {"Name": "compare", "AppImage": self.app, "WebImage": self.web, "Cpu": str(self._cpu())}
        template = Template.read(ROOT / "deploy" / "fargate" / "template.yaml")
        return next(one.properties for one in template.resources(chosen) if one.name == name)

    def _searches(self) -> int:
        (app,) = (one for one in self._task()["ContainerDefinitions"] if one["Name"] == "app")
        return next(int(one["Value"]) for one in app["Environment"] if one["Name"] == "LOOPGENIE_SEARCHES_AT_ONCE")


# --- commands -----------------------------------------------------------------------------------------------------


def _command(module: str, *words: str) -> None:
    """Run one of our own command lines.

    Raises
    ------
    Failed : it did not work; with its last words.
    """
    command = [sys.executable, "-m", module, *words]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            _, said = process.communicate(timeout=_COMMAND_S)
        except BaseException:
            process.send_signal(signal.SIGINT)  # so that it puts away what it has begun; killed, it could not
            raise
    sys.stderr.write(said)  # the log of this process
    if process.returncode:
        raise Failed(last_line(said) or f"{module} {words[0]} ended with {process.returncode}")


def _docker(*words: str) -> None:
    done = subprocess.run(["docker", *words], capture_output=True, text=True)
    if done.returncode:
        raise Failed(f"docker {words[0]}: {last_line(done.stderr)}")
