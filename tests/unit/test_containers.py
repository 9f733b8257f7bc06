"""What the files about containers say of each other and of the app; nothing is started."""

from __future__ import annotations

import ast
import re
from dataclasses import fields
from pathlib import Path

import pytest

from loopgenie.config import PREFIX, Settings
from loopgenie.problems import KINDS

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"`(tests/[a-z_/]+\.py)::(test_\w+)`")


def test_every_rule_is_shown_by_tests_that_exist() -> None:
    _, _, table = (ROOT / "docs" / "containers.md").read_text("utf-8").partition("## The ten rules")
    rules = [line for line in table.splitlines() if line.startswith("| ") and "---" not in line][1:]
    assert len(rules) == 10
    for rule in rules:
        named = NAMED.findall(rule)
        assert named, rule
        for file, test in named:
            tree = ast.parse((ROOT / file).read_text("utf-8"))
            assert test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, f"{file}::{test}"


def problem_documents() -> list[tuple[str, str]]:
    """(kind, title) of what nginx says by itself."""
    text = (ROOT / "deploy" / "nginx" / "problems.conf").read_text("utf-8")
    return re.findall(r'"type":"/docs/errors/([a-z-]+)","title":"([^"]+)"', text)


@pytest.mark.parametrize(("kind", "title"), problem_documents())
def test_nginx_names_problems_as_the_app_does(kind: str, title: str) -> None:
    assert KINDS[kind].title == title


def test_there_are_problems_of_nginx() -> None:
    assert {kind for kind, _ in problem_documents()} >= {"bad-request", "not-found", "too-large", "method-not-allowed"}


def test_compose_passes_on_settings_that_exist() -> None:
    text = (ROOT / "compose.yaml").read_text("utf-8")
    known = {PREFIX + field.name.upper() for field in fields(Settings)}
    app = text.partition("  app:")[2].partition("  setup:")[0]
    assert set(re.findall(r"^      (LOOPGENIE_\w+):", app, re.MULTILINE)) <= known
    # and those that compose itself reads are told
    told = (ROOT / "docs" / "containers.md").read_text("utf-8")
    for name in set(re.findall(r"\$\{(LOOPGENIE_\w+)", text)):
        assert f"`{name}`" in told, name


def test_nothing_that_may_be_secret_gets_into_an_image() -> None:
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    allowed = {line[1:] for line in ignored if line.startswith("!")}
    assert ignored[1] == "*"  # all, and then these
    assert allowed == {
        *("solver", "loopgenie", "deploy/nginx", "tools/python-headers.sh"),
        *("pyproject.toml", "setup.py", "constraints.txt", "README.md", "LICENSE"),
    }
