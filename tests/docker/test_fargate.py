"""Tasks of Fargate as the template has them, on this machine: they start, answer, are replaced, lost and ended."""

from __future__ import annotations

import copy
import gzip
import json
import os
import platform
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ask, inspected, run, wait_for, wait_until
from load import Load
from pace import TRIPS, record_pace

from deploy import images
from deploy.command import Failed
from deploy.fargate.deploy import TEMPLATE
from deploy.standin import fargate as standin

PREFIX = f"lgf-{os.getpid()}"
ARCH = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
TRIP = {"location": "45,-30", "drive_km": 20, "hike_km": 12}
Record = Callable[[str, object], None]


@pytest.fixture(scope="session")
def app_image(server_image: str, importer_image: str) -> str:
    """The server with the sample in it, as `up` makes it."""
    images.with_trails(server_image, "loopgenie-app:test", arch=ARCH, importer=importer_image)
    return "loopgenie-app:test"


@pytest.fixture(scope="session")
def resources(app_image: str, web_image: str) -> dict[str, Any]:
    """Properties of the template's resources by name, for these images and else with the defaults."""
    chosen = {"Name": "test", "AppImage": app_image, "WebImage": web_image}
    return {one.name: one.properties for one in TEMPLATE.resources(chosen)}


@pytest.fixture
def definition(resources: dict[str, Any]) -> dict[str, Any]:
    return copy.deepcopy(resources["Task"])


@pytest.fixture
def task(definition: dict[str, Any]) -> Iterator[standin.Task]:
    made = standin.Task(f"{PREFIX}-one", definition)
    yield made
    made.remove()


@pytest.fixture(scope="module")
def service(resources: dict[str, Any]) -> Iterator[tuple[standin.Service, str]]:
    """Two healthy tasks behind a load balancer, and its URL; each test leaves two behind, too."""
    with standin.balancer() as (balancer, url):
        made = standin.Service(PREFIX, balancer, resources["Targets"])
        try:
            assert made.deploy(resources["Task"])
            yield made, url
        finally:
            made.remove()


def container(definition: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in definition["ContainerDefinitions"] if one["Name"] == name)


def changed(definition: dict[str, Any], name: str, value: str) -> dict[str, Any]:
    """The next version: the same with another setting of the app."""
    new = copy.deepcopy(definition)
    container(new, "app")["Environment"].append({"Name": name, "Value": value})
    return new


def test_images_are_built_and_tried_before_they_go_anywhere(
    engine: str, tmp_path: Path, record_property: Record
) -> None:
    names = {target: f"{PREFIX}-{target}" for target in ("server", "web", "importer", "app", "bad")}
    try:
        began = time.monotonic()
        for target in ("server", "web", "importer"):
            images.build(target, names[target], arch=ARCH)
        images.with_trails(names["server"], names["app"], arch=ARCH, importer=names["importer"])
        images.try_out(names["app"], names["web"])
        seconds = time.monotonic() - began
        mib = sum(images.size_mb(names[image]) for image in ("app", "web")) * 1e6 / 2**20
        record_property("fargate package_s", f"{seconds:.0f} (what was built before is cached)")
        record_property("fargate package_mib", f"{mib:.0f}")
        broken = tmp_path / "broken.db"
        broken.write_bytes(b"SQLite format 3\0" + bytes(84))
        images.with_trails(names["server"], names["bad"], arch=ARCH, file=broken)
        with pytest.raises(Failed, match="the images do not work"):
            images.try_out(names["bad"], names["web"], timeout_s=3)
    finally:
        images.forget(names.values())
    assert PREFIX not in run("docker", "ps", "-a", "--format", "{{.Names}} {{.Image}}")


def test_a_task_starts_answers_and_ends(task: standin.Task, record_property: Record) -> None:
    healthy_s = task.start()
    url = f"http://{task.address}"
    healthy_s += wait_until(f"{url}/readyz")
    began = time.monotonic()
    status, headers, body = ask(f"{url}/v1/trips", TRIP)
    first_s = time.monotonic() - began
    line = json.loads(body)["features"][0]["geometry"]["coordinates"]
    assert status == 200
    assert line[0] == line[-1]
    assert "x-request-id" in headers  # nginx was in between
    record_pace(url, "fargate", record_property)
    record_property("fargate healthy_s", f"{healthy_s:.1f}")
    record_property("fargate first_trip_s", f"{first_s:.2f}")
    record_property("answer, bytes", len(body))
    record_property("answer, bytes compressed", len(gzip.compress(body)))
    record_property("log, bytes a request", (len(task.logs("web")) + len(task.logs("app"))) // (2 * TRIPS))
    task.stop()
    # nginx first, as it depends on the app; both by themselves and not killed (137) after their time
    assert [(name, code) for name, code, _ in task.ended] == [("web", 0), ("app", 0)]
    assert all(seconds < 20 for _, _, seconds in task.ended)


def test_nobody_can_write_but_where_it_must(task: standin.Task) -> None:
    task.start()
    wait_until(f"http://{task.address}/readyz")
    for name, user in (("app", "10001"), ("web", "nginx")):
        inside = ("docker", "exec", f"{task.name}-{name}", "sh", "-c")
        assert "ead-only file system" in run(*inside, "touch /here 2>&1", check=False)
        assert run(*inside, "id -un 2>/dev/null || id -u", check=False) in (user, "loopgenie")
        assert run(*inside, "grep CapEff /proc/1/status").split()[1] == "0" * 16
        run(*inside, "touch /tmp/here")
    # the app listens inside the task only, and the figures of the operator are not for everybody
    assert ask(f"http://{task.address}/metrics")[0] == 404
    listening = run("docker", "exec", f"{task.name}-app", "python", "-c", _LISTENING)
    assert "0100007F:1F40" in listening  # 127.0.0.1:8000
    assert "00000000:1F40" not in listening


_LISTENING = "print([l.split()[1] for l in open('/proc/net/tcp') if l.split()[3] == '0A'])"


def test_who_asks_is_known_through_both_proxies(
    service: tuple[standin.Service, str],
) -> None:
    # Two proxies are believed, the load balancer and nginx: what a client says of itself is the third and is not.
    _, url = service
    headers = {"X_Forwarded_For": "203.0.113.9", "X_Forwarded_Host": "evil.example"}
    status, _, body = ask(f"{url}/openapi.json", **headers)
    assert status == 200
    assert b"evil.example" not in body
    assert b"203.0.113.9" not in body


def test_a_request_in_flight_is_answered_while_the_task_ends(task: standin.Task) -> None:
    task.start()
    wait_until(f"http://{task.address}/readyz")
    answers: list[int] = []

    def plan() -> None:  # takes 3 s, as `prove` uses what the search leaves
        wish = {**TRIP, "time_limit_s": 3, "hike_km": 25, "prove": True, "alternatives": 3}
        answers.append(ask(f"http://{task.address}/v1/trips", wish)[0])

    asking = threading.Thread(target=plan)
    asking.start()
    time.sleep(0.7)
    assert not answers  # it is still being planned
    task.stop()
    asking.join(40)
    assert answers == [200]


def test_a_database_of_its_own_begins_with_the_sample(
    started: Callable[..., str], app_image: str, importer_image: str, web_image: str, server_image: str
) -> None:
    # What the template does with --rds, but for TLS, which this server has not.
    settings = {"POSTGRES_USER": "loopgenie", "POSTGRES_PASSWORD": "hush", "POSTGRES_DB": "loopgenie"}
    words = [word for name, value in settings.items() for word in ("-e", f"{name}={value}")]
    database = started("postgis/postgis:15-3.4", options=tuple(words))
    address = inspected(database)["NetworkSettings"]["Networks"]["bridge"]["IPAddress"]
    wait_for(lambda: "1" in run("docker", "exec", database, *_ASK_DATABASE, check=False).split(), what="the database")
    chosen = {"Name": "test", "AppImage": server_image, "WebImage": web_image, "ImporterImage": importer_image}
    (definition,) = (one.properties for one in TEMPLATE.resources({**chosen, "Data": "rds"}) if one.name == "Task")
    for one in definition["ContainerDefinitions"]:
        # ECS reads secrets and gives them as variables
        given = [{"Name": secret["Name"], "Value": "hush"} for secret in one.get("Secrets", [])]
        for setting in one.get("Environment", []):
            value = setting["Value"].replace("<Database.Endpoint.Address>", address)
            given.append({"Name": setting["Name"], "Value": value.replace("sslmode=require", "sslmode=disable")})
        one["Environment"] = given
    task = standin.Task(f"{PREFIX}-rds", definition)
    try:
        task.start()
        wait_until(f"http://{task.address}/readyz")
        assert ask(f"http://{task.address}/v1/trips", TRIP)[0] == 200
        assert "hush" not in task.logs("app") + task.logs("data")
    finally:
        task.remove()


_ASK_DATABASE = (
    "env",
    "PGPASSWORD=hush",
    "psql",
    "-h",
    "127.0.0.1",
    "-U",
    "loopgenie",
    "-d",
    "loopgenie",
    "-Atc",
    "SELECT 1",
)


def test_no_request_fails_while_a_version_goes_out(
    service: tuple[standin.Service, str], definition: dict[str, Any], record_property: Record
) -> None:
    made, url = service
    before = [task.name for task in made.tasks]
    with Load(url, time_limit_s=1.0) as load:
        load.wait_for(100)
        assert made.deploy(changed(definition, "LOOPGENIE_PATIENCE_S", "14"))
        load.wait_for(100)
    record_property("fargate update_failed", f"{len(load.failures)} of {load.count}")
    assert not load.failures, load
    assert load.count > 300
    assert not set(before) & {task.name for task in made.tasks}


def test_a_bad_version_is_taken_back_without_a_failed_request(
    service: tuple[standin.Service, str], definition: dict[str, Any], record_property: Record
) -> None:
    made, url = service
    before = [task.name for task in made.tasks]
    said: list[str] = []
    with Load(url, time_limit_s=1.0) as load:
        load.wait_for(100)
        assert not made.deploy(changed(definition, "LOOPGENIE_WORKERS", "many"), say=said.append)
        load.wait_for(100)
    record_property("fargate rollback_failed", f"{len(load.failures)} of {load.count}")
    assert not load.failures, load
    assert [task.name for task in made.tasks] == before
    assert "LOOPGENIE_WORKERS is 'many'" in said[0]


def test_a_killed_app_costs_requests_only_until_its_task_is_replaced(
    service: tuple[standin.Service, str], record_property: Record
) -> None:
    # A load balancer of AWS asks nobody twice: what the killed app was doing is lost, and what comes until ECS has
    # noticed. All of that are answers with 503, and afterwards there are none.
    made, url = service
    with Load(url, time_limit_s=1.0) as load:
        load.wait_for(100)
        made.tasks[0].kill("app")
        wait_for(made.mend, what="the loss is noticed")
        failed = len(load.failures)
        load.wait_for(100)
    record_property("fargate kill_failed", f"{failed} of {load.count}")
    assert load.failures[failed:] == []
    assert set(load.statuses) <= {200, 503}, load
    assert failed < 0.2 * load.count, load
