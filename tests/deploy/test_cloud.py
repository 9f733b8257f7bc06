"""What goes wrong at AWS in one line each, and stacks in whatever state an earlier attempt has left them."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import pytest

from deploy import cloud, stacks
from deploy.command import Failed, WrongUse

boto3 = pytest.importorskip("boto3", reason="needs the extra `deploy`")
botocore_stub = pytest.importorskip("botocore.stub")
exceptions = pytest.importorskip("botocore.exceptions")

pytestmark = pytest.mark.deploy

TEXT = "Resources: {Logs: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: here}}}"
TAGS = cloud.tags("fargate", "hikes")


def client_error(code: str, message: str = "AWS says so") -> Exception:
    return exceptions.ClientError({"Error": {"Code": code, "Message": message}}, "CreateThing")


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (client_error("ExpiredToken"), WrongUse, "have expired: log in again"),
        (client_error("InvalidClientTokenId"), WrongUse, "AWS does not know these credentials"),
        (client_error("AccessDenied", "not you\n and not here"), WrongUse, "may not do that: not you and not here"),
        (client_error("OptInRequired"), WrongUse, "the region is not enabled"),
        (client_error("BucketAlreadyExists"), WrongUse, "choose another --name"),
        (client_error("RepositoryAlreadyExistsException"), WrongUse, "choose another --name"),
        (client_error("VpcLimitExceeded"), Failed, "ask for more in Service Quotas"),
        (client_error("LimitExceededException"), Failed, "ask for more in Service Quotas"),
        (client_error("Throttled", ""), Failed, "AWS CreateThing: Throttled (Throttled)"),
        (exceptions.NoCredentialsError(), WrongUse, "there are no AWS credentials"),
        (exceptions.ProfileNotFound(profile="mine"), WrongUse, "AWS_PROFILE names it"),
        (exceptions.EndpointConnectionError(endpoint_url="https://x"), Failed, "AWS does not answer"),
        (exceptions.NoRegionError(), Failed, "AWS: You must specify a region"),
    ],
)
def test_what_aws_says_becomes_one_line(error: Exception, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind) as caught, cloud.plainly():
        raise error
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_other_faults_are_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError), cloud.plainly():
        _ = 1 / 0


def test_who_asks_and_where(aws: str) -> None:
    found = cloud.connect("eu-west-1")
    assert (found.region, found.account, found.partition) == ("eu-west-1", "123456789012", "aws")
    with pytest.raises(WrongUse, match="mars-1 is no AWS region"):
        cloud.connect("mars-1")


def test_an_answer_that_is_none_of_aws_is_one_line() -> None:
    from botocore.parsers import ResponseParserError

    with pytest.raises(Failed, match="AWS: Unable to parse"), cloud.plainly():
        raise ResponseParserError("Unable to parse response (not well-formed)")


def test_nobody_says_where(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(WrongUse, match="which AWS region"):
        cloud.connect()


def test_a_stack_comes_and_goes(aws: str) -> None:
    here = cloud.connect()
    assert stacks.find(here, "a") is None
    assert stacks.apply(here, "a", TEXT, parameters={}, tags=TAGS) == {}
    assert [one["LogicalResourceId"] for one in stacks.resources(here, "a")] == ["Logs"]
    assert stacks.apply(here, "a", TEXT, parameters={}, tags=TAGS) == {}  # again
    stacks.remove(here, "a")
    assert stacks.find(here, "a") is None
    stacks.remove(here, "a")  # again


def test_a_stack_of_somebody_else_is_left_alone(aws: str) -> None:
    here = cloud.connect()
    boto3.client("cloudformation").create_stack(StackName="a", TemplateBody=TEXT)
    with pytest.raises(WrongUse, match="LoopGenie did not make"):
        stacks.apply(here, "a", TEXT, parameters={}, tags=TAGS)


# --- states that the stand-in never has ---------------------------------------------------------------------------


class Told:
    """A cloud whose CloudFormation answers what it is told to."""

    def __init__(self) -> None:
        self.cloudformation = boto3.client("cloudformation", region_name="us-east-1")
        self.stub = botocore_stub.Stubber(self.cloudformation)

    def client(self, _: str) -> Any:
        return self.cloudformation

    def is_now(self, status: str) -> None:
        now = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
        one = {"StackName": "a", "StackId": "arn:a", "CreationTime": now, "StackStatus": status}
        self.stub.add_response("describe_stacks", {"Stacks": [{**one, "Tags": cloud.tag_list(TAGS)}]})

    def is_not_there(self) -> None:
        self.stub.add_client_error("describe_stacks", "ValidationError", "Stack a does not exist")

    def has_failed(self, *reasons: tuple[str, str], more: str = "") -> None:
        now = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
        events = [
            {"StackId": "arn:a", "EventId": str(n), "StackName": "a", "Timestamp": now, "LogicalResourceId": name,
             "ResourceStatus": "UPDATE_IN_PROGRESS" if reason == "User Initiated" else "UPDATE_FAILED",
             "ResourceStatusReason": reason}
            for n, (name, reason) in enumerate(reasons)
        ]  # fmt: skip
        self.stub.add_response(
            "describe_stack_events", {"StackEvents": events, **({"NextToken": more} if more else {})}
        )


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    monkeypatch.setattr(stacks, "_PAUSE_S", 0.0)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    made = Told()
    with made.stub:
        yield made
        made.stub.assert_no_pending_responses()


def apply(told: Told) -> dict[str, str]:
    return stacks.apply(told, "a", TEXT, parameters={}, tags=TAGS)  # type: ignore[arg-type]


def test_what_was_never_finished_is_removed_first(told: Told) -> None:
    told.is_now("ROLLBACK_COMPLETE")
    told.is_now("ROLLBACK_COMPLETE")  # remove looks, too
    told.stub.add_response("delete_stack", {})
    told.is_now("DELETE_COMPLETE")
    told.stub.add_response("create_stack", {})
    told.is_now("CREATE_COMPLETE")
    assert apply(told) == {}


def test_the_first_thing_that_failed_is_told(told: Told) -> None:
    told.is_not_there()
    told.stub.add_response("create_stack", {})
    told.is_now("ROLLBACK_COMPLETE")
    # newest first; what was cancelled failed only because something else did
    told.has_failed(
        ("Targets", "Resource creation cancelled"),
        ("Vpc", "The maximum number of VPCs has been reached. (Service: Ec2, Status Code: 400)"),
    )
    with pytest.raises(Failed, match=r"the stack a is ROLLBACK_COMPLETE: Vpc: The maximum number of VPCs"):
        apply(told)


def test_a_version_that_cloudformation_took_back(told: Told) -> None:
    told.is_now("UPDATE_COMPLETE")
    told.stub.add_response("update_stack", {})
    told.is_now("UPDATE_ROLLBACK_COMPLETE")
    # newest first; what failed another time, before this was asked for, is over
    told.has_failed(
        ("Service", "ECS Deployment Circuit Breaker was triggered"), ("a", "User Initiated"), ("Vpc", "a quota")
    )
    with pytest.raises(Failed, match="Service: ECS Deployment Circuit Breaker was triggered"):
        apply(told)


def test_what_went_back_and_is_asked_for_nothing_new_is_well(told: Told) -> None:
    told.is_now("UPDATE_ROLLBACK_COMPLETE")
    told.stub.add_client_error("update_stack", "ValidationError", "No updates are to be performed.")
    told.is_now("UPDATE_ROLLBACK_COMPLETE")
    assert apply(told) == {}


def test_the_reason_may_be_pages_before_the_end(told: Told) -> None:
    told.is_not_there()
    told.stub.add_response("create_stack", {})
    told.is_now("ROLLBACK_COMPLETE")
    told.has_failed(("Targets", "Resource creation cancelled"), more="page 2")
    told.has_failed(("Database", "The DB instance class is not available"), ("a", "User Initiated"))
    with pytest.raises(Failed, match="Database: The DB instance class is not available"):
        apply(told)


def test_what_was_removed_by_half_is_not_made_anew(told: Told) -> None:
    told.is_now("DELETE_FAILED")
    with pytest.raises(Failed, match="run down again, then up"):
        apply(told)


def test_a_quota_is_told_as_such(told: Told) -> None:
    told.is_not_there()
    told.stub.add_client_error("create_stack", "LimitExceededException", "200 stacks")
    with pytest.raises(Failed, match="a quota of the account is used up"), cloud.plainly():
        apply(told)


def test_what_somebody_else_is_doing_is_waited_for(told: Told) -> None:
    told.is_now("UPDATE_IN_PROGRESS")
    told.has_failed()
    told.is_now("UPDATE_COMPLETE")
    told.stub.add_client_error("update_stack", "ValidationError", "No updates are to be performed.")
    told.is_now("UPDATE_COMPLETE")
    assert apply(told) == {}
