"""Drives from real servers: Valhalla and OSRM, made from the real map of Andorra and started here.

Both come with the extra `integration` (OSRM from Python 3.12 on, or put its programs into the PATH).
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from loopgenie import create_app
from loopgenie.config import Settings
from loopgenie.drive import ByCar, Drives, reachable
from loopgenie.drive_engines import MAX_GOALS, RoadEngine
from loopgenie.geometry import LonLat, distance_m
from loopgenie.store.sqlite import SqliteStore

pytestmark = [pytest.mark.integration, pytest.mark.data]

ORDINO = LonLat(1.5335, 42.5562)
ANDORRA_LA_VELLA = LonLat(1.5212, 42.5069)
COMA_PEDROSA = LonLat(1.4442, 42.5918)  # the highest summit, two kilometres from the nearest road
TOULOUSE = LonLat(1.4442, 43.6047)  # not on the map


# --- the servers --------------------------------------------------------------------------------------------------


class Kind(NamedTuple):
    """A kind of server: its name, and how to start one with other limits than it comes with."""

    name: str
    started: Callable[..., Any]


def program(name: str, package: str) -> Path:
    spec = find_spec(package)
    inside = [Path(folder) / "bin" / name for folder in (spec and spec.submodule_search_locations) or ()]
    found = next((path for path in inside if path.is_file()), None) or shutil.which(name)
    if found is None:
        pytest.skip(f"no {name}: neither in the Python package {package} nor in the PATH")
    return Path(found).resolve()


def run(folder: Path, *words: object) -> None:
    done = subprocess.run([str(word) for word in words], cwd=folder, capture_output=True, timeout=300, check=False)
    assert done.returncode == 0, f"{words[0]}: {done.stdout[-500:]!r} {done.stderr[-500:]!r}"


@contextmanager
def serving(port: int, *words: object, cwd: Path) -> Iterator[str]:
    """A server that answers at the URL, until the end."""
    with (cwd / "server.log").open("ab") as log:
        process = subprocess.Popen([str(word) for word in words], cwd=cwd, stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}"
        for _ in range(200):
            if _answers(url):
                break
            assert process.poll() is None, f"{words[0]} ended: {(cwd / 'server.log').read_text()[-500:]}"
            time.sleep(0.05)
        yield url
    finally:
        process.kill()
        process.wait(10)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/status", timeout=5):
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return True
    except OSError:
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def andorra(trail_data: Path) -> Path:
    return trail_data / "andorra" / "andorra-latest.osm.pbf"


def _valhalla(andorra: Path, folder: Path) -> Kind:
    build, service = (program(f"valhalla_{name}", "valhalla") for name in ("build_tiles", "service"))
    config = pytest.importorskip("valhalla.config").get_config(tile_extract="", tile_dir=folder)
    for name in ("admin", "timezone"):
        config["mjolnir"].pop(name, None)
    for name in ("loki", "thor", "odin"):
        config[name]["service"]["proxy"] = f"ipc://{folder}/{name}"
    made = folder / "valhalla.json"
    made.write_text(json.dumps(config))
    run(folder, build, "-c", made, andorra)

    @contextmanager
    def started(**limits: float) -> Iterator[str]:
        port = free_port()
        config["httpd"]["service"] |= {
            "listen": f"tcp://127.0.0.1:{port}",
            **{name: f"ipc://{folder}/{name}{port}" for name in ("loopback", "interrupt")},
        }
        for name in ("loki", "thor", "odin"):
            config[name]["service"]["proxy"] = f"ipc://{folder}/{name}{port}"
        changed = config["service_limits"] | {"auto": config["service_limits"]["auto"] | limits}
        settings = folder / f"{port}.json"
        settings.write_text(json.dumps(config | {"service_limits": changed}))
        with serving(port, service, settings, 1, cwd=folder) as url:
            yield url

    return Kind("Valhalla", started)


def _osrm(andorra: Path, folder: Path) -> Kind:
    extract, contract, routed = (program(f"osrm-{name}", "osrm") for name in ("extract", "contract", "routed"))
    profiles = (extract.parent.parent / "share" / name / "car.lua" for name in ("profiles", "osrm/profiles"))
    map_file = folder / "andorra.osm.pbf"
    map_file.symlink_to(andorra)
    run(folder, extract, "-p", next(path for path in profiles if path.is_file()), map_file)
    run(folder, contract, folder / "andorra.osrm")

    @contextmanager
    def started(*options: object) -> Iterator[str]:
        port = free_port()
        words = ("-i", "127.0.0.1", "-p", port, *options, folder / "andorra.osrm")
        with serving(port, routed, *words, cwd=folder) as url:
            yield url

    return Kind("OSRM", started)


@pytest.fixture(scope="module", params=[_valhalla, _osrm], ids=["valhalla", "osrm"])
def kind(request: pytest.FixtureRequest, andorra: Path, tmp_path_factory: pytest.TempPathFactory) -> Kind:
    """A kind of server with the map of Andorra made ready."""
    made: Kind = request.param(andorra, tmp_path_factory.mktemp("roads"))
    return made


@pytest.fixture(scope="module")
def url(kind: Kind) -> Iterator[str]:
    """A server as it comes."""
    with kind.started() as url:
        yield url


@pytest.fixture
def engine(url: str) -> RoadEngine:
    return RoadEngine(url, timeout_s=20)


def ask(engine: RoadEngine, goals: list[LonLat], origin: LonLat = ORDINO) -> Drives:
    return engine.drives(origin, goals, patience_s=20)


# --- what they tell -----------------------------------------------------------------------------------------------


def test_the_server_is_known_by_itself_and_tells_the_drive(engine: RoadEngine, kind: Kind) -> None:
    told = ask(engine, [ANDORRA_LA_VELLA])
    assert told.method == f"by road ({kind.name})"
    assert told.lasting
    [drive] = told.found
    # down the valley on the CG3: 5.6 km in a straight line, about 9 km by road, at 25 to 70 km/h
    assert drive is not None
    assert 7_000 < drive.length_m < 11_000
    assert 25 / 3.6 < drive.length_m / drive.time_s < 70 / 3.6


def test_a_summit_is_not_reached_by_car(engine: RoadEngine) -> None:
    summit, town = ask(engine, [COMA_PEDROSA, ANDORRA_LA_VELLA]).found
    assert summit is None
    assert town is not None


def test_beyond_the_map_drives_are_estimated(engine: RoadEngine) -> None:
    told = ask(engine, [LonLat(1.45, 43.61)], origin=TOULOUSE)
    assert told.method == "estimate: straight line x 1.3 (the drive engine knows no road here)"
    assert not told.lasting


def test_no_road_beats_the_bound(engine: RoadEngine, store: SqliteStore) -> None:
    within = reachable(ORDINO, 100_000, None, store, by_car=ByCar(engine, patience_s=20))
    assert len(within) > 200
    for trailhead, drive, _ in within:
        line_m = distance_m(ORDINO, (trailhead.lon, trailhead.lat))
        # both ends may be moved to a road; the import has moved none by more than 250 m
        assert drive.length_m > line_m - 2 * 250
        assert line_m - 2 * 250 < engine.farthest_m(None, drive.time_s)


def test_a_call_may_have_as_many_goals_as_we_ask_for(url: str) -> None:
    goals = [LonLat(1.46 + i % 100 / 1000, 42.45 + i // 100 / 100) for i in range(MAX_GOALS)]
    engine = RoadEngine(url, timeout_s=60)
    told = engine.drives(ORDINO, goals, patience_s=60)
    assert told.method.startswith("by road")
    assert sum(drive is not None for drive in told.found) > 100


# --- when they do not ---------------------------------------------------------------------------------------------


def test_too_many_goals_for_its_settings(kind: Kind) -> None:
    limits: Any = {"Valhalla": ((), {"max_matrix_location_pairs": 8}), "OSRM": (("--max-table-size", 3), {})}
    # Valhalla counts 9 pairs; OSRM 10, as it tells the way to the origin, too, and takes the square of 3
    words, options = limits[kind.name]
    with kind.started(*words, **options) as url:
        engine = RoadEngine(url, timeout_s=20)
        told = ask(engine, [LonLat(1.52 + i / 1000, 42.5) for i in range(9)])
        assert "the drive engine does not take 9 trailheads at once: raise" in told.method
        assert ask(engine, [ANDORRA_LA_VELLA]).lasting, "a smaller question is answered"


@pytest.mark.parametrize("kind", [_valhalla], indirect=True, ids=["valhalla"])  # OSRM has no such limit
def test_farther_than_its_settings_let_it(kind: Kind) -> None:
    with kind.started(max_matrix_distance=1000.0) as url:
        told = ask(RoadEngine(url, timeout_s=20), [ANDORRA_LA_VELLA])
    assert "raise service_limits.auto.max_matrix_distance of Valhalla" in told.method


def test_a_server_that_is_gone(kind: Kind) -> None:
    with kind.started() as url:
        engine = RoadEngine(url, timeout_s=20)
        first = ask(engine, [ANDORRA_LA_VELLA])
    assert ask(engine, [ANDORRA_LA_VELLA]) == first, "it is known"
    told = ask(engine, [ANDORRA_LA_VELLA], origin=LonLat(1.6, 42.57))
    assert told.method == "estimate: straight line x 1.3 (the drive engine did not answer)"


# --- a whole trip -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def store(andorra: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteStore]:
    pytest.importorskip("osmium", reason="needs the extra `import`")
    from loopgenie.importing.files import import_files

    store = SqliteStore(str(tmp_path_factory.mktemp("andorra") / "andorra.db"))
    import_files([andorra], store, elevation=[], region=None)
    yield store
    store.close()


def test_a_trip_starts_where_a_car_gets_to(url: str, kind: Kind, store: SqliteStore) -> None:
    client = create_app(Settings(drive_engine_url=url, drive_timeout_s=20), store).test_client()
    asked = {
        "location": {"lat": ORDINO.lat, "lon": ORDINO.lon},
        "drive_minutes": 20,
        "hike_km": 12,
        "alternatives": 3,
        "time_limit_s": 3,
    }
    answer = client.post("/v1/trips", json=asked)
    assert answer.status_code == 200, answer.text
    for loop in answer.json["features"]:
        trailhead = loop["properties"]["trailhead"]
        assert trailhead["drive_method"] == f"by road ({kind.name})"
        assert trailhead["drive_minutes"] <= 20
        line_km = distance_m(ORDINO, (trailhead["lon"], trailhead["lat"])) / 1000
        assert trailhead["drive_km"] > line_km - 0.5
