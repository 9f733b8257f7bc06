"""python -m solver, instance files, and graphs of networkx."""

from __future__ import annotations

import json
from pathlib import Path

import networkx as nx
import pytest

from solver import LoopProblem, solve
from solver.__main__ import main
from solver.graphs import from_networkx, to_networkx
from solver.instances import read_instance

TRIANGLE = {
    "name": "triangle",
    "nodes": [[42.5, 1.5], [42.51, 1.5], [42.5, 1.51]],
    "edges": [[0, 1, 1000, 1000, 10, 0], [1, 2, 1000, 900, 0, 10], [2, 0, 1000, 800, 0, 0]],
    "trailheads": [0],
    "lmin": 2500,
    "lmax": 3500,
    "max_ascent": None,
    "max_repeat": 2,
    "reference": {"best_known": 2700, "upper_bound": 2700, "proven_optimal": True},
}


@pytest.fixture
def triangle(tmp_path: Path) -> Path:
    path = tmp_path / "triangle.json"
    path.write_text(json.dumps(TRIANGLE))
    return path


def test_solve_prints_the_loop(triangle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["solve", str(triangle), "--iterations", "500", "--prove"]) == 0
    loop = json.loads(capsys.readouterr().out)
    assert loop.pop("walk") in ([0, 1, 2], [2, 1, 0])
    assert loop == {"start": 0, "status": "optimal", "score": 2700, "length": 3000, "bound": 2700}


def test_solve_writes_the_loop(triangle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "loop.json"
    assert main(["solve", str(triangle), "--time-limit", "0.05", "--output", str(output)]) == 0
    assert json.loads(output.read_text())["length"] == 3000
    assert capsys.readouterr().out == ""


def test_no_loop_is_exit_code_1_with_a_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "short.json"
    path.write_text(json.dumps({**TRIANGLE, "lmin": 7000, "lmax": 8000}))
    assert main(["solve", str(path)]) == 1
    out, err = capsys.readouterr()
    assert json.loads(out) == {
        "start": None,
        "walk": [],
        "status": "infeasible",
        "score": None,
        "length": None,
        "bound": None,
    }
    assert err == "walking every trail in reach twice makes only 6000, less than 7000\n"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{", "is not JSON"),
        ("[]", "is no loop problem"),
        ("{}", "lacks 'nodes'"),
        (json.dumps({**TRIANGLE, "trailheads": [7]}), "7 is no node"),
        (json.dumps({**TRIANGLE, "edges": [[0, 1, -4, 0, 0, 0]]}), "-4"),
        (json.dumps({**TRIANGLE, "lmin": "x"}), "'x'"),
        (json.dumps({**TRIANGLE, "max_repeat": 3}), "3"),
        (json.dumps({**TRIANGLE, "reference": {"best_known": "much"}}), "'much'"),
        (json.dumps({**TRIANGLE, "nodes": 10**12}), "1000000000000 nodes"),
        (json.dumps({**TRIANGLE, "nodes": True}), "True"),
        ("[" * 100_000, "is not JSON"),
    ],
)
def test_bad_files_are_one_line_and_exit_code_2(
    text: str, named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text)
    assert main(["solve", str(path)]) == 2
    err = capsys.readouterr().err
    assert named in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("arguments", [["solve", "no such file.json"], ["bench", "no such folder"]])
def test_missing_files(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("arguments", [[], ["solve"], ["solve", "x", "--seed", "y"], ["fly"]])
def test_wrong_use_is_one_line_and_exit_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_version_says_how_the_kernel_runs(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert "kernel compiled" in (out := capsys.readouterr().out) or "kernel interpreted" in out


def bench(*arguments: object) -> int:
    return main(["bench", *map(str, arguments)])


def test_bench_compares_with_references(triangle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = tmp_path / "runs.jsonl"
    assert bench(triangle.parent, "--time-limit", "0.05", "--jsonl", lines) == 0
    out = capsys.readouterr().out
    assert "1 instances, 1 answered, 0 invalid answers" in out
    assert "exact 1 of 1" in out
    row = json.loads(lines.read_text())
    assert (row["instance"], row["score"], row["loss_percent"], row["valid"]) == ("triangle", 2700, 0.0, True)
    assert {"date", "commit", "cpu", "cores", "python", "highspy", "compiled"} <= row.keys()


def test_bench_appends_and_keeps_to_the_moves(triangle: Path, tmp_path: Path) -> None:
    lines = tmp_path / "runs.jsonl"
    for seed in (1, 2):
        assert bench(triangle.parent, "--iterations", 400, "--seed", seed, "--jsonl", lines) == 0
    rows = [json.loads(line) for line in lines.read_text().splitlines()]
    assert [(row["seed"], row["iterations"], row["moves"] <= 400) for row in rows] == [(1, 400, True), (2, 400, True)]


def test_bench_proves(triangle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench(triangle.parent, "--iterations", 400, "--prove") == 0
    out = capsys.readouterr().out
    assert "proven optimal here: 1; slowest" in out
    assert [line.split()[-1] for line in out.splitlines() if line.startswith("triangle")] == ["optimal"]


def test_bench_writes_walks_that_beat_their_reference(triangle: Path, tmp_path: Path) -> None:
    walks = tmp_path / "walks"
    assert bench(triangle.parent, "--iterations", 400, "--walks", walks) == 0
    assert not walks.exists()  # as good as the reference is no news
    low = {**TRIANGLE, "reference": {"best_known": 2600, "upper_bound": None, "proven_optimal": False}}
    triangle.write_text(json.dumps(low))
    assert bench(triangle.parent, "--iterations", 400, "--walks", walks) == 0
    assert json.loads((walks / "triangle.json").read_text())["score"] == 2700


# --- networkx


def test_from_networkx_solves_and_names_back() -> None:
    graph = nx.MultiGraph()
    graph.add_edge("hut", "pass", length=1200.4, up=300, down=0)
    graph.add_edge("pass", "lake", length=800, up=0, down=150)
    graph.add_edge("lake", "hut", length=1000, up=0, down=150)
    graph.add_edge("lake", "hut", length=2000)
    before = nx.to_dict_of_dicts(graph)
    numbered = from_networkx(graph)
    problem = LoopProblem(numbered.network, numbered.numbers("hut"), min_length=2_900, max_length=3_100)
    loop = solve(problem, iterations=1000).loop
    assert loop is not None
    # 1200 + 800 + 1000 = 3000 and 1000 + 2000 = 3000: both fill the window
    assert loop.length == 3000
    assert {numbered.edges[e][:2] for e in loop.walk} <= set(graph.edges(keys=False)) | {
        (v, u) for u, v in graph.edges(keys=False)
    }
    assert nx.to_dict_of_dicts(graph) == before


def test_from_networkx_takes_scores_by_name_or_function() -> None:
    graph = nx.Graph()
    graph.add_edge(1, 2, length=10, score=3, fun=7)
    assert from_networkx(graph, score="fun").network.edges[0].score == 7
    assert from_networkx(graph, score=lambda data: data["score"] * 2).network.edges[0].score == 6
    assert from_networkx(graph).network.edges[0].score == 10


@pytest.mark.parametrize(
    ("graph", "named"),
    [
        (nx.DiGraph([(1, 2)]), "directed"),
        (nx.Graph([(1, 2)]), "no attribute 'length'"),
        (nx.Graph([(1, 2, {"length": "far"})]), "'far'"),
        (nx.Graph([(1, 2, {"length": -3})]), "-3"),
        (nx.Graph([(1, 2, {"length": float("nan")})]), "nan"),
    ],
)
def test_unusable_graphs_are_refused(graph: nx.Graph, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        from_networkx(graph)


def test_unknown_trailhead_is_named() -> None:
    with pytest.raises(ValueError, match="'inn'"):
        from_networkx(nx.Graph([("hut", "pass", {"length": 1})])).numbers("inn")


def test_to_networkx_and_back() -> None:
    graph = nx.MultiGraph([(0, 1, {"length": 5, "up": 3, "down": 1}), (0, 1, {"length": 7}), (1, 1, {"length": 2})])
    network = from_networkx(graph).network
    again = from_networkx(to_networkx(network), score="score").network
    assert again == network


# --- real instances


@pytest.mark.data
def test_real_instances_read_and_solve(trail_data: Path) -> None:
    """A small proven instance is solved to its optimum, and the proof agrees with the stored one."""
    folder = trail_data.parent / "bench" / "instances"
    if not folder.is_dir():
        pytest.skip(f"no benchmark instances at {folder}")
    instance = read_instance(folder / "andorra-scenic-ascent-05km-1021.json")
    result = solve(instance.problem, iterations=20_000, prove=True, time_limit=30)
    assert result.loop is not None
    assert instance.reference is not None
    assert result.loop.score == result.bound == instance.reference.best_known
