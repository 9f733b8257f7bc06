"""The order of what lies on the ground."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgenie.importing.hilbert import hilbert_order

coordinates = st.integers(-1_800_000_000, 1_800_000_000)


@pytest.mark.parametrize("side", [2, 4, 16])
def test_a_walk_over_a_full_grid_goes_from_neighbour_to_neighbour(side):
    places = np.array([(x, y) for x in range(side) for y in range(side)], dtype=np.int32)
    walked = places[hilbert_order(places)]
    assert (np.abs(np.diff(walked, axis=0)).sum(axis=1) == 1).all()


@given(st.lists(st.tuples(coordinates, coordinates), max_size=30))
def test_every_place_comes_once(places):
    order = hilbert_order(np.array(places, dtype=np.int32).reshape(-1, 2))
    assert sorted(order.tolist()) == list(range(len(places)))
