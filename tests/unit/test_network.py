"""Segments as the solver's problem, and its loop as steps over segments."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgenie.geometry import Box, LonLat, cut, line_length_m
from loopgenie.network import STRAY_COST, Area, Areas, Limits, TripNetwork, box_around, spot_near
from loopgenie.parameters import TripParameters
from loopgenie.store import SegmentCore, Snapshot
from loopgenie.store.sqlite import SqliteStore
from loopgenie.ways import WayKind
from solver import Loop, LoopProblem

NOWHERE = LonLat(10.0, 0.0)


def asked(hike_m: float = 4000.0, **more) -> TripParameters:  # type: ignore[no-untyped-def]
    return TripParameters(NOWHERE, hike_m, **more)


@pytest.fixture
def square(draw):
    """
    D --- C     1 km sides; A B is half path, half road; B C has no heights; C D is T4
    |     |
    A --- B
    """
    drawing = draw().junctions(A=(0, 0, 1000), B=(1, 0, 1100), C=(1, 1, 1300), D=(0, 1, 1200))
    drawing.way("A", "B", stretches=[(0.5, WayKind.PATH, None), (0.5, WayKind.MINOR_ROAD, None)])
    drawing.way("B", "C", through=[(1, 0.5)])
    drawing.way("C", "D", difficulty=4).way("D", "A", difficulty=2)
    return drawing.trailhead("A", "P").region()


@pytest.fixture
def store(square, tmp_path):  # type: ignore[no-untyped-def]
    store = SqliteStore(str(tmp_path / "network.db"))
    store.replace_region(square)
    yield store
    store.close()


def test_lengths_and_scores_are_centimetres(square) -> None:
    area = Area.of(s.core for s in square.segments)
    first = area.network.edges[0]
    # half of 1 km is path (worth 1), half minor road (worth 0.2): 600 points
    assert first.length == pytest.approx(100_000, abs=2)
    assert first.score == pytest.approx(60_000, abs=2)
    assert (first.up, first.down) == (100, 0)
    assert area.roads == pytest.approx((50_000, 0, 0, 0), abs=2)
    assert (area.network.edges[1].up, area.network.edges[1].down) == (0, 0)  # heights are not known
    assert area.network.node_count == 4
    assert [area.junctions[area.node_of[j]] for j in (0, 1, 2, 3)] == [0, 1, 2, 3]


def test_the_problem_asks_for_the_window_and_charges_for_overlength(square) -> None:
    network = TripNetwork(Area.of(s.core for s in square.segments))
    limits = {"max_ascent_m": 300.9, "max_road_share": 0.2, "max_repeat_share": 0.1}
    problem = network.problem(asked(4000.0, tolerance=0.25, **limits), [0], [2])
    assert (problem.min_length, problem.max_length) == (300_000, 500_000)
    assert problem.target == 400_000
    assert (problem.max_ascent, problem.max_road_share, problem.max_repeat_share) == (300, 0.2, 0.1)
    assert (problem.trailheads, problem.via) == ((0,), (2,))
    assert problem.roads == network.area.roads


def objective(problem: LoopProblem, *walk: int) -> int:
    length = sum(problem.network.edges[e].length for e in walk)
    score = sum(problem.network.edges[e].score for e in set(walk))
    return problem.objective(Loop(0, walk, score, length, 0, 0))


def test_a_metre_astray_costs_as_much_as_some_metres_of_trail() -> None:
    """
    Rings of best trail at one junction: 4 km as asked, 3.9 km, 4.1 km, and 2 km that are walked twice. With a missing
    metre goes its point; one too many earns its point, and pays it; of one walked twice, both passes pay.
    """
    cores = [SegmentCore(i, 0, 0, m, m, 0, 0, 0.0, None) for i, m in enumerate((4000.0, 3900.0, 4100.0, 2000.0))]
    problem = TripNetwork(Area.of(cores)).problem(asked(4000.0), [0])
    as_asked = objective(problem, 0)
    assert as_asked - objective(problem, 1) == (1 + STRAY_COST) * 10_000
    assert as_asked - objective(problem, 2) == STRAY_COST * 10_000
    assert as_asked - objective(problem, 3, 3) == (1 + 2 * STRAY_COST) * 200_000


_ONE = Area.of([SegmentCore(0, 0, 1, 1000.0, 1000.0, 0, 0, 0.0, None)])


@given(st.floats(500, 500_000), st.floats(0, 0.5))
def test_the_solvers_window_never_exceeds_the_asked_one(hike_m: float, tolerance: float) -> None:
    parameters = asked(hike_m, tolerance=tolerance)
    low, high = parameters.min_length_m, parameters.max_length_m
    problem = TripNetwork(_ONE).problem(parameters, [0])
    assert problem.min_length <= problem.max_length
    if high - low > 0.02:
        assert low - 1e-6 <= problem.min_length / 100
        assert problem.max_length / 100 <= high + 1e-6


@pytest.mark.parametrize(
    ("limits", "kept"),
    [
        (Limits(), [0, 1, 2, 3]),
        (Limits(max_difficulty=3), [0, 1, 3]),  # ungraded ones stay
        (Limits(max_difficulty=1), [0, 1]),
        (Limits(heights=True), [0, 2, 3]),
        (Limits.of(asked(max_ascent_m=100.0, max_difficulty=2)), [0, 3]),
    ],
)
def test_limits_leave_segments_out(square, limits: Limits, kept: list[int]) -> None:
    assert [s.core.id for s in square.segments if limits.allow(s.core)] == kept


def test_informal_segments_are_left_out_unless_asked_for(square) -> None:
    core = square.segments[0].core._replace(informal=True)
    assert not Limits.of(asked()).allow(core)
    assert Limits.of(asked(informal=True)).allow(core)


# --- cutting ------------------------------------------------------------------------------------------------------


def network_and_spot(store, on_map, x: float, y: float):  # type: ignore[no-untyped-def]
    spot = spot_near(LonLat(*on_map(x, y)), store, Limits())
    return TripNetwork(Area.of(store.cores_in(Box(-180, -90, 180, 90)))), spot


def test_a_spot_is_the_nearest_point_of_the_network(store, on_map) -> None:
    spot = spot_near(LonLat(*on_map(0.25, -0.1)), store, Limits())
    assert spot is not None
    assert spot.share == pytest.approx(0.25, abs=1e-4)
    assert spot.away_m == pytest.approx(100, abs=0.1)
    assert spot.at == pytest.approx(on_map(0.25, 0), abs=1e-7)
    assert spot_near(LonLat(*on_map(0.25, -0.26)), store, Limits()) is None  # 260 m
    assert spot_near(LonLat(*on_map(-0.2, 0.9)), store, Limits(max_difficulty=1)) is None  # too hard there


def test_a_spot_at_a_junction_is_the_junction(store, on_map) -> None:
    network, spot = network_and_spot(store, on_map, 1.0005, -0.0005)  # half a metre from B
    assert spot.share in (0.0, 1.0)
    before = len(network.edges)
    [node] = network.cut_at([spot])
    assert network.area.junctions[node] in (spot.segment.core.start, spot.segment.core.end)
    assert len(network.edges) == before


def test_a_segment_is_cut_where_the_walk_starts(store, on_map) -> None:
    """
    A to B climbs 100 m evenly, first half path, second half road; cut at a quarter: 250 m of path and 25 m up,
    then 250 m of path, 500 m of road and 75 m up.
    """
    network, spot = network_and_spot(store, on_map, 0.25, 0.01)
    [node] = network.cut_at([spot])
    first, second = network.edges[0], network.edges[-1]
    assert (first.v, second.u, node) == (4, 4, 4)
    assert (first.length, second.length) == pytest.approx((25_000, 75_000), abs=10)
    assert (first.score, second.score) == pytest.approx((25_000, 35_000), abs=10)
    assert (first.up, first.down, second.up, second.down) == (25, 0, 75, 0)
    assert (network.roads[0], network.roads[-1]) == pytest.approx((0, 50_000), abs=10)
    assert len(network.problem(asked(), [node]).network.edges) == 5


def test_one_segment_may_be_cut_more_than_once(store, on_map) -> None:
    spots = [spot_near(LonLat(*on_map(x, 0)), store, Limits()) for x in (0.75, 0.25, 0.5, 0.25)]
    network = TripNetwork(Area.of(store.cores_in(Box(-180, -90, 180, 90))))
    whole = network.edges[0]
    nodes = network.cut_at(spots)
    assert nodes == [6, 4, 5, 4]
    pieces = [network.edges[0], *network.edges[4:]]
    assert [(p.u, p.v) for p in pieces] == [(whole.u, 4), (4, 5), (5, 6), (6, whole.v)]
    assert sum(p.length for p in pieces) == whole.length
    assert sum(p.score for p in pieces) == whole.score
    assert sum(p.up - p.down for p in pieces) == whole.up - whole.down


@given(
    st.lists(st.floats(0.01, 0.99), min_size=1, max_size=4, unique=True),
    st.lists(st.integers(0, 3000) | st.none(), min_size=2, max_size=5),
    st.lists(st.sampled_from(WayKind), min_size=1, max_size=3),
)
def test_pieces_add_up_and_meet_at_the_height_of_the_line(shares, heights, kinds) -> None:  # type: ignore[no-untyped-def]
    from tests.unit.conftest import Drawing

    last = len(heights) - 1
    places = {f"J{i}": (i * 0.9, 0.0, *([] if h is None else [h])) for i, h in enumerate(heights)}
    drawing = Drawing().junctions(A=places["J0"], B=places[f"J{last}"])
    through = [places[f"J{i}"] for i in range(1, last)]
    drawing.way("A", "B", through=through, stretches=[(1 / len(kinds), kind, None) for kind in kinds])
    segment = drawing.segments[0]
    network = TripNetwork(Area.of([segment.core]))
    whole = network.edges[0]
    from loopgenie.network import Spot

    network.cut_at([Spot(segment, share, 0.0, NOWHERE) for share in shares])
    pieces = network.edges
    for what in ("length", "score"):
        assert sum(getattr(p, what) for p in pieces) == getattr(whole, what)
    assert sum(p.up - p.down for p in pieces) == whole.up - whole.down
    assert sum(p.up for p in pieces) >= whole.up - len(pieces)
    assert all(p.length >= 0 and p.up >= 0 and p.down >= 0 for p in pieces)
    assert sum(network.roads) == network.area.roads[0]
    if None not in heights:
        at = heights[0]
        for piece, share in zip(pieces, sorted(shares), strict=False):
            at += piece.up - piece.down
            assert at == pytest.approx(cut(segment.line, 0.0, share)[-1][2], abs=1)


# --- where edges lie ----------------------------------------------------------------------------------------------


def test_how_well_edges_lie_in_a_direction(store, on_map) -> None:
    """
    Seen from A, to the east: the middle of A B lies there, that of D A across, those of B C and C D in between.
    Where D A is cut in two, both pieces lie across.
    """
    network, spot = network_and_spot(store, on_map, 0, 0.5)
    [_] = network.cut_at([spot])
    well = network.towards(90.0, LonLat(*on_map(0, 0)), store)
    # B C: middle at (1, 0.5); C D: at (0.5, 1)
    assert well == pytest.approx([1, 2 / 5**0.5, 1 / 5**0.5, 0, 0], abs=0.01)
    assert network.towards(270.0, LonLat(*on_map(0, 0)), store) == pytest.approx([-w for w in well])


# --- back from the solver -----------------------------------------------------------------------------------------


def test_a_loop_becomes_steps_in_the_direction_walked(store, on_map) -> None:
    network, spot = network_and_spot(store, on_map, 0.25, 0)
    [node] = network.cut_at([spot])
    loop = Loop(node, (4, 1, 2, 3, 0), 0, 0, 0, 0)
    steps = network.steps(loop.walk, loop.start)
    ids = [core.id for core in network.area.cores]
    assert [(s.segment, s.forward) for s in steps] == [(ids[i], True) for i in (0, 1, 2, 3, 0)]
    assert [(round(s.begin, 2), round(s.end, 2)) for s in steps] == [(0.25, 1), (0, 1), (0, 1), (0, 1), (0, 0.25)]
    assert [s.ascent_m for s in steps] == [75, None, 0, 0, 25]
    assert network.nodes(loop) == [4, 1, 2, 3, 0]
    assert network.length_m(loop.walk) == pytest.approx(4000, abs=1)
    back = network.steps((0, 3, 2, 1, 4), node)
    assert [(s.forward, s.descent_m) for s in back] == [(False, 25), (False, 0), (False, 0), (False, None), (False, 75)]


def test_steps_over_a_ring_and_parallel_segments(draw) -> None:
    drawing = draw().junctions(A=(0, 0), B=(1, 0))
    drawing.way("A", "B").way("A", "B", through=[(0.5, 0.5)]).way("B", "B", through=[(2, 0), (2, 1)])
    network = TripNetwork(Area.of(s.core for s in drawing.segments))
    loop = Loop(0, (0, 2, 1), 0, 0, 0, 0)
    assert [(s.segment, s.forward) for s in network.steps(loop.walk, loop.start)] == [(0, True), (2, True), (1, False)]
    assert network.nodes(loop) == [0, 1, 1]
    assert network.ways_at([0, 1]) == {0: 2, 1: 4}


# --- areas --------------------------------------------------------------------------------------------------------


class Counting:
    """A store that counts how often segments are read."""

    def __init__(self, store: SqliteStore) -> None:
        self.store, self.reads = store, 0

    def cores_in(self, box: Box):  # type: ignore[no-untyped-def]
        self.reads += 1
        return self.store.cores_in(box)


def test_the_same_area_is_read_once_for_a_snapshot(store) -> None:
    counting, areas, snapshot = Counting(store), Areas(), store.snapshot()
    box = Box(9.0, -1.0, 11.0, 1.0)
    first = areas.get(counting, snapshot, box, Limits())
    assert areas.get(counting, snapshot, box, Limits()) is first
    assert counting.reads == 1
    assert areas.get(counting, snapshot, box, Limits(max_difficulty=3)) is not first
    assert areas.get(counting, Snapshot("other", ()), box, Limits()) is not first
    assert areas.get(counting, snapshot, Box(9.0, -1.0, 11.0, 2.0), Limits()) is not first
    assert counting.reads == 4


def test_the_areas_used_longest_ago_are_forgotten(store) -> None:
    counting, areas, snapshot = Counting(store), Areas(capacity=9), store.snapshot()  # room for two areas of four
    boxes = [Box(9.0, -1.0, 11.0, 1.0 + i) for i in range(3)]
    for box in (boxes[0], boxes[1], boxes[0], boxes[2], boxes[0]):
        areas.get(counting, snapshot, box, Limits())
    assert counting.reads == 3
    areas.get(counting, snapshot, boxes[1], Limits())
    assert counting.reads == 4


def test_areas_may_be_asked_for_by_many_threads(store) -> None:
    areas, snapshot, wrong = Areas(capacity=5), store.snapshot(), []

    def ask(number: int) -> None:
        for i in range(50):
            area = areas.get(store, snapshot, Box(9.0, -1.0, 11.0, 1.0 + (i + number) % 3), Limits())
            if len(area.cores) != 4:
                wrong.append(area)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@given(st.floats(-170, 170), st.floats(-80, 80), st.floats(500, 100_000))
def test_the_box_holds_all_that_a_loop_can_touch(lon: float, lat: float, hike_m: float) -> None:
    parameters = asked(hike_m)
    box = box_around([(lon, lat)], parameters, Snapshot("", ()))
    needed = Box(lon, lat, lon, lat).grown(parameters.max_length_m / 2)
    assert box.min_lon <= needed.min_lon
    assert box.min_lat <= needed.min_lat
    assert box.max_lon >= needed.max_lon
    assert box.max_lat >= needed.max_lat
    # rounded up by a step on each side at most, which is a sixteenth of the wider side (far north that is its length)
    widest = max(needed.max_lon - needed.min_lon, needed.max_lat - needed.min_lat)
    assert box.max_lat - box.min_lat <= needed.max_lat - needed.min_lat + widest / 7 + 0.02 or hike_m < 5000


def test_requests_that_are_alike_share_a_box() -> None:
    nothing = Snapshot("", ())
    boxes = {box_around([(10 + i / 10_000, 45)], asked(20_000.0), nothing) for i in range(5)}
    assert len(boxes) <= 2


def test_the_box_ends_where_the_data_ends(store) -> None:
    snapshot = store.snapshot()
    [region] = snapshot.regions
    middle = (10.005, 0.005)
    assert box_around([middle], asked(20_000.0), snapshot) == region.box
    assert box_around([middle], asked(90_000.0), snapshot) == region.box
    part = box_around([(9.99, 0.0)], asked(3_000.0), snapshot)  # 1.65 km and a bit from 1.1 km west of the data
    assert region.box is not None
    assert part.min_lon == region.box.min_lon
    assert part.max_lon < region.box.max_lon
    assert box_around([(50.0, 50.0)], asked(), snapshot).max_lon > 50  # no data there at all


@pytest.mark.data
def test_real_segments_keep_their_length_and_fit_together(trail_data, tmp_path) -> None:
    """Every line of a real import is as long as its core says, and ends at its junctions."""
    pytest.importorskip("osmium")
    from loopgenie.importing.files import import_files

    store = SqliteStore(str(tmp_path / "real.db"))
    import_files([trail_data / "andorra" / "andorra-2013.osm.pbf"], store)
    segments = store.segments_in(Box(-180, -90, 180, 90), 3000)
    junctions = store.junctions({j for s in segments for j in (s.core.start, s.core.end)})
    assert len(segments) > 500
    for core, line, stretches in segments:
        assert line_length_m(line) == pytest.approx(core.length_m, abs=0.02 + 1e-6 * core.length_m)
        assert sum(s.length_m for s in stretches) == pytest.approx(core.length_m, rel=1e-6)
        assert line[0][:2] == junctions[core.start][1:3]
        assert line[-1][:2] == junctions[core.end][1:3]
    store.close()
