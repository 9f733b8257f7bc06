"""A stand-in in a process of its own: what it does takes no time from whoever measures it, and it never outlives them.

The other process hears through a pipe what to do, and when the pipe closes, for whatever reason, it puts everything
away: the maker may end by itself, by Ctrl-C or by force.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

from deploy.command import Failed, WrongUse, last_line

Say = Callable[[str], None]
#: Makes the stand-in, as long as the block lasts: gets a way to say what it does, and its own arguments.
Make = Callable[..., AbstractContextManager[Any]]
_END_S = 120.0


class Apart:
    """The stand-in, seen from here.

    Parameters
    ----------
    log : where the other process writes what it has to say beyond `say`.
    """

    def __init__(self, process: SpawnProcess, pipe: Connection, *, log: Path, say: Say) -> None:
        self._process, self._pipe, self._log, self._say = process, pipe, log, say
        self._lock = threading.Lock()

    def wait(self) -> float:
        """Wait until it is made; returns the seconds that took, raises what the making raised."""
        with self._lock:
            return float(self._answer())

    def ask(self, method: str, *arguments: Any) -> Any:
        """Call a method of the stand-in; what goes there and back is pickled.

        Raises
        ------
        WrongUse, Failed : as the method has it, or it is not there any more.
        """
        with self._lock:
            try:
                self._pipe.send((method, arguments))
            except OSError:
                raise self._gone() from None
            return self._answer()

    def _answer(self) -> Any:
        while True:
            try:
                kind, value = self._pipe.recv()
            except (EOFError, OSError):
                raise self._gone() from None
            if kind == "said":
                self._say(value)
            elif kind == "failed":
                raise value
            else:
                return value

    def _gone(self) -> Failed:
        said = self._log.read_text("utf-8", "replace") if self._log.exists() else ""
        return Failed(f"a stand-in has ended by itself: {last_line(said) or f'nothing in {self._log}'}")


@contextmanager
def apart(make: Make, *arguments: Any, log: Path, say: Say) -> Iterator[Apart]:
    """Have a stand-in made in another process, as long as the block lasts; `wait` for it before asking for anything.

    Parameters
    ----------
    make : a function of a module; `make(say, *arguments)` is entered there and left at the end.

    Raises
    ------
    Failed : it could not put everything away.
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_live, args=(there, make, arguments, log))
    process.start()
    there.close()
    try:
        yield Apart(process, here, log=log, say=say)
    finally:
        here.close()
        process.join(_END_S)
        if process.is_alive():
            process.kill()
            process.join()
    if process.exitcode:
        raise Failed(
            f"a stand-in did not end well: {last_line(log.read_text('utf-8', 'replace'))} (all of it in {log})"
        )


# --- in the other process -----------------------------------------------------------------------------------------


class _Orders:
    """What is to be done next. When nobody is there any more, what is being done is interrupted."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._come: queue.SimpleQueue[tuple[str, tuple[Any, ...]] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._busy = True
        threading.Thread(target=self._listen, daemon=True).start()

    def next(self) -> tuple[str, tuple[Any, ...]] | None:
        """The next one; None when there will be none."""
        with self._lock:
            self._busy = False
        order = self._come.get()
        with self._lock:
            self._busy = order is not None
        return order

    def idle(self) -> None:
        """From now on nothing is interrupted."""
        with self._lock:
            self._busy = False

    def _listen(self) -> None:
        try:
            while True:
                self._come.put(self._pipe.recv())
        except (EOFError, OSError):
            self._come.put(None)
            with self._lock:
                if self._busy:
                    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


def _live(pipe: Connection, make: Make, arguments: tuple[Any, ...], log: Path) -> None:
    """Make it, do as told, and put it away."""
    os.setsid()  # a Ctrl-C is not for us and our commands: we are told by the pipe
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with log.open("ab") as out:
        for stream in (1, 2):
            os.dup2(out.fileno(), stream)
    orders, began = _Orders(pipe), time.monotonic()
    try:
        with make(lambda text: _tell(pipe, "said", text), *arguments) as made:
            _tell(pipe, "done", time.monotonic() - began)
            while order := orders.next():
                _obey(pipe, made, *order)
            orders.idle()
    except KeyboardInterrupt:
        pass
    except Exception as error:
        orders.idle()
        _tell(pipe, "failed", _plain(error))
        raise SystemExit(1) from None


def _obey(pipe: Connection, made: Any, method: str, arguments: tuple[Any, ...]) -> None:
    try:
        _tell(pipe, "done", getattr(made, method)(*arguments))
    except Exception as error:
        _tell(pipe, "failed", _plain(error))


def _plain(error: Exception) -> Exception:
    """What may be told as it is; of all else where to read it."""
    if isinstance(error, WrongUse | Failed):
        return error
    traceback.print_exc()
    return Failed(f"{type(error).__name__}: {error}")


def _tell(pipe: Connection, kind: str, value: Any) -> None:
    """Say it, if somebody is there."""
    with suppress(OSError):
        pipe.send((kind, value))
