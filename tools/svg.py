"""Small drawings as SVG, readable on a light and on a dark page, without any library."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

STYLE = """
text { font: 13px system-ui, sans-serif; fill: #24292f; }
.paper { fill: #ffffff; }
.small { font-size: 11px; }
.quiet { fill: #57606a; }
.thin { stroke: #d0d7de; stroke-width: 1; fill: none; }
.dashed { stroke: #57606a; stroke-width: 1.5; stroke-dasharray: 5 4; fill: none; }
.way { stroke: #8c959f; stroke-width: 2; fill: none; }
.a { stroke: #0969da; fill: none; stroke-width: 3; stroke-linejoin: round; }
.b { stroke: #bc4c00; fill: none; stroke-width: 3; stroke-linejoin: round; }
.c { stroke: #1a7f37; fill: none; stroke-width: 3; stroke-linejoin: round; }
.node { fill: #ffffff; stroke: #24292f; stroke-width: 2; }
.home { fill: #0969da; stroke: #24292f; stroke-width: 2; }
.dot-a { fill: #0969da; } .dot-b { fill: #bc4c00; } .dot-c { fill: #1a7f37; }
.band { fill: #ffe08a; }
.on-home { fill: #ffffff; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; }
.paper { fill: #0d1117; }
.quiet { fill: #9198a1; }
.thin { stroke: #30363d; }
.dashed { stroke: #9198a1; }
.way { stroke: #6e7681; }
.a { stroke: #58a6ff; } .b { stroke: #f0883e; } .c { stroke: #3fb950; }
.node { fill: #0d1117; stroke: #e6edf3; }
.home { fill: #58a6ff; stroke: #e6edf3; }
.dot-a { fill: #58a6ff; } .dot-b { fill: #f0883e; } .dot-c { fill: #3fb950; }
.band { fill: #7a5c00; }
.on-home { fill: #0d1117; }
}
""".strip()

Point = tuple[float, float]


class Drawing:
    """Lines, dots and words on paper; `kind` is a class of the style above, positions are in pixels, y downwards."""

    def __init__(self, width: float, height: float, title: str) -> None:
        self.size = f'width="{width:g}" height="{height:g}" viewBox="0 0 {width:g} {height:g}"'
        self.title = title
        self.parts: list[str] = []

    def box(self, corner: Point, width: float, height: float, kind: str) -> None:
        """A rectangle."""
        self._add(
            f'<rect class="{kind}" x="{corner[0]:.1f}" y="{corner[1]:.1f}" width="{width:g}" height="{height:g}"/>'
        )

    def line(self, points: Sequence[Point], kind: str) -> None:
        """A polyline."""
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self._add(f'<polyline class="{kind}" points="{path}"/>')

    def dot(self, at: Point, radius: float, kind: str, tip: str = "") -> None:
        """A circle, with words that show when it is pointed at."""
        inside = f"<title>{escape(tip)}</title>" if tip else ""
        self._add(f'<circle class="{kind}" cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="{radius:g}">{inside}</circle>')

    def text(self, at: Point, words: str, kind: str = "", anchor: str = "middle") -> None:
        """A line of text."""
        chosen = f' class="{kind}"' if kind else ""
        self._add(f'<text{chosen} x="{at[0]:.1f}" y="{at[1]:.1f}" text-anchor="{anchor}">{escape(words)}</text>')

    def __str__(self) -> str:
        head = f'<svg xmlns="http://www.w3.org/2000/svg" {self.size} role="img">\n<title>{escape(self.title)}</title>'
        paper = '<rect class="paper" width="100%" height="100%"/>'
        return "\n".join([head, f"<style>\n{STYLE}\n</style>", paper, *self.parts, "</svg>\n"])

    def _add(self, part: str) -> None:
        self.parts.append(part)
