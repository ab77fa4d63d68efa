"""A barrier that works everywhere: threads, greenlets however late they were patched, and tasks of an event loop."""

import asyncio
import os
import time
from collections import OrderedDict

PATIENCE_SECONDS = 3.0
"""How long one waits for the others: where a server runs them one after another, they never come."""
_POLL_SECONDS = 0.001
_REMEMBERED = 64

_arrived: OrderedDict[str, set[str]] = OrderedDict()


def wait(name: str, who: str, of: int) -> None:
    """Wait until `of` have arrived at the gate `name`."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not _all_are_here(name, who, of) and time.monotonic() < deadline:
        _pause()


async def await_all(name: str, who: str, of: int) -> None:
    """Wait likewise, on an event loop."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not _all_are_here(name, who, of) and time.monotonic() < deadline:  # noqa: ASYNC110  an event belongs to one loop, and here each greenlet has one
        await asyncio.sleep(_POLL_SECONDS)


def pass_by(name: str, who: str) -> None:
    """Count as arrived without waiting: who failed before keeps nobody waiting."""
    _all_are_here(name, who, 0)


def _all_are_here(name: str, who: str, of: int) -> bool:
    # No lock and no event: those made before gevent patched would stop all greenlets of the thread.
    arrived = _arrived.setdefault(name, set())
    arrived.add(who)
    while len(_arrived) > _REMEMBERED:
        _arrived.popitem(last=False)
    return len(arrived) >= of


def _pause() -> None:
    if os.environ.get("LAB_PAUSE") == "gevent":  # greenlets with nothing patched: only gevent's own functions switch
        import gevent

        gevent.sleep(_POLL_SECONDS)
    else:
        time.sleep(_POLL_SECONDS)
