"""What a network costs by its size: importing it, keeping it, reading what is in reach, planning a trip.

    python -m bench.scale run --output bench/results/VERSION/scale.jsonl [--sizes 72 228 740] [--postgis URL]
    python -m bench.scale report bench/results/VERSION/scale.jsonl

`run` makes a sample country of each size in an SQLite file, and in the PostgreSQL database where one is named, which
has to be empty. Everything is measured in a process of its own: the import (without the time to invent the country,
but with the memory that this takes); then, a few times each, the network of some 20,000 segments around a place as a
process reads it that has just started, once more from its cache, and a trip. Before each of these the system is told
to forget what it has read of the SQLite file.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from bench.report import HEIGHT, LEFT, Axes, key, markdown_table
from tools.svg import Drawing

#: Segments in reach that are read; places to read at.
IN_REACH, PLACES = 20_000, 5

Line = dict[str, Any]


# --- measuring --------------------------------------------------------------------------------------------------------


def run(options: argparse.Namespace) -> None:
    """Measure everything, a line of JSON each."""
    from solver.measuring import about

    options.output.parent.mkdir(parents=True, exist_ok=True)
    here = about()
    with options.output.open("a", encoding="utf-8") as file, tempfile.TemporaryDirectory() as folder:
        for size in options.sizes:
            _write(file, {"size_km": size, "what": "build", **_in_child("build", str(size)), **here})
            homes = {"SQLite": f"sqlite:///{folder}/{size}.db"} | (
                {"PostGIS": options.postgis} if options.postgis else {}
            )
            for home, url in homes.items():
                for line in _measured(size, home, url):
                    _write(file, {**line, **here})


def _write(file: IO[str], line: Line) -> None:
    for each in (file, sys.stdout):
        print(json.dumps(line), file=each, flush=True)


def _measured(size: int, home: str, url: str) -> Iterator[Line]:
    line = {"size_km": size, "home": home}
    yield {**line, "what": "import", **_in_child("import", url, str(size))}
    there = _child("places", url, str(size))
    yield {**line, "what": "database", "bytes": _bytes(url), "segments": there["segments"]}
    for number, place in enumerate(there["places"]):
        _forget(url)
        yield {**line, "what": "read", "place": number, **_child("read", url, json.dumps(place["box"]))}
        _forget(url)
        yield {**line, "what": "trip", "place": number, **_child("trip", url, json.dumps(place["at"]))}


def _in_child(*words: str) -> Line:
    """What a child process measures, and its largest memory."""
    command = [sys.executable, "-m", "bench.scale", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        told = child.stdout.read() if child.stdout else ""
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {child.returncode}")
    return {**json.loads(told), "peak_mb": usage.ru_maxrss / 1024}


def _child(what: str, *words: str) -> Any:
    command = [sys.executable, "-m", "bench.scale", what, *words]
    return json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


def _file(url: str) -> Path | None:
    path = url.removeprefix("sqlite:///")
    return None if path == url else Path(path)


def _bytes(url: str) -> int:
    path = _file(url)
    if path is not None:
        return path.stat().st_size
    import psycopg2

    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return int(cursor.fetchone()[0])


def _forget(url: str) -> None:
    """Have the system drop a file from its memory; a server keeps its own."""
    path = _file(url)
    if path is not None:
        with path.open("rb") as file:
            os.fdatasync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


# --- what the child processes do ------------------------------------------------------------------------------------


def _places(url: str, size_km: int) -> Line:
    """Boxes with some 20,000 segments each, or with all there are, and trailheads in their middles."""
    from loopgenie.geometry import LonLat
    from loopgenie.store import open_store

    store = open_store(url)
    (region,) = store.snapshot().regions
    assert region.box is not None
    whole, rng = region.box, random.Random(size_km)
    share = min(1.0, math.sqrt(IN_REACH / region.segments))
    found: list[Line] = []
    while len(found) < PLACES:
        inner = 1 - share
        at = LonLat(
            whole.min_lon + (whole.max_lon - whole.min_lon) * (share / 2 + inner * rng.random()),
            whole.min_lat + (whole.max_lat - whole.min_lat) * (share / 2 + inner * rng.random()),
        )
        half = ((whole.max_lon - whole.min_lon) * share / 2, (whole.max_lat - whole.min_lat) * share / 2)
        found.append({"box": [at.lon - half[0], at.lat - half[1], at.lon + half[0], at.lat + half[1]], "at": at})
    return {"segments": region.segments, "places": found}


def _built(size_km: int) -> Line:
    """Invent a country and make a network of it, of which nothing is stored: how long the second takes."""
    from loopgenie.importing.sample import sample_source
    from loopgenie.importing.topology import build_region

    made = [*sample_source(size=size_km)]
    seconds, region = _timed(lambda: build_region(made.pop(0), name="sample", height_at=made.pop()))
    return {"seconds": seconds / 1000, "segments": len(region.segments)}


def _imported(url: str, size_km: int) -> Line:
    """Invent a country, which no import has to, then make a network of it and store that: seconds by the clock."""
    from loopgenie.importing.sample import sample_source
    from loopgenie.importing.topology import build_region
    from loopgenie.store import open_store

    inventing, (source, height_at) = _timed(lambda: sample_source(size=size_km))
    store = open_store(url)
    began = time.process_time()
    building, region = _timed(lambda: build_region(source, name="sample", height_at=height_at))
    storing, _ = _timed(lambda: store.replace_region(region))
    return {
        "inventing_s": inventing / 1000,
        "seconds": (building + storing) / 1000,
        "cpu_seconds": time.process_time() - began,
    }


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    result = work()
    return 1000 * (time.perf_counter() - began), result


def _read(url: str, box_: Sequence[float]) -> Line:
    """Milliseconds: everything in reach in a process that has just started, again, and what else a request asks for."""
    from loopgenie.geometry import Box, LonLat
    from loopgenie.network import Areas, Limits
    from loopgenie.store import open_store

    box, areas = Box(*box_), Areas()
    middle = LonLat((box.min_lon + box.max_lon) / 2, (box.min_lat + box.max_lat) / 2)
    store = open_store(url)
    cold, area = _timed(lambda: areas.get(store, store.snapshot(), box, Limits()))
    cached, _ = _timed(lambda: areas.get(store, store.snapshot(), box, Limits()))
    rows, cores = _timed(lambda: store.cores_in(box))
    ids = [core.id for core in cores[:: max(1, len(cores) // 300)]]
    return {
        "segments": len(area.cores),
        "cold_ms": cold,
        "cached_ms": cached,
        "again_ms": rows,
        "lines_ms": _timed(lambda: store.segments(ids))[0],
        "nearest_ms": _timed(lambda: store.nearest_segment(middle, 5_000))[0],
        "trailheads_ms": _timed(lambda: store.trailheads_in(box))[0],
        "place_ms": _timed(lambda: store.find_places("Car", 20))[0],
    }


def _trip(url: str, at: Sequence[float]) -> Line:
    """A trip of 20 km within 30 km by car: where its time goes, in a process that has just started and once more."""
    from loopgenie.parameters import trip_parameters
    from loopgenie.planner import plan_trip
    from loopgenie.store import open_store

    store = open_store(url)
    asked = {"location": {"lon": at[0], "lat": at[1]}, "drive_km": 30, "hike_km": 20, "time_limit_s": 0.5}
    timings = [plan_trip(trip_parameters({**asked, "seed": seed}), store).timing for seed in (0, 1)]
    return {"first": timings[0], "second": timings[1]}


# --- telling ----------------------------------------------------------------------------------------------------------


def report(options: argparse.Namespace) -> None:
    """A table and a plot beside the lines."""
    lines = [json.loads(text) for text in options.lines.read_text("utf-8").splitlines()]
    homes = dict.fromkeys((e["home"], e["size_km"]) for e in lines if "home" in e)
    rows = [_row(lines, home, size) for home, size in homes]
    heads = [
        *("segments", "home", "import", "processor", "memory", "database"),
        *("in reach", "read cold", "again", "from cache", "300 lines", "nearest", "trip, reading", "commit"),
    ]
    first = lines[0]
    machine = f"{first['cores']} cores of {first['cpu']}, Python {first['python']}"
    told = f"{first['date'][:10]}, {machine}"
    page = f"# What a network costs by its size\n\n{told}. Made by `python -m bench.scale`.\n\n"
    page += markdown_table(heads, rows) + "\n\n"
    page += (
        "Import is without the time to invent the country. Making the network alone, of which nothing is stored:\n\n"
    )
    built = [line for line in lines if line["what"] == "build"]
    columns = [[f"{e['segments']:,}", f"{e['seconds']:.0f} s", f"{e['peak_mb']:,.0f} MB", e["commit"]] for e in built]
    page += markdown_table(["segments", "time", "memory", "commit"], columns) + "\n"
    page += f"\n{options.note}\n" if options.note else ""
    page += "\n![Import and reading against the number of segments](scale.svg)\n"
    options.lines.with_suffix(".md").write_text(page, "utf-8")
    options.lines.with_suffix(".svg").write_text(plot(lines), "utf-8")
    print(page)


def _of(lines: Sequence[Line], what: str, home: str, size: int) -> list[Line]:
    return [line for line in lines if (line["what"], line.get("home"), line["size_km"]) == (what, home, size)]


def _segments(lines: Sequence[Line], size: int) -> int:
    """How many segments a country has."""
    return next(int(line["segments"]) for line in lines if line["what"] == "database" and line["size_km"] == size)


def _row(lines: Sequence[Line], home: str, size: int) -> list[str]:
    (made,), (kept,) = _of(lines, "import", home, size), _of(lines, "database", home, size)
    reads, trips = _of(lines, "read", home, size), _of(lines, "trip", home, size)

    def median(name: str) -> str:
        return f"{statistics.median(read[name] for read in reads):.1f} ms"

    reading = [sum(trip["first"][stage] for stage in ("places", "trailheads", "network")) for trip in trips]
    return [
        f"{kept['segments']:,}",
        home,
        f"{made['seconds']:.0f} s",
        f"{made['cpu_seconds']:.0f} s",
        f"{made['peak_mb']:,.0f} MB",
        f"{kept['bytes'] / 1e6:,.0f} MB",
        f"{statistics.median(read['segments'] for read in reads):,.0f}",
        f"{median('cold_ms')} (at most {max(read['cold_ms'] for read in reads):.0f})",
        *(median(name) for name in ("again_ms", "cached_ms", "lines_ms", "nearest_ms")),
        f"{1000 * statistics.median(reading):.0f} ms",
        made["commit"],
    ]


def plot(lines: Sequence[Line]) -> str:
    """Seconds to import and milliseconds to read what is in reach, against the number of segments."""
    title = "Importing (s) and reading what is in reach (ms), by number of segments"
    drawing = Drawing(640, HEIGHT, title)
    drawing.text((LEFT, 22), title, anchor="start")
    axes = Axes(5_000, 2_000_000, 1, 1000, log_y=True)
    ticks = {10_000.0: "10 k", 100_000.0: "100 k", 1_000_000.0: "1 M"}
    axes.draw(drawing, ticks, [1, 10, 100, 1000], "segments", unit="")
    for place, (home, kind) in enumerate((("SQLite", "a"), ("PostGIS", "b"))):
        sizes = sorted({line["size_km"] for line in lines if line.get("home") == home})
        for what, value, style in (("import", "seconds", kind), ("read", "cold_ms", kind)):
            points = [
                (_segments(lines, size), statistics.median(e[value] for e in _of(lines, what, home, size)))
                for size in sizes
            ]
            drawing.line([axes.at(*point) for point in points], style)
            for x, y in points:
                drawing.dot(axes.at(x, y), 4, f"dot-{kind}", f"{home}, {what}: {y:.0f}")
            if points:
                x, y = axes.at(*points[-1])
                drawing.text((x - 6, y - 8), f"{what}", "small quiet", "end")
        if sizes:
            key(drawing, place, kind, home)
    return str(drawing)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description="What a network costs by its size.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    measure = commands.add_parser("run", help="measure")
    measure.add_argument("--output", type=Path, required=True, metavar="FILE")
    measure.add_argument("--sizes", type=int, nargs="+", default=[72, 228, 740], metavar="KM")
    measure.add_argument("--postgis", metavar="URL", help="an empty PostgreSQL database")
    measure.set_defaults(run=run)
    tell = commands.add_parser("report", help="make table and plot")
    tell.add_argument("lines", type=Path, metavar="FILE")
    tell.add_argument("--note", metavar="TEXT", help="what a reader has to know besides")
    tell.set_defaults(run=report)
    options = parser.parse_args(arguments)
    options.run(options)


#: What child processes are asked to do.
_TASKS: Mapping[str, Callable[..., Any]] = {
    "build": lambda size: _built(int(size)),
    "import": lambda url, size: _imported(url, int(size)),
    "places": lambda url, size: _places(url, int(size)),
    "read": lambda url, box: _read(url, json.loads(box)),
    "trip": lambda url, at: _trip(url, json.loads(at)),
}

if __name__ == "__main__":
    if sys.argv[1:] and sys.argv[1] in _TASKS:
        print(json.dumps(_TASKS[sys.argv[1]](*sys.argv[2:])))
    else:
        main()
