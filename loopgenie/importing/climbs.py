"""Heights along chains, and how much each climbs.

Heights of a terrain model or a receiver are noisy: the height of one place against another is off, in SRTM, by
4.7 to 9.8 m (90 %, by continent: Rodríguez, Morris, Belz, A global assessment of the SRTM performance, Photogrammetric
Engineering & Remote Sensing 72, 2006), and lines are drawn some metres up or down the slope from their trails. Summing
every small rise would add that noise up. So heights are smoothed along the line first, and then a turn from climbing
to descending, or back, only counts when the line really comes down, or up, by `TURN_M` or more (hysteresis).
docs/ascent.md has the reasons and the measurements.
"""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from loopgenie.importing.chains import Chain, piece_lengths
from loopgenie.importing.smoothing import smoothed
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


class Climbs:
    """Heights of a network: of each junction in whole metres (`junctions`), and of any chain between them.

    Exactly as many metres are climbed less descended on a chain as its ends differ in height. Voids are filled along
    the line from both sides; a junction in a void has the height of the nearest place on foot that has one. Where that
    is further than `void_m` away, nothing is known.

    Parameters
    ----------
    chains : all of the network; their ends are the junctions 0, 1, 2, …
    height_at : metres at a position; None: the heights that the ways bring along.
    void_m : metres along the line up to which a height may be inferred from another.
    """

    def __init__(
        self, chains: Sequence[Chain], *, height_at: HeightAt | None = None, void_m: float | None = None
    ) -> None:
        self._height_at = height_at
        self._void_m = void_m if void_m is not None else RECORDED_VOID_M if height_at is None else VOID_M
        self.junctions = self._junction_heights(chains)

    def profile(self, chain: Chain, lengths: Sequence[float]) -> Profile:
        """Heights and climbs of a chain between junctions of the network; `lengths` (m) are those of its pieces."""
        samples = self._samples(chain, lengths)
        start, end = self.junctions[chain.start], self.junctions[chain.end]
        heights = [start, *(sample.height for sample in samples[1:-1]), end]
        along = [sample.along_m for sample in samples]
        filled = _filled(along, heights, self._void_m)
        nodes = [h if h is None else round(h, 1) for h, sample in zip(filled, samples, strict=True) if sample.is_node]
        known = [height for height in filled if height is not None]
        if start is None or end is None or len(known) < len(filled):
            return Profile(nodes, None, None)
        ascent = sum(max(0, b - a) for a, b in pairwise(map(round, turning_points(smoothed(along, known)))))
        return Profile(nodes, ascent, ascent - (end - start))

    def _samples(self, chain: Chain, lengths: Sequence[float]) -> list[_Sample]:
        """Samples in order. Between the ends of bridges and tunnels the terrain tells nothing: there they are voids."""
        ways, line, recorded = chain.ways, chain.line(), None if self._height_at else chain.heights()
        samples, along = [], 0.0
        for i, place in enumerate(line):
            aloft = 0 < i < len(ways) and ways[i - 1].off_ground and ways[i].off_ground
            samples.append(_Sample(along, None if aloft else self._node_height(i, place, recorded), True))
            if i < len(ways):
                length = lengths[i]
                if self._height_at is not None and length > STEP_M and not ways[i].off_ground:
                    samples += _between(place, line[i + 1], along, length, self._height_at)
                along += length
        return samples

    def _node_height(
        self, vertex: int, place: tuple[float, float], recorded: Sequence[float | None] | None
    ) -> float | None:
        if self._height_at is not None:
            return self._height_at(*place)
        return recorded[vertex] if recorded else None

    def _junction_heights(self, chains: Sequence[Chain]) -> list[int | None]:
        """Each junction's height, or that of the nearest place on foot that has one, at most `void_m` away."""
        heights: list[int | None] = [None] * (1 + max((max(c.start, c.end) for c in chains), default=-1))
        in_voids = []
        for chain in chains:
            recorded = None if self._height_at else chain.heights()
            for vertex, (junction, place) in zip((0, -1), chain.ends(), strict=True):
                if heights[junction] is None:
                    height = self._node_height(vertex, place, recorded)
                    heights[junction] = None if height is None else round(height)
            if heights[chain.start] is None or heights[chain.end] is None:
                in_voids.append(chain)
        for junction, inferred in self._inferred(in_voids, heights).items():
            heights[junction] = inferred
        return heights

    def _inferred(self, chains: Sequence[Chain], heights: Sequence[int | None]) -> dict[int, int]:
        """Heights of junctions in voids, from the known places nearest on foot along these chains."""
        queue: list[tuple[float, int, float]] = []
        through: dict[int, list[tuple[float, int]]] = defaultdict(list)
        for chain, lengths in zip(chains, piece_lengths(chains), strict=True):
            start, end, samples = chain.start, chain.end, self._samples(chain, lengths)
            length = samples[-1].along_m
            first, last = heights[start], heights[end]
            samples[0], samples[-1] = samples[0]._replace(height=first), samples[-1]._replace(height=last)
            known = [(sample.along_m, sample.height) for sample in samples if sample.height is not None]
            if known:
                queue += [(known[0][0], start, known[0][1]), (length - known[-1][0], end, known[-1][1])]
            else:
                through[start].append((length, end))
                through[end].append((length, start))
        heapq.heapify(queue)
        inferred: dict[int, int] = {}
        while queue:
            metres, node, height = heapq.heappop(queue)
            if metres <= self._void_m and node not in inferred:
                inferred[node] = round(height)
                for length, other in through[node]:
                    heapq.heappush(queue, (metres + length, other, height))
        return inferred


def _between(
    a: tuple[float, float], b: tuple[float, float], along: float, length: float, height_at: HeightAt
) -> list[_Sample]:
    count = math.ceil(length / STEP_M)
    shares = [i / count for i in range(1, count)]
    return [
        _Sample(along + s * length, height_at(a[0] + s * (b[0] - a[0]), a[1] + s * (b[1] - a[1])), False)
        for s in shares
    ]


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
