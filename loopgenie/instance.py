"""Which process answers, and whether it has answered a user before: what a measurer of cold starts needs to know."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from typing import NamedTuple


class Arrival(NamedTuple):
    """A request has come: to the process of this name, so long after the app was built if it is the first one."""

    instance: str
    cold_s: float | None


class Instance:
    """This process, as it tells itself from others.

    It gets its name with its first request and not before: a process may be a copy of one in which the app was built.

    Parameters
    ----------
    clock : the time in seconds; another one for tests.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._built = clock()
        self._name = ""
        self._cold = True
        self._lock = threading.Lock()

    def arrive(self) -> Arrival:
        """Note a request."""
        with self._lock:
            first, self._cold = self._cold, False
            return Arrival(self._named(), self._clock() - self._built if first else None)

    def check(self) -> Arrival:
        """Note that somebody looked whether it runs: who comes next is as cold as if nobody had.

        A load balancer asks long before any user does, and goes on asking.
        """
        with self._lock:
            return Arrival(self._named(), None)

    def _named(self) -> str:
        self._name = self._name or secrets.token_hex(4)
        return self._name
