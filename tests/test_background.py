"""What goes on after a request: tasks that outlive it, and request objects that stay in memory."""

import asyncio
import gc
from collections.abc import Callable, Iterator
from typing import ClassVar

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from reqtrace.middleware import TraceMiddleware
from reqtrace.reader import Reader
from reqtrace.records import Finding
from tests.conftest import Tracing, close
from tests.test_findings import person

Start = Callable[..., Tracing]

kept: list[HttpRequest] = []


class Cache:
    """A class that keeps requests in a dict."""

    by_name: ClassVar[dict[str, HttpRequest]] = {}


class Service:
    """An object made once that keeps the last request."""

    request: HttpRequest | None = None


service = Service()


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    yield
    kept.clear()
    Cache.by_name.clear()
    service.__dict__.clear()


def findings(traced: Tracing) -> list[Finding]:
    traced.recorder.shipper.ship()
    return list(Reader(traced.store).findings())


async def serve(inner: Callable[[HttpRequest], None]) -> None:
    async def layers(request: HttpRequest) -> HttpResponse:
        request.user = person(1, "alice")  # type: ignore[assignment]
        inner(request)
        return HttpResponse("x")

    close(await TraceMiddleware(layers)(RequestFactory().get("/plain/")))


async def test_a_task_that_goes_on_after_its_request_is_found(tracing: Start) -> None:
    traced = tracing()
    tasks: list[asyncio.Task[None]] = []

    async def send_mail_later() -> None:
        await asyncio.sleep(60)

    await serve(lambda request: tasks.append(asyncio.create_task(send_mail_later())))
    await asyncio.sleep(0)
    assert traced.recorder.outliving.search(age_ns=10**12) == []
    traced.recorder.outliving._due_ns = 0
    for opened in traced.recorder.outliving.search(age_ns=0):
        traced.recorder.shipper.put(opened)
    tasks[0].cancel()
    (finding,) = findings(traced)
    assert (finding.kind, finding.level) == ("outlived", "hazard")
    assert finding.stack[0].function.endswith("send_mail_later")
    assert finding.expected.user.label == "alice"


async def test_a_task_that_ended_in_time_and_one_in_a_context_of_its_own_are_no_finding(tracing: Start) -> None:
    import contextvars

    traced = tracing()
    tasks: list[asyncio.Task[None]] = []

    async def quick() -> None:
        return None

    async def long() -> None:
        await asyncio.sleep(60)

    def start(request: HttpRequest) -> None:
        tasks.append(asyncio.create_task(quick()))
        tasks.append(asyncio.create_task(long(), context=contextvars.Context()))

    await serve(start)
    await asyncio.sleep(0.01)
    assert traced.recorder.outliving.search(age_ns=0) == []
    tasks[1].cancel()


KEEPERS = {
    "a list of a module": (kept.append, "tests.test_background.kept"),
    "a dict of a class": (
        lambda request: Cache.by_name.__setitem__("last", request),
        "tests.test_background.Cache.by_name",
    ),
    "an object made once": (
        lambda request: setattr(service, "request", request),
        "tests.test_background.Service(instance).request",
    ),
}


@pytest.mark.parametrize("keeper", KEEPERS)
async def test_a_request_that_stays_in_memory_is_found_with_who_holds_it(tracing: Start, keeper: str) -> None:
    keep, holder = KEEPERS[keeper]
    traced = tracing(KNOWN_HOLDERS=False)
    while not traced.recorder.discovery.search():
        pass
    await serve(keep)
    search = traced.recorder.retention
    assert search.search(age_ns=0) == []  # no full collection has been made since
    gc.collect()
    search._due_ns = 0
    for opened in search.search(age_ns=0):
        traced.recorder.shipper.put(opened)
    (finding,) = [finding for finding in findings(traced) if finding.kind == "retained"]
    assert (finding.level, finding.holder) == ("hazard", holder)


async def test_a_request_that_nobody_keeps_is_no_finding(tracing: Start) -> None:
    traced = tracing()
    await serve(lambda request: None)
    search = traced.recorder.retention
    search.search(age_ns=0)
    gc.collect()
    search._due_ns = 0
    assert search.search(age_ns=0) == []
