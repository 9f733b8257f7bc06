"""A synthetic sample region of any size: an invented country, the same on every machine for the same seed.

For trying LoopGenie out before any trail file is at hand. It lies in the open North Atlantic, so that nobody takes
it for real. Needs nothing but the standard library. The story: a landscape (`sample_terrain`), where people would
settle and look around in it (`sample_places`), the roads and trails between those places (`sample_routes` over
`sample_paths`), and the ways as a mapper would have drawn them (`sample_ways`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import NamedTuple

from loopgenie.errors import InvalidParameters
from loopgenie.geometry import LonLat
from loopgenie.importing.sample_blocks import Block, Blocks
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
SMALLEST_KM, LARGEST_KM = 2, 1000
#: A larger country is made of blocks, which are at most so many km wide: to invent it in one piece takes too long.
LARGEST_PIECE_KM, BLOCK_KM = 200, 60

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
    size : side of the square, 2 to 1000 km; beyond 200 km it is rounded up to whole blocks.
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
    size : side of the square, 2 to 1000 km; beyond 200 km it is rounded up to whole blocks.

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
    count = 1 if size <= LARGEST_PIECE_KM else -(-size // BLOCK_KM)
    country = _invented(rng, names, -(-size // count), count, progress)
    source = Source(
        ways=country.ways(rng("ways"), progress),
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


def _invented(rng: Callable[[str], Random], names: Names, size: int, count: int, progress: Progress) -> _Country:
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
    blocks = Blocks(count, float((terrain.side - 1) * CELL_M))
    return _Country(terrain, ground, routes, places, pieces, relaxed(ground, pieces, stops), blocks)


class _Drawn(NamedTuple):
    """A way of the first block: its nodes, and where they are in metres."""

    ids: list[int]
    line: list[Spot]
    kind: WayKind
    name: str | None
    surface: str
    difficulty: int | None


@dataclass(frozen=True)
class _Country:
    """All that was invented, and how it is written down as a source."""

    terrain: Terrain
    ground: Ground
    routes: Routes
    places: list[Place]
    pieces: list[Chain]
    at: dict[int, Spot]  # where the points of the pieces have come to lie
    blocks: Blocks

    def ways(self, rng: Random, progress: Progress) -> list[Way]:
        """The web of roads and trails as ways that share the node ids of their junctions."""
        drawn = self._drawn(rng)
        stride = 1 + max((node for way in drawn for node in way.ids), default=0)
        ways: list[Way] = []
        for block in self.blocks:
            progress("drawing ways", self.blocks.number(block), self.blocks.count**2)
            names = {way.name: self._called(way.name, block) for way in drawn}
            for way in drawn:
                homes = (self.blocks.home(block, spot) for spot in way.line)
                ids = [stride * self.blocks.number(home) + node for home, node in zip(homes, way.ids, strict=True)]
                ways.append(
                    Way(
                        self._degrees(way.line, block),
                        way.kind,
                        ids,
                        name=names[way.name],
                        surface=way.surface,
                        difficulty=way.difficulty,
                        source=f"sample way {len(ways)}",
                    )
                )
        return ways

    def _drawn(self, rng: Random) -> list[_Drawn]:
        next_id, drawn = self.ground.side * self.ground.side, list[_Drawn]()
        for chain in self.pieces:
            way = self._way(rng, chain, [self.at[i] for i in chain.points])
            inner = len(way.line) - 2
            drawn.append(way._replace(ids=[chain.points[0], *range(next_id, next_id + inner), chain.points[-1]]))
            next_id += inner
        return drawn

    def _way(self, rng: Random, chain: Chain, line: list[Spot]) -> _Drawn:
        name, road = chain.route.name, chain.route.road
        if road is not None:
            return _Drawn([], rounded(line), road, name, "asphalt", None)
        kind, surface, difficulty = trail_kind(rng, self.ground, chain)
        if kind is WayKind.PATH:
            line = zigzagged(self.terrain, line)
        return _Drawn([], rounded(line), kind, name, surface, difficulty)

    @staticmethod
    def _called(name: str | None, block: Block) -> str | None:
        """The name in a block; names of other blocks than the first say which it is, so that they differ."""
        return name if name is None or block == (0, 0) else f"{name} {block[1] + 1}/{block[0] + 1}"

    def accesses(self, names: Names) -> list[Access]:
        """Car parks where trails leave the roads: those of valley ends and villages first, all 900 m apart."""
        spacing, found = Spacing(self.ground.side), dict[str, tuple[int, str]]()
        for start, kind, name in self._called_starts():
            if spacing.take([start], apart_m=900, most=1):
                called = name if name and name not in found else names.place("car park")
                found[called] = start, kind
        return [
            Access(*self._lonlat(start, block), kind, self._called(name, block))
            for block in self.blocks
            for name, (start, kind) in found.items()
        ]

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
        return [self._point(place, block) for block in self.blocks for place in self.places + wayside]

    def _point(self, place: Place, block: Block) -> Point:
        at = place.point if place.label is None else place.label
        lon, lat = self._lonlat(at, block)
        elevation, kind = float(int(self.ground.z[at] + 0.5)), _POINT_KINDS.get(place.kind, place.kind)
        return Point(0, kind, self._called(place.name, block), lon, lat, elevation, place.population)

    def height_at(self) -> HeightAt:
        """Height in metres by position, None outside the region."""
        blocks, terrain = self.blocks, self.terrain
        extent, largest = blocks.count * blocks.side_m, blocks.side_m

        def height(lon: float, lat: float) -> float | None:
            x = (lon - _MIDDLE.lon) / _DEGREES_EAST + extent / 2
            y = (lat - _MIDDLE.lat) / _DEGREES_NORTH + extent / 2
            # Positions are rounded to about 0.1 m, so those on the rim may come to lie beyond it by that much.
            if not (-0.1 <= x <= extent + 0.1 and -0.1 <= y <= extent + 0.1):
                return None
            x, y = blocks.folded((x, y))
            return terrain.height_at(min(max(x, 0.0), largest), min(max(y, 0.0), largest))

        return height

    def _lonlat(self, point: int, block: Block) -> tuple[float, float]:
        return self._degrees([self.at.get(point, (self.ground.x[point], self.ground.y[point]))], block)[0]

    def _degrees(self, line: Sequence[Spot], block: Block) -> list[tuple[float, float]]:
        """From metres of the first block to degrees, rounded to a tenth of a metre."""
        half = self.blocks.count * self.blocks.side_m / 2
        return [
            (
                round(_MIDDLE.lon + (x - half) * _DEGREES_EAST, 6),
                round(_MIDDLE.lat + (y - half) * _DEGREES_NORTH, 6),
            )
            for x, y in (self.blocks.unfolded(block, spot) for spot in line)
        ]
