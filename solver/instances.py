"""Problems and loops as JSON files.

A problem: `name`, `nodes` ([[lat, lon], …] or their number), `edges` ([[u, v, length, score, up, down], …], edge id =
index), `trailheads`, `lmin`, `lmax`, `max_ascent` (or null), optionally `reference` {best_known, upper_bound,
proven_optimal, …}. A loop: `start`, `walk`, `status`, `score`, `length`, `bound`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from solver.problem import LoopProblem, Network, Result


@dataclass(frozen=True)
class Reference:
    """What is known of an instance: the best score found, an upper bound, and whether they were proven to meet."""

    best_known: int
    upper_bound: int | None
    proven_optimal: bool


@dataclass(frozen=True)
class Instance:
    """A named problem from a file, with what is known of it."""

    name: str
    problem: LoopProblem
    reference: Reference | None = None


def read_instance(path: Path) -> Instance:
    """Read a problem from a JSON file.

    Raises
    ------
    ValueError : the file is no JSON or lacks something; the message names the file and what is wrong.
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
    except (TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"{path} is no loop problem: {error}") from None


def _instance(data: dict[str, Any], name: str) -> Instance:
    if data.get("max_repeat", 2) != 2:
        raise ValueError(f"max_repeat is {data['max_repeat']!r}, only 2 is known")
    nodes = data["nodes"]
    problem = LoopProblem(
        Network(data["edges"], nodes if isinstance(nodes, int) else len(nodes)),
        data["trailheads"],
        min_length=data["lmin"],
        max_length=data["lmax"],
        max_ascent=data.get("max_ascent"),
    )
    known = data.get("reference")
    reference = None
    if known and known.get("best_known") is not None:
        for name in ("best_known", "upper_bound"):
            if not isinstance(known.get(name), int | float | None):
                raise ValueError(f"{name} is {known[name]!r}, want a number")
        reference = Reference(known["best_known"], known.get("upper_bound"), bool(known.get("proven_optimal")))
    return Instance(str(data.get("name", name)), problem, reference)


def loop_json(result: Result) -> dict[str, Any]:
    """The best loop of a result in the form of a loop file; `walk` is empty where there is none."""
    loop = result.loop
    return {
        "start": loop.start if loop else None,
        "walk": list(loop.walk) if loop else [],
        "status": str(result.status),
        "score": loop.score if loop else None,
        "length": loop.length if loop else None,
        "bound": result.bound,
    }


def write_loop(result: Result, path: Path) -> None:
    """Write the best loop of a result to a JSON file."""
    path.write_text(json.dumps(loop_json(result)) + "\n", encoding="utf-8")
