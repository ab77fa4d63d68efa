"""A trace with all that is hard to draw, and what a reader must find in it."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from reqtrace.records import Finding, Hop, Process, Request, Thread, User, Writer
from tests.factories import ALICE, BOB, START_NS, finding, process, request, thread

PEOPLE = [ALICE, BOB, User("authenticated", "3", "çelik \N{GRINNING FACE}"), User("anonymous"), User()]


class Crowd:
    """Requests of two processes that overlap, touch, move between threads and last no time at all."""

    exported_at = datetime(2026, 1, 31, 12, 0, 5, tzinfo=UTC)
    gone: Sequence[Finding] = (finding("p1-gone", 10**6, message="What was found about p1-gone."),)
    """Findings whose request is not in the trace."""

    def __init__(self, length: int = 200) -> None:
        """Make that many requests."""
        self.made = sorted((self._request(number) for number in range(length)), key=lambda one: one.id)
        self.found = [
            finding(
                one.id,
                number,
                at_ns=one.duration_ns + 7 if number % 40 == 20 else one.duration_ns // 2,
                writer=Writer(self.made[number - 1].id, 1),
                message=f"While {one.id} ran, a holder named another.",
            )
            for number, one in enumerate(self.made)
            if number % 20 == 0 and number
        ]

    def processes(self) -> Iterable[Process]:
        """Return two with the same pid, as in containers."""
        return [process("p1"), process("p2", host="web-2", server="uvicorn", worker_class="uvicorn", interface="asgi")]

    def threads(self) -> Iterable[Thread]:
        """Return two for each."""
        return [thread(serial, process=id_) for id_ in ("p1", "p2") for serial in (1, 2)]

    def requests(self) -> Iterator[Request]:
        """Yield them in no good order."""
        yield from self.made[::2]
        yield from self.made[1::2]

    def findings(self) -> Iterator[Finding]:
        """Yield all findings."""
        yield from self.found
        yield from self.gone

    @property
    def hops(self) -> int:
        """How many hops say more than their request."""
        return sum(len(one.hops) - 1 if one.hops[0].thread_serial == one.thread_serial else 2 for one in self.made)

    @property
    def flows(self) -> int:
        """How many readings have a writer that began before them."""
        start = {one.id: one.start_ns for one in self.made}
        return sum(start[one.writer.request] <= start[one.request] + one.at_ns for one in self.found if one.writer)

    def _request(self, number: int) -> Request:
        serial, id_ = 1 + number % 2, f"p{1 + number // 2 % 2}"
        duration_ns = 0 if number % 11 == 0 else 1_000_003 * (number % 7)
        start = Hop(0, "start", 140_000_000_000_001, 1)
        moved = Hop(min(duration_ns, 999), "view", 140_000_000_000_000 + serial, serial)
        return request(
            number,
            id=f"{id_}-{number:08x}",
            process=id_,
            path=f"/orders/{number % 5}/é\N{GRINNING FACE}/",
            user=PEOPLE[number % 5],
            thread_serial=serial,
            thread_name="MainThread" if serial == 1 else "ThreadPoolExecutor-0_2",
            start_ns=START_NS + number * 1_000_003 - number % 3,
            duration_ns=duration_ns,
            hops=[start, moved] if serial == 2 or number % 5 == 0 else [start],
            status=None if number == 3 else 200,
            outcome="open" if number == 3 else "ok",
        )
