"""How a target is asked: cold, warm, in bursts, and under load.

* cold: it is started anew, then one trip over a new connection, and again. Whether the request really was a process's
  first one the answer says itself.
* warm: one trip after the other, by one user whose connection is kept.
* burst: nothing for a while, then many users at the same instant.
* load: users come at random, so many a second, and none waits for another (an open loop): each request is sent when it
  is due, however slow the answers before it are, and its time counts from then. So what stalls is seen by all who come
  meanwhile, and not by one alone (coordinated omission; Tene, "How not to measure latency", 2013).
* sweep: one trip after the other, for each memory size of a function.

Before all but the cold ones the popular trips are asked for once; that is not measured, and shows whether the target
lives. One that is dead costs a record, with an `error` that says so, for each regime and each rate of a load. One that
dies within a regime is given up after a few failures, and each request that was not sent then is a failed one.
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
from deploy.compare.record import REGIMES, Record
from deploy.compare.trips import WISHES, Trips, Wish

#: Starts a target anew and returns the seconds until it takes requests; raises OSError or `Failed`.
Renew = Callable[[], float]
OnRecord = Callable[[Record], None]
#: Told the regime and how many requests are done and planned.
Progress = Callable[[str, int, int], None]

#: A target is given up after so many connections in a row that failed, or answers that never came.
FAILURES_IN_A_ROW = 10
TIMEOUTS_IN_A_ROW = 3

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

    def failed(self, regime: str, error: str, *, wish: Wish | None = None, rate: float | None = None) -> Record:
        """A record of what was not sent, and why."""
        now_s = round(time.monotonic() - self.began, 6)
        kind, number = (wish.kind, wish.number) if wish else ("", None)
        date = datetime.now(UTC).isoformat(timespec="milliseconds")
        return Record(self.name, regime, kind, now_s, now_s, 0.0, 0, error, rate, wish=number, date=date, **self.about)


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
                _leave_out(run, "cold", wishes[number:], f"it cannot be started anew: {error}", count)
                return
            record = await client.ask(wish, "cold")
            run.note(replace(record, platform={**record.platform, "renew_s": round(renew_s, 3)}), count)
            patience.note(record)
            if patience.why:
                _leave_out(run, "cold", wishes[number + 1 :], patience.why, count)
                return


async def warm(run: Run, count: int) -> None:
    """One trip after the other, over a connection that is kept."""
    wishes = [run.trips.wish(_FIRST["warm"] + number) for number in range(count)]
    if await _lives(run, "warm", count):
        await _one_by_one(run, "warm", wishes)


async def sweep(run: Run, count: int) -> None:
    """A first short trip, then one new trip after the other, each kind in turn."""
    first, kinds = _FIRST["sweep"], list(WISHES)
    wishes = [run.trips.wish(first, "short")]
    wishes += [run.trips.wish(first + number, kinds[(number - 1) % len(kinds)]) for number in range(1, count + 1)]
    await _one_by_one(run, "sweep", wishes)


async def burst(run: Run, users: int, *, times: int = 1, idle_s: float = 0.0) -> None:
    """Nothing for `idle_s`, then all users at the same instant, each over a new connection; `times` times."""
    planned = users * times
    for time_ in range(times):
        if not await _lives(run, "burst", planned):
            return
        await asyncio.sleep(idle_s)
        first = _FIRST["burst"] + time_ * users
        await _at_their_times(
            run, "burst", [(0.0, first + number) for number in range(users)], planned, burst=time_ + 1
        )


async def load(run: Run, rates: Sequence[float], *, seconds: float) -> None:
    """Users who come at random, for so long at each rate (a second); then wait for those who are still waiting."""
    planned = sum(_count(rate, seconds) for rate in rates)
    for number, rate in enumerate(rates):
        if not await _lives(run, "load", planned, rate=rate):
            continue
        first = _FIRST["load"] + number * _RATES_APART
        offsets = arrivals(rate, seconds, seed=f"{run.trips.seed} {rate:g}")
        wanted = [(offset, first + number) for number, offset in enumerate(offsets)]
        await _at_their_times(run, "load", wanted, planned, rate=rate)


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
                _leave_out(run, regime, wishes[number:], patience.why, len(wishes))
                return


async def _at_their_times(
    run: Run,
    regime: str,
    wanted: Iterable[tuple[float, int]],
    planned: int,
    *,
    rate: float | None = None,
    burst: int | None = None,
) -> None:
    """Send each (seconds from now, number) when it is due, whatever becomes of the others; wait for all.

    Nothing is given up here: what does not depend on the answers takes no longer when there are none.
    """
    # made before the clock starts: it takes a while
    wishes = [(offset_s, run.trips.wish(number)) for offset_s, number in wanted]
    async with run.client() as client, asyncio.TaskGroup() as tasks:
        began = client.now_s + _READY_S

        async def one(offset_s: float, wish: Wish) -> None:
            record = await client.ask(wish, regime, due_s=began + offset_s, rate=rate)
            run.note(replace(record, burst=burst), planned)

        for offset_s, wish in wishes:
            tasks.create_task(one(offset_s, wish))


def _leave_out(run: Run, regime: str, wishes: Iterable[Wish], why: str, planned: int) -> None:
    for wish in wishes:
        run.note(run.failed(regime, f"not sent: {why}", wish=wish), planned)


async def _lives(run: Run, regime: str, planned: int, *, rate: float | None = None) -> bool:
    """Ask for the popular trips, so that they are kept; a target that takes no connection or is silent is given up."""
    async with run.client() as client:
        for wish in run.trips.popular:
            patience = _Patience()
            while True:
                record = await client.ask(wish, regime)
                if record.status:
                    break
                patience.note(record)
                if patience.why or record.error == TIMEOUT:
                    run.note(run.failed(regime, f"given up: {patience.why or TIMEOUT}", rate=rate), planned)
                    return False
                await asyncio.sleep(_PAUSE_S)
    return True


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
