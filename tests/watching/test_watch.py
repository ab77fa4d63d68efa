"""What the watch makes of a holder that names a user alone, and of one that names the request only here and there."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.utils.functional import SimpleLazyObject

from reqtrace.capture.carrying import current
from reqtrace.middleware import TraceMiddleware
from reqtrace.reading.reader import Reader
from reqtrace.watching.holders.calls import CallableHolder
from tests.conftest import Tracing, close

Start = Callable[..., Tracing]
Inner = Callable[[HttpRequest], None]


local = threading.local()


class Holder:
    """Keeps whatever is current, for the whole process."""

    current: object = None


class Named(CallableHolder):
    """A holder of any kind, whose readings a test makes itself."""

    def __init__(self, kind: Any) -> None:
        """Be of that kind."""
        super().__init__("shop.current", lambda: None, kind)


@pytest.fixture(autouse=True)
def _clean_up() -> object:
    yield
    Holder.current = None


@pytest.fixture
def traced(tracing: Start) -> Tracing:
    return tracing(HOLDERS=["tests.watching.test_watch.Holder.current"])


def kinds(traced: Tracing) -> list[str]:
    traced.recorder.shipper.ship()
    return [finding.kind for finding in sorted(Reader(traced.store).findings(), key=lambda finding: finding.id)]


def person(number: int) -> User:
    return User(pk=number, username=f"person{number}")


def serve(inner: Inner, user: object) -> None:
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


@pytest.mark.parametrize("elsewhere", [False, True])
def test_no_writer_is_named_that_never_ran_on_the_thread_in_question(tracing: Start, elsewhere: bool) -> None:
    traced = tracing(HOLDERS=["tests.watching.test_watch.local.user"])
    if elsewhere:
        thread = threading.Thread(target=serve, args=(lambda _: None, person(2)))
        thread.start()
        thread.join()
    else:
        serve(lambda _: None, person(2))
    local.user = person(2)
    serve(lambda _: None, person(1))
    del local.user
    traced.recorder.shipper.ship()
    (finding,) = (finding for finding in Reader(traced.store).findings() if finding.kind == "leftover")
    before = min(traced.requests(), key=lambda request: request.start_ns)
    assert finding.observed.user.label == "person2"
    if elsewhere:
        assert finding.observed.request is finding.writer.request is finding.writer.thread_serial is None
    else:
        assert finding.writer is not None
        assert finding.observed.request == finding.writer.request == before.id
        assert finding.writer.thread_serial == before.thread_serial


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
        opened = current()
        assert opened is not None
        view = threading.Thread(target=traced.recorder.enter_view, args=(opened,))
        view.start()
        view.join()
        Holder.current = request

    serve(inner, person(1))
    traced.recorder.shipper.ship()
    (finding, *_) = Reader(traced.store).findings()
    assert (finding.kind, finding.checkpoint) == ("lost", "view")


def test_a_checkpoint_behind_the_line_that_sets_a_holder_tells_that_it_is_lost_in_the_view(traced: Tracing) -> None:
    def inner(request: HttpRequest) -> None:
        opened = current()
        assert opened is not None
        Holder.current = request
        traced.recorder.checkpoint(opened, "set")
        Holder.current = None
        view = threading.Thread(target=traced.recorder.enter_view, args=(opened,))
        view.start()
        view.join()

    serve(inner, person(1))
    assert kinds(traced) == ["lost"]


def test_a_holder_that_names_the_user_on_the_threads_own_is_nothing(traced: Tracing) -> None:
    me = person(1)

    def inner(_: HttpRequest) -> None:
        Holder.current = me
        opened = current()
        assert opened is not None
        traced.recorder.checkpoint(opened, "view")
        Holder.current = None

    serve(inner, me)
    serve(inner, me)
    assert kinds(traced) == []


@pytest.mark.parametrize("kind", ["ContextVar", "asgiref.Local", "gevent.local", "threading.local", "callable"])
def test_acting_for_somebody_whose_own_request_is_in_flight_elsewhere_is_nothing(tracing: Start, kind: str) -> None:
    traced = tracing()

    def of_admin(_: HttpRequest) -> None:
        opened = current()
        assert opened is not None
        place = traced.recorder.execution.here()
        traced.recorder.watch.consider(opened, "view-end", place, Named(kind), person(2))

    def of_customer(_: HttpRequest) -> None:
        admin = threading.Thread(target=serve, args=(of_admin, person(1)))
        admin.start()
        admin.join()

    serve(of_customer, person(2))
    assert kinds(traced) == []


@pytest.mark.parametrize("kind", ["ContextVar", "callable", "attribute"])
def test_the_very_user_of_a_request_in_flight_is_crossed_wherever_it_is_held(tracing: Start, kind: str) -> None:
    traced = tracing()
    customer = SimpleLazyObject(lambda: person(2))
    str(customer)  # as a view does that asks who it is

    def of_admin(_: HttpRequest) -> None:
        opened = current()
        assert opened is not None
        place = traced.recorder.execution.here()
        traced.recorder.watch.consider(opened, "view-end", place, Named(kind), customer)

    def of_customer(_: HttpRequest) -> None:
        admin = threading.Thread(target=serve, args=(of_admin, person(1)))
        admin.start()
        admin.join()

    serve(of_customer, customer)
    assert kinds(traced) == ["crossed"]


@pytest.mark.parametrize("kind", ["threading.local", "dict by thread", "callable"])
def test_a_user_whom_another_request_left_on_this_very_thread_is_crossed(traced: Tracing, kind: str) -> None:
    def inner(_: HttpRequest) -> None:
        serve(lambda request: None, person(2))
        opened = current()
        assert opened is not None
        place = traced.recorder.execution.here()
        traced.recorder.watch.consider(opened, "view-end", place, Named(kind), person(2))

    serve(inner, person(1))
    assert kinds(traced) == ["crossed"]


@pytest.mark.parametrize("kind", ["ContextVar", "callable", "attribute", "threading.local"])
def test_the_very_user_of_a_request_that_is_over_is_crossed_on_whatever_thread(tracing: Start, kind: str) -> None:
    """A fetched row may stand for somebody for whom the application acts; the object of another's request may not."""
    traced = tracing()
    of_earlier, fetched = person(2), person(2)
    reader = threading.Thread(target=serve, args=(lambda request: None, of_earlier))
    reader.start()
    reader.join()
    held: object = None

    def inner(_: HttpRequest) -> None:
        opened = current()
        assert opened is not None
        place, holder = traced.recorder.execution.here(), Named(kind)
        traced.recorder.watch.consider(opened, "start", place, holder, None)
        traced.recorder.watch.consider(opened, "view-end", place, holder, held)

    held = fetched
    serve(inner, person(1))
    assert kinds(traced) == []
    held = SimpleLazyObject(lambda: of_earlier)
    str(held)
    serve(inner, person(1))
    assert kinds(traced) == ["crossed"]


def test_the_requests_own_user_object_at_its_close_is_nothing(tracing: Start) -> None:
    """Of a user alone only the next request can tell that it stays: each may have its context for itself."""
    traced = tracing(HOLDERS=["tests.watching.test_watch.Holder.current"])
    me = person(1)

    def inner(_: HttpRequest) -> None:
        opened = current()
        assert opened is not None
        traced.recorder.checkpoint(opened, "view-end")
        Holder.current = me

    serve(inner, me)
    assert kinds(traced) == []


@pytest.mark.parametrize(("said", "value"), [("pk", 2), ("username", "person2")])
def test_a_key_or_a_name_is_somebody_where_the_path_says_so(tracing: Start, said: str, value: object) -> None:
    traced = tracing(HOLDERS=[f"tests.watching.test_watch.Holder.current:{said}"], DISCOVER=False)

    def inner(_: HttpRequest) -> None:
        opened = current()
        assert opened is not None
        serve(lambda request: None, person(2))
        Holder.current = value
        traced.recorder.checkpoint(opened, "view-end")
        Holder.current = None

    serve(inner, person(2))
    assert kinds(traced) == []  # their own
    serve(inner, person(1))
    assert kinds(traced) == ["crossed"]
