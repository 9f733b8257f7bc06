"""What a deployment has left in an account: looked for service by service, by name, since not all of AWS has tags."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from deploy import stacks
from deploy.cloud import Cloud, code_of
from deploy.command import say

from . import storage

_PAUSE_S = 15.0


def find(cloud: Cloud, name: str, stack: str, *, api: str = "") -> list[str]:
    """Everything of a deployment that is still there, as "kind name"; empty when nothing is.

    Parameters
    ----------
    name : the deployment.
    stack : its stack, function and APIs.
    api : the id of the REST API it had.
    """
    return [f"{kind} {what}" for kind, names in _looked_for(cloud, name, stack, api) for what in names]


def sweep(cloud: Cloud, stack: str, *, api: str = "") -> None:
    """Remove what the removal of a stack may leave: logs written meanwhile or by API Gateway itself, and its REST API.

    Parameters
    ----------
    stack : the stack, which is gone, and its function.
    api : the id of the REST API it had.
    """
    from botocore.exceptions import ClientError

    for name in (*_own_log(cloud, stack), *_logs(cloud, api_logs(api))):
        say(f"removing the log group {name}")
        cloud.client("logs").delete_log_group(logGroupName=name)
    if api:
        try:
            cloud.client("apigateway").delete_rest_api(restApiId=api)
        except ClientError as error:
            if code_of(error) != "NotFoundException":
                raise


def api_logs(api: str) -> str:
    """How the names of log groups begin that API Gateway makes by itself for a REST API; empty without one."""
    return f"API-Gateway-Execution-Logs_{api}/" if api else ""


def wait_for_interfaces(cloud: Cloud, stack: str, *, timeout_s: float) -> None:
    """Wait until Lambda has given back its network interfaces, and remove those it has let go of."""
    client, began = cloud.client("ec2"), time.monotonic()
    while found := _interfaces(cloud, stack):
        for one in found:
            if one["Status"] == "available":
                say(f"removing the network interface {one['NetworkInterfaceId']}")
                client.delete_network_interface(NetworkInterfaceId=one["NetworkInterfaceId"])
        if time.monotonic() - began > timeout_s:
            return
        say(f"Lambda still holds {len(found)} network interfaces; it gives them back within 20 minutes or so")
        time.sleep(_PAUSE_S)


def _looked_for(cloud: Cloud, name: str, stack: str, api: str) -> Iterator[tuple[str, list[str]]]:
    found = stacks.find(cloud, stack)
    yield "stack", [stack] if found else []
    yield "function", _function(cloud, stack)
    yield "REST API", _named(cloud, "apigateway", "get_rest_apis", "items", "name", stack)
    yield (
        "HTTP API",
        [one["Name"] for one in cloud.client("apigatewayv2").get_apis().get("Items", []) if one["Name"] == stack],
    )
    yield "role", _named(cloud, "iam", "list_roles", "Roles", "RoleName", f"{stack}-Role")
    yield "log group", [*_own_log(cloud, stack), *_logs(cloud, api_logs(api))]
    yield "rule", _named(cloud, "events", "list_rules", "Rules", "Name", f"{stack}-")
    yield "alarm", _named(cloud, "cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName", f"{stack}-")
    yield "network interface", [one["NetworkInterfaceId"] for one in _interfaces(cloud, stack)]
    bucket = storage.bucket_name(cloud, name)
    yield "bucket", [bucket] if storage.exists(cloud, bucket) else []


def _named(cloud: Cloud, service: str, call: str, items: str, key: str, start: str) -> list[str]:
    pages = cloud.client(service).get_paginator(call).paginate()
    return [one[key] for page in pages for one in page.get(items, []) if one[key].startswith(start)]


def _function(cloud: Cloud, name: str) -> list[str]:
    from botocore.exceptions import ClientError

    try:
        cloud.client("lambda").get_function(FunctionName=name)
    except ClientError as error:
        if code_of(error) == "ResourceNotFoundException":
            return []
        raise
    return [name]


def _own_log(cloud: Cloud, stack: str) -> list[str]:
    return [one for one in _logs(cloud, f"/aws/lambda/{stack}") if one == f"/aws/lambda/{stack}"]


def _logs(cloud: Cloud, prefix: str) -> list[str]:
    if not prefix:
        return []
    pages = cloud.client("logs").get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix)
    return [one["logGroupName"] for page in pages for one in page["logGroups"]]


def _interfaces(cloud: Cloud, stack: str) -> list[dict[str, Any]]:
    # Lambda's own words for what it makes in a VPC
    wanted = [{"Name": "description", "Values": [f"AWS Lambda VPC ENI-{stack}*"]}]
    return list(cloud.client("ec2").describe_network_interfaces(Filters=wanted)["NetworkInterfaces"])
