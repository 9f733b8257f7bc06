"""HTTP in, HTTP out."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import threading
import time
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast, get_args

from flask import Blueprint, Flask, Response, current_app, g, redirect, request
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import BaseConverter

import loopgenie
from loopgenie import exports, headers, listings, parameters, problems, regions, tracks, web
from loopgenie.answer_cache import cache_at
from loopgenie.answers import Answer, Answers, Made, TripId, short_name
from loopgenie.config import SERVER, Settings, user_database_url
from loopgenie.drive import DriveEngine, engine_at
from loopgenie.errors import BadInput, InvalidParameters, NotFound, TrailsUnavailable
from loopgenie.geometry import Box
from loopgenie.instance import Instance
from loopgenie.metrics import Metrics
from loopgenie.places import Geocoder, from_outside, geocoder_at
from loopgenie.planner import Trip, plan_trip
from loopgenie.store import TrailStore, open_store
from loopgenie.tracks import Tracks

MAX_BODY = 64 * 1024
GEOJSON = "application/geo+json"

api = Blueprint("api", __name__)


# --- the app ------------------------------------------------------------------------------------------------------


@dataclass
class Service:
    """What the requests of one app share."""

    settings: Settings
    answers: Answers
    metrics: Metrics
    engine: DriveEngine
    geocoder: Geocoder | None = None
    instance: Instance = field(default_factory=Instance)
    opened: TrailStore | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def store(self) -> TrailStore:
        """The trails; opened when first asked for."""
        with self.lock:
            if self.opened is None:
                self.opened = open_store(
                    self.settings.database_url or user_database_url(os.environ),
                    connections=self.settings.database_connections,
                    timeout_s=self.settings.database_timeout_s,
                )
            return self.opened


class TripIdConverter(BaseConverter):
    """The part of an address that is the id of a trip: no dot, so that .gpx is no part of it."""

    regex = "[A-Za-z0-9_-]+~[0-9a-f]+"


def build_app(settings: Settings | None = None, store: TrailStore | None = None) -> Flask:
    """The application; see `loopgenie.create_app`."""
    settings = settings or Settings.from_environment()
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.logger.setLevel(logging.getLevelNamesMapping()[settings.log_level])
    app.extensions["loopgenie"] = _service(settings, store, app.logger)
    app.url_map.converters["trip"] = TripIdConverter
    problems.register(app)
    app.register_blueprint(api)
    app.register_blueprint(web.pages)
    app.before_request(_start)
    app.after_request(_finish)
    if settings.trusted_proxies:
        n = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, n, n, n, n, n)  # type: ignore[method-assign]
    return app


def _service(settings: Settings, store: TrailStore | None, log: logging.Logger) -> Service:
    metrics = Metrics()
    metrics.describe("loopgenie_info", "gauge", "Which LoopGenie this is.")
    metrics.describe("process_start_time_seconds", "gauge", "When this process began to serve, seconds since 1970.")
    metrics.describe("loopgenie_requests_total", "counter", "Requests answered by this process.")
    metrics.describe("loopgenie_request_seconds", "histogram", "How long requests took.")
    metrics.describe("loopgenie_solve_seconds", "histogram", "How long the search for loops took.")
    metrics.describe("loopgenie_answers_total", "counter", "Trips answered, by where the answer came from.")
    metrics.describe("loopgenie_cache_failures_total", "counter", "How often the cache that is shared has failed.")
    metrics.set("loopgenie_info", 1, version=loopgenie.__version__)
    metrics.set("process_start_time_seconds", time.time())

    def cache_failed(why: str) -> None:
        metrics.count("loopgenie_cache_failures_total")
        log.warning("the shared cache of answers: %s", why)

    cache = cache_at(settings.cache_url, failed=cache_failed)
    answers = Answers(at_once=settings.searches_at_once, patience_s=settings.patience_s, cache=cache)
    engine = engine_at(settings.drive_engine_url, timeout_s=settings.drive_timeout_s)
    geocoder = geocoder_at(settings.geocoder_url, timeout_s=settings.geocoder_timeout_s, workers=settings.workers)
    return Service(settings, answers, metrics, engine, geocoder, opened=store)


def _here() -> Service:
    return cast(Service, current_app.extensions["loopgenie"])


# --- trips --------------------------------------------------------------------------------------------------------


@api.post("/v1/trips")
def plan() -> Response:
    """Find loops."""
    asked = parameters.trip_request(_json_body())
    trip_id = TripId(asked, short_name(_here().store.snapshot().id))
    response = _loops(_answer(trip_id))
    response.headers["Content-Location"] = _address(trip_id)
    response.cache_control.no_cache = True
    return response


@api.get("/v1/trips/<trip:text>", defaults={"form": ""})
@api.get("/v1/trips/<trip:text>.<any(geojson, gpx, kml):form>")
def trip(text: str, form: str) -> Response:
    """A trip again, whole or one of its loops, as GeoJSON, GPX or KML."""
    query = _query("rank", "tracks") if form in _FILES else _query("rank")
    each = _tracks(query.get("tracks", "one"))
    if not form and _is_browser():
        return cast(Response, redirect(f"{request.script_root}/?trip={text}", 303))
    # Where the data has changed since, the trip is planned again on what there is now; Content-Location says so.
    trip_id = TripId(TripId.read(text).request, short_name(_here().store.snapshot().id))
    answer = _answer(trip_id)
    response = _in_form(form, answer, query.get("rank"), each)
    response.headers["Content-Location"] = _address(trip_id)
    response.vary.add("Accept")
    return headers.cached(response, 3600 if str(trip_id) == text and answer.lasting else 0)


def _answer(trip_id: TripId) -> Answer:
    service, store = _here(), _here().store

    def work_out() -> Made:
        planned = plan_trip(trip_id.request.parameters(), store, engine=service.engine, geocoder=service.geocoder)
        g.timing = planned.timing
        service.metrics.observe("loopgenie_solve_seconds", planned.timing.get("solve", 0.0))
        if not planned.lasting:
            current_app.logger.warning("drives are estimated: %s", planned.itineraries[0].start.drive_method)
        document = json.dumps(_document(planned, trip_id), ensure_ascii=False, separators=(",", ":"))
        on_these_data = short_name(planned.snapshot.id) == trip_id.snapshot  # else an import has come in between
        return Made(document.encode(), planned.lasting and on_these_data)

    answer = service.answers.get(_key(trip_id), store, work_out)
    g.origin = answer.origin
    if answer.waited_s:
        g.timing = {"wait": answer.waited_s, **g.get("timing", {})}
    service.metrics.count("loopgenie_answers_total", origin=answer.origin)
    return answer


def _document(planned: Trip, trip_id: TripId) -> dict[str, Any]:
    address = _address(trip_id)

    def links(rank: int) -> dict[str, str]:
        files = {form: f"{address}.{form}?rank={rank}" for form in ("gpx", "kml", "geojson")}
        return {**files, "permalink": address}

    return {"id": str(trip_id), **exports.trip_geojson(planned, links=links)}


def _key(trip_id: TripId) -> str:
    """What an answer is kept under: links in it begin with the root; another version or engine may answer otherwise.

    What only the geocoder knows may have moved since, so that its position is part of the key.
    """
    service = _here()
    drives = service.settings.drive_engine_url
    place = from_outside(trip_id.request.location, service.store, service.geocoder) or ""
    parts = (loopgenie.__version__, request.script_root, drives, trip_id, place)
    return hashlib.sha256(" ".join(map(str, parts)).encode()).hexdigest()


def _address(trip_id: TripId) -> str:
    return f"{request.script_root}/v1/trips/{trip_id}"


def _is_browser() -> bool:
    accepts = request.accept_mimetypes
    return accepts["text/html"] > max(accepts[GEOJSON], accepts["application/json"])


def _loops(answer: Answer) -> Response:
    """The whole answer; it is kept compressed, so most clients get it as it lies."""
    if headers.takes_gzip():
        response = Response(answer.packed, mimetype=GEOJSON)
        response.headers["Content-Encoding"] = "gzip"
    else:
        response = Response(answer.body, mimetype=GEOJSON)
    response.vary.add("Accept-Encoding")
    return response


def _in_form(form: str, answer: Answer, rank_text: str | None, each: Tracks) -> Response:
    """The answer as asked for: the collection or one of its loops, as it is or as a file."""
    if form in ("", "geojson") and rank_text is None:
        response = _loops(answer)
    else:
        document = json.loads(answer.body)
        rank = _rank("1" if rank_text is None else rank_text, document)
        response = _file(form, document, rank, each) if form in _FILES else _one_loop(document, rank)
    if form:
        name = _file_name(json.loads(answer.body), rank_text or "1")
        response.headers["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return response


def _rank(text: str, document: Mapping[str, Any]) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= parameters.MAX_ALTERNATIVES):
        raise InvalidParameters({"rank": f"is {text[:20]!r}, want 1 to {parameters.MAX_ALTERNATIVES}"})
    found = len(document["features"])
    if int(text) > found:
        raise NotFound(f"There is no loop of rank {text}: this trip has {found}.")
    return int(text)


def _one_loop(document: dict[str, Any], rank: int) -> Response:
    features = [f for f in document["features"] if f["properties"]["rank"] == rank]
    return _json({**document, "features": features}, GEOJSON)


def _tracks(text: str) -> Tracks:
    if text not in get_args(Tracks):
        raise InvalidParameters({"tracks": f"is {text[:20]!r}, want one or days"})
    return cast(Tracks, text)


def _file(form: str, document: dict[str, Any], rank: int, each: Tracks) -> Response:
    make, mimetype = _FILES[form]
    return Response(make(document, rank, tracks=each), mimetype=mimetype)


_FILES = {
    "gpx": (tracks.trip_gpx, "application/gpx+xml"),
    "kml": (tracks.trip_kml, "application/vnd.google-earth.kml+xml"),
}


def _file_name(document: Mapping[str, Any], rank: str) -> str:
    """A name that tells the loops apart in a folder: loop-pal-12.3km-2, trek-pal-3days-41.2km-1."""
    loop = document["features"][int(rank) - 1]["properties"]
    plain = unicodedata.normalize("NFKD", loop["trailhead"]["name"] or "").encode("ascii", "ignore").decode().lower()
    words = re.findall("[a-z0-9]+", plain)[:5]
    days = loop.get("days")
    what, how_long = ("trek", [f"{len(days)}days"]) if days else ("loop", [])
    return "-".join([what, *words, *how_long, f"{loop['length_m'] / 1000:.1f}km", rank])


# --- lists and the state of the service ---------------------------------------------------------------------------


@api.get("/v1/places")
def places() -> Response:
    """Places by name or in a box."""
    return _list(listings.places, _query("q", "bbox", "limit"))


@api.get("/v1/trailheads")
def trailheads() -> Response:
    """Trailheads in a box."""
    return _list(listings.trailheads, _query("bbox", "limit"))


@api.get("/v1/network")
def network() -> Response:
    """The trail network in a box."""
    return _list(listings.network, _query("bbox", "limit", "coarseness_m"))


@api.get("/v1/left-out")
def left_out() -> Response:
    """Lines in a box that are no part of the network, and why."""
    return _list(listings.left_out, _query("bbox", "limit"))


def _list(make: Callable[[Mapping[str, str], TrailStore], dict[str, Any]], query: Mapping[str, str]) -> Response:
    """A list; the same address gives the same list until the data changes."""
    store = _here().store
    etag = hashlib.sha256(f"{loopgenie.__version__} {store.snapshot().id} {request.full_path}".encode()).hexdigest()[
        :20
    ]
    if request.if_none_match.contains_weak(etag):
        return headers.cached(Response(status=304), 60, etag)
    return headers.cached(_json(make(query, store), GEOJSON), 60, etag)


@api.get("/v1/info")
def info() -> Response:
    """What is running, on which data, with which limits."""
    from solver.kernel import COMPILED

    snapshot = _here().store.snapshot()
    boxes = [r.box for r in snapshot.regions if r.box is not None]
    return headers.cached(
        _json(
            {
                "name": "LoopGenie",
                "version": loopgenie.__version__,
                "kernel": "compiled" if COMPILED else "interpreted",
                "snapshot": snapshot.id,
                "bbox": _around(boxes),
                "regions": [regions.as_json(r) for r in snapshot.regions],
                "gazetteer": _here().store.gazetteer(),
                "limits": _LIMITS,
            }
        ),
        0,
    )


_LIMITS = {
    "body_bytes": MAX_BODY,
    "min_hike_km": parameters.MIN_HIKE_KM,
    "max_hike_km": parameters.MAX_HIKE_KM,
    "max_drive_km": parameters.MAX_DRIVE_KM,
    "max_drive_minutes": parameters.MAX_DRIVE_MINUTES,
    "default_drive_km": parameters.DEFAULT_DRIVE_KM,
    "max_alternatives": parameters.MAX_ALTERNATIVES,
    "max_via": parameters.MAX_VIA,
    "min_time_limit_s": parameters.MIN_TIME_LIMIT_S,
    "max_time_limit_s": parameters.MAX_TIME_LIMIT_S,
    "max_tolerance": parameters.MAX_TOLERANCE,
}


def _around(boxes: list[Box]) -> Box | None:
    return Box.around(p for b in boxes for p in (b[:2], b[2:])) if boxes else None


@api.get("/healthz")
def healthz() -> Response:
    """Whether the process runs. `server` changes with every start of it, which `loopgenie health` needs to know."""
    server = os.environ.get(SERVER) or g.arrival.instance
    return headers.fresh(_json({"status": "ok", "version": loopgenie.__version__, "server": server}))


@api.get("/readyz")
def readyz() -> Response:
    """Whether the database answers and holds trails."""
    snapshot = _here().store.snapshot()
    if not any(r.segments for r in snapshot.regions):
        raise TrailsUnavailable("The trail database is empty; `loopgenie import` or `loopgenie sample` fills it.")
    return headers.fresh(_json({"status": "ready", "version": loopgenie.__version__, "snapshot": snapshot.id}))


@api.get("/metrics")
def metrics() -> Response:
    """Figures of this process in Prometheus' text format."""
    return headers.fresh(Response(_here().metrics.text(), content_type="text/plain; version=0.0.4; charset=utf-8"))


@api.get("/openapi.json")
def openapi_document() -> Response:
    """The API described."""
    from loopgenie import openapi  # its models are needed for nothing else

    return headers.cached(_json(openapi.document(request.script_root or "/")), 300)


# --- reading requests ---------------------------------------------------------------------------------------------


def _json_body() -> Mapping[str, object]:
    """The body as an object.

    Raises
    ------
    BadInput : it is no JSON, or no object, or a name stands twice in it.
    """
    if not request.is_json:
        raise UnsupportedMediaType(f"Content-Type is {request.content_type!r}, want application/json")
    if request.content_encoding and request.content_encoding.lower() != "identity":
        raise UnsupportedMediaType(f"Content-Encoding is {request.content_encoding[:60]!r}, want the body as it is")
    data = request.get_data(cache=False)
    if len(data) >= MAX_BODY and request.content_length is None:
        raise RequestEntityTooLarge  # a body of unknown length is cut off at the limit without a word
    try:
        body = json.loads(
            data.decode("utf-8"), object_pairs_hook=_without_doubles, parse_constant=_no_number, parse_int=_integer
        )
    except UnicodeDecodeError as error:
        raise BadInput(f"The body is not UTF-8: byte {error.start} cannot be read.") from None
    except RecursionError:
        raise BadInput("The body is nested too deeply.") from None
    except ValueError as error:
        raise BadInput(f"The body is not JSON: {error}.") from None
    if not isinstance(body, dict):
        raise BadInput("The body is JSON, but no object; want one with location and hike_km.")
    return body


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(n for n in names if names.count(n) > 1)
        raise ValueError(f"{twice[:60]!r} stands in it twice")
    return members


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _integer(digits: str) -> float:
    """A whole number; one that is too long to be any use as a float, which makes it infinite."""
    return int(digits) if len(digits) < 400 else float(digits)


def _query(*known: str) -> Mapping[str, str]:
    """The parameters after the question mark; each known, each once."""
    wrong = {}
    for name, values in request.args.lists():
        if name not in known:
            wrong[name[:60]] = f"is no parameter here, want one of {', '.join(known)}"
        elif len(values) > 1:
            wrong[name] = f"stands {len(values)} times, want it once"
    if wrong:
        raise InvalidParameters(wrong)
    return request.args.to_dict()


def _json(document: object, mimetype: str = "application/json") -> Response:
    return Response(json.dumps(document, ensure_ascii=False, separators=(",", ":")), mimetype=mimetype)


# --- around every request -----------------------------------------------------------------------------------------


#: What whoever runs the service asks, and no user.
_CHECKS = ("api.healthz", "api.readyz", "api.metrics")


def _start() -> Response | None:
    g.began = time.perf_counter()
    instance = _here().instance
    g.arrival = instance.check() if request.endpoint in _CHECKS else instance.arrive()
    return headers.preflight()


def _finish(response: Response) -> Response:
    service = _here()
    seconds = time.perf_counter() - g.get("began", time.perf_counter())
    route = request.url_rule.rule if request.url_rule else "none"
    status = str(response.status_code)
    service.metrics.count("loopgenie_requests_total", route=route, method=_method(), status=status)
    service.metrics.observe("loopgenie_request_seconds", seconds, route=route)
    headers.tell_time(response, g.get("timing", {}), total_s=seconds, origin=g.get("origin"), arrival=g.get("arrival"))
    headers.protect(response)
    headers.share(response, service.settings.cors_origins)
    headers.strip(response)
    return headers.compress(response)


def _method() -> str:
    """The method, if it is one of HTTP's: strangers must not make up label values."""
    return request.method if request.method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS") else "other"
