"""A trip, as a hiker would ask for one: whether a LoopGenie really works.

Needs nothing but Python, so that a machine can ask itself: `python first_trip.py http://127.0.0.1:8000`.
"""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
from typing import Any


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


def check(url: str) -> None:
    """Ask for that trip; that there is no such loop in these trails, told in LoopGenie's own words, is an answer, too.

    Raises
    ------
    OSError, ValueError : as `trip`.
    """
    try:
        trip(url)
    except urllib.error.HTTPError as error:
        if error.code != 409:
            raise


def alive(url: str) -> None:
    """Ask whether the process runs, trails or none; raises as `trip` does."""
    _ask(f"{url}/healthz")


def _ask(url: str, body: object | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 - our own address
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return json.load(answer)


if __name__ == "__main__":
    try:
        check(sys.argv[1])
    except (OSError, ValueError) as error:
        raise SystemExit(f"{sys.argv[1]} gives no trip: {error}") from None
