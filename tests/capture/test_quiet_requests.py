"""Requests that begin as nobody's, in a project that signs people in by itself: no identity is missed on their way."""

import asyncio
import copy
import pickle
import sys
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import AsyncClient, Client
from django.urls import path

import reqtrace
from reqtrace.reading.reader import Reader
from reqtrace.records import Finding
from reqtrace.watching.live import OpenRequest
from tests.conftest import Tracing, close

Start = Callable[..., Tracing]
TRACE, SESSIONS = "reqtrace.middleware.TraceMiddleware", "django.contrib.sessions.middleware.SessionMiddleware"
PEOPLE = {"alice": 1, "bob": 2}
requests: list[HttpRequest] = []
shared = HttpResponse("one object for all")


def by_token(request: HttpRequest) -> User:
    """Sign in whoever the token names, as a view of an API does."""
    name = request.headers["Authorization"]
    request.user = User(pk=PEOPLE[name], username=name)
    return request.user


def sync_view(request: HttpRequest) -> HttpResponse:
    return HttpResponse(by_token(request).username)


async def async_view(request: HttpRequest) -> HttpResponse:
    by_token(request)
    await asyncio.sleep(0)
    return HttpResponse("x")


def failing(request: HttpRequest) -> HttpResponse:
    by_token(request)
    raise ValueError("as asked")


def streaming(request: HttpRequest) -> StreamingHttpResponse:
    def parts() -> Iterator[bytes]:
        by_token(request)
        yield b"one "
        yield b"two"

    return StreamingHttpResponse(parts())


def becoming_another(request: HttpRequest) -> HttpResponse:
    by_token(request)
    reqtrace.checkpoint("signed-in")
    request.user = User(pk=99, username="somebody else")
    return HttpResponse("x")


def of_session(request: HttpRequest) -> HttpResponse:
    """Answer everybody with what was made for the first, by a session that no middleware takes the user from."""
    assert request.session["_auth_user_id"]
    return shared


def of_session_or_token(request: HttpRequest) -> HttpResponse:
    """Answer whoever brings a token with what was made for a session."""
    if "Authorization" in request.headers:
        by_token(request)
        return shared
    return of_session(request)


def exchanged(request: HttpRequest) -> HttpResponse:
    request.__class__ = Querying
    return HttpResponse("x")


class Querying(WSGIRequest):
    """A request of a library that finds its user by a query."""

    @property
    def user(self) -> Any:
        """Query."""
        raise AssertionError("it was evaluated")

    @property
    def session(self) -> Any:
        """Query, too."""
        raise AssertionError("it was evaluated")


@reqtrace.watch
def get_current_request() -> HttpRequest:
    return requests[0]


def asking(request: HttpRequest) -> HttpResponse:
    requests.append(request)
    get_current_request()
    return HttpResponse("x")


def keeping(request: HttpRequest) -> HttpResponse:
    requests.append(request)
    return HttpResponse("x")


def plain(request: HttpRequest) -> HttpResponse:
    return HttpResponse("x")


urlpatterns = [
    path("keeping/", keeping),
    path("plain/", plain),
    path("sync/", sync_view),
    path("async/", async_view),
    path("failing/", failing),
    path("streaming/", streaming),
    path("becoming-another/", becoming_another),
    path("of-session/", of_session),
    path("of-session-or-token/", of_session_or_token),
    path("exchanged/", exchanged),
    path("asking/", asking),
]


@pytest.fixture
def traced(tracing: Start, settings: SimpleNamespace) -> Iterator[Tracing]:
    """Trace a project with nothing but our middleware, in which discovery has looked around for long enough."""
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = [TRACE]
    traced = tracing(KNOWN_HOLDERS=False)
    traced.recorder.discovery.probes_left = 0
    traced.recorder.discovery.probe_due_ns = sys.maxsize
    yield traced
    requests.clear()


def findings(traced: Tracing) -> list[Finding]:
    traced.recorder.shipper.ship()
    return list(Reader(traced.store).findings())


def get(interface: str, page: str, name: str) -> None:
    """Visit a page with a token."""
    if interface == "asgi":
        async_to_sync(AsyncClient().get)(page, headers={"Authorization": name})
    else:
        Client().get(page, headers={"Authorization": name})


@pytest.mark.parametrize("page", ["/sync/", "/async/"])
@pytest.mark.parametrize("interface", ["wsgi", "asgi"])
def test_a_record_names_whom_the_view_itself_has_signed_in(traced: Tracing, interface: str, page: str) -> None:
    for name in ("alice", "bob", "alice"):
        get(interface, page, name)
    assert [request.user.label for request in traced.requests()] == ["alice", "bob", "alice"]
    assert findings(traced) == []


def test_it_is_named_also_when_its_view_fails(traced: Tracing, settings: SimpleNamespace) -> None:
    settings.DEBUG_PROPAGATE_EXCEPTIONS = True
    with pytest.raises(ValueError, match="as asked"):
        get("wsgi", "/failing/", "alice")
    request = traced.request()
    assert (request.user.label, request.outcome) == ("alice", "error")


def test_it_is_named_also_when_the_stream_signs_in(traced: Tracing) -> None:
    response = Client().get("/streaming/", headers={"Authorization": "alice"})
    assert b"".join(response.streaming_content) == b"one two"
    close(response)
    assert traced.request().user.label == "alice"


def test_a_user_who_becomes_another_within_the_view_is_swapped(traced: Tracing) -> None:
    get("wsgi", "/becoming-another/", "alice")
    (finding,) = findings(traced)
    assert (finding.kind, finding.observed.user.label) == ("swapped", "somebody else")


@pytest.mark.django_db
def test_a_response_made_for_one_session_and_served_to_another_is_found_without_any_user(
    traced: Tracing, settings: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MIDDLEWARE = [TRACE, SESSIONS]
    monkeypatch.setitem(globals(), "shared", HttpResponse("one object for all"))
    for name in PEOPLE:
        client = Client()
        client.force_login(User.objects.create_user(name))
        client.get("/of-session/")
    first, second = traced.requests()
    assert first.session != second.session
    (finding,) = findings(traced)
    assert (finding.kind, finding.request, finding.observed.request) == ("response-crossed", second.id, first.id)


@pytest.mark.django_db
def test_a_response_made_for_a_session_and_served_to_a_token_is_found(
    traced: Tracing, settings: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MIDDLEWARE = [TRACE, SESSIONS]
    monkeypatch.setitem(globals(), "shared", HttpResponse("one object for all"))
    client = Client()
    client.force_login(User.objects.create_user("alice", pk=PEOPLE["alice"]))
    client.get("/of-session-or-token/")
    settings.MIDDLEWARE = [TRACE]
    get("wsgi", "/of-session-or-token/", "bob")
    (finding,) = findings(traced)
    assert (finding.kind, finding.expected.user.label) == ("response-crossed", "bob")
    assert finding.observed.user.id == str(PEOPLE["alice"])


@pytest.mark.django_db
def test_a_session_that_nobody_looks_into_is_recorded_without_a_query(
    traced: Tracing, settings: SimpleNamespace, django_assert_num_queries: Callable[[int], Any]
) -> None:
    settings.MIDDLEWARE = [TRACE, SESSIONS]
    client = Client()
    client.force_login(User.objects.create_user("alice"))
    with django_assert_num_queries(0):
        client.get("/sync/", headers={"Authorization": "bob"})
    request = traced.request()
    assert (request.session is not None, request.user.label) == (True, "bob")
    assert findings(traced) == []


def test_a_request_whose_class_was_exchanged_is_never_evaluated(traced: Tracing) -> None:
    get("wsgi", "/exchanged/", "alice")
    assert traced.request().user.state == "unresolved"


def test_a_property_that_a_library_has_put_on_all_requests_is_never_evaluated(
    tracing: Start, settings: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WSGIRequest, "user", Querying.user, raising=False)
    settings.ROOT_URLCONF, settings.MIDDLEWARE = "tests.urls", [TRACE]
    traced = tracing(KNOWN_HOLDERS=False)
    traced.recorder.discovery.probes_left = 0
    traced.recorder.discovery.probe_due_ns = sys.maxsize
    get("wsgi", "/plain/", "alice")
    assert traced.request().user.state == "unresolved"


def test_a_watched_getter_that_names_another_quiet_request_is_crossed(traced: Tracing) -> None:
    """From its first call on: which requests it may name later is not known before."""
    get("wsgi", "/asking/", "alice")
    requests.clear()
    get("wsgi", "/asking/", "alice")
    get("wsgi", "/asking/", "alice")
    first, second, third = traced.requests()
    (finding,) = findings(traced)
    assert (finding.kind, finding.request) == ("crossed", third.id)
    assert finding.observed.request == second.id != first.id


def test_a_user_is_examined_only_where_there_is_another_than_before(
    traced: Tracing, monkeypatch: pytest.MonkeyPatch
) -> None:
    examined: list[tuple[str, str]] = []
    examine = traced.recorder.watch.examine_user

    def examining(opened: OpenRequest, checkpoint: str) -> None:
        examined.append((opened.request.path, checkpoint))
        examine(opened, checkpoint)

    monkeypatch.setattr(traced.recorder.watch, "examine_user", examining)
    Client().get("/nowhere/")
    get("wsgi", "/sync/", "alice")
    assert examined == [("/sync/", "view-end")]


@pytest.mark.django_db
def test_a_user_who_is_never_asked_for_is_not_examined(
    traced: Tracing, settings: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MIDDLEWARE = [TRACE, SESSIONS, "django.contrib.auth.middleware.AuthenticationMiddleware"]
    examined: list[str] = []
    examine = traced.recorder.watch.examine_user

    def examining(opened: OpenRequest, checkpoint: str) -> None:
        examined.append(checkpoint)
        examine(opened, checkpoint)

    monkeypatch.setattr(traced.recorder.watch, "examine_user", examining)
    Client().get("/plain/")
    assert examined == []


def test_a_traced_request_can_be_pickled_and_copied(traced: Tracing) -> None:
    """It carries what is known of it along, which neither goes to another process nor is there twice."""
    Client().get("/keeping/")
    request = requests[0]
    assert vars(request)["_reqtrace_request"].path == "/keeping/"
    kept = HttpRequest()
    kept.__dict__["_reqtrace_request"] = vars(request)["_reqtrace_request"]
    for copied in (pickle.loads(pickle.dumps(kept)), copy.deepcopy(kept)):
        assert vars(copied)["_reqtrace_request"] is None


def test_with_discovery_off_no_request_is_looked_at_for_its_sake(
    tracing: Start, settings: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = [TRACE]
    recorder = tracing(KNOWN_HOLDERS=False, DISCOVER=False).recorder
    looked_at: list[OpenRequest] = []
    monkeypatch.setattr(recorder, "_look_closely", looked_at.append)
    Client().get("/sync/", headers={"Authorization": "alice"})
    assert looked_at == []
