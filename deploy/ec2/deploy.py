"""LoopGenie on one EC2 instance: `python -m deploy.ec2.deploy up | status | update | rollback | down`."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from deploy import buckets, health, stacks, trails, wheels
from deploy.cloud import Cloud, connect, plainly, tags
from deploy.command import Failed, WrongUse, run, say
from deploy.ec2 import bucket, choices, instance, release
from deploy.ec2.release import Recipe
from deploy.ec2.wanted import Wanted
from deploy.plan import Plan, Resource
from deploy.prices import price
from deploy.template import Template

HERE = Path(__file__).parent
CACHE = wheels.ROOT / ".loopgenie" / "releases"
_PLACEHOLDER = '"<user-data.sh>"'


class Ec2:
    """One instance with nginx and two of the app, and its data on a volume of its own."""

    name = "ec2"
    about = "LoopGenie on one EC2 instance, with its data on an encrypted volume that is backed up every night"

    def options(self, parser: argparse.ArgumentParser, verb: str) -> None:
        """Add the options of a verb."""
        choices.options(parser, verb)

    # --- plans -------------------------------------------------------------------------------------------------------

    def plan(self, arguments: argparse.Namespace, verb: str) -> Plan:
        """What a verb would do, offline; raises `WrongUse`."""
        where = f"{arguments.name} in {arguments.region or 'the region of your AWS profile'}"
        if verb == "down":
            return _plan_of_down(arguments, where)
        choices.check(arguments)
        if verb == "update":
            return Plan(
                f"bring the version of this checkout to the instance of {where}",
                steps=[
                    "build a release, start it once here and upload it, unless it is in the bucket",
                    f"run on the instance: {_update_command(bucket.NEXT)}",
                    "there: try the new version unseen, then change the two that serve one after the other",
                    "wait until it answers a trip",
                ],
                notes=["a version that does not answer changes nothing: what ran before goes on"],
            )
        kind = arguments.instance or choices.DEFAULT_INSTANCE
        given = {
            "Image": arguments.image or f"<newest Debian 12 for {instance.architecture(kind)}>",
            "Zone": "<zone>",
            "Bucket": "<Bucket>",
            **choices.given(arguments),
        }
        if arguments.subnet:
            given |= {"Vpc": "<its network>"}
        idle, traffic = choices.costs(kind, arguments.data_gib or choices.DEFAULT_DATA_GIB)
        made = Template.read(HERE / "bucket.yaml").resources({}, stack=_bucket_stack(arguments.name))
        made += _template(_script()).resources(given, stack=_stack(arguments.name))
        return Plan(
            f"LoopGenie on a {kind}: {where}",
            steps=[
                f"make the stack {_bucket_stack(arguments.name)}: a bucket",
                "build a release, start it once here and upload it with the trails, unless they are in the bucket",
                f"make the stack {_stack(arguments.name)}: network, instance, data volume, address, backups, alarms",
                "wait until it answers a trip",
            ],
            resources=made,
            costs=idle,
            per_million=traffic,
            notes=list(choices.notes(arguments, kind)),
        )

    # --- verbs -------------------------------------------------------------------------------------------------------

    def up(self, arguments: argparse.Namespace) -> str:
        """Make it, or bring what is there up to date."""
        choices.check(arguments)
        with plainly():
            cloud = connect(arguments.region)
            stack = stacks.find_ours(cloud, _stack(arguments.name), arguments.name)
            parameters = _parameters(cloud, arguments, stack)
            again = bool(arguments.replace or arguments.from_snapshot)
            machine = _instance_of(stack)
            running = machine and not again
            store = stacks.apply(
                cloud,
                _bucket_stack(arguments.name),
                (HERE / "bucket.yaml").read_text("utf-8"),
                parameters={},
                tags=tags(self.name, arguments.name),
            )["Bucket"]
            parameters["Bucket"] = store
            before = bucket.read(cloud, store, bucket.CURRENT)
            wanted = _bring(cloud, store, arguments, before, instance.architecture(parameters["InstanceType"]))
            script = _script_of(cloud, stack) if running else _script()
            if not running:
                bucket.write(cloud, store, bucket.CURRENT, wanted)
                if stack and machine:
                    say("taking the instance away; its data and address stay")
                    instance.stop(cloud, machine)
                    self._apply(cloud, arguments.name, script, {**_known(stack), "Machine": "absent"})
            outputs = self._apply(cloud, arguments.name, script, {**parameters, "Machine": "present"})
            if running:
                _roll(cloud, store, outputs["Instance"], wanted)
            return _wait(cloud, arguments, outputs, wanted)

    def status(self, arguments: argparse.Namespace) -> str:
        """Say what there is and whether it answers."""
        with plainly():
            cloud = connect(arguments.region)
            stack = _there(cloud, arguments.name)
            outputs = stacks.outputs(stack)
            say(f"stack {stack['StackName']}: {stack['StackStatus']}")
            say(f"address: {outputs['Address']}, data: {outputs['DataVolume']} in {outputs['Zone']}")
            machine = outputs.get("Instance")
            if not machine:
                raise Failed("there is no instance: run up")
            found = cloud.client("ec2").describe_instances(InstanceIds=[machine])["Reservations"][0]["Instances"][0]
            say(f"instance: {machine}, {found['InstanceType']}, {found['State']['Name']}; a shell on it:")
            say(f"  aws ssm start-session --region {cloud.region} --target {machine}")
            wanted = bucket.read(cloud, _known(stack)["Bucket"], bucket.CURRENT)
            say(f"release: {wanted.release if wanted else 'none'}")
            kept = instance.snapshots(cloud, outputs["DataVolume"])
            say(f"snapshots: {len(kept)}" + (f", the last of {kept[-1]['StartTime']:%Y-%m-%d %H:%M}" if kept else ""))
            for alarm in cloud.client("cloudwatch").describe_alarms(AlarmNamePrefix=stack["StackName"])["MetricAlarms"]:
                if alarm["StateValue"] == "ALARM":
                    say(f"ALARM: {alarm['AlarmDescription']}")
        url = f"http://{outputs['Address']}"
        health.wait_until_ready(url, timeout_s=0, say=say)
        return f"https://{wanted.domain}" if wanted and wanted.domain and _has_tls(wanted.domain) else url

    def update(self, arguments: argparse.Namespace) -> str:
        """Bring this version out without a failed request."""
        choices.check(arguments)
        with plainly():
            cloud = connect(arguments.region)
            stack = _there(cloud, arguments.name)
            known, outputs = _known(stack), stacks.outputs(stack)
            if "Instance" not in outputs:
                raise WrongUse(f"{arguments.name} has no instance: run up")
            if arguments.database_secret and known["DatabaseSecret"] != arguments.database_secret:
                raise WrongUse("the instance may not read that secret yet: run up with it")
            before = bucket.read(cloud, known["Bucket"], bucket.CURRENT)
            arch = instance.architecture(known["InstanceType"])
            wanted = _bring(cloud, known["Bucket"], arguments, before, arch)
            _roll(cloud, known["Bucket"], outputs["Instance"], wanted)
            return _wait(cloud, arguments, outputs, wanted)

    def rollback(self, arguments: argparse.Namespace) -> str:
        """Go back to what ran before the last update."""
        with plainly():
            cloud = connect(arguments.region)
            stack = _there(cloud, arguments.name)
            store, outputs = _known(stack)["Bucket"], stacks.outputs(stack)
            wanted = bucket.read(cloud, store, bucket.PREVIOUS)
            if not wanted or "Instance" not in outputs:
                raise WrongUse(f"{arguments.name} has never run anything else")
            _roll(cloud, store, outputs["Instance"], wanted)
            return _wait(cloud, arguments, outputs, wanted)

    def down(self, arguments: argparse.Namespace) -> None:
        """Take everything away; the data stays as a snapshot unless told otherwise."""
        with plainly():
            cloud = connect(arguments.region)
            stack = stacks.find_ours(cloud, _stack(arguments.name), arguments.name)
            volume = stacks.outputs(stack).get("DataVolume") if stack else None
            if machine := _instance_of(stack):
                instance.stop(cloud, machine)
            stacks.remove(cloud, _stack(arguments.name))
            store = stacks.find_ours(cloud, _bucket_stack(arguments.name), arguments.name)
            if store:
                if name := stacks.outputs(store).get("Bucket"):
                    buckets.empty(cloud, name)
                stacks.remove(cloud, _bucket_stack(arguments.name))
            left = instance.snapshots(cloud, volume) if volume else []
            ours = {one["SnapshotId"] for one in left}
            # of a volume that it had before, or of a deployment of that name whose data was kept: not for us to delete
            earlier = [one for one in instance.backups(cloud, _stack(arguments.name)) if one["SnapshotId"] not in ours]
            if arguments.delete_data:
                for one in left:
                    say(f"deleting the snapshot {one['SnapshotId']}")
                    cloud.client("ec2").delete_snapshot(SnapshotId=one["SnapshotId"])
                left = []
            for one, what in [*((one, "earlier data") for one in earlier), *((one, "the data") for one in left)]:
                size = one["VolumeSize"]
                most = size * price("ebs.snapshot")
                say(f"left: snapshot {one['SnapshotId']} of {what}, {size} GiB, at most {most:.2f} USD a month")
            if left:
                say(f"bring the data back with: up --from-snapshot {left[-1]['SnapshotId']}")
            elif not earlier:
                say("nothing is left")

    def _apply(self, cloud: Cloud, name: str, script: str, parameters: Mapping[str, str]) -> dict[str, str]:
        text = _template(script).text
        return stacks.apply(cloud, _stack(name), text, parameters=parameters, tags=tags(self.name, name))


# --- what is asked for ---------------------------------------------------------------------------------------------


def _parameters(cloud: Cloud, arguments: argparse.Namespace, stack: Mapping[str, Any] | None) -> dict[str, str]:
    """The template's parameters: what is given, else what the stack has, else what is there to be found out.

    Raises
    ------
    WrongUse : they do not go together, or need the instance to be made anew.
    """
    known, given = _known(stack), choices.given(arguments)
    parameters = {"InstanceType": choices.DEFAULT_INSTANCE, "DataGiB": str(choices.DEFAULT_DATA_GIB), **known, **given}
    again = arguments.replace or arguments.from_snapshot or not known
    if known and given.get("Subnet", known["Subnet"]) != known["Subnet"]:
        raise WrongUse("the data cannot move to another subnet: take it down and up --from-snapshot there")
    if not known and "Subnet" in given:
        parameters["Vpc"], parameters["Zone"] = instance.network(cloud, given["Subnet"])
    elif not known:
        parameters["Zone"] = instance.zone(cloud, parameters["InstanceType"])
    if known and int(parameters["DataGiB"]) < int(known["DataGiB"]):
        raise WrongUse(f"--data-gib is {parameters['DataGiB']}, but a volume cannot shrink from {known['DataGiB']} GiB")
    if arguments.from_snapshot:
        parameters["DataGiB"] = _room_for(cloud, arguments, known, parameters["DataGiB"])
    arch = instance.architecture(parameters["InstanceType"])
    if not again:
        if arch != instance.architecture(known["InstanceType"]):
            raise WrongUse(
                f"{parameters['InstanceType']} has another processor than {known['InstanceType']}: say --replace"
            )
        if parameters["Image"] != known["Image"]:
            raise WrongUse("another image makes the instance anew: say --replace")
    elif "Image" not in given:
        parameters["Image"] = instance.newest_image(cloud, arch)
    return parameters


def _room_for(cloud: Cloud, arguments: argparse.Namespace, known: Mapping[str, str], gib: str) -> str:
    """The size of a volume that begins with a snapshot; found out before anything is taken away for it."""
    snapshot = arguments.from_snapshot
    if known.get("DataSnapshot") == snapshot:
        raise WrongUse(
            f"the data began with {snapshot} already, so to CloudFormation nothing would change: run up without it, "
            "or, to begin with it once more, copy it (aws ec2 copy-snapshot) and name the copy"
        )
    least = instance.snapshot_gib(cloud, snapshot)
    if arguments.data_gib is not None and arguments.data_gib < least:
        raise WrongUse(f"--data-gib is {arguments.data_gib}, but {snapshot} is of {least} GiB")
    return str(max(int(gib), least))


def _bring(cloud: Cloud, store: str, arguments: argparse.Namespace, before: Wanted | None, arch: str) -> Wanted:
    """Bring release and trails to the bucket; returns what the instance shall run."""
    wanted = before or Wanted("")
    if arguments.domain:
        wanted = replace(wanted, domain=arguments.domain, email=arguments.email)
    if arguments.database_secret:
        wanted = replace(wanted, database="secret", secret=arguments.database_secret, data="")
    elif arguments.postgres:
        wanted = replace(wanted, database="postgres", data="", secret="")
    elif arguments.data:
        wanted = replace(wanted, database="sqlite", secret="")
    with tempfile.TemporaryDirectory() as scratch:
        file = _trails(Path(scratch), arguments, wanted)
        if file:
            wanted = replace(wanted, data=f"data/{trails.digest(file)}.db")
            bucket.bring(cloud, store, wanted.data, file)
        recipe = Recipe(arch, importers=wanted.database == "postgres")
        key = f"releases/{release.name(recipe)}"
        if not bucket.holds(cloud, store, key):
            bucket.bring(cloud, store, key, release.fetch(recipe, file, CACHE))
    return replace(wanted, release=key)


def _trails(scratch: Path, arguments: argparse.Namespace, wanted: Wanted) -> Path | None:
    """The file with the trails that are to be brought there, if any are."""
    file = scratch / "trails.db"
    if arguments.data:
        say(f"taking the trails of {arguments.data}")
        trails.copy(arguments.data, file)
        return file
    if wanted.database == "sqlite" and not wanted.data:
        say("no --data: taking the synthetic sample region, which is nowhere")
        trails.sample(file)
        return file
    return None


# --- what is there -------------------------------------------------------------------------------------------------


def _stack(name: str) -> str:
    return f"{name}-ec2"


def _bucket_stack(name: str) -> str:
    return f"{name}-ec2-releases"


def _script() -> str:
    """What an instance does when it starts for the first time, as it stands in the file."""
    return (HERE / "user-data.sh").read_text("utf-8")


def _script_of(cloud: Cloud, stack: Mapping[str, Any] | None) -> str:
    """The script that the running instance started with: another one would stop and start it, for nothing."""
    if not stack:
        return _script()
    text = cloud.client("cloudformation").get_template(StackName=stack["StackName"])["TemplateBody"]
    body = text if isinstance(text, dict) else Template.parse(text).body
    return str(body["Resources"]["Instance"]["Properties"]["UserData"]["Fn::Base64"]["Fn::Sub"])


def _template(script: str) -> Template:
    """The template with the script in its place."""
    text = (HERE / "template.yaml").read_text("utf-8")
    return Template.parse(text.replace(_PLACEHOLDER, json.dumps(script)))  # JSON's strings are YAML's


def _there(cloud: Cloud, name: str) -> dict[str, Any]:
    stack = stacks.find_ours(cloud, _stack(name), name)
    if not stack or "Address" not in stacks.outputs(stack):
        raise WrongUse(f"there is no {name} in {cloud.region}: run up, or say another --name or --region")
    return stack


def _known(stack: Mapping[str, Any] | None) -> dict[str, str]:
    """The parameters of a stack; none of one that was never whole."""
    if not stack or "Address" not in stacks.outputs(stack):
        return {}
    return stacks.parameters(stack)


def _instance_of(stack: Mapping[str, Any] | None) -> str | None:
    return stacks.outputs(stack).get("Instance") if stack else None


def _update_command(key: str) -> str:
    return f"/usr/local/sbin/loopgenie-update {key}"


def _roll(cloud: Cloud, store: str, machine: str, wanted: Wanted) -> None:
    """Let the instance change to something; what is current and what was before is only changed when it has."""
    before = bucket.read(cloud, store, bucket.CURRENT)
    bucket.write(cloud, store, bucket.NEXT, wanted)
    say(f"changing {machine} to {wanted.release}")
    instance.run(cloud, machine, _update_command(bucket.NEXT))
    if before and before != wanted:
        bucket.write(cloud, store, bucket.PREVIOUS, before)
    bucket.write(cloud, store, bucket.CURRENT, wanted)
    bucket.tidy(cloud, store)


def _wait(cloud: Cloud, arguments: argparse.Namespace, outputs: Mapping[str, str], wanted: Wanted) -> str:
    """Wait until it answers; returns the base URL."""
    url = f"http://{outputs['Address']}"
    if arguments.wait_s:
        say(f"waiting for {url}")
        try:
            took = health.wait_until_ready(url, timeout_s=arguments.wait_s, say=say)
        except Failed as error:
            words = instance.last_words(cloud, outputs["Instance"])
            raise Failed(f"{error}; the instance last said: {words or 'nothing'}") from None
        say(f"it answers after {took:.0f} s")
    if not wanted.domain:
        return url
    if arguments.wait_s and _has_tls(wanted.domain):
        return f"https://{wanted.domain}"
    say(f"{wanted.domain} must lead to {outputs['Address']} (a DNS entry of type A); then the instance gets its")
    say("certificate within a quarter of an hour, and from then on sends everybody there")
    return url


def _has_tls(domain: str) -> bool:
    try:
        health.wait_until_ready(f"https://{domain}", timeout_s=0, say=say)
    except Failed:
        return False
    return True


def _plan_of_down(arguments: argparse.Namespace, where: str) -> Plan:
    body = _template(_script()).body["Resources"]
    made = [Resource(one["Type"], name) for name, one in body.items()]
    made += [Resource(one["Type"], name) for name, one in Template.read(HERE / "bucket.yaml").body["Resources"].items()]
    kept = (
        "the snapshots of the data are deleted, too"
        if arguments.delete_data
        else ("the data stays as a snapshot, for which AWS asks money; --delete-data deletes it and the nightly ones")
    )
    return Plan(f"take away {where}", resources=made, notes=[kept], sign="-")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    return run(Ec2(), argv, more=[("rollback", "go back to what ran before the last update")])


if __name__ == "__main__":
    sys.exit(main())
