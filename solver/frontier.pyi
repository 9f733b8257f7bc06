"""Types of what the exact program offers to Python; its own annotations are C types, which Cython checks."""

from collections.abc import Callable, Sequence

COMPILED: bool
HOPE: int
INFINITE: int

class Program:
    def __init__(
        self,
        node_count: int,
        tails: Sequence[int],
        heads: Sequence[int],
        lengths: Sequence[int],
        earnings: Sequence[int],
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
    ) -> None: ...
    def arrange(self, tries: int) -> int: ...
    def first_price(self) -> int: ...
    def length_at(self, price: int) -> int: ...
    def set_charges(self, ceiling: int, scale: int, charges: Sequence[Sequence[int]]) -> None: ...
    def explore(self, at_least: int, most_states: int, keep_going: Callable[[], bool]) -> bool: ...
    def price(self, length_price: int, climb_price: int) -> tuple[int, int, int, int, dict[int, int]] | None: ...
    def settle(
        self, at_least: int, most_labels: int, keep_going: Callable[[], bool], *, exact_length: bool
    ) -> bool: ...
    def best_value(self) -> int: ...
    def best_walk(self) -> dict[int, int] | None: ...
    def bound(self) -> int: ...
    def is_complete(self) -> bool: ...
