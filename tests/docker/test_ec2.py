"""EC2 on a stand-in: the very user data that the template ships boots a Debian, and what happens to it afterwards.

The stand-in has systemd, cloud-init and a second disk, and reaches a stand-in of AWS under AWS's names. It cannot show
NVMe names, the instance's role, Systems Manager (its commands go through the container engine), and how fast AWS is.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

boto3 = pytest.importorskip("boto3", reason="needs the extra `deploy`")
pytest.importorskip("moto", reason="needs the extra `deploy-test`")
from conftest import ask, free_port, run, wait_until  # noqa: E402
from load import Load  # noqa: E402
from pace import new_trip_s, record_pace  # noqa: E402

from deploy import command, stacks  # noqa: E402
from deploy.cloud import Cloud, connect  # noqa: E402
from deploy.command import Failed  # noqa: E402
from deploy.ec2 import bucket, deploy, instance, release  # noqa: E402
from deploy.ec2.wanted import Wanted  # noqa: E402
from deploy.first_trip import trip  # noqa: E402
from deploy.standin import ec2 as standin  # noqa: E402

NAME = f"lge-test-{os.getpid()}"
DOMAIN = "trails.example.org"
Record = Callable[[str, object], None]


@dataclass(frozen=True)
class Running:
    """A deployment: the stand-in of its instance, its bucket, its archive on this machine, and what it took."""

    machine: standin.Instance
    cloud: Cloud
    store: str
    archive: Path
    tls_port: int
    figures: dict[str, float]

    def wanted(self) -> Wanted:
        wanted = bucket.read(self.cloud, self.store, bucket.CURRENT)
        assert wanted
        return wanted

    def versions(self) -> set[str]:
        """What the two of the app run."""
        return set(self.machine.run("sh", "-c", "readlink /opt/loopgenie/slots/800*/release").split())


def ec2(verb: str, *words: str) -> int:
    wait = ("--wait-s", "0") if verb in ("up", "update", "rollback") else ()
    return command.run(deploy.Ec2(), [verb, "--name", NAME, *wait, *words], more=[("rollback", "")])


@pytest.fixture(scope="module")
def running(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A deployment made by the command line, booted in a container."""
    if missing := standin.missing():
        pytest.skip(missing)
    folder = tmp_path_factory.mktemp("region")
    port, tls_port = free_port(), free_port()
    with pytest.MonkeyPatch.context() as patch, standin.region(folder, name=NAME) as region:
        for name, value in region.environment.items():
            patch.setenv(name, value)
        patch.setattr(stacks, "_PAUSE_S", 0.05)
        patch.setattr(deploy, "CACHE", folder / "cache")
        cloud = connect()
        image = cloud.client("ec2").describe_images()["Images"][0]["ImageId"]
        began = time.monotonic()
        assert ec2("up", "--instance", "t3.small", "--image", image) == 0
        up_s = time.monotonic() - began
        (archive,) = (folder / "cache").iterdir()
        shipped = standin.shipped(cloud, NAME)
        began = time.monotonic()
        with standin.boot(region, shipped, name=NAME, port=port, tls_port=tls_port) as machine:
            machine.wait()
            healthy_s = time.monotonic() - began
            figures = {
                "package_s": up_s,
                "package_mib": archive.stat().st_size / 2**20,
                "healthy_s": healthy_s,
                "first_trip_s": new_trip_s(machine.url),
            }
            patch.setattr(instance, "run", _on(machine))
            # it is healthy before all of its first start is done
            assert "status: done" in machine.run("cloud-init", "status", "--wait")
            yield Running(machine, cloud, shipped.bucket, archive, tls_port, figures)


def _on(machine: standin.Instance) -> Callable[..., str]:
    """What Systems Manager would run, through the engine; failures are told as the script tells them."""

    def run_there(cloud: Cloud, identity: str, line: str, *, timeout_s: int = 1200) -> str:
        try:
            return machine.run("bash", "-c", line, timeout_s=timeout_s)
        except Failed as error:
            told = [one for one in str(error).splitlines() if "NOT INSTALLED" in one]
            raise Failed(f"{told[-1] if told else error}") from None

    return run_there


def test_it_boots_and_finds_a_loop(running: Running, record_property: Record) -> None:
    assert '"compiled"' in ask(f"{running.machine.url}/v1/info")[2].decode()
    loop = trip(running.machine.url)["features"][0]
    assert loop["geometry"]["coordinates"][0] == loop["geometry"]["coordinates"][-1]
    assert running.machine.run("systemctl", "--failed", "--no-legend") == ""
    for name, digits in {"package_mib": 1, "package_s": 0, "healthy_s": 0, "first_trip_s": 2}.items():
        record_property(f"ec2 {name}", f"{running.figures[name]:.{digits}f}")
    assert running.figures["package_mib"] < 20


def test_nginx_serves_files_and_speaks_in_problem_documents(running: Running) -> None:
    url = running.machine.url
    page = ask(url)[2].decode()
    asset = next(word for word in page.split('"') if "/static/" in word and word.endswith("loopgenie.js"))
    status, headers, body = ask(f"{url}{asset}", Accept_Encoding="gzip")
    assert (status, headers["cache-control"]) == (200, "public, max-age=31536000, immutable")
    assert b"function" in gzip.decompress(body)
    assert running.machine.run("sh", "-c", f"test -f {asset} && echo there") == "there"
    status, headers, _ = ask(f"{url}/metrics")
    assert (status, headers["content-type"]) == (404, "application/problem+json")
    status, headers, body = ask(f"{url}/v1/trips", {"location": "Nowhere at all"})
    assert (status, headers["content-type"]) == (422, "application/problem+json")


def test_the_app_has_a_user_of_its_own_and_hears_nginx_only(running: Running) -> None:
    users = running.machine.run("ps", "-C", "gunicorn,loopgenie,python3", "-o", "user:20=,args=")
    assert {line.split()[0] for line in users.splitlines() if "loopgenie.wsgi" in line} == {"loopgenie"}
    listening = running.machine.run("ss", "-Hltn")
    open_ports = set(re.findall(r"(?:0\.0\.0\.0|\[::\]|\*):(\d+)\s", listening))
    assert open_ports == {"80"}
    assert {"127.0.0.1:8001", "127.0.0.1:8002"} <= set(re.findall(r"127\.0\.0\.1:\d+", listening))
    show = running.machine.run("systemctl", "show", "loopgenie@8001", "-p", "NoNewPrivileges,ProtectSystem,PrivateTmp")
    assert set(show.splitlines()) == {"NoNewPrivileges=yes", "ProtectSystem=strict", "PrivateTmp=yes"}


def test_the_data_lies_on_the_volume(running: Running) -> None:
    files = running.machine.run("sh", "-c", "mountpoint -q /var/lib/loopgenie && ls /var/lib/loopgenie/data").split()
    assert running.wanted().data.removeprefix("data/") in files


def test_how_fast_trips_are_answered(running: Running, record_property: Record) -> None:
    record_pace(running.machine.url, "ec2", record_property)


def test_an_app_that_is_killed_is_back_and_nobody_notices(running: Running, record_property: Record) -> None:
    with Load(running.machine.url) as load:
        load.wait_for(50)
        before = running.machine.run("systemctl", "show", "loopgenie@8001", "-p", "MainPID", "--value")
        running.machine.run("systemctl", "kill", "-s", "KILL", "--kill-who=all", "loopgenie@8001")
        running.machine.run("bash", "-c", "until curl -fs 127.0.0.1:8001/readyz; do sleep 0.1; done", timeout_s=60)
        load.wait_for(100)
    after = running.machine.run("systemctl", "show", "loopgenie@8001", "-p", "MainPID", "--value")
    assert before != after
    record_property("ec2 kill_failed", f"{len(load.failures)} of {load.count}")
    assert load.failures == []


def test_stopping_lets_a_trip_in_flight_end(running: Running) -> None:
    """A search of 3 s is under way when the app is told to stop."""
    body = json.dumps({"location": _a_place(running), "drive_km": 15, "hike_km": 12, "time_limit_s": 3, "seed": 77})
    asking = (
        f"curl -s -o /dev/null -w '%{{http_code}} %{{time_total}}' 127.0.0.1:8002/v1/trips "
        f"-H 'Content-Type: application/json' -d '{body}' & sleep 1; systemctl stop loopgenie@8002; wait; "
        "systemctl start loopgenie@8002"
    )
    status, seconds = running.machine.run("bash", "-c", asking).split()
    assert status == "200"
    assert 2.0 < float(seconds) < 20  # it did search, and was not cut off


def _a_place(running: Running) -> str:
    name: str = json.loads(ask(f"{running.machine.url}/v1/places?q=e&limit=1")[2])["features"][0]["properties"]["name"]
    return name


# --- new versions ---------------------------------------------------------------------------------------------------


def test_an_update_fails_no_request(running: Running, record_property: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    before = running.versions()
    fresh = _variant(running, "good", {"requirements.txt": lambda text: text + b"\n"})
    _release_is(fresh, monkeypatch)
    with Load(running.machine.url) as load:
        load.wait_for(50)
        assert ec2("update") == 0
        load.wait_for(50)
    after = running.versions()
    assert len(after) == 1
    assert after != before
    record_property("ec2 update_failed", f"{len(load.failures)} of {load.count}")
    assert load.failures == []
    assert running.wanted().release == f"releases/{fresh.name}"


def test_bad_versions_change_nothing(
    running: Running, record_property: Record, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """One that ends at once, one that starts and answers no trip, one whose settings nginx does not take."""
    before, wanted = running.versions(), running.wanted()
    failed = count = 0
    bad: dict[str, dict[str, Callable[[bytes], bytes]]] = {
        "ends": {"wheels/loopgenie-": _in_wheel("loopgenie/wsgi.py", b"\nraise SystemExit('broken on purpose')\n")},
        "no-trip": {"wheels/loopgenie-": _in_wheel("loopgenie/planner.py", b"\ndef plan_trip(*_, **__):\n    1 / 0\n")},
        "no-nginx": {"nginx/upstream.conf": lambda text: text + b"\nno_such_word;\n"},
    }
    for name, changes in bad.items():
        _release_is(_variant(running, name, changes), monkeypatch)
        with Load(running.machine.url) as load:
            load.wait_for(20)
            assert ec2("update") == 1, name
            load.wait_for(20)
        failed, count = failed + len(load.failures), count + load.count
        last = capfd.readouterr().err.strip().splitlines()[-1]
        assert "NOT INSTALLED" in last, name
        assert "what ran before goes on" in last, name
        assert load.failures == [], name
        assert running.versions() == before, name
        assert running.wanted() == wanted, name
    record_property("ec2 rollback_failed", f"{failed} of {count}")
    assert running.machine.run("systemctl", "--failed", "--no-legend") == ""
    running.machine.run("nginx", "-tq")


def test_rollback_goes_back(running: Running) -> None:
    before = running.versions()
    assert ec2("rollback") == 0
    assert running.versions() != before
    assert running.wanted().release == f"releases/{running.archive.name}"


def test_a_reboot_brings_all_of_it_back(running: Running) -> None:
    running.machine.run("touch", "/var/lib/loopgenie/data/kept")
    run("docker", "restart", "-t", "40", running.machine.name)
    wait_until(f"{running.machine.url}/readyz", timeout_s=120)
    trip(running.machine.url)
    assert running.machine.run("sh", "-c", "mountpoint -q /var/lib/loopgenie && ls /var/lib/loopgenie/data/kept")
    for unit in ("loopgenie@8001", "loopgenie@8002", "nginx", "loopgenie-data"):
        assert running.machine.run("systemctl", "is-active", unit) == "active"


def test_the_user_data_may_run_again(running: Running) -> None:
    before = running.machine.run("systemctl", "show", "loopgenie@8001", "-p", "MainPID", "--value")
    said = running.machine.run("bash", "/var/lib/cloud/instance/user-data.txt")
    assert said.splitlines()[-1] == "loopgenie: READY"
    # nothing was new, so nothing was started again
    assert running.machine.run("systemctl", "show", "loopgenie@8001", "-p", "MainPID", "--value") == before


def test_a_certificate_is_used(running: Running) -> None:
    """Let's Encrypt cannot be asked here; with a certificate in its place everybody is sent to TLS."""
    live = f"/etc/letsencrypt/live/{DOMAIN}"
    running.machine.run("mkdir", "-p", live)
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={DOMAIN}"]
    made = Path(run("mktemp", "-d"))
    run(
        *make,
        "-addext",
        f"subjectAltName=DNS:{DOMAIN}",
        "-keyout",
        made / "privkey.pem",
        "-out",
        made / "fullchain.pem",
    )
    for file in ("privkey.pem", "fullchain.pem"):
        run("docker", "cp", made / file, f"{running.machine.name}:{live}/{file}")
    wanted = replace(running.wanted(), domain=DOMAIN, email="me@example.org")
    bucket.write(running.cloud, running.store, bucket.NEXT, wanted)
    running.machine.run("loopgenie-update", bucket.NEXT)
    # the old workers of nginx may still have the port for a moment
    head = ["curl", "-s", "-o", "/dev/null", "--resolve", f"{DOMAIN}:{running.tls_port}:127.0.0.1"]
    trusted = [*head, "--cacert", str(made / "fullchain.pem")]
    for _ in range(50):
        if run(*trusted, "-w", "%{http_code}", f"https://{DOMAIN}:{running.tls_port}/readyz", check=False) == "200":
            break
        time.sleep(0.2)
    written = run(*trusted, "-D", "-", f"https://{DOMAIN}:{running.tls_port}/")
    assert written.startswith("HTTP/2 200")
    assert "strict-transport-security: max-age=31536000" in written.lower()
    sent = run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", f"{running.machine.url}/docs?a=1")
    assert sent == f"301 https://{DOMAIN}/docs?a=1"
    old = run(*trusted, "--tls-max", "1.1", "-w", "%{http_code}", f"https://{DOMAIN}:{running.tls_port}/", check=False)
    assert old.endswith("000")


# --- made from the release that is there ----------------------------------------------------------------------------


def _release_is(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command line take an archive for what this checkout gives."""
    monkeypatch.setattr(release, "name", lambda recipe: archive.name)
    monkeypatch.setattr(release, "fetch", lambda *_: archive)


def _variant(running: Running, name: str, changes: dict[str, Callable[[bytes], bytes]]) -> Path:
    """Another release: this one with files changed, named by how their names begin."""
    target = running.archive.parent / f"{name}-{running.archive.name}"
    changed = set()
    with tarfile.open(running.archive) as old, tarfile.open(target, "w:gz") as new:
        for entry in old:
            reader = old.extractfile(entry)
            assert reader
            contents = reader.read()
            for start, change in changes.items():
                if entry.name.startswith(start):
                    contents = change(contents)
                    changed.add(start)
            entry.size = len(contents)
            new.addfile(entry, io.BytesIO(contents))
    assert changed == set(changes)
    return target


def _in_wheel(file: str, more: bytes) -> Callable[[bytes], bytes]:
    """Add lines to a module of a wheel."""

    def change(wheel: bytes) -> bytes:
        made = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(wheel)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
            for entry in old.infolist():
                new.writestr(entry, old.read(entry) + (more if entry.filename == file else b""))
        return made.getvalue()

    return change
