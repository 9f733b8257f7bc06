"""What every home of the data must do, whatever it is made of."""

import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loopgenie.geometry import Box, LonLat, distance_m, nearest_on_line
from loopgenie.store import (
    Junction,
    Point,
    Region,
    Segment,
    SegmentCore,
    SourceFile,
    Stretch,
    Trailhead,
    TrailStore,
    open_store,
)
from loopgenie.ways import WayKind

WORLD = Box(-180.0, -90.0, 180.0, 90.0)


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], TrailStore]:
    """Opens a new store with nothing in it; tests/integration has one of its own for other homes of the data."""
    return lambda: open_store(f"sqlite:///{tmp_path_factory.mktemp('store') / 'trails.db'}")


@pytest.fixture
def store(empty_store: Callable[[], TrailStore]) -> Iterator[TrailStore]:
    opened = empty_store()
    yield opened
    opened.close()


def drawn_region(name: str = "Ordino", west: float = 1.5) -> Region:
    """
    Latitudes 42.50 and 42.51, longitudes west and west + 0.01; P is a car park 100 m or so from junction 0.

        2 --- 3        segment 0: 0-1, 1: 0-2, 2: 2-3, and the long way round 3: 1-3 by the east
        |      \\
      P 0 --- 1 |
    """
    east, south, north = west + 0.01, 42.50, 42.51
    corners = [(west, south), (east, south), (west, north), (east, north)]
    lines = [
        ((west, south, 1000.0), (east, south, 1100.5)),
        ((west, south, 1000.0), (west, 42.505, None), (west, north, 1200.1)),
        ((west, north, 1200.1), (east, north, 1250.0)),
        ((east, south, 1100.5), (west + 0.03, 42.505, 1180.0), (east, north, 1250.0)),
    ]
    ends = [(0, 1), (0, 2), (2, 3), (1, 3)]
    stretches = [
        (Stretch(100.0, WayKind.PATH, "Camí Ral", "ground", 2, "osm way 1"), Stretch(722.25, WayKind.MINOR_ROAD)),
        (Stretch(1111.0, WayKind.TRACK, worth=0.6),),
        (Stretch(822.0, WayKind.STEPS, "Escales"),),
        (Stretch(3800.0, WayKind.BUSY_ROAD, "CG-3"),),
    ]
    cores = [
        SegmentCore(0, 0, 1, 822.25, 244.45, 100, 0, 722.25, 2),
        SegmentCore(1, 0, 2, 1111.0, 666.6, None, None, 0.0, None),
        SegmentCore(2, 2, 3, 822.0, 822.0, 50, 0, 0.0, None),
        SegmentCore(3, 1, 3, 3800.0, -1900.0, 149, 0, 3800.0, None),
    ]
    assert [(c.start, c.end) for c in cores] == ends
    return Region(
        name=name,
        junctions=[Junction(i, lon, lat, (1000.0, 1100.5, 1200.1, None)[i]) for i, (lon, lat) in enumerate(corners)],
        segments=[Segment(*parts) for parts in zip(cores, lines, stretches, strict=True)],
        trailheads=[Trailhead(0, 0, "Plaça", "parking", west - 0.001, south, 82.2)],
        points=[
            Point(0, "village", "Sant Julià de Lòria", west, south, 908.0, 7500),
            Point(1, "peak", "Pic de Sant Julià", west, north, 2000.0),
            Point(2, "city", "Sant Julià", west + 0.02, north, None, 20000),
            Point(3, "hut", None, west, north, 1800.0),
            Point(4, "hamlet", "Lòria", west, north, None, 12),
            Point(5, "hamlet", "Loria", west, north, None, 40),
        ],
        attribution=("© OpenStreetMap contributors",),
        sources=(SourceFile("andorra.osm.pbf", "osm", "© OpenStreetMap contributors", "2026-01-02"),),
        data_date="2026-01-02",
        left_out={"null geometry": 3},
    )


def names(points: list[Point]) -> list[str | None]:
    return [point.name for point in points]


def test_an_empty_store_answers_everything_with_nothing(store: TrailStore) -> None:
    assert store.snapshot().regions == ()
    assert store.cores_in(WORLD) == []
    assert store.segments([1, 2]) == {}
    assert store.segments_in(WORLD, 10) == []
    assert store.nearest_segment(LonLat(1.5, 42.5), 1000) is None
    assert store.junctions([1]) == {}
    assert store.trailheads_in(WORLD) == []
    assert store.find_places("Ordino", 5) == []
    assert store.points_in(WORLD, ["peak"], 5) == []
    assert store.kept_answer("a") is None
    assert store.remove_region("Ordino") is False


def test_a_region_comes_back_as_it_was_put_in(store: TrailStore) -> None:
    region = drawn_region()
    store.replace_region(region)
    cores = store.cores_in(WORLD)
    shift = cores[0].id  # ids are the store's own, in the region's order
    expected = [c._replace(id=c.id + shift, start=c.start + shift, end=c.end + shift) for c, _, _ in region.segments]
    whole = store.segments([core.id for core in cores])
    assert [(c.length_m, c.score, c.ascent_m, c.descent_m, c.road_m, c.difficulty) for c in cores] == [
        (c.length_m, c.score, c.ascent_m, c.descent_m, c.road_m, c.difficulty) for c in expected
    ]
    for core, put in zip(cores, region.segments, strict=True):
        assert whole[core.id] == Segment(core, put.line, put.stretches)
        assert isinstance(whole[core.id].stretches[0].kind, WayKind)
        ends = store.junctions([core.start, core.end])
        assert ends[core.start][1:3] == put.line[0][:2]
        assert ends[core.end][1:3] == put.line[-1][:2]
    [trailhead] = store.trailheads_in(WORLD)
    assert trailhead[2:] == region.trailheads[0][2:]
    assert trailhead.junction == cores[0].start
    assert [p[1:] for p in store.points_in(WORLD, ["village", "peak"], 9)] == [p[1:] for p in region.points[:2]]
    assert names(store.points_in(WORLD, ["hut"], 9)) == [None]


def test_a_snapshot_tells_what_is_in_the_store(store: TrailStore) -> None:
    store.replace_region(drawn_region())
    [info] = store.snapshot().regions
    assert info.name == "Ordino"
    assert info.attribution == ("© OpenStreetMap contributors",)
    assert info.sources == (SourceFile("andorra.osm.pbf", "osm", "© OpenStreetMap contributors", "2026-01-02"),)
    assert info.synthetic is False
    assert info.data_date == "2026-01-02"
    assert info.imported_at.endswith("+00:00")
    assert info.box == Box(1.499, 42.5, 1.53, 42.51)  # from the car park to the eastern corner
    assert (info.segments, info.junctions, info.trailheads, info.points) == (4, 4, 1, 6)
    assert info.trail_km == pytest.approx(6.55525)
    assert info.left_out == {"null geometry": 3}


def test_the_snapshot_id_changes_with_every_import_and_only_then(store: TrailStore) -> None:
    seen = [store.snapshot().id]
    for change in (
        lambda: store.replace_region(drawn_region()),
        lambda: store.replace_region(drawn_region()),  # the same again
        lambda: store.replace_region(drawn_region("Canillo", 1.7)),
        lambda: store.remove_region("Canillo"),
    ):
        change()
        assert store.snapshot().id == store.snapshot().id
        seen.append(store.snapshot().id)
        store.keep_answer("k", b"1")
        store.find_places("x", 1)
        assert store.remove_region("nowhere") is False
        assert store.snapshot().id == seen[-1]
    assert len(set(seen)) == len(seen)


def test_a_region_replaces_only_the_one_of_its_name(store: TrailStore) -> None:
    store.replace_region(drawn_region("Ordino", 1.5))
    store.replace_region(drawn_region("Canillo", 1.7))
    kept = store.cores_in(Box(1.7, 42.5, 1.8, 42.6))
    store.replace_region(replace(drawn_region("Ordino", 1.6), synthetic=True))
    assert {r.name: r.synthetic for r in store.snapshot().regions} == {"Ordino": True, "Canillo": False}
    assert store.cores_in(Box(1.5, 42.5, 1.55, 42.6)) == []
    assert store.cores_in(Box(1.7, 42.5, 1.8, 42.6)) == kept
    assert len(store.cores_in(WORLD)) == 8
    assert len(store.find_places("Lòria", 20)) == 2 * 3
    assert len(store.trailheads_in(WORLD)) == 2


def test_ids_are_unique_across_regions_and_never_given_twice(store: TrailStore) -> None:
    seen: set[int] = set()
    for name, west in (("Ordino", 1.5), ("Canillo", 1.7), ("Ordino", 1.5)):
        store.replace_region(drawn_region(name, west))
        new = {core.id for core in store.cores_in(Box(west, 42.5, west + 0.1, 42.6))}
        assert len(new) == 4
        assert not new & seen
        seen |= new


def test_remove_region_takes_everything_of_it_out(store: TrailStore) -> None:
    store.replace_region(drawn_region())
    assert store.remove_region("Ordino") is True
    assert store.snapshot().regions == ()
    assert store.cores_in(WORLD) == []
    assert store.trailheads_in(WORLD) == []
    assert store.find_places("Lòria", 5) == []
    assert store.remove_region("Ordino") is False


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        (Box(1.5, 42.5, 1.51, 42.51), [0, 1, 2, 3]),
        (Box(1.4, 42.4, 1.4999999, 42.6), []),  # ends 1e-7 degrees west of everything
        (Box(1.4, 42.4, 1.5, 42.6), [0, 1, 2]),  # touches the western side
        (Box(1.53, 42.505, 1.6, 42.505), [3]),  # touches the easternmost vertex
        (Box(1.5300001, 42.4, 1.6, 42.6), []),
        (Box(1.502, 42.5, 1.504, 42.5), [0]),
        (Box(1.502, 42.5000001, 1.504, 42.5), []),  # inside out
        (Box(1.52, 42.501, 1.52, 42.501), [3]),  # inside the box of 3, far from its line
        (Box(-180.0, -90.0, 180.0, 90.0), [0, 1, 2, 3]),
    ],
)
def test_cores_in_finds_the_segments_whose_box_touches(store: TrailStore, box: Box, expected: list[int]) -> None:
    store.replace_region(drawn_region())
    first = store.cores_in(WORLD)[0].id
    assert [core.id - first for core in store.cores_in(box)] == expected
    assert sorted(s.core.id - first for s in store.segments_in(box, 9)) == expected


def test_segments_in_gives_the_longest_first_and_no_more_than_asked(store: TrailStore) -> None:
    store.replace_region(drawn_region())
    assert [s.core.length_m for s in store.segments_in(WORLD, 3)] == [3800.0, 1111.0, 822.25]
    assert store.segments_in(WORLD, 0) == []


def test_unknown_ids_are_left_out(store: TrailStore) -> None:
    store.replace_region(drawn_region())
    core = store.cores_in(WORLD)[0]
    assert set(store.segments([core.id, 10**9, -1])) == {core.id}
    assert set(store.junctions({core.start, 10**9})) == {core.start}
    assert store.segments([]) == {}


def test_many_ids_at_once(store: TrailStore) -> None:
    store.replace_region(drawn_region())
    assert len(store.segments(range(100_000))) == 4


def test_the_nearest_segment_is_told_with_the_nearest_point_of_its_line(store: TrailStore) -> None:
    store.replace_region(drawn_region())
    first = store.cores_in(WORLD)[0].id
    # below the middle of segment 0: 0.001 degrees of latitude, 111.08 m
    near = store.nearest_segment(LonLat(1.505, 42.499), 250)
    assert near is not None
    assert near.segment.core.id == first
    assert near.distance_m == pytest.approx(111.08, abs=0.05)
    assert near.along_m == pytest.approx(distance_m((1.5, 42.5), (1.505, 42.5)), rel=1e-6)
    assert near.at == pytest.approx((1.505, 42.5))


def test_the_nearest_segment_is_sought_no_farther_than_asked(store: TrailStore) -> None:
    store.replace_region(drawn_region())
    assert store.nearest_segment(LonLat(1.505, 42.499), 111) is None
    assert store.nearest_segment(LonLat(1.505, 42.499), 111.2) is not None
    far = store.nearest_segment(LonLat(1.5, 42.0), 100_000)  # half a degree of latitude: 55.5 km
    assert far is not None
    assert far.distance_m == pytest.approx(55_538, abs=5)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.floats(1.40, 1.60), st.floats(42.45, 42.56))
def test_the_nearest_segment_agrees_with_looking_at_every_line(filled: TrailStore, lon: float, lat: float) -> None:
    best = min(nearest_on_line((lon, lat), s.line).distance_m for s in filled.segments_in(WORLD, 99))
    near = filled.nearest_segment(LonLat(lon, lat), 50_000)
    assert near is not None
    assert math.isclose(near.distance_m, best, abs_tol=1e-6)


@pytest.fixture(scope="module")
def filled(empty_store: Callable[[], TrailStore]) -> Iterator[TrailStore]:
    opened = empty_store()
    opened.replace_region(drawn_region())
    opened.replace_region(drawn_region("Canillo", 1.45))
    yield opened
    opened.close()


def test_trailheads_are_found_by_where_the_car_stands(store: TrailStore) -> None:
    store.replace_region(drawn_region())
    assert len(store.trailheads_in(Box(1.4985, 42.4, 1.4995, 42.6))) == 1
    assert store.trailheads_in(Box(1.4995, 42.4, 1.51, 42.6)) == []  # its junction, not its car


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        # exact before prefix before contained; in each group the larger kind, then the larger population first
        ("sant julia", ["Sant Julià", "Sant Julià de Lòria", "Pic de Sant Julià"]),
        ("SANT JULIÀ", ["Sant Julià", "Sant Julià de Lòria", "Pic de Sant Julià"]),
        ("loria", ["Loria", "Lòria", "Sant Julià de Lòria"]),
        ("Lòria", ["Loria", "Lòria", "Sant Julià de Lòria"]),
        ("sant-julia", ["Sant Julià", "Sant Julià de Lòria", "Pic de Sant Julià"]),
        ("pic", ["Pic de Sant Julià"]),
        ("Ordino", []),
        ("", []),
        (" - ", []),
        ("%", []),
        ("'; DROP TABLE point; --", []),
    ],
)
def test_places_are_found_whatever_case_and_accents(store: TrailStore, query: str, expected: list[str]) -> None:
    store.replace_region(drawn_region())
    assert names(store.find_places(query, 10)) == expected
    assert names(store.find_places(query, 2)) == expected[:2]


def test_points_in_filters_by_kind_and_box_and_counts(store: TrailStore) -> None:
    store.replace_region(drawn_region())
    assert names(store.points_in(Box(1.5, 42.5, 1.5, 42.505), ["village", "peak"], 9)) == ["Sant Julià de Lòria"]
    assert names(store.points_in(WORLD, ["hamlet"], 1)) == ["Lòria"]
    assert store.points_in(WORLD, [], 9) == []


def test_answers_are_kept_until_the_next_import(store: TrailStore) -> None:
    store.replace_region(drawn_region())
    store.keep_answer("key", b"\x00answer")
    store.keep_answer("other", b"2")
    assert store.kept_answer("key") == b"\x00answer"
    store.keep_answer("key", b"newer")
    assert store.kept_answer("key") == b"newer"
    assert store.kept_answer("unknown") is None
    store.replace_region(drawn_region("Canillo", 1.7))
    assert store.kept_answer("key") is None
    assert store.kept_answer("other") is None


class _Broken(list[Trailhead]):
    """Trailheads that break after the first one, when all segments are written."""

    def __iter__(self) -> Iterator[Trailhead]:
        yield self[0]
        raise OSError("the disk is gone")


def test_a_region_that_breaks_in_the_middle_changes_nothing(store: TrailStore) -> None:
    store.replace_region(drawn_region())
    store.keep_answer("key", b"1")
    before = (store.snapshot(), store.segments_in(WORLD, 99), store.find_places("loria", 9))
    broken = replace(drawn_region("Ordino", 1.6), trailheads=_Broken(drawn_region().trailheads))
    with pytest.raises(OSError, match="the disk is gone"):
        store.replace_region(broken)
    assert (store.snapshot(), store.segments_in(WORLD, 99), store.find_places("loria", 9)) == before
    assert store.kept_answer("key") == b"1"
    store.replace_region(drawn_region("Ordino", 1.6))  # and the store still works
    assert store.cores_in(Box(1.6, 42.5, 1.61, 42.51))


@pytest.mark.parametrize(
    "nonsense",
    [
        lambda r: replace(r, junctions=r.junctions[1:]),
        lambda r: replace(r, segments=[r.segments[0]._replace(core=r.segments[0].core._replace(start=9))]),
        lambda r: replace(r, segments=[r.segments[0]._replace(line=r.segments[0].line[:1])]),
        lambda r: replace(r, trailheads=[r.trailheads[0]._replace(junction=-1)]),
        lambda r: replace(r, points=[r.points[1]]),
    ],
)
def test_a_region_that_does_not_fit_together_is_refused(
    store: TrailStore, nonsense: Callable[[Region], Region]
) -> None:
    store.replace_region(drawn_region())
    with pytest.raises(ValueError, match=r"id|junction|line"):
        store.replace_region(nonsense(drawn_region()))
    assert len(store.cores_in(WORLD)) == 4


def test_an_empty_region_is_fine_and_has_no_box(store: TrailStore) -> None:
    store.replace_region(Region("Nothing", [], [], [], [], ()))
    [info] = store.snapshot().regions
    assert (info.box, info.segments, info.trail_km, info.data_date) == (None, 0, 0.0, None)
    store.replace_region(drawn_region("Nothing"))
    assert store.snapshot().regions[0].box is not None


def test_threads_read_whole_snapshots_while_another_imports(store: TrailStore) -> None:
    store.replace_region(drawn_region())
    wrong: list[object] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            cores, snapshot = store.cores_in(WORLD), store.snapshot()
            if len(cores) != 4 or len(snapshot.regions) != 1 or cores[-1].id - cores[0].id != 3:
                wrong.append((cores, snapshot))

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for _ in range(10):
        store.replace_region(drawn_region())
    done.set()
    for reader in readers:
        reader.join()
    assert wrong == []
    assert store.snapshot() == store.snapshot()
