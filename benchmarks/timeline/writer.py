"""What the shippers of a deployment write: `python -m benchmarks.timeline.writer RATE [REQUESTS]`."""

import os
import sys
import time

from benchmarks.timeline.traffic import Traffic
from reqtrace.conf import Settings
from reqtrace.stores.base import Item
from reqtrace.stores.sqlite import SqliteStore

TRIM_SECONDS = 5.0


def write(store: SqliteStore, rate: int, requests: int | None) -> None:
    """Let each worker in turn write what ended since its last turn; for ever, or until so many are written."""
    traffic = Traffic()
    settings = Settings()
    period = settings.flush_ms / 1_000
    step = period / traffic.workers
    shipped_ns = [time.time_ns()] * traffic.workers
    written = turn = 0
    trim = due = time.monotonic()
    while requests is None or written < requests:
        due += step
        time.sleep(max(0.0, due - time.monotonic()))
        worker = turn % traffic.workers
        turn += 1
        now_ns = time.time_ns()
        count = round((now_ns - shipped_ns[worker]) * rate / traffic.workers / 1e9)
        records = [
            traffic.process(worker),
            *traffic.threads(worker),
            *traffic.ending_between(worker, shipped_ns[worker], now_ns, count),
        ]
        shipped_ns[worker] = now_ns
        store.append([Item.of(record) for record in records])
        written += count
        if time.monotonic() - trim > TRIM_SECONDS:
            trim = time.monotonic()
            store.trim(settings.retain)


if __name__ == "__main__":
    write(SqliteStore(os.environ["REQTRACE_STORE"]), int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else None)
