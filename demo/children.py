"""A child process of the demo: started in a group of its own, watched, and ended with all its workers."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

STOP_SECONDS = 15
"""How long a child may take to end after SIGTERM."""


class Died(Exception):
    """A child ended before it was told to; the text holds the end of its log."""


class Child:
    """A server or the traffic, writing into a log of its own."""

    def __init__(self, name: str, command: list[str], logs: Path, environment: Mapping[str, str] | None = None) -> None:
        """Describe a child; nothing starts yet."""
        self.name = name
        self.command = command
        self.environment = os.environ | dict(environment or {})
        self.log = logs / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, out of reach of the terminal's Ctrl-C: we end the children in their order."""
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                self.command, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )

    def require_alive(self) -> None:
        """Raise `Died` when it has ended."""
        assert self.process is not None
        code = self.process.poll()
        if code is not None:
            raise Died(f"{self.name} ended with exit code {code}; its log {self.log} ends:\n{self.tail()}")

    def stop(self) -> bool:
        """End it with all its workers; return whether it ended well (one that never started did)."""
        if self.process is None:
            return True
        died_before = self.process.poll() is not None
        self.process.terminate()
        try:
            code = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            return False
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)  # whoever of its group is still there
            self.process.wait()
        # A server that does not handle SIGTERM itself dies of it, as it should.
        return not died_before and code in (0, -signal.SIGTERM)

    def tail(self, lines: int = 20) -> str:
        """Return the end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
