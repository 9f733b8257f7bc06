"""Whether a server is well, for the health checks of container engines; light, as it runs every few seconds.

A server has to be ready once, trails and all, so that an update waits for a replica that really answers. From then on
it is enough that it runs: were a lost database to make it ill, an engine would kill every replica at once. Nor is it
ill while it has more to do than it can: it may owe an answer for a minute, as to kill the busy leaves more to others.
"""

from __future__ import annotations

import json
import os
import re
import time
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from loopgenie.errors import BadInput

#: How long a server may take for one answer, in seconds; engines give the whole check 5 s or so.
TIMEOUT_S = 3.0

#: A server that was ready may be too busy to answer for so long, in seconds. One that hangs is found out then.
BUSY_S = 60.0

#: Longer answers are none of ours.
_LONGEST = 64 * 1024


class Unwell(Exception):
    """The server does not answer, or is not ready; the text says why."""


class Late(Unwell):
    """It is there, but does not answer in time."""


def check(url: str, *, folder: Path | None = None) -> str:
    """Ask a server how it is.

    Parameters
    ----------
    url : the address of its root, http://HOST:PORT.
    folder : where to remember that it was ready once; the folder for temporary files if not given.

    Returns
    -------
    What it says, in one line.

    Raises
    ------
    BadInput : the URL is no address of a server.
    Unwell : it does not answer, not even late, or has never been ready.
    """
    host, root = _parts(url)
    folder = folder or Path(os.environ.get("TMPDIR") or "/tmp")  # noqa: S108 - see _remember
    # by user, so that nobody finds the file of another one in the way
    marker = folder / f"loopgenie-ready-{os.getuid()}-{re.sub(r'[^A-Za-z0-9.-]', '-', host)}"
    try:
        server = str(_asked(host, f"{root}/healthz").get("server", ""))
    except Late:
        if _age_s(marker) > BUSY_S:
            raise
        return f"{url} is busy"
    if server and _remembered(marker) == server:
        with suppress(OSError):
            marker.touch()
        return f"{url} runs"
    _asked(host, f"{root}/readyz")
    try:
        _remember(marker, server)
    except OSError as error:
        return f"{url} is ready, but that cannot be remembered in {folder}: {error.strerror}"
    return f"{url} is ready"


def _parts(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
        good = parts.scheme == "http" and parts.hostname and not (parts.username or parts.query or parts.fragment)
        if not good or parts.port == 0 or re.search(r"[^!-~]", url):
            raise ValueError
    except ValueError:
        raise BadInput(f"--url is {url!r}, want http://HOST:PORT") from None
    return parts.netloc, parts.path.rstrip("/")


def _asked(host: str, path: str) -> dict[str, Any]:
    """What a server says at an address, as JSON; raises `Unwell`."""
    connection = HTTPConnection(host, timeout=TIMEOUT_S)
    try:
        connection.request("GET", path, headers={"Connection": "close"})
        answer = connection.getresponse()
        body = json.loads(answer.read(_LONGEST) or b"{}")
    except TimeoutError:
        raise Late(f"http://{host}{path} does not answer within {TIMEOUT_S:g} s") from None
    except OSError as error:
        raise Unwell(f"http://{host}{path} does not answer: {error.strerror or error}") from None
    except (HTTPException, ValueError):
        raise Unwell(f"http://{host}{path} does not answer as LoopGenie does") from None
    finally:
        connection.close()
    if answer.status != 200 or not isinstance(body, dict):
        said = body.get("detail", "") if isinstance(body, dict) else ""
        raise Unwell(f"http://{host}{path} answers with status {answer.status}. {said}".strip())
    return body


def _remembered(marker: Path) -> str:
    try:
        return marker.read_text("ascii")
    except (OSError, ValueError):
        return ""


def _age_s(marker: Path) -> float:
    try:
        return time.time() - marker.stat().st_mtime
    except OSError:
        return float("inf")


def _remember(marker: Path, server: str) -> None:
    """Write down which server was ready. It is one that started once: the next in its place has another name."""
    # the folder may be everybody's: a link that somebody else has put there is not followed
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    with open(os.open(marker, flags, 0o600), "w", encoding="ascii") as file:  # noqa: PTH123 - Path.open has no flags
        file.write(server)
