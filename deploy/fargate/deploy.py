"""LoopGenie on AWS Fargate: a load balancer in front of tasks of nginx and the app, as many as are needed.

Two stacks: the registry for the images, and the service that runs them.
"""

from __future__ import annotations

import argparse
import base64
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deploy import command, health, images, stacks, trails
from deploy.cloud import TAG, Cloud, connect, plainly, tags
from deploy.command import Failed, WrongUse, say
from deploy.fargate import choices, rollout
from deploy.plan import Plan, Resource
from deploy.template import Template

_HERE = Path(__file__).parent
TEMPLATE = Template.read(_HERE / "template.yaml")
REGISTRY = Template.read(_HERE / "registry.yaml")
#: Image -> the parameter that names it.
_IMAGES = {"app": "AppImage", "web": "WebImage", "importer": "ImporterImage"}


class Fargate:
    """The target."""

    name = "fargate"
    about = "LoopGenie on AWS Fargate: containers behind a load balancer, as many as are needed."

    def options(self, parser: argparse.ArgumentParser, verb: str) -> None:
        """Add the options of a verb."""
        command.name_option(parser)
        command.region_option(parser)
        if verb in ("up", "update"):
            # the first task of a new service pulls its images; a database is made in some ten minutes by the stack
            command.wait_option(parser, seconds=900)
            choices.options(parser)
        if verb == "run":
            parser.add_argument(
                "--fetch", action="append", default=[], metavar="S3", help="s3://BUCKET/KEY to put into /import"
            )
            command.wait_option(parser, seconds=7200)
            parser.add_argument("words", nargs="+", metavar="WORD", help="e.g. -- import /import/andorra.osm.pbf")

    def plan(self, arguments: argparse.Namespace, verb: str) -> Plan:
        """What a verb would do, without asking the cloud."""
        name, region = arguments.name, arguments.region or "<region>"
        where = f"{name} on AWS Fargate in {region}"
        if verb == "down":
            return Plan(
                f"take away {where}",
                sign="-",
                steps=_DOWN,
                resources=_both(name, region, {**_defaults(), "Data": "rds"}),
            )
        chosen = choices.parameters(arguments, _defaults())
        choices.check_region(chosen, arguments.region or choices.region_of(chosen))
        own = own_registry(arguments)
        if own:
            references = {
                image: f"<registry>/{name}/{image}:{_tag_offline(arguments, chosen)}" for image in _wanted(chosen)
            }
        else:
            references = _given(arguments, chosen)
        chosen |= _as_parameters(references)
        return Plan(
            f"{'make' if verb == 'up' else 'update'} {where}",
            steps=_STEPS if own else _STEPS[1:2] + _STEPS[4:],
            resources=_both(name, region, chosen, registry=own),
            costs=choices.costs(chosen),
            per_million=choices.costs_per_million(chosen),
            notes=[
                *choices.notes(chosen),
                *(["what is not said stays as it is; this shows the defaults"] if verb == "update" else []),
            ],
        )

    def up(self, arguments: argparse.Namespace) -> str:
        """Make the registry, the images and the service, or bring them up to date; returns the base URL."""
        return self._out(arguments, new=True)

    def update(self, arguments: argparse.Namespace) -> str:
        """Roll a version out over the one that runs; returns the base URL."""
        return self._out(arguments, new=False)

    def _out(self, arguments: argparse.Namespace, *, new: bool) -> str:
        with plainly():
            cloud = connect(arguments.region)
            stack = stacks.find_ours(cloud, _service(arguments.name), arguments.name)
            if stack is None and not new:
                raise WrongUse(f"there is no {arguments.name} in {cloud.region}: run up first")
            chosen = choices.parameters(arguments, {**_defaults(), **_before(stack)})
            choices.check_region(chosen, cloud.region)
            choices.check_change(_before(stack), chosen)
            chosen |= {"Name": arguments.name, **_as_parameters(_images(cloud, arguments, chosen))}
            marks = tags(self.name, arguments.name)
            try:
                outputs = stacks.apply(cloud, _service(arguments.name), TEMPLATE.text, parameters=chosen, tags=marks)
            except Failed as error:
                raise Failed(f"{error}{_reason(cloud, stack)}") from None
            return _answers(cloud, outputs, chosen, wait_s=arguments.wait_s)

    def status(self, arguments: argparse.Namespace) -> str:
        """Say what there is, and whether it answers; returns the base URL."""
        with plainly():
            cloud = connect(arguments.region)
            stack = stacks.find(cloud, _service(arguments.name))
            if stack is None:
                raise Failed(f"there is no {arguments.name} in {cloud.region}")
            say(f"stack {stack['StackName']}: {stack['StackStatus']}")
            outputs = stacks.outputs(stack)
            if "Service" not in outputs:
                raise Failed("the stack has no service: run up again")
            now = rollout.state(cloud, outputs)
            say(now.text())
            for event in now.events:
                say(f"  {event}")
            say(f"trails: {outputs['Trails'].strip()}; log: {outputs['Logs']}")
            if not now.steady:
                raise Failed(f"{outputs['Url']} is not well: {rollout.why(cloud, outputs, now)}")
        health.wait_until_ready(outputs["Url"], timeout_s=0, say=say)
        return outputs["Url"]

    def down(self, arguments: argparse.Namespace) -> None:
        """Take away the service, the registry and what they leave behind."""
        with plainly():
            cloud = connect(arguments.region)
            for name in (_service(arguments.name), _registry(arguments.name)):
                if stacks.find_ours(cloud, name, arguments.name):
                    stacks.remove(cloud, name)
            _forget_task_definitions(cloud, _service(arguments.name))
            for arn in _kept(cloud, arguments.name):
                say(f"kept, and paid for until you delete it: {arn}")
            if listed := _listed(cloud, arguments.name):
                say(f"AWS's index of tags, which is behind by minutes or hours, still lists {', '.join(listed)}")
            say(f"nothing else is left of {arguments.name}")

    def run(self, arguments: argparse.Namespace) -> str:
        """Run a command of LoopGenie beside the database; returns the base URL."""
        for one in arguments.fetch:
            if not one.startswith("s3://"):
                raise WrongUse(f"--fetch is {one!r}, want s3://BUCKET/KEY")
        with plainly():
            cloud = connect(arguments.region)
            stack = stacks.find(cloud, _service(arguments.name))
            if stack is None:
                raise WrongUse(f"there is no {arguments.name} in {cloud.region}: run up first")
            outputs = stacks.outputs(stack)
            timeout_s = arguments.wait_s or 7200
            rollout.run_once(cloud, outputs, arguments.words, fetch=arguments.fetch, timeout_s=timeout_s, say=say)
            return outputs["Url"]


_STEPS = (
    "make the registry of the images",
    "look whether the images are there already, by a name that is made from what is in them",
    "build those that are not, with Docker",
    "start them, plan a trip through nginx, and push them",
    "make or change the service; ECS starts new tasks, waits until they are healthy, and only then ends old ones",
    "wait until all tasks are healthy and a trip is answered",
)
_DOWN = (
    "remove the service, its network and its log",
    "remove the registry with all images",
    "look whether anything is left; a last snapshot of a database is kept and named",
)


def _service(name: str) -> str:
    return f"{name}-fargate"


def _registry(name: str) -> str:
    return f"{name}-fargate-registry"


def _defaults() -> dict[str, str]:
    return {name: str(one.get("Default", "")) for name, one in TEMPLATE.body["Parameters"].items()}


def _before(stack: Mapping[str, Any] | None) -> dict[str, str]:
    """The parameters of the stack that is there; a template of another version may have others."""
    given = stacks.parameters(stack) if stack else {}
    return {name: value for name, value in given.items() if name in TEMPLATE.body["Parameters"]}


def _both(name: str, region: str, chosen: Mapping[str, str], *, registry: bool = True) -> list[Resource]:
    first = REGISTRY.resources({"Name": name}, region=region, stack=_registry(name)) if registry else []
    return [*first, *TEMPLATE.resources({**chosen, "Name": name}, region=region, stack=_service(name))]


# --- images -------------------------------------------------------------------------------------------------------


def _wanted(chosen: Mapping[str, str]) -> tuple[str, ...]:
    return ("app", "web", "importer") if chosen["Data"] == "rds" else ("app", "web")


def _as_parameters(references: Mapping[str, str]) -> dict[str, str]:
    return {_IMAGES[image]: reference for image, reference in references.items()}


def own_registry(arguments: argparse.Namespace) -> bool:
    """Whether the images lie in the registry of this deployment: they are built, or named by a tag alone."""
    return arguments.image is None or not any(sign in arguments.image for sign in "/:@")


def _given(arguments: argparse.Namespace, chosen: Mapping[str, str]) -> dict[str, str]:
    """The images that the operator names."""
    named = {"app": arguments.image, "web": arguments.web_image, "importer": arguments.importer_image}
    wanted = {image: named[image] for image in _wanted(chosen)}
    if chosen["Data"] == "image" and chosen["Trails"] == "sample":
        raise WrongUse(
            "an image from elsewhere carries no trails: say --data s3://BUCKET/KEY, --database-secret or --rds"
        )
    if missing := [f"--{image}-image" for image, one in wanted.items() if not one]:
        raise WrongUse(f"--image names an image elsewhere, so {' and '.join(missing)} is needed, too")
    return wanted


def _tag_offline(arguments: argparse.Namespace, chosen: Mapping[str, str]) -> str:
    if arguments.image:
        return str(arguments.image)
    return images.tag(arch=chosen["Architecture"].lower(), trails=choices.file_of_trails(arguments, chosen))


def _images(cloud: Cloud, arguments: argparse.Namespace, chosen: Mapping[str, str]) -> dict[str, str]:
    """The images to run, in the registry; built and pushed if they are not there."""
    if not own_registry(arguments):
        return _given(arguments, chosen)
    tag = _tag_offline(arguments, chosen)  # before anything is made: the trails may not be at hand
    registry = stacks.apply(
        cloud,
        _registry(arguments.name),
        REGISTRY.text,
        parameters={"Name": arguments.name},
        tags=tags("fargate", arguments.name),
    )
    uris = {"app": registry["App"], "web": registry["Web"], "importer": registry["Importer"]}
    references = {image: f"{uris[image]}:{tag}" for image in _wanted(chosen)}
    missing = [image for image in references if not _is_there(cloud, f"{arguments.name}/{image}", tag)]
    if missing and arguments.image:
        raise WrongUse(f"--image is {tag!r}, which is no tag of {arguments.name}/{missing[0]} in {cloud.region}")
    if missing:
        _build_and_push(cloud, arguments, chosen, references={image: references[image] for image in missing})
    else:
        say(f"the images {tag} are in the registry already")
    return references


def _is_there(cloud: Cloud, repository: str, tag: str) -> bool:
    from botocore.exceptions import ClientError

    try:
        cloud.client("ecr").describe_images(repositoryName=repository, imageIds=[{"imageTag": tag}])
    except ClientError as error:
        if error.response["Error"]["Code"] == "ImageNotFoundException":
            return False
        raise
    return True


def _build_and_push(
    cloud: Cloud, arguments: argparse.Namespace, chosen: Mapping[str, str], *, references: Mapping[str, str]
) -> None:
    images.check_docker()
    arch = chosen["Architecture"].lower()
    tag = next(iter(references.values())).rsplit(":", 1)[-1]
    local = {target: f"loopgenie-{target}:{tag}" for target in ("server", "web", "importer", "app")}
    file = choices.file_of_trails(arguments, chosen)
    try:
        for target in ("server", "web", "importer"):
            if target == "importer" and file:
                continue  # a file needs nobody to make it
            say(f"building the image {local[target]}")
            images.build(target, local[target], arch=arch)
        with tempfile.TemporaryDirectory() as scratch:
            whole = trails.copy(file, Path(scratch) / file.name) if file else None
            images.with_trails(local["server"], local["app"], arch=arch, file=whole, importer=local["importer"])
        say(f"a trip was planned with the images after {images.try_out(local['app'], local['web']):.1f} s")
        # Tried with trails; what gets them from elsewhere is the very same without that layer.
        pushed = {**local, "app": local["app" if chosen["Data"] == "image" else "server"]}
        for image, reference in references.items():
            images.name(pushed[image], reference)
        login = cloud.client("ecr").get_authorization_token()["authorizationData"][0]
        user, _, password = base64.b64decode(login["authorizationToken"]).decode().partition(":")
        images.push(list(references.values()), user=user, password=password)
    finally:
        images.forget([*local.values(), *references.values()])


# --- the service --------------------------------------------------------------------------------------------------


def _answers(cloud: Cloud, outputs: Mapping[str, str], chosen: Mapping[str, str], *, wait_s: int) -> str:
    """Wait until it does; returns the base URL."""
    url = outputs["Url"]
    if not wait_s:
        say("not waiting: status tells when it answers")
        return url
    floor = min(int(chosen["MinTasks"]), int(chosen["NightTasks"] or chosen["MinTasks"]))  # it may be night
    now = rollout.wait(cloud, outputs, at_least=floor, timeout_s=wait_s, say=say)
    say(now.text())
    if not now.desired:
        say(f"it is night, and no task runs: {url} answers again from {chosen['NightEnds']} on ({chosen['Timezone']})")
        return url
    if chosen["Certificate"] and not chosen["Zone"]:
        say(f"point {chosen['Domain']} at {outputs['Address']} (CNAME); until then {url} leads nowhere")
        return url
    seconds = health.wait_until_ready(url, timeout_s=wait_s, say=say)
    say(f"a trip was answered after {seconds:.0f} s")
    return url


def _reason(cloud: Cloud, stack: Mapping[str, Any] | None) -> str:
    """What ECS says of a version that CloudFormation has taken back."""
    if stack is None:
        return ""
    outputs = stacks.outputs(stack)
    if "Service" not in outputs:
        return ""
    now = rollout.state(cloud, outputs)
    return f"; {now.task_definition} runs on. ECS: {rollout.why(cloud, outputs, now)}"


def _forget_task_definitions(cloud: Cloud, family: str) -> None:
    """CloudFormation only deregisters the last ones; they cost nothing, but they are ours."""
    client = cloud.client("ecs")
    for prefix in (family, f"{family}-importer"):
        for status in ("ACTIVE", "INACTIVE"):
            pages = client.get_paginator("list_task_definitions").paginate(familyPrefix=prefix, status=status)
            found = [arn for page in pages for arn in page["taskDefinitionArns"]]
            for arn in found:
                if status == "ACTIVE":
                    client.deregister_task_definition(taskDefinition=arn)
            for first in range(0, len(found), 10):
                client.delete_task_definitions(taskDefinitions=found[first : first + 10])


def _kept(cloud: Cloud, name: str) -> list[str]:
    """Snapshots of the database, which outlive it on purpose and have its tags."""
    pages = cloud.client("rds").get_paginator("describe_db_snapshots").paginate(SnapshotType="manual")
    found = [one for page in pages for one in page["DBSnapshots"]]
    ours = [{"Key": TAG, "Value": name}, {"Key": f"{TAG}:target", "Value": "fargate"}]
    return [one["DBSnapshotArn"] for one in found if all(tag in one.get("TagList", []) for tag in ours)]


def _listed(cloud: Cloud, name: str) -> list[str]:
    """What AWS's index still has under our tag.

    It also names what went long ago (https://github.com/aws/aws-sdk/issues/676), so it proves nothing: that the stacks
    are gone does.
    """
    pages = cloud.client("resourcegroupstaggingapi").get_paginator("get_resources")
    ours = [{"Key": TAG, "Values": [name]}, {"Key": f"{TAG}:target", "Values": ["fargate"]}]
    found = [one["ResourceARN"] for page in pages.paginate(TagFilters=ours) for one in page["ResourceTagMappingList"]]
    return [arn for arn in found if ":task-definition/" not in arn and ":task/" not in arn and ":snapshot:" not in arn]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    return command.run(Fargate(), argv, more=[("run", "run a command of LoopGenie beside the database of --rds")])


if __name__ == "__main__":
    sys.exit(main())
