"""One request, as it was measured: a line of JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

#: The regimes, in the order in which they are measured.
REGIMES = ("cold", "warm", "burst", "load", "sweep")
#: The error of an answer which says, in its own words, that there is no such loop.
NO_LOOP = "no loop: it says that there is none of that length"
#: What the error of a request begins with that was planned, and not sent because the target was dead.
NOT_SENT = "not sent"
#: The kinds of trips: a short and a long one from here, one from any trailhead in reach, and one that was asked before.
KINDS = ("short", "long", "area", "again")


@dataclass(frozen=True)
class Record:
    """One request.

    Times are in seconds since the run began (`due_s`, `sent_s`) or in milliseconds. What is not known is empty or None.

    Parameters
    ----------
    target : its name in this run.
    regime : one of `REGIMES`.
    kind : one of `KINDS`.
    rate : requests a second that were offered, in the regime `load`.
    burst : which one, from 1, in the regime `burst`.
    due_s : when it should have been sent.
    sent_s : when it was; in an open loop it does not wait for others, so this is `due_s` and what the client is late.
    client_ms : from `due_s` until the last byte: what a user would have waited (no coordinated omission).
    status : of the answer; 0 where there was none.
    error : what was wrong; empty where the answer was right.
    bytes : of the answer's body, as it came over the wire.
    stages_ms : the stages of Server-Timing, `total` among them.
    origin : where the app had the answer from, as it says (`solved`, `memory`, …).
    instance : the process that answered, as it names itself.
    cold : whether it was that process's first request; None where it does not say.
    score : of the best loop, comparable between answers to the same wish.
    wish : number of the wish in the run; the same number is the same trip at every target.
    platform : what the platform tells beyond the app, such as Lambda's `init_ms`, `duration_ms`, `memory_mb`.
    memory_mb, commit, region : of the target.
    date : when it was sent, UTC, ISO 8601.
    """

    target: str
    regime: str
    kind: str
    due_s: float
    sent_s: float
    client_ms: float
    status: int
    error: str = ""
    rate: float | None = None
    burst: int | None = None
    bytes: int = 0
    stages_ms: Mapping[str, float] = field(default_factory=dict)
    origin: str = ""
    instance: str = ""
    cold: bool | None = None
    score: float | None = None
    wish: int | None = None
    platform: Mapping[str, float] = field(default_factory=dict)
    memory_mb: int | None = None
    commit: str = ""
    region: str = ""
    date: str = ""

    @property
    def sent(self) -> bool:
        """Whether it was; else its target was dead by then."""
        return not self.error.startswith(NOT_SENT)

    def line(self) -> str:
        """As a line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=False) + "\n"


_NAMES = frozenset(one.name for one in fields(Record))


def read(file: Path) -> Iterator[Record]:
    """The records of a file.

    Raises
    ------
    OSError : it cannot be read.
    ValueError : a line is none; says which.
    """
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                found = json.loads(line)
                yield Record(**{name: value for name, value in found.items() if name in _NAMES})
            except (ValueError, TypeError, AttributeError) as error:
                raise ValueError(f"{file}, line {number}, is no record of a request: {error}") from None


def write(records: Iterable[Record], file: Path) -> None:
    """Write them, one a line."""
    with file.open("w", encoding="utf-8") as lines:
        lines.writelines(one.line() for one in records)
