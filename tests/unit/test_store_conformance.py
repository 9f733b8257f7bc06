"""What every home of the data must do, whatever it is made of."""

import importlib
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loopgenie.geometry import Box, LonLat, distance_m, nearest_on_line
from loopgenie.store import (
    Anchor,
    Junction,
    LeftOut,
    Notice,
    Point,
    Region,
    Segment,
    SegmentCore,
    SourceFile,
    Stretch,
    Town,
    Trailhead,
    TrailStore,
    kept,
    open_store,
)
from loopgenie.store.names import search_key
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
        (Stretch(822.0, WayKind.STEPS, "Escales", informal=True, season="May - Oct", rule="foot=permissive"),),
        (Stretch(3800.0, WayKind.BUSY_ROAD, "CG-3"),),
    ]
    cores = [
        SegmentCore(0, 0, 1, 822.25, 244.45, 100, 0, 722.25, 2),
        SegmentCore(1, 0, 2, 1111.0, 666.6, None, None, 0.0, None),
        SegmentCore(2, 2, 3, 822.0, 822.0, 50, 0, 0.0, None, informal=True),
        SegmentCore(3, 1, 3, 3800.0, -1900.0, 149, 0, 3800.0, None),
    ]
    assert [(c.start, c.end) for c in cores] == ends
    return Region(
        name=name,
        junctions=[Junction(i, lon, lat, (1000.0, 1100.5, 1200.1, None)[i]) for i, (lon, lat) in enumerate(corners)],
        segments=[Segment(*parts) for parts in zip(cores, lines, stretches, strict=True)],
        trailheads=[Trailhead(0, 0, "Plaça", "parking", west - 0.001, south, 82.2, 12.5)],
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
        left_out={"null geometry": 3, "no public access": 2},
        refused=[
            LeftOut(0, "no public access", "access=private", "Camí privat", "osm way 7", two_places(west, south, east)),
            LeftOut(1, "no public access", None, None, None, two_places(west + 0.02, north, west + 0.03)),
        ],
        loop_km=4.5,
    )


def two_places(west: float, lat: float, east: float) -> tuple[LonLat, LonLat]:
    return LonLat(west, lat), LonLat(east, lat)


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
    assert store.find_towns("Ordino", 5) == []
    assert store.similar_names("Ordino", 5) == []
    assert store.gazetteer() is None
    assert store.left_out_in(WORLD, 5) == []
    assert store.remove_region("Ordino") is False
    assert store.seasons_in(WORLD) == {}
    assert store.notices_in(WORLD) == []
    assert store.notice_names() == {}


def test_a_region_comes_back_as_it_was_put_in(store: TrailStore) -> None:
    region = drawn_region()
    store.replace_region(region)
    cores = store.cores_in(WORLD)
    shift = cores[0].id  # ids are the store's own, in the region's order
    expected = [c._replace(id=c.id + shift, start=c.start + shift, end=c.end + shift) for c, _, _ in region.segments]
    whole = store.segments([core.id for core in cores])
    assert [core[3:] for core in cores] == [core[3:] for core in expected]
    assert [core.informal for core in cores] == [False, False, True, False]
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
    assert [line[1:] for line in store.left_out_in(WORLD, 9)] == [line[1:] for line in region.refused]


def with_points(*points: Point) -> Region:
    """The drawn region with other points."""
    return replace(drawn_region(), points=[point._replace(id=i) for i, point in enumerate(points)])


def test_points_come_back_with_what_is_told_of_them(store: TrailStore) -> None:
    told = {"type": "alpine hut", "operator": "Comú d'Ordino", "capacity": "50", "source": "osm way 26"}
    hut = Point(0, "hut", "Refugi", 1.502, 42.5001, 1800.0, None, told, Anchor(0, 0.24390243902439024, 11.123456))
    bare = Point(0, "camp", None, 1.7, 42.5, details={"type": "campsite", "open": 'June "late" \\ Sept\t'})
    store.replace_region(drawn_region("Before", 1.3))  # so that ids of the region are not those of the store
    store.replace_region(with_points(hut, bare))
    first = store.cores_in(Box(1.5, 42.5, 1.53, 42.51))[0].id
    [kept_hut] = store.points_in(Box(1.5, 42.5, 1.6, 42.6), ["hut"], 9)
    [kept_camp] = store.points_in(Box(1.5, 42.5, 1.8, 42.6), ["camp"], 9)
    assert kept_hut[1:8] == hut[1:8]
    assert hut.anchor is not None
    assert kept_hut.anchor == hut.anchor._replace(segment=first)
    assert kept_camp[1:] == bare[1:]
    assert store.find_places("refugi", 9) == [kept_hut]


def test_a_stream_is_no_place_to_search_for(store: TrailStore) -> None:
    """It has a point wherever a trail crosses it."""
    crossing = Point(0, "water", "Riu Valira", 1.502, 42.5, details={"type": "stream"})
    spring = crossing._replace(name="Font Valira", details={"type": "spring"})
    store.replace_region(with_points(crossing, spring))
    assert names(store.find_places("Valira", 9)) == ["Font Valira"]
    assert names(store.find_places("V", 9)) == ["Font Valira"]
    assert store.similar_names("Riu Valir", 9) == ["Font Valira"]
    water = store.points_in(WORLD, ["water"], 9)
    assert [(point.name, point.is_place) for point in water] == [("Riu Valira", False), ("Font Valira", True)]


def test_a_point_at_a_segment_that_is_not_there_leaves_the_store_as_it_was(store: TrailStore) -> None:
    store.replace_region(drawn_region())
    before = store.snapshot()
    point = Point(0, "hut", None, 1.5, 42.5, anchor=Anchor(4, 0.5, 1.0))
    with pytest.raises(ValueError, match="point 0 is at segment 4, which is not there"):
        store.replace_region(with_points(point))
    assert store.snapshot() == before
    assert len(store.points_in(WORLD, ["hut"], 9)) == 1


def test_seasons_are_found_by_segment(store: TrailStore) -> None:
    """Segment 2 of the drawing has one, between latitudes 42.51 and 42.51; here segment 1 gets three stretches."""
    region = drawn_region()
    core, line, (stretch,) = region.segments[1]
    seasonal = [stretch._replace(season=season) for season in ("May - Oct", "dry weather", None, "May - Oct")]
    segments = [*region.segments]
    segments[1] = Segment(core, line, tuple(seasonal))
    store.replace_region(replace(region, segments=segments))
    first = store.cores_in(WORLD)[0].id
    # each once, by the order of their letters' numbers
    assert store.seasons_in(WORLD) == {first + 1: ("May - Oct", "dry weather"), first + 2: ("May - Oct",)}
    assert store.seasons_in(Box(1.499, 42.499, 1.501, 42.501)) == {first + 1: ("May - Oct", "dry weather")}
    assert store.seasons_in(Box(1.52, 42.499, 1.53, 42.52)) == {}
    store.remove_region("Ordino")
    assert store.seasons_in(WORLD) == {}


def notice(title: str, west: float = 1.5, **other: Any) -> Notice:
    """A square of a hundredth of a degree with a hole."""
    square = [(west, 42.5), (west + 0.01, 42.5), (west + 0.01, 42.51), (west, 42.51), (west, 42.5)]
    hole = [(west + 0.002, 42.502), (west + 0.004, 42.502), (west + 0.004, 42.504), (west + 0.002, 42.502)]
    rings = tuple(tuple(LonLat(round(lon, 7), lat) for lon, lat in ring) for ring in (square, hole))
    made = Notice(0, "closure", title, "all of it", "Comú d'Ordino", "https://x.example/", "12-01", "04-15", rings)
    return made._replace(**other)


def test_notices_come_back_as_they_were_loaded(store: TrailStore) -> None:
    area = notice("Snow")
    path = LonLat(1.7, 42.5), LonLat(1.71, 42.52), LonLat(1.7012345, 42.53)
    line = notice("Bridge out", text=None, url=None, begins="2026-05-01", ends=None, rings=(), lines=(path, path[:2]))
    assert store.replace_notices("winter", [area, line]) == 2
    loaded = store.notices_in(WORLD)
    assert [n[1:] for n in loaded] == [area[1:], line[1:]]
    assert len({n.id for n in loaded}) == 2
    assert store.notices_in(Box(1.69, 42.52, 1.72, 42.525)) == loaded[1:]
    assert store.notices_in(Box(1.6, 42.5, 1.65, 42.6)) == []
    assert store.notice_names() == {"winter": 2}


def test_notices_replace_those_of_their_name_and_outlive_an_import(store: TrailStore) -> None:
    store.replace_notices("winter", [notice("a"), notice("b", 1.6)])
    store.replace_notices("bears", [notice("c")])
    assert store.replace_notices("winter", [notice("d")]) == 1
    store.replace_region(drawn_region())
    store.replace_region(drawn_region())
    assert store.notice_names() == {"bears": 1, "winter": 1}
    assert sorted(n.title for n in store.notices_in(WORLD)) == ["c", "d"]
    assert store.replace_notices("winter", []) == 0
    assert store.notice_names() == {"bears": 1}
    assert [n.title for n in store.notices_in(WORLD)] == ["c"]


def test_the_snapshot_id_changes_with_notices(store: TrailStore) -> None:
    seen = [store.snapshot().id]
    for change in ([notice("a")], [notice("a")], [notice("b")], []):
        store.replace_notices("winter", change)
        seen.append(store.snapshot().id)
    assert len(set(seen)) == 5
    store.replace_notices("winter", [])  # there were none
    store.notices_in(WORLD)
    assert store.snapshot().id == seen[-1]


@pytest.mark.parametrize(
    "wrong", [{"rings": ()}, {"lines": (two_places(1.5, 42.5, 1.6),)}, {"kind": "x"}, {"source": ""}]
)
def test_a_notice_that_is_none_leaves_those_that_are_there(store: TrailStore, wrong: dict[str, Any]) -> None:
    store.replace_notices("winter", [notice("a")])
    before = store.snapshot().id
    with pytest.raises(ValueError, match="a notice"):
        store.replace_notices("winter", [notice("b"), notice("c", **wrong)])
    assert [n.title for n in store.notices_in(WORLD)] == ["a"]
    assert store.snapshot().id == before


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
    assert info.left_out == {"null geometry": 3, "no public access": 2}
    assert info.loop_km == 4.5
    first = store.cores_in(WORLD)[0].id
    assert info.ids == (first, first + 5)  # six points are the longest of its lists


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
    assert store.similar_names("Lòria", 5) == []
    assert store.left_out_in(WORLD, 5) == []
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
        (Box(1.50200003, 42.4, 1.50200006, 42.6), [0, 2]),  # between two steps of 1e-7 degrees
        (Box(1.50000003, 42.4, 1.50000006, 42.6), [0, 2]),  # right beside 1
        (Box(1.4, 42.50000003, 1.6, 42.50000006), [1, 3]),  # right above 0
        (Box(1.502, 42.5000001, 1.504, 42.5), []),  # inside out
        (Box(1.526, 42.504, 1.524, 42.506), []),  # inside out, inside the box of 3
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


def test_a_segment_is_nearest_to_a_position_on_it(store: TrailStore) -> None:
    store.replace_region(drawn_region())
    near = store.nearest_segment(LonLat(1.50500003, 42.5), 250)  # between two steps of 1e-7 degrees
    assert near is not None
    assert near.distance_m == pytest.approx(0, abs=1e-6)


def test_of_segments_equally_near_the_first_is_told(store: TrailStore) -> None:
    store.replace_region(drawn_region())
    first = store.cores_in(WORLD)[0].id
    near = store.nearest_segment(LonLat(1.499, 42.499), 250)  # junction 0 is nearest, where 0 and 1 begin
    assert near is not None
    assert (near.segment.core.id, near.at, near.along_m) == (first, LonLat(1.5, 42.5), 0.0)


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
        ("ria", ["Sant Julià de Lòria", "Loria", "Lòria"]),  # inside a word of all three, so the largest kind first
        ("ia de", ["Sant Julià de Lòria"]),
        ("lo", ["Loria", "Lòria", "Sant Julià de Lòria"]),  # two letters
        ("s", ["Sant Julià", "Sant Julià de Lòria", "Pic de Sant Julià"]),
        ("sant loria", []),  # has nearly all the groups of letters, but not the text
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


TOWNS = [
    Town("Boulder", "Colorado, United States", "CO US", -105.27, 40.01, 105_000),
    Town("Boulder", "Montana, United States", "MT US", -112.12, 46.24, 1_200),
    Town("Boulder City", "Nevada, United States", "NV US", -114.83, 35.98, 15_000),
    Town("Boulder Creek", "California, United States", "CA US", -122.12, 37.13, 4_900),
    Town("München", "Bavaria, Germany", "BY DE", 11.58, 48.14, 1_500_000),
    Town("Neu Boulder", "Nowhere", "", 0.0, 0.0, 9),
]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # those of exactly that name by their people, then those that start so by theirs
        ("boulder", [0, 1, 2, 3]),
        ("BOULDER c", [2, 3]),
        ("munchen", [4]),
        ("Münch", [4]),
        ("ulder", []),
        ("", []),
        ("%", []),
    ],
)
def test_towns_are_found_by_the_beginning_of_their_name(store: TrailStore, name: str, expected: list[int]) -> None:
    store.replace_gazetteer("Towns of a test", iter(TOWNS))
    assert store.find_towns(name, 9) == [TOWNS[i] for i in expected]
    assert store.find_towns(name, 1) == [TOWNS[i] for i in expected[:1]]


def test_a_gazetteer_replaces_the_one_before_and_leaves_the_regions(store: TrailStore) -> None:
    store.replace_region(drawn_region())
    regions = store.snapshot().regions
    for source, towns in (("first", TOWNS), ("second", TOWNS[:1])):
        before = store.snapshot().id
        store.keep_answer("key", b"1")
        store.replace_gazetteer(source, towns)
        assert store.snapshot().id != before  # answers may depend on it
        assert store.kept_answer("key") is None
        assert store.gazetteer() == source
        assert store.snapshot().regions == regions
    assert store.find_towns("München", 9) == []
    assert store.similar_names("Munchen", 9) == []
    store.replace_region(drawn_region())
    assert store.gazetteer() == "second"


def test_a_gazetteer_that_breaks_in_the_middle_changes_nothing(store: TrailStore) -> None:
    def broken() -> Iterator[Town]:
        yield from TOWNS[4:]
        raise OSError("the disk is gone")

    store.replace_gazetteer("first", TOWNS[:2])
    before = store.snapshot()
    with pytest.raises(OSError, match="the disk is gone"):
        store.replace_gazetteer("second", broken())
    assert (store.snapshot(), store.gazetteer()) == (before, "first")
    assert store.find_towns("boulder", 9) == TOWNS[:2]
    assert store.similar_names("Munchen", 9) == []


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        # "  lora " has 6 groups, of which "  loria " (7) has "  l", " lo", "lor", "ra " is none of its: 3 of 6 + 7 - 3
        ("Lora", ["Lòria", "Sant Julià de Lòria"]),
        ("Bolder", ["Boulder", "Boulder City", "Boulder Creek"]),
        ("Munchin", ["München"]),
        ("xyzzy", []),
        ("", []),
    ],
)
def test_misspelt_names_are_found(store: TrailStore, asked: str, expected: list[str]) -> None:
    store.replace_region(drawn_region())
    store.replace_gazetteer("Towns of a test", TOWNS[:5])
    told = store.similar_names(asked, 9)
    assert [name for name in told if name in expected] == expected[: len(told)]
    assert told[:1] == expected[:1]
    assert len(told) == len(set(told))
    assert store.similar_names(asked, 1) == told[:1]


def test_lines_left_out_are_found_by_their_box(store: TrailStore) -> None:
    store.replace_region(drawn_region())
    assert [line.name for line in store.left_out_in(Box(1.505, 42.4, 1.506, 42.6), 9)] == ["Camí privat"]
    assert [line.name for line in store.left_out_in(WORLD, 1)] == ["Camí privat"]
    assert store.left_out_in(Box(1.512, 42.4, 1.515, 42.6), 9) == []  # between the two
    assert len(store.left_out_in(WORLD, 9)) == 2


class _Passing(Sequence[Segment]):
    """Segments that are made when they are asked for in order, and only once."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._segments, self.looks = segments, 0

    def __len__(self) -> int:
        return len(self._segments)

    def __getitem__(self, index: object) -> Any:
        raise AssertionError("a store looks at segments in order")

    def __iter__(self) -> Iterator[Segment]:
        self.looks += 1
        return iter(self._segments)


def test_segments_are_looked_at_once_in_order(store: TrailStore) -> None:
    region = drawn_region()
    segments = _Passing(region.segments)
    store.replace_region(replace(region, segments=segments))
    assert segments.looks == 1
    assert len(store.cores_in(WORLD)) == 4


def test_points_in_filters_by_kind_and_box_and_counts(store: TrailStore) -> None:
    store.replace_region(drawn_region())
    assert names(store.points_in(Box(1.5, 42.5, 1.5, 42.505), ["village", "peak"], 9)) == ["Sant Julià de Lòria"]
    assert names(store.points_in(WORLD, ["hamlet"], 1)) == ["Lòria"]
    assert store.points_in(WORLD, [], 9) == []


WORDS = st.text("aábcoØ -é'鷹", min_size=1, max_size=9)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(WORDS, max_size=12), st.lists(WORDS, min_size=1, max_size=6))
def test_places_are_found_as_by_looking_at_every_name(store: TrailStore, called: list[str], asked: list[str]) -> None:
    points = [Point(i, "peak", name, 1.5, 42.5) for i, name in enumerate(called)]
    store.replace_region(Region("Names", [], [], [], points, ()))
    for query in [*asked, *called[:2]]:
        key = search_key(query)
        holding = [name for name in called if key and key in search_key(name)]
        rank = {name: (search_key(name) != key, not search_key(name).startswith(key)) for name in holding}
        expected = sorted(holding, key=lambda name: (*rank[name], len(search_key(name))))
        found = names(store.find_places(query, 20))
        assert sorted(map(str, found)) == sorted(expected)
        assert [rank[str(name)] for name in found] == [rank[name] for name in expected]


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


def test_only_the_latest_answers_are_kept(store: TrailStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "IN_DATABASE", 3)
    store.replace_region(drawn_region())
    for i in range(6):
        store.keep_answer(str(i), b"x")
    assert [i for i in range(6) if store.kept_answer(str(i))] == [3, 4, 5]


GRID = st.tuples(st.integers(15_000_000, 15_400_000), st.integers(425_000_000, 425_400_000))
TENTHS = st.tuples(st.integers(150_000_000, 154_000_000), st.integers(4_250_000_000, 4_254_000_000))  # of its steps
HEIGHT = st.none() | st.integers(-5_000, 90_000).map(lambda decimetres: decimetres / 10)
TEXT = st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=9)


@st.composite
def a_region(draw: st.DrawFn) -> Region:
    """Any region of a few records, with positions on the grid that stores keep."""
    places = [(lon / 1e7, lat / 1e7) for lon, lat in draw(st.lists(GRID, min_size=1, max_size=5))]
    ends = st.integers(0, len(places) - 1)
    segments = []
    for i in range(draw(st.integers(0, 5))):
        line = tuple((lon / 1e7, lat / 1e7, draw(HEIGHT)) for lon, lat in draw(st.lists(GRID, min_size=2, max_size=5)))
        stretch = Stretch(draw(st.floats(0, 1e5)), WayKind.PATH, draw(TEXT), rule=draw(TEXT))
        climb = draw(st.none() | st.integers(0, 3000))
        core = SegmentCore(i, draw(ends), draw(ends), draw(st.floats(0, 1e5)), 1.5, climb, climb, 0.0, None)
        segments.append(Segment(core, line, (stretch,)))
    refused = [LeftOut(0, "closed", draw(TEXT), draw(TEXT), None, tuple(LonLat(*p) for p in places * 2))]
    return Region(
        "Any",
        [Junction(i, *place, draw(HEIGHT)) for i, place in enumerate(places)],
        segments,
        [Trailhead(i, i, draw(TEXT), "parking", *place, 1.25) for i, place in enumerate(places[:2])],
        [Point(i, "peak", draw(TEXT), *place, draw(HEIGHT)) for i, place in enumerate(places[:2])],
        ("nobody",),
        refused=refused,
    )


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(a_region(), st.tuples(TENTHS, TENTHS))
def test_any_region_comes_back_and_is_found_by_its_boxes(
    store: TrailStore, region: Region, corners: tuple[tuple[int, int], tuple[int, int]]
) -> None:
    store.replace_region(region)
    [info] = store.snapshot().regions
    assert info.ids is not None
    first = info.ids[0]
    whole = store.segments(range(first, first + len(region.segments)))
    assert [(s.core[3:], s.line, s.stretches) for s in whole.values()] == [
        (s.core[3:], s.line, s.stretches) for s in region.segments
    ]
    ends = store.junctions(range(first, info.ids[1] + 1))
    assert [ends[first + j.id][1:] for j in region.junctions] == [j[1:] for j in region.junctions]
    (ax, ay), (bx, by) = corners
    box = Box(min(ax, bx) / 1e8, min(ay, by) / 1e8, max(ax, bx) / 1e8, max(ay, by) / 1e8)
    touching = [s.core.id for s in region.segments if Box.around(s.line).touches(box)]
    assert [core.id - first for core in store.cores_in(box)] == touching
    assert [t.id - first for t in store.trailheads_in(box)] == _inside(region.trailheads, box)
    assert [p.id - first for p in store.points_in(box, ["peak"], 9)] == _inside(region.points, box)
    assert [(line[1:]) for line in store.left_out_in(WORLD, 9)] == [line[1:] for line in region.refused]


def _inside(records: Sequence[Trailhead] | Sequence[Point], box: Box) -> list[int]:
    return [r.id for r in records if Box(r.lon, r.lat, r.lon, r.lat).touches(box)]


def test_the_longest_in_a_large_box_are_those_of_looking_at_all(
    filled: TrailStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    slowly = filled.segments_in(WORLD, 3)
    depths = []

    def shallow(*asked: Any) -> int:
        depths.append(asked)
        return 4

    for module in ("sqlite", "postgis"):
        monkeypatch.setattr(importlib.import_module(f"loopgenie.store.{module}"), "look_at", shallow)
    assert filled.segments_in(WORLD, 3) == slowly
    west = Box(1.44, 42.4, 1.461, 42.6)  # Canillo but for its longest segment's eastern end: two of the longest four
    assert [s.core.length_m for s in filled.segments_in(west, 3)] == [3800.0, 1111.0, 822.25]
    assert len(depths) == 2


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
        lambda r: replace(r, refused=r.refused[1:]),
        lambda r: replace(r, refused=[r.refused[0]._replace(line=r.refused[0].line[:1])]),
        lambda r: replace(r, segments=[*r.segments, r.segments[0]]),  # the last of all, when much is written
    ],
)
def test_a_region_that_does_not_fit_together_is_refused(
    store: TrailStore, nonsense: Callable[[Region], Region]
) -> None:
    store.replace_region(drawn_region())
    with pytest.raises(ValueError, match=r"id|junction|line"):
        store.replace_region(nonsense(drawn_region()))
    assert len(store.cores_in(WORLD)) == 4
    assert names(store.find_places("loria", 9)) == ["Loria", "Lòria", "Sant Julià de Lòria"]


def test_an_empty_region_is_fine_and_has_no_box(store: TrailStore) -> None:
    store.replace_region(Region("Nothing", [], [], [], [], ()))
    [info] = store.snapshot().regions
    assert (info.box, info.segments, info.trail_km, info.data_date) == (None, 0, 0.0, None)
    store.replace_region(drawn_region())
    store.replace_region(Region("Nothing", [], [], [], [], ()))  # takes nothing of the one after it along
    assert names(store.find_places("loria", 1)) == ["Loria"]
    store.replace_region(drawn_region("Nothing"))
    assert all(info.box is not None for info in store.snapshot().regions)


def test_threads_read_whole_snapshots_while_another_imports(store: TrailStore) -> None:
    store.replace_region(drawn_region())
    wrong: list[object] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            cores, snapshot = store.cores_in(WORLD), store.snapshot()
            if len(cores) != 4 or len(snapshot.regions) != 1 or cores[-1].id - cores[0].id != 3:
                wrong.append((cores, snapshot))
            if len(store.segments_in(WORLD, 9)) != 4 or store.nearest_segment(LonLat(1.505, 42.499), 250) is None:
                wrong.append("a segment is missing")
            if len(store.find_places("loria", 9)) != 3:
                wrong.append("a place is missing")

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
