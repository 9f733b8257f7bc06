"""The images: small, run by nobody, on a read-only disk, gunicorn alone, ready at once and gone when asked."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import HARDENED, ROOT, ask, build, free_port, inspected, logs, run, wait_for, wait_until

BASE = "python:3.11-slim-bookworm"
MB = 1_000_000
BUILT_FROM = ("pyproject.toml", "setup.py", "constraints.txt", "README.md", "LICENSE")

Start = Callable[..., str]
Record = Callable[[str, object], None]

GPX = """<gpx version="1.1" creator="a test" xmlns="http://www.topografix.com/GPX/1/1"><trk><name>Square</name><trkseg>
<trkpt lat="46.00" lon="8.00"/><trkpt lat="46.00" lon="8.01"/><trkpt lat="46.01" lon="8.01"/>
<trkpt lat="46.01" lon="8.00"/><trkpt lat="46.00" lon="8.00"/></trkseg></trk></gpx>"""


def serve(started: Start, image: str, *more: str) -> tuple[str, str]:
    """Start the server as it should be run; gives the container's name and its URL."""
    port = free_port()
    name = started(image, options=(*HARDENED, "-p", f"127.0.0.1:{port}:8000", *more))
    return name, f"http://127.0.0.1:{port}"


def shell(image: str, script: str) -> str:
    return run("docker", "run", "--rm", "--entrypoint", "sh", image, "-c", script, check=False)


def trip(**more: object) -> dict[str, object]:
    return {"location": "45,-30", "drive_km": 20, "hike_km": 12, **more}


# --- what it is made of -------------------------------------------------------------------------------------------


def test_is_small(server_image: str, record_property: Record) -> None:
    whole, base = (inspected(name)["Size"] for name in (server_image, BASE))
    record_property("compose package_mib", f"{whole / 2**20:.0f}")
    record_property("own layers, MB", f"{(whole - base) / MB:.0f}")
    assert whole - base < 50 * MB  # 39 when this was written, 11 of them PostgreSQL's client


def test_dependencies_are_a_layer_of_their_own(server_image: str, tmp_path: Path, record_property: Record) -> None:
    copy = tmp_path / "tree"
    kept = shutil.ignore_patterns(".*", "__pycache__", "*.so", "*.egg-info", "build")
    for folder in ("solver", "loopgenie", "deploy", "tools"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=kept)
    for file in (
        "Dockerfile",
        ".dockerignore",
        "pyproject.toml",
        "setup.py",
        "constraints.txt",
        "README.md",
        "LICENSE",
    ):
        shutil.copy(ROOT / file, copy)
    with (copy / "loopgenie" / "planner.py").open("a") as planner:
        planner.write(f"# changed at {time.time()}\n")
    began = time.monotonic()
    image = build("server", "loopgenie:test-changed", folder=copy)
    seconds = time.monotonic() - began
    before, after = (inspected(name)["RootFS"]["Layers"] for name in (server_image, image))
    run("docker", "rmi", image)
    record_property("compose package_s", f"{seconds:.1f} (one file of ours changed)")
    changed = [i for i, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1]]
    assert changed == [
        len(before) - 2,
        len(before) - 1,
    ]  # our code, and the trial of it
    assert seconds < 30  # 3.5 s when this was written, on two busy cores


def test_has_no_compiler_no_pip_and_nothing_that_is_no_part_of_it(server_image: str) -> None:
    found = shell(
        server_image, "command -v gcc cc c++ make pip pip3 git; ls -A /data /static; ls -d /program/* /program/.*"
    )
    assert sorted(re.findall("/program/(.*)", found)) == sorted(
        [".", "..", "bin", "loopgenie", "solver", *re.findall(r"/program/(loopgenie-.*\.dist-info)", found)]
    )
    assert not re.search("gcc|/cc|make|/pip|git", found)
    for python in ("python", "/usr/local/bin/python3"):
        assert "No module named pip" in shell(server_image, f"{python} -m pip --version")


def test_tells_no_secret(server_image: str) -> None:
    told = run("docker", "history", "--no-trunc", server_image) + str(inspected(server_image)["Config"])
    assert not re.search(r"(?i)passw|secret|token", told)


def test_has_labels(server_image: str) -> None:
    labels = inspected(server_image)["Config"]["Labels"]
    for name in ("title", "description", "licenses", "version", "revision", "created"):
        assert labels[f"org.opencontainers.image.{name}"]


def test_is_nobody_in_particular(server_image: str, importer_image: str, web_image: str) -> None:
    assert shell(server_image, "id -u").strip() == "10001"
    assert shell(importer_image, "id -u").strip() == "10001"
    assert shell(web_image, "id -u").strip() != "0"


def test_the_web_server_reads_both_of_its_files(web_image: str) -> None:
    for file in ("nginx.conf", "docker.conf"):
        said = run("docker", "run", "--rm", *HARDENED, web_image, "-t", "-c", f"/etc/nginx/{file}", check=False)
        assert "test is successful" in said
        assert "warn" not in said


# --- how it runs --------------------------------------------------------------------------------------------------


def test_serves_on_a_read_only_disk(
    started: Start, server_image: str, sample_volume: str, record_property: Record
) -> None:
    began = time.monotonic()
    name, url = serve(started, server_image, "-v", f"{sample_volume}:/data")
    wait_until(f"{url}/readyz")
    record_property("start to ready, s", f"{time.monotonic() - began:.2f}")

    status, headers, body = ask(f"{url}/v1/trips", trip())
    assert (status, headers["content-type"]) == (200, "application/geo+json")
    line = json.loads(body)["features"][0]["geometry"]["coordinates"]
    assert line[0] == line[-1]

    assert "Read-only file system" in run("docker", "exec", name, "touch", "/program/x", check=False)
    wait_for(lambda: inspected(name)["State"]["Health"]["Status"] == "healthy", what="healthy")
    record_property("start to healthy, s", f"{time.monotonic() - began:.2f}")


def test_gunicorn_is_process_1_and_there_is_nothing_else(started: Start, server_image: str, sample_volume: str) -> None:
    name, url = serve(started, server_image, "-v", f"{sample_volume}:/data")
    wait_until(f"{url}/readyz")
    words = run("docker", "exec", name, "cat", "/proc/1/cmdline").split("\0")
    assert words[1:3] == ["-m", "gunicorn"]
    # itself and its one worker, which has the same words
    processes = run("docker", "top", name, "-o", "pid,args").splitlines()[1:]
    processes = [line for line in processes if "loopgenie health" not in line]  # the engine asks now and then
    assert len(processes) == 2
    assert all("gunicorn" in line for line in processes)


def test_logs_go_to_the_engine(started: Start, server_image: str, sample_volume: str) -> None:
    name, url = serve(started, server_image, "-v", f"{sample_volume}:/data")
    wait_until(f"{url}/readyz")
    assert "Listening at" in logs(name)
    written = run("docker", "exec", name, "find", "/tmp", "/data", "-type", "f").split()
    assert not [file for file in written if "log" in Path(file).name.removeprefix("loopgenie")]


def test_a_trip_in_flight_is_answered_when_it_is_asked_to_end(
    started: Start, server_image: str, sample_volume: str
) -> None:
    name, url = serve(started, server_image, "-v", f"{sample_volume}:/data")
    wait_until(f"{url}/readyz")
    answers: list[int] = []
    asking = threading.Thread(target=lambda: answers.append(ask(f"{url}/v1/trips", trip(time_limit_s=3))[0]))
    asking.start()
    time.sleep(1)
    assert not answers  # it is in flight
    began = time.monotonic()
    run("docker", "stop", "-t", "25", name)
    seconds = time.monotonic() - began
    asking.join(10)
    assert answers == [200]
    assert inspected(name)["State"]["ExitCode"] == 0
    assert 1 < seconds < 12  # it had 2 s of searching left, and was not killed after 25


@pytest.mark.parametrize("disk", [(), HARDENED], ids=["as it comes", "read-only"])
def test_without_data_it_says_what_to_do(started: Start, server_image: str, disk: tuple[str, ...]) -> None:
    port = free_port()
    name = started(server_image, options=(*disk, "-p", f"127.0.0.1:{port}:8000"))
    url = f"http://127.0.0.1:{port}"
    wait_until(f"{url}/healthz")
    for path, body in (("/readyz", None), ("/v1/trips", trip())):
        status, headers, answer = ask(f"{url}{path}", body)
        assert (status, headers["content-type"]) == (503, "application/problem+json")
        assert "loopgenie import" in json.loads(answer)["detail"]
    assert ask(f"{url}/")[0] == 200
    assert inspected(name)["State"]["Health"]["Status"] != "healthy"


def test_commands_that_need_the_importers_say_so_in_one_line(server_image: str) -> None:
    said = run("docker", "run", "--rm", server_image, "sample", check=False)
    assert "loopgenie[import]" in said
    assert said.count("\n") == 0


def test_the_importer_imports(engine: str, importer_image: str, server_image: str, tmp_path: Path) -> None:
    (tmp_path / "square.gpx").write_text(GPX)
    tmp_path.chmod(0o755)
    volume = f"loopgenie-test-import-{time.monotonic_ns()}"
    mounts = ("-v", f"{volume}:/data", "-v", f"{tmp_path}:/import:ro")
    try:
        said = run("docker", "run", "--rm", *HARDENED, *mounts, importer_image, "import", "/import/square.gpx")
        assert "square" in said
        listed = run("docker", "run", "--rm", *HARDENED, *mounts, server_image, "regions", "list")
        assert "square" in listed
    finally:
        run("docker", "volume", "rm", "-f", volume)


@pytest.mark.parametrize("extra", [["-e", "LOOPGENIE_PORT=none"], ["-e", "LOOPGENIE_DATABASE_URL=mysql://x"]])
def test_a_wrong_setting_ends_it_with_one_line(server_image: str, extra: list[str]) -> None:
    done = subprocess.run(
        ["docker", "run", "--rm", *extra, server_image], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert done.stderr.strip().count("\n") == 0
    assert "Traceback" not in done.stderr
