"""The application's own log: what its code read from each holder, and when; written without reqtrace's help."""

import os
import threading
import time
from pathlib import Path
from typing import Any

import msgspec

from demo.lab.holders import HOLDERS

CHOSEN = tuple(HOLDERS[name] for name in os.environ.get("LAB_HOLDERS", ",".join(HOLDERS)).split(",") if name)
"""The holders that this process keeps."""
_FILE = os.environ.get("LAB_TRUTH")


class Line(msgspec.Struct):
    """What the application knows of one of its requests."""

    key: str
    """Stands in the path: ``w3-c1`` is the request of client 1 in wave 3."""
    person: str
    """A user name; empty for anonymous visitors."""
    view: str
    """``sync`` or ``async``."""
    pid: int
    began_ns: int
    """``time.monotonic_ns``, one clock for all processes of the machine."""
    ended_ns: int = 0
    threads: list[int] = []
    """The operating system's ids of the threads on which middleware and view ran."""
    view_thread: int = 0
    seen: dict[str, dict[str, str | None]] = {}
    """By holder and moment: the key of the request that was named, or the name of the user."""


class Truth:
    """Takes down what one request reads."""

    def __init__(self, key: str, person: str, view: str) -> None:
        """Begin."""
        self.line = Line(key, person, view, os.getpid(), time.monotonic_ns(), seen={one.name: {} for one in CHOSEN})
        self._note_thread()

    def read(self, moment: str) -> None:
        """Read every holder, as code of the application that runs here would."""
        for holder in CHOSEN:
            self.line.seen[holder.name][moment] = _name_of(holder.read())

    def enter_view(self) -> None:
        """Note where the view runs."""
        self._note_thread()
        self.line.view_thread = threading.get_native_id()

    def end(self) -> None:
        """Write the line."""
        self.line.ended_ns = time.monotonic_ns()
        if _FILE:
            # One write of a line that fits a page: processes that append at once do not tear each other's.
            file = os.open(_FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            os.write(file, msgspec.json.encode(self.line) + b"\n")
            os.close(file)

    def _note_thread(self) -> None:
        thread = threading.get_native_id()  # gevent leaves this one as it is
        if thread not in self.line.threads:
            self.line.threads.append(thread)


class Log:
    """Reads what the server's processes write, line by line as it comes."""

    def __init__(self, path: Path) -> None:
        """Begin at the start of the file, which need not be there yet."""
        self._path = path
        self._position = 0
        self.lines: list[Line] = []
        """All that was read so far."""

    def read_on(self) -> set[str]:
        """Read what is new, and return the keys of all requests that have ended so far."""
        if self._path.exists():
            with self._path.open("rb") as file:
                file.seek(self._position)
                whole = file.read().rpartition(b"\n")[0]
            if whole:
                self._position += len(whole) + 1
                self.lines.extend(msgspec.json.decode(line, type=Line) for line in whole.split(b"\n"))
        return {line.key for line in self.lines}


def _name_of(value: Any) -> str | None:
    if value is None:
        return None
    truth = getattr(value, "lab_truth", None)
    return value.username if truth is None else truth.line.key
