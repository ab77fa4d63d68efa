"""A connection to a SQLite store's file, for one thread at a time, that no fork carries along."""

import os
import sqlite3
from _thread import RLock  # gevent replaces `threading.RLock`; ours must hold between threads, for microseconds
from functools import cache
from pathlib import Path
from types import TracebackType
from weakref import WeakSet

from reqtrace.stores.sqlite_file import BUSY_SECONDS, create, identity_of, open_file, translated


class Link:
    """A connection to a store's file for one thread at a time, opened when needed; ``with link as connection``.

    A connection must not cross a fork: in the child SQLite believes in locks that only the parent holds, also for
    connections that the child opens afterwards. So links are closed before a fork, and opened again when needed.
    https://www.sqlite.org/howtocorrupt.html#_carrying_an_open_database_connection_across_a_fork_

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

    def __enter__(self) -> sqlite3.Connection:
        """Take the lock and return a connection to what the path names now."""
        if self._pid != os.getpid():
            self.forget()
        self.lock.acquire()
        try:
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

    def forget(self) -> None:
        """Start anew in a forked child, leaving the parent's connection alone."""
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
            if error is not None:
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
_held: list[Link] = []
"""Those whose lock the thread that is forking just now has taken."""
_inherited: list[sqlite3.Connection] = []
"""Connections of the parent's that came along with a fork nobody announced; to finalize one would close it."""


@cache
def _watch_forks() -> None:
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork_in_child)


def _before_fork() -> None:
    for link in list(_links):
        if link.lock.acquire(timeout=BUSY_SECONDS):
            _held.append(link)
            link.close()


def _after_fork() -> None:
    while _held:
        _held.pop().lock.release()


def _after_fork_in_child() -> None:
    _held.clear()
    for link in list(_links):
        link.forget()
