"""reqtrace with its defaults: into a SQLite file, shipped by its own thread."""

from benchmarks.cases.base import Case
from reqtrace.capture import lifecycle
from reqtrace.reading.reader import Reader
from reqtrace.stores import registry


class Reqtrace(Case):
    """As the README installs it."""

    apps = ("reqtrace",)
    middleware = ("reqtrace.middleware.TraceMiddleware",)

    def drain(self) -> None:
        """Write what waits into the store."""
        lifecycle.recorder().shipper.ship()

    def end(self) -> int:
        """Say goodbye, and count the requests that stand in the store."""
        lifecycle.recorder().shipper.drain()
        return sum(1 for _ in Reader(registry.store()).requests())
