"""A connection to a SQLite store's file, for one thread at a time, that no fork carries along."""

import os
import sqlite3
from _thread import RLock, get_ident  # gevent replaces those of `threading`; ours must hold between threads
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import TypeVar
from weakref import WeakSet

from reqtrace.exceptions import StoreUnavailable
from reqtrace.execution.places import native
from reqtrace.stores.sqlite_file import create, identity_of, is_busy, open_file, translated

Result = TypeVar("Result")

FORK_SECONDS = 0.02
"""How long a fork waits for a statement that runs, and which it interrupts; it may be in the middle of a request."""
_PAUSES = (0.002, 0.005, 0.01, 0.02, 0.05)
"""How long to stay away from a file that others are writing to, time after time."""


class Link:
    """A connection to a store's file for one thread at a time, opened when needed: ``link.do(work)``.

    A connection must not cross a fork: in the child SQLite believes in locks that only the parent holds, also for
    connections that the child opens afterwards. So links are closed before a fork, and opened again when needed.
    https://www.sqlite.org/howtocorrupt.html#_carrying_an_open_database_connection_across_a_fork_
    A fork must not wait either. So nobody waits for another process's transaction while he has the lock, which SQLite
    would do by itself, and a statement that runs is interrupted and done once more after the fork. Where even that
    takes too long, as a disk may, the fork goes on, and the child does without the store.

    A file deleted beneath a connection takes writes as before, and they are lost. So what the name stands for is
    compared with what is open at each use, which costs a microsecond.

    Entering raises `FileNotFoundError` when there is no file and the link does not write. When the block fails, the
    connection is closed, which rolls back, and errors of SQLite leave as `StoreUnavailable` or `StoreError`.
    """

    def __init__(self, path: Path, *, writes: bool) -> None:
        """Keep the path; open nothing."""
        self.path = path
        self.writes = writes
        self.lock = RLock()
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._pid = os.getpid()
        self._is_barred = False
        """Whether the parent was in the middle of a statement when it forked."""

    def do(self, work: Callable[[sqlite3.Connection], Result], patience_seconds: float) -> Result:
        """Return what `work` makes of the connection; while others keep the file busy, try again for so long.

        Whatever `work` wrote before it was refused is rolled back, so that it may be called again.
        """
        until = monotonic() + patience_seconds
        tries = 0
        while True:
            try:
                with self as connection:
                    return work(connection)
            except StoreUnavailable as error:
                if not is_busy(error) or monotonic() >= until:
                    raise
            _pause(_PAUSES[min(tries, len(_PAUSES) - 1)])
            tries += 1

    def __enter__(self) -> sqlite3.Connection:
        """Take the lock and return a connection to what the path names now."""
        if self._pid != os.getpid():
            self.forget()
        with _turnstile:  # closed while a fork waits for its turn
            pass
        self.lock.acquire()
        try:
            if self._is_barred:
                raise StoreUnavailable(
                    f"{self.path} cannot be used by this process, which was forked while its parent was writing there."
                )
            return self._current()
        except BaseException as error:
            self._leave(error)
            raise

    def __exit__(
        self, type_: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Let go of the lock, and of the connection after an error."""
        self._leave(error)

    def close(self) -> None:
        """Close the connection; the next use opens another."""
        if self._pid != os.getpid():
            self.forget()
        with self.lock:
            self._close()

    @property
    def is_open(self) -> bool:
        """Whether there is a connection."""
        return self._connection is not None

    def interrupt(self) -> None:
        """Have the statement that runs broken off, whichever thread it is of."""
        connection = self._connection
        if connection is not None:
            with suppress(sqlite3.Error):  # it has just been closed
                connection.interrupt()

    def forget(self, *, is_barred: bool = False) -> None:
        """Start anew in a forked child, leaving the parent's connection alone; `is_barred`: never, as it was in use."""
        self._is_barred = is_barred
        if self._connection is not None:
            _inherited.append(self._connection)
        self._connection = None
        self._pid = os.getpid()
        self.lock = RLock()

    def _current(self) -> sqlite3.Connection:
        file = identity_of(self.path)
        if self._connection is not None and file == self._file:
            return self._connection
        self._close()
        if file is None:
            if not self.writes:
                raise FileNotFoundError(self.path)
            create(self.path)
            file = identity_of(self.path)
        _watch_forks()
        _links.add(self)
        self._connection = open_file(self.path, writes=self.writes)
        self._file = file  # as it was before opening: of a replacement in between, the next use takes note
        return self._connection

    def _leave(self, error: BaseException | None) -> None:
        try:
            connection = self._connection
            if error is not None and (connection is None or connection.in_transaction or not is_busy(error)):
                self._close()
        finally:
            self.lock.release()
        if isinstance(error, sqlite3.Error):
            raise translated(error, self.path) from error

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


_links: WeakSet[Link] = WeakSet()
"""All that were ever opened."""
_held: dict[int, list[Link]] = {}
"""Those whose lock a thread that is forking just now has taken, by the thread."""
_inherited: list[sqlite3.Connection] = []
"""Connections of the parent's that came along with a fork nobody announced; to finalize one would close it."""
_turnstile = RLock()
"""Whoever wants to use a link goes through here, lest a fork wait for the last of many."""
_pausing = native("_thread", "allocate_lock")()
_pausing.acquire()


def _pause(seconds: float) -> None:
    _pausing.acquire(True, seconds)  # not `time.sleep`, which under gevent would let others run on this thread


@cache
def _watch_forks() -> None:
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork_in_child)


def _before_fork() -> None:
    until = monotonic() + FORK_SECONDS
    held = _held[get_ident()] = []
    _turnstile.acquire(timeout=FORK_SECONDS)
    for link in list(_links):
        while not (is_held := link.lock.acquire(timeout=FORK_SECONDS / 8)) and monotonic() < until:
            link.interrupt()
        if is_held:
            held.append(link)
            link.close()


def _after_fork() -> None:
    for link in _held.pop(get_ident(), ()):
        link.lock.release()
    with suppress(RuntimeError):  # it was not got
        _turnstile.release()


def _after_fork_in_child() -> None:
    global _turnstile
    _turnstile = RLock()
    held = _held.pop(get_ident(), [])
    _held.clear()
    for link in list(_links):
        link.forget(is_barred=link not in held and link.is_open)
