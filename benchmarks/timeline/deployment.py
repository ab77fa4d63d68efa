"""The real way from a worker's shipper to the browser: a store, a process that writes it, and the dashboard's."""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

ROOT = Path(__file__).parents[2]
ADDRESS = re.compile(r"http://\S+/reqtrace/")
STOP_SECONDS = 20


class Deployment(AbstractContextManager["Deployment"]):
    """A store in a folder of its own, and a dashboard over it, while the context lasts."""

    def __init__(self) -> None:
        self._ends = ExitStack()
        self.url = ""

    def __enter__(self) -> Self:
        self._store = Path(self._ends.enter_context(tempfile.TemporaryDirectory())) / "traces.sqlite3"
        dashboard = self._ends.enter_context(self._running("dashboard", stdout=subprocess.PIPE))
        assert dashboard.stdout is not None
        for line in dashboard.stdout:
            if found := ADDRESS.search(line):
                self.url = found[0]
                break
        else:
            raise RuntimeError("The dashboard ended before it could be reached.")
        self.dashboard = psutil.Process(dashboard.pid)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.close()

    def fill(self, requests: int, rate: int) -> None:
        """Write as many requests, faster than they would come, and wait until they are written."""
        with self._running("writer", str(rate), str(requests)) as writer:
            if writer.wait() != 0:
                raise RuntimeError("The writer failed.")

    def traffic(self, rate: int) -> AbstractContextManager[object]:
        """Let requests arrive while the context lasts, so many a second."""
        return self._running("writer", str(rate))

    def sockets(self, count: int, seconds: float) -> str:
        """Let so many browsers listen; returns what they print."""
        address = self.url.replace("http://", "ws://") + "live/"
        with self._running("sockets", address, str(count), str(seconds), stdout=subprocess.PIPE) as listening:
            return listening.communicate()[0]

    def cpu_seconds(self) -> float:
        """Return how long the dashboard's process has worked."""
        times = self.dashboard.cpu_times()
        return float(times.user + times.system)

    def resident(self) -> float:
        """Return the MiB that the dashboard's process occupies."""
        return float(self.dashboard.memory_info().rss) / 2**20

    @contextmanager
    def _running(self, module: str, *arguments: str, stdout: int | None = None) -> Iterator[subprocess.Popen[str]]:
        command = [sys.executable, "-u", "-m", f"benchmarks.timeline.{module}", *arguments]
        environment = os.environ | {"REQTRACE_STORE": f"sqlite:///{self._store}"}
        with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=stdout, text=True) as process:
            try:
                yield process
            finally:
                process.terminate()
                process.wait(STOP_SECONDS)
