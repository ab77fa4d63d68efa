"""WebSocket connections: whose they are by now, what goes in and out, and how they ended."""

import sys
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from time import perf_counter_ns
from types import CodeType, FrameType
from typing import Any

from django.utils.functional import LazyObject, empty

from reqtrace.capture.recorder import Recorder
from reqtrace.execution.stacks import is_of_application
from reqtrace.records import Message
from reqtrace.watching.live import OpenRequest, Sighting, Target
from reqtrace.watching.meaning import meaning_of

Scope = MutableMapping[str, Any]
AsgiMessage = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[AsgiMessage]]
Send = Callable[[AsgiMessage], Awaitable[None]]

MESSAGES_KEPT = 100
_OPENING = "websocket.connect"


class Connection:
    """A WebSocket connection in the shape of the request that it began with, as far as a record needs it.

    Whose it is, middleware says in the scope, and Channels' own says it in a copy that nobody outside ever sees. So the
    connection looks into whichever scope was handed down farthest, each time it is asked.
    """

    resolver_match: Any = None
    method = "GET"

    def __init__(self, scope: Scope) -> None:
        """Take what is needed from `scope`."""
        self.scope = scope
        self.path: str = scope.get("path", "")
        self.is_over = self.has_place = self.has_consumer = False
        self.before: dict[str, object] = {}
        """What stood in the holders before the message that is being handled."""
        self.named_by: set[tuple[str, str]] = set()
        """Message type and holder, where handling such a message put this connection's user there."""
        self.META = {
            "HTTP_" + name.decode("latin1").upper().replace("-", "_"): value.decode("latin1")
            for name, value in scope.get("headers", ())
            if name == b"traceparent"
        } | {"QUERY_STRING": scope.get("query_string", b"").decode("latin1")}
        self.look()

    def hand_down(self, scope: Scope) -> None:
        """Look into this scope from now on."""
        self.scope = scope
        self.look()

    def look(self) -> None:
        """Take user and session as they stand there now, evaluating nothing."""
        scope, attributes = self.scope, self.__dict__
        if scope.get("user") is not None:
            attributes["user"] = scope["user"]
        session = scope.get("session")
        if issubclass(type(session), LazyObject):
            session = object.__getattribute__(session, "_wrapped")
        if session is not None and session is not empty:
            attributes["session"] = session


class Socket:
    """Follows one connection."""

    def __init__(self, recorder: Recorder, opened: OpenRequest) -> None:
        """Follow a connection that is about to be answered."""
        self._recorder = recorder
        self._opened = opened
        self._connection: Connection = opened.request
        self._handles: str | None = None
        """The type of the message that the application has taken and not come back from, where it is no consumer."""

    def receiving(self, receive: Receive) -> Receive:
        """See what comes in; an application that asks for the next message has handled the one before."""

        async def received() -> AsgiMessage:
            self._has_handled()
            connection, opened = self._connection, self._opened
            try:
                if connection.resolver_match is None:
                    connection.resolver_match = _asking(sys._getframe(1))
            except Exception as error:
                self._recorder.faults.note("the view of a connection", error)
            message = await receive()
            try:
                note(opened, "receive", message)
                connection.look()
                if message["type"] == "websocket.disconnect":
                    connection.is_over = True
                if not connection.has_consumer:
                    self._handles = str(message["type"])
                    handling(self._recorder, opened)
            except Exception as error:
                self._recorder.faults.note("a message that came in", error)
            return message

        return received

    def sending(self, send: Send) -> Send:
        """See what goes out; each message is a checkpoint."""

        async def sent(message: AsgiMessage) -> None:
            opened, connection = self._opened, self._connection
            try:
                kind = message["type"]
                if kind == "websocket.accept":
                    opened.status = 101
                elif kind == "websocket.close" and opened.status is None:
                    opened.status = 403  # ASGI, "Close - send event": closed before it was accepted
                elif kind == "websocket.http.response.start":
                    opened.status = message["status"]  # ASGI's extension "WebSocket Denial Response"
                connection.look()
                note(opened, "send", message)
                self._recorder.message(opened, "send")
            except Exception as error:
                self._recorder.faults.note("a message that goes out", error)
            await send(message)

        return sent

    def ended(self, error: BaseException | None = None) -> None:
        """Say how it ended, if that is not said yet."""
        self._has_handled()
        opened, connection = self._opened, self._connection
        if opened.outcome is not None:
            return
        if error is not None and not isinstance(error, Exception):
            opened.outcome = "aborted"
        elif error is None and opened.status is None and connection.is_over:
            opened.outcome = "aborted"  # whoever knocked has gone before anybody answered
        elif opened.status is None:
            opened.status = 500  # as servers answer, where an application neither accepts nor refuses
        if error is not None and opened.outcome is None:
            opened.outcome = "error"

    def _has_handled(self) -> None:
        kind, self._handles = self._handles, None
        if kind is None or self._connection.has_consumer:
            return
        try:
            handled(self._recorder, self._opened, kind)
        except Exception as error:
            self._recorder.faults.note("checkpoint 'receive'", error)


def _asking(frame: FrameType | None) -> Target | None:
    """Return the application's own function that asks for a message, from its frame or one within it."""
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if is_of_application(frame.f_code, module):
            return Target("", f"{module}.{frame.f_code.co_qualname}", _Function(frame.f_code))
        frame = frame.f_back
    return None


class _Function:
    """A function of which the code alone is known: enough to say where it stands."""

    def __init__(self, code: CodeType) -> None:
        """Take it."""
        self.__code__ = code


def note(opened: OpenRequest, checkpoint: Any, message: AsgiMessage) -> None:
    """Keep that a message went by; of what it says only how long it is."""
    if opened.messages is None:
        opened.messages = []
    if len(opened.messages) < MESSAGES_KEPT:
        said = message.get("text") or message.get("bytes")
        at_ns = perf_counter_ns() - opened.began_ns
        size = len(said) if isinstance(said, str | bytes) else None
        opened.messages.append(Message(at_ns, checkpoint, str(message["type"]), size))


def handling(recorder: Recorder, opened: OpenRequest) -> None:
    """Remember what stands in the holders before a message is handled, on the thread on which it will be."""
    connection: Connection = opened.request
    opened.is_in_view = True
    for holder in recorder.watch.holders:
        with suppress(Exception):  # counted where it is read afterwards
            connection.before[holder.path] = holder.read()


def handled(recorder: Recorder, opened: OpenRequest, kind: str) -> None:
    """Look at the holders once a message was handled, on the thread on which it was.

    A consumer relies on what stands there if it was set as the connection began, or if messages of this type set it:
    one that sets it for each message leaves it to the next connection's, and that does not matter.
    """
    connection: Connection = opened.request
    connection.look()
    facts = opened.facts
    place = recorder.message(opened, "receive")
    own = opened.whose().id
    for holder in recorder.watch.holders if own is not None else ():
        with suppress(Exception):  # counted where it was read before
            value = holder.read()
            if value is not connection.before.get(holder.path) and meaning_of(value).identity.id == own:
                connection.named_by.add((kind, holder.path))
    connection.before.clear()
    opened.facts = tuple(
        fact
        for fact in opened.facts
        if not isinstance(fact, Sighting)
        or any(fact is known for known in facts)
        or not connection.named_by.isdisjoint({(kind, fact.holder.path), (_OPENING, fact.holder.path)})
    )
    if place is not None and not connection.has_place:
        opened.place, connection.has_place = place, True
    opened.is_in_view = False
