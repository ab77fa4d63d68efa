"""Jobs as OpenTelemetry's conventions for messaging see them: who sent one produces, who does it consumes."""

from typing import Any

from opentelemetry.trace import SpanKind

from reqtrace.exporters.delivery import sdk_spans
from reqtrace.exporters.otlp_encoding import ResourceSpans
from reqtrace.exporters.spans import CONSUMER, INTERNAL, PRODUCER, SERVER, Span, sending_of, spans_of
from reqtrace.records import Process, Request
from tests.factories import process, request

WORKER = process("p2", server="celery", worker_class="prefork", interface="worker")
SENDER = request(1)


def job(**fields: Any) -> Request:
    """Return a job that the first request has sent."""
    told: dict[str, Any] = {
        "protocol": "job", "method": "JOB", "path": "shop.mail", "view": "shop.mail", "route": "letters",
        "status": None, "process": "p2", "id": "p2-2", "parent": SENDER.id, "sent_ns": SENDER.start_ns + 5,
    }  # fmt: skip
    return request(2, **told | fields)


def span(one: Request, ran_in: Process | None) -> Span:
    """Return the span of a request itself."""
    return next(spans_of(one, [], ran_in))


def told(one: Span) -> dict[str, object]:
    """Return all its attributes."""
    return dict(one.attributes) | {name: value for shared in one.shared for name, value in shared.attributes}


def test_a_job_is_consumed_below_the_moment_in_which_its_request_produced_it() -> None:
    sending = sending_of(job(), WORKER)
    assert sending is not None
    (by, sent), served, done = sending, span(SENDER, process()), span(job(), WORKER)
    assert by == SENDER.process
    assert (served.kind, sent.kind, done.kind) == (SERVER, PRODUCER, CONSUMER)
    assert (sent.name, done.name) == ("send letters", "process letters")
    assert served.trace_id == sent.trace_id == done.trace_id
    assert (sent.parent_id, done.parent_id) == (served.span_id, sent.span_id)
    assert sent.start_ns == sent.end_ns == SENDER.start_ns + 5
    for one, operation in ((sent, "send"), (done, "process")):
        messaging = {name: value for name, value in told(one).items() if name.startswith("messaging.")}
        assert messaging == {
            "messaging.system": "celery",
            "messaging.destination.name": "letters",
            "messaging.operation.type": operation,
            "messaging.operation.name": operation,
        }
    assert told(done)["code.function.name"] == "shop.mail"
    assert not any(name.startswith("http.") for name in told(done))


def test_a_message_that_tells_of_a_span_was_sent_by_that() -> None:
    of_another = job(trace_id="0af7651916cd43dd8448eb211c80319c", parent_span_id="00f067aa0ba902b7")
    assert sending_of(of_another, WORKER) is None
    assert span(of_another, WORKER).parent_id.hex() == "00f067aa0ba902b7"


def test_a_job_that_came_through_no_queue_is_a_part_of_what_called_it() -> None:
    """As an eager one, in the process of a server; nor is a command a message."""
    eager = span(job(process="p1"), process())
    assert sending_of(job(process="p1"), process()) is None
    assert (eager.name, eager.kind, eager.parent_id) == ("shop.mail", INTERNAL, span(SENDER, process()).span_id)
    command = job(path="nightly", view="nightly", route="", parent=None, sent_ns=None)
    done = span(command, process("p2", server="manage.py", worker_class="command", interface="worker"))
    assert (done.name, done.kind, done.parent_id) == ("nightly", INTERNAL, b"")
    assert not any(name.startswith("messaging.") for name in told(done))


def test_opentelemetrys_own_exporter_is_handed_jobs_too() -> None:
    sending = sending_of(job(), WORKER)
    assert sending is not None
    made = sdk_spans([ResourceSpans([], [span(SENDER, None), sending[1], span(job(), WORKER)])])
    assert [one.kind for one in made] == [SpanKind.SERVER, SpanKind.PRODUCER, SpanKind.CONSUMER]
    assert [one.parent.is_remote for one in made if one.parent] == [False, True]
