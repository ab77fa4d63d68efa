"""Both ends of the wire: servers in processes of their own, and visitors who come over real HTTP and WebSockets."""

import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from dashboard.protocol import Batch, Hello, Seen, ServerMessage
from reqtrace.stores.sqlite import SqliteStore

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = ("alice", "staff", "staff_leaving", "staff_deleted", "staff_signing_out")


class Place:
    """A directory with a project's database and store in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.store = SqliteStore(f"sqlite:///{path / 'traces.sqlite3'}")
        self.environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "tests.dashboard.project",
            "TEST_PLACE": str(path),
            "PYTHONUNBUFFERED": "1",
        }
        subprocess.run(self.command("-m", "tests.dashboard.prepare", *PEOPLE), check=True, timeout=60, **self.options)

    @property
    def options(self) -> dict[str, Any]:
        return {"cwd": ROOT, "env": self.environment}

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, *arguments]

    def change(self, sql: str) -> None:
        """Change the project's database behind the server's back."""
        with closing(sqlite3.connect(self.path / "project.sqlite3", timeout=20)) as connection:
            connection.execute(sql)
            connection.commit()

    @contextmanager
    def running(self, *arguments: str, says: str) -> Iterator["Running"]:
        """Run a server until the block ends; it is up when it has printed something that matches `says`."""
        process = subprocess.Popen(
            self.command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **self.options
        )
        running = None
        try:
            assert process.stdout is not None
            printed = ""
            while not (found := re.search(says, printed)):
                line = process.stdout.readline()
                assert line, f"the server ended: {printed}"
                printed += line
            running = Running(process, found)
            yield running
        finally:
            process.terminate()
            rest, _ = process.communicate(timeout=20)
            if running is not None:
                running.printed += rest


class Running:
    """A server that is up."""

    def __init__(self, process: subprocess.Popen[str], found: re.Match[str]) -> None:
        self.process = process
        self.printed = found.string
        self.address = found.group("address")

    @contextmanager
    def visitor(self, name: str | None = None) -> Iterator[httpx.Client]:
        """Open a browser's HTTP half; with a name, signed in."""
        with httpx.Client(base_url=f"http://{self.address}", timeout=20) as client:
            if name is not None:
                client.get("/sign-in/")
                form = {"username": name, "password": name, "csrfmiddlewaretoken": client.cookies["reqtrace_csrftoken"]}
                answer = client.post("/sign-in/", data=form)
                assert answer.status_code == 302, answer.text
            yield client

    def socket(self, client: httpx.Client, **changes: Any) -> ClientConnection:
        """Open a browser's other half, with the cookies that the first has."""
        cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        given = {"origin": f"http://{self.address}", "path": "/reqtrace/live/", "headers": {}} | changes
        return connect(
            f"ws://{self.address}{given['path']}",
            origin=given["origin"],
            additional_headers={"Cookie": cookies} | given["headers"],
            max_size=None,
            open_timeout=20,
            proxy=None,
        )

    def refusal(self, client: httpx.Client, **changes: Any) -> int:
        """Return the status with which the server refuses a socket."""
        with pytest.raises(InvalidStatus) as refused:
            self.socket(client, **changes).close()
        return refused.value.response.status_code


def see(socket: ClientConnection, position: int) -> None:
    """Say that everything up to a position was seen."""
    socket.send(msgspec.json.encode(Seen(position=position)).decode())


def hear(socket: ClientConnection, *, seeing: bool = True) -> ServerMessage:
    """Receive the next message; say that it was seen, as the page does, unless told otherwise."""
    message = msgspec.json.decode(socket.recv(timeout=20), type=ServerMessage)
    if seeing and hasattr(message, "position"):
        see(socket, message.position)
    return message


def hear_greeting(socket: ClientConnection, *, seeing: bool = True) -> list[Hello | Batch]:
    """Receive the state so far: a `Hello`, and the batches that hold what it could not; the last has its position."""
    messages = [hear_until(socket, Hello, seeing=seeing)]
    while not messages[-1].position:
        messages.append(hear_until(socket, Batch, seeing=seeing))
    return messages


def hear_until(socket: ClientConnection, type_: type, *, seeing: bool = True) -> Any:
    """Receive up to the next message of a type."""
    while not isinstance(message := hear(socket, seeing=seeing), type_):
        pass
    return message
