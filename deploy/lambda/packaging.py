"""The zip that Lambda runs: what runs and no more, packed by Zappa, compiled ahead, the same from the same sources."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from deploy import interpreters, trails, wheels
from deploy.command import Failed, WrongUse, last_line, say

RUNTIMES = ("python3.11", "python3.12", "python3.13", "python3.14")
HANDLERS = {"zappa": "handler.lambda_handler", "apig-wsgi": "apig_handler.lambda_handler"}
#: What is left for trails and growth of the 50 MB that can be sent to Lambda without a bucket.
LARGEST_ZIP_MIB = 20
#: Lambda's own limit, unpacked, with the trails.
LARGEST_UNPACKED_MIB = 250
MIB = 1024 * 1024
STAGE = "live"
_HERE = Path(__file__).parent
#: What the handlers import. Zappa itself comes alone: its own requirements are its command line's, or in the runtime.
_HANDLERS_NEED = ("apig-wsgi", "durationpy")
#: Not in a sandbox: Lambda is the server.
_NOT_NEEDED = ("gunicorn",)
_TRAILS = "trails.db"


@dataclass(frozen=True)
class Package:
    """A zip that has been made.

    Parameters
    ----------
    file : where it is.
    size : bytes of the whole zip.
    data_size : bytes of it that are trails.
    unpacked : bytes of what is in it.
    """

    file: Path
    size: int
    data_size: int
    unpacked: int


@dataclass(frozen=True)
class Recipe:
    """What goes into a zip.

    Parameters
    ----------
    runtime : Lambda's name of a Python, e.g. "python3.13".
    arch : "x86_64" or "arm64".
    data : a SQLite file with trails; none: the sample region.
    bare : no trails at all: they are elsewhere.
    """

    runtime: str = "python3.13"
    arch: str = "x86_64"
    data: Path | None = None
    bare: bool = False
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.runtime not in RUNTIMES:
            raise WrongUse(f"the runtime {self.runtime!r} is not known; want one of {', '.join(RUNTIMES)}")
        if self.arch not in ("x86_64", "arm64"):
            raise WrongUse(f"the architecture {self.arch!r} is not known; want x86_64 or arm64")
        if self.data:
            trails.check(self.data)

    @property
    def python(self) -> str:
        """The version of Python, e.g. "3.13"."""
        return self.runtime.removeprefix("python")


def make(recipe: Recipe, output: Path) -> Package:
    """Make the zip; nothing is asked of AWS.

    Parameters
    ----------
    recipe : what goes in.
    output : where to; its folder has to be there.

    Raises
    ------
    WrongUse : something it needs is not here.
    Failed : it could not be made, or is too large.
    """
    if not output.parent.is_dir():
        raise WrongUse(f"there is no folder {output.parent} to write {output.name} to")
    with tempfile.TemporaryDirectory(prefix="loopgenie-lambda-") as scratch:
        folder = Path(scratch)
        say(f"laying out what runs for {recipe.runtime} on {recipe.arch}")
        packed = _zappa(recipe, folder)
        task = folder / "task"
        with zipfile.ZipFile(packed) as zappas:
            zappas.extractall(task)
        (task / "package_info.json").unlink(missing_ok=True)  # who built it when: another zip each time
        say("compiling it ahead, since a sandbox cannot keep what it compiles")
        compile_ahead(task, recipe)
        if not recipe.bare:
            _lay_trails(task / _TRAILS, recipe.data)
        package = _pack(task, output)
    code = package.size - package.data_size
    say(
        f"{package.size / MIB:.1f} MiB, of which {package.data_size / MIB:.1f} MiB are trails; "
        f"{package.unpacked / MIB:.0f} MiB unpacked"
    )
    if code > LARGEST_ZIP_MIB * MIB or package.unpacked > LARGEST_UNPACKED_MIB * MIB:
        output.unlink()
        raise Failed(
            f"the package is too large: {code / MIB:.1f} MiB without trails (at most {LARGEST_ZIP_MIB}), "
            f"{package.unpacked / MIB:.0f} MiB unpacked (at most {LARGEST_UNPACKED_MIB}); put large trails on EFS"
        )
    return package


def zappa_settings(recipe: Recipe) -> dict[str, Any]:
    """What Zappa is told, as its own settings file has it."""
    settings: dict[str, Any] = yaml.safe_load((_HERE / "zappa_settings.yml").read_text("utf-8"))
    settings[STAGE] |= {"runtime": recipe.runtime, "architecture": recipe.arch, **recipe.settings}
    return settings


def _zappa(recipe: Recipe, folder: Path) -> Path:
    """Have Zappa pack a folder with our few files and a virtual environment with only what runs."""
    project, environment = folder / "project", folder / "packages"
    shutil.copytree(_HERE / "task", project, ignore=shutil.ignore_patterns("__pycache__"))
    (project / "zappa_settings.json").write_text(json.dumps(zappa_settings(recipe), indent=2), "utf-8")
    # Zappa looks for packages below the version of the Python that runs it, whatever the runtime is
    site = environment / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    wheels.install(
        site, python=recipe.python, arch=recipe.arch, without=_NOT_NEEDED, also=_HANDLERS_NEED, alone=("zappa",)
    )
    say("packing it with Zappa")
    done = subprocess.run(
        [sys.executable, "-m", "zappa.cli", "package", STAGE, "--output", "package.zip"],
        capture_output=True,
        text=True,
        check=False,
        cwd=project,
        env={**_without_aws(), "VIRTUAL_ENV": str(environment)},
    )
    if done.returncode or not (project / "package.zip").is_file():
        missing = "No module named 'zappa'" in done.stderr or "No module named zappa" in done.stderr
        if missing:
            raise WrongUse("Zappa is not installed: pip install 'loopgenie[deploy]'")
        raise Failed(f"Zappa could not make the package: {last_line(done.stdout + done.stderr) or 'it says nothing'}")
    return project / "package.zip"


def _without_aws() -> dict[str, str]:
    """The environment without an AWS profile: packing needs none, and a stale one would stop Zappa."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}


def compile_ahead(task: Path, recipe: Recipe) -> None:
    """Put bytecode beside each module, of the runtime's Python, which takes it without looking at the source.

    Bytecode that is checked by date would not do: a zip has no dates that Lambda keeps.
    """
    python = interpreters.find(recipe.python, recipe.arch)
    arguments = [
        "-m",
        "compileall",
        "-q",
        "-f",
        "--invalidation-mode",
        "unchecked-hash",
        "-s",
        task.name,
        "-p",
        "/var/task",
    ]
    try:
        python.run([*arguments, task.name], task.parent)
    except subprocess.CalledProcessError as error:
        raise Failed(
            f"Python {recipe.python} could not compile the package: {(error.stdout or error.stderr)[-300:]}"
        ) from None


def _lay_trails(target: Path, data: Path | None) -> None:
    if data:
        say(f"taking the trails of {data}")
        trails.copy(data, target)
        return
    say("no --data: taking the synthetic sample region, which is nowhere")
    trails.sample(target)


def _pack(task: Path, output: Path) -> Package:
    """Write the zip: sorted, all of one date, so that equal contents make an equal file."""
    unpacked = data_size = 0
    partial = output.with_name(f".{output.name}.partial")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file in sorted(path for path in task.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(file.relative_to(task).as_posix(), date_time=(1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, file.read_bytes())
            unpacked += file.stat().st_size
            if file.name == _TRAILS:
                data_size = archive.getinfo(entry.filename).compress_size
    partial.replace(output)
    return Package(output, output.stat().st_size, data_size, unpacked)
