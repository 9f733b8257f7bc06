"""Where trails are kept: what a store holds (records) and what it can be asked (`TrailStore`).

Records are the same for every home of the data. Ids are unique within a store.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple, Protocol

from loopgenie.geometry import Box, LonLat
from loopgenie.geometry import Position as Position
from loopgenie.ways import WORTH, WayKind


class Stretch(NamedTuple):
    """A part of a segment, in its direction, along which nothing changes."""

    length_m: float
    kind: WayKind
    name: str | None = None
    surface: str | None = None
    difficulty: int | None = None  # SAC scale 1..6, None unknown
    source: str | None = None  # the feature of a file, e.g. "osm way 1234" or "trails.geojson 17"
    worth: float | None = None  # score points per metre, the mean along it; None: what its kind is worth
    informal: bool = False  # nobody keeps it up, or it can hardly be seen: walked only by those who ask for such
    season: str | None = None  # when it may be walked, in the words of the source; None: all year, or not stated
    rule: str | None = None  # the field that decided who may walk, e.g. "foot=permissive"; None: nothing said so

    @property
    def score(self) -> float:
        """Points for walking it: metres times worth."""
        return self.length_m * (WORTH[self.kind] if self.worth is None else self.worth)


class SegmentCore(NamedTuple):
    """What finding loops needs to know of a segment: the way between two junctions, without its line."""

    id: int
    start: int  # junction ids
    end: int
    length_m: float  # 2-D geodesic length of the line
    score: float  # sum over its stretches of metres times worth (loopgenie.ways.worth)
    ascent_m: int | None  # walking from start to end; None where heights are not known
    descent_m: int | None
    road_m: float  # metres of loopgenie.ways.ROADS
    difficulty: int | None  # the hardest stretch that is graded
    informal: bool = False  # whether any of its stretches is


class Segment(NamedTuple):
    """A segment whole: `core`, its line from start to end (2 or more positions) and its stretches in order."""

    core: SegmentCore
    line: tuple[Position, ...]
    stretches: tuple[Stretch, ...]


class Junction(NamedTuple):
    """Where segments meet or end, or a trailhead touches the network."""

    id: int
    lon: float
    lat: float
    elevation_m: float | None


class Trailhead(NamedTuple):
    """Where a car can stop and a trail begins. `lon`, `lat` is where the car stands, `snap_m` metres from `junction`.

    `kind` is one of "parking", "trailhead", "road end", "trail end". `to_loop_m` is how far it is on foot to
    the nearest place from which a walk can come back another way; None where there is no such place.
    """

    id: int
    junction: int
    name: str | None
    kind: str
    lon: float
    lat: float
    snap_m: float
    to_loop_m: float | None = None


class LeftOut(NamedTuple):
    """A line of the source that is no part of the network: why, which field said so, and where it runs."""

    id: int
    reason: str  # e.g. "no public access"
    rule: str | None  # e.g. "access=private"
    name: str | None
    source: str | None  # as in `Stretch`
    line: tuple[LonLat, ...]


class SourceFile(NamedTuple):
    """A file that a region was made of: its name, the profile it was read with, whom to name, and its date."""

    name: str
    profile: str  # e.g. "osm", "nps"; the tables of loopgenie.importing.profiles
    attribution: str
    data_date: str | None = None  # ISO date up to which it is good, None unknown


class Town(NamedTuple):
    """A place of a gazetteer: somewhere to start a drive from, though no trail data may be near."""

    name: str
    region: str  # tells it from others of its name, e.g. "Colorado, United States"
    codes: str  # how addresses abbreviate the region, e.g. "CO US"
    lon: float
    lat: float
    population: int


class Anchor(NamedTuple):
    """The point of the network nearest to something: a share (0..1) along a segment's line, `away_m` metres from it."""

    segment: int  # id
    share: float
    away_m: float


#: The details of a point of which nothing is told.
NOTHING_TOLD: Mapping[str, str] = MappingProxyType({})


class Point(NamedTuple):
    """Something worth knowing on the way, or a place to search for.

    `kind` is one of city, town, village, hamlet, locality, peak, pass, camp, hut, water, viewpoint. Camps, huts and
    water within `ANCHOR_M` of a segment have an `anchor`. `details` are what the source tells of them, by these
    names and no others (`DETAILS`), each in words for people:

    - `type`: of a camp or hut "campsite", "campground", "hut", "alpine hut", "shelter", …; of water "tap", "spring",
      "well", "stream" or "lake"
    - `operator`, `capacity`, `reservation`, `fee`, `permit`, `food storage`, `zone` (the quota area or district that a
      permit names), `users` ("on foot", "by boat only"), `website`
    - `open`: when, in the words of the source
    - `water` ("yes", "no") of a camp or hut; `drinkable` and `seasonal` ("yes", "no") of water
    - `source`: the feature of a file, as in `Stretch`; `date`: the ISO date on which somebody last changed it there
    """

    id: int
    kind: str
    name: str | None
    lon: float
    lat: float
    elevation_m: float | None = None
    population: int | None = None
    details: Mapping[str, str] = NOTHING_TOLD
    anchor: Anchor | None = None

    @property
    def is_place(self) -> bool:
        """Whether people look for it by its name: streams and lakes have a point wherever a trail comes to them."""
        return self.name is not None and self.details.get("type") not in ("stream", "lake")


#: Camps, huts and water farther than this (m) from any segment are not on anyone's way.
ANCHOR_M = 1000.0

DETAILS = (
    *("type", "operator", "capacity", "reservation", "fee", "permit", "food storage", "zone", "users", "website"),
    *("open", "water", "drinkable", "seasonal", "source", "date"),
)


class Notice(NamedTuple):
    """What an operator has loaded about an area or a line: a closure, a rule, a permit that is needed.

    `kind` is one of `NOTICE_KINDS`. `begins` and `ends` are ISO dates, both days included, or "MM-DD" for every
    year (then both are); None: no beginning, no end. `rings` are the closed rings of polygons, outer ones and holes
    alike, which the even-odd rule tells apart; `lines` are lines along which it holds. One of the two is empty.
    """

    id: int
    kind: str
    title: str  # "Bear activity: closed", "Backcountry permit needed"
    text: str | None
    source: str  # who says so: never empty
    url: str | None
    begins: str | None
    ends: str | None
    rings: tuple[tuple[LonLat, ...], ...] = ()
    lines: tuple[tuple[LonLat, ...], ...] = ()


#: A closure keeps everybody out; "dispersed camping" says that a tent may stand anywhere there; the others are told.
NOTICE_KINDS = ("closure", "dispersed camping", "no camping", "permit", "quota", "food storage", "fire", "rule")


@dataclass(frozen=True)
class Region:
    """One import: everything that `replace_region` puts in place of what it had under this name.

    Ids are local to the region (0, 1, 2, … in each list); the store makes them unique. `segments` may be made only
    while they are looked at: a store goes through them once, in order. `attribution` are the lines that every answer
    has to show. `left_out` counts what was not taken, by reason; of some of it `refused` has the lines. `km` is the
    length of all segments, `road_km` of the roads among them, `loop_km` of what lies on some loop.
    """

    name: str
    junctions: Sequence[Junction]
    segments: Sequence[Segment]
    trailheads: Sequence[Trailhead]
    points: Sequence[Point]
    attribution: tuple[str, ...]
    sources: tuple[SourceFile, ...] = ()
    synthetic: bool = False
    data_date: str | None = None  # ISO date up to which the source is good, None unknown
    left_out: Mapping[str, int] = field(default_factory=dict)
    refused: Sequence[LeftOut] = ()
    km: float | None = None  # None where nobody has counted
    road_km: float | None = None
    loop_km: float | None = None


class RegionInfo(NamedTuple):
    """What a store says of one region it holds. `box` is None only when the region is empty."""

    name: str
    attribution: tuple[str, ...]
    sources: tuple[SourceFile, ...]
    synthetic: bool
    data_date: str | None
    imported_at: str  # ISO 8601, UTC
    box: Box | None
    segments: int
    junctions: int
    trailheads: int
    points: int
    trail_km: float
    left_out: Mapping[str, int]
    loop_km: float | None = None
    ids: tuple[int, int] | None = None  # first and last id of its records; no other region has any between


class Snapshot(NamedTuple):
    """The state of the data: `id` changes with every import, and only then."""

    id: str
    regions: tuple[RegionInfo, ...]


#: What a store says before its first import.
EMPTY = Snapshot("000000000000", ())


class NearSegment(NamedTuple):
    """A segment near a position: how far away, and how far along its line the nearest point is, in metres."""

    segment: Segment
    distance_m: float
    along_m: float
    at: LonLat


class TrailStore(Protocol):
    """What LoopGenie asks of a trail database. All methods may be called from several threads.

    Raises `TrailsUnavailable` when the database does not answer.
    """

    def snapshot(self) -> Snapshot:
        """What is in the store; no regions when it is empty."""
        ...

    def replace_region(self, region: Region) -> None:
        """Put a region in the place of the one of that name, in one transaction: all of it or nothing.

        Raises
        ------
        ValueError : an id is not the record's position, or a record lacks a line or names a junction that is not there.
        """
        ...

    def remove_region(self, name: str) -> bool:
        """Take a region out; False if there was none of that name."""
        ...

    def cores_in(self, box: Box) -> list[SegmentCore]:
        """Every segment whose own box touches `box`, by id."""
        ...

    def segments(self, ids: Collection[int]) -> dict[int, Segment]:
        """Segments whole, by id; ids that do not exist are left out."""
        ...

    def segments_in(self, box: Box, limit: int) -> list[Segment]:
        """At most `limit` segments whose box touches `box`, whole, longest first."""
        ...

    def nearest_segment(self, position: LonLat, within_m: float) -> NearSegment | None:
        """The segment nearest to a position, by its line, not its box."""
        ...

    def junctions(self, ids: Collection[int]) -> dict[int, Junction]:
        """Junctions by id."""
        ...

    def trailheads_in(self, box: Box) -> list[Trailhead]:
        """Every trailhead whose car stands in `box`, by id."""
        ...

    def find_places(self, query: str, limit: int) -> list[Point]:
        """Named points (of any kind) whose name resembles `query`, most likely first.

        Case and accents do not matter. Exact names come first, then names that start with the query, then names
        that contain it, each group with larger kinds of place (city … locality, then the rest) and populations first.
        """
        ...

    def find_towns(self, name: str, limit: int) -> list[Town]:
        """Towns of the gazetteer that are called `name`, then those whose name starts so; most people first."""
        ...

    def similar_names(self, query: str, limit: int) -> list[str]:
        """Names of points and towns that have most in common with a misspelt one, by groups of three letters."""
        ...

    def replace_gazetteer(self, source: str, towns: Iterable[Town]) -> None:
        """Put a gazetteer in the place of the one that is there, in one transaction; `source` says what it is."""
        ...

    def gazetteer(self) -> str | None:
        """The `source` of the gazetteer, None where there is none."""
        ...

    def left_out_in(self, box: Box, limit: int) -> list[LeftOut]:
        """At most `limit` lines that are no part of the network and whose box touches `box`, by id."""
        ...

    def points_in(self, box: Box, kinds: Collection[str], limit: int) -> list[Point]:
        """At most `limit` points of these kinds in `box`, by id."""
        ...

    def seasons_in(self, box: Box) -> dict[int, tuple[str, ...]]:
        """The segments whose box touches `box` and that have stretches with a season: those seasons, by id."""
        ...

    def replace_notices(self, name: str, notices: Iterable[Notice]) -> int:
        """Put notices in the place of those loaded under this name, in one transaction; how many there are now.

        The snapshot id changes, as answers may.
        """
        ...

    def notices_in(self, box: Box) -> list[Notice]:
        """Every notice whose box touches `box`, by id."""
        ...

    def notice_names(self) -> dict[str, int]:
        """Under which names notices are loaded, and how many."""
        ...

    def keep_answer(self, key: str, answer: bytes) -> None:
        """Remember an answer under its key; older ones may be forgotten. Does nothing where the store is read-only."""
        ...

    def kept_answer(self, key: str) -> bytes | None:
        """The answer kept under this key."""
        ...

    def close(self) -> None:
        """Give back every connection."""
        ...


def open_store(url: str, *, connections: int = 8, timeout_s: float = 5.0) -> TrailStore:
    """Open the store at a database URL; nothing is read or made before it is asked for something.

    Parameters
    ----------
    url : `sqlite:///relative.db`, `sqlite:////absolute.db` or `postgresql://USER:PASSWORD@HOST:PORT/DATABASE`.
    connections : at most so many are open for reading, where the database is a server.
    timeout_s : such a server gets so long for one question.

    Raises
    ------
    InvalidParameters : the URL is of no known kind.
    """
    from loopgenie.errors import InvalidParameters

    kind, _, path = url.partition("://")
    if kind in ("postgresql", "postgres"):
        from loopgenie.store.postgis import PostgisStore

        return PostgisStore(url, connections=connections, timeout_s=timeout_s)
    if kind != "sqlite" or path[:1] != "/":
        wanted = "sqlite:///FILE or postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
        shown = "that" if "@" in kind else repr(kind)  # what is no URL may still hold a password
        raise InvalidParameters({"database": f"{shown} is no known kind of database, want {wanted}"})
    if path in ("/", "/:memory:"):
        raise InvalidParameters({"database": f"{url!r} names no file, want sqlite:///FILE"})
    from loopgenie.store.sqlite import SqliteStore

    return SqliteStore(path[1:])
