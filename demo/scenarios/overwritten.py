"""A thread-local that others overwrite.

Under uvicorn all async code runs on one thread, and whenever one request waits, others get their turn. A thread-local
set by an async middleware then holds whoever came last: alice asks for her orders, bob's request arrives while hers
waits for the database, and hers goes on with bob's name.

Clearing it in a finally block does not help here, as nothing was left over: the thread is shared in the middle of the
request. A context variable is not: each request has a context of its own.
"""

import threading
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse

from demo.scenarios.base import Scenario, Way
from demo.scenarios.overlapping import AsyncMiddleware, page_by
from demo.scenarios.visit import Visit

held = threading.local()
current: ContextVar[HttpRequest] = ContextVar("current")


class KeepsInThreadLocal(AsyncMiddleware):
    """Keeps the current request in a thread-local."""

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        """Set the thread-local: for this request, and for all that are under way on the thread."""
        held.request = request
        return await self.get_response(request)


class KeepsInContextVar(AsyncMiddleware):
    """Keeps the current request in a context variable."""

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        """Set the context variable, and reset it whatever happens."""
        token = current.set(request)
        try:
            return await self.get_response(request)
        finally:
            current.reset(token)


def traffic(visit: Visit) -> None:
    """Let alice and bob ask for their orders at the same time."""
    visit.at_once(visit.person("alice"), visit.person("bob"))


scenario = Scenario(
    module=__name__,
    doc=__doc__,
    server="uvicorn",
    kind="crossed",
    broken=Way(
        pages={"": page_by(lambda: held.request, "The orders of {}.")},
        middleware=(KeepsInThreadLocal,),
        code=(KeepsInThreadLocal,),
        tidy=lambda: vars(held).clear(),
    ),
    mended=Way(
        pages={"": page_by(current.get, "The orders of {}.")},
        middleware=(KeepsInContextVar,),
        code=(KeepsInContextVar,),
    ),
    traffic=traffic,
    code=(page_by,),
)
