"""The settings come from the environment, and `.env.example` says so."""

from dataclasses import fields
from pathlib import Path

import pytest

from loopgenie.config import Settings, example, file_variable, variable
from loopgenie.errors import InvalidParameters

EXAMPLE = Path(__file__).parents[2] / ".env.example"


def _variables() -> dict[str, str]:
    lines = EXAMPLE.read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_the_example_lists_every_setting_and_no_other() -> None:
    assert sorted(_variables()) == sorted(variable(one.name) for one in fields(Settings))


def test_the_example_holds_the_defaults() -> None:
    environment = {"HOME": "/nowhere", "XDG_DATA_HOME": "/data"}
    assert Settings.from_environment(environment | _variables()) == Settings.from_environment(environment)


def test_the_example_is_what_the_settings_say_of_themselves() -> None:
    assert EXAMPLE.read_text("utf-8") == example()


def test_every_setting_can_be_changed() -> None:
    changed = Settings.from_environment(
        {
            "LOOPGENIE_DATABASE_URL": "sqlite:///x.db",
            "LOOPGENIE_DATABASE_CONNECTIONS": "4",
            "LOOPGENIE_DATABASE_TIMEOUT_S": "9",
            "LOOPGENIE_HOST": "0.0.0.0",
            "LOOPGENIE_PORT": " 9000 ",
            "LOOPGENIE_WORKERS": "2",
            "LOOPGENIE_THREADS": "4",
            "LOOPGENIE_REQUEST_TIMEOUT_S": "30",
            "LOOPGENIE_CORS_ORIGINS": "https://a.example, https://b.example,",
            "LOOPGENIE_TRUSTED_PROXIES": "1",
            "LOOPGENIE_SEARCHES_AT_ONCE": "3",
            "LOOPGENIE_PATIENCE_S": "5",
            "LOOPGENIE_DRIVE_ENGINE_URL": "http://localhost:8002",
            "LOOPGENIE_DRIVE_TIMEOUT_S": "5",
            "LOOPGENIE_GEOCODER_URL": "https://names.example/search?countrycodes=ad",
            "LOOPGENIE_GEOCODER_TIMEOUT_S": "3",
            "LOOPGENIE_CACHE_URL": "redis://:secret@cache:6379/0",
            "LOOPGENIE_STATIC_FOLDER": "/srv/static",
            "LOOPGENIE_LOG_LEVEL": "debug",
        }
    )
    default = Settings.from_environment({})
    assert all(getattr(changed, one.name) != getattr(default, one.name) for one in fields(Settings))
    assert changed.port == 9000
    assert changed.cors_origins == ("https://a.example", "https://b.example")
    assert changed.log_level == "DEBUG"


def test_an_empty_variable_means_the_default() -> None:
    assert Settings.from_environment({"LOOPGENIE_PORT": "", "LOOPGENIE_LOG_LEVEL": " "}) == Settings.from_environment(
        {}
    )


def test_every_wrong_variable_is_named_with_what_would_be_right() -> None:
    with pytest.raises(InvalidParameters) as caught:
        Settings.from_environment({"LOOPGENIE_PORT": "http", "LOOPGENIE_THREADS": "0", "LOOPGENIE_LOG_LEVEL": "loud"})
    assert caught.value.errors == {
        "LOOPGENIE_PORT": "is 'http', want a whole number from 0 to 65535",
        "LOOPGENIE_THREADS": "is '0', want a whole number from 1 to 256",
        "LOOPGENIE_LOG_LEVEL": "is 'loud', want one of DEBUG, INFO, WARNING, ERROR",
    }


@pytest.mark.parametrize("value", ["-1", "65536", "٣", "1e3", "8000.0"])
def test_a_port_is_a_whole_number_in_range(value: str) -> None:
    with pytest.raises(InvalidParameters, match="LOOPGENIE_PORT"):
        Settings.from_environment({"LOOPGENIE_PORT": value})


def test_the_database_is_in_the_users_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/anna")
    default = "sqlite:////home/anna/.local/share/loopgenie/loopgenie.db"
    assert Settings.from_environment({}).database_url == default
    assert Settings.from_environment({"XDG_DATA_HOME": "relative"}).database_url == default  # the standard says so
    assert (
        Settings.from_environment({"XDG_DATA_HOME": "/data"}).database_url == "sqlite:////data/loopgenie/loopgenie.db"
    )


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8002",
        "https://roads.example/valhalla/",
        "valhalla+http://10.0.0.7:8002",
        "osrm+http://[::1]:5000",
    ],
)
def test_a_drive_engine_has_an_address(url: str) -> None:
    assert Settings.from_environment({"LOOPGENIE_DRIVE_ENGINE_URL": url}).drive_engine_url == url


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8002",
        "ftp://roads",
        "file:///etc/passwd",
        "http://",
        "http://roads:x",
        "http://roads:70000",
        "http://a b",
        "http://roads?x=1",
        "http://anna:secret@roads",
        "graphhopper+http://roads",
        "valhalla+ftp://roads",
        "http://[::1",
    ],
)
def test_what_is_no_address_of_a_drive_engine_is_told(url: str) -> None:
    with pytest.raises(InvalidParameters) as caught:
        Settings.from_environment({"LOOPGENIE_DRIVE_ENGINE_URL": url})
    assert "want http://HOST:PORT of a Valhalla or OSRM server" in caught.value.errors["LOOPGENIE_DRIVE_ENGINE_URL"]


@pytest.mark.parametrize(
    "url",
    ["names.example", "ftp://names.example", "http://", "http://user@names.example", "http://a b/", "http://a/#b"],
)
def test_a_geocoder_is_at_the_address_of_a_page(url: str) -> None:
    with pytest.raises(InvalidParameters) as caught:
        Settings.from_environment({"LOOPGENIE_GEOCODER_URL": url})
    assert caught.value.errors == {
        "LOOPGENIE_GEOCODER_URL": f"is {url!r}, want http://HOST/search or the like of a Nominatim server"
    }


# --- settings from files ------------------------------------------------------------------------------------------


def test_any_setting_may_come_from_a_file(tmp_path: Path) -> None:
    for one in fields(Settings):
        value = {bool: "1", int: "7", tuple: "https://a.example", str: "redis://h"}[type(one.default)]
        value = {
            "log_level": "ERROR", "drive_engine_url": "http://h", "geocoder_url": "http://h/s", "host": "::1",
        }.get(one.name, value)  # fmt: skip
        file = tmp_path / one.name
        file.write_text(f"{value}\n")
        assert Settings.from_environment({variable(one.name): value}) == Settings.from_environment(
            {file_variable(one.name): str(file)}
        ), one.name


def test_the_line_end_is_no_part_of_a_secret(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("postgresql://anna:s3cret@db/trails\r\n\n")
    settings = Settings.from_environment({"LOOPGENIE_DATABASE_URL_FILE": str(file), "LOOPGENIE_DATABASE_URL": ""})
    assert settings.database_url == "postgresql://anna:s3cret@db/trails"
    assert "s3cret" not in repr(settings)


def test_a_value_and_a_file_at_once_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "port"
    file.write_text("9000")
    with pytest.raises(InvalidParameters) as caught:
        Settings.from_environment({"LOOPGENIE_PORT": "8001", "LOOPGENIE_PORT_FILE": str(file)})
    assert caught.value.errors == {"LOOPGENIE_PORT_FILE": "is set, and LOOPGENIE_PORT is, too; want one of them"}


@pytest.mark.parametrize(
    ("content", "why"),
    [(None, "cannot be read: No such file or directory"), (b"", "is empty"), (b"\n", "is empty"), (b"\xff", "UTF-8")],
)
def test_a_file_of_no_use_is_named(tmp_path: Path, content: bytes | None, why: str) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InvalidParameters) as caught:
        Settings.from_environment({"LOOPGENIE_DATABASE_URL_FILE": str(file)})
    [(name, what)] = caught.value.errors.items()
    assert name == "LOOPGENIE_DATABASE_URL_FILE"
    assert str(file) in what
    assert why in what


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidParameters, match=r"LOOPGENIE_PORT_FILE: is '.*', which cannot be read: Is a directory"):
        Settings.from_environment({"LOOPGENIE_PORT_FILE": str(tmp_path)})


def test_what_a_file_holds_is_never_told(tmp_path: Path) -> None:
    file = tmp_path / "port"
    file.write_text("s3cret")
    with pytest.raises(InvalidParameters) as caught:
        Settings.from_environment({"LOOPGENIE_PORT_FILE": str(file)})
    assert caught.value.errors == {
        "LOOPGENIE_PORT_FILE": f"is {str(file)!r}, which holds something else than a whole number from 0 to 65535"
    }
