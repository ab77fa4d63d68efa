"""What places that code can write to cost: `python -m benchmarks.places`.

Of each request, with 0, 10 and 100 of them, in bytecode instructions and in nanoseconds of the one look; and of a
project of 5,000 modules, in time as its middleware is loaded, in time off the request path, and in memory.
"""

import os
import subprocess
import sys
import tempfile
import timeit
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from time import process_time, thread_time_ns

from django.utils.module_loading import import_string

from benchmarks import site
from benchmarks.cases.known import CASES, REQTRACE
from benchmarks.counting import REQUESTS, ROOT, WARM_UP, Instructions
from benchmarks.drivers import DRIVERS
from benchmarks.scenarios import SCENARIOS, STACK_NOBODY

PLACES = (0, 10, 100)
MODULES = 5_000


def main(arguments: Sequence[str]) -> None:
    """Measure each in a process of its own, and print what came of it."""
    if arguments:
        {"request": of_request, "start": of_start}[arguments[0]](int(arguments[1]))
        return
    for kind, number in (*(("request", number) for number in PLACES), ("start", MODULES)):
        command = [sys.executable, "-m", "benchmarks.places", kind, str(number)]
        subprocess.run(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=True)


def of_request(places: int) -> None:
    """Count what a request takes that could be put into so many places, and is put into none."""
    with tempfile.TemporaryDirectory(prefix="reqtrace-bench-") as directory:
        _write(Path(directory), 1, places)
        scenario, case = SCENARIOS[STACK_NOBODY], import_string(CASES[REQTRACE])()
        instructions = Instructions()
        driver = DRIVERS[scenario.interface](scenario.path, site.set_up(scenario, case, Path(directory)))
        import_module("bench_0")
        driver.run(WARM_UP)
        case.settle()
        driver.run(REQUESTS)
        from reqtrace.capture import lifecycle

        written = lifecycle.recorder().written
        assert len(written) == places, (len(written), places)
        ours = sum(count.instructions for count in instructions.of(driver, REQUESTS) if count.is_ours)
        look = min(timeit.repeat(written.look, number=1_000, repeat=20)) / 1_000 * 1e9
        print(f"{places:>5} places: {ours:.0f} instructions of reqtrace's per request, {look:.0f} ns for the look")
        case.end()


def of_start(modules: int) -> None:
    """Measure how a project of so many modules is read."""
    from django.conf import settings

    settings.configure(INSTALLED_APPS=[], MIDDLEWARE=[])
    import django

    django.setup()
    import psutil

    from reqtrace.watching.written import AT_START_NS, WrittenPlaces, loaded_code

    with tempfile.TemporaryDirectory(prefix="reqtrace-bench-") as directory:
        _write(Path(directory), modules, 2)
        began = process_time()
        for number in range(modules):
            import_module(f"bench_{number}")
        loading = process_time() - began
        before = psutil.Process().memory_info().rss
        written = WrittenPlaces(loaded_code(), lambda holder: None)
        began_ns = thread_time_ns()
        written.search(AT_START_NS)
        at_start = (thread_time_ns() - began_ns) / 1e6
        while not written.search(2_000_000):
            pass
        grown = (psutil.Process().memory_info().rss - before) / 2**20
        print(f"{modules} modules: loaded in {loading:.1f} s, {at_start:.0f} ms of it later for reading at the start;")
        print(f"      read off the request path in {written.facts()['code.read_ms']} ms, {grown:.1f} MiB")


def _write(folder: Path, modules: int, places: int) -> None:
    """Write modules of an application: twenty functions each, and some that write to places."""
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
    for number in range(modules):
        (folder / f"bench_{number}.py").write_text(f"{plain}\n{writing}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
