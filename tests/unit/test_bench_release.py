"""Measuring and publishing a release, on two tiny instances and on lines written by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench import release
from bench.report import BEGIN, END, Runs, write_report
from solver.measuring import Measurement

HERE = {"date": "2026-01-02T03:04:05+00:00", "commit": "0123", "cpu": "Abacus", "cores": 1, "system": "Linux"}
HERE |= {"python": "3.11.7", "highspy": None, "compiled": True}
ROW = Measurement(
    instance="valley",
    edges=40,
    trailheads=1,
    time_limit_s=1.0,
    iterations=None,
    seed=0,
    prove=False,
    status="feasible",
    score=950,
    length=2000,
    objective=950,
    bound=1250,
    best_known=1000,
    proven=False,
    seconds=0.9,
    moves=1000,
    valid=True,
)


def line(group: str, row: Measurement) -> dict[str, object]:
    return {"group": group, "file": row.instance, **json.loads(row.as_json(HERE))}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A triangle of 3 km and a square of 4 km, both to be walked round."""
    path = tmp_path / "instances"
    path.mkdir()
    for name, n in (("triangle", 3), ("square", 4)):
        edges = [[i, (i + 1) % n, 1000, 1000, 0, 0] for i in range(n)]
        known = {"best_known": 1000 * n, "upper_bound": 1000 * n, "proven_optimal": True}
        values = {"name": name, "nodes": n, "edges": edges, "trailheads": [0], "lmin": 1000, "lmax": 4500}
        (path / f"{name}.json").write_text(json.dumps({**values, "reference": known}))
    return path


@pytest.fixture
def light(monkeypatch: pytest.MonkeyPatch) -> None:
    """No wheel is built and no interpreter started."""
    monkeypatch.setattr(release, "weight", lambda: {"solver_bytes": 1, "compiled_bytes": 1, "import_s": 0.01})
    likeness = {"same_loops": True, "compared": 1, "interpreted_moves_per_s": 5}
    monkeypatch.setattr(release, "likeness", lambda _paths: likeness)


def run(folder: Path, output: Path, *more: str) -> int:
    arguments = ["--limits", "0.02", "--seeds", "2", "--prove-limit", "0.5", "--uncommitted", *more]
    return release.main(["run", "--instances", str(folder), "--output", str(output), *arguments])


@pytest.mark.usefixtures("light")
def test_a_stopped_run_goes_on_where_it_was(folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "0.1.0" / "runs.jsonl"
    assert run(folder, output, "--match", "tri") == 0
    first = output.read_text().splitlines()
    # set-up, two seeds, a proof, and one line for the package
    assert [json.loads(text)["group"] for text in first] == ["set-up", "search", "search", "prove", "package"]
    assert run(folder, output) == 0
    both = output.read_text().splitlines()
    assert both[: len(first)] == first
    assert len(both) == 9  # four more, of the square
    assert run(folder, output) == 0
    assert output.read_text().splitlines() == both


@pytest.mark.usefixtures("light")
def test_figures_of_two_commits_are_not_mixed(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "runs.jsonl"
    output.write_text(json.dumps(line("search", ROW)) + "\n")
    assert run(folder, output) == 2
    assert "was measured with commit 0123" in capsys.readouterr().err
    assert len(output.read_text().splitlines()) == 1


def test_figures_of_edited_code_are_refused(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(release, "about", lambda: {**HERE, "commit": "0123+changes"})
    output = tmp_path / "runs.jsonl"
    assert release.main(["run", "--instances", str(folder), "--output", str(output)]) == 2
    assert "commit solver/ first" in capsys.readouterr().err
    assert not output.exists()


@pytest.mark.usefixtures("light")
def test_the_report_is_made_of_the_lines(folder: Path, tmp_path: Path) -> None:
    version = tmp_path / "0.1.0"
    assert run(folder, version / "runs.jsonl") == 0
    page = tmp_path / "solver.md"
    page.write_text(f"above\n{BEGIN}\nold\n{END}\nbelow\n")
    for _ in range(2):  # again: the old table goes
        assert release.main(["report", str(version), "--page", str(page)]) == 0
    told = (version / "README.md").read_text()
    assert "| answers that break a rule | 0 | 0 |" in told
    assert "| proven in 0.5 s | 2 of 2 | ≥ 47 % |" in told
    assert "| triangle | 3 | 1 | 3000 | 0.00 % | 3000 | proven |" in told
    text = page.read_text()
    assert "old" not in text
    assert text.count("| same loop, compiled and interpreted | yes (1 compared) | yes |") == 1
    assert text.startswith("above\n")
    assert text.endswith("below\n")
    for plot in ("loss.svg", "gap.svg"):
        assert ElementTree.parse(version / plot).getroot().tag.endswith("svg")


def test_losses_are_against_the_best_of_all_runs() -> None:
    """1100 was found in 10 s, so 950 loses 150 of 1100, not 50 of 1000."""
    runs = Runs.of([line("search", ROW), line("search", replace(ROW, score=1100, objective=1100, time_limit_s=10.0))])
    assert [row.loss_percent for row in runs.search] == [pytest.approx(100 * 150 / 1100), 0]
    assert runs.references == {"valley": 1000}


def test_what_one_run_proves_counts_for_all() -> None:
    proof = replace(ROW, score=1000, objective=1000, bound=1000, status="optimal", prove=True)
    assert [row.proven for row in Runs.of([line("search", ROW), line("prove", proof)]).search] == [True]


@pytest.mark.parametrize(
    ("row", "named"),
    [
        (replace(ROW, bound=990), "a bound of 990 was claimed, but a loop of 1000 is known"),
        (replace(ROW, proven=True, score=1010, objective=1010), "1010 was found, but 1000 is on record as proven"),
    ],
)
def test_claims_that_contradict_each_other_are_not_published(row: Measurement, named: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=named):
        write_report([line("search", row)], tmp_path, None)
    assert not list(tmp_path.iterdir())


def test_a_page_without_markers_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing to see\n")
    with pytest.raises(ValueError, match="lacks the markers"):
        write_report([line("search", ROW)], tmp_path, page)
    assert page.read_text() == "nothing to see\n"


def test_a_spoilt_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    path.write_text("{}\n{\n")
    with pytest.raises(release.WrongUse, match=r"runs\.jsonl:2 is not JSON"):
        release.read_lines(path)
