"""What the holders named at each checkpoint stands in the request's record, bounded, and only where one is watched."""

from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from reqtrace.capture.carrying import current
from reqtrace.middleware import TraceMiddleware
from reqtrace.watching.live import READINGS_PER_REQUEST
from tests.conftest import Tracing, close

Start = Callable[..., Tracing]
Inner = Callable[[HttpRequest], None]
PATH = "tests.capture.test_readings.Holder.current"


class Holder:
    """Keeps whatever is current, for the whole process."""

    current: object = None


@pytest.fixture(autouse=True)
def _clean_up() -> Iterator[None]:
    yield
    Holder.current = None


def serve(inner: Inner) -> None:
    """Let a request of the first person through the middleware, with `inner` as all the layers below it."""

    def layers(request: HttpRequest) -> HttpResponse:
        request.user = User(pk=1, username="alice")  # type: ignore[assignment]
        inner(request)
        return HttpResponse("x")

    close(TraceMiddleware(layers)(RequestFactory().get("/plain/")))


def look(traced: Tracing, checkpoint: str) -> None:
    """Come to a checkpoint."""
    opened = current()
    assert opened is not None
    traced.recorder.checkpoint(opened, checkpoint)


def readings(traced: Tracing) -> list[tuple[str, str]]:
    """Return where the holder was read in the request that came last, and whom it named."""
    found = traced.requests()[-1].readings
    assert {reading.holder for reading in found} <= {PATH}
    assert [reading.at_ns for reading in found] == sorted(reading.at_ns for reading in found)
    return [(reading.checkpoint, reading.names) for reading in found]


def test_each_checkpoint_says_whom_the_holder_named(tracing: Start) -> None:
    traced = tracing(HOLDERS=[PATH], DISCOVER=False, CHECKPOINTS=["start"])
    stranger = RequestFactory().get("/")

    def inner(request: HttpRequest) -> None:
        for name, value in [
            ("empty", None),
            ("mine", request),
            ("me", request.user),
            ("yours", stranger),
            ("you", User(pk=2)),
            ("text", "alice"),
            ("no one", AnonymousUser()),
        ]:
            Holder.current = value
            look(traced, name)

    serve(inner)
    assert readings(traced) == [
        ("start", "nobody"),
        ("empty", "nobody"),
        ("mine", "request"),
        ("me", "user"),
        ("yours", "other"),
        ("you", "other"),
        ("text", "nobody"),
        ("no one", "nobody"),
    ]


def test_a_user_named_before_the_request_knew_its_own_is_told_apart_in_the_end(tracing: Start) -> None:
    traced = tracing(HOLDERS=[PATH], DISCOVER=False, CHECKPOINTS=["start"])
    Holder.current = User(pk=1)
    serve(lambda _: None)
    Holder.current = User(pk=2)
    serve(lambda _: None)
    first, second = traced.requests()
    assert [reading.names for reading in (*first.readings, *second.readings)] == ["user", "other"]


def test_a_request_still_named_after_its_end_is_read_as_such(tracing: Start) -> None:
    traced = tracing(HOLDERS=[PATH], DISCOVER=False, CHECKPOINTS=["close"])
    traced.recorder.search_all()

    def inner(request: HttpRequest) -> None:
        Holder.current = request

    serve(inner)
    assert readings(traced) == [("close", "request")]


def test_a_checkpoint_that_comes_a_thousand_times_leaves_one_reading(tracing: Start) -> None:
    traced = tracing(HOLDERS=[PATH], DISCOVER=False, CHECKPOINTS=[])

    def inner(request: HttpRequest) -> None:
        Holder.current = request
        for _number in range(1_000):
            look(traced, "step")

    serve(inner)
    assert readings(traced) == [("step", "request")]


def test_a_thousand_checkpoints_leave_as_many_readings_as_there_is_room_for(tracing: Start) -> None:
    traced = tracing(HOLDERS=[PATH], DISCOVER=False, CHECKPOINTS=[])

    def inner(request: HttpRequest) -> None:
        Holder.current = request
        for number in range(1_000):
            look(traced, f"step {number}")

    serve(inner)
    assert readings(traced) == [(f"step {number}", "request") for number in range(READINGS_PER_REQUEST)]


def test_of_a_holder_that_never_named_anybody_nothing_is_kept(tracing: Start) -> None:
    traced = tracing(HOLDERS=[PATH], DISCOVER=False)
    serve(lambda _: look(traced, "view"))
    assert traced.request().readings == []


def test_a_request_has_no_readings_where_no_holder_is_watched(tracing: Start) -> None:
    traced = tracing(KNOWN_HOLDERS=False, DISCOVER=False)
    serve(lambda _: look(traced, "view"))
    assert traced.request().readings == []
