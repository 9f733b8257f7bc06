"""Real regions, imported one by one: what is in them, what it costs, and a loop in each.

    python -m bench.regions FOLDER --output bench/results/VERSION/regions.md [--without GLOB ...] [--hike-km 15]

FOLDER has a folder for each region; all files in it that can be imported become one region, terrain models (.hgt,
.hgt.zip, .tif) its heights. The trip starts at the trailhead in the middle of those that have a loop near.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.report import markdown_table
from solver.measuring import about

READABLE = (".pbf", ".geojson", ".json", ".gpx", ".shp", ".gpkg")
TERRAIN = (".hgt", ".hgt.zip", ".tif")


@dataclass(frozen=True)
class Measured:
    """A region: what the import said, what it cost, and the trip (None: there is none, and why)."""

    name: str
    info: Any
    with_loops: int
    seconds: float
    peak_mb: float
    trip: dict[str, Any] | None
    why: str
    trip_seconds: float


def measured(folder: Path, without: Sequence[str], hike_km: float, database: Path) -> Measured:
    """Import a region and plan a trip in it."""
    from loopgenie.store import open_store

    files = [p for p in sorted(folder.iterdir()) if not any(p.match(pattern) for pattern in without)]
    url = f"sqlite:///{database}"
    terrain = [str(p) for p in files if p.name.endswith(TERRAIN)]
    command = [sys.executable, "-m", "loopgenie", "import", *(str(p) for p in files if p.suffix in READABLE)]
    command += [
        "--no-gazetteer",
        "--region",
        folder.name,
        "--database",
        url,
        *(["--elevation", *terrain] if terrain else []),
    ]
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as child:
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - began
    if child.returncode:
        raise SystemExit(f"{folder.name}: the import ended with {child.returncode}")
    store = open_store(url)
    (info,) = store.snapshot().regions
    assert info.box is not None
    all_heads = store.trailheads_in(info.box.grown(1000))
    heads = [head for head in all_heads if head.to_loop_m is not None]
    at = "{:.5f},{:.5f}".format(
        *(
            statistics.median(place)
            for place in ([h.lat for h in heads or all_heads], [h.lon for h in heads or all_heads])
        )
    )
    began = time.perf_counter()
    plan = [sys.executable, "-m", "loopgenie", "plan", "--at", at, "--drive-km", "100", "--hike-km", str(hike_km)]
    found = subprocess.run(
        [*plan, "--format", "geojson", "--database", url], capture_output=True, text=True, check=False
    )
    trip = json.loads(found.stdout)["features"][0]["properties"] if found.returncode == 0 else None
    trip_seconds = time.perf_counter() - began
    return Measured(
        folder.name, info, len(heads), seconds, usage.ru_maxrss / 1024, trip, found.stderr.strip(), trip_seconds
    )


def page(regions: Sequence[Measured], hike_km: float) -> str:
    """Two tables: what was imported, and the trips."""
    here = about()
    told = (
        f"{here['date'][:10]}, commit {here['commit']}, {here['cores']} cores of {here['cpu']}, Python {here['python']}"
    )
    imports = [
        [
            region.name,
            f"{region.info.trail_km:,.0f}",
            f"{region.info.loop_km or 0:,.0f}",
            f"{region.info.segments:,}",
            f"{region.info.junctions:,}",
            f"{region.info.trailheads:,} ({region.with_loops:,})",
            f"{region.info.points:,}",
            f"{sum(region.info.left_out.values()):,}",
            f"{region.seconds:.1f} s",
            f"{region.peak_mb:,.0f} MB",
        ]
        for region in regions
    ]
    trips = [[region.name, *_trip(region)] for region in regions]
    heads = ["region", "km", "km on loops", "segments", "junctions", "trailheads (with loops)", "points", "left out"]
    return "\n".join(
        [
            "# Real regions",
            "",
            f"{told}. Made by `python -m bench.regions`.",
            "",
            markdown_table([*heads, "import", "memory"], imports),
            "",
            f"A loop of {hike_km:g} km in each, 100 km by car at most, from the middle of its trailheads;",
            "the time is that of the whole command:",
            "",
            markdown_table(
                ["region", "trailhead", "length", "ascent", "walked twice", "road", "status", "time"], trips
            ),
            "",
        ]
    )


def _trip(region: Measured) -> list[str]:
    trip = region.trip
    if trip is None:
        return [f"none: {region.why}", *5 * ["–"], f"{region.trip_seconds:.1f} s"]
    return [
        str(trip["trailhead"]["name"]),
        f"{trip['length_m'] / 1000:.2f} km",
        "–" if trip["ascent_m"] is None else f"{trip['ascent_m']} m",
        f"{trip['repeat_share']:.0%}",
        f"{trip['road_share']:.0%}",
        trip["status"],
        f"{region.trip_seconds:.1f} s",
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description="Import real regions and plan a loop in each.")
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE")
    parser.add_argument("--without", action="append", default=[], metavar="GLOB", help="files to leave out")
    parser.add_argument("--hike-km", type=float, default=15, metavar="N")
    options = parser.parse_args(arguments)
    regions = []
    with tempfile.TemporaryDirectory() as scratch:
        for folder in sorted(p for p in options.folder.iterdir() if p.is_dir()):
            regions.append(measured(folder, options.without, options.hike_km, Path(scratch) / f"{folder.name}.db"))
            print(f"{folder.name}: {regions[-1].seconds:.1f} s, {regions[-1].why or 'a loop'}", flush=True)
    options.output.write_text(page(regions, options.hike_km), "utf-8")


if __name__ == "__main__":
    main()
