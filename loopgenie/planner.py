"""The story of a request, top to bottom: read this file first."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

from loopgenie import drive, no_loop, places
from loopgenie.drive import STRAIGHT_LINE, ByCar, DriveEngine, Reached
from loopgenie.errors import InvalidParameters, LoopGenieError, NoLoopInReach, TrailsUnavailable
from loopgenie.geometry import Box, LonLat, distance_m
from loopgenie.itinerary import Itinerary, Start, Step, Verdict, itinerary
from loopgenie.network import SNAP_M, UNITS, Areas, Limits, Spot, TripNetwork, box_around, spot_near, turning_spots
from loopgenie.parameters import TripParameters
from loopgenie.places import Geocoder, Located
from loopgenie.store import Segment, Snapshot, TrailStore
from solver import Loop, LoopProblem, Result, Status
from solver.solve import solve


@dataclass(frozen=True)
class Trip:
    """The answer to a request: loops best first, on which data, and where the time went (seconds by stage)."""

    parameters: TripParameters
    place: Located  # where it starts from
    itineraries: tuple[Itinerary, ...]
    snapshot: Snapshot
    timing: dict[str, float]
    trailheads: int = 0  # how many were searched
    lasting: bool = True  # whether asking again is to tell the same; not where drives stand in for better ones


#: Where a loop may start: a trailhead, or right here.
Home = Reached | Spot

#: The nearest trailheads that one search takes; a city within a long drive has more.
MAX_TRAILHEADS = 3000

#: Networks of earlier requests. They save time and change no answer, so sharing them is harmless.
AREAS = Areas()


def plan_trip(
    parameters: TripParameters,
    store: TrailStore,
    *,
    engine: DriveEngine = STRAIGHT_LINE,
    geocoder: Geocoder | None = None,
    areas: Areas = AREAS,
) -> Trip:
    """Find the best loops within reach of a place.

    Parameters
    ----------
    parameters : what the hiker asks for.
    store : the trails.
    engine : tells how far trailheads are by car.
    geocoder : is asked for places that the store does not know.
    areas : networks of earlier requests.

    Raises
    ------
    PlaceNotFound, NoLoopInReach, InvalidParameters, TrailsUnavailable
    """
    clock = _Clock(parameters.time_limit_s)
    by_car = ByCar(engine, patience_s=parameters.time_limit_s)
    for _ in range(_TRIES):
        snapshot = _filled(store.snapshot())
        try:
            trip = _plan(parameters, store, snapshot, geocoder, by_car, areas, clock)
        except LoopGenieError as error:
            if isinstance(error, NoLoopInReach):
                error.lasting = by_car.lasting
            if store.snapshot().id == snapshot.id:
                raise
        else:
            if store.snapshot().id == snapshot.id:
                return trip
    raise TrailsUnavailable("the trail data is being replaced; ask again")


#: A shorter search that met no loop may have had no processor: another one of this time, in seconds, before we say no.
_ENOUGH_S = 1.0
#: How often a trip is planned when an import replaces the data meanwhile: half of what was read may be old, half new.
_TRIES = 2


def _plan(
    parameters: TripParameters,
    store: TrailStore,
    snapshot: Snapshot,
    geocoder: Geocoder | None,
    by_car: ByCar,
    areas: Areas,
    clock: _Clock,
) -> Trip:
    with clock.stage("places"):
        place = places.locate(parameters.location, store, geocoder)
    with clock.stage("trailheads"):
        goals = _via_spots(parameters, store)
        homes = _homes(place, parameters, store, snapshot, by_car)
    with clock.stage("network"):
        task = partial(_Task.of, origin=place.at, homes=homes, goals=goals, store=store, snapshot=snapshot, areas=areas)
        asked = task(parameters)
    with clock.stage("solve"):
        loops, result = _search(asked, clock)
        if not loops and result.status is Status.UNKNOWN and parameters.time_limit_s < _ENOUGH_S:
            loops, result = _search(asked, _Clock(_ENOUGH_S))
        if not loops and _only_trail_ends(homes):
            asked = task(parameters, turning=True)
            loops, result = _search(asked, clock)
        if not loops:
            raise no_loop.no_loop(asked, result, task, solve)
    with clock.stage("itinerary"):
        found = tuple(_itineraries(_ranked(loops, asked), result, asked, place, store))
    return Trip(parameters, place, found, snapshot, clock.timing(), len(homes), by_car.lasting)


# --- where to start and what to pass ------------------------------------------------------------------------------


def _filled(snapshot: Snapshot) -> Snapshot:
    if not any(region.segments for region in snapshot.regions):
        raise TrailsUnavailable("the trail database is empty; `loopgenie import` or `loopgenie sample` fills it")
    return snapshot


def _homes(
    place: Located, parameters: TripParameters, store: TrailStore, snapshot: Snapshot, by_car: ByCar
) -> Sequence[Home]:
    if parameters.start_here:
        return [_here(place, parameters, store, snapshot)]
    return _trailheads(place, parameters, store, snapshot, by_car)


def _here(place: Located, parameters: TripParameters, store: TrailStore, snapshot: Snapshot) -> Spot:
    spot = spot_near(place.at, store, Limits.of(parameters))
    if spot is None:
        raise no_loop.no_trail_here(place, parameters, store, snapshot)
    return spot


def _trailheads(
    place: Located, parameters: TripParameters, store: TrailStore, snapshot: Snapshot, by_car: ByCar
) -> list[Reached]:
    """The trailheads in reach from which a loop can get to every via point, nearest by car first."""
    reached = drive.reachable(place.at, parameters.drive_m, parameters.drive_s, store, by_car=by_car)[:MAX_TRAILHEADS]
    if not reached:
        raise no_loop.no_trailhead(place, parameters, store, snapshot, by_car)
    radius_m = parameters.max_length_m / 2 + 2 * SNAP_M
    near = [r for r in reached if all(distance_m(_at(r), via) <= radius_m for via in parameters.via)]
    if not near:
        raise NoLoopInReach(
            f"no trailhead in reach is within {radius_m / 1000:.1f} km of every via point, so no loop of at most "
            f"{parameters.max_length_m / 1000:g} km gets there",
            relax=[{"field": "via", "value": [], "why": "the via points are too far from the trailheads"}],
            proven=True,
        )
    return near


def _via_spots(parameters: TripParameters, store: TrailStore) -> list[Spot]:
    spots = [spot_near(via, store, Limits.of(parameters)) for via in parameters.via]
    wrong = {}
    for i, (via, spot) in enumerate(zip(parameters.via, spots, strict=True)):
        if spot is None:
            near = store.nearest_segment(via, 20_000)
            away = f"the nearest is {near.distance_m:.0f} m away" if near else "none is within 20 km"
            wrong[f"via[{i}]"] = f"is [{via.lon:g}, {via.lat:g}], want a trail within {SNAP_M:g} m of it; {away}"
    if wrong:
        raise InvalidParameters(wrong)
    return [spot for spot in spots if spot is not None]


def _only_trail_ends(homes: Sequence[Home]) -> bool:
    """Whether all that is known are the ends of lines: then the way from a start to the first junction may be long."""
    return all(isinstance(home, Reached) and home.trailhead.kind == "trail end" for home in homes)


# --- the search ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Task:
    """A request as the solver gets it. `starts` are the nodes to start at, each with its home nearest by car."""

    parameters: TripParameters
    network: TripNetwork
    starts: Mapping[int, Home]
    problem: LoopProblem

    @staticmethod
    def of(
        parameters: TripParameters,
        *,
        origin: LonLat,
        homes: Sequence[Home],
        goals: Sequence[Spot],
        store: TrailStore,
        snapshot: Snapshot,
        areas: Areas,
        turning: bool = False,
    ) -> _Task:
        """`turning`: the walk may turn round in the middle of long dead ends."""
        goals = goals if parameters.via else ()
        box = box_around([_at(home) for home in homes], parameters, snapshot)
        network = TripNetwork(areas.get(store, snapshot, box, Limits.of(parameters)))
        here = [home for home in homes if isinstance(home, Spot)]
        if any(spot.segment.core.id not in network.area.edge_of for spot in (*here, *goals)):
            raise no_loop.no_way_within_limits(parameters)
        turns = turning_spots(network.area, parameters, store) if turning else ()
        nodes = network.cut_at([*here, *goals, *turns])
        starts: dict[int, Home] = dict(zip(nodes, here, strict=False))
        for home in homes:
            if isinstance(home, Reached) and home.trailhead.junction in network.area.node_of:
                starts.setdefault(network.area.node_of[home.trailhead.junction], home)
        if not starts:
            raise no_loop.no_way_within_limits(parameters)
        via = nodes[len(here) : len(here) + len(goals)]
        heading = parameters.heading_deg
        towards = None if heading is None else network.towards(heading, origin, store)
        return _Task(parameters, network, starts, network.problem(parameters, starts, via, towards))


def _at(home: Home) -> LonLat:
    return home.at if isinstance(home, Spot) else LonLat(home.trailhead.lon, home.trailhead.lat)


def _search(task: _Task, clock: _Clock) -> tuple[list[Loop], Result]:
    """Loops whose length before rounding is inside the window, too, and what else the solver says."""
    parameters, problem = task.parameters, task.problem
    while True:
        result = solve(
            problem,
            time_limit=clock.left(),
            seed=parameters.seed,
            alternatives=parameters.alternatives,
            prove=parameters.prove,
        )
        loops = [loop for loop in result.loops if _is_inside(task.network.length_m(loop), parameters)]
        narrower = problem.max_length - problem.min_length - 2 * _MARGIN
        if loops or not result.loops or problem is not task.problem or narrower < 0:
            return loops, result
        low, high = problem.min_length + _MARGIN, problem.max_length - _MARGIN
        problem = replace(problem, min_length=low, max_length=high)


#: Half a metre: more than the rounding of a few hundred segments to centimetres comes to.
_MARGIN = UNITS // 2


def _is_inside(length_m: float, parameters: TripParameters) -> bool:
    return parameters.min_length_m <= length_m <= parameters.max_length_m


def _ranked(loops: Sequence[Loop], task: _Task) -> list[tuple[Loop, Home]]:
    """The loops, best first, then by drive; each starts at the trailhead it passes that is nearest by car.

    To whole metres: what differs by less is as good.
    """
    ranked = [_from_nearest_home(loop, task) for loop in loops]
    return sorted(ranked, key=lambda r: (-round(task.problem.objective(r[0]) / UNITS), _drive_m(r[1])))


def _from_nearest_home(loop: Loop, task: _Task) -> tuple[Loop, Home]:
    homes = [task.starts.get(node) for node in task.network.nodes(loop)]
    _, first = min((_drive_m(home), i) for i, home in enumerate(homes) if home is not None)
    node = task.network.nodes(loop)[first]
    return replace(loop, start=node, walk=(*loop.walk[first:], *loop.walk[:first])), task.starts[node]


def _drive_m(home: Home) -> float:
    return home.drive.length_m if isinstance(home, Reached) else 0.0


# --- the itineraries ----------------------------------------------------------------------------------------------


def _itineraries(
    ranked: Sequence[tuple[Loop, Home]],
    result: Result,
    task: _Task,
    place: Located,
    store: TrailStore,
) -> Iterator[Itinerary]:
    walks = [task.network.steps(loop) for loop, _ in ranked]
    segments = _segments(walks, store)
    ways_at = task.network.ways_at(j for s in segments.values() for j in (s.core.start, s.core.end))
    for rank, ((loop, home), steps) in enumerate(zip(ranked, walks, strict=True), start=1):
        start = _start(home, place, store)
        yield itinerary(steps, segments, start=start, verdict=_verdict(rank, loop, task, result), ways_at=ways_at)


def _segments(walks: Sequence[Sequence[Step]], store: TrailStore) -> dict[int, Segment]:
    ids = {step.segment for steps in walks for step in steps}
    segments = store.segments(ids)
    if len(segments) < len(ids):
        raise TrailsUnavailable("the trail data has just been replaced; ask again")
    return segments


def _verdict(rank: int, loop: Loop, task: _Task, result: Result) -> Verdict:
    """What is proven of a loop: none has a higher score than `bound`, unless it pays more than this one does.

    The solver bounds the objective: the score less what a loop pays for straying from the asked length, for walking
    ground twice and for lying off the heading. Adding what this loop pays makes it a bound on the scores of all that
    pay as much or less; and no score is above the longest length allowed. Only a loop that reaches the bound on the
    objective is optimal.
    """
    # no metre is worth more than one point, so a score above the length is rounding to centimetres
    score = min(loop.score / UNITS, task.network.length_m(loop))
    if result.bound is None:
        return Verdict(rank, score, str(Status.FEASIBLE))
    paid = loop.score - task.problem.objective(loop)
    status = Status.OPTIMAL if loop.score >= result.bound + paid else Status.FEASIBLE
    bound = max(loop.score, min(result.bound + paid, task.problem.max_length))
    gap = (bound - loop.score) / bound if bound > 0 else None
    return Verdict(rank, score, str(status), score + (bound - loop.score) / UNITS, gap)


def _start(home: Home, place: Located, store: TrailStore) -> Start:
    if isinstance(home, Spot):
        name = place.name or place.label
        return Start(name, "here", *home.at, 0.0, 0.0, "no drive")
    trailhead, by_car, method = home
    name = trailhead.name or f"{trailhead.kind} {_near(LonLat(trailhead.lon, trailhead.lat), store)}"
    return Start(name, trailhead.kind, trailhead.lon, trailhead.lat, *by_car, method)


_PLACE_KINDS = ("city", "town", "village", "hamlet", "locality", "peak", "pass", "hut", "camp", "viewpoint", "water")


def _near(at: LonLat, store: TrailStore) -> str:
    """Where something without a name is: near the nearest thing that has one."""
    for radius_m in (1000.0, 5000.0):
        points = [p for p in store.points_in(Box(*at, *at).grown(radius_m), _PLACE_KINDS, 500) if p.name]
        if points:
            return f"near {min(points, key=lambda p: distance_m(at, (p.lon, p.lat))).name}"
    return f"at {at.lat:.4f},{at.lon:.4f}"


# --- the clock ----------------------------------------------------------------------------------------------------


class _Clock:
    """When a request began, how much of its time is left, and how long each stage took."""

    def __init__(self, time_limit_s: float) -> None:
        self._began = time.perf_counter()
        self._time_limit_s = time_limit_s
        self._stages: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self._stages[name] = time.perf_counter() - began

    def left(self) -> float:
        """Seconds for the search: all that is left, but at least half of the limit when reading took long."""
        spent = time.perf_counter() - self._began
        return max(self._time_limit_s - spent, self._time_limit_s / 2)

    def timing(self) -> dict[str, float]:
        return {**self._stages, "total": time.perf_counter() - self._began}
