"""Stands in until the real one is there."""

from __future__ import annotations

from typing import Any


class Calendar:
    """Nothing is closed."""

    def closed_on(self, day: Any) -> dict[int, Any]:
        """Nothing."""
        return {}


def calendar_in(store: Any, snapshot: Any, box: Any) -> Calendar:
    """Nothing."""
    return Calendar()
