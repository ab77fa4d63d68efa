"""What servers and projects do to requests and responses that a tracer must live with."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import AsyncClient, Client, RequestFactory
from django.urls import path

from reqtrace.capture.carrying import current
from reqtrace.execution import process
from reqtrace.middleware import TraceMiddleware
from tests.conftest import Tracing, close, eventually
from tests.settings import MIDDLEWARE

Start = Callable[..., Tracing]
FOREVER = 30
_lingering: list[asyncio.Task[None]] = []
_gathered: list[object] = []


def endless(request: HttpRequest) -> StreamingHttpResponse:
    """Stream without end, from the event loop."""

    async def parts() -> AsyncIterator[bytes]:
        while True:
            yield b"x"

    return StreamingHttpResponse(parts())


def numbers(request: HttpRequest) -> StreamingHttpResponse:
    """Stream some text."""
    return StreamingHttpResponse(f"{number} " * 50 for number in range(50))


def nested(request: HttpRequest) -> HttpResponse:
    """Make a request of its own to the same project, as a test client or a batch view does."""
    outer = current()
    answer = Client().get("/leaf/")
    assert current() is outer is not None
    return HttpResponse(answer.content)


def leaf(request: HttpRequest) -> HttpResponse:
    """Answer."""
    return HttpResponse("leaf")


async def gathering(request: HttpRequest) -> HttpResponse:
    """Do two things at once."""

    async def part() -> None:
        await asyncio.sleep(0)
        _gathered.append(current())

    await asyncio.gather(part(), part())
    return HttpResponse("gathered")


async def lingering(request: HttpRequest) -> HttpResponse:
    """Start something that goes on when the response is long gone."""
    _lingering.append(asyncio.create_task(asyncio.sleep(FOREVER)))
    return HttpResponse("begun")


urlpatterns = [
    path("endless/", endless),
    path("numbers/", numbers),
    path("nested/", nested),
    path("leaf/", leaf),
    path("gathering/", gathering),
    path("lingering/", lingering),
]


class Replacing:
    """A middleware that throws the response below it away."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Wrap the next layer."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer with something else."""
        self.get_response(request)
        return HttpResponse("replaced", status=202)


@pytest.fixture(autouse=True)
def urls(settings: SimpleNamespace) -> None:
    """Serve the views of this file."""
    settings.ROOT_URLCONF = __name__


def _trace(response: HttpResponse | StreamingHttpResponse, method: str = "GET") -> HttpResponse:
    answer = TraceMiddleware(lambda request: response)(RequestFactory().generic(method, "/leaf/"))
    assert answer is response
    return response


def test_a_response_object_that_serves_two_requests_ends_both(tracing: Start) -> None:
    traced = tracing()
    shared = HttpResponse("kept in a module")
    for _ in range(2):
        close(_trace(shared))
    assert [request.outcome for request in traced.requests()] == ["ok", "ok"]


def test_two_requests_at_once_with_one_response_object_end_when_it_is_closed(tracing: Start) -> None:
    traced = tracing()
    shared = HttpResponse("kept in a module")
    _trace(shared)
    _trace(shared)
    close(shared)
    assert [request.outcome for request in traced.requests()] == ["ok", "ok"]


def test_the_head_of_a_stream_that_nobody_reads_is_no_abortion(tracing: Start) -> None:
    traced = tracing()
    close(_trace(StreamingHttpResponse(["one", "two"]), "HEAD"))
    close(Client().head("/numbers/"))
    assert [(request.method, request.outcome) for request in traced.requests()] == [("HEAD", "ok")] * 2


def test_code_of_a_stream_runs_for_its_request_and_code_between_its_parts_does_not(tracing: Start) -> None:
    traced = tracing()
    seen: list[object] = []

    def parts() -> Iterator[bytes]:
        for _ in range(3):
            seen.append(current())
            yield b"x"

    response = _trace(StreamingHttpResponse(parts()))
    (opened,) = traced.recorder.open.values()
    for _ in response:
        assert current() is None
    close(response)
    assert seen == [opened] * 3


def test_a_response_closed_on_another_thread_leaves_nothing_in_flight_on_the_first(tracing: Start) -> None:
    traced = tracing()
    with ThreadPoolExecutor(1) as pool:
        response = pool.submit(_trace, HttpResponse("x")).result()
        close(response)
        close(pool.submit(_trace, HttpResponse("x")).result())
    first, second = traced.requests()
    assert first.thread_serial == second.thread_serial
    assert first.native_thread_id != threading.get_native_id()
    assert (second.same_thread.before, second.same_thread.at_once) == (1, 0)
    assert [thread.max_in_flight for thread in traced.threads()] == [1]


def test_a_request_within_a_request_is_one_of_its_own(tracing: Start) -> None:
    traced = tracing()
    Client().get("/nested/")
    outer, inner = traced.requests()
    assert (outer.path, inner.path) == ("/nested/", "/leaf/")
    assert (outer.same_thread.at_once, inner.same_thread.at_once) == (1, 1)
    assert current() is None


async def test_what_a_view_does_at_once_belongs_to_its_request_and_makes_no_hop(tracing: Start) -> None:
    traced = tracing()
    _gathered.clear()
    await AsyncClient().get("/gathering/")
    (request,) = traced.requests()
    assert len(request.hops) == 1
    assert [f"{opened.number:x}" for opened in _gathered] == [request.id[-1]] * 2  # type: ignore[attr-defined]


async def test_a_task_that_outlives_its_request_leaves_the_next_one_alone(tracing: Start) -> None:
    traced = tracing()
    client = AsyncClient()
    await client.get("/lingering/")
    assert current() is None
    await client.get("/leaf/")
    task = _lingering.pop()
    assert not task.done()
    task.cancel()
    assert [(request.path, request.outcome) for request in traced.requests()] == [
        ("/lingering/", "ok"),
        ("/leaf/", "ok"),
    ]
    assert not traced.recorder.open


async def test_a_client_that_goes_while_a_part_is_being_sent_has_aborted(tracing: Start) -> None:
    traced = tracing()
    gone = asyncio.Event()
    messages = iter([{"type": "http.request"}])
    scope = {"type": "http", "method": "GET", "path": "/endless/", "query_string": b"", "headers": []}

    async def receive() -> dict[str, object]:
        try:
            return next(messages)
        except StopIteration:
            await gone.wait()
            return {"type": "http.disconnect"}

    async def send(message: dict[str, object]) -> None:
        if message.get("body"):
            gone.set()
            await asyncio.sleep(FOREVER)

    await ASGIHandler()(scope, receive, send)
    request = traced.request()
    assert (request.outcome, request.status) == ("aborted", 200)


def test_a_middleware_above_ours_may_compress_a_stream(tracing: Start, settings: SimpleNamespace) -> None:
    settings.MIDDLEWARE = ["django.middleware.gzip.GZipMiddleware", *MIDDLEWARE]
    traced = tracing()
    response = Client().get("/numbers/", headers={"accept-encoding": "gzip"})
    assert response["Content-Encoding"] == "gzip"
    assert b"".join(response.streaming_content)[:2] == b"\x1f\x8b"
    close(response)
    assert traced.request().outcome == "ok"


def test_a_middleware_above_ours_may_throw_our_response_away(tracing: Start, settings: SimpleNamespace) -> None:
    settings.MIDDLEWARE = [f"{__name__}.Replacing", *MIDDLEWARE]
    traced = tracing()
    assert Client().get("/leaf/").status_code == 202
    request = traced.request()
    assert (request.status, request.outcome) == (200, "aborted")


async def test_a_middleware_above_ours_that_knows_no_async_changes_nothing(
    tracing: Start, settings: SimpleNamespace
) -> None:
    settings.MIDDLEWARE = [f"{__name__}.Replacing", *MIDDLEWARE]
    traced = tracing()
    assert (await AsyncClient().get("/leaf/")).status_code == 202
    assert eventually(traced.requests)[0].status == 200


def test_first_requests_that_arrive_at_once_start_one_thread_and_are_all_recorded(
    tracing: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    traced = tracing()
    shipper = traced.recorder.shipper
    started: list[None] = []
    start, recognise = shipper.start, process.recognise

    def counting(**how: bool) -> None:
        started.append(None)
        start(**how)

    def slowly(request: HttpRequest) -> process.Serving:
        time.sleep(0.05)  # long enough for the others to come by
        return recognise(request)

    monkeypatch.setattr(shipper, "start", counting)
    monkeypatch.setattr(process, "recognise", slowly)
    together = threading.Barrier(8)

    def visit() -> None:
        together.wait(10)
        close(_trace(HttpResponse("x")))

    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(visit) for _ in range(8)]:
            future.result()
    assert len(started) == 1
    assert len(traced.requests()) == 8
