"""Below the middleware: WebSocket connections, and contexts that a server hands down dirty."""

from collections.abc import Awaitable, Callable

from reqtrace.capture import birth, lifecycle
from reqtrace.capture.carrying import enter, leave, prefixes
from reqtrace.capture.recorder import BIRTHPLACE, Recorder
from reqtrace.capture.sockets import Connection, Receive, Scope, Send, Socket
from reqtrace.execution import exclusions

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
        if not recorder.is_prepared:  # sockets came before any request had Django load its middleware
            recorder.prepare()
        connection = Connection(scope)
        opened = recorder.begin(connection)
        if opened is None:
            await self.application(scope, receive, send)
            return
        opened.protocol, opened.is_plain = "websocket", False
        socket = Socket(recorder, opened)
        way = enter(opened)
        try:
            await self.application(scope, socket.receiving(receive), socket.sending(send))
        except BaseException as error:
            socket.ended(error)
            raise
        finally:
            socket.ended()
            leave(way)
            recorder.finish(opened)
