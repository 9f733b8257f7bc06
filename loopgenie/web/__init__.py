"""The pages for people: the map at `/`, the documentation of the API, and what each kind of error means."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Blueprint, Response, render_template, request, url_for
from werkzeug.exceptions import NotFound

from loopgenie import __version__, assets, headers, problems

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


@pages.get("/favicon.ico")
def favicon() -> Response:
    """The sign of the page, for browsers that ask at the usual address."""
    return static("favicon.svg")


@pages.get("/static/<path:path>")
def static(path: str) -> Response:
    """A file of the page. Under an address with the version of the set it never changes.

    Any other address gives what is newest, which is soon asked for again: a page from before an update, or from a
    replica that is still to be updated, works on.
    """
    version, name = assets.split(path)
    file = assets.files().get(name)
    if file is None:
        raise NotFound
    response = Response(file.content, mimetype=_MIMETYPES.get(Path(name).suffix, "text/plain"))
    if version != assets.version():
        return headers.cached(response, 0, file.version)
    response.cache_control.immutable = True
    return headers.cached(response, _A_YEAR_S, file.version)


@pages.app_template_global()
def asset(name: str) -> str:
    """The address of a file of the page, with the version of the set."""
    return url_for("pages.static", path=f"{assets.version()}/{name}")


_A_YEAR_S = 31_536_000
_MIMETYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def _page(template: str, **values: Any) -> Response:
    response = Response(render_template(template, version=__version__, **values), mimetype="text/html")
    response.headers["Content-Security-Policy"] = POLICY
    return headers.cached(response, 0)


def _example() -> str:
    return (
        f"curl -s {request.host_url.rstrip('/')}{request.script_root}/v1/trips "
        "-H 'Content-Type: application/json' \\\n"
        '     -d \'{"location": "42.55,1.53", "drive_km": 20, "hike_km": 12, "alternatives": 3}\''
    )
