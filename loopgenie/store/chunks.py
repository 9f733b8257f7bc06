"""Many records, a few at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

Record = TypeVar("Record")


def chunks(records: Iterable[Record], size: int) -> Iterator[list[Record]]:
    """Lists of at most `size` records, one after the other."""
    rest = iter(records)
    while chunk := list(islice(rest, size)):
        yield chunk
