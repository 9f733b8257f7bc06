"""The API described: response models, and the OpenAPI 3.1 document made from them and the request model."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import models_json_schema

from loopgenie import __version__
from loopgenie.listings import LEFT_OUT, MAX_COARSENESS_M, PLACES, SEGMENTS, TRAILHEADS
from loopgenie.parameters import MAX_NAME, TripRequest

# --- what answers look like ---------------------------------------------------------------------------------------

Lon = Annotated[float, Field(ge=-180, le=180)]
Lat = Annotated[float, Field(ge=-90, le=90)]
Share = Annotated[float, Field(ge=0, le=1)]
Metres = Annotated[float, Field(ge=0)]
Bounds = tuple[Lon, Lat, Lon, Lat]


class Document(BaseModel):
    """Base of all that is answered: nothing in it that is not described."""

    model_config = ConfigDict(extra="forbid")


class DataNote(Document):
    """Which data an answer was made from, and whom to name when showing it."""

    snapshot: str = Field(description="Changes with every import, and only then.")
    regions: list[str]
    attribution: list[str] = Field(description="Lines that have to be shown with the data.")
    synthetic: bool = Field(description="Whether any of the regions is made up.")


class LineGeometry(Document):
    """A GeoJSON LineString; positions are [lon, lat] or [lon, lat, elevation in metres]."""

    type: Literal["LineString"]
    coordinates: list[Annotated[list[float], Field(min_length=2, max_length=3)]]


class PointGeometry(Document):
    """A GeoJSON Point: [lon, lat]."""

    type: Literal["Point"]
    coordinates: Annotated[list[float], Field(min_length=2, max_length=3)]


class TrailheadNote(Document):
    """Where a loop starts and how far it is by car."""

    name: str | None
    kind: str = Field(description="parking, trailhead, road end, trail end, or the place itself.")
    lon: Lon
    lat: Lat
    drive_km: Metres
    drive_minutes: Metres
    drive_method: str = Field(
        description="How the drive was worked out: by road, or estimated; why, where an estimate stands in for an "
        "engine that did not answer.",
        examples=["by road (Valhalla)", "estimate: straight line x 1.3"],
    )


class CueNote(Document):
    """What to do at a distance from the start."""

    distance_m: Metres
    text: str


class Links(Document):
    """The same loop in other forms."""

    gpx: str
    kml: str
    geojson: str
    permalink: str


class CampNote(Document):
    """Where a night is spent."""

    name: str | None = Field(
        description="As the source has it; null for a camp without a name.", examples=["Lawn Lake"]
    )
    kind: Literal["camp", "hut", "dispersed"] = Field(
        description="A campsite, a hut or shelter, or a place where a tent may stand anywhere.", examples=["camp"]
    )
    type: str | None = Field(description="What it is, in words of the source.", examples=["campsite"])
    lon: Lon
    lat: Lat
    elevation_m: float | None = Field(description="Height above the sea, in metres.", examples=[3340.0])
    spur_m: Metres = Field(
        description="Metres from the trail to the camp: walked in the evening and again in the morning, in the length "
        "of both days.",
        examples=[120.0],
    )
    water: bool | None = Field(description="Whether bottles can be filled there; null: not known.", examples=[True])
    source: str | None = Field(
        description="The file and the feature that it is from.", examples=["Backcountry_Campsites.geojson 17"]
    )
    date: str | None = Field(description="When the source last touched it, as an ISO date.", examples=["2017-01-12"])
    details: dict[str, str] = Field(
        description="What else the source says, in its words.",
        examples=[{"capacity": "12", "food storage": "bear cables"}],
    )


class WaterNote(Document):
    """Where bottles can be filled on a day."""

    distance_m: Metres = Field(description="Metres from the start of the day.", examples=[3200.0])
    type: str = Field(description="tap, spring, well, stream, lake …", examples=["spring"])
    name: str | None = Field(examples=["Font Freda"])
    lon: Lon
    lat: Lat
    away_m: Metres = Field(description="Metres off the trail.", examples=[40.0])
    seasonal: bool | None = Field(description="Whether it may be dry; null: not known.", examples=[False])
    drinkable: bool | None = Field(
        description="Whether the source calls it drinking water; null: it does not say.", examples=[True]
    )
    source: str | None = Field(description="The file and the feature that it is from.", examples=["osm node 1234"])
    date: str | None = Field(description="When the source last touched it, as an ISO date.", examples=["2024-08-30"])
    next_m: float | None = Field(
        description="Metres on to the next water, over nights, too; null: it is the last on the way.", examples=[4300.0]
    )


class Note(Document):
    """Something to know of a day: only what loaded data says, never made up."""

    kind: str = Field(
        description="permit, quota, food storage, fire, rule, no camping or season.", examples=["food storage"]
    )
    text: str = Field(examples=["Bear cans are needed from 1 April to 31 October."])
    source: str = Field(description="Who says so.", examples=["Park notices of 2026-05-01"])
    url: str | None = Field(examples=["https://park.example/food"])


class DayNote(Document):
    """A day of a trip of several days; on a day of rest the lengths are 0 and the line is null."""

    day: Annotated[int, Field(ge=1)] = Field(description="1 for the first.", examples=[1])
    date: str | None = Field(description="ISO date; null where no date was asked for.", examples=["2026-07-04"])
    rest: bool = Field(description="Whether it is a day without walking.", examples=[False])
    from_m: Metres = Field(description="Where it begins, in metres along the whole line.", examples=[0.0])
    to_m: Metres = Field(description="Where it ends, in metres along the whole line.", examples=[14213.5])
    length_m: Metres = Field(description="Metres, the spurs to the camps included.", examples=[14213.5])
    length_miles: Metres = Field(description="The same in miles.", examples=[8.832])
    ascent_m: int | None = Field(description="Metres climbed; null where heights are not known.", examples=[612])
    descent_m: int | None = Field(description="Metres down.", examples=[301])
    max_elevation_m: float | None = Field(description="Metres above the sea.", examples=[3341.0])
    walking_time_s: Metres = Field(description="Seconds on foot, by the loop's time_model.", examples=[17800])
    geometry: LineGeometry | None
    trails: list[str] = Field(description="Names in the order walked.", examples=[["Lawn Lake Trail"]])
    cues: list[CueNote] = Field(description="With the distance from the start of the day.")
    camp: CampNote | None = Field(description="Where the night after it is spent; null on the last day.")
    water: list[WaterNote] = Field(description="All that is known, in the order passed.")
    longest_dry_m: float | None = Field(
        description="The longest way without water that is there all year and that touches this day, in metres; it may "
        "go on over a night. Null on a day of rest, and where the data has no water at all.",
        examples=[5200.0],
    )
    refills: list[Annotated[int, Field(ge=0)]] = Field(
        description="Where to fill bottles: positions in `water`, 0 for the first.", examples=[[0, 2]]
    )
    notes: list[Note]


class LoopProperties(Document):
    """What there is to know about a loop."""

    rank: Annotated[int, Field(ge=1)]
    length_m: Metres = Field(description="2-D geodesic length of the line.")
    length_miles: Metres
    ascent_m: int | None
    descent_m: int | None
    max_elevation_m: float | None
    walking_time_s: float
    time_model: str = Field(description="The rule that walking_time_s follows.")
    score: float = Field(
        description="Sum over the distinct segments walked: metres times the worth of that kind of way."
    )
    status: str = Field(
        description="optimal: proven that no loop has a higher score less what it pays, see bound; else feasible."
    )
    bound: float | None = Field(
        description="No loop can score more, unless it pays more than this one does for straying from the asked "
        "length, for walking ground twice or for lying off the heading. Null where nothing is known."
    )
    gap: float | None = Field(description="(bound - score) / bound.")
    repeat_share: Share
    road_share: Share
    longest_road_m: Metres
    hardest_difficulty: str | None = Field(description="T1 to T6 on the Swiss Alpine Club hiking scale.")
    informal_share: float = Field(description="Share of the length on trails that nobody keeps up; 0 unless asked for.")
    seasons: list[str] = Field(
        description="What the data says of when trails of the loop may be walked, in the words of the source."
    )
    trailhead: TrailheadNote
    trails: list[str] = Field(description="Names in the order walked.")
    cues: list[CueNote]
    days: list[DayNote] | None = Field(None, description="The days, for a trip of several days only.")
    nights: int | None = Field(None, ge=1, description="For a trip of several days only.", examples=[2])
    balance: float | None = Field(
        None,
        le=1,
        description="How near the days of walking are to their best length: 1 less the mean of |length - best| / best. "
        "For a trip of several days only.",
        examples=[0.91],
    )
    links: Links


class LoopFeature(Document):
    """A loop: the first and the last position of its line are equal."""

    type: Literal["Feature"]
    geometry: LineGeometry
    properties: LoopProperties


class Origin(Document):
    """Where the trip was asked for; `name` is null for a bare position."""

    name: str | None
    region: str | None = Field(description="Where that is, for a place of the gazetteer or the geocoder.")
    kind: str | None = Field(description="What was found: city, village, peak, hut …")
    source: Literal["position", "trails", "gazetteer", "geocoder"] = Field(description="Where the name was found.")
    also: list[str] = Field(description="Other places of that name, as a location that means them.")
    lon: Lon
    lat: Lat


class TripNote(Document):
    """The request as it was understood, in metres, seconds and degrees."""

    location: Origin
    drive_m: float | None = Field(description="0: the walk starts at the location.")
    drive_s: float | None
    hike_m: Metres
    tolerance: float
    min_length_m: Metres
    max_length_m: Metres
    alternatives: int
    seed: int
    time_limit_s: float
    max_ascent_m: float | None
    max_road_share: float | None
    max_repeat_share: float | None
    max_difficulty: int | None
    via: list[list[float]]
    heading_deg: float | None = Field(description="Where the loop should rather lie; 0 is north, 90 is east.")
    informal: bool
    prove: bool
    trailheads: int = Field(description="How many trailheads were in reach.")
    date: str | None = Field(None, description="The first day, as an ISO date.", examples=["2026-07-04"])
    days: int = Field(1, description="All days, those of rest included.", examples=[3])
    rest_days: int = Field(0, ge=0, description="How many of them are without walking.", examples=[1])
    day_min_m: float | None = Field(None, description="Shortest full day, in metres.", examples=[12_000.0])
    day_max_m: float | None = Field(None, description="Longest full day, in metres.", examples=[20_000.0])
    day_min_s: float | None = Field(None, description="Shortest full day, in seconds on foot.", examples=[18_000.0])
    day_max_s: float | None = Field(None, description="Longest full day, in seconds on foot.", examples=[25_200.0])
    max_day_ascent_m: float | None = Field(None, description="Metres to climb on a day at most.", examples=[900.0])
    camps: str | None = Field(None, description="designated, huts or dispersed.", examples=["huts"])
    max_camp_detour_m: float | None = Field(
        None, description="How far a camp may lie off the trail, in metres.", examples=[500.0]
    )
    first_day: float | None = Field(None, description="Share of a full day.", examples=[0.5])
    last_day: float | None = Field(None, description="Share of a full day.", examples=[1.0])
    max_dry_m: float | None = Field(
        None, description="The longest way between two waters, in metres.", examples=[8_000.0]
    )


class Closed(Document):
    """What is not walked on the days of the trip, as it is closed."""

    name: str | None = Field(description="The trail, or the title of the notice.", examples=["Lawn Lake Trail"])
    why: str = Field(examples=["closed 1 December to 15 April"])
    from_: str | None = Field(alias="from", description="First day, as an ISO date.", examples=["2026-12-01"])
    to: str | None = Field(description="Last day, as an ISO date.", examples=["2027-04-15"])
    source: str | None = Field(description="Who says so.", examples=["Park notices of 2026-05-01"])
    km: Metres = Field(description="Kilometres of trail in reach.", examples=[3.2])
    days: list[Annotated[int, Field(ge=1)]] = Field(description="On which days of the trip.", examples=[[1, 2, 3]])


class BetterDate(Document):
    """A first day on which more is open."""

    date: str = Field(description="ISO date.", examples=["2026-07-15"])
    opens: list[str] = Field(description="Names of trails.", examples=[["Lawn Lake Trail"]])
    km: Metres = Field(description="Kilometres of trail that open.", examples=[3.2])


class CalendarNote(Document):
    """What the date meant: what was closed, and what another date would open."""

    date: str | None = Field(
        description="The first day; null where none was asked for: then only what is open all year is walked.",
        examples=["2026-07-04"],
    )
    note: str | None = Field(description="What is to be said of it in a sentence.")
    closed: list[Closed]
    better_dates: list[BetterDate]


class TripAnswer(Document):
    """Loops, best first."""

    type: Literal["FeatureCollection"]
    id: str = Field(description="Stands for this request on this data: /v1/trips/{id}.")
    features: list[LoopFeature]
    trip: TripNote
    calendar: CalendarNote | None = Field(None, description="Null or missing in answers without a calendar.")
    data: DataNote
    timing: dict[str, float] = Field(description="Seconds spent on each stage when the answer was worked out.")


class PlaceProperties(Document):
    """A named place."""

    source: Literal["trails", "gazetteer"]
    region: str | None = Field(description="The region of the trail data, or for a town its country and the like.")
    location: str = Field(description="What to ask for as the location of a trip, to start there.")
    kind: str
    name: str | None
    elevation_m: float | None
    population: int | None


class PlaceFeature(Document):
    """A place as a GeoJSON Feature; only those of the trail data have an id."""

    type: Literal["Feature"]
    id: int | None = None
    geometry: PointGeometry
    properties: PlaceProperties


class TrailheadProperties(Document):
    """A trailhead; `snap_m` is how far the car stands from the trail."""

    kind: str
    name: str | None
    snap_m: Metres
    to_loop_m: float | None = Field(
        description="How far it is on foot to the nearest place from which a walk can come back another way; null "
        "where there is none, or where nobody has looked."
    )


class TrailheadFeature(Document):
    """A trailhead as a GeoJSON Feature."""

    type: Literal["Feature"]
    id: int
    geometry: PointGeometry
    properties: TrailheadProperties


class SegmentProperties(Document):
    """A segment of the network, the way between two junctions, in the direction of its line."""

    name: str | None
    kind: str = Field(description="The kind of way of most of it.")
    length_m: Metres
    road_m: Metres
    ascent_m: int | None
    descent_m: int | None
    difficulty: str | None


class SegmentFeature(Document):
    """A segment as a GeoJSON Feature."""

    type: Literal["Feature"]
    id: int
    geometry: LineGeometry
    properties: SegmentProperties


class LeftOutProperties(Document):
    """A line of the source that is no part of the network."""

    name: str | None
    reason: str = Field(description="Why, e.g. no public access.")
    rule: str | None = Field(description="The field of the source that said so, e.g. access=private.")
    source: str | None = Field(description="The feature of the source, e.g. osm way 1234.")


class LeftOutFeature(Document):
    """A left out line as a GeoJSON Feature."""

    type: Literal["Feature"]
    id: int
    geometry: LineGeometry
    properties: LeftOutProperties


class Listing(Document):
    """A list, cut at `limit`."""

    type: Literal["FeatureCollection"]
    numberMatched: int = Field(description="How many there are, whatever the limit.")  # noqa: N815
    numberReturned: int  # noqa: N815
    limit: int
    data: DataNote


class Places(Listing):
    """Places, most likely first."""

    features: list[PlaceFeature]


class Trailheads(Listing):
    """Trailheads, by id."""

    features: list[TrailheadFeature]


class NetworkAnswer(Listing):
    """Segments, longest first."""

    features: list[SegmentFeature]


class LeftOutAnswer(Listing):
    """Left out lines, by id."""

    features: list[LeftOutFeature]


class FileNote(Document):
    """A file that a region was made of."""

    name: str
    profile: str = Field(description="What it was read as, e.g. osm.")
    attribution: str | None
    data_date: str | None


class RegionNote(Document):
    """A region in the store."""

    name: str
    synthetic: bool
    attribution: list[str]
    sources: list[str] = Field(description="The names of its files.")
    files: list[FileNote]
    data_date: str | None
    imported_at: str
    bbox: Bounds | None
    segments: int
    junctions: int
    trailheads: int
    points: int
    trail_km: float
    loop_km: float | None = Field(description="How much of it lies on some loop; null where nobody has counted.")
    left_out: dict[str, int]


class Info(Document):
    """What is running, on which data, with which limits."""

    name: Literal["LoopGenie"]
    version: str
    kernel: Literal["compiled", "interpreted"]
    snapshot: str | None
    bbox: Bounds | None
    regions: list[RegionNote]
    gazetteer: str | None = Field(description="Whose towns can be named, too; to be shown with them.")
    limits: dict[str, float]


class Health(Document):
    """The process runs."""

    status: Literal["ok", "ready"]
    version: str
    snapshot: str | None = None
    server: str | None = None


class FieldError(Document):
    """What is wrong with a field."""

    field: str
    detail: str


class DayThere(Document):
    """A day of a trip that exists; `camp` is null on the last one."""

    length_m: Metres = Field(description="Metres.", examples=[14213.5])
    camp: str | None = Field(examples=["Lawn Lake"])


class TripThere(Document):
    """The trip of several days that there is once a request is changed so."""

    length_m: Metres = Field(description="Metres, all days together.", examples=[41200.0])
    days: list[DayThere]
    trailhead: str | None = Field(examples=["Lawn Lake Trailhead"])


class Relaxation(BaseModel):
    """A change to the request that would help."""

    field: str
    value: Any
    why: str
    instead_of: list[str] = Field(
        default_factory=list,
        description="Fields of the request to leave out when this one is set.",
        examples=[["hike_miles"]],
    )
    trip: TripThere | None = Field(None, description="What it would give, for trips of several days.")


class Obstacle(Document):
    """What stands in the way of a trip of several days, as far as it is known."""

    night: int | None = Field(description="The first night without a camp in reach; 1 is the first.", examples=[2])
    day: int | None = Field(description="The day that cannot be kept within its limits.", examples=[3])
    shortest_m: float | None = Field(
        description="Metres that this day needs at least; null where there is no way at all.", examples=[23400.0]
    )


class Problem(BaseModel):
    """An error (RFC 9457). `type` is the address of a page about this kind of error."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] | None = None
    near_matches: list[str] | None = None
    nearest_lengths_m: list[float] | None = None
    relax: list[Relaxation] | None = None
    proven: bool | None = None
    obstacle: Obstacle | None = None


# --- the document -------------------------------------------------------------------------------------------------

_MODELS = (
    TripRequest,
    TripAnswer,
    Places,
    Trailheads,
    NetworkAnswer,
    LeftOutAnswer,
    Info,
    Health,
    Problem,
)

_BBOX = {
    "name": "bbox",
    "in": "query",
    "description": "min_lon,min_lat,max_lon,max_lat in degrees.",
    "schema": {
        "type": "array",
        "prefixItems": [{"type": "number", "minimum": -lim, "maximum": lim} for lim in (180, 90, 180, 90)],
        "items": {"type": "number"},
        "minItems": 4,
        "maxItems": 4,
    },
    "style": "form",
    "explode": False,
    "example": [1.4, 42.4, 1.8, 42.7],
}
_ID = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "The id of a trip, from the answer to POST /v1/trips.",
    "schema": {"type": "string"},
}
_RANK = {
    "name": "rank",
    "in": "query",
    "description": "Which loop, 1 being the best.",
    "schema": {"type": "integer", "minimum": 1, "maximum": 5},
    "example": 1,
}
_TRACKS = {
    "name": "tracks",
    "in": "query",
    "description": "Of a trip of several days: one track, or one for each day of walking.",
    "schema": {"type": "string", "enum": ["one", "days"], "default": "one"},
    "example": "days",
}


def _limit(default: int, largest: int) -> dict[str, Any]:
    return {
        "name": "limit",
        "in": "query",
        "description": "How many to answer with, at most.",
        "schema": {"type": "integer", "minimum": 1, "maximum": largest, "default": default},
    }


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _answer(description: str, mimetype: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {mimetype: {"schema": schema}}}


_PROBLEMS = {
    400: "The body is not JSON",
    404: "There is no such thing",
    409: "No loop of that length in reach: why, and what to relax",
    413: "The body is too large",
    415: "The body is of the wrong type",
    422: "A parameter is missing, unknown or out of range",
    503: "Busy, or the trail database does not answer; see Retry-After",
}


def _problems(*statuses: int) -> dict[str, Any]:
    return {str(s): _answer(_PROBLEMS[s], "application/problem+json", _reference("Problem")) for s in statuses}


def _get(
    operation: str, summary: str, answer: dict[str, Any], *parameters: dict[str, Any], problems: tuple[int, ...] = ()
) -> dict[str, Any]:
    return {
        "get": {
            "operationId": operation,
            "summary": summary,
            "parameters": list(parameters),
            "responses": {"200": answer, **_problems(*problems)},
        }
    }


#: Operations that show a trip that has been planned.
_FORMS = ("getTrip", "getTripGeojson", "getTripGpx", "getTripKml")


def _trip_paths() -> dict[str, Any]:
    loops = _answer("Loops, best first", "application/geo+json", _reference("TripAnswer"))
    again = {form: {"operationId": form, "parameters": {"id": "$response.body#/id"}} for form in _FORMS}
    plan = {
        "operationId": "planTrip",
        "summary": "Find the best loops within reach of a place",
        "requestBody": {"required": True, "content": {"application/json": {"schema": _reference("TripRequest")}}},
        "responses": {"200": {**loops, "links": again}, **_problems(400, 404, 409, 413, 415, 422, 503)},
    }
    gone = (404, 409, 422, 503)
    text = {"type": "string"}
    paths: dict[str, Any] = {"/v1/trips": {"post": plan}}
    paths["/v1/trips/{id}"] = _get("getTrip", "A trip again, by its id", loops, _ID, _RANK, problems=gone)
    for suffix, mimetype, what in (
        ("geojson", "application/geo+json", "A trip as a GeoJSON file"),
        ("gpx", "application/gpx+xml", "A loop as a GPX track for a phone or a watch"),
        ("kml", "application/vnd.google-earth.kml+xml", "A loop as KML for maps and globes"),
    ):
        answer = loops if suffix == "geojson" else _answer(what, mimetype, text)
        query = [_ID, _RANK] if suffix == "geojson" else [_ID, _RANK, _TRACKS]
        paths[f"/v1/trips/{{id}}.{suffix}"] = _get(f"getTrip{suffix.title()}", what, answer, *query, problems=gone)
    return paths


def _list_paths() -> dict[str, Any]:
    box = {**_BBOX, "required": True}
    query = {
        "name": "q",
        "in": "query",
        "description": "Part of a name; case and accents do not matter. Needed where no bbox is given.",
        "schema": {"type": "string", "minLength": 1, "maxLength": MAX_NAME},
        "example": "Ordino",
    }
    coarseness = {
        "name": "coarseness_m",
        "in": "query",
        "description": "Leave out positions that are nearer than this to the one before, in metres.",
        "schema": {"type": "number", "minimum": 0, "maximum": MAX_COARSENESS_M, "default": 0},
    }
    geojson = "application/geo+json"
    wrong = (422, 503)
    return {
        "/v1/places": _get(
            "findPlaces",
            "Places by name, or in a box",
            _answer("Places of the trails, then towns, most likely first", geojson, _reference("Places")),
            query,
            _BBOX,
            _limit(*PLACES),
            problems=wrong,
        ),
        "/v1/trailheads": _get(
            "listTrailheads",
            "Trailheads in a box",
            _answer("Trailheads, by id", geojson, _reference("Trailheads")),
            box,
            _limit(*TRAILHEADS),
            problems=wrong,
        ),
        "/v1/network": _get(
            "listSegments",
            "The trail network in a box",
            _answer("Segments, longest first", geojson, _reference("NetworkAnswer")),
            box,
            _limit(*SEGMENTS),
            coarseness,
            problems=wrong,
        ),
        "/v1/left-out": _get(
            "listLeftOut",
            "Lines in a box that are no part of the network, and why",
            _answer("Left out lines, by id", geojson, _reference("LeftOutAnswer")),
            box,
            _limit(*LEFT_OUT),
            problems=wrong,
        ),
    }


def _service_paths() -> dict[str, Any]:
    health = _answer("Fine", "application/json", _reference("Health"))
    text = _answer("Counters and histograms of this process", "text/plain", {"type": "string"})
    return {
        "/v1/info": _get(
            "getInfo",
            "What is running, on which data, with which limits",
            _answer("What is running", "application/json", _reference("Info")),
            problems=(503,),
        ),
        "/healthz": _get("getHealth", "Whether the process runs", health),
        "/readyz": _get("getReadiness", "Whether the database answers and holds trails", health, problems=(503,)),
        "/metrics": _get("getMetrics", "Figures in Prometheus' text format", text),
    }


def document(base: str = "/") -> dict[str, Any]:
    """The OpenAPI 3.1 document of a service whose root is at `base`."""
    _, schemas = models_json_schema([(m, "validation") for m in _MODELS], ref_template="#/components/schemas/{model}")
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "LoopGenie",
            "version": __version__,
            "summary": "Closed hiking loops of the length you ask for, optimised on the real trail network",
            "description": "Say where you are, how far you would drive and how far you want to walk, on one day or on "
            "up to 14, with nights at camps and huts. Positions are "
            "[lon, lat] as in GeoJSON (RFC 7946). Errors are problem documents (RFC 9457). Every answer carries "
            "Server-Timing; the same request on the same data gets the same loops.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": base}],
        "paths": {**_trip_paths(), **_list_paths(), **_service_paths()},
        "components": {"schemas": schemas["$defs"]},
    }
