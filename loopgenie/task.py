"""A request as the solver gets it: the network around the starts, cut where the walk has to start, pass or sleep."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from loopgenie import no_loop
from loopgenie.calendar import Calendar, calendar_in
from loopgenie.drive import Reached
from loopgenie.errors import TrailsUnavailable
from loopgenie.geometry import Box, LonLat
from loopgenie.itinerary import Step
from loopgenie.network import Area, Areas, Limits, Spot, TripNetwork, box_around, turning_spots
from loopgenie.parameters import TripParameters
from loopgenie.store import Segment, Snapshot, TrailStore
from solver import LoopProblem

#: Where a loop may start: a trailhead, or right here.
Home = Reached | Spot


def at(home: Home) -> LonLat:
    """Where a start lies."""
    return home.at if isinstance(home, Spot) else LonLat(home.trailhead.lon, home.trailhead.lat)


class Around(NamedTuple):
    """What a search looks at: from where, what it has to pass, on which data.

    `homes_of` finds the starts of other parameters.
    """

    origin: LonLat
    homes: Sequence[Home]
    goals: Sequence[Spot]
    store: TrailStore
    snapshot: Snapshot
    areas: Areas
    homes_of: Callable[[TripParameters], Sequence[Home]]

    def box(self, parameters: TripParameters) -> Box:
        """What a loop can touch."""
        return box_around([at(home) for home in self.homes], parameters, self.snapshot)

    def calendar(self, parameters: TripParameters) -> Calendar:
        """What is closed when, in all of that box; made once for each."""
        return calendar_in(self.store, self.snapshot, self.box(parameters))


class Ground(NamedTuple):
    """The network of a request and the nodes on it: the starts, each with its home nearest by car, and others."""

    network: TripNetwork
    starts: Mapping[int, Home]
    via: Sequence[int]
    others: Sequence[int]


def ground(
    parameters: TripParameters,
    around: Around,
    *,
    closed: Collection[int] = (),
    others: Callable[[Area], Sequence[Spot]] = lambda _: (),
) -> Ground:
    """The network without what is closed, cut at the starts, at what has to be passed, and at other spots.

    Raises
    ------
    NoLoopInReach : nothing at the starts may be walked.
    """
    goals = around.goals if parameters.via else ()
    limits = Limits.of(parameters)
    area = around.areas.get(around.store, around.snapshot, around.box(parameters), limits, frozenset(closed))
    network = TripNetwork(area)
    here = [home for home in around.homes if isinstance(home, Spot)]
    calendar = around.calendar(parameters)
    if any(spot.segment.core.id not in area.edge_of for spot in (*here, *goals)):
        raise no_loop.no_way_within_limits(parameters, calendar)
    nodes = network.cut_at([*here, *goals, *others(area)])
    starts: dict[int, Home] = dict(zip(nodes, here, strict=False))
    for home in around.homes:
        if isinstance(home, Reached) and home.trailhead.junction in area.node_of:
            starts.setdefault(area.node_of[home.trailhead.junction], home)
    if not starts:
        raise no_loop.no_way_within_limits(parameters, calendar)
    passed = len(here) + len(goals)
    return Ground(network, starts, nodes[len(here) : passed], nodes[passed:])


def segments_of(walks: Sequence[Sequence[Step]], store: TrailStore) -> dict[int, Segment]:
    """Every segment of some walks, whole, by id.

    Raises
    ------
    TrailsUnavailable : some are no longer there.
    """
    ids = {step.segment for steps in walks for step in steps}
    segments = store.segments(ids)
    if len(segments) < len(ids):
        raise TrailsUnavailable("the trail data has just been replaced; ask again")
    return segments


def towards(parameters: TripParameters, network: TripNetwork, around: Around) -> list[float] | None:
    """How well each edge lies in the direction that was asked for, None where none was."""
    heading = parameters.heading_deg
    return None if heading is None else network.towards(heading, around.origin, around.store)


@dataclass(frozen=True)
class LoopTask:
    """A request for loops of one day. `starts` are the nodes to start at, each with its home."""

    parameters: TripParameters
    network: TripNetwork
    starts: Mapping[int, Home]
    problem: LoopProblem

    @staticmethod
    def of(parameters: TripParameters, around: Around, *, turning: bool = False) -> LoopTask:
        """`turning`: the walk may turn round in the middle of long dead ends."""

        def turns(area: Area) -> Sequence[Spot]:
            return turning_spots(area, parameters, around.store) if turning else ()

        closed = around.calendar(parameters).closed_on(parameters.date)
        network, starts, via, _ = ground(parameters, around, closed=closed, others=turns)
        problem = network.problem(parameters, starts, via, towards(parameters, network, around))
        return LoopTask(parameters, network, starts, problem)
