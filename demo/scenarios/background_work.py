"""Background work that outlives its request.

A worker for receipts is started when the first of them is needed, by alice's request. It runs on after her request is
over, and with it her context, of which a task takes a copy as it begins. When bob orders something hours later, the
worker writes his receipt in her name.

Started in a context of its own, the worker is nobody's; and each job says for whom it is.
"""

import asyncio
from contextvars import Context, ContextVar
from typing import Any

from django.http import HttpRequest, HttpResponse

import reqtrace
from demo.scenarios.base import Scenario, Way
from demo.scenarios.overlapping import AsyncMiddleware
from demo.scenarios.visit import Visit

acting: ContextVar[Any] = ContextVar("acting")


class KnowsWhoActs(AsyncMiddleware):
    """Keeps the current user in a context variable, and resets it: there is nothing wrong with that."""

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        """Set the context variable for the length of the request."""
        token = acting.set(await request.auser())
        try:
            return await self.get_response(request)
        finally:
            acting.reset(token)


class HeirOfItsRequest:
    """Writes receipts, as whoever started it."""

    def start(self) -> None:
        """Start the worker; its task takes a copy of this request's context."""
        self.jobs: asyncio.Queue[asyncio.Future[str]] = asyncio.Queue()
        self.task = asyncio.create_task(self.work())

    async def receipt(self) -> str:
        """Have a receipt written."""
        done = asyncio.get_running_loop().create_future()
        await self.jobs.put(done)
        return await done

    async def work(self) -> None:
        """Write receipts, one after another, without end."""
        while True:
            done = await self.jobs.get()
            reqtrace.checkpoint("receipt")
            done.set_result(f"Receipt for {acting.get().get_username()}.")


class OnItsOwn(HeirOfItsRequest):
    """Writes receipts for whom they are."""

    def start(self) -> None:
        """Start the worker in an empty context."""
        self.orders: asyncio.Queue[tuple[str, asyncio.Future[str]]] = asyncio.Queue()
        self.task = asyncio.create_task(self.work(), context=Context())

    async def receipt(self) -> str:
        """Have a receipt written, and say for whom."""
        done = asyncio.get_running_loop().create_future()
        await self.orders.put((acting.get().get_username(), done))
        return await done

    async def work(self) -> None:
        """Write receipts, one after another, without end."""
        while True:
            name, done = await self.orders.get()
            reqtrace.checkpoint("receipt")
            done.set_result(f"Receipt for {name}.")


def pages_of(worker: HeirOfItsRequest) -> dict[str, Any]:
    """Return the views of a shop whose receipts `worker` writes."""

    async def first_order(request: HttpRequest) -> HttpResponse:
        worker.start()
        return HttpResponse(await worker.receipt())

    async def order(request: HttpRequest) -> HttpResponse:
        return HttpResponse(await worker.receipt())

    return {"first/": first_order, "": order}


def traffic(visit: Visit) -> None:
    """Let alice be the first to order something; then bob does."""
    visit.opens(visit.person("alice"), "first/")
    visit.opens(visit.person("bob"))


scenario = Scenario(
    module=__name__,
    doc=__doc__,
    server="uvicorn",
    kind="outlived",
    broken=Way(pages=pages_of(HeirOfItsRequest()), middleware=(KnowsWhoActs,), code=(HeirOfItsRequest,)),
    mended=Way(pages=pages_of(OnItsOwn()), middleware=(KnowsWhoActs,), code=(OnItsOwn,)),
    traffic=traffic,
    code=(KnowsWhoActs, pages_of),
    proof=("{way}first/", "{way}"),
)
