"""EC2 without a cloud: plans, what is refused, the files that are shipped."""

from __future__ import annotations

import re
import shlex
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("yaml", reason="needs the extra `deploy`")
from deploy.command import WrongUse, run
from deploy.ec2 import deploy, instance, release
from deploy.ec2.release import Recipe
from deploy.ec2.wanted import Wanted, parse
from loopgenie.config import Settings, variable

SCRIPT = (deploy.HERE / "user-data.sh").read_text("utf-8")


def plan(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert run(deploy.Ec2(), [words[0], "--dry-run", *words[1:]]) == 0
    return capsys.readouterr().out


# --- plans ----------------------------------------------------------------------------------------------------------


def test_up_shows_all_that_it_would_make(capsys: pytest.CaptureFixture[str]) -> None:
    text = plan(capsys, "up", "--region", "eu-central-1")
    kinds = re.findall(r"^  \+ (AWS::\S+)  (\S+)$", text, re.MULTILINE)
    assert ("AWS::EC2::Instance", "Instance") in kinds
    assert ("AWS::S3::Bucket", "Bucket") in kinds
    # bucket and its policy; 7 of the network, firewall, address; 2 roles and the profile; volume, its attachment,
    # backups; instance, 3 alarms. No topic without somebody to write to.
    assert len(kinds) == 2 + 7 + 2 + 3 + 3 + 1 + 3
    assert f"{len(kinds)} resources:" in text
    assert "AWS::SNS::Topic" not in text
    # the first start stands there as it would be shipped
    assert "mkfs.ext4 -q -L loopgenie" in text
    assert "<newest Debian 12 for aarch64>" in text


def test_up_says_what_a_month_costs(capsys: pytest.CaptureFixture[str]) -> None:
    text = plan(capsys, "up")
    # t4g.small 0.0168 x 730 h = 12.264; address 0.005 x 730 = 3.65; disks (8 + 20) x 0.08 = 2.24;
    # snapshots 20 x 0.05 = 1; alarms 3 x 0.1; bucket 0.1 x 0.023 = 0.0023
    assert "estimated cost of a month without traffic: 19.46 USD" in text
    assert "and of a million trips: 1.44 USD" in text  # 16 kB each are 16 GB at 0.09
    dearer = plan(capsys, "up", "--instance", "t3.small", "--data-gib", "120")
    # 0.0208 x 730 = 15.184; 128 x 0.08 = 10.24; 120 x 0.05 = 6
    assert "estimated cost of a month without traffic: 35.38 USD" in dearer
    assert "no price is known for m7g.large" in plan(capsys, "up", "--instance", "m7g.large")


def test_a_given_network_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    text = plan(capsys, "up", "--subnet", "subnet-0123456789abcdef0")
    assert "AWS::EC2::VPC" not in text
    assert "SubnetId: subnet-0123456789abcdef0" in text


def test_a_secret_is_readable_only_where_there_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:trails-AbCdEf"
    assert "ReadItsSecret" not in plan(capsys, "up")
    text = plan(capsys, "up", "--database-secret", arn)
    assert "ReadItsSecret" in text
    assert f"Resource: {arn}" in text


def test_down_says_what_stays(capsys: pytest.CaptureFixture[str]) -> None:
    text = plan(capsys, "down")
    assert "  - AWS::EC2::Instance  Instance" in text
    assert "the data stays as a snapshot" in text
    assert "the snapshots of the data are deleted, too" in plan(capsys, "down", "--delete-data")


def test_update_says_what_runs_where(capsys: pytest.CaptureFixture[str]) -> None:
    assert "/usr/local/sbin/loopgenie-update wanted/next" in plan(capsys, "update")


# --- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--instance", "small"], "--instance is 'small', want a type such as t4g.small or t3.small"),
        (["--domain", "trails.example.org"], "--domain and --email belong together"),
        (["--domain", "Trails", "--email", "a@b.org"], "--domain is 'Trails', want a host name"),
        (["--domain", "a.org;reboot", "--email", "a@b.org"], "--domain is 'a.org;reboot', want a host name"),
        (["--domain", "a.org", "--email", "nobody"], "--email is 'nobody', want an address"),
        (["--database-secret", "postgresql://u:hunter2@h/d"], "wants the ARN of a secret"),
        (["--subnet", "default"], "--subnet is 'default', want subnet-0123456789abcdef0 or the like"),
        (["--image", "debian"], "--image is 'debian', want ami-0123456789abcdef0 or the like"),
        (["--from-snapshot", "latest"], "--from-snapshot is 'latest', want snap-"),
        (["--data-gib", "0"], "--data-gib is 0, want 1 to 16384"),
        (
            ["--data", "/nowhere/trails.db"],
            "--data: there is no file /nowhere/trails.db; make one with: loopgenie import",
        ),
    ],
)
def test_nonsense_is_refused_in_one_line(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(deploy.Ec2(), ["up", "--dry-run", *words]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
    assert "hunter2" not in err


def test_a_file_without_trails_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty, other = tmp_path / "empty.db", tmp_path / "photo.db"
    sqlite3.connect(empty).close()
    empty.touch()
    other.write_bytes(b"\xff\xd8 no database")
    for file in (empty, other):
        assert run(deploy.Ec2(), ["update", "--dry-run", "--data", str(file)]) == 2
        assert f"--data: {file} holds no trails" in capsys.readouterr().err


def test_trails_and_a_server_do_not_go_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(deploy.Ec2(), ["up", "--dry-run", "--postgres", "--data", str(tmp_path / "a.db")]) == 2
    assert "a PostgreSQL server is filled by loopgenie import" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("kind", "arch"),
    [
        ("t4g.small", "aarch64"),
        ("m7gd.2xlarge", "aarch64"),
        ("c7gn.medium", "aarch64"),
        ("a1.large", "aarch64"),
        ("g5g.xlarge", "aarch64"),
        ("t3.small", "x86_64"),
        ("g5.xlarge", "x86_64"),
        ("g4dn.xlarge", "x86_64"),
        ("m7i-flex.large", "x86_64"),
        ("u-6tb1.56xlarge", ""),
    ],
)
def test_the_processor_is_in_the_name(kind: str, arch: str) -> None:
    if arch:
        assert instance.architecture(kind) == arch
    else:
        with pytest.raises(WrongUse, match="want a type such as"):
            instance.architecture(kind)


# --- what is shipped ------------------------------------------------------------------------------------------------


def test_the_template_ships_the_file() -> None:
    assert (deploy.HERE / "template.yaml").read_text("utf-8").count("<user-data.sh>") == 1
    body = deploy._template(SCRIPT).body
    assert body["Resources"]["Instance"]["Properties"]["UserData"] == {"Fn::Base64": {"Fn::Sub": SCRIPT}}


def test_cloudformation_fills_in_three_names_and_leaves_the_shell_its_own() -> None:
    assert re.findall(r"\$\{([^}]*)\}", SCRIPT) == ["Bucket", "AWS::Region", "DataVolume"]


def test_a_release_holds_what_its_scripts_name(tmp_path: Path) -> None:
    release._lay_machine(tmp_path, Recipe("x86_64"))
    laid = {str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*")}
    install = (tmp_path / "install.sh").read_text("utf-8")
    named = set(re.findall(r'"(?:\$1|\$release)"?/([\w@./-]+\.(?:service|timer|conf|py|txt))', install))
    assert {"nginx/site.conf", "first_trip.py", "requirements.txt"} <= named
    assert named <= laid
    assert {"nginx/http.conf", "nginx/https.conf", "certificate.sh", "database-url.sh"} <= laid
    units = {f"loopgenie{name}" for name in ("@.service", "-database@.service", "-certificate.service")}
    assert '"$1"/*.service "$1"/*.timer' in install  # all of them, at the top of the release
    assert {name for name in laid if name.endswith(".service")} == units


def test_the_secret_is_fetched_where_the_role_can_be_asked() -> None:
    """IPAddressDeny holds for a unit's whole control group, for `ExecStartPre=+`, too."""
    units = {file.name: file.read_text("utf-8") for file in release.MACHINE.glob("*.service")}
    shut = [name for name, text in units.items() if "IPAddressDeny=169.254.169.254" in text]
    assert shut == ["loopgenie@.service"]
    assert "ExecStartPre=+/usr/bin/systemctl start loopgenie-database@%i.service" in units["loopgenie@.service"]
    assert "database-url.sh" not in units["loopgenie@.service"]
    assert "release/database-url.sh" in units["loopgenie-database@.service"]
    # after five starts in ten seconds systemd would refuse this one, and so the app
    assert "StartLimitIntervalSec=0" in units["loopgenie-database@.service"]
    # what root writes, the app is told to read
    install = (release.MACHINE / "install.sh").read_text("utf-8")
    (read,) = re.findall(r"LOOPGENIE_DATABASE_URL_FILE=(\S+)", install)
    assert f'mv "$part" {read}\n' in (release.MACHINE / "database-url.sh").read_text("utf-8")
    assert f"RuntimeDirectory={Path(read).parent.name}\n" in units["loopgenie-database@.service"]


def test_a_fixed_address_comes_after_the_gateway_and_goes_before_it() -> None:
    made = deploy._template(SCRIPT).body["Resources"]
    assert made["PublicSubnet"]["DependsOn"] == "GatewayAttachment"
    assert {"Ref": "PublicSubnet"} in made["Instance"]["Properties"]["NetworkInterfaces"][0]["SubnetId"]["Fn::If"]
    assert {"Ref": "Instance"} in made["Address"]["Properties"]["InstanceId"]["Fn::If"]


def test_an_instance_is_given_settings_that_exist() -> None:
    install = (release.MACHINE / "install.sh").read_text("utf-8")
    known = {variable(name) for name in Settings.__dataclass_fields__}
    given = {name.removesuffix("_FILE") for name in re.findall(r"LOOPGENIE_[A-Z_]+", install)}
    assert given
    assert given <= known


def test_the_unit_gives_the_app_time_to_end() -> None:
    """gunicorn ends what it is working on within 20 s; systemd kills later than that."""
    unit = (release.MACHINE / "loopgenie@.service").read_text("utf-8")
    (limit,) = re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)
    assert int(limit) > 20
    assert "KillSignal=SIGTERM" in unit


def test_the_same_sources_give_the_same_name_and_others_another() -> None:
    first = release.name(Recipe("x86_64"))
    assert first == release.name(Recipe("x86_64"))
    assert first != release.name(Recipe("aarch64"))
    assert first != release.name(Recipe("x86_64", importers=True))
    assert re.fullmatch(r"loopgenie-[\d.]+-x86_64-[0-9a-f]{12}\.tar\.gz", first)


def test_equal_contents_make_an_equal_archive(tmp_path: Path) -> None:
    folder = tmp_path / "release"
    (folder / "nginx").mkdir(parents=True)
    (folder / "install.sh").write_text("true\n")
    (folder / "nginx" / "a.conf").write_text("a\n")
    release._pack(folder, tmp_path / "one.tar.gz")
    (folder / "install.sh").touch()
    release._pack(folder, tmp_path / "two.tar.gz")
    assert (tmp_path / "one.tar.gz").read_bytes() == (tmp_path / "two.tar.gz").read_bytes()


@pytest.mark.parametrize("value", ["plain", "", "it's", "$(reboot)", "a b;c", '`x`"$HOME"', "ü"])
def test_a_shell_reads_what_is_wanted_and_runs_none_of_it(value: str, tmp_path: Path) -> None:
    wanted = Wanted("releases/a.tar.gz", data=value, domain="a.org")
    assert parse(wanted.text()) == wanted
    file = tmp_path / "wanted"
    file.write_text(wanted.text(), "utf-8")
    said = subprocess.run(
        ["bash", "-c", f'. {shlex.quote(str(file))}; printf %s "$DATA"'], capture_output=True, text=True, check=True
    )
    assert said.stdout == value


def test_what_a_later_version_wants_is_left_out() -> None:
    assert parse("RELEASE=a\nCOLOUR=green\n") == Wanted("a")


# --- finding the data volume ----------------------------------------------------------------------------------------


def inner(name: str) -> str:
    """A script that the first start writes."""
    return SCRIPT.split(f">{name} <<'SCRIPT'\n")[1].split("\nSCRIPT\n")[0]


@pytest.fixture
def volume(tmp_path: Path) -> Callable[[str], subprocess.CompletedProcess[str]]:
    """Runs the script that mounts the data volume, with programs in place of the system's that note what they hear."""
    notes, programs = tmp_path / "notes", tmp_path / "bin"
    programs.mkdir()
    notes.touch()
    (tmp_path / "machine").write_text("VOLUME=vol-1\n")
    script = inner("/usr/local/sbin/loopgenie-data").replace("/etc/loopgenie/machine", str(tmp_path / "machine"))
    # a character device that is always there stands for the block device
    script = script.replace("/dev/sdf", "/dev/null").replace('[ ! -b "$name" ]', '[ ! -e "$name" ]')
    script = script.replace("/var/lib/loopgenie", str(tmp_path / "data"))

    def mounted(blkid: str) -> subprocess.CompletedProcess[str]:
        for name in ("mkfs.ext4", "mount", "resize2fs"):
            (programs / name).write_text(f'#!/bin/sh\necho {name} "$@" >>{notes}\n')
        (programs / "blkid").write_text(f"#!/bin/sh\n{blkid}\n")
        (programs / "mountpoint").write_text("#!/bin/sh\nexit 1\n")
        for file in programs.iterdir():
            file.chmod(0o755)
        path = f"{programs}:/usr/bin:/bin"
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env={"PATH": path}, timeout=20)
        done.stdout += notes.read_text()
        return done

    return mounted


def test_a_new_volume_is_formatted(volume: Callable[[str], subprocess.CompletedProcess[str]]) -> None:
    done = volume("exit 2")  # blkid's word for: nothing on it
    assert done.returncode == 0, done.stderr
    assert "mkfs.ext4 -q -L loopgenie /dev/null" in done.stdout


@pytest.mark.parametrize("blkid", ["echo ext4", "exit 4", "exit 8"])
def test_a_volume_with_anything_on_it_or_a_doubt_is_not(
    blkid: str, volume: Callable[[str], subprocess.CompletedProcess[str]]
) -> None:
    done = volume(blkid)
    assert done.returncode == 0, done.stderr
    assert "mkfs" not in done.stdout
    assert "mount -o noatime,nodev,nosuid /dev/null" in done.stdout
