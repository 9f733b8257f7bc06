"""Answers that several processes share through a Redis server, for those whose database may only be read.

The server is a convenience: gone, slow, full or holding nonsense, it costs speed and never an answer.
"""

from __future__ import annotations

import json
import math
import threading
import time
import zlib
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from loopgenie.errors import BadInput
from loopgenie.outside import NoAnswer, aside

_T = TypeVar("_T")

#: In front of every key; the number changes with what is kept under it.
PREFIX = "loopgenie:1:"

#: An answer is forgotten after so many seconds: 7 days.
KEPT_S = 7 * 24 * 3600

#: The server gets so long for one answer, and for one question in all, with connecting and looking up its name (s).
TIMEOUT_S = 0.1
PATIENCE_S = 0.25

#: A server that failed is left alone for so long (s).
REST_S = 10.0

#: The longest answer, packed and as JSON, in bytes; five loops of 500 km have some 8 MB of JSON.
MAX_PACKED = 8 * 1024 * 1024
MAX_JSON = 32 * 1024 * 1024


class Refused(NoAnswer):
    """The server is there and in time, but does not do what it was asked, as when it is full."""


class Server(Protocol):
    """What is asked of a server; both raise `NoAnswer`."""

    def get(self, key: str) -> bytes:
        """What it holds, up to one byte more than `MAX_PACKED`; empty where there is nothing."""

    def set(self, key: str, value: bytes) -> None:
        """Have it hold something for `KEPT_S`."""


class AnswerCache:
    """Packed answers on a server, by key; may be used by several threads.

    Parameters
    ----------
    failed : is told why, each time that the server fails.
    clock : the time in seconds; another one for tests.
    """

    def __init__(
        self,
        server: Server,
        *,
        failed: Callable[[str], None] = lambda _why: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._server = server
        self._failed = failed
        self._clock = clock
        self._rests_until = -math.inf
        self._lock = threading.Lock()

    def find(self, key: str) -> bytes | None:
        """The packed answer that is kept under a key, None where there is none or it cannot be had."""
        packed = self._asked(lambda: self._server.get(PREFIX + key))
        if not packed:
            return None
        try:
            _check(packed)
        except (ValueError, RecursionError, zlib.error):
            self._failed("what it holds is no answer of ours")
            return None
        return packed

    def keep(self, key: str, packed: bytes) -> None:
        """Keep a packed answer, if that can be done."""
        if len(packed) <= MAX_PACKED:
            self._asked(lambda: self._server.set(PREFIX + key, packed))

    def _asked(self, question: Callable[[], _T]) -> _T | None:
        with self._lock:
            if self._clock() < self._rests_until:
                return None
        try:
            return aside(question).result(PATIENCE_S)
        except Refused as why:
            self._failed(str(why))
        except NoAnswer as why:
            self._rest(str(why))
        except TimeoutError:
            self._rest(f"nothing within {PATIENCE_S:g} s")
        return None

    def _rest(self, why: str) -> None:
        with self._lock:
            self._rests_until = self._clock() + REST_S
        self._failed(why)


def _check(packed: bytes) -> None:
    """Whether it can be an answer; raises `ValueError`, `RecursionError` or `zlib.error`."""
    unpacker = zlib.decompressobj(wbits=31)  # gzip, with its checksum
    text = unpacker.decompress(packed, MAX_JSON)
    if not unpacker.eof or unpacker.unused_data:
        raise ValueError
    document = json.loads(text)
    if not isinstance(document, dict) or not isinstance(document.get("features"), list):
        raise ValueError


class _Redis:
    """A Redis server; https://redis.io/docs/latest/commands has what it is asked."""

    def __init__(self, url: str) -> None:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        self._client = redis.Redis.from_url(
            url,
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),  # to work the answer out is quicker than to try again
            protocol=2,  # the older one connects without questions
        )
        self._refusal = redis.ResponseError
        self._faults = (redis.RedisError, OSError, ValueError)

    def get(self, key: str) -> bytes:
        # a part of the value, as nobody knows what may lie there
        return bytes(self._done(lambda: self._client.getrange(key, 0, MAX_PACKED)))

    def set(self, key: str, value: bytes) -> None:
        self._done(lambda: self._client.set(key, value, ex=KEPT_S))

    def _done(self, question: Callable[[], Any]) -> Any:
        # only the kind of fault: what the server says of itself is nothing to rely on
        try:
            return question()
        except self._refusal as fault:
            raise Refused(f"it refused ({type(fault).__name__})") from None
        except self._faults as fault:
            raise NoAnswer(f"it does not answer ({type(fault).__name__})") from None


def cache_at(url: str, *, failed: Callable[[str], None] = lambda _why: None) -> AnswerCache | None:
    """The cache on the server at an address (see `Settings.cache_url`); None where there is no address.

    Raises
    ------
    BadInput : the package that talks to it is not installed.
    """
    if not url:
        return None
    try:
        return AnswerCache(_Redis(url), failed=failed)
    except ModuleNotFoundError:
        raise BadInput(
            "LOOPGENIE_CACHE_URL is set, but the package redis is missing: pip install 'loopgenie[redis]'"
        ) from None
