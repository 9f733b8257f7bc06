"""Asking a Nominatim server for a place: seldom, not for long, and never twice for the same.

The format is `jsonv2` of https://nominatim.org/release-docs/latest/api/Output/; how often one may ask the public
server is told by https://operations.osmfoundation.org/policies/nominatim/.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from loopgenie import __version__
from loopgenie.geometry import LonLat
from loopgenie.outside import NoAnswer, get_json
from loopgenie.places import GeocoderSilent, Located
from loopgenie.store.names import search_key

#: How long an answer is used again (s), and how many are kept; "there is no such place" is an answer, too.
KEPT_S = 24 * 3600.0
KEPT = 1000

#: One who did not answer is left alone for so long (s).
REST_S = 15.0

#: Nominatim tells a place in about 500 bytes.
MAX_ANSWER = 64 * 1024

#: Parts of an answer that are shown are cut to so many characters.
_LONGEST = 200

#: Asks for an address and tells the JSON that came back; raises `NoAnswer`.
Ask = Callable[[str], Any]


class Nominatim:
    """A `Geocoder` at a URL.

    Parameters
    ----------
    url : the address of its search, e.g. http://HOST/search; parameters that it holds already are kept.
    timeout_s : how long one question may take, waiting for its turn included.
    interval_s : the time from one question to the next.
    ask, clock, sleep : how to reach the server, and the time in seconds; others for tests.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout_s: float = 2.0,
        interval_s: float = 1.0,
        ask: Ask | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._interval_s = interval_s
        self._ask = ask or self._over_http
        self._clock, self._sleep = clock, sleep
        self._next = -math.inf
        self._rest: tuple[float, str] = (-math.inf, "")
        self._kept: OrderedDict[str, tuple[float, Located | None]] = OrderedDict()
        self._lock = threading.Lock()
        self._turn = threading.Lock()

    def find(self, query: str) -> Located | None:
        """The place that the server likes best, None where it knows none; raises `GeocoderSilent`."""
        key = search_key(query) or query
        known = self._known(key)
        if known is not None:
            return known[1]
        began = self._clock()
        if not self._turn.acquire(timeout=self._timeout_s):
            raise GeocoderSilent("too many ask at once")
        try:
            return self._learn(key, query, began + self._timeout_s)
        finally:
            self._turn.release()

    def _learn(self, key: str, query: str, until: float) -> Located | None:
        known = self._known(key)  # somebody may have asked the same while this one waited
        if known is not None:
            return known[1]
        self._take_turn(until)
        try:
            found = _located(self._ask(_question(self._url, query)))
        except NoAnswer as why:
            self._rest = (self._clock() + REST_S, str(why))
            raise GeocoderSilent(str(why)) from None
        self._keep(key, found)
        return found

    def _take_turn(self, until: float) -> None:
        """Wait until the server may be asked again, and note that it is."""
        now = self._clock()
        if now < self._rest[0]:
            raise GeocoderSilent(self._rest[1])
        if self._next > until:
            raise GeocoderSilent("too many ask at once")
        if self._next > now:
            self._sleep(self._next - now)
        self._next = self._clock() + self._interval_s

    def _over_http(self, url: str) -> Any:
        headers = {"User-Agent": f"LoopGenie/{__version__}", "Accept": "application/json"}
        return get_json(url, headers=headers, timeout_s=self._timeout_s, max_bytes=MAX_ANSWER)

    def _known(self, key: str) -> tuple[float, Located | None] | None:
        with self._lock:
            kept = self._kept.get(key)
            return kept if kept is not None and self._clock() < kept[0] else None

    def _keep(self, key: str, found: Located | None) -> None:
        with self._lock:
            self._kept[key] = (self._clock() + KEPT_S, found)
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)


def _question(url: str, query: str) -> str:
    asked = urlencode({"q": query, "format": "jsonv2", "limit": 1}, errors="replace")
    return f"{url}{'&' if urlsplit(url).query else '?'}{asked}"


def _located(document: Any) -> Located | None:
    """The first place of an answer; raises `NoAnswer` where it makes no sense."""
    if document == []:
        return None
    try:
        place = document[0]
        lon, lat = float(place["lon"]), float(place["lat"])
        if not (abs(lon) <= 180 and abs(lat) <= 90):
            raise ValueError
        name, region = _names(place)
        credit = _text(place, "licence")
    except (LookupError, TypeError, ValueError, AttributeError):
        raise NoAnswer("what came makes no sense") from None
    return Located(LonLat(lon, lat), name, region, None, "geocoder", (), (credit,) if credit else ())


def _names(place: Mapping[str, Any]) -> tuple[str, str | None]:
    """The name of a place and where it lies, from an address such as "12, Pearl Street, Boulder, United States"."""
    parts = _text(place, "display_name").split(", ")
    name = _text(place, "name") or ", ".join(parts[:2])  # a house has a number and no name
    if not name:
        raise ValueError
    rest = parts[1:] if parts[0] == name else parts[2:] if name == ", ".join(parts[:2]) else parts
    return name, ", ".join(rest) or None


def _text(place: Mapping[str, Any], member: str) -> str:
    """A member that is shown: one line of text, not too long, without what cannot be printed."""
    value = place.get(member)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError
    text = "".join(c for c in " ".join(value.split()) if c.isprintable())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
