"""The shared cache on a real Redis server: kept, shared, and every way in which it can fail."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from loopgenie import create_app
from loopgenie.answer_cache import KEPT_S, PREFIX, AnswerCache, cache_at
from loopgenie.config import Settings
from loopgenie.importing.sample import sample_region
from loopgenie.store.sqlite import SqliteStore

redis = pytest.importorskip("redis", reason="no package redis here: pip install 'loopgenie[redis]'")

PASSWORD = "s3cret@/:"  # what an address has to quote
URL_PASSWORD = "s3cret%40%2F%3A"
LOOPS = gzip.compress(json.dumps({"features": [{}]}).encode())


class RedisServer:
    """A server of its own in a folder, on a free port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"redis://:{URL_PASSWORD}@127.0.0.1:{self.port}/0"
        self.client = redis.Redis.from_url(self.url, socket_timeout=5)
        self.why: list[str] = []

    def start(self) -> None:
        words = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--requirepass", PASSWORD]
        self.process = subprocess.Popen(
            [*words, "--save", "", "--dir", str(self.folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(100):
            try:
                self.client.ping()
                return
            except redis.ConnectionError:
                time.sleep(0.05)
        raise AssertionError("redis-server does not start")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait(10)

    def cache(self, url: str | None = None) -> AnswerCache:
        made = cache_at(url or self.url, failed=self.why.append)
        assert made is not None
        return made


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    if shutil.which("redis-server") is None:
        pytest.skip("no Redis here: apt-get install redis-server")
    made = RedisServer(tmp_path)
    made.start()
    yield made
    made.client.close()
    made.stop()


def test_answers_are_kept_for_a_week_and_found_by_another_process(server: RedisServer) -> None:
    server.cache().keep("k", LOOPS)
    other = server.cache()
    assert other.find("k") == LOOPS
    assert other.find("other") is None
    assert KEPT_S - 60 < server.client.ttl(f"{PREFIX}k") <= KEPT_S
    assert server.why == []


def test_a_server_that_is_gone_costs_little_and_comes_back(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loopgenie.answer_cache.REST_S", 0.5)
    cache = server.cache()
    cache.keep("k", LOOPS)
    server.stop()
    began = time.monotonic()
    for _ in range(200):
        assert cache.find("k") is None
    assert time.monotonic() - began < 0.5, "asked once, then left alone"
    assert server.why == ["it does not answer (ConnectionError)"]
    server.start()
    time.sleep(0.6)
    cache.keep("k", LOOPS)
    assert cache.find("k") == LOOPS


def test_a_server_that_stands_still_is_not_waited_for(server: RedisServer) -> None:
    cache = server.cache()
    cache.keep("k", LOOPS)
    server.process.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    for _ in range(100):
        assert cache.find("k") is None
    assert time.monotonic() - began < 1.0, "0.1 s once"
    assert server.why == ["it does not answer (TimeoutError)"]


def test_a_server_that_is_full_tells_what_it_holds(server: RedisServer) -> None:
    cache = server.cache()
    cache.keep("k", LOOPS)
    server.client.config_set("maxmemory", 1)
    cache.keep("other", LOOPS)
    assert server.why == ["it refused (OutOfMemoryError)"]
    assert cache.find("k") == LOOPS
    assert cache.find("other") is None


def test_what_others_have_put_there_is_a_miss_and_is_written_over(server: RedisServer) -> None:
    cache = server.cache()
    server.client.set(f"{PREFIX}text", "garbage")
    server.client.rpush(f"{PREFIX}list", "a", "b")
    server.client.set(f"{PREFIX}long", LOOPS + bytes(9_000_000))
    assert [cache.find(name) for name in ("text", "list", "long")] == [None, None, None]
    assert server.why == [
        "what it holds is no answer of ours", "it refused (ResponseError)", "what it holds is no answer of ours",
    ]  # fmt: skip
    for name in ("text", "list"):
        cache.keep(name, LOOPS)
        assert cache.find(name) == LOOPS


def test_a_wrong_password_is_told_without_it(server: RedisServer) -> None:
    cache = server.cache(server.url.replace("s3cret", "wr0ng"))
    assert cache.find("k") is None
    assert server.why == ["it does not answer (AuthenticationError)"]


def test_a_name_that_nobody_knows(server: RedisServer) -> None:
    cache = server.cache("redis://no-such-host.invalid:6379/0")
    began = time.monotonic()
    assert cache.find("k") is None
    assert time.monotonic() - began < 1.0
    assert len(server.why) == 1


def test_whoever_else_answers_there(server: RedisServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        cache = server.cache(f"redis://127.0.0.1:{other.getsockname()[1]}")
        other.settimeout(5)
        accepted: list[socket.socket] = []

        def answer() -> None:
            client, _ = other.accept()
            client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            accepted.append(client)

        threading.Thread(target=answer, daemon=True).start()
        assert cache.find("k") is None
        for client in accepted:
            client.close()
    assert len(server.why) == 1


def test_replicas_with_databases_of_their_own_share_a_trip(server: RedisServer, tmp_path: Path) -> None:
    """The second replica answers without a search, with the very same loops; the third one finds Redis dead."""
    region = sample_region(seed=0, size=4)
    file = tmp_path / "0.db"
    SqliteStore(str(file)).replace_region(region)
    for name in ("1.db", "2.db"):
        with sqlite3.connect(file) as whole, sqlite3.connect(tmp_path / name) as copy:
            whole.backup(copy)
        whole.close()
        copy.close()
    start = region.trailheads[0]
    asked = {"location": {"lat": start.lat, "lon": start.lon}, "drive_km": 10, "hike_km": 5, "time_limit_s": 0.1}
    answers = []
    for number in range(3):
        if number == 2:
            server.stop()
        store = SqliteStore(str(tmp_path / f"{number}.db"))
        client = create_app(Settings(cache_url=server.url), store).test_client()
        answers.append(client.post("/v1/trips", json=asked))
        store.close()
    assert [answer.status_code for answer in answers] == [200, 200, 200], answers[0].text
    assert [re.search('answer;desc="([a-z]+)"', answer.headers["Server-Timing"])[1] for answer in answers] == [  # type: ignore[index]
        "solved", "cache", "solved",
    ]  # fmt: skip
    assert answers[0].data == answers[1].data
