"""What one export takes out of a store: the records a query asks for, with the processes and threads they name."""

from collections.abc import Iterator
from datetime import datetime
from functools import cached_property

from reqtrace.reading.queries import Query, threads_of
from reqtrace.reading.reader import Reader
from reqtrace.records import Finding, Process, Request, Thread


class Selection:
    """A trace for an exporter to write (`exporters.base.Source`), read from the store as it is asked for.

    Without a filter it is everything. With one, processes and threads are those of the requests that match, which
    takes a walk along the requests of its own: in the document they come before them.
    """

    def __init__(self, reader: Reader, query: Query, exported_at: datetime) -> None:
        """Choose by `query` from what `reader` reads."""
        self.exported_at = exported_at
        self._reader = reader
        self._query = query

    def processes(self) -> list[Process]:
        """Return the processes."""
        if self._used is None:
            return [process for process in self._reader.processes() if self._query.matches_server(process)]
        used = {process for process, _ in self._used}
        return [process for process in self._reader.processes() if process.id in used]

    def threads(self) -> Iterator[Thread]:
        """Yield the threads."""
        for thread in self._reader.threads():
            if self._used is None:
                if self._query.matches_server(thread):
                    yield thread
            elif (thread.process, thread.serial) in self._used:
                yield thread

    def requests(self) -> Iterator[Request]:
        """Yield the requests."""
        return self._reader.requests(self._query)

    def findings(self) -> Iterator[Finding]:
        """Yield the findings."""
        return self._reader.findings(self._query)

    @cached_property
    def _used(self) -> set[tuple[str, int]] | None:
        """Process ids and thread serials of what was chosen; None for all there are."""
        if self._query.is_of_all:
            return None
        return {(request.process, serial) for request in self.requests() for serial in threads_of(request)}
