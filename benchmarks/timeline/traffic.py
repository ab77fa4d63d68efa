"""Made-up requests at a steady rate: two processes with eight threads each, two with an event loop."""

import random
import time
from collections.abc import Iterator

from reqtrace.records import Hop, Process, Request, SameThread, Thread, User

THREADS = 8
PEOPLE = 20


class Traffic:
    """One deployment."""

    def __init__(self) -> None:
        self._random = random.Random(1)
        self._made = 0
        self._started_ns = time.time_ns()
        self._kinds = [
            (4101, "gunicorn", "wsgi"),
            (4102, "gunicorn", "wsgi"),
            (4201, "uvicorn", "asgi"),
            (4202, "uvicorn", "asgi"),
        ]

    @property
    def workers(self) -> int:
        """How many processes there are."""
        return len(self._kinds)

    def ending_between(self, worker: int, began_ns: int, ended_ns: int, count: int) -> list[Request]:
        """Make requests of one worker whose ends are spread evenly over a stretch."""
        step_ns = (ended_ns - began_ns) / max(1, count)
        return [self._request(worker, began_ns + round(step_ns * (place + 1))) for place in range(count)]

    def process(self, worker: int) -> Process:
        """Return a process as of now."""
        pid, server, interface = self._kinds[worker]
        return Process(
            id=f"p{pid}",
            host="host",
            pid=pid,
            parent_pid=1,
            started_ns=self._started_ns + pid,
            server=server,
            worker_class="gthread" if interface == "wsgi" else server,
            interface=interface,
            python="",
            django="",
            facts={},
            seen_ns=time.time_ns(),
            requests=self._made,
        )

    def threads(self, worker: int) -> Iterator[Thread]:
        """Go through the threads of one worker as of now."""
        pid, _, interface = self._kinds[worker]
        is_loop = interface == "asgi"
        for serial in range(1, 2 if is_loop else THREADS + 1):
            yield Thread(
                process=f"p{pid}",
                serial=serial,
                thread_id=serial,
                native_id=serial,
                name=_name(serial, is_loop),
                sharing="interleaved" if is_loop else "sequential",
                requests=self._made,
                users=PEOPLE,
                max_in_flight=5 if is_loop else 1,
                seen_ns=time.time_ns(),
            )

    def _request(self, worker: int, ended_ns: int) -> Request:
        self._made += 1
        pid, _, interface = self._kinds[worker]
        is_loop = interface == "asgi"
        serial = 1 if is_loop else 1 + self._made % THREADS
        duration_ns = round(self._random.uniform(1e6, 12e6))
        person = str(self._random.randrange(PEOPLE))
        return Request(
            id=f"{self._started_ns:x}-{self._made}",
            process=f"p{pid}",
            pid=pid,
            thread_id=serial,
            native_thread_id=serial,
            thread_serial=serial,
            thread_name=_name(serial, is_loop),
            greenlet_id=None,
            greenlet_serial=None,
            task_id=None,
            task_serial=None,
            task_name=None,
            loop_id=None,
            protocol="http",
            method="GET",
            path="/orders/",
            route="orders/",
            view="shop.views.orders",
            status=200,
            outcome="ok",
            start_ns=ended_ns - duration_ns,
            duration_ns=duration_ns,
            trace_id=None,
            parent_span_id=None,
            user=User(state="authenticated", id=person, label=f"person {person}"),
            session=None,
            hops=[Hop(0, "start", serial, serial)],
            same_thread=SameThread(before=self._made),
        )


def _name(serial: int, is_loop: bool) -> str:
    return "MainThread" if is_loop else f"ThreadPoolExecutor-0_{serial - 1}"
