"""A dashboard over a store that the test itself writes: what happened, and when, is known to the nanosecond."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from playwright.sync_api import Page, expect

from reqtrace.records import Finding, Hop, Process, Record, Request, SameThread, Thread, User
from tests.dashboard import samples
from tests.dashboard.wire import Place

MS = 1_000_000
PATIENCE_MS = 30_000
"""How long a page may take to be live on a busy machine."""
SERVE = ("-m", "tests.dashboard.serve", "127.0.0.1", "0")
SAYS = r"http://(?P<address>[^/]+)/reqtrace/"


class Stage:
    """The page's address, and the pen with which tests write what it shows."""

    def __init__(self, place: Place, url: str) -> None:
        self.place = place
        self.url = url
        self.now_ns = time.time_ns()
        """When the story ends that the records tell."""
        self._processes: list[Process] = []

    def write(self, *records: Record | Iterable[Record]) -> None:
        """Write records into the store."""
        flat = [one for given in records for one in ([given] if isinstance(given, msgspec.Struct) else given)]
        samples.append(self.place.store, flat)

    def open(self, page: Page, hash_: str = "") -> None:
        """Let every process give a sign of life, sign in, and see the page live."""
        self.live_on()
        page.goto(self.url)
        page.get_by_label("Username").fill("staff")
        page.get_by_label("Password").fill("staff")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("status").filter(has_text="Live")).to_be_visible(timeout=PATIENCE_MS)
        if hash_:
            page.evaluate("hash => { location.hash = hash }", hash_)

    def live_on(self) -> None:
        """Have all processes say that they are alive: after a minute without a word a page takes them for dead."""
        self.write(msgspec.structs.replace(process, seen_ns=time.time_ns()) for process in self._processes)

    def age_ms(self) -> float:
        """Return how long ago the story ended, below zero, to tell something of the present."""
        return (self.now_ns - time.time_ns()) / MS

    def process(self, id_: str, pid: int, **changes: Any) -> Process:
        """Return a process that still runs."""
        given = {"pid": pid, "id": id_, "started_ns": self.now_ns - 60_000 * MS + pid, "seen_ns": self.now_ns}
        self._processes.append(msgspec.structs.replace(samples.process(), **given | changes))
        return self._processes[-1]

    def thread(self, process: str, serial: int, name: str, **changes: Any) -> Thread:
        """Return a thread of a process."""
        return msgspec.structs.replace(samples.thread(serial, process), name=name, seen_ns=self.now_ns, **changes)

    def request(
        self,
        id_: str,
        ago_ms: float,
        for_ms: float,
        *,
        who: str = "alice",
        process: str = "p1",
        pid: int = 101,
        thread: int = 1,
        name: str | None = None,
        **changes: Any,
    ) -> Request:
        """Return a request that began `ago_ms` before the story's end and took `for_ms`."""
        start_ns = self.now_ns - round(ago_ms * MS)
        return samples.request(
            0,
            thread,
            **{
                "id": id_,
                "process": process,
                "pid": pid,
                "thread_name": name or ("MainThread" if thread == 1 else f"pool_{thread - 2}"),
                "path": f"/{id_}/",
                "route": "<page>/",
                "start_ns": start_ns,
                "duration_ns": round(for_ms * MS),
                "user": User(state="authenticated", id=who, label=who),
                "same_thread": SameThread(),
                "hops": [Hop(0, "start", 7000 + thread, thread)],
            }
            | changes,
        )

    def leak(self, number: int, request: str, **changes: Any) -> Finding:
        """Return a leak in a request."""
        return samples.finding(number, request, **changes)


@contextmanager
def stage(path: Path) -> Iterator[Stage]:
    """Run a dashboard on an empty store until the block ends."""
    place = Place(path)
    try:
        with place.running(*SERVE, says=SAYS) as server:
            yield Stage(place, f"http://{server.address}/reqtrace/")
    finally:
        place.store.close()
