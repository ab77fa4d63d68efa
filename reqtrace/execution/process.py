"""What this worker process is: its server, its worker class, its interface and the facts that decide the answer."""

import asyncio
import os
import platform
import socket
import sys
import time
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NamedTuple

import django
import psutil
from asgiref.sync import SyncToAsync

from reqtrace.execution.places import gevent_patched
from reqtrace.records import Process

_GUNICORN_WORKERS = {
    "gunicorn.workers.ggevent": "gevent",
    "gunicorn.workers.gthread": "gthread",
    "gunicorn.workers.geventlet": "eventlet",
    "gunicorn.workers.gtornado": "tornado",
    "gunicorn.workers.gasgi": "asgi",
    "uvicorn_worker": "uvicorn",
    "uvicorn.workers": "uvicorn",
    "gunicorn.workers.sync": "sync",  # last: the others import it
}
_VERSIONS = ("asgiref", "gunicorn", "uvicorn", "daphne", "hypercorn", "granian", "waitress", "gevent", "channels",
             "celery", "rq", "dramatiq", "apscheduler")  # fmt: skip


WORKER = "worker"
"""The interface of a process that runs jobs."""


SILENT_NS = 30_000_000_000
"""A process says every five seconds that it lives."""
_TICK_NS = 1_000_000_000


class Serving(NamedTuple):
    """What a request shows of its server."""

    server: str
    worker_class: str
    interface: str
    facts: Mapping[str, bool | int | float | str | None]


class Lineage(NamedTuple):
    """A process among many that one parent starts, one after another, for one job each: they share one record."""

    id: str
    """The process id of them all."""
    member: int
    """Which of them it is, from 1."""

    @property
    def first_request(self) -> int:
        """The number of its first request, behind all that those before it have given."""
        return (self.member - 1) * _REQUESTS_EACH + 1

    @property
    def first_thread(self) -> int:
        """The serial of its first thread, likewise."""
        return (self.member - 1) * _THREADS_EACH + 1


_REQUESTS_EACH, _THREADS_EACH = 4_096, 100


def recognise(request: Any) -> Serving:
    """Tell from inside a request what serves it; cheap enough for the request path.

    Args:
        request: a WSGIRequest or ASGIRequest; what the server put into it tells the server. A job says it itself.

    """
    told: Serving | None = getattr(request, "serving", None)
    if told is not None:
        return told
    scope = getattr(request, "scope", None)
    meta: Mapping[str, Any] = request.META
    server, worker_class = _recognise_wsgi(meta) if scope is None else _recognise_asgi(scope)
    facts: dict[str, bool | int | float | str | None] = {"uvloop": _runs_uvloop()}
    for name in ("wsgi.multithread", "wsgi.multiprocess"):
        if name in meta:
            facts[name] = bool(meta[name])
    return Serving(server, worker_class, "wsgi" if scope is None else "asgi", facts)


def describe(id_: str, serving: Serving, release: str | None = None) -> Process:
    """Describe this process under an id of its own; slow, so not on the request path."""
    machine = platform.uname()  # not `platform.platform()`: it starts a program
    facts: dict[str, bool | int | float | str | None] = {
        "gevent_patched": gevent_patched(),
        "gil": bool(getattr(sys, "_is_gil_enabled", lambda: True)()),
        "thread_inherit_context": bool(getattr(sys.flags, "thread_inherit_context", False)),
        "platform": f"{machine.system}-{machine.release}-{machine.machine}",
        **serving.facts,
    }
    uwsgi = sys.modules.get("uwsgi")
    if uwsgi is not None:  # its `enable-threads` option would be the wrong test
        facts["uwsgi.has_threads"] = bool(getattr(uwsgi, "has_threads", True))
    for name in _VERSIONS:
        if name in sys.modules:
            facts[name] = _version(name)
    return Process(
        id=id_,
        host=socket.gethostname(),
        pid=os.getpid(),
        parent_pid=os.getppid(),
        started_ns=started_ns(),
        server=serving.server,
        worker_class=serving.worker_class,
        interface=serving.interface,
        python=platform.python_version(),
        django=django.get_version(),
        facts=facts,
        release=release,
    )


def is_gone(described: Process, now_ns: int) -> bool:
    """Tell whether a process has ended, or has been killed: then it is no more, or has not been heard of for long."""
    if described.ended_ns is not None:
        return True
    if not described.seen_ns:  # nobody knows
        return False
    if now_ns - described.seen_ns > SILENT_NS:
        return True
    if described.host != socket.gethostname():
        return False
    try:  # another container of the same name would have other pids, and none of them is that old
        return abs(psutil.Process(described.pid).create_time() * 1e9 - described.started_ns) > _TICK_NS
    except psutil.NoSuchProcess:
        return True
    except psutil.Error:
        return False


def pid_to_watch() -> int | None:
    """Return this process's pid where forks run none of Python's hooks (uWSGI), so that each request must look."""
    return os.getpid() if "uwsgi" in sys.modules else None


def threads_run() -> bool:
    """Tell whether a thread of ours runs by itself: in uWSGI without threads it does while a request gives way."""
    uwsgi = sys.modules.get("uwsgi")
    return uwsgi is None or bool(getattr(uwsgi, "has_threads", True)) or _uwsgi_worker() == "gevent"


def _recognise_wsgi(meta: Mapping[str, Any]) -> tuple[str, str]:
    software = str(meta.get("SERVER_SOFTWARE", ""))
    if "gunicorn.socket" in meta:
        return "gunicorn", _gunicorn_worker()
    if "uwsgi.version" in meta or "uwsgi" in sys.modules:
        return "uwsgi", _uwsgi_worker()
    if "mod_wsgi.version" in meta:
        return "mod_wsgi", "threads" if meta.get("wsgi.multithread") else "sync"
    if software == "Granian" or ("granian._granian" in sys.modules and "granian.wsgi" in sys.modules):
        return "granian", "threads"
    if "waitress.client_disconnected" in meta or software == "waitress":
        return "waitress", "threads"
    if "hypercorn.app_wrappers" in sys.modules and "wsgi.multithread" in meta and not software:
        return "hypercorn", "threads"
    if software.startswith("WSGIServer/"):
        return "runserver", "threads" if meta.get("wsgi.multithread") else "sync"
    return "unknown", "unknown"


def _recognise_asgi(scope: Mapping[str, Any]) -> tuple[str, str]:
    extensions = scope.get("extensions") or {}
    if os.environ.get("SERVER_SOFTWARE", "").startswith("gunicorn") and "gunicorn.arbiter" in sys.modules:
        return "gunicorn", _gunicorn_worker()
    if "http.response.pathsend" in extensions and "granian._granian" in sys.modules:
        return "granian", "asgi"
    if isinstance(scope.get("client"), list) and "daphne.server" in sys.modules:
        return "daphne", "asgi"
    if "hypercorn.run" in sys.modules or "hypercorn.asyncio" in sys.modules:
        return "hypercorn", _loop_kind()
    if "uvicorn.server" in sys.modules:
        return "uvicorn", _loop_kind()
    return "unknown", "unknown"


def _gunicorn_worker() -> str:
    return next((name for module, name in _GUNICORN_WORKERS.items() if module in sys.modules), "unknown")


def _uwsgi_worker() -> str:
    options = getattr(sys.modules.get("uwsgi"), "opt", {})
    if b"gevent" in options or "gevent" in options:
        return "gevent"
    return "threads" if any(name in options for name in (b"threads", "threads")) else "sync"


def _runs_uvloop() -> bool:
    # On a thread on which synchronous code runs for a loop, asgiref alone knows which.
    loop = asyncio._get_running_loop() or getattr(SyncToAsync.threadlocal, "main_event_loop", None)
    return loop is not None and type(loop).__module__.partition(".")[0] == "uvloop"


def _loop_kind() -> str:
    return "uvloop" if _runs_uvloop() else "asyncio"


def started_ns() -> int:
    """Return when the process started, by the operating system, else now."""
    try:
        return int(psutil.Process().create_time() * 1e9)
    except Exception:
        return time.time_ns()


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


# Under gevent two threads must not import the same at once, and processes are described on a native thread. What
# Python imports for the first such question, and since 3.13 that is a dozen modules, is here from now on.
_version("django")
