"""The one door: `solve(problem)` finds the best loops it can in the time it is given.

The network is reduced to what a loop could use, many short annealing runs race (the worse half drops out each round,
the others go on, cooler and with dearer penalties), and the best walks become loops, each checked by the referee.
"""

from __future__ import annotations

import math
import time
from array import array
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from operator import add

from solver.exact import Exact, Outcome, Room
from solver.kernel import COMPILED, INFINITE, POINT, SHARE_PARTS, Kernel, renumbered, within_reach
from solver.merging import FINE, Merger, Walk
from solver.problem import LIMIT, Loop, LoopProblem, Network, Result, Status
from solver.prove import exists, nearest_lengths
from solver.prove import prove as prove_optimum
from solver.verify import violations

#: Most walks that race at first.
POPULATION = 256
#: Moves that a walk gets on average, summed over the race, before there are more walks.
MOVES_PER_WALK = 250
#: First walks that are tried for each that races.
TRIES_PER_WALK = 8
#: Share of the time that may go into first walks.
BUILDING_SHARE = 0.2
#: Nodes looked at on the way to each goal of a first walk.
BUILDING_NODES = 3_000
#: Temperatures at the start and at the end, as parts of the mean rewarding edge's score.
HOT, COLD = 1.0, 0.05
#: Price of a metre outside the window at the start and at the end, as a multiple of what a metre of the best walk
#: earns. Cheap at first: walks that are too long are the way from one good valley to the next.
CHEAP, DEAR = 0.7, 3.0
#: Loops of which either shares more of its length than this with the other are no alternatives.
MOST_SHARED = 0.6
#: Share of a race's time that is annealing; the rest goes into merging and sharpening.
ANNEALING_SHARE = 0.7
#: Networks of so many edges at most, with a frontier no wider than this, are tried to be solved exactly first, with
#: so much room and in this share of the time.
NARROW_EDGES, NARROW = 250, 9
NARROW_ROOM = Room(states=150_000, labels=5_000, prices=8, orders=40)
NARROW_SHARE = 0.4
#: Most walks that are merged.
MOST_MERGED = 64
#: Moves that take about as long as opening up a place.
MOVES_PER_PLACE = 5_000
#: Seconds kept back for making and checking the closed walks.
RESERVE_S = 0.008
#: Seconds between two looks at the clock.
TICK_S = 0.01


def solve(
    problem: LoopProblem,
    *,
    time_limit: float = 1.0,
    iterations: int | None = None,
    seed: int = 0,
    alternatives: int = 1,
    prove: bool = False,
    improved: Callable[[Loop], None] | None = None,
) -> Result:
    """Find the best loops.

    Parameters
    ----------
    problem : what is asked.
    time_limit : seconds of wall time, set-up included.
    iterations : number of moves to try; the clock is then not looked at, and the same seed gives the same loops
        on any machine, compiled or not.
    seed : of the random generator.
    alternatives : how many loops are wanted; of any two, neither shares more than 60 % of its length
        with the other.
    prove : spend two thirds of the time on proving how good the best loop can be at all.

    improved : called with each valid loop that is better than all before, as soon as it is found, by the thread that
        solves; what it raises ends the search and is passed on.

    Returns
    -------
    The loops found, best first, with what is proven about them; or why there is none.

    Raises
    ------
    ValueError : `time_limit`, `iterations`, `seed` or `alternatives` is nonsense, or the problem's numbers add up to
        more than 64 bits hold.
    """
    if not 0 < time_limit < math.inf:
        raise ValueError(f"time_limit is {time_limit!r}, want seconds above 0")
    if iterations is not None and iterations < 0:
        raise ValueError(f"iterations is {iterations!r}, want 0 or more")
    if alternatives < 1:
        raise ValueError(f"alternatives is {alternatives!r}, want 1 or more")
    if not isinstance(seed, int):
        raise ValueError(f"seed is {seed!r}, want an integer")
    began = time.perf_counter()
    part = _part_in_reach(problem)
    impossible = _why_impossible(problem, part)
    if impossible:
        return Result(Status.INFEASIBLE, reason=impossible, elapsed=time.perf_counter() - began, compiled=COMPILED)
    # with a proof to come, the search gets a third of the time
    deadline = began + (time_limit / 3 if prove else time_limit - min(RESERVE_S, time_limit / 10))
    # where the network is narrow, the best loop is found exactly at once
    proof = _settled(problem, part, None if iterations is not None else began + NARROW_SHARE * (deadline - began))
    first = [] if proof is None or proof.times is None else [_checked(problem, closed_walk(problem, proof.times))]
    search = _Search(problem, part, seed, improved)
    for loop in first:
        search.tell(loop)
    if proof is None or (first and alternatives > 1):
        loops = search.loops(first, alternatives, None if iterations is not None else deadline, iterations or 0)
    else:
        loops = first
    best = problem.objective(loops[0]) if loops else None
    bound = score_bound(problem, part.edges)
    if proof is None and prove and best != bound:
        proof = prove_optimum(problem, part.edges, at_least=best, deadline=began + time_limit)
    if proof is not None:
        loops = _with_proven(problem, loops, proof)[:alternatives]
        for loop in loops[:1]:
            search.tell(loop)
    result = _result(problem, loops, bound, proof, search, began)
    return _explained(problem, result, began + time_limit) if result.status is Status.INFEASIBLE else result


def _settled(problem: LoopProblem, part: _Part, deadline: float | None) -> Outcome | None:
    """The best loop, or the proof that there is none, where the network is small and narrow; else None."""
    if len(part.edges) > NARROW_EDGES:
        return None

    def keep_going() -> bool:
        return deadline is None or time.perf_counter() < deadline

    try:
        exact = Exact(problem, part.edges, NARROW_ROOM.orders)
        outcome = exact.solve(None, NARROW_ROOM, keep_going) if exact.width <= NARROW else None
        if outcome is None or outcome.bound != outcome.reached:
            return None
        if problem.target is not None and outcome.times is not None:
            # of loops that are worth the same, the one nearest to the length that was asked for
            exact = Exact(problem, part.edges, NARROW_ROOM.orders, fine=FINE)
            nearest = exact.solve(None, NARROW_ROOM, keep_going)
            if nearest is not None and nearest.times is not None:
                return Outcome(outcome.bound, outcome.reached, nearest.times)
    except OverflowError:
        return None
    return outcome


def _with_proven(problem: LoopProblem, loops: list[Loop], proof: Outcome) -> list[Loop]:
    """Put the loop that a proof came across first, if it is one the search did not find and all limits hold."""
    if proof.times is None:
        return loops
    loop = closed_walk(problem, proof.times)
    if violations(problem, loop):
        return loops
    return [loop, *(old for old in loops if likeness(problem, Counter(old.walk), proof.times) <= MOST_SHARED)]


def _result(
    problem: LoopProblem, loops: list[Loop], bound: int | None, proof: Outcome | None, search: _Search, began: float
) -> Result:
    status, reason, lengths = Status.UNKNOWN, None, search.lengths_outside()
    if proof is not None:
        bound = proof.bound if bound is None or proof.bound is None else min(bound, proof.bound)
    if loops:
        proven = problem.objective(loops[0]) == bound
        status, lengths = Status.OPTIMAL if proven else Status.FEASIBLE, ()
    elif bound is None:
        status = Status.INFEASIBLE
        reason = f"no loop of {problem.min_length} to {problem.max_length} exists; all were looked at"
    else:
        reason = f"no loop of {problem.min_length} to {problem.max_length} was found"
    if not loops and lengths:
        reason = f"{reason}; loops of {' and '.join(map(str, lengths))} exist"
    return Result(
        status,
        tuple(loops),
        bound=bound,
        reason=reason,
        nearest_lengths=lengths,
        iterations=search.kernel.move_count(),
        elapsed=time.perf_counter() - began,
        compiled=COMPILED,
    )


def _explained(problem: LoopProblem, result: Result, deadline: float) -> Result:
    """The same result with the nearest lengths that there are, and the limits that alone are in the way."""

    def keep_going() -> bool:
        return time.perf_counter() < deadline

    longer = _part_in_reach(replace(problem, max_length=min(LIMIT, 2 * problem.max_length)))
    lengths = tuple(x for x in nearest_lengths(problem, longer.edges, keep_going) if x is not None)
    reason = f"no loop of {problem.min_length} to {problem.max_length} exists"
    if lengths:
        reason += f"; the nearest are {' and '.join(map(str, lengths))} long"
    for name, limit in LIMITS.items():
        if getattr(problem, limit) not in (None, ()):
            without = replace(problem, **{limit: () if limit == "via" else None})  # type: ignore[arg-type]
            if exists(without, _part_in_reach(without).edges, keep_going):
                reason += f"; without {name} there is one"
    return replace(result, reason=reason, nearest_lengths=lengths or result.nearest_lengths)


#: Limits beside the window, in words.
LIMITS = {
    "the limit on ascent": "max_ascent",
    "the limit on repetition": "max_repeat_share",
    "the limit on road": "max_road_share",
    "the via nodes": "via",
}


# --- reduction and what it proves


@dataclass(frozen=True)
class _Columns:
    """The edges of a network, column by column, as the kernel takes them."""

    tails: array[int]
    heads: array[int]
    lengths: array[int]
    scores: array[int]
    climbs: array[int]


def _columns(network: Network) -> _Columns:
    """The columns of a network, made for its first problem and shared by all later ones, in any thread."""
    found: _Columns | None = network.__dict__.get("_columns")
    if found is None:
        tails, heads, lengths, scores, ups, downs = zip(*network.edges, strict=True) if network.edges else [()] * 6
        climbs = array("q", map(add, ups, downs))
        for e, (u, v) in enumerate(zip(tails, heads, strict=True)):
            if u == v:
                climbs[e] = network.edges[e].climb
        made = _Columns(array("i", tails), array("i", heads), array("q", lengths), array("q", scores), climbs)
        found = network.__dict__.setdefault("_columns", made)
    return found


def _picked(column: Sequence[int], rows: Sequence[int]) -> Sequence[int]:
    """Some of a column; all of it costs nothing."""
    return column if len(rows) == len(column) else array("q", map(column.__getitem__, rows))


@dataclass(frozen=True)
class _Part:
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


def _part_in_reach(problem: LoopProblem) -> _Part:
    columns = _columns(problem.network)
    count = problem.network.node_count
    places = [problem.trailheads, *((node,) for node in problem.via)]
    limits = [(columns.lengths, problem.max_length)]
    if problem.max_ascent is not None:
        limits.append((columns.climbs, 2 * problem.max_ascent))
    kept: Sequence[int] = range(len(columns.tails))
    for costs, limit in limits:
        tails, heads = _picked(columns.tails, kept), _picked(columns.heads, kept)
        near = within_reach(count, tails, heads, _picked(costs, kept), places, limit)
        kept = array("i", map(kept.__getitem__, near))
    number, node_count, tails, heads = renumbered(count, _picked(columns.tails, kept), _picked(columns.heads, kept))
    return _Part(kept, tails, heads, number, node_count)


def _why_impossible(problem: LoopProblem, part: _Part) -> str | None:
    """A proof, in words, that there is no loop; None where there may be one."""
    limit = f"at most {problem.max_length} long"
    if problem.max_ascent is not None:
        limit += f" and climbs at most {problem.max_ascent}"
    if problem.via:
        limit += " and touches every via node"
    if not any(map(part.holds, problem.trailheads)):
        return f"no trail can be walked and come back from by a loop that is {limit}"
    everything = 2 * sum(_picked(_columns(problem.network).lengths, part.edges))
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


# --- search


class _Search:
    """Races of annealing runs over one kernel."""

    def __init__(
        self, problem: LoopProblem, part: _Part, seed: int, improved: Callable[[Loop], None] | None = None
    ) -> None:
        columns = _columns(problem.network)
        lengths = _picked(columns.lengths, part.edges)
        nothing = array("q", bytes(8 * len(part.edges)))
        self.scores = _picked(columns.scores, part.edges)
        if problem.preferences is not None:
            self.scores = [s + problem.preferences[i] for s, i in zip(self.scores, part.edges, strict=True)]
        self.problem = problem
        self.part = part
        self.worthless: set[int] = set()
        self.improved = improved
        self.told: int | None = None
        self.homes = [part.number[t] for t in problem.trailheads if part.holds(t)]
        self.kernel = Kernel(
            part.node_count,
            part.tails,
            part.heads,
            lengths,
            self.scores,
            nothing if problem.repeat_costs is None else _picked(problem.repeat_costs, part.edges),
            # where there is no limit, climb does not matter
            nothing if problem.max_ascent is None else _picked(columns.climbs, part.edges),
            nothing if problem.roads is None else _picked(problem.roads, part.edges),
            self.homes,
            [part.number[v] for v in problem.via],
            min_length=problem.min_length,
            max_length=problem.max_length,
            target=problem.max_length if problem.target is None else problem.target,
            overlength_cost=problem.overlength_cost,
            max_climb=-1 if problem.max_ascent is None else 2 * problem.max_ascent,
            repeat_limit=_limit_in_parts(problem.max_repeat_share),
            road_limit=_limit_in_parts(problem.max_road_share),
            slots=POPULATION,
            seed=seed,
        )
        rewarding = [s for s in self.scores if s > 0] or [1]
        self.unit = max(1, sum(rewarding) // len(rewarding)) * POINT
        # the first guess of what a metre of a good walk earns, in objective units: half the best there is
        worths = (score * POINT // length for length, score in zip(lengths, self.scores, strict=True) if length > 0)
        densest = max(worths, default=POINT)
        self.first_worth = max(densest // 2, 2)
        self.speed = 300_000.0 if COMPILED else 5_000.0  # moves a second, corrected as we go

    def loops(self, first: Sequence[Loop], alternatives: int, deadline: float | None, iterations: int) -> list[Loop]:
        """The best loops, best first, none too like a better one; `first` is known to be the best, or empty."""
        loops = list(first)
        # the first race matters most: it gets as much as all the others together
        weights = [max(1, alternatives - 1)] + [1] * (alternatives - 1)
        weights = weights[len(first) :]
        for i, weight in enumerate(weights):
            if loops:
                self._make_worthless(loops)
            if deadline is None:
                walks = self._race(None, iterations * weight // sum(weights))
            else:
                now = time.perf_counter()
                walks = self._race(now + max(0.0, deadline - now) * weight / sum(weights[i:]), 0)
            found = self._best_unlike(walks, loops, 1 if i < len(weights) - 1 else alternatives - len(loops))
            if not found and not loops:
                break
            loops += found
        return sorted(loops[:alternatives], key=lambda x: (-self.problem.objective(x), x.length))

    def tell(self, loop: Loop) -> None:
        """Tell of a loop, if it is better than those told before."""
        value = self.problem.objective(loop)
        if self.improved is not None and (self.told is None or value > self.told):
            self.told = value
            self.improved(loop)

    def _tell_walk(self, walk: Walk) -> None:
        if self.improved is not None:
            times = {self.part.edges[e]: y for e, y in walk.items()}
            self.tell(_checked(self.problem, closed_walk(self.problem, times)))

    def lengths_outside(self) -> tuple[int, ...]:
        """Lengths of closed walks seen just below and just above the window."""
        below, above = self.kernel.lengths_outside()
        return tuple(([below] if below > 0 else []) + ([above] if above < INFINITE else []))

    def _make_worthless(self, loops: Sequence[Loop]) -> None:
        """Let the next race earn nothing on what earlier loops walk."""
        self.worthless = {e for loop in loops for e in loop.walk}
        self.kernel.set_scores(
            [min(0, s) if e in self.worthless else s for e, s in zip(self.part.edges, self.scores, strict=True)]
        )

    def _race(self, deadline: float | None, iterations: int) -> list[Walk]:
        """Anneal, then merge and sharpen what came of it: good walks, best first."""
        began = time.perf_counter()

        def keep_going() -> bool:
            return deadline is None or time.perf_counter() < deadline

        merger = Merger(self.problem, self.kernel, self.part.edges, worthless=self.worthless, keep_going=keep_going)
        slots = self._start(began, deadline, iterations)
        now = time.perf_counter()
        self._anneal(slots, None if deadline is None else now + ANNEALING_SHARE * (deadline - now), iterations)
        walks = self._annealed()
        if not walks:
            return []
        best = merger.merge(walks)
        self._tell_walk(best)
        places = iterations // MOVES_PER_PLACE
        while keep_going() and (deadline is not None or places > 0):
            better = merger.open_up(best)
            if better is not best:
                self._tell_walk(better)
            best = better
            places -= 1
        return [best, *walks]

    def _annealed(self) -> list[Walk]:
        """The best walks that raced, best first, each once."""
        slots = [s for s in range(POPULATION) if self.kernel.best_value_of(s) > -INFINITE]
        slots.sort(key=self.kernel.best_value_of, reverse=True)
        walks: list[Walk] = []
        for slot in slots[:MOST_MERGED]:
            walk = self.kernel.best_of(slot)
            if walk not in walks:
                walks.append(walk)
        return walks

    def _anneal(self, slots: list[int], deadline: float | None, iterations: int) -> None:
        """The race: each round anneals all walks a little, then the worse half drops out."""
        rounds = len(slots).bit_length()
        began = time.perf_counter()
        hot = self.unit
        for r in range(rounds):
            cold = self.unit * _step(HOT, COLD, r + 1, rounds) // 1024
            self._set_prices(slots, r, rounds)
            end = None if deadline is None else began + (deadline - began) * (r + 1) / rounds
            for i, slot in enumerate(slots):
                if end is None:
                    self.kernel.anneal(slot, iterations // rounds // len(slots), hot, cold)
                elif not self._anneal_until(slot, end, len(slots) - i, hot, cold):
                    break
            slots.sort(key=self._standing, reverse=True)
            slots = slots[: max(1, len(slots) // 2)]
            hot = cold
            if self.improved is not None:
                for walk in self._annealed()[:1]:
                    self._tell_walk(walk)

    def _start(self, began: float, deadline: float | None, iterations: int) -> list[int]:
        """First walks: the best of many, as many as the time is good for."""
        most = (
            iterations // MOVES_PER_WALK if deadline is None else int((deadline - began) * self.speed) // MOVES_PER_WALK
        )
        most = max(4, min(POPULATION, most))
        for slot in range(POPULATION):
            self.kernel.forget(slot)
        self._set_prices([], 0, 1)
        built = 0
        while built < min(POPULATION, TRIES_PER_WALK * most):
            if deadline is not None and built > 0 and time.perf_counter() > began + BUILDING_SHARE * (deadline - began):
                break
            home = self.homes[self.kernel.draw(len(self.homes))]
            size = self.problem.max_length * (100 + self.kernel.draw(350)) // 1000
            self.kernel.start(built, home, 1 + built % 2, size, BUILDING_NODES)
            built += 1
        slots = sorted(range(built), key=self._standing, reverse=True)
        for slot in slots[most:]:
            self.kernel.forget(slot)
        return slots[:most]

    def _standing(self, slot: int) -> int:
        """What counts in the race: the best valid walk so far, or the one at hand where it is better still."""
        return max(self.kernel.best_value_of(slot), self.kernel.objective_of(slot))

    def _set_prices(self, slots: Sequence[int], r: int, rounds: int) -> None:
        worth = self.first_worth
        if r > 0:
            best = max(map(self._standing, slots))
            worth = max(worth // 10, best // max(1, self.problem.max_length), 1)
        climb = worth
        if self.problem.max_ascent:
            climb = worth * self.problem.max_length // (2 * self.problem.max_ascent)
        self.kernel.set_prices(worth * _step(CHEAP, DEAR, r, rounds - 1) // 1024 + 1, climb + 1, worth + 1)

    def _anneal_until(self, slot: int, end: float, walks: int, hot: int, cold: int) -> bool:
        """Anneal a walk for its part of the time until `end`; False where there is none left."""
        began = now = time.perf_counter()
        until = now + (end - now) / walks
        if until <= now:
            return False
        warm = hot
        while now < until:
            moves = 1 + int(min(until - now, TICK_S) * self.speed)
            part = min(1.0, (now - began + moves / self.speed) / (until - began))
            cooler = hot - int((hot - cold) * part)
            self.kernel.anneal(slot, moves, warm, cooler)
            warm = cooler
            before, now = now, time.perf_counter()
            measured = moves / max(now - before, 1e-6)
            # believed at once where it is slow, because a deadline is at stake
            self.speed = min(measured, self.speed + 0.2 * (measured - self.speed))
        return True

    def _best_unlike(self, walks: Sequence[Walk], loops: Sequence[Loop], most: int) -> list[Loop]:
        """Up to `most` of the walks, the first ones that share little with the loops there are."""
        found: list[Loop] = []
        for walk in walks:
            times = {self.part.edges[e]: y for e, y in walk.items()}
            if any(likeness(self.problem, times, Counter(loop.walk)) > MOST_SHARED for loop in (*loops, *found)):
                continue
            found.append(_checked(self.problem, closed_walk(self.problem, times)))
            if len(found) == most:
                break
        return found


def _limit_in_parts(share: float | None) -> int:
    """A share, as it is written, in parts for the kernel; -1 for none."""
    return -1 if share is None else math.floor(Decimal(str(share)) * SHARE_PARTS)


def _step(first: float, last: float, i: int, steps: int) -> int:
    """The i-th of `steps` + 1 values that lead in equal ratios from `first` to `last`, in units of 1/1024."""
    return int(1024 * first * math.pow(last / first, i / max(1, steps)) + 0.5)


def _checked(problem: LoopProblem, loop: Loop) -> Loop:
    wrong = violations(problem, loop)
    if wrong:
        raise AssertionError(f"the solver made an invalid loop, please report this: {'; '.join(wrong)}")
    return loop


# --- from a multiset of edges to a walk


def likeness(problem: LoopProblem, one: Mapping[int, int], other: Mapping[int, int]) -> float:
    """The largest share of either walk, by length, that lies on the trails of the other (0..1).

    Walks are {edge: times walked}. Each edge is counted once, and as often as it is walked: the larger share tells.
    """
    common = one.keys() & other.keys()
    edges = problem.network.edges
    share = 0.0
    for walk in (one, other):
        for times in (dict.fromkeys(walk, 1), walk):
            shared = sum(edges[e].length * times[e] for e in common)
            total = sum(edges[e].length * y for e, y in times.items())
            share = max(share, shared / total if total else 1.0)
    return share


def closed_walk(problem: LoopProblem, times: dict[int, int]) -> Loop:
    """A closed walk over each edge as often as `times` says (Hierholzer 1873), in the direction that climbs less."""
    edges = problem.network.edges
    links: dict[int, list[int]] = {}
    for e in times:
        links.setdefault(edges[e].u, []).append(e)
        if edges[e].v != edges[e].u:
            links.setdefault(edges[e].v, []).append(e)
    left = dict(times)
    start = next(t for t in problem.trailheads if t in links)
    stack = [(start, -1)]
    walk: list[int] = []
    while stack:
        node, by = stack[-1]
        while links[node] and left[links[node][-1]] == 0:
            links[node].pop()
        if links[node]:
            e = links[node][-1]
            left[e] -= 1
            stack.append((edges[e].u + edges[e].v - node, e))
        else:
            stack.pop()
            if by >= 0:
                walk.append(by)
    ascent, other_way = _ascent(problem, start, walk), _ascent(problem, start, walk[::-1])
    if other_way < ascent:
        walk.reverse()
    return Loop(
        start,
        tuple(walk),
        score=sum(edges[e].score for e in times),
        length=sum(edges[e].length * y for e, y in times.items()),
        ascent=min(ascent, other_way),
        repeated=sum(edges[e].length for e, y in times.items() if y == 2),
    )


def _ascent(problem: LoopProblem, start: int, walk: Sequence[int]) -> int:
    here = start
    total = 0
    for e in walk:
        edge = problem.network.edges[e]
        here, climbed = (edge.v, edge.up) if here == edge.u else (edge.u, edge.down)
        total += climbed
    return total
