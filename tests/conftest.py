"""What all tests share: a recorder of their own, and the proof that they leave nothing behind."""

import contextvars
import signal
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from typing import TypeVar

import psutil
import pytest
from django.core.handlers.base import BaseHandler
from django.core.signals import request_finished
from django.db import close_old_connections
from django.http.response import HttpResponseBase

from reqtrace import conf
from reqtrace.capture import lifecycle, view_seam
from reqtrace.capture.carrying import current
from reqtrace.capture.recorder import Recorder
from reqtrace.reading.reader import Reader
from reqtrace.records import Process, Request, Thread
from reqtrace.stores import registry
from reqtrace.stores.base import Store

Result = TypeVar("Result")
_numbers = count(1)
_REAL = ("server", "browser", "faults")
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT)


def pytest_configure() -> None:
    """Give what the tests start its signals back, where they are ignored: in a job in the background, say.

    A child inherits what is ignored, but no handler.
    """
    for number in _ENDING:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Try once more what fails where a real server, browser or store may have been slow; the summary names each."""
    for item in items:
        if any(item.get_closest_marker(name) for name in _REAL):
            item.add_marker(pytest.mark.flaky(reruns=1))


class Tracing:
    """A recorder for one test, and what it has written."""

    def __init__(self, recorder: Recorder, store: Store) -> None:
        """Read what `recorder` writes into `store`."""
        self.recorder = recorder
        self.store = store

    def requests(self) -> list[Request]:
        """Return all requests that are finished, or are shown while they run, by their start."""
        self.recorder.shipper.ship()
        return sorted(Reader(self.store).requests(), key=lambda request: request.id)

    def request(self) -> Request:
        """Return the only request."""
        (request,) = self.requests()
        return request

    def threads(self) -> list[Thread]:
        """Return all threads."""
        self.recorder.shipper.ship()
        return list(Reader(self.store).threads())

    def process(self) -> Process:
        """Return the recorder's process; the store is also that of any other recorder that is still alive."""
        self.recorder.shipper.ship()
        own = self.recorder.ledger.process_id
        (process,) = (process for process in Reader(self.store).processes() if process.id == own)
        return process


@pytest.fixture
def faulty() -> list[Recorder]:
    """Return a list for the recorders that are meant to meet a fault."""
    return []


@pytest.fixture
def tracing(
    settings: object, faulty: list[Recorder], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Tracing]]:
    """Return a function that starts tracing into a memory store of its own, with the given settings."""
    made: list[Recorder] = []

    def start(**keys: object) -> Tracing:
        settings.REQTRACE = {"STORE": f"memory:{next(_numbers)}", **keys}  # type: ignore[attr-defined]
        recorder = Recorder(conf.get())
        made.append(recorder)
        monkeypatch.setattr(lifecycle, "recorder", lambda: recorder)
        return Tracing(recorder, registry.store())

    yield start
    for recorder in made:
        recorder.shipper.drain()
        assert not recorder.open, "a request was never finished"
        assert recorder.faults.last is None or recorder in faulty, recorder.faults.last


@pytest.fixture(autouse=True)
def nothing_is_left_behind() -> Iterator[None]:
    """Fail a test that leaves a context variable, a patch, a thread or a process behind."""
    threads = set(threading.enumerate())
    children = {child.pid for child in psutil.Process().children()}
    yield
    view_seam.close_seam()
    assert current() is None
    assert not [var.name for var in contextvars.copy_context() if var.name.startswith("reqtrace.") and var.get()]
    assert not hasattr(BaseHandler.make_view_atomic, "reqtrace_original")
    eventually(lambda: not {thread for thread in set(threading.enumerate()) - threads if not _is_shared(thread)})
    eventually(lambda: not {child.pid for child in psutil.Process().children()} - children)


def _is_shared(thread: threading.Thread) -> bool:
    # Executors that asyncio and asgiref keep for the rest of the process, and what `logging` makes up for a thread
    # that Python did not start when it logs, as the shipper's does.
    return thread.name.startswith(("asyncio_", "ThreadPoolExecutor", "reqtrace-", "Dummy-"))


def eventually(condition: Callable[[], Result], seconds: float = 10) -> Result:
    """Wait until `condition` returns something true, and return that; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.01)


def close(response: HttpResponseBase) -> None:
    """Close a response as a server does, but leave the test's own database connection open, as Django's client does."""
    request_finished.disconnect(close_old_connections)
    try:
        response.close()
    finally:
        request_finished.connect(close_old_connections)
