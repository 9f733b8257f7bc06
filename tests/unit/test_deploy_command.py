"""The command line that all targets share: verbs, dry runs, exit codes, and where things are said."""

from __future__ import annotations

import argparse

import pytest

pytest.importorskip("yaml", reason="needs the extra `deploy`")

from deploy import command
from deploy.command import Failed, WrongUse
from deploy.plan import Plan
from deploy.prices import Cost


class Shed:
    """A target that writes down what it is asked for."""

    name = "shed"
    about = "a shed"

    def __init__(self, error: BaseException | None = None) -> None:
        self.done: list[str] = []
        self.error = error

    def options(self, parser: argparse.ArgumentParser, verb: str) -> None:
        command.name_option(parser)
        command.region_option(parser)
        command.wait_option(parser, seconds=60)

    def plan(self, arguments: argparse.Namespace, verb: str) -> Plan:
        return Plan(f"{verb} {arguments.name}", costs=[Cost("planks", 3.0)])

    def _do(self, verb: str) -> str:
        self.done.append(verb)
        if self.error:
            raise self.error
        return "http://shed.example"

    def up(self, arguments: argparse.Namespace) -> str:
        return self._do("up")

    def status(self, arguments: argparse.Namespace) -> str:
        return self._do("status")

    def update(self, arguments: argparse.Namespace) -> str:
        return self._do("update")

    def down(self, arguments: argparse.Namespace) -> None:
        self._do("down")

    def paint(self, arguments: argparse.Namespace) -> str:
        return self._do("paint")


@pytest.mark.parametrize("verb", ["up", "status", "update"])
def test_the_last_line_is_the_address(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    shed = Shed()
    assert command.run(shed, [verb]) == 0
    assert shed.done == [verb]
    assert capsys.readouterr().out == "http://shed.example\n"


def test_costs_are_told_before_anything_is_made(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run(Shed(), ["up"]) == 0
    assert "estimated cost of a month without traffic: 3.00 USD" in capsys.readouterr().err


def test_down_prints_no_address(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run(Shed(), ["down"]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("verb", ["up", "update", "down"])
def test_a_dry_run_does_nothing(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    shed = Shed()
    assert command.run(shed, [verb, "--dry-run", "--name", "tool-shed"]) == 0
    assert shed.done == []
    assert capsys.readouterr().out.startswith(f"{verb} tool-shed\n")


@pytest.mark.parametrize(
    ("error", "code"), [(WrongUse("want a roof"), 2), (Failed("it rained"), 1), (KeyboardInterrupt(), 1)]
)
def test_what_goes_wrong_is_one_line(error: BaseException, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run(Shed(error), ["down"]) == code
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert said[0].startswith("shed down: ")
    assert str(error) in said[0]


def test_a_target_may_have_verbs_of_its_own() -> None:
    shed = Shed()
    assert command.run(shed, ["paint"], more=[("paint", "paint it")]) == 0
    assert shed.done == ["paint"]


@pytest.mark.parametrize("name", ["A", "ab", "-abc", "abc-", "a" * 33, "1abc", "a_b", "a.b"])
def test_names_that_some_platform_refuses(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        command.run(Shed(), ["up", f"--name={name}"])
    assert "want 3 to 32 small letters" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["up", "--wait-s", "-1"], ["up", "--wait-s", "1.5"], ["up", "--dry"], ["fly"], []])
def test_words_that_make_no_sense(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        command.run(Shed(), words)
    assert capsys.readouterr().err.count("\n") == 1
