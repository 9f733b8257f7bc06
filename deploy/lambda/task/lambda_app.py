"""The app as Lambda starts it: with the trails that came in the package, unless the environment names others."""

import os
from pathlib import Path

TRAILS = Path(__file__).with_name("trails.db")

if "DATABASE_SECRET" in os.environ:
    from database_secret import database_url  # type: ignore[import-not-found]  # beside it in the package

    os.environ["LOOPGENIE_DATABASE_URL"] = database_url(os.environ["DATABASE_SECRET"])
elif TRAILS.exists():
    os.environ.setdefault("LOOPGENIE_DATABASE_URL", f"sqlite:///{TRAILS}")

from loopgenie.wsgi import app  # noqa: E402, F401 - after the database is known
