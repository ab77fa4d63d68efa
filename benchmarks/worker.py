"""The process in which one case is measured: an `Order` per line on standard input, a `Turn` per line on the output."""

import gc
import os
import statistics
import sys
import time
from pathlib import Path

import msgspec
import psutil
from django.utils.module_loading import import_string

from benchmarks import site
from benchmarks.cases.base import Case
from benchmarks.cases.known import CASES
from benchmarks.drivers import DRIVERS, Driver
from benchmarks.scenarios import SCENARIOS


class Order(msgspec.Struct, frozen=True):
    """What to do in one turn."""

    requests: int
    drain: bool = False
    """Whether to ship everything within the turn."""


class Turn(msgspec.Struct, frozen=True):
    """What came of an order."""

    walls_ns: list[float]
    """Wall time of every request: all count, those that the shipper or a collection delayed, too."""
    cpu_ns: float
    """CPU time of all threads per request; with everything shipped if the order said so."""
    rss: int
    """Resident memory afterwards, in bytes."""

    @property
    def wall_ns(self) -> float:
        """The median of them."""
        return statistics.median(self.walls_ns)


class Ending(msgspec.Struct, frozen=True):
    """The last line, when there are no more orders."""

    shipped: int | None
    """How many requests were shipped in all; None where nothing ships."""


def pin() -> None:
    """Bind this process to one core, the same for all, where the operating system can do that."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def take_turn(driver: Driver, case: Case, order: Order) -> Turn:
    """Send requests, let the case ship what it has if asked to, and say what that took."""
    gc.collect()
    cpu_began = time.process_time_ns()
    walls = driver.run(order.requests)
    if order.drain:
        case.drain()
    cpu_ns = time.process_time_ns() - cpu_began
    return Turn(
        walls_ns=walls,
        cpu_ns=cpu_ns / order.requests,
        rss=psutil.Process().memory_info().rss,
    )


def main(scenario_name: str, case_name: str, directory: str) -> None:
    """Obey orders until there are none, then tell what was shipped."""
    pin()
    scenario = SCENARIOS[scenario_name]
    case: Case = import_string(CASES[case_name])()
    headers = site.set_up(scenario, case, Path(directory))
    driver = DRIVERS[scenario.interface](scenario.path, headers)
    for line in sys.stdin:
        _say(take_turn(driver, case, msgspec.json.decode(line, type=Order)))
    _say(Ending(case.end()))


def _say(answer: Turn | Ending) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
