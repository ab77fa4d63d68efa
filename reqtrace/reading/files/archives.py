"""Bytes out of a file, unpacked where it is compressed with gzip or Zstandard, whole or cut off."""

import re
import sys
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, Protocol

from reqtrace.exceptions import TraceFileError

try:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
except ImportError:
    zstd = None  # type: ignore[assignment]

_BLOCK = 64 * 1024
_STEP = 512
"""How much is unpacked at a time: what is damaged takes the step that it lies in along."""
_PIECE = 1024 * 1024
"""How much comes out at most at a time: a few bytes can stand for gigabytes."""
_RATIO = 300
"""How many times its size an archive may unpack to: a trace gets to a few dozen times, a bomb to a thousand."""
_FREE = 64 * 1024 * 1024
"""So much may come out in any case."""
_GZIP = re.compile(rb"\x1f\x8b")
_ZSTD = re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18")
"""A frame, or one to be skipped."""


class _Unpacking(Protocol):
    """One archive on its way; several may stand one behind another in a file."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Gunzip:
    """zlib's way of unpacking in the shape of the younger modules'; a step makes half of a piece at most."""

    needs_input = True

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        self.decompress = self._inner.decompress

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data


def unpacked(stream: BinaryIO, note: Callable[[str], None]) -> Iterator[bytes]:
    """Yield what is in a file, piece by piece; what is wrong with its archive is said to `note`.

    Raises:
        TraceFileError: when it is compressed in a way that this installation cannot unpack, or that no trace is.

    """
    data = stream.read(_STEP)
    if _opened(data) is None:
        yield data
        while data := stream.read(_BLOCK):
            yield data
        return
    made = 0

    def measured(pieces: Iterator[bytes]) -> Iterator[bytes]:
        nonlocal made
        for piece in pieces:
            made += len(piece)
            if made > _FREE and made > _RATIO * stream.tell():
                raise TraceFileError(
                    f"The archive unpacks to more than {_RATIO} times its size, which no trace does: it is refused."
                )
            yield piece

    while data.strip(b"\0"):  # `gzip` and `tar` may fill up with zeros
        archive = _opened(data)
        if archive is None:
            note("behind the archive stands something else")
            return
        try:
            yield from measured(_pieces(archive, data))
            while not archive.eof:
                data = stream.read(_STEP)
                if not data:
                    note("the archive ends in the middle")
                    return
                yield from measured(_pieces(archive, data))
        except _errors() as error:
            note(f"the archive is damaged: {error}")
            return
        data = archive.unused_data + stream.read(_STEP)


def _opened(data: bytes) -> _Unpacking | None:
    if _GZIP.match(data):
        return _Gunzip()
    if not _ZSTD.match(data):
        return None
    if zstd is None:
        raise TraceFileError('Zstandard is not installed: pip install "django-reqtrace[zstd]", or unpack it first.')
    return zstd.ZstdDecompressor()


def _pieces(archive: _Unpacking, data: bytes) -> Iterator[bytes]:
    yield archive.decompress(data, _PIECE)
    while not archive.eof and not archive.needs_input:
        yield archive.decompress(b"", _PIECE)


def _errors() -> tuple[type[Exception], ...]:
    return (zlib.error,) if zstd is None else (zlib.error, zstd.ZstdError)
