"""Requests as tasks of one event loop that take turns as a schedule says: they give way only where they await."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Generator, Sequence
from contextvars import Context
from functools import partial
from types import coroutine
from typing import Any
from weakref import WeakKeyDictionary

from reqtrace.prove.interleaving import turns
from reqtrace.prove.interleaving.code import frame_record, is_looked_into
from reqtrace.prove.schedule import Seen, Segment
from reqtrace.records import Frame

_PATIENCE_SECONDS = 0.1
"""How long a request may await without a step until it is taken to wait for another."""
_POLL_SECONDS = 0.01

Ask = Callable[[], Coroutine[Any, Any, Seen]]


class Turns(turns.Turns):
    """Lets one of several requests go on at a time, with all tasks that belong to it."""

    def __init__(self, segments: Sequence[Segment], count: int, prefixes: tuple[str, ...]) -> None:
        """Follow `segments`; a request may stop each time it would go on behind an await.

        Files that begin with one of `prefixes` are not named as the place where it stands.
        """
        super().__init__(segments, count)
        self._prefixes = prefixes
        self._waiting: list[list[asyncio.Future[None]]] = [[] for _ in range(count)]
        self._owners: WeakKeyDictionary[asyncio.Task[Any], int] = WeakKeyDictionary()

    async def run(self, asks: Sequence[Ask]) -> list[Seen]:
        """Run all to their ends and return what each saw."""
        loop = asyncio.get_running_loop()
        before = loop.get_task_factory()
        loop.set_task_factory(self._make)
        try:
            tasks = []
            for place, ask in enumerate(asks):
                task: asyncio.Task[Seen] = asyncio.Task(self._whole(place, ask()), loop=loop, context=Context())
                self._owners[task] = place
                tasks.append(task)
            self._next()
            watch = asyncio.Task(self._watch(), loop=loop)
            seen = await asyncio.gather(*tasks)
            watch.cancel()
        finally:
            loop.set_task_factory(before)
        return seen

    def _make(self, loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> Any:
        """Make a task that belongs to the request whose task makes it; all others are none of our business."""
        try:
            current = asyncio.current_task(loop)
        except RuntimeError:
            current = None
        owner = self._owners.get(current) if current is not None else None
        if owner is None:
            return asyncio.Task(coro, loop=loop, **options)
        task: asyncio.Task[Any] = asyncio.Task(self._stepwise(owner, coro), loop=loop, **options)
        self._owners[task] = owner
        return task

    async def _whole(self, place: int, coro: Coroutine[Any, Any, Seen]) -> Seen:
        try:
            seen: Seen = await self._steps_of(place, coro)
            return seen
        finally:
            self._end(place)
            self._wake(place)  # what it has left running goes on whenever it can

    async def _stepwise(self, place: int, coro: Any) -> Any:
        return await self._steps_of(place, coro)

    @coroutine
    def _steps_of(self, place: int, coro: Any) -> Generator[Any, Any, Any]:
        value: Any = None
        error: BaseException | None = None
        while True:
            error = yield from self._turn_of(place, error)
            try:
                awaited = coro.send(value) if error is None else coro.throw(error)
            except StopIteration as stop:
                return stop.value
            self._steps += 1
            value, error = None, None
            try:
                value = yield awaited
            except BaseException as raised:
                error = raised
            self._stops_here(place, partial(_innermost, coro, self._prefixes))

    def _turn_of(self, place: int, error: BaseException | None) -> Generator[Any, Any, BaseException | None]:
        """Wait until it is this request's turn; what is thrown in meanwhile is for its own code."""
        while self.holder != place and not self._ended[place]:
            turn = asyncio.get_running_loop().create_future()
            self._waiting[place].append(turn)
            try:
                yield from turn
            except BaseException as raised:
                error = raised
        return error

    def _wake(self, place: int) -> None:
        for turn in self._waiting[place]:
            if not turn.done():
                turn.set_result(None)
        self._waiting[place].clear()

    async def _watch(self) -> None:
        """Where the one whose turn it is awaits another, let that one go on until it ends or awaits in turn."""
        steps, since = -1, time.monotonic()
        while True:
            await asyncio.sleep(_POLL_SECONDS)
            if self._steps != steps or not turns.all_others_sleep():
                steps, since = self._steps, time.monotonic()
            elif time.monotonic() - since > _PATIENCE_SECONDS:
                self._let_another()
                since = time.monotonic()


def _innermost(coro: Any, prefixes: tuple[str, ...]) -> Frame | None:
    """Return where a coroutine stands: the frame of the project's that is furthest in, as far as that can be told."""
    frame = None
    while coro is not None:
        own = getattr(coro, "cr_frame", None) or getattr(coro, "gi_frame", None)
        if own is not None and is_looked_into(own.f_code.co_filename, prefixes):
            frame = own
        coro = getattr(coro, "cr_await", None) or getattr(coro, "gi_yieldfrom", None)
    return frame_record(frame) if frame is not None else None
