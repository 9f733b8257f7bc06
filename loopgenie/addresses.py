"""What people write for a place: "Boulder", "Boulder, CO", "Paris Texas" -> a name, and the region that chooses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from loopgenie.store import Town
from loopgenie.store.names import search_key

#: A region without a comma before it has at most so many words: "Sydney New South Wales".
_REGION_WORDS = 3

#: Two vowels for one that the keyboard lacks, as in "Muenchen".
_FOR_UMLAUTS = (("ae", "a"), ("oe", "o"), ("ue", "u"))


class Address(NamedTuple):
    """A name and the regions it was given with, from small to large; `sure`: there was a comma between them."""

    name: str
    regions: tuple[str, ...] = ()
    sure: bool = True

    @property
    def key(self) -> str:
        """The name as names are compared."""
        return search_key(self.name)

    def means(self, town: Town) -> bool:
        """Whether this town is called so and lies in all of the regions."""
        return search_key(town.name) == self.key and self.holds(town)

    def holds(self, town: Town) -> bool:
        """Whether this town lies in all of the regions, by their names or codes."""
        return set(self.regions) <= _names_of_regions(town)

    def may_hold(self, town: Town) -> bool:
        """The same while the last region is still being typed: "Boulder, Colo"."""
        if not self.regions:
            return True
        known = _names_of_regions(town)
        *whole, typed = self.regions
        return set(whole) <= known and any(name.startswith(typed) for name in known)


def _names_of_regions(town: Town) -> set[str]:
    return {search_key(part) for part in (*town.region.split(","), *town.codes.split())}


def readings(text: str) -> Iterator[Address]:
    """What a text may mean, the most likely first: all of it a name, or the end of it a region."""
    yield Address(text)
    name, *rest = (part.strip() for part in text.split(","))
    regions = tuple(key for key in map(search_key, rest) if key)
    if rest and name:
        yield Address(name, regions)
    else:
        words = text.split()
        for count in range(1, min(_REGION_WORDS, len(words) - 1) + 1):
            yield Address(" ".join(words[:-count]), (search_key(" ".join(words[-count:])),), sure=False)


def without_umlauts(text: str) -> str | None:
    """ "Gruenau" -> "Grunau", which is how "Grünau" is compared; None where there is nothing to replace."""
    plain = text.casefold()
    for two, one in _FOR_UMLAUTS:
        plain = plain.replace(two, one)
    return None if plain == text.casefold() else plain
