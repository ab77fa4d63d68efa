"""Starts the real servers with the test project, and ends them."""

import importlib.util
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from reqtrace.reading.reader import Reader
from reqtrace.records import Process, Request, Thread
from reqtrace.stores.sqlite import SqliteStore
from tests.conftest import eventually

ROOT = Path(__file__).resolve().parents[2]
WSGI, ASGI = "tests.wsgi:application", "tests.asgi:application"

COMMANDS: Mapping[str, str] = {
    "runserver": "{python} manage.py runserver --noreload 127.0.0.1:{port}",
    "gunicorn-sync": "{bin}/gunicorn -b 127.0.0.1:{port} -w 2 -k sync " + WSGI,
    "gunicorn-gthread": "{bin}/gunicorn -b 127.0.0.1:{port} -w 2 -k gthread --threads 4 " + WSGI,
    "gunicorn-preload": "{bin}/gunicorn -b 127.0.0.1:{port} -w 2 -k gthread --threads 4 --preload " + WSGI,
    "gunicorn-gevent": "{bin}/gunicorn -b 127.0.0.1:{port} -w 1 -k gevent " + WSGI,
    "gunicorn-gevent-preload": "{bin}/gunicorn -b 127.0.0.1:{port} -w 1 -k gevent --preload " + WSGI,
    "gunicorn-uvicorn": "{bin}/gunicorn -b 127.0.0.1:{port} -k uvicorn_worker.UvicornWorker " + ASGI,
    "uvicorn": "{bin}/uvicorn --port {port} --loop asyncio " + ASGI,
    "uvicorn-uvloop": "{bin}/uvicorn --port {port} --loop uvloop " + ASGI,
    "daphne": "{bin}/daphne -b 127.0.0.1 -p {port} " + ASGI,
    "hypercorn": "{bin}/hypercorn -b 127.0.0.1:{port} " + ASGI,
    "hypercorn-wsgi": "{bin}/hypercorn -b 127.0.0.1:{port} wsgi:" + WSGI,
    "granian": "{bin}/granian --interface asgi --port {port} " + ASGI,
    "granian-wsgi": "{bin}/granian --interface wsgi --blocking-threads 4 --port {port} " + WSGI,
    "waitress": "{bin}/waitress-serve --listen=127.0.0.1:{port} --threads=4 " + WSGI,
    "uwsgi": "{bin}/uwsgi --http-socket 127.0.0.1:{port} --module " + WSGI + " --master --processes 2 --die-on-term",
    "uwsgi-threads": "{bin}/uwsgi --http-socket 127.0.0.1:{port} --module " + WSGI + " --threads 4 --die-on-term",
}
MODULES = {"runserver": "django", "gunicorn-uvicorn": "uvicorn_worker", "gunicorn-gevent": "gevent"}


class Server:
    """A real server, and what it has recorded."""

    def __init__(self, name: str, port: int, process: subprocess.Popen[bytes], store: SqliteStore, log: Path) -> None:
        """Speak to the server that `process` runs on `port`."""
        self.name = name
        self.process = process
        self.url = f"http://127.0.0.1:{port}"
        self.port = port
        self.store = store
        self.log = log

    def stop(self, number: int = signal.SIGTERM) -> None:
        """End the server as an operator would, and wait for it."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(5)
            raise

    def requests(self) -> list[Request]:
        """Return all recorded requests but those by which the tests found out that the server runs."""
        return [request for request in Reader(self.store).requests() if request.path != "/nowhere/"]

    def threads(self) -> list[Thread]:
        """Return all recorded threads."""
        return list(Reader(self.store).threads())

    def processes(self) -> list[Process]:
        """Return all recorded processes."""
        return list(Reader(self.store).processes())


def require(name: str) -> None:
    """Skip the test when the server is not installed."""
    module = MODULES.get(name, name.partition("-")[0])
    if module == "uwsgi":
        if not (Path(sys.executable).parent / "uwsgi").exists():
            pytest.skip("uWSGI is not installed")
    elif importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed")


@contextmanager
def serve(
    name: str, directory: Path, application: str = ASGI, patience: float = 30, **environment: str
) -> Iterator[Server]:
    """Run a server on a free port, with a store and a database of its own, until the block ends.

    It must answer within `patience` seconds.
    """
    require(name)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    file = directory / "traces.sqlite3"
    command = COMMANDS[name].format(python=sys.executable, bin=Path(sys.executable).parent, port=port)
    command = command.replace(ASGI, application)
    log = directory / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command.split(),
            cwd=ROOT,
            env=os.environ
            | {
                "DJANGO_SETTINGS_MODULE": "tests.servers.settings",
                "REQTRACE_STORE": f"sqlite:///{file}",
                "TEST_DATABASE": str(directory / "db.sqlite3"),
                "PYTHONPATH": str(ROOT),
                "PYTHONWARNINGS": "default",
            }
            | environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    store = SqliteStore(f"sqlite:///{file}")
    server = Server(name, port, process, store, log)
    try:
        eventually(lambda: _answers(server), patience)
        yield server
    finally:
        if process.poll() is None:
            server.stop()
        store.close()


def _answers(server: Server) -> bool:
    assert server.process.poll() is None, server.log.read_text()
    try:
        return httpx.get(f"{server.url}/nowhere/", timeout=5).status_code == 404
    except httpx.TransportError:
        return False
