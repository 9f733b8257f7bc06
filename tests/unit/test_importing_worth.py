"""What a metre of way earns: the rule itself, and drawn OpenStreetMap files read and built into a region."""

from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgenie.geometry import distance_m
from loopgenie.importing.osm import read_osm
from loopgenie.importing.topology import build_region
from loopgenie.ways import BEST, ROADS, WORTH, Merit, WayKind, worth

LON, LAT = 1.5, 42.5
LON_M = 1000 * distance_m((LON, LAT), (LON + 0.001, LAT))
LAT_M = 1000 * distance_m((LON, LAT), (LON, LAT + 0.001))

kinds = st.sampled_from(list(WayKind))
merits = st.sets(st.sampled_from(list(Merit)))


# -- the rule ----------------------------------------------------------------------------------------------------------


@given(kinds, st.booleans(), merits)
def test_no_metre_is_worth_more_than_the_best(kind, poor, merits):
    assert worth(kind, poor=poor, merits=merits) <= BEST == 1.0


@given(kinds, st.booleans(), merits, merits)
def test_more_merit_is_never_worth_less_and_a_poor_trail_never_more(kind, poor, some, others):
    assert worth(kind, poor=poor, merits=some) <= worth(kind, poor=poor, merits=some | others)
    assert worth(kind, poor=True, merits=some) <= worth(kind, poor=False, merits=some)


@given(st.sampled_from(sorted(ROADS)), merits, st.sampled_from(sorted(set(WayKind) - ROADS - {WayKind.CYCLEWAY})))
def test_no_road_is_worth_as_much_as_a_trail(road, merits, trail):
    assert worth(road, merits=merits) < worth(trail, poor=True) < worth(trail) == 1.0


@given(st.sampled_from([WayKind.CONNECTING_ROAD, WayKind.MINOR_ROAD, WayKind.CYCLEWAY]), merits)
def test_each_merit_of_a_road_counts(kind, some):
    for merit in set(Merit) - some:
        assert worth(kind, merits=some | {merit}) > worth(kind, merits=some)


@given(merits)
def test_a_busy_road_is_shunned_whatever_lies_beside_it(some):
    assert worth(WayKind.BUSY_ROAD, merits=some) == WORTH[WayKind.BUSY_ROAD] < 0


# -- drawn files -------------------------------------------------------------------------------------------------------


def tagged(tags):
    return "".join(f"<tag k={quoteattr(key)} v={quoteattr(value)}/>" for key, value in tags.items())


class Drawing:
    """An OpenStreetMap file; positions in metres.

    Way 1 leads east from 0,0 to 1000,0 with a node every 100 m, so that the middles of its ten pieces are at 50, 150
    … 950. Way 2 is a path from its start to the south, because a road without any trail is left out.
    """

    def __init__(self, **tags):
        self.nodes, self.ways, self.relations = [], [], []
        self.way(tags, *((100 * i, 0) for i in range(11)))
        self.way({"highway": "path"}, (0, -500), to=1)

    def node(self, x, y, **tags):
        number = len(self.nodes) + 1
        place = f'id="{number}" lon="{LON + x / LON_M:.7f}" lat="{LAT + y / LAT_M:.7f}"'
        self.nodes.append(f'<node version="1" {place}>{tagged(tags)}</node>')
        return number

    def way(self, tags, *places, to=None):
        """A way over the positions, and on to a node that is there already."""
        numbers = [self.node(x, y) for x, y in places] + ([to] if to else [])
        number = len(self.ways) + 1
        refs = "".join(f'<nd ref="{each}"/>' for each in numbers)
        self.ways.append(f'<way version="1" id="{number}">{refs}{tagged(tags)}</way>')
        return number

    def relation(self, *ways, **tags):
        members = "".join(f'<member type="way" ref="{way}" role=""/>' for way in ways)
        number = len(self.relations) + 1
        self.relations.append(f'<relation version="1" id="{number}">{members}{tagged(tags)}</relation>')

    def region(self, folder):
        path = folder / "drawn.osm"
        path.write_text(f'<osm version="0.6">{"".join([*self.nodes, *self.ways, *self.relations])}</osm>', "utf-8")
        return build_region(read_osm(path), name="drawn")


@pytest.fixture
def earned(tmp_path):
    """Points per metre of way 1, from a drawing; way 2, a plain path, always earns 1."""

    def mean(drawing):
        region = drawing.region(tmp_path)
        stretches = [s for segment in region.segments for s in segment.stretches]
        first, second = ([s for s in stretches if s.source == f"osm way {i}"] for i in (1, 2))
        assert {s.worth for s in second} == {1.0}
        metres, score = sum(s.length_m for s in first), sum(s.length_m * s.worth for s in first)
        assert metres == pytest.approx(1000, abs=1)
        assert sum(s.core.score for s in region.segments) == pytest.approx(score + sum(s.length_m for s in second))
        return score / metres

    return mean


@pytest.mark.parametrize(
    ("tags", "points"),
    [
        ({"highway": "path"}, 1.0),
        ({"highway": "track"}, 1.0),
        ({"highway": "track", "tracktype": "grade2"}, 1.0),
        ({"highway": "track", "tracktype": "grade1"}, 0.6),
        ({"highway": "track", "tracktype": "grade1", "surface": "gravel"}, 1.0),  # the surface knows better
        ({"highway": "path", "surface": "asphalt"}, 0.6),
        ({"highway": "footway", "surface": "paving_stones"}, 0.6),
        ({"highway": "steps", "surface": "concrete"}, 0.6),
        ({"highway": "path", "surface": "unhewn_cobblestone"}, 1.0),  # an old mule track
        ({"highway": "path", "surface": "ground", "trail_visibility": "horrible"}, 0.6),
        ({"highway": "path", "trail_visibility": "bad"}, 1.0),
        ({"highway": "cycleway", "surface": "asphalt"}, 0.4),
        ({"highway": "footway", "footway": "sidewalk"}, 0.2),
        ({"highway": "residential", "surface": "asphalt"}, 0.2),
        ({"highway": "tertiary"}, 0.0),
    ],
)
def test_tags(earned, tags, points):
    assert earned(Drawing(**tags)) == pytest.approx(points)


@pytest.mark.parametrize(
    ("highway", "points"),
    [
        ("path", 1.0),  # the cap
        ("cycleway", 0.55),  # 0.4 + 0.15
        ("unclassified", 0.35),  # 0.2 + 0.15
        ("tertiary", 0.15),  # 0 + 0.15
        ("secondary", WORTH[WayKind.BUSY_ROAD]),
    ],
)
@pytest.mark.parametrize("route", ["hiking", "foot"])
def test_a_hiking_route(earned, route, highway, points):
    drawing = Drawing(highway=highway)
    drawing.relation(1, type="route", route=route)  # without a name: it is signed all the same
    assert earned(drawing) == pytest.approx(points)


def test_a_paved_track_on_a_route(earned):
    drawing = Drawing(highway="track", tracktype="grade1")
    drawing.relation(1, type="route", route="hiking")
    assert earned(drawing) == pytest.approx(0.75)  # 0.6 + 0.15


def test_other_routes_do_not_count(earned):
    drawing = Drawing(highway="residential")
    drawing.relation(1, type="route", route="bicycle")
    drawing.relation(2, type="route", route="hiking")
    assert earned(drawing) == pytest.approx(0.2)


@pytest.mark.parametrize("tags", [{"tourism": "viewpoint"}, {"natural": "peak"}])
def test_a_view(earned, tags):
    # from 450, 90 the middle at 450 is 90 m away, those at 350 and 550 are 135 m: one piece of ten earns 0.3
    drawing = Drawing(highway="residential")
    drawing.node(450, 90, **tags)
    assert earned(drawing) == pytest.approx(0.2 + 0.1 / 10, abs=1e-4)


def test_a_view_too_far_away(earned):
    drawing = Drawing(highway="residential")
    drawing.node(450, 110, tourism="viewpoint")
    assert earned(drawing) == pytest.approx(0.2)


@pytest.mark.parametrize(
    "tags",
    [
        {"waterway": "river"},
        {"natural": "coastline"},
        {"natural": "water"},
        {"natural": "water", "water": "lake"},
    ],
)
def test_along_water(earned, tags):
    # from 500, 50 on, the water runs beside the way: of the middles from 450 (71 m away) to 950 six of ten are near
    drawing = Drawing(highway="residential")
    drawing.way(tags, (500, 50), (2000, 50), (2000, 500), (500, 500), (500, 50))
    assert earned(drawing) == pytest.approx(0.2 + 0.1 * 6 / 10, abs=1e-4)


def test_a_lake_whose_shore_is_part_of_a_relation(earned):
    drawing = Drawing(highway="residential")
    south = drawing.way({}, (500, 50), (2000, 50))
    north = drawing.way({}, (2000, 50), (2000, 500), (500, 500), (500, 50))
    drawing.relation(south, north, type="multipolygon", natural="water", water="lake")
    assert earned(drawing) == pytest.approx(0.2 + 0.1 * 6 / 10, abs=1e-4)


@pytest.mark.parametrize("tags", [{"waterway": "waterfall"}, {"natural": "spring"}])
def test_at_a_waterfall_or_spring(earned, tags):
    # 150, 250 … metres: from 200, 50 the middles at 150 and 250 are 71 m away, the next 158 m
    drawing = Drawing(highway="residential")
    drawing.node(200, 50, **tags)
    assert earned(drawing) == pytest.approx(0.2 + 0.1 * 2 / 10, abs=1e-4)


@pytest.mark.parametrize(
    "tags",
    [
        {"waterway": "stream"},
        {"waterway": "river", "tunnel": "culvert"},
        {"natural": "water", "water": "wastewater"},
        {"natural": "wood"},
    ],
)
def test_what_is_no_water_to_walk_along(earned, tags):
    drawing = Drawing(highway="residential")
    drawing.way(tags, (0, 50), (1000, 50))
    assert earned(drawing) == pytest.approx(0.2)


def test_all_merits_add_up(earned):
    """
    The route is all along (0.15), the view at one piece of ten (0.1), the river at six (0.1).
    """
    for highway, points in (("residential", 0.2 + 0.15 + 0.01 + 0.06), ("path", 1.0)):
        drawing = Drawing(highway=highway)
        drawing.relation(1, type="route", route="hiking", network="lwn")
        drawing.node(450, 90, natural="peak")
        drawing.way({"waterway": "river"}, (500, 50), (2000, 50))
        assert earned(drawing) == pytest.approx(points, abs=1e-4)
