"""What pytest's terminal shows of proofs: how they get on, to whoever sits before it, and one line in the end."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.programs import ROOT
from tests.prove.running import Project

TESTS = """
import pytest
from reqtrace.testing import assert_isolated

@pytest.mark.django_db
def test_holds():
    assert_isolated(["/crowd/mended/"], ["annika", "bertil"], server="wsgi", bound=0, seconds=60)

@pytest.mark.django_db
def test_leaks():
    assert_isolated(["/fragment/broken/"], ["annika", "bertil"], server="wsgi", bound=0, seconds=60)

def test_something_else():
    pass
"""
SUMMARY = r"reqtrace: 2 proofs of 2 pages, \d+ schedules in [\d.]+ s: 1 of 2 hold"


@pytest.fixture
def command(tmp_path: Path) -> tuple[list[str], dict[str, str]]:
    """Return how to run these tests, and in which environment."""
    (tmp_path / "test_isolated.py").write_text(TESTS)
    project = Project(tmp_path)
    options = [
        "-p",
        "reqtrace.pytest_plugin",
        "-p",
        "no:randomly",
        "-p",
        "no:cacheprovider",
        "-c",
        os.devnull,
        f"--rootdir={tmp_path}",
    ]
    return [sys.executable, "-m", "pytest", *options, str(tmp_path / "test_isolated.py")], project.environment()


def test_a_person_sees_how_a_proof_gets_on_and_the_line_in_the_end(command: tuple[list[str], dict[str, str]]) -> None:
    arguments, environment = command
    ours, theirs = pty.openpty()
    running = subprocess.Popen(arguments, cwd=ROOT, env=environment, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    seen = b""
    while True:
        try:
            chunk = os.read(ours, 65_536)
        except OSError:  # the other side is gone
            break
        if not chunk:
            break
        seen += chunk
    os.close(ours)
    assert running.wait(60) == 1
    shown = re.sub(r"\x1b\[[\d;]*m", "", seen.decode())
    assert "\rreqtrace: /crowd/mended/ alone" in shown
    assert re.search(r"\rreqtrace: wsgi: [\d,]+ of [\d,]+ orders", shown), shown
    assert re.search(SUMMARY, shown), shown
    assert "1 failed, 2 passed" in shown


def test_a_log_has_the_line_alone(command: tuple[list[str], dict[str, str]]) -> None:
    arguments, environment = command
    done = subprocess.run(arguments, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert re.search(SUMMARY, done.stdout), done.stdout
    assert "reqtrace: /crowd/mended/" not in done.stdout
