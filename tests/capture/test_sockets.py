"""WebSocket connections below `TraceASGI`, with Channels' own consumers and middleware."""

import asyncio
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.auth import AuthMiddlewareStack, login, logout
from channels.consumer import AsyncConsumer
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer, WebsocketConsumer
from channels.layers import get_channel_layer
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.urls import path

from reqtrace.asgi import TraceASGI
from reqtrace.reading.reader import Reader
from reqtrace.records import Finding
from reqtrace.watching.holders.base import SEEN_SET_IN_VIEW
from tests.conftest import Tracing

pytestmark = pytest.mark.django_db(transaction=True)  # consumers close old connections

Start = Callable[..., Tracing]
held = threading.local()
PEOPLE = {name: User(pk=pk, username=name) for pk, name in ((1, "alice"), (2, "bob"))}
HERE = "tests.capture.test_sockets"


class Shared(WebsocketConsumer):
    """Keeps its user in a thread-local, on the one thread that all synchronous consumers share."""

    def connect(self) -> None:
        """Keep whose connection this is."""
        held.user = self.scope["user"]
        self.accept()

    def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Say whose it is."""
        self.send(text_data=held.user.username)


class Careful(WebsocketConsumer):
    """Sets the thread-local for each message, and so is right on a thread that does one after another."""

    def connect(self) -> None:
        """Let everybody in."""
        self.accept()

    def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Say whose it is."""
        held.user = self.scope["user"]
        self.send(text_data=held.user.username)


class Chat(AsyncWebsocketConsumer):
    """Speaks to a group."""

    async def connect(self) -> None:
        """Join."""
        await self.channel_layer.group_add("room", self.channel_name)
        await self.accept()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Tell all."""
        await self.channel_layer.group_send("room", {"type": "chat.said", "text": text_data})

    async def chat_said(self, event: dict[str, Any]) -> None:
        """Tell this one."""
        await self.send(text_data=event["text"])


class Doorman(AsyncWebsocketConsumer):
    """Lets nobody in."""

    async def connect(self) -> None:
        """Refuse."""
        await self.close()


class Broken(AsyncWebsocketConsumer):
    """Fails at the door."""

    async def connect(self) -> None:
        """Fail."""
        raise ZeroDivisionError


class SignsIn(AsyncWebsocketConsumer):
    """Signs its visitor in, and out."""

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Do as told."""
        if text_data == "out":
            await logout(self.scope)
        else:
            await login(self.scope, await User.objects.aget(username=text_data))
        await self.send(text_data="done")


class Denies(AsyncConsumer):
    """Answers with a response of its own instead of a socket."""

    async def websocket_connect(self, event: dict[str, Any]) -> None:
        """Deny."""
        await self.send({"type": "websocket.http.response.start", "status": 429, "headers": []})
        await self.send({"type": "websocket.http.response.body", "body": b""})

    async def websocket_disconnect(self, event: dict[str, Any]) -> None:
        """Be done."""
        raise StopConsumer


class ByName:
    """Middleware as Channels' own is made: it copies the scope, and sets the user in the copy."""

    def __init__(self, inner: Any) -> None:
        """Wrap what is inside."""
        self.inner = inner

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        """Take the user from the query."""
        name = scope["query_string"].decode()
        session = SessionStore("key-of-" + name) if name else SessionStore()
        return await self.inner(dict(scope, user=PEOPLE.get(name, AnonymousUser()), session=session), receive, send)


ROUTES = [
    path(f"{class_.__name__.lower()}/", class_.as_asgi()) for class_ in (Shared, Careful, Chat, Doorman, Broken, Denies)
]
application = TraceASGI(ProtocolTypeRouter({"websocket": ByName(URLRouter(ROUTES))}))


@pytest.fixture(autouse=True)
async def _channels(settings: Any) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    await sync_to_async(lambda: held.__dict__.clear())()  # on the thread of all consumers


def visit(page: str, name: str = "") -> WebsocketCommunicator:
    return WebsocketCommunicator(application, f"/{page}/?{name}")


def findings(traced: Tracing) -> list[Finding]:
    traced.recorder.shipper.ship()
    return list(Reader(traced.store).findings())


async def test_whose_a_connection_is_stands_in_a_copy_of_the_scope_and_is_known_all_the_same(tracing: Start) -> None:
    traced = tracing()
    socket = visit("careful", "alice")
    assert (await socket.connect())[0]
    await socket.send_to(text_data="hello")
    assert await socket.receive_from() == "alice"
    await socket.disconnect()
    record = traced.request()
    assert (record.protocol, record.status, record.outcome) == ("websocket", 101, "ok")
    assert (record.user.id, record.user.label) == ("1", "alice")
    assert record.session is not None
    assert record.view == f"{HERE}.Careful"


async def test_messages_are_told_by_type_and_length_and_never_by_what_they_say(tracing: Start) -> None:
    traced = tracing()
    socket = visit("careful", "alice")
    await socket.connect()
    await socket.send_to(text_data="secret")
    await socket.receive_from()
    await socket.disconnect()
    messages = [(message.checkpoint, message.type, message.size) for message in traced.request().messages]
    assert messages == [
        ("receive", "websocket.connect", None),
        ("send", "websocket.accept", None),
        ("receive", "websocket.receive", 6),
        ("send", "websocket.send", 5),
        ("receive", "websocket.disconnect", None),
    ]
    times = [message.at_ns for message in traced.request().messages]
    assert times == sorted(times)


async def test_each_message_is_a_checkpoint_on_the_thread_on_which_the_consumer_runs(tracing: Start) -> None:
    traced = tracing()
    socket = visit("careful", "alice")
    await socket.connect()
    await socket.disconnect()
    record = traced.request()
    loop_thread = record.hops[0].thread_serial
    assert record.thread_serial != loop_thread
    assert ("receive", record.thread_serial) in {(hop.checkpoint, hop.thread_serial) for hop in record.hops}


@pytest.mark.parametrize("known", ["declared", "discovered", "declared, and its code read"])
async def test_two_sockets_on_the_one_thread_of_all_consumers_are_crossed(tracing: Start, known: str) -> None:
    traced = tracing(**({"HOLDERS": [f"{HERE}.held.user"]} if known != "discovered" else {}))
    traced.recorder.search_all()  # the code, too: it shows when the holder is set
    if known == "declared, and its code read":  # no middleware sets it: it is set when used, as far as code tells
        traced.recorder.prepare()
        assert [holder.learn(SEEN_SET_IN_VIEW) for holder in traced.recorder.watch.holders if HERE in holder.path]
    alice, bob = visit("shared", "alice"), visit("shared", "bob")
    await alice.connect()
    await bob.connect()
    await alice.send_to(text_data="whose?")
    assert await alice.receive_from() == "bob"
    await alice.disconnect()
    await bob.disconnect()
    crossed = [finding for finding in findings(traced) if finding.kind == "crossed"]
    assert [(one.expected.user.label, one.observed.user.label, one.holder) for one in crossed] == [
        ("alice", "bob", f"{HERE}.held.user")
    ]
    assert crossed[0].checkpoint == "receive"


async def test_a_consumer_that_sets_the_holder_for_each_message_is_clean(tracing: Start) -> None:
    traced = tracing(HOLDERS=[f"{HERE}.held.user"])
    alice, bob = visit("careful", "alice"), visit("careful", "bob")
    await alice.connect()
    await bob.connect()
    for socket, name in ((alice, "alice"), (bob, "bob"), (alice, "alice")):
        await socket.send_to(text_data="whose?")
        assert await socket.receive_from() == name
    await alice.disconnect()
    await bob.disconnect()
    assert [finding for finding in findings(traced) if finding.level == "leak"] == []


async def test_a_message_to_a_group_is_one_of_each_connections(tracing: Start) -> None:
    traced = tracing()
    alice, bob = visit("chat", "alice"), visit("chat", "bob")
    await alice.connect()
    await bob.connect()
    await alice.send_to(text_data="hi")
    assert await alice.receive_from() == await bob.receive_from() == "hi"
    await alice.disconnect()
    await bob.disconnect()
    for record in traced.requests():
        assert ("receive", "chat.said") in {(message.checkpoint, message.type) for message in record.messages}
    assert get_channel_layer() is not None


@pytest.mark.parametrize(
    ("page", "status", "outcome"), [("doorman", 403, "ok"), ("broken", 500, "error"), ("denies", 429, "ok")]
)
async def test_a_refused_connection_has_its_status(tracing: Start, page: str, status: int, outcome: str) -> None:
    traced = tracing()
    socket = visit(page)
    await socket.send_input({"type": "websocket.connect"})
    if page == "broken":
        with pytest.raises(ZeroDivisionError):
            await socket.receive_output()
    else:
        await socket.receive_output()
        await socket.disconnect()
    record = traced.request()
    assert (record.status, record.outcome) == (status, outcome)
    assert record.view == f"{HERE}.{page.title()}"


async def test_one_that_nobody_answered_before_it_went_is_aborted(tracing: Start) -> None:
    traced = tracing()

    async def silent(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["type"] != "websocket.disconnect":
            pass

    socket = WebsocketCommunicator(TraceASGI(silent), "/silent/")
    await socket.send_input({"type": "websocket.connect"})
    await socket.disconnect()
    assert (traced.request().status, traced.request().outcome) == (None, "aborted")


async def test_a_plain_application_that_sets_the_scope_itself_is_known_late_too(tracing: Start) -> None:
    traced = tracing()

    async def plain(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        scope["user"] = PEOPLE["bob"]
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close"})

    socket = WebsocketCommunicator(TraceASGI(plain), "/plain/")
    await socket.connect()
    await socket.disconnect()
    assert traced.request().user.label == "bob"


class Own:
    """An application without Channels, that keeps whose connection it is, and answers nothing."""

    def __init__(self, *, sets_each_time: bool) -> None:
        """Set the holder for the connection alone, or for each message."""
        self.sets_each_time = sets_each_time
        self.named: asyncio.Queue[str] = asyncio.Queue()
        """Whom the holder named at each message."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Note for each message who stands in the holder."""
        user = PEOPLE[scope["query_string"].decode()]
        scope["user"] = user
        await receive()
        held.user = user
        await send({"type": "websocket.accept"})
        while (await receive())["type"] == "websocket.receive":
            if self.sets_each_time:
                held.user = user
            await self.named.put(held.user.username)


@pytest.mark.parametrize("sets_each_time", [False, True], ids=["for the connection", "for each message"])
async def test_messages_are_checkpoints_without_channels_too(tracing: Start, sets_each_time: bool) -> None:
    traced = tracing(HOLDERS=[f"{HERE}.held.user"])
    own = Own(sets_each_time=sets_each_time)
    alice, bob = (WebsocketCommunicator(TraceASGI(own), f"/own/?{name}") for name in ("alice", "bob"))
    await alice.connect()
    await bob.connect()
    await alice.send_to(text_data="whose?")
    assert await own.named.get() == ("alice" if sets_each_time else "bob")
    await alice.disconnect()
    await bob.disconnect()
    held.__dict__.clear()
    crossed = [finding for finding in findings(traced) if finding.kind == "crossed"]
    assert [(one.expected.user.label, one.observed.user.label, one.checkpoint) for one in crossed] == (
        [] if sets_each_time else [("alice", "bob", "receive")]
    )
    assert {record.view for record in traced.requests()} == {f"{HERE}.Own.__call__"}
    assert all(frame.function == "Own.__call__" for one in crossed for frame in one.stack[:1])


@pytest.mark.django_db(transaction=True)
async def test_who_signs_in_and_out_while_the_socket_is_open_is_rightly_there(
    tracing: Start, settings: SimpleNamespace
) -> None:
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    await User.objects.acreate_user("carol")
    traced = tracing()
    routes = URLRouter([path("", SignsIn.as_asgi())])
    socket = WebsocketCommunicator(TraceASGI(AuthMiddlewareStack(routes)), "/")
    await socket.connect()
    for told in ("carol", "out"):
        await socket.send_to(text_data=told)
        assert await socket.receive_from() == "done"
    await socket.disconnect()
    record = traced.request()
    assert record.user.label == "carol"
    assert findings(traced) == []
