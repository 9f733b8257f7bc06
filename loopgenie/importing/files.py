"""The import from end to end: files of any kind in, one region in the store, and a summary for people."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from loopgenie.errors import BadInput
from loopgenie.importing.elevation import read_elevation
from loopgenie.importing.gpx import read_gpx
from loopgenie.importing.osm import read_osm
from loopgenie.importing.profiles import Profile, chosen
from loopgenie.importing.source import Progress, Source, merged
from loopgenie.importing.topology import build_region
from loopgenie.importing.vector import read_geojson, read_geopackage, read_shapefile
from loopgenie.store import Region, TrailStore

_OSM = (".pbf", ".osm")
#: Ends of other file names -> how to read such a file.
_READERS: dict[str, Callable[[Path, Profile | None], Source]] = {
    ".geojson": read_geojson,
    ".json": read_geojson,
    ".gpx": lambda path, _: read_gpx(path),
    ".shp": read_shapefile,
    ".gpkg": read_geopackage,
}
_KINDS = ".osm.pbf, .geojson, .gpx, .shp or .gpkg"


@dataclass(frozen=True)
class ImportSummary:
    """What an import did. Lengths in kilometres, times in seconds; `left_out` and `seconds` by reason and stage.

    `loop_km` is the length of trail and road that lies on some loop; `region` is the name in the store.
    """

    region: str
    lines_read: int
    segments: int
    junctions: int
    trailheads: int
    trailhead_kinds: Mapping[str, int]
    trailheads_with_loops: int
    points: int
    trail_km: float
    road_km: float
    loop_km: float
    with_heights: bool
    left_out: Mapping[str, int]
    seconds: Mapping[str, float]

    def lines(self) -> list[str]:
        """The summary as sentences."""
        return [*self._what_is_there(), *self._what_is_missing(), *self._what_was_left_out(), self._how_long()]

    def _what_is_there(self) -> Iterator[str]:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self.trailhead_kinds.items()))
        yield (
            f"{self.region}: {self.trail_km:,.0f} km of trail and {self.road_km:,.0f} km of road in {self.segments:,} "
            f"segments between {self.junctions:,} junctions, from {self.lines_read:,} lines"
        )
        yield f"{self.loop_km:,.0f} km of it lie on loops"
        yield f"{self.trailheads:,} trailheads{f' ({kinds})' if kinds else ''}, {self.points:,} places and points"
        if self.trailheads:
            yield f"{self.trailheads_with_loops:,} of the trailheads have a loop within walking distance"

    def _what_is_missing(self) -> Iterator[str]:
        if "trail end" in self.trailhead_kinds:
            yield "No car parks, trailheads or roads in the files: the outer ends of the trails stand in as trailheads"
        if "road end" in self.trailhead_kinds:
            yield "No car parks or trailheads in the files: the places where roads meet trails stand in"
        if not self.trailheads:
            yield "No trailheads: no line is long enough to start a hike from"
        if not self.loop_km:
            yield "No loops: these trails never come back to where they start"
        if not self.with_heights:
            yield "No heights: climbs are not known (add a terrain model with --elevation)"

    def _what_was_left_out(self) -> Iterator[str]:
        for reason, count in sorted(self.left_out.items(), key=lambda item: (-item[1], item[0])):
            yield f"left out: {count:,} × {reason}"

    def _how_long(self) -> str:
        return "took " + ", ".join(f"{seconds:.1f} s {stage}" for stage, seconds in self.seconds.items())


def import_files(
    paths: Sequence[Path],
    store: TrailStore,
    *,
    elevation: Sequence[Path] = (),
    region: str | None = None,
    profile: str | None = None,
    progress: Progress | None = None,
) -> ImportSummary:
    """Read trail files, make one network of them and put it into the store in place of the region of that name.

    The store is touched last: whatever fails before, it keeps what it had.

    Parameters
    ----------
    elevation : terrain models (.hgt, .hgt.zip, GeoTIFF).
    region : its name; by default the name of the first file.
    profile : the name of a profile, or a .toml file with one: how to read GeoJSON files, shapefiles and GeoPackages
        instead of what their fields call for, and OpenStreetMap files where it knows their tags.

    Raises
    ------
    BadInput : a file is not what it says it is, or there is nothing in the files that could be walked.
    TrailsUnavailable : the store does not answer.
    """
    if not paths:
        raise BadInput(f"there is no file to import; want one or more of {_KINDS}")
    name = (region if region is not None else _stem(paths[0])).strip()
    if not name:
        raise BadInput("the name of the region is empty; want a name")
    seconds: dict[str, float] = {}
    with _timed("reading", seconds):
        height_at = read_elevation(elevation) if elevation else None
        how = chosen(profile) if profile is not None else None
        source = merged([_read(path, how, progress) for path in paths])
    if not source.ways:
        raise BadInput(f"{_listed(paths)}: there is nothing that can be walked{_because(source.left_out)}")
    lines_read = len(source.ways)
    with _timed("building", seconds):
        built = build_region(source, name=name, height_at=height_at, progress=progress)
    if not built.segments:
        raise BadInput(f"{_listed(paths)}: no trail is left of it, only roads or lines without any length")
    with _timed("measuring and storing", seconds):
        store.replace_region(built)
    return _summary(built, lines_read, seconds)


@contextmanager
def _timed(stage: str, seconds: dict[str, float]) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds[stage] = time.perf_counter() - start


def _stem(path: Path) -> str:
    return re.sub(r"(\.osm)?\.[^.]+$", "", path.name, flags=re.I)


def _read(path: Path, profile: Profile | None, progress: Progress | None) -> Source:
    kind = path.suffix.lower()
    if kind not in (*_OSM, *_READERS):
        raise BadInput(f"{path.name} is of no kind that can be read; want {_KINDS}")
    if not path.is_file():
        raise BadInput(f"{path}: there is no such file")
    if kind in _OSM:
        return read_osm(path, progress, profile if profile and profile.rules.exact else None)
    if progress is not None:
        progress(f"reading {path.name}", 0, 0)
    return _READERS[kind](path, profile)


def _listed(paths: Sequence[Path]) -> str:
    return ", ".join(path.name for path in paths)


def _because(left_out: Counter[str]) -> str:
    return "".join(f"; left out: {count:,} × {reason}" for reason, count in left_out.most_common(3))


def _summary(region: Region, lines_read: int, seconds: Mapping[str, float]) -> ImportSummary:
    km, road_km = region.km or 0.0, region.road_km or 0.0
    return ImportSummary(
        region=region.name,
        lines_read=lines_read,
        segments=len(region.segments),
        junctions=len(region.junctions),
        trailheads=len(region.trailheads),
        trailhead_kinds=Counter(trailhead.kind for trailhead in region.trailheads),
        trailheads_with_loops=sum(trailhead.to_loop_m is not None for trailhead in region.trailheads),
        points=len(region.points),
        trail_km=km - road_km,
        road_km=road_km,
        loop_km=region.loop_km or 0.0,
        with_heights=any(junction.elevation_m is not None for junction in region.junctions),
        left_out=dict(region.left_out),
        seconds=dict(seconds),
    )
