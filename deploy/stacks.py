"""CloudFormation stacks: made, changed and removed, whatever state an earlier attempt has left them in."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from deploy.cloud import TAG, Cloud, code_of, tag_list
from deploy.command import Failed, WrongUse, say

_PAUSE_S = 3.0
#: It was never whole: there is nothing in it to keep, and CloudFormation refuses to update it.
_STILLBORN = {"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "REVIEW_IN_PROGRESS"}
_GOOD = {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
#: What CloudFormation says first, whatever it was asked for.
_ASKED = {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS"}
#: It went back to what it was, which is whole: good where nothing was to be changed.
_TAKEN_BACK = "UPDATE_ROLLBACK_COMPLETE"


def find(cloud: Cloud, name: str) -> dict[str, Any] | None:
    """The stack of that name as AWS describes it, or None."""
    from botocore.exceptions import ClientError

    try:
        return dict(cloud.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0])
    except ClientError as error:
        if code_of(error) == "ValidationError" and "does not exist" in str(error):
            return None
        raise


def find_ours(cloud: Cloud, name: str, deployment: str) -> dict[str, Any] | None:
    """The stack of that name, or None.

    Parameters
    ----------
    deployment : the value of our tag that it has to have.

    Raises
    ------
    WrongUse : it is somebody else's.
    """
    stack = find(cloud, name)
    if stack:
        check_ours(stack, deployment)
    return stack


def parameters(stack: Mapping[str, Any]) -> dict[str, str]:
    """What a stack was made with."""
    return {one["ParameterKey"]: one["ParameterValue"] for one in stack.get("Parameters", [])}


def outputs(stack: Mapping[str, Any]) -> dict[str, str]:
    """What a stack says about itself."""
    return {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}


def resources(cloud: Cloud, name: str) -> list[dict[str, Any]]:
    """What is in a stack, with type, names and state."""
    pages = cloud.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=name)
    return [one for page in pages for one in page["StackResourceSummaries"]]


def apply(
    cloud: Cloud, name: str, text: str, *, parameters: Mapping[str, str], tags: Mapping[str, str]
) -> dict[str, str]:
    """Make the stack, or bring it to this template and these parameters; returns its outputs.

    Raises
    ------
    WrongUse : a stack of that name is somebody else's.
    Failed : CloudFormation could not; says which resource and why.
    """
    from botocore.exceptions import ClientError

    client = cloud.client("cloudformation")
    stack = _at_rest(cloud, name)
    if stack:
        check_ours(stack, tags[TAG])
        if stack["StackStatus"] in _STILLBORN:
            say(f"the stack {name} was never finished ({stack['StackStatus']}): removing it first")
            remove(cloud, name)
            stack = None
        elif stack["StackStatus"] == "UPDATE_ROLLBACK_FAILED":
            client.continue_update_rollback(StackName=name)
            stack = _at_rest(cloud, name)
        elif stack["StackStatus"] == "DELETE_FAILED":
            raise Failed(f"the stack {name} was not wholly removed: run down again, then up")
    request = {
        "StackName": name,
        "TemplateBody": text,
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        "Tags": tag_list(tags),
        "Capabilities": ["CAPABILITY_IAM"],
    }
    good = _GOOD
    try:
        say(f"{'updating' if stack else 'making'} the stack {name}")
        if stack:
            client.update_stack(**request)
        else:
            client.create_stack(**request, OnFailure="ROLLBACK")
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise
        say(f"the stack {name} is as it should be")
        good = _GOOD | {_TAKEN_BACK}
    stack = _at_rest(cloud, name)
    if not stack or stack["StackStatus"] not in good:
        raise Failed(f"the stack {name} is {stack and stack['StackStatus']}: {_why(cloud, name)}")
    return outputs(stack)


def remove(cloud: Cloud, name: str) -> None:
    """Remove a stack and wait until it is gone.

    Raises
    ------
    Failed : something in it could not be removed.
    """
    stack = _at_rest(cloud, name)
    if stack is None:
        return
    say(f"removing the stack {name}")
    cloud.client("cloudformation").delete_stack(StackName=name)
    # by its id: a stack that is gone has no name any more
    stack = _at_rest(cloud, stack["StackId"])
    if stack and stack["StackStatus"] != "DELETE_COMPLETE":
        raise Failed(f"the stack {name} is {stack['StackStatus']}: {_why(cloud, name)}; run down again")


def check_ours(stack: Mapping[str, Any], name: str) -> None:
    """Refuse a stack that LoopGenie has not made.

    Raises
    ------
    WrongUse : it has not our tag.
    """
    if {"Key": TAG, "Value": name} not in stack.get("Tags", []):
        raise WrongUse(f"there is a stack {stack['StackName']} that LoopGenie did not make: choose another --name")


def _at_rest(cloud: Cloud, name: str) -> dict[str, Any] | None:
    """The stack once nothing happens to it any more; what happens meanwhile is said."""
    seen: set[str] | None = None
    while True:
        stack = find(cloud, name)
        if stack is None or not stack["StackStatus"].endswith("_IN_PROGRESS"):
            return stack
        if stack["StackStatus"] == "REVIEW_IN_PROGRESS":
            return stack
        events = cloud.client("cloudformation").describe_stack_events(StackName=stack["StackId"])["StackEvents"]
        if seen is not None:
            for event in reversed([e for e in events if e["EventId"] not in seen]):
                reason = event.get("ResourceStatusReason", "")
                say(f"  {event['ResourceStatus']} {event['LogicalResourceId']} {reason}".rstrip())
        seen = {event["EventId"] for event in events}
        time.sleep(_PAUSE_S)


def _why(cloud: Cloud, name: str) -> str:
    """The first thing that failed since it was last asked for something, in CloudFormation's words."""
    reasons = []
    # newest first; what was taken back may fill more than one page before the fault itself comes
    pages = cloud.client("cloudformation").get_paginator("describe_stack_events").paginate(StackName=name)
    for event in (one for page in pages for one in page["StackEvents"]):
        reason = event.get("ResourceStatusReason", "no reason given")
        if reason == "User Initiated" and event["ResourceStatus"] in _ASKED:
            break
        if event["ResourceStatus"].endswith("_FAILED") and "cancelled" not in reason:
            reasons.append(f"{event['LogicalResourceId']}: {reason}")
    return reasons[-1] if reasons else "no reason given"
