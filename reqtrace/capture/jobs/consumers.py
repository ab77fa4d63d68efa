"""Channels: where a connection's scope is handed down, and where its consumer handles a message.

`URLRouter` and `AsyncConsumer` are ASGI applications, and called as such; `dispatch` is how a consumer handles a
message, on the thread on which its own code runs.
"""

from collections.abc import Callable
from functools import wraps
from types import ModuleType
from typing import Any

from reqtrace.capture import lifecycle
from reqtrace.capture.carrying import current
from reqtrace.capture.jobs.base import Plug
from reqtrace.capture.sockets import Connection, handled, handling, note
from reqtrace.watching.live import OpenRequest, Target

_HANDLERS = ("receive_json", "receive", "websocket_receive", "websocket_connect")


class Consumers(Plug):
    """Follows the connections that `TraceASGI` has opened into Channels' consumers."""

    modules = ("channels.routing", "channels.consumer")

    def join(self, module: ModuleType) -> None:
        """Wrap what takes a scope, and what handles a message."""
        if module.__name__ == "channels.routing":
            module.URLRouter.__call__ = _handing_down(module.URLRouter.__call__)
            return
        asynchronous, synchronous = module.AsyncConsumer, module.SyncConsumer
        asynchronous.__call__ = _handing_down(asynchronous.__call__)
        asynchronous.dispatch = _handling_async(asynchronous.dispatch)
        on_thread = vars(synchronous)["dispatch"]
        synchronous.dispatch = type(on_thread)(_handling(on_thread.func))


def _handing_down(call: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(call)
    async def handing_down(application: Any, scope: Any, receive: Any, send: Any) -> Any:
        opened = _socket()
        if opened is not None:
            try:
                _take(opened.request, application, scope)
            except Exception as error:
                lifecycle.recorder().faults.note("the scope of a connection", error)
        return await call(application, scope, receive, send)

    return handing_down


def _take(connection: Connection, application: Any, scope: Any) -> None:
    connection.hand_down(scope)
    class_ = type(application)
    if hasattr(class_, "dispatch"):
        handler = next((getattr(class_, name) for name in _HANDLERS if hasattr(class_, name)), None)
        connection.resolver_match = Target("", f"{class_.__module__}.{class_.__qualname__}", handler)
        connection.has_consumer = True


def _handling_async(dispatch: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(dispatch)
    async def handling(consumer: Any, message: Any) -> Any:
        opened = _socket()
        _begins(opened, message)
        try:
            return await dispatch(consumer, message)
        finally:
            _ends(opened, message)

    return handling


def _handling(dispatch: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(dispatch)
    def handling(consumer: Any, message: Any) -> Any:
        opened = _socket()
        _begins(opened, message)
        try:
            return dispatch(consumer, message)
        finally:
            _ends(opened, message)

    return handling


def _socket() -> OpenRequest | None:
    opened = current()
    is_ours = opened is not None and not opened.ended_ns and isinstance(opened.request, Connection)
    return opened if is_ours else None


def _begins(opened: OpenRequest | None, message: Any) -> None:
    try:
        if opened is not None:
            handling(lifecycle.recorder(), opened)
            if not str(message["type"]).startswith("websocket."):  # those came in by `receive`
                note(opened, "receive", message)
    except Exception as error:
        lifecycle.recorder().faults.note("a message to a group", error)


def _ends(opened: OpenRequest | None, message: Any) -> None:
    """Look at the holders now: what stood there before, the handler may not have wanted to know."""
    if opened is None or opened.request is None:
        return
    recorder = lifecycle.recorder()
    try:
        handled(recorder, opened, str(message["type"]))
    except Exception as error:
        recorder.faults.note("checkpoint 'receive'", error)
