"""A context that another request has used before.

Each request has a context of its own, so the user is looked up once and remembered in a context variable. uvicorn
mostly sees to that. But when requests of a connection come without waiting for each other's answers, as from a proxy
in front, each begins in the context of the one before; so does all that follows a body of more than 64 KiB on
asyncio's loop. bob's request finds alice remembered.

What is set for a request is reset at its end. uvicorn --reset-contextvars, too, gives each request an empty context.
"""

from contextvars import ContextVar
from typing import Any

from asgiref.sync import markcoroutinefunction
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse

from demo.scenarios.base import Scenario, Way
from demo.scenarios.visit import Visit

remembered: ContextVar[Any] = ContextVar("remembered", default=None)


async def current_user(request: HttpRequest) -> Any:
    """Look the user up, once for each request."""
    user = remembered.get()
    if user is None:
        user = await request.auser()
        remembered.set(user)
    return user


@login_required
async def profile(request: HttpRequest) -> HttpResponse:
    """Say whose page this is."""
    user = await current_user(request)
    return HttpResponse(f"The profile of {user.get_username()}.")


class Forgets:
    """Forgets whom a request has remembered, at its end."""

    async_capable, sync_capable = True, False

    def __init__(self, get_response: Any) -> None:
        """Wrap the next layer."""
        self.get_response = get_response
        markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        """Begin with nobody, and reset the variable whatever happens."""
        token = remembered.set(None)
        try:
            return await self.get_response(request)
        finally:
            remembered.reset(token)


def traffic(visit: Visit) -> None:
    """Send alice's and bob's requests over one connection, one right after the other."""
    visit.over_one_connection(visit.person("alice"), visit.person("bob"))


scenario = Scenario(
    module=__name__,
    doc=__doc__,
    server="uvicorn",
    kind="context-crossed",
    broken=Way(pages={"": profile}, code=(current_user,)),
    mended=Way(pages={"": profile}, middleware=(Forgets,), code=(Forgets,)),
    traffic=traffic,
    code=(profile,),
)
