"""Find the best closed loop on a trail network. Standard library only, no clock and no I/O at import."""

from solver.problem import Edge, Loop, LoopProblem, Network, Result, Status
from solver.solve import solve
from solver.solve_trek import solve_trek
from solver.trek import Camp, Day, Obstacle, Pace, Trek, TrekProblem, TrekResult
from solver.verify import trek_violations, violations

__all__ = [
    "Camp",
    "Day",
    "Edge",
    "Loop",
    "LoopProblem",
    "Network",
    "Obstacle",
    "Pace",
    "Result",
    "Status",
    "Trek",
    "TrekProblem",
    "TrekResult",
    "solve",
    "solve_trek",
    "trek_violations",
    "violations",
]
