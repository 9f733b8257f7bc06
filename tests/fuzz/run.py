"""Random networks with random limits against the solver.

    python tests/fuzz/run.py                          10,000 problems
    python tests/fuzz/run.py --count 300 --first 5000
    python tests/fuzz/run.py --only 4711              one of them again, shown

Each problem follows from its number. Its answer has to please the referee and to be consistent in itself; where the
network is tiny, it is compared with all closed walks there are, and elsewhere many problems are drawn around a random
closed walk, so that there is a loop and the solver may not deny it, nor claim a bound below it.
"""

# ruff: noqa: T201

from __future__ import annotations

import argparse
import functools
import importlib.util
import itertools
import math
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any
from unittest import mock

import solver.reach
import solver.search
from solver import Edge, Loop, LoopProblem, Network, Result, Status, solve, violations
from solver.problem import LIMIT

#: Up to so many edges all closed walks are looked at.
TINY = 8
#: Every so many problems the optimum is to be proven, and the interpreted kernel has to give the same answer.
PROVE_EVERY, INTERPRET_EVERY = 10, 50
#: Seconds for a proof; on a tiny network it takes milliseconds, and has to be finished on a busy machine, too.
PROOF_SECONDS, TINY_PROOF_SECONDS = 0.15, 10.0
#: Of any two loops of an answer, neither shares more of its length with the other.
MOST_SHARED = Fraction(6, 10)

Ends = list[tuple[int, int]]
Times = Mapping[int, int]  # of each edge walked: once or twice


# --- networks


def tree(random: Random, size: int) -> Ends:
    return [(random.randrange(node), node) for node in range(1, size + 1)]


def cactus(random: Random, size: int) -> Ends:
    """Rings and sticks, each hung to a node there is."""
    ends: Ends = []
    nodes = 1
    while len(ends) < size:
        around = min(random.choice((0, 1, 1, 2, 4)), size - len(ends) - 1)
        path = [random.randrange(nodes), *range(nodes, nodes + around)]
        # a ring of one node is a self-loop; an odd number draws a stick instead
        ends += itertools.pairwise([*path, path[0]] if random.randrange(3) or not around else path)
        nodes += around
    return ends


def grid(random: Random, size: int) -> Ends:
    width = max(2, math.isqrt(size // 2))
    nodes = [(x, y) for y in range(width) for x in range(width)]
    ends = [(y * width + x, y * width + x + 1) for x, y in nodes if x + 1 < width]
    ends += [(y * width + x, (y + 1) * width + x) for x, y in nodes if y + 1 < width]
    return random.sample(ends, len(ends) - random.randrange(len(ends) // 4 + 1))


def bundle(random: Random, size: int) -> Ends:
    """Few nodes, many parallel edges and self-loops."""
    nodes = random.randint(1, max(1, size // 3))
    return [(random.randrange(nodes), random.randrange(nodes)) for _ in range(size)]


def scattered(random: Random, size: int) -> Ends:
    """Points in the plane, each joined to its nearest ones."""
    points = [(random.randrange(1000), random.randrange(1000)) for _ in range(2 + size // 3)]
    ends = set()
    for i, point in enumerate(points):
        near = sorted(range(len(points)), key=lambda j: math.dist(point, points[j]))
        ends |= {(min(i, j), max(i, j)) for j in near[1 : 1 + random.randint(1, 4)]}
    return sorted(ends)[:size]


def apart(random: Random, size: int) -> Ends:
    """Two networks that are not connected, and a node that no edge leads to."""
    one, other = (random.choice(CONNECTED)(random, max(1, size // 2)) for _ in range(2))
    shift = 2 + max(max(pair) for pair in one)
    return one + [(u + shift, v + shift) for u, v in other]


CONNECTED: tuple[Callable[[Random, int], Ends], ...] = (tree, cactus, grid, bundle, scattered)


def draw_network(random: Random) -> Network:
    shape = random.choice((*CONNECTED, apart))
    ends = shape(random, random.randint(1, TINY) if random.random() < 0.4 else random.randint(TINY + 1, 60))
    heights = [random.randrange(random.choice((1, 400))) for _ in range(2 + max(max(pair) for pair in ends))]
    least, most = random.choice(((1, 20), (100, 1500), (0, 3), (0, 10**8), (10**8, 10**9)))
    worths = random.choice(((1, 1), (0, 1), (-1, 1), (-1, 0)))
    odd_heights = random.random() < 0.1
    edges = []
    for u, v in ends:
        length = random.randint(least, most)
        rise, more = heights[v] - heights[u], random.randrange(20)
        up, down = max(0, rise) + more, max(0, -rise) + more
        if odd_heights:
            up += random.randrange(50)
        edges.append(Edge(u, v, length, round(length * random.uniform(*worths)), up, down))
    return Network(edges, len(heights))


# --- closed walks, as {edge: times walked}


@dataclass(frozen=True)
class Figures:
    """What the limits of a problem speak of, summed over a closed walk."""

    length: int
    climb: int
    repeated: int
    road: int
    value: int
    nodes: frozenset[int]


def figures(problem: LoopProblem, times: Times) -> Figures:
    edges = problem.network.edges
    length = sum(edges[e].length * y for e, y in times.items())
    value = sum(edges[e].score for e in times)
    if problem.preferences is not None:
        value += sum(problem.preferences[e] for e in times)
    if problem.repeat_costs is not None:
        value -= sum(problem.repeat_costs[e] for e, y in times.items() if y == 2)
    if problem.target is not None and length > problem.target:
        value -= problem.overlength_cost * (length - problem.target)
    return Figures(
        length,
        # of a self-loop the one direction is taken that is recorded
        sum(
            (2 * edges[e].up if edges[e].u == edges[e].v else edges[e].up + edges[e].down) * y for e, y in times.items()
        ),
        sum(edges[e].length for e, y in times.items() if y == 2),
        0 if problem.roads is None else sum(problem.roads[e] * y for e, y in times.items()),
        value,
        frozenset(node for e in times for node in edges[e][:2]),
    )


def keeps_limits(problem: LoopProblem, walk: Figures) -> bool:
    """Whether a closed walk keeps all limits but the window."""
    return (
        bool(walk.nodes & set(problem.trailheads))
        and walk.nodes >= set(problem.via)
        and (problem.max_ascent is None or walk.climb <= 2 * problem.max_ascent)
        and _within_share(problem.max_repeat_share, walk.repeated, walk.length)
        and _within_share(problem.max_road_share, walk.road, walk.length)
    )


def _within_share(share: float | None, part: int, whole: int) -> bool:
    return share is None or part <= Fraction(str(share)) * whole


def in_window(problem: LoopProblem, walk: Figures) -> bool:
    return problem.min_length <= walk.length <= problem.max_length


def closed_walks(network: Network) -> Iterator[Times]:
    """All there are: even at every node, in one piece, no edge more than twice."""
    edges = network.edges
    for count in range(len(edges) + 1):
        for once in itertools.combinations(range(len(edges)), count):
            ends = Counter(node for e in once for node in edges[e][:2])
            if any(n % 2 for n in ends.values()):
                continue
            rest = [e for e in range(len(edges)) if e not in once]
            for twice in itertools.chain.from_iterable(itertools.combinations(rest, n) for n in range(len(rest) + 1)):
                times = dict.fromkeys(once, 1) | dict.fromkeys(twice, 2)
                if times and _in_one_piece(network, times):
                    yield times


def _in_one_piece(network: Network, times: Times) -> bool:
    pieces: list[set[int]] = []
    for e in times:
        ends = set(network.edges[e][:2])
        joined = [piece for piece in pieces if piece & ends]
        pieces = [piece for piece in pieces if not piece & ends] + [ends.union(*joined)]
    return len(pieces) == 1


def best_value(problem: LoopProblem) -> int | None:
    """The objective of the best loop by looking at all closed walks; None where there is none."""
    walks = (figures(problem, times) for times in closed_walks(problem.network))
    return max((walk.value for walk in walks if keeps_limits(problem, walk) and in_window(problem, walk)), default=None)


def wander(random: Random, network: Network) -> tuple[int, Times]:
    """A random closed walk: some steps from a random node, and the same way back for lack of a better idea."""
    links: dict[int, list[tuple[int, int]]] = {}
    for number, (u, v, *_) in enumerate(network.edges):
        links.setdefault(u, []).append((number, v))
        links.setdefault(v, []).append((number, u))
    start = here = random.choice(sorted(links))
    steps: list[int] = []
    last_home = 0
    for _ in range(random.randint(1, 30)):
        number, here = random.choice(links[here])
        steps.append(number)
        if here == start:
            last_home = len(steps)
    passes = Counter(steps + steps[last_home:])
    return start, {number: 2 - n % 2 for number, n in passes.items()}


# --- problems


@dataclass(frozen=True)
class Case:
    """A problem, the walk that it was drawn around (None: no walk), and how it is solved."""

    problem: LoopProblem
    planted: Times | None
    iterations: int
    alternatives: int
    prove: bool

    def solve(self) -> Result:
        return solve(
            self.problem,
            iterations=self.iterations,
            alternatives=self.alternatives,
            prove=self.prove,
            time_limit=TINY_PROOF_SECONDS if len(self.problem.network.edges) <= TINY else PROOF_SECONDS,
        )


def draw_limits(random: Random, network: Network) -> dict[str, Any]:
    """Limits and prices, each in one problem of four."""
    edges = network.edges
    total = sum(edge.length for edge in edges)
    largest = max(abs(edge.score) for edge in edges)
    limits: dict[str, Callable[[], object]] = {
        "max_ascent": lambda: random.randrange(600),
        "target": lambda: random.randint(0, min(total, LIMIT)),
        "preferences": lambda: [random.randint(-largest, largest) // 2 for _ in edges],
        "repeat_costs": lambda: [random.randint(0, largest) for _ in edges],
        "max_repeat_share": lambda: random.choice((0.0, 0.1, 0.29, 0.5)),
        "max_road_share": lambda: random.choice((0.0, 0.1, 0.29, 0.5)),
    }
    chosen = {name: draw() for name, draw in limits.items() if random.random() < 0.25}
    roads = [random.choice((0, 0, edge.length // 2, edge.length)) for edge in edges]
    return {**chosen, "roads": roads, "overlength_cost": random.randrange(4)}


def around(random: Random, problem: LoopProblem, times: Times) -> LoopProblem:
    """The problem with limits as wide as this walk needs, often no wider."""
    walk = figures(problem, times)
    below, above = (random.choice((0, walk.length // 10, random.randint(0, walk.length))) for _ in range(2))
    return replace(
        problem,
        min_length=walk.length - below,
        max_length=min(LIMIT, walk.length + above),
        via=random.sample(sorted(walk.nodes), random.choice((0, 0, min(2, len(walk.nodes))))),
        max_ascent=None if problem.max_ascent is None else max(problem.max_ascent, -(-walk.climb // 2)),
        max_repeat_share=_wide_enough(problem.max_repeat_share, walk.repeated, walk.length),
        max_road_share=_wide_enough(problem.max_road_share, walk.road, walk.length),
    )


def _wide_enough(share: float | None, part: int, whole: int) -> float | None:
    return share if share is None or _within_share(share, part, whole) else -(-10_000 * part // whole) / 10_000


def anywhere(random: Random, problem: LoopProblem) -> LoopProblem:
    """The problem with a window and via nodes that may be out of reach."""
    total = sum(edge.length for edge in problem.network.edges)
    low = random.randint(0, min(2 * total, LIMIT))
    nodes = range(problem.network.node_count)
    return replace(
        problem,
        min_length=low,
        max_length=min(LIMIT, low + random.randint(0, 1 + total // 2)),
        via=random.choices(nodes, k=random.choice((0, 0, 0, 1, 2))),
    )


def draw_case(number: int) -> Case:
    """The problem of this number."""
    random = Random(number)
    network = draw_network(random)
    start, times = wander(random, network)
    nodes = range(network.node_count)
    homes = random.choice(([start, *random.choices(nodes, k=random.randrange(3))], nodes))
    problem = LoopProblem(network, homes, min_length=0, max_length=0, **draw_limits(random, network))
    plant = random.random() < 0.6 and figures(problem, times).length <= LIMIT
    return Case(
        around(random, problem, times) if plant else anywhere(random, problem),
        times if plant else None,
        random.choice((0, 300, 1000)),
        random.choice((1, 1, 2, 3)),
        prove=number % PROVE_EVERY == 0,
    )


# --- what has to hold


def examine(number: int) -> tuple[Result, list[str]]:
    """The answer to the problem of this number and everything that is wrong with it; empty where all is well."""
    case = draw_case(number)
    try:
        result = case.solve()
    except Exception as error:
        error.add_note(f"in problem {number}")
        raise
    wrong = [*faults_of_loops(case, result), *faults_of_status(case, result)]
    if len(case.problem.network.edges) <= TINY:
        wrong += faults_against_all_walks(case, result)
    elif case.planted is not None:
        wrong += faults_against_walk(case.problem, result, figures(case.problem, case.planted))
    if number % INTERPRET_EVERY == 0:
        wrong += faults_of_kernels(replace(case, prove=False))
    return result, wrong


def faults_of_loops(case: Case, result: Result) -> Iterator[str]:
    """Each loop is valid, the best comes first, and none is too like another."""
    problem = case.problem
    for loop in result.loops:
        yield from violations(problem, loop)
        said, found = problem.objective(loop), figures(problem, Counter(loop.walk)).value
        if said != found:
            yield f"a loop is worth {found}, not {said}"
    values = [problem.objective(loop) for loop in result.loops]
    if values != sorted(values, reverse=True):
        yield f"the loops are not best first: {values}"
    for one, other in itertools.permutations(result.loops, 2):
        if too_like(problem.network, one, other):
            yield "two of the loops share more than 60 %"


def too_like(network: Network, one: Loop, other: Loop) -> bool:
    """Whether too much of one loop lies on the other, its trails counted once or as often as they are walked."""
    for walk in (one.walk, set(one.walk)):
        shared = sum(network.edges[e].length for e in walk if e in other.walk)
        if shared > MOST_SHARED * sum(network.edges[e].length for e in walk):
            return True
    return False


def faults_of_status(case: Case, result: Result) -> Iterator[str]:
    """Status, bound, loops and reason say the same."""
    best = None if result.loop is None else case.problem.objective(result.loop)
    expected = {
        Status.OPTIMAL: best is not None and best == result.bound,
        Status.FEASIBLE: best is not None and result.bound is not None and best < result.bound,
        Status.INFEASIBLE: best is None and result.bound is None,
        Status.UNKNOWN: best is None and result.bound is not None,
    }
    if not expected[result.status]:
        yield f"{result.status}, but the best loop has {best} and the bound is {result.bound}"
    if (best is None) != bool(result.reason):
        yield f"the best loop has {best}, the reason is {result.reason!r}"


def faults_against_all_walks(case: Case, result: Result) -> Iterator[str]:
    """On a tiny network: no loop is denied or above the bound, and a proof finds the optimum."""
    problem = case.problem
    allowed = [
        walk
        for walk in map(functools.partial(figures, problem), closed_walks(problem.network))
        if keeps_limits(problem, walk)
    ]
    fitting = [walk for walk in allowed if in_window(problem, walk)]
    if fitting:
        best = max(fitting, key=lambda walk: walk.value)
        yield from faults_against_walk(problem, result, best)
        if case.prove and result.bound != best.value:
            yield f"the optimum is {best.value}, but {result.bound} was proven"
    elif case.prove and result.status is not Status.INFEASIBLE:
        yield f"there is no loop, but it says {result.status}"
    if unreal := set(result.nearest_lengths) - {walk.length for walk in allowed if not in_window(problem, walk)}:
        yield f"no loops of {unreal} exist outside the window"


def faults_against_walk(problem: LoopProblem, result: Result, walk: Figures) -> Iterator[str]:
    """A loop that exists is neither denied nor better than the bound."""
    if not (keeps_limits(problem, walk) and in_window(problem, walk)):
        yield "the walk that the problem was drawn around does not fit: a fault of this file"
    elif result.bound is None:
        yield f"{result.status}, but there is a loop worth {walk.value}"
    elif result.bound < walk.value:
        yield f"the bound is {result.bound}, but there is a loop worth {walk.value}"


def faults_of_kernels(case: Case) -> Iterator[str]:
    """Compiled and interpreted, the kernel gives the same answer."""
    compiled = case.solve()
    with interpreted_kernel():
        plain = case.solve()
    # where there is no loop, the nearest lengths are looked for by the clock
    by_moves = Status.INFEASIBLE not in (plain.status, compiled.status)
    if plain.loops != compiled.loops or (by_moves and plain.nearest_lengths != compiled.nearest_lengths):
        yield "the interpreted kernel gives another answer"


@functools.cache
def _interpreted() -> ModuleType:
    """The kernel's source as plain Python, as on a machine without Cython."""
    source = Path(__file__).parents[2] / "solver" / "kernel.py"
    spec = importlib.util.spec_from_file_location("interpreted_kernel", source)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with mock.patch.dict(sys.modules, {"cython": None}):
        spec.loader.exec_module(module)
    return module


@contextmanager
def interpreted_kernel() -> Iterator[None]:
    """Let the solver run on the interpreted kernel."""
    module = _interpreted()
    with (
        mock.patch.object(solver.search, "Kernel", module.Kernel),
        mock.patch.object(solver.reach, "within_reach", module.within_reach),
    ):
        yield


# --- the command


def main() -> int:
    """Run as a command; the exit code is 1 where anything was wrong."""
    parser = argparse.ArgumentParser(description="Try the solver on random problems.")
    parser.add_argument("--count", type=int, default=10_000, help="how many problems (%(default)s)")
    parser.add_argument("--first", type=int, default=0, help="the number of the first one (%(default)s)")
    parser.add_argument("--only", type=int, help="the number of the only one, which is shown")
    options = parser.parse_args()
    if options.only is not None:
        case = draw_case(options.only)
        print(case, case.solve(), sep="\n")
    numbers = range(options.first, options.first + options.count) if options.only is None else [options.only]
    began, bad = time.perf_counter(), 0
    statuses: Counter[str] = Counter()
    for number in numbers:
        result, wrong = examine(number)
        statuses[result.status] += 1
        bad += bool(wrong)
        for fault in wrong:
            print(f"problem {number}: {fault}", flush=True)
    told = ", ".join(f"{count} {status}" for status, count in statuses.most_common())
    print(f"{len(numbers)} random problems in {time.perf_counter() - began:.0f} s: {told}; {bad} with faults")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
