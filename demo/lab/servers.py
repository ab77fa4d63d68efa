"""How each server is started for the lab, and how many requests it takes at once."""

import importlib.util
import os
import shutil
import socket
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from demo.children import Child, Died

ROOT = Path(__file__).resolve().parents[2]
THREADS = 4
CLIENTS = 8
START_SECONDS = 60
_WSGI, _ASGI = "demo.lab.wsgi:application", "demo.lab.asgi:application"
_BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Server:
    """One way to run the lab's application; always in a single process, which all clients share."""

    name: str
    command: str
    """``{port}`` and ``{directory}`` are filled in; the first word is a module of Python's, or a program beside it."""
    module: str
    """What must be installed."""
    package: str = ""
    """Its name for pip, where that is another; with what else it takes."""
    is_asgi: bool = False
    at_once: int = CLIENTS
    """How many requests it can have in flight in its process."""
    has_greenlets: bool = False
    keeps_alive: bool = True
    """Whether a connection serves more than one request."""
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_installed(self) -> bool:
        """Tell whether it can be started here."""
        return importlib.util.find_spec(self.module) is not None or shutil.which(self.module, path=_BIN) is not None

    @property
    def needs(self) -> str:
        """Say what to install."""
        return f"pip install {self.package or self.module}"

    @property
    def stacks(self) -> tuple[str, ...]:
        """Return the middleware stacks that differ under it: under WSGI both run synchronously."""
        return ("sync", "async") if self.is_asgi else ("sync",)


_GUNICORN = "gunicorn -b 127.0.0.1:{port} -w 1 --keep-alive 30 --log-level warning "
_UWSGI = f"uwsgi --http-socket 127.0.0.1:{{port}} --module {_WSGI} --die-on-term --disable-logging "
_MOD_WSGI = (
    "mod_wsgi-express start-server demo.lab.wsgi --application-type module --host 127.0.0.1 --port {port} "
    "--server-root {directory}/apache --processes 1 --keep-alive-timeout 30 --locale C.UTF-8 --log-to-terminal "
)
_MOD_WSGI_PACKAGE = "mod_wsgi, with Apache and its development files (apache2, apache2-dev) to build it against"
_GEVENT = {"LAB_PAUSE": "gevent"}

SERVERS: dict[str, Server] = {
    server.name: server
    for server in (
        Server("runserver", "manage.py runserver --noreload 127.0.0.1:{port}", "django"),
        Server("runserver --nothreading", "manage.py runserver --noreload --nothreading 127.0.0.1:{port}", "django",
               at_once=1),
        Server("gunicorn sync", f"{_GUNICORN} -k sync {_WSGI}", "gunicorn", at_once=1),
        Server("gunicorn gthread", f"{_GUNICORN} -k gthread --threads {THREADS} {_WSGI}", "gunicorn", at_once=THREADS),
        Server("gunicorn gevent", f"{_GUNICORN} -k gevent {_WSGI}", "gevent", has_greenlets=True),
        Server("gunicorn gevent --preload", f"{_GUNICORN} -k gevent --preload {_WSGI}", "gevent", has_greenlets=True),
        Server("waitress", f"waitress --listen=127.0.0.1:{{port}} --threads={THREADS} {_WSGI}", "waitress",
               at_once=THREADS),
        Server("granian WSGI", f"granian --interface wsgi --blocking-threads {THREADS} --port {{port}} {_WSGI}",
               "granian", at_once=THREADS),
        Server("hypercorn WSGI", f"hypercorn -b 127.0.0.1:{{port}} wsgi:{_WSGI}", "hypercorn", at_once=THREADS),
        Server("uWSGI", f"{_UWSGI} --master --processes 1", "uwsgi", at_once=1, keeps_alive=False),
        Server("uWSGI threads", f"{_UWSGI} --threads {THREADS}", "uwsgi", at_once=THREADS, keeps_alive=False),
        Server("uWSGI gevent, unpatched", f"{_UWSGI} --gevent 20", "uwsgi", has_greenlets=True, keeps_alive=False,
               environment=_GEVENT),
        Server("uWSGI gevent, patched late", f"{_UWSGI} --gevent 20 --gevent-monkey-patch", "uwsgi",
               has_greenlets=True, keeps_alive=False),
        Server("uWSGI gevent, patched early", f"{_UWSGI} --gevent 20 --gevent-early-monkey-patch", "uwsgi",
               has_greenlets=True, keeps_alive=False),
        Server("mod_wsgi", f"{_MOD_WSGI} --threads 1", "mod_wsgi", _MOD_WSGI_PACKAGE, at_once=1),
        Server("mod_wsgi threads", f"{_MOD_WSGI} --threads {THREADS}", "mod_wsgi", _MOD_WSGI_PACKAGE, at_once=THREADS),
        Server("gunicorn uvicorn", f"{_GUNICORN} -k uvicorn_worker.UvicornWorker {_ASGI}", "uvicorn_worker",
               "uvicorn-worker", is_asgi=True),
        Server("uvicorn asyncio", f"uvicorn --port {{port}} --loop asyncio --no-access-log {_ASGI}", "uvicorn",
               is_asgi=True),
        Server("uvicorn uvloop", f"uvicorn --port {{port}} --loop uvloop --no-access-log {_ASGI}", "uvloop",
               is_asgi=True),
        Server("daphne", f"daphne -b 127.0.0.1 -p {{port}} -v 0 {_ASGI}", "daphne", is_asgi=True),
        Server("hypercorn", f"hypercorn -b 127.0.0.1:{{port}} {_ASGI}", "hypercorn", is_asgi=True),
        Server("granian", f"granian --interface asgi --port {{port}} {_ASGI}", "granian", is_asgi=True),
    )
}  # fmt: skip
"""All servers, by name."""


@dataclass(frozen=True)
class Running:
    """A server that answers, and the files in which it writes."""

    server: Server
    port: int
    child: Child
    truth: Path
    store: str


@contextmanager
def running(server: Server, stack: str, holders: str = "", **environment: str) -> Iterator[Running]:
    """Run a server with that middleware stack until the block ends.

    Args:
        server: one of `SERVERS`.
        stack: ``sync`` or ``async``.
        holders: names of `demo.lab.holders.HOLDERS` with commas; all when empty.
        environment: further variables.

    Raises:
        Died: when it does not start, or does not end as it should.

    """
    with tempfile.TemporaryDirectory(prefix="reqtrace-lab-") as name:
        directory = Path(name)
        port = free_port()
        settings = {
            **environment_of("demo.lab.project", directory),
            "LAB_STACK": stack,
            "LAB_TRUTH": str(directory / "truth.ndjson"),
            **({"LAB_HOLDERS": holders} if holders else {}),
            **server.environment,
            **environment,
        }
        child = Child(server.name, _command(server, port, directory), directory, settings)
        child.start()
        try:
            _wait_until_it_answers(child, port)
            yield Running(server, port, child, directory / "truth.ndjson", settings["REQTRACE_STORE"])
        finally:
            child.stop()


def environment_of(project: str, directory: Path) -> dict[str, str]:
    """Return the environment in which the processes of a lab run `project`, with their traces in `directory`."""
    return {
        "DJANGO_SETTINGS_MODULE": project,
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "ignore",
        "REQTRACE_STORE": f"sqlite:///{directory / 'traces.sqlite3'}",
    }


def free_port() -> int:
    """Return a port at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _command(server: Server, port: int, directory: Path) -> list[str]:
    program, *arguments = server.command.format(port=port, directory=directory).split()
    if program == "manage.py":
        return [sys.executable, str(ROOT / program), *arguments]
    if program == "uwsgi":
        return [str(_BIN / program), "--virtualenv", sys.prefix, *arguments]
    if program == "mod_wsgi-express":
        # Started by root, Apache would run the application as somebody who may have no access to the project.
        as_nobody_special = ["unshare", "--map-user=1", "--map-group=1"] if os.geteuid() == 0 else []
        return [*as_nobody_special, str(_BIN / program), *arguments]
    return [sys.executable, "-m", program, *arguments]


def _wait_until_it_answers(child: Child, port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        child.require_alive()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/sync/warm-0/", timeout=5):
                return
        except urllib.error.HTTPError as error:
            raise Died(f"{child.name} answers {error.code}; its log ends:\n{child.tail()}") from None
        except OSError:
            time.sleep(0.05)
    raise Died(f"{child.name} did not answer within {START_SECONDS} s; its log ends:\n{child.tail()}")
