"""A Python of a given version and architecture: the one that runs, one on the PATH, or one in a container."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path

from deploy.command import WrongUse

#: What Python and pip call an architecture -> what Debian and container engines do.
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_OTHER_NAMES = {"amd64": "x86_64", "arm64": "aarch64"}
_OURS = ("PYTHON", "VIRTUAL_ENV", "LOOPGENIE_")
_TIME_LIMIT_S = 900


class NoSuchPython(WrongUse):
    """There is no Python of that version and architecture here; the message says what would help."""


@dataclass(frozen=True)
class Interpreter:
    """A Python that can be run: `command` here, or in a container of `image` for `platform`."""

    version: str
    command: tuple[str, ...] = ()
    image: str = ""
    platform: str = ""

    def run(self, arguments: list[str], folder: Path) -> str:
        """Run this Python in a folder, which it may change, and give back what it prints.

        Parameters
        ----------
        arguments : what follows the interpreter on the command line; names of files are relative to the folder.
        folder : the working directory; in a container a copy of it, copied back at the end.

        Raises
        ------
        subprocess.CalledProcessError : it ended with an error, which is in `stderr`.
        """
        if self.command:
            return _output([*self.command, *arguments], cwd=folder)
        # copied, not mounted: the engine may be on another machine
        name = f"loopgenie-python-{uuid.uuid4().hex[:12]}"
        create = ["docker", "create", "--name", name, "--platform", self.platform, "--network", "none", "-w", "/build"]
        _output([*create, "--entrypoint", "python3", self.image, *arguments])
        try:
            _output(["docker", "cp", f"{folder}/.", f"{name}:/build"])
            printed = _output(["docker", "start", "--attach", name])
            _output(["docker", "cp", f"{name}:/build/.", str(folder)])
        finally:
            subprocess.run(["docker", "rm", "-f", name], capture_output=True, check=False)
        return printed


def architecture(name: str) -> str:
    """The machine's name of an architecture: x86_64 or aarch64.

    Raises
    ------
    NoSuchPython : it is neither.
    """
    known = _OTHER_NAMES.get(name.lower(), name.lower())
    if known not in ARCHITECTURES:
        raise NoSuchPython(f"the architecture {name!r} is not known; want x86_64 or aarch64 (also called arm64)")
    return known


def engine_platform(arch: str) -> str:
    """What container engines call a platform, such as linux/amd64; raises as `architecture` does."""
    return f"linux/{ARCHITECTURES[architecture(arch)]}"


def find(version: str, arch: str) -> Interpreter:
    """The nearest Python of a version like "3.13" for an architecture.

    Raises
    ------
    NoSuchPython : there is none; the message says the three ways to have one.
    """
    arch = architecture(arch)
    if architecture(platform.machine()) == arch:
        for command in ((sys.executable,), (f"python{version}",)):
            if _answers(command, version):
                return Interpreter(version, command)
    return in_container(version, arch)


def in_container(version: str, arch: str) -> Interpreter:
    """The Python of a version in a container of its official image.

    Raises
    ------
    NoSuchPython : there is no engine that can run it.
    """
    arch = architecture(arch)
    found = Interpreter(version, image=f"python:{version}-slim", platform=engine_platform(arch))
    if not _engine_runs(found):
        here = f"run this with it, or put python{version} on the PATH, or "
        if architecture(platform.machine()) != arch:
            here = f"do this on such a machine, or install QEMU's handlers for {arch} and "
        raise NoSuchPython(
            f"Python {version} for {arch} is needed: {here}start a docker engine that can run {found.image} for "
            f"{found.platform}"
        )
    return found


def clean_environment() -> dict[str, str]:
    """The environment without what leads another Python to our packages, or another LoopGenie to our settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}


def _answers(command: tuple[str, ...], version: str) -> bool:
    """Whether a command is Python of that version; a shim on the PATH may well be none."""
    if not shutil.which(command[0]):
        return False
    question = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([*command, "-c", question], capture_output=True, text=True, check=False, timeout=60)
    return done.returncode == 0 and done.stdout.strip() == version


def _engine_runs(python: Interpreter) -> bool:
    if not shutil.which("docker"):
        return False
    with tempfile.TemporaryDirectory() as empty:
        try:
            printed = python.run(["-c", "print('runs')"], Path(empty))
        except subprocess.CalledProcessError:
            return False
    return printed.strip() == "runs"


def _output(command: list[str], *, cwd: Path | None = None) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=cwd, timeout=_TIME_LIMIT_S, env=clean_environment()
    )
    return done.stdout
