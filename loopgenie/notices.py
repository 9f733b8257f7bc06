"""What an operator tells about areas and trails: closures, rules and permits, from a GeoJSON file or a table.

A file is checked whole before anything of it is kept. Everything that is wrong is told in one line that says where.
"""

from __future__ import annotations

import csv
import datetime
import difflib
import io
import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from loopgenie.errors import BadInput
from loopgenie.geometry import Box, LonLat, cut
from loopgenie.regions import counted, named
from loopgenie.store import NOTICE_KINDS, Notice, RegionInfo, Segment, TrailStore
from loopgenie.store.names import search_key
from loopgenie.tiles import tiles

#: What a file may hold at most: bytes, notices, and positions of all of them.
MOST_BYTES = 20_000_000
MOST_NOTICES = 10_000
MOST_POSITIONS = 500_000
#: The longest texts, in letters, by property.
_LONGEST = {"kind": 50, "title": 200, "text": 2000, "source": 200, "url": 500, "from": 10, "to": 10}
_PROPERTIES = tuple(_LONGEST)
_COLUMNS = (*_PROPERTIES, "trail", "region")
_NEEDED = ("kind", "title", "trail")
_LONGEST_NAME = 100
#: Degrees that are stated in these ways.
_DEGREES = re.compile(r"(CRS:?84|EPSG:{1,2}4326)$", re.I)

_Paths = list[tuple[LonLat, ...]]


class Loaded(NamedTuple):
    """What has been loaded under a name; `trails` are km by trail, `outside` how many notices are in no region."""

    name: str
    kinds: Mapping[str, int]
    trails: Mapping[str, float]
    outside: int

    def lines(self) -> Iterator[str]:
        """For people."""
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(self.kinds.items()))
        yield f"Loaded {counted(sum(self.kinds.values()), 'notice')} as {self.name}: {kinds}"
        yield from (f"  {trail}: {km:,.1f} km" for trail, km in self.trails.items())
        if self.outside:
            yield f"  {self.outside:,} of them outside of all regions in the database"

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        trails = {trail: round(km, 3) for trail, km in self.trails.items()}
        return {"name": self.name, "kinds": dict(self.kinds), "trails_km": trails, "outside": self.outside}


def load(path: Path, store: TrailStore, *, name: str | None = None, source: str | None = None) -> Loaded:
    """Put the notices of a file in the place of those of that name.

    Parameters
    ----------
    path : GeoJSON with areas or lines (.geojson, .json), or a table of trails by name (.csv).
    name : under which they are kept; by default the name of the file.
    source : who says so, for what does not say it itself.

    Raises
    ------
    BadInput : the file is not what it has to be; names the feature or line, and what would be right.
    """
    kept_as = " ".join((path.stem if name is None else name).split())
    if not kept_as or len(kept_as) > _LONGEST_NAME or not kept_as.isprintable():
        raise BadInput(f"the name {kept_as[:60]!r} is none; want 1 to {_LONGEST_NAME} letters")
    if source is not None:
        source = _text("source", source, "--source")
    read = {".geojson": _of_geojson, ".json": _of_geojson, ".csv": _of_table}.get(path.suffix.lower())
    if read is None:
        raise BadInput(f"{path.name} is of no kind that can be read; want .geojson or .csv")
    notices, trails = read(path, _content(path), source, store)
    if not notices:
        raise BadInput(f"{path.name} holds no notice; to take some out: loopgenie notices remove NAME")
    if len(notices) > MOST_NOTICES:
        raise BadInput(f"{path.name} holds {len(notices):,} notices, want at most {MOST_NOTICES:,}")
    if sum(len(line) for notice in notices for line in (*notice.rings, *notice.lines)) > MOST_POSITIONS:
        raise BadInput(f"{path.name} holds more than {MOST_POSITIONS:,} positions; want simpler outlines, or two files")
    boxes = [region.box for region in store.snapshot().regions if region.box is not None]
    outside = sum(not any(_box(notice).touches(box) for box in boxes) for notice in notices)
    store.replace_notices(kept_as, notices)
    return Loaded(kept_as, Counter(notice.kind for notice in notices), trails, outside)


def remove(name: str, store: TrailStore) -> int:
    """Take out what is loaded under a name; how many notices that was.

    Raises
    ------
    BadInput : there is nothing of that name; says which names there are.
    """
    there = store.notice_names()
    if name not in there:
        near = difflib.get_close_matches(name, there, cutoff=0.5) or list(there)[:5]
        rest = f"; there is {', '.join(map(repr, near))}" if near else ", and no others either"
        raise BadInput(f"there are no notices {name!r}{rest}")
    store.replace_notices(name, ())
    return there[name]


def _content(path: Path) -> str:
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise BadInput(f"{path.name} has {size:,} bytes, want at most {MOST_BYTES:,}")
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path.name} is no text in UTF-8 ({error.reason} at byte {error.start:,})") from error


def _box(notice: Notice) -> Box:
    return Box.around(place for line in (*notice.rings, *notice.lines) for place in line)


# --- what is said -------------------------------------------------------------------------------------------------


def _said(fields: Mapping[str, object], where: str, source: str | None) -> Notice:
    """The notice that these properties make, without its places."""
    given = {name: _text(name, fields[name], where) for name in _PROPERTIES if fields.get(name) not in (None, "")}
    kind, title, who = given.get("kind"), given.get("title"), given.get("source", source)
    if kind not in NOTICE_KINDS:
        raise BadInput(f"{where}: kind is {kind!r}, want one of {', '.join(NOTICE_KINDS)}")
    if not title:
        raise BadInput(f"{where}: title is missing, want what people shall read, such as 'Bear activity: closed'")
    if not who:
        raise BadInput(f"{where}: source is missing, want who says so (or --source WHO for all)")
    url = given.get("url")
    if url is not None and not re.fullmatch(r"https?://[^\s/]+\S*", url):
        raise BadInput(f"{where}: url is {url!r}, want an address that starts with https://")
    begins, ends = _dates(given.get("from"), given.get("to"), where)
    return Notice(0, kind, title, given.get("text"), who, url, begins, ends)


def _text(name: str, value: object, where: str) -> str:
    if not isinstance(value, str):
        raise BadInput(f"{where}: {name} is {_short(value)}, want text")
    text = " ".join(value.split())
    if not text.isprintable() or len(text) > _LONGEST[name]:
        raise BadInput(f"{where}: {name} is {_short(text)}, want at most {_LONGEST[name]:,} letters")
    return text


def _short(value: object) -> str:
    told = repr(value)
    return told if len(told) <= 60 else f"{told[:57]}…"


def _dates(begins: str | None, ends: str | None, where: str) -> tuple[str | None, str | None]:
    """The first and last day, checked."""
    yearly = [_is_yearly(name, value, where) for name, value in (("from", begins), ("to", ends)) if value]
    if any(yearly) and (len(yearly) < 2 or not all(yearly)):
        raise BadInput(
            f"{where}: from is {begins!r} and to is {ends!r}, want both as MM-DD for every year, or dates as YYYY-MM-DD"
        )
    if begins and ends and not any(yearly) and begins > ends:
        raise BadInput(f"{where}: from is {begins}, which is after to, {ends}")
    return begins or None, ends or None


def _is_yearly(name: str, value: str, where: str) -> bool:
    yearly = re.fullmatch(r"\d\d-\d\d", value) is not None
    try:
        if not yearly and not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            raise ValueError
        datetime.date.fromisoformat(f"2024-{value}" if yearly else value)  # 2024 has a 29 February
    except ValueError:
        raise BadInput(f"{where}: {name} is {value!r}, want a date as YYYY-MM-DD, or as MM-DD for every year") from None
    return yearly


# --- GeoJSON ------------------------------------------------------------------------------------------------------


def _of_geojson(path: Path, content: str, source: str | None, _: TrailStore) -> tuple[list[Notice], dict[str, float]]:
    features = _features(path, content)
    if len(features) > MOST_NOTICES:
        raise BadInput(f"{path.name} holds {len(features):,} features, want at most {MOST_NOTICES:,}")
    return [_notice(each, f"{path.name}: feature {i}", source) for i, each in enumerate(features, 1)], {}


def _features(path: Path, content: str) -> list[Any]:
    def refuse(word: str) -> float:
        raise ValueError(f"{word} is no number")

    try:
        document = json.loads(content, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path.name} is not GeoJSON: it is not JSON ({error})") from error
    kind = document.get("type") if isinstance(document, dict) else None
    features = document.get("features") if kind == "FeatureCollection" else [document] if kind == "Feature" else None
    if not isinstance(features, list):
        raise BadInput(f"{path.name} is JSON but not GeoJSON: its type is {_short(kind)}, want 'FeatureCollection'")
    crs = document.get("crs")
    if crs is not None and not _DEGREES.search(str(crs.get("properties", {}).get("name") if _is_table(crs) else crs)):
        raise BadInput(f"{path.name} is drawn in {_short(crs)}, want WGS 84 degrees (and no crs)")
    return features


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("properties", {}), dict)


def _notice(feature: Any, where: str, source: str | None) -> Notice:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        raise BadInput(f"{where} is no GeoJSON feature")
    fields = feature.get("properties")
    if not isinstance(fields, dict):
        raise BadInput(f"{where}: properties is {_short(fields)}, want {', '.join(_PROPERTIES)}")
    unknown = [name for name in fields if name not in _PROPERTIES]
    if unknown:
        raise BadInput(f"{where}: there is no property {_short(unknown[0])}, want {', '.join(_PROPERTIES)}")
    said = _said(fields, where, source)
    rings, lines = _drawn(feature.get("geometry"), where)
    return said._replace(rings=tuple(rings), lines=tuple(lines))


def _drawn(geometry: Any, where: str) -> tuple[_Paths, _Paths]:
    """The rings or the lines of a geometry."""
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in ("Polygon", "MultiPolygon", "LineString", "MultiLineString"):
        raise BadInput(
            f"{where}: geometry is {_short(kind)}, want Polygon, MultiPolygon, LineString or MultiLineString"
        )
    parts = geometry.get("coordinates")
    if kind == "LineString":
        parts = [parts]
    elif kind == "MultiPolygon":
        parts = [ring for polygon in _list(parts, where) for ring in _list(polygon, where)]
    paths = [tuple(_place(place, where) for place in _list(part, where)) for part in _list(parts, where)]
    if kind.endswith("LineString"):
        if any(len(set(path)) < 2 for path in paths):
            raise BadInput(f"{where}: a line has fewer than two positions")
        return [], paths
    if any(len(path) < 4 or path[0] != path[-1] for path in paths):
        raise BadInput(f"{where}: a ring is not closed, want four positions or more, the last like the first")
    return paths, []


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise BadInput(f"{where}: coordinates has {_short(value)}, want a list of positions")
    return value


def _place(value: Any, where: str) -> LonLat:
    numbers = value[:2] if isinstance(value, list) and len(value) in (2, 3, 4) else []
    if not numbers or not all(type(number) in (int, float) for number in numbers):
        raise BadInput(f"{where}: a position is {_short(value)}, want [longitude, latitude]")
    lon, lat = numbers
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise BadInput(f"{where}: a position is {_short(value)}, want degrees, -180 to 180 and -90 to 90")
    return LonLat(round(float(lon), 7), round(float(lat), 7))


# --- a table of trails --------------------------------------------------------------------------------------------


class _Row(NamedTuple):
    """A line of a table: what it says, of which trail, in which region ("" for any), and where it stands."""

    notice: Notice
    trail: str
    region: str
    where: str


class _Part(NamedTuple):
    """A part of a trail: of which region, its name as it is written, its line, and its length in metres."""

    region: str
    name: str
    line: tuple[LonLat, ...]
    length_m: float


def _of_table(path: Path, content: str, source: str | None, store: TrailStore) -> tuple[list[Notice], dict[str, float]]:
    rows = list(_rows(path, content, source))
    regions = store.snapshot().regions
    if rows and not regions:
        raise BadInput(f"{path.name} names trails, but there are none in the database: import them first")
    asked = {row.region: _region(row, regions) for row in rows}
    inside = regions if "" in asked else list(filter(None, asked.values()))
    found, names = _trails({search_key(row.trail) for row in rows}, inside, store)
    notices: list[Notice] = []
    km: dict[str, float] = {}
    for row in rows:
        parts = _parts_of(row, found.get(search_key(row.trail), []), names)
        notices.append(row.notice._replace(lines=tuple(part.line for part in parts)))
        km[parts[0].name] = sum(part.length_m for part in parts) / 1000
    return notices, km


def _rows(path: Path, content: str, source: str | None) -> Iterator[_Row]:
    reader = csv.DictReader(io.StringIO(content, newline=""), strict=True)
    try:
        columns = [column.strip() for column in reader.fieldnames or ()]
        for column in _NEEDED:
            if column not in columns:
                raise BadInput(f"{path.name} has no column {column!r}, want {','.join(_COLUMNS)}")
        for column in columns:
            if column not in _COLUMNS or columns.count(column) > 1:
                raise BadInput(
                    f"{path.name}: column {_short(column)} is none, or twice there; want {','.join(_COLUMNS)}"
                )
        reader.fieldnames = columns
        for number, row in enumerate(reader, 1):
            where = f"{path.name}: line {reader.line_num}"
            if number > MOST_NOTICES:
                raise BadInput(f"{path.name} holds more than {MOST_NOTICES:,} notices")
            yield _row(row, where, source)
    except csv.Error as error:
        raise BadInput(f"{path.name} cannot be read as a table after line {reader.line_num} ({error})") from error


def _row(row: Mapping[Any, Any], where: str, source: str | None) -> _Row:
    if None in row or None in row.values():
        raise BadInput(f"{where} has {'more' if None in row else 'fewer'} cells than there are columns")
    cells = {name: value.strip() for name, value in row.items()}
    if not search_key(cells["trail"]):
        raise BadInput(f"{where}: trail is {_short(cells['trail'])}, want the name of a trail")
    return _Row(_said(cells, where, source), cells["trail"], cells.get("region", ""), where)


def _region(row: _Row, regions: Sequence[RegionInfo]) -> RegionInfo | None:
    try:
        return named(row.region, regions) if row.region else None
    except BadInput as error:
        raise BadInput(f"{row.where}: {error.detail}") from None


def _parts_of(row: _Row, found: Sequence[_Part], names: Collection[str]) -> list[_Part]:
    """The parts of the trail that a line is about."""
    parts = [part for part in found if row.region in ("", part.region)]
    inside = f" in the region {row.region}" if row.region else ""
    if not parts:
        by_key = {search_key(name): name for name in sorted(names)}
        key = search_key(row.trail)
        near = [each for each in by_key if key in each] + difflib.get_close_matches(key, by_key, n=3, cutoff=0.6)
        told = " or ".join(repr(by_key[each]) for each in [*dict.fromkeys(near)][:3])
        asked = f"; did you mean {told}?" if told else ""
        raise BadInput(f"{row.where}: there is no trail {row.trail!r}{inside}{asked}")
    regions = sorted({part.region for part in parts})
    if len(regions) > 1:
        raise BadInput(
            f"{row.where}: there is a trail {row.trail!r} in {' and in '.join(regions)}; want one of them as region"
        )
    return parts


def _trails(
    keys: Collection[str], regions: Sequence[RegionInfo], store: TrailStore
) -> tuple[dict[str, list[_Part]], set[str]]:
    """The parts of trails, by the key of their name, and the names of all trails."""
    found: dict[str, list[_Part]] = {}
    names: set[str] = set()
    for region in regions:
        seen: set[int] = set()
        for tile in tiles(store, region):
            new = [core.id for core in tile.cores if core.id not in seen]
            seen.update(new)
            for segment in store.segments(new).values():
                for name, line, length_m in _named_parts(segment):
                    names.add(name)
                    if (key := search_key(name)) in keys:
                        found.setdefault(key, []).append(_Part(region.name, name, line, length_m))
    return found, names


def _named_parts(segment: Segment) -> Iterator[tuple[str, tuple[LonLat, ...], float]]:
    """The stretches of a segment that have a name, or several with semicolons between them."""
    whole = sum(stretch.length_m for stretch in segment.stretches)
    marks = [0.0]
    for stretch in segment.stretches:
        marks.append(marks[-1] + stretch.length_m)
    for stretch, (begin, end) in zip(segment.stretches, pairwise(marks), strict=True):
        if stretch.name and begin < end:
            line = tuple(LonLat(*place[:2]) for place in cut(segment.line, begin / whole, end / whole))
            for name in filter(None, map(str.strip, stretch.name.split(";"))):
                yield name, line, stretch.length_m
