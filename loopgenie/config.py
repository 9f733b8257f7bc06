"""The settings: read from the environment here and nowhere else. `.env.example` lists them all.

Each may come from a file instead, which is how container engines hand over secrets: LOOPGENIE_DATABASE_URL_FILE names
the file that holds what LOOPGENIE_DATABASE_URL would.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from loopgenie.errors import InvalidParameters

PREFIX = "LOOPGENIE_"
DRIVE_ENGINE = "http://HOST:PORT of a Valhalla or OSRM server, valhalla+http:// or osrm+http:// to say which"
GEOCODER = "http://HOST/search or the like of a Nominatim server"
CACHE = "redis://[:PASSWORD@]HOST:PORT/0, or rediss:// for one that is encrypted"
DATABASE = "sqlite:///FILE or postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
#: No setting: `loopgenie serve` puts a name of the server there, the same for all of its workers.
SERVER = f"{PREFIX}SERVER"
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


def user_database_url(environment: Mapping[str, str]) -> str:
    """The database in the user's data folder, for where none is named (XDG Base Directory Specification 0.8)."""
    folder = environment.get("XDG_DATA_HOME", "")
    base = Path(folder) if Path(folder).is_absolute() else Path("~/.local/share").expanduser()
    return f"sqlite:///{base / 'loopgenie' / 'loopgenie.db'}"


def _setting(default: Any, about: str, unit: str = "", *, low: int = 0, high: int = 0, secret: bool = False) -> Any:
    # An address may hold a password, which must not be in a log.
    metadata = {"about": about, "unit": unit, "low": low, "high": high, "secret": secret}
    return field(default=default, repr=default != "", metadata=metadata)


@dataclass(frozen=True)
class Settings:
    """How this process runs. Each field is the variable LOOPGENIE_ + its name in capitals."""

    database_url: str = _setting(
        "", f"where the trails are: {DATABASE}; empty: a file in the user's data folder", secret=True
    )
    database_connections: int = _setting(
        8, "connections of one worker to a PostgreSQL server, at most", low=1, high=256
    )
    database_timeout_s: int = _setting(5, "how long one question to that server may take", "s", low=1, high=600)
    host: str = _setting("127.0.0.1", "address to listen on; 0.0.0.0 for all")
    port: int = _setting(8000, "port to listen on", low=0, high=65535)
    workers: int = _setting(1, "worker processes; each keeps its own cache of networks", low=1, high=64)
    threads: int = _setting(8, "requests that one worker serves at the same time", low=1, high=256)
    request_timeout_s: int = _setting(60, "a worker that is silent for longer is replaced", "s", low=1, high=3600)
    cors_origins: tuple[str, ...] = _setting(
        (), "origins whose pages may ask, separated by commas; * for all; empty: only this one"
    )
    trusted_proxies: int = _setting(0, "reverse proxies in front whose X-Forwarded headers are believed", high=10)
    searches_at_once: int = _setting(2, "searches that one worker does at the same time; the rest wait", low=1, high=64)
    patience_s: int = _setting(15, "how long a request waits for its turn before it is told 503", "s", low=1, high=600)
    drive_engine_url: str = _setting("", f"{DRIVE_ENGINE}; empty: drives are estimated")
    drive_timeout_s: int = _setting(2, "how long one answer of that server may take", "s", low=1, high=60)
    geocoder_url: str = _setting("", f"{GEOCODER}, asked for places that nobody here knows; empty: nobody is asked")
    geocoder_timeout_s: int = _setting(2, "how long one answer of the geocoder may take", "s", low=1, high=60)
    cache_url: str = _setting(
        "", f"Redis server through which replicas share their answers: {CACHE}; empty: none", secret=True
    )
    static_folder: str = _setting(
        "", "folder to write the files of the page to, for a web server in front; empty: they are only served from here"
    )
    log_level: str = _setting("INFO", f"one of {', '.join(LOG_LEVELS)}")

    @staticmethod
    def from_environment(environment: Mapping[str, str] | None = None) -> Settings:
        """The settings as the environment has them; what is not there or empty has its default.

        Raises
        ------
        InvalidParameters : a variable has a value that makes no sense, or names a file that cannot be read.
        """
        environment = os.environ if environment is None else environment
        values: dict[str, object] = {"database_url": user_database_url(environment)}
        wrong: dict[str, str] = {}
        for one in fields(Settings):
            try:
                text = _text(one.name, environment)
                if text:
                    values[one.name] = _value(one, text)
            except _Unreadable as error:
                wrong[file_variable(one.name)] = str(error)
            except ValueError as error:
                wrong.update(_wrong(one, error, environment))
        if wrong:
            raise InvalidParameters(wrong)
        return Settings(**values)  # type: ignore[arg-type]


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.upper()


def file_variable(name: str) -> str:
    """The environment variable that names a file with the value of a setting."""
    return f"{variable(name)}_FILE"


class _Unreadable(Exception):
    """The file that a variable names is of no use; the text says why, and never what is in it."""


def _text(name: str, environment: Mapping[str, str]) -> str:
    """What the environment, or a file that it names, says of a setting; empty where it says nothing."""
    text, file = (environment.get(n, "").strip() for n in (variable(name), file_variable(name)))
    if not file:
        return text
    if text:
        raise _Unreadable(f"is set, and {variable(name)} is, too; want one of them")
    try:
        text = Path(file).read_text("utf-8").strip()
    except OSError as error:
        raise _Unreadable(f"is {file!r}, which cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise _Unreadable(f"is {file!r}, which is no text in UTF-8") from None
    if not text:  # a secret that did not arrive: the default would hide it
        raise _Unreadable(f"is {file!r}, which is empty")
    return text


def _wrong(setting: Field[Any], why: ValueError, environment: Mapping[str, str]) -> dict[str, str]:
    """What is wrong by variable: with the value, unless it comes from a file or may hold a password."""
    if file := environment.get(file_variable(setting.name), "").strip():
        return {file_variable(setting.name): f"is {file!r}, which holds something else than {why}"}
    text = environment[variable(setting.name)].strip()
    shown = "wrong (not shown, as it may hold a password)" if setting.metadata["secret"] else repr(text)
    return {variable(setting.name): f"is {shown}, want {why}"}


def _value(setting: Field[Any], text: str) -> object:
    """The value that a text stands for; raises `ValueError` with what would be right."""
    if isinstance(setting.default, int):
        low, high = setting.metadata["low"], setting.metadata["high"]
        if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
            raise ValueError(f"a whole number from {low} to {high}")
        return int(text)
    if isinstance(setting.default, tuple):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if setting.name == "log_level":
        if text.upper() not in LOG_LEVELS:
            raise ValueError(setting.metadata["about"])
        return text.upper()
    if setting.name == "drive_engine_url" and not _is_address(text):
        raise ValueError(DRIVE_ENGINE)
    if setting.name == "geocoder_url" and not _is_page(text):
        raise ValueError(GEOCODER)
    if setting.name == "cache_url" and not _is_cache(text):
        raise ValueError(CACHE)
    return text


def _with_server(url: str) -> SplitResult | None:
    """The parts of an address that names a server, with a port that can be asked; None of any other text."""
    try:
        parts = urlsplit(url)
        return parts if parts.hostname and parts.port != 0 else None
    except ValueError:
        return None


def _is_cache(url: str) -> bool:
    """Whether it is the address of a Redis server and no more; a question in it could change how we ask."""
    parts = _with_server(url)
    if parts is None:
        return False
    known = parts.scheme in ("redis", "rediss") and re.fullmatch(r"(/\d{0,4})?", parts.path)
    return bool(known and not re.search(r"[?#]|[^!-~]", url))


def _is_page(url: str) -> bool:
    """Whether it is the address of a page, which may hold a question, but no user and no part of the page."""
    parts = _with_server(url)
    if parts is None:
        return False
    extra = parts.fragment or parts.username or re.search(r"[^!-~]", url)
    return bool(parts.scheme in ("http", "https") and not extra)


def _is_address(url: str) -> bool:
    """Whether it is the address of a server and no more: no user, no question, nothing that is no address at all."""
    parts = _with_server(url)
    if parts is None:
        return False
    kinds = {f"{kind}{scheme}" for kind in ("", "valhalla+", "osrm+") for scheme in ("http", "https")}
    extra = parts.query or parts.fragment or parts.username or re.search(r"[^!-~]", url)
    return bool(parts.scheme in kinds and not extra)


def example() -> str:
    """The text of `.env.example`."""
    lines = [
        "# LoopGenie's settings with their defaults. Copy this file to .env and change what you need.\n"
        "# A value may come from a file, too: LOOPGENIE_DATABASE_URL_FILE=/run/secrets/database_url\n"
    ]
    for one in fields(Settings):
        unit = f" ({one.metadata['unit']})" if one.metadata["unit"] else ""
        default = ",".join(one.default) if isinstance(one.default, tuple) else one.default
        lines.append(f"# {one.metadata['about']}{unit}\n{variable(one.name)}={default}\n")
    return "\n".join(lines)
