"""Trail authorities' layers: GeoJSON, shapefiles and GeoPackages, whatever their fields and coordinates are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from loopgenie.errors import BadInput
from loopgenie.importing import access, landmarks
from loopgenie.importing.geometries import KINDS, Place, Reproject, height, parts
from loopgenie.importing.osm import ATTRIBUTION as OSM_ATTRIBUTION
from loopgenie.importing.source import Access, Source, Way, merged
from loopgenie.store import Point, SourceFile
from loopgenie.ways import WayKind

#: Fields that hold a name, in the order in which they are looked for, without case and underscores.
_NAMES = (
    "name", "trailname", "trlname", "trailnm", "rdname", "roadname", "poiname", "lotname", "thname", "maplabel",
    "label", "title", "campsite", "segname", "trail",
)  # fmt: skip
_SURFACES = ("surface", "trlsurface", "trailsurface", "rdsurface")
_HEIGHTS = ("ele", "elevm", "elevationm", "altitude")
_NO_NAME = re.compile(r"(unnamed.*|unknown|none|null|n/?a|-|\?|parking( lot| area)?|trail( ?head)?)$", re.I)
#: Lines of computed networks that only link car parks to trails; they are no trails.
_CAR_PARK_LINKS = frozenset({"lot-to-lot", "lot-to-trailhead"})
_OSM_IDS = ("osm_id", "@id", "osm_way_id", "id")
#: Degrees that are stated in these ways need no reprojection.
_DEGREES = re.compile(r"(CRS:?84|EPSG:{1,2}4326)$", re.I)


class Feature(NamedTuple):
    """One feature of a layer: its fields, its geometry as GeoJSON has it, and what the file calls it."""

    fields: Mapping[str, object]
    geometry: Mapping[str, Any] | None
    id: str


def read_geojson(path: Path) -> Source:
    """Read a GeoJSON file.

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
    return _Layer(path, str(document.get("name") or ""), _reprojection(_crs(document, path), path)).read(features)


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


def read_shapefile(path: Path) -> Source:
    """Read a shapefile; its .shx and .dbf have to lie beside it, and its .prj if it is not in degrees.

    Raises
    ------
    BadInput : a part is missing or cannot be read.
    """
    for suffix in (".dbf", ".shx"):
        if not any(path.with_suffix(s).is_file() for s in (suffix, suffix.upper())):
            raise BadInput(f"{path.name} has no {path.with_suffix(suffix).name} beside it; a shapefile needs it")
    return _read_table(path, None)


def read_geopackage(path: Path) -> Source:
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
    return merged([_read_table(path, layer) for layer in layers])


def _read_table(path: Path, layer: str | None) -> Source:
    """A layer of a file with one row a feature."""
    import pyogrio.raw
    import shapely
    from pyogrio.errors import DataLayerError, DataSourceError

    try:
        meta, _, shapes, columns = pyogrio.raw.read(path, layer=layer)
        geometries = shapely.from_wkb(shapes)
    except (DataSourceError, DataLayerError, shapely.errors.ShapelyError, ValueError, RuntimeError) as error:
        raise BadInput(f"{path.name} cannot be read ({error})") from error
    rows = zip(*columns, strict=True) if columns else (() for _ in geometries)
    features = [
        Feature(
            dict(zip(meta["fields"].tolist(), row, strict=True)),
            None if shape is None else shapely.geometry.mapping(shape),
            str(number),
        )
        for number, (row, shape) in enumerate(zip(rows, geometries, strict=True), 1)
    ]
    return _Layer(path, layer or "", _reprojection(meta["crs"], path)).read(features)


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
    """A file being read: what its features have in common, and the source that they become."""

    def __init__(self, path: Path, title: str, to_degrees: Reproject | None) -> None:
        self.path, self.title, self.to_degrees = path, title, to_degrees
        self.source = Source()
        self.from_osm = False
        self.layer = ""

    def read(self, features: Sequence[Feature]) -> Source:
        """All features; the attribution follows from what was met."""
        # in a file of points only, its title says what they are
        lines = any("Line" in str(f.geometry and f.geometry.get("type")) for f in features)
        self.layer = "" if lines else f"{self.title} {self.path.stem}"
        for feature in features:
            tags = _tags(feature.fields)
            for kind, positions in self._parts(feature):
                if kind == "LineString":
                    self._add_line(feature, tags, positions)
                else:
                    self._add_place(tags, positions, is_area=kind == "Polygon")
        _drop_heights_of_zero(self.source)
        unstated = f"Trails: {self.path.name} (licence not stated in the file)"
        attribution = OSM_ATTRIBUTION if self.from_osm else unstated
        self.source.files = [SourceFile(self.path.name, "osm" if self.from_osm else "generic", attribution)]
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
        nodes = _node_ids(feature.fields, line)
        is_osm = "highway" in tags or nodes is not None
        decision = self._judge(tags, has_nodes=nodes is not None)
        if len(line) < 2:
            decision = access.Decision(None, "line of fewer than two positions")
        if decision.kind is None:
            self.source.left_out[str(decision.reason)] += 1
            return
        self.from_osm |= is_osm
        heights = [height(place) for place in line]
        self.source.ways.append(
            Way(
                line=[(p[0], p[1]) for p in line],
                node_ids=nodes,
                kind=decision.kind,
                heights=heights if any(h is not None for h in heights) else None,
                name=_first(tags, _NAMES) or (tags.get("ref") if is_osm else None),
                surface=(_first(tags, _SURFACES) or "").lower() or None,
                difficulty=access.difficulty(tags),
                source=_osm_way(tags) if is_osm else f"{self.path.name} {feature.id}",
                off_ground=access.off_ground(tags),
            )
        )

    def _judge(self, tags: dict[str, str], *, has_nodes: bool) -> access.Decision:
        if tags.get("type") in _CAR_PARK_LINKS:
            return access.Decision(None, "link between car park and trail")
        if "highway" in tags:
            return access.judge(tags)
        return access.Decision(WayKind.PATH) if has_nodes else access.judge_fields(tags)

    def _add_place(self, tags: dict[str, str], positions: list[Place], *, is_area: bool) -> None:
        lon, lat = _middle(positions)
        name = _first(tags, _NAMES)
        if landmarks.is_closed_parking(tags):
            self.source.left_out["car park not open to everybody"] += 1
            return
        kind = landmarks.access_kind(tags) or landmarks.point_kind(tags)
        kind = kind or landmarks.kind_of_fields(tags, self.layer)
        if kind in ("parking", "trailhead"):
            self.source.accesses.append(Access(lon, lat, kind, name))
        elif kind and name:
            ele = landmarks.metres(_first(tags, _HEIGHTS)) or height(positions[0]) or None
            population = landmarks.people(tags.get("population"))
            self.source.points.append(Point(0, kind, name, lon, lat, ele, population))
        else:
            self.source.left_out[f"{'area' if is_area else 'point'} of no known kind, or without a name"] += 1


def _tags(fields: Mapping[str, object]) -> dict[str, str]:
    """All fields that say something, as text; tags packed into one field are unpacked."""
    tags: dict[str, str] = {}
    for key, value in fields.items():
        if isinstance(value, Mapping) and key == "tags":
            tags |= {str(k): str(v) for k, v in value.items()}
        elif isinstance(value, str | int | float) and str(value).strip():
            tags[key] = str(value).strip()
    for key in [key for key in tags if key.lower() in ("other_tags", "osm_tags", "tags")]:
        packed = tags.pop(key)
        pairs = re.findall(r'"([^"]+)"=>"([^"]*)"', packed) or re.findall(r"([^=;]+)=([^=;]*)", packed)
        tags = {**dict(pairs), **tags}
    return tags


def _first(tags: Mapping[str, str], keys: Sequence[str]) -> str | None:
    by_key = {re.sub(r"[\W_]", "", key.lower()): value for key, value in tags.items()}
    found = (by_key[key] for key in keys if key in by_key)
    return next((value for value in found if not _NO_NAME.match(value)), None)


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


def _drop_heights_of_zero(source: Source) -> None:
    if not any(height for way in source.ways for height in way.heights or ()):
        for way in source.ways:
            way.heights = None
