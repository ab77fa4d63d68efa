"""A client of a Redis server, for one thread at a time, whose errors are a store's."""

# Under gevent two threads must not import the same at once, and records are shipped on a native thread. So what the
# first connection imports is here already.
import encodings.idna  # noqa: F401
import os
from _thread import RLock  # gevent replaces `threading.RLock`; ours must hold between threads, for milliseconds
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from types import TracebackType
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.connection import parse_url
from redis.retry import Retry

from reqtrace.exceptions import StoreError, StoreUnavailable
from reqtrace.stores.redis_address import RedisAddress
from reqtrace.stores.redis_connections import Budget, connection_class, is_of_certificates
from reqtrace.stores.redis_fleets import MOVING, client_of

with suppress(PackageNotFoundError):
    version("redis")  # which each connection asks for

_TEMPORARY = (redis.ConnectionError, redis.TimeoutError, redis.OutOfMemoryError, redis.ReadOnlyError, *MOVING)
_OF_CLUSTERS = (
    redis.exceptions.MovedError,
    redis.exceptions.AskError,
    redis.exceptions.ClusterDownError,
    redis.exceptions.ClusterCrossSlotError,
)
_TEMPORARY_REPLIES = ("MISCONF", "BUSY", "LOADING", "MASTERDOWN", "CLUSTERDOWN", "NOREPLICAS")


class Link:
    """A client for one thread at a time; ``with link as client``, which waits no longer than there is patience.

    The lock is ours because redis-py's own are `threading`'s: gevent's, where it has patched, and held for ever in a
    child that was forked while another thread had them. After a fork both are made anew. The parent's client is kept
    then: to finalize it would ask for its locks.

    Errors of redis-py leave the block as `StoreUnavailable` or `StoreError`.
    """

    def __init__(self, address: RedisAddress, patience: Callable[[], float]) -> None:
        """Make a client, which connects when it is used; `patience` tells how many seconds one use may take."""
        self._address = address
        self._patience = patience
        self._budget = Budget()
        self._lock = RLock()
        self._client = None if address.fleet else _client_for(address, self._budget)
        self._pid = os.getpid()

    def __enter__(self) -> "redis.Redis":
        """Take the lock and return the client."""
        if self._pid != os.getpid():
            self._forget()
        seconds = self._patience()
        if not self._lock.acquire(timeout=seconds):
            raise StoreUnavailable(f"{self._address.shown} is kept busy by another thread of this process.")
        self._budget.begin(seconds)
        if self._client is None:  # a fleet is asked for its master when that is needed, and anew after each failure
            try:
                self._client = _client_for(self._address, self._budget)
            except BaseException as error:
                self._lock.release()
                if isinstance(error, redis.RedisError):
                    raise _translated(error, self._address.shown) from error
                raise
        return self._client

    def __exit__(
        self, type_: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Let go of the lock, and after a failure of a fleet's master, who may be none any more."""
        if self._address.fleet and isinstance(error, redis.RedisError) and self._client is not None:
            with suppress(redis.RedisError):
                self._client.connection_pool.disconnect()
            self._client = None
        self._lock.release()
        if isinstance(error, redis.RedisError | ValueError | KeyError):
            raise _translated(error, self._address.shown) from error

    def close(self) -> None:
        """Close the connection; the next use opens another."""
        if self._pid == os.getpid():
            with self._lock:
                if self._client is not None:
                    self._client.connection_pool.disconnect()

    def _forget(self) -> None:
        if self._client is not None:
            _inherited.append(self._client)
        self._client = None if self._address.fleet else _client_for(self._address, self._budget)
        self._lock = RLock()
        self._pid = os.getpid()


_inherited: "list[redis.Redis]" = []
"""Clients of the parent's that came along with a fork."""


def _client_for(address: RedisAddress, budget: Budget) -> "redis.Redis":
    options: dict[str, Any] = parse_url(address.bare) | {  # type: ignore[no-untyped-call]
        "db": address.database,
        "retry": Retry(NoBackoff(), 0),  # who asks decides; a connection that went stale is noticed before its use
        "protocol": 2,
    }
    chosen = options.pop("connection_class", redis.Connection)
    if address.fleet:
        return client_of(address, options, f"{address.prefix}:last", lambda base: connection_class(base, budget))
    return redis.Redis(connection_pool=redis.ConnectionPool(connection_class(chosen, budget), **options))


def _translated(error: Exception, address: str) -> StoreError:
    reason = str(error).rstrip(".")
    if is_of_certificates(error):
        return StoreError(
            f"{address} is not trusted, or does not trust this client: {reason}. ssl_ca_certs=... in the address names "
            "who vouches for the server, ssl_certfile=... and ssl_keyfile=... who this is."
        )
    if isinstance(error, _OF_CLUSTERS) and "+cluster" not in address:
        return StoreError(
            f"{address} is one node of a Redis Cluster, and is asked as if it were alone: {reason}. "
            "redis+cluster://host:port asks all of them."
        )
    if reason.startswith("unknown command"):
        return StoreError(
            f"{address} keeps no data: is it a Sentinel, which only knows where they are? {reason}. "
            "redis+sentinel://host:port/name asks it."
        )
    if isinstance(error, redis.AuthenticationError):
        return StoreError(f"{address} lets nobody in with this user and password: {reason}.")
    if isinstance(error, _TEMPORARY) or reason.startswith(_TEMPORARY_REPLIES):
        return StoreUnavailable(f"{address} is not available: {reason}.")
    if isinstance(error, ValueError | KeyError) or "WRONGTYPE" in reason:
        return StoreError(f"What lies at {address} is none of reqtrace's: {reason}.")
    return StoreError(f"{address} does not do as a store: {reason}.")
