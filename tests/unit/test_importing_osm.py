"""OpenStreetMap files, written by the tests themselves."""

import osmium
import pytest
from osmium.osm.mutable import Node, Relation, Way

from loopgenie.errors import BadInput
from loopgenie.importing.osm import read_osm
from loopgenie.ways import WayKind


def write(path, *objects, date=None):
    header = osmium.io.Header()
    if date:
        header.set("osmosis_replication_timestamp", date)
    with osmium.SimpleWriter(str(path), header=header) as writer:
        for each in objects:
            {Node: writer.add_node, Way: writer.add_way, Relation: writer.add_relation}[type(each)](each)
    return path


def node(id_, x, y, **tags):
    return Node(id=id_, location=(1.5 + x / 1000, 42.5 + y / 1000), tags=tags)


def row(count):
    return [node(i, i, 0) for i in range(1, count + 1)]


@pytest.fixture
def pbf(tmp_path):
    return lambda *objects, **what: read_osm(write(tmp_path / "drawn.osm.pbf", *objects, **what))


def test_a_way_with_its_tags(pbf):
    tags = {"highway": "path", "name": "Camí", "surface": "ground", "sac_scale": "mountain_hiking", "bridge": "yes"}
    source = pbf(*row(3), Way(id=7, nodes=[1, 2, 3], tags=tags), date="2025-01-18T21:21:36Z")
    (way,) = source.ways
    assert [(round(lon, 7), round(lat, 7)) for lon, lat in way.line] == [(1.501, 42.5), (1.502, 42.5), (1.503, 42.5)]
    assert list(way.node_ids) == [1, 2, 3]
    assert (way.kind, way.name, way.surface, way.difficulty, way.source, way.off_ground) == (
        WayKind.PATH,
        "Camí",
        "ground",
        2,
        "osm way 7",
        True,
    )
    assert source.attribution == ("© OpenStreetMap contributors, ODbL 1.0",)
    assert [(f.name, f.profile) for f in source.files] == [("drawn.osm.pbf", "osm")]
    assert source.data_date == "2025-01-18"


def test_a_file_without_a_date(pbf):
    assert pbf(*row(2), Way(id=1, nodes=[1, 2], tags={"highway": "path"})).data_date is None


def test_a_way_without_a_name_takes_its_number_or_the_most_local_route(pbf):
    routes = [
        Relation(id=1, members=[("w", 1, ""), ("w", 2, "")], tags={"route": "hiking", "network": "iwn", "name": "E7"}),
        Relation(id=2, members=[("w", 1, "")], tags={"route": "foot", "network": "lwn", "name": "Camí de l'Ossa"}),
        Relation(id=3, members=[("w", 3, "")], tags={"route": "bicycle", "name": "Tour"}),
        Relation(id=4, members=[("w", 4, "")], tags={"route": "hiking", "ref": "GR 11"}),
    ]
    ways = [Way(id=i, nodes=[1, 2], tags={"highway": "path"}) for i in (1, 2, 3, 4)]
    ways.append(Way(id=5, nodes=[1, 2], tags={"highway": "track", "ref": "CG-3"}))
    source = pbf(*row(2), *ways, *routes)
    assert [way.name for way in source.ways] == ["Camí de l'Ossa", "E7", None, "GR 11", "CG-3"]


def test_what_is_left_out_is_counted(pbf):
    tags = [{"access": "private"}, {"access": "private", "foot": "yes"}, {"foot": "no"}, {"informal": "yes"}]
    source = pbf(*row(2), *(Way(id=i, nodes=[1, 2], tags={"highway": "path", **t}) for i, t in enumerate(tags, 1)))
    assert [(way.source, way.rule, way.informal) for way in source.ways] == [
        ("osm way 2", "access=private, foot=yes", False),
        ("osm way 4", None, True),
    ]
    assert source.left_out == {"no public access": 1, "closed to walkers": 1}


def test_lines_that_a_hiker_may_miss_are_kept(pbf):
    tags = [{"highway": "path", "access": "private", "name": "Camí del Bosc"}, {"highway": "motorway"}]
    # node 9 is beyond the edge of the extract
    source = pbf(*row(3), *(Way(id=i, nodes=[1, 2, 3, 9], tags=t) for i, t in enumerate(tags, 1)))
    (line,) = source.refused
    assert line[:5] == (0, "no public access", "access=private", "Camí del Bosc", "osm way 1")
    assert [(round(lon, 7), round(lat, 7)) for lon, lat in line.line] == [(1.501, 42.5), (1.502, 42.5), (1.503, 42.5)]
    assert source.left_out == {"no public access": 1, "motorway or trunk road": 1}


def test_a_way_cut_off_at_the_edge_goes_as_far_as_its_nodes(pbf):
    # nodes 3 and 6 are not in the extract: 1-2 and 4-5 are left, 7 alone is no line
    nodes = [node(i, i, 0) for i in (1, 2, 4, 5, 7)]
    source = pbf(*nodes, Way(id=1, nodes=[1, 2, 3, 4, 5, 6, 7], tags={"highway": "path"}))
    assert [list(way.node_ids) for way in source.ways] == [[1, 2], [4, 5]]
    assert source.left_out["part of a way beyond the edge of the extract"] == 1


def test_a_way_with_no_nodes_at_all_is_no_way(pbf):
    assert pbf(*row(2), Way(id=1, nodes=[8, 9], tags={"highway": "path"})).ways == []


def test_points(pbf):
    source = pbf(
        node(1, 0, 0, place="town", name="Encamp", population="13521"),
        node(2, 1, 0, natural="peak", name="Comapedrosa", ele="2942"),
        node(3, 2, 0, tourism="hotel", name="Bellavista"),
        node(4, 3, 0, natural="spring"),
    )
    assert [(p.kind, p.name, p.elevation_m, p.population) for p in source.points] == [
        ("town", "Encamp", None, 13521),
        ("peak", "Comapedrosa", 2942.0, None),
        ("water", None, None, None),
    ]


def test_car_parks_are_nodes_or_areas(pbf):
    corners = [node(1, 10, 0), node(2, 12, 0), node(3, 12, 4), node(4, 10, 4)]
    square = [1, 2, 3, 4, 1]
    source = pbf(
        *corners,
        node(5, 20, 0, amenity="parking"),
        node(6, 30, 0, highway="trailhead", name="Start"),
        node(7, 40, 0, amenity="parking", access="private"),
        Way(id=1, nodes=square, tags={"amenity": "parking", "name": "La Rabassa"}),
        Way(id=2, nodes=square, tags={"amenity": "parking", "access": "customers"}),
        Way(id=3, nodes=square, tags={"tourism": "alpine_hut", "name": "Refugi"}),
    )
    assert {(a.kind, a.name, round(a.lon, 4), round(a.lat, 4)) for a in source.accesses} == {
        ("parking", None, 1.52, 42.5),
        ("trailhead", "Start", 1.53, 42.5),
        ("parking", "La Rabassa", 1.511, 42.502),  # the middle of 10..12 and 0..4
    }
    assert [(p.kind, p.name) for p in source.points] == [("hut", "Refugi")]
    assert source.left_out["car park not open to everybody"] == 2


def test_car_parks_and_camp_sites_drawn_as_relations(pbf):
    """
    The outline of relation 1 is two ways without tags, 10..14 east and 0..6 north, its hole and that of others do
    not count; relation 2 is a camp site; 3 is private; of 4 the extract holds no node.
    """
    corners = [node(1, 10, 0), node(2, 14, 0), node(3, 14, 6), node(4, 10, 6), node(5, 500, 500), node(6, 501, 501)]
    source = pbf(
        *corners,
        Way(id=1, nodes=[1, 2, 3], tags={}),
        Way(id=2, nodes=[3, 4, 1], tags={}),
        Way(id=3, nodes=[5, 6, 5], tags={}),
        Way(id=4, nodes=[98, 99], tags={}),
        Relation(
            id=1,
            members=[("w", 1, "outer"), ("w", 2, "outer"), ("w", 3, "inner")],
            tags={"type": "multipolygon", "amenity": "parking", "name": "Canillo"},
        ),
        Relation(id=2, members=[("w", 1, "")], tags={"type": "multipolygon", "tourism": "camp_site", "name": "Valira"}),
        Relation(id=3, members=[("w", 1, "outer")], tags={"amenity": "parking", "access": "private"}),
        Relation(id=4, members=[("w", 4, "outer")], tags={"amenity": "parking"}),
    )
    assert [(a.kind, a.name, round(a.lon, 4), round(a.lat, 4)) for a in source.accesses] == [
        ("parking", "Canillo", 1.512, 42.503)  # the middle of 10..14 and 0..6
    ]
    assert [(p.kind, p.name) for p in source.points] == [("camp", "Valira")]
    assert source.left_out == {"car park not open to everybody": 1}
    assert source.ways == []


def told(source):
    """What is told of each point, without the object that tells it."""
    return [(p.kind, {name: text for name, text in p.details.items() if name != "source"}) for p in source.points]


def test_what_is_told_of_camps_and_huts(pbf):
    hut = {
        "tourism": "alpine_hut",
        "amenity": "shelter",
        "operator": "Club",
        "capacity": "43",
        "reservation": "required",
    }
    pay = {"fee": "yes", "charge": "19 € per night", "website": "https://hut.example/", "drinking_water": "yes"}
    camp = {"tourism": "camp_site", "backcountry": "yes", "capacity:tents": "5", "reservation": "no", "fee": "no"}
    when = {"opening_hours": "Jun 15-Sep 15", "seasonal": "summer", "website": "www.camp.example", "access": "permit"}
    source = pbf(
        node(1, 0, 0, **hut, **pay),
        node(2, 1, 0, **camp, **when),
        node(3, 2, 0, amenity="shelter", shelter_type="lean_to", seasonal="yes", drinking_water="treated"),
        node(4, 3, 0, tourism="camp_site", website="javascript:alert(1)", capacity="many"),
    )
    assert told(source) == [
        (
            "hut",
            {
                "type": "alpine hut",
                "operator": "Club",
                "capacity": "43",
                "reservation": "needed",
                "fee": "19 € per night",
                "website": "https://hut.example/",
                "water": "yes",
            },
        ),
        (
            "camp",
            {
                "type": "backcountry campsite",
                "capacity": "5 tents",
                "reservation": "not needed",
                "fee": "no",
                "permit": "needed",
                "website": "http://www.camp.example",
                "open": "Jun 15-Sep 15",
            },
        ),
        ("hut", {"type": "lean-to", "open": "seasonal"}),
        ("camp", {"type": "campsite"}),
    ]
    assert [p.details["source"] for p in source.points] == [f"osm node {i}" for i in (1, 2, 3, 4)]


def test_what_is_told_of_water(pbf):
    source = pbf(
        node(1, 0, 0, natural="spring", intermittent="yes", drinking_water="no", website="https://x.example/"),
        node(2, 1, 0, amenity="drinking_water"),
        node(3, 2, 0, man_made="water_tap", drinking_water="no"),
        node(4, 3, 0, man_made="water_well", seasonal="no", intermittent="yes"),
        node(5, 4, 0, natural="spring", seasonal="no"),
        node(6, 5, 0, amenity="fountain"),
        node(7, 6, 0, amenity="fountain", drinking_water="yes"),
        node(8, 7, 0, amenity="drinking_water", drinking_water="no"),
    )
    assert told(source) == [
        ("water", {"type": "spring", "drinkable": "no", "seasonal": "yes"}),
        ("water", {"type": "tap", "drinkable": "yes"}),
        ("water", {"type": "tap", "drinkable": "no"}),
        ("water", {"type": "well", "seasonal": "yes"}),
        ("water", {"type": "spring", "seasonal": "no"}),
        ("water", {"type": "tap", "drinkable": "yes"}),
    ]


def test_what_is_not_open_to_everybody_is_no_place_for_a_night(pbf):
    source = pbf(
        node(1, 0, 0, tourism="camp_site", access="private"),
        node(2, 1, 0, tourism="wilderness_hut", access="no"),
        node(3, 2, 0, tourism="wilderness_hut", ruins="yes"),
        node(4, 3, 0, tourism="camp_site", access="customers"),
        node(5, 4, 0, natural="spring", access="private"),
        node(6, 5, 0, natural="peak", access="no"),
        node(7, 6, 0, tourism="caravan_site"),
        node(8, 7, 0, tourism="camp_site", tents="no"),
    )
    assert [(p.kind, round((p.lon - 1.5) * 1000)) for p in source.points] == [("camp", 3), ("peak", 5)]
    assert source.left_out == {
        "camp not open to everybody, or in ruins": 1,
        "hut not open to everybody, or in ruins": 2,
        "water not open to everybody, or in ruins": 1,
    }


def test_huts_are_buildings_and_camp_sites_areas_and_each_says_when_it_was_changed(pbf):
    corners = [node(1, 10, 0), node(2, 12, 0), node(3, 12, 4), node(4, 10, 4)]
    source = pbf(
        *corners,
        Way(id=8, nodes=[1, 2, 3, 4, 1], tags={"tourism": "wilderness_hut"}, timestamp="2021-08-28T10:11:12Z"),
        Way(id=9, nodes=[1, 2, 3], tags={}),
        Relation(id=3, members=[("w", 9, "outer")], tags={"tourism": "camp_site"}, timestamp="2020-01-02T03:04:05Z"),
    )
    assert [(p.kind, dict(p.details), round(p.lon, 7), round(p.lat, 7)) for p in source.points] == [
        # the middle of 10..12 and 0..4
        ("hut", {"type": "wilderness hut", "source": "osm way 8", "date": "2021-08-28"}, 1.511, 42.502),
        ("camp", {"type": "campsite", "source": "osm relation 3", "date": "2020-01-02"}, 1.511, 42.502),
    ]


def test_streams_run_in_the_open(pbf):
    source = pbf(
        *row(4),
        Way(id=1, nodes=[1, 2], tags={"waterway": "stream", "name": "Riu", "intermittent": "yes"}),
        Way(id=2, nodes=[2, 3], tags={"waterway": "stream", "tunnel": "culvert"}),
        Way(id=3, nodes=[3, 4], tags={"waterway": "river", "seasonal": "no"}),
        Way(id=4, nodes=[1, 4], tags={"waterway": "ditch"}),
        Node(id=9, location=(1.6, 42.6), tags={"ford": "yes", "highway": "crossing"}),
        Node(id=10, location=(1.7, 42.6), tags={"ford": "no"}),
    )
    assert {s.kind for s in source.streams} == {"stream"}
    assert [(s.name, s.seasonal, s.source, len(s.line)) for s in source.streams] == [
        ("Riu", "yes", "osm way 1", 2),
        (None, "no", "osm way 3", 2),
        (None, None, "osm node 9", 1),
    ]


def test_lakes_are_areas_or_relations(pbf):
    """What is drawn as water without more is a lake if it has a name; the shore of relation 3 is way 9."""
    ring = [1, 2, 3, 1]
    source = pbf(
        *row(3),
        Way(id=1, nodes=ring, tags={"natural": "water", "water": "lake"}),
        Way(id=2, nodes=ring, tags={"natural": "water", "name": "Estany"}),
        Way(id=3, nodes=ring, tags={"natural": "water"}),
        Way(id=4, nodes=ring, tags={"natural": "water", "water": "reservoir", "name": "Embassament"}),
        Way(id=9, nodes=ring, tags={}),
        Relation(id=3, members=[("w", 9, "outer")], tags={"natural": "water", "water": "lake", "name": "Juclar"}),
    )
    assert [(s.kind, s.name, s.source) for s in source.streams] == [
        ("lake", None, "osm way 1"),
        ("lake", "Estany", "osm way 2"),
        ("lake", "Juclar", "osm relation 3"),
    ]


def test_xml_is_read_too(tmp_path):
    path = write(tmp_path / "drawn.osm", *row(2), Way(id=1, nodes=[1, 2], tags={"highway": "path"}))
    assert len(read_osm(path).ways) == 1


def broken(path, content):
    path.write_bytes(content)
    return path


def test_what_is_no_openstreetmap_file(tmp_path):
    good = write(tmp_path / "good.osm.pbf", *row(2000), Way(id=1, nodes=[1, 2], tags={"highway": "path"})).read_bytes()
    for content in (good[: len(good) // 2], good[:-1], b"not at all", b"\0" * 100, b""):
        with pytest.raises(BadInput, match=r"^bad\.osm\.pbf cannot be read as OpenStreetMap data .*complete"):
            read_osm(broken(tmp_path / "bad.osm.pbf", content))


def test_entities_in_xml_are_refused(tmp_path):
    bomb = b"""<?xml version="1.0"?><!DOCTYPE osm [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>
    <osm version="0.6"><node id="1" lat="1" lon="1"><tag k="name" v="&b;"/></node></osm>"""
    with pytest.raises(BadInput, match="entities"):
        read_osm(broken(tmp_path / "bomb.osm", bomb))
