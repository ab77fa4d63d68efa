"""Runs small programs in processes of their own: for patches, forks, signals and the end of a process."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def start_program(source: str, **environment: str) -> subprocess.Popen[str]:
    """Start Python on `source`, in the project's folder, with the test settings."""
    return subprocess.Popen(
        [sys.executable, "-W", "default", "-c", textwrap.dedent(source)],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONPATH": str(ROOT)} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def end(process: subprocess.Popen[Any]) -> None:
    """End a process that may run still, so that what it has started ends with it; by force if it does not listen."""
    process.terminate()
    try:
        process.communicate(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def run_program(source: str, *, ends_by: signal.Signals | None = None, **environment: str) -> str:
    """Run `source` to its end, check how it ended, and return what it printed last."""
    process = start_program(source, **environment)
    try:
        output, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == (0 if ends_by is None else -ends_by), output + errors
    return output.strip().rpartition("\n")[2]
