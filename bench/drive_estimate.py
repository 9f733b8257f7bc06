"""How far the estimate of a drive is off from what a drive engine tells, and how long the engine takes.

    python -m bench.drive_estimate --database URL --engine URL [--calls N]

From every town, village and hamlet in the database (where there are few, from some trailheads) to the trailheads, at
most as many as one call takes; one call for each origin. The tables come as Markdown. `--calls` says how often a call
is timed from each of the first ten origins.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from loopgenie.drive import STRAIGHT_LINE, Drive
from loopgenie.drive_engines import MAX_GOALS, RoadEngine
from loopgenie.geometry import Box, LonLat, distance_m
from loopgenie.store import TrailStore, open_store
from solver.measuring import about

ORIGINS = ("city", "town", "village", "hamlet")
WORLD = Box(-180.0, -90.0, 180.0, 90.0)
#: Fewer places than these say little of a country; and so many are timed.
FEW = 10
#: Nearer than this the ends' ways to the next road make up most of a drive.
NEAREST_M = 1_000.0


class Pair(NamedTuple):
    """A way from a place to a trailhead: straight, by road, and as estimated."""

    line_m: float
    road: Drive
    estimate: Drive


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.drive_estimate", description=__doc__.splitlines()[0])
    parser.add_argument("--database", required=True, metavar="URL", help="where the trails are")
    parser.add_argument("--engine", required=True, metavar="URL", help="a Valhalla or OSRM server with the same map")
    parser.add_argument("--calls", type=int, default=5, metavar="N", help="how often each timed call is made")
    arguments = parser.parse_args(argv)
    store = open_store(arguments.database)
    try:
        goals = _spread([LonLat(t.lon, t.lat) for t in store.trailheads_in(WORLD)], MAX_GOALS)
        places = [LonLat(p.lon, p.lat) for p in store.points_in(WORLD, ORIGINS, 100_000)]
        origins = places if len(places) >= FEW else _spread(goals, 5 * FEW)
        if not origins:
            print("the database has no trailheads")
            return 2
        machine = about()
        print(f"{_data(store)}; {machine['date'][:10]}, commit {machine['commit']}, {machine['cores']} cores\n")
        print(f"{len(origins)} origins, {len(goals)} trailheads, {_timed(arguments, origins[:FEW], goals)}\n")
        print(_tables(_pairs(RoadEngine(arguments.engine, timeout_s=60), origins, goals)))
    finally:
        store.close()
    return 0


def _spread(places: Sequence[LonLat], most: int) -> Sequence[LonLat]:
    """At most so many of them, evenly over the list."""
    return places[:: -(-len(places) // most)] if places else places


def _data(store: TrailStore) -> str:
    return ", ".join(f"{region.name} ({region.data_date})" for region in store.snapshot().regions)


def _timed(arguments: argparse.Namespace, origins: Sequence[LonLat], goals: Sequence[LonLat]) -> str:
    times = []
    for _ in range(arguments.calls):
        engine = RoadEngine(arguments.engine, timeout_s=60)  # a new one, which remembers nothing
        method = engine.drives(LonLat(0.0, 0.0), goals[:1], patience_s=60).method  # finds out who answers
        for origin in origins:
            began = time.perf_counter()
            method = engine.drives(origin, goals, patience_s=60).method
            times.append(1000 * (time.perf_counter() - began))
    times.sort()
    return (
        f"one call {method}: median {statistics.median(times):.0f} ms, 90 % {_share(times, 0.9):.0f} ms, "
        f"longest {times[-1]:.0f} ms ({len(times)} calls)"
    )


def _pairs(engine: RoadEngine, origins: Sequence[LonLat], goals: Sequence[LonLat]) -> list[Pair]:
    pairs = []
    for origin in origins:
        told = engine.drives(origin, goals, patience_s=60)
        if not told.lasting:
            raise SystemExit(f"no drives from {origin.lat:.4f},{origin.lon:.4f}: {told.method}")
        estimates = STRAIGHT_LINE.drives(origin, goals).found
        for goal, road, estimate in zip(goals, told.found, estimates, strict=True):
            line_m = distance_m(origin, goal)
            if road and estimate and line_m >= NEAREST_M and road.time_s:
                pairs.append(Pair(line_m, road, estimate))
        missing = sum(drive is None for drive in told.found)
        if missing:
            print(f"{missing} trailheads without a road from {origin.lat:.4f},{origin.lon:.4f}", file=sys.stderr)
    return pairs


def _tables(pairs: Sequence[Pair]) -> str:
    lines = [f"{len(pairs):,} drives of 1 km and more in a straight line", ""]
    lines += ["| | 10 % | median | 90 % |", "| --- | --: | --: | --: |"]
    for title, figure, form in _FIGURES:
        values = sorted(figure(pair) for pair in pairs)
        lines.append(f"| {title} | " + " | ".join(f"{_share(values, s):{form}}" for s in (0.1, 0.5, 0.9)) + " |")
    lines += ["", "| within | by road | by the estimate | of those by road, missed | of the estimated, too far |"]
    lines += ["| --- | --: | --: | --: | --: |"]
    return "\n".join([*lines, *(_reach(pairs, *limit) for limit in _LIMITS)])


_FIGURES: tuple[tuple[str, Callable[[Pair], float], str], ...] = (
    ("straight line, km", lambda p: p.line_m / 1000, ".1f"),
    ("by road, km", lambda p: p.road.length_m / 1000, ".1f"),
    ("by road, minutes", lambda p: p.road.time_s / 60, ".0f"),
    ("detour: road / straight line", lambda p: p.road.length_m / p.line_m, ".2f"),
    ("speed by road, km/h", lambda p: 3.6 * p.road.length_m / p.road.time_s, ".0f"),
    ("estimated distance, off by", lambda p: p.estimate.length_m / p.road.length_m - 1, "+.0%"),
    ("estimated distance, off by either way", lambda p: abs(p.estimate.length_m / p.road.length_m - 1), ".0%"),
    ("estimated time, off by", lambda p: p.estimate.time_s / p.road.time_s - 1, "+.0%"),
    ("estimated time, off by either way", lambda p: abs(p.estimate.time_s / p.road.time_s - 1), ".0%"),
)

#: A title, and whether a drive is within the limit.
_LIMITS: tuple[tuple[str, Callable[[Drive], bool]], ...] = (
    ("10 km", lambda d: d.length_m <= 10_000),
    ("20 km", lambda d: d.length_m <= 20_000),
    ("15 minutes", lambda d: d.time_s <= 900),
    ("30 minutes", lambda d: d.time_s <= 1800),
)


def _reach(pairs: Sequence[Pair], title: str, within: Callable[[Drive], bool]) -> str:
    by_road = [p for p in pairs if within(p.road)]
    estimated = [p for p in pairs if within(p.estimate)]
    missed = sum(not within(p.estimate) for p in by_road) / max(len(by_road), 1)
    too_far = sum(not within(p.road) for p in estimated) / max(len(estimated), 1)
    return f"| {title} | {len(by_road):,} | {len(estimated):,} | {missed:.0%} | {too_far:.0%} |"


def _share(ordered: Sequence[float], share: float) -> float:
    """The value that this share of the ordered values do not exceed."""
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


if __name__ == "__main__":
    raise SystemExit(main())
