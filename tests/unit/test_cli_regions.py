"""The commands `regions` and `check`: what they print, write and return."""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from loopgenie.cli import main
from loopgenie.errors import BadInput
from loopgenie.geometry import LonLat
from loopgenie.regions import age, named
from loopgenie.store import LeftOut, SourceFile, open_store

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def url(draw, tmp_path, monkeypatch):  # type: ignore[no-untyped-def]
    """Two regions: a square of 4 km with heights on half of it and a gap, and a line of 2 km of which little is known.

    D ---- C     A and D have heights, B and C have none: of the square only D-A (1 km) has them.
    |  E   |     E-D is a spur of 0.7 km (with heights) that stops 10 m short of A-B.
    A ---- B
    """
    square = draw("Val d'Ordino").junctions(A=(0, 0, 100), B=(1, 0), C=(1, 1), D=(0, 1, 150), E=(0.5, 0.01, 100))
    for a, b in ("AB", "BC", "CD", "DA", "DE"):
        square.way(a, b, f"{a}{b} Trail")
    square.trailhead("A", "Car park").trailhead("C", "Wood")
    square.trailheads[0] = square.trailheads[0]._replace(to_loop_m=0.0)
    address = f"sqlite:///{tmp_path / 'regions.db'}"
    store = open_store(address)
    file = SourceFile("andorra.osm.pbf", "osm", "© OpenStreetMap contributors", "2025-01-18")
    drive = LeftOut(0, "no public access", "access=private", "Drive", "osm way 9", (LonLat(10, 0), LonLat(10.001, 0)))
    more = {"left_out": {"no public access": 1, "motorway or trunk road": 1234}, "refused": [drive]}
    store.replace_region(square.region(sources=(file,), data_date="2025-01-18", loop_km=4.0, **more))
    line = draw("Line").junctions(A=(5, 5), B=(7, 5)).way("A", "B").trailhead("A")
    store.replace_region(line.region())
    store.close()
    monkeypatch.setenv("LOOPGENIE_DATABASE_URL", address)
    return address


@pytest.fixture
def empty(tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("LOOPGENIE_DATABASE_URL", f"sqlite:///{tmp_path / 'none.db'}")


def run(capsys, *words: str) -> SimpleNamespace:  # type: ignore[no-untyped-def]
    code = main(list(words))
    out, err = capsys.readouterr()
    return SimpleNamespace(code=code, out=out, err=err)


# --- regions ------------------------------------------------------------------------------------------------------


def test_list_has_a_line_for_each_region(url, capsys) -> None:
    """4 sides of 1 km and the spur of 1.1 km are 5 km; the other line has 2."""
    result = run(capsys, "regions", "list")
    assert (result.code, result.err) == (0, "")
    head, line, square = result.out.splitlines()
    assert head.split() == ["region", "km", "segments", "trailheads", "data", "of", "imported"]
    assert re.fullmatch(r"Line +2 +1 +1  unknown +just now", line)
    assert re.fullmatch(r"Val d'Ordino +5 +5 +2  2025-01-18  just now", square)
    assert line.index("just now") == square.index("just now") == head.index("imported")


def test_list_as_json(url, capsys) -> None:
    line, square = json.loads(run(capsys, "regions", "list", "--json").out)["regions"]
    assert (line["name"], line["loop_km"], line["data_date"]) == ("Line", None, None)
    assert (square["segments"], square["loop_km"], square["sources"]) == (5, 4.0, ["andorra.osm.pbf"])
    assert square["files"] == [
        {
            "name": "andorra.osm.pbf",
            "profile": "osm",
            "attribution": "© OpenStreetMap contributors",
            "data_date": "2025-01-18",
        }
    ]


def test_an_empty_store_is_told(empty, capsys) -> None:
    for words in (["regions", "list"], ["check"]):
        result = run(capsys, *words)
        assert (result.code, result.err) == (0, "")
        assert result.out.startswith("No trails yet")
    assert json.loads(run(capsys, "regions", "list", "--json").out) == {"regions": []}


def test_show_tells_what_info_tells_and_more(url, capsys) -> None:
    """Heights: D-A (1 km) and D-E (0.5 km east, 0.99 km south: 1.11 km) are 2.1 of 5.1 km. One of two has a loop."""
    info = run(capsys, "info").out
    shown = run(capsys, "regions", "show", "Val d'Ordino")
    assert (shown.code, shown.err) == (0, "")
    lines = shown.out.splitlines()
    assert set(info[info.index("Val d'Ordino") :].splitlines()) <= set(lines)
    for words in (
        "  loops: 4 km lie on some loop (78%)",
        "  loops: 1 of 2 trailheads have one near (50%)",
        "  heights: 2 km (41%)",
        "  source: andorra.osm.pbf, read as osm, data of 2025-01-18, © OpenStreetMap contributors",
        "  left out: 1,234 motorway or trunk road",
    ):
        assert words in lines


def test_show_says_what_is_not_known(url, capsys) -> None:
    out = run(capsys, "regions", "show", "Line").out
    assert "loops: not known" in out
    assert "trailheads have one near" not in out
    told = json.loads(run(capsys, "regions", "show", "Line", "--json").out)
    assert (told["loop_km"], told["trailheads_with_loop"], told["km_with_heights"]) == (None, None, 0.0)
    told = json.loads(run(capsys, "regions", "show", "Val d'Ordino", "--json").out)
    assert (told["trailheads_with_loop"], told["km_with_heights"]) == (1, 2.1)


def test_remove_says_what_it_removed_and_leaves_the_others(url, capsys) -> None:
    result = run(capsys, "regions", "remove", "Line")
    assert (result.code, result.out, result.err) == (0, "Removed Line: 2 km in 1 segment.\n", "")
    assert [r["name"] for r in json.loads(run(capsys, "regions", "list", "--json").out)["regions"]] == ["Val d'Ordino"]
    assert run(capsys, "regions", "remove", "Line").code == 2


@pytest.mark.parametrize("words", [["regions", "show"], ["regions", "remove"], ["check", "--region"]])
def test_an_unknown_region_is_told_with_near_matches(url, capsys, words: list[str]) -> None:
    before = run(capsys, "info").out
    result = run(capsys, *words, "val d'ordina")
    assert (result.code, result.out) == (2, "")
    assert result.err == 'loopgenie: there is no region "val d\'ordina"; did you mean "Val d\'Ordino"?\n'
    result = run(capsys, *words, "zzz")
    assert result.err == "loopgenie: there is no region 'zzz'; there is 'Line', \"Val d'Ordino\"\n"
    assert run(capsys, "info").out == before


def test_in_an_empty_store_no_region_is_near() -> None:
    with pytest.raises(BadInput, match="there is no region 'x', and no other either"):
        named("x", ())


@pytest.mark.parametrize("words", [["regions"], ["regions", "show"], ["regions", "burn"], ["regions", "list", "x"]])
def test_wrong_use_is_one_line(url, capsys, words: list[str]) -> None:
    result = run(capsys, *words)
    assert (result.code, result.out) == (2, "")
    assert len(result.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("ago", "told"),
    [
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=-5), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(hours=23, minutes=59), "23 hours ago"),
        (timedelta(days=3, hours=5), "3 days ago"),
        (timedelta(days=45), "1 month ago"),
        (timedelta(days=800), "2 years ago"),
    ],
)
def test_the_age_is_told_in_its_largest_unit(ago: timedelta, told: str) -> None:
    assert age((NOW - ago).isoformat(), NOW) == told


# --- check --------------------------------------------------------------------------------------------------------


def test_check_reports_faults_and_ends_with_0(url, capsys) -> None:
    pytest.importorskip("shapely")
    result = run(capsys, "check")
    assert (result.code, result.err) == (0, "")
    assert "Val d'Ordino: 5.1 km in 5 segments" in result.out
    assert '"DE Trail" stops 10.0 m short of "AB Trail"' in result.out
    assert "Wood has no loop near" in result.out
    assert "1  no public access, 111 m" in result.out  # 0.001 degrees on the equator
    assert "Line: 2.0 km in 1 segment" in result.out


def test_check_of_one_region_as_json_is_nothing_but_json(url, capsys) -> None:
    pytest.importorskip("shapely")
    told = json.loads(run(capsys, "check", "--region", "Line", "--json").out)
    [region] = told["regions"]
    assert (region["name"], region["parts"], region["loop_km"], told["grave"]) == ("Line", 1, 0.0, False)
    assert {kind["fault"]: kind["count"] for kind in region["faults"] if kind["count"]} == {
        "no-heights": 1,
        "unnamed": 1,
    }


def test_check_writes_geojson(url, capsys, tmp_path: Path) -> None:
    pytest.importorskip("shapely")
    file = tmp_path / "faults.geojson"
    assert run(capsys, "check", "--geojson", str(file)).code == 0
    document = json.loads(file.read_text("utf-8"))
    found = [feature["properties"] for feature in document["features"]]
    assert [p["what"] for p in found if p["grave"]] == ['"DE Trail" stops 10.0 m short of "AB Trail"']
    assert {p["region"] for p in found} == {"Line", "Val d'Ordino"}
    assert [p["source"] for p in found if p["fault"] == "left-out"] == ["osm way 9"]
    result = run(capsys, "check", "--geojson", str(tmp_path / "none" / "x.geojson"))
    assert (result.code, len(result.err.splitlines())) == (2, 1)


def test_strict_fails_where_there_are_grave_faults_and_names_them(url, capsys) -> None:
    pytest.importorskip("shapely")
    result = run(capsys, "check", "--strict")
    assert result.code == 1
    assert result.err == "loopgenie: grave faults in Val d'Ordino: gap\n"
    assert run(capsys, "check", "--strict", "--region", "Line").code == 0


def test_without_the_extra_check_says_which_to_install(url, capsys, monkeypatch) -> None:
    for module in [name for name in sys.modules if name.startswith("loopgenie.checking")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.delattr("loopgenie.checking", raising=False)
    monkeypatch.setitem(sys.modules, "shapely", None)
    result = run(capsys, "check")
    assert (result.code, result.out) == (2, "")
    assert "pip install 'loopgenie[import]'" in result.err


@pytest.mark.parametrize(
    "words", [["regions"], ["regions", "list"], ["regions", "show"], ["regions", "remove"], ["check"]]
)
def test_every_command_has_help(capsys, words: list[str]) -> None:
    result = run(capsys, *words, "--help")
    assert result.code == 0
    assert "usage: loopgenie" in result.out
