"""Every queue with a real worker and a real Redis: what one plug promises, all do."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from redis import Redis

from reqtrace.reading.reader import Reader
from reqtrace.records import Finding, Process, Request
from reqtrace.stores.sqlite import SqliteStore
from tests.conftest import eventually
from tests.redis_server import PROGRAM, free_port, redis_server

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent
SHOP = "tests.capture.jobs.shop"
CELERY = f"{BIN}/celery -A {SHOP}.celery_queue worker -Q letters -l error --without-gossip --without-mingle -P "
RQ = f"{sys.executable} -m {SHOP}.rq_worker worker letters -q -u {{redis}}"

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(PROGRAM is None, reason="redis-server is not installed"),
]


class Queue(NamedTuple):
    """A queue, and what a job of it is known by."""

    sender: str
    worker: str
    """The command line; empty where the sender does the work itself."""
    server: str
    worker_class: str
    view: str = "shop.mail"
    has_headers: bool = True
    """Whether its messages have a place for a header."""
    keeps_threads: bool = True
    """Whether a job can leave something to the next one."""
    says_goodbye: bool = True
    """Whether a process knows that none goes on with its record."""


QUEUES = {
    "celery-prefork": Queue("celery_queue", CELERY + "prefork -c 1", "celery", "prefork"),
    "celery-threads": Queue("celery_queue", CELERY + "threads -c 1", "celery", "threads"),
    "celery-gevent": Queue("celery_queue", CELERY + "gevent -c 1", "celery", "gevent", keeps_threads=False),
    "celery-solo": Queue("celery_queue", CELERY + "solo", "celery", "solo"),
    "rq": Queue("rq_queue", RQ, "rq", "fork", f"{SHOP}.work.mail",
                keeps_threads=False, says_goodbye=False),
    "rq-simple": Queue("rq_queue", RQ + " -w rq.SimpleWorker", "rq", "simple",
                       f"{SHOP}.work.mail"),
    "dramatiq": Queue("dramatiq_queue", f"{BIN}/dramatiq {SHOP}.dramatiq_queue -p 1 -t 1 --skip-logging", "dramatiq",
                      "threads", "mail"),
    "django-tasks": Queue("django_queue", f"{sys.executable} manage.py db_worker --queue-name letters", "django-tasks",
                          "database", f"{SHOP}.django_queue.mail", has_headers=False),
    "apscheduler": Queue("scheduled", "", "apscheduler", "threads", f"{SHOP}.work.mail"),
}  # fmt: skip


class Shop:
    """The shop with one of its queues, and what is recorded of it."""

    def __init__(self, folder: Path, redis: str, queue: Queue, name: str) -> None:
        """Keep all in `folder`."""
        self.queue = queue
        self._command = queue.worker.format(redis=redis)
        self._log = folder / "worker.log"
        self._environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": f"{SHOP}.settings",
            "PYTHONPATH": str(ROOT),
            "REQTRACE_STORE": f"sqlite:///{folder / 'traces.sqlite3'}",
            "SHOP_REDIS": redis,
            "SHOP_QUEUE": name,
            "TEST_DATABASE": str(folder / "db.sqlite3"),
            "RQ_DJANGO": "1",
        }
        self.store = SqliteStore(f"sqlite:///{folder / 'traces.sqlite3'}")
        self.worker: subprocess.Popen[bytes] | None = None

    def manage(self, *arguments: str, **environment: str) -> str:
        """Run a command of the project's, or a module with ``-m``, to its end, and return what it printed."""
        command = [sys.executable, *(arguments if arguments[0] == "-m" else ("manage.py", *arguments))]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=self._environment | environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def send(self, *wanted: str, **environment: str) -> str:
        """Send jobs, each from within a request."""
        return self.manage("-m", f"{SHOP}.sending", self.queue.sender, *wanted, **environment)

    def start(self, **environment: str) -> None:
        """Start the worker."""
        if self._command:
            with self._log.open("wb") as log:
                self.worker = subprocess.Popen(
                    self._command.split(),
                    cwd=ROOT,
                    env=self._environment | environment,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )

    def stop(self, number: int = signal.SIGTERM) -> None:
        """End the worker as an operator would."""
        if self.worker is not None and self.worker.poll() is None:
            self.worker.send_signal(number)
            try:
                self.worker.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self.worker.pid, signal.SIGKILL)
                self.worker.wait(5)
                raise
        self.worker = None

    def close(self) -> None:
        """End all there is."""
        if self.worker is not None:
            os.killpg(self.worker.pid, signal.SIGKILL)
            self.worker.wait(5)
        self.store.close()

    def requests(self) -> list[Request]:
        """Return the requests that sent jobs, in their order."""
        return sorted(
            (one for one in Reader(self.store).requests() if one.protocol == "http"), key=lambda one: one.start_ns
        )

    def jobs(self) -> list[Request]:
        """Return the jobs, in their order."""
        return sorted(
            (one for one in Reader(self.store).requests() if one.protocol == "job"), key=lambda one: one.start_ns
        )

    def _recorded(self, protocol: str) -> list[Request]:
        all_ = (one for one in Reader(self.store).requests() if one.protocol == protocol)
        return sorted(all_, key=lambda one: one.start_ns)

    def findings(self) -> list[Finding]:
        """Return what was found."""
        return list(Reader(self.store).findings())

    def process_of(self, job: Request) -> Process:
        """Return the process that did a job."""
        process = Reader(self.store).process(job.process)
        assert process is not None
        return process

    def log(self) -> str:
        """Return what the worker said."""
        return self._log.read_text() if self._log.exists() else ""


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    with redis_server(port, tmp_path_factory.mktemp("redis")):
        yield f"redis://127.0.0.1:{port}/"


@pytest.fixture
def shop(request: pytest.FixtureRequest, tmp_path: Path, redis: str) -> Iterator[Shop]:
    name = request.param
    address = f"{redis}{list(QUEUES).index(name)}"
    with Redis.from_url(address) as client:
        client.flushdb()
    made = Shop(tmp_path, address, QUEUES[name], name)
    if name == "django-tasks":
        made.manage("migrate", "-v", "0")
    try:
        yield made
    finally:
        made.close()


with_every_queue = pytest.mark.parametrize("shop", QUEUES, indirect=True)
of_celery = pytest.mark.parametrize("shop", ["celery-prefork"], indirect=True)


@with_every_queue
def test_a_plug_keeps_what_all_plugs_promise(shop: Shop) -> None:
    queue = shop.queue
    shop.send("1:leave", "2:leave", "0:leave", "1:fail", "1:clear", "2:clear", "1:clear")
    shop.start()
    eventually(lambda: len([job for job in shop.jobs() if job.outcome != "open"]) == 7, 30)
    shop.stop()
    requests, jobs = shop.requests(), shop.jobs()
    assert [(job.view, job.path, job.route, job.method, job.status) for job in jobs] == [
        (queue.view, queue.view, "letters", "JOB", None)
    ] * 7
    assert [job.outcome for job in jobs] == ["ok", "ok", "ok", "error", "ok", "ok", "ok"]
    if queue.has_headers:
        assert [job.parent for job in jobs] == [request.id for request in requests]
        assert [job.presumed.id if job.presumed else None for job in jobs] == ["1", "2", None, "1", "1", "2", "1"]
        assert [job.presumed.state for job in jobs if job.presumed][2] == "anonymous"
        assert {job.trace_id for job in jobs} == {"4bf92f3577b34da6a3ce929d0e0e4736"}
        assert all(job.sent_ns is not None and job.sent_ns <= job.start_ns for job in jobs)
    process = shop.process_of(jobs[0])
    if queue.worker:
        assert (process.server, process.worker_class, process.interface) == (queue.server, queue.worker_class, "worker")
        assert {job.pid for job in jobs}.isdisjoint({request.pid for request in requests})
        assert (shop.process_of(jobs[-1]).ended_ns is not None) == queue.says_goodbye, shop.log()
        assert len({job.process for job in jobs}) == 1
        assert process.requests == len(jobs)
    assert process.faults == 0, process.last_fault
    found = {(finding.request, finding.kind) for finding in shop.findings()}
    assert not {id_ for id_, _ in found} & {jobs[0].id, jobs[5].id, jobs[6].id}, (
        "a job that clears what it sets is clean"
    )
    left = {(jobs[number].id, "leftover") for number in (1, 2, 3)}
    # The third has nobody to keep: whoever asks the holder then is told of the second's.
    crossed = {(jobs[2].id, "crossed")}
    if not queue.keeps_threads:
        assert found == set()
    elif queue.has_headers:
        assert found == left | crossed
    else:  # that a holder is a person's shows once it has named two
        assert found == {(job.id, "leftover") for job in jobs[2:5]}


@of_celery
def test_a_worker_killed_in_a_job_leaves_it_aborted(shop: Shop) -> None:
    shop.start(REQTRACE_HOLDERS="")
    shop.send("1:sleep")
    eventually(shop.jobs, 30)
    (job,) = shop.jobs()
    assert job.outcome == "open"
    os.kill(job.pid, signal.SIGKILL)
    (ended,) = eventually(lambda: [job for job in shop.jobs() if job.outcome == "aborted"], 30)
    assert ended.id == job.id
    assert ended.duration_ns > 0


@pytest.mark.parametrize("shop", ["rq"], indirect=True)
def test_processes_of_one_job_each_share_a_record_and_a_killed_one_is_told_from_the_next(shop: Shop) -> None:
    shop.start(REQTRACE_SAMPLE="1")
    shop.send("1:clear", "1:sleep", "2:clear")
    job = eventually(lambda: next((job for job in shop.jobs() if job.outcome == "open"), None), 30)
    os.kill(job.pid, signal.SIGKILL)
    first, killed, last = eventually(lambda: len(jobs := shop.jobs()) == 3 and jobs[2].outcome == "ok" and jobs, 30)
    assert (first.outcome, killed.id, killed.outcome) == ("ok", job.id, "aborted")
    assert len({first.pid, killed.pid, last.pid}) == 3
    assert first.process == killed.process == last.process
    assert len({first.thread_serial, killed.thread_serial, last.thread_serial}) == 3
    process = shop.process_of(last)
    assert process.pid == last.pid
    assert process.requests == 2, "the one that was killed has finished none"


@pytest.mark.parametrize(
    ("shop", "error"),
    [("celery-prefork", "OperationalError"), ("rq", "ConnectionError"), ("dramatiq", "ConnectionError")],
    indirect=["shop"],
)
def test_a_broker_that_is_away_is_no_business_of_ours(shop: Shop, error: str) -> None:
    raised = shop.send("1:leave", "2:leave", SHOP_REDIS="redis://127.0.0.1:1/0")
    assert raised.split() == [error] * 2
    requests = shop.requests()
    assert [request.outcome for request in requests] == ["error", "error"]
    assert [process.faults for process in Reader(shop.store).processes()] == [0]


@of_celery
def test_with_jobs_off_neither_side_says_a_word(shop: Shop) -> None:
    shop.send("1:leave", REQTRACE_JOBS="no")
    shop.start(REQTRACE_JOBS="no")
    shop.send("2:leave")
    shop.stop()
    assert shop.jobs() == []


@of_celery
def test_a_task_whose_name_cannot_be_printed_is_done_and_recorded(shop: Shop) -> None:
    shop.send("1:odd")
    shop.start()
    (job,) = eventually(shop.jobs, 30)
    assert (job.view, job.outcome) == ("shop.\\ud800mail", "ok")


@of_celery
def test_a_command_of_the_application_is_a_job_and_one_of_a_library_is_none(shop: Shop) -> None:
    shop.manage("nightly", "clear")
    shop.manage("check")
    (job,) = shop.jobs()
    assert (job.view, job.path, job.route, job.outcome, job.parent) == ("nightly", "nightly", "", "ok", None)
    process = shop.process_of(job)
    assert (process.server, process.worker_class, process.interface) == ("manage.py", "command", "worker")
    assert process.ended_ns is not None
