"""The three targets on this machine: packaged as they are shipped, started with equal caps, renewed, put away.

Each lives in a process of its own (`deploy.standin.apart`), and what it starts ends with that. The caps are cut as the
platform cuts them: the instance gets all of them, two tasks of Fargate half each, and so does each sandbox of Lambda,
of which there are as many as requests at once. So a search has half a processor where all are busy; a lone one has a
whole processor at the instance, which is one machine, and half of one in a task or a sandbox. What is in front of the
tasks and of the function is AWS's there and has no cap here; nginx, which we bring along, is within.

    with standins.built(standins.NAMES, standins.Caps(), folder=folder, say=say) as ready:
        for one in ready:
            with one.running() as target:
                ...
"""

from __future__ import annotations

import math
import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy import images, setup, trails
from deploy.command import WrongUse
from deploy.compare import platforms
from deploy.standin import ec2 as machines
from deploy.standin import lambda_service
from deploy.standin.apart import Apart, Say, apart
from deploy.standin.limits import Limit

NAMES = ("ec2", "lambda", "fargate")
REGION = "this machine"
_MAKE = {"ec2": platforms.instance, "lambda": platforms.function, "fargate": platforms.service}


@dataclass(frozen=True)
class Caps:
    """What each target gets, in all.

    Parameters
    ----------
    cpus : processors.
    memory_mb : MiB; Lambda gives 1769 with each processor, so it has to be about that.
    """

    cpus: float = 1.0
    memory_mb: int = 1770

    def __post_init__(self) -> None:
        wanted = self.cpus * lambda_service.MB_PER_PROCESSOR
        if not 0.5 <= self.cpus <= 2:
            raise WrongUse(f"caps of {self.cpus} processors, want 0.5 to 2")
        if not 0.95 < self.memory_mb / wanted < 1.05:
            raise WrongUse(
                f"caps of {self.cpus} processors and {self.memory_mb} MB: want {wanted:.0f} MB, as Lambda has it"
            )

    @property
    def half(self) -> Limit:
        """What a task or a sandbox gets."""
        return Limit(self.cpus / 2, math.ceil(self.memory_mb / 2))


@dataclass(frozen=True)
class Target:
    """A stand-in that runs.

    Parameters
    ----------
    name : one of `NAMES`.
    url : where it answers.
    setup : what would be bought for it.
    memory_mb : of one unit: instance, task or sandbox.
    commit : of the sources that it was made of.
    build_s : seconds until its package was made; what was made before is not made again.
    start_s : seconds that each unit took until it could take requests. The instance's has the installation of Debian's
        packages in it, and no cap yet.
    renew : makes it start anew; returns the seconds until it takes requests. The next request is a process's first.
    memory_used_mb : MiB that everything uses now which answers requests.
    limits : what each unit may use, as the kernel or the engine has it, by name.
    resize : the function with another memory; None for the others.
    notes : what a reader of its figures has to know.
    region : where it is.
    """

    name: str
    url: str
    setup: setup.Setup
    memory_mb: int
    commit: str
    build_s: float
    start_s: list[float]
    renew: Callable[[], float]
    memory_used_mb: Callable[[], float]
    limits: Callable[[], dict[str, Limit]]
    resize: Callable[[int], Target] | None = None
    notes: tuple[str, ...] = ()
    region: str = REGION


@dataclass(frozen=True)
class Ready:
    """A stand-in that is packaged and does not run yet; see `Target`."""

    name: str
    commit: str
    build_s: float
    apart: Apart

    @contextmanager
    def running(self) -> Iterator[Target]:
        """Run it as long as the block lasts.

        Raises
        ------
        Failed : it does not come up.
        """
        try:
            yield self._target(self.apart.ask("start"))
        finally:
            self.apart.ask("stop")

    def _target(self, up: platforms.Up) -> Target:
        ask = self.apart.ask
        return Target(
            name=self.name,
            url=up.url,
            setup=up.setup,
            memory_mb=up.memory_mb,
            commit=self.commit,
            build_s=self.build_s,
            start_s=up.start_s,
            renew=lambda: float(ask("renew")),
            memory_used_mb=lambda: float(ask("used_mb")),
            limits=lambda: dict(ask("limits")),
            resize=(lambda memory_mb: self._target(ask("resize", memory_mb))) if self.name == "lambda" else None,
            notes=up.notes,
        )


def check(names: Sequence[str] = NAMES) -> None:
    """Make sure that all is here that stand-ins need; it takes no second.

    Raises
    ------
    WrongUse : it is not; says what would help.
    """
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        raise WrongUse(f"there is no stand-in {unknown[0]!r}, want some of {', '.join(NAMES)}")
    images.check_docker()
    if "ec2" in names and (missing := machines.missing()):
        raise WrongUse(f"no stand-in of EC2: {missing}")
    runtime = lambda_service.Function(Path(), runtime=platforms.RUNTIME).image
    if "lambda" in names and subprocess.run(["docker", "image", "inspect", runtime], capture_output=True).returncode:
        raise WrongUse(f"no stand-in of Lambda: there is no image {runtime}; pull it, or build one with that name")


@contextmanager
def built(names: Sequence[str], caps: Caps, *, folder: Path, say: Say, first_port: int = 0) -> Iterator[list[Ready]]:
    """Package them, all at the same time; what they need is there as long as the block lasts.

    Parameters
    ----------
    names : of `NAMES`.
    folder : for packages and logs; an empty one.
    say : gets lines of progress.
    first_port : of four of the loopback; 0: any that are free.

    Raises
    ------
    WrongUse : something that they need is not here.
    Failed : one cannot be made.
    """
    check(names)
    say("making the trails of the sample region, the same for all")
    trails.sample(folder / platforms.TRAILS)
    commit = _commit()
    with ExitStack() as stack:
        made: dict[str, Apart] = {}
        for number, name in enumerate(names):
            own = folder / name
            own.mkdir()
            order = platforms.Order(
                f"lgcmp-{os.getpid()}-{name}",
                own,
                Limit(caps.cpus, caps.memory_mb),
                caps.half,
                first_port and first_port + number + (number > 0),  # the instance has two
            )
            say(f"{name}: packaging it")
            made[name] = stack.enter_context(apart(_MAKE[name], order, log=own / "log", say=say))
        ready = []
        for name, one in made.items():
            build_s = one.wait()
            say(f"{name}: packaged in {build_s:.0f} s")
            ready.append(Ready(name, commit, build_s, one))
        yield ready


def _commit() -> str:
    """The commit of this checkout, with a plus where files have changed since; empty where it is none."""
    here = ["git", "-C", str(platforms.ROOT)]
    head = subprocess.run([*here, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True)
    if head.returncode:
        return ""
    changed = subprocess.run([*here, "status", "--porcelain", "-uno"], capture_output=True, text=True).stdout
    return head.stdout.strip() + ("+" if changed.strip() else "")


def ec2(caps: Caps, *, folder: Path, say: Say) -> AbstractContextManager[Target]:
    """The instance alone: packaged, started, and put away after the block."""
    return _alone("ec2", caps, folder, say)


def function(caps: Caps, *, folder: Path, say: Say) -> AbstractContextManager[Target]:
    """The function of Lambda alone."""
    return _alone("lambda", caps, folder, say)


def fargate(caps: Caps, *, folder: Path, say: Say) -> AbstractContextManager[Target]:
    """The service of Fargate alone."""
    return _alone("fargate", caps, folder, say)


@contextmanager
def _alone(name: str, caps: Caps, folder: Path, say: Say) -> Iterator[Target]:
    with built((name,), caps, folder=folder, say=say) as (ready,), ready.running() as target:
        yield target
