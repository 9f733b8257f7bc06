"""Heights along chains, and how much each climbs.

Heights of a terrain model or a receiver are noisy: the height of one place against another is off, in SRTM, by
4.7 to 9.8 m (90 %, by continent: Rodríguez, Morris, Belz, A global assessment of the SRTM performance, Photogrammetric
Engineering & Remote Sensing 72, 2006). Summing every small rise would add that noise up. So a turn from climbing to
descending, or back, only counts when the line then really comes down, or up, by `TURN_M` or more (hysteresis).
"""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

from loopgenie.geometry import distance_m
from loopgenie.importing.chains import Chain, Positions
from loopgenie.importing.source import HeightAt

#: Turning points of fewer metres of height are noise.
TURN_M = 5.0
#: A line is sampled at its positions, and in between so that no two samples are further apart, in metres.
STEP_M = 50.0
#: A void of a terrain model is filled from what is known at most so many metres away; beyond that nothing is known.
VOID_M = 1000.0
#: The same without a terrain model, where a way without heights is none that lies in a void but one not recorded.
RECORDED_VOID_M = 200.0


class Profile(NamedTuple):
    """A chain's heights at its nodes (0.1 m), and whole metres up and down; None where nothing is known."""

    heights: list[float | None]
    ascent_m: int | None
    descent_m: int | None


class _Sample(NamedTuple):
    along_m: float
    height: float | None
    is_node: bool


def profiles(
    chains: Sequence[Chain],
    at: Positions,
    *,
    node_height: Callable[[int], float | None],
    height_at: HeightAt | None,
    void_m: float = VOID_M,
    done: Callable[[int], None] = lambda _: None,
) -> tuple[dict[int, int | None], list[Profile]]:
    """Height of each junction in whole metres, and the profile of each chain.

    Exactly as many metres are climbed less descended on a chain as its ends differ in height. Voids are filled along
    the line from both sides; a junction in a void has the height of the nearest place on foot that has one. Where that
    is further than `void_m` away, nothing is known.

    Parameters
    ----------
    node_height : metres at a node, None where that is not known.
    height_at : metres at a position, for samples between nodes; None if there is no terrain model.
    void_m : metres along the line up to which a height may be inferred from another.
    done : told how many chains have been looked at.
    """
    samples = []
    for number, chain in enumerate(chains):
        samples.append(_samples(chain, at, node_height, height_at))
        if number % 500 == 0:
            done(number)
    junctions = _junction_heights(chains, samples, void_m)
    return junctions, [_profile(chain, line, junctions, void_m) for chain, line in zip(chains, samples, strict=True)]


def _samples(
    chain: Chain, at: Positions, node_height: Callable[[int], float | None], height_at: HeightAt | None
) -> list[_Sample]:
    """Samples in order. Between the ends of bridges and tunnels the terrain tells nothing: there they are voids."""
    ways, line = chain.ways, chain.line(at)
    samples, along = [], 0.0
    for i, node in enumerate(chain.nodes):
        aloft = 0 < i < len(ways) and ways[i - 1].off_ground and ways[i].off_ground
        samples.append(_Sample(along, None if aloft else node_height(node), True))
        if i < len(ways):
            length = distance_m(line[i], line[i + 1])
            if height_at is not None and length > STEP_M and not ways[i].off_ground:
                samples += _between(line[i], line[i + 1], along, length, height_at)
            along += length
    return samples


def _between(
    a: tuple[float, float], b: tuple[float, float], along: float, length: float, height_at: HeightAt
) -> list[_Sample]:
    count = math.ceil(length / STEP_M)
    shares = [i / count for i in range(1, count)]
    return [
        _Sample(along + s * length, height_at(a[0] + s * (b[0] - a[0]), a[1] + s * (b[1] - a[1])), False)
        for s in shares
    ]


def _junction_heights(
    chains: Sequence[Chain], samples: Sequence[list[_Sample]], void_m: float
) -> dict[int, int | None]:
    """Each junction's height, or that of the nearest place on foot that has one, at most `void_m` away."""
    heights: dict[int, int | None] = {}
    queue: list[tuple[float, int, float]] = []
    through_voids: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for chain, line in zip(chains, samples, strict=True):
        start, end, length = chain.nodes[0], chain.nodes[-1], line[-1].along_m
        heights[start] = heights[end] = None
        known = [(sample.along_m, sample.height) for sample in line if sample.height is not None]
        if known:
            queue += [(known[0][0], start, known[0][1]), (length - known[-1][0], end, known[-1][1])]
        else:
            through_voids[start].append((length, end))
            through_voids[end].append((length, start))
    heapq.heapify(queue)
    while queue:
        metres, node, height = heapq.heappop(queue)
        if metres <= void_m and heights[node] is None:
            heights[node] = round(height)
            for length, other in through_voids[node]:
                heapq.heappush(queue, (metres + length, other, height))
    return heights


def _profile(chain: Chain, samples: list[_Sample], junctions: dict[int, int | None], void_m: float) -> Profile:
    start, end = junctions[chain.nodes[0]], junctions[chain.nodes[-1]]
    heights = [start, *(sample.height for sample in samples[1:-1]), end]
    filled = _filled([sample.along_m for sample in samples], heights, void_m)
    nodes = [h if h is None else round(h, 1) for h, sample in zip(filled, samples, strict=True) if sample.is_node]
    known = [height for height in filled if height is not None]
    if start is None or end is None or len(known) < len(filled):
        return Profile(nodes, None, None)
    ascent = sum(max(0, b - a) for a, b in pairwise(map(round, turning_points(known))))
    return Profile(nodes, ascent, ascent - (end - start))


def _filled(along: Sequence[float], heights: Sequence[float | None], void_m: float) -> list[float | None]:
    """Heights with the voids between two known ones filled along the line, unless they are too far apart."""
    filled = list(heights)
    known = [(i, height) for i, height in enumerate(heights) if height is not None]
    for (i, before), (j, after) in pairwise(known):
        span = along[j] - along[i]
        if j > i + 1 and span <= 2 * void_m:
            for k in range(i + 1, j):
                filled[k] = before + (after - before) * ((along[k] - along[i]) / span if span else 0.0)
    return filled


def turning_points(heights: Sequence[float]) -> list[float]:
    """First and last height, and between them those where the line turns by `TURN_M` or more."""
    turns = [heights[0]]
    top = bottom = heights[0]
    rising: bool | None = None  # not known until the line has left its start by TURN_M
    for height in heights:
        top, bottom = max(top, height), min(bottom, height)
        if rising is not False and top - height >= TURN_M:
            turns += [top] if rising else []
            rising, bottom = False, height
        elif rising is not True and height - bottom >= TURN_M:
            turns += [bottom] if rising is False else []
            rising, top = True, height
    return [*turns, heights[-1]]
