"""What every answer carries besides its body: times, protection, who may read it, how long it keeps."""

from __future__ import annotations

import gzip
from collections.abc import Collection, Mapping
from typing import cast

from flask import Response, request

from loopgenie.instance import Arrival

_SMALL = 1000  # bytes; less is not worth compressing
_COMPRESSIBLE = ("application/", "text/", "image/svg+xml")
_PROTECTION = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",  # pages bring their own
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_A_YEAR = "max-age=31536000"  # of TLS only, once a browser has seen us by TLS


def preflight() -> Response | None:
    """The answer to a browser that asks what it may ask; `share` adds what is allowed."""
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        return Response(status=204)
    return None


def tell_time(
    response: Response,
    stages: Mapping[str, float],
    *,
    total_s: float,
    origin: str | None = None,
    arrival: Arrival | None = None,
) -> None:
    """Server-Timing: seconds by stage, where the answer came from, which process it was, and the whole.

    The first answer of a process, health checks apart, has `cold`: how long after the app was built its request came.
    """
    entries = [f"{name};dur={1000 * seconds:.1f}" for name, seconds in stages.items() if name != "total"]
    if origin:
        entries.append(f'answer;desc="{origin}"')
    if arrival:
        entries.append(f'app;desc="{arrival.instance}"')
        if arrival.cold_s is not None:
            entries.append(f'cold;desc="first";dur={1000 * arrival.cold_s:.1f}')
    response.headers["Server-Timing"] = ", ".join([*entries, f"total;dur={1000 * total_s:.1f}"])


def protect(response: Response) -> None:
    """Nothing that a browser could be talked into."""
    for name, value in _PROTECTION.items():
        response.headers.setdefault(name, value)
    if request.is_secure:  # on a plain answer browsers must not heed it (RFC 6797, 8.1)
        response.headers.setdefault("Strict-Transport-Security", _A_YEAR)


def share(response: Response, allowed: Collection[str]) -> None:
    """Tell browsers which other sites' pages may read the answer: none unless `allowed`, `*` for all."""
    origin = request.headers.get("Origin")
    if not allowed or origin is None:
        return
    if "*" not in allowed:
        response.vary.add("Origin")
        if origin not in allowed:
            return
    response.headers["Access-Control-Allow-Origin"] = "*" if "*" in allowed else origin
    response.headers["Access-Control-Expose-Headers"] = "Server-Timing, Content-Location, Retry-After, ETag"
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = "GET, HEAD, POST, OPTIONS"
        response.headers["Access-Control-Allow-Headers"] = "Content-Type"
        response.headers["Access-Control-Max-Age"] = "86400"


def strip(response: Response) -> None:
    """Take off the type of a body that there is none of: the answer to OPTIONS is in its headers."""
    if request.method == "OPTIONS" and response.status_code < 300:
        response.headers.pop("Content-Type", None)


def fresh(response: Response) -> Response:
    """Let nobody keep it."""
    response.cache_control.no_store = True
    return response


def cached(response: Response, seconds: int, etag: str | None = None) -> Response:
    """Let the client keep an answer for some seconds, and then ask whether it is still good."""
    if etag is None:
        response.add_etag(weak=True)
    else:
        response.set_etag(etag, weak=True)
    response.cache_control.public = True
    if seconds:
        response.cache_control.max_age = seconds
    else:
        response.cache_control.no_cache = True
    answer = cast(Response, response.make_conditional(request))
    answer.headers.pop("Date", None)  # the server sets it, once
    return answer


def takes_gzip() -> bool:
    """Whether the client reads compressed answers."""
    return request.accept_encodings["gzip"] > 0


def compress(response: Response) -> Response:
    """Make it smaller where that helps and the client agrees."""
    if response.status_code != 200 or "Content-Encoding" in response.headers:
        return response
    if not (response.mimetype or "").startswith(_COMPRESSIBLE):
        return response
    response.vary.add("Accept-Encoding")
    if request.method == "HEAD" or not takes_gzip():
        return response
    response.direct_passthrough = False
    data = response.get_data()
    if len(data) >= _SMALL:
        response.set_data(gzip.compress(data, compresslevel=5, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
        etag, _ = response.get_etag()
        if etag:
            response.set_etag(etag, weak=True)
    return response
