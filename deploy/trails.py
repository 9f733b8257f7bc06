"""Trails to deploy: a SQLite file of the operator's, or the sample region."""

from __future__ import annotations

import hashlib
import sqlite3
import subprocess
import sys
from pathlib import Path

from deploy import interpreters, wheels
from deploy.command import Failed, WrongUse, last_line
from loopgenie.errors import LoopGenieError
from loopgenie.store import open_store


def check(file: Path) -> None:
    """Check that a file holds trails.

    Raises
    ------
    WrongUse : it is not there, is no SQLite database of ours, or is empty.
    """
    how = f"make one with: loopgenie import FILE… --database sqlite:///{file}"
    if not file.is_file():
        raise WrongUse(f"--data: there is no file {file}; {how}")
    try:
        store = open_store(f"sqlite:///{file}")
        try:
            regions = store.snapshot().regions
        finally:
            store.close()
    except LoopGenieError as error:
        raise WrongUse(f"--data: {file} holds no trails: {error}") from None
    if not any(region.segments for region in regions):
        raise WrongUse(f"--data: {file} holds no trails; {how}")


def copy(source: Path, target: Path) -> Path:
    """Copy a file of trails as a whole, even while something writes to it; returns the copy."""
    with sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True) as there, sqlite3.connect(target) as here:
        there.backup(here)
    here.close()
    there.close()
    return target


def sample(target: Path) -> None:
    """Make a file of the sample region.

    Raises
    ------
    Failed : that did not work.
    """
    command = [sys.executable, "-m", "loopgenie", "sample", "--database", f"sqlite:///{target}"]
    environment = interpreters.clean_environment()
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=wheels.ROOT)
    if done.returncode:
        raise Failed(f"the sample region could not be made: {last_line(done.stderr)}")


def digest(file: Path) -> str:
    """Twelve hexadecimal digits that tell one file from another, with what was written last and stands beside it."""
    found = hashlib.sha256()
    for part in (file, Path(f"{file}-wal")):
        if part.exists():
            with part.open("rb") as read:
                while block := read.read(1 << 20):
                    found.update(block)
    return found.hexdigest()[:12]
