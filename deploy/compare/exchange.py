"""One HTTP exchange with a target of which nothing is known: bounded in time and size, and what fails is told in words.

An answer may come compressed, as to a browser. No redirect is followed: another address would be another target, and
its time two answers' time. No cookie is kept: some balancers bind who brings theirs to one unit.
"""

from __future__ import annotations

import asyncio
import socket
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import aiohttp

#: Longer than any answer takes; who waits longer has gone.
TIMEOUT_S = 30.0
#: Why there was no answer, where it did not come in time.
TIMEOUT = "timeout"
#: More is not read, nor unpacked; a thousand trailheads, or three loops with all their points, are less than 1 MB.
LARGEST = 10_000_000

_TOO_LARGE = f"the answer is larger than {LARGEST // 1_000_000} MB"
_SHOWN = 160  # characters of what a target says that are kept
_HEADERS = {"Accept": "application/geo+json", "Accept-Encoding": "gzip"}


class Unanswered(Exception):
    """There was no answer; says why, alike for all of a kind."""


class Unreadable(Exception):
    """There was an answer, and it cannot be read; says why."""


class Answer(NamedTuple):
    """What came: names of headers in small letters, and the body as it came over the wire."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def text(self) -> bytes:
        """The body, unpacked.

        Raises
        ------
        Unreadable : it is too large, cut, or coded as nobody asked for.
        """
        coding = self.headers.get("content-encoding", "")
        if len(self.body) > LARGEST:
            raise Unreadable(_TOO_LARGE)
        if coding in ("", "identity"):
            return self.body
        if coding != "gzip":
            raise Unreadable(f"the answer is coded as {short(coding)}, which was not asked for")
        packed = zlib.decompressobj(wbits=31)
        try:
            text = packed.decompress(self.body, LARGEST + 1)
        except zlib.error:
            raise Unreadable("the answer is no whole gzip") from None
        if len(text) > LARGEST:
            raise Unreadable(_TOO_LARGE)
        if not packed.eof:
            raise Unreadable("the answer is no whole gzip")
        return text


def session(*, kept: bool = False) -> aiohttp.ClientSession:
    """What to ask through, for `async with`; a connection for each request unless they are kept."""
    import aiohttp

    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, force_close=not kept),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),  # `exchange` has its own
        auto_decompress=False,  # what counts is what came over the wire
        headers=_HEADERS,
    )


async def exchange(
    through: aiohttp.ClientSession, url: str, *, body: Mapping[str, object] | None = None, timeout_s: float = TIMEOUT_S
) -> Answer:
    """GET, or POST of a body as JSON.

    Parameters
    ----------
    through : of `session`.
    url : of the resource.
    body : what to post.
    timeout_s : until the last byte is there.

    Raises
    ------
    Unanswered : it is refused, reset, cut, not HTTP, no URL, or not there in time.
    """
    import aiohttp

    method = "GET" if body is None else "POST"
    try:
        async with (
            asyncio.timeout(timeout_s),
            through.request(method, url, json=body and dict(body), allow_redirects=False) as answer,
        ):
            read = bytearray()
            async for part in answer.content.iter_any():
                read += part
                if len(read) > LARGEST:
                    answer.close()
                    break
            headers = {name.lower(): _writable(value) for name, value in answer.headers.items()}
            return Answer(answer.status, headers, bytes(read))
    except TimeoutError:
        raise Unanswered(TIMEOUT) from None
    except (OSError, aiohttp.ClientError, ValueError) as error:
        raise Unanswered(_in_words(error)) from None


def _in_words(error: Exception) -> str:
    """A failed connection in a word or two, alike for all of its kind."""
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, socket.gaierror):
        return "no such host"
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        return "connection reset"
    import aiohttp

    if isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientPayloadError):
        return "connection closed before the answer was whole"
    if isinstance(error, aiohttp.InvalidURL):
        return "its address is no URL"
    if isinstance(error, aiohttp.ClientResponseError):
        return "what answers does not speak HTTP"
    # aiohttp puts the system's own error inside
    inside = error.__cause__ or getattr(error, "os_error", None)
    if isinstance(inside, Exception) and inside is not error:
        return _in_words(inside)
    return f"{type(error).__name__}: {short(str(error))}"


def short(text: str) -> str:
    """In one line that is not too long."""
    words = _writable(" ".join(text.split()))
    return words if len(words) <= _SHOWN else f"{words[: _SHOWN - 1]}…"


def _writable(text: str) -> str:
    """Without halves of characters, which no file takes."""
    return text.encode("utf-8", "replace").decode()
