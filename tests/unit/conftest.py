"""Small regions drawn in kilometres, for tests that need trails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest

from loopgenie.geometry import Position, line_length_m, nearest_on_line
from loopgenie.store import Anchor, Junction, Point, Region, Segment, SegmentCore, Stretch, Trailhead
from loopgenie.ways import ROADS, WORTH, WayKind

#: Where the drawing's corner lies, and how many degrees a kilometre has there (on the equator, WGS 84).
WEST, SOUTH = 10.0, 0.0
PER_KM = (1 / 111.31949, 1 / 110.57428)


def at(x_km: float, y_km: float) -> tuple[float, float]:
    """(lon, lat) of a point of the drawing, on the grid that stores keep."""
    return round(WEST + x_km * PER_KM[0], 7), round(SOUTH + y_km * PER_KM[1], 7)


@dataclass
class Drawing:
    """A region being drawn: junctions by name, ways between them."""

    name: str = "Drawn"
    places: dict[str, Position] = field(default_factory=dict)
    segments: list[Segment] = field(default_factory=list)
    trailheads: list[Trailhead] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)

    def junctions(self, **spots: tuple[float, ...]) -> Drawing:
        """Name junctions: A=(x_km, y_km) or A=(x_km, y_km, height_m)."""
        for name, (x, y, *height) in spots.items():
            self.places[name] = (*at(x, y), float(height[0]) if height else None)
        return self

    def way(
        self,
        a: str,
        b: str,
        name: str | None = None,
        kind: WayKind = WayKind.PATH,
        *,
        through: Sequence[tuple[float, ...]] = (),
        difficulty: int | None = None,
        stretches: Sequence[tuple[float, WayKind, str | None]] = (),
    ) -> Drawing:
        """Draw a segment from a to b; `stretches` are (share of its length, kind, name) where it has more than one."""
        middle = [(*at(x, y), float(h[0]) if h else None) for x, y, *h in through]
        line = (self.places[a], *middle, self.places[b])
        length = line_length_m(line)
        parts = [Stretch(share * length, k, n, None, difficulty) for share, k, n in stretches or [(1.0, kind, name)]]
        up, down = _climbs(line)
        numbers = list(self.places)
        core = SegmentCore(
            len(self.segments),
            numbers.index(a),
            numbers.index(b),
            length,
            sum(s.length_m * WORTH[s.kind] for s in parts),
            up,
            down,
            sum(s.length_m for s in parts if s.kind in ROADS),
            difficulty,
        )
        self.segments.append(Segment(core, line, tuple(parts)))
        return self

    def trailhead(self, junction: str, name: str | None = None, kind: str = "parking") -> Drawing:
        """Put a trailhead at a junction."""
        lon, lat, _ = self.places[junction]
        number = list(self.places).index(junction)
        self.trailheads.append(Trailhead(len(self.trailheads), number, name, kind, lon, lat, 0.0))
        return self

    def point(self, x_km: float, y_km: float, kind: str, name: str | None, population: int | None = None) -> Drawing:
        """Put a named point on the map."""
        self.points.append(Point(len(self.points), kind, name, *at(x_km, y_km), None, population))
        return self

    def stop(self, x_km: float, y_km: float, kind: str, name: str | None, **details: str) -> Drawing:
        """Put a camp, a hut or water there, anchored on the nearest way that was drawn before."""
        place = at(x_km, y_km)
        feet = [(nearest_on_line(place, s.line), s.core) for s in self.segments]
        foot, core = min(feet, key=lambda each: (each[0].distance_m, each[1].id))
        anchor = Anchor(core.id, min(1.0, foot.along_m / core.length_m), foot.distance_m)
        self.points.append(Point(len(self.points), kind, name, *place, details=details, anchor=anchor))
        return self

    def region(self, **more: Any) -> Region:
        """What was drawn."""
        junctions = [Junction(i, *place) for i, place in enumerate(self.places.values())]
        given = {"attribution": ("Drawn by hand",), **more}
        return Region(self.name, junctions, self.segments, self.trailheads, self.points, **given)


def _climbs(line: Sequence[Position]) -> tuple[int | None, int | None]:
    heights = [p[2] for p in line]
    if None in heights:
        return None, None
    steps = [b - a for a, b in pairwise(heights)]  # type: ignore[operator]
    return round(sum(max(s, 0) for s in steps)), round(sum(max(-s, 0) for s in steps))


@pytest.fixture(scope="session")
def draw() -> type[Drawing]:
    """Draw a region: draw().junctions(A=(0, 0), …).way("A", "B").trailhead("A").region()."""
    return Drawing


@pytest.fixture(scope="session")
def on_map() -> Callable[[float, float], tuple[float, float]]:
    """(lon, lat) of a point of a drawing given in km."""
    return at
