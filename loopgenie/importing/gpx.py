"""GPX files: tracks and routes are lines, waypoints are places. Entities are refused, never expanded."""

from __future__ import annotations

from pathlib import Path
from xml.parsers import expat

from loopgenie.errors import BadInput
from loopgenie.importing import landmarks, profiles
from loopgenie.importing.source import Access, Source, Way
from loopgenie.store import Point, SourceFile
from loopgenie.ways import WayKind

_POINTS = frozenset({"wpt", "trkpt", "rtept"})
_TEXTS = frozenset({"name", "ele", "sym", "type"})


def read_gpx(path: Path) -> Source:
    """Read a GPX file.

    Raises
    ------
    BadInput : the file is not GPX, or holds entities or positions that are none.
    """
    reader = _Reader(path)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.EntityDeclHandler = reader.entity
    try:
        with path.open("rb") as file:
            parser.ParseFile(file)
    except (expat.ExpatError, LookupError, ValueError) as error:  # the latter two: an encoding that is none
        raise BadInput(f"{path.name} is not a GPX file: it is not XML ({error})") from error
    except OSError as error:
        raise BadInput(f"{path.name} cannot be read: {error.strerror}") from error
    return reader.source


class _Reader:
    """Handlers for the parser. `stack` are the open elements; a point is finished when its element is closed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        profile = profiles.named("gpx")
        self.source = Source(files=[SourceFile(path.name, profile.name, profile.credit(path.name))])
        self.stack: list[str] = []
        self.texts: list[dict[str, str]] = []  # of each open element: what its name, ele, sym, type say
        self.here: tuple[float, float] = (0.0, 0.0)
        self.line: list[tuple[float, float]] = []
        self.heights: list[float | None] = []
        self.parts: list[tuple[list[tuple[float, float]], list[float | None]]] = []

    def entity(self, name: str, *_: object) -> None:
        raise BadInput(f"{self.path.name} declares the XML entity {name!r}; want a GPX file without entities")

    def start(self, element: str, attributes: dict[str, str]) -> None:
        tag = element.rpartition(" ")[2]
        if not self.stack and tag != "gpx":
            raise BadInput(f"{self.path.name} is not a GPX file: it starts with <{tag}>, want <gpx>")
        self.stack.append(tag)
        self.texts.append({})
        if tag in _POINTS:
            self.here = self._position(attributes)

    def _position(self, attributes: dict[str, str]) -> tuple[float, float]:
        try:
            lon, lat = float(attributes["lon"]), float(attributes["lat"])
        except (KeyError, ValueError):
            lon, lat = float("nan"), float("nan")
        if not (-180 <= lon <= 180 and -90 <= lat <= 90):
            found = f"lat={attributes.get('lat')!r} lon={attributes.get('lon')!r}"
            raise BadInput(f"{self.path.name} has a point at {found}; want degrees, -90..90 and -180..180")
        return lon, lat

    def text(self, data: str) -> None:
        if len(self.stack) > 1 and self.stack[-1] in _TEXTS:
            says = self.texts[-2]
            says[self.stack[-1]] = says.get(self.stack[-1], "") + data

    def end(self, _element: str) -> None:
        tag, says = self.stack.pop(), {key: " ".join(value.split()) for key, value in self.texts.pop().items()}
        if tag in ("trkpt", "rtept"):
            self.line.append(self.here)
            self.heights.append(landmarks.metres(says.get("ele")))
        elif tag == "wpt":
            self._add_place(says)
        elif tag in ("trkseg", "rte"):
            self.parts.append((self.line, self.heights))
            self.line, self.heights = [], []
        if tag in ("trk", "rte"):
            self._add_ways(tag, says.get("name") or self.path.stem)

    def _add_ways(self, tag: str, name: str) -> None:
        for line, heights in self.parts:
            if len(line) < 2:
                self.source.left_out["line of fewer than two positions"] += 1
                continue
            self.source.ways.append(
                Way(
                    line,
                    WayKind.PATH,
                    heights=heights if any(heights) else None,  # 0 everywhere is no height
                    name=name,
                    source=f"{self.path.name} {'track' if tag == 'trk' else 'route'}",
                    recorded=True,
                )
            )
        self.parts = []

    def _add_place(self, says: dict[str, str]) -> None:
        name = says.get("name") or None
        kind = landmarks.kind_in_words([says[key] for key in ("sym", "type", "name") if says.get(key)])
        if kind in ("parking", "trailhead"):
            self.source.accesses.append(Access(*self.here, kind, name))
        elif kind or name:
            ele = landmarks.metres(says.get("ele"))
            details = (
                landmarks.told(kind, self._told(says), source=f"{self.path.name} waypoint", date=None) if kind else {}
            )
            self.source.points.append(Point(0, kind or "locality", name, *self.here, ele, details=details))
        else:
            self.source.left_out["waypoint without a name"] += 1

    @staticmethod
    def _told(says: dict[str, str]) -> dict[str, str]:
        word = landmarks.type_in_words(says[key] for key in ("sym", "type", "name") if says.get(key))
        return {"type": word} if word else {}
