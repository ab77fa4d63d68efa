"""The demo's servers: the shop's three, and two for the tour's scenarios."""

import json
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable
from pathlib import Path

from demo.children import Child

HOST = "127.0.0.1"
START_SECONDS = 60
"""How long a server may take until it answers."""


class Trouble(Exception):
    """Why the demo cannot go on; the text says what to do."""


def servers(ports: list[int], logs: Path, tour: Iterable[str]) -> dict[str, Child]:
    """Return the three servers, not started yet, by their addresses; the last tells where the `tour`'s are."""
    gunicorn, uvicorn, daphne = ports
    python = [sys.executable, "-m"]
    threads = ["--workers", "2", "--worker-class", "gthread", "--threads", "4", "--no-control-socket"]
    return {
        f"http://{HOST}:{gunicorn}": Child(
            "gunicorn", [*python, "gunicorn", "--bind", f"{HOST}:{gunicorn}", *threads, "demo.wsgi"], logs
        ),
        f"http://{HOST}:{uvicorn}": Child(
            "uvicorn",
            [*python, "uvicorn", "--host", HOST, "--port", str(uvicorn), "--no-access-log", "demo.asgi:application"],
            logs,
        ),
        f"http://{HOST}:{daphne}": Child(
            "daphne",
            [*python, "daphne", "--bind", HOST, "--port", str(daphne), "demo.asgi:application"],
            logs,
            environment={
                "DEMO_MOUNT_DASHBOARD": "1",
                "DEMO_TOUR_SERVERS": json.dumps(dict(zip(("gunicorn", "uvicorn"), tour, strict=True))),
            },
        ),
    }


def tour_servers(logs: Path, **environment: str) -> dict[str, Child]:
    """Return the servers of the tour's scenarios, not started yet, by their addresses; one process each.

    Apart from the shop's: what the scenarios break stays broken for whoever comes next on the same thread.
    """
    gunicorn, uvicorn = free_ports(2)
    python = [sys.executable, "-m"]
    threads = ["--workers", "1", "--worker-class", "gthread", "--threads", "4", "--no-control-socket"]
    return {
        f"http://{HOST}:{gunicorn}": Child(
            "tour-gunicorn",
            [*python, "gunicorn", "--bind", f"{HOST}:{gunicorn}", *threads, "demo.wsgi"],
            logs,
            environment={"DEMO_TOUR_SERVER": "gunicorn", "DEMO_DEBUG": "0", **environment},
        ),
        f"http://{HOST}:{uvicorn}": Child(
            "tour-uvicorn",
            [*python, "uvicorn", "--host", HOST, "--port", str(uvicorn), "--no-access-log", "demo.asgi:application"],
            logs,
            environment={"DEMO_TOUR_SERVER": "uvicorn", "DEMO_DEBUG": "0", **environment},
        ),
    }


def free_ports(count: int) -> list[int]:
    """Return ports at which nobody listens."""
    probes = [socket.create_server((HOST, 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def require_free(ports: list[int]) -> None:
    """Make sure that nobody listens on these ports."""
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError as error:
                raise Trouble(
                    f"Port {port} is taken ({error.strerror}). End what listens there, or choose others: "
                    'make demo PORTS="9001 9002 9003"'
                ) from None


def wait_until_it_answers(url: str, child: Child, agent: str = "") -> None:
    """Wait for the server's first page, as the browser `agent`.

    Raises:
        Died: when it ended instead.
        Trouble: when it answered wrongly, or not at all.

    """
    page = urllib.request.Request(f"{url}/terms.txt", headers={"User-Agent": agent})
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        child.require_alive()
        try:
            with urllib.request.urlopen(page, timeout=5):
                return
        except urllib.error.HTTPError as error:
            raise Trouble(f"{child.name} answers {error.code}; its log {child.log} ends:\n{child.tail()}") from None
        except OSError:
            time.sleep(0.1)
    raise Trouble(f"{child.name} did not answer within {START_SECONDS} s; its log {child.log} ends:\n{child.tail()}")
