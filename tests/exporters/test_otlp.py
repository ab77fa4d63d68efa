"""OTLP before the published schema, which knows no mercy for a field it does not know."""

import base64
import json
import re
from collections.abc import Iterable
from typing import Any

import pytest
from google.protobuf import json_format
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status, TracesData

from reqtrace.exporters import registry
from reqtrace.records import Finding, Process, Request, SameThread, User
from tests.factories import BOB, START_NS, finding, process, request
from tests.judges.crowd import Crowd


class Given(Crowd):
    """A trace of what a test says."""

    gone = ()

    def __init__(self, *made: Request, found: Iterable[Finding] = (), by: Process | None = None) -> None:
        """Hold these."""
        self.made = list(made)
        self.found = list(found)
        self.by = by or process()

    def processes(self) -> Iterable[Process]:
        """Return the one."""
        return [self.by]


def parsed(line: bytes) -> TracesData:
    """Return what the schema reads in a line, strictly; ids, in hexadecimal there, are base64 in its own JSON."""
    document = json.loads(line)
    for spans in document["resourceSpans"]:
        for scope in spans["scopeSpans"]:
            for span in scope["spans"]:
                for key in {"traceId", "spanId", "parentSpanId"} & set(span):
                    raw = bytes.fromhex(span[key])
                    assert len(raw) == (16 if key == "traceId" else 8)
                    span[key] = base64.b64encode(raw).decode()
    data = TracesData()
    json_format.ParseDict(document, data, ignore_unknown_fields=False)
    return data


def read(source: Given | Crowd, name: str = "otlp") -> list[TracesData]:
    """Return what the schema reads in an export."""
    exported = b"".join(registry.exporter(name).chunks(source))
    return [parsed(line) for line in exported.splitlines()] if name == "otlp" else [TracesData.FromString(exported)]


def spans(source: Given | Crowd, name: str = "otlp") -> list[Span]:
    """Return all spans of an export."""
    return [
        span
        for data in read(source, name)
        for of_process in data.resource_spans
        for scope in of_process.scope_spans
        for span in scope.spans
    ]


def told(message: Any) -> dict[str, Any]:
    """Return attributes as a dict."""
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in message.attributes}


@pytest.mark.parametrize("name", ["otlp", "otlp-proto"])
def test_every_request_hop_and_finding_arrives_to_the_nanosecond(name: str) -> None:
    crowd = Crowd(700)
    found = spans(crowd, name)
    servers = {told(span)["reqtrace.request.id"]: span for span in found if span.kind == Span.SPAN_KIND_SERVER}
    assert {(id_, span.start_time_unix_nano, span.end_time_unix_nano) for id_, span in servers.items()} == {
        (one.id, one.start_ns, one.start_ns + one.duration_ns) for one in crowd.made
    }
    assert len(found) == len(crowd.made) + crowd.hops + len(crowd.gone)
    assert len({span.span_id for span in found}) == len(found)
    by_id = {span.span_id: span for span in servers.values()}
    for hop in (span for span in found if span.name.startswith("hop ")):
        parent = by_id[hop.parent_span_id]
        assert hop.trace_id == parent.trace_id
        assert parent.start_time_unix_nano <= hop.start_time_unix_nano <= hop.end_time_unix_nano
    events = {told(event)["reqtrace.finding.id"]: event for span in servers.values() for event in span.events}
    assert set(events) == {one.id for one in crowd.found}


@pytest.mark.parametrize("name", ["otlp", "otlp-proto"])
def test_a_finding_whose_request_is_gone_is_a_span_below_the_one_that_was(name: str) -> None:
    class Both(Given):
        gone = (finding("p1-00000001", 7),)

    (whole,), (other, alone) = spans(Given(request(1, hops=[])), name), spans(Both(request(2, hops=[])), name)
    assert (alone.name, alone.trace_id, alone.parent_span_id) == ("finding crossed", whole.trace_id, whole.span_id)
    assert alone.start_time_unix_nano == alone.events[0].time_unix_nano == other.start_time_unix_nano
    assert told(alone) == {"reqtrace.request.id": "p1-00000001"}
    assert told(alone.events[0])["reqtrace.finding.id"] == "f00000007"
    (data,) = read(Both(), name)
    assert set(told(data.resource_spans[0].resource)) == {"service.name"}


def test_both_encodings_say_the_same() -> None:
    crowd = Crowd(40)
    (text,), (binary,) = read(crowd), read(crowd, "otlp-proto")
    assert text == binary


def test_a_request_has_the_names_of_the_semantic_conventions() -> None:
    one = request(
        1, session="5e55", same_thread=SameThread(3, 1), task_id=7, task_serial=2, task_name="Task-2", hops=[]
    )
    (span,) = spans(Given(one))
    assert span.name == "GET orders/"
    assert told(span) == {
        "http.request.method": "GET",
        "http.route": "orders/",
        "http.response.status_code": 200,
        "url.path": "/orders/",
        "code.function.name": "shop.views.orders",
        "thread.id": 140_000_000_000_001,
        "thread.name": "MainThread",
        "user.id": "1",
        "session.id": "5e55",
        "reqtrace.request.id": one.id,
        "reqtrace.thread.serial": 1,
        "reqtrace.thread.native_id": 101,
        "reqtrace.thread.requests_before": 3,
        "reqtrace.thread.requests_at_once": 1,
        "reqtrace.asyncio.task.id": 7,
        "reqtrace.asyncio.task.serial": 2,
        "reqtrace.asyncio.task.name": "Task-2",
        "reqtrace.outcome": "ok",
        "reqtrace.protocol": "http",
        "reqtrace.user.state": "authenticated",
    }
    assert not span.HasField("status")


def test_a_process_is_a_resource(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_SERVICE_NAME", raising=False)
    (data,) = read(Given(request(1)))
    (of_process,) = data.resource_spans
    assert told(of_process.resource) == {
        "service.name": "unknown_service:gunicorn",
        "service.instance.id": "p1",
        "host.name": "web-1",
        "process.pid": 101,
        "process.parent_pid": 100,
        "process.runtime.version": "3.11.7",
        "reqtrace.server": "gunicorn",
        "reqtrace.worker_class": "gthread",
        "reqtrace.interface": "wsgi",
        "reqtrace.django": "5.2",
    }
    monkeypatch.setenv("OTEL_SERVICE_NAME", "shop")
    (data,) = read(Given(request(1)))
    assert told(data.resource_spans[0].resource)["service.name"] == "shop"


def test_a_leak_is_an_error_with_its_message_and_a_hazard_is_not() -> None:
    leak, hazard = request(1), request(2)
    found = [finding(leak.id, 1), finding(hazard.id, 2, kind="leftover", level="hazard")]
    first, second = spans(Given(leak, hazard, found=found))
    assert (first.status.code, first.status.message) == (Status.STATUS_CODE_ERROR, found[0].message)
    assert told(first)["error.type"] == "reqtrace.crossed"
    (event,) = first.events
    assert (event.name, event.time_unix_nano) == ("reqtrace.finding", leak.start_ns + found[0].at_ns)
    assert told(event)["reqtrace.finding.message"] == found[0].message
    assert told(event)["reqtrace.finding.observed.user.id"] == BOB.id
    assert second.status.code == Status.STATUS_CODE_UNSET
    assert "error.type" not in told(second)
    assert len(second.events) == 1


@pytest.mark.parametrize(
    ("fields", "type_", "code"),
    [
        ({"status": 503, "outcome": "error"}, "503", Status.STATUS_CODE_ERROR),
        ({"status": None, "outcome": "error"}, "_OTHER", Status.STATUS_CODE_ERROR),
        ({"status": 404}, None, Status.STATUS_CODE_UNSET),
        ({"status": 200, "outcome": "aborted"}, None, Status.STATUS_CODE_UNSET),
    ],
)
def test_an_error_is_named_as_the_conventions_want(fields: dict[str, Any], type_: str | None, code: int) -> None:
    (span,) = spans(Given(request(1, **fields)))
    assert told(span).get("error.type") == type_
    assert span.status.code == code


def test_a_request_keeps_the_trace_that_it_came_with() -> None:
    trace_id, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    came, own = spans(Given(request(1, trace_id=trace_id, parent_span_id=parent), request(2)))
    assert (came.trace_id.hex(), came.parent_span_id.hex()) == (trace_id, parent)
    assert own.parent_span_id == b""
    assert spans(Given(request(2)))[0].trace_id == own.trace_id
    strange = spans(Given(request(3, trace_id="0" * 32, parent_span_id="x")))[0]
    assert strange.trace_id != bytes(16)
    assert strange.parent_span_id == b""


@pytest.mark.parametrize("name", ["otlp", "otlp-proto"])
def test_what_no_field_can_hold_still_goes_in(name: str) -> None:
    odd = request(
        1, start_ns=-5, duration_ns=2**70, thread_id=2**80, method="BREW", route="", user=User("anonymous"), hops=[]
    )
    span, backwards = spans(Given(odd, request(2, start_ns=START_NS, duration_ns=-1)), name)
    assert backwards.start_time_unix_nano == backwards.end_time_unix_nano == START_NS
    assert span.start_time_unix_nano == 0
    assert told(span)["thread.id"] == str(2**80)
    assert (told(span)["http.request.method"], told(span)["http.request.method_original"]) == ("_OTHER", "BREW")
    assert span.name == "HTTP"


def test_a_line_is_a_line_and_ids_are_in_hexadecimal() -> None:
    exported = b"".join(registry.exporter("otlp").chunks(Crowd(1_200)))
    assert len(exported.splitlines()) == 6 + len(Crowd.gone)
    assert re.search(rb'"traceId":"[0-9a-f]{32}","spanId":"[0-9a-f]{16}"', exported)
