"""From finished requests to records."""

from collections.abc import Callable
from types import SimpleNamespace

import msgspec
import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import resolve

from reqtrace.capture.recorder import Recorder
from reqtrace.middleware import TraceMiddleware
from reqtrace.reading.reader import Reader
from reqtrace.shipping import ledger as ledgers
from tests.conftest import Tracing, close

Start = Callable[..., Tracing]
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
# The thread ships only when it is woken: what is shipped, and when, is up to the test.
BY_HAND = {"FLUSH_MS": 60_000}


@pytest.mark.parametrize(
    "header",
    [
        f"00-{TRACE}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-00",
        f"cc-{TRACE}-{PARENT}-01",
        f"cc-{TRACE}-{PARENT}-01-what-the-future-will-be-like",
        f"01-{TRACE}-{PARENT}-01-",
    ],
)
def test_trace_context_is_taken_over(tracing: Start, header: str) -> None:
    traced = tracing()
    Client().get("/plain/", headers={"traceparent": header})
    request = traced.request()
    assert (request.trace_id, request.parent_span_id) == (TRACE, PARENT)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "nonsense",
        f"00-{TRACE}-{PARENT}",
        f"00-{TRACE}-{PARENT}-",
        f"00-{TRACE}-{PARENT}-1",
        f"00-{TRACE}-{PARENT}-01-more",
        f"00-{TRACE}-{PARENT}-01.",
        f"cc-{TRACE}-{PARENT}-01.more",
        f"ff-{TRACE}-{PARENT}-01",
        f"0-{TRACE}-{PARENT}-01",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE[:-1]}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-0g",
        f"00-{TRACE}-{PARENT}-01,00-{TRACE}-{PARENT}-01",
    ],
)
def test_invalid_trace_context_is_ignored(tracing: Start, header: str) -> None:
    traced = tracing()
    Client().get("/plain/", headers={"traceparent": header})
    request = traced.request()
    assert (request.trace_id, request.parent_span_id) == (None, None)


def test_ids_are_known_from_the_start_and_sort_by_it(tracing: Start) -> None:
    traced = tracing()
    for _ in range(20):
        Client().get("/plain/")
    ids = [request.id for request in sorted(traced.requests(), key=lambda request: request.start_ns)]
    process = traced.recorder.ledger.process_id
    assert ids == [f"{process}-{number:010x}" for number in range(1, 21)]
    assert ids == sorted(ids)
    assert traced.process().id == process


def test_a_long_running_request_is_shown_once_with_all_that_is_known(tracing: Start) -> None:
    traced = tracing(**BY_HAND)
    request = RequestFactory().get("/items/3/", headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
    request.resolver_match = resolve("/items/3/")
    request.user = User(pk=7, username="alice")
    response = TraceMiddleware(lambda request: HttpResponse("x"))(request)
    (opened,) = traced.recorder.open.values()
    assert traced.requests() == []
    opened.began_ns -= 2 * 10**9
    shown = traced.request()
    assert (shown.outcome, shown.status, shown.method) == ("open", None, "GET")
    assert (shown.route, shown.view, shown.user.label) == ("items/<int:item>/", "tests.views.plain", "alice")
    assert shown.trace_id == TRACE
    _, position = traced.store.bounds()
    traced.recorder.shipper.ship()
    assert not traced.store.read(position, 10, ("request",)), "it was shown again though nothing is new"
    request.user = User(pk=8, username="bob")
    close(response)
    done = traced.request()
    assert (done.id, done.outcome, done.status, done.user.label) == (shown.id, "ok", 200, "bob")


def test_of_very_many_that_run_long_a_few_are_shown_at_a_time(tracing: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledgers, "LONG_AT_ONCE", 2)
    traced = tracing(**BY_HAND)
    responses = [TraceMiddleware(lambda request: HttpResponse("x"))(RequestFactory().get("/plain/")) for _ in range(5)]
    traced.recorder.shipper.ship()
    for opened in traced.recorder.open.values():
        opened.began_ns -= 2 * 10**9
    shown = []
    for _ in range(4):
        traced.recorder.shipper.ship()
        shown.append(sum(1 for _ in Reader(traced.store).requests()))
    assert shown == [2, 4, 5, 5]
    for response in responses:
        close(response)


def test_showing_a_request_while_it_runs_changes_nothing_about_it(tracing: Start) -> None:
    traced = tracing()
    response = TraceMiddleware(lambda request: HttpResponse("x"))(RequestFactory().get("/plain/"))
    (opened,) = traced.recorder.open.values()
    before = msgspec.structs.astuple(opened)
    traced.recorder.ledger.request_so_far(opened)
    assert msgspec.structs.astuple(opened) == before
    close(response)


@pytest.mark.django_db
def test_the_users_of_a_thread_are_counted_each_once(tracing: Start) -> None:
    traced = tracing()
    for name in ("alice", "bob"):
        client = Client()
        client.force_login(User.objects.create_user(name))
        client.get("/who/")
        client.get("/who/")
    Client().get("/who/")
    (thread,) = traced.threads()
    assert (thread.requests, thread.users, thread.sharing) == (5, 2, "sequential")
    assert thread.seen_ns >= traced.requests()[-1].start_ns


def test_users_of_a_thread_are_counted_up_to_a_bound(tracing: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledgers, "USERS_COUNTED_PER_THREAD", 3)
    traced = tracing()
    for number in range(6):
        request = RequestFactory().get("/plain/")
        request.user = User(pk=number, username=str(number))
        close(TraceMiddleware(lambda request: HttpResponse("x"))(request))
    assert traced.threads()[0].users == 3


def test_a_thread_with_one_request_is_exclusive(tracing: Start) -> None:
    traced = tracing()
    Client().get("/plain/")
    assert traced.threads()[0].sharing == "exclusive"


def _session_of(traced: Tracing, key: str) -> str | None:
    known = {request.id for request in traced.requests()}
    request = RequestFactory().get("/plain/")
    request.session = SessionStore(key)
    close(TraceMiddleware(lambda request: HttpResponse("x"))(request))
    (made,) = [request for request in traced.requests() if request.id not in known]
    return made.session


@pytest.mark.parametrize("secret", ["one secret", b"as bytes"])
def test_a_session_is_named_by_a_keyed_hash(tracing: Start, settings: SimpleNamespace, secret: str | bytes) -> None:
    settings.SECRET_KEY = secret
    traced = tracing()
    first, again, other = (_session_of(traced, key) for key in ("session-one", "session-one", "session-two"))
    assert first is not None
    assert first == again != other
    assert len(first) == 16
    assert "session" not in first
    settings.SECRET_KEY = "another secret"
    assert _session_of(tracing(), "session-one") != first


def test_a_request_without_a_session_has_none(tracing: Start) -> None:
    traced = tracing()
    Client().get("/plain/")
    assert traced.request().session is None


def test_what_cannot_be_written_is_counted_and_the_rest_is_kept(
    tracing: Start, faulty: list[Recorder], monkeypatch: pytest.MonkeyPatch
) -> None:
    traced = tracing(**BY_HAND)
    faulty.append(traced.recorder)
    for path in ("/plain/", "/\udcff/", "/items/3/"):
        request = RequestFactory().get("/plain/")
        request.path = path
        close(TraceMiddleware(lambda request: HttpResponse("x"))(request))
    assert [request.path for request in traced.requests()] == ["/plain/", "/items/3/"]
    process = traced.process()
    assert (process.requests, process.dropped, process.faults) == (3, 1, 1)


def test_a_record_that_cannot_be_made_is_counted_and_the_rest_is_kept(
    tracing: Start, faulty: list[Recorder], monkeypatch: pytest.MonkeyPatch
) -> None:
    traced = tracing(**BY_HAND)
    faulty.append(traced.recorder)
    make = traced.recorder.ledger.packed
    monkeypatch.setattr(traced.recorder.ledger, "packed", lambda opened: make(opened) if opened.number != 2 else 1 / 0)
    for _ in range(3):
        Client().get("/plain/")
    assert [request.id[-1] for request in traced.requests()] == ["1", "3"]
    assert traced.process().dropped == 1


def test_a_process_gives_signs_of_life_often_while_it_works_and_seldom_while_it_rests(
    tracing: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, wall = [10**18], [10**18]
    monkeypatch.setattr(ledgers, "perf_counter_ns", lambda: now[0])
    monkeypatch.setattr(ledgers, "time_ns", lambda: wall[0])
    traced = tracing(**BY_HAND)

    def seen_after(seconds: float, requests: int = 0) -> float:
        now[0] += int(seconds * 1e9)
        wall[0] += int(seconds * 1e9)
        for _ in range(requests):
            Client().get("/plain/")
        return (traced.process().seen_ns - 10**18) / 1e9

    assert seen_after(0, requests=1) == 0
    assert seen_after(0.4, requests=1) == 0
    assert seen_after(0.2, requests=1) == 0.6
    assert traced.process().requests == 3
    assert seen_after(4.9) == 0.6
    assert seen_after(0.1) == 5.6
    assert [seen_after(9.9), seen_after(0.1), seen_after(19.9), seen_after(0.1)] == [5.6, 15.6, 15.6, 35.6]
    wall[0] -= 3_600 * 10**9  # the machine's clock is set back
    assert seen_after(0.5, requests=1) == 36.1 - 3_600, "it fell silent for an hour"


def test_a_process_says_goodbye_when_it_ends(tracing: Start) -> None:
    traced = tracing(**BY_HAND)
    Client().get("/plain/")
    traced.recorder.shipper.drain()
    process = traced.process()
    assert process.ended_ns is not None
    assert process.ended_ns >= process.started_ns
    assert process.requests == 1


def test_a_process_that_never_served_says_nothing(tracing: Start) -> None:
    traced = tracing()
    traced.recorder.shipper.drain()
    assert traced.store.bounds() == (0, 0)


@pytest.mark.django_db
def test_people_under_a_pseudonym_are_still_told_apart(tracing: Start) -> None:
    traced = tracing(USER_LABEL="pseudonym")
    for name in ("alice", "bob"):
        client = Client()
        client.force_login(User.objects.create_user(name))
        client.get("/who/")
        client.get("/who/")
    assert len({request.user for request in traced.requests()}) == 2
    assert traced.threads()[0].users == 2
