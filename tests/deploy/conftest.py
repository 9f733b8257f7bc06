"""What the tests of the targets ask: a stand-in of AWS, empty at the start of every test, and a known target."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from deploy.standin import aws as standin


@pytest.fixture(scope="session")
def aws_server() -> Iterator[str]:
    """The URL of a stand-in that runs as long as the tests do."""
    pytest.importorskip("moto", reason="needs the extra `deploy-test`")
    with standin.server() as url:
        yield url


@pytest.fixture
def aws(aws_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of an empty stand-in to which boto3 and the like speak, with keys that it takes."""
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    for name, value in {**standin.ENVIRONMENT, "AWS_ENDPOINT_URL": aws_server}.items():
        monkeypatch.setenv(name, value)
    # stacks of the stand-in are at rest at once
    monkeypatch.setattr("deploy.stacks._PAUSE_S", 0.05)
    standin.reset(aws_server)
    return aws_server


@pytest.fixture(scope="session")
def known_target() -> Callable[[], AbstractContextManager[str]]:
    """Starts a target whose delays and faults are known, as long as a block lasts, and gives its URL."""
    pytest.importorskip("aiohttp", reason="needs the extra `compare`")
    return _known_target


@contextmanager
def _known_target() -> Iterator[str]:
    """In a process of its own, so that it does not wait for the client."""
    command = [sys.executable, str(Path(__file__).with_name("known_target.py"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        process.kill()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever asks for the stand-in is marked so."""
    for item in items:
        if "aws" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.deploy)
