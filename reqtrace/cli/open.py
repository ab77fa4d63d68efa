"""``reqtrace open``: the dashboard on exported files."""

from argparse import ArgumentParser
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from reqtrace import registry
from reqtrace.cli import base, dashboard
from reqtrace.cli.terminal import printable
from reqtrace.exceptions import TraceFileError
from reqtrace.records import TYPES, Finding, Process, Record, RecordKind, Request, Thread, key_of
from reqtrace.stores.base import Item, Store
from reqtrace.stores.sqlite import SqliteStore
from reqtrace.trace_files import TraceFile

_BATCH = 1_000
_SHOWN = 5
_KINDS: dict[type[Record], RecordKind] = {type_: kind for kind, type_ in TYPES.items()}


class Command(base.Subcommand):
    """Reads the files into a store of their own, which is gone when the page is."""

    help = "Serve the dashboard on exported JSON or NDJSON files, several of them as one trace, until Ctrl-C."
    examples = "open trace.json\nopen web-1.ndjson.gz web-2.ndjson.gz --port 9000"

    @classmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        """Declare the files, and where to listen."""
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="JSON or NDJSON, or either with gzip")
        dashboard.Command.add_arguments(parser)

    def run(self, options: Mapping[str, Any]) -> None:
        """Read, then serve."""
        serve = dashboard.server().serve
        with TemporaryDirectory(prefix="reqtrace-") as folder:
            store = SqliteStore(f"sqlite:///{folder}/opened.sqlite3")
            try:
                self.load(options["files"], store)
                with registry.replaced(store):
                    serve(host=options["host"], port=options["port"])
            finally:
                store.close()

    def load(self, paths: Iterable[Path], store: Store) -> None:
        """Put what the files hold into a store, in the order of time, and say what was left out.

        Raises:
            TraceFileError: when one is no trace, or none of them holds a record.

        """
        records: list[Record] = []
        for path in paths:
            file = TraceFile(path)
            before = len(records)
            records += file.records()
            self.terminal.note(f"{path}: {len(records) - before:,} records.")
            self._note_problems(file)
        if not records:
            raise TraceFileError("There is no whole record to show.")
        records.sort(key=_moment)
        items = (Item(_KINDS[type(record)], key_of(record), msgspec.json.encode(record)) for record in records)
        while batch := list(islice(items, _BATCH)):
            store.append(batch)

    def _note_problems(self, file: TraceFile) -> None:
        for problem in file.problems[:_SHOWN]:
            self.terminal.note(f"  left out: {printable(problem)}")
        if len(file.problems) > _SHOWN:
            self.terminal.note(f"  left out: {len(file.problems) - _SHOWN:,} more")


def _moment(record: Record) -> tuple[int, int]:
    """Return where a record belongs in the line: what it needs to be understood stands before it."""
    match record:
        case Process():
            return 0, record.started_ns
        case Thread():
            return 1, record.seen_ns
        case Request():
            return 2, record.start_ns + record.duration_ns
        case Finding():
            return 3, 0
