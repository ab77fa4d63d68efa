"""Odd loads for a clean application: whatever a tool reports of these is a false alarm."""

import http.client
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import cycle

from demo.lab.odd_people import ODD
from demo.lab.servers import Running

_TIMEOUT_SECONDS = 20
_BODY = b"x" * 300_000
"""More than the 64 KiB at which servers stop reading ahead."""


def storm(running: Running, *, quick: bool) -> int:
    """Send many requests at once, by many people, to both kinds of view."""
    with ThreadPoolExecutor(24) as pool:
        return sum(pool.map(lambda number: _visit(running, number, f"storm-{number}"), range(72 if quick else 300)))


def cancelled(running: Running, *, quick: bool) -> int:
    """Hang up while the view waits."""
    for number in range(4 if quick else 12):
        with suppress(OSError), socket.create_connection(("127.0.0.1", running.port), _TIMEOUT_SECONDS) as connection:
            connection.sendall(_request(number, f"cancelled{number}-", "?of=2&patience=0.1"))
            connection.settimeout(0.03)
            connection.recv(1)
    return sum(_visit(running, number, f"afterwards-{number}") for number in range(6))


def kept_alive(running: Running, *, quick: bool) -> int:
    """Send a thousand requests over one connection, each by somebody else."""
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=_TIMEOUT_SECONDS)
    answers = 0
    for number in range(50 if quick else 1_000):
        with suppress(OSError, http.client.HTTPException):
            answers += _ask(connection, number, f"kept-{number}", keeps_alive=running.server.keeps_alive)
    connection.close()
    return answers


def pipelined(running: Running, *, quick: bool) -> int:
    """Send requests without waiting for the answers; servers that take one a connection answer one."""
    answers = b""
    for turn in range(2 if quick else 6):
        with suppress(OSError), socket.create_connection(("127.0.0.1", running.port), _TIMEOUT_SECONDS) as connection:
            connection.sendall(b"".join(_request(number, f"piped{turn}-{number}") for number in range(8)))
            connection.settimeout(0.5)
            while part := connection.recv(65_536):
                answers += part
    return answers.count(b"HTTP/1.")


def large(running: Running, *, quick: bool) -> int:
    """Send large bodies, and small requests by others behind them over the same connection."""
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=_TIMEOUT_SECONDS)
    answers = 0
    for number in range(6 if quick else 24):
        with suppress(OSError, http.client.HTTPException):
            body = _BODY if number % 3 == 0 else None
            answers += _ask(connection, number, f"large-{number}", body, keeps_alive=running.server.keeps_alive)
    connection.close()
    return answers


def odd_people(running: Running, *, quick: bool) -> int:
    """Be people of odd kinds, with requests of odd classes."""
    answers = 0
    for number, kind in zip(range(15 if quick else 60), cycle(ODD)):
        answers += _visit(running, number, f"odd-{number}", **{"X-Odd": kind})
    return answers


LOADS: dict[str, Callable[..., int]] = {
    "storm": storm,
    "cancelled": cancelled,
    "keep-alive": kept_alive,
    "pipelined": pipelined,
    "large bodies": large,
    "odd people": odd_people,
}
"""All of them; each returns how many answers came."""


def _visit(running: Running, number: int, key: str, **headers: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=_TIMEOUT_SECONDS)
    try:
        return _ask(connection, number, key, **headers)
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def _ask(
    connection: http.client.HTTPConnection,
    number: int,
    key: str,
    body: bytes | None = None,
    *,
    keeps_alive: bool = True,
    **headers: str,
) -> int:
    """Return 1 when an answer came, and says the right name."""
    connection.request("GET" if body is None else "POST", _path(number, key), body, _headers(number) | headers)
    response = connection.getresponse()
    page = response.read().decode()
    if not keeps_alive:
        connection.close()
    if response.status == 200 and not headers and not page.startswith(_name(number)):
        raise AssertionError(f"{_name(number)} was answered {page!r}")
    return 1


def _request(number: int, key: str, query: str = "") -> bytes:
    headers = "".join(f"{name}: {text}\r\n" for name, text in {"Host": "127.0.0.1", **_headers(number)}.items())
    return f"GET {_path(number, key)}{query} HTTP/1.1\r\n{headers}\r\n".encode()


def _path(number: int, key: str) -> str:
    return f"/{('sync', 'async')[number % 2]}/{key}/"


def _headers(number: int) -> dict[str, str]:
    return {"X-Person": f"{number % 7} {_name(number)}"} if number % 7 else {}


def _name(number: int) -> str:
    return f"person{number % 7}" if number % 7 else "anonymous"
