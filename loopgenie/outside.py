"""Questions to another server over HTTP: an answer in time and of bounded size, or an error that says why."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from http.client import HTTPException
from typing import Any, TypeVar
from urllib.error import HTTPError, URLError
from urllib.parse import urljoin, urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

_T = TypeVar("_T")

_PIECE = 16 * 1024


class NoAnswer(Exception):
    """There is no answer; the text says why, to go on after "it did not answer: "."""


class _SameServer(HTTPRedirectHandler):
    """Follows a server to another of its own pages, and nowhere else."""

    def redirect_request(self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Request | None:
        old, new = urlsplit(req.full_url), urlsplit(urljoin(req.full_url, newurl))
        if (old.scheme, old.netloc) != (new.scheme, new.netloc):
            fp.close()
            raise NoAnswer("it sends us to another server")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def get_json(url: str, *, headers: Mapping[str, str], timeout_s: float, max_bytes: int) -> Any:
    """What the server has at `url`, asked directly, without any proxy.

    Parameters
    ----------
    timeout_s : how long all of it may take, the look-up of the server's name and a dripping answer included.
    max_bytes : how long the answer may be.

    Raises
    ------
    NoAnswer : none in time, none that is JSON, too long a one, or an error of the server.
    """
    try:
        return aside(lambda: _got(url, headers, timeout_s, max_bytes)).result(timeout_s)
    except TimeoutError:
        raise NoAnswer(f"nothing within {timeout_s:g} s") from None


def aside(work: Callable[[], _T]) -> Future[_T]:
    """What `work` comes to, in a thread that keeps nobody waiting: looking up a name may outlast any timeout."""
    future: Future[_T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, name="outside", daemon=True).start()
    return future


def _got(url: str, headers: Mapping[str, str], timeout_s: float, max_bytes: int) -> Any:
    until = time.monotonic() + timeout_s
    request = Request(url, headers=dict(headers))  # noqa: S310 - http(s), as the settings see to
    try:
        with build_opener(_SameServer, ProxyHandler({})).open(request, timeout=timeout_s) as response:
            return json.loads(body_of(response, max_bytes=max_bytes, until=until))
    except HTTPError as error:
        with error:
            raise NoAnswer(f"HTTP status {error.code}") from None
    except TimeoutError:
        raise NoAnswer(f"nothing within {timeout_s:g} s") from None
    except (URLError, OSError, HTTPException) as error:
        raise NoAnswer(_reason(error)) from None
    except (ValueError, RecursionError):
        raise NoAnswer("what came is no JSON") from None


def _reason(error: Exception) -> str:
    cause = error.reason if isinstance(error, URLError) else error
    if isinstance(cause, TimeoutError):
        return "nothing in time"
    return (isinstance(cause, OSError) and cause.strerror) or "the connection broke"


def body_of(response: Any, *, max_bytes: int, until: float) -> bytes:
    """The body of an answer; raises `NoAnswer` where it is too long, or not there `until` then (`time.monotonic`)."""
    parts, size = [], 0
    while part := response.read1(_PIECE):
        parts.append(part)
        size += len(part)
        if size > max_bytes:
            raise NoAnswer(f"more than {max_bytes:,} bytes")
        if time.monotonic() > until:
            raise NoAnswer("it takes too long")
    return b"".join(parts)
