"""How long the questions of page and API take, with a million requests kept, that match much, little, or nothing."""

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from dashboard.api import answers  # noqa: E402  Django must be set up first
from reqtrace.reading import queries  # noqa: E402
from reqtrace.records import Finding, Request, SameThread, Side, User  # noqa: E402
from reqtrace.stores import registry  # noqa: E402
from reqtrace.stores.base import Item, Store  # noqa: E402

BUDGETS_MS = {"sqlite": 100.0, "redis": 300.0, "unix": 300.0}
BEGAN_NS = 1_769_860_800_000_000_000
_STEP_NS = 1_000_000
_BATCH = 256
_PEOPLE, _PRODUCTS, _THREADS, _RARE = 20_000, 200_000, 64, 977
"""People and paths are many, so that summaries are long; some of all kinds come once in so many requests."""
_REPEATS = 5

QUESTIONS = {
    "no filter": {},
    "user, in the newest": {"user": "user1"},
    "user, one in 20,000": {"user": "19999"},
    "user, rare": {"user": "rare"},
    "user, nobody": {"user": "nobody"},
    "path, most": {"path": "/shop/"},
    "path, one product": {"path": "/shop/product/77777/"},
    "path, nothing": {"path": "/nothing/"},
    "since, of the newest": {"since": str((BEGAN_NS + 999_000 * _STEP_NS) // 10**9)},
    "since, nothing": {"since": "2030-01-01T00:00:00Z"},
    "until, the oldest": {"until": str(BEGAN_NS // 10**9 + 1)},
    "until, nothing": {"until": "2020-01-01T00:00:00Z"},
    "level, some": {"level": "hazard"},
    "level, nothing": {"level": "leak"},
    "level and user, nothing": {"level": "hazard", "user": "nobody"},
    "thread, one in 64": {"thread": "7"},
    "thread, nothing": {"thread": "9999"},
    "status, rare": {"status": "500"},
    "status, rare class": {"status": "5xx"},
    "status, nothing": {"status": "418"},
    "process, nothing": {"process": "99999"},
    "method, nothing": {"method": "DELETE"},
    "view, rare": {"view": "rare"},
    "view, nothing": {"view": "nowhere"},
    "ms, rare": {"ms": ">900"},
    "ms, nothing": {"ms": ">5000"},
    "user and status, nothing": {"user": "user1", "status": "418"},
}


def fill(store: Store, requests: int) -> None:
    """Write so many requests, and a finding for every hundredth."""
    for first in range(0, requests, _BATCH):
        store.append(items(first, min(_BATCH, requests - first)))


def items(first: int, count: int) -> list[Item]:
    """Return the requests from one on, and their findings, as a store takes them."""
    choose = random.Random(first).randrange
    made = [
        _request(number, number % _RARE == 0, choose(_PEOPLE), choose(_PRODUCTS))
        for number in range(first, first + count)
    ]
    found = [_finding(request) for number, request in enumerate(made, first) if number % 100 == 0]
    return [Item.of(record) for record in (*made, *found)]


def _request(number: int, rare: bool, person: int, product: int) -> Request:
    serial = 1 + number % _THREADS
    return Request(
        id=f"p{number % 4}-{number:08x}",
        process=f"p{number % 4}",
        pid=101 + number % 4,
        thread_id=140_000_000_000_000 + serial,
        native_thread_id=100 + serial,
        thread_serial=serial,
        thread_name=f"ThreadPoolExecutor-0_{serial}",
        greenlet_id=None,
        greenlet_serial=None,
        task_id=None,
        task_serial=None,
        task_name=None,
        loop_id=None,
        protocol="http",
        method="GET",
        path=f"/shop/product/{product}/",
        route="shop/product/<int:pk>/",
        view="shop.views.rare" if rare else "shop.views.product",
        status=500 if rare else 200,
        outcome="ok",
        start_ns=BEGAN_NS + number * _STEP_NS,
        duration_ns=950_000_000 if rare else 10_000_000,
        trace_id=None,
        parent_span_id=None,
        user=User("authenticated", str(person), "rare" if rare else f"user{person}"),
        session=None,
        hops=[],
        same_thread=SameThread(number, 0),
    )


def _finding(request: Request) -> Finding:
    return Finding(
        id=f"f{request.id}",
        request=request.id,
        kind="leftover",
        level="hazard",
        checkpoint="start",
        at_ns=0,
        holder="shop.middleware._thread_locals.request",
        holder_kind="threading.local",
        expected=Side(request.id, request.user),
        observed=Side(None, request.user),
        writer=None,
        stack=[],
        message="As the request began the holder still named an earlier one.",
        fix="Clear it in a finally.",
        group="g1",
    )


def ask(store: Store, answer: str, parameters: dict[str, str]) -> Iterator[tuple[float, float, int, bool]]:
    """Ask a question over and over; yield its milliseconds, those on a processor, how many came, whether more may."""
    for _ in range(_REPEATS):
        began, cpu = time.perf_counter(), time.thread_time()
        query, page = queries.parse(parameters, time.time_ns())
        found = getattr(answers, answer)(store, query, page)
        took = (time.perf_counter() - began) * 1e3
        yield took, (time.thread_time() - cpu) * 1e3, len(getattr(found, answer)), found.cursor is not None


def main() -> None:
    """Fill a store, ask it everything, and say which answers kept to the budget."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--store", help="an address; a SQLite file of its own, where none is given")
    parser.add_argument("--keep", action="store_true", help="ask what is there already, and leave it there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="reqtrace-questions-") as directory:
        address = options.store or f"sqlite:///{Path(directory) / 'traces.sqlite3'}"
        budget = BUDGETS_MS[address.partition(":")[0]]
        with closing(registry.open_store(address)) as store:
            if not options.keep or store.bounds() == (0, 0):
                began = time.perf_counter()
                fill(store, options.requests)
                print(f"{options.requests / (time.perf_counter() - began):,.0f} requests a second were written")
            broken = 0
            for answer in ("requests", "findings", "threads"):
                for name, parameters in QUESTIONS.items():
                    times, processor, counts, more = zip(*ask(store, answer, parameters), strict=True)
                    median = statistics.median(times)
                    broken += median > budget
                    verdict = "" if median <= budget else f"  over {budget:g}"
                    shown = f"{median:8.1f} ms {statistics.median(processor):8.1f} of them on a processor"
                    print(f"{answer:<9} {name:<26} {shown} {counts[0]:5}{'+' if more[0] else ' '}{verdict}")
            if not options.keep:
                store.purge()
    sys.exit(f"{broken} questions take longer than {budget:g} ms." if broken else 0)


if __name__ == "__main__":
    main()
