"""The table of costs in docs/deploy.md is what the targets themselves reckon."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

pytest.importorskip("zappa", reason="needs the extra `deploy`")

PAGE = Path(__file__).parents[2] / "docs" / "deploy.md"


@pytest.mark.parametrize(("folder", "title"), [("ec2", "EC2"), ("lambda", "Lambda"), ("fargate", "Fargate")])
def test_the_table_says_what_a_dry_run_says(folder: str, title: str, capsys: pytest.CaptureFixture[str]) -> None:
    row = next(line for line in PAGE.read_text("utf-8").splitlines() if line.startswith(f"| [{title}]"))
    idle, million = (cell.strip() for cell in row.split("|")[3:5])
    assert importlib.import_module(f"deploy.{folder}.deploy").main(["up", "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert re.search(r"without traffic: (\S+) USD", said)[1] == idle  # type: ignore[index]
    assert re.search(r"of a million trips: (\S+) USD", said)[1] == million  # type: ignore[index]
