"""The bound by linear programming holds for every loop: by brute force, on sums of cycles and on real instances."""

from __future__ import annotations

import itertools
import json
import random
import time
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver import Edge, LoopProblem, Network
from solver.cuts import (
    Graph,
    Resource,
    capacity_rows,
    connectivity_rows,
    distances,
    far_rows,
    parity_rows,
)
from solver.instances import read_instance
from solver.relaxation import Relaxation, relax

pytest.importorskip("highspy", reason="needs the extra `prove`")


def soon(seconds: float = 30) -> float:
    return time.perf_counter() + seconds


def is_loop(problem: LoopProblem, times: tuple[int, ...]) -> bool:
    """Whether a walk that passes each edge so often is a loop that keeps all limits."""
    edges = problem.network.edges
    length = sum(t * e.length for t, e in zip(times, edges, strict=True))
    if not any(times) or not problem.min_length <= length <= problem.max_length:
        return False
    graph = nx.MultiGraph()
    for t, e in zip(times, edges, strict=True):
        graph.add_edges_from([(e.u, e.v)] * t)
    if any(degree % 2 for _, degree in graph.degree()) or not nx.is_connected(graph):
        return False
    if not set(problem.trailheads) & set(graph) or not set(problem.via) <= set(graph):
        return False
    if problem.max_ascent is not None:
        climb = sum(t * e.climb for t, e in zip(times, edges, strict=True))
        if climb > 2 * problem.max_ascent:
            return False
    again = sum(e.length for t, e in zip(times, edges, strict=True) if t == 2)
    if problem.max_repeat_share is not None and again > Decimal(str(problem.max_repeat_share)) * length:
        return False
    if problem.roads is not None and problem.max_road_share is not None:
        road = sum(t * r for t, r in zip(times, problem.roads, strict=True))
        return road <= Decimal(str(problem.max_road_share)) * length
    return True


def objective(problem: LoopProblem, times: tuple[int, ...]) -> int:
    edges = problem.network.edges
    again = problem.repeat_costs or [0] * len(edges)
    earned = sum(worth for worth, t in zip(problem.earnings(), times, strict=True) if t)
    earned -= sum(cost for cost, t in zip(again, times, strict=True) if t == 2)
    return problem.value(earned, sum(t * e.length for t, e in zip(times, edges, strict=True)))


def loops(problem: LoopProblem) -> Iterator[tuple[int, ...]]:
    """All loops, as the times each edge is walked, by brute force."""
    every = itertools.product((0, 1, 2), repeat=len(problem.network.edges))
    return (times for times in every if is_loop(problem, times))


def charged(relaxation: Relaxation, times: tuple[int, ...] | list[int]) -> int:
    """The most that objective x scale can be for a walk that passes each edge so often."""
    return relaxation.ceiling - sum(charge[y] for charge, y in zip(relaxation.charges, times, strict=True))


@st.composite
def problems(draw: st.DrawFn, most_edges: int = 7) -> LoopProblem:
    """Networks with everything a problem can have."""
    nodes = draw(st.integers(2, 6))
    heights = draw(st.lists(st.integers(0, 50), min_size=nodes, max_size=nodes))
    node = st.integers(0, nodes - 1)
    edges = []
    for u, v in draw(st.lists(st.tuples(node, node), min_size=1, max_size=most_edges)):
        more, rise = draw(st.integers(0, 10)), heights[v] - heights[u]
        edges.append(
            Edge(u, v, draw(st.integers(0, 20)), draw(st.integers(-5, 20)), max(0, rise) + more, max(0, -rise) + more)
        )
    per_edge = {"min_size": len(edges), "max_size": len(edges)}
    shortest = draw(st.integers(0, 60))
    longest = shortest + draw(st.integers(0, 60))
    return LoopProblem(
        Network(edges, nodes),
        draw(st.sets(node, min_size=1, max_size=3)),
        min_length=shortest,
        max_length=longest,
        max_ascent=draw(st.none() | st.integers(0, 200)),
        target=draw(st.none() | st.integers(0, 120)),
        overlength_cost=draw(st.integers(0, 3)),
        preferences=draw(st.none() | st.lists(st.integers(-5, 5), **per_edge)),
        repeat_costs=draw(st.none() | st.lists(st.integers(0, 10), **per_edge)),
        via=draw(st.sets(node, max_size=2)),
        max_repeat_share=draw(st.none() | st.sampled_from([0.0, 0.2, 0.29, 1 / 3])),
        roads=draw(st.lists(st.integers(0, 20), **per_edge)),
        max_road_share=draw(st.none() | st.sampled_from([0.0, 0.3, 0.55])),
    )


@settings(max_examples=400, deadline=None)
@given(problems())
def test_no_loop_beats_the_bound_or_what_its_decisions_are_charged(problem: LoopProblem) -> None:
    found = relax(problem, range(len(problem.network.edges)), deadline=soon())
    assert all(charge >= 0 for three in found.charges for charge in three)
    for times in loops(problem):
        assert found.bound is not None
        value = objective(problem, times)
        assert value <= found.bound
        assert value * found.scale <= charged(found, times)


@settings(max_examples=200, deadline=None)
@given(problems(), st.data())
def test_what_is_ruled_out_is_in_no_better_loop(problem: LoopProblem, data: st.DataObject) -> None:
    """Also where the known objective is one that no loop reaches, or all do."""
    every = [(times, objective(problem, times)) for times in loops(problem)]
    known = data.draw(st.sampled_from([value + more for _, value in every for more in (-1, 0)] or [0]))
    found = relax(problem, range(len(problem.network.edges)), deadline=soon(), at_least=known)
    for times, value in every:
        if value > known:
            assert found.bound is not None
            assert value <= found.bound
            assert value * found.scale <= charged(found, times)
            assert all(a >> y & 1 for a, y in zip(found.allowed(known), times, strict=True))
            assert all(useful for useful, y in zip(found.still_useful(known), times, strict=True) if y)


@settings(max_examples=300, deadline=None)
@given(problems(most_edges=6), st.data())
def test_rows_that_any_values_break_hold_for_every_loop(problem: LoopProblem, data: st.DataObject) -> None:
    """Whatever the values are that rows are looked for with; a linear program's are rarely as odd."""
    ends = [(edge.u, edge.v) for edge in problem.network.edges]
    share = st.sampled_from([0.0, 0.2, 0.5, 0.7, 1.0])
    values = data.draw(st.lists(share, min_size=2 * len(ends), max_size=2 * len(ends)))
    root = ends[0][0]
    graph = Graph.of(ends)
    lengths = [edge.length for edge in problem.network.edges]
    near = distances(graph, lengths, [root], [True] * len(ends))
    length = Resource(lengths, problem.max_length, near)
    rows = [
        *parity_rows(graph, values),
        *far_rows(graph, length, 10, values),
        *capacity_rows(graph, root, length, values),
        *connectivity_rows(graph, root, frozenset(), values, exactly=False),
        *connectivity_rows(graph, root, frozenset(), values, exactly=True),
    ]
    assert all(row.broken_by(values) > 0 for row in rows)
    for times in loops(replace(problem, trailheads=[root])):
        walked = [float(part) for y in times for part in (y > 0, y > 1)]
        assert all(row.broken_by(walked) <= 0 for row in rows)


# --- networks that can be worked out by hand


def trail(u: int, v: int, length: int) -> Edge:
    """A segment whose every metre earns one point."""
    return Edge(u, v, length, length)


def test_a_far_triangle_is_not_had_by_halves() -> None:
    """0 --3-- 1, then a triangle 1 2 3 of 6 km: 12 km in all, of which 9 km count.

    Up to 11 km there is only out and back, so at most half the metres count; out and back is 3 + 2 km.
    """
    network = Network([trail(0, 1, 3000), trail(1, 2, 2000), trail(2, 3, 2000), trail(3, 1, 2000)])
    found = relax(LoopProblem(network, [0], min_length=4_000, max_length=11_000), range(4), deadline=soon())
    assert found.bound == 5_500
    assert found.allowed(5_000)[2] == 0b001  # 2 - 3 is out of reach for out and back, 3 + 2 + 2 km away
    assert (
        relax(LoopProblem(network, [0], min_length=4_000, max_length=12_000), range(4), deadline=soon()).bound == 9_000
    )


def test_that_there_is_no_loop_is_proven() -> None:
    """0 --3-- 1, then a triangle 1 2 3 of 6 km; 4 - 5 lies apart."""
    network = Network([trail(0, 1, 3000), trail(1, 2, 2000), trail(2, 3, 2000), trail(3, 1, 2000), trail(4, 5, 1000)])
    apart = LoopProblem(network, [4], min_length=3_000, max_length=30_000)  # 4 - 5 makes 2 km
    assert relax(apart, range(5), deadline=soon()).bound is None
    missed = LoopProblem(network, [0], min_length=3_000, max_length=9_000, via=[2])  # 5 km away
    assert relax(missed, range(5), deadline=soon()).bound is None
    # over the stick twice, so at least 3 of 12 km are walked again
    again = LoopProblem(network, [0], min_length=3_000, max_length=30_000, max_repeat_share=0.2)
    assert relax(again, range(5), deadline=soon()).bound is None


def test_a_bridge_is_walked_twice_or_not_at_all() -> None:
    """The bridge 2 - 3 joins two triangles of 3 km; without repetition only the one at the trailhead is left."""
    sides = [trail(a, b, 1000) for a, b in ((0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 5), (5, 3))]
    problem = LoopProblem(Network(sides), [0], min_length=0, max_length=7_500, max_repeat_share=0.0)
    assert relax(problem, range(7), deadline=soon()).bound == 3_000


def test_the_only_better_loop_is_not_ruled_out_and_no_loop_as_good_is_better() -> None:
    network = Network([trail(0, 1, 1000), trail(1, 2, 1000), trail(2, 0, 1000)])
    problem = LoopProblem(network, [0], min_length=2_500, max_length=3_000)
    found = relax(problem, range(3), deadline=soon(), at_least=2_999)
    assert found.bound == 3_000
    assert all(allowed & 0b010 for allowed in found.allowed(2_999))
    assert relax(problem, range(3), deadline=soon(), at_least=3_000).bound is None


def test_no_edges_no_loop() -> None:
    problem = LoopProblem(Network([trail(0, 1, 1000)]), [0], min_length=0, max_length=100)
    assert relax(problem, [], deadline=soon()).bound is None


def test_without_time_the_bound_is_poor_but_holds() -> None:
    network = Network([trail(0, 1, 1000), trail(1, 2, 1000), trail(2, 0, 1000)])
    found = relax(LoopProblem(network, [0], min_length=0, max_length=2_000), range(3), deadline=soon(-1))
    assert (found.bound, charged(found, (2, 0, 0))) == (3_000, 3_000 * found.scale - found.charges[1][0] * 2)


# --- larger ones


def grid(draw: random.Random) -> Network:
    """A grid of 49 junctions with gaps, some doubled segments and many dead ends."""
    graph = nx.convert_node_labels_to_integers(nx.grid_2d_graph(7, 7))
    pairs = [pair for pair in graph.edges if draw.random() < 0.85]
    pairs += draw.sample(pairs, 5) + [(node, 49 + node) for node in draw.sample(range(49), 12)]
    return Network([(u, v, draw.randint(50, 150), draw.randint(-20, 150)) for u, v in pairs])


def closed_walk(network: Network, start: int, draw: random.Random) -> list[int] | None:
    """A sum of cycles, joined to the start by branches that are walked twice; None where they cannot be joined."""
    number = {frozenset(edge[:2]): e for e, edge in enumerate(network.edges)}
    graph = nx.Graph((edge.u, edge.v, {"length": edge.length}) for edge in network.edges)
    times = [0] * len(network.edges)
    cycles = nx.cycle_basis(graph)
    for cycle in draw.sample(cycles, draw.randint(1, 4)):
        for u, v in zip(cycle, [*cycle[1:], cycle[0]], strict=True):
            times[number[frozenset((u, v))]] ^= 1
    walked = nx.Graph(edge[:2] for edge, y in zip(network.edges, times, strict=True) if y)
    for part in nx.connected_components(walked):
        if not nx.has_path(graph, start, min(part)):
            return None
        way = nx.shortest_path(graph, start, min(part), "length")
        for u, v in itertools.pairwise(way):
            times[number[frozenset((u, v))]] = times[number[frozenset((u, v))]] or 2
    return times


@pytest.mark.parametrize("seed", range(6))
def test_sums_of_cycles_and_branches_keep_to_the_charges(seed: int) -> None:
    draw = random.Random(seed)
    network = grid(draw)
    start = draw.randrange(49)
    problem = LoopProblem(network, [start], min_length=300, max_length=2_500)
    edges = range(len(network.edges))
    found = relax(problem, edges, deadline=soon(10))
    walks = [walk for _ in range(300) if (walk := closed_walk(network, start, draw))]
    lengths = [sum(y * edge.length for y, edge in zip(walk, network.edges, strict=True)) for walk in walks]
    kept = [tuple(walk) for walk, length in zip(walks, lengths, strict=True) if 300 <= length <= 2_500]
    assert len(kept) > 20
    assert found.bound is not None
    assert found.bound < sum(max(0, edge.score) for edge in network.edges)
    values = [objective(problem, walk) for walk in kept]
    assert all(v * found.scale <= charged(found, walk) for v, walk in zip(values, kept, strict=True))
    # with a middling one known, the better ones are still spoken of
    known = sorted(values)[len(values) // 2]
    better = relax(problem, edges, deadline=soon(10), at_least=known)
    for walk, value in zip(kept, values, strict=True):
        if value > known:
            assert value * better.scale <= charged(better, walk)
            assert all(a >> y & 1 for a, y in zip(better.allowed(known), walk, strict=True))


REAL = (
    "andorra-scenic-ascent-05km-1021",
    "andorra-trail-fixed-15km-1226",
    "andorra-trail-free-05km-1236",
    "krems-scenic-fixed-03km-82",
)


@pytest.mark.data
@pytest.mark.parametrize("name", REAL)
def test_best_loops_known_of_real_instances_keep_to_the_bound(trail_data: Path, name: str) -> None:
    file = trail_data.parent / "bench" / "instances" / f"{name}.json"
    if not file.is_file():
        pytest.skip(f"no benchmark instance {file}")
    instance = read_instance(file)
    walk = json.loads(file.read_text("utf-8"))["reference"]["solution"]["walk"]
    edges = range(len(instance.problem.network.edges))
    times = tuple(walk.count(e) for e in edges)
    value = objective(instance.problem, times)
    found = relax(instance.problem, edges, deadline=soon(10), at_least=value - 1)
    assert found.bound is not None
    assert value <= found.bound < 1.15 * value
    assert value * found.scale <= charged(found, times)
