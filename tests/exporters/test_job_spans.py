"""Jobs as OpenTelemetry's conventions for messaging see them: who sent one produces, who does it consumes."""

from reqtrace.exporters.spans import CONSUMER, PRODUCER, SERVER, spans_of
from tests.factories import request


def test_a_job_is_consumed_below_the_moment_in_which_its_request_produced_it() -> None:
    sender = request(1)
    job = request(
        2, protocol="job", method="JOB", path="shop.mail", view="shop.mail", route="letters", status=None,
        parent=sender.id, sent_ns=sender.start_ns + 5,
    )  # fmt: skip
    (served,), (sent, done) = list(spans_of(sender, []))[:1], list(spans_of(job, []))[:2]
    assert (served.kind, sent.kind, done.kind) == (SERVER, PRODUCER, CONSUMER)
    assert (sent.name, done.name) == ("send letters", "process letters")
    assert served.trace_id == sent.trace_id == done.trace_id
    assert (sent.parent_id, done.parent_id) == (served.span_id, sent.span_id)
    assert sent.start_ns == sent.end_ns == sender.start_ns + 5
    told = {name: value for shared in done.shared for name, value in shared.attributes}
    assert (told["messaging.destination.name"], told["messaging.operation.type"]) == ("letters", "process")
    assert told["code.function.name"] == "shop.mail"
    assert not any(name.startswith("http.") for name in told)


def test_a_job_that_nobody_sent_stands_alone() -> None:
    job = request(2, protocol="job", method="JOB", path="nightly", view="nightly", route="", status=None)
    (done,) = [span for span in spans_of(job, []) if not span.name.startswith("hop")]
    assert (done.name, done.kind, done.parent_id) == ("process nightly", CONSUMER, b"")
