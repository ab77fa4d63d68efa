"""Jobs of whichever queue: what is recorded of them, whose they are, and what they leave to one another."""

import asyncio
import contextvars
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

import reqtrace
from reqtrace.capture.jobs import base, message
from reqtrace.capture.recorder import Recorder
from reqtrace.middleware import TraceMiddleware
from reqtrace.reading.reader import Reader
from reqtrace.records import Finding, Request
from tests.conftest import Tracing, close

Start = Callable[..., Tracing]

held = threading.local()
HOLDER = "tests.capture.jobs.test_following.held.user"
SERVING = base.worker("celery", "prefork")
ALICE, BOB = (User(pk=pk, username=name) for pk, name in ((1, "alice"), (2, "bob")))


@pytest.fixture(autouse=True)
def _clean_up() -> Iterator[None]:
    yield
    held.__dict__.clear()


@pytest.fixture
def traced(tracing: Start) -> Tracing:
    return tracing(HOLDERS=[HOLDER])


def work(do: Callable[[], object] = lambda: None, task: str = "shop.mail", header: object = None) -> None:
    """Run a job, as a worker would."""
    with base.followed(lambda: base.Told(task, "letters", SERVING, None, header)):
        do()


def told() -> base.Told:
    return base.Told("shop.mail", "letters", SERVING)


def sent_from(user: object, path: str = "/order/") -> str:
    """Return the header of a job that the request of a user sends."""
    headers: list[str | None] = []

    def view(request: HttpRequest) -> HttpResponse:
        headers.append(base.header())
        return HttpResponse()

    request = RequestFactory().get(path)
    request.user = user  # type: ignore[assignment]
    close(TraceMiddleware(view)(request))
    assert headers[0] is not None
    return headers[0]


def findings(traced: Tracing) -> list[Finding]:
    traced.recorder.shipper.ship()
    return sorted(Reader(traced.store).findings(), key=lambda finding: finding.id)


def jobs(traced: Tracing) -> list[Request]:
    return [request for request in traced.requests() if request.protocol == "job"]


def set_to(user: object) -> Callable[[], None]:
    return lambda: setattr(held, "user", user)


def clear() -> None:
    held.__dict__.clear()


def named_and_cleared(user: object) -> None:
    held.user = user
    try:
        reqtrace.checkpoint("working")
    finally:
        clear()


def test_a_job_is_a_record_of_its_own(traced: Tracing) -> None:
    work()
    (job,) = jobs(traced)
    assert (job.view, job.path, job.route, job.method) == ("shop.mail", "shop.mail", "letters", "JOB")
    assert (job.status, job.outcome, job.user.state, job.parent) == (None, "ok", "unresolved", None)
    assert job.duration_ns > 0
    process = traced.process()
    assert (process.server, process.worker_class, process.interface) == ("celery", "prefork", "worker")


def test_what_a_job_raises_is_its_outcome_and_goes_on(traced: Tracing) -> None:
    with pytest.raises(ZeroDivisionError):
        work(lambda: 1 / 0)
    with pytest.raises(KeyboardInterrupt):
        work(lambda: (_ for _ in ()).throw(KeyboardInterrupt))
    assert [job.outcome for job in jobs(traced)] == ["error", "aborted"]


def test_a_job_knows_the_request_that_sent_it_and_presumes_its_user(traced: Tracing) -> None:
    header = sent_from(ALICE)
    work(header=header)
    request, job = traced.requests()
    assert job.parent == request.id
    assert job.presumed is not None
    assert (job.presumed.id, job.presumed.label, job.user.state) == ("1", "alice", "unresolved")
    assert job.sent_ns is not None
    assert request.start_ns <= job.sent_ns <= job.start_ns


def test_a_job_sent_by_a_job_has_that_as_its_parent(traced: Tracing) -> None:
    headers: list[str | None] = []
    work(lambda: headers.append(base.header()), "shop.first", sent_from(ALICE))
    work(task="shop.second", header=headers[0])
    _, first, second = traced.requests()
    assert second.parent == first.id
    assert second.presumed is not None
    assert second.presumed.id == "1"


@pytest.mark.parametrize("header", [None, 7, "", "{", '{"sent_ns": "x"}', "\ud800", "[" * 5_000, b"{}"])
def test_a_message_without_a_header_of_ours_comes_from_nobody(traced: Tracing, header: object) -> None:
    work(header=header)
    (job,) = jobs(traced)
    assert (job.parent, job.presumed) == (None, None)


@pytest.mark.parametrize("label", ["username", "pk", "pseudonym"])
def test_a_message_says_to_nobody_else_whom_it_is_for(tracing: Start, label: str) -> None:
    user = User(pk=4_711_004_711, username="alice")
    traced = tracing(USER_LABEL=label, HOLDERS=[HOLDER])
    header = sent_from(user)
    assert "4711" not in header
    assert "alice" not in header
    assert header != sent_from(user), "nor that two are for the same"
    work(set_to(user), header=header)
    work(header=sent_from(BOB))
    told = jobs(traced)[0].presumed
    assert told == traced.requests()[0].user
    assert told.id == (told.label if label == "pseudonym" else "4711004711")
    assert {finding.kind for finding in findings(traced)} == {"leftover", "crossed"}, "known again in the holder"


@pytest.mark.parametrize("how", ["another key", "touched", "cut", "in plain words"])
def test_a_seal_that_this_application_has_not_made_names_nobody(traced: Tracing, settings: Any, how: str) -> None:
    told = json.loads(sent_from(ALICE))
    if how == "another key":
        settings.SECRET_KEY = "another"
    else:
        seal = told["user"]
        other = "A" if seal[30] != "A" else "B"
        touched = {
            "touched": seal[:30] + other + seal[31:],
            "cut": seal[:20],
            "in plain words": '["authenticated","1"]',
        }
        told["user"] = touched[how]
    work(header=json.dumps(told))
    job = jobs(traced)[0]
    assert job.parent == traced.requests()[0].id
    assert job.presumed is None


@pytest.mark.parametrize(
    ("name", "shown"),
    [("\ud800\n", "\\ud800\n"), ("x" * 5_000, "x" * 2_047 + "…"), (type("Odd", (), {"__str__": None})(), None)],
    ids=["surrogate", "endless", "object"],
)
def test_a_name_that_cannot_be_printed_is_recorded_all_the_same(traced: Tracing, name: object, shown: object) -> None:
    with base.followed(lambda: base.Told(name, "letters", SERVING)):
        pass
    (job,) = jobs(traced)
    assert job.view == (shown or "(a name that cannot be printed)")


def test_a_user_left_in_a_holder_is_found_as_the_next_job_begins(traced: Tracing) -> None:
    work(set_to(ALICE))
    work(set_to(BOB))
    work(task="shop.clean")
    assert [(found.kind, found.observed.user.id) for found in findings(traced)] == [("leftover", "2")]
    (found,) = findings(traced)
    assert found.writer is not None
    assert found.writer.request == jobs(traced)[1].id
    assert "the job shop.clean began" in found.message


def test_a_technical_user_who_stays_in_a_holder_for_good_is_nobody_left_over(traced: Tracing) -> None:
    for _ in range(4):
        work(lambda: None if hasattr(held, "user") else set_to(BOB)())
    assert findings(traced) == []


def test_a_job_that_meets_another_in_what_its_task_sets_is_a_leak(traced: Tracing) -> None:
    """The task sets the holder only where it has somebody to set: the others write the name of whoever came before."""
    of_alice, of_bob = sent_from(ALICE), sent_from(BOB)
    work(set_to(ALICE), header=of_alice)
    work(header=of_bob)
    kinds = {finding.kind: finding for finding in findings(traced)}
    assert set(kinds) == {"leftover", "crossed"}
    assert (kinds["crossed"].expected.user.id, kinds["crossed"].observed.user.id) == ("2", "1")
    assert kinds["crossed"].level == "leak"


def test_a_task_that_never_sets_the_holder_has_only_found_something_left_over(traced: Tracing) -> None:
    of_alice, of_bob = sent_from(ALICE), sent_from(BOB)
    work(set_to(ALICE), header=of_alice)
    work(task="shop.other", header=of_bob)
    assert [finding.kind for finding in findings(traced)] == ["leftover"]


def test_a_job_that_names_whom_it_works_for_and_clears_it_is_clean(traced: Tracing) -> None:
    for user in (ALICE, BOB, ALICE):
        with base.followed(told), reqtrace.acting_for(user):
            named_and_cleared(user)
    work(lambda: named_and_cleared(BOB), header=sent_from(ALICE))  # on behalf of somebody else, as jobs may
    assert findings(traced) == []
    assert [job.user.label for job in jobs(traced)][:3] == ["alice", "bob", "alice"]


@pytest.mark.parametrize("whom", [ALICE, 1, "1"], ids=["user", "key", "text"])
def test_acting_for_somebody_makes_the_job_theirs(traced: Tracing, whom: object) -> None:
    with base.followed(told), reqtrace.acting_for(whom):
        assert reqtrace.current().user.id == "1"  # type: ignore[union-attr]
    (job,) = jobs(traced)
    assert (job.user.state, job.user.id, job.presumed) == ("authenticated", "1", None)


def test_as_a_decorator_it_asks_the_arguments_for_whom(traced: Tracing) -> None:
    @reqtrace.acting_for(lambda user_id: user_id)
    def mail(user_id: int) -> int:
        return user_id

    @reqtrace.acting_for(ALICE)
    async def write() -> str:
        await asyncio.sleep(0)
        return reqtrace.current().user.id  # type: ignore[union-attr,return-value]

    with base.followed(told):
        assert mail(2) == 2
    with base.followed(told):
        assert asyncio.run(write()) == "1"
    assert [job.user.id for job in jobs(traced)] == ["2", "1"]


def test_acting_for_somebody_else_than_the_holder_names_is_a_leak(traced: Tracing) -> None:
    def acting(user: User, do: Callable[[], object]) -> None:
        with base.followed(told), reqtrace.acting_for(user):
            do()

    acting(ALICE, set_to(ALICE))
    acting(BOB, lambda: reqtrace.checkpoint("charging"))
    assert ("crossed", "2", "1") in {
        (finding.kind, finding.expected.user.id, finding.observed.user.id) for finding in findings(traced)
    }


def test_outside_of_all_work_acting_for_somebody_does_nothing() -> None:
    with reqtrace.acting_for(ALICE):
        assert reqtrace.current() is None


def test_within_a_request_a_job_is_a_part_of_it_and_finds_nothing(traced: Tracing) -> None:
    """As an eager task runs: the holders name the request's user, rightly."""

    def view(request: HttpRequest) -> HttpResponse:
        held.user = ALICE
        work(lambda: reqtrace.checkpoint("within"))
        assert reqtrace.current().path == "/order/"  # type: ignore[union-attr]
        clear()
        return HttpResponse()

    request = RequestFactory().get("/order/")
    request.user = ALICE  # type: ignore[assignment]
    close(TraceMiddleware(view)(request))
    outer, job = traced.requests()
    assert (job.protocol, job.parent, job.presumed.id if job.presumed else None) == ("job", outer.id, "1")
    assert findings(traced) == []
    assert [thread.sharing for thread in traced.threads()] == ["exclusive"]
    assert traced.process().interface == "wsgi"


def test_a_thread_that_a_job_started_and_that_runs_on_under_it_outlives_it(traced: Tracing) -> None:
    done = threading.Event()
    threads: list[threading.Thread] = []

    def start() -> None:
        context = contextvars.copy_context()
        threads.append(threading.Thread(target=context.run, args=(done.wait,)))
        threads[0].start()

    def late() -> None:
        reqtrace.checkpoint("late")

    contexts: list[contextvars.Context] = []
    work(lambda: (start(), contexts.append(contextvars.copy_context())))
    contexts[0].run(late)
    done.set()
    threads[0].join()
    assert [finding.kind for finding in findings(traced)] == ["outlived"]
    assert "the job shop.mail started" in findings(traced)[0].message


def test_a_holder_that_is_empty_in_a_thread_of_the_job_is_lost_there(traced: Tracing) -> None:
    def both() -> None:
        with reqtrace.acting_for(ALICE):
            held.user = ALICE
            reqtrace.checkpoint("here")
            thread = threading.Thread(target=contextvars.copy_context().run, args=(reqtrace.checkpoint, "there"))
            thread.start()
            thread.join()
            clear()

    work(both)
    assert [finding.kind for finding in findings(traced)] == ["lost"]


def test_with_jobs_off_nothing_is_recorded_and_nothing_travels(tracing: Start) -> None:
    traced = tracing(JOBS=False)
    work()
    assert base.header() is None
    assert traced.requests() == []


def test_a_prefix_of_ignore_paths_leaves_tasks_out(tracing: Start) -> None:
    traced = tracing(IGNORE_PATHS=["shop.heartbeat"])
    work(task="shop.heartbeat")
    work()
    assert [job.view for job in jobs(traced)] == ["shop.mail"]


def test_a_job_that_nobody_ended_is_aborted_with_the_one_around_it(traced: Tracing) -> None:
    base.begin("outer", lambda: base.Told("shop.outer", "", SERVING))
    base.begin("inner", lambda: base.Told("shop.inner", "", SERVING))
    base.end("outer", "ok")
    base.end("unknown", "ok")
    assert [(job.view, job.outcome) for job in jobs(traced)] == [("shop.outer", "ok"), ("shop.inner", "aborted")]


def test_a_traceparent_in_the_message_is_kept_and_that_of_the_sender_without_one(traced: Tracing) -> None:
    trace_id, parent_id = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    with base.followed(lambda: base.Told("shop.mail", "", SERVING, traceparent=f"00-{trace_id}-{parent_id}-01")):
        header = base.header()
    work(header=header)
    first, second = jobs(traced)
    assert (first.trace_id, first.parent_span_id) == (trace_id, parent_id)
    assert (second.trace_id, second.parent_span_id) == (trace_id, None)


def test_what_a_plug_stumbles_over_is_a_fault_and_the_job_runs_all_the_same(
    traced: Tracing, faulty: list[Recorder]
) -> None:
    faulty.append(traced.recorder)
    done: list[int] = []
    with base.followed(lambda: 1 / 0):  # type: ignore[arg-type,return-value]
        done.append(1)
    assert done == [1]
    assert "ZeroDivisionError" in (traced.recorder.faults.last or "")
    assert jobs(traced) == []


def test_the_header_is_one_text_in_every_message(traced: Tracing) -> None:
    assert message.HEADER == "reqtrace"
    assert isinstance(sent_from(None), str)


def test_a_process_that_ran_a_job_first_may_turn_out_to_be_a_web_server(traced: Tracing) -> None:
    work()
    assert traced.process().interface == "worker"
    request = RequestFactory(SERVER_SOFTWARE="WSGIServer/0.2").get("/")
    close(TraceMiddleware(lambda _: HttpResponse())(request))
    assert traced.recorder.ledger.serving is not None
    assert traced.recorder.ledger.serving.server == "runserver"
    work()
    assert traced.recorder.ledger.serving.server == "runserver"
