"""A check told: as text for people, as JSON, and as GeoJSON for a map."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from loopgenie.checking import Report
from loopgenie.checking.evidence import Fault
from loopgenie.checking.faults import KINDS, Kind, Tally
from loopgenie.regions import counted
from loopgenie.store import Snapshot

#: So many faults of each kind are shown in the text, the worst.
SHOWN = 5
_WIDTH = 110


def text(report: Report) -> Iterator[str]:
    """The lines of a report: figures, then what was found, gravest first, each with the worst places."""
    yield from _figures(report)
    for heading, grave in (("GRAVE: answers are wrong, or loops are not found", True), ("GOOD TO KNOW", False)):
        found = [kind for kind in KINDS.values() if kind.grave is grave and report.tallies[kind.name].count]
        if found:
            yield f"\n  {heading}"
        for kind in found:
            yield from _kind(kind, report)
    yield from _left_out(report)
    clean = [kind.title for kind in KINDS.values() if _looked_for(kind, report) and not report.tallies[kind.name].count]
    if clean:
        yield from ("", *_wrapped(f"None found: {'; '.join(clean)}.", "  "))


def _figures(report: Report) -> Iterator[str]:
    region = report.region
    synthetic = " (SYNTHETIC: made up, nothing of this exists)" if region.synthetic else ""
    yield f"{region.name}{synthetic}: {_km(report.length_m)} in {counted(region.segments, 'segment')}"
    if not report.length_m:
        return
    loops, largest = report.loop_m / report.length_m, report.largest_part_m / report.length_m
    yield f"  on loops          {_km(report.loop_m)} ({loops:.0%}); the rest leads nowhere but back"
    parts = "1 part" if report.parts == 1 else f"{report.parts:,} parts that nothing joins"
    yield f"  hangs together in {parts}; the largest has {_km(report.largest_part_m)} ({largest:.0%})" + (
        f", {report.small_parts:,} are shorter than 1 km ({_km(report.small_parts_m)})" if report.small_parts else ""
    )
    if report.trail_m:
        yield f"  without a name    {_km(report.unnamed_m)} ({report.unnamed_m / report.trail_m:.0%}) of the trails"
    if region.loop_km is None:
        yield "  It is not known which trailheads have a loop near; import the region again to find out."


def _kind(kind: Kind, report: Report) -> Iterator[str]:
    tally, faults = report.tallies[kind.name], report.faults[kind.name]
    length = "" if tally.metres is None else f", {_km(tally.metres)}"
    yield f"\n  {tally.count:>6,}  {kind.title}{length}"
    yield from _wrapped(kind.advice, " " * 10)
    for fault in faults[:SHOWN]:
        yield from _wrapped(f"{_where(fault)}  {fault.what}{_sources(fault)}", " " * 10, " " * 4)
    if tally.count > SHOWN:
        yield f"{' ' * 10}… and {tally.count - SHOWN:,} more"


def _left_out(report: Report) -> Iterator[str]:
    """What never came into the network, by reason; of some of it the lines are known."""
    counts = _counts(report)
    if counts:
        yield "\n  LEFT OUT when it was imported\n"
    for reason, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        _, metres = report.left_out.get(reason, (0, None))
        yield f"  {count:>6,}  {reason}{'' if metres is None else f', {_km(metres)}'}"


def _counts(report: Report) -> dict[str, int]:
    """How much was left out by reason: as the import counted it, else as many lines as there are."""
    return {reason: lines for reason, (lines, _) in report.left_out.items()} | dict(report.region.left_out)


def _where(fault: Fault) -> str:
    return f"{fault.at.lat:.5f},{fault.at.lon:.5f}"


def _sources(fault: Fault) -> str:
    return f" [{', '.join(fault.sources)}]" if fault.sources else ""


def _km(metres: float) -> str:
    if metres < 999.5:
        return f"{metres:.0f} m"
    return f"{metres / 1000:,.0f} km" if metres >= 99_950 else f"{metres / 1000:,.1f} km"


def _wrapped(words: str, indent: str, hanging: str = "") -> list[str]:
    return textwrap.wrap(
        words, _WIDTH, initial_indent=indent, subsequent_indent=indent + hanging, break_on_hyphens=False
    )


def _looked_for(kind: Kind, report: Report) -> bool:
    return kind.name != "no-loop" or report.region.loop_km is not None


# --- for programs -------------------------------------------------------------------------------------------------


def as_json(reports: Sequence[Report], snapshot: Snapshot) -> dict[str, Any]:
    """Reports as one JSON object: figures, and every kind with its count, length and worst places."""
    return {
        "snapshot": snapshot.id,
        "attribution": _attribution(reports),
        "grave": any(report.grave for report in reports),
        "regions": [_region(report) for report in reports],
    }


def _region(report: Report) -> dict[str, Any]:
    return {
        "name": report.region.name,
        "km": round(report.length_m / 1000, 3),
        "segments": report.region.segments,
        "loop_km": round(report.loop_m / 1000, 3),
        "parts": report.parts,
        "largest_part_km": round(report.largest_part_m / 1000, 3),
        "small_parts": report.small_parts,
        "small_parts_km": round(report.small_parts_m / 1000, 3),
        "unnamed_share": round(report.unnamed_m / report.trail_m, 4) if report.trail_m else None,
        "left_out": {reason: _reason(reason, count, report) for reason, count in _counts(report).items()},
        "faults": [
            _tally(kind, report.tallies[kind.name], report.faults[kind.name])
            for kind in KINDS.values()
            if _looked_for(kind, report)
        ],
    }


def _reason(reason: str, count: int, report: Report) -> dict[str, Any]:
    lines, metres = report.left_out.get(reason, (0, None))
    return {"count": count, "lines": lines, "km": None if metres is None else round(metres / 1000, 3)}


def _tally(kind: Kind, tally: Tally, faults: Sequence[Fault]) -> dict[str, Any]:
    return {
        "fault": kind.name,
        "grave": kind.grave,
        "what": kind.title,
        "advice": kind.advice,
        "count": tally.count,
        "km": None if tally.metres is None else round(tally.metres / 1000, 3),
        "worst": [
            {
                "what": fault.what,
                "lon": round(fault.at.lon, 6),
                "lat": round(fault.at.lat, 6),
                "source": [*fault.sources],
            }
            for fault in faults[:SHOWN]
        ],
    }


def as_geojson(reports: Sequence[Report], snapshot: Snapshot) -> dict[str, Any]:
    """Every fault that was kept as a feature, a point or a line; of each kind and region the worst come first."""
    return {
        "type": "FeatureCollection",
        "name": "loopgenie check",
        "attribution": _attribution(reports),
        "snapshot": snapshot.id,
        "found": {report.region.name: {name: t.count for name, t in report.tallies.items()} for report in reports},
        "features": [
            _feature(fault, report) for report in reports for name in KINDS for fault in report.faults.get(name, ())
        ],
    }


def _feature(fault: Fault, report: Report) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": _geometry(fault),
        "properties": {
            "fault": fault.kind,
            "grave": KINDS[fault.kind].grave,
            "what": fault.what,
            "source": ", ".join(fault.sources) or None,
            "region": report.region.name,
            "length_m": None if fault.metres is None else round(fault.metres, 1),
        },
    }


def _geometry(fault: Fault) -> Mapping[str, Any]:
    if len(fault.line) > 1:
        return {"type": "LineString", "coordinates": [_position(place) for place in fault.line]}
    return {"type": "Point", "coordinates": _position(fault.at)}


def _position(place: Sequence[float]) -> list[float]:
    return [round(place[0], 7), round(place[1], 7)]


def _attribution(reports: Sequence[Report]) -> list[str]:
    return list(dict.fromkeys(line for report in reports for line in report.region.attribution))
