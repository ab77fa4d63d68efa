"""The load: waves of requests by distinct people, which a gate inside the application holds until all are there."""

import http.client
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from demo.lab import gate
from demo.lab.servers import CLIENTS, Running
from demo.lab.truth import Log

PEOPLE = ("alice", "bob", "carol", "dave", "erin", "frank", "", "")
"""One for each client; two of them are anonymous visitors."""
WAVE_SECONDS = 10
"""How long a wave may take to be over."""
GREENLET_SECONDS = 0.1


class Client:
    """One person with a keep-alive connection."""

    def __init__(self, number: int, port: int, *, keeps_alive: bool) -> None:
        """Be the person of that number."""
        self.number = number
        self.name = PEOPLE[number]
        self._headers = {"X-Person": f"{number + 1} {self.name}"} if self.name else {}
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WAVE_SECONDS)
        self._keeps_alive = keeps_alive

    def get(self, path: str) -> int:
        """Ask for a page and return the answer's status; 0 when there was none."""
        try:
            self._connection.request("GET", path, headers=self._headers)
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
    clients = [Client(number, running.port, keeps_alive=keeps_alive) for number in range(CLIENTS)]
    statuses: dict[str, list[int]] = {view: [] for view in views}
    with ThreadPoolExecutor(CLIENTS) as pool:
        _warm_up(running, clients)
        for number in range(count * CLIENTS // running.server.at_once):  # the same number of requests everywhere
            for view, seen in statuses.items():
                seen.extend(_wave(running, log, pool, clients, view, number))
    for client in clients:
        client.close()
    return statuses


def _warm_up(running: Running, clients: list[Client]) -> None:
    """Let the server's clockwork start, with one request at a time."""
    for number in range(6):
        clients[number].get(f"/sync/warm-{number + 1}/")
        time.sleep(0.1)


def _wave(
    running: Running, log: Log, pool: ThreadPoolExecutor, clients: list[Client], view: str, number: int
) -> list[int]:
    of = running.server.at_once
    first = number * of
    chosen = [clients[(first + offset) % CLIENTS] for offset in range(of)]
    # Asynchronous views do not overlap on greenlets: most fail, and without a patch each stops the whole thread.
    patience = GREENLET_SECONDS if running.server.has_greenlets and view == "async" else gate.PATIENCE_SECONDS
    query = f"?of={of}&patience={patience}"
    paths = {client: f"/{view}/{view[0]}{number}-{client.number}/{query}" for client in chosen}
    statuses = list(pool.map(lambda client: client.get(paths[client]), chosen))
    deadline = time.monotonic() + WAVE_SECONDS
    keys = {path.split("/")[2] for client, path in paths.items()}
    while 0 not in statuses and not log.read_on() >= keys and time.monotonic() < deadline:
        time.sleep(0.002)
    time.sleep(0.002)  # the application's log is written just before reqtrace's record is closed
    return statuses
