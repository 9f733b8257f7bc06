"""A country too large to be invented in one piece: a block and its mirror images, side by side like a kaleidoscope.

At a border both sides are the same, so heights go on without a step and roads that leave one block enter the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from loopgenie.importing.sample_ways import Spot

#: Column (from the west) and row (from the south) of a block.
Block = tuple[int, int]


@dataclass(frozen=True)
class Blocks:
    """A square of `count` x `count` blocks with sides of `side_m` metres; in every other one east and west, or north
    and south, are swapped.
    """

    count: int
    side_m: float

    def __iter__(self) -> Iterator[Block]:
        return ((column, row) for row in range(self.count) for column in range(self.count))

    def number(self, block: Block) -> int:
        """0 for the first block, 1 for the one east of it, …"""
        return block[1] * self.count + block[0]

    def unfolded(self, block: Block, spot: Spot) -> Spot:
        """Where a place of the first block is in another one, in metres from the south-west corner of all."""
        return self._unfolded(block[0], spot[0]), self._unfolded(block[1], spot[1])

    def _unfolded(self, index: int, metres: float) -> float:
        return index * self.side_m + (self.side_m - metres if index % 2 else metres)

    def folded(self, spot: Spot) -> Spot:
        """The place of the first block that is the same as this one of the whole country."""
        return self._folded(spot[0]), self._folded(spot[1])

    def _folded(self, metres: float) -> float:
        index = min(max(int(metres // self.side_m), 0), self.count - 1)
        inside = metres - index * self.side_m
        return self.side_m - inside if index % 2 else inside

    def home(self, block: Block, spot: Spot) -> Block:
        """Of the blocks that have this place, given in metres of the first block, the first."""
        return self._home(block[0], spot[0]), self._home(block[1], spot[1])

    def _home(self, index: int, metres: float) -> int:
        on_border = metres in (0.0, self.side_m)
        at_its_beginning = (metres == self.side_m) == bool(index % 2)
        return index - 1 if on_border and at_its_beginning and index > 0 else index
