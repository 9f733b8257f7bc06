"""Where a night may be spent, and where bottles can be filled, as the network has them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from loopgenie.calendar import Calendar
from loopgenie.geometry import Box, LonLat, Position, distance_m, positions_at
from loopgenie.itinerary import Step
from loopgenie.network import Area, Spot
from loopgenie.store import Anchor, Point, Segment, TrailStore
from loopgenie.trek_parameters import TrekParameters

#: Kinds of `store.Point` to sleep at, by what was asked for.
_KINDS: Mapping[str, tuple[str, ...]] = {
    "designated": ("camp",),
    "huts": ("camp", "hut"),
    "dispersed": ("camp", "hut"),
}
#: The most places that are looked at; the parks with the most camps have some hundred.
_MOST_POINTS = 20_000
#: Where a tent may stand anywhere, it is thought of every so many metres along the trails, and at most so many times.
_TENT_M = 1000.0
_MOST_TENTS = 400
#: Metres between two places that are one.
_SAME_M = 1.0
#: A camp nearer than this (m) lies at the trail.
_AT_THE_TRAIL_M = 25.0
#: Water farther than this (m) from the trail is not worth the way.
WATER_M = 100.0


class CampSite(NamedTuple):
    """Somewhere to sleep: a camp, a hut, or where a tent may stand.

    `spot` is where the way there leaves the network, `foot` the same with its height, `spur_m` how long that way is.
    """

    kind: str  # "camp", "hut" or "dispersed"
    name: str
    at: LonLat
    elevation_m: float | None
    spot: Spot
    foot: Position
    spur_m: float
    point: Point | None = None  # None where there is nothing but a rule
    rule: str | None = None  # who allows a tent there

    @property
    def rise_m(self) -> int:
        """How much higher it is than where the way to it leaves the trail; 0 where that is not known."""
        if not self.spur_m or self.elevation_m is None or self.foot[2] is None:
            return 0
        return round(self.elevation_m - self.foot[2])

    @property
    def water(self) -> bool | None:
        """Whether there is water; None where nobody says so."""
        told = self.point.details.get("water") if self.point else None
        return None if told is None else told == "yes"


def camp_sites(
    store: TrailStore,
    area: Area,
    box: Box,
    trek: TrekParameters,
    calendar: Calendar,
    nights: Sequence[date | None],
) -> list[CampSite]:
    """Every place in a box to spend a night at that was asked for and that can be walked to, by id.

    Of places where a tent may stand those where it may in any of the nights.
    """
    by_segment: dict[int, list[Point]] = {}
    for point in store.points_in(box, _KINDS[trek.camps], _MOST_POINTS):
        if point.anchor is not None and _is_wanted(point, point.anchor, trek):
            by_segment.setdefault(point.anchor.segment, []).append(point)
    sites = [site for segment in store.segments(by_segment).values() for site in _sites(segment, by_segment)]
    sites.sort(key=lambda site: site.point.id if site.point else 0)
    sites = [site for site in _on_open_segments(sites, area, store) if site.spot.segment.core.id in area.edge_of]
    if trek.camps == "dispersed":
        sites += _tents(store, area, calendar, dict.fromkeys(nights))
    return sites


def _is_wanted(point: Point, anchor: Anchor, trek: TrekParameters) -> bool:
    if anchor.away_m > trek.max_camp_detour_m:
        return False
    # a place that only groups get, or only those who come by boat, is none for whoever walks in with a friend
    return "boat" not in point.details.get("users", "") and not point.details.get("type", "").startswith("group")


def _on_open_segments(sites: Sequence[CampSite], area: Area, store: TrailStore) -> list[CampSite]:
    """The same places; those at a junction on a segment that may be walked, if the one they are anchored on may not."""
    shut = {}
    for site in sites:
        core = site.spot.segment.core
        if core.id not in area.edge_of and site.spot.share in (0.0, 1.0):
            shut[core.start if site.spot.share == 0.0 else core.end] = 0
    for core in area.cores if shut else ():
        for junction in (core.start, core.end):
            if junction in shut:
                shut[junction] = core.id
    others = store.segments([number for number in shut.values() if number])
    moved = []
    for site in sites:
        spot = site.spot
        junction = spot.segment.core.start if spot.share == 0.0 else spot.segment.core.end
        other = others.get(shut.get(junction, 0))
        if spot.segment.core.id not in area.edge_of and spot.share in (0.0, 1.0) and other is not None:
            share = 0.0 if other.core.start == junction else 1.0
            spot = spot._replace(segment=other, share=share)
        moved.append(site._replace(spot=spot))
    return moved


def _sites(segment: Segment, points: Mapping[int, Sequence[Point]]) -> Iterator[CampSite]:
    """The places along a segment, whose line is measured once for all of them."""
    anchored = [(p, p.anchor) for p in points[segment.core.id] if p.anchor]
    # a cut this near to a junction is the junction
    least = _SAME_M / segment.core.length_m if segment.core.length_m else 1.0
    shares = [float(round(a.share)) if min(a.share, 1 - a.share) < least else a.share for _, a in anchored]
    for (point, anchor), share, foot in zip(anchored, shares, positions_at(segment.line, shares), strict=True):
        at = LonLat(point.lon, point.lat)
        spot = Spot(segment, share, anchor.away_m, LonLat(*foot[:2]))
        height = foot[2] if point.elevation_m is None else point.elevation_m
        name = point.name or f"{point.details.get('type', point.kind)} without a name"
        spur_m = distance_m(foot, at)
        spur_m = spur_m if spur_m >= _AT_THE_TRAIL_M else 0.0
        yield CampSite(point.kind, name, at, height, spot, foot, spur_m, point)


def _tents(store: TrailStore, area: Area, calendar: Calendar, nights: Iterable[date | None]) -> list[CampSite]:
    """Where the operator's notices allow a tent anywhere: along the trails, evenly, in all of the area."""
    tents = []
    for segment in store.segments([core.id for core in area.cores] if calendar.has_dispersed else ()).values():
        parts = max(1, math.ceil(segment.core.length_m / _TENT_M))
        shares = [(i + 0.5) / parts for i in range(parts)]
        for share, foot in zip(shares, positions_at(segment.line, shares), strict=True):
            allowed = (calendar.dispersed(foot[0], foot[1], night) for night in nights)
            notice = next((each for each in allowed if each is not None), None)
            if notice is None:
                continue
            spot = Spot(segment, share, 0.0, LonLat(*foot[:2]))
            name = next((s.name for s in segment.stretches if s.name), None)
            where = f"on {name}" if name else f"at {foot[1]:.4f},{foot[0]:.4f}"
            tents.append(CampSite("dispersed", f"tent {where}", spot.at, foot[2], spot, foot, 0.0, rule=notice.source))
    return tents[:: max(1, math.ceil(len(tents) / _MOST_TENTS))]


# --- water --------------------------------------------------------------------------------------------------------


class Waters:
    """Where along the segments bottles can be filled.

    Parameters
    ----------
    points : water, and camps and huts that have some.
    area : the segments; water within `WATER_M` of a junction is at all segments that meet there.

    Attributes
    ----------
    known : whether the data tells of any water but that of camps; some sources have none, and then a long way without
        says nothing.
    """

    def __init__(self, points: Iterable[Point], area: Area) -> None:
        self.known = False
        self._by_segment: dict[int, list[tuple[float, Point]]] = {}
        at_junctions: dict[int, list[Point]] = {}
        for point in points:
            self.known |= point.kind == "water"
            anchor = point.anchor
            if anchor is None or anchor.away_m > WATER_M:
                continue
            self._by_segment.setdefault(anchor.segment, []).append((anchor.share, point))
            core = area.cores[area.edge_of[anchor.segment]] if anchor.segment in area.edge_of else None
            if core is not None:
                for junction, share in ((core.start, anchor.share), (core.end, 1 - anchor.share)):
                    if share * core.length_m + anchor.away_m <= WATER_M:
                        at_junctions.setdefault(junction, []).append(point)
        # whoever passes a junction passes what lies at it, on whichever of its segments that is anchored
        for core in area.cores if at_junctions else ():
            for junction, end in ((core.start, 0.0), (core.end, 1.0)):
                others = (p for p in at_junctions.get(junction, ()) if p.anchor and p.anchor.segment != core.id)
                for point in others:
                    self._by_segment.setdefault(core.id, []).append((end, point))

    @staticmethod
    def in_box(store: TrailStore, box: Box, area: Area) -> Waters:
        """All of a box, along the segments of an area."""
        points = store.points_in(box, ("water", "camp", "hut"), _MOST_POINTS)
        return Waters((p for p in points if p.kind == "water" or p.details.get("water") == "yes"), area)

    def any_on(self, segment: int) -> bool:
        """Whether there are any along a segment."""
        return segment in self._by_segment

    def along(self, step: Step) -> list[tuple[float, Point]]:
        """Those on a step, in the order walked, each with the share (0..1) of the step before it."""
        found = []
        for share, point in self._by_segment.get(step.segment, ()):
            if step.begin <= share <= step.end:
                part = (share - step.begin) / (step.end - step.begin) if step.end > step.begin else 0.0
                found.append((part if step.forward else 1.0 - part, point))
        return sorted(found, key=lambda each: (each[0], each[1].id))

    def reliable_on(self, step: Step) -> tuple[float, ...]:
        """The shares of a step at which there is water all year, ascending."""
        return tuple(share for share, point in self.along(step) if is_reliable(point))


def is_reliable(point: Point) -> bool:
    """Whether water is there all year and may be drunk, as far as the source tells; huts fill bottles when open."""
    return point.details.get("seasonal") != "yes" and point.details.get("drinkable") != "no"
