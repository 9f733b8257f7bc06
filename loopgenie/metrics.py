"""What happened since this process started, counted, in the text format that Prometheus reads.

https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format. Three counters and two histograms do
not need a library. Each worker process counts for itself.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

#: Upper ends of the histograms' buckets, in seconds.
BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

Labels = tuple[tuple[str, str], ...]


@dataclass
class Metrics:
    """Counters and histograms; may be used from several threads."""

    _help: dict[str, tuple[str, str]] = field(default_factory=dict)
    _counts: dict[str, dict[Labels, float]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(float)))
    _buckets: dict[str, dict[Labels, list[int]]] = field(default_factory=lambda: defaultdict(dict))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def describe(self, name: str, kind: str, text: str) -> None:
        """Say what a metric is; `kind` is counter, gauge or histogram."""
        self._help[name] = (kind, text)

    def count(self, metric: str, amount: float = 1.0, **labels: str) -> None:
        """Add to a counter."""
        with self._lock:
            self._counts[metric][tuple(labels.items())] += amount

    def set(self, metric: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        with self._lock:
            self._counts[metric][tuple(labels.items())] = value

    def observe(self, metric: str, seconds: float, **labels: str) -> None:
        """Add a duration to a histogram."""
        key = tuple(labels.items())
        with self._lock:
            buckets = self._buckets[metric].setdefault(key, [0] * (len(BUCKETS_S) + 1))
            buckets[bisect_left(BUCKETS_S, seconds)] += 1
            self._counts[metric][key] += seconds

    def text(self) -> str:
        """Everything, in Prometheus' text format 0.0.4."""
        with self._lock:
            return "".join(f"{line}\n" for line in self._lines())

    def _lines(self) -> Iterator[str]:
        for name, (kind, text) in self._help.items():
            yield f"# HELP {name} {text}"
            yield f"# TYPE {name} {kind}"
            for labels, value in sorted(self._counts[name].items()):
                if kind == "histogram":
                    yield from _histogram(name, labels, self._buckets[name][labels], value)
                else:
                    yield f"{name}{_braces(labels)} {value:.17g}"


def _histogram(name: str, labels: Labels, buckets: list[int], total: float) -> Iterator[str]:
    seen = 0
    for end, count in zip((*(f"{b:g}" for b in BUCKETS_S), "+Inf"), buckets, strict=True):
        seen += count
        yield f"{name}_bucket{_braces((*labels, ('le', end)))} {seen}"
    yield f"{name}_sum{_braces(labels)} {total:.9g}"
    yield f"{name}_count{_braces(labels)} {seen}"


def _braces(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
