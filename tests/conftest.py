"""What all tests share."""

import os
from pathlib import Path

import pytest

DATA = Path(os.environ.get("LOOPGENIE_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture(scope="session")
def trail_data() -> Path:
    """The folder of real trail files; tests that need it are skipped where it is absent."""
    if not DATA.is_dir():
        pytest.skip(f"no real trail files at {DATA} (set LOOPGENIE_TEST_DATA)")
    return DATA
