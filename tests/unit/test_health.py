"""The check that container engines run: ready once, then running, and never fooled by a start in the same place."""

from __future__ import annotations

import json
import os
import re
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from loopgenie import cli, health
from loopgenie.errors import BadInput

ROOT = Path(__file__).parents[2]


class Server:
    """A server that says what it is told to: path -> (status, body); `asked` are the paths asked for."""

    def __init__(self) -> None:
        self.says: dict[str, tuple[int, bytes]] = {}
        self.asked: list[str] = []
        self.wait: Callable[[float], object] = lambda _seconds: None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.wait(10)
                outer.asked.append(self.path)
                status, body = outer.says[self.path]
                with suppress(BrokenPipeError, ConnectionResetError):
                    self.send_response(status)
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    def starts(self, name: str, *, ready: bool = True) -> None:
        self.asked.clear()
        self.says["/healthz"] = 200, json.dumps({"status": "ok", "server": name}).encode()
        self.loses() if not ready else self.says.update({"/readyz": (200, b'{"status": "ready"}')})

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Take requests, and answer them only in the end."""
        idle = threading.Event()
        self.wait = idle.wait
        yield
        idle.set()

    def loses(self) -> None:
        self.says["/readyz"] = 503, b'{"detail": "The trail database does not answer."}'


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    server.starts("first")
    yield server
    server.http.shutdown()
    server.http.server_close()


def test_a_server_has_to_be_ready_once(server: Server, tmp_path: Path) -> None:
    server.loses()
    for _ in range(2):
        with pytest.raises(
            health.Unwell, match=r"/readyz answers with status 503. The trail database does not answer\.$"
        ):
            health.check(server.url, folder=tmp_path)
    server.starts("first")
    assert health.check(server.url, folder=tmp_path) == f"{server.url} is ready"
    assert server.asked == ["/healthz", "/readyz"]


def test_a_lost_database_makes_no_server_ill_that_was_ready(server: Server, tmp_path: Path) -> None:
    health.check(server.url, folder=tmp_path)
    server.loses()
    server.asked.clear()
    assert health.check(server.url, folder=tmp_path) == f"{server.url} runs"
    assert server.asked == ["/healthz"]


def test_a_server_that_starts_again_has_to_be_ready_again(server: Server, tmp_path: Path) -> None:
    """The same container, address and folder: only the name that the server gives itself is another."""
    health.check(server.url, folder=tmp_path)
    server.starts("second", ready=False)
    with pytest.raises(health.Unwell):
        health.check(server.url, folder=tmp_path)
    assert len(list(tmp_path.iterdir())) == 1, "one file for each address, however often it starts"


def test_a_server_without_a_name_is_asked_every_time(server: Server, tmp_path: Path) -> None:
    server.says["/healthz"] = 200, b"{}"
    health.check(server.url, folder=tmp_path)
    server.loses()
    with pytest.raises(health.Unwell):
        health.check(server.url, folder=tmp_path)


def test_where_nothing_can_be_remembered_the_server_is_well_all_the_same(server: Server, tmp_path: Path) -> None:
    said = health.check(server.url, folder=tmp_path / "none")
    assert said == f"{server.url} is ready, but that cannot be remembered in {tmp_path}/none: No such file or directory"


def test_a_link_of_somebody_else_is_not_followed(server: Server, tmp_path: Path) -> None:
    health.check(server.url, folder=tmp_path)
    [marker] = tmp_path.iterdir()
    marker.unlink()
    victim = tmp_path / "victim"
    victim.write_text("precious")
    marker.symlink_to(victim)
    assert "cannot be remembered" in health.check(server.url, folder=tmp_path)
    assert victim.read_text() == "precious"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((500, b"{}"), "/healthz answers with status 500"),
        ((200, b"<html>"), "/healthz does not answer as LoopGenie does"),
        ((200, b"[]"), "/healthz answers with status 200"),
        ((200, b"\xff"), "/healthz does not answer as LoopGenie does"),
    ],
)
def test_whoever_else_answers_is_not_well(server: Server, tmp_path: Path, answer: tuple[int, bytes], why: str) -> None:
    server.says["/healthz"] = answer
    with pytest.raises(health.Unwell, match=re.escape(why)):
        health.check(server.url, folder=tmp_path)


def test_nobody_there(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(health.Unwell, match="does not answer: Connection refused"):
            health.check(url, folder=tmp_path)


def test_a_silent_server_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "TIMEOUT_S", 0.1)
    too_late = pytest.raises(health.Unwell, match=r"does not answer within 0\.1 s")
    with socket.create_server(("127.0.0.1", 0)) as silent, too_late:
        health.check(f"http://127.0.0.1:{silent.getsockname()[1]}", folder=tmp_path)


@pytest.mark.parametrize(
    "url", ["", "here", "https://here", "http://", "http://a:x", "http://u:p@a", "http://a?b", "http://a b"]
)
def test_an_address_is_checked(url: str) -> None:
    with pytest.raises(BadInput, match="want http://HOST:PORT"):
        health.check(url)


def test_a_server_that_was_ready_may_be_too_busy_for_a_minute(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert health.check(server.url, folder=tmp_path) == f"{server.url} is ready"
    [marker] = tmp_path.iterdir()
    monkeypatch.setattr(health, "TIMEOUT_S", 0.1)
    with server.busy():
        assert health.check(server.url, folder=tmp_path) == f"{server.url} is busy"
        os.utime(marker, (time.time() - 59,) * 2)
        assert health.check(server.url, folder=tmp_path) == f"{server.url} is busy", "that was no answer"
        os.utime(marker, (time.time() - 61,) * 2)
        with pytest.raises(health.Unwell, match="does not answer within"):
            health.check(server.url, folder=tmp_path)
    monkeypatch.setattr(health, "TIMEOUT_S", 3.0)
    assert health.check(server.url, folder=tmp_path) == f"{server.url} runs"
    assert time.time() - marker.stat().st_mtime < 30, "each answer counts"


def test_a_server_that_ends_is_not_busy(server: Server, tmp_path: Path) -> None:
    health.check(server.url, folder=tmp_path)
    server.http.shutdown()
    server.http.server_close()
    with pytest.raises(health.Unwell, match="Connection refused"):
        health.check(server.url, folder=tmp_path)


def test_the_command_ends_with_0_or_1_and_one_line(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("LOOPGENIE_PORT", server.url.rpartition(":")[2])
    assert cli.main(["health"]) == 0
    assert capsys.readouterr() == (f"{server.url} is ready\n", "")
    server.starts("second", ready=False)
    assert cli.main(["health", "--url", f"{server.url}/"]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert cli.main(["health", "--url", "here"]) == 2


def test_the_command_is_light(server: Server, tmp_path: Path) -> None:
    """It runs every ten seconds beside each replica. Measured: 80 to 90 ms of processor time, with Python's start."""
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    words = [sys.executable, "-X", "importtime", "-m", "loopgenie", "health", "--url", server.url]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(words, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.stdout == f"{server.url} is ready\n"
    brought = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert not brought & {"flask", "pydantic", "sqlite3", "psycopg2", "asyncio", "solver"}
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1.0  # a slow machine is no fault
