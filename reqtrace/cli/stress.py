"""``reqtrace stress``: many people at once against the project's own pages."""

from argparse import ArgumentParser
from collections.abc import Mapping
from contextlib import AbstractContextManager, closing, nullcontext
from functools import partial
from typing import Any

from reqtrace.cli import base, reporting
from reqtrace.exceptions import QueryError, ReqtraceError
from reqtrace.stores import registry
from reqtrace.stress import server as servers
from reqtrace.stress import targets
from reqtrace.stress.people import people
from reqtrace.stress.report import Report, lines_of
from reqtrace.stress.run import Plan, Run
from reqtrace.stress.traces import Traces
from reqtrace.stress.waves import crowd

_MOST = 100_000


class Command(base.Subcommand):
    """Runs, reports, and fails when somebody was taken for somebody else."""

    help = (
        "Send many people at once to the project's own pages, with real sessions, "
        "and fail where one of them is taken for another."
    )
    examples = (
        "stress\n"
        "stress /orders/ /profile/ --users 8\n"
        "stress http://127.0.0.1:8000/orders/ --junit stress.xml\n"
        'stress /orders/ --server "gunicorn -b 127.0.0.1:{port} --threads 4 shop.wsgi"'
    )

    @classmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        """Declare what to ask for, how much, and of whom."""
        parser.add_argument(
            "urls",
            metavar="URL",
            nargs="*",
            help="a path, or a URL of a running server; a method stands in front where it is not GET, as in "
            "'HEAD /orders/'; default: what the URLconf answers without arguments, the project's own views first, as "
            "many as can be looked at in half of --seconds",
        )
        parser.add_argument("--users", type=int, default=6, metavar="N", help="how many people; default: 6")
        parser.add_argument(
            "--throwaway",
            action="store_true",
            help="make users for this run and remove them after it, instead of taking the project's own",
        )
        parser.add_argument(
            "--requests", type=int, default=1_000, metavar="N", help="send so many in waves, at most; default: 1000"
        )
        parser.add_argument("--concurrency", type=int, default=8, metavar="N", help="requests in a wave; default: 8")
        parser.add_argument(
            "--seconds", type=float, default=20, metavar="S", help="how long the waves may take; default: 20"
        )
        where = parser.add_mutually_exclusive_group()
        where.add_argument("--base-url", metavar="URL", help="stress a server that runs already")
        where.add_argument(
            "--server", metavar="COMMAND", help="start this server, with {port} in its command; default: runserver"
        )
        parser.add_argument("--allow-unsafe", action="store_true", help="send methods that may change something, too")
        parser.add_argument("--allow-remote", action="store_true", help="stress a server on another machine, too")
        parser.add_argument("--verbose", action="store_true", help="name each page that was left out, and say why")
        reporting.add_reports(parser)

    def run(self, options: Mapping[str, Any]) -> None:
        """Run.

        Raises:
            ReqtraceError: when there is a leak, so that the exit code is 1.

        """
        limits = (("users", 2), ("requests", 2), ("concurrency", 2), ("seconds", 1))
        reporting.require_within(options, ((name, least, _MOST) for name, least in limits))
        files = reporting.files_of(options, "json", "junit")
        given, base_url = targets.parse(options["urls"], allow_unsafe=options["allow_unsafe"])
        plan = Plan(given or targets.discover(), bool(given), options["requests"], options["seconds"])
        with (
            people(options["users"], throwaway=options["throwaway"]) as signed_in,
            self._server(options, base_url) as server,
            crowd(server, options["concurrency"]) as gathered,
            closing(registry.open_store(server.store)) as store,
            self.terminal.bar() as bar,
        ):
            anew = None if base_url or options["base_url"] else partial(self._server, options, None)
            report = Run(plan, server, gathered, Traces(store, gathered.run), signed_in, anew).run(bar.show)
        for name, file in files.items():
            reporting.write(file, report.to_json() if name == "json" else report.to_junit())
        self._show(report, verbose=options["verbose"])
        self.terminal.flush()
        if report.leaks:
            raise ReqtraceError(f"{len(report.leaks)} leak{'s' * (len(report.leaks) > 1)}: people got mixed up.")

    def _server(self, options: Mapping[str, Any], base_url: str | None) -> AbstractContextManager[servers.Server]:
        base_url = base_url or options["base_url"]
        if base_url is None:
            return servers.started(options["server"] or servers.RUNSERVER)
        if options["server"]:
            raise QueryError("server", "Give --server with paths alone, or the URLs of a server that runs already.")
        return nullcontext(servers.running(base_url, allow_remote=options["allow_remote"]))

    def _show(self, report: Report, *, verbose: bool) -> None:
        line, paint = self.terminal.line, self.terminal.paint
        for page in report.stressed:
            line(f"  {paint('stressed', 32)} {page.method} {page.path}: {page.requests:,} requests")
            for note in page.notes:
                line(f"           {note}")
        for page in report.left_out if verbose else ():
            why = "; ".join(page.notes)
            line(f"  {paint('left out', 2)} {page.method} {page.path}: {why}")
        if report.left_out and not verbose:
            line(f"  {paint('left out', 2)} {_many(len(report.left_out), 'page')}; --verbose names them, with why")
        for leak in report.leaks:
            first, *rest = lines_of(leak)
            line(f"{paint('LEAK', 1, 31)} {paint(first, 1)}")
            for text in rest:
                line(text)
        for text in report.replay():
            line(text)
        for note in report.notes:
            line(f"{paint('note', 33)} {note}")
        tried = f"{len(report.stressed):,} of {_many(len(report.pages), 'page')}"
        line(
            f"{report.requests:,} requests to {tried} by {len(report.people)} people, one of them anonymous, "
            f"in {report.seconds:.1f} s: {paint('no leak there', 1, 32) if not report.leaks else paint('LEAK', 1, 31)}."
        )


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"
