"""Taking turns: so many at once, and first come, first served.

A `threading.Semaphore` wakes whoever has waited longest, but does not keep the place: who comes in that moment
overtakes, and under load the one who waited goes to the end of the queue, again and again.
"""

from __future__ import annotations

import threading
from collections import deque


class Turns:
    """Hands out turns in the order in which they were asked for.

    Parameters
    ----------
    at_once : how many may have theirs at the same time.
    """

    def __init__(self, at_once: int) -> None:
        self._free = at_once  # while anybody waits, none is free
        self._waiting: deque[threading.Event] = deque()
        self._lock = threading.Lock()

    def take(self, patience_s: float) -> bool:
        """Wait for a turn; False if it did not come within so many seconds."""
        with self._lock:
            if self._free:
                self._free -= 1
                return True
            mine = threading.Event()
            self._waiting.append(mine)
        if mine.wait(patience_s):
            return True
        with self._lock:
            if mine.is_set():  # it came just now
                return True
            self._waiting.remove(mine)
            return False

    def give_back(self) -> None:
        """Hand the turn to the one who has waited longest."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1
