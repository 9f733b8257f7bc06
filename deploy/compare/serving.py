"""What happens to a request at each kind of target: who takes it, what it waits for, when it is turned away."""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol

import simpy

from deploy.compare.scaling import PERIOD_S, Scaling
from deploy.setup import Ec2, Fargate, Lambda

#: Why requests fail, in words for the report.
TURNED_AWAY = "turned away after its patience"
GIVEN_UP = "given up by what is in front"
REFUSED = "refused, too many wait already"
THROTTLED = "throttled"
LOST = "lost with its task"

#: Connections that gunicorn holds for its threads (`worker_connections`), and that the kernel holds for it (`backlog`).
_BACKLOG = 1000 + 2048
#: What is in front of a function waits so long: https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html;
#: a function URL waits as long as the function may take.
_GATEWAY_S = {"http": 30.0, "rest": 29.0, "url": 900.0}
#: A function may get so many sandboxes more in so many seconds; what is not used of it is not kept for later.
#: https://docs.aws.amazon.com/lambda/latest/dg/scaling-behavior.html
_SANDBOXES, _SANDBOXES_S = 1000, 10.0
#: So long a task that is to go may still work on what it has (`deregistration_delay` of our template), and is paid for.
_DRAINING_S = 45.0


class Ledger:
    """What becomes of each request, by its number.

    Parameters
    ----------
    environment : the clock.
    works_s : how long each is worked on, in seconds.
    needs_slot : whether it must search.
    crowded_s : how long each is worked on while its machine works on others, too; default: as long.
    trips : for requests that were asked before, which popular trip each is for; -1: it is new. Default: all are new, or
        kept everywhere.
    anew_s : how long each is worked on where it was asked before, but not the unit that it comes to.
    """

    def __init__(
        self,
        environment: simpy.Environment,
        works_s: Sequence[float],
        needs_slot: Sequence[bool],
        crowded_s: Sequence[float] = (),
        trips: Sequence[int] = (),
        anew_s: Sequence[float] = (),
    ) -> None:
        count = len(works_s)
        self.environment = environment
        self.works_s = list(works_s)
        self.crowded_s = list(crowded_s or works_s)
        self.spent_s = list(works_s)
        self.needs_slot = list(needs_slot)
        self._trips = trips or [-1] * count
        self._anew_s = anew_s
        self.came_s = [0.0] * count
        self.began_s = [math.nan] * count
        self.ended_s = [math.nan] * count
        self.failed = [""] * count
        self.billed_s = [0.0] * count

    def meet(self, number: int, kept: set[int]) -> None:
        """A request meets what its unit keeps: a popular trip that is not among it is searched for like a new one."""
        if self._trips[number] >= 0 and self._trips[number] not in kept:
            self.needs_slot[number] = True
            self.works_s[number] = self.crowded_s[number] = self._anew_s[number]

    def keep(self, number: int, kept: set[int]) -> None:
        """Its unit keeps the answer from now on."""
        if self._trips[number] >= 0:
            kept.add(self._trips[number])

    def end(self, number: int, reason: str = "", *, front_s: float = math.inf) -> None:
        """It is over with a request, unless it was before; what is in front has waited no longer than `front_s`."""
        if not math.isnan(self.ended_s[number]):
            return
        given_up_s = self.came_s[number] + front_s
        self.ended_s[number] = min(self.environment.now, given_up_s)
        self.failed[number] = GIVEN_UP if self.environment.now > given_up_s else reason


class Gauge:
    """How many units are there, over time; counts from a time on."""

    def __init__(self, from_s: float, until_s: float, units: int) -> None:
        self._from_s, self._until_s = from_s, until_s
        self._units, self._at_s = units, from_s
        self.steps = [(from_s, units)]
        self.peak = units
        self.sum_s = 0.0

    def note(self, at_s: float, units: int) -> None:
        """There are so many from now on."""
        if at_s < self._from_s:
            self._units, self.peak = units, units
            self.steps = [(self._from_s, units)]
            return
        at_s = min(at_s, self._until_s)
        self.sum_s += self._units * (at_s - self._at_s)
        self._units, self._at_s = units, at_s
        self.peak = max(self.peak, units) if at_s < self._until_s else self.peak
        if self.steps[-1][0] == at_s:
            self.steps[-1] = (at_s, units)
        elif self.steps[-1][1] != units:
            self.steps.append((at_s, units))

    def total_s(self) -> float:
        """Seconds of all units, until the end."""
        self.note(self._until_s, self._units)
        return self.sum_s


class Target(Protocol):
    """Takes requests."""

    gauge: Gauge

    def take(self, number: int) -> None:
        """A request has come."""


@dataclass
class Machine:
    """What processes share: how many requests are worked on at it now."""

    busy: int = 0


class Process:
    """A server process: threads that take requests, first come, first served, and slots in which they search.

    A request that needs a slot waits for it with its thread, which keeps others out: so does the app, whose threads are
    fewer than those who may wait. One whose client has gone is worked on all the same, since nobody tells the thread.

    Parameters
    ----------
    ledger : of the requests.
    searches, threads : how many.
    patience_s : so long one waits for a slot.
    front_s : so long waits what is in front, from when the request came.
    machine : that it shares with others; default: one of its own.
    kept : popular trips whose answers it has.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        searches: int,
        threads: int,
        patience_s: float,
        front_s: float = math.inf,
        machine: Machine | None = None,
        kept: Iterable[int] = (),
    ) -> None:
        self._ledger = ledger
        self._machine = machine or Machine()
        self._kept = set(kept)
        self._timeout = ledger.environment.timeout
        self._searches, self._slots = searches, searches
        self._threads = threads
        self._patience_s, self._front_s = patience_s, front_s
        self._backlog: deque[int] = deque()
        self._waiting: OrderedDict[int, None] = OrderedDict()
        self.inside: set[int] = set()
        self._busy = 0
        self._busy_s = 0.0
        self._since_s = ledger.environment.now

    def take(self, number: int) -> None:
        """A request has come."""
        if len(self._backlog) >= _BACKLOG:
            self._ledger.end(number, REFUSED)
            return
        self.inside.add(number)
        if self._threads:
            self._threads -= 1
            self._begin(number)
        else:
            self._backlog.append(number)

    def worked_s(self) -> float:
        """Seconds of work of all slots since it was last asked, in slots of search."""
        self._work(0)
        worked, self._busy_s = self._busy_s, 0.0
        return worked

    def _begin(self, number: int) -> None:
        self._ledger.meet(number, self._kept)
        if not self._ledger.needs_slot[number]:
            self._run(number)
        elif self._slots:
            self._slots -= 1
            self._run(number)
        else:
            self._waiting[number] = None
            if self._patience_s < math.inf:
                _after(self._timeout(self._patience_s, number), self._turn_away)

    def _run(self, number: int) -> None:
        ledger = self._ledger
        times_s = ledger.crowded_s if self._machine.busy else ledger.works_s
        self._work(+1)
        ledger.began_s[number], ledger.spent_s[number] = ledger.environment.now, times_s[number]
        _after(self._timeout(times_s[number], number), self._done)

    def _done(self, event: simpy.Event) -> None:
        number: int = event.value
        self._work(-1)
        self._ledger.keep(number, self._kept)
        if self._ledger.needs_slot[number]:
            if self._waiting:
                self._run(self._waiting.popitem(last=False)[0])
            else:
                self._slots += 1
        self._leave(number, "")

    def _turn_away(self, event: simpy.Event) -> None:
        number: int = event.value
        if number in self._waiting:
            del self._waiting[number]
            self._leave(number, TURNED_AWAY)

    def _leave(self, number: int, reason: str) -> None:
        self.inside.discard(number)
        self._ledger.end(number, reason, front_s=self._front_s)
        if self._backlog:
            self._begin(self._backlog.popleft())
        else:
            self._threads += 1

    def _work(self, more: int) -> None:
        now = self._ledger.environment.now
        # what needs no slot may run beside them, but there is no more than all of the processors
        self._busy_s += min(self._busy, self._searches) * (now - self._since_s)
        self._busy += more
        self._machine.busy += more
        self._since_s = now


class Instance:
    """EC2: processes on one machine; each request goes to the one that has fewest.

    They have run for long and keep their answers in one store, so all popular trips are known.
    """

    def __init__(self, ledger: Ledger, setup: Ec2, gauge: Gauge, *, kept: Iterable[int] = ()) -> None:
        self.gauge = gauge
        machine = Machine()
        self._processes = [
            Process(
                ledger,
                searches=math.ceil(setup.searches / setup.processes),
                threads=setup.threads,
                patience_s=setup.patience_s,
                front_s=setup.front_s,
                machine=machine,
                kept=kept,
            )
            for _ in range(setup.processes)
        ]

    def take(self, number: int) -> None:
        """A request has come."""
        at = self._processes
        one = at[0] if len(at) == 1 else min(at, key=lambda process: len(process.inside))
        if len(at) > 1:  # of those that have as many, the one that had none for longest
            at.remove(one)
            at.append(one)
        one.take(number)


class Function:
    """Lambda: a sandbox for each request at a time; the one that was used last is taken first.

    A new one keeps no answers.

    Parameters
    ----------
    colds : extra seconds of first requests, and what is billed of them.
    random : draws from them.
    """

    def __init__(
        self, ledger: Ledger, setup: Lambda, gauge: Gauge, *, colds: Sequence[tuple[float, float]], random: Random
    ) -> None:
        self.gauge = gauge
        self._ledger, self._setup = ledger, setup
        self._colds, self._random = colds, random
        self._front_s = _GATEWAY_S[setup.gateway]
        self._idle: deque[tuple[float, set[int]]] = deque()  # since when, rising, and what it keeps
        self._busy = 0
        self._may_start = float(_SANDBOXES)
        self._refilled_s = ledger.environment.now

    def take(self, number: int) -> None:
        """A request has come."""
        ledger, now = self._ledger, self._ledger.environment.now
        while self._idle and self._idle[0][0] < now - self._setup.keep_s:
            self._idle.popleft()
        extra_s = billed_s = 0.0
        kept: set[int] = set()
        if self._busy < self._setup.concurrency and self._idle:
            _, kept = self._idle.pop()
        elif self._busy < self._setup.concurrency and self._start(now):
            extra_s, billed_s = self._random.choice(self._colds)
        else:
            ledger.end(number, THROTTLED)
            return
        self._busy += 1
        self.gauge.note(now, self._busy + len(self._idle))
        ledger.began_s[number] = now
        ledger.meet(number, kept)
        works_s = ledger.spent_s[number] = ledger.works_s[number]
        # rounded up to a millisecond, the start included: https://aws.amazon.com/lambda/pricing/
        ledger.billed_s[number] = math.ceil((works_s + billed_s) * 1000 - 1e-6) / 1000
        _after(ledger.environment.timeout(works_s + extra_s, (number, kept)), self._done)

    def _start(self, now: float) -> bool:
        refilled = self._may_start + (now - self._refilled_s) * _SANDBOXES / _SANDBOXES_S
        self._may_start, self._refilled_s = min(refilled, _SANDBOXES), now
        if self._may_start < 1:
            return False
        self._may_start -= 1
        return True

    def _done(self, event: simpy.Event) -> None:
        ledger = self._ledger
        number, kept = event.value
        self._busy -= 1
        ledger.keep(number, kept)
        self._idle.append((ledger.environment.now, kept))
        ledger.end(number, front_s=self._front_s)


class Tasks:
    """Fargate: tasks behind a load balancer that knows which has fewest requests, and the rules of their number.

    Parameters
    ----------
    tasks : that run at the beginning, and have for long.
    kept : popular trips, whose answers these keep; a new task keeps none.
    until_s : from then on the rules rest.
    load : share of its processors that a task uses while all its slots are taken.
    starts : seconds from a task's container to its first request; random : draws from them.
    """

    def __init__(
        self,
        ledger: Ledger,
        setup: Fargate,
        gauge: Gauge,
        *,
        tasks: int,
        kept: Iterable[int] = (),
        until_s: float,
        load: float,
        starts: Sequence[float],
        random: Random,
    ) -> None:
        self.gauge = gauge
        self._ledger, self._setup, self._random, self._starts = ledger, setup, random, starts
        self._environment = ledger.environment
        self._load, self._until_s = load, until_s
        self._scaling = Scaling(setup)
        self._desired = self._paid = tasks
        self._coming = 0
        self._not_needed = 0
        self._in_minute = 0
        self._tasks: list[Process] = []
        self._since_s: dict[Process, float] = {}
        for _ in range(tasks):
            self._join(kept)
        self._environment.process(self._minutes())

    def take(self, number: int) -> None:
        """A request has come."""
        self._in_minute += 1
        task = min(self._tasks, key=lambda one: len(one.inside))
        self._tasks.remove(task)
        self._tasks.append(task)
        task.take(number)

    def _minutes(self) -> Any:
        while self._environment.now + PERIOD_S <= self._until_s:
            yield self._environment.timeout(PERIOD_S)
            self._scale()

    def _scale(self) -> None:
        now, running = self._environment.now, len(self._tasks)
        worked_s = sum(task.worked_s() for task in self._tasks)
        could_s = sum(min(now - self._since_s[task], PERIOD_S) for task in self._tasks) * self._setup.searches
        wanted = self._scaling.desired(
            now,
            desired=self._desired,
            running=running,
            cpu_percent=100 * self._load * worked_s / could_s if could_s else 0.0,
            requests=self._in_minute / running if self._in_minute else None,
        )
        self._in_minute = 0
        for _ in range(wanted - self._desired):
            self._order()
        for _ in range(self._desired - wanted):
            self._remove()
        self._desired = wanted

    def _order(self) -> None:
        self._coming += 1
        self._pay(+1)
        start_s = self._setup.provisioning_s + (self._random.choice(self._starts) if self._starts else 0.0)
        _after(self._environment.timeout(start_s), self._arrived)

    def _arrived(self, _: simpy.Event) -> None:
        if self._not_needed:
            self._not_needed -= 1
            return
        self._coming -= 1
        self._join()

    def _join(self, kept: Iterable[int] = ()) -> None:
        setup = self._setup
        task = Process(
            self._ledger,
            searches=setup.searches,
            threads=setup.threads,
            patience_s=setup.patience_s,
            front_s=setup.front_s,
            kept=kept,
        )
        self._since_s[task] = self._environment.now
        self._tasks.append(task)

    def _remove(self) -> None:
        """One that is not there yet, or else the youngest; it gets no more requests and may finish what it has."""
        if self._coming:
            self._coming -= 1
            self._not_needed += 1
            self._pay(-1)
            return
        task = max(self._tasks, key=lambda one: self._since_s[one])
        self._tasks.remove(task)
        _after(self._environment.timeout(_DRAINING_S, task), self._drained)

    def _drained(self, event: simpy.Event) -> None:
        task: Process = event.value
        del self._since_s[task]
        for number in sorted(task.inside):
            self._ledger.end(number, LOST)
        self._pay(-1)

    def _pay(self, more: int) -> None:
        self._paid += more
        self.gauge.note(self._environment.now, self._paid)


def _after(event: simpy.Event, do: Any) -> None:
    assert event.callbacks is not None  # noqa: S101 - an event that was just made has not happened yet
    event.callbacks.append(do)
