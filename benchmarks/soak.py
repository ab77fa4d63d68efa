"""A server under even load for a long time: memory that does not grow, and no request unaccounted for.

``python -m benchmarks.soak --minutes 30 --rate 500``; ends with 1 where something is amiss.
"""

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from http.client import HTTPConnection
from pathlib import Path

import psutil

from reqtrace.reading.reader import Reader
from reqtrace.stores.sqlite import SqliteStore

ROOT = Path(__file__).resolve().parent.parent
CLIENTS = 8
GROWTH_MIB = 24
"""How much a worker may grow after the first tenth of the time."""
SLACK = 1.1
"""How much more than ``RETAIN`` may be kept."""


class Load:
    """Clients that together send so many requests a second, for so long."""

    def __init__(self, port: int, rate: float, seconds: float) -> None:
        """Get ready to."""
        self.sent = 0
        self.late = 0
        self._port, self._rate, self._seconds = port, rate, seconds
        self._lock = threading.Lock()

    def run(self) -> None:
        """Send them."""
        clients = [threading.Thread(target=self._client, args=(number,)) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()

    def _client(self, number: int) -> None:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=30)
        every = CLIENTS / self._rate
        began = time.monotonic()
        due = began + number * every / CLIENTS
        sent = late = 0
        while due < began + self._seconds:
            wait = due - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            late += wait < -1
            connection.request("GET", "/plain/")
            connection.getresponse().read()
            sent, due = sent + 1, due + every
        connection.close()
        with self._lock:
            self.sent, self.late = self.sent + sent, self.late + late


def soak(minutes: float, rate: float, retain: int) -> bool:
    """Run it and print what came of it; return whether all is well."""
    with tempfile.TemporaryDirectory(prefix="reqtrace-soak-") as directory, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        url = f"sqlite:///{directory}/traces.sqlite3"
        environment = {
            "DJANGO_SETTINGS_MODULE": "tests.servers.settings",
            "REQTRACE_STORE": url,
            "REQTRACE_RETAIN": str(retain),
            "TEST_DATABASE": f"{directory}/db.sqlite3",
        }
        command = [f"{Path(sys.executable).parent}/gunicorn", "-b", f"127.0.0.1:{port}", "-w", "2", "-k", "gthread"]
        server = subprocess.Popen(
            [*command, "--threads", "4", "--keep-alive", "60", "tests.wsgi:application"],
            cwd=ROOT,
            env=os.environ | environment,
        )
        try:
            _wait_for(port)
            load = Load(port, rate, minutes * 60)
            sizes: list[int] = []
            over = threading.Event()
            watcher = threading.Thread(target=_watch, args=(server.pid, sizes, over, max(1.0, minutes * 60 / 200)))
            watcher.start()
            load.run()
            over.set()
            watcher.join()
        finally:
            server.terminate()
            server.wait(30)
        return _report(url, load, sizes, retain)


def _report(url: str, load: Load, sizes: list[int], retain: int) -> bool:
    store = SqliteStore(url)
    reader = Reader(store)
    processes = list(reader.processes())
    kept = sum(1 for _ in reader.requests())
    store.close()
    requests, dropped = sum(each.requests for each in processes), sum(each.dropped for each in processes)
    growth = (max(sizes[len(sizes) // 2 :]) - max(sizes[: len(sizes) // 10 + 1])) / 2**20 if sizes else 0.0
    faults = {each.last_fault for each in processes if each.faults}
    print(f"sent {load.sent:,} requests, {load.late:,} of them more than a second late")
    print(f"recorded {requests:,}, dropped {dropped:,}, kept {kept:,} (RETAIN {retain:,}); faults: {faults or 'none'}")
    print(f"the workers together grew by {growth:.1f} MiB between the first tenth and the second half")
    wrong = [
        text
        for text, is_wrong in (
            ("requests are missing", not load.sent <= requests <= load.sent + 100),  # those that awaited the start
            ("requests were dropped", dropped > 0),
            ("RETAIN does not hold", kept > retain * SLACK),
            ("memory grows", growth > 2 * GROWTH_MIB),
            ("there were faults", bool(faults)),
        )
        if is_wrong
    ]
    print("amiss: " + ", ".join(wrong) if wrong else "all is well")
    return not wrong


def _watch(pid: int, sizes: list[int], over: threading.Event, every: float) -> None:
    while not over.wait(every):
        sizes.append(sum(child.memory_info().rss for child in psutil.Process(pid).children()))


def _wait_for(port: int) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return


def main() -> None:
    """Take the time, the rate and ``RETAIN`` from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=float, default=500, help="requests a second")
    parser.add_argument("--retain", type=int, default=20_000)
    given = parser.parse_args()
    sys.exit(0 if soak(given.minutes, given.rate, given.retain) else 1)


if __name__ == "__main__":
    main()
