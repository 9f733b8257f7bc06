"""Each move of the search on random networks: what it leaves behind is a closed walk, what it undoes was never there.

Compiled, the kernel hides its moves from Python, so these tests run the same source as plain Python.
"""

from __future__ import annotations

import functools
import importlib.util
import re
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple
from unittest import mock

import networkx as nx
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from solver import Edge, LoopProblem, Network, violations
from solver.walks import closed_walk

SOURCE = Path(__file__).parents[2] / "solver" / "kernel.py"
#: A move changes the walk and returns 1, or returns 0 and wants to be undone.
MOVES = re.findall(r"def (_move\w*)\(self\) -> cython.int", SOURCE.read_text("utf-8"))
#: Moves in a row on one walk.
MOST_MOVES = 12

QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@functools.cache
def interpreted() -> ModuleType:
    """The kernel's source as plain Python, as on a machine without Cython."""
    spec = importlib.util.spec_from_file_location("interpreted_moves", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with mock.patch.dict(sys.modules, {"cython": None}):
        spec.loader.exec_module(module)
    return module


class Walk(NamedTuple):
    """All that a kernel knows about its walk, without the order in which it keeps the edges."""

    times: dict[int, int]
    ends: list[int]  # of each node: how many walked edges end there
    touched: list[int]  # of each kind of wanted node: how many the walk touches
    length: int
    score: int  # less the repeat costs
    climb: int
    road: int
    repeated: int


def kept(kernel: Any) -> Walk:
    """What the kernel has added up, move by move."""
    edges = list(kernel.walk[: kernel.walk_size])
    assert [kernel.place[e] for e in edges] == list(range(len(edges)))
    return Walk(
        {e: kernel.y[e] for e in sorted(edges)},
        list(kernel.ends),
        list(kernel.touched),
        kernel.total_length,
        kernel.total_score,
        kernel.total_climb,
        kernel.total_road,
        kernel.total_repeat,
    )


def counted(problem: LoopProblem, kernel: Any) -> Walk:
    """The same, from how often each edge is walked and from nothing else."""
    edges = problem.network.edges
    times = {e: kernel.y[e] for e in range(len(edges)) if kernel.y[e]}
    ends = Counter(node for e in times for node in set(edges[e][:2]))
    wanted = [set(problem.trailheads), *({node} for node in problem.via)]
    return Walk(
        times,
        [ends[node] for node in range(problem.network.node_count)],
        [len(nodes & ends.keys()) for nodes in wanted],
        sum(edges[e].length * y for e, y in times.items()),
        sum(edges[e].score - (problem.repeat_costs[e] if y == 2 else 0) for e, y in times.items()),
        sum(edges[e].climb * y for e, y in times.items()),
        sum(problem.roads[e] * y for e, y in times.items()),
        sum(edges[e].length for e, y in times.items() if y == 2),
    )


def assert_closed(problem: LoopProblem, walk: Walk) -> None:
    """Each edge once or twice, even at every node, in one piece: then it can be walked in a circle (Euler)."""
    graph = nx.MultiGraph()
    for e, y in walk.times.items():
        assert y in (1, 2)
        graph.add_edges_from([problem.network.edges[e][:2]] * y)
    assert not walk.times or nx.is_eulerian(graph)


@st.composite
def problems(draw: st.DrawFn) -> LoopProblem:
    """Up to 14 edges between up to 7 nodes, self-loops and parallel ones among them, and all kinds of limits."""
    nodes = draw(st.integers(1, 7))
    node = st.integers(0, nodes - 1)
    heights = draw(st.lists(st.integers(0, 50), min_size=nodes, max_size=nodes))
    edges = []
    for u, v in draw(st.lists(st.tuples(node, node), min_size=1, max_size=14)):
        more = draw(st.integers(0, 10))
        up, down = max(0, heights[v] - heights[u]) + more, max(0, heights[u] - heights[v]) + more
        edges.append(Edge(u, v, draw(st.integers(0, 20)), draw(st.integers(-9, 20)), up, down))
    each = {"min_size": len(edges), "max_size": len(edges)}
    low = draw(st.integers(0, 80))
    share = st.none() | st.sampled_from([0.0, 0.1, 0.29, 0.5])
    return LoopProblem(
        Network(edges, nodes),
        draw(st.sets(node, min_size=1, max_size=3)),
        min_length=low,
        max_length=low + draw(st.integers(0, 60)),
        max_ascent=draw(st.none() | st.integers(0, 150)),
        repeat_costs=draw(st.lists(st.integers(0, 9), **each)),
        via=draw(st.sets(node, max_size=2)),
        max_repeat_share=draw(share),
        roads=draw(st.lists(st.integers(0, 20), **each)),
        max_road_share=draw(share),
    )


def parts(share: float | None) -> int:
    """A share as the kernel takes it."""
    return -1 if share is None else round(share * interpreted().SHARE_PARTS)


def started(problem: LoopProblem, seed: int) -> Any:
    """A kernel with a first walk at hand, empty where no way leads to a trailhead and all via nodes."""
    edges = problem.network.edges
    tails, heads, lengths, scores, _, _ = zip(*edges, strict=True)
    kernel = interpreted().Kernel(
        problem.network.node_count,
        tails,
        heads,
        lengths,
        scores,
        problem.repeat_costs,
        [edge.climb for edge in edges],
        problem.roads,
        problem.trailheads,
        problem.via,
        min_length=problem.min_length,
        max_length=problem.max_length,
        target=problem.max_length,
        overlength_cost=0,
        max_climb=-1 if problem.max_ascent is None else 2 * problem.max_ascent,
        repeat_limit=parts(problem.max_repeat_share),
        road_limit=parts(problem.max_road_share),
        slots=1,
        seed=seed,
    )
    kernel.start(0, problem.trailheads[seed % len(problem.trailheads)], 1 + seed % 2, 40, 100)
    kernel.changes = 0
    return kernel


def test_there_are_moves() -> None:
    """A change of their signature must not leave the tests below without any."""
    assert len(MOVES) >= 3
    assert {name for name in dir(interpreted().Kernel) if name.startswith("_move")} == set(MOVES)


@pytest.mark.parametrize("move", MOVES)
@QUICK
@given(problem=problems(), seed=st.integers(0, 2**32))
def test_move_leaves_a_closed_walk_or_is_undone(move: str, problem: LoopProblem, seed: int) -> None:
    kernel = started(problem, seed)
    for _ in range(MOST_MOVES):
        before = kept(kernel)
        fine = getattr(kernel, move)()
        assert kept(kernel) == counted(problem, kernel)
        if fine:
            assert_closed(problem, kept(kernel))
        if fine and kernel._touch_wanted():
            after = kept(kernel)
            assert after == counted(problem, kernel)
            assert_closed(problem, after)
            assert min(after.touched) > 0
            kernel.changes = 0
        else:
            kernel._undo()
            assert kernel.changes == 0
            assert kept(kernel) == before


@pytest.mark.parametrize("move", MOVES)
def test_move_can_succeed_and_be_undone(move: str) -> None:
    """On a grid, where there is something to do for each: the properties above are not met by doing nothing."""
    edges = [Edge(4 * y + x, 4 * y + x + 1, 10, 10) for y in range(4) for x in range(3)]
    edges += [Edge(4 * y + x, 4 * y + x + 4, 10, 10) for y in range(3) for x in range(4)]
    problem = LoopProblem(
        Network(edges), {0}, min_length=0, max_length=200, repeat_costs=[1] * len(edges), roads=[0] * len(edges)
    )
    made = 0
    for seed in range(40):
        kernel = started(problem, seed)
        before = kept(kernel)
        if getattr(kernel, move)():
            made += kept(kernel) != before
            kernel._undo()
            assert kept(kernel) == before
    assert made > 0


def take_up(kernel: Any, start: int, circuit: Sequence[int]) -> None:
    """Make a circuit the cycle at hand; cycles are made of three paths and an edge at most."""
    assume(len(circuit) <= 3 * kernel.n)
    kernel.cycle_start, kernel.cycle_size = start, len(circuit)
    for position, e in enumerate(circuit):
        kernel.cycle[position] = e


@QUICK
@given(problem=problems(), seed=st.integers(0, 2**32), steps=st.lists(st.integers(0, 10**6), min_size=1, max_size=12))
def test_toggling_any_circuit_leaves_a_closed_walk(problem: LoopProblem, seed: int, steps: list[int]) -> None:
    """A circuit that touches the walk is toggled; what breaks apart is put together again along the circuit."""
    kernel = started(problem, seed)
    before = kept(kernel)
    assume(before.times)
    start, circuit = wander(problem, kernel, steps)
    take_up(kernel, start, circuit)
    fine = kernel._toggle_cycle()
    assert kept(kernel) == counted(problem, kernel)
    # it can only fail by leaving nothing
    assert bool(fine) == bool(kept(kernel).times)
    assert_closed(problem, kept(kernel))
    kernel._undo()
    assert kept(kernel) == before


def wander(problem: LoopProblem, kernel: Any, steps: list[int]) -> tuple[int, list[int]]:
    """A node of the walk and a circuit of at most 12 edges from there; back the way it came where it does not close."""
    edges = problem.network.edges
    start = here = edges[kernel.walk[0]].u
    circuit: list[int] = []
    closed = 0
    for step in steps:
        links = [e for e, edge in enumerate(edges) if here in edge[:2]]
        e = links[step % len(links)]
        circuit.append(e)
        here = edges[e].u + edges[e].v - here
        if here == start:
            closed = len(circuit)
    return start, (circuit[:closed] if closed else circuit[:6] + circuit[:6][::-1])


@QUICK
@given(problem=problems(), seed=st.integers(0, 2**32), dropped=st.integers(0, 2**14))
def test_reconnecting_walks_only_dropped_edges_twice(problem: LoopProblem, seed: int, dropped: int) -> None:
    """Some edges of the walk's own circuit are dropped; walking some of them twice puts the rest together again."""
    kernel = started(problem, seed)
    before = kept(kernel)
    assume(before.times)
    loop = closed_walk(problem, before.times)
    take_up(kernel, loop.start, loop.walk)
    gone = [e for e in before.times if dropped >> e & 1 and before.times[e] == 2]
    for e in gone:
        kernel._change(e, 0)
    left = kept(kernel)
    fine = kernel._reconnect()
    after = kept(kernel)
    assert after == counted(problem, kernel)
    assert bool(fine) == bool(left.times)
    assert_closed(problem, after)
    assert after.times.items() - left.times.items() <= {(e, 2) for e in gone}
    assert left.times.items() <= after.times.items()
    kernel._undo()
    assert kept(kernel) == before


@QUICK
@given(problem=problems(), seed=st.integers(0, 2**32))
def test_first_walk_touches_all_that_is_wanted(problem: LoopProblem, seed: int) -> None:
    kernel = started(problem, seed)
    walk = kept(kernel)
    assert walk == counted(problem, kernel)
    assert_closed(problem, walk)
    assert not walk.times or min(walk.touched) > 0


@QUICK
@given(problem=problems(), seed=st.integers(0, 2**32), moves=st.integers(0, 60))
def test_best_walk_of_a_run_is_a_valid_loop(problem: LoopProblem, seed: int, moves: int) -> None:
    kernel = started(problem, seed)
    kernel.anneal(0, moves, 2000, 500)
    assert kept(kernel) == counted(problem, kernel)
    if best := kernel.best_of(0):
        loop = closed_walk(problem, best)
        assert violations(problem, loop) == []
        assert kernel.best_value_of(0) == problem.objective(loop) * interpreted().POINT


@QUICK
@given(problem=problems(), seed=st.integers(0, 2**32), off=st.lists(st.integers(-1, 1), min_size=5, max_size=5))
def test_walk_at_its_limits_is_charged_where_the_referee_objects(
    problem: LoopProblem, seed: int, off: list[int]
) -> None:
    """Limits that a walk just keeps or just misses, by a metre or by a part of 10,000."""
    walk = kept(started(problem, seed))
    assume(walk.length)
    low = max(0, walk.length + off[0])
    tight = replace(
        problem,
        min_length=low,
        max_length=max(low, walk.length + off[1]),
        max_ascent=max(0, walk.climb // 2 + off[2]),
        max_repeat_share=share_near(walk.repeated, walk.length, off[3]),
        max_road_share=share_near(walk.road, walk.length, off[4]),
    )
    kernel = started(tight, seed)
    kernel._clear()
    for e, y in walk.times.items():
        kernel._put(e, y)
    kernel._objective()
    loop = closed_walk(tight, walk.times)
    assert (kernel.excess == 0) == (violations(tight, loop) == [])


def share_near(part: int, whole: int, off: int) -> float:
    return min(max(10_000 * part // whole + off, 0), 10_000) / 10_000
