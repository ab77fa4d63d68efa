"""What serves: told from what each server really puts into a request."""

import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from reqtrace.execution import process
from tests.programs import run_program

WSGI = {"wsgi.multithread": True, "wsgi.multiprocess": False}
LOADED = (
    "daphne.server",
    "granian._granian",
    "granian.wsgi",
    "gunicorn.arbiter",
    "gunicorn.workers.ggevent",
    "gunicorn.workers.gthread",
    "gunicorn.workers.sync",
    "hypercorn.app_wrappers",
    "hypercorn.asyncio",
    "hypercorn.run",
    "uvicorn.server",
    "uvicorn.workers",
    "uvicorn_worker",
    "uwsgi",
)


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that says which servers' modules are loaded: those named, and no others."""
    for name in LOADED:
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.delenv("SERVER_SOFTWARE", raising=False)

    def load(*names: str) -> None:
        for name in names:
            monkeypatch.setitem(sys.modules, name, ModuleType(name))

    return load


def _wsgi(**environ: object) -> process.Serving:
    return process.recognise(SimpleNamespace(META=WSGI | environ))


def _asgi(**scope: object) -> process.Serving:
    return process.recognise(SimpleNamespace(META={}, scope={"type": "http", **scope}))


@pytest.mark.parametrize(
    ("modules", "environ", "server", "worker_class"),
    [
        (["gunicorn.workers.sync"], {"gunicorn.socket": 1, "SERVER_SOFTWARE": "gunicorn/27.0.1"}, "gunicorn", "sync"),
        (
            ["gunicorn.workers.sync", "gunicorn.workers.gthread"],
            {"gunicorn.socket": 1, "SERVER_SOFTWARE": "gunicorn/27.0.1"},
            "gunicorn",
            "gthread",
        ),
        (
            ["gunicorn.workers.sync", "gunicorn.workers.ggevent"],
            {"gunicorn.socket": 1, "SERVER_SOFTWARE": "gunicorn/27.0.1"},
            "gunicorn",
            "gevent",
        ),
        ([], {"SERVER_SOFTWARE": "WSGIServer/0.2"}, "runserver", "threads"),
        ([], {"SERVER_SOFTWARE": "WSGIServer/0.2", "wsgi.multithread": False}, "runserver", "sync"),
        ([], {"SERVER_SOFTWARE": "waitress", "waitress.client_disconnected": 1}, "waitress", "threads"),
        ([], {"SERVER_SOFTWARE": "our own", "waitress.client_disconnected": 1}, "waitress", "threads"),
        (["granian._granian", "granian.wsgi"], {"SERVER_SOFTWARE": "Granian"}, "granian", "threads"),
        (["hypercorn.app_wrappers"], {"wsgi.multiprocess": True}, "hypercorn", "threads"),
        ([], {"mod_wsgi.version": (5, 0), "SERVER_SOFTWARE": "Apache/2.4"}, "mod_wsgi", "threads"),
        (
            [],
            {"mod_wsgi.version": (5, 0), "SERVER_SOFTWARE": "Apache/2.4", "wsgi.multithread": False},
            "mod_wsgi",
            "sync",
        ),
        ([], {}, "unknown", "unknown"),
    ],
)
def test_a_wsgi_server_is_recognised(
    loaded: Callable[..., None], modules: list[str], environ: dict[str, object], server: str, worker_class: str
) -> None:
    loaded(*modules)
    serving = _wsgi(**environ)
    assert (serving.server, serving.worker_class, serving.interface) == (server, worker_class, "wsgi")
    assert serving.facts["wsgi.multithread"] is environ.get("wsgi.multithread", True)


@pytest.mark.parametrize(
    ("options", "worker_class"),
    [({}, "sync"), ({b"threads": b"4"}, "threads"), ({"threads": "4"}, "threads"), ({b"gevent": b"20"}, "gevent")],
)
def test_uwsgi_is_recognised_with_its_mode(
    monkeypatch: pytest.MonkeyPatch, loaded: Callable[..., None], options: dict[Any, Any], worker_class: str
) -> None:
    loaded("uwsgi")
    monkeypatch.setattr(sys.modules["uwsgi"], "opt", options, raising=False)
    serving = _wsgi(**{"uwsgi.version": b"2.0.31"})
    assert (serving.server, serving.worker_class) == ("uwsgi", worker_class)


UVICORN = {"client": ("127.0.0.1", 1), "asgi": {"version": "3.0", "spec_version": "2.3"}, "extensions": {}}


@pytest.mark.parametrize(
    ("modules", "software", "scope", "server", "worker_class"),
    [
        (["uvicorn.server"], None, UVICORN, "uvicorn", "asyncio"),
        (
            ["uvicorn.server", "uvicorn_worker", "gunicorn.arbiter", "gunicorn.workers.sync"],
            "gunicorn/27.0.1",
            UVICORN,
            "gunicorn",
            "uvicorn",
        ),
        # A child of gunicorn's inherits its environment, and is not gunicorn.
        (["uvicorn.server"], "gunicorn/27.0.1", UVICORN, "uvicorn", "asyncio"),
        (["daphne.server"], None, {"client": ["127.0.0.1", 1], "asgi": {"version": "3.0"}}, "daphne", "asgi"),
        # "daphne" in INSTALLED_APPS loads it under any server.
        (["daphne.server", "uvicorn.server"], None, UVICORN, "uvicorn", "asyncio"),
        (["hypercorn.run"], None, {"client": ("127.0.0.1", 1), "extensions": {}}, "hypercorn", "asyncio"),
        (
            ["granian._granian", "granian.wsgi"],
            None,
            {"client": ("127.0.0.1", 1), "extensions": {"http.response.pathsend": {}}},
            "granian",
            "asgi",
        ),
        ([], None, {"client": None}, "unknown", "unknown"),
    ],
)
def test_an_asgi_server_is_recognised(
    monkeypatch: pytest.MonkeyPatch,
    loaded: Callable[..., None],
    modules: list[str],
    software: str | None,
    scope: dict[str, object],
    server: str,
    worker_class: str,
) -> None:
    loaded(*modules)
    if software:
        monkeypatch.setenv("SERVER_SOFTWARE", software)
    serving = _asgi(**scope)
    assert (serving.server, serving.worker_class, serving.interface) == (server, worker_class, "asgi")


def test_a_process_is_described_by_itself(loaded: Callable[..., None]) -> None:
    import os
    import platform
    import socket
    import time

    described = process.describe("an id", _wsgi(SERVER_SOFTWARE="WSGIServer/0.2"))
    assert (described.id, described.pid, described.parent_pid) == ("an id", os.getpid(), os.getppid())
    assert described.host == socket.gethostname()
    assert described.python == platform.python_version()
    assert 0 < described.started_ns < time.time_ns()
    assert described.facts["gevent_patched"] is False
    assert described.facts["wsgi.multiprocess"] is False
    assert "uwsgi.has_threads" not in described.facts


def test_whether_uwsgi_runs_threads_is_read_from_where_it_is_right(loaded: Callable[..., None]) -> None:
    loaded("uwsgi")
    sys.modules["uwsgi"].has_threads = False  # type: ignore[attr-defined]
    sys.modules["uwsgi"].opt = {b"enable-threads": True}  # type: ignore[attr-defined]
    assert process.describe("an id", _wsgi()).facts["uwsgi.has_threads"] is False
    assert process.pid_to_watch() is not None


def test_describing_a_process_imports_nothing() -> None:
    """Under gevent it happens on a native thread, which must not import what another one imports just then."""
    told = run_program(
        """
        import sys
        from reqtrace.execution import process

        known = set(sys.modules)
        process.describe("id", process.Serving("unknown", "unknown", "wsgi", {}))
        print(sorted(set(sys.modules) - known))
        """
    )
    assert told == "[]"


def test_a_process_under_gevent_is_described_from_a_native_thread() -> None:
    told = run_program(
        """
        from gevent import monkey
        monkey.patch_all()
        import gevent, time
        from types import SimpleNamespace
        from reqtrace.execution import process
        from reqtrace.execution.places import native

        found = []
        serving = process.recognise(SimpleNamespace(META={}))
        native("_thread", "start_new_thread")(lambda: found.append(process.describe("id", serving)), ())
        while not found:
            gevent.sleep(0.01)
        print(found[0].facts["gevent_patched"], found[0].facts["gevent"] is not None)
        """
    )
    assert told == "True True"
