"""When a request began, and how much of its time is left."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Clock:
    """When a request began, how much of its time is left, and how long each stage took."""

    def __init__(self, time_limit_s: float) -> None:
        self._began = time.perf_counter()
        self._time_limit_s = time_limit_s
        self._stages: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure what is done inside."""
        began = time.perf_counter()
        yield
        self._stages[name] = self._stages.get(name, 0.0) + time.perf_counter() - began

    def left(self) -> float:
        """Seconds for the search: all that is left, but at least half of the limit when reading took long."""
        spent = time.perf_counter() - self._began
        return max(self._time_limit_s - spent, self._time_limit_s / 2)

    def timing(self) -> dict[str, float]:
        """Seconds by stage, and in all."""
        return {**self._stages, "total": time.perf_counter() - self._began}
