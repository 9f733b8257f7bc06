"""Waiting until a LoopGenie answers, and asking it for a trip as a hiker would."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from deploy.command import Failed


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
            trip(url)
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


def trip(url: str) -> dict[str, Any]:
    """A loop of some 10 km near the first trailhead there is.

    Raises
    ------
    OSError : nobody answers, or not with a loop.
    ValueError : the answer is none of LoopGenie's, or the loop is not closed.
    """
    trailheads = _ask(f"{url}/v1/trailheads?bbox=-180,-90,180,90&limit=1").get("features")
    if not trailheads:
        raise ValueError(f"{url} knows no trailhead")
    start = trailheads[0]["geometry"]["coordinates"]
    wish = {"location": {"lon": start[0], "lat": start[1]}, "drive_km": 20, "hike_km": 10, "tolerance": 0.3}
    answer: dict[str, Any] = _ask(f"{url}/v1/trips", wish)
    line = answer["features"][0]["geometry"]["coordinates"]
    if line[0] != line[-1]:
        raise ValueError(f"{url} answered a trip with a line that is not closed")
    return answer


def _ask(url: str, body: object | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 - our own address
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return json.load(answer)


def _in_words(error: OSError | ValueError) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP {error.code} {error.read(300).decode('utf-8', 'replace')}".strip()
    return str(getattr(error, "reason", None) or error)
