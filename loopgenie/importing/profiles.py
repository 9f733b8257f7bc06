"""Profiles of sources: which field means what, and who may walk, each a table of its own (profiles/*.toml)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from loopgenie.errors import BadInput
from loopgenie.importing.access import REASONS, ROLES, Clause, Condition, Rules, Tags, plain, plain_names
from loopgenie.store import DETAILS
from loopgenie.ways import SAC_SCALE, WayKind

_T = TypeVar("_T")

_FOLDER = Path(__file__).with_suffix("")

#: What points can be: `Access.kind`, `store.Point.kind`; "closed" is a car park that
#: hikers may not use, "nothing" no place to go to.
POINT_KINDS = (
    *("parking", "trailhead", "closed", "nothing", "city", "town", "village", "hamlet", "locality"),
    *("peak", "pass", "camp", "hut", "water", "viewpoint"),
)
#: Text that stands in a field without telling anything.
_NOTHING = re.compile(
    r"(unnamed.*|unknown|not (recorded|applicable)|none|null|<null>|n/?a|-|\?|parking( lot| area)?|trail( ?head)?)$",
    re.I,
)
_TOP = {"title", "attribution", "licence", "recognise", "extends", "exact", "default", "fields", "grades", "names"}
_FIELDS = ("name", "surface", "difficulty", "height", "date")
_CONDITION = {"field", "fields", "field_pattern", "values", "but_not", "pattern"}
#: The one key that tells what a clause says, by its role.
_SAYS = {"refuse": "reason", "kind": "kind", "point": "kind", "season": "text", "tell": "text"}
#: What tables of clauses there are: those that decide on a line or point, and those that tell of camps, huts and water.
_CLAUSES = (*ROLES, "tell")
#: What a source can tell; where and when it does is told of all.
_TELLABLE = DETAILS[: DETAILS.index("source")]


@dataclass(frozen=True)
class TrailNames:
    """Names in a table of their own beside the layer: a file, its columns for name and code, the code's field here.

    Where `listed` is given it is the column that lists the codes of the features, separated by semicolons.
    """

    file: str
    name: str
    code: str
    field: str
    listed: bool = False


@dataclass(frozen=True)
class Profile:
    """How to read the files of one source.

    `recognised` are sets of fields: a layer that has all fields of one is of this source. `fields` are the names of
    fields by what they mean, first choice first; `grades` what values of the field for difficulty mean. `rules` decide
    what a line or point is, `details` tell of camps, huts and water; their clauses have the names of `store.DETAILS`.
    """

    name: str
    title: str
    attribution: str | None
    licence: str | None
    recognised: tuple[frozenset[str], ...]
    fields: Mapping[str, tuple[str, ...]]
    grades: Mapping[str, int]
    names: TrailNames | None
    rules: Rules
    details: Rules

    def credit(self, file: str) -> str:
        """Whom an answer has to name that used this file."""
        if self.licence:
            return f"{self.attribution}, {self.licence}"
        return f"{self.attribution or 'Trails'}: {file} (licence not stated in the file)"

    def text(self, meaning: str, tags: Tags) -> str | None:
        """What a feature says about its name, surface, …; None where it says nothing."""
        return _first(self._seen(tags), self.fields[meaning])

    def texts(self, meaning: str, tags: Tags) -> list[str]:
        """The same, of every field that has this meaning."""
        seen = self._seen(tags)
        return [seen[name] for name in self.fields[meaning] if name in seen]

    def difficulty(self, tags: Tags) -> int | None:
        """Grade 1..6 of the SAC scale; None where it is not told, or with a word that is not of the scale."""
        told = self.text("difficulty", tags)
        return self.grades.get(told.split(";")[0].strip().casefold()) if told else None

    def _seen(self, tags: Tags) -> Tags:
        return tags if self.rules.exact else {plain(name): value for name, value in tags.items()}


def _first(tags: Tags, names: Sequence[str]) -> str | None:
    found = (tags[name] for name in names if name in tags)
    return next((value for value in found if not _NOTHING.match(value)), None)


def named(name: str) -> Profile:
    """A profile that comes along: "osm", "nps", …"""
    return shipped()[name]


@cache
def shipped() -> Mapping[str, Profile]:
    """The profiles that come along, by name."""
    tables = {path.stem: _table(path) for path in sorted(_FOLDER.glob("*.toml"))}
    return {name: _profile(name, table, tables, f"{name}.toml") for name, table in tables.items()}


def chosen(name_or_file: str) -> Profile:
    """The profile of that name, or in that file.

    Raises
    ------
    BadInput : there is none, or its table is not right.
    """
    if name_or_file in shipped():
        return named(name_or_file)
    path = Path(name_or_file)
    if path.suffix != ".toml":
        raise BadInput(f"there is no profile {name_or_file!r}; want a .toml file, or one of {', '.join(shipped())}")
    tables = {each.stem: _table(each) for each in _FOLDER.glob("*.toml")}
    return _profile(path.stem, _table(path), tables, path.name)


def recognised(fields: Collection[str]) -> Profile:
    """The profile that knows most of these fields; "generic" where none does."""
    there = set(map(plain, fields))
    fitting = [
        (len(known), name)
        for name, profile in shipped().items()
        for known in profile.recognised
        if known and known <= there
    ]
    # of two that fit as well, the first by name: whatever is chosen, it is always the same
    return named(min(fitting, key=lambda fit: (-fit[0], fit[1]))[1] if fitting else "generic")


# --- reading a table ----------------------------------------------------------------------------------------------


class _Wrong(Exception):
    """Says what is wrong with a table."""


def _table(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise BadInput(f"the profile {path.name} cannot be read: {error.strerror}") from error
    except ValueError as error:  # a decoding error, or TOML's own
        raise BadInput(f"the profile {path.name} is not TOML: {' '.join(str(error).split())}") from error


def _profile(name: str, table: Mapping[str, Any], others: Mapping[str, Mapping[str, Any]], file: str) -> Profile:
    try:
        return _made(name, _extended(table, others))
    except _Wrong as wrong:
        raise BadInput(f"the profile {file}: {wrong}") from None


def _extended(table: Mapping[str, Any], others: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """A table with what it takes over from another one: its own clauses come first, its own fields replace."""
    unknown = set(table) - _TOP - set(_CLAUSES)
    if unknown:
        raise _Wrong(f"knows no {min(unknown)!r}; want {', '.join(sorted(_TOP))}, {', '.join(_CLAUSES)}")
    if "extends" not in table:
        return dict(table)
    if table["extends"] not in others:
        raise _Wrong(f"extends {table['extends']!r}; want one of {', '.join(sorted(others))}")
    base = _extended(others[table["extends"]], others)
    clauses = {role: [*table.get(role, []), *base.get(role, [])] for role in _CLAUSES}
    fields = {**_get(base, "fields", dict, {}), **_get(table, "fields", dict, {})}
    return {**base, "recognise": [], "attribution": None, "licence": None, **table, "fields": fields, **clauses}


def _made(name: str, table: Mapping[str, Any]) -> Profile:
    exact = _get(table, "exact", bool, False)
    fields = _get(table, "fields", dict, {})
    if set(fields) - set(_FIELDS):
        raise _Wrong(f"[fields] knows no {min(set(fields) - set(_FIELDS))!r}; want {', '.join(_FIELDS)}")
    clauses = [_clause(role, each, exact) for role in ROLES for each in _get(table, role, list, [])]
    telling = [_clause("tell", each, exact) for each in _get(table, "tell", list, [])]
    default = _kind(_get(table, "default", str, WayKind.PATH.value))
    return Profile(
        name=name,
        title=_get(table, "title", str, name),
        attribution=table.get("attribution"),
        licence=table.get("licence"),
        recognised=tuple(frozenset(map(plain, _strings(each, "recognise"))) for each in table.get("recognise", [])),
        fields={key: plain_names(_strings(fields.get(key, []), key), exact=exact) for key in _FIELDS},
        grades=_grades(table.get("grades", {})),
        names=_trail_names(table.get("names")),
        rules=Rules(clauses, exact=exact, default=default),
        details=Rules(telling, exact=exact, default=default),
    )


def _clause(role: str, table: object, exact: bool) -> Clause:
    if not isinstance(table, dict):
        raise _Wrong(f"{role} is {table!r}; want tables, [[{role}]]")
    key = _SAYS.get(role)
    more = {"refuse": ["missed"], "tell": ["detail"]}.get(role, [])
    known = _CONDITION | {"when", "unless", *([key] if key else []), *more}
    if set(table) - known:
        raise _Wrong(f"[[{role}]] knows no {min(set(table) - known)!r}; want {', '.join(sorted(known))}")
    says = _get(table, key, str, "") if key else ""
    _check(role, says)
    return Clause(
        role=_detail(table) if role == "tell" else role,
        condition=_condition({name: value for name, value in table.items() if name in _CONDITION}, exact),
        says=says,
        when=_conditions(table.get("when", []), exact),
        unless=_conditions(table.get("unless", []), exact),
        missed=_get(table, "missed", bool, True),
    )


def _check(role: str, says: str) -> None:
    known: Mapping[str, Collection[str]] = {"refuse": REASONS, "kind": [*WayKind], "point": POINT_KINDS}
    if role in known and says not in known[role]:
        raise _Wrong(f"[[{role}]] says {says!r}; want one of {', '.join(known[role])}")


def _detail(table: Mapping[str, Any]) -> str:
    detail = _get(table, "detail", str, "")
    if detail not in _TELLABLE:
        raise _Wrong(f"[[tell]] has the detail {detail!r}; want one of {', '.join(_TELLABLE)}")
    return detail


def _conditions(value: object, exact: bool) -> tuple[Condition, ...]:
    tables = value if isinstance(value, list) else [value]
    return tuple(_condition(each, exact) for each in tables)


def _condition(table: object, exact: bool) -> Condition:
    if not isinstance(table, dict) or set(table) - _CONDITION:
        raise _Wrong(f"{table!r} is no condition; want a table of {', '.join(sorted(_CONDITION))}")
    names = _strings(table.get("fields", [table["field"]] if "field" in table else []), "fields")
    if not names and "field_pattern" not in table:
        raise _Wrong(f"{table!r} names no field; want field, fields or field_pattern")
    compared: Callable[[str], str] = str if exact else str.casefold
    return Condition(
        fields=plain_names(names, exact=exact),
        names=_pattern(table, "field_pattern"),
        values=frozenset(map(compared, _strings(table["values"], "values"))) if "values" in table else None,
        but_not=frozenset(map(compared, _strings(table.get("but_not", []), "but_not"))),
        pattern=_pattern(table, "pattern"),
    )


def _pattern(table: Mapping[str, Any], key: str) -> re.Pattern[str] | None:
    if key not in table:
        return None
    try:
        return re.compile(_get(table, key, str, ""), re.I)
    except re.error as error:
        raise _Wrong(f"{key} = {table[key]!r} is no regular expression: {error}") from None


def _kind(word: str) -> WayKind:
    if word not in [*WayKind]:
        raise _Wrong(f"default is {word!r}; want one of {', '.join(WayKind)}")
    return WayKind(word)


def _grades(table: object) -> dict[str, int]:
    if table == "SAC":
        return SAC_SCALE
    if not isinstance(table, dict) or not all(type(grade) is int and 1 <= grade <= 6 for grade in table.values()):
        raise _Wrong(f'grades are {table!r}; want numbers 1 to 6 by word, or "SAC" for OpenStreetMap\'s words')
    return {str(word).casefold(): grade for word, grade in table.items()}


def _trail_names(table: object) -> TrailNames | None:
    if table is None:
        return None
    try:
        return TrailNames(**cast(dict[str, Any], table))
    except TypeError:
        raise _Wrong(f"names are {table!r}; want file, name, code and field") from None


def _strings(value: object, what: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise _Wrong(f"{what} is {value!r}; want a list of words in quotes")
    return value


def _get(table: Mapping[str, Any], key: str, kind: type[_T], default: _T) -> _T:
    value = table.get(key, default)
    if not isinstance(value, kind):
        raise _Wrong(f"{key} is {value!r}; want {kind.__name__}")
    return value
