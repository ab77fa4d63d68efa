"""The tables of the reference are what the code says: `make reference` writes them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from reqtrace import checks
from reqtrace.findings.detectors import DETECTORS, Detector
from tests.programs import ROOT

REFERENCE = ROOT / "docs" / "reference.md"


def write(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run what writes the tables, as `make reference` does."""
    command = [sys.executable, ROOT / ".ci" / "reference.py", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_reference_says_what_the_code_says_today() -> None:
    done = write("--check")
    assert done.returncode == 0, f"make reference writes it anew:\n{done.stdout}{done.stderr}"


def test_a_table_that_somebody_wrote_by_hand_is_noticed_and_written_anew(tmp_path: Path) -> None:
    page = tmp_path / "reference.md"
    page.write_text(REFERENCE.read_text().replace("| `RETAIN` | `100_000` |", "| `RETAIN` | `10` |"))
    checked = write("--check", page)
    assert checked.returncode == 1
    assert "-| `RETAIN` | `10` |" in checked.stdout
    assert write(page).returncode == 0
    assert page.read_text() == REFERENCE.read_text()


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.kind)
def test_the_example_of_a_kind_is_of_that_kind_alone(detector: Detector) -> None:
    assert [one.kind for one in DETECTORS if one.examine(detector.example)] == [detector.kind]


def test_what_the_checks_may_say_is_listed_and_nothing_else() -> None:
    source = "".join(path.read_text() for path in (ROOT / "reqtrace").rglob("*.py"))
    said = set(re.findall(r'\bid="reqtrace\.(\w+)"', source)) | set(re.findall(r'Problem\(\s*"([EWI]\d+)"', source))
    assert set(checks.KNOWN) == said
