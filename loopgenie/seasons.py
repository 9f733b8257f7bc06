"""When something is open, read from the words of a source: a conditional tag, opening hours, an agency's field.

Only days count here, for who walks for several days can mind the hours: a day on which something is open for a while is
open. What cannot be read to the day is not read at all (None), so that nothing is closed or opened by a guess. All
spans of days include both ends. `docs/seasons.md` says what is read, and how.

Sources: https://wiki.openstreetmap.org/wiki/Key:opening_hours/specification and
https://wiki.openstreetmap.org/wiki/Conditional_restrictions; of both only what concerns whole days.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date, timedelta
from functools import cached_property, lru_cache
from itertools import groupby
from typing import NamedTuple

_DAY = timedelta(days=1)
#: 29 February can be eight years away (1896 to 1904, 2096 to 2104); what is closed for longer is closed for good.
_FAR = 9 * 366
_FIRST, _LAST = date.min.toordinal(), date.max.toordinal()
#: A leap year beyond all that sources name: what holds then holds every year.
_ANY_YEAR = 4000
_DAYS_OF = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_YEAR = tuple((month, day) for month, days in enumerate(_DAYS_OF, 1) for day in range(1, days + 1))
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


class Span(NamedTuple):
    """From one day to another, both included: (month, day) of every year, or (year, month, day) of one time only.

    A yearly span whose end comes before its beginning goes over the new year. Days that a year does not have are fine.
    """

    begin: tuple[int, ...]
    end: tuple[int, ...]

    def holds(self, at: tuple[int, int, int]) -> bool:
        """Whether a day, as (year, month, day), is in it."""
        here = at[3 - len(self.begin) :]
        if self.begin <= self.end:
            return self.begin <= here <= self.end
        return here >= self.begin or here <= self.end


class Rule(NamedTuple):
    """Opens or closes the days of some spans (none: all days), on some days of the week (none: all; Monday is 0)."""

    opens: bool
    spans: tuple[Span, ...] = ()
    weekdays: frozenset[int] = frozenset()

    def holds(self, at: tuple[int, int, int], weekday: int) -> bool:
        """Whether it says something of a day."""
        if self.weekdays and weekday not in self.weekdays:
            return False
        return not self.spans or any(span.holds(at) for span in self.spans)


@dataclass(frozen=True)
class Season:
    """When something is open: the last rule that says something of a day decides, and `base` where none does.

    `text` is what the source says.
    """

    text: str
    rules: tuple[Rule, ...]
    base: bool = True

    def is_open(self, day: date) -> bool:
        """Whether it is open on a day, for some hours at least."""
        return self._opens((day.year, day.month, day.day), day.weekday())

    def closed_span(self, day: date) -> tuple[date, date] | None:
        """The first and the last of the closed days around a day; None where it is open.

        `date.min` and `date.max` stand for what has no end.
        """
        if self.is_open(day):
            return None
        begin, end = self._open_from(day, -1), self._open_from(day, 1)
        return (begin + _DAY if begin else date.min), (end - _DAY if end else date.max)

    def next_open(self, day: date) -> date | None:
        """The first open day from `day` on, `day` included; None where it stays closed."""
        return self._open_from(day, 1)

    @cached_property
    def all_year(self) -> bool:
        """Whether no day is closed every year. Closures that have a year, and end, do not count."""
        return all(self._opens((_ANY_YEAR, *day), weekday) for day in _YEAR for weekday in self._weekdays)

    @cached_property
    def never(self) -> bool:
        """Whether no day of any year is open, but for days that have a year."""
        return not any(self._opens((_ANY_YEAR, *day), weekday) for day in _YEAR for weekday in self._weekdays)

    @cached_property
    def yearly(self) -> bool:
        """Whether every year is like another, days of the week aside."""
        return not any(len(span.begin) == 3 for rule in self.rules for span in rule.spans)

    @cached_property
    def words(self) -> str:
        """For people: "open 15 June to 15 September"; what the source says where years or days of the week matter."""
        if not self.yearly or any(rule.weekdays for rule in self.rules):
            return self.text
        open_days = [self._opens((_ANY_YEAR, *day), 0) for day in _YEAR]
        if all(open_days) or not any(open_days):
            return "open all year" if open_days[0] else "closed all year"
        told = not self.base  # in the way the source puts it
        return f"{'open' if told else 'closed'} {_listed(_runs(open_days, told))}"

    @property
    def _weekdays(self) -> range:
        return range(7 if any(rule.weekdays for rule in self.rules) else 1)

    def _opens(self, at: tuple[int, int, int], weekday: int) -> bool:
        return next((rule.opens for rule in reversed(self.rules) if rule.holds(at, weekday)), self.base)

    def _open_from(self, day: date, step: int) -> date | None:
        """The nearest open day from `day` on, forwards (1) or backwards (-1), unless it is too far away.

        But for the day of the week, nothing changes between the ends of spans: it is enough to look at them.
        """
        here = day.toordinal()
        near = [here]
        if not self.is_open(day):
            changes = self._changes(range(day.year, day.year + 11 * step, step))  # _FAR goes over ten new years
            near += changes if step > 0 else (change - 1 for change in changes)
        for at in sorted((at for at in near if (at - here) * step >= 0), reverse=step < 0):
            for each in range(at, at + step * len(self._weekdays), step):
                if abs(each - here) >= _FAR or not _FIRST <= each <= _LAST:
                    return None
                if self.is_open(found := date.fromordinal(each)):
                    return found
        return None

    def _changes(self, years: Iterable[int]) -> Iterator[int]:
        """The days, by number, on which a span begins or is over: yearly spans in these years, others in their own."""
        for begin, end in (span for rule in self.rules for span in rule.spans):
            for *own, month, day in (begin, (*end[:-1], end[-1] + 1)):
                yield from (_number(year, month, day) for year in own or years if MINYEAR <= year <= MAXYEAR)


def _number(year: int, month: int, day: int) -> int:
    """The number of a day in the calendar; 30 February is the day after the last of February, as is 32 February."""
    return date(year, month, 1).toordinal() + min(day - 1, monthrange(year, month)[1])


def _runs(days: Sequence[bool], told: bool) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """First and last days of what is told, over the new year where need be."""
    runs = []
    for value, group in groupby(zip(_YEAR, days, strict=True), key=lambda each: each[1]):
        if value == told:
            run = [day for day, _ in group]
            runs.append((run[0], run[-1]))
    if len(runs) > 1 and runs[0][0] == _YEAR[0] and runs[-1][1] == _YEAR[-1]:
        runs = [*runs[1:-1], (runs[-1][0], runs[0][1])]
    return runs


def _listed(runs: Iterable[tuple[tuple[int, int], tuple[int, int]]]) -> str:
    return " and ".join(
        f"on {day_words(*first)}" if first == last else f"{day_words(*first)} to {day_words(*last)}"
        for first, last in runs
    )


def day_words(month: int, day: int) -> str:
    """A day of the year for people: "1 December"."""
    return f"{day} {_MONTHS[month - 1]}"


def span_words(begins: date | None, ends: date | None, *, yearly: bool = False) -> str:
    """A span of days for people: "1 December 2026 to 15 April 2027", "until 30 June 2026"; empty without any end.

    Parameters
    ----------
    begins, ends : the first and the last day; None: no beginning, no end.
    yearly : it is the same every year, so that the year says nothing.
    """

    def words(day: date) -> str:
        return day_words(day.month, day.day) + ("" if yearly else f" {day.year}")

    if begins is None:
        return f"until {words(ends)}" if ends else ""
    if ends is None:
        return f"from {words(begins)} on"
    return f"on {words(begins)}" if begins == ends else f"{words(begins)} to {words(ends)}"


def closure(begins: str | None, ends: str | None) -> Season:
    """What is closed from one day to another, both included, and open at all other times.

    Parameters
    ----------
    begins, ends : ISO dates ("2026-07-04"; None: no beginning, no end), or both "MM-DD", for every year.

    Raises
    ------
    ValueError : one of them is no date, or just one of them is for every year.
    """
    first, last = _day_of(begins), _day_of(ends)
    if first is None and last is None:
        return Season("closed", (Rule(False),))
    if first is None or last is None:
        if len(first or last or ()) == 2:
            raise ValueError(f"{begins or ends!r} is a day of every year, and the other end is missing, want both")
    elif len(first) != len(last):
        raise ValueError(f"{begins!r} and {ends!r} do not go together, want two ISO dates or two days MM-DD")
    elif len(first) == 3 and last < first:
        raise ValueError(f"{ends!r} is before {begins!r}, want the last day not before the first")
    rules = (Rule(False, (Span(first or (0, 0, 0), last or (9999, 12, 31)),)),)
    if 2 in (len(first or ()), len(last or ())):
        return Season(f"closed {begins} to {ends}", rules)
    return Season(f"closed {span_words(*(date(*each) if each else None for each in (first, last)))}", rules)


def _day_of(text: str | None) -> tuple[int, ...] | None:
    if text is None:
        return None
    found = re.fullmatch(r"(?:(\d{4})-)?(\d\d)-(\d\d)", text, re.ASCII)
    numbers = tuple(int(group) for group in found.groups() if group) if found else ()
    try:
        date(*((_ANY_YEAR, *numbers) if len(numbers) == 2 else numbers))
    except (TypeError, ValueError):
        raise ValueError(f"{text!r} is no date, want one like 2026-07-04, or 07-04 for every year") from None
    return numbers


# --- reading ------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def season(text: str, *, southern: bool = False) -> Season | None:
    """When something is open, as far as a text says so to the day; None where it does not.

    Parameters
    ----------
    text : "Jun 15-Sep 15", "walkers: no @ (Nov 1-May 1)", "closed annually from December 1 to April 15",
        "05/01-10/31" (month first), "spring; summer", …
    southern : south of the equator, where "summer" is December to February.
    """
    plain = _plain(text)
    if "@" in plain:
        found = _conditional(re.sub("^(?:walkers|access): ?", "", plain))
    else:
        found = _quarters(plain, southern) or _opening(plain)
    return Season(" ".join(text.split()), *found) if found else None


def is_seasonal(text: str) -> bool:
    """Whether words say that something is not open all year, be it clear when or not.

    What tells of a use in winter ("in winter: Classical Skiing Only"), of vehicles or of dogs does not.
    """
    found = season(text)
    if found is not None:
        return not found.all_year
    plain = _plain(text)
    return not (plain.startswith("in winter:") or _OTHERS.search(plain)) and bool(_SEASONAL.search(plain))


_SEASONAL = re.compile(
    r"@|\b(season|clos|spring|summer|autumn|fall\b|winter|snow|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
)


def _plain(text: str) -> str:
    """In small letters, with one kind of dash and of space, and no full stop at the end."""
    text = re.sub(r"[\u2010-\u2015\u2212]", "-", text.lower().replace("\u2019", "'"))
    return " ".join(text.split()).removesuffix(".").strip()


def _split(text: str) -> list[str]:
    """At semicolons outside brackets and quotation marks."""
    return [part.strip() for part in re.findall(r'(?:"[^"]*"|\([^()]*\)|[^;])+', text) if part.strip()]


_Found = tuple[tuple[Rule, ...], bool]

#: Meteorological seasons of the northern half: first and last month.
_QUARTERS = {"spring": (3, 5), "summer": (6, 8), "autumn": (9, 11), "fall": (9, 11), "winter": (12, 2)}


def _quarters(text: str, southern: bool) -> _Found | None:
    """`seasonal=spring;summer`: the seasons of the year in which it is there."""
    names = [name.strip() for name in re.split("[;,]", text)]
    if not all(name in _QUARTERS for name in names):
        return None
    shift = 6 if southern else 0
    months = [tuple((month + shift - 1) % 12 + 1 for month in _QUARTERS[name]) for name in names]
    return (Rule(True, tuple(Span((first, 1), (last, 31)) for first, last in months)),), False


# --- conditional restrictions -------------------------------------------------------------------------------------

_MAY = ("yes", "permissive", "designated", "official", "discouraged")
_MUST_NOT = ("no", "private", "agricultural", "forestry", "delivery", "customers", "military")


def _conditional(text: str) -> _Found | None:
    """Clauses `value @ (condition)`, of which later ones win. Where all are of when one may, one may not otherwise."""
    rules: list[Rule] = []
    base = False
    for clause in _split(text):
        value, at, condition = (part.strip() for part in clause.partition("@"))
        if value not in (*_MAY, *_MUST_NOT) or bool(at) != bool(condition):
            return None
        base = base or value in _MUST_NOT
        if not at:
            rules.append(Rule(value in _MAY))
            continue
        if re.search(r"\b(weight|height|width|length|axle\w*|wheels)\b", condition):
            continue  # of vehicles
        parts = _domain(re.sub(r"^\(([^()]*)\)$", r"\1", condition).replace(" and ", " "), formal=True)
        if parts is None:
            return None
        rules.extend(_under(value in _MAY, parts))
    return tuple(rules), base or not rules


def _under(may: bool, parts: Iterable[_Part]) -> Iterator[Rule]:
    """Rules for the days of a condition: a day is closed only as a whole, and open for an hour is open."""
    for part in parts:
        opens = may if part.holds else not may
        if opens or part.whole:
            yield Rule(opens, part.spans, part.weekdays)


# --- opening hours ------------------------------------------------------------------------------------------------


class _Part(NamedTuple):
    """One rule of opening hours: whether it is of when it is open, on which days, and whether for all of them."""

    holds: bool
    spans: tuple[Span, ...]
    weekdays: frozenset[int]
    whole: bool


def _opening(text: str) -> _Found | None:
    """Opening hours, or an agency's "closed annually from December 1 to April 15"."""
    parts = _domain(text, formal=False)
    if parts is None:
        return None
    return tuple(_under(True, parts)), not any(part.holds for part in parts)


_MONTH_NAME = (
    r"(?:jan(?:uary|uar)?|feb(?:ruary|ruar)?|mar(?:ch)?|märz?|mrz|apr(?:il)?|ma[yi]|jun[ei]?|jul[yi]?"
    r"|aug(?:ust)?|sept?(?:ember)?|o[ck]t(?:ober)?|nov(?:ember)?|de[cz](?:ember)?)\.?(?![a-zäöü])"
)
_HERE = r"(?:(?:the |this )?(?:trail|road|path|hut|area|park|campground|campsite)s? (?:is |are )?)?"
_OFTEN = r"(?:annually|yearly|seasonally|each year|every year)"
_LEAD = re.compile(
    rf"{_HERE}(?:(?:seasonal|annual|winter|wildlife) )*(?P<state>open|closed|closure)s?"
    rf"(?: {_OFTEN})?(?: for [a-z ]{{1,40}}?)?(?: to (?:all|the public|hikers|walkers|all users))?(?: {_OFTEN})?"
    rf"[:,]?(?: from| between)? (?=(?:on )?(?:\d|{_MONTH_NAME}))"
)
_OTHERS = re.compile(r"\b(vehicle|motor|bik|bicycl|cycl|horse|stock|dog|snowmobile|ski)")
_TAIL = re.compile(rf",? {_OFTEN}$")

_MONTH_OF = {name[:3].lower(): number for number, name in enumerate(_MONTHS, 1)}
_MONTH_OF |= {"mär": 3, "mrz": 3, "mai": 5, "okt": 10, "dez": 12}  # as German mappers write
_TIME = r"(?:\d{1,2}:\d\d|(?:sunrise|sunset|dawn|dusk)|\((?:sunrise|sunset|dawn|dusk)[+-]\d{1,2}:\d\d\))"
_WEEKDAYS = ("mo", "tu", "we", "th", "fr", "sa", "su")
_TOKEN = re.compile(
    r" ?(?:"
    r"(?P<always>24/7|all year(?: round)?|year[ -]round|always)(?!\w)"
    rf"|(?P<time>{_TIME}(?: ?(?:-|to) ?{_TIME})?\+?)"
    r"|(?P<date>(?:(?P<y1>[12]\d{3}) )?(?:"
    rf"(?P<m1>{_MONTH_NAME})(?: ?(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?(?![\w:/]))?"
    rf"|(?P<d2>\d{{1,2}})(?:st|nd|rd|th|\.)?(?: of)? ?(?P<m2>{_MONTH_NAME})"
    r"|(?P<m3>\d{1,2})/(?P<d3>\d{1,2})(?![\d/])"
    r")(?:,? (?P<y2>[12]\d{3})(?!\w))?)"
    r"|(?P<weekday>mo|tu|we|th|fr|sa|su|ph|sh)(?![\w\[])"
    r"|(?P<state>open|off|closed)(?!\w)"
    r'|(?P<comment>"[^"]*")'
    r"|(?P<number>\d{1,2})(?:st|nd|rd|th)?(?![\w:/])"
    r"|(?P<to>-|(?:to|through|thru|until|till|bis)(?!\w))"
    r"|(?P<comma>,|(?:and|und)(?!\w)|&)"
    r"|(?P<colon>:)"
    r"|(?P<on>on)(?!\w)"
    r") ?"
)


class _Tokens:
    """The words of a clause, to be taken one after the other."""

    def __init__(self, found: list[re.Match[str]]) -> None:
        self._found = found
        self.taken = 0

    def next(self, ahead: int = 0) -> str | None:
        """Of what kind the next word is, or one after it; None at the end."""
        at = self.taken + ahead
        return self._found[at].lastgroup if at < len(self._found) else None

    def take(self, *kinds: str) -> re.Match[str] | None:
        """The next word, if it is of one of these kinds."""
        if self.next() not in kinds:
            return None
        self.taken += 1
        return self._found[self.taken - 1]


class _UnreadableError(Exception):
    """What is there does not follow the grammar."""


def _domain(text: str, *, formal: bool) -> list[_Part] | None:
    """All rules of opening hours, in order; None where one of them cannot be read.

    Parameters
    ----------
    formal : whether a day alone is that day. In other texts "June 1" may be the day from which on it is open.
    """
    try:
        return [part for clause in _split(text) for part in _clause(clause, formal)] or None
    except _UnreadableError:
        return None


def _clause(text: str, formal: bool) -> list[_Part]:
    """What stands between two semicolons: rules with commas between them."""
    text = re.sub(r"\bbetween (.*?) and ", r"from \1 - ", text)
    lead = _LEAD.match(text)
    if lead:
        if _OTHERS.search(lead[0]):
            raise _UnreadableError
        text = f"{'open' if lead['state'] == 'open' else 'closed'} {text[lead.end() :]}"
    tokens = _tokens(_TAIL.sub("", text))
    ahead = tokens.take("state") if tokens.next(1) not in (None, "comma", "comment") else None  # "open all year"
    tokens.take("colon")
    parts: list[_Part] = []
    spans: tuple[Span, ...] = ()
    while True:
        begun = tokens.taken
        # after a comma the dates before it go on: "Jun-Sep Mo-Fr 08:00-12:00, Sa 09:00-11:00"
        on = tokens.next() == "on"
        spans = _spans(tokens) or spans
        tokens.take("colon")
        weekdays = _weekdays(tokens)
        tokens.take("colon")
        whole = _is_whole(tokens)
        state = tokens.take("state")
        comment = tokens.take("comment")
        if tokens.taken == begun or (ahead and state) or (comment and not (ahead or state)):
            raise _UnreadableError  # nothing, contradicting itself, or a remark of which nobody knows what it means
        if not (formal or on or state) and any(span.begin == span.end for span in spans):
            raise _UnreadableError
        said = ahead or state
        if weekdays is None or weekdays:
            parts.append(_Part(said is None or said["state"] == "open", spans, weekdays or frozenset(), whole))
        if tokens.next() is None:
            return parts
        if not tokens.take("comma"):
            raise _UnreadableError


def _tokens(text: str) -> _Tokens:
    found = []
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise _UnreadableError
        found.append(token)
        at = token.end()
    return _Tokens(found)


def _spans(tokens: _Tokens) -> tuple[Span, ...]:
    spans: list[Span] = []
    if tokens.take("always"):
        return (Span((1, 1), (12, 31)),)
    tokens.take("on")
    while first := tokens.take("date"):
        spans.append(_span(first, tokens))
        if not (tokens.next() == "comma" and tokens.next(1) == "date"):
            break
        tokens.take("comma")
    return tuple(spans)


def _span(first: re.Match[str], tokens: _Tokens) -> Span:
    """A day, a month, or from one to another; a year at either end holds for both."""
    year, month, day = _date_of(first)
    last = None
    if tokens.take("to"):
        last = tokens.take("date", "number")
        if last is None or (last.lastgroup == "number" and day is None):
            raise _UnreadableError
    if last is None:
        last_year, last_month, last_day = year, month, day
    elif last.lastgroup == "number":  # "Apr 10-15"
        last_year, last_month, last_day = year, month, int(last["number"])
    else:
        last_year, last_month, last_day = _date_of(last)
    begin, end = (month, day or 1), (last_month, last_day or _DAYS_OF[last_month - 1])
    if not all(1 <= d <= _DAYS_OF[m - 1] for m, d in (begin, end)):
        raise _UnreadableError
    if year is None and last_year is None:
        return Span(begin, end)
    if last_year is None:
        last_year = (year or 0) + (end < begin)
    if year is None:
        year = last_year - (end < begin)
    if (last_year, *end) < (year, *begin):
        raise _UnreadableError
    return Span((year, *begin), (last_year, *end))


def _date_of(token: re.Match[str]) -> tuple[int | None, int, int | None]:
    """Year, month and day of a word; None for what it does not say."""
    years = [int(token[name]) for name in ("y1", "y2") if token[name]]
    if len(years) > 1:
        raise _UnreadableError
    if token["m3"]:
        month, day = int(token["m3"]), int(token["d3"])
        if not 1 <= month <= 12:
            raise _UnreadableError
        return years[0] if years else None, month, day
    written = token["d1"] or token["d2"]
    return (
        years[0] if years else None,
        _MONTH_OF[(token["m1"] or token["m2"])[:3]],
        int(written) if written else None,
    )


def _weekdays(tokens: _Tokens) -> frozenset[int] | None:
    """Which days of the week; None for all of them, empty for holidays, of which nobody here knows when they are."""
    days: set[int] = set()
    if tokens.next() != "weekday":
        return None
    while first := tokens.take("weekday"):
        name = last = first["weekday"]
        if tokens.take("to"):
            to = tokens.take("weekday")
            if to is None:
                raise _UnreadableError
            last = to["weekday"]
        if name in _WEEKDAYS and last in _WEEKDAYS:
            begin, end = _WEEKDAYS.index(name), _WEEKDAYS.index(last)
            days.update((begin + i) % 7 for i in range((end - begin) % 7 + 1))
        if not (tokens.next() == "comma" and tokens.next(1) == "weekday"):
            break
        tokens.take("comma")
    return None if len(days) == 7 else frozenset(days)


def _is_whole(tokens: _Tokens) -> bool:
    """Whether no hours are said, or all of them."""
    whole = True
    while time := tokens.take("time"):
        whole = whole and time["time"].replace(" ", "") in ("00:00-24:00", "0:00-24:00")
        if not (tokens.next() == "comma" and tokens.next(1) == "time"):
            break
        tokens.take("comma")
    return whole
