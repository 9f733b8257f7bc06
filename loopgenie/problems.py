"""Errors as problem documents (RFC 9457): one table, one handler, never a traceback, never HTML to a JSON client."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException

from loopgenie import errors

MIMETYPE = "application/problem+json"


class Kind(NamedTuple):
    """A kind of problem: what its page says."""

    status: int
    title: str
    meaning: str


def _of(error: type[errors.LoopGenieError], meaning: str) -> tuple[str, Kind]:
    return error.slug, Kind(error.status, error.title, meaning)


#: Everything that `type` may point at, by the last part of its address.
KINDS: dict[str, Kind] = dict(
    (
        _of(
            errors.BadInput,
            "The body is not the JSON that the address expects. Send one object, encoded as UTF-8, in which no name "
            "stands twice.",
        ),
        _of(
            errors.InvalidParameters,
            "`errors` lists each field with its value and what would be right. Nothing is cut down to fit silently.",
        ),
        _of(
            errors.PlaceNotFound,
            "No place in the data has that name. `near_matches` lists names that resemble it. A position, as in "
            "“42.55,1.53” (latitude first), always works.",
        ),
        _of(errors.NotFound, "There is nothing at this address. The documentation lists what there is."),
        _of(
            errors.NoLoopInReach,
            "`detail` says why. `nearest_lengths_m` are lengths of loops that do exist, `relax` lists changes to the "
            "request that would help, and `proven` tells whether it is certain that there is none.",
        ),
        _of(errors.Busy, "Other requests are being worked on. Try again after the seconds in Retry-After."),
        _of(
            errors.TrailsUnavailable,
            "The trail database does not answer, or no region has been imported yet. Try again after the seconds in "
            "Retry-After.",
        ),
        _of(errors.LoopGenieError, "This is a fault in LoopGenie. It has been written to the log of the service."),
        (
            "method-not-allowed",
            Kind(405, "That method does not work here", "The header Allow lists the methods that do."),
        ),
        ("too-large", Kind(413, "The body is too large", "A request has at most 64 kB.")),
        (
            "unsupported-media-type",
            Kind(415, "The body is of the wrong type", "Send JSON with the header Content-Type: application/json."),
        ),
        ("bad-request", Kind(400, "The request cannot be read", "It does not follow the rules of HTTP.")),
    )
)

_SLUG_OF_STATUS = {404: "not-found", 405: "method-not-allowed", 413: "too-large", 415: "unsupported-media-type"}


def register(app: Flask) -> None:
    """Have every error of an app told as a problem document."""
    app.register_error_handler(errors.LoopGenieError, _known)
    app.register_error_handler(HTTPException, _of_http)
    app.register_error_handler(Exception, _unexpected)


def problem(
    slug: str,
    detail: str,
    *,
    status: int | None = None,
    members: Mapping[str, object] | None = None,
    retry_after_s: int | None = None,
) -> Response:
    """A problem document; `members` are further members of it."""
    kind = KINDS[slug]
    status = status or kind.status
    document = {
        "type": f"{request.script_root}/docs/errors/{slug}",
        "title": kind.title,
        "status": status,
        "detail": detail,
        **(members or {}),
    }
    response = Response(json.dumps(document, ensure_ascii=False), status, mimetype=MIMETYPE)
    response.cache_control.no_store = True
    if retry_after_s is not None:
        response.headers["Retry-After"] = str(retry_after_s)
    return response


def _known(error: errors.LoopGenieError) -> Response:
    if error.status >= 500:
        current_app.logger.warning("%s: %s", type(error).__name__, error.detail)
    wait = getattr(error, "retry_after_s", None)
    return problem(error.slug, error.public_detail, status=error.status, members=error.members(), retry_after_s=wait)


def _of_http(error: HTTPException) -> Response:
    code = error.code or 500
    if code < 400:  # a redirect
        return error.get_response()  # type: ignore[return-value]
    slug = _SLUG_OF_STATUS.get(code, "bad-request" if code < 500 else "internal")
    response = problem(slug, _detail(code, error), status=code)
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response


def _detail(code: int, error: HTTPException) -> str:
    if code == 404:
        return f"There is nothing at {request.path[:200]}; the documentation is at {request.script_root}/docs."
    if code == 405:
        return f"{request.method} does not work at {request.path[:200]}."
    if code == 413:
        return f"The body is larger than the {(current_app.config['MAX_CONTENT_LENGTH'] or 0) // 1024} kB allowed."
    return error.description or error.name


def _unexpected(error: Exception) -> Response:
    current_app.logger.error("%s %s failed", request.method, request.path, exc_info=error)
    return problem("internal", "LoopGenie failed on this request; the fault has been logged.")
