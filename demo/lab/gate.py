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


def wait(name: str, who: str, of: int, patience: float = PATIENCE_SECONDS) -> None:
    """Wait until `of` have arrived at the gate `name`.

    Nobody goes on at once, not even who arrives last: that one has set the holders last, and would be the first to
    read them.
    """
    if of == 1:
        return
    _arrive(name, who)
    deadline = time.monotonic() + patience
    while True:
        _pause()
        if len(_arrived.get(name, ())) >= of or time.monotonic() > deadline:
            return


async def await_all(name: str, who: str, of: int, patience: float = PATIENCE_SECONDS) -> None:
    """Wait likewise, on an event loop."""
    if of == 1:
        return
    _arrive(name, who)
    deadline = time.monotonic() + patience
    while True:
        await asyncio.sleep(_POLL_SECONDS)
        if len(_arrived.get(name, ())) >= of or time.monotonic() > deadline:
            return


def pass_by(name: str, who: str) -> None:
    """Count as arrived without waiting: who failed before keeps nobody waiting."""
    _arrive(name, who)


def _arrive(name: str, who: str) -> None:
    # No lock and no event: those made before gevent patched would stop all greenlets of the thread.
    _arrived.setdefault(name, set()).add(who)
    while len(_arrived) > _REMEMBERED:
        _arrived.popitem(last=False)


def _pause() -> None:
    if os.environ.get("LAB_PAUSE") == "gevent":  # greenlets with nothing patched: only gevent's own functions switch
        import gevent

        gevent.sleep(_POLL_SECONDS)
    else:
        time.sleep(_POLL_SECONDS)
