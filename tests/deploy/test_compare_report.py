"""The report of a small comparison that never was: all figures are invented."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from deploy.compare import plots, report, summary, words
from deploy.compare.blocks import Table
from deploy.compare.record import Record
from deploy.compare.sections import sections
from deploy.compare.summary import (
    LOCAL,
    REAL,
    About,
    Bar,
    Bill,
    BreakEven,
    Cell,
    Cold,
    Deviation,
    Fault,
    Latency,
    Line,
    Memory,
    Quality,
    Quantile,
    Sensitivity,
    Summary,
    Target,
)
from deploy.setup import Ec2, Fargate, Lambda

pytest.importorskip("matplotlib", reason="needs the extra `compare`")
pytest.importorskip("jinja2", reason="needs the extra `compare`")

STEADY = "US dollars of a month with steady traffic, however long the wait"
HOSTILE = "<script>alert('x')</script>"
#: Median of a warm trip, in ms; dollars a million; dollars idle.
INVENTED = {"ec2": (900.0, 1.4, 19.5), "lambda": (1050.0, 31.7, 0.0), "fargate": (1000.0, 8.7, 67.2)}


def invented(label: str = LOCAL) -> Summary:
    """Three targets that answered, all regimes, and some faults under load."""
    grid = [10 ** (3 + step / 4) for step in range(21)]
    warm = [latency(name, "warm", ms) for name, (ms, _, _) in INVENTED.items()]
    loads = [
        latency(name, "load", ms * (1 + rate), rate=rate)
        for name, (ms, _, _) in INVENTED.items()
        for rate in (0.5, 1, 2)
    ]
    # of 60 requests 3 failed: rank 57 is the last right answer, so p95 (rank 57) is known and p99 (rank 60) is not
    loads.append(latency("ec2", "load", 5000, rate=4.0, failed=3))
    return Summary(
        about=About(label, "2026-11-21", "abc1234", "a machine with 2 processors", seed=7, trips="mostly short ones"),
        targets=(
            Target("ec2", Ec2(), caps="1 processor", start_s=(14.0, 15.0, 16.0), memory_mb=1770, memory_used_mb=210),
            Target("lambda", Lambda(), start_s=(1.2, 1.3), commit="abc1234", region="this machine"),
            Target("fargate", Fargate(), start_s=(2.5,)),
        ),
        latencies=(*warm, *loads, latency("lambda", "burst", 3000)),
        colds=(Cold("lambda", "cold", 5, 0, 2300, 2900, 1250),),
        burst=tuple(
            Bar(
                name,
                0,
                (900 if name == "lambda" else 900 * (1 + place)),
                cold=name == "lambda",
                failed=place > 7 and name == "ec2",
            )
            for name in INVENTED
            for place in range(10)
        ),
        quality=(Quality("ec2", "all", 40, 0.99), Quality("lambda", "all", 40, 1.0)),
        memory=tuple(
            Memory("lambda", mb, 6, 0, ms, ms * 1.2, ms, 1500, usd, score)
            for mb, ms, usd, score in (
                (256, 1900, 9.2, 0.91),
                (512, 1400, 13, 0.96),
                (1769, 1050, 31, 1.0),
                (3008, 1040, 52, 1.0),
            )
        ),
        bills=tuple(
            Bill(
                name,
                "arm64" if name == "ec2" else "x86_64",
                idle_usd=idle,
                per_million_usd=million,
                capacity=4.2e6 if name == "ec2" else None,
                curve=tuple((n, idle + million * n / 1e6) for n in (grid if name != "ec2" else [*grid[:15], 4.2e6])),
                lines=(Line("compute", idle), Line("answers, 16 GB", million)),
            )
            for name, (_, million, idle) in INVENTED.items()
        ),
        break_evens=(
            BreakEven("lambda", "ec2", 643_564, 20.4),  # 19.5 / (31.7 - 1.4) million
            BreakEven("ec2", "fargate"),
        ),
        sensitivity=tuple(Sensitivity(name, factor, 1e6, factor * 20) for name in INVENTED for factor in (0.5, 1, 2)),
        months=tuple(
            Cell(name, trace, n, 900, 1500, 2500 * n / 1e6, 0.0, {}, 20, 19, 2)
            for name in INVENTED
            for trace in ("flat", "hiking")
            for n in (1e5, 1e6, 1e7)
        ),
        theory=(Deviation("M/M/2 at load 0.8", "mean wait", 1778, 1802, 0.0135, spread=12),),
        measurement=(Deviation("ec2 at 2 a second", "p95", 2400, 2200, -0.083),),
        faults=(Fault("ec2", "load", "503: busy | try again *later*", 3),),
        answer=("For 1,000,000 requests a month take ec2.",),
    )


def latency(target: str, regime: str, ms: float, *, rate: float | None = None, failed: int = 0) -> Latency:
    """60 requests, some of which failed, and otherwise from 0.5 to 1.1 times as long as said."""
    good = 60 - failed
    curve = tuple((ms * (0.5 + 0.01 * rank), rank / 60) for rank in range(1, good + 1))
    p95, p99 = curve[56][0], None if failed else curve[59][0]
    return Latency(
        target,
        regime,
        "all",
        rate,
        60,
        failed,
        Quantile(ms, 0.9 * ms, 1.1 * ms),
        Quantile(p95),
        Quantile(p99),
        1.0,
        curve,
    )


@pytest.fixture(scope="module")
def drawn() -> list[plots.Picture]:
    return plots.pictures(invented())


@pytest.fixture(scope="module")
def page(drawn: list[plots.Picture]) -> str:
    return report.html(invented(), drawn)


class Page(HTMLParser):
    """Checks that elements end in the order in which they begin, and keeps what it meets."""

    VOID = frozenset({"meta", "source", "img"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.met: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.met.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.met if name == tag]


def tables(text: Summary) -> dict[str, Table]:
    """By title, without the label."""
    found = [block for one in sections(text, []) for block in one.blocks if isinstance(block, Table)]
    return {one.title.rsplit(" (", 1)[0]: one for one in found}


def test_the_page_is_whole_and_asks_nobody_for_anything(page: str) -> None:
    read = Page(page)
    for tag, attributes in read.met:
        for name in ("src", "srcset", "href"):
            value = attributes.get(name) or ""
            assert value.startswith(("data:image/svg+xml;base64,", "#")) or not value, f"<{tag} {name}={value[:60]}>"
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in read.met}
    assert "@import" not in page
    assert "url(" not in page


def test_the_page_says_all_of_it_in_order(page: str) -> None:
    read = Page(page)
    assert read.texts["h2"] == [one.title for one in sections(invented(), [])]
    assert [attributes["id"] for attributes in read.all("h2")][:4] == ["answer", "targets", "latency", "cold"]
    assert [link["href"] for link in read.all("a")] == [f"#{one['id']}" for one in read.all("h2")]
    assert "take ec2" in page
    assert "0.1\N{NO-BREAK SPACE}% of the requests" in page


def test_the_page_can_be_read_without_seeing_it(page: str) -> None:
    read = Page(page)
    assert read.all("html")[0]["lang"] == "en"
    assert len(read.all("h1")) == 1
    named = [attributes["id"] for attributes in read.all("figcaption") if "id" in attributes]
    assert [table["aria-labelledby"] for table in read.all("table")] == named
    assert len(set(named)) == len(named) == len(read.all("thead"))
    assert {attributes["scope"] for attributes in read.all("th")} == {"row", "col"}
    for image in read.all("img"):
        assert len(image["alt"] or "") > 60  # figures, not only a title


@pytest.mark.parametrize("label", [REAL, LOCAL])
def test_every_figure_and_table_says_what_its_figures_are_of(label: str) -> None:
    of = invented(label)
    drawn = plots.pictures(of)
    read = Page(report.html(of, drawn))
    titled = read.texts["figcaption"]
    assert len(titled) == len(read.all("table")) + len(read.all("img")) == len(read.all("figure")) > 15
    assert [one for one in titled if label not in one] == []
    assert all(label in (image["alt"] or "") for image in read.all("img"))
    assert all(label in one.wide and label in one.narrow for one in drawn)
    for line in report.markdown(of, drawn).splitlines():
        if line.startswith("**"):
            assert label in line


def test_pictures_are_the_same_each_time_and_have_no_date_and_text_as_text(drawn: list[plots.Picture]) -> None:
    assert plots.pictures(invented()) == drawn
    assert [one.name for one in drawn] == ["latency", "burst", "load", "memory", "cost", "months"]
    for one in drawn:
        for svg in (one.wide, one.narrow):
            ElementTree.fromstring(svg)
            assert "<dc:date>" not in svg


def lettered(drawn: list[plots.Picture], name: str) -> list[list[tuple[str, float, float, float]]]:
    """Level texts of the wide and of the narrow picture, each with its left and right end and its height."""
    one = next(one for one in drawn if one.name == name)
    return [list(level(svg)) for svg in (one.wide, one.narrow)]


def level(svg: str) -> Iterator[tuple[str, float, float, float]]:
    for style, place, text in re.findall(r'<text style="([^"]+)"([^>]+)>(.*?)<', svg):
        x, y = map(float, re.findall(r"[\d.]+", place)[-2:])
        # DejaVu Sans: a letter is 0.6 times as wide as high
        width = 0.6 * float(re.findall(r"font-size: ([\d.]+)", style)[0]) * len(text)
        left = x - width * (0.5 if "anchor: middle" in style else "anchor: end" in style)
        if "rotate(-90" not in place:
            yield text, left, left + width, y


def marks_of(svg: str, path: str) -> list[float]:
    """Heights from the top of the marks that are drawn so."""
    shapes = re.findall(rf'<path id="(\w+)" d="{path}', svg)
    return [float(y) for shape in shapes for y in re.findall(rf'<use xlink:href="#{shape}" x="[^"]+" y="([^"]+)"', svg)]


def test_no_label_of_a_picture_lies_upon_another(drawn: list[plots.Picture]) -> None:
    whole = invented()
    # three and a half decades of times, as when many answers come from memory; months that fail; points near each other
    spread = tuple(
        replace(one, curve=tuple((3 * 10 ** (3.5 * part), part) for _, part in one.curve)) for one in whole.latencies
    )
    hard = replace(
        whole,
        latencies=spread,
        months=tuple(
            replace(one, p99_ms=None, failed_share=0.3) if one.requests > 1e6 else one for one in whole.months
        ),
        break_evens=(*whole.break_evens, BreakEven("ec2", "fargate", 700_000, 21.0)),
    )
    for pictures in (drawn, plots.pictures(hard)):
        for name in ("latency", "burst", "load", "memory", "cost", "months"):
            for found in lettered(pictures, name):
                assert len(found) > 8
                for place, (text, left, right, y) in enumerate(found):
                    for other, low, high, height in found[:place]:
                        apart = right < low or high < left or abs(height - y) > 6  # of letters 8 or 9 high
                        assert apart, f"{name}: {text!r} upon {other!r}"


def test_the_picture_of_costs_says_where_lines_cross_and_end(drawn: list[plots.Picture]) -> None:
    for found in lettered(drawn, "cost"):
        texts = "; ".join(text for text, *_ in found)  # on a phone the title has two lines
        assert "circles: same cost (640,000); bars: busy all the time" in texts  # 643,564, to two digits
        assert "ec2, to 4.2 million" in texts
        assert "lambda, to" not in texts


def test_what_failed_is_marked_in_a_band_above_all_times() -> None:
    whole = invented()
    cells = tuple(
        replace(one, p99_ms=None) if one.requests > 1e6 and one.target != "ec2" else one for one in whole.months
    )
    cross, dot = "M -3.5 3.5", "M 0 2.5"
    for of, name, crosses in (
        (Summary(targets=whole.targets, latencies=whole.latencies), "load", 1),  # ec2 at 4 a second
        (Summary(targets=whole.targets, months=whole.months), "months", 0),
        (Summary(targets=whole.targets, months=cells), "months", 4),  # two targets, two traces
    ):
        one = next(one for one in plots.pictures(of) if one.name == name)
        failed = marks_of(one.wide, cross)
        assert len(failed) == crosses
        assert (">failed<" in one.wide) == bool(crosses)
        if failed:
            legend = 15  # its marks are above the panels
            assert max(failed) < min(y for y in marks_of(one.wide, dot) if y > legend)
    assert len(set(failed)) == 2  # each target has its row, the same in both panels


def test_the_axis_of_the_load_has_the_measured_rates(drawn: list[plots.Picture]) -> None:
    for found in lettered(drawn, "load"):
        rates = [text for text, *_ in found if re.fullmatch(r"[\d.]+", text)]
        assert rates == ["0.5", "1", "2", "4"]


def test_the_axis_of_a_burst_says_what_it_counts(drawn: list[plots.Picture]) -> None:
    for found in lettered(drawn, "burst"):
        assert [text for text, *_ in found].count("seconds since due") == len(INVENTED)


@pytest.mark.parametrize(("lowest", "near_all"), [(0.98, False), (0.992, True)])
def test_scores_that_are_nearly_all_of_the_best_are_drawn_from_99_on(lowest: float, near_all: bool) -> None:
    whole = invented()
    near = replace(whole, memory=(replace(whole.memory[0], score_share=lowest), *whole.memory[2:]))
    for found in lettered(plots.pictures(near), "memory"):
        texts = [text for text, *_ in found]
        assert ("score, % of the best, from 99" in texts) == near_all
        assert ("99.0" in texts) == near_all


def test_long_tables_are_folded_in_the_page_and_not_in_markdown(page: str) -> None:
    folded = {title for title, table in tables(invented()).items() if table.folded}
    assert folded >= {
        "US dollars of a month where trips take longer or shorter",
        "The bill of ec2 for a million requests a month",
        "One machine against queueing theory",
    }
    assert not {"The measured arrivals, replayed", "A month of “flat”", STEADY} & folded
    read = Page(page)
    assert len(read.all("details")) == len(read.texts["summary"]) == len(folded)
    assert all("open" not in one for one in read.all("details"))
    # compute and answers, and their sum
    assert read.texts["summary"].count("Table of 3 rows") >= len(INVENTED)
    assert "details" not in report.markdown(invented(), [])


def test_each_target_has_one_colour_everywhere(drawn: list[plots.Picture]) -> None:
    for one in drawn:
        used = {colour for colour in plots.COLOURS[:5] if colour in one.wide}
        assert used == ({plots.COLOURS[1]} if one.name == "memory" else set(plots.COLOURS[:3])), one.name


def test_a_quantile_among_the_failed_is_failed_and_not_a_number() -> None:
    row = next(row for row in tables(invented())["By how much is asked"].rows if row[0] == "ec2" and row[2] == "4")
    # 60 requests, 3 failed: p95 is rank 57, which is the last right answer, 5000 x (0.5 + 0.57) = 5350 ms
    assert row[4:9] == ("60", "3 (5 %)", "5 s [4.5 s to 5.5 s]", "5.35 s", "failed")
    assert row[9] == "1"


def test_a_dead_target_is_dead_in_the_answer_and_in_each_table_of_times() -> None:
    whole = invented()
    dead = replace(
        whole,
        targets=(replace(whole.targets[0], alive=False), *whole.targets[1:]),
        latencies=tuple(one for one in whole.latencies if one.target != "ec2"),
    )
    found = tables(dead)
    assert found["What was measured, and what would be bought"].rows[0][4] == "dead"
    for title in ("One after the other, when it is warm", "Many at once, each burst by itself", "By how much is asked"):
        row = next(row for row in found[title].rows if row[0] == "ec2")
        assert row[1] == "dead"
        assert row[-4 if "load" in title or "asked" in title else -3 :][:3] == ("failed",) * 3
        assert len(row) == len(found[title].head)
    assert "ec2 did not answer" in report.markdown(dead, [])


def test_faults_are_listed_with_their_number_and_text() -> None:
    assert tables(invented())["Requests without a right answer"].rows == [
        ("ec2", "load", "503: busy | try again *later*", "3")
    ]
    assert "No request went without" in report.markdown(replace(invented(), faults=()), [])


def test_deviations_are_shown_with_their_standard_error_and_summed_up() -> None:
    whole = invented()
    # of 2, 4 and 8.3 % the median is 4 %; one p99 failed when it was measured, and not when it was simulated
    rows = (*whole.measurement, Deviation("a", "p50", 100, 104, 0.04), Deviation("a", "p95", 100, 98, -0.02))
    text = report.markdown(replace(whole, measurement=(*rows, Deviation("a", "p99", None, 300))), [])
    assert (
        "half of 3 percentiles are within 4 %, and the farthest is off by -8.3 % (p95, ec2 at 2 a second); 1 failed"
        in text
    )
    assert "| a | p99 | failed | 300 ms | – | – |" in text
    found = tables(whole)
    assert found["One machine against queueing theory"].rows[0][2:] == ("1.78 s", "1.8 s", "+1.4 %", "12 ms")
    assert found["The measured arrivals, replayed"].rows[0][2:] == ("2.4 s", "2.2 s", "-8.3 %", "–")


def test_months_of_cost_are_read_from_the_curve_and_end_where_it_ends() -> None:
    row = tables(invented())[STEADY].rows[0]
    # 19.5 + 1.4 x 3 = 23.70; it can take 4.2 million
    assert row[3:9] == ("19.50", "1.40", "20.90", "23.70", "too many", "too many")
    lines = tables(invented())["The bill of ec2 for a million requests a month"].rows
    assert lines[-1] == ("sum", "20.90")


def test_a_pair_without_a_break_even_point_says_who_is_cheaper() -> None:
    assert "| ec2 | never fargate |" in report.markdown(invented(), [])


@pytest.mark.parametrize("part", [name for name in summary.Summary.__dataclass_fields__ if name != "about"])
def test_any_part_may_be_missing(part: str) -> None:
    without = replace(invented(), **{part: ()})
    Page(report.html(without, []))
    assert report.markdown(without, [])


@pytest.mark.parametrize("part", ["latencies", "burst", "memory", "bills", "break_evens", "months"])
def test_any_part_may_be_the_only_one(part: str) -> None:
    alone = Summary(targets=invented().targets, **{part: getattr(invented(), part)})
    names = {"latencies": ["latency", "load"], "bills": ["cost"], "break_evens": []}
    assert [one.name for one in plots.pictures(alone)] == names.get(part, [part])


def test_nothing_at_all_is_a_report_too() -> None:
    Page(report.html(Summary()))
    assert report.markdown(Summary()).count("Not measured in this run.") >= 8


def test_hostile_texts_stay_texts() -> None:
    whole = invented()
    names = [HOSTILE, "$x^2$", "a|b"]
    renamed = {old.name: new for old, new in zip(whole.targets, names, strict=True)}
    text = json.dumps(whole.as_json())
    for old, new in renamed.items():
        text = text.replace(f'"{old}"', json.dumps(new))
    # the kinds of setups are words of ours, and have to stay
    found = json.loads(text)
    for one, kind in zip(found["targets"], ("ec2", "lambda", "fargate"), strict=True):
        one["setup"]["kind"] = kind
    bad = replace(Summary.from_json(found), faults=(Fault(HOSTILE, "load", "a | b\n# c `d` <img src=x>", 1),))
    drawn = plots.pictures(bad)
    page = report.html(bad, drawn)
    Page(page)
    assert "<script" not in page
    assert "<img src=x" not in page
    row = next(line for line in report.markdown(bad, drawn).splitlines() if "\\# c" in line)
    assert len(re.findall(r"(?<!\\)\|", row)) == 5  # four cells, whatever stands in them
    assert "\\<img" in row
    for one in drawn:
        ElementTree.fromstring(one.wide)
        assert "<script" not in one.wide


def test_what_is_written_can_be_read_again(
    tmp_path: Path, drawn: list[plots.Picture], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plots, "pictures", lambda _: drawn)
    files = report.write(invented(), tmp_path)
    assert sorted(str(one.relative_to(tmp_path)) for one in files) == [
        "pictures/burst.svg",
        "pictures/cost.svg",
        "pictures/latency.svg",
        "pictures/load.svg",
        "pictures/memory.svg",
        "pictures/months.svg",
        "report.html",
        "report.md",
        "summary.json",
    ]
    assert Summary.read(tmp_path / "summary.json") == invented()
    named = re.findall(r"\]\((.+?\.svg)\)", (tmp_path / "report.md").read_text())
    assert len(named) == 6
    assert all((tmp_path / one).exists() for one in named)


def test_a_page_of_the_documentation_keeps_what_is_around_the_report(
    tmp_path: Path, drawn: list[plots.Picture], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plots, "pictures", lambda _: drawn)
    file = tmp_path / "docs" / "comparison.md"
    report.write_docs(invented(), file)
    assert file.read_text().startswith("# LoopGenie: which target to take")
    file.write_text(f"# Comparison\n\n{report.BEGIN}\nwritten before\n{report.END}\n\nThe end.\n")
    report.write_docs(invented(), file)
    text = file.read_text()
    assert text.startswith(f"# Comparison\n\n{report.BEGIN}\n\n*local stand-ins")
    assert text.endswith(f"{report.END}\n\nThe end.\n")
    assert "written before" not in text
    assert text.count("\n# ") == 0
    assert all((file.parent / one).exists() for one in re.findall(r"\]\((pictures/comparison/.+?\.svg)\)", text))
    assert text.count("](pictures/comparison/") == 6


def test_the_page_holds_the_pictures_that_are_written(page: str, drawn: list[plots.Picture]) -> None:
    held = [b64decode((image["src"] or "").partition(",")[2]).decode() for image in Page(page).all("img")]
    assert sorted(held) == sorted(one.wide for one in drawn)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ("text", "summary is 'text', want an object"),
        ({"targets": [{}]}, r"summary.targets\[0\].name is missing"),
        (
            {"targets": [{"name": "x", "setup": {"kind": "vps"}}]},
            "setup.kind is 'vps', want one of ec2, lambda, fargate",
        ),
        ({"months": [{"target": "a", "trace": "flat", "requests": "many"}]}, "requests is 'many', want float"),
        ({"latencies": [{"target": "a", "regime": "warm", "curve": [[1, 2, 3]]}]}, "curve"),
    ],
)
def test_what_is_no_summary_is_refused_by_name(found: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Summary.from_json(found)


def test_what_a_later_version_adds_is_no_harm() -> None:
    assert Summary.from_json({"about": {"label": REAL, "weather": "fine"}, "moon": 1}).about.label == REAL


def test_a_curve_has_every_rank_of_few_requests_and_ends_where_they_fail() -> None:
    rows = [Record("a", "warm", "short", 0, 0, ms, 200) for ms in (30, 10, 20)] + [
        Record("a", "warm", "short", 0, 0, 5, 500, "broken")
    ]
    assert summary.curve(rows) == ((10, 0.25), (20, 0.5), (30, 0.75))
    many = [Record("a", "warm", "short", 0, 0, ms, 200) for ms in range(1, 1001)]
    assert summary.curve(many, points=4) == ((250, 0.25), (500, 0.5), (750, 0.75), (1000, 1.0))
    assert summary.curve([]) == ()


def test_the_picture_of_a_burst_is_of_the_first_one() -> None:
    rows = [
        Record("a", "burst", "short", due, due, 40, 200, cold=due == 10)
        for due in (10, 10.2, 30)  # the one at 30 s is another burst
    ]
    assert summary.bars(rows) == (Bar("a", 0, 40, cold=True), Bar("a", 200, 40))


@pytest.mark.parametrize(
    ("said", "want"),
    [
        (words.time(8.46), "8.46 ms"),
        (words.time(999.9), "1 s"),
        (words.time(1024), "1.02 s"),
        (words.time(60_000), "60 s"),
        (words.time(900_000), "15 min"),
        (words.time(None), "–"),
        (words.usd(31.7), "31.70"),
        (words.usd(3170.4), "3,170"),
        (words.share(0.0), "0 %"),
        (words.share(0.00003), "< 0.01 %"),
        (words.share(0.99996), "> 99.99 %"),
        (words.share(0.125), "12.5 %"),
        (words.share(1.0), "100 %"),
        (words.amount(3_912_345), "3.9 million"),
        (words.amount(999_999), "1 million"),
        (words.amount(643_564), "640,000"),
        (words.quantile(None, 3), "failed"),
        (words.quantile(None, 0), "–"),
        (words.deviation(-0.083), "-8.3 %"),
        (words.number(1234.5), "1,234"),
        (words.deviation(-0.0004), "+0.0 %"),
    ],
)
def test_figures_read_well(said: str, want: str) -> None:
    assert said == want
