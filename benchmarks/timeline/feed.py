"""A server with the page and a live feed, for the benchmark alone: no store behind it, no access control."""

import asyncio
import http
import threading
import time
from pathlib import Path
from types import TracebackType

import msgspec
from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.datastructures import Headers
from websockets.http11 import Request as HttpRequest
from websockets.http11 import Response

from benchmarks.timeline.traffic import Traffic
from dashboard.protocol import Batch, Health, Hello, PageConfig, Records
from reqtrace.records import Request

DIST = Path(__file__).parents[2] / "static" / "dist"
BATCH_SECONDS = 0.1
"""As the dashboard does: ten batches a second."""
FILL = 4_000
"""Requests in one of the batches that fill the page."""
CONFIG = PageConfig(reqtrace="", api_url="/api/", live_url="/live/", user="", sign_out_url=None, csrf_token="")
TYPES = {"/app.js": "text/javascript", "/app.css": "text/css"}
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>reqtrace</title>
<link rel="stylesheet" href="/app.css"><script src="/app.js" defer></script><body><div id="reqtrace-app"></div>
<script type="application/json" id="reqtrace-config">{}</script></body></html>"""


class Feed:
    """Serves the page on a port of its own choice while the context lasts."""

    def __init__(self, rate: int, fill: int) -> None:
        self.ended_ns_by_batch: dict[int, list[int]] = {}
        """When the requests of each batch ended that came live, by the batch's server time."""
        self.url = ""
        self._rate = rate
        self._fill = fill
        self._traffic = Traffic()
        self._position = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="feed")

    def __enter__(self) -> "Feed":
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        async with serve(self._live, "127.0.0.1", 0, process_request=_answer, compression=None) as server:
            self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
            self._ready.set()
            await self._stop.wait()

    async def _live(self, socket: ServerConnection) -> None:
        now_ns = time.time_ns()
        await socket.send(
            _text(Hello(server_time_ns=now_ns, position=0, resumed=False, health=Health(), records=Records()))
        )
        began_ns = now_ns - round(self._fill / self._rate * 1e9)
        step_ns = round(FILL / self._rate * 1e9)
        for place in range(self._fill // FILL):
            requests = self._traffic.ending_between(began_ns + place * step_ns, began_ns + (place + 1) * step_ns, FILL)
            await socket.send(_text(self._batch(requests)))
        last_ns = time.time_ns()
        while not self._stop.is_set():
            await asyncio.sleep(BATCH_SECONDS)
            now_ns = time.time_ns()
            count = round((now_ns - last_ns) * self._rate / 1e9)
            requests = self._traffic.ending_between(last_ns, now_ns, count)
            last_ns = now_ns
            batch = self._batch(requests)
            self.ended_ns_by_batch[batch.server_time_ns] = [one.start_ns + one.duration_ns for one in requests]
            broadcast([socket], _text(batch))

    def _batch(self, requests: list[Request]) -> Batch:
        self._position += len(requests)
        records = Records(processes=self._traffic.processes(), threads=list(self._traffic.threads()), requests=requests)
        return Batch(server_time_ns=time.time_ns(), position=self._position, records=records)


def _text(message: Hello | Batch) -> str:
    return msgspec.json.encode(message).decode()


def _answer(socket: ServerConnection, request: HttpRequest) -> Response | None:
    path = request.path.partition("?")[0]
    if path == CONFIG.live_url:
        return None
    if path in TYPES:
        return _response(http.HTTPStatus.OK, TYPES[path], (DIST / path[1:]).read_bytes())
    if path == "/":
        return _response(http.HTTPStatus.OK, "text/html", PAGE.format(msgspec.json.encode(CONFIG).decode()).encode())
    return _response(http.HTTPStatus.NOT_FOUND, "text/plain", b"")


def _response(status: http.HTTPStatus, kind: str, body: bytes) -> Response:
    headers = Headers({"Content-Type": kind, "Content-Length": str(len(body)), "Connection": "close"})
    return Response(status, status.phrase, headers, body)
