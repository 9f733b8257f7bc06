"""GeoJSON and shapefiles, as authorities and tools write them, and what is wrong with some."""

import json
import math

import numpy as np
import pyogrio.raw
import pytest
import shapely

from loopgenie.errors import BadInput
from loopgenie.importing.vector import read_geojson, read_geopackage, read_shapefile
from loopgenie.ways import WayKind

OSM = "© OpenStreetMap contributors, ODbL 1.0"
LINE = [[8.0, 47.0], [8.01, 47.0], [8.01, 47.01]]


def feature(geometry, **fields):
    return {"type": "Feature", "properties": fields, "geometry": geometry}


def line(*positions, **fields):
    return feature({"type": "LineString", "coordinates": list(positions) or LINE}, **fields)


def point(lon, lat, **fields):
    return feature({"type": "Point", "coordinates": [lon, lat]}, **fields)


@pytest.fixture
def geojson(tmp_path):
    def read(*features, name="trails.geojson", **members):
        path = tmp_path / name
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features, **members}))
        return read_geojson(path)

    return read


@pytest.fixture
def text(tmp_path):
    def read(content):
        path = tmp_path / "trails.geojson"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_geojson(path)

    return read


def test_a_generic_line_is_a_path(geojson):
    source = geojson(line(TRAILNAME="Abrams Falls Trail", TrlSurface="Gravel"))
    (way,) = source.ways
    assert way.line == [(8.0, 47.0), (8.01, 47.0), (8.01, 47.01)]
    assert (way.kind, way.name, way.surface, way.node_ids, way.heights) == (
        WayKind.PATH,
        "Abrams Falls Trail",
        "gravel",
        None,
        None,
    )
    assert not way.recorded
    assert source.attribution == ("Trails: trails.geojson (licence not stated in the file)",)


@pytest.mark.parametrize("key", ["name", "NAME", "Trail_Name", "TRAIL_NAME", "trailname", "MAPLABEL", "RDNAME"])
def test_names_by_many_names(geojson, key):
    assert geojson(line(**{key: "Ridge"})).ways[0].name == "Ridge"


@pytest.mark.parametrize("name", ["Unnamed", "None", "", " ", "N/A", None, "Unnamed Trail"])
def test_names_that_are_none(geojson, name):
    assert geojson(line(name=name)).ways[0].name is None


def test_lines_with_openstreetmap_tags(geojson):
    source = geojson(
        line(id=20087250, highway="track", name="Santanoni Road", nodes=[1, 2, 3], sac_scale="hiking", bridge="yes"),
        line(id=7, nodes=[1, 2, 4]),
        line(id=8, highway="path", access="private"),
        line(id=9, highway="path", nodes=[1, 2]),  # not as many as positions
        line(type="lot-to-lot", nodes=[1, 2, 3], trailhead={"type": "trailhead"}),
        line(type="lot-to-trailhead", nodes=[1, 2, 3]),
    )
    assert [(w.kind, w.node_ids and list(w.node_ids), w.source) for w in source.ways] == [
        (WayKind.TRACK, [1, 2, 3], "osm way 20087250"),
        (WayKind.PATH, [1, 2, 4], "osm way 7"),
        (WayKind.PATH, None, "osm way 9"),
    ]
    assert source.ways[0].difficulty == 1
    assert source.ways[0].off_ground
    assert source.left_out == {
        "no public access": 1,
        "link between car park and trail": 2,
    }
    assert source.attribution == (OSM,)


def test_packed_tags_are_unpacked(geojson):
    hstore = line(highway="path", other_tags='"sac_scale"=>"alpine_hiking","foot"=>"yes"')
    nested = line(tags={"highway": "footway", "name": "Quay"})
    pairs = line(Trail_Name="Harlow", OSM_Tags="ATV=No;Surface=Dirt;Width=0.6")
    ways = geojson(hstore, nested, pairs).ways
    assert ways[0].difficulty == 4
    assert (ways[1].kind, ways[1].name) == (WayKind.FOOTWAY, "Quay")
    assert ways[2].surface == "dirt"


def test_all_kinds_of_line(geojson):
    multi = {"type": "MultiLineString", "coordinates": [LINE, LINE[:2]]}
    collection = {"type": "GeometryCollection", "geometries": [{"type": "LineString", "coordinates": LINE}, multi]}
    source = geojson(feature(multi), feature(collection))
    assert [len(way.line) for way in source.ways] == [3, 2, 3, 3, 2]


def test_heights(geojson):
    climbing = line([8, 47, 500.0], [8.01, 47, 510.5])
    partly = line([8, 47], [8.01, 47, 510.5])
    ways = geojson(climbing, partly).ways
    assert [way.heights for way in ways] == [[500.0, 510.5], [None, 510.5]]


def test_heights_of_0_everywhere_are_no_heights(geojson):
    assert [w.heights for w in geojson(line([8, 47, 0], [8.01, 47, 0]), line([8, 47, 0.0], [9, 47, 0])).ways] == [
        None
    ] * 2


def test_null_geometries_are_counted(geojson):
    source = geojson(feature(None), line(), feature({"type": "LineString", "coordinates": []}), line([8, 47]))
    assert len(source.ways) == 1
    assert source.left_out == {"feature without a geometry": 2, "line of fewer than two positions": 1}


def test_points_by_type_field(geojson):
    source = geojson(
        point(8, 47, type="trailhead", ele=625.59),
        point(8, 47, type="junction"),
        point(8, 47, type="high-peak", natural="peak", name="Giant Mountain", ele=1405.27),
        point(8, 47, type="parking-lot", amenity="parking", name="Garden"),
        point(8, 47, amenity="parking", access="private"),
        point(8, 47, TYPE="Backcountry Campsite", NAME="West Prong", ELEV_M=488),
    )
    assert [(a.kind, a.name) for a in source.accesses] == [("trailhead", None), ("parking", "Garden")]
    assert [(p.kind, p.name, p.elevation_m) for p in source.points] == [
        ("peak", "Giant Mountain", 1405.3),
        ("camp", "West Prong", 488.0),
    ]
    assert source.left_out == {"point of no known kind, or without a name": 1, "car park not open to everybody": 1}


def test_points_by_the_name_of_the_layer(geojson):
    camps = geojson(point(8, 47, NAME="BOULDER PASS"), name="backcountrycampgroundsGPS.geojson")
    assert [(p.kind, p.name) for p in camps.points] == [("camp", "BOULDER PASS")]
    mixed = geojson(point(8, 47, NAME="BOULDER PASS"), line(), name="campgrounds and trails.geojson")
    assert [(p.kind, p.name) for p in mixed.points] == [("pass", "BOULDER PASS")]


def test_areas_are_their_middle(geojson):
    square = [[[8, 47], [8.002, 47], [8.002, 47.001], [8, 47.001], [8, 47]]]
    lots = feature({"type": "MultiPolygon", "coordinates": [square]}, FEATURE="PARKING LOT", LOTNAME="Parking Lot")
    lake = feature({"type": "Polygon", "coordinates": square}, type="lake")
    source = geojson(lots, lake)
    (access,) = source.accesses
    assert (access.kind, access.name) == ("parking", None)  # "Parking Lot" is no name
    assert (access.lon, access.lat) == pytest.approx((8.001, 47.0005))
    assert source.left_out == {"area of no known kind, or without a name": 1}


def test_other_coordinate_systems_are_brought_to_degrees(geojson):
    def mercator(lon, lat):  # EPSG:3857, the formula of the projection
        return [
            6378137 * math.radians(lon),
            6378137 * math.log(math.tan(math.pi / 4 + math.radians(lat) / 2)),
        ]

    crs = {"type": "name", "properties": {"name": "EPSG:3857"}}
    (way,) = geojson(line(mercator(8, 47), mercator(8.01, 47.01)), crs=crs).ways
    assert [(round(lon, 6), round(lat, 6)) for lon, lat in way.line] == [(8, 47), (8.01, 47.01)]


@pytest.mark.parametrize("name", ["urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326", "urn:ogc:def:crs:EPSG::4326"])
def test_degrees_by_another_name(geojson, name):
    assert geojson(line(), crs={"type": "name", "properties": {"name": name}}).ways[0].line[0] == (8.0, 47.0)


def test_a_single_feature_and_a_bare_geometry(text):
    assert len(text(json.dumps(line())).ways) == 1
    assert len(text(json.dumps({"type": "LineString", "coordinates": LINE})).ways) == 1


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("no JSON", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "want an object"),
        ('{"name": "settings"}', "not GeoJSON"),
        ('{"type": "FeatureCollection"}', "not GeoJSON"),
        ('{"type": "FeatureCollection", "features": [3]}', "feature 1"),
        ('{"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": 5}]}', "feature 1"),
        ('{"type": "LineString", "coordinates": [[NaN, 47], [8, 47]]}', "NaN"),
        ('{"type": "LineString", "coordinates": [[1e999, 47], [8, 47]]}', "inf"),
        ('{"type": "LineString", "coordinates": [["8", 47], [8, 47]]}', "'8'"),
        ('{"type": "LineString", "coordinates": [[8], [8, 47]]}', "[8]"),
        ('{"type": "LineString", "coordinates": [8, 47]}', "8"),
        ('{"type": "LineString", "coordinates": "8 47"}', "no list"),
        ('{"type": "LineString"}', "no list"),
        ('{"type": "LineString", "coordinates": [[447000, 5200000], [447100, 5200000]]}', "not in degrees"),
        ('{"type": "LineString", "coordinates": [[8, 91], [8, 47]]}', "not in degrees"),
        ('{"type": "Polygon", "coordinates": [3]}', "no list"),
        ('{"type": "MultiLineString", "coordinates": 4}', "no list"),
        ('{"type": "Feature", "geometry": {"type": "Circle", "coordinates": []}}', "Circle"),
        ('{"type": "Feature", "geometry": {"type": ["Point"]}}', "Point"),
        ('{"type": "GeometryCollection", "geometries": [7]}', "7"),
        ('{"type": "GeometryCollection", "geometries": 7}', "7"),
        ('{"type": "Point", "coordinates": [8, 47], "crs": {"type": "link"}}', "crs"),
        ('{"type": "FeatureCollection", "features": [], "crs": {"properties": {"name": "EPSG:0"}}}', "EPSG:0"),
    ],
)
def test_what_is_no_geojson(text, content, word):
    with pytest.raises(BadInput, match=r"^trails\.geojson") as caught:
        text(content)
    assert word in caught.value.detail
    assert "\n" not in caught.value.detail
    assert len(caught.value.detail) < 400


@pytest.fixture
def shapefile(tmp_path):
    def write(geometries, names, *, crs="EPSG:4326", kind="LineString"):
        path = tmp_path / "paths.shp"
        pyogrio.raw.write(
            path,
            geometry=shapely.to_wkb(np.array(geometries, dtype=object)),
            field_data=[np.array(names, dtype=object)],
            fields=np.array(["TRAIL_NAME"]),
            geometry_type=kind,
            crs=crs,
        )
        return path

    return write


def test_a_shapefile_with_a_null_geometry(shapefile):
    source = read_shapefile(shapefile([shapely.LineString(LINE), None], ["Chester Creek Trail", "Nowhere"]))
    assert [(w.name, w.line) for w in source.ways] == [("Chester Creek Trail", [tuple(p) for p in LINE])]
    assert source.left_out == {"feature without a geometry": 1}


def test_a_shapefile_in_feet(shapefile):
    # Alaska State Plane zone 4: 1,640,416.667 US feet east is the meridian 150° west, 0 north is 54° north
    ends = [(1640416.667, 0.0), (1640416.667, 3280.833)]
    (way,) = read_shapefile(shapefile([shapely.LineString(ends)], ["Coast"], crs="ESRI:102634")).ways
    assert way.line[0] == pytest.approx((-150.0, 54.0), abs=1e-4)
    assert way.line[1] == pytest.approx((-150.0, 54.00899), abs=1e-4)  # 1,000 m north


@pytest.mark.parametrize("suffix", [".dbf", ".shx"])
def test_a_shapefile_without_one_of_its_parts(shapefile, suffix):
    path = shapefile([shapely.LineString(LINE)], ["A"])
    path.with_suffix(suffix).unlink()
    with pytest.raises(BadInput, match=rf"paths\.shp has no paths\{suffix} beside it"):
        read_shapefile(path)


def test_a_shapefile_that_is_none(shapefile):
    path = shapefile([shapely.LineString(LINE)], ["A"])
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(BadInput, match=r"^paths\.shp cannot be read"):
        read_shapefile(path)


def test_a_geopackage_with_two_layers(tmp_path):
    path = tmp_path / "park.gpkg"
    for layer, shape in (("paths", shapely.LineString(LINE)), ("campgrounds", shapely.Point(8, 47))):
        pyogrio.raw.write(
            path,
            geometry=shapely.to_wkb(np.array([shape], dtype=object)),
            field_data=[np.array(["Ridge"], dtype=object)],
            fields=np.array(["NAME"]),
            geometry_type=shape.geom_type,
            crs="EPSG:4326",
            layer=layer,
        )
    source = read_geopackage(path)
    assert [way.name for way in source.ways] == ["Ridge"]
    assert [(point.kind, point.name) for point in source.points] == [("camp", "Ridge")]
    path.write_bytes(b"SQLite format 3")
    with pytest.raises(BadInput, match=r"^park\.gpkg cannot be read"):
        read_geopackage(path)


def test_heights_of_a_layer_with_lines_at_nought_are_none(tmp_path):
    """One line at 0 throughout, one with heights (in feet, perhaps): neither is known. Alone, the second is."""
    at_nought, high = [[8.0, 47.0, 0.0], [8.1, 47.0, 0.0]], [[8.0, 47.1, 1424.5], [8.1, 47.1, 0.0]]
    for lines, known in (((at_nought, high), [None, None]), ((high,), [[1424.5, 0.0]])):
        path = tmp_path / "layer.geojson"
        features = [
            {"type": "Feature", "properties": {}, "geometry": {"type": "LineString", "coordinates": each}}
            for each in lines
        ]
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
        assert [way.heights for way in read_geojson(path).ways] == known
