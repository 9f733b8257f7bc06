"""A trip in words: as text for people, and the sentences that files carry, too. All is made from the GeoJSON document.

Names come from whoever drew a map, so that nothing that steers a terminal gets through.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

Part = Mapping[str, Any]

#: They are not printable, but some scripts cannot be written without: the joiners of letters.
_JOINERS = "\u200c\u200d"
_KINDS = {"camp": "campsite", "hut": "hut", "dispersed": "dispersed camping"}
#: Details of a camp that are told by other words.
_SAID = ("type", "source", "date")


def trip_text(document: Part) -> str:
    """The loops of a GeoJSON document as lines to read."""
    origin, data = document["trip"]["location"], document["data"]
    name = plain(", ".join(filter(None, [origin["name"] or "Position", origin["region"]])))
    where = f"{name} ({origin['lat']:.5f},{origin['lon']:.5f})"
    head = f"{'SYNTHETIC TRAILS, made up. ' if data['synthetic'] else ''}From {where}, {_searched(document['trip'])}"
    blocks = [head, *("\n".join(_loop(feature["properties"])) for feature in document["features"])]
    calendar = list(_calendar(document.get("calendar") or {}))
    others = [f"Other places of that name: {plain('; '.join(origin['also']))}"] if origin["also"] else []
    return "\n\n".join([*blocks, *filter(None, ["\n".join(calendar)]), *others, plain(attribution(document))]) + "\n"


def _searched(trip: Part) -> str:
    count = trip["trailheads"]
    return "starting here" if trip["drive_m"] == 0 else f"{count} trailhead{'s' if count > 1 else ''} searched"


def _loop(loop: Part) -> Iterator[str]:
    start, days = loop["trailhead"], loop.get("days") or []
    yield f"{loop['rank']}. {_length(loop)}{_nights(loop)} from {plain(start['name'])}"
    yield f"   start      {start['lat']:.5f},{start['lon']:.5f} ({plain(start['kind'])}){_drive(start)}"
    yield f"   on foot    {duration(loop['walking_time_s'])} ({loop['time_model']})"
    if loop["ascent_m"] is not None:
        yield f"   climb      {loop['ascent_m']} m up and down, highest point {loop['max_elevation_m']:.0f} m"
    yield f"   repeated   {loop['repeat_share']:.0%} walked twice"
    yield f"   road       {loop['road_share']:.0%}, at most {loop['longest_road_m']:.0f} m at a stretch"
    if loop["hardest_difficulty"]:
        yield f"   hardest    {loop['hardest_difficulty']}"
    if loop["informal_share"]:
        yield f"   informal   {loop['informal_share']:.0%} on trails that nobody keeps up"
    yield from (f"   season     {plain(season)}" for season in loop["seasons"])
    yield f"   quality    {_quality(loop)}"
    if loop.get("balance") is not None:
        yield f"   balance    days are {1 - loop['balance']:.0%} off their best length"
    if loop["trails"]:
        yield f"   trails     {plain(', '.join(loop['trails']))}"
    yield ""
    if not days:
        yield from (_at(cue["distance_m"], cue["text"]) for cue in loop["cues"])
        return
    yield from _table(days)
    for day in days:
        yield from ("", *_day(loop, day))
    told = [f"   {note}" for note in notes(days)]
    if not _water_is_known(days):
        told.insert(0, "   The data has no water there at all, which does not mean that there is none.")
    yield from ("", "   To know:", *told) if told else ()


def _length(part: Part) -> str:
    return f"{part['length_m'] / 1000:.1f} km ({part['length_miles']:.1f} miles)"


def _nights(loop: Part) -> str:
    days = loop.get("days") or []
    if not days:
        return ""
    resting = sum(day["rest"] for day in days)
    rest = f", {_counted(resting, 'day')} of rest" if resting else ""
    return f" in {len(days)} days and {_counted(loop['nights'], 'night')}{rest},"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _drive(start: Part) -> str:
    if start["kind"] == "here":
        return ""
    return f", {start['drive_km']:.1f} km or {start['drive_minutes']:.0f} minutes by car ({start['drive_method']})"


def _quality(loop: Part) -> str:
    if loop["status"] == "optimal":
        return f"score {loop['score']:.0f}, proven to be the best there is"
    if loop["gap"] is None:
        return f"score {loop['score']:.0f}"
    return f"score {loop['score']:.0f}, at most {loop['gap']:.1%} below the best there can be"


def _at(distance_m: float, text: str) -> str:
    return f"   {distance_m / 1000:6.1f} km  {plain(text)}"


# --- days ---------------------------------------------------------------------------------------------------------


def _table(days: Sequence[Part]) -> Iterator[str]:
    """A line for each day, under a head; the night comes last, as its name may be long."""
    rows = [["day", "date", "km", "miles", "climb", "on foot", "longest dry", "waters", "night"], *map(_row, days)]
    if not _water_is_known(days):
        rows = [[*row[:6], row[8]] for row in rows]
    if all(day["date"] is None for day in days):
        rows = [[row[0], *row[2:]] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for *figures, night in rows:
        cells = [cell.rjust(width) for cell, width in zip(figures, widths[:-1], strict=True)]
        yield f"   {'  '.join([*cells, night])}".rstrip()


def _water_is_known(days: Sequence[Part]) -> bool:
    return any(day["longest_dry_m"] is not None for day in days)


def _row(day: Part) -> list[str]:
    camp = day["camp"]
    night = f"{camp_name(camp)} ({camp_kind(camp)})" if camp else ""
    if day["rest"]:
        return [str(day["day"]), day["date"] or "", "", "", "", "rest", "", "", night]
    climb = "?" if day["ascent_m"] is None else f"{day['ascent_m']} m"
    dry = "?" if day["longest_dry_m"] is None else f"{day['longest_dry_m'] / 1000:.1f} km"
    return [
        *(str(day["day"]), day["date"] or "", f"{day['length_m'] / 1000:.1f}", f"{day['length_miles']:.1f}", climb),
        *(duration(day["walking_time_s"]), dry, str(len(day["water"])), night),
    ]


def _day(loop: Part, day: Part) -> Iterator[str]:
    """A day in the order walked: its cues, and where to fill bottles."""
    date = f", {day['date']}" if day["date"] else ""
    yield f"   {day_title(loop, day)}{date}"
    lines = [(cue["distance_m"], cue["text"]) for cue in day["cues"]]
    lines += [(water["distance_m"], f"fill bottles: {water_facts(water)}") for water in refills(day)]
    yield from (_at(*line) for line in sorted(lines, key=lambda line: line[0]))
    if day["camp"] and not day["rest"]:
        yield f"   {'night':>9}  {camp_name(day['camp'])}: {camp_facts(day['camp'])}"


def day_title(loop: Part, day: Part) -> str:
    """Which day that is, and between which camps: "Day 2: Lawn Lake to Lost Lake"."""
    number, trailhead = day["day"], plain(loop["trailhead"]["name"])
    night_before = loop["days"][number - 2]["camp"] if number > 1 else None
    begin = camp_name(night_before) if night_before else trailhead
    end = camp_name(day["camp"]) if day["camp"] else trailhead
    if day["rest"]:
        return f"Day {number}: rest at {end}"
    return f"Day {number}: {begin} and back" if begin == end else f"Day {number}: {begin} to {end}"


def day_facts(day: Part) -> str:
    """How far, how high and how long a day is: "14.2 km, 612 m up, 301 m down, 4 h 57 min on foot"."""
    climb = "" if day["ascent_m"] is None else f", {day['ascent_m']} m up, {day['descent_m']} m down"
    return f"{day['length_m'] / 1000:.1f} km{climb}, {duration(day['walking_time_s'])} on foot"


def camp_name(camp: Part) -> str:
    """What to call a camp; many have no name."""
    return plain(camp["name"] or "") or f"{camp_kind(camp)} without a name"


def camp_kind(camp: Part) -> str:
    """What a camp is, in the words of its source where it has any."""
    return plain(camp["type"] or "") or _KINDS[camp["kind"]]


def camp_facts(camp: Part) -> str:
    """What is known of a camp, and who says so: "campsite, 120 m off the trail, water, capacity 12, source: …"."""
    height = None if camp["elevation_m"] is None else f"{camp['elevation_m']:.0f} m above the sea"
    spur = f"{camp['spur_m']:.0f} m off the trail" if camp["spur_m"] >= 1 else None
    water = {True: "with water", False: "no water", None: "nothing known of water"}[camp["water"]]
    details = [f"{name} {said}" for name, said in camp["details"].items() if name not in _SAID]
    return plain("; ".join(filter(None, [camp_kind(camp), height, spur, water, *details, _source(camp)])))


def refills(day: Part) -> list[Part]:
    """The waters of a day where to fill bottles."""
    return [day["water"][i] for i in day["refills"]]


def water_facts(water: Part) -> str:
    """What a water is and how far on the next one is: "spring Font Freda, 40 m off the trail; next water in 4.3 km"."""
    away = f"{water['away_m']:.0f} m off the trail" if water["away_m"] >= 1 else None
    dry = "may be dry" if water["seasonal"] else None
    fit = {True: "drinking water", False: "not drinking water", None: None}[water["drinkable"]]
    on = "the last on the way" if water["next_m"] is None else f"next water in {water['next_m'] / 1000:.1f} km"
    return plain("; ".join(filter(None, [_water_name(water), away, dry, fit, on, _source(water)])))


def _water_name(water: Part) -> str:
    """Its type and name; sources that do not tell springs from taps call all of them water."""
    kind = None if water["name"] and water["type"] == "water" else water["type"]
    return " ".join(filter(None, [kind, water["name"]]))


def note_text(note: Part) -> str:
    """A note and who says so: "permit: Needed for every night. (source: …)"."""
    url = f" {note['url']}" if (note["url"] or "").startswith(("https://", "http://")) else ""
    return plain(f"{note['kind']}: {note['text']} (source: {note['source']}){url}")


def new_notes(day: Part) -> list[Part]:
    """The notes of a day that say more than `camp_facts` does."""
    camp = day["camp"] or {"source": None, "details": {}}
    facts = tuple(f"{name}: {said}" for name, said in camp["details"].items())
    return [note for note in day["notes"] if note["source"] != camp["source"] or not note["text"].endswith(facts)]


def _source(part: Part) -> str | None:
    said = ", ".join(filter(None, [part["source"], part["date"]]))
    return f"source: {said}" if said else None


def notes(days: Sequence[Part]) -> Iterator[str]:
    """Each note of a loop once, with the days that it is for: "days 1 to 3: permit: …"."""
    told: dict[str, list[int]] = {}
    for day in days:
        for note in new_notes(day):
            told.setdefault(note_text(note), []).append(day["day"])
    yield from (f"{_numbered(numbers)}: {text}" for text, numbers in told.items())


def _numbered(days: Sequence[int]) -> str:
    """Days by their numbers: "day 1", "days 1 to 3, 5"."""
    numbers = sorted(set(days))
    runs = [[n for _, n in run] for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0])]
    words = [f"{run[0]} to {run[-1]}" if len(run) > 1 else str(run[0]) for run in runs]
    return f"day{'s' if len(numbers) > 1 else ''} {', '.join(words)}"


# --- the calendar -------------------------------------------------------------------------------------------------


def _calendar(calendar: Part) -> Iterator[str]:
    """What is closed then, and on which date more is open."""
    if calendar.get("note"):
        yield plain(calendar["note"])
    if calendar.get("closed"):
        yield f"Closed {'on these days' if calendar['date'] else 'for a part of the year'}:"
    for closed in calendar.get("closed", ()):
        name, days = closed["name"] or "a trail without a name", _numbered(closed["days"])
        source = f" (source: {closed['source']})" if closed["source"] else ""
        yield "   " + plain(f"{name}, {closed['km']:.1f} km, {days}: {closed['why']}{source}")
    for better in calendar.get("better_dates", ()):
        opens = plain(", ".join(better["opens"])) or "trails without a name"
        yield f"From {better['date']} more is open: {opens} ({better['km']:.1f} km)"


# --- words for all forms ------------------------------------------------------------------------------------------


def loop_title(loop: Part) -> str:
    """What to call a loop: "3.2 km loop from Pal", "41.2 km in 3 days from Pal"."""
    days = loop.get("days") or []
    what = f"in {len(days)} days" if days else "loop"
    return f"{loop['length_m'] / 1000:.1f} km {what} from {loop['trailhead']['name']}"


def loop_facts(loop: Part) -> str:
    """A loop in two sentences: its figures, its trails."""
    climb = "" if loop["ascent_m"] is None else f", {loop['ascent_m']} m up and down"
    trails = f" By {', '.join(loop['trails'])}." if loop["trails"] else ""
    return f"{loop['length_m'] / 1000:.2f} km{climb}, {duration(loop['walking_time_s'])} on foot.{trails}"


def attribution(document: Part) -> str:
    """Whose data this is, and whether the trails exist at all."""
    data = document["data"]
    synthetic = "SYNTHETIC trails: made up, nothing of this exists. " if data["synthetic"] else ""
    return f"{synthetic}Trail data: {'; '.join(data['attribution']) or 'no attribution given'}. Made by LoopGenie."


def duration(seconds: float) -> str:
    """A time for people: "5 h 05 min"."""
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min"


def plain(text: str) -> str:
    """A text on one line, without anything that cannot be printed: control characters, turned reading directions."""
    return " ".join("".join(c if c.isprintable() or c in _JOINERS else " " for c in text).split())
