"""What the measurements of size and of regions tell, from lines as they are measured."""

import json
from argparse import Namespace

from bench import scale
from bench.regions import Measured, page
from loopgenie.geometry import Box
from loopgenie.store import RegionInfo

ORIGIN = {"date": "2026-11-21T12:00:00+00:00", "commit": "abc", "cores": 2, "cpu": "Some CPU", "python": "3.11.7"}
READ = dict.fromkeys(("cached_ms", "again_ms", "lines_ms", "nearest_ms", "trailheads_ms", "place_ms"), 7.0) | {
    "segments": 20_000
}


def line(what, **figures):
    return {"size_km": 70, "home": "SQLite", "what": what, **figures, **ORIGIN}


def test_a_table_and_a_plot_of_scale(tmp_path, capsys):
    lines = [
        {"size_km": 70, "what": "build", "seconds": 9.0, "segments": 10_000, "peak_mb": 88.0, **ORIGIN},
        line("import", seconds=12.0, cpu_seconds=11.0, peak_mb=99.0),
        line("database", bytes=5_000_000, segments=10_000),
        *(line("read", cold_ms=cold, **READ) for cold in (100.0, 300.0, 200.0)),
        line("trip", first={"places": 0.001, "trailheads": 0.002, "network": 0.1}, second={}),
    ]
    file = tmp_path / "scale.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    scale.report(Namespace(lines=file, note="By night."))
    text = file.with_suffix(".md").read_text("utf-8")
    assert "2026-11-21, 2 cores of Some CPU, Python 3.11.7" in text
    assert "By night." in text
    # the median of 100, 200, 300 and the largest; 1 + 2 + 100 ms of reading before the search
    assert "| 10,000 | SQLite | 12 s | 11 s | 99 MB | 5 MB | 20,000 | 200.0 ms (at most 300) |" in text
    assert "| 103 ms | abc |" in text
    assert "| 10,000 | 9 s | 88 MB | abc |" in text
    assert file.with_suffix(".svg").read_text("utf-8").startswith("<svg")
    assert "10,000" in capsys.readouterr().out


def test_a_page_of_regions():
    info = RegionInfo(
        "here", (), (), False, None, "now", Box(1, 2, 3, 4), 10, 9, 8, 7, 123.4, {"no public access": 5}, 100.0
    )
    trip = {
        "trailhead": {"name": "Gate"},
        "length_m": 15_010,
        "ascent_m": None,
        "repeat_share": 0.1,
        "road_share": 0,
        "status": "optimal",
    }
    told = page(
        [Measured("here", info, 3, 1.25, 80.0, trip, "", 1.5), Measured("there", info, 0, 1, 1, None, "no loop", 2)], 15
    )
    assert "| here | 123 | 100 | 10 | 9 | 8 (3) | 7 | 5 | 1.2 s | 80 MB |" in told
    assert "| here | Gate | 15.01 km | – | 10% | 0% | optimal | 1.5 s |" in told
    assert "| there | none: no loop |" in told
