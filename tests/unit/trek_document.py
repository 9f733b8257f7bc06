"""The answer for a trip of four days, drawn by hand: what the files, the text and the API's description are tested on.

trailhead Pal --day 1, 10.0 km--> camp without a name --day 2, 12.5 km--> Refugi Blau (rest on day 3)
    ^                                                                          |
    +---------------------------- day 4, 8.0 km -------------------------------+
"""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]

PAL, MEADOW, REFUGE = [1.5, 42.5, 1500.0], [1.55, 42.55, 2100.0], [1.45, 42.56, 2300.5]
LINES = (
    [PAL, [1.52, 42.53, 1800.0], MEADOW],
    [MEADOW, [1.5, 42.58], REFUGE],  # the height of the point between is not known
    [REFUGE, [1.46, 42.52, 1700.0], PAL],
)
PERMIT = {
    "kind": "permit",
    "text": "Ask at the park's office.",
    "source": "zones.geojson",
    "url": "https://park.example",
}
#: Says no more than the camp's details do, so that texts leave it out.
CABLES = {
    "kind": "food storage",
    "text": "campsite, food storage: bear cables",
    "source": "camps.geojson 17",
    "url": None,
}
FIRE = {"kind": "fire", "text": "No fires above 2000 m.", "source": "rules.csv", "url": "javascript:alert(1)"}


def trek() -> Document:
    """The whole document; changing it changes nobody else's."""
    return {
        "type": "FeatureCollection",
        "features": [_feature()],
        "trip": _trip(),
        "data": {"snapshot": "abc", "regions": ["Drawn"], "attribution": ["Drawn by hand"], "synthetic": False},
        "timing": {"solve": 0.5},
        "calendar": {
            "date": "2026-07-04",
            "note": "Seasons are those of the data: ask before you go.",
            "closed": [
                {
                    "name": "Camí Vell",
                    "why": "closed 1 December to 15 July",
                    "from": "2025-12-01",
                    "to": "2026-07-15",
                    "source": "closures.csv 2",
                    "km": 3.24,
                    "days": [1, 2, 4],
                }
            ],
            "better_dates": [{"date": "2026-07-16", "opens": ["Camí Vell"], "km": 3.24}],
        },
    }


def _feature() -> Document:
    days = _days()
    return {
        "type": "Feature",
        "geometry": {"type": "LineString", "coordinates": [*LINES[0], *LINES[1][1:], *LINES[2][1:]]},
        "properties": {
            "rank": 1,
            "length_m": 30_500.0,
            "length_miles": 18.952,
            "ascent_m": 1200,
            "descent_m": 1200,
            "max_elevation_m": 2300.5,
            "walking_time_s": 37_500,
            "time_model": "a model",
            "score": 30_000.0,
            "status": "feasible",
            "bound": None,
            "gap": None,
            "repeat_share": 0.01,
            "road_share": 0.0,
            "longest_road_m": 0.0,
            "hardest_difficulty": "T3",
            "informal_share": 0.0,
            "seasons": [],
            "trailhead": {
                "name": "Pal",
                "kind": "parking",
                "lon": 1.5,
                "lat": 42.5,
                "drive_km": 3.0,
                "drive_minutes": 4.0,
                "drive_method": "estimate",
            },
            "trails": ["GR 11"],
            "cues": [{"distance_m": 0.0, "text": "start at Pal"}],
            "days": days,
            "nights": 3,
            "balance": 0.9,
            "links": {name: f"/{name}" for name in ("gpx", "kml", "geojson", "permalink")},
        },
    }


def _days() -> list[Document]:
    meadow = {
        "name": None,
        "kind": "camp",
        "type": "campsite",
        "lon": 1.55,
        "lat": 42.55,
        "elevation_m": 2100.0,
        "spur_m": 120.0,
        "water": False,
        "source": "camps.geojson 17",
        "date": "2017-01-12",
        "details": {"capacity": "12", "food storage": "bear cables"},
    }
    refuge = {
        "name": "Refugi Blau",
        "kind": "hut",
        "type": None,
        "lon": 1.45,
        "lat": 42.56,
        "elevation_m": None,
        "spur_m": 0.0,
        "water": True,
        "source": None,
        "date": None,
        "details": {},
    }
    spring = {
        "distance_m": 3200.0,
        "type": "spring",
        "name": "Font Freda",
        "lon": 1.51,
        "lat": 42.52,
        "away_m": 40.0,
        "seasonal": True,
        "drinkable": None,
        "source": "osm node 7",
        "date": "2024-08-30",
        "next_m": 9300.0,
    }
    stream = {
        "distance_m": 2500.0,
        "type": "stream",
        "name": None,
        "lon": 1.53,
        "lat": 42.56,
        "away_m": 0.0,
        "seasonal": None,
        "drinkable": False,
        "source": None,
        "date": None,
        "next_m": None,
    }
    return [
        {
            "day": 1,
            "date": "2026-07-04",
            "rest": False,
            "from_m": 0.0,
            "to_m": 10_000.0,
            "length_m": 10_000.0,
            "length_miles": 6.214,
            "ascent_m": 700,
            "descent_m": 100,
            "max_elevation_m": 2100.0,
            "walking_time_s": 14_400,
            "geometry": {"type": "LineString", "coordinates": LINES[0]},
            "trails": ["GR 11"],
            "camp": meadow,
            "water": [spring],
            "longest_dry_m": 9300.0,
            "refills": [0],
            "cues": [{"distance_m": 0.0, "text": "start at Pal"}, {"distance_m": 9880.0, "text": "left to the camp"}],
            "notes": [PERMIT, CABLES, FIRE],
        },
        {
            "day": 2,
            "date": "2026-07-05",
            "rest": False,
            "from_m": 10_000.0,
            "to_m": 22_500.0,
            "length_m": 12_500.0,
            "length_miles": 7.767,
            "ascent_m": None,
            "descent_m": None,
            "max_elevation_m": None,
            "walking_time_s": 15_000,
            "trails": ["GR 11"],
            "camp": refuge,
            "geometry": {"type": "LineString", "coordinates": LINES[1]},
            "water": [spring, stream],
            "longest_dry_m": 9300.0,
            "refills": [1],
            "cues": [{"distance_m": 0.0, "text": "go on"}],
            "notes": [PERMIT],
        },
        {
            "day": 3,
            "date": "2026-07-06",
            "rest": True,
            "from_m": 22_500.0,
            "to_m": 22_500.0,
            "length_m": 0.0,
            "length_miles": 0.0,
            "ascent_m": 0,
            "descent_m": 0,
            "max_elevation_m": None,
            "walking_time_s": 0,
            "geometry": None,
            "trails": [],
            "cues": [],
            "camp": refuge,
            "water": [],
            "longest_dry_m": None,
            "refills": [],
            "notes": [PERMIT],
        },
        {
            "day": 4,
            "date": "2026-07-07",
            "rest": False,
            "from_m": 22_500.0,
            "to_m": 30_500.0,
            "length_m": 8000.0,
            "length_miles": 4.971,
            "ascent_m": 50,
            "descent_m": 850,
            "max_elevation_m": 2300.5,
            "walking_time_s": 8100,
            "geometry": {"type": "LineString", "coordinates": LINES[2]},
            "trails": [],
            "cues": [{"distance_m": 8000.0, "text": "back at Pal"}],
            "camp": None,
            "water": [],
            "longest_dry_m": 8000.0,
            "refills": [],
            "notes": [],
        },
    ]


def _trip() -> Document:
    return {
        "location": {
            "name": "Pal",
            "lon": 1.5,
            "lat": 42.5,
            "region": None,
            "kind": "village",
            "source": "trails",
            "also": [],
        },
        "drive_m": 30_000.0,
        "drive_s": None,
        "hike_m": 30_000.0,
        "tolerance": 0.1,
        "min_length_m": 24_000.0,
        "max_length_m": 36_000.0,
        "alternatives": 1,
        "seed": 0,
        "time_limit_s": 1.0,
        "max_ascent_m": None,
        "max_road_share": None,
        "max_repeat_share": None,
        "max_difficulty": None,
        "via": [],
        "heading_deg": None,
        "informal": False,
        "prove": False,
        "trailheads": 5,
        "date": "2026-07-04",
        "days": 4,
        "rest_days": 1,
        "day_min_m": 8000.0,
        "day_max_m": 12_500.0,
        "day_min_s": None,
        "day_max_s": None,
        "camps": "huts",
        "max_day_ascent_m": None,
        "max_camp_detour_m": 500.0,
        "first_day": 1.0,
        "last_day": 1.0,
        "max_dry_m": None,
    }
