"""Which names hold a text, and which resemble one: an index by groups of three letters.

For each group and each owner (a region, or the gazetteer) there is one list of the names that have it, four bytes a
name. Rows of their own would take four times the room (50 MB for a gazetteer, which has to fit a package for a
cloud function), and the indexes that databases bring along are not there everywhere (FTS5, pg_trgm) and rank
differently. These lists give the same answers in every home of the data.
"""

from __future__ import annotations

import sys
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

#: Texts shorter than this have no group of three letters of their own.
SHORTEST = 3

#: Under this name an owner keeps how many groups each of its names has.
SIZES = ""

#: A name is looked at when it has at least this share of the groups of what is asked.
SHARED = 0.3

#: Names and what is asked are compared up to so many letters, so that the number of groups fits a byte.
LONGEST = 80


class Posting(NamedTuple):
    """A row of the index: the names of one owner that have `gram`, as little-endian uint32."""

    gram: str
    owner: int
    numbers: bytes


class Alike(NamedTuple):
    """A name that resembles what is asked; `share` is 1.0 where all groups are the same."""

    share: float
    owner: int
    number: int


def parts(key: str) -> set[str]:
    """The groups of three letters inside a text: whatever holds the text has them all."""
    return _grams(key[:LONGEST])


def grams(key: str) -> set[str]:
    """The groups of three letters of a name; its beginning and its end count, too."""
    return _grams(f"  {key[:LONGEST]} ")


def text_after(key: str) -> str:
    """What comes right after all texts that begin with `key`, in the order of their letters' numbers."""
    return key + "\U0010ffff"


def _grams(text: str) -> set[str]:
    return {text[i : i + 3] for i in range(len(text) - 2)}


class NameIndex:
    """The lists of one owner, while it is imported."""

    def __init__(self) -> None:
        self._lists: dict[str, array[int]] = {}
        self._sizes = bytearray()
        self._known: set[str] = set()

    def add(self, number: int, key: str) -> None:
        """Enter the name of the record `number`; records come in order. Of several with one name the first counts."""
        if not key or key in self._known:
            return
        self._known.add(key)
        found = grams(key)
        for gram in found:
            self._lists.setdefault(gram, array("I")).append(number)
        self._sizes.extend(bytes(number - len(self._sizes)))
        self._sizes.append(len(found))

    def postings(self, owner: int) -> Iterator[Posting]:
        """The rows to keep, in the order of their key."""
        if self._known:
            yield Posting(SIZES, owner, bytes(self._sizes))
        for gram in sorted(self._lists):
            yield Posting(gram, owner, _swapped(self._lists[gram]).tobytes())


def holding(key: str, postings: Iterable[Posting]) -> list[int]:
    """Ids of records whose names have every group inside `key`: those that hold it, and a few more."""
    wanted = len(parts(key))
    lists: dict[int, list[bytes]] = {}
    for posting in postings:
        lists.setdefault(posting.owner, []).append(posting.numbers)
    found: list[int] = []
    for owner, packed in lists.items():
        if len(packed) == wanted:
            rarest, *others = sorted(packed, key=len)
            common = set(_numbers(rarest)).intersection(*map(_numbers, others))
            found.extend(owner + number for number in common)
    return sorted(found)


def most_alike(key: str, postings: Iterable[Posting], limit: int) -> list[Alike]:
    """The names with most groups in common, of those that either has (Jaccard); the gazetteer's last among equals."""
    lists: dict[int, dict[str, bytes]] = {}
    for posting in postings:
        lists.setdefault(posting.owner, {})[posting.gram] = posting.numbers
    alike: list[Alike] = []
    for owner, by_gram in lists.items():
        sizes = by_gram.pop(SIZES, b"")
        alike.extend(_alike(grams(key), owner, by_gram, sizes))
    return sorted(alike, key=lambda a: (-a.share, a.owner == 0, a.owner, a.number))[:limit]


def names_told(alike: Iterable[Alike], points: Mapping[int, str], towns: Mapping[int, str], limit: int) -> list[str]:
    """At most `limit` names, each once, of the points and towns (by id) that are still there."""
    found = (points.get(a.owner + a.number) if a.owner else towns.get(a.number) for a in alike)
    return list(dict.fromkeys(filter(None, found)))[:limit]


def _alike(asked: set[str], owner: int, by_gram: dict[str, bytes], sizes: bytes) -> Iterator[Alike]:
    counts: Counter[int] = Counter()
    for packed in by_gram.values():
        counts.update(_numbers(packed))
    least = max(1.0, SHARED * len(asked))
    for number, shared in counts.items():
        if shared >= least:
            yield Alike(shared / (len(asked) + sizes[number] - shared), owner, number)


def _numbers(packed: bytes) -> array[int]:
    numbers = array("I")
    numbers.frombytes(packed)
    return _swapped(numbers)


def _swapped(numbers: array[int]) -> array[int]:
    """Little-endian, whatever this machine is."""
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
