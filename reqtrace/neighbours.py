"""The requests that shared a thread with one request: before it, at once with it, after it."""

from collections.abc import Iterator
from typing import NamedTuple

from reqtrace.queries import end_of, threads_of
from reqtrace.reader import Reader
from reqtrace.records import Request

SEARCHED = 5_000
"""How many requests on either side of one in the store are looked at."""


class Neighbours(NamedTuple):
    """Requests that were seen on the thread on which another request's view ran."""

    before: list[Request]
    """Ended before it began, nearest first."""
    at_once: list[Request]
    """In flight at the same time, by their start."""
    after: list[Request]
    """Began after it ended, nearest first."""


def of(reader: Reader, request: Request) -> Neighbours:
    """Find the neighbours of a request; where the store does not have it yet, among the newest ones."""
    found = Neighbours([], [], [])
    end_ns = end_of(request)
    for other in _on_its_thread(reader, request):
        if end_of(other) <= request.start_ns:
            found.before.append(other)
        elif other.start_ns >= end_ns:
            found.after.append(other)
        else:
            found.at_once.append(other)
    found.before.sort(key=end_of, reverse=True)
    found.at_once.sort(key=_start_of)
    found.after.sort(key=_start_of)
    return found


def _on_its_thread(reader: Reader, request: Request) -> Iterator[Request]:
    entry = reader.store.get("request", request.id)
    entries = reader.store.read_back(entry.position if entry else None, SEARCHED, ("request",))
    if entry is not None:
        entries += reader.store.read(entry.position, SEARCHED, ("request",))
    for candidate in entries:
        other = reader.decode(candidate)
        if (
            isinstance(other, Request)
            and other.id != request.id
            and other.process == request.process
            and request.thread_serial in threads_of(other)
        ):
            yield other


def _start_of(request: Request) -> int:
    return request.start_ns
