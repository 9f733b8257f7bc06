"""A PostgreSQL server with PostGIS of its own for these tests: started in a temporary folder, reached by a socket."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import psycopg2
import pytest

UNIT_TESTS = Path(__file__).parents[1] / "unit"
sys.path.append(str(UNIT_TESTS))  # the conformance suite is one for every home of the data
pytest.register_assert_rewrite("test_store_conformance")

INSTALL = "apt-get install postgresql postgresql-15-postgis-3 (any version from 13 on)"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.integration)


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

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(2)  # SIGINT: does not wait for clients
            self.process.wait(timeout=30)
            self.process = None

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


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


def _as_user() -> list[str]:
    """A server ends with the tests, however they end, and is never run by the superuser."""
    words = ["setpriv", "--pdeathsig", "INT"]
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        words += [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    return words


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    programs = _programs()
    if programs is None:
        pytest.skip(f"no PostgreSQL here: {INSTALL}")
    folder = Path(tempfile.mkdtemp(prefix="loopgenie-pg-", dir="/tmp"))  # a socket's path must be short
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    made = Server(folder, programs, _as_user())
    try:
        initdb = [*made.as_user, programs / "initdb", "-D", folder / "data", "-U", "owner"]
        subprocess.run(
            [*initdb, "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"], check=True, capture_output=True
        )
        made.start()
        _with_postgis(made)
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder)


def _with_postgis(made: Server) -> None:
    made.do("postgres", "CREATE DATABASE with_postgis")
    try:
        made.do("with_postgis", "CREATE EXTENSION postgis")
    except psycopg2.Error:
        pytest.skip(f"no PostGIS here: {INSTALL}")


@pytest.fixture(scope="session")
def empty_database(server: Server) -> Callable[[], str]:
    """The URL of a new database with PostGIS and nothing else."""
    return lambda: server.url(server.empty_database())
