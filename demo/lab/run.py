"""The whole lab: every server with every stack, under load, compared; then a clean application under odd loads."""

import os
import time
from collections.abc import Callable, Iterable
from contextlib import closing

from demo.children import Died
from demo.lab import compare, load
from demo.lab.holders import CLEAN, HOLDERS
from demo.lab.oddities import LOADS
from demo.lab.report import Dirt, Discovered, Failure, Missing, Oddity, Progress, Report, Run, Score, versions
from demo.lab.servers import Server, running
from demo.lab.truth import Log
from reqtrace import conf
from reqtrace.reading.reader import Reader
from reqtrace.stores.sqlite import SqliteStore

VIEWS = ("sync", "async")
WAVES, WAVES_QUICK = 12, 3
SHIPPING_SECONDS = 5
_PACKAGES = (
    "django", "asgiref", "gunicorn", "gevent", "uvicorn", "uvloop", "daphne", "hypercorn", "granian", "waitress",
    "uwsgi", "mod_wsgi",
)  # fmt: skip


def disagreements(report: Report) -> list[str]:
    """Return where reqtrace and the application's log say different things, a sentence each; `lost` is a notice."""
    found = [
        f"{run.server}, {run.stack} middleware, {view} views, {name}: "
        f"{score.true} {kind} in truth, {score.found} found, {score.both} of them true."
        for run in report.runs
        for view, cells in run.cells.items()
        for name, cell in cells.items()
        for kind, score in (("crossed", cell.crossed), ("leftover", cell.leftover))
        if not score.true == score.found == score.both
    ]
    found += [
        f"{one.server}, nothing declared: {one.score.found} found, {one.score.both} of them true."
        for one in report.discovered
        if one.score.found != one.score.both
    ]
    found += [f"{one.server}: false alarms: {' '.join(one.messages)}" for one in report.oddities if one.alarms]
    return found


def survey(
    servers: Iterable[Server],
    holders: Iterable[str],
    *,
    quick: bool,
    say: Callable[[str], None],
    keep: Callable[[Report], None],
) -> Report:
    """Measure these servers with these holders; `say` how it goes, and `keep` what is known so far."""
    began = time.monotonic()
    report = Report(versions(_PACKAGES), {name: HOLDERS[name].title for name in holders}, quick, time.time_ns())
    there = [server for server in servers if server.is_installed]
    report.missing = [Missing(server.name, server.needs) for server in servers if not server.is_installed]
    steps = [(server, stack) for server in there for stack in server.stacks]
    for number, (server, stack) in enumerate(steps):
        doing = f"{server.name}, {stack} middleware"
        say(f"[{number + 1}/{len(steps)}, {time.monotonic() - began:.0f} s] {doing}")
        report.progress = Progress(os.getpid(), number, len(steps), doing)
        keep(report)
        try:
            report.runs.append(measure(server, stack, report.holders, WAVES_QUICK if quick else WAVES))
            if stack == server.stacks[-1]:
                report.discovered.append(discover(server, stack, report.holders, WAVES_QUICK if quick else WAVES))
                report.oddities.append(irritate(server, stack, quick=quick))
            if stack == "async":
                report.dirt.append(pipeline(server, quick=quick))
        except Died as died:
            report.failures.append(Failure(server.name, stack, str(died)))
            say(str(died))
    report.seconds = round(time.monotonic() - began, 1)
    report.progress = None
    keep(report)
    return report


def measure(server: Server, stack: str, holders: Iterable[str], waves: int) -> Run:
    """Run one server under load, and compare."""
    began = time.monotonic()
    with running(server, stack, ",".join(holders)) as it, closing(SqliteStore(it.store)) as store:
        log, reader = Log(it.truth), Reader(store)
        statuses = load.waves(it, log, VIEWS, waves)
        _wait_for(reader, len(log.read_on()))
        it.child.stop()
        _require_no_fault(reader)
        return Run(
            server=server.name,
            stack=stack,
            at_once=server.at_once,
            statuses={view: _counts(seen) for view, seen in statuses.items()},
            sharing=compare.sharing(log.lines),
            sharing_found=compare.sharing_found(reader),
            recognised=sorted({f"{process.server} ({process.worker_class})" for process in reader.processes()}),
            cells=compare.cells(log.lines, reader),
            others=compare.others(reader),
            seconds=round(time.monotonic() - began, 1),
        )


def discover(server: Server, stack: str, holders: Iterable[str], waves: int) -> Discovered:
    """Run it once more with the same holders, of which reqtrace is told nothing."""
    with running(server, stack, ",".join(holders), LAB_DISCOVER="1") as it, closing(SqliteStore(it.store)) as store:
        log, reader = Log(it.truth), Reader(store)
        load.waves(it, log, VIEWS, waves)
        _wait_for(reader, len(log.read_on()))
        it.child.stop()
        _require_no_fault(reader)
        known = compare.known_at_start(reader)
        return Discovered(
            server=server.name,
            stack=stack,
            requests=len(log.lines),
            after={name: known.after(HOLDERS[name].path) for name in holders},
            score=compare.total(compare.cells(log.lines, reader)),
            score_since=compare.total(compare.cells(log.lines, reader, known.pairs)),
        )


def irritate(server: Server, stack: str, *, quick: bool) -> Oddity:
    """Put a clean application under each odd load: whatever is found there is wrong."""
    # Where a thread serves several at once, not even a careful clean-up makes a thread-local clean.
    holders = [name for name in CLEAN if name != "local-cleared" or not (server.is_asgi or server.has_greenlets)]
    with running(server, stack, ",".join(holders)) as it, closing(SqliteStore(it.store)) as store:
        answers = {name: send(it, quick=quick) for name, send in LOADS.items()}
        time.sleep(5 * conf.get().flush_ms / 1_000)  # the last ones count, too
        it.child.stop()
        reader = Reader(store)
        _require_no_fault(reader)
        alarms = [finding for finding in reader.findings() if finding.level != "notice"]
        messages = sorted({alarm.message for alarm in alarms})[:5]
        return Oddity(server.name, stack, answers, sum(1 for _ in reader.requests()), len(alarms), messages)


def pipeline(server: Server, *, quick: bool) -> Dirt:
    """Send requests without waiting for the answers, and see in whose context they begin."""
    with running(server, "async", "contextvar-kept") as it, closing(SqliteStore(it.store)) as store:
        LOADS["pipelined"](it, quick=quick)
        log, reader = Log(it.truth), Reader(store)
        _wait_for(reader, len(log.read_on()))
        it.child.stop()
        # By whatever name: undeclared variables go by their own where discovery is off.
        found = {key for (key, _), kinds in compare.found(reader).items() if "context-crossed" in kinds}
        score = Score()
        for line in log.lines:
            is_dirty = line.seen["contextvar-kept"]["start"] is not None
            score.add(true=is_dirty, found=line.key in found)
        return Dirt(server.name, len(log.lines), score)


def _wait_for(reader: Reader, requests: int) -> None:
    """Wait until all are recorded: how little is lost when a server ends is for other tests to say."""
    deadline = time.monotonic() + SHIPPING_SECONDS
    while sum(request.outcome != "open" for request in reader.requests()) < requests and time.monotonic() < deadline:
        time.sleep(0.05)


def _require_no_fault(reader: Reader) -> None:
    for process in reader.processes():
        if process.last_fault:
            raise Died(f"reqtrace met {process.faults} faults, the last one: {process.last_fault}")


def _counts(statuses: list[int]) -> dict[str, int]:
    return {str(status): statuses.count(status) for status in sorted(set(statuses))}
