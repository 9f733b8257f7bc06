"""When a month's requests come: shapes of traffic, and arrivals drawn from them.

No site of this kind publishes its log, so the shapes are assumptions, stated in numbers here and in words in
`Trace.about`. Given the shape, requests come independently of each other: a Poisson process with a changing rate.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from random import Random

#: A month, as AWS reckons it: 365 * 24 / 12 hours.
MONTH_S = 730 * 3600.0
#: Within a slice the rate is constant.
SLICE_S = 300.0
_SLICES_AN_HOUR = 12

#: Visits by hour of a weekday, relative to each other: trips are planned at home, after work. Hardly anybody asks at
#: night.
WEEKDAY = (3, 2, 1, 1, 1, 2, 4, 6, 7, 7, 7, 8, 10, 9, 8, 8, 9, 11, 15, 19, 22, 21, 15, 8)
#: Of a Saturday or Sunday: some decide at breakfast, and plan tomorrow's walk in the evening.
WEEKEND = (4, 2, 1, 1, 1, 3, 8, 14, 16, 15, 13, 12, 11, 10, 10, 11, 12, 13, 15, 17, 18, 16, 12, 7)
#: Visits by day, from Monday: the day before an outing and the day of it.
DAYS = (0.7, 0.7, 0.8, 1.1, 1.6, 1.5, 0.9)

#: The front page of a news site: from Wednesday of the second week at 15:00, within ten minutes, so many times the mean
#: of the month without it, for an hour; then half as much every two hours. People who were there tell of 12 to 20 hours
#: and of 10 to 100 times their usual traffic (https://dataswamp.org/~solene/2021-07-27-hacker-news-impact.html,
#: https://harrisonbroadbent.com/blog/hacker-news-traffic-spike-anatomy/).
SPIKE = 50.0
SPIKE_BEGINS_S = (9 * 24 + 15) * 3600.0
_RISE_S, _TOP_S, _HALVES_S = 600.0, 3600.0, 7200.0

#: Of a month of which spans are drawn: so many strata, the most that can be paid for.
_STRATA = (96, 64, 48, 32, 24, 16, 12, 8, 5)


@dataclass(frozen=True)
class Trace:
    """The shape of a month's traffic.

    Parameters
    ----------
    name : of it.
    about : in words, with what is assumed.
    shares : of the month's requests that come in each slice of `SLICE_S`; they add up to 1.
    """

    name: str
    about: str
    shares: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.shares) != MONTH_S / SLICE_S or min(self.shares) < 0 or not math.isclose(sum(self.shares), 1):
            raise ValueError(f"shares of trace {self.name!r} want {MONTH_S / SLICE_S:g} numbers that add up to 1")

    def hours(self) -> list[float]:
        """The share of the month's requests in each of its 730 hours."""
        return [sum(self.shares[at : at + _SLICES_AN_HOUR]) for at in range(0, len(self.shares), _SLICES_AN_HOUR)]

    def share(self, begin_s: float, end_s: float) -> float:
        """The share of the month's requests that come in a span within it."""
        slices = range(int(begin_s // SLICE_S), math.ceil(end_s / SLICE_S))
        within = ((at, min((at + 1) * SLICE_S, end_s) - max(at * SLICE_S, begin_s)) for at in slices)
        return math.fsum(self.shares[at] * long_s / SLICE_S for at, long_s in within)

    def per_s(self, at_s: float, requests_per_month: float) -> float:
        """Requests a second that are expected at a time of the month; before it and after it, the month repeats."""
        return self.shares[int(at_s % MONTH_S // SLICE_S)] * requests_per_month / SLICE_S


def _trace(name: str, about: str, weights: Sequence[float]) -> Trace:
    whole = sum(weights)
    return Trace(name, about, tuple(one / whole for one in weights))


def _middles() -> Iterator[float]:
    return ((at + 0.5) * SLICE_S for at in range(int(MONTH_S / SLICE_S)))


def _hiker(at_s: float) -> float:
    """How many ask at a time, relative to others; straight lines between the middles of hours."""
    hour, within = divmod(at_s / 3600 - 0.5, 1)
    return _hourly(int(hour)) * (1 - within) + _hourly(int(hour) + 1) * within


def _hourly(hour: int) -> float:
    day = hour // 24 % 7
    hours = WEEKEND if day >= 5 else WEEKDAY
    return DAYS[day] * hours[hour % 24] / sum(hours)


def _spike(at_s: float) -> float:
    since = at_s - SPIKE_BEGINS_S
    if since < 0:
        return 0.0
    if since < _RISE_S:
        return SPIKE * since / _RISE_S
    return SPIKE * math.exp2(-max(since - _RISE_S - _TOP_S, 0) / _HALVES_S)


def flat() -> Trace:
    """As much at any time."""
    return _trace("flat", "as many at any hour of the month", [1.0] * int(MONTH_S / SLICE_S))


def hiking() -> Trace:
    """The days and weeks of a site for hikers."""
    weights = [_hiker(at_s) for at_s in _middles()]
    peak = max(weights) * len(weights) / sum(weights)
    return _trace(
        "hiking",
        f"an assumed week of a hiking site: evenings, Fridays and Saturdays are busy, nights are not; the busiest "
        f"minutes have {peak:.1f} times the mean",
        weights,
    )


def front_page() -> Trace:
    """A week of hikers, and once a link on the front page of a news site."""
    weights = [_hiker(at_s) for at_s in _middles()]
    mean = sum(weights) / len(weights)
    with_spike = [one + mean * _spike(at_s) for one, at_s in zip(weights, _middles(), strict=True)]
    share = 1 - sum(weights) / sum(with_spike)
    return _trace(
        "front_page",
        f"the same week, and once the front page of a news site: within ten minutes {SPIKE:g} times the mean for "
        f"an hour, then half as many every two hours; {share:.0%} of the month's requests come with it",
        with_spike,
    )


#: The shapes by name.
TRACES = {"flat": flat, "hiking": hiking, "front_page": front_page}


@dataclass(frozen=True)
class Arrivals:
    """Requests, in the order in which they come.

    Parameters
    ----------
    due_s : when each comes, in seconds of the month or of the run.
    kinds : of each, see `record.KINDS`.
    begin_s, end_s : the span in which they come.
    counted_s : from here on they count; what comes before brings the target into its usual state.
    weight : so many requests of the month each of them stands for.
    """

    due_s: tuple[float, ...]
    kinds: tuple[str, ...]
    begin_s: float
    end_s: float
    counted_s: float
    weight: float = 1.0

    def __post_init__(self) -> None:
        if len(self.due_s) != len(self.kinds) or not self.begin_s <= self.counted_s < self.end_s:
            raise ValueError(
                f"arrivals from {self.begin_s} to {self.end_s} s, counted from {self.counted_s} s, with "
                f"{len(self.due_s)} times and {len(self.kinds)} kinds; want begin <= counted < end, as many each"
            )


def arrivals(
    trace: Trace,
    requests_per_month: float,
    *,
    seed: int,
    mix: Mapping[str, float],
    begin_s: float = 0.0,
    end_s: float = MONTH_S,
    counted_s: float | None = None,
    weight: float = 1.0,
) -> Arrivals:
    """Draw the requests of a span of the month.

    Within a slice the gaps between requests are exponential; each slice begins anew, as such a process has no memory.

    Parameters
    ----------
    trace : shape of the month.
    requests_per_month : expected; how many come is random.
    seed : the same seed gives the same requests.
    mix : share of each kind.
    begin_s, end_s : the span; it may begin before the month, which repeats.
    counted_s : see `Arrivals`; default: all count.
    weight : see `Arrivals`.

    Raises
    ------
    ValueError : a number makes no sense; names it.
    """
    if requests_per_month <= 0:
        raise ValueError(f"requests_per_month is {requests_per_month!r}, want more than 0")
    random = Random(f"{seed} {trace.name} {begin_s} {end_s}")
    due = []
    at_s = begin_s
    while at_s < end_s:
        until_s = min((at_s // SLICE_S + 1) * SLICE_S, end_s)
        per_s = trace.per_s(at_s, requests_per_month)
        if per_s:
            at_s += random.expovariate(per_s)
            while at_s < until_s:
                due.append(at_s)
                at_s += random.expovariate(per_s)
        at_s = until_s
    kinds = random.choices(list(mix), list(mix.values()), k=len(due))
    start_s = begin_s if counted_s is None else counted_s
    return Arrivals(tuple(due), tuple(kinds), begin_s, end_s, start_s, weight)


def month(
    trace: Trace,
    requests_per_month: float,
    *,
    seed: int,
    mix: Mapping[str, float],
    draw: int = 0,
    draws: int = 1,
    whole: int = 100_000,
    most: int = 100_000,
    run_in_s: float = 1200.0,
) -> list[Arrivals]:
    """A month of requests; of a busy month only some spans, each with a weight.

    The hours are put into strata of about equal numbers of requests, by how busy they are: as many strata as can be
    paid for. An hour is drawn of each, the likelier the more requests it has. The busiest hour is a stratum of its own,
    and so are the rise and the rest of an hour to which traffic jumps. Where even few hours have too many requests,
    parts of the busy ones are taken: the beginning where traffic jumps. A weight is the number of requests that are
    expected in the stratum, by those in its span. What a target carries over for longer than a run-in, such as a queue
    of hours, is not in it.

    Parameters
    ----------
    trace, requests_per_month, seed, mix : as for `arrivals`.
    draw, draws : which of several draws with the same seed that are to be pooled. In each stratum they share the hours
        among them, from quiet to busy, so that they are alike only as far as the month is.
    whole : a month of no more requests is drawn as it is.
    most : requests of spans and what comes before them, about.
    run_in_s : so much comes before each span and does not count; where requests are too many, as much as the span.
    """
    if requests_per_month <= whole:
        return [arrivals(trace, requests_per_month, seed=seed * draws + draw, mix=mix)]
    strata, lengths_s = _affordable(trace, requests_per_month, most, run_in_s)
    random = Random(f"{seed} {trace.name} spans")
    found: list[Arrivals] = []
    jumps = _jumps(trace)
    for stratum, (before_s, long_s) in zip(strata, lengths_s, strict=True):
        # one place in each part of the stratum, and one of these for each draw: all draw them, and take their own
        sums = list(accumulate(trace.share(*piece) for piece in stratum))
        at = [bisect_left(sums, (part + random.random()) / draws * sums[-1]) for part in range(draws)]
        random.shuffle(at)
        into = [random.random() for _ in range(draws)]
        begin_s, end_s = stratum[at[draw]]
        if begin_s not in jumps:
            begin_s += into[draw] * (end_s - begin_s - long_s)
        found.append(
            arrivals(
                trace,
                requests_per_month,
                seed=seed * draws + draw,
                mix=mix,
                begin_s=begin_s - before_s,
                end_s=begin_s + long_s,
                counted_s=begin_s,
                weight=sums[-1] / trace.share(begin_s, begin_s + long_s),
            )
        )
    return found


def _affordable(
    trace: Trace, requests_per_month: float, most: float, run_in_s: float
) -> tuple[list[list[tuple[float, float]]], list[tuple[float, float]]]:
    """Strata, and how long the run-in and the span of each is."""
    for count in _STRATA:
        strata = _strata(trace, count)
        rates = [_per_s(trace, stratum) * requests_per_month for stratum in strata]
        wholes_s = [stratum[0][1] - stratum[0][0] + run_in_s for stratum in strata]
        level = _level([per_s * whole_s for per_s, whole_s in zip(rates, wholes_s, strict=True)], most)
        afford_s = [min(whole_s, level / per_s) for per_s, whole_s in zip(rates, wholes_s, strict=True)]
        if min(afford_s) >= min(2 * run_in_s, *wholes_s):
            break
    lengths_s = []
    for (first, *_), one_s in zip(strata, afford_s, strict=True):
        # before a jump there are few, which cost nothing
        before_s = run_in_s if first[0] in _jumps(trace) else min(run_in_s, one_s / 2)
        lengths_s.append((before_s, min(first[1] - first[0], max(one_s - before_s, one_s / 2))))
    return strata, lengths_s


def _level(costs: Sequence[float], most: float) -> float:
    """What each may cost at most, so that together they cost no more than `most`: cheap ones leave the rest more."""
    left = most
    for number, cost in enumerate(sorted(costs)):
        level = left / (len(costs) - number)
        if cost > level:
            return level
        left -= cost
    return math.inf


def _per_s(trace: Trace, stratum: Sequence[tuple[float, float]]) -> float:
    """The share of the month's requests that come in a second of it, as those who come then see it."""
    shares = [trace.share(*piece) for piece in stratum]
    seen = sum(share**2 / (end_s - begin_s) for share, (begin_s, end_s) in zip(shares, stratum, strict=True))
    return seen / sum(shares)


def _jumps(trace: Trace) -> set[float]:
    """When hours begin in which traffic jumps: with more than four times as much as in the one before."""
    hours = trace.hours()
    return {3600.0 * hour for hour, share in enumerate(hours) if share > 4 * hours[hour - 1]}


@lru_cache(maxsize=32)
def _strata(trace: Trace, count: int) -> list[list[tuple[float, float]]]:
    """Pieces of the month, begin and end, in groups of about as many requests, from quiet to busy."""
    jumps = _jumps(trace)
    rising = sorted(range(len(trace.hours())), key=trace.hours().__getitem__)
    pieces = [(3600.0 * hour, 3600.0 * (hour + 1)) for hour in rising]
    alone = [piece for piece in pieces if piece[0] in jumps]
    rest = [piece for piece in pieces if piece[0] not in jumps]
    busiest = [rest.pop()] if rest[-1] == pieces[-1] else []
    sums = list(accumulate(trace.share(*piece) for piece in rest))
    ends = sorted({bisect_left(sums, sums[-1] * part / count * (1 - 1e-9)) + 1 for part in range(1, count + 1)})
    parts = [part for begin_s, end_s in alone for part in ((begin_s, begin_s + _RISE_S), (begin_s + _RISE_S, end_s))]
    return [rest[begin:end] for begin, end in zip([0, *ends], ends, strict=False)] + [[one] for one in busiest + parts]
