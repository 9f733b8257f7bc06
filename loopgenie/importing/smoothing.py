"""Heights along a line without the ripple that neither the terrain model nor the drawn line can know about.

A model of posts 30 to 90 m apart says nothing of bumps shorter than that, and a line drawn a few metres up or down the
slope beside its trail rises and falls with every metre that it is off. So each height becomes the mean of the ground
around it along the line. docs/ascent.md has the measurements that the window was chosen by.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

#: Heights are the mean over so many metres along the line: about the distance of two posts of SRTM (3 arc-seconds).
WINDOW_M = 100.0
#: A mean over fewer metres than this would be nothing but rounding.
_SHORTEST_M = 0.001


def smoothed(along_m: Sequence[float], heights: Sequence[float], window_m: float = WINDOW_M) -> list[float]:
    """Heights at the same places, each the mean of the line's height around it.

    The line is taken to be straight between its places, so further places on its straights change nothing. The window
    is centred and shrinks towards both ends. That keeps the first and last height and leaves an even slope as it is;
    no height leaves the range of those given. Takes about two microseconds a place.

    Parameters
    ----------
    along_m : metres from the start of the line to each place, never falling; one or more.
    heights : metres, one for each place.
    window_m : metres along the line to take the mean over.
    """
    start, end, base = along_m[0], along_m[-1], heights[0]
    above = [height - base for height in heights]  # small numbers: differences of their sums stay exact
    areas = _areas(along_m, above)
    before = after = 0  # the pieces in which the window begins and ends: they only ever move on
    means = []
    for place, height in zip(along_m, heights, strict=True):
        reach = min(window_m / 2, place - start, end - place)
        if reach < _SHORTEST_M:
            means.append(height)
            continue
        while along_m[before + 1] < place - reach:
            before += 1
        while along_m[after + 1] < place + reach:
            after += 1
        area = _area_to(place + reach, after, along_m, above, areas)
        area -= _area_to(place - reach, before, along_m, above, areas)
        means.append(base + area / (2 * reach))
    return means


def _areas(along_m: Sequence[float], heights: Sequence[float]) -> list[float]:
    """The area under the line from its start to each place."""
    pieces = zip(pairwise(along_m), pairwise(heights), strict=True)
    return list(accumulate(((b - a) * (low + high) / 2 for (a, b), (low, high) in pieces), initial=0.0))


def _area_to(
    place_m: float, piece: int, along_m: Sequence[float], heights: Sequence[float], areas: Sequence[float]
) -> float:
    """The area under the line from its start to somewhere on one of its pieces."""
    beyond, length = place_m - along_m[piece], along_m[piece + 1] - along_m[piece]
    rise = (heights[piece + 1] - heights[piece]) * (beyond / length) if length else 0.0
    return areas[piece] + beyond * (heights[piece] + rise / 2)
