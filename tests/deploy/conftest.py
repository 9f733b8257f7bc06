"""A stand-in of AWS for the tests of the targets: `aws` is its URL, empty at the start of every test."""

from __future__ import annotations

from collections.abc import Iterator

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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever asks for the stand-in is marked so."""
    for item in items:
        if "aws" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.deploy)
