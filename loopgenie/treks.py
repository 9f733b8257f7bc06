"""Stands in."""

from __future__ import annotations

from typing import Any


def plan_treks(*_: Any) -> Any:
    """Stands in."""
    raise NotImplementedError
