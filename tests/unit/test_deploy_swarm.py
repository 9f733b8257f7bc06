"""What the swarm is told: the stack as it is filled in, the plan, the secrets, and what is refused beforehand."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import fields
from pathlib import Path

import pytest

from deploy.command import Failed, WrongUse, run
from deploy.swarm import passwords, stack
from deploy.swarm.deploy import Swarm
from deploy.swarm.engine import Engine, engine
from loopgenie.config import Settings, variable

FOLDER = Path(stack.__file__).parent


def wishes(**changes: object) -> stack.Wishes:
    return stack.Wishes(**{"stack": "hike", "image": "loopgenie:1", "replicas": 3, "port": 80, "node": "n1", **changes})  # type: ignore[arg-type]


def dry_run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = run(Swarm(), [*words], more=[("rollback", "…")])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_everything_is_filled_in() -> None:
    whole = stack.document(wishes(every_s=900))
    assert not re.search(r"\$\{?\w", stack.text(whole))
    assert set(whole["services"]) == {"nginx", "app", "redis", "db", "updater"}
    assert whole["services"]["app"]["deploy"]["replicas"] == 3
    assert whole["services"]["nginx"]["ports"] == [{"target": 8080, "published": 80, "protocol": "tcp", "mode": "host"}]
    assert whole["services"]["db"]["deploy"]["placement"]["constraints"] == ["node.id == n1"]


def test_what_is_not_wanted_is_left_out() -> None:
    whole = stack.document(wishes(own_database=False, encrypted=False))
    assert set(whole["services"]) == {"nginx", "app", "redis"}
    assert set(whole["volumes"]) == {"static"}
    assert whole["networks"]["front"]["driver_opts"] == {}


def test_each_service_is_bounded_hardened_and_found_by_dns() -> None:
    for name, service in stack.document(wishes(every_s=60))["services"].items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["deploy"]["endpoint_mode"] == "dnsrr", name
        assert service["deploy"]["resources"]["limits"]["memory"], name
        assert service["deploy"]["resources"]["reservations"]["memory"], name
        assert service["deploy"]["labels"] == {"org.loopgenie.deployment": "hike"}, name
        assert service["logging"]["options"]["max-size"], name
        assert service.get("user") or name == "updater"  # who has the socket is root anyway
        assert service.get("read_only") or name == "db"
    app = stack.document(wishes())["services"]["app"]
    update = app["deploy"]["update_config"]
    assert (update["order"], update["parallelism"], update["failure_action"]) == ("start-first", 1, "rollback")
    assert app["stop_grace_period"] == "25s"


def test_a_config_is_named_after_its_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(FOLDER.parent / "nginx", tmp_path / "nginx")
    shutil.copytree(FOLDER.parent / "postgis", tmp_path / "postgis")
    shutil.copytree(FOLDER, tmp_path / "swarm")
    monkeypatch.setattr(stack, "FOLDER", tmp_path / "swarm")
    before = {name: config["name"] for name, config in stack.document(wishes())["configs"].items()}
    site = tmp_path / "nginx" / "site.conf"
    site.write_text(site.read_text() + "# more\n")
    after = {name: config["name"] for name, config in stack.document(wishes())["configs"].items()}
    assert {name for name in before if before[name] != after[name]} == {"site"}
    assert all(re.fullmatch(r"hike_\w+_[0-9a-f]{12}", name) for name in after.values())


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"image": "a b"}, "--image is 'a b'"),
        ({"image": "x\n    privileged: true"}, "--image is"),
        ({"nginx_image": "$HOME"}, "--nginx-image is"),
        ({"port": 0}, "--port is 0, want 1 to 65535"),
        ({"replicas": 0}, "--replicas is 0"),
    ],
)
def test_nonsense_is_refused(changes: dict[str, object], what: str) -> None:
    with pytest.raises(WrongUse, match=re.escape(what)):
        wishes(**changes)


def test_settings_that_are_handed_on_exist() -> None:
    assert set(stack.HANDED_ON) <= {variable(one.name) for one in fields(Settings)}


def test_all_secrets_of_the_stack_are_made() -> None:
    for own in (True, False):
        whole = stack.document(wishes(own_database=own))
        made = passwords.make("hike", database_url="" if own else "postgresql://a:b@c/d")
        assert set(made) == set(passwords.names("hike", own_database=own))
        assert set(stack.secrets_of(whole)) == set(made) - {"hike_database_owner_url"}  # that one is setup's


def test_secrets_are_long_and_fit_together() -> None:
    made = passwords.make("hike")
    reader = made["hike_database_reader_password"]
    assert re.fullmatch("[0-9a-f]{48}", reader)
    assert made["hike_database_url"] == f"postgresql://loopgenie_app:{reader}@db:5432/loopgenie"
    assert made["hike_database_owner_password"] in made["hike_database_owner_url"]
    assert made["hike_cache_access"].split()[1] in made["hike_cache_url"]
    assert not set(made.values()) & set(passwords.make("hike").values())


def test_the_plan_tells_all_of_it_and_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = dry_run(capsys, "up", "local", "--dry-run", "--image", "you/loopgenie:1", "--update-every", "15m")
    assert code == 0
    for name in (
        "app",
        "nginx",
        "db",
        "redis",
        "updater",
        "setup",
        "front",
        "back",
        "static",
        "database",
        "database_url",
    ):
        assert f"  loopgenie_{name}\n" in out, name
    assert "image: you/loopgenie:1" in out
    assert "root on the machine" in out
    assert "redis://:" not in out
    assert dry_run(capsys, "up", "local", "--dry-run", "--image", "you/loopgenie:1", "--update-every", "15m")[1] == out
    # database, nginx, app, Redis, updater: 0.1 + 0.05 + 3 x 0.1 + 0.05 + 0.01 processors and
    # 256 + 16 + 3 x 160 + 16 + 16 MiB; at most 2 + 1 + 3 x 2 + 0.5 + 0.5 and 1024 + 128 + 3 x 768 + 128 + 128
    assert "reserves 0.5 processors and 0.8 GiB, and may use 10.0 processors and 3.6 GiB" in out
    assert "the data is lost" in dry_run(capsys, "down", "local", "--dry-run", "--volumes")[1]
    assert "keep volumes" in dry_run(capsys, "down", "local", "--dry-run")[1]
    assert "new before old" in dry_run(capsys, "update", "local", "--dry-run")[1]


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["--update-every", "soon", "--image", "a:1"], "want a time such as 15m"),
        (["--update-every", "15m"], "give one with --image"),
        (["--update-every", "15m", "--image", "a:1", "--load"], "give one with --image"),
        (["--database-url-file", "/nowhere"], None),
    ],
)
def test_wrong_use_is_one_line(capsys: pytest.CaptureFixture[str], words: list[str], what: str | None) -> None:
    code, _, err = dry_run(capsys, "up", "local", "--dry-run", *words)
    if what is None:  # a plan reads no secret
        assert code == 0
        return
    assert (code, err.count("\n")) == (2, 1)
    assert what in err


def test_a_url_that_is_none_is_not_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("mysql://me:hunter2@there/x")
    code, _, err = dry_run(capsys, "up", "local", "--database-url-file", str(file))
    assert code == 2
    assert "hunter2" not in err
    assert "holds something else than postgresql://" in err


@pytest.mark.parametrize(
    ("host", "words", "address"),
    [
        ("local", ("docker",), "127.0.0.1"),
        ("me@there", ("docker", "-H", "ssh://me@there"), "there"),
        ("ssh://me@there:2222", ("docker", "-H", "ssh://me@there:2222"), "there"),
        ("ssh://me@[2001:db8::1]:22", ("docker", "-H", "ssh://me@[2001:db8::1]:22"), "[2001:db8::1]"),
    ],
)
def test_hosts(host: str, words: tuple[str, ...], address: str) -> None:
    assert engine(host) == Engine(host, words, address)


@pytest.mark.parametrize("host", ["me@", "ssh://", "ssh://-oProxyCommand=x@y@-z", "a b@c", "ssh://me@there/path"])
def test_hosts_that_are_none(host: str) -> None:
    with pytest.raises(WrongUse, match="want local, user@machine"):
        engine(host)


def test_settings_of_the_operators_own_server_stay_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Docker fills a variable that the stack leaves empty from the environment of whoever deploys it."""
    docker = tmp_path / "docker"
    docker.write_text("#!/bin/sh\nenv\n")
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("LOOPGENIE_DATABASE_URL", "sqlite:///mine.db")
    monkeypatch.setenv("DOCKER_CONFIG", "/somewhere")
    seen = Engine("local", ("docker",), "127.0.0.1").run("stack", "deploy")
    assert "DOCKER_CONFIG=/somewhere" in seen
    assert "LOOPGENIE_" not in seen


def test_dockers_words_come_as_one_line() -> None:
    shell = Engine("there", ("sh", "-c", "echo first >&2; echo 'the trouble' >&2; exit 1"), "there")
    with pytest.raises(Failed, match=r"^docker service ls: the trouble$"):
        shell.run("service", "ls")
    with pytest.raises(WrongUse, match="there is no `docker` here"):
        Engine("there", ("no-such-program-here",), "there").run("info")


def test_the_updater_is_a_sound_script() -> None:
    subprocess.run(["sh", "-n", FOLDER / "updater.sh"], check=True)
    done = subprocess.run(["sh", FOLDER / "updater.sh"], capture_output=True, text=True)
    assert done.returncode != 0
    assert "want updater.sh STACK URL [SECONDS]" in done.stderr
