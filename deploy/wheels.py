"""What runs, as wheels or laid out in a folder, for a Python and an architecture that need not be this machine's."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path

from deploy import interpreters
from deploy.command import Failed
from deploy.interpreters import Interpreter, NoSuchPython

ROOT = Path(__file__).resolve().parents[1]
#: The oldest C library of all targets: Amazon Linux 2023, on which Lambda's Pythons run, has 2.34, Debian 12 has 2.36.
GLIBC = (2, 34)
_OLDEST_GLIBC = 17  # manylinux_2_17, also called manylinux2014: wheels for anything older are not made any more
#: What a wheel of LoopGenie is made of.
_SOURCES = ("pyproject.toml", "setup.py", "README.md", "LICENSE", "constraints.txt", "tools/python-headers.sh")
_PACKAGES = ("solver", "loopgenie")
_DOCKERFILE = Path(__file__).with_name("kernel.Dockerfile")


class NotBuilt(Failed):
    """What runs could not be put together; the message says what is missing or wrong."""


def install(
    folder: Path,
    *,
    python: str = "3.13",
    arch: str = "x86_64",
    extras: tuple[str, ...] = (),
    without: tuple[str, ...] = (),
    also: tuple[str, ...] = (),
    alone: tuple[str, ...] = (),
) -> None:
    """Lay LoopGenie and what it needs to run out in a folder, ready to be put on Python's path.

    Parameters
    ----------
    folder : where to; made if it is not there.
    python : the version of Python that will run it, e.g. "3.13".
    arch : the architecture of the machine that will, "x86_64" or "aarch64".
    extras : extras of LoopGenie to install, too, e.g. "redis".
    without : distributions to leave out although LoopGenie declares them, e.g. "gunicorn".
    also : requirements beyond, e.g. "apig-wsgi"; versions come from constraints.txt.
    alone : the same, without what they need in turn.

    Raises
    ------
    NotBuilt : a package has no wheel for that Python, the kernel did not compile, or it needs a newer C library.
    NoSuchPython : the kernel cannot be compiled for that Python here.
    """
    with tempfile.TemporaryDirectory() as scratch:
        wheel = _own_wheel(Path(scratch), python=python, arch=arch)
        third_party(folder, [*_requirements(extras, without), *also], python=python, arch=arch)
        third_party(folder, [str(wheel), *alone], python=python, arch=arch, alone=True)
    shutil.rmtree(folder / "bin", ignore_errors=True)
    check_libraries(folder)


def third_party(folder: Path, wanted: list[str], *, python: str, arch: str, alone: bool = False) -> None:
    """Lay requirements out in a folder for another Python; with `alone` without what they need in turn.

    Raises
    ------
    NotBuilt : one has no wheel for that Python and architecture.
    """
    options = ["--no-compile", *(["--no-deps"] if alone else []), *_for_target(python, arch)]
    _pip(["install", "--target", str(folder), *options, *wanted])


def wheelhouse(
    folder: Path,
    *,
    python: str = "3.11",
    arch: str = "x86_64",
    extras: tuple[str, ...] = (),
    also: tuple[str, ...] = (),
) -> Path:
    """Put LoopGenie and what it needs to run into a folder as wheels, from which it installs without a network.

    Parameters and errors are those of `install`. Returns LoopGenie's own wheel:
    `pip install --no-index --find-links FOLDER loopgenie`.
    """
    with tempfile.TemporaryDirectory() as scratch:
        wheel = _own_wheel(Path(scratch), python=python, arch=arch)
        wanted = [*_requirements(extras, ()), *also]
        folder.mkdir(parents=True, exist_ok=True)
        _pip(["download", "--dest", str(folder), *_for_target(python, arch), *wanted])
        kept = Path(shutil.copy(wheel, folder))
    for file in folder.glob("*.whl"):
        with tempfile.TemporaryDirectory() as scratch, zipfile.ZipFile(file) as packed:
            packed.extractall(scratch)
            check_libraries(Path(scratch))
    return kept


def needed_glibc(library: Path) -> tuple[int, int]:
    """The version of the C library that a shared library needs, (0, 0) if any will do.

    The names of the versions a library needs stand as text in its string table (ELF, `.gnu.version_r`).
    """
    found = re.findall(rb"\0GLIBC_(\d+)\.(\d+)", library.read_bytes())
    return max(((int(major), int(minor)) for major, minor in found), default=(0, 0))


def check_libraries(folder: Path, *, newest: tuple[int, int] = GLIBC) -> None:
    """Check that no compiled module in a folder needs a newer C library than the target has.

    Raises
    ------
    NotBuilt : one does; the message names it.
    """
    for library in sorted(folder.rglob("*.so*")):
        needed = needed_glibc(library)
        if needed > newest:
            raise NotBuilt(
                f"{library.relative_to(folder)} needs glibc {needed[0]}.{needed[1]}, the target has "
                f"{newest[0]}.{newest[1]}: build it on an older Linux, such as Debian 12"
            )


def _requirements(extras: tuple[str, ...], without: tuple[str, ...]) -> list[str]:
    """What LoopGenie says it needs to run."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    optional = project["optional-dependencies"]
    unknown = [extra for extra in extras if extra not in optional]
    if unknown:
        raise NotBuilt(f"there is no extra {unknown[0]!r}; there are {', '.join(sorted(optional))}")
    wanted = [*project["dependencies"], *(one for extra in extras for one in optional[extra])]
    return [one for one in wanted if re.split(r"[<>=!~;\[ ]", one)[0].lower() not in without]


def _for_target(python: str, arch: str) -> list[str]:
    """The options with which pip chooses wheels for another Python than the one that runs it."""
    machine = interpreters.architecture(arch)
    tags = [f"manylinux_2_{minor}_{machine}" for minor in range(GLIBC[1], _OLDEST_GLIBC - 1, -1)]
    platforms = [part for tag in [*tags, f"manylinux2014_{machine}"] for part in ("--platform", tag)]
    # the own wheel is not made on a manylinux image; what it needs is checked here instead
    platforms += ["--platform", f"linux_{machine}"]
    return ["--only-binary=:all:", "--implementation", "cp", "--python-version", python, *platforms]


def _pip(arguments: list[str], *, python: str = sys.executable, environment: dict[str, str] | None = None) -> None:
    command = [
        python,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "-q",
        *arguments,
        "-c",
        str(ROOT / "constraints.txt"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise NotBuilt(f"pip {arguments[0]} failed: {_last_error(done.stderr)}")


def _last_error(text: str) -> str:
    """The line that tells most: the last that says it is an error, else the last at all."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()]
    return (errors or lines or ["no word why"])[-1][:300]


def _own_wheel(scratch: Path, *, python: str, arch: str) -> Path:
    """LoopGenie as a wheel with the kernel compiled, made from a clean copy of this checkout."""
    source, out = scratch / "source", scratch / "wheels"
    copy_sources(source)
    found = interpreters.find(python, arch)
    if found.command and not _can_compile(found, source, scratch):
        # as good as none: it would make a wheel without the kernel
        found = _container_for(found, arch)
    if found.command:
        _wheel_here(found, source, out, scratch)
    else:
        _wheel_in_container(found, source, out)
    wheel = next(iter(out.glob("loopgenie-*.whl")), None)
    if wheel is None:
        raise NotBuilt(f"making the wheel for Python {python} gave no wheel")
    compiled = {Path(name).name.partition(".")[0] for name in zipfile.ZipFile(wheel).namelist() if name.endswith(".so")}
    if not {"kernel", "frontier"} <= compiled:
        raise NotBuilt(f"the kernel did not compile for Python {python}: a C compiler and Python's headers are needed")
    return wheel


def copy_sources(folder: Path) -> None:
    """Copy what a wheel is made of: tracked files only, so that nothing that lies about gets in."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *_SOURCES, *_PACKAGES],
        capture_output=True,
        check=False,
        cwd=ROOT,
    )
    names = [name for name in listed.stdout.decode().split("\0") if name] if listed.returncode == 0 else []
    for name in names or _all_sources():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)


def _all_sources() -> list[str]:
    """The same where there is no git: everything but what a build leaves behind."""
    built = {".so", ".c", ".pyc"}
    inside = (path for package in _PACKAGES for path in (ROOT / package).rglob("*") if path.suffix not in built)
    return [*_SOURCES, *(str(path.relative_to(ROOT)) for path in inside)]


def _can_compile(python: Interpreter, source: Path, scratch: Path) -> bool:
    include = "import sysconfig, pathlib; print((pathlib.Path(sysconfig.get_path('include')) / 'Python.h').exists())"
    has_headers = python.run(["-c", include], source).strip() == "True"
    return bool(shutil.which("cc") or shutil.which("gcc")) and (
        has_headers or bool(_header_flags(python, source, scratch))
    )


def _header_flags(python: Interpreter, source: Path, scratch: Path) -> str:
    """Compiler flags that find Python's headers where its package came without them."""
    script = source / "tools" / "python-headers.sh"
    done = subprocess.run(
        ["sh", str(script), shutil.which(python.command[0]) or "", str(scratch / "headers")],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() if done.returncode == 0 else ""


def _container_for(python: Interpreter, arch: str) -> Interpreter:
    try:
        return interpreters.in_container(python.version, arch)
    except NoSuchPython as error:
        raise NotBuilt(
            f"the kernel cannot be compiled: no C compiler or no headers of Python here, and {error}"
        ) from None


def _wheel_here(python: Interpreter, source: Path, out: Path, scratch: Path) -> None:
    environment = interpreters.clean_environment()
    environment |= {"CFLAGS": _header_flags(python, source, scratch), "PIP_CONSTRAINT": str(ROOT / "constraints.txt")}
    # the running Python may be a virtual environment with pip; another one on the PATH has its own
    _pip(
        ["wheel", "--no-deps", "--wheel-dir", str(out), str(source)],
        python=shutil.which(python.command[0]) or python.command[0],
        environment=environment,
    )


def _wheel_in_container(python: Interpreter, source: Path, out: Path) -> None:
    command = ["docker", "build", "-q", "--platform", python.platform, "--build-arg", f"PYTHON={python.version}"]
    command += ["--output", f"type=local,dest={out}", "-f", str(_DOCKERFILE), str(source)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "DOCKER_BUILDKIT": "1"}
    )
    if done.returncode:
        raise NotBuilt(f"making the wheel in {python.image} failed: {_last_error(done.stderr)}")
