"""Better loops out of good ones: the exact program on what several walks use, or one walk and a place on its way.

Tour merging (Cook & Seymour 2003): the union of some good walks is narrow, so the best loop on it is found exactly, and
takes the best stretches of all. A walk with all trails around one place on its way is narrow, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set

from solver.exact import Exact, Room
from solver.kernel import Kernel
from solver.problem import LoopProblem

#: A walk, as {edge, by the kernel's number: times walked}.
Walk = Mapping[int, int]

#: Room for one union or place: a few milliseconds of work.
SMALL = Room(states=60_000, labels=3_000, prices=6, orders=20)
#: Wider ones than this take more than that.
WIDEST = 9
#: Parts of a point to count in, as the kernel does.
FINE = 32
#: Nodes around a place at first, and least.
PLACE, SMALLEST_PLACE = 40, 8


class Merger:
    """Improves walks of a problem.

    Parameters
    ----------
    edges : ids of the edges in reach; the kernel's numbers are positions in this.
    worthless : edge ids that shall earn nothing.
    keep_going : returns False when time is up.
    """

    def __init__(
        self,
        problem: LoopProblem,
        kernel: Kernel,
        edges: Sequence[int],
        *,
        worthless: Set[int],
        keep_going: Callable[[], bool],
    ) -> None:
        self.problem = problem
        self.kernel = kernel
        self.edges = edges
        self.worthless = worthless
        self.keep_going = keep_going
        self.place = PLACE

    def merge(self, walks: Sequence[Walk]) -> Walk:
        """The best loop that comes of merging ever more of some loops, which are given best first."""
        best = walks[0]
        count, tried = 2, None
        while count <= len(walks) and self.keep_going():
            union = frozenset(best).union(*walks[:count])
            if union != tried:
                tried = union
                better, fits = self._best_on(union, best)
                if not fits:
                    break
                best = best if better is None else better
            count += max(1, count // 4)
        return best

    def open_up(self, walk: Walk) -> Walk:
        """The walk, or a better one that differs from it around a random edge on its way.

        The place grows while it can be solved exactly, and shrinks where it cannot.
        """
        middle = list(walk)[self.kernel.draw(len(walk))]
        around = self.kernel.edges_around(middle, self.place)
        better, fits = self._best_on(walk.keys() | around, walk)
        if fits and self.place <= len(self.edges):  # no more than there is
            self.place += 1 + self.place // 32
        elif not fits:
            self.place = max(SMALLEST_PLACE, self.place * 7 // 8)
        return walk if better is None else better

    def _best_on(self, numbers: Set[int], known: Walk) -> tuple[Walk | None, bool]:
        """A better walk over some edges, and whether they were narrow enough to be sure of the best."""
        order = sorted(numbers)
        try:
            exact = Exact(
                self.problem, [self.edges[k] for k in order], SMALL.orders, worthless=self.worthless, fine=FINE
            )
        except OverflowError:
            return None, False
        if not 0 <= exact.width <= WIDEST:
            return None, False
        outcome = exact.solve(self.value(known), SMALL, self.keep_going)
        if outcome is None:
            return None, False
        better = (
            None
            if outcome.times is None
            else {k: outcome.times[e] for k in order if (e := self.edges[k]) in outcome.times}
        )
        return better, exact.program.is_complete()

    def value(self, walk: Walk) -> int:
        """The objective in parts of a point, metres beyond the target a part dearer than they are."""
        problem = self.problem
        earned = length = 0
        for k, times in walk.items():
            e = self.edges[k]
            edge = problem.network.edges[e]
            length += edge.length * times
            once = edge.score + (problem.preferences[e] if problem.preferences else 0)
            earned += min(0, once) if e in self.worthless else once
            if times == 2 and problem.repeat_costs:
                earned -= problem.repeat_costs[e]
        beyond = 0 if problem.target is None else max(0, length - problem.target)
        return FINE * earned - (FINE + 1) * problem.overlength_cost * beyond
