"""A trip as a GeoJSON document (RFC 7946).

It holds everything that the other forms need, so they are made from it (`tracks`, `trip_text`), today or when it is
read back from where answers are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from loopgenie.geometry import Box, Position
from loopgenie.itinerary import Cue, DayPlan, Itinerary, Lodging, WaterStop
from loopgenie.listings import data_note
from loopgenie.parameters import METRES_PER_MILE, TripParameters
from loopgenie.places import Located
from loopgenie.planner import Trip
from loopgenie.season_report import SeasonReport
from loopgenie.trek_parameters import TrekParameters

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
        **({} if trip.seasons is None else {"calendar": _calendar(trip.seasons)}),
        "data": _data_note(trip, box),
        "timing": {stage: round(seconds, 4) for stage, seconds in trip.timing.items()},
    }


def _calendar(report: SeasonReport) -> Document:
    return {
        "date": _iso(report.date),
        "note": report.note,
        "closed": [
            {
                "name": trail.closing.name,
                "why": trail.closing.why,
                "from": _iso(trail.closing.begins),
                "to": _iso(trail.closing.ends),
                "source": trail.closing.source,
                "km": round(trail.km, 2),
                "days": list(trail.days),
            }
            for trail in report.closed
        ],
        "better_dates": [
            {"date": _iso(better.date), "opens": list(better.opens), "km": round(better.km, 2)}
            for better in report.better
        ],
    }


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


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
        "date": _iso(parameters.date),
        **_trek_parameters(parameters.trek),
    }


def _trek_parameters(trek: TrekParameters | None) -> Document:
    if trek is None:
        return {"days": 1}
    metres, seconds = trek.day_m or (None, None), trek.day_s or (None, None)
    return {
        "days": trek.days,
        "rest_days": trek.rest_days,
        "day_min_m": metres[0],
        "day_max_m": metres[1],
        "day_min_s": seconds[0],
        "day_max_s": seconds[1],
        "max_day_ascent_m": trek.max_ascent_m,
        "camps": trek.camps,
        "max_camp_detour_m": trek.max_camp_detour_m,
        "first_day": trek.first_day,
        "last_day": trek.last_day,
        "max_dry_m": trek.max_dry_m,
    }


def _feature(itinerary: Itinerary, links: Mapping[str, str]) -> Document:
    return {
        "type": "Feature",
        "geometry": {"type": "LineString", "coordinates": [_coordinates(p) for p in itinerary.line]},
        "properties": {**_figures(itinerary), **_way(itinerary), **_trek(itinerary), "links": dict(links)},
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


def _trek(itinerary: Itinerary) -> Document:
    """The days, where there are several."""
    if not itinerary.days:
        return {}
    return {
        "nights": len(itinerary.days) - 1,
        "balance": None if itinerary.balance is None else round(itinerary.balance, 4),
        "days": [_day(plan) for plan in itinerary.days],
    }


def _day(plan: DayPlan) -> Document:
    line = {"type": "LineString", "coordinates": [_coordinates(p) for p in plan.line]}
    return {
        "day": plan.number,
        "date": _iso(plan.date),
        "rest": plan.rest,
        "from_m": round(plan.from_m, 2),
        "to_m": round(plan.to_m, 2),
        "length_m": round(plan.length_m, 2),
        "length_miles": round(plan.length_m / METRES_PER_MILE, 3),
        "ascent_m": plan.ascent_m,
        "descent_m": plan.descent_m,
        "max_elevation_m": plan.max_elevation_m,
        "walking_time_s": round(plan.walking_time_s),
        "geometry": None if plan.rest else line,
        "trails": list(plan.trails),
        "cues": [_cue(cue) for cue in plan.cues],
        "camp": None if plan.lodging is None else _camp(plan.lodging),
        "water": [_water(stop) for stop in plan.waters],
        "longest_dry_m": None if plan.longest_dry_m is None else round(plan.longest_dry_m, 1),
        "refills": list(plan.refills),
        "notes": [note._asdict() for note in plan.notes],
    }


#: Of the details of a camp those that stand elsewhere in the answer.
_TOLD = ("type", "water", "source", "date")


def _camp(lodging: Lodging) -> Document:
    details = {} if lodging.point is None else dict(lodging.point.details)
    return {
        "name": lodging.name,
        "kind": lodging.kind,
        "type": details.get("type", "tent" if lodging.kind == "dispersed" else lodging.kind),
        "lon": round(lodging.lon, 7),
        "lat": round(lodging.lat, 7),
        "elevation_m": None if lodging.elevation_m is None else round(lodging.elevation_m, 1),
        "spur_m": round(lodging.spur_m, 1),
        "water": lodging.water,
        "source": details.get("source", lodging.rule),
        "date": details.get("date"),
        "details": {name: value for name, value in details.items() if name not in _TOLD},
    }


def _water(stop: WaterStop) -> Document:
    point, details = stop.point, stop.point.details
    return {
        "distance_m": round(stop.distance_m, 1),
        "type": details.get("type", point.kind),
        "name": point.name,
        "lon": round(point.lon, 7),
        "lat": round(point.lat, 7),
        "away_m": 0.0 if point.anchor is None else round(point.anchor.away_m, 1),
        "seasonal": _yes(details.get("seasonal")),
        "drinkable": _yes(details.get("drinkable")),
        "source": details.get("source"),
        "date": details.get("date"),
        "next_m": None if stop.next_m is None else round(stop.next_m, 1),
    }


def _yes(word: str | None) -> bool | None:
    return None if word is None else word == "yes"


def _cue(cue: Cue) -> Document:
    return {"distance_m": round(cue.distance_m, 1), "text": cue.text}


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
        "cues": [_cue(cue) for cue in itinerary.cues],
    }
