"""Drives by road, told by a Valhalla or OSRM server: asked once a trip, not for long, and not while it is down."""

from __future__ import annotations

import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from loopgenie.drive import STRAIGHT_LINE, Drive, Drives
from loopgenie.drive_matrix import OSRM, VALHALLA, Matrix, OutOfOrder, Question, Refused, Trouble, kind_of
from loopgenie.geometry import LonLat
from loopgenie.outside import NoAnswer, aside, body_of

#: Goals of one call. Valhalla takes 2,500 at once and OSRM 9,999, unless told otherwise; but Valhalla as it comes needs
#: some 2 ms for each, and the address of a call to OSRM is to stay below the 8 kB that most proxies take.
MAX_GOALS = 1000

#: The straight line (m) beyond which nobody drives: what Valhalla takes, unless told otherwise, and with the usual
#: detours more than the longest drive that can be asked for.
FARTHEST_M = 400_000.0

#: 140 km/h, the mean of no drive: neither engine assumes that anybody ever goes faster.
FASTEST_M_PER_S = 140 / 3.6

#: How long an engine that does not work is left alone (s).
REST_S = 15.0

#: Answers of the engine are used again for so long (s), for so many origins.
KEPT_S = 3600.0
KEPT_ORIGINS = 64

#: Nobody needs a longer answer: a drive is told in about 250 bytes.
MAX_ANSWER = 4 * 1024 * 1024

#: Sends a question to an engine at a URL; tells the HTTP status and the JSON that came back.
Ask = Callable[[str, Question, float], tuple[int, Any]]


_FORCED: Mapping[str, Matrix] = {"valhalla+": VALHALLA, "osrm+": OSRM}


class RoadEngine:
    """Drives by road as a server tells them; the estimate, which says why, when it does not.

    Parameters
    ----------
    url : http://HOST:PORT of a Valhalla or OSRM server; `valhalla+` or `osrm+` before it says which, else the
        server is asked once.
    timeout_s : how long one answer may take.
    ask, clock : how to reach the server, and the time in seconds; others for tests.
    """

    def __init__(
        self, url: str, *, timeout_s: float, ask: Ask | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        prefix = next((p for p in _FORCED if url.startswith(p)), "")
        self._url = url.removeprefix(prefix).rstrip("/")
        self._matrix = _FORCED.get(prefix)
        self._timeout_s = timeout_s
        self._ask = ask or ask_over_http
        self._clock = clock
        self._memory = _Memory(clock)
        self._resting: tuple[float, Trouble] | None = None

    def farthest_m(self, drive_m: float | None, drive_s: float | None) -> float:
        """No road is shorter than the straight line, and nobody drives faster than `FASTEST_M_PER_S`."""
        return min(FARTHEST_M, drive_m if drive_m is not None else (drive_s or 0.0) * FASTEST_M_PER_S)

    def drives(self, origin: LonLat, goals: Sequence[LonLat], *, patience_s: float) -> Drives:
        """The drives to the nearest `MAX_GOALS`, None to the rest; estimates for all where they cannot be had."""
        at = _rounded(origin)
        known = self._memory.of(at)
        unknown = [goal for goal in goals[:MAX_GOALS] if goal not in known]
        try:
            if unknown:
                known = known | self._learn(at, unknown, patience_s)
        except Trouble as trouble:
            estimate = STRAIGHT_LINE.drives(origin, goals)
            return estimate._replace(method=f"{estimate.method} ({trouble})", lasting=False)
        name = self._matrix.name if self._matrix else "nothing to ask"
        return Drives(f"by road ({name})", [known.get(goal) for goal in goals])

    def _learn(self, at: LonLat, goals: Sequence[LonLat], patience_s: float) -> dict[LonLat, Drive | None]:
        """Ask the server, in a thread of its own: looking up a name or a server that drips may outlast any timeout.

        What comes too late for this request is still kept for the next.
        """
        if self._resting and self._clock() < self._resting[0]:
            raise self._resting[1]
        wait_s = min(patience_s, self._timeout_s)
        if wait_s <= 0:
            raise Refused("the request left no time to ask the drive engine")
        try:
            return aside(lambda: self._asked(at, goals)).result(wait_s)
        except TimeoutError:
            late = OutOfOrder(f"the drive engine did not answer within {wait_s:.3g} s")
            if wait_s >= self._timeout_s:  # else it is the request that is in a hurry
                self._rest(late)
            raise late from None

    def _rest(self, trouble: Trouble) -> None:
        self._resting = (self._clock() + REST_S, trouble)

    def _asked(self, at: LonLat, goals: Sequence[LonLat]) -> dict[LonLat, Drive | None]:
        try:
            if self._matrix is None:
                self._matrix = self._found_out()
            told = dict(zip(goals, self._row(self._matrix, at, goals), strict=True))
        except OutOfOrder as trouble:
            self._rest(trouble)
            raise
        self._memory.add(at, told)
        return told

    def _found_out(self) -> Matrix:
        _, document = self._ask(self._url, Question("/status"), self._timeout_s)
        matrix = kind_of(document)
        if matrix is None:
            raise OutOfOrder("the drive engine is neither Valhalla nor OSRM")
        return matrix

    def _row(self, matrix: Matrix, at: LonLat, goals: Sequence[LonLat]) -> list[Drive | None]:
        status, document = self._ask(self._url, matrix.question(at, goals), self._timeout_s)
        try:
            return matrix.drives(document, at, goals) if status == 200 else matrix.refusal(document, goals)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError):
            raise OutOfOrder("the answer of the drive engine makes no sense") from None


class _Memory:
    """Drives that were told, by origin: the one used longest ago goes first, and all grow old."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: OrderedDict[LonLat, tuple[float, dict[LonLat, Drive | None]]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, origin: LonLat) -> dict[LonLat, Drive | None]:
        with self._lock:
            began, told = self._kept.get(origin, (0.0, {}))
            if self._clock() - began > KEPT_S:
                return {}
            if told:
                self._kept.move_to_end(origin)
            return told

    def add(self, origin: LonLat, told: Mapping[LonLat, Drive | None]) -> None:
        earlier = self.of(origin)
        with self._lock:
            began = self._kept[origin][0] if earlier else self._clock()
            self._kept[origin] = (began, {**earlier, **told})  # a new one: others may be looking at the old
            while len(self._kept) > KEPT_ORIGINS:
                self._kept.popitem(last=False)


def _rounded(origin: LonLat) -> LonLat:
    """To 8 m or less, so that who asks again from the same place is told the same."""
    return LonLat(round(origin.lon, 4), round(origin.lat, 4))


# --- over HTTP ----------------------------------------------------------------------------------------------------


class _NoRedirects(HTTPRedirectHandler):
    """Whoever is sent elsewhere by an engine would ask where nobody meant them to."""

    def redirect_request(self, *_: Any) -> None:
        """Nowhere."""


def ask_over_http(url: str, question: Question, timeout_s: float) -> tuple[int, Any]:
    """Ask a server, directly and nobody else: the HTTP status and the JSON of its answer.

    Raises
    ------
    OutOfOrder : no answer, none that can be read, or one that says that the server is broken.
    Refused : the address was too long for it.
    """
    until = time.monotonic() + timeout_s
    headers = {"Accept": "application/json", **({"Content-Type": "application/json"} if question.body else {})}
    request = Request(url + question.path, question.body, headers)  # noqa: S310 - http(s), as the settings see to
    try:
        with build_opener(_NoRedirects, ProxyHandler({})).open(request, timeout=timeout_s) as response:
            return response.status, _json(_read(response, until))
    except HTTPError as error:
        with error:
            return error.code, _refusal(error, until)
    except (OSError, HTTPException):
        raise OutOfOrder("the drive engine did not answer") from None


def _refusal(error: HTTPError, until: float) -> Any:
    if error.code in (413, 414, 431):
        raise Refused("the drive engine, or a proxy before it, does not take so many trailheads in one request")
    if error.code < 400 or error.code >= 500:
        raise OutOfOrder(f"the drive engine answered with HTTP status {error.code}")
    try:
        return _json(_read(error, until))
    except (OSError, HTTPException):
        raise OutOfOrder("the drive engine did not answer") from None


def _read(response: Any, until: float) -> bytes:
    """The body, unless it is endless in length or time."""
    try:
        return body_of(response, max_bytes=MAX_ANSWER, until=until)
    except NoAnswer:
        raise OutOfOrder("the answer of the drive engine has no end") from None


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise OutOfOrder("the answer of the drive engine makes no sense") from None
