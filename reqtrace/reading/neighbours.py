"""The requests around one: before, at once with and after it on its thread, and at once with it elsewhere."""

from collections.abc import Iterator
from typing import NamedTuple

from reqtrace.reading.queries import end_of, threads_of
from reqtrace.reading.reader import Reader
from reqtrace.records import Request

SEARCHED = 5_000
"""How many requests on either side of one in the store are looked at."""


class Neighbours(NamedTuple):
    """Requests around another one; its thread is that of its view."""

    before: list[Request]
    """Ended before it began, nearest first."""
    at_once: list[Request]
    """In flight at the same time, by their start."""
    after: list[Request]
    """Began after it ended, nearest first."""
    elsewhere: list[Request]
    """In flight at the same time in its process, on other threads alone, by their start."""


def of(reader: Reader, request: Request) -> Neighbours:
    """Find the neighbours of a request; where the store does not have it yet, among the newest ones."""
    found = Neighbours([], [], [], [])
    end_ns = end_of(request)
    for other in _in_its_process(reader, request):
        is_before, is_after = end_of(other) <= request.start_ns, other.start_ns >= end_ns
        if request.thread_serial not in threads_of(other):
            if not is_before and not is_after:
                found.elsewhere.append(other)
        elif is_before:
            found.before.append(other)
        elif is_after:
            found.after.append(other)
        else:
            found.at_once.append(other)
    found.before.sort(key=end_of, reverse=True)
    found.at_once.sort(key=_start_of)
    found.after.sort(key=_start_of)
    found.elsewhere.sort(key=_start_of)
    return found


def _in_its_process(reader: Reader, request: Request) -> Iterator[Request]:
    entry = reader.store.get("request", request.id)
    entries = reader.store.read_back(entry.position if entry else None, SEARCHED, ("request",))
    if entry is not None:
        entries += reader.store.read(entry.position, SEARCHED, ("request",))
    for candidate in entries:
        other = reader.decode(candidate)
        if isinstance(other, Request) and other.id != request.id and other.process == request.process:
            yield other


def _start_of(request: Request) -> int:
    return request.start_ns
