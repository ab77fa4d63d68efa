"""A server under load, and the account of what it answered and what became of it."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx
import pytest

from reqtrace.reading.reader import Reader
from reqtrace.stores import registry
from reqtrace.stores.base import Store
from tests.servers import running
from tests.servers.running import ASGI, WSGI, Server

_LOST = re.compile(r"process ended: (\d+) requests")
SERVERS = {
    name: running.COMMANDS[name].replace(ASGI, "tests.faults.counting:asgi").replace(WSGI, "tests.faults.counting:wsgi")
    for name in ("gunicorn-sync", "gunicorn-gthread", "gunicorn-gevent", "uvicorn", "uwsgi")
}


class Trial:
    """A server in trouble."""

    def __init__(self, server: Server, count: Path) -> None:
        """Watch `server`, whose application counts in a file."""
        self.server = server
        self._count = count
        self.longest = 0.0
        """How many seconds the slowest request took."""

    @contextmanager
    def load(self, clients: int = 3) -> Iterator[None]:
        """Send requests for as long as the block runs."""
        over = threading.Event()

        def visit() -> None:
            with httpx.Client(base_url=self.server.url, timeout=30) as client:
                while not over.is_set():
                    began = time.monotonic()
                    assert client.get("/plain/").status_code == 200
                    self.longest = max(self.longest, time.monotonic() - began)

        threads = [threading.Thread(target=visit) for _ in range(clients)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            over.set()
            for thread in threads:
                thread.join()

    def answered(self) -> int:
        """Return what the application counted."""
        return self._count.stat().st_size

    def accounted(self, store: Store) -> dict[str, int]:
        """Return what became of it, once the server has ended."""
        reader = Reader(store)
        processes = list(reader.processes())
        return {
            "stored": sum(request.outcome != "open" for request in reader.requests()),
            "dropped": sum(process.dropped for process in processes),
            "sampled out": sum(process.sampled_out for process in processes),
            "lost at the end": sum(map(int, _LOST.findall(self.server.log.read_text()))),
        }


Start = Callable[..., AbstractContextManager[Trial]]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Return a function that starts a server by name, with a store by its address."""
    monkeypatch.setattr(running, "COMMANDS", SERVERS)

    @contextmanager
    def started(name: str, store: str, **environment: str) -> Iterator[Trial]:
        count = tmp_path / "count"
        with running.serve(name, tmp_path, FAULTS_COUNT=str(count), REQTRACE_STORE=store, **environment) as server:
            yield Trial(server, count)

    return started


@contextmanager
def opened(url: str) -> Iterator[Store]:
    """Read a store."""
    store = registry.open_store(url)
    try:
        yield store
    finally:
        store.close()
