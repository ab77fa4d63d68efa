"""How reqtrace's cost grows with what it is used on: `python -m benchmarks.growth [--only PART ...]`.

Requests are counted in bytecode instructions, which no clock disturbs, as there come to be more places that code can
write to, more holders, more threads, and more requests in flight. The store is timed with 10,000 to a million requests
kept, and the search in a project of 5,000 modules: off the request path, at its longest, idle, and what it keeps.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
import timeit
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import psutil
from django.utils.module_loading import import_string

from benchmarks import site
from benchmarks.cases.known import CASES, REQTRACE
from benchmarks.counting import REQUESTS, ROOT, WARM_UP, Instructions
from benchmarks.drivers import DRIVERS, Driver
from benchmarks.scenarios import SCENARIOS, STACK_NOBODY

IDLE_SECONDS = 20.0
_APPENDED = 256
"""As many records as the shipper hands over at once."""


@contextmanager
def _stack(modules: int = 0, places: int = 0, holders: int = 0) -> Iterator[tuple[Driver, Instructions]]:
    """Be startproject's stack under reqtrace, with modules of an application, and give who drives and who counts."""
    with tempfile.TemporaryDirectory(prefix="reqtrace-bench-") as directory:
        _write(Path(directory), modules, places, holders)
        names = [f"bench_0.holder_{number}.request" for number in range(holders)]
        scenario, case = SCENARIOS[STACK_NOBODY]._replace(holders=names), import_string(CASES[REQTRACE])()
        instructions = Instructions()
        driver = DRIVERS[scenario.interface](scenario.path, site.set_up(scenario, case, Path(directory)))
        for number in range(modules):
            import_module(f"bench_{number}")
        driver.run(WARM_UP)
        case.settle()
        driver.run(REQUESTS)
        yield driver, instructions
        case.end()


def _recorder() -> Any:
    from reqtrace.capture import lifecycle

    return lifecycle.recorder()


def _ours(driver: Driver, instructions: Instructions) -> str:
    ours = sum(count.instructions for count in instructions.of(driver, REQUESTS) if count.is_ours)
    return f"{ours:,.0f} instructions of reqtrace's per request"


def of_places(places: int) -> None:
    """Count what a request takes that could be put into so many places, and is put into none."""
    with _stack(1, places) as (driver, instructions):
        written = _recorder().written
        assert len(written) == places, (len(written), places)
        look = min(timeit.repeat(written.look, number=1_000, repeat=20)) / 1_000 * 1e9
        print(f"{places:>9,} places: {_ours(driver, instructions)}, {look:.0f} ns for the look")


def of_holders(holders: int) -> None:
    """Count what a request takes while so many thread-locals are watched that name nobody."""
    with _stack(1, holders=holders) as (driver, instructions):
        assert len(_recorder().watch.holders) == holders
        print(f"{holders:>9,} holders: {_ours(driver, instructions)}")


def of_threads(threads: int) -> None:
    """Count what a request takes where so many threads are alive that have served one."""
    with _stack() as (driver, instructions):
        over = threading.Event()
        served = threading.Semaphore(0)

        def serve() -> None:
            driver.run(1)
            served.release()
            over.wait()

        for _ in range(threads - 1):
            threading.Thread(target=serve, daemon=True).start()
            served.acquire()
        print(f"{threads:>9,} threads: {_ours(driver, instructions)}")
        over.set()


def of_in_flight(in_flight: int) -> None:
    """Count what a request takes while so many are in flight, itself among them, all on one thread."""
    from django.test import RequestFactory

    with _stack() as (driver, instructions):
        opened = [_recorder().begin(RequestFactory().get("/waiting/")) for _ in range(in_flight - 1)]
        print(f"{in_flight:>9,} in flight: {_ours(driver, instructions)}")
        for one in opened:
            _recorder().finish(one)


def of_kept(kept: int) -> None:
    """Time what the shipper does with a batch while so many requests are kept: write it, and drop as many."""
    from benchmarks import questions
    from reqtrace.stores import registry

    with tempfile.TemporaryDirectory(prefix="reqtrace-bench-") as directory:
        store = registry.open_store(f"sqlite:///{directory}/reqtrace.sqlite3")
        questions.fill(store, kept)
        store.trim(kept)
        batches = [questions.items(kept + number * _APPENDED, _APPENDED) for number in range(20)]
        appends = [_cpu_ms(store.append, batch) for batch in batches]
        trims = [_cpu_ms(store.trim, kept)]
        for batch in batches[:5]:
            store.append(batch)
            trims.append(_cpu_ms(store.trim, kept))
        store.close()
    print(
        f"{kept:>9,} kept: {sorted(appends)[len(appends) // 2]:.1f} ms of processor for a batch of {_APPENDED}, "
        f"{sorted(trims)[len(trims) // 2]:.1f} ms for the trim behind it"
    )


def of_modules(modules: int) -> None:
    """Measure how a project of so many modules is read and searched, and what that costs once nothing comes."""
    process = psutil.Process()
    with _stack(modules, 2) as (_, _):
        recorder = _recorder()
        facts = recorder.written.facts()
        print(f"{modules:>9,} modules: code read in {facts['code.read_ms']} ms, {facts['code.kib']} KiB kept")
        pauses = []
        began = time.thread_time()
        recorder.discovery.search_anew()
        while True:
            with recorder._searching:  # the shipper's thread searches, too
                start = time.thread_time()
                is_through = recorder.discovery.search()
                pauses.append(time.thread_time() - start)
            if is_through:
                break
        total = time.thread_time() - began
        print(
            f"          all of it looked at in {total * 1e3:.0f} ms of processor, {len(pauses)} slices, "
            f"the longest {max(pauses) * 1e3:.1f} ms"
        )
        time.sleep(IDLE_SECONDS / 2)  # until the last request is long over
        before = process.cpu_times()
        time.sleep(IDLE_SECONDS)
        after = process.cpu_times()
        spent = after.user + after.system - before.user - before.system
        print(f"          idle: {spent / IDLE_SECONDS:.2%} of a processor over {IDLE_SECONDS:.0f} s")


PARTS: Mapping[str, tuple[Callable[[int], None], Sequence[int]]] = {
    "places": (of_places, (0, 10, 100)),
    "holders": (of_holders, (0, 10, 100)),
    "threads": (of_threads, (1, 100, 2_000)),
    "in-flight": (of_in_flight, (1, 10, 100, 1_000)),
    "kept": (of_kept, (10_000, 100_000, 1_000_000)),
    "modules": (of_modules, (5_000,)),
}


def main(arguments: Sequence[str]) -> None:
    """Measure each in a process of its own, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.one:
        PARTS[given.one[0]][0](int(given.one[1]))
        return
    for part in given.only:
        for number in PARTS[part][1]:
            command = [sys.executable, "-m", "benchmarks.growth", "--one", part, str(number)]
            subprocess.run(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=True)


def _cpu_ms(call: Callable[[Any], object], argument: Any) -> float:
    began = time.process_time()
    call(argument)
    return (time.process_time() - began) * 1e3


def _write(folder: Path, modules: int, places: int, holders: int) -> None:
    """Write modules of an application: twenty functions each, some that write to places, and thread-locals."""
    sys.path.insert(0, str(folder))
    plain = "\n".join(
        f"def work_{number}(self, value, *rest):\n    self.value = [value, *rest]\n    return len(self.value)"
        for number in range(20)
    )
    writing = "\n".join(
        f"place_{number} = None\ndef enter_{number}(request):\n    global place_{number}\n"
        f"    place_{number} = request.user"
        for number in range(places)
    )
    keeping = "\n".join(f"holder_{number} = threading.local()" for number in range(holders))
    for number in range(modules):
        (folder / f"bench_{number}.py").write_text(f"import threading\n{plain}\n{writing}\n{keeping}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
