"""The stand-ins that the comparison measures: real packages with equal caps, cold when renewed, and nothing is left."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import ask, run, wait_for

from deploy.command import WrongUse
from deploy.compare import setup, standins
from deploy.standin.limits import Limit

pytest.importorskip("zappa", reason="needs the extra `deploy`")
pytest.importorskip("moto", reason="needs the extra `deploy-test`")
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


def trip(url: str, number: int) -> str:
    """Ask for a trip that nobody has asked for; returns Server-Timing."""
    wish = {"location": "45,-30", "drive_km": 20, "hike_km": 12, "seed": number, "time_limit_s": 0.2}
    status, headers, _ = ask(f"{url}/v1/trips", wish)
    assert status == 200
    return headers["server-timing"]


def process_of(timing: str) -> str:
    return re.search('app;desc="([0-9a-f]+)"', timing)[1]  # type: ignore[index]


def test_each_has_its_caps_and_is_cold_when_it_is_renewed(tmp_path: Path, mark: str, record_property: Record) -> None:
    # of one processor and 1770 MB: all for the instance, half for each of two tasks, half for a sandbox
    caps = standins.Caps(cpus=1.0, memory_mb=1770)
    half = Limit(0.5, 885)
    wanted = {"ec2": [Limit(1.0, 1770)], "lambda": [half], "fargate": [half, half]}
    searches = {"ec2": 2, "fargate": 1}
    seen: dict[str, tuple[str, ...]] = {}
    with standins.built(standins.NAMES, caps, folder=tmp_path, say=lambda _: None) as ready:
        for one in ready:
            with one.running() as target:
                timings = [trip(target.url, number) for number in (1, 2)]
                assert "cold;" in timings[0], target.name
                assert list(target.limits().values()) == wanted[target.name]
                assert 20 < target.memory_used_mb() < caps.memory_mb
                assert all(0.1 < seconds < 200 for seconds in target.start_s)
                assert target.setup.kind == target.name
                if not isinstance(target.setup, setup.Lambda):
                    assert target.setup.searches == searches[target.name]
                renew_s = target.renew()
                again = [trip(target.url, number) for number in (3, 4, 5)]
                # of two processes, the first two requests may both be a first one
                assert "cold;" in again[0], target.name
                assert "cold;" not in again[2], target.name
                assert not {process_of(one) for one in timings} & {process_of(one) for one in again}
                if target.resize:
                    small = target.resize(512)
                    assert "cold;" in trip(target.url, 6)
                    # 512 of 1769 MB, which is a processor
                    assert list(small.limits().values()) == [Limit(0.289, 512)]
                    assert (small.memory_mb, small.url) == (512, target.url)
            record_property(
                f"compare {one.name} build_s, start_s, renew_s", f"{one.build_s:.0f}, {target.start_s}, {renew_s:.1f}"
            )
            seen[one.name] = tuple(target.notes)
    assert things(os.getpid(), tmp_path) == set()
    wait_for(lambda: not processes(mark), timeout_s=20, what=f"that all ends, and not {processes(mark)}")


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
    assert things(process.pid, tmp_path) == set()
    wait_for(lambda: not processes(mark), timeout_s=20, what=f"that all ends, and not {processes(mark)}")


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
