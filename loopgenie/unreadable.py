"""What gunicorn says to a request that it cannot read as HTTP: a problem document like all others, not HTML.

This module is gunicorn's configuration (`--config=python:loopgenie.unreadable`). Such a request never gets to the app.
"""

from __future__ import annotations

import json
import socket

from loopgenie.problems import KINDS, MIMETYPE

#: The longest request line in bytes; the longest permalink needs half of it.
limit_request_line = 8190

_DETAILS = {
    400: "The request is not HTTP as RFC 9112 has it; an address holds other letters than ASCII as %XX.",
    414: f"The address is too long; method and address together have at most {limit_request_line} bytes.",
    431: "The header fields are too many or too long.",
}


def post_worker_init(_worker: object) -> None:
    """Have a worker answer with `write_problem` where gunicorn would write HTML."""
    from gunicorn import util  # type: ignore[import-untyped]

    util.write_error = write_problem


def write_problem(client: socket.socket, status: int, reason: str, _message: str) -> None:
    """Send a problem document and nothing of what the client has sent."""
    kind = "bad-request" if status < 500 else "internal"
    body = {
        "type": f"/docs/errors/{kind}",
        "title": KINDS[kind].title,
        "status": status,
        "detail": _DETAILS.get(status, KINDS[kind].meaning),
    }
    text = json.dumps(body)
    head = (
        f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\nContent-Type: {MIMETYPE}\r\n"
        f"Cache-Control: no-store\r\nContent-Length: {len(text)}\r\n\r\n"
    )
    client.sendall((head + text).encode("ascii"))
