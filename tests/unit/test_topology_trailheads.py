"""Where cars stop: accesses on drawn networks, and what stands in for them."""

import pytest

from loopgenie.geometry import distance_m
from loopgenie.importing.source import Access, Source, Way
from loopgenie.importing.topology import build_region
from loopgenie.store import Point
from loopgenie.ways import WayKind

PATH, ROAD = WayKind.PATH, WayKind.MINOR_ROAD
LON, LAT = 1.5, 42.5
LON_M = 1000 * distance_m((LON, LAT), (LON + 0.001, LAT))
LAT_M = 1000 * distance_m((LON, LAT), (LON, LAT + 0.001))


def lonlat(x, y):
    return LON + x / LON_M, LAT + y / LAT_M


def line(*points, kind=PATH, name=None):
    return Way([lonlat(*point) for point in points], kind, name=name)


def car(x, y, name=None, kind="parking"):
    return Access(*lonlat(x, y), kind, name)


def build(*ways, accesses=(), points=()):
    return build_region(Source(ways=list(ways), accesses=list(accesses), points=list(points)), name="drawn")


def where(region):
    """Metres east and north of each trailhead's junction."""
    places = [region.junctions[trailhead.junction] for trailhead in region.trailheads]
    return [(round((j.lon - LON) * LON_M), round((j.lat - LAT) * LAT_M)) for j in places]


TRAIL = line((0, 0), (2000, 0))


def test_a_car_park_cuts_the_segment_it_is_beside():
    region = build(TRAIL, accesses=[car(700, 200, "La Rabassa")])
    (trailhead,) = region.trailheads
    assert (trailhead.name, trailhead.kind) == ("La Rabassa", "parking")
    assert trailhead.snap_m == pytest.approx(200, abs=0.5)
    assert (trailhead.lon, trailhead.lat) == lonlat(700, 200)
    assert where(region) == [(700, 0)]
    assert sorted(round(segment.core.length_m) for segment in region.segments) == [700, 1300]


def test_too_far_away_is_of_no_use():
    region = build(TRAIL, accesses=[car(700, 260), car(1500, 100)])
    assert where(region) == [(1500, 0)]


def test_far_north_a_degree_is_shorter_but_a_metre_is_not():
    """Degrees of longitude at 69° north, in a region that reaches from the equator."""
    north_m = 1000 * distance_m((20, 69), (20.001, 69))
    fiord = Way([(20.0, 69.0), (20.0, 69.05)], PATH, name="Fiord")
    equator = Way([(20.0, 0.0), (20.05, 0.0)], PATH)
    accesses = [Access(20 + 240 / north_m, 69.02, "parking"), Access(20 + 260 / north_m, 69.04, "parking")]
    region = build(fiord, equator, accesses=accesses)
    assert [round(trailhead.snap_m) for trailhead in region.trailheads] == [240]


def test_a_junction_near_by_is_used():
    region = build(TRAIL, line((1000, 0), (1000, 900)), accesses=[car(1014, -30), car(1990, 10)])
    assert where(region) == [(1000, 0), (2000, 0)]
    assert len(region.segments) == 3


def test_a_trail_is_preferred_to_a_road_that_is_a_little_nearer():
    road = line((0, -100), (2000, -100), (2000, 0), kind=ROAD)
    assert where(build(TRAIL, road, accesses=[car(500, -70)])) == [(500, 0)]  # 30 m to the road, 70 m to the trail
    assert where(build(TRAIL, road, accesses=[car(500, -90)])) == [(500, -100)]  # 10 m and 90 m


def test_a_scrap_of_path_in_the_car_park_is_no_start():
    scrap = line((700, 95), (720, 95))
    assert where(build(TRAIL, scrap, accesses=[car(700, 100)])) == [(700, 0)]
    assert where(build(scrap, accesses=[car(700, 100)])) == [(700, 95)]  # unless there is nothing else


def test_of_several_close_together_the_best_named_one_stays():
    cars = [car(500, 10), car(560, 30, "Serra"), car(590, 5), car(900, 20)]
    region = build(TRAIL, accesses=cars)
    assert [trailhead.name for trailhead in region.trailheads] == ["Serra", None]
    assert where(region) == [(560, 0), (900, 0)]


def test_two_cars_on_one_segment_cut_it_twice():
    region = build(TRAIL, accesses=[car(500, 10), car(1500, 10)])
    assert sorted(round(segment.core.length_m) for segment in region.segments) == [500, 500, 1000]


def test_both_sides_of_a_river_are_kept():
    other_bank = line((0, 60), (2000, 60))
    region = build(TRAIL, other_bank, accesses=[car(500, -10), car(500, 70)])
    assert where(region) == [(500, 0), (500, 60)]


def test_names_come_from_places_or_trails_near_by():
    village = Point(0, "village", "Ordino", *lonlat(0, 500))
    town = Point(0, "town", "Encamp", *lonlat(0, 2600))
    peak = Point(0, "peak", "Casamanya", *lonlat(500, 50))
    accesses = [car(500, 10), car(1500, 10, kind="trailhead")]
    near = build(TRAIL, accesses=accesses, points=[village, town, peak])
    assert [trailhead.name for trailhead in near.trailheads] == ["Parking near Ordino", "Trailhead near Ordino"]
    named = line((0, 0), (2000, 0), name="Camí Ral")
    assert [t.name for t in build(named, accesses=accesses).trailheads] == [
        "Parking at Camí Ral",
        "Trailhead at Camí Ral",
    ]
    assert [t.name for t in build(TRAIL, accesses=accesses).trailheads] == [None, None]


def test_without_car_parks_roads_end_where_trails_begin():
    road = line((-1000, 0), (0, 0), kind=ROAD)
    region = build(road, line((0, 0), (2000, 0), name="Camí Ral"))
    assert [(t.kind, t.name, t.snap_m) for t in region.trailheads] == [("road end", "Road end at Camí Ral", 0.0)]
    assert where(region) == [(0, 0)]
    assert len(region.segments) == 2  # cut where they meet, though only two ways meet there


def test_without_roads_the_outer_ends_stand_in():
    region = build(line((0, 0), (2000, 0), name="Ridge"), line((1000, 0), (1000, 300)), line((0, 900), (900, 900)))
    assert sorted((t.kind, t.name or "") for t in region.trailheads) == [
        ("trail end", "East end of Ridge"),
        ("trail end", "Trail end at Ridge"),
        ("trail end", "West end of Ridge"),
    ]
    assert sorted(where(region)) == [(0, 0), (1000, 300), (2000, 0)]  # not of the part that is 900 m long


def test_a_lone_ring_can_be_started_too():
    region = build(line((0, 0), (500, 0), (500, 500), (0, 500), (0, 0), name="Round"))
    assert [(t.kind, t.name) for t in region.trailheads] == [("trail end", "Round")]


def test_car_parks_that_are_all_far_away_do_not_count():
    region = build(TRAIL, accesses=[car(0, 5000)])
    assert {trailhead.kind for trailhead in region.trailheads} == {"trail end"}
