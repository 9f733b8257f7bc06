"""A trip as tracks for phones, watches and globes: GPX 1.1 and KML 2.2, made from the GeoJSON document."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from loopgenie.trip_text import (
    attribution,
    camp_facts,
    camp_kind,
    camp_name,
    day_facts,
    day_title,
    loop_facts,
    loop_title,
    new_notes,
    note_text,
    notes,
    refills,
    water_facts,
)

Part = Mapping[str, Any]
#: A loop of several days as one track, or as one for each day of walking.
Tracks = Literal["one", "days"]

#: Colours of the days, again and again: told apart by the colour-blind, too (Okabe and Ito, 2008), without the yellow.
_COLOURS = ("0072b2", "d55e00", "009e73", "cc79a7", "e69f00", "56b4e9")


class _Spot(NamedTuple):
    """A place on the way; `symbol` is a name of Garmin's, which most programs know."""

    lon: float
    lat: float
    name: str
    kind: str
    symbol: str
    about: str | None = None
    height_m: float | None = None


class _Line(NamedTuple):
    """What is walked at a stretch. `day` is the number of its day, None: the whole loop."""

    name: str
    about: str
    coordinates: Sequence[Sequence[float]]
    day: int | None = None
    spots: tuple[_Spot, ...] = ()


def trip_gpx(document: Part, rank: int | None = None, *, tracks: Tracks = "one") -> str:
    """The loops of a GeoJSON document, or the one of that rank, as GPX 1.1 tracks with waypoints.

    There is a waypoint for each trailhead, camp and place to fill bottles.

    Parameters
    ----------
    document : the answer.
    rank : which loop, 1 being the best; None: all.
    tracks : "days" makes a track of each day of walking, "one" of each loop.

    Raises
    ------
    LookupError : there is no loop of that rank.
    """
    from gpxpy import gpx as g

    loops = _ranked(document, rank)
    gpx = g.GPX()
    gpx.creator = "LoopGenie"
    gpx.name = _clean("; ".join(loop_title(feature["properties"]) for feature in loops))
    gpx.description = _clean(attribution(document))
    # gpxpy 1.6 writes this one as an attribute without escaping it.
    gpx.copyright_author = escape(_clean("; ".join(document["data"]["attribution"])), {'"': "&quot;"}) or None
    for feature in loops:
        lines = _lines(feature, tracks, numbered=len(loops) > 1)
        for spot in (_trailhead(feature["properties"]), *(spot for line in lines for spot in line.spots)):
            gpx.waypoints.append(
                g.GPXWaypoint(
                    spot.lat,
                    spot.lon,
                    spot.height_m,
                    name=_clean(spot.name),
                    description=spot.about and _clean(spot.about),
                    type=_clean(spot.kind),
                    symbol=spot.symbol,
                )
            )
        for line in lines:
            track = g.GPXTrack(_clean(line.name), _clean(line.about), number=line.day)
            track.type = "hiking"
            track.segments.append(g.GPXTrackSegment([_track_point(p) for p in line.coordinates]))
            gpx.tracks.append(track)
    return str(gpx.to_xml(version="1.1"))


def _track_point(position: Sequence[float]) -> Any:
    from gpxpy import gpx as g

    return g.GPXTrackPoint(position[1], position[0], elevation=position[2] if len(position) > 2 else None)


def trip_kml(document: Part, rank: int | None = None, *, tracks: Tracks = "one") -> str:
    """The loops of a GeoJSON document, or the one of that rank, as KML 2.2 lines with points.

    The parameters are those of `trip_gpx`; each day is a folder with a colour of its own.

    Raises
    ------
    LookupError : there is no loop of that rank.
    """
    loops = _ranked(document, rank)
    root = ElementTree.Element("kml", xmlns="http://www.opengis.net/kml/2.2")
    whole = _child(root, "Document")
    _child(whole, "name", "; ".join(loop_title(feature["properties"]) for feature in loops))
    _child(whole, "description", _no_markup(attribution(document)))
    lines = [_lines(feature, tracks, numbered=len(loops) > 1) for feature in loops]
    for day in sorted({line.day for several in lines for line in several if line.day is not None}):
        style = _child(whole, "Style")
        style.set("id", f"day-{day}")
        look = _child(style, "LineStyle")
        red, green, blue = re.findall("..", _COLOURS[(day - 1) % len(_COLOURS)])
        _child(look, "color", f"ff{blue}{green}{red}")  # KML has the transparency first, then blue, green, red
        _child(look, "width", "4")
    for feature, several in zip(loops, lines, strict=True):
        _kml_point(whole, _trailhead(feature["properties"]))
        for line in several:
            folder = whole
            if line.day is not None:
                folder = _child(whole, "Folder")
                _child(folder, "name", line.name)
            _kml_line(folder, line)
            for spot in line.spots:
                _kml_point(folder, spot)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _kml_line(folder: ElementTree.Element, line: _Line) -> None:
    placemark = _child(folder, "Placemark")
    _child(placemark, "name", line.name)
    _child(placemark, "description", _no_markup(line.about))
    if line.day is not None:
        _child(placemark, "styleUrl", f"#day-{line.day}")
    drawn = _child(placemark, "LineString")
    _child(drawn, "tessellate", "1")
    _child(drawn, "coordinates", " ".join(",".join(map(str, p)) for p in line.coordinates))


def _kml_point(folder: ElementTree.Element, spot: _Spot) -> None:
    placemark = _child(folder, "Placemark")
    _child(placemark, "name", spot.name)
    if spot.about:
        _child(placemark, "description", _no_markup(spot.about))
    _child(_child(placemark, "Point"), "coordinates", f"{spot.lon},{spot.lat}")


def _child(parent: ElementTree.Element, name: str, text: str | None = None) -> ElementTree.Element:
    child = ElementTree.SubElement(parent, name)
    child.text = None if text is None else _clean(text)
    return child


# --- what both hold -----------------------------------------------------------------------------------------------


def _ranked(document: Part, rank: int | None) -> list[Part]:
    """The loops of that rank, all without one; raises `LookupError` where there is none."""
    features = [f for f in document["features"] if rank in (None, f["properties"]["rank"])]
    if not features:
        raise LookupError(f"there is no loop of rank {rank}, want 1 to {len(document['features'])}")
    return features


def _lines(feature: Part, tracks: Tracks, *, numbered: bool) -> list[_Line]:
    """The lines of a loop: the whole, or day by day; the camps and waters are with the day that comes to them.

    The names of days begin with the rank of the loop where they are `numbered`: the same days may be in another.
    """
    loop, days = feature["properties"], feature["properties"].get("days") or []
    rank = f"{loop['rank']}. " if numbered else ""
    spots = [[*_camps(days, day), *_waters(day)] for day in days]
    if tracks == "one" or not days:
        about = " ".join([loop_facts(loop), *(f"{day_title(loop, day)}{_facts(day)}." for day in days), *notes(days)])
        together = tuple(spot for several in spots for spot in several)
        return [_Line(loop_title(loop), about, feature["geometry"]["coordinates"], spots=together)]
    return [
        _Line(rank + day_title(loop, day), _about(day), day["geometry"]["coordinates"], day["day"], tuple(there))
        for day, there in zip(days, spots, strict=True)
        if day["geometry"] is not None
    ]


def _facts(day: Part) -> str:
    return "" if day["rest"] else f" ({day_facts(day)})"


def _about(day: Part) -> str:
    date = f"{day['date']}: " if day["date"] else ""
    return " ".join([f"{date}{day_facts(day)}.", *map(note_text, new_notes(day))])


def _trailhead(loop: Part) -> _Spot:
    start = loop["trailhead"]
    return _Spot(start["lon"], start["lat"], start["name"], start["kind"], "Trail Head")


def _camps(days: Sequence[Part], day: Part) -> Iterator[_Spot]:
    """The camp that a day comes to first, with all nights that are spent there."""
    camp = day["camp"]
    if camp is None:
        return
    there = [other for other in days if other["camp"] and _place(other["camp"]) == _place(camp)]
    if there[0] is not day:
        return
    nights = [f"night {other['day']}{': ' + other['date'] if other['date'] else ''}" for other in there]
    symbol = "Lodge" if camp["kind"] == "hut" else "Campground"
    about = "; ".join([*nights, camp_facts(camp)])
    yield _Spot(camp["lon"], camp["lat"], camp_name(camp), camp_kind(camp), symbol, about, camp["elevation_m"])


def _place(camp: Part) -> tuple[object, ...]:
    return camp["name"], camp["lon"], camp["lat"]


#: Waters to drink from only where the source says so.
_SURFACE = ("stream", "lake")


def _waters(day: Part) -> Iterator[_Spot]:
    for water in refills(day):
        fit = water["type"] not in _SURFACE if water["drinkable"] is None else water["drinkable"]
        symbol = "Drinking Water" if fit else "Water Source"
        name = water["name"] or water["type"]
        yield _Spot(water["lon"], water["lat"], name, water["type"], symbol, f"fill bottles: {water_facts(water)}")


#: What XML 1.0 cannot hold (section 2.2).
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _no_markup(text: str) -> str:
    """Programs show the description of a placemark as HTML; names are not to become any."""
    return text.replace("<", "‹").replace(">", "›")


def _clean(text: str) -> str:
    return _NOT_XML.sub("", text)
