"""LoopGenie on one EC2 instance: `python -m deploy.ec2.deploy up | status | update | rollback | down`."""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from deploy import buckets, health, stacks, trails, wheels
from deploy.cloud import Cloud, connect, plainly, tags
from deploy.command import Failed, WrongUse, name_option, region_option, run, say, wait_option
from deploy.ec2 import bucket, instance, release
from deploy.ec2.release import Recipe
from deploy.ec2.wanted import Wanted
from deploy.plan import Plan, Resource
from deploy.prices import Cost, answers_of_a_million, monthly, price, prices
from deploy.template import Template

HERE = Path(__file__).parent
CACHE = wheels.ROOT / ".loopgenie" / "releases"
DEFAULT_INSTANCE = "t4g.small"
DEFAULT_DATA_GIB = 20
_PLACEHOLDER = '"<user-data.sh>"'
_SYSTEM_GIB = 8


class Ec2:
    """One instance with nginx and two of the app, and its data on a volume of its own."""

    name = "ec2"
    about = "LoopGenie on one EC2 instance, with its data on an encrypted volume that is backed up every night"

    def options(self, parser: argparse.ArgumentParser, verb: str) -> None:
        """The options of each verb; what is not said again stays as it is."""
        name_option(parser)
        region_option(parser)
        if verb in ("up", "update", "rollback"):
            wait_option(parser, seconds=900)
        if verb in ("up", "update"):
            add = parser.add_argument
            add("--data", type=Path, metavar="FILE.db", help="SQLite file with the trails (default: the sample region)")
            database = parser.add_mutually_exclusive_group()
            database.add_argument(
                "--postgres", action="store_true", help="PostgreSQL with PostGIS on the instance, and the importers"
            )
            database.add_argument(
                "--database-url-secret",
                metavar="ARN",
                help="secret or SSM parameter with the URL of a PostgreSQL server elsewhere, such as RDS",
            )
            add("--domain", metavar="NAME", help="host name to serve by TLS; its DNS entry is yours to make")
            add("--email", metavar="E", help="whom Let's Encrypt may write to about the certificate (with --domain)")
        if verb == "up":
            add("--instance", metavar="TYPE", help=f"instance type (default: {DEFAULT_INSTANCE})")
            add("--data-gib", type=int, metavar="N", help=f"size of the data volume (default: {DEFAULT_DATA_GIB})")
            add("--from-snapshot", metavar="snap-…", help="begin with the data of a snapshot (implies --replace)")
            add("--subnet", metavar="subnet-…", help="a public subnet of a network of yours (default: a new network)")
            add("--image", metavar="ami-…", help="a Debian 12 image of your own (default: Debian's newest)")
            add("--alarm-email", metavar="E", help="who hears when an alarm goes off")
            add(
                "--replace",
                action="store_true",
                help="make the instance anew from the newest image; minutes without service, the data is kept",
            )
        if verb == "down":
            parser.add_argument("--delete-data", action="store_true", help="delete the snapshots of the data, too")

    # --- plans -------------------------------------------------------------------------------------------------------

    def plan(self, arguments: argparse.Namespace, verb: str) -> Plan:
        """What a verb would do, offline; raises `WrongUse`."""
        where = f"{arguments.name} in {arguments.region or 'the region of your AWS profile'}"
        if verb == "down":
            return _plan_of_down(arguments, where)
        _check(arguments)
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
        kind = arguments.instance or DEFAULT_INSTANCE
        given = {
            "Image": arguments.image or f"<newest Debian 12 for {instance.architecture(kind)}>",
            "Zone": "<zone>",
            "Bucket": "<Bucket>",
            **_given(arguments),
        }
        if arguments.subnet:
            given |= {"Vpc": "<its network>"}
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
            costs=_costs(kind, arguments.data_gib or DEFAULT_DATA_GIB),
            per_million=[answers_of_a_million()],
            notes=list(_notes(arguments, kind)),
        )

    # --- verbs -------------------------------------------------------------------------------------------------------

    def up(self, arguments: argparse.Namespace) -> str:
        """Make it, or bring what is there up to date."""
        _check(arguments)
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
        _check(arguments)
        with plainly():
            cloud = connect(arguments.region)
            stack = _there(cloud, arguments.name)
            known, outputs = _known(stack), stacks.outputs(stack)
            if "Instance" not in outputs:
                raise WrongUse(f"{arguments.name} has no instance: run up")
            if arguments.database_url_secret and known["DatabaseSecret"] != arguments.database_url_secret:
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


def _check(arguments: argparse.Namespace) -> None:
    """Find out what makes no sense before anything is done."""
    if arguments.data:
        if arguments.postgres or arguments.database_url_secret:
            raise WrongUse(
                "--data is a file for the instance's own SQLite; a PostgreSQL server is filled by loopgenie import"
            )
        trails.check(arguments.data)
    if bool(arguments.domain) != bool(arguments.email):
        raise WrongUse("--domain and --email belong together: Let's Encrypt wants an address to write to")
    if arguments.domain and not re.fullmatch(
        r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", arguments.domain
    ):
        raise WrongUse(
            f"--domain is {arguments.domain!r}, want a host name in small letters such as trails.example.org"
        )
    if arguments.email and not re.fullmatch(r"[^@\s']+@[^@\s']+\.[^@\s']+", arguments.email):
        raise WrongUse(f"--email is {arguments.email!r}, want an address such as me@example.org")
    secret = arguments.database_url_secret
    if secret and not re.fullmatch(
        r"arn:[a-z-]+:(secretsmanager|ssm):[a-z0-9-]+:\d{12}:(secret:|parameter/)[^\s*?']+", secret
    ):
        raise WrongUse(f"--database-url-secret is {secret!r}, want the ARN of a secret or of an SSM parameter")
    if getattr(arguments, "instance", None):
        instance.architecture(arguments.instance)
    for option, pattern in (("from_snapshot", "snap"), ("subnet", "subnet"), ("image", "ami")):
        value = getattr(arguments, option, None)
        if value and not re.fullmatch(rf"{pattern}-[0-9a-f]{{8,17}}", value):
            raise WrongUse(f"--{option.replace('_', '-')} is {value!r}, want {pattern}-0123456789abcdef0 or the like")
    size = getattr(arguments, "data_gib", None)
    if size is not None and not 1 <= size <= 16384:
        raise WrongUse(f"--data-gib is {size}, want 1 to 16384")


def _given(arguments: argparse.Namespace) -> dict[str, str]:
    """The template's parameters that the command line names."""
    named = {
        "InstanceType": arguments.instance,
        "Image": arguments.image,
        "DataGiB": arguments.data_gib,
        "DataSnapshot": arguments.from_snapshot,
        "Subnet": arguments.subnet,
        "DatabaseSecret": arguments.database_url_secret,
        "AlarmEmail": arguments.alarm_email,
    }
    return {name: str(value) for name, value in named.items() if value is not None}


def _parameters(cloud: Cloud, arguments: argparse.Namespace, stack: Mapping[str, Any] | None) -> dict[str, str]:
    """The template's parameters: what is given, else what the stack has, else what is there to be found out.

    Raises
    ------
    WrongUse : they do not go together, or need the instance to be made anew.
    """
    known, given = _known(stack), _given(arguments)
    parameters = {"InstanceType": DEFAULT_INSTANCE, "DataGiB": str(DEFAULT_DATA_GIB), **known, **given}
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
    if arguments.database_url_secret:
        wanted = replace(wanted, database="secret", secret=arguments.database_url_secret, data="")
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


# --- what it costs -------------------------------------------------------------------------------------------------


def _costs(kind: str, data_gib: int) -> list[Cost]:
    """A month of it."""
    costs = [monthly(f"instance {kind}", f"ec2.{kind}")] if f"ec2.{kind}" in prices() else []
    return [
        *costs,
        monthly("public IPv4 address", "network.public-ipv4"),
        monthly("disks (GB)", "ebs.gp3", _SYSTEM_GIB + data_gib),
        monthly("snapshots, at most, of what a full volume holds once (GB)", "ebs.snapshot", data_gib),
        monthly("alarms", "logs.alarm", 3),
        monthly("releases and trails in the bucket (GB)", "s3.standard", 0.1),
    ]


def _notes(arguments: argparse.Namespace, kind: str) -> list[str]:
    notes = []
    if f"ec2.{kind}" not in prices():
        notes.append(f"no price is known for {kind}; the sum is without it")
    if not arguments.domain:
        notes.append("without --domain it is served by plain HTTP, which everybody on the way can read")
    if not (arguments.data or arguments.postgres or arguments.database_url_secret):
        notes.append("without --data a new one serves the synthetic sample region, which is nowhere")
    if arguments.replace or arguments.from_snapshot:
        notes.append("the instance is made anew: some minutes without service")
    return notes


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
