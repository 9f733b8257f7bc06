"""Types of what the kernel for treks offers to Python; its own annotations are C types, which Cython checks."""

from collections.abc import Sequence

COMPILED: bool

class TrekKernel:
    def __init__(
        self,
        node_count: int,
        tails: Sequence[int],
        heads: Sequence[int],
        lengths: Sequence[int],
        worths: Sequence[int],
        ups: Sequence[int],
        downs: Sequence[int],
        roads: Sequence[int],
        closed: Sequence[int],
        waters_first: Sequence[int],
        waters: Sequence[int],
        trailheads: Sequence[int],
        vias: Sequence[int],
        camps: Sequence[tuple[int, int, int, int, bool, int]],
        days: Sequence[tuple[int, int, int, int, int, int]],
        *,
        pace: tuple[int, int, int] | None,
        balance_cost: int,
        repeat_cost: int,
        min_length: int,
        max_length: int,
        max_ascent: int,
        max_dry: int,
        repeat_limit: int,
        road_limit: int,
        slots: int,
        seed: int,
    ) -> None: ...
    def measure_camp(self, c: int) -> None: ...
    def set_prices(
        self, length: int, climb: int, time: int, share: int, missed: int, dry: int, broken: int
    ) -> None: ...
    def set_worths(self, worths: Sequence[int]) -> None: ...
    def start(self, slot: int) -> bool: ...
    def put(self, slot: int, home: int, nights: Sequence[int], walks: Sequence[Sequence[int]]) -> bool: ...
    def forget(self, slot: int) -> None: ...
    def anneal(self, slot: int, moves: int, hot: int, cold: int) -> None: ...
    def draw(self, k: int) -> int: ...
    def objective_of(self, slot: int) -> int: ...
    def is_valid(self, slot: int) -> bool: ...
    def best_value_of(self, slot: int) -> int: ...
    def best_of(self, slot: int) -> tuple[int, tuple[int, ...], tuple[tuple[int, ...], ...]]: ...
    def current_of(self, slot: int) -> tuple[int, tuple[int, ...], tuple[tuple[int, ...], ...]]: ...
    def move_count(self) -> int: ...
