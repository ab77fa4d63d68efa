"""Tasks and threads that a request started and that still run, under its identity, when it is over."""

import asyncio
import gc
from collections.abc import Callable, Iterable, Mapping
from contextvars import Context
from time import perf_counter_ns, thread_time_ns
from typing import Any

from reqtrace.execution.stacks import frame_of, stack_of
from reqtrace.execution.weak_map import WeakMap
from reqtrace.records import Frame
from reqtrace.watching.background import given_with, works
from reqtrace.watching.live import OpenRequest, Outliving

AGE_NS = 1_000_000_000
"""How long after the end of its request work may go on without a word."""
_EVERY_NS = 1_000_000_000
_SLICE_NS = 1_000_000
"""So much processor time a look at threads takes; where there are thousands, the next one goes on from there."""
_COST_SHARE = 100
"""A look is followed by none for so many times what it cost."""


class OutlivingSearch:
    """Looks for such work, in the shipper's spare time.

    A task has a context, and so is the request's that stands in there. A thread is the request's whose context or whose
    request object it was given; of one that was given neither, nobody can tell who started it.
    """

    def __init__(
        self,
        current_in: Callable[[Context], OpenRequest | None],
        loops: Callable[[], Iterable[asyncio.AbstractEventLoop]],
        known: WeakMap[OpenRequest],
        in_flight: Mapping[int, OpenRequest],
    ) -> None:
        """Look among the tasks of the event loops that `loops` gives, and all threads.

        Args:
            current_in: gives the request that a context runs for.
            loops: gives the event loops.
            known: request objects.
            in_flight: requests: what their threads do is no work beside one.

        """
        self._current_in = current_in
        self._loops = loops
        self._known = known
        self._in_flight = in_flight
        self._due_ns = 0
        self._next_thread = 0
        """Where to go on: of many threads not all are looked at at once."""

    def search(self, *, age_ns: int = AGE_NS) -> list[OpenRequest]:
        """Note the requests whose work outlives them; return those noted now."""
        now = perf_counter_ns()
        if now < self._due_ns:
            return []
        began_ns = thread_time_ns()
        noted: list[OpenRequest] = []
        for opened, stack, thread in (*self._in_tasks(), *self._in_threads()):
            is_over = opened.ended_ns and now - opened.ended_ns >= age_ns
            # A sync view runs to its end, also when its client has gone. A library's own work, such as that of a
            # connection pool, is started by whoever comes first.
            if not is_over or opened.is_in_view or not stack:
                continue
            if not any(isinstance(fact, Outliving) for fact in opened.facts):
                opened.note(Outliving("close", now - opened.began_ns, opened.place, stack, thread))
                noted.append(opened)
        self._due_ns = now + max(_EVERY_NS, (thread_time_ns() - began_ns) * _COST_SHARE)
        return noted

    def _in_tasks(self) -> Iterable[tuple[OpenRequest, list[Frame], str]]:
        for loop in self._loops():
            for task in _tasks_of(loop):
                opened = self._request_of(task)
                frame = frame_of(task.get_coro())
                if opened is not None and frame is not None:
                    yield opened, [frame], ""

    def _request_of(self, task: asyncio.Task[Any]) -> OpenRequest | None:
        # `Task.get_context` came with Python 3.12; the garbage collector knows what a task refers to in all versions.
        for context in gc.get_referents(task):
            if type(context) is Context:
                return self._current_in(context)
        return None

    def _in_threads(self) -> Iterable[tuple[OpenRequest, list[Frame], str]]:
        busy = {opened.place.thread.ident for opened in list(self._in_flight.values())}
        until_ns = thread_time_ns() + _SLICE_NS
        for number, work in works(self._next_thread, busy):
            for value in given_with(work.given):
                opened = self._current_in(value) if type(value) is Context else self._known.find(value)
                if opened is not None:
                    yield opened, stack_of(work.frame), work.thread.name
            if thread_time_ns() >= until_ns:
                self._next_thread = number + 1
                return
        self._next_thread = 0


def _tasks_of(loop: asyncio.AbstractEventLoop) -> Iterable[asyncio.Task[Any]]:
    try:
        return asyncio.all_tasks(loop)
    except RuntimeError:  # tasks came and went while they were listed: the next time will do
        return ()
