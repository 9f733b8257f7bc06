"""OpenStreetMap files (.osm.pbf, .osm): ways that may be walked, places to see, places to leave the car."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from loopgenie.errors import BadInput
from loopgenie.geometry import LonLat
from loopgenie.importing import landmarks, profiles
from loopgenie.importing.access import Decision
from loopgenie.importing.profiles import Profile
from loopgenie.importing.source import Access, Progress, Source, Stream, Way
from loopgenie.store import LeftOut, Point, SourceFile
from loopgenie.ways import WayKind

#: Which name a way without one gets when it is part of several hiking routes: the most local, as signposts have it.
_NETWORKS = ("lwn", "rwn", "nwn", "iwn")
_PLACE_KEYS = (
    *("place", "natural", "mountain_pass", "tourism", "amenity", "highway", "information", "waterway", "man_made"),
    "ford",
)
_LINE_KEYS = ("highway", "amenity", "tourism")


#: A node of a way: its id, and where it is; None for a node that the extract does not hold.
_Node = tuple[int, tuple[float, float] | None]


class _Drawn(NamedTuple):
    """A way as the file has it."""

    id: int
    tags: dict[str, str]
    nodes: list[_Node]
    date: str | None


class _Place(NamedTuple):
    """What may be a place: its tags, the object it is, and the day of its last change."""

    tags: dict[str, str]
    source: str
    date: str | None


@dataclass(slots=True)
class _Area:
    """A car park or camp site drawn as a relation: what it is, and what is known of its outline so far."""

    place: _Place
    corners: list[_Node] = field(default_factory=list)


@dataclass(slots=True)
class _Relations:
    """What ways are by the relations they are part of: on a hiking route, maybe with a name, the shore of a lake, or
    the outline of an area.
    """

    on_route: set[int] = field(default_factory=set)
    route_names: dict[int, str] = field(default_factory=dict)
    shores: dict[int, _Place] = field(default_factory=dict)
    outlines: dict[int, list[_Area]] = field(default_factory=dict)
    areas: list[_Area] = field(default_factory=list)


def read_osm(path: Path, progress: Progress | None = None, profile: Profile | None = None) -> Source:
    """Read an OpenStreetMap file, with the rules of "osm" or of another profile that knows its tags.

    Ways meet only where they share a node; those cut off at the edge of an extract are kept as far as they go.

    Raises
    ------
    BadInput : the file is not OpenStreetMap data, or is cut off.
    """
    try:
        return _read(path, progress or (lambda *_: None), profile or profiles.named("osm"))
    except (RuntimeError, ValueError, OSError) as error:
        raise BadInput(
            f"{path.name} cannot be read as OpenStreetMap data ({_one_line(error)}); want a complete .osm.pbf file"
        ) from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _read(path: Path, progress: Progress, profile: Profile) -> Source:
    source = Source(files=[SourceFile(path.name, profile.name, profile.credit(path.name), _data_date(path))])
    progress(f"reading routes of {path.name}", 0, 3)
    relations = _relations(path)
    progress(f"reading ways of {path.name}", 1, 3)
    for way in _lines(path, relations):
        for area in relations.outlines.get(way.id, ()):
            area.corners += way.nodes
        source.streams += _streams(way, relations)
        if "highway" in way.tags:
            _add_way(source, way, relations=relations, profile=profile)
        elif way.id in relations.shores or landmarks.is_water(way.tags):
            source.waters += [line for _, line in _runs(way.nodes)]
        else:
            _add_area(source, _Place(way.tags, f"osm way {way.id}", way.date), way.nodes, profile)
    for area in relations.areas:
        _add_area(source, area.place, area.corners, profile)
    progress(f"reading places of {path.name}", 2, 3)
    for place, at in _place_nodes(path):
        _add_place(source, place, at, profile)
    return source


def _streams(way: _Drawn, relations: _Relations) -> Iterator[Stream]:
    """A stream or the shore of a lake, in as many parts as the file has unbroken runs of its nodes."""
    place, kind = _Place(way.tags, f"osm way {way.id}", way.date), "stream"
    if not landmarks.is_stream(way.tags):
        place, kind = relations.shores.get(way.id, place), "lake"
        if not landmarks.is_lake(place.tags):
            return
    seasonal = landmarks.runs_dry(place.tags)
    for _, line in _runs(way.nodes):
        if len(line) > 1:
            yield Stream(line, place.tags.get("name"), seasonal, place.source, place.date, kind)


def _objects(path: Path, entities: Any, *filters: Any) -> Iterator[Any]:
    import osmium

    processor = osmium.FileProcessor(str(path), entities)
    for each in filters:
        processor = processor.with_filter(each)
    yield from processor


def _data_date(path: Path) -> str | None:
    import osmium

    with osmium.io.Reader(str(path), osmium.osm.NOTHING) as reader:
        stamp = reader.header().get("osmosis_replication_timestamp")
    return stamp[:10] or None


def _relations(path: Path) -> _Relations:
    import osmium

    wanted = osmium.filter.TagFilter(
        ("route", "hiking"), ("route", "foot"), ("natural", "water"), ("amenity", "parking"), ("tourism", "camp_site")
    )
    found = _Relations()
    ranked: dict[int, tuple[int, int, str]] = {}
    for relation in _objects(path, osmium.osm.RELATION, wanted):
        tags = dict(relation.tags)
        members = [member.ref for member in relation.members if member.type == "w"]
        if landmarks.is_water(tags):
            place = _Place(tags, f"osm relation {relation.id}", _changed(relation))
            found.shores.update(dict.fromkeys(members, place))
        elif "route" not in tags:
            found.areas.append(_Area(_Place(tags, f"osm relation {relation.id}", _changed(relation))))
            outer = [member.ref for member in relation.members if member.type == "w" and member.role != "inner"]
            for way in outer:
                found.outlines.setdefault(way, []).append(found.areas[-1])
        else:
            found.on_route.update(members)
            if name := tags.get("name") or tags.get("ref"):
                rank = _rank(tags.get("network", ""))
                for way in members:
                    ranked[way] = min(ranked.get(way, (99, 0, "")), (rank, relation.id, name))
    found.route_names = {way: name for way, (_, _, name) in ranked.items()}
    return found


def _rank(network: str) -> int:
    return _NETWORKS.index(network) if network in _NETWORKS else len(_NETWORKS)


def _lines(path: Path, relations: _Relations) -> Iterator[_Drawn]:
    """Every way that is a highway, water, a shore or an outline, or may be a place: its id, tags and nodes."""
    import osmium

    processor = osmium.FileProcessor(str(path), osmium.osm.NODE | osmium.osm.WAY)
    # positions of all nodes are kept outside of Python, 16 bytes each, while the ways go by
    processor = processor.with_locations("sparse_mem_array")
    # members of a relation mostly have no tags of their own, so that no filter by key finds them
    members = {*relations.shores, *relations.outlines}
    for way in processor.with_filter(osmium.filter.EntityFilter(osmium.osm.WAY)):
        tags = way.tags
        if way.id in members or any(key in tags for key in _LINE_KEYS) or _is_any_water(tags):
            nodes: list[_Node] = []
            for node in way.nodes:
                place = node.location
                nodes.append((node.ref, (place.lon, place.lat) if place.valid() else None))
            yield _Drawn(way.id, dict(tags), nodes, None if "highway" in tags else _changed(way))


def _is_any_water(tags: Any) -> bool:
    return landmarks.is_water(tags) or landmarks.is_stream(tags)


def _changed(thing: Any) -> str | None:
    """The ISO date of an object's last change; None where the file has been stripped of it."""
    day = thing.timestamp.date()
    return day.isoformat() if day.year > 1970 else None


def _add_way(source: Source, way: _Drawn, *, relations: _Relations, profile: Profile) -> None:
    """The way if it may be walked, else why not."""
    decision = profile.rules.decide(way.tags)
    if decision.kind is None:
        _leave_out(source, way, decision)
        return
    if any(place is None for _, place in way.nodes):
        source.left_out["part of a way beyond the edge of the extract"] += 1
    source.ways += _ways(way, decision.kind, decision, relations=relations, difficulty=profile.difficulty(way.tags))


def _leave_out(source: Source, way: _Drawn, decision: Decision) -> None:
    """Count a way that may not be walked, and keep its line where somebody may miss it."""
    reason = str(decision.reason)
    source.left_out[reason] += 1
    line = tuple(LonLat(*place) for _, place in way.nodes if place is not None) if decision.missed else ()
    if len(line) > 1:
        name = way.tags.get("name") or way.tags.get("ref")
        source.refused.append(LeftOut(0, reason, decision.rule, name, f"osm way {way.id}", line))


def _ways(
    way: _Drawn, kind: WayKind, decision: Decision, *, relations: _Relations, difficulty: int | None
) -> Iterator[Way]:
    """A way in as many parts as the file has unbroken runs of its nodes."""
    for ids, line in _runs(way.nodes):
        if len(ids) > 1:
            yield Way(
                line=line,
                node_ids=ids,
                kind=kind,
                name=way.tags.get("name") or way.tags.get("ref") or relations.route_names.get(way.id),
                surface=way.tags.get("surface"),
                difficulty=difficulty,
                source=f"osm way {way.id}",
                off_ground=decision.off_ground,
                poor=decision.poor,
                on_route=way.id in relations.on_route,
                informal=decision.informal,
                season=decision.season,
                rule=decision.rule,
            )


def _runs(nodes: Sequence[_Node]) -> Iterator[tuple[list[int], list[tuple[float, float]]]]:
    """Ids and positions of neighbouring nodes that the file holds."""
    ids: list[int] = []
    line: list[tuple[float, float]] = []
    for node, place in (*nodes, (0, None)):
        if place is not None:
            ids.append(node)
            line.append(place)
        elif ids:
            yield ids, line
            ids, line = [], []


def _place_nodes(path: Path) -> Iterator[tuple[_Place, LonLat]]:
    import osmium

    for node in _objects(path, osmium.osm.NODE, osmium.filter.KeyFilter(*_PLACE_KEYS)):
        if node.location.valid():
            yield _Place(dict(node.tags), f"osm node {node.id}", _changed(node)), LonLat(node.lon, node.lat)


def _add_area(source: Source, place: _Place, nodes: Sequence[_Node], profile: Profile) -> None:
    """A car park, camp site, hut … drawn as an area: the middle of its box, within a few metres of it."""
    corners = [corner for _, corner in nodes if corner is not None]
    if corners:
        lons, lats = zip(*corners, strict=True)
        middle = LonLat(round((min(lons) + max(lons)) / 2, 7), round((min(lats) + max(lats)) / 2, 7))
        _add_place(source, place, middle, profile)


def _add_place(source: Source, place: _Place, at: LonLat, profile: Profile) -> None:
    tags, name = place.tags, place.tags.get("name")
    if landmarks.is_water(tags):
        source.waters.append([at])
    if landmarks.is_ford(tags):
        source.streams.append(Stream([at], seasonal=landmarks.runs_dry(tags), source=place.source, date=place.date))
    if landmarks.is_closed_parking(tags):
        source.left_out["car park not open to everybody"] += 1
    elif access_as := landmarks.access_kind(tags):
        source.accesses.append(Access(*at, access_as, name))
    elif kind := landmarks.point_kind(tags):
        if landmarks.is_closed_point(kind, tags):
            source.left_out[f"{kind} not open to everybody, or in ruins"] += 1
            return
        ele, population = landmarks.metres(tags.get("ele")), landmarks.people(tags.get("population"))
        told = profile.details.texts(tags) if kind in landmarks.TOLD else {}
        details = landmarks.told(kind, told, source=place.source, date=place.date)
        source.points.append(Point(0, kind, name, *at, ele, population, details))
