"""Profiles: the tables of real sources against small files in their schemas, and tables that somebody else writes."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgenie.cli import main
from loopgenie.errors import BadInput
from loopgenie.importing import profiles
from loopgenie.importing.access import REASONS
from loopgenie.importing.fields import latest_date, names_beside, texts
from loopgenie.importing.files import import_files
from loopgenie.importing.osm import read_osm
from loopgenie.importing.profiles import TrailNames
from loopgenie.importing.vector import read_geojson
from loopgenie.store import DETAILS
from loopgenie.ways import WayKind


@pytest.fixture
def layer(tmp_path):
    """A layer of lines side by side, one for each table of fields, read by whatever profile its fields call for."""

    def read(*rows, name="trails.geojson", profile=None, points=False):
        path = tmp_path / name
        features = []
        for number, fields in enumerate(rows, 1):
            line = {"type": "LineString", "coordinates": [[8, 47 + number / 100], [8.01, 47 + number / 100]]}
            place = {"type": "Point", "coordinates": [8, 47 + number / 100]}
            features.append({"type": "Feature", "properties": fields, "geometry": place if points else line})
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
        return read_geojson(path, profile and profiles.chosen(str(profile)))

    return read


class Store:
    """Remembers the last region."""

    def replace_region(self, region):
        self.region = region


def refused(source):
    return [(line.name, line.reason, line.rule) for line in source.refused]


# --- real schemas -----------------------------------------------------------------------------------------------------


def test_national_park_service(layer):
    """Fields and values of NPS_Public_Trails (mapservices.nps.gov, NationalDatasets), as it was in November 2026."""
    plain = {
        "TRLSTATUS": "Existing",
        "TRLTYPE": "Standard Terra Trail",
        "TRLCLASS": "Class 3: Developed",
        "TRLUSE": "Hiker/Pedestrian|Pack and Saddle",
        "TRLFEATTYPE": "Park Trail",
        "TRLSURFACE": "Native",
        "SEASONAL": "No",
        "SEASDESC": None,
        "OPENTOPUBLIC": "Yes",
        "ISEXTANT": "True",
        "UNITCODE": "YOSE",
        "EDITDATE": 1758564695000,  # 2025-09-22 18:11:35 UTC
    }
    source = layer(
        {"TRLNAME": "Mist Trail", **plain},
        {"TRLNAME": "Four Mile", **plain, "SEASONAL": "Yes", "SEASDESC": "Closed in Winter"},
        {"TRLNAME": "Glacier Point", **plain, "SEASONAL": "Yes", "OPENTOPUBLIC": None, "TRLUSE": "Unknown"},
        {"TRLNAME": "Herd", **plain, "TRLFEATTYPE": "Unofficial Trail"},
        {"TRLNAME": "Quiet", **plain, "TRLUSE": "Non-Motorized"},
        {"TRLNAME": "Stairs", **plain, "TRLTYPE": "Steps"},
        {"TRLNAME": "Along the road", **plain, "TRLTYPE": "Sidewalk"},
        {"TRLNAME": "", "MAPLABEL": "Label", **plain, "EDITDATE": 1577836800000},  # 2020-01-01
        {"TRLNAME": "Washed out", **plain, "TRLSTATUS": "Temporarily Closed"},
        {"TRLNAME": "Old", **plain, "TRLSTATUS": "Decommissioned"},
        {"TRLNAME": "New", **plain, "TRLSTATUS": "Proposed"},
        {"TRLNAME": "Staff", **plain, "OPENTOPUBLIC": "No"},
        {"TRLNAME": "Ski", **plain, "TRLTYPE": "Snow Trail"},
        {"TRLNAME": "Paddle", **plain, "TRLTYPE": "Water Trail"},
        {"TRLNAME": "Singletrack", **plain, "TRLUSE": "Bicycle"},
        {"TRLNAME": "Jeep", **plain, "TRLUSE": "Four-Wheel Drive Vehicle > 50” in Tread Width"},
        {"TRLNAME": "Dust", **plain, "TRLUSE": "All-Terrain Vehicle"},
        {"TRLNAME": "Gone", **plain, "ISEXTANT": "False"},
    )
    assert [(w.name, w.kind.value, w.informal, w.season) for w in source.ways] == [
        ("Mist Trail", "path", False, None),
        ("Four Mile", "path", False, "Closed in Winter"),
        ("Glacier Point", "path", False, "seasonal"),
        ("Herd", "path", True, None),
        ("Quiet", "path", False, None),
        ("Stairs", "steps", False, None),
        ("Along the road", "minor road", False, None),
        ("Label", "path", False, None),
    ]
    assert source.ways[0].rule == "TRLUSE=Hiker/Pedestrian|Pack and Saddle"
    assert source.ways[2].rule is None
    assert source.ways[0].surface == "native"
    assert refused(source) == [
        ("Washed out", "closed to walkers", "TRLSTATUS=Temporarily Closed"),
        ("Old", "not built yet, or given up", "TRLSTATUS=Decommissioned"),
        ("New", "not built yet, or given up", "TRLSTATUS=Proposed"),
        ("Staff", "no public access", "OPENTOPUBLIC=No"),
        ("Ski", "for winter only", "TRLTYPE=Snow Trail"),
        ("Paddle", "on water", "TRLTYPE=Water Trail"),
        ("Singletrack", "for bicycles only", "TRLUSE=Bicycle"),
        ("Jeep", "for motor vehicles only", "TRLUSE=Four-Wheel Drive Vehicle > 50” in Tread Width"),
        ("Dust", "for motor vehicles only", "TRLUSE=All-Terrain Vehicle"),
        ("Gone", "not built yet, or given up", "ISEXTANT=False"),
    ]
    (file,) = source.files
    assert file[1:] == ("nps", "Trails: US National Park Service, public domain", "2025-09-22")


def test_roads_and_places_of_the_national_park_service(layer):
    roads = layer(
        {"RDNAME": "Bear Lake Road", "RDCLASS": "Local", "RDSURFACE": "Asphalt", "SEASDESC": "Closed in Winter"},
        {"RDNAME": "Trail Ridge Road", "RDCLASS": "Secondary"},
        {"RDNAME": "Utility Road", "RDCLASS": "Private"},
    )
    assert [(w.name, w.kind, w.season) for w in roads.ways] == [
        ("Bear Lake Road", WayKind.MINOR_ROAD, "Closed in Winter"),
        ("Trail Ridge Road", WayKind.BUSY_ROAD, None),
    ]
    assert refused(roads) == [("Utility Road", "no public access", "RDCLASS=Private")]
    points = layer({"POINAME": "Lawn Lake", "POITYPE": "Trail Access", "EDITDATE": "2019/03/18 18:37:51"}, points=True)
    assert [(a.kind, a.name) for a in points.accesses] == [("trailhead", "Lawn Lake")]
    assert points.data_date == "2019-03-18"
    lots = layer(
        {"LOTNAME": "Parking Lot", "LOTTYPE": "Parking Lot", "RTE_NAME": "BEAR LAKE PARKING AREA"},
        {"LOTNAME": "Parking Lot", "LOTTYPE": "Parking Lot", "RTE_NAME": "EMPLOYEE PARKING"},
        points=True,
    )
    assert [(a.kind, a.name) for a in lots.accesses] == [("parking", "BEAR LAKE PARKING AREA")]
    assert lots.left_out == {"car park not open to everybody": 1}


USFS = {
    "TRAIL_CN": "1",
    "TRAIL_TYPE": "TERRA",
    "TRAIL_SURFACE": "NAT - NATIVE MATERIAL",
    "ALLOWED_TERRA_USE": "123",
    "HIKER_PEDESTRIAN_MANAGED": "01/01-12/31",
    "HIKER_PEDESTRIAN_ACCPT_DISC": None,
    "HIKER_PEDESTRIAN_RESTRICTED": None,
}
#: Shapefiles cut names off after ten letters.
CUT = {
    "ALLOWED_TERRA_USE": "ALLOWED_TE",
    "TRAIL_SURFACE": "TRAIL_SURF",
    "HIKER_PEDESTRIAN_MANAGED": "HIKER_PEDE",
    "HIKER_PEDESTRIAN_ACCPT_DISC": "HIKER_PE_1",
    "HIKER_PEDESTRIAN_RESTRICTED": "HIKER_PE_2",
}


def test_campsites_of_the_national_park_service(layer):
    """Fields and values of two parks: Rocky Mountain's and Great Smoky Mountains' backcountry campsites."""
    rocky = {"UNITCODE": "ROMO", "UNITNAME": "Rocky Mountain National Park", "REGIONCODE": "IMR"}
    rocky |= {"Campsite": "Box Canyon", "DISTRICT": "COLORADO RIVER", "EditDate": "2016/02/08 00:00:00"}
    source = layer({**rocky, "GroupSite": "Yes"}, {**rocky, "GroupSite": "No"}, name="Camps.geojson", points=True)
    own = {"zone": "COLORADO RIVER", "date": "2016-02-08"}
    assert [dict(point.details) for point in source.points] == [
        {"type": "group campsite", "source": "Camps.geojson 1", **own},
        {"type": "campsite", "source": "Camps.geojson 2", **own},
    ]
    smoky = {"NAME": "Backcountry Camp 87, Jerry Hollow", "TYPE": "Backcountry Campsite", "UNITCODE": "GRSM"}
    smoky |= {
        "UNITNAME": "Great Smoky Mountains National Park",
        "PARKDISTRICT": "Deep Creek District",
        "ACCESS": "Open",
    }
    rows = [
        {"CAPACITY": 8, "BEARCABLES": "2", "RESERV": "Yes", "CAMP_RESTRICTION": "Water", "RULEID": "Water Access Only"},
        {"CAPACITY": 12, "BEARCABLES": "Pole", "RULEID": "Hiker Only"},
        {"BEARCABLES": "0", "CAMP_RESTRICTION": "Stock/Hiker"},
        {"ACCESS": "Closed"},
    ]
    source = layer(*({**smoky, **row} for row in rows), name="c.geojson", points=True)
    told = {"type": "backcountry campsite", "zone": "Deep Creek District"}
    by_boat = {"capacity": "8", "reservation": "needed", "food storage": "bear cables", "users": "by boat only"}
    assert [dict(point.details) for point in source.points] == [
        {**told, **by_boat, "source": "c.geojson 1"},
        {**told, "capacity": "12", "food storage": "pole for food", "users": "on foot", "source": "c.geojson 2"},
        {**told, "users": "on foot and on horseback", "source": "c.geojson 3"},
    ]
    assert list(source.points[0].details) == [name for name in DETAILS if name in source.points[0].details]


def test_a_layer_of_names_only_tells_what_its_title_says(layer):
    """As Glacier's campgrounds come: a name in capitals, which is kept as it is."""
    source = layer(
        {"NAME": "ADAIR"},
        {"NAME": "GRANITE PARK CHALET SHELTER"},
        name="backcountrycampgroundsGPS.geojson",
        points=True,
    )
    assert [(point.name, dict(point.details)) for point in source.points] == [
        ("ADAIR", {"type": "campground", "source": "backcountrycampgroundsGPS.geojson 1"}),
        ("GRANITE PARK CHALET SHELTER", {"type": "campground", "source": "backcountrycampgroundsGPS.geojson 2"}),
    ]


@pytest.mark.parametrize("cut", [False, True])
def test_forest_service(layer, cut):
    """Fields and values of TrailNFS_Publish (data.fs.usda.gov/geodata/edw), as it was in November 2026."""

    def row(name, **fields):
        whole = {"TRAIL_NAME": name, **USFS, **fields}
        return {CUT.get(key, key) if cut else key: value for key, value in whole.items()}

    year = "01/01-12/31"
    source = layer(
        row("PILCHUCK"),
        row("SUMMER", HIKER_PEDESTRIAN_MANAGED="06/15-10/31 "),
        row("ELK", HIKER_PEDESTRIAN_RESTRICTED="12/01-04/30"),
        row("BARE", HIKER_PEDESTRIAN_MANAGED="N/A", ALLOWED_TERRA_USE="N/A"),  # the forest does not publish it
        row("RUT", HIKER_PEDESTRIAN_MANAGED=None, ALLOWED_TERRA_USE="3456", HIKER_PEDESTRIAN_ACCPT_DISC=year),
        row("CLOSED", HIKER_PEDESTRIAN_RESTRICTED=year),
        row("SNOMO", TRAIL_TYPE="SNOW"),
        row("CANOE", TRAIL_TYPE="WATER"),
        row("JEEP", HIKER_PEDESTRIAN_MANAGED=None, ALLOWED_TERRA_USE="456"),
        row("FLOW", HIKER_PEDESTRIAN_MANAGED=None, ALLOWED_TERRA_USE="3"),
    )
    assert [(w.name, w.season, w.surface) for w in source.ways] == [
        ("PILCHUCK", None, "native material"),
        ("SUMMER", "06/15-10/31", "native material"),
        ("ELK", "closed 12/01-04/30", "native material"),
        ("BARE", None, "native material"),
        ("RUT", None, "native material"),
    ]
    managed, use, accepted, restricted = (
        CUT[name] if cut else name
        for name in (
            "HIKER_PEDESTRIAN_MANAGED",
            "ALLOWED_TERRA_USE",
            "HIKER_PEDESTRIAN_ACCPT_DISC",
            "HIKER_PEDESTRIAN_RESTRICTED",
        )
    )
    assert [w.rule for w in source.ways] == [
        f"{managed}={year}",
        f"{managed}=06/15-10/31",
        f"{managed}={year}",
        None,
        f"{use}=3456, {accepted}={year}",
    ]
    assert refused(source) == [
        ("CLOSED", "closed to walkers", f"{restricted}={year}"),
        ("SNOMO", "for winter only", "TRAIL_TYPE=SNOW"),
        ("CANOE", "on water", "TRAIL_TYPE=WATER"),
        ("JEEP", "for motor vehicles only", f"{use}=456"),
        ("FLOW", "for bicycles only", f"{use}=3"),
    ]
    assert source.files[0].profile == "usfs"


def test_national_digital_trails(layer):
    """Fields of the trails of the USGS National Transportation Dataset (The National Map), as in November 2026."""
    plain = {"trailtype": "Terra Trail", "hikerpedestrian": "Y", "bicycle": "N", "motorcycle": "N", "seasonopen": None}
    source = layer(
        {"name": "Long Trail", **plain, "sourceeditdate": "2024-05-01"},
        {"name": None, "maplabel": "Spur", **plain, "hikerpedestrian": None, "seasonopen": "05/15-11/15"},
        {"name": "Sledge", **plain, "trailtype": "Snow Trail"},
        {"name": "Paddle", **plain, "trailtype": "Water Trail"},
        {"name": "Flow", **plain, "hikerpedestrian": "N", "bicycle": "Y"},
        {"name": "Enduro", **plain, "hikerpedestrian": "No", "bicycle": "Y", "motorcycle": "Y"},
        {"name": "Stock", **plain, "hikerpedestrian": "N"},
    )
    assert [(w.name, w.season, w.rule) for w in source.ways] == [
        ("Long Trail", None, "hikerpedestrian=Y"),
        ("Spur", "05/15-11/15", None),
    ]
    assert refused(source) == [
        ("Sledge", "for winter only", "trailtype=Snow Trail"),
        ("Paddle", "on water", "trailtype=Water Trail"),
        ("Flow", "for bicycles only", "hikerpedestrian=N"),
        ("Enduro", "for motor vehicles only", "hikerpedestrian=No"),
        ("Stock", "closed to walkers", "hikerpedestrian=N"),
    ]
    assert (source.files[0].profile, source.data_date) == ("usgs", "2024-05-01")


def test_opentrails(layer, tmp_path):
    """The files of the OpenTrails specification (Code for America, 2014): names stand in a table of their own."""
    (tmp_path / "named_trails.csv").write_text("id,name,segment_ids\n7,Loop,1;2\n8,Spur, 3 \n9,Not here,4\n")
    common = {"steward_id": "1", "bicycle": "no", "horse": "no", "motor_vehicles": "no", "ski": "no"}
    source = layer(
        {"id": "1", **common, "foot": "yes", "osm_tags": "surface=gravel; width=2"},
        {"id": "2", **common, "foot": "", "osm_tags": "access=private"},
        {"id": "3", **common, "foot": "no", "osm_tags": ""},
        {"id": "5", **common, "foot": "yes", "osm_tags": "informal=yes"},
        name="trail_segments.geojson",
    )
    assert [(w.name, w.surface, w.informal, w.rule) for w in source.ways] == [
        ("Loop", "gravel", False, "foot=yes"),
        (None, None, True, "foot=yes"),
    ]
    assert refused(source) == [
        ("Loop", "no public access", "access=private"),
        ("Spur", "closed to walkers", "foot=no"),
    ]
    heads = layer({"id": "1", "steward_id": "1", "name": "Main Lot", "kiosk": "no"}, name="heads.geojson", points=True)
    assert [(a.kind, a.name) for a in heads.accesses] == [("trailhead", "Main Lot")]


def test_boise(layer):
    """The rules of Ridge to Rivers as its comments have them (open data of May 2026)."""
    plain = {"SystemName": "Ridge to Rivers", "R2R_Use": "Multi-use non-motorized", "TrailStatus": "Open"}
    directed = "All trail users must travel counter-clockwise."
    days = "On even numbered days of the month, the trail is closed to downhill bike travel."
    season = "The reserve and all trail access are closed annually from December 1 to\u202fApril 30 to protect habitat."
    source = layer(
        {"TrailName": "Hulls Gulch", **plain, "SpecialManagementComment": days},
        {"TrailName": "Landslide", **plain, "ConditionNotes": season},
        {"TrailName": "Red Cliffs", **plain, "Condition": "Dry / Tacky - Enjoy", "ConditionDate": 1777367164000},
        {"TrailName": "Hawkins", **plain, "SpecialManagementComment": directed, "Condition": "CLOSED"},
        {"TrailName": "Bucktail", **plain, "SpecialManagementComment": "Downhill mountain bike travel only."},
        {"TrailName": "Skills", **plain, "R2R_Use": "Bike Only"},
        {"TrailName": "Mud", **plain, "Condition": "Muddy – DO NOT USE"},
        {"TrailName": "Greenbelt", **plain, "TrailStatus": "Proposed"},
    )
    assert [(w.name, w.season) for w in source.ways] == [
        ("Hulls Gulch", None),
        ("Landslide", "closed annually from December 1 to April 30"),
        ("Red Cliffs", None),
    ]
    assert refused(source) == [
        ("Hawkins", "one way for walkers", f"SpecialManagementComment={directed}"),
        ("Bucktail", "for bicycles only", "SpecialManagementComment=Downhill mountain bike travel only."),
        ("Skills", "for bicycles only", "R2R_Use=Bike Only"),
        ("Mud", "closed to walkers", "Condition=Muddy – DO NOT USE"),
        ("Greenbelt", "not built yet, or given up", "TrailStatus=Proposed"),
    ]
    assert source.data_date == "2026-04-28"  # 1,777,367,164 s after 1970: 20,571 days and 32,764 s


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        (["highway", "name"], "osm"),
        (["TRLNAME", "OBJECTID"], "nps"),
        (["trail_cn", "Trail_Type", "TRAIL_NAME"], "usfs"),
        (["trailtype", "hikerpedestrian", "name"], "usgs"),
        (["steward_id", "foot", "osm_tags"], "opentrails"),
        (["Trail_Code", "Trail_Name", "Hike", "OSM_Tags"], "michigan"),
        (["TRAIL_CLAS", "SUMMERUSET", "WINTERUSET"], "anchorage"),
        (["R2R_Use", "TrailName", "SystemName"], "boise"),
        (["@id", "amenity"], "osm"),
        (["length"], "generic"),
        ([], "generic"),
    ],
)
def test_sources_are_known_by_their_fields(fields, name):
    assert profiles.recognised(fields).name == name


def test_every_shipped_profile_says_whose_the_data_is():
    for profile in profiles.shipped().values():
        assert profile.title
        assert "file.shp" in profile.credit("file.shp") or profile.licence
        for clause in profile.rules.clauses:
            assert clause.role != "refuse" or clause.says in REASONS


# --- somebody else's table --------------------------------------------------------------------------------------------

COUNTY = """
title = "Elk County"
attribution = "Trails: Elk County Parks"
licence = "CC BY 4.0"
recognise = [["PATH_ID"]]
grades = { moderate = 2, hard = 3 }

[fields]
name = ["PATH_NAME"]
surface = ["TREAD"]
difficulty = ["EFFORT"]
date = ["SURVEYED"]

[[refuse]]
field = "WHO"
values = ["cyclists"]
unless = { field = "SUNDAYS", values = ["walkers"] }
reason = "bicycles"

[[refuse]]
field = "NOTE"
pattern = "follow the arrows"
reason = "one way"

[[kind]]
field = "WIDTH"
values = ["wide"]
when = [{ field = "TREAD", pattern = "^gravel" }, { field_pattern = "^use", but_not = ["none"] }]
kind = "track"

[[informal]]
field = "WHO"
values = ["deer"]

[[season]]
field = "GATE"
pattern = "open (.*)$"

[[point]]
field = "SPOT"
values = ["lot"]
kind = "parking"
"""


def test_a_new_agency_is_a_table(layer, tmp_path):
    table = tmp_path / "elk.toml"
    table.write_text(COUNTY)
    source = layer(
        {"PATH_ID": 1, "PATH_NAME": "Creek", "TREAD": "Gravel, fine", "WIDTH": "Wide", "USE_1": "logging"},
        {"PATH_ID": 2, "path_name": "Ridge", "Tread": "Gravel", "WIDTH": "wide", "USE_1": "None", "EFFORT": "Hard"},
        {"PATH_ID": 3, "PATH_NAME": "Track", "WHO": "Cyclists"},
        {"PATH_ID": 4, "PATH_NAME": "Shared", "WHO": "cyclists", "SUNDAYS": "Walkers", "SURVEYED": "20260501"},
        {"PATH_ID": 5, "PATH_NAME": "Round", "NOTE": "Please follow the ARROWS"},
        {"PATH_ID": 6, "PATH_NAME": "Herd", "WHO": "deer", "GATE": "open May to October"},
        profile=table,
    )
    assert [(w.name, w.kind.value, w.surface, w.difficulty, w.informal, w.season) for w in source.ways] == [
        ("Creek", "track", "gravel, fine", None, False, None),
        ("Ridge", "path", "gravel", 3, False, None),
        ("Shared", "path", None, None, False, None),
        ("Herd", "path", None, None, True, "May to October"),
    ]
    assert source.ways[2].rule == "WHO=cyclists, SUNDAYS=Walkers"
    assert refused(source) == [
        ("Track", "for bicycles only", "WHO=Cyclists"),
        ("Round", "one way for walkers", "NOTE=Please follow the ARROWS"),
    ]
    assert source.files[0] == ("trails.geojson", "elk", "Trails: Elk County Parks, CC BY 4.0", "2026-05-01")
    store = Store()
    import_files([tmp_path / "trails.geojson"], store, profile=str(table))
    assert store.region.attribution == ("Trails: Elk County Parks, CC BY 4.0",)
    assert {line.rule for line in store.region.refused} == {"WHO=Cyclists", "NOTE=Please follow the ARROWS"}
    spots = layer({"PATH_NAME": "North", "SPOT": "Lot"}, profile=table, points=True)
    assert [(a.kind, a.name) for a in spots.accesses] == [("parking", "North")]


def test_of_several_excuses_the_first_one_is_told(layer, tmp_path):
    table = tmp_path / "town.toml"
    excuses = ", ".join(f'"E{number}"' for number in range(9, 0, -1))
    table.write_text(
        f'[[refuse]]\nfield = "Closed"\nunless = {{ fields = [{excuses}] }}\nreason = "closed"\n'
        '[[allow]]\nfield = "E1"\n'
    )
    fields = {"Closed": "yes", **{f"E{number}": "but" for number in range(1, 10)}}
    assert layer(fields, profile=table).ways[0].rule == "Closed=yes, E9=but"


def test_a_table_may_build_on_another(layer, tmp_path):
    table = tmp_path / "town.toml"
    table.write_text('extends = "generic"\n[[refuse]]\nfield = "Status"\nvalues = ["Open"]\nreason = "private"\n')
    source = layer({"name": "A", "Status": "open"}, {"name": "B", "Hike": "No"}, {"name": "C"}, profile=table)
    assert [way.name for way in source.ways] == ["C"]
    assert [(line[0], line[2]) for line in refused(source)] == [("A", "Status=open"), ("B", "Hike=No")]


def test_the_import_takes_a_profile(layer, tmp_path):
    layer({"length": 5.0}, {"length": 6.0}, name="plain.geojson")
    store = Store()
    import_files([tmp_path / "plain.geojson"], store)
    assert store.region.sources[0].profile == "generic"
    import_files([tmp_path / "plain.geojson"], store, profile="nps")
    assert store.region.sources[0][1:3] == ("nps", "Trails: US National Park Service, public domain")
    with pytest.raises(BadInput, match=r"^there is no profile 'npz'; want a \.toml file, or one of anchorage, boise"):
        import_files([tmp_path / "plain.geojson"], store, profile="npz")


def test_openstreetmap_files_keep_their_own_rules_unless_a_profile_knows_their_tags(tmp_path):
    path = tmp_path / "drawn.osm"
    path.write_text(
        '<osm version="0.6"><node id="1" version="1" lat="47" lon="8"/><node id="2" version="1" lat="47" lon="8.1"/>'
        '<way id="1" version="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="path"/><tag k="foot" v="no"/></way>'
        '<way id="2" version="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="path"/><tag k="mtb" v="yes"/></way>'
        "</osm>"
    )

    store = Store()
    import_files([path], store, profile="usfs")
    assert store.region.left_out == {"closed to walkers": 1}
    own = tmp_path / "strict.toml"
    own.write_text('extends = "osm"\n[[refuse]]\nfield = "mtb"\nvalues = ["yes"]\nreason = "bicycles"\n')
    assert read_osm(path, None, profiles.chosen(str(own))).left_out == {"closed to walkers": 1, "for bicycles only": 1}


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("title = ", "is not TOML"),
        ("rules = 3", "knows no 'rules'; want"),
        ('extends = "nobody"', "extends 'nobody'; want one of anchorage"),
        ('default = "canal"', "default is 'canal'; want one of path"),
        ("exact = 1", "exact is 1; want bool"),
        ("grades = { easy = 9 }", "grades are"),
        ("[fields]\nlength = ['x']", "[fields] knows no 'length'"),
        ("[fields]\nname = 'x'", "name is 'x'; want a list of words"),
        ("refuse = 3", "refuse is 3; want list"),
        ("refuse = [3]", "refuse is 3; want tables, [[refuse]]"),
        ('[[refuse]]\nreason = "closed"', "names no field"),
        ('[[refuse]]\nfield = "a"', "says ''; want one of private, closed"),
        ('[[refuse]]\nfield = "a"\nreason = "wet"', "says 'wet'; want one of"),
        ('[[refuse]]\nfield = "a"\nreason = "closed"\nvalue = "x"', "[[refuse]] knows no 'value'; want"),
        ('[[refuse]]\nfield = "a"\nreason = "closed"\nwhen = { where = "x" }', "is no condition; want a table of"),
        ('[[refuse]]\nfield = "a"\nreason = "closed"\npattern = "("', "is no regular expression"),
        ('[[kind]]\nfield = "a"\nkind = "canal"', "[[kind]] says 'canal'"),
        ('[[point]]\nfield = "a"\nkind = "pub"', "[[point]] says 'pub'"),
        ("[names]\nfile = 'x'", "names are"),
        ('[[tell]]\nfield = "a"', "[[tell]] has the detail ''; want one of type, operator"),
        ('[[tell]]\nfield = "a"\ndetail = "source"', "[[tell]] has the detail 'source'; want one of"),
        ('[[tell]]\nfield = "a"\ndetail = "zone"\nkind = "x"', "[[tell]] knows no 'kind'; want"),
    ],
)
def test_a_table_that_is_not_right(tmp_path, table, words):
    path = tmp_path / "own.toml"
    path.write_text(table)
    with pytest.raises(BadInput, match=r"^the profile own\.toml") as caught:
        profiles.chosen(str(path))
    assert words in caught.value.detail
    assert "\n" not in caught.value.detail


def test_a_table_that_is_not_there(tmp_path):
    with pytest.raises(BadInput, match=r"^the profile gone\.toml cannot be read: No such file"):
        profiles.chosen(str(tmp_path / "gone.toml"))


@given(st.dictionaries(st.text(max_size=12), st.text(max_size=12), max_size=8))
def test_the_order_of_fields_does_not_matter(tags):
    """Whatever a feature says, the decision is the same when it says it in another order."""
    for profile in profiles.shipped().values():
        known = {
            name: value
            for clause in profile.rules.clauses[::3]
            for name, value in zip(clause.condition.fields, clause.condition.values or ["x"], strict=False)
        }
        whole = {**known, **tags} if profile.rules.exact else tags
        backwards = dict(reversed(whole.items()))
        assert profile.rules.decide(whole)[:2] == profile.rules.decide(backwards)[:2]


# --- fields -----------------------------------------------------------------------------------------------------------


def test_a_web_page_in_a_field_is_a_table_of_fields():
    page = """<html><head><meta charset="UTF-8"></head><body><table><tr style="x"><td>COMANCHE PEAK</td></tr><tr><td>
    <table><tr><td>FID</td><td>0</td></tr><tr bgcolor="#D4E4F3"><td>SEGNAME</td><td>COMANCHE
    &amp; PEAK</td></tr><tr><td>EMPTY</td><td></td></tr></table></td></tr></table></body></html>"""
    assert texts({"name": "own", "description": page}) == {"FID": "0", "SEGNAME": "COMANCHE & PEAK", "name": "own"}


@pytest.mark.parametrize("page", ["<td><![none such]>", "<td <td", "<table><td>a</td><td>b", "</tr><td></td></tr>"])
def test_a_web_page_that_is_none_says_nothing(page):
    assert texts({"description": page}) == {}


def test_numbers_that_are_none_say_nothing():
    assert texts({"a": float("nan"), "b": None, "c": " ", "d": 0, "e": True}) == {"d": "0", "e": "True"}


def test_fields_of_its_own_go_before_packed_ones():
    assert texts({"surface": "gravel", "OSM_Tags": "surface=dirt;width=2"}) == {"surface": "gravel", "width": "2"}


@pytest.mark.parametrize(
    ("values", "date"),
    [
        ([], None),
        (["", "Unknown", "7", "1234567890"], None),
        (["2019/03/18 18:37:51", "2018-11-27T00:00:00Z"], "2019-03-18"),
        (["20260501", "1777367164000"], "2026-05-01"),
        (["2019-13-01", "2019-02-30"], None),
    ],
)
def test_dates(values, date):
    assert latest_date(values) == date


def test_a_table_of_names_that_is_not_right(tmp_path):
    table = TrailNames(file="names.csv", name="Name", code="Code", field="Trail_Code")
    layer = tmp_path / "trails.shp"
    assert names_beside(layer, table) == {}
    assert names_beside(layer, None) == {}
    beside = tmp_path / "names.csv"
    beside.write_text('"Code","Name"\n"001","Noque"\n"002",""\n"001","Second"\n')
    assert names_beside(layer, table) == {"001": "Noque"}
    beside.write_text("Number,Name\n1,A\n")
    with pytest.raises(BadInput, match=r"^names\.csv beside trails\.shp has no columns 'Code' and 'Name'"):
        names_beside(layer, table)
    beside.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match=r"^names\.csv beside trails\.shp cannot be read"):
        names_beside(layer, table)


def test_the_page_about_sources_has_every_profile_and_reason():
    page = (Path(__file__).parents[2] / "docs" / "sources.md").read_text("utf-8")
    assert all(f"| `{name}` |" in page for name in profiles.shipped())
    told = " ".join(page.split())
    for reason in REASONS.values():
        assert reason.words.partition(",")[0] in told


def test_the_table_on_that_page_is_one(tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "sources.md").read_text("utf-8")
    table = tmp_path / "elk.toml"
    table.write_text(page.split("```toml\n")[1].split("```")[0])
    profile = profiles.chosen(str(table))
    assert profile.credit("a.shp") == "Trails: Elk County Parks, CC BY 4.0"
    decision = profile.rules.decide({"who": "Deer", "gate": "open in May", "Width": "wide"})
    assert (decision.kind, decision.informal, decision.season) == (WayKind.TRACK, True, "open in May")
    assert profile.rules.decide({"Hike": "No"}).reason == "closed to walkers"  # as generic has it


def test_the_command_line_takes_a_profile(layer, tmp_path, capsys):
    layer({"length": 5.0}, name="plain.geojson")
    words = ["import", str(tmp_path / "plain.geojson"), "--database", f"sqlite:///{tmp_path}/a.db", "--profile", "npz"]
    assert main(words) == 2
    assert capsys.readouterr().err.startswith("loopgenie: there is no profile 'npz'; want a .toml file, or one of")


def test_profiles_are_shipped():
    folder = Path(profiles.__file__).with_suffix("")
    assert {path.stem for path in folder.glob("*.toml")} == set(profiles.shipped())
