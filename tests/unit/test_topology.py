"""From drawn lines to a region: contraction, stretches, heights, scores."""

from itertools import pairwise

import networkx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopgenie.geometry import distance_m, line_length_m
from loopgenie.importing.connectivity import Streets, bridges, size_of_loops, walking_distances
from loopgenie.importing.source import Access, Source, Way
from loopgenie.importing.topology import build_region
from loopgenie.store import Point, SourceFile
from loopgenie.ways import BEST, WORTH, WayKind

PATH, TRACK, ROAD = WayKind.PATH, WayKind.TRACK, WayKind.MINOR_ROAD
LON, LAT = 8.0, 47.0
LON_M = 1000 * distance_m((LON, LAT), (LON + 0.001, LAT))
LAT_M = 1000 * distance_m((LON, LAT), (LON, LAT + 0.001))


def lonlat(x, y):
    """A position, from metres."""
    return LON + x / LON_M, LAT + y / LAT_M


class Drawing:
    """Ways over named nodes at given metres; ways meet at the nodes they share."""

    def __init__(self, **nodes):
        self.nodes = {name: (number, lonlat(*place)) for number, (name, place) in enumerate(nodes.items(), 1)}

    def way(self, names, kind=PATH, **what):
        ids, line = zip(*(self.nodes[name] for name in names), strict=True)
        return Way(list(line), kind, node_ids=list(ids), **what)


SQUARE = Drawing(a=(0, 0), b=(1000, 0), c=(1000, 1000), d=(0, 1000), e=(2000, 0), f=(500, 0), g=(-500, 0))


CAR_AT_E = Access(*lonlat(2000, 0), "parking")  # a trailhead that cuts no segment


def build(*ways, height_at=None, **source):
    return build_region(Source(ways=list(ways), **source), name="drawn", height_at=height_at)


def lengths(region):
    return sorted(round(segment.core.length_m) for segment in region.segments)


def check(region):
    """What has to hold of every region."""
    assert [junction.id for junction in region.junctions] == list(range(len(region.junctions)))
    assert [segment.core.id for segment in region.segments] == list(range(len(region.segments)))
    for core, line, stretches in region.segments:
        start, end = region.junctions[core.start], region.junctions[core.end]
        assert line[0] == (start.lon, start.lat, start.elevation_m)
        assert line[-1] == (end.lon, end.lat, end.elevation_m)
        assert all(round(lon, 7) == lon and round(lat, 7) == lat for lon, lat, _ in line)
        assert core.length_m == pytest.approx(line_length_m(line), abs=0.01)
        assert sum(stretch.length_m for stretch in stretches) == pytest.approx(core.length_m, abs=0.01)
        assert core.score == pytest.approx(sum(s.length_m * s.worth for s in stretches))
        assert all(s.worth <= BEST for s in stretches)
        assert all(a[1:] != b[1:] for a, b in pairwise(stretches))
        if start.elevation_m is None or end.elevation_m is None:
            assert core.ascent_m is core.descent_m is None
        elif core.ascent_m is None:  # a void in between, too wide to be filled
            assert core.descent_m is None
        else:
            assert core.ascent_m - core.descent_m == end.elevation_m - start.elevation_m
            assert core.ascent_m >= 0
            assert core.descent_m >= 0
            assert isinstance(core.ascent_m, int)
    for trailhead in region.trailheads:
        junction = region.junctions[trailhead.junction]
        assert trailhead.snap_m == pytest.approx(distance_m(trailhead[4:6], (junction.lon, junction.lat)))


def test_nodes_of_degree_2_are_no_junctions():
    """
    d---c
    |   |      a square with a tail: b is the only junction, e its outer end
    a-f-b---e
    """
    region = build(SQUARE.way("afbcda"), SQUARE.way("be"))
    check(region)
    assert lengths(region) == [1000, 4000]
    assert len(region.junctions) == 2
    loop = max(region.segments, key=lambda segment: segment.core.length_m)
    assert loop.core.start == loop.core.end


def test_ways_end_but_the_segment_goes_on():
    region = build(SQUARE.way("ab"), SQUARE.way("cb", TRACK), SQUARE.way("ga"))
    check(region)
    assert lengths(region) == [2500]
    (segment,) = region.segments
    kinds = [stretch.kind for stretch in segment.stretches]
    assert kinds in ([PATH, TRACK], [TRACK, PATH])
    assert sorted(round(stretch.length_m) for stretch in segment.stretches) == [1000, 1500]


def test_stretches_part_where_anything_changes_and_only_there():
    region = build(
        SQUARE.way("ga", name="Ridge", source="osm way 1"),
        SQUARE.way("fa", name="Ridge", source="osm way 1"),
        SQUARE.way("fb", name="Ridge", source="osm way 2", surface="rock", difficulty=3),
        SQUARE.way("be", WayKind.BUSY_ROAD, source="osm way 3", difficulty=1),
        accesses=[CAR_AT_E],
    )
    check(region)
    (segment,) = region.segments
    stretches = segment.stretches if segment.stretches[0].source == "osm way 1" else segment.stretches[::-1]
    assert [(round(s.length_m), s.kind, s.name, s.surface, s.difficulty, s.source) for s in stretches] == [
        (1000, PATH, "Ridge", None, None, "osm way 1"),
        (500, PATH, "Ridge", "rock", 3, "osm way 2"),
        (1000, WayKind.BUSY_ROAD, None, None, 1, "osm way 3"),
    ]
    assert segment.core.score == pytest.approx(1000 + 500 + WORTH[WayKind.BUSY_ROAD] * 1000, abs=0.5)
    assert segment.core.road_m == pytest.approx(1000, abs=0.1)
    assert segment.core.difficulty == 3


def test_a_lone_ring_has_a_junction():
    region = build(SQUARE.way("ab"), SQUARE.way("bcda"))
    check(region)
    assert lengths(region) == [4000]
    assert len(region.junctions) == 1


def test_parallel_segments_are_kept_and_doubled_ways_are_not():
    region = build(SQUARE.way("ab"), SQUARE.way("adcb"), SQUARE.way("ba"), SQUARE.way("be"), SQUARE.way("ga"))
    check(region)
    assert lengths(region) == [500, 1000, 1000, 3000]
    ends = sorted(tuple(sorted((s.core.start, s.core.end))) for s in region.segments)
    assert len(set(ends)) == 3


def test_roads_that_meet_no_trail_are_left_out():
    region = build(SQUARE.way("ab", ROAD), SQUARE.way("be"), SQUARE.way("dc", ROAD), accesses=[CAR_AT_E])
    assert lengths(region) == [2000]
    assert region.left_out == {"road that meets no trail": 1}


def test_what_was_left_out_before_is_still_counted():
    source = Source(ways=[SQUARE.way("ab")], left_out=build(SQUARE.way("cd", ROAD)).left_out)
    source.files = [SourceFile(f"{i}.pbf", "osm", f"© {who}", "2025-01-18") for i, who in enumerate("ABA")]
    source.left_out = type(Source().left_out)({"informal path": 2})
    source.synthetic = True
    region = build_region(source, name="here")
    assert region.left_out == {"informal path": 2}
    assert (region.name, region.attribution, region.sources) == ("here", ("© A", "© B"), tuple(source.files))
    assert (region.synthetic, region.data_date) == (True, "2025-01-18")


def test_lines_without_nodes_are_noded():
    across = Way([lonlat(500, -500), lonlat(500, 500)], PATH)
    region = build(Way([lonlat(0, 0), lonlat(1000, 0)], PATH), across)
    check(region)
    assert lengths(region) == [500] * 4


def test_points_get_ids():
    region = build(SQUARE.way("ab"), points=[Point(0, "peak", "A", 8, 47), Point(0, "hut", "B", 8, 47)])
    assert [(point.id, point.name) for point in region.points] == [(0, "A"), (1, "B")]


def test_heights_of_the_terrain():
    """North of the a-b line the ground rises by 1 m in 10 m."""
    region = build(SQUARE.way("abcda"), SQUARE.way("be"), height_at=lambda lon, lat: 500.3 + (lat - LAT) * LAT_M / 10)
    check(region)
    by_length = {round(segment.core.length_m): segment for segment in region.segments}
    assert (by_length[4000].core.ascent_m, by_length[4000].core.descent_m) == (100, 100)
    assert (by_length[1000].core.ascent_m, by_length[1000].core.descent_m) == (0, 0)
    assert max(z for _, _, z in by_length[4000].line) == pytest.approx(600.3, abs=0.05)
    assert {junction.elevation_m for junction in region.junctions} == {500}


def test_heights_of_the_ways_when_there_is_no_terrain():
    region = build(SQUARE.way("abc", heights=[100.0, 300.0, 250.0]))
    check(region)
    (segment,) = region.segments
    # the top at b is the mean of 50 m up at 0.2 and 50 m down at 0.05: 300 - (5 + 1.25) / 2 = 296.9
    assert sorted((segment.core.ascent_m, segment.core.descent_m)) == [47, 197]
    assert [z for _, _, z in segment.line] in ([100, 300, 250], [250, 300, 100])


def test_heights_of_one_way_are_not_those_of_its_neighbours():
    region = build(SQUARE.way("ab", heights=[100.0, 120.0]), SQUARE.way("bc"), SQUARE.way("be"))
    check(region)
    climbs = {(round(s.core.length_m), s.core.ascent_m is None) for s in region.segments}
    assert climbs == {(1000, False), (1000, True)}
    assert sum(s.core.ascent_m is None for s in region.segments) == 2


def test_no_heights_at_all():
    region = build(SQUARE.way("ab"))
    check(region)
    (segment,) = region.segments
    assert segment.core.ascent_m is None
    assert [z for _, _, z in segment.line] == [None, None]


def test_progress_is_told_for_each_stage():
    told = []
    build_region(Source(ways=[SQUARE.way("ab")]), name="a", progress=lambda *what: told.append(what))
    stages = list(dict.fromkeys(what for what, _, _ in told))
    assert stages == ["finding where ways meet", "placing trailheads", "measuring climbs"]
    assert all(isinstance(done, int) and isinstance(total, int) for _, done, total in told)


def test_an_empty_source_is_an_empty_region():
    region = build()
    assert (list(region.segments), list(region.junctions), region.trailheads) == ([], [], [])


# -- properties --------------------------------------------------------------------------------------------------------

places = st.tuples(st.integers(0, 6), st.integers(0, 6))
networks = st.lists(st.lists(places, min_size=2, max_size=6), min_size=1, max_size=8)
kinds = st.sampled_from(list(WayKind))


def grid_ways(drawn, drawn_kinds):
    """Ways over the nodes of a grid of 300 m, bent a little so that no two pieces overlap by chance."""
    ways = []
    for number, (places_, kind) in enumerate(zip(drawn, drawn_kinds, strict=False)):
        ids = [x * 10 + y for x, y in places_]
        line = [lonlat(300 * x + 7 * (y % 3), 300 * y + 11 * (x % 2)) for x, y in places_]
        poor, on_route = number % 2 == 1, number % 3 == 1
        ways.append(Way(line, kind, node_ids=ids, source=f"way {number}", poor=poor, on_route=on_route))
    return ways


def test_a_ring_with_a_trailhead_where_it_begins_and_one_elsewhere():
    """A triangle that begins at (1, 0), with car parks there and at (0, 0): two junctions, two segments."""
    ways = grid_ways([[(1, 0), (0, 0), (0, 1), (1, 0)]], [WayKind.PATH])
    accesses = [Access(*lonlat(300 * x + 50, 300 * y + 20), "parking") for x, y in ((0, 0), (1, 0))]
    region = build(*ways, accesses=accesses)
    check(region)
    assert len(region.junctions) == len(region.segments) == 2
    assert {head.junction for head in region.trailheads} == {0, 1}


@settings(max_examples=60, deadline=None)
@given(networks, st.lists(kinds, min_size=8, max_size=8), st.lists(places, max_size=4), st.randoms())
def test_any_network(drawn, drawn_kinds, cars, rng):
    ways = grid_ways(drawn, drawn_kinds)
    accesses = [Access(*lonlat(300 * x + 50, 300 * y + 20), "parking") for x, y in cars]
    bumps = {(x, y): rng.uniform(0, 60) if rng.random() < 0.8 else None for x in range(-2, 10) for y in range(-2, 10)}

    def height_at(lon, lat):
        return bumps.get((int((lon - LON) * LON_M // 300), int((lat - LAT) * LAT_M // 300)))

    scenery = {"points": [Point(0, "peak", None, *lonlat(400, 500))], "waters": [[lonlat(0, 900), lonlat(1800, 600)]]}
    region = build(*ways, height_at=height_at, accesses=accesses, **scenery)
    check(region)
    graph = networkx.MultiGraph()
    graph.add_edges_from((segment.core.start, segment.core.end) for segment in region.segments)
    heads = {trailhead.junction for trailhead in region.trailheads}
    loops = [component for component in networkx.connected_components(graph) if graph.subgraph(component).size() == 1]
    rings = {node for component in loops for node in component}
    assert all(degree != 2 or node in heads | rings for node, degree in graph.degree())
    assert dead_ends(region) == oracle_bridges(graph)


def dead_ends(region):
    found = bridges(Streets((segment.core.start, segment.core.end) for segment in region.segments))
    return sorted(tuple(sorted(region.segments[i].core[1:3])) for i in found)


def oracle_bridges(graph):
    """Bridges of a multigraph by networkx: of its simple graph, less those that are parallel."""
    simple = networkx.Graph((u, v) for u, v in graph.edges() if u != v)
    return sorted(tuple(sorted(edge)) for edge in networkx.bridges(simple) if graph.number_of_edges(*edge) == 1)


@settings(max_examples=40, deadline=None)
@given(networks)
def test_contraction_loses_no_ground(drawn):
    """Oracle: every piece between two neighbouring nodes once, added up."""
    ways = grid_ways(drawn, [PATH] * len(drawn))
    pieces = {}
    for way in ways:
        for (a, p), (b, q) in pairwise(zip(way.node_ids, way.line, strict=True)):
            if a != b:
                rounded = [(round(lon, 7), round(lat, 7)) for lon, lat in (p, q)]
                pieces[frozenset((a, b))] = distance_m(*rounded)
    region = build(*ways)
    assert sum(s.core.length_m for s in region.segments) == pytest.approx(sum(pieces.values()), abs=0.1)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=25))
def test_bridges_of_any_multigraph(edges):
    graph = networkx.MultiGraph(edges)
    assert sorted(tuple(sorted(edges[i])) for i in bridges(Streets(edges))) == (oracle_bridges(graph) if edges else [])


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(1, 99)), max_size=25),
    st.sets(st.integers(0, 9)),
)
def test_walking_distances_of_any_multigraph(edges, goals):
    """Oracle: networkx from each goal alone."""
    streets = Streets((u, v) for u, v, _ in edges)
    goals = {goal for goal in goals if goal < streets.node_count}
    graph = networkx.Graph()
    graph.add_nodes_from(range(streets.node_count))
    for u, v, length in edges:
        shorter = min(length, graph.edges[u, v]["m"]) if graph.has_edge(u, v) else length
        graph.add_edge(u, v, m=shorter)
    exact = networkx.multi_source_dijkstra_path_length(graph, goals, cutoff=100, weight="m") if goals else {}
    found = walking_distances(streets, [length for _, _, length in edges], goals, 100)
    assert {node: metres for node, metres in enumerate(found) if metres <= 100} == exact


def test_what_a_loop_can_draw_on():
    """
    0 === 1 --- 2 --- 3     0-1 twice (100 m each), a bridge 1-2, a triangle 2-3-4 of 10 + 20 + 30 m
                 \\   /
                   4
    """
    streets = Streets([(0, 1), (0, 1), (1, 2), (2, 3), (3, 4), (4, 2)])
    assert list(size_of_loops(streets, [100, 100, 5, 10, 20, 30])) == [200, 200, 0, 60, 60, 60]


def test_a_trailhead_knows_how_far_its_loops_are():
    """g--a is 500 m from the square a-b-c-d of 4 km; f lies on it."""
    square = (SQUARE.way("afbcda"), SQUARE.way("ga"))
    cars = [Access(*lonlat(-500, 0), "parking"), Access(*lonlat(500, 0), "parking")]
    region = build(*square, accesses=cars)
    assert [round(trailhead.to_loop_m) for trailhead in region.trailheads] == [500, 0]
    assert region.km == pytest.approx(4.5, abs=0.01)
    assert region.loop_km == pytest.approx(4.0, abs=0.01)
    assert build(SQUARE.way("ga"), SQUARE.way("fb"), accesses=cars[:1]).trailheads[0].to_loop_m is None
