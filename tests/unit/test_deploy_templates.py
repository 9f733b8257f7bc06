"""What every template and policy under deploy/ keeps: least privilege, encryption, no way in but the front door."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

yaml = pytest.importorskip("yaml", reason="needs the extra `deploy`")
from deploy.template import Template  # noqa: E402

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted(
    file
    for pattern in ("*.yaml", "*.yml")
    for file in (ROOT / "deploy").glob(f"*/{pattern}")
    if "AWSTemplateFormatVersion" in file.read_text("utf-8")
)
POLICIES = sorted(file for file in (ROOT / "deploy").glob("**/*.json") if '"Statement"' in file.read_text("utf-8"))
WORLD = {"0.0.0.0/0", "::/0"}


def names(files: list[Path]) -> list[str]:
    return [str(file.relative_to(ROOT)) for file in files]


def resources(template: Path) -> dict[str, dict[str, Any]]:
    body: dict[str, dict[str, Any]] = dict(Template.read(template).body["Resources"])
    return body


def within(value: Any) -> Iterator[Any]:
    """Every list and mapping in a value, itself included."""
    yield value
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from within(inner)


def statements(value: Any) -> Iterator[dict[str, Any]]:
    """Every statement of every policy in a value that allows something."""
    for inner in within(value):
        if isinstance(inner, dict) and inner.get("Effect") == "Allow":
            yield inner


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def faults(name: str, resource: dict[str, Any]) -> Iterator[str]:
    """What is wrong with the policies of a resource."""
    reasons = resource.get("Metadata", {}).get("EveryResource", {})
    for statement in statements(resource.get("Properties", {})):
        sid = statement.get("Sid", "(no Sid)")
        if any(action == "*" or str(action).endswith(":*") for action in as_list(statement.get("Action", "*"))):
            yield f"{name}: {sid} allows every action"
        if "NotAction" in statement or "NotResource" in statement:
            yield f"{name}: {sid} says what is not allowed, so everything else is"
        if "Principal" in statement:
            if "*" in within(statement["Principal"]):
                yield f"{name}: {sid} lets everybody in"
        elif "*" in as_list(statement.get("Resource", "*")) and len(str(reasons.get(sid, ""))) < 20:
            yield f"{name}: {sid} is for every resource, and Metadata.EveryResource.{sid} does not say why"


def test_the_review_sees_what_it_should() -> None:
    bad = {"Effect": "Allow", "Sid": "All", "Action": ["s3:*"], "Resource": "*"}
    assert len(list(faults("Role", {"Properties": {"Policies": [{"PolicyDocument": {"Statement": [bad]}}]}}))) == 2
    fine = {"Effect": "Allow", "Sid": "Look", "Action": "ec2:DescribeVolumes", "Resource": "*"}
    reason = {"EveryResource": {"Look": "Describe actions know no resources."}}
    assert not list(faults("Role", {"Metadata": reason, "Properties": {"Statement": [fine]}}))
    assert list(
        faults(
            "Bucket",
            {
                "Properties": {
                    "Statement": [{"Effect": "Allow", "Sid": "A", "Action": "s3:GetObject", "Principal": {"AWS": "*"}}]
                }
            },
        )
    )
    assert TEMPLATES


@pytest.mark.parametrize("file", TEMPLATES, ids=names(TEMPLATES))
def test_roles_may_do_no_more_than_is_said_why(file: Path) -> None:
    assert [fault for name, one in resources(file).items() for fault in faults(name, one)] == []


def test_policies_may_do_no_more_than_is_said_why() -> None:
    for file in POLICIES:
        document = json.loads(file.read_text("utf-8"))
        resource = {"Metadata": document.get("Metadata", {}), "Properties": document}
        assert list(faults(file.name, resource)) == []


@pytest.mark.parametrize("file", TEMPLATES, ids=names(TEMPLATES))
def test_managed_policies_of_aws_are_left_alone(file: Path) -> None:
    """They allow what AWS will think of, most of them on every resource."""
    known = {"AmazonECSTaskExecutionRolePolicy"}
    found = {word for one in resources(file).values() for word in _managed(one)}
    assert found <= known


def _managed(resource: dict[str, Any]) -> Iterator[str]:
    for inner in within(resource.get("Properties", {}).get("ManagedPolicyArns", [])):
        if isinstance(inner, str) and ":policy/" in inner:
            yield inner.rsplit("/", 1)[-1]


@pytest.mark.parametrize("file", TEMPLATES, ids=names(TEMPLATES))
def test_the_world_reaches_the_web_ports_only(file: Path) -> None:
    for name, resource in resources(file).items():
        rules = resource.get("Properties", {}).get("SecurityGroupIngress", [])
        if resource["Type"] == "AWS::EC2::SecurityGroupIngress":
            rules = [resource["Properties"]]
        for rule in rules:
            if {rule.get("CidrIp"), rule.get("CidrIpv6")} & WORLD:
                assert rule["IpProtocol"] == "tcp", name
                assert rule["FromPort"] == rule["ToPort"], name
                assert rule["ToPort"] != 22, name


@pytest.mark.parametrize("file", TEMPLATES, ids=names(TEMPLATES))
def test_what_is_stored_is_encrypted(file: Path) -> None:
    for name, resource in resources(file).items():
        properties = resource.get("Properties", {})
        match resource["Type"]:
            case "AWS::EC2::Volume" | "AWS::EFS::FileSystem":
                assert properties["Encrypted"] is True, name
            case "AWS::RDS::DBInstance" | "AWS::RDS::DBCluster":
                assert properties["StorageEncrypted"] is True, name
                assert properties.get("PubliclyAccessible", False) is False, name
            case "AWS::S3::Bucket":
                assert properties["BucketEncryption"], name
                assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}, name
            case "AWS::ECR::Repository":
                assert properties["ImageScanningConfiguration"] == {"ScanOnPush": True}, name
            case "AWS::EC2::Instance":
                assert all(one["Ebs"]["Encrypted"] for one in properties["BlockDeviceMappings"]), name


@pytest.mark.parametrize("file", TEMPLATES, ids=names(TEMPLATES))
def test_credentials_of_instances_need_a_session(file: Path) -> None:
    """The first version of the metadata service hands them to whoever can make the instance fetch an address."""
    for name, resource in resources(file).items():
        if resource["Type"] == "AWS::EC2::Instance":
            assert resource["Properties"]["MetadataOptions"]["HttpTokens"] == "required", name


@pytest.mark.parametrize("file", TEMPLATES, ids=names(TEMPLATES))
def test_logs_end_some_day(file: Path) -> None:
    for name, resource in resources(file).items():
        if resource["Type"] == "AWS::Logs::LogGroup":
            assert resource["Properties"]["RetentionInDays"], name


@pytest.mark.parametrize("file", TEMPLATES, ids=names(TEMPLATES))
def test_databases_and_volumes_leave_a_snapshot(file: Path) -> None:
    for name, resource in resources(file).items():
        if resource["Type"] in ("AWS::EC2::Volume", "AWS::RDS::DBInstance"):
            assert resource["DeletionPolicy"] == "Snapshot", name
            assert resource["UpdateReplacePolicy"] == "Snapshot", name
