"""`up`, `status`, `update` and `down` of the Lambda target against a stand-in of AWS, which keeps and runs nothing."""

from __future__ import annotations

import importlib
import json
import shutil
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("zappa", reason="needs the extra `deploy`")
boto3 = pytest.importorskip("boto3", reason="needs the extra `deploy`")

from botocore.exceptions import ClientError  # noqa: E402

from deploy import trails  # noqa: E402
from deploy.command import Failed  # noqa: E402

deploy = importlib.import_module("deploy.lambda.deploy")
STACK = "trial-lambda"
#: What the stand-in's CloudFormation does not know: it says the stack is made, without them.
UNKNOWN = {
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Integration",
    "AWS::ApiGatewayV2::Route",
    "AWS::ApiGatewayV2::Stage",
    "AWS::ApiGateway::Stage",
    "AWS::CloudWatch::Alarm",
}
REST = ("--name", "trial", "--gateway", "rest", "--wait-s", "0")
FULL = (*REST, "--keep-warm", "yes", "--alarm-topic", "arn:aws:sns:us-east-1:123456789012:ops")


@pytest.fixture
def packed(aws: str, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Packages are made in no time, and differ; what each was made from is kept."""
    recipes: list[Any] = []

    def make(recipe: Any, output: Path) -> Any:
        recipes.append(recipe)
        with zipfile.ZipFile(output, "w") as archive:
            archive.writestr("number.txt", str(len(recipes)))
            if not recipe.bare:
                data = recipe.data.read_bytes() if recipe.data else b"the sample"
                archive.writestr("trails.db", data)
        return deploy.packaging.Package(output, 1, 1, 1)

    monkeypatch.setattr(deploy.packaging, "make", make)
    monkeypatch.setattr("deploy.trails.check", lambda file: None)
    monkeypatch.setattr(deploy.smoke, "check", lambda file, recipe: [])
    return recipes


def client(service: str) -> Any:
    return boto3.client(service, region_name="us-east-1")


def down() -> int:
    return deploy.main(["down", "--name", "trial"])


def everything() -> dict[str, list[str]]:
    """All that any deployment has made, asked for here in another way than `down` does."""
    buckets = [one["Name"] for one in client("s3").list_buckets()["Buckets"]]
    return {
        "stacks": [one["StackName"] for one in client("cloudformation").describe_stacks()["Stacks"]],
        "functions": [one["FunctionName"] for one in client("lambda").list_functions()["Functions"]],
        "apis": [one["name"] for one in client("apigateway").get_rest_apis()["items"]],
        "roles": [one["RoleName"] for one in client("iam").list_roles()["Roles"]],
        "logs": [one["logGroupName"] for one in client("logs").describe_log_groups()["logGroups"]],
        "rules": [one["Name"] for one in client("events").list_rules()["Rules"]],
        "buckets": buckets,
    }


def test_up_makes_what_the_plan_says_and_down_leaves_nothing(
    packed: list[Any], capsys: pytest.CaptureFixture[str], record_property: Any
) -> None:
    assert deploy.main(["up", *FULL]) == 0
    url = capsys.readouterr().out.splitlines()[-1]
    made = client("cloudformation").list_stack_resources(StackName=STACK)["StackResourceSummaries"]
    body = json.loads(json.dumps(client("cloudformation").get_template(StackName=STACK)["TemplateBody"]))
    wanted = {name: one["Type"] for name, one in body["Resources"].items()}
    there = {one["LogicalResourceId"]: one["ResourceType"] for one in made if one["ResourceType"]}
    assert {name: kind for name, kind in wanted.items() if kind not in UNKNOWN} == there
    api = next(one["PhysicalResourceId"] for one in made if one["ResourceType"] == "AWS::ApiGateway::RestApi")
    assert url == f"https://{api}.execute-api.us-east-1.amazonaws.com/live"
    assert body["Resources"]["Api"]["Properties"]["BinaryMediaTypes"] == ["*/*"]
    function = client("lambda").get_function(FunctionName=STACK)["Configuration"]
    assert (function["MemorySize"], function["Timeout"], function["Runtime"]) == (1769, 29, "python3.13")
    assert {name: len(found) for name, found in everything().items()} == {
        "stacks": 1, "functions": 1, "apis": 1, "roles": 1, "logs": 1, "rules": 1, "buckets": 1
    }  # fmt: skip
    assert down() == 0
    assert "nothing is left" in capsys.readouterr().err
    left = everything()
    assert not any(left.values()), left
    record_property("lambda made", len(body["Resources"]) + 1)  # and the bucket
    record_property("lambda left", sum(map(len, left.values())))


def test_the_bucket_is_shut_encrypted_and_tagged(packed: list[Any]) -> None:
    deploy.main(["up", *REST])
    (bucket,) = everything()["buckets"]
    s3 = client("s3")
    shut = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(shut.values()) == {True}
    rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert {"Key": "loopgenie", "Value": "trial"} in s3.get_bucket_tagging(Bucket=bucket)["TagSet"]
    (stack,) = client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    assert {"Key": "loopgenie", "Value": "trial"} in stack["Tags"]


def test_up_again_changes_nothing_but_what_is_asked(packed: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    deploy.main(["up", *FULL])
    assert deploy.main(["up", "--name", "trial", "--wait-s", "0", "--memory-mb", "512"]) == 0
    function = client("lambda").get_function(FunctionName=STACK)["Configuration"]
    assert (function["MemorySize"], function["Timeout"]) == (512, 29)
    kept = {name: len(found) for name, found in everything().items()}
    assert (kept["apis"], kept["rules"]) == (1, 1)  # rest and keep-warm were not said again, and stay
    assert capsys.readouterr().out.splitlines()[-1].endswith("/live")


def test_an_update_takes_the_trails_along_that_run(packed: list[Any], tmp_path: Path) -> None:
    (tmp_path / "alps.db").write_bytes(b"the Alps")
    deploy.main(["up", *REST, "--data", str(tmp_path / "alps.db")])
    taken: list[bytes] = []
    make = deploy.packaging.make

    def look(recipe: Any, output: Path) -> Any:
        taken.append(recipe.data.read_bytes())
        return make(recipe, output)

    deploy.packaging.make = look
    try:
        assert deploy.main(["update", "--name", "trial", "--wait-s", "0"]) == 0
    finally:
        deploy.packaging.make = make
    assert taken == [b"the Alps"]


def test_an_update_that_does_not_answer_is_taken_back(
    packed: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy.main(["up", *REST])
    before = running()

    def never(url: str, **_: Any) -> float:
        raise Failed(f"{url} does not answer")

    monkeypatch.setattr(deploy.health, "wait_until_ready", never)
    assert deploy.main(["update", "--name", "trial", "--wait-s", "5"]) == 1
    assert "was taken back" in capsys.readouterr().err.splitlines()[-1]
    assert running() == before


def test_the_bucket_keeps_what_runs_and_what_ran_before(packed: list[Any]) -> None:
    deploy.main(["up", *REST])
    for _ in range(3):
        deploy.main(["update", "--name", "trial", "--wait-s", "0"])
    (bucket,) = everything()["buckets"]
    kept = [one["Key"] for one in client("s3").list_objects_v2(Bucket=bucket)["Contents"]]
    assert len(kept) == 2
    assert running() in kept


def running() -> str:
    (stack,) = client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    return next(one["ParameterValue"] for one in stack["Parameters"] if one["ParameterKey"] == "CodeKey")


@pytest.mark.parametrize("broken", ["upload", "apply"])
def test_up_goes_on_after_a_failure_in_the_middle(
    broken: str, packed: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: Any, **__: Any) -> Any:
        raise ClientError({"Error": {"Code": "ServiceUnavailable", "Message": "try later"}}, "Something")

    with monkeypatch.context() as patched:
        patched.setattr(deploy.storage if broken == "upload" else deploy.stacks, broken, fails)
        assert deploy.main(["up", *REST]) == 1
        assert "try later" in capsys.readouterr().err.splitlines()[-1]
    assert deploy.main(["up", *REST]) == 0
    assert {name: len(found) for name, found in everything().items() if name != "rules"} == {
        "stacks": 1, "functions": 1, "apis": 1, "roles": 1, "logs": 1, "buckets": 1
    }  # fmt: skip
    assert down() == 0
    assert not any(everything().values())


def test_down_goes_on_after_a_failure_in_the_middle(packed: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    deploy.main(["up", *REST])

    def fails(*_: Any, **__: Any) -> Any:
        raise ClientError({"Error": {"Code": "ServiceUnavailable", "Message": "try later"}}, "Something")

    with monkeypatch.context() as patched:
        patched.setattr(deploy.storage, "remove", fails)
        assert down() == 1
    assert down() == 0
    assert not any(everything().values())
    assert down() == 0  # nothing to do is fine, too


def test_down_empties_a_bucket_with_versions(packed: list[Any]) -> None:
    deploy.main(["up", *REST])
    (bucket,) = everything()["buckets"]
    s3 = client("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for _ in range(2):
        s3.put_object(Bucket=bucket, Key="by-hand", Body=b"x")
    s3.delete_object(Bucket=bucket, Key="by-hand")
    assert down() == 0
    assert not everything()["buckets"]


def test_down_says_what_is_left(packed: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    deploy.main(["up", *REST])
    # one that somebody has made by hand, which is not ours to remove
    client("cloudwatch").put_metric_alarm(
        AlarmName=f"{STACK}-mine", MetricName="Errors", Namespace="AWS/Lambda", Period=60, EvaluationPeriods=1,
        Threshold=1, ComparisonOperator="GreaterThanThreshold", Statistic="Sum",
    )  # fmt: skip
    assert down() == 1
    assert f"this is left: alarm {STACK}-mine" in capsys.readouterr().err.splitlines()[-1]


def test_down_waits_for_the_interfaces_of_a_function_in_a_network(
    packed: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    ec2 = client("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    made = ec2.create_network_interface(SubnetId=subnet, Description=f"AWS Lambda VPC ENI-{STACK}-0123")
    monkeypatch.setattr(deploy.leftovers, "_PAUSE_S", 0.01)
    deploy.main(["up", *REST])
    assert down() == 0
    found = ec2.describe_network_interfaces()["NetworkInterfaces"]
    assert made["NetworkInterface"]["NetworkInterfaceId"] not in [one["NetworkInterfaceId"] for one in found]


def test_somebody_elses_stack_and_bucket_are_left_alone(packed: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    plain = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
    client("cloudformation").create_stack(StackName=STACK, TemplateBody=json.dumps(plain))
    for verb in ("up", "update", "down"):
        assert deploy.main([verb, "--name", "trial"]) == 2
        assert "that LoopGenie did not make" in capsys.readouterr().err.splitlines()[-1]
    client("cloudformation").delete_stack(StackName=STACK)
    cloud = deploy.connect("us-east-1")
    bucket = deploy.storage.bucket_name(cloud, "trial")
    client("s3").create_bucket(Bucket=bucket)
    client("s3").put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "owner", "Value": "me"}]})
    assert deploy.main(["up", *REST]) == 2
    assert "that LoopGenie did not make" in capsys.readouterr().err.splitlines()[-1]


def test_status_says_what_there_is_and_whether_it_answers(
    packed: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert deploy.main(["status", "--name", "trial"]) == 1
    assert "there is no trial-lambda in us-east-1; `up` makes it" in capsys.readouterr().err
    deploy.main(["up", *REST])
    capsys.readouterr()
    monkeypatch.setattr(deploy.health, "wait_until_ready", lambda url, **_: 0.25)
    assert deploy.main(["status", "--name", "trial"]) == 0
    out, err = capsys.readouterr()
    said = [line.partition("  ")[2] for line in err.splitlines()]  # behind the time
    assert said[0] == "stack      trial-lambda: CREATE_COMPLETE"
    assert any("python3.13, 1769 MB, 29 s" in line for line in said)
    assert "a trip     found, after 0.2 s" in said
    assert out.startswith("https://")
    assert out.count("\n") == 1


def test_trails_elsewhere_are_not_packed(packed: list[Any]) -> None:
    secret = client("secretsmanager").create_secret(Name="trails", SecretString="postgresql://me:hunter2@db/t")["ARN"]
    assert deploy.main(["up", *REST, "--database-secret", secret]) == 0
    assert packed[-1].bare
    variables = client("lambda").get_function(FunctionName=STACK)["Configuration"]["Environment"]["Variables"]
    assert variables["DATABASE_SECRET"] == secret
    assert "hunter2" not in json.dumps(variables)


def test_the_function_reads_its_secret_from_where_secrets_are_kept(aws: str) -> None:
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location("database_secret", Path(deploy.__file__).parent / "task" / "database_secret.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    url = "postgresql://me:hunter2@db:5432/t"
    arn = client("secretsmanager").create_secret(Name="trails", SecretString=url)["ARN"]
    client("ssm").put_parameter(Name="/trails/url", Value=url, Type="SecureString")
    assert module.database_url(arn) == url
    assert module.database_url("ssm:/trails/url") == url
    with pytest.raises(RuntimeError, match=r"the secret ssm:/none cannot be read: .*ParameterNotFound"):
        module.database_url("ssm:/none")


def test_a_package_with_trails_is_told_from_one_without(aws: str, tmp_path: Path) -> None:
    cloud = deploy.connect("us-east-1")
    client("s3").create_bucket(Bucket="packages")
    with zipfile.ZipFile(tmp_path / "bare.zip", "w") as archive:
        archive.writestr("x", "y")
    key = deploy.storage.upload(cloud, "packages", tmp_path / "bare.zip")
    assert deploy.storage.trails_of(cloud, "packages", key, tmp_path) is None
    with pytest.raises(Failed, match="say --data, which trails to take"):
        deploy.storage.trails_of(cloud, "packages", "gone.zip", tmp_path)


def test_real_trails_pass_and_empty_ones_do_not(tmp_path: Path) -> None:
    from deploy.command import WrongUse

    trails.sample(tmp_path / "sample.db")
    trails.check(tmp_path / "sample.db")
    shutil.copy(tmp_path / "sample.db", tmp_path / "empty.db")
    with closing(sqlite3.connect(tmp_path / "empty.db")) as database, database:
        database.execute("DELETE FROM region")
    with pytest.raises(WrongUse, match="holds no trails"):
        trails.check(tmp_path / "empty.db")
