"""OpenTelemetry traces as files: JSON, a batch a line, or Protocol Buffers."""

import os
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from itertools import islice

from reqtrace.assembly import with_findings
from reqtrace.exporters.base import Exporter, Source
from reqtrace.otlp import ResourceSpans, to_json, to_protobuf
from reqtrace.records import Finding, Process, Request
from reqtrace.spans import Span, resource_of, spans_of

_BATCH = 200


class _Exporter(Exporter):
    """Writes batches of spans; the service is named by ``OTEL_SERVICE_NAME``, as everywhere in OpenTelemetry."""

    def pieces(self, source: Source) -> Iterator[bytes]:
        """Yield a batch at a time."""
        service = os.environ.get("OTEL_SERVICE_NAME")
        processes = {process.id: process for process in source.processes()}
        requests = with_findings(source)
        while batch := list(islice(requests, _BATCH)):
            yield self.encoded(_by_process(batch, processes, service))

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
    batch: Iterable[tuple[Request, list[Finding]]], processes: dict[str, Process], service: str | None
) -> Iterator[ResourceSpans]:
    spans: dict[str, list[Span]] = {}
    for request, findings in batch:
        spans.setdefault(request.process, []).extend(spans_of(request, findings))
    for id_, made in spans.items():
        yield ResourceSpans(resource_of(id_, processes.get(id_), service), made)
