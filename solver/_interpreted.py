"""Stands in for Cython's `cython` module where Cython is not installed: the kernel then runs as plain Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

compiled = False


def _same(thing: Any) -> Any:
    return thing


def _decorator(*_values: object, **_directives: object) -> Callable[[Any], Any]:
    return _same


class _NoGil:
    """Both `@nogil` and `with nogil:`."""

    def __call__(self, thing: Any) -> Any:
        return thing

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_error: object) -> None:
        return None


nogil = _NoGil()
cclass = _same
cfunc = _same
inline = _same
exceptval = _decorator
boundscheck = _decorator
wraparound = _decorator
