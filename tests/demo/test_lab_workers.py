"""The lab of workers: what it makes of a task's log and of records, and one real worker."""

from pathlib import Path

import pytest

from demo.lab.report import Score
from demo.lab.truth import Line
from demo.lab.workers import compare, report, run, table
from demo.lab.workers.report import Kept, WorkerRun, WorkersReport
from demo.lab.workers.workers import WORKERS
from reqtrace.reading.reader import Reader
from reqtrace.stores.memory import MemoryStore
from tests import factories

SOLO = WORKERS["Celery solo"]
HOLDER = "demo.lab.holders.kept.value"


def line(number: int, person: str, start: str | None, read: str | None) -> Line:
    seen = {"local-kept": {"start": start, "view": read, "wait": read, "out": read}}
    return Line(f"j{number}", person, "job", 101, number * 10, number * 10 + 5, view_thread=101, seen=seen)


def reader_of(*jobs: int, found: tuple[tuple[int, str], ...] = ()) -> Reader:
    store = MemoryStore()
    made = [factories.request(number, protocol="job") for number in jobs]
    findings = [
        factories.finding(made[of].id, number, kind=kind, holder=HOLDER) for number, (of, kind) in enumerate(found)
    ]
    worker = factories.process(server="celery", worker_class="solo", interface="worker")
    store.append(factories.items(worker, *made, *findings))
    return Reader(store)


def test_jobs_for_nobody_that_read_somebody_are_told_from_those_for_somebody_else() -> None:
    lines = [
        line(0, "ann", None, "ann"),
        line(1, "", "ann", "ann"),
        line(2, "bob", "ann", "bob"),
        line(3, "bob", "bob", "ann"),
    ]
    reader = reader_of(1, 2, 3, 4, found=((1, "crossed"), (1, "leftover"), (3, "leftover")))
    found = compare.outcome(SOLO, lines, reader, 1)
    assert found.kept["local-kept"] == Kept(2, 1, 1, Score(2, 1, 1), Score(2, 2, 1))
    assert (found.jobs, found.anonymous, found.threads, found.most) == (4, 1, 1, 4)
    assert report.false_alarms([found]) == ["Celery solo, local-kept: 2 leftover found, 1 of them true."]


def test_a_log_that_tells_of_other_jobs_than_the_records_is_not_compared() -> None:
    with pytest.raises(compare.Unpaired):
        compare.outcome(SOLO, [line(0, "ann", None, "ann")], reader_of(1, 2), 1)


def test_the_table_says_who_was_wrong_about_whom(tmp_path: Path) -> None:
    kept = {"local-kept": Kept(7, 2, 1), "module": Kept()}
    one = WorkerRun("Celery solo", 1, 10, 2, 1, 1, 10, 1, {"sequential": 1}, ["celery (solo)"], kept, 1.0)
    made = WorkersReport({"python": "3.11"}, {"local-kept": "kept", "module": "module"}, 1, [one])
    told = table.identities(made).splitlines()
    assert told[2] == "| Celery solo | 7 left over, **2 of 2 for nobody wrong**, **1 of 8 for somebody wrong** | 0 |"
    report.write(tmp_path / "report.json", made)
    assert report.read(tmp_path / "report.json") == made
    assert report.read(tmp_path / "nothing.json") is None


@pytest.mark.server
@pytest.mark.skipif(SOLO.missing is not None, reason=f"{SOLO.missing}")
def test_a_real_worker_is_measured_and_nothing_is_found_that_its_log_does_not_say() -> None:
    found = run.measure(SOLO, 20)
    assert (found.jobs, found.anonymous, found.threads) == (20, 4, 1)
    assert found.recognised == ["celery (solo)"]
    assert found.kept["local-kept"].strangers == 4
    assert found.kept["local-cleared"].left == 0
    assert found.kept["local-kept"].crossed.both > 0
    assert report.false_alarms([found]) == []
