"""A cache that others share: what it holds is believed only when it makes sense, and its faults cost no answer."""

from __future__ import annotations

import gzip
import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from loopgenie import answer_cache, cli, create_app
from loopgenie.answer_cache import KEPT_S, MAX_PACKED, PREFIX, AnswerCache, Refused, cache_at
from loopgenie.answers import Answers, Made
from loopgenie.config import Settings
from loopgenie.errors import BadInput, InvalidParameters
from loopgenie.outside import NoAnswer
from loopgenie.store.sqlite import SqliteStore


def packed(document: object) -> bytes:
    return gzip.compress(json.dumps(document).encode(), mtime=0)


LOOPS = packed({"type": "FeatureCollection", "features": [{}]})


class Held:
    """A server in memory. `fault` is raised instead of answering."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}
        self.fault: Exception | None = None
        self.asked = 0

    def get(self, key: str) -> bytes:
        self._ask()
        return self.values.get(key, b"")

    def set(self, key: str, value: bytes) -> None:
        self._ask()
        self.values[key] = value

    def _ask(self) -> None:
        self.asked += 1
        if self.fault:
            raise self.fault


class World:
    """A cache on such a server, a clock that stands still, and why it failed."""

    def __init__(self) -> None:
        self.server, self.now, self.why = Held(), 100.0, list[str]()
        self.cache = AnswerCache(self.server, failed=self.why.append, clock=lambda: self.now)


@pytest.fixture
def world() -> World:
    return World()


def test_what_is_kept_is_found(world: World) -> None:
    assert world.cache.find("k") is None
    world.cache.keep("k", LOOPS)
    assert world.server.values == {"loopgenie:1:k": LOOPS}
    assert world.cache.find("k") == LOOPS
    assert world.why == []


BOMB = gzip.compress(b'{"features": []}' + b" " * answer_cache.MAX_JSON, mtime=0)


@pytest.mark.parametrize(
    "value",
    [
        b"garbage",
        b"\x1f\x8b",
        b'{"features": []}',  # not packed
        gzip.compress(b"not JSON", mtime=0),
        gzip.compress(b'{"features": [' + b"[" * 100_000, mtime=0),
        packed([1, 2]),
        packed({"features": 3}),
        packed({}),
        LOOPS[:-1],  # the end of its checksum is missing
        LOOPS[:-6] + bytes([LOOPS[-6] ^ 1]) + LOOPS[-5:],  # its checksum is another one
        LOOPS + LOOPS,
        LOOPS + b"more",
        BOMB,  # 32 kB that unpack to more than 32 MB
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_a_miss(world: World, value: bytes) -> None:
    world.server.values[PREFIX + "k"] = value
    assert world.cache.find("k") is None
    assert world.why == ["what it holds is no answer of ours"]
    assert world.cache.find("other") is None
    assert world.server.asked == 2, "it answers, so it is asked again"


def test_an_answer_that_is_too_long_is_not_kept(world: World) -> None:
    world.cache.keep("k", b"x" * (MAX_PACKED + 1))
    assert world.server.asked == 0


def test_a_server_that_fails_is_left_alone_for_ten_seconds(world: World) -> None:
    world.server.fault = NoAnswer("it does not answer")
    assert world.cache.find("k") is None
    world.now += 9.9
    world.cache.keep("k", LOOPS)
    assert (world.server.asked, world.why) == (1, ["it does not answer"])
    world.server.fault = None
    world.now += 0.2
    world.cache.keep("k", LOOPS)
    assert world.cache.find("k") == LOOPS


def test_a_server_that_is_full_still_tells_what_it_holds(world: World) -> None:
    world.cache.keep("k", LOOPS)
    world.server.fault = Refused("it refused (OutOfMemoryError)")
    world.cache.keep("other", LOOPS)
    world.server.fault = None
    assert world.cache.find("k") == LOOPS
    assert world.why == ["it refused (OutOfMemoryError)"]


def test_nobody_waits_for_a_server_that_hangs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even where no timeout of a socket helps, as in looking up a name."""
    hang = threading.Event()
    monkeypatch.setattr(world.server, "get", lambda _key: hang.wait(10) and b"")
    began = time.monotonic()
    assert world.cache.find("k") is None
    assert time.monotonic() - began < 2
    assert world.why == ["nothing within 0.25 s"]
    hang.set()


@pytest.fixture
def square_store(draw: Any, tmp_path: Path) -> SqliteStore:
    """The trails along a square of 1 km, with a trailhead at a corner."""
    drawing = draw().junctions(A=(0, 0), B=(1, 0), C=(1, 1), D=(0, 1))
    for ends in ("AB", "BC", "CD", "DA"):
        drawing.way(*ends)
    store = SqliteStore(str(tmp_path / "square.db"))
    store.replace_region(drawing.trailhead("A").region())
    return store


# --- among the answers --------------------------------------------------------------------------------------------


def test_processes_share_their_answers(world: World, tmp_path: Path) -> None:
    """Two processes, each with a database that holds no answers."""
    stores = [SqliteStore(str(tmp_path / name)) for name in ("a.db", "b.db")]
    first, second = Answers(cache=world.cache), Answers(cache=world.cache)
    made = json.dumps({"features": []}).encode()
    assert first.get("k", stores[0], lambda: Made(made)).origin == "solved"
    answer = second.get("k", stores[1], lambda: pytest.fail("it was worked out again"))  # type: ignore[arg-type, return-value]
    assert (answer.origin, answer.body) == ("cache", made)
    assert second.get("k", stores[1], lambda: Made(b"")).origin == "memory"


def test_what_does_not_last_is_not_shared(world: World, tmp_path: Path) -> None:
    Answers(cache=world.cache).get("k", SqliteStore(str(tmp_path / "a.db")), lambda: Made(b"{}", lasting=False))
    assert world.server.values == {}


def test_the_cache_is_asked_before_the_store(world: World, square_store: SqliteStore) -> None:
    square_store.keep_answer("k", packed({"features": ["store"]}))
    assert Answers(cache=world.cache).get("k", square_store, lambda: Made(b"")).origin == "store"
    world.cache.keep("k", LOOPS)
    assert Answers(cache=world.cache).get("k", square_store, lambda: Made(b"")).origin == "cache"


@pytest.mark.parametrize("fault", [NoAnswer("gone"), Refused("full")])
def test_a_fault_costs_no_answer_and_is_counted(
    world: World, fault: Exception, square_store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer_cache, "_Redis", lambda _url: world.server)
    world.server.fault = fault
    client = create_app(Settings(cache_url="redis://here"), square_store).test_client()
    assert client.get("/healthz").status_code == 200
    body = {"location": {"lat": 0.0, "lon": 10.0}, "drive_km": 0, "hike_km": 4, "time_limit_s": 0.1}
    answer = client.post("/v1/trips", json=body)
    assert answer.status_code == 200, answer.text
    assert 'answer;desc="solved"' in answer.headers["Server-Timing"]
    [count] = [line for line in client.get("/metrics").text.splitlines() if line.startswith("loopgenie_cache_failures")]
    # gone: asked once, then left alone; full: asked for the answer, once more when it is there, and to keep it
    assert count == f"loopgenie_cache_failures_total {1 if type(fault) is NoAnswer else 3}"


# --- the setting --------------------------------------------------------------------------------------------------


def test_no_address_is_no_cache() -> None:
    assert cache_at("") is None


def test_a_missing_package_is_told_at_the_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    monkeypatch.setenv("LOOPGENIE_CACHE_URL", "redis://here")
    with pytest.raises(BadInput):
        create_app()
    assert cli.main(["serve", "--port", "0", "--database", "sqlite:///x.db"]) == 2
    assert capsys.readouterr().err == (
        "loopgenie: LOOPGENIE_CACHE_URL is set, but the package redis is missing: pip install 'loopgenie[redis]'\n"
    )


@pytest.mark.parametrize(
    "url", ["redis://cache", "redis://:p%40ss@cache:6379/0", "rediss://u:p@c.example:6380/15", "redis://[::1]/"]
)
def test_addresses_of_a_cache(url: str) -> None:
    settings = Settings.from_environment({"LOOPGENIE_CACHE_URL": url})
    assert settings.cache_url == url
    assert url not in repr(settings)


@pytest.mark.parametrize(
    "url",
    ["s3cret", "http://s3cret", "redis://", "redis://:s3cret@", "redis://s3cret:x", "redis://s3cret/a", "redis://h?db=1",
     "redis://h#s3cret", "redis:// s3cret", "unix:///s3cret"],
)  # fmt: skip
def test_what_is_no_address_of_a_cache_is_not_told(url: str) -> None:
    with pytest.raises(InvalidParameters) as caught:
        Settings.from_environment({"LOOPGENIE_CACHE_URL": url})
    assert caught.value.errors == {
        "LOOPGENIE_CACHE_URL": "is wrong (not shown, as it may hold a password), "
        "want redis://[:PASSWORD@]HOST:PORT/0, or rediss:// for one that is encrypted"
    }


def test_answers_are_kept_for_a_week() -> None:
    assert KEPT_S == 7 * 24 * 60 * 60
