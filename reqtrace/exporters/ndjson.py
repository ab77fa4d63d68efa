"""One JSON object a line: first the trace's own, then one for each record; each says its ``type``."""

from collections.abc import Iterator
from itertools import chain

import msgspec

from reqtrace.exporters.base import Exporter, Source, Watch, head_of
from reqtrace.records import FORMAT, TYPES, VERSION, Record

_encode = msgspec.json.Encoder().encode
_OPENINGS = {type_: b'{"type":%b,' % _encode(kind) for kind, type_ in TYPES.items()}


class NdjsonExporter(Exporter):
    """Writes lines that can be read before the last one is there."""

    name = "ndjson"
    suffix = ".ndjson"
    media_type = "application/x-ndjson"

    def pieces(self, source: Source, watch: Watch) -> Iterator[bytes]:
        """Yield the lines."""
        head = head_of(source)
        opening = {"type": "trace", "format": FORMAT, "version": VERSION}
        yield _encode(opening | {"exported_at": head.exported_at, "dropped": head.dropped}) + b"\n"
        records: Iterator[Record] = chain(head.processes, source.threads(), source.requests(), source.findings())
        yield from map(line, records)


def line(record: Record) -> bytes:
    """Return a record as a line, its line feed included."""
    return _OPENINGS[type(record)] + _encode(record)[1:] + b"\n"
