"""Every server: recognised, its threads told apart, nothing lost at its end."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.conftest import eventually
from tests.servers.running import COMMANDS, serve

pytestmark = pytest.mark.server

RECOGNISED = {
    "runserver": ("runserver", "threads", "wsgi"),
    "gunicorn-sync": ("gunicorn", "sync", "wsgi"),
    "gunicorn-gthread": ("gunicorn", "gthread", "wsgi"),
    "gunicorn-preload": ("gunicorn", "gthread", "wsgi"),
    "gunicorn-gevent": ("gunicorn", "gevent", "wsgi"),
    "gunicorn-gevent-preload": ("gunicorn", "gevent", "wsgi"),
    "gunicorn-uvicorn": ("gunicorn", "uvicorn", "asgi"),
    "uvicorn": ("uvicorn", "asyncio", "asgi"),
    "uvicorn-uvloop": ("uvicorn", "uvloop", "asgi"),
    "daphne": ("daphne", "asgi", "asgi"),
    "hypercorn": ("hypercorn", "asyncio", "asgi"),
    "hypercorn-wsgi": ("hypercorn", "threads", "wsgi"),
    "granian": ("granian", "asgi", "asgi"),
    "granian-wsgi": ("granian", "threads", "wsgi"),
    "waitress": ("waitress", "threads", "wsgi"),
    "uwsgi": ("uwsgi", "sync", "wsgi"),
    "uwsgi-threads": ("uwsgi", "threads", "wsgi"),
}
INTERLEAVED = {"gunicorn-gevent", "gunicorn-gevent-preload"}
CLIENTS, EACH = 6, 5


@pytest.mark.parametrize("name", COMMANDS)
def test_a_server_is_recognised_and_loses_nothing_when_it_ends(name: str, tmp_path: Path) -> None:
    server, worker_class, interface = RECOGNISED[name]
    with serve(name, tmp_path) as running:

        def visit(_: int) -> None:
            with httpx.Client(base_url=running.url, timeout=20) as client:
                for _ in range(EACH):
                    assert client.get("/slow/", params={"seconds": "0.01"}).status_code == 200

        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(visit, range(CLIENTS)))
        running.stop()  # at once: what still waits must be shipped now

        requests = running.requests()
        assert len(requests) == CLIENTS * EACH, running.log.read_text()
        assert {request.outcome for request in requests} == {"ok"}
        processes = running.processes()
        assert {(p.server, p.worker_class, p.interface) for p in processes} == {(server, worker_class, interface)}
        assert [(p.faults, p.last_fault, p.dropped) for p in processes] == [(0, None, 0)] * len(processes)
        assert {request.process for request in requests} <= {process.id for process in processes}
        assert len({process.pid for process in processes}) == len(processes)

        sharing = {thread.sharing for thread in running.threads()}
        if interface == "asgi":
            loops = [thread for thread in running.threads() if thread.requests > 1]
            assert {thread.sharing for thread in loops} == {"interleaved"}
            assert sharing == {"interleaved", "exclusive"}
            assert len({request.thread_serial for request in requests}) == len(requests)
            assert all(len(request.hops) == 2 for request in requests)
        else:
            assert ("interleaved" in sharing) is (name in INTERLEAVED)
            assert all(len(request.hops) == 1 for request in requests)
            if name in INTERLEAVED:
                assert len({request.thread_serial for request in requests}) == 1
                assert len({request.greenlet_serial for request in requests}) >= CLIENTS


@pytest.mark.parametrize("name", ["gunicorn-gthread", "uvicorn"])
def test_requests_are_seen_while_the_server_runs(name: str, tmp_path: Path) -> None:
    with serve(name, tmp_path) as running:
        httpx.get(f"{running.url}/plain/")
        (request,) = eventually(running.requests)
        assert request.path == "/plain/"
        with ThreadPoolExecutor(1) as pool:
            pending = pool.submit(httpx.get, f"{running.url}/slow/", params={"seconds": "2.5"})
            shown = eventually(lambda: [request for request in running.requests() if request.outcome == "open"])
            assert shown[0].path == "/slow/"
            assert pending.result().status_code == 200
        eventually(lambda: {request.outcome for request in running.requests()} == {"ok"})
        assert len(running.requests()) == 2


def test_a_worker_that_gunicorn_replaces_loses_nothing(tmp_path: Path) -> None:
    with serve("gunicorn-gthread", tmp_path, GUNICORN_CMD_ARGS="--max-requests 20 --workers 1") as running:
        with httpx.Client(base_url=running.url, timeout=20) as client:
            for _ in range(70):
                client.get("/plain/", headers={"Connection": "close"})
        eventually(lambda: len(running.requests()) == 70)
        assert len({process.pid for process in running.processes()}) >= 3
        eventually(lambda: sum(process.ended_ns is not None for process in running.processes()) >= 2)
