"""A synthetic sample region of any size: an invented country, the same on every machine for the same seed.

For trying LoopGenie out before any trail file is at hand. It lies in the open North Atlantic, so that nobody takes
it for real. Needs nothing but the standard library. The story: a landscape (`sample_terrain`), where people would
settle and look around in it (`sample_places`), the roads and trails between those places (`sample_routes` over
`sample_paths`), and the ways as a mapper would have drawn them (`sample_ways`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from random import Random

from loopgenie.errors import InvalidParameters
from loopgenie.geometry import LonLat
from loopgenie.importing.sample_names import Names
from loopgenie.importing.sample_paths import Ground, make_ground
from loopgenie.importing.sample_places import SETTLEMENTS, Place, Spacing, road_places, trail_places, wayside_places
from loopgenie.importing.sample_routes import Routes, lay_roads, lay_trails
from loopgenie.importing.sample_terrain import CELL_M, Terrain, make_terrain
from loopgenie.importing.sample_ways import Chain, Spot, chains, relaxed, rounded, trail_kind, zigzagged
from loopgenie.importing.source import Access, HeightAt, Progress, Source, Way
from loopgenie.store import Point, Region, SourceFile
from loopgenie.ways import WayKind

#: Side of the square region, in km.
SMALLEST_KM, LARGEST_KM = 2, 200

#: The middle of the region, and degrees per metre there.
_MIDDLE = LonLat(-30.0, 45.0)
_DEGREES_EAST, _DEGREES_NORTH = 1 / 78_847.0, 1 / 111_132.0

#: What the kinds of `Place` are called in the store.
_POINT_KINDS = {"tarn": "water", "lake": "water", "spring": "water", "road end": "locality"}


def sample_region(*, seed: int = 0, size: int = 20, progress: Progress | None = None) -> Region:
    """Make the sample region, ready to be stored.

    Parameters
    ----------
    seed : which country; any integer.
    size : side of the square, 2 to 200 km.
    progress : told how far the work is.

    Raises
    ------
    InvalidParameters : `seed` or `size` is no integer, or `size` is out of range.
    """
    from loopgenie.importing.topology import build_region

    source, height_at = _made(seed, size, progress or _untold)
    return build_region(source, name="sample", height_at=height_at, progress=progress)


def sample_source(*, seed: int = 0, size: int = 20) -> tuple[Source, HeightAt]:
    """The ways and points of the sample region, and its heights.

    Parameters
    ----------
    seed : which country; any integer.
    size : side of the square, 2 to 200 km.

    Returns
    -------
    The source, and the height in metres at (lon, lat), None outside the region.

    Raises
    ------
    InvalidParameters : `seed` or `size` is no integer, or `size` is out of range.
    """
    return _made(seed, size, _untold)


def _untold(what: str, done: int, total: int) -> None:
    """Tell nobody how far the work is."""


def _check(seed: int, size: int) -> None:
    for name, value in (("seed", seed), ("size", size)):
        if not isinstance(value, int) or isinstance(value, bool):
            raise InvalidParameters({name: f"{value!r} is no whole number"})
    if not SMALLEST_KM <= size <= LARGEST_KM:
        raise InvalidParameters({"size": f"{size} km is out of range, want {SMALLEST_KM} to {LARGEST_KM} km"})


def _made(seed: int, size: int, progress: Progress) -> tuple[Source, HeightAt]:
    _check(seed, size)

    def rng(stage: str) -> Random:
        # Seeding with text goes through SHA-512, the same everywhere; a generator per stage keeps stages apart.
        return Random(f"LoopGenie sample {seed} {size} {stage}")

    names = Names(rng("names"))
    country = _invented(rng, names, size, progress)
    source = Source(
        ways=country.ways(rng("ways")),
        accesses=country.accesses(names),
        points=country.points(rng("wayside"), names),
        files=[
            SourceFile(
                f"synthetic sample, seed {seed}, {size} x {size} km",
                "sample",
                f"Synthetic sample region (seed {seed}), made by LoopGenie: not a real place",
            )
        ],
        synthetic=True,
    )
    return source, country.height_at()


def _invented(rng: Callable[[str], Random], names: Names, size: int, progress: Progress) -> _Country:
    """The land first, then the places, then what joins them."""
    terrain = make_terrain(rng("terrain"), size, partial(progress, "shaping the land"))
    ground = make_ground(rng("ground"), terrain)
    on_roads = road_places(rng("roads"), names, terrain, ground)
    on_trails = trail_places(rng("places"), names, terrain, ground, on_roads)
    places = [place for place in on_roads if place.kind != "exit"] + on_trails
    progress("building roads", 0, 0)
    roads = lay_roads(ground, on_roads)
    routes = lay_trails(rng("trails"), names, terrain, roads, places, partial(progress, "laying trails"))
    stops = frozenset(place.point for place in [*on_roads, *on_trails])
    pieces = chains(ground, routes.web.laid, routes.routes, stops)
    return _Country(terrain, ground, routes, places, pieces, relaxed(ground, pieces, stops))


@dataclass(frozen=True)
class _Country:
    """All that was invented, and how it is written down as a source."""

    terrain: Terrain
    ground: Ground
    routes: Routes
    places: list[Place]
    pieces: list[Chain]
    at: dict[int, Spot]  # where the points of the pieces have come to lie

    def ways(self, rng: Random) -> list[Way]:
        """The web of roads and trails as ways that share the node ids of their junctions."""
        next_id, ways = self.ground.side * self.ground.side, list[Way]()
        for chain in self.pieces:
            way = self._way(rng, chain, [self.at[i] for i in chain.points])
            inner = len(way.line) - 2
            ids = [chain.points[0], *range(next_id, next_id + inner), chain.points[-1]]
            ways.append(replace(way, node_ids=ids, source=f"sample way {len(ways)}"))
            next_id += inner
        return ways

    def _way(self, rng: Random, chain: Chain, line: list[Spot]) -> Way:
        name, road = chain.route.name, chain.route.road
        if road is not None:
            return Way(self._degrees(rounded(line)), road, name=name, surface="asphalt")
        kind, surface, difficulty = trail_kind(rng, self.ground, chain)
        if kind is WayKind.PATH:
            line = zigzagged(self.terrain, line)
        return Way(self._degrees(rounded(line)), kind, name=name, surface=surface, difficulty=difficulty)

    def accesses(self, names: Names) -> list[Access]:
        """Car parks where trails leave the roads: those of valley ends and villages first, all 900 m apart."""
        spacing, found = Spacing(self.ground.side), dict[str, Access]()
        for start, kind, name in self._called_starts():
            if spacing.take([start], apart_m=900, most=1):
                called = name if name and name not in found else names.place("car park")
                found[called] = Access(*self._lonlat(start), kind, called)
        return list(found.values())

    def _called_starts(self) -> Iterator[tuple[int, str, str | None]]:
        """Points where a car could stop, what that would be and what it could be called."""
        starts = self._trail_starts()
        for place in sorted(self.places, key=lambda place: place.kind != "road end"):
            start = self._nearest(place.point, starts)
            if start is not None and place.kind == "road end":
                yield start, "trailhead", f"{place.name} Trailhead"
            elif start is not None and place.kind in SETTLEMENTS:
                yield start, "parking", f"{place.name} Car Park"
        for start, trail in starts.items():
            yield start, "parking", f"{trail} Car Park" if trail else None

    def _trail_starts(self) -> dict[int, str | None]:
        """Points where trails leave the roads, and what the first such trail is called."""
        roadside: set[int] = set()
        trailside: dict[int, str | None] = {}
        for edge, number in self.routes.web.laid.items():
            route = self.routes.routes[number]
            for i in self.ground.ends(edge):
                if route.road is not None:
                    roadside.add(i)
                else:
                    trailside[i] = trailside.get(i) or route.name
        return {i: name for i, name in trailside.items() if i in roadside}

    def _nearest(self, point: int, starts: Mapping[int, str | None]) -> int | None:
        """The start nearest to a point, of those less than 700 m away."""
        side, reach = self.ground.side, range(-6, 7)
        around = [(dr * dr + dc * dc, point + dr * side + dc) for dr in reach for dc in reach]
        return min(((far, i) for far, i in around if i in starts), default=(0, None))[1]

    def points(self, rng: Random, names: Names) -> list[Point]:
        """Everything that has a name."""
        laid, routes = self.routes.web.laid, self.routes.routes
        on_trails = [self.ground.ends(edge)[0] for edge, number in laid.items() if routes[number].road is None]
        wayside = wayside_places(rng, names, self.terrain, self.ground, self.places, sorted(set(on_trails)))
        return [self._point(place) for place in self.places + wayside]

    def _point(self, place: Place) -> Point:
        at = place.point if place.label is None else place.label
        lon, lat = self._lonlat(at)
        elevation, kind = float(int(self.ground.z[at] + 0.5)), _POINT_KINDS.get(place.kind, place.kind)
        return Point(0, kind, place.name, lon, lat, elevation, place.population)

    def height_at(self) -> HeightAt:
        """Height in metres by position, None outside the region."""
        extent, terrain = self._extent_m, self.terrain

        def height(lon: float, lat: float) -> float | None:
            x = (lon - _MIDDLE.lon) / _DEGREES_EAST + extent / 2
            y = (lat - _MIDDLE.lat) / _DEGREES_NORTH + extent / 2
            # Positions are rounded to about 0.1 m, so those on the rim may come to lie beyond it by that much.
            if not (-0.1 <= x <= extent + 0.1 and -0.1 <= y <= extent + 0.1):
                return None
            return terrain.height_at(min(max(x, 0.0), extent), min(max(y, 0.0), extent))

        return height

    @property
    def _extent_m(self) -> float:
        return float((self.terrain.side - 1) * CELL_M)

    def _lonlat(self, point: int) -> tuple[float, float]:
        return self._degrees([self.at.get(point, (self.ground.x[point], self.ground.y[point]))])[0]

    def _degrees(self, line: Sequence[Spot]) -> list[tuple[float, float]]:
        """From metres to degrees, rounded to a tenth of a metre."""
        half = self._extent_m / 2
        return [
            (
                round(_MIDDLE.lon + (x - half) * _DEGREES_EAST, 6),
                round(_MIDDLE.lat + (y - half) * _DEGREES_NORTH, 6),
            )
            for x, y in line
        ]
