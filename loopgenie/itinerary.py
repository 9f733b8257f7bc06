"""A loop as a hiker needs it: line, profile, times, cues."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from loopgenie.geometry import Position, bearing_deg, compass_point, cut, distance_m
from loopgenie.store import Point, Segment, Stretch
from loopgenie.ways import ROADS, WayKind, difficulty_name

# --- records ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cue:
    """What to do `distance_m` metres from the start."""

    distance_m: float
    text: str


@dataclass(frozen=True)
class Start:
    """Where the loop starts and how to get there. `drive_method` says how drive figures were made."""

    name: str
    kind: str
    lon: float
    lat: float
    drive_m: float
    drive_s: float
    drive_method: str


@dataclass(frozen=True)
class Itinerary:
    """One loop, ready to be shown. Metres, seconds; None where heights are not known."""

    rank: int
    line: tuple[Position, ...]  # closed: first and last position are equal
    length_m: float
    ascent_m: int | None
    descent_m: int | None
    max_elevation_m: float | None
    walking_time_s: float
    time_model: str
    score: float
    status: str
    bound: float | None
    gap: float | None
    repeat_share: float
    road_share: float
    longest_road_m: float
    hardest_difficulty: str | None
    start: Start
    trails: tuple[str, ...]
    cues: tuple[Cue, ...]
    segments: tuple[int, ...]  # segment ids in the order walked
    informal_share: float = 0.0  # of the length, on trails that nobody keeps up
    seasons: tuple[str, ...] = ()  # what the data says of when its trails may be walked, in the order walked
    days: tuple[DayPlan, ...] = ()  # of a loop of several days
    balance: float | None = None  # 1 where each day is as long as it should be; less the mean share it is astray


class WaterStop(NamedTuple):
    """Where bottles can be filled, `distance_m` from the start of the day; `next_m` on to the next, over nights too."""

    distance_m: float
    point: Point
    next_m: float | None


class Note(NamedTuple):
    """What has to be known of a day: a permit, a rule, a season; who says so."""

    kind: str
    text: str
    source: str
    url: str | None = None


class Lodging(NamedTuple):
    """Where a night is spent, `spur_m` off the trails."""

    kind: str  # "camp", "hut" or "dispersed"
    name: str
    lon: float
    lat: float
    elevation_m: float | None
    spur_m: float
    water: bool | None = None  # None where nobody says so
    point: Point | None = None
    rule: str | None = None  # who allows a tent where there is no camp


@dataclass(frozen=True)
class DayPlan:
    """One day of several: its part of the walk from `from_m` to `to_m`, with cues from the start of the day.

    On a day of rest `line` is empty and `lodging` that of the night before. `longest_dry_m` is the longest way
    without water that the day is a part of; None on days of rest, and where no water is known. `refills` are positions
    in `waters`.
    """

    number: int
    date: date | None
    rest: bool
    from_m: float
    to_m: float
    line: tuple[Position, ...]
    ascent_m: int | None
    descent_m: int | None
    max_elevation_m: float | None
    walking_time_s: float
    trails: tuple[str, ...]
    cues: tuple[Cue, ...]
    lodging: Lodging | None  # None on the last day
    waters: tuple[WaterStop, ...] = ()
    longest_dry_m: float | None = None
    refills: tuple[int, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def length_m(self) -> float:
        """How far it is, the way to the camp included."""
        return self.to_m - self.from_m


class Step(NamedTuple):
    """A segment that is walked, or its part between two shares (0..1) of its length along its line.

    `ascent_m`, `descent_m` are as walked: from `begin` to `end` where `forward`, else from `end` to `begin`.
    """

    segment: int
    forward: bool
    begin: float = 0.0
    end: float = 1.0
    ascent_m: int | None = None
    descent_m: int | None = None

    def turned(self) -> Step:
        """The same step in the other direction."""
        return self._replace(forward=not self.forward, ascent_m=self.descent_m, descent_m=self.ascent_m)


class Verdict(NamedTuple):
    """What the solver says of a loop; score and bound in metres of the best trail."""

    rank: int
    score: float
    status: str
    bound: float | None = None
    gap: float | None = None


# --- the itinerary ------------------------------------------------------------------------------------------------


def itinerary(
    steps: Sequence[Step],
    segments: Mapping[int, Segment],
    *,
    start: Start,
    verdict: Verdict,
    ways_at: Mapping[int, int],
) -> Itinerary:
    """Turn a closed walk into an itinerary, in the direction that climbs first.

    Parameters
    ----------
    steps : the walk, from the start and back to it.
    segments : whole, by id; at least those of the steps.
    start : where the walk starts.
    verdict : what the solver says of it.
    ways_at : how many ways meet at a junction, by id; where there are two, a cue is not needed.
    """
    steps = in_climbing_direction(steps, segments)
    parts = [part_of(step, segments[step.segment], ways_at) for step in steps]
    length_m = sum(part.length_m for part in parts)
    ascent_m, descent_m = total(s.ascent_m for s in steps), total(s.descent_m for s in steps)
    time_s = walking_time_s(length_m, ascent_m or 0, descent_m or 0)
    return whole(parts, start=start, verdict=verdict, time_s=time_s, cues=tuple(cues_of(parts, start.name)))


def whole(parts: Sequence[Part], *, start: Start, verdict: Verdict, time_s: float, cues: tuple[Cue, ...]) -> Itinerary:
    """The itinerary of a walk in parts, in the direction in which they stand."""
    steps = [part.step for part in parts]
    length_m = sum(part.length_m for part in parts)
    ascent_m, descent_m = total(s.ascent_m for s in steps), total(s.descent_m for s in steps)
    line = line_of(parts)
    line = (*line[:-1], line[0])
    heights = [p[2] for p in line if p[2] is not None]
    stretches = [stretch for part in parts for stretch in part.stretches]
    road_m = [s.length_m if s.kind in ROADS else 0.0 for s in stretches]
    return Itinerary(
        rank=verdict.rank,
        line=line,
        length_m=length_m,
        ascent_m=ascent_m,
        descent_m=descent_m,
        max_elevation_m=max(heights, default=None),
        walking_time_s=time_s,
        time_model=TIME_MODEL if ascent_m is not None else f"{TIME_MODEL}; heights are not known, taken as level",
        score=verdict.score,
        status=verdict.status,
        bound=verdict.bound,
        gap=verdict.gap,
        repeat_share=_repeated_m(steps, parts) / length_m,
        road_share=min(1.0, sum(road_m) / length_m),
        longest_road_m=min(length_m, _longest_run(road_m)),
        hardest_difficulty=difficulty_name(max((s.difficulty for s in stretches if s.difficulty), default=None)),
        start=start,
        trails=trails_of(parts),
        cues=cues,
        segments=tuple(step.segment for step in steps if step.segment != OFF_TRAIL),
        informal_share=min(1.0, sum(s.length_m for s in stretches if s.informal) / length_m),
        seasons=tuple(dict.fromkeys(f"{s.name or s.kind}: {s.season}" for s in stretches if s.season)),
    )


def trails_of(parts: Sequence[Part]) -> tuple[str, ...]:
    """The names of the trails, each once, in the order walked."""
    stretches = (s for part in parts if part.step.segment != OFF_TRAIL for s in part.stretches)
    return tuple(dict.fromkeys(s.name for s in stretches if s.name and s.kind not in ROADS))


TIME_MODEL = "DIN 33466: 4 km/h, 300 m/h up, 500 m/h down; the longer of both times and half of the shorter"


def walking_time_s(length_m: float, ascent_m: float, descent_m: float) -> float:
    """Time on foot without rests, by the German standard for signposts, DIN 33466.

    Worked example of the Alpine clubs' handbook for paths: 8 km and 900 m up take max(2 h, 3 h) + 2 h / 2 = 4 h.
    """
    level_h = length_m / 4000
    climbing_h = ascent_m / 300 + descent_m / 500
    return 3600 * (max(level_h, climbing_h) + min(level_h, climbing_h) / 2)


def in_climbing_direction(steps: Sequence[Step], segments: Mapping[int, Segment]) -> list[Step]:
    """The walk in that direction that has its climbs earlier: up with fresh legs, down towards the end.

    Without heights, or where both directions are alike, clockwise.
    """
    there, back = list(steps), [step.turned() for step in reversed(steps)]
    early, late = _middle_of_climb(there, segments), _middle_of_climb(back, segments)
    if abs(early - late) > 0.01:
        return there if early < late else back
    return there if _is_clockwise(there, segments) else back


def _middle_of_climb(steps: Sequence[Step], segments: Mapping[int, Segment]) -> float:
    """Where on the walk, as a share of its length, the average metre of ascent lies."""
    walked, climbed, moment = 0.0, 0, 0.0
    for step in steps:
        length_m = segments[step.segment].core.length_m * (step.end - step.begin)
        climbed += step.ascent_m or 0
        moment += (step.ascent_m or 0) * (walked + length_m / 2)
        walked += length_m
    return moment / (climbed * walked) if climbed and walked else 0.5


def _is_clockwise(steps: Sequence[Step], segments: Mapping[int, Segment]) -> bool:
    line = [p for step in steps for p in _line(step, segments[step.segment])]
    west, south = line[0][:2]
    return sum((a[0] - west) * (b[1] - south) - (b[0] - west) * (a[1] - south) for a, b in pairwise(line)) <= 0


def total(values: Iterator[int | None]) -> int | None:
    """The sum, None where one is not known."""
    known = list(values)
    return None if None in known else sum(value or 0 for value in known)


def _repeated_m(steps: Sequence[Step], parts: Sequence[Part]) -> float:
    seen: set[tuple[int, float]] = set()
    repeated = 0.0
    for step, part in zip(steps, parts, strict=True):
        if step.segment == OFF_TRAIL:
            continue
        if (step.segment, step.begin) in seen:
            repeated += part.length_m
        seen.add((step.segment, step.begin))
    return repeated


def _longest_run(road_m: Sequence[float]) -> float:
    """The longest run of road; the end of a loop goes on at its start."""
    if all(road_m):
        return sum(road_m)
    longest = run = 0.0
    for metres in (*road_m, *road_m):
        run = run + metres if metres else 0.0
        longest = max(longest, run)
    return longest


# --- parts of the walk --------------------------------------------------------------------------------------------


class Part(NamedTuple):
    """A step as walked: its line, metres, stretches. `ways` is how many ways meet where it begins."""

    line: tuple[Position, ...]
    length_m: float
    stretches: tuple[Stretch, ...]
    step: Step
    ways: int


def part_of(step: Step, segment: Segment, ways_at: Mapping[int, int]) -> Part:
    """A step as walked, given how many ways meet at each junction."""
    core = segment.core
    at_junction = step.begin <= 0 if step.forward else step.end >= 1
    ways = ways_at.get(core.start if step.forward else core.end, 2) if at_junction else 2
    stretches = tuple(_stretches(step, segment))
    return Part(
        _line(step, segment),
        core.length_m * (step.end - step.begin),
        stretches if step.forward else stretches[::-1],
        step,
        ways,
    )


def _line(step: Step, segment: Segment) -> tuple[Position, ...]:
    whole = step.begin <= 0 and step.end >= 1
    line = segment.line if whole else cut(segment.line, step.begin, step.end)
    return line if step.forward else line[::-1]


def _stretches(step: Step, segment: Segment) -> Iterator[Stretch]:
    """The stretches of a step along its segment's line; together they are as long as the step."""
    total = sum(s.length_m for s in segment.stretches) or 1.0
    walked = 0.0
    for stretch in segment.stretches:
        share = stretch.length_m / total
        inside = min(walked + share, step.end) - max(walked, step.begin)
        walked += share
        if inside > 1e-12:
            yield stretch._replace(length_m=inside * segment.core.length_m)


def line_of(parts: Sequence[Part]) -> tuple[Position, ...]:
    """The line of parts that follow each other."""
    line = list(parts[0].line[:1])
    for part in parts:
        for position in part.line[1:]:
            if position[:2] != line[-1][:2]:  # sources may have two nodes at one spot
                line.append(position)
    return tuple(line)


#: The segment of a step that leaves the network for a camp.
OFF_TRAIL = -1


def spur_part(foot: Position, camp: Position, name: str, rise_m: int, *, there: bool) -> Part:
    """The way from the trail up `rise_m` to a camp that lies off it, or back: straight, as nobody has mapped it."""
    length_m = distance_m(foot, camp)
    line = (foot, camp) if there else (camp, foot)
    where = f"the way to {name} (not mapped)" if there else "the way back to the trail (not mapped)"
    stretch = Stretch(length_m, WayKind.PATH, where, worth=0.0)
    up, down = (max(rise_m, 0), max(-rise_m, 0)) if there else (max(-rise_m, 0), max(rise_m, 0))
    return Part(line, length_m, (stretch,), Step(OFF_TRAIL, there, ascent_m=up, descent_m=down), 3)


# --- cues ---------------------------------------------------------------------------------------------------------

#: Directions are taken over this many metres, so that a kink at the junction does not count.
LOOK_M = 20.0
#: A name that holds for less than this and starts at no turn is not worth a cue.
SHORT_M = 50.0
#: A turn that follows within so many metres is told along with the one before it, but no more than three at once.
QUICK_M = 30.0
AT_ONCE = 3

_UNNAMED = {
    WayKind.PATH: "a path",
    WayKind.TRACK: "a track",
    WayKind.FOOTWAY: "a footway",
    WayKind.BRIDLEWAY: "a bridleway",
    WayKind.STEPS: "steps",
    WayKind.CYCLEWAY: "a cycleway",
    WayKind.MINOR_ROAD: "a minor road",
    WayKind.CONNECTING_ROAD: "a road",
    WayKind.BUSY_ROAD: "a busy road",
}


class _Leg(NamedTuple):
    """What is walked between two cues: from where (m), how it begins, on what."""

    distance_m: float
    turn: str
    stretch: Stretch


def cues_of(parts: Sequence[Part], start: str, end: str | None = None) -> Iterator[Cue]:
    """The cues of a walk from `start` to `end`, or back to where it began."""
    legs = list(_legs(parts))
    length_m = sum(part.length_m for part in parts)
    ends = [*(leg.distance_m for leg in legs[1:]), length_m]
    for group in _told_together([(leg, end - leg.distance_m) for leg, end in zip(legs, ends, strict=True)]):
        text = f"{group[0][0].turn} {_label(group[0][0].stretch)}"
        for (_, metres), (leg, _) in pairwise(group):
            text += f", after {_distance(metres)} {leg.turn} {_label(leg.stretch)}"
        text += f", {_distance(group[-1][1])}"
        first = group[0][0].distance_m
        yield Cue(first, text if first else f"start at {start}, {text}")
    yield Cue(length_m, f"back at {start}" if end is None else f"arrive at {end}")


def _told_together(legs: Sequence[tuple[_Leg, float]]) -> Iterator[list[tuple[_Leg, float]]]:
    """Legs with their lengths (m), each with those that follow at once."""
    group: list[tuple[_Leg, float]] = []
    for leg in legs:
        group.append(leg)
        if leg[1] >= QUICK_M or len(group) == AT_ONCE:
            yield group
            group = []
    if group:
        yield group


def _legs(parts: Sequence[Part]) -> Iterator[_Leg]:
    walked = 0.0
    on: Stretch | None = None
    before: Part | None = None
    for part in parts:
        turn = _turn(before, part)
        for stretch in part.stretches:
            if turn or (_differs(stretch, on) and stretch.length_m >= SHORT_M):
                if on is not None and stretch.name and stretch.name == on.name:
                    turn = turn.replace(" onto", ", still on")
                yield _Leg(walked, turn or "continue on", stretch)
                on = stretch
            turn = ""
            walked += stretch.length_m
        before = part


def _turn(before: Part | None, part: Part) -> str:
    """How a part begins, where that needs a word: at the start, and where one may go astray."""
    if before is None:
        return f"go {compass_point(bearing_deg(part.line[0], _ahead(part.line)))} on"
    if (
        before.step[:1] + before.step[2:4] == part.step[:1] + part.step[2:4]
        and before.step.forward != part.step.forward
    ):
        return "turn back on"
    angle = _angle(before.line, part.line)
    if part.ways < 3 or abs(angle) < 45:
        return ""
    return f"{'sharp ' if abs(angle) > 135 else ''}{'right' if angle > 0 else 'left'} onto"


def _angle(before: Sequence[Position], after: Sequence[Position]) -> float:
    """By how many degrees one turns to the right (left: below zero) from the end of one line to the next."""
    arriving = bearing_deg(_ahead(before[::-1]), before[-1])
    return (bearing_deg(after[0], _ahead(after)) - arriving + 180) % 360 - 180


def _ahead(line: Sequence[Position]) -> Position:
    """The vertex about `LOOK_M` metres along a line, or its end."""
    walked = 0.0
    for a, b in pairwise(line):
        walked += distance_m(a, b)
        if walked >= LOOK_M:
            return b
    return line[-1]


def _differs(stretch: Stretch, on: Stretch | None) -> bool:
    """Whether a walker would notice: another name, or road instead of trail where there is no name."""
    if on is None or stretch.name != on.name:
        return True
    return stretch.name is None and (stretch.kind in ROADS) != (on.kind in ROADS)


def _label(stretch: Stretch) -> str:
    return stretch.name or _UNNAMED[stretch.kind]


def _distance(metres: float) -> str:
    return f"{metres / 1000:.1f} km" if metres >= 950 else f"{max(10, round(metres, -1)):.0f} m"
