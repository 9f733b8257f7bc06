"""A trip in the forms that other programs read: GeoJSON (RFC 7946), GPX 1.1, KML 2.2; and as text for people.

The GeoJSON document holds everything that the others need, so they are made from it, today or when it is read
back from where answers are kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from loopgenie.geometry import Box, Position
from loopgenie.itinerary import Itinerary
from loopgenie.listings import data_note
from loopgenie.parameters import METRES_PER_MILE, TripParameters
from loopgenie.places import Located
from loopgenie.planner import Trip

Document = dict[str, Any]


def trip_geojson(trip: Trip, links: Callable[[int], Mapping[str, str]] | None = None) -> Document:
    """The answer as a FeatureCollection, one Feature per loop, best first.

    Parameters
    ----------
    trip : the answer.
    links : gives the addresses of a loop's other forms (gpx, kml, geojson, permalink) by its rank.
    """
    box = Box.around(p for i in trip.itineraries for p in i.line)
    return {
        "type": "FeatureCollection",
        "features": [_feature(i, dict(links(i.rank)) if links else {}) for i in trip.itineraries],
        "trip": {**_parameters(trip.parameters, trip.place), "trailheads": trip.trailheads},
        "data": _data_note(trip, box),
        "timing": {stage: round(seconds, 4) for stage, seconds in trip.timing.items()},
    }


def _data_note(trip: Trip, box: Box) -> Document:
    """Whom to name: those of the trails, and of the place where it was looked up elsewhere."""
    note = data_note(trip.snapshot, box)
    return {**note, "attribution": list(dict.fromkeys([*note["attribution"], *trip.place.attribution]))}


def _location(place: Located) -> Document:
    return {
        "name": place.name,
        "lon": place.at.lon,
        "lat": place.at.lat,
        "region": place.region,
        "kind": place.kind,
        "source": place.source,
        "also": list(place.also),
    }


def _parameters(parameters: TripParameters, place: Located) -> Document:
    """The request as it was understood: metres, seconds, degrees."""
    return {
        "location": _location(place),
        "drive_m": parameters.drive_m,
        "drive_s": parameters.drive_s,
        "hike_m": parameters.hike_m,
        "tolerance": parameters.tolerance,
        "min_length_m": round(parameters.min_length_m, 2),
        "max_length_m": round(parameters.max_length_m, 2),
        "alternatives": parameters.alternatives,
        "seed": parameters.seed,
        "time_limit_s": parameters.time_limit_s,
        "max_ascent_m": parameters.max_ascent_m,
        "max_road_share": parameters.max_road_share,
        "max_repeat_share": parameters.max_repeat_share,
        "max_difficulty": parameters.max_difficulty,
        "via": [[p.lon, p.lat] for p in parameters.via],
        "heading_deg": parameters.heading_deg,
        "informal": parameters.informal,
        "prove": parameters.prove,
    }


def _feature(itinerary: Itinerary, links: Mapping[str, str]) -> Document:
    return {
        "type": "Feature",
        "geometry": {"type": "LineString", "coordinates": [_coordinates(p) for p in itinerary.line]},
        "properties": {**_figures(itinerary), **_way(itinerary), "links": dict(links)},
    }


def _coordinates(position: Position) -> list[float]:
    """Degrees to a centimetre, metres to a decimetre; no third number where the height is not known."""
    lon, lat, height = position
    return [round(lon, 7), round(lat, 7)] + ([] if height is None else [round(height, 1)])


def _figures(itinerary: Itinerary) -> Document:
    return {
        "rank": itinerary.rank,
        "length_m": round(itinerary.length_m, 2),
        "length_miles": round(itinerary.length_m / METRES_PER_MILE, 3),
        "ascent_m": itinerary.ascent_m,
        "descent_m": itinerary.descent_m,
        "max_elevation_m": itinerary.max_elevation_m,
        "walking_time_s": round(itinerary.walking_time_s),
        "time_model": itinerary.time_model,
        "score": round(itinerary.score, 2),
        "status": itinerary.status,
        "bound": None if itinerary.bound is None else round(itinerary.bound, 2),
        "gap": None if itinerary.gap is None else round(itinerary.gap, 6),
        "repeat_share": round(itinerary.repeat_share, 4),
        "road_share": round(itinerary.road_share, 4),
        "longest_road_m": round(itinerary.longest_road_m, 1),
        "hardest_difficulty": itinerary.hardest_difficulty,
        "informal_share": round(itinerary.informal_share, 4),
        "seasons": list(itinerary.seasons),
    }


def _way(itinerary: Itinerary) -> Document:
    start = itinerary.start
    return {
        "trailhead": {
            "name": start.name,
            "kind": start.kind,
            "lon": round(start.lon, 7),
            "lat": round(start.lat, 7),
            "drive_km": round(start.drive_m / 1000, 2),
            "drive_minutes": round(start.drive_s / 60, 1),
            "drive_method": start.drive_method,
        },
        "trails": list(itinerary.trails),
        "cues": [{"distance_m": round(cue.distance_m, 1), "text": cue.text} for cue in itinerary.cues],
    }


# --- text for people ----------------------------------------------------------------------------------------------


def trip_text(document: Mapping[str, Any]) -> str:
    """The loops of a GeoJSON document as lines to read."""
    origin, data = document["trip"]["location"], document["data"]
    name = ", ".join(filter(None, [origin["name"] or "Position", origin["region"]]))
    where = f"{name} ({origin['lat']:.5f},{origin['lon']:.5f})"
    head = f"{'SYNTHETIC TRAILS, made up. ' if data['synthetic'] else ''}From {where}, {_searched(document['trip'])}"
    blocks = [head, *("\n".join(_text_of(feature["properties"])) for feature in document["features"])]
    others = [f"Other places of that name: {'; '.join(origin['also'])}"] if origin["also"] else []
    return "\n\n".join([*blocks, *others, _notes(document)]) + "\n"


def _searched(trip: Mapping[str, Any]) -> str:
    count = trip["trailheads"]
    return "starting here" if trip["drive_m"] == 0 else f"{count} trailhead{'s' if count > 1 else ''} searched"


def _text_of(loop: Mapping[str, Any]) -> Iterator[str]:
    start = loop["trailhead"]
    yield f"{loop['rank']}. {loop['length_m'] / 1000:.1f} km ({loop['length_miles']:.1f} miles) from {start['name']}"
    yield f"   start      {start['lat']:.5f},{start['lon']:.5f} ({start['kind']}){_drive(start)}"
    yield f"   on foot    {duration(loop['walking_time_s'])} ({loop['time_model']})"
    if loop["ascent_m"] is not None:
        yield f"   climb      {loop['ascent_m']} m up and down, highest point {loop['max_elevation_m']:.0f} m"
    yield f"   repeated   {loop['repeat_share']:.0%} walked twice"
    yield f"   road       {loop['road_share']:.0%}, at most {loop['longest_road_m']:.0f} m at a stretch"
    if loop["hardest_difficulty"]:
        yield f"   hardest    {loop['hardest_difficulty']}"
    if loop["informal_share"]:
        yield f"   informal   {loop['informal_share']:.0%} on trails that nobody keeps up"
    yield from (f"   season     {season}" for season in loop["seasons"])
    yield f"   quality    {_quality(loop)}"
    if loop["trails"]:
        yield f"   trails     {', '.join(loop['trails'])}"
    yield ""
    yield from (f"   {cue['distance_m'] / 1000:6.1f} km  {cue['text']}" for cue in loop["cues"])


def _drive(start: Mapping[str, Any]) -> str:
    if start["kind"] == "here":
        return ""
    return f", {start['drive_km']:.1f} km or {start['drive_minutes']:.0f} minutes by car ({start['drive_method']})"


def _quality(loop: Mapping[str, Any]) -> str:
    if loop["status"] == "optimal":
        return f"score {loop['score']:.0f}, proven to be the best there is"
    if loop["gap"] is None:
        return f"score {loop['score']:.0f}"
    return f"score {loop['score']:.0f}, at most {loop['gap']:.1%} below the best there can be"


# --- GPX and KML --------------------------------------------------------------------------------------------------


def trip_gpx(document: Mapping[str, Any], rank: int | None = None) -> str:
    """The loops of a GeoJSON document, or the one of that rank, as GPX 1.1 tracks with a waypoint per trailhead."""
    from gpxpy import gpx as g

    features = _ranked(document, rank)
    gpx = g.GPX()
    gpx.creator = "LoopGenie"
    gpx.name = _clean("; ".join(_title(f) for f in features))
    gpx.description = _clean(_notes(document))
    # gpxpy 1.6 writes this one as an attribute without escaping it.
    gpx.copyright_author = escape(_clean("; ".join(document["data"]["attribution"])), {'"': "&quot;"}) or None
    for feature in features:
        trailhead = feature["properties"]["trailhead"]
        gpx.waypoints.append(
            g.GPXWaypoint(
                trailhead["lat"],
                trailhead["lon"],
                name=_clean(trailhead["name"]),
                type=_clean(trailhead["kind"]),
                symbol="Trail Head",
            )
        )
        track = g.GPXTrack(_clean(_title(feature)), _clean(_summary(feature)))
        track.type = "hiking"
        track.segments.append(g.GPXTrackSegment([_track_point(p) for p in feature["geometry"]["coordinates"]]))
        gpx.tracks.append(track)
    return str(gpx.to_xml(version="1.1"))


def _track_point(position: Sequence[float]) -> Any:
    from gpxpy import gpx as g

    return g.GPXTrackPoint(position[1], position[0], elevation=position[2] if len(position) > 2 else None)


def trip_kml(document: Mapping[str, Any], rank: int | None = None) -> str:
    """The loops of a GeoJSON document, or the one of that rank, as KML 2.2 lines with a point per trailhead."""
    features = _ranked(document, rank)
    root = ElementTree.Element("kml", xmlns="http://www.opengis.net/kml/2.2")
    folder = _child(root, "Document")
    _child(folder, "name", "; ".join(_title(f) for f in features))
    _child(folder, "description", _notes(document))
    for feature in features:
        trailhead = feature["properties"]["trailhead"]
        point = _child(folder, "Placemark")
        _child(point, "name", trailhead["name"])
        _child(_child(point, "Point"), "coordinates", f"{trailhead['lon']},{trailhead['lat']}")
        loop = _child(folder, "Placemark")
        _child(loop, "name", _title(feature))
        _child(loop, "description", _summary(feature))
        line = _child(loop, "LineString")
        _child(line, "tessellate", "1")
        _child(line, "coordinates", " ".join(",".join(map(str, p)) for p in feature["geometry"]["coordinates"]))
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _child(parent: ElementTree.Element, name: str, text: str | None = None) -> ElementTree.Element:
    child = ElementTree.SubElement(parent, name)
    child.text = None if text is None else _clean(text)
    return child


def _ranked(document: Mapping[str, Any], rank: int | None) -> list[Document]:
    """The loops of that rank, all without one; raises `LookupError` where there is none."""
    features = [f for f in document["features"] if rank in (None, f["properties"]["rank"])]
    if not features:
        raise LookupError(f"there is no loop of rank {rank}, want 1 to {len(document['features'])}")
    return features


def _title(feature: Document) -> str:
    properties = feature["properties"]
    return f"{properties['length_m'] / 1000:.1f} km loop from {properties['trailhead']['name']}"


def _summary(feature: Document) -> str:
    properties = feature["properties"]
    climb = "" if properties["ascent_m"] is None else f", {properties['ascent_m']} m up and down"
    trails = f" By {', '.join(properties['trails'])}." if properties["trails"] else ""
    return f"{properties['length_m'] / 1000:.2f} km{climb}, {duration(properties['walking_time_s'])} on foot.{trails}"


def _notes(document: Mapping[str, Any]) -> str:
    """Whose data this is, and whether the trails exist at all."""
    data = document["data"]
    synthetic = "SYNTHETIC trails: made up, nothing of this exists. " if data["synthetic"] else ""
    return f"{synthetic}Trail data: {'; '.join(data['attribution']) or 'no attribution given'}. Made by LoopGenie."


def duration(seconds: float) -> str:
    """A time for people: "5 h 05 min"."""
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min"


#: What XML 1.0 cannot hold (section 2.2).
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _clean(text: str) -> str:
    return _NOT_XML.sub("", text)
