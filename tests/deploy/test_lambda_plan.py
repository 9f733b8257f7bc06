"""What the Lambda target would make, for each choice, without asking AWS."""

from __future__ import annotations

import importlib
import itertools
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("zappa", reason="needs the extra `deploy`")
deploy = importlib.import_module("deploy.lambda.deploy")
gateway = importlib.import_module("deploy.lambda.gateway")
choices = importlib.import_module("deploy.lambda.choices")

SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:trails-AbCdEf"
TOPIC = "arn:aws:sns:us-east-1:123456789012:ops"
EFS = "arn:aws:elasticfilesystem:us-east-1:123456789012:access-point/fsap-0123abcd"
NETWORK = ("--subnets", "subnet-0a,subnet-0b", "--security-groups", "sg-0a")
ALWAYS = {"AWS::S3::Bucket": 1, "AWS::Logs::LogGroup": 1, "AWS::IAM::Role": 1, "AWS::Lambda::Function": 1}
#: Options, and what is made beyond `ALWAYS`.
MADE: list[tuple[tuple[str, ...], dict[str, int]]] = [
    ((), {"AWS::ApiGatewayV2::Api": 1, "AWS::ApiGatewayV2::Integration": 1, "AWS::ApiGatewayV2::Route": 1,
          "AWS::ApiGatewayV2::Stage": 1, "AWS::Lambda::Permission": 1}),
    (("--gateway", "rest"), {"AWS::ApiGateway::RestApi": 1, "AWS::ApiGateway::Resource": 1,
                             # one for the root, one for all below
                             "AWS::ApiGateway::Method": 2, "AWS::ApiGateway::Deployment": 1,
                             "AWS::ApiGateway::Stage": 1, "AWS::Lambda::Permission": 1}),
    (("--gateway", "url"), {"AWS::Lambda::Url": 1, "AWS::Lambda::Permission": 2}),
    (("--gateway", "url", "--keep-warm", "yes"), {"AWS::Lambda::Url": 1, "AWS::Events::Rule": 1,
                                                  "AWS::Lambda::Permission": 3}),
    (("--gateway", "url", "--alarm-topic", TOPIC), {"AWS::Lambda::Url": 1, "AWS::Lambda::Permission": 2,
                                                    "AWS::CloudWatch::Alarm": 2}),
    (("--gateway", "url", "--database-secret", SECRET, *NETWORK), {"AWS::Lambda::Url": 1,
                                                                   "AWS::Lambda::Permission": 2}),
    (("--gateway", "url", "--efs", EFS, *NETWORK), {"AWS::Lambda::Url": 1, "AWS::Lambda::Permission": 2}),
]  # fmt: skip


def planned(*words: str, verb: str = "up") -> Any:
    parser_words = [verb, "--region", "eu-central-1", *words]
    from deploy.command import _parser

    target = deploy.Lambda()
    arguments = _parser(target, [("package", "")]).parse_args(parser_words)
    return target.plan(arguments, verb)


@pytest.mark.parametrize(("words", "more"), MADE, ids=[" ".join(words)[:40] or "default" for words, _ in MADE])
def test_a_plan_names_every_resource_and_no_other(words: tuple[str, ...], more: dict[str, int]) -> None:
    kinds = sorted(one.kind for one in planned(*words).resources)
    wanted = sorted(itertools.chain(*([kind] * count for kind, count in {**ALWAYS, **more}.items())))
    assert kinds == wanted


def test_a_dry_run_says_all_of_it_and_asks_nobody(capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")  # nobody listens there
    code = deploy.main(["up", "--dry-run", "--region", "eu-central-1", "--memory-mb", "512", "--log-days", "7"])
    said = capsys.readouterr().out
    assert code == 0
    for text in (
        "up: loopgenie-lambda in eu-central-1, an HTTP API in front",
        "9 resources:",
        "+ AWS::S3::Bucket  loopgenie-lambda-",
        "MemorySize: '512'",
        "Timeout: 29",
        "RetentionInDays: '7'",
        "Handler: handler.lambda_handler",
        "INSTANTIATE_LAMBDA_HANDLER_ON_IMPORT: '1'",
        "Resource: arn:<AWS::Partition>:logs:eu-central-1:<AWS::AccountId>:log-group:/aws/lambda/loopgenie-lambda:*",
        "RouteKey: $default",
        "note: no --data: the synthetic sample region",
    ):
        assert text in said


def test_the_estimate_is_the_price_list_times_the_memory() -> None:
    # 512 MB = 0.5 GB; 0.5 GB-s x 0.0000166667 USD x 1e6 = 8.33, + 0.20 for calls, + 1.44 for 16 GB out, + 0.30 for
    # 0.6 GB of logs, + 0.003 for keeping 15 % of them at 0.03, + 1.00 for the API
    idle, traffic = choices.costs({**choices.DEFAULTS, "MemoryMb": "512"})
    assert sum(one.usd for one in traffic) == pytest.approx(11.276, abs=0.001)
    # two packages of 11 MB: 0.022 GB x 0.023
    assert sum(one.usd for one in idle) == pytest.approx(0.0005, abs=0.0001)
    arm = choices.costs({**choices.DEFAULTS, "MemoryMb": "512", "Architecture": "arm64", "Gateway": "url"})[1]
    assert sum(one.usd for one in arm) == pytest.approx(0.5 * 13.3334 + 0.2 + 1.44 + 0.3 + 0.0027, abs=0.0001)


def templates() -> dict[str, Any]:
    """The templates of all choices, as they are sent."""
    made = {}
    for kind in gateway.GATEWAYS:
        for number, extra in enumerate(({}, {"SecretName": SECRET, "SecretArn": SECRET}, {"EfsAccessPoint": EFS})):
            known = {**choices.DEFAULTS, "Gateway": kind, "FunctionName": "f", "CodeBucket": "b", "CodeKey": "k"}
            network = {"Subnets": "subnet-0a", "SecurityGroups": "sg-0a", "AlarmTopic": TOPIC, "KeepWarm": "yes"}
            made[f"{kind}-{number}"] = gateway.template("f", {**known, **extra, **(network if number else {})})
    return made


def test_policies_name_what_they_are_for_and_a_star_has_its_reason() -> None:
    starred = set()
    for made in templates().values():
        for name, one in made.body["Resources"].items():
            properties = one["Properties"]
            documents = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
            for wanted in itertools.chain(*(document["Statement"] for document in documents)):
                statement = wanted.get("Fn::If", [None, wanted])[1]
                actions = json.dumps(statement["Action"])
                assert "*" not in actions, f"{name} may do anything: {actions}"
                if statement["Resource"] == "*":
                    starred.add(name)
                    assert len(one["Metadata"]["EveryResource"][statement["Sid"]]) > 20
    assert starred == {"Role"}


def test_no_template_is_for_one_partition_alone() -> None:
    for made in templates().values():
        assert "arn:aws:" not in made.text


def test_lambda_may_make_interfaces_and_the_code_may_not() -> None:
    # what AWS's own AWSLambdaVPCAccessExecutionRole has had since January 2024, but for the logs
    needed = {"CreateNetworkInterface", "DescribeNetworkInterfaces", "DescribeSubnets", "DeleteNetworkInterface"}
    needed |= {"AssignPrivateIpAddresses", "UnassignPrivateIpAddresses"}
    known = {**choices.DEFAULTS, "FunctionName": "f", "CodeBucket": "b", "CodeKey": "k"}
    known |= {"Subnets": "subnet-0a", "SecurityGroups": "sg-0a"}
    (role,) = (one for one in gateway.template("f", known).resources(known) if one.name == "Role")
    found = {one.get("Sid"): one for one in role.properties["Policies"][0]["PolicyDocument"]["Statement"]}
    assert set(found["MakeInterfaces"]["Action"]) == {f"ec2:{one}" for one in needed}
    assert set(found["NotByItsCode"]["Action"]) == set(found["MakeInterfaces"]["Action"])
    assert (found["MakeInterfaces"]["Effect"], found["NotByItsCode"]["Effect"]) == ("Allow", "Deny")


def test_a_parameter_is_read_as_one_and_a_secret_as_one() -> None:
    known = {
        **choices.DEFAULTS,
        "FunctionName": "f",
        "CodeBucket": "b",
        "CodeKey": "k",
        "SecretName": "ssm:/trails/url",
    }
    for arn, action, resource in (
        (choices.secret_arn("ssm:/trails/url"), "ssm:GetParameter", "parameter/trails/url"),
        (choices.secret_arn(SECRET), "secretsmanager:GetSecretValue", SECRET),
    ):
        parameters = {**known, "SecretArn": arn}
        (role,) = (one for one in gateway.template("f", parameters).resources(parameters) if one.name == "Role")
        (policy,) = role.properties["Policies"]
        (statement,) = (one for one in policy["PolicyDocument"]["Statement"] if one["Sid"] == "ReadItsSecret")
        assert statement["Action"] == action
        assert str(statement["Resource"]).endswith(resource)


def test_no_secret_gets_into_the_function_or_the_package() -> None:
    plan = planned("--database-secret", SECRET, *NETWORK)
    (function,) = (one for one in plan.resources if one.kind == "AWS::Lambda::Function")
    variables = function.properties["Environment"]["Variables"]
    assert variables["DATABASE_SECRET"] == SECRET  # its name only
    assert "LOOPGENIE_DATABASE_URL" not in variables
    packaging = importlib.import_module("deploy.lambda.packaging")
    settings = packaging.zappa_settings(packaging.Recipe(bare=True))["live"]
    assert not {"environment_variables", "aws_environment_variables", "remote_env"} & set(settings)


def test_templates_are_small_enough_to_be_sent() -> None:
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html: 51,200 bytes
    assert max(len(made.text) for made in templates().values()) < 51_200


def test_cfn_lint_finds_nothing(tmp_path: Path) -> None:
    lint = shutil.which("cfn-lint", path=str(Path(sys.executable).parent)) or shutil.which("cfn-lint")
    if not lint:
        pytest.skip("cfn-lint is not installed")
    for name, made in templates().items():
        (tmp_path / f"{name}.json").write_text(made.text)
    done = subprocess.run([lint, *map(str, tmp_path.glob("*.json"))], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--efs", EFS), "--efs needs --subnets and --security-groups"),
        (("--subnets", "subnet-0a"), "--subnets and --security-groups belong together"),
        (("--efs", EFS, "--database-secret", SECRET, *NETWORK), "both say where the trails are"),
        (("--data", "/nowhere/trails.db"), "there is no file /nowhere/trails.db"),
        (("--database-secret", "postgresql://me:hunter2@db/x"), "is a database URL; put it into Secrets Manager"),
        (("--memory-mb", "64"), "is '64', want a whole number from 128 to 10240"),
        (("--log-days", "8"), "is '8', want one of 1, 3, 5, 7"),
        (("--alarm-topic", "ops"), "is 'ops', want arn:aws:sns:REGION:ACCOUNT:NAME"),
        (("--efs-file", "../x"), "is '../x', want a file within the access point"),
        (("--subnets", "x"), "is 'x', want ids such as subnet-0123abcd"),
    ],
)
def test_what_makes_no_sense_is_said_in_a_line(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = deploy.main(["up", "--dry-run", *words])
    except SystemExit as ended:  # argparse ends by itself
        code = ended.code
    shown = capsys.readouterr().err
    assert code == 2
    assert said in shown.splitlines()[-1]
    assert "hunter2" not in shown


def test_trails_are_looked_at_before_they_are_packed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "text.db").write_text("not a database at all, but long enough to look like one " * 20)
    assert deploy.main(["up", "--dry-run", "--data", str(tmp_path / "text.db")]) == 2
    assert "text.db" in capsys.readouterr().err.splitlines()[-1]


def test_a_package_needs_a_folder_to_go_to(capsys: pytest.CaptureFixture[str]) -> None:
    assert deploy.main(["package", "--output", "/nowhere/at/all.zip"]) == 2
    assert "there is no folder /nowhere/at" in capsys.readouterr().err
