"""An OTLP/HTTP endpoint on this machine, which takes and refuses as a test wants it to."""

import gzip
import zlib
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

UNPACK: dict[str | None, Callable[[bytes], bytes]] = {"gzip": gzip.decompress, "deflate": zlib.decompress, None: bytes}


class Receiver:
    """Takes all that is sent to it."""

    def __init__(self, port: int = 0) -> None:
        """Begin to listen, by default on a port that is free."""
        self.refusals: list[tuple[int, dict[str, str]]] = []
        """Codes and headers to answer with next, before anything is taken."""
        self.most_spans = 1_000
        """How many it takes at once."""
        self.answer = b""
        self.taken: list[ExportTraceServiceRequest] = []
        self.asked: list[dict[str, str]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver._take(self)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self._thread = Thread(target=self.server.serve_forever, args=(0.05,))
        self._thread.start()

    def _take(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        message = ExportTraceServiceRequest.FromString(UNPACK[handler.headers["Content-Encoding"]](body))
        self.asked.append({"path": handler.path, **{key.lower(): value for key, value in handler.headers.items()}})
        code, headers = self.refusals.pop(0) if self.refusals else (200, {})
        if len(_spans(message)) > self.most_spans:
            code = 413
        if code == 200:
            self.taken.append(message)
        handler.send_response(code)
        for name, value in {"Content-Type": "application/x-protobuf", **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(self.answer)

    def close(self) -> None:
        """Listen no more."""
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()

    @property
    def spans(self) -> list[Span]:
        """All spans taken."""
        return [span for message in self.taken for span in _spans(message)]

    @property
    def requests(self) -> list[str]:
        """The ids of the requests taken."""
        attributes = (attribute for span in self.spans for attribute in span.attributes)
        return [one.value.string_value for one in attributes if one.key == "reqtrace.request.id"]


def _spans(message: Any) -> list[Span]:
    return [span for one in message.resource_spans for scope in one.scope_spans for span in scope.spans]
