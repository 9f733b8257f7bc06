"""The import from end to end, into a store that remembers and into the real one."""

import contextlib
import json
from dataclasses import replace

import osmium
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from osmium.osm.mutable import Node, Way

from loopgenie.errors import BadInput
from loopgenie.importing.files import ImportSummary, import_files
from loopgenie.importing.source import Source, merged
from loopgenie.store import SourceFile
from loopgenie.store.sqlite import SqliteStore

SPOILERS = [
    b"",
    b"[",
    b"]",
    b"{}",
    b"null",
    b"NaN",
    b"1e999",
    b"-",
    b"9" * 400,
    b'"',
    b"<",
    b">",
    b"&a;",
    b"\0",
    b"\xff",
]


class RecordingStore:
    """Remembers what it was given."""

    def __init__(self):
        self.regions = []

    def replace_region(self, region):
        self.regions.append(replace(region, segments=list(region.segments)))


@pytest.fixture
def store():
    return RecordingStore()


@pytest.fixture
def osm_file(tmp_path):
    """A square of paths, 1 km a side, with a car park at a corner and a road out."""
    path = tmp_path / "Val d'Ordino.osm.pbf"
    corners = [(1.5, 42.5), (1.512, 42.5), (1.512, 42.509), (1.5, 42.509), (1.49, 42.5)]
    with osmium.SimpleWriter(str(path)) as writer:
        for number, place in enumerate(corners, 1):
            tags = {"amenity": "parking", "name": "Serra"} if number == 1 else {}
            writer.add_node(Node(id=number, location=place, tags=tags))
        writer.add_node(Node(id=9, location=(1.5, 42.51), tags={"place": "village", "name": "Ordino"}))
        writer.add_way(Way(id=1, nodes=[1, 2, 3, 4, 1], tags={"highway": "path", "name": "Camí"}))
        writer.add_way(Way(id=2, nodes=[1, 5], tags={"highway": "residential"}))
        writer.add_way(Way(id=3, nodes=[2, 4], tags={"highway": "path", "access": "private"}))
    return path


@pytest.fixture
def geojson_file(tmp_path):
    path = tmp_path / "extra.geojson"
    line = {"type": "LineString", "coordinates": [[1.506, 42.5], [1.506, 42.52]]}
    fields = {"name": "Shortcut"}
    path.write_text(json.dumps({"type": "Feature", "properties": fields, "geometry": line}))
    return path


def test_one_file(osm_file, store):
    summary = import_files([osm_file], store)
    (region,) = store.regions
    assert region.name == summary.region == "Val d'Ordino"
    assert (summary.lines_read, summary.segments, summary.junctions, summary.trailheads, summary.points) == (
        2,
        2,
        2,
        1,
        1,
    )
    assert summary.trail_km == pytest.approx(3.97, abs=0.02)  # 2 x 985 m and 2 x 1,000 m
    assert summary.loop_km == pytest.approx(summary.trail_km)
    assert summary.road_km == pytest.approx(0.82, abs=0.01)
    assert summary.left_out == {"no public access": 1}
    assert list(summary.seconds) == ["reading", "building", "measuring and storing"]
    assert not summary.with_heights
    assert region.trailheads[0].name == "Serra"


def test_files_are_one_network(osm_file, geojson_file, store):
    summary = import_files([osm_file, geojson_file], store, region="Both")
    (region,) = store.regions
    assert (region.name, tuple(f.name for f in region.sources)) == ("Both", ("Val d'Ordino.osm.pbf", "extra.geojson"))
    assert region.attribution == (
        "© OpenStreetMap contributors, ODbL 1.0",
        "Trails: extra.geojson (licence not stated in the file)",
    )
    # the line crosses both long sides of the square: two more junctions and its outer end
    assert summary.junctions == 5
    assert {stretch.name for segment in region.segments for stretch in segment.stretches} == {"Camí", "Shortcut", None}


def test_the_summary_says_what_is_missing(geojson_file, store):
    lines = import_files([geojson_file], store).lines()
    text = "\n".join(lines)
    assert all("\n" not in line for line in lines)
    assert lines[0].startswith("extra: 2 km of trail and 0 km of road in 1 segments between 2 junctions, from 1 lines")
    assert "outer ends of the trails stand in" in text
    assert "No loops" in text
    assert "No heights" in text


def test_the_summary_says_what_is_there(osm_file, store):
    text = "\n".join(import_files([osm_file], store).lines())
    assert "1 trailheads (1 parking)" in text
    assert "left out: 1 × no public access" in text
    assert "stand in" not in text
    assert "No loops" not in text


def test_the_summary_of_roads_without_car_parks():
    kinds = {"road end": 3}
    summary = ImportSummary("a", 1, 1, 1, 3, kinds, 3, 0, 1.0, 1.0, 1.0, True, {}, {"reading": 0.1})
    assert any("roads meet trails" in line for line in summary.lines())
    nothing = ImportSummary("a", 1, 1, 1, 0, {}, 0, 0, 1.0, 1.0, 1.0, True, {}, {"reading": 0.1})
    assert any("No trailheads" in line for line in nothing.lines())


def test_progress_reaches_the_caller(osm_file, store):
    told = []
    import_files([osm_file], store, progress=lambda *what: told.append(what))
    assert {what.split()[0] for what, _, _ in told} == {"reading", "finding", "placing", "measuring", "storing"}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("notes.txt", b"hello", "no kind that can be read; want .osm.pbf"),
        ("trails.geojson", b'{"type": "FeatureCollection", "features": []}', "nothing that can be walked"),
        ("trails.gpx", b"<gpx/>", "nothing that can be walked"),
        ("trails.osm.pbf", b"", "cannot be read"),
        (
            "trails.geojson",
            b'{"type":"Feature","properties":{"highway":"motorway"},'
            b'"geometry":{"type":"LineString","coordinates":[[1,1],[2,2]]}}',
            "left out: 1 × motorway or trunk road",
        ),
        (
            "trails.geojson",
            b'{"type":"Feature","properties":{"highway":"residential"},'
            b'"geometry":{"type":"LineString","coordinates":[[1,1],[1.1,1]]}}',
            "no trail is left of it, only roads",
        ),
    ],
)
def test_a_failed_import_touches_nothing(tmp_path, osm_file, store, name, content, words):
    bad = tmp_path / name
    bad.write_bytes(content)
    paths = [bad] if "walked" in words or "only roads" in words or "left out" in words else [osm_file, bad]
    with pytest.raises(BadInput) as caught:
        import_files(paths, store)
    assert words in caught.value.detail
    assert name in caught.value.detail
    assert "\n" not in caught.value.detail
    assert store.regions == []


def test_a_bad_terrain_model_touches_nothing(tmp_path, osm_file, store):
    bad = tmp_path / "N42E001.hgt"
    bad.write_bytes(b"flat")
    with pytest.raises(BadInput, match=r"N42E001\.hgt has 4 bytes"):
        import_files([osm_file], store, elevation=[bad])
    assert store.regions == []


def test_files_that_are_not_there(tmp_path, store):
    with pytest.raises(BadInput, match="there is no such file"):
        import_files([tmp_path / "gone.gpx"], store)
    with pytest.raises(BadInput, match="there is no file to import"):
        import_files([], store)
    folder = tmp_path / "folder.gpx"
    folder.mkdir()
    with pytest.raises(BadInput, match="there is no such file"):
        import_files([folder], store)


def test_a_region_needs_a_name(osm_file, store):
    with pytest.raises(BadInput, match="name of the region is empty"):
        import_files([osm_file], store, region=" ")


def test_sources_are_merged():
    old = Source(files=[SourceFile("a", "osm", "A", "2013-05-28")])
    new = Source(files=[SourceFile("b", "osm", "B", "2025-01-18")], synthetic=True)
    old.left_out["x"] = 1
    new.left_out["x"] = 2
    both = merged([new, old])
    assert ([f.name for f in both.files], both.data_date, both.synthetic) == (["b", "a"], "2013-05-28", True)
    assert both.left_out == {"x": 3}
    assert merged([]).data_date is None


def test_the_real_store_takes_it_and_keeps_it(tmp_path, osm_file):
    store = SqliteStore(str(tmp_path / "trails.db"))
    try:
        summary = import_files([osm_file], store)
        (info,) = store.snapshot().regions
        assert (info.name, info.segments, info.trailheads) == (summary.region, summary.segments, summary.trailheads)
        assert info.left_out == summary.left_out
        first = store.snapshot().id
        bad = tmp_path / "bad.gpx"
        bad.write_text("no")
        with pytest.raises(BadInput):
            import_files([bad], store, region=summary.region)
        assert store.snapshot().id == first
        import_files([osm_file], store)
        assert [info.segments for info in store.snapshot().regions] == [summary.segments]
        assert [place.name for place in store.find_places("ordino", 5)] == ["Ordino"]
    finally:
        store.close()


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), kind=st.sampled_from(["geojson", "gpx"]))
def test_a_spoilt_file_is_bad_input_or_read(tmp_path, geojson_file, store, data, kind):
    """Whatever is changed in a file, nothing but `BadInput` comes out of it."""
    track = b'<gpx><trk><name>A</name><trkseg><trkpt lat="1" lon="2"><ele>3</ele></trkpt></trkseg></trk></gpx>'
    content = bytearray(geojson_file.read_bytes() if kind == "geojson" else track)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content)))
        content[at : at + data.draw(st.integers(0, 5))] = data.draw(st.sampled_from(SPOILERS))
    path = tmp_path / f"spoilt.{kind}"
    path.write_bytes(bytes(content))
    with contextlib.suppress(BadInput):
        import_files([path], store)
