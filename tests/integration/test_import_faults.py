"""An import that is killed, runs out of room or loses its server leaves the old data whole, and the next one works."""

import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from postgres_server import Server
from test_store_conformance import TOWNS, WORLD, drawn_region

from loopgenie.errors import DatabaseFault
from loopgenie.store import Region, Segment, SegmentCore, Stretch, Town, TrailStore, open_store
from loopgenie.ways import WayKind

ROOT = Path(__file__).parents[2]
FOLDERS = [str(ROOT), str(ROOT / "tests" / "unit"), str(ROOT / "tests" / "integration")]

#: A server that may write no longer files (bytes): more than one of its log, less than the lines of `long_region`.
ROOM = 17_000_000


class Interrupted(Sequence[Segment]):
    """Segments among which, when 8,000 have been looked at, something happens once."""

    def __init__(self, segments: Sequence[Segment], event: Callable[[], object]) -> None:
        self._segments, self._event, self.happened = segments, event, False

    def __len__(self) -> int:
        return len(self._segments)

    def __getitem__(self, index: object) -> Any:
        raise NotImplementedError

    def __iter__(self) -> Iterator[Segment]:
        for position, segment in enumerate(self._segments):
            if position == 8_000:
                self.happened = True
                self._event()
            yield segment


def long_region(count: int = 12_000, vertices: int = 2) -> Region:
    """Segments between two junctions, in the place of the drawn region; with 120 vertices each takes 2 kB."""
    core = SegmentCore(0, 0, 1, 80.0, 80.0, None, None, 0.0, None)
    segments = []
    for i in range(count):
        line = tuple((1.5 + k * 1e-6, 42.5 + i * 1e-6 + (k * 7919 % 101) * 1e-7, None) for k in range(vertices))
        segments.append(Segment(core._replace(id=i), line, (Stretch(80.0, WayKind.PATH),)))
    return replace(drawn_region(), segments=segments)


def interrupted(event: Callable[[], object], **size: int) -> Region:
    region = long_region(**size)
    return replace(region, segments=Interrupted(region.segments, event))


def all_of(store: TrailStore) -> tuple[object, ...]:
    """Whatever a store can tell."""
    return (
        store.snapshot(),
        store.segments_in(WORLD, 99),
        store.trailheads_in(WORLD),
        store.points_in(WORLD, ["village", "peak", "hut"], 99),
        store.left_out_in(WORLD, 99),
        store.find_places("loria", 9),
        store.similar_names("lorya", 9),
        store.find_towns("boulder", 9),
        store.gazetteer(),
        store.kept_answer("key"),
    )


@dataclass
class Home:
    """A store with the drawn region, a gazetteer and an answer in it, at a URL; `before` is all that it tells."""

    url: str
    store: TrailStore
    before: tuple[object, ...]

    def is_as_before_and_works(self) -> None:
        assert all_of(self.store) == self.before
        again = open_store(self.url)
        assert all_of(again) == self.before
        again.replace_region(long_region(9_000))
        assert len(again.cores_in(WORLD)) == 9_000
        again.close()
        assert len(self.store.cores_in(WORLD)) == 9_000
        assert self.store.snapshot() != self.before[0]


@pytest.fixture(params=["sqlite", "postgis"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Home]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'trails.db'}"
    else:
        url = request.getfixturevalue("empty_database")()
    store = open_store(url)
    store.replace_gazetteer("towns", TOWNS)
    store.replace_region(drawn_region())
    store.keep_answer("key", b"1")
    yield Home(url, store, all_of(store))
    store.close()


CHILD = """
import os, sys
sys.path[:0] = sys.argv[2:]
from test_import_faults import *
"""

KILLED = """
def die():
    print("killed", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

open_store(sys.argv[1]).replace_region(interrupted(die))
"""

FULL = """
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
try:
    open_store(sys.argv[1]).replace_region(long_region())
except DatabaseFault as fault:
    print(fault.detail)
"""


def in_a_child(code: str, url: str) -> subprocess.CompletedProcess[str]:
    arguments = [sys.executable, "-c", CHILD + code, url, *FOLDERS]
    return subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=120)


def test_an_import_that_is_killed(home: Home) -> None:
    died = in_a_child(KILLED, home.url)
    assert (died.returncode, died.stdout) == (-signal.SIGKILL, "killed\n"), died.stderr
    home.is_as_before_and_works()


@pytest.mark.parametrize("home", ["sqlite"], indirect=True)
def test_a_file_that_has_no_more_room(home: Home) -> None:
    told = in_a_child(FULL, home.url)
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith(f"the trail database {home.url.removeprefix('sqlite:///')} does not answer: "), told
    assert told.stdout.count("\n") == 1
    home.is_as_before_and_works()


@contextmanager
def little_room(server: Server) -> Iterator[None]:
    """Whoever connects to the server now cannot make a file longer than `ROOM`: PostgreSQL takes it for a full disk."""
    server.limit_files(ROOM)
    try:
        yield
    finally:
        server.limit_files(resource.RLIM_INFINITY)


@pytest.mark.parametrize("home", ["postgis"], indirect=True)
def test_a_server_that_has_no_more_room(home: Home, server: Server) -> None:
    region = long_region(vertices=120)
    with little_room(server), pytest.raises(DatabaseFault, match="could not extend file") as told:
        home.store.replace_region(region)
    assert "\n" not in told.value.detail
    home.is_as_before_and_works()


@pytest.mark.parametrize("home", ["postgis"], indirect=True)
def test_an_import_that_loses_its_connection(home: Home, server: Server) -> None:
    database = home.url.partition("@/")[2].partition("?")[0]
    ended = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"
    region = interrupted(lambda: server.do("postgres", ended))
    with pytest.raises(DatabaseFault, match=r"terminating connection|closed the connection") as told:
        home.store.replace_region(region)
    assert "\n" not in told.value.detail
    home.is_as_before_and_works()


@pytest.mark.parametrize("home", ["postgis"], indirect=True)
def test_an_import_whose_server_crashes(home: Home, server: Server) -> None:
    region = interrupted(lambda: server.stop(signal.SIGQUIT))  # at once, as after a power cut; its log repairs it
    try:
        with pytest.raises(DatabaseFault, match="does not answer"):
            home.store.replace_region(region)
    finally:
        server.start()
    home.is_as_before_and_works()


def test_readers_see_the_old_data_until_all_of_the_new_is_there(home: Home) -> None:
    reader = open_store(home.url)
    seen: list[tuple[object, ...]] = []

    def look() -> None:
        seen.append(all_of(reader))

    region = interrupted(look)
    home.store.replace_region(region)
    assert seen == [home.before]
    assert len(reader.cores_in(WORLD)) == 12_000
    assert reader.kept_answer("key") is None
    reader.close()


def test_readers_see_the_old_gazetteer_until_all_of_the_new_is_there(home: Home) -> None:
    reader = open_store(home.url)
    seen: list[tuple[object, ...]] = []

    def towns() -> Iterator[Town]:
        for i in range(9_000):
            yield TOWNS[0]._replace(name=f"Boulder {i}")
        seen.append(all_of(reader))

    home.store.replace_gazetteer("new", towns())
    assert seen == [home.before]
    assert reader.gazetteer() == "new"
    reader.close()


def test_imports_at_the_same_time_come_one_after_the_other(home: Home) -> None:
    code = "open_store(sys.argv[1]).replace_region(replace(long_region(3_000), name=sys.argv[-1]))"
    command = [sys.executable, "-c", CHILD + code, home.url, *FOLDERS]
    started = [subprocess.Popen([*command, name]) for name in ("one", "two", "two")]
    for process in started:
        assert process.wait(timeout=120) == 0
    assert {info.name: info.segments for info in home.store.snapshot().regions} == {
        "Ordino": 4,
        "one": 3_000,
        "two": 3_000,
    }
    assert len(home.store.cores_in(WORLD)) == 6_004
