"""Files of problems of several days, and `python -m solver trek`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from solver.__main__ import main
from solver.problem import Status
from solver.trek import Obstacle, TrekResult
from solver.trek_files import FORMAT, TrekInstance, read_trek_instance, trek_json, write_trek_instance
from tests.unit.trek_oracle import random_problem

# 0 --3-- 1 --3-- 2 --3-- 3 --3-- 0: a square of 12, a camp 1 m off node 2: two days of 7
SQUARE: dict[str, Any] = {
    "format": FORMAT,
    "name": "square",
    "nodes": [[42.5, 1.5], [42.51, 1.5], [42.51, 1.51], [42.5, 1.51]],
    "edges": [[0, 1, 3, 3, 1, 0], [1, 2, 3, 3, 0, 1], [2, 3, 3, 3], [3, 0, 3, 3]],
    "trailheads": [0],
    "camps": [{"node": 2, "spur": 1, "up": 2}],
    "days": [{"min_length": 6, "max_length": 8, "target": 7}, {"min_length": 6, "max_length": 8, "target": 7}],
    "balance_cost": 25,
    "repeat_cost": 100,
}


@pytest.fixture
def square(tmp_path: Path) -> Path:
    path = tmp_path / "square.json"
    path.write_text(json.dumps(SQUARE))
    return path


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """300 random problems, all features among them."""
    path = tmp_path / "problem.json"
    for seed in range(300):
        instance = TrekInstance(f"number {seed}", random_problem(seed))
        write_trek_instance(instance, path)
        assert read_trek_instance(path) == instance


def test_the_days_are_printed_and_written(square: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "trek.json"
    assert main(["trek", str(square), "--iterations", "2000", "--output", str(output)]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    # 12 points, both days as long as wished, nothing walked twice: the spur is none
    assert ": score 12, length 14, repeated 0, objective 1200, from node 0" in lines[0]
    assert lines[1].split() == ["day", "length", "ascent", "descent", "edges", "night"]
    assert [line.split()[:2] for line in lines[2:]] == [["1", "7"], ["2", "7"]]
    assert lines[2].endswith("camp 0 at node 2, spur 1")
    assert err == ""
    trek = json.loads(output.read_text())
    assert (trek["start"], trek["score"], trek["objective"], trek["length"]) == (0, 12, 1200, 14)
    assert [day["camp"] for day in trek["days"]] == [0, None]
    assert sorted(e for day in trek["days"] for e in day["walk"]) == [0, 1, 2, 3]


def test_no_trek_is_exit_code_1_with_the_obstacle(
    square: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = TrekResult(Status.INFEASIBLE, obstacle=Obstacle("night 1: no camp is open", night=1))
    monkeypatch.setattr("solver.__main__.solve_trek", lambda problem, **_: nothing)
    assert main(["trek", str(square)]) == 1
    assert capsys.readouterr() == ("infeasible: no trek\n", "night 1: no camp is open\n")


def test_no_trek_as_json() -> None:
    problem = random_problem(0)
    empty = trek_json(TrekResult(Status.UNKNOWN), problem)
    assert (empty["days"], empty["status"], empty["start"], empty["objective"]) == ([], "unknown", None, None)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "want an object, got []"),
        ("{}", "format is None, want 'loopgenie-trek-1'"),
        (json.dumps({"format": FORMAT}), "lacks 'nodes'"),
        (json.dumps({**SQUARE, "format": "loopgenie-trek-9"}), "'loopgenie-trek-9'"),
        (json.dumps({**SQUARE, "trailheads": [7]}), "7 is no node"),
        (json.dumps({**SQUARE, "trailheads": 0}), "trailheads: want a list, got 0"),
        (json.dumps({**SQUARE, "trailheads": []}), "trailheads is empty"),
        (json.dumps({**SQUARE, "edges": [[0, 1, -4, 0]]}), "-4"),
        (json.dumps({**SQUARE, "edges": [5]}), "edge 0"),
        (json.dumps({**SQUARE, "nodes": True}), "True"),
        (json.dumps({**SQUARE, "nodes": None}), "None"),
        (json.dumps({**SQUARE, "camps": [{"spur": 3}]}), "camp 0 lacks 'node'"),
        (json.dumps({**SQUARE, "camps": [[2, 1]]}), "camp 0: want an object, got [2, 1]"),
        (json.dumps({**SQUARE, "camps": [{"node": 9}]}), "camps: 9 is no node"),
        (json.dumps({**SQUARE, "camps": [{"node": 2, "spur": -1}]}), "camp 0: spur is -1"),
        (json.dumps({**SQUARE, "camps": [{"node": 2, "water": 1}]}), "camp 0: water is 1"),
        (json.dumps({**SQUARE, "camps": [{"node": 2, "name": "x"}]}), "unknown field 'name'"),
        (json.dumps({**SQUARE, "days": SQUARE["days"][:1]}), "there are 1 days"),
        (json.dumps({**SQUARE, "days": [{"min_length": 6}] * 2}), "day 1 lacks 'max_length'"),
        (json.dumps({**SQUARE, "days": [{"min_length": 6, "max_length": 5}] * 2}), "day 1: the window 6..5 is empty"),
        (json.dumps({**SQUARE, "days": [{"min_length": "a", "max_length": 5}] * 2}), "day 1: min_length is 'a'"),
        (json.dumps({**SQUARE, "days": [{**SQUARE["days"][0], "closed": [4]}] * 2}), "day 1: closed has 4"),
        (json.dumps({**SQUARE, "days": [{**SQUARE["days"][0], "no_camps": [1]}] * 2}), "day 1: no_camps has 1"),
        (json.dumps({**SQUARE, "days": [{**SQUARE["days"][0], "max_time": 9}] * 2}), "pace is not given"),
        (json.dumps({**SQUARE, "pace": [1, 2]}), "pace has 2 numbers"),
        (json.dumps({**SQUARE, "pace": [0, 2, 2]}), "pace is 0"),
        (json.dumps({**SQUARE, "balance_cost": -1}), "balance_cost is -1"),
        (json.dumps({**SQUARE, "max_lenght": 9}), "unknown field 'max_lenght'"),
        (json.dumps({**SQUARE, "roads": [0, 0]}), "roads has 2 values for 4 edges"),
        (json.dumps({**SQUARE, "roads": [0, 0, -1, 0]}), "roads is -1"),
        (json.dumps({**SQUARE, "max_repeat_share": "half"}), "'half'"),
        (json.dumps({**SQUARE, "max_repeat_share": 2}), "2"),
        (json.dumps({**SQUARE, "waters": [[4], [], [], []]}), "waters of edge 0 are [4], want metres up to 3"),
        (json.dumps({**SQUARE, "waters": [[2, 1], [], [], []]}), "ascending"),
        (json.dumps({**SQUARE, "max_dry": 9}), "waters is not"),
        (json.dumps({**SQUARE, "network": 9}), "unknown field 'network'"),
    ],
)
def test_bad_files_are_one_line_and_exit_code_2(
    text: str, named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text)
    assert main(["trek", str(path)]) == 2
    err = capsys.readouterr().err
    assert named in err
    assert str(path) in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("arguments", [["trek"], ["trek", "x", "--seed", "y"], ["trek", "x", "--prove"]])
def test_wrong_use_is_one_line_and_exit_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_missing_file_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trek", "no such file.json"]) == 2
    assert capsys.readouterr().err == "python -m solver: no such file.json: No such file or directory\n"
