"""What the watch makes of a holder that names a user alone, and of one that names the request only here and there."""

import threading
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from reqtrace.middleware import TraceMiddleware
from reqtrace.reader import Reader
from reqtrace.recorder import current_request
from tests.conftest import Tracing, close

Start = Callable[..., Tracing]
Inner = Callable[[HttpRequest], None]


class Holder:
    """Keeps whatever is current, for the whole process."""

    current: object = None


@pytest.fixture(autouse=True)
def _clean_up() -> object:
    yield
    Holder.current = None


@pytest.fixture
def traced(tracing: Start) -> Tracing:
    return tracing(HOLDERS=["tests.test_watching.Holder.current"])


def kinds(traced: Tracing) -> list[str]:
    traced.recorder.shipper.ship()
    return [finding.kind for finding in sorted(Reader(traced.store).findings(), key=lambda finding: finding.id)]


def person(number: int) -> User:
    return User(pk=number, username=f"person{number}")


def serve(inner: Inner, user: User) -> None:
    """Let one request through the middleware, with `inner` as all the layers below it."""

    def layers(request: HttpRequest) -> HttpResponse:
        request.user = user  # type: ignore[assignment]
        inner(request)
        return HttpResponse("x")

    close(TraceMiddleware(layers)(RequestFactory().get("/plain/")))


def test_a_user_whose_request_ended_during_this_one_is_crossed(traced: Tracing) -> None:
    def inner(_: HttpRequest) -> None:
        serve(lambda request: None, person(2))
        Holder.current = person(2)

    serve(inner, person(1))
    assert kinds(traced) == ["crossed"]


def test_the_user_of_an_overlapping_request_is_blamed_on_that_request(traced: Tracing) -> None:
    serve(lambda request: None, person(2))

    def outer(_: HttpRequest) -> None:
        def inner(_: HttpRequest) -> None:
            Holder.current = person(2)

        serve(inner, person(1))
        Holder.current = None

    serve(outer, person(2))
    traced.recorder.shipper.ship()
    (finding,) = Reader(traced.store).findings()
    before, outer_one, inner_one = traced.requests()
    assert (finding.kind, finding.request) == ("crossed", inner_one.id)
    assert finding.observed.request == outer_one.id != before.id


def test_a_request_that_runs_within_another_finds_no_leftover_of_it(traced: Tracing) -> None:
    def outer(request: HttpRequest) -> None:
        Holder.current = request

        def inner(request: HttpRequest) -> None:
            Holder.current = None

        serve(inner, person(2))

    serve(outer, person(1))
    assert kinds(traced) == []


def test_a_holder_that_names_the_request_on_its_way_out_and_nobody_in_its_view_was_lost_there(traced: Tracing) -> None:
    def inner(request: HttpRequest) -> None:
        opened = current_request.get()
        assert opened is not None
        view = threading.Thread(target=traced.recorder.enter_view, args=(opened,))
        view.start()
        view.join()
        Holder.current = request

    serve(inner, person(1))
    traced.recorder.shipper.ship()
    (finding, *_) = Reader(traced.store).findings()
    assert (finding.kind, finding.checkpoint) == ("lost", "view")


def test_a_holder_that_names_the_user_on_the_threads_own_is_nothing(traced: Tracing) -> None:
    me = person(1)

    def inner(_: HttpRequest) -> None:
        Holder.current = me
        opened = current_request.get()
        assert opened is not None
        traced.recorder.checkpoint(opened, "view")
        Holder.current = None

    serve(inner, me)
    serve(inner, me)
    assert kinds(traced) == []
