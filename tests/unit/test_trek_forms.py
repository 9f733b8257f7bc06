"""A trip of several days as GPX, KML and text, and as the API describes it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import gpxpy
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from loopgenie import openapi
from loopgenie.tracks import trip_gpx, trip_kml
from loopgenie.trip_text import trip_text
from tests.unit.trek_document import LINES, trek

KML = "{http://www.opengis.net/kml/2.2}"
GPX = "{http://www.topografix.com/GPX/1/1}"


def days_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    days: list[dict[str, Any]] = document["features"][0]["properties"]["days"]
    return days


def positions(track: Any) -> list[list[float]]:
    points = track.segments[0].points
    return [[p.longitude, p.latitude] + ([] if p.elevation is None else [p.elevation]) for p in points]


# --- GPX ----------------------------------------------------------------------------------------------------------


def test_one_track_holds_the_whole_line() -> None:
    document = trek()
    [track] = gpxpy.parse(trip_gpx(document)).tracks
    assert track.name == "30.5 km in 4 days from Pal"
    assert len(track.segments) == 1
    assert positions(track) == document["features"][0]["geometry"]["coordinates"]
    assert "Day 2: campsite without a name to Refugi Blau (12.5 km, 4 h 10 min on foot)." in track.description
    assert "Day 3: rest at Refugi Blau." in track.description
    assert "days 1 to 3: permit: Ask at the park's office." in track.description


def test_a_track_for_each_day_of_walking() -> None:
    """No track for day 3, on which one rests; where one day ends the next begins."""
    tracks = gpxpy.parse(trip_gpx(trek(), tracks="days")).tracks
    assert [(track.number, track.name) for track in tracks] == [
        (1, "Day 1: Pal to campsite without a name"),
        (2, "Day 2: campsite without a name to Refugi Blau"),
        (4, "Day 4: Refugi Blau to Pal"),
    ]
    assert [positions(track) for track in tracks] == list(LINES)
    assert tracks[0].description.startswith("2026-07-04: 10.0 km, 700 m up, 100 m down, 4 h 00 min on foot.")
    assert "permit: Ask at the park's office. (source: zones.geojson) https://park.example" in tracks[0].description
    assert "bear cables" not in tracks[0].description  # the waypoint of the camp has it


@pytest.mark.parametrize("each", ["one", "days"])
def test_waypoints_are_the_trailhead_each_camp_once_and_each_refill(each: Any) -> None:
    waypoints = gpxpy.parse(trip_gpx(trek(), tracks=each)).waypoints
    assert [(w.name, w.type, w.symbol, w.longitude, w.latitude, w.elevation) for w in waypoints] == [
        ("Pal", "parking", "Trail Head", 1.5, 42.5, None),
        ("campsite without a name", "campsite", "Campground", 1.55, 42.55, 2100.0),
        ("Font Freda", "spring", "Drinking Water", 1.51, 42.52, None),
        ("Refugi Blau", "hut", "Lodge", 1.45, 42.56, None),
        ("stream", "stream", "Water Source", 1.53, 42.56, None),  # it is known that one should not drink from it
    ]
    about = [waypoint.description or "" for waypoint in waypoints]
    assert about[1] == (
        "night 1: 2026-07-04; campsite; 2100 m above the sea; 120 m off the trail; no water; capacity 12; "
        "food storage bear cables; source: camps.geojson 17, 2017-01-12"
    )
    assert about[2] == (
        "fill bottles: spring Font Freda; 40 m off the trail; may be dry; next water in 9.3 km; "
        "source: osm node 7, 2024-08-30"
    )
    assert about[3].startswith("night 2: 2026-07-05; night 3: 2026-07-06; hut; with water")
    assert about[4] == "fill bottles: stream; not drinking water; the last on the way"


@pytest.mark.parametrize(
    ("kind", "drinkable", "symbol"),
    [
        ("tap", None, "Drinking Water"),
        ("spring", False, "Water Source"),
        ("stream", None, "Water Source"),
        ("stream", True, "Drinking Water"),
        ("lake", None, "Water Source"),
    ],
)
def test_a_stream_is_no_drinking_water_unless_the_source_says_so(
    kind: str, drinkable: bool | None, symbol: str
) -> None:
    document = trek()
    days_of(document)[0]["water"][0] |= {"type": kind, "drinkable": drinkable}
    assert gpxpy.parse(trip_gpx(document)).waypoints[2].symbol == symbol


def test_without_dates_the_nights_have_numbers_only() -> None:
    document = trek()
    for day in days_of(document):
        day["date"] = None
    gpx = gpxpy.parse(trip_gpx(document, tracks="days"))
    assert (gpx.waypoints[3].description or "").startswith("night 2; night 3; hut")
    assert (gpx.tracks[0].description or "").startswith("10.0 km, 700 m up")


#: The order in which GPX 1.1 wants the children of an element (http://www.topografix.com/GPX/1/1/gpx.xsd).
GPX_ORDER = {
    "gpx": ["metadata", "wpt", "rte", "trk", "extensions"],
    "wpt": ["ele", "time", "magvar", "geoidheight", "name", "cmt", "desc", "src", "link", "sym", "type", "fix"],
    "trk": ["name", "cmt", "desc", "src", "link", "number", "type", "extensions", "trkseg"],
}


@pytest.mark.parametrize("each", ["one", "days"])
def test_gpx_keeps_the_order_of_the_schema(each: Any) -> None:
    root = ElementTree.fromstring(trip_gpx(trek(), tracks=each))
    for parent in root.iter():
        order = GPX_ORDER.get(parent.tag.removeprefix(GPX))
        if order:
            children = [child.tag.removeprefix(GPX) for child in parent]
            assert children == sorted(children, key=order.index)


def test_a_loop_of_one_day_has_one_track_whatever_is_asked() -> None:
    document = trek()
    for name in ("days", "nights", "balance"):
        del document["features"][0]["properties"][name]
    assert trip_gpx(document, tracks="days") == trip_gpx(document)
    assert trip_kml(document, tracks="days") == trip_kml(document)
    assert "30.5 km loop from Pal" in trip_gpx(document)


@pytest.mark.parametrize("make", [trip_gpx, trip_kml])
def test_days_of_several_loops_are_told_apart(make: Callable[..., str]) -> None:
    document = trek()
    [second] = trek()["features"]
    second["properties"]["rank"] = 2
    document["features"].append(second)
    assert "2. Day 4: Refugi Blau to Pal" in make(document, tracks="days")
    alone = make(document, rank=2, tracks="days")
    assert "Day 4: Refugi Blau to Pal" in alone
    assert "2. Day" not in alone


def test_a_day_from_a_camp_back_to_it_says_so() -> None:
    document = trek()
    for day in days_of(document)[:2]:
        day["camp"] = {**day["camp"], "name": "Base"}
    assert "Day 2: Base and back" in trip_gpx(document, tracks="days")


# --- KML ----------------------------------------------------------------------------------------------------------


def test_kml_has_a_folder_of_its_own_colour_for_each_day() -> None:
    document = trek()
    root = ElementTree.fromstring(trip_kml(document, tracks="days"))
    folders = list(root.iter(f"{KML}Folder"))
    assert [folder.findtext(f"{KML}name") for folder in folders] == [
        "Day 1: Pal to campsite without a name",
        "Day 2: campsite without a name to Refugi Blau",
        "Day 4: Refugi Blau to Pal",
    ]
    styles = {f"#{s.get('id')}": s.findtext(f"{KML}LineStyle/{KML}color") for s in root.iter(f"{KML}Style")}
    assert styles["#day-1"] == "ffb27200"  # the blue 0072b2, opaque, back to front
    used = [folder.findtext(f"{KML}Placemark/{KML}styleUrl") for folder in folders]
    assert used == ["#day-1", "#day-2", "#day-4"]
    assert len({styles[style or ""] for style in used}) == 3
    for folder, line in zip(folders, LINES, strict=True):
        text = folder.findtext(f"{KML}Placemark/{KML}LineString/{KML}coordinates") or ""
        assert [[float(number) for number in position.split(",")] for position in text.split()] == line
    points = [[p.findtext(f"{KML}name") for p in folder if p.find(f"{KML}Point") is not None] for folder in folders]
    assert points == [["campsite without a name", "Font Freda"], ["Refugi Blau", "stream"], []]


def test_kml_as_one_line_has_the_same_points() -> None:
    document = trek()
    root = ElementTree.fromstring(trip_kml(document))
    [line] = root.iter(f"{KML}LineString")
    assert len((line.findtext(f"{KML}coordinates") or "").split()) == 7  # 3 + 3 + 3 less the two that are shared
    names = [p.findtext(f"{KML}name") for p in root.iter(f"{KML}Placemark") if p.find(f"{KML}Point") is not None]
    assert names == ["Pal", "campsite without a name", "Font Freda", "Refugi Blau", "stream"]


#: The order of KML 2.2 (http://schemas.opengis.net/kml/2.2.0/ogckml22.xsd), as far as it is used.
KML_ORDER = {
    "Document": ["name", "description", "Style", "Placemark", "Folder"],
    "Folder": ["name", "Placemark"],
    "Placemark": ["name", "description", "styleUrl", "Point", "LineString"],
    "LineStyle": ["color", "width"],
}


@pytest.mark.parametrize("each", ["one", "days"])
def test_kml_keeps_the_order_of_the_schema(each: Any) -> None:
    for parent in ElementTree.fromstring(trip_kml(trek(), tracks=each)).iter():
        order = KML_ORDER.get(parent.tag.removeprefix(KML))
        if order:
            children = [child.tag.removeprefix(KML) for child in parent]
            assert children == sorted(children, key=order.index)


def test_no_name_becomes_markup_in_a_description() -> None:
    """Globes show descriptions as HTML."""
    document = trek()
    days_of(document)[0]["water"][0]["name"] = "<img src=x onerror=alert(1)>"
    days_of(document)[0]["notes"][0] = {**days_of(document)[0]["notes"][0], "text": "<script>"}
    for each in ("one", "days"):
        root = ElementTree.fromstring(trip_kml(document, tracks=each))  # type: ignore[arg-type]
        assert not [d.text for d in root.iter(f"{KML}description") if "<" in (d.text or "")]


# --- text ---------------------------------------------------------------------------------------------------------

TEXT = """\
From Pal (42.50000,1.50000), 5 trailheads searched

1. 30.5 km (19.0 miles) in 4 days and 3 nights, 1 day of rest, from Pal
   start      42.50000,1.50000 (parking), 3.0 km or 4 minutes by car (estimate)
   on foot    10 h 25 min (a model)
   climb      1200 m up and down, highest point 2300 m
   repeated   1% walked twice
   road       0%, at most 0 m at a stretch
   hardest    T3
   quality    score 30000
   balance    days are 10% off their best length
   trails     GR 11

   day        date    km  miles  climb     on foot  longest dry  waters  night
     1  2026-07-04  10.0    6.2  700 m  4 h 00 min       9.3 km       1  campsite without a name (campsite)
     2  2026-07-05  12.5    7.8      ?  4 h 10 min       9.3 km       2  Refugi Blau (hut)
     3  2026-07-06                            rest                       Refugi Blau (hut)
     4  2026-07-07   8.0    5.0   50 m  2 h 15 min       8.0 km       0

   Day 1: Pal to campsite without a name, 2026-07-04
      0.0 km  start at Pal
      3.2 km  fill bottles: spring Font Freda; 40 m off the trail; may be dry; next water in 9.3 km; \
source: osm node 7, 2024-08-30
      9.9 km  left to the camp
       night  campsite without a name: campsite; 2100 m above the sea; 120 m off the trail; no water; capacity 12; \
food storage bear cables; source: camps.geojson 17, 2017-01-12

   Day 2: campsite without a name to Refugi Blau, 2026-07-05
      0.0 km  go on
      2.5 km  fill bottles: stream; not drinking water; the last on the way
       night  Refugi Blau: hut; with water

   Day 3: rest at Refugi Blau, 2026-07-06

   Day 4: Refugi Blau to Pal, 2026-07-07
      8.0 km  back at Pal

   To know:
   days 1 to 3: permit: Ask at the park's office. (source: zones.geojson) https://park.example
   day 1: fire: No fires above 2000 m. (source: rules.csv)

Seasons are those of the data: ask before you go.
Closed on these days:
   Camí Vell, 3.2 km, days 1 to 2, 4: closed 1 December to 15 July (source: closures.csv 2)
From 2026-07-16 more is open: Camí Vell (3.2 km)

Trail data: Drawn by hand. Made by LoopGenie.
"""


def test_the_text_is_a_table_of_days_then_day_by_day() -> None:
    assert trip_text(trek()) == TEXT


def test_without_dates_the_table_has_no_column_for_them() -> None:
    document = trek()
    for day in days_of(document):
        day["date"] = None
    text = trip_text(document)
    assert "   day    km  miles  climb" in text
    assert "   Day 1: Pal to campsite without a name\n" in text


def test_a_land_of_which_no_water_is_known_is_not_called_dry() -> None:
    document = trek()
    for day in days_of(document):
        day |= {"water": [], "refills": []}
    text = trip_text(document)
    assert "9.3 km       0  campsite" in text  # there is water elsewhere, so that this is known
    for day in days_of(document):
        day["longest_dry_m"] = None
    text = trip_text(document)
    assert "   day        date    km  miles  climb     on foot  night\n" in text
    assert "To know:\n   The data has no water there at all, which does not mean that there is none.\n" in text


def test_the_calendar_is_told_for_loops_of_one_day_too() -> None:
    document = trek()
    properties = document["features"][0]["properties"]
    for name in ("days", "nights", "balance"):
        del properties[name]
    document["calendar"]["date"] = None
    document["calendar"]["closed"][0]["days"] = [1]
    text = trip_text(document)
    assert "1. 30.5 km (19.0 miles) from Pal\n" in text
    assert "Closed for a part of the year:\n   Camí Vell, 3.2 km, day 1: closed" in text
    del document["calendar"]
    assert "Closed" not in trip_text(document)


# --- names are anybody's ------------------------------------------------------------------------------------------


@given(st.text())
@example("\x1b[31mred\x1b]0;title\x07")
@example("two\nlines\u2028three")
@example("\u202ereversed")
@example("a<b>&\"'")
def test_any_name_makes_well_formed_files_and_harmless_text(name: str) -> None:
    document = trek()
    lines = len(trip_text(document).splitlines())
    first = days_of(document)[0]
    first["camp"] |= {"name": name, "type": name, "source": name, "details": {"capacity": name, name: "x"}}
    first["water"][0] |= {"name": name, "type": name}
    first["cues"][0]["text"] = name
    first["notes"] = [{"kind": name, "text": name, "source": name, "url": f"https://x/{name}"}]
    document["calendar"]["closed"][0] |= {"name": name, "why": name, "source": name}
    document["features"][0]["properties"]["trails"] = [name]
    for each in ("one", "days"):
        ElementTree.fromstring(trip_kml(document, tracks=each))  # type: ignore[arg-type]
        assert len(gpxpy.parse(trip_gpx(document, tracks=each)).waypoints) == 5  # type: ignore[arg-type]
    text = trip_text(document)
    assert not re.search(r"[^\n\u200c\u200d\x20-\x7e\xa1-\U0010ffff]", text)
    assert not re.search("[\u2028\u2029\u202a-\u202e\u2066-\u2069]", text)
    assert text.count("\n") == lines  # two notes as before: that of day 1, and the permit of days 2 and 3


# --- the API's description ----------------------------------------------------------------------------------------


def test_the_document_is_as_it_is_described() -> None:
    openapi.TripAnswer.model_validate_json(json.dumps({"id": "x~1", **trek()}), strict=True)


def test_the_description_holds_every_member_to_its_kind() -> None:
    document = {"id": "x~1", **trek()}
    days_of(document)[0]["camp"]["kind"] = "hotel"
    with pytest.raises(ValueError, match=r"features\.0\.properties\.days\.0\.camp\.kind"):
        openapi.TripAnswer.model_validate_json(json.dumps(document), strict=True)
