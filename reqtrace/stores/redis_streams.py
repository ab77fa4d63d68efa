"""A store in Redis that all processes of all hosts write and read."""

# Under gevent two threads must not import the same at once, and records are shipped on a native thread. So what the
# first connection imports is here already.
import encodings.idna  # noqa: F401
import os
import socket
import ssl
import uuid
from _thread import RLock  # gevent replaces `threading.RLock`; ours must hold between threads, for milliseconds
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from types import TracebackType
from typing import Any

from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning

from reqtrace.exceptions import StoreError, StoreUnavailable
from reqtrace.execution.places import native
from reqtrace.records import LASTING, MEASUREMENTS_KEPT, RecordKind
from reqtrace.stores.base import Entry, Item, Store
from reqtrace.stores.clock import MARKS
from reqtrace.stores.redis_address import RedisAddress
from reqtrace.stores.redis_fleets import MOVING, client_of
from reqtrace.stores.redis_scripts import AGED, APPEND, DROP, EXCESS, FORGET, GET, SEARCH
from reqtrace.stores.redis_search import SCRIPT_COLUMNS, blocks, column_of, values_of
from reqtrace.stores.summaries import END, Found, Sought, Stretch, digest_of, search, stretches

try:
    import redis
    from redis.backoff import NoBackoff
    from redis.connection import UnixDomainSocketConnection, parse_url
    from redis.retry import Retry
except ImportError as error:
    raise ImportError(f'{error}: pip install "django-reqtrace[redis]"', name=error.name) from error

with suppress(PackageNotFoundError):
    version("redis")  # which each connection asks for

_KINDS: tuple[RecordKind, ...] = ("process", "thread", "finding", "request", "mark", "measurement")
_STEP = 1_000
_CONNECT_SECONDS = 2
_ANSWER_SECONDS = 4
"""Less than a process that ends has patience for."""
_KEEP = "Give it maxmemory-policy noeviction or volatile-lru, or traces a server of their own."
_TEMPORARY = (redis.ConnectionError, redis.TimeoutError, redis.OutOfMemoryError, redis.ReadOnlyError, *MOVING)
_OF_CLUSTERS = (
    redis.exceptions.MovedError,
    redis.exceptions.AskError,
    redis.exceptions.ClusterDownError,
    redis.exceptions.ClusterCrossSlotError,
)
_TEMPORARY_REPLIES = ("MISCONF", "BUSY", "LOADING", "MASTERDOWN", "CLUSTERDOWN", "NOREPLICAS")


class RedisStreamStore(Store):
    """Keeps the line in one stream per kind, and beside each a hash that says where a key stands.

    A position is the first half of an entry's id in its stream. Positions are counted in the script that writes the
    batch: Redis runs one script at a time, so they grow in the order in which batches become visible. What is to be
    seen as it was at one moment is read in one transaction.

    When the connection breaks before the answer has come, nobody knows whether the batch was written. Writing it once
    more is then safe: its records move to the end of the line, where followers see the same state a second time.
    """

    def __init__(self, url: str) -> None:
        """Take ``redis://[user:password@]host:port/db?prefix=...``, ``rediss://`` or ``unix:///path?db=...``."""
        address = RedisAddress(url)
        super().__init__(address.shown)
        self._counter = f"{address.prefix}:last"
        self._streams: dict[RecordKind, str] = {kind: f"{address.prefix}:{kind}" for kind in _KINDS}
        self._hashes: dict[RecordKind, str] = {kind: f"{address.prefix}:{kind}:keys" for kind in _KINDS}
        self._summary = f"{address.prefix}:summary"
        self._summaries = {column: f"{address.prefix}:summary:{column}" for column in SCRIPT_COLUMNS}
        self._keys = [
            *(self._counter, *self._streams.values(), *self._hashes.values()),
            *(self._summary, *self._summaries.values()),
        ]
        passing = [kind for kind in _KINDS if kind not in LASTING]
        self._passing_streams = [self._streams[kind] for kind in passing]
        self._passing_keys = [*self._passing_streams, *(self._hashes[kind] for kind in passing)]
        self._measurement_keys = [self._streams["measurement"], self._hashes["measurement"]]
        self._prefix = address.prefix
        self._clock = f"{address.prefix}:clock"
        self._begin_writing()
        self._evicted: int | None = None
        # Two connections, so that reading never waits for this process's turn to write.
        self._writer = _Link(address)
        self._reader = _Link(address)

    @property
    def shown(self) -> str:
        """The address without user and password."""
        return self.url

    def append(self, items: Sequence[Item]) -> None:
        """Write all items in one script."""
        if items:
            numbers = {kind: number for number, kind in enumerate(_KINDS, 1)}
            values = [value for item in items for value in (numbers[item.kind], item.key, item.payload)]
            values += values_of(digest_of(items))
            with self._writer as client:
                if self._pid != os.getpid():
                    self._begin_writing()
                self._turn += 1
                client.register_script(APPEND)([*self._keys, self._turns], [*values, self._turn])

    def read(self, after: int, limit: int, kinds: Sequence[RecordKind] | None = None) -> list[Entry]:
        """Return up to `limit` entries behind `after`."""
        return self._entries("XRANGE", (f"{after + 1}-0", "+"), limit, kinds)

    def read_back(self, before: int | None, limit: int, kinds: Sequence[RecordKind] | None = None) -> list[Entry]:
        """Return up to `limit` entries in front of `before`, newest first."""
        return self._entries("XREVRANGE", ("+" if before is None else f"{max(before - 1, 0)}-0", "-"), limit, kinds)

    def get(self, kind: RecordKind, key: str) -> Entry | None:
        """Return the entry with that key, or None."""
        with self._reader as client:
            row = client.register_script(GET)([self._streams[kind], self._hashes[kind]], [key])
        if row is None:
            return None
        id_, (_, _, _, payload) = row
        return Entry(_position(id_), kind, key, payload)

    def search(self, sought: Sought, before: int | None, limit: int, most: int) -> Found:
        """Return requests that may be what is sought, and leave out what the summaries tell."""
        before = END if before is None else before
        full = self._summaries[column_of(sought)]
        places = stretches(blocks(self._ask, self._summary, full, sought, before), before)

        def read(stretch: Stretch, count: int) -> list[Entry]:
            command = ("XREVRANGE", self._streams[sought.kind], f"{stretch.before - 1}-0", f"{stretch.after + 1}-0")
            return [_found(sought.kind, row) for row in self._ask((*command, "COUNT", count))]

        def read_sought(stretch: Stretch, count: int) -> list[Entry]:
            ends = f"{stretch.before - 1}-0", f"{stretch.after + 1}-0"
            with self._reader as client:
                rows = client.register_script(SEARCH)([self._streams[sought.kind]], [*ends, count, *sought.payload])
            return [_found(sought.kind, row) for row in rows]

        return search(places, read, read_sought, sought, limit=limit, most=most)

    def bounds(self) -> tuple[int, int]:
        """Return the positions of the oldest entry and of the newest write; of an emptied store, the latter twice."""
        with self._reader as client, client.pipeline() as transaction:
            transaction.get(self._counter)
            for stream in self._passing_streams:
                transaction.xrange(stream, count=1)
            last, *rows = transaction.execute()
            newest = _position(last or b"0")
            return min((_position(row[0][0]) for row in rows if row), default=newest), newest

    def trim(self, retain: int, seconds: float | None = None) -> int:
        """Drop what lies before the newest `retain` requests, a thousand of each kind per script."""
        dropped = 0
        while cut := self._excess("request", retain):
            dropped += self._drop_up_to(cut, self._passing_keys)
        if seconds is not None:
            with self._writer as client:
                aged = client.register_script(AGED)([self._counter, self._clock], [seconds, MARKS])
            dropped += self._drop_up_to(_position(aged), self._passing_keys)
        while cut := self._excess("measurement", MEASUREMENTS_KEPT):
            dropped += self._drop_up_to(cut, self._measurement_keys)
        return dropped

    def purge(self) -> int:
        """Drop every entry."""
        with self._writer as client, client.pipeline() as transaction:
            for stream in self._streams.values():
                transaction.xlen(stream)
            transaction.unlink(*self._keys[1:], self._clock)  # but for the counter
            *counts, _ = transaction.execute()
        return sum(counts)

    def close(self) -> None:
        """Close both connections."""
        self._writer.close()
        self._reader.close()

    def complaint(self) -> str | None:
        """Say that the server has thrown keys away to make room, each of which is all there is of a kind of records."""
        with self._reader as client:
            policy = client.info("memory")["maxmemory_policy"]
            evicted = int(client.info("stats")["evicted_keys"])
        before, self._evicted = self._evicted, evicted
        if before is None or evicted <= before or not policy.startswith("allkeys"):
            return None
        return (
            f"{self.url} throws keys away to make room ({evicted - before} of late), and each of reqtrace's holds all "
            f"records of a kind: traces are lost. {_KEEP}"
        )

    def check(self) -> list[CheckMessage]:
        """Report what is not ours, lets nobody in or is not to be written to (E003), and warn of what may pass (W002).

        Warn as well of a server that throws keys away when its memory is full (W006).
        """
        try:
            self.bounds()
            with self._writer as client:
                client.set(f"{self._prefix}:check", b"", ex=60)
                client.delete(f"{self._prefix}:check")
                memory = client.info("memory")
        except StoreUnavailable as error:
            hint = "Start it, or mend REQTRACE['STORE']; until then records wait in each process, up to BUFFER."
            return [CheckWarning(str(error), hint=hint, id="reqtrace.W002")]
        except StoreError as error:
            hint = "Mend REQTRACE['STORE']; ?prefix=... keeps reqtrace's keys apart from others."
            return [Error(str(error), hint=hint, id="reqtrace.E003")]
        policy = str(memory.get("maxmemory_policy", ""))
        if int(memory.get("maxmemory", 0)) and policy.startswith("allkeys"):
            text = f"{self.url} throws any keys away once its memory is full (maxmemory-policy {policy}), traces too."
            return [CheckWarning(text, hint=_KEEP, id="reqtrace.W006")]
        return []

    def _begin_writing(self) -> None:
        """Write under a name of this process's own, by which the server tells what comes late."""
        self._pid = os.getpid()
        self._turns = f"{self._prefix}:writer:{uuid.uuid4().hex}"
        self._turn = 0

    def _entries(
        self, command: str, stretch: tuple[str, str], limit: int, kinds: Sequence[RecordKind] | None
    ) -> list[Entry]:
        wanted = [kind for kind in _KINDS if kinds is None or kind in kinds]
        if not wanted or limit < 1:
            return []
        with self._reader as client, client.pipeline(transaction=len(wanted) > 1) as transaction:
            for kind in wanted:
                transaction.execute_command(command, self._streams[kind], *stretch, "COUNT", limit)  # type: ignore[no-untyped-call]
            answers = transaction.execute()
            found = [
                Entry(_position(id_), kind, fields[b"key"].decode(), fields[b"payload"])
                for kind, rows in zip(wanted, answers, strict=True)
                for id_, fields in rows
            ]
        found.sort(key=lambda entry: entry.position, reverse=command == "XREVRANGE")
        return found[:limit]

    def _excess(self, kind: RecordKind, retain: int) -> int:
        """Return the position of the newest of a kind that is too much; a step's worth at most, 0 for none."""
        with self._writer as client:
            id_ = client.register_script(EXCESS)([self._streams[kind]], [retain, _STEP])
        return _position(id_ or b"0")

    def _drop_up_to(self, position: int, keys: Sequence[str]) -> int:
        dropped = 0
        while True:
            with self._writer as client:
                step = int(client.register_script(DROP)(keys, [f"{position}-0", _STEP]))
            dropped += step
            if step < _STEP:
                break
        if keys is self._passing_keys:
            with self._writer as client:
                client.register_script(FORGET)(list(self._summaries.values()), [f"{position}-0"])
        return dropped

    def _ask(self, command: Sequence[Any]) -> Any:
        with self._reader as client, client.pipeline(transaction=False) as pipeline:
            # In a pipeline, since redis-py makes other things of what it recognizes.
            pipeline.execute_command(*command)  # type: ignore[no-untyped-call]
            return pipeline.execute()[0]


class _Link:
    """A client for one thread at a time; ``with link as client``.

    The lock is ours because redis-py's own are `threading`'s: gevent's, where it has patched, and held for ever in a
    child that was forked while another thread had them. After a fork both are made anew. The parent's client is kept
    then: to finalize it would ask for its locks.

    Errors of redis-py leave the block as `StoreUnavailable` or `StoreError`.
    """

    def __init__(self, address: RedisAddress) -> None:
        """Make a client, which connects when it is used."""
        self._address = address
        self._lock = RLock()
        self._client = None if address.fleet else _client_for(address)
        self._pid = os.getpid()

    def __enter__(self) -> "redis.Redis":
        """Take the lock and return the client."""
        if self._pid != os.getpid():
            self._forget()
        self._lock.acquire()
        if self._client is None:  # a fleet is asked for its master when that is needed, and anew after each failure
            try:
                self._client = _client_for(self._address)
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
        self._client = None if self._address.fleet else _client_for(self._address)
        self._lock = RLock()
        self._pid = os.getpid()


_inherited: "list[redis.Redis]" = []
"""Clients of the parent's that came along with a fork."""


class _NativeTcp(redis.Connection):
    """A connection that blocks its thread also under gevent.

    Records are shipped on a native thread, where a socket of gevent's would start an event loop of its own.
    """

    def _connect(self) -> socket.socket:
        failure = OSError("the name has no address")
        for family, type_, protocol, _, address in native("socket", "getaddrinfo")(
            self.host, self.port, 0, socket.SOCK_STREAM
        ):
            try:
                connection = _opened(family, type_, protocol, address)
            except OSError as error:
                failure = error
            else:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return connection
        raise failure


class _NativeUnix(UnixDomainSocketConnection):
    """The same for a socket in the file system."""

    def _connect(self) -> socket.socket:
        return _opened(socket.AF_UNIX, socket.SOCK_STREAM, 0, self.path)


def _opened(family: int, type_: int, protocol: int, address: Any) -> socket.socket:
    connection: socket.socket = native("socket", "socket")(family, type_, protocol)
    try:
        connection.settimeout(_CONNECT_SECONDS)
        connection.connect(address)
        connection.settimeout(_ANSWER_SECONDS)
    except BaseException:
        connection.close()
        raise
    return connection


def _client_for(address: RedisAddress) -> "redis.Redis":
    options = parse_url(address.bare) | {  # type: ignore[no-untyped-call]
        "db": address.database,
        "socket_connect_timeout": _CONNECT_SECONDS,
        "socket_timeout": _ANSWER_SECONDS,
        "retry": Retry(NoBackoff(), 0),  # who asks decides; a connection that went stale is noticed before its use
        "protocol": 2,
    }
    if address.fleet:
        if native("socket", "socket") is not socket.socket:
            raise StoreError("A fleet of Redis servers does not go together with gevent: use redis:// or unix://.")
        return client_of(address, options, f"{address.prefix}:last")
    options["connection_class"] = _connection_class(options.get("connection_class", redis.Connection))
    return redis.Redis(connection_pool=redis.ConnectionPool(**options))


def _connection_class(chosen: type[Any]) -> type[Any]:
    if native("socket", "socket") is socket.socket:
        return chosen
    if issubclass(chosen, redis.SSLConnection):
        raise StoreError("rediss:// does not go together with gevent, which replaces ssl: use redis:// or unix://.")
    return _NativeUnix if issubclass(chosen, UnixDomainSocketConnection) else _NativeTcp


def _translated(error: Exception, address: str) -> StoreError:
    reason = str(error).rstrip(".")
    if _is_of_certificates(error):
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


def _found(kind: RecordKind, row: Any) -> Entry:
    id_, fields = row
    key, payload = (fields[1], fields[3]) if isinstance(fields, list) else (fields[b"key"], fields[b"payload"])
    return Entry(_position(id_), kind, key.decode(), payload)


def _is_of_certificates(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _position(id_: bytes) -> int:
    return int(id_.partition(b"-")[0])
