"""Containers to try things on: an engine, images of this tree, free ports, and commands that say what went wrong.

`load.py` beside this file keeps a service busy and misses no failure.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.append(str(HERE))
pytest.register_assert_rewrite("load")

#: The images are built once in a session, under these names.
TAG = "test"
HARDENED = ("--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--security-opt=no-new-privileges")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.docker)


def run(*words: str | Path, timeout_s: float = 120, check: bool = True, **options: Any) -> str:
    """What a command prints; where it fails, the test does, with all that it said."""
    done = subprocess.run(
        [*map(str, words)], capture_output=True, text=True, timeout=timeout_s, stdin=subprocess.DEVNULL, **options
    )
    if check and done.returncode:
        raise AssertionError(f"{' '.join(map(str, words))}: {done.returncode}\n{done.stdout}{done.stderr}")
    return (done.stdout if check else done.stdout + done.stderr).strip()


def inspected(name: str) -> dict[str, Any]:
    """All that the engine knows of a container or an image."""
    (found,) = json.loads(run("docker", "inspect", name))
    return found


def free_port() -> int:
    """A port of the loopback on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ask(url: str, body: object = None, *, timeout_s: float = 40, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers (names in small letters) and body of an answer, whatever its status; a body makes it a POST."""
    data = None if body is None else json.dumps(body).encode()
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", **given} if data else given)
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as answer:
            return answer.status, {n.lower(): v for n, v in answer.headers.items()}, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, {n.lower(): v for n, v in error.headers.items()}, error.read()


def wait_until(url: str, *, status: int = 200, timeout_s: float = 60) -> float:
    """Wait until an address answers with a status; returns the seconds that took."""
    began = time.monotonic()
    last: object = None
    while time.monotonic() - began < timeout_s:
        try:
            last, _, body = ask(url, timeout_s=5)
            if last == status:
                return time.monotonic() - began
            last = f"{last} {body[:200]!r}"
        except OSError as error:
            last = error
        time.sleep(0.1)
    raise AssertionError(f"{url} does not answer with {status} within {timeout_s} s; the last was {last}")


def wait_for(condition: Callable[[], object], *, timeout_s: float = 60, what: str = "it") -> float:
    """Wait until something holds; returns the seconds that took."""
    began = time.monotonic()
    while time.monotonic() - began < timeout_s:
        if condition():
            return time.monotonic() - began
        time.sleep(0.1)
    raise AssertionError(f"{what} does not come true within {timeout_s} s")


def logs(name: str) -> str:
    """What a container has said on both of its streams."""
    return run("docker", "logs", name, check=False)


def build(target: str, name: str, *, folder: Path = ROOT) -> str:
    """Build an image of a tree; returns its name."""
    environment = {**os.environ, "DOCKER_BUILDKIT": "1"}
    run("docker", "build", "-q", "--target", target, "-t", name, folder, timeout_s=900, env=environment)
    return name


@pytest.fixture(scope="session")
def engine() -> str:
    """The version of the container engine; tests that need one are skipped where none answers."""
    if shutil.which("docker") is None:
        pytest.skip("there is no docker here")
    try:
        return run("docker", "info", "--format", "{{.ServerVersion}}", timeout_s=20)
    except (AssertionError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"no container engine answers: {' '.join(str(error).split())[:200]}")


@pytest.fixture(scope="session")
def server_image(engine: str) -> str:
    return build("server", f"loopgenie:{TAG}")


@pytest.fixture(scope="session")
def importer_image(engine: str) -> str:
    return build("importer", f"loopgenie-importer:{TAG}")


@pytest.fixture(scope="session")
def web_image(engine: str) -> str:
    return build("web", f"loopgenie-web:{TAG}")


@pytest.fixture(scope="session")
def sample_volume(importer_image: str) -> Iterator[str]:
    """A volume with the sample region as the embedded database; to be mounted at /data."""
    name = f"loopgenie-test-sample-{os.getpid()}"
    run("docker", "volume", "create", name)
    run("docker", "run", "--rm", *HARDENED, "-v", f"{name}:/data", importer_image, "sample")
    yield name
    run("docker", "volume", "rm", "-f", name)


@pytest.fixture
def started(engine: str) -> Iterator[Callable[..., str]]:
    """Starts containers: `started(image, *words, options=(…))` gives the name; they are gone after the test."""
    names: list[str] = []

    def start(image: str, *words: str, options: tuple[str, ...] = ()) -> str:
        name = f"loopgenie-test-{os.getpid()}-{len(names)}-{time.monotonic_ns() % 1_000_000}"
        names.append(name)
        run("docker", "run", "-d", "--name", name, *options, image, *words)
        return name

    yield start
    for name in names:
        run("docker", "rm", "-f", "-v", name, check=False)
