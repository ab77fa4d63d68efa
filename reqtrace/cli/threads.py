"""``reqtrace threads``: the answer for this deployment, process by process."""

import time
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from reqtrace.cli import base
from reqtrace.cli.findings import summary
from reqtrace.execution.process import WORKER
from reqtrace.printable import printable
from reqtrace.reading import queries
from reqtrace.reading.groups import groups
from reqtrace.records import Process, Thread

_MANY = 4
"""From so many threads of one request each on, they are one line."""
_ROW = "  {:>6}  {:<28} {:>10}  {:<11} {:>10} {:>7} {:>8}"


class ThreadsOf(msgspec.Struct):
    """A process with its threads, and what follows for whoever keeps identity on a thread."""

    process: Process
    answer: str
    threads: list[Thread]


class Command(base.Subcommand):
    """Shows each process and thread with its sharing."""

    help = "Say for each process whether its requests share threads, and what that means; and how much was found."
    examples = "threads\nthreads --json"

    @classmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        """Declare the form."""
        parser.add_argument("--json", action="store_true", help="a JSON array of processes, answers and threads")
        parser.add_argument("--synthetic", default="", help=queries.PARAMETERS["synthetic"])

    def run(self, options: Mapping[str, Any]) -> None:
        """Read threads and processes, and show them."""
        query, _ = queries.parse({"synthetic": options["synthetic"]}, time.time_ns())
        reader = self.open_reader()
        threads: dict[str, list[Thread]] = {}
        for thread in reader.threads(query):
            if query.synthetic == "no":
                thread.requests -= thread.synthetic
            threads.setdefault(thread.process, []).append(thread)
        found = [
            ThreadsOf(
                process, answer(own := threads.get(process.id, []), process), sorted(own, key=lambda one: one.serial)
            )
            for process in reader.processes()
            if query.matches_server(process)
        ]
        if options["json"]:
            self.terminal.raw(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
        else:
            for one in found:
                self._show(one)
            said = summary(groups(reader, query))
            self.terminal.line(f"Findings: {said} `manage.py reqtrace findings` tells their stories.")
        self.note_corrupt(reader)

    def _show(self, one: ThreadsOf) -> None:
        process = one.process
        title = f"{process.server} ({process.worker_class}, {process.interface}), pid {process.pid} on {process.host}"
        self.terminal.line(self.terminal.paint(title, 1))
        self.terminal.line(f"  {one.answer}")
        once = [thread for thread in one.threads if thread.requests == 1]
        several = one.threads if len(once) < _MANY else [thread for thread in one.threads if thread.requests != 1]
        if several:
            self.terminal.line(_ROW.format("thread", "name", "native id", "sharing", "requests", "users", "at once"))
        for thread in several:
            name = printable(thread.name)[:28]
            counts = (f"{thread.requests:,}", f"{thread.users:,}", thread.max_in_flight)
            self.terminal.line(_ROW.format(f"#{thread.serial}", name, thread.native_id, thread.sharing, *counts))
        if len(several) < len(one.threads):
            each = "job" if process.interface == WORKER else "request"
            self.terminal.line(f"  {len(once):,} threads of one {each} each: #{once[0].serial} to #{once[-1].serial}")
        self.terminal.line()


def answer(threads: Sequence[Thread], process: Process | None = None) -> str:
    """Say in one sentence what the sharing of a process's threads means for identity kept on them."""
    if process is not None and process.interface == WORKER:
        return _answer_of_worker(threads, process)
    interleaved = [thread for thread in threads if thread.sharing == "interleaved"]
    sequential = [thread for thread in threads if thread.sharing == "sequential"]
    if interleaved:
        most = max(thread.max_in_flight for thread in interleaved)
        return (
            f"Requests overlap on {_of(interleaved, threads)}, up to {most} at once: "
            "what one keeps in a threading.local there, the others read; a ContextVar holds them apart."
        )
    if sequential:
        return (
            f"Requests follow one another on {_of(sequential, threads)}: "
            "what one leaves in a threading.local, the next one finds, so it must be cleared."
        )
    if threads:
        return "So far each request had a thread to itself: nothing kept on a thread met another request."
    return "It has handled no request yet."


def _answer_of_worker(threads: Sequence[Thread], process: Process) -> str:
    name = f"{_WORKERS.get(process.server, process.server)} {process.worker_class}"
    if not threads:
        return f"{name}: it has done no job yet."
    if process.worker_class == "fork":
        return f"{name}: each job has a process of its own, so nothing that one leaves behind meets another."
    most = max(thread.max_in_flight for thread in threads)
    if most > 1:
        return (
            f"{name}: jobs overlap on {_of([one for one in threads if one.max_in_flight > 1], threads)}, up to {most} "
            "at once: what one keeps in a module, or in a threading.local that gevent has not patched, the others read."
        )
    if all(thread.sharing == "exclusive" for thread in threads):
        return f"{name}: so far each job had a thread to itself: nothing kept on a thread met another job."
    does = "each process does one job after another" if len(threads) == 1 else "each thread does one job after another"
    return (
        f"{name}: {does}: what one leaves in a threading.local or a ContextVar, the next one finds, so it must be "
        "cleared in finally."
    )


_WORKERS = {
    "celery": "Celery",
    "rq": "RQ",
    "dramatiq": "Dramatiq",
    "django-tasks": "Django tasks",
    "apscheduler": "APScheduler",
}
"""What people call those that run jobs."""


def _of(some: Sequence[Thread], threads: Sequence[Thread]) -> str:
    return "its only thread" if len(threads) == 1 else f"{len(some):,} of {len(threads):,} threads"
