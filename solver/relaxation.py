"""An upper bound on the objective of every loop, by a linear program with cuts, and what each decision costs.

The linear program is solved in floating point by HiGHS (extra `prove`), but nothing it says is believed. It only
proposes a multiplier for each row (its dual value). The multiplier is rounded to a whole number of small units, 0 or
more, and the bound is reckoned from there in whole numbers (Lagrangian relaxation). For ANY multipliers m >= 0 and any
loop that walks edge e y_e times,

    objective  <=  sum of m_r limit_r  +  sum over edges of (value_e(y_e) - sum of m_r a_re(y_e))
               <=  sum of m_r limit_r  +  sum over edges of the largest value_e(y) - sum of m_r a_re(y),  y = 0, 1, 2

because a loop keeps every row: the sum of a_re(y_e) over the edges is at most limit_r. What the loop's decisions lack
to the second line is what they are charged. So whatever the linear program gets wrong, the bound holds without any
tolerance; it can only be higher than need be. That there is no loop is proven in the same way, by a ray instead of
dual values (Farkas 1902): with all values 0 the bound comes out below 0.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain

from solver.cuts import (
    WORTHWHILE,
    Graph,
    Resource,
    Row,
    capacity_rows,
    connectivity_rows,
    distances,
    far_rows,
    parity_rows,
    passes_row,
)
from solver.problem import LoopProblem

#: Multipliers are whole numbers of this small a part.
UNIT = 1 << 40
#: Charges are told in this small a part of a point, or in larger ones where they would not fit in 60 bits.
SCALE = 1 << 16
MOST = 1 << 60
#: Rows of one kind that a round adds at most, and distances at which what is farther is limited.
MOST_ROWS = 200
FAR_STEPS = 40
#: Rows are looked for so far on the way from a running mean of the solutions to the newest one. The solutions jump from
#: corner to corner, and rows that cut off the mean, too, bring the bound down in far fewer rounds (in-out separation,
#: Ben-Ameur and Neto 2007). Where there are fewer than ENOUGH of them, rows that cut off the solution are added.
STEP = 0.15
ENOUGH = 30
#: A bound that falls by less than this share in so many rounds is as good as it gets.
LITTLE = 2e-4
PATIENCE = 10
#: A row that was slack for so many rounds is dropped.
SLACK_ROUNDS = 4
#: So much slack is none, in parts of a row's largest coefficient.
TIGHT = 1e-6

#: How often an edge may be walked: bit y for y times.
ANY = 0b111


@dataclass(frozen=True)
class Relaxation:
    """What is proven of the loops over some edges; where an objective was known, only of loops better than that.

    Parameters
    ----------
    bound : no loop has a higher objective; None: there is no loop.
    scale, ceiling, charges : objective x scale <= ceiling - sum of charges[i][times walked] over the edges in the
        order given, for each loop; whole numbers, and no charge below 0.
    """

    bound: int | None
    scale: int
    ceiling: int
    charges: list[tuple[int, int, int]]

    def allowed(self, at_least: int) -> list[int]:
        """How often a loop with an objective above `at_least` may walk each edge: bit y for y times."""
        least = (at_least + 1) * self.scale
        return [sum(1 << y for y in range(3) if self.ceiling - charge[y] >= least) for charge in self.charges]

    def still_useful(self, at_least: int) -> list[bool]:
        """Which edges a loop with an objective above `at_least` may walk."""
        return [allowed > 1 for allowed in self.allowed(at_least)]


def relax(problem: LoopProblem, edges: Sequence[int], *, deadline: float, at_least: int | None = None) -> Relaxation:
    """Bound the objective of every loop, and say what each decision on an edge costs.

    Parameters
    ----------
    edges : the edge ids that a loop may use.
    deadline : in the time of `time.perf_counter()`.
    at_least : an objective that is known to be reached, None for none: then only better loops are spoken of.
    """
    rounds = _Rounds(problem, edges, at_least)
    try:
        rounds.run(deadline)
    except _NoLoop:
        return Relaxation(None, 1, 0, [(0, 0, 0)] * len(edges))
    return rounds.best


class _NoLoop(Exception):
    """There is no loop, or none that is better than what is known."""


@dataclass
class _Place:
    """Nodes of which a loop touches one at least, seen as one node of the graph, its root."""

    graph: Graph
    root: int
    wanted: frozenset[int]
    resources: list[Resource]


class _Rounds:
    """A linear program in rounds: solve it, bound, rule decisions out, add rows that are broken."""

    def __init__(self, problem: LoopProblem, edges: Sequence[int], at_least: int | None) -> None:
        chosen = [problem.network.edges[e] for e in edges]
        earned = problem.earnings()
        again = problem.repeat_costs or [0] * len(earned)
        self.at_least = at_least
        self.values = [(0, earned[e], earned[e] - again[e]) for e in edges]
        self.allowed = [ANY] * len(edges)
        # the column after those of the edges: metres beyond the target, what each costs and how many there may be
        target = problem.max_length if problem.target is None else min(problem.target, problem.max_length)
        self.over = (problem.overlength_cost, problem.max_length - target)
        self.limits = [([edge.length for edge in chosen], problem.max_length)]
        if problem.max_ascent is not None:
            self.limits.append(([edge.climb for edge in chosen], 2 * problem.max_ascent))
        self.own_rows = list(
            _limit_rows(problem, self.limits, [problem.roads[e] for e in edges] if problem.roads else [])
        )
        self.rows = self.own_rows
        ends = [(edge.u, edge.v) for edge in chosen]
        self.graph = _graph(ends)[0]
        self.places = [_place(ends, nodes, problem.via) for nodes in (problem.trailheads, *((v,) for v in problem.via))]
        self.best = self._bound([0] * len(self.rows), self.values)

    def run(self, deadline: float) -> None:
        """Go on until everything is ruled out, little is gained any more, or time is up."""
        self._measure()
        program = _Program(self.values, self.over)
        program.add(self.rows)
        waited, before = 0, self.best.ceiling
        center: list[float] = []
        while waited < PATIENCE and time.perf_counter() < deadline:
            program.restrict(self.allowed)
            answer = program.solve(deadline - time.perf_counter())
            if answer is None:
                break
            multipliers, values = answer
            if values is None:
                self._check_ray(multipliers)
                break
            self._learn(self._bound(multipliers, self.values))
            waited += 1
            if self.best.ceiling < before * (1 - LITTLE):
                waited, before = 0, self.best.ceiling
            center = _towards(values, center)
            new = self._broken_rows(values, _towards(values, center))
            if not new:
                break
            self.rows = [self.rows[i] for i in program.drop_slack()] + new
            program.add(new)

    def _bound(self, multipliers: Sequence[int], values: Sequence[tuple[int, int, int]]) -> Relaxation:
        """What the rows prove with these multipliers, in whole numbers; see the head of this module."""
        price = [0] * (2 * len(values) + 1)
        ceiling = 0
        for row, multiplier in zip(self.rows, multipliers, strict=True):
            if multiplier:
                ceiling += multiplier * row.limit
                for column, a in row.coefficients.items():
                    price[column] += multiplier * a
        cost, most_over = self.over
        ceiling += max(0, -cost * UNIT - price[-1]) * most_over
        kept: list[tuple[int, int, int]] = []
        for i, (nothing, once, twice) in enumerate(values):
            x, z = price[2 * i], price[2 * i + 1]
            kept.append((nothing * UNIT, once * UNIT - x, twice * UNIT - x - z))
        best = [max(k for y, k in enumerate(three) if a >> y & 1) for three, a in zip(kept, self.allowed, strict=True)]
        ceiling += sum(best)
        # no loop has a lower objective; what is not allowed is charged so much that nothing is left
        least = sum(min(three) for three in values) - cost * most_over
        if self.at_least is not None:
            least = max(least, self.at_least)
        scale = SCALE
        while scale > 1 and max(abs(ceiling) * scale // UNIT, abs(least) * scale) >= MOST:
            scale //= 2
        part = UNIT // scale
        ceiling = -(-ceiling // part)
        everything = max(0, ceiling - least * scale + 1)
        charges = [
            tuple(min((b - k) // part, everything) if a >> y & 1 else everything for y, k in enumerate(three))
            for three, a, b in zip(kept, self.allowed, best, strict=True)
        ]
        return Relaxation(ceiling // scale, scale, ceiling, charges)  # type: ignore[arg-type]

    def _learn(self, found: Relaxation) -> None:
        """Keep the best bound, and rule out what cannot be part of a better loop."""
        if found.ceiling * self.best.scale < self.best.ceiling * found.scale:
            self.best = found
        if self.at_least is None:
            return
        if found.bound is not None and found.bound <= self.at_least:
            raise _NoLoop
        allowed = [one & other for one, other in zip(self.allowed, found.allowed(self.at_least), strict=True)]
        if allowed != self.allowed:
            self.allowed = allowed
            self._measure()

    def _check_ray(self, ray: Sequence[int]) -> None:
        """Raise where a ray, or its opposite, proves that there is no loop."""
        nothing = [(0, 0, 0)] * len(self.values)
        cost, self.over = self.over, (0, self.over[1])
        for sign in (1, -1):
            if self._bound([max(0, sign * m) for m in ray], nothing).ceiling < 0:
                raise _NoLoop
        self.over = cost

    def _measure(self) -> None:
        """How far everything is now over the edges left, and what is out of reach for that."""
        while True:
            if not all(self.allowed):
                raise _NoLoop
            usable = [a > 1 for a in self.allowed]
            allowed = list(self.allowed)
            for place in self.places:
                if place.root < 0:
                    raise _NoLoop
                place.resources = [
                    Resource(costs, limit, distances(place.graph, costs, [place.root], usable))
                    for costs, limit in self.limits
                ]
                for resource in place.resources:
                    for e, within in enumerate(_within_reach(place.graph, resource)):
                        allowed[e] &= within
            if allowed == self.allowed:
                return
            self.allowed = allowed

    def _broken_rows(self, values: Sequence[float], inner: Sequence[float]) -> list[Row]:
        """Rows that loops keep and these values break, of those that inner values break, too, if there are enough."""
        found = {key: row for key, row in self._broken_by(inner).items() if row.broken_by(values) > 0}
        return list((found if len(found) >= ENOUGH else found | self._broken_by(values)).values())

    def _broken_by(self, values: Sequence[float]) -> dict[frozenset[tuple[int, int]], Row]:
        """Rows by their coefficients; the dear searches only where the cheap ones find nothing."""
        found: dict[frozenset[tuple[int, int]], Row] = {}

        def take(rows: Iterator[Row]) -> int:
            broken = sorted(((row.broken_by(values), i, row) for i, row in enumerate(rows)), reverse=True)
            found.update((frozenset(row.coefficients.items()), row) for _, _, row in broken[:MOST_ROWS])
            return len(broken)

        take(row for row in self.own_rows if row.broken_by(values) > WORTHWHILE)
        take(_twice_rows(values))
        take(parity_rows(self.graph, values))
        for place in self.places:
            take(chain.from_iterable(far_rows(place.graph, r, FAR_STEPS, values) for r in place.resources))
            take(chain.from_iterable(capacity_rows(place.graph, place.root, r, values) for r in place.resources))
            if not take(connectivity_rows(place.graph, place.root, place.wanted, values, exactly=False)):
                take(connectivity_rows(place.graph, place.root, place.wanted, values, exactly=True))
        return found


def _towards(values: Sequence[float], center: Sequence[float]) -> list[float]:
    """A step from the center towards the values, or the values where there is no center yet."""
    if not center:
        return list(values)
    return [c + STEP * (v - c) for c, v in zip(center, values, strict=True)]


def _graph(ends: Sequence[tuple[int, int]]) -> tuple[Graph, dict[int, int]]:
    """The edges as a graph whose nodes are numbered anew, and the numbers."""
    names: dict[int, int] = {}
    for pair in ends:
        for node in pair:
            names.setdefault(node, len(names))
    return Graph.of([(names[u], names[v]) for u, v in ends]), names


def _place(ends: Sequence[tuple[int, int]], nodes: Sequence[int], vias: Sequence[int]) -> _Place:
    """A place, its nodes made one; its root is -1 where no edge touches it."""
    first, others = nodes[0], set(nodes)
    graph, names = _graph([(first if u in others else u, first if v in others else v) for u, v in ends])
    wanted = frozenset(names[via] for via in vias if via not in others and via in names)
    return _Place(graph, names.get(first, -1), wanted, [])


def _within_reach(graph: Graph, resource: Resource) -> Iterator[int]:
    """How often each edge may be walked so that the way there and back is within the limit: bit y for y times."""
    for (u, v), cost in zip(graph.ends, resource.costs, strict=True):
        near, far = sorted((resource.near[u], resource.near[v]))
        once = near + cost + far <= resource.limit
        yield 1 | once << 1 | (2 * (near + cost) <= resource.limit) << 2


def _limit_rows(
    problem: LoopProblem, limits: Sequence[tuple[Sequence[int], int]], roads: Sequence[int]
) -> Iterator[Row]:
    """The limits of the problem itself."""
    lengths = limits[0][0]
    for costs, limit in limits:
        yield passes_row(enumerate(costs), limit)
    yield passes_row(((e, -length) for e, length in enumerate(lengths)), -problem.min_length)
    if problem.target is not None and problem.target < problem.max_length:
        row = passes_row(enumerate(lengths), problem.target)
        row.coefficients[2 * len(lengths)] = -1
        yield row
    if problem.max_repeat_share is not None:
        share, whole = Decimal(str(problem.max_repeat_share)).as_integer_ratio()
        row = passes_row(((e, -share * length) for e, length in enumerate(lengths)), 0)
        for e, length in enumerate(lengths):
            row.coefficients[2 * e + 1] = (whole - share) * length
        yield row
    if problem.max_road_share is not None:
        share, whole = Decimal(str(problem.max_road_share)).as_integer_ratio()
        yield passes_row(((e, whole * roads[e] - share * length) for e, length in enumerate(lengths)), 0)


def _twice_rows(values: Sequence[float]) -> Iterator[Row]:
    """An edge walked twice is walked: z_e <= x_e. Most fractional walks keep to it, so it is added on demand."""
    for e in range(len(values) // 2):
        if values[2 * e + 1] > values[2 * e] + TIGHT:
            yield Row({2 * e + 1: 1, 2 * e: -1}, 0)


class _Program:
    """The linear program in HiGHS, kept from round to round so that each starts where the last one ended."""

    def __init__(self, values: Sequence[tuple[int, int, int]], over: tuple[int, int]) -> None:
        import highspy
        import numpy

        self.highspy, self.numpy = highspy, numpy
        self.highs = highspy.Highs()
        for option, value in (("output_flag", False), ("presolve", "off"), ("threads", 1), ("solver", "simplex")):
            self.highs.setOptionValue(option, value)
        costs = [float(c) for _, once, twice in values for c in (-once, once - twice)] + [float(over[0])]
        upper = [1.0] * (2 * len(values)) + [float(over[1])]
        none = numpy.array([], dtype=numpy.int32)
        self.highs.addCols(
            len(costs), numpy.array(costs), numpy.zeros(len(costs)), numpy.array(upper), 0, none, none, numpy.array([])
        )
        #: of each row: the part it was scaled to, its limit then, and for how many rounds it was slack
        self.parts: list[float] = []
        self.tops: list[float] = []
        self.slack: list[int] = []
        self.activity: list[float] = []

    def add(self, rows: Sequence[Row]) -> None:
        """Add rows, scaled so that the largest coefficient is 1."""
        np = self.numpy
        if not rows:
            return
        parts = [1 / (max(map(abs, row.coefficients.values()), default=0) or 1) for row in rows]
        tops = [row.limit * part for row, part in zip(rows, parts, strict=True)]
        starts: list[int] = []
        columns: list[int] = []
        weights: list[float] = []
        for row, part in zip(rows, parts, strict=True):
            starts.append(len(columns))
            columns += row.coefficients.keys()
            weights += [a * part for a in row.coefficients.values()]
        self.highs.addRows(
            len(rows),
            np.full(len(rows), -self.highspy.kHighsInf),
            np.array(tops),
            len(columns),
            np.array(starts, dtype=np.int32),
            np.array(columns, dtype=np.int32),
            np.array(weights, dtype=float),
        )
        self.parts += parts
        self.tops += tops
        self.slack += [0] * len(rows)

    def restrict(self, allowed: Sequence[int]) -> None:
        """Allow each edge to be walked only so often: bit y for y times."""
        np = self.numpy
        lower = [float(b) for a in allowed for b in (not a & 1, a == 0b100)]
        upper = [float(b) for a in allowed for b in (a > 1, a > 0b11)]
        columns = np.arange(len(lower), dtype=np.int32)
        self.highs.changeColsBounds(len(lower), columns, np.array(lower), np.array(upper))

    def solve(self, seconds: float) -> tuple[list[int], list[float] | None] | None:
        """Multipliers of the rows, in units, and values of the columns, None where there is no solution.

        Then the multipliers are a ray. None where neither was found.
        """
        self.highs.setOptionValue("time_limit", self.highs.getRunTime() + max(0.01, seconds))
        self.highs.run()
        status = self.highs.getModelStatus()
        if status == self.highspy.HighsModelStatus.kOptimal:
            solution = self.highs.getSolution()
            duals = [-dual * part for dual, part in zip(solution.row_dual, self.parts, strict=True)]
            self.activity = list(solution.row_value)
            return [max(0, round(dual * UNIT)) for dual in duals], list(solution.col_value)
        if status == self.highspy.HighsModelStatus.kInfeasible:
            _, exists, ray = self.highs.getDualRay()
            if exists:
                largest = max(map(abs, ray), default=1.0) or 1.0
                return [round(m / largest * part * UNIT) for m, part in zip(ray, self.parts, strict=True)], None
        return None

    def drop_slack(self) -> list[int]:
        """Drop the rows that were slack for some rounds; the numbers of those that stay."""
        for i, (top, value) in enumerate(zip(self.tops, self.activity, strict=True)):
            self.slack[i] = self.slack[i] + 1 if value < top - TIGHT else 0
        gone = [i for i, rounds in enumerate(self.slack) if rounds >= SLACK_ROUNDS]
        stay = [i for i, rounds in enumerate(self.slack) if rounds < SLACK_ROUNDS]
        if gone:
            basis = self.highs.getBasis()
            statuses = basis.row_status
            self.highs.deleteRows(len(gone), self.numpy.array(gone, dtype=self.numpy.int32))
            basis.row_status = [statuses[i] for i in stay]
            self.highs.setBasis(basis)
            self.parts = [self.parts[i] for i in stay]
            self.tops = [self.tops[i] for i in stay]
            self.slack = [self.slack[i] for i in stay]
        return stay
