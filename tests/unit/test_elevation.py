"""Heights from small terrain models made by hand, and what climbs are made of them."""

import struct
import zipfile
from itertools import pairwise

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st

from loopgenie.errors import BadInput
from loopgenie.importing import climbs
from loopgenie.importing.chains import Chain, Run, piece_lengths
from loopgenie.importing.elevation import read_elevation
from loopgenie.importing.source import Way
from loopgenie.ways import WayKind

SIDE = 1201
VOID = -32768


def tile_bytes(height):
    """An SRTM tile of 3 seconds; `height` of (column from the west, row from the north)."""
    posts = np.fromfunction(np.vectorize(height, otypes=[np.int16]), (SIDE, SIDE)).T
    return posts.astype(">i2").tobytes()


@pytest.fixture(scope="module")
def slope():
    """N42E001: 1 m a post to the east; a void at column 600, row 600."""
    return tile_bytes(lambda column, row: VOID if (column, row) == (600, 600) else column)


@pytest.fixture
def hgt(tmp_path, slope):
    def write(name="N42E001.hgt", data=slope):
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


def at(column, row):
    """Position of a post of N42E001."""
    return 1 + column / 1200, 43 - row / 1200


def test_a_tile_is_bilinear(hgt):
    height = read_elevation([hgt()])
    assert height(*at(10, 100)) == pytest.approx(10)
    assert height(*at(10.25, 100.5)) == pytest.approx(10.25)
    assert height(1, 43) == 0
    assert height(2, 42) == 1200  # the last post is on the next degree
    assert height(0.9999, 42.5) is None
    assert height(1.5, 43.0001) is None


def test_rows_run_south(hgt):
    north_up = tile_bytes(lambda column, row: 1200 - row)
    height = read_elevation([hgt(data=north_up)])
    assert height(1.5, 42.25) == pytest.approx(300)


def test_a_void_is_none_wherever_it_counts(hgt):
    height = read_elevation([hgt()])
    assert height(*at(600, 600)) is None
    assert height(*at(600.5, 600.5)) is None
    assert height(*at(601, 600)) == pytest.approx(601)  # the void beside it has no weight


def test_the_southern_and_the_western_half(hgt):
    height = read_elevation([hgt("S34W071.hgt")])
    assert height(-71 + 10 / 1200, -33.5) == pytest.approx(10)
    assert height(-70, -34) == 1200


def test_several_tiles(hgt, slope):
    height = read_elevation([hgt(), hgt("N42E002.hgt")])
    assert height(1.5, 42.9) == pytest.approx(600)
    assert height(2.5, 42.9) == pytest.approx(600)
    assert height(2.0, 42.9) == 1200  # both have it: the first answers


def test_a_zipped_tile(tmp_path, slope):
    path = tmp_path / "anything.hgt.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("readme.txt", "SRTM")
        archive.writestr("folder/N42E001.hgt", slope)
    assert read_elevation([path])(*at(10, 100)) == pytest.approx(10)


def test_a_zip_bomb_is_not_unpacked(tmp_path):
    path = tmp_path / "N42E001.hgt.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("N42E001.hgt", "w") as file:
        for _ in range(100):
            file.write(bytes(1_000_000))
    assert path.stat().st_size < 200_000
    with pytest.raises(BadInput, match="100,000,000 bytes"):
        read_elevation([path])


def test_what_is_no_tile(tmp_path, hgt, slope):
    zipped = tmp_path / "two.zip"
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("a.txt", "")
    for path, words in (
        (hgt(data=slope[:-2]), "an SRTM tile has 2,884,802 or 25,934,402"),
        (hgt(name="tile.hgt"), "named after its corner"),
        (zipped, "holds 0 .hgt files"),
        (hgt(name="bad.hgt.zip", data=b"PK"), "no readable zip"),
        (hgt(name="heights.csv"), "want .hgt, .hgt.zip or .tif"),
        (hgt(name="bad.tif", data=b"II*\0 no picture"), "cannot be read as a GeoTIFF"),
        (tmp_path / "nowhere.hgt", "there is no such elevation file"),
    ):
        with pytest.raises(BadInput) as caught:
            read_elevation([path])
        assert words in caught.value.detail
        assert "\n" not in caught.value.detail


def geotiff(path, pixels, *, crs="EPSG:4326", transform=None, nodata=None, **how):
    how = {"dtype": pixels.dtype, "crs": crs, "nodata": nodata, **how}
    transform = transform or rasterio.Affine(0.001, 0, 8, 0, -0.001, 47)
    height, width = pixels.shape
    with rasterio.open(
        path, "w", driver="GTiff", height=height, width=width, count=1, transform=transform, **how
    ) as file:
        file.write(pixels, 1)
    return path


def test_a_geotiff_stands_for_pixel_centres(tmp_path):
    pixels = np.arange(600, dtype="int16")[None, :] + np.zeros((400, 1), dtype="int16")
    pixels[200, 300] = -1
    height = read_elevation([geotiff(tmp_path / "ele.tif", pixels, nodata=-1)])
    assert height(8 + 10.5 * 0.001, 46.9) == pytest.approx(10)
    assert height(8 + 11 * 0.001, 46.9) == pytest.approx(10.5)
    assert height(8, 47) == 0  # half a pixel beyond the outermost centre: its height
    assert height(8 + 299.9 * 0.001, 46.9) == pytest.approx(299.4)  # across the border of two windows
    assert height(8 + 300.5 * 0.001, 47 - 200.5 * 0.001) is None
    assert height(7.9999, 46.9) is None


def test_a_geotiff_in_metres(tmp_path):
    # UTM zone 32 has 500,000 m on the meridian 9° east
    pixels = np.tile(np.arange(100, dtype="float32"), (100, 1))
    path = geotiff(
        tmp_path / "utm.tif",
        pixels,
        crs="EPSG:32632",
        transform=rasterio.Affine(10, 0, 499_500, 0, -10, 5_205_000),
        nodata=np.nan,
    )
    height = read_elevation([path])
    assert height(9.0, 46.996) == pytest.approx(49.5, abs=0.1)
    assert height(10.0, 46.996) is None


def test_heights_that_are_none_on_earth_are_voids(tmp_path):
    pixels = np.full((10, 10), 32767, dtype="int16")
    pixels[:, 5:] = 100
    height = read_elevation([geotiff(tmp_path / "ele.tif", pixels)])
    assert height(8.002, 46.995) is None
    assert height(8.008, 46.995) == 100


def test_a_picture_without_a_place(tmp_path):
    path = tmp_path / "plain.tif"
    header = struct.pack("<2sHI", b"II", 42, 8)
    tags = [(256, 4, 1, 1), (257, 4, 1, 1), (258, 3, 1, 8), (262, 3, 1, 1), (273, 4, 1, 200), (277, 3, 1, 1)]
    tags += [(278, 4, 1, 1), (279, 4, 1, 1)]
    body = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags) + bytes(4)
    path.write_bytes((header + body).ljust(200, b"\0") + b"\1")
    with pytest.raises(BadInput, match="georeferenced"):
        read_elevation([path])


def test_a_model_that_is_cut_off(tmp_path):
    pixels = np.random.default_rng(1).integers(0, 1000, (600, 600), dtype="int16")
    path = geotiff(tmp_path / "cut.tif", pixels, tiled=True, blockxsize=256, blockysize=256, compress="deflate")
    path.write_bytes(path.read_bytes()[:150_000])
    height = read_elevation([path])
    assert height(8.001, 46.999) is not None
    with pytest.raises(BadInput, match=r"^cut\.tif is broken or cut off"):
        height(8.59, 46.41)


# -- climbs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heights", "turns"),
    [
        ([0, 100], [0, 100]),
        ([0, 4, 0, 4, 0, 4], [0, 4]),  # noise
        ([0, 100, 97, 200], [0, 200]),  # a dip of 3 m is noise
        ([0, 100, 95, 200], [0, 100, 95, 200]),  # one of 5 m is not
        ([0, 100, 97], [0, 97]),  # a summit that is not left is none
        ([0, -3, 100], [0, 100]),
        ([0, -6, 100], [0, -6, 100]),
        ([10, 10, 10], [10, 10]),
        ([0, 3, 6, 9, 4.5, 4, 8.9, 3.9], [0, 9, 3.9]),
        ([5], [5, 5]),
    ],
)
def test_turning_points(heights, turns):
    assert climbs.turning_points(heights) == turns


@given(st.lists(st.integers(0, 30), min_size=1, max_size=30))
def test_the_way_back_climbs_what_the_way_out_descends(heights):
    assert climbs.turning_points(heights[::-1]) == climbs.turning_points(heights)[::-1]


@given(st.lists(st.floats(0, 100), min_size=2, max_size=30))
def test_turning_points_turn_by_5_m(heights):
    turns = climbs.turning_points(heights)
    steps = [b - a for a, b in pairwise(turns)]
    assert all(abs(step) >= climbs.TURN_M for step in steps[1:-1])
    assert all(a * b <= 0 for a, b in pairwise(steps))


def drawn(places, kind=WayKind.PATH, **what):
    """A way over numbered places (number -> position and height)."""
    line, heights = zip(*places.values(), strict=True)
    return Way(list(line), kind, node_ids=list(places), heights=list(heights), **what)


def profile_of(node_heights, *, height_at=None, off_ground=()):
    """One chain of pieces of 331.7 m to the north, with these heights at its nodes; some pieces are off the ground."""
    places = {i: ((0.0, i * 0.003), height) for i, height in enumerate(node_heights)}
    pieces = [drawn({i: places[i], i + 1: places[i + 1]}, off_ground=i in off_ground) for i in range(len(places) - 1)]
    chain = Chain(0, 1, [Run(way, 0, 1) for way in pieces])
    at_height = height_at and (lambda lon, lat: dict(places.values()).get((lon, lat), height_at(lon, lat)))
    found = climbs.Climbs([chain], height_at=at_height, void_m=climbs.VOID_M)
    return found.junctions, found.profile(chain, *piece_lengths([chain]))


def test_ends_are_whole_metres_and_the_difference_is_exact():
    junctions, profile = profile_of([100.4, 150.26, 120.7])
    assert junctions == [100, 121]
    # the middle, smoothed, is lower by the mean of what 0 to 50 m of either slope (50.26 and 29.26 m in 331.7 m)
    # come down: 25 m * (0.1515 + 0.0882) / 2 = 3.0 m; 147 - 100 up
    assert profile == climbs.Profile([100, 150.3, 121], 47, 26)


def test_voids_are_filled_along_the_line():
    _, profile = profile_of([100, None, None, 130])
    assert profile == climbs.Profile([100, 110, 120, 130], 30, 0)


def test_a_junction_in_a_void_takes_the_nearest_height_known():
    junctions, profile = profile_of([None, None, 130, 140])
    assert junctions == [130, 140]
    assert profile.heights == [130, 130, 130, 140]


def test_a_void_that_is_too_wide_stays_unknown():
    _, profile = profile_of([100, *[None] * 5, 130])  # 1,990 m
    assert profile.ascent_m == 30
    _, profile = profile_of([100, *[None] * 6, 130])  # 2,322 m
    assert profile == climbs.Profile([100, *[None] * 6, 130], None, None)
    junctions, profile = profile_of([None, None, None, None, 130, 140])  # 1,327 m to the first height
    assert junctions == [None, 140]
    assert profile.ascent_m is None


def test_a_void_around_several_junctions_is_filled_on_foot():
    """
    0--1--2--3   only 0-1 has a height, at 0: 2 is 663 m away from it, 3 is 995 m
    """
    heights = (70.0, None, None, None)
    places = {i: ((0.0, i * 0.003), height) for i, height in enumerate(heights)}
    chains = [Chain(i, i + 1, [Run(drawn({i: places[i], i + 1: places[i + 1]}), 0, 1)]) for i in range(3)]
    found = climbs.Climbs(chains, void_m=climbs.VOID_M)
    assert found.junctions == [70, 70, 70, 70]
    assert {found.profile(chain, *piece_lengths([chain])).ascent_m for chain in chains} == {0}


def test_without_any_height_nothing_is_known():
    junctions, profile = profile_of([None, None])
    assert junctions == [None, None]
    assert profile == climbs.Profile([None, None], None, None)


def test_long_pieces_are_sampled_in_between():
    # a ridge of 300 m halfway between two nodes; samples at sevenths (47.4 m): the two highest are 257.1, the next
    # 171.4. The mean of 50 m around one of them: 47.4 m level, 2.6 m down at 1.81, and as much and 47.4 m on the other
    # side: (47.4 * 257.1 + 2.6 * 254.8 + 47.4 * 214.3 + 2.6 * 169.1) / 100 = 234.5
    def ridge(_lon, lat):
        return max(0.0, 300 - abs(lat - 0.0015) * 2e5)

    _, profile = profile_of([0, 0], height_at=ridge)
    assert (profile.ascent_m, profile.descent_m) == (234, 234)


def test_a_tunnel_does_not_climb_the_mountain():
    _, profile = profile_of([100, 110, 900, 130, 140], off_ground=(1, 2))
    assert profile.heights == [100, 110, 120, 130, 140]
    assert (profile.ascent_m, profile.descent_m) == (40, 0)


def test_a_tunnel_is_not_sampled_in_between():
    _, profile = profile_of([100, 110], height_at=lambda _lon, _lat: 2000.0, off_ground=(0,))
    assert (profile.ascent_m, profile.descent_m) == (10, 0)


def test_junctions_agree_between_chains():
    """A star of three arms around a void: all of them meet at the height of the nearest place known."""
    places = {0: ((0.0, 0.0), None), 1: ((0.0, 0.003), 50.0), 2: ((0.001, 0.0), 80.0), 3: ((-0.002, 0.0), 90.0)}
    chains = [Chain(a, b, [Run(drawn({a: places[a], b: places[b]}), 0, 1)]) for a, b in ((0, 1), (2, 0), (0, 3))]
    found = climbs.Climbs(chains, void_m=climbs.VOID_M)
    assert found.junctions[0] == 80
    profiles = map(found.profile, chains, piece_lengths(chains))
    assert [(p.ascent_m, p.descent_m) for p in profiles] == [(0, 30), (0, 0), (10, 0)]
