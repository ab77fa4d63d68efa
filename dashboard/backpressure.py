"""Waiting for a client that is slow to read: Daphne keeps in memory whatever it is given, and does not say so."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager, suppress
from typing import Any

STALLED_SECONDS = 60.0
"""How long a client may leave unread what it was sent before it is given up."""
_SCOPE_KEY = "reqtrace.protocol"


class Throttle:
    """Stands between an application and Twisted's transport, which tells it when to pause; on one event loop."""

    def __init__(self) -> None:
        """Let everything pass."""
        self._may_go_on = asyncio.Event()
        self._may_go_on.set()

    async def ready(self) -> None:
        """Wait until the client has read most of what it was sent.

        Raises:
            TimeoutError: when it has not for too long.

        """
        if not self._may_go_on.is_set():
            await asyncio.wait_for(self._may_go_on.wait(), STALLED_SECONDS)

    def pauseProducing(self) -> None:  # noqa: N802  Twisted's names
        """Note that much waits to be read."""
        self._may_go_on.clear()

    def resumeProducing(self) -> None:  # noqa: N802
        """Note that it has been read."""
        self._may_go_on.set()

    def stopProducing(self) -> None:  # noqa: N802
        """Note that the client has gone: the server ends the application by itself."""
        self._may_go_on.set()


def put(scope: MutableMapping[str, Any], protocol: Any) -> None:
    """Let a request of Daphne's be throttled."""
    scope[_SCOPE_KEY] = protocol


@contextmanager
def of(scope: Mapping[str, Any]) -> Iterator[Callable[[], Awaitable[None]]]:
    """Give what to await between two chunks; with other servers, whose `send` waits by itself, that is nothing."""
    protocol = scope.get(_SCOPE_KEY)
    if protocol is None:
        yield _at_once
        return
    throttle = Throttle()
    protocol.registerProducer(throttle, True)
    try:
        yield throttle.ready
    finally:
        with suppress(AttributeError):  # of a client that has gone
            protocol.unregisterProducer()


async def _at_once() -> None:
    """Go on."""
