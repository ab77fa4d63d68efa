"""The server under stress: one that runs already, or one started for the run and ended after it."""

import http.client
import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from django.conf import settings
from django.http.request import validate_host

from reqtrace import conf
from reqtrace.exceptions import QueryError

_START_SECONDS = 30
_STOP_SECONDS = 10
_REPLY_SECONDS = 10
_ENDING = (signal.SIGINT, signal.SIGTERM)
RUNSERVER = f"{shlex.quote(sys.executable)} -m django runserver --noreload 127.0.0.1:{{port}}"


class Server(msgspec.Struct, frozen=True):
    """Where a server listens, and where its traces go."""

    base_url: str
    store: str
    """The address of its store."""

    def connect(self) -> http.client.HTTPConnection:
        """Return a connection of its own, not yet open."""
        parts = urlsplit(self.base_url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        return kind(parts.hostname or "", parts.port, timeout=_REPLY_SECONDS)

    @property
    def host(self) -> str:
        """The Host header: what the URL says, or a name that the project answers to."""
        netloc = urlsplit(self.base_url).netloc
        allowed = [name for name in settings.ALLOWED_HOSTS if name != "*"]
        name = netloc.rpartition(":")[0] or netloc
        if not allowed or "*" in settings.ALLOWED_HOSTS or validate_host(name, allowed):
            return netloc
        return allowed[0].lstrip(".")


def running(base_url: str, *, allow_remote: bool) -> Server:
    """Return the server that listens at a URL.

    Raises:
        QueryError: when it is on another machine and that is not allowed, or does not answer.

    """
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise QueryError("base-url", f"--base-url is {base_url!r}; it takes a URL such as http://127.0.0.1:8000.")
    if not allow_remote and not _is_loopback(parts.hostname):
        raise QueryError(
            "base-url", f"{parts.hostname} is not this machine; give --allow-remote to stress it all the same."
        )
    server = Server(f"{parts.scheme}://{parts.netloc}", conf.get().store)
    if not _listens(server):
        raise QueryError("base-url", f"No server answers at {base_url}; start it, or leave the URL away to have one.")
    return server


@contextmanager
def started(command: str) -> Iterator[Server]:
    """Start a server, with ``{port}`` in its command filled in, and end it with all its workers.

    Raises:
        QueryError: when it does not come up; the text ends with its own last words.

    """
    if "{port}" not in command:
        raise QueryError("server", f"--server is {command!r}; write {{port}} where its port belongs.")
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="reqtrace-stress-", ignore_cleanup_errors=True) as folder:
        store = conf.get().store
        if store.startswith("memory:"):  # which we could not read from here
            store = f"sqlite:///{Path(folder) / 'traces.sqlite3'}"
        server = Server(f"http://127.0.0.1:{port}", store)
        log = Path(folder) / "server.log"
        process = None
        try:
            with _uninterrupted():
                process = _start(command.replace("{port}", str(port)), log, store)
            _await(server, process, log)
            yield server
        finally:
            with _uninterrupted():
                if process is not None:
                    _stop(process)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let signals that end the run wait for the block's end, so that no server is left to itself."""
    came: list[int] = []
    before = {number: signal.signal(number, lambda one, _: came.append(one)) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for one in came:
        signal.raise_signal(one)


def _start(command: str, log: Path, store: str) -> subprocess.Popen[bytes]:
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": settings.SETTINGS_MODULE,
        "PYTHONPATH": os.pathsep.join(path for path in (str(Path.cwd()), *sys.path) if path),
        "REQTRACE_STORE": store,
    }
    try:
        with log.open("wb") as output:
            return subprocess.Popen(  # noqa: S603  the command is the caller's own
                shlex.split(command),
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C is for us: the server must outlast the last request
            )
    except (OSError, ValueError) as error:
        raise QueryError("server", f"--server cannot be started: {error}.") from error


def _await(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not _listens(server):
        if process.poll() is not None or time.monotonic() > deadline:
            words = log.read_text(errors="replace").strip()[-2000:] or "It said nothing."
            how = "does not answer" if process.poll() is None else f"ended with exit code {process.returncode}"
            raise QueryError("server", f"The server {how}. Its log ends:\n{words}")
        time.sleep(0.05)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # whoever of its group is still there
    process.wait()


def _listens(server: Server) -> bool:
    connection = server.connect()
    try:
        connection.connect()
    except OSError:
        return False
    finally:
        connection.close()
    return True


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
