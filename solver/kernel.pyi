"""Types of what the kernel offers to Python; its own annotations are C types, which Cython checks."""

from array import array
from collections.abc import Iterable, Sequence

COMPILED: bool
POINT: int
SHARE_PARTS: int
INFINITE: int

class Graph:
    def __init__(self, node_count: int, tails: Sequence[int], heads: Sequence[int], lengths: Sequence[int]) -> None: ...
    def distances(self, sources: Sequence[int], limit: int) -> array[int]: ...

def within_reach(
    node_count: int,
    tails: Sequence[int],
    heads: Sequence[int],
    costs: Sequence[int],
    places: Iterable[Iterable[int]],
    limit: int,
) -> Sequence[int]: ...
def renumbered(
    node_count: int, tails: Sequence[int], heads: Sequence[int]
) -> tuple[array[int], int, array[int], array[int]]: ...

class Kernel(Graph):
    def __init__(
        self,
        node_count: int,
        tails: Sequence[int],
        heads: Sequence[int],
        lengths: Sequence[int],
        scores: Sequence[int],
        repeat_costs: Sequence[int],
        climbs: Sequence[int],
        roads: Sequence[int],
        trailheads: Sequence[int],
        vias: Sequence[int],
        *,
        min_length: int,
        max_length: int,
        target: int,
        overlength_cost: int,
        max_climb: int,
        repeat_limit: int,
        road_limit: int,
        slots: int,
        seed: int,
    ) -> None: ...
    def set_prices(self, length_price: int, climb_price: int, share_price: int) -> None: ...
    def set_scores(self, scores: Sequence[int]) -> None: ...
    def start(self, slot: int, home: int, goals: int, size: int, most: int) -> None: ...
    def forget(self, slot: int) -> None: ...
    def anneal(self, slot: int, moves: int, hot: int, cold: int) -> None: ...
    def objective_of(self, slot: int) -> int: ...
    def best_value_of(self, slot: int) -> int: ...
    def best_of(self, slot: int) -> dict[int, int]: ...
    def edges_around(self, e: int, most: int) -> list[int]: ...
    def draw(self, k: int) -> int: ...
    def move_count(self) -> int: ...
    def lengths_outside(self) -> tuple[int, int]: ...
