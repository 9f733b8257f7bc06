"""The pages for people: the map at `/`, the documentation of the API, and what each kind of error means."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from flask import Blueprint, Response, render_template, request, url_for
from werkzeug.exceptions import NotFound

from loopgenie import __version__, headers, problems

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


@pages.get("/favicon.ico")
def favicon() -> Response:
    """The sign of the page, for browsers that ask at the usual address."""
    return static("favicon.svg")


@pages.get("/static/<path:name>")
def static(name: str) -> Response:
    """A file of the page; under an address with its version it never changes."""
    file = _files().get(name)
    if file is None:
        raise NotFound
    is_versioned = request.args.get("v") == file.version
    return headers.cached(
        Response(file.content, mimetype=file.mimetype), 31_536_000 if is_versioned else 0, file.version
    )


@pages.app_template_global()
def asset(name: str) -> str:
    """The address of a file of the page, with its version."""
    return url_for("pages.static", name=name, v=_files()[name].version)


class _File(NamedTuple):
    content: bytes
    mimetype: str
    version: str


@cache
def _files() -> dict[str, _File]:
    """All files of the page, about 250 kB; read when first asked for. What is not among them cannot be asked for."""
    files = {}
    for path in sorted(p for p in STATIC.rglob("*") if p.is_file()):
        content = path.read_bytes()
        mimetype = _MIMETYPES.get(path.suffix, "text/plain")
        files[path.relative_to(STATIC).as_posix()] = _File(content, mimetype, hashlib.sha256(content).hexdigest()[:10])
    return files


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
