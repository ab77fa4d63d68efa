"""Tasks that a request started and that still run, under its identity, when it is over."""

import asyncio
import gc
from collections.abc import Callable, Iterable
from contextvars import Context, ContextVar
from time import perf_counter_ns
from typing import Any

from reqtrace.live import OpenRequest, Outliving
from reqtrace.stacks import frame_of

AGE_NS = 1_000_000_000
"""How long after the end of its request a task may go on without a word."""
_EVERY_NS = 1_000_000_000


class OutlivingSearch:
    """Looks for such tasks, in the shipper's spare time. Threads inherit no context: checkpoints alone see them."""

    def __init__(
        self,
        current_request: ContextVar[OpenRequest | None],
        loops: Callable[[], Iterable[asyncio.AbstractEventLoop]],
    ) -> None:
        """Look among the tasks of the event loops that `loops` gives, for the request in their contexts."""
        self._current_request = current_request
        self._loops = loops
        self._due_ns = 0

    def search(self, *, age_ns: int = AGE_NS) -> list[OpenRequest]:
        """Note the requests whose tasks outlive them; return those noted now."""
        now = perf_counter_ns()
        if now < self._due_ns:
            return []
        self._due_ns = now + _EVERY_NS
        noted: list[OpenRequest] = []
        for loop in self._loops():
            for task in _tasks_of(loop):
                opened = self._request_of(task)
                if opened is None or not opened.ended_ns or now - opened.ended_ns < age_ns:
                    continue
                # A library's own tasks, such as those of a connection pool, are started by whoever comes first.
                frame = frame_of(task.get_coro())
                if frame is not None and not any(isinstance(fact, Outliving) for fact in opened.facts):
                    opened.note(Outliving("close", now - opened.began_ns, opened.place, [frame]))
                    noted.append(opened)
        return noted

    def _request_of(self, task: asyncio.Task[Any]) -> OpenRequest | None:
        # `Task.get_context` came with Python 3.12; the garbage collector knows what a task refers to in all versions.
        for context in gc.get_referents(task):
            if type(context) is Context:
                return context.get(self._current_request)
        return None


def _tasks_of(loop: asyncio.AbstractEventLoop) -> Iterable[asyncio.Task[Any]]:
    try:
        return asyncio.all_tasks(loop)
    except RuntimeError:  # tasks came and went while they were listed: the next time will do
        return ()
