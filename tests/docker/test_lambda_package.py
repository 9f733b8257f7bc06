"""The Lambda package in Lambda's own runtime: the client and the emulator that AWS ships, in sandboxes with limits."""

from __future__ import annotations

import gzip
import importlib
import json
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import free_port, run, wait_for
from load import Load
from pace import record_pace

from deploy import first_trip, trails
from deploy.command import Failed
from deploy.standin import events, lambda_service

pytest.importorskip("zappa", reason="needs the extra `deploy`")
packaging = importlib.import_module("deploy.lambda.packaging")
smoke = importlib.import_module("deploy.lambda.smoke")

ROOT = Path(__file__).parents[2]
RUNTIMES = ("python3.13", "python3.11")
ENVIRONMENT = {"INSTANTIATE_LAMBDA_HANDLER_ON_IMPORT": "1", "LOOPGENIE_SEARCHES_AT_ONCE": "1"}
PREFIX = "loopgenie-test-sandbox-"
Ask = Callable[[events.Request], events.Answer]
Record = Callable[[str, object], None]
#: Seconds that the command took, by runtime.
TOOK: dict[str, float] = {}


def needs_image(name: str) -> None:
    if subprocess.run(["docker", "image", "inspect", name], capture_output=True, check=False).returncode:
        pytest.skip(f"there is no image {name}")


@pytest.fixture(scope="session")
def packages(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The package of a runtime, made once, by the command that a user gives."""
    folder, made = tmp_path_factory.mktemp("packages"), {}

    def package(runtime: str) -> Path:
        if runtime not in made:
            needs_image(f"amazon/aws-lambda-python:{runtime.removeprefix('python')}")
            file = folder / f"{runtime}.zip"
            command = [sys.executable, "-m", "deploy.lambda.deploy", "package", "--output", str(file)]
            began = time.monotonic()
            done = subprocess.run(
                [*command, "--runtime", runtime], capture_output=True, text=True, check=False, cwd=ROOT, timeout=600
            )
            assert done.returncode == 0, done.stderr
            assert done.stdout.splitlines()[-1] == str(file)
            TOOK[runtime] = time.monotonic() - began
            made[runtime] = file
        return made[runtime]

    return package


@pytest.fixture(scope="session")
def code(packages: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The same, unpacked."""
    made: dict[str, Path] = {}

    def unpacked(runtime: str) -> Path:
        if runtime not in made:
            made[runtime] = tmp_path_factory.mktemp("task")
            made[runtime].chmod(0o755)
            with zipfile.ZipFile(packages(runtime)) as archive:
                archive.extractall(made[runtime])
        return made[runtime]

    # whoever runs in the sandbox has to get at it
    tmp_path_factory.getbasetemp().chmod(0o755)
    tmp_path_factory.getbasetemp().parent.chmod(0o755)
    return unpacked


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_package_holds_what_runs_and_no_more(
    packages: Callable[[str], Path], runtime: str, record_property: Record
) -> None:
    file = packages(runtime)
    if runtime == RUNTIMES[0]:
        record_property("lambda package_mib", round(file.stat().st_size / 2**20, 1))
        record_property("lambda package_s", round(TOOK[runtime]))
    assert file.stat().st_size <= 20 * 1024 * 1024
    names = zipfile.ZipFile(file).namelist()
    tag = f"cpython-{runtime.removeprefix('python').replace('.', '')}-x86_64-linux-gnu.so"
    assert {"handler.py", "apig_handler.py", "lambda_app.py", "zappa_settings.py", "trails.db"} <= set(names)
    assert {f"solver/kernel.{tag}", f"solver/frontier.{tag}"} <= set(names)
    tops = {name.partition("/")[0] for name in names}
    assert not tops & {"gunicorn", "pip", "setuptools", "boto3", "botocore", "troposphere", "tests", "Cython", "bin"}
    assert not [name for name in names if name.endswith((".c", ".pyi")) or ".dist-info" in name]
    assert "package_info.json" not in names  # it tells who built it, and when
    assert not [name for name in names if name.startswith("loopgenie/importing/")]


def test_the_same_sources_make_the_same_package(code: Callable[[str], Path], tmp_path: Path) -> None:
    first = code("python3.11")
    data = Path(shutil.copy(first / "trails.db", tmp_path))
    again = packaging.make(packaging.Recipe(runtime="python3.11", data=data), tmp_path / "again.zip")
    with zipfile.ZipFile(again.file) as archive:
        made = {name: archive.read(name) for name in archive.namelist()}
    # what SQLite copies it marks as changed; the first was made in its place
    copied = trails.copy(data, tmp_path / "copied.db")
    assert made["trails.db"] == copied.read_bytes()
    assert set(made) == {str(file.relative_to(first)) for file in first.rglob("*") if file.is_file()}
    assert [name for name, content in made.items() if (first / name).read_bytes() != content] == ["trails.db"]
    assert list(made) == sorted(made)


def test_a_package_that_does_not_start_is_not_sent(packages: Callable[[str], Path], tmp_path: Path) -> None:
    good, recipe = packages("python3.11"), packaging.Recipe(runtime="python3.11")
    assert {one.handler for one in smoke.check(good, recipe)} == set(packaging.HANDLERS.values())

    def without(pattern: str) -> Path:
        file = tmp_path / "broken.zip"
        with zipfile.ZipFile(good) as archive, zipfile.ZipFile(file, "w") as broken:
            for name in archive.namelist():
                if pattern not in name:
                    broken.writestr(name, archive.read(name))
        return file

    with pytest.raises(Failed, match="No module named 'apig_wsgi'"):
        smoke.check(without("apig_wsgi/"), recipe)
    with pytest.raises(Failed, match="runs the solver interpreted"):
        smoke.check(without("solver/kernel.cpython"), recipe)


@pytest.fixture(scope="module", params=[(r, h) for r in RUNTIMES for h in packaging.HANDLERS], ids="-".join)
def emulator(
    request: pytest.FixtureRequest, code: Callable[[str], Path]
) -> Iterator[Callable[[dict[str, Any]], events.Answer]]:
    """Sends an event to a handler in the emulator that AWS ships."""
    runtime, handler = request.param
    port, name = free_port(), f"{PREFIX}emulator-{runtime[6:]}-{handler}"
    settings = [part for key, value in ENVIRONMENT.items() for part in ("-e", f"{key}={value}")]
    mounted = ["-v", f"{code(runtime)}:/var/task:ro", "-p", f"127.0.0.1:{port}:8080"]
    image = f"amazon/aws-lambda-python:{runtime[6:]}"
    run("docker", "rm", "-f", name, check=False)
    run("docker", "run", "-d", "--name", name, *settings, *mounted, image, packaging.HANDLERS[handler])

    def send(event: dict[str, Any]) -> events.Answer:
        url = f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"
        asked = urllib.request.Request(url, json.dumps(event).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return events.answer(json.load(answer))

    def listens() -> bool:
        try:
            return send(events.http(events.Request("GET", "/healthz"))).status == 200
        except OSError:
            return False

    try:
        wait_for(listens, what="the emulator")
        yield send
    finally:
        run("docker", "rm", "-f", name, check=False)


@pytest.mark.parametrize("kind", events.KINDS)
def test_each_kind_of_gateway_is_understood(emulator: Callable[[dict[str, Any]], events.Answer], kind: str) -> None:
    def ask(request: events.Request) -> events.Answer:
        return emulator(events.KINDS[kind](request))

    talks_as_the_api_does(ask, root="/live" if kind == "rest" else "")


def talks_as_the_api_does(ask: Ask, *, root: str) -> None:
    """Trips, files, compressed answers and errors, byte for byte as a client gets them."""
    health = ask(events.Request("GET", "/healthz"))
    assert health.status == 200
    found = json.loads(ask(events.Request("GET", "/v1/trailheads?bbox=-180,-90,180,90&limit=1")).body)
    lon, lat = found["features"][0]["geometry"]["coordinates"][:2]
    trip = ask(events.trip_request(lon, lat, time_limit_s=0.2))
    assert (trip.status, trip.headers["content-type"].partition(";")[0]) == (200, "application/geo+json")
    loop = json.loads(trip.body)["features"][0]
    line = loop["geometry"]["coordinates"]
    assert line[0] == line[-1]
    # within the window that was asked for: 10 km, 30 % more or less
    assert 7_000 <= loop["properties"]["length_m"] <= 13_000

    link = loop["properties"]["links"]["gpx"].removeprefix(root)
    gpx = ask(events.Request("GET", link))
    assert (gpx.status, gpx.body[:5]) == (200, b"<?xml")
    assert b"<trkpt" in gpx.body
    packed = ask(events.Request("GET", link, headers={"Accept-Encoding": "gzip"}))
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == gpx.body

    for request, status in (
        (events.Request("GET", "/v1/nothing"), 404),
        (events.trip_request(lon, lat, location="Nowhere at all"), 404),
        # the land is no table: no loop of 5 km goes without any ascent
        (events.trip_request(lon, lat, hike_km=5, tolerance=0.1, drive_km=0, max_ascent_m=0), 409),
        (events.trip_request(lon, lat, hike_km=-1), 422),
        (events.Request("POST", "/v1/trips", b"no JSON", {"Content-Type": "application/json"}), 400),
    ):
        answer = ask(request)
        assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json"), request
        assert json.loads(answer.body)["status"] == status


def test_the_links_of_a_rest_api_hold_its_stage(
    emulator: Callable[[dict[str, Any]], events.Answer], request: pytest.FixtureRequest
) -> None:
    page = emulator(events.rest(events.Request("GET", "/")))
    assert page.status == 200
    # apig-wsgi does not tell the app of a stage: the README says to use it behind an HTTP API or a function URL
    assert (b'"/live/' in page.body) == ("apig-wsgi" not in request.node.name)


@pytest.fixture
def sandboxes(code: Callable[[str], Path]) -> Iterator[Callable[..., lambda_service.Service]]:
    """Starts the stand-in of the service on a package, or on a folder with another function."""
    services: list[lambda_service.Service] = []

    def start(folder: Path | None = None, **how: Any) -> lambda_service.Service:
        needs_image("amazon/aws-lambda-python:3.13")
        function = lambda_service.Function(folder or code("python3.13"), environment=ENVIRONMENT, **how)
        services.append(lambda_service.Service(function, prefix=PREFIX))
        return services[-1]

    yield start
    for service in services:
        service.close()


def asker(service: lambda_service.Service) -> Ask:
    def over_http(request: events.Request) -> events.Answer:
        wanted = urllib.request.Request(
            service.url + request.target, request.body or None, dict(request.headers), method=request.method
        )
        try:
            with urllib.request.urlopen(wanted, timeout=60) as answer:
                return events.Answer(answer.status, {n.lower(): v for n, v in answer.headers.items()}, answer.read())
        except urllib.error.HTTPError as error:
            return events.Answer(error.code, {n.lower(): v for n, v in error.headers.items()}, error.read())

    return over_http


@pytest.mark.parametrize("memory_mb", [128, 512])
def test_it_runs_in_little_memory_and_on_a_file_system_that_cannot_be_written(
    sandboxes: Callable[..., lambda_service.Service], memory_mb: int
) -> None:
    service = sandboxes(memory_mb=memory_mb)
    talks_as_the_api_does(asker(service), root="")
    cold = [one for one in service.outcomes if one.init_ms]
    assert len(cold) == 1  # one sandbox served it all, one request after the other
    assert 0 < service.outcomes[-1].memory_mb < 128


def test_a_first_request_is_cold_and_the_second_is_not(sandboxes: Callable[..., lambda_service.Service]) -> None:
    ask = asker(sandboxes())
    first, second = (ask(events.Request("GET", "/healthz")) for _ in range(2))
    assert float(first.headers["x-standin-init-ms"]) > 50
    assert float(second.headers["x-standin-init-ms"]) == 0
    assert first.headers["x-standin-sandbox"] == second.headers["x-standin-sandbox"]


def test_how_fast_it_starts_and_answers(
    sandboxes: Callable[..., lambda_service.Service], record_property: Record
) -> None:
    service = sandboxes()  # one processor
    ask = asker(service)
    assert ask(events.Request("GET", "/readyz")).status == 200
    record_property("lambda healthy_s", round(service.outcomes[0].start_ms / 1000, 2))
    began = time.monotonic()
    assert first_trip.trip(service.url)["features"]
    record_property("lambda first_trip_s", round(time.monotonic() - began, 2))
    record_pace(service.url, "lambda", record_property)
    assert not [one for one in service.outcomes if one.error]


def test_a_new_version_and_a_killed_sandbox_under_load(
    sandboxes: Callable[..., lambda_service.Service], record_property: Record, code: Callable[[str], Path]
) -> None:
    """The stand-in plays what Lambda does then; that no request minds the one, and at most one the other, is ours."""
    service = sandboxes(memory_mb=512)
    with Load(service.url, time_limit_s=1.0) as load:
        load.wait_for(40)
        old = {one.sandbox for one in service.outcomes}
        service.update(lambda_service.Function(code("python3.13"), environment=ENVIRONMENT, memory_mb=1024))
        load.wait_for(60)
    assert not load.failures, load.failures[:5]
    record_property("lambda update_failed", f"{len(load.failures)} of {load.count}")
    assert not {one.sandbox for one in service.outcomes[-20:]} & old
    with Load(service.url, time_limit_s=1.0) as load:
        load.wait_for(20)
        killed = service.outcomes[-1].sandbox
        run("docker", "kill", killed)
        load.wait_for(60)
    record_property("lambda kill_failed", f"{len(load.failures)} of {load.count}")
    assert len(load.failures) <= 1, load.failures[:5]  # the request that was in it


SMALL = {
    "raises": "def lambda_handler(event, context):\n    raise ValueError('boom')\n",
    "dies": "import os\ndef lambda_handler(event, context):\n    os._exit(1)\n",
    "sleeps": "import time\ndef lambda_handler(event, context):\n    time.sleep(30)\n",
    "swallows": "def lambda_handler(event, context):\n    return len(bytearray(10**9))\n",
    "does not load": "import nothing_of_that_name\n",
}


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ("raises", "error: ValueError: boom"),
        ("dies", "Runtime exited"),
        ("sleeps", "Task timed out: after 1.00 seconds"),
        ("swallows", "Runtime exited"),
        ("does not load", "nothing_of_that_name"),
    ],
)
def test_the_stand_in_fails_as_lambda_does(
    sandboxes: Callable[..., lambda_service.Service], tmp_path: Path, what: str, error: str
) -> None:
    (tmp_path / "small.py").write_text(SMALL[what])
    tmp_path.chmod(0o755)
    timeout_s = 1.0 if what == "sleeps" else 20.0
    service = sandboxes(tmp_path, handler="small.lambda_handler", timeout_s=timeout_s, memory_mb=256)
    answer = asker(service)(events.Request("GET", "/"))
    assert answer.status == 502
    assert error in service.outcomes[-1].error


def test_beyond_its_sandboxes_requests_are_turned_away(
    sandboxes: Callable[..., lambda_service.Service], tmp_path: Path
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    (tmp_path / "small.py").write_text(
        "import time\ndef lambda_handler(event, context):\n    time.sleep(1)\n    return {'statusCode': 200}\n"
    )
    tmp_path.chmod(0o755)
    service = sandboxes(tmp_path, handler="small.lambda_handler", sandboxes=2)
    ask = asker(service)
    with ThreadPoolExecutor(4) as pool:
        statuses = sorted(one.status for one in pool.map(ask, [events.Request("GET", "/")] * 4))
    # two sandboxes, each serves one at a time, for a second; the other two find none
    assert statuses == [200, 200, 429, 429]
