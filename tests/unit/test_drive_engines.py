"""An engine is asked once, not for long, and not while it is down; without it drives are estimated, which is said."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from loopgenie import drive_engines
from loopgenie.drive import STRAIGHT_LINE, Drive, engine_at
from loopgenie.drive_engines import KEPT_ORIGINS, KEPT_S, MAX_GOALS, REST_S, RoadEngine
from loopgenie.drive_matrix import OutOfOrder, Question
from loopgenie.geometry import LonLat

ORIGIN = LonLat(1.533, 42.555)
GOALS = [LonLat(1.521, 42.507), LonLat(1.6, 42.6)]
BY_ROAD = [Drive(10_000.0, 600.0), Drive(11_000.0, 600.0)]
STATUS = {"version": "3.9.1", "available_actions": ["status", "sources_to_targets"]}


def told(question: Question) -> dict[str, Any]:
    """What Valhalla answers where every drive takes 10 minutes, the first is 10 km, and each next 1 km more."""
    asked = json.loads(question.body or b"")
    cells = [{"distance": 10.0 + i, "time": 600} for i in range(len(asked["targets"]))]
    return {"sources_to_targets": [cells], "sources": asked["sources"], "targets": asked["targets"]}


class Server:
    """A stand-in for a server: notes what it is asked, and fails with `trouble` if there is any."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.goals: list[int] = []
        self.trouble: Exception | None = None
        self.answer: Callable[[Question], tuple[int, Any]] = lambda question: (200, told(question))

    def __call__(self, url: str, question: Question, timeout_s: float) -> tuple[int, Any]:
        self.asked.append(url + question.path)
        if self.trouble:
            raise self.trouble
        if question.path == "/status":
            return 200, STATUS
        self.goals.append(len(json.loads(question.body or b"")["targets"]))
        return self.answer(question)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine(server: Server, clock: Clock) -> RoadEngine:
    return RoadEngine("http://roads:8002", timeout_s=2, ask=server, clock=clock)


def ask(engine: RoadEngine, goals: list[LonLat] = GOALS, origin: LonLat = ORIGIN, patience_s: float = 5.0) -> Any:
    return engine.drives(origin, goals, patience_s=patience_s)


# --- asking -------------------------------------------------------------------------------------------------------


def test_one_call_tells_all_drives(engine: RoadEngine, server: Server) -> None:
    assert ask(engine) == ("by road (Valhalla)", BY_ROAD, True)
    assert server.asked == ["http://roads:8002/status", "http://roads:8002/sources_to_targets"]
    ask(engine, origin=LonLat(1.5, 42.5))
    assert server.asked[2:] == ["http://roads:8002/sources_to_targets"], "who answers is found out once"


@pytest.mark.parametrize("url", ["valhalla+http://roads:8002", "valhalla+http://roads:8002/"])
def test_who_answers_may_be_said(url: str, server: Server) -> None:
    ask(RoadEngine(url, timeout_s=2, ask=server))
    assert server.asked == ["http://roads:8002/sources_to_targets"]


def test_osrm_may_be_said_too() -> None:
    def osrm(url: str, question: Question, timeout_s: float) -> tuple[int, Any]:
        assert question.path.startswith("/table/v1/driving/polyline(")
        ends = [{"location": list(place)} for place in (ORIGIN, *GOALS)]
        row = [[0, 10_000, 11_000]]
        return 200, {"sources": ends[:1], "destinations": ends, "distances": row, "durations": [[0, 600, 600]]}

    assert ask(RoadEngine("osrm+http://roads", timeout_s=2, ask=osrm)) == ("by road (OSRM)", BY_ROAD, True)


def test_nothing_is_asked_where_there_is_nothing_to_reach(engine: RoadEngine, server: Server) -> None:
    assert ask(engine, []).found == []
    assert server.asked == []


@pytest.mark.parametrize(
    ("drive_m", "drive_s", "farthest_m"),
    [
        (50_000, None, 50_000),  # no road is shorter than the straight line
        (None, 3600, 140_000),  # 140 km/h for an hour
        (500_000, None, 400_000),
        (None, 36_000, 400_000),
    ],
)
def test_beyond_a_line_that_no_car_beats_nothing_is_looked_for(
    engine: RoadEngine, drive_m: float | None, drive_s: float | None, farthest_m: float
) -> None:
    assert engine.farthest_m(drive_m, drive_s) == pytest.approx(farthest_m)


def test_one_call_has_so_many_goals_the_nearest(engine: RoadEngine, server: Server) -> None:
    goals = [LonLat(1.5 + i / 1e5, 42.5) for i in range(MAX_GOALS + 2)]
    found = ask(engine, goals).found
    assert server.goals == [MAX_GOALS]
    assert found[MAX_GOALS - 1] is not None
    assert found[MAX_GOALS:] == [None, None]


# --- asking no more than needed -----------------------------------------------------------------------------------


def test_what_was_told_is_not_asked_again(engine: RoadEngine, server: Server, clock: Clock) -> None:
    first = ask(engine)
    near = LonLat(ORIGIN.lon + 0.00004, ORIGIN.lat)  # 3 m away: the same to four decimals
    assert ask(engine, origin=near) == first
    assert server.goals == [2]
    ask(engine, [*GOALS, LonLat(1.7, 42.5)])
    assert server.goals == [2, 1], "only what is not known yet"
    clock.now += KEPT_S + 1
    ask(engine)
    assert server.goals == [2, 1, 2], "roads change"


def test_that_there_is_no_road_is_remembered_too(engine: RoadEngine, server: Server) -> None:
    server.answer = lambda _: (400, {"error_code": 442, "error": "No path could be found for input"})
    assert ask(engine) == ask(engine) == ("by road (Valhalla)", [None, None], True)
    assert server.goals == [2]


def test_the_origin_used_longest_ago_is_forgotten(engine: RoadEngine, server: Server) -> None:
    origins = [LonLat(1.5 + i / 1000, 42.5) for i in range(KEPT_ORIGINS + 1)]
    for origin in origins[:-1]:
        ask(engine, origin=origin)
    ask(engine, origin=origins[0])
    ask(engine, origin=origins[-1])  # drives the second out
    asked = len(server.goals)
    ask(engine, origin=origins[0])
    assert len(server.goals) == asked
    ask(engine, origin=origins[1])
    assert len(server.goals) == asked + 1


# --- when it does not work ----------------------------------------------------------------------------------------


def test_an_engine_that_does_not_answer_is_left_alone_for_a_while(
    engine: RoadEngine, server: Server, clock: Clock
) -> None:
    server.trouble = OutOfOrder("the drive engine did not answer")
    estimate = STRAIGHT_LINE.drives(ORIGIN, GOALS).found
    expected = ("estimate: straight line x 1.3 (the drive engine did not answer)", estimate, False)
    assert ask(engine) == expected
    assert ask(engine) == expected
    clock.now += REST_S - 0.1
    assert ask(engine) == expected
    assert len(server.asked) == 1
    server.trouble = None
    assert ask(engine) == expected, "nobody knows yet that it works again"
    clock.now += 0.2
    assert ask(engine).method == "by road (Valhalla)"


def test_what_is_known_is_told_while_the_engine_is_down(engine: RoadEngine, server: Server) -> None:
    ask(engine)
    server.trouble = OutOfOrder("the drive engine did not answer")
    assert ask(engine, origin=LonLat(1.4, 42.4)).lasting is False
    assert ask(engine) == ("by road (Valhalla)", BY_ROAD, True)


def test_a_refusal_is_no_reason_not_to_ask_for_something_else(engine: RoadEngine, server: Server) -> None:
    server.answer = lambda _: (400, {"error_code": 150, "error": "Exceeded max locations: 1"})
    refused = ask(engine)
    assert refused.method == (
        "estimate: straight line x 1.3 (the drive engine does not take 2 trailheads at once: "
        "raise service_limits.auto.max_matrix_location_pairs of Valhalla)"
    )
    assert not refused.lasting
    server.answer = lambda question: (200, told(question))
    assert ask(engine).method == "by road (Valhalla)"


NONSENSE = [None, [], {}, "no", 3, {"sources_to_targets": []}, {"sources_to_targets": [[]], "sources": [{}]}]


@pytest.mark.parametrize("answer", NONSENSE, ids=str)
@pytest.mark.parametrize("status", [200, 400])
def test_nonsense_is_not_believed(engine: RoadEngine, server: Server, status: int, answer: object) -> None:
    server.answer = lambda _: (status, answer)
    drives = ask(engine)
    assert drives.method.startswith("estimate: straight line x 1.3 (")
    assert drives.found == STRAIGHT_LINE.drives(ORIGIN, GOALS).found


def test_another_server_is_not_taken_for_an_engine(server: Server) -> None:
    engine = RoadEngine("http://roads", timeout_s=2, ask=lambda *_: (200, {"status": "ok"}))
    assert "neither Valhalla nor OSRM" in ask(engine).method


def test_a_request_waits_no_longer_than_it_may_and_the_next_has_the_answer(clock: Clock) -> None:
    go, arrived = threading.Event(), threading.Event()
    server = Server()

    def slow(url: str, question: Question, timeout_s: float) -> tuple[int, Any]:
        if question.path != "/status":
            assert go.wait(5)
        return server(url, question, timeout_s)

    engine = RoadEngine("http://roads", timeout_s=2, ask=slow, clock=clock)
    began = time.perf_counter()
    hurried = ask(engine, patience_s=0.05)
    assert time.perf_counter() - began < 1
    assert hurried.method == "estimate: straight line x 1.3 (the drive engine did not answer within 0.05 s)"
    go.set()
    for _ in range(100):
        if server.goals:
            break
        arrived.wait(0.02)
    arrived.wait(0.05)
    assert ask(engine).method == "by road (Valhalla)", "the hurry of one request is no fault of the engine"
    assert server.goals == [2]


def test_a_request_without_time_does_not_ask(engine: RoadEngine, server: Server) -> None:
    assert "left no time" in ask(engine, patience_s=0.0).method
    assert server.asked == []


def test_an_engine_that_uses_up_its_time_is_left_alone(clock: Clock) -> None:
    calls = []

    def hanging(*_: Any) -> tuple[int, Any]:
        calls.append(1)
        time.sleep(0.3)
        return 200, STATUS

    engine = RoadEngine("http://roads", timeout_s=0.05, ask=hanging, clock=clock)
    assert [ask(engine).method[-40:] for _ in range(2)] == ["drive engine did not answer within 0.05 s)"[-40:]] * 2
    assert len(calls) == 1


# --- over HTTP ----------------------------------------------------------------------------------------------------


class Handler(BaseHTTPRequestHandler):
    """Answers as the test says: `server.replies` has a function for each path."""

    def do_GET(self) -> None:
        # read in any case: a server that closes with words unread resets the connection, maybe before its own arrive
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.heard.append(self.path)  # type: ignore[attr-defined]
        self.server.reply(self)  # type: ignore[attr-defined]

    do_POST = do_GET  # noqa: N815 - so http.server wants it

    def log_message(self, *_: Any) -> None:
        pass

    def say(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def web() -> Iterator[Any]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    server.heard = []  # type: ignore[attr-defined]
    server.url = f"valhalla+http://127.0.0.1:{server.server_port}"  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(5)


def over_http(web: Any, reply: Callable[[Handler], None], timeout_s: float = 2.0) -> Any:
    web.reply = reply
    return ask(engine_at(web.url, timeout_s=timeout_s))  # type: ignore[arg-type]


def test_a_server_is_asked_over_http(web: Any) -> None:
    def valhalla(handler: Handler) -> None:
        handler.say(200, json.dumps(told(Question("", handler.body))).encode())

    assert over_http(web, valhalla) == ("by road (Valhalla)", BY_ROAD, True)
    assert web.heard == ["/sources_to_targets"]


def test_nobody_is_sent_elsewhere(web: Any) -> None:
    drives = over_http(web, lambda handler: handler.say(307, b"", Location="/other"))
    assert drives.method == "estimate: straight line x 1.3 (the drive engine answered with HTTP status 307)"
    assert web.heard == ["/sources_to_targets"]


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (200, b"<html>", "the answer of the drive engine makes no sense"),
        (200, b"\xff\xfe", "the answer of the drive engine makes no sense"),
        (200, b"[" * 100_000, "the answer of the drive engine makes no sense"),
        (404, b"<html>", "the answer of the drive engine makes no sense"),
        (414, b"", "the drive engine, or a proxy before it, does not take so many trailheads in one request"),
        (400, b'{"error_code":171}', "the drive engine knows no road here"),
        (502, b"{}", "the drive engine answered with HTTP status 502"),
    ],
)
def test_whatever_comes_back_there_is_an_answer(web: Any, status: int, body: bytes, why: str) -> None:
    drives = over_http(web, lambda handler: handler.say(status, body))
    assert drives.method == f"estimate: straight line x 1.3 ({why})"
    assert drives.found == STRAIGHT_LINE.drives(ORIGIN, GOALS).found


def test_an_answer_without_end_is_not_read_to_its_end(web: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drive_engines, "MAX_ANSWER", 100_000)
    drives = over_http(web, lambda handler: handler.say(200, b" " * 200_000 + b"{}"))
    assert "has no end" in drives.method


def test_a_server_that_drips_does_not_hold_up_anybody(web: Any) -> None:
    def drip(handler: Handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            for _ in range(40):
                handler.wfile.write(b" ")
                time.sleep(0.05)
        except OSError:
            pass

    began = time.perf_counter()
    drives = over_http(web, drip, timeout_s=0.3)
    assert time.perf_counter() - began < 1.0
    assert not drives.lasting


def test_nobody_at_home(web: Any) -> None:
    gone = RoadEngine("http://127.0.0.1:1", timeout_s=2)
    assert ask(gone).method == "estimate: straight line x 1.3 (the drive engine did not answer)"
    cut = over_http(web, lambda handler: handler.wfile.close())
    assert cut.method == "estimate: straight line x 1.3 (the drive engine did not answer)"
