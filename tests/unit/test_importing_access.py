"""Who may walk where: tags and fields of real files, and what follows from them."""

import pytest

from loopgenie.importing import profiles
from loopgenie.importing.landmarks import (
    access_kind,
    is_closed_parking,
    kind_in_words,
    kind_of_fields,
    metres,
    people,
    point_kind,
)
from loopgenie.ways import WayKind

OSM = profiles.named("osm")
GENERIC = profiles.named("generic")


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"highway": "path"}, WayKind.PATH),
        ({"highway": "track", "access": "forestry"}, WayKind.TRACK),
        ({"highway": "footway"}, WayKind.FOOTWAY),
        ({"highway": "bridleway"}, WayKind.BRIDLEWAY),
        ({"highway": "steps"}, WayKind.STEPS),
        ({"highway": "cycleway"}, WayKind.CYCLEWAY),
        ({"highway": "residential"}, WayKind.MINOR_ROAD),
        ({"highway": "service", "service": "alley"}, WayKind.MINOR_ROAD),
        ({"highway": "pedestrian"}, WayKind.MINOR_ROAD),
        ({"highway": "tertiary_link"}, WayKind.CONNECTING_ROAD),
        ({"highway": "secondary"}, WayKind.BUSY_ROAD),
        ({"highway": "primary", "motorroad": "no"}, WayKind.BUSY_ROAD),
        ({"highway": "footway", "footway": "sidewalk"}, WayKind.MINOR_ROAD),
        ({"highway": "path", "path": "crossing"}, WayKind.MINOR_ROAD),
        ({"highway": "track", "access": "private", "foot": "permissive"}, WayKind.TRACK),
        ({"highway": "path", "tunnel": "yes"}, WayKind.PATH),
    ],
)
def test_ways_that_may_be_walked(tags, kind):
    decision = OSM.rules.decide(tags)
    assert (decision.kind, decision.reason, decision.informal) == (kind, None, False)


@pytest.mark.parametrize(
    ("tags", "word"),
    [
        ({"highway": "motorway"}, "motorway"),
        ({"highway": "trunk_link"}, "trunk"),
        ({"highway": "primary", "motorroad": "yes"}, "motorway"),
        ({"highway": "primary", "foot": "no"}, "closed to walkers"),
        ({"highway": "path", "access": "no"}, "no public access"),
        ({"highway": "path", "access": "private", "foot": "unknown"}, "no public access"),
        ({"highway": "path", "access": "yes", "foot": "private"}, "closed to walkers"),
        ({"highway": "path", "access": "customers"}, "customers"),
        ({"highway": "pedestrian", "area": "yes"}, "area"),
        ({"highway": "construction", "construction": "path"}, "not built"),
        ({"highway": "path", "abandoned": "yes"}, "not built"),
        ({"highway": "proposed"}, "not built"),
        ({"highway": "path", "indoor": "yes"}, "inside"),
        ({"highway": "via_ferrata"}, "via ferrata"),
        ({"highway": "service", "service": "parking_aisle"}, "parking aisle"),
        ({"highway": "service", "service": "driveway"}, "driveway"),
        ({"highway": "raceway"}, "no way for walkers"),
        ({"highway": "path", "oneway:foot": "yes"}, "one way"),
    ],
)
def test_ways_left_out_say_why(tags, word):
    decision = OSM.rules.decide(tags)
    assert decision.kind is None
    assert word in decision.reason


@pytest.mark.parametrize(
    ("tags", "rule"),
    [
        ({}, None),
        ({"foot": "permissive"}, "foot=permissive"),
        ({"access": "permissive"}, "access=permissive"),
        ({"access": "private", "foot": "yes"}, "access=private, foot=yes"),
        ({"access": "customers", "foot": "designated"}, "access=customers, foot=designated"),
        ({"bicycle": "no"}, None),
        # refused
        ({"access": "private"}, "access=private"),
        ({"access": "yes", "foot": "no"}, "foot=no"),
        ({"oneway:foot": "-1"}, "oneway:foot=-1"),
        ({"via_ferrata_scale": "2"}, "via_ferrata_scale=2"),
    ],
)
def test_the_field_that_decided_is_told(tags, rule):
    assert OSM.rules.decide({"highway": "path", **tags}).rule == rule


@pytest.mark.parametrize(
    ("tags", "missed"),
    [
        ({"highway": "path", "access": "private"}, True),
        ({"highway": "track", "foot": "no"}, True),
        ({"highway": "path", "conveying": "forward"}, True),
        ({"highway": "service", "access": "private"}, False),  # a driveway by another name
        ({"highway": "service", "service": "driveway"}, False),
        ({"highway": "motorway"}, False),
        ({"highway": "pedestrian", "area": "yes"}, False),
        ({"highway": "elevator"}, False),
    ],
)
def test_what_a_hiker_would_miss(tags, missed):
    assert OSM.rules.decide(tags).missed is missed


@pytest.mark.parametrize(
    ("tags", "informal", "poor"),
    [
        ({"informal": "yes"}, True, False),
        ({"informal": "no"}, False, False),
        ({"trail_visibility": "no"}, True, True),
        ({"trail_visibility": "horrible"}, False, True),
    ],
)
def test_informal_and_invisible_trails_are_marked(tags, informal, poor):
    decision = OSM.rules.decide({"highway": "path", **tags})
    assert (decision.kind, decision.informal, decision.poor) == (WayKind.PATH, informal, poor)


@pytest.mark.parametrize(
    ("tags", "season"),
    [
        ({"foot:conditional": "no @ (Dec 15-Apr 15)"}, "walkers: no @ (Dec 15-Apr 15)"),
        ({"access:conditional": "no @ (Nov-Apr)"}, "access: no @ (Nov-Apr)"),
        ({"access:conditional": "no @ (Nov-Apr)", "foot": "yes"}, None),
        ({"access:conditional": "no @ (weight>7.5)"}, None),
        ({"seasonal": "summer"}, "summer"),
        ({"seasonal": "yes"}, "seasonal"),
        ({"seasonal": "no"}, None),
        ({"foot:conditional": "no @ (winter)", "seasonal": "yes"}, "walkers: no @ (winter)"),
    ],
)
def test_seasons_are_kept_in_the_words_of_the_source(tags, season):
    assert OSM.rules.decide({"highway": "path", **tags}).season == season


def test_difficulty_is_the_sac_grade():
    assert OSM.difficulty({"sac_scale": "demanding_mountain_hiking"}) == 3
    assert OSM.difficulty({"sac_scale": "hiking;mountain_hiking"}) == 1
    assert OSM.difficulty({"sac_scale": "yes"}) is None
    assert OSM.difficulty({}) is None


def test_bridges_and_tunnels_leave_the_ground():
    def off_ground(**tags):
        return OSM.rules.decide({"highway": "path", **tags}).off_ground

    assert off_ground(bridge="yes")
    assert off_ground(tunnel="culvert")
    assert not off_ground(tunnel="no", bridge="no")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"TRAILNAME": "Abrams Falls Trail"}, WayKind.PATH),
        ({"Condition": "Dry / Tacky - Enjoy"}, WayKind.PATH),
        ({"Hike": "Yes"}, WayKind.PATH),
        ({"RDCLASS": "Local", "RDNAME": "Bear Lake Road"}, WayKind.MINOR_ROAD),
        ({"RDCLASS": "Secondary", "RDNAME": "Trail Ridge Road"}, WayKind.BUSY_ROAD),
        ({"road_class": "Collector"}, WayKind.CONNECTING_ROAD),
        ({"NAME": "Harpers Ferry Trail"}, WayKind.PATH),  # a name tells nothing of who may walk
        ({"Condition": "CLOSED"}, "closed"),
        ({"TrailStatus": "Proposed"}, "not built"),
        ({"STATUS": "Private"}, "no public access"),
        ({"Public_Access": "No"}, "no public access"),
        ({"Hike": "No"}, "closed"),
        ({"R2R_Use": "Bike Only"}, "bicycles"),
        ({"SpecialManagementComment": "Downhill mountain bike travel only"}, "bicycles"),
        ({"TRAIL_CLAS": "Water Trail"}, "water"),
        ({"SUMMERUSET": "Water Craft"}, "water"),
        ({"TrailType": "Snowmobile"}, "winter"),
        ({"Comments": "All users must travel clockwise."}, "one way"),
        ({"Comments": "Hikers must keep dogs on leash."}, WayKind.PATH),
        ({"Comments": "All users must travel at their own risk."}, WayKind.PATH),
    ],
)
def test_fields_of_authorities(fields, expected):
    decision = GENERIC.rules.decide(fields)
    if isinstance(expected, WayKind):
        assert (decision.kind, decision.reason) == (expected, None)
    else:
        assert decision.kind is None
        assert expected in decision.reason


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"place": "village"}, "village"),
        ({"place": "isolated_dwelling"}, "locality"),
        ({"natural": "peak"}, "peak"),
        ({"natural": "saddle"}, "pass"),
        ({"natural": "peak", "mountain_pass": "yes"}, "pass"),
        ({"natural": "spring"}, "water"),
        ({"amenity": "drinking_water"}, "water"),
        ({"amenity": "drinking_water", "drinking_water": "no"}, None),
        ({"tourism": "alpine_hut"}, "hut"),
        ({"tourism": "camp_site"}, "camp"),
        ({"amenity": "shelter", "shelter_type": "public_transport", "name": "Stop"}, None),
        ({"amenity": "shelter", "shelter_type": "basic_hut"}, "hut"),
        ({"amenity": "shelter", "name": "Cabana"}, "hut"),
        ({"tourism": "hotel"}, None),
    ],
)
def test_points(tags, kind):
    assert point_kind(tags) == kind


def test_where_a_car_can_stop():
    assert access_kind({"amenity": "parking"}) == "parking"
    assert access_kind({"amenity": "parking", "access": "yes"}) == "parking"
    assert access_kind({"highway": "trailhead"}) == "trailhead"
    assert access_kind({"tourism": "information", "information": "trailhead"}) == "trailhead"
    for closed in ("private", "no", "customers"):
        assert access_kind({"amenity": "parking", "access": closed}) is None
        assert is_closed_parking({"amenity": "parking", "access": closed})
    assert access_kind({"tourism": "viewpoint"}) is None


def test_heights_and_numbers_in_words():
    assert metres("2942") == 2942
    assert metres("2942,5 m") == 2942.5
    assert metres("1000 ft") == 304.8
    assert metres("-12") == -12
    assert [metres(text) for text in (None, "", "high", "99999")] == [None] * 4
    assert people("22 256") == 22256
    assert people("1,234") == 1234
    assert [people(text) for text in (None, "many", "9" * 30)] == [None] * 3


def test_kinds_in_words():
    assert kind_in_words(["Backcountry Campsite"]) == "camp"
    assert kind_in_words(["backcountrycampgroundsGPS"]) == "camp"
    assert kind_in_words(["Trail Head"]) == "trailhead"
    assert kind_in_words(["PARKING LOT"]) == "parking"
    assert kind_in_words(["high-peak"]) == "peak"
    assert kind_in_words(["Campbell Creek"]) is None


def test_the_type_field_goes_before_the_layer():
    assert kind_of_fields({"type": "junction"}, "network and parking") is None
    assert kind_of_fields({"SIGN_TYPE": "Trail Head"}, "trail-signs") == "trailhead"
    assert kind_of_fields({"NAME": "BOULDER PASS"}, "backcountrycampgrounds") == "camp"
    assert kind_of_fields({"NAME": "Boulder Pass"}, "") == "pass"
    assert kind_of_fields({"Campsite": "Arch Rocks"}, "sites") == "camp"
