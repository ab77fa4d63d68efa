"""Pages out of the cache: somebody's only if what made them looked at who asks, and known by the session."""

from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.cache import FetchFromCacheMiddleware
from django.template import engines
from django.template.response import TemplateResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import path
from django.views.decorators.cache import cache_page
from pytest_django.fixtures import Settings

from reqtrace.capture import view_seam
from reqtrace.reading.reader import Reader
from reqtrace.records import Finding
from tests.conftest import Tracing

pytestmark = pytest.mark.django_db
OURS = "reqtrace.middleware.TraceMiddleware"
LOOKS = f"{__name__}.looks_first"
BEFORE = ["django.contrib.sessions.middleware.SessionMiddleware"]
BEFORE.append("django.contrib.auth.middleware.AuthenticationMiddleware")
accessed: list[object] = []


def looks_first(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Look at user and session of every request, as many a library's middleware does, and see what is left of it."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        str(request.user)
        request.session.get("theme")
        user = request.user._wrapped  # type: ignore[union-attr]
        response = get_response(request)
        accessed.append((request.session.accessed, request.user._wrapped is user))  # type: ignore[union-attr]
        return response

    return middleware


@cache_page(60)
def greeting(request: HttpRequest) -> HttpResponse:
    """Greet whoever asks."""
    return HttpResponse(f"hello {request.user}")


@cache_page(60)
def public(request: HttpRequest) -> HttpResponse:
    """Answer everybody alike."""
    return HttpResponse("hello")


@cache_page(60)
def basket(request: HttpRequest) -> HttpResponse:
    """Show what stands in the session."""
    return HttpResponse(f"basket {request.session.get('basket')}")


@cache_page(60)
def greeting_by_template(request: HttpRequest) -> HttpResponse:
    """Greet whoever asks, once the template is rendered."""
    return TemplateResponse(request, engines["django"].from_string("hello {{ request.user }}"))


@cache_page(60)
def public_by_template(request: HttpRequest) -> HttpResponse:
    """Answer everybody alike, once the template is rendered."""
    return TemplateResponse(request, engines["django"].from_string("hello"))


_SHARED = HttpResponse("the same for all")


def shared(request: HttpRequest) -> HttpResponse:
    """Answer everybody with one response object, made for nobody."""
    return _SHARED


urlpatterns = [
    path("greeting/", greeting),
    path("public/", public),
    path("basket/", basket),
    path("greeting-by-template/", greeting_by_template),
    path("public-by-template/", public_by_template),
    path("members/", login_required(public)),
    path("shared/", shared),
]


@pytest.fixture(params=[[], [LOOKS]], ids=["nobody looked before", "middleware looked before"])
def traced(tracing: Callable[..., Tracing], settings: Settings, request: pytest.FixtureRequest) -> Iterator[Tracing]:
    cache.clear()
    accessed.clear()
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = [OURS, *BEFORE, *request.param]
    yield tracing()
    assert all(seen == (True, True) for seen in accessed), "who looks finds all as it was"


def signed_in(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.get_or_create(username=name)[0])
    return client


def findings(traced: Tracing) -> list[Finding]:
    traced.recorder.shipper.ship()
    return sorted(Reader(traced.store).findings(), key=lambda finding: finding.id)


@pytest.mark.parametrize("page", ["greeting", "greeting-by-template", "basket"])
def test_a_page_that_looks_at_who_asks_is_told_for_every_stranger_at_once(traced: Tracing, page: str) -> None:
    alice = signed_in("alice")
    looked = alice.get(f"/{page}/").content
    if page == "basket" and not accessed:
        alice.get("/greeting/")  # whose session it is, only a look at the user tells
        cache.clear()
        alice.get(f"/{page}/")
    strangers = [signed_in(name) for name in ("bob", "carol", "dave")] + [Client()]
    for stranger in strangers:
        assert stranger.get(f"/{page}/").content == looked
    found = findings(traced)
    assert [finding.kind for finding in found] == ["response-crossed"] * len(strangers)
    assert {finding.observed.user.id for finding in found} == {str(User.objects.get(username="alice").pk)}


@pytest.mark.parametrize("page", ["public", "public-by-template", "members", "shared"])
def test_a_page_that_is_the_same_for_all_is_nobodys(traced: Tracing, page: str) -> None:
    for name in ("alice", "bob", "carol"):
        assert signed_in(name).get(f"/{page}/").status_code == 200
    Client().get(f"/{page}/")
    assert findings(traced) == []


def test_another_session_of_the_same_person_is_no_stranger_where_it_is_known(traced: Tracing) -> None:
    laptop, phone = signed_in("alice"), signed_in("alice")
    phone.get("/greeting/?another")
    laptop.get("/greeting/")
    phone.get("/greeting/")
    laptop.get("/greeting/")
    assert findings(traced) == []


def test_a_page_that_several_people_got_alike_is_nobodys(traced: Tracing, settings: Settings) -> None:
    clients = [signed_in(name) for name in ("alice", "bob", "carol")]

    @cache_page(60)
    def looks_in_vain(request: HttpRequest) -> HttpResponse:
        return HttpResponse("hello" + str(request.user)[:0])

    urlpatterns.append(path("in-vain/", looks_in_vain))
    try:
        for client in clients[:2]:
            cache.clear()
            client.get("/in-vain/")
        clients[2].get("/in-vain/")
    finally:
        urlpatterns.pop()
    assert findings(traced) == []


def test_seeing_who_looks_takes_no_query(traced: Tracing) -> None:
    from django.db import connection

    alice = signed_in("alice")
    with CaptureQueriesContext(connection) as queries:
        alice.get("/greeting/")
    assert len(queries) == 2, "the session's and the user's"


def test_a_page_whose_view_fails_leaves_all_as_it_was(traced: Tracing) -> None:
    def fails(request: HttpRequest) -> HttpResponse:
        raise ValueError("as asked")

    urlpatterns.append(path("fails/", fails))
    client = signed_in("alice")
    client.raise_request_exception = False
    try:
        assert client.get("/fails/").status_code == 500
    finally:
        urlpatterns.pop()


def test_the_seam_into_the_page_cache_is_closed_again(traced: Tracing) -> None:
    signed_in("alice").get("/public/")
    assert hasattr(FetchFromCacheMiddleware.process_request, "reqtrace_original")
    view_seam.close_seam()
    assert not hasattr(FetchFromCacheMiddleware.process_request, "reqtrace_original")
