"""A context that another request has used before.

An ASGI middleware around Django looks the user up once, and remembers who it is in a context variable: each request has
a context of its own, which uvicorn mostly sees to. But when requests of a connection come without waiting for each
other's answers, as from a proxy in front, each begins in the context of the one before. So does, on asyncio's loop, all
that follows a body of more than 64 KiB, which is still coming in when the variable is set. bob's requests find alice
remembered, once of each kind.

Django reads the body before its middleware runs: what is set in there, and reset at the end, is gone in both cases.
uvicorn --reset-contextvars, too, gives each request an empty context.
"""

from contextvars import ContextVar
from importlib import import_module
from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.contrib.auth import aget_user
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, parse_cookie

from demo.scenarios.base import Scenario, Way
from demo.scenarios.overlapping import AsyncMiddleware
from demo.scenarios.visit import Visit

LARGE = 256 * 1024
"""Bytes: several times as many as uvicorn reads ahead."""

remembered: ContextVar[Any] = ContextVar("remembered", default=None)


class RemembersAroundDjango:
    """Remembers who asks, around all of Django."""

    def __init__(self, application: Any) -> None:
        """Wrap an ASGI application."""
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Look the user up, once for each request."""
        if remembered.get() is None:
            remembered.set(await who_asks(scope))
        await self.application(scope, receive, send)


class RemembersInDjango(AsyncMiddleware):
    """Remembers who asks, for as long as Django is at it."""

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        """Set the variable, whatever it held, and reset it whatever happens."""
        token = remembered.set(await request.auser())
        try:
            return await self.get_response(request)
        finally:
            remembered.reset(token)


async def who_asks(scope: Any) -> Any:
    """Return the user whose session cookie came with a request."""
    cookies = parse_cookie(dict(scope["headers"]).get(b"cookie", b"").decode())
    session = import_module(settings.SESSION_ENGINE).SessionStore(cookies.get(settings.SESSION_COOKIE_NAME))
    return await aget_user(SimpleNamespace(session=session))


@login_required
async def profile(request: HttpRequest) -> HttpResponse:
    """Say whose profile this is; a picture may be sent to it."""
    return HttpResponse(f"The profile of {remembered.get().get_username()}.")


@login_required
async def basket(request: HttpRequest) -> HttpResponse:
    """Say whose basket this is."""
    return HttpResponse(f"The basket of {remembered.get().get_username()}.")


def traffic(visit: Visit) -> None:
    """Send alice's and bob's requests over one connection: without waiting, then behind a large picture of alice's."""
    alice, bob = visit.person("alice"), visit.person("bob")
    visit.without_waiting(alice, bob)
    visit.behind_an_upload(alice, LARGE, bob, "basket/")


PAGES = {"": profile, "basket/": basket}
scenario = Scenario(
    module=__name__,
    doc=__doc__,
    server="uvicorn",
    kind="context-crossed",
    broken=Way(pages=PAGES, around=RemembersAroundDjango, code=(RemembersAroundDjango,)),
    mended=Way(pages=PAGES, middleware=(RemembersInDjango,), code=(RemembersInDjango,)),
    traffic=traffic,
    code=(who_asks, profile, basket),
)
