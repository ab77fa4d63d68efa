"""Lanes for a picture of threads: requests that overlap on a thread lie in slots beside one another."""

from bisect import bisect_left, insort

from reqtrace.assembly import Assembled
from reqtrace.records import Hop, Request

Lane = tuple[str, int, int]
"""Process, thread serial, and slot, from 1."""


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


class Lanes:
    """The slots of every thread.

    Whoever draws the same requests twice is given the same lanes twice, and so can count them before.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self.threads: dict[tuple[str, int], Slots] = {}

    def place(self, assembled: Assembled) -> dict[int, Lane]:
        """Return the lane of a request on each thread that it was seen on, by the thread's serial.

        A request is on the thread of its view from its start, on another from when it came there, and until its end
        on all of them: it is in flight there, as the thread's record counts.
        """
        request, until_ns = assembled.request, assembled.until_ns
        since = {request.thread_serial: assembled.start_ns}
        for hop in moves_of(request):
            at_ns = begin_of(hop, assembled)
            since[hop.thread_serial] = min(at_ns, since.get(hop.thread_serial, at_ns))
        lanes = {}
        for serial, start_ns in since.items():
            slots = self.threads.get((request.process, serial))
            if slots is None:
                slots = self.threads[request.process, serial] = Slots()
            lanes[serial] = (request.process, serial, slots.take(start_ns, until_ns))
        return lanes


def begin_of(hop: Hop, assembled: Assembled) -> int:
    """Return the Unix time of a hop, which lies within its request."""
    return max(assembled.start_ns, min(assembled.start_ns + hop.at_ns, assembled.end_ns))


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
