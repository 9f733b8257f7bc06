"""What every reader hands on, whatever the file: ways that may be walked, points, and what was left out and why."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, overload

from loopgenie.store import LeftOut, Point, SourceFile
from loopgenie.ways import WayKind

#: Steps per degree: everything here is kept to 1e-7 degrees, about a centimetre.
DEGREE = 10_000_000


class Line(Sequence[tuple[float, float]]):
    """Positions (lon, lat), rounded to 7 decimals: eight bytes each, so that a country fits into memory."""

    __slots__ = ("_steps",)

    def __init__(self, positions: Iterable[tuple[float, float]]) -> None:
        # from a list, so that no byte is allocated for growing
        self._steps = array("i", [round(degrees * DEGREE) for degrees in chain.from_iterable(positions)])

    def __len__(self) -> int:
        return len(self._steps) // 2

    @overload
    def __getitem__(self, index: int) -> tuple[float, float]: ...
    @overload
    def __getitem__(self, index: slice) -> list[tuple[float, float]]: ...
    def __getitem__(self, index: int | slice) -> tuple[float, float] | list[tuple[float, float]]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        at = 2 * (index if index >= 0 else index + len(self))
        return self._steps[at] / DEGREE, self._steps[at + 1] / DEGREE

    def __iter__(self) -> Iterator[tuple[float, float]]:
        steps = iter(self._steps)
        return ((lon / DEGREE, lat / DEGREE) for lon, lat in zip(steps, steps, strict=True))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    def __repr__(self) -> str:
        return repr(list(self))

    __hash__ = None  # type: ignore[assignment]

    def steps(self) -> Any:
        """A buffer of int32, in 1e-7 degrees: lon, lat, lon, lat, …"""
        return memoryview(self._steps)


@dataclass(slots=True)
class Way:
    """A line that may be walked in both directions.

    `line` is (lon, lat) pairs, two or more. `node_ids` (as many) say where ways meet when the source has topology
    of its own (OpenStreetMap); None when meeting has to be found by noding. `heights` (as many, metres or None
    each) are heights that the source itself recorded and that can be trusted, else None. `recorded` lines come from a
    GPS receiver: two of them along the same trail lie a few metres apart. `off_ground` ways (bridges, tunnels) do not
    follow the terrain between their ends. `poor` trails are known to be paved or hardly to be seen. `on_route` ways are
    part of a signed hiking route. `informal`, `season` and `rule` are those of `store.Stretch`.
    """

    line: Sequence[tuple[float, float]]
    kind: WayKind
    node_ids: Sequence[int] | None = None
    heights: list[float | None] | None = None
    name: str | None = None
    surface: str | None = None
    difficulty: int | None = None
    source: str | None = None
    recorded: bool = False
    off_ground: bool = False
    poor: bool = False
    on_route: bool = False
    informal: bool = False
    season: str | None = None
    rule: str | None = None

    def __post_init__(self) -> None:
        """Keep positions and node ids in as few bytes as they need."""
        if not isinstance(self.line, Line):
            self.line = Line(self.line)
        if self.node_ids is not None and not isinstance(self.node_ids, array):
            self.node_ids = array("q", self.node_ids)


@dataclass(slots=True)
class Access:
    """A place where a car can stop: a parking place ("parking") or a named start of trails ("trailhead")."""

    lon: float
    lat: float
    kind: str
    name: str | None = None


@dataclass(slots=True)
class Stream:
    """Open water along a line of (lon, lat): a stream, or the shore of a lake; a line of one position is a ford.

    `kind` is "stream" or "lake", `seasonal` is "yes", "no" or None where nobody says; `source` and `date` are those of
    the details of a point.
    """

    line: Sequence[tuple[float, float]]
    name: str | None = None
    seasonal: str | None = None
    source: str | None = None
    date: str | None = None
    kind: str = "stream"

    def __post_init__(self) -> None:
        """Keep positions in as few bytes as they need."""
        if not isinstance(self.line, Line):
            self.line = Line(self.line)


@dataclass(slots=True)
class Source:
    """All that was read. `points` have id 0; ids are given when the region is built.

    `waters` are lines of (lon, lat) along rivers and shores; a spring or waterfall is a line of one position.
    `streams` are what trails may cross or touch. `left_out` counts what was not taken, by reason; `refused` are the
    lines of it that a hiker might miss (with id 0, too).
    """

    ways: list[Way] = field(default_factory=list)
    accesses: list[Access] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    waters: list[list[tuple[float, float]]] = field(default_factory=list)
    streams: list[Stream] = field(default_factory=list)
    files: list[SourceFile] = field(default_factory=list)
    synthetic: bool = False
    left_out: Counter[str] = field(default_factory=Counter)
    refused: list[LeftOut] = field(default_factory=list)

    @property
    def attribution(self) -> tuple[str, ...]:
        """Whom to name, each once."""
        return tuple(dict.fromkeys(file.attribution for file in self.files))

    @property
    def data_date(self) -> str | None:
        """The oldest date of its files."""
        return min((file.data_date for file in self.files if file.data_date), default=None)


def merged(sources: Sequence[Source]) -> Source:
    """Everything of several sources as one."""
    whole = Source()
    for source in sources:
        whole.ways += source.ways
        whole.accesses += source.accesses
        whole.points += source.points
        whole.waters += source.waters
        whole.streams += source.streams
        whole.files += source.files
        whole.left_out += source.left_out
        whole.refused += source.refused
    whole.synthetic = any(source.synthetic for source in sources)
    return whole


#: Tells how far a long job is: (what is being done, how much is done, of how much; 0 where that is unknown).
Progress = Callable[[str, int, int], None]

#: Height in metres at (lon, lat), None where the terrain model has no data.
HeightAt = Callable[[float, float], float | None]
