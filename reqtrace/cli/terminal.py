"""Where a subcommand writes: lines, colours where they are wanted, and a bar for what takes long."""

import os
import re
import time
import zlib
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, TextIO

from reqtrace.printable import printable

_USER_COLOURS = (32, 33, 34, 35, 36, 92, 93, 94, 95, 96)
_BAR_WIDTH = 30
_PATIENCE_SECONDS = 1.0
_REDRAW_SECONDS = 0.2


class Terminal:
    """Standard output and error of one command.

    A line is one line, whatever it is about: what would steer the terminal is written out. Only `paint` may colour.
    """

    def __init__(self, stdout: TextIO, stderr: TextIO, *, coloured: bool) -> None:
        """Write to these two."""
        self._stdout = stdout
        self._stderr = stderr
        self._coloured = coloured
        self._paints: set[str] = set()

    def line(self, text: str = "") -> None:
        """Write a line to standard output."""
        self._stdout.write(self._fit(text) + "\n")

    def raw(self, data: bytes) -> None:
        """Write bytes to standard output, as they are."""
        buffer = getattr(self._stdout, "buffer", None)
        if buffer is None:  # a `StringIO` that stands in for it
            self._stdout.write(data.decode())
        else:
            self._stdout.flush()
            buffer.write(data)

    def flush(self) -> None:
        """Let everything written so far be seen."""
        self._stdout.flush()

    def note(self, text: str) -> None:
        """Write a line to standard error."""
        self._stderr.write(self._fit(text) + "\n")

    def paint(self, text: str, *codes: int) -> str:
        """Return text in colour, given as parameters of the SGR control sequence, where colours are wanted."""
        if not self._coloured or not codes:
            return text
        begin, end = f"\x1b[{';'.join(map(str, codes))}m", "\x1b[0m"
        self._paints |= {begin, end}
        return f"{begin}{text}{end}"

    def bar(self) -> "Bar":
        """Return a progress bar on standard error."""
        return Bar(self._stderr)

    def _fit(self, text: str) -> str:
        """Make text printable between the colours that were painted here."""
        if not self._paints:
            return printable(text)
        parts = re.split(f"({'|'.join(map(re.escape, self._paints))})", text)
        return "".join(part if part in self._paints else printable(part) for part in parts)


class Bar:
    """A progress bar that shows itself on a terminal only, and only when it takes long; a context manager."""

    def __init__(self, stream: TextIO) -> None:
        """Draw on `stream`."""
        self._stream = stream
        self._due = time.monotonic() + _PATIENCE_SECONDS if stream.isatty() else float("inf")
        self._drawn = False

    def __enter__(self) -> "Bar":
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Take the bar off the screen."""
        if self._drawn:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def show(self, share: float, text: str) -> None:
        """Draw a share from 0 to 1, if it is time to."""
        if time.monotonic() < self._due:
            return
        filled = round(share * _BAR_WIDTH)
        self._stream.write(f"\r[{'#' * filled:<{_BAR_WIDTH}}] {share:4.0%} {printable(text)}\x1b[K")
        self._stream.flush()
        self._due = time.monotonic() + _REDRAW_SECONDS
        self._drawn = True


def wants_colour(stream: TextIO, options: Mapping[str, Any], environment: Mapping[str, str]) -> bool:
    """Tell whether to colour, by ``--no-color`` and ``--force-color``, by NO_COLOR, by whether a person looks."""
    if options.get("no_color") or environment.get("NO_COLOR"):
        return False
    return bool(options.get("force_color")) or (stream.isatty() and environment.get("TERM") != "dumb")


def colour_of(name: str) -> int:
    """Return the colour of a user: the same in every run and process."""
    return _USER_COLOURS[zlib.crc32(name.encode()) % len(_USER_COLOURS)]


def silence(stream: TextIO) -> None:
    """Send what is left in a broken pipe's buffer nowhere, so that the interpreter can end in peace."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
