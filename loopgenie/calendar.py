"""Which trails and camps are closed on which day, why, and what another date would open; and the rules that hold there.

It knows the seasons that the trail data states (`seasons`), and the notices that an operator has loaded
(`store.Notice`). Spans of days include both ends everywhere. Without a date only what is open all year counts as open:
closed is what has a season, be it clear when or not, and what a notice closes every year or with no end in sight. A
closure with a last day is over some time: it is told, not kept. `docs/seasons.md` says more.
"""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from loopgenie.covering import Area, followed, is_beside
from loopgenie.geometry import Box, LonLat, Place, Position
from loopgenie.itinerary import Note
from loopgenie.seasons import Season, closure, is_seasonal, season, span_words
from loopgenie.store import Notice, Point, Segment, Snapshot, TrailStore

_DAY = timedelta(days=1)
_YEAR = 365
#: How many better dates are told.
_MOST_DATES = 3
#: What is near a line is asked for so many positions at a time, as the box of a whole line may hold all there is.
_AT_ONCE = 100
#: How many days a calendar remembers the closings of.
_MOST_DAYS = 64


class Closing(NamedTuple):
    """What is closed and why. `begins` to `ends` are the closed days around the day asked for, both included."""

    name: str | None  # the trail, the camp or the title of the notice; None: a trail without a name
    why: str  # "closed 1 December to 15 April"
    begins: date | None  # None: no beginning is known, or no day was asked for
    ends: date | None
    source: str | None  # who says so


class ClosedTrail(NamedTuple):
    """A closing with what it comes to: kilometres of trail, on which days of a trip (1 for the first)."""

    closing: Closing
    km: float
    days: tuple[int, ...]


class Better(NamedTuple):
    """A first day on which trails are open, on all days of the trip, that are not now: their names, longest first."""

    date: date
    opens: tuple[str, ...]
    km: float


class _Closer(NamedTuple):
    """Something that closes a segment. `words` say when; `season` is None where they cannot be read."""

    name: str | None
    season: Season | None
    words: str
    source: str | None

    def shuts(self, day: date | None) -> bool:
        if self.season is None:
            return day is None
        return not (self.season.all_year if day is None else self.season.is_open(day))

    def closing(self, day: date | None) -> Closing:
        """Why it is closed on a day on which it is."""
        span = _closed_span(self.season, day) if self.season and day else None
        if span is None:
            return Closing(self.name, self.words, None, None, self.source)
        begins, ends = (None if end in (date.min, date.max) else end for end in span)
        assert self.season is not None  # noqa: S101 - it had a span
        return Closing(
            self.name,
            f"closed {span_words(begins, ends, yearly=self.season.yearly)}".strip(),
            begins,
            ends,
            self.source,
        )


@lru_cache(maxsize=4096)
def _closed_span(season: Season, day: date) -> tuple[date, date] | None:
    """As `Season.closed_span`; thousands of segments have one season."""
    return season.closed_span(day)


class _Held(NamedTuple):
    """A segment that is closed at times."""

    length_m: float
    names: tuple[str, ...]
    closers: tuple[_Closer, ...]


class _Total(NamedTuple):
    """What one closing comes to: segments with their metres, numbers of days."""

    closing: Closing
    lengths: dict[int, float]
    days: dict[int, None]


class _Placed:
    """A notice, when it holds and where."""

    def __init__(self, notice: Notice) -> None:
        self.notice = notice
        self.season = closure(notice.begins, notice.ends)  # "closed" is when it holds
        self.area = Area(notice.rings) if notice.rings else None

    @property
    def bars_camps(self) -> bool:
        """Whether nobody may sleep where it holds: a trail that is closed says nothing of the camp at its end."""
        return self.area is not None or self.notice.kind == "no camping"

    def holds_on(self, day: date | None, *, unsure: bool) -> bool:
        """Whether it holds on a day. Without one: if it holds all year, if `unsure` on some days at least."""
        if day is not None:
            return not self.season.is_open(day)
        return unsure or self.season.never

    def covers(self, place: Place) -> bool:
        return self.area.holds(place) if self.area else is_beside(place, self.notice.lines)

    def touches(self, line: Sequence[Place]) -> bool:
        if len(line) < 2:
            return False
        return self.area.is_entered_by(line) if self.area else bool(followed(self.notice.lines, {0: line}))

    def note(self, kind: str) -> Note:
        """What it says, and when."""
        notice = self.notice
        when = "" if self.season.never else self.season.words.removeprefix("closed ")
        text = f"{notice.title}{f' ({when})' if when else ''}{f': {notice.text}' if notice.text else ''}"
        return Note(kind, text, notice.source, notice.url)


class Calendar:
    """What is closed when in one box, and which rules hold there. Made by `calendar_in`; for several threads."""

    def __init__(self, held: Mapping[int, _Held], placed: Sequence[_Placed], *, southern: bool = False) -> None:
        self._held = held
        self._southern = southern
        self._placed = placed
        self._days: OrderedDict[date | None, Mapping[int, Closing]] = OrderedDict()
        self._lock = threading.Lock()

    def closed_on(self, day: date | None) -> Mapping[int, Closing]:
        """The segments that are closed on a day, by id, and why; None: those that are not open all year."""
        with self._lock:
            if day in self._days:
                self._days.move_to_end(day)
                return self._days[day]
        found = {number: closing for number, held in self._held.items() if (closing := _closing(held.closers, day))}
        with self._lock:
            self._days[day] = found
            while len(self._days) > _MOST_DAYS:
                self._days.popitem(last=False)
        return found

    def closed_trails(self, days: Sequence[date | None], ids: Collection[int] | None = None) -> list[ClosedTrail]:
        """The closings on the days of a trip, the most kilometres first; of several sources the first is told.

        Parameters
        ----------
        days : the date of each day, or just None.
        ids : only these segments (None: all of the box).
        """
        found: dict[object, _Total] = {}
        for number, day in enumerate(days, 1):
            for segment, closing in self.closed_on(day).items():
                if ids is None or segment in ids:
                    total = found.setdefault(closing._replace(source=None), _Total(closing, {}, {}))
                    total.lengths[segment] = self._held[segment].length_m
                    total.days[number] = None
        told = [ClosedTrail(t.closing, sum(t.lengths.values()) / 1000, tuple(t.days)) for t in found.values()]
        return sorted(told, key=lambda each: (-each.km, each.closing.name or "", each.closing.why))

    def better_dates(self, day: date, days: int, ids: Collection[int] | None = None) -> list[Better]:
        """The next dates within a year, at most three, from which on more is open than from `day` on.

        Parameters
        ----------
        days : how many days the trip takes; what opens has to be open on all of them.
        ids : only these segments (None: all of the box).
        """
        groups: dict[frozenset[Season], list[int]] = {}  # a year of days is gone through once for all that is alike
        for number, held in self._held.items():
            if ids is None or number in ids:
                groups.setdefault(frozenset(c.season for c in held.closers if c.season), []).append(number)
        free = {seasons: dates for seasons in groups if (dates := _free_dates(seasons, day, days))}
        return [
            self._better(
                start, [number for seasons, dates in free.items() if start in dates for number in groups[seasons]]
            )
            for start in sorted({min(dates) for dates in free.values()})[:_MOST_DATES]
        ]

    def camp_closed_on(self, point: Point, night: date | None) -> Closing | None:
        """Why nobody may sleep at a camp or hut in the night that begins on a date; None where one may.

        Without a date: where one may not all year. Opening hours that cannot be read close nothing.
        """
        source = point.details.get("source")
        hours = season(point.details.get("open", ""), southern=self._southern)
        closers = [_Closer(point.name, hours, hours.words, source)] if hours else []
        closers += [
            _Closer(placed.notice.title, placed.season, placed.season.words, placed.notice.source)
            for placed in self._of("closure", "no camping")
            if placed.bars_camps and placed.covers((point.lon, point.lat))
        ]
        return _closing(closers, night)

    @property
    def has_dispersed(self) -> bool:
        """Whether a tent may stand anywhere in some part of the box at some time."""
        return any(self._of("dispersed camping"))

    def dispersed(self, lon: float, lat: float, night: date | None = None) -> Notice | None:
        """The notice that lets a tent stand anywhere here, in the night that begins on a date.

        Without a date it has to hold all year. A closure, or a notice that forbids camps here, is stronger.
        """
        for placed in self._of("closure", "no camping"):
            if not placed.bars_camps or not placed.covers((lon, lat)):
                continue
            if placed.holds_on(night, unsure=not placed.season.all_year):
                return None
        for placed in self._of("dispersed camping"):
            if placed.holds_on(night, unsure=False) and placed.covers((lon, lat)):
                return placed.notice
        return None

    def notes(self, line: Sequence[Position], camp: Point | None, day: date | None) -> list[Note]:
        """What has to be known of a day: the rules along its line and at its camp, each once.

        Parameters
        ----------
        line : where the day leads, empty on a day of rest.
        camp : where the night after it is spent, None for none.
        day : None: rules that hold at some time are told with their dates.
        """
        notes = [
            placed.note(placed.notice.kind if placed.notice.kind != "closure" else "season")
            for placed in self._placed
            if self._is_told(placed, day) and (placed.touches(line) or (camp is not None and placed.covers(_at(camp))))
        ]
        if camp is not None:
            notes.extend(self._camp_notes(camp))
        return list(dict.fromkeys(notes))

    def _is_told(self, placed: _Placed, day: date | None) -> bool:
        """Closures are kept, not told, but for those that have an end where there is no date."""
        if placed.notice.kind == "closure":
            return day is None and placed.season.all_year
        return placed.notice.kind != "dispersed camping" and placed.holds_on(day, unsure=True)

    def _camp_notes(self, camp: Point) -> Iterator[Note]:
        """What the source of a camp says must be kept to there."""
        source = camp.details.get("source") or "trail data"
        name = camp.name or camp.details.get("type", camp.kind)
        for detail, kind in _RULES_OF_A_CAMP.items():
            value = camp.details.get(detail)
            if value and value not in ("no", "not needed") and not value.startswith("on foot"):
                yield Note(kind, f"{name}, {detail}: {value}", source, camp.details.get("website"))
        if hours := camp.details.get("open"):
            when = season(hours, southern=self._southern)
            if when is None or not when.all_year:
                text = when.words if when else f'open "{hours}" (cannot be read to the day: ask there)'
                yield Note("season", f"{name}, {text}", source, camp.details.get("website"))

    def _of(self, *kinds: str) -> Iterator[_Placed]:
        return (placed for placed in self._placed if placed.notice.kind in kinds)

    def _better(self, start: date, numbers: Iterable[int]) -> Better:
        lengths: dict[str, float] = {}
        total_m = 0.0
        for held in map(self._held.__getitem__, numbers):
            total_m += held.length_m
            for name in held.names:
                lengths[name] = lengths.get(name, 0.0) + held.length_m
        return Better(start, tuple(sorted(lengths, key=lambda name: (-lengths[name], name))), total_m / 1000)


#: What of a camp's details is a rule, and of which kind; a zone is the area that a permit names.
_RULES_OF_A_CAMP = {
    "permit": "permit",
    "zone": "permit",
    "reservation": "rule",
    "food storage": "food storage",
    "users": "rule",
}


def _at(camp: Point) -> LonLat:
    return LonLat(camp.lon, camp.lat)


def _closing(closers: Iterable[_Closer], day: date | None) -> Closing | None:
    """Of all that closes something on a day what does so for longest."""
    closings = [closer.closing(day) for closer in closers if closer.shuts(day)]
    return max(closings, key=lambda closing: closing.ends or date.max, default=None)


def _free_dates(seasons: Collection[Season], day: date, days: int) -> set[date]:
    """First days within a year of `day` of trips for which all is open; none if that on `day` is one."""
    opens = [
        all(season.is_open(day + i * _DAY) for season in seasons)
        for i in range(_YEAR + days)
        if day <= date.max - i * _DAY
    ]
    free = {day + i * _DAY for i in range(max(0, min(_YEAR + 1, len(opens) - days + 1))) if all(opens[i : i + days])}
    return set() if day in free else free


# --- making one ---------------------------------------------------------------------------------------------------


class Calendars:
    """The calendars used last, so that a request like an earlier one reads nothing. For several threads.

    Parameters
    ----------
    capacity : how many are kept for each store.
    """

    def __init__(self, capacity: int = 8) -> None:
        self._capacity = capacity
        self._kept: weakref.WeakKeyDictionary[TrailStore, OrderedDict[tuple[str, Box], Calendar]]
        self._kept = weakref.WeakKeyDictionary()
        self._lock = threading.Lock()

    def get(self, store: TrailStore, snapshot: Snapshot, box: Box) -> Calendar:
        """The calendar of what touches a box."""
        key = (snapshot.id, box)
        with self._lock:
            kept = self._kept.setdefault(store, OrderedDict())
            if key in kept:
                kept.move_to_end(key)
                return kept[key]
        calendar = _made(store, box)
        with self._lock:
            kept[key] = calendar
            while len(kept) > self._capacity:
                kept.popitem(last=False)
        return calendar


_CALENDARS = Calendars()


def calendar_in(store: TrailStore, snapshot: Snapshot, box: Box) -> Calendar:
    """What is closed when, and which rules hold, in a box; read once for each snapshot and box."""
    return _CALENDARS.get(store, snapshot, box)


def _made(store: TrailStore, box: Box) -> Calendar:
    southern = box.min_lat + box.max_lat < 0
    placed = [_Placed(notice) for notice in store.notices_in(box)]
    told = {number for number, texts in store.seasons_in(box).items() if any(map(_says_when, texts))}
    segments = store.segments(told)
    closers: dict[int, list[_Closer]] = {}
    for number in sorted(segments):
        closers[number] = list(dict.fromkeys(_by_season(segments[number], southern)))
    for each in placed:
        if each.notice.kind == "closure":
            closer = _Closer(each.notice.title, each.season, each.season.words, each.notice.source)
            for segment in _covered(store, each, box):
                segments[segment.core.id] = segment
                closers.setdefault(segment.core.id, []).append(closer)
    held = {number: _held(segments[number], by) for number, by in closers.items() if by}
    return Calendar(held, placed, southern=southern)


def _says_when(text: str) -> bool:
    return season(text) is not None or is_seasonal(text)


def _by_season(segment: Segment, southern: bool) -> Iterator[_Closer]:
    for stretch in segment.stretches:
        if stretch.season and _says_when(stretch.season):
            when = season(stretch.season, southern=southern)
            words = when.words if when else f'the data says "{stretch.season}"'
            yield _Closer(stretch.name, when, words, stretch.source)


def _covered(store: TrailStore, placed: _Placed, box: Box) -> list[Segment]:
    """The segments in a box that a notice is about."""
    if placed.area:
        area = placed.area
        return [segment for segment in _segments_near(store, [area.box], box) if area.is_entered_by(segment.line)]
    lines = placed.notice.lines
    boxes = [Box.around(line[i : i + _AT_ONCE]).grown(100) for line in lines for i in range(0, len(line), _AT_ONCE - 1)]
    near = {segment.core.id: segment for segment in _segments_near(store, boxes, box)}
    return [near[number] for number in sorted(followed(lines, {i: segment.line for i, segment in near.items()}))]


def _segments_near(store: TrailStore, boxes: Iterable[Box], within: Box) -> Iterable[Segment]:
    ids = {core.id for box in boxes if box.touches(within) for core in store.cores_in(box.cut_to(within))}
    return store.segments(ids).values()


def _held(segment: Segment, closers: Sequence[_Closer]) -> _Held:
    names = tuple(dict.fromkeys(stretch.name for stretch in segment.stretches if stretch.name))
    return _Held(segment.core.length_m, names, tuple(closers))
