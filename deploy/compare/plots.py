"""The pictures of a comparison, as SVG: each target has one colour and one marker in all of them.

Drawn twice, for a wide and for a narrow screen, so that a phone shows letters of a legible size. Text stays text. The
same summary gives the same bytes.
"""

from __future__ import annotations

import io
import math
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.compare import words
from deploy.compare.summary import Bill, Latency, Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

#: Colours that people who see fewer of them tell apart, too: M. Okabe, K. Ito, Color Universal Design (2008).
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P")
#: Widths of a picture in inches, of 72 points each; letters have 9 points. The narrow one is as wide as a phone.
_WIDE, _NARROW = 9.0, 3.6
#: Part of a panel's height that each target's marks of failure take.
_ROW = 0.085
#: What is marked so; a quantile of 99 % is not known then.
_FAILED = "×: over 1 % failed"
#: Where the axis of scores begins if all are above it, in % of the best.
_NEARLY_ALL = 99
#: Steps of a logarithmic axis, from many labels to few.
_STEPS = ((1.0, 1.5, 2.0, 3.0, 5.0, 7.0), (1.0, 2.0, 5.0), (1.0, 3.0), (1.0,))
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "loopgenie",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "lines.linewidth": 1.6,
    "lines.markersize": 5,
    "legend.frameon": False,
    "hatch.linewidth": 0.8,
}


@dataclass(frozen=True)
class Picture:
    """A plot.

    Parameters
    ----------
    name : of its file, without an ending.
    title : what it shows; the label stands in it, too.
    alt : what can be seen, in words.
    wide, narrow : SVG documents.
    """

    name: str
    title: str
    alt: str
    wide: str
    narrow: str


def pictures(summary: Summary) -> list[Picture]:
    """All plots for which there are figures."""
    found = []
    for name, title, draw, alt in _PLOTS:
        said = alt(summary)
        if said:
            wide, narrow = (_svg(draw, summary, width) for width in (_WIDE, _NARROW))
            found.append(Picture(name, title, f"{title} ({summary.about.label}). {said}", wide, narrow))
    return found


def write(found: Iterable[Picture], folder: Path) -> list[Path]:
    """Write the wide ones as files; returns which."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for one in found:
        files.append(folder / f"{one.name}.svg")
        files[-1].write_text(one.wide, "utf-8")
    return files


Draw = Callable[["Figure", Summary], None]


def _svg(draw: Draw, summary: Summary, width: float) -> str:
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with rc_context(_STYLE):
        figure = Figure(figsize=(width, 3.4), layout="constrained", facecolor="white")
        FigureCanvasSVG(figure)
        draw(figure, summary)
        figure.supxlabel(summary.about.label, fontsize=8, color="#555555", x=0.99, ha="right")
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    # spaces at the ends of lines are nothing to keep in a repository
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n"


def _look(summary: Summary, target: str) -> tuple[str, str]:
    """Its colour and marker."""
    names = [one.name for one in summary.targets]
    place = names.index(target) if target in names else len(names)
    return COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)]


def _panels(figure: Figure, number: int, height: float = 3.0, *, share_x: bool = False) -> list[Axes]:
    """So many panels, side by side where there is room, else one below the other."""
    wide = figure.get_figwidth() > _NARROW
    rows, columns = (1, number) if wide else (number, 1)
    figure.set_figheight(height * rows + 0.5)
    return list(figure.subplots(rows, columns, squeeze=False, sharex=share_x).flat)


def _legend(figure: Figure, axes: Axes, *, narrow_columns: int = 3) -> None:
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        columns = narrow_columns if figure.get_figwidth() <= _NARROW else 6
        figure.legend(handles, labels, loc="outside upper left", ncols=columns, columnspacing=1.2, handlelength=1.8)


def _times(axis: Axis) -> None:
    """Ticks of a logarithmic axis of milliseconds, as many as have room: 100 ms, 1 s."""
    low, high = axis.get_view_interval()
    _tick(axis, low, high, 5)


def _tick(axis: Axis, low: float, high: float, most: int) -> None:
    """Ticks of a logarithmic axis of milliseconds, at most so many where that can be, none outside of what is said."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found = [[step * 10.0**power for power in decades for step in steps] for steps in _STEPS]
    found = [[value for value in ticks if low <= value <= high] for ticks in found]
    ticks = next((ticks for ticks in found if len(ticks) <= most), found[-1])
    axis.set_ticks(ticks, [words.time(value) for value in ticks])
    axis.set_ticks([], minor=True)


def _waits(panels: Mapping[Axes, Mapping[int, tuple[str, Sequence[float]]]], known: Sequence[float]) -> None:
    """The upright axis of times, the same in all panels, and above it a band of its own for what failed.

    Parameters
    ----------
    panels : the colour of each target by its place, and where its requests failed.
    known : all times that are drawn, in ms.
    """
    low, high = (min(known) / 1.15, max(known) * 1.15) if known else (500.0, 2000.0)
    rows = max((place + 1 for marks in panels.values() for place, (_, lost) in marks.items() if lost), default=0)
    band = _ROW * rows + 0.03 if rows else 0.0
    for axes, marks in panels.items():
        top = high * (high / low) ** (band / (1 - band))
        axes.set(yscale="log", ylim=(low, top))
        _tick(axes.yaxis, low, high, 6)
        if rows:
            axes.axhspan(high, top, facecolor="#f0f0f0", zorder=0.4)
            axes.text(-0.02, 1 - band / 2, "failed", transform=axes.transAxes, ha="right", va="center", fontsize=8)
        for place, (colour, lost) in marks.items():
            height = 1 - band + 0.015 + _ROW * (place + 0.5)
            axes.plot(
                lost,
                [height] * len(lost),
                transform=axes.get_xaxis_transform(),
                color=colour,
                marker="x",
                linestyle="none",
                markersize=7,
            )


def _amounts(axis: Axis) -> None:
    """Ticks of a logarithmic axis of requests a month: 10 k, 1 M."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    axis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{value / 1e6:g} M" if value >= 1e6 else f"{value / 1e3:g} k")
    )
    axis.set_minor_formatter(NullFormatter())


# latency ------------------------------------------------------------------------------------------------------------


def _distributions(summary: Summary) -> list[tuple[str, list[Latency]]]:
    """Panels: warm, and load at the highest rate that most targets were offered."""
    curves = [one for one in summary.latencies if one.kind == "all" and (one.curve or one.failed)]
    panels = [("one after the other", [one for one in curves if one.regime == "warm"])]
    rates = sorted({one.rate for one in curves if one.regime == "load" and one.rate})
    if rates:
        most = max(rates, key=lambda rate: (sum(one.rate == rate for one in curves), rate))
        panels.append((f"{most:g} requests a second", [one for one in curves if one.rate == most]))
    return [(title, rows) for title, rows in panels if rows]


def _draw_latency(figure: Figure, summary: Summary) -> None:
    panels = _distributions(summary)
    for axes, (title, rows) in zip(_panels(figure, len(panels)), panels, strict=True):
        for one in rows:
            colour, marker = _look(summary, one.target)
            times, shares = zip(*one.curve, strict=True) if one.curve else ((), ())
            axes.plot(
                times,
                [100 * share for share in shares],
                color=colour,
                marker=marker,
                markevery=max(1, len(times) // 8),
                drawstyle="steps-post",
                label=one.target,
            )
            if one.failed and one.curve:
                note = f"{words.share(one.failed / one.count)} failed"
                axes.annotate(note, (times[-1], 100 * shares[-1]), color=colour, ha="right", va="bottom", fontsize=8)
        axes.set(xscale="log", ylim=(0, 103), title=title, xlabel="time until the answer", ylabel="% of requests")
        for percent in (50, 95, 99):
            axes.axhline(percent, color="#888888", linewidth=0.6, linestyle=":")
        _times(axes.xaxis)
    _legend(figure, figure.axes[0])


def _say_latency(summary: Summary) -> str:
    return " ".join(
        f"{title}: "
        + ", ".join(
            f"{one.target} median {words.quantile(one.p50.ms, one.failed)}, "
            f"p99 {words.quantile(one.p99.ms, one.failed)}"
            for one in rows
        )
        + "."
        for title, rows in _distributions(summary)
    ).capitalize()


# load ---------------------------------------------------------------------------------------------------------------


def _loads(summary: Summary) -> dict[str, list[Latency]]:
    rows = sorted(
        (one for one in summary.latencies if one.regime == "load" and one.kind == "all" and one.rate),
        key=lambda one: one.rate or 0.0,
    )
    return {name: mine for name in _names(summary) if (mine := [one for one in rows if one.target == name])}


def _draw_load(figure: Figure, summary: Summary) -> None:
    axes = _panels(figure, 1)[0]
    loads = _loads(summary)
    marks = {}
    for place, (name, rows) in enumerate(loads.items()):
        colour, marker = _look(summary, name)
        rates = [one.rate or 0.0 for one in rows]
        axes.plot(rates, [_drawn(one.p50.ms) for one in rows], color=colour, linestyle=":", linewidth=1.2)
        axes.plot(rates, [_drawn(one.p99.ms) for one in rows], color=colour, marker=marker, label=name)
        marks[place] = colour, [one.rate or 0.0 for one in rows if one.p99.ms is None and one.failed]
    every = [one for rows in loads.values() for one in rows]
    _waits({axes: marks}, [ms for one in every for ms in (one.p50.ms, one.p99.ms) if ms is not None])
    rates = sorted({one.rate or 0.0 for one in every})
    axes.set_xticks(rates, [f"{rate:g}" for rate in rates])
    axes.set(xlabel="requests offered a second", ylabel="time until the answer")
    failed = f"; {_FAILED}" if any(lost for _, lost in marks.values()) else ""
    axes.set_title(f"p99 (line), median (dotted){failed}", fontsize=9)
    _legend(figure, axes)


def _say_load(summary: Summary) -> str:
    return " ".join(
        f"p99 of {name}: "
        + ", ".join(f"{words.quantile(one.p99.ms, one.failed)} at {one.rate:g} a second" for one in rows)
        + "."
        for name, rows in _loads(summary).items()
    )


# burst --------------------------------------------------------------------------------------------------------------


def _draw_burst(figure: Figure, summary: Summary) -> None:
    from matplotlib.patches import Patch

    names = [name for name in _names(summary) if any(one.target == name for one in summary.burst)]
    end = max(one.due_ms + one.took_ms for one in summary.burst)
    panels = _panels(figure, len(names), 2.6 if figure.get_figwidth() > _NARROW else 1.9)
    for axes, name in zip(panels, names, strict=True):
        colour, _ = _look(summary, name)
        rows = sorted((one for one in summary.burst if one.target == name), key=lambda one: one.due_ms + one.took_ms)
        for place, one in enumerate(rows):
            axes.barh(
                place,
                one.took_ms / 1000,
                left=one.due_ms / 1000,
                height=0.8,
                facecolor="white" if one.failed else colour,
                edgecolor=colour if one.failed else "white",
                hatch="////" if one.cold else None,
                linewidth=1.0 if one.failed else 0.0,
                linestyle="--" if one.failed else "-",
            )
        axes.set(title=name, xlim=(0, end / 1000 * 1.03), xlabel="seconds since due", yticks=[])
        axes.grid(visible=False, axis="y")
    if figure.get_figwidth() > _NARROW:  # there is no room for it beside a low panel
        panels[0].set_ylabel("requests, by when they ended")
    figure.legend(
        handles=[
            Patch(facecolor="#777777", label="from due to answered"),
            Patch(facecolor="#777777", edgecolor="white", hatch="////", label="cold start"),
            Patch(facecolor="white", edgecolor="#777777", linestyle="--", label="failed"),
        ],
        loc="outside upper left",
        ncols=3 if figure.get_figwidth() > _NARROW else 2,
    )


def _say_burst(summary: Summary) -> str:
    said = []
    for name in _names(summary):
        mine = [one for one in summary.burst if one.target == name]
        if mine:
            ends = max(one.due_ms + one.took_ms for one in mine)
            said.append(
                f"{name}: {len(mine)} requests, the last ended after {words.time(ends)}, "
                f"{sum(one.cold for one in mine)} cold, {sum(one.failed for one in mine)} failed."
            )
    return " ".join(said)


# memory -------------------------------------------------------------------------------------------------------------


def _draw_memory(figure: Figure, summary: Summary) -> None:
    rows = sorted(summary.memory, key=lambda one: one.memory_mb)
    figures = [
        ("billed time", [one.duration_ms for one in rows]),
        ("USD a million requests", [one.usd_per_million for one in rows]),
        ("score, % of the best", [None if one.score_share is None else 100 * one.score_share for one in rows]),
    ]
    figures = [(title, values) for title, values in figures if any(value is not None for value in values)]
    narrow = figure.get_figwidth() <= _NARROW
    colour, marker = _look(summary, rows[0].target)
    for axes, (title, values) in zip(_panels(figure, len(figures), 1.9 if narrow else 2.6), figures, strict=True):
        places = range(len(rows))
        axes.plot(places, [_drawn(one) for one in values], color=colour, marker=marker)
        axes.set_title(title)
        axes.set_xticks(places, [f"{one.memory_mb}" for one in rows], fontsize=8)
        known = [one for one in values if one is not None]
        axes.set(xlabel="MB", ylim=(0, 1.15 * max(known)))
        if title.startswith("score") and min(known) >= _NEARLY_ALL:  # nothing could be told apart from 0 on
            axes.set(ylim=(_NEARLY_ALL, 100.1), yticks=(_NEARLY_ALL, 99.5, 100), title=f"{title}, from {_NEARLY_ALL}")
        if title == "billed time":
            axes.yaxis.set_major_formatter(lambda value, _: words.time(value) if value else "0")


def _say_memory(summary: Summary) -> str:
    return " ".join(
        f"{one.memory_mb} MB: billed {words.time(one.duration_ms)}, {words.usd(one.usd_per_million)} USD a million, "
        f"score {words.share(one.score_share)} of the best."
        for one in sorted(summary.memory, key=lambda one: one.memory_mb)
    )


# cost ---------------------------------------------------------------------------------------------------------------


def standard(summary: Summary) -> list[Bill]:
    """The bills of the targets as they are, without the free tier."""
    arch = {one.name: one.setup.arch for one in summary.targets if one.setup}
    return [
        one
        for name in _names(summary)
        for one in summary.bills
        if one.target == name and not one.free_tier and (not one.arch or one.arch == arch.get(name))
    ]


def _draw_cost(figure: Figure, summary: Summary) -> None:
    from matplotlib.ticker import FuncFormatter

    axes = _panels(figure, 1, 3.6)[0]
    bills = [one for one in standard(summary) if one.curve]
    for one in bills:
        colour, marker = _look(summary, one.target)
        requests, usd = zip(*((x, y) for x, y in one.curve if x > 0 and y > 0), strict=True)
        ends = one.capacity is not None and one.capacity <= requests[-1] * 1.01
        # beside a line its labels would lie upon another line, on a phone
        label = f"{one.target}, to {words.amount(one.capacity)}" if ends else one.target
        axes.plot(requests, usd, color=colour, marker=marker, markevery=max(1, len(usd) // 8), label=label)
        if ends:
            axes.plot(requests[-1], usd[-1], color=colour, marker="|", markersize=16, markeredgewidth=2)
    points = sorted(crossings(summary))
    for point in points:
        axes.plot(*point, color="black", marker="o", markersize=9, markerfacecolor="none", linestyle="none")
    axes.set(xscale="log", yscale="log", xlabel="requests a month", ylabel="USD a month")
    said = []
    if points:
        said.append(f"circles: same cost ({', '.join(words.amount(requests) for requests, _ in points)})")
    if any(one.capacity is not None for one in bills):
        said.append("bars: busy all the time")
    wide = figure.get_figwidth() > _NARROW
    lines = ["; ".join(said)] if wide else said
    axes.set_title("\n".join(textwrap.fill(line, 120 if wide else 44) for line in lines), fontsize=9)
    _amounts(axes.xaxis)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: words.number(value)))
    axes.margins(y=0.12)
    _legend(figure, axes, narrow_columns=2)


def crossings(summary: Summary) -> Iterator[tuple[float, float]]:
    """Where two of the standard bills cost the same: requests a month and dollars."""
    arch = {one.name: one.setup.arch for one in summary.targets if one.setup}
    for one in summary.break_evens:
        both = {arch.get(one.below, ""), arch.get(one.above, "")}
        as_is = one.trip_factor == 1 and not one.free_tier and one.arch == (both.pop() if len(both) == 1 else "")
        if as_is and one.requests and one.usd:
            yield one.requests, one.usd


def _say_cost(summary: Summary) -> str:
    said = []
    for one in standard(summary):
        if one.curve:
            first, last = one.curve[0], one.curve[-1]
            said.append(
                f"{one.target}: from {words.usd(first[1])} USD a month at {words.amount(first[0])} requests to "
                f"{words.usd(last[1])} USD at {words.amount(last[0])}."
            )
    points = [words.amount(requests) for requests, _ in crossings(summary)]
    return " ".join(
        [*said, f"Two cost the same at {', '.join(points)} requests a month." if said and points else ""]
    ).strip()


# months -------------------------------------------------------------------------------------------------------------


def _draw_months(figure: Figure, summary: Summary) -> None:
    traces = list(dict.fromkeys(one.trace for one in summary.months))
    panels = _panels(figure, len(traces), 2.8 if figure.get_figwidth() > _NARROW else 2.2)
    marks: dict[Axes, dict[int, tuple[str, Sequence[float]]]] = {}
    for axes, trace in zip(panels, traces, strict=True):
        marks[axes] = {}
        for place, name in enumerate(_names(summary)):
            rows = sorted(
                (one for one in summary.months if one.trace == trace and one.target == name),
                key=lambda one: one.requests,
            )
            colour, marker = _look(summary, name)
            values = [_drawn(one.p99_ms) for one in rows]
            if rows:
                axes.plot([one.requests for one in rows], values, color=colour, marker=marker, label=name)
            marks[axes][place] = colour, [one.requests for one in rows if one.p99_ms is None]
        axes.set(xscale="log", title=trace, xlabel="requests a month")
        _amounts(axes.xaxis)
    _waits(marks, [one.p99_ms for one in summary.months if one.p99_ms])
    failed = f" ({_FAILED})" if any(lost for rows in marks.values() for _, lost in rows.values()) else ""
    panels[0].set_ylabel(f"p99{failed}")
    _legend(figure, panels[0])


def _say_months(summary: Summary) -> str:
    said = []
    for trace, name in dict.fromkeys((one.trace, one.target) for one in summary.months):
        rows = sorted(
            (one for one in summary.months if (one.trace, one.target) == (trace, name)), key=lambda one: one.requests
        )
        ends = [rows[0], rows[-1]] if len(rows) > 1 else rows
        at = [f"{words.quantile(one.p99_ms, one.failed_share)} at {words.amount(one.requests)}" for one in ends]
        said.append(f"{name}, {trace}: p99 {', '.join(at)} requests a month.")
    return " ".join(said)


def _drawn(value: float | None) -> float:
    """A value as matplotlib takes it: what is not known is no point."""
    return math.nan if value is None else value


def _names(summary: Summary) -> Sequence[str]:
    return [one.name for one in summary.targets]


_PLOTS: Sequence[tuple[str, str, Draw, Callable[[Summary], str]]] = (
    ("latency", "How long the answers take", _draw_latency, _say_latency),
    ("burst", "The first burst", _draw_burst, _say_burst),
    ("load", "Waiting, by how much is asked", _draw_load, _say_load),
    ("memory", "A function by its memory", _draw_memory, _say_memory),
    ("cost", "Cost of steady traffic, however long the wait", _draw_cost, _say_cost),
    ("months", "Simulated months", _draw_months, _say_months),
)
