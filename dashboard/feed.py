"""Follows the store and hands what is new to every browser: one reader and one encoding, however many look."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager
from weakref import WeakKeyDictionary

import msgspec

from reqtrace.exceptions import StoreError
from reqtrace.reading.reader import Reader
from reqtrace.stores import registry
from reqtrace.stores.base import Entry, Store

from .protocol import Batch, Health, Hello, Older, Status
from .snapshot import changes_between, older_than, portions, records_of, state_at
from .subscription import Chunk, Subscription

PERIOD_SECONDS = 0.1
SLOWEST_SECONDS = 2.0
"""How seldom a store that does not answer is asked again."""
GREETED_AT_ONCE = 2
"""How many browsers are told the state at a time, each of which takes the memory for it."""
READ_LIMIT = 4_000
"""Entries in one look; when more were written, the next look finds them."""

logger = logging.getLogger("reqtrace.dashboard")


class Tick(msgspec.Struct, frozen=True):
    """What one look at the store brought."""

    position: int
    chunks: tuple[Chunk, ...] = ()
    afresh: bool = False
    """Whether `position` does not continue the one before: the feed has just begun, or the store has."""


class Feed:
    """Tails one store for the browsers of one event loop, as long as there are any."""

    def __init__(self, open_store: Callable[[], Store] = registry.store) -> None:
        """Read from the store that `open_store` gives; it is asked anew for each look, in a worker thread."""
        self._open_store = open_store
        self._subscriptions: set[Subscription] = set()
        self._task: asyncio.Task[None] | None = None
        self._position: int | None = None
        self._reader: Reader | None = None
        self._greeted = asyncio.Semaphore(GREETED_AT_ONCE)
        self.health = Health()

    @contextmanager
    def subscribe(self) -> Iterator[Subscription]:
        """Let one more browser follow; the first starts the feed, the last to leave stops it."""
        subscription = Subscription()
        self._subscriptions.add(subscription)
        if self._task is None:
            self._task = asyncio.create_task(self._follow(), name="reqtrace feed")
        if self.health.store != "ok":
            subscription.offer_status(self._status())
        if self._position is not None:
            subscription.start(self._position)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)
            if not self._subscriptions:
                self._task.cancel()
                self._task = None
                self._position = None
                self.health = Health()

    async def greeting(self, position: int, after: int | None) -> AsyncGenerator[str, None]:
        """Yield the first messages for a browser that follows from `position` on and knows all up to `after`.

        A `Hello`, and what it cannot hold in batches, each made as the one before is sent. Only the last bears
        `position`: a browser that is cut off before it knows no more than it did. Few browsers are greeted at a time.

        Raises:
            StoreError: when the store does not answer.

        """
        async with self._greeted:
            messages = await asyncio.to_thread(self._greeting, position, after)
            while text := await asyncio.to_thread(next, messages, ""):
                yield text

    def _greeting(self, position: int, after: int | None) -> Iterator[str]:
        reader = self._current_reader()
        changes = None if after is None else changes_between(reader, after, position)
        entries = state_at(reader, position) if changes is None else changes
        return self._pieces(reader, position, after, entries, is_resumed=changes is not None)

    def _pieces(
        self, reader: Reader, position: int, after: int | None, entries: list[Entry], *, is_resumed: bool
    ) -> Iterator[str]:
        known = after if after is not None and is_resumed else 0
        now = time.time_ns()
        cut = list(portions(entries))
        for number, portion in enumerate(cut, 1):
            records = records_of(portion, reader)
            until = position if number == len(cut) else known
            if number > 1:
                yield _encode(Batch(server_time_ns=now, position=until, records=records))
                continue
            yield _encode(
                Hello(
                    server_time_ns=now,
                    position=until,
                    resumed=is_resumed,
                    health=msgspec.structs.replace(self.health, corrupt=reader.corrupt),
                    records=records,
                    older=Older() if is_resumed else older_than(entries),
                )
            )

    async def _follow(self) -> None:
        loop = asyncio.get_running_loop()
        delay = PERIOD_SECONDS
        while True:
            due = loop.time() + delay
            try:
                tick = await asyncio.to_thread(self._look, self._position)
            except Exception as error:
                if not isinstance(error, StoreError):
                    logger.exception("Reading the store failed in a way that is not foreseen.")
                delay = min(2 * delay, SLOWEST_SECONDS)
                self._know(Health(store="unreachable", message=str(error), corrupt=self._corrupt))
                due = loop.time() + delay
            else:
                delay = PERIOD_SECONDS
                self._know(Health(corrupt=self._corrupt))
                self._publish(tick)
            await asyncio.sleep(due - loop.time())

    def _look(self, position: int | None) -> Tick:
        reader = self._current_reader()
        if position is None:
            return Tick(reader.store.bounds()[1], afresh=True)
        entries = reader.store.read(position, READ_LIMIT)
        if not entries:
            newest = reader.store.bounds()[1]
            return Tick(newest, afresh=True) if newest < position else Tick(position)
        chunks = []
        for portion in portions(entries):
            records, until = records_of(portion, reader), portion[-1].position
            text = _encode(Batch(server_time_ns=time.time_ns(), position=until, records=records))
            chunks.append(Chunk(after=position, until=until, requests=len(records.requests), text=text))
            position = until
        return Tick(position, tuple(chunks))

    def _current_reader(self) -> Reader:
        """Return one reader as long as the store is the same: it knows which entries it has counted as corrupt."""
        store = self._open_store()
        if self._reader is None or self._reader.store is not store:
            self._reader = Reader(store)
        return self._reader

    @property
    def _corrupt(self) -> int:
        return self._reader.corrupt if self._reader else 0

    def _publish(self, tick: Tick) -> None:
        self._position = tick.position
        for subscription in self._subscriptions:
            if tick.afresh:
                subscription.start(tick.position)
            for chunk in tick.chunks:
                subscription.offer(chunk)

    def _know(self, health: Health) -> None:
        if health != self.health:
            self.health = health
            for subscription in self._subscriptions:
                subscription.offer_status(self._status())

    def _status(self) -> str:
        return _encode(Status(server_time_ns=time.time_ns(), health=self.health))


def _encode(message: Hello | Batch | Status) -> str:
    # What a newer writer adds to a request is handed on without a look at it: it must not be able to stop the feed.
    return msgspec.json.encode(message).decode(errors="replace")


_feeds: WeakKeyDictionary[asyncio.AbstractEventLoop, Feed] = WeakKeyDictionary()


def running() -> Feed:
    """Return the feed of the running event loop: a server has one, tests may have many."""
    return _feeds.setdefault(asyncio.get_running_loop(), Feed())
