"""Where requests meet, so that they are in flight at the same time for certain and not by luck."""

import asyncio
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

PATIENCE_SECONDS = 10
"""How long one waits for the others."""

_barriers: dict[str, Any] = {}


def meet(query: Mapping[str, Any]) -> None:
    """Wait, on a thread, until as many requests of one wave are here as its ``of`` says; alone, do not wait.

    Raises:
        threading.BrokenBarrierError: when the others did not come.

    """
    wave, of = query.get("wave"), int(query.get("of", 1))
    if wave is None:
        return
    try:
        _barriers.setdefault(wave, threading.Barrier(of)).wait(PATIENCE_SECONDS)
    finally:
        _barriers.pop(wave, None)


@asynccontextmanager
async def together(query: Mapping[str, Any]) -> AsyncIterator[None]:
    """Wait likewise on an event loop, and leave together, too.

    Raises:
        TimeoutError: when the others did not come.

    """
    wave, of = query.get("wave", ""), int(query.get("of", 1))
    barrier = _barriers.setdefault(wave, asyncio.Barrier(of)) if wave else asyncio.Barrier(1)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await barrier.wait()
        yield
        async with asyncio.timeout(PATIENCE_SECONDS):
            await barrier.wait()
    finally:
        _barriers.pop(wave, None)
