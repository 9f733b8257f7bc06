"""Lines of measurements become tables in Markdown and two plots."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from solver.measuring import Measurement, Spread, Summary
from tools.svg import Drawing

#: Between these, a page takes the main table.
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"

Line = Mapping[str, Any]


@dataclass(frozen=True)
class Runs:
    """What was measured, by kind.

    The best known of each instance is the best of the reference and of all these runs, so no loss is negative;
    what one of these runs has proven counts as proven.
    """

    search: list[Measurement]
    large: list[Measurement]
    set_up: list[Measurement]
    prove: list[Measurement]
    package: Line | None
    origin: Line
    references: Mapping[str, int | None]

    @classmethod
    def of(cls, lines: Sequence[Line]) -> Runs:
        """Sort lines by kind.

        Raises
        ------
        ValueError : there are none, or two of them cannot both be true.
        """
        rows = [(line["group"], Measurement.from_json(line)) for line in lines if line["group"] != "package"]
        if not rows:
            raise ValueError("nothing was measured")
        references = {row.instance: row.best_known for _, row in rows}
        known = _best_known([row for _, row in rows])
        groups: dict[str, list[Measurement]] = {"search": [], "large": [], "set-up": [], "prove": []}
        for group, row in rows:
            best, proven = known[row.instance]
            groups[group].append(replace(row, best_known=best, proven=proven))
        package = next((line for line in lines if line["group"] == "package"), None)
        return cls(groups["search"], groups["large"], groups["set-up"], groups["prove"], package, lines[0], references)


def _best_known(rows: Sequence[Measurement]) -> dict[str, tuple[int | None, bool]]:
    """Of each instance, the best score ever seen and whether it is proven."""
    known: dict[str, tuple[int | None, bool]] = {}
    for name in {row.instance for row in rows}:
        mine = [row for row in rows if row.instance == name]
        scores = [score for row in mine for score in (row.score, row.best_known) if score is not None]
        best = max(scores, default=None)
        bound = min((row.bound for row in mine if row.bound is not None), default=None)
        if best is not None and bound is not None and bound < best:
            raise ValueError(f"{name}: a bound of {bound} was claimed, but a loop of {best} is known")
        reference = mine[0].best_known if mine[0].proven else None
        if reference is not None and best != reference:
            raise ValueError(f"{name}: {best} was found, but {reference} is on record as proven")
        known[name] = best, mine[0].proven or (best is not None and best == bound)
    return known


def write_report(lines: Sequence[Line], folder: Path, page: Path | None) -> None:
    """Write README.md, loss.svg and gap.svg to the folder, and the main table into a page.

    Raises
    ------
    ValueError : nothing was measured, or the page has no place for the table.
    """
    runs = Runs.of(lines)
    parts = [
        f"# The solver, {folder.resolve().name}",
        _origin(runs),
        _targets_table(runs),
        "## By time limit",
        _limits_table(runs),
        "![Loss against the time limit](loss.svg)\n\n![Gap against the size of the network](gap.svg)",
        "## By instance",
        _instances_table(runs),
    ]
    (folder / "README.md").write_text("\n\n".join(part for part in parts if part) + "\n", "utf-8")
    (folder / "loss.svg").write_text(loss_plot(runs.search), "utf-8")
    (folder / "gap.svg").write_text(gap_plot(runs.prove), "utf-8")
    if page:
        _insert(page, f"{_origin(runs)}\n\n{_targets_table(runs)}\n\n{_limits_table(runs)}")


def _insert(page: Path, table: str) -> None:
    text = page.read_text("utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} lacks the markers {BEGIN} and {END}")
    page.write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}{after}", "utf-8")


def _origin(runs: Runs) -> str:
    line = runs.origin
    seeds = len({row.seed for row in runs.search})
    kernel = "compiled" if line["compiled"] else "interpreted"
    highs = f"highspy {line['highspy']}" if line["highspy"] else "no highspy"
    return (
        f"{len(runs.references)} instances, {seeds} seed{'s' * (seeds != 1)} each; wall time of one solve after the "
        f"other, set-up included. Commit {line['commit']}, {line['date'][:10]}, kernel {kernel}, Python "
        f"{line['python']}, {highs}, {line['system']}, {line['cores']} cores of {line['cpu']}, of which one is used. "
        "Losses are against the best walk known, the best of these runs included; without an answer the loss is 100 %."
    )


# --- tables


def markdown_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] + ["---:"] * (len(heads) - 1), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def percent(value: float | None, digits: int = 2) -> str:
    """A share in per cent, as it is printed; a dash for none."""
    return "–" if value is None else f"{value:.{digits}f} %"


def _at(rows: Sequence[Measurement], limit: float) -> Summary | None:
    chosen = [row for row in rows if row.time_limit_s == limit]
    return Summary.of(chosen) if chosen else None


def _answered(summary: Summary) -> str:
    return percent(100 * summary.answered / summary.count, 1)


def _targets_table(runs: Runs) -> str:
    """The measured figures beside what this solver is meant to reach."""
    rows: list[tuple[str, str, str]] = []

    def add(what: str, summary: Summary | None, told: Callable[[Summary], str], target: str) -> None:
        if summary is not None:
            rows.append((what, told(summary), target))

    second, tenth, hundredth = (_at(runs.search, limit) for limit in (1.0, 0.1, 0.01))
    everything = [*runs.search, *runs.large, *runs.prove]
    add("answers that break a rule", Summary.of(everything) if everything else None, lambda s: str(s.invalid), "0")
    add("answered at 1 s", second, _answered, "100 %")
    add("answered at 100 ms", tenth, _answered, "≥ 99 %")
    add("answered at 10 ms", hundredth, _answered, "≥ 97 %")
    add("proven instances at 1 s: mean loss", second, lambda s: _mean(s.proven_loss), "≤ 0.1 %")
    add("proven instances at 1 s: solved exactly", second, lambda s: f"{s.exact} of {s.proven}", "≥ 88 %")
    add("proven instances at 1 s: worst loss", second, lambda s: _worst(s.proven_loss), "≤ 1 %")
    add("all at 1 s: mean loss", second, lambda s: _mean(s.loss), "≤ 0.5 %")
    add("all at 1 s: 90th percentile", second, lambda s: percent(s.loss.p90 if s.loss else None), "≤ 1.5 %")
    add("all at 100 ms: mean loss", tenth, lambda s: _mean(s.loss), "≤ 2 %")
    add("all at 10 ms: median loss", hundredth, lambda s: percent(s.loss.median if s.loss else None), "≤ 3 %")
    if runs.prove:
        limit = runs.prove[0].time_limit_s
        summary = Summary.of(runs.prove)
        rows.append((f"proven in {limit:g} s", f"{summary.optimal} of {summary.count}", "≥ 47 %"))
        rows.append(("median gap of the others, below the bound", percent(summary.median_gap), ""))
        rows.append(("the same, above the loop", percent(_median_gap_above(runs.prove)), "≤ 5 %"))
    add("large, 2 s: mean loss", _at(runs.large, 2.0), lambda s: _mean(s.loss), "≤ 3 %")
    if runs.set_up:
        slowest = max(runs.set_up, key=lambda row: row.seconds)
        what = f"slowest set-up ({slowest.edges:,} edges; first walks and check included)"
        rows.append((what, f"{1000 * slowest.seconds:.0f} ms", "≤ 300 ms"))
    if package := runs.package:
        same = f"{'yes' if package['same_loops'] else 'NO'} ({package['compared']} compared)"
        rows.append(("same loop, compiled and interpreted", same, "yes"))
        rows.append(("solver part of the wheel, unpacked", f"{package['solver_bytes'] / 1e6:.2f} MB", "≤ 1 MB"))
        rows.append(("import", f"{1000 * package['import_s']:.1f} ms", "≤ 20 ms"))
        rows.append(("moves a second, compiled", _speed(runs.search), ""))
        rows.append(("moves a second, interpreted", f"{package['interpreted_moves_per_s']:,}", ""))
    return markdown_table(["", "measured", "target"], rows)


def _mean(loss: Spread | None) -> str:
    return percent(loss.mean if loss else None)


def _worst(loss: Spread | None) -> str:
    return percent(loss.worst if loss else None)


def _median_gap_above(rows: Sequence[Measurement]) -> float | None:
    """Median of how far the bound lies above the loop, in per cent of the loop; of those that are not proven."""
    gaps = [
        100 * (row.bound - row.objective) / row.objective
        for row in rows
        if row.status != "optimal" and row.bound is not None and row.objective
    ]
    return statistics.median(gaps) if gaps else None


def _speed(rows: Sequence[Measurement]) -> str:
    speeds = [row.moves / row.seconds for row in rows if row.time_limit_s >= 1]
    return f"{round(statistics.median(speeds)):,}" if speeds else "–"


def _limits_table(runs: Runs) -> str:
    heads = ["time limit", "answered", "mean loss", "median", "p90", "worst", "exact of proven", "largest overrun"]
    rows = []
    for name, group in (("", runs.search), ("large, ", runs.large)):
        for limit in sorted({row.time_limit_s for row in group}):
            s = _at(group, limit)
            if s is None or s.loss is None:
                continue
            losses = [percent(value) for value in (s.loss.mean, s.loss.median, s.loss.p90, s.loss.worst)]
            exact = f"{s.exact} of {s.proven}" if s.proven else "–"
            rows.append([f"{name}{limit:g} s", _answered(s), *losses, exact, f"{1000 * s.overrun_s:.0f} ms"])
    return markdown_table(heads, rows) if rows else ""


def _instances_table(runs: Runs) -> str:
    """One row for each instance: losses by time limit (mean over the seeds), and what is proven."""
    rows = [*runs.search, *runs.large]
    limits = sorted({row.time_limit_s for row in rows})
    proofs = {row.instance: row for row in runs.prove}
    table = []
    for name in sorted({row.instance for row in [*rows, *runs.prove]}):
        mine = [row for row in rows if row.instance == name]
        any_row = (mine or [proofs[name]])[0]
        reference = runs.references[name]
        new = reference is not None and any_row.best_known is not None and any_row.best_known > reference
        losses = []
        for limit in limits:
            summary = _at(mine, limit)
            losses.append(percent(summary.loss.mean if summary and summary.loss else None))
        proof = proofs.get(name)
        gap = "proven" if any_row.proven else percent(proof.gap_percent if proof else None)
        best = "–" if any_row.best_known is None else f"{any_row.best_known}{' (new)' * new}"
        bound = "–" if proof is None or proof.bound is None else str(proof.bound)
        table.append([name, str(any_row.edges), str(any_row.trailheads), best, *losses, bound, gap])
    heads = ["instance", "edges", "trailheads", "best known", *(f"{limit:g} s" for limit in limits), "bound", "gap"]
    return markdown_table(heads, table)


# --- plots

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 640, 360, 60, 50, 40, 90


@dataclass(frozen=True)
class Axes:
    """Where values lie on the paper: x logarithmic, y logarithmic or not."""

    least_x: float
    most_x: float
    least_y: float
    most_y: float
    log_y: bool

    def at(self, x: float, y: float) -> tuple[float, float]:
        across = math.log(x / self.least_x) / math.log(self.most_x / self.least_x)
        y = min(max(y, self.least_y), self.most_y)
        if self.log_y:
            up = math.log(y / self.least_y) / math.log(self.most_y / self.least_y)
        else:
            up = (y - self.least_y) / (self.most_y - self.least_y)
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)

    def draw(
        self, drawing: Drawing, xs: Mapping[float, str], ys: Sequence[float], label: str, unit: str = " %"
    ) -> None:
        """Grid lines with their values, and the title of the x axis."""
        for x, name in xs.items():
            drawing.line([self.at(x, self.least_y), self.at(x, self.most_y)], "thin")
            drawing.text((self.at(x, self.least_y)[0], HEIGHT - BOTTOM + 18), name)
        for y in ys:
            drawing.line([self.at(self.least_x, y), self.at(self.most_x, y)], "thin")
            drawing.text((LEFT - 8, self.at(self.least_x, y)[1] + 4), f"{y:g}{unit}", anchor="end")
        drawing.text(((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10), label, "quiet")


def loss_plot(rows: Sequence[Measurement]) -> str:
    """Mean, median and 90th percentile of the loss against the time limit."""
    title = "Loss against the best known, by time limit"
    drawing = Drawing(WIDTH, HEIGHT, title)
    drawing.text((LEFT, 22), title, anchor="start")
    limits = sorted({row.time_limit_s for row in rows})
    axes = Axes(min(limits, default=0.01) / 1.5, max(limits, default=10) * 1.5, 0.01, 100, log_y=True)
    axes.draw(drawing, {limit: f"{limit:g} s" for limit in limits}, [0.01, 0.1, 1, 10, 100], "time limit")
    spreads = [(limit, s.loss) for limit in limits if (s := _at(rows, limit)) and s.loss]
    lines: list[tuple[str, str, Callable[[Spread], float]]] = [
        ("mean", "a", lambda s: s.mean),
        ("median", "c", lambda s: s.median),
        ("p90", "b", lambda s: s.p90),
    ]
    for place, (name, kind, of) in enumerate(lines):
        points = [axes.at(limit, of(loss)) for limit, loss in spreads]
        drawing.line(points, kind)
        for point, (limit, loss) in zip(points, spreads, strict=True):
            drawing.dot(point, 4, f"dot-{kind}", f"{name} at {limit:g} s: {percent(of(loss), 3)}")
        key(drawing, place, kind, name)
    drawing.text((LEFT + 4, HEIGHT - BOTTOM - 6), "0.01 % or less", "small quiet", "start")
    return str(drawing)


def gap_plot(rows: Sequence[Measurement]) -> str:
    """The gap of each proof against the size of its network."""
    title = "Gap between loop and bound, by size of the network"
    drawing = Drawing(WIDTH, HEIGHT, title)
    drawing.text((LEFT, 22), title, anchor="start")
    gaps = [(row, row.gap_percent) for row in rows if row.gap_percent is not None]
    sizes = [row.edges for row, _ in gaps] or [10]
    most = max(5.0, *(5 * math.ceil(gap / 5) for _, gap in gaps), 5.0)
    axes = Axes(min(sizes) / 1.3, max(sizes) * 1.3, 0, most, log_y=False)
    ticks = {float(x): f"{x:,}" for x in (10, 30, 100, 300, 1000, 3000, 10_000) if axes.least_x <= x <= axes.most_x}
    axes.draw(drawing, ticks, [most * i / 5 for i in range(6)], "edges")
    for row, gap in gaps:
        kind = "dot-c" if row.status == "optimal" else "dot-b"
        drawing.dot(axes.at(row.edges, gap), 4, kind, f"{row.instance}: {percent(gap)}")
    key(drawing, 0, "c", "proven")
    key(drawing, 1, "b", "open")
    return str(drawing)


def key(drawing: Drawing, place: int, kind: str, name: str) -> None:
    y = TOP + 10 + 22 * place
    drawing.dot((WIDTH - RIGHT + 18, y), 5, f"dot-{kind}")
    drawing.text((WIDTH - RIGHT + 30, y + 4), name, anchor="start")
