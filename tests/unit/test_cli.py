"""The command line: what it prints, writes and returns."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import gpxpy
import pytest

from loopgenie import cli
from loopgenie.cli import main
from loopgenie.config import Settings
from loopgenie.errors import BadInput
from loopgenie.parameters import trip_request
from loopgenie.progress import shown_progress
from loopgenie.store import open_store
from tests.unit.trek_document import trek

ROOT = Path(__file__).parents[2]


@pytest.fixture
def url(draw, tmp_path, monkeypatch):  # type: ignore[no-untyped-def]
    """A database with a square of 4 km and a village, named by the environment."""
    drawing = draw().junctions(A=(0, 0, 100), B=(1, 0, 150), C=(1, 1, 200), D=(0, 1, 150))
    for a, b in ("AB", "BC", "CD", "DA"):
        drawing.way(a, b, f"{a}{b} Trail")
    drawing.trailhead("A", "Car park").point(0, 0, "village", "Bärental")
    address = f"sqlite:///{tmp_path / 'cli.db'}"
    store = open_store(address)
    store.replace_region(drawing.region())
    store.close()
    monkeypatch.setenv("LOOPGENIE_DATABASE_URL", address)
    return address


PLAN = ("plan", "--place", "Bärental", "--hike-km", "4", "--time-limit", "0.1")


def run(capsys, *words: str) -> SimpleNamespace:  # type: ignore[no-untyped-def]
    code = main(list(words))
    out, err = capsys.readouterr()
    return SimpleNamespace(code=code, out=out, err=err)


# --- plan ---------------------------------------------------------------------------------------------------------


def test_plan_tells_a_person_about_the_loop(url, capsys) -> None:
    result = run(capsys, *PLAN)
    assert (result.code, result.err) == (0, "")
    for words in ("From Bärental", "4.0 km (2.5 miles) from Car park", "AB Trail", "back at Car park", "Drawn by hand"):
        assert words in result.out


def test_plan_writes_geojson(url, capsys) -> None:
    document = json.loads(run(capsys, *PLAN, "--format", "geojson").out)
    [feature] = document["features"]
    assert feature["geometry"]["coordinates"][0] == feature["geometry"]["coordinates"][-1]
    assert document["trip"]["hike_m"] == 4000
    assert document["trip"]["time_limit_s"] == 0.1


def test_plan_writes_gpx_and_kml_to_a_file(url, capsys, tmp_path) -> None:
    file = tmp_path / "loop.gpx"
    result = run(capsys, *PLAN, "--format", "gpx", "--output", str(file))
    assert (result.code, result.out, result.err) == (0, "", "")
    assert len(gpxpy.parse(file.read_text("utf-8")).tracks[0].segments[0].points) == 5
    assert "<kml" in run(capsys, *PLAN, "--format", "kml").out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--at", "0.0,10.0"], {"location": {"lat": 0.0, "lon": 10.0}}),
        (["--at", "-33.9,-18.4"], {"location": {"lat": -33.9, "lon": -18.4}}),
        (["--at=-.5,18"], {"location": {"lat": -0.5, "lon": 18.0}}),
        (["--place", "X", "--drive-minutes", "30"], {"location": "X", "drive_minutes": 30}),
        (["--place", "X", "--drive-miles", "0"], {"location": "X", "drive_miles": 0}),
        (["--place", "X", "--via", "-1,2", "--via", "3,4.5"], {"location": "X", "via": [[2.0, -1.0], [4.5, 3.0]]}),
        (["--place", "X", "--prove", "--seed", "7"], {"location": "X", "prove": True, "seed": 7}),
        (["--place", "X", "--alternatives", "3"], {"location": "X", "alternatives": 3}),
        (["--place", "X", "--time-limit", "2.5"], {"location": "X", "time_limit_s": 2.5}),
        (["--place", "X", "--max-difficulty", "T3"], {"location": "X", "max_difficulty": "T3"}),
        (["--place", "X", "--max-ascent-m", "800"], {"location": "X", "max_ascent_m": 800}),
        (["--place", "X", "--max-road-share", "0.1"], {"location": "X", "max_road_share": 0.1}),
        (["--place", "X", "--max-repeat-share", "0"], {"location": "X", "max_repeat_share": 0}),
        (["--place", "X", "--heading", "ne"], {"location": "X", "heading": "ne"}),
        (["--place", "X", "--heading", "22.5"], {"location": "X", "heading": 22.5}),
        (["--place", "X", "--informal"], {"location": "X", "informal": True}),
        (["--place", "X", "--tolerance", "0.2"], {"location": "X", "tolerance": 0.2}),
    ],
)
def test_options_become_the_request_of_the_http_interface(words: list[str], expected: dict[str, object]) -> None:
    arguments = cli._parser().parse_args(cli._joined(["plan", "--hike-miles", "6", *words]))
    request = {name: value for name, value in cli._request(arguments).items() if value is not False and value != []}
    assert request == {"hike_miles": 6, **expected}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("--days 3 --day-km 12-20", {"days": 3, "day_km": "12-20"}),
        ("--days 3 --day-km 16", {"days": 3, "day_km": 16}),
        ("--nights 2 --day-miles 7.5-12.5", {"nights": 2, "day_miles": "7.5-12.5"}),
        ("--days 3 --day-hours 5-7", {"days": 3, "day_hours": "5-7"}),
        ("--days 3 --hike-km 45", {"days": 3, "hike_km": 45}),
        ("--days 3", {"days": 3}),
        ("--hike-km 9 --date 2026-07-04", {"hike_km": 9, "date": "2026-07-04"}),
        (
            "--days 5 --rest-days 1 --first-day 0.5 --last-day .75",
            {"days": 5, "rest_days": 1, "first_day": 0.5, "last_day": 0.75},
        ),
        (
            "--days 2 --camps dispersed --max-camp-detour-m 0 --max-day-ascent-m 900",
            {"days": 2, "camps": "dispersed", "max_camp_detour_m": 0, "max_day_ascent_m": 900},
        ),
        ("--days 2 --max-dry-km 8", {"days": 2, "max_dry_km": 8}),
        ("--days 2 --max-dry-miles 5.5", {"days": 2, "max_dry_miles": 5.5}),
    ],
)
def test_options_of_several_days_become_the_request_of_the_http_interface(
    words: str, expected: dict[str, object]
) -> None:
    arguments = cli._parser().parse_args(["plan", "--place", "X", *words.split()])
    request = {name: value for name, value in cli._request(arguments).items() if value is not False and value != []}
    assert request == {"location": "X", **expected}
    trip_request(request)  # and it is one


@pytest.mark.parametrize(("tracks", "count"), [([], 1), (["--tracks", "one"], 1), (["--tracks", "days"], 3)])
def test_a_trip_of_several_days_is_written_as_one_track_or_one_for_each(
    url, capsys, monkeypatch, tracks: list[str], count: int
) -> None:
    monkeypatch.setattr("loopgenie.exports.trip_geojson", lambda *_: trek())
    assert len(gpxpy.parse(run(capsys, *PLAN, "--format", "gpx", *tracks).out).tracks) == count
    assert run(capsys, *PLAN, "--format", "kml", *tracks).out.count("<LineString>") == count


# --- wrong use: exit 2 and one line; no loop: exit 1 ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["fly"], "invalid choice: 'fly'"),
        (["plan"], "one of the arguments --at --place is required"),
        (["plan", "--place", "Bärental"], "--hike-km is missing, want exactly one of --hike-km and --hike-miles"),
        (["plan", "--place", "Bärental", "--hike-km", "ten"], "--hike-km: is 'ten', want a number"),
        (["plan", "--place", "Bärental", "--hike-km", "1_0"], "--hike-km: is '1_0', want a number"),
        (["plan", "--at", "5_0,10", "--hike-km", "4"], "--at is '5_0,10', want LAT,LON"),
        (["plan", "--place", "Bärental", "--hike-km", "nan"], "--hike-km is"),
        (["plan", "--place", "Bärental", "--hike-km", "0.1"], "--hike-km is 0.1, want"),
        (["plan", "--place", "Bärental", "--hike-km", "4", "--hike-miles", "3"], "not allowed with"),
        (["plan", "--place", "Bärental", "--hike-km", "4", "--tolerance", "2"], "--tolerance is 2, want"),
        (["plan", "--place", "Bärental", "--hike-km", "4", "--alternatives", "1.5"], "--alternatives is 1.5"),
        (["plan", "--place", "Bärental", "--hike-km", "4", "--time-limit", "60"], "--time-limit is 60, want"),
        (["plan", "--place", "Bärental", "--hike-km", "4", "--max-difficulty", "T9"], "--max-difficulty is"),
        (["plan", "--place", "Bärental", "--hike-km", "4", "--format", "pdf"], "invalid choice: 'pdf'"),
        (["plan", "--place", "Bärental", "--hike-km", "4", "--hike", "4"], "unrecognized arguments: --hike 4"),
        (["plan", "--place", "X", "--days", "2.5"], "--days is 2.5, want a whole number from 1 to 14"),
        (["plan", "--place", "X", "--days", "two"], "--days: is 'two', want a number"),
        (
            ["plan", "--place", "X", "--days", "3", "--nights", "2"],
            "argument --nights: not allowed with argument --days",
        ),
        (["plan", "--place", "X", "--days", "3", "--day-km", "far"], "--day-km is 'far', want"),
        (["plan", "--place", "X", "--days", "3", "--day-km", "9", "--day-hours", "5"], "not allowed with"),
        (["plan", "--place", "X", "--hike-km", "9", "--max-day-ascent-m", "900"], "--max-day-ascent-m is 900, but"),
        (["plan", "--place", "X", "--days", "3", "--camps", "hotels"], '--camps is "hotels", want'),
        (["plan", "--place", "X", "--hike-km", "9", "--date", "4.7.2026"], '--date is "4.7.2026", want'),
        (["plan", "--place", "X", "--days", "3", "--rest-days", "2"], "--rest-days is 2, want"),
        (["plan", "--place", "X", "--hike-km", "9", "--tracks", "days"], "--tracks is 'days', but --format is 'text'"),
        (["plan", "--at", "Bärental", "--hike-km", "4"], "--at is 'Bärental', want LAT,LON"),
        (["plan", "--at", "95,0", "--hike-km", "4"], "lat is 95"),
        (["plan", "--place", "Berental", "--hike-km", "4"], "did you mean Bärental?"),
        (["plan", "--place", "Bärental", "--hike-km", "4", "--via", "0.1,10"], "want a trail within 250 m"),
        (["plan", "--place", "X", "--hike-km", "4", "--database", "mysql://h/d"], "'mysql' is no known kind"),
        (["info", "--database", f"sqlite:///{Path(__file__)}"], "file is not a database"),
        (["import"], "the following arguments are required: FILE"),
        (["import", "no-such-file.osm.pbf"], "no-such-file.osm.pbf"),
        (["sample", "--size", "big"], "--size: is 'big', want a whole number"),
        (["serve", "--port", "web"], "--port is 'web', want a whole number from 0 to 65535"),
    ],
)
def test_wrong_use_is_told_in_one_line(url, capsys, words: list[str], message: str) -> None:
    result = run(capsys, *words)
    assert result.code == 2
    assert result.out == ""
    assert message in result.err
    assert result.err.startswith("loopgenie: ")
    assert result.err.count("\n") == 1


def test_no_loop_is_exit_code_1_and_one_line(url, capsys) -> None:
    result = run(capsys, "plan", "--place", "Bärental", "--hike-km", "40", "--time-limit", "0.1")
    assert (result.code, result.out) == (1, "")
    assert "loop" in result.err
    assert result.err.count("\n") == 1


def test_a_file_that_cannot_be_written_is_told(url, capsys, tmp_path) -> None:
    result = run(capsys, *PLAN, "--output", str(tmp_path / "no" / "folder.gpx"))
    assert result.code == 2
    assert result.err == f"loopgenie: {tmp_path}/no/folder.gpx: No such file or directory\n"


def test_an_empty_database_says_how_to_fill_it(tmp_path, capsys) -> None:
    result = run(capsys, *PLAN, "--database", f"sqlite:///{tmp_path}/none.db")
    assert result.code == 2
    assert "loopgenie import" in result.err
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_is_no_traceback(url, capsys, monkeypatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("loopgenie.planner.plan_trip", interrupted)
    assert run(capsys, *PLAN) == SimpleNamespace(code=130, out="", err="loopgenie: interrupted\n")


def test_a_reader_that_has_read_enough_is_no_error(url) -> None:
    command = f"{sys.executable} -m loopgenie {' '.join(PLAN)} --format geojson | head -c 1"
    ended = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (ended.stdout, ended.stderr) == ("{", "")


# --- help and version ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["", "import", "plan", "serve", "health", "static", "sample", "info"])
def test_every_command_has_help(capsys, command: str) -> None:
    result = run(capsys, *command.split(), "--help")
    assert result.code == 0
    assert "usage: loopgenie" in result.out
    assert len(result.out) > 250


def test_the_version_is_told(capsys) -> None:
    assert run(capsys, "--version").out.startswith("loopgenie 0.")


# --- import, sample, info -----------------------------------------------------------------------------------------


def test_sample_makes_a_region_that_says_that_it_is_made_up(tmp_path, capsys) -> None:
    pytest.importorskip("shapely")
    database = f"sqlite:///{tmp_path}/sample.db"
    made = run(capsys, "sample", "--size", "4", "--seed", "3", "--database", database)
    assert made.code == 0
    assert "SYNTHETIC" in made.out
    assert made.out.startswith("shaping the land\n")  # the stages
    assert made.err == ""
    told = run(capsys, "info", "--database", database)
    assert made.out.endswith(told.out)
    again = run(capsys, "sample", "--if-empty", "--database", database)
    assert again.out == "There is data already; left as it is.\n"
    assert run(capsys, "info", "--database", database).out == told.out


def test_info_of_an_empty_database(tmp_path, capsys) -> None:
    result = run(capsys, "info", "--database", f"sqlite:///{tmp_path}/none.db")
    assert result.code == 0
    assert "No trails yet" in result.out


def test_info_tells_what_there_is(url, capsys) -> None:
    out = run(capsys, "info").out
    for words in ("Drawn", "4 km in 4 segments, 4 junctions", "1 trailhead, 1 place", "Drawn by hand", "imported 20"):
        assert words in out


@pytest.mark.data
def test_import_and_plan_on_real_trails(trail_data, tmp_path, capsys) -> None:
    pytest.importorskip("osmium")
    database = f"sqlite:///{tmp_path}/andorra.db"
    file = trail_data / "andorra" / "andorra-2013.osm.pbf"
    imported = run(capsys, "import", str(file), "--region", "Andorra 2013", "--database", database)
    assert imported.code == 0, imported.err
    assert "Andorra 2013" in imported.out
    planned = run(
        capsys, "plan", "--place", "ordino", "--drive-km", "20", "--hike-km", "10", "--time-limit", "0.3",
        "--format", "geojson", "--database", database,
    )  # fmt: skip
    assert planned.code == 0, planned.err
    [loop] = json.loads(planned.out)["features"]
    assert 9000 <= loop["properties"]["length_m"] <= 11000
    assert loop["geometry"]["coordinates"][0] == loop["geometry"]["coordinates"][-1]


@pytest.mark.data
def test_a_broken_import_keeps_what_there_was(trail_data, url, tmp_path, capsys) -> None:
    pytest.importorskip("osmium")
    whole = (trail_data / "andorra" / "andorra-2013.osm.pbf").read_bytes()
    broken = tmp_path / "broken.osm.pbf"
    broken.write_bytes(whole[: len(whole) // 2])
    before = run(capsys, "info").out
    result = run(capsys, "import", str(broken), "--region", "Drawn")
    assert result.code == 2
    assert "broken.osm.pbf" in result.err.splitlines()[-1]
    assert run(capsys, "info").out == before


def test_a_missing_extra_is_named(capsys, monkeypatch, url) -> None:
    monkeypatch.setitem(sys.modules, "loopgenie.importing.files", None)
    missing = ModuleNotFoundError("No module named 'osmium'", name="osmium")
    assert "pip install 'loopgenie[import]'" in cli._extra_is_missing(missing).detail
    assert isinstance(cli._extra_is_missing(missing), BadInput)
    with pytest.raises(ModuleNotFoundError):  # a fault of our own is not dressed up
        cli._extra_is_missing(ModuleNotFoundError("no", name="loopgenie.importing.nonsense"))


SLIM = """
import sys
extras = "numpy shapely osmium pyogrio pyproj rasterio tqdm highspy redis"
sys.modules |= dict.fromkeys(extras.split())
from loopgenie.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("sample --seed 1 --database sqlite:///{}/new.db", 2),
        ("sample --if-empty", 0),
        ("check", 2),
        ("import here.osm.pbf", 2),
        ("info", 0),
        ("regions list", 0),
        ("plan --place Bärental --drive-km 5 --hike-km 4 --time-limit 0.1 --prove", 0),
    ],
)
def test_what_the_service_needs_works_without_any_extra(url, tmp_path, words: str, code: int) -> None:
    """As in an image that only serves; what needs more says so in one line."""
    command = [sys.executable, "-c", SLIM, *words.format(tmp_path).split()]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == code, done.stderr
    if code:
        assert done.stdout == ""
        assert re.fullmatch(
            r"loopgenie: this needs more packages \(\w+ is missing\): pip install 'loopgenie\[import\]'\n", done.stderr
        )
    assert not (tmp_path / "new.db").exists()


def test_a_file_that_cannot_be_read_is_told_in_one_line(capsys, tmp_path, url) -> None:
    pytest.importorskip("osmium")
    broken = tmp_path / "broken.geojson"
    broken.write_text("{")
    result = run(capsys, "import", str(broken))
    assert result.code == 2
    assert result.err.startswith("loopgenie: broken.geojson")
    assert result.err.count("\n") == 1


class Terminal:
    """A stderr that says it is a terminal."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> None:
        self.text += text

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return True


def test_progress_is_a_bar_on_a_terminal_and_a_line_per_stage_elsewhere(monkeypatch, capsys) -> None:
    pytest.importorskip("tqdm")
    jobs = [("reading", 0, 2), ("reading", 2, 2), ("noding", 0, 0), ("noding", 1, 0)]
    with shown_progress() as progress:
        for job in jobs:
            progress(*job)
    assert capsys.readouterr() == ("reading\nnoding\n", "")  # stderr is for the one line of an error
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with shown_progress() as progress:
        for job in jobs:
            progress(*job)
    assert "reading" in terminal.text
    assert "0/2" in terminal.text
    assert "noding" in terminal.text
    assert terminal.text.endswith("\r")  # the bars are wiped off


# --- serve --------------------------------------------------------------------------------------------------------


def test_serve_runs_gunicorn_with_threads(monkeypatch, capsys) -> None:
    ran: list[tuple[list[str], dict[str, str]]] = []
    monkeypatch.setattr(os, "dup2", lambda *_: None)
    monkeypatch.setattr(os, "execve", lambda _path, words, environment: ran.append((words, environment)))
    assert main(["serve", "--host", "::1", "--port", "0", "--database", "sqlite:///x.db"]) == 0
    [(words, environment)] = ran
    assert words[:3] == [sys.executable, "-m", "gunicorn"]
    assert words[-1] == "loopgenie.wsgi:app"
    assert {"--bind=[::1]:0", "--worker-class=gthread", "--workers=1", "--threads=8"} <= set(words)
    assert environment["LOOPGENIE_DATABASE_URL"] == "sqlite:///x.db"
    assert environment["LOOPGENIE_PORT"] == "0"
    assert "--bind=127.0.0.1:8000" in cli._gunicorn(Settings())


def test_an_option_comes_before_a_file(monkeypatch, capsys, tmp_path) -> None:
    """`--port` wins over the variable, so it wins over the variable's file, too."""
    ran: list[dict[str, str]] = []
    monkeypatch.setattr(os, "dup2", lambda *_: None)
    monkeypatch.setattr(os, "execve", lambda _path, _words, environment: ran.append(environment))
    monkeypatch.setenv("LOOPGENIE_PORT_FILE", str(tmp_path / "none"))
    assert run(capsys, "serve").code == 2
    assert main(["serve", "--port", "0", "--database", "sqlite:///x.db"]) == 0
    assert Settings.from_environment(ran[0]).port == 0


def test_a_wrong_variable_is_named_as_such(monkeypatch, capsys) -> None:
    monkeypatch.setenv("LOOPGENIE_THREADS", "many")
    result = run(capsys, "serve")
    assert (result.code, result.err) == (
        2,
        "loopgenie: LOOPGENIE_THREADS is 'many', want a whole number from 1 to 256\n",
    )


def test_a_port_that_is_taken_is_told_in_one_line(capsys, url) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run(capsys, "serve", "--port", str(port))
    assert (result.code, result.out) == (2, "")
    assert result.err == f"loopgenie: cannot listen at 127.0.0.1:{port}: Address already in use\n"


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])  # RFC 5737: nobody has that address
def test_an_address_of_another_machine_is_told_in_one_line(capsys, url, host: str) -> None:
    result = run(capsys, "serve", "--host", host, "--port", "0")
    assert result.code == 2
    assert result.err.startswith(f"loopgenie: cannot listen at {host}:0: ")
    assert result.err.count("\n") == 1


def test_serving_a_database_of_an_unknown_kind_is_refused(monkeypatch, capsys) -> None:
    monkeypatch.setattr(os, "dup2", lambda *_: None)
    monkeypatch.setattr(os, "execve", lambda *_: pytest.fail("it was served"))
    result = run(capsys, "serve", "--port", "0", "--database", "mysql://here/trails")
    assert result.code == 2
    assert result.err.startswith("loopgenie: --database 'mysql' is no known kind of database, want sqlite:///FILE or ")
    assert result.err.count("\n") == 1


@pytest.fixture
def server(url):  # type: ignore[no-untyped-def]
    """The port of a server on that database."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "loopgenie", "serve", "--port", str(port)], cwd=ROOT, stdout=subprocess.PIPE
    )
    try:
        _when_up(f"http://127.0.0.1:{port}/healthz")
        yield port
    finally:
        process.terminate()
        said, _ = process.communicate(timeout=30)
    assert process.returncode == 0, said.decode()


def test_serve_answers(server: int) -> None:
    assert json.loads(_when_up(f"http://127.0.0.1:{server}/healthz"))["status"] == "ok"


def test_what_is_no_http_gets_a_problem_document_too(server: int) -> None:
    for request, status in (
        (b"GET /v1/places?q=" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n", 414),
        ("GET /v1/places?q=Bärental HTTP/1.1\r\n\r\n".encode(), 400),
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 99_000 + b"\r\n\r\n", 431),
        (b"GET /v1/places?q=" + b"a" * 7000 + b" HTTP/1.0\r\n\r\n", 422),  # this one gets to the app
    ):
        with socket.create_connection(("127.0.0.1", server), timeout=10) as client:
            client.sendall(request)
            head, _, body = _all_of(client).partition(b"\r\n\r\n")
        assert head.startswith((f"HTTP/1.1 {status} ".encode(), f"HTTP/1.0 {status} ".encode()))
        assert b"Content-Type: application/problem+json" in head
        document = json.loads(body)
        assert document["status"] == status
        assert {"type", "title", "detail"} <= set(document)


def _all_of(client: socket.socket) -> bytes:
    parts = []
    try:
        while part := client.recv(65536):
            parts.append(part)
    except ConnectionResetError:  # the server has not read all that was sent
        pass
    return b"".join(parts)


def _when_up(address: str) -> bytes:
    for _ in range(100):
        try:
            with urllib.request.urlopen(address, timeout=5) as response:
                return bytes(response.read())
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"{address} does not answer")
