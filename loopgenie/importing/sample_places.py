"""Where people of an invented country would settle, cross the mountains, camp and look around."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random

from loopgenie.importing.sample_names import Names
from loopgenie.importing.sample_paths import Ground
from loopgenie.importing.sample_terrain import CELL_M, Terrain, rim

TREE_LINE_M = 1650.0
SETTLEMENTS = frozenset({"town", "village", "hamlet"})


@dataclass(frozen=True)
class Place:
    """A place on the ground; where a road leaves the region, one of kind "exit"."""

    point: int
    kind: str
    name: str
    population: int | None = None
    label: int | None = None  # where it is on the map, if that is not the point that paths lead to
    ring: tuple[int, ...] = ()  # of a lake: four points of its shore, counterclockwise


def road_places(rng: Random, names: Names, terrain: Terrain, ground: Ground) -> list[Place]:
    """Villages on flat ground by large streams, where roads leave the region, and where valley roads end."""
    spacing, area, km2 = Spacing(ground.side), terrain.drained, _km2(ground)
    sites = spacing.take(_livable(ground, area), apart_m=2300, most=1 + int(km2 / 16))
    settlements = [_settlement(rng, names, i, rank, len(sites)) for rank, i in enumerate(sites)]
    largest_first = sorted(rim(ground.side), key=lambda i: (-area[i], i))
    exits = Spacing(ground.side).take(largest_first, apart_m=ground.side * CELL_M * 0.3, most=2 + ground.side // 150)
    heads = _mixed(rng, [i for i in _inland(ground) if 60 < area[i] < 900 and ground.steep[i] < 0.4])
    ends = spacing.take(heads, apart_m=1700, most=int(km2 / 22))
    return [
        *settlements,
        *(Place(i, "exit", "") for i in exits),
        *(Place(i, "road end", names.place("road end")) for i in ends),
    ]


def _livable(ground: Ground, area: list[int]) -> list[int]:
    """Points where a village could stand, best first: not steep, by a large stream, and for no reason at all."""
    inland = _inland(ground)
    valley = [i for i in inland if area[i] > 40 and ground.steep[i] < 0.3]
    worst = {i: ground.steep[i] * 2 - math.sqrt(math.sqrt(area[i])) * 0.12 + 0.5 * ground.whim[i] for i in valley}
    return sorted(valley, key=lambda i: (worst[i], i)) or _by(ground.steep, inland)


def _km2(ground: Ground) -> float:
    return (ground.side * CELL_M / 1000) * (ground.side * CELL_M / 1000)


def _settlement(rng: Random, names: Names, point: int, rank: int, count: int) -> Place:
    """The best sites have grown most."""
    luck = rng.random()
    if rank * 25 < count - 8:
        return Place(point, "town", names.place("town"), 2400 + int(luck * 4200))
    if rank * 5 < count * 3:
        return Place(point, "village", names.place("village"), 180 + int(luck * luck * 1400))
    return Place(point, "hamlet", names.place("hamlet"), 12 + int(luck * 110))


def trail_places(rng: Random, names: Names, terrain: Terrain, ground: Ground, roads: list[Place]) -> list[Place]:
    """Lake shores, passes, peaks, huts, camps and clearings, none of them crowded."""
    spacing, km2 = Spacing(ground.side), _km2(ground)
    for place in roads:
        spacing.occupy(place.point)
    found = _landings(names, terrain, ground, spacing)
    open_ground = _mixed(rng, [i for i in _inland(ground) if ground.steep[i] < 0.35])
    high = [i for i in open_ground if ground.z[i] > TREE_LINE_M - 200]
    # In the smallest regions there may be no open ground; there have to be a few places all the same.
    anywhere = open_ground if km2 > 25 else [*open_ground, *_by(ground.steep, _inland(ground))]
    low = [i for i in open_ground if ground.z[i] < TREE_LINE_M]
    for kind, candidates, apart_m, per_km2 in (
        ("peak", _peaks(ground), 1000, 1 / 10),
        ("pass", _passes(ground, terrain.drained), 1000, 1 / 10),
        ("hut", high, 1000, 1 / 45),
        ("camp", low, 1200, 1 / 50),
        ("locality", anywhere, 1300, 1 / 4),
    ):
        chosen = spacing.take(candidates, apart_m=apart_m, most=2 + int(km2 * per_km2))
        found += [Place(i, kind, names.place(kind)) for i in chosen]
    return found


def _landings(names: Names, terrain: Terrain, ground: Ground, spacing: Spacing) -> list[Place]:
    """For each lake, the flattest of its four corners."""
    found = []
    for lake in terrain.lakes:
        ring = _corners(shore_of(lake, ground), ground.side)
        kind = "lake" if len(lake) > 9 else "tarn"
        landing = spacing.take(_by(ground.steep, ring), apart_m=250, most=1)
        found += [Place(i, kind, names.place(kind), ring=ring, label=lake[len(lake) // 2]) for i in landing]
    return found


def wayside_places(
    rng: Random, names: Names, terrain: Terrain, ground: Ground, places: list[Place], trodden: list[int]
) -> list[Place]:
    """Springs and viewpoints along the trails: `trodden` are points that trails pass, `places` what there is."""
    spacing, km2 = Spacing(ground.side), _km2(ground)
    for place in places:
        spacing.occupy(place.point)
    shuffled = _mixed(rng, trodden)
    wells = [i for i in shuffled if 4 < terrain.drained[i] < 40]
    views = [i for i in shuffled if terrain.drained[i] < 4 and ground.steep[i] > 0.45]
    found = []
    for kind, candidates, per_km2 in (("spring", wells, 1 / 15), ("viewpoint", views, 1 / 20)):
        chosen = spacing.take(candidates, apart_m=600, most=1 + int(km2 * per_km2))
        found += [Place(i, kind, names.place(kind)) for i in chosen]
    return found


def shore_of(lake: list[int], ground: Ground) -> list[int]:
    """The points around a lake that can be walked, in order of their number."""
    offsets = [step for d in ground.offsets for step in (d, -d)]
    wet = set(lake)
    return sorted({i + step for i in lake for step in offsets} - wet)


def _corners(shore: list[int], side: int) -> tuple[int, ...]:
    """The southwestern-, southeastern-, northeastern- and northwesternmost."""
    east = sorted((i // side + i % side, i) for i in shore)
    south = sorted((i % side - i // side, i) for i in shore)
    return east[0][1], south[-1][1], east[-1][1], south[0][1]


def _inland(ground: Ground) -> list[int]:
    """Points that are not under water and at least 300 m from the edge of the region."""
    side, length = ground.side, ground.length[0]
    return [
        i for row in range(3, side - 3) for i in range(row * side + 3, row * side + side - 3) if length[i] < math.inf
    ]


def _peaks(ground: Ground) -> list[int]:
    """Points that no other within 500 m overtops and that stand out, highest first."""
    side, z, reach = ground.side, ground.z, 5
    found = []
    for i in _inland(ground):
        if z[i] <= max(z[i + 1], z[i - 1], z[i + side], z[i - side]):
            continue
        row, column = divmod(i, side)
        low, high = max(column - reach, 0), min(column + reach, side - 1) + 1
        rows = range(max(row - reach, 0), min(row + reach, side - 1) + 1)
        window = [z[r * side + low : r * side + high] for r in rows]
        if z[i] == max(map(max, window)) and z[i] - min(map(min, window)) > 120.0:
            found.append((-z[i], i))
    return [i for _, i in sorted(found)]


def _passes(ground: Ground, area: list[int]) -> list[int]:
    """Saddles: round about, the ground rises, falls, rises and falls. The most marked come first."""
    side, z, far = ground.side, ground.z, 3
    steps = [far, far * side + far, far * side, far * side - far]
    ring = steps + [-step for step in steps]
    found = []
    for i in _inland(ground):
        if area[i] > 4:  # so much water gathers in valleys only
            continue
        around = [z[i + step] - z[i] for step in ring]
        turns = [k for k in range(8) if (around[k] > 0) != (around[k - 1] > 0)]
        if len(turns) == 4:
            arcs = zip(turns, [*turns[1:], turns[0] + 8], strict=True)
            mark = min(max(abs(around[k % 8]) for k in range(a, b)) for a, b in arcs)
            if mark > 25.0:
                found.append((-mark, i))
    return [i for _, i in sorted(found)]


def _by(values: Sequence[float], points: Iterable[int]) -> list[int]:
    return [i for _, i in sorted((values[i], i) for i in points)]


def _mixed(rng: Random, points: list[int]) -> list[int]:
    """In random order."""
    return [i for _, i in sorted((rng.random(), i) for i in points)]


class Spacing:
    """Keeps places apart; in regions of less than 7 km, where little has to be enough, closer together.

    Parameters
    ----------
    side : of the height grid, in points.
    """

    def __init__(self, side: int) -> None:
        self._side = side
        self._taken: dict[tuple[int, int], list[tuple[int, int]]] = {}
        self._bucket = 8  # points
        self._crowding = min(1.0, side * CELL_M / 7000)

    def occupy(self, point: int) -> None:
        """Take a point, whatever is near."""
        row, column = divmod(point, self._side)
        self._taken.setdefault((row // self._bucket, column // self._bucket), []).append((row, column))

    def take(self, candidates: Iterable[int], *, apart_m: float, most: int) -> list[int]:
        """Take the first candidates, at most `most`, that are `apart_m` metres from all that is taken."""
        chosen: list[int] = []
        for point in candidates:
            if len(chosen) >= most:
                break
            if self._free(point, apart_m * self._crowding / CELL_M):
                self.occupy(point)
                chosen.append(point)
        return chosen

    def _free(self, point: int, apart: float) -> bool:
        row, column = divmod(point, self._side)
        reach = 1 + int(apart) // self._bucket
        r0, c0 = row // self._bucket, column // self._bucket
        return not any(
            (r - row) * (r - row) + (c - column) * (c - column) < apart * apart
            for br in range(r0 - reach, r0 + reach + 1)
            for bc in range(c0 - reach, c0 + reach + 1)
            for r, c in self._taken.get((br, bc), ())
        )
