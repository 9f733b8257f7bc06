"""How much a line climbs, by several methods: how they agree with one another and with what others have published.

    python -m bench.ascent --osm FILE --elevation FILE [--routes FILE] [--tracks FILE...]
                           [--lines FILE --lines-elevation FILE] [--svg FILE]

Routes are the hiking routes of the extract, segments are those of its network. `--routes` are published ascents
(bench/ascent_routes.json), `--tracks` GPX files with heights, `--lines` GeoJSON lines with `ele_gain`. The tables come
as Markdown. docs/ascent.md explains them.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import networkx as nx
import osmium

from loopgenie.geometry import distance_m
from loopgenie.importing.chains import contracted
from loopgenie.importing.elevation import read_elevation
from loopgenie.importing.gpx import read_gpx
from loopgenie.importing.noding import noded
from loopgenie.importing.osm import read_osm
from loopgenie.importing.smoothing import WINDOW_M, smoothed
from loopgenie.importing.source import HeightAt, Source
from solver.measuring import about
from tools.svg import Drawing

Place = tuple[float, float]
Heights = Sequence[float]
Ascent = Callable[[Sequence[float], Heights], float]

#: Lines are sampled this often, in metres, to see whether that matters.
SPACINGS_M = (10, 25, 50, 100)
#: An import samples at every drawn position and, in between, at least this often.
IMPORT_STEP_M = 50.0
#: A turn from up to down, or back, counts from so many metres on.
TURN_M = 5.0
#: The second method: heights may be wrong by so many metres.
OFF_BY_M = 3.0
#: The third: terrain is the mean of its surroundings, with this standard deviation in metres.
SIGMA_M = 45.0
#: Routes and segments shorter than this, in metres, are not compared one by one.
LONG_ROUTE_M, LONG_SEGMENT_M = 8_000.0, 1_000.0


# --- methods ------------------------------------------------------------------------------------------------------


class Method(NamedTuple):
    """A way to tell the ascent from places along a line and their heights; maybe on smoothed terrain."""

    name: str
    ascent: Ascent
    on_smooth_terrain: bool = False


def every_rise(_: Sequence[float], heights: Heights) -> float:
    """The sum of all rises."""
    return sum(max(0.0, b - a) for a, b in pairwise(heights))


def rises_between_turns(heights: Heights, turn_m: float) -> float:
    """The sum of rises between the turns of a line that come `turn_m` metres back."""
    ends, trend, best = [heights[0]], 0, [heights[0], heights[0]]  # lowest and highest since the last turn
    for height in heights:
        best = [min(best[0], height), max(best[1], height)]
        if trend >= 0 and best[1] - height >= turn_m:
            ends, trend, best = [*ends, *([best[1]] if trend else [])], -1, [height, height]
        elif trend <= 0 and height - best[0] >= turn_m:
            ends, trend, best = [*ends, *([best[0]] if trend else [])], 1, [height, height]
    return every_rise((), [*ends, heights[-1]])


def turns(turn_m: float, window_m: float = 0.0) -> Ascent:
    """Rises between turns, of heights as they are or, with a window, smoothed along the line."""

    def ascent(along: Sequence[float], heights: Heights) -> float:
        smooth = smoothed(along, heights, window_m) if window_m else heights
        return rises_between_turns(smooth, turn_m) if turn_m else every_rise((), smooth)

    return ascent


def least_rise(_: Sequence[float], heights: Heights) -> float:
    """The least ascent of any line that is nowhere off by more than `OFF_BY_M`, and has the same ends.

    It never moves before it has to, and no further: a taut string through a tube of that radius.
    """
    up, now = 0.0, heights[0]
    for height in heights[1:-1]:
        wanted = min(max(now, height - OFF_BY_M), height + OFF_BY_M)
        up, now = up + max(0.0, wanted - now), wanted
    return up + max(0.0, heights[-1] - now)


OURS = Method(f"mean of {WINDOW_M:g} m, turns of {TURN_M:g} m (used)", turns(TURN_M, WINDOW_M))
BEFORE = Method(f"turns of {TURN_M:g} m", turns(TURN_M))
SECOND = Method(f"least within ±{OFF_BY_M:g} m", least_rise)
METHODS = (
    Method("every rise", every_rise),
    *(Method(f"turns of {turn:g} m", turns(turn)) for turn in (3.0, TURN_M, 10.0)),
    Method("mean of 50 m, turns of 5 m", turns(TURN_M, 50)),
    Method("mean of 100 m, every rise", turns(0, 100)),
    Method("mean of 100 m, turns of 3 m", turns(3, 100)),
    OURS,
    *(Method(f"mean of {window} m, turns of 5 m", turns(TURN_M, window)) for window in (150, 200, 300)),
    SECOND,
    Method(f"terrain smoothed, {SIGMA_M:g} m, every rise", every_rise, on_smooth_terrain=True),
    Method(f"terrain smoothed, {SIGMA_M:g} m, turns of 5 m", turns(TURN_M), on_smooth_terrain=True),
)


def on_smooth_terrain(height_at: HeightAt) -> HeightAt:
    """The same terrain, each height the weighted mean (Gaussian) of 25 around it."""
    steps = (-2, -1, 0, 1, 2)
    weights = {(i, j): math.exp(-(i * i + j * j) / 2) for i in steps for j in steps}

    def smooth(lon: float, lat: float) -> float | None:
        north, east = SIGMA_M / 111_132, SIGMA_M / (111_320 * math.cos(math.radians(lat)))
        around = [(weight, height_at(lon + i * east, lat + j * north)) for (i, j), weight in weights.items()]
        known = [(weight, height) for weight, height in around if height is not None]
        return sum(w * h for w, h in known) / sum(w for w, _ in known) if known else None

    return smooth


# --- lines --------------------------------------------------------------------------------------------------------


class Line(NamedTuple):
    """A line on the ground, the numbers of those of its places where it is cut, and what is published of it."""

    name: str
    places: list[Place]
    cuts: list[int]
    published: Mapping[str, Any] | None = None

    def along(self) -> list[float]:
        """Metres from its start to each of its places."""
        return list(accumulate((distance_m(a, b) for a, b in pairwise(self.places)), initial=0.0))

    def parts(self) -> Iterator[Line]:
        """What lies between one cut and the next."""
        for first, last in pairwise(self.cuts):
            yield Line(self.name, self.places[first : last + 1], [0, last - first])


def evenly(line: Line, step_m: float) -> tuple[list[float], list[Place]]:
    """Places every `step_m` metres or a little less."""
    along = line.along()
    count = max(1, math.ceil(along[-1] / step_m))
    wanted = [along[-1] * i / count for i in range(count + 1)]
    return wanted, [_at(line.places, along, metres) for metres in wanted]


def as_imported(line: Line) -> tuple[list[float], list[Place]]:
    """Every drawn place, and more in between where they are far apart."""
    along, metres = line.along(), [0.0]
    for a, b in pairwise(along):
        count = max(1, math.ceil((b - a) / IMPORT_STEP_M))
        metres += [a + (b - a) * i / count for i in range(1, count + 1)]
    return metres, [_at(line.places, along, place) for place in metres]


def _at(places: Sequence[Place], along: Sequence[float], metres: float) -> Place:
    piece = min(max(bisect_right(along, metres) - 1, 0), len(along) - 2)
    length = along[piece + 1] - along[piece]
    share = (metres - along[piece]) / length if length else 0.0
    (lon, lat), (next_lon, next_lat) = places[piece], places[piece + 1]
    return lon + share * (next_lon - lon), lat + share * (next_lat - lat)


def profile(sampled: tuple[list[float], list[Place]], height_at: HeightAt) -> tuple[list[float], list[float]]:
    """Places along a line whose height is known, and those heights."""
    heights = [height_at(*place) for place in sampled[1]]
    known = [(metres, height) for metres, height in zip(sampled[0], heights, strict=True) if height is not None]
    return [metres for metres, _ in known], [height for _, height in known]


class Extract:
    """An OpenStreetMap file: its walkable ways as a graph, and its hiking routes."""

    def __init__(self, path: Path, source: Source) -> None:
        self.places: dict[int, Place] = {}
        self.edges: dict[str, list[tuple[int, int]]] = {}
        for way in source.ways:
            nodes = list(way.node_ids or ())
            self.places.update(zip(nodes, way.line, strict=True))
            self.edges.setdefault(str(way.source), []).extend(pairwise(nodes))
        chains = contracted(noded(source.ways))
        self.junctions = {node for chain in chains for node in (chain.start, chain.end)}
        self.segments = [Line("", chain.line(), []) for chain in chains]
        self.routes = {
            relation.id: (relation.tags.get("name", ""), [m.ref for m in relation.members if m.type == "w"])
            for relation in osmium.FileProcessor(str(path), osmium.osm.RELATION)
            if relation.tags.get("route") in ("hiking", "foot")
        }

    def graph(self, relations: Sequence[int]) -> nx.Graph:
        """The ways of these routes as far as they are connected; of none: all ways."""
        ways = [f"osm way {way}" for relation in relations for way in self.routes[relation][1]]
        graph = nx.Graph()
        for way in ways if relations else self.edges:
            for a, b in self.edges.get(way, ()):
                graph.add_edge(a, b, metres=distance_m(self.places[a], self.places[b]))
        return graph.subgraph(max(nx.connected_components(graph), key=len, default=()))

    def line(self, name: str, nodes: Sequence[int], published: Mapping[str, Any] | None = None) -> Line:
        """A line over these nodes, cut at junctions."""
        inner = [i for i in range(1, len(nodes) - 1) if nodes[i] in self.junctions]
        return Line(name, [self.places[node] for node in nodes], [0, *inner, len(nodes) - 1], published)

    def through(self, route: Mapping[str, Any]) -> Line:
        """The shortest line through the stops of a published route."""
        graph = self.graph(route["relations"])
        stops = [min(graph, key=lambda node: distance_m(self.places[node], stop)) for stop in route["stops"]]
        nodes = [stops[0]]
        for a, b in pairwise(stops):
            nodes += nx.shortest_path(graph, a, b, weight="metres")[1:]
        return self.line(route["name"], nodes, route)

    def long_routes(self) -> list[Line]:
        """Every hiking route from end to end or around, as far as it is connected; none that runs mostly on others."""
        found = sorted(((length, *rest) for length, *rest in self._ends_to_ends()), reverse=True, key=lambda r: r[0])
        taken: set[frozenset[int]] = set()
        lines = []
        for length, name, nodes in found:
            edges = {frozenset(edge) for edge in pairwise(nodes)}
            if length >= LONG_ROUTE_M and len(edges & taken) < len(edges) / 2:
                taken |= edges
                lines.append(self.line(name, nodes))
        return lines

    def _ends_to_ends(self) -> Iterator[tuple[float, str, list[int]]]:
        for relation, (name, _) in self.routes.items():
            graph = self.graph([relation])
            if not len(graph):
                continue
            ends = [node for node in graph if graph.degree(node) == 1]
            if len(ends) > 1:
                lengths, paths = nx.single_source_dijkstra(graph, ends[0], weight="metres")
                nodes = paths[max(ends, key=lambda node: lengths[node])]
            else:
                ring = max(nx.cycle_basis(graph), key=len)
                nodes = [*ring, ring[0]]
            yield nx.path_weight(graph, nodes, "metres"), name, nodes


# --- tables -------------------------------------------------------------------------------------------------------

Terrains = Mapping[bool, HeightAt]  # by whether they are smoothed


def rows(*lines: Sequence[Any]) -> Iterator[str]:
    """A table; its first line is the head."""
    for number, line in enumerate(lines):
        yield "| " + " | ".join(map(str, line)) + " |"
        if number == 0:
            yield "| --- |" + " ---: |" * (len(line) - 1)
    yield ""


def cut(line: Line, method: Method, terrains: Terrains) -> float:
    """The ascent of a line as the sum over its parts, whose ends have whole metres, as an import has it."""
    total = 0.0
    for part in line.parts():
        along, heights = profile(as_imported(part), terrains[method.on_smooth_terrain])
        if heights:
            total += method.ascent(along, [round(heights[0]), *heights[1:-1], round(heights[-1])][: len(heights)])
    return total


def of_spacing(lines: Sequence[Line], terrains: Terrains) -> Iterator[str]:
    """Each method with samples near and far, and with lines cut at junctions."""
    sampled = {step: [evenly(line, step) for line in lines] for step in SPACINGS_M}
    drawn = [as_imported(line) for line in lines]
    table: list[Sequence[Any]] = [
        ["method", *(f"every {step} m" for step in SPACINGS_M), "10 to 100 m apart", "as drawn", "cut at junctions"]
    ]
    for method in METHODS:
        height_at = terrains[method.on_smooth_terrain]
        by_step = [[method.ascent(*profile(line, height_at)) for line in sampled[step]] for step in SPACINGS_M]
        spread = statistics.mean((max(v) - min(v)) / v[0] for v in zip(*by_step, strict=True))
        whole = sum(method.ascent(*profile(line, height_at)) for line in drawn)
        parts = sum(cut(line, method, terrains) for line in lines)
        sums = [f"{sum(each):,.0f}" for each in by_step]
        table.append([method.name, *sums, f"{spread:.1%}", f"{whole:,.0f}", f"{parts:,.0f} ({parts / whole - 1:+.1%})"])
    yield from rows(*table)


def of_published(lines: Sequence[Line], terrains: Terrains) -> Iterator[str]:
    """Published ascents beside ours; ours are sums over segments, as they are served."""
    methods = (METHODS[0], BEFORE, OURS, SECOND)
    table: list[Sequence[Any]] = [["route", "km", "published km", "published", *(method.name for method in methods)]]
    sums = [0.0] * len(methods)
    for line in lines:
        assert line.published is not None
        ascents = [cut(line, method, terrains) for method in methods]
        sums = [a + b for a, b in zip(sums, ascents, strict=True)]
        link = f"[{line.published['ascent_m']:,}]({line.published['source']})"
        cells = [f"{a:,.0f} ({a / line.published['ascent_m'] - 1:+.0%})" for a in ascents]
        table.append([line.name, f"{line.along()[-1] / 1000:.1f}", line.published["km"], link, *cells])
    published = sum(line.published["ascent_m"] for line in lines if line.published)
    table.append(["all", "", "", f"{published:,}", *(f"{a:,.0f} ({a / published - 1:+.1%})" for a in sums)])
    yield from rows(*table)


def of_tracks(paths: Sequence[Path]) -> Iterator[str]:
    """Tracks with the heights they bring along, with every, every second and every third of their positions."""
    methods = (METHODS[0], BEFORE, OURS, SECOND)
    table: list[Sequence[Any]] = [["track", "km", *(f"{method.name}; 1/2, 1/3" for method in methods)]]
    sums = [[0.0] * 3 for _ in methods]
    for path in sorted(paths):
        for way in read_gpx(path).ways:
            heights = [height for height in way.heights or () if height is not None]
            if len(heights) < len(way.line):
                continue
            along = Line("", list(way.line), []).along()
            each = [[method.ascent(along[::n], heights[::n]) for n in (1, 2, 3)] for method in methods]
            sums = [[a + b for a, b in zip(x, y, strict=True)] for x, y in zip(sums, each, strict=True)]
            table.append([path.stem, f"{along[-1] / 1000:.0f}", *map(_thinned, each)])
    yield from rows(*table, ["all", "", *map(_thinned, sums)])


def _thinned(ascents: Sequence[float]) -> str:
    return f"{ascents[0]:,.0f}; " + ", ".join(f"{ascent / ascents[0] - 1:+.0%}" for ascent in ascents[1:])


def of_lines(path: Path, height_at: HeightAt) -> Iterator[str]:
    """Lines whose ascent somebody else has told, on the same terrain."""
    features = [f for f in json.loads(path.read_text("utf-8"))["features"] if f["geometry"]["type"] == "LineString"]
    lines = [Line("", [(p[0], p[1]) for p in f["geometry"]["coordinates"]], []) for f in features]
    profiles = [profile(as_imported(line), height_at) for line in lines]
    pairs = [(f["properties"]["ele_gain"], p) for f, p in zip(features, profiles, strict=True) if len(p[1]) > 1]
    theirs = sum(gain for gain, _ in pairs)
    ends = sum(max(0.0, heights[-1] - heights[0]) for _, (_, heights) in pairs)
    table: list[Sequence[Any]] = [
        ["method", "m up", "against `ele_gain`"],
        ["`ele_gain` of the file", f"{theirs:,.0f}", ""],
    ]
    for method in METHODS:
        if not method.on_smooth_terrain:
            ours = sum(method.ascent(along, heights) for _, (along, heights) in pairs)
            table.append([method.name, f"{ours:,.0f}", f"{ours / theirs - 1:+.1%}"])
    yield from rows(*table, ["ends alone", f"{ends:,.0f}", f"{ends / theirs - 1:+.1%}"])


def of_surveyed(path: Path, extract: Extract, height_at: HeightAt) -> Iterator[str]:
    """Passes and peaks on ways, with a height in the data, and what the terrain model says of them."""
    off: dict[str, list[float]] = {"saddle": [], "peak": []}
    for node in osmium.FileProcessor(str(path), osmium.osm.NODE).with_filter(osmium.filter.KeyFilter("ele")):
        kind = node.tags.get("natural", "")
        place = extract.places.get(node.id)
        model = height_at(*place) if place and kind in off else None
        try:
            off[kind].append(model - float(node.tags["ele"])) if model is not None else None
        except ValueError:
            continue  # a height that is no number
    table: list[Sequence[Any]] = [["on a way", "number", "model less height, median", "standard deviation"]]
    for kind, each in off.items():
        table.append([kind, len(each), f"{statistics.median(each):+.0f} m", f"{statistics.stdev(each):.0f} m"])
    yield from rows(*table)


class Pair(NamedTuple):
    """A segment's ascent by the second method, by ours, and unsmoothed."""

    second: float
    ours: float
    before: float


def of_segments(segments: Sequence[Line], terrains: Terrains) -> tuple[list[Pair], list[str]]:
    """Every segment of the network, by the method used and by the second one."""
    pairs, long, seconds, samples = [], [], 0.0, 0
    for line in segments:
        along, heights = profile(as_imported(line), terrains[False])
        if len(heights) > 1:
            pair = Pair(*(method.ascent(along, heights) for method in (SECOND, OURS, BEFORE)))
            pairs.append(pair)
            long += [pair] if along[-1] >= LONG_SEGMENT_M else []
            samples += len(heights)
            began = time.perf_counter()
            smoothed(along, heights)
            seconds += time.perf_counter() - began
    sums = Pair(*(sum(each) for each in zip(*pairs, strict=True)))
    more, more_before = (f"{up / sums.second - 1:+.1%}" for up in (sums.ours, sums.before))
    off = sorted(abs(pair.ours - pair.second) for pair in long)
    off_before = sorted(abs(pair.before - pair.second) for pair in long)
    half, most = len(long) // 2, len(long) * 9 // 10
    text = [
        f"{len(pairs):,} segments: {sums.ours:,.0f} m up by the method used, {sums.second:,.0f} m by the second one "
        f"({more}), {sums.before:,.0f} m unsmoothed ({more_before}).",
        f"{len(long)} of them are {LONG_SEGMENT_M / 1000:g} km or longer. There the method used and the second one "
        f"differ by {off[half]:.1f} m in the median and by at most {off[most]:.0f} m in nine of ten; unsmoothed by "
        f"{off_before[half]:.1f} m and {off_before[most]:.0f} m.",
        f"Smoothing took {1e6 * seconds / samples:.1f} µs a sample ({samples:,} samples).",
        "",
    ]
    return long, text


# --- the picture --------------------------------------------------------------------------------------------------


def drawn(pairs: Sequence[Pair]) -> Drawing:
    """Each long segment as two dots: unsmoothed and smoothed against the second method, on logarithmic axes."""
    size, edge, low, high = 460.0, 60.0, 3.0, 1500.0
    drawing = Drawing(size + 2 * edge, size + 2 * edge, "Ascent of segments by two methods")

    def at(x: float, y: float) -> Place:
        def part(value: float) -> float:
            return math.log(min(max(value, low), high) / low) / math.log(high / low)

        return edge + size * part(x), edge + size * (1 - part(y))

    for tick in (3, 10, 30, 100, 300, 1000):
        drawing.line([at(tick, low), at(tick, high)], "thin")
        drawing.line([at(low, tick), at(high, tick)], "thin")
        drawing.text((at(tick, low)[0], edge + size + 18), f"{tick:,}", "small")
        drawing.text((edge - 8, at(low, tick)[1] + 4), f"{tick:,}", "small", "end")
    drawing.line([at(low, low), at(high, high)], "dashed")
    for pair in pairs:
        drawing.dot(at(pair.second, pair.before), 2.2, "dot-b")
    for pair in pairs:
        drawing.dot(at(pair.second, pair.ours), 2.2, "dot-a")
    drawing.text((edge + size / 2, edge + size + 40), f"metres up, the least within ±{OFF_BY_M:g} m of the samples")
    drawing.text((edge, 22), f"metres up, segments of {LONG_SEGMENT_M / 1000:g} km and more", "", "start")
    drawing.dot((edge + 6, 38), 4, "dot-a")
    drawing.text((edge + 16, 42), f"{OURS.name}", "small", "start")
    drawing.dot((edge + 250, 38), 4, "dot-b")
    drawing.text((edge + 260, 42), f"{BEFORE.name}, unsmoothed", "small", "start")
    return drawing


# --- the command --------------------------------------------------------------------------------------------------


def main() -> int:
    """Run the command; returns the exit code."""
    options = _options()
    where = about()
    machine = f"Python {where['python']}, {where['cores']} cores of {where['cpu']}"
    print(f"{where['date'][:10]}, commit {where['commit']}, {machine}\n")
    height_at = read_elevation([options.elevation])
    terrains = {False: height_at, True: on_smooth_terrain(height_at)}
    extract = Extract(options.osm, read_osm(options.osm))
    routes = extract.long_routes()
    km = sum(line.along()[-1] for line in routes) / 1000
    cuts = sum(len(line.cuts) - 1 for line in routes)
    print(f"## {len(routes)} hiking routes, {km:.0f} km, {cuts} segments: metres up\n")
    print("\n".join(of_spacing(routes, terrains)))
    if options.routes:
        listed = json.loads(options.routes.read_text("utf-8"))["routes"]
        print("## Published ascents\n")
        print("\n".join(of_published([extract.through(route) for route in listed], terrains)))
    if options.tracks:
        print("## Recorded heights\n")
        print("\n".join(of_tracks(options.tracks)))
    if options.lines:
        print(f"## {options.lines.name}\n")
        print("\n".join(of_lines(options.lines, read_elevation([options.lines_elevation]))))
    print("## Passes and peaks\n")
    print("\n".join(of_surveyed(options.osm, extract, height_at)))
    print("## Segments\n")
    pairs, text = of_segments(extract.segments, terrains)
    print("\n".join(text))
    if options.svg:
        options.svg.write_text(str(drawn(pairs)), "utf-8")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.ascent", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--osm", type=Path, required=True, help="an extract with hiking routes")
    parser.add_argument("--elevation", type=Path, required=True, help="heights for it")
    parser.add_argument("--routes", type=Path, help="JSON: published ascents")
    parser.add_argument("--tracks", type=Path, nargs="*", default=[], help="GPX files with heights")
    parser.add_argument("--lines", type=Path, help="GeoJSON: lines with `ele_gain`")
    parser.add_argument("--lines-elevation", type=Path, help="heights for those")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="draw segments by two methods there")
    options = parser.parse_args()
    if options.lines and not options.lines_elevation:
        parser.error("--lines needs --lines-elevation")
    return options


if __name__ == "__main__":
    sys.exit(main())
