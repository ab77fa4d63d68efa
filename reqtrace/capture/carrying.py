"""Which request this code runs for: in a context variable, and under ASGI in one that Django has there anyway.

asgiref copies every variable of a context one by one at each hop from thread to thread, and compares it: startproject's
middleware makes thirty hops of a request, and so each further variable takes 600 instructions. But Django keeps each
request's script prefix in an asgiref `Local`, whose data are one such variable. What is put beside the prefix travels
along for nothing, and belongs to its context as what stands in a variable does: the data are never changed, but
exchanged for others.
"""

from contextvars import Context, ContextVar
from typing import Any

from asgiref import local
from django.urls import base

from reqtrace.watching.live import OpenRequest

current_request: ContextVar[OpenRequest | None] = ContextVar("reqtrace.current_request", default=None)
"""Set where a request does not travel beside Django's script prefix; asks `current` who wants to know."""
CARRIED = "_reqtrace_request"
"""The attribute of a request, and the name beside the script prefix, that says what is known of the request."""

_nowhere: ContextVar[Any] = ContextVar("reqtrace.nowhere", default=None)
prefixes: ContextVar[Any] = getattr(getattr(getattr(base, "_prefixes", None), "_storage", None), "_data", _nowhere)


def _storage_class() -> Any:
    """Return how asgiref keeps the data of a `Local` since version 3.12; None for another asgiref, to be left alone."""
    class_: Any = getattr(local, "_Storage", None)
    try:
        made = class_(1, {"value": 2})
        return class_ if (made.thread_id, made.data) == (1, {"value": 2}) else None
    except Exception:
        return None


storage_class = _storage_class()

Way = tuple[Any, dict[str, Any] | None]
"""How to come back to what was current before: what stood there and the data that took its place, or a token and None.
"""


def current() -> OpenRequest | None:
    """Return the request that this code runs for; None outside of requests."""
    opened = current_request.get()
    return _beside_prefix(prefixes.get(None)) if opened is None else opened


def current_in(context: Context) -> OpenRequest | None:
    """Return the request that code in a context runs for."""
    opened = context.get(current_request)
    return _beside_prefix(context.get(prefixes)) if opened is None else opened


def enter(opened: OpenRequest) -> Way:
    """Let a coroutine, and all that it calls or starts from now on, run for a request; return what `leave` takes."""
    storage = prefixes.get(None)
    if type(storage) is not storage_class or current_request.get() is not None:
        return current_request.set(opened), None
    data = {**storage.data, CARRIED: opened}
    prefixes.set(storage_class(storage.thread_id, data))
    return storage, data


def leave(way: Way) -> None:
    """Let the coroutine run for whom it ran before."""
    before, data = way
    if data is None:
        current_request.reset(before)
        return
    storage = prefixes.get(None)
    if storage is None or storage.data is data:
        prefixes.set(before)
    else:  # there is another prefix by now
        data = {**storage.data, CARRIED: before.data.get(CARRIED)}
        prefixes.set(storage_class(storage.thread_id, data))


def _beside_prefix(storage: Any) -> OpenRequest | None:
    return storage.data.get(CARRIED) if type(storage) is storage_class else None
