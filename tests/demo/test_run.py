"""The demo as `make demo` runs it: real servers, real people, and a clean end."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 90
"""How long anything here may take."""

pytestmark = pytest.mark.server


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    # The toolbar takes pytest's mark for a test run of its own project, in which it refuses to work.
    inherited = {name: value for name, value in os.environ.items() if name != "PYTEST_VERSION"}
    return inherited | {
        "DJANGO_SETTINGS_MODULE": "demo.settings",
        "DEMO_VAR": str(tmp_path / "var"),
        "PYTHONUNBUFFERED": "1",
    }


@pytest.fixture
def ports() -> list[int]:
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    numbers = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return numbers


class Demo:
    """A running demo, and what it prints."""

    def __init__(self, ports: list[int], environment: dict[str, str], output: Path) -> None:
        self.output = output
        with output.open("wb") as file:
            self.process = subprocess.Popen(
                command(ports), cwd=ROOT, env=environment, stdout=file, stderr=file, start_new_session=True
            )

    @property
    def printed(self) -> str:
        return self.output.read_text()

    def wait_for(self, truth: Callable[[], bool]) -> None:
        deadline = time.monotonic() + SECONDS
        while not truth():
            assert self.process.poll() is None, self.printed
            assert time.monotonic() < deadline, self.printed
            time.sleep(0.05)

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self.process.wait(SECONDS)


@pytest.fixture
def demo(ports: list[int], environment: dict[str, str], tmp_path: Path) -> Iterator[Demo]:
    demo = Demo(ports, environment, tmp_path / "output.txt")
    try:
        demo.wait_for(lambda: "Ctrl-C ends it all." in demo.printed)
        yield demo
    finally:
        demo.end()


def command(ports: list[int], *options: str) -> list[str]:
    return [sys.executable, "-m", "demo.run", "--ports", *map(str, ports), *options]


def run(arguments: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        arguments, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )


def test_an_unattended_demo_leaves_a_trace_of_all_three_servers_and_their_people(
    ports: list[int], environment: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "trace.json"
    done = run(command(ports, "--seconds", "8", "--export", str(file)), environment)
    assert done.returncode == 0, done.stdout + done.stderr
    trace = json.loads(file.read_bytes())
    assert {process["server"] for process in trace["processes"]} == {"gunicorn", "uvicorn", "daphne"}
    people = {request["user"]["label"] for request in trace["requests"] if request["user"]["label"]}
    assert {"alice", "bob", "carol", "dave"} <= people
    assert trace["dropped"] == 0


def test_a_taken_port_is_named_and_nothing_is_started(
    ports: list[int], environment: dict[str, str], tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", ports[1])):
        done = run(command(ports), environment)
    assert done.returncode == 1
    assert f"Port {ports[1]} is taken" in done.stderr
    assert "PORTS=" in done.stderr
    assert not list(tmp_path.glob("var/log/*"))


def test_ctrl_c_ends_the_demo_with_all_its_processes_and_with_success(demo: Demo) -> None:
    family = demo.family()
    names = " ".join(" ".join(member.cmdline()) for member in family)
    assert all(server in names for server in ("gunicorn", "uvicorn", "daphne", "demo.traffic"))
    demo.end()
    assert demo.process.returncode == 0, demo.printed
    assert [member for member in family if member.is_running()] == []


def test_a_server_that_dies_is_reported_with_the_end_of_its_log(demo: Demo) -> None:
    uvicorn = next(member for member in demo.family() if "uvicorn" in member.cmdline())
    uvicorn.kill()
    assert demo.process.wait(SECONDS) == 1
    assert "uvicorn ended with exit code -9" in demo.printed
    assert "Application startup complete" in demo.printed


def test_preparing_the_shop_again_changes_nothing(environment: dict[str, str]) -> None:
    first, again = (run([sys.executable, "manage.py", "prepare"], environment) for _ in range(2))
    assert first.returncode == 0, first.stderr
    assert first.stdout == again.stdout == "The shop is ready: 8 products, 5 accounts.\n"
