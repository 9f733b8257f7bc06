"""How a server ends: what it is working on is finished, and nobody who is idle holds it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A made-up country that is large enough to be searched for seconds."""
    pytest.importorskip("shapely")
    from loopgenie.importing.sample import sample_region
    from loopgenie.store.sqlite import SqliteStore

    file = tmp_path_factory.mktemp("country") / "sample.db"
    SqliteStore(str(file)).replace_region(sample_region(seed=0, size=20))
    return f"sqlite:///{file}"


Served = tuple["subprocess.Popen[bytes]", int]


@pytest.fixture
def serve(database: str) -> Iterator[Callable[[int], Served]]:
    started = []

    def start(workers: int) -> Served:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        environment = os.environ | {"LOOPGENIE_DATABASE_URL": database, "LOOPGENIE_WORKERS": str(workers)}
        words = [sys.executable, "-m", "loopgenie", "serve", "--port", str(port)]
        pipe = subprocess.PIPE
        started.append(subprocess.Popen(words, cwd=ROOT, env=environment, stdout=pipe, stderr=pipe))
        for _ in range(100):
            try:
                _get(port, "/readyz").close()
                return started[-1], port
            except OSError:
                time.sleep(0.1)
        raise AssertionError("it does not start")

    yield start
    for process in started:
        process.kill()
        process.communicate()


def _get(port: int, path: str) -> http.client.HTTPConnection:
    """A connection on which one request has been answered, and which is kept."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path)
    connection.getresponse().read()
    return connection


def _trip(port: int, *, time_limit_s: float, seed: int) -> tuple[int, str, float]:
    """Status and origin of the answer, and how long it took in seconds."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    body = {"location": {"lat": 45.0, "lon": -30.0}, "drive_km": 15, "hike_km": 20, "alternatives": 3}
    body |= {"time_limit_s": time_limit_s, "seed": seed}
    began = time.monotonic()
    connection.request("POST", "/v1/trips", json.dumps(body), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, answer.getheader("Server-Timing", ""), time.monotonic() - began


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_request_in_flight_is_finished_and_idle_connections_are_not_waited_for(
    serve: Callable[[int], Served], workers: int
) -> None:
    """SIGTERM comes 0.7 s into a search of 3 s: 2.3 s are left, far from the 20 s that a worker may take."""
    process, port = serve(workers)
    idle = [_get(port, "/healthz") for _ in range(3)]
    told: list[tuple[int, str, float]] = []
    asking = threading.Thread(target=lambda: told.append(_trip(port, time_limit_s=3.0, seed=workers)))
    asking.start()
    time.sleep(0.7)
    process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    code = process.wait(30)
    took_s = time.monotonic() - began
    asking.join(30)
    for connection in idle:
        connection.close()
    [(status, timing, trip_s)] = told
    assert (status, code) == (200, 0)
    assert 'answer;desc="solved"' in timing
    assert trip_s > 2.5, "it was still searched for when the signal came"
    assert took_s < 12, "neither the 20 s of a worker nor the 75 s of an idle connection"


def test_what_comes_on_a_kept_connection_while_it_ends_is_answered(serve: Callable[[int], Served]) -> None:
    """A proxy does not know yet that this is the end."""
    process, port = serve(1)
    kept = _get(port, "/healthz")
    process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    kept.request("GET", "/healthz")
    answer = kept.getresponse()
    assert (answer.status, answer.getheader("Connection")) == (200, "close")
    answer.read()
    kept.close()
    assert process.wait(20) == 0


def test_what_a_server_says_comes_at_once_and_on_stdout(serve: Callable[[int], Served]) -> None:
    process, _ = serve(1)
    assert process.stdout is not None
    assert b"Starting gunicorn" in process.stdout.readline(), "while it runs, through a pipe"
    process.terminate()
    _, complaints = process.communicate(timeout=30)
    assert (complaints, process.returncode) == (b"", 0)
