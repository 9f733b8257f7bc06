"""The instance: from which image and where, commands on it through Systems Manager, and its last words."""

from __future__ import annotations

import re
import time
from typing import Any

from deploy import interpreters
from deploy.cloud import Cloud, code_of
from deploy.command import Failed, WrongUse, say

_IMAGE = "/aws/service/debian/release/12/latest/{}"
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

    name = _IMAGE.format(interpreters.ARCHITECTURES[arch])
    try:
        return str(cloud.client("ssm").get_parameter(Name=name)["Parameter"]["Value"])
    except ClientError as error:
        if code_of(error) != "ParameterNotFound":
            raise
        raise WrongUse(f"Debian names no image in {cloud.region} ({name}): name one with --image ami-…") from None


def zone(cloud: Cloud, instance_type: str) -> str:
    """An availability zone that has such instances: the first by name. Not a local zone such as us-east-1-bos-1a,
    which AWS lists among them, and which nobody may use without asking for it.

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
        if re.fullmatch(re.escape(cloud.region) + "[a-z]", one["Location"])
    ]
    if not found:
        raise WrongUse(f"there are no {instance_type} in {cloud.region}: choose another --instance or --region")
    return min(found)


def network(cloud: Cloud, subnet: str) -> tuple[str, str]:
    """The VPC and the zone of a subnet."""
    (found,) = cloud.client("ec2").describe_subnets(SubnetIds=[subnet])["Subnets"]
    return str(found["VpcId"]), str(found["AvailabilityZone"])


def stop(cloud: Cloud, instance: str) -> None:
    """Shut an instance down, if it runs, so that its volume can be taken from it.

    CloudFormation takes the volume first, and one that is still mounted does not come off, or comes off damaged:
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ec2-volumeattachment.html
    """
    client = cloud.client("ec2")
    found = client.describe_instances(Filters=[{"Name": "instance-id", "Values": [instance]}])["Reservations"]
    states = [one["State"]["Name"] for reservation in found for one in reservation["Instances"]]
    if not set(states) & {"pending", "running", "stopping"}:
        return
    say(f"shutting {instance} down, so that its data is written")
    client.stop_instances(InstanceIds=[instance])
    client.get_waiter("instance_stopped").wait(InstanceIds=[instance])


def snapshot_gib(cloud: Cloud, snapshot: str) -> int:
    """The size of the volume that a snapshot is of, GiB.

    Raises
    ------
    WrongUse : there is no such snapshot in the region.
    """
    from botocore.exceptions import ClientError

    try:
        (found,) = cloud.client("ec2").describe_snapshots(SnapshotIds=[snapshot])["Snapshots"]
    except ClientError as error:
        if code_of(error) != "InvalidSnapshot.NotFound":
            raise
        raise WrongUse(f"there is no snapshot {snapshot} in {cloud.region}") from None
    return int(found["VolumeSize"])


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
    """What LoopGenie's first start last said on the instance's console; empty if nothing.

    As it is now, which AWS does for its newer machines (Nitro) only: otherwise it is some minutes behind.
    """
    from botocore.exceptions import ClientError

    try:
        text = cloud.client("ec2").get_console_output(InstanceId=instance, Latest=True).get("Output", "")
    except ClientError as error:
        say(f"its console cannot be read: {code_of(error)}")
        return ""
    lines = [line for line in text.splitlines() if "loopgenie: " in line]
    return lines[-1].partition("loopgenie: ")[2] if lines else ""


def snapshots(cloud: Cloud, volume: str) -> list[dict[str, Any]]:
    """The snapshots of a volume, oldest first."""
    return _snapshots(cloud, "volume-id", volume)


def backups(cloud: Cloud, stack: str) -> list[dict[str, Any]]:
    """The nightly snapshots of a deployment, oldest first: those of volumes that it had before, too."""
    return _snapshots(cloud, "tag:loopgenie:backup", stack)


def _snapshots(cloud: Cloud, what: str, value: str) -> list[dict[str, Any]]:
    pages = cloud.client("ec2").get_paginator("describe_snapshots")
    found = pages.paginate(OwnerIds=["self"], Filters=[{"Name": what, "Values": [value]}])
    return sorted((one for page in found for one in page["Snapshots"]), key=lambda one: one["StartTime"])
