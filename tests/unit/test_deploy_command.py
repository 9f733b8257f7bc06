"""The command line that all targets share: verbs, dry runs, exit codes, and where things are said."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable

import pytest

pytest.importorskip("yaml", reason="needs the extra `deploy`")

from deploy import command, values
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


@pytest.mark.parametrize(
    ("value", "text", "becomes"),
    [
        (values.whole(1, 9), "9", 9),
        (values.one_of((1, 30)), "30", 30),
        (values.like("a+", "the like of aa"), "aaa", "aaa"),
        (values.or_none(values.whole(1, 9)), "none", ""),
        (values.or_none(values.whole(1, 9)), "2", 2),
    ],
)
def test_values_that_are_right(value: Callable[[str], object], text: str, becomes: object) -> None:
    assert value(text) == becomes


@pytest.mark.parametrize(
    ("value", "text", "said"),
    [
        (values.whole(1, 9), "10", "is '10', want a whole number from 1 to 9"),
        (values.whole(1, 9), "\u0663", "is '\u0663', want a whole number from 1 to 9"),  # a digit, but not of ours
        (values.one_of((1, 30)), "030", "is '030', want one of 1, 30"),
        (values.like("a+", "the like of aa"), "aab", "is 'aab', want the like of aa"),
        (values.or_none(values.whole(1, 9)), "None", "is 'None', want a whole number from 1 to 9"),
    ],
)
def test_values_that_are_wrong(value: Callable[[str], object], text: str, said: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=f"^{re.escape(said)}$"):
        value(text)
