"""What goes on after a request: tasks and threads that outlive it."""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from reqtrace.middleware import TraceMiddleware
from reqtrace.reading.reader import Reader
from reqtrace.records import Finding
from reqtrace.watching import outliving
from reqtrace.watching.background import works
from tests.conftest import Tracing, close, eventually
from tests.findings.test_judge import person

Start = Callable[..., Tracing]

kept_tasks: list[asyncio.Future[None]] = []


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


class Mail:
    """A job that knows its request."""

    def __init__(self, request: HttpRequest, done: threading.Event) -> None:
        """Be about `request`, and take until `done`."""
        self.request = request
        self.done = done

    def send(self) -> None:
        """Send it."""
        self.done.wait(30)


class Sender(threading.Thread):
    """A thread of a class of its own."""

    def __init__(self, request: HttpRequest, done: threading.Event) -> None:
        """Be about `request`, and take until `done`."""
        super().__init__()
        self.request = request
        self.done = done

    def run(self) -> None:
        """Send it."""
        self.done.wait(30)


def wait(done: threading.Event, *_: object, **__: object) -> None:
    done.wait(30)


def in_a_pool(function: Callable[..., object], *arguments: object) -> None:
    pool = ThreadPoolExecutor(1)
    pool.submit(function, *arguments)
    pool.shutdown(wait=False)


STARTERS: dict[str, Callable[[HttpRequest, threading.Event], object]] = {
    "with the request": lambda request, done: threading.Thread(target=wait, args=(done, request)).start(),
    "with the request by name": lambda request, done: threading.Thread(
        target=wait, args=(done,), kwargs={"request": request}
    ).start(),
    "with a function around it": lambda request, done: threading.Thread(target=lambda: wait(done, request)).start(),
    "with a method": lambda request, done: threading.Thread(target=Mail(request, done).send).start(),
    "as a subclass": lambda request, done: Sender(request, done).start(),
    "in the request's context": lambda request, done: threading.Thread(
        target=contextvars.copy_context().run, args=(wait, done)
    ).start(),
    "as a job": lambda request, done: in_a_pool(wait, done, request),
    "as a job in the context": lambda request, done: in_a_pool(contextvars.copy_context().run, wait, done),
    "by asyncio": lambda request, done: kept_tasks.append(asyncio.ensure_future(asyncio.to_thread(wait, done))),
    "by asgiref": lambda request, done: kept_tasks.append(
        asyncio.ensure_future(sync_to_async(wait, thread_sensitive=False)(done))
    ),
}


@pytest.mark.parametrize("starter", STARTERS)
async def test_a_thread_that_goes_on_for_its_request_is_found(tracing: Start, starter: str) -> None:
    traced = tracing()
    done = threading.Event()
    try:
        await serve(lambda request: STARTERS[starter](request, done))
        await asyncio.sleep(0)
        found = eventually(lambda: outlived(traced))
    finally:
        done.set()
        await asyncio.gather(*kept_tasks)
        kept_tasks.clear()
    assert {(finding.kind, finding.level) for finding in found} == {("outlived", "hazard")}
    assert found[0].expected.user.label == "alice"


def outlived(traced: Tracing) -> list[Finding]:
    """Return what is found now, of requests that have ended just now."""
    traced.recorder.outliving._due_ns = 0
    for opened in traced.recorder.outliving.search(age_ns=0):
        traced.recorder.shipper.put(opened)
    return findings(traced)


def in_a_thread(*given: object) -> None:
    # Free-threaded Python, and any that is told so, starts a thread in the context of whoever starts it.
    contextvars.Context().run(threading.Thread(target=wait, args=given).start)


OTHERS: dict[str, Callable[[HttpRequest, threading.Event], object]] = {
    "with nothing": lambda request, done: in_a_thread(done),
    "with its user": lambda request, done: in_a_thread(done, request.user),
    "with a request of nobody's": lambda request, done: in_a_thread(done, RequestFactory().get("/made-up/")),
    "in a context of its own": lambda request, done: in_a_pool(contextvars.Context().run, wait, done),
}


@pytest.mark.parametrize("starter", OTHERS)
async def test_a_thread_of_which_nobody_can_tell_whose_it_is_is_no_finding(tracing: Start, starter: str) -> None:
    traced = tracing()
    done = threading.Event()
    try:
        await serve(lambda request: OTHERS[starter](request, done))
        assert outlived(traced) == []
    finally:
        done.set()


def test_among_many_threads_one_is_found_though_a_look_is_short(
    tracing: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outliving, "_SLICE_NS", 0)
    traced = tracing(FLUSH_MS=60_000)
    search = traced.recorder.outliving
    done = threading.Event()
    before, after = (in_a_thread(done) for _ in range(3)), (in_a_thread(done) for _ in range(3))
    try:
        list(before)
        response = TraceMiddleware(lambda request: HttpResponse("x"))(request := RequestFactory().get("/plain/"))
        in_a_thread(done, request)
        list(after)
        close(response)
        looks = 1
        while not traced.recorder.outliving.search(age_ns=0):
            search._due_ns = 0
            looks += 1
            assert looks < 100
        assert looks > 3, "all threads were looked at at once"
        starts = {search._next_thread}
        while search._next_thread:
            search._due_ns = 0
            search.search(age_ns=0)
            starts.add(search._next_thread)
        assert len(starts) > 3, "it began anew after what it found"
    finally:
        done.set()


def test_the_thread_of_a_request_in_flight_is_no_work_beside_it(tracing: Start) -> None:
    traced = tracing(FLUSH_MS=60_000)
    done, begun = threading.Event(), threading.Event()

    def view(request: HttpRequest) -> HttpResponse:
        begun.set()
        done.wait(30)
        return HttpResponse("x")

    serving = threading.Thread(target=lambda: close(TraceMiddleware(view)(RequestFactory().get("/plain/"))))
    serving.start()
    try:
        assert begun.wait(30)
        busy = {opened.place.thread.ident for opened in traced.recorder.open.values()}
        assert busy == {serving.ident}
        assert serving in {work.thread for _, work in works()}
        assert serving not in {work.thread for _, work in works(busy=busy)}
    finally:
        done.set()
        serving.join()
