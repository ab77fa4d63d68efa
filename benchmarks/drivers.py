"""Django's two handlers, called in process as a server calls them, and the clock around the calls."""

import asyncio
import io
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler

from benchmarks.scenarios import Interface
from benchmarks.site import Headers


class Driver(ABC):
    """Sends the same request again and again."""

    @abstractmethod
    def run(self, requests: int) -> list[float]:
        """Send that many requests, one after another, and return the nanoseconds that each took.

        Raises:
            RuntimeError: when an answer is not 200: nothing that fails is worth measuring.

        """


class WsgiDriver(Driver):
    """Calls `WSGIHandler` with an environ as gunicorn makes it, iterates the body and closes the response."""

    def __init__(self, path: str, headers: Headers) -> None:
        self._handler = WSGIHandler()
        self._status = ""
        self._environ: dict[str, Any] = {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "127.0.0.1:8000",
            "HTTP_USER_AGENT": "benchmark",
            "HTTP_ACCEPT": "*/*",
            **{f"HTTP_{name.upper()}": value for name, value in headers.items()},
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }

    def run(self, requests: int) -> list[float]:
        """Send requests on this thread."""
        return [self._request() for _ in range(requests)]

    def _request(self) -> float:
        began = time.perf_counter_ns()
        response = self._handler({**self._environ, "wsgi.input": io.BytesIO()}, self._start_response)
        for _chunk in response:
            pass
        response.close()
        elapsed = time.perf_counter_ns() - began
        if not self._status.startswith("200"):
            raise RuntimeError(f"{self._environ['PATH_INFO']} answered {self._status}.")
        return elapsed

    def _start_response(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[..., None]:
        self._status = status
        return lambda data: None


class AsgiDriver(Driver):
    """Awaits `ASGIHandler` on one loop, every request in a task of its own, as uvicorn does."""

    def __init__(self, path: str, headers: Headers) -> None:
        self._handler = ASGIHandler()
        self._runner = asyncio.Runner()
        self._status = 0
        self._scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "server": ("127.0.0.1", 8000),
            "client": ("127.0.0.1", 50000),
            "scheme": "http",
            "method": "GET",
            "root_path": "",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [
                (b"host", b"127.0.0.1:8000"),
                (b"user-agent", b"benchmark"),
                (b"accept", b"*/*"),
                *((name.encode(), value.encode()) for name, value in headers.items()),
            ],
        }

    def run(self, requests: int) -> list[float]:
        """Send requests on a loop that lives from the first call on."""
        return self._runner.run(self._run(requests))

    async def _run(self, requests: int) -> list[float]:
        return [await self._request() for _ in range(requests)]

    async def _request(self) -> float:
        loop = asyncio.get_running_loop()
        began = time.perf_counter_ns()
        await loop.create_task(self._handler(dict(self._scope), _Receive(loop), self._send))
        elapsed = time.perf_counter_ns() - began
        if self._status != 200:
            raise RuntimeError(f"{self._scope['path']} answered {self._status}.")
        return elapsed

    async def _send(self, message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]


class _Receive:
    """A client that sends an empty body and then stays, so that Django waits in vain for it to go."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._sent = False

    async def __call__(self) -> dict[str, Any]:
        if self._sent:
            await self._loop.create_future()
        self._sent = True
        return {"type": "http.request", "body": b"", "more_body": False}


DRIVERS: Mapping[Interface, Callable[[str, Headers], Driver]] = {"wsgi": WsgiDriver, "asgi": AsgiDriver}
"""Interface to its driver, made from a path and what the visitor sends along."""
