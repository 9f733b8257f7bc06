"""Requests without a pause, and every failure of them: what users would have seen while something was replaced."""

from __future__ import annotations

import http.client
import itertools
import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit

PAUSE_S = 0.01
TIMEOUT_S = 40.0  # longer than any answer takes

#: A wide window, in which there is a loop to be found even where the search gets little of a busy machine's time.
WISH = {"drive_km": 15, "hike_km": 10, "tolerance": 0.3}

#: Who asks: for what, and whether over a new connection each time.
CLIENTS = (("trip", True), ("trip", False), ("static", True), ("static", False), ("healthz", True), ("healthz", False))


@dataclass
class Load:
    """Constant concurrency: six clients, each asking again as soon as it was answered, from `with` to its end.

    Two plan trips that nobody has asked for before, two read a file of the page, two ask for /healthz; one of each over
    new connections, one over a connection that it keeps. Whatever is not a right answer is a failure, a connection that
    was closed under a request included.

    Parameters
    ----------
    url : the service; it must be ready.
    time_limit_s : of a trip; a service with half a processor needs longer to find one.
    """

    url: str
    time_limit_s: float = 0.1
    asked: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    trips_s: list[float] = field(default_factory=list)  # of those that were answered rightly
    _failed_at: list[float] = field(default_factory=list)

    def __enter__(self) -> Self:
        parts = urlsplit(self.url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._place, self._asset = self._a_place(), self._an_asset()
        self._seeds = itertools.count(time.time_ns() % 1_000_000_000)
        self._lock, self._over = threading.Lock(), threading.Event()
        self._threads = [threading.Thread(target=self._client, args=client, daemon=True) for client in CLIENTS]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(TIMEOUT_S + 5)
            if thread.is_alive():
                self.failures.append("a client never came back")

    @property
    def count(self) -> int:
        """How many requests were sent."""
        return sum(self.asked.values())

    @property
    def gap_s(self) -> float:
        """From the first failure to the last."""
        return self._failed_at[-1] - self._failed_at[0] if self._failed_at else 0.0

    def __str__(self) -> str:
        kinds = ", ".join(f"{n} {kind}" for kind, n in sorted(self.asked.items()))
        return f"{self.count} requests ({kinds}), {len(self.failures)} failed; statuses {dict(self.statuses)}"

    def wait_for(self, count: int, *, timeout_s: float = 60) -> None:
        """Wait until so many more requests were answered."""
        goal, end = self.count + count, time.monotonic() + timeout_s
        while self.count < goal:
            assert time.monotonic() < end, f"only {self}"
            time.sleep(0.05)

    # --- one client -----------------------------------------------------------------------------------------------

    def _client(self, kind: str, is_new: bool) -> None:
        connection = None
        while not self._over.is_set():
            connection = connection or http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT_S)
            began = time.monotonic()
            status, wrong = self._one(kind, connection, is_new)
            with self._lock:
                self.asked[f"{kind}, {'new' if is_new else 'kept'} connection"] += 1
                self.statuses[status] += 1
                if wrong:
                    self.failures.append(f"{time.strftime('%T')} {kind}: {wrong}")
                    self._failed_at.append(time.monotonic())
                elif kind == "trip":
                    self.trips_s.append(time.monotonic() - began)
            if is_new or wrong:
                connection.close()
                connection = None
            time.sleep(PAUSE_S)
        if connection:
            connection.close()

    def _one(self, kind: str, connection: http.client.HTTPConnection, is_new: bool) -> tuple[int, str]:
        """The status, 0 where there was no answer, and what was wrong with it."""
        try:
            if kind == "trip":
                wish = {**WISH, "location": self._place, "time_limit_s": self.time_limit_s, "seed": next(self._seeds)}
                self._send(connection, "POST", "/v1/trips", is_new, json.dumps(wish))
            else:
                self._send(connection, "GET", "/healthz" if kind == "healthz" else self._asset, is_new)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            return 0, f"{type(error).__name__}: {error}"
        if answer.status != 200:
            return answer.status, f"{answer.status} {content[:200]!r}"
        return 200, "" if kind != "trip" else _wrong_with(content)

    def _send(
        self, connection: http.client.HTTPConnection, method: str, path: str, is_new: bool, body: str | None = None
    ) -> None:
        headers = {"Connection": "close"} if is_new else {}
        connection.request(method, path, body, headers | ({"Content-Type": "application/json"} if body else {}))

    # --- what to ask for ------------------------------------------------------------------------------------------

    def _read(self, path: str) -> bytes:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT_S)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        assert answer.status == 200, (path, answer.status, content[:200])
        return content

    def _a_place(self) -> str:
        name: str = json.loads(self._read("/v1/places?q=e&limit=1"))["features"][0]["properties"]["name"]
        return name

    def _an_asset(self) -> str:
        page = self._read("/").decode()
        return next(word for word in page.split('"') if "/static/" in word and word.endswith("loopgenie.js"))


def _wrong_with(content: bytes) -> str:
    """What is wrong with an answer that should be a trip; nothing if it is one."""
    try:
        line = json.loads(content)["features"][0]["geometry"]["coordinates"]
    except (ValueError, LookupError):
        return f"no trip: {content[:200]!r}"
    return "" if len(line) > 3 and line[0] == line[-1] else "the loop is not closed"
