"""Templates and shell scripts as their own readers see them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
TEMPLATES = sorted(
    file
    for pattern in ("*.yaml", "*.yml")
    for file in (ROOT / "deploy").glob(f"*/{pattern}")
    if "AWSTemplateFormatVersion" in file.read_text("utf-8")
)


def scripts() -> list[Path]:
    """Every shell script of the repository, whatever its name."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    files = [ROOT / name for name in listed.stdout.splitlines()]
    return sorted(file for file in files if file.suffix == ".sh" or _is_shell(file))


def _is_shell(file: Path) -> bool:
    if not file.is_file() or file.suffix:
        return False
    with file.open("rb") as read:
        first = read.readline(80)
    return first.startswith(b"#!") and first.rstrip().endswith((b"bash", b"/sh"))


def test_scripts_are_found() -> None:
    found = {str(file.relative_to(ROOT)) for file in scripts()}
    assert {"deploy/ec2/user-data.sh", "deploy/ec2/machine/install.sh", ".ci/run", "tools/python-headers.sh"} <= found


@pytest.mark.parametrize("file", scripts(), ids=lambda file: str(file.relative_to(ROOT)))
def test_shell_scripts_are_clean(file: Path) -> None:
    done = subprocess.run([BIN / "shellcheck", file], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: str(file.relative_to(ROOT)))
def test_templates_are_clean(file: Path) -> None:
    done = subprocess.run([BIN / "cfn-lint", file], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
