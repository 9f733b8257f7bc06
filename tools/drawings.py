"""Draw the small networks that docs/solver.md explains the solver with: python tools/drawings.py

They are problems as well as drawings: tests/unit/test_solver_docs.py solves each of them and compares.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from solver import Edge, LoopProblem, Network  # noqa: E402
from tools.svg import Drawing, Point  # noqa: E402

PICTURES = ROOT / "docs" / "pictures"

#: Pixels of a kilometre, and of the gap between two passes over an edge.
SCALE, APART = 44.0, 3.5


@dataclass(frozen=True)
class Sketch:
    """A loop problem with places on paper; lengths and positions are in kilometres.

    `edges` are (u, v, length), `through` are points on the way of an edge that is not straight, `walked` says how often
    the best loop walks each edge.
    """

    name: str
    title: str
    places: Sequence[Point]
    edges: Sequence[tuple[int, int, int]]
    window: tuple[int, int]
    walked: Mapping[int, int]
    through: Mapping[int, Sequence[Point]] = field(default_factory=dict)
    home: int = 0

    def problem(self) -> LoopProblem:
        """In metres, every metre earning a point."""
        network = Network([Edge(u, v, 1000 * km, 1000 * km) for u, v, km in self.edges], len(self.places))
        low, high = self.window
        return LoopProblem(network, [self.home], min_length=1000 * low, max_length=1000 * high)

    def line(self, e: int) -> list[Point]:
        """The way of an edge on paper."""
        u, v, _ = self.edges[e]
        return [self.places[u], *self.through.get(e, ()), self.places[v]]


PATH = Sketch(
    "path",
    "7 to 9 km on a path: out and back, 8 km",
    [(0, 0), (2, 0), (4, 0), (6, 0)],
    [(0, 1, 2), (1, 2, 2), (2, 3, 2)],
    (7, 9),
    {0: 2, 1: 2},
)
TRIANGLES = Sketch(
    "triangles",
    "5 to 12 km, two triangles apart: one of them, 6 km",
    [(0, 1.7), (1, 0), (2, 1.7), (4, 1.7), (5, 0), (6, 1.7)],
    [(0, 1, 2), (1, 2, 2), (2, 0, 2), (3, 4, 2), (4, 5, 2), (5, 3, 2)],
    (5, 12),
    {0: 1, 1: 1, 2: 1},
)
LOLLIPOP = Sketch(
    "lollipop",
    "7 to 9 km on a lollipop: the stick twice, 8 km",
    [(0, 1), (1.5, 1), (3.2, 0), (3.2, 2)],
    [(0, 1, 1), (1, 2, 2), (2, 3, 2), (3, 1, 2)],
    (7, 9),
    {0: 2, 1: 1, 2: 1, 3: 1},
)
THETA = Sketch(
    "theta",
    "7 to 9 km on a theta: the upper two of its three ways, 8 km",
    [(0, 1.2), (1.7, 0), (3.4, 1.2), (1.7, 1.2), (1.7, 2.4)],
    [(0, 1, 2), (1, 2, 2), (0, 3, 2), (3, 2, 2), (0, 4, 3), (4, 2, 3)],
    (7, 9),
    {0: 1, 1: 1, 2: 1, 3: 1},
)
#: The nearest way to each node leads along the x axis, so that x is the distance from the trailhead.
FAR = Sketch(
    "far",
    "At most 14 km: beyond d = 4 km there is room for 14 - 2 · 4 = 6 km",
    [(0, 1.5), (3, 1.5), (5, 0.4), (5, 2.6)],
    [(0, 1, 3), (1, 2, 2), (2, 3, 4), (3, 1, 2)],
    (12, 14),
    {0: 2, 1: 1, 2: 1, 3: 1},
    {2: [(6.6, 0.7), (7, 1.5), (6.6, 2.3)]},
)
#: What is farther than this from the trailhead is counted in the last drawing.
FAR_KM = 4

SKETCHES = (PATH, TRIANGLES, LOLLIPOP, THETA, FAR)


def walk_drawing(sketch: Sketch) -> Drawing:
    """The network and its best loop."""
    drawing, origin = _paper(sketch)
    _draw(drawing, sketch, origin, sketch.walked)
    return drawing


def far_drawing(sketch: Sketch, km: float) -> Drawing:
    """The same, with what lies beyond a distance on another ground."""
    drawing, origin = _paper(sketch)
    top, bottom = 40.0, origin[1] + SCALE * max(y for _, y in sketch.places) + 18
    x = origin[0] + SCALE * km
    right = origin[0] + SCALE * 7 + 18
    drawing.box((x, top), right - x, bottom - top, "band")
    drawing.line([(x, top), (x, bottom)], "dashed")
    drawing.text((x - 6, bottom - 4), f"d = {km:g} km", "quiet", "end")
    _draw(drawing, sketch, origin, sketch.walked)
    return drawing


def frontier_drawing(sketch: Sketch, frames: Sequence[int]) -> Drawing:
    """The edges decided one after the other, in the order of their numbers; the frontier is filled."""
    width = SCALE * max(x for x, _ in sketch.places) + 70
    height = SCALE * max(y for _, y in sketch.places) + 130
    drawing = Drawing(width * len(frames) + 10, height, "A frontier moves through a theta graph")
    for place, decided in enumerate(frames):
        origin = (width * place + 40, 66.0)
        drawing.text((width * place + 20, 24), f"{decided} of {len(sketch.edges)} edges decided", anchor="start")
        front = frontier(sketch, decided)
        walked = {e: y for e, y in sketch.walked.items() if e < decided}
        _draw(drawing, sketch, origin, walked, decided, front)
        drawing.text((width * place + 20, height - 30), _told(front), "quiet", "start")
        drawing.text((width * place + 20, height - 12), _told_odd(sketch, walked, front), "quiet", "start")
    return drawing


def frontier(sketch: Sketch, decided: int) -> list[int]:
    """Nodes between edges decided and edges undecided."""
    before = {node for u, v, _ in sketch.edges[:decided] for node in (u, v)}
    after = {node for u, v, _ in sketch.edges[decided:] for node in (u, v)}
    return sorted(before & after)


def odd_nodes(sketch: Sketch, walked: Mapping[int, int]) -> set[int]:
    """Nodes at which an odd number of passes end."""
    odd: set[int] = set()
    for e, times in walked.items():
        if times == 1:
            odd ^= {sketch.edges[e][0]}
            odd ^= {sketch.edges[e][1]}
    return odd


def _told(front: Collection[int]) -> str:
    return "frontier: " + (", ".join(map(str, front)) or "empty")


def _told_odd(sketch: Sketch, walked: Mapping[int, int], front: Collection[int]) -> str:
    if not front:
        return "closed: a loop"
    odd = sorted(odd_nodes(sketch, walked) & set(front))
    return "odd: " + (", ".join(map(str, odd)) or "none")


def _paper(sketch: Sketch) -> tuple[Drawing, Point]:
    """A sheet that is large enough, and where the origin of the sketch lies on it."""
    points = [point for e in range(len(sketch.edges)) for point in sketch.line(e)]
    width = max(SCALE * max(x for x, _ in points) + 80, 7.4 * len(sketch.title) + 30)
    drawing = Drawing(width, SCALE * max(y for _, y in points) + 96, sketch.title)
    drawing.text((14, 22), sketch.title, anchor="start")
    return drawing, (40, 58.0)


def _draw(
    drawing: Drawing,
    sketch: Sketch,
    origin: Point,
    walked: Mapping[int, int],
    decided: int | None = None,
    front: Collection[int] = (),
) -> None:
    """Edges, as often as they are walked, dashed where they are undecided; then nodes."""
    for e, (_, _, km) in enumerate(sketch.edges):
        points = [_on_paper(point, origin) for point in sketch.line(e)]
        times = walked.get(e, 0)
        if times == 2:
            for side in (-APART, APART):
                drawing.line(_beside(points, side), "a")
        else:
            undecided = decided is not None and e >= decided
            drawing.line(points, "a" if times else "dashed" if undecided else "way")
        (x, y), (dx, dy) = _middle(points)
        drawing.text((x + 15 * dy, y - 15 * abs(dx) + 4), f"{km}", "small quiet")
    for node, place in enumerate(sketch.places):
        at = _on_paper(place, origin)
        if node in front:
            drawing.dot(at, 15, "band")
        drawing.dot(at, 10, "home" if node == sketch.home else "node")
        drawing.text((at[0], at[1] + 4), str(node), "on-home small" if node == sketch.home else "small")


def _on_paper(point: Point, origin: Point) -> Point:
    return origin[0] + SCALE * point[0], origin[1] + SCALE * point[1]


def _middle(points: Sequence[Point]) -> tuple[Point, Point]:
    """The middle of a line, and its direction there."""
    half = len(points) // 2
    (ax, ay), (bx, by) = points[half - 1], points[half]
    length = math.hypot(bx - ax, by - ay)
    return ((ax + bx) / 2, (ay + by) / 2), ((bx - ax) / length, (by - ay) / length)


def _beside(points: Sequence[Point], distance: float) -> list[Point]:
    """A straight line moved sideways."""
    (ax, ay), (bx, by) = points[0], points[-1]
    length = math.hypot(bx - ax, by - ay)
    dx, dy = -(by - ay) / length * distance, (bx - ax) / length * distance
    return [(ax + dx, ay + dy), (bx + dx, by + dy)]


def drawings() -> dict[str, str]:
    """The text of each picture, by file name."""
    pictures = {sketch.name: walk_drawing(sketch) for sketch in (PATH, TRIANGLES, LOLLIPOP)}
    pictures["frontier"] = frontier_drawing(THETA, (1, 3, 4, 6))
    pictures["far"] = far_drawing(FAR, FAR_KM)
    return {f"solver-{name}.svg": str(drawing) for name, drawing in pictures.items()}


if __name__ == "__main__":
    for file_name, text in drawings().items():
        (PICTURES / file_name).write_text(text, "utf-8")
