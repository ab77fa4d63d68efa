"""``reqtrace tail``: requests and findings as they arrive, a line each."""

import time
from argparse import ArgumentParser
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from reqtrace.cli import base
from reqtrace.cli.terminal import Terminal, colour_of
from reqtrace.exceptions import QueryError, StoreUnavailable
from reqtrace.exporters.ndjson import line
from reqtrace.printable import printable
from reqtrace.reading import queries
from reqtrace.reading.queries import Query
from reqtrace.reading.reader import Reader
from reqtrace.records import Finding, Record, RecordKind, Request, Sharing, Thread, User
from reqtrace.stores.base import Entry

_POLL_SECONDS = 0.2
_BATCH = 1_000
_LEVEL_COLOURS = {"leak": (1, 31), "hazard": (33,), "notice": (36,)}
_SHARING_COLOURS = {"exclusive": (), "sequential": (33,), "interleaved": (31,)}


class Command(base.Subcommand):
    """Follows the store from now on, until Ctrl-C."""

    help = "Show requests and findings live in the terminal, until Ctrl-C."
    examples = "tail\ntail --last 20\ntail --json --findings | jq .message"

    @classmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        """Declare what to show, and how."""
        parser.add_argument("--json", action="store_true", help="a JSON object a line, as in `export --format ndjson`")
        parser.add_argument("--findings", action="store_true", help="findings alone")
        parser.add_argument("--synthetic", default="", help=queries.PARAMETERS["synthetic"])
        parser.add_argument(
            "--last", type=int, default=0, metavar="N", help="begin with the last N of them; default: 0"
        )

    def run(self, options: Mapping[str, Any]) -> None:
        """Show the last ones, then what comes."""
        if options["last"] < 0:
            raise QueryError("last", f"--last is {options['last']}; it takes 0 or more.")
        kinds: tuple[RecordKind, ...] = ("finding",) if options["findings"] else ("request", "finding")
        reader = self.open_reader()
        query, _ = queries.parse({"synthetic": options["synthetic"]}, time.time_ns())
        view = View(self.terminal, reader, kinds, query, as_json=options["json"])
        with suppress(KeyboardInterrupt):
            position = reader.store.bounds()[1]
            for thread in reader.threads():
                view.learn(thread)
            if options["last"]:
                view.show(view.last(options["last"], position))
            self._follow(reader, view, position)
        self.note_corrupt(reader)

    def _follow(self, reader: Reader, view: "View", position: int) -> None:
        trouble = ""
        while True:
            self.terminal.flush()
            try:
                entries = reader.store.read(position, _BATCH)
                trouble = ""
            except StoreUnavailable as error:
                entries = []
                if str(error) != trouble:
                    trouble = str(error)
                    self.terminal.note(f"{trouble} Trying again.")
            if entries:
                position = entries[-1].position
                view.show(entries)
            if len(entries) < _BATCH:
                time.sleep(_POLL_SECONDS)


class View:
    """Turns entries into lines, and remembers of others what a line needs."""

    def __init__(
        self, terminal: Terminal, reader: Reader, kinds: tuple[RecordKind, ...], query: Query, *, as_json: bool
    ) -> None:
        """Show records of these kinds, of the requests asked for."""
        self._query = query
        self._terminal = terminal
        self._reader = reader
        self._kinds = kinds
        self._as_json = as_json
        self._sharing: dict[tuple[str, int], Sharing] = {}

    def learn(self, thread: Thread) -> None:
        """Keep what a thread turned out to be."""
        self._sharing[thread.process, thread.serial] = thread.sharing

    def last(self, wanted: int, position: int) -> list[Entry]:
        """Return the last entries that are shown, up to a position, oldest first."""
        found: list[Entry] = []
        before: int | None = position + 1
        while len(found) < wanted and (entries := self._reader.store.read_back(before, _BATCH, self._kinds)):
            found += [entry for entry in entries if self._is_asked(self._reader.decode(entry))]
            before = entries[-1].position
        return found[:wanted][::-1]

    def show(self, entries: Iterable[Entry]) -> None:
        """Write the lines of what was written together."""
        shown: list[Request | Finding] = []
        for entry in entries:
            if entry.kind in (*self._kinds, "thread"):
                match self._reader.decode(entry):
                    case Thread() as thread:  # may stand behind its requests
                        self.learn(thread)
                    case Request() | Finding() as record if self._is_asked(record):
                        shown.append(record)
        for record in shown:
            if self._as_json:
                self._terminal.raw(line(record))
            else:
                self._terminal.line(self._request(record) if isinstance(record, Request) else self._finding(record))

    def _is_asked(self, record: Record | None) -> bool:
        match record:
            case Request():
                return self._query.matches_request(record)
            case Finding():
                return self._query.matches_finding(record)
        return False

    def _request(self, request: Request) -> str:
        paint = self._terminal.paint
        began = datetime.fromtimestamp(request.start_ns / 1e9).astimezone().isoformat(" ", "milliseconds")[11:23]
        status = str(request.status or request.outcome)
        sharing = self._sharing.get((request.process, request.thread_serial), "exclusive")
        thread = f"{request.pid} {printable(request.thread_name)} #{request.thread_serial}"
        return " ".join(
            (
                began,
                paint(f"{status:>7}", *((31,) if status[0] in "5ea" else ())),
                f"{request.duration_ns / 1e6:9,.1f} ms",
                paint(f"{name_of(request.user):<14}", colour_of(name_of(request.user))),
                f"{thread:<32}",
                paint(f"{sharing:<11}", *_SHARING_COLOURS[sharing]),
                request.method,
                request.path,
            )
        )

    def _finding(self, finding: Finding) -> str:
        level = self._terminal.paint(f"{finding.level:>6}", *_LEVEL_COLOURS[finding.level])
        return f"{level} {finding.kind}: {finding.message} {finding.fix} [{finding.request}]"


def name_of(user: User) -> str:
    """Return what people call a user, as wide as it will be on the terminal."""
    return printable(user.label or user.id or user.state)
