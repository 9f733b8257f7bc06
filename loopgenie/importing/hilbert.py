"""An order in which what lies close together on the ground lies close together in a list, and so on the disk."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from loopgenie.importing.plane import Ints

#: The curve has 2**_LEVELS steps along each side of the box of all places.
_LEVELS = 16


def hilbert_order(places: npt.NDArray[np.int32]) -> Ints:
    """The numbers of the rows (x, y) in the order in which a Hilbert curve over their box passes them.

    The algorithm is that of Warren, Hacker's Delight, 2nd edition, section 16-2, from the coarsest squares down.
    """
    if not len(places):
        return np.empty(0, dtype=np.int64)
    low = places.min(axis=0).astype(np.int64)
    side = int((places.max(axis=0) - low).max()) + 1
    x, y = (((places - low) << _LEVELS) // side).T
    along = np.zeros(len(places), dtype=np.int64)
    for level in range(_LEVELS - 1, -1, -1):
        right, up = (x >> level) & 1, (y >> level) & 1
        along = (along << 2) | ((3 * right) ^ up)
        flipped = (up == 0) & (right == 1)  # in two of the four squares the curve is turned
        x, y = np.where(flipped, ~x, x), np.where(flipped, ~y, y)
        x, y = np.where(up == 0, y, x), np.where(up == 0, x, y)
    return np.argsort(along, kind="stable")
