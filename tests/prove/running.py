"""A project of its own for a proof: its database, its people, and the command that is run in it."""

import json
import os
import resource
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.programs import ROOT, end

PEOPLE = ("alice", "bobby", "carol", "david")
PREPARE = (
    "import django; django.setup()\n"
    "from django.core.management import call_command\n"
    "from django.contrib.auth.models import User\n"
    "call_command('migrate', verbosity=0, run_syncdb=True)\n"
    f"for name in {PEOPLE}: User.objects.create_user(name, name + '@shop.test')\n"
)


class Project:
    """A project whose settings take their folder from the environment, with a database of its own."""

    def __init__(self, folder: Path, settings: str = "tests.prove.project.settings", more: str = "") -> None:
        """Make the database and four people, and whatever `more`, a program, makes."""
        self.folder = folder
        self.worked_seconds = 0.0
        """What the last command has had of a processor, with all its processes: how busy a machine is tells nothing."""
        self._settings = settings
        done = subprocess.run(
            [sys.executable, "-c", PREPARE + more],
            cwd=ROOT,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        self.rows = self.contents()

    def environment(self, **more: str) -> dict[str, str]:
        """Return the environment in which it runs."""
        return os.environ | {
            "DJANGO_SETTINGS_MODULE": self._settings,
            "PYTHONPATH": str(ROOT),
            "PROVE_FOLDER": str(self.folder),
            "TMPDIR": str(self.folder),
            **more,
        }

    def start(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        """Start the command."""
        return subprocess.Popen(
            [sys.executable, "-m", "django", "reqtrace", "prove", *arguments],
            cwd=ROOT,
            env=self.environment(**more),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def prove(self, *arguments: str, seconds: int = 240, **more: str) -> tuple[int, str, str]:
        """Run the command to its end; return exit code, output and errors."""
        before = _work_of_children()
        process = self.start(*arguments, **more)
        try:
            output, errors = process.communicate(timeout=seconds + 60)
        except BaseException:
            end(process)
            raise
        self.worked_seconds = _work_of_children() - before
        return process.returncode, output, errors

    def report(self, *arguments: str, **more: str) -> dict[str, Any]:
        """Run the command and return its report."""
        file = self.folder / "report.json"
        file.unlink(missing_ok=True)
        _, output, errors = self.prove(*arguments, "--json", str(file), **more)
        assert file.exists(), output + errors
        report: dict[str, Any] = json.loads(file.read_text())
        return report

    def contents(self) -> list[str]:
        """Return all that the database holds."""
        with closing(sqlite3.connect(self.folder / "db.sqlite3")) as connection:
            return list(connection.iterdump())

    def leftovers(self) -> list[str]:
        """Return what lies in its folder beside the database; but for an empty one of a cache's, which Django makes.

        It does so as a test's database is made, whatever the test does (`createcachetable` opens each cache).
        """
        return sorted(
            path.name
            for path in self.folder.iterdir()
            if path.name.startswith(("reqtrace-", "mail", "cache")) and any(path.iterdir() if path.is_dir() else [path])
        )

    def require_untouched(self) -> None:
        """Fail where the database is another one, or a copy, a mail or a cached value lies about."""
        assert self.contents() == self.rows
        assert self.leftovers() == []


def _work_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
