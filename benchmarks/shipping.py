"""How many requests a second one process can record and ship into its SQLite file, none lost."""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec
from django.test import RequestFactory
from django.urls import resolve

from benchmarks import site
from benchmarks.cases.reqtrace import Reqtrace
from benchmarks.pairing import ROOT
from benchmarks.scenarios import SCENARIOS, SYNC
from benchmarks.worker import pin
from reqtrace.capture import lifecycle

REQUESTS = 50_000
_BLOCK = 2_000
"""Requests between two shipments: a tenth of a second's worth at the rate of the budget."""


class Shipped(msgspec.Struct, frozen=True):
    """What one process managed."""

    per_second: float
    lost: int


def measure(requests: int, rounds: int) -> Shipped:
    """Return the median over fresh processes, and what all of them lost."""
    found = [_in_fresh_process(requests) for _ in range(rounds)]
    return Shipped(statistics.median(each.per_second for each in found), sum(each.lost for each in found))


def _in_fresh_process(requests: int) -> Shipped:
    with tempfile.TemporaryDirectory(prefix="reqtrace-bench-") as directory:
        command = [sys.executable, "-m", "benchmarks.shipping", directory, str(requests)]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return msgspec.json.decode(done.stdout, type=Shipped)


def ship(requests: int) -> Shipped:
    """Record requests as fast as they can be shipped, through the very recorder that the middleware uses."""
    recorder = lifecycle.recorder()
    request: Any = RequestFactory().get("/sync/")
    request.resolver_match = resolve(request.path)
    began = time.perf_counter()
    for number in range(1, requests + 1):
        opened = recorder.begin(request)
        assert opened is not None
        opened.status = 200
        recorder.finish(opened)
        if number % _BLOCK == 0:
            recorder.shipper.ship()
    recorder.shipper.ship()
    elapsed = time.perf_counter() - began
    return Shipped(requests / elapsed, requests - Reqtrace().end())


def main(directory: str, requests: str) -> None:
    """Ship into a store of its own, and print what came of it."""
    pin()
    site.set_up(SCENARIOS[SYNC], Reqtrace(), Path(directory))
    sys.stdout.buffer.write(msgspec.json.encode(ship(int(requests))))


if __name__ == "__main__":
    main(*sys.argv[1:])
