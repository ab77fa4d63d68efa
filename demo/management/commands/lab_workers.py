"""Runs the lab of workers: the same jobs under every queue, beside the task's own log."""

from argparse import ArgumentParser
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from demo.children import Died
from demo.lab import table as documents
from demo.lab.workers import report as reports
from demo.lab.workers import run, table
from demo.lab.workers.workers import WORKERS


class Command(BaseCommand):
    """Measure what workers leave from one job to the next, and what reqtrace finds of it."""

    help = "Measures under each installed worker what jobs find of one another, and compares reqtrace with the truth."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what to measure, and where to write it."""
        names = ", ".join(WORKERS)
        parser.add_argument("--workers", nargs="+", metavar="WORKER", help=f"of {names}; default: all installed")
        parser.add_argument("--jobs", type=int, default=run.JOBS, help="how many each one does")
        parser.add_argument(
            "--json",
            type=Path,
            default=settings.LAB_WORKERS_REPORT,
            metavar="FILE",
            help="write the whole report there; default: where the demo's page /lab/ shows it",
        )
        parser.add_argument(
            "--markdown", type=Path, metavar="FILE", help="write the sections for which this file has markers"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Measure, report, and end with exit code 1 where reqtrace says what the task does not."""
        wanted = options["workers"] or list(WORKERS)
        if unknown := [name for name in wanted if name not in WORKERS]:
            raise CommandError(f"--workers: there is no {unknown[0]!r}; there are {', '.join(WORKERS)}.")
        chosen = [WORKERS[name] for name in wanted]
        keep = partial(reports.write, options["json"])
        try:
            report = run.survey(chosen, jobs=options["jobs"], say=self.stderr.write, keep=keep)
            if options["markdown"]:
                documents.write(options["markdown"], report, table.SECTIONS)
        except (Died, documents.NoMarkers, OSError) as error:
            raise CommandError(str(error)) from None
        for make in table.SECTIONS.values():
            self.stdout.write(make(report) + "\n")
        if alarms := reports.false_alarms(report.runs):
            raise CommandError("reqtrace and the application disagree:\n" + "\n".join(alarms))
