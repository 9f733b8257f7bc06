"""The requests by which loops of several days are measured, put on the networks of real regions as the service does.

`treks.json` has the requests, and the regions, each with the files that are left out and with closures that were
thought up for measuring.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bench.regions import READABLE, TERRAIN
from loopgenie import places, starts
from loopgenie.drive import STRAIGHT_LINE, ByCar
from loopgenie.geometry import LonLat
from loopgenie.network import Areas
from loopgenie.parameters import TripParameters, trip_parameters
from loopgenie.store import Notice, TrailStore, open_store
from loopgenie.task import Around, Home
from loopgenie.treks import TrekTask
from solver.trek import TrekProblem

INSTANCES = Path(__file__).with_name("treks.json")
#: The region that is made up, not imported.
SAMPLE = "sample"


class Asked(NamedTuple):
    """One request of the benchmark, and the region it is made in."""

    name: str
    region: str
    request: Mapping[str, Any]


def instances(match: str = "") -> list[Asked]:
    """The requests of the benchmark that have a text in their name.

    Raises
    ------
    ValueError : there is none.
    """
    rows = json.loads(INSTANCES.read_text("utf-8"))["instances"]
    found = [Asked(row["name"], row["region"], row["request"]) for row in rows if match in row["name"]]
    if not found:
        raise ValueError(f"{match!r} is in the name of no instance")
    return found


def regions() -> dict[str, Any]:
    """What is told of each region."""
    told: dict[str, Any] = json.loads(INSTANCES.read_text("utf-8"))["regions"]
    return told


def make_databases(names: Iterable[str], data: Path, databases: Path) -> None:
    """Make the databases of regions that a folder lacks, from the files in their folders of `data`."""
    databases.mkdir(parents=True, exist_ok=True)
    for name in dict.fromkeys(names):
        database = databases / f"{name}.db"
        if not database.exists():
            print(f"importing {name}", file=sys.stderr, flush=True)
            try:
                make_database(name, data, database)
            except BaseException:
                # half of one would be taken for a whole one the next time
                database.unlink(missing_ok=True)
                raise


def make_database(region: str, data: Path, database: Path) -> None:
    """Import a region from the files in its folder, or make it up, and load the notices that are thought up for it.

    Raises
    ------
    ValueError : the import failed.
    """
    told = regions()[region]
    command = [sys.executable, "-m", "loopgenie"]
    if region == SAMPLE:
        command += ["sample", "--seed", str(told["seed"]), "--size", str(told["size"])]
    else:
        files = [p for p in sorted((data / region).iterdir()) if p.name not in told["without"]]
        command += ["import", *(str(p) for p in files if p.suffix in READABLE), "--no-gazetteer", "--region", region]
        terrain = [str(p) for p in files if p.name.endswith(TERRAIN)]
        command += ["--elevation", *terrain] if terrain else []
    done = subprocess.run([*command, "--database", url_of(database)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(f"{region}: the import ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    notices = [_notice(number, row) for number, row in enumerate(told["closures"])]
    open_store(url_of(database)).replace_notices("benchmark", notices)


def url_of(database: Path) -> str:
    """The address of a database file."""
    return f"sqlite:///{database}"


def _notice(number: int, row: Mapping[str, Any]) -> Notice:
    west, south, east, north = row["box"]
    ring = tuple(LonLat(x, y) for x, y in ((west, south), (east, south), (east, north), (west, north), (west, south)))
    return Notice(
        number, "closure", row["title"], None, "thought up for measuring", None, row["from"], row["to"], (ring,)
    )


def task_of(request: Mapping[str, Any], store: TrailStore) -> TrekTask:
    """A request on the network, as the service puts it there (`loopgenie.planner`)."""
    parameters = trip_parameters(request)
    snapshot = store.snapshot()
    place = places.locate(parameters.location, store)
    by_car = ByCar(STRAIGHT_LINE, patience_s=1.0)

    def homes_of(asked: TripParameters) -> Sequence[Home]:
        return starts.homes(place, asked, store, snapshot, by_car)

    goals = starts.via_spots(parameters, store)
    around = Around(place.at, homes_of(parameters), goals, store, snapshot, Areas(), homes_of)
    return TrekTask.of(parameters, around)


def problem_of(asked: Asked, databases: Path) -> TrekProblem:
    """An instance as the solver gets it."""
    return task_of(asked.request, open_store(url_of(databases / f"{asked.region}.db"))).problem
