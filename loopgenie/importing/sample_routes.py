"""Which places of an invented country are joined by which roads and trails, and what those are called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from random import Random

from loopgenie.importing.sample_names import Names
from loopgenie.importing.sample_paths import Ground, Plan, Web, neighbours
from loopgenie.importing.sample_places import SETTLEMENTS, Place, shore_of
from loopgenie.importing.sample_terrain import CELL_M, Terrain
from loopgenie.importing.sample_ways import Route
from loopgenie.ways import WayKind

#: Which end of a trail lends it its name, most likely first; and what such a trail is called.
_NAMING: dict[str, tuple[str, ...]] = {
    "pass": ("{} Path", "{} Trail"),
    "peak": ("{} Ridge", "{} Summit Path"),
    "hut": ("{} Path",),
    "lake": ("{} Trail",),
    "tarn": ("{} Trail",),
}

#: What share of its cost a road keeps for those who look for a trail: they rather walk elsewhere.
ROAD_PULL = 1.0


class Routes:
    """The web of roads and trails, and the route that each of its edges belongs to.

    Parameters
    ----------
    web : empty, for roads or trails; `routes[web.laid[edge]]` is what an edge is.
    """

    def __init__(self, web: Web, routes: Sequence[Route] = ()) -> None:
        self.web = web
        self.routes = list(routes)

    def lay(
        self,
        route: Route,
        start: int,
        end: int,
        owner: Sequence[int],
        owners: tuple[int, ...],
        *,
        shortcuts: bool = False,
    ) -> list[int]:
        """Trace a route over ground of some owners, lay what of it is new, and tell where it goes."""
        self.routes.append(route)
        path = self.web.trace(start, end, owner, owners)
        self.web.lay(path, len(self.routes) - 1, pull=0.5, shortcuts=shortcuts)
        return path


def lay_roads(ground: Ground, places: Sequence[Place]) -> Routes:
    """Roads between villages, to the ends of valleys and out of the region."""
    web = Web(ground, ground.costs(easy_grade=0.06, side_slope=1.5))
    near = neighbours(ground, web.costs, [place.point for place in places])
    plan = Plan(near.links, len(places), detour=3.5)
    kinds, roads = _main_roads(plan, places) if ground.side > 60 else {}, Routes(web)
    for a, b in plan.pairs:
        kind = kinds.get((a, b), WayKind.MINOR_ROAD)
        called = max((places[a], places[b]), key=lambda place: (place.kind == "road end", place.population or 0))
        roads.lay(
            Route(kind, f"{called.name} Road" if called.name else None),
            places[a].point,
            places[b].point,
            near.owner,
            (a, b),
        )
    return roads


def _main_roads(plan: Plan, places: Sequence[Place]) -> dict[tuple[int, int], WayKind]:
    """Busy roads lead through the region, connecting roads to its further edges; no such roads in a small region."""
    first, *others = [number for number, place in enumerate(places) if place.kind == "exit"]
    ways = sorted((plan.way(first, other) for other in others), key=len)
    kinds: dict[tuple[int, int], WayKind] = {}
    for number, way in enumerate(ways):
        for pair in way:
            kinds.setdefault(pair, WayKind.BUSY_ROAD if number <= len(ways) // 3 else WayKind.CONNECTING_ROAD)
    return kinds


def lay_trails(
    rng: Random,
    names: Names,
    terrain: Terrain,
    roads: Routes,
    places: Sequence[Place],
    progress: Callable[[int, int], None],
) -> Routes:
    """Trails round the lakes and between all places, beside the roads; the roads are part of what is handed back."""
    ground = roads.web.ground
    web = Web(ground, ground.costs(easy_grade=0.15, side_slope=0.6))
    for edge, road in roads.web.laid.items():
        web.lay(ground.ends(edge), road, pull=ROAD_PULL)
    trails = Routes(web, roads.routes)
    _lay_circuits(trails, terrain, places)
    near = neighbours(ground, web.costs, [place.point for place in places])
    plan = Plan(near.links, len(places), detour=min(1.6, 0.85 + ground.side / 140))
    far = _far_trails(rng, names, ground, plan, places)
    called = _TrailNames(rng, names, places)
    for done, (a, b) in enumerate(plan.pairs):
        name = far.get((a, b)) or called.of(a, b)
        trails.lay(Route(None, name), places[a].point, places[b].point, near.owner, (a, b))
        progress(done + 1, len(plan.pairs))
    return trails


def _lay_circuits(trails: Routes, terrain: Terrain, places: Sequence[Place]) -> None:
    """A path round every lake that has a landing, over the two points next to the water."""
    ground = trails.web.ground
    banks = [-1] * (ground.side * ground.side)
    for number, lake in enumerate(terrain.lakes):
        shore = shore_of(lake, ground)
        for i in shore_of(shore, ground) + shore:
            banks[i] = number
    for place in places:
        circuit, owner = Route(None, f"{place.name} Circuit"), banks[place.point]
        for a, b in pairwise((*place.ring, *place.ring[:1])):
            path = trails.lay(circuit, a, b, banks, (owner,), shortcuts=True)
            for i in path[1:-1]:  # so that the next part does not come back this way
                banks[i] = -1


class _TrailNames:
    """Names the links of a plan, one after the other."""

    def __init__(self, rng: Random, names: Names, places: Sequence[Place]) -> None:
        self._rng, self._names, self._places = rng, names, places
        self._goes_on: dict[int, str] = {}  # from a place, the trail that comes to it

    def of(self, a: int, b: int) -> str | None:
        """No name, the name of one of the ends, or that of a trail that goes on, if need be a new one."""
        luck = self._rng.random()
        if luck < 0.18:
            return None
        return (self._after_an_end(a, b) if luck < 0.5 else None) or self._going_on(a, b)

    def _after_an_end(self, a: int, b: int) -> str | None:
        for kind, patterns in _NAMING.items():
            for place in (self._places[a], self._places[b]):
                if place.kind == kind:
                    return patterns[place.point % len(patterns)].format(place.name)
        return None

    def _going_on(self, a: int, b: int) -> str:
        start, end = (a, b) if a in self._goes_on else (b, a)
        name = self._goes_on.pop(start, None)
        if name is None:
            name = self._goes_on[start] = self._names.trail()
        self._goes_on.setdefault(end, name)
        return name


def _far_trails(
    rng: Random, names: Names, ground: Ground, plan: Plan, places: Sequence[Place]
) -> dict[tuple[int, int], str]:
    """Names of the links that long-distance trails follow, from village to village, 15 km apart or so."""
    far: dict[tuple[int, int], str] = {}
    villages = [number for number, place in enumerate(places) if place.kind in SETTLEMENTS]
    for _ in range(int((ground.side * CELL_M / 1000) * (ground.side * CELL_M / 1000) / 130)):
        start = places[villages[int(rng.random() * len(villages))]]
        by_fit = sorted((abs(_apart_m(ground, start, places[v]) - 15_000.0), v) for v in villages)
        name = f"{names.trail().rsplit(' ', 1)[0]} Way"
        for pair in plan.way(places.index(start), by_fit[0][1]):
            far.setdefault(pair, name)
    return far


def _apart_m(ground: Ground, a: Place, b: Place) -> float:
    """Metres east or north, whichever is more."""
    return max(abs(ground.x[a.point] - ground.x[b.point]), abs(ground.y[a.point] - ground.y[b.point]))
