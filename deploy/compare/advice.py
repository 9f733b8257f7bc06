"""What to take: the cheapest target that is fast enough for a month's traffic, and where that changes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from deploy.compare import words
from deploy.compare.cost import other_processor
from deploy.compare.months import cell_of
from deploy.compare.plain import plain, restored
from deploy.compare.simulation import Service
from deploy.compare.summary import Cell, Summary, Target
from deploy.prices import NoPrice
from deploy.setup import Fargate, Lambda, Setup

#: A target that fails more of its requests than this is no answer at any price.
FAILED_SHARE = 0.001
#: Bills closer than this are called the same: neither prices nor traffic are known better.
TIE = 0.02
#: Requests a month among which the advice looks for where it changes, where the summary has no months of its own.
GRID = (1e4, 1e5, 1e6, 1e7, 1e8)
#: How exactly it says where: a factor, as traffic is not known better.
EXACT = 1.15

#: A month of so many requests at a target, simulated and priced.
Month = Callable[[Target, float], Cell]


@dataclass(frozen=True)
class Verdict:
    """What speaks for or against one target.

    Parameters
    ----------
    target : its name; what : what it is made of, in words.
    cell : its simulated month.
    usd : of that month, with or without the free tier as asked; None where a price is missing.
    feasible : whether it is fast enough, fails hardly anybody and has a price.
    reason : why it is taken or not.
    help : what would make it do more.
    """

    target: str
    what: str
    cell: Cell
    usd: float | None
    feasible: bool
    reason: str
    help: str


@dataclass(frozen=True)
class Change:
    """Where another target becomes the one to take.

    Parameters
    ----------
    requests : a month, within `EXACT`.
    below, above : what to take with fewer and with more; None: nothing will do.
    why_below, why_above : the reasons.
    """

    requests: float
    below: str | None
    above: str | None
    why_below: str
    why_above: str


@dataclass(frozen=True)
class Advice:
    """What to take for a month's traffic and a patience.

    Parameters
    ----------
    requests_per_month, p99_ms, trace, free_tier, arch : what was asked.
    take : name of the target; None: none will do.
    text : the answer in sentences.
    verdicts : of each target: those that will do by price, then the others, the nearest first.
    changes : with less and with more traffic, rising.
    label : where the figures come from.
    """

    requests_per_month: float
    p99_ms: float
    trace: str
    free_tier: bool
    arch: str | None
    take: str | None
    text: str
    verdicts: tuple[Verdict, ...]
    changes: tuple[Change, ...]
    label: str

    def as_json(self) -> dict[str, Any]:
        """As JSON values."""
        found: dict[str, Any] = plain(self)
        return found

    def table(self) -> str:
        """The answer, why each target is taken or not, and where it changes, as lines for a terminal."""
        rows = [("target", "USD a month", "p99", "failed", "why")]
        rows += [
            (
                one.target,
                words.usd(one.usd),
                words.quantile(one.cell.p99_ms, one.cell.failed_share),
                words.share(one.cell.failed_share),
                one.reason,
            )
            for one in self.verdicts
        ]
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        lines = [self.text, "", f"{self.trace}, {self.requests_per_month:,.0f} requests a month ({self.label}):"]
        for first, *numbers, why in rows:
            cells = [
                first.ljust(widths[0]),
                *(text.rjust(width) for text, width in zip(numbers, widths[1:], strict=True)),
            ]
            lines.append("  " + "  ".join([*cells, why]))
        lines += [""] if self.changes else []
        lines += [
            f"  at {words.amount(one.requests)} requests a month: {one.below or 'nothing'} -> {one.above or 'nothing'}"
            f", {one.why_above}"
            for one in self.changes
        ]
        return "\n".join(lines)


def advise(
    summary: Summary,
    requests_per_month: float,
    p99_ms: float,
    *,
    trace: str = "hiking",
    free_tier: bool = False,
    arch: str | None = None,
    month: Month | None = None,
) -> Advice:
    """Say what to take.

    Parameters
    ----------
    summary : of a comparison.
    requests_per_month : traffic.
    p99_ms : what the slowest 1 % may wait, in milliseconds.
    trace : shape of the traffic, one of those of `deploy.compare.traffic`.
    free_tier : whether what is always free is taken off.
    arch : buy "x86_64" or "arm64" instead of what was measured, at the speed that was measured.
    month : simulates a month; default: `simulated`, which several questions may share.

    Raises
    ------
    ValueError : a number or name makes no sense, a price is not known, or nothing in the summary can be simulated.
    """
    for value, name, right in ((requests_per_month, "requests per month", "1000000"), (p99_ms, "p99 ms", "2000")):
        if not (value > 0 and math.isfinite(value)):
            raise ValueError(f"{name} is {value:g}, want a number above 0 such as {right}")
    targets = [made for one in summary.targets if (made := bought(one, arch)) is not None]
    if not targets:
        raise ValueError("the summary has no target to simulate: each is dead, or its setup or its times are not known")
    question = _Question(targets, p99_ms, free_tier, month or simulated(summary, trace))
    verdicts = question.verdicts(requests_per_month)
    known = {one.requests for one in summary.months if one.trace == trace}
    grid = sorted((known or set(GRID)) | {requests_per_month})
    changes = tuple(change for low, high in pairwise(grid) for change in question.changes(low, high))
    return Advice(
        requests_per_month=requests_per_month,
        p99_ms=p99_ms,
        trace=trace,
        free_tier=free_tier,
        arch=arch,
        take=verdicts[0].target if verdicts[0].feasible else None,
        text=_text(verdicts, changes, (requests_per_month, p99_ms), trace=trace, label=summary.about.label, ends=grid),
        verdicts=tuple(verdicts),
        changes=changes,
        label=summary.about.label,
    )


def bought(target: Target, arch: str | None) -> Target | None:
    """The target with this architecture, as fast as it was measured; None where it cannot be simulated.

    Raises
    ------
    ValueError : there is no such instance.
    """
    if target.setup is None or not target.service or not target.alive:
        return None
    if arch is None or target.setup.arch == arch:
        return target
    return replace(target, setup=other_processor(target.setup))


def newest(folder: Path) -> Path:
    """The newest published summary, `bench/results/VERSION/comparison/summary.json` in a checkout.

    Raises
    ------
    ValueError : there is none.
    """
    found = sorted(folder.glob("bench/results/*/comparison/summary.json"), key=_version)
    if not found:
        raise ValueError(
            "no comparison is published here: make one by `python -m deploy.compare --local`, or name its summary.json "
            "by --from"
        )
    return found[-1]


def _version(file: Path) -> list[int]:
    return [int(part) if part.isdigit() else 0 for part in file.parts[-3].split(".")]


def simulated(summary: Summary, trace: str = "hiking") -> Month:
    """Months of this traffic at the summary's targets: its own, and others simulated, each once.

    Raises
    ------
    ValueError : (when a month is asked for) the name of the trace, what a target is made of, or a price is not known.
    """
    setups = {one.name: one.setup for one in summary.targets}
    known = {(one.target, setups.get(one.target), one.requests): one for one in summary.months if one.trace == trace}

    def month(target: Target, requests: float) -> Cell:
        key = (target.name, target.setup, requests)
        if key not in known:
            known[key] = _simulated(target, requests, trace=trace, seed=summary.about.seed or 0)
        return known[key]

    return month


def _simulated(target: Target, requests: float, *, trace: str, seed: int) -> Cell:
    if target.setup is None:
        raise ValueError(f"what {target.name} is made of is not said")
    service = restored(Service, target.service, f"service of {target.name}")
    try:
        return cell_of(target.name, target.setup, service, trace=trace, requests_per_month=requests, seed=seed)
    except NoPrice as error:
        raise ValueError(str(error)) from None


@dataclass(frozen=True)
class _Question:
    """What is asked, whatever the traffic."""

    targets: Sequence[Target]
    p99_ms: float
    free_tier: bool
    month: Callable[[Target, float], Cell]

    def verdicts(self, requests: float) -> list[Verdict]:
        """Of all targets: those that will do by price, then the others, the nearest first."""
        judged = sorted((self._verdict(one, requests) for one in self.targets), key=_rank)
        best = judged[0]
        return [replace(one, reason=_compared(one, best)) if one.feasible else one for one in judged]

    def changes(self, low: float, high: float) -> Iterator[Change]:
        """Between two amounts of traffic."""
        below, above = _take(self.verdicts(low)), _take(self.verdicts(high))
        if below == above:
            return
        if high <= low * EXACT:
            point = math.sqrt(low * high)
            why = _why(below, above, self.verdicts(low)), _why(above, below, self.verdicts(high))
            yield Change(point, below, above, *why)
            return
        middle = math.sqrt(low * high)
        yield from self.changes(low, middle)
        yield from self.changes(middle, high)

    def _verdict(self, target: Target, requests: float) -> Verdict:
        cell = self.month(target, requests)
        usd = cell.usd_free_tier if self.free_tier else cell.usd
        reason = ""
        if cell.failed_share > FAILED_SHARE:
            reason = f"fails {_failing(cell.failed_share)}" + _reasons(cell)
        elif cell.p99_ms is None or cell.p99_ms > self.p99_ms:
            reason = f"too slow: the slowest 1 % wait {words.time(cell.p99_ms)} or more"
        elif usd is None:
            reason = "no price is known"
        return Verdict(target.name, words.setup(target.setup), cell, usd, not reason, reason, _help(target.setup))


def _doubt(cell: Cell) -> str:
    """What speaks against a month that will do on the whole: a single draw of it that fails too many."""
    most = cell.failed_high
    return f"; one of its {cell.seeds} draws fails {_failing(most)}" if most and most > FAILED_SHARE else ""


def _failing(share: float) -> str:
    """A share that is too much, and does not read as if it were not."""
    said = words.share(share)
    return f"more than {said}" if said == words.share(FAILED_SHARE) else said


def _reasons(cell: Cell) -> str:
    said = [f"{what} {words.share(part)}" for what, part in cell.reasons.items() if part]
    return f" ({', '.join(said)})" if said else ""


def _rank(verdict: Verdict) -> tuple[bool, bool, float, float]:
    """By price where it will do; by what it lacks where not: those that fail nobody first, by how slow they are."""
    if verdict.feasible:
        return False, False, verdict.usd or 0.0, verdict.cell.p99_ms or 0.0
    fails, p99_ms = verdict.cell.failed_share, verdict.cell.p99_ms
    if fails > FAILED_SHARE or p99_ms is None:
        return True, True, fails, 0.0
    return True, False, p99_ms, verdict.usd or 0.0


def _take(verdicts: Sequence[Verdict]) -> str | None:
    return verdicts[0].target if verdicts[0].feasible else None


def _compared(verdict: Verdict, best: Verdict) -> str:
    """Why one that will do is taken or not."""
    doubt = _doubt(verdict.cell)
    if verdict is best:
        return f"the cheapest that is fast enough{doubt}"
    more = (verdict.usd or 0.0) - (best.usd or 0.0)
    if more <= TIE * (best.usd or 0.0):
        return f"as cheap within {words.share(TIE)}{doubt}"
    return f"dearer by {words.usd(more)} USD{doubt}"


def _why(take: str | None, leave: str | None, verdicts: Sequence[Verdict]) -> str:
    """Why one is taken there and the other left."""
    if take is None:
        left = next(one for one in verdicts if one.target == leave)
        return f"as {leave} {_said(left)}"
    left = next((one for one in verdicts if one.target == leave), verdicts[0])
    if leave is None or left.feasible:
        return "which is cheaper" if leave else "which will do"
    return f"as {leave} {_said(left)}"


def _said(verdict: Verdict) -> str:
    return f"is {verdict.reason}" if verdict.reason.startswith("too slow") else verdict.reason


def _text(
    verdicts: Sequence[Verdict],
    changes: Sequence[Change],
    asked: tuple[float, float],
    *,
    trace: str,
    label: str,
    ends: Sequence[float],
) -> str:
    requests, p99_ms = asked
    best = verdicts[0]
    said = [f"For {requests:,.0f} requests a month ({trace}) and {words.time(p99_ms)} of patience"]
    if best.feasible:
        said[0] += (
            f" take {best.target} ({best.what}): it costs {words.usd(best.usd)} USD a month and the slowest 1 % wait "
            f"{words.time(best.cell.p99_ms)} or more{_doubt(best.cell)}."
        )
        ties = [one.target for one in verdicts[1:] if one.feasible and one.reason.startswith("as cheap")]
        said += (
            [f"{' and '.join(ties)} cost{'s' * (len(ties) == 1)} the same within {words.share(TIE)}."] if ties else []
        )
    else:
        said[0] += f" none of the {len(verdicts)} will do."
        said += [
            f"{best.target} comes nearest, at {words.usd(best.usd)} USD a month, but {_said(best)}.",
            _remedy(best),
        ]
    less = [one for one in changes if one.requests <= requests]
    more = [one for one in changes if one.requests > requests]
    said += [
        f"From {words.amount(one.requests)} requests a month on "
        + (f"take {one.above}, {one.why_above}." if one.above else f"none will do, {one.why_above}.")
        for one in more[:2]
    ]
    if less:
        one = less[-1]
        said.append(
            f"Below {words.amount(one.requests)} "
            + (f"take {one.below}, {one.why_below}." if one.below else f"none will do, {one.why_below}.")
        )
    if not changes:
        said.append(
            f"With these sizes, such traffic and such patience that does not change from {words.amount(ends[0])} to "
            f"{words.amount(ends[-1])} requests a month."
        )
    return " ".join([*said, f"All of it simulated from times of {label}."])


def _remedy(verdict: Verdict) -> str:
    """What would make the nearest one do."""
    cell = verdict.cell
    patience = f"{words.time(cell.p99_ms)} of patience or " if cell.failed_share <= FAILED_SHARE and cell.p99_ms else ""
    return f"It would take {patience}{verdict.help} (which is not simulated)."


def _help(setup: Setup | None) -> str:
    if isinstance(setup, Lambda):
        return "more memory, sandboxes kept warm, a higher limit of them or trips that search for less (`time_limit_s`)"
    if isinstance(setup, Fargate):
        return f"larger tasks, more than {setup.min_tasks} to {setup.max_tasks} of them or trips that search for less"
    return "a larger instance or trips that search for less (`time_limit_s`)"
