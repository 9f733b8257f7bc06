"""Lines without topology, drawn by hand in metres: do they meet where they lie on one another?"""

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from loopgenie.geometry import distance_m, line_length_m
from loopgenie.importing.chains import contracted, metres
from loopgenie.importing.noding import drawn_once, noded
from loopgenie.importing.source import Way
from loopgenie.ways import WayKind

LON, LAT = 8.0, 47.0
LON_M = 1000 * distance_m((LON, LAT), (LON + 0.001, LAT))
LAT_M = 1000 * distance_m((LON, LAT), (LON, LAT + 0.001))


def line(*points, **what):
    """A way through points given in metres."""
    return Way([(LON + x / LON_M, LAT + y / LAT_M) for x, y in points], WayKind.PATH, **what)


def graph(ways):
    """Junctions (three ends and more), segments, and lengths of segments in whole metres."""
    nodes = noded(ways)
    chains = contracted(nodes)
    ends = [node for chain in chains for node in (chain.start, chain.end)]
    junctions = sum(1 for node in set(ends) if ends.count(node) > 2)
    return junctions, len(chains), sorted(map(round, metres(chains)[0].tolist()))


def test_a_crossing_becomes_a_junction():
    """
      |
    --+--     arms of 50, 150, 100 and 100 m
      |
    """
    assert graph([line((-50, 0), (150, 0)), line((0, -100), (0, 100))]) == (1, 4, [50, 100, 100, 150])


def test_a_loose_end_is_joined_to_the_line_it_stops_short_of():
    # the end at y = 5 is 5 m short: the stem of 95 m grows to 100 m
    assert graph([line((0, 0), (200, 0)), line((100, 5), (100, 100))]) == (1, 3, [100, 100, 100])


def test_a_loose_end_too_far_away_stays_loose():
    assert graph([line((0, 0), (200, 0)), line((100, 11), (100, 100))]) == (0, 2, [89, 200])


def test_two_ends_that_stop_short_of_one_another_are_one_line():
    assert graph([line((0, 0), (100, 0)), line((106, 3), (200, 3))]) == (0, 1, [201])  # 100 + hypot(6, 3) + 94


def test_an_overshoot_is_not_joined_once_more():
    # the stem overshoots the bar by 3 m: a stub, but no second link beside the crossing
    assert graph([line((0, 0), (200, 0)), line((100, -3), (100, 100))]) == (1, 4, [3, 100, 100, 100])


def test_a_shared_stretch_is_kept_once():
    """
    a-----b=====c-----d   b-c is drawn twice, with other vertices in between
    """
    first = line((0, 0), (100, 0), (300, 0), (400, 0))
    second = line((400, 50), (300, 0), (200, 0), (150, 0), (100, 0), (0, 50))
    junctions, segments, lengths = graph([first, second])
    assert (junctions, segments) == (2, 5)
    assert lengths == [100, 100, 112, 112, 200]


def test_a_doubled_line_is_one_line():
    assert graph([line((0, 0), (100, 0), (200, 30)), line((200, 30), (100, 0), (0, 0))]) == (0, 1, [204])


def test_of_doubled_lines_the_one_with_a_name_stays():
    kept = noded([line((0, 0), (100, 0)), line((0, 0), (100, 0), name="Ridge Trail")])
    assert [way.name for way in kept] == ["Ridge Trail"]


def test_a_line_meets_itself():
    # an eight drawn in one go, crossing at 50, 50: rings of 100 + 2 x 70.7 m and 3 x 100 + 2 x 70.7 m
    eight = line((0, 0), (100, 100), (200, 100), (200, 0), (100, 0), (0, 100), (0, 0))
    assert graph([eight]) == (1, 2, [241, 441])


def test_a_ring_stays_a_ring():
    assert graph([line((0, 0), (100, 0), (100, 100), (0, 100), (0, 0))]) == (0, 1, [400])


def test_a_ring_that_stops_short_of_its_start_is_closed():
    assert graph([line((0, 0), (100, 0), (100, 100), (0, 100), (0, 6))]) == (0, 1, [400])


def test_a_vertex_on_a_line_is_a_meeting_without_a_crossing():
    assert graph([line((0, 0), (200, 0)), line((50, 100), (100, 0), (150, 100))]) == (1, 4, [100, 100, 112, 112])


def test_positions_of_the_source_stay_as_they_were():
    ways = [line((0, 0), (33.3, 7.7), (200, 0)), line((100, -90), (100, 90))]
    given_positions = {(round(lon, 7), round(lat, 7)) for way in ways for lon, lat in way.line}
    after = {position for way in noded(ways) for position in way.line}
    assert given_positions <= after
    assert len(after - given_positions) == 1  # the crossing


def test_heights_go_along_with_new_nodes():
    crossing = noded([line((0, 0), (200, 0), heights=[100.0, 200.0]), line((50, -90), (50, 90))])
    heights = [way.heights for way in crossing if way.heights]
    assert heights[0] == pytest.approx([100.0, 125.0, 200.0], abs=0.01)


def test_lines_with_node_ids_are_trusted():
    """A bridge over a path, both from OpenStreetMap: no junction. A recorded line across both: two."""
    path = line((0, 0), (200, 0), node_ids=[1, 2])
    bridge = line((100, -100), (100, 100), node_ids=[3, 4])
    assert graph([path, bridge])[:2] == (0, 2)
    third = line((50, -100), (50, 50), (150, 50))
    ways = noded([path, bridge, third])
    assert graph([path, bridge, third])[:2] == (2, 7)
    assert {1, 2, 3, 4} <= {node for way in ways for node in way.node_ids}
    assert min(node for way in ways for node in way.node_ids) < 0  # new nodes cannot be mistaken for old ones


def test_ways_given_are_not_changed():
    ways = [line((0, 0), (200, 0)), line((100, -100), (100, 100))]
    before = [(list(way.line), way.node_ids) for way in ways]
    noded(ways)
    assert [(way.line, way.node_ids) for way in ways] == before


def test_pieces_are_drawn_once():
    there_and_back = line((0, 0), (100, 0), (200, 0), (100, 0), (0, 0), node_ids=[1, 2, 3, 2, 1])
    assert [list(way.node_ids) for way in drawn_once([there_and_back])] == [[1, 2, 3]]
    assert drawn_once([line((0, 0), (0, 0), node_ids=[1, 1])]) == []


def test_places_a_few_decimetres_apart_do_not_multiply():
    # lines wobbling about one another at the scale of the tolerance once made ever more nodes
    wobbling = [line(*((x * 0.15, 0.09 * ((x * k) % 5 - 2)) for x in range(120)), recorded=False) for k in (1, 2, 3)]
    nodes = {node for way in noded(wobbling) for node in way.node_ids}
    assert len(nodes) < 3 * 120 * 3


coordinates = st.integers(0, 40).map(lambda n: n * 5.0)
free_coordinates = st.floats(0, 200, allow_nan=False)


def lines_of(numbers):
    return st.lists(st.lists(st.tuples(numbers, numbers), min_size=2, max_size=5), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None)
@given(st.one_of(lines_of(coordinates), lines_of(free_coordinates)))
def test_nothing_crosses_without_meeting(drawn):
    """Oracle: shapely finds no two pieces that share a point but no node."""
    ways = noded([line(*points) for points in drawn])
    pieces = {}
    for way in ways:
        for (a, p), (b, q) in zip(
            zip(way.node_ids, way.line, strict=True),
            zip(way.node_ids[1:], way.line[1:], strict=True),
            strict=False,
        ):
            scaled = [((lon - LON) * LON_M, (lat - LAT) * LAT_M) for lon, lat in (p, q)]
            assert frozenset((a, b)) not in pieces  # no ground is drawn twice
            pieces[frozenset((a, b))] = shapely.LineString(scaled)
    nodes, shapes = list(pieces), list(pieces.values())
    for i, j in shapely.STRtree(shapes).query(shapes, predicate="intersects").T if shapes else ():
        assert i == j or nodes[i] & nodes[j], (shapes[i].wkt, shapes[j].wkt)


@settings(max_examples=40, deadline=None)
@given(lines_of(coordinates))
def test_all_the_ground_is_there_and_little_more(drawn):
    """Oracle: shapely's union of the lines lies on the noded ones; more than it is only a link of 10 m for each end."""
    union = shapely.union_all([shapely.LineString(points) for points in drawn])
    ways = noded([line(*points) for points in drawn])
    after = [[((lon - LON) * LON_M, (lat - LAT) * LAT_M) for lon, lat in way.line] for way in ways]
    assert shapely.MultiLineString(after).buffer(0.5).covers(union) or union.length == 0
    assert sum(line_length_m(way.line) for way in ways) <= union.length + 10 * 2 * len(drawn) + 1
