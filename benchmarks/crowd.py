"""Two thousand threads at once, each in a view that waits: how late they are answered, with reqtrace and without.

``python -m benchmarks.crowd [--threads N] [--turns N] [--seconds S]``
"""

import argparse
import copy
import json
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

from django.utils.module_loading import import_string

from benchmarks import site
from benchmarks.cases.known import AGAIN, BARE, CASES, REQTRACE
from benchmarks.drivers import WsgiDriver
from benchmarks.pairing import ROOT, own_environment
from benchmarks.scenarios import SCENARIOS, STACK_NOBODY

_PAUSE_SECONDS = 2.0
"""How long a view waits on average, and so does each visitor in front of the next request."""
_COMPARED = (BARE, REQTRACE, AGAIN)
_SHARES = (0.5, 0.99, 0.999)


class Crowd:
    """Threads that send a request each, time after time, while a turn is on."""

    def __init__(self, driver: WsgiDriver, threads: int) -> None:
        """Start them; they wait for their turn."""
        self._late_ns: list[float] = []
        self._is_on = threading.Event()
        self._until = 0.0
        self._idle = threading.Semaphore(0)
        self._threads = threads
        threading.stack_size(256 * 1024)
        for number in range(threads):
            threading.Thread(target=self._visit, args=(copy.copy(driver), number), daemon=True).start()

    def turn(self, seconds: float) -> list[float]:
        """Let them; return by how many milliseconds each answer came later than its view had to wait."""
        self._late_ns = []
        self._until = time.monotonic() + seconds
        self._is_on.set()
        time.sleep(seconds)
        self._is_on.clear()
        for _ in range(self._threads):
            self._idle.acquire()
        return sorted(late / 1e6 for late in self._late_ns)

    def _visit(self, driver: WsgiDriver, number: int) -> None:
        choose = random.Random(number).uniform
        while True:
            self._is_on.wait()
            while time.monotonic() < self._until:
                site.waits.seconds = choose(0, 2 * _PAUSE_SECONDS)
                [elapsed_ns] = driver.run(1)
                self._late_ns.append(elapsed_ns - site.waits.seconds * 1e9)
                time.sleep(choose(0, 2 * _PAUSE_SECONDS))
            self._idle.release()
            while self._is_on.is_set():
                time.sleep(0.05)


def serve(case_name: str, directory: str, threads: int) -> None:
    """Be the process of one case: a turn for each line, its delays as one line of JSON."""
    case = import_string(CASES[case_name])()
    scenario = SCENARIOS[STACK_NOBODY]._replace(path="/waiting/")
    site.set_up(scenario, case, Path(directory))
    driver = WsgiDriver(scenario.path, {})
    site.waits.seconds = 0.0
    driver.run(200)
    case.settle()
    crowd = Crowd(driver, threads)
    for line in sys.stdin:
        print(json.dumps(crowd.turn(float(line))), flush=True)


def main() -> None:
    """Compare, turn by turn."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2_000)
    parser.add_argument("--turns", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--case", help=argparse.SUPPRESS)
    parser.add_argument("--directory", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case:
        serve(options.case, options.directory, options.threads)
        return
    late: dict[str, list[list[float]]] = {name: [] for name in _COMPARED}
    with ExitStack() as stack:
        processes = {}
        for name in _COMPARED:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="reqtrace-crowd-"))
            command = [sys.executable, "-m", "benchmarks.crowd", "--case", name, "--directory", folder]
            processes[name] = subprocess.Popen(
                [*command, "--threads", str(options.threads)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                cwd=ROOT,
                env=own_environment(1),
            )
            stack.callback(processes[name].kill)
        for turn in range(options.turns + 1):
            for name in _COMPARED[turn % 3 :] + _COMPARED[: turn % 3]:
                taken = _take_turn(processes[name], options.seconds)
                if turn:  # the first is for warming up
                    late[name].append(taken)
    _report(late)


def _take_turn(process: "subprocess.Popen[str]", seconds: float) -> list[float]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{seconds}\n")
    process.stdin.flush()
    taken: list[float] = json.loads(process.stdout.readline())
    return taken


def _report(late: dict[str, list[list[float]]]) -> None:
    print("| milliseconds later than the view had to wait | requests | 50% | 99% | 99.9% |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, turns in late.items():
        figures = (statistics.median(_within(turn, share) for turn in turns) for share in _SHARES)
        print(f"| {name} | {sum(map(len, turns)):,} | " + " | ".join(f"{figure:.1f}" for figure in figures) + " |")
    for name in (REQTRACE, AGAIN):
        pairs = list(zip(late[name], late[BARE], strict=True))
        figures = (statistics.median(_within(a, share) - _within(b, share) for a, b in pairs) for share in _SHARES)
        print(
            f"| {name}, more than the turn of bare beside it | | " + " | ".join(f"{one:+.1f}" for one in figures) + " |"
        )


def _within(late: list[float], share: float) -> float:
    return late[min(len(late) - 1, int(len(late) * share))]


if __name__ == "__main__":
    main()
