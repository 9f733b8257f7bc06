"""The service on the sample region, and Chromium to look at it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from werkzeug.serving import make_server

from loopgenie import create_app
from loopgenie.config import Settings
from loopgenie.store.sqlite import SqliteStore
from tests.browser.visit import Visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = os.environ.get("LOOPGENIE_CHROMIUM", "/usr/bin/chromium")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, without a window."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not Path(CHROMIUM).is_file():
        pytest.skip(f"no Chromium at {CHROMIUM} (set LOOPGENIE_CHROMIUM)")
    with playwright.sync_playwright() as running:
        chromium = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> SqliteStore:
    """The sample region in a database of its own."""
    from loopgenie.importing.sample import sample_region

    sample = SqliteStore(str(tmp_path_factory.mktemp("page") / "sample.db"))
    sample.replace_region(sample_region(seed=0, size=12))
    return sample


@pytest.fixture(scope="module")
def address(browser: Browser, store: SqliteStore) -> Iterator[str]:
    """A running service."""
    server = make_server("127.0.0.1", 0, create_app(Settings(), store), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def village(store: SqliteStore) -> str:
    """The name of a place to start from: the one with the most people."""
    [region] = store.snapshot().regions
    assert region.box is not None
    places = store.points_in(region.box, ("city", "town", "village"), 100)
    return max(places, key=lambda p: p.population or 0).name or ""


@pytest.fixture(params=["desktop", "phone", "dark"])
def visit(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[Visit]:
    """The page on a large screen, on a phone, and in the dark; nothing may go wrong on it."""
    phone = request.param == "phone"
    context = browser.new_context(
        viewport={"width": 390, "height": 844} if phone else {"width": 1360, "height": 860},
        has_touch=phone,
        color_scheme="dark" if request.param == "dark" else "light",
        accept_downloads=True,
    )
    seen = Visit(context.new_page())
    yield seen.open(address)
    context.close()
    assert seen.wrong == []
    assert seen.hosts == {urlsplit(address).netloc}


@pytest.fixture
def desk(browser: Browser, address: str) -> Iterator[Visit]:
    """The page on a large screen, for what brings problems on purpose."""
    context = browser.new_context(viewport={"width": 1360, "height": 860})
    yield Visit(context.new_page()).open(address)
    context.close()
