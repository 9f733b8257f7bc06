"""LoopGenie on AWS Lambda: `python -m deploy.lambda.deploy up | status | update | down`, and `package` without AWS.

Zappa packs the function and draws the API in front of it; one CloudFormation stack carries all of it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy import health, stacks, trails
from deploy.cloud import Cloud, connect, plainly, tags
from deploy.command import Failed, WrongUse, name_option, region_option, run, say, wait_option
from deploy.plan import Plan

from . import choices, gateway, leftovers, packaging, smoke, storage
from .choices import Choices
from .packaging import HANDLERS, MIB, RUNTIMES, Recipe

#: How long `down` waits for network interfaces, which only functions in a VPC have.
_INTERFACES_S = 2400.0
_KEPT = ("what is not said on the command line stays as it runs; this plan shows defaults for it",)


class Lambda:
    """The target."""

    name = "lambda"
    about = "LoopGenie on AWS Lambda: nothing to pay while nobody asks."

    def options(self, parser: argparse.ArgumentParser, verb: str) -> None:
        """Add the options of a verb."""
        if verb == "package":
            parser.add_argument("--output", type=Path, required=True, metavar="FILE.zip", help="the zip to write")
            choices.options(parser, verb)
            return
        name_option(parser)
        region_option(parser)
        if verb in ("up", "update"):
            choices.options(parser, verb)
        if verb != "down":
            wait_option(parser, seconds=0 if verb == "status" else 180)

    def plan(self, arguments: argparse.Namespace, verb: str) -> Plan:
        """What a verb would do; AWS is not asked."""
        stack, where = stack_name(arguments.name), arguments.region or "<your region>"
        if verb == "down":
            steps = [
                f"remove the stack {stack}: function, role, API, log, rule, alarms",
                "wait until Lambda has given back its network interfaces",
                f"empty and remove the bucket {arguments.name}-lambda-…",
                "look for whatever is left, service by service, and say so",
            ]
            return Plan(f"down: {stack} in {where}", steps=steps)
        chosen = choices.choose(arguments)
        if chosen.data:
            trails.check(chosen.data)
        kind = chosen.parameters["Gateway"]
        known = {**chosen.parameters, "FunctionName": stack, "CodeBucket": "<bucket>", "CodeKey": "<package>.zip"}
        idle, traffic = choices.costs(chosen.parameters)
        steps = [
            f"pack LoopGenie for {chosen.parameters['Runtime']} on {chosen.parameters['Architecture']} with Zappa",
            "start the package once, both its handlers, before it is sent",
            "send it to the bucket",
            f"bring the stack {stack} to this template",
            "wait until it answers a trip"
            + ("; if it does not, go back to the package before" if verb == "update" else ""),
        ]
        made = gateway.template(stack, known).resources(known, region=where, stack=stack)
        return Plan(
            f"{verb}: {stack} in {where}, {gateway.GATEWAYS[kind]} in front",
            resources=[choices.bucket_resource(arguments.name), *made],
            steps=steps,
            costs=idle,
            per_million=traffic,
            notes=[*choices.notes(chosen), *(_KEPT if verb == "update" else ())],
        )

    def up(self, arguments: argparse.Namespace) -> str:
        """Make it, or bring it up to date."""
        return _bring_out(arguments)

    def update(self, arguments: argparse.Namespace) -> str:
        """Bring this version out; one that does not answer is taken back."""
        return _bring_out(arguments, must_run=True)

    def status(self, arguments: argparse.Namespace) -> str:
        """Say what there is, and ask it."""
        cloud = connect(arguments.region)
        with plainly():
            stack = _stack(cloud, arguments.name)
            if stack is None:
                raise Failed(f"there is no {stack_name(arguments.name)} in {cloud.region}; `up` makes it")
            running, url = stacks.parameters(stack), stacks.outputs(stack).get("Url", "")
            function = cloud.client("lambda").get_function(FunctionName=stack_name(arguments.name))["Configuration"]
            say(f"stack      {stack['StackName']}: {stack['StackStatus']}")
            say(
                f"function   {function.get('State', 'Active')}, {function['Runtime']}, {function['MemorySize']} MB, "
                f"{function['Timeout']} s, changed {function['LastModified']}"
            )
            say(f"package    {running['CodeKey']}, {function['CodeSize'] / MIB:.1f} MiB, {running['Handler']}")
            say(f"in front   {gateway.GATEWAYS[running['Gateway']]}")
            for one in stacks.resources(cloud, stack["StackName"]):
                say(f"  {one['ResourceStatus']:<16} {one['ResourceType']}  {one.get('PhysicalResourceId', '')}")
        seconds = health.wait_until_ready(url, timeout_s=arguments.wait_s, say=say)
        say(f"a trip     found, after {seconds:.1f} s")
        return url

    def down(self, arguments: argparse.Namespace) -> None:
        """Take everything away, and look whether it is gone."""
        cloud, name = connect(arguments.region), stack_name(arguments.name)
        with plainly():
            stack = _stack(cloud, arguments.name)
            api = _rest_api(cloud, name) if stack else ""
            stacks.remove(cloud, name)
            leftovers.wait_for_interfaces(cloud, name, timeout_s=_INTERFACES_S)
            leftovers.sweep(cloud, name, api=api)
            storage.remove(cloud, storage.bucket_name(cloud, arguments.name))
            left = leftovers.find(cloud, arguments.name, name, api=api)
        if left:
            raise Failed(f"this is left: {'; '.join(left)}; run down again, or remove it by hand")
        say("nothing is left")

    def package(self, arguments: argparse.Namespace) -> str:
        """Make the zip alone."""
        running = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        if not arguments.runtime and running not in RUNTIMES:
            raise WrongUse(f"Lambda has no runtime for {running}: say --runtime, one of {', '.join(RUNTIMES)}")
        recipe = Recipe(runtime=arguments.runtime or running, arch=arguments.arch or "x86_64", data=arguments.data)
        made = packaging.make(recipe, arguments.output)
        handler = HANDLERS[arguments.handler or "zappa"]
        say(f"handler {handler}; set INSTANTIATE_LAMBDA_HANDLER_ON_IMPORT=1, or the first request imports the app")
        return str(made.file)


def stack_name(name: str) -> str:
    """What the stack, the function and the API of a deployment are called."""
    return f"{name}-lambda"


def _bring_out(arguments: argparse.Namespace, *, must_run: bool = False) -> str:
    if arguments.data:
        trails.check(arguments.data)
    cloud, name = connect(arguments.region), stack_name(arguments.name)
    marks = tags("lambda", arguments.name)
    with plainly():
        stack = _stack(cloud, arguments.name)
        if must_run and stack is None:
            raise WrongUse(f"there is no {name} in {cloud.region} to update; `up` makes it")
        before = stacks.parameters(stack) if stack else {}
        chosen = choices.choose(arguments, before)
        bucket = storage.bucket_name(cloud, arguments.name)
        storage.ensure(cloud, bucket, marks)
        with tempfile.TemporaryDirectory(prefix="loopgenie-up-") as scratch:
            recipe = chosen.recipe(_trails(cloud, bucket, chosen, Path(scratch)))
            file = Path(scratch) / "package.zip"
            packaging.make(recipe, file)
            smoke.check(file, recipe)
            key = storage.upload(cloud, bucket, file)
        parameters = {**chosen.parameters, "FunctionName": name, "CodeBucket": bucket, "CodeKey": key}
        url = _apply(cloud, name, parameters, marks)
    try:
        _wait(url, arguments.wait_s)
    except Failed as error:
        if not before or before["CodeKey"] == key:
            raise
        say(f"{error}: going back to {before['CodeKey']}")
        with plainly():
            _apply(cloud, name, before, marks)
        raise Failed(f"the new version does not answer and was taken back: {error}") from None
    with plainly():
        storage.keep_only(cloud, bucket, {key, before.get("CodeKey", key)})
    return url


def _apply(cloud: Cloud, name: str, parameters: Mapping[str, str], marks: Mapping[str, str]) -> str:
    template = gateway.template(name, parameters)
    known = {key: value for key, value in parameters.items() if key in template.body["Parameters"]}
    made = stacks.apply(cloud, name, template.text, parameters=known, tags=marks)
    if "Url" not in made:
        raise Failed(f"the stack {name} is made, but says no address")
    return made["Url"].rstrip("/")


def _wait(url: str, seconds: int) -> None:
    if seconds:
        say(f"asking {url} for a trip")
        took = health.wait_until_ready(url, timeout_s=seconds, say=say)
        say(f"it answers, after {took:.1f} s")


def _trails(cloud: Cloud, bucket: str, chosen: Choices, folder: Path) -> Path | None:
    """The trails to pack: those that are named, else those that run, else (None) the sample."""
    if chosen.data or chosen.elsewhere:
        return chosen.data
    key = chosen.parameters.get("CodeKey")
    if not key:
        return None
    say("taking the trails of the package that runs")
    return storage.trails_of(cloud, bucket, key, folder)


def _stack(cloud: Cloud, name: str) -> dict[str, Any] | None:
    """The stack of a deployment, if there is one; raises `WrongUse` if it is somebody else's."""
    return stacks.find_ours(cloud, stack_name(name), name)


def _rest_api(cloud: Cloud, name: str) -> str:
    """The id of the stack's REST API, if it has one."""
    found = (one for one in stacks.resources(cloud, name) if one["ResourceType"] == "AWS::ApiGateway::RestApi")
    return next((str(one["PhysicalResourceId"]) for one in found), "")


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    return run(Lambda(), argv, more=[("package", "write the zip, without asking AWS; its path is the last line")])


if __name__ == "__main__":
    sys.exit(main())
