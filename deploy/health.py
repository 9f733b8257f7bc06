"""Waiting until a LoopGenie answers, and asking it for a trip as a hiker would."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Callable

from deploy.command import Failed
from deploy.first_trip import check, trip

__all__ = ["trip", "wait_until_ready"]


def wait_until_ready(url: str, *, timeout_s: float, say: Callable[[str], None]) -> float:
    """Ask until /readyz answers 200 and a trip is found; returns the seconds it took.

    Raises
    ------
    Failed : it does not in time; says what it answered last.
    """
    began, last, said = time.monotonic(), "nothing", 0.0
    while True:
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=10) as answer:  # noqa: S310 - our own address
                answer.read()
            check(url)
            return time.monotonic() - began
        except (OSError, ValueError) as error:
            last = _in_words(error)
        passed = time.monotonic() - began
        if passed > timeout_s:
            raise Failed(f"{url} does not answer after {passed:.0f} s, last: {last}")
        if passed > said + 30:
            said = passed
            say(f"waiting for {url}: {last}")
        time.sleep(2)


def _in_words(error: OSError | ValueError) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP {error.code} {error.read(300).decode('utf-8', 'replace')}".strip()
    return str(getattr(error, "reason", None) or error)
