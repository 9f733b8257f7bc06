"""The comparison as its user has it: the command line, a run against targets of known behaviour, and its questions."""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("aiohttp", reason="needs the extra `compare`")
pytest.importorskip("simpy", reason="needs the extra `compare`")
pytest.importorskip("matplotlib", reason="needs the extra `compare`")

from deploy.compare import __main__ as command
from deploy.compare import comparison, elsewhere, regimes
from deploy.compare.__main__ import main
from deploy.compare.record import read, write
from deploy.compare.summary import REAL, Summary

FAST = regimes.Sizes(
    cold=1, warm=8, burst=4, bursts=1, idle_s=0.1, rates=(4.0,), load_s=2.0, sweep=3, memory_mb=(256, 1024, 3008)
)
DEAD = "http://127.0.0.1:9"  # discard: nobody listens


@pytest.fixture(scope="module")
def known(known_target: Callable[[], AbstractContextManager[str]]) -> Iterator[Callable[[str, str], str]]:
    """Gives the URL at which a target behaves in a known way, with a memory of its own for each caller."""
    with known_target() as url:
        yield lambda who, how: f"{url}/{who}/{how}"


def hasten(patch: pytest.MonkeyPatch) -> None:
    """Simulate less than a user wants: other tests look at that."""
    patch.setattr(
        comparison.summarise, "__kwdefaults__", {**comparison.summarise.__kwdefaults__, "depth": comparison.BRIEF}
    )
    patch.setattr(comparison, "QUESTIONS", ((1e5, 5000.0),))


@pytest.fixture(scope="module")
def run(known: Callable[[str, str], str], tmp_path_factory: pytest.TempPathFactory) -> tuple[int, Path, str]:
    """A comparison of three targets: one that is well, one that answers 500, and one that is dead."""
    folder = tmp_path_factory.mktemp("comparison") / "out"
    seen = tmp_path_factory.mktemp("seen") / "sizes"
    well = known("command", "cold")
    renewed = f"{sys.executable} -c 'import urllib.request as web; web.urlopen(\"{well}/renew\")'"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(regimes, "QUICK", FAST)
        hasten(patch)
        status = main(
            [
                *("--size", "quick", "--output", str(folder), "--seed", "7", "--commit", "abc1234", "--region", "eu-x"),
                # the dead one first: what there is to ask for is then known from another one
                *("--url", f"fargate={DEAD}", "--url", f"lambda={well}", "--url", f"ec2={known('command', 'fails')}"),
                *("--set", "lambda.memory_mb=512", "--resize", f"lambda=echo {{memory_mb}} >> {seen}"),
                *("--renew", f"lambda={renewed}", "--timeout-s", "5"),
            ]
        )
    return status, folder, seen.read_text()


def test_one_command_measures_prices_and_reports(run: tuple[int, Path, str]) -> None:
    status, folder, _ = run
    assert status == 1  # two are of no use, and that is no success
    summary = Summary.read(folder / "summary.json")
    assert summary.about.label == REAL
    assert [one.name for one in summary.targets] == ["fargate", "lambda", "ec2"]  # as they were given
    assert [one.alive for one in summary.targets] == [False, True, False]
    records = list(read(folder / "requests.jsonl"))
    well = [one for one in records if one.target == "lambda"]
    # 1 cold, 8 warm, 4 in the burst, 2 s x 4 under load, and a first one and three at each of three sizes
    assert [sum(one.regime == regime for one in well) for regime in ("cold", "warm", "burst", "load", "sweep")] == [
        *(1, 8, 4, 8, 12)
    ]
    assert not [one.error for one in well if one.error]
    assert {(one.commit, one.region) for one in well} == {("abc1234", "eu-x")}
    assert {one.memory_mb for one in well if one.regime != "sweep"} == {512}
    assert [one.cold for one in well if one.regime == "cold"] == [True]
    page = (folder / "report.html").read_text("utf-8")
    assert REAL in page
    assert "local stand-ins" not in page


def test_the_sweep_gives_each_size_and_then_the_own_one_again(run: tuple[int, Path, str]) -> None:
    assert run[2].split() == ["256", "1024", "3008", "512"]
    summary = Summary.read(run[1] / "summary.json")
    assert [one.memory_mb for one in summary.memory] == [256, 1024, 3008]
    prices = [one.usd_per_million for one in summary.memory]
    assert None not in prices
    # all take as long here, so that more memory is dearer
    assert prices == sorted(prices, key=lambda usd: usd or 0)


def test_what_fails_is_told_and_is_in_no_comparison(run: tuple[int, Path, str]) -> None:
    summary = Summary.read(run[1] / "summary.json")
    faults = {(one.target, one.regime): one for one in summary.faults}
    assert "refused" in faults["fargate", "warm"].text
    assert "500" in faults["ec2", "warm"].text
    broken = [one for one in summary.latencies if one.target == "ec2" and one.kind == "all"]
    assert broken
    assert all(one.failed == one.count and one.p50.ms is None for one in broken)
    assert {one.target for one in summary.bills} == {one.target for one in summary.months} == {"lambda"}
    assert all("lambda" in text for text in summary.answer)


def test_the_report_can_be_made_again(
    run: tuple[int, Path, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, folder, _ = run
    copy, page = tmp_path / "copy", tmp_path / "docs" / "comparison.md"
    copy.mkdir()
    before = Summary.read(folder / "summary.json")
    before.write(copy / "summary.json")
    write(read(folder / "requests.jsonl"), copy / "requests.jsonl")
    with pytest.MonkeyPatch.context() as patch:
        hasten(patch)
        assert main(["report", str(copy), "--docs", str(page)]) == 1
    again = Summary.read(copy / "summary.json")
    assert replace(again, about=before.about) == before
    assert again.about.notes == before.about.notes  # told once, not once more each time
    assert capsys.readouterr().out.splitlines()[-1] == str(copy / "report.html")
    pictures = re.findall(r"\]\((pictures/comparison/[\w-]+\.svg)\)", page.read_text("utf-8"))
    assert pictures
    assert all((page.parent / one).exists() for one in pictures)


def test_a_comparison_is_asked_for_advice(run: tuple[int, Path, str], capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["advise", "--requests-per-month", "10000", "--from", str(run[1] / "summary.json")]
    assert main([*asked, "--p99-ms", "8000", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["take"] == "lambda"
    # trips take 20 ms here: nobody gets half of that, not for money
    assert main([*asked, "--p99-ms", "10"]) == 1
    assert "none" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "want either --local or --url NAME=URL"),
        (["--local", "--url", "ec2=http://a.example"], "want either --local or --url"),
        (["--local", "--set", "ec2.searches=1"], "are for targets given by --url"),
        (["--url", "ec2=http://a.example", "--only", "ec2"], "--only is for --local"),
        (["--url", "ec2"], "--url is 'ec2', want NAME=URL"),
        (["--url", "home=http://a.example"], "'home', want a name that begins with ec2, lambda or fargate"),
        (["--url", "ec2=ftp://a.example"], "want an address such as https://"),
        (["--url", "ec2=http://me:secret@a.example"], "ec2 has a user in it"),
        (["--url", "ec2=http://a.example", "--url", "ec2=http://b.example"], "--url names ec2 twice"),
        (["--url", "ec2=http://a.example", "--set", "searches=1"], "want NAME.FIELD=VALUE"),
        (
            ["--url", "ec2=http://a.example", "--set", "lambda.arch=arm64"],
            "names 'lambda', want one of the targets: ec2",
        ),
        (["--url", "ec2=http://a.example", "--set", "ec2.serches=1"], "did you mean searches?"),
        (["--url", "ec2=http://a.example", "--set", "ec2.searches=two"], "'two', want a whole number"),
        (["--url", "ec2=http://a.example", "--set", "ec2.searches=0"], "searches is 0, want more than 0"),
        (["--url", "ec2=http://a.example", "--set", "ec2.instance=x9.huge"], "no price is known for ec2.x9.huge"),
        (["--url", "lambda=http://a.example", "--set", "lambda.arch=mips"], "arch is 'mips', want x86_64 or arm64"),
        (["--url", "lambda=http://a.example", "--set", "lambda.nat=maybe"], "'maybe', want yes or no"),
        (
            ["--url", "fargate=http://a.example", "--set", "fargate.min_tasks=9"],
            "min_tasks is 9, want at most max_tasks",
        ),
        (["--url", "ec2=http://a.example", "--resize", "ec2=echo {memory_mb}"], "is for a function, and ec2 is none"),
        (["--url", "lambda=http://a.example", "--resize", "lambda=true"], "want a command with {memory_mb} in it"),
        (["--url", "ec2=http://a.example", "--size", "huge"], "invalid choice: 'huge'"),
        (["--url", "ec2=http://a b"], "'http://a b', want an address such as"),
        (["--url", "ec2=http://a.example:99999"], "99999', want an address such as"),
        (["--url", "ec2=http://[::1"], "want an address such as"),
        (
            ["advise", "--requests-per-month", "0", "--p99-ms", "1"],
            "--requests-per-month: is '0', want a number from 1",
        ),
        (["advise", "--requests-per-month", "1e30", "--p99-ms", "1"], "is '1e30', want a number from 1 to 1e+10"),
        (["advise", "--requests-per-month", "1M", "--p99-ms", "1"], "is '1M', want a number from 1"),
        (["advise", "--requests-per-month", "1", "--p99-ms", "nan"], "--p99-ms: is 'nan', want a number from 1"),
        (["advise", "--requests-per-month", "1", "--p99-ms", "1", "--from", "no-such.json"], "there is no such file"),
        (["report", "no-such-folder"], "no-such-folder is no folder of a comparison: summary.json"),
    ],
)
def test_wrong_use_is_told_in_one_line(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if "--from" not in words and words[:1] == ["advise"]:
        words = [*words, "--from", str(_empty(tmp_path))]
    try:
        status = main(words)
    except SystemExit as ended:
        status = int(ended.code or 0)
    told = capsys.readouterr()
    assert status == 2
    assert said in told.err
    assert told.err.count("\n") == 1
    assert "secret" not in told.err
    assert told.out == ""
    assert not list(tmp_path.glob("comparison-*"))  # nothing was begun


def shown() -> Iterator[list[str]]:
    """The words of each `python -m deploy.compare` that a page shows."""
    root = Path(__file__).parents[2]
    for page in (root / "docs/comparison.md", root / "docs/deploy.md", root / "README.md"):
        text = re.sub(r"\\\n\s*", " ", page.read_text("utf-8"))
        for line in re.findall(r"(?m)^ {4}python -m deploy\.compare\b(.*)$", text):
            yield shlex.split(line, comments=True)


def test_every_command_that_the_pages_show_is_one_that_there_is() -> None:
    commands = list(shown())
    assert {words[0] for words in commands} >= {"advise", "report", "--local", "--url"}
    for words in commands:
        verb, options = command.split(words)
        arguments = options.parse_args(words[bool(verb) :])
        if not verb:
            elsewhere.candidates(arguments)


def test_a_comparison_is_never_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "requests.jsonl").write_text("mine\n")
    assert main(["--url", f"ec2={DEAD}", "--output", str(tmp_path)]) == 2
    assert "holds a comparison already" in capsys.readouterr().err
    assert (tmp_path / "requests.jsonl").read_text() == "mine\n"


def test_where_all_are_dead_that_is_all_there_is_to_say(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "out"
    two = ["--url", f"ec2={DEAD}", "--url", "lambda=http://127.0.0.1:9/x"]
    assert main([*two, "--size", "quick", "--output", str(folder)]) == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "ec2: http://127.0.0.1:9 does not answer" in told
    assert "lambda: http://127.0.0.1:9/x does not answer" in told
    assert not folder.exists()


def _empty(folder: Path) -> Path:
    Summary().write(folder / "summary.json")
    return folder / "summary.json"
