"""The stand-ins that the comparison measures: real packages with equal caps, cold when renewed, and nothing is left."""

from __future__ import annotations

import os
import platform
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import run, wait_for

pytest.importorskip("zappa", reason="needs the extra `deploy`")
pytest.importorskip("moto", reason="needs the extra `deploy-test`")
pytest.importorskip("simpy", reason="needs the extra `compare`")
from deploy.command import WrongUse
from deploy.compare import standins
from deploy.compare.comparison import REQUESTS, SUMMARY
from deploy.compare.record import read
from deploy.compare.regimes import QUICK
from deploy.compare.summary import LOCAL, Summary
from deploy.setup import Ec2, Fargate

ROOT = Path(__file__).parents[2]
Record = Callable[[str, object], None]
Start = Callable[..., tuple[subprocess.Popen[str], str]]


@pytest.fixture(autouse=True, scope="module")
def _all_is_there(engine: str) -> None:
    try:
        standins.check()
    except WrongUse as error:
        pytest.skip(str(error))


@pytest.fixture
def mark(monkeypatch: pytest.MonkeyPatch) -> str:
    """A word in the environment of all processes that the test starts, and of no others."""
    word = uuid.uuid4().hex
    monkeypatch.setenv("LOOPGENIE_TEST_MARK", word)
    return word


def things(process: int, folder: Path) -> set[str]:
    """Containers, networks, volumes, images, loop devices and control groups of the stand-ins of a process."""
    prefix = f"lgcmp-{process}-"
    found = {line for line in run("losetup", "-ln", "-O", "BACK-FILE").splitlines() if str(folder) in line}
    found |= {str(path) for path in Path("/sys/fs/cgroup").glob(f"*/{prefix}*")}
    for kind in (("ps", "-a"), ("network", "ls"), ("volume", "ls")):
        column = "{{.Names}}" if kind[0] == "ps" else "{{.Name}}"
        found |= set(run("docker", *kind, "--filter", f"name={prefix}", "--format", column).split())
    return found | set(run("docker", "images", "-q", f"{prefix}*").split())


def processes(mark: str) -> list[str]:
    """The command lines of what runs, this process apart, with the word in its environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if folder.name != str(os.getpid()) and mark.encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return [one for one in found if "resource_tracker" not in one]  # multiprocessing's, which ends with its maker


def test_one_command_compares_the_three(tmp_path: Path, mark: str, record_property: Record) -> None:
    folder, scratch = tmp_path / "comparison", tmp_path / "scratch"
    scratch.mkdir()
    command = [sys.executable, "-m", "deploy.compare", "--local", "--size", "quick", "--output", str(folder)]
    began = time.monotonic()
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(scratch)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        out, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    assert out.splitlines()[-1] == str(folder / "report.html")
    found = Summary.read(folder / SUMMARY)
    records = list(read(folder / REQUESTS))
    assert found.about.label == LOCAL
    # of one processor and 1770 MB: all for the instance, half for each of two tasks, half for a sandbox
    half = "0.5 processor, 885 MB"
    assert [(one.name, one.caps) for one in found.targets] == [
        ("ec2", "1 processor, 1770 MB"),
        ("lambda", half),
        ("fargate", f"2 x {half}"),
    ]
    for target in found.targets:
        own = [one for one in records if one.target == target.name]
        assert sum(bool(one.error) for one in own) <= 0.05 * len(own), [one.error for one in own]
        # it was renewed before each of them
        assert [one.cold for one in own if one.regime == "cold"] == [True] * QUICK.cold, target.name
        assert [one.cold for one in own if one.regime == "warm"][2:] == [False] * (QUICK.warm - 2), target.name
        assert target.start_s
        assert all(0.1 < seconds < 200 for seconds in target.start_s)
        assert 20 < (target.memory_used_mb or 0) < 1770
        record_property(f"compare {target.name} start_s", [round(seconds, 1) for seconds in target.start_s])
    # what is priced is of the architecture that was measured: this machine's
    arch = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
    assert {one.setup.arch for one in found.targets if one.setup} == {arch}
    # one search at a time in each of two processes, and in a task
    assert [one.setup.searches for one in found.targets if isinstance(one.setup, Ec2 | Fargate)] == [2, 1]
    sizes = {one.memory_mb for one in records if one.regime == "sweep" and not one.error}
    assert set(QUICK.memory_mb) <= sizes
    page = (folder / "report.html").read_text("utf-8")
    assert LOCAL in page
    assert not re.search(r"""(src|href)=["']https?://[^"']+\.(js|css|png)""", page)
    record_property("compare --local --size quick, s", round(time.monotonic() - began))
    assert list(scratch.iterdir()) == []
    assert things(process.pid, scratch) == set()
    wait_for(lambda: not processes(mark), timeout_s=20, what=f"that all ends, and not {processes(mark)}")


def test_what_is_wrong_is_said_before_anything_is_built() -> None:
    with pytest.raises(WrongUse, match=r"caps of 1\.0 processors and 512 MB: want 1769 MB"):
        standins.Caps(cpus=1.0, memory_mb=512)
    with pytest.raises(WrongUse, match="there is no stand-in 'swarm', want some of ec2, lambda, fargate"):
        standins.check(["swarm"])


_DRIVER = """
import sys, time
from pathlib import Path
from deploy.compare import standins
folder, names = Path(sys.argv[1]), sys.argv[2:]
with standins.built(names, standins.Caps(), folder=folder, say=lambda text: print(text, flush=True)) as ready:
    with ready[0].running() as target:
        print("runs at", target.url, flush=True)
        time.sleep(600)
"""


@pytest.fixture
def driven(tmp_path: Path, mark: str) -> Iterator[Start]:
    """Starts stand-ins in a process of their own and waits for a line of it."""
    started: list[subprocess.Popen[str]] = []

    def start(*names: str, until: str) -> tuple[subprocess.Popen[str], str]:
        command = [sys.executable, "-c", _DRIVER, str(tmp_path), *names]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True)
        started.append(process)
        assert process.stdout
        said = next((line for line in process.stdout if until in line), None)
        assert said, "it has ended before"
        return process, said.strip()

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("names", "until", "pause_s"),
    [
        (("lambda", "fargate"), "fargate: packaging", 4.0),
        (("ec2",), "starts for the first time", 3.0),
        (("fargate",), "runs at", 0.0),
    ],
    ids=["packaging", "booting", "running"],
)
def test_ctrl_c_leaves_nothing(
    driven: Start, tmp_path: Path, mark: str, names: tuple[str, ...], until: str, pause_s: float
) -> None:
    process, _ = driven(*names, until=until)
    time.sleep(pause_s)
    # as a terminal does: to the whole group
    os.killpg(process.pid, signal.SIGINT)
    process.wait(90)
    # an instance that is just booting takes longer to go than who has asked for it
    wait_for(lambda: not processes(mark), timeout_s=90, what=f"that all ends, and not {processes(mark)}")
    # the engine may still be removing what it was told to remove
    wait_for(lambda: not things(process.pid, tmp_path), timeout_s=60, what="that nothing is left")


def test_a_kill_in_the_middle_of_many_requests_leaves_nothing(driven: Start, tmp_path: Path, mark: str) -> None:
    """Sandboxes are still being made when whoever measures is gone."""
    process, said = driven("lambda", until="runs at")
    assert len(processes(mark)) >= 2
    url = said.removeprefix("runs at ")
    askers = [subprocess.Popen(["curl", "-s", "-o", "/dev/null", f"{url}/readyz"], env={}) for _ in range(4)]
    time.sleep(0.3)
    process.kill()
    process.wait()
    wait_for(lambda: not processes(mark), timeout_s=60, what=f"that all ends, and not {processes(mark)}")
    assert things(process.pid, tmp_path) == set()
    for one in askers:
        one.wait(10)
