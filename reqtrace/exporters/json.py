"""The trace document: one JSON object, one record a line."""

from collections.abc import Iterable, Iterator
from itertools import chain

import msgspec

from reqtrace.exporters.base import Exporter, Source, Watch, head_of
from reqtrace.records import FORMAT, VERSION, Record

_encode = msgspec.json.Encoder().encode


class JsonExporter(Exporter):
    """Writes `records.Trace`, its keys in their order."""

    name = "json"
    suffix = ".json"
    media_type = "application/json"

    def pieces(self, source: Source, watch: Watch) -> Iterator[bytes]:
        """Yield the document."""
        head = head_of(source)
        yield b'{"format":%b,"version":%d' % (_encode(FORMAT), VERSION)
        yield b',"exported_at":%b,"dropped":%d' % (_encode(head.exported_at), head.dropped)
        yield from _array(b"processes", head.processes)
        yield from _array(b"threads", source.threads())
        yield from _array(b"requests", source.requests())
        yield from _array(b"findings", source.findings())
        yield b"}\n"


def _array(key: bytes, records: Iterable[Record]) -> Iterator[bytes]:
    yield b',\n"%b":[' % key
    separators = chain((b"\n",), iter(lambda: b",\n", None))
    for separator, record in zip(separators, records, strict=False):
        yield separator
        yield _encode(record)
    yield b"]"
