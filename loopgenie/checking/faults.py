"""What can be wrong with a network: the kinds of fault, gravest first, and the worst of each that was found."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count as numbers_from
from typing import NamedTuple

from loopgenie.geometry import LonLat

#: So many faults of a kind are kept to be shown, the worst; all are counted.
MOST_KEPT = 2_000


class Kind(NamedTuple):
    """A kind of fault. Grave ones make answers wrong or hide loops; of the others it is good to know."""

    name: str
    grave: bool
    title: str
    advice: str


#: Every kind by its name, in the order of a report.
KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "duplicate",
            True,
            "ways drawn twice between the same junctions",
            "A loop could go out on one and come back on the other: the same ground. Delete one in the source.",
        ),
        Kind(
            "double",
            True,
            "trails that run side by side within 5 m for 100 m or more",
            "Most likely one trail that was drawn twice; loops take both for different ground. Keep the better line.",
        ),
        Kind(
            "gap",
            True,
            "ends that stop within 25 m of a way they are not joined to",
            "Where one can walk across, join them in the source; loops over this place are not found until then.",
        ),
        Kind(
            "steep",
            True,
            "heights that jump, steeper than 45 degrees over 25 m or more",
            "The heights are wrong here, and so is the climb. Import again with a better terrain model (--elevation).",
        ),
        Kind(
            "island",
            False,
            "parts of the network without a trailhead",
            "No loop there is ever offered. Join the part to the rest, or add a car park or trailhead to the source.",
        ),
        Kind(
            "no-loop",
            False,
            "trailheads without a loop near",
            "All that starts there is out and back. Look for gaps and left out lines around it.",
        ),
        Kind(
            "far-trailhead",
            False,
            "trailheads more than 100 m from the network",
            "The way from the car to the trail is missing in the source, or the car park serves something else.",
        ),
        Kind(
            "no-heights",
            False,
            "segments without heights",
            "Climbs over them are not known. Import again with terrain models (--elevation) that cover them.",
        ),
        Kind(
            "tiny",
            False,
            "segments shorter than 1 m",
            "Harmless, but a sign of two nodes that should be one. Merge them in the source.",
        ),
        Kind(
            "crossing",
            False,
            "places where ways cross without a junction",
            "Right for bridges and tunnels. Where one can turn, the ways lack a common node in the source.",
        ),
        Kind(
            "unnamed",
            False,
            "segments with trail that has no name",
            "Directions can only say what kind of way it is. Name it in the source, or lead a hiking route over it.",
        ),
        Kind(
            "left-out",
            False,
            "lines that are no part of the network",
            "Each says which field decided so. Where that is wrong on the ground, mend the field in the source.",
        ),
    )
}


class Found(NamedTuple):
    """A fault as it is found: names and lines of its segments are looked up later, for those that are shown.

    `rank` orders faults of a kind, the worst has the largest; `metres` is what it adds to their length, None where
    they have none. `{0}` and `{1}` in `what` stand for the segments, where there are any. Without `at` the
    fault is the whole line.
    """

    kind: str
    rank: float
    what: str
    segments: tuple[int, ...] = ()
    at: LonLat | None = None
    metres: float | None = None
    line: tuple[LonLat, ...] = ()  # where it is no segment
    source: str | None = None


@dataclass
class Tally:
    """How many faults of one kind there are, how long they are together, and the worst of them."""

    count: int = 0
    metres: float | None = None
    _worst: list[tuple[float, int, Found]] = field(default_factory=list)
    _older: Iterator[int] = field(default_factory=lambda: numbers_from(0, -1))

    def add(self, found: Found) -> None:
        """Count a fault; of equally bad ones the first found is kept."""
        self.count += 1
        if found.metres is not None:
            self.metres = (self.metres or 0.0) + found.metres
        entry = (found.rank, next(self._older), found)
        if len(self._worst) < MOST_KEPT:
            heapq.heappush(self._worst, entry)
        else:
            heapq.heappushpop(self._worst, entry)

    def worst(self) -> list[Found]:
        """Those that are kept, the worst first."""
        return [found for _, _, found in sorted(self._worst, key=lambda entry: entry[:2], reverse=True)]
