"""The current OpenTelemetry span says where a request ran and what was found about it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core import checks
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from reqtrace.capture import telemetry
from reqtrace.capture.carrying import current
from reqtrace.checks import check_telemetry
from reqtrace.middleware import TraceMiddleware
from tests.conftest import Tracing, close
from tests.factories import finding
from tests.programs import run_program

Start = Callable[..., Tracing]


@pytest.fixture
def provider() -> Iterator[TracerProvider]:
    """Return what makes spans."""
    provider = TracerProvider()
    yield provider
    provider.shutdown()


@pytest.fixture
def finished(provider: TracerProvider) -> InMemorySpanExporter:
    """Return what keeps the spans that are over."""
    exporter = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return exporter


def answer(request: HttpRequest) -> HttpResponse:
    """Answer."""
    return HttpResponse("fine")


def span_of(finished: InMemorySpanExporter) -> ReadableSpan:
    """Return the only span."""
    (span,) = finished.get_finished_spans()
    return span


def handle(provider: TracerProvider, view: Callable[[HttpRequest], HttpResponse] = answer) -> None:
    """Handle a request within a span, as OpenTelemetry's own middleware does."""
    with provider.get_tracer("server").start_as_current_span("GET"):
        close(TraceMiddleware(view)(RequestFactory().get("/")))


def test_a_span_says_which_request_and_thread_it_was(
    tracing: Start, provider: TracerProvider, finished: InMemorySpanExporter
) -> None:
    traced = tracing(OTEL=True)
    handle(provider)
    attributes, request = dict(span_of(finished).attributes or {}), traced.request()
    assert attributes == {
        "process.pid": request.pid,
        "thread.id": request.thread_id,
        "thread.name": request.thread_name,
        "reqtrace.request.id": request.id,
        "reqtrace.thread.serial": request.thread_serial,
        "reqtrace.thread.native_id": request.native_thread_id,
    }
    assert span_of(finished).status.status_code is StatusCode.UNSET


async def test_a_span_names_the_task_and_the_thread_of_the_view_and_not_the_loop_s(
    tracing: Start, provider: TracerProvider, finished: InMemorySpanExporter
) -> None:
    traced = tracing(OTEL=True)

    def view() -> HttpResponse:
        opened = current()
        assert opened is not None
        traced.recorder.enter_view(opened)
        return HttpResponse("fine")

    async def get_response(request: HttpRequest) -> HttpResponse:
        return await sync_to_async(view, thread_sensitive=False)()

    with provider.get_tracer("server").start_as_current_span("GET"):
        response = await TraceMiddleware(get_response)(RequestFactory().get("/"))
    close(response)
    attributes, request = dict(span_of(finished).attributes or {}), traced.request()
    assert attributes["thread.id"] == request.thread_id
    assert attributes["thread.name"] == request.thread_name
    assert len({hop.thread_serial for hop in request.hops}) == 2


def test_a_finding_is_an_event_and_a_leak_an_error(
    tracing: Start, provider: TracerProvider, finished: InMemorySpanExporter
) -> None:
    traced = tracing(OTEL=True)
    found = finding("p1-1", 1), finding("p1-1", 2, kind="lost", level="notice", holder=None)

    def view(request: HttpRequest) -> HttpResponse:
        opened = current()
        assert opened is not None
        opened.findings, opened.facts, opened.judged = found, (object(),), 1  # type: ignore[assignment]
        return HttpResponse("fine")

    handle(provider, view)
    span = span_of(finished)
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, found[0].message)
    first, second = span.events
    assert first.name == second.name == "reqtrace.finding"
    assert dict(first.attributes or {}) == {
        "reqtrace.finding.id": found[0].id,
        "reqtrace.finding.kind": "crossed",
        "reqtrace.finding.level": "leak",
        "reqtrace.finding.message": found[0].message,
        "reqtrace.finding.fix": found[0].fix,
        "reqtrace.finding.holder": found[0].holder,
    }
    assert "reqtrace.finding.holder" not in (second.attributes or {})
    traced.requests()


def test_nothing_is_said_unless_it_is_asked_for(
    tracing: Start, provider: TracerProvider, finished: InMemorySpanExporter
) -> None:
    tracing()
    handle(provider)
    assert not span_of(finished).attributes


def test_without_a_span_there_is_nobody_to_tell(tracing: Start) -> None:
    traced = tracing(OTEL=True)
    close(TraceMiddleware(answer)(RequestFactory().get("/")))
    assert traced.request().status == 200


def test_without_opentelemetry_requests_go_on_and_a_check_says_it(
    tracing: Start, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    traced = tracing(OTEL=True)
    assert check_telemetry(None) == []
    monkeypatch.setattr("reqtrace.capture.telemetry.import_module", _missing)
    monkeypatch.setattr("reqtrace.checks.find_spec", lambda name: None)
    telemetry._api.cache_clear()
    try:
        close(TraceMiddleware(answer)(RequestFactory().get("/")))
    finally:
        telemetry._api.cache_clear()
    assert traced.request().status == 200
    (found,) = check_telemetry(None)
    assert (found.id, found.level) == ("reqtrace.E006", checks.ERROR)
    assert "pip install" in str(found.hint)


def test_a_worker_that_tells_spans_loads_nothing_that_sends_them() -> None:
    program = """
        import sys
        import django
        django.setup()
        from django.test import Client
        from reqtrace.cli.base import subcommands
        assert Client().get("/").status_code and "ship" in subcommands()
        assert "opentelemetry.trace" in sys.modules
        sending = ("opentelemetry.sdk", "opentelemetry.exporter", "google.protobuf", "reqtrace.exporters.delivery")
        print([name for name in sys.modules if name.startswith(sending)])
    """
    assert run_program(program, REQTRACE_OTEL="true") == "[]"


def _missing(name: str) -> Any:
    raise ImportError(name)
