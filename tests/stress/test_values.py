"""``stress`` and what no holder holds: a fragment and a loader for everybody show when another person comes first."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.programs import ROOT
from tests.prove.running import Project
from tests.prove.test_field import MORE
from tests.stress.test_run import GUNICORN

pytestmark = [pytest.mark.server, pytest.mark.long]
GTHREAD = GUNICORN + "-k gthread --threads 4 tests.prove.field.wsgi"
UVICORN = f"{sys.executable} -m uvicorn --port {{port}} --no-access-log tests.prove.field.asgi:application"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """Make the project, and fail a test after which a session is left."""
    made = Project(tmp_path, "tests.prove.field.settings", MORE)
    yield made
    assert made.contents() == made.rows


def stress(project: Project, page: str, server: str, cache: str) -> tuple[int, dict[str, Any], str]:
    """Run the command; return exit code, report and output."""
    file = project.folder / "report.json"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "django", "reqtrace", "stress", page, "--server", server),
            *("--users", "3", "--requests", "80", "--json", str(file)),
        ],
        cwd=ROOT,
        env=project.environment(FIELD_CACHE=cache),
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert file.exists(), done.stdout + done.stderr
    return done.returncode, json.loads(file.read_text()), done.stdout


@pytest.mark.parametrize(("case", "server"), [("f14", GTHREAD), ("f15", UVICORN)], ids=["fragment", "loader"])
def test_what_was_made_for_whoever_came_first_is_a_leak_and_its_mended_twin_is_none(
    project: Project, case: str, server: str
) -> None:
    code, report, output = stress(project, f"/{case}/broken/", server, "process")
    assert code == 1, output
    (leak,) = report["leaks"]
    assert leak["target"]["path"] == f"/{case}/broken/"
    assert {leak["victim"], leak["other"]} < {"alice", "bobby", "carol"}
    assert "to a server that has served nobody" in output
    code, report, output = stress(project, f"/{case}/mended/", server, "process")
    assert (code, report["leaks"]) == (0, []), output


def test_where_a_cache_outlives_the_server_it_says_what_it_cannot_rule_out(project: Project) -> None:
    code, report, output = stress(project, "/f14/broken/", GTHREAD, "file")
    assert code == 0, output
    (note,) = [note for note in report["notes"] if "CACHES" in note]
    assert "reqtrace prove" in note
