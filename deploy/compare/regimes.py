"""How a target is asked: cold, warm, in bursts, and under load.

* cold: it is started anew, then one trip over a new connection, and again. Whether the request really was a process's
  first one the answer says itself.
* warm: one trip after the other, by one user whose connection is kept.
* burst: nothing for a while, then many users at the same instant.
* load: users come at random, so many a second, and none waits for another (an open loop): each request is sent when it
  is due, however slow the answers before it are, and its time counts from then. So what stalls is seen by all who come
  meanwhile, and not by one alone (coordinated omission; Tene, "How not to measure latency", 2013).
* sweep: one trip after the other, for each memory size of a function.

Before all but the cold ones and the sweep the popular trips are asked for, again and again until nothing is searched
for any more: each unit that takes turns knows them then; what starts later does not. That is not measured, and shows
whether the target lives. Each request that was planned and not sent, because a target was dead, is a failed one with an
`error` that says so: who dies fails no fewer users than who is slow.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from deploy.command import Failed
from deploy.compare.client import Client
from deploy.compare.exchange import TIMEOUT, TIMEOUT_S
from deploy.compare.record import NOT_SENT, REGIMES, Record
from deploy.compare.trips import POPULAR, WISHES, Trips, Wish

#: Starts a target anew and returns the seconds until it takes requests; raises OSError or `Failed`.
Renew = Callable[[], float]
OnRecord = Callable[[Record], None]
#: Told the regime and how many requests are done and planned.
Progress = Callable[[str, int, int], None]

#: A target is given up after so many connections in a row that failed, or answers that never came.
FAILURES_IN_A_ROW = 10
TIMEOUTS_IN_A_ROW = 3

#: The popular trips are asked for so many times at most, and no more after so many times without a search. Each time
#: another one is first: three trips to three units that take turns would be each one's own for ever.
ROUNDS = 12
KEPT_ROUNDS = 3

#: Wishes of a regime are numbered from here on, so that a number is the same trip however long each regime is.
_FIRST = {regime: 1_000_000 * number for number, regime in enumerate(REGIMES)}
_RATES_APART = 10_000
#: The first request of a burst or a load is due so much later, when the tasks that send them are ready.
_READY_S = 0.1
#: Between two tries to reach a target that may just be starting.
_PAUSE_S = 0.2


@dataclass(frozen=True)
class Sizes:
    """How much is asked.

    Parameters
    ----------
    cold : starts anew.
    warm : trips, one after the other.
    burst : users at the same instant; bursts : so many times; idle_s : the quiet before each, in seconds.
    rates : users a second; load_s : for how long each rate, in seconds.
    sweep : trips at each memory size; memory_mb : these sizes.
    """

    cold: int
    warm: int
    burst: int
    bursts: int
    idle_s: float
    rates: tuple[float, ...]
    load_s: float
    sweep: int
    memory_mb: tuple[int, ...] = (256, 512, 1024, 1769, 3008)

    def __post_init__(self) -> None:
        if min(self.cold, self.warm, self.burst, self.bursts, self.idle_s, self.load_s, self.sweep) < 0:
            raise ValueError(f"{self} has a number below 0")
        if any(not 0 < rate <= 1000 for rate in self.rates):
            raise ValueError(f"rates are {self.rates}, want above 0 and at most 1000 requests a second")
        if any(rate * self.load_s > _RATES_APART for rate in self.rates):
            raise ValueError(
                f"{max(self.rates):g} a second for {self.load_s:g} s are more than {_RATES_APART} requests"
            )

    def planned(self, *, can_renew: bool) -> dict[str, int]:
        """Requests of each regime."""
        load = sum(_count(rate, self.load_s) for rate in self.rates)
        cold = self.cold if can_renew else 0
        return {"cold": cold, "warm": self.warm, "burst": self.burst * self.bursts, "load": load}


#: Some 15 s a target, for tests.
QUICK = Sizes(cold=1, warm=4, burst=4, bursts=1, idle_s=0.5, rates=(1.0,), load_s=4.0, sweep=2, memory_mb=(512, 1769))
#: Some three minutes a target, starts not counted: three targets on one small machine.
LOCAL = Sizes(cold=5, warm=50, burst=10, bursts=2, idle_s=5.0, rates=(1.0, 2.0, 3.0), load_s=30.0, sweep=6)
#: Some half an hour a target, for the real ones: enough for a p99 of each regime.
REMOTE = Sizes(
    cold=10, warm=200, burst=50, bursts=3, idle_s=60.0, rates=(0.5, 1.0, 2.0, 5.0, 10.0), load_s=200.0, sweep=20
)


@dataclass
class Run:
    """One target, while it is measured.

    Parameters
    ----------
    name, url : of the target.
    trips : what to ask for.
    timeout_s : of a request.
    about : `memory_mb`, `commit`, `region` of the target.
    on_record : called with each record as it comes.
    progress : called after each request.
    began : `time.monotonic()` when it began.
    records : of all requests so far.
    """

    name: str
    url: str
    trips: Trips
    timeout_s: float = TIMEOUT_S
    about: Mapping[str, Any] = field(default_factory=dict)
    on_record: OnRecord | None = None
    progress: Progress | None = None
    began: float = field(default_factory=time.monotonic)
    records: list[Record] = field(default_factory=list)
    _done: Counter[str] = field(default_factory=Counter)

    def client(self, *, kept: bool = False) -> Client:
        """One to ask with."""
        return Client(self.name, self.url, self.timeout_s, kept, self.about, self.began)

    def note(self, record: Record, planned: int) -> None:
        """Take a record; `planned` is how many there are to be of its regime."""
        self.records.append(record)
        if self.on_record:
            self.on_record(record)
        if self.progress:
            self._done[record.regime] += 1
            self.progress(record.regime, self._done[record.regime], planned)

    def leave_out(self, regime: str, wishes: Iterable[Wish], why: str, planned: int) -> None:
        """Take a record of each that was planned and is not sent."""
        for wish in wishes:
            self.note(self.not_sent(regime, wish, why), planned)

    def not_sent(self, regime: str, wish: Wish, why: str, *, after_s: float = 0.0) -> Record:
        """A record of what was planned for so many seconds from now and is not sent."""
        due_s = round(time.monotonic() - self.began + after_s, 6)
        date = datetime.now(UTC).isoformat(timespec="milliseconds")
        why = f"{NOT_SENT}: {why}"
        return Record(
            self.name, regime, wish.kind, due_s, due_s, 0.0, 0, why, wish=wish.number, date=date, **self.about
        )


# --- a whole target -------------------------------------------------------------------------------------------------


def measure(
    name: str,
    url: str,
    trips: Trips,
    sizes: Sizes,
    *,
    renew: Renew | None = None,
    about: Mapping[str, Any] | None = None,
    on_record: OnRecord | None = None,
    progress: Progress | None = None,
    timeout_s: float = TIMEOUT_S,
) -> list[Record]:
    """Measure a target in all regimes but the sweep; a target that fails, however it does, is records of failures.

    Parameters
    ----------
    name, url : of the target.
    trips : of `trips.wishes`; the same for all targets.
    sizes : how much to ask.
    renew : starts it anew; where nothing does, there is no cold regime, only what is seen of cold starts in others.
    about : `memory_mb`, `commit`, `region` of the target, for its records.
    on_record : called with each record as it comes.
    progress : called after each request with its regime and how many are done and planned.
    timeout_s : of each request.
    """
    run = Run(name, url, trips, timeout_s, about or {}, on_record, progress)

    async def all_() -> None:
        if renew and sizes.cold:
            await cold(run, sizes.cold, renew)
        if sizes.warm:
            await warm(run, sizes.warm)
        if sizes.burst and sizes.bursts:
            await burst(run, sizes.burst, times=sizes.bursts, idle_s=sizes.idle_s)
        if sizes.rates and sizes.load_s:
            await load(run, sizes.rates, seconds=sizes.load_s)

    asyncio.run(all_())
    return run.records


def measure_size(
    name: str,
    url: str,
    trips: Trips,
    count: int,
    *,
    about: Mapping[str, Any],
    on_record: OnRecord | None = None,
    progress: Progress | None = None,
    timeout_s: float = TIMEOUT_S,
) -> list[Record]:
    """Measure one memory size of a function: the regime `sweep`.

    Parameters
    ----------
    name, url, trips, on_record, progress, timeout_s : as for `measure`.
    count : trips, after the first one, which is cold if the function was just given this size.
    about : `memory_mb`, and `commit` and `region` if they are known.
    """
    run = Run(name, url, trips, timeout_s, about, on_record, progress)
    asyncio.run(sweep(run, count))
    return run.records


# --- the regimes ----------------------------------------------------------------------------------------------------


async def cold(run: Run, count: int, renew: Renew) -> None:
    """Start it anew and ask for a short trip, `count` times; `platform` has the seconds of the start: `renew_s`."""
    wishes = [run.trips.wish(_FIRST["cold"] + number, "short") for number in range(count)]
    patience = _Patience()
    async with run.client() as client:
        for number, wish in enumerate(wishes):
            try:
                renew_s = await asyncio.to_thread(renew)
            except (OSError, Failed) as error:
                run.leave_out("cold", wishes[number:], f"it cannot be started anew: {error}", count)
                return
            record = await client.ask(wish, "cold")
            run.note(replace(record, platform={**record.platform, "renew_s": round(renew_s, 3)}), count)
            patience.note(record)
            if patience.why:
                run.leave_out("cold", wishes[number + 1 :], patience.why, count)
                return


async def warm(run: Run, count: int) -> None:
    """One trip after the other, over a connection that is kept."""
    wishes = [run.trips.wish(_FIRST["warm"] + number) for number in range(count)]
    if dead := await _prime(run, "warm"):
        run.leave_out("warm", wishes, dead, count)
    else:
        await _one_by_one(run, "warm", wishes)


async def sweep(run: Run, count: int) -> None:
    """A first short trip, then one new trip after the other, each kind in turn."""
    first, kinds = _FIRST["sweep"], list(WISHES)
    wishes = [run.trips.wish(first, "short")]
    wishes += [run.trips.wish(first + number, kinds[(number - 1) % len(kinds)]) for number in range(1, count + 1)]
    await _one_by_one(run, "sweep", wishes)


async def burst(run: Run, users: int, *, times: int = 1, idle_s: float = 0.0) -> None:
    """Nothing for `idle_s`, then all users at the same instant, each over a new connection; `times` times."""
    for time_ in range(times):
        first = _FIRST["burst"] + time_ * users
        wishes = [(0.0, run.trips.wish(first + number)) for number in range(users)]
        await _come(run, _Crowd("burst", wishes, planned=users * times, burst=time_ + 1), idle_s=idle_s)


async def load(run: Run, rates: Sequence[float], *, seconds: float) -> None:
    """Users who come at random, for so long at each rate (a second); then wait for those who are still waiting."""
    planned = sum(_count(rate, seconds) for rate in rates)
    for number, rate in enumerate(rates):
        first = _FIRST["load"] + number * _RATES_APART
        offsets_s = arrivals(rate, seconds, seed=f"{run.trips.seed} {rate:g}")
        wishes = [(offset_s, run.trips.wish(first + user)) for user, offset_s in enumerate(offsets_s)]
        await _come(run, _Crowd("load", wishes, planned=planned, rate=rate))


def arrivals(rate: float, seconds: float, *, seed: str) -> list[float]:
    """When users come, in seconds: a Poisson process, given that `rate * seconds` (rounded) come.

    Given their number, the arrivals of a Poisson process are as so many independent uniform times, sorted (Ross,
    "Stochastic Processes", theorem 2.3.1). To fix the number makes the rate offered the rate asked for.
    """
    dice = random.Random(seed)
    return sorted(dice.uniform(0, seconds) for _ in range(_count(rate, seconds)))


def _count(rate: float, seconds: float) -> int:
    return max(1, round(rate * seconds))


# --- one request after the other, or each at its time ---------------------------------------------------------------


async def _one_by_one(run: Run, regime: str, wishes: Sequence[Wish]) -> None:
    patience = _Patience()
    async with run.client(kept=True) as client:
        for number, wish in enumerate(wishes, 1):
            record = await client.ask(wish, regime)
            run.note(record, len(wishes))
            patience.note(record)
            if patience.why:
                run.leave_out(regime, wishes[number:], patience.why, len(wishes))
                return


@dataclass(frozen=True)
class _Crowd:
    """Users who come at their times, whatever becomes of the others.

    Parameters
    ----------
    regime : in which they come; rate, burst : for their records.
    users : after how many seconds each comes, and with which wish.
    planned : users of the whole regime.
    """

    regime: str
    users: Sequence[tuple[float, Wish]]
    planned: int
    rate: float | None = None
    burst: int | None = None


async def _come(run: Run, crowd: _Crowd, *, idle_s: float = 0.0) -> None:
    """Let them come after a quiet, and wait for all; none is sent to a target that is dead before.

    Nothing is given up once they come: what does not depend on the answers takes no longer when there are none.
    """

    def note(record: Record) -> None:
        run.note(replace(record, rate=crowd.rate, burst=crowd.burst), crowd.planned)

    if dead := await _prime(run, crowd.regime):
        for offset_s, wish in crowd.users:
            note(run.not_sent(crowd.regime, wish, dead, after_s=offset_s))
        return
    await asyncio.sleep(idle_s)
    async with run.client() as client, asyncio.TaskGroup() as tasks:
        began = client.now_s + _READY_S

        async def one(offset_s: float, wish: Wish) -> None:
            note(await client.ask(wish, crowd.regime, due_s=began + offset_s))

        for offset_s, wish in crowd.users:
            tasks.create_task(one(offset_s, wish))


async def _prime(run: Run, regime: str) -> str:
    """Ask for the popular trips, so that each unit keeps them; why the target is dead, else nothing."""
    kept = 0  # so many times in a row without a search
    async with run.client() as client:
        for round_ in range(ROUNDS):
            first = round_ % POPULAR
            origins = []
            for wish in (*run.trips.popular[first:], *run.trips.popular[:first]):
                record, dead = await _answered(client, wish, regime)
                if dead:
                    return dead
                origins.append(record.origin)
            kept = 0 if "solved" in origins else kept + 1
            if kept == KEPT_ROUNDS or not any(origins):  # nobody says, or nothing is right: more would tell no more
                break
    return ""


async def _answered(client: Client, wish: Wish, regime: str) -> tuple[Record, str]:
    """Ask until there is an answer, whatever it says; and why there is none of a target that refuses or is silent."""
    patience = _Patience()
    while True:
        record = await client.ask(wish, regime)
        patience.note(record)
        if record.status or patience.why or record.error == TIMEOUT:
            return record, "" if record.status else patience.why or record.error
        await asyncio.sleep(_PAUSE_S)


class _Patience:
    """Notices a target that is dead: so many failures in a row."""

    def __init__(self) -> None:
        self._failed = self._silent = 0
        self.why = ""  # it is over

    def note(self, record: Record) -> None:
        """Look at a record."""
        silent = record.error == TIMEOUT
        self._silent = self._silent + 1 if silent else 0
        self._failed = self._failed + 1 if not record.status else 0
        if self._silent >= TIMEOUTS_IN_A_ROW or self._failed >= FAILURES_IN_A_ROW:
            count = self._silent if silent else self._failed
            self.why = f"{record.error}, {count} times in a row"
