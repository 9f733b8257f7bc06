"""The harness against a target whose delays and faults are known: it must find them, and hide none."""

from __future__ import annotations

import asyncio
import functools
import itertools
import json
import math
import socketserver
import statistics
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from deploy.command import Failed
from deploy.compare import regimes
from deploy.compare.client import Client, server_timing
from deploy.compare.figures import figures
from deploy.compare.record import KINDS, NO_LOOP, REGIMES, Record, read, write
from deploy.compare.regimes import QUICK, Run, Sizes, arrivals
from deploy.compare.trips import BLOCK, MIX, POPULAR, Trips, Wish, wishes

SHORT = Wish(7, "short", {"location": {"lon": 0, "lat": 45}, "drive_km": 10, "hike_km": 5, "tolerance": 0.3, "seed": 1})
Start = Callable[[], AbstractContextManager[str]]
NOTHING = Sizes(cold=0, warm=0, burst=0, bursts=0, idle_s=0, rates=(), load_s=0, sweep=0)


@pytest.fixture(scope="module")
def server(known_target: Start) -> Iterator[str]:
    with known_target() as url:
        yield url


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regimes, "_PAUSE_S", 0.02)


@pytest.fixture
def url(server: str, request: pytest.FixtureRequest) -> str:
    """Where a target remembers nothing of other tests."""
    return f"{server}/{abs(hash(request.node.name))}"


def ask(url: str, *, timeout_s: float = 5.0, wish: Wish = SHORT) -> Record:
    async def one() -> Record:
        async with Client("here", url, timeout_s) as client:
            return await client.ask(wish, "warm")

    return asyncio.run(one())


def measured(url: str, sizes: Sizes, **options: object) -> list[Record]:
    return regimes.measure("here", url, wishes(url, seed=3), sizes, **options)


def overall(records: list[Record]):
    return next(one for one in figures(records) if one.latency.kind == "all")


# --- trips ----------------------------------------------------------------------------------------------------------


def test_the_same_numbers_are_the_same_trips_and_another_seed_makes_others(url: str) -> None:
    # the same trailheads, listed the other way round
    one, same, other = wishes(f"{url}/constant", 3), wishes(f"{url}/reversed", 3), wishes(f"{url}/constant", 4)
    assert one.places == same.places == tuple(sorted(one.places))
    assert one.data == "known"
    assert len(one.places) == 30
    numbers = range(100)
    assert [one.wish(n) for n in numbers] == [same.wish(n) for n in numbers] == list(itertools.islice(one, 100))
    new = [n for n in numbers if one.wish(n).kind != "again"]
    assert not [n for n in new if one.wish(n).body == other.wish(n).body]
    # nobody asked for a new one before: all 80 seeds differ
    assert len({one.wish(n).body["seed"] for n in new}) == len(new) == 80


def test_each_kind_has_its_share_in_every_block_and_their_order_is_mixed() -> None:
    trips = Trips(((0.0, 45.0), (1.0, 45.0)), seed=1)
    blocks = [[trips.wish(n).kind for n in range(first, first + BLOCK)] for first in (0, 20, 1_000_000)]
    # 20 × 0.3 = 6 short ones, 5 long, 5 from an area, 4 that were asked before
    assert all(Counter(kinds) == {"short": 6, "long": 5, "area": 5, "again": 4} for kinds in blocks)
    assert all(set(kinds[: len(MIX)]) == set(MIX) for kinds in blocks)
    assert blocks[0] != blocks[1] != blocks[2]
    assert set(MIX) == set(KINDS)
    assert sum(MIX.values()) == pytest.approx(1)


def test_a_trip_that_is_asked_again_is_one_of_the_popular_ones() -> None:
    trips = Trips(((0.0, 45.0),), seed=1)
    popular = [one.body for one in trips.popular]
    assert len(popular) == POPULAR
    again = [trips.wish(n).body for n in range(1000) if trips.wish(n).kind == "again"]
    assert all(body in popular for body in again)
    assert all(body in again for body in popular)


@contextmanager
def saying(text: bytes) -> Iterator[str]:
    """The URL of who says this to everybody, whatever is asked, as servers of other protocols do."""

    class Greeter(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.sendall(text)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Greeter) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_places_that_give_no_trips_are_told_in_one_line(url: str) -> None:
    for address, words in (
        ("http://127.0.0.1:9", "http://127.0.0.1:9 does not answer: connection refused"),
        ("http://nobody.invalid", "does not answer: no such host"),
        ("http://127.0.0.1:99999", "does not answer: "),
        ("http://[::1", "does not answer: "),
        ("nonsense", "does not answer: "),
        (f"{url}/nothing/there", "does not say which trailheads it has: HTTP 404"),
        (f"{url}/moved", "does not say which trailheads it has: HTTP 302"),
        (f"{url}/half", "does not answer: connection closed before the answer was whole"),
        (f"{url}/deep", "is no LoopGenie with trails: "),
        (f"{url}/huge-number", "is no LoopGenie with trails: "),
        (f"{url}/endless", "is no LoopGenie with trails: the answer is larger than 10 MB"),
    ):
        with pytest.raises(Failed, match=words) as failed:
            wishes(address, 1)
        assert "\n" not in str(failed.value)
    with saying(b"SSH-2.0-OpenSSH_9.6\r\n") as ssh, pytest.raises(Failed, match="what answers does not speak HTTP"):
        wishes(ssh, 1)


def test_places_that_come_in_drops_are_waited_for_no_longer_than_said(url: str) -> None:
    """A byte each 0.1 s for 5 s: no single wait is long."""
    began = time.monotonic()
    with pytest.raises(Failed, match="does not answer: timeout"):
        wishes(f"{url}/drips", 1, timeout_s=0.5)
    assert time.monotonic() - began < 3


def test_no_trips_without_trailheads() -> None:
    with pytest.raises(ValueError, match="no trailheads"):
        Trips((), seed=1)
    with pytest.raises(ValueError, match="no number"):
        Trips(((0.0, 45.0), (math.nan, 45.0)), seed=1)


def on_a_busy_machine(test: Callable[[str], None]) -> Callable[[str], None]:
    """Measure up to three times: others may take the processor meanwhile, but a wrong harness is wrong each time."""

    @functools.wraps(test)
    def thrice(url: str) -> None:
        for again in range(2):
            try:
                return test(f"{url}-{again}")
            except AssertionError:
                continue
        return test(f"{url}-2")

    return thrice


# --- known delays ---------------------------------------------------------------------------------------------------


@on_a_busy_machine
def test_a_constant_delay_is_found_within_5_percent(url: str) -> None:
    found = overall(measured(f"{url}/constant", replace(NOTHING, warm=20)))
    assert found.latency.count == 20
    assert found.latency.failed == 0
    assert found.latency.p50.ms == pytest.approx(100, rel=0.05)
    # one after the other: 1 / 0.1 s = 10 a second
    assert found.latency.per_s == pytest.approx(10, rel=0.07)


@on_a_busy_machine
def test_exponential_delays_are_found_within_5_percent_and_the_rate_is_the_one_asked_for(url: str) -> None:
    """
    Mean 400 ms: the median is 400 ln 2 = 277 ms, the p95 400 ln 20 = 1198 ms, the p99 400 ln 100 = 1842 ms. 40 a second
    for 2.5 s are 100 requests, so that each delay comes once.
    """
    records = measured(f"{url}/exponential", replace(NOTHING, rates=(40.0,), load_s=2.5))
    found = overall(records)
    assert (found.latency.count, found.latency.failed, found.latency.rate) == (100, 0, 40.0)
    assert found.latency.p50.ms == pytest.approx(400 * math.log(2), rel=0.05)
    assert found.latency.p95.ms == pytest.approx(400 * math.log(20), rel=0.05)
    assert found.latency.p99.ms == pytest.approx(400 * math.log(100), rel=0.05)
    assert found.latency.offered_per_s == pytest.approx(40, rel=0.05)
    # what was really sent, not only what was due
    sent = sorted(one.sent_s for one in records)
    assert (len(sent) - 1) / (sent[-1] - sent[0]) == pytest.approx(40, rel=0.05)


@on_a_busy_machine
def test_all_who_come_while_a_target_stalls_are_seen_to_wait(url: str) -> None:
    """
    The target answers in 0.2 s, but for 2 s in the middle not at all. Who comes s seconds into that waits 2 - s. One
    user who asks again and again would see one slow answer in some twenty, and wait for it alone.
    """
    rate, seconds, stalls = 30.0, 5.0, 2.0
    records = measured(f"{url}/stall", replace(NOTHING, rates=(rate,), load_s=seconds))
    come = arrivals(rate, seconds, seed="3 30")
    into = [moment - come[0] - 1.5 for moment in come]
    waits = sorted(1000 * (0.2 if one < 0 or one >= stalls else stalls - one) for one in into)
    found = overall(records)
    assert (found.latency.count, found.latency.failed) == (150, 0)
    # of 150 rank 143 is the p95, 149 the p99
    assert waits[142] > 1500
    assert found.latency.p95.ms == pytest.approx(waits[142], rel=0.05)
    assert found.latency.p99.ms == pytest.approx(waits[148], rel=0.05)
    assert 200 <= found.latency.p50.ms < 300  # who came at other times did not wait for them


@pytest.mark.parametrize("units", [1, 2, 3])
def test_each_unit_knows_the_popular_trips_before_it_is_measured(url: str, units: int) -> None:
    """Each unit keeps what it has found to itself, and they take turns: all the same, no popular trip is new to any."""
    records = measured(f"{url}/units-{units}", replace(NOTHING, warm=60))
    again = [one for one in records if one.kind == "again"]
    assert len(again) == 12
    assert {one.instance for one in again} == {str(unit) for unit in range(units)}
    assert {one.origin for one in again} == {"memory"}
    assert {one.origin for one in records if one.kind != "again"} == {"solved"}


def test_a_target_that_keeps_nothing_is_not_asked_for_popular_trips_for_ever(url: str) -> None:
    measured(f"{url}/forgets", replace(NOTHING, warm=1))
    with urllib.request.urlopen(f"{url}/forgets/asked") as answer:
        assert int(answer.read()) == POPULAR * regimes.ROUNDS + 1


def test_a_burst_is_sent_at_one_instant_and_no_one_waits_for_another(url: str) -> None:
    records = measured(f"{url}/constant", replace(NOTHING, burst=20, bursts=2, idle_s=1.0))
    due = sorted({one.due_s for one in records})
    assert [one.regime for one in records] == ["burst"] * 40
    assert len(due) == 2
    assert due[1] - due[0] > 1.0  # the quiet; without it half a second
    assert sorted({one.wish - 2_000_000 for one in records}) == list(range(40))
    assert [one.burst for one in sorted(records, key=lambda one: one.wish)] == [1] * 20 + [2] * 20
    # one after the other the slowest would take 20 × 100 ms = 2 s
    assert max(one.client_ms for one in records) < 1000
    assert all(one.client_ms >= 100 for one in records)


def test_users_come_as_a_poisson_process_does() -> None:
    """Its gaps have a standard deviation as large as their mean (of 10,000: to within 3 %), clocks have none."""
    come = arrivals(100.0, 100.0, seed="a")
    gaps = [after - before for before, after in itertools.pairwise(come)]
    assert len(come) == 10_000
    assert statistics.stdev(gaps) / statistics.fmean(gaps) == pytest.approx(1, abs=0.05)
    assert come == arrivals(100.0, 100.0, seed="a") != arrivals(100.0, 100.0, seed="b")


# --- what an answer says --------------------------------------------------------------------------------------------


def test_a_record_has_all_that_an_answer_says(url: str, tmp_path: Path) -> None:
    one = ask(f"{url}/cold")
    assert (one.target, one.regime, one.kind, one.wish, one.status, one.error) == ("here", "warm", "short", 7, 200, "")
    assert (one.origin, one.instance, one.cold) == ("solved", "0", True)
    assert one.stages_ms == {"cold": 3.0, "solve": 12.5, "wait": 0.0, "total": 20.0}
    assert one.platform == {"init_ms": 80.5}
    assert one.score == 4500
    assert one.sent_s - one.due_s < 0.1
    assert abs(time.time() - time.mktime(time.strptime(one.date[:19], "%Y-%m-%dT%H:%M:%S")) + time.timezone) < 30
    assert ask(f"{url}/cold").cold is False
    assert ask(f"{url}/constant").cold is None
    write([one], tmp_path / "records")
    assert list(read(tmp_path / "records")) == [one]


def test_bytes_are_those_that_came_over_the_wire(url: str) -> None:
    body = urllib.request.Request(f"{url}/constant/v1/trips", b'{"hike_km": 5}', {"Content-Type": "application/json"})
    with urllib.request.urlopen(body) as answer:
        wire = int(answer.headers["x-length"])
    assert ask(f"{url}/constant").bytes == wire


def test_a_loop_is_worth_its_score_less_what_it_strays(url: str) -> None:
    """5,200 m for 5,000 m, of which 1 % twice: 4800 - 3 × (200 + 2 × 52) - 200 = 3688."""
    assert ask(f"{url}/worth").score == pytest.approx(3688)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("", {}),
        ("solve;dur=1.5, total;dur=2", {"solve": (1.5, ""), "total": (2.0, "")}),
        ('app;desc="a, b; c", cold;desc="first";dur=7', {"app": (None, "a, b; c"), "cold": (7.0, "first")}),
        ("cdn-cache; desc=HIT , edge;dur=x", {"cdn-cache": (None, "HIT"), "edge": (None, "")}),
        (",;,", {}),
    ],
)
def test_server_timing_is_read(header: str, found: dict) -> None:
    assert {name: tuple(entry) for name, entry in server_timing(header).items()} == found


# --- faults ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "status", "error"),
    [
        ("fails", 500, "500 Internal Server Error: request -2 went wrong"),
        ("html", 504, "504: 504 Gateway Time-out"),
        ("garbage", 200, "no trip: Hello"),
        ("broken-gzip", 200, "the answer is no whole gzip"),
        ("open", 200, "the loop is not closed"),
        ("short", 200, "the loop is not as long as asked"),
        ("half", 0, "connection closed before the answer was whole"),
        ("half-a-character", 503, "503 Busy: ?"),
        ("no-number", 200, "the loop has a score that is no number"),
        ("deep", 200, f"no trip: {'[' * 159}…"),
        ("no-loop", 409, NO_LOOP),
        ("huge-number", 200, "the loop has a score that is no number"),
        ("huge-share", 200, "the loop has a score that is no number"),
        ("endless", 200, "the answer is larger than 10 MB"),
        ("bomb", 200, "the answer is larger than 10 MB"),
    ],
)
def test_whatever_a_target_answers_is_a_record(url: str, how: str, status: int, error: str) -> None:
    one = ask(f"{url}/{how}")
    assert (one.status, one.error) == (status, error)
    assert json.loads(one.line().encode())["error"] == error


def test_times_that_are_none_are_left_out(url: str) -> None:
    one = ask(f"{url}/wild-timing")
    assert (one.error, one.stages_ms, one.platform) == ("", {"db": 2.0}, {})
    assert json.loads(one.line(), parse_constant=pytest.fail)


def test_who_asks_again_is_not_known_by_a_cookie(url: str) -> None:
    """By name: of an address no client takes cookies."""
    address = f"{url}/cookie".replace("127.0.0.1", "localhost")

    async def twice() -> list[str]:
        async with Client("here", address, kept=True) as client:
            return [(await client.ask(SHORT, "warm")).error for _ in range(2)]

    assert asyncio.run(twice()) == ["", ""]


@on_a_busy_machine
def test_silence_is_a_timeout_and_a_closed_door_a_refusal(url: str) -> None:
    for _ in range(POPULAR + 2):
        assert ask(f"{url}/hangs").error == ""
    silent = ask(f"{url}/hangs", timeout_s=0.3)
    assert (silent.status, silent.error) == (0, "timeout")
    assert silent.client_ms == pytest.approx(300, rel=0.1)
    assert ask("http://127.0.0.1:9").error == "connection refused"
    assert ask("http://nobody.invalid").error == "no such host"
    assert ask("http://[::1").error == "its address is no URL"
    with saying(b"SSH-2.0-OpenSSH_9.6\r\n") as ssh:
        assert ask(ssh).error == "what answers does not speak HTTP"


def test_a_target_that_fails_half_the_time_has_no_p95(known_target: Start) -> None:
    """8 right answers, then it is dead: ten connections that were closed or refused, and 2 of 20 are not sent."""
    with known_target() as mortal:
        records = measured(f"{mortal}/a/dies", replace(NOTHING, warm=20))
    found = overall(records)
    assert (found.latency.count, found.latency.failed, found.failed_share) == (20, 12, 0.6)
    assert [one.error for one in records[:8]] == [""] * 8
    assert records[8].error == "connection closed before the answer was whole"
    assert records[17].error == "connection refused"
    assert [one.error for one in records[18:]] == ["not sent: connection refused, 10 times in a row"] * 2
    assert found.latency.p50.ms is found.latency.p95.ms is None
    assert found.mean_ms == pytest.approx(statistics.fmean(one.client_ms for one in records[:8]), abs=0.01)


def test_a_target_that_dies_under_load_fails_all_who_come_then(known_target: Start) -> None:
    sizes = replace(NOTHING, rates=(20.0, 10.0), load_s=1.0)
    with known_target() as mortal:
        records = measured(f"{mortal}/a/dies", sizes)
    first, second = ([one for one in records if one.rate == rate] for rate in sizes.rates)
    assert len(first) == 20  # none was left out
    assert sum(not one.error for one in first) == 8
    assert [one.error for one in second] == ["not sent: connection refused, 10 times in a row"] * 10
    assert not any(one.sent for one in second)
    found = [one for one in figures(records) if one.latency.kind == "all"]
    # 12 of 20, then all of 10
    assert [(one.latency.count, one.latency.failed) for one in found] == [(20, 12), (10, 10)]


def test_a_target_that_falls_silent_is_given_up_after_three_timeouts(url: str) -> None:
    began = time.monotonic()
    records = measured(f"{url}/hangs", replace(NOTHING, warm=10, burst=2, bursts=2), timeout_s=0.4)
    assert [one.error for one in records] == [
        *["", "", "timeout", "timeout", "timeout"],
        *["not sent: timeout, 3 times in a row"] * 5,
        *["not sent: timeout"] * 4,
    ]
    assert [one.burst for one in records[10:]] == [1, 1, 2, 2]
    assert time.monotonic() - began < 5


def test_a_target_that_dies_between_two_bursts_fails_all_of_the_second(known_target: Start) -> None:
    """11 answers: the popular trips, a burst of 6, and 2 popular trips; then nobody is there any more."""
    with known_target() as mortal:
        records = measured(f"{mortal}/a/dies", replace(NOTHING, burst=6, bursts=2))
    first, second = ([one for one in records if one.burst == number] for number in (1, 2))
    assert [one.error for one in first] == [""] * 6
    assert [one.error for one in second] == ["not sent: connection refused, 10 times in a row"] * 6
    assert [one.wish for one in second] == [2_000_006 + number for number in range(6)]


def test_a_dead_target_fails_all_that_was_planned_and_costs_little_time() -> None:
    pytest.importorskip("aiohttp", reason="needs the extra `compare`")
    seen: list[Record] = []
    began = time.monotonic()
    trips = Trips(((0.0, 45.0),), seed=1)
    records = regimes.measure("dead", "http://127.0.0.1:9", trips, QUICK, on_record=seen.append)
    assert time.monotonic() - began < 15
    assert {one.error for one in records} == {"not sent: connection refused, 10 times in a row"}
    # four each: one user after the other, at the same instant, and 1 a second for 4 s
    assert Counter(one.regime for one in records) == {"warm": 4, "burst": 4, "load": 4}
    assert all(one.kind in KINDS for one in records)
    assert len({one.wish for one in records}) == 12
    assert seen == records


# --- cold starts, the sweep, and all together -----------------------------------------------------------------------


def test_cold_requests_come_right_after_a_start(url: str) -> None:
    def renew() -> float:
        with urllib.request.urlopen(f"{url}/cold/renew"):
            return 1.25

    records = measured(f"{url}/cold", replace(NOTHING, cold=3, warm=4), renew=renew)
    cold, warm = records[:3], records[3:]
    assert [(one.regime, one.kind, one.cold, one.instance) for one in cold] == [
        ("cold", "short", True, str(number)) for number in (1, 2, 3)
    ]
    assert all(one.platform == {"init_ms": 80.5, "renew_s": 1.25} for one in cold)
    assert all(100 <= one.client_ms < 200 for one in cold)
    assert [one.cold for one in warm] == [False] * 4


def test_a_target_that_cannot_be_started_anew_is_said_to_be_so(url: str) -> None:
    def renew() -> float:
        raise Failed("no room")

    records = measured(f"{url}/cold", replace(NOTHING, cold=2), renew=renew)
    assert [(one.regime, one.error) for one in records] == [
        ("cold", "not sent: it cannot be started anew: no room")
    ] * 2


def test_the_sweep_asks_for_new_trips_of_each_kind(url: str) -> None:
    trips = wishes(f"{url}/cold", 3)
    records = regimes.measure_size("fn", f"{url}/cold", trips, 4, about={"memory_mb": 512})
    assert [one.kind for one in records] == ["short", "short", "long", "area", "short"]
    assert [one.cold for one in records] == [True, False, False, False, False]
    assert {(one.regime, one.memory_mb) for one in records} == {("sweep", 512)}


def test_all_regimes_run_and_tell_how_far_they_are(url: str) -> None:
    told: list[tuple[str, int, int]] = []
    about = {"memory_mb": 885, "commit": "abc", "region": "here"}
    sizes = replace(QUICK, idle_s=0.1, load_s=2.0)
    records = measured(f"{url}/constant", sizes, renew=lambda: 0.0, about=about, progress=lambda *now: told.append(now))
    planned = sizes.planned(can_renew=True)
    assert Counter(one.regime for one in records) == planned == {"cold": 1, "warm": 4, "burst": 4, "load": 2}
    assert told == [(regime, done, count) for regime, count in planned.items() for done in range(1, count + 1)]
    assert {(one.memory_mb, one.commit, one.region) for one in records} == {(885, "abc", "here")}
    assert not [one for one in records if one.error]
    assert [one.regime for one in records] == sorted((one.regime for one in records), key=REGIMES.index)
    # no number is asked for twice
    assert len({one.wish for one in records}) == len(records)


def test_connections_are_kept_for_one_user_and_new_for_many(url: str) -> None:
    """Asked of the system: a client that keeps its connection holds it still, with the others nothing is left."""

    port = urlsplit(url).port

    async def open_after(*, kept: bool) -> int:
        async with Client("here", f"{url}/constant", kept=kept) as client:
            await client.ask(SHORT, "warm")
            await client.ask(SHORT, "warm")
            await asyncio.sleep(0.05)  # a connection is closed in the loop's next turn
            lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
            return sum(line.split()[2].endswith(f":{port:04X}") and line.split()[3] == "01" for line in lines)

    assert asyncio.run(open_after(kept=True)) == 1
    assert asyncio.run(open_after(kept=False)) == 0


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"warm": -1}, "below 0"),
        ({"rates": (0.0,)}, "want above 0"),
        ({"rates": (100.0,), "load_s": 1000.0}, "more than 10000 requests"),
    ],
)
def test_sizes_reject_nonsense(wrong: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        replace(NOTHING, **wrong)


@on_a_busy_machine
def test_a_late_client_is_late_in_its_record(url: str) -> None:
    """The due time is past: what the client is late counts as waiting, and shows as such."""

    async def one() -> Record:
        async with Run("here", f"{url}/constant", Trips(((0.0, 45.0),), 1)).client() as client:
            return await client.ask(SHORT, "load", due_s=client.now_s - 0.2)

    record = asyncio.run(one())
    assert 1000 * (record.sent_s - record.due_s) == pytest.approx(200, rel=0.1)
    assert record.client_ms == pytest.approx(300, rel=0.1)
    assert "the client itself sent" in overall([record]).warning
