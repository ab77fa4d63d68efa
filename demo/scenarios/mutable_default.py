"""A list in a context variable.

A context variable keeps requests apart, but not what it holds. The stack of current requests is a list, given as the
variable's default: one list for the whole process, into which everybody appends. While alice and bob are both being
served, the last on it is current for both.

Replaced by a new tuple instead of changed in place, the stack is each request's own.
"""

from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse

from demo.scenarios.base import Scenario, Way
from demo.scenarios.overlapping import AsyncMiddleware, page_by
from demo.scenarios.visit import Visit

shared_stack: ContextVar[list[HttpRequest]] = ContextVar("shared_stack", default=[])  # noqa: B039  the fault to be seen
own_stack: ContextVar[tuple[HttpRequest, ...]] = ContextVar("own_stack", default=())


class AppendsToTheList(AsyncMiddleware):
    """Puts the request on the stack, and takes it off."""

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        """Change the list: ``shared_stack = ContextVar("shared_stack", default=[])``."""
        shared_stack.get().append(request)
        try:
            return await self.get_response(request)
        finally:
            shared_stack.get().pop()


class SetsANewTuple(AsyncMiddleware):
    """Puts the request on the stack, and takes it off."""

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        """Set a new tuple: ``own_stack = ContextVar("own_stack", default=())``."""
        token = own_stack.set((*own_stack.get(), request))
        try:
            return await self.get_response(request)
        finally:
            own_stack.reset(token)


def traffic(visit: Visit) -> None:
    """Let alice and bob be served at the same time."""
    visit.at_once(visit.person("alice"), visit.person("bob"))


scenario = Scenario(
    module=__name__,
    doc=__doc__,
    server="uvicorn",
    kind="crossed",
    broken=Way(
        pages={"": page_by(lambda: shared_stack.get()[-1], "Your parcel goes to {}.")},
        middleware=(AppendsToTheList,),
        code=(AppendsToTheList,),
    ),
    mended=Way(
        pages={"": page_by(lambda: own_stack.get()[-1], "Your parcel goes to {}.")},
        middleware=(SetsANewTuple,),
        code=(SetsANewTuple,),
    ),
    traffic=traffic,
    code=(page_by,),
)
