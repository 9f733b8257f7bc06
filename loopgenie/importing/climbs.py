"""Heights along chains, and how much each climbs.

Heights of a terrain model or a receiver are noisy: the height of one place against another is off, in SRTM, by
4.7 to 9.8 m (90 %, by continent: Rodríguez, Morris, Belz, A global assessment of the SRTM performance, Photogrammetric
Engineering & Remote Sensing 72, 2006). Summing every small rise would add that noise up. So a turn from climbing to
descending, or back, only counts when the line then really comes down, or up, by `TURN_M` or more (hysteresis).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from loopgenie.geometry import distance_m
from loopgenie.importing.chains import Chain, Positions
from loopgenie.importing.source import HeightAt

#: Turning points of fewer metres of height are noise.
TURN_M = 5.0
#: A line is sampled at its positions, and in between so that no two samples are further apart, in metres.
STEP_M = 50.0


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
    done: Callable[[int], None] = lambda _: None,
) -> tuple[dict[int, int | None], list[Profile]]:
    """Height of each junction in whole metres, and the profile of each chain.

    Exactly as many metres are climbed less descended on a chain as its ends differ in height. Voids are filled along
    the line from both sides; a junction in a void has the height of the nearest place along its chains that is known.

    Parameters
    ----------
    node_height : metres at a node, None where that is not known.
    height_at : metres at a position, for samples between nodes; None if there is no terrain model.
    done : told how many chains have been looked at.
    """
    samples = []
    for number, chain in enumerate(chains):
        samples.append(_samples(chain, at, node_height, height_at))
        if number % 500 == 0:
            done(number)
    junctions = _junction_heights(chains, samples)
    return junctions, [_profile(chain, line, junctions) for chain, line in zip(chains, samples, strict=True)]


def _samples(
    chain: Chain, at: Positions, node_height: Callable[[int], float | None], height_at: HeightAt | None
) -> list[_Sample]:
    """Samples in order. On bridges and in tunnels the terrain tells nothing: there they are voids."""
    ways, line = chain.ways, chain.line(at)
    samples, along = [], 0.0
    for i, node in enumerate(chain.nodes):
        aloft = all(way.off_ground for way in ways[max(i - 1, 0) : i + 1])
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


def _junction_heights(chains: Sequence[Chain], samples: Sequence[list[_Sample]]) -> dict[int, int | None]:
    nearest: dict[int, tuple[float, float]] = defaultdict(lambda: (math.inf, 0.0))
    for chain, line in zip(chains, samples, strict=True):
        length = line[-1].along_m
        first = next((s for s in line if s.height is not None), None)
        last = next((s for s in reversed(line) if s.height is not None), None)
        if first is not None and last is not None and first.height is not None and last.height is not None:
            start, end = chain.nodes[0], chain.nodes[-1]
            nearest[start] = min(nearest[start], (first.along_m, first.height))
            nearest[end] = min(nearest[end], (length - last.along_m, last.height))
    ends = {node for chain in chains for node in (chain.nodes[0], chain.nodes[-1])}
    return {node: round(nearest[node][1]) if node in nearest else None for node in ends}


def _profile(chain: Chain, samples: list[_Sample], junctions: dict[int, int | None]) -> Profile:
    start, end = junctions[chain.nodes[0]], junctions[chain.nodes[-1]]
    if start is None or end is None:
        return Profile([s.height and round(s.height, 1) for s in samples if s.is_node], None, None)
    filled = _filled([s.along_m for s in samples], [start, *(s.height for s in samples[1:-1]), end])
    turns = [round(height) for height in turning_points(filled)]
    ascent = sum(max(0, b - a) for a, b in pairwise(turns))
    nodes = [round(height, 1) for height, sample in zip(filled, samples, strict=True) if sample.is_node]
    return Profile([*nodes], ascent, ascent - (end - start))


def _filled(along: Sequence[float], heights: Sequence[float | None]) -> list[float]:
    """Heights with voids filled along the line; the first and the last are known."""
    known = list(accumulate((i if h is not None else -1 for i, h in enumerate(heights)), max))  # the last one known
    filled: list[float] = []
    following = 0
    for i, height in enumerate(heights):
        if height is None:
            if following <= i:
                following = next(j for j in range(i, len(heights)) if heights[j] is not None)
            before, after = heights[known[i]] or 0.0, heights[following] or 0.0
            span = along[following] - along[known[i]]
            share = (along[i] - along[known[i]]) / span if span else 0.0
            height = before + share * (after - before)
        filled.append(height)
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
