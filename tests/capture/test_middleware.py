"""The middleware, through Django's own handlers."""

import asyncio
import threading
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import MiddlewareNotUsed
from django.core.handlers.asgi import ASGIHandler
from django.db import connection
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import AsyncClient, Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from reqtrace.capture.recorder import Recorder
from reqtrace.middleware import TraceMiddleware
from reqtrace.reading.reader import Reader
from tests.conftest import Tracing, close

Start = Callable[..., Tracing]


def test_a_plain_request_is_recorded_whole(tracing: Start) -> None:
    traced = tracing()
    response = Client().get("/items/3/?secret=1", headers={"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"})
    assert response.status_code == 200
    request = traced.request()
    assert (request.method, request.path, request.status, request.outcome) == ("GET", "/items/3/", 200, "ok")
    assert (request.route, request.view) == ("items/<int:item>/", "tests.views.plain")
    assert (request.trace_id, request.parent_span_id) == ("a" * 32, "b" * 16)
    assert request.query_string is None
    assert request.native_thread_id == threading.get_native_id()
    assert request.thread_id == threading.get_ident()
    assert request.thread_name == threading.current_thread().name
    assert request.user.state == "unresolved"
    assert [hop.checkpoint for hop in request.hops] == ["start"]
    assert request.duration_ns > 0


def test_a_query_string_is_kept_only_when_asked_for(tracing: Start) -> None:
    traced = tracing(CAPTURE_QUERY_STRING=True)
    Client().get("/plain/?page=2")
    assert traced.request().query_string == "page=2"


def test_requests_one_after_another_on_a_thread_are_counted(tracing: Start) -> None:
    traced = tracing()
    for _ in range(3):
        Client().get("/plain/")
    assert [request.same_thread.before for request in traced.requests()] == [0, 1, 2]
    assert {request.same_thread.at_once for request in traced.requests()} == {0}
    (thread,) = traced.threads()
    assert (thread.sharing, thread.requests, thread.max_in_flight) == ("sequential", 3, 1)


async def test_requests_at_once_on_an_event_loop_are_interleaved(tracing: Start) -> None:
    traced = tracing()
    client = AsyncClient()
    await asyncio.gather(*(client.get("/slow-async/", {"seconds": "0.05"}) for _ in range(4)))
    assert {request.same_thread.at_once for request in traced.requests()} == {3}
    assert len({request.task_serial for request in traced.requests()}) == 4
    (thread,) = traced.threads()
    assert (thread.sharing, thread.max_in_flight) == ("interleaved", 4)


async def test_a_sync_view_under_asgi_is_seen_on_the_thread_that_runs_it(tracing: Start) -> None:
    traced = tracing()
    response = await AsyncClient().get("/where/")
    told = response.json()
    request = traced.request()
    assert request.native_thread_id == told["native_id"] != threading.get_native_id()
    assert request.thread_id == told["thread_id"]
    assert [hop.checkpoint for hop in request.hops] == ["start", "view"]
    assert request.hops[0].thread_id == threading.get_ident()
    assert request.hops[1].thread_id == told["thread_id"]
    assert len({hop.thread_serial for hop in request.hops}) == 2


async def test_an_async_view_is_seen_in_its_task_and_adds_no_hop(tracing: Start) -> None:
    traced = tracing()
    response = await AsyncClient().get("/where-async/")
    request = traced.request()
    assert request.task_name == response.json()["task_name"]
    assert request.loop_id == id(asyncio.get_running_loop())
    assert len(request.hops) == 1


def test_an_async_view_under_wsgi_is_a_hop_into_a_task(tracing: Start) -> None:
    traced = tracing()
    Client().get("/where-async/")
    request = traced.request()
    assert request.task_serial is not None
    assert [hop.checkpoint for hop in request.hops] == ["start", "view"]


def test_a_view_that_fails_is_an_error_with_its_status(tracing: Start) -> None:
    traced = tracing()
    Client(raise_request_exception=False).get("/fail/")
    request = traced.request()
    assert (request.status, request.outcome) == (500, "error")


def test_an_exception_let_through_by_django_passes_and_is_recorded(tracing: Start, settings: object) -> None:
    settings.DEBUG_PROPAGATE_EXCEPTIONS = True  # type: ignore[attr-defined]
    traced = tracing()
    with pytest.raises(ValueError, match="as asked"):
        Client().get("/fail/")
    request = traced.request()
    assert (request.status, request.outcome) == (None, "error")


def test_a_path_without_a_view_has_no_route(tracing: Start) -> None:
    traced = tracing()
    assert Client().get("/nowhere/").status_code == 404
    request = traced.request()
    assert (request.status, request.outcome, request.route, request.view) == (404, "ok", "", "")


@pytest.mark.parametrize("path", ["/stream/", "/file/"])
def test_a_streaming_response_is_open_until_it_is_closed(tracing: Start, path: str) -> None:
    traced = tracing()
    response = Client().get(path)
    assert traced.requests() == []
    body = b"".join(response.streaming_content)
    assert body
    close(response)
    assert traced.request().outcome == "ok"


def test_a_stream_that_breaks_is_an_error(tracing: Start) -> None:
    traced = tracing()
    response = Client().get("/stream/?fail")
    with pytest.raises(ValueError, match="as asked"):
        list(response.streaming_content)
    close(response)
    assert traced.request().outcome == "error"


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume synchronous iterators")
@pytest.mark.parametrize("path", ["/stream/?fail", "/stream-async/?fail"])
async def test_a_stream_that_breaks_under_asgi_is_an_error_though_django_never_closes_it(
    tracing: Start, path: str
) -> None:
    traced = tracing()
    response = await AsyncClient().get(path)
    with pytest.raises(ValueError, match="as asked"):
        async for _ in response:
            pass
    assert (traced.request().outcome, traced.request().status) == ("error", 200)


def test_a_stream_that_nobody_reads_to_its_end_is_aborted(tracing: Start) -> None:
    traced = tracing()
    response = TraceMiddleware(lambda request: StreamingHttpResponse(["one", "two"]))(RequestFactory().get("/plain/"))
    next(iter(response))
    close(response)
    assert traced.request().outcome == "aborted"


def test_a_response_that_is_never_closed_is_aborted_once_it_is_gone(tracing: Start) -> None:
    traced = tracing()
    middleware = TraceMiddleware(lambda request: HttpResponse("x"))
    response = middleware(RequestFactory().get("/plain/"))
    assert traced.requests() == []
    del response
    assert traced.request().outcome == "aborted"


async def test_a_cancelled_request_is_aborted(tracing: Start) -> None:
    traced = tracing()
    task = asyncio.create_task(AsyncClient().get("/slow-async/", {"seconds": "30"}))
    while not traced.recorder.open:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    request = traced.request()
    assert (request.outcome, request.status) == ("aborted", None)


async def test_a_disconnected_client_under_asgi_is_aborted(tracing: Start) -> None:
    traced = tracing()
    scope = {"type": "http", "method": "GET", "path": "/slow-async/", "query_string": b"seconds=30", "headers": []}
    disconnect = asyncio.Event()
    messages = iter([{"type": "http.request"}])

    async def receive() -> dict[str, object]:
        try:
            return next(messages)
        except StopIteration:
            await disconnect.wait()
            return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        raise AssertionError("nothing may be sent")

    exchange = asyncio.create_task(ASGIHandler()(scope, receive, send))
    while not traced.recorder.open:
        await asyncio.sleep(0.01)
    disconnect.set()
    await exchange
    assert traced.request().outcome == "aborted"


async def test_an_async_stream_is_seen_to_its_end(tracing: Start) -> None:
    traced = tracing()
    response = await AsyncClient().get("/stream-async/")
    assert traced.requests() == []
    assert b"".join([part async for part in response.streaming_content]) == b"one two three"
    close(response)
    assert traced.request().outcome == "ok"


def test_a_request_that_runs_long_is_shown_while_it_runs(tracing: Start) -> None:
    traced = tracing()
    middleware = TraceMiddleware(lambda request: HttpResponse("x"))
    response = middleware(RequestFactory().get("/plain/"))
    (opened,) = traced.recorder.open.values()
    opened.began_ns -= 2 * 10**9
    shown = traced.request()
    assert (shown.outcome, shown.status, shown.path) == ("open", None, "/plain/")
    assert shown.duration_ns > 10**9
    close(response)
    done = traced.request()
    assert (done.id, done.outcome, done.status) == (shown.id, "ok", 200)


def test_our_own_pages_static_files_and_ignored_paths_are_not_traced(tracing: Start, settings: object) -> None:
    settings.STATIC_URL = "/static/"  # type: ignore[attr-defined]
    traced = tracing(IGNORE_PATHS=["/health"])
    for path in ("/reqtrace/", "/reqtrace/api/requests", "/static/x.css", "/healthz", "/plain/"):
        Client().get(path)
    assert [request.path for request in traced.requests()] == ["/plain/"]


def test_the_kill_switch_takes_the_middleware_out(settings: object) -> None:
    settings.REQTRACE = {"ENABLED": False}  # type: ignore[attr-defined]
    with pytest.raises(MiddlewareNotUsed):
        TraceMiddleware(lambda request: HttpResponse())


def test_without_the_seam_the_view_is_seen_by_process_view(tracing: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reqtrace.capture.view_seam.open_seam", lambda recorder: False)
    traced = tracing()
    Client().get("/plain/")
    assert traced.request().view == "tests.views.plain"


def test_a_fault_of_ours_leaves_the_response_alone_and_is_counted(
    tracing: Start, faulty: list[Recorder], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = tracing().recorder
    faulty.append(recorder)
    monkeypatch.setattr(recorder.execution, "here", lambda: 1 / 0)
    for _ in range(3):
        assert Client().get("/plain/").content == b"plain"
    assert recorder.faults.count == 3
    assert "ZeroDivisionError" in str(recorder.faults.last)
    assert len([record for record in caplog.records if record.name == "reqtrace"]) == 1


@pytest.mark.django_db
def test_no_query_and_no_vary_are_added(tracing: Start) -> None:
    traced = tracing()
    client = Client()
    client.force_login(User.objects.create_user("alice"))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        response = client.get("/plain/")
    assert len(queries) == 0
    assert "Vary" not in response.headers
    request = traced.requests()[-1]
    assert request.user.state == "unresolved"
    assert request.session is not None


@pytest.mark.django_db
def test_a_user_that_the_view_asked_for_is_known(tracing: Start) -> None:
    traced = tracing()
    client = Client()
    alice = User.objects.create_user("alice")
    client.force_login(alice)
    with CaptureQueriesContext(connection) as queries:
        client.get("/who/")
    assert len(queries) == 2
    user = traced.requests()[-1].user
    assert (user.state, user.id, user.label) == ("authenticated", str(alice.pk), "alice")
    assert traced.threads()[0].users == 1


@pytest.mark.django_db
def test_a_request_that_signs_in_and_one_that_signs_out_are_that_persons(tracing: Start) -> None:
    traced = tracing()
    User.objects.create_user("alice", password="x")
    client = Client()
    client.post("/sign-in/", {"username": "alice", "password": "x"})
    client.post("/sign-out/")
    client.get("/who/")
    assert [request.user.label for request in traced.requests()] == ["alice", "alice", None]
    assert [request.user.state for request in traced.requests()] == ["authenticated", "authenticated", "anonymous"]


@pytest.mark.django_db
def test_a_loaded_session_names_its_user_by_key(tracing: Start) -> None:
    traced = tracing()
    client = Client()
    alice = User.objects.create_user("alice")
    client.force_login(alice)
    client.get("/session/")
    user = traced.request().user
    assert (user.state, user.id, user.label) == ("authenticated", str(alice.pk), str(alice.pk))
    client.get("/who/")
    client.get("/session/")
    assert traced.requests()[-1].user.label == "alice"  # her name is known by now


@pytest.mark.django_db(transaction=True)
async def test_auser_is_known(tracing: Start) -> None:
    traced = tracing()
    alice = await User.objects.acreate(username="alice")
    client = AsyncClient()
    await client.aforce_login(alice)
    await client.get("/who-async/")
    assert traced.request().user.label == "alice"


@pytest.mark.django_db
@pytest.mark.parametrize("how", ["pk", "pseudonym"])
def test_people_are_named_as_the_setting_says(tracing: Start, how: str) -> None:
    traced = tracing(USER_LABEL=how)
    client = Client()
    alice = User.objects.create_user("alice")
    client.force_login(alice)
    client.get("/who/")
    user = traced.request().user
    if how == "pk":
        assert user.label == user.id == str(alice.pk)
    else:
        assert user.label is not None
        assert len(user.label) == 16
        assert "alice" not in user.label


def named_in_capitals(user: User) -> object:
    """Name a user, as a project's own callable for `USER_LABEL` would."""
    return user.username.upper()


def named_by_nothing(user: User) -> object:
    """Fail for one person and answer with no text for another."""
    if user.username == "alice":
        raise LookupError(user.username)
    return user.pk


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("how", "labels"),
    [
        ("email", ["alice@shop.test", "2"]),
        ("tests.capture.test_middleware.named_in_capitals", ["ALICE", "BOB"]),
        ("tests.capture.test_middleware.named_by_nothing", ["alice", "bob"]),
    ],
)
def test_people_are_named_by_address_or_by_a_callable_which_may_fail(
    tracing: Start, how: str, labels: list[str], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    alice = User.objects.create_user("alice", "alice@shop.test", pk=1)
    bob = User.objects.create_user("bob", pk=2)
    traced = tracing(USER_LABEL=how)
    for user in (alice, bob):
        client = Client()
        client.force_login(user)
        with django_assert_num_queries(2):  # the session and the user, which the view asks for
            client.get("/who/")
    assert [(request.user.id, request.user.label) for request in traced.requests()] == [
        ("1", labels[0]),
        ("2", labels[1]),
    ]


def test_the_release_is_told_with_the_process(tracing: Start) -> None:
    traced = tracing(RELEASE="2026.1")
    Client().get("/plain/")
    assert traced.process().release == "2026.1"


def test_a_bad_setting_leaves_the_default_in_force(tracing: Start) -> None:
    traced = tracing(SAMPLE="all of them", FLUSH_MS=50)
    assert traced.recorder.settings.sample == 1.0
    assert traced.recorder.settings.flush_ms == 50


def test_a_request_is_let_go_of_when_it_is_over(tracing: Start) -> None:
    import gc
    import weakref

    tracing()
    seen: list[weakref.ref[HttpRequest]] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(weakref.ref(request))
        return HttpResponse("x")

    response = TraceMiddleware(view)(RequestFactory().get("/plain/"))
    close(response)
    del response
    gc.disable()
    try:
        assert seen[0]() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("is_open", [True, False])
async def test_a_sync_view_whose_client_has_gone_runs_to_its_end_without_a_finding(
    tracing: Start, monkeypatch: pytest.MonkeyPatch, is_open: bool
) -> None:
    traced = tracing()
    written = traced.recorder.written
    monkeypatch.setattr(written, "search", lambda *_, **__: True)
    written.is_open = is_open  # as where the code can put requests somewhere, and where it cannot
    task = asyncio.create_task(AsyncClient().get("/slow/", {"seconds": "0.3"}))
    while not any(opened.is_in_view for opened in traced.recorder.open.values()):
        await asyncio.sleep(0.01)
    (opened,) = traced.recorder.open.values()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    while opened.is_in_view:
        await asyncio.sleep(0.01)
    assert traced.request().outcome == "aborted"
    assert list(Reader(traced.store).findings()) == []
