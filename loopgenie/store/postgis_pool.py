"""Connections to a PostgreSQL server, shared by the threads of a process: few, checked, replaced when they are lost."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import psycopg2
from psycopg2.extensions import parse_dsn

from loopgenie.errors import DatabaseFault, InvalidParameters

Answer = TypeVar("Answer")
Connection = Any  # psycopg2 has no types
Cursor = Any

WANTED = "postgresql://USER:PASSWORD@HOST:PORT/DATABASE"

#: A server that does not answer for so long (s) when it is called is not there.
CONNECT_TIMEOUT_S = 5

#: A transaction in which nothing happens for so long (s) is ended by the server: its client hangs.
IDLE_IN_TRANSACTION_S = 300

# Compiling a query takes longer than any of ours that is answered from an index.
_SET_UP = """
    SELECT set_config('statement_timeout', %s, false), set_config('idle_in_transaction_session_timeout', %s, false),
           set_config('jit', 'off', false)"""


class Pool:
    """At most `most` connections for reading, and one more for each transaction that writes.

    Parameters
    ----------
    url : the server and the database, as libpq reads it.
    timeout_s : how long a query may take, and how long a thread waits for a connection.

    Raises
    ------
    InvalidParameters : the URL cannot be read.
    """

    def __init__(self, url: str, *, most: int, timeout_s: float) -> None:
        try:
            given = parse_dsn(url)
        except psycopg2.Error:  # its message may hold parts of the password
            raise InvalidParameters({"database": f"the URL cannot be read, want {WANTED}"}) from None
        defaults = {"connect_timeout": CONNECT_TIMEOUT_S, "application_name": "loopgenie", "client_encoding": "utf8"}
        self._arguments = {**defaults, **given}
        self._most = most
        self._timeout_s = timeout_s
        self._start()

    def _start(self) -> None:
        self._process = os.getpid()
        self._turns = threading.BoundedSemaphore(self._most)
        self._preparing = threading.Lock()
        self._idle: list[Connection] = []

    @property
    def where(self) -> str:
        """The database without any secret: "loopgenie at db.example:5432"."""
        told = self._arguments
        host, port = told.get("host", "this machine"), told.get("port")
        return f"{told.get('dbname', told.get('user', '?'))} at {host}" + (f":{port}" if port else "")

    # -- use ---------------------------------------------------------------------------------------------------

    def rows(self, sql: str, values: object = None) -> list[tuple[Any, ...]]:
        """What a query finds. When its connection turns out to be lost it is asked again, once, on a new one."""

        def ask(cursor: Cursor) -> list[tuple[Any, ...]]:
            cursor.execute(sql, values)
            found: list[tuple[Any, ...]] = cursor.fetchall()
            return found

        with self._turn():
            connection = self._taken()
            try:
                return self._used(connection, ask)
            except psycopg2.Error as error:
                if not _is_lost(connection, error):
                    raise self._fault(error) from error
            self._forget_idle()  # the server was restarted, or its network gone: the others are lost, too
            connection = self._opened()
            try:
                return self._used(connection, ask)
            except psycopg2.Error as error:
                raise self._fault(error) from error

    @contextmanager
    def preparing(self) -> Iterator[None]:
        """One thread at a time; the others wait, but not longer than for anything else."""
        self._notice_fork()
        lock = self._preparing
        if not lock.acquire(timeout=self._timeout_s):
            raise DatabaseFault(f"the trail database {self.where} does not answer yet, or its tables are being made")
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def writing_shortly(self, lock_wait_ms: int) -> Iterator[Cursor]:
        """A short transaction on one of the connections, which gives up when it has to wait for others."""
        with self._turn(), self._told():
            connection = self._taken()
            try:
                with connection.cursor() as cursor:
                    cursor.execute("BEGIN")
                    cursor.execute("SELECT set_config('lock_timeout', %s, true)", (str(lock_wait_ms),))
                    yield cursor
                    cursor.execute("COMMIT")
            except BaseException:
                connection.close()
                raise
            self._idle.append(connection)

    @contextmanager
    def writing(self) -> Iterator[Cursor]:
        """A transaction that may last, on a connection of its own: all that is done inside, or nothing of it."""
        self._notice_fork()
        connection = self._opened(statement_timeout_s=0)
        try:
            connection.autocommit = False
            with self._told(), connection.cursor() as cursor:
                yield cursor
                connection.commit()
        finally:
            connection.close()  # which takes back what is not committed

    def close(self) -> None:
        """Close the connections that nobody uses; the next use opens new ones."""
        self._notice_fork()
        self._forget_idle()

    # -- connections -------------------------------------------------------------------------------------------

    @contextmanager
    def _turn(self) -> Iterator[None]:
        self._notice_fork()
        turns = self._turns
        if not turns.acquire(timeout=self._timeout_s):
            raise DatabaseFault(
                f"the trail database {self.where} does not answer: all {self._most} connections were busy for "
                f"{self._timeout_s:g} s"
            )
        try:
            yield
        finally:
            turns.release()

    def _taken(self) -> Connection:
        with suppress(IndexError):
            return self._idle.pop()
        return self._opened()

    def _used(self, connection: Connection, work: Callable[[Cursor], Answer]) -> Answer:
        """Do it, and keep the connection for others unless it is lost or in the middle of something."""
        try:
            with connection.cursor() as cursor:
                answer = work(cursor)
        except BaseException as error:
            if isinstance(error, psycopg2.Error) and not _is_lost(connection, error):
                self._idle.append(connection)
            else:
                connection.close()
            raise
        self._idle.append(connection)
        return answer

    def _opened(self, statement_timeout_s: float | None = None) -> Connection:
        timeout_s = self._timeout_s if statement_timeout_s is None else statement_timeout_s
        with self._told():
            connection = psycopg2.connect(**self._arguments)
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(_SET_UP, (f"{round(timeout_s * 1000)}ms", f"{IDLE_IN_TRANSACTION_S}s"))
        return connection

    def _forget_idle(self) -> None:
        while self._idle:
            with suppress(IndexError):
                self._idle.pop().close()

    def _notice_fork(self) -> None:
        """A child leaves its parent's connections alone: what it says on them would be heard as the parent's."""
        if self._process != os.getpid():
            _PARENTS.append(self._idle)  # not even dropped, lest they are closed
            self._start()

    # -- errors ------------------------------------------------------------------------------------------------

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except psycopg2.Error as error:
            raise self._fault(error) from error

    def _fault(self, error: psycopg2.Error) -> DatabaseFault:
        what = (str(error).strip() or type(error).__name__).splitlines()[0]
        if "statement timeout" in what:
            what += f" of {self._timeout_s:g} s"
        for secret in ("password", "sslpassword"):
            if self._arguments.get(secret):
                what = what.replace(self._arguments[secret], "***")
        return DatabaseFault(f"the trail database {self.where} does not answer: {what}")


def _is_lost(connection: Connection, error: psycopg2.Error) -> bool:
    """Whether a connection is of no use any more: closed, or the error is not one that the server has told."""
    return bool(connection.closed) or error.pgcode is None


#: Connections that this process inherited by a fork and must not touch.
_PARENTS: list[list[Connection]] = []
