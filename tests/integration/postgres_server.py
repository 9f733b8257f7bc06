"""A PostgreSQL server of its own, reached by a socket in a temporary folder."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import psycopg2


@dataclass
class Server:
    """A running server. `as_user` are the words before a command that run it as somebody who may run a server."""

    folder: Path
    programs: Path
    as_user: list[str]
    process: subprocess.Popen[bytes] | None = None
    numbers: Iterator[int] = field(default_factory=count)

    def start(self) -> None:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": self.folder,
            "fsync": "off",
            "max_connections": 50,
            "shared_buffers": "128MB",
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*self.as_user, self.programs / "postgres", "-D", self.folder / "data", *options],
                stdout=log,
                stderr=log,
            )
        for _ in range(200):
            try:
                psycopg2.connect(self.url("postgres")).close()
                return
            except psycopg2.OperationalError:
                assert self.process.poll() is None, (self.folder / "log").read_text()
                time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text())

    def stop(self, how: int = signal.SIGINT) -> None:
        """End it: SIGINT does not wait for clients, SIGQUIT not even for itself."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(timeout=30)
            self.process = None

    def limit_files(self, size: int) -> None:
        """Limit how long a file (bytes) those may make who connect from now on; -1 for no limit."""
        assert self.process is not None
        limit = "unlimited" if size == -1 else size  # only the soft one, so that it can be raised again
        subprocess.run([*self.as_user, "prlimit", f"--pid={self.process.pid}", f"--fsize={limit}:"], check=True)

    def url(self, database: str, user: str = "owner", password: str = "") -> str:
        secret = f":{password}" if password else ""
        return f"postgresql://{user}{secret}@/{database}?host={self.folder}"

    def do(self, database: str, *statements: str) -> list[tuple[Any, ...]]:
        """What the superuser finds with the last of some statements."""
        connection = psycopg2.connect(self.url(database))
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def empty_database(self) -> str:
        """The name of a new database with PostGIS and nothing else."""
        name = f"trails_{next(self.numbers)}"
        self.do("postgres", f"CREATE DATABASE {name} TEMPLATE with_postgis")
        return name


def programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


def as_user() -> list[str]:
    """A server ends with the tests, however they end, and is never run by the superuser."""
    words = ["setpriv", "--pdeathsig", "INT"] if shutil.which("setpriv") else []
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        words += [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    return words
