"""What ECS and the load balancer say of the service: how a version goes out, and why one did not."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.cloud import Cloud
from deploy.command import Failed, WrongUse

_PAUSE_S = 5.0
#: ECS says in its events what it does, and this often that all is well.
_ALL_WELL = "has reached a steady state"


@dataclass(frozen=True)
class State:
    """The service as it is.

    Parameters
    ----------
    running, desired : tasks.
    task_definition : the version that goes out or is out, such as loopgenie-fargate:7.
    rollout : IN_PROGRESS, COMPLETED or FAILED.
    reason : ECS's own words on it.
    targets : tasks that the load balancer knows, by what it says of them: healthy, initial, draining …
    versions : how many versions run at the same time.
    events : the last things that happened, newest first.
    """

    running: int
    desired: int
    task_definition: str
    rollout: str
    reason: str
    targets: Mapping[str, int]
    versions: int
    events: Sequence[str]

    @property
    def steady(self) -> bool:
        """Whether one version runs, as often as it should, and the load balancer finds all of it healthy."""
        whole = self.running == self.desired and self.versions == 1 and self.rollout == "COMPLETED"
        return whole and self.targets.get("healthy", 0) >= self.desired

    def text(self) -> str:
        """In one line."""
        health = ", ".join(f"{count} {name}" for name, count in sorted(self.targets.items())) or "none"
        return f"{self.running} of {self.desired} tasks run {self.task_definition} ({self.rollout}); targets: {health}"


def state(cloud: Cloud, outputs: Mapping[str, str]) -> State:
    """Ask ECS and the load balancer."""
    asked = cloud.client("ecs").describe_services(cluster=outputs["Cluster"], services=[outputs["Service"]])
    if not asked["services"]:
        raise Failed(f"there is no service {outputs['Service']}: run up again")
    targets = cloud.client("elbv2").describe_target_health(TargetGroupArn=outputs["Targets"])
    return read(asked["services"][0], targets["TargetHealthDescriptions"])


def read(service: Mapping[str, Any], targets: Sequence[Mapping[str, Any]]) -> State:
    """The state from what ECS and the load balancer answer."""
    primary: Mapping[str, Any] = next((one for one in service["deployments"] if one["status"] == "PRIMARY"), {})
    health = [one["TargetHealth"]["State"] for one in targets]
    return State(
        running=service["runningCount"],
        desired=service["desiredCount"],
        task_definition=str(primary.get("taskDefinition", "")).rsplit("/", 1)[-1],
        rollout=primary.get("rolloutState", "IN_PROGRESS"),
        reason=primary.get("rolloutStateReason", ""),
        targets={name: health.count(name) for name in set(health)},
        versions=len(service["deployments"]),
        events=[one["message"] for one in service.get("events", [])[:5]],
    )


def wait(
    cloud: Cloud, outputs: Mapping[str, str], *, at_least: int, timeout_s: float, say: Callable[[str], None]
) -> State:
    """Wait until the service is steady, with so many tasks; what changes is said.

    Raises
    ------
    Failed : it is not in time, or its version was taken back; in ECS's own words.
    """
    began, before = time.monotonic(), ""
    while True:
        now = state(cloud, outputs)
        if now.steady and now.desired >= at_least:
            return now
        if now.text() != before:
            say(before := now.text())
        if now.rollout == "FAILED":
            raise Failed(f"the version did not go out: {why(cloud, outputs, now)}")
        if time.monotonic() - began > timeout_s:
            raise Failed(f"not steady after {timeout_s:.0f} s: {now.text()}; {why(cloud, outputs, now)}")
        time.sleep(_PAUSE_S)


def why(cloud: Cloud, outputs: Mapping[str, str], now: State) -> str:
    """Why it is not well: what ECS says of the roll-out, of the last task that it stopped, and of what it did last."""
    words = [now.reason] if now.reason else []
    words += _last_stop(cloud, outputs["Cluster"])
    words += [event for event in now.events if _ALL_WELL not in event][:1]
    return "; ".join(dict.fromkeys(words)) or "ECS gives no reason"


def _last_stop(cloud: Cloud, cluster: str) -> list[str]:
    client = cloud.client("ecs")
    arns = client.list_tasks(cluster=cluster, desiredStatus="STOPPED")["taskArns"]
    if not arns:
        return []
    tasks = client.describe_tasks(cluster=cluster, tasks=arns[:100])["tasks"]
    # a task that had to make room for another is no failure
    stopped = [one for one in tasks if "Scaling activity" not in one.get("stoppedReason", "") and "stoppedAt" in one]
    if not stopped:
        return []
    return [stop_reason(max(stopped, key=lambda one: one["stoppedAt"]))]


def stop_reason(task: Mapping[str, Any]) -> str:
    """Why a task has stopped, and which container did not end well."""
    words = [f"the last task stopped: {task.get('stoppedReason') or 'no reason given'}"]
    for one in task.get("containers", []):
        if one.get("exitCode") not in (None, 0):
            words.append(f"{one['name']} ended with {one['exitCode']}")
        elif one.get("reason"):
            words.append(f"{one['name']}: {one['reason']}")
    return ", ".join(words)


def run_once(
    cloud: Cloud,
    outputs: Mapping[str, str],
    words: Sequence[str],
    *,
    fetch: Sequence[str],
    timeout_s: float,
    say: Callable[[str], None],
) -> None:
    """Run one command of LoopGenie beside the database, on files that are fetched from S3 to /import first.

    Raises
    ------
    WrongUse : this deployment has no database of its own.
    Failed : the command did not end well; its last words are in the text.
    """
    if "Importer" not in outputs:
        raise WrongUse("this deployment has no database of its own; only one made with --rds can run commands on it")
    client = cloud.client("ecs")
    started = client.run_task(
        cluster=outputs["Cluster"],
        taskDefinition=outputs["Importer"],
        capacityProviderStrategy=[{"capacityProvider": "FARGATE", "weight": 1}],
        networkConfiguration={
            "awsvpcConfiguration": {
                "subnets": outputs["Subnets"].split(","),
                "securityGroups": [outputs["TaskGroup"]],
                "assignPublicIp": "ENABLED",
            }
        },
        overrides={
            "containerOverrides": [
                {"name": "fetch", "command": list(fetch)},
                {"name": "importer", "command": list(words)},
            ]
        },
        propagateTags="TASK_DEFINITION",
    )
    if started["failures"]:
        raise Failed(f"the task cannot start: {started['failures'][0].get('reason', 'no reason given')}")
    arn = started["tasks"][0]["taskArn"]
    say(f"running loopgenie {' '.join(words)} as the task {arn.rsplit('/', 1)[-1]}")
    task = _ended(client, outputs["Cluster"], arn, timeout_s=timeout_s)
    said = _said(cloud, outputs["Logs"], arn)
    for line in said:
        say(f"  {line}")
    codes = {one["name"]: one.get("exitCode") for one in task.get("containers", [])}
    if codes.get("importer") != 0:
        raise Failed(f"it did not end well: {stop_reason(task)}; last words: {said[-1] if said else 'none'}")


def _ended(client: Any, cluster: str, arn: str, *, timeout_s: float) -> dict[str, Any]:
    began = time.monotonic()
    while True:
        task = dict(client.describe_tasks(cluster=cluster, tasks=[arn])["tasks"][0])
        if task["lastStatus"] == "STOPPED":
            return task
        if time.monotonic() - began > timeout_s:
            raise Failed(f"the task still runs after {timeout_s:.0f} s; it goes on, and its log tells how it ends")
        time.sleep(_PAUSE_S)


def _said(cloud: Cloud, group: str, arn: str) -> list[str]:
    from botocore.exceptions import ClientError

    stream = f"task/importer/{arn.rsplit('/', 1)[-1]}"
    try:
        events = cloud.client("logs").get_log_events(logGroupName=group, logStreamName=stream, limit=20)["events"]
    except ClientError:  # it never came so far as to say anything
        return []
    return [one["message"] for one in events]
