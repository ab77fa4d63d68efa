"""What one browser has still to be told: a bounded backlog that loses in one piece and says so."""

import asyncio
from collections import deque
from sys import getsizeof

import msgspec

from .protocol import WINDOW, Missed

BACKLOG_BYTES = 8 * 1024 * 1024
"""How much may wait for one browser; all browsers wait for the same texts, so this is not spent once for each."""


class Chunk(msgspec.Struct, frozen=True):
    """A `Batch`, encoded once for everybody, and what a browser that loses it must be told."""

    after: int
    until: int
    requests: int
    text: str

    @property
    def size(self) -> int:
        """How many bytes of memory the text takes: up to four for a character."""
        return getsizeof(self.text)


class Start(msgspec.Struct, frozen=True):
    """The order to say `Hello` with the state as of a position; whatever the backlog holds comes after it."""

    position: int


class Subscription:
    """One browser's share of the feed. Lives on one event loop; nothing here waits but `ready`."""

    def __init__(self, backlog_bytes: int = BACKLOG_BYTES) -> None:
        """Hold at most `backlog_bytes` of what is not sent."""
        self._backlog_bytes = backlog_bytes
        self._backlog: deque[Chunk] = deque()
        self._waiting_bytes = 0
        self._missed: Missed | None = None
        self._status: str | None = None
        self._start: Start | None = None
        self._unseen: deque[int] = deque()
        self._changed = asyncio.Event()

    def start(self, position: int) -> None:
        """Begin, or begin afresh, from a position: what waited is of no use any more."""
        self._backlog.clear()
        self._waiting_bytes = 0
        self._missed = None
        self._unseen.clear()
        self._start = Start(position)
        self._changed.set()

    def postpone(self, start: Start) -> None:
        """Take back an order that could not be carried out, unless a newer one has come."""
        if self._start is None:
            self._unseen.clear()
            self._start = start
            self._changed.set()

    def offer(self, chunk: Chunk) -> None:
        """Add a batch; if too much waits already, all of that is lost in one piece, and the newest goes on."""
        if self._waiting_bytes + chunk.size > self._backlog_bytes:
            self._lose_backlog()
        self._backlog.append(chunk)
        self._waiting_bytes += chunk.size
        self._changed.set()

    def offer_status(self, text: str) -> None:
        """Tell the health next; only the newest counts."""
        self._status = text
        self._changed.set()

    def seen(self, position: int) -> None:
        """Take note of how far the browser is."""
        while self._unseen and self._unseen[0] <= position:
            self._unseen.popleft()
        self._changed.set()

    @property
    def stalled(self) -> bool:
        """Whether the browser has been sent as much as it may have without saying that it saw it."""
        return len(self._unseen) >= WINDOW

    async def ready(self, seconds: float) -> bool:
        """Wait until there is something to send and the browser may have it, but not longer than `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                while self.stalled or not (self._status or self._start or self._missed or self._backlog):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True

    def take(self) -> str | Start:
        """Return what to send next; call it only when `ready` said so."""
        if self._status is not None:
            status, self._status = self._status, None
            return status
        if self._start is not None:
            start, self._start = self._start, None
            self._unseen.append(start.position)
            return start
        if self._missed is not None:
            missed, self._missed = self._missed, None
            return msgspec.json.encode(missed).decode()
        chunk = self._backlog.popleft()
        self._waiting_bytes -= chunk.size
        self._unseen.append(chunk.until)
        return chunk.text

    def _lose_backlog(self) -> None:
        if not self._backlog:
            return
        known = self._missed
        self._missed = Missed(
            after=known.after if known else self._backlog[0].after,
            until=self._backlog[-1].until,
            requests=(known.requests if known else 0) + sum(chunk.requests for chunk in self._backlog),
        )
        self._backlog.clear()
        self._waiting_bytes = 0
