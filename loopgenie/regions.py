"""The regions of a store told: a line each, or everything that is known of one, as text or JSON."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from loopgenie.errors import BadInput
from loopgenie.store import RegionInfo, SourceFile, TrailStore
from loopgenie.tiles import belongs, tiles


class Coverage(NamedTuple):
    """How well a region is known: its trailheads and those with a loop near, its metres and those with heights."""

    trailheads: int
    with_loop: int
    length_m: float
    with_heights_m: float


def named(name: str, regions: Sequence[RegionInfo]) -> RegionInfo:
    """The region of a name.

    Raises
    ------
    BadInput : there is none; says which names are near.
    """
    for region in regions:
        if region.name == name:
            return region
    folded = {region.name.casefold(): region.name for region in regions}
    near = [folded[key] for key in difflib.get_close_matches(name.casefold(), folded, cutoff=0.5)]
    there = near or [region.name for region in regions[:5]]
    asked = f"; did you mean {' or '.join(map(repr, there))}?" if near else f"; there is {', '.join(map(repr, there))}"
    raise BadInput(f"there is no region {name!r}{asked if there else ', and no other either'}")


def coverage(store: TrailStore, region: RegionInfo) -> Coverage:
    """Count what has a loop near and what has heights, tile by tile."""
    trailheads = with_loop = 0
    length_m = with_heights_m = 0.0
    seen: set[int] = set()
    for tile in tiles(store, region):
        for core in tile.cores:
            if core.id not in seen:
                seen.add(core.id)
                length_m += core.length_m
                with_heights_m += core.length_m if core.ascent_m is not None else 0.0
        for trailhead in store.trailheads_in(tile.box):
            if tile.holds((trailhead.lon, trailhead.lat)) and belongs(trailhead.id, region):
                trailheads += 1
                with_loop += trailhead.to_loop_m is not None
    return Coverage(trailheads, with_loop, length_m, with_heights_m)


# --- for people ---------------------------------------------------------------------------------------------------


def table(regions: Sequence[RegionInfo], now: datetime) -> list[str]:
    """A line for each region: name, km, segments, trailheads, date of its data, and how long ago it was imported."""
    head = ("region", "km", "segments", "trailheads", "data of", "imported")
    rows = [
        head,
        *(
            (
                f"{r.name}{' (SYNTHETIC)' if r.synthetic else ''}",
                f"{r.trail_km:,.0f}",
                f"{r.segments:,}",
                f"{r.trailheads:,}",
                r.data_date or "unknown",
                age(r.imported_at, now),
            )
            for r in regions
        ),
    ]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    aligned = ("<", ">", ">", ">", "<", "<")
    return ["  ".join(f"{c:{a}{w}}" for c, a, w in zip(row, aligned, widths, strict=True)).rstrip() for row in rows]


def age(imported_at: str, now: datetime) -> str:
    """How long ago something was, in its largest unit: "3 days ago"."""
    seconds = (now - datetime.fromisoformat(imported_at)).total_seconds()
    for unit, size in (("year", 31_557_600), ("month", 2_629_800), ("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= size:
            return f"{counted(int(seconds // size), unit)} ago"
    return "just now"


def counted(count: int, what: str) -> str:
    """How many of something: "1 segment", "2 segments"."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def lines(region: RegionInfo) -> Iterator[str]:
    """What a store says of a region."""
    yield from _about(region)
    yield from _left_out(region)


def _about(region: RegionInfo) -> Iterator[str]:
    synthetic = " (SYNTHETIC: made up, nothing of this exists)" if region.synthetic else ""
    yield f"{region.name}{synthetic}"
    segments, junctions = counted(region.segments, "segment"), counted(region.junctions, "junction")
    yield f"  {region.trail_km:,.0f} km in {segments}, {junctions}"
    yield f"  {counted(region.trailheads, 'trailhead')}, {counted(region.points, 'place')}"
    if region.box:
        west, south, east, north = region.box
        yield f"  latitude {south:.4f} to {north:.4f}, longitude {west:.4f} to {east:.4f}"
    yield f"  imported {region.imported_at}" + (f", data of {region.data_date}" if region.data_date else "")
    if region.sources:
        yield f"  from {', '.join(file.name for file in region.sources)}"
    yield from (f"  {line}" for line in region.attribution)


def _left_out(region: RegionInfo) -> Iterator[str]:
    return (f"  left out: {count:,} {reason}" for reason, count in region.left_out.items())


def details(region: RegionInfo, covered: Coverage) -> Iterator[str]:
    """What a store says of a region, what its files were read as, and how much of it has loops and heights."""
    yield from _about(region)
    if region.loop_km is None:
        yield "  loops: not known, as it was imported by an older version"
    else:
        yield f"  loops: {region.loop_km:,.0f} km lie on some loop{_share(region.loop_km, region.trail_km)}"
        near = _share(covered.with_loop, covered.trailheads)
        yield f"  loops: {covered.with_loop:,} of {covered.trailheads:,} trailheads have one near{near}"
    yield f"  heights: {covered.with_heights_m / 1000:,.0f} km{_share(covered.with_heights_m, covered.length_m)}"
    for file in region.sources:
        date = f"data of {file.data_date}" if file.data_date else "date unknown"
        yield "  source: " + ", ".join(filter(None, [file.name, f"read as {file.profile}", date, file.attribution]))
    yield from _left_out(region)


def _share(part: float, whole: float) -> str:
    return f" ({part / whole:.0%})" if whole else ""


# --- for programs -------------------------------------------------------------------------------------------------


def as_json(region: RegionInfo) -> dict[str, Any]:
    """A region as the service tells it."""
    return {
        "name": region.name,
        "synthetic": region.synthetic,
        "attribution": region.attribution,
        "sources": [file.name for file in region.sources],
        "files": [_file(file) for file in region.sources],
        "data_date": region.data_date,
        "imported_at": region.imported_at,
        "bbox": region.box,
        "segments": region.segments,
        "junctions": region.junctions,
        "trailheads": region.trailheads,
        "points": region.points,
        "trail_km": round(region.trail_km, 1),
        "loop_km": None if region.loop_km is None else round(region.loop_km, 1),
        "left_out": dict(region.left_out),
    }


def _file(file: SourceFile) -> dict[str, Any]:
    return {
        "name": file.name,
        "profile": file.profile,
        "attribution": file.attribution or None,
        "data_date": file.data_date,
    }


def details_as_json(region: RegionInfo, covered: Coverage) -> dict[str, Any]:
    """A region as the service tells it, and how much of it has loops and heights."""
    known = region.loop_km is not None
    return {
        **as_json(region),
        "trailheads_with_loop": covered.with_loop if known else None,
        "km_with_heights": round(covered.with_heights_m / 1000, 1),
    }
