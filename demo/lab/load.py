"""The load: waves of requests by distinct people, which a gate inside the application holds until all are there."""

import http.client
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from demo.lab import gate
from demo.lab.servers import CLIENTS, Running
from demo.lab.truth import Log

PEOPLE = ("alice", "bob", "carol", "dave", "erin", "frank", "", "")
"""By their numbers; two of them are anonymous visitors."""
WAVE_SECONDS = 10
"""How long a wave may take to be over."""
GREENLET_SECONDS = 0.1


class Connection:
    """A keep-alive connection, over which one person after another asks, as behind a proxy."""

    def __init__(self, port: int, *, keeps_alive: bool) -> None:
        """Connect when needed."""
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WAVE_SECONDS)
        self._keeps_alive = keeps_alive

    def get(self, path: str, person: int) -> int:
        """Ask for a page and return the answer's status; 0 when there was none."""
        name = PEOPLE[person]
        try:
            self._connection.request("GET", path, headers={"X-Person": f"{person + 1} {name}"} if name else {})
            response = self._connection.getresponse()
            response.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return 0
        if not self._keeps_alive:  # uWSGI hangs up without a word
            self._connection.close()
        return response.status

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


def waves(running: Running, log: Log, views: Iterable[str], count: int) -> dict[str, list[int]]:
    """Send so many waves of all clients to each view, smaller and more ones where fewer fit; return the statuses.

    A wave begins when everything of the one before is over, so that it is plain what is left over and what is not.
    """
    keeps_alive = running.server.keeps_alive
    connections = [Connection(running.port, keeps_alive=keeps_alive) for _ in range(CLIENTS)]
    statuses: dict[str, list[int]] = {view: [] for view in views}
    with ThreadPoolExecutor(CLIENTS) as pool:
        _warm_up(connections)
        for number in range(count * CLIENTS // running.server.at_once):  # the same number of requests everywhere
            for view, seen in statuses.items():
                seen.extend(_wave(running, log, pool, connections, view, number))
    for connection in connections:
        connection.close()
    return statuses


def _warm_up(connections: list[Connection]) -> None:
    """Let the server's clockwork start, with one request at a time."""
    for number in range(6):
        connections[number].get(f"/sync/warm-{number + 1}/", number)
        time.sleep(0.1)


def _wave(
    running: Running, log: Log, pool: ThreadPoolExecutor, connections: list[Connection], view: str, number: int
) -> list[int]:
    of = running.server.at_once
    turn, first = divmod(number * of, CLIENTS)
    chosen = [(first + offset) % CLIENTS for offset in range(of)]
    people = {one: (one + turn) % CLIENTS for one in chosen}  # with each turn everybody moves on by one connection
    # Asynchronous views do not overlap on greenlets: most fail, and without a patch each stops the whole thread.
    patience = GREENLET_SECONDS if running.server.has_greenlets and view == "async" else gate.PATIENCE_SECONDS
    keys = {one: f"{view[0]}{number}-{people[one]}" for one in chosen}
    statuses = list(
        pool.map(
            lambda one: connections[one].get(f"/{view}/{keys[one]}/?of={of}&patience={patience}", people[one]), chosen
        )
    )
    deadline = time.monotonic() + WAVE_SECONDS
    while 0 not in statuses and not log.read_on() >= set(keys.values()) and time.monotonic() < deadline:
        time.sleep(0.002)
    return statuses
