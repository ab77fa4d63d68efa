"""How many requests a second a server answers, bare and with reqtrace: `python -m benchmarks.throughput`.

A server for each case stands ready with one worker, and they take turns of a few seconds: so many connections that are
kept alive send one request after another. Two processes of the same code differ by several percent, by where their
objects came to lie; so all are started anew for every round, and rounds are what is summed up. What the two bare
servers differ by is noise, and two clocks and a deque are the least that can be called tracing.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from benchmarks import report
from benchmarks.cases.known import AGAIN, BARE, CLOCKS, REQTRACE
from benchmarks.pairing import ROOT
from benchmarks.scenarios import ASYNC, PAGE_SOMEBODY, PAGE_UNDER_ASGI_SOMEBODY, SCENARIOS, SYNC

CASES = (BARE, CLOCKS, REQTRACE, AGAIN)
CONNECTIONS = 8
_START_SECONDS = 30


class Server(NamedTuple):
    """A server, and the page that is requested of it."""

    scenario: str
    command: Sequence[str]
    """What follows ``python -m``; the path of a Unix socket is put behind it."""


_GTHREAD = ("gunicorn", "--worker-class=gthread", "--threads=4", "benchmarks.served:wsgi", "--bind=unix:{}")
_UVICORN = ("uvicorn", "--no-access-log", "--log-level=warning", "benchmarks.served:asgi", "--uds={}")
SERVERS: Mapping[str, Server] = {
    **{f"gunicorn gthread: {scenario}": Server(scenario, _GTHREAD) for scenario in (SYNC, PAGE_SOMEBODY)},
    **{f"uvicorn: {scenario}": Server(scenario, _UVICORN) for scenario in (ASYNC, PAGE_UNDER_ASGI_SOMEBODY)},
}


class Load:
    """Requests to one server."""

    def __init__(self, socket: Path, path: str) -> None:
        """Request `path` of the server behind `socket`."""
        self._socket = socket
        headers = socket.with_name("headers").read_bytes()
        self._request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n".encode() + headers + b"\r\n"

    async def rate(self, seconds: float) -> float:
        """Send one request after another on every connection; return how many were answered in a second.

        Raises:
            RuntimeError: when an answer is not 200.

        """
        began = time.perf_counter()
        end = began + seconds
        answered = await asyncio.gather(*(self._send(end) for _ in range(CONNECTIONS)))
        return sum(answered) / (time.perf_counter() - began)

    async def _send(self, end: float) -> int:
        """Send requests on one connection, or on the next where the server ends it, as it may (RFC 9112, 9.3.1)."""
        answered = 0
        while time.perf_counter() < end:
            reader, writer = await asyncio.open_unix_connection(str(self._socket))
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                while time.perf_counter() < end:
                    await self._ask(reader, writer)
                    answered += 1
            writer.close()  # now, since servers end connections on which nothing happens
            with suppress(ConnectionError):
                await writer.wait_closed()
        return answered

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self._request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"The server answered {head.splitlines()[0].decode()}.")
        await _body(reader, head.lower())


async def _body(reader: asyncio.StreamReader, head: bytes) -> None:
    if b"content-length: " in head:
        await reader.readexactly(int(head.partition(b"content-length: ")[2].split(b"\r\n")[0]))
        return
    while (size := int(await reader.readline(), 16)) > 0:  # RFC 9112, section 7.1
        await reader.readexactly(size + 2)
    await reader.readline()


@contextmanager
def started(server: Server, case: str) -> Iterator[Path]:
    """Run a server with one worker for a while; give the path of its socket."""
    with tempfile.TemporaryDirectory(prefix="reqtrace-bench-") as directory:
        socket = Path(directory, "socket")
        process = subprocess.Popen(
            [sys.executable, "-m", *(part.format(socket) for part in server.command)],
            cwd=ROOT,
            env={
                **os.environ,
                "BENCHMARK_SCENARIO": server.scenario,
                "BENCHMARK_CASE": case,
                "BENCHMARK_DIRECTORY": directory,
            },
            stderr=subprocess.DEVNULL,
        )
        try:
            deadline = time.monotonic() + _START_SECONDS
            while not (socket.exists() and socket.with_name("headers").exists()):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{server.command[0]} did not start with {case!r}.")
                time.sleep(0.05)
            yield socket
        finally:
            process.terminate()
            process.wait()


async def measure(server: Server, turns: int, seconds: float) -> Mapping[str, float]:
    """Start a server for every case, and return how many requests a second each has answered."""
    with ExitStack() as stack:
        sockets = {case: stack.enter_context(started(server, case)) for case in CASES}
        loads = {case: Load(socket, SCENARIOS[server.scenario].path) for case, socket in sockets.items()}
        for load in loads.values():
            await load.rate(seconds)  # until caches are full
        rates: dict[str, list[float]] = {case: [] for case in CASES}
        for turn in range(turns):
            first = turn % len(CASES)
            for case in [*CASES[first:], *CASES[:first]]:
                rates[case].append(await loads[case].rate(seconds))
        return {case: statistics.fmean(measured) for case, measured in rates.items()}


def table(name: str, rounds: Sequence[Mapping[str, float]]) -> Iterator[str]:
    """Yield the lines that show one server."""
    yield from ("", f"## {name}", "", "| case | requests per second | of bare |", "| --- | ---: | ---: |")
    for case in CASES:
        shares = [100 * rates[case] / statistics.fmean((rates[BARE], rates[AGAIN])) for rates in rounds]
        error = statistics.stdev(shares) / len(shares) ** 0.5
        rate = statistics.fmean(rates[case] for rates in rounds)
        yield f"| {case} | {rate:,.0f} | {statistics.fmean(shares):.1f}% ± {error:.1f} |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure every server, and print a report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.throughput", description=__doc__)
    parser.add_argument("--rounds", type=int, default=8, help="sets of fresh servers, at least 2 (default %(default)s)")
    parser.add_argument("--turns", type=int, default=2, help="per server and round (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=3.0, help="per turn (default %(default)s)")
    parser.add_argument(
        "--only", nargs="+", choices=SERVERS, default=tuple(SERVERS), metavar="SERVER", help=", ".join(SERVERS)
    )
    given = parser.parse_args(arguments)
    if given.rounds < 2:
        parser.error(f"--rounds {given.rounds}: it takes at least 2 to tell how far they lie apart.")
    print("# What servers answer\n")
    print(", ".join(f"{name} {value}" for name, value in report.machine().items()) + ".")
    print(
        f"One worker, {CONNECTIONS} connections; mean and standard error of {given.rounds} rounds with fresh "
        f"processes, {given.turns} turns of {given.seconds:g} s each; bare is the mean of both bare servers."
    )
    for name in given.only:
        rounds = []
        for number in range(1, given.rounds + 1):
            rounds.append(asyncio.run(measure(SERVERS[name], given.turns, given.seconds)))
            print(f"{name}: round {number} of {given.rounds}", file=sys.stderr)
        print("\n".join(table(name, rounds)), flush=True)


if __name__ == "__main__":
    main()
