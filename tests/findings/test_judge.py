"""Findings, through the whole of reqtrace: an application with a fault on one side, the finding on the other."""

import threading
from collections.abc import Callable
from contextvars import Context, ContextVar
from types import SimpleNamespace

import pytest
from asgiref.local import Local
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from reqtrace.capture import lifecycle
from reqtrace.capture.carrying import current
from reqtrace.capture.recorder import Recorder
from reqtrace.findings.detectors.base import Case
from reqtrace.findings.detectors.context_crossed import ContextCrossed
from reqtrace.middleware import TraceMiddleware
from reqtrace.reading.reader import Reader
from reqtrace.records import Finding, Side
from tests.conftest import Tracing, close

Start = Callable[..., Tracing]

thread_locals = threading.local()
asgi_local = Local()
context_variable: ContextVar[object] = ContextVar("context_variable")
shared_stack: ContextVar[list[HttpRequest]] = ContextVar("shared_stack", default=[])  # noqa: B039  the fault under test
by_thread: dict[object, object] = {}


class Keeper:
    """A class that keeps the current request on itself."""

    current: object = None
    author: object


def clean_up() -> None:
    for name in list(vars(thread_locals)):
        delattr(thread_locals, name)
    for name in ("request", "user"):
        if hasattr(asgi_local, name):
            delattr(asgi_local, name)
    context_variable.set(None)
    shared_stack.get().clear()
    by_thread.clear()
    Keeper.current = None


@pytest.fixture(autouse=True)
def _clean_up() -> object:
    yield
    clean_up()


def findings(traced: Tracing) -> list[Finding]:
    traced.recorder.shipper.ship()
    return sorted(Reader(traced.store).findings(), key=lambda finding: finding.id)


def person(number: int, name: str) -> User:
    return User(pk=number, username=name)


def serve(
    inner: Callable[[HttpRequest], None], user: object = None, path: str = "/plain/", view: object = None
) -> None:
    """Let one request through the middleware, with `inner` as the layers below it, and then its view."""

    def layers(request: HttpRequest) -> HttpResponse:
        if user is not None:
            request.user = user  # type: ignore[assignment]
        inner(request)
        opened = current()
        assert opened is not None
        recorder = lifecycle.recorder()
        place = recorder.enter_view(opened)
        if callable(view):
            view(request)
        recorder.leave_view(opened, place)
        return HttpResponse("x")

    close(TraceMiddleware(layers)(RequestFactory().get(path)))


HOLDERS = {
    "threading.local": (
        "tests.findings.test_judge.thread_locals.request",
        lambda value: setattr(thread_locals, "request", value),
    ),
    "asgiref.Local": (
        "tests.findings.test_judge.asgi_local.request",
        lambda value: setattr(asgi_local, "request", value),
    ),
    "ContextVar": ("tests.findings.test_judge.context_variable", context_variable.set),
    "dict by thread": (
        "tests.findings.test_judge.by_thread",
        lambda value: by_thread.__setitem__(threading.current_thread(), value),
    ),
    "attribute": ("tests.findings.test_judge.Keeper.current", lambda value: setattr(Keeper, "current", value)),
}


@pytest.mark.parametrize("kind", HOLDERS)
@pytest.mark.parametrize("declared", [True, False], ids=["declared", "discovered"])
def test_a_holder_that_is_never_cleared_is_leftover(tracing: Start, kind: str, declared: bool) -> None:
    path, put = HOLDERS[kind]
    traced = tracing(HOLDERS=[path] if declared else [])
    traced.recorder.discovery.is_thorough = True
    while not traced.recorder.discovery.search():
        pass
    for number, name in ((1, "alice"), (2, "bob"), (3, "carol")):
        serve(put, person(number, name))
    found = findings(traced)
    assert {(finding.kind, finding.level, finding.holder, finding.holder_kind) for finding in found} == {
        ("leftover", "hazard", path, kind)
    }
    last = found[-1]
    assert last.checkpoint == "start"
    assert (last.expected.user.label, last.observed.user.label) == ("carol", "bob")
    assert last.observed.request == traced.requests()[1].id
    assert last.writer is not None
    assert last.writer.request == traced.requests()[1].id


@pytest.mark.parametrize("kind", HOLDERS)
def test_a_holder_that_is_set_for_some_and_never_cleared_is_crossed_for_others(tracing: Start, kind: str) -> None:
    path, put = HOLDERS[kind]
    traced = tracing(HOLDERS=[path])
    serve(put, person(1, "alice"))
    serve(lambda request: None, person(2, "bob"))
    leaks = [finding for finding in findings(traced) if finding.level == "leak"]
    assert [(finding.kind, finding.holder, finding.checkpoint) for finding in leaks] == [("crossed", path, "view-end")]
    assert leaks[0].expected.user.label == "bob"
    assert leaks[0].observed.user.label == "alice"
    assert leaks[0].request == traced.requests()[1].id
    assert "alice" in leaks[0].message
    assert path in leaks[0].fix


@pytest.mark.parametrize("kind", HOLDERS)
def test_a_holder_that_is_cleared_is_no_finding(tracing: Start, kind: str) -> None:
    path, put = HOLDERS[kind]
    traced = tracing(HOLDERS=[path])

    def inner(request: HttpRequest) -> None:
        put(request)
        traced.recorder.checkpoint(next(iter(traced.recorder.open.values())), "view")
        put(None)

    for number, name in ((1, "alice"), (2, "bob"), (1, "alice")):
        serve(inner, person(number, name))
    assert findings(traced) == []
    assert len(traced.requests()) == 3


def test_the_same_user_in_another_request_is_told_apart_by_the_object(tracing: Start) -> None:
    traced = tracing(HOLDERS=["tests.findings.test_judge.thread_locals.request"])
    serve(lambda request: setattr(thread_locals, "request", request), person(1, "alice"))
    serve(lambda request: None, person(1, "alice"))
    assert [finding.kind for finding in findings(traced)] == ["leftover", "crossed"]


def test_a_request_that_the_application_made_itself_is_no_finding(tracing: Start) -> None:
    traced = tracing(HOLDERS=["tests.findings.test_judge.thread_locals.request"])
    serve(lambda request: setattr(thread_locals, "request", RequestFactory().get("/made-up/")), person(1, "alice"))
    serve(lambda request: None, person(2, "bob"))
    assert findings(traced) == []


def test_a_wrapper_around_the_request_is_the_request(tracing: Start) -> None:
    traced = tracing(HOLDERS=["tests.findings.test_judge.thread_locals.request"])

    def inner(request: HttpRequest) -> None:
        thread_locals.request = SimpleNamespace(_request=request)

    serve(inner, person(1, "alice"))
    del thread_locals.request
    assert findings(traced) == []


def test_a_user_that_was_served_before_and_is_still_held_is_crossed(tracing: Start) -> None:
    traced = tracing(HOLDERS=["tests.findings.test_judge.thread_locals.user"])
    alice = person(1, "alice")
    serve(lambda request: setattr(thread_locals, "user", alice), alice)
    serve(lambda request: None, person(2, "bob"))
    assert [finding.kind for finding in findings(traced)] == ["leftover", "crossed"]


def test_a_class_that_keeps_the_current_user_is_discovered_and_one_that_keeps_some_user_is_not(tracing: Start) -> None:
    traced = tracing()
    traced.recorder.discovery.is_thorough = True
    while not traced.recorder.discovery.search():
        pass
    alice = person(1, "alice")

    def keep(request: HttpRequest) -> None:
        Keeper.current = alice
        Keeper.author = alice

    try:
        serve(keep, alice)
        serve(lambda request: None, person(2, "bob"))
        serve(keep, alice)
    finally:
        del Keeper.author
    assert {finding.holder for finding in findings(traced)} == {"tests.findings.test_judge.Keeper.current"}
    assert "crossed" in {finding.kind for finding in findings(traced)}


def test_a_technical_user_in_a_holder_is_no_finding(tracing: Start) -> None:
    traced = tracing(HOLDERS=["tests.findings.test_judge.thread_locals.user"])
    thread_locals.user = person(99, "system")
    serve(lambda request: None, person(1, "alice"))
    serve(lambda request: None, person(2, "bob"))
    assert findings(traced) == []


def test_acting_for_somebody_for_a_while_is_no_finding(tracing: Start) -> None:
    traced = tracing(HOLDERS=["tests.findings.test_judge.thread_locals.user"])
    alice, bob = person(1, "alice"), person(2, "bob")
    serve(lambda request: None, bob)

    def inner(request: HttpRequest) -> None:
        thread_locals.user = person(2, "bob")
        traced.recorder.checkpoint(next(iter(traced.recorder.open.values())), "query")
        del thread_locals.user

    serve(inner, alice)
    assert findings(traced) == []


def test_a_holder_that_raises_is_counted_shown_and_switched_off_with_one_line(
    tracing: Start, faulty: list[object], caplog: pytest.LogCaptureFixture
) -> None:
    traced = tracing(HOLDERS=["tests.findings.test_judge.raising"], DISCOVER=False)
    faulty.append(traced.recorder)
    for _ in range(12):
        serve(lambda request: None)
    assert traced.recorder.watch.holders == ()
    assert len(traced.requests()) == 12
    process = traced.process()
    assert process.faults == 10
    assert process.last_fault == (
        "the holder tests.findings.test_judge.raising is switched off until the next start: LookupError: no tenant here"
    )
    (line,) = [record for record in caplog.records if record.name.startswith("reqtrace")]
    assert "switched off the holder tests.findings.test_judge.raising" in line.getMessage()
    assert "start the process anew to have it watched again" in line.getMessage()
    assert line.exc_info is not None


def test_a_holder_that_raises_now_and_then_stays_watched_and_logs_nothing(
    tracing: Start, faulty: list[object], caplog: pytest.LogCaptureFixture
) -> None:
    traced = tracing(HOLDERS=["tests.findings.test_judge.raising_at_times"], DISCOVER=False)
    faulty.append(traced.recorder)
    for _ in range(12):
        serve(lambda request: None)
    assert len(traced.recorder.watch.holders) == 1
    assert traced.process().faults >= 10
    assert caplog.records == []


def raising_at_times() -> object:
    calls.append(None)
    if len(calls) % 3:
        raise LookupError("no tenant here")
    return None


calls: list[None] = []


def raising() -> object:
    raise LookupError("no tenant here")


@pytest.mark.django_db
def test_login_and_logout_are_no_swap_and_a_replaced_user_is(tracing: Start) -> None:
    traced = tracing()
    User.objects.create_user("alice", password="x")
    client = Client()
    client.post("/sign-in/", {"username": "alice", "password": "x"})
    client.get("/who/")
    client.post("/sign-out/")
    assert findings(traced) == []

    def inner(request: HttpRequest) -> None:
        traced.recorder.checkpoint(next(iter(traced.recorder.open.values())), "view")
        request.user = person(8, "mallory")  # type: ignore[assignment]

    serve(inner, person(7, "grace"))
    (swap,) = findings(traced)
    assert (swap.kind, swap.level) == ("swapped", "hazard")
    assert (swap.expected.user.label, swap.observed.user.label) == ("grace", "mallory")
    assert traced.requests()[-1].user.label == "grace", "the request is still hers"


def test_a_user_replaced_in_a_view_is_found_though_nobody_had_looked_before(tracing: Start) -> None:
    traced = tracing()

    def inner(request: HttpRequest) -> None:
        request._cached_user = person(7, "grace")  # type: ignore[attr-defined]  # as `login_required` leaves it
        request.user = person(8, "mallory")  # type: ignore[assignment]
        traced.recorder.checkpoint(next(iter(traced.recorder.open.values())), "view-end")

    serve(inner)
    (swap,) = findings(traced)
    assert (swap.kind, swap.expected.user.label, swap.observed.user.label) == ("swapped", "grace", "mallory")


NO_FUNCTION = 5


@pytest.mark.parametrize("name", ["raising_impersonation", "NO_FUNCTION"])
def test_an_impersonation_that_cannot_answer_hides_neither_a_swap_nor_what_the_holders_say(
    tracing: Start, faulty: list[Recorder], name: str
) -> None:
    traced = tracing(IMPERSONATION=f"{__name__}.{name}", HOLDERS=[f"{__name__}.Keeper.current"])
    faulty.append(traced.recorder)
    earlier: list[HttpRequest] = []
    serve(earlier.append, person(9, "trent"))

    def inner(request: HttpRequest) -> None:
        traced.recorder.checkpoint(next(iter(traced.recorder.open.values())), "view")
        request.user = person(8, "mallory")  # type: ignore[assignment]
        Keeper.current = earlier[0]

    serve(inner, person(7, "grace"))
    assert {"swapped", "crossed"} <= {finding.kind for finding in findings(traced)}
    assert "the setting IMPERSONATION" in str(traced.recorder.faults.last)


def raising_impersonation(request: HttpRequest) -> bool:
    """Fail."""
    raise LookupError("no tenant here")


def test_a_list_that_is_a_variables_default_is_seen_to_name_whoever_came_last(tracing: Start) -> None:
    traced = tracing(HOLDERS=["tests.findings.test_judge.shared_stack"])

    def inner(request: HttpRequest) -> None:
        shared_stack.get().append(request)
        (opened,) = traced.recorder.open.values()
        Context().run(serve, shared_stack.get().append, person(2, "bob"))
        traced.recorder.checkpoint(opened, "view")

    serve(inner, person(1, "alice"))
    crossed = [finding for finding in findings(traced) if finding.kind == "crossed"]
    assert [(finding.expected.user.label, finding.observed.user.label) for finding in crossed][:1] == [("alice", "bob")]
    assert "in place" in crossed[0].fix


@pytest.mark.parametrize(
    ("server", "begins"), [("uvicorn", "Start uvicorn with --reset-contextvars"), ("daphne", "Wrap")]
)
def test_a_dirty_context_is_mended_where_its_server_lets_it(server: str, begins: str) -> None:
    case = Case(
        fact="context", checkpoint="start", at_ns=0, expected=Side(), people=frozenset(), observed=Side(), stack=[],
        server=server, worker_class="asgi", interface="asgi",
    )  # fmt: skip
    case.seen_is_known = True
    verdict = ContextCrossed().examine(case)
    assert verdict is not None
    assert verdict.fix.startswith(begins)
    assert ("uvicorn" in verdict.fix) == (server == "uvicorn")
