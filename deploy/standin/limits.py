"""What containers may use and do use. A limit may hold for several of them together, as that of a task does."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.command import Failed

#: Control groups of the first version, one folder for each controller.
_GROUPS = Path("/sys/fs/cgroup")
_PERIOD_US = 100_000


@dataclass(frozen=True)
class Limit:
    """At most so much.

    Parameters
    ----------
    cpus : processors; 0: as many as there are.
    memory_mb : MiB; 0: as much as there is.
    """

    cpus: float
    memory_mb: int

    def words(self) -> list[str]:
        """For `docker run` and `docker update`."""
        memory = f"{self.memory_mb}m"
        return ["--cpus", f"{self.cpus:.3f}", "--memory", memory, "--memory-swap", memory]


def can_be_shared() -> bool:
    """Whether containers can share a limit here: if we are root, and Docker itself keeps the groups, not systemd."""
    if not os.access(_GROUPS / "cpu" / "cpu.shares", os.W_OK):
        return False
    return _docker("info", "--format", "{{.CgroupDriver}} {{.CgroupVersion}}") == "cgroupfs 1"


def share(name: str, limit: Limit) -> str:
    """A limit for all containers that are started with `--cgroup-parent` and what this returns."""
    for controller, settings in _settings(limit).items():
        folder = _GROUPS / controller / name
        folder.mkdir(exist_ok=True)
        for file, value in settings.items():
            (folder / file).write_text(str(value), "ascii")
    return f"/{name}"


def shared(name: str) -> Limit:
    """The limit of that name, as the kernel has it."""
    quota = int((_GROUPS / "cpu" / name / "cpu.cfs_quota_us").read_text("ascii"))
    period = int((_GROUPS / "cpu" / name / "cpu.cfs_period_us").read_text("ascii"))
    memory = int((_GROUPS / "memory" / name / "memory.limit_in_bytes").read_text("ascii"))
    return Limit(quota / period if quota > 0 else 0.0, memory >> 20)


def unshare(name: str) -> None:
    """Take it away, when no container has it any more."""
    for folder in _GROUPS.glob(f"*/{name}"):
        try:
            folder.rmdir()
        except OSError as error:
            raise Failed(f"the control group {folder} is still in use: {error.strerror}") from None


def of(container: str) -> Limit:
    """The limit of one container, as the engine has it."""
    (found,) = json.loads(_docker("inspect", container))
    host = found["HostConfig"]
    return Limit(host["NanoCpus"] / 1e9, host["Memory"] >> 20)


def used_mb(containers: Sequence[str]) -> float:
    """MiB that containers use together now, without what the kernel keeps of files and could give back."""
    if not containers:
        return 0.0
    told = _docker("stats", "--no-stream", "--format", "{{.MemUsage}}", *containers)
    return sum(_mib(line.split(" / ")[0]) for line in told.splitlines())


def _mib(text: str) -> float:
    """Docker's "123.4MiB"."""
    for unit, size in (("GiB", 1024.0), ("MiB", 1.0), ("KiB", 1 / 1024), ("B", 1 / 2**20)):
        if text.endswith(unit):
            return float(text.removesuffix(unit)) * size
    return 0.0


def _settings(limit: Limit) -> dict[str, dict[str, int]]:
    return {
        "cpu": {"cpu.cfs_period_us": _PERIOD_US, "cpu.cfs_quota_us": round(limit.cpus * _PERIOD_US)},
        "memory": {"memory.limit_in_bytes": limit.memory_mb << 20},
    }


def _docker(*words: str) -> str:
    done = subprocess.run(["docker", *words], capture_output=True, text=True, timeout=60)
    if done.returncode:
        raise Failed(f"docker {words[0]}: {done.stderr.strip()}")
    return done.stdout.strip()
