"""The comparison: what the task wrote down, beside what reqtrace found, job by job and holder by holder."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from demo.lab.compare import sharing
from demo.lab.holders import HOLDERS
from demo.lab.truth import Line
from demo.lab.workers.report import Kept, WorkerRun
from demo.lab.workers.work import MOMENTS
from demo.lab.workers.workers import Worker
from reqtrace.reading.reader import Reader
from reqtrace.records import Request


class Unpaired(Exception):
    """The log and the records do not tell of the same jobs."""


def outcome(worker: Worker, lines: Sequence[Line], reader: Reader, seconds: float) -> WorkerRun:
    """Return what a worker did."""
    for line in lines:
        line.threads = [line.view_thread]
    jobs = _paired(lines, [one for one in reader.requests() if one.protocol == "job"])
    kinds: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for finding in reader.findings():
        kinds[finding.request, finding.holder or ""].add(finding.kind)
    kept: dict[str, Kept] = {}
    for line in lines:
        for name, seen in line.seen.items():
            _take(kept.setdefault(name, Kept()), line, seen, kinds[jobs[line.key].id, HOLDERS[name].path])
    shared = sharing(lines)
    processes = {job.process for job in jobs.values()}
    return WorkerRun(
        worker=worker.name,
        at_once=worker.at_once,
        jobs=len(lines),
        anonymous=sum(not line.person for line in lines),
        processes=len({line.pid for line in lines}),
        threads=shared.threads,
        most=shared.requests_per_thread,
        overlapping=shared.at_once,
        sharing_found=dict(Counter(thread.sharing for thread in reader.threads() if thread.process in processes)),
        recognised=sorted(
            {f"{one.server} ({one.worker_class})" for one in reader.processes() if one.interface == "worker"}
        ),
        kept=kept,
        seconds=round(seconds, 1),
    )


def _take(kept: Kept, line: Line, seen: dict[str, str | None], found: set[str]) -> None:
    own = line.person or None
    is_left = seen["start"] not in (None, own)
    is_wrong = any(seen[moment] not in (None, own) for moment in MOMENTS)
    kept.left += is_left
    kept.strangers += is_wrong and own is None
    kept.mixed += is_wrong and own is not None
    kept.crossed.add(true=is_wrong, found="crossed" in found)
    kept.leftover.add(true=is_left, found="leftover" in found)


def _paired(lines: Iterable[Line], jobs: Iterable[Request]) -> dict[str, Request]:
    """Return each job's record by its key: those of one thread began in the order in which its log says so."""
    by_thread: defaultdict[tuple[int, int], tuple[list[Line], list[Request]]] = defaultdict(lambda: ([], []))
    for line in sorted(lines, key=lambda one: one.began_ns):
        by_thread[line.pid, line.view_thread][0].append(line)
    for job in sorted(jobs, key=lambda one: one.start_ns):
        by_thread[job.pid, job.native_thread_id][1].append(job)
    if any(len(told) != len(recorded) for told, recorded in by_thread.values()):
        raise Unpaired(f"{ {key: (len(a), len(b)) for key, (a, b) in by_thread.items()} }")
    return {line.key: job for told, recorded in by_thread.values() for line, job in zip(told, recorded, strict=True)}
