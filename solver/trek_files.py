"""Problems of several days, and their answers, as JSON files.

A problem: `format` ("loopgenie-trek-1"), `name`, `nodes` ([[lat, lon], …] or their number), `edges` ([[u, v, length,
score, up, down], …], edge id = index), `trailheads`, `camps` ([{node, spur, up, down, water}, …]), `days`
([{min_length, max_length, target, max_ascent, min_time, max_time, closed, no_camps}, …]), `pace` ([level, up, down])
and the other fields of `TrekProblem` by their names. Whatever is left out is not asked for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

from solver.problem import LIMIT, Edge, Network
from solver.trek import Camp, Day, Pace, TrekProblem, TrekResult

FORMAT = "loopgenie-trek-1"


@dataclass(frozen=True)
class TrekInstance:
    """A named problem from a file."""

    name: str
    problem: TrekProblem


def read_trek_instance(path: Path) -> TrekInstance:
    """Read a problem from a JSON file.

    Raises
    ------
    ValueError : the file is no JSON, or something in it is missing, unknown or nonsense; the message names the file
        and what is wrong.
    OSError : the file cannot be read.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON: {error}") from None
    try:
        return _instance(data, path.stem)
    except KeyError as error:
        raise ValueError(f"{path} lacks {error}") from None
    except ValueError as error:
        raise ValueError(f"{path} is no trek problem: {error}") from None


def write_trek_instance(instance: TrekInstance, path: Path) -> None:
    """Write a problem to a JSON file, one edge, camp and day a line."""
    path.write_text(trek_instance_text(instance), encoding="utf-8")


def trek_instance_text(instance: TrekInstance) -> str:
    """A problem as the text of its file."""
    problem = instance.problem
    rows: dict[str, list[Any]] = {
        "edges": [list(edge) for edge in problem.network.edges],
        "camps": [camp._asdict() for camp in problem.camps],
        "days": [_asked(day) for day in problem.days],
    }
    flat = {"format": FORMAT, "name": instance.name, "nodes": problem.network.node_count} | {
        name: value for name, value in _asked(problem).items() if name not in ("network", *rows)
    }
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in flat.items()]
    for name, values in rows.items():
        listed = ",\n  ".join(json.dumps(row) for row in values)
        lines.append(f"{json.dumps(name)}: [\n  {listed}\n ]")
    return "{" + ",\n ".join(lines) + "}\n"


def trek_json(result: TrekResult, problem: TrekProblem) -> dict[str, Any]:
    """The best trek of a result; `days` is empty where there is none, and `obstacle` then says what is in the way."""
    trek = result.trek
    return {
        "start": trek.start if trek else None,
        "days": [
            {
                "walk": list(day.walk),
                "camp": day.camp,
                "length": day.length,
                "ascent": day.ascent,
                "descent": day.descent,
            }
            for day in (trek.days if trek else ())
        ],
        "status": str(result.status),
        "objective": problem.objective(trek) if trek else None,
        "score": trek.score if trek else None,
        "length": trek.length if trek else None,
        "repeated": trek.repeated if trek else None,
        "bound": result.bound,
        "obstacle": result.obstacle.words if result.obstacle else None,
    }


def _asked(thing: TrekProblem | Day) -> dict[str, Any]:
    """The fields that are not as they are by default, in the form of JSON."""
    values = {
        field.name: getattr(thing, field.name)
        for field in fields(thing)
        if field.default is MISSING or getattr(thing, field.name) != field.default
    }
    return {
        name: sorted(value) if isinstance(value, frozenset) else value
        for name, value in values.items()
        if value != frozenset()
    }


def _instance(data: Any, name: str) -> TrekInstance:
    named = {field.name for field in fields(TrekProblem)} - {"network"}
    _object(data, "the file", {"format", "name", "nodes", "edges", *named})
    if data.get("format") != FORMAT:
        raise ValueError(f"format is {data.get('format')!r}, want {FORMAT!r}")
    nodes = data["nodes"]
    network = Network(_list(data["edges"], "edges"), len(nodes) if isinstance(nodes, list) else nodes)
    camps = tuple(_camp(camp, i) for i, camp in enumerate(_list(data["camps"], "camps")))
    days = tuple(_day(day, i, len(network.edges), len(camps)) for i, day in enumerate(_list(data["days"], "days"), 1))
    asked: dict[str, Any] = {
        "balance_cost": _optional(data, "balance_cost", 0),
        "repeat_cost": _optional(data, "repeat_cost", 0),
        "via": _integers(data.get("via", []), "via"),
        "pace": _pace(data["pace"]) if data.get("pace") is not None else None,
        "waters": _waters(data["waters"], network.edges) if data.get("waters") is not None else None,
    }
    for key in ("min_length", "max_length", "max_ascent", "max_dry"):
        asked[key] = _optional(data, key)
    for key, least in (("preferences", -LIMIT), ("roads", 0)):
        asked[key] = _integers(data[key], key, least) if data.get(key) is not None else None
    for key in ("max_road_share", "max_repeat_share"):
        asked[key] = _share(data.get(key), key)
    trailheads = _integers(data["trailheads"], "trailheads")
    return TrekInstance(str(data.get("name", name)), TrekProblem(network, trailheads, camps, days, **asked))


def _camp(data: Any, position: int) -> Camp:
    what = f"camp {position}"
    _object(data, what, set(Camp._fields))
    water = data.get("water", False)
    if not isinstance(water, bool):
        raise ValueError(f"{what}: water is {water!r}, want true or false")
    if "node" not in data:
        raise ValueError(f"{what} lacks 'node'")
    node, spur, up, down = (_integer(data.get(name, 0), f"{what}: {name}") for name in ("node", "spur", "up", "down"))
    return Camp(node, spur, up, down, water)


def _day(data: Any, number: int, edges: int, camps: int) -> Day:
    what = f"day {number}"
    _object(data, what, {field.name for field in fields(Day)})
    for name in ("min_length", "max_length"):
        if data.get(name) is None:
            raise ValueError(f"{what} lacks {name!r}")
    asked: dict[str, Any] = {
        name: _integer(data[name], f"{what}: {name}")
        for name in ("min_length", "max_length", "target", "max_ascent", "min_time", "max_time")
        if data.get(name) is not None
    }
    for name, count in (("closed", edges), ("no_camps", camps)):
        asked[name] = frozenset(_integers(data.get(name, []), f"{what}: {name}"))
        if asked[name] and max(asked[name]) >= count:
            raise ValueError(f"{what}: {name} has {max(asked[name])}, want numbers below {count}")
    return Day(**asked)


def _pace(data: Any) -> Pace:
    speeds = _integers(data, "pace", 1)
    if len(speeds) != len(Pace._fields):
        raise ValueError(f"pace has {len(speeds)} numbers, want 3: along the level, up, down")
    return Pace(*speeds)


def _waters(data: Any, edges: tuple[Edge, ...]) -> tuple[tuple[int, ...], ...]:
    waters = tuple(_integers(row, f"waters of edge {e}") for e, row in enumerate(_list(data, "waters")))
    for e, (row, edge) in enumerate(zip(waters, edges, strict=False)):
        if list(row) != sorted(row) or (row and row[-1] > edge.length):
            raise ValueError(f"waters of edge {e} are {list(row)}, want metres up to {edge.length}, ascending")
    return waters


def _share(value: Any, what: str) -> float | None:
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    raise ValueError(f"{what} is {value!r}, want a share from 0 to 1")


def _optional(data: Mapping[str, Any], name: str, default: int | None = None) -> int | None:
    return default if data.get(name) is None else _integer(data[name], name)


def _integer(value: Any, what: str, least: int = 0) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= LIMIT:
        raise ValueError(f"{what} is {value!r}, want an integer from {least} to {LIMIT}")
    return value


def _integers(data: Any, what: str, least: int = 0) -> tuple[int, ...]:
    return tuple(_integer(value, what, least) for value in _list(data, what))


def _list(data: Any, what: str) -> list[Any]:
    if not isinstance(data, list):
        raise ValueError(f"{what}: want a list, got {_short(data)}")
    return data


def _object(data: Any, what: str, known: set[str]) -> None:
    if not isinstance(data, dict):
        raise ValueError(f"{what}: want an object, got {_short(data)}")
    strange = sorted(data.keys() - known)
    if strange:
        raise ValueError(f"{what} has an unknown field {strange[0]!r}, want some of {', '.join(sorted(known))}")


def _short(data: Any) -> str:
    text = json.dumps(data)
    return text if len(text) < 60 else f"{text[:60]}…"
