"""Where camps, huts and water are on the network, and where trails cross streams and touch lakes."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopgenie.geometry import distance_m, line_length_m, nearest_on_line
from loopgenie.importing.source import Source, Stream, Way
from loopgenie.importing.topology import build_region
from loopgenie.store import ANCHOR_M, Point
from loopgenie.ways import WayKind

PATH = WayKind.PATH
LON_M = 1000 * distance_m((1.5, 42.5), (1.501, 42.5))
LAT_M = 1000 * distance_m((1.5, 42.5), (1.5, 42.501))


def lonlat(x, y):
    """A place x metres east and y metres north of 1.5, 42.5."""
    return round(1.5 + x / LON_M, 7), round(42.5 + y / LAT_M, 7)


def way(*places, nodes=None, kind=PATH, **more):
    """A way along places in metres; `nodes` are the numbers of those where it may meet others."""
    return Way([lonlat(*place) for place in places], kind, node_ids=nodes or [hash(p) for p in places], **more)


def point(kind, x, y, **more):
    return Point(0, kind, more.pop("name", None), *lonlat(x, y), **more)


def stream(*places, **more):
    return Stream([lonlat(*place) for place in places], **more)


def region(ways, points=(), streams=(), height_at=None):
    source = Source(ways=list(ways), points=list(points), streams=list(streams))
    return build_region(source, name="drawn", height_at=height_at)


def placed(built):
    """Of each point with an anchor: the height of its segment on the drawing, metres along it, metres away."""
    found = []
    for each in built.points:
        if each.anchor is not None:
            line = built.segments[each.anchor.segment].line
            along = each.anchor.share * line_length_m(line)
            west_first = line[0][0] <= line[-1][0]
            y = round((line[0][1] - 42.5) * LAT_M)
            found.append((y, round(along if west_first else line_length_m(line) - along), round(each.anchor.away_m)))
    return found


# --- anchors ------------------------------------------------------------------------------------------------------


def test_the_nearest_point_of_the_nearest_segment():
    """
    y
    500  ----------------- 1000 long
         C (300, 400): 100 m below the upper one
         H (-50, 0): beyond the west end of the lower one
    0    ----------------- W (250, 30)
    """
    lines = [way((0, 0), (1000, 0)), way((0, 500), (1000, 500))]
    built = region(lines, [point("camp", 300, 400), point("hut", -50, 0), point("water", 250, 30)])
    assert placed(built) == [(500, 300, 100), (0, 0, 50), (0, 250, 30)]


def test_what_is_far_from_any_segment_and_what_is_no_goal_has_no_anchor():
    """1000 m are near, 1010 m are not; the drawing is true within 1 m there."""
    built = region(
        [way((0, 0), (1000, 0))],
        [point("camp", 500, ANCHOR_M - 3), point("camp", 500, ANCHOR_M + 10), point("peak", 500, 5)],
    )
    assert placed(built) == [(0, 500, 997)]
    assert [p.anchor is None for p in built.points] == [False, True, True]


def test_an_informal_trail_counts_only_where_there_is_no_other():
    lines = [way((0, 0), (1000, 0)), way((0, 200), (1000, 200), informal=True)]
    built = region(lines, [point("hut", 500, 190), point("hut", 500, 1150)])
    assert placed(built) == [(0, 500, 190), (200, 500, 950)]  # 1150 m from the other


def test_a_terrace_that_leads_nowhere_counts_only_where_there_is_no_other():
    """
    The footway of 50 m at the first hut meets nothing, and the trail is 79 m away; one of 150 m at the second is
    all there is; one of 300 m at the third, whose anchor is 10 m away, is no terrace.
    """
    lines = [
        way((0, 0), (1000, 0)),
        way((0, 80), (50, 80)),
        way((0, 2000), (0, 2150)),
        way((2000, 0), (2300, 0)),
    ]
    built = region(lines, [point("hut", 0, 79), point("hut", 1, 2000), point("hut", 1990, 0)])
    assert placed(built)[:1] == [(0, 0, 79)]
    assert placed(built)[2:] == [(0, 0, 10)]
    assert built.points[1].anchor.away_m == pytest.approx(1, abs=0.1)


def test_heights_come_from_the_terrain_where_none_is_told():
    built = region(
        [way((0, 0), (1000, 0))],
        [point("hut", 0, 9), point("hut", 1, 9, elevation_m=7.0), point("hut", 0, 5000), point("peak", 0, 9)],
        height_at=lambda *_: 1234.56,
    )
    assert [p.elevation_m for p in built.points] == [1234.6, 7.0, None, None]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=2, max_size=5), min_size=1, max_size=6
    ),
    st.tuples(st.integers(-1500, 1500), st.integers(-1500, 1500)),
)
def test_no_segment_is_nearer_than_the_anchor(lines, place):
    """Lines on a grid of 100 m, and a place anywhere; every segment is looked at, and measured in another way."""
    drawn = [[(100 * x + 0.3 * y, 100 * y) for x, y in line] for line in lines]
    ways = [way(*line) for line in drawn if len(set(line)) > 1]
    if not ways:
        return
    built = region(ways, [point("camp", *place)])
    [camp] = built.points
    feet = [nearest_on_line((camp.lon, camp.lat), segment.line) for segment in built.segments]
    nearest = min((foot.distance_m for foot in feet), default=math.inf)
    if camp.anchor is None:
        assert nearest > ANCHOR_M - 2
        return
    foot = feet[camp.anchor.segment]
    assert foot.distance_m <= nearest + 0.02 + nearest / 500
    assert camp.anchor.away_m == pytest.approx(foot.distance_m, abs=0.05, rel=0.003)
    line = built.segments[camp.anchor.segment].line
    assert 0 <= camp.anchor.share <= 1
    # another point of the line may be as near: what counts is that this one is
    reached = along(line, camp.anchor.share)
    assert distance_m((camp.lon, camp.lat), reached) == pytest.approx(foot.distance_m, abs=0.05, rel=0.003)


def along(line, share):
    """The position at a share of a line's length."""
    left = share * line_length_m(line)
    for a, b in pairwise(line):
        piece = distance_m(a, b)
        if left <= piece and piece:
            return tuple(u + left / piece * (v - u) for u, v in zip(a[:2], b[:2], strict=True))
        left -= piece
    return line[-1][:2]


# --- streams ------------------------------------------------------------------------------------------------------


def test_a_trail_crosses_a_stream():
    """A brook crosses the trail 400 m from its west end; another one runs beside it."""
    brook = stream((400, -300), (400, 300), name="Riu", seasonal="yes", source="osm way 5", date="2024-05-06")
    beside = stream((0, 30), (1000, 30), name="Torrent")
    built = region([way((0, 0), (1000, 0))], [point("peak", 0, 0)], [brook, beside])
    peak, water = built.points
    assert (peak.id, water.id, water.kind, water.name) == (0, 1, "water", "Riu")
    assert dict(water.details) == {"type": "stream", "seasonal": "yes", "source": "osm way 5", "date": "2024-05-06"}
    assert placed(built) == [(0, 400, 0)]
    assert (water.lon, water.lat) == lonlat(400, 0)


def test_roads_tunnels_and_high_bridges_have_no_water():
    """Each line is crossed at 50 m; a bridge of 60 m lets people down to the water, one of 200 m does not."""
    lines = [
        way((0, 0), (500, 0), (1000, 0)),
        way((0, 100), (60, 100), off_ground=True),
        way((0, 200), (200, 200), off_ground=True),
        way((0, 300), (500, 300), (1000, 300), kind=WayKind.MINOR_ROAD),
        way((500, 300), (500, 0)),  # so that the road meets a trail
    ]
    built = region(lines, streams=[stream((50, -10), (50, 400))])
    assert sorted(placed(built)) == [(0, 50, 0), (100, 50, 0)]


def test_of_many_crossings_one_is_told_on_a_hundred_metres():
    """
    A stream that meanders over the trail at 10, 70, 130 and 190 m; a named one at 75 m comes first, so that
    those within 100 m of it are left out: 10, 70 and 130 are, and 190 m is not.
    """
    zigzag = stream((10, -50), (10, 50), (70, 50), (70, -50), (130, -50), (130, 50), (190, 50), (190, -50))
    named = stream((75, -50), (75, 50), name="Riu")
    alone = region([way((0, 0), (1000, 0))], streams=[zigzag])
    assert sorted(placed(alone)) == [(0, 10, 0), (0, 130, 0)]
    both = region([way((0, 0), (1000, 0))], streams=[zigzag, named])
    assert [(p.name, spot[1]) for p, spot in zip(both.points, placed(both), strict=True)] == [("Riu", 75), (None, 190)]


def test_a_stream_at_a_junction_is_told_once():
    lines = [way((0, 0), (500, 0)), way((500, 0), (1000, 0)), way((500, 0), (500, 700))]
    built = region(lines, streams=[stream((300, -200), (500, 0), (700, 200))])
    assert len(built.points) == 1
    anchor = built.points[0].anchor
    assert anchor is not None
    assert anchor.share in (0.0, 1.0)


def test_a_trail_in_the_bed_of_a_stream_has_water_all_along():
    """They share 561 m, at whose nodes every 51 m there is water: told at every second node."""
    places = [(51 * i, 0) for i in range(12)]
    built = region([way(*places)], streams=[stream(*places)])
    assert sorted(spot[1] for spot in placed(built)) == [0, 102, 204, 306, 408, 510]


def test_a_ford_is_water_though_no_stream_is_drawn():
    ford = stream((400, 0), source="osm node 9")
    built = region([way((0, 0), (400, 0), (1000, 0))], streams=[ford, stream((400, 1))])
    assert [(p.details["type"], p.details["source"]) for p in built.points] == [("stream", "osm node 9")]
    assert placed(built) == [(0, 400, 0)]


def test_trails_touch_the_shores_of_lakes():
    """
    A lake from 300 to 500 m in the east, 20 m above the trail, whose southern shore sags to 12 m at 400 m; another one
    is 31 m below. The point is on the shore, its anchor on the trail.
    """
    shore = stream((300, 20), (400, 12), (500, 20), (500, 90), (300, 90), (300, 20), name="Estany", kind="lake")
    far = stream((300, -31), (500, -31), (500, -90), (300, -31), kind="lake")
    built = region([way((0, 0), (1000, 0))], streams=[shore, far])
    [water] = built.points
    assert (water.name, dict(water.details), water.is_place) == ("Estany", {"type": "lake"}, False)
    assert placed(built) == [(0, 400, 12)]
    assert distance_m((water.lon, water.lat), lonlat(400, 12)) < 0.1


def test_a_trail_into_a_lake_is_at_its_shore():
    """It ends 10 m inside, at 400 m: the shore is met at 390 m."""
    shore = stream((390, -50), (390, 50), (500, 50), (500, -50), (390, -50), kind="lake")
    assert placed(region([way((0, 0), (400, 0))], streams=[shore])) == [(0, 390, 0)]
