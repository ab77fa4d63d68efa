"""The Firefox Profiler, asked on the command line."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.conftest import eventually
from tests.judges.node import node, package


class FirefoxProfiler:
    """A profile that is loaded."""

    def __init__(self, folder: Path) -> None:
        """Keep all that the program writes in `folder`."""
        script = package("@firefox-devtools/profiler-cli") / "dist" / "profiler-cli.js"
        self._command = [node(), str(script)]
        self._environment = os.environ | {"HOME": str(folder)}

    def ask(self, *arguments: str) -> Any:
        """Return the answer to a question."""
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the program."""
        command = [*self._command, *arguments]
        return subprocess.run(command, env=self._environment, capture_output=True, text=True, timeout=60, check=False)


@contextmanager
def loaded(trace: Path, folder: Path) -> Iterator[FirefoxProfiler]:
    """Load a trace; in the end the program's daemon is stopped."""
    profiler = FirefoxProfiler(folder)
    profiler.run("load", str(trace))  # may say that it is not ready yet
    try:
        eventually(lambda: profiler.run("status").returncode == 0, seconds=60)
        yield profiler
    finally:
        profiler.run("stop", "--all")
