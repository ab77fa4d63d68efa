"""reqtrace with its defaults: into a SQLite file, shipped by its own thread."""

import time

from benchmarks.cases.base import Case
from reqtrace.capture import lifecycle
from reqtrace.reading.reader import Reader
from reqtrace.stores import registry


class Reqtrace(Case):
    """As the README installs it."""

    apps = ("reqtrace",)
    middleware = ("reqtrace.middleware.TraceMiddleware",)

    def settle(self) -> None:
        """Search to the end, and look around no more: ten requests a second are looked into, however many there are.

        Nor do requests read code any more: the first 32 that have loaded some do, if they come before the thread.
        """
        recorder = lifecycle.recorder()
        while not (recorder.discovery.is_through and recorder.written.knowledge.is_through):
            time.sleep(0.01)  # the shipper's thread does it
        if recorder.watch.holders:
            recorder.search_all()
        recorder.discovery.probe_never()
        recorder.written.read_no_more()

    def drain(self) -> None:
        """Write what waits into the store."""
        lifecycle.recorder().shipper.ship()

    def end(self) -> int:
        """Say goodbye, and count the requests that stand in the store."""
        lifecycle.recorder().shipper.drain()
        return sum(1 for _ in Reader(registry.store()).requests())
