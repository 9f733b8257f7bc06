"""How far a comparison is: one bar on a terminal, else a line for each step."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from deploy.command import say


class Steps:
    """The steps of a run, with the seconds that each is expected to take.

    Parameters
    ----------
    expected_s : by name, in their order.
    show : told a line of text and which part of the whole is done, 0 to 1.
    """

    def __init__(self, expected_s: Mapping[str, float], show: Callable[[str, float], None]) -> None:
        self._expected_s, self._show = dict(expected_s), show
        self._whole_s = sum(self._expected_s.values()) or 1.0
        self._before_s = self._this_s = 0.0
        self._name = ""
        self._began = time.monotonic()

    @property
    def took_s(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self._began

    def begin(self, name: str) -> None:
        """The last step is done, this one begins; one that was not announced counts for nothing."""
        self._before_s += self._this_s
        self._this_s, self._name = self._expected_s.pop(name, 0.0), name
        self._show(name, self._before_s / self._whole_s)

    def part(self, done: int, of: int) -> None:
        """So much of this step is done."""
        if of:
            self._show(self._name, (self._before_s + self._this_s * min(done / of, 1.0)) / self._whole_s)


@contextmanager
def shown(expected_s: Mapping[str, float]) -> Iterator[Steps]:
    """Show a bar on stderr where that is a terminal, else a line when a step begins."""
    if not sys.stderr.isatty():
        last = [""]

        def tell(name: str, share: float) -> None:
            if name != last[0]:
                last[0] = name
                say(f"{100 * share:3.0f} %  {name}")

        yield Steps(expected_s, tell)
        return
    from tqdm import tqdm

    form = "{percentage:3.0f} % |{bar}| {desc} [{elapsed}]"
    with tqdm(total=1.0, file=sys.stderr, bar_format=form, leave=False) as bar:

        def draw(name: str, share: float) -> None:
            _draw(bar, name, share)

        yield Steps(expected_s, draw)


def _draw(bar: Any, name: str, share: float) -> None:
    bar.set_description_str(name, refresh=False)
    bar.update(share - bar.n)
    bar.refresh()
