"""The one conformance suite, in every home of the data."""

from collections.abc import Callable

import pytest
from test_store_conformance import *  # noqa: F403 - all its tests and fixtures but the next one

from loopgenie.store import TrailStore, open_store


@pytest.fixture(scope="module", params=["sqlite", "postgis"])
def empty_store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], TrailStore]:
    if request.param == "sqlite":
        return lambda: open_store(f"sqlite:///{tmp_path_factory.mktemp('store') / 'trails.db'}")
    empty_database = request.getfixturevalue("empty_database")
    return lambda: open_store(empty_database())
