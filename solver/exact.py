"""The best loop over some edges of a problem, exactly where there is room: the program of `frontier.py`, driven."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from decimal import Decimal

from solver.frontier import HOPE, INFINITE, Program
from solver.kernel import SHARE_PARTS
from solver.problem import LoopProblem


@dataclass(frozen=True)
class Outcome:
    """What is known of the loops over some edges.

    None of them has a higher objective than `bound` and the objective that was known before; None: nothing is known.
    `reached` and `times` {edge: times walked} tell of a loop better than what was known, None where none was found.
    """

    bound: int | None
    reached: int | None = None
    times: dict[int, int] | None = None


@dataclass(frozen=True)
class Room:
    """How much memory and work: no more states and labels than this at a step, so many prices, so many orders."""

    states: int
    labels: int
    prices: int
    orders: int


class Exact:
    """A program over some edges of a problem.

    Parameters
    ----------
    edges : edge ids; a trailhead has to be among their ends.
    orders : how many orders of the edges are tried; the best one is taken.
    worthless : edges that shall earn nothing.
    fine : count in parts of a point, and charge metres beyond the target one part more than they cost, so that of loops
        worth the same the one nearest to the target wins. What is known and what comes out is in these parts, too.
    """

    def __init__(
        self,
        problem: LoopProblem,
        edges: Sequence[int],
        orders: int,
        *,
        worthless: Set[int] = frozenset(),
        fine: int = 1,
    ) -> None:
        network = problem.network.edges
        number: dict[int, int] = {}
        for i in edges:
            number.setdefault(network[i].u, len(number))
            number.setdefault(network[i].v, len(number))
        self.problem = problem
        self.edges = edges
        self.possible = all(v in number for v in problem.via) and any(t in number for t in problem.trailheads)
        self.overlength_cost = problem.overlength_cost * (fine + 1 if fine > 1 else 1)
        earnings = [network[i].score for i in edges]
        if problem.preferences is not None:
            earnings = [s + problem.preferences[i] for s, i in zip(earnings, edges, strict=True)]
        if worthless:
            earnings = [min(0, s) if i in worthless else s for s, i in zip(earnings, edges, strict=True)]
        nothing = [0] * len(edges)
        self.program = Program(
            len(number),
            [number[network[i].u] for i in edges],
            [number[network[i].v] for i in edges],
            [network[i].length for i in edges],
            [s * fine for s in earnings],
            nothing if problem.repeat_costs is None else [problem.repeat_costs[i] * fine for i in edges],
            nothing if problem.max_ascent is None else [network[i].climb for i in edges],
            nothing if problem.roads is None else [problem.roads[i] for i in edges],
            [number[t] for t in problem.trailheads if t in number],
            [number[v] for v in problem.via if v in number],
            min_length=problem.min_length,
            max_length=problem.max_length,
            target=problem.max_length if problem.target is None else problem.target,
            overlength_cost=self.overlength_cost,
            max_climb=-1 if problem.max_ascent is None else 2 * problem.max_ascent,
            # rounded up, so that no valid loop is left out
            repeat_limit=limit_in_parts(problem.max_repeat_share, math.ceil),
            road_limit=limit_in_parts(problem.max_road_share, math.ceil),
        )
        #: widest frontier of the order taken; -1 where it is hopelessly wide
        self.width = self.program.arrange(orders)

    def rearrange(self, orders: int, keep_going: Callable[[], bool]) -> None:
        """Try more orders, a few at a time while there is time."""
        at_once = max(1, 100_000 // (1 + len(self.edges)) // 10)
        for _ in range(0, orders, at_once):
            if not keep_going():
                break
            self.width = self.program.arrange(at_once)

    def solve(self, at_least: int | None, room: Room, keep_going: Callable[[], bool]) -> Outcome | None:
        """Look for loops with a higher objective than `at_least` (None: for any); None where time ran out.

        The bound holds in any case; it is as sharp as the room allows.
        """
        known = -INFINITE if at_least is None else at_least
        if not self.possible:
            return Outcome(at_least)
        if self.width < 0 or not self.program.explore(known, room.states, keep_going):
            return None
        best = _Best(self.problem, self.edges, known, self.overlength_cost)
        bound = self._price(best, room.prices, keep_going)
        if bound is None:
            return None
        if bound > best.value:
            for exact_length in (False, True):
                if not self.program.settle(best.value, room.labels, keep_going, exact_length=exact_length):
                    break
                best.take(self.program.best_value(), self.program.best_walk())
                bound = min(bound, max(best.value, self.program.bound()))
                if bound <= best.value:
                    break
        bound = max(bound, best.value)
        reached = None if best.times is None else best.value
        return Outcome(None if bound <= -INFINITE else bound, reached, best.times)

    def _price(self, best: _Best, most: int, keep_going: Callable[[], bool]) -> int | None:
        """Find the prices with the lowest bound; the walks met on the way may be good ones. None: out of time."""
        program, problem = self.program, self.problem
        bound = INFINITE
        climb_price = 0
        length_price = program.first_price()
        for search in ("length", "climb", "length", "climb", "length"):
            climbs = search == "climb"
            if climbs and problem.max_ascent is None:
                break
            short = long = None
            price = climb_price if climbs else length_price
            least, step = INFINITE * HOPE, max(1, price // 4)
            for _ in range(most):
                if not keep_going():
                    return None
                found = program.price(length_price if climbs else price, price if climbs else climb_price)
                if found is None:
                    # nothing but what is known or was dropped
                    return program.bound()
                hope, length, climb, earned, times = found
                best.offer(earned, length, climb, times)
                if hope < least:
                    least, cheapest = hope, price
                bound = min(bound, hope // HOPE)
                if bound <= best.value:
                    return max(bound, program.bound())
                if climbs:
                    amount, wanted = climb, 2 * (problem.max_ascent or 0)
                else:
                    amount, wanted = length, program.length_at(price)
                line = (price, hope, wanted - amount)
                if amount > wanted:
                    long = line
                elif amount < wanted:
                    short = line
                else:
                    break
                price = _between(short, long, price, step, 0 if climbs else -INFINITE)
                step *= 2
                if line[0] == price or (short and long and abs(short[0] - long[0]) <= 1):
                    break
            if climbs:
                climb_price = cheapest
            else:
                length_price = cheapest
        return max(bound, program.bound())


def _between(
    short: tuple[int, int, int] | None, long: tuple[int, int, int] | None, price: int, step: int, least: int
) -> int:
    """The next price: where the tangents of the bound at the two nearest prices meet (Kelley 1960), or a step on.

    At a price too low the walk is too long and the bound falls with the price, at one too high it rises.
    """
    if short is None:
        return price + step
    if long is None:
        return max(least, price - step)
    (high, high_bound, rising), (low, low_bound, falling) = short, long
    meet = (low_bound - high_bound + rising * high - falling * low) // max(1, rising - falling)
    if not low < meet < high:
        meet = (low + high) // 2
    return meet


class _Best:
    """The best loop met so far, if it is better than what was known."""

    def __init__(self, problem: LoopProblem, edges: Sequence[int], known: int, overlength_cost: int) -> None:
        self.problem = problem
        self.target = problem.max_length if problem.target is None else problem.target
        self.overlength_cost = overlength_cost
        self.edges = edges
        self.value = known
        self.times: dict[int, int] | None = None

    def offer(self, earned: int, length: int, climb: int, walk: dict[int, int]) -> None:
        """A closed walk that may break limits."""
        problem = self.problem
        value = earned - self.overlength_cost * max(0, length - self.target)
        if value <= self.value or not problem.min_length <= length <= problem.max_length:
            return
        if problem.max_ascent is not None and climb > 2 * problem.max_ascent:
            return
        self.take(value, walk)

    def take(self, value: int, walk: dict[int, int] | None) -> None:
        """A loop that keeps all limits, perhaps but for what shares were rounded up by, and what it is worth."""
        if walk is not None and value > self.value and self._keeps_shares(walk):
            self.value = value
            self.times = {self.edges[e]: y for e, y in walk.items()}

    def _keeps_shares(self, walk: dict[int, int]) -> bool:
        problem = self.problem
        lengths = {e: problem.network.edges[self.edges[e]].length for e in walk}
        length = sum(lengths[e] * y for e, y in walk.items())
        repeated = sum(lengths[e] for e, y in walk.items() if y == 2)
        road = sum(problem.roads[self.edges[e]] * y for e, y in walk.items()) if problem.roads else 0
        shares = ((problem.max_repeat_share, repeated), (problem.max_road_share, road))
        return all(share is None or part <= Decimal(str(share)) * length for share, part in shares)


def limit_in_parts(share: float | None, rounded: Callable[[Decimal], int]) -> int:
    """A share, as it is written, in whole parts; -1 for none."""
    return -1 if share is None else rounded(Decimal(str(share)) * SHARE_PARTS)
