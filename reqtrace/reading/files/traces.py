"""Traces out of files: JSON and NDJSON, compressed or not, whole or cut off, and never more than a piece at a time."""

import codecs
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec

from reqtrace.exceptions import TraceFileError
from reqtrace.reading.files.archives import unpacked
from reqtrace.reading.files.scanner import Scanner
from reqtrace.records import FORMAT, TYPES, VERSION, Record, RecordKind

_FIRST_LINE = 64 * 1024
"""How far the first line of NDJSON may reach."""
_LONGEST_LINE = 64 * 1024 * 1024
_LINES_WITHOUT = 100_000
"""So many lines without a record may follow one another, empty ones too: a few bytes can stand for billions."""
_PROBLEMS = 100
_ARRAYS: dict[str, RecordKind] = {
    "processes": "process",
    "threads": "thread",
    "requests": "request",
    "findings": "finding",
}
_encode = msgspec.json.Encoder().encode


class _Opening(msgspec.Struct):
    """What a line of NDJSON says of itself."""

    type: str
    format: str = FORMAT
    version: int = VERSION


class TraceFile:
    """Reads the records of one file, and keeps account of what could not be read."""

    def __init__(self, path: Path) -> None:
        """Read from `path`, once."""
        self.path = path
        self.problems: list[str] = []
        """What was left out, each with its place in the file: the first hundred."""
        self.left_out = 0
        """How many problems there were."""
        self.share = 0.0
        """How much of the file has been read, from 0 to 1."""

    def records(self) -> Iterator[Record]:
        """Yield every record that is whole.

        Raises:
            TraceFileError: when the file cannot be read, or is no trace of ours.

        """
        blocks = self._blocks()
        head = b""
        while len(head) < _FIRST_LINE and b"\n" not in head.lstrip() and (block := next(blocks, b"")):
            head += block
        if not head.lstrip().startswith(b"{"):
            raise TraceFileError(f"{self.path} is no trace of reqtrace: it begins with {head[:20]!r}.")
        blocks = chain((head,), blocks)
        yield from self._lines(blocks) if _is_ndjson(head) else self._document(blocks)

    def _blocks(self) -> Iterator[bytes]:
        try:
            size = self.path.stat().st_size
            with self.path.open("rb") as stream:
                for block in unpacked(stream, self._note):
                    self.share = stream.tell() / size if size else 1.0
                    if block:
                        yield block
        except OSError as error:
            raise TraceFileError(f"{self.path} cannot be read: {error.strerror}.") from error

    def _lines(self, blocks: Iterator[bytes]) -> Iterator[Record]:
        without = 0
        for number, line in enumerate(_split(blocks), 1):
            without += 1
            if without > _LINES_WITHOUT:
                raise TraceFileError(
                    f"{self.path} has more than {_LINES_WITHOUT:,} lines in a row without a record, up to line "
                    f"{number:,}: it is no trace of reqtrace, or not worth reading on."
                )
            try:
                if line.strip():
                    opening = msgspec.json.decode(line, type=_Opening)
                    self._examine(opening.format, opening.version)
                    if opening.type != "trace":
                        yield msgspec.json.decode(line, type=TYPES[opening.type])  # type: ignore[index]
                        without = 0
            except KeyError as error:
                self._note(f"line {number:,}: there is no type {error}")
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
                self._note(f"line {number:,}: {error}")

    def _document(self, blocks: Iterator[bytes]) -> Iterator[Record]:
        scanner = Scanner(codecs.iterdecode(blocks, "utf-8", errors="replace"))
        head: dict[str, Any] = {}
        try:
            for key in scanner.names():
                if key in _ARRAYS:
                    self._examine(head.get("format"), head.get("version"))
                    yield from self._array(scanner, _ARRAYS[key])
                else:
                    head[key] = scanner.value()
        except (ValueError, IndexError, RecursionError):
            self._note(f"{scanner.place()}: the file is damaged here, or ends")
        self._examine(head.get("format"), head.get("version"))

    def _array(self, scanner: Scanner, kind: RecordKind) -> Iterator[Record]:
        for value in scanner.values():
            try:
                record = msgspec.convert(value, TYPES[kind])
                _encode(record)  # half a character, as JSON allows it, goes nowhere from here
            except (msgspec.ValidationError, UnicodeEncodeError) as error:
                self._note(f"{scanner.place_of_value()}, a {kind}: {error}")
            else:
                yield record

    def _note(self, problem: str) -> None:
        self.left_out += 1
        if len(self.problems) < _PROBLEMS:
            self.problems.append(problem)

    def _examine(self, format_: object, version: object) -> None:
        if format_ != FORMAT:
            raise TraceFileError(f"{self.path} is JSON, but no trace of reqtrace: its format is {format_!r}.")
        if version != VERSION:
            raise TraceFileError(f"{self.path} has version {version!r}, and this reqtrace reads version {VERSION}.")


def _split(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the lines in `blocks`; of one that is too long, only what makes it no line of ours."""
    parts: list[bytes] = []
    length = 0
    for block in blocks:
        *lines, rest = block.split(b"\n")
        if lines:
            yield b"".join((*parts, lines[0]))
            yield from lines[1:]
            parts, length = [], 0
        if length <= _LONGEST_LINE:
            parts.append(rest)
            length += len(rest)
    yield b"".join(parts)


def _is_ndjson(head: bytes) -> bool:
    """Tell by the first line: a whole object that says its type, and is no document on one line."""
    line = head.lstrip().partition(b"\n")[0]
    try:
        msgspec.json.decode(line, type=_Opening)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return True
