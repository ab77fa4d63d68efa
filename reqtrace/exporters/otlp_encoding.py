"""OpenTelemetry's protocol, OTLP 1.x: spans as its JSON and as its Protocol Buffers.

The fields are those of ``opentelemetry/proto/trace/v1/trace.proto``; the tests read what stands here with the
published schema. This is for files; what is sent to an endpoint is encoded by OpenTelemetry's exporter.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeGuard

import msgspec

from reqtrace.exporters.protobuf import fixed64, integer, message, text
from reqtrace.exporters.spans import Attributes, Event, Shared, Span, Value

SCOPE = "reqtrace"
_ERROR = 2

_encode = msgspec.json.Encoder().encode


class ResourceSpans(NamedTuple):
    """The spans of one process."""

    resource: Attributes
    spans: Sequence[Span]


class _JsonEvent(msgspec.Struct, rename="camel", gc=False):
    time_unix_nano: str
    name: str
    attributes: msgspec.Raw


class _JsonStatus(msgspec.Struct, omit_defaults=True, gc=False):
    message: str = ""
    code: int = 0


class _JsonSpan(msgspec.Struct, rename="camel", omit_defaults=True, gc=False):
    trace_id: str
    span_id: str
    name: str
    kind: int
    start_time_unix_nano: str
    end_time_unix_nano: str
    attributes: msgspec.Raw
    parent_span_id: str = ""
    events: list[_JsonEvent] = []
    status: _JsonStatus | None = None


def to_json(batch: Iterable[ResourceSpans]) -> bytes:
    """Return one JSON object: ids in hexadecimal, enumerations and integers as the protocol's JSON wants them."""
    return _encode(
        {
            "resourceSpans": [
                {
                    "resource": {"attributes": _json_attributes(one.resource)},
                    "scopeSpans": [{"scope": {"name": SCOPE}, "spans": [_json_span(span) for span in one.spans]}],
                }
                for one in batch
            ]
        }
    )


def to_protobuf(batch: Iterable[ResourceSpans]) -> bytes:
    """Return one message; messages one behind another are one message with the spans of all."""
    scope = message(1, text(1, SCOPE))
    return b"".join(
        message(
            1,
            message(1, _attributes(1, one.resource))
            + message(2, scope + b"".join(message(2, _protobuf_span(span)) for span in one.spans)),
        )
        for one in batch
    )


def _json_span(span: Span) -> _JsonSpan:
    return _JsonSpan(
        span.trace_id.hex(),
        span.span_id.hex(),
        span.name,
        span.kind,
        str(span.start_ns),
        str(span.end_ns),
        _json_array([*map(_json_shared, span.shared), _json_pairs(span.attributes)]),
        span.parent_id.hex(),
        [_JsonEvent(str(event.at_ns), event.name, _json_attributes(event.attributes)) for event in span.events],
        None if span.error is None else _JsonStatus(span.error, _ERROR),
    )


def _json_attributes(attributes: Attributes) -> msgspec.Raw:
    return _json_array([_json_pairs(attributes)])


def _json_array(parts: Iterable[bytes]) -> msgspec.Raw:
    return msgspec.Raw(b"[%b]" % b",".join(filter(None, parts)))


def _json_pairs(attributes: Attributes) -> bytes:
    return b",".join([_json_pair(key, value) for key, value in attributes])


@lru_cache(maxsize=1_024)
def _json_shared(shared: Shared) -> bytes:
    return _json_pairs(shared.attributes)


def _json_pair(key: str, value: Value) -> bytes:
    if is_integer(value):
        return b'{"key":%b,"value":{"intValue":"%d"}}' % (_json_key(key), value)
    return b'{"key":%b,"value":{"stringValue":%b}}' % (_json_key(key), _encode(str(value)))


_json_key = lru_cache(maxsize=1_024)(_encode)


def _protobuf_span(span: Span) -> bytes:
    parts = [message(1, span.trace_id), message(2, span.span_id)]
    if span.parent_id:
        parts.append(message(4, span.parent_id))
    parts += text(5, span.name), integer(6, span.kind), fixed64(7, span.start_ns), fixed64(8, span.end_ns)
    parts += map(_protobuf_shared, span.shared)
    parts.append(_attributes(9, span.attributes))
    parts += [message(11, _protobuf_event(event)) for event in span.events]
    if span.error is not None:
        parts.append(message(15, text(2, span.error) + integer(3, _ERROR)))
    return b"".join(parts)


def _protobuf_event(event: Event) -> bytes:
    return fixed64(1, event.at_ns) + text(2, event.name) + _attributes(3, event.attributes)


def _attributes(field: int, attributes: Attributes) -> bytes:
    return b"".join([_attribute(field, key, value) for key, value in attributes])


@lru_cache(maxsize=1_024)
def _protobuf_shared(shared: Shared) -> bytes:
    return _attributes(9, shared.attributes)


def _attribute(field: int, key: str, value: Value) -> bytes:
    held = integer(3, int(value)) if is_integer(value) else text(1, str(value))
    return message(field, _named(key) + message(2, held))


@lru_cache(maxsize=1_024)
def _named(key: str) -> bytes:
    return text(1, key)


def is_integer(value: Value) -> TypeGuard[int]:
    """Tell whether a value can be sent as a number: the protocol's have 64 bits."""
    return isinstance(value, int) and -(2**63) <= value < 2**63
