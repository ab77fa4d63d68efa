"""The socket of the live page: who may listen, and one loop that tells them what is new."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any
from urllib.parse import parse_qs

import msgspec

from reqtrace.exceptions import StoreError

from . import feed
from .door.visitor import Scope, is_same_origin, may_see
from .protocol import Denied, Seen
from .subscription import Start, Subscription

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

ACCESS_SECONDS = 3.0
"""How old an answer about access may be; nothing is sent on an older one."""
STALLED_SECONDS = 60.0
"""How long a browser may leave what it was sent unseen before its socket is closed, and its memory is ours again."""
RETRY_SECONDS = 0.5

DENIED_CODE = 4403
STALLED_CODE = 4408

_seen = msgspec.json.Decoder(Seen)


async def live(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve the WebSocket of the page; ``?after=<position>`` resumes.

    Its messages are the page's own and change with it: programs read the API.
    """
    await receive()
    if not is_same_origin(scope):
        await send({"type": "websocket.close"})
        return
    if not await may_see(scope):
        await _hide(scope, send)
        return
    await send({"type": "websocket.accept"})
    with feed.running().subscribe() as subscription:
        listening = asyncio.create_task(_listen(receive, subscription))
        telling = asyncio.create_task(_tell(scope, send, subscription))
        try:
            await asyncio.wait((listening, telling), return_when=asyncio.FIRST_COMPLETED)
        finally:
            listening.cancel()
            telling.cancel()
            await asyncio.gather(listening, telling, return_exceptions=True)
    if not telling.cancelled() and not isinstance(telling.exception(), OSError):  # that is a browser that has gone
        telling.result()


async def _hide(scope: Scope, send: Send) -> None:
    """Answer as if nothing stood here; a server that lets no application choose the status, as Daphne, says 403."""
    if "websocket.http.response" in (scope.get("extensions") or {}):
        await send({"type": "websocket.http.response.start", "status": 404, "headers": []})
        await send({"type": "websocket.http.response.body", "body": b""})
    else:
        await send({"type": "websocket.close"})


async def _listen(receive: Receive, subscription: Subscription) -> None:
    while (message := await receive())["type"] != "websocket.disconnect":
        try:
            subscription.seen(_seen.decode(message.get("text") or message.get("bytes") or b"").position)
        except msgspec.MsgspecError:
            continue  # what a browser says besides concerns nobody


async def _tell(scope: Scope, send: Send, subscription: Subscription) -> None:
    after = _known_position(scope)
    checked = stalled = time.monotonic()
    while True:
        is_ready = await subscription.ready(ACCESS_SECONDS)
        now = time.monotonic()
        if now - checked >= ACCESS_SECONDS:
            if not await may_see(scope):
                denied = Denied(message="Your access to this page has ended. Sign in again to go on.")
                await send({"type": "websocket.send", "text": msgspec.json.encode(denied).decode()})
                await send({"type": "websocket.close", "code": DENIED_CODE})
                return
            checked = time.monotonic()
        if is_ready:
            stalled = now
            message = subscription.take()
            if isinstance(message, Start):
                if await _greet(message, after, send, subscription):
                    after = None
            else:
                await send({"type": "websocket.send", "text": message})
        elif subscription.stalled and now - stalled >= STALLED_SECONDS:
            await send({"type": "websocket.close", "code": STALLED_CODE})
            return


async def _greet(start: Start, after: int | None, send: Send, subscription: Subscription) -> bool:
    try:
        async with aclosing(feed.running().greeting(start.position, after)) as greeting:
            async for text in greeting:
                await send({"type": "websocket.send", "text": text})
    except StoreError:
        subscription.postpone(start)
        await asyncio.sleep(RETRY_SECONDS)
        return False
    return True


def _known_position(scope: Scope) -> int | None:
    given = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("after", [""])[0]
    return int(given) if given.isascii() and given.isdigit() and len(given) < 20 else None
