"""Below the middleware: WebSocket connections, and contexts that a server hands down dirty."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from reqtrace.capture import birth, lifecycle
from reqtrace.capture.carrying import enter, leave, prefixes
from reqtrace.capture.recorder import BIRTHPLACE, Recorder
from reqtrace.execution import exclusions

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class TraceASGI:
    """Wraps an ASGI application: ``application = TraceASGI(application)``.

    uvicorn on asyncio hands a keep-alive connection's later requests the context of an earlier one after a body of
    more than 64 KiB (https://github.com/python/cpython/issues/140947), and pipelined requests start within their
    predecessor's. What stands in the context at this point, nothing of the request itself can have put there.
    """

    def __init__(self, application: Application) -> None:
        """Wrap `application`."""
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Look at the context, then let the application answer."""
        kind = scope["type"]
        if kind not in ("http", "websocket"):
            await self.application(scope, receive, send)
            return
        recorder = lifecycle.recorder()
        recorder.is_below_asgi = True
        token = None
        try:
            scope[BIRTHPLACE] = place = birth.look(recorder, scope)
            token = birth.mark(place)
        except Exception as error:
            recorder.faults.note("looking at a context", error)
        try:
            if kind == "websocket" and not scope.get("path", "").startswith(exclusions.prefixes()):
                await self._socket(recorder, scope, receive, send)
            else:
                await self.application(scope, receive, send)
        finally:
            if token is not None:
                prefixes.reset(token)

    async def _socket(self, recorder: Recorder, scope: Scope, receive: Receive, send: Send) -> None:
        connection = Connection(scope)
        opened = recorder.begin(connection)
        if opened is None:
            await self.application(scope, receive, send)
            return
        opened.protocol = "websocket"
        opened.status = 101
        way = enter(opened)

        async def sending(message: Message) -> None:
            if message["type"] == "websocket.close" and opened.status == 101 and not connection.is_accepted:
                opened.status = 403  # ASGI, "Close - send event": closed before it was accepted
            connection.is_accepted = connection.is_accepted or message["type"] == "websocket.accept"
            await send(message)

        try:
            await self.application(scope, receive, sending)
        except BaseException as error:
            recorder.abandon(opened, error)
            raise
        finally:
            leave(way)
            recorder.finish(opened)


class Connection:
    """A WebSocket connection in the shape of the request that it began with, as far as a record needs it."""

    resolver_match = None
    method = "GET"

    def __init__(self, scope: Scope) -> None:
        """Take what is needed from `scope`."""
        self.scope = scope
        self.path: str = scope.get("path", "")
        self.is_accepted = False
        self.META = {
            "HTTP_" + name.decode("latin1").upper().replace("-", "_"): value.decode("latin1")
            for name, value in scope.get("headers", ())
            if name == b"traceparent"
        } | {"QUERY_STRING": scope.get("query_string", b"").decode("latin1")}
        if scope.get("user") is not None:
            self.user = scope["user"]
        if scope.get("session") is not None:
            self.session = scope["session"]
