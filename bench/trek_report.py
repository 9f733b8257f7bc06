"""Lines of measured treks become tables: `bench.treks` says what the methods are."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.report import markdown_table

#: Between these, a page takes the main tables.
BEGIN, END = "<!-- treks measured: begin -->", "<!-- treks measured: end -->"
#: What the methods are called in a table, the one that is measured against the others last.
NAMES = {"split": "best loop, then split", "many": "many loops, then split", "joint": "chosen together"}
JOINT = "joint"
#: Hundredths of a point that make a kilometre of the best trail: points are centimetres.
KM = 100_000 * 100

Line = Mapping[str, Any]


@dataclass(frozen=True)
class Duel:
    """One search by all methods, at the same time and with the same seed. Objectives are in km of the best trail."""

    instance: str
    seed: int
    joint: float | None
    others: float | None  # the better of the others

    @property
    def outcome(self) -> str:
        """How the joint search did beside the better one of the others."""
        if self.joint is None:
            return "none found one" if self.others is None else "only another found one"
        if self.others is None:
            return "only it found one"
        return "equal" if self.joint == self.others else "better" if self.joint > self.others else "worse"


OUTCOMES = ("only it found one", "better", "equal", "worse", "only another found one", "none found one")


def duels(lines: Iterable[Line]) -> list[Duel]:
    """All searches, method against method.

    Raises
    ------
    ValueError : a method is missing, or was measured twice.
    """
    runs: dict[tuple[str, int], dict[str, float | None]] = {}
    for line in lines:
        run = runs.setdefault((line["instance"], line["seed"]), {})
        if line["method"] in run:
            raise ValueError(f"{line['instance']}, seed {line['seed']}: {line['method']} was measured twice")
        run[line["method"]] = line["objective"] / KM if line["found"] else None
    told = []
    for (instance, seed), run in runs.items():
        if run.keys() != NAMES.keys():
            raise ValueError(f"{instance}, seed {seed}: measured are {sorted(run)}, want {sorted(NAMES)}")
        others = [value for method, value in run.items() if method != JOINT and value is not None]
        told.append(Duel(instance, seed, run[JOINT], max(others, default=None)))
    return told


def write_report(lines: Sequence[Line], folder: Path, page: Path | None) -> None:
    """Write README.md to the folder, and the main tables into a page.

    Raises
    ------
    ValueError : nothing was measured, or not all of it, or the page has no place for the tables.
    """
    if not lines:
        raise ValueError("nothing was measured")
    main = [_origin(lines), methods_table(lines), outcomes_table(duels(lines)), days_table(lines)]
    parts = ["# Loops of several days", *main, "## By instance", _words(lines), instances_table(lines)]
    (folder / "README.md").write_text("\n\n".join([*parts, behind(duels(lines))]) + "\n", "utf-8")
    if page:
        text = page.read_text("utf-8")
        before, begin, rest = text.partition(BEGIN)
        _, end, after = rest.partition(END)
        if not begin or not end:
            raise ValueError(f"{page} lacks the markers {BEGIN} and {END}")
        inner = "\n\n".join([*main, behind(duels(lines))])
        page.write_text(f"{before}{BEGIN}\n\n{inner}\n\n{END}{after}", "utf-8")


def _origin(lines: Sequence[Line]) -> str:
    line, seeds = lines[0], len({each["seed"] for each in lines})
    limits = " and ".join(f"{limit:g} s" for limit in sorted({each["limit_s"] for each in lines}))
    kernel = "compiled" if line["compiled"] else "interpreted"
    beside = "one search after the other" if line["jobs"] == 1 else f"{line['jobs']} searches at once"
    return (
        f"{len({each['instance'] for each in lines})} instances, {seeds} seed{'s' * (seeds != 1)} each, "
        f"{limits} of wall time for each search and method, {beside}. Commit {line['commit']}, {line['date'][:10]}, "
        f"kernel {kernel}, Python {line['python']}, {line['system']}, {line['cores']} cores of {line['cpu']}."
    )


def methods_table(lines: Sequence[Line]) -> str:
    """What each method found. Means are over searches in which several methods found one, else they compare nothing."""
    found = {method: [line for line in lines if line["method"] == method and line["found"]] for method in NAMES}
    runs = len({_run(line) for line in lines})
    both = {_run(line) for line in found["many"]} & {_run(line) for line in found[JOINT]}
    every = both & {_run(line) for line in found["split"]}

    def means(figure: str, among: set[tuple[str, int]], methods: Sequence[str], per: float, unit: str) -> list[str]:
        rows = (
            [line[figure] for line in found[m] if _run(line) in among and line[figure] is not None] for m in methods
        )
        told = [f"{statistics.mean(values) / per:.2f}{unit}" if values else "–" for values in rows]
        return [""] * (len(NAMES) - len(methods)) + told

    rows = [
        ["itineraries found", *(f"{len(found[m])} of {runs}" for m in NAMES)],
        ["answers that break a limit", *(str(sum(bool(line["wrong"]) for line in found[m])) for m in NAMES)],
        ["proven best", *(str(sum(line["status"] == "optimal" for line in found[m])) for m in NAMES)],
        ["first one after, median", *(_seconds(line["first_s"] for line in found[m]) for m in NAMES)],
        ["longest search", *(f"{max(line['seconds'] for line in lines if line['method'] == m):.2f} s" for m in NAMES)],
    ]
    for words, among, methods in (
        (f"{len(both)} that the last two found", both, ("many", JOINT)),
        (f"{len(every)} that all found", every, tuple(NAMES)),
    ):
        rows += [
            [f"mean objective of the {words}", *means("objective", among, methods, KM, " km")],
            ["score of these", *means("score_km", among, methods, 1, " km")],
            ["balance of these", *means("balance", among, methods, 1, "")],
        ]
    return markdown_table(["", *NAMES.values()], rows)


def _run(line: Line) -> tuple[str, int]:
    return line["instance"], line["seed"]


def _seconds(values: Iterable[float]) -> str:
    told = list(values)
    return f"{statistics.median(told):.2f} s" if told else "–"


def outcomes_table(fought: Sequence[Duel]) -> str:
    """How often the joint search is ahead of the better one of the others, and by how much."""
    counts = [sum(duel.outcome == outcome for duel in fought) for outcome in OUTCOMES]
    gains = [duel.joint - duel.others for duel in fought if duel.joint is not None and duel.others is not None]
    gain = f"{statistics.mean(gains):+.2f} km" if gains else "–"
    table = markdown_table(["choosing together, beside the better of the others", *OUTCOMES], [
        ["searches", *map(str, counts)],
    ])  # fmt: skip
    return f"{table}\n\nMean gain where both found one: {gain} of the best trail."


def days_table(lines: Sequence[Line]) -> str:
    """Itineraries found by the number of days."""
    rows = []
    for days in sorted({line["days"] for line in lines}):
        mine = [line for line in lines if line["days"] == days]
        runs = len({_run(line) for line in mine})
        cells = [str(sum(line["found"] for line in mine if line["method"] == method)) for method in NAMES]
        rows.append([str(days), str(runs), *cells])
    return markdown_table(["days", "searches", *(f"found: {name}" for name in NAMES.values())], rows)


def _words(lines: Sequence[Line]) -> str:
    seeds = len({line["seed"] for line in lines})
    return (
        f"Found of {seeds}; the mean objective of what was found, in km of the best trail; balance; time to the first "
        "itinerary, median. In the order: best loop, then split / many loops, then split / chosen together."
    )


def instances_table(lines: Sequence[Line]) -> str:
    """A row for each instance."""
    rows = []
    for name in dict.fromkeys(line["instance"] for line in lines):
        mine = [line for line in lines if line["instance"] == name]
        found = [[line for line in mine if line["method"] == method and line["found"]] for method in NAMES]
        size = mine[0]
        rows.append(
            [
                name,
                _limits(size["request"]),
                *(f"{size[key]:,}" for key in ("edges", "camps", "trailheads")),
                " / ".join(str(len(each)) for each in found),
                " / ".join(_mean([line["objective"] / KM for line in each], 2) for each in found),
                " / ".join(
                    _mean([line["balance"] for line in each if line["balance"] is not None], 2) for each in found
                ),
                " / ".join(_seconds(line["first_s"] for line in each) for each in found),
            ]
        )
    heads = ["instance", "asked", "edges", "camps", "trailheads", "found", "objective", "balance", "first"]
    return markdown_table(heads, rows)


def _limits(request: Mapping[str, Any]) -> str:
    told = [f"{request['days']} days of {request['day_km']} km"]
    if "max_day_ascent_m" in request:
        told.append(f"{request['max_day_ascent_m']} m up a day")
    if "max_dry_km" in request:
        told.append(f"water every {request['max_dry_km']} km")
    if request.get("camps") == "designated":
        told.append("campsites only")
    if "date" not in request:
        told.append("no date")
    return ", ".join(told)


def _mean(values: Sequence[float], digits: int) -> str:
    return f"{statistics.mean(values):.{digits}f}" if values else "–"


def behind(fought: Sequence[Duel]) -> str:
    """Every search in which another method was ahead."""
    lost = [duel for duel in fought if duel.outcome in ("worse", "only another found one")]
    if not lost:
        return "Nowhere was another method ahead of choosing together."
    told = [
        f"- {duel.instance}, seed {duel.seed}: {_or_none(duel.joint)} against {_or_none(duel.others)}" for duel in lost
    ]
    return "\n".join(["Another method was ahead here:", "", *told])


def _or_none(value: float | None) -> str:
    return "none" if value is None else f"{value:.2f} km"
