"""Traces out of files: JSON and NDJSON, compressed or not, whole or cut off."""

import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from reqtrace.exceptions import TraceFileError
from reqtrace.records import FORMAT, TYPES, VERSION, Record, RecordKind

_STEP = 512
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_ARRAYS: dict[str, RecordKind] = {
    "processes": "process",
    "threads": "thread",
    "requests": "request",
    "findings": "finding",
}
_SPACE = re.compile(r"[ \t\r\n]*")


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
        """What was left out, each with its place in the file."""

    def records(self) -> Iterator[Record]:
        """Yield every record that is whole.

        Raises:
            TraceFileError: when the file cannot be read, or is no trace of ours.

        """
        try:
            data = self.path.read_bytes()
        except OSError as error:
            raise TraceFileError(f"{self.path} cannot be read: {error.strerror}.") from error
        if data.startswith(_ZSTD):
            raise TraceFileError(f"{self.path} is compressed with Zstandard: unpack it first, with unzstd.")
        if data.startswith(_GZIP):
            data = self._unpacked(data)
        if not data.lstrip().startswith(b"{"):
            raise TraceFileError(f"{self.path} is no trace of reqtrace: it begins with {data[:20]!r}.")
        return self._lines(data) if _is_ndjson(data) else self._document(data.decode(errors="replace"))

    def _unpacked(self, data: bytes) -> bytes:
        unpacked = bytearray()
        while data.startswith(_GZIP):  # several archives one behind another are one
            unpacking = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
            at = 0
            try:
                while not unpacking.eof and at < len(data):  # in steps: a damage takes the step that it lies in
                    unpacked += unpacking.decompress(data[at : at + _STEP])
                    at += _STEP
            except zlib.error as error:
                self.problems.append(f"the archive is damaged: {error}")
                break
            if not unpacking.eof:
                self.problems.append("the archive ends in the middle")
            data = unpacking.unused_data + data[at:]
        return bytes(unpacked)

    def _lines(self, data: bytes) -> Iterator[Record]:
        for number, line in enumerate(data.split(b"\n"), 1):
            try:
                if line.strip():
                    opening = msgspec.json.decode(line, type=_Opening)
                    self._examine(opening.format, opening.version)
                    if opening.type != "trace":
                        yield msgspec.json.decode(line, type=TYPES[opening.type])  # type: ignore[index]
            except KeyError as error:
                self.problems.append(f"line {number:,}: there is no type {error}")
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                self.problems.append(f"line {number:,}: {error}")

    def _document(self, text: str) -> Iterator[Record]:
        scanner = _Scanner(text)
        head: dict[str, Any] = {}
        try:
            for key in scanner.names():
                if key in _ARRAYS:
                    self._examine(head.get("format"), head.get("version"))
                    yield from self._array(scanner, _ARRAYS[key])
                else:
                    head[key] = scanner.value()
        except (ValueError, IndexError):
            self.problems.append(f"{scanner.place(scanner.at)}: the file is damaged here, or ends")
        self._examine(head.get("format"), head.get("version"))

    def _array(self, scanner: "_Scanner", kind: RecordKind) -> Iterator[Record]:
        for value in scanner.values():
            try:
                yield msgspec.convert(value, TYPES[kind])
            except msgspec.ValidationError as error:
                self.problems.append(f"{scanner.place(scanner.began)}, a {kind}: {error}")

    def _examine(self, format_: object, version: object) -> None:
        if format_ != FORMAT:
            raise TraceFileError(f"{self.path} is JSON, but no trace of reqtrace: its format is {format_!r}.")
        if version != VERSION:
            raise TraceFileError(f"{self.path} has version {version!r}, and this reqtrace reads version {VERSION}.")


class _Scanner:
    """Goes through a JSON object value by value, so that what stands before a damage is not lost."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.at = 0
        self.began = 0
        """Where the last value taken begins."""
        self._decode = json.JSONDecoder().raw_decode

    def place(self, at: int) -> str:
        """Say where in the file that is."""
        return f"line {self._text.count(chr(10), 0, at) + 1:,}, character {at - self._text.rfind(chr(10), 0, at):,}"

    def value(self) -> Any:
        """Return the next value."""
        self._skip()
        value, end = self._decode(self._text, self.at)
        self.began, self.at = self.at, end
        return value

    def names(self) -> Iterator[Any]:
        """Yield the names in an object; the value of each is to be taken before the next."""
        for _ in self._until("{", "}"):
            key = self.value()
            self._take(":")
            yield key

    def values(self) -> Iterator[Any]:
        """Yield the values of an array."""
        for _ in self._until("[", "]"):
            yield self.value()

    def _until(self, opening: str, closing: str) -> Iterator[None]:
        self._take(opening)
        if self._next() != closing:
            yield
            while self._next() != closing:
                self._take(",")
                yield
        self._take(closing)

    def _next(self) -> str:
        self._skip()
        return self._text[self.at]

    def _skip(self) -> None:
        match = _SPACE.match(self._text, self.at)
        assert match is not None
        self.at = match.end()

    def _take(self, char: str) -> None:
        if self._next() != char:
            raise ValueError(f"no {char}")
        self.at += 1


def _is_ndjson(data: bytes) -> bool:
    """Tell by the first line: a whole object that says its type, and is no document on one line."""
    line = data.lstrip().partition(b"\n")[0]
    try:
        msgspec.json.decode(line, type=_Opening)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False
    return True
