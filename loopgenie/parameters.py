"""The request: the one model that checks it, and what it means in metres. Miles live here and nowhere else inside."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema
from pydantic.fields import FieldInfo

from loopgenie.errors import InvalidParameters
from loopgenie.geometry import COMPASS, LonLat
from loopgenie.ways import SAC_SCALE

METRES_PER_MILE = 1609.344

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
    in which the loop should rather lie: 0 (north) to below 360.
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

    @property
    def start_here(self) -> bool:
        """Whether the loop has to start at the location itself."""
        return self.drive_m == 0

    @property
    def min_length_m(self) -> float:
        """Shortest loop that is fine."""
        return self.hike_m * (1 - self.tolerance)

    @property
    def max_length_m(self) -> float:
        """Longest loop that is fine."""
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


# --- the model ----------------------------------------------------------------------------------------------------


def _one_of(*names: str) -> list[dict[str, object]]:
    return [{"required": [n], "properties": {n: {"type": "number"}}} for n in names]


_HIKES = ("hike_km", "hike_miles")
_DRIVES = ("drive_km", "drive_miles", "drive_minutes")
_RULES: dict[str, Any] = {
    "oneOf": _one_of(*_HIKES),
    "not": {
        "anyOf": [
            {"allOf": _one_of(a, b)} for i, a in enumerate(_DRIVES) for b in _DRIVES[i + 1 :]
        ]
    },
    "examples": [{"location": "Ordino", "drive_km": 30, "hike_km": 15, "alternatives": 3}],
}  # fmt: skip


class TripRequest(BaseModel):
    """A request for loops: where from, how far to drive, how far to walk.

    Give exactly one of `hike_km`, `hike_miles` and at most one of `drive_km`, `drive_miles`, `drive_minutes`.
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

    def parameters(self) -> TripParameters:
        """The request in metres and seconds."""
        drive_m, drive_s = self._drive()
        return TripParameters(
            location=self.location,
            hike_m=self.hike_km * 1000 if self.hike_km is not None else (self.hike_miles or 0) * METRES_PER_MILE,
            drive_m=drive_m,
            drive_s=drive_s,
            via=tuple(self.via),
            heading_deg=self.heading,
            **{name: getattr(self, name) for name in _AS_THEY_ARE},
        )

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
    return _whole(value)


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
    hikes = [n for n in _HIKES if mapping.get(n) is not None]
    drives = [n for n in _DRIVES if mapping.get(n) is not None]
    wrong = {}
    if not hikes:
        wrong["hike_km"] = "is missing, want exactly one of hike_km and hike_miles"
    for given, choices in ((hikes, _HIKES), (drives, _DRIVES)):
        if len(given) > 1:
            wrong[given[-1]] = f"is one too many beside {' and '.join(given[:-1])}, want one of {', '.join(choices)}"
    return wrong


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
    low, high = (next(getattr(m, side) for m in field.metadata if hasattr(m, side)) for side in ("ge", "le"))
    kind = "a whole number" if name in ("alternatives", "seed") else "a number"
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
