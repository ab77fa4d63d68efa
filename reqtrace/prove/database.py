"""Copies of the project's databases: one as it was, with the people signed in, and one for each process at work."""

import os
import shutil
import sqlite3
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.utils import Error

from reqtrace.exceptions import QueryError

_PATIENCE_SECONDS = 10
"""How long a database that somebody else writes to is waited for."""
_PAGES = 10_000
_kept: list[object] = []
"""Connections that a fork brought along: closing them here would end them for the process that they belong to."""


class Copy(ABC):
    """One database's copies."""

    @abstractmethod
    def name(self, slot: int | None) -> str:
        """Return what the copy of a slot is called in settings; of None, the one that the others are made from."""

    @abstractmethod
    def renew(self, slot: int, *, wrote: bool) -> None:
        """Make a slot's copy as it was at first; `wrote` tells whether a statement may have changed it."""

    @abstractmethod
    def remove(self) -> None:
        """Remove all copies."""


class SqliteCopy(Copy):
    """Copies in files; also of a database in memory, and of what a transaction has not committed yet."""

    def __init__(self, connection: Any, folder: Path) -> None:
        """Copy what `connection` sees."""
        self._file = folder / f"{connection.alias}.sqlite3"
        self._stamps: dict[int, tuple[int, int]] = {}
        connection.ensure_connection()
        deadline = time.monotonic() + _PATIENCE_SECONDS

        def give_up(*_: int) -> None:
            if time.monotonic() > deadline:
                raise sqlite3.OperationalError("a transaction of somebody else's locks it")

        with closing(sqlite3.connect(self._file)) as target:
            if connection.connection.in_transaction:  # SQLite backs up nothing that it is just writing
                target.executescript("\n".join(connection.connection.iterdump()))
            else:
                connection.connection.backup(target, pages=_PAGES, progress=give_up)

    def name(self, slot: int | None) -> str:
        return str(self._file if slot is None else self._file.with_suffix(f".{slot}.sqlite3"))

    def renew(self, slot: int, *, wrote: bool) -> None:
        file = Path(self.name(slot))
        log = Path(f"{file}-wal")
        logged = log.exists() and log.stat().st_size
        if slot in self._stamps and self._stamps[slot] == _stamp(file) and not logged:
            return
        for ending in ("-wal", "-shm", "-journal"):
            Path(f"{file}{ending}").unlink(missing_ok=True)
        shutil.copyfile(self._file, file)
        self._stamps[slot] = _stamp(file)

    def remove(self) -> None:
        """Leave it to the folder that all of them stand in."""


class ServerCopy(Copy):
    """Copies beside the original on its server, made as Django makes them for parallel tests."""

    def __init__(self, connection: BaseDatabaseWrapper, _: Path) -> None:
        """Copy what stands in the database that `connection` leads to, which nobody else may use meanwhile."""
        self._connection = connection
        self._original = str(connection.settings_dict["NAME"])
        self._made: dict[int | None, str] = {}
        self._make(None)

    def name(self, slot: int | None) -> str:
        return self._made[slot]

    def renew(self, slot: int, *, wrote: bool) -> None:
        if slot in self._made and not wrote:
            return
        self._drop(slot)
        self._make(slot)

    def remove(self) -> None:
        for slot in list(self._made):
            self._drop(slot)

    def _make(self, slot: int | None) -> None:
        suffix = f"reqtrace_{os.getpid()}_{'first' if slot is None else slot}"
        creation: Any = self._connection.creation  # what parallel tests copy with is private to Django
        source = self._original if slot is None else self._made[None]
        with self._naming(source):
            self._connection.close()
            self._made[slot] = str(creation.get_test_db_clone_settings(suffix)["NAME"])
            try:
                creation._clone_test_db(suffix, verbosity=0)
            except SystemExit as error:
                raise QueryError("database", _UNCOPIED.format(self._connection.alias, "it is in use")) from error

    def _drop(self, slot: int | None) -> None:
        name = self._made.pop(slot, None)
        if name is not None:
            creation: Any = self._connection.creation
            with self._naming(self._original), suppress(Error):
                creation._destroy_test_db(name, verbosity=0)

    @contextmanager
    def _naming(self, name: str) -> Iterator[None]:
        before = self._connection.settings_dict["NAME"]
        self._connection.settings_dict["NAME"] = name
        try:
            yield
        finally:
            self._connection.settings_dict["NAME"] = before


_KINDS: dict[str, Callable[[Any, Path], Copy]] = {"sqlite": SqliteCopy, "postgresql": ServerCopy, "mysql": ServerCopy}
_UNCOPIED = (
    "The database {!r} cannot be copied: {}. prove works on a copy alone; end what uses it, give its user the right "
    "to create databases, or run prove with settings that name a database in SQLite."
)


class Databases:
    """Every database of the project, copied."""

    def __init__(self, folder: Path) -> None:
        """Keep files in `folder`; nothing is copied yet."""
        self._folder = folder
        self._copies: dict[str, Copy] = {}
        self._before: dict[str, tuple[Any, Any]] = {}

    def copy(self) -> None:
        """Copy each database once, however many aliases lead to it.

        Raises:
            QueryError: when one cannot be copied.

        """
        by_place: dict[tuple[Any, ...], Copy] = {}
        for alias in connections:
            connection = connections[alias]
            if connection.vendor == "unknown":  # Django's dummy: the project has none
                continue
            settings = connection.settings_dict
            place = tuple(str(settings[key]) for key in ("ENGINE", "NAME", "HOST", "PORT"))
            if place not in by_place:
                by_place[place] = self._copy_of(alias)
            self._copies[alias] = by_place[place]

    def _copy_of(self, alias: str) -> Copy:
        kind = _KINDS.get(connections[alias].vendor)
        if kind is None:
            raise QueryError(
                "database", _UNCOPIED.format(alias, f"nobody knows how for {connections[alias].vendor} here")
            )
        try:
            return kind(connections[alias], self._folder)
        except (Error, sqlite3.Error, OSError, NotImplementedError) as error:
            raise QueryError("database", _UNCOPIED.format(alias, str(error).strip())) from error

    def turn_to(self, slot: int | None) -> None:
        """Let this process's connections lead to a slot's copies from now on; of None, to those all are made from."""
        for alias, copy in self._copies.items():
            before = connections[alias]
            _kept.append(before)
            self._before.setdefault(alias, (connections.databases[alias]["NAME"], before))
            connections.databases[alias]["NAME"] = copy.name(slot)
            del connections[alias]

    def turn_back(self) -> None:
        """Let this process's connections lead to where they led before."""
        for alias, (name, connection) in self._before.items():
            connections[alias].close()
            connections.databases[alias]["NAME"] = name
            connections[alias] = connection
        self._before.clear()

    def renew(self, slot: int, *, wrote: bool) -> None:
        """Make a slot's copies as they were at first."""
        for copy in {id(copy): copy for copy in self._copies.values()}.values():
            copy.renew(slot, wrote=wrote)

    def remove(self) -> None:
        """Remove all copies, whatever happens to one of them."""
        with ExitStack() as all_of_them:
            for copy in {id(copy): copy for copy in self._copies.values()}.values():
                all_of_them.callback(copy.remove)


class Writes:
    """Notices, in a process that plays a schedule, whether a statement may have changed the database."""

    seen = False

    def watch(self) -> None:
        """Look at each statement of each connection that is opened from now on."""
        connection_created.connect(self._opened, weak=False)

    def _opened(self, connection: BaseDatabaseWrapper, **_: object) -> None:
        if connection.vendor == "sqlite":
            connection.connection.execute("PRAGMA synchronous=OFF")  # nobody needs a copy after a crash
        connection.execute_wrappers.append(self._look)

    def _look(self, execute: Any, sql: Any, parameters: Any, many: bool, context: Any) -> Any:
        if not str(sql).lstrip(" (\n").upper().startswith(("SELECT", "SAVEPOINT", "RELEASE", "SET ", "SHOW ", "BEGIN")):
            self.seen = True
        return execute(sql, parameters, many, context)


def _stamp(file: Path) -> tuple[int, int]:
    state = file.stat()
    return state.st_mtime_ns, state.st_size
