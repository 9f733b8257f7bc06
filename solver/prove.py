"""Proofs: an upper bound that no loop can beat, and the best loop itself where the network is small enough.

The exact method is a dynamic program over the edges in an order with a small frontier (the nodes between edges decided
and edges undecided). A state says which frontier nodes are walked, how they hang together, which have an odd number
of ends so far and which parts touch a trailhead; for each state it keeps the labels (length, score, climb) of which
none is worse than another in everything. All numbers are integers, so what it proves needs no tolerance.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from solver.problem import LoopProblem

#: More labels than this at one edge, and the proof is given up.
MOST_LABELS = 300_000


@dataclass(frozen=True)
class Proof:
    """What was proven: no loop has a higher objective than `bound`; None: there is no loop at all.

    `reached` is the best objective that is known to be reached, and `times` {edge: times walked} of a loop that does,
    where the proof came across one.
    """

    bound: int | None
    reached: int | None = None
    times: dict[int, int] | None = None


class _State(NamedTuple):
    parts: tuple[int, ...]  # of each frontier node: number of its connected part, 0 where it is not walked
    odd: int  # bit i: frontier node i has an odd number of walked ends
    started: int  # bit p: part p touches a trailhead


class _Label(NamedTuple):
    length: int
    score: int
    climb: int
    trace: tuple[object, int, int] | None  # (trace before, edge, times)


class _GivenUp(Exception):
    """Too many labels, or no time left."""


def prove(problem: LoopProblem, edges: Sequence[int], *, at_least: int | None, deadline: float) -> Proof | None:
    """Find the optimum, or prove that there is no loop; None when that takes too long.

    Limits on repetition and road are left out, so with them the bound may be higher than the optimum.

    Parameters
    ----------
    edges : the edge ids that a loop may use.
    at_least : an objective that is known to be reached, None for none.
    deadline : in the time of `time.perf_counter()`.
    """
    try:
        relaxed = _Program(problem, edges, at_least, deadline, exact_length=False).run()
        # labels that were dropped for shorter ones may have been the only ones long enough
        if relaxed.bound == relaxed.reached:
            return relaxed
    except _GivenUp:
        return None
    try:
        return _Program(problem, edges, at_least, deadline, exact_length=True).run()
    except _GivenUp:
        return relaxed


class _Program:
    """One run over the edges. `exact_length`: only labels of equal length are compared, so the window holds exactly.

    Otherwise the lower end of the window is left out, which can only raise the bound.
    """

    def __init__(
        self, problem: LoopProblem, edges: Sequence[int], at_least: int | None, deadline: float, *, exact_length: bool
    ) -> None:
        self.problem = problem
        self.order = _order(problem, edges, deadline)
        self.deadline = deadline
        self.exact_length = exact_length
        self.trailheads = frozenset(problem.trailheads)
        self.vias = frozenset(problem.via)
        self.most_climb = None if problem.max_ascent is None else 2 * problem.max_ascent
        #: the best objective of any closed walk at most max_length long, and of any within the window
        self.best_any: int | None = None
        self.best: int | None = at_least
        self.best_trace: tuple[object, int, int] | None = None
        self.worth = problem.earnings()
        self.again = problem.repeat_costs or (0,) * len(self.worth)
        # what the edges from position i on can still earn
        self.earnings = [0] * (len(self.order) + 1)
        for i in range(len(self.order) - 1, -1, -1):
            self.earnings[i] = self.earnings[i + 1] + max(0, self.worth[self.order[i]])

    def run(self) -> Proof:
        last = {}
        for i, number in enumerate(self.order):
            edge = self.problem.network.edges[number]
            last[edge.u] = last[edge.v] = i
        frontier: list[int] = []
        table: dict[_State, list[_Label]] = {_State((), 0, 0): [_Label(0, 0, 0, None)]}
        for i, number in enumerate(self.order):
            edge = self.problem.network.edges[number]
            for node in {edge.u: None, edge.v: None}:
                if node not in frontier:
                    frontier.append(node)
                    table = {_State((*s.parts, 0), s.odd, s.started): labels for s, labels in table.items()}
            leaving = [node for node in {edge.u: None, edge.v: None} if last[node] == i]
            table = self._decide(table, number, i, frontier, leaving)
            frontier = [node for node in frontier if node not in leaving]
        values = [self.best] if self.exact_length else [self.best, self.best_any]
        bound = max((value for value in values if value is not None), default=None)
        return Proof(bound, self.best, _times(self.best_trace))

    def _decide(
        self, table: dict[_State, list[_Label]], number: int, i: int, frontier: list[int], leaving: list[int]
    ) -> dict[_State, list[_Label]]:
        edge = self.problem.network.edges[number]
        u, v = frontier.index(edge.u), frontier.index(edge.v)
        out: dict[_State, list[_Label]] = {}
        count = 0
        for state, labels in table.items():
            for times in (0, 1, 2):
                grown = state if times == 0 else self._walked(state, frontier, u, v, times)
                for label in labels:
                    _look_at_the_clock(self.deadline)
                    new = self._grown(label, number, times)
                    if new is None or self._hopeless(new, i + 1):
                        continue
                    after = self._leave(grown, frontier, leaving, new)
                    if after is not None and self._add(out.setdefault(after, []), new):
                        count += 1
            if count > MOST_LABELS:
                raise _GivenUp
        return out

    def _walked(self, state: _State, frontier: list[int], u: int, v: int, times: int) -> _State:
        parts, started = list(state.parts), state.started
        fresh = max(parts, default=0) + 1
        for node in (u, v):
            if parts[node] == 0:
                parts[node] = fresh
                if frontier[node] in self.trailheads:
                    started |= 1 << fresh
                fresh += 1
        keep, gone = parts[u], parts[v]
        if keep != gone:
            parts = [keep if p == gone else p for p in parts]
            if started >> gone & 1:
                started |= 1 << keep
        odd = state.odd ^ (1 << u) ^ (1 << v) if times == 1 else state.odd
        return _State(tuple(parts), odd, started)

    def _grown(self, label: _Label, number: int, times: int) -> _Label | None:
        if times == 0:
            return label
        edge = self.problem.network.edges[number]
        length = label.length + times * edge.length
        climb = label.climb + times * edge.climb
        if length > self.problem.max_length or (self.most_climb is not None and climb > self.most_climb):
            return None
        earned = label.score + self.worth[number] - (self.again[number] if times == 2 else 0)
        return _Label(length, earned, climb, (label.trace, number, times))

    def _hopeless(self, label: _Label, i: int) -> bool:
        most = self.problem.value(label.score, label.length) + self.earnings[i]
        return self.best is not None and most <= self.best

    def _leave(self, state: _State, frontier: list[int], leaving: list[int], label: _Label) -> _State | None:
        """The state once nodes have left the frontier; None when the walk is finished or cannot be."""
        parts, odd, started = list(state.parts), state.odd, state.started
        for node in leaving:
            i = frontier.index(node)
            if odd >> i & 1:
                return None
            if parts[i] == 0:
                if node in self.vias:
                    return None
            elif parts.count(parts[i]) == 1:
                # the part closes: it is the whole walk, or nothing
                others = any(p and j != i for j, p in enumerate(parts))
                if not others and started >> parts[i] & 1:
                    self._finish(label)
                return None
            del parts[i]
            low = odd & ((1 << i) - 1)
            odd = low | (odd >> (i + 1) << i)
            frontier = frontier[:i] + frontier[i + 1 :]
        return _canonical(parts, odd, started)

    def _finish(self, label: _Label) -> None:
        walked = _nodes(self.problem, label.trace) if self.vias else frozenset()
        if not self.vias <= walked:
            return
        value = self.problem.value(label.score, label.length)
        if self.best_any is None or value > self.best_any:
            self.best_any = value
        if label.length >= self.problem.min_length and (self.best is None or value > self.best):
            self.best, self.best_trace = value, label.trace

    def _add(self, labels: list[_Label], new: _Label) -> bool:
        """Keep a label unless one is there that is at least as good in everything; drop those that are worse."""
        exact = self.exact_length
        for old in labels:
            if (old.length == new.length if exact else old.length <= new.length) and (
                old.score >= new.score and old.climb <= new.climb
            ):
                return False
        labels[:] = [
            old
            for old in labels
            if not (
                (old.length == new.length if exact else new.length <= old.length)
                and new.score >= old.score
                and new.climb <= old.climb
            )
        ]
        labels.append(new)
        return True


def _canonical(parts: list[int], odd: int, started: int) -> _State:
    """The same state with its parts numbered in the order in which they appear."""
    names: dict[int, int] = {0: 0}
    renamed = tuple(names.setdefault(p, len(names)) for p in parts)
    return _State(renamed, odd, sum(1 << new for old, new in names.items() if old and started >> old & 1))


def _look_at_the_clock(deadline: float) -> None:
    if time.perf_counter() > deadline:
        raise _GivenUp


def _order(problem: LoopProblem, edges: Sequence[int], deadline: float) -> list[int]:
    """Edges in an order that keeps the frontier small: always finish the node that has the fewest edges left."""
    at: dict[int, set[int]] = {}
    for number in edges:
        edge = problem.network.edges[number]
        at.setdefault(edge.u, set()).add(number)
        at.setdefault(edge.v, set()).add(number)
    order: list[int] = []
    open_nodes: set[int] = set()
    while at:
        _look_at_the_clock(deadline)
        # fewest new frontier nodes first, then fewest edges; the node number makes it deterministic
        candidates = open_nodes or at.keys()
        node = min(candidates, key=lambda n: (_opened(problem, at, open_nodes, n), len(at[n]), n))
        for number in sorted(at[node]):
            edge = problem.network.edges[number]
            order.append(number)
            for end in {edge.u, edge.v}:
                at[end].discard(number)
                open_nodes.add(end)
        for end in [n for n in open_nodes if not at.get(n)]:
            open_nodes.discard(end)
            at.pop(end, None)
    return order


def _opened(problem: LoopProblem, at: dict[int, set[int]], open_nodes: set[int], node: int) -> int:
    ends = {end for number in at[node] for end in problem.network.edges[number][:2]}
    return len(ends - open_nodes - {node})


def _steps(trace: tuple[object, int, int] | None) -> Iterator[tuple[int, int]]:
    while trace is not None:
        before, number, times = trace
        yield number, times
        trace = before  # type: ignore[assignment]


def _times(trace: tuple[object, int, int] | None) -> dict[int, int] | None:
    return None if trace is None else dict(_steps(trace))


def _nodes(problem: LoopProblem, trace: tuple[object, int, int] | None) -> frozenset[int]:
    return frozenset(end for number, _ in _steps(trace) for end in problem.network.edges[number][:2])
