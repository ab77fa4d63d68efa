"""What applications may call: the current request's record, checkpoints of their own, getters to be watched."""

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from asgiref.sync import iscoroutinefunction

from reqtrace.capture import carrying, lifecycle
from reqtrace.capture.jobs.acting import acting_for
from reqtrace.records import Request
from reqtrace.watching.holders.calls import ORIGINAL, CallableHolder

__all__ = ["acting_for", "checkpoint", "current", "watch"]

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def current() -> Request | None:
    """Return the record of the request that this code runs for, as it stands now; None outside of requests."""
    opened = carrying.current()
    return None if opened is None else lifecycle.recorder().ledger.request_so_far(opened)


def checkpoint(name: str) -> None:
    """Examine identity here and now, under a name of the application's own; outside of requests, do nothing.

    Raises:
        ValueError: when `name` is empty.

    """
    if not name:
        raise ValueError("reqtrace.checkpoint() takes a name, such as 'charge-card'; it was empty.")
    opened = carrying.current()
    if opened is not None:
        lifecycle.recorder().checkpoint(opened, name)


def watch(getter: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Make every call of a function such as ``get_current_user`` a reading, with the caller's place.

    What the function returns is handed on untouched. A coroutine function stays one::

        @reqtrace.watch
        def get_current_user(): ...
    """
    holder = CallableHolder(f"{getter.__module__}.{getter.__qualname__}", getter)
    if iscoroutinefunction(getter):

        @functools.wraps(getter)
        async def watched_async(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Any:
            value = await getter(*args, **kwargs)
            _read(holder, value)
            return value

        setattr(watched_async, ORIGINAL, getter)
        return watched_async  # type: ignore[return-value]

    @functools.wraps(getter)
    def watched(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        value = getter(*args, **kwargs)
        _read(holder, value)
        return value

    setattr(watched, ORIGINAL, getter)
    return watched


def _read(holder: CallableHolder, value: object) -> None:
    opened = carrying.current()
    if opened is not None:
        lifecycle.recorder().read(opened, holder, value)
