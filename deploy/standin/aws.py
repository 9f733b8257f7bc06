"""AWS's control plane on this machine: a server of moto, which keeps what it is told and does nothing of it."""

from __future__ import annotations

import importlib.util
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.command import Failed, WrongUse

#: What a client of the stand-in has to have in its environment, beside AWS_ENDPOINT_URL.
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "stand-in",
    "AWS_SECRET_ACCESS_KEY": "stand-in",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    # no profile of whoever runs the tests
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
}
_PATIENCE_S = 60


@contextmanager
def server(*, host: str = "127.0.0.1", port: int = 0, certificate: Path | None = None) -> Iterator[str]:
    """Run the stand-in as long as the block lasts; gives the URL for AWS_ENDPOINT_URL.

    Parameters
    ----------
    host : address to listen on; containers need one that they reach.
    port : 0 for any that is free.
    certificate : with its key in one file, to speak TLS with.

    Raises
    ------
    WrongUse : moto is not installed.
    Failed : it does not start.
    """
    if importlib.util.find_spec("moto") is None:
        raise WrongUse("needs the extra `deploy-test`: pip install 'loopgenie[deploy-test]'")
    port = port or _free_port(host)
    url = f"{'https' if certificate else 'http'}://{host}:{port}"
    tls = ["-c", str(certificate), "-k", str(certificate)] if certificate else []
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", host, "-p", str(port), *tls],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(process, url, certificate)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def reset(url: str) -> None:
    """Let it forget everything."""
    with urllib.request.urlopen(urllib.request.Request(f"{url}/moto-api/reset", method="POST"), timeout=30):  # noqa: S310
        pass


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], url: str, certificate: Path | None) -> None:
    began = time.monotonic()
    trusted = ssl.create_default_context(cafile=str(certificate)) if certificate else None
    while process.poll() is None and time.monotonic() - began < _PATIENCE_S:
        try:
            with urllib.request.urlopen(f"{url}/moto-api/data.json", timeout=5, context=trusted):  # noqa: S310
                return
        except OSError:
            time.sleep(0.2)
    raise Failed(f"the stand-in of AWS does not start at {url}")
