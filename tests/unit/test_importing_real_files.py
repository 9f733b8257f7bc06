"""Real trail files: the figures that others have found in them, and heights against what the files themselves say.

`joined` figures of others: lines noded at every crossing, loose ends within 10 m joined, counted without our rules of
who may walk where; junctions, segments, connected parts, km on loops, and km of the largest part without bridges.
"""

import json
import statistics
from collections import Counter
from dataclasses import replace

import networkx
import pytest

from loopgenie.geometry import distance_m, line_length_m, nearest_on_line
from loopgenie.importing.access import Decision, Rules
from loopgenie.importing.chains import contracted, metres, numbered
from loopgenie.importing.connectivity import Streets, bridges
from loopgenie.importing.elevation import read_elevation
from loopgenie.importing.files import import_files
from loopgenie.importing.gpx import read_gpx
from loopgenie.importing.noding import noded
from loopgenie.importing.osm import read_osm
from loopgenie.importing.profiles import chosen
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
    numbered(chains)
    edges = [(chain.start, chain.end) for chain in chains]
    km = [m / 1000 for m in metres(chains)[0].tolist()]
    dead = bridges(Streets((chain.start, chain.end) for chain in chains))
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


def km_of(way):
    return line_length_m([*way.line]) / 1000


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
    ("file", "lines", "km", "junctions", "segments", "parts", "loop_km", "core_km"),
    [
        ("adirondacks/network+parking+ele.geojson", 1629, 749, 684, 1128, 4, 492, 256),
        ("grsm/trails.json", 546, 1339, 286, 548, 43, 839, 548),
        ("glacier/glaciertrails.geojson", 307, 1220, 125, 263, 33, 277, 98),
        ("rmnp/trails.geojson", 518, 583, 225, 451, 43, 217, 93),
        pytest.param(
            "boise/boise_parks_trails_open_data.geojson", 647, 544, 569, 980, 26, 332, 62, marks=pytest.mark.slow
        ),
        pytest.param("marquette/trail_segments.shp", 1001, 1400, 548, 992, 40, 956, 738, marks=pytest.mark.slow),
        pytest.param("anchorage/trails.shp", 5039, 1217, 2657, 4682, 134, 742, 550, marks=pytest.mark.slow),
    ],
)
def test_joined_lines(trail_data, everybody_may_walk, file, lines, km, junctions, segments, parts, loop_km, core_km):
    read = read_shapefile if file.endswith(".shp") else read_geojson
    source = read(trail_data / file)
    assert len(source.ways) == lines
    assert sum(map(km_of, source.ways)) == pytest.approx(km, abs=0.5)
    found = figures(without_nodes(source))
    assert found["junctions"] == pytest.approx(junctions, rel=0.015)
    assert found["segments"] == pytest.approx(segments, rel=0.01)
    assert found["parts"] == pytest.approx(parts, abs=1)
    assert found["loop_km"] == pytest.approx(loop_km, rel=0.01)
    assert found["core_km"] == pytest.approx(core_km, rel=0.015)


#: A profile that takes every trail, and nothing else: what the figures of others were counted of.
TRAILS_ONLY = """
exact = true
[[refuse]]
field = "highway"
but_not = ["path", "track", "footway", "bridleway", "steps", "via_ferrata"]
reason = "no way"
"""


@pytest.mark.parametrize(
    ("file", "lines", "km", "junctions", "segments", "parts", "loop_km", "core_km", "date"),
    [
        ("andorra/andorra-2013.osm.pbf", 422, 439, 199, 492, 124, 113, 43, "2013-05-28"),
        ("andorra/andorra-latest.osm.pbf", 3908, 1510, 2713, 5134, 359, 912, 690, "2025-01-19"),
        ("heidelberg/heidelberg.test.pbf", 13770, 2388, 8345, 16928, 1817, 1655, 582, "2024-09-08"),
    ],
)
def test_openstreetmap_as_it_is(
    trail_data, tmp_path, file, lines, km, junctions, segments, parts, loop_km, core_km, date
):
    table = tmp_path / "trails.toml"
    table.write_text(TRAILS_ONLY)
    source = read_osm(trail_data / file, None, chosen(str(table)))
    assert source.data_date == date
    assert len(source.ways) == pytest.approx(lines, rel=0.003)
    assert sum(map(km_of, source.ways)) == pytest.approx(km, rel=0.001)
    found = figures(source.ways)
    assert found["junctions"] == pytest.approx(junctions, rel=0.006)
    assert found["segments"] == pytest.approx(segments, rel=0.003)
    assert found["parts"] == pytest.approx(parts, rel=0.007)
    assert found["loop_km"] == pytest.approx(loop_km, rel=0.002)
    assert found["core_km"] == pytest.approx(core_km, abs=0.5)


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


# -- each region by its profile, with what is odd about its files ------------------------------------------------------


def by(what, lines):
    return Counter(getattr(line, what) for line in lines)


def named_share(ways):
    return sum(km_of(way) for way in ways if way.name) / sum(map(km_of, ways))


def test_anchorage(trail_data):
    """Feet of a state plane, null geometries, trails on water and for sled dogs; "Unnamed" is no name."""
    source = read_shapefile(trail_data / "anchorage" / "trails.shp")
    assert source.files[0][1:] == (
        "anchorage",
        "Trails: Municipality of Anchorage: trails.shp (licence not stated in the file)",
        "2012-06-12",
    )
    assert source.left_out == {"feature without a geometry": 25, "on water": 23, "for winter only": 153}
    # 22 water trails, one of them in two parts; sled dog trails without a use in summer
    assert by("rule", source.refused) == {"TRAIL_CLAS=Water Trail": 23, "WINTERUSET=Sled Dog Mushing": 153}
    assert all(-151 < lon < -148 and 60 < lat < 62 for way in source.ways for lon, lat in way.line)
    assert len(source.ways) == 5039 - 23 - 153
    # 725 and 231 lines that are ski runs in winter, 190 that are for dogs, and for everybody in summer
    assert sorted(by("season", source.ways).values()) == [190, 231, 725, 3717]
    assert {way.name for way in source.ways}.isdisjoint({"Unnamed", "None", ""})
    assert named_share(source.ways) == pytest.approx(0.77, abs=0.01)  # 95 % if "Unnamed" were one


def test_boise(trail_data):
    """Lines of several parts, rules in comments, closed and proposed trails."""
    source = read_geojson(trail_data / "boise" / "boise_parks_trails_open_data.geojson")
    assert len(source.ways) + len(source.refused) == 647
    assert source.left_out == {
        "for bicycles only": 59,
        "closed to walkers": 18,
        "one way for walkers": 6,
        "not built yet, or given up": 2,
    }
    one_way = {line.name for line in source.refused if line.reason == "one way for walkers"}
    assert one_way == {"Around the Mountain", "Hawkins", "Harrow", "Polecat Loop (STM)"}
    names = {way.name for way in source.ways}
    assert {"Lower Hull's Gulch (STM)", "Two Point"} <= names  # odd and even days bind bicycles; walkers both ways
    assert not {"Bucktail", "Sideshow"} & names  # downhill bicycles only
    assert named_share(source.ways) == pytest.approx(0.99, abs=0.01)
    assert source.data_date == "2026-04-28"


def test_marquette(trail_data, tmp_path):
    """A yes or no for each use, tags packed into one field, names that stand in a second table, too."""
    folder = trail_data / "marquette"
    source = read_shapefile(folder / "trail_segments.shp")
    assert len(source.ways) == 876
    assert sum(map(km_of, source.ways)) == pytest.approx(808, abs=1)
    assert by("reason", source.refused) == {
        "for winter only": 86,
        "for motor vehicles only": 24,
        "closed to walkers": 14,
        "for bicycles only": 1,
    }
    assert by("rule", source.refused) == {"Hike=No": 125}
    assert by("surface", source.ways)["dirt"] == 796  # Surface=Dirt in OSM_Tags
    heads = read_shapefile(folder / "trailheads.shp")
    assert (len(heads.accesses), len({access.name for access in heads.accesses})) == (45, 16)
    # the same lines without names take them from the table by their codes
    for suffix in (".shp", ".shx", ".dbf", ".prj"):
        (tmp_path / f"trail_segments{suffix}").write_bytes((folder / f"trail_segments{suffix}").read_bytes())
    (tmp_path / "named_trails.csv").write_bytes((folder / "named_trails.csv").read_bytes())
    table = tmp_path / "nameless.toml"
    table.write_text('extends = "michigan"\n[fields]\nname = ["Descriptio"]\n')
    named = read_shapefile(tmp_path / "trail_segments.shp", chosen(str(table)))
    assert "Echo Lake Trail" in {way.name for way in source.ways} & {way.name for way in named.ways}  # there only
    assert "Iron Ore Heritage Trail;UP8" in {way.name for way in named.ways}  # two codes
    same = sum(way.name == other.name for way, other in zip(named.ways, source.ways, strict=True))
    assert same / len(named.ways) > 0.95


def test_rocky_mountain(trail_data):
    """Fields as a table of a web page inside `description`, collections of geometries, heights of 0."""
    source = read_geojson(trail_data / "rmnp" / "trails.geojson")
    assert source.files[0].profile == "nps"  # by SEGNAME, SEGMENT and UNIT, which stand in the web page only
    assert (len(source.ways), named_share(source.ways)) == (518, 1.0)  # of 510 features
    assert all(way.heights is None for way in source.ways)
    roads = read_geojson(trail_data / "rmnp" / "Park_Roads.geojson")
    assert [line.rule for line in roads.refused] == ["RDCLASS=Private"]
    assert by("season", roads.ways) == {
        None: 95,
        "Closed in Winter": 41,
        "Closed from Mid-October to Memorial Day": 1,
    }
    assert roads.data_date == "2018-11-27"


def test_great_smoky(trail_data):
    """Null geometries; signs, of which only those at trailheads are places; campsites."""
    folder = trail_data / "grsm"
    trails = read_geojson(folder / "trails.json")
    assert (trails.files[0].profile, trails.left_out) == ("nps", {"feature without a geometry": 2})
    assert named_share(trails.ways) == 1.0
    signs = read_geojson(folder / "trail-signs.geojson")
    assert (by("kind", signs.accesses), signs.points) == ({"trailhead": 95}, [])
    assert signs.data_date == "2015-12-05"
    camps = read_geojson(folder / "GRSM_BACKCOUNTRY_CAMPSITES.geojson")
    assert by("kind", camps.points) == {"camp": 89}
    assert all(260 < camp.elevation_m < 1950 for camp in camps.points)  # ELEV_M


def test_glacier(trail_data):
    """No fields but a length: nobody can tell whose it is, until somebody says so."""
    folder = trail_data / "glacier"
    source = read_geojson(folder / "glaciertrails.geojson")
    assert (source.files[0].profile, named_share(source.ways)) == ("generic", 0)
    said = read_geojson(folder / "glaciertrails.geojson", chosen("nps"))
    assert said.attribution == ("Trails: US National Park Service, public domain",)
    camps = read_geojson(folder / "backcountrycampgroundsGPS.geojson")
    assert by("kind", camps.points) == {"camp": 58}


def test_adirondacks(trail_data):
    """OpenStreetMap's tags and nodes as GeoJSON; 15 of its lines have a `type` that means something else."""
    source = read_geojson(trail_data / "adirondacks" / "network+parking+ele.geojson")
    assert (source.files[0].profile, source.attribution) == ("osm", ("© OpenStreetMap contributors, ODbL 1.0",))
    assert by("rule", source.refused) == {"access=private": 22, "foot=no": 8, "access=no": 3}
    assert by("rule", source.ways)["access=private, foot=yes"] == 10
    assert sum(way.informal for way in source.ways) == 5
    assert by("kind", source.accesses) == {"trailhead": 105, "parking": 28}
    assert by("kind", source.points) == {"peak": 46}


def test_hong_kong(trail_data):
    """Chinese names, tracks, routes, and files of waypoints only."""
    folder = trail_data / "hongkong"
    camps = merged([read_gpx(path) for path in sorted(folder.glob("*-campsites.gpx"))])
    assert {point.name for point in camps.points if point.kind == "water"} == {
        *("Drinking Water 1", "Drinking Water 2", "Drinking Water 3", "Pak Tam Au Water Station"),
        *("Kowloon Reservoir Water Filling", "Shing Mun Reservoir Drinking Water"),
    }
    assert by("kind", camps.points) == {"camp": len(camps.points) - 6, "water": 6}
    assert "昂坪營地Ngong Ping Camp Site" in {point.name for point in camps.points}
    posts = read_gpx(folder / "All-576-Trail-markers.gpx")
    assert by("kind", posts.points) == {"locality": 576}


@pytest.mark.parametrize(
    ("file", "named", "refused", "informal", "kinds"),
    [
        (
            "andorra/andorra-latest.osm.pbf",
            0.38,
            {"closed to walkers": 118, "no public access": 17, "not built yet, or given up": 11},
            35,
            # 40 springs, 53 taps for drinking water, 5 points for filling tanks, and a tap that does not say
            {"peak": 212, "pass": 109, "water": 99, "town": 7, "village": 34, "camp": 8, "viewpoint": 52},
        ),
        (
            "heidelberg/heidelberg.test.pbf",
            0.61,
            {"no public access": 450, "closed to walkers": 156, "for customers only": 44},
            12,
            {"viewpoint": 14, "camp": 5, "hut": 4},
        ),
    ],
)
def test_who_may_walk_in_openstreetmap(trail_data, file, named, refused, informal, kinds):
    source = read_osm(trail_data / file)
    assert named_share(source.ways) == pytest.approx(named, abs=0.01)  # of roads, numbers, and routes, too
    assert refused.items() <= by("reason", source.refused).items()
    assert all(line.rule and len(line.line) > 1 for line in source.refused)
    assert sum(way.informal for way in source.ways) == informal
    assert kinds.items() <= by("kind", source.points).items()
    assert any(point.population for point in source.points) == file.startswith("andorra")


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


def test_nights_and_water_in_andorra(trail_data):
    """26 of the 29 wilderness huts are buildings, and 4 of the 5 alpine huts; six camp sites are areas, two nodes."""
    region = build_region(read_osm(trail_data / "andorra" / "andorra-latest.osm.pbf"), name="andorra")
    nights = [point for point in region.points if point.kind in ("camp", "hut")]
    sorts = Counter((point.details["type"], point.details["source"].split()[1]) for point in nights)
    assert sorts["wilderness hut", "way"] == 26
    assert sorts["wilderness hut", "node"] == 3
    assert (sorts["alpine hut", "way"], sorts["alpine hut", "node"]) == (4, 1)
    assert (sorts["campsite", "way"], sorts["campsite", "node"]) == (6, 2)
    assert all(point.anchor and point.details["date"] > "2010" for point in nights)
    [illa] = [point for point in nights if point.name == "Refugi de l'Illa"]
    assert {"capacity": "50", "water": "yes", "fee": "yes", "type": "alpine hut"}.items() <= illa.details.items()
    water = [point for point in region.points if point.kind == "water"]
    assert by_type(water) == {"stream": 501, "lake": 150, "tap": 59, "spring": 40}
    streams = [point for point in water if point.details["type"] in ("stream", "lake")]
    assert streams == list(region.points[-len(streams) :])
    for point in streams[::20]:
        line = region.segments[point.anchor.segment].line
        away_m = nearest_on_line((point.lon, point.lat), line).distance_m
        assert away_m == pytest.approx(point.anchor.away_m, abs=0.2)
        assert away_m <= (30.2 if point.details["type"] == "lake" else 0.2)


def by_type(points):
    return dict(Counter(point.details["type"] for point in points))


def test_campsites_of_three_parks(trail_data):
    """Each park's layer has fields of its own; Glacier's has names only."""
    folder = trail_data / "rmnp"
    rocky = read_geojson(folder / "Backcountry_Campsites_for_2017.geojson").points
    assert by_type(rocky) == {"campsite": 180, "group campsite": 26}
    assert Counter(point.details["zone"] for point in rocky)["COLORADO RIVER"] == 94
    assert Counter(point.details["date"] for point in rocky)["2017-01-12"] == 29
    smoky = read_geojson(trail_data / "grsm" / "GRSM_BACKCOUNTRY_CAMPSITES.geojson").points
    assert by_type(smoky) == {"backcountry campsite": 89}
    assert Counter(point.details["users"] for point in smoky) == {
        "on foot": 48,
        "on foot and on horseback": 36,
        "by boat only": 5,
    }
    # 39 with one cable, 34 with two, 10 with three; of five the field is empty
    assert Counter(point.details.get("food storage") for point in smoky) == {
        "bear cables": 83,
        "pole for food": 1,
        None: 5,
    }
    assert all(point.details["reservation"] == "needed" and "date" not in point.details for point in smoky)
    glacier = read_geojson(trail_data / "glacier" / "backcountrycampgroundsGPS.geojson").points
    assert by_type(glacier) == {"campground": 58}
    assert all({*point.details} == {"type", "source"} for point in glacier)
