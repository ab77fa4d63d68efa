"""``reqtrace prove``: every order and interleaving of people's requests, each against a fresh process."""

from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reqtrace.cli import base, reporting
from reqtrace.exceptions import QueryError, ReqtraceError
from reqtrace.prove import doors, pages
from reqtrace.prove.exploration import Exploration, Plan
from reqtrace.prove.laboratory import laboratory
from reqtrace.prove.report import Report, lines_of
from reqtrace.prove.written_test import written

_COLOURS = {"holds": (32,), "left out": (2,), "LEAKS": (1, 31), "DEPENDS": (1, 33)}
_WORDS = {
    "holds": "holds",
    "leaks": "LEAKS",
    "depends": "DEPENDS",
    "left out": "nothing was proven",
}


class Command(base.Subcommand):
    """Proves, reports, and fails where somebody's page depends on somebody else."""

    help = (
        "Prove that nobody's page depends on anybody else: every order and every interleaving of people's requests "
        "up to a bound, each against a process that has served nobody."
    )
    examples = (
        "prove\n"
        "prove /orders/ /profile/\n"
        "prove /orders/ --server asgi --bound 3 --seconds 300\n"
        "prove /orders/ --write-test tests/test_orders_isolated.py"
    )

    @classmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        """Declare what to ask for, of whom, and how far to go."""
        parser.add_argument(
            "paths",
            metavar="PATH",
            nargs="*",
            help="a path, or a URL where the host matters; a method stands in front where it is not GET, as in "
            "'POST /cart/', or WEBSOCKET; default: what the URLconf answers without arguments, the pages first whose "
            "code the doctor doubts",
        )
        parser.add_argument(
            "--users",
            type=int,
            default=3,
            metavar="N",
            help="how many people ask beside a visitor; the project's own, made in the copy where there are too few; "
            "default: 3",
        )
        parser.add_argument(
            "--bound",
            type=int,
            default=2,
            metavar="N",
            help="up to so many switches in the midst of requests; default: 2",
        )
        parser.add_argument(
            "--seconds", type=float, default=60, metavar="S", help="how long it may take in all; default: 60"
        )
        parser.add_argument(
            "--server",
            choices=("wsgi", "asgi", "both"),
            default=None,
            help="through which application; default: wsgi, and asgi where ASGI_APPLICATION or an asgi.py beside the "
            "URLconf names one",
        )
        parser.add_argument("--write-test", metavar="FILE", help="write a test that fails until the page is mended")
        reporting.add_reports(parser)

    def run(self, options: Mapping[str, Any]) -> None:
        """Prove.

        Raises:
            ReqtraceError: when a page is not isolated, so that the exit code is 1.
            QueryError: when nothing was proven, so that it is 2.

        """
        reporting.require_within(options, (("users", 2, 20), ("bound", 0, 10), ("seconds", 1, 1_000_000)))
        files = reporting.files_of(options, "json", "junit", "write_test")
        given = pages.parse(options["paths"])
        with self.terminal.bar() as bar:
            if not given:
                bar.show(0, "reading the code for pages that it has doubts about")
            plan = Plan(
                given or pages.discover(),
                bool(given),
                doors.chosen(options["server"]),
                options["bound"],
                options["seconds"],
            )
            with laboratory(options["users"], plan.doors) as room:
                exploration = Exploration(plan, room, bar.show)
                report = exploration.run()
        self._write(files, report, exploration)
        self._show(report)
        self.terminal.flush()
        broken = sum(page.shown is not None for page in report.pages)
        if broken:
            raise ReqtraceError(f"{broken} page{'s' * (broken > 1)} {'are' if broken > 1 else 'is'} not isolated.")
        if report.verdict == "left out":
            raise QueryError("PATH", "Nothing was proven of any page; above it says why.")

    def _write(self, files: Mapping[str, Path], report: Report, exploration: Exploration) -> None:
        if "json" in files:
            reporting.write(files["json"], report.to_json())
        if "junit" in files:
            reporting.write(files["junit"], report.to_junit())
        if "write_test" in files:
            if exploration.violations:
                reporting.write(files["write_test"], written(exploration.violations).encode())
            else:
                self.terminal.note(f"No test was written to {files['write_test']}: there is nothing to show.")

    def _show(self, report: Report) -> None:
        line, paint = self.terminal.line, self.terminal.paint
        for page in report.pages:
            first, *rest = lines_of(page)
            word = next(word for word in _COLOURS if first.startswith(word))
            line(paint(word, *_COLOURS[word]) + first.removeprefix(word))
            for text in rest:
                line(text)
        for note in report.notes:
            line(f"{paint('note', 33)} {note}")
        line(report.uncovered)
        held = report.verdict == "holds"
        line(
            f"{report.schedules:,} schedules of {len(report.people)} people's requests, one of them anonymous, each in "
            f"a process of its own, in {report.seconds:.1f} s: "
            f"{paint(_WORDS[report.verdict], 1, 32 if held else 31)}."
        )
