"""One request, one `Record`: what a user would have waited, and whether the answer was right.

Nothing that a target does raises here: refused, reset, silent, a page of HTML, a line that is not closed: each is a
record with an `error` in a few words.

By default every request comes over a connection of its own, as from one more user, so that TCP and TLS are in its time.
`kept=True` is one user who plans again and again: connections are kept, as browsers keep them.
A client is one thread. It reads and checks answers in the pauses between requests, and what it is late shows as
`sent_s - due_s`; figures of a late client are marked.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from deploy.compare.exchange import TIMEOUT_S, Answer, Unanswered, Unreadable, exchange, session, short
from deploy.compare.record import NO_LOOP, Record
from deploy.compare.trips import Wish
from loopgenie.network import STRAY_COST

if TYPE_CHECKING:
    import aiohttp

#: Loops may miss their window by so many metres: lengths are rounded.
ROUNDING_M = 1.0

_NO_NUMBER = "the loop has a score that is no number"
_STANDIN = "x-standin-"


@dataclass
class Client:
    """Asks one target, inside `async with`.

    Parameters
    ----------
    target : its name in this run.
    url : its base URL.
    timeout_s : after which an answer is not waited for any longer.
    kept : keep connections.
    about : `memory_mb`, `commit`, `region` of the target, for its records.
    began : `time.monotonic()` when the run began; `due_s` and `sent_s` count from it.
    """

    target: str
    url: str
    timeout_s: float = TIMEOUT_S
    kept: bool = False
    about: Mapping[str, Any] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)
    _session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = session(kept=self.kept)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session:
            await self._session.close()

    @property
    def now_s(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self.began

    async def ask(self, wish: Wish, regime: str, *, due_s: float | None = None) -> Record:
        """Ask for a trip, at its time.

        Parameters
        ----------
        wish : what to ask for.
        regime : one of `record.REGIMES`.
        due_s : when to send it, in seconds since the run began; now, if None.
        """
        if due_s is None:
            due_s = self.now_s
        elif due_s > self.now_s:
            await asyncio.sleep(due_s - self.now_s)
        if self._session is None:
            raise RuntimeError("ask inside `async with`")
        address = f"{self.url.rstrip('/')}/v1/trips"
        date, sent_s = datetime.now(UTC), self.now_s
        answer: Answer | str
        try:
            answer = await exchange(self._session, address, body=wish.body, timeout_s=self.timeout_s)
        except Unanswered as why:
            answer = str(why)
        ended_s = self.now_s  # the last byte is there; what follows is not the target's time
        found = _judged(answer, wish) if isinstance(answer, Answer) else {"status": 0, "error": answer}
        return Record(
            target=self.target,
            regime=regime,
            kind=wish.kind,
            due_s=round(due_s, 6),
            sent_s=round(sent_s, 6),
            client_ms=round(1000 * (ended_s - due_s), 3),
            wish=wish.number,
            date=date.isoformat(timespec="milliseconds"),
            **found,
            **self.about,
        )


# --- what an answer says --------------------------------------------------------------------------------------------


def _judged(answer: Answer, wish: Wish) -> dict[str, Any]:
    """What a record says of an answer."""
    status, headers, body = answer
    timing = server_timing(headers.get("server-timing", ""))
    app, cold = timing.get("app"), timing.get("cold")
    found: dict[str, Any] = {
        "status": status,
        "bytes": len(body),
        "stages_ms": {name: entry.ms for name, entry in timing.items() if entry.ms is not None},
        "origin": timing["answer"].text if "answer" in timing else "",
        "instance": app.text if app else "",
        "cold": None if app is None else cold is not None,
        "platform": _platform(headers),
    }
    try:
        text = answer.text()
        if status == 200:
            found["score"] = _worth(text, wish)
        else:
            found["error"] = _complaint(status, headers.get("content-type", ""), text)
    except (_Wrong, Unreadable) as wrong:
        found["error"] = str(wrong)
    return found


class _Wrong(Exception):
    """What is wrong with an answer."""


class Timing(NamedTuple):
    """An entry of Server-Timing: milliseconds, and its text."""

    ms: float | None
    text: str


def server_timing(header: str) -> dict[str, Timing]:
    """The entries of a Server-Timing header by name; what is none is left out.

    Source: W3C Server Timing, section 4: `name;dur=12.3;desc="text", …`.
    """
    found = {}
    for entry in re.findall(r'(?:[^,"]|"[^"]*")+', header):
        name, *parameters = (part.strip() for part in re.findall(r'(?:[^;"]|"[^"]*")+', entry) or ("",))
        if not name:
            continue
        known = {key.strip().lower(): value.strip() for key, _, value in (one.partition("=") for one in parameters)}
        found[name] = Timing(_number(known.get("dur", "")), known.get("desc", "").strip('"'))
    return found


def _number(text: str) -> float | None:
    """A duration or a size; None where it is none."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _platform(headers: Mapping[str, str]) -> dict[str, float]:
    """What a stand-in tells beyond the app: `x-standin-init-ms: 812.0` is `init_ms`."""
    told = {
        name.removeprefix(_STANDIN).replace("-", "_"): _number(value)
        for name, value in headers.items()
        if name.startswith(_STANDIN)
    }
    return {name: value for name, value in told.items() if value is not None}


def _worth(text: bytes, wish: Wish) -> float:
    """What the best loop is worth: its score less what it pays for straying from the wish, as the search counts it.

    A score alone would praise loops that are longer than asked. Up to a constant of the wish this is what the solver
    maximises (`loopgenie.network`): with the length asked for and nothing walked twice it is the score.
    """
    try:
        document = json.loads(text)
        loop = document["features"][0]
        line, of_it = loop["geometry"]["coordinates"], loop["properties"]
        score, length_m, repeat_share = (float(of_it[name]) for name in ("score", "length_m", "repeat_share"))
        closed = len(line) > 3 and line[0] == line[-1]
    except OverflowError:  # a whole number of some hundred digits
        raise _Wrong(_NO_NUMBER) from None
    except (ValueError, LookupError, TypeError, RecursionError):
        raise _Wrong(f"no trip: {_shown(text)}") from None
    if not closed:
        raise _Wrong("the loop is not closed")
    low, high = wish.window_m
    if not low - ROUNDING_M <= length_m <= high + ROUNDING_M:
        raise _Wrong("the loop is not as long as asked")
    short_m, over_m = max(0.0, wish.hike_m - length_m), max(0.0, length_m - wish.hike_m)
    worth = score - STRAY_COST * (short_m + over_m + 2 * repeat_share * length_m) - over_m
    if not math.isfinite(worth):
        raise _Wrong(_NO_NUMBER)
    return round(worth, 2)


def _complaint(status: int, content_type: str, text: bytes) -> str:
    """What a target says is wrong.

    That there is no such loop is a failure, too: nearly every wish has one, and to deny it is quick.
    """
    if "problem+json" not in content_type:
        return f"{status}: {_shown(text)}"
    try:
        problem = json.loads(text)
        if status == 409:
            return NO_LOOP
        return f"{status} {short(str(problem['title']))}: {short(str(problem.get('detail', '')))}"
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return f"{status}: {_shown(text)}"


def _shown(text: bytes) -> str:
    return short(re.sub(r"<[^>]*>", " ", text[:2000].decode("utf-8", "replace"))) or "nothing"
