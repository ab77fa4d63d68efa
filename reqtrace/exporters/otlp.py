"""OpenTelemetry traces as files: JSON, a batch a line, or Protocol Buffers."""

import os
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from itertools import islice

from reqtrace.exporters.assembly import with_findings
from reqtrace.exporters.base import Exporter, Source, Watch
from reqtrace.exporters.otlp_encoding import ResourceSpans, to_json, to_protobuf
from reqtrace.exporters.spans import Span, late_span_of, resource_of, sending_of, spans_of
from reqtrace.records import Finding, Process, Request

_BATCH = 200


class _Exporter(Exporter):
    """Writes batches of spans; the service is named by ``OTEL_SERVICE_NAME``, as everywhere in OpenTelemetry."""

    def pieces(self, source: Source, watch: Watch) -> Iterator[bytes]:
        """Yield a batch at a time."""
        service = os.environ.get("OTEL_SERVICE_NAME")
        processes = {process.id: process for process in source.processes()}
        told, first_ns = with_findings(source), int(source.exported_at.timestamp()) * 10**9
        while batch := list(islice(told, _BATCH)):
            first_ns = min([first_ns, *(request.start_ns for request, _ in batch if request is not None)])
            yield self.encoded(_by_process(batch, first_ns, processes, service))

    @abstractmethod
    def encoded(self, batch: Iterable[ResourceSpans]) -> bytes:
        """Return a batch as bytes."""


class OtlpExporter(_Exporter):
    """Writes what the Collector's OTLP JSON file receiver reads."""

    name = "otlp"
    suffix = ".otlp.jsonl"
    media_type = "application/x-ndjson"

    def encoded(self, batch: Iterable[ResourceSpans]) -> bytes:
        """Return a line."""
        return to_json(batch) + b"\n"


class OtlpProtoExporter(_Exporter):
    """Writes one ``TracesData`` message."""

    name = "otlp-proto"
    suffix = ".otlp.pb"
    media_type = "application/x-protobuf"

    def encoded(self, batch: Iterable[ResourceSpans]) -> bytes:
        """Return a part of the message."""
        return to_protobuf(batch)


def _by_process(
    batch: Iterable[tuple[Request | None, list[Finding]]],
    first_ns: int,
    processes: dict[str, Process],
    service: str | None,
) -> Iterator[ResourceSpans]:
    spans: dict[str | None, list[Span]] = {}
    for request, findings in batch:
        if request is None:
            spans.setdefault(None, []).extend(late_span_of(finding, None, first_ns) for finding in findings)
        else:
            ran_in = processes.get(request.process)
            spans.setdefault(request.process, []).extend(spans_of(request, findings, ran_in))
            if (sending := sending_of(request, ran_in)) is not None:
                spans.setdefault(sending[0], []).append(sending[1])
    for id_, made in spans.items():
        process = None if id_ is None else processes.get(id_)
        yield ResourceSpans(resource_of(id_, process, service), made)
