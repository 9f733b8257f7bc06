"""Which lines may be walked, and what they are to someone on foot: the rules of a source, applied to tags or fields."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from loopgenie.ways import WayKind

Tags = Mapping[str, str]


class Reason(NamedTuple):
    """Why a line is left out, in words; `missed` when a hiker may wonder where it is."""

    words: str
    missed: bool = True


#: The reasons that a rule can give. Those that are not missed would only fill the map: nobody asks for a driveway.
REASONS: dict[str, Reason] = {
    "private": Reason("no public access"),
    "closed": Reason("closed to walkers"),
    "customers": Reason("for customers only"),
    "unbuilt": Reason("not built yet, or given up"),
    "bicycles": Reason("for bicycles only"),
    "vehicles": Reason("for motor vehicles only"),
    "winter": Reason("for winter only"),
    "water": Reason("on water"),
    "climbing": Reason("via ferrata (needs climbing gear)"),
    "one way": Reason("one way for walkers"),
    "motorway": Reason("motorway or trunk road", missed=False),
    "no way": Reason("no way for walkers", missed=False),
    "area": Reason("area, not a line", missed=False),
    "driveway": Reason("driveway or parking aisle", missed=False),
    "indoor": Reason("inside a building", missed=False),
    "link": Reason("link between car park and trail", missed=False),
}

#: What a clause can be about; of each the first in the order of its table counts.
ROLES = ("refuse", "allow", "kind", "informal", "season", "poor", "off_ground", "point")
#: So much of a value is told; OpenStreetMap has none that is longer than the second, so that no address is cut.
_LONGEST = 120
_LONGEST_DETAIL = 255


class Decision(NamedTuple):
    """`kind` of a way that may be walked; otherwise None, and `reason` says why it is left out.

    `rule` is the field and value that decided who may walk, if any did; `missed` is that of the reason. The others
    are those of `source.Way`.
    """

    kind: WayKind | None
    reason: str | None = None
    rule: str | None = None
    missed: bool = False
    informal: bool = False
    season: str | None = None
    poor: bool = False
    off_ground: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that can hold of a field: it is one of `values`, none of `but_not`, and `pattern` is found in it.

    A field is named, or found by a pattern of its name. What is not given holds.
    """

    fields: tuple[str, ...]
    names: re.Pattern[str] | None = None
    values: frozenset[str] | None = None
    but_not: frozenset[str] = frozenset()
    pattern: re.Pattern[str] | None = None

    def is_about(self, name: str) -> bool:
        """Whether this is a field to look at."""
        return name in self.fields or (self.names is not None and _found(self.names, name))

    def holds(self, value: str) -> bool:
        """Whether it holds of a field with this value."""
        if self.values is not None and value not in self.values:
            return False
        return value not in self.but_not and (self.pattern is None or self.pattern.search(value) is not None)

    def where(self, tags: Tags) -> str | None:
        """The first field that it holds of."""
        if self.names is None:
            return next((name for name in self.fields if name in tags and self.holds(tags[name])), None)
        return next((name for name, value in tags.items() if self.is_about(name) and self.holds(value)), None)


@lru_cache(10_000)  # the features of a layer have the same few fields
def _found(names: re.Pattern[str], name: str) -> bool:
    return names.search(name) is not None


@dataclass(frozen=True, slots=True)
class Clause:
    """What follows when a condition holds, all of `when` do, and none of `unless`.

    `says` is the reason, the kind of way or point, or the words for a season or detail (with "{}" for the value).
    """

    role: str
    condition: Condition
    says: str = ""
    when: tuple[Condition, ...] = ()
    unless: tuple[Condition, ...] = ()
    missed: bool = True


#: What is known of a clause that holds: its place in the table, itself, and the field that it holds of.
_Match = tuple[int, Clause, str]


class _Field:
    """The clauses about a field, with their numbers: those that ask for a value by that value, with all others."""

    __slots__ = ("by_value", "others")

    def __init__(self, clauses: Sequence[tuple[int, Clause]]) -> None:
        values = {value for _, clause in clauses for value in clause.condition.values or ()}
        self.others = [each for each in clauses if each[1].condition.values is None]
        self.by_value = {
            value: [each for each in clauses if each in self.others or value in (each[1].condition.values or ())]
            for value in values
        }


#: Of the thousands of keys that OpenStreetMap has, clauses ask for a few dozen.
_UNASKED = _Field(())


class Rules:
    """The clauses of a source, looked up by field: a way asks only those about the tags that it has.

    Parameters
    ----------
    clauses : in order; of each role the first that holds counts.
    exact : names and values are compared as they are written, as OpenStreetMap's are; else without regard to case
        and, in names, to anything but letters and digits.
    default : what a line is that no clause makes anything else.
    """

    def __init__(self, clauses: Sequence[Clause], *, exact: bool, default: WayKind) -> None:
        self.clauses, self.exact, self.default = tuple(clauses), exact, default
        self._fields: dict[str, _Field] = {}

    def decide(self, tags: Tags) -> Decision:
        """What a line with these tags or fields is."""
        seen = self.seen(tags)
        found, spared = self._matches(seen)
        if refused := found.get("refuse"):
            _, clause, name = refused
            reason = REASONS[clause.says]
            return Decision(None, reason.words, _said(tags, name), reason.missed and clause.missed)
        return Decision(
            kind=WayKind(found["kind"][1].says) if "kind" in found else self.default,
            rule=_said(tags, *(spared or [allowed[2] for allowed in [found.get("allow")] if allowed])),
            informal="informal" in found,
            season=_season(tags, found.get("season")),
            poor="poor" in found,
            off_ground="off_ground" in found,
        )

    def point(self, tags: Tags) -> str | None:
        """What a point with these fields is, if a clause says so."""
        match = self._matches(self.seen(tags))[0].get("point")
        return match[1].says if match else None

    def texts(self, tags: Tags) -> dict[str, str]:
        """What the clauses say of these fields in their own words, by role."""
        found, _ = self._matches(self.seen(tags))
        return {role: _words(tags, match, _LONGEST_DETAIL) for role, match in found.items()}

    def seen(self, tags: Tags) -> Tags:
        """Names and values as they are compared."""
        return tags if self.exact else {plain(name): value.casefold() for name, value in tags.items()}

    def _matches(self, tags: Tags) -> tuple[dict[str, _Match], tuple[str, str] | None]:
        """The first clause that holds, by role; and the two fields by which a refusal was spared."""
        found: dict[str, _Match] = {}
        spared: tuple[str, str] | None = None
        for name, value in tags.items():
            about = self._fields.get(name) or self._about(name)
            for number, clause in about.by_value.get(value, about.others):
                first = found.get(clause.role)
                if (first and first[0] < number) or not clause.condition.holds(value):
                    continue
                if not all(condition.where(tags) for condition in clause.when):
                    continue
                excuse = next(filter(None, (condition.where(tags) for condition in clause.unless)), None)
                if excuse is None:
                    found[clause.role] = (number, clause, name)
                elif clause.role == "refuse":
                    spared = name, excuse
        return found, spared

    def _about(self, name: str) -> _Field:
        """The clauses about a field, found once."""
        about = [each for each in enumerate(self.clauses) if each[1].condition.is_about(name)]
        self._fields[name] = found = _Field(about) if about else _UNASKED
        return found


def _season(tags: Tags, match: _Match | None) -> str | None:
    """When a way may be walked."""
    return None if match is None else _words(tags, match, _LONGEST)


def _words(tags: Tags, match: _Match, most: int) -> str:
    """The words of a clause around the value of the field, or what the pattern takes out of it."""
    _, clause, name = match
    value = _value(tags, name)[1]
    part = clause.condition.pattern and clause.condition.pattern.search(value)
    if part and part.groups():
        value = next(filter(None, part.groups()), value)
    return _short((clause.says or "{}").replace("{}", value), most)


def _said(tags: Tags, *names: str) -> str | None:
    """The fields as the source has them: "access=private, foot=yes"."""
    return ", ".join(f"{name}={_short(value)}" for name, value in (_value(tags, name) for name in names)) or None


def _value(tags: Tags, name: str) -> tuple[str, str]:
    """The name and value of a field as they are written."""
    if name in tags:
        return name, tags[name]
    return next((written, value) for written, value in tags.items() if plain(written) == name)


def _short(text: str, most: int = _LONGEST) -> str:
    words = " ".join(text.split())
    return words if len(words) <= most else f"{words[: most - 2]} …"


@lru_cache(10_000)
def plain(name: str) -> str:
    """A name of a field without case and anything but letters and digits: "Trail_Name" is "trailname"."""
    return re.sub(r"[\W_]", "", name).lower()


def plain_names(names: Iterable[str], *, exact: bool) -> tuple[str, ...]:
    """Names of fields as they are compared."""
    return tuple(names) if exact else tuple(map(plain, names))
