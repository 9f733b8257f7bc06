"""Real trail files: the figures that others have found in them, and heights against what the files themselves say.

`joined` figures of others: lines noded at every crossing, loose ends within 10 m joined, counted without our rules of
who may walk where; junctions, segments, connected parts, km on loops, and km of the largest part without bridges.
"""

import json
import statistics
from dataclasses import replace

import networkx
import pytest

from loopgenie.geometry import distance_m
from loopgenie.importing.access import Decision, Rules
from loopgenie.importing.chains import contracted
from loopgenie.importing.connectivity import bridges
from loopgenie.importing.elevation import read_elevation
from loopgenie.importing.files import import_files
from loopgenie.importing.gpx import read_gpx
from loopgenie.importing.noding import noded
from loopgenie.importing.osm import read_osm
from loopgenie.importing.source import merged
from loopgenie.importing.topology import build_region
from loopgenie.importing.vector import read_geojson, read_shapefile
from loopgenie.store.sqlite import SqliteStore
from loopgenie.ways import ROADS, WayKind

pytestmark = pytest.mark.data


def figures(ways):
    """Junctions, segments, parts, km on loops, km of the largest part of the graph without its bridges."""
    nodes = noded(ways)
    chains = contracted(nodes)
    edges = [(chain.start, chain.end) for chain in chains]
    km = [chain.length_m() / 1000 for chain in chains]
    dead = bridges(edges)
    graph = networkx.MultiGraph(edges)
    core = networkx.MultiGraph()
    core.add_edges_from((*edge, {"km": km[i]}) for i, edge in enumerate(edges) if i not in dead)
    cores = [core.subgraph(part).size("km") for part in networkx.connected_components(core)]
    return {
        "junctions": sum(1 for _, degree in graph.degree() if degree > 2),
        "segments": len(edges),
        "parts": networkx.number_connected_components(graph),
        "loop_km": sum(km) - sum(km[i] for i in dead),
        "core_km": max(cores, default=0),
    }


@pytest.fixture
def everybody_may_walk(monkeypatch):
    """No rules: every line that is a way is taken."""
    decide = Rules.decide
    about_access = ("access", "foot", "informal", "trail_visibility", "area", "indoor")

    def walkable(rules, tags):
        if rules.exact:  # OpenStreetMap's tags
            return decide(rules, {key: value for key, value in tags.items() if key not in about_access})
        return Decision(WayKind.PATH)

    monkeypatch.setattr(Rules, "decide", walkable)


def without_nodes(source):
    """Lines that have lost their topology."""
    return [replace(way, node_ids=None) for way in source.ways]


@pytest.mark.parametrize(
    ("file", "junctions", "segments", "parts", "loop_km", "core_km"),
    [
        ("adirondacks/network+parking+ele.geojson", 684, 1128, 4, 492, 256),
        ("grsm/trails.json", 286, 548, 43, 839, 548),
        ("glacier/glaciertrails.geojson", 125, 263, 33, 277, 98),
        ("rmnp/trails.geojson", 225, 451, 43, 217, 93),
        pytest.param("boise/boise_parks_trails_open_data.geojson", 569, 980, 26, 332, 62, marks=pytest.mark.slow),
        pytest.param("marquette/trail_segments.shp", 548, 992, 40, 956, 738, marks=pytest.mark.slow),
        pytest.param("anchorage/trails.shp", 2657, 4682, 134, 742, 550, marks=pytest.mark.slow),
    ],
)
def test_joined_lines(trail_data, everybody_may_walk, file, junctions, segments, parts, loop_km, core_km):
    read = read_shapefile if file.endswith(".shp") else read_geojson
    found = figures(without_nodes(read(trail_data / file)))
    assert found["junctions"] == pytest.approx(junctions, rel=0.015)
    assert found["segments"] == pytest.approx(segments, rel=0.01)
    assert found["parts"] == pytest.approx(parts, abs=1)
    assert found["loop_km"] == pytest.approx(loop_km, rel=0.01)
    assert found["core_km"] == pytest.approx(core_km, rel=0.015)


def test_openstreetmap_as_it_is(trail_data, everybody_may_walk):
    source = read_osm(trail_data / "andorra" / "andorra-2013.osm.pbf")
    trails = [way for way in source.ways if way.kind not in ROADS and way.kind is not WayKind.CYCLEWAY]
    assert len(trails) == 422
    found = figures(trails)
    assert (found["junctions"], found["segments"], found["parts"]) == (199, 492, 124)
    assert (round(found["loop_km"]), round(found["core_km"])) == (113, 43)
    assert source.data_date == "2013-05-28"


def test_geojson_with_node_ids_as_it_is(trail_data, everybody_may_walk):
    source = read_geojson(trail_data / "adirondacks" / "network+parking+ele.geojson")
    assert len(source.ways) == 1629
    assert source.left_out["link between car park and trail"] == 89
    assert all(way.node_ids for way in source.ways)
    found = figures(source.ways)
    assert found["parts"] == 4
    assert found["segments"] == pytest.approx(1147, rel=0.02)  # that count has a few pieces twice
    assert found["loop_km"] == pytest.approx(494, rel=0.005)


def test_hong_kong_has_loops_where_its_trails_meet(trail_data):
    """Two of its trails share 2.4 km, other two 2.2 km, here and there a metre or two apart: that is no loop."""
    files = sorted((trail_data / "hongkong").glob("*-Trail-*track.gpx")) + sorted(
        (trail_data / "hongkong").glob("*-route.gpx")
    )
    ways = merged([read_gpx(path) for path in files]).ways
    assert len(ways) == 6  # five tracks, and one of them as a route again
    drawn = figures([replace(way, recorded=False) for way in ways])
    assert (drawn["parts"], round(drawn["loop_km"])) == (3, 43)
    merged_ = figures(ways)
    assert merged_["parts"] == 3
    assert merged_["loop_km"] == pytest.approx(43 - 2 * 2.35, rel=0.02)  # both lines of the first stretch are no loop
    assert merged_["junctions"] <= 12 < 42 <= drawn["junctions"]
    assert merged_["core_km"] == pytest.approx(20.4, rel=0.01)


def test_the_same_trails_in_another_coordinate_system(trail_data):
    degrees, metres = (read_geojson(trail_data / "glacier" / f) for f in ("glaciertrails.geojson", "trails.json"))
    for one, other in zip(degrees.ways, metres.ways, strict=True):
        assert all(distance_m(p, q) < 0.05 for p, q in zip(one.line, other.line, strict=True))


def test_points_of_several_files(trail_data):
    files = sorted((trail_data / "rmnp").glob("*.geojson"))
    source = merged([read_geojson(path) for path in files])
    assert sum(access.kind == "trailhead" for access in source.accesses) == 55
    assert sum(access.kind == "parking" for access in source.accesses) == 129  # of 133 features; 7 are for employees
    assert sum(point.kind == "camp" for point in source.points) == 206
    roads = [way for way in source.ways if way.kind in ROADS]
    assert {way.kind for way in roads} == {WayKind.MINOR_ROAD, WayKind.BUSY_ROAD}
    assert all(way.heights is None for way in source.ways)  # z is 0 throughout
    signs = read_geojson(trail_data / "grsm" / "trail-signs.geojson")
    assert len(signs.accesses) == 95


def test_water_trails_and_null_geometries(trail_data):
    source = read_shapefile(trail_data / "anchorage" / "trails.shp")
    assert source.left_out["feature without a geometry"] == 25
    assert source.left_out["on water"] >= 22
    assert all(-151 < lon < -148 and 60 < lat < 62 for way in source.ways for lon, lat in way.line)


def check_climbs(region):
    """What holds of climbs and lengths in every region with heights; the number of segments without heights."""
    for core, line, stretches in region.segments:
        assert sum(stretch.length_m for stretch in stretches) == pytest.approx(core.length_m, abs=0.01)
        start, end = region.junctions[core.start], region.junctions[core.end]
        assert (line[0], line[-1]) == ((*start[1:3], start.elevation_m), (*end[1:3], end.elevation_m))
        if core.ascent_m is not None:
            assert core.ascent_m - core.descent_m == end.elevation_m - start.elevation_m
    return sum(segment.core.ascent_m is None for segment in region.segments)


def test_heights_of_a_geotiff_are_those_the_file_was_made_with(trail_data):
    folder = trail_data / "adirondacks"
    height_at = read_elevation([folder / "ele.tif"])
    region = build_region(read_geojson(folder / "network+parking+ele.geojson"), name="adk", height_at=height_at)
    assert check_climbs(region) == 0
    # whoever made the file took pixels for their north-west corners: half a second of arc beside their centres
    half = 0.5 / 3600
    for feature in json.loads((folder / "network+parking+ele.geojson").read_text())["features"]:
        if feature["properties"].get("type") == "junction":
            lon, lat = feature["geometry"]["coordinates"]
            assert height_at(lon + half, lat - half) == pytest.approx(feature["properties"]["ele"], abs=1e-6)


def test_heights_of_tracks_are_used_without_a_terrain_model(trail_data):
    source = read_gpx(trail_data / "hongkong" / "Lantau-Trail-track.gpx")
    region = build_region(source, name="lantau")
    assert check_climbs(region) == 0
    assert max(z for segment in region.segments for _, _, z in segment.line) == pytest.approx(900, abs=40)


@pytest.mark.slow
def test_a_country_with_heights_through_the_real_store(trail_data, tmp_path):
    folder, told = trail_data / "andorra", []
    store = SqliteStore(str(tmp_path / "andorra.db"))
    summary = import_files(
        [folder / "andorra-latest.osm.pbf"],
        store,
        elevation=[folder / "N42E001.hgt.zip"],
        region="Andorra",
        progress=lambda *what: told.append(what),
    )
    assert summary.trail_km + summary.road_km == pytest.approx(1935, rel=0.02)
    assert summary.trailheads > 200
    assert summary.with_heights
    (info,) = store.snapshot().regions
    assert (info.segments, info.trailheads, info.points) == (summary.segments, summary.trailheads, summary.points)
    assert [place.name for place in store.find_places("ordino", 1)] == ["Ordino"]
    store.close()
    assert any(done for what, done, _ in told if what == "measuring climbs")


def test_heights_of_a_tile_agree_with_signs_at_passes(trail_data):
    """On passes the terrain is flat both ways; beside them by one post of the tile, the model agrees less."""
    folder = trail_data / "andorra"
    height_at = read_elevation([folder / "N42E001.hgt.zip"])
    points = read_osm(folder / "andorra-latest.osm.pbf").points
    passes = [point for point in points if point.kind == "pass" and point.elevation_m]
    assert len(passes) > 50

    def apart(east, south):
        heights = [(p.elevation_m, height_at(p.lon + east / 1200, p.lat - south / 1200)) for p in passes]
        return statistics.median(abs(stated - height) for stated, height in heights if height is not None)

    assert apart(0, 0) < 8
    assert all(apart(*beside) > apart(0, 0) for beside in ((1, 0), (-1, 0), (0, 1), (0, -1)))


@pytest.mark.slow
def test_climbs_of_a_country(trail_data):
    folder = trail_data / "andorra"
    height_at = read_elevation([folder / "N42E001.hgt.zip"])
    region = build_region(read_osm(folder / "andorra-latest.osm.pbf"), name="andorra", height_at=height_at)
    assert check_climbs(region) == 0
    heights = [z for segment in region.segments for _, _, z in segment.line]
    assert min(heights) > 750  # voids of -32768 would be far below
    assert max(heights) < 2950
    cores = [segment.core for segment in region.segments if segment.core.length_m > 200]
    steeper_than_45_degrees = [core for core in cores if max(core.ascent_m, core.descent_m) > core.length_m]
    assert len(steeper_than_45_degrees) < 5
