"""How many answers are kept, and those kept in memory, for a store that cannot be written."""

from __future__ import annotations

import threading
from collections import OrderedDict

#: Answers kept in the database, and in memory where it cannot be written; the oldest go first.
IN_DATABASE = 1000
IN_MEMORY = 200


class KeptAnswers:
    """The latest answers, each of one snapshot of the data; may be used by several threads."""

    def __init__(self) -> None:
        self._answers: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def __bool__(self) -> bool:
        return bool(self._answers)

    def keep(self, snapshot: str, key: str, answer: bytes) -> None:
        """Remember an answer, and forget the oldest where there are too many."""
        with self._lock:
            self._answers[snapshot, key] = answer
            self._answers.move_to_end((snapshot, key))
            while len(self._answers) > IN_MEMORY:
                self._answers.popitem(last=False)

    def find(self, snapshot: str, key: str) -> bytes | None:
        """The answer kept under this key for this snapshot."""
        with self._lock:
            return self._answers.get((snapshot, key))
