"""How far a long job is: bars on a terminal, else lines on stdout, as stderr is for the one line of an error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

#: Told (what is being done, how much is done, of how much; 0 where that is unknown).
Progress = Callable[[str, int, int], None]


@contextmanager
def shown_progress() -> Iterator[Progress]:
    """A bar for each stage on a terminal, else one short line for each stage."""
    if sys.stderr.isatty():
        try:
            from tqdm import tqdm
        except ModuleNotFoundError:
            pass
        else:
            with _bars(tqdm) as show:
                yield show
            return
    told: set[str] = set()

    def tell(stage: str, _done: int, _total: int) -> None:
        if stage not in told:
            told.add(stage)
            sys.stdout.write(f"{stage}\n")
            sys.stdout.flush()

    yield tell


@contextmanager
def _bars(make: Callable[..., Any]) -> Iterator[Progress]:
    """One bar after the other; the last of them is wiped off at the end."""
    shown: list[Any] = []

    def close() -> None:
        while shown:
            shown.pop().close()

    def show(stage: str, done: int, total: int) -> None:
        if not shown or shown[-1].desc != f"{stage}: ":
            close()
            shown.append(make(desc=stage, total=total or None, leave=False, file=sys.stderr))
        shown[-1].update(done - shown[-1].n)

    try:
        yield show
    finally:
        close()
