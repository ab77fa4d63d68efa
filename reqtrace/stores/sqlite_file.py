"""The file of a SQLite store: made whole or not at all, and known by its stamp.

Two traps of SQLite shape this module:

* POSIX drops all of a process's locks on a file when it closes *any* descriptor of it. So nothing here opens a
  database other than through SQLite.
  https://www.sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_
* A new database beside the log of a deleted one adopts it. So it is drawn up under another name, the old log is
  removed, and one rename puts it in place, all under a lock that keeps other processes from doing the same.
"""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from urllib.parse import quote

from reqtrace.exceptions import StoreError, StoreUnavailable
from reqtrace.stores.sqlite_search import DIGEST, SUMMARIZE, SUMMARY

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

APPLICATION_ID = 0x52715472
"""Stands in the file's header ("RqTr"), by which we know it."""
USER_VERSION = 1
"""Which layout of the tables this is."""
_BUSY_SECONDS = 0.005
"""How long SQLite itself waits for another process's transaction, which is while the connection is kept from others."""
_LOG_PAGES = 4_000
"""How long the write-ahead log may grow before it is worked in: 16 MB. SQLite's own 4 MB cost a third more CPU."""

_TRIAL_BYTES = 64 * 1024
"""What an empty store takes, and a bit."""
_CACHE_KIB = 256
"""How many of its pages a connection keeps in memory: SQLite's own 2 MB are memory that the application misses."""

_SCHEMA = f"""
PRAGMA journal_mode = WAL;
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {USER_VERSION};
CREATE TABLE entry (position INTEGER PRIMARY KEY, kind INTEGER NOT NULL, key TEXT NOT NULL, payload BLOB NOT NULL);
CREATE UNIQUE INDEX entry_key ON entry (kind, key);
CREATE INDEX entry_kind ON entry (kind, position);
CREATE TABLE line (last INTEGER NOT NULL);
{SUMMARY}"""

_ARRIVAL = f"""
PRAGMA temp_store = MEMORY;
CREATE TEMP VIEW arrival AS SELECT kind, key, payload FROM entry;
CREATE TEMP TRIGGER arrive INSTEAD OF INSERT ON arrival WHEN NEW.kind > {DIGEST} BEGIN
    UPDATE line SET last = last + 1;
    SELECT RAISE(ABORT, 'its count of positions is gone') WHERE changes() = 0;
    INSERT INTO entry (position, kind, key, payload) SELECT last, NEW.kind, NEW.key, NEW.payload FROM line WHERE true
    ON CONFLICT (kind, key) DO UPDATE SET position = excluded.position, payload = excluded.payload;
END;
{SUMMARIZE}"""  # noqa: S608  made of constants
"""Of a connection that writes: what is inserted into ``arrival`` takes the next positions in the line, but for rows of
NULL. So a batch is one statement, and a transaction by itself: each statement gives the interpreter's lock away, and in
a busy process has to win it back from those who answer requests."""


def problem_with(path: Path) -> str | None:
    """Say why a store cannot live at `path`; None when it can.

    Where there is none yet, none is made: to write a file without a name tells the same.
    """
    try:
        if identity_of(path) is not None:
            open_file(path, writes=False).close()
            return None if os.access(path, os.W_OK) else f"{path} cannot be written by this user."
        place = path.parent
        while not place.exists():
            place = place.parent
        if not place.is_dir():
            return f"{path} cannot be made, because {place} is not a directory."
        with TemporaryFile(dir=place) as trial:
            trial.write(bytes(_TRIAL_BYTES))
    except StoreError as error:
        return str(error)
    except OSError as error:
        return f"{path} cannot be made: {place} cannot be written: {error.strerror}."
    except sqlite3.Error as error:
        return str(translated(error, path))
    return None


def identity_of(path: Path) -> tuple[int, int] | None:
    """Return what tells one file from another of the same name; None when there is no file, or an empty one."""
    try:
        status = os.stat(path)  # noqa: PTH116  Path.stat() costs twice as much, at every use
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"{path} cannot be reached: {error.strerror}. Point REQTRACE['STORE'] elsewhere.") from error
    return (status.st_dev, status.st_ino) if status.st_size else None


def create(path: Path) -> None:
    """Put an empty store at `path`, readable by this user alone, unless another process has just done so."""
    draft = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone_in(path.parent):
            if identity_of(path) is not None:
                return
            draft.unlink(missing_ok=True)
            os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            with closing(sqlite3.connect(draft, isolation_level=None)) as connection:
                connection.executescript(_SCHEMA)
                # Counting from the clock keeps positions growing also when the file is deleted and made again.
                connection.execute("INSERT INTO line VALUES (?)", (time.time_ns() // 1_000,))
            for suffix in ("-wal", "-shm", "-journal"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
            draft.replace(path)
    except OSError as error:
        raise StoreError(
            f"{path} cannot be made: {error.strerror}. Point REQTRACE['STORE'] at a place that this user can write."
        ) from error


def open_file(path: Path, *, writes: bool) -> sqlite3.Connection:
    """Connect to a file of ours, or refuse it.

    Raises:
        StoreError: when the file is not ours. It has not been written to: the stamp is read through a connection
            that cannot write, for a writing one would roll an interrupted transaction back.

    """
    connection = _connect(path, "ro")
    try:
        application_id, user_version = (
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
        )
        if application_id != APPLICATION_ID:
            raise StoreError(
                f"{path} is a SQLite database, but none of reqtrace's, and was left alone. "
                "Point REQTRACE['STORE'] at another file."
            )
        if user_version != USER_VERSION:
            raise StoreError(
                f"{path} was written by another version of reqtrace (its layout is {user_version}, this one reads "
                f"{USER_VERSION}). Delete it, or point REQTRACE['STORE'] at another file."
            )
        if writes:
            connection.close()
            connection = _connect(path, "rw")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            connection.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'summary'").fetchone():
                connection.execute(SUMMARY)
            connection.executescript(_ARRIVAL)
    except BaseException:
        connection.close()
        raise
    return connection


def translated(error: sqlite3.Error, path: Path) -> StoreError:
    """Return what an error of SQLite means for the store at `path`; `StoreUnavailable` when it may pass."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    match code & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StoreUnavailable(f"{path} is kept busy by another process: {error}.")
        case sqlite3.SQLITE_FULL:
            return StoreUnavailable(f"The disk that holds {path} is full.")
        case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_NOMEM | sqlite3.SQLITE_PROTOCOL | sqlite3.SQLITE_INTERRUPT:
            return StoreUnavailable(f"{path} cannot be read or written just now: {error}.")
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN if (
            code == sqlite3.SQLITE_READONLY_DBMOVED or not path.exists()
        ):
            return StoreUnavailable(f"{path} was deleted or replaced while it was used.")
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            return StoreError(f"{path} cannot be written by this user: {error}. Mend its permissions, or move STORE.")
        case sqlite3.SQLITE_NOTADB:
            return StoreError(f"{path} is not a SQLite database, and was left alone. Point STORE at another file.")
        case _:
            return StoreError(f"{path} is damaged: {error}. Move it away; the next write makes a new one.")


def is_busy(error: BaseException) -> bool:
    """Tell whether an error of SQLite's is but another process at work, or a fork: the same may do a moment later."""
    code = getattr(error if isinstance(error, sqlite3.Error) else error.__cause__, "sqlite_errorcode", 0)
    return code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_INTERRUPT)


@contextmanager
def _alone_in(directory: Path) -> Iterator[None]:
    """Keep other processes out of this block, for the same directory."""
    if fcntl is None:
        yield
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote(str(path))}?mode={mode}",
        uri=True,
        timeout=_BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
