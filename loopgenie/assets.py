"""The files of the page: one version for all of them together, and copies for a web server in front.

The version is part of their address, so that a file refers to another one by its plain relative name and gets the
one of its own set, and whoever has kept a file never needs to ask for it again.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

STATIC = Path(__file__).parent / "web" / "static"

#: A set that was last written or taken up so many seconds ago is deleted when another one is written: 30 days.
KEPT_S = 30 * 24 * 3600

#: A smaller file is not worth a compressed copy, in bytes.
_SMALL = 1000

_VERSION = re.compile("[0-9a-f]{12}")
_UNFINISHED = re.compile(r"\.[0-9a-f]{12}-.+")


class Asset(NamedTuple):
    """A file of the page, and a hash of what is in it."""

    content: bytes
    version: str


@cache
def files() -> Mapping[str, Asset]:
    """All files of the page by name, about 250 kB; read when first asked for."""
    found = {}
    for path in sorted(p for p in STATIC.rglob("*") if p.is_file()):
        content = path.read_bytes()
        found[path.relative_to(STATIC).as_posix()] = Asset(content, hashlib.sha256(content).hexdigest()[:12])
    return found


@cache
def version() -> str:
    """The version of the whole set: another name or other content gives another one."""
    listing = "".join(f"{name} {asset.version}\n" for name, asset in files().items())
    return hashlib.sha256(listing.encode()).hexdigest()[:12]


def split(path: str) -> tuple[str, str]:
    """The version that an address asks for, empty where it names none, and the name of the file."""
    first, _, rest = path.partition("/")
    return (first, rest) if _VERSION.fullmatch(first) else ("", path)


def write(folder: Path) -> Path:
    """Write the set to `folder`/VERSION, all of it or nothing, and delete old sets that lie there.

    Several processes may do so at once; a set that is there is left as it is. Beside each file that is worth it lies
    one of the same name with .gz at its end. Everybody may read them: the web server runs as somebody else.

    Returns
    -------
    The folder of the set.

    Raises
    ------
    OSError : it cannot be written.
    """
    target = folder / version()
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
    if target.is_dir():
        with suppress(PermissionError):  # somebody else has written it
            os.utime(target)  # it is in use, so it is not old
    else:
        _write_new(target)
    _delete_old(folder, keep=target)
    return target


def _write_new(target: Path) -> None:
    unfinished = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        for name, asset in files().items():
            _write_file(unfinished / name, asset.content)
            if len(asset.content) >= _SMALL:
                _write_file(unfinished / f"{name}.gz", gzip.compress(asset.content, mtime=0))
        for inner in (unfinished, *(p for p in unfinished.rglob("*") if p.is_dir())):
            inner.chmod(0o755)
        unfinished.rename(target)
    except OSError:
        shutil.rmtree(unfinished, ignore_errors=True)
        if not target.is_dir():  # else another process was faster, and its set is the same
            raise


def _write_file(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())  # a set that is there is believed to be whole, after a loss of power, too
    path.chmod(0o644)


def _delete_old(folder: Path, *, keep: Path) -> None:
    """Delete sets, and what was left unfinished, that are old; nothing else that may lie there."""
    for path in folder.iterdir():
        ours = _VERSION.fullmatch(path.name) or _UNFINISHED.fullmatch(path.name)
        if ours and path != keep and not path.is_symlink() and _age_s(path) > KEPT_S:
            shutil.rmtree(path, ignore_errors=True)  # another process may be deleting it, too


def _age_s(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
