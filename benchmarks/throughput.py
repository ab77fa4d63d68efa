"""How many requests a second a server answers, bare and with reqtrace: `python -m benchmarks.throughput`.

A server for each case stands ready with one worker, and they take turns of a second: so many connections that are kept
alive send one request after another. Neighbouring turns are compared; the second bare server shows what is noise, and
two clocks and a deque what the least costs that can be called tracing.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks import report
from benchmarks.cases.known import AGAIN, BARE, CLOCKS, REQTRACE
from benchmarks.figures import Figure
from benchmarks.pairing import ROOT
from benchmarks.scenarios import ASYNC, PAGE, PAGE_UNDER_ASGI, SCENARIOS, SYNC

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
    f"gunicorn gthread: {SYNC}": Server(SYNC, _GTHREAD),
    f"gunicorn gthread: {PAGE}": Server(PAGE, _GTHREAD),
    f"uvicorn: {ASYNC}": Server(ASYNC, _UVICORN),
    f"uvicorn: {PAGE_UNDER_ASGI}": Server(PAGE_UNDER_ASGI, _UVICORN),
}


class Load:
    """Requests to one server."""

    def __init__(self, socket: Path, path: str) -> None:
        """Request `path` of the server behind `socket`."""
        self._socket = socket
        cookie = socket.with_name("cookie").read_text()
        self._request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n".encode()

    async def rate(self, seconds: float) -> float:
        """Send one request after another on every connection; return how many were answered in a second.

        Raises:
            RuntimeError: when an answer is not 200.

        """
        connections = [await asyncio.open_unix_connection(str(self._socket)) for _ in range(CONNECTIONS)]
        began = time.perf_counter()
        end = began + seconds
        answered = await asyncio.gather(*(self._send(*streams, end) for streams in connections))
        elapsed = time.perf_counter() - began
        for _, writer in connections:  # now, since servers end connections on which nothing happens
            writer.close()
            await writer.wait_closed()
        return sum(answered) / elapsed

    async def _send(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, end: float) -> int:
        answered = 0
        while time.perf_counter() < end:
            writer.write(self._request)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"The server answered {head.splitlines()[0].decode()}.")
            await _body(reader, head.lower())
            answered += 1
        return answered


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
            while not (socket.exists() and socket.with_name("cookie").exists()):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{server.command[0]} did not start with {case!r}.")
                time.sleep(0.05)
            yield socket
        finally:
            process.terminate()
            process.wait()


async def measure(server: Server, turns: int, seconds: float) -> Mapping[str, Sequence[float]]:
    """Return the rates of every case, turn by turn; those of one index stood next to each other in time."""
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
        return rates


def table(name: str, rates: Mapping[str, Sequence[float]]) -> Iterator[str]:
    """Yield the lines that show one server."""
    yield from ("", f"## {name}", "", "| case | requests per second | of bare |", "| --- | ---: | ---: |")
    for case, measured in rates.items():
        shares = [100 * rate / bare for rate, bare in zip(measured, rates[BARE], strict=True)]
        yield f"| {case} | {Figure.of([measured]).median:,.0f} | {Figure.of([shares]).median:.1f}% |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure every server, and print a report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.throughput", description=__doc__)
    parser.add_argument("--turns", type=int, default=15, help="per server and case (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=1.0, help="per turn (default %(default)s)")
    given = parser.parse_args(arguments)
    print("# What servers answer\n")
    print(", ".join(f"{name} {value}" for name, value in report.machine().items()) + ".")
    print(f"One worker, {CONNECTIONS} connections; medians of {given.turns} turns, and of neighbouring turns' shares.")
    for name, server in SERVERS.items():
        print("\n".join(table(name, asyncio.run(measure(server, given.turns, given.seconds)))), flush=True)


if __name__ == "__main__":
    main()
