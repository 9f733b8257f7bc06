"""What a report says, in order. Each table and picture says what its figures are of."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence

from deploy.bill import TRIP_LOG_KB
from deploy.compare import measured, reckoned, words
from deploy.compare.advice import FAILED_SHARE
from deploy.compare.blocks import Block, Code, Section, Table, labelled
from deploy.compare.plots import Picture
from deploy.compare.summary import LOCAL, BreakEven, Summary, Target
from deploy.setup import Lambda

#: The traffic that the answers are of.
TRACE = "hiking"
#: Loops whose scores differ by less, in parts of the best, are as good: a few trips tell no more.
SAME_SCORE = 0.001


def sections(summary: Summary, drawn: Sequence[Picture]) -> list[Section]:
    """The whole report, in order; a section without figures says that there are none."""
    pictures = {one.name: one for one in drawn}
    parts: list[tuple[str, str, Iterator[Block]]] = [
        ("answer", "The answer", _answer(summary)),
        ("targets", "The targets", _targets(summary)),
        ("latency", "How long the answers take", measured.latency(summary, pictures)),
        ("cold", "Cold starts", measured.cold(summary)),
        ("burst", "Bursts", measured.regime_of(summary, "burst", pictures)),
        ("load", "Under load", measured.regime_of(summary, "load", pictures)),
        ("quality", "How good the loops are", measured.quality(summary)),
        ("memory", "A function by its memory", measured.memory(summary, pictures)),
        ("cost", "Cost", reckoned.cost(summary, pictures)),
        ("months", "A month, simulated", reckoned.months(summary, pictures)),
        ("deviation", "How far the simulation is off", reckoned.deviations(summary)),
        ("faults", "What went wrong", measured.faults(summary)),
        ("method", "Method", _method(summary)),
        ("limits", "What it does not show", _limits(summary)),
        ("again", "Run it again", _again(summary)),
    ]
    return [Section(name, title, tuple(blocks) or ("Not measured in this run.",)) for name, title, blocks in parts]


def _answer(summary: Summary) -> Iterator[Block]:
    yield from summary.answer
    yield from _by_price_alone(summary)
    yield from _by_memory(summary)
    dead = [one.name for one in summary.targets if not one.alive]
    if dead:
        yield f"{' and '.join(dead)} did not answer: dead, and in none of the comparisons."
    yield f"All figures are of: {summary.about.label}."


def _by_price_alone(summary: Summary) -> Iterator[str]:
    """Why the answers may differ from where two cost the same."""
    points = reckoned.as_bought(summary)
    if points:
        said = " and ".join(
            f"{one.above} is cheaper than {one.below} from {words.amount(one.requests)} requests a month on"
            + _in_a_month(summary, one)
            for one in points
        )
        yield (
            f"That is of traffic with peaks, and leaves out what is too slow then or fails. By price alone, with "
            f"{reckoned.STEADY}, {said}."
        )


def _in_a_month(summary: Summary, point: BreakEven) -> str:
    """From which simulated month on the cheaper one there fails too many."""
    cells = [one for one in summary.months if (one.target, one.trace) == (point.above, TRACE)]
    failing = [one for one in cells if one.failed_share > FAILED_SHARE]
    if not failing:
        return ""
    first = min(failing, key=lambda one: one.requests)
    return f" (it fails {words.share(first.failed_share)} of the simulated month of {words.amount(first.requests)})"


def _by_memory(summary: Summary) -> Iterator[str]:
    """Whether the function was measured with another memory than would be the one to buy."""
    sizes = [one for one in summary.memory if one.usd_per_million is not None and one.score_share and not one.failed]
    for target in summary.targets:
        mine = [one for one in sizes if one.target == target.name]
        if not isinstance(target.setup, Lambda) or not mine:
            continue
        enough = max(one.score_share or 0.0 for one in mine) - SAME_SCORE
        best = min(
            (one for one in mine if (one.score_share or 0.0) >= enough), key=lambda one: one.usd_per_million or 0.0
        )
        if best.memory_mb != target.setup.memory_mb:
            held = "its stand-in was held to" if summary.about.label == LOCAL else "it was measured with"
            yield (
                f"The {target.setup.memory_mb} MB of {target.name} are what {held}, not a choice: of the sizes in “A "
                f"function by its memory” {best.memory_mb} MB is the cheapest with loops as good within "
                f"{words.share(SAME_SCORE)} ({best.count} trips of each)."
            )


def _targets(summary: Summary) -> Iterator[Block]:
    if summary.targets:
        yield Table(
            labelled(summary, "What was measured, and what would be bought"),
            ("target", "would be bought", "held to", "memory taken, MB", "start of a unit", "commit", "region"),
            [
                (
                    one.name,
                    words.setup(one.setup),
                    one.caps or words.NOTHING,
                    _used(one),
                    _start(one) if one.alive else "dead",
                    one.commit[:12] or words.NOTHING,
                    one.region or words.NOTHING,
                )
                for one in summary.targets
            ],
            "Start of a unit: the median of an instance's boot, a sandbox's or a task's start, and how many were seen. "
            "Memory taken: of a function the most that a process has had, as the platform tells; of the others what a "
            "unit uses after the last request, as the engine tells.",
            words=(0, 1, 2, 5, 6),
        )


def _used(target: Target) -> str:
    if target.memory_used_mb is None and target.memory_mb is None:
        return words.NOTHING
    return f"{words.number(target.memory_used_mb)} of {words.number(target.memory_mb)}"


def _start(target: Target) -> str:
    if not target.start_s:
        return words.NOTHING
    return f"{words.time(1000 * statistics.median(target.start_s))} ({len(target.start_s)})"


def _method(summary: Summary) -> Iterator[Block]:
    about = summary.about
    yield (
        "The same trips are asked of each target, one target after the other, by one client, which tells where it was "
        "late itself. What a user waits counts from when a request was due, not from when it could be sent: a target "
        "that stalls is not spared the requests that pile up meanwhile."
    )
    yield tuple(
        text
        for text in (
            f"Trips: {about.trips}" if about.trips else "",
            "Cold: "
            + (
                "the sandbox and the tasks are made anew, and the services of the instance restarted"
                if about.label == LOCAL
                else "what is there is started anew by the command that was given for it"
            )
            + "; that a process was cold is what its answer says, not what is assumed.",
            "Warm: one request after the other. Burst: all at once, after some quiet. Load: an open loop, Poisson "
            "arrivals.",
            f"Prices: {about.prices}" if about.prices else "",
            "Costs follow from billed seconds and bytes of answers, which were measured, and from what is assumed: a "
            f"request logs {TRIP_LOG_KB:g} kB, and a search keeps the processor that it has busy all the time.",
            "Months are simulated, event by event, from the measured times and the platforms' rules of scaling.",
            "To take: the cheapest of those whose simulated p99 is within the patience and that fail at most "
            f"{words.share(FAILED_SHARE)} of the requests.",
            *about.notes,
        )
        if text
    )


def _limits(summary: Summary) -> Iterator[Block]:
    local = (
        "The platforms themselves: the start of a microVM, its network, the pull of an image; real load balancers, "
        "gateways and the way to a user. What has no stand-in is in the simulation as an assumption.",
        "Processors of AWS: a share of this machine's stands in for theirs, and the other architecture than this "
        "machine's is priced, not measured.",
        "Equal processors for a lone search: at the instance it has a whole one, in a task or a sandbox half of one.",
        "What else runs on this machine shows in its figures.",
        "Trails of your own: these are the small synthetic sample region, in a file; larger ones take more memory and "
        "start slower, and a database or EFS would be further lines of the bill.",
    )
    yield (
        *(
            local
            if summary.about.label == LOCAL
            else ("Other days, other regions, other neighbours of the same machines.",)
        ),
        "Real traffic: the shapes of the simulated months are assumptions, said at each table.",
        "Other sizes: each target has the one that is named, and can take more with a larger instance or more tasks.",
        "The limit of a new account: Lambda may begin with 10 sandboxes at once, where a thousand are simulated.",
        "What people cost: an instance of one's own wants somebody to look after it; no bill has that line.",
        "Prices change, and are of one region.",
    )


def _again(summary: Summary) -> Iterator[Block]:
    about = summary.about
    yield Code(about.command)
    facts = (
        ("date", about.date),
        ("commit", about.commit),
        ("machine", about.machine),
        ("took", words.time(1000 * about.took_s) if about.took_s else ""),
        ("seed", "" if about.seed is None else str(about.seed)),
    )
    yield tuple(f"{name}: {value}" for name, value in facts if value) or ("Where and when is not said.",)
