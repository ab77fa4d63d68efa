"""The demo's servers: the shop's three, and two for the tour's scenarios."""

import json
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from demo.children import Child

HOST = "127.0.0.1"
START_SECONDS = 60
"""How long a server may take until it answers."""


class Trouble(Exception):
    """Why the demo cannot go on; the text says what to do."""


def shop_servers(ports: list[int], logs: Path, tour: Mapping[str, str], **environment: str) -> dict[str, Child]:
    """Return the three servers, not started yet, by their addresses; the last knows where those of the `tour` are."""
    gunicorn, uvicorn, daphne = ports
    mounting = {"DEMO_MOUNT_DASHBOARD": "1", "DEMO_TOUR_SERVERS": json.dumps(tour)}
    environment["REQTRACE_DASHBOARD_URL"] = f"{_url(daphne)}/reqtrace/"  # for links from the others' toolbars
    return {
        _url(gunicorn): Child("gunicorn", _gunicorn(gunicorn, workers=2), logs, environment),
        _url(uvicorn): Child("uvicorn", _uvicorn(uvicorn), logs, environment),
        _url(daphne): Child("daphne", _daphne(daphne), logs, mounting | environment),
    }


def tour_servers(logs: Path, **environment: str) -> dict[str, Child]:
    """Return the servers of the tour's scenarios, not started yet, by their addresses; one process each.

    Apart from the shop's: what the scenarios break stays broken for whoever comes next on the same thread.
    """
    commands = {"gunicorn": partial(_gunicorn, workers=1), "uvicorn": partial(_uvicorn, loop="asyncio")}
    return {
        _url(port): Child(
            f"tour-{name}", command(port), logs, {"DEMO_TOUR_SERVER": name, "DEMO_DEBUG": "0"} | environment
        )
        for port, (name, command) in zip(free_ports(2), commands.items(), strict=True)
    }


def addresses_of(tour: Mapping[str, Child]) -> dict[str, str]:
    """Return the addresses of the tour's servers by the names under which scenarios ask for them."""
    return {child.name.removeprefix("tour-"): url for url, child in tour.items()}


def _url(port: int) -> str:
    return f"http://{HOST}:{port}"


def _gunicorn(port: int, workers: int) -> list[str]:
    threads = ["--workers", str(workers), "--worker-class", "gthread", "--threads", "4", "--no-control-socket"]
    return [sys.executable, "-m", "gunicorn", "--bind", f"{HOST}:{port}", *threads, "demo.wsgi"]


def _uvicorn(port: int, loop: str = "auto") -> list[str]:
    options = ["--host", HOST, "--port", str(port), "--loop", loop, "--no-access-log"]
    return [sys.executable, "-m", "uvicorn", *options, "demo.asgi:application"]


def _daphne(port: int) -> list[str]:
    return [sys.executable, "-m", "daphne", "--bind", HOST, "--port", str(port), "demo.asgi:application"]


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
