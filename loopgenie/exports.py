"""A trip as a GeoJSON document (RFC 7946).

It holds everything that the other forms need, so they are made from it (`tracks`, `trip_text`), today or when it is
read back from where answers are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

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
