"""Proves both ways of a scenario, in processes of their own, and says what came of it."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import msgspec
from django.conf import settings

from demo.scenarios.base import Scenario, WayName
from reqtrace.prove.report import Report, lines_of

SECONDS = 30
"""How long the proof of one way may take."""
_DOORS = {"gunicorn": "wsgi", "uvicorn": "asgi"}


class Proof(NamedTuple):
    """What came of the proof of one way."""

    verdict: str
    """``holds``, ``leaks``, ``depends``, or ``left out`` where nothing was proven."""
    lines: list[str]


def prove(scenario: Scenario, seconds: int = SECONDS) -> dict[WayName, Proof]:
    """Prove both ways of a scenario, for so many seconds each at the most.

    Raises:
        LookupError: when a proof came to nothing; with what it said.

    """
    return {way: _prove(scenario, way, seconds) for way in scenario.ways}


def _prove(scenario: Scenario, way: WayName, seconds: int) -> Proof:
    with tempfile.TemporaryDirectory(prefix="reqtrace-tour-") as folder:
        file = Path(folder) / "report.json"
        command = ["manage.py", "reqtrace", "prove", *scenario.proven_paths(way), "--json", str(file)]
        done = subprocess.run(
            [sys.executable, *command, "--server", _DOORS[scenario.server], "--seconds", str(seconds)],
            cwd=settings.BASE_DIR,
            env=os.environ | {"DEMO_TOUR_SERVER": scenario.server, "DEMO_DEBUG": "0", "DEMO_MOUNT_DASHBOARD": "0"},
            capture_output=True,
            text=True,
            check=False,
        )
        if not file.exists():
            raise LookupError(done.stderr.strip().rpartition("\n")[2] or f"exit code {done.returncode}")
        report = msgspec.json.decode(file.read_bytes(), type=Report)
    return Proof(report.verdict, [_short(line) for page in report.pages for line in lines_of(page)])


def _short(line: str) -> str:
    return line.replace(f"{settings.BASE_DIR}{os.sep}", "")
