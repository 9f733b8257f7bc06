"""From paths over grid points to ways that look walked: chains between junctions, smoothed, zigzagged, graded."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random

from loopgenie.importing.sample_paths import EdgeCode, Ground
from loopgenie.importing.sample_places import TREE_LINE_M
from loopgenie.importing.sample_terrain import CELL_M, Terrain
from loopgenie.ways import WayKind

#: A position in metres from the south-west corner of the region.
Spot = tuple[float, float]

_STEEP = 0.32  # metres climbed per metre beyond which a path zigzags
_STRIDE_M = 52.0  # along the slope, between two turns
_WIDEST_M = 45.0  # how far a zigzag swings to either side


@dataclass(frozen=True)
class Route:
    """What a stretch of the web is: a road of some kind, or a trail (kind None: it depends on the ground)."""

    road: WayKind | None
    name: str | None


@dataclass(frozen=True)
class Chain:
    """Points from one junction to the next, all on routes of one name and kind."""

    points: list[int]
    route: Route


def chains(
    ground: Ground, laid: Mapping[EdgeCode, int], routes: Sequence[Route], places: frozenset[int]
) -> list[Chain]:
    """Cut the web of paths at its junctions and where its name or kind changes."""
    exits: dict[int, list[tuple[int, Route]]] = {}
    for edge, route in laid.items():
        a, b = ground.ends(edge)
        exits.setdefault(a, []).append((b, routes[route]))
        exits.setdefault(b, []).append((a, routes[route]))
    stops = {i for i, out in exits.items() if i in places or len(out) != 2 or out[0][1] != out[1][1]}
    return [chain for i in exits if i in stops for chain in _chains_from(i, exits, stops)]


def _chains_from(start: int, exits: Mapping[int, list[tuple[int, Route]]], stops: set[int]) -> Iterator[Chain]:
    """The chains that begin at a stop, each of them once: from its smaller end, a ring in its smaller direction."""
    for after, route in exits[start]:
        points = [start, after]
        while points[-1] not in stops:
            points.append(next(b for b, _ in exits[points[-1]] if b != points[-2]))
        if (start, after) < (points[-1], points[-2]):
            yield Chain(points, route)


def relaxed(ground: Ground, chains: Sequence[Chain], held: frozenset[int]) -> dict[int, Spot]:
    """Where the points of the web come to lie when the kinks of the grid are pulled out."""
    at = {i: (ground.x[i], ground.y[i]) for chain in chains for i in chain.points}
    beside: dict[int, list[int]] = {i: [] for i in at}
    for chain in chains:
        for a, b in pairwise(chain.points):
            beside[a].append(b)
            beside[b].append(a)
    last = ground.side - 1
    fast = held | {i for i in at if i % ground.side in (0, last) or i // ground.side in (0, last)}
    for share in (0.4, 0.3):
        at = {i: p if i in fast else _towards(p, [at[j] for j in beside[i]], share) for i, p in at.items()}
    return at


def _towards(spot: Spot, others: Sequence[Spot], share: float) -> Spot:
    """Moved by `share` of the way to the middle of the others."""
    x = y = 0.0
    for other in others:
        x, y = x + other[0], y + other[1]
    return spot[0] + share * (x / len(others) - spot[0]), spot[1] + share * (y / len(others) - spot[1])


def rounded(line: Sequence[Spot]) -> list[Spot]:
    """Corners cut twice (Chaikin 1974); the ends stay."""
    for _ in range(2):
        cut = []
        for (ax, ay), (bx, by) in pairwise(line):
            cut += [(0.75 * ax + 0.25 * bx, 0.75 * ay + 0.25 * by), (0.25 * ax + 0.75 * bx, 0.25 * ay + 0.75 * by)]
        # The first and the last lie on the way to an end that stays: nothing is cut there.
        line = [line[0], *cut[1:-1], line[-1]]
    return list(line)


def zigzagged(terrain: Terrain, line: Sequence[Spot]) -> list[Spot]:
    """The line with hairpins where it would climb straight up."""
    result, swing, extent = [line[0]], 1.0, float(CELL_M * (terrain.side - 1))
    for i, (a, b) in enumerate(pairwise(line)):
        run = _distance(a, b)
        grade = abs(terrain.height_at(*b) - terrain.height_at(*a)) / max(run, 1.0)
        if grade <= _STEEP or not 0 < i < len(line) - 2 or _turns(line[i - 1 : i + 3]):
            result.append(b)
            continue
        turns = max(1, int(run / _STRIDE_M + 0.5))
        steeper = grade / (_STEEP * 0.7)
        wide = min(_WIDEST_M, 0.5 * run / turns * math.sqrt(steeper * steeper - 1.0))
        for k in range(turns):
            t = (k + 0.5) / turns
            x, y = a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])
            x, y = x - swing * wide * (b[1] - a[1]) / run, y + swing * wide * (b[0] - a[0]) / run
            result.append((min(max(x, 0.0), extent), min(max(y, 0.0), extent)))
            swing = -swing
    return result if result[-1] == line[-1] else [*result, line[-1]]


def _turns(line: Sequence[Spot]) -> bool:
    """Whether the middle piece of three is at a sharp corner with one of its neighbours."""
    pieces = [(bx - ax, by - ay) for (ax, ay), (bx, by) in pairwise(line)]
    return any(ax * bx + ay * by <= 0 for (ax, ay), (bx, by) in pairwise(pieces))


def _distance(a: Spot, b: Spot) -> float:
    dx, dy = b[0] - a[0], b[1] - a[1]
    return math.sqrt(dx * dx + dy * dy)


def trail_kind(rng: Random, ground: Ground, chain: Chain) -> tuple[WayKind, str, int]:
    """Kind, surface and SAC grade of a trail, from how high and how steep it is."""
    climb = 0.0
    for a, b in pairwise(chain.points):
        climb += abs(ground.z[a] - ground.z[b])
    mean, top = climb / (CELL_M * (len(chain.points) - 1)), max(ground.z[i] for i in chain.points)
    exposed = max(ground.steep[i] for i in chain.points)
    luck = rng.random()
    if mean < 0.13 and top < TREE_LINE_M and luck < 0.7:
        return WayKind.TRACK, "gravel" if luck < 0.4 else "compacted", 1
    if mean < 0.1 and top < TREE_LINE_M:
        return (WayKind.BRIDLEWAY if luck < 0.85 else WayKind.FOOTWAY), "fine_gravel", 1
    surface = "rock" if exposed > 0.7 and top > TREE_LINE_M else "ground" if luck < 0.6 else "dirt"
    if top > TREE_LINE_M - 150 and (mean > 0.2 or exposed > 0.66):
        return WayKind.PATH, surface, 4 if exposed > 0.66 and mean > 0.25 else 3
    return WayKind.PATH, surface, 2 if mean > 0.15 or top > TREE_LINE_M else 1
