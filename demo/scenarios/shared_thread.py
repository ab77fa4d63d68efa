"""One thread for the sync code of all sockets.

Django gives each HTTP request a thread of its own for its sync code. A WebSocket consumer has no such luck: what it
hands to sync_to_async runs on one thread, for all connections of the process. A thread-local that one call sets for
the next to find is set by everybody else in between.

A ThreadSensitiveContext around the connection gives it a thread of its own, as Django does for requests.
"""

import threading
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.http import QueryDict

import reqtrace
from demo.scenarios.base import Scenario, Way
from demo.scenarios.meeting import together
from demo.scenarios.visit import Visit

held = threading.local()
Send = Callable[[dict[str, Any]], Awaitable[None]]


def remember(user: Any) -> None:
    """Keep the user for later calls."""
    held.user = user


def inbox() -> str:
    """Say whose messages these are."""
    reqtrace.checkpoint("inbox")
    return f"Messages for {held.user.get_username()}."


async def on_the_shared_thread(scope: Any, receive: Any, send: Send) -> None:
    """Answer a connection; its sync code runs where everybody's does."""
    await send({"type": "websocket.accept"})
    await sync_to_async(remember)(scope["user"])
    async with together(QueryDict(scope["query_string"])):  # the other is connected, too
        text = await sync_to_async(inbox)()
    await send({"type": "websocket.send", "text": text})
    await send({"type": "websocket.close"})


async def on_its_own_thread(scope: Any, receive: Any, send: Send) -> None:
    """Answer a connection; its sync code runs on a thread that is this connection's alone."""
    async with ThreadSensitiveContext():
        await on_the_shared_thread(scope, receive, send)


def traffic(visit: Visit) -> None:
    """Let alice and bob be connected at the same time."""
    visit.talk_at_once(visit.person("alice"), visit.person("bob"))


scenario = Scenario(
    module=__name__,
    doc=__doc__,
    server="uvicorn",
    kind="crossed",
    broken=Way(sockets={"": on_the_shared_thread}, code=(on_the_shared_thread,)),
    mended=Way(sockets={"": on_its_own_thread}, code=(on_its_own_thread,)),
    traffic=traffic,
    code=(remember, inbox),
    proof=("WEBSOCKET {way}",),
)
