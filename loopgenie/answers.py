"""Answers kept by request, so that the same request on the same data gets the same loops and is worked out once.

The id of a trip is the request itself, written so that it fits into an address, and the snapshot of the data: a
link works after a restart and on another machine, with nothing stored.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import hashlib
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from loopgenie.answer_cache import AnswerCache
from loopgenie.errors import Busy, InvalidParameters, NoLoopInReach, NotFound
from loopgenie.parameters import TripRequest, trip_request
from loopgenie.store import TrailStore
from loopgenie.turns import Turns

#: The longest request (name of 200 characters, ten via points) needs less.
MAX_ID = 3000


class TripId(NamedTuple):
    """A request and the short name of the snapshot it was asked on."""

    request: TripRequest
    snapshot: str

    def __str__(self) -> str:
        text = base64.urlsafe_b64encode(self.request.canonical().encode()).decode().rstrip("=")
        return f"{text}~{self.snapshot}"

    @staticmethod
    def read(text: str) -> TripId:
        """The request that an id stands for.

        Raises
        ------
        NotFound : it stands for none.
        """
        encoded, _, snapshot = text.partition("~")
        try:
            if len(text) > MAX_ID:
                raise ValueError
            request = trip_request(json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))))
        except (ValueError, binascii.Error, RecursionError, InvalidParameters):
            raise NotFound("There is no trip of that id; ask for one with POST /v1/trips.") from None
        return TripId(request, snapshot)


def short_name(snapshot_id: str) -> str:
    """Eight characters that stand for a snapshot in an address."""
    return hashlib.sha256(snapshot_id.encode()).hexdigest()[:8]


class Made(NamedTuple):
    """An answer as JSON that has just been worked out. One that is not `lasting` is told, but not kept."""

    body: bytes
    lasting: bool = True


class Answer(NamedTuple):
    """An answer as compressed JSON, where it came from, and how long it waited.

    `origin` is "memory", "cache", "store", "shared" (with one who asked the same at the same time) or "solved".
    """

    packed: bytes
    origin: str
    waited_s: float = 0.0
    lasting: bool = True

    @property
    def body(self) -> bytes:
        """The JSON."""
        return gzip.decompress(self.packed)


class _Flight:
    """An answer that is being worked out; others may wait for it."""

    def __init__(self) -> None:
        self.landed = threading.Event()
        self.answer: Answer | None = None
        self.error: BaseException | None = None

    def result(self, patience_s: float) -> Answer:
        began = time.perf_counter()
        if not self.landed.wait(patience_s):
            raise Busy("The same request is being worked out already and takes its time; try again.")
        if self.error is not None:
            raise self.error.with_traceback(None)
        assert self.answer is not None  # noqa: S101 - landed means one or the other
        return self.answer._replace(origin="shared", waited_s=time.perf_counter() - began)


class Answers:
    """Answers in memory, backed by the store, and by a cache that other processes share, if there is one.

    Parameters
    ----------
    capacity : how many answers stay in memory.
    at_once : how many may be worked out at the same time in this process; more would only slow each other down.
    patience_s : how long a request waits for its turn, or for another one that asks the same.
    cache : where other processes keep answers; it is quicker than a store on another machine, so it is asked first.
    """

    def __init__(
        self, *, capacity: int = 128, at_once: int = 2, patience_s: float = 15.0, cache: AnswerCache | None = None
    ) -> None:
        self._capacity = capacity
        self._turns = Turns(at_once)
        self._patience_s = patience_s
        self._cache = cache
        self._kept: OrderedDict[str, Answer | NoLoopInReach] = OrderedDict()
        self._flights: dict[str, _Flight] = {}
        self._lock = threading.RLock()

    def get(self, key: str, store: TrailStore, make: Callable[[], Made]) -> Answer:
        """The answer that is kept under `key`, or else the JSON that `make` works out.

        Raises
        ------
        Busy : it was not this request's turn in time.
        LoopGenieError : whatever `make` raises; that there is no loop is remembered, too, where it is proven.
        """
        with self._lock:
            flight = self._flights.get(key)
            if flight is None:
                if kept := self._in_memory(key):
                    return kept
                mine = self._flights[key] = _Flight()
        if flight is not None:
            return flight.result(self._patience_s)
        return self._fly(mine, key, lambda: self._elsewhere(key, store) or self._made(key, store, make))

    def _fly(self, flight: _Flight, key: str, find: Callable[[], Answer]) -> Answer:
        try:
            answer = flight.answer = find()
            if answer.lasting:
                self._keep(key, answer)
            return answer
        except BaseException as error:
            flight.error = error
            if isinstance(error, NoLoopInReach) and error.proven and error.lasting:
                self._keep(key, error)
            raise
        finally:
            with self._lock:
                del self._flights[key]
            flight.landed.set()

    def _made(self, key: str, store: TrailStore, make: Callable[[], Made]) -> Answer:
        began = time.perf_counter()
        if not self._turns.take(self._patience_s):
            raise Busy("Too many trips are being worked out right now; try again.", retry_after_s=2)
        waited_s = time.perf_counter() - began
        try:
            body, lasting = make()
            packed = gzip.compress(body, compresslevel=5, mtime=0)
        finally:
            self._turns.give_back()
        if earlier := self._elsewhere(key, store):
            return earlier  # another process was faster: its answer is the one
        if lasting:
            store.keep_answer(key, packed)
            if self._cache is not None:
                self._cache.keep(key, packed)
        return Answer(packed, "solved", waited_s, lasting)

    def _elsewhere(self, key: str, store: TrailStore) -> Answer | None:
        if self._cache is not None and (packed := self._cache.find(key)):
            return Answer(packed, "cache")
        packed = store.kept_answer(key)
        return None if packed is None else Answer(packed, "store")

    def _in_memory(self, key: str) -> Answer | None:
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
        if isinstance(kept, NoLoopInReach):
            raise kept.with_traceback(None)
        return kept and kept._replace(origin="memory", waited_s=0.0)

    def _keep(self, key: str, kept: Answer | NoLoopInReach) -> None:
        with self._lock:
            self._kept[key] = kept
            while len(self._kept) > self._capacity:
                self._kept.popitem(last=False)
