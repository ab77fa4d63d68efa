"""OpenTelemetry's Django instrumentation, its spans encoded as for the wire and then thrown away."""

from collections.abc import Sequence

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.instrumentation.django import DjangoInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from benchmarks.cases.base import Case


class _EncodingExporter(SpanExporter):
    """Does an OTLP exporter's work up to the socket."""

    def __init__(self) -> None:
        self.spans = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        encode_spans(spans).SerializeToString()
        self.spans += len(spans)
        return SpanExportResult.SUCCESS


class OpenTelemetry(Case):
    """As its documentation installs it: a tracer provider, a batching processor, the Django instrumentor."""

    def __init__(self) -> None:
        self._exporter = _EncodingExporter()
        self._provider = TracerProvider(resource=Resource.create({"service.name": "benchmark"}))

    def start(self) -> None:
        """Put the instrumentor's middleware in."""
        self._provider.add_span_processor(BatchSpanProcessor(self._exporter))
        DjangoInstrumentor().instrument(tracer_provider=self._provider)

    def drain(self) -> None:
        """Export all finished spans."""
        self._provider.force_flush()

    def end(self) -> int:
        """Shut down, and return how many spans were encoded: one per request."""
        self._provider.shutdown()
        return self._exporter.spans
