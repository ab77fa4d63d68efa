"""Lanes for a picture of threads: requests that overlap on a thread lie in slots beside one another."""

from bisect import bisect_left, insort

from reqtrace.records import Hop, Request

Stay = tuple[int, int]
"""A thread's serial, and the Unix time since which a request was on it."""


class Slots:
    """The slots of one thread, for lengths of time that come in the order of their end.

    The slot that fell free last is taken, and so there are never more slots than lengths that overlap at once. Two
    that merely touch do not share one, because readers differ in what they make of that.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._ends: list[tuple[int, int]] = []
        """When each slot falls free, and its number."""

    def __len__(self) -> int:
        """Return how many slots there are."""
        return len(self._ends)

    def take(self, start_ns: int, end_ns: int) -> int:
        """Return a slot that is free for that long, from 1."""
        index = bisect_left(self._ends, (start_ns, 0)) - 1
        slot = len(self._ends) + 1 if index < 0 else self._ends.pop(index)[1]
        insort(self._ends, (end_ns, slot))
        return slot


def stays_of(request: Request, start_ns: int, end_ns: int) -> list[Stay]:
    """Return the threads that a request was on, and since when.

    It is on the thread of its view from its start, on another from when it came there, and until its end on all of
    them: it is in flight there, as the thread's record counts.
    """
    moves = moves_of(request)
    if not moves:
        return [(request.thread_serial, start_ns)]
    since = {request.thread_serial: start_ns}
    for hop in moves:
        at_ns = begin_of(hop, start_ns, end_ns)
        since[hop.thread_serial] = min(at_ns, since.get(hop.thread_serial, at_ns))
    return list(since.items())


def begin_of(hop: Hop, start_ns: int, end_ns: int) -> int:
    """Return the Unix time of a hop, which lies within its request."""
    return max(start_ns, min(start_ns + hop.at_ns, end_ns))


def moves_of(request: Request) -> list[Hop]:
    """Return the hops that say more than the request itself: it was not there, or not from the beginning."""
    hops = request.hops
    if not hops or not _is_where_it_ran(hops[0], request):
        return hops
    return hops[1:]


def _is_where_it_ran(hop: Hop, request: Request) -> bool:
    return (
        hop.thread_serial == request.thread_serial
        and hop.task_serial == request.task_serial
        and hop.greenlet_serial == request.greenlet_serial
    )
