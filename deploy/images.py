"""Images of LoopGenie: named by what is in them, built, tried out and pushed, with the Docker of this machine."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path

from deploy import health, interpreters
from deploy.command import Failed, WrongUse, last_line, say
from deploy.trails import digest

ROOT = Path(__file__).resolve().parents[1]
#: What the images are made of, as .dockerignore has it.
_SOURCES = ("Dockerfile", ".dockerignore", "constraints.txt", "pyproject.toml", "setup.py", "README.md", "LICENSE")
_MORE_SOURCES = ("tools/python-headers.sh", "deploy/trails.Dockerfile")
_FOLDERS = ("solver", "loopgenie", "deploy/nginx")
_NOT_SOURCES = re.compile(r"/__pycache__/|\.so$|\.py[cod]$|/solver/[^/]+\.c$")
_BUILD_S = 1800


class NoDocker(WrongUse):
    """There is no Docker here that answers."""


def tag(*, arch: str, trails: Path | None = None) -> str:
    """A name for what an image of these sources holds: the same sources give the same name, on any machine.

    Parameters
    ----------
    arch : "x86_64" or "arm64".
    trails : a database that the image carries, too.

    Returns
    -------
    Sixteen hexadecimal digits.
    """
    found = hashlib.sha256(arch.encode())
    for path in _sources():
        found.update(f"\0{path.relative_to(ROOT).as_posix()}\0".encode())
        found.update(path.read_bytes())
    if trails:
        found.update(b"\0trails\0" + digest(trails).encode())
    return found.hexdigest()[:16]


def _sources() -> list[Path]:
    found: Iterable[Path] = (p for folder in _FOLDERS for p in (ROOT / folder).rglob("*") if p.is_file())
    files = [path for path in found if not _NOT_SOURCES.search(path.as_posix())]
    return sorted([*files, *(ROOT / name for name in (*_SOURCES, *_MORE_SOURCES))])


def check_docker() -> None:
    """Make sure that a Docker is there.

    Raises
    ------
    NoDocker : there is none, or it does not answer.
    """
    if shutil.which("docker") is None:
        raise NoDocker("needs Docker to build the images: install it, or say with --image which to use")
    asked = subprocess.run(["docker", "version", "--format", "{{.Server.Version}}"], capture_output=True, text=True)
    if asked.returncode:
        raise NoDocker(f"Docker does not answer: {_last_words(asked.stderr)}; start it, or say --image")


def build(target: str, reference: str, *, arch: str) -> None:
    """Build one of the Dockerfile's images: "server", "web" or "importer".

    Raises
    ------
    Failed : it cannot be built; says the last words of Docker.
    """
    words = ["--target", target, "--build-arg", f"REVISION={_revision()}", str(ROOT)]
    _build(words, reference, arch=arch)


def with_trails(server: str, reference: str, *, arch: str, file: Path | None = None, importer: str = "") -> None:
    """Build the server's image with trails in it: those of a file, else the sample that the importer's image makes.

    Raises
    ------
    Failed : it cannot be built.
    """
    with tempfile.TemporaryDirectory() as context:
        words = ["-f", str(ROOT / "deploy" / "trails.Dockerfile"), "--build-arg", f"SERVER={server}"]
        if file:
            shutil.copyfile(file, Path(context) / "loopgenie.db")
            words += ["--target", "with-file"]
        else:
            words += ["--target", "with-sample", "--build-arg", f"IMPORTER={importer}"]
        _build([*words, context], reference, arch=arch)


def _build(words: Sequence[str], reference: str, *, arch: str) -> None:
    command = ["docker", "build", "--platform", interpreters.engine_platform(arch), "-t", reference, *words]
    try:
        done = subprocess.run(
            command,
            env={**os.environ, "DOCKER_BUILDKIT": "1", "BUILDKIT_PROGRESS": "plain"},
            capture_output=True,
            text=True,
            timeout=_BUILD_S,
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"{reference} is not built after {_BUILD_S} s") from None
    if done.returncode == 0:
        return
    if "exec format error" in done.stdout + done.stderr:
        raise Failed(
            f"this machine ({platform.machine()}) runs no programs for {arch}, so it cannot build {reference}: "
            "set up QEMU (docker run --privileged --rm tonistiigi/binfmt --install all), or choose another --arch"
        )
    raise Failed(f"{reference} cannot be built: {_last_words(done.stderr)}")


def _revision() -> str:
    """The commit, where this is a checkout."""
    asked = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "HEAD"], capture_output=True, text=True)
    return asked.stdout.strip() if asked.returncode == 0 else "unknown"


def try_out(server: str, web: str, *, timeout_s: float = 90) -> float:
    """Start both as they will run, side by side in one network, and plan a trip through nginx; returns the seconds.

    The server's image has to carry trails (`with_trails`).

    Raises
    ------
    Failed : they do not start, or answer no trip.
    """
    name = f"loopgenie-try-{uuid.uuid4().hex[:8]}"
    safe = ["--read-only", "--cap-drop", "ALL", "--tmpfs", "/tmp:mode=1777"]  # noqa: S108 - inside the container
    trails = ["-e", "LOOPGENIE_DATABASE_URL=sqlite:////trails/loopgenie.db", "-e", "LOOPGENIE_HOST=127.0.0.1"]
    try:
        _docker("run", "-d", "--name", f"{name}-app", "-p", "127.0.0.1::8080", *safe, *trails, server)
        _docker("run", "-d", "--name", f"{name}-web", "--network", f"container:{name}-app", *safe, web)
        address = _docker("port", f"{name}-app", "8080").splitlines()[0]
        try:
            return health.wait_until_ready(f"http://{address}", timeout_s=timeout_s, say=say)
        except Failed as error:
            said = _docker("logs", "--tail", "3", f"{name}-app")
            raise Failed(f"the images do not work: {error}; the app's last words: {_last_words(said)}") from None
    finally:
        subprocess.run(["docker", "rm", "-f", f"{name}-web", f"{name}-app"], capture_output=True)


def name(image: str, reference: str) -> None:
    """Give an image another name."""
    _docker("tag", image, reference)


def forget(names: Iterable[str]) -> None:
    """Take names of images away, and what has no other name with them; what would be built again is still cached."""
    subprocess.run(["docker", "rmi", *names], capture_output=True)


def push(references: Sequence[str], *, user: str, password: str) -> None:
    """Push images to the registry that their names begin with.

    The password goes through a pipe, never into a command line, and is kept no longer than this lasts.

    Raises
    ------
    Failed : the registry does not take them.
    """
    host = _docker("context", "inspect", "--format", "{{.Endpoints.docker.Host}}")
    with tempfile.TemporaryDirectory() as folder:  # so that the password is not left in ~/.docker
        environment = {**os.environ, "DOCKER_CONFIG": folder, "DOCKER_HOST": os.environ.get("DOCKER_HOST") or host}
        environment.pop("DOCKER_CONTEXT", None)  # it lies in the other folder
        registry = references[0].split("/")[0]
        _docker("login", "--username", user, "--password-stdin", registry, environment=environment, entered=password)
        for reference in references:
            began = time.monotonic()
            _docker("push", "-q", reference, environment=environment)
            say(f"pushed {reference} in {time.monotonic() - began:.0f} s")


def size_mb(reference: str) -> float:
    """What an image takes on the disk, in MB, without what it shares counted apart."""
    return int(json.loads(_docker("image", "inspect", reference))[0]["Size"]) / 1e6


def _docker(*words: str, environment: dict[str, str] | None = None, entered: str | None = None) -> str:
    done = subprocess.run(["docker", *words], capture_output=True, text=True, env=environment, input=entered)
    if done.returncode:
        raise Failed(f"docker {words[0]} did not work: {_last_words(done.stderr)}")
    return (done.stdout + (done.stderr if words[0] == "logs" else "")).strip()


def _last_words(text: str) -> str:
    return last_line(text) or "it said nothing"
