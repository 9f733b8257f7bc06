"""What GitHub is told to do: valid, safe from what a stranger may write, and with the tags that are promised."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

yaml = pytest.importorskip("yaml", reason="needs the extra `deploy`")

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".github" / "workflows"
BIN = Path(sys.executable).parent


def workflow(name: str) -> dict[Any, Any]:
    read: dict[Any, Any] = yaml.safe_load((FOLDER / name).read_text())
    return read


def steps(job: dict[str, Any], action: str) -> list[dict[str, Any]]:
    return [step for step in job["steps"] if step.get("uses", "").startswith(action)]


def test_workflows_follow_their_schema() -> None:
    command = [BIN / "check-jsonschema", "--builtin-schema", "vendor.github-workflows", *sorted(FOLDER.glob("*.yml"))]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_workflows_let_no_stranger_in() -> None:
    command = [
        BIN / "zizmor",
        "--offline",
        "--min-severity=medium",
        "--config",
        ROOT / ".github" / "zizmor.yml",
        FOLDER,
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_images_are_published_after_the_tests_only() -> None:
    jobs = workflow("images.yml")["jobs"]
    assert jobs["tests"]["uses"].endswith("/ci.yml")
    assert jobs["image"]["needs"] == "tests"
    assert jobs["deploy"]["needs"] == "image"


def test_a_push_to_main_and_a_version_give_the_promised_tags() -> None:
    read = workflow("images.yml")
    on = read[True]  # YAML 1.1 reads the word "on" as true
    assert on["push"] == {"branches": ["main"], "tags": ["v[0-9]+.[0-9]+.[0-9]+"]}
    (names,) = steps(read["jobs"]["image"], "docker/metadata-action")
    assert names["with"]["tags"].split() == [
        "type=raw,value=latest,enable={{is_default_branch}}",
        "type=sha,prefix=,format=long",
        "type=semver,pattern={{version}}",
        "type=semver,pattern={{major}}.{{minor}}",
    ]
    assert names["with"]["flavor"] == "latest=false"  # a version of an old line must not become the latest


def test_images_are_for_both_processors_and_say_what_is_in_them() -> None:
    job = workflow("images.yml")["jobs"]["image"]
    (build,) = steps(job, "docker/build-push-action")
    assert build["with"]["platforms"] == "linux/amd64,linux/arm64"
    assert build["with"]["sbom"] is True
    assert build["with"]["provenance"] == "mode=max"
    stages = (ROOT / "Dockerfile").read_text()
    for target in job["strategy"]["matrix"]["include"]:
        assert f" AS {target['target']}\n" in stages


def test_tests_hold_no_right_to_write() -> None:
    assert workflow("ci.yml")["permissions"] == {"contents": "read"}


def test_a_deployment_stores_no_keys_and_pastes_no_input_into_a_shell() -> None:
    (job,) = workflow("deploy.yml")["jobs"].values()
    (login,) = steps(job, "aws-actions/configure-aws-credentials")
    assert set(login["with"]) == {"role-to-assume", "aws-region"}
    assert "secrets." not in (FOLDER / "deploy.yml").read_text()
    assert not any("${{" in step.get("run", "") for step in job["steps"])
