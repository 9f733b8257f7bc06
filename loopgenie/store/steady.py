"""Questions that take a store several queries, and are asked again when an import came in between."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from loopgenie.store import Snapshot


class HasSnapshot(Protocol):
    """A store, as far as this module is concerned."""

    def snapshot(self) -> Snapshot:
        """What is in the store."""
        ...


Store = TypeVar("Store", bound=HasSnapshot)
Parameters = ParamSpec("Parameters")
Answer = TypeVar("Answer")


def steady(
    question: Callable[Concatenate[Store, Parameters], Answer],
) -> Callable[Concatenate[Store, Parameters], Answer]:
    """Make a method of a store answer from one snapshot: no snapshot's id is ever used again."""

    @wraps(question)
    def asked(store: Store, /, *values: Parameters.args, **named: Parameters.kwargs) -> Answer:
        while True:
            before = store.snapshot().id
            answer = question(store, *values, **named)
            if store.snapshot().id == before:
                return answer

    return asked
