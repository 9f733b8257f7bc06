"""The report: one page of HTML that asks nobody for anything, the same in Markdown, and the summary as JSON."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from pathlib import Path

from deploy.compare import plots
from deploy.compare.plots import Picture
from deploy.compare.sections import sections
from deploy.compare.summary import Summary

#: Between these lines a page of the documentation takes the report.
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def write(summary: Summary, folder: Path) -> list[Path]:
    """Write `report.html`, `report.md` with `pictures/`, and `summary.json`; returns which files."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = plots.pictures(summary)
    files = [folder / name for name in ("report.html", "report.md", "summary.json")]
    files[0].write_text(html(summary, drawn), "utf-8")
    files[1].write_text(markdown(summary, drawn), "utf-8")
    summary.write(files[2])
    return [*files, *plots.write(drawn, folder / "pictures")]


def write_docs(summary: Summary, file: Path) -> list[Path]:
    """Write the Markdown as a page of the documentation, its pictures in `pictures/` and its name; returns which files.

    A page that has the lines `BEGIN` and `END` keeps what is around them and gets all but the title between them.

    Raises
    ------
    OSError : it cannot be written.
    """
    drawn = plots.pictures(summary)
    folder = Path("pictures") / file.stem
    text = markdown(summary, drawn, pictures=folder.as_posix())
    page = file.read_text("utf-8") if file.exists() else ""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if begin and end:
        text = f"{before}{begin}\n\n{text.partition(chr(10))[2].strip()}\n\n{end}{after}"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    return [file, *plots.write(drawn, file.parent / folder)]


def html(summary: Summary, drawn: Sequence[Picture] | None = None) -> str:
    """One page with everything in it."""
    return _render("report.html", summary, drawn)


def markdown(summary: Summary, drawn: Sequence[Picture] | None = None, *, pictures: str = "pictures") -> str:
    """The same in Markdown; `pictures` is where it finds them."""
    text = _render("report.md", summary, drawn, folder=pictures)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _render(template: str, summary: Summary, drawn: Sequence[Picture] | None, **more: str) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    page = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=template.endswith("html"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page.filters |= {
        "kind": lambda block: type(block).__name__,
        "data": _data,
        "cell": _cell,
        "plain": _plain,
        "tied": _tied,
    }
    found = sections(summary, plots.pictures(summary) if drawn is None else drawn)
    return page.get_template(template).render(summary=summary, label=summary.about.label, sections=found, **more)


def _data(svg: str) -> str:
    """A picture as an address that holds it: nothing in it can reach the page, nor its names clash with others'."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def _tied(text: str) -> str:
    """A text in which no line ends between a number and its unit."""
    return re.sub(r"(?<=\d) (?=(?:%|ms|s|min|MB|GB|USD|million)(?!\w))", "\N{NO-BREAK SPACE}", text)


def _plain(text: str) -> str:
    """A text in Markdown that nobody takes for more than a text."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", " ".join(text.split()))


def _cell(text: str) -> str:
    return _plain(text) or " "
