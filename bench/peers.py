"""Ask the service for loops, task by task, and measure the lines as those of other programs are measured.

    python -m bench.peers --osm FILE --elevation FILE --tasks FILE --evaluator FILE
                          [--peers FILE] [--prove] [--json FILE]

The files are imported into a database of their own, `loopgenie serve` answers on a free port, and each task is one
request after the other. The evaluator (a script that knows nothing of LoopGenie) reads the lines. The tables come as
Markdown. With `--prove`, the solver gets a minute for each task whose loop is not good, to find a loop of which at most
a tenth is walked again, or prove that there is none.
"""

from __future__ import annotations

import argparse
import json
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import networkx as nx

from loopgenie.geometry import LonLat
from loopgenie.network import Areas, Limits, TripNetwork, box_around, spot_near
from loopgenie.parameters import trip_parameters
from loopgenie.store import open_store
from solver import Edge, LoopProblem, Network, Status
from solver.measuring import about
from solver.solve import solve

Line = dict[str, Any]

#: Of a good loop, one metre in so many is walked again: the evaluator counts both passes, and allows a fifth.
TENTH = 10
#: Seconds for a proof.
PROOF_S = 60.0
#: Seconds until the server has to be there.
PATIENCE_S = 30.0


def main() -> int:
    """Run the command; returns the exit code."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="loopgenie-peers-") as name:
        folder = Path(name)
        tasks = json.loads(options.tasks.read_text("utf-8"))["tasks"]
        database = f"sqlite:///{folder / 'trails.db'}"
        _run("-m", "loopgenie", "import", options.osm, "--elevation", options.elevation, "--database", database)
        with _server(database) as root:
            answers = [_asked(root, task, options.time_limit) for task in tasks]
        rows = _evaluated(folder, options, answers)
        missed = [task for task in tasks if _grade(rows[task["id"]]) != "GOOD"] if options.prove else []
        proofs = [_proven(task, database) for task in missed]
    document = {"about": about(), "time_limit_s": options.time_limit, "candidates": answers, "measured": rows}
    document |= {"proofs": proofs} if options.prove else {}
    if options.json:
        options.json.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    peers = json.loads(options.peers.read_text("utf-8")) if options.peers else None
    print("\n".join(_report(document, tasks, peers)))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--osm", type=Path, required=True, help="the extract that the tasks were drawn on")
    parser.add_argument("--elevation", type=Path, required=True, help="heights for it")
    parser.add_argument("--tasks", type=Path, required=True, help="JSON: tasks with id, lat, lon, target_m")
    parser.add_argument("--evaluator", type=Path, required=True, help="the script that measures lines")
    parser.add_argument("--peers", type=Path, help="JSON: what other programs reached on the same tasks")
    parser.add_argument("--time-limit", type=float, default=1.0, metavar="S", help="seconds for a loop (default: 1)")
    parser.add_argument("--prove", action="store_true", help="find out which tasks have no good loop")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every line and number there")
    return parser.parse_args()


def _run(*words: str | Path) -> None:
    subprocess.run([sys.executable, *map(str, words)], check=True, stdout=subprocess.DEVNULL)


# --- asking the service -------------------------------------------------------------------------------------------


@contextmanager
def _server(database: str) -> Iterator[str]:
    """The real server on a port of its own; yields its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [sys.executable, "-m", "loopgenie", "serve", "--port", str(port), "--database", database]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    root = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{root}/readyz")
        yield root
    finally:
        process.terminate()
        process.wait()


def _wait_for(address: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            urllib.request.urlopen(address).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def _post(root: str, body: Mapping[str, Any]) -> tuple[Line, float]:
    """The answer, whatever its status, and how many milliseconds it took."""
    request = urllib.request.Request(
        f"{root}/v1/trips", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )  # fmt: skip
    began = time.perf_counter()
    try:
        with urllib.request.urlopen(request) as response:
            text = response.read()
    except urllib.error.HTTPError as problem:
        text = problem.read()
    return json.loads(text), round(1000 * (time.perf_counter() - began), 1)


def _body(task: Line, **more: Any) -> Line:
    """One request for a task: a loop of that length from right here."""
    location = {"lat": task["lat"], "lon": task["lon"]}
    return {"location": location, "drive_km": 0, "hike_km": task["target_m"] / 1000, "tolerance": 0.1, **more}


def _asked(root: str, task: Line, time_limit: float) -> Line:
    answer, ms = _post(root, _body(task, alternatives=1, time_limit_s=time_limit))
    return _candidate(task, answer, ms)


def _candidate(task: Line, answer: Line, ms: float) -> Line:
    loops = answer.get("features", [])
    line = [position[:2] for position in loops[0]["geometry"]["coordinates"]] if loops else None
    return {"task": task["id"], "try": 0, "ok": bool(loops), "ms": ms, "line": line, "why": answer.get("detail")}


# --- what there is to find ----------------------------------------------------------------------------------------


def _proven(task: Line, database: str) -> Line:
    """Whether there is a loop of which at most a tenth is walked again."""
    problem = _before_long_bridges(_problem(task, database))
    result = solve(problem, time_limit=PROOF_S, prove=True)
    found = result.loop is not None and problem.objective(result.loop) >= 0
    none = result.status is Status.INFEASIBLE or (result.bound is not None and result.bound < 0)
    return {"task": task["id"], "status": "found one" if found else "proven none" if none else "open"}


def _problem(task: Line, database: str) -> LoopProblem:
    """A task as the solver gets it, where new metres earn one point and metres walked again cost nine.

    So a loop is worth 0 or more just where a tenth of it or less is walked again.
    """
    asked = trip_parameters(_body(task))
    with closing(open_store(database)) as store:
        spot = spot_near(LonLat(task["lon"], task["lat"]), store, Limits.of(asked))
        assert spot is not None
        snapshot = store.snapshot()
        area = Areas().get(store, snapshot, box_around([spot.at], asked, snapshot), Limits.of(asked))
    network = TripNetwork(area)
    problem = network.problem(asked, network.cut_at([spot]))
    return _repeating_little(problem, problem.network.edges)


def _repeating_little(problem: LoopProblem, edges: Iterable[Edge]) -> LoopProblem:
    scored = [edge._replace(score=edge.length) for edge in edges]
    return LoopProblem(
        Network(scored, problem.network.node_count),
        problem.trailheads,
        min_length=problem.min_length,
        max_length=problem.max_length,
        repeat_costs=[(TENTH - 1) * edge.length for edge in scored],
    )


def _before_long_bridges(problem: LoopProblem) -> LoopProblem:
    """The same without what lies behind too many metres of bridges: a closed walk crosses each of them twice."""
    edges = problem.network.edges
    graph = nx.Graph((edge.u, edge.v) for edge in edges)
    links = Counter(frozenset((edge.u, edge.v)) for edge in edges)
    bridges = {frozenset(pair) for pair in nx.bridges(graph) if links[frozenset(pair)] == 1}
    for edge in edges:
        graph.edges[edge.u, edge.v]["twice"] = edge.length if frozenset((edge.u, edge.v)) in bridges else 0
    room = problem.max_length // TENTH
    near = nx.single_source_dijkstra_path_length(graph, problem.trailheads[0], cutoff=room, weight="twice")
    return _repeating_little(problem, (edge for edge in edges if edge.u in near and edge.v in near))


# --- measuring the lines ------------------------------------------------------------------------------------------


def _evaluated(folder: Path, options: argparse.Namespace, candidates: Sequence[Line]) -> dict[str, Line | None]:
    """What the evaluator measures of each candidate, by task; None without a line. It looks for tasks beside itself."""
    script, ours, measured = folder / "evaluate.py", folder / "ours.json", folder / "measured.json"
    shutil.copy(options.evaluator, script)
    shutil.copy(options.tasks, folder / "tasks.json")
    ours.write_text(json.dumps({"peer": "loopgenie", "candidates": candidates}), "utf-8")
    _run(script, "--pbf", options.osm.resolve(), "--json", measured, "results", "--by-km", ours)
    rows = json.loads(measured.read_text("utf-8"))["loopgenie"]["rows"]
    return {task: tries["0"]["m"] for task, tries in rows.items()}


def _grade(row: Line | None) -> str:
    return row["grade"] if row else "NONE"


def _quantile(values: Sequence[float], part: float) -> float:
    """Between the two nearest of the sorted values, as the evaluator has it."""
    if len(values) == 1:
        return values[0]
    return statistics.quantiles(values, n=100, method="inclusive")[round(100 * part) - 1]


def _summary(rows: Sequence[Line | None]) -> Line:
    """One row of the table; a task without an answer counts 2 in the loss."""
    got = [row for row in rows if row]

    def mean(name: str) -> float:
        return float(sum(row[name] for row in got)) / max(1, len(got))

    errors = [abs(row["err"]) for row in got] or [0.0]
    return {
        "tasks": len(rows),
        "answered": len(got),
        "err_p50": _quantile(errors, 0.5),
        "err_p90": _quantile(errors, 0.9),
        "within10": sum(error <= 0.1 for error in errors),
        "repeat_mean": mean("repeat"),
        "repeat_p90": _quantile([row["repeat"] for row in got] or [0.0], 0.9),
        "trail": mean("trail"),
        "busy": mean("busy"),
        "loss": sum(row["loss"] if row else 2.0 for row in rows) / len(rows),
        "good": sum(_grade(row) == "GOOD" for row in rows),
        "fair": sum(_grade(row) == "FAIR" for row in rows),
    }


# --- the report ---------------------------------------------------------------------------------------------------


COLUMNS = (
    *("program", "asked", "answered", "length off p50 / p90", "within 10 %", "repeated mean / p90", "trail", "busy"),
    *("loss", "good", "fair", "ms p50 / p95"),
)


def _report(document: Line, tasks: Sequence[Line], peers: Line | None) -> Iterator[str]:
    where = document["about"]
    machine = f"Python {where['python']}, {where['cores']} cores of {where['cpu']}"
    yield f"{where['date'][:10]}, commit {where['commit']}, {machine}"
    yield ""
    yield f"| {' | '.join(COLUMNS)} |"
    yield "|" + " --- |" * len(COLUMNS)
    rows = document["measured"]
    times = [answer["ms"] for answer in document["candidates"]]
    ours = _summary(list(rows.values())) | {"ms": [_quantile(times, 0.5), _quantile(times, 0.95)]}
    yield _row("**LoopGenie**", "1 request", ours)
    if peers:
        yield _row("best of all others", "every try", peers["virtual_best"])
        for peer in peers["table"]:
            yield _row(peer["peer"], peer["pick"], peer)
    yield ""
    yield "| length | good | loss |" + (" good, loss of the best of all others |" if peers else "")
    yield "|" + " --- |" * (4 if peers else 3)
    for km in sorted({task["target_m"] // 1000 for task in tasks}):
        part = _summary([rows[task["id"]] for task in tasks if task["target_m"] == 1000 * km])
        others = peers["by_km"][str(km)]["virtual_best"] if peers else None
        best = f" {others['good']}, {others['loss']:.3f} |" if others else ""
        yield f"| {km} km | {part['good']} of {part['tasks']} | {part['loss']:.3f} |{best}"
    if "proofs" in document:
        yield ""
        yield "| task | our loop: length off, repeated | a loop of which at most a tenth is walked again |"
        yield "|" + " --- |" * 3
        for proof in document["proofs"]:
            row = rows[proof["task"]]
            said = f"{row['err']:+.1%}, {row['repeat']:.0%}" if row else "none"
            yield f"| {proof['task']} | {said} | {proof['status']} |"


def _row(name: str, pick: str, row: Line) -> str:
    def share(value: float | None) -> str:
        return "-" if value is None else f"{value:.0%}"

    times = " / ".join(f"{ms:.0f}" for ms in row["ms"]) if isinstance(row.get("ms"), list) else "-"
    cells = [
        name,
        pick,
        f"{row['answered']}/{row['tasks']}",
        f"{share(row['err_p50'])} / {share(row['err_p90'])}",
        row["within10"],
        f"{share(row['repeat_mean'])} / {share(row['repeat_p90'])}",
        share(row["trail"]),
        share(row["busy"]),
        f"{row['loss']:.3f}",
        row["good"],
        row["fair"],
        times,
    ]
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    sys.exit(main())
