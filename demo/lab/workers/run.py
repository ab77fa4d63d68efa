"""The whole lab of workers: every queue with the same jobs, one after another."""

import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from demo.children import Child, Died
from demo.lab.holders import HOLDERS
from demo.lab.report import Missing, versions
from demo.lab.servers import ROOT, environment_of, free_port
from demo.lab.truth import Log
from demo.lab.workers.compare import outcome
from demo.lab.workers.project import NAMES
from demo.lab.workers.report import WorkerRun, WorkersReport
from demo.lab.workers.workers import Worker
from reqtrace.reading.reader import Reader
from reqtrace.stores.sqlite import SqliteStore

JOBS = 100
_SECONDS = 90
"""How long a worker may take for all of them."""
_PACKAGES = ("django", "celery", "gevent", "rq", "dramatiq", "django-tasks", "django-tasks-db", "redis")


def survey(
    workers: Iterable[Worker], *, jobs: int, say: Callable[[str], None], keep: Callable[[WorkersReport], None]
) -> WorkersReport:
    """Measure these workers; `say` how it goes, and `keep` what is known so far."""
    began = time.monotonic()
    report = WorkersReport(versions(_PACKAGES), {name: HOLDERS[name].title for name in NAMES}, time.time_ns())
    for worker in workers:
        if worker.missing is not None:
            report.missing.append(Missing(worker.name, worker.missing))
            continue
        say(f"[{time.monotonic() - began:.0f} s] {worker.name}")
        report.runs.append(measure(worker, jobs))
        keep(report)
    report.seconds = round(time.monotonic() - began, 1)
    keep(report)
    return report


def measure(worker: Worker, jobs: int) -> WorkerRun:
    """Put that many jobs into a queue, let a worker do them, and compare."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="reqtrace-lab-") as name, _redis(worker, Path(name)) as address:
        directory = Path(name)
        environment = {
            **environment_of("demo.lab.workers.project", directory),
            "LAB_TRUTH": str(directory / "truth.ndjson"),
            "LAB_REDIS": address,
            "LAB_DATABASE": str(directory / "lab.sqlite3"),
            "LAB_TASKS": str(int(not worker.needs_redis)),
        }
        if not worker.needs_redis:
            _do([sys.executable, str(ROOT / "manage.py"), "migrate", "-v", "0"], environment)
        _do([sys.executable, "-m", "demo.lab.workers.sending", worker.queue, str(jobs)], environment)
        child = Child(worker.name, shlex.split(worker.command.format(redis=address)), directory, environment)
        log = Log(directory / "truth.ndjson")
        child.start()
        try:
            deadline = time.monotonic() + _SECONDS
            while len(log.read_on()) < jobs:
                child.require_alive()
                if time.monotonic() > deadline:
                    raise Died(f"{worker.name} did {len(log.lines)} of {jobs} jobs; its log ends:\n{child.tail()}")
                time.sleep(0.05)
            time.sleep(1)  # the last ones are on their way
        finally:
            child.stop()
        with closing(SqliteStore(environment["REQTRACE_STORE"])) as store:
            reader = Reader(store)
            for process in reader.processes():
                if process.last_fault:
                    raise Died(f"{worker.name}: reqtrace met {process.faults} faults: {process.last_fault}")
            return outcome(worker, log.lines, reader, time.monotonic() - began)


@contextmanager
def _redis(worker: Worker, directory: Path) -> Iterator[str]:
    """Run a broker that keeps nothing, where the worker needs one; yield its address."""
    if not worker.needs_redis:
        yield ""
        return
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(directory)]
    server = Child("redis", command, directory)
    server.start()
    try:
        deadline = time.monotonic() + _SECONDS
        while b"PONG" not in _ping(port):
            server.require_alive()
            if time.monotonic() > deadline:
                raise Died(f"Redis does not answer; its log ends:\n{server.tail()}")
            time.sleep(0.05)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.stop()


def _ping(port: int) -> bytes:
    done = subprocess.run(["redis-cli", "-p", str(port), "ping"], capture_output=True, check=False)
    return done.stdout


def _do(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Died(f"{shlex.join(command)} ended with exit code {done.returncode}:\n{done.stderr}")
