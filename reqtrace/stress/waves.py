"""Waves of requests: each on a connection of its own, all released by one barrier."""

import http.client
import re
import secrets
import socket
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from threading import Barrier
from typing import NamedTuple

import msgspec
from django.conf import settings

from reqtrace.shipping import synthetic
from reqtrace.stress.people import Person
from reqtrace.stress.server import Server
from reqtrace.stress.targets import SAFE, Target

_BODY_MAX = 2_000_000
_QUICK_ACK: int | None = getattr(socket, "TCP_QUICKACK", None)
"""Where it is missing (it is Linux's), servers that send head and body apart answer 40 ms later; it wears off."""
_CSRF = secrets.token_hex(16)
"""A secret as Django's own: a cookie and a header that agree are all that its protection asks for."""


class Shot(NamedTuple):
    """One request to send."""

    person: Person
    target: Target


Wave = Sequence[Shot]
"""Requests sent at once; the first on the first connection, and so on."""


class Answer(msgspec.Struct, frozen=True):
    """What came back."""

    shot: Shot
    trace_id: str
    """By which the request is found in the traces."""
    status: int
    """0 when nothing came back."""
    headers: str = ""
    body: str = ""

    @property
    def failed(self) -> bool:
        """Whether it says more about the load than about the page."""
        return self.status == 0 or self.status == 429 or self.status >= 500

    @property
    def signs_out(self) -> bool:
        """Whether it takes the session's cookie away from somebody who had one."""
        gone = re.compile(rf'^set-cookie: {re.escape(settings.SESSION_COOKIE_NAME)}=(?:"")?(?:;|$)', re.I | re.M)
        return bool(self.shot.person.cookie and gone.search(self.headers))


class Crowd:
    """As many connections as requests can be sent at once."""

    def __init__(self, server: Server, size: int, pool: ThreadPoolExecutor) -> None:
        """Speak to `server`."""
        self.run = synthetic.new_run()
        """How the trace id of each request of this run begins."""
        self.size = size
        self.sent = 0
        self._host = server.host
        self._connections = [server.connect() for _ in range(size)]
        self._numbers = count(1)
        self._pool = pool

    def send(self, wave: Wave, *, fresh: bool = False) -> list[Answer]:
        """Send a wave and return its answers in order; with `fresh` by a URL that no cache has seen."""
        barrier = Barrier(len(wave))
        self.sent += len(wave)
        if len(wave) == 1:
            return [self._ask(0, wave[0], barrier, fresh)]
        tasks = [self._pool.submit(self._ask, place, shot, barrier, fresh) for place, shot in enumerate(wave)]
        return [task.result() for task in tasks]

    def close(self) -> None:
        """Hang up."""
        for connection in self._connections:
            connection.close()

    def _ask(self, place: int, shot: Shot, barrier: Barrier, fresh: bool) -> Answer:
        number = next(self._numbers)
        trace_id = synthetic.trace_id(self.run, number)
        connection = self._connections[place]
        try:
            self._prepare(connection, shot, trace_id, fresh)
        except (OSError, http.client.HTTPException):
            connection.close()
        barrier.wait()
        try:
            if connection.sock is None:
                return Answer(shot, trace_id, 0)
            return self._finish(connection, shot, trace_id)
        except (OSError, http.client.HTTPException):
            connection.close()
        if shot.target.method not in SAFE:
            return Answer(shot, trace_id, 0)
        try:  # some servers hang up between two requests without a word
            self._prepare(connection, shot, trace_id, fresh)
            return self._finish(connection, shot, trace_id)
        except (OSError, http.client.HTTPException):
            connection.close()
            return Answer(shot, trace_id, 0)

    def _prepare(self, connection: http.client.HTTPConnection, shot: Shot, trace_id: str, fresh: bool) -> None:
        if connection.sock is None:
            connection.connect()
        method, path = shot.target.method, shot.target.path
        if fresh:
            path += f"{'&' if '?' in path else '?'}reqtrace-stress={trace_id}"
        connection.putrequest(method, path, skip_host=True)
        connection.putheader("Host", self._host)
        connection.putheader("traceparent", synthetic.traceparent(trace_id))
        cookies = [shot.person.cookie] if shot.person.cookie else []
        if method not in SAFE:
            cookies.append(f"{settings.CSRF_COOKIE_NAME}={_CSRF}")
            connection.putheader(settings.CSRF_HEADER_NAME.removeprefix("HTTP_").replace("_", "-"), _CSRF)
            connection.putheader("Content-Length", "0")
        if cookies:
            connection.putheader("Cookie", "; ".join(cookies))

    def _finish(self, connection: http.client.HTTPConnection, shot: Shot, trace_id: str) -> Answer:
        connection.endheaders()
        if connection.sock is not None and _QUICK_ACK is not None:
            connection.sock.setsockopt(socket.IPPROTO_TCP, _QUICK_ACK, 1)
        with connection.getresponse() as response:
            body = response.read(_BODY_MAX)
            headers = "\n".join(f"{name}: {value}" for name, value in response.getheaders())
            if not response.isclosed():
                connection.close()
        return Answer(shot, trace_id, response.status, headers, body.decode("utf-8", "replace"))


@contextmanager
def crowd(server: Server, size: int) -> Iterator[Crowd]:
    """Return a crowd of `size`, and send it home at the end."""
    with ThreadPoolExecutor(size, "reqtrace-stress") as pool:
        gathered = Crowd(server, size, pool)
        try:
            yield gathered
        finally:
            gathered.close()
