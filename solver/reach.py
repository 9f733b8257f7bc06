"""What a loop could use at all, and what follows from that: reduction, simple proofs and a simple bound."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from operator import add

from solver.kernel import renumbered, within_reach
from solver.problem import LoopProblem, Network


@dataclass(frozen=True)
class Columns:
    """The edges of a network, column by column, as the kernel takes them."""

    tails: array[int]
    heads: array[int]
    lengths: array[int]
    scores: array[int]
    climbs: array[int]


def columns_of(network: Network) -> Columns:
    """The columns of a network, made for its first problem and shared by all later ones, in any thread."""
    found: Columns | None = network.__dict__.get("_columns")
    if found is None:
        tails, heads, lengths, scores, ups, downs = zip(*network.edges, strict=True) if network.edges else [()] * 6
        climbs = array("q", map(add, ups, downs))
        for e, (u, v) in enumerate(zip(tails, heads, strict=True)):
            if u == v:
                climbs[e] = network.edges[e].climb
        made = Columns(array("i", tails), array("i", heads), array("q", lengths), array("q", scores), climbs)
        found = network.__dict__.setdefault("_columns", made)
    return found


def picked(column: Sequence[int], rows: Sequence[int]) -> Sequence[int]:
    """Some of a column; all of it costs nothing."""
    return column if len(rows) == len(column) else array("q", map(column.__getitem__, rows))


@dataclass(frozen=True)
class Part:
    """The edges that some loop of the problem could use, by their ids, and their ends, numbered afresh.

    `number` is the new number of each node of the network, -1 where it has none.
    """

    edges: Sequence[int]
    tails: Sequence[int]
    heads: Sequence[int]
    number: Sequence[int]
    node_count: int

    def holds(self, node: int) -> bool:
        """Whether a node of the network is at any of the edges."""
        return self.number[node] >= 0


def part_in_reach(problem: LoopProblem) -> Part:
    """The edges of closed walks within the limits on length and climb from a trailhead, over every via node."""
    columns = columns_of(problem.network)
    count = problem.network.node_count
    places = [problem.trailheads, *((node,) for node in problem.via)]
    limits = [(columns.lengths, problem.max_length)]
    if problem.max_ascent is not None:
        limits.append((columns.climbs, 2 * problem.max_ascent))
    kept: Sequence[int] = range(len(columns.tails))
    for costs, limit in limits:
        tails, heads = picked(columns.tails, kept), picked(columns.heads, kept)
        near = within_reach(count, tails, heads, picked(costs, kept), places, limit)
        kept = array("i", map(kept.__getitem__, near))
    number, node_count, tails, heads = renumbered(count, picked(columns.tails, kept), picked(columns.heads, kept))
    return Part(kept, tails, heads, number, node_count)


def why_impossible(problem: LoopProblem, part: Part) -> str | None:
    """A proof, in words, that there is no loop; None where there may be one."""
    limit = f"at most {problem.max_length} long"
    if problem.max_ascent is not None:
        limit += f" and climbs at most {problem.max_ascent}"
    if problem.via:
        limit += " and touches every via node"
    if not any(map(part.holds, problem.trailheads)):
        return f"no trail can be walked and come back from by a loop that is {limit}"
    everything = 2 * sum(picked(columns_of(problem.network).lengths, part.edges))
    if everything < problem.min_length:
        return f"walking every trail in reach twice makes only {everything}, less than {problem.min_length}"
    missed = [node for node in problem.via if not part.holds(node)]
    if missed:
        return f"via node {missed[0]} cannot be reached by a loop that is {limit}"
    return None


def score_bound(problem: LoopProblem, numbers: Sequence[int]) -> int:
    """An upper bound on the objective: fill the longest allowed length with the best metres there are.

    The fractional knapsack over the edges, each walked once (Dantzig 1957), metres beyond the target charged.
    """
    target = problem.max_length if problem.target is None else min(problem.target, problem.max_length)
    room, extra = target, problem.max_length - target
    worth = problem.earnings()
    rewarding = [(worth[i], problem.network.edges[i].length) for i in numbers if worth[i] > 0]
    bound = sum(earned for earned, length in rewarding if length == 0)
    for earned, length in sorted((r for r in rewarding if r[1]), key=lambda r: -r[0] / r[1]):
        within = min(length, room)
        beyond = min(length - within, extra)
        room, extra = room - within, extra - beyond
        # parts are rounded up, so that the bound stays one
        bound += -(-earned * within // length)
        bound += max(0, -(-earned * beyond // length) - problem.overlength_cost * beyond)
        if not room and not extra:
            break
    return bound
