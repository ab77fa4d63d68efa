"""What an earlier request has left in a holder is crossed only where requests rely on it; else it is left over."""

import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.utils.functional import SimpleLazyObject

from reqtrace.api import watch
from reqtrace.capture.carrying import current
from reqtrace.capture.recorder import Recorder
from reqtrace.middleware import TraceMiddleware
from reqtrace.reading.reader import Reader
from reqtrace.watching.holders.attributes import AttributeHolder
from reqtrace.watching.live import OpenRequest
from tests.conftest import Tracing, close

Start = Callable[..., Tracing]
Layer = Callable[[HttpRequest], object]


class Desk:
    """Serves whoever came first."""

    current: object = None

    def serve(self, request: HttpRequest) -> object:
        """Return who is served."""
        if self.current is None:
            self.current = request
        return self.current


desk = Desk()


def served_first(request: HttpRequest) -> None:
    """Answer to whoever is served."""
    str(desk.serve(request))


def served_sometimes(request: HttpRequest) -> None:
    """Answer to whoever is served, if that is asked for."""
    if request.GET:
        str(desk.serve(request))


local = threading.local()
HOLDER = f"{__name__}.local.current"


@pytest.fixture(autouse=True)
def _clean_up() -> Iterator[None]:
    yield
    local.__dict__.clear()
    desk.__dict__.clear()


@pytest.fixture
def traced(tracing: Start) -> Tracing:
    return tracing(HOLDERS=[HOLDER])


def nothing(request: HttpRequest) -> None:
    """Leave all as it is."""


def keep(request: HttpRequest) -> None:
    """Set the holder."""
    local.current = request


def here() -> OpenRequest:
    opened = current()
    assert opened is not None
    return opened


def serve(
    traced: Tracing, number: int, on_the_way_in: Layer = nothing, view: Layer = nothing, name: str = "view"
) -> None:
    """Let a request of somebody through a middleware and a view."""
    recorder: Recorder = traced.recorder

    def layers(request: HttpRequest) -> HttpResponse:
        request.user = User(pk=number, username=f"person{number}")  # type: ignore[assignment]
        request.resolver_match = SimpleNamespace(route="", _func_path=name, func=view)  # type: ignore[assignment]
        on_the_way_in(request)
        place = recorder.enter_view(here())
        view(request)
        recorder.leave_view(here(), place)
        return HttpResponse("x")

    close(TraceMiddleware(layers)(RequestFactory().get("/plain/")))


def found(traced: Tracing) -> list[tuple[str, str, str | None]]:
    traced.recorder.shipper.ship()
    return sorted((item.kind, item.checkpoint, item.expected.user.id) for item in Reader(traced.store).findings())


def test_a_holder_that_is_set_as_it_is_used_is_left_over_and_never_crossed(traced: Tracing) -> None:
    for number in (1, 2, 1, 3):
        serve(traced, number, view=keep)
    assert found(traced) == [("leftover", "start", str(number)) for number in (1, 2, 3)]


def test_a_page_that_does_not_use_it_is_not_crossed_with_one_that_does(traced: Tracing) -> None:
    serve(traced, 1, view=keep)
    serve(traced, 2)
    serve(traced, 3)
    assert {kind for kind, _, _ in found(traced)} == {"leftover"}


def test_a_holder_that_middleware_sets_for_some_is_crossed_for_all_others(traced: Tracing) -> None:
    serve(traced, 1, on_the_way_in=keep)
    serve(traced, 2)
    assert found(traced) == [("crossed", "view-end", "2"), ("leftover", "start", "2")]


def test_what_a_view_puts_right_itself_is_left_over(traced: Tracing) -> None:
    serve(traced, 1, on_the_way_in=keep)
    serve(traced, 2, view=keep)
    serve(traced, 3)
    assert {kind for kind, _, _ in found(traced)} == {"leftover"}, "whoever uses it puts it right"


def test_who_signs_in_is_put_there_by_that_and_not_since_the_holder_is_used(traced: Tracing) -> None:
    def sign_in(request: HttpRequest) -> None:
        here().has_signed_in = True
        keep(request)

    serve(traced, 1, on_the_way_in=keep)
    serve(traced, 2, view=sign_in)
    serve(traced, 3)
    assert ("crossed", "view-end", "3") in found(traced)


def test_what_could_not_be_told_is_told_once_somebody_was_seen_to_set_it_on_the_way_in(traced: Tracing) -> None:
    local.current = None
    serve(traced, 1, view=nothing)
    traced.recorder.watch.left_out |= {"view"}
    serve(traced, 1, on_the_way_in=keep)
    serve(traced, 2)
    traced.recorder.watch.left_out -= {"view"}
    assert {kind for kind, _, _ in found(traced)} == {"leftover"}
    serve(traced, 1, on_the_way_in=keep)
    assert ("crossed", "view-end", "2") in found(traced)


def test_the_code_knows_of_middleware_and_a_request_of_what_no_code_shows(
    traced: Tracing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traced.recorder.written, "tell", lambda holders: None)  # here the test says what code says
    serve(traced, 3)
    holder = next(holder for holder in traced.recorder.watch.holders if holder.path == HOLDER)
    holder.set_when = "when used"
    serve(traced, 1, view=keep)
    serve(traced, 2)
    assert {kind for kind, _, _ in found(traced)} == {"leftover"}
    serve(traced, 1, on_the_way_in=keep)
    serve(traced, 4)
    assert ("crossed", "view-end", "4") in found(traced)
    holder.set_when = "on the way in"
    serve(traced, 1, view=keep)
    serve(traced, 5)
    assert ("crossed", "view-end", "5") in found(traced), "whatever a view has put right"


def test_the_user_whom_nobody_has_asked_for_yet_stands_there_from_the_way_in(traced: Tracing) -> None:
    def keep_user(request: HttpRequest) -> None:
        request.user = SimpleLazyObject(lambda: User(pk=1, username="person1"))  # type: ignore[assignment]
        local.current = request.user

    serve(traced, 1, on_the_way_in=keep_user, view=lambda request: str(request.user))
    serve(traced, 2)
    assert ("crossed", "view-end", "2") in found(traced)


def test_a_user_left_over_from_ones_own_earlier_request_does_not_say_who_sets_it(traced: Tracing) -> None:
    person = User(pk=1, username="person1")
    serve(traced, 1, view=lambda request: setattr(local, "current", person))
    serve(traced, 1)
    serve(traced, 2)
    assert {kind for kind, _, _ in found(traced)} == {"leftover"}


def test_a_getter_that_hands_out_what_was_left_over_is_crossed(traced: Tracing) -> None:
    get = watch(lambda: local.current)
    serve(traced, 1, view=keep)
    serve(traced, 2, view=lambda request: get())
    assert "crossed" in {kind for kind, _, _ in found(traced)}


def test_who_came_first_and_stays_is_crossed_with_those_whose_view_surely_uses_that_one(tracing: Start) -> None:
    traced = tracing(HOLDERS=[f"{__name__}.desk.current"])
    serve(traced, 1, view=served_first)
    serve(traced, 2, view=served_first)
    serve(traced, 3, view=served_sometimes)
    serve(traced, 4)
    leaks = {user for kind, _, user in found(traced) if kind == "crossed"}
    assert leaks == {"2"}, "of the others nobody knows whether they have used it"


def test_a_place_that_is_watched_only_since_the_view_ends_holds_what_was_left_and_no_crossing(tracing: Start) -> None:
    traced = tracing(HOLDERS=[HOLDER], DISCOVER=False)
    holder = AttributeHolder(f"{__name__}.desk.current", desk, "current")
    serve(traced, 1, view=served_first)
    serve(traced, 2, view=lambda request: traced.recorder.watch.add(holder))
    assert found(traced) == []


def test_a_checkpoint_in_a_pool_tells_what_an_earlier_job_left_on_its_thread(traced: Tracing) -> None:
    def in_pool(job: Callable[[], None]) -> Layer:
        def view(request: HttpRequest) -> None:
            opened = here()

            def run() -> None:
                job_of.append(opened)
                job()

            jobs.append(run)
            turn.release()
            done.acquire()

        return view

    def work() -> None:
        for _ in range(2):
            turn.acquire()
            jobs.pop()()
            done.release()

    def remember() -> None:
        local.current = job_of[-1].request

    def charge() -> None:
        traced.recorder.checkpoint(job_of[-1], "charge-card")

    jobs: list[Callable[[], None]] = []
    job_of: list[OpenRequest] = []
    turn, done = threading.Semaphore(0), threading.Semaphore(0)
    pool = threading.Thread(target=work)
    pool.start()
    serve(traced, 1, view=in_pool(remember))
    serve(traced, 2, view=in_pool(charge))
    pool.join()
    assert found(traced) == [("crossed", "charge-card", "2")]
