"""Least-cost paths of the sample region, against networkx."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from random import Random

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgenie.importing.sample_paths import Ground, Link, Plan, Web, make_ground, neighbours
from loopgenie.importing.sample_terrain import Terrain, fractal


def a_ground(seed: int, side: int = 14, lakes: Sequence[list[int]] = (), relief_m: float = 800) -> Ground:
    heights = [relief_m * v for v in fractal(Random(seed), side, octaves=2, roughness=0.7)]
    still = [-1] * (side * side)
    return make_ground(Random(seed), Terrain(side, heights, still, [1] * (side * side), list(lakes)))


def cost_graph(ground: Ground, costs: Sequence[Sequence[float]]) -> nx.Graph:
    graph = nx.Graph()
    for direction, charge in enumerate(costs):
        for base, cost in enumerate(charge):
            if cost < float("inf"):
                graph.add_edge(*ground.ends(4 * base + direction), cost=cost)
    return graph


def test_every_point_has_its_eight_neighbours_and_none_beyond_the_rim():
    side = 14
    graph = cost_graph(a_ground(0), a_ground(0).length)
    expected = {
        frozenset((r * side + c, (r + dr) * side + c + dc))
        for r in range(side)
        for c in range(side)
        for dr, dc in ((0, 1), (1, 0), (1, 1), (1, -1))
        if r + dr < side and 0 <= c + dc < side
    }
    assert {frozenset(edge) for edge in graph.edges} == expected


def test_nobody_walks_on_water():
    lake = [6 * 14 + 6, 6 * 14 + 7, 7 * 14 + 6]
    ground = a_ground(0, lakes=[lake])
    graph = cost_graph(ground, ground.length)
    assert not set(lake) & set(graph)
    assert len(graph) == 14 * 14 - len(lake)


def test_points_are_pushed_about_but_never_past_one_another():
    ground, side = a_ground(3), 14
    for row in range(side):
        assert all(a < b for a, b in pairwise(ground.x[row * side : row * side + side]))
    for column in range(side):
        assert all(a < b for a, b in pairwise(ground.y[column::side]))
    assert max(ground.x) == max(ground.y) == 100 * (side - 1)
    assert min(ground.x) == min(ground.y) == 0


@given(st.integers(0, 50))
def test_steep_ways_cost_more_than_flat_ones(seed: int):
    ground = a_ground(seed, side=8)
    graph = cost_graph(ground, ground.costs(easy_grade=0.1, side_slope=0.0))
    for a, b, cost in graph.edges(data="cost"):
        edge = ground.edge(a, b)
        grade2, metres = ground.grade2[edge % 4][edge // 4], ground.length[edge % 4][edge // 4]
        # at a grade of 0.1 the cost has doubled: 1 + (grade / 0.1)^2 per metre, times the whim of the place
        assert cost == pytest.approx(metres * (1 + 100 * grade2) * ground.whim[min(edge // 4, 63)])


@given(st.integers(0, 50), st.lists(st.integers(0, 14 * 14 - 1), min_size=2, max_size=6, unique=True))
def test_the_flood_finds_the_nearest_place_and_the_cheapest_links(seed: int, places: list[int]):
    ground = a_ground(seed)
    costs = ground.costs(easy_grade=0.15, side_slope=0.6)
    graph = cost_graph(ground, costs)
    found = neighbours(ground, costs, places)
    far = [nx.single_source_dijkstra_path_length(graph, place, weight="cost") for place in places]
    for i in graph:
        assert far[found.owner[i]][i] == pytest.approx(min(d[i] for d in far))
    assert [link[0] for link in found.links] == sorted(link[0] for link in found.links)
    for cost, a, b in found.links:
        meets = [
            far[x][i] + c + far[y][j]
            for i, j, c in graph.edges(data="cost")
            for x, y in ((found.owner[i], found.owner[j]),)
            if {x, y} == {a, b}
        ]
        assert cost == pytest.approx(min(meets))
    together = nx.Graph()
    together.add_nodes_from(range(len(places)))
    together.add_edges_from((a, b) for _, a, b in found.links)
    assert nx.is_connected(together)


@given(st.integers(0, 30), st.integers(0, 14 * 14 - 1), st.integers(0, 14 * 14 - 1))
def test_a_trace_over_gentle_ground_is_a_cheapest_path(seed: int, start: int, end: int):
    ground = a_ground(seed, relief_m=80)
    costs = ground.costs(easy_grade=0.15, side_slope=0.6)
    path = Web(ground, costs).trace(start, end, [0] * (14 * 14), (0,))
    graph = cost_graph(ground, costs)
    assert (path[0], path[-1]) == (start, end)
    cost = nx.path_weight(graph, path, "cost")
    assert cost == pytest.approx(nx.dijkstra_path_length(graph, start, end, weight="cost"))


@given(st.integers(0, 30), st.integers(0, 14 * 14 - 1), st.integers(0, 14 * 14 - 1))
def test_a_trace_over_steep_ground_does_not_cross_itself_on_a_cell(seed: int, start: int, end: int):
    ground = a_ground(seed, relief_m=3000)
    path = Web(ground, ground.costs(easy_grade=0.06, side_slope=1.5)).trace(start, end, [0] * (14 * 14), (0,))
    assert (path[0], path[-1]) == (start, end)
    assert len(set(path)) == len(path)
    cells = [min(a, b) - (abs(a - b) == 13) for a, b in pairwise(path) if abs(a - b) in (13, 15)]
    assert len(set(cells)) == len(cells)


def test_a_trace_stays_on_the_ground_of_its_places():
    """Ground of place 0 to the west, of place 1 to the east, and a strip of nobody's in between."""
    ground, side = a_ground(0), 14
    web = Web(ground, ground.costs(easy_grade=0.15, side_slope=0.6))
    owner = [0 if i % side < 6 else 1 if i % side > 7 else 2 for i in range(side * side)]
    assert web.trace(0, side - 1, owner, (0, 1)) == []
    path = web.trace(0, 5 * side + 5, owner, (0, 1))
    assert {owner[i] for i in path} == {0}


@given(st.integers(0, 10_000))
def test_paths_never_cross_but_at_points_and_merge_with_what_is_there(seed: int):
    ground, rng, side = a_ground(seed % 7), Random(seed), 14
    web = Web(ground, ground.costs(easy_grade=0.15, side_slope=0.6))
    for number in range(6):
        start, end = rng.randrange(side * side), rng.randrange(side * side)
        before = dict(web.laid)
        web.lay(web.trace(start, end, [0] * (side * side), (0,)), number, pull=0.5)
        assert web.laid.items() >= before.items()
    # the two diagonals of a cell: north-east from its corner, north-west from the point to the east of that
    north_east = {edge // 4 for edge in web.laid if edge % 4 == 2}
    north_west = {edge // 4 - 1 for edge in web.laid if edge % 4 == 3}
    assert not north_east & north_west


def test_a_shortcut_of_a_few_edges_is_left_out_only_if_asked():
    """
    24 - 25 - 26      a path from 0 over 24 and 26 to 2 is there (rows of 12 points); the direct way 0 - 1 - 2
    |         |       would close a loop of 2 + 6 edges
    12        14
    |         |
    0 .. 1 .. 2
    """
    for shortcuts in (True, False):
        ground = a_ground(0, side=12)
        web = Web(ground, ground.costs(easy_grade=0.15, side_slope=0.6))
        web.lay([0, 12, 24, 25, 26, 14, 2], 0, pull=0.5)
        web.lay([0, 1, 2], 1, pull=0.5, shortcuts=shortcuts)
        assert Counter(web.laid.values()) == ({0: 6, 1: 2} if shortcuts else {0: 6})


def test_a_dead_end_of_a_few_edges_is_no_shortcut():
    ground = a_ground(0, side=12)
    web = Web(ground, ground.costs(easy_grade=0.15, side_slope=0.6))
    web.lay([0, 1, 2, 3], 0, pull=0.5)
    web.lay([2, 14, 26], 1, pull=0.5, shortcuts=False)
    assert Counter(web.laid.values()) == {0: 3, 1: 2}


LINKS = st.dictionaries(
    st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda pair: pair[0] < pair[1]),
    st.integers(1, 100).map(float),
    min_size=1,
).map(lambda links: sorted((cost, a, b) for (a, b), cost in links.items()))


@given(LINKS, st.floats(1.0, 4.0))
def test_a_plan_leaves_out_only_links_that_it_can_do_without(links: list[Link], detour: float):
    plan = Plan(links, 8, detour)
    kept = nx.Graph()
    kept.add_nodes_from(range(8))
    kept.add_weighted_edges_from((a, b, cost) for cost, a, b in links if (a, b) in plan.pairs)
    for cost, a, b in links:
        assert nx.dijkstra_path_length(kept, a, b) <= detour * cost * (1 + 1e-9)


@given(LINKS)
def test_without_a_limit_to_detours_a_plan_is_a_minimum_spanning_tree(links: list[Link]):
    graph = nx.Graph()
    graph.add_weighted_edges_from((a, b, cost) for cost, a, b in links)
    plan = Plan(links, 8, float("inf"))
    assert sum(graph.edges[pair]["weight"] for pair in plan.pairs) == nx.minimum_spanning_tree(graph).size("weight")


def test_the_way_between_two_places_of_a_plan():
    """
    0 --1-- 1
    |       |     0 to 3: 1 + 1 + 1 = 3 over 1 and 2, against 4 directly; 4 is left out at a detour of 1
    4       1
    |       |
    3 --1-- 2
    """
    plan = Plan([(1.0, 0, 1), (1.0, 1, 2), (1.0, 2, 3), (4.0, 0, 3)], 4, 1.0)
    assert plan.pairs == [(0, 1), (1, 2), (2, 3)]
    assert plan.way(0, 3) == [(0, 1), (1, 2), (2, 3)]
    assert plan.way(3, 0) == [(2, 3), (1, 2), (0, 1)]
    assert plan.way(0, 3, limit=2.5) == []
