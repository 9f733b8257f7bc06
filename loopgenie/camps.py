"""Where a night may be spent, and where bottles can be filled, as the network has them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from loopgenie.calendar import Calendar
from loopgenie.geometry import Box, LonLat, Position, cut, distance_m
from loopgenie.itinerary import Step
from loopgenie.network import Area, Spot
from loopgenie.store import Point, Segment, TrailStore
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
    def water(self) -> bool | None:
        """Whether there is water; None where nobody says so."""
        told = self.point.details.get("water") if self.point else None
        return None if told is None else told == "yes"


def camp_sites(store: TrailStore, area: Area, box: Box, trek: TrekParameters, calendar: Calendar) -> list[CampSite]:
    """Every place in a box to spend a night at that was asked for and that can be walked to, by id."""
    points = [p for p in store.points_in(box, _KINDS[trek.camps], _MOST_POINTS) if _is_wanted(p, trek)]
    segments = store.segments({p.anchor.segment for p in points if p.anchor})
    sites = [_site(p, segments[p.anchor.segment]) for p in points if p.anchor and p.anchor.segment in segments]
    sites = [site for site in _on_open_segments(sites, area, store) if site.spot.segment.core.id in area.edge_of]
    if trek.camps == "dispersed":
        sites += _tents(store, area, calendar)
    return sites


def _is_wanted(point: Point, trek: TrekParameters) -> bool:
    anchor = point.anchor
    if anchor is None or anchor.away_m > trek.max_camp_detour_m:
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


def _site(point: Point, segment: Segment) -> CampSite:
    anchor = point.anchor
    assert anchor is not None  # noqa: S101 - those without were left out
    share = anchor.share
    # a cut this near to a junction is the junction
    if min(share, 1 - share) * segment.core.length_m < _SAME_M:
        share = float(round(share))
    foot = _along(segment, share)
    at = LonLat(point.lon, point.lat)
    spot = Spot(segment, share, anchor.away_m, LonLat(*foot[:2]))
    height = foot[2] if point.elevation_m is None else point.elevation_m
    name = point.name or f"{point.details.get('type', point.kind)} without a name"
    spur_m = distance_m(foot, at)
    return CampSite(point.kind, name, at, height, spot, foot, spur_m if spur_m >= _AT_THE_TRAIL_M else 0.0, point)


def _along(segment: Segment, share: float) -> Position:
    return segment.line[0] if share <= 0 else cut(segment.line, 0.0, share)[-1]


def _tents(store: TrailStore, area: Area, calendar: Calendar) -> Iterator[CampSite]:
    """Where the operator's notices allow a tent anywhere: along the trails, evenly."""
    count = 0
    for segment in store.segments([core.id for core in area.cores] if calendar.has_dispersed else ()).values():
        parts = max(1, math.ceil(segment.core.length_m / _TENT_M))
        for i in range(parts):
            share = (i + 0.5) / parts
            foot = _along(segment, share)
            notice = calendar.dispersed(foot[0], foot[1])
            if notice is None:
                continue
            spot = Spot(segment, share, 0.0, LonLat(*foot[:2]))
            name = next((s.name for s in segment.stretches if s.name), None)
            where = f"on {name}" if name else f"at {foot[1]:.4f},{foot[0]:.4f}"
            yield CampSite("dispersed", f"tent {where}", spot.at, foot[2], spot, foot, 0.0, rule=notice.source)
            count += 1
            if count == _MOST_TENTS:
                return


# --- water --------------------------------------------------------------------------------------------------------


class Waters:
    """Where along the segments bottles can be filled.

    Parameters
    ----------
    points : water, and camps and huts that have some.

    Attributes
    ----------
    known : whether the data tells of any water but that of camps; some sources have none, and then a long way without
        says nothing.
    """

    def __init__(self, points: Iterable[Point]) -> None:
        self.known = False
        self._by_segment: dict[int, list[Point]] = {}
        for point in points:
            self.known |= point.kind == "water"
            if point.anchor is not None and point.anchor.away_m <= WATER_M:
                self._by_segment.setdefault(point.anchor.segment, []).append(point)

    @staticmethod
    def in_box(store: TrailStore, box: Box) -> Waters:
        """All of a box."""
        points = store.points_in(box, ("water", "camp", "hut"), _MOST_POINTS)
        return Waters(p for p in points if p.kind == "water" or p.details.get("water") == "yes")

    def any_on(self, segment: int) -> bool:
        """Whether there are any along a segment."""
        return segment in self._by_segment

    def along(self, step: Step) -> list[tuple[float, Point]]:
        """Those on a step, in the order walked, each with the share (0..1) of the step before it."""
        found = []
        for point in self._by_segment.get(step.segment, ()):
            share = point.anchor.share if point.anchor else 0.0
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
