"""What is closed on which day, on small regions drawn in kilometres and kept in a real store.

D --3-- C --4-- F      segments by their numbers, all 1 km long
|       |
2       1              0 Lakeside, 1 Cliff Walk, 2 Winter Path, 3 Ridge, 4 Far Spur
|       |
A --0-- B
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Sequence
from datetime import date, timedelta

import pytest

from loopgenie.calendar import Better, Calendars, Closing, calendar_in
from loopgenie.geometry import Box, LonLat
from loopgenie.itinerary import Note
from loopgenie.store import Notice, Point, Region, Stretch
from loopgenie.store.sqlite import SqliteStore
from loopgenie.ways import WayKind

PER_KM = (1 / 111.31949, 1 / 110.57428)
BOX = Box(9.9, -0.1, 10.1, 0.1)
JULY, JANUARY = date(2026, 7, 4), date(2027, 1, 15)

SEASONS = {
    0: None,
    1: "closed 12/01-04/15",
    2: "in winter: Classical Skiing Only",
    3: "Closed in Winter",
    4: "Jun 15-Sep 15",
}
NAMES = {0: "Lakeside", 1: "Cliff Walk", 2: "Winter Path", 3: "Ridge", 4: "Far Spur"}


def at(x_km: float, y_km: float) -> LonLat:
    return LonLat(10.0 + x_km * PER_KM[0], y_km * PER_KM[1])


def ring(*corners: tuple[float, float]) -> tuple[LonLat, ...]:
    return tuple(at(*corner) for corner in (*corners, corners[0]))


def notice(
    kind: str = "closure",
    title: str = "Bears",
    *,
    begins: str | None = None,
    ends: str | None = None,
    rings: Sequence[tuple[LonLat, ...]] = (),
    lines: Sequence[tuple[LonLat, ...]] = (),
    text: str | None = None,
) -> Notice:
    return Notice(
        0, kind, title, text, "Park notices", "https://park.example", begins, ends, tuple(rings), tuple(lines)
    )


#: Around the middle of Lakeside, 200 m wide.
MIDDLE = ring((0.4, -0.1), (0.6, -0.1), (0.6, 0.1), (0.4, 0.1))


@pytest.fixture(scope="module")
def region(draw) -> Region:
    drawing = draw().junctions(A=(0, 0), B=(1, 0), C=(1, 1), D=(0, 1), F=(2, 1))
    drawing.way("A", "B", NAMES[0]).way("B", "C", NAMES[1]).way("D", "A", NAMES[2]).way("D", "C", NAMES[3])
    drawing.way("C", "F", NAMES[4]).trailhead("A", "P")
    for i, segment in enumerate(drawing.segments):
        stretch = Stretch(segment.core.length_m, WayKind.PATH, NAMES[i], source=f"trails {i}", season=SEASONS[i])
        drawing.segments[i] = segment._replace(stretches=(stretch,))
    return drawing.region()


@pytest.fixture(scope="module")
def store(region, tmp_path_factory):
    store = SqliteStore(str(tmp_path_factory.mktemp("calendar") / "calendar.db"))
    store.replace_region(region)
    yield store
    store.close()


@pytest.fixture
def calendar(store):
    """The calendar of the store with some notices."""

    def made(*notices: Notice):
        store.replace_notices("test", notices)
        return calendar_in(store, store.snapshot(), BOX)

    return made


@pytest.fixture
def numbers(store):
    """The numbers of the drawing of some segments."""
    drawn = [core.id for core in store.cores_in(BOX)]
    return lambda closed: sorted(map(drawn.index, closed))


def names(closed) -> list[str]:
    """The closings of some segments, in the order of the trails."""
    return [closed[number].name for number in sorted(closed)]


# --- seasons --------------------------------------------------------------------------------------------------------


def test_a_season_closes_its_trail_on_its_days(calendar, numbers):
    closed = calendar().closed_on(JANUARY)
    assert [*closed.values()] == [
        Closing("Cliff Walk", "closed 1 December to 15 April", date(2026, 12, 1), date(2027, 4, 15), "trails 1"),
        Closing("Far Spur", "closed 16 September to 14 June", date(2026, 9, 16), date(2027, 6, 14), "trails 4"),
    ]
    assert numbers(closed) == [1, 4]
    assert calendar().closed_on(JULY) == {}


@pytest.mark.parametrize(
    ("day", "trails"),
    [
        (date(2026, 4, 15), ["Cliff Walk", "Far Spur"]),  # both ends are included
        (date(2026, 4, 16), ["Far Spur"]),
        (date(2026, 6, 14), ["Far Spur"]),
        (date(2026, 6, 15), []),
        (date(2026, 9, 15), []),
        (date(2026, 9, 16), ["Far Spur"]),
        (date(2026, 11, 30), ["Far Spur"]),
        (date(2026, 12, 1), ["Cliff Walk", "Far Spur"]),
    ],
)
def test_the_first_and_the_last_day(calendar, day, trails):
    assert names(calendar().closed_on(day)) == trails


def test_without_a_date_only_what_is_open_all_year_is_open(calendar):
    """What is unclear counts as a season; what is groomed for skiers in winter is for everybody in summer."""
    assert [*calendar().closed_on(None).values()] == [
        Closing("Cliff Walk", "closed 1 December to 15 April", None, None, "trails 1"),
        Closing("Ridge", 'the data says "Closed in Winter"', None, None, "trails 3"),
        Closing("Far Spur", "open 15 June to 15 September", None, None, "trails 4"),
    ]


def test_summer_is_in_january_south_of_the_equator(draw, tmp_path):
    drawing = draw().junctions(A=(0, -1), B=(1, -1)).way("A", "B")
    stretch = Stretch(1000.0, WayKind.PATH, "Ford", season="summer")
    drawing.segments[0] = drawing.segments[0]._replace(stretches=(stretch,))
    store = SqliteStore(str(tmp_path / "south.db"))
    store.replace_region(drawing.region())
    calendar = calendar_in(store, store.snapshot(), Box(9.9, -0.1, 10.1, -0.001))
    assert [bool(calendar.closed_on(day)) for day in (JULY, JANUARY)] == [True, False]
    store.close()


# --- closures of operators ------------------------------------------------------------------------------------------


def test_a_closed_area_closes_what_leads_through_it(calendar):
    found = calendar(notice(begins="2026-06-01", ends="2026-07-31", rings=[MIDDLE]))
    why = "closed 1 June 2026 to 31 July 2026"
    assert [*found.closed_on(JULY).values()] == [
        Closing("Bears", why, date(2026, 6, 1), date(2026, 7, 31), "Park notices")
    ]
    assert names(found.closed_on(date(2026, 8, 1))) == []
    assert names(found.closed_on(date(2026, 6, 1))) == ["Bears", "Far Spur"]


@pytest.mark.parametrize(
    ("begins", "ends", "july", "undated"),
    [
        ("2026-06-01", "2026-07-31", True, False),  # over some time: told only
        ("2026-06-01", None, True, True),
        (None, "2026-07-03", False, False),
        (None, None, True, True),
        ("06-01", "07-31", True, True),  # every year
        ("12-01", "04-15", False, True),
    ],
)
def test_when_closures_hold(calendar, begins, ends, july, undated):
    found = calendar(notice(begins=begins, ends=ends, rings=[MIDDLE]))
    assert ["Bears" in names(found.closed_on(day)) for day in (JULY, None)] == [july, undated]


@pytest.mark.parametrize(
    ("begins", "ends", "why"),
    [
        ("2026-06-01", None, "closed from 1 June 2026 on"),
        (None, "2026-07-31", "closed until 31 July 2026"),
        (None, None, "closed"),
        ("2026-07-04", "2026-07-04", "closed on 4 July 2026"),
        ("06-01", "07-31", "closed 1 June to 31 July"),
    ],
)
def test_why_in_words(calendar, begins, ends, why):
    (closing,) = calendar(notice(begins=begins, ends=ends, rings=[MIDDLE])).closed_on(JULY).values()
    assert closing.why == why


def test_a_hole_in_an_area_is_open(calendar, numbers):
    """Lakeside lies in the hole; Cliff Walk and Winter Path leave it half way up, the others are outside of it."""
    around = ring((-0.5, -0.5), (1.5, -0.5), (1.5, 1.5), (-0.5, 1.5))
    hole = ring((-0.1, -0.1), (1.1, -0.1), (1.1, 0.5), (-0.1, 0.5))
    assert numbers(calendar(notice(rings=[around, hole])).closed_on(JULY)) == [1, 2, 3, 4]
    assert numbers(calendar(notice(rings=[hole])).closed_on(JULY)) == [0, 1, 2]


def test_a_trail_that_only_touches_an_area_is_open(calendar, numbers):
    """A corner of the area lies at B: Lakeside leads half a kilometre through it, Cliff Walk begins at its border."""
    area = ring((0.5, -0.5), (1, 0), (0.5, 0.5))
    assert numbers(calendar(notice(rings=[area])).closed_on(JULY)) == [0]
    wider = ring((0.5, -0.5), (1.01, 0), (0.5, 0.5))  # 10 m farther
    assert numbers(calendar(notice(rings=[wider])).closed_on(JULY)) == [0, 1]


def test_a_line_closes_the_trail_it_follows_and_no_other(calendar, numbers):
    """Drawn by hand some 20 m beside Cliff Walk from B to C: what begins or crosses there stays open."""
    line = (at(1.02, -0.05), at(0.98, 0.3), at(1.02, 0.7), at(0.98, 1.05))
    assert numbers(calendar(notice(lines=[line])).closed_on(JULY)) == [1]
    whole = tuple(at(*place) for place in ((0, 0), (1, 0), (1, 1)))
    assert numbers(calendar(notice(lines=[whole])).closed_on(JULY)) == [0, 1]
    assert numbers(calendar(notice(lines=[line[:2], whole[:2]])).closed_on(JULY)) == [0, 1]


def test_a_line_that_crosses_closes_nothing(calendar):
    """It leads over the middle of Lakeside and of Ridge, from south to north."""
    assert calendar(notice(lines=[(at(0.5, -1), at(0.5, 2))])).closed_on(JULY) == {}


def test_a_part_of_a_trail_closes_all_of_its_segment(calendar):
    """40 m are enough, 20 m are a slip of the pen: a segment is walked from end to end."""
    assert len(calendar(notice(lines=[(at(0.50, 0), at(0.54, 0))])).closed_on(JULY)) == 1
    assert len(calendar(notice(lines=[(at(0.50, 0), at(0.52, 0))])).closed_on(JULY)) == 0


def test_what_is_closed_for_longest_is_told(calendar):
    """Cliff Walk in January: by its season until 15 April, by the notice until May."""
    area = ring((0.9, 0.4), (1.1, 0.4), (1.1, 0.6), (0.9, 0.6))
    found = calendar(notice(begins="2027-01-01", ends="2027-05-31", rings=[area]))
    assert names(found.closed_on(JANUARY)) == ["Bears", "Far Spur"]
    assert names(found.closed_on(date(2026, 12, 31))) == ["Cliff Walk", "Far Spur"]


def test_closings_of_a_trip_are_added_up(calendar):
    """From 14 to 17 April: Cliff Walk is closed on the first two days, Far Spur on all four; 1 km each."""
    days = [date(2026, 4, 14) + timedelta(days=i) for i in range(4)]
    told = {trail.closing.name: trail for trail in calendar().closed_trails(days)}
    assert {name: trail.days for name, trail in told.items()} == {"Far Spur": (1, 2, 3, 4), "Cliff Walk": (1, 2)}
    assert [trail.km for trail in told.values()] == pytest.approx([1.0, 1.0], abs=0.001)
    assert calendar().closed_trails(days, set()) == []
    # an area over Lakeside and Winter Path: one closing of 2 km, before those of 1 km
    corner = notice(rings=[ring((-0.1, -0.1), (0.1, -0.1), (0.1, 0.1), (-0.1, 0.1))])
    first, *others = calendar(corner).closed_trails([None])
    assert (first.closing.name, round(first.km, 2), first.days) == ("Bears", 2.0, (1,))
    assert sorted(trail.closing.name for trail in others) == ["Cliff Walk", "Far Spur", "Ridge"]


# --- better dates ---------------------------------------------------------------------------------------------------


def test_better_dates(calendar):
    """On 10 April both are closed; Cliff Walk opens on the 16th, Far Spur on 15 June."""
    (first, second) = calendar().better_dates(date(2026, 4, 10), 3)
    assert (first.date, first.opens, round(first.km, 2)) == (date(2026, 4, 16), ("Cliff Walk",), 1.0)
    assert (second.date, sorted(second.opens)) == (date(2026, 6, 15), ["Cliff Walk", "Far Spur"])
    assert second.km == pytest.approx(2.0, abs=0.002)


def test_a_better_date_is_good_for_the_whole_trip(calendar):
    """From 14 September three days end on the 16th, when Far Spur is closed; the next summer begins on 15 June."""
    (better,) = calendar().better_dates(date(2026, 9, 14), 3)
    assert better == Better(date(2027, 6, 15), ("Far Spur",), better.km)
    assert calendar().better_dates(date(2026, 9, 13), 3) == []  # 13, 14 and 15 September
    only = set(calendar().closed_on(date(2026, 9, 16)))
    assert calendar().better_dates(date(2026, 9, 14), 94, only) == []  # 15 June to 15 September are 93 days
    assert calendar().better_dates(date(2026, 9, 14), 93, only)[0].date == date(2027, 6, 15)


def test_better_dates_of_some_segments(calendar):
    found = calendar()
    (spur,) = [number for number, closing in found.closed_on(JANUARY).items() if closing.name == "Far Spur"]
    assert [better.date for better in found.better_dates(JANUARY, 1, {spur})] == [date(2027, 6, 15)]
    assert found.better_dates(JANUARY, 1, ()) == []


def test_a_closure_without_an_end_has_no_better_date(calendar):
    found = calendar(notice(begins="2026-06-01", rings=[MIDDLE]))
    assert found.better_dates(JULY, 1) == []
    again = calendar(notice(begins="2026-06-01", ends="2026-07-31", rings=[MIDDLE]))
    assert [(b.date, b.opens) for b in again.better_dates(JULY, 1)] == [(date(2026, 8, 1), ("Lakeside",))]


def test_at_most_three_dates(calendar):
    """The middles of four sides open one after the other; the fourth is not told any more."""
    sides = [(0.5, 0), (1, 0.5), (0, 0.5), (0.5, 1)]
    ends = ["2026-07-11", "2026-07-20", "2026-08-20", "2026-08-21"]
    better = calendar(
        *(
            notice(begins="2026-07-01", ends=end, rings=[ring((x - 0.1, y - 0.1), (x + 0.1, y - 0.1), (x, y + 0.1))])
            for (x, y), end in zip(sides, ends, strict=True)
        )
    ).better_dates(JULY, 1)
    assert [b.date for b in better] == [date(2026, 7, 12), date(2026, 7, 21), date(2026, 8, 21)]
    assert [sorted(b.opens) for b in better] == [
        ["Lakeside"], ["Cliff Walk", "Lakeside"], ["Cliff Walk", "Lakeside", "Winter Path"]
    ]  # fmt: skip


@pytest.mark.parametrize(("ends", "dates"), [("2027-07-03", [date(2027, 7, 4)]), ("2027-07-04", [])])
def test_dates_are_looked_for_within_a_year(calendar, ends, dates):
    better = calendar(notice(begins="2026-07-01", ends=ends, rings=[MIDDLE])).better_dates(JULY, 1)
    assert [b.date for b in better] == dates


# --- camps ----------------------------------------------------------------------------------------------------------


def camp(x_km: float = 0.5, y_km: float = 0.0, kind: str = "camp", **details: str) -> Point:
    where = at(x_km, y_km)
    named = {name.replace("_", " "): value for name, value in details.items()}
    return Point(1, kind, "Lake Camp", where.lon, where.lat, details={"source": "camps 7", **named})


def test_a_hut_is_closed_out_of_its_season(calendar):
    found = calendar()
    hut = camp(kind="hut", open="Jun 15-Sep 15")
    assert found.camp_closed_on(hut, JULY) is None
    assert found.camp_closed_on(hut, date(2026, 9, 15)) is None
    assert found.camp_closed_on(hut, date(2026, 9, 16)) == Closing(
        "Lake Camp", "closed 16 September to 14 June", date(2026, 9, 16), date(2027, 6, 14), "camps 7"
    )
    assert found.camp_closed_on(hut, None) == Closing(
        "Lake Camp", "open 15 June to 15 September", None, None, "camps 7"
    )


@pytest.mark.parametrize("night", [JULY, JANUARY, None])
@pytest.mark.parametrize("hours", ["24/7", "by appointment", "seasonal", "Mo-Su 08:00-20:00", None])
def test_a_hut_whose_hours_tell_of_no_day_is_open(calendar, hours, night):
    hut = camp(kind="hut", **({"open": hours} if hours else {}))
    assert calendar().camp_closed_on(hut, night) is None


@pytest.mark.parametrize("kind", ["closure", "no camping"])
def test_notices_close_camps(calendar, kind):
    found = calendar(notice(kind, begins="2026-06-01", ends="2026-07-31", rings=[MIDDLE]))
    assert found.camp_closed_on(camp(), JULY).name == "Bears"
    assert found.camp_closed_on(camp(), date(2026, 8, 1)) is None
    assert found.camp_closed_on(camp(0.7), JULY) is None
    assert found.camp_closed_on(camp(), None) is None  # it ends


def test_a_trail_closes_no_camp_beside_it_but_camping_along_it_may_be_forbidden(calendar):
    line = [(at(0, 0.02), at(1, 0.02))]
    assert calendar(notice("closure", lines=line)).camp_closed_on(camp(), JULY) is None
    along = calendar(notice("no camping", lines=line))
    assert along.camp_closed_on(camp(), JULY) is not None  # 20 m away
    assert along.camp_closed_on(camp(y_km=0.06), JULY) is None


def test_only_camping_is_forbidden_where_there_is_no_camping(calendar):
    assert calendar(notice("no camping", rings=[MIDDLE])).closed_on(JULY) == {}


def test_a_tent_may_stand_where_a_notice_says_so(calendar):
    free = notice("dispersed camping", "Tents allowed", rings=[ring((0, 0), (1, 0), (1, 1), (0, 1))])
    found = calendar(free, notice("no camping", begins="06-01", ends="07-31", rings=[MIDDLE]))
    assert found.has_dispersed
    assert found.dispersed(*at(0.2, 0.5)).title == "Tents allowed"
    assert found.dispersed(*at(1.2, 0.5)) is None
    assert found.dispersed(*at(0.5, 0.05)) is None  # not in all nights of the year
    assert found.dispersed(*at(0.5, 0.05), JULY) is None
    assert found.dispersed(*at(0.5, 0.05), JANUARY) is not None
    summer = calendar(free._replace(begins="06-01", ends="09-30"))
    assert [summer.dispersed(*at(0.2, 0.5), night) is not None for night in (None, JULY, JANUARY)] == [
        False,
        True,
        False,
    ]
    assert not calendar().has_dispersed


# --- notes ----------------------------------------------------------------------------------------------------------

LAKESIDE = ((*at(0, 0), None), (*at(0.5, 0), None), (*at(1, 0), 1200.0))


def test_rules_along_the_day_are_told_once(calendar):
    cans = notice("food storage", "Bear cans", begins="04-01", ends="10-31", rings=[MIDDLE], text="In cans.")
    found = calendar(cans, notice("fire", "No fires", rings=[ring((3, 3), (4, 3), (4, 4), (3, 4))]))
    told = Note("food storage", "Bear cans (1 April to 31 October): In cans.", "Park notices", "https://park.example")
    assert found.notes(LAKESIDE, None, JULY) == [told]
    assert found.notes(LAKESIDE, camp(), JULY) == [told]
    assert found.notes((), camp(), JULY) == [told]  # a day of rest
    assert found.notes(LAKESIDE, None, None) == [told]
    assert found.notes(LAKESIDE, None, JANUARY) == []
    assert found.notes((), None, JULY) == []


def test_rules_along_a_line(calendar):
    found = calendar(notice("rule", "No dogs", lines=[(at(0, 0.01), at(1, 0.01))]))
    assert [note.text for note in found.notes(LAKESIDE, None, JULY)] == ["No dogs"]
    across = ((*at(0.5, -0.5), None), (*at(0.5, 0.5), None))
    assert found.notes(across, None, JULY) == []


def test_closures_are_kept_not_told_but_for_those_that_end_and_no_date(calendar):
    found = calendar(notice(begins="2026-06-01", ends="2026-07-31", rings=[MIDDLE]), notice(rings=[MIDDLE]))
    assert found.notes(LAKESIDE, None, JULY) == []
    assert [(note.kind, note.text) for note in found.notes(LAKESIDE, None, None)] == [
        ("season", "Bears (1 June 2026 to 31 July 2026)")
    ]


def test_what_a_camp_asks_for(calendar):
    asked = camp(
        permit="needed", reservation="needed", food_storage="bear cables", zone="East", users="by boat only",
        fee="10 EUR", open="by appointment", website="https://camp.example",
    )  # fmt: skip
    assert [(note.kind, note.text) for note in calendar().notes((), asked, JULY)] == [
        ("permit", "Lake Camp, permit: needed"),
        ("permit", "Lake Camp, zone: East"),
        ("rule", "Lake Camp, reservation: needed"),
        ("food storage", "Lake Camp, food storage: bear cables"),
        ("rule", "Lake Camp, users: by boat only"),
        ("season", 'Lake Camp, open "by appointment" (cannot be read to the day: ask there)'),
    ]
    assert {(note.source, note.url) for note in calendar().notes((), asked, JULY)} == {
        ("camps 7", "https://camp.example")
    }
    usual = camp(reservation="not needed", permit="no", users="on foot and on horseback", open="24/7")
    assert calendar().notes((), usual, JULY) == []
    hut = camp(kind="hut", open="Jun 15-Sep 15")
    assert [note.text for note in calendar().notes((), hut, JULY)] == ["Lake Camp, open 15 June to 15 September"]


# --- what is kept ---------------------------------------------------------------------------------------------------


class Counting:
    """A store that counts what it is asked."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self.asked = 0

    def __getattr__(self, name: str):
        self.asked += 1
        return getattr(self._store, name)


def test_the_second_request_asks_nothing(store):
    store.replace_notices("test", [notice(rings=[MIDDLE])])
    counting, snapshot = Counting(store), store.snapshot()
    calendars = Calendars(capacity=2)
    first = calendars.get(counting, snapshot, BOX)
    asked = counting.asked
    assert asked > 0
    assert calendars.get(counting, snapshot, BOX) is first
    first.closed_on(JULY)
    first.better_dates(JANUARY, 3)
    assert counting.asked == asked
    for width in (0.2, 0.3):
        calendars.get(counting, snapshot, Box(9.9, -0.1, 10.0 + width, 0.1))
    assert calendars.get(counting, snapshot, BOX) is not first  # the one used longest ago made room


def test_new_notices_are_seen_and_stores_are_kept_apart(store, calendar, tmp_path):
    before = calendar()
    assert len(calendar(notice(rings=[MIDDLE])).closed_on(JULY)) == 1
    assert before.closed_on(JULY) == {}
    other = SqliteStore(str(tmp_path / "other.db"))
    assert calendar_in(other, store.snapshot(), BOX).closed_on(JANUARY) == {}
    other.close()


def test_a_store_that_is_gone_is_forgotten(store):
    calendars = Calendars()
    counting = Counting(store)
    calendars.get(counting, store.snapshot(), BOX)
    del counting
    gc.collect()
    assert len(calendars._kept) == 0


def test_several_threads(store):
    store.replace_notices("test", [])
    calendars, snapshot = Calendars(), store.snapshot()
    found: list[int] = []

    def ask(begin: int) -> None:
        for i in range(200):
            calendar = calendars.get(store, snapshot, BOX)
            found.append(len(calendar.closed_on(JANUARY + timedelta(days=(begin + i) % 80))))

    threads = [threading.Thread(target=ask, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # 15 January and 79 days more: until 4 April both are closed
    assert found == [2] * 800
