"""Heights from terrain models: SRTM tiles (.hgt, .hgt.zip) and GeoTIFF, bilinear; None where a model has a void."""

from __future__ import annotations

import array
import lzma
import math
import re
import sys
import warnings
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from loopgenie.errors import BadInput
from loopgenie.importing.source import HeightAt

#: Bytes of a tile -> posts on a side. https://lpdaac.usgs.gov/documents/179/SRTM_User_Guide_V3.pdf
_SIDES = {2 * side * side: side for side in (1201, 3601)}
#: Heights outside of this range, in metres, are voids by another number (-9999, 32767).
_LOWEST, _HIGHEST = -500.0, 9000.0
#: A GeoTIFF is read in windows of this many pixels a side, and at most so many are kept: 0.5 MB each.
_WINDOW, _WINDOWS = 256, 128


#: All that the standard library raises over an archive that is broken, encrypted or packed in a way it does not know.
_UNZIP_ERRORS = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, ValueError, EOFError, NotImplementedError, RuntimeError,
)  # fmt: skip


class _Model(Protocol):
    """A piece of terrain: `covers` says whether it is this one's business, `height` answers."""

    def covers(self, lon: float, lat: float) -> bool: ...

    def height(self, lon: float, lat: float) -> float | None: ...


def read_elevation(paths: Sequence[Path]) -> HeightAt:
    """Open terrain models; the function returned gives metres at (lon, lat), None outside and at voids.

    Where models overlap, the first that knows a height answers.

    Raises
    ------
    BadInput : a file is no terrain model, or of a kind not known.
    """
    models = [_open(path) for path in paths]

    def height_at(lon: float, lat: float) -> float | None:
        for model in models:
            if model.covers(lon, lat):
                height = model.height(lon, lat)
                if height is not None:
                    return height
        return None

    return height_at


def _open(path: Path) -> _Model:
    name = path.name.lower()
    if not path.is_file():
        raise BadInput(f"{path}: there is no such elevation file")
    if name.endswith(".hgt"):
        if path.stat().st_size not in _SIDES:
            raise BadInput(f"{path.name} has {path.stat().st_size} bytes; an SRTM tile has {_sizes()}")
        return _Tile(path.name, path.read_bytes())
    if name.endswith(".zip"):
        return _Tile(*_unzipped(path))
    if name.endswith((".tif", ".tiff")):
        return _Raster(path)
    raise BadInput(f"{path.name} is no elevation file that can be read; want .hgt, .hgt.zip or .tif")


def _sizes() -> str:
    return " or ".join(f"{size:,}" for size in sorted(_SIDES))


def _unzipped(path: Path) -> tuple[str, bytes]:
    """Name and bytes of the one tile in an archive; never more than a tile is unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            tiles = [info for info in archive.infolist() if info.filename.lower().endswith(".hgt")]
            if len(tiles) != 1:
                raise BadInput(f"{path.name} holds {len(tiles)} .hgt files; want exactly one")
            with archive.open(tiles[0]) as file:
                data = file.read(max(_SIDES) + 1)
    except _UNZIP_ERRORS as error:
        raise BadInput(f"{path.name} is no readable zip archive ({error})") from error
    if len(data) not in _SIDES or tiles[0].file_size != len(data):
        raise BadInput(f"{path.name} holds a tile of {tiles[0].file_size:,} bytes; an SRTM tile has {_sizes()}")
    return Path(tiles[0].filename).name, data


class _Tile:
    """An SRTM tile: posts on the edges of its square degree, big-endian, north-west first."""

    def __init__(self, name: str, data: bytes) -> None:
        corner = re.match(r"([NS])(\d{2})([EW])(\d{3})", name, re.I)
        if corner is None:
            raise BadInput(f"{name}: an SRTM tile is named after its corner, like N42E001.hgt")
        ns, lat, ew, lon = corner.groups()
        self.south = int(lat) * (1 if ns in "Nn" else -1)
        self.west = int(lon) * (1 if ew in "Ee" else -1)
        self.side = _SIDES[len(data)]
        posts = array.array("h", data)
        if sys.byteorder == "little":
            posts.byteswap()
        self.posts: Sequence[float] = memoryview(posts)

    def covers(self, lon: float, lat: float) -> bool:
        return self.west <= lon <= self.west + 1 and self.south <= lat <= self.south + 1

    def height(self, lon: float, lat: float) -> float | None:
        last = self.side - 1
        return _bilinear((lon - self.west) * last, (self.south + 1 - lat) * last, last, last, self._post)

    def _post(self, column: int, row: int) -> float:
        return self.posts[row * self.side + column]


class _Raster:
    """A GeoTIFF, read window by window as it is asked. Pixels stand for their centres."""

    def __init__(self, path: Path) -> None:
        import rasterio
        from rasterio.errors import NotGeoreferencedWarning, RasterioError

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", NotGeoreferencedWarning)  # told below, as an error
                self.file: Any = rasterio.open(path, driver="GTiff")
        except (RasterioError, OSError) as error:
            raise BadInput(f"{path.name} cannot be read as a GeoTIFF ({' '.join(str(error).split())})") from error
        if self.file.crs is None:
            raise BadInput(f"{path.name} does not say in which coordinate system it is; want a georeferenced GeoTIFF")
        block_height, block_width = self.file.block_shapes[0]
        if block_height * block_width > 2**26:
            size = f"{block_width} x {block_height}"
            raise BadInput(f"{path.name} is stored in blocks of {size} pixels; want at most 8192 x 8192")
        self.path = path
        self.columns, self.rows = int(self.file.width), int(self.file.height)
        self.nodata = self.file.nodata
        self.scale, self.offset = self.file.scales[0], self.file.offsets[0]
        self.to_pixel = ~self.file.transform
        self.to_xy = _projection(self.file.crs, path)
        self.windows: dict[tuple[int, int], Any] = {}

    def covers(self, lon: float, lat: float) -> bool:
        column, row = self._pixel(lon, lat)
        return 0 <= column <= self.columns and 0 <= row <= self.rows

    def _pixel(self, lon: float, lat: float) -> tuple[float, float]:
        x, y = (lon, lat) if self.to_xy is None else self.to_xy(lon, lat)
        if not (math.isfinite(x) and math.isfinite(y)):
            return -1.0, -1.0
        t = self.to_pixel
        return t.a * x + t.b * y + t.c, t.d * x + t.e * y + t.f

    def height(self, lon: float, lat: float) -> float | None:
        column, row = self._pixel(lon, lat)
        return _bilinear(column - 0.5, row - 0.5, self.columns - 1, self.rows - 1, self._value)

    def _value(self, column: int, row: int) -> float:
        key = (column // _WINDOW, row // _WINDOW)
        window = self.windows.get(key)
        if window is None:
            window = self._read(key)
        value: float = window[row % _WINDOW, column % _WINDOW]
        return math.nan if value == self.nodata else value * self.scale + self.offset

    def _read(self, key: tuple[int, int]) -> Any:
        from rasterio.errors import RasterioError
        from rasterio.windows import Window

        column, row = key[0] * _WINDOW, key[1] * _WINDOW
        window = Window(column, row, min(_WINDOW, self.columns - column), min(_WINDOW, self.rows - row))
        try:
            pixels = self.file.read(1, window=window)
        except (RasterioError, OSError) as error:
            raise BadInput(f"{self.path.name} is broken or cut off ({' '.join(str(error).split())})") from error
        if len(self.windows) >= _WINDOWS:
            self.windows.pop(next(iter(self.windows)))
        self.windows[key] = memoryview(pixels.astype("float64"))
        return self.windows[key]


def _projection(crs: Any, path: Path) -> Callable[[float, float], tuple[float, float]] | None:
    """How to get from degrees to the coordinates of a raster; None where it is in degrees itself."""
    if crs.is_geographic:
        return None
    import pyproj

    try:
        transform = pyproj.Transformer.from_crs("EPSG:4326", crs.to_wkt(), always_xy=True).transform
    except pyproj.exceptions.ProjError as error:
        raise BadInput(f"{path.name} is in a coordinate system that degrees cannot be brought to") from error
    return lambda lon, lat: transform(lon, lat)


def _bilinear(x: float, y: float, last_x: int, last_y: int, value: Callable[[int, int], float]) -> float | None:
    """The height between four neighbours; None when one that counts is void. Beyond the outermost ones: theirs."""
    x, y = min(max(x, 0.0), float(last_x)), min(max(y, 0.0), float(last_y))
    column, row = min(int(x), max(last_x - 1, 0)), min(int(y), max(last_y - 1, 0))
    dx, dy = x - column, y - row
    total = 0.0
    for corner_x, corner_y, weight in (
        (column, row, (1 - dx) * (1 - dy)),
        (column + 1, row, dx * (1 - dy)),
        (column, row + 1, (1 - dx) * dy),
        (column + 1, row + 1, dx * dy),
    ):
        if weight > 0:
            height = value(corner_x, corner_y)
            if not _LOWEST <= height <= _HIGHEST:
                return None  # void, or not a number
            total += weight * height
    return total
