"""What it costs to export a trace, format by format: `python -m benchmarks.formats`.

The command itself is measured, in a fresh process for each format, its start included. Memory is measured again with
a tenth of the requests: where both are the same, it does not grow with the trace.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from benchmarks import report
from benchmarks.pairing import ROOT
from reqtrace.exporters.registry import EXPORTER_CLASSES
from reqtrace.records import Finding, Frame, Hop, Process, Request, SameThread, Side, Thread, User, Writer
from reqtrace.stores.base import Item
from reqtrace.stores.sqlite import SqliteStore

REQUESTS = 100_000
_PROCESSES, _THREADS, _PEOPLE, _PAGES = 4, 8, 200, 40
_BATCH = 1_000
_BEGAN_NS = 1_769_860_800_000_000_000


class Figures(NamedTuple):
    """What one export cost."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    size_bytes: int


def fill(store: SqliteStore, requests: int) -> None:
    """Write a trace: requests on several threads of several processes, that overlap, hop, and now and then leak."""
    records = _trace(requests)
    while batch := list(islice(records, _BATCH)):
        store.append(batch)
    store.close()


def measure(format_: str, store: Path) -> Figures:
    """Export a store to a file, in a fresh process."""
    with tempfile.TemporaryDirectory(prefix="reqtrace-bench-") as folder:
        target = Path(folder) / "exported"
        command = [sys.executable, "-m", "django", "reqtrace", "export", "--format", format_, "-o", str(target)]
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "benchmarks.formats_settings",
            "REQTRACE_STORE": f"sqlite:///{store}",
        }
        began = time.perf_counter()
        exporting = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(exporting.pid, 0)
        seconds = time.perf_counter() - began
        exporting.returncode = os.waitstatus_to_exitcode(status)
        if exporting.returncode:
            raise RuntimeError(f"the export as {format_} ended with status {exporting.returncode}")
        return Figures(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1_024, target.stat().st_size)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure every format, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.formats", description=__doc__)
    parser.add_argument("--requests", type=int, default=REQUESTS, help="in the trace (default %(default)s)")
    parser.add_argument("--formats", nargs="+", choices=EXPORTER_CLASSES, default=list(EXPORTER_CLASSES))
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="reqtrace-bench-") as folder:
        paths = {count: Path(folder) / f"{count}.sqlite3" for count in (given.requests, given.requests // 10)}
        for count, path in paths.items():
            with closing(SqliteStore(f"sqlite:///{path}")) as store:
                fill(store, count)
        sys.stdout.write(", ".join(f"{name} {value}" for name, value in report.machine().items()) + ".\n\n")
        sys.stdout.write(
            f"| {given.requests:,} requests as | seconds | of CPU | a second | MB | MiB at most | of a tenth |\n"
        )
        sys.stdout.write("| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n")
        for format_ in given.formats:
            whole, tenth = (measure(format_, path) for path in paths.values())
            sys.stdout.write(
                f"| {format_} | {whole.seconds:.1f} | {whole.cpu_seconds:.1f} | {given.requests / whole.seconds:,.0f} "
                f"| {whole.size_bytes / 1e6:.0f} | {whole.peak_bytes / 2**20:.0f} | {tenth.peak_bytes / 2**20:.0f} |\n"
            )
            sys.stdout.flush()


def _trace(requests: int) -> Iterator[Item]:
    for number in range(_PROCESSES):
        yield Item.of(_process(number))
        for serial in range(1, _THREADS + 1):
            thread = Thread(f"p{number}", serial, 1, 100 + serial, _name(serial), "interleaved", requests, _PEOPLE, 2)
            yield Item.of(thread)
    for number in range(requests):
        request = _request(number)
        yield Item.of(request)
        if number % 100 == 99:
            yield Item.of(_finding(number, request))


def _name(serial: int) -> str:
    return "MainThread" if serial == 1 else f"ThreadPoolExecutor-0_{serial}"


def _process(number: int) -> Process:
    return Process(f"p{number}", "web-1", 100 + number, 99, _BEGAN_NS, "gunicorn", "gthread", "wsgi", "3.11", "5.2", {})


def _request(number: int) -> Request:
    process, serial = number % _PROCESSES, 1 + number // _PROCESSES % _THREADS
    ident = 140_000_000_000_000 + serial
    hops = [Hop(0, "start", ident, serial)]
    if number % 5 == 0:
        serial = 1 + serial % _THREADS
        hops.append(Hop(90_000, "view", 140_000_000_000_000 + serial, serial))
    user = User("authenticated", str(number * 7 % _PEOPLE), f"user{number * 7 % _PEOPLE}")
    page = number % _PAGES
    return Request(
        id=f"p{process}-{number:08x}",
        process=f"p{process}",
        pid=100 + process,
        thread_id=140_000_000_000_000 + serial,
        native_thread_id=100 + serial,
        thread_serial=serial,
        thread_name=_name(serial),
        greenlet_id=None,
        greenlet_serial=None,
        task_id=None,
        task_serial=None,
        task_name=None,
        loop_id=None,
        protocol="http",
        method="GET" if number % 10 else "POST",
        path=f"/orders/{page}/{number}/",
        route="orders/<int:page>/<int:number>/",
        view=f"shop.views.orders_{page}",
        status=200 if number % 50 else 404,
        outcome="ok",
        start_ns=_BEGAN_NS + number * 1_000_000,
        duration_ns=3_000_000 + number * 7_919 % 30_000_000,
        trace_id=f"{number + 1:032x}" if number % 4 == 0 else None,
        parent_span_id=None,
        user=user,
        session=f"{number * 7 % _PEOPLE:016x}",
        hops=hops,
        same_thread=SameThread(number // 32, 1),
    )


def _finding(number: int, request: Request) -> Finding:
    other = f"p{(number - 4) % _PROCESSES}-{number - 4:08x}"
    return Finding(
        id=f"f{number:08x}",
        request=request.id,
        kind="crossed",
        level="leak",
        checkpoint="view-end",
        at_ns=1_000_000,
        holder="shop.middleware._thread_locals.request",
        holder_kind="threading.local",
        expected=Side(request.id, request.user),
        observed=Side(other, User("authenticated", "1", "user1")),
        writer=Writer(other, request.thread_serial),
        stack=[Frame("shop/views.py", 12, "orders")],
        message="While one request ran, the holder named another.",
        fix="Keep the request in a ContextVar.",
        group="g1",
    )


if __name__ == "__main__":
    main()
