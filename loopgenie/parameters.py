"""The request: the one model that checks it, and what it means in metres. Miles live here and nowhere else inside."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema
from pydantic.fields import FieldInfo

from loopgenie.errors import InvalidParameters
from loopgenie.geometry import COMPASS, LonLat
from loopgenie.trek_parameters import (
    CAMPS,
    DAY_TOLERANCE,
    DEFAULT_CAMPS,
    DEFAULT_DAY_KM,
    DEFAULT_DETOUR_M,
    MAX_DAY_HOURS,
    MAX_DAY_KM,
    MAX_DAYS,
    MAX_DETOUR_M,
    MAX_REST_DAYS,
    MIN_DAY_HOURS,
    MIN_DAY_KM,
    MIN_DAY_SHARE,
    TrekParameters,
    checked_window,
    window_schema,
)
from loopgenie.ways import SAC_SCALE

METRES_PER_MILE = 1609.344
#: Where the length of a whole trek is asked for, its days may be shorter and longer than the mean by this share.
SPREAD = 0.3

MIN_HIKE_KM = 0.5
MAX_HIKE_KM = 500.0
MAX_DRIVE_KM = 500.0
MAX_DRIVE_MINUTES = 600.0
DEFAULT_DRIVE_KM = 50.0
MAX_ALTERNATIVES = 5
MAX_TOLERANCE = 0.5
MIN_TIME_LIMIT_S = 0.05
MAX_TIME_LIMIT_S = 10.0
MAX_VIA = 10
MAX_NAME = 200
#: Seeds stay exact in every JSON reader, which keep integers up to 2^53.
MAX_SEED = 2**53 - 1

_MILES_PER_KM = 1000 / METRES_PER_MILE


@dataclass(frozen=True)
class TripParameters:
    """What a hiker asks for, in metres, seconds and degrees.

    Exactly one of `drive_m`, `drive_s` is set; `drive_m == 0` means "start here".
    `location` is a place name or a position. `max_difficulty` is 1..6 on the SAC scale. `heading_deg` is the direction
    in which the loop should rather lie: 0 (north) to below 360. `date` is the first day; None: any time of the year.
    `trek` is what is asked of loops of several days, None for those of one day.
    """

    location: str | LonLat
    hike_m: float
    drive_m: float | None = 50_000.0
    drive_s: float | None = None
    tolerance: float = 0.1
    alternatives: int = 1
    seed: int = 0
    time_limit_s: float = 1.0
    max_ascent_m: float | None = None
    max_road_share: float | None = None
    max_repeat_share: float | None = None
    max_difficulty: int | None = None
    via: tuple[LonLat, ...] = ()
    heading_deg: float | None = None
    informal: bool = False
    prove: bool = False
    date: date | None = None
    trek: TrekParameters | None = None

    @property
    def start_here(self) -> bool:
        """Whether the loop has to start at the location itself."""
        return self.drive_m == 0

    @property
    def min_length_m(self) -> float:
        """Shortest loop that is fine."""
        if self.trek is not None and not self.trek.whole:
            return sum(window.min_m for window in self.trek.windows())
        return self.hike_m * (1 - self.tolerance)

    @property
    def max_length_m(self) -> float:
        """Longest loop that is fine."""
        if self.trek is not None and not self.trek.whole:
            return sum(window.max_m for window in self.trek.windows())
        return self.hike_m * (1 + self.tolerance)


# --- positions, grades and headings: the values that are more than a number ---------------------------------------

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?"
_LAT_LON = re.compile(rf"\s*({_NUMBER})\s*,\s*({_NUMBER})\s*", re.ASCII)
_LOCATION = 'a place name, "lat,lon" (latitude first) or {"lat": …, "lon": …}'
_HEADINGS = {"".join(part[0] for part in name.split("-")): 45 * i for i, name in enumerate(COMPASS)}
_HEADING = f"{', '.join(_HEADINGS)} or degrees from 0 to 360"
_GRADE = f"1 to 6, T1 to T6 or one of {', '.join(SAC_SCALE)}"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _position(lon: object, lat: object) -> LonLat:
    for name, value, limit in (("lat", lat, 90), ("lon", lon, 180)):
        if not _is_number(value) or not -limit <= value <= limit:  # type: ignore[operator]
            raise ValueError(f"{name} is {_shown(value)}, want degrees from -{limit} to {limit}")
    return LonLat(float(lon), float(lat))  # type: ignore[arg-type]


def _checked_location(value: object) -> str | LonLat:
    if isinstance(value, LonLat):
        return _position(*value)
    if isinstance(value, Mapping):
        if set(value) != {"lat", "lon"}:
            raise ValueError(f"is {_shown(value)}, want {_LOCATION}")
        return _position(value["lon"], value["lat"])
    if not isinstance(value, str):
        raise ValueError(f"is {_shown(value)}, want {_LOCATION}")
    if match := _LAT_LON.fullmatch(value):
        return _position(float(match[2]), float(match[1]))
    return _checked_name(value)


def _checked_name(value: str) -> str:
    name = " ".join(value.split())
    if not name:
        raise ValueError(f"is empty, want {_LOCATION}")
    if len(name) > MAX_NAME:
        raise ValueError(f"has {len(name)} characters, want at most {MAX_NAME}")
    if not name.isprintable():
        raise ValueError(f"is {_shown(value)}, want a name of printable characters")
    return name


def _checked_via(value: object) -> LonLat:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ValueError(f"is {_shown(value)}, want [lon, lat]")
    return _position(*value)


def _grade(value: object) -> object:
    if isinstance(value, str):
        word = value.strip().lower()
        return SAC_SCALE.get(word, int(word[1:]) if re.fullmatch("t[1-6]", word) else value)
    return _whole(value)


def _heading(value: object) -> object:
    if isinstance(value, str):
        return _HEADINGS.get(value.strip().lower(), value)
    return 0 if _is_number(value) and value == 360 else value


def _date(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return value
    return value


def _whole(value: object) -> object:
    """3.0 is the same number as 3 in JSON."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


_DEGREES = {lim: {"type": "number", "minimum": -lim, "maximum": lim} for lim in (90, 180)}
_LOCATION_SCHEMA = {
    "anyOf": [
        {"type": "string", "minLength": 1, "maxLength": MAX_NAME},
        {
            "type": "object",
            "properties": {"lat": _DEGREES[90], "lon": _DEGREES[180]},
            "required": ["lat", "lon"],
            "additionalProperties": False,
        },
    ]
}
_VIA_SCHEMA = {
    "type": "array",
    "prefixItems": [_DEGREES[180], _DEGREES[90]],
    "items": _DEGREES[180],
    "minItems": 2,
    "maxItems": 2,
}
_GRADE_SCHEMA = {
    "anyOf": [
        {"type": "integer", "minimum": 1, "maximum": 6},
        {"type": "string", "enum": [*(f"T{g}" for g in range(1, 7)), *SAC_SCALE]},
    ]
}
_HEADING_SCHEMA = {
    "anyOf": [{"type": "number", "minimum": 0, "maximum": 360}, {"type": "string", "enum": [*_HEADINGS]}]
}

Location = Annotated[Any, AfterValidator(_checked_location), WithJsonSchema(_LOCATION_SCHEMA)]
Via = Annotated[Any, AfterValidator(_checked_via), WithJsonSchema(_VIA_SCHEMA)]
Grade = Annotated[int, Field(ge=1, le=6), BeforeValidator(_grade), WithJsonSchema(_GRADE_SCHEMA)]
Heading = Annotated[float, Field(ge=0, le=360), BeforeValidator(_heading), WithJsonSchema(_HEADING_SCHEMA)]
Whole = Annotated[int, BeforeValidator(_whole)]
IsoDate = Annotated[date, BeforeValidator(_date), WithJsonSchema({"type": "string", "format": "date"})]


_DAY_KM = (MIN_DAY_KM, MAX_DAY_KM)
_DAY_MILES = (MIN_DAY_KM * _MILES_PER_KM, MAX_DAY_KM * _MILES_PER_KM)
_DAY_HOURS = (MIN_DAY_HOURS, MAX_DAY_HOURS)
DayKm = Annotated[Any, AfterValidator(partial(checked_window, within=_DAY_KM)), WithJsonSchema(window_schema(_DAY_KM))]
DayMiles = Annotated[
    Any, AfterValidator(partial(checked_window, within=_DAY_MILES)), WithJsonSchema(window_schema(_DAY_MILES))
]
DayHours = Annotated[
    Any, AfterValidator(partial(checked_window, within=_DAY_HOURS)), WithJsonSchema(window_schema(_DAY_HOURS))
]


# --- the model ----------------------------------------------------------------------------------------------------


def _one_of(*names: str) -> list[dict[str, object]]:
    return [{"required": [n], "properties": {n: {"type": "number"}}} for n in names]


def _two_of(*names: str) -> dict[str, Any]:
    given = [{"required": [name], "properties": {name: {"not": {"type": "null"}}}} for name in names]
    return {"anyOf": [{"allOf": [a, b]} for i, a in enumerate(given) for b in given[i + 1 :]]}


_HIKES = ("hike_km", "hike_miles")
_DAY_WINDOWS = ("day_km", "day_miles", "day_hours")
_DRIVES = ("drive_km", "drive_miles", "drive_minutes")
_DAYS = ("days", "nights")
_DRY = ("max_dry_km", "max_dry_miles")
#: What is only asked of loops of several days.
_OF_TREKS = (
    *(*_DAY_WINDOWS, "max_day_ascent_m", "camps", "max_camp_detour_m", "rest_days", "first_day", "last_day"),
    *_DRY,
)
_ONE_DAY = {
    "properties": {"days": {"enum": [None, 1]}, "nights": {"enum": [None, 0]}}
    | {name: {"type": "null"} for name in _OF_TREKS},
    "oneOf": _one_of(*_HIKES),
}
_SEVERAL_DAYS = {
    "anyOf": [
        {
            "required": [name],
            "properties": {name: {"type": "integer", "minimum": least + rest}, "rest_days": {"enum": rests}},
        }
        for name, least in (("days", 2), ("nights", 1))
        for rest, rests in ((0, [None, 0]), *((n, [n]) for n in range(1, MAX_REST_DAYS + 1)))
    ],
    "not": _two_of(*_HIKES, *_DAY_WINDOWS),
}
_RULES: dict[str, Any] = {
    "anyOf": [_ONE_DAY, _SEVERAL_DAYS],
    "not": {"anyOf": [_two_of(*names) for names in (_DRIVES, _DAYS, _DRY)]},
    "examples": [
        {"location": "Ordino", "drive_km": 30, "hike_km": 15, "alternatives": 3},
        {"location": "Ordino", "drive_km": 30, "days": 3, "day_km": [10, 18], "date": "2026-07-04"},
    ],
}


class TripRequest(BaseModel):
    """A request for loops: where from, how far to drive, how far to walk.

    Give exactly one of `hike_km`, `hike_miles` and at most one of `drive_km`, `drive_miles`, `drive_minutes`.
    With several days (`days` or `nights`) give at most one of `hike_km`, `hike_miles` (for the whole trip), `day_km`,
    `day_miles` and `day_hours` (for each day).
    """

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, allow_inf_nan=False, json_schema_extra=_RULES
    )  # fmt: skip

    location: Location = Field(
        description='Where you are: a place name, "lat,lon" in degrees (latitude first) or an object of both.',
        examples=["Ordino", "42.55,1.53", {"lat": 42.55, "lon": 1.53}],
    )
    hike_km: float | None = Field(
        None, ge=MIN_HIKE_KM, le=MAX_HIKE_KM, description="How far to walk, in kilometres.", examples=[15]
    )
    hike_miles: float | None = Field(
        None,
        ge=MIN_HIKE_KM * _MILES_PER_KM,
        le=MAX_HIKE_KM * _MILES_PER_KM,
        description="How far to walk, in miles.",
        examples=[10],
    )
    drive_km: float | None = Field(
        None,
        ge=0,
        le=MAX_DRIVE_KM,
        description="How far to drive at most, in kilometres; 0 starts the walk right here. "
        f"Without any drive limit it is {DEFAULT_DRIVE_KM:g} km.",
        examples=[30],
    )
    drive_miles: float | None = Field(
        None,
        ge=0,
        le=MAX_DRIVE_KM * _MILES_PER_KM,
        description="How far to drive at most, in miles; 0 starts the walk right here.",
        examples=[20],
    )
    drive_minutes: float | None = Field(
        None,
        ge=0,
        le=MAX_DRIVE_MINUTES,
        description="How long to drive at most, in minutes; 0 starts the walk right here.",
        examples=[45],
    )
    tolerance: float = Field(
        0.1,
        ge=0,
        le=MAX_TOLERANCE,
        description="How much shorter or longer the loop may be, as a share of the distance to walk.",
        examples=[0.1],
    )
    alternatives: Whole = Field(
        1, ge=1, le=MAX_ALTERNATIVES, description="How many different loops to answer with, at most.", examples=[3]
    )
    seed: Whole = Field(
        0, ge=0, le=MAX_SEED, description="Another number may find other loops that are as good.", examples=[0]
    )
    time_limit_s: float = Field(
        1.0, ge=MIN_TIME_LIMIT_S, le=MAX_TIME_LIMIT_S, description="How long to search, in seconds.", examples=[1.0]
    )
    max_ascent_m: float | None = Field(
        None, ge=0, le=100_000, description="How much to climb at most, in metres.", examples=[800]
    )
    max_road_share: float | None = Field(
        None, ge=0, le=1, description="The largest share of the loop that may be road.", examples=[0.2]
    )
    max_repeat_share: float | None = Field(
        None, ge=0, le=1, description="The largest share of the loop that may be walked a second time.", examples=[0.1]
    )
    max_difficulty: Grade | None = Field(
        None,
        description="The hardest way to take, on the Swiss Alpine Club hiking scale: 1 to 6, T1 to T6, or "
        "OpenStreetMap's word for it.",
        examples=["T3"],
    )
    via: list[Via] = Field(
        default_factory=list,
        max_length=MAX_VIA,
        description="Places the loop has to pass: [lon, lat] in degrees each, in any order.",
        examples=[[[1.53, 42.55]]],
    )
    heading: Heading | None = Field(
        None,
        description="Where the loop should rather lie, as seen from the location: a compass point or degrees, 0 being "
        "north and 90 east. A preference, not a limit.",
        examples=["ne"],
    )
    informal: bool = Field(
        False,
        description="Take informal trails, and trails that can hardly be seen, too: paths that nobody keeps up.",
        examples=[False],
    )
    prove: bool = Field(
        False, description="Spend part of the time on proving how good the answer is.", examples=[False]
    )

    date: IsoDate | None = Field(
        None,
        description="The first day of the trip: what is closed then is not walked. Without it only what is open all "
        "year is.",
        examples=["2026-07-04"],
    )
    days: Whole | None = Field(
        None, ge=1, le=MAX_DAYS, description="How many days the trip takes, rest days included.", examples=[3]
    )
    nights: Whole | None = Field(
        None, ge=0, le=MAX_DAYS - 1, description="The same told by nights: one less than days.", examples=[2]
    )
    day_km: DayKm | None = Field(
        None,
        description='How far to walk on each day, in kilometres: [from, to], "from-to", or a number, which is met '
        f"within {DAY_TOLERANCE:.0%}. On the first and last day half of `from` is enough. "
        f"Without any limit on days or hike it is [{DEFAULT_DAY_KM[0]:g}, {DEFAULT_DAY_KM[1]:g}].",
        examples=[[12, 20], "12-20", 16],
    )
    day_miles: DayMiles | None = Field(
        None, description="How far to walk on each day, in miles; as `day_km`.", examples=[[7, 12]]
    )
    day_hours: DayHours | None = Field(
        None, description="How long to walk on each day, in hours without rests; as `day_km`.", examples=[[5, 7]]
    )
    max_day_ascent_m: float | None = Field(
        None, ge=0, le=10_000, description="How much to climb on a day at most, in metres.", examples=[900]
    )
    camps: Literal[*CAMPS] | None = Field(  # type: ignore[valid-type]
        None,
        description='Where to spend nights: "designated" campsites only; "huts": in huts and shelters, too; '
        f'"dispersed": and wherever the operator\'s notices allow a tent. Default "{DEFAULT_CAMPS}".',
        examples=["huts"],
    )
    max_camp_detour_m: float | None = Field(
        None,
        ge=0,
        le=MAX_DETOUR_M,
        description="How far a camp may lie off the trails, in metres as the crow flies; the way there and back counts "
        f"in the length of both days. Default {DEFAULT_DETOUR_M:g}.",
        examples=[300],
    )
    rest_days: Whole | None = Field(
        None,
        ge=0,
        le=MAX_REST_DAYS,
        description="How many of the days are spent at a camp without walking, evenly spread.",
        examples=[1],
    )
    first_day: float | None = Field(
        None,
        ge=MIN_DAY_SHARE,
        le=1,
        description="The share of a full day that is left on the first one.",
        examples=[0.5],
    )
    last_day: float | None = Field(
        None, ge=MIN_DAY_SHARE, le=1, description="The share of a full day that the last one has.", examples=[0.5]
    )
    max_dry_km: float | None = Field(
        None,
        ge=0.5,
        le=100,
        description="The longest way between two places to fill bottles, in kilometres, nights included. Bottles are "
        "full at the start.",
        examples=[12],
    )
    max_dry_miles: float | None = Field(
        None,
        ge=0.5 * _MILES_PER_KM,
        le=100 * _MILES_PER_KM,
        description="The same in miles.",
        examples=[8],
    )

    def parameters(self) -> TripParameters:
        """The request in metres and seconds."""
        drive_m, drive_s = self._drive()
        trek = self._trek()
        return TripParameters(
            location=self.location,
            hike_m=sum(window.middle_m for window in trek.windows()) if trek and not trek.whole else self._hike_m(),
            drive_m=drive_m,
            drive_s=drive_s,
            via=tuple(self.via),
            heading_deg=self.heading,
            date=self.date,
            trek=trek,
            **{name: getattr(self, name) for name in _AS_THEY_ARE},
        )

    def _hike_m(self) -> float:
        return self.hike_km * 1000 if self.hike_km is not None else (self.hike_miles or 0) * METRES_PER_MILE

    @property
    def day_count(self) -> int:
        """How many days the trip takes."""
        return self.nights + 1 if self.nights is not None else self.days or 1

    def _trek(self) -> TrekParameters | None:
        if self.day_count == 1:
            return None
        dry_m = self.max_dry_km * 1000 if self.max_dry_km is not None else None
        if self.max_dry_miles is not None:
            dry_m = self.max_dry_miles * METRES_PER_MILE
        given = {
            "camps": self.camps,
            "max_camp_detour_m": self.max_camp_detour_m,
            "first_day": self.first_day,
            "last_day": self.last_day,
        }
        walking = self.day_count - (self.rest_days or 0)
        metres, seconds = self._day_windows(walking)
        return TrekParameters(
            self.day_count,
            rest_days=self.rest_days or 0,
            day_m=metres,
            day_s=seconds,
            whole=self.hike_km is not None or self.hike_miles is not None,
            max_ascent_m=self.max_day_ascent_m,
            max_dry_m=dry_m,
            **{name: value for name, value in given.items() if value is not None},  # type: ignore[arg-type]
        )

    def _day_windows(self, walking: int) -> tuple[tuple[float, float] | None, tuple[float, float] | None]:
        """What each day has to be like, in metres or in seconds."""
        if self.day_hours is not None:
            return None, (self.day_hours[0] * 3600, self.day_hours[1] * 3600)
        if self.day_miles is not None:
            return (self.day_miles[0] * METRES_PER_MILE, self.day_miles[1] * METRES_PER_MILE), None
        if hike_m := self._hike_m():
            return (hike_m / walking * (1 - SPREAD), hike_m / walking * (1 + SPREAD)), None
        low, high = self.day_km or DEFAULT_DAY_KM
        return (low * 1000, high * 1000), None

    def _drive(self) -> tuple[float | None, float | None]:
        if self.drive_minutes:
            return None, self.drive_minutes * 60
        if self.drive_minutes == 0:
            return 0.0, None
        if self.drive_miles is not None:
            return self.drive_miles * METRES_PER_MILE, None
        return (DEFAULT_DRIVE_KM if self.drive_km is None else self.drive_km) * 1000.0, None

    def canonical(self) -> str:
        """The request as compact JSON: only what differs from the defaults, always in the same order."""
        values = {
            name: _plain(getattr(self, name))
            for name, field in type(self).model_fields.items()
            if getattr(self, name) != field.get_default(call_default_factory=True)
        }
        if values.get("drive_km") == DEFAULT_DRIVE_KM:
            del values["drive_km"]
        return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


_AS_THEY_ARE = (
    "tolerance",
    "alternatives",
    "seed",
    "time_limit_s",
    "max_ascent_m",
    "max_road_share",
    "max_repeat_share",
    "max_difficulty",
    "informal",
    "prove",
)


def _plain(value: Any) -> Any:
    """A value as JSON holds it, each in one way only: 15 for 15.0, 0 for -0.0."""
    if isinstance(value, LonLat):
        return {"lat": _plain(value.lat), "lon": _plain(value.lon)}
    if isinstance(value, list):
        return [[_plain(p.lon), _plain(p.lat)] for p in value]
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return value.isoformat() if isinstance(value, date) else _whole(value)


# --- the door -----------------------------------------------------------------------------------------------------


def trip_request(mapping: Mapping[str, object]) -> TripRequest:
    """Check a request.

    Raises
    ------
    InvalidParameters : with one sentence for each field: the value, and what would be right.
    """
    if not isinstance(mapping, Mapping):
        raise InvalidParameters({"body": f"is {_shown(mapping)}, want an object with location and hike_km"})
    wrong = _unknown(mapping) | _ambiguous(mapping)
    known = {name: value for name, value in mapping.items() if name in TripRequest.model_fields}
    try:
        request = TripRequest.model_validate(known)
    except ValidationError as error:
        raise InvalidParameters(_sentences(error) | wrong) from None
    if request.day_count > 1 and request.rest_days and request.rest_days > request.day_count - 2:
        wrong["rest_days"] = (
            f"is {request.rest_days}, want at most {request.day_count - 2} of {request.day_count} days: "
            "on the first and the last one walks"
        )
    if request.date is not None and (date.max - request.date).days < request.day_count:
        wrong["date"] = f'is "{request.date.isoformat()}", want one before the end of the calendar'
    if wrong:
        raise InvalidParameters(wrong)
    return request


def trip_parameters(mapping: Mapping[str, object]) -> TripParameters:
    """Check a request and put it in metres and seconds.

    Raises
    ------
    InvalidParameters : with one sentence for each field: the value, and what would be right.
    """
    return trip_request(mapping).parameters()


def _unknown(mapping: Mapping[str, object]) -> dict[str, str]:
    names = [n for n in mapping if n not in TripRequest.model_fields]
    return {_shown_name(n): f"is no parameter{_meant(n)}" for n in names[:20]}


def _meant(name: object) -> str:
    near = get_close_matches(name, TripRequest.model_fields, n=1) if isinstance(name, str) and len(name) < 50 else []
    return f", did you mean {near[0]}?" if near else f"; the parameters are {', '.join(TripRequest.model_fields)}"


def _ambiguous(mapping: Mapping[str, object]) -> dict[str, str]:
    wrong = {}
    several = _is_several(mapping)
    if not several:
        if not any(mapping.get(n) is not None for n in _HIKES):
            wrong["hike_km"] = "is missing, want exactly one of hike_km and hike_miles"
        for name in _OF_TREKS:
            if mapping.get(name) is not None:
                wrong[name] = f"is {_shown(mapping[name])}, but is only for trips of several days; want days, too"
    for choices in ((*_HIKES, *_DAY_WINDOWS) if several else _HIKES, _DRIVES, _DAYS, _DRY):
        given = [n for n in choices if mapping.get(n) is not None]
        if len(given) > 1:
            wrong[given[-1]] = f"is one too many beside {' and '.join(given[:-1])}, want one of {', '.join(choices)}"
    return wrong


def _is_several(mapping: Mapping[str, object]) -> bool:
    """Whether a trip of several days is asked for, as far as can be told before values are checked."""
    days, nights = mapping.get("days"), mapping.get("nights")
    return (_is_number(days) and days > 1) or (_is_number(nights) and nights > 0)  # type: ignore[operator]


def _sentences(error: ValidationError) -> dict[str, str]:
    """One sentence for each field that is wrong (of `via`, for each of its positions)."""
    sentences: dict[str, str] = {}
    for one in error.errors(include_url=False):
        name, *rest = one["loc"]
        place = f"{name}[{rest[0]}]" if rest and name == "via" else str(name)
        sentences.setdefault(place, _sentence(str(name), one["type"], one.get("input"), one.get("ctx", {})))
    return sentences


def _sentence(name: str, kind: str, value: object, context: Mapping[str, object]) -> str:
    if kind == "missing":
        return f"is missing, want {_LOCATION}"
    if kind == "value_error":
        return str(context["error"])
    if kind == "too_long":
        return f"has {context['actual_length']} positions, want at most {MAX_VIA}"
    return f"is {_shown(value)}, want {_wanted(name, TripRequest.model_fields[name])}"


def _wanted(name: str, field: FieldInfo) -> str:
    if name == "max_difficulty":
        return _GRADE
    if name == "via":
        return "a list of [lon, lat]"
    if name == "heading":
        return _HEADING
    if name in ("prove", "informal"):
        return "true or false"
    if name == "camps":
        return f"one of {', '.join(CAMPS)}"
    if name == "date":
        return "a date as YYYY-MM-DD"
    low, high = (next(getattr(m, side) for m in field.metadata if hasattr(m, side)) for side in ("ge", "le"))
    kind = "a whole number" if name in ("alternatives", "seed", "days", "nights", "rest_days") else "a number"
    return f"{kind} from {_rounded(low, math.ceil)} to {_rounded(high, math.floor)}"


def _rounded(limit: float, towards: Any) -> str:
    """A limit with at most four digits behind the point, inside the limit: 310.6855 for 310.68559…"""
    return f"{limit}" if isinstance(limit, int) else f"{towards(limit * 10_000) / 10_000:.10g}"


def _shown(value: object) -> str:
    """A value as it stands in JSON, short enough for a sentence."""
    try:
        text = json.dumps(value, ensure_ascii=True)
    except (TypeError, ValueError, RecursionError):
        text = f"of type {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:57]}…"


def _shown_name(name: object) -> str:
    text = name if isinstance(name, str) and name.isprintable() and name else _shown(name)
    return text if len(text) <= 60 else f"{text[:57]}…"
