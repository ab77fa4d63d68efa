"""Whose request it is: learnt without a query, without `Vary`, without waking anything that sleeps."""

import logging
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from django.contrib.auth import authenticate, get_user, login, logout
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.db import connection, models
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import path
from django.utils.functional import SimpleLazyObject
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reqtrace import identity
from reqtrace.identity import ANONYMOUS, UNRESOLVED, Identity
from tests.conftest import Tracing

Start = Callable[..., Tracing]
ENGINES = ["db", "cache", "cached_db", "file", "signed_cookies"]


class Member(AbstractBaseUser):
    """A user model of a project's own: another primary key, another name."""

    number = models.CharField(max_length=20, primary_key=True)
    email = models.EmailField(unique=True)
    USERNAME_FIELD = "email"

    class Meta:
        """Kept out of the database: it is never saved."""

        app_label = "tests"
        managed = False


class Token(BaseAuthentication):
    """Signs people in by a header, when REST framework asks: after all middleware, in the view."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        """Return the user that the header names."""
        name = request.headers.get("X-Token")
        return (User.objects.get(username=name), None) if name else None


class Api(APIView):
    """A view of REST framework's."""

    authentication_classes = (Token,)
    permission_classes = (AllowAny,)

    def get(self, request: Request) -> Response:
        """Answer."""
        return Response({"user": str(request.user)})


def plain(request: HttpRequest) -> HttpResponse:
    """Answer without looking at anything."""
    return HttpResponse("plain")


def who(request: HttpRequest) -> HttpResponse:
    """Ask for the user."""
    return HttpResponse(str(request.user))


def both(request: HttpRequest) -> HttpResponse:
    """Sign in, and out again."""
    login(request, User.objects.get(username="alice"))
    logout(request)
    return HttpResponse("gone")


urlpatterns = [
    path("api/", Api.as_view(renderer_classes=[JSONRenderer])),
    path("plain/", plain),
    path("who/", who),
    path("both/", both),
]


@pytest.fixture
def urls(settings: SimpleNamespace) -> None:
    """Serve the views of this file."""
    settings.ROOT_URLCONF = __name__


def _never() -> NoReturn:
    pytest.fail("something asleep was woken")  # no `Exception`: an `except Exception` would swallow it


def _request(**attributes: object) -> HttpRequest:
    request = RequestFactory().get("/")
    request.__dict__.update(attributes)
    return request


def test_a_lazy_user_is_never_evaluated() -> None:
    assert identity.of_request(_request(user=SimpleLazyObject(_never))) is UNRESOLVED
    assert identity.of_user(SimpleLazyObject(_never)) is UNRESOLVED


def test_a_lazy_user_that_was_evaluated_is_read() -> None:
    lazy = SimpleLazyObject(lambda: User(pk=7, username="alice"))
    str(lazy)
    assert identity.of_user(lazy) == Identity("authenticated", "7", "alice")


def test_a_lazy_user_within_a_lazy_user_is_read() -> None:
    inner = SimpleLazyObject(lambda: User(pk=7, username="alice"))
    outer = SimpleLazyObject(lambda: inner)
    str(outer)
    assert identity.of_user(outer).id == "7"
    assert identity.of_user(SimpleLazyObject(lambda: inner)) is UNRESOLVED


@pytest.mark.parametrize("name", ["_cached_user", "_acached_user"])
def test_what_the_request_remembers_is_read_where_its_user_still_sleeps(name: str) -> None:
    request = _request(user=SimpleLazyObject(_never), **{name: User(pk=7, username="alice")})
    assert identity.of_request(request) == Identity("authenticated", "7", "alice")
    assert identity.of_request(_request(user=SimpleLazyObject(_never), **{name: AnonymousUser()})) is ANONYMOUS


def test_a_request_without_a_user_is_unresolved() -> None:
    assert identity.of_request(_request()) is UNRESOLVED
    assert identity.of_request(_request(user=None)) is UNRESOLVED


@pytest.mark.django_db
def test_deferred_fields_are_not_fetched() -> None:
    User.objects.create_user("alice")
    user = User.objects.only("pk").get()
    with CaptureQueriesContext(connection) as queries:
        assert identity.of_user(user) == Identity("authenticated", str(user.pk), None)
    assert len(queries) == 0


def test_a_user_model_with_its_own_key_and_name_is_read() -> None:
    assert identity.of_user(Member(number="m-7", email="alice@example.org")) == Identity(
        "authenticated", "m-7", "alice@example.org"
    )


def test_a_user_that_was_never_saved_has_no_id() -> None:
    assert identity.of_user(User(username="alice")) == Identity("authenticated", None, "alice")


def test_a_user_of_a_token_has_no_table_and_is_read_by_its_attributes() -> None:
    class TokenUser:
        is_authenticated = True
        username = "alice"

        @property
        def pk(self) -> int:
            return 7

    assert identity.of_user(TokenUser()) == Identity("authenticated", "7", "alice")
    assert identity.of_user(SimpleNamespace(is_authenticated=True, id="u7", username=None)).id == "u7"
    assert identity.of_user(SimpleNamespace(is_authenticated=False)) is ANONYMOUS


def test_a_proxy_that_lies_about_its_class_is_left_alone() -> None:
    class Proxy:
        @property  # type: ignore[misc]
        def __class__(self) -> type:
            _never()

        def __getattr__(self, name: str) -> object:
            _never()

    assert identity.of_user(Proxy()) is UNRESOLVED


def test_a_user_that_raises_wherever_it_is_touched_is_unresolved() -> None:
    class Bristly:
        def __getattribute__(self, name: str) -> object:
            raise RuntimeError(name)

        __eq__ = __hash__ = __bool__ = __str__ = None  # type: ignore[assignment]

    assert identity.of_user(Bristly()) is UNRESOLVED
    assert identity.of_request(_request(user=Bristly())) is UNRESOLVED


def test_a_user_whose_class_cannot_even_be_hashed_is_unresolved() -> None:
    class Unhashable(type):
        __hash__ = None  # type: ignore[assignment]

    assert identity.of_user(Unhashable("Odd", (), {})()) is UNRESOLVED


@pytest.mark.django_db
@pytest.mark.usefixtures("urls")
def test_rest_frameworks_late_authentication_is_seen(tracing: Start) -> None:
    traced = tracing()
    alice = User.objects.create_user("alice")
    assert Client().get("/api/", headers={"X-Token": "alice"}).status_code == 200
    assert Client().get("/api/").status_code == 200
    late, nobody = traced.requests()
    assert (late.user.state, late.user.id, late.user.label) == ("authenticated", str(alice.pk), "alice")
    assert nobody.user.state == "anonymous"


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, settings: SimpleNamespace, tmp_path: Path) -> str:
    """Keep sessions in each of Django's backends."""
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{request.param}"
    settings.SESSION_FILE_PATH = str(tmp_path)
    return str(request.param)


def _sign_in(client: Client, name: str) -> User:
    user = User.objects.create_user(name)
    client.force_login(user)
    return user


@pytest.mark.django_db
@pytest.mark.usefixtures("urls")
def test_no_session_is_loaded_marked_or_varied_by(tracing: Start, engine: str) -> None:
    traced = tracing()
    client = Client()
    _sign_in(client, "alice")
    with CaptureQueriesContext(connection) as queries:
        answer = client.get("/plain/")
    assert len(queries) == 0
    assert "Vary" not in answer.headers
    session = answer.wsgi_request.session
    assert not session.accessed
    assert "_session_cache" not in session.__dict__
    request = traced.request()
    assert request.user.state == "unresolved"
    assert request.session is not None


@pytest.mark.django_db
@pytest.mark.usefixtures("urls")
def test_whoever_is_asked_for_is_known_with_every_session_backend(tracing: Start, engine: str) -> None:
    traced = tracing()
    client = Client()
    alice = _sign_in(client, "alice")
    client.get("/who/")
    client.get("/who/")
    first, second = traced.requests()
    assert first.user.id == second.user.id == str(alice.pk)
    assert first.session == second.session is not None


def test_the_key_of_a_session_in_a_cookie_is_read_without_decoding_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SessionStore, "load", lambda self: _never())
    assert identity.session_key_of(_request(session=SessionStore("a-signed-cookie"))) == "a-signed-cookie"


@pytest.mark.parametrize("session", [None, {}, object(), SimpleNamespace(session_key="x")])
def test_a_session_that_is_none_of_djangos_has_no_key_and_no_user(session: object) -> None:
    request = _request(session=session)
    assert identity.session_key_of(request) is None
    assert identity.of_request(request) is UNRESOLVED


@pytest.mark.django_db
@pytest.mark.usefixtures("urls")
def test_a_request_that_signs_in_and_out_again_is_that_persons(tracing: Start) -> None:
    traced = tracing()
    User.objects.create_user("alice")
    Client().get("/both/")
    assert traced.request().user.label == "alice"


@pytest.mark.django_db
def test_signing_in_outside_of_any_request_is_nobodys_business() -> None:
    User.objects.create_user("alice", password="x")
    request = _request(session=SessionStore(), user=AnonymousUser())
    user = authenticate(request, username="alice", password="x")
    assert user is not None
    login(request, user)
    assert get_user(request) == user
    logout(request)
    assert identity.of_request(request) is ANONYMOUS


@pytest.mark.parametrize(
    "mark", ["hijack_history", "_impersonate", "_impersonate_prev_path", "loginas_from_user", "exit_users_pk"]
)
def test_impersonation_is_known_by_the_mark_in_a_loaded_session(mark: str) -> None:
    session = SessionStore()
    session._session_cache = {mark: ["1"]}  # type: ignore[attr-defined]
    assert identity.known_impersonation(_request(session=session))


@pytest.mark.parametrize("name", ["impersonator", "real_user"])
def test_impersonation_is_known_by_the_mark_on_the_request(name: str) -> None:
    assert identity.known_impersonation(_request(**{name: User(pk=1)}))


def test_a_session_that_nobody_loaded_stays_asleep_and_is_no_impersonation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SessionStore, "load", lambda self: _never())
    assert not identity.known_impersonation(_request(session=SessionStore("a-signed-cookie")))
    assert not identity.known_impersonation(_request())
    assert not identity.known_impersonation(_request(session={"_impersonate": 1}))


def test_nothing_is_logged_about_strange_users(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="reqtrace")
    strange: list[Any] = [object(), 7, "alice", type, lambda: None]
    assert {identity.of_user(user) for user in strange} == {UNRESOLVED}
    assert not [record for record in caplog.records if record.name.startswith("reqtrace")]
