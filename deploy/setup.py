"""What a target is made of: what it costs and how it scales follow from this and from what was measured of it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar

#: Fields that may be 0; the other numbers may not.
_MAY_BE_NONE = ("keep_s", "patience_s", "out_cooldown_s", "in_cooldown_s", "provisioning_s")
_ARCHITECTURES = ("x86_64", "arm64")
_GATEWAYS = ("http", "rest", "url")


class _Checked:
    """Refuses numbers that make no sense."""

    def __post_init__(self) -> None:
        for one in fields(self):  # type: ignore[arg-type]
            value = getattr(self, one.name)
            if isinstance(value, int | float) and not isinstance(value, bool):
                if not (value > 0 or (value == 0 and one.name in _MAY_BE_NONE)):
                    raise ValueError(f"{one.name} is {value:g}, want more than 0")
            elif one.name == "arch" and value not in _ARCHITECTURES:
                raise ValueError(f"arch is {value!r}, want {' or '.join(_ARCHITECTURES)}")
            elif one.name == "gateway" and value not in _GATEWAYS:
                raise ValueError(f"gateway is {value!r}, want {', '.join(_GATEWAYS)}")


@dataclass(frozen=True)
class Ec2(_Checked):
    """One instance. It does not scale: what it cannot take waits, and is turned away when it has waited too long.

    Parameters
    ----------
    instance : its type, which decides the architecture.
    disk_gb : of both volumes.
    searches : trips that it searches for at the same time; the others wait.
    patience_s : so long, at most, and are then answered with 503.
    processes : that share the searches; requests go to the one that has fewest.
    threads : of each process; a request has one from when it comes, and those beyond wait for one.
    front_s : so long nginx waits for an answer, and says 504 then.
    database : class of an RDS instance beside it; empty: the trails are in a file.
    database_gb : its disk.
    """

    kind: ClassVar[str] = "ec2"
    instance: str = "t4g.small"
    disk_gb: int = 28
    searches: int = 2
    patience_s: float = 15.0
    processes: int = 2
    threads: int = 8
    front_s: float = 35.0
    database: str = ""
    database_gb: int = 20

    @property
    def arch(self) -> str:
        """The architecture; AWS's names of Graviton types have a g behind the generation."""
        family = self.instance.partition(".")[0]
        return "arm64" if "g" in family.lstrip("abcdefghijklmnopqrstuvwxyz") else "x86_64"


@dataclass(frozen=True)
class Lambda(_Checked):
    """A function: a sandbox for each request at a time, kept for a while when it is idle.

    Parameters
    ----------
    memory_mb : of a sandbox; 1769 MB come with one processor.
    gateway : what is in front: "http", "rest" or "url".
    concurrency : sandboxes at once, at most; beyond, requests are turned away (429).
    keep_s : how long an idle sandbox is kept. AWS does not say; some five minutes is what people see.
    nat : whether it stands in a network of one's own and has a NAT gateway to get out of it.
    database : class of an RDS instance; empty: the trails are in the package.
    database_gb : its disk.
    """

    kind: ClassVar[str] = "lambda"
    memory_mb: int = 1769
    arch: str = "x86_64"
    gateway: str = "http"
    concurrency: int = 1000
    keep_s: float = 300.0
    nat: bool = False
    database: str = ""
    database_gb: int = 20


@dataclass(frozen=True)
class Fargate(_Checked):
    """Tasks behind a load balancer, and the rules by which ECS makes more and fewer of them.

    Parameters
    ----------
    cpu, memory_mb : of a task; 1024 is one processor.
    min_tasks, max_tasks : never fewer, never more.
    searches : trips that a task searches for at the same time.
    patience_s, threads, front_s : as for `Ec2`; a task is one process.
    cpu_target_percent : load that scaling aims at.
    requests_target : requests a minute and task that scaling aims at, whichever asks for more tasks.
    out_cooldown_s, in_cooldown_s : after a change there is none for so long.
    provisioning_s : until a new task's container starts: a microVM, its network, the image; no stand-in has it.
    database : class of an RDS instance; empty: the trails are in the image.
    database_gb : its disk.
    """

    kind: ClassVar[str] = "fargate"
    cpu: int = 512
    memory_mb: int = 1024
    arch: str = "x86_64"
    min_tasks: int = 2
    max_tasks: int = 6
    searches: int = 1
    patience_s: float = 15.0
    threads: int = 8
    front_s: float = 35.0
    cpu_target_percent: float = 60.0
    requests_target: float = 300.0
    out_cooldown_s: float = 30.0
    in_cooldown_s: float = 300.0
    provisioning_s: float = 30.0
    database: str = ""
    database_gb: int = 20

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.min_tasks > self.max_tasks:
            raise ValueError(f"min_tasks is {self.min_tasks}, want at most max_tasks, {self.max_tasks}")


Setup = Ec2 | Lambda | Fargate
SETUPS: dict[str, type[Setup]] = {one.kind: one for one in (Ec2, Lambda, Fargate)}
