"""What an exporter is: a pure function from records to bytes, in pieces, so that a million requests fit."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import ClassVar, Protocol

import msgspec

from reqtrace.records import Finding, Process, Request, Thread

_CHUNK = 64 * 1024

Watch = Callable[[str, float], None]
"""Is told from time to time what is being done, and which share of that, from 0 to 1, is."""


class Source(Protocol):
    """A trace to export. Each method may be called several times and begins anew each time."""

    exported_at: datetime

    def processes(self) -> Iterable[Process]:
        """Return the processes: few enough to hold."""

    def threads(self) -> Iterable[Thread]:
        """Return the threads."""

    def requests(self) -> Iterable[Request]:
        """Return the requests, about in the order of their end; too many to hold."""

    def findings(self) -> Iterable[Finding]:
        """Return the findings; too many to hold."""


class Head(msgspec.Struct):
    """What stands before the records of a trace."""

    exported_at: str
    """RFC 3339, UTC, microseconds."""
    dropped: int
    """Records that the processes lost."""
    processes: list[Process]


class Exporter(ABC):
    """Writes traces in one format."""

    name: ClassVar[str]
    """What ``--format`` calls it."""
    suffix: ClassVar[str]
    """How its files end, with the dot."""
    media_type: ClassVar[str]

    @abstractmethod
    def pieces(self, source: Source, watch: Watch) -> Iterator[bytes]:
        """Yield the export from its first byte to its last, holding no more than a few records at a time.

        Reading from `source` need not be told to `watch`: whoever made the source can see that for himself.
        """

    def chunks(self, source: Source, watch: Watch = lambda stage, share: None) -> Iterator[bytes]:
        """Yield the export in chunks of a size that is worth a system call."""
        chunk = bytearray()
        for piece in self.pieces(source, watch):
            chunk += piece
            if len(chunk) >= _CHUNK:
                yield bytes(chunk)
                chunk.clear()
        if chunk:
            yield bytes(chunk)


def head_of(source: Source) -> Head:
    """Return what stands before the records of a trace."""
    processes = list(source.processes())
    return Head(
        exported_at=source.exported_at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        dropped=sum(process.dropped for process in processes),
        processes=processes,
    )
