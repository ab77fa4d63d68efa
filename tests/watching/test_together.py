"""Two requests that take a holder from each other, a body made behind all middleware, and two ways to say who asks."""

from collections.abc import Callable, Iterator
from contextvars import ContextVar

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import Client, RequestFactory
from django.urls import path
from pytest_django.fixtures import Settings
from rest_framework.authentication import BasicAuthentication, SessionAuthentication
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reqtrace.capture.carrying import current
from reqtrace.middleware import TraceMiddleware
from reqtrace.reading.reader import Reader
from reqtrace.records import Finding
from tests.conftest import Tracing, close

Start = Callable[..., Tracing]
Layer = Callable[[HttpRequest], object]


class Desk:
    """One place for whoever is served."""

    current: object = None


variable: ContextVar[HttpRequest | None] = ContextVar("variable", default=None)


@pytest.fixture(autouse=True)
def _clean_up() -> Iterator[None]:
    yield
    Desk.current = None
    variable.set(None)


def findings(traced: Tracing) -> list[Finding]:
    traced.recorder.shipper.ship()
    return sorted(Reader(traced.store).findings(), key=lambda finding: finding.id)


def serve(traced: Tracing, number: int, view: Layer) -> None:
    """Let a request of somebody in at a desk that is cleared on the way out."""

    def layers(request: HttpRequest) -> HttpResponse:
        request.user = User(pk=number, username=f"person{number}")  # type: ignore[assignment]
        opened = current()
        assert opened is not None
        Desk.current = request
        place = traced.recorder.enter_view(opened)
        view(request)
        traced.recorder.leave_view(opened, place)
        Desk.current = None
        return HttpResponse("x")

    close(TraceMiddleware(layers)(RequestFactory().get("/plain/")))


def test_two_requests_that_share_a_holder_are_crossed_where_the_ones_end_takes_away_the_others(tracing: Start) -> None:
    traced = tracing(HOLDERS=[f"{__name__}.Desk.current"])
    serve(traced, 1, lambda request: serve(traced, 2, lambda request: None))
    found = findings(traced)
    assert {(item.kind, item.expected.user.id, item.observed.user.id) for item in found} == {
        ("crossed", "1", "2"),
        ("crossed", "2", "1"),
    }
    assert "took it from each other" in found[0].message


def test_a_view_that_clears_its_own_holder_is_not_crossed(tracing: Start) -> None:
    traced = tracing(HOLDERS=[f"{__name__}.Desk.current"])
    serve(traced, 1, lambda request: setattr(Desk, "current", None))
    serve(traced, 2, lambda request: None)
    assert findings(traced) == []


def stream(traced: Tracing, number: int, *, resets: bool) -> None:
    def layers(request: HttpRequest) -> StreamingHttpResponse:
        request.user = User(pk=number, username=f"person{number}")  # type: ignore[assignment]
        opened = current()
        assert opened is not None
        token = variable.set(request)
        traced.recorder.leave_view(opened, traced.recorder.enter_view(opened))
        if resets:
            variable.reset(token)
        return StreamingHttpResponse(iter(["one", "two", "three"]))

    response: HttpResponseBase = TraceMiddleware(layers)(RequestFactory().get("/plain/"))
    assert b"".join(response) == b"onetwothree"  # type: ignore[arg-type]
    close(response)


def test_a_variable_that_is_reset_before_the_body_is_made_is_lost_there(tracing: Start) -> None:
    traced = tracing(HOLDERS=[f"{__name__}.variable"])
    stream(traced, 1, resets=True)
    (found,) = findings(traced)
    assert (found.kind, found.level, found.checkpoint) == ("lost", "notice", "response")
    assert "before the view returns" in found.fix


def test_parts_that_are_made_under_the_variable_are_not_lost(tracing: Start) -> None:
    traced = tracing(HOLDERS=[f"{__name__}.variable"])
    stream(traced, 1, resets=False)
    assert "lost" not in {item.kind for item in findings(traced)}


def test_an_answer_that_is_not_streamed_is_not_lost_behind_the_middleware(tracing: Start) -> None:
    traced = tracing(HOLDERS=[f"{__name__}.Desk.current"])
    serve(traced, 1, lambda request: None)
    assert findings(traced) == []


class ByName(BasicAuthentication):
    """Take the user from the query string, as from a token."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:  # type: ignore[override]
        """Find whoever is named."""
        name = request.query_params.get("token")
        return (User.objects.get(username=name), None) if name else None


class Api(APIView):
    """An API that a token opens, or the session."""

    authentication_classes = (ByName, SessionAuthentication)

    def get(self, request: Request) -> Response:
        """Say who asks."""
        return Response(request.user.get_username())


def who(request: HttpRequest) -> HttpResponse:
    """Ask for the user."""
    return HttpResponse(str(request.user))


urlpatterns = [path("api/", Api.as_view()), path("who/", who)]


@pytest.fixture(params=[False, True], ids=["nobody looked before", "middleware looked before"])
def api(tracing: Start, settings: Settings, request: pytest.FixtureRequest) -> Tracing:
    settings.ROOT_URLCONF = __name__
    if request.param:
        settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.looks_first"]
    return tracing()


def looks_first(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Look at the user of every request."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        str(request.user)
        return get_response(request)

    return middleware


def signed_in(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.get_or_create(username=name)[0])
    return client


@pytest.mark.django_db
def test_the_session_of_one_and_the_token_of_another_are_a_swap(api: Tracing) -> None:
    User.objects.create(username="bob")
    alice = signed_in("alice")
    alice.get("/who/")
    assert alice.get("/api/?token=bob").json() == "bob"
    (found,) = findings(api)
    assert (found.kind, found.expected.user.label, found.observed.user.label) == ("swapped", "alice", "bob")


@pytest.mark.django_db
def test_a_first_authentication_is_no_swap(api: Tracing) -> None:
    User.objects.create(username="bob")
    alice = signed_in("alice")
    assert alice.get("/api/").json() == "alice"
    assert alice.get("/api/?token=alice").json() == "alice"
    assert Client().get("/api/?token=bob").json() == "bob"
    assert findings(api) == []
