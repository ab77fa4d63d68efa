"""After every fault: what the application answered is stored, dropped, sampled out or said to be lost, to the one."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis

from tests.conftest import eventually
from tests.faults.conftest import SERVERS, Start, opened
from tests.redis_server import PROGRAM, answers, free_port
from tests.stores.test_sqlite_store import locked

pytestmark = [pytest.mark.server, pytest.mark.faults]
needs_redis = pytest.mark.skipif(PROGRAM is None, reason="redis-server is not installed")

PATIENT = 3.0
"""No request takes so long that does not wait for a store, whose own patience is 4 s."""
BUFFER = "150"
"""So few that some must go while the store is away."""


@pytest.mark.parametrize("name", SERVERS)
def test_a_locked_file_keeps_no_request_waiting_and_loses_none_uncounted(
    start: Start, tmp_path: Path, name: str
) -> None:
    file = tmp_path / "traces.sqlite3"
    with start(name, f"sqlite:///{file}", REQTRACE_BUFFER=BUFFER) as trial:
        with trial.load():
            eventually(file.exists)
            time.sleep(1)
            with locked(file):
                time.sleep(6)
            time.sleep(1.5)
        trial.server.stop()
        with opened(f"sqlite:///{file}") as store:
            account = trial.accounted(store)
        log = trial.server.log.read_text()
        assert sum(account.values()) == trial.answered(), (account, log)
        assert account["dropped"] > 0
        assert trial.longest < PATIENT
        assert log.count("store takes nothing") == log.count("store takes records again") > 0, log


@pytest.mark.parametrize("name", ["gunicorn-gthread", "uvicorn"])
def test_a_process_that_ends_while_its_file_is_locked_takes_five_seconds_and_says_what_it_loses(
    start: Start, tmp_path: Path, name: str
) -> None:
    file = tmp_path / "traces.sqlite3"
    with start(name, f"sqlite:///{file}") as trial:
        with trial.load():
            eventually(file.exists)
            time.sleep(1)
        time.sleep(1)
        with locked(file):
            with trial.load():
                time.sleep(1)
            began = time.monotonic()
            trial.server.stop()
            assert time.monotonic() - began < 10
        with opened(f"sqlite:///{file}") as store:
            account = trial.accounted(store)
        assert sum(account.values()) == trial.answered(), (account, trial.server.log.read_text())
        assert account["lost at the end"] > 0


def test_a_full_disk_loses_what_has_no_room_and_the_rest_is_written_when_there_is_some(
    start: Start, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk") as disk:
        url = f"sqlite:///{disk / 'traces.sqlite3'}"
        with start("gunicorn-gthread", url, REQTRACE_BUFFER=BUFFER) as trial:
            with trial.load():
                eventually(lambda: "disk that holds" in trial.server.log.read_text(), 60)
                time.sleep(1)
                subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
                eventually(lambda: "takes records again" in trial.server.log.read_text(), 30)
            trial.server.stop()
            with opened(url) as store:
                account = trial.accounted(store)
            assert sum(account.values()) == trial.answered(), (account, trial.server.log.read_text())
            assert trial.longest < PATIENT


@contextmanager
def small_disk(place: Path) -> Iterator[Path]:
    """Mount a disk of a megabyte and a half."""
    place.mkdir()
    if os.geteuid() or not shutil.which("mount"):
        pytest.skip("to mount a small disk takes root")
    mount = ["mount", "-t", "tmpfs", "-o", "size=1536k", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


class RedisServer:
    """A Redis that keeps what it says it has taken, and can be put into trouble."""

    def __init__(self, port: int, directory: Path) -> None:
        """Run it."""
        self.port = port
        self._command = [PROGRAM or "redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(directory)]
        self._command += ["--save", "", "--appendonly", "yes", "--appendfsync", "always"]
        self.run()

    def run(self) -> None:
        """Start it, with what it knew before."""
        self.process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        eventually(lambda: answers(self.port))

    def kill(self) -> None:
        """End it on the spot."""
        self.process.kill()
        self.process.wait(10)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    """Run a Redis."""
    server = RedisServer(free_port(), tmp_path)
    yield server
    server.kill()


@needs_redis
@pytest.mark.parametrize("name", ["gunicorn-gevent", "uvicorn", "uwsgi"])
def test_a_redis_that_freezes_keeps_no_request_waiting_and_what_comes_late_counts_once(
    start: Start, redis: RedisServer, name: str
) -> None:
    url = f"redis://127.0.0.1:{redis.port}/0"
    with start(name, url, REQTRACE_BUFFER=BUFFER) as trial:
        with trial.load():
            time.sleep(1.5)
            redis.process.send_signal(signal.SIGSTOP)
            time.sleep(6)
            redis.process.send_signal(signal.SIGCONT)
            eventually(lambda: "takes records again" in trial.server.log.read_text(), 30)
            time.sleep(1)
        trial.server.stop()
        with opened(url) as store:
            account = trial.accounted(store)
        assert sum(account.values()) == trial.answered(), (account, trial.server.log.read_text())
        assert trial.longest < PATIENT


@needs_redis
def test_a_redis_that_is_killed_and_started_again_has_all_that_is_not_counted_as_lost(
    start: Start, redis: RedisServer
) -> None:
    url = f"redis://127.0.0.1:{redis.port}/0"
    with start("gunicorn-gthread", url, REQTRACE_BUFFER=BUFFER) as trial:
        with trial.load():
            for _ in range(2):
                time.sleep(1.5)
                redis.kill()
                time.sleep(2)
                redis.run()
                eventually(lambda: "takes records again" in trial.server.log.read_text(), 30)
            time.sleep(6)  # a process that has been refused for long asks seldom
        trial.server.stop()
        with opened(url) as store:
            account = trial.accounted(store)
        log = trial.server.log.read_text()
        assert sum(account.values()) == trial.answered(), (account, log)
        assert log.count("store takes nothing") == log.count("store takes records again") >= 2
        assert trial.longest < PATIENT


@needs_redis
def test_a_redis_that_throws_traces_away_is_told_in_the_log(start: Start, redis: RedisServer) -> None:
    address = f"redis://127.0.0.1:{redis.port}/0"
    with Redis(port=redis.port) as client, start("gunicorn-gthread", address) as trial, trial.load():
        time.sleep(7)  # it has asked once by then
        client.config_set("maxmemory-policy", "allkeys-random")
        client.config_set("maxmemory", client.info("memory")["used_memory"] + 500_000)
        for number in range(300):
            client.set(f"cache:{number}", b"x" * 10_000)
        eventually(lambda: "throws keys away" in trial.server.log.read_text(), 30)
