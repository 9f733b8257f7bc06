"""A release: one archive with all that an instance needs beyond Debian's packages, tried before anybody gets it."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import shutil
import socket
import subprocess
import tarfile
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import loopgenie
from deploy import first_trip, interpreters, wheels
from deploy.command import Failed, say
from deploy.interpreters import NoSuchPython

MACHINE = Path(__file__).with_name("machine")
#: Debian 12's.
PYTHON = "3.11"
_NGINX = wheels.ROOT / "deploy" / "nginx"
_START_S = 60


@dataclass(frozen=True)
class Recipe:
    """What a release is for.

    Parameters
    ----------
    arch : x86_64 or aarch64.
    importers : whether trails can be imported on the machine; ten times as large.
    """

    arch: str
    importers: bool = False

    @property
    def extras(self) -> tuple[str, ...]:
        """The extras of LoopGenie that it holds."""
        return ("import", "gazetteer") if self.importers else ()

    @property
    def requirement(self) -> str:
        """What pip installs from its wheels."""
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        return f"loopgenie{extras}=={loopgenie.__version__}\n"


def name(recipe: Recipe) -> str:
    """The file name of a release, known before it is built: the same sources give the same name."""
    digest = hashlib.sha256(f"{recipe} {PYTHON} {recipe.requirement}".encode())
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        wheels.copy_sources(folder / "sources")
        _lay_machine(folder, recipe)
        for file in _files(folder):
            digest.update(f"{file.relative_to(folder)}\0{file.stat().st_size}\0".encode())
            digest.update(file.read_bytes())
    kind = "-importers" if recipe.importers else ""
    return f"loopgenie-{loopgenie.__version__}-{recipe.arch}{kind}-{digest.hexdigest()[:12]}.tar.gz"


def build(target: Path, recipe: Recipe) -> None:
    """Write the archive.

    Raises
    ------
    NotBuilt, NoSuchPython : LoopGenie cannot be compiled for that machine here.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        _lay_machine(folder, recipe)
        try:
            wheels.wheelhouse(folder / "wheels", python=PYTHON, arch=recipe.arch, extras=recipe.extras)
        except NoSuchPython as error:
            other = "t3.small" if recipe.arch == "aarch64" else "t4g.small"
            raise NoSuchPython(f"{error}; or take an instance of the other kind, such as --instance {other}") from None
        _pack(folder, target)


def try_it(archive: Path, recipe: Recipe, database: Path | None = None) -> bool:
    """Install a release as the instance will, start it once and ask for a trip; False where it cannot run here.

    Parameters
    ----------
    database : the trails to try it with; only that it starts is tried without.

    Raises
    ------
    Failed : it does not install, start or answer.
    """
    try:
        python = interpreters.find(PYTHON, recipe.arch)
    except NoSuchPython:
        return False
    if not python.command:
        return False
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        with tarfile.open(archive) as packed:
            packed.extractall(folder, filter="data")
        _run([*python.command, "-m", "venv", "venv"], folder)
        pip = ["venv/bin/python", "-m", "pip", "--isolated", "--disable-pip-version-check", "-q", "install"]
        _run([*pip, "--no-index", "--find-links", "wheels", "-r", "requirements.txt"], folder)
        if "compiled" not in _run(["venv/bin/python", "-m", "solver", "--version"], folder):
            raise Failed("the release does not work: the solver's kernel does not load")
        copy = folder / "trails.db"
        if database:
            shutil.copy(database, copy)  # it keeps answers in it
        _start_once(folder, copy, trails=database is not None)
    return True


def _start_once(folder: Path, database: Path, *, trails: bool) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url, log = f"http://127.0.0.1:{port}", folder / "log"
    command = [str(folder / "venv/bin/loopgenie"), "serve", "--port", str(port), "--database", f"sqlite:///{database}"]
    with log.open("wb") as out:
        server = subprocess.Popen(
            command, cwd=folder, stdout=out, stderr=out, stdin=subprocess.DEVNULL, env=interpreters.clean_environment()
        )
    try:
        began = time.monotonic()
        while True:
            try:
                ask = first_trip.check if trails else first_trip.alive
                ask(url)
                return
            except (OSError, ValueError) as error:
                if server.poll() is not None or time.monotonic() - began > _START_S:
                    last = log.read_text("utf-8", "replace").strip().splitlines()[-1:]
                    raise Failed(f"the release does not work: {error}; its last word: {' '.join(last)}") from None
            time.sleep(0.2)
    finally:
        server.terminate()
        server.wait(30)


def _lay_machine(folder: Path, recipe: Recipe) -> None:
    """What the instance runs around the app: scripts, units, nginx's settings."""
    shutil.copytree(MACHINE, folder, dirs_exist_ok=True)
    for file in ("site.conf", "problems.conf"):
        shutil.copy(_NGINX / file, folder / "nginx")
    shutil.copy(str(first_trip.__file__), folder)
    (folder / "requirements.txt").write_text(recipe.requirement, "utf-8")


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def _pack(folder: Path, target: Path) -> None:
    """Sorted, nobody's and of no date, so that equal contents make an equal file."""
    partial = target.with_name(f".{target.name}.part")
    with (
        partial.open("wb") as out,
        gzip.GzipFile("", "wb", 9, out, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as archive,
    ):
        for file in _files(folder):
            entry = tarfile.TarInfo(file.relative_to(folder).as_posix())
            contents = file.read_bytes()
            entry.size, entry.mode = len(contents), 0o755 if file.suffix == ".sh" else 0o644
            archive.addfile(entry, io.BytesIO(contents))
    partial.replace(target)


def _run(command: list[str], folder: Path) -> str:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env=interpreters.clean_environment()
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no word why"])[-1]
        raise Failed(f"the release does not work: {last}")
    return done.stdout


def fetch(recipe: Recipe, database: Path | None, cache: Path) -> Path:
    """The archive, built and tried unless that was done before."""
    target = cache / name(recipe)
    if target.exists():
        return target
    cache.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    fresh = cache / f"{os.getpid()}-{target.name}"
    try:
        say(f"building {target.name}")
        build(fresh, recipe)
        size = fresh.stat().st_size / 2**20
        say(f"built in {time.monotonic() - began:.0f} s, {size:.1f} MiB; trying it")
        if not try_it(fresh, recipe, database):
            say(f"no Python {PYTHON} for {recipe.arch} here, so the instance is the first to try it")
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)
    return target
