"""The same trail recorded twice is one trail; crossings, hairpins and lines from other sources are left alone."""

import math
from itertools import pairwise
from random import Random

import pytest

from loopgenie.geometry import distance_m, line_length_m
from loopgenie.importing.chains import contracted, metres, numbered
from loopgenie.importing.connectivity import Streets, bridges
from loopgenie.importing.doubles import without_doubles
from loopgenie.importing.noding import noded
from loopgenie.importing.source import Way
from loopgenie.ways import WayKind

LON, LAT = 114.0, 22.0
LON_M = 1000 * distance_m((LON, LAT), (LON + 0.001, LAT))
LAT_M = 1000 * distance_m((LON, LAT), (LON, LAT + 0.001))


def track(*points, noise_m=0.0, seed=1, recorded=True, **what):
    """A recorded line through points given in metres: a fix every 20 m, each off by up to `noise_m`."""
    rng = Random(seed)
    fixes = []
    for (ax, ay), (bx, by) in pairwise(points):
        count = max(1, round(math.dist((ax, ay), (bx, by)) / 20))
        fixes += [(ax + i / count * (bx - ax), ay + i / count * (by - ay)) for i in range(count)]
    fixes.append(points[-1])
    line = [
        (LON + (x + rng.uniform(-1, 1) * noise_m) / LON_M, LAT + (y + rng.uniform(-1, 1) * noise_m) / LAT_M)
        for x, y in fixes
    ]
    return Way(line, WayKind.PATH, recorded=recorded, **what)


def graph(ways):
    """Junctions, segments, metres in all, metres on loops."""
    nodes = noded(ways)
    chains = contracted(nodes)
    numbered(chains)
    ends = [node for chain in chains for node in (chain.start, chain.end)]
    dead = bridges(Streets((chain.start, chain.end) for chain in chains))
    lengths = metres(chains)[0].tolist()
    on_loops = sum(m for i, m in enumerate(lengths) if i not in dead)
    return sum(1 for node in set(ends) if ends.count(node) > 2), len(chains), sum(lengths), on_loops


def test_a_track_beside_a_track_is_cut_away():
    """
    a----b======c----d    two receivers along 600 m of b-c, then apart by 300 m: one loop would be made of nothing
         e      f
    """
    first = track((0, 0), (1000, 0), noise_m=2, seed=1)
    second = track((200, -300), (200, 0), (800, 0), (800, -300), noise_m=2, seed=2)
    junctions, segments, metres, on_loops = graph([first, second])
    assert (junctions, segments) == (2, 5)
    assert metres == pytest.approx(1000 + 600, abs=40)
    assert on_loops == 0


def test_two_tracks_that_part_and_meet_again_make_a_loop():
    # apart from x = 400 to 800 by up to 300 m: the loop is 400 + 2 x 300 + 400 m
    first = track((0, 0), (1200, 0), noise_m=2, seed=1)
    second = track((0, 4), (400, 4), (400, 300), (800, 300), (800, 4), (1200, 4), noise_m=2, seed=2)
    junctions, segments, metres, on_loops = graph([first, second])
    assert (junctions, segments) == (2, 4)
    assert on_loops == pytest.approx(1400, abs=60)
    assert metres == pytest.approx(1200 + 1000, abs=60)


def test_there_and_back_is_walked_on_one_trail():
    there_and_back = track((0, 0), (800, 0), (0, 0), noise_m=3)
    _, _, metres, on_loops = graph([there_and_back])
    assert metres == pytest.approx(800, abs=60)
    assert on_loops < 100


def test_three_laps_are_one_ring():
    lap = [(0, 0), (400, 0), (400, 400), (0, 400)]
    _, _, metres, on_loops = graph([track(*lap, *lap, *lap, (0, 0), noise_m=3)])
    assert metres == pytest.approx(1600, abs=100)
    assert on_loops == pytest.approx(1600, abs=100)


def test_a_crossing_is_no_double():
    cross = [track((-300, 0), (300, 0)), track((0, -300), (0, 300))]
    assert without_doubles(cross, within_m=10) == cross


def test_hairpins_are_no_doubles():
    # legs of 120 m that open from 0 to 40 m: nearer than 10 m for 30 m only
    zigzag = [track((0, 0), (120, 40), (0, 80), (120, 120), (0, 160))]
    assert without_doubles(zigzag, within_m=10) == zigzag


def test_lines_that_were_drawn_are_not_merged_with_neighbours():
    drawn = [track((0, 0), (1000, 0), recorded=False), track((0, 6), (1000, 6), recorded=False)]
    assert without_doubles(drawn, within_m=10) == drawn


def test_a_track_along_a_way_of_openstreetmap_gives_way_to_it():
    ids = list(range(1, 52))
    path = track((0, 0), (1000, 0), recorded=False, node_ids=ids)
    recorded = track((500, 400), (500, 0), (900, 5), noise_m=2)
    kept = without_doubles([recorded, path], within_m=10)
    assert path in kept
    assert sum(line_length_m(way.line) for way in kept if way.recorded) == pytest.approx(400, abs=30)
    junctions, segments, _, _ = graph([recorded, path])
    assert (junctions, segments) == (1, 3)


def test_a_track_links_two_lines_that_do_not_meet():
    """Along a line, then along another 12 m beside it that never touches it: the track is the way across."""
    first, second = track((0, 0), (600, 0)), track((400, 12), (1000, 12))
    apart = graph([first, second])
    assert apart[:2] == (0, 2)
    junctions, _, _, _ = graph([first, second, track((0, 2), (500, 2), (520, 10), (1000, 10))])
    assert junctions == 2


def test_heights_stay_with_their_places():
    first = track((0, 0), (1000, 0))
    climbing = track((500, -500), (500, 3), (900, 3))
    climbing.heights = [float(i) for i in range(len(climbing.line))]
    kept = [way for way in without_doubles([first, climbing], within_m=10) if way.heights]
    assert len(kept) == 1
    assert len(kept[0].heights) == len(kept[0].line)
    assert kept[0].heights[0] == 0.0
    assert kept[0].heights[-1] == pytest.approx(25, abs=1)  # 500 m in steps of 20 m
