"""``RETAIN`` holds within a tenth however fast requests come, while they do and after the process has ended."""

import json
from pathlib import Path

import pytest

from reqtrace.stores import registry
from tests.programs import start_program
from tests.redis_server import PROGRAM, free_port, redis_server

pytestmark = [pytest.mark.server, pytest.mark.timeout(200)]
RETAIN = 10_000
REQUESTS = 36_000

AT_FULL_SPEED = """
    import django, json, os, threading, time
    django.setup()
    from django.test import RequestFactory
    from django.urls import resolve
    from reqtrace.capture import lifecycle
    from reqtrace.stores import registry

    recorder, kept, over = lifecycle.recorder(), [0], threading.Event()
    request = RequestFactory().get("/plain/")
    request.resolver_match = resolve("/plain/")

    def look():
        store = registry.open_store(os.environ["REQTRACE_STORE"])
        while not over.wait(0.02):
            entries = store.read_back(None, 20_000, ("request",))
            kept.append(len(entries))
        store.close()

    looking = threading.Thread(target=look)
    looking.start()
    for number in range(%d):
        opened = recorder.begin(request)
        opened.status = 200
        recorder.finish(opened)
        while len(recorder.shipper._queue) > 5_000:  # as fast as it ships, so that none is dropped
            time.sleep(0.001)
    recorder.shipper.drain()
    over.set()
    looking.join()
    print(json.dumps([max(kept), recorder.ledger.dropped]))
"""


@pytest.mark.parametrize("kind", ["sqlite", "redis"])
def test_retain_holds_within_a_tenth_at_full_speed_and_after_the_end(tmp_path: Path, kind: str) -> None:
    if kind == "sqlite":
        check(f"sqlite:///{tmp_path}/traces.sqlite3", processes=3)
    elif PROGRAM is None:
        pytest.skip("redis-server is not installed")
    else:
        port = free_port()
        with redis_server(port, tmp_path):
            check(f"redis://127.0.0.1:{port}/0", processes=1)


def check(address: str, processes: int) -> None:
    """Let processes run at full speed, and count."""
    program = AT_FULL_SPEED % (REQUESTS // processes)
    running = [
        start_program(program, REQTRACE_STORE=address, REQTRACE_RETAIN=str(RETAIN), REQTRACE_BUFFER="20000")
        for _ in range(processes)
    ]
    told = [process.communicate(timeout=170) for process in running]
    store = registry.open_store(address)
    left = len(store.read_back(None, REQUESTS, ("request",)))
    store.close()
    for output, errors in told:
        most, dropped = json.loads(output or errors)
        assert dropped == 0
        assert most <= RETAIN * 1.1
    assert RETAIN * 0.9 <= left <= RETAIN * 1.1
