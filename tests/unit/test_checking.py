"""Faults of a network: small regions drawn with each fault once, and real files."""

from __future__ import annotations

import json
import random
import re
import time
from collections import Counter
from pathlib import Path

import pytest

pytest.importorskip("shapely")

import networkx as nx

from loopgenie.checking import Report, check
from loopgenie.checking.faults import KINDS, MOST_KEPT, Found, Tally
from loopgenie.checking.links import Links
from loopgenie.checking.report import SHOWN, as_geojson, as_json, text
from loopgenie.geometry import LonLat
from loopgenie.store import LeftOut, SegmentCore, SourceFile, TrailStore
from loopgenie.store.sqlite import SqliteStore
from loopgenie.tiles import tiles
from loopgenie.ways import WayKind

M = 0.001  # the drawings are in km


@pytest.fixture
def store(tmp_path):  # type: ignore[no-untyped-def]
    home = SqliteStore(str(tmp_path / "faults.db"))
    yield home
    home.close()


@pytest.fixture
def sound(draw):  # type: ignore[no-untyped-def]
    """
    D ---- C     a square of 1 km with a car park at A: 4 segments, 4 km, one part, all of it on a loop, no fault
    |      |
    A ---- B
    """
    drawing = draw("sound").junctions(A=(0, 0, 100), B=(1, 0, 110), C=(1, 1, 120), D=(0, 1, 110))
    for a, b in ("AB", "BC", "CD", "DA"):
        drawing.way(a, b, f"{a}{b} Trail")
    drawing.trailhead("A", "Car park")
    drawing.trailheads[0] = drawing.trailheads[0]._replace(to_loop_m=0.0)
    return drawing


def checked(store: TrailStore, drawing, *, most: int = 5_000, **more: object) -> Report:  # type: ignore[no-untyped-def]
    store.replace_region(drawing.region(**{"loop_km": 4.0, **more}))
    [region] = store.snapshot().regions
    return check(store, region, most=most)


def counts(report: Report) -> dict[str, int]:
    return {name: tally.count for name, tally in report.tallies.items() if tally.count}


# --- each fault once ----------------------------------------------------------------------------------------------


def test_a_sound_network_has_no_fault(store, sound) -> None:
    report = checked(store, sound)
    assert counts(report) == {}
    assert report.grave == []
    assert (report.parts, report.small_parts) == (1, 0)
    assert report.length_m == pytest.approx(4000, abs=0.1)  # 4 sides of 1 km
    assert report.loop_m == report.largest_part_m == report.length_m
    assert report.unnamed_m == 0


def test_a_way_drawn_twice_is_a_duplicate(store, sound) -> None:
    """A second A-B that bulges 4 m to the side: 1000.03 m, under 10 m away. One pair of 1 km.

    It is also side by side with the first for 1 km, but one fault is told once.
    """
    sound.way("A", "B", "Copy", through=[(0.5, 4 * M, 105)])
    report = checked(store, sound)
    assert counts(report) == {"duplicate": 1}
    [fault] = report.faults["duplicate"]
    assert fault.what == '"AB Trail" and "Copy" join the same two junctions along the same line'
    assert fault.metres == pytest.approx(1000, abs=0.1)
    assert fault.at == pytest.approx(LonLat(10 + 0.5 / 111.31949, 0), abs=1e-6)


@pytest.mark.parametrize(
    ("bulge_m", "because"),
    [
        (40, "1003 m and at most 40 m apart: the length is alike, the line is another"),
        (300, "1166 m: longer by a sixth"),
    ],
)
def test_another_way_between_the_same_junctions_is_no_duplicate(store, sound, bulge_m: float, because: str) -> None:
    sound.way("A", "B", "High route", through=[(0.5, bulge_m * M, 105)])
    assert counts(checked(store, sound)) == {}, because


def test_a_ring_drawn_twice_is_a_duplicate(store, sound) -> None:
    for _ in range(2):
        sound.way("C", "C", "Ring", through=[(1.2, 1, 120), (1.2, 1.2, 120), (1, 1.2, 120)])
    assert counts(checked(store, sound)) == {"duplicate": 1}


@pytest.mark.parametrize(
    ("apart_m", "kind", "expected"),
    [(4, WayKind.PATH, 1), (6, WayKind.PATH, 0), (4, WayKind.MINOR_ROAD, 0)],
)
def test_trails_side_by_side_are_doubled(store, sound, apart_m: float, kind: WayKind, expected: int) -> None:
    """From 200 m to 500 m along A-B, 4 m beside it: 300 m, looked at every 10 m. It hangs on a spur from B's east.

    6 m apart is two ways; beside a road runs its footway.
    """
    sound.junctions(E=(0.2, -apart_m * M, 100), F=(0.5, -apart_m * M, 100), G=(1.2, -0.5, 100))
    sound.way("E", "F", "Twin", kind).way("F", "G", "Link", through=[(0.6, -0.5, 100)]).way("G", "B", "Back")
    report = checked(store, sound)
    assert report.tallies["double"].count == expected
    for fault in report.faults["double"]:
        assert fault.metres == pytest.approx(300, abs=20)
        assert set(fault.what.split('"')[1::2]) == {"AB Trail", "Twin"}


@pytest.mark.parametrize(("short_by_m", "expected"), [(0.5, 1), (24, 1), (26, 0)])
def test_an_end_that_nearly_meets_is_a_gap(store, sound, short_by_m: float, expected: int) -> None:
    """A spur from D runs south-east and stops short of A-B's middle; by 24 m it is told, by 26 m it is not."""
    sound.junctions(E=(0.5, short_by_m * M, 100)).way("D", "E", "Spur")
    report = checked(store, sound)
    assert counts(report) == ({"gap": 1} if expected else {})
    for fault in report.faults["gap"]:
        told = re.fullmatch(r'"Spur" stops ([\d.]+) m short of "AB Trail"', fault.what)
        assert told
        assert float(told[1]) == pytest.approx(short_by_m, rel=0.01)
        assert fault.at == pytest.approx((10 + 0.5 / 111.31949, short_by_m * M / 110.57428), abs=1e-6)


def test_two_ends_that_face_one_another_are_one_gap(store, sound) -> None:
    """Spurs from A and from B towards one another, 12 m between their ends, 300 m south of A-B."""
    sound.junctions(E=(0.494, -0.3, 100), F=(0.506, -0.3, 100)).way("A", "E", "West").way("B", "F", "East")
    assert counts(checked(store, sound)) == {"gap": 1}


def test_an_end_from_which_a_short_walk_leads_there_is_no_gap(store, sound) -> None:
    """A stub of 20 m off the middle of A-B ends 20 m from it, and one walks back 20 m."""
    sound.segments.pop(0)
    sound.junctions(E=(0.5, 0, 105), F=(0.5, 20 * M, 105)).way("A", "E", "West").way("E", "B", "East")
    sound.way("E", "F", "Stub")
    for number, segment in enumerate(sound.segments):
        sound.segments[number] = segment._replace(core=segment.core._replace(id=number))
    assert counts(checked(store, sound)) == {}


def test_a_ring_that_does_not_close_is_a_gap(store, sound) -> None:
    """From C round a square of 300 m, and the end stops 10 m short of its own beginning."""
    sound.junctions(E=(1.15, 1 + 10 * M, 120))
    sound.way("C", "E", "Ring", through=[(1.3, 1, 120), (1.3, 1.3, 120), (1.15, 1.3, 120)])
    report = checked(store, sound)
    assert counts(report) == {"gap": 1}
    assert report.faults["gap"][0].what == '"Ring" stops 10.0 m short of "Ring"'


@pytest.mark.parametrize(("rise_m", "expected"), [(99, 0), (101, 1)])
def test_heights_that_jump_are_steep(store, sound, rise_m: float, expected: int) -> None:
    """100 m of way up `rise_m`: more than 45 degrees is too much."""
    sound.junctions(E=(1.1, 0, 110 + rise_m)).way("B", "E", "Wall")
    report = checked(store, sound)
    assert counts(report) == ({"steep": 1} if expected else {})


def test_a_spike_in_the_heights_is_steep(store, sound) -> None:
    """Up 40 m within 5 m and down again: less than the 25 m that heights are looked at over, yet a jump of 40 m."""
    sound.junctions(E=(2, 0, 110)).way("B", "E", "Spike", through=[(1.4, 0, 110), (1.405, 0, 150), (1.41, 0, 110)])
    report = checked(store, sound)
    assert counts(report) == {"steep": 1}
    [fault] = report.faults["steep"]
    assert fault.what == '"Spike" rises or falls by 40 m over 5 m'


def test_a_small_step_is_not_steep(store, sound) -> None:
    """20 m within 5 m: terrain models jump so from cell to cell."""
    sound.junctions(E=(2, 0, 130)).way("B", "E", "Step", through=[(1.4, 0, 110), (1.405, 0, 130)])
    assert counts(checked(store, sound)) == {}


def test_a_part_without_a_trailhead_is_an_island(store, sound) -> None:
    """400 m that nothing joins, 2 km off."""
    sound.junctions(E=(3, 0, 100), F=(3.3, 0, 100), G=(3.4, 0, 100)).way("E", "F", "Lost").way("F", "G", "Lost too")
    report = checked(store, sound)
    assert counts(report) == {"island": 1}
    assert (report.parts, report.small_parts) == (2, 1)
    assert report.small_parts_m == pytest.approx(400, abs=0.1)
    assert report.loop_m == pytest.approx(4000, abs=0.1)
    [fault] = report.faults["island"]
    assert fault.what == '400 m that nothing joins to the rest: 2 segments, among them "Lost"'
    assert fault.metres == pytest.approx(400, abs=0.1)


def test_where_there_is_no_trailhead_at_all_the_largest_part_is_no_island(store, sound) -> None:
    sound.trailheads.clear()
    sound.junctions(E=(3, 0, 100), F=(3.3, 0, 100)).way("E", "F", "Lost")
    assert counts(checked(store, sound)) == {"island": 1}


def test_segments_without_heights_and_tiny_ones_are_told(store, sound) -> None:
    """B-E has no height at E: 200 m. C-F is 0.6 m long, and F is no gap, as one walks 0.6 m to get there."""
    sound.junctions(E=(1.2, 0), F=(1 + 0.6 * M, 1, 120)).way("B", "E", "Unknown").way("C", "F", "Crumb")
    report = checked(store, sound)
    assert counts(report) == {"no-heights": 1, "tiny": 1}
    assert report.tallies["no-heights"].metres == pytest.approx(200, abs=0.1)
    assert report.tallies["tiny"].metres == pytest.approx(0.6, abs=0.02)


def test_ways_that_cross_without_meeting_are_a_note(store, sound) -> None:
    """From D across B-C (at 1, 0.5) and on to E, 2 km east; it meets D-A and C-D at D, which is a junction."""
    sound.junctions(E=(2, 0, 110)).way("D", "E", "Bridge")
    report = checked(store, sound)
    assert counts(report) == {"crossing": 1}
    [fault] = report.faults["crossing"]
    assert fault.at == pytest.approx((10 + 1 / 111.31949, 0.5 / 110.57428), abs=1e-6)
    assert report.grave == []


def test_a_crossing_at_a_vertex_of_both_lines_is_one(store, sound) -> None:
    """The lines share a position, (1, 0.5), but no junction: four pairs of pieces touch there, one place."""
    side = sound.segments[1]  # B-C, with a vertex in its middle
    middle = (round(10 + 1 / 111.31949, 7), round(0.5 / 110.57428, 7), 115.0)
    sound.segments[1] = side._replace(line=(side.line[0], middle, side.line[-1]))
    sound.junctions(E=(2, 0.5, 115), F=(0.5, 0.5, 115)).way("F", "E", "Bridge", through=[(1, 0.5, 115)])
    report = checked(store, sound)
    assert report.tallies["crossing"].count == 1


def test_trailheads_without_a_loop_or_far_from_the_network(store, sound) -> None:
    """One has no loop near, one stands 101 m from the way; 99 m is near enough."""
    sound.trailhead("B", "Lonely {0}").trailhead("C", "Far").trailhead("D", "Near")
    for number, change in ((2, {"snap_m": 101.0}), (3, {"snap_m": 99.0})):
        sound.trailheads[number] = sound.trailheads[number]._replace(to_loop_m=5.0, **change)
    report = checked(store, sound)
    assert counts(report) == {"no-loop": 1, "far-trailhead": 1}
    assert report.faults["no-loop"][0].what == "Lonely {0} has no loop near"
    assert report.faults["far-trailhead"][0].what == "Far is 101 m from the nearest way"


def test_where_nobody_looked_for_loops_no_trailhead_is_blamed(store, sound) -> None:
    sound.trailheads[0] = sound.trailheads[0]._replace(to_loop_m=None)
    report = checked(store, sound, loop_km=None)
    assert counts(report) == {}
    assert "import the region again" in "\n".join(text(report))
    assert "trailheads without a loop near" not in "\n".join(text(report))


def test_unnamed_trail_is_counted_but_not_unnamed_road(store, sound) -> None:
    """Of 5 km of trail 0.7 km have no name: 700 of 1000 m of a segment from B to E; and a road of 1 km has none."""
    sound.junctions(E=(2, 0, 110), F=(2, 1, 110))
    sound.way("B", "E", stretches=[(0.3, WayKind.PATH, "Named"), (0.7, WayKind.PATH, None)])
    sound.way("E", "F", None, WayKind.MINOR_ROAD)
    report = checked(store, sound)
    assert counts(report) == {"unnamed": 1}
    assert report.tallies["unnamed"].metres == pytest.approx(700, abs=0.1)
    assert report.unnamed_m / report.trail_m == pytest.approx(0.7 / 5, abs=1e-4)


def test_left_out_lines_are_told_by_reason(store, sound, on_map) -> None:
    """Two lines of 100 m each for one reason; of another there are counts only, no lines."""

    def line(number: int, y: float) -> LeftOut:
        ends = (LonLat(*on_map(0.4, y)), LonLat(*on_map(0.5, y)))
        return LeftOut(number, "no public access", "access=private", "Drive", f"way {number}", ends)

    lines = [line(0, 0.5), line(1, 0.7)]
    report = checked(store, sound, refused=lines, left_out={"no public access": 2, "motorway": 7})
    assert counts(report) == {"left-out": 2}
    assert report.left_out == {"no public access": (2, pytest.approx(200, abs=0.1))}
    assert report.faults["left-out"][0].what == "Drive: no public access (access=private)"
    told = "\n".join(text(report))
    assert "7  motorway\n" in told
    assert "2  no public access, 200 m\n" in told


# --- the whole ----------------------------------------------------------------------------------------------------


def _muddle(draw, seed: int):  # type: ignore[no-untyped-def]
    """30 junctions anywhere on 1 km, 45 ways between any two of them: crossings, gaps, islands, all there is."""
    random_ = random.Random(seed)
    drawing = draw(f"muddle {seed}")
    places = {f"J{i}": (random_.random(), random_.random(), random_.uniform(0, 60)) for i in range(30)}
    drawing.junctions(**places)
    for _ in range(45):
        a, b = random_.sample(sorted(places)[:28], 2)
        drawing.way(a, b, random_.choice([None, "Named"]), through=[(random_.random(), random_.random(), 30)])
    return drawing.trailhead("J0")


@pytest.mark.parametrize("seed", range(8))
def test_tiles_change_nothing(store, draw, seed: int) -> None:
    """Cut into many tiles or looked at as a whole: the same faults at the same places."""
    drawing = _muddle(draw, seed)
    whole, cut = checked(store, drawing), checked(store, drawing, most=12)
    [region] = store.snapshot().regions
    assert len(list(tiles(store, region, most=12))) > 8
    assert counts(whole)["crossing"] > 20
    assert counts(cut) == counts(whole)
    for name in KINDS:
        seen = [Counter(re.sub(r"[.]\d", "", f.what) for f in report.faults[name]) for report in (whole, cut)]
        assert sum((seen[0] - seen[1]).values()) <= seen[0].total() / 50, name  # roundings may fall on either side


@pytest.mark.parametrize("seed", range(20))
def test_parts_and_loops_are_those_of_networkx(seed: int) -> None:
    random_ = random.Random(seed)
    ends = [(random_.randrange(40), random_.randrange(40)) for _ in range(random_.choice([5, 30, 60]))]
    cores = [
        SegmentCore(100 + i, 1000 + u, 1000 + v, float(random_.randrange(1, 500)), 0.0, 0, 0, 0.0, None)
        for i, (u, v) in enumerate(ends)
    ]
    links = Links([cores[: len(cores) // 2 + 1], cores[len(cores) // 2 - 1 :]])  # some come twice, as from two tiles
    graph = nx.MultiGraph((core.start, core.end, core.id) for core in cores)
    assert links.ids.tolist() == [core.id for core in cores]
    parts = {frozenset(nodes) for nodes in nx.connected_components(graph)}
    ours: dict[int, set[int]] = {}
    for core, part in zip(cores, links.part.tolist(), strict=True):
        ours.setdefault(part, set()).update((core.start, core.end))
    assert {frozenset(nodes) for nodes in ours.values()} == parts
    metres = Counter[int]()
    for core, part in zip(cores, links.part.tolist(), strict=True):
        metres[part] += core.length_m
    assert [metres[part] for part in range(len(metres))] == sorted(metres.values(), reverse=True)
    simple = nx.Graph(graph)
    single = {frozenset(e) for e in simple.edges if graph.number_of_edges(*e) == 1}
    bridges = {frozenset(e) for e in nx.bridges(simple) if frozenset(e) in single} if simple.edges else set()
    on_loops = {core.id for core in cores if core.start == core.end or frozenset((core.start, core.end)) not in bridges}
    assert set(links.ids[links.on_loops()].tolist()) == on_loops
    near = links.walk(cores[0].start, 600.0)
    far = nx.single_source_dijkstra_path_length(
        graph, cores[0].start, cutoff=600.0, weight=lambda _u, _v, many: min(cores[i - 100].length_m for i in many)
    )
    assert near == pytest.approx(far)


def test_other_regions_are_left_alone(store, sound, draw) -> None:
    """A second region over the same ground has faults of its own; the first still has none."""
    muddle = _muddle(draw, 1)
    store.replace_region(muddle.region(loop_km=1.0))
    store.replace_region(sound.region(loop_km=4.0))
    first, second = store.snapshot().regions
    assert (first.name, second.name) == ("muddle 1", "sound")
    assert counts(check(store, second)) == {}
    assert counts(check(store, first))["crossing"] > 20


def test_an_empty_region_has_nothing_to_check(store, draw) -> None:
    report = checked(store, draw("empty"))
    assert counts(report) == {}
    assert next(iter(text(report))) == "empty: 0 m in 0 segments"


def test_of_many_faults_the_worst_are_kept_and_all_are_counted() -> None:
    """One more than fits, ranks 0 to 2000: rank 0 is dropped; lengths 1 m each."""
    tally = Tally()
    for rank in random.Random(1).sample(range(MOST_KEPT + 1), MOST_KEPT + 1):
        tally.add(Found("tiny", rank, "x", metres=1.0))
    assert (tally.count, tally.metres) == (MOST_KEPT + 1, MOST_KEPT + 1)
    assert [found.rank for found in tally.worst()] == list(range(MOST_KEPT, 0, -1))


# --- told ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def faulty(store, sound):  # type: ignore[no-untyped-def]
    """A gap (grave) and a crossing (not), from a file with an attribution."""
    sound.junctions(E=(0.5, 5 * M, 100), F=(2, 0, 110)).way("D", "E", "Spur").way("D", "F", "Bridge")
    report = checked(
        store, sound, sources=(SourceFile("a.pbf", "osm", "© OSM, ODbL 1.0"),), attribution=("© OSM, ODbL 1.0",)
    )
    return report, store.snapshot()  # fmt: skip


def test_the_text_puts_grave_faults_first(faulty) -> None:
    lines = list(text(faulty[0]))
    told = "\n".join(lines)
    assert told.index("GRAVE") < told.index("1  ends that stop within 25 m") < told.index("GOOD TO KNOW")
    assert told.index("GOOD TO KNOW") < told.index("1  places where ways cross")
    assert '0.00005,10.00449  "Spur" stops 5.0 m short of "AB Trail"' in told
    assert "None found: ways drawn twice" in told
    assert max(map(len, lines)) <= 110 + len("\n")


def test_json_and_geojson_hold_the_same_faults(faulty) -> None:
    report, snapshot = faulty
    told = json.loads(json.dumps(as_json([report], snapshot)))
    assert (told["snapshot"], told["grave"], told["attribution"]) == (snapshot.id, True, ["© OSM, ODbL 1.0"])
    found = {kind["fault"]: kind["count"] for kind in told["regions"][0]["faults"]}
    assert [*found] == [*KINDS]
    assert {name: count for name, count in found.items() if count} == {"gap": 1, "crossing": 1}
    document = json.loads(json.dumps(as_geojson([report], snapshot)))
    assert document["type"] == "FeatureCollection"
    assert document["attribution"] == ["© OSM, ODbL 1.0"]
    gap, crossing = document["features"]
    assert gap["properties"] == {
        "fault": "gap",
        "grave": True,
        "what": '"Spur" stops 5.0 m short of "AB Trail"',
        "source": None,
        "region": "sound",
        "length_m": None,
    }
    assert gap["geometry"]["type"] == "Point"
    assert (crossing["properties"]["fault"], crossing["properties"]["grave"]) == ("crossing", False)


def test_the_geojson_opens_in_gdal(store, sound, tmp_path: Path) -> None:
    """What QGIS reads with: one line (the duplicate) and one point (the gap)."""
    pyogrio = pytest.importorskip("pyogrio")
    sound.way("A", "B", "Copy").junctions(E=(0.5, 20 * M, 100)).way("D", "E", "Spur")
    report = checked(store, sound)
    file = tmp_path / "faults.geojson"
    file.write_text(json.dumps(as_geojson([report], store.snapshot())), "utf-8")
    meta, _, geometry, values = pyogrio.raw.read(file)
    assert len(geometry) == 2
    assert dict(zip(meta["fields"].tolist(), values, strict=True))["fault"].tolist() == ["duplicate", "gap"]


# --- real files ---------------------------------------------------------------------------------------------------


@pytest.mark.data
@pytest.mark.slow
def test_andorra_is_checked_in_seconds(trail_data: Path, tmp_path: Path) -> None:
    """The README of the data: without minor roads 359 parts, as OSM's ways meet only at nodes; with them few."""
    pytest.importorskip("osmium")
    from loopgenie.importing.elevation import read_elevation  # noqa: F401 - the extra is there
    from loopgenie.importing.files import import_files

    store = SqliteStore(str(tmp_path / "andorra.db"))
    andorra = trail_data / "andorra"
    import_files([andorra / "andorra-latest.osm.pbf"], store, elevation=[andorra / "N42E001.hgt.zip"], region="Andorra")
    [region] = store.snapshot().regions
    began = time.perf_counter()
    report = check(store, region)
    assert time.perf_counter() - began < 30
    assert report.length_m / 1000 == pytest.approx(region.trail_km, rel=0.001)
    assert region.loop_km is not None
    assert report.loop_m / 1000 == pytest.approx(region.loop_km, rel=0.001), "counted at import, and again here"
    assert report.largest_part_m > 0.95 * report.length_m
    found = counts(report)
    assert 300 < found["gap"] < 1_500
    assert 20 < found["crossing"] < 400
    assert found.get("steep", 0) < 50, "the terrain model is smooth; its voids are no jumps"
    assert all(fault.sources for fault in report.faults["gap"]), "each can be found in OSM"
    assert all(
        1.39 < fault.at.lon < 1.80 and 42.41 < fault.at.lat < 42.73 for fs in report.faults.values() for fault in fs
    )
    assert "\n".join(text(report)).count("… and") >= 3
    assert all(len(kind["worst"]) <= SHOWN for kind in as_json([report], store.snapshot())["regions"][0]["faults"])
    store.close()


@pytest.mark.data
@pytest.mark.parametrize(
    ("file", "parts", "largest_km", "loop_km"),
    [("glacier/glaciertrails.geojson", 33, 365, 277), ("rmnp/trails.geojson", 43, 242, 217)],
)
def test_real_networks_hang_together_as_measured(
    trail_data: Path, tmp_path: Path, file: str, parts: int, largest_km: float, loop_km: float
) -> None:
    """Against the figures of the data's README, which were counted by other means (all lines noded, ends joined)."""
    pytest.importorskip("pyogrio")
    from loopgenie.importing.files import import_files

    store = SqliteStore(str(tmp_path / "real.db"))
    import_files([trail_data / file], store)
    [region] = store.snapshot().regions
    report = check(store, region)
    assert report.parts == parts
    assert report.largest_part_m / 1000 == pytest.approx(largest_km, rel=0.01)
    assert report.loop_m / 1000 == pytest.approx(loop_km, rel=0.01)
    assert report.tallies["no-heights"].count == region.segments, "these files have none"
    assert report.tallies["gap"].count < 20, "ends within 10 m were joined on import"
    store.close()
