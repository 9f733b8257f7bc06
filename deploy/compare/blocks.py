"""What a report is made of: sections of paragraphs, lists, tables, pictures and commands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from deploy.compare.plots import Picture
from deploy.compare.summary import Summary


@dataclass(frozen=True)
class Table:
    """A table.

    Parameters
    ----------
    title : what it shows and what its figures are of.
    head : of its columns; rows : of texts, the first of which names the row.
    note : what to know when reading it.
    words : columns of words, from 0; the others hold figures.
    folded : whether a page shows it only to who asks for it; Markdown always shows it.
    """

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    words: tuple[int, ...] = (0,)
    folded: bool = False


@dataclass(frozen=True)
class Code:
    """A command, to be copied."""

    text: str


#: A paragraph, a list, a table, a picture or a command.
Block = str | tuple[str, ...] | Table | Picture | Code


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it; `name` is its address in the page."""

    name: str
    title: str
    blocks: Sequence[Block]


def labelled(summary: Summary, title: str, how: str = "") -> str:
    """The title of a table or picture with what its figures are of."""
    return f"{title} ({how}{' from ' if how else ''}{summary.about.label})"


def picture(summary: Summary, pictures: Mapping[str, Picture], name: str, how: str = "") -> Iterator[Picture]:
    """The picture of that name, where it was drawn."""
    if one := pictures.get(name):
        yield Picture(one.name, labelled(summary, one.title, how), one.alt, one.wide, one.narrow)


def names(summary: Summary) -> list[str]:
    """Names of the targets, in the order that they have everywhere."""
    return [one.name for one in summary.targets]
