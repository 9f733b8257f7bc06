"""Find the best closed loop on a trail network. Standard library only, no clock and no I/O at import."""

from solver.problem import Edge, Loop, LoopProblem, Network, Result, Status
from solver.solve import solve
from solver.verify import violations

__all__ = ["Edge", "Loop", "LoopProblem", "Network", "Result", "Status", "solve", "violations"]
