"""The exact program against brute force; bounds that hold even where there is little room."""

from __future__ import annotations

import importlib.util
import itertools
import sys
import types
from dataclasses import replace
from pathlib import Path

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import solver.exact
from solver import Edge, LoopProblem, Network
from solver.exact import Exact, Room
from solver.merging import PLACE, Merger
from solver.prove import exists, nearest_lengths, prove
from solver.reach import part_in_reach
from solver.search import Search
from solver.verify import violations
from solver.walks import closed_walk

PLENTY = Room(states=100_000, labels=20_000, prices=8, orders=8)
SOURCE = Path(__file__).parents[2] / "solver" / "frontier.py"


def always() -> bool:
    return True


@st.composite
def problems(draw: st.DrawFn, most_edges: int = 8) -> LoopProblem:
    """Networks with self-loops, parallel edges and several parts, and every kind of limit."""
    nodes = draw(st.integers(2, 6))
    count = draw(st.integers(1, most_edges))
    heights = draw(st.lists(st.integers(0, 30), min_size=nodes, max_size=nodes))
    edges = []
    for _ in range(count):
        u, v = draw(st.integers(0, nodes - 1)), draw(st.integers(0, nodes - 1))
        more = draw(st.integers(0, 10))
        up, down = max(0, heights[v] - heights[u]) + more, max(0, heights[u] - heights[v]) + more
        edges.append(Edge(u, v, draw(st.integers(0, 20)), draw(st.integers(-5, 20)), up, down))
    low = draw(st.integers(0, 60))
    share = st.none() | st.sampled_from([0.0, 0.3])
    each = {"min_size": count, "max_size": count}
    return LoopProblem(
        Network(edges, nodes),
        draw(st.sets(st.integers(0, nodes - 1), min_size=1, max_size=3)),
        min_length=low,
        max_length=low + draw(st.integers(0, 30)),
        max_ascent=draw(st.none() | st.integers(0, 100)),
        target=draw(st.none() | st.integers(0, 80)),
        overlength_cost=draw(st.integers(0, 2)),
        preferences=draw(st.none() | st.lists(st.integers(-9, 9), **each)),
        repeat_costs=draw(st.none() | st.lists(st.integers(0, 9), **each)),
        via=draw(st.sets(st.integers(0, nodes - 1), max_size=2)),
        max_repeat_share=draw(share),
        roads=[e.length // 2 for e in edges],
        max_road_share=draw(share),
    )


def every_walk(problem: LoopProblem) -> dict[tuple[int, ...], int]:
    """The objective of every loop there is, by the times that it walks each edge."""
    edges = problem.network.edges
    values = {}
    for times in itertools.product((0, 1, 2), repeat=len(edges)):
        length = sum(t * e.length for t, e in zip(times, edges, strict=True))
        if not any(times) or not problem.min_length <= length <= problem.max_length:
            continue
        graph = nx.MultiGraph()
        for t, e in zip(times, edges, strict=True):
            graph.add_edges_from([(e.u, e.v)] * t)
        if not nx.is_connected(graph) or any(degree % 2 for _, degree in graph.degree()):
            continue
        if not set(problem.trailheads) & set(graph):
            continue
        loop = closed_walk(problem, {e: t for e, t in enumerate(times) if t})
        if not violations(problem, loop):
            values[times] = problem.objective(loop)
    return values


@settings(max_examples=80, deadline=None)
@given(problems(most_edges=6), st.booleans())
def test_finds_what_brute_force_finds(problem: LoopProblem, knows: bool) -> None:
    best = max(every_walk(problem).values(), default=None)
    known = best - 1 if knows and best is not None else None
    outcome = Exact(problem, range(len(problem.network.edges)), 4).solve(known, PLENTY, always)
    assert outcome is not None
    assert outcome.bound == best
    if best is None:
        assert outcome.times is None
        return
    assert outcome.reached == best
    assert outcome.times is not None
    loop = closed_walk(problem, outcome.times)
    assert violations(problem, loop) == []
    assert problem.objective(loop) == best


@settings(max_examples=80, deadline=None)
@given(problems(most_edges=6), st.sampled_from([16, 40, 200]), st.sampled_from([1, 3, 10]))
def test_bounds_hold_with_little_room(problem: LoopProblem, states: int, labels: int) -> None:
    best = max(every_walk(problem).values(), default=None)
    outcome = Exact(problem, range(len(problem.network.edges)), 2).solve(None, Room(states, labels, 2, 2), always)
    assert outcome is not None
    if best is not None:
        assert outcome.bound is not None
        assert outcome.bound >= best
    if outcome.times is not None:
        loop = closed_walk(problem, outcome.times)
        assert violations(problem, loop) == []
        assert problem.objective(loop) == outcome.reached


@settings(max_examples=60, deadline=None)
@given(problems(most_edges=6), st.integers(-8000, 8000), st.integers(0, 3000))
def test_every_price_gives_a_bound(problem: LoopProblem, length_price: int, climb_price: int) -> None:
    """Lagrange: whatever a metre costs, the bound holds for every loop."""
    best = max(every_walk(problem).values(), default=None)
    exact = Exact(problem, range(len(problem.network.edges)), 2)
    if not exact.possible:
        assert best is None
        return
    exact.program.explore(-(10**6), 10**5, always)
    found = exact.program.price(length_price, climb_price)
    if found is None:
        assert best is None
    elif best is not None:
        assert found[0] >= best * 4096


@settings(max_examples=60, deadline=None)
@given(problems(most_edges=6))
def test_proofs_agree_with_brute_force(problem: LoopProblem) -> None:
    best = max(every_walk(problem).values(), default=None)
    for known in {None, best, None if best is None else best - 2}:
        outcome = prove(problem, range(len(problem.network.edges)), at_least=known, deadline=1e12)
        assert outcome.bound == best
        if known is not None and known == best:
            assert outcome.reached is None


@settings(max_examples=40, deadline=None)
@given(problems(most_edges=6))
def test_nearest_lengths_agree_with_brute_force(problem: LoopProblem) -> None:
    edges = range(len(problem.network.edges))
    wide = replace(problem, min_length=0, max_length=2 * problem.max_length)
    lengths = {
        sum(t * e.length for t, e in zip(times, problem.network.edges, strict=True)) for times in every_walk(wide)
    }
    below = max((x for x in lengths if 0 < x < problem.min_length), default=None)
    above = min((x for x in lengths if x > problem.max_length), default=None)
    assert nearest_lengths(problem, edges, always) == (below, above)
    assert exists(problem, edges, always) == bool(every_walk(problem))


def test_shares_with_many_digits_are_kept_to_the_last() -> None:
    """A ring of 4 km with a stick of 1 km: 1 of 6 km is walked again; a share just below 1/6 forbids that."""
    network = Network([(0, 1, 1000, 1000), (1, 2, 2000, 2000), (2, 1, 2000, 2000)])
    for share, best in ((0.16666666, None), (0.16666667, 5000)):
        problem = LoopProblem(network, {0}, min_length=6_000, max_length=6_000, max_repeat_share=share)
        outcome = Exact(problem, range(3), 2).solve(None, PLENTY, always)
        assert outcome is not None
        assert outcome.reached == best
        assert (outcome.bound or 0) >= (best or 0)


def ladder(rungs: int) -> Network:
    """Two rails of unequal steps with rungs between them: width 3, many loops."""
    edges = []
    for i in range(rungs):
        edges.append(Edge(2 * i, 2 * i + 1, 90 + i * 7 % 13, 80 + i * 5 % 17, i % 3, i % 3))
        if i + 1 < rungs:
            edges += [
                Edge(2 * i, 2 * i + 2, 100 + i % 7, 95 + i * 3 % 11, 2, 1),
                Edge(2 * i + 1, 2 * i + 3, 104 - i % 5, 99 - i * 2 % 9, 1, 2),
            ]
    return Network(edges)


def test_long_ladders_are_narrow_and_solved() -> None:
    """
    0---2---4--- ...     a walk of about 3 km from 0 along 40 rungs: the frontier never holds more than a few nodes,
    |   |   |            so that 118 edges, 3^118 ways to walk them, are no matter
    1---3---5--- ...
    """
    problem = LoopProblem(ladder(40), {0}, min_length=2_700, max_length=3_300)
    edges = range(len(problem.network.edges))
    exact = Exact(problem, edges, 20)
    assert exact.width <= 5
    outcome = exact.solve(None, PLENTY, always)
    assert outcome is not None
    assert outcome.reached == outcome.bound
    # no sum of cycles of networkx's basis that passes 0 is better
    graph = nx.Graph((e.u, e.v, {"id": i}) for i, e in enumerate(problem.network.edges))
    for cycle in nx.cycle_basis(graph, 0):
        ids = {graph.edges[a, b]["id"] for a, b in zip(cycle, [*cycle[1:], cycle[0]], strict=True)}
        away = nx.shortest_path(graph, 0, min(cycle))
        branch = {graph.edges[a, b]["id"] for a, b in itertools.pairwise(away)} - ids
        loop = closed_walk(problem, dict.fromkeys(ids, 1) | dict.fromkeys(branch, 2))
        if not violations(problem, loop):
            assert loop.score <= outcome.bound


def test_a_place_grows_no_further_than_the_network() -> None:
    # a triangle, opened up as often as seconds of search do: the place grew by a 32nd each time, beyond 32 bits
    problem = LoopProblem(Network([(0, 1, 1, 1), (1, 2, 1, 1), (2, 0, 1, 1)]), [0], min_length=3, max_length=3)
    search = Search(problem, part_in_reach(problem), 0)
    merger = Merger(problem, search.kernel, search.part.edges, worthless=set(), keep_going=lambda: True)
    for _ in range(1000):
        merger.open_up({0: 1, 1: 1, 2: 1})
    assert merger.place == PLACE


def test_time_that_runs_out_gives_nothing() -> None:
    problem = LoopProblem(ladder(40), {0}, min_length=2_700, max_length=3_300)
    ticks = iter([True] * 30)
    assert Exact(problem, range(118), 4).solve(None, PLENTY, lambda: next(ticks, False)) is None


def test_scores_beyond_64_bits_are_refused() -> None:
    edges = [(0, 1, 5, 10**9)] * 200_000
    with pytest.raises(OverflowError, match="add up to 2000000"):
        Exact(LoopProblem(Network(edges), {0}, min_length=0, max_length=10), range(200_000), 1)


@pytest.fixture
def interpreted(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """The program's source as plain Python."""
    spec = importlib.util.spec_from_file_location("interpreted_frontier", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "cython", None)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("room", [PLENTY, Room(400, 20, 4, 4)])
def test_compiled_and_interpreted_agree(
    room: Room, interpreted: types.ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = LoopProblem(ladder(8), {0, 5}, min_length=700, max_length=900, max_ascent=12, max_repeat_share=0.2)
    edges = range(len(problem.network.edges))
    compiled = Exact(problem, edges, 6).solve(None, room, always)
    monkeypatch.setattr(solver.exact, "Program", interpreted.Program)
    plain = Exact(problem, edges, 6).solve(None, room, always)
    assert plain == compiled
    assert plain is not None
    assert plain.bound is not None
