"""How names of places are compared, the same in every home of the data."""

from __future__ import annotations

import unicodedata

#: Letters that Unicode does not take apart into a plain letter and an accent.
_PLAIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})

#: All of ASCII that is neither letter nor digit, as a space.
_BLANKS = {number: " " for number in range(128) if not chr(number).isalnum()}

#: Kinds of point from the most to the least likely to be meant by a name; any other kind comes after these.
_KINDS = ("city", "town", "village", "hamlet", "locality")


def search_key(name: str) -> str:
    """A name without case, accents, punctuation and double spaces: "Sant Julià de Lòria" -> "sant julia de loria"."""
    if name.isascii():  # most names are, and a gazetteer has hundreds of thousands
        return " ".join(name.lower().translate(_BLANKS).split())
    apart = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(c for c in apart if not unicodedata.combining(c)).translate(_PLAIN)
    return " ".join("".join(c if c.isalnum() else " " for c in plain).split())


def importance(kind: str) -> int:
    """0 for a city, larger for smaller kinds of place."""
    return _KINDS.index(kind) if kind in _KINDS else len(_KINDS)
