"""Loops of several days: the problem, the search, and the days as a hiker needs them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from itertools import pairwise

from loopgenie import no_trek
from loopgenie.calendar import Calendar
from loopgenie.camps import CampSite, Waters, camp_sites
from loopgenie.clock import Clock
from loopgenie.days import DayInput, trek_itinerary
from loopgenie.itinerary import Itinerary, Step, Verdict
from loopgenie.network import UNITS, Area, Spot, TripNetwork
from loopgenie.parameters import TripParameters
from loopgenie.places import Located
from loopgenie.starts import start_at
from loopgenie.task import Around, Home, ground, segments_of, towards
from loopgenie.trek_parameters import LEVEL_M_PER_HOUR, DayWindow, TrekParameters
from solver import Status
from solver.solve_trek import solve_trek
from solver.trek import POINTS, Camp, Day, Pace, Trek, TrekProblem, TrekResult, measured
from solver.verify import trek_violations

#: What it costs, in metres of the best trail, that a day is a metre astray from the middle of its window, and that a
#: metre is walked again. A metre beyond the middle costs more than it can earn, so filling the window is never a gain;
#: and going to and fro on a dead end (1 earned, 2 nearer to the middle, 1 walked again) is never one either.
BALANCE_COST, REPEAT_COST = 1.5, 5.0
#: The pace of the walking time (DIN 33466).
PACE = Pace(round(LEVEL_M_PER_HOUR) * UNITS, 300, 500)
#: A day stays so far (units) inside its window, so that rounding to centimetres does not carry it out.
_MARGIN = UNITS // 2


@dataclass(frozen=True)
class TrekTask:
    """A request for loops of several days as the solver gets it. `sites` are those of the problem's camps."""

    parameters: TripParameters
    trek: TrekParameters
    network: TripNetwork
    starts: dict[int, Home]
    sites: tuple[CampSite, ...]
    waters: Waters
    calendar: Calendar
    problem: TrekProblem

    @staticmethod
    def of(parameters: TripParameters, around: Around) -> TrekTask:
        """Put the request on the network.

        Raises
        ------
        NoLoopInReach : nothing at the starts may be walked.
        """
        trek = parameters.trek
        assert trek is not None  # noqa: S101 - the planner asks only for treks
        box, calendar = around.box(parameters), around.calendar(parameters)
        found: list[CampSite] = []

        def spots(area: Area) -> Sequence[Spot]:
            found.extend(camp_sites(around.store, area, box, trek, calendar, [n for after in nights for n in after]))
            return [site.spot for site in found]

        nights = _nights(parameters)
        closed = [frozenset(calendar.closed_on(day)) for day in dates(parameters)]
        always = frozenset.intersection(*closed)
        network, starts, via, nodes = ground(parameters, around, closed=always, others=spots)
        waters = Waters.in_box(around.store, box, network.area)
        if trek.max_dry_m is not None and not waters.known:
            raise no_trek.no_water_known()
        problem = _problem(
            parameters,
            network,
            starts=tuple(sorted(starts)),
            via=tuple(sorted(set(via))),
            camps=tuple(_camp(site, node) for site, node in zip(found, nodes, strict=True)),
            closed=_closed_edges(network, [segments - always for segments in closed]),
            no_camps=[_closed_camps(found, after, calendar) for after in nights],
            waters=_waters(network, waters),
            towards=towards(parameters, network, around),
        )
        return TrekTask(parameters, trek, network, dict(starts), tuple(found), waters, calendar, problem)


def dates(parameters: TripParameters) -> list[date | None]:
    """The date of each day of walking, None without a date."""
    walking = parameters.trek.walking if parameters.trek else (1,)
    return [date_of(parameters, number) for number in walking]


def date_of(parameters: TripParameters, number: int) -> date | None:
    """The date of a day by its number, 1 for the first."""
    return None if parameters.date is None else parameters.date + timedelta(days=number - 1)


def _nights(parameters: TripParameters) -> list[list[date | None]]:
    """The nights after each day of walking, by the date on which they begin: none after the last, two before a rest."""
    walking = parameters.trek.walking if parameters.trek else (1,)
    return [[date_of(parameters, number) for number in range(a, b)] for a, b in pairwise(walking)] + [[]]


def _camp(site: CampSite, node: int) -> Camp:
    return Camp(node, math.ceil(site.spur_m * UNITS), max(site.rise_m, 0), max(-site.rise_m, 0), site.water is True)


def _closed_edges(network: TripNetwork, closed: Sequence[frozenset[int]]) -> list[frozenset[int]]:
    """The edges of the segments that are closed on each day."""
    if not any(closed):
        return [frozenset()] * len(closed)
    segments = [network.segment(number) for number in range(len(network.edges))]
    return [frozenset(e for e, segment in enumerate(segments) if segment in ids) for ids in closed]


def _closed_camps(sites: Sequence[CampSite], nights: Sequence[date | None], calendar: Calendar) -> frozenset[int]:
    """The camps where not all of these nights may be spent."""

    def is_closed(site: CampSite, night: date | None) -> bool:
        if site.point is None:
            return calendar.dispersed(site.at.lon, site.at.lat, night) is None
        return calendar.camp_closed_on(site.point, night) is not None

    return frozenset(i for i, site in enumerate(sites) if any(is_closed(site, night) for night in nights))


def _waters(network: TripNetwork, waters: Waters) -> tuple[tuple[int, ...], ...]:
    """Where along each edge bottles can be filled, in units from its `u`."""
    return tuple(
        tuple(round(share * edge.length) for share in waters.reliable_on(network.step(number)))
        if waters.any_on(network.segment(number))
        else ()
        for number, edge in enumerate(network.edges)
    )


def _problem(
    parameters: TripParameters,
    network: TripNetwork,
    *,
    starts: tuple[int, ...],
    via: tuple[int, ...],
    camps: tuple[Camp, ...],
    closed: Sequence[frozenset[int]],
    no_camps: Sequence[frozenset[int]],
    waters: tuple[tuple[int, ...], ...],
    towards: Sequence[float] | None,
) -> TrekProblem:
    trek = parameters.trek
    assert trek is not None  # noqa: S101 - see TrekTask.of
    metres_an_hour = _usual_pace(network)
    least, most = _inside(parameters.min_length_m, parameters.max_length_m) if trek.whole else (None, None)
    days = []
    for window, shut, elsewhere in zip(trek.windows(), closed, no_camps, strict=True):
        low, high = _inside(window.min_m, window.max_m)
        days.append(
            Day(
                low,
                high,
                target=_target(window, low, high, metres_an_hour),
                max_ascent=None if trek.max_ascent_m is None else int(trek.max_ascent_m),
                min_time=None if window.min_s is None else math.ceil(window.min_s),
                max_time=None if window.max_s is None else math.floor(window.max_s),
                closed=shut,
                no_camps=elsewhere,
            )
        )
    return TrekProblem(
        network.network(),
        starts,
        camps,
        tuple(days),
        balance_cost=round(POINTS * BALANCE_COST),
        repeat_cost=round(POINTS * REPEAT_COST),
        min_length=least,
        max_length=most,
        max_ascent=None if parameters.max_ascent_m is None else int(parameters.max_ascent_m),
        preferences=None if towards is None else tuple(network.leanings(towards)),
        via=via,
        roads=None if parameters.max_road_share is None else tuple(network.roads),
        max_road_share=parameters.max_road_share,
        max_repeat_share=parameters.max_repeat_share,
        pace=PACE,
        waters=waters,
        max_dry=None if trek.max_dry_m is None else math.floor(trek.max_dry_m * UNITS),
    )


def _usual_pace(network: TripNetwork) -> float:
    """How far (m) one gets in an hour on the trails here, up and down."""
    length = sum(edge.length for edge in network.edges)
    climb = sum(edge.up + edge.down for edge in network.edges) // 2
    return length / UNITS * 3600 / max(1, PACE.seconds(length, climb, climb))


def _target(window: DayWindow, low: int, high: int, metres_an_hour: float) -> int:
    """The length that is best: the middle of a window; of a window in hours how far one gets in its middle here."""
    middle_m = window.middle_m
    if window.timed and window.min_s is not None and window.max_s is not None:
        middle_m = (window.min_s + window.max_s) / 2 / 3600 * metres_an_hour
    return min(max(round(middle_m * UNITS), low), high)


def _inside(min_m: float, max_m: float) -> tuple[int, int]:
    """A window in units, a little narrower where it is wide enough, so that rounding does not lead out of it."""
    low, high = math.ceil(min_m * UNITS - 1e-6), math.floor(max_m * UNITS + 1e-6)
    margin = _MARGIN if high - low > 4 * _MARGIN else 0
    return min(low + margin, high), max(high - margin, low)


# --- the search ---------------------------------------------------------------------------------------------------

#: A shorter search that met no trek may have had no processor: another one of this time, in seconds, before we say no.
_ENOUGH_S = 2.0


def plan_treks(parameters: TripParameters, place: Located, around: Around, clock: Clock) -> tuple[Itinerary, ...]:
    """The best loops of several days, best first.

    Raises
    ------
    NoLoopInReach : there is none, or none was found; says why.
    """
    with clock.stage("network"):
        asked = TrekTask.of(parameters, around)
    with clock.stage("solve"):
        result = _search(asked, clock.left())
        if not result.treks and result.status is Status.UNKNOWN and parameters.time_limit_s < _ENOUGH_S:
            result = _search(asked, _ENOUGH_S)
        if not result.treks:
            raise no_trek.no_trek(asked, result, partial(_elsewhere, around=around), _probe)
    with clock.stage("itinerary"):
        return tuple(_itineraries(asked, result, place, around))


def _elsewhere(parameters: TripParameters, around: Around) -> TrekTask:
    """The task of other parameters, from other starts where the drive may be longer."""
    return TrekTask.of(parameters, around._replace(homes=around.homes_of(parameters)))


def _probe(task: no_trek.Task, time_limit_s: float) -> TrekResult:
    """Whether there is one at all."""
    return _solved(task, time_limit_s, 1)


def _search(task: no_trek.Task, time_limit_s: float) -> TrekResult:
    return _solved(task, time_limit_s, task.parameters.alternatives)


def _solved(task: no_trek.Task, time_limit_s: float, alternatives: int) -> TrekResult:
    """What the solver finds.

    Raises
    ------
    NoLoopInReach : there is more trail in reach than it can count in 64 bits.
    """
    try:
        return solve_trek(task.problem, time_limit=time_limit_s, seed=task.parameters.seed, alternatives=alternatives)
    except ValueError as error:  # problems are checked when they are made: only their size is left to complain about
        raise no_trek.too_much_trail(task.parameters) from error


def _itineraries(task: TrekTask, result: TrekResult, place: Located, around: Around) -> Iterator[Itinerary]:
    value = task.problem.objective(result.treks[0])
    # an alternative that loses half of what the best one is worth is none
    good = [trek for trek in result.treks if task.problem.objective(trek) >= value - abs(value) // 2]
    treks = [climbing_first(task, trek) for trek in good]
    walks = [_steps(task, trek) for trek in treks]
    segments = segments_of([steps for days in walks for steps in days], around.store)
    ways_at = task.network.ways_at(j for s in segments.values() for j in (s.core.start, s.core.end))
    for rank, (trek, days) in enumerate(zip(treks, walks, strict=True), start=1):
        yield trek_itinerary(
            list(_days(task, trek, days)),
            segments,
            start=start_at(task.starts[trek.start], place, around.store),
            verdict=_verdict(rank, trek, task, result),
            ways_at=ways_at,
            waters=task.waters,
            calendar=task.calendar,
            max_dry_m=task.trek.max_dry_m,
            resting=task.trek.resting,
            first=task.parameters.date,
        )


def _steps(task: TrekTask, trek: Trek) -> list[list[Step]]:
    """The steps of each day."""
    node = trek.start
    walks: list[list[Step]] = []
    for day in trek.days:
        walks.append(task.network.steps(day.walk, node))
        node = trek.start if day.camp is None else task.problem.camps[day.camp].node
    return walks


def _days(task: TrekTask, trek: Trek, walks: Sequence[Sequence[Step]]) -> Iterator[DayInput]:
    before: CampSite | None = None
    targets = [day.target for day in task.problem.days]
    for day, steps, target in zip(trek.days, walks, targets, strict=True):
        site = None if day.camp is None else task.sites[day.camp]
        yield DayInput(steps, before, site, None if target is None else target / UNITS)
        before = site


def climbing_first(task: TrekTask, trek: Trek) -> Trek:
    """The trek in that direction that has its climbs earlier, if the other one keeps all limits and is as good."""
    walks = [day.walk[::-1] for day in reversed(trek.days)]
    back = measured(task.problem, trek.start, walks, trek.camps[::-1])
    if task.problem.objective(back) < task.problem.objective(trek) or trek_violations(task.problem, back):
        return trek
    return back if _middle_of_climb(back) < _middle_of_climb(trek) - 0.01 else trek


def _middle_of_climb(trek: Trek) -> float:
    """Where, as a share of all days, the average metre of ascent lies."""
    climbed = sum(day.ascent for day in trek.days)
    if not climbed:
        return 0.5
    return sum((i + 0.5) * day.ascent for i, day in enumerate(trek.days)) / (climbed * len(trek.days))


def _verdict(rank: int, trek: Trek, task: TrekTask, result: TrekResult) -> Verdict:
    """What is proven of a trek: none has a higher score than `bound`, unless it pays more than this one does.

    The solver bounds the objective: the score less what days astray and trails walked again cost. Adding what this
    trek pays makes it a bound on the scores of all that pay as much or less. None of these is longer than its days
    should be and what is paid for days astray; and no score is above the longest length allowed.
    """
    problem = task.problem
    length_m = sum(task.network.length_m(day.walk) for day in trek.days)
    score = min(trek.score / UNITS, length_m)
    if result.bound is None:
        return Verdict(rank, score, str(Status.FEASIBLE))
    value = problem.objective(trek)
    paid = POINTS * trek.score - value
    longest = sum(day.max_length for day in problem.days)
    targets = [day.target for day in problem.days if day.target is not None]
    # where some trails are preferred to others, what they earn for that is in what is paid, and says nothing of lengths
    if len(targets) == len(problem.days) and problem.balance_cost and problem.preferences is None:
        longest = min(longest, sum(targets) + paid // problem.balance_cost + 1)
    bound = max(score, min((result.bound + paid) / POINTS, longest) / UNITS)
    status = Status.OPTIMAL if value >= result.bound else Status.FEASIBLE
    return Verdict(rank, score, str(status), bound, (bound - score) / bound if bound > 0 else None)
