"""What arrives through OpenTelemetry's exporter, and what is understood of an endpoint that does not take it."""

import socket
import ssl
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import requests
from google.rpc.status_pb2 import Status as Refusal
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.utils import is_instrumentation_enabled
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span, SpanFlags, TracesData

from reqtrace.exceptions import DeliveryFailed, DeliveryRefused, MessageRefused, MessageTooLarge, SettingsError
from reqtrace.exporters.delivery import Endpoint, sdk_spans
from reqtrace.exporters.otlp_encoding import ResourceSpans, to_protobuf
from reqtrace.exporters.spans import late_span_of, resource_of, spans_of
from tests.factories import START_NS, finding, request
from tests.judges.crowd import Crowd
from tests.otlp_receiver import Receiver
from tests.programs import run_program

TRACE_ID, PARENT_ID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
KNOWS_REMOTE, REMOTE = SpanFlags.SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK, SpanFlags.SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Return an endpoint."""
    receiver = Receiver()
    yield receiver
    receiver.close()


def deliver(url: str, batch: list[ResourceSpans] | None = None) -> str:
    """Deliver a batch, by default of one span; return what the endpoint had to say."""
    endpoint = Endpoint(url)
    try:
        return endpoint.deliver(sdk_spans(batch or [ResourceSpans([], list(spans_of(request(1, hops=[]), ())))]))
    finally:
        endpoint.close()


def test_what_arrives_is_to_the_bit_what_an_export_writes(receiver: Receiver) -> None:
    crowd = Crowd(300)
    odd = request(1, start_ns=-5, duration_ns=2**70, thread_id=2**80, native_thread_id=-(2**63), hops=[])
    came = request(2, trace_id=TRACE_ID, parent_span_id=PARENT_ID, path="/" + "x" * 9_000)
    found = {one.request: one for one in crowd.found}
    batch = [
        ResourceSpans(
            resource_of(process.id, process, "shop"),
            [
                span
                for one in crowd.made
                if one.process == process.id
                for span in spans_of(one, [found[one.id]] if one.id in found else ())
            ],
        )
        for process in crowd.processes()
    ]
    failed = request(3, status=503, outcome="error")
    batch.append(ResourceSpans(resource_of("p3", None, None), [*spans_of(odd, ()), *spans_of(failed, ())]))
    batch.append(
        ResourceSpans(
            resource_of(None, None, None),
            [
                *spans_of(came, [finding(came.id, number) for number in range(200)]),
                *(late_span_of(one, None, START_NS) for one in crowd.gone),
                late_span_of(finding(odd.id, 7, level="hazard"), odd, START_NS),
            ],
        )
    )
    deliver(receiver.url, batch)
    (taken,) = receiver.taken
    flags = [span.flags for span in receiver.spans]
    for span in receiver.spans:
        assert span.HasField("status")
        if not span.status.ByteSize():
            span.ClearField("status")
        span.flags = 0
    assert TracesData.FromString(taken.SerializeToString()) == TracesData.FromString(to_protobuf(batch))
    remote = [span for span in receiver.spans if span.kind == Span.SPAN_KIND_SERVER and span.parent_span_id]
    assert [span.trace_id.hex() for span in remote] == [TRACE_ID]
    assert flags.count(KNOWS_REMOTE | REMOTE) == 1
    assert set(flags) == {KNOWS_REMOTE, KNOWS_REMOTE | REMOTE}


def test_no_limit_of_the_sdk_and_no_resource_of_this_process_touches_it() -> None:
    program = """
        from reqtrace.exporters.delivery import sdk_spans
        from reqtrace.exporters.otlp_encoding import ResourceSpans
        from reqtrace.exporters.spans import spans_of
        from tests.factories import finding, request
        one = request(1)
        (span,) = sdk_spans([ResourceSpans([("host.name", "web-1")], list(spans_of(one, [finding(one.id)])))])
        (event,) = span.events
        print(dict(span.resource.attributes), span.attributes["url.path"], len(span.attributes) > 9, event.name)
    """
    limits = {f"OTEL_{name}_LIMIT": "1" for name in ("ATTRIBUTE_COUNT", "ATTRIBUTE_VALUE_LENGTH", "SPAN_EVENT_COUNT")}
    said = run_program(program, OTEL_RESOURCE_ATTRIBUTES="team=shop", OTEL_SERVICE_NAME="other", **limits)
    assert said == "{'host.name': 'web-1'} /orders/ True reqtrace.finding"


def test_headers_and_compression_are_those_of_the_environment(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(receiver.url)
    assert (receiver.asked[-1]["path"], receiver.asked[-1]["content-type"]) == ("/v1/traces", "application/x-protobuf")
    assert receiver.asked[-1]["content-encoding"] == "gzip"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Basic%20c2hvcA==,x-scope=shop")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
    deliver(f"{receiver.url}/otlp/traces?tenant=shop")
    assert receiver.asked[-1]["path"] == "/otlp/traces?tenant=shop"
    assert (receiver.asked[-1]["authorization"], receiver.asked[-1]["x-scope"]) == ("Basic c2hvcA==", "shop")
    assert "content-encoding" not in receiver.asked[-1]
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "x-scope=traces")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "deflate")
    deliver(receiver.url)
    assert (receiver.asked[-1]["x-scope"], receiver.asked[-1]["content-encoding"]) == ("traces", "deflate")
    assert "authorization" not in receiver.asked[-1]
    assert len(receiver.taken) == 3


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("TIMEOUT", "0", "Nothing can be sent to .*timeout"),
        ("HEADERS", "a=b%0Asecret", "OTEL_EXPORTER_OTLP_HEADERS has a header that cannot be sent as it is"),
        ("CERTIFICATE", "/nowhere", "Nothing can be sent to .*/nowhere.*OTEL_EXPORTER_OTLP_"),
        ("CLIENT_CERTIFICATE", "/nowhere", "Nothing can be sent to .*/nowhere.*OTEL_EXPORTER_OTLP_"),
    ],
)
def test_a_variable_that_cannot_be_used_ends_it(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(f"OTEL_EXPORTER_OTLP_{name}", value)
    with pytest.raises(DeliveryRefused, match=said) as raised:
        deliver("https://127.0.0.1:1")
    assert "secret" not in str(raised.value)


def test_a_variable_that_the_exporter_itself_refuses_is_a_wrong_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(*_: object, **__: object) -> None:
        raise ValueError("'brotli' is not a valid Compression")

    monkeypatch.setattr("reqtrace.exporters.delivery.OTLPSpanExporter", refusing)
    with pytest.raises(SettingsError, match=r"OTEL_EXPORTER_OTLP_\.\.\. cannot be used: 'brotli' is not a valid"):
        Endpoint("http://127.0.0.1:1")


@pytest.fixture
def guarded(receiver: Receiver, tmp_path: Path) -> Path:
    """Let the endpoint speak TLS; return the certificate of those who vouch for it: itself."""
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    receiver.server.socket = context.wrap_socket(receiver.server.socket, server_side=True)
    receiver.url = receiver.url.replace("http:", "https:")
    return certificate


def test_it_trusts_the_certificate_that_the_environment_names_and_no_other(
    receiver: Receiver, guarded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "3")
    with pytest.raises(DeliveryFailed, match="certificate verify failed"):
        deliver(receiver.url)
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_TIMEOUT")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", str(guarded))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", requests.certs.where())
    deliver(receiver.url)
    assert len(receiver.spans) == 1


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_it_is_not_sent_on_elsewhere(receiver: Receiver, code: int) -> None:
    receiver.refusals = [(code, {"Location": f"{receiver.url}/elsewhere"})]
    with pytest.raises(DeliveryRefused, match=f"answered {code} .* Mend the address"):
        deliver(receiver.url)
    assert len(receiver.asked) == 1


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (400, MessageRefused),
        (413, MessageTooLarge),
        (401, DeliveryRefused),
        (403, DeliveryRefused),
        (404, DeliveryRefused),
        (500, DeliveryRefused),
    ],
)
def test_a_refusal_says_whom_it_is_meant_for(receiver: Receiver, code: int, error: type[Exception]) -> None:
    words = "a span without a name, which is for its sender to mend"
    receiver.refusals = [(code, {})] * 2
    receiver.answer = Refusal(code=3, message=words).SerializeToString()
    with pytest.raises(error, match=rf"/v1/traces answered {code} [\w ]+\. {words}\.( Mend|$)") as raised:
        deliver(receiver.url)
    assert raised.type is error
    receiver.refusals = [(code, {"Content-Type": "text/plain"})]
    receiver.answer = b"not\x1b[2J for you" + b"!" * 500
    with pytest.raises(error, match=r"not\\x1b\[2J for you!{200,300}\.( Mend|$)"):
        deliver(receiver.url)


@pytest.mark.parametrize("code", [429, 502, 503, 504])
def test_an_endpoint_that_is_busy_says_for_how_long(receiver: Receiver, code: int) -> None:
    receiver.refusals = [(code, {"Retry-After": "70"})]
    with pytest.raises(DeliveryFailed, match=f"answered {code}") as raised:
        deliver(receiver.url)
    assert raised.value.retry_after == 70


def test_what_passes_soon_is_left_to_the_exporter(receiver: Receiver) -> None:
    receiver.refusals = [(503, {"Retry-After": "by and by"}), (504, {"Retry-After": "0"})]
    assert deliver(receiver.url) == ""
    assert (len(receiver.asked), len(receiver.spans)) == (3, 1)


def test_what_the_endpoint_has_to_say_is_understood(receiver: Receiver) -> None:
    words = "one is older than this endpoint takes them, and is left out"
    for rejected, said in ((1_000, f"1,000 left out: {words}"), (0, words)):
        partial = ExportTracePartialSuccess(rejected_spans=rejected, error_message=words)
        receiver.answer = ExportTraceServiceResponse(partial_success=partial).SerializeToString()
        assert deliver(receiver.url) == said
    receiver.answer = b"<h1>\x1b[2JSign in</h1>"
    assert deliver(receiver.url) == "<h1>\\x1b[2JSign in</h1>"


def test_an_answer_that_is_no_http_is_a_reason_to_try_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.7")
    with socket.create_server(("127.0.0.1", 0)) as server:
        away = Thread(target=_babble, args=(server,))
        away.start()
        try:
            with pytest.raises(DeliveryFailed, match=r"/v1/traces cannot be reached: babble\s*\."):
                deliver(f"http://127.0.0.1:{server.getsockname()[1]}")
        finally:
            server.shutdown(socket.SHUT_RDWR)
            away.join()


def _babble(server: socket.socket) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection:
            connection.recv(65_536)
            connection.sendall(b"babble\r\n")


def test_what_the_exporter_does_not_send_is_said_with_its_reason(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reqtrace.exporters.delivery.OTLPSpanExporter", partial(OTLPSpanExporter, max_request_size=10))
    with pytest.raises(MessageTooLarge, match=r"Nothing was sent to .*exceeds max_request_size 10 bytes"):
        deliver(receiver.url)
    assert receiver.asked == []


def test_nobody_traces_it(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    enabled: list[bool] = []
    send = requests.Session.send

    def instrumented(session: requests.Session, *given: Any, **named: Any) -> requests.Response:
        enabled.append(is_instrumentation_enabled())
        return send(session, *given, **named)

    monkeypatch.setattr(requests.Session, "send", instrumented)
    deliver(receiver.url)
    assert enabled == [False]
    assert is_instrumentation_enabled()


def test_what_the_exporter_logs_does_not_reach_the_terminal(
    receiver: Receiver, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.refusals = [(503, {"Retry-After": "0"}), (400, {})]
    with pytest.raises(MessageRefused):
        deliver(receiver.url)
    assert caplog.text == ""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "soon")
    Endpoint(receiver.url)
    assert "'soon'" in caplog.text


@pytest.mark.parametrize("url", ["localhost:4318", "ftp://localhost", "http://", "http://["])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match=r"is no address of an OTLP/HTTP endpoint; it takes http://localhost:4318"):
        Endpoint(url)


def test_an_address_with_a_password_is_refused_without_saying_it() -> None:
    with pytest.raises(SettingsError, match="OTEL_EXPORTER_OTLP_HEADERS") as refused:
        Endpoint("http://alice:secret@localhost:4318")
    assert "secret" not in str(refused.value)
