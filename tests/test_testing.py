"""Capturing in tests: every client's requests, nothing in the project's store, and a report that helps."""

import threading
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.contrib.auth.models import User
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.test import AsyncClient, Client, RequestFactory
from django.urls import path
from pytest_django.fixtures import Settings

from reqtrace.capture import lifecycle
from reqtrace.exceptions import SettingsError
from reqtrace.middleware import TraceMiddleware
from reqtrace.reading.reader import Reader
from reqtrace.stores import registry
from reqtrace.testing import Allowed, assert_no_leaks, capture
from tests.conftest import Tracing, close

HOLDER = "tests.test_testing._thread_locals.request"
_thread_locals = threading.local()


def signing_in(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Take the user from the query string; remember the requests of one page, and never forget them."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        name = request.GET.get("as", "nobody")
        request.user = User(pk=sum(name.encode()), username=name)
        if request.path == "/keep/":
            _thread_locals.request = request
        return get_response(request)

    return middleware


def keep(request: HttpRequest) -> HttpResponse:
    """Answer a request that is remembered."""
    return HttpResponse("kept")


def whose(request: HttpRequest) -> HttpResponse:
    """Answer with the user of the request that is remembered."""
    return HttpResponse(str(_thread_locals.request.user) if hasattr(_thread_locals, "request") else "nobody")


class Shelf:
    """A class that keeps the request on itself."""

    request: HttpRequest | None = None


def shelve(request: HttpRequest) -> HttpResponse:
    """Keep the request where all requests find it."""
    Shelf.request = request
    return HttpResponse("shelved")


def query_under(request: HttpRequest) -> HttpResponse:
    """Name the user only while a query runs, as Wagtail's log context does while it logs an action."""
    _thread_locals.request = request
    User.objects.exists()
    del _thread_locals.request
    return HttpResponse("logged")


urlpatterns = [
    path("keep/", keep),
    path("whose/", whose),
    path("shelve/", shelve),
    path("query-under/", query_under),
]


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    yield
    vars(_thread_locals).clear()
    Shelf.request = None


@pytest.fixture
def traced(tracing: Callable[..., Tracing], settings: Settings) -> Tracing:
    """Trace the small application of this file."""
    return application(settings, tracing())


def application(settings: Settings, traced: Tracing) -> Tracing:
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = ["reqtrace.middleware.TraceMiddleware", f"{__name__}.signing_in"]
    return traced


def test_requests_are_there_within_the_block_and_after_it(traced: Tracing) -> None:
    client = Client()
    client.get("/whose/?as=carol")
    with capture() as captured:
        assert captured.requests == []
        client.get("/keep/?as=alice")
        assert [request.user.label for request in captured.requests] == ["alice"]
        client.get("/keep/?as=bob")
    client.get("/whose/?as=dave")
    assert [request.user.label for request in captured.requests] == ["alice", "bob"]


def test_the_project_s_store_sees_what_comes_before_and_after_and_nothing_within(traced: Tracing) -> None:
    client = Client()
    client.get("/whose/?as=alice")
    with capture():
        client.get("/whose/?as=bob")
    client.get("/whose/?as=carol")
    assert registry.store() is traced.store
    assert [request.user.label for request in traced.requests()] == ["alice", "carol"]


def test_already_the_second_request_is_judged_though_nobody_declared_the_holder(traced: Tracing) -> None:
    client = Client()
    with capture() as captured:
        client.get("/keep/?as=alice")
        client.get("/whose/?as=bob")
    (leak,) = captured.leaks
    assert (leak.kind, leak.holder, leak.checkpoint) == ("crossed", HOLDER, "view-end")
    assert (leak.expected.user.label, leak.observed.user.label) == ("bob", "alice")
    assert {hazard.kind for hazard in captured.hazards} == {"leftover"}
    assert {finding.level for finding in captured.findings} == {"leak", "hazard"}


def test_a_class_that_keeps_the_request_is_found_within_the_request_that_it_keeps(traced: Tracing) -> None:
    client = Client()
    with capture() as captured:
        client.get("/shelve/?as=alice")
    assert [(hazard.kind, hazard.holder) for hazard in captured.hazards] == [("leftover", f"{__name__}.Shelf.request")]


def test_a_request_kept_on_a_middleware_is_found_in_the_client_s_own_chain(traced: Tracing, settings: Settings) -> None:
    settings.MIDDLEWARE.append(f"{__name__}.Keeping")
    for _ in range(2):  # each client has a chain of its own, and what an older one holds is nobody's business
        client = Client()
        with capture() as captured:
            client.get("/whose/?as=alice")
            client.get("/whose/?as=bob&leave")
        assert [(leak.holder, leak.observed.user.label) for leak in captured.leaks] == [
            (f"{__name__}.Keeping(instance).request", "alice")
        ]
    with capture() as captured:
        Client().get("/whose/?as=carol&leave")
    assert captured.findings == []


class Keeping:
    """A middleware that keeps the request on itself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.request: HttpRequest | None = None

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if "leave" not in request.GET:
            self.request = request
        return self.get_response(request)


async def test_an_async_client_is_captured_in_an_async_test(traced: Tracing) -> None:
    client = AsyncClient()
    with capture() as captured:
        await client.get("/keep/?as=alice")
        await client.get("/whose/?as=bob")
    assert [request.user.label for request in captured.requests] == ["alice", "bob"]
    assert [leak.holder for leak in captured.leaks] == [HOLDER]


def test_a_middleware_called_by_hand_is_captured(traced: Tracing) -> None:
    with capture() as captured:
        close(TraceMiddleware(lambda request: HttpResponse("x"))(RequestFactory().get("/by-hand/")))
    assert [request.path for request in captured.requests] == ["/by-hand/"]


class QuietHandler(WSGIRequestHandler):
    """Keeps its log to itself."""

    def log_message(self, *args: object) -> None:
        """Say nothing."""


def test_a_server_on_another_thread_is_waited_for(traced: Tracing) -> None:
    """The client has all of the body before the server closes the response, and so before its record is made."""
    is_read = threading.Event()

    def slow_to_close(request: HttpRequest) -> HttpResponse:
        response = HttpResponse("x", headers={"Content-Length": 1})
        response._resource_closers.append(lambda: is_read.wait(10))
        return response

    urlpatterns.append(path("slow-to-close/", slow_to_close))
    server = make_server("127.0.0.1", 0, WSGIHandler(), handler_class=QuietHandler)
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    try:
        with capture() as captured:
            connection = HTTPConnection("127.0.0.1", server.server_port, timeout=10)
            connection.request("GET", "/slow-to-close/?as=alice")
            assert connection.getresponse().read() == b"x"
            connection.close()
            assert captured.requests == []
            threading.Timer(0.05, is_read.set).start()
        assert [request.user.label for request in captured.requests] == ["alice"]
    finally:
        urlpatterns.pop()
        is_read.set()
        thread.join(10)
        server.server_close()


def test_a_block_within_a_block_hides_nothing_from_the_outer_one(traced: Tracing) -> None:
    client = Client()
    with capture() as outer:
        client.get("/whose/?as=alice")
        with capture() as inner:
            client.get("/whose/?as=bob")
        client.get("/whose/?as=carol")
    assert [request.user.label for request in inner.requests] == ["bob"]
    assert [request.user.label for request in outer.requests] == ["alice", "bob", "carol"]


def test_sampling_leaves_nothing_out_of_a_block(tracing: Callable[..., Tracing], settings: Settings) -> None:
    traced = application(settings, tracing(SAMPLE=0))
    client = Client()
    with capture() as captured:
        client.get("/whose/?as=alice")
    client.get("/whose/?as=bob")
    assert len(captured.requests) == 1
    assert traced.requests() == []


def test_a_store_that_fails_blinds_no_test(
    tracing: Callable[..., Tracing], settings: Settings, faulty: list[object], tmp_path: Path
) -> None:
    traced = application(settings, tracing(STORE=f"sqlite:///{tmp_path}"))  # a folder is no file
    faulty.append(traced.recorder)
    client = Client()
    client.get("/whose/?as=alice")
    assert not traced.recorder.shipper.ship()
    with capture() as captured:
        client.get("/whose/?as=bob")
    assert [request.user.label for request in captured.requests] == ["bob"]


def test_what_would_see_nothing_says_which_setting_is_to_blame(
    tracing: Callable[..., Tracing], settings: Settings
) -> None:
    tracing()
    settings.MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware"]
    with pytest.raises(SettingsError, match=r"MIDDLEWARE has no 'reqtrace\.middleware\.TraceMiddleware'"), capture():
        pass
    settings.MIDDLEWARE = ["reqtrace.middleware.TraceMiddleware"]
    settings.REQTRACE = {"ENABLED": False}
    with pytest.raises(SettingsError, match=r"REQTRACE\['ENABLED'\] is false"), capture():
        pass


def leak(client: Client) -> None:
    client.get("/keep/?as=alice")
    client.get("/whose/?as=bob")


def test_the_report_says_all_that_is_needed_to_mend_it(traced: Tracing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parent)
    client = Client()
    with pytest.raises(AssertionError) as failure, assert_no_leaks() as captured:
        leak(client)
    alice, bob = captured.requests
    lines = str(failure.value).splitlines()
    assert lines[0] == "reqtrace found that a request saw somebody else:"
    assert lines[2:6] == [
        f"leak crossed: While bob was served, {HOLDER} named alice.",
        f"  holder   {HOLDER} (threading.local)",
        f"  request  GET /whose/ of bob ({bob.id})",
        f"  saw      GET /keep/ of alice ({alice.id})",
    ]
    assert lines[6].startswith(
        f"  at       checkpoint 'view-end', test_testing.py:{whose.__code__.co_firstlineno} in whose"
    )
    assert lines[7] == f"  fix      {captured.leaks[0].fix}"
    assert lines[8].startswith(f'  allow    @pytest.mark.reqtrace_allow(kind="crossed", holder="{HOLDER}")')
    assert len(lines) == 9


def test_hazards_are_an_error_only_where_they_are_asked_for(traced: Tracing) -> None:
    client = Client()
    with assert_no_leaks():
        client.get("/keep/?as=alice")
    vars(_thread_locals).clear()
    with pytest.raises(AssertionError, match="hazard leftover"), assert_no_leaks(hazards=True):
        client.get("/keep/?as=alice")


def test_what_is_allowed_is_no_error_and_everything_else_is(traced: Tracing) -> None:
    client = Client()
    with assert_no_leaks(hazards=True, allow=[Allowed(holder="tests.test_testing.*")]):
        leak(client)
    leftover = Allowed(kind="leftover")
    with (
        pytest.raises(AssertionError, match="leak crossed") as failure,
        assert_no_leaks(hazards=True, allow=[leftover]),
    ):
        leak(client)
    assert "leftover" not in str(failure.value)
    with pytest.raises(AssertionError, match="leak crossed"), assert_no_leaks(allow=[Allowed("crossed", "elsewhere")]):
        leak(client)


def test_a_decorated_function_is_a_block_at_each_call(traced: Tracing) -> None:
    @assert_no_leaks()
    def visit(url: str) -> bytes:
        return client.get(url).content

    client = Client()
    assert visit("/keep/?as=alice") == b"kept"
    for _ in range(2):
        with pytest.raises(AssertionError, match="a request from before of alice"):
            visit("/whose/?as=bob")


async def test_a_decorated_coroutine_is_awaited_within_the_block(traced: Tracing) -> None:
    @assert_no_leaks()
    async def visit(url: str) -> bytes:
        content: bytes = (await client.get(url)).content
        return content

    client = AsyncClient()
    assert await visit("/keep/?as=alice") == b"kept"
    with pytest.raises(AssertionError, match="leak crossed"):
        await visit("/whose/?as=bob")


def test_an_error_of_the_test_s_own_goes_first(traced: Tracing) -> None:
    @assert_no_leaks()
    def fail() -> None:
        leak(Client())
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()


@pytest.mark.django_db
def test_queries_are_checkpoints_also_on_a_connection_that_was_there_before_the_block(
    tracing: Callable[..., Tracing], settings: Settings
) -> None:
    assert connection.connection is not None, "the test's own transaction"
    application(settings, tracing(CHECKPOINTS=["start", "view", "query"], HOLDERS=[HOLDER]))
    with capture() as captured:
        Client().get("/query-under/?as=alice")
    readings = [(reading.checkpoint, reading.names) for request in captured.requests for reading in request.readings]
    assert ("query", "request") in readings
    connection.execute_wrappers.clear()


def test_a_recorder_is_left_as_it_was(traced: Tracing) -> None:
    with capture(), capture():
        assert traced.recorder.shipper.ships_inline
    assert not traced.recorder.shipper.ships_inline
    assert not traced.recorder.ledger.keeps_all
    assert not traced.recorder.discovery.is_thorough
    assert lifecycle.recorder() is traced.recorder
    assert list(Reader(traced.store).requests()) == []
