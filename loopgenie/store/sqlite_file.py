"""An SQLite file that several threads and processes share: one connection per thread, migrations, read-only files."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from loopgenie.errors import DatabaseFault
from loopgenie.store.sqlite_import import index_old_names

#: Says in the file's header that it is ours ("LoGe"); set by the first migration.
APPLICATION_ID = 1282361189

#: The migration after which the program fills a new table from old ones, which SQL alone cannot.
_NAMES_ARE_INDEXED = 3

#: A reader or writer waits this long (s) for another one's lock.
LOCK_WAIT_S = 10.0


@dataclass
class Connection:
    """One thread's connection to `file`, which tells whether it is still the file at the path."""

    sqlite: sqlite3.Connection
    writable: bool
    file: tuple[int, ...]


class SqliteFile:
    """The file at `path`, which need not exist: reading does not create it, the first writing does."""

    def __init__(self, path: str) -> None:
        self.path = Path(path).expanduser().absolute()
        self._start()

    def _start(self) -> None:
        self._process = os.getpid()
        self._mine = threading.local()
        self._opened: dict[threading.Thread, Connection] = {}
        self._lock = threading.Lock()

    # -- use ---------------------------------------------------------------------------------------------------

    def rows(self, sql: str, values: Sequence[object] | Mapping[str, object] = ()) -> list[tuple[Any, ...]]:
        """What a query finds; nothing where there is no data yet."""
        connection = self.connection()
        if connection is None:
            return []
        with self._told():
            return connection.sqlite.execute(sql, values).fetchall()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction, after making the file, its folder and its tables where they are missing."""
        connection = self._writer()
        with self._told(), transaction(connection.sqlite):
            yield connection.sqlite

    def tidy(self) -> None:
        """Bring everything into the main file, so that it can be copied or packed by itself."""
        connection = self._writer()
        with self._told():
            connection.sqlite.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Close the connections of all threads; the next use opens new ones."""
        with self._lock:
            for connection in self._opened.values():
                connection.sqlite.close()
            self._opened.clear()
            self._mine = threading.local()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise DatabaseFault(f"the trail database {self.path} does not answer: {error}") from error

    # -- connections -------------------------------------------------------------------------------------------

    def connection(self) -> Connection | None:
        """This thread's connection to the file that is at the path now; None where there is no data yet."""
        if self._process != os.getpid():
            self._start_anew_after_fork()
        mine: Connection | None = getattr(self._mine, "connection", None)
        file = self._file()
        if mine is not None and mine.file == (file[:2] if mine.writable else file):
            return mine
        if mine is not None:
            self._forget(mine)
        if not file or file[2] == 0:
            return None
        with self._told():
            return self._remember(self._open_for_reading(file))

    def _file(self) -> tuple[int, ...]:
        """What tells one file at the path from another: device, inode, size, time; empty where there is none."""
        try:
            stat = self.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return ()
        except OSError as error:
            raise DatabaseFault(f"the trail database {self.path} cannot be read: {error.strerror}") from error
        return (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns)

    def _open_for_reading(self, file: tuple[int, ...]) -> Connection:
        if os.access(self.path, os.W_OK) and os.access(self.path.parent, os.W_OK):
            connection = Connection(self._open("mode=rw"), True, file[:2])
            _migrate(connection.sqlite)
            return connection
        try:
            sqlite = self._open("mode=ro")
        except DatabaseFault:  # a write-ahead log cannot be set up in a folder that cannot be written
            sqlite = self._open("mode=ro&immutable=1")
        if _version(sqlite) < newest():
            sqlite.close()
            raise DatabaseFault(f"the trail database {self.path} was made by an older LoopGenie: import again")
        return Connection(sqlite, False, file)

    def _writer(self) -> Connection:
        connection = self.connection()
        if connection is not None and not connection.writable:
            raise DatabaseFault(f"the trail database {self.path} cannot be written")
        if connection is not None:
            return connection
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DatabaseFault(f"no folder for the trail database {self.path}: {error.strerror}") from error
        with self._told():
            sqlite = self._open("mode=rwc")
            sqlite.execute("PRAGMA journal_mode = WAL").fetchall()  # stays what it was where that is not possible
            _migrate(sqlite)
        return self._remember(Connection(sqlite, True, self._file()[:2]))

    def _open(self, mode: str) -> sqlite3.Connection:
        with self._told():
            # Other threads never use it; they may close it.
            sqlite = sqlite3.connect(
                f"{self.path.as_uri()}?{mode}",
                uri=True,
                timeout=LOCK_WAIT_S,
                isolation_level=None,
                check_same_thread=False,
            )
        try:
            with self._told():
                self._check(sqlite)
                sqlite.execute("PRAGMA synchronous = NORMAL")
                sqlite.execute("PRAGMA cache_size = -32000")  # kB
        except DatabaseFault:
            sqlite.close()
            raise
        return sqlite

    def _check(self, sqlite: sqlite3.Connection) -> None:
        """Raises `DatabaseFault` where the file is something else, or newer than this program."""
        [(tables,)] = sqlite.execute("SELECT count(*) FROM sqlite_schema")
        [(owner,)] = sqlite.execute("PRAGMA application_id")
        if tables and owner != APPLICATION_ID:
            raise DatabaseFault(f"{self.path} is an SQLite database of something else, not of LoopGenie")
        if _version(sqlite) > newest():
            raise DatabaseFault(
                f"the trail database {self.path} has schema {_version(sqlite)}, "
                f"this LoopGenie knows {newest()}: update LoopGenie"
            )

    def _remember(self, connection: Connection) -> Connection:
        with self._lock:
            for thread in [t for t in self._opened if not t.is_alive()]:
                self._opened.pop(thread).sqlite.close()
            self._opened[threading.current_thread()] = connection
        self._mine.connection = connection
        return connection

    def _forget(self, connection: Connection) -> None:
        with self._lock:
            self._opened.pop(threading.current_thread(), None)
            self._mine.connection = None
        connection.sqlite.close()

    def _start_anew_after_fork(self) -> None:
        """Leave the parent's connections alone: https://www.sqlite.org/howtocorrupt.html section 2.6."""
        _PARENTS.extend((self._opened, self._mine))  # not even closed, which dropping them would do
        self._start()


#: Connections that this process inherited by a fork and must not touch.
_PARENTS: list[object] = []


@contextmanager
def transaction(sqlite: sqlite3.Connection) -> Iterator[None]:
    """All that is done inside, or nothing of it."""
    sqlite.execute("BEGIN IMMEDIATE")
    try:
        yield
        sqlite.execute("COMMIT")
    except BaseException:
        if sqlite.in_transaction:
            sqlite.execute("ROLLBACK")
        raise


def migrations() -> list[tuple[int, str]]:
    """The numbered migrations in order: (number, SQL). Each sets `user_version` to its number."""
    folder = resources.files("loopgenie.store") / "migrations" / "sqlite"
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".sql"))
    return [(int(name[:4]), (folder / name).read_text("utf-8")) for name in names]


@cache
def newest() -> int:
    """The number of the last migration."""
    return max(number for number, _ in migrations())


def _version(sqlite: sqlite3.Connection) -> int:
    [(version,)] = sqlite.execute("PRAGMA user_version")
    return int(version)


def _migrate(sqlite: sqlite3.Connection) -> None:
    """Apply the migrations that are missing, each in its own transaction."""
    if _version(sqlite) == newest():
        return
    for number, script in migrations():
        with transaction(sqlite):
            if _version(sqlite) < number:  # asked inside: another process may have been faster
                for statement in _statements(script):
                    sqlite.execute(statement)
                if number == _NAMES_ARE_INDEXED:
                    index_old_names(sqlite)


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
