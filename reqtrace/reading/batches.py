"""From entries of a store to spans, for whoever follows the line and sends it on."""

import time
from collections.abc import Iterator, Sequence

from reqtrace.exporters.otlp_encoding import ResourceSpans
from reqtrace.exporters.spans import Span, late_span_of, resource_of, sending_of, spans_of
from reqtrace.reading.reader import Reader
from reqtrace.records import Finding, Process, Request
from reqtrace.stores.base import Entry


class Batches:
    """Makes spans of entries."""

    def __init__(self, reader: Reader, service: str | None) -> None:
        """Read from `reader` what a batch does not hold itself."""
        self._reader = reader
        self._service = service
        self._processes: dict[str, Process | None] = {}

    def of(self, entries: Sequence[Entry]) -> Iterator[ResourceSpans]:
        """Yield the spans of requests that finished, and of what was found about others, even where these are gone."""
        requests: dict[str, Request] = {}
        findings: dict[str, list[Finding]] = {}
        for entry in entries:
            match self._reader.decode(entry):
                case Request() as request if request.outcome != "open":
                    requests[request.id] = request
                case Finding() as finding:
                    findings.setdefault(finding.request, []).append(finding)
        spans: dict[str | None, list[Span]] = {}
        for request in requests.values():
            ran_in = self._process(request.process)
            spans.setdefault(request.process, []).extend(spans_of(request, findings.pop(request.id, ()), ran_in))
            if (sending := sending_of(request, ran_in)) is not None:
                spans.setdefault(sending[0], []).append(sending[1])
        for id_, late in findings.items():
            of_before, now_ns = self._reader.request(id_), time.time_ns()
            process = None if of_before is None else of_before.process
            spans.setdefault(process, []).extend(late_span_of(finding, of_before, now_ns) for finding in late)
        for process, made in spans.items():
            record = None if process is None else self._process(process)
            yield ResourceSpans(resource_of(process, record, self._service), made)

    def _process(self, id_: str) -> Process | None:
        if self._processes.get(id_) is None:  # it may be written after its requests
            self._processes[id_] = self._reader.process(id_)
        return self._processes[id_]
