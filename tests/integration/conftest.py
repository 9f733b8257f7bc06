"""A PostgreSQL server with PostGIS of its own for these tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest

HERE = Path(__file__).parent
sys.path += [str(HERE), str(HERE.parent / "unit")]  # the conformance suite is one for every home of the data
pytest.register_assert_rewrite("test_store_conformance")

from postgres_server import Server, as_user, programs  # noqa: E402

INSTALL = "apt-get install postgresql postgresql-15-postgis-3 (any version from 13 on)"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.integration)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    found = programs()
    if found is None:
        pytest.skip(f"no PostgreSQL here: {INSTALL}")
    folder = Path(tempfile.mkdtemp(prefix="loopgenie-pg-", dir="/tmp"))  # a socket's path must be short
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    made = Server(folder, found, as_user())
    try:
        initdb = [*made.as_user, found / "initdb", "-D", folder / "data", "-U", "owner"]
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
