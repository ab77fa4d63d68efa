"""What goes out: foreign sessions, foreign responses, and leaks that are blocked."""

import threading
from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from reqtrace.capture.carrying import current
from reqtrace.exceptions import LeakBlocked
from reqtrace.middleware import TraceMiddleware
from reqtrace.reading.reader import Reader
from reqtrace.records import Finding
from tests import views
from tests.conftest import Tracing, close

pytestmark = pytest.mark.django_db
Start = Callable[..., Tracing]

thread_locals = threading.local()
HOLDER = "tests.capture.test_outgoing.thread_locals.request"


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    cache.clear()
    views._REUSED.__dict__.pop("_reqtrace_made_for", None)
    yield
    thread_locals.__dict__.clear()


def findings(traced: Tracing) -> list[Finding]:
    traced.recorder.shipper.ship()
    return list(Reader(traced.store).findings())


def signed_in(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.get_or_create(username=name)[0])
    return client


def test_a_page_cached_for_one_user_and_served_to_another_is_found(tracing: Start) -> None:
    traced = tracing()
    alice, bob = signed_in("alice"), signed_in("bob")
    bob.get("/who/")
    assert alice.get("/cached-page/").content == b"hello alice"
    assert bob.get("/cached-page/").content == b"hello alice"
    (finding,) = findings(traced)
    assert (finding.kind, finding.level) == ("response-crossed", "leak")
    assert (finding.expected.user.label, finding.observed.user.label) == ("bob", "alice")
    assert finding.observed.request == traced.requests()[1].id
    assert "Vary" in finding.fix


def test_a_page_cached_for_somebody_and_served_to_a_visitor_without_session_is_found(tracing: Start) -> None:
    traced = tracing()
    signed_in("alice").get("/cached-page/")
    assert Client().get("/cached-page/").content == b"hello alice"
    (finding,) = findings(traced)
    assert (finding.kind, finding.expected.user.state) == ("response-crossed", "anonymous")


def test_a_page_served_to_another_session_of_the_same_person_is_no_finding(tracing: Start) -> None:
    traced = tracing()
    laptop, phone = signed_in("alice"), signed_in("alice")
    laptop.get("/cached-page/")
    phone.get("/cached-page/")
    phone.get("/who/")
    assert findings(traced) == []


def test_ones_own_page_out_of_the_cache_is_no_finding(tracing: Start) -> None:
    traced = tracing()
    alice = signed_in("alice")
    for _ in range(3):
        assert alice.get("/cached-page/").content == b"hello alice"
    assert findings(traced) == []


def test_a_public_page_out_of_the_cache_is_no_finding(tracing: Start) -> None:
    traced = tracing()
    alice, bob = signed_in("alice"), signed_in("bob")
    bob.get("/who/")
    alice.get("/cached-public/")
    bob.get("/cached-public/")
    Client().get("/cached-public/")
    assert findings(traced) == []


def test_a_response_object_used_for_two_people_is_found(tracing: Start) -> None:
    traced = tracing()
    signed_in("alice").get("/reused-response/")
    signed_in("bob").get("/reused-response/")
    (finding,) = findings(traced)
    assert (finding.kind, finding.observed.user.label) == ("response-crossed", "alice")


def test_a_view_that_returns_no_response_is_the_applications_fault_and_none_of_ours(tracing: Start) -> None:
    traced = tracing()
    assert Client(raise_request_exception=False).get("/forget/").status_code == 500
    (request,) = traced.requests()
    assert (request.status, request.outcome) == (500, "error")
    assert traced.recorder.faults.count == 0


def test_the_cookie_of_another_session_is_found(tracing: Start) -> None:
    traced = tracing()
    alice, bob = signed_in("alice"), signed_in("bob")
    alice.get("/who/")
    bob.get("/foreign-cookie/", {"key": alice.cookies["sessionid"].value})
    (finding,) = findings(traced)
    assert (finding.kind, finding.level) == ("session-crossed", "leak")
    assert finding.observed.user.label == "alice"
    assert "alice's session" in finding.message
    assert [frame.function for frame in finding.stack] == ["foreign_cookie"]


def test_ones_own_session_cookie_is_no_finding(tracing: Start) -> None:
    traced = tracing()
    alice = signed_in("alice")
    alice.get("/foreign-cookie/", {"key": alice.cookies["sessionid"].value})
    Client().post("/sign-out/")
    assert findings(traced) == []


def test_a_session_that_is_somebody_elses_is_found(tracing: Start) -> None:
    traced = tracing()
    bob = User.objects.create_user("bob")
    session = signed_in("alice").session
    session.get("_auth_user_id")

    def layers(request: HttpRequest) -> HttpResponse:
        request.session = session
        request._cached_user = bob  # type: ignore[attr-defined]
        return HttpResponse("x")

    close(TraceMiddleware(layers)(RequestFactory().get("/plain/")))
    (finding,) = findings(traced)
    assert (finding.kind, finding.expected.user.label) == ("session-crossed", "bob")


@pytest.mark.parametrize("mode", ["record", "block"])
def test_a_leaking_response_is_blocked_only_when_asked_for(tracing: Start, mode: str) -> None:
    traced = tracing(ON_LEAK=mode, HOLDERS=[HOLDER])
    elsewhere: list[HttpRequest] = []

    def keep(request: HttpRequest) -> HttpResponse:
        elsewhere.append(request)
        return HttpResponse("x")

    def leak(request: HttpRequest) -> HttpResponse:
        thread_locals.request = elsewhere[0]
        return HttpResponse("secret")

    close(TraceMiddleware(keep)(RequestFactory().get("/first/")))
    response = TraceMiddleware(leak)(RequestFactory().get("/second/"))
    status, body = response.status_code, response.content
    close(response)
    (leaked,) = [finding for finding in findings(traced) if finding.level == "leak"]
    request = traced.requests()[1]
    assert leaked.request == request.id
    if mode == "block":
        assert (status, b"secret" in body) == (500, False)
        assert (request.status, request.outcome) == (500, "error")
    else:
        assert (status, body, request.status) == (200, b"secret", 200)


def test_what_an_earlier_request_left_behind_is_told_and_takes_no_page_from_anybody(tracing: Start) -> None:
    traced = tracing(ON_LEAK="block", HOLDERS=[HOLDER])
    sets = [True, False]

    def layers(request: HttpRequest) -> HttpResponse:
        if sets.pop(0):
            thread_locals.request = request
        opened = current()
        assert opened is not None
        traced.recorder.leave_view(opened, traced.recorder.enter_view(opened))
        return HttpResponse("x")

    close(TraceMiddleware(layers)(RequestFactory().get("/first/")))
    response = TraceMiddleware(layers)(RequestFactory().get("/second/"))
    assert response.status_code == 200
    close(response)
    assert {finding.kind for finding in findings(traced)} == {"leftover", "crossed"}


def test_a_stream_is_cut_where_a_leak_is_found(tracing: Start) -> None:
    traced = tracing(ON_LEAK="block", HOLDERS=[HOLDER])

    def keep(request: HttpRequest) -> HttpResponse:
        response = HttpResponse("x")
        elsewhere.append(request)
        return response

    elsewhere: list[HttpRequest] = []
    close(TraceMiddleware(keep)(RequestFactory().get("/first/")))
    response = TraceMiddleware(views.stream_of_holder)(RequestFactory().get("/stream-of-holder/"))
    parts = iter(response)
    assert next(parts) == b"one "
    thread_locals.request = elsewhere[0]
    with pytest.raises(LeakBlocked):
        next(parts)
    close(response)
    assert [finding.checkpoint for finding in findings(traced) if finding.level == "leak"] == ["response"]
    assert traced.requests()[1].outcome == "error"
