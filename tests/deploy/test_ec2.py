"""EC2 against a stand-in of AWS: the verbs, what they leave behind, and what they say when something is wrong."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("boto3", reason="needs the extra `deploy`")
from botocore.exceptions import ClientError

from deploy import stacks, trails
from deploy.cloud import Cloud, connect
from deploy.command import run
from deploy.ec2 import bucket, deploy, instance, release
from deploy.ec2.wanted import Wanted
from deploy.template import Template

#: Types that the stand-in (moto 5.2.5) does not make, although it says that all is well.
MOTO_SKIPS = {"AWS::CloudWatch::Alarm", "AWS::DLM::LifecyclePolicy", "AWS::S3::BucketPolicy"}

Command = Callable[..., int]


@pytest.fixture
def cloud(aws: str) -> Cloud:
    return connect()


@pytest.fixture
def ec2(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """The command line, without the minute that a real release takes."""

    def fake_release(recipe: release.Recipe, database: Path | None, cache: Path) -> Path:
        file = tmp_path / release.name(recipe)
        file.write_bytes(b"a release")
        return file

    def fake_sample(target: Path) -> None:
        sqlite3.connect(target).executescript("CREATE TABLE trails (name); VACUUM")

    monkeypatch.setattr(release, "fetch", fake_release)
    monkeypatch.setattr(trails, "sample", fake_sample)
    monkeypatch.setattr(Cloud, "client", _client)
    image = cloud.client("ec2").describe_images()["Images"][0]["ImageId"]
    # the stand-in has none of Debian's parameters
    monkeypatch.setattr(instance, "newest_image", lambda cloud, arch: image)

    def command(verb: str, *words: str) -> int:
        wait = ("--wait-s", "0") if verb in ("up", "update", "rollback") else ()
        # an update of a stack with a topic that its condition leaves out is too much for the stand-in
        alarm = ("--alarm-email", "me@example.org") if verb == "up" else ()
        return run(deploy.Ec2(), [verb, *wait, *alarm, *words], more=[("rollback", "")])

    return command


def _client(cloud: Cloud, service: str) -> Any:
    client = cloud.session.client(service, region_name=cloud.region)
    if service == "cloudformation":
        client.meta.events.register(
            "provide-client-params.cloudformation.UpdateStack", partial(_refuse_nothing, client)
        )
    return client


def _refuse_nothing(client: Any, params: dict[str, Any], **_: object) -> None:
    """What CloudFormation says to an update without a change; the stand-in makes everything anew."""
    name = params["StackName"]
    known = client.describe_stacks(StackName=name)["Stacks"][0]["Parameters"]
    values = {one["ParameterKey"]: one["ParameterValue"] for one in known}
    given = {one["ParameterKey"]: one["ParameterValue"] for one in params["Parameters"]}
    same = client.get_template(StackName=name)["TemplateBody"] == params["TemplateBody"]
    if same and given.items() <= values.items():
        error = {"Code": "ValidationError", "Message": "No updates are to be performed."}
        raise ClientError({"Error": error}, "UpdateStack")


def stack(cloud: Cloud, name: str = "loopgenie-ec2") -> dict[str, Any]:
    found = stacks.find(cloud, name)
    assert found
    return found


def outputs(cloud: Cloud) -> dict[str, str]:
    return stacks.outputs(stack(cloud))


def store(cloud: Cloud) -> str:
    return stacks.outputs(stack(cloud, "loopgenie-ec2-releases"))["Bucket"]


def commands(cloud: Cloud) -> list[str]:
    sent = cloud.client("ssm").list_commands()["Commands"]
    return [word for one in sent for word in one["Parameters"]["commands"]]


def test_up_makes_every_resource(
    ec2: Command, cloud: Cloud, capsys: pytest.CaptureFixture[str], record_property: Callable[[str, object], None]
) -> None:
    assert run(deploy.Ec2(), ["up", "--dry-run"]) == 0
    record_property("ec2 made", len(re.findall(r"^  \+ ", capsys.readouterr().out, re.MULTILINE)))
    assert ec2("up") == 0
    # the last line is the address
    assert capsys.readouterr().out.splitlines()[-1] == f"http://{outputs(cloud)['Address']}"
    for name, template in (("loopgenie-ec2", "template.yaml"), ("loopgenie-ec2-releases", "bucket.yaml")):
        wanted = Template.read(deploy.HERE / template).body["Resources"]
        made = {one["LogicalResourceId"] for one in stacks.resources(cloud, name)}
        missing = {key: one["Type"] for key, one in wanted.items() if key not in made}
        assert set(missing.values()) <= MOTO_SKIPS
        assert {"Key": "loopgenie", "Value": "loopgenie"} in stack(cloud, name)["Tags"]


def test_the_instance_is_shipped_the_file_itself(ec2: Command, cloud: Cloud) -> None:
    import base64

    assert ec2("up") == 0
    made = outputs(cloud)
    kept = cloud.client("ec2").describe_instance_attribute(InstanceId=made["Instance"], Attribute="userData")
    text = base64.b64decode(kept["UserData"]["Value"]).decode()
    file = (deploy.HERE / "user-data.sh").read_text("utf-8")
    for name, value in {
        "${Bucket}": store(cloud),
        "${AWS::Region}": cloud.region,
        "${DataVolume}": made["DataVolume"],
    }.items():
        assert name in file
        file = file.replace(name, value)
    assert text == file
    # AWS takes 16 kB
    assert len(text.encode()) < 16_000


def test_up_again_changes_nothing(ec2: Command, cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    assert ec2("up") == 0
    before, wanted = outputs(cloud), bucket.read(cloud, store(cloud), bucket.CURRENT)
    assert ec2("up") == 0
    assert outputs(cloud) == before
    assert bucket.read(cloud, store(cloud), bucket.CURRENT) == wanted
    assert capsys.readouterr().err.count("is as it should be") == 2  # both stacks
    # it was asked to see to it that this version runs, and brings none that is there already
    assert commands(cloud) == ["/usr/local/sbin/loopgenie-update wanted/next"]


def test_what_is_not_said_again_stays(ec2: Command, cloud: Cloud) -> None:
    assert ec2("up", "--instance", "t3.medium", "--data-gib", "40") == 0
    assert ec2("up") == 0
    known = {one["ParameterKey"]: one["ParameterValue"] for one in stack(cloud)["Parameters"]}
    assert (known["InstanceType"], known["DataGiB"]) == ("t3.medium", "40")


def test_update_brings_new_trails_and_rollback_the_old(ec2: Command, cloud: Cloud, tmp_path: Path) -> None:
    assert ec2("up") == 0
    first = bucket.read(cloud, store(cloud), bucket.CURRENT)
    assert first
    file = tmp_path / "mine.db"
    _small_region(file)
    assert ec2("update", "--data", str(file)) == 0
    second = bucket.read(cloud, store(cloud), bucket.CURRENT)
    assert second
    assert second.data != first.data
    assert bucket.holds(cloud, store(cloud), second.data)
    assert bucket.read(cloud, store(cloud), bucket.PREVIOUS) == first
    assert ec2("rollback") == 0
    assert bucket.read(cloud, store(cloud), bucket.CURRENT) == first
    assert len(commands(cloud)) == 2


def _small_region(file: Path) -> None:
    from loopgenie.importing.sample import sample_region
    from loopgenie.store import open_store

    opened = open_store(f"sqlite:///{file}")
    opened.replace_region(sample_region(seed=1, size=4))
    opened.close()


def test_an_update_that_fails_there_leaves_what_is_wanted(
    ec2: Command, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ec2("up") == 0
    before = bucket.read(cloud, store(cloud), bucket.CURRENT)
    said = "loopgenie: x\nloopgenie: NOT INSTALLED: the new version does not answer; what ran before goes on"
    outcome = {"Status": "Failed", "StandardOutputContent": said, "StandardErrorContent": ""}
    monkeypatch.setattr(instance, "_outcome", lambda *_: outcome)
    assert ec2("update", "--domain", "trails.example.org", "--email", "me@example.org") == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("ec2 update: i-")
    assert last.endswith("NOT INSTALLED: the new version does not answer; what ran before goes on")
    assert bucket.read(cloud, store(cloud), bucket.CURRENT) == before


def test_down_says_what_is_left_and_with_delete_data_nothing_is(
    ec2: Command, cloud: Cloud, capsys: pytest.CaptureFixture[str], record_property: Callable[[str, object], None]
) -> None:
    """In a network that was there before: the stand-in cannot remove one (it sees a dependency that is gone)."""
    client = cloud.client("ec2")
    subnet = client.describe_subnets()["Subnets"][0]["SubnetId"]
    for words, left in (((), 1), (("--delete-data",), 0)):
        assert ec2("up", "--subnet", subnet) == 0
        made, name = outputs(cloud), store(cloud)
        # CloudFormation makes the last snapshot itself, the stand-in does not
        snapshot = client.create_snapshot(VolumeId=made["DataVolume"])["SnapshotId"]
        capsys.readouterr()
        assert ec2("down", *words) == 0
        err = capsys.readouterr().err
        assert stacks.find(cloud, "loopgenie-ec2") is None
        assert stacks.find(cloud, "loopgenie-ec2-releases") is None
        assert name not in {one["Name"] for one in cloud.client("s3").list_buckets()["Buckets"]}
        assert (f"left: snapshot {snapshot} of the data, 20 GiB, at most 1.00 USD" in err) == bool(left)  # 20 x 0.05
        assert ("nothing is left" in err) == (not left)
        found = client.describe_snapshots(
            OwnerIds=["self"], Filters=[{"Name": "volume-id", "Values": [made["DataVolume"]]}]
        )
        assert len(found["Snapshots"]) == left
    states = {one["State"]["Name"] for r in client.describe_instances()["Reservations"] for one in r["Instances"]}
    assert states == {"terminated"}
    record_property("ec2 left", "snapshots of the data; with --delete-data nothing")


def test_an_instance_is_shut_down_before_it_goes(ec2: Command, cloud: Cloud) -> None:
    assert ec2("up") == 0
    machine = outputs(cloud)["Instance"]
    for _ in range(2):  # of one that is stopped nothing more is asked
        instance.stop(cloud, machine)
        (found,) = cloud.client("ec2").describe_instances(InstanceIds=[machine])["Reservations"]
        assert found["Instances"][0]["State"]["Name"] == "stopped"
    instance.stop(cloud, "i-0123456789abcdef0")  # nor of one that is not there


def test_down_names_snapshots_of_earlier_data_and_keeps_them(
    ec2: Command, cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    client = cloud.client("ec2")
    volume = client.create_volume(AvailabilityZone="us-east-1a", Size=8)["VolumeId"]
    kept = client.create_snapshot(VolumeId=volume)["SnapshotId"]
    client.create_tags(Resources=[kept], Tags=[{"Key": "loopgenie:backup", "Value": "loopgenie-ec2"}])
    assert ec2("down", "--delete-data") == 0
    err = capsys.readouterr().err
    assert f"left: snapshot {kept} of earlier data, 8 GiB, at most 0.40 USD" in err  # 8 x 0.05
    assert "nothing is left" not in err


def test_a_snapshot_finds_room(ec2: Command, cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    client = cloud.client("ec2")
    volume = client.create_volume(AvailabilityZone="us-east-1a", Size=30)["VolumeId"]
    snapshot = client.create_snapshot(VolumeId=volume)["SnapshotId"]
    assert ec2("up", "--from-snapshot", snapshot, "--data-gib", "25") == 2
    assert capsys.readouterr().err.splitlines()[-1].endswith(f"--data-gib is 25, but {snapshot} is of 30 GiB")
    assert ec2("up", "--from-snapshot", "snap-0123456789abcdef0") == 2
    assert "there is no snapshot snap-0123456789abcdef0 in us-east-1" in capsys.readouterr().err
    assert ec2("up", "--from-snapshot", snapshot) == 0
    assert client.describe_volumes(VolumeIds=[outputs(cloud)["DataVolume"]])["Volumes"][0]["Size"] == 30
    assert ec2("up", "--from-snapshot", snapshot) == 2
    assert "to CloudFormation nothing would change" in capsys.readouterr().err


def test_a_local_zone_is_none(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    zones = [{"Location": name} for name in ("us-east-1-bos-1a", "us-east-1b", "us-east-1c")]

    class Offers:
        def get_paginator(self, _: str) -> Offers:
            return self

        def paginate(self, **_: object) -> list[dict[str, Any]]:
            return [{"InstanceTypeOfferings": zones}]

    monkeypatch.setattr(Cloud, "client", lambda *_: Offers())
    assert instance.zone(cloud, "t3.small") == "us-east-1b"


def test_up_goes_on_after_a_failure_in_the_middle(
    ec2: Command, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from deploy.command import Failed

    whole = release.fetch

    def no_disk(*_: object) -> Path:
        raise Failed("the disk is full")

    monkeypatch.setattr(release, "fetch", no_disk)
    assert ec2("up") == 1
    assert capsys.readouterr().err.splitlines()[-1] == "ec2 up: the disk is full"
    assert stacks.find(cloud, "loopgenie-ec2") is None  # the bucket is there, the rest is not
    monkeypatch.setattr(release, "fetch", whole)
    assert ec2("up") == 0
    assert outputs(cloud)["Instance"]


def test_replace_takes_the_instance_away_first_and_keeps_address_and_data(
    ec2: Command, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A volume cannot be with the old instance and the new one at once."""
    assert ec2("up") == 0
    machine = outputs(cloud)["Instance"]
    known = {one["ParameterKey"]: one["ParameterValue"] for one in stack(cloud)["Parameters"]}
    asked: list[dict[str, str]] = []
    apply = stacks.apply

    def watched(cloud: Cloud, name: str, text: str, **options: Any) -> dict[str, str]:
        if name == "loopgenie-ec2":
            asked.append(dict(options["parameters"]))
        return apply(cloud, name, text, **options)

    monkeypatch.setattr(stacks, "apply", watched)
    stopped: list[str] = []
    monkeypatch.setattr(instance, "stop", lambda cloud, machine: stopped.append(machine) if not asked else None)
    assert ec2("up", "--replace", "--instance", "t3.small") == 0
    first, second = asked
    assert first == {**known, "Machine": "absent"}
    assert stopped == [machine]  # before its volume is taken from it
    # nothing that would touch data or address: CloudFormation leaves alone what stays the same
    assert second == {**known, "Machine": "present", "InstanceType": "t3.small"}
    assert commands(cloud) == []  # a new one finds out by itself what is wanted


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--instance", "t3.small"], "has another processor than t4g.small: say --replace"),
        (["--image", "ami-0123456789abcdef0"], "another image makes the instance anew: say --replace"),
        (["--data-gib", "10"], "--data-gib is 10, but a volume cannot shrink from 20 GiB"),
    ],
)
def test_what_cannot_be_changed_in_place_is_said(
    ec2: Command, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ec2("up") == 0
    assert ec2("up", *words) == 2
    assert capsys.readouterr().err.splitlines()[-1].endswith(said)


def test_a_stack_of_others_is_left_alone(ec2: Command, cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    template = "Resources: {Topic: {Type: 'AWS::SNS::Topic'}}"
    cloud.client("cloudformation").create_stack(StackName="loopgenie-ec2", TemplateBody=template)
    for verb in ("up", "update", "status", "down"):
        assert ec2(verb) == 2
        last = capsys.readouterr().err.splitlines()[-1]
        assert "LoopGenie did not make: choose another --name" in last
    assert stack(cloud)["StackStatus"] == "CREATE_COMPLETE"


@pytest.mark.parametrize("verb", ["status", "update", "rollback"])
def test_nothing_there_is_said(ec2: Command, verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ec2(verb) == 2
    assert "there is no loopgenie in us-east-1: run up" in capsys.readouterr().err


def test_down_of_nothing_is_fine(ec2: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert ec2("down") == 0
    assert "nothing is left" in capsys.readouterr().err


def test_no_credentials(ec2: Command, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert ec2("up") == 2
    assert "there are no AWS credentials" in capsys.readouterr().err.splitlines()[-1]


def test_a_wrong_region(ec2: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert ec2("up", "--region", "eu-north-9") == 2
    assert "eu-north-9 is no AWS region" in capsys.readouterr().err.splitlines()[-1]


def test_an_instance_type_that_is_not_there(ec2: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert ec2("up", "--instance", "t9g.small") == 2
    assert "there are no t9g.small in us-east-1" in capsys.readouterr().err.splitlines()[-1]


def test_status_says_what_there_is_and_that_it_does_not_answer(
    ec2: Command, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ec2("up") == 0
    capsys.readouterr()
    assert ec2("status") == 1  # nothing runs in the stand-in
    err = capsys.readouterr().err
    made = outputs(cloud)
    assert f"instance: {made['Instance']}, t4g.small, running" in err
    assert f"--target {made['Instance']}" in err
    assert "does not answer" in err.splitlines()[-1]


def test_old_releases_go_and_what_is_wanted_stays(ec2: Command, cloud: Cloud) -> None:
    assert ec2("up") == 0
    name = store(cloud)
    client = cloud.client("s3")
    for number in range(7):
        client.put_object(Bucket=name, Key=f"releases/old-{number}.tar.gz", Body=b"")
    bucket.write(cloud, name, bucket.PREVIOUS, Wanted("releases/old-0.tar.gz"))
    bucket.tidy(cloud, name)
    kept = [one["Key"] for one in client.list_objects_v2(Bucket=name, Prefix="releases/")["Contents"]]
    # five of eight are kept for being new, the one in use and the one before it although they are old
    assert "releases/old-0.tar.gz" in kept
    assert len(kept) == 7
    wanted = bucket.read(cloud, name, bucket.CURRENT)
    assert wanted
    assert wanted.release in kept
