"""The instance: from which image and where, commands on it through Systems Manager, and its last words."""

from __future__ import annotations

import re
import time
from typing import Any

from deploy.cloud import Cloud, code_of
from deploy.command import Failed, WrongUse, say

_IMAGE = "/aws/service/debian/release/12/latest/{}"
_DEBIAN = {"x86_64": "amd64", "aarch64": "arm64"}
_AGENT_S = 180
_PAUSE_S = 2.0
_UNFINISHED = {"Pending", "InProgress", "Delayed"}


def architecture(instance_type: str) -> str:
    """The processor of an instance type, by its name: x86_64 or aarch64.

    AWS's naming: family, generation, then letters, of which g is Graviton (t4g, m7gd, c7gn); a1 was the first.

    Raises
    ------
    WrongUse : that is no name of an instance type.
    """
    found = re.fullmatch(r"([a-z]+)(\d+)([a-z-]*)\.([a-z0-9-]+)", instance_type)
    if not found:
        raise WrongUse(f"--instance is {instance_type!r}, want a type such as t4g.small or t3.small")
    return "aarch64" if "g" in found[3] or found[1] == "a" else "x86_64"


def newest_image(cloud: Cloud, arch: str) -> str:
    """Debian's newest image of release 12.

    Raises
    ------
    WrongUse : Debian names none in this region.
    """
    from botocore.exceptions import ClientError

    name = _IMAGE.format(_DEBIAN[arch])
    try:
        return str(cloud.client("ssm").get_parameter(Name=name)["Parameter"]["Value"])
    except ClientError as error:
        if code_of(error) != "ParameterNotFound":
            raise
        raise WrongUse(f"Debian names no image in {cloud.region} ({name}): name one with --image ami-…") from None


def zone(cloud: Cloud, instance_type: str) -> str:
    """An availability zone that has such instances: the first by name.

    Raises
    ------
    WrongUse : there is none in the region.
    """
    pages = cloud.client("ec2").get_paginator("describe_instance_type_offerings")
    wanted = [{"Name": "instance-type", "Values": [instance_type]}]
    found = [
        str(one["Location"])
        for page in pages.paginate(LocationType="availability-zone", Filters=wanted)
        for one in page["InstanceTypeOfferings"]
    ]
    if not found:
        raise WrongUse(f"there are no {instance_type} in {cloud.region}: choose another --instance or --region")
    return min(found)


def network(cloud: Cloud, subnet: str) -> tuple[str, str]:
    """The VPC and the zone of a subnet."""
    (found,) = cloud.client("ec2").describe_subnets(SubnetIds=[subnet])["Subnets"]
    return str(found["VpcId"]), str(found["AvailabilityZone"])


def run(cloud: Cloud, instance: str, command: str, *, timeout_s: int = 1200) -> str:
    """Run a command on the instance as root, through Systems Manager, and return what it prints.

    Raises
    ------
    Failed : the instance has no agent, or the command fails; with the last thing it said.
    """
    identity = _send(cloud, instance, command, timeout_s)
    client = cloud.client("ssm")
    began = time.monotonic()
    while True:
        done = _outcome(client, identity, instance)
        if done.get("Status", "Pending") not in _UNFINISHED:
            break
        if time.monotonic() - began > timeout_s:
            raise Failed(f"{instance} is still at it after {timeout_s} s: {command}")
        time.sleep(_PAUSE_S)
    text = f"{done.get('StandardOutputContent', '')}\n{done.get('StandardErrorContent', '')}".strip()
    if done["Status"] != "Success":
        said = [line for line in text.splitlines() if line.strip()]
        told = [line for line in said if line.startswith("loopgenie: NOT INSTALLED")]
        raise Failed(f"{instance}: {(told or said or [done['Status']])[-1].removeprefix('loopgenie: ')}")
    return text


def _send(cloud: Cloud, instance: str, command: str, timeout_s: int) -> str:
    """Hand a command over, waiting for an agent that is just starting."""
    from botocore.exceptions import ClientError

    began = time.monotonic()
    while True:
        try:
            sent = cloud.client("ssm").send_command(
                InstanceIds=[instance],
                DocumentName="AWS-RunShellScript",
                Parameters={"commands": [command], "executionTimeout": [str(timeout_s)]},
            )
            return str(sent["Command"]["CommandId"])
        except ClientError as error:
            if code_of(error) != "InvalidInstanceId":
                raise
        if time.monotonic() - began > _AGENT_S:
            raise Failed(
                f"{instance} does not answer Systems Manager, so nothing can be run on it; "
                "its first start may have failed: `up --replace` makes it anew and keeps the data"
            )
        time.sleep(_PAUSE_S)


def _outcome(client: Any, command: str, instance: str) -> dict[str, Any]:
    from botocore.exceptions import ClientError

    try:
        return dict(client.get_command_invocation(CommandId=command, InstanceId=instance))
    except ClientError as error:
        if code_of(error) != "InvocationDoesNotExist":  # it takes a moment until there is one
            raise
        return {}


def last_words(cloud: Cloud, instance: str) -> str:
    """What LoopGenie's first start last said on the instance's console; empty if nothing."""
    from botocore.exceptions import ClientError

    try:
        text = cloud.client("ec2").get_console_output(InstanceId=instance).get("Output", "")
    except ClientError as error:
        say(f"its console cannot be read: {code_of(error)}")
        return ""
    lines = [line for line in text.splitlines() if "loopgenie: " in line]
    return lines[-1].partition("loopgenie: ")[2] if lines else ""


def snapshots(cloud: Cloud, volume: str) -> list[dict[str, Any]]:
    """The snapshots of a volume, oldest first."""
    pages = cloud.client("ec2").get_paginator("describe_snapshots")
    found = pages.paginate(OwnerIds=["self"], Filters=[{"Name": "volume-id", "Values": [volume]}])
    return sorted((one for page in found for one in page["Snapshots"]), key=lambda one: one["StartTime"])
