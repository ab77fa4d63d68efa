"""Connections to a Redis server that wait as long as is left, and under gevent for their thread alone."""

import socket
import ssl
from time import monotonic
from typing import Any

import redis
from redis.connection import UnixDomainSocketConnection

from reqtrace.exceptions import StoreError
from reqtrace.execution.places import native

_CONNECT_SECONDS = 2
_LEAST_SECONDS = 0.001
"""A timeout of zero would be none."""


class Budget:
    """How much longer whoever asks may wait: for connections, questions and answers together."""

    def __init__(self) -> None:
        """Leave nothing."""
        self._until = 0.0

    def begin(self, seconds: float) -> None:
        """Have so many seconds from now."""
        self._until = monotonic() + seconds

    def left(self) -> float:
        """Return how many are left."""
        return max(_LEAST_SECONDS, self._until - monotonic())


def connection_class(chosen: type[Any], budget: Budget) -> type[Any]:
    """Return a class of connections like `chosen` that keeps to a budget.

    Raises:
        StoreError: for TLS under gevent, which has replaced what that stands on.

    """
    native_kind: tuple[type[Any], ...] = ()
    if native("socket", "socket") is not socket.socket:
        if issubclass(chosen, redis.SSLConnection):
            raise StoreError("rediss:// does not go together with gevent, which replaces ssl: use redis:// or unix://.")
        native_kind = (_NativeUnix,) if issubclass(chosen, UnixDomainSocketConnection) else (_NativeTcp,)
    return type(f"Bounded{chosen.__name__}", (_Bounded, *native_kind, chosen), {"budget": budget})


class _Bounded:
    """Before redis-py's own: sets the timeouts of a socket anew each time that something is sent."""

    budget: Budget
    _sock: socket.socket | None

    def _connect(self) -> Any:
        left = self.budget.left()
        self.socket_connect_timeout = min(left, _CONNECT_SECONDS)
        self.socket_timeout = left
        return super()._connect()  # type: ignore[misc]

    def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        """Send, and wait for an answer no longer than is left."""
        if self._sock is not None:
            self._sock.settimeout(self.budget.left())
        super().send_packed_command(command, check_health)  # type: ignore[misc]


class _NativeTcp:
    """A connection that blocks its thread also under gevent.

    Records are shipped on a native thread, where a socket of gevent's would start an event loop of its own.
    """

    host: str
    port: int
    socket_connect_timeout: float
    socket_timeout: float

    def _connect(self) -> socket.socket:
        failure = OSError("the name has no address")
        for family, type_, protocol, _, address in native("socket", "getaddrinfo")(
            self.host, self.port, 0, socket.SOCK_STREAM
        ):
            try:
                connection = _opened(self, family, type_, protocol, address)
            except OSError as error:
                failure = error
            else:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return connection
        raise failure


class _NativeUnix:
    """The same for a socket in the file system."""

    path: str
    socket_connect_timeout: float
    socket_timeout: float

    def _connect(self) -> socket.socket:
        return _opened(self, socket.AF_UNIX, socket.SOCK_STREAM, 0, self.path)


def _opened(of: _NativeTcp | _NativeUnix, family: int, type_: int, protocol: int, address: Any) -> socket.socket:
    connection: socket.socket = native("socket", "socket")(family, type_, protocol)
    try:
        connection.settimeout(of.socket_connect_timeout)
        connection.connect(address)
        connection.settimeout(of.socket_timeout)
    except BaseException:
        connection.close()
        raise
    return connection


def is_of_certificates(error: BaseException | None) -> bool:
    """Tell whether the server's certificate, or this client's, is the reason."""
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False
