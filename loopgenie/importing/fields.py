"""Fields of features as text: packed ones unpacked, tables in web pages taken apart, dates read."""

from __future__ import annotations

import csv
import datetime
import io
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from html.parser import HTMLParser
from pathlib import Path

from loopgenie.errors import BadInput
from loopgenie.importing.access import plain
from loopgenie.importing.profiles import TrailNames

_PACKED = frozenset({"othertags", "osmtags", "tags"})
_DATE = re.compile(r"((?:19|20)\d\d)[-/]?(\d\d)[-/]?(\d\d)(?!\d)")
#: Milliseconds since 1970, as map servers write dates: from 1990 to 2100.
_EPOCH = (631_152_000_000, 4_102_444_800_000)


def texts(fields: Mapping[str, object]) -> dict[str, str]:
    """All fields that say something, as text; tags packed into one field and tables of a web page are unpacked."""
    tags: dict[str, str] = {}
    for key, value in fields.items():
        if isinstance(value, Mapping) and key == "tags":
            tags |= {str(k): str(v) for k, v in value.items()}
        elif isinstance(value, str | int | float) and value == value and (text := str(value).strip()):  # NaN is not
            tags[key] = text
    for key in [key for key, value in tags.items() if plain(key) in _PACKED or "<td" in value.lower()]:
        packed = tags.pop(key)
        tags = {**(_pairs(packed) if plain(key) in _PACKED else _cells(packed)), **tags}
    return tags


def _pairs(packed: str) -> dict[str, str]:
    """`"key"=>"value",…` or `key=value;…`"""
    pairs = re.findall(r'"([^"]+)"=>"([^"]*)"', packed) or re.findall(r"([^=;]+)=([^=;]*)", packed)
    return {key.strip(): value.strip() for key, value in pairs if value.strip()}


class _Table(HTMLParser):
    """The rows of two cells: a name and a value."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, str] = {}
        self._cells: list[str] = []
        self._in_cell = False

    def handle_starttag(self, tag: str, _attributes: object) -> None:
        self._in_cell = tag == "td"
        if tag == "tr":
            self._cells = []
        elif tag == "td":
            self._cells.append("")

    def handle_endtag(self, tag: str) -> None:
        self._in_cell = False
        if tag == "tr" and len(self._cells) == 2:
            name, value = (" ".join(cell.split()) for cell in self._cells)
            if name and value:
                self.rows[name] = value
            self._cells = []

    def handle_data(self, data: str) -> None:
        if self._in_cell and self._cells:
            self._cells[-1] += data


def _cells(page: str) -> dict[str, str]:
    table = _Table()
    with suppress(AssertionError):  # how the parser says that it makes nothing of a declaration
        table.feed(page)
    return table.rows


def latest_date(values: Iterable[str]) -> str | None:
    """The last of some dates, ISO; None where no value is one: "2019/03/18 18:37:51", 1777367164000 (milliseconds)."""
    return max(filter(None, map(_date, values)), default=None)


def _date(text: str) -> str | None:
    try:
        if text.isdecimal() and _EPOCH[0] <= int(text) < _EPOCH[1]:
            return datetime.datetime.fromtimestamp(int(text) / 1000, datetime.UTC).date().isoformat()
        found = _DATE.match(text)
        return datetime.date(*map(int, found.groups())).isoformat() if found else None
    except ValueError:  # a thirteenth month
        return None


def names_beside(path: Path, table: TrailNames | None) -> dict[str, str]:
    """Names of trails by code, from the table beside a layer; none where there is no such file.

    Raises
    ------
    BadInput : the table lacks its columns, or is no text.
    """
    beside = path.with_name(table.file) if table else path
    if table is None or not beside.is_file():
        return {}
    try:
        rows = list(csv.DictReader(io.StringIO(beside.read_text("utf-8-sig"), newline="")))
    except (OSError, ValueError, csv.Error) as error:
        raise BadInput(f"{beside.name} beside {path.name} cannot be read as a table ({error})") from error
    if rows and not {table.name, table.code} <= set(rows[0]):
        raise BadInput(f"{beside.name} beside {path.name} has no columns {table.code!r} and {table.name!r}")
    names: dict[str, str] = {}
    for row in rows:
        codes = (row[table.code] or "").split(";") if table.listed else [row[table.code] or ""]
        for code in filter(None, map(str.strip, codes)):
            names.setdefault(code, (row[table.name] or "").strip())
    return {code: name for code, name in names.items() if name}
