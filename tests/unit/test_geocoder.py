"""Asking a geocoder: a stand-in on this machine that answers as Nominatim documents its `jsonv2`, well or badly."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

import loopgenie
from loopgenie.geocoder import KEPT, KEPT_S, MAX_ANSWER, REST_S, Nominatim
from loopgenie.geometry import LonLat
from loopgenie.outside import NoAnswer, get_json
from loopgenie.places import GeocoderSilent, Located, geocoder_at

LICENCE = "Data © OpenStreetMap contributors, ODbL 1.0. http://osm.org/copyright"

#: The members of a result that https://nominatim.org/release-docs/latest/api/Output/ lists for jsonv2.
PLACE: dict[str, Any] = {
    "place_id": 100149,
    "licence": LICENCE,
    "osm_type": "node",
    "osm_id": 107775,
    "lat": "42.5562",
    "lon": "1.5333",
    "category": "place",
    "type": "town",
    "place_rank": 18,
    "importance": 0.4,
    "addresstype": "town",
    "name": "Ordino",
    "display_name": "Ordino, AD300, Andorra",
    "boundingbox": ["42.53", "42.58", "1.51", "1.56"],
}
ORDINO = Located(LonLat(1.5333, 42.5562), "Ordino", "AD300, Andorra", None, "geocoder", (), (LICENCE,))


class Server(ThreadingHTTPServer):
    """What it answers is set by the test; what it was asked is noted."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status, self.location, self.body = 200, "", json.dumps([PLACE]).encode()
        self.delay_s = self.drip_s = 0.0
        self.asked: list[tuple[str, dict[str, list[str]], str | None]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/search"

    def handle_error(self, *_: object) -> None:
        """Nobody need hear that a client has left."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.server.asked.append((parts.path, parse_qs(parts.query), self.headers["User-Agent"]))
        time.sleep(self.server.delay_s)
        moved = self.server.location if parts.path == "/search" else ""
        self.send_response(302 if moved else self.server.status)
        if moved:
            self.send_header("Location", moved)
        self.end_headers()
        for start in range(0, len(self.server.body), 10 if self.server.drip_s else len(self.server.body) or 1):
            self.wfile.write(self.server.body[start : start + (10 if self.server.drip_s else len(self.server.body))])
            time.sleep(self.server.drip_s)

    def log_message(self, *_: object) -> None:
        """Silence."""


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def silence(asked: Nominatim, query: str = "Ordino") -> str:
    with pytest.raises(GeocoderSilent) as caught:
        asked.find(query)
    return str(caught.value)


# --- over HTTP ----------------------------------------------------------------------------------------------------


def test_a_place_is_asked_for_as_the_documentation_says(server: Server) -> None:
    assert Nominatim(server.url).find("Plaça Major, Ordino") == ORDINO
    [(path, query, agent)] = server.asked
    assert (path, query) == ("/search", {"q": ["Plaça Major, Ordino"], "format": ["jsonv2"], "limit": ["1"]})
    assert agent == f"LoopGenie/{loopgenie.__version__}"


def test_parameters_of_the_address_are_kept(server: Server) -> None:
    Nominatim(f"{server.url}?countrycodes=ad,es").find("Ordino & all")
    assert server.asked[0][1] == {
        "countrycodes": ["ad,es"],
        "q": ["Ordino & all"],
        "format": ["jsonv2"],
        "limit": ["1"],
    }


def test_no_such_place_is_an_answer(server: Server) -> None:
    server.body = b"[]"
    asked = Nominatim(server.url)
    assert asked.find("Xyzzy") is asked.find("xyzzy") is None
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "what came is no JSON"),
        (b"<html>", "what came is no JSON"),
        (b"\xff\xfe\xfd", "what came is no JSON"),
        (b"[" * 60_000, "what came is no JSON"),
        (b"null", "what came makes no sense"),
        (b'{"error": "no"}', "what came makes no sense"),
        (b"[1]", "what came makes no sense"),
        (b'[{"lat": "42", "lon": "1"}]', "what came makes no sense"),  # without any name
        (b'[{"lat": "NaN", "lon": "1", "name": "A"}]', "what came makes no sense"),
        (b'[{"lat": "91", "lon": "1", "name": "A"}]', "what came makes no sense"),
        (b'[{"lat": "42", "lon": "1", "name": ["A"]}]', "what came makes no sense"),
        (b" " * (MAX_ANSWER + 1), f"more than {MAX_ANSWER:,} bytes"),
    ],
)
def test_nonsense_is_no_place(server: Server, body: bytes, why: str) -> None:
    server.body = body
    assert silence(Nominatim(server.url)) == why


@pytest.mark.parametrize("status", [403, 404, 429, 500, 503])
def test_a_refusal_is_told_by_its_status(server: Server, status: int) -> None:
    server.status = status
    assert silence(Nominatim(server.url)) == f"HTTP status {status}"


@pytest.mark.parametrize("slow", ["delay_s", "drip_s"])
def test_nobody_waits_for_a_slow_server(server: Server, slow: str) -> None:
    setattr(server, slow, 0.4)  # before the answer, or after each tenth byte of it
    began = time.monotonic()
    assert silence(Nominatim(server.url, timeout_s=0.2)) == "nothing within 0.2 s"
    assert time.monotonic() - began < 0.39


def test_a_server_that_is_gone_is_told(server: Server) -> None:
    server.shutdown()
    server.server_close()
    assert silence(Nominatim(server.url)) == "Connection refused"


def test_a_server_may_send_us_to_another_of_its_pages(server: Server) -> None:
    server.location = "/geo/search"
    assert Nominatim(server.url).find("Ordino") == ORDINO
    assert [path for path, _, _ in server.asked] == ["/search", "/geo/search"]


@pytest.mark.parametrize("elsewhere", ["http://localhost:{port}/", "https://127.0.0.1:{port}/", "file:///etc/hostname"])
def test_a_server_may_not_send_us_elsewhere(server: Server, elsewhere: str) -> None:
    server.location = elsewhere.format(port=server.server_port)
    assert silence(Nominatim(server.url))
    assert len(server.asked) == 1


def test_a_proxy_is_not_asked(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    assert Nominatim(server.url).find("Ordino") == ORDINO


def test_json_of_any_kind_is_told(server: Server) -> None:
    server.body = b'{"a": 1}'
    assert get_json(server.url, headers={}, timeout_s=2, max_bytes=100) == {"a": 1}


# --- what an answer means -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "address", "label"),
    [
        ("Ordino", "Ordino, AD300, Andorra", "Ordino (AD300, Andorra)"),
        ("", "12, Pearl Street, Boulder, United States", "12, Pearl Street (Boulder, United States)"),
        ("Inn", "12, Pearl Street, Boulder", "Inn (12, Pearl Street, Boulder)"),
        ("", "Atlantis", "Atlantis"),
        ("Inn", "", "Inn"),
        ("A\x07\n B", "A B, C", "A B (C)"),
    ],
)
def test_a_place_is_told_by_its_name_and_the_rest_of_its_address(name: str, address: str, label: str) -> None:
    asked = Nominatim("http://a", ask=lambda _: [{**PLACE, "name": name, "display_name": address}])
    found = asked.find("?")
    assert found is not None
    assert found.label == label


def test_without_a_licence_there_is_nobody_to_name() -> None:
    found = Nominatim("http://a", ask=lambda _: [{"lat": 1, "lon": 2, "name": "A"}]).find("A")
    assert found == Located(LonLat(2.0, 1.0), "A", None, None, "geocoder")


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["lat", "lon", "name", "display_name", "licence"]), inner, max_size=5)
    ),
    max_leaves=12,
)


@given(document=JSON, query=st.text(max_size=30))
def test_any_answer_is_a_place_on_earth_or_none(document: Any, query: str) -> None:
    asked = Nominatim("http://a", ask=lambda _: document)
    try:
        found = asked.find(query)
    except GeocoderSilent:
        return
    if found is not None:
        assert -180 <= found.at.lon <= 180
        assert -90 <= found.at.lat <= 90
        assert found.name


# --- how often it is asked ----------------------------------------------------------------------------------------


class Clock:
    """Time that passes when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Asked:
    """Answers at once, and notes when it was asked for what; raises instead while it is `down`."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.down = clock, False
        self.times: list[float] = []

    def __call__(self, url: str) -> Any:
        self.times.append(self.clock.now)
        if self.down:
            raise NoAnswer("down")
        return [PLACE]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def asked(clock: Clock) -> Asked:
    return Asked(clock)


def nominatim(clock: Clock, asked: Asked, **more: float) -> Nominatim:
    return Nominatim("http://a", ask=asked, clock=clock, sleep=clock.sleep, **more)


def test_one_question_a_second(clock: Clock, asked: Asked) -> None:
    outside = nominatim(clock, asked)
    for name in "ABC":
        outside.find(name)
    assert asked.times == [1000.0, 1001.0, 1002.0]


def test_several_processes_together_ask_once_a_second(clock: Clock, asked: Asked) -> None:
    # four workers, each once in four seconds: the second one would have to wait for longer than its timeout
    outside = nominatim(clock, asked, interval_s=4.0)
    outside.find("A")
    assert silence(outside, "B") == "too many ask at once"
    clock.now += 2.0
    outside.find("B")
    assert asked.times == [1000.0, 1004.0]
    assert geocoder_at("", timeout_s=2) is None
    many = geocoder_at("http://a", timeout_s=2, workers=4)
    assert isinstance(many, Nominatim)
    assert many._interval_s == 4.0


def test_the_same_is_asked_once_a_day(clock: Clock, asked: Asked) -> None:
    outside = nominatim(clock, asked)
    assert outside.find("Ordino") == outside.find("  ORDINO") == ORDINO
    clock.now += KEPT_S - 1
    outside.find("Ordino")
    assert len(asked.times) == 1
    clock.now += 2
    outside.find("Ordino")
    assert len(asked.times) == 2


def test_names_without_letters_are_not_taken_for_one_another(clock: Clock, asked: Asked) -> None:
    outside = nominatim(clock, asked)
    outside.find("!")
    outside.find("?")
    assert len(asked.times) == 2


def test_what_is_kept_is_bounded(clock: Clock, asked: Asked) -> None:
    outside = nominatim(clock, asked)
    for number in range(KEPT + 1):
        outside.find(f"Place {number}")
    assert len(outside._kept) == KEPT
    outside.find("Place 0")  # the oldest is gone
    outside.find(f"Place {KEPT}")
    assert len(asked.times) == KEPT + 2


def test_one_that_is_down_is_left_alone_for_a_while(clock: Clock, asked: Asked) -> None:
    outside = nominatim(clock, asked)
    asked.down = True
    assert silence(outside, "A") == silence(outside, "B") == "down"
    assert len(asked.times) == 1
    clock.now += REST_S
    asked.down = False
    assert outside.find("A") == ORDINO


def test_many_at_once_ask_for_the_same_once(server: Server) -> None:
    server.delay_s = 0.1
    outside = Nominatim(server.url)
    found: list[Located | None] = []
    threads = [threading.Thread(target=lambda: found.append(outside.find("Ordino"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [ORDINO] * 8
    assert len(server.asked) == 1


def test_nobody_waits_for_a_turn_longer_than_for_an_answer(server: Server) -> None:
    server.delay_s = 0.5
    outside = Nominatim(server.url, timeout_s=0.2)
    outside._turn.acquire()
    began = time.monotonic()
    assert silence(outside) == "too many ask at once"
    assert time.monotonic() - began < 0.4
