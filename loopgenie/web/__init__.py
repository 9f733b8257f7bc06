"""The pages for people: the map at `/`, the documentation of the API, and what each kind of error means."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from flask import Blueprint, Response, render_template, request, send_from_directory, url_for
from werkzeug.exceptions import NotFound

from loopgenie import __version__, problems

STATIC = Path(__file__).parent / "static"

#: Everything comes from here; nothing inline, so that text from trail data can never become a script.
POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)

pages = Blueprint("pages", __name__, template_folder="templates")


@pages.get("/")
def index() -> Response:
    """The page."""
    return _page("page.html", root=request.script_root)


@pages.get("/docs")
def docs() -> Response:
    """The documentation of the API, made from its description."""
    from loopgenie import openapi

    document = openapi.document(request.script_root or "/")
    return _page("docs.html", api=document, kinds=problems.KINDS, example=_example())


@pages.get("/docs/errors/<slug>")
def error_page(slug: str) -> Response:
    """What a kind of error means."""
    if slug not in problems.KINDS:
        raise NotFound
    return _page("error.html", slug=slug, kind=problems.KINDS[slug])


@pages.get("/favicon.ico", defaults={"name": "favicon.svg"})
@pages.get("/static/<path:name>")
def static(name: str) -> Response:
    """A file of the page; under an address with its version it never changes."""
    versioned = request.args.get("v") == _version(name)
    return send_from_directory(STATIC, name, max_age=31_536_000 if versioned else 0)


@pages.app_template_global()
def asset(name: str) -> str:
    """The address of a file of the page, with its version."""
    return url_for("pages.static", name=name, v=_version(name))


@lru_cache(maxsize=64)
def _version(name: str) -> str | None:
    path = STATIC / name
    if not (path.resolve().is_relative_to(STATIC) and path.is_file()):
        return None
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]


def _page(template: str, **values: Any) -> Response:
    response = Response(render_template(template, version=__version__, **values), mimetype="text/html")
    response.headers["Content-Security-Policy"] = POLICY
    response.add_etag(weak=True)
    response.cache_control.no_cache = True
    return cast(Response, response.make_conditional(request))


def _example() -> str:
    return (
        f"curl -s {request.host_url.rstrip('/')}{request.script_root}/v1/trips "
        "-H 'Content-Type: application/json' \\\n"
        '     -d \'{"location": "42.55,1.53", "drive_km": 20, "hike_km": 12, "alternatives": 3}\''
    )
