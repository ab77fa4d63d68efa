"""Counts the bytecode instructions that a request takes, by file and function: a figure without a clock.

Run as a process of its own for one case of one scenario; `counted` starts it.
"""

import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import msgspec
from django.utils.module_loading import import_string

from benchmarks import site
from benchmarks.cases.base import Case
from benchmarks.cases.known import CASES
from benchmarks.drivers import DRIVERS, Driver
from benchmarks.pairing import ROOT, own_environment
from benchmarks.scenarios import SCENARIOS

WARM_UP = 200
_BY_CLOCK = ("Shipper._attend", "Shipper._rouse")
"""What a request does for the shipper's thread where that has slept: some do, by the clock, and the others do not."""
_OF_THREADS = (
    "threading.py",
    "/concurrent/futures/",
    "selectors.py",
    "/asyncio/base_events.py",
    "contextlib.py",
    "weakref.py",
    "tempfile.py",
)
"""Whose instructions depend on which thread comes first, and on when the garbage collector comes by."""
REQUESTS = 32
"""How many are counted: a multiple of what reqtrace does for every sixteenth alone."""


class Count(msgspec.Struct, frozen=True):
    """What one function took of a request."""

    file: str
    function: str
    instructions: float
    calls: float

    def over(self, base: "Count") -> "Count":
        """Return what the same function took more than `base`."""
        return Count(self.file, self.function, self.instructions - base.instructions, self.calls - base.calls)

    @property
    def is_ours(self) -> bool:
        """Whether it is reqtrace's."""
        return Path(self.file).is_relative_to(ROOT / "reqtrace")

    @property
    def is_left_out(self) -> bool:
        """Whether it belongs to the measured project, or is another number each time it is counted."""
        is_by_chance = self.function in _BY_CLOCK or any(part in self.file for part in _OF_THREADS)
        return is_by_chance or Path(self.file).is_relative_to(ROOT / "benchmarks")


class Instructions:
    """Counts on all threads that Python starts from now on, and on this one; the shipper's is not among them."""

    def __init__(self) -> None:
        self._is_on = False
        self._counters: list[tuple[Counter[CodeType], Counter[CodeType]]] = []
        self._local = threading.local()
        threading.settrace(self._called)

    def of(self, driver: Driver, requests: int) -> list[Count]:
        """Return what a request takes, on the average of some."""
        self._is_on = True
        sys.settrace(self._called)
        try:
            driver.run(requests)
        finally:
            sys.settrace(None)
            self._is_on = False
        executed: Counter[CodeType] = Counter()
        calls: Counter[CodeType] = Counter()
        for executed_there, calls_there in self._counters:
            executed.update(executed_there)
            calls.update(calls_there)
        counts: dict[tuple[str, str], tuple[float, float]] = {}
        for code, number in executed.items():  # several may bear one name: those of closures' classes, say
            key = code.co_filename, code.co_qualname
            instructions, called = counts.get(key, (0.0, 0.0))
            counts[key] = instructions + number / requests, called + calls[code] / requests
        return [Count(*key, *found) for key, found in counts.items()]

    def _called(self, frame: FrameType, event: str, argument: Any) -> Callable[..., Any] | None:
        if not self._is_on:
            return None
        try:
            executed, calls = self._local.counters
        except AttributeError:  # one for each thread: two that add to the same number lose one
            executed, calls = self._local.counters = Counter(), Counter()
            self._counters.append(self._local.counters)
        frame.f_trace_lines, frame.f_trace_opcodes = False, True
        code = frame.f_code
        calls[code] += 1

        def stepped(frame: FrameType, event: str, argument: Any) -> Any:
            if event == "opcode":
                executed[code] += 1
            return stepped

        return stepped


def counted(scenario: str, case: str) -> list[Count]:
    """Count in a fresh process."""
    with tempfile.TemporaryDirectory(prefix="reqtrace-bench-") as directory:
        command = [sys.executable, "-m", "benchmarks.counting", scenario, case, directory]
        done = subprocess.run(command, cwd=ROOT, env=own_environment(seed=0), stdout=subprocess.PIPE, check=True)
    return msgspec.json.decode(done.stdout, type=list[Count])


def added(counts: list[Count], over: list[Count]) -> list[Count]:
    """Return what a case adds over another, the dearest first: by functions of reqtrace, and by those of others."""
    before = {(count.file, count.function): count for count in over}
    found = []
    for count in counts:
        if count.is_left_out:
            continue
        base = before.pop((count.file, count.function), None)
        found.append(count if base is None else count.over(base))
    left_out = [base.over(base).over(base) for base in before.values() if not base.is_left_out]
    return sorted((count for count in (*found, *left_out) if count.instructions), key=lambda count: -count.instructions)


def main(scenario_name: str, case_name: str, directory: str) -> None:
    """Count, and print what came of it."""
    scenario = SCENARIOS[scenario_name]
    case: Case = import_string(CASES[case_name])()
    instructions = Instructions()
    driver = DRIVERS[scenario.interface](scenario.path, site.set_up(scenario, case, Path(directory)))
    driver.run(WARM_UP)
    case.settle()
    driver.run(REQUESTS)
    sys.stdout.buffer.write(msgspec.json.encode(instructions.of(driver, REQUESTS)))
    sys.stdout.flush()
    case.end()


if __name__ == "__main__":
    main(*sys.argv[1:])
