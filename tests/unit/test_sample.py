"""The sample region: the same everywhere, labelled as made up, and a country one could walk in."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from typing import Any

import networkx as nx
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from loopgenie.errors import InvalidParameters
from loopgenie.geometry import Box, distance_m, line_length_m, nearest_on_line
from loopgenie.importing import sample
from loopgenie.importing.sample import sample_region, sample_source
from loopgenie.importing.source import HeightAt, Source, Way
from loopgenie.store import Point
from loopgenie.ways import ROADS

SETTLEMENTS = {"town", "village", "hamlet"}
_MADE: dict[tuple[int, int], tuple[Source, HeightAt]] = {}


def made(seed: int, size: int) -> tuple[Source, HeightAt]:
    """The same region is made once for all tests."""
    if (seed, size) not in _MADE:
        _MADE[seed, size] = sample_source(seed=seed, size=size)
    return _MADE[seed, size]


@pytest.fixture(params=[(0, 6), (1, 12), (7, 3)], ids=str)
def region(request: pytest.FixtureRequest) -> tuple[Source, HeightAt, int]:
    seed, size = request.param
    return *made(seed, size), size


@pytest.fixture
def source(region: tuple[Source, HeightAt, int]) -> Source:
    return region[0]


def is_trail(way: Way) -> bool:
    return way.kind not in ROADS


def kilometres(ways: list[Way]) -> float:
    return sum(line_length_m(way.line) for way in ways) / 1000


def graph_of(source: Source) -> nx.MultiGraph:
    """Way ends as nodes. Ways of the sample meet at their ends only, which a test below makes sure of."""
    graph = nx.MultiGraph()
    for way in source.ways:
        graph.add_edge(way.node_ids[0], way.node_ids[-1], way=way)
    return graph


def fingerprint(source: Source, height_at: HeightAt) -> str:
    """Of all that is in a region; written out, so that a new field of a record does not change it."""
    told = [
        *(
            (list(w.line), list(w.node_ids), w.kind.value, w.name, w.surface, w.difficulty, w.source)
            for w in source.ways
        ),
        *((p.kind, p.name, p.lon, p.lat, p.elevation_m, p.population) for p in source.points),
        *((a.lon, a.lat, a.kind, a.name) for a in source.accesses),
        *(round(height_at(*position), 3) for way in source.ways for position in way.line),
    ]
    return hashlib.sha256(repr(told).encode()).hexdigest()


# -- the same everywhere -----------------------------------------------------------------------------------------------


def test_the_bytes_of_a_region_never_change():
    # The same with Python 3.11, 3.12 and 3.13. A change of the generator changes it: that is worth a line of changelog.
    assert fingerprint(*made(0, 6)) == "328bd22b49ed1054565ca9514e8480218ac2d6b25a689e06c17414badd1f74fd"


def test_made_twice_it_is_the_same():
    assert fingerprint(*sample_source(seed=3, size=4)) == fingerprint(*sample_source(seed=3, size=4))


@pytest.mark.parametrize("other", [{"seed": 4, "size": 4}, {"seed": -3, "size": 4}, {"seed": 3, "size": 5}])
def test_another_seed_or_size_is_another_country(other: dict[str, int]):
    first, second = (sample_source(**kwargs)[0] for kwargs in ({"seed": 3, "size": 4}, other))
    assert {p.name for p in first.points} != {p.name for p in second.points}
    assert [w.line for w in first.ways] != [w.line for w in second.ways]


def test_making_it_needs_only_the_standard_library():
    code = (
        "import sys; from loopgenie.importing.sample import sample_source; sample_source(size=2); "
        "print(*{'numpy', 'shapely', 'rasterio', 'pyproj', 'osmium', 'pyogrio', 'networkx'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""


# -- what may be asked -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 0, -20, 1001, 2.5, True, "20", None])
def test_a_size_out_of_range_is_refused_by_name_and_range(size: Any):
    with pytest.raises(InvalidParameters) as refused:
        sample_source(size=size)
    assert list(refused.value.errors) == ["size"]
    assert "2 to 1000" in str(refused.value) or "whole number" in str(refused.value)


@pytest.mark.parametrize("seed", [1.5, "0", None, False])
def test_a_seed_that_is_no_integer_is_refused(seed: Any):
    with pytest.raises(InvalidParameters, match="seed"):
        sample_source(seed=seed, size=2)


@pytest.mark.parametrize("seed", [-1, 10**30, *range(10)])
def test_the_smallest_region_has_a_village_a_car_park_and_a_loop(seed: int):
    source, _ = sample_source(seed=seed, size=2)
    assert any(p.kind in SETTLEMENTS for p in source.points)
    assert source.accesses
    graph = graph_of(source)
    assert nx.is_connected(graph)
    assert graph.number_of_edges() >= graph.number_of_nodes()  # more than a tree: there is a way round


# -- labelled ----------------------------------------------------------------------------------------------------------


def test_it_says_that_it_is_made_up():
    source, _ = made(0, 6)
    assert source.synthetic
    assert source.attribution == ("Synthetic sample region (seed 0), made by LoopGenie: not a real place",)


def test_it_lies_in_the_open_atlantic_and_is_as_large_as_asked(region: tuple[Source, HeightAt, int]):
    source, _, size = region
    box = Box.around(position for way in source.ways for position in way.line)
    # The nearest land, Graciosa in the Azores, is 650 km to the south.
    assert -31.5 < box.min_lon < -30 < box.max_lon < -28.5
    assert 44 < box.min_lat < 45 < box.max_lat < 46
    across = distance_m((box.min_lon, 45), (box.max_lon, 45)), distance_m((-30, box.min_lat), (-30, box.max_lat))
    assert all(0.5 * size < metres / 1000 <= 1.001 * size for metres in across)


# -- a network ---------------------------------------------------------------------------------------------------------


def test_nodes_are_one_place_and_ways_share_them_at_their_ends_only(source: Source):
    at: dict[int, tuple[float, float]] = {}
    inner: Counter[int] = Counter()
    for way in source.ways:
        assert len(way.node_ids) == len(way.line) >= 2
        for node, position in zip(way.node_ids, way.line, strict=True):
            assert at.setdefault(node, position) == position
        inner.update(way.node_ids[1:-1])
    ends = {node for way in source.ways for node in (way.node_ids[0], way.node_ids[-1])}
    assert all(count == 1 for count in inner.values())
    assert not ends & inner.keys()


def test_ways_meet_nowhere_but_at_nodes(source: Source):
    lines = [shapely.LineString(way.line) for way in source.ways]
    assert all(line.is_simple for line in lines)
    first, second = shapely.STRtree(lines).query(lines, predicate="crosses")
    assert [source.ways[a].source for a, b in zip(first, second, strict=True) if a < b] == []


def test_every_trail_can_be_reached_from_every_village(source: Source):
    graph = graph_of(source)
    assert nx.is_connected(graph)
    ends = [way.line[k] for way in source.ways for k in (0, -1)]
    for place in source.points:
        if place.kind in SETTLEMENTS:
            assert min(distance_m((place.lon, place.lat), end) for end in ends) < 1


@pytest.mark.parametrize(("seed", "size"), [(0, 6), (1, 12), (2, 8), (0, 20)])
def test_most_of_the_trails_lie_on_loops(seed: int, size: int):
    source, _ = made(seed, size)
    graph = graph_of(source)
    between = Counter(frozenset((a, b)) for a, b in graph.edges())
    bridges = {frozenset(pair) for pair in nx.bridges(nx.Graph(graph)) if between[frozenset(pair)] == 1}
    trails = [way for way in source.ways if is_trail(way)]
    on_loops = [way for way in trails if frozenset((way.node_ids[0], way.node_ids[-1])) not in bridges]
    assert kilometres(on_loops) > 0.6 * kilometres(trails)


@pytest.mark.parametrize(("seed", "size"), [(1, 12), (0, 20)])
def test_from_most_trailheads_there_are_short_loops_and_a_large_network_of_loops(seed: int, size: int):
    source, _ = made(seed, size)
    graph = graph_of(source)
    at = {n: p for way in source.ways for n, p in ((way.node_ids[0], way.line[0]), (way.node_ids[-1], way.line[-1]))}
    simple = nx.Graph()
    for a, b, way in graph.edges(data="way"):
        simple.add_edge(a, b, metres=line_length_m(way.line))
    blocks = list(nx.biconnected_component_edges(simple))
    large = max(blocks, key=lambda block: sum(simple.edges[edge]["metres"] for edge in block))
    assert sum(simple.edges[edge]["metres"] for edge in large) > 60_000
    looped = {node for edge in large for node in edge}
    starts = [min(at, key=lambda n: distance_m(at[n], (a.lon, a.lat))) for a in source.accesses]
    assert sum(start in looped for start in starts) > 0.8 * len(starts)
    assert sum(shortest_loop_m(simple, start) < 8_000 for start in starts) > 0.6 * len(starts)


def shortest_loop_m(graph: nx.Graph, start: int) -> float:
    """Of the loops through a node."""
    best = float("inf")
    for neighbour in list(graph[start]):
        metres = graph[start][neighbour]["metres"]
        graph.remove_edge(start, neighbour)
        if nx.has_path(graph, start, neighbour):
            best = min(best, metres + nx.dijkstra_path_length(graph, start, neighbour, weight="metres"))
        graph.add_edge(start, neighbour, metres=metres)
    return best


@pytest.mark.parametrize(("seed", "size"), [(1, 12), (2, 8), (0, 20)])
def test_there_is_a_believable_amount_of_everything(seed: int, size: int):
    source, _ = made(seed, size)
    trails, roads = [w for w in source.ways if is_trail(w)], [w for w in source.ways if not is_trail(w)]
    assert 0.9 < kilometres(trails) / size**2 < 1.6
    assert 0.2 < kilometres(roads) / size**2 < 0.8
    assert len(source.accesses) / size**2 * 100 > 10
    kinds = Counter(p.kind for p in source.points)
    assert all(kinds[kind] for kind in ("village", "peak", "pass", "water", "viewpoint", "locality"))
    assert {way.kind.value for way in source.ways} >= {"path", "track", "minor road", "busy road"}
    assert {way.difficulty for way in trails} >= ({1, 2, 3} if size >= 12 else {1, 2})
    assert all(way.surface for way in source.ways)


def test_lines_are_drawn_finely_but_not_wastefully(source: Source):
    steps = sorted(distance_m(a, b) for way in source.ways for a, b in pairwise(way.line))
    assert 20 < steps[len(steps) // 2] < 60
    assert steps[0] > 0.5
    assert steps[-1] < 250


# -- places ------------------------------------------------------------------------------------------------------------


def test_everything_worth_naming_has_a_name_of_its_own(source: Source):
    names = [p.name for p in source.points]
    assert all(names)
    assert len(set(names)) == len(names)
    parks = [a.name for a in source.accesses]
    assert all(parks)
    assert len(set(parks)) == len(parks)
    trails = [way for way in source.ways if is_trail(way)]
    assert kilometres([way for way in trails if way.name]) > 0.6 * kilometres(trails)


def test_settlements_have_people_and_nothing_else_has(source: Source):
    assert {p.kind in SETTLEMENTS for p in source.points if p.population} == {True}
    assert all(p.population for p in source.points if p.kind in SETTLEMENTS)


def test_car_parks_are_where_a_trail_leaves_a_road(source: Source):
    beside: dict[tuple[float, float], set[bool]] = {}
    for way in source.ways:
        for end in (way.line[0], way.line[-1]):
            beside.setdefault(end, set()).add(is_trail(way))
    assert all(beside[access.lon, access.lat] == {True, False} for access in source.accesses)


def lakes_of(source: Source) -> list[Point]:
    return [p for p in source.points if p.kind == "water" and not p.name.endswith(("Spring", "Well", "Fountain"))]


def test_no_trail_leads_through_a_lake():
    source, _ = made(1, 12)
    assert len(lakes_of(source)) >= 4
    for lake in lakes_of(source):
        assert min(nearest_on_line((lake.lon, lake.lat), way.line).distance_m for way in source.ways) > 30


def test_trails_go_round_most_lakes():
    source, _ = made(0, 20)
    meshes = shapely.polygonize([shapely.LineString(way.line) for way in source.ways]).geoms
    tree, lakes = shapely.STRtree(meshes), lakes_of(source)
    around = [tree.query(shapely.Point(lake.lon, lake.lat), predicate="within") for lake in lakes]
    # The largest lake of 90 points, 9 x 10 in a square, has 4 km of shore; 9 km leave room for a crooked one.
    close = [k for k in around if len(k) and line_length_m(meshes[k[0]].exterior.coords) < 9_000]
    assert len(lakes) >= 15
    assert len(close) > 0.8 * len(lakes)


# -- heights -----------------------------------------------------------------------------------------------------------


def test_heights_are_known_wherever_there_is_a_way_and_believable(region: tuple[Source, HeightAt, int]):
    source, height_at, _ = region
    heights = [height_at(*position) for way in source.ways for position in way.line]
    assert all(height is not None and 400 <= height <= 2600 for height in heights)
    assert max(heights) - min(heights) > 150


def test_points_say_the_height_of_the_field(region: tuple[Source, HeightAt, int]):
    source, height_at, _ = region
    for point in source.points:
        if point.kind != "water":  # the label of a lake is at the middle of the lake
            assert abs(point.elevation_m - height_at(point.lon, point.lat)) < 20
        assert 400 <= point.elevation_m <= 2600


def test_a_peak_is_higher_than_what_is_around_it():
    source, height_at = made(1, 12)
    peaks = [p for p in source.points if p.kind == "peak"]
    assert len(peaks) >= 5
    for peak in peaks:
        around = [height_at(peak.lon + dx, peak.lat + dy) for dx in (-0.004, 0.004) for dy in (-0.003, 0.003)]
        assert peak.elevation_m > sum(around) / 4 + 30


@given(st.floats(-0.07, 0.07), st.floats(-0.05, 0.05), st.floats(-1e-5, 1e-5), st.floats(-1e-5, 1e-5))
def test_the_height_field_is_continuous(x: float, y: float, dx: float, dy: float):
    _, height_at = made(1, 12)
    here, there = height_at(-30 + x, 45 + y), height_at(-30 + x + dx, 45 + y + dy)
    # 1e-5 degrees are 1.1 m at most, and no slope of the field is steeper than 4 m per metre in x and y together.
    assert abs(here - there) < 4 * 2.2


@pytest.mark.parametrize("position", [(-30.2, 45), (-29.8, 45), (-30, 45.2), (-30, 44.8), (0, 0), (float("nan"), 45)])
def test_there_is_no_height_outside(position: tuple[float, float]):
    assert made(1, 12)[1](*position) is None


# -- the region that is stored -----------------------------------------------------------------------------------------


def test_the_region_is_ready_to_be_stored_and_tells_how_far_it_is():
    told: list[tuple[str, int, int]] = []
    region = sample_region(seed=0, size=6, progress=lambda *what: told.append(what))
    source, _ = made(0, 6)
    assert region.name == "sample"
    assert region.synthetic
    assert region.attribution == tuple(source.attribution)
    assert all(junction.elevation_m is not None for junction in region.junctions)
    assert all(segment.core.ascent_m is not None for segment in region.segments)
    assert len(region.trailheads) == len(source.accesses)
    walked = sum(segment.core.length_m for segment in region.segments) / 1000
    assert walked == pytest.approx(kilometres(source.ways), rel=1e-3)
    assert ("shaping the land", 58, 58) in told
    assert any(what == "laying trails" and done == total > 0 for what, done, total in told)


# -- countries of several blocks ---------------------------------------------------------------------------------------


@pytest.fixture
def blocks(monkeypatch: pytest.MonkeyPatch) -> tuple[Source, HeightAt]:
    """3 x 3 blocks of 8 km."""
    monkeypatch.setattr(sample, "LARGEST_PIECE_KM", 8)
    monkeypatch.setattr(sample, "BLOCK_KM", 8)
    return sample_source(seed=2, size=24)


def test_a_country_of_blocks_is_as_large_as_asked_and_hangs_together(blocks: tuple[Source, HeightAt]):
    source, _ = blocks
    assert len(source.ways) % 9 == len(source.accesses) % 9 == len(source.points) % 9 == 0
    assert len({access.name for access in source.accesses}) == len(source.accesses)
    box = Box.around(position for way in source.ways for position in way.line)
    across = distance_m((box.min_lon, box.min_lat), (box.max_lon, box.min_lat))
    assert 0.8 * 24_000 < across <= 1.01 * 24_000
    # a road out of a block goes on in the next one; so small a block has two such roads only
    parts = sorted(map(len, nx.connected_components(graph_of(source))))
    assert parts[-1] > 3 * sum(parts) / 9


def test_a_node_is_in_one_place_whatever_block_it_is_drawn_in(blocks: tuple[Source, HeightAt]):
    source, _ = blocks
    where: dict[int, tuple[float, float]] = {}
    for way in source.ways:
        for node, place in zip(way.node_ids, way.line, strict=True):
            assert where.setdefault(node, place) == place
    assert len(set(where.values())) >= len(where) - 20  # hairpins may touch


def test_heights_have_no_step_at_a_border(blocks: tuple[Source, HeightAt]):
    source, height_at = blocks
    middle = Box.around(position for way in source.ways for position in way.line)
    lat = (middle.min_lat + middle.max_lat) / 2
    border = -30.0 + 4_000 / 78_847  # between the middle block and the one east of it
    heights = [height_at(border + metres / 78_847, lat) for metres in (-300, -1, 0, 1, 300)]
    assert heights[0] == pytest.approx(heights[4], abs=0.5)  # mirror images
    assert heights[1] == pytest.approx(heights[2], abs=1) == pytest.approx(heights[3], abs=1)
