"""An EC2 instance on this machine: a container in which Debian starts with systemd and cloud-init, as its images do.

It gets the very user data that the instance would, reaches the stand-in of AWS under AWS's own names, and has a
second disk, a loop device. What it lacks: NVMe and udev, so the disk has the name it was attached under; the instance
metadata service, so its credentials come by environment; Systems Manager, so what the script would run there goes
through the container engine. Needs root on Linux, and an image with systemd and cloud-init.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy import stacks
from deploy.cloud import Cloud
from deploy.command import Failed
from deploy.standin import aws

IMAGE = "ec2-standin:bookworm"
REGION = "eu-central-1"
_SUFFIX = f"s3.{REGION}.amazonaws.com"
_CERTIFICATE = "/etc/standin/certificate.pem"
#: systemd as PID 1 on a host with the first version of control groups.
_SYSTEMD = (
    *("--cap-add", "SYS_ADMIN", "--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined"),
    *("--cgroupns=host", "--tmpfs", "/run", "--tmpfs", "/run/lock"),
    *("-v", "/sys/fs/cgroup:/sys/fs/cgroup:ro", "-v", "/sys/fs/cgroup/systemd:/sys/fs/cgroup/systemd:rw"),
)


@dataclass(frozen=True)
class Region:
    """A network for instances with the stand-in of AWS on its gateway.

    Parameters
    ----------
    network : its name at the container engine.
    gateway : the address at which AWS answers.
    environment : for clients on this machine.
    folder : for what is needed as long as it lives.
    """

    network: str
    gateway: str
    environment: dict[str, str]
    folder: Path


@dataclass(frozen=True)
class Instance:
    """A running stand-in: `url` is its nginx on the loopback."""

    name: str
    url: str

    def wait(self, *, timeout_s: float = 420) -> float:
        """Wait until it is ready; returns the seconds.

        Raises
        ------
        Failed : it is not in time; with the last words of its first start.
        """
        began, last = time.monotonic(), ""
        while time.monotonic() - began < timeout_s:
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", timeout=5):  # noqa: S310 - the loopback
                    return time.monotonic() - began
            except (OSError, http.client.HTTPException) as error:
                # nginx stands there with Debian's page before it has anybody to ask
                last = str(error)
            time.sleep(0.1)
        said = self.run("tail", "-n", "40", "/var/log/cloud-init-output.log")
        raise Failed(f"{self.url} is not ready after {timeout_s:.0f} s, last: {last}\n{said}")

    def run(self, *words: str, timeout_s: float = 600) -> str:
        """Run a command on it as root, with AWS in its environment; returns what it prints.

        Raises
        ------
        Failed : it ends with an error; with all that it said.
        """
        settings = [part for name, value in _inside().items() for part in ("-e", f"{name}={value}")]
        return _run("docker", "exec", *settings, self.name, *words, timeout_s=timeout_s)


def missing() -> str:
    """What is not here that a stand-in of an instance needs, and what would help; empty where nothing is missing."""
    if os.geteuid() != 0 or not Path("/dev/loop-control").exists():
        return "its second disk is a loop device, for which root is needed: run this as root"
    if subprocess.run(["docker", "image", "inspect", IMAGE], capture_output=True, check=False).returncode:
        return f"there is no image {IMAGE}: make one of Debian with systemd and cloud-init"
    return ""


@contextmanager
def region(folder: Path, *, name: str) -> Iterator[Region]:
    """A stand-in of AWS that containers reach, too, and by TLS, under AWS's names."""
    certificate = folder / "certificate.pem"
    _run("docker", "network", "create", name)
    try:
        (made,) = json.loads(_run("docker", "network", "inspect", name))
        gateway = str(made["IPAM"]["Config"][0]["Gateway"])
        _certify(certificate, gateway)
        with aws.server(host=gateway, port=443, certificate=certificate) as url:
            environment = {
                **aws.ENVIRONMENT,
                "AWS_ENDPOINT_URL": url,
                "AWS_CA_BUNDLE": str(certificate),
                "AWS_REGION": REGION,
                "AWS_DEFAULT_REGION": REGION,
            }
            yield Region(name, gateway, environment, folder)
    finally:
        _run("docker", "network", "rm", name)


@dataclass(frozen=True)
class Shipped:
    """What a deployment has told AWS that an instance needs: its user data, and the bucket with releases and trails."""

    user_data: str
    bucket: str


def free_port() -> int:
    """A port of the loopback on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def shipped(cloud: Cloud, name: str) -> Shipped:
    """What the deployment of a name ships, after its `up`."""
    made = stacks.outputs(stacks.find(cloud, f"{name}-ec2") or {})
    store = stacks.outputs(stacks.find(cloud, f"{name}-ec2-releases") or {})
    asked = cloud.client("ec2").describe_instance_attribute(InstanceId=made["Instance"], Attribute="userData")
    return Shipped(base64.b64decode(asked["UserData"]["Value"]).decode(), store["Bucket"])


@contextmanager
def boot(
    where: Region,
    what: Shipped,
    *,
    name: str,
    port: int,
    tls_port: int,
    disk_mib: int = 512,
    processors: Sequence[int] = (),
) -> Iterator[Instance]:
    """Start an instance with an empty second disk, and remove both at the end.

    Parameters
    ----------
    processors : those of this machine that it sees; none: all.
    """
    folder = where.folder / name
    seed = folder / "seed"
    seed.mkdir(parents=True)
    (seed / "user-data").write_text(what.user_data, "utf-8")
    (seed / "meta-data").write_text(f"instance-id: {name}\nlocal-hostname: {name}\n", "utf-8")
    settings = " ".join(f'"{key}={value}"' for key, value in _inside().items())
    (folder / "environment.conf").write_text(f"[Manager]\nDefaultEnvironment={settings}\n", "utf-8")
    with ExitStack() as stack:
        device = stack.enter_context(_disk(folder / "disk", disk_mib))
        stack.callback(_run, "docker", "rm", "-f", "-v", name)
        _run(
            *("docker", "run", "-d", "--name", name, "--network", where.network, *_SYSTEMD),
            *("-p", f"127.0.0.1:{port}:80", "-p", f"127.0.0.1:{tls_port}:443", "--device", f"{device}:/dev/sdf"),
            *(f"--add-host={host}:{where.gateway}" for host in (_SUFFIX, f"{what.bucket}.{_SUFFIX}")),
            *(("--cpuset-cpus", ",".join(map(str, processors))) if processors else ()),
            *("-v", f"{seed}:/var/lib/cloud/seed/nocloud:ro"),
            *("-v", f"{folder}/environment.conf:/etc/systemd/system.conf.d/standin.conf:ro"),
            *("-v", f"{where.folder}/certificate.pem:{_CERTIFICATE}:ro"),
            IMAGE,
        )
        yield Instance(name, f"http://127.0.0.1:{port}")


def _inside() -> dict[str, str]:
    """What the services of an instance have in their environment here, as they cannot ask for a role."""
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED")
    return {"AWS_CA_BUNDLE": _CERTIFICATE, **{name: aws.ENVIRONMENT[name] for name in names}}


def _certify(file: Path, address: str) -> None:
    """A certificate for AWS's names, with its key, that lasts for a day."""
    names = f"subjectAltName=DNS:{_SUFFIX},DNS:*.{_SUFFIX},IP:{address}"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=stand-in"]
    _run(*command, "-addext", names, "-keyout", f"{file}.key", "-out", str(file))
    file.write_text(file.read_text("ascii") + Path(f"{file}.key").read_text("ascii"), "ascii")


@contextmanager
def _disk(file: Path, mib: int) -> Iterator[str]:
    """An empty block device."""
    with file.open("wb") as made:
        made.truncate(mib * 2**20)
    device = _run("losetup", "-f", "--show", str(file))
    try:
        yield device
    finally:
        # its mount goes with the container, which may take a moment
        for _ in range(20):
            if not subprocess.run(["losetup", "-d", device], capture_output=True, check=False).returncode:
                break
            time.sleep(0.25)


def _run(*words: str, timeout_s: float = 120) -> str:
    done = subprocess.run(
        words, capture_output=True, text=True, timeout=timeout_s, check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode:
        raise Failed(f"{' '.join(words[:4])}: {done.stdout}{done.stderr}".strip())
    return done.stdout.strip()
