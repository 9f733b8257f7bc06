"""A package is started once, as Lambda will start it, before it is sent anywhere."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy import interpreters, trails, wheels
from deploy.command import Failed, last_line, say
from deploy.standin import events
from loopgenie.store import open_store

from .packaging import HANDLERS, LARGEST_UNPACKED_MIB, MIB, Recipe

_WORLD = (-180.0, -90.0, 180.0, 90.0)
_SCRIPT = Path(__file__).with_name("first_calls.py")


@dataclass(frozen=True)
class Started:
    """How a handler started: seconds to import it, and of its first trip."""

    handler: str
    init_s: float
    trip_s: float


def check(file: Path, recipe: Recipe) -> list[Started]:
    """Unpack a package, start both its handlers with the runtime's Python, and ask them for a trip.

    Parameters
    ----------
    file : the zip.
    recipe : what it was made from.

    Raises
    ------
    Failed : a handler does not start or does not answer as it should, or the package is too large unpacked.
    WrongUse : there is no such Python here.
    """
    say(f"starting {file.name} once with Python {recipe.python}")
    with tempfile.TemporaryDirectory(prefix="loopgenie-smoke-") as scratch:
        folder = Path(scratch)
        task = folder / "task"
        with zipfile.ZipFile(file) as archive:
            archive.extractall(task)
        unpacked = sum(path.stat().st_size for path in task.rglob("*") if path.is_file())
        if unpacked > LARGEST_UNPACKED_MIB * MIB:
            raise Failed(f"{file} has {unpacked / MIB:.0f} MiB unpacked, Lambda takes {LARGEST_UNPACKED_MIB}")
        wheels.third_party(folder / "runtime", ["boto3"], python=recipe.python, arch=recipe.arch)
        if not (task / "trails.db").exists():
            trails.sample(task / "trails.db")
        calls = _calls(task / "trails.db")
        asked = {"handlers": list(HANDLERS.values()), "events": [event for _, event in calls]}
        (folder / "calls.json").write_text(json.dumps(asked), "utf-8")
        shutil.copy(_SCRIPT, folder)
        python = interpreters.find(recipe.python, recipe.arch)
        try:
            # -I -S: with no packages but the package's own
            python.run(["-I", "-S", _SCRIPT.name], folder)
        except subprocess.CalledProcessError as error:
            told = last_line(error.stderr or error.stdout)
            raise Failed(f"{file} does not start: {told or 'it says nothing'}") from None
        answers = json.loads((folder / "answers.json").read_text("utf-8"))
    return _judged([name for name, _ in calls], answers)


def _calls(file: Path) -> list[tuple[str, dict[str, Any]]]:
    """What each handler is asked, as (what it is, event)."""
    from loopgenie.geometry import Box

    trailheads = open_store(f"sqlite:///{file}").trailheads_in(Box(*_WORLD))
    if not trailheads:
        raise Failed("the package has trails, but no trailhead to start from")
    start = next((one for one in trailheads if one.to_loop_m is not None), trailheads[0])
    # whatever region it is: any length from 1.5 to 4.5 km around a trailhead from which some loop can be walked
    trip = events.trip_request(start.lon, start.lat, hike_km=3, tolerance=0.5)
    health, info = events.Request("GET", "/healthz"), events.Request("GET", "/v1/info")
    return [
        ("health", events.rest(health)),
        ("health", events.http(health)),
        ("info", events.http(info)),
        ("trip", events.http(trip)),
        ("trip", events.rest(trip)),
    ]


def _judged(names: list[str], answers: list[dict[str, Any]]) -> list[Started]:
    started: dict[str, Started] = {}
    for name, one in zip(names * len(HANDLERS), answers, strict=True):
        answer, handler = events.answer(one["returned"]), one["handler"]
        if name == "trip":
            # a loop, or a reason why there is none of that length just here
            good = answer.status in (200, 409) and answer.headers["content-type"].startswith(
                ("application/geo+json", "application/problem+json")
            )
            started.setdefault(handler, Started(handler, one["init_s"], one["s"]))
        else:
            good = answer.status == 200
        if not good:
            raise Failed(f"{handler} answers {name} with {answer.status}: {answer.body[:200].decode(errors='replace')}")
        if name == "info" and json.loads(answer.body)["kernel"] != "compiled":
            raise Failed(f"{handler} runs the solver interpreted: the compiled kernel does not load")
    for one_started in started.values():
        say(f"{one_started.handler}: import {one_started.init_s:.2f} s, first trip {one_started.trip_s:.2f} s")
    return list(started.values())
