"""Every command line and every option that the pages about deploying show is one that there is."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("yaml", reason="needs the extra `deploy`")

from deploy.command import VERBS
from deploy.plan import Plan
from loopgenie import cli

ROOT = Path(__file__).parents[2]
TARGETS = {"ec2": "Ec2", "fargate": "Fargate", "lambda": "Lambda", "swarm": "Swarm"}
OF_THEIR_OWN = ("package", "rollback", "run")
PAGES = [ROOT / "README.md", ROOT / "docs/containers.md", ROOT / "docs/deploy.md"]
PAGES += [ROOT / "deploy" / target / "README.md" for target in TARGETS]
#: How a page may begin a command of ours -> the words that `loopgenie` gets.
OURS = {
    r"(?:sudo -u \S+ )?\S*?\bloopgenie (?=[a-z])": "",
    r"docker compose run --rm setup ": "",
    r"docker compose run --rm import ": "import ",
}


def shown(page: Path) -> Iterator[str]:
    """What stands on a page as code: lines that are indented, those that go on joined, and words in backticks."""
    text = page.read_text("utf-8")
    blocks = re.findall(r"(?m)^ {4}(\S(?:.*\\\n)*.*)$", text)
    yield from (re.sub(r"\s*\\\n\s*", " ", block) for block in blocks)
    yield from (" ".join(words.split()) for words in re.findall(r"`([^`]+)`", re.sub(r"(?m)^ {4}\S.*$", "", text)))


def without_remark(command: str) -> str:
    return shlex.join(shlex.split(command, comments=True))


def commands_of_targets() -> Iterator[tuple[str, str]]:
    """(target, what follows `python -m deploy.TARGET.deploy`); `a | b` are two, and TARGET is any cloud."""
    for page in PAGES:
        for code in shown(page):
            if found := re.match(r"python -m deploy\.(\w+)\.deploy (.+)", code):
                for target in ("ec2", "fargate", "lambda") if found[1] == "TARGET" else (found[1],):
                    yield from ((target, without_remark(one)) for one in found[2].split(" | "))


def commands_of_ours() -> Iterator[str]:
    """What follows `loopgenie`."""
    for page in PAGES:
        for code in shown(page):
            for start, first in OURS.items():
                if found := re.match(start, code):
                    yield first + without_remark(code[found.end() :])


def target_of(name: str) -> type:
    return getattr(importlib.import_module(f"deploy.{name}.deploy"), TARGETS[name])  # type: ignore[no-any-return]


@pytest.mark.parametrize(("name", "words"), sorted(set(commands_of_targets())))
def test_a_command_of_a_target_is_understood(
    name: str, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Plans that ask nobody are really made; everything else is only read."""
    target, split = target_of(name), shlex.split(words)
    for verb in {*VERBS, *OF_THEIR_OWN} & {*dir(target)}:
        monkeypatch.setattr(target, verb, lambda self, arguments: "understood")
    planned = "--dry-run" in split and (name != "lambda" or importlib.util.find_spec("zappa") is not None)
    if not planned:
        monkeypatch.setattr(target, "plan", lambda self, arguments, verb: Plan("understood"))
    assert importlib.import_module(f"deploy.{name}.deploy").main(split) == 0
    assert ("resources:" if planned else "understood") in capsys.readouterr().out


def is_understood(words: list[str]) -> bool:
    """Whether `loopgenie` takes these words; it does nothing."""
    try:
        cli._parser().parse_args(cli._joined(words))
    except SystemExit as end:
        return not end.code
    return True


@pytest.mark.parametrize("words", sorted(set(commands_of_ours())))
def test_a_command_of_loopgenie_is_understood(words: str) -> None:
    split = shlex.split(words)
    if len(split) == 1:  # just its name
        split.append("--help")
    assert is_understood(split)


@pytest.mark.parametrize("name", TARGETS)
def test_options_that_a_page_names_exist(name: str) -> None:
    known = {"--dry-run", "--help"}
    for verb in (*VERBS, *OF_THEIR_OWN):
        parser = argparse.ArgumentParser()
        target_of(name)().options(parser, verb)
        known |= {*parser._option_string_actions}
    spoken = [
        code for code in shown(ROOT / "deploy" / name / "README.md") if re.match(rf"--|({'|'.join(VERBS)})\b", code)
    ]
    assert spoken
    assert {word for code in spoken for word in re.findall(r"(?<!\S)--[a-z-]+", code)} <= known


@pytest.mark.parametrize("name", ["ec2", "fargate"])
def test_a_page_counts_what_is_made(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    (said,) = re.findall(r"(\d+) resources", (ROOT / "deploy" / name / "README.md").read_text("utf-8"))
    assert importlib.import_module(f"deploy.{name}.deploy").main(["up", "--dry-run"]) == 0
    assert f"\n{said} resources:\n" in capsys.readouterr().out


def test_enough_is_found() -> None:
    """A page that is written in another way would otherwise pass unseen."""
    assert {name for name, _ in commands_of_targets()} == set(TARGETS)
    assert len(set(commands_of_targets())) > 20
    assert len(set(commands_of_ours())) > 8
