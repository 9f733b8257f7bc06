"""The land of the sample region: water runs off, lakes are level, mountains are mountains."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest

from loopgenie.importing.sample_terrain import CELL_M, Terrain, fractal, make_terrain, rim


@pytest.fixture(scope="module", params=[1, 2], ids="seed {}".format)
def terrain(request: pytest.FixtureRequest) -> Terrain:
    return make_terrain(Random(request.param), 10, lambda done, total: None)


def test_the_grid_covers_the_region(terrain: Terrain):
    assert terrain.side == 10_000 // CELL_M + 1
    assert len(terrain.heights) == len(terrain.downhill) == len(terrain.drained) == terrain.side**2


def test_all_water_runs_downhill_and_out_of_the_region(terrain: Terrain):
    wet = {i for lake in terrain.lakes for i in lake}
    for i, to in enumerate(terrain.downhill):
        if to >= 0 and not {i, to} & wet:
            assert terrain.heights[to] < terrain.heights[i]
    edge = set(rim(terrain.side))
    for start in range(0, terrain.side**2, 97):
        i = start
        for _ in range(terrain.side**2):
            if terrain.downhill[i] < 0:
                break
            i = terrain.downhill[i]
        assert i in edge


def test_what_is_drained_adds_up(terrain: Terrain):
    out = [area for area, to in zip(terrain.drained, terrain.downhill, strict=True) if to < 0]
    assert sum(out) == terrain.side**2


def test_lakes_are_level_apart_and_inland(terrain: Terrain):
    assert terrain.lakes
    owner = {i: number for number, lake in enumerate(terrain.lakes) for i in lake}
    assert len(owner) == sum(map(len, terrain.lakes))
    side, edge = terrain.side, set(rim(terrain.side))
    for number, lake in enumerate(terrain.lakes):
        assert len({terrain.heights[i] for i in lake}) == 1
        for i in lake:
            around = {i + dr * side + dc for dr in (-1, 0, 1) for dc in (-1, 0, 1)}
            assert not around & edge
            assert {owner.get(j, number) for j in around} == {number}


def test_there_are_valleys_and_mountains_between_400_and_2600_m(terrain: Terrain):
    assert min(terrain.heights) >= 400
    assert 1200 < max(terrain.heights) <= 2600


def test_heights_between_points_are_bilinear():
    """
    1 --- 4     heights at the corners of one cell of 100 m; in the middle of the south side (0 + 2) / 2 = 1,
    |     |     of the north side (1 + 4) / 2 = 2.5, in the middle of both (1 + 2.5) / 2 = 1.75
    0 --- 2
    """
    cell = Terrain(side=2, heights=[0.0, 2.0, 1.0, 4.0], downhill=[-1] * 4, drained=[1] * 4, lakes=[])
    corners = [cell.height_at(x, y) for y in (0.0, 100.0) for x in (0.0, 100.0)]
    assert corners == [0, 2, 1, 4]
    assert cell.height_at(50, 0) == 1
    assert cell.height_at(50, 50) == 1.75


def test_progress_ends_at_its_total():
    told: list[tuple[int, int]] = []
    make_terrain(Random(0), 2, lambda done, total: told.append((done, total)))
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert told[-1][0] == told[-1][1]


@pytest.mark.parametrize("side", [1, 5, 33])
def test_a_fractal_has_the_size_asked_for_and_is_smoother_the_less_rough(side: int):
    def roughness_of(values: list[float]) -> float:
        return sum(abs(a - b) for a, b in pairwise(values))

    smooth, rough = (fractal(Random(1), side, octaves=3, roughness=r) for r in (0.1, 1.0))
    assert len(smooth) == len(rough) == side * side
    assert side == 1 or roughness_of(smooth) < roughness_of(rough)
