"""A trip as GeoJSON, GPX, KML and text; what is written reads back the same."""

from __future__ import annotations

import json
import re
from dataclasses import fields, replace
from xml.etree import ElementTree

import gpxpy
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from loopgenie.exports import trip_geojson
from loopgenie.geometry import Box, LonLat
from loopgenie.itinerary import Cue, Itinerary, Start
from loopgenie.parameters import TripParameters
from loopgenie.places import Located
from loopgenie.planner import Trip
from loopgenie.store import RegionInfo, Snapshot
from loopgenie.tracks import trip_gpx, trip_kml
from loopgenie.trip_text import duration, trip_text

LINE = (
    (1.5333333349, 42.5555555551, 1298.04),
    (1.54, 42.56, None),
    (1.55, 42.5500001, 1500.0),
    (1.5333333349, 42.5555555551, 1298.04),
)

LOOP = Itinerary(
    rank=1,
    line=LINE,
    length_m=3218.688,
    ascent_m=205,
    descent_m=205,
    max_elevation_m=1500.0,
    walking_time_s=5400.4,
    time_model="a model",
    score=3000.456,
    status="feasible",
    bound=3200.0,
    gap=0.0623575,
    repeat_share=0.12345,
    road_share=0.05,
    longest_road_m=101.26,
    hardest_difficulty="T3",
    start=Start("Plaça <1> & \x07bell", "parking", 1.5333, 42.5555, 12_345.6, 900.0, "estimate"),
    trails=("Camí Ral", "GR 11"),
    cues=(Cue(0.0, "start at Plaça, go north on Camí Ral, 1.0 km"), Cue(3218.688, "back at Plaça")),
    segments=(3, 5, 8),
)


ANDORRA = Box(1.4, 42.4, 1.8, 42.7)
ORDINO = Located(LonLat(1.5, 42.5), "Ordino", None, "village", "trails")


def region(name: str = "Andorra", *, synthetic: bool = False, box: Box = ANDORRA) -> RegionInfo:
    lines = ("© OpenStreetMap contributors, ODbL 1.0", "Heights: NASA SRTM")
    return RegionInfo(name, lines, (), synthetic, None, "2026-01-01T00:00:00+00:00", box, 9, 9, 9, 9, 9.0, {})


def trip(*loops: Itinerary, regions: tuple[RegionInfo, ...] = (region(),)) -> Trip:
    parameters = TripParameters("Ordino", 3200.0, drive_m=30_000.0, via=(LonLat(1.54, 42.56),))
    timing = {"solve": 0.123456, "total": 0.2}
    return Trip(parameters, ORDINO, loops or (LOOP,), Snapshot("abc", regions), timing, 12)


#: The properties that every Feature has to have (HTTP interface, version 1).
PROPERTIES = {
    *("rank", "length_m", "length_miles", "ascent_m", "descent_m", "max_elevation_m", "walking_time_s", "time_model"),
    *("score", "status", "bound", "gap", "repeat_share", "road_share", "longest_road_m", "hardest_difficulty"),
    *("trailhead", "trails", "cues", "links"),
}


def test_the_feature_collection_has_all_that_is_promised() -> None:
    document = trip_geojson(trip(), links=lambda rank: {"gpx": f"/{rank}.gpx", "permalink": "/x"})
    assert document["type"] == "FeatureCollection"
    [feature] = document["features"]
    assert feature["type"] == "Feature"
    assert feature["geometry"]["type"] == "LineString"
    properties = feature["properties"]
    assert set(properties) >= PROPERTIES
    assert set(properties["trailhead"]) >= {"name", "lon", "lat", "drive_km", "drive_minutes", "drive_method"}
    assert properties["links"] == {"gpx": "/1.gpx", "permalink": "/x"}
    assert properties["length_m"] == 3218.69
    assert properties["length_miles"] == 2.0
    assert properties["trailhead"]["drive_km"] == 12.35
    assert properties["trailhead"]["drive_minutes"] == 15.0
    assert properties["cues"][1] == {"distance_m": 3218.7, "text": "back at Plaça"}
    assert document["data"]["snapshot"] == "abc"
    assert document["data"]["regions"] == ["Andorra"]
    assert document["data"]["attribution"] == ["© OpenStreetMap contributors, ODbL 1.0", "Heights: NASA SRTM"]
    assert document["timing"] == {"solve": 0.1235, "total": 0.2}
    json.dumps(document, allow_nan=False)


def test_the_collection_carries_every_parameter_as_understood() -> None:
    told = trip_geojson(trip())["trip"]
    place = {"region": None, "kind": "village", "source": "trails", "also": []}
    assert told["location"] == {"name": "Ordino", "lon": 1.5, "lat": 42.5, **place}
    # what is asked of several days stands beside the rest: here there is one
    assert {f.name for f in fields(TripParameters)} - {"trek"} <= set(told)
    assert told["days"] == 1
    assert (told["min_length_m"], told["max_length_m"]) == (2880.0, 3520.0)
    assert told["via"] == [[1.54, 42.56]]
    assert told["trailheads"] == 12


def test_positions_have_seven_decimals_and_unknown_heights_are_left_out() -> None:
    [feature] = trip_geojson(trip())["features"]
    positions = feature["geometry"]["coordinates"]
    assert positions[0] == positions[-1] == [1.5333333, 42.5555556, 1298.0]
    assert positions[1] == [1.54, 42.56]


def test_only_regions_that_the_loops_touch_are_named() -> None:
    far = region("Hong Kong", box=Box(113.8, 22.1, 114.5, 22.6))
    assert trip_geojson(trip(regions=(region(), far)))["data"]["regions"] == ["Andorra"]


def test_gpx_reads_back_to_the_same_line() -> None:
    document = trip_geojson(trip())
    gpx = gpxpy.parse(trip_gpx(document))
    assert gpx.version == "1.1"
    [track] = gpx.tracks
    points = track.segments[0].points
    written = document["features"][0]["geometry"]["coordinates"]
    assert [[p.longitude, p.latitude] + ([p.elevation] if p.elevation is not None else []) for p in points] == written
    [waypoint] = gpx.waypoints
    assert (waypoint.longitude, waypoint.latitude, waypoint.name) == (1.5333, 42.5555, "Plaça <1> & bell")
    assert gpx.copyright_author == "© OpenStreetMap contributors, ODbL 1.0; Heights: NASA SRTM"
    assert "OpenStreetMap" in gpx.description
    assert "SYNTHETIC" not in gpx.description
    assert track.type == "hiking"


def test_whoever_knew_the_place_is_named_with_the_trails() -> None:
    there = Located(LonLat(1.5, 42.5), "Ordino", "Andorra", "village", "gazetteer", ("Ordino, Spain",), ("© Towns",))
    document = trip_geojson(replace(trip(), place=there))
    # the two lines of the region, then that of the place
    lines = ["© OpenStreetMap contributors, ODbL 1.0", "Heights: NASA SRTM", "© Towns"]
    assert document["data"]["attribution"] == lines
    assert "© Towns" in trip_gpx(document)
    assert "© Towns" in trip_kml(document)
    text = trip_text(document)
    assert "From Ordino, Andorra (42.50000,1.50000)" in text
    assert "Other places of that name: Ordino, Spain" in text
    assert "© Towns" in text


def test_gpx_validates_against_the_order_of_the_schema() -> None:
    """GPX 1.1 wants metadata, then wpt, then trk; and in metadata name, desc, …, copyright in this order."""
    root = ElementTree.fromstring(trip_gpx(trip_geojson(trip())))
    names = [child.tag.rpartition("}")[2] for child in root]
    assert names == ["metadata", "wpt", "trk"]
    assert root.tag == "{http://www.topografix.com/GPX/1/1}gpx"
    metadata = [child.tag.rpartition("}")[2] for child in root[0]]
    order = ["name", "desc", "author", "copyright", "link", "time", "keywords", "bounds"]
    assert metadata == sorted(metadata, key=order.index)
    assert "copyright" in metadata


KML = "{http://www.opengis.net/kml/2.2}"


def test_kml_reads_back_to_the_same_line() -> None:
    document = trip_geojson(trip())
    text = trip_kml(document)
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n')  # whatever the locale of the server is
    assert text.endswith("</kml>\n")
    root = ElementTree.fromstring(text.encode())
    assert root.tag == f"{KML}kml"
    [line] = root.iter(f"{KML}LineString")
    text = line.findtext(f"{KML}coordinates")
    assert text is not None
    read = [[float(number) for number in position.split(",")] for position in text.split()]
    assert read == document["features"][0]["geometry"]["coordinates"]
    names = [name.text for name in root.iter(f"{KML}name")]
    assert "Plaça <1> & bell" in names
    assert any("OpenStreetMap" in (d.text or "") for d in root.iter(f"{KML}description"))


def test_all_loops_or_the_one_of_a_rank() -> None:
    document = trip_geojson(trip(LOOP, replace(LOOP, rank=2, length_m=3300.0)))
    assert len(gpxpy.parse(trip_gpx(document)).tracks) == 2
    [track] = gpxpy.parse(trip_gpx(document, rank=2)).tracks
    assert track.name.startswith("3.3 km loop")
    assert trip_kml(document, rank=1).count("<LineString>") == 1
    with pytest.raises(LookupError, match="rank 3, want 1 to 2"):
        trip_gpx(document, rank=3)


def test_synthetic_trails_are_called_so_everywhere() -> None:
    document = trip_geojson(trip(regions=(region(synthetic=True),)))
    assert document["data"]["synthetic"] is True
    for text in (trip_text(document), trip_gpx(document), trip_kml(document)):
        assert "SYNTHETIC" in text


def test_a_document_that_was_kept_as_json_gives_the_same_files() -> None:
    document = trip_geojson(trip())
    kept = json.loads(json.dumps(document))
    assert (trip_gpx(kept), trip_kml(kept), trip_text(kept)) == (
        trip_gpx(document),
        trip_kml(document),
        trip_text(document),
    )


def test_the_text_tells_a_person_what_matters() -> None:
    text = trip_text(trip_geojson(trip(LOOP, replace(LOOP, rank=2, status="optimal", gap=0.0))))
    for word in (
        "1. 3.2 km (2.0 miles) from Plaça",
        "From Ordino (42.50000,1.50000), 12 trailheads searched",
        "1 h 30 min",
        "205 m up and down, highest point 1500 m",
        "12% walked twice",
        "at most 6.2% below the best there can be",
        "proven to be the best there is",
        "Camí Ral, GR 11",
        "3.2 km  back at Plaça",
        "© OpenStreetMap contributors, ODbL 1.0; Heights: NASA SRTM",
    ):
        assert word in text


def test_a_loop_without_heights_or_bound_is_told_too() -> None:
    bare = replace(
        LOOP,
        ascent_m=None,
        descent_m=None,
        max_elevation_m=None,
        bound=None,
        gap=None,
        hardest_difficulty=None,
        trails=(),
    )
    document = trip_geojson(trip(bare))
    assert document["features"][0]["properties"]["gap"] is None
    assert "climb" not in trip_text(document)
    assert gpxpy.parse(trip_gpx(document)).tracks[0].description == "3.22 km, 1 h 30 min on foot."


_CONTROL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@given(st.text(), st.text())
@example("a<b>&\"'", "a<b>&amp;\"'")
def test_any_name_makes_well_formed_files(name: str, attribution: str) -> None:
    start = replace(LOOP.start, name=name)
    info = region()._replace(attribution=(attribution,))
    document = trip_geojson(trip(replace(LOOP, start=start), regions=(info,)))
    ElementTree.fromstring(trip_kml(document))
    gpx = gpxpy.parse(trip_gpx(document))
    assert len(gpx.waypoints) == 1
    assert (gpx.copyright_author or "").split() == _CONTROL.sub("", attribution).split()


POSITION = st.tuples(st.floats(-180, 180), st.floats(-90, 90), st.none() | st.floats(-400, 8800))


@given(st.lists(POSITION, min_size=2, max_size=10))
def test_any_line_reads_back_from_gpx(line: list[tuple[float, float, float | None]]) -> None:
    document = trip_geojson(trip(replace(LOOP, line=(*line, line[0]))))
    points = gpxpy.parse(trip_gpx(document)).tracks[0].segments[0].points
    for point, (lon, lat, height) in zip(points, (*line, line[0]), strict=True):
        assert (point.longitude, point.latitude) == pytest.approx((lon, lat), abs=1e-7)
        assert point.elevation == (None if height is None else pytest.approx(height, abs=0.051))


@pytest.mark.parametrize(("seconds", "text"), [(0, "0 h 00 min"), (3570, "1 h 00 min"), (18_300, "5 h 05 min")])
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
