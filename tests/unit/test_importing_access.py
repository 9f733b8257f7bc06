"""Who may walk where: tags and fields of real files, and what follows from them."""

import pytest

from loopgenie.importing import access
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
    assert access.judge(tags) == (kind, None)


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
        ({"highway": "path", "trail_visibility": "no"}, "trail_visibility"),
        ({"highway": "path", "informal": "yes"}, "informal"),
        ({"highway": "via_ferrata"}, "via ferrata"),
        ({"highway": "service", "service": "parking_aisle"}, "parking aisle"),
        ({"highway": "service", "service": "driveway"}, "driveway"),
        ({"highway": "raceway"}, "no way for walkers"),
        ({"highway": "path", "oneway:foot": "yes"}, "one way"),
    ],
)
def test_ways_left_out_say_why(tags, word):
    decision = access.judge(tags)
    assert decision.kind is None
    assert word in decision.reason


def test_difficulty_is_the_sac_grade():
    assert access.difficulty({"sac_scale": "demanding_mountain_hiking"}) == 3
    assert access.difficulty({"sac_scale": "hiking;mountain_hiking"}) == 1
    assert access.difficulty({"sac_scale": "yes"}) is None
    assert access.difficulty({}) is None


def test_bridges_and_tunnels_leave_the_ground():
    assert access.off_ground({"bridge": "yes"})
    assert access.off_ground({"tunnel": "culvert"})
    assert not access.off_ground({"tunnel": "no", "bridge": "no"})


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"TRAILNAME": "Abrams Falls Trail"}, WayKind.PATH),
        ({"Condition": "Dry / Tacky - Enjoy"}, WayKind.PATH),
        ({"Hike": "Yes"}, WayKind.PATH),
        ({"RDCLASS": "Local", "RDNAME": "Bear Lake Road"}, WayKind.MINOR_ROAD),
        ({"RDCLASS": "Secondary", "RDNAME": "Trail Ridge Road"}, WayKind.BUSY_ROAD),
        ({"Condition": "CLOSED"}, "closed"),
        ({"TrailStatus": "Proposed"}, "closed"),
        ({"Hike": "No"}, "not for walkers"),
        ({"R2R_Use": "Bike Only"}, "bicycles"),
        ({"SpecialManagementComment": "Downhill mountain bike travel only"}, "bicycles"),
        ({"TRAIL_CLAS": "Water Trail"}, "water"),
        ({"SUMMERUSET": "Water Craft"}, "water"),
    ],
)
def test_fields_of_authorities(fields, expected):
    decision = access.judge_fields(fields)
    if isinstance(expected, WayKind):
        assert decision == (expected, None)
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
