"""What applications may call."""

import asyncio
import threading
from collections.abc import Callable
from contextvars import copy_context

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

import reqtrace
from reqtrace.middleware import TraceMiddleware
from reqtrace.reading.reader import Reader
from reqtrace.records import Finding
from tests.conftest import Tracing, close
from tests.findings.test_judge import person

Start = Callable[..., Tracing]
_last: list[HttpRequest | None] = [None]


@reqtrace.watch
def get_current_request() -> HttpRequest | None:
    """Return what somebody left in a module's list."""
    return _last[0]


@reqtrace.watch
async def aget_current_request() -> HttpRequest | None:
    """Return the same, awaited."""
    return _last[0]


def findings(traced: Tracing) -> list[Finding]:
    traced.recorder.shipper.ship()
    return list(Reader(traced.store).findings())


def serve(inner: Callable[[HttpRequest], None], name: str) -> None:
    def layers(request: HttpRequest) -> HttpResponse:
        request.user = person(len(name), name)  # type: ignore[assignment]
        inner(request)
        return HttpResponse("x")

    close(TraceMiddleware(layers)(RequestFactory().get(f"/{name}/")))


def test_outside_of_requests_nothing_happens(tracing: Start) -> None:
    tracing()
    assert reqtrace.current() is None
    reqtrace.checkpoint("nowhere")
    _last[0] = None
    assert get_current_request() is None


def test_the_current_request_is_told_as_it_stands(tracing: Start) -> None:
    traced = tracing()
    seen: list[object] = []
    serve(lambda request: seen.append(reqtrace.current()), "alice")
    (told,) = seen
    request = traced.request()
    assert isinstance(told, type(request))
    assert (told.id, told.outcome, told.path, told.user.label) == (request.id, "open", "/alice/", "alice")


def test_an_empty_name_is_refused() -> None:
    with pytest.raises(ValueError, match="charge-card"):
        reqtrace.checkpoint("")


def test_a_watched_getter_that_names_another_request_is_found_at_its_callers_place(tracing: Start) -> None:
    traced = tracing()
    serve(lambda request: _last.__setitem__(0, request), "alice")

    def read(request: HttpRequest) -> None:
        assert get_current_request() is not request

    serve(read, "carol")
    _last[0] = None
    (leak,) = findings(traced)
    assert (leak.kind, leak.holder, leak.holder_kind) == ("crossed", "tests.test_api.get_current_request", "callable")
    assert (leak.expected.user.label, leak.observed.user.label) == ("carol", "alice")
    assert leak.stack[0].function.endswith("read")
    assert leak.stack[0].file == __file__


def test_a_watched_coroutine_function_stays_one(tracing: Start) -> None:
    traced = tracing()
    serve(lambda request: _last.__setitem__(0, request), "alice")
    serve(lambda request: asyncio.run(aget_current_request()) and None, "carol")
    _last[0] = None
    assert [finding.holder for finding in findings(traced)] == ["tests.test_api.aget_current_request"]


def test_a_getter_that_raises_raises_to_its_caller(tracing: Start) -> None:
    tracing()

    @reqtrace.watch
    def broken() -> None:
        raise LookupError("as it is")

    def read(request: HttpRequest) -> None:
        with pytest.raises(LookupError, match="as it is"):
            broken()

    serve(read, "alice")


def test_work_that_goes_on_after_its_request_is_found(tracing: Start) -> None:
    traced = tracing()
    go, done = threading.Event(), threading.Event()

    def work() -> None:
        go.wait(10)
        reqtrace.checkpoint("still at it")
        done.set()

    def start(request: HttpRequest) -> None:
        threading.Thread(target=copy_context().run, args=(work,)).start()

    serve(start, "alice")
    assert findings(traced) == []
    go.set()
    assert done.wait(10)
    (finding,) = findings(traced)
    assert (finding.kind, finding.level, finding.checkpoint) == ("outlived", "hazard", "still at it")
    assert finding.expected.user.label == "alice"
    assert len(traced.requests()) == 1
    assert traced.process().requests == 1


def test_a_holder_that_is_empty_in_a_pool_thread_is_lost(tracing: Start) -> None:
    local = threading.local()

    @reqtrace.watch
    def getter() -> object:
        return getattr(local, "request", None)

    traced = tracing()

    def start(request: HttpRequest) -> None:
        local.request = request
        assert getter() is request
        thread = threading.Thread(target=copy_context().run, args=(getter,))
        thread.start()
        thread.join()

    serve(start, "alice")
    (finding,) = findings(traced)
    assert (finding.kind, finding.level) == ("lost", "notice")


def test_a_watched_getter_may_be_declared_as_a_holder_too(tracing: Start) -> None:
    traced = tracing(HOLDERS=["tests.test_api.get_current_request"])
    serve(lambda request: _last.__setitem__(0, request), "alice")
    serve(lambda request: get_current_request() and None, "carol")
    _last[0] = None
    assert "crossed" in {finding.kind for finding in findings(traced)}
    assert traced.recorder.faults.count == 0
