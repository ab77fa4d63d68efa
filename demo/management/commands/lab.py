"""Runs the server lab: servers, middleware stacks and holders under load, beside the application's own log."""

import signal
from argparse import ArgumentParser
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from demo.lab import report as reports
from demo.lab import table
from demo.lab.holders import HOLDERS
from demo.lab.run import disagreements, survey
from demo.lab.servers import SERVERS

Value = TypeVar("Value")


class Command(BaseCommand):
    """Measure what threads, tasks and greenlets do to the current request, and what reqtrace finds of it."""

    help = "Measures under each installed server who sees whom, and compares reqtrace's findings with the truth."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what to measure, and where to write it."""
        servers, holders = ", ".join(SERVERS), ", ".join(HOLDERS)
        parser.add_argument("--servers", nargs="+", metavar="SERVER", help=f"of {servers}; default: all installed")
        parser.add_argument("--holders", nargs="+", metavar="HOLDER", help=f"of {holders}; default: all")
        parser.add_argument(
            "--json",
            type=Path,
            default=settings.LAB_REPORT,
            metavar="FILE",
            help="write the whole report there; default: where the demo's page /lab/ shows it",
        )
        parser.add_argument(
            "--markdown",
            type=Path,
            nargs="+",
            default=[],
            metavar="FILE",
            help="write the sections for which these have markers, all of them into a new file; not when a run failed",
        )
        parser.add_argument("--quick", action="store_true", help="fewer requests: about three minutes instead of ten")

    def handle(self, *args: Any, **options: Any) -> None:
        """Measure, report, and end with exit code 1 where reqtrace and the truth disagree."""
        servers = _chosen(options["servers"], SERVERS, "--servers")
        holders = _chosen(options["holders"], HOLDERS, "--holders")
        # As Ctrl-C does: the server of the moment must not outlive the lab.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        report = survey(
            servers,
            [one.name for one in holders],
            quick=options["quick"],
            say=self.stderr.write,
            keep=partial(reports.write, options["json"]),
        )
        if report.failures:
            raise CommandError(f"{len(report.failures)} runs failed: {report.failures[0].reason}")
        for path in options["markdown"]:
            try:
                self.stderr.write(f"{path}: {', '.join(table.write(path, report, table.SECTIONS))}")
            except (table.NoMarkers, OSError) as error:
                raise CommandError(str(error)) from None
        if not options["markdown"]:
            self.stdout.write(table.about(report) + "\n\n" + table.findings(report))
        if disagree := disagreements(report):
            raise CommandError("reqtrace and the application disagree:\n" + "\n".join(disagree))


def _chosen(names: Iterable[str] | None, all_: Mapping[str, Value], option: str) -> list[Value]:
    unknown = [name for name in names or () if name not in all_]
    if unknown:
        raise CommandError(f"{option}: there is no {unknown[0]!r}; there are {', '.join(all_)}.")
    return [all_[name] for name in names or all_]
