"""LoopGenie: closed hiking loops of the length you ask for, on the real trail network."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from loopgenie.config import Settings
    from loopgenie.store import TrailStore

__version__ = "0.1.0"


def create_app(settings: Settings | None = None, store: TrailStore | None = None) -> Flask:
    """Build the web application; nothing is opened or read before the first request.

    Parameters
    ----------
    settings : the configuration; from the environment if not given.
    store : the trails; opened from the settings' database URL, when first needed, if not given.
    """
    from loopgenie.api import build_app  # here, so that importing loopgenie does not import Flask

    return build_app(settings, store)
