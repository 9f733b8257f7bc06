"""GPX files, good and bad."""

import pytest

from loopgenie.errors import BadInput
from loopgenie.importing.gpx import read_gpx
from loopgenie.ways import WayKind

HEAD = '<?xml version="1.0" encoding="UTF-8"?><gpx xmlns="http://www.topografix.com/GPX/1/1" version="1.1">'


@pytest.fixture
def gpx(tmp_path):
    def read(body, head=HEAD, tail="</gpx>"):
        path = tmp_path / "walk.gpx"
        path.write_bytes((head + body + tail).encode())
        return read_gpx(path)

    return read


def point(tag, lat, lon, inside=""):
    return f'<{tag} lat="{lat}" lon="{lon}">{inside}</{tag}>'


def test_a_track_with_heights(gpx):
    points = point("trkpt", 22.4, 114.32, "<ele>7</ele>") + point("trkpt", 22.41, 114.33, "<ele>12.5</ele>")
    source = gpx(f"<trk><name>麥理浩徑\n MacLehose Trail</name><trkseg>{points}</trkseg></trk>")
    (way,) = source.ways
    assert way.line == [(114.32, 22.4), (114.33, 22.41)]
    assert way.heights == [7.0, 12.5]
    assert (way.name, way.kind, way.node_ids, way.recorded) == ("麥理浩徑 MacLehose Trail", WayKind.PATH, None, True)
    assert source.attribution == ("Trails: walk.gpx (licence not stated in the file)",)


def test_every_segment_of_a_track_and_every_route_is_a_line(gpx):
    segment = "<trkseg>" + point("trkpt", 1, 1) + point("trkpt", 2, 2) + "</trkseg>"
    route = "<rte><name>Way back</name>" + point("rtept", 3, 3) + point("rtept", 4, 4) + "</rte>"
    source = gpx(f"<trk>{segment}{segment}</trk>{route}")
    assert [(way.name, way.line[0]) for way in source.ways] == [
        ("walk", (1, 1)),
        ("walk", (1, 1)),
        ("Way back", (3, 3)),
    ]


def test_heights_of_0_everywhere_are_no_heights(gpx):
    points = point("trkpt", 1, 1, "<ele>0</ele>") + point("trkpt", 2, 2, "<ele>0.0</ele>")
    assert gpx(f"<trk><trkseg>{points}</trkseg></trk>").ways[0].heights is None


def test_a_missing_height_is_a_void(gpx):
    points = point("trkpt", 1, 1, "<ele>5</ele>") + point("trkpt", 2, 2) + point("trkpt", 3, 3, "<ele>deep</ele>")
    assert gpx(f"<trk><trkseg>{points}</trkseg></trk>").ways[0].heights == [5.0, None, None]


def test_waypoints_are_places(gpx):
    source = gpx(
        point("wpt", 1, 1, "<name>Long Ke Wan Camp Site</name><ele>11</ele>")
        + point("wpt", 2, 2, "<name>M001</name>")
        + point("wpt", 3, 3, "<name>Start</name><sym>Parking Area</sym>")
        + point("wpt", 4, 4, "<name>A</name><type>Summit</type>")
        + point("wpt", 5, 5)
    )
    assert [(p.kind, p.name, p.lon, p.elevation_m) for p in source.points] == [
        ("camp", "Long Ke Wan Camp Site", 1.0, 11.0),
        ("locality", "M001", 2.0, None),
        ("peak", "A", 4.0, None),
    ]
    assert [dict(p.details) for p in source.points] == [{"type": "campsite", "source": "walk.gpx waypoint"}, {}, {}]
    assert [(a.kind, a.name) for a in source.accesses] == [("parking", "Start")]
    assert source.left_out["waypoint without a name"] == 1


def test_a_single_fix_is_no_line(gpx):
    source = gpx(f"<trk><trkseg>{point('trkpt', 1, 1)}</trkseg><trkseg/></trk>")
    assert source.ways == []
    assert source.left_out["line of fewer than two positions"] == 2


@pytest.mark.parametrize(
    ("head", "body", "word"),
    [
        ("", "this is no XML", "not XML"),
        ("", "", "not XML"),
        (HEAD, "<trk><trkseg>", "not XML"),
        ('<?xml version="1.0" encoding="UTF-86"?><gpx>', "", "not XML"),
        ('<?xml version="1.0" encoding="gb2312"?><gpx>', "", "not XML"),
        ("<kml><gpx>", "", "starts with <kml>"),
        (HEAD, point("wpt", "north", 1), "lat='north'"),
        (HEAD, point("wpt", 91, 1), "lat='91'"),
        (HEAD, point("wpt", 1, "nan"), "lon='nan'"),
        (HEAD, "<wpt/>", "lat=None"),
    ],
)
def test_what_is_no_gpx(gpx, head, body, word):
    with pytest.raises(BadInput, match=r"^walk\.gpx ") as caught:
        gpx(body, head=head)
    assert word in caught.value.detail
    assert "\n" not in caught.value.detail


@pytest.mark.parametrize(
    "declaration",
    [
        '<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">',
        '<!ENTITY a SYSTEM "file:///etc/passwd">',
        '<!ENTITY % a SYSTEM "http://127.0.0.1/a.dtd">',
    ],
)
def test_entities_are_refused(gpx, declaration):
    head = f'<?xml version="1.0"?><!DOCTYPE gpx [{declaration}]><gpx>'
    with pytest.raises(BadInput, match="entity"):
        gpx("<trk><name>&a;</name></trk>", head=head)
