"""How Valhalla and OSRM are asked for the drives from one place to many, and what their answers mean. No network here.

* Valhalla: `/sources_to_targets`, https://valhalla.github.io/valhalla/api/matrix/api-reference/
* OSRM: `/table/v1/driving`, https://project-osrm.org/docs/v5.24.0/api/#table-service
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote

from loopgenie.drive import Drive
from loopgenie.geometry import LonLat, distance_m

#: A trailhead farther than this from the nearest road that the engine knows is not reached by car: engines take any
#: place to their next road, were it beyond the mountain. The import joins car parks to ways within 250 m.
OFF_ROAD_M = 1_000.0
#: An origin may be a hut or a summit. Farther from any road, the engine has the map of another country.
ORIGIN_OFF_ROAD_M = 10_000.0


class Trouble(Exception):
    """An engine gives no drives; the text says why, in words for the one who asked."""


class Refused(Trouble):
    """The engine works, but not for this request."""


class OutOfOrder(Trouble):
    """The engine as a whole does not work; better leave it alone for a while."""


class Question(NamedTuple):
    """What to ask: the address below that of the engine, and the body if it is to be posted."""

    path: str
    body: bytes | None = None


class Matrix(Protocol):
    """The language of one kind of engine."""

    name: str

    def question(self, origin: LonLat, goals: Sequence[LonLat]) -> Question:
        """One call for the drives from an origin to all goals."""
        ...

    def drives(self, document: Any, origin: LonLat, goals: Sequence[LonLat]) -> list[Drive | None]:
        """The drives that an answer tells; raises `Refused`, or another error where it makes no sense."""
        ...

    def refusal(self, document: Mapping[str, Any], goals: Sequence[LonLat]) -> list[Drive | None]:
        """What a refusal says of the drives, if it does; raises `Refused` where it does not."""
        ...


class Valhalla:
    """Valhalla 3: JSON posted, kilometres and seconds back."""

    name = "Valhalla"
    #: Its own numbers of what can go wrong.
    _TOO_MANY, _TOO_FAR, _NO_PATH = 150, 154, 442
    _NO_ROADS = (170, 171)

    def question(self, origin: LonLat, goals: Sequence[LonLat]) -> Question:
        """All goals in one row."""
        asked = {"sources": [_lon_lat(origin)], "targets": [_lon_lat(goal) for goal in goals], "costing": "auto"}
        return Question("/sources_to_targets", json.dumps({**asked, "units": "kilometers"}).encode())

    def drives(self, document: Any, origin: LonLat, goals: Sequence[LonLat]) -> list[Drive | None]:
        """The first row of the matrix."""
        row = document["sources_to_targets"][0]
        _check_origin(origin, _placed(_flat(document["sources"])[0]))
        ends = [_placed(target) for target in _flat(document["targets"])]
        return [
            _drive(cell["distance"], 1000.0, cell["time"]) if _is_near(goal, end) else None
            for goal, cell, end in zip(goals, row, ends, strict=True)
        ]

    def refusal(self, document: Mapping[str, Any], goals: Sequence[LonLat]) -> list[Drive | None]:
        """That there is no path to any of the goals is an answer."""
        code = document.get("error_code")
        if code == self._NO_PATH:
            return [None] * len(goals)
        if code == self._TOO_MANY:
            raise Refused(
                f"the drive engine does not take {len(goals)} trailheads at once: "
                "raise service_limits.auto.max_matrix_location_pairs of Valhalla"
            )
        if code == self._TOO_FAR:
            raise Refused(
                "the drive engine does not look that far: raise service_limits.auto.max_matrix_distance of Valhalla"
            )
        raise Refused("the drive engine knows no road here" if code in self._NO_ROADS else _said_no(code))


class Osrm:
    """OSRM 5 and 6: an address asked, metres and seconds back."""

    name = "OSRM"
    _OPTIONS = "?sources=0&annotations=duration,distance&generate_hints=false"

    def question(self, origin: LonLat, goals: Sequence[LonLat]) -> Question:
        """Everything in the address; as a polyline, because servers and proxies limit its length."""
        line = quote(polyline([origin, *goals]), safe="")
        return Question(f"/table/v1/driving/polyline({line}){self._OPTIONS}")

    def drives(self, document: Any, origin: LonLat, goals: Sequence[LonLat]) -> list[Drive | None]:
        """The row of the origin, whose first column is the origin itself."""
        _check_origin(origin, _located(document["sources"][0]))
        lengths, times = document["distances"][0][1:], document["durations"][0][1:]
        ends = [_located(target) for target in document["destinations"][1:]]
        return [
            _drive(length, 1.0, time) if _is_near(goal, end) else None
            for goal, length, time, end in zip(goals, lengths, times, ends, strict=True)
        ]

    def refusal(self, document: Mapping[str, Any], goals: Sequence[LonLat]) -> list[Drive | None]:
        """Always one."""
        code = document.get("code")
        if code == "TooBig":
            raise Refused(
                f"the drive engine does not take {len(goals)} trailheads at once: raise --max-table-size of OSRM"
            )
        raise Refused("the drive engine knows no road here" if code == "NoSegment" else _said_no(code))


VALHALLA, OSRM = Valhalla(), Osrm()


def kind_of(status: object) -> Matrix | None:
    """Who answered `/status`: Valhalla knows it, OSRM says that it is no service of its own; None: somebody else."""
    if isinstance(status, Mapping):
        if status.keys() & {"tileset_last_modified", "available_actions", "error_code"}:
            return VALHALLA
        if status.get("code") in ("InvalidUrl", "InvalidService", "InvalidVersion", "InvalidQuery"):
            return OSRM
    return None


def polyline(places: Sequence[LonLat]) -> str:
    """Places as text, to 5 decimals.

    Encoded Polyline Algorithm Format, https://developers.google.com/maps/documentation/utilities/polylinealgorithm
    """
    text, last = [], (0, 0)
    for place in places:
        here = round(place.lat * 1e5), round(place.lon * 1e5)
        text += [digit for now, before in zip(here, last, strict=True) for digit in _digits(now - before)]
        last = here
    return "".join(text)


def _digits(number: int) -> Iterator[str]:
    rest = ~(number << 1) if number < 0 else number << 1
    while rest >= 32:
        yield chr((32 | rest & 31) + 63)
        rest >>= 5
    yield chr(rest + 63)


def _lon_lat(place: LonLat) -> dict[str, float]:
    return {"lon": round(place.lon, 6), "lat": round(place.lat, 6)}


def _flat(places: Sequence[Any]) -> Sequence[Any]:
    """Places of a matrix; up to 3.4 Valhalla puts them one list deeper, and repeats them as they were asked for."""
    return places[0] if isinstance(places[0], list) else places


def _placed(place: Mapping[str, float]) -> LonLat:
    """Where Valhalla put a place on the road."""
    return LonLat(_number(place["lon"], -180.0), _number(place["lat"], -90.0))


def _located(place: Mapping[str, Sequence[float]]) -> LonLat:
    """Where OSRM put a place on the road."""
    lon, lat = place["location"]
    return LonLat(_number(lon, -180.0), _number(lat, -90.0))


def _check_origin(origin: LonLat, on_road: LonLat) -> None:
    if distance_m(origin, on_road) > ORIGIN_OFF_ROAD_M:
        raise Refused("the drive engine knows no road here")


def _is_near(goal: LonLat, on_road: LonLat) -> bool:
    return distance_m(goal, on_road) <= OFF_ROAD_M


def _drive(length: object, unit_m: float, time_s: object) -> Drive | None:
    if length is None or time_s is None:
        return None
    return Drive(_number(length) * unit_m, _number(time_s))


def _number(value: object, least: float = 0.0) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value < math.inf:
        raise ValueError(f"is {value!r:.40}, want a number from {least:g} on")
    return float(value)


def _said_no(code: object) -> str:
    return f"the drive engine refused the request with {str(code)[:40]!r}" if code else "the drive engine refused"
