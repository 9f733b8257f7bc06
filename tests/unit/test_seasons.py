"""When something is open: values as they are found in tags and tables, and properties of what is read from them."""

from __future__ import annotations

import re
from calendar import month_name
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopgenie.seasons import Rule, Season, Span, closure, is_seasonal, season

DAY = timedelta(days=1)
ALL = [date(2027, 1, 1) + i * DAY for i in range(365)]


def open_days(text, year=2027):
    """The open spans of a year, each as (first, last) in the form MM-DD."""
    found = season(text)
    assert found is not None, text
    spans = []
    day = date(year, 1, 1)
    while day.year == year:
        if found.is_open(day):
            if spans and spans[-1][1] == day - DAY:
                spans[-1][1] = day
            else:
                spans.append([day, day])
        day += DAY
    return [(f"{a:%m-%d}", f"{b:%m-%d}") for a, b in spans]


YEAR = [("01-01", "12-31")]


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        # conditional tags of OpenStreetMap, as the importer writes them
        ("walkers: no @ (Nov 1-May 1)", [("05-02", "10-31")]),
        ("walkers: no @ (Nov 1 - May 1)", [("05-02", "10-31")]),
        ("access: no @ Nov 1-May 1", [("05-02", "10-31")]),
        ("access: private @ (Dec-Apr)", [("05-01", "11-30")]),
        ("walkers: yes @ (May-Sep)", [("05-01", "09-30")]),
        ("access: no @ (Dec-Mar); yes @ (Dec 24-Jan 2)", [("01-01", "01-02"), ("04-01", "11-30"), ("12-24", "12-31")]),
        ("access: yes @ (Dec 24-Jan 2); no @ (Dec-Mar)", [("04-01", "11-30")]),  # later ones win
        ("access: no @ (Dec-Apr; Mo-Fr 08:00-17:00)", [("05-01", "11-30")]),  # who comes at 17:00 may walk
        ("access: no @ (Mo-Fr 08:00-17:00)", YEAR),
        ("walkers: no @ (23:30-05:00)", YEAR),  # a real one
        ("access: yes @ (07:00 - 24:00)", YEAR),  # a real one
        ("access: no @ (7:30-19:00 AND weight>7.5)", YEAR),  # a real one, of lorries
        ("access: no @ (Jul AND width>2)", YEAR),
        ("access: no @ (Aug 15)", [("01-01", "08-14"), ("08-16", "12-31")]),
        # `seasonal`
        ("summer", [("06-01", "08-31")]),
        ("spring; summer", [("03-01", "08-31")]),
        ("winter", [("01-01", "02-28"), ("12-01", "12-31")]),
        # opening hours of huts; the first four are real ones
        ("Jun 15-Sep 15", [("06-15", "09-15")]),
        ("15 Jun-15 Sep", [("06-15", "09-15")]),
        ("Jan-Dez", YEAR),
        ("24/7", YEAR),
        ("Jun-Sep: Mo-Su 08:00-20:00", [("06-01", "09-30")]),
        ("Jun-Sep 08:00+", [("06-01", "09-30")]),
        ("Jun 15-Sep 15; Dec 20-Apr 10", [("01-01", "04-10"), ("06-15", "09-15"), ("12-20", "12-31")]),
        ("Jun 15-Sep 15, Dec 20-Apr 10", [("01-01", "04-10"), ("06-15", "09-15"), ("12-20", "12-31")]),
        ("Jun-Sep; Aug 15 off", [("06-01", "08-14"), ("08-16", "09-30")]),
        ("24/7; Jan off", [("02-01", "12-31")]),
        ("Nov-Apr off", [("05-01", "10-31")]),
        ("Mo-Su 08:00-18:00; Apr 10-15 off; 12:00-13:00 off", [("01-01", "04-09"), ("04-16", "12-31")]),
        ('May 1-Oct 31 open "by appointment"', [("05-01", "10-31")]),
        ("sunrise-sunset", YEAR),
        ("off", []),
        # tables of agencies
        ("05/01-10/31", [("05-01", "10-31")]),
        ("06/15-10/31 ", [("06-15", "10-31")]),
        ("05/16-09/09,11/16-12/31", [("05-16", "09-09"), ("11-16", "12-31")]),
        ("closed 12/01-03/31", [("04-01", "11-30")]),
        ("closed annually from December 1 to April 30", [("05-01", "11-30")]),
        ("CLOSED FOR WINTERING WILDLIFE DEC 1 – APRIL 30", [("05-01", "11-30")]),
        ("Open May 15 - October 31", [("05-15", "10-31")]),
        ("Open May through October.", [("05-01", "10-31")]),
        ("Seasonal closure: December 1 to April 15", [("04-16", "11-30")]),
        ("Trail is closed from March 1st through June 30th each year.", [("01-01", "02-28"), ("07-01", "12-31")]),
        ("closed between Dec 1 and Apr 15", [("04-16", "11-30")]),
        ("Open year-round", YEAR),
        ("01/01-12/31", YEAR),
    ],
)  # fmt: skip
def test_read(text, spans):
    assert open_days(text) == spans
    assert season(text).all_year == (spans == YEAR)
    assert season(text).never == (not spans)


@pytest.mark.parametrize(
    "text",
    [
        *("", "seasonal", "yes", "no", "N/A", "…", ";", ", Jun-Sep", "by appointment", "access: no", "unknown"),
        *("Closed in Winter", "Closed from Mid-October to Memorial Day", "walkers: no @ (winter)", "walkers: no @ ()"),
        *("Opens June 1", "Open June 1", "June 1", "Jun 15+"),  # perhaps from that day on
        *("in winter: Classical Skiing Only", "in winter: Sled Dog Mushing"),  # another use
        *("closed to vehicles from December 1 to May 15", "closed for snowmobiles Dec 1-Mar 1"),
        *("15/06-15/09", "Feb 30-Mar 2", "Jun 31-Jul 4", "00/01-10/31", "05/01/17-10/31/17"),  # no such days
        *("easter-Oct", "week 20-40", "Sa[1] off", "PH off", "Jun-Sep || by appointment", "Jun-Sep unknown"),
        *('Jun 15-Sep 15 "bewartet"', "access: destination @ (Dec-Apr)", "access: no @ (Dec-Apr AND snow)"),
        *("2017 Sep-2016 May", "open Jun-Sep off", "closed annually from December 1 to …"),
    ],
)
def test_not_read(text):
    assert season(text) is None


@pytest.mark.parametrize(
    ("text", "seasonal"),
    [
        *(("seasonal", True), ("Closed in Winter", True), ("walkers: no @ (winter)", True), ("Opens June 1", True)),
        *(("Jun 15-Sep 15", True), ("walkers: no @ (23:30-05:00)", False), ("24/7", False), ("", False)),
        *(("in winter: Classical Skiing Only", False), ("Closed to vehicles in winter", False)),
        ("access: no @ (2016 Apr 25 - 2016 Sep 26)", False),  # one time only
    ],
)
def test_words_tell_that_there_is_a_season(text, seasonal):
    assert is_seasonal(text) == seasonal


def test_seasons_of_the_year_are_the_other_way_round_in_the_south():
    assert season("summer", southern=True).words == "open 1 December to 29 February"
    assert season("spring", southern=True).words == "open 1 September to 30 November"
    assert season("Jun-Aug", southern=True).words == "open 1 June to 31 August"  # a date is a date


def test_one_time_only():
    """A real value: closed from 25 April to 26 September 2016, and never again."""
    once = season("access: no @ (2016 Apr 25 - 2016 Sep 26)")
    assert [once.is_open(date(2016, *day)) for day in ((4, 24), (4, 25), (9, 26), (9, 27))] == [
        True,
        False,
        False,
        True,
    ]
    assert once.is_open(date(2017, 6, 1))
    assert once.closed_span(date(2016, 6, 1)) == (date(2016, 4, 25), date(2016, 9, 26))
    assert once.all_year
    assert once.words == "access: no @ (2016 Apr 25 - 2016 Sep 26)"
    assert season("2016 Nov 3-Feb 1").closed_span(date(2017, 1, 1)) is None  # over the new year


def test_days_of_the_week():
    """4 January 2027 is a Monday."""
    shut = season("walkers: no @ (Mo-Fr)")
    assert [shut.is_open(date(2027, 1, day)) for day in range(4, 11)] == [False] * 5 + [True] * 2
    assert shut.closed_span(date(2027, 1, 6)) == (date(2027, 1, 4), date(2027, 1, 8))
    assert shut.next_open(date(2027, 1, 6)) == date(2027, 1, 9)
    assert not shut.all_year
    over = season("Sa-Mo 08:00-12:00")
    assert [over.is_open(date(2027, 1, day)) for day in range(4, 11)] == [True, *[False] * 4, True, True]
    assert season("May-Oct Mo-Fr 08:00-12:00, Sa 09:00-11:00").is_open(date(2027, 5, 1))  # a Saturday
    assert not season("May-Oct Mo-Fr 08:00-12:00, Sa 09:00-11:00").is_open(date(2027, 4, 24))  # one before May


def test_spans_include_both_ends_and_go_over_the_new_year():
    winter = season("closed annually from December 1 to April 15")
    assert winter.closed_span(date(2026, 12, 1)) == (date(2026, 12, 1), date(2027, 4, 15))
    assert winter.closed_span(date(2027, 4, 15)) == (date(2026, 12, 1), date(2027, 4, 15))
    assert winter.closed_span(date(2027, 4, 16)) is None
    assert winter.next_open(date(2026, 12, 24)) == date(2027, 4, 16)
    assert winter.next_open(date(2026, 6, 1)) == date(2026, 6, 1)


def test_the_29th_of_february():
    """A month ends with its last day in leap years, too; what begins on a day that a year lacks begins on the next."""
    months = season("closed 12/01-02/29")
    assert season("walkers: no @ (Dec-Feb)").rules == months.rules
    assert months.next_open(date(2028, 2, 1)) == date(2028, 3, 1)
    assert months.next_open(date(2027, 2, 1)) == date(2027, 3, 1)
    assert season("closed Dec 1 - Feb 28").next_open(date(2028, 2, 1)) == date(2028, 2, 29)
    assert season("Feb 29-May 1").next_open(date(2027, 2, 1)) == date(2027, 3, 1)
    rare = season("walkers: yes @ (Feb 29)")
    assert rare.next_open(date(2096, 3, 1)) == date(2104, 2, 29)  # 2100 is no leap year
    assert rare.closed_span(date(2098, 1, 1)) == (date(2096, 3, 1), date(2104, 2, 28))


def test_what_never_opens():
    shut = season("closed")
    assert shut.closed_span(date(2027, 1, 1)) == (date.min, date.max)
    assert shut.next_open(date(2027, 1, 1)) is None
    assert shut.words == "closed all year"
    assert season("closed 12/01-03/31").next_open(date.max) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("walkers: no @ (Nov 1-May 1)", "closed 1 November to 1 May"),
        ("Jun 15-Sep 15; Dec 20-Apr 10", "open 15 June to 15 September and 20 December to 10 April"),
        ("Dec 25 off", "closed on 25 December"),
        ("24/7", "open all year"),
        ("Mo-Fr  08:00-12:00", "Mo-Fr 08:00-12:00"),
    ],
)
def test_words(text, words):
    assert season(text).words == words


def test_closures_of_operators():
    june = closure("2026-06-01", "2026-06-30")
    assert (june.closed_span(date(2026, 6, 9)), june.all_year) == ((date(2026, 6, 1), date(2026, 6, 30)), True)
    assert june.is_open(date(2026, 5, 31))
    assert june.is_open(date(2026, 7, 1))
    endless = closure("2026-06-01", None)
    assert (endless.closed_span(date(2027, 1, 1)), endless.all_year) == ((date(2026, 6, 1), date.max), False)
    assert closure(None, "2026-06-30").next_open(date(2020, 1, 1)) == date(2026, 7, 1)
    assert closure(None, None).never
    yearly = closure("12-01", "04-15")
    assert (yearly.words, yearly.all_year) == ("closed 1 December to 15 April", False)


@pytest.mark.parametrize(
    ("begins", "ends", "why"),
    [
        ("June", None, "'June' is no date, want one like 2026-07-04, or 07-04 for every year"),
        ("2026-02-29", None, "'2026-02-29' is no date"),
        ("13-01", "02-01", "'13-01' is no date"),
        ("", None, "'' is no date"),
        ("12-01", None, "'12-01' is a day of every year, and the other end is missing"),
        ("2026-12-01", "04-01", "do not go together"),
        ("2026-12-01", "2026-04-01", "'2026-04-01' is before '2026-12-01'"),
    ],
)
def test_closures_without_sense(begins, ends, why):
    with pytest.raises(ValueError, match=why):
        closure(begins, ends)


def test_the_table_of_the_documentation():
    """Each row of docs/seasons.md is read as it says."""
    page = (Path(__file__).parents[2] / "docs" / "seasons.md").read_text("utf-8")
    rows = re.findall(r"^\| `(.+)` \| (.+) \|$", page, re.MULTILINE)
    assert len(rows) > 20
    for text, told in rows:
        found = season(text)
        assert (found.words if found else "-") == told, text


# --- properties -----------------------------------------------------------------------------------------------------

MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
LONG = dict(zip(MONTHS, month_name[1:], strict=True))
days = st.dates(date(2028, 1, 1), date(2028, 12, 31)).map(lambda day: (day.month, day.day))  # a leap year
spans = st.lists(st.tuples(days, days).filter(lambda span: span[0] != span[1]), min_size=1, max_size=4)
PIECES = """open closed off no yes @ ( ) ; , - : from to and between Jun 15 Sep May 1st 05/01 24/7 Mo Fr PH 08:00-17:00
on winter summer 2026 annually for wildlife "x" closure all year || AND weight>3 access: walkers: 31 Feb"""
pieces = st.lists(st.sampled_from(re.findall(r"\S+", PIECES)), max_size=12).map(" ".join)
dates = st.dates(date(1995, 1, 1), date(2105, 12, 31))


def inside(day, span):
    """Independent of the code under test: walk from the first day to the last."""
    (begin, end), here = span, (day.month, day.day)
    return begin <= here <= end if begin <= end else not end < here < begin


@settings(deadline=None)  # the machine may be busy
@given(spans, dates)
def test_all_ways_to_write_a_span_mean_the_same(given_spans, day):
    def joined(form, comma=", "):
        return comma.join(form(*a, *b) for a, b in given_spans)

    tag = joined(lambda m, d, n, e: f"{MONTHS[m - 1]} {d}-{MONTHS[n - 1]} {e:02}")
    turned = joined(lambda m, d, n, e: f"{d} {MONTHS[m - 1]} – {e} {MONTHS[n - 1]}")
    table = joined(lambda m, d, n, e: f"{m:02}/{d:02}-{n:02}/{e:02}", ",")
    prose = joined(lambda m, d, n, e: f"{LONG[MONTHS[m - 1]]} {d} to {LONG[MONTHS[n - 1]]} {e}", " and ")
    within = any(inside(day, span) for span in given_spans)
    for text in (tag, turned, table, f"Open {prose}", f"walkers: yes @ ({tag})", tag.replace(",", ";")):
        assert season(text).is_open(day) == within, text
    for text in (f"closed {table}", f"closed annually from {prose}", f"access: no @ ({turned})", f"24/7; {tag} off"):
        assert season(text).is_open(day) != within, text


@settings(deadline=None)
@given(spans, st.booleans(), dates)
def test_words_read_back_to_the_same_days(given_spans, opens, day):
    first = Season("x", (Rule(opens, tuple(Span(*span) for span in given_spans)),), not opens)
    again = season(first.words)
    assert again.is_open(day) == first.is_open(day)
    assert again.words == first.words


yearly = st.builds(Span, days, days)
once = st.tuples(st.dates(date(2015, 1, 1), date(2040, 12, 31)), st.integers(0, 2000)).map(
    lambda drawn: Span(drawn[0].timetuple()[:3], (drawn[0] + drawn[1] * DAY).timetuple()[:3])
)
months = st.integers(1, 12).map(lambda month: Span((month, 1), (month, 31)))  # 31 February is fine
rules = st.builds(
    Rule, st.booleans(), st.lists(yearly | once | months, max_size=3).map(tuple), st.frozensets(st.integers(0, 6))
)


@settings(deadline=None)
@given(st.lists(rules, max_size=4), st.booleans(), st.dates(date(2025, 1, 1), date(2032, 12, 31)))
def test_the_next_open_day_is_the_one_a_walk_from_day_to_day_finds(some, base, day):
    """Nine years ahead and back, and no farther: 9 * 366 days, this one among them."""
    found = Season("x", tuple(some), base)
    after, before = (
        next((day + i * step for i in range(9 * 366) if found.is_open(day + i * step)), None) for step in (DAY, -DAY)
    )
    assert found.next_open(day) == after
    if after != day:
        begin, end = before and before + DAY, after and after - DAY
        assert found.closed_span(day) == (begin or date.min, end or date.max)


@pytest.mark.parametrize(
    "shut", [season("closed"), closure("2026-06-01", None), season("walkers: yes @ (2016 Apr 25 - 2016 Sep 26)")]
)
def test_what_is_closed_for_good_is_told_without_asking_every_day(shut, monkeypatch):
    """Only the two ends of the span are looked at, and the day itself: once, and twice for each direction."""
    asked = []
    is_open = Season.is_open
    monkeypatch.setattr(Season, "is_open", lambda self, day: asked.append(day) or is_open(self, day))
    assert shut.closed_span(date(2027, 7, 1))[1] == date.max
    assert len(asked) <= 2 + 1 + 2 * 2


@settings(deadline=None)
@given(st.one_of(st.text(max_size=60), pieces), st.dates())
def test_no_text_is_a_fault_and_answers_agree(text, day):
    found = season(text)
    is_seasonal(text)
    if found is None:
        return
    assert isinstance(found.words, str)
    closed, opens = found.closed_span(day), found.next_open(day)
    assert (closed is None) == found.is_open(day) == (opens == day)
    if closed is not None:
        begin, end = closed
        assert begin <= day <= end
        assert not any(map(found.is_open, {begin, end}))
        assert opens == (None if end == date.max else end + DAY)
        assert begin == date.min or found.is_open(begin - DAY)
    assert not (found.all_year and found.never)


@settings(deadline=None)
@given(pieces)
def test_open_all_year_means_every_day_of_it(text):
    found = season(text)
    if found is not None and not any(len(span.begin) == 3 for rule in found.rules for span in rule.spans):
        for year in (2028, 2033):  # with and without 29 February; other days of the week
            days_of_it = [day.replace(year=year) for day in ALL]
            assert not found.all_year or all(map(found.is_open, days_of_it))
            assert not found.never or not any(map(found.is_open, days_of_it))
