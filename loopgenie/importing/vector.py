"""Trail authorities' layers: GeoJSON, shapefiles and GeoPackages, whatever their fields and coordinates are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from loopgenie.errors import BadInput
from loopgenie.geometry import LonLat
from loopgenie.importing import landmarks, profiles
from loopgenie.importing.access import Decision, plain
from loopgenie.importing.fields import latest_date, names_beside, texts
from loopgenie.importing.geometries import KINDS, Place, Reproject, height, parts
from loopgenie.importing.profiles import Profile
from loopgenie.importing.source import Access, Source, Way, merged
from loopgenie.store import LeftOut, Point, SourceFile

_OSM_IDS = ("osm_id", "@id", "osm_way_id", "id")
#: Degrees that are stated in these ways need no reprojection.
_DEGREES = re.compile(r"(CRS:?84|EPSG:{1,2}4326)$", re.I)


class Feature(NamedTuple):
    """One feature of a layer: its fields, its geometry as GeoJSON has it, and what the file calls it."""

    fields: Mapping[str, object]
    geometry: Mapping[str, Any] | None
    id: str


def read_geojson(path: Path, profile: Profile | None = None) -> Source:
    """Read a GeoJSON file, with a profile or with the one that its fields call for.

    Raises
    ------
    BadInput : the file is not GeoJSON, or holds positions that are none.
    """
    document = _json(path)
    kind = document.get("type")
    if kind == "FeatureCollection" and isinstance(document.get("features"), list):
        objects = document["features"]
    elif kind == "Feature":
        objects = [document]
    elif kind in KINDS:
        objects = [{"type": "Feature", "geometry": document}]
    else:
        raise BadInput(f"{path.name} is JSON but not GeoJSON: its type is {kind!r}, want 'FeatureCollection'")
    features = [_feature(each, number, path) for number, each in enumerate(objects, 1)]
    to_degrees = _reprojection(_crs(document, path), path)
    return _Layer(path, str(document.get("name") or ""), to_degrees, features, profile).read()


def _json(path: Path) -> dict[str, Any]:
    def refuse(word: str) -> float:
        raise BadInput(f"{path.name} holds the number {word}; want finite numbers")

    try:
        document = json.loads(path.read_bytes().decode("utf-8-sig"), parse_constant=refuse)
    except OSError as error:
        raise BadInput(f"{path.name} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:  # a decoding error is a ValueError, too
        raise BadInput(f"{path.name} is not GeoJSON: it is not JSON ({error})") from error
    if not isinstance(document, dict):
        raise BadInput(f"{path.name} is JSON but not GeoJSON: want an object with a type")
    return document


def _feature(value: object, number: int, path: Path) -> Feature:
    if not isinstance(value, dict) or value.get("type") != "Feature":
        raise BadInput(f"{path.name}: feature {number} is no GeoJSON feature")
    geometry, fields = value.get("geometry"), value.get("properties") or {}
    if not (geometry is None or isinstance(geometry, dict)) or not isinstance(fields, dict):
        raise BadInput(f"{path.name}: feature {number} has a geometry or properties that are no objects")
    return Feature(fields, geometry, str(value.get("id", number)))


def _crs(document: Mapping[str, Any], path: Path) -> str | None:
    crs = document.get("crs")
    if crs is None:
        return None
    try:
        return str(crs["properties"]["name"])
    except (TypeError, KeyError):
        raise BadInput(f"{path.name} has a crs member without a name; want one like EPSG:3857, or none") from None


def read_shapefile(path: Path, profile: Profile | None = None) -> Source:
    """Read a shapefile; its .shx and .dbf have to lie beside it, and its .prj if it is not in degrees.

    Raises
    ------
    BadInput : a part is missing or cannot be read.
    """
    for suffix in (".dbf", ".shx"):
        if not any(path.with_suffix(s).is_file() for s in (suffix, suffix.upper())):
            raise BadInput(f"{path.name} has no {path.with_suffix(suffix).name} beside it; a shapefile needs it")
    return _read_table(path, None, profile)


def read_geopackage(path: Path, profile: Profile | None = None) -> Source:
    """Read all layers of a GeoPackage.

    Raises
    ------
    BadInput : the file is no GeoPackage.
    """
    import pyogrio
    from pyogrio.errors import DataSourceError

    try:
        layers = [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None]
    except DataSourceError as error:
        raise BadInput(f"{path.name} cannot be read as a GeoPackage ({error})") from error
    source = merged([_read_table(path, layer, profile) for layer in layers])
    source.files = list(dict.fromkeys(source.files))
    return source


def _read_table(path: Path, layer: str | None, profile: Profile | None) -> Source:
    """A layer of a file with one row a feature."""
    import pyogrio.raw
    import shapely
    from pyogrio.errors import DataLayerError, DataSourceError

    try:
        meta, _, shapes, columns = pyogrio.raw.read(path, layer=layer)
        geometries = shapely.from_wkb(shapes)
    except (DataSourceError, DataLayerError, shapely.errors.ShapelyError, ValueError, RuntimeError) as error:
        raise BadInput(f"{path.name} cannot be read ({error})") from error
    rows = zip(*map(_plain_values, columns), strict=True) if columns else (() for _ in geometries)
    features = [
        Feature(
            dict(zip(meta["fields"].tolist(), row, strict=True)),
            None if shape is None else shapely.geometry.mapping(shape),
            str(number),
        )
        for number, (row, shape) in enumerate(zip(rows, geometries, strict=True), 1)
    ]
    return _Layer(path, layer or "", _reprojection(meta["crs"], path), features, profile).read()


def _plain_values(column: Any) -> list[object]:
    """Numbers and words as Python has them, dates as text."""
    values: list[object] = (column.astype("datetime64[D]").astype(str) if column.dtype.kind == "M" else column).tolist()
    return values


def _reprojection(crs: str | None, path: Path) -> Reproject | None:
    """How to get degrees, None where positions are degrees already."""
    if crs is None or _DEGREES.search(crs):
        return None
    import pyproj

    try:
        transformer = pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    except pyproj.exceptions.ProjError as error:
        raise BadInput(f"{path.name} is drawn in {crs!r}, which is no known coordinate system") from error

    def to_degrees(line: Sequence[Place]) -> list[Place]:
        xs, ys = transformer.transform([p[0] for p in line], [p[1] for p in line])
        return [(x, y, *p[2:]) for x, y, p in zip(xs, ys, line, strict=True)]

    return to_degrees


class _Layer:
    """A layer being read: what its features have in common, and the source that they become."""

    def __init__(
        self,
        path: Path,
        title: str,
        to_degrees: Reproject | None,
        features: Sequence[Feature],
        profile: Profile | None,
    ) -> None:
        self.path, self.to_degrees, self.features, self.forced = path, to_degrees, features, profile
        self.tags = [texts(feature.fields) for feature in features]
        self.profile = profile or profiles.recognised({key for tags in self.tags for key in tags})
        # in a layer of points only, its title says what they are
        lines = any("Line" in str(f.geometry and f.geometry.get("type")) for f in features)
        self.title = "" if lines else f"{title} {path.stem}"
        self.names = names_beside(path, self.profile.names)
        self.source = Source()
        self.from_osm = False

    def read(self) -> Source:
        """All features; whom to name follows from what was met."""
        for feature, tags in zip(self.features, self.tags, strict=True):
            for kind, positions in self._parts(feature):
                if kind == "LineString":
                    self._add_line(feature, tags, positions)
                else:
                    self._add_place(feature, tags, positions, is_area=kind == "Polygon")
        _drop_heights_that_are_none(self.source)
        profile = profiles.named("osm") if self.from_osm and self.forced is None else self.profile
        date = latest_date(text for tags in self.tags for text in profile.texts("date", tags))
        self.source.files = [SourceFile(self.path.name, profile.name, profile.credit(self.path.name), date)]
        return self.source

    def _parts(self, feature: Feature) -> Iterator[tuple[str, list[Place]]]:
        try:
            for kind, places in parts(feature.geometry, self.to_degrees) if feature.geometry else [("", [])]:
                if places:
                    yield kind, places
                else:
                    self.source.left_out["feature without a geometry"] += 1
        except BadInput as error:
            raise BadInput(
                f"{self.path.name}: feature {feature.id[:40]} has {error.detail}; "
                "want positions in WGS 84 degrees, or in a coordinate system that the file states"
            ) from error

    def _add_line(self, feature: Feature, tags: dict[str, str], line: list[Place]) -> None:
        if len(line) < 2:
            self.source.left_out["line of fewer than two positions"] += 1
            return
        nodes = _node_ids(feature.fields, line)
        is_osm = "highway" in tags or nodes is not None
        profile = self._profile(is_osm=is_osm)
        decision = profile.rules.decide(tags)
        name = profile.text("name", tags) or self._name_beside(tags)
        source = _osm_way(tags) if is_osm else f"{self.path.name} {feature.id}"
        if decision.kind is None:
            self._leave_out(decision, name, source, line)
            return
        self.from_osm |= is_osm
        heights = [height(place) for place in line]
        self.source.ways.append(
            Way(
                line=[(p[0], p[1]) for p in line],
                node_ids=nodes,
                kind=decision.kind,
                heights=heights if any(h is not None for h in heights) else None,
                name=name,
                surface=_surface(profile.text("surface", tags)),
                difficulty=profile.difficulty(tags),
                source=source,
                off_ground=decision.off_ground,
                informal=decision.informal,
                season=decision.season,
                rule=decision.rule,
            )
        )

    def _profile(self, *, is_osm: bool) -> Profile:
        """A feature with OpenStreetMap's tags is judged by them, in whatever layer, and no other one is."""
        if self.forced is not None or is_osm == self.profile.rules.exact:
            return self.profile
        return profiles.named("osm" if is_osm else "generic")

    def _leave_out(self, decision: Decision, name: str | None, source: str | None, line: Sequence[Place]) -> None:
        reason = str(decision.reason)
        self.source.left_out[reason] += 1
        if decision.missed:
            places = tuple(LonLat(place[0], place[1]) for place in line)
            self.source.refused.append(LeftOut(0, reason, decision.rule, name, source, places))

    def _name_beside(self, tags: Mapping[str, str]) -> str | None:
        """The names in a table beside the layer, for a feature that has none itself; trails may share it."""
        beside = self.profile.names
        if beside is None or not self.names:
            return None
        codes = next((value for key, value in tags.items() if plain(key) == plain(beside.field)), "")
        return ";".join(self.names[code] for code in codes.split(";") if code in self.names) or None

    def _add_place(self, feature: Feature, tags: dict[str, str], positions: list[Place], *, is_area: bool) -> None:
        lon, lat = _middle(positions)
        profile = self._profile(is_osm=False)
        name = profile.text("name", tags)
        kind = profile.rules.point(tags)
        if kind == "closed" or landmarks.is_closed_parking(tags):
            self.source.left_out["car park not open to everybody"] += 1
            return
        kind = kind or landmarks.access_kind(tags) or landmarks.point_kind(tags)
        kind = kind or landmarks.kind_of_fields(tags, self.title)
        if kind and landmarks.is_closed_point(kind, tags):
            self.source.left_out[f"{kind} not open to everybody, or in ruins"] += 1
            return
        if kind in ("parking", "trailhead"):
            self.source.accesses.append(Access(lon, lat, kind, name))
        elif kind and kind != "nothing" and name:
            ele = landmarks.metres(profile.text("height", tags)) or height(positions[0]) or None
            population = landmarks.people(tags.get("population"))
            details = self._details(kind, tags, name, feature)
            self.source.points.append(Point(0, kind, name, lon, lat, ele, population, details))
        else:
            self.source.left_out[f"{'area' if is_area else 'point'} of no known kind, or without a name"] += 1

    def _details(self, kind: str, tags: dict[str, str], name: str, feature: Feature) -> dict[str, str]:
        """What the fields say of a camp, hut or water; what sort it is may stand in its name or the layer's title."""
        if kind not in landmarks.TOLD:
            return {}
        profile = self._profile(is_osm=False)
        told = profile.details.texts(tags)
        if "type" not in told and kind != "water" and (word := landmarks.type_in_words((self.title, name))):
            told["type"] = word
        date = latest_date(profile.texts("date", tags))
        return landmarks.told(kind, told, source=f"{self.path.name} {feature.id}", date=date)


def _surface(text: str | None) -> str | None:
    """ "NAT - NATIVE MATERIAL" is native material."""
    return re.sub(r"^[a-z]{1,4} - ", "", text.lower()) if text else None


def _node_ids(fields: Mapping[str, object], line: Sequence[object]) -> list[int] | None:
    nodes = fields.get("nodes")
    if isinstance(nodes, list) and len(nodes) == len(line) and all(type(node) is int for node in nodes):
        return nodes
    return None


def _osm_way(tags: Mapping[str, str]) -> str | None:
    ids = (re.search(r"\d+$", tags[key]) for key in _OSM_IDS if key in tags)
    return next((f"osm way {found.group()}" for found in ids if found), None)


def _middle(positions: Sequence[Place]) -> tuple[float, float]:
    lons, lats = [p[0] for p in positions], [p[1] for p in positions]
    return (min(lons) + max(lons)) / 2, (min(lats) + max(lats)) / 2


def _drop_heights_that_are_none(source: Source) -> None:
    """Take no height of a layer in which some line lies at 0 throughout: what is not known is written so there.

    The other heights of such layers are no better; Michigan's are in feet, where they are any.
    """
    if any(way.heights and not any(way.heights) for way in source.ways):
        for way in source.ways:
            way.heights = None
