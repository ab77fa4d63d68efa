"""Delivers spans to an OTLP/HTTP endpoint through OpenTelemetry's exporter, and says how that went.

It takes the extra ``otel``, and a lot of memory: `reqtrace.cli.ship` alone loads it, and only when it runs.
"""

import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from itertools import chain
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from google.protobuf.message import DecodeError
from google.rpc.status_pb2 import Status as Refusal
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode
from urllib3 import Retry
from urllib3.exceptions import InvalidHeader

from reqtrace.exceptions import DeliveryFailed, DeliveryRefused, MessageRefused, MessageTooLarge, SettingsError
from reqtrace.exporters.otlp_encoding import SCOPE, ResourceSpans, is_integer
from reqtrace.exporters.spans import CONSUMER, INTERNAL, PRODUCER, SERVER, Span, Value
from reqtrace.printable import printable

try:
    from opentelemetry.instrumentation.utils import suppress_instrumentation
except ImportError:  # then there is none
    from contextlib import nullcontext as suppress_instrumentation  # type: ignore[assignment]

Spans = list[ReadableSpan]

_PATH = "/v1/traces"
_KINDS = {
    INTERNAL: SpanKind.INTERNAL,
    SERVER: SpanKind.SERVER,
    PRODUCER: SpanKind.PRODUCER,
    CONSUMER: SpanKind.CONSUMER,
}
_COMPRESSION = ("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "OTEL_EXPORTER_OTLP_COMPRESSION")
_EXCERPT = 300
_TRY_AGAIN = {
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}


class Endpoint:
    """A place that takes traces: a Collector, Jaeger, Tempo."""

    def __init__(self, url: str) -> None:
        """Deliver to `url`, as OpenTelemetry's variables say; without a path it is the one that OTLP names.

        Raises:
            SettingsError: when that is no address of HTTP, or a variable cannot be used.

        """
        self.url = _address(url)
        self._session, self._log = _Session(), _Log()
        compression = None if any(map(os.environ.get, _COMPRESSION)) else Compression.Gzip
        try:
            self._exporter = OTLPSpanExporter(self.url, compression=compression, session=self._session)
        except ValueError as error:
            raise SettingsError(f"A variable OTEL_EXPORTER_OTLP_... cannot be used: {error}.") from error

    def deliver(self, spans: Spans) -> str:
        """Send spans; return what the endpoint has to say, mostly nothing.

        The exporter itself repeats what fails, for as long as OTEL_EXPORTER_OTLP_TIMEOUT lets it.

        Raises:
            DeliveryFailed: this time; the same spans may go through later.
            MessageTooLarge: these are too many at once.
            MessageRefused: the endpoint will not take these, whenever they come.
            DeliveryRefused: it will not take any.

        """
        self._session.answer = self._session.error = None
        with self._log.listening(), suppress_instrumentation():
            try:
                self._exporter.export(spans)
            except Exception:  # older exporters let it through
                if self._session.error is None:
                    raise
        if self._session.error is not None:
            raise self._fault(self._session.error) from self._session.error
        if self._session.answer is None:
            raise MessageTooLarge(f"Nothing was sent to {self.url}: {self._log.said}")
        if self._session.answer.status_code // 100 != 2:
            raise self._refusal(self._session.answer)
        return _remark(self._session.answer)

    def close(self) -> None:
        """Let go of the connection."""
        self._session.close()

    def _fault(self, error: Exception) -> DeliveryFailed | DeliveryRefused:
        if isinstance(error, requests.exceptions.InvalidHeader):  # it cites the value, which may be a secret
            return DeliveryRefused("OTEL_EXPORTER_OTLP_HEADERS has a header that cannot be sent as it is.")
        if isinstance(error, requests.RequestException) and not isinstance(error, ValueError):
            return DeliveryFailed(f"{self.url} cannot be reached: {_cause(error)}.")
        return DeliveryRefused(
            f"Nothing can be sent to {self.url}: {error}. Mend the address, or the variables OTEL_EXPORTER_OTLP_..."
        )

    def _refusal(self, answer: requests.Response) -> DeliveryFailed | MessageRefused | DeliveryRefused:
        said = f"{self.url} answered {answer.status_code} {_readable(answer.reason)}".rstrip() + "."
        if words := _readable(_words(answer)):
            said += f" {words.removesuffix('.')}."
        if answer.status_code in _TRY_AGAIN:
            return DeliveryFailed(said, _retry_after(answer))
        if answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return MessageTooLarge(said)
        if answer.status_code == HTTPStatus.BAD_REQUEST:
            return MessageRefused(said)
        return DeliveryRefused(f"{said} Mend the address, or the headers in OTEL_EXPORTER_OTLP_HEADERS.")


class _Session(requests.Session):
    """Remembers how the last attempt ended: the exporter says only whether it went well."""

    answer: requests.Response | None = None
    error: Exception | None = None

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a request; a certificate that was asked for goes before the one that REQUESTS_CA_BUNDLE names."""
        self.answer = self.error = None
        try:
            self.answer = super().request(*args, **{"verify": self.verify, **kwargs})
        except Exception as error:
            self.error = error
            raise
        return self.answer

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Go nowhere else: what is sent on would go as a GET without a body, and our headers are for this endpoint."""


class _Log(logging.Handler):
    """Takes what the exporter logs, which an error of ours says once and better."""

    said = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Remember it."""
        self.said = record.getMessage()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Keep it from the terminal; handlers that a project gave to this very logger hear it too."""
        logger = logging.getLogger("opentelemetry.exporter")
        propagates, logger.propagate = logger.propagate, False
        logger.addHandler(self)
        try:
            yield
        finally:
            logger.removeHandler(self)
            logger.propagate = propagates


def _address(url: str) -> str:
    with suppress(ValueError):
        parts = urlsplit(url)
        if parts.username is not None:  # it would stand in messages and in the state file
            raise SettingsError(
                f"The address of {parts.hostname} names a user; give that in OTEL_EXPORTER_OTLP_HEADERS instead, "
                "such as authorization=Basic%20..."
            )
        if parts.scheme in ("http", "https") and parts.hostname:
            return urlunsplit(parts._replace(path=parts.path.rstrip("/") or _PATH))
    raise SettingsError(f"{url!r} is no address of an OTLP/HTTP endpoint; it takes http://localhost:4318.")


def sdk_spans(batch: Iterable[ResourceSpans]) -> Spans:
    """Return spans as OpenTelemetry's SDK has them when they are over."""
    spans: Spans = []
    for one in batch:
        resource = Resource(_attributes(one.resource))  # `create` would add what this very process is
        spans += [_sdk_span(span, resource) for span in one.spans]
    return spans


def _sdk_span(span: Span, resource: Resource) -> ReadableSpan:
    trace_id, came_from_outside = int.from_bytes(span.trace_id), span.kind in (SERVER, CONSUMER)
    return ReadableSpan(
        span.name,
        SpanContext(trace_id, int.from_bytes(span.span_id), is_remote=False),
        SpanContext(trace_id, int.from_bytes(span.parent_id), came_from_outside) if span.parent_id else None,
        resource,
        _attributes(chain(*(shared.attributes for shared in span.shared), span.attributes)),
        [Event(event.name, _attributes(event.attributes), event.at_ns) for event in span.events],
        kind=_KINDS[span.kind],
        status=Status() if span.error is None else Status(StatusCode.ERROR, span.error),
        start_time=span.start_ns,
        end_time=span.end_ns,
        instrumentation_scope=InstrumentationScope(SCOPE),
    )


def _attributes(pairs: Iterable[tuple[str, Value]]) -> dict[str, Value]:
    return {key: int(value) if is_integer(value) else str(value) for key, value in pairs}


def _remark(answer: requests.Response) -> str:
    """Return what an endpoint says of what it took: that it left some of it out, or something else than OTLP."""
    try:
        left_out = ExportTraceServiceResponse.FromString(answer.content).partial_success
    except DecodeError:
        return _readable(_excerpt(answer))
    count = f"{left_out.rejected_spans:,} left out" if left_out.rejected_spans else ""
    return ": ".join(filter(None, (count, _readable(left_out.error_message))))


def _words(answer: requests.Response) -> str:
    """Return why an endpoint refuses, as it says itself."""
    with suppress(DecodeError):
        if "protobuf" in answer.headers.get("Content-Type", ""):
            return str(Refusal.FromString(answer.content).message)
    return _excerpt(answer)


def _excerpt(answer: requests.Response) -> str:
    return answer.content[:_EXCERPT].decode(errors="ignore")


def _readable(text: str) -> str:
    return printable(text.strip())


def _retry_after(answer: requests.Response) -> float | None:
    """Return the seconds that a ``Retry-After`` header asks to wait."""
    with suppress(InvalidHeader, ValueError, OverflowError):
        return Retry().get_retry_after(answer.raw)
    return None


def _cause(error: BaseException) -> BaseException:
    """Return what lies at the bottom: what libraries put around it names objects, and differs each time."""
    deeper = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return error if deeper is None else _cause(deeper)
