"""The verbs on Fargate, against the stand-in of AWS; images are neither built nor pushed here."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploy import health, images, trails
from deploy.cloud import connect, tag_list, tags
from deploy.command import Failed
from deploy.fargate import deploy as fargate
from deploy.template import Template

boto3 = pytest.importorskip("boto3", reason="needs the extra `deploy`")

REGION = "us-east-1"
#: What moto's CloudFormation does not know: it skips them and says that all is made.
UNKNOWN_TO_MOTO = {
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::SecretsManager::Secret",
}
#: What it makes, and lists without the name in the template.
NAMELESS_IN_MOTO = {"AWS::IAM::Policy", "AWS::Route53::RecordSet"}


@pytest.fixture
def docker(aws: str, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """Stands for Docker: writes down what it is asked for; what is pushed is in the registry."""
    done: list[tuple[str, ...]] = []

    def push(references: list[str], *, user: str, password: str) -> None:
        assert user == "AWS"
        assert password
        for reference in references:
            done.append(("push", reference))
            repository, _, tag = reference.partition("/")[2].partition(":")
            put_image(repository, tag)

    def with_trails(server: str, reference: str, **more: Any) -> None:
        done.append(("trails", Path(more.get("file") or "sample").name))

    monkeypatch.setattr(images, "check_docker", lambda: done.append(("check",)))
    monkeypatch.setattr(images, "build", lambda target, reference, arch: done.append(("build", target, arch)))
    monkeypatch.setattr(images, "with_trails", with_trails)
    monkeypatch.setattr(images, "try_out", lambda app, web: done.append(("try",)) or 1.0)
    monkeypatch.setattr(images, "name", lambda image, reference: done.append(("name", image, reference)))
    monkeypatch.setattr(images, "push", push)
    monkeypatch.setattr(images, "forget", lambda names: None)
    return done


def put_image(repository: str, tag: str) -> None:
    kind = "application/vnd.docker.distribution.manifest.v2+json"
    manifest = json.dumps(
        {"schemaVersion": 2, "mediaType": kind, "config": {"digest": f"{repository}:{tag}"}, "layers": []}
    )
    boto3.client("ecr").put_image(repositoryName=repository, imageTag=tag, imageManifest=manifest)


def call(*words: str) -> int:
    return fargate.main([*words[:1], "--name", "hikes", "--region", REGION, *words[1:]])


def up(*words: str) -> int:
    # the stand-in runs nothing, so nobody ever answers
    return call("up", "--wait-s", "0", *words)


def network() -> tuple[str, str]:
    """The network that every account has, and two of its subnets."""
    ec2 = boto3.client("ec2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    return vpc, ",".join(one["SubnetId"] for one in ec2.describe_subnets()["Subnets"][:2])


def in_network() -> list[str]:
    vpc, subnets = network()
    return ["--vpc", vpc, "--subnets", subnets]


def parameters(stack: str = "hikes-fargate") -> dict[str, str]:
    found = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    return {one["ParameterKey"]: one["ParameterValue"] for one in found["Parameters"]}


def one_line(capsys: pytest.CaptureFixture[str], verb: str) -> str:
    """The last line of stderr, which must be the error itself and no traceback."""
    said = capsys.readouterr().err
    assert "Traceback" not in said
    last = said.splitlines()[-1]
    assert last.startswith(f"fargate {verb}: ")
    return last


# --- up -----------------------------------------------------------------------------------------------------------


def test_up_makes_all_and_says_where(docker: list[tuple[str, ...]], capsys: pytest.CaptureFixture[str]) -> None:
    assert up() == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[-1].startswith("http://")
    assert out.splitlines()[-1].endswith("elb.amazonaws.com")
    assert "estimated cost of a month" in err
    assert [one[:2] for one in docker if one[0] in ("build", "trails", "try")] == [
        ("build", "server"),
        ("build", "web"),
        ("build", "importer"),
        ("trails", "sample"),
        ("try",),
    ]
    assert [one[1].partition("/")[2].partition(":")[0] for one in docker if one[0] == "push"] == [
        "hikes/app",
        "hikes/web",
    ]


@pytest.mark.parametrize("wish", ["image", "image and HTTPS", "s3", "secret", "rds"])
def test_every_resource_of_the_template_is_made(
    wish: str,
    docker: list[tuple[str, ...]],
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    words: list[str] = []
    if wish == "image and HTTPS":
        certificate = boto3.client("acm").request_certificate(DomainName="hikes.example")["CertificateArn"]
        zone = boto3.client("route53").create_hosted_zone(Name="hikes.example", CallerReference="1")["HostedZone"]["Id"]
        words = ["--certificate", certificate, "--domain", "hikes.example", "--zone", zone.rsplit("/", 1)[-1]]
    elif wish == "s3":
        words = ["--data", "s3://trails/andorra.db"]
    elif wish == "secret":
        words = ["--database-secret", f"arn:aws:secretsmanager:{REGION}:123456789012:secret:url-abcdef"]
    elif wish == "rds":
        # in a network that is there, as moto makes no subnet that two conditions have to allow
        words = [*in_network(), "--database-subnets", network()[1], "--rds", "--bucket", "trails"]
        # moto makes no secret, and then takes no policy about one
        arn = f"arn:aws:secretsmanager:{REGION}:123456789012:secret:password-abcdef"
        text = fargate.TEMPLATE.text.replace("Resource: !Ref DatabasePassword", f"Resource: {arn}")
        assert text != fargate.TEMPLATE.text
        monkeypatch.setattr(fargate, "TEMPLATE", Template(text, fargate.TEMPLATE.body))
    assert up("--night-tasks", "1", *words) == 0
    count = 0
    for stack, template in (("hikes-fargate-registry", fargate.REGISTRY), ("hikes-fargate", fargate.TEMPLATE)):
        made = {
            one["LogicalResourceId"]
            for page in boto3.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
            for one in page["StackResourceSummaries"]
        }
        wanted = template.resources(parameters(stack), region=REGION, stack=stack)
        count += len(wanted)
        missing = {one.name: one.kind for one in wanted if one.name not in made}
        assert {kind for kind in missing.values() if kind not in UNKNOWN_TO_MOTO | NAMELESS_IN_MOTO} == set(), missing
        assert made - {""} <= {one.name for one in wanted}
    if wish == "image":
        record_property("fargate made", count)


def test_up_again_changes_nothing_and_builds_nothing(docker: list[tuple[str, ...]]) -> None:
    assert up("--min-tasks", "3") == 0
    before = parameters()
    docker.clear()
    assert up() == 0
    assert docker == []  # the images are there under the name of their content
    assert parameters() == before
    assert before["MinTasks"] == "3"  # what is not said again stays


def test_everything_has_our_tags(docker: list[tuple[str, ...]]) -> None:
    assert up() == 0
    for stack in ("hikes-fargate-registry", "hikes-fargate"):
        found = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["Tags"]
        assert {"Key": "loopgenie", "Value": "hikes"} in found
        assert {"Key": "loopgenie:target", "Value": "fargate"} in found


def test_a_file_of_trails_goes_into_the_image_and_is_asked_for_again(
    docker: list[tuple[str, ...]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "andorra.db"
    trails.sample(file)
    assert up("--data", str(file)) == 0
    assert ("trails", "andorra.db") in docker
    assert ("build", "importer", "x86_64") not in docker  # nobody has to make a sample
    assert call("update", "--wait-s", "0") == 2
    assert "andorra.db in its image: say --data FILE again" in one_line(capsys, "update")


def test_failure_in_the_middle_and_again(
    docker: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise Failed("docker push did not work: connection reset by peer")

    with monkeypatch.context() as broken:
        broken.setattr(images, "push", refuse)
        assert up() == 1
    assert "connection reset by peer" in one_line(capsys, "up")
    assert boto3.client("cloudformation").describe_stacks(StackName="hikes-fargate-registry")["Stacks"]
    assert up() == 0  # goes on from there


def test_images_from_elsewhere_need_no_docker_and_no_registry(docker: list[tuple[str, ...]]) -> None:
    words = ["--image", "ghcr.io/o/loopgenie:1.2.3", "--web-image", "ghcr.io/o/loopgenie-web:1.2.3"]
    assert up("--data", "s3://trails/andorra.db", *words) == 0
    assert docker == []
    assert parameters()["AppImage"] == "ghcr.io/o/loopgenie:1.2.3"
    assert boto3.client("ecr").describe_repositories()["repositories"] == []


def test_an_image_from_elsewhere_carries_no_trails(
    docker: list[tuple[str, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert up("--image", "ghcr.io/o/loopgenie:1.2.3", "--web-image", "ghcr.io/o/loopgenie-web:1.2.3") == 2
    assert "--data s3://BUCKET/KEY, --database-secret or --rds" in one_line(capsys, "up")


# --- what goes wrong ----------------------------------------------------------------------------------------------


def test_a_stack_of_somebody_else_is_left_alone(
    docker: list[tuple[str, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    text = "Resources: {Topic: {Type: AWS::SNS::Topic}}"
    boto3.client("cloudformation").create_stack(StackName="hikes-fargate", TemplateBody=text)
    for verb, words in (("up", ["--wait-s", "0"]), ("update", ["--wait-s", "0"]), ("down", [])):
        assert call(verb, *words) == 2
        assert "choose another --name" in one_line(capsys, verb)


def test_the_name_of_a_repository_is_taken(docker: list[tuple[str, ...]], capsys: pytest.CaptureFixture[str]) -> None:
    boto3.client("ecr").create_repository(repositoryName="hikes/app")
    assert up() == 2
    assert "choose another --name" in one_line(capsys, "up")


def test_no_credentials(aws: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert up() == 2
    assert "there are no AWS credentials" in one_line(capsys, "up")


def test_no_such_region(aws: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert fargate.main(["up", "--region", "mars-north-1"]) == 2
    assert "mars-north-1 is no AWS region" in one_line(capsys, "up")


def test_a_certificate_of_another_region(aws: str, capsys: pytest.CaptureFixture[str]) -> None:
    arn = "arn:aws:acm:eu-west-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
    assert up("--certificate", arn, "--domain", "hikes.example") == 2
    assert "lies in eu-west-1, want one in us-east-1" in one_line(capsys, "up")


def test_status_and_update_of_nothing(aws: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("status") == 1
    assert "there is no hikes in us-east-1" in one_line(capsys, "status")
    assert call("update") == 2
    assert "run up first" in one_line(capsys, "update")


# --- status, update, run, down ------------------------------------------------------------------------------------


def test_status_tells_what_there_is_and_asks_it(
    docker: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []

    def nobody(url: str, **_: object) -> float:
        asked.append(url)
        raise Failed(f"{url} does not answer")

    monkeypatch.setattr(health, "wait_until_ready", nobody)
    assert up() == 0
    url = capsys.readouterr().out.strip()
    assert call("status") == 1
    assert asked == [url]
    said = capsys.readouterr().err
    assert "stack hikes-fargate: CREATE_COMPLETE" in said
    assert "of 0 tasks run hikes-fargate:1" in said
    assert "trails: image sample; log: /loopgenie/hikes-fargate" in said
    monkeypatch.setattr(health, "wait_until_ready", lambda url, **_: 0.0)
    assert call("status") == 0
    assert capsys.readouterr().out == f"{url}\n"


def test_update_to_a_tag_that_is_there_and_to_one_that_is_not(
    docker: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # moto would update what is not there as its condition does not hold, and miss the database in it
    body = json.loads(json.dumps(fargate.TEMPLATE.body))
    body["Resources"] = {n: one for n, one in body["Resources"].items() if "Rds" not in one.get("Condition", "")}
    del body["Outputs"]["Importer"]
    monkeypatch.setattr(fargate, "TEMPLATE", Template(json.dumps(body), body))
    assert up("--cpu", "1024", "--memory-mb", "2048") == 0
    for repository in ("hikes/app", "hikes/web"):
        put_image(repository, "older")
    docker.clear()
    assert call("update", "--wait-s", "0", "--image", "older") == 0
    assert docker == []
    now = parameters()
    assert now["AppImage"].endswith("hikes/app:older")
    assert (now["Cpu"], now["Memory"]) == ("1024", "2048")
    assert call("update", "--wait-s", "0", "--image", "never") == 2
    assert "no tag of hikes/app" in one_line(capsys, "update")


def test_a_database_is_not_taken_away_by_an_update(
    docker: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fargate, "_before", lambda stack: {"Data": "rds"} if stack else {})
    assert up() == 0
    assert call("update", "--wait-s", "0", "--data", "sample") == 2
    assert "which that would remove" in one_line(capsys, "update")


def test_run_needs_a_database(docker: list[tuple[str, ...]], capsys: pytest.CaptureFixture[str]) -> None:
    assert up() == 0
    assert call("run", "--", "regions", "list") == 2
    assert "has no database of its own" in one_line(capsys, "run")


def test_down_leaves_nothing(
    docker: list[tuple[str, ...]],
    capsys: pytest.CaptureFixture[str],
    record_property: Callable[[str, object], None],
) -> None:
    assert up(*in_network()) == 0
    ecr = boto3.client("ecr")
    for repository in ("hikes/app", "hikes/web"):  # moto does not know EmptyOnDelete
        ecr.batch_delete_image(
            repositoryName=repository, imageIds=ecr.list_images(repositoryName=repository)["imageIds"]
        )
    assert call("down") == 0
    assert "nothing else is left of hikes" in capsys.readouterr().err
    assert boto3.client("ecr").describe_repositories()["repositories"] == []
    assert boto3.client("logs").describe_log_groups()["logGroups"] == []
    assert boto3.client("elbv2").describe_load_balancers()["LoadBalancers"] == []
    assert boto3.client("ecs").list_task_definitions()["taskDefinitionArns"] == []
    # (of the cluster moto never says that it is gone)
    record_property("fargate left", len(fargate._listed(connect(REGION), "hikes")))
    assert call("down") == 0  # again


def test_down_names_the_last_snapshot_and_does_not_trust_the_index(
    docker: list[tuple[str, ...]], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rds = boto3.client("rds")
    rds.create_db_instance(DBInstanceIdentifier="d", Engine="postgres", DBInstanceClass="db.t4g.micro",
                           AllocatedStorage=20, MasterUsername="u", MasterUserPassword="12345678")  # fmt: skip
    for name in ("hikes", "others"):
        marks = tag_list(tags("fargate", name))
        rds.create_db_snapshot(DBSnapshotIdentifier=f"of-{name}", DBInstanceIdentifier="d", Tags=marks)
    monkeypatch.setattr(fargate, "_listed", lambda *_: ["arn:aws:elasticloadbalancing:x:1:listener/app/gone"])
    assert call("down") == 0
    err = capsys.readouterr().err
    assert re.search(r"paid for until you delete it: \S+:snapshot:of-hikes\n", err)
    assert "of-others" not in err
    assert "still lists arn:aws:elasticloadbalancing:x:1:listener/app/gone" in err


def test_down_says_what_could_not_be_removed(docker: list[tuple[str, ...]], capsys: pytest.CaptureFixture[str]) -> None:
    # moto removes a network before what is in it, which fails; at AWS something else may, and is told the same way
    assert up() == 0
    assert call("down") == 1
    assert "has dependencies and cannot be deleted" in one_line(capsys, "down")


def test_a_dry_run_asks_nobody(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")  # nobody answers there
    monkeypatch.setattr(shutil, "which", lambda _: None)
    for verb in ("up", "update", "down"):
        assert fargate.main([verb, "--dry-run"]) == 0
    assert "AWS::ECS::TaskDefinition  Task" in capsys.readouterr().out
