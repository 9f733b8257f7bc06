"""Fargate without a cloud: what is chosen, what is made of it, what ECS says, and names of images."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("yaml", reason="needs the extra `deploy`")

from deploy import images
from deploy.command import Failed, WrongUse
from deploy.fargate import choices, rollout
from deploy.fargate import deploy as fargate
from deploy.prices import total

CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"


def arguments(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    choices.options(parser)
    return parser.parse_args(words)


def chosen(*words: str, **before: str) -> dict[str, str]:
    return choices.parameters(arguments(*words), {**fargate._defaults(), **before})


def made(*words: str) -> dict[str, dict[str, Any]]:
    """Properties of what is made for some options, by name."""
    named = {"Name": "n", "AppImage": "app:1", "WebImage": "web:1", "ImporterImage": "imp:1"}
    return {one.name: dict(one.properties) for one in fargate.TEMPLATE.resources({**chosen(*words), **named})}


def containers(*words: str) -> dict[str, dict[str, Any]]:
    return {one["Name"]: one for one in made(*words)["Task"]["ContainerDefinitions"]}


# --- choices ------------------------------------------------------------------------------------------------------


def test_what_is_not_said_stays_as_it_is() -> None:
    assert chosen(MinTasks="4")["MinTasks"] == "4"
    assert chosen("--min-tasks", "3", MinTasks="4")["MinTasks"] == "3"
    assert chosen()["Architecture"] == "X86_64"
    assert chosen("--arch", "arm64")["Architecture"] == "ARM64"


def test_the_shares_of_capacity_make_a_whole() -> None:
    found = chosen("--spot-share", "70")
    assert (found["SpotShare"], found["RegularShare"]) == ("70", "30")


@pytest.mark.parametrize(
    ("words", "right"),
    [
        (["--cpu", "256", "--memory-mb", "4096"], "want 512 to 2048 in steps of 1024 with --cpu 256"),
        (["--cpu", "1024", "--memory-mb", "2500"], "want 2048 to 8192"),
        (["--min-tasks", "7"], "is more than --max-tasks 6"),
        (["--night-tasks", "9"], "is more than --max-tasks 6"),
        (["--database-secret", "my-secret"], "wants the ARN"),
        (
            ["--database-secret", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-abcdef:url::"],
            "wants the ARN",
        ),
        (["--certificate", "mine", "--domain", "a.example"], "want the ARN of a certificate"),
        (["--certificate", CERTIFICATE], "--certificate and --domain belong together"),
        (["--domain", "a.example"], "--certificate and --domain belong together"),
        (["--zone", "Z1"], "--zone needs --domain"),
        (["--vpc", "vpc-1"], "--vpc and --subnets belong together"),
        (["--vpc", "vpc-1", "--subnets", "subnet-1"], "want two or more"),
        (["--vpc", "vpc-1", "--subnets", "subnet-1,subnet-2", "--rds"], "needs --database-subnets"),
        (["--data", "s3://bucket"], "want s3://BUCKET/KEY"),
        (["--data", "s3://Bad_Bucket/key"], "want s3://BUCKET/KEY"),
        (["--data", "/nowhere.db"], "is no file"),
        (["--data", __file__], "holds no trails"),
    ],
)
def test_what_does_not_go_together_is_refused_with_what_would(words: list[str], right: str) -> None:
    with pytest.raises(WrongUse) as error:
        chosen(*words)
    assert right in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "words",
    [["--cpu", "500"], ["--min-tasks", "0"], ["--cpu-target", "100"], ["--night-begins", "22:00"],
     ["--timezone", "Mars/Base"], ["--log-days", "2"], ["--rds", "--data", "sample"]],
)  # fmt: skip
def test_words_that_make_no_sense(words: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        arguments(*words)


def test_a_certificate_of_another_region() -> None:
    found = chosen("--certificate", CERTIFICATE, "--domain", "a.example")
    choices.check_region(found, "eu-west-1")
    with pytest.raises(WrongUse, match="want one in us-east-1"):
        choices.check_region(found, "us-east-1")


def test_trails_in_the_image_have_to_be_at_hand_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choices.trails, "check", lambda file: None)
    file = tmp_path / "a.db"
    file.write_text("trails")
    found = chosen("--data", str(file))
    assert (found["Data"], found["Trails"]) == ("image", "a.db")
    assert choices.file_of_trails(arguments("--data", str(file)), found) == file
    with pytest.raises(WrongUse, match="say --data FILE again"):
        choices.file_of_trails(arguments(), found)
    assert choices.file_of_trails(arguments(), chosen()) is None  # the sample can be made again


def test_a_database_is_not_taken_away_in_passing() -> None:
    with pytest.raises(WrongUse, match="run down first"):
        choices.check_change({"Data": "rds"}, chosen("--data", "sample"))
    choices.check_change({}, chosen("--rds"))


def test_what_a_month_costs() -> None:
    # two tasks of half a processor at 0.04048 and 1 GB at 0.004445, a load balancer at 0.0225, an address for each task
    # and for each of its two zones at 0.005, 730 hours; 4 alarms and 1 GB of images at 0.10
    expected = 730 * (0.04048 + 2 * 0.004445 + 0.0225 + 4 * 0.005) + 5 * 0.10
    assert total(choices.costs(chosen())) == pytest.approx(expected)
    # a database: 0.016 an hour, 20 GB at 0.115, a secret at 0.40
    assert total(choices.costs(chosen("--rds"))) == pytest.approx(expected + 730 * 0.016 + 20 * 0.115 + 0.40)
    assert total(choices.costs(chosen("--arch", "arm64"))) < expected


def test_a_price_that_is_not_known_is_said() -> None:
    found = chosen("--rds", "--database-class", "db.r8g.48xlarge")
    assert any("no price is known for db.r8g.48xlarge" in note for note in choices.notes(found))


def test_notes_tell_what_one_should_know() -> None:
    assert any("plain HTTP" in note for note in choices.notes(chosen()))
    secure = choices.notes(chosen("--certificate", CERTIFICATE, "--domain", "a.example"))
    assert not any("plain HTTP" in note for note in secure)
    assert any("has to be pointed" in note for note in secure)
    assert any("503" in note for note in choices.notes(chosen("--night-tasks", "0")))
    assert any("snapshot" in note for note in choices.notes(chosen("--rds")))


# --- the template -------------------------------------------------------------------------------------------------


def test_tasks_are_hardened() -> None:
    for words in ([], ["--rds"]):
        all_made = made(*words)
        for task in ("Task", *(["Importer"] if words else [])):
            for one in all_made[task]["ContainerDefinitions"]:
                assert one["ReadonlyRootFilesystem"] is True, one["Name"]
                assert one["LinuxParameters"] == {"Capabilities": {"Drop": ["ALL"]}}, one["Name"]
                # root only opens the folders, and ends
                assert (one["User"] == "0") == (one["Name"] == "folders"), one["Name"]


def test_nginx_waits_for_a_healthy_app_and_ends_before_it() -> None:
    found = containers()
    assert found["web"]["DependsOn"] == [{"ContainerName": "app", "Condition": "HEALTHY"}]
    assert found["app"]["HealthCheck"]["Command"] == ["CMD", "loopgenie", "health"]
    assert found["app"]["StopTimeout"] > 20  # gunicorn's own
    assert found["web"]["StopTimeout"] > 35  # the longest trip
    delay = {one["Key"]: one["Value"] for one in made()["Targets"]["TargetGroupAttributes"]}
    assert int(delay["deregistration_delay.timeout_seconds"]) > 35


def test_two_proxies_are_believed() -> None:
    app = {one["Name"]: one["Value"] for one in containers()["app"]["Environment"]}
    assert app["LOOPGENIE_TRUSTED_PROXIES"] == "2"
    assert app["LOOPGENIE_HOST"] == "127.0.0.1"


@pytest.mark.parametrize(
    ("words", "url", "image", "command"),
    [
        ([], "sqlite:////trails/loopgenie.db", "app:1", ["--version"]),
        (
            ["--data", "s3://bucket/a/b.db"],
            "sqlite:////data/loopgenie.db",
            "public.ecr.aws/aws-cli/aws-cli:",
            ["s3", "cp", "--only-show-errors", "s3://bucket/a/b.db", "/data/loopgenie.db"],
        ),
        (
            ["--rds"],
            "postgresql://loopgenie@<Database.Endpoint.Address>:5432/loopgenie?sslmode=require",
            "imp:1",
            ["sample", "--if-empty"],
        ),
    ],
)
def test_where_the_trails_are(words: list[str], url: str, image: str, command: list[str]) -> None:
    found = containers(*words)
    assert {one["Name"]: one["Value"] for one in found["app"]["Environment"]}["LOOPGENIE_DATABASE_URL"] == url
    assert found["data"]["Image"].startswith(image)
    assert found["data"]["Command"] == command


def statements(role: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What a role may do, by the name of the statement."""
    return {one["Sid"]: one for policy in role.get("Policies", []) for one in policy["PolicyDocument"]["Statement"]}


def test_a_secret_is_no_setting() -> None:
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:url-abcdef"
    found = made("--database-secret", arn)
    app = next(one for one in found["Task"]["ContainerDefinitions"] if one["Name"] == "app")
    assert app["Secrets"] == [{"Name": "LOOPGENIE_DATABASE_URL", "ValueFrom": arn}]
    assert "LOOPGENIE_DATABASE_URL" not in [one["Name"] for one in app["Environment"]]
    assert statements(found["StartRole"])["ReadDatabaseUrl"]["Resource"] == arn
    always = {"LogInToRegistry", "FetchImages", "WriteLogs"}
    assert set(statements(made()["StartRole"])) == always
    assert set(statements(made("--rds")["StartRole"])) == {*always, "ReadPassword"}
    assert "Secrets" not in containers()["app"]


def test_tasks_may_read_no_more_than_their_trails() -> None:
    assert statements(made()["TaskRole"]) == {}
    statement = statements(made("--data", "s3://bucket/a.db")["TaskRole"])["ReadTrails"]
    assert statement["Action"] == "s3:GetObject"
    assert statement["Resource"] == "arn:<AWS::Partition>:s3:::bucket/a.db"


def test_tls_where_there_is_a_certificate() -> None:
    plain = made()
    assert plain["Http"]["DefaultActions"][0]["Type"] == "forward"
    assert "Https" not in plain
    assert "ToHttps" not in plain
    secure = made("--certificate", CERTIFICATE, "--domain", "a.example", "--zone", "Z1")
    rule = secure["ToHttps"]
    assert rule["ListenerArn"] == "<Http>"
    assert rule["Conditions"][0]["PathPatternConfig"]["Values"] == ["*"]
    assert rule["Actions"][0]["RedirectConfig"]["Protocol"] == "HTTPS"
    # the service waits for this listener, and is refused while its targets have no load balancer
    assert secure["Http"]["DefaultActions"] == [{"Type": "forward", "TargetGroupArn": "<Targets>"}]
    assert "Http" in fargate.TEMPLATE.body["Resources"]["Service"]["DependsOn"]
    assert secure["Https"]["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    assert secure["Record"]["Name"] == "a.example"


def test_a_floor_at_night() -> None:
    assert "ScheduledActions" not in made()["Scaling"]
    night, day = made("--night-tasks", "1", "--timezone", "Europe/Andorra")["Scaling"]["ScheduledActions"]
    assert (night["ScalableTargetAction"]["MinCapacity"], day["ScalableTargetAction"]["MinCapacity"]) == ("1", "2")
    assert night["Timezone"] == "Europe/Andorra"
    assert night["ScalableTargetAction"]["MaxCapacity"] == "6"
    # scaling by load never ends the last task, so none may be allowed
    nobody, _ = made("--night-tasks", "0")["Scaling"]["ScheduledActions"]
    assert nobody["ScalableTargetAction"] == {"MinCapacity": "0", "MaxCapacity": 0}


def test_nothing_with_a_public_address_comes_before_the_gateway() -> None:
    """AWS refuses a load balancer in a network without one, and to take the gateway away while there is one."""
    resources = fargate.TEMPLATE.body["Resources"]
    assert [resources[name]["DependsOn"] for name in ("PublicA", "PublicB")] == ["GatewayAttachment"] * 2
    assert {"Ref": "PublicA"} in resources["Balancer"]["Properties"]["Subnets"]["Fn::If"][1]


def test_the_template_is_small_enough_to_be_sent() -> None:
    assert len(fargate.TEMPLATE.text.encode()) < 51_200  # CloudFormation's limit for a body


def test_the_database_is_kept_safe() -> None:
    found = made("--rds")["Database"]
    assert found["StorageEncrypted"] is True
    assert found["PubliclyAccessible"] is False
    assert found["BackupRetentionPeriod"] == 7
    assert fargate.TEMPLATE.body["Resources"]["Database"]["DeletionPolicy"] == "Snapshot"


# --- the roll-out -------------------------------------------------------------------------------------------------


def service(**more: Any) -> dict[str, Any]:
    primary = {
        "status": "PRIMARY",
        "taskDefinition": "arn:aws:ecs:x:1:task-definition/n-fargate:7",
        "rolloutState": "COMPLETED",
        "rolloutStateReason": "done",
    }
    return {"runningCount": 2, "desiredCount": 2, "deployments": [primary], "events": [], **more}


def target(state: str) -> dict[str, Any]:
    return {"TargetHealth": {"State": state}}


def test_a_service_is_steady_when_all_of_one_version_is_healthy() -> None:
    healthy = [target("healthy")] * 2
    assert rollout.read(service(), healthy).steady
    assert not rollout.read(service(runningCount=1), healthy).steady
    assert not rollout.read(service(), [target("healthy"), target("initial")]).steady
    two = [*service()["deployments"], {"status": "ACTIVE"}]
    assert not rollout.read(service(deployments=two), healthy).steady
    text = rollout.read(service(), [target("healthy"), target("draining")]).text()
    assert text == "2 of 2 tasks run n-fargate:7 (COMPLETED); targets: 1 draining, 1 healthy"


class Silent:
    """A cloud in which ECS has stopped one task."""

    def client(self, _: str) -> Silent:
        return self

    def list_tasks(self, **_: object) -> dict[str, Any]:
        return {"taskArns": ["a", "b"]}

    def describe_tasks(self, **_: object) -> dict[str, Any]:
        bad = {
            "stoppedAt": 1,
            "stoppedReason": "Essential container in task exited",
            "containers": [{"name": "web"}, {"name": "app", "exitCode": 2}],
        }
        old = {"stoppedAt": 2, "stoppedReason": "Scaling activity initiated by deployment"}
        return {"tasks": [bad, old]}


def test_a_version_that_was_taken_back_is_told_in_the_words_of_ecs(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = {
        "status": "PRIMARY",
        "taskDefinition": "n-fargate:8",
        "rolloutState": "FAILED",
        "rolloutStateReason": "ECS deployment circuit breaker: tasks failed to start.",
    }
    events = [
        {"message": "(service n) has reached a steady state."},
        {"message": "(service n) was unable to place a task"},
    ]
    state = rollout.read(service(deployments=[failed], events=events), [])
    monkeypatch.setattr(rollout, "state", lambda *_: state)
    with pytest.raises(Failed) as error:
        rollout.wait(Silent(), {"Cluster": "c"}, at_least=1, timeout_s=1, say=lambda _: None)  # type: ignore[arg-type]
    assert str(error.value) == (
        "the version did not go out: ECS deployment circuit breaker: tasks failed to start.; "
        "the last task stopped: Essential container in task exited, app ended with 2; "
        "(service n) was unable to place a task"
    )


def test_waiting_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    state = rollout.read(service(runningCount=1), [target("healthy")])
    monkeypatch.setattr(rollout, "state", lambda *_: state)
    monkeypatch.setattr(rollout, "_PAUSE_S", 0.01)
    with pytest.raises(Failed, match=r"not steady after 0 s: 1 of 2 tasks"):
        rollout.wait(Silent(), {"Cluster": "c"}, at_least=1, timeout_s=0, say=lambda _: None)  # type: ignore[arg-type]


# --- images -------------------------------------------------------------------------------------------------------


def test_the_name_of_an_image_is_made_from_what_is_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "ROOT", tmp_path)
    monkeypatch.setattr(images, "_sources", lambda: [tmp_path / "a.py"])
    (tmp_path / "a.py").write_text("1")
    first = images.tag(arch="x86_64")
    assert first == images.tag(arch="x86_64")
    assert len(first) == 16
    assert images.tag(arch="arm64") != first
    trails = tmp_path / "t.db"
    trails.write_text("trails")
    assert images.tag(arch="x86_64", trails=trails) != first
    (tmp_path / "a.py").write_text("2")
    assert images.tag(arch="x86_64") != first


def test_an_image_is_made_of_sources_only() -> None:
    names = [path.relative_to(images.ROOT).as_posix() for path in images._sources()]
    assert {"Dockerfile", "solver/kernel.py", "deploy/nginx/site.conf", "loopgenie/wsgi.py"} <= set(names)
    assert not [n for n in names if n.endswith((".so", ".pyc", ".c")) or "__pycache__" in n]


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program `docker` that writes down its words, what it reads and DOCKER_CONFIG, and can be told to fail."""
    log = tmp_path / "log"
    program = tmp_path / "docker"
    program.write_text(
        "#!/bin/sh\n"
        f'echo "$* config=$DOCKER_CONFIG" >>{log}\n'
        f'case "$1" in login) echo "read $(cat)" >>{log};; context) echo unix:///run/x.sock;; esac\n'
        f"test ! -e {tmp_path}/fails || {{ cat {tmp_path}/fails >&2; exit 1; }}\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv("DOCKER_CONFIG", raising=False)
    return log


def test_a_password_is_in_no_command_line_and_not_kept(docker: Path) -> None:
    images.push(["registry.example/n/app:1", "registry.example/n/web:1"], user="AWS", password="hush")
    said = docker.read_text().splitlines()
    assert [line for line in said if "hush" in line] == ["read hush"]
    login = next(line for line in said if line.startswith("login"))
    assert login.startswith("login --username AWS --password-stdin registry.example config=")
    assert not Path(login.rsplit("config=", 1)[1]).exists()  # went with the folder
    assert [line.split()[2] for line in said if line.startswith("push")] == [
        "registry.example/n/app:1",
        "registry.example/n/web:1",
    ]


def test_what_docker_refuses_is_one_line(docker: Path) -> None:
    (docker.parent / "fails").write_text("#1 [internal]\nfirst trouble\nERROR: no space left on device\n")
    with pytest.raises(Failed, match=r"^n:1 cannot be built: ERROR: no space left on device$"):
        images.build("server", "n:1", arch="x86_64")
    (docker.parent / "fails").write_text("exec /bin/sh: exec format error\n")
    with pytest.raises(Failed, match="runs no programs for arm64"):
        images.build("server", "n:1", arch="arm64")
    with pytest.raises(images.NoDocker, match="Docker does not answer: exec /bin/sh"):
        images.check_docker()


def test_without_docker_one_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(images.NoDocker, match="say with --image"):
        images.check_docker()


# --- dry runs -----------------------------------------------------------------------------------------------------


def test_a_dry_run_tells_every_resource(capsys: pytest.CaptureFixture[str]) -> None:
    assert fargate.main(["up", "--dry-run", "--rds", "--region", "eu-west-1"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("make loopgenie on AWS Fargate in eu-west-1\n")
    for template in (fargate.REGISTRY, fargate.TEMPLATE):
        for name, one in template.body["Resources"].items():
            if one.get("Condition") in (None, "OwnNetwork", "OwnNetworkAndRds", "DataRds"):
                assert f"  + {one['Type']}  {name}\n" in text
    assert "estimated cost of a month without traffic" in text


def test_a_dry_run_of_down_takes_away(capsys: pytest.CaptureFixture[str]) -> None:
    assert fargate.main(["down", "--dry-run"]) == 0
    assert "  - AWS::ECS::Service  Service" in capsys.readouterr().out


def test_images_from_elsewhere_have_to_be_named_all(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["up", "--dry-run", "--image", "a/b:1", "--data", "s3://bucket/a.db"]
    assert fargate.main(words) == 2
    assert "so --web-image is needed, too" in capsys.readouterr().err
    assert fargate.main([*words, "--web-image", "a/web:1"]) == 0
    assert "AWS::ECR::Repository" not in capsys.readouterr().out
