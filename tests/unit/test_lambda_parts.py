"""Parts of the Lambda target that need no cloud and no engine: secrets, events, compiled modules, clean copies."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from deploy import interpreters, wheels
from deploy.standin import events

ROOT = Path(__file__).parents[2]
TASK = ROOT / "deploy" / "lambda" / "task"


def loaded(file: Path) -> ModuleType:
    """A module by its file: in the package it stands in the root, here it does not."""
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


secret = loaded(TASK / "database_secret.py")


def test_a_secret_may_be_a_url() -> None:
    assert secret.url_of("postgresql://me:pw@db:5432/trails\n") == "postgresql://me:pw@db:5432/trails"


def test_a_secret_may_be_what_rds_keeps() -> None:
    kept = json.dumps({"username": "me", "password": "p@:/w", "host": "db", "port": 5433, "dbname": "trails"})
    # @ is 40, : is 3A and / is 2F in ASCII
    assert secret.url_of(kept) == "postgresql://me:p%40%3A%2Fw@db:5433/trails"


@pytest.mark.parametrize("text", ["hunter2", '{"password": "hunter2"}', '{"hunter2', "[]", ""])
def test_a_secret_that_is_neither_is_refused_without_telling_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"holds no database URL|is JSON without") as caught:
        secret.url_of(text)
    assert "hunter2" not in str(caught.value)


def test_a_post_reaches_a_rest_api_in_base64_and_an_http_api_as_text() -> None:
    request = events.Request("POST", "/v1/trips?a=1&a=2", b'{"x": 1}', {"Content-Type": "application/json"})
    rest, http = events.rest(request), events.http(request)
    assert (rest["body"], rest["isBase64Encoded"]) == ("eyJ4IjogMX0=", True)
    assert (http["body"], http["isBase64Encoded"]) == ('{"x": 1}', False)
    assert rest["multiValueQueryStringParameters"] == {"a": ["1", "2"]}
    assert (http["rawPath"], http["rawQueryString"]) == ("/v1/trips", "a=1&a=2")


def test_an_answer_in_base64_is_bytes_again() -> None:
    got = events.answer({"statusCode": 200, "headers": {"A-B": "c"}, "body": "AP8=", "isBase64Encoded": True})
    assert (got.status, got.headers, got.body) == (200, {"a-b": "c"}, b"\x00\xff")


@pytest.mark.parametrize("returned", [None, "text", {}, {"statusCode": 200, "body": "é", "isBase64Encoded": True}])
def test_what_a_gateway_cannot_read_is_a_502(returned: object) -> None:
    assert events.answer(returned).status == 502


def test_the_app_takes_the_trails_of_its_package_unless_it_is_told_others(tmp_path: Path) -> None:
    (tmp_path / "lambda_app.py").write_bytes((TASK / "lambda_app.py").read_bytes())
    (tmp_path / "trails.db").touch()
    (tmp_path / "database_secret.py").write_text("database_url = 'postgresql://'.__add__")
    package = tmp_path / "loopgenie"
    package.mkdir()
    (package / "wsgi.py").write_text("import os; app = os.environ['LOOPGENIE_DATABASE_URL']")

    def taken(**environment: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", "import lambda_app; print(lambda_app.app)"],
            capture_output=True,
            text=True,
            check=True,
            cwd=tmp_path,
            env=environment,
        )
        return done.stdout.strip()

    assert taken() == f"sqlite:///{tmp_path}/trails.db"
    assert taken(LOOPGENIE_DATABASE_URL="sqlite:////mnt/trails/alps.db") == "sqlite:////mnt/trails/alps.db"
    assert taken(DATABASE_SECRET="name") == "postgresql://name"


def test_a_module_for_a_newer_c_library_is_refused(tmp_path: Path) -> None:
    (tmp_path / "old.so").write_bytes(b"\x7fELF\0GLIBC_2.2.5\0GLIBC_2.14\0")
    assert wheels.needed_glibc(tmp_path / "old.so") == (2, 14)  # 14 is newer than 2, not older
    wheels.check_libraries(tmp_path)
    (tmp_path / "new.so").write_bytes(b"\x7fELF\0GLIBC_2.2.5\0GLIBC_2.38\0")
    with pytest.raises(wheels.NotBuilt, match=r"new\.so needs glibc 2\.38, the target has 2\.34"):
        wheels.check_libraries(tmp_path)


def test_a_wheel_is_made_of_tracked_files_only(tmp_path: Path) -> None:
    wheels.copy_sources(tmp_path)
    assert (tmp_path / "loopgenie" / "wsgi.py").is_file()
    assert (tmp_path / "solver" / "kernel.py").is_file()
    assert (tmp_path / "tools" / "python-headers.sh").is_file()
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".so", ".c", ".pyc")]


def test_no_python_for_an_architecture_is_said_with_the_ways_to_have_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(interpreters.NoSuchPython, match=r"run this with it, or put python3\.99 .* or start a docker"):
        interpreters.find("3.99", "x86_64")
    with pytest.raises(interpreters.NoSuchPython, match="'sparc' is not known; want x86_64 or aarch64"):
        interpreters.architecture("sparc")
