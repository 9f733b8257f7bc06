"""Closures, rules and permits that an operator loads: what is read, and what is refused in which words."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loopgenie import notices
from loopgenie.cli import main
from loopgenie.errors import BadInput
from loopgenie.geometry import Box, LonLat, line_length_m
from loopgenie.store import NOTICE_KINDS, Notice, TrailStore, open_store

WORLD = Box(-180.0, -90.0, 180.0, 90.0)
SQUARE = [[10.0, 0.0], [10.01, 0.0], [10.01, 0.01], [10.0, 0.01], [10.0, 0.0]]
HOLE = [[10.002, 0.002], [10.004, 0.002], [10.004, 0.004], [10.002, 0.002]]
BEARS = {"kind": "closure", "title": "Bear activity: closed", "source": "Park"}


@pytest.fixture
def store(draw, tmp_path, monkeypatch):  # type: ignore[no-untyped-def]
    """Two regions, whose trails are drawn on straight lines; each way is 1 km.

    A ----- B ----- C   "Lawn Lake Trail" from A to C; B-D "Ypsilon Lake Trail;Lawn Lake Trail", as both run there
            |
            D           the other region, 100 km off, has a "Ridge Trail", and so has this one (C-D)
    """
    address = f"sqlite:///{tmp_path / 'trails.db'}"
    opened = open_store(address)
    park = draw("Park").junctions(A=(0, 0), B=(1, 0), C=(2, 0), D=(1, 1))
    park.way("A", "B", "Lawn Lake Trail").way("B", "C", "Lawn Lake Trail")
    park.way("B", "D", "Ypsilon Lake Trail;Lawn Lake Trail").way("C", "D", "Ridge Trail")
    opened.replace_region(park.region())
    opened.replace_region(draw("Forest").junctions(A=(100, 0), B=(101, 0)).way("A", "B", "Ridge Trail").region())
    monkeypatch.setenv("LOOPGENIE_DATABASE_URL", address)
    yield opened
    opened.close()


@pytest.fixture
def load(store: TrailStore, tmp_path: Path):  # type: ignore[no-untyped-def]
    """Loads a file with these features, or these lines of a table."""

    def loaded(*features: Any, name: str = "closures.geojson", **more: str) -> notices.Loaded:
        path = tmp_path / name
        if name.endswith(".csv"):
            path.write_text("\n".join(features), "utf-8")
        else:
            path.write_text(json.dumps({"type": "FeatureCollection", "features": list(features)}), "utf-8")
        return notices.load(path, store, **more)

    return loaded


def feature(shape: str = "Polygon", drawn: Any = None, **fields: Any) -> dict[str, Any]:
    geometry = {"type": shape, "coordinates": [SQUARE] if drawn is None else drawn}
    given = {name: value for name, value in {**BEARS, **fields}.items() if value != "absent"}
    return {"type": "Feature", "properties": given, "geometry": geometry}


def there(store: TrailStore) -> list[Notice]:
    return store.notices_in(WORLD)


def places(*line: Any) -> tuple[LonLat, ...]:
    return tuple(LonLat(*place) for place in line)


# --- areas and lines ----------------------------------------------------------------------------------------------


def test_areas_and_lines(load, store) -> None:  # type: ignore[no-untyped-def]
    other = [[[x + 0.1, y] for x, y in SQUARE]]
    path = [[10.0, 0.0, 1200.0], [10.1, 0.1, 1300.0]]
    loaded = load(
        feature(drawn=[SQUARE, HOLE], text="Keep  away", url="https://park.example/bears"),
        feature("MultiPolygon", [[SQUARE, HOLE], other], kind="permit", title="Permit needed"),
        feature("LineString", path, **{"from": "2026-05-01", "to": None}),
        feature("MultiLineString", [path, path[::-1]], **{"from": "12-01", "to": "04-15"}),
    )
    area, areas, line, lines = there(store)
    assert area[1:] == (
        "closure",
        "Bear activity: closed",
        "Keep away",
        "Park",
        "https://park.example/bears",
        None,
        None,
        (places(*SQUARE), places(*HOLE)),
        (),
    )
    assert areas.rings == (places(*SQUARE), places(*HOLE), places(*other[0]))
    assert (line.begins, line.ends, line.rings) == ("2026-05-01", None, ())
    assert line.lines == (places([10.0, 0.0], [10.1, 0.1]),)
    assert (lines.begins, lines.ends, len(lines.lines)) == ("12-01", "04-15", 2)
    assert loaded == notices.Loaded("closures", {"closure": 3, "permit": 1}, {}, 0)


def test_a_single_feature_and_who_says_so_for_all(store, tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "one.json"
    path.write_text("\ufeff" + json.dumps(feature(source="absent")), "utf-8")
    notices.load(path, store, name="bears 2026", source="Ranger Smith")
    [notice] = there(store)
    assert notice.source == "Ranger Smith"
    assert store.notice_names() == {"bears 2026": 1}


def test_what_lies_outside_of_all_regions_is_counted(load) -> None:  # type: ignore[no-untyped-def]
    far = [[x + 5, y + 5] for x, y in SQUARE]
    loaded = load(feature(), feature(drawn=[far]))
    assert loaded.outside == 1
    assert [*loaded.lines()] == [
        "Loaded 2 notices as closures: 2 closure",
        "  1 of them outside of all regions in the database",
    ]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (feature(kind="closed"), "feature 2: kind is 'closed', want one of closure, dispersed camping, no camping"),
        (feature(kind="absent"), "feature 2: kind is None, want one of closure"),
        (feature(title=" "), "feature 2: title is missing, want what people shall read"),
        (feature(title=7), "feature 2: title is 7, want text"),
        (feature(title="x" * 201), "want at most 200 letters"),
        (feature(title="a\x00b"), "feature 2: title is 'a\\x00b', want at most 200 letters"),
        (feature(source="absent"), "feature 2: source is missing, want who says so (or --source WHO for all)"),
        (feature(url="javascript:alert(1)"), "feature 2: url is 'javascript:alert(1)', want an address that starts"),
        (
            feature(form="2026-05-01"),
            "feature 2: there is no property 'form', want kind, title, text, source, url, from",
        ),
        (feature(**{"from": "May 1"}), "feature 2: from is 'May 1', want a date as YYYY-MM-DD, or as MM-DD for every"),
        (feature(**{"from": "2026-02-30"}), "feature 2: from is '2026-02-30', want a date"),
        (feature(**{"from": "02-30", "to": "03-01"}), "feature 2: from is '02-30', want a date"),
        (feature(**{"from": 20260501}), "feature 2: from is 20260501, want text"),
        (feature(**{"from": "12-01"}), "feature 2: from is '12-01' and to is None, want both as MM-DD for every year"),
        (feature(**{"from": "12-01", "to": "2027-01-01"}), "want both as MM-DD for every year, or dates as YYYY-MM-DD"),
        (feature(**{"from": "2026-06-01", "to": "2026-05-01"}), "from is 2026-06-01, which is after to, 2026-05-01"),
        (feature("Point", [10.0, 0.0]), "feature 2: geometry is 'Point', want Polygon, MultiPolygon, LineString or"),
        ({**feature(), "geometry": None}, "feature 2: geometry is None, want Polygon"),
        ({**feature(), "properties": None}, "feature 2: properties is None, want kind, title"),
        ({"type": "Polygon"}, "feature 2 is no GeoJSON feature"),
        (feature(drawn=[SQUARE[:-1]]), "feature 2: a ring is not closed, want four positions or more, the last like"),
        (feature(drawn=[]), "feature 2: coordinates has [], want a list of positions"),
        (feature(drawn=SQUARE), "feature 2: a position is 10.0, want [longitude, latitude]"),
        (feature("LineString", [[10, 0], [10, 0]]), "feature 2: a line has fewer than two positions"),
        (feature("LineString", [[10, 0], [10, 91]]), "feature 2: a position is [10, 91], want degrees, -180 to 180"),
        (
            feature("LineString", [[10, 0], [10, True]]),
            "feature 2: a position is [10, True], want [longitude, latitude]",
        ),
        (feature("MultiPolygon", [[7]]), "feature 2: coordinates has 7, want a list of positions"),
    ],
)
def test_what_is_wrong_with_a_feature_is_said_and_nothing_is_kept(load, store, wrong, words) -> None:  # type: ignore[no-untyped-def]
    load(feature(title="before"))
    before = store.snapshot().id
    with pytest.raises(BadInput) as caught:
        load(feature(), wrong)
    assert caught.value.detail.startswith("closures.geojson: feature 2")
    assert words in caught.value.detail
    assert "\n" not in caught.value.detail
    assert [notice.title for notice in there(store)] == ["before"]
    assert store.snapshot().id == before


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.geojson", b"{", "a.geojson is not GeoJSON: it is not JSON"),
        ("a.geojson", b"[" * 100_000, "is not GeoJSON: it is not JSON"),
        ("a.geojson", b'{"type": "FeatureCollection", "features": [{"a": NaN}]}', "NaN is no number"),
        ("a.geojson", b"3", "is JSON but not GeoJSON: its type is None, want 'FeatureCollection'"),
        ("a.geojson", b'{"type": "FeatureCollection", "features": 3}', "its type is 'FeatureCollection', want"),
        ("a.geojson", b'{"type": "FeatureCollection", "features": []}', "holds no notice; to take some out: loopgenie"),
        ("a.geojson", b"\xff\xfe", "a.geojson is no text in UTF-8"),
        ("a.geojson", None, "a.geojson: No such file or directory"),
        ("a.shp", b"", "a.shp is of no kind that can be read; want .geojson or .csv"),
        ("a.geojson", b'{"type": "Feature", "crs": {"properties": {"name": "EPSG:3857"}}}', "want WGS 84 degrees"),
        ("a.geojson", b'{"type": "FeatureCollection", "features": [], "crs": "x"}', "is drawn in 'x', want WGS 84"),
    ],
)  # fmt: skip
def test_a_file_that_is_none(store, tmp_path, name, content, words) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadInput) as caught:
        notices.load(path, store)
    assert words in caught.value.detail
    assert "\n" not in caught.value.detail
    assert there(store) == []


def test_sizes_are_bounded(load, store, tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(notices, "MOST_NOTICES", 2)
    with pytest.raises(BadInput, match="holds 3 features, want at most 2"):
        load(feature(), feature(), feature())
    monkeypatch.setattr(notices, "MOST_POSITIONS", 9)  # each square has 5
    with pytest.raises(BadInput, match="holds more than 9 positions; want simpler outlines, or two files"):
        load(feature(), feature())
    monkeypatch.setattr(notices, "MOST_BYTES", 100)
    with pytest.raises(BadInput, match=r"bytes, want at most 100$"):
        load(feature())
    with pytest.raises(BadInput, match="the name '' is none; want 1 to 100 letters"):
        notices.load(tmp_path / "closures.geojson", store, name=" ")
    assert there(store) == []


# --- trails by name -----------------------------------------------------------------------------------------------


def test_a_table_closes_the_trails_of_a_name(load, store) -> None:  # type: ignore[no-untyped-def]
    """A-B and B-C are the Lawn Lake Trail, and so is B-D, which has two names: 3 km. Case does not matter."""
    loaded = load(
        "kind,title,from,to,source,trail,region,text,url",
        "closure,Snow,12-01,04-15,Park,lawn lake  trail,,Deep snow,https://park.example/",
        '"closure","Bridge out, no way",2026-05-01,,"Park",Ridge Trail,Forest,,',
        name="winter.csv",
    )
    snow, bridge = there(store)
    assert snow[1:8] == ("closure", "Snow", "Deep snow", "Park", "https://park.example/", "12-01", "04-15")
    assert sum(map(line_length_m, snow.lines)) == pytest.approx(3000, abs=10)
    assert (bridge.title, bridge.begins, bridge.ends, len(bridge.lines)) == (
        "Bridge out, no way",
        "2026-05-01",
        None,
        1,
    )
    assert sum(map(line_length_m, bridge.lines)) == pytest.approx(1000, abs=5)
    assert bridge.lines[0][0].lon > snow.lines[0][0].lon + 0.5  # 100 km to the east
    assert {name: round(km, 2) for name, km in loaded.trails.items()} == {
        "Lawn Lake Trail": pytest.approx(3.0, abs=0.01),
        "Ridge Trail": pytest.approx(1.0, abs=0.01),
    }


HEAD = "kind,title,source,trail,region"


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([HEAD, "closure,a,b,Lawn Lake,"], "line 2: there is no trail 'Lawn Lake'; did you mean 'Lawn Lake Trail'"),
        ([HEAD, "closure,a,b,Zzz,"], "line 2: there is no trail 'Zzz'"),
        ([HEAD, "closure,a,b,lake,"], "no trail 'lake'; did you mean 'Lawn Lake Trail' or 'Ypsilon Lake Trail'?"),
        ([HEAD, "closure,a,b,Ridge Trail,"], "there is a trail 'Ridge Trail' in Forest and in Park; want one of them"),
        ([HEAD, "closure,a,b,Lawn Lake Trail,Forest"], "there is no trail 'Lawn Lake Trail' in the region Forest"),
        ([HEAD, "closure,a,b,Ridge Trail,Prak"], "line 2: there is no region 'Prak'; did you mean 'Park'?"),
        ([HEAD, "closure,a,b, - ,"], "line 2: trail is '-', want the name of a trail"),
        ([HEAD, "shut,a,b,Ridge Trail,Park"], "line 2: kind is 'shut', want one of closure"),
        ([HEAD, "closure,a,,Ridge Trail,Park"], "line 2: source is missing"),
        ([HEAD, "closure,a,b,Ridge Trail"], "line 2 has fewer cells than there are columns"),
        ([HEAD, "closure,a,b,Ridge Trail,Park,x"], "line 2 has more cells than there are columns"),
        (["kind,title,source", "closure,a,b"], "t.csv has no column 'trail', want kind,title,"),
        ([f"{HEAD},colour", "closure,a,b,Ridge Trail,Park,red"], "column 'colour' is none, or twice there; want"),
        ([f"{HEAD},kind", "closure,a,b,Ridge Trail,Park,x"], "column 'kind' is none, or twice there; want"),
        ([HEAD, 'closure,a,b,"Ridge'], "t.csv cannot be read as a table after line 1"),
        ([HEAD], "t.csv holds no notice"),
        ([""], "t.csv has no column 'kind'"),
    ],
)
def test_what_is_wrong_with_a_table_is_said_and_nothing_is_kept(load, store, lines, words) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(BadInput) as caught:
        load(*lines, name="t.csv")
    assert words in caught.value.detail
    assert "\n" not in caught.value.detail
    assert there(store) == []


def test_a_table_needs_trails(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "t.csv"
    path.write_text(f"{HEAD}\nclosure,a,b,Ridge Trail,\n")
    with pytest.raises(BadInput, match="names trails, but there are none in the database: import them first"):
        notices.load(path, open_store(f"sqlite:///{tmp_path / 'none.db'}"))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.one_of(
    st.binary(max_size=60),
    st.text(max_size=60).map(lambda t: f"{HEAD}\n{t}".encode()),
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["type", "geometry", "properties", "coordinates", "kind", "crs"]), inner),
        max_leaves=12,
    ).map(lambda value: json.dumps({"type": "FeatureCollection", "features": [value, feature()]}).encode()),
), suffix=st.sampled_from([".csv", ".geojson"]))  # fmt: skip
def test_whatever_a_file_holds_one_line_says_what_is_wrong(store, tmp_path, content: bytes, suffix: str) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / f"any{suffix}"
    path.write_bytes(content)
    with pytest.raises(BadInput) as caught:
        notices.load(path, store)
    assert "\n" not in caught.value.detail
    assert there(store) == []


days = st.dates().map(lambda day: f"{day:%m-%d}")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(begins=days, ends=days, title=st.text(min_size=1, max_size=30))
def test_any_title_and_any_span_of_the_year_come_back(store, tmp_path, begins: str, ends: str, title: str) -> None:  # type: ignore[no-untyped-def]
    """A span that ends before it begins goes over the new year. White space is evened out."""
    told = " ".join(title.split())
    if not told or not told.isprintable():
        return
    out = io.StringIO()
    csv.writer(out).writerows(
        [["kind", "title", "source", "trail", "from", "to"], ["closure", title, "me", "Lawn Lake Trail", begins, ends]]
    )
    (tmp_path / "t.csv").write_bytes(out.getvalue().encode())
    notices.load(tmp_path / "t.csv", store)
    [notice] = there(store)
    assert (notice.title, notice.begins, notice.ends) == (told, begins, ends)


# --- the page about it --------------------------------------------------------------------------------------------

PAGE = (Path(__file__).parents[2] / "docs" / "data.md").read_text("utf-8")


def test_the_examples_of_the_page_can_be_loaded(draw, store, tmp_path) -> None:  # type: ignore[no-untyped-def]
    rmnp = draw("rmnp").junctions(A=(0, 9), B=(1, 9)).way("A", "B", "Ypsilon Lake Trail")
    store.replace_region(rmnp.region())
    for suffix, language in (("geojson", "json"), ("csv", "csv")):
        (tmp_path / f"closures.{suffix}").write_text(PAGE.split(f"```{language}\n")[1].split("```")[0])
        notices.load(tmp_path / f"closures.{suffix}", store, name=suffix)
    assert {(n.kind, n.title, n.begins, n.ends) for n in there(store)} == {
        ("closure", "Elk calving: closed", "05-15", "06-30"),
        ("permit", "Wilderness permit needed for every night", None, None),
        ("closure", "Snow: closed", "12-01", "04-15"),
        ("closure", "Bridge out, no crossing", "2026-05-20", None),
    }


def test_the_page_has_every_kind_and_property() -> None:
    assert all(f"`{word}`" in PAGE for word in (*NOTICE_KINDS, *notices._PROPERTIES))


# --- the command --------------------------------------------------------------------------------------------------


def run(capsys, *words: str) -> SimpleNamespace:  # type: ignore[no-untyped-def]
    code = main(list(words))
    out, err = capsys.readouterr()
    return SimpleNamespace(code=code, out=out, err=err)


def test_the_command_loads_lists_and_removes(store, tmp_path, capsys) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "winter.csv"
    path.write_text("kind,title,trail\nclosure,Snow,Lawn Lake Trail\n")
    assert run(capsys, "notices", "list").out == "There are no notices.\n"
    done = run(capsys, "notices", "load", str(path), "--source", "Park")
    assert (done.code, done.out) == (0, "Loaded 1 notice as winter: 1 closure\n  Lawn Lake Trail: 3.0 km\n")
    assert run(capsys, "notices", "list").out == "winter  1 notice\n"
    assert json.loads(run(capsys, "notices", "list", "--json").out) == {"notices": [{"name": "winter", "notices": 1}]}
    wrong = run(capsys, "notices", "remove", "wintr")
    assert (wrong.code, wrong.out) == (2, "")
    assert wrong.err == "loopgenie: there are no notices 'wintr'; there is 'winter'\n"
    assert run(capsys, "notices", "remove", "winter").out == "Removed winter: 1 notice.\n"
    assert there(store) == []
    assert run(capsys, "notices", "remove", "winter").err == (
        "loopgenie: there are no notices 'winter', and no others either\n"
    )


def test_the_command_tells_programs(store, tmp_path, capsys) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps(feature()))
    told = json.loads(run(capsys, "notices", "load", str(path), "--name", "x", "--json").out)
    assert told == {"name": "x", "kinds": {"closure": 1}, "trails_km": {}, "outside": 0}
    assert json.loads(run(capsys, "notices", "remove", "x", "--json").out) == {"removed": {"name": "x", "notices": 1}}
    failed = run(capsys, "notices", "load", str(tmp_path / "b.geojson"))
    assert (failed.code, failed.out) == (2, "")
    assert failed.err.endswith("b.geojson: No such file or directory\n")
    assert failed.err.count("\n") == 1
