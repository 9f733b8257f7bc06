"""How far trailheads are by car."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import pytest

from loopgenie.drive import STRAIGHT_LINE, ByCar, Drive, DriveEngine, Drives, engine_at, nearest, reachable
from loopgenie.geometry import LonLat
from loopgenie.store.sqlite import SqliteStore


@pytest.fixture
def store(draw, tmp_path):  # type: ignore[no-untyped-def]
    """Trailheads 1, 10 and 40 km east of the corner."""
    drawing = draw().junctions(A=(40, 0), B=(1, 0), C=(10, 0)).way("A", "C").way("B", "C")
    store = SqliteStore(str(tmp_path / "drive.db"))
    store.replace_region(drawing.trailhead("A", "far").trailhead("B", "near").trailhead("C", "middle").region())
    yield store
    store.close()


CORNER = LonLat(10.0, 0.0)


def by(engine: DriveEngine = STRAIGHT_LINE) -> ByCar:
    return ByCar(engine, patience_s=1.0)


def test_the_estimate_is_the_straight_line_and_a_third_at_50_km_per_hour(store) -> None:
    [near, *_] = reachable(CORNER, 100_000, None, store, by_car=by())
    assert near.trailhead.name == "near"
    assert near.drive.length_m == pytest.approx(1300, abs=1)
    assert near.drive.time_s == pytest.approx(1300 / 50_000 * 3600, abs=0.1)
    assert near.method == "estimate: straight line x 1.3"


@pytest.mark.parametrize(
    ("drive_m", "drive_s", "names"),
    [
        (60_000, None, ["near", "middle", "far"]),
        (52_001, None, ["near", "middle", "far"]),  # 40 km x 1.3 = 52 km
        (51_990, None, ["near", "middle"]),
        (5_000, None, ["near"]),
        (1_000, None, []),
        (None, 3_600, ["near", "middle"]),  # 52 km take 62 minutes
        (None, 3_800, ["near", "middle", "far"]),
        (None, 60, []),
    ],
)
def test_reach_is_a_distance_or_a_time(store, drive_m: float | None, drive_s: float | None, names: list[str]) -> None:
    assert [r.trailhead.name for r in reachable(CORNER, drive_m, drive_s, store, by_car=by())] == names


def test_the_nearest_is_found_however_far_it_is(store) -> None:
    away = LonLat(15.0, 0.0)  # 5 degrees east of the corner: 556.6 km, so 516.6 km from the farthest
    reached = nearest(away, store, by_car=by(), within_m=516_700)
    assert reached is not None
    assert reached.trailhead.name == "far"
    assert reached.drive.length_m == pytest.approx(1.3 * 516_600, rel=1e-3)
    assert nearest(away, store, by_car=by(), within_m=516_400) is None
    assert nearest(CORNER, store, by_car=by(), within_m=1_010).trailhead.name == "near"
    assert nearest(CORNER, store, by_car=by(), within_m=990) is None


class Roads:
    """A stand-in for a road engine: the trailhead in the middle is on an island, the far one has a motorway."""

    table: ClassVar = {40: Drive(41_000, 1200), 1: Drive(2_000, 1300), 10: None}

    def farthest_m(self, drive_m: float | None, drive_s: float | None) -> float:
        return drive_m if drive_m is not None else (drive_s or 0) * 40

    def drives(self, origin: LonLat, goals: Sequence[LonLat], *, patience_s: float) -> Drives:
        return Drives("roads", [self.table[round((goal.lon - 10) * 111.32)] for goal in goals])


def test_another_engine_can_be_plugged_in(store) -> None:
    reached = reachable(CORNER, None, 1250, store, by_car=by(Roads()))
    assert [(r.trailhead.name, r.drive) for r in reached] == [("far", (41_000, 1200))]
    assert len(reachable(CORNER, 50_000, None, store, by_car=by(Roads()))) == 2


def test_the_nearest_by_car_may_be_farther_as_the_crow_flies(store) -> None:
    class RoundTheLake(Roads):
        table: ClassVar = {1: Drive(60_000, 3600), 10: None, 40: Drive(41_000, 1200)}

    reached = nearest(CORNER, store, by_car=by(RoundTheLake()), within_m=100_000)
    assert reached is not None
    assert reached.trailhead.name == "far"  # 41 km by car; the one 1 km away is found first, and takes 60 km
    assert nearest(CORNER, store, by_car=by(RoundTheLake()), within_m=39_000).trailhead.name == "near"


def test_an_engine_is_asked_for_the_nearest_first(store) -> None:
    asked: list[list[int]] = []

    class Listening(Roads):
        def drives(self, origin: LonLat, goals: Sequence[LonLat], *, patience_s: float) -> Drives:
            asked.append([round((goal.lon - 10) * 111.32) for goal in goals])
            return super().drives(origin, goals, patience_s=patience_s)

    reachable(CORNER, 50_000, None, store, by_car=by(Listening()))
    assert asked == [[1, 10, 40]]


def test_the_patience_of_a_request_is_spent_once_and_what_stands_in_is_remembered() -> None:
    now = 100.0
    patience: list[float] = []

    class Slow(Roads):
        def drives(self, origin: LonLat, goals: Sequence[LonLat], *, patience_s: float) -> Drives:
            nonlocal now
            patience.append(patience_s)
            now += 0.7
            return Drives("estimate", [None for _ in goals], lasting=len(patience) != 2)

    by_car = ByCar(Slow(), patience_s=1.0, clock=lambda: now)
    lasting = []
    for _ in range(3):
        by_car.drives(CORNER, [CORNER])
        lasting.append(by_car.lasting)
    assert patience == pytest.approx([1.0, 0.3, 0.0])
    assert lasting == [True, False, False]


def test_without_an_address_drives_are_estimated() -> None:
    assert engine_at("", timeout_s=2) is STRAIGHT_LINE
